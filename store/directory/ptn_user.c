#include <openssl/rand.h>

#include "ptn_charset.h"
#include "ptn_dir_db.h"
#include "ptn_verifier.h"


#define PTN_USER_DISPLAY_MAX  256
#define PTN_USER_LOCALE_MAX   32


ptn_rc_t
ptn_user_row(ptn_pool_t *pool, sqlite3_stmt *st, ptn_user_t *ret)
{
    const void  *mailbox;

    mailbox = sqlite3_column_blob(st, 1);

    if (mailbox == NULL || sqlite3_column_bytes(st, 1) != sizeof(ptn_guid_t)) {
        return PTN_ECORRUPT;
    }

    memcpy(ret->mailbox.b, mailbox, sizeof(ptn_guid_t));
    ret->id = (uint64_t) sqlite3_column_int64(st, 0);
    ret->address = ptn_dir_db_text(pool, st, 2);
    ret->display = ptn_dir_db_text(pool, st, 3);
    ret->locale = ptn_dir_db_text(pool, st, 4);
    ret->kind = (uint32_t) sqlite3_column_int64(st, 5);
    ret->services = (uint32_t) sqlite3_column_int64(st, 6);
    ret->disabled = sqlite3_column_int(st, 7) != 0;
    ret->quota = (uint64_t) sqlite3_column_int64(st, 8);
    ret->generation = (uint64_t) sqlite3_column_int64(st, 9);
    ret->quota_warn = (uint64_t) sqlite3_column_int64(st, 10);
    ret->quota_send = (uint64_t) sqlite3_column_int64(st, 11);
    ret->quota_receive = (uint64_t) sqlite3_column_int64(st, 12);

    if (ret->address.data == NULL || ret->display.data == NULL
        || ret->locale.data == NULL)
    {
        return PTN_ENOMEM;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_user_dup(ptn_pool_t *pool, const ptn_user_t *user, ptn_user_t *ret)
{
    ptn_user_t  u;

    u = *user;
    u.address = ptn_str_dup(pool, user->address);
    u.display = ptn_str_dup(pool, user->display);
    u.locale = ptn_str_dup(pool, user->locale);

    if (u.address.data == NULL || u.display.data == NULL
        || u.locale.data == NULL)
    {
        return PTN_ENOMEM;
    }

    *ret = u;

    return PTN_OK;
}


static bool
ptn_user_text(ptn_str_t s, size_t max)
{
    size_t  i;

    if (s.len > max || !ptn_utf8_valid(s)) {
        return false;
    }

    for (i = 0; i < s.len; i++) {
        if (s.data[i] < 0x20 || s.data[i] == 0x7f) {
            return false;
        }
    }

    return true;
}


static bool
ptn_user_valid(const ptn_user_t *user)
{
    size_t  i;
    u_char  c;

    for (i = 0; i < user->locale.len; i++) {
        c = ptn_tolower(user->locale.data[i]);

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'
              || c == '_'))
        {
            return false;
        }
    }

    return user->locale.len <= PTN_USER_LOCALE_MAX
           && ptn_user_text(user->display, PTN_USER_DISPLAY_MAX)
           && user->kind <= PTN_USER_EQUIPMENT
           && (user->services & ~(uint32_t) PTN_SERVICE_ALL) == 0
           && user->quota <= INT64_MAX && user->quota_warn <= INT64_MAX
           && user->quota_send <= INT64_MAX
           && user->quota_receive <= INT64_MAX;
}


static ptn_rc_t
ptn_user_make_mailbox(ptn_guid_t *ret)
{
    if (RAND_bytes(ret->b, sizeof(ret->b)) != 1) {
        return PTN_EINTERNAL;
    }

    /* RFC 9562 version 4, in the byte order of the wire (MS-DTYP 2.3.4.2) */

    ret->b[7] = (u_char) ((ret->b[7] & 0x0f) | 0x40);
    ret->b[8] = (u_char) ((ret->b[8] & 0x3f) | 0x80);

    return PTN_OK;
}


