/*
 * Names as people look for them: without case, diacritics and punctuation, by
 * the beginning of any word.
 */

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#include "ptn_charset.h"
#include "ptn_dir_db.h"


#define PTN_DIR_WORDS_MAX  16           /* of a display name */
#define PTN_DIR_SCAN       256          /* matches looked at */
#define PTN_DIR_UNITS      512

typedef struct {
    u_char  *p;
    size_t   len;
    bool     space;                     /* before the next character */
} ptn_dir_fold_t;


static void
ptn_dir_fold_put(ptn_dir_fold_t *f, UChar32 c)
{
    size_t       n;
    const char  *as;

    if (u_charType(c) == U_NON_SPACING_MARK) {
        return;
    }

    if (!u_isalnum(c)) {
        f->space = f->len != 0;
        return;
    }

    as = ptn_letter_apart(c);
    n = as != NULL ? strlen(as) : (size_t) U8_LENGTH(c);

    if (f->len + n + f->space > PTN_DIR_FOLD_MAX) {
        return;
    }

    if (f->space) {
        f->p[f->len++] = ' ';
        f->space = false;
    }

    if (as != NULL) {
        memcpy(f->p + f->len, as, n);
        f->len += n;

    } else {
        U8_APPEND_UNSAFE(f->p, f->len, c);
    }
}


static ptn_rc_t
ptn_dir_fold_unicode(ptn_str_t s, ptn_dir_fold_t *f)
{
    UChar               a[PTN_DIR_UNITS], b[PTN_DIR_UNITS * 4];
    int32_t             i, n;
    UChar32             c;
    UErrorCode          err;
    const UNormalizer2  *fold, *apart;

    /* names are 256 bytes at most; of longer ones the beginning */

    s.len = ptn_min(s.len, (size_t) PTN_DIR_UNITS);

    err = U_ZERO_ERROR;
    fold = unorm2_getNFKCCasefoldInstance(&err);
    apart = unorm2_getNFDInstance(&err);
    u_strFromUTF8WithSub(a, PTN_DIR_UNITS, &n, (const char *) s.data,
                         (int32_t) s.len, 0xfffd, NULL, &err);
    n = unorm2_normalize(fold, a, n, b, ptn_nelts(b), &err);

    if (U_SUCCESS(err)) {
        UChar  d[PTN_DIR_UNITS * 4];

        n = unorm2_normalize(apart, b, n, d, ptn_nelts(d), &err);

        for (i = 0; U_SUCCESS(err) && i < n; /* void */ ) {
            U16_NEXT(d, i, n, c);
            ptn_dir_fold_put(f, c);
        }
    }

    /* one that grows beyond all bounds is found by its address alone */

    return U_SUCCESS(err) || err == U_BUFFER_OVERFLOW_ERROR ? PTN_OK
                                                            : PTN_ENOMEM;
}


ptn_rc_t
ptn_dir_fold(ptn_str_t s, u_char out[PTN_DIR_FOLD_MAX], size_t *ret_len)
{
    size_t          i;
    ptn_rc_t        rc;
    ptn_dir_fold_t  f = { out, 0, false };

    for (i = 0; i < s.len && s.data[i] < 0x80; i++) { /* void */ }

    if (i == s.len) {
        for (i = 0; i < s.len; i++) {
            ptn_dir_fold_put(&f, ptn_tolower(s.data[i]));
        }

    } else {
        rc = ptn_dir_fold_unicode(s, &f);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    *ret_len = f.len;

    return PTN_OK;
}


static ptn_rc_t
ptn_dir_words_put(ptn_directory_t *dir, uint64_t domain, ptn_str_t word,
    ptn_str_t address)
{
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, PTN_DIR_WORD_ADD, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (int64_t) domain);
    ptn_dir_db_bind(st, 2, word);
    ptn_dir_db_bind(st, 3, address);

    return ptn_dir_db_run(st);
}


