/*
 * SEARCH keys about content, on decoded text (RFC 3501 6.4.4): header fields
 * after RFC 2047, text parts after their transfer encoding and charset, both
 * folded; HTML without its tags.  The text that the store's index was made of
 * (ptn_search_text) is looked at first; parts only where it has not all.
 *
 * In folders that are not small the index says which messages may match, so
 * that no others are opened; with TEXT the header, of which the index knows
 * little, is looked at in any case.
 */

#include <stdlib.h>

#include "ptn_charset.h"
#include "ptn_oxcmail.h"
#include "ptn_imap.h"


#define PTN_IMAP_MATCH_HEADER_MAX  (1024 * 1024)
#define PTN_IMAP_MATCH_TEXT_MAX    (16 * 1024 * 1024)   /* of one part */


static bool
ptn_imap_match_contains(ptn_str_t text, ptn_str_t word)
{
    if (word.len == 0) {
        return true;
    }

    return text.len >= word.len
           && memmem(text.data, text.len, word.data, word.len) != NULL;
}


static bool
ptn_imap_match_folded(ptn_pool_t *pool, ptn_str_t utf8, ptn_str_t word,
    ptn_rc_t *rc)
{
    ptn_str_t  folded;

    *rc = ptn_utf8_fold(pool, utf8, &folded);

    return *rc == PTN_OK && ptn_imap_match_contains(folded, word);
}


/* All fields of a header: the stored structure has not all of them. */

static ptn_rc_t
ptn_imap_match_header(ptn_pool_t *pool, ptn_msg_t *msg,
    const ptn_mime_part_t *part, ptn_mime_t **ret)
{
    ptn_rc_t   rc;
    ptn_str_t  raw;

    rc = ptn_msg_slice(msg, pool, part->header,
                       ptn_min(part->header_len,
                               (uint64_t) PTN_IMAP_MATCH_HEADER_MAX),
                       PTN_IMAP_MATCH_HEADER_MAX, &raw);

    return rc == PTN_OK ? ptn_mime_parse(pool, raw, ret) : rc;
}


/* Fields named `name` (empty: any).  An empty text: the field is there. */

static ptn_rc_t
ptn_imap_match_fields(ptn_pool_t *pool, ptn_msg_t *msg,
    const ptn_mime_part_t *part, ptn_str_t name, ptn_str_t word, bool *ret)
{
    uint32_t               i;
    ptn_rc_t               rc;
    ptn_str_t              text;
    ptn_mime_t            *mime;
    const ptn_mime_field_t *f;

    rc = ptn_imap_match_header(pool, msg, part, &mime);

    for (i = 0; rc == PTN_OK && !*ret && i < mime->root->nfields; i++) {

        f = &mime->root->fields[i];

        if (name.len != 0 && !ptn_str_ieq(f->name, name)) {
            continue;
        }

        text = ptn_mime_text(pool, f->value);

        if (name.len == 0) {            /* TEXT: the name counts, too */
            text = ptn_str_printf(pool, "%.*s: %.*s", ptn_str_arg(f->name),
                                  (int) ptn_min(text.len, (size_t) INT32_MAX),
                                  text.data ? (char *) text.data : "");
        }

        *ret = ptn_imap_match_folded(pool, text, word, &rc);
    }

    return rc;
}


static ptn_rc_t
ptn_imap_match_text(ptn_pool_t *pool, ptn_msg_t *msg,
    const ptn_mime_part_t *part, ptn_str_t word, bool *ret)
{
    ptn_rc_t   rc;
    ptn_str_t  raw, text, charset;

    rc = ptn_msg_slice(msg, pool, part->body,
                       ptn_min(part->body_len,
                               (uint64_t) PTN_IMAP_MATCH_TEXT_MAX),
                       PTN_IMAP_MATCH_TEXT_MAX, &raw);

    if (rc == PTN_OK) {
        rc = ptn_mime_decode(pool, part->cte, raw, PTN_IMAP_MATCH_TEXT_MAX,
                             &text);
    }

    if (rc != PTN_OK) {
        return rc == PTN_ETOOBIG ? PTN_OK : rc;
    }

    charset = ptn_mime_param(part->params, part->nparams, "charset");

    if (charset.len == 0 || ptn_str_ieqz(charset, "utf-8")
        || ptn_str_ieqz(charset, "us-ascii")
        || ptn_charset_to_utf8(pool, charset, text, &text) != PTN_OK)
    {
        text = ptn_utf8_clean(pool, text);
    }

    if (ptn_str_eqz(part->subtype, "html")) {
        rc = ptn_body_html_to_text(pool, text, &text);

        if (rc != PTN_OK) {
            return rc == PTN_ENOMEM ? rc : PTN_OK;
        }
    }

    *ret = ptn_imap_match_folded(pool, text, word, &rc);

    return rc;
}