static ptn_rc_t
ptn_user_insert(ptn_directory_t *dir, uint64_t domain,
    const ptn_dir_addr_t *a, const ptn_user_t *user)
{
    size_t                                      n;
    ptn_rc_t                                    rc;
    u_char                                      sort[PTN_DIR_FOLD_MAX];
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_fold(user->display, sort, &n);

    if (rc == PTN_OK) {
        rc = ptn_dir_db_stmt(dir, PTN_DIR_USER_ADD, &st);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (int64_t) domain);
    ptn_dir_db_bind(st, 2, a->address);
    sqlite3_bind_blob(st, 3, user->mailbox.b, sizeof(ptn_guid_t),
                      SQLITE_STATIC);
    ptn_dir_db_bind(st, 4, user->display);
    ptn_dir_db_bind(st, 5, user->locale.len ? user->locale : ptn_str("en"));
    sqlite3_bind_int64(st, 6, user->kind);
    sqlite3_bind_int64(st, 7, user->services);
    sqlite3_bind_int64(st, 8, user->disabled);
    sqlite3_bind_int64(st, 9, (int64_t) user->quota);
    sqlite3_bind_int64(st, 10, (int64_t) user->generation);
    ptn_dir_db_bind(st, 11, ptn_str_make(sort, n));
    sqlite3_bind_int64(st, 12, (int64_t) user->quota_warn);
    sqlite3_bind_int64(st, 13, (int64_t) user->quota_send);
    sqlite3_bind_int64(st, 14, (int64_t) user->quota_receive);

    return ptn_dir_db_run(st);
}


static ptn_rc_t
ptn_user_insert_address(ptn_directory_t *dir, uint64_t domain,
    const ptn_dir_addr_t *a, uint64_t id)
{
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, PTN_DIR_ADDRESS_ADD, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_dir_db_bind(st, 1, a->address);
    sqlite3_bind_int64(st, 2, (int64_t) domain);
    sqlite3_bind_int64(st, 3, (int64_t) id);

    return ptn_dir_db_run(st);
}


ptn_rc_t
ptn_user_add(ptn_directory_t *dir, ptn_user_t *user)
{
    uint64_t        domain;
    ptn_rc_t        rc;
    ptn_user_t      u;
    ptn_dir_addr_t  a;

    rc = ptn_dir_addr_parse(user->address, &a);
    if (rc != PTN_OK) {
        return rc;
    }

    if (!ptn_user_valid(user)) {
        return PTN_EINVAL;
    }

    u = *user;

    rc = ptn_user_make_mailbox(&u.mailbox);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_dir_db_begin(dir);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_domain_id(dir, a.domain, &domain, NULL);

    if (rc == PTN_OK) {
        rc = ptn_group_taken(dir, a.address);
    }

    if (rc == PTN_OK) {
        rc = ptn_dir_db_generation(dir, &u.generation);
    }

    if (rc == PTN_OK) {
        rc = ptn_user_insert(dir, domain, &a, &u);
        u.id = (uint64_t) sqlite3_last_insert_rowid(dir->db);
    }

    if (rc == PTN_OK) {
        rc = ptn_user_insert_address(dir, domain, &a, u.id);
    }

    if (rc == PTN_OK && !u.disabled) {
        rc = ptn_dir_words_add(dir, domain, a.address, u.display);
    }

    rc = ptn_dir_db_end(dir, rc);

    if (rc == PTN_OK) {
        user->id = u.id;
        user->mailbox = u.mailbox;
        user->generation = u.generation;
    }

    return rc;
}


/* Finds the user by what it is called from now on. */

static ptn_rc_t
ptn_user_set_words(ptn_directory_t *dir, sqlite3_stmt *st,
    const ptn_user_t *user)
{
    uint64_t   domain;
    ptn_rc_t   rc;
    ptn_str_t  address;

    domain = (uint64_t) sqlite3_column_int64(st, 0);
    address = ptn_str_make(sqlite3_column_text(st, 1),
                           (size_t) sqlite3_column_bytes(st, 1));

    rc = ptn_dir_words_delete(dir, address);

    if (rc == PTN_OK && !user->disabled) {
        rc = ptn_dir_words_add(dir, domain, address, user->display);
    }

    return rc;
}