ptn_rc_t
ptn_dir_words_add(ptn_directory_t *dir, uint64_t domain, ptn_str_t address,
    ptn_str_t display)
{
    size_t      len;
    u_char      fold[PTN_DIR_FOLD_MAX], *space;
    unsigned    n;
    ptn_rc_t    rc;
    ptn_str_t   rest;

    rc = ptn_dir_fold(display, fold, &len);

    if (rc == PTN_OK) {
        rc = ptn_dir_words_put(dir, domain, address, address);
    }

    rest = ptn_str_make(fold, len);

    for (n = 0; rc == PTN_OK && rest.len != 0 && n < PTN_DIR_WORDS_MAX; n++) {

        rc = ptn_dir_words_put(dir, domain, rest, address);

        space = memchr(rest.data, ' ', rest.len);

        if (space == NULL) {
            break;
        }

        rest.len -= (size_t) (space + 1 - rest.data);
        rest.data = space + 1;
    }

    return rc;
}


ptn_rc_t
ptn_dir_words_delete(ptn_directory_t *dir, ptn_str_t address)
{
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, PTN_DIR_WORD_DELETE, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_dir_db_bind(st, 1, address);

    return ptn_dir_db_run(st);
}


/* --- resolution ----------------------------------------------------------- */

/* Whether one of the users that were found already is this one. */

static bool
ptn_dir_words_known(const ptn_buf_t *found, uint64_t id)
{
    size_t             i;
    const ptn_user_t  *users;

    users = (const ptn_user_t *) found->data;

    for (i = 0; i < found->len / sizeof(ptn_user_t); i++) {
        if (users[i].id == id) {
            return true;
        }
    }

    return false;
}


/* A user of the domain behind an address; ENOTFOUND also: of another one. */

static ptn_rc_t
ptn_dir_words_user(ptn_directory_t *dir, ptn_pool_t *pool, ptn_str_t domain,
    ptn_str_t address, ptn_user_t *ret)
{
    ptn_rc_t         rc;
    ptn_rcpt_t       rcpt;
    ptn_dir_addr_t   a;

    rc = ptn_directory_resolve(dir, pool, address, &rcpt);

    switch (rc) {

    case PTN_OK:
        break;

    case PTN_EDENIED:
    case PTN_ESUPPORT:
    case PTN_ELIMIT:
        return PTN_ENOTFOUND;

    default:
        return rc;
    }

    if (rcpt.user.id == 0 || rcpt.detail.len != 0
        || ptn_dir_addr_parse(rcpt.user.address, &a) != PTN_OK
        || !ptn_str_eq(a.domain, domain))
    {
        return PTN_ENOTFOUND;
    }

    *ret = rcpt.user;

    return PTN_OK;
}


/* Everything from the prefix on, up to what cannot begin with it any more. */

static void
ptn_dir_words_range(sqlite3_stmt *st, int i, ptn_str_t prefix,
    u_char high[PTN_DIR_FOLD_MAX + 1])
{
    memcpy(high, prefix.data, prefix.len);
    high[prefix.len] = 0xff;

    ptn_dir_db_bind(st, i, prefix);
    ptn_dir_db_bind(st, i + 1, ptn_str_make(high, prefix.len + 1));
}