/*
 * Leaves of type text, in all depths; `headers` also the headers of embedded
 * messages.  Nesting is bounded by the parser.
 */

static ptn_rc_t
ptn_imap_match_body(ptn_pool_t *pool, ptn_msg_t *msg,
    const ptn_mime_part_t *part, ptn_str_t word, bool *ret)
{
    ptn_rc_t                rc;
    const ptn_mime_part_t  *child;

    if (part->kind == PTN_MIME_LEAF) {
        return ptn_str_eqz(part->type, "text") && !part->opaque
               ? ptn_imap_match_text(pool, msg, part, word, ret) : PTN_OK;
    }

    rc = PTN_OK;

    if (part->kind == PTN_MIME_MESSAGE && part->child != NULL) {
        rc = ptn_imap_match_fields(pool, msg, part->child,
                                   ptn_str_make(NULL, 0), word, ret);
    }

    for (child = part->child; child != NULL && rc == PTN_OK && !*ret;
         child = child->next)
    {
        rc = ptn_imap_match_body(pool, msg, child, word, ret);
    }

    return rc;
}


static ptn_rc_t
ptn_imap_match_bodies(ptn_pool_t *pool, ptn_msg_t *msg,
    const ptn_mime_part_t *root, ptn_str_t word, bool *ret)
{
    ptn_rc_t           rc;
    ptn_search_text_t  text;

    rc = ptn_search_text(msg, &text);

    if (rc == PTN_OK) {
        *ret = ptn_imap_match_folded(pool, text.body, word, &rc);
    }

    if (rc == PTN_OK && !*ret) {
        *ret = ptn_imap_match_folded(pool, text.attached, word, &rc);
    }

    return (rc == PTN_OK && !*ret && text.more)
           ? ptn_imap_match_body(pool, msg, root, word, ret) : rc;
}


/* ---- the index ----------------------------------------------------------- */

static int
ptn_imap_match_compare(const void *a, const void *b)
{
    ptn_id_t  x, y;

    x = *(const ptn_id_t *) a;
    y = *(const ptn_id_t *) b;

    return (x > y) - (x < y);
}


typedef struct {
    ptn_pool_t      *pool;
    ptn_imap_key_t  *k;
} ptn_imap_may_t;


static ptn_rc_t
ptn_imap_match_may(void *ctx, const ptn_msg_info_t *m)
{
    ptn_id_t        *p;
    ptn_imap_key_t  *k;
    ptn_imap_may_t  *may = ctx;

    k = may->k;

    if (k->nmay == k->may_size) {
        k->may_size = k->may_size ? 2 * k->may_size : 64;

        p = ptn_parray(may->pool, k->may_size, sizeof(ptn_id_t));
        if (p == NULL) {
            return PTN_ENOMEM;
        }

        if (k->nmay != 0) {
            memcpy(p, k->may, k->nmay * sizeof(ptn_id_t));
        }

        k->may = p;
    }

    k->may[k->nmay++] = m->id;

    return PTN_OK;
}


/* Fields of the index that a key asks about; 0: it knows nothing of it. */

static uint8_t
ptn_imap_match_fields_of(const ptn_imap_key_t *k)
{
    size_t  i;
    static const struct {
        const char  *name;
        uint8_t      fields;
    } headers[] = {
        { "subject", PTN_FIND_SUBJECT }, { "from", PTN_FIND_FROM },
        { "to", PTN_FIND_TO }, { "cc", PTN_FIND_CC }, { "bcc", PTN_FIND_BCC },
    };

    if (k->text.len == 0) {
        return 0;
    }

    if (k->what == PTN_IMAP_KEY_BODY || k->what == PTN_IMAP_KEY_TEXT) {
        return PTN_FIND_BODY|PTN_FIND_ATTACHED;
    }

    for (i = 0; k->what == PTN_IMAP_KEY_HEADER && i < ptn_nelts(headers); i++)
    {
        if (ptn_str_ieqz(k->name, headers[i].name)) {
            return headers[i].fields;
        }
    }

    return 0;
}