ptn_rc_t
ptn_user_set(ptn_directory_t *dir, const ptn_user_t *user)
{
    size_t                                      n;
    u_char                                      sort[PTN_DIR_FOLD_MAX];
    uint64_t                                    generation;
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    if (!ptn_user_valid(user) || user->id > INT64_MAX) {
        return PTN_EINVAL;
    }

    rc = ptn_dir_fold(user->display, sort, &n);

    if (rc == PTN_OK) {
        rc = ptn_dir_db_begin(dir);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_dir_db_generation(dir, &generation);

    if (rc == PTN_OK) {
        rc = ptn_dir_db_stmt(dir, PTN_DIR_USER_SET, &st);
    }

    if (rc == PTN_OK) {
        sqlite3_bind_int64(st, 1, (int64_t) user->id);
        ptn_dir_db_bind(st, 2, user->display);
        ptn_dir_db_bind(st, 3, user->locale.len ? user->locale
                                                : ptn_str("en"));
        sqlite3_bind_int64(st, 4, user->kind);
        sqlite3_bind_int64(st, 5, user->services);
        sqlite3_bind_int64(st, 6, user->disabled);
        sqlite3_bind_int64(st, 7, (int64_t) user->quota);
        sqlite3_bind_int64(st, 8, (int64_t) generation);
        ptn_dir_db_bind(st, 9, ptn_str_make(sort, n));
        sqlite3_bind_int64(st, 10, (int64_t) user->quota_warn);
        sqlite3_bind_int64(st, 11, (int64_t) user->quota_send);
        sqlite3_bind_int64(st, 12, (int64_t) user->quota_receive);

        /* the row that was changed; ENOTFOUND: there is no such user */

        rc = ptn_dir_db_row(st);
    }

    if (rc == PTN_OK) {
        rc = ptn_user_set_words(dir, st, user);
    }

    if (rc == PTN_OK) {
        rc = ptn_dir_db_run(st);
    }

    ptn_dir_db_done(&st);

    return ptn_dir_db_end(dir, rc);
}


/* The row of `id` with ?1 an address or an id. */

static ptn_rc_t
ptn_user_load(ptn_directory_t *dir, ptn_pool_t *pool, ptn_dir_stmt_e stmt,
    ptn_str_t key, uint64_t id, ptn_user_t *ret)
{
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, stmt, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    if (stmt == PTN_DIR_USER_BY_ID) {
        sqlite3_bind_int64(st, 1, (int64_t) id);

    } else if (stmt == PTN_DIR_USER_BY_MAILBOX) {
        sqlite3_bind_blob(st, 1, key.data, (int) key.len, SQLITE_STATIC);

    } else {
        ptn_dir_db_bind(st, 1, key);
    }

    rc = ptn_dir_db_row(st);
    if (rc != PTN_OK) {
        return rc;
    }

    return ptn_user_row(pool, st, ret);
}


static ptn_rc_t
ptn_user_find(ptn_directory_t *dir, ptn_pool_t *pool, ptn_dir_cache_e kind,
    ptn_str_t key, uint64_t id, ptn_user_t *ret_user)
{
    ptn_rc_t           rc;
    ptn_rcpt_t         rcpt;
    const ptn_rcpt_t  *cached;

    static const ptn_dir_stmt_e  stmts[] = {
        [PTN_DIR_CACHE_USER] = PTN_DIR_USER_GET,
        [PTN_DIR_CACHE_ID] = PTN_DIR_USER_BY_ID,
        [PTN_DIR_CACHE_MAILBOX] = PTN_DIR_USER_BY_MAILBOX,
    };

    cached = ptn_dir_cache_get(dir, kind, key);
    if (cached != NULL) {
        return ptn_user_dup(pool, &cached->user, ret_user);
    }

    memset(&rcpt, 0, sizeof(ptn_rcpt_t));

    rc = ptn_user_load(dir, pool, stmts[kind], key, id, &rcpt.user);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_dir_cache_put(dir, kind, key, &rcpt);
    *ret_user = rcpt.user;

    return PTN_OK;
}


ptn_rc_t
ptn_user_get(ptn_directory_t *dir, ptn_pool_t *pool, ptn_str_t address,
    ptn_user_t *ret_user)
{
    ptn_dir_addr_t  a;

    if (ptn_dir_addr_parse(address, &a) != PTN_OK) {
        return PTN_ENOTFOUND;
    }

    return ptn_user_find(dir, pool, PTN_DIR_CACHE_USER, a.address, 0,
                         ret_user);
}


ptn_rc_t
ptn_user_by_id(ptn_directory_t *dir, ptn_pool_t *pool, uint64_t id,
    ptn_user_t *ret_user)
{
    return ptn_user_find(dir, pool, PTN_DIR_CACHE_ID,
                         ptn_str_make(&id, sizeof(uint64_t)), id, ret_user);
}


ptn_rc_t
ptn_user_by_mailbox(ptn_directory_t *dir, ptn_pool_t *pool,
    ptn_guid_t mailbox, ptn_user_t *ret_user)
{
    return ptn_user_find(dir, pool, PTN_DIR_CACHE_MAILBOX,
                         ptn_str_make(mailbox.b, sizeof(mailbox.b)), 0,
                         ret_user);
}


ptn_rc_t
ptn_user_active(ptn_directory_t *dir, uint64_t id)
{
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, PTN_DIR_USER_ACTIVE, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (int64_t) id);

    rc = ptn_dir_db_row(st);
    if (rc != PTN_OK) {
        return rc;
    }

    return sqlite3_column_int(st, 0) ? PTN_EDENIED : PTN_OK;
}


