/*
 * The text of a content: by its stored structure, so that of a large message
 * only the parts that have text are read.
 */

#include "ptn_msg.h"
#include "ptn_words.h"


#define PTN_WORDS_FIELD_MAX   (64 * 1024)
#define PTN_WORDS_DEPTH       (PTN_MIME_NESTING_MAX + 2)

typedef struct {
    ptn_msg_t   *msg;
    ptn_pool_t  *pool;
    size_t       left;              /* of PTN_WORDS_TEXT_MAX */
    bool         more;
    ptn_buf_t    body, attached, names;
} ptn_words_in_t;


/* ---- converters -------------------------------------------------------- */

/*
 * By content type; subtype NULL: any.  `text` is decoded, in UTF-8.  The first
 * row that fits; what has none has no text.
 */

typedef struct {
    const char  *type;
    const char  *subtype;
    ptn_rc_t   (*convert)(ptn_pool_t *pool, ptn_str_t text, ptn_str_t *ret);
} ptn_words_converter_t;


static ptn_rc_t
ptn_words_plain(ptn_pool_t *pool PTN_UNUSED, ptn_str_t text, ptn_str_t *ret)
{
    *ret = text;

    return PTN_OK;
}


static const ptn_words_converter_t  ptn_words_converters[] = {
    { "text",        "html",      ptn_body_html_to_text },
    { "application", "xhtml+xml", ptn_body_html_to_text },
    { "text",        NULL,        ptn_words_plain },
};


static const ptn_words_converter_t *
ptn_words_converter(const ptn_mime_part_t *part)
{
    size_t                        i;
    const ptn_words_converter_t  *c;

    for (i = 0; i < ptn_nelts(ptn_words_converters); i++) {
        c = &ptn_words_converters[i];

        if (ptn_str_eqz(part->type, c->type)
            && (c->subtype == NULL || ptn_str_eqz(part->subtype, c->subtype)))
        {
            return c;
        }
    }

    return NULL;
}


/* ---- pieces ------------------------------------------------------------ */

/* Up to what is left, on a line of its own. */

static void
ptn_words_put(ptn_words_in_t *in, ptn_buf_t *b, ptn_str_t s)
{
    size_t  n;

    n = ptn_min(s.len, in->left);

    if (n < s.len) {
        in->more = true;
    }

    in->left -= n;

    if (n != 0) {
        ptn_buf_add(b, s.data, n);
        ptn_buf_byte(b, '\n');
    }
}


static ptn_str_t
ptn_words_field(ptn_words_in_t *in, const ptn_mime_field_t *f)
{
    ptn_str_t  s;

    s = f->value;

    if (s.len > PTN_WORDS_FIELD_MAX) {
        s.len = PTN_WORDS_FIELD_MAX;
        in->more = true;
    }

    return ptn_mime_text(in->pool, s);
}


static const struct {
    const char  *name;
    int          to;                /* -1: subject */
} ptn_words_fields[] = {
    { "subject", -1 }, { "from", 0 }, { "sender", 0 }, { "reply-to", 0 },
    { "to", 1 }, { "cc", 2 }, { "bcc", 3 },
};


/* Of the message itself. */

static ptn_rc_t
ptn_words_header(ptn_words_in_t *in, const ptn_mime_part_t *part,
    ptn_search_text_t *text)
{
    int         k;
    size_t      i;
    uint32_t    n;
    ptn_buf_t   b[5];

    for (i = 0; i < ptn_nelts(b); i++) {
        ptn_buf_init(&b[i], in->pool);
    }

    for (i = 0; i < ptn_nelts(ptn_words_fields); i++) {
        for (n = 0; n < part->nfields; n++) {
            if (ptn_str_ieqz(part->fields[n].name, ptn_words_fields[i].name)) {
                k = ptn_words_fields[i].to + 1;
                ptn_words_put(in, &b[k], ptn_words_field(in,
                                                         &part->fields[n]));
            }
        }
    }

    text->subject = ptn_buf_get(&b[0]);

    for (i = 0; i < 4; i++) {
        text->people[i] = ptn_buf_get(&b[i + 1]);
    }

    return ptn_pool_failed(in->pool) ? PTN_ENOMEM : PTN_OK;
}