/* The messages of the view may be elsewhere by now: all of the mailbox. */

ptn_rc_t
ptn_imap_search_index(ptn_imap_t *c, ptn_imap_key_t *k)
{
    ptn_rc_t         rc;
    ptn_query_t      q;
    ptn_scope_t      scope = { NULL, 0, false };
    ptn_imap_may_t   may;

    rc = PTN_OK;

    for ( /* void */ ; k != NULL && rc == PTN_OK; k = k->next) {

        memset(&q, 0, sizeof(q));
        q.op = PTN_FIND_SUBSTRING;
        q.fields = ptn_imap_match_fields_of(k);
        q.text = k->text;

        if (q.fields != 0) {
            may.pool = c->s->pool;
            may.k = k;
            rc = ptn_search_run(c->mb, &q, &scope, true, ptn_imap_match_may,
                                &may);
            k->indexed = (rc == PTN_OK);

            if (k->nmay != 0) {
                qsort(k->may, k->nmay, sizeof(ptn_id_t),
                      ptn_imap_match_compare);
            }
        }

        if (rc == PTN_OK && k->a != NULL) {
            rc = ptn_imap_search_index(c, k->a);
        }

        if (rc == PTN_OK && k->b != NULL) {
            rc = ptn_imap_search_index(c, k->b);
        }
    }

    return rc;
}


static bool
ptn_imap_match_no(const ptn_imap_key_t *k, ptn_id_t id)
{
    return k->indexed
           && (k->nmay == 0
               || bsearch(&id, k->may, k->nmay, sizeof(ptn_id_t),
                          ptn_imap_match_compare) == NULL);
}


/*
 * The Date field as written, zone and time left aside (RFC 3501 6.4.4:
 * "disregarding time and timezone"): its own calendar day.
 */

static bool
ptn_imap_match_sent(const ptn_mime_t *mime, const ptn_imap_key_t *k)
{
    int                      zone;
    int64_t                  sec, day;
    const ptn_mime_field_t  *f;

    f = ptn_mime_field(mime->root, "date");

    if (f == NULL || ptn_mime_date(f->value, &sec, &zone) != PTN_OK) {
        return false;
    }

    sec += (int64_t) zone * 60;
    day = sec / 86400 - (sec % 86400 < 0);

    switch (k->what) {
    case PTN_IMAP_KEY_SENTBEFORE:
        return day < k->day;
    case PTN_IMAP_KEY_SENTON:
        return day == k->day;
    default:
        return day >= k->day;
    }
}


ptn_rc_t
ptn_imap_search_deep(ptn_imap_t *c, ptn_pool_t *pool, const ptn_row_t *row,
    const ptn_imap_key_t *k, ptn_msg_t **msg, bool *ret_match)
{
    bool               match;
    ptn_rc_t           rc;
    const ptn_mime_t  *mime;

    if (k->what != PTN_IMAP_KEY_TEXT && ptn_imap_match_no(k, row->id)) {
        *ret_match = false;
        return PTN_OK;
    }

    if (*msg == NULL) {
        rc = ptn_msg_open_row(c->mb, pool, ptn_view_folder(c->st->view), row,
                              msg);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    rc = ptn_msg_structure(*msg, &mime);
    if (rc != PTN_OK) {
        return rc;
    }

    match = false;

    switch (k->what) {

    case PTN_IMAP_KEY_HEADER:
        rc = ptn_imap_match_fields(pool, *msg, mime->root, k->name, k->text,
                                   &match);
        break;

    case PTN_IMAP_KEY_TEXT:
        rc = ptn_imap_match_fields(pool, *msg, mime->root,
                                   ptn_str_make(NULL, 0), k->text, &match);

        if (rc == PTN_OK && !match && !ptn_imap_match_no(k, row->id)) {
            rc = ptn_imap_match_bodies(pool, *msg, mime->root, k->text,
                                       &match);
        }
        break;

    case PTN_IMAP_KEY_BODY:
        rc = ptn_imap_match_bodies(pool, *msg, mime->root, k->text, &match);
        break;

    default:
        match = ptn_imap_match_sent(mime, k);
        break;
    }

    *ret_match = match;

    return rc;
}