ptn_rc_t
ptn_user_list(ptn_directory_t *dir, ptn_pool_t *pool, ptn_str_t domain,
    ptn_user_t **ret_users, size_t *ret_n)
{
    uint64_t                                    id;
    ptn_rc_t                                    rc;
    ptn_buf_t                                   b;
    ptn_user_t                                  user;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_domain_listed(dir, domain, &id);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_dir_db_stmt(dir, id ? PTN_DIR_USER_LIST_DOMAIN
                                 : PTN_DIR_USER_LIST, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    if (id != 0) {
        sqlite3_bind_int64(st, 1, (int64_t) id);
    }

    ptn_buf_init(&b, pool);

    while ((rc = ptn_dir_db_row(st)) == PTN_OK) {

        rc = ptn_user_row(pool, st, &user);
        if (rc != PTN_OK) {
            return rc;
        }

        ptn_buf_add(&b, &user, sizeof(ptn_user_t));
    }

    if (rc != PTN_ENOTFOUND) {
        return rc;
    }

    if (b.failed) {
        return PTN_ENOMEM;
    }

    *ret_users = (ptn_user_t *) b.data;
    *ret_n = b.len / sizeof(ptn_user_t);

    return PTN_OK;
}


ptn_rc_t
ptn_user_id(ptn_directory_t *dir, ptn_str_t address, uint64_t *ret)
{
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, PTN_DIR_USER_GET, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_dir_db_bind(st, 1, address);

    rc = ptn_dir_db_row(st);

    if (rc == PTN_OK) {
        *ret = (uint64_t) sqlite3_column_int64(st, 0);
    }

    return rc;
}


static ptn_rc_t
ptn_user_run(ptn_directory_t *dir, ptn_dir_stmt_e stmt, uint64_t id)
{
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, stmt, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (int64_t) id);

    return ptn_dir_db_run(st);
}


ptn_rc_t
ptn_user_delete(ptn_directory_t *dir, ptn_str_t address)
{
    uint64_t        id;
    ptn_rc_t        rc;
    ptn_dir_addr_t  a;

    if (ptn_dir_addr_parse(address, &a) != PTN_OK) {
        return PTN_ENOTFOUND;
    }

    rc = ptn_dir_db_begin(dir);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_user_id(dir, a.address, &id);

    if (rc == PTN_OK) {
        rc = ptn_user_run(dir, PTN_DIR_VERIFIER_DELETE, id);
    }

    if (rc == PTN_OK) {
        rc = ptn_user_run(dir, PTN_DIR_ACCESS_DELETE_USER, id);
    }

    if (rc == PTN_OK) {
        rc = ptn_group_forget(dir, id);
    }

    if (rc == PTN_OK) {
        rc = ptn_dir_words_delete(dir, a.address);
    }

    if (rc == PTN_OK) {
        rc = ptn_user_run(dir, PTN_DIR_ADDRESS_DELETE_USER, id);
    }

    if (rc == PTN_OK) {
        rc = ptn_user_run(dir, PTN_DIR_USER_DELETE, id);
    }

    return ptn_dir_db_end(dir, rc);
}