/* Of one that is inside: other fields of its header are not looked at. */

static void
ptn_words_inner_header(ptn_words_in_t *in, const ptn_mime_part_t *part)
{
    size_t    i;
    uint32_t  n;

    in->more = true;

    for (n = 0; n < part->nfields; n++) {
        for (i = 0; i < ptn_nelts(ptn_words_fields); i++) {
            if (ptn_str_ieqz(part->fields[n].name, ptn_words_fields[i].name)) {
                ptn_words_put(in, &in->attached,
                              ptn_words_field(in, &part->fields[n]));
            }
        }
    }
}


static ptn_str_t
ptn_words_name(ptn_pool_t *pool, const ptn_mime_part_t *part)
{
    ptn_str_t  s;

    s = ptn_mime_param(part->disp_params, part->ndisp_params, "filename");

    if (s.len == 0) {
        s = ptn_mime_param(part->params, part->nparams, "name");
    }

    s.len = ptn_min(s.len, (size_t) PTN_WORDS_FIELD_MAX);

    return (s.len == 0) ? s : ptn_mime_text(pool, s);
}


static ptn_rc_t
ptn_words_leaf(ptn_words_in_t *in, const ptn_mime_part_t *part, ptn_buf_t *b)
{
    ptn_rc_t                      rc;
    ptn_str_t                     raw, text;
    ptn_mime_t                    mime;
    ptn_mime_part_t               one;
    const ptn_words_converter_t  *c;

    if (part->opaque) {
        in->more = true;
        return PTN_OK;
    }

    c = ptn_words_converter(part);
    if (c == NULL || part->body_len == 0) {
        return PTN_OK;
    }

    if (in->left == 0) {
        in->more = true;
        return PTN_OK;
    }

    in->more |= part->body_len > PTN_WORDS_PART_MAX;

    rc = ptn_msg_slice(in->msg, in->pool, part->body,
                       ptn_min(part->body_len, (uint64_t) PTN_WORDS_PART_MAX),
                       PTN_WORDS_PART_MAX, &raw);
    if (rc != PTN_OK) {
        return rc;
    }

    /* the part as if it were all of a message */

    one = *part;
    one.body = 0;
    one.body_len = raw.len;
    memset(&mime, 0, sizeof(mime));
    mime.raw = raw;
    mime.root = &one;

    rc = ptn_mime_part_text(in->pool, &mime, &one, &text);

    if (rc == PTN_OK) {
        rc = c->convert(in->pool, text, &text);
    }

    if (rc == PTN_ENOMEM) {
        return rc;
    }

    if (rc == PTN_OK) {
        ptn_words_put(in, b, text);
    } else {
        in->more = true;
    }

    return PTN_OK;
}


/* Parts of the message (inside false), of what it has attached. */

static ptn_rc_t
ptn_words_part(ptn_words_in_t *in, const ptn_mime_part_t *part, bool inside,
    unsigned depth)
{
    ptn_rc_t                rc;
    ptn_str_t               name;
    const ptn_mime_part_t  *child;

    if (depth == 0) {
        in->more = true;
        return PTN_OK;
    }

    name = ptn_words_name(in->pool, part);

    if (part->parent != NULL || part->kind == PTN_MIME_LEAF) {
        ptn_words_put(in, &in->names, name);
    }

    if (part->kind == PTN_MIME_LEAF) {
        inside |= name.len != 0 || ptn_str_eqz(part->disposition,
                                               "attachment");
        return ptn_words_leaf(in, part, inside ? &in->attached : &in->body);
    }

    if (part->kind == PTN_MIME_MESSAGE && part->child != NULL) {
        inside = true;
        ptn_words_inner_header(in, part->child);
    }

    rc = PTN_OK;

    for (child = part->child; child != NULL && rc == PTN_OK;
         child = child->next)
    {
        rc = ptn_words_part(in, child, inside, depth - 1);
    }

    return rc;
}