static ptn_rc_t
ptn_dir_words_find(ptn_directory_t *dir, ptn_pool_t *pool, uint64_t id,
    ptn_str_t domain, ptn_str_t name, ptn_str_t address, size_t max,
    ptn_buf_t *found, bool *more)
{
    size_t                                      n;
    u_char                                      high[2][PTN_DIR_FOLD_MAX + 1];
    ptn_rc_t                                    rc;
    ptn_user_t                                  user;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, PTN_DIR_WORD_FIND, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (int64_t) id);
    ptn_dir_words_range(st, 2, address, high[0]);

    if (name.len != 0 && !ptn_str_eq(name, address)) {
        ptn_dir_words_range(st, 4, name, high[1]);

    } else {
        ptn_dir_db_bind(st, 4, address);        /* nothing twice */
        ptn_dir_db_bind(st, 5, address);
    }

    sqlite3_bind_int64(st, 6, (int64_t) ptn_max(max + 1,
                                                (size_t) PTN_DIR_SCAN));

    for (n = 0; (rc = ptn_dir_db_row(st)) == PTN_OK; /* void */ ) {

        if (n > max) {
            break;
        }

        if (sqlite3_column_type(st, 0) != SQLITE_NULL) {
            rc = ptn_user_row(pool, st, &user);

        } else {
            rc = ptn_dir_words_user(dir, pool, domain,
                                    ptn_dir_db_text(pool, st,
                                                    PTN_DIR_USER_NCOLUMNS),
                                    &user);
        }

        if (rc == PTN_ENOTFOUND || (rc == PTN_OK
                                    && ptn_dir_words_known(found, user.id)))
        {
            continue;
        }

        if (rc != PTN_OK) {
            return rc;
        }

        if (n++ < max) {
            ptn_buf_add(found, &user, sizeof(ptn_user_t));
        }
    }

    *more = n > max;

    if (found->failed) {
        return PTN_ENOMEM;
    }

    return rc == PTN_ENOTFOUND ? PTN_OK : rc;
}


static ptn_rc_t
ptn_dir_words_look(ptn_directory_t *dir, ptn_pool_t *pool, uint64_t id,
    ptn_str_t domain, ptn_str_t text, size_t max, ptn_buf_t *found, bool *more)
{
    size_t      i, len;
    u_char      fold[PTN_DIR_FOLD_MAX], lower[PTN_DIR_ADDRESS_MAX];
    ptn_rc_t    rc;
    ptn_user_t  user;

    if (text.len == 0 || text.len > sizeof(lower)) {
        return PTN_OK;
    }

    if (memchr(text.data, '@', text.len) != NULL) {
        rc = ptn_dir_words_user(dir, pool, domain, text, &user);

        if (rc == PTN_OK) {
            ptn_buf_add(found, &user, sizeof(ptn_user_t));
        }

        if (rc != PTN_ENOTFOUND) {
            return rc;
        }
    }

    for (i = 0; i < text.len; i++) {
        lower[i] = ptn_tolower(text.data[i]);
    }

    rc = ptn_dir_fold(text, fold, &len);

    if (rc == PTN_OK) {
        rc = ptn_dir_words_find(dir, pool, id, domain,
                                ptn_str_make(fold, len),
                                ptn_str_make(lower, text.len), max, found,
                                more);
    }

    return rc;
}


ptn_rc_t
ptn_user_resolve(ptn_directory_t *dir, ptn_pool_t *pool, ptn_str_t domain,
    ptn_str_t text, size_t max, ptn_user_t **ret_users, size_t *ret_n,
    bool *ret_more)
{
    bool            more, disabled;
    uint64_t        id;
    ptn_rc_t        rc;
    ptn_buf_t       found;
    ptn_dir_addr_t  d;

    rc = ptn_dir_domain_parse(domain, &d);

    if (rc == PTN_OK) {
        rc = ptn_domain_id(dir, d.domain, &id, &disabled);
    }

    if (rc != PTN_OK) {
        return rc == PTN_EINVAL ? PTN_ENOTFOUND : rc;
    }

    while (text.len != 0 && text.data[0] <= ' ') {
        text.data++;
        text.len--;
    }

    while (text.len != 0 && text.data[text.len - 1] <= ' ') {
        text.len--;
    }

    more = false;
    ptn_buf_init(&found, pool);

    if (!disabled) {
        rc = ptn_dir_words_look(dir, pool, id, d.domain, text,
                                ptn_max(max, (size_t) 1), &found, &more);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (found.failed) {
        return PTN_ENOMEM;
    }

    *ret_users = (ptn_user_t *) found.data;
    *ret_n = found.len / sizeof(ptn_user_t);
    *ret_more = more;

    return PTN_OK;
}