/* Stores both verifiers; every sign-in of the user is void from here on. */

static ptn_rc_t
ptn_user_put_verifier(ptn_directory_t *dir, uint64_t id, const char *kind,
    ptn_str_t value)
{
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, PTN_DIR_VERIFIER_SET, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (int64_t) id);
    ptn_dir_db_bind(st, 2, ptn_str_z(kind));
    ptn_dir_db_bind(st, 3, value);

    return ptn_dir_db_run(st);
}


ptn_rc_t
ptn_user_touch(ptn_directory_t *dir, uint64_t id)
{
    uint64_t                                    generation;
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_generation(dir, &generation);

    if (rc == PTN_OK) {
        rc = ptn_dir_db_stmt(dir, PTN_DIR_USER_TOUCH, &st);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (int64_t) id);
    sqlite3_bind_int64(st, 2, (int64_t) generation);

    return ptn_dir_db_run(st);
}


static ptn_rc_t
ptn_user_store_verifiers(ptn_directory_t *dir, ptn_str_t address,
    const ptn_verifiers_t *v)
{
    uint64_t  id;
    ptn_rc_t  rc;

    rc = ptn_dir_db_begin(dir);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_user_id(dir, address, &id);

    if (rc == PTN_OK) {
        rc = ptn_user_put_verifier(dir, id, "crypt", v->crypt);
    }

    if (rc == PTN_OK) {
        rc = ptn_user_put_verifier(dir, id, "scram-sha-256",
                                   v->scram_sha256);
    }

    if (rc == PTN_OK) {
        rc = ptn_user_touch(dir, id);
    }

    return ptn_dir_db_end(dir, rc);
}


ptn_rc_t
ptn_user_set_password(ptn_directory_t *dir, ptn_str_t address,
    ptn_str_t password)
{
    uint64_t         id;
    ptn_rc_t         rc;
    ptn_pool_t      *pool;
    ptn_dir_addr_t   a;
    ptn_verifiers_t  v;

    if (ptn_dir_addr_parse(address, &a) != PTN_OK) {
        return PTN_ENOTFOUND;
    }

    rc = ptn_user_id(dir, a.address, &id);
    if (rc != PTN_OK) {
        return rc;
    }

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    /* slow: before the write lock is taken */

    rc = ptn_verifier_make(pool, password, &v);

    if (rc == PTN_OK) {
        rc = ptn_user_store_verifiers(dir, a.address, &v);
    }

    ptn_pool_destroy(pool);

    return rc;
}


ptn_rc_t
ptn_user_verifiers(ptn_directory_t *dir, ptn_pool_t *pool, uint64_t id,
    ptn_verifiers_t *ret_verifiers)
{
    ptn_rc_t                                    rc;
    ptn_str_t                                   kind, value;
    ptn_verifiers_t                             v;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, PTN_DIR_VERIFIER_GET, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (int64_t) id);
    memset(&v, 0, sizeof(ptn_verifiers_t));

    while ((rc = ptn_dir_db_row(st)) == PTN_OK) {

        kind = ptn_dir_db_text(pool, st, 0);
        value = ptn_dir_db_text(pool, st, 1);

        if (kind.data == NULL || value.data == NULL) {
            return PTN_ENOMEM;
        }

        if (ptn_str_eqz(kind, "crypt")) {
            v.crypt = value;

        } else if (ptn_str_eqz(kind, "scram-sha-256")) {
            v.scram_sha256 = value;
        }
    }

    if (rc != PTN_ENOTFOUND) {
        return rc;
    }

    if (v.crypt.len == 0 && v.scram_sha256.len == 0) {
        return PTN_ENOTFOUND;
    }

    *ret_verifiers = v;

    return PTN_OK;
}