/* ---- all of it --------------------------------------------------------- */

static ptn_rc_t
ptn_words_all(ptn_msg_t *msg, ptn_pool_t *pool, bool head,
    ptn_search_text_t *text)
{
    ptn_rc_t           rc;
    ptn_words_in_t     in;
    const ptn_mime_t  *mime;

    memset(text, 0, sizeof(ptn_search_text_t));
    memset(&in, 0, sizeof(in));
    in.msg = msg;
    in.pool = pool;
    in.left = PTN_WORDS_TEXT_MAX;
    ptn_buf_init(&in.body, pool);
    ptn_buf_init(&in.attached, pool);
    ptn_buf_init(&in.names, pool);

    rc = ptn_msg_structure(msg, &mime);

    if (rc == PTN_OK) {
        in.more = mime->truncated;
        rc = ptn_words_header(&in, mime->root, text);
    }

    if (rc == PTN_OK && !head) {
        rc = ptn_words_part(&in, mime->root, false, PTN_WORDS_DEPTH);
    }

    /* what cannot be read is not there; the check reports it */

    if (rc == PTN_ECORRUPT || rc == PTN_ETOOBIG || rc == PTN_EVERSION) {
        in.more = true;
        rc = PTN_OK;
    }

    text->body = ptn_buf_get(&in.body);
    text->attached = ptn_buf_get(&in.attached);
    text->names = ptn_buf_get(&in.names);
    text->more = in.more;

    return (rc == PTN_OK && ptn_pool_failed(pool)) ? PTN_ENOMEM : rc;
}


static ptn_rc_t
ptn_words_of(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t content, bool head,
    ptn_search_text_t *ret_text)
{
    ptn_rc_t       rc;
    ptn_msg_t      msg;
    sqlite3_stmt  *st;

    memset(&msg, 0, sizeof(msg));
    msg.mb = mb;
    msg.pool = pool;
    msg.info.content = content;

    st = ptn_sql(mb, PTN_SQL_CONTENT_SIZE, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) content);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    msg.info.size = ptn_sql_u64(st, 0);
    sqlite3_reset(st);

    return ptn_words_all(&msg, pool, head, ret_text);
}


ptn_rc_t
ptn_words_text(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t content,
    ptn_search_text_t *ret_text)
{
    return ptn_words_of(mb, pool, content, false, ret_text);
}


ptn_rc_t
ptn_words_head(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t content,
    ptn_search_text_t *ret_text)
{
    return ptn_words_of(mb, pool, content, true, ret_text);
}


ptn_rc_t
ptn_search_text(ptn_msg_t *msg, ptn_search_text_t *ret_text)
{
    return ptn_words_all(msg, msg->pool, false, ret_text);
}


ptn_rc_t
ptn_words_columns(ptn_pool_t *pool, const ptn_search_text_t *text,
    ptn_str_t ret[PTN_WORDS_COLUMNS])
{
    size_t     i;
    ptn_buf_t  people, body, attach;

    ptn_buf_init(&people, pool);
    ptn_buf_init(&body, pool);
    ptn_buf_init(&attach, pool);

    for (i = 0; i < ptn_nelts(text->people); i++) {
        ptn_buf_str(&people, text->people[i]);
    }

    if (text->more) {
        ptn_buf_z(&body, PTN_WORDS_MARK " ");
    }

    ptn_buf_str(&body, text->body);
    ptn_buf_str(&attach, text->names);
    ptn_buf_str(&attach, text->attached);

    ret[0] = text->subject;
    ret[1] = ptn_buf_get(&people);
    ret[2] = ptn_buf_get(&body);
    ret[3] = ptn_buf_get(&attach);

    return ptn_pool_failed(pool) ? PTN_ENOMEM : PTN_OK;
}
