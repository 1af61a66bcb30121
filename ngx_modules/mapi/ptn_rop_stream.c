#include <stdlib.h>

#include "ptn_rop_data.h"


/*
 * Streams on properties (MS-OXCPRPT 3.2.5.11 to 3.2.5.22).  A stream has the
 * bytes in memory of its own; what was written becomes the property's value
 * at RopCommitStream, or when the stream is released (3.2.5.14).
 */


#define PTN_STREAM_WRITE   0x01         /* OpenModeFlags, 2.2.14.1 */
#define PTN_STREAM_CREATE  0x02

#define PTN_STREAM_MAX     0x7fffffff   /* 2.2.20.1 */
#define PTN_STREAM_HEAD    2            /* DataSize */

#define PTN_READ_LONG      0xbabe


static ptn_rop_stream_t *
ptn_rop_stream(ptn_rop_object_t *obj)
{
    return obj->data;
}


/* --- memory -------------------------------------------------------------- */

static ptn_rc_t
ptn_rop_stream_grow(ptn_rop_stream_t *s, size_t size)
{
    u_char    *data;
    ptn_rc_t   rc;

    if (size <= s->size) {
        return PTN_OK;
    }

    if (size > s->max) {
        return PTN_ETOOBIG;
    }

    size = ptn_min(ptn_max(size, ptn_min(s->size * 2, s->max)), s->max);
    size = ptn_max(size, (size_t) 256);

    rc = ptn_rop_hold(s->session, &s->held, size - s->size);
    if (rc != PTN_OK) {
        return rc;
    }

    data = realloc(s->data, size);
    if (data == NULL) {
        return PTN_ENOMEM;
    }

    s->data = data;
    s->size = size;

    return PTN_OK;
}


/* The stream is `len` bytes long; what is new is zero. */
static ptn_rc_t
ptn_rop_stream_resize(ptn_rop_stream_t *s, size_t len)
{
    ptn_rc_t  rc;

    rc = ptn_rop_stream_grow(s, len);
    if (rc != PTN_OK) {
        return rc;
    }

    if (len > s->len) {
        memset(s->data + s->len, 0, len - s->len);
    }

    s->len = len;
    s->dirty = true;

    return PTN_OK;
}


static ptn_rc_t
ptn_rop_stream_write(ptn_rop_stream_t *s, ptn_str_t data)
{
    ptn_rc_t  rc;

    if (data.len > PTN_STREAM_MAX - s->pos) {
        return PTN_ETOOBIG;
    }

    if (s->pos + data.len > s->len) {
        rc = ptn_rop_stream_resize(s, s->pos + data.len);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    if (data.len != 0) {
        memcpy(s->data + s->pos, data.data, data.len);
    }

    s->pos += data.len;
    s->dirty = true;

    return PTN_OK;
}


/* --- the property -------------------------------------------------------- */

/* Types that streams are of (2.2.14). */
static bool
ptn_rop_stream_type(uint32_t tag)
{
    uint16_t  type;

    type = ptn_prop_type(tag);

    return type == PTN_PT_BINARY || type == PTN_PT_UNICODE
           || type == PTN_PT_STRING8;
}


/* A value as the bytes of a stream: strings without their zero. */
static ptn_rc_t
ptn_rop_stream_fill(ptn_rop_ctx_t *c, ptn_rop_stream_t *s, ptn_str_t value)
{
    ptn_rc_t         rc;
    ptn_buf_t        b;
    ptn_wire_text_t  text;

    if (ptn_prop_type(s->tag) == PTN_PT_UNICODE) {
        rc = ptn_utf16_from_utf8(c->pool, value, &value);
        if (rc != PTN_OK) {
            return rc;
        }

    } else if (ptn_prop_type(s->tag) == PTN_PT_STRING8) {
        text = ptn_rop_text(c, c->in);
        ptn_buf_init(&b, c->pool);
        ptn_wire_string8_put(&b, &text, value);

        if (b.failed) {
            return PTN_ENOMEM;
        }

        value = ptn_buf_get(&b);
    }

    rc = ptn_rop_stream_write(s, value);
    s->pos = 0;
    s->dirty = false;

    return rc;
}


/* The other way. */
static ptn_rc_t
ptn_rop_stream_value(ptn_rop_stream_t *s, const ptn_wire_text_t *text,
    ptn_str_t *ret_value)
{
    size_t     len;
    ptn_str_t  bytes;

    bytes = s->len ? ptn_str_make(s->data, s->len) : ptn_str("");

    switch (ptn_prop_type(s->tag)) {

    case PTN_PT_UNICODE:
        return ptn_utf16_to_utf8(text->pool, bytes, ret_value);

    case PTN_PT_STRING8:
        len = strnlen((char *) bytes.data, bytes.len);
        return ptn_wire_string8_get(text, ptn_str_make(bytes.data, len),
                                    ret_value);

    default:
        *ret_value = bytes;
        return PTN_OK;
    }
}


static ptn_rc_t
ptn_rop_stream_set(ptn_rop_ctx_t *c, ptn_rop_object_t *obj, ptn_str_t value)
{
    uint32_t                              tag, error;
    ptn_rc_t                              rc;
    ptn_mbox_t                           *mb;
    ptn_bag_prop_t                        prop;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    tag = ptn_wire_tag_inner(ptn_rop_stream(obj)->tag);
    error = 0;

    switch (obj->owner->kind) {

    case PTN_ROP_KIND_MESSAGE:
        rc = ptn_rop_message_set(c, obj->owner, tag, value, &error);
        break;

    case PTN_ROP_KIND_ATTACHMENT:
        rc = ptn_rop_attach_set(c, obj->owner, tag, value, &error);
        break;

    default:
        prop.tag = tag;
        prop.value = value;

        rc = ptn_rop_mbox(c, obj->logon, &mb);

        if (rc == PTN_OK) {
            rc = ptn_txn_begin(&tx, mb);
        }

        if (rc == PTN_OK) {
            rc = ptn_folder_props_set(&tx, ptn_rop_folder(obj->owner)->id,
                                      &prop, 1);
        }

        return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
    }

    if (rc == PTN_OK && error != 0) {
        c->error = error;
        return PTN_EDENIED;
    }

    return rc;
}


static ptn_rc_t
ptn_rop_stream_commit(ptn_rop_ctx_t *c, ptn_rop_object_t *obj)
{
    ptn_rc_t          rc;
    ptn_str_t         value;
    ptn_wire_text_t   text;
    ptn_rop_stream_t *s;

    s = ptn_rop_stream(obj);

    if (!s->dirty) {
        return PTN_OK;
    }

    text = ptn_rop_text(c, obj);
    rc = ptn_rop_stream_value(s, &text, &value);

    if (rc == PTN_OK) {
        rc = ptn_rop_stream_set(c, obj, value);
    }

    s->dirty = rc != PTN_OK;

    return rc;
}


/*
 * A stream that is released keeps what was written (not a folder's: that is
 * the store's, and there is no job to ask it in).
 */
static void
ptn_rop_stream_close(ptn_rop_object_t *obj)
{
    ptn_pool_t        *pool;
    ptn_rop_ctx_t      c;
    ptn_rop_stream_t  *s;

    s = ptn_rop_stream(obj);

    if (s->dirty && obj->owner->kind != PTN_ROP_KIND_FOLDER) {
        pool = ptn_pool_create(0, NULL);

        if (pool != NULL) {
            memset(&c, 0, sizeof(c));
            c.pool = pool;
            c.session = s->session;
            (void) ptn_rop_stream_commit(&c, obj);
            ptn_pool_destroy(pool);
        }
    }

    free(s->data);
    ptn_rop_unhold(s->session, &s->held);
}


/* --- ROPs ---------------------------------------------------------------- */

static bool
ptn_rop_stream_writable(ptn_rop_object_t *obj)
{
    switch (obj->kind) {

    case PTN_ROP_KIND_MESSAGE:
        return ptn_rop_message(obj)->writable;

    case PTN_ROP_KIND_ATTACHMENT:
        return ptn_rop_attach(obj)->writable;

    default:
        return obj->kind == PTN_ROP_KIND_FOLDER;
    }
}


static ptn_rc_t
ptn_rop_stream_make(ptn_rop_ctx_t *c, ptn_rop_object_t *owner, uint32_t tag,
    bool writable, ptn_rop_object_t **ret_obj)
{
    ptn_rc_t           rc;
    ptn_rop_object_t  *obj;
    ptn_rop_stream_t  *s;

    rc = ptn_rop_make(c, PTN_ROP_KIND_STREAM, owner, sizeof(ptn_rop_stream_t),
                      ptn_rop_stream_close, &obj);
    if (rc != PTN_OK) {
        return rc;
    }

    s = ptn_rop_stream(obj);
    s->session = c->session;
    s->tag = tag;
    s->writable = writable;
    s->max = (size_t) ptn_min(c->app->conf->message_max,
                              (uint64_t) PTN_STREAM_MAX);
    *ret_obj = obj;

    return PTN_OK;
}


ptn_rc_t
ptn_rop_open_stream(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    bool                        writable;
    uint32_t                    tag;
    ptn_rc_t                    rc;
    ptn_str_t                   value;
    ptn_rop_object_t           *obj;
    ptn_rop_stream_size_res_t  *res = res_;
    ptn_rop_open_stream_req_t  *req = req_;

    if (c->in->kind == PTN_ROP_KIND_LOGON || !ptn_rop_stream_type(req->tag)) {
        return PTN_ESUPPORT;
    }

    /* 3: read and write, with another way to release (Exchange 2010) */

    writable = req->open_flags != 0;

    if (writable && !ptn_rop_stream_writable(c->in)) {
        return PTN_EDENIED;
    }

    value = ptn_str("");

    if (req->open_flags != PTN_STREAM_CREATE) {
        tag = ptn_wire_tag_inner(req->tag);

        rc = ptn_rop_bag_values(c, c->in, &tag, 1, &value);
        if (rc != PTN_OK) {
            return rc;
        }

        if (value.data == NULL) {
            return PTN_ENOTFOUND;       /* R549 */
        }
    }

    rc = ptn_rop_stream_make(c, c->in, req->tag, writable, &obj);

    if (rc == PTN_OK) {
        rc = ptn_rop_stream_fill(c, ptn_rop_stream(obj), value);
    }

    if (rc == PTN_OK) {
        ptn_rop_stream(obj)->dirty = req->open_flags == PTN_STREAM_CREATE;
        res->stream_size = (uint32_t) ptn_rop_stream(obj)->len;
    }

    return rc;
}


ptn_rc_t
ptn_rop_read_stream(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    size_t                      n, left, room;
    ptn_rop_stream_t           *s;
    ptn_rop_read_stream_req_t  *req = req_;
    ptn_rop_read_stream_res_t  *res = res_;

    s = ptn_rop_stream(c->in);
    left = s->pos < s->len ? s->len - s->pos : 0;

    n = req->byte_count == PTN_READ_LONG ? req->max_byte_count
                                         : req->byte_count;
    n -= ptn_min(n, (size_t) c->served);
    n = ptn_min(n, left);

    room = c->room > PTN_STREAM_HEAD ? c->room - PTN_STREAM_HEAD : 0;
    c->more = n > ptn_min(room, (size_t) UINT16_MAX);
    n = ptn_min(n, ptn_min(room, (size_t) UINT16_MAX));

    res->data = n ? ptn_str_make(s->data + s->pos, n) : ptn_str("");
    s->pos += n;
    c->served += (uint32_t) n;

    return PTN_OK;
}


static ptn_rc_t
ptn_rop_stream_put(ptn_rop_ctx_t *c, ptn_str_t data)
{
    ptn_rc_t           rc;
    ptn_rop_stream_t  *s;

    s = ptn_rop_stream(c->in);

    if (!s->writable) {
        return PTN_EDENIED;
    }

    rc = ptn_rop_stream_write(s, data);

    if (rc == PTN_ETOOBIG) {
        c->error = PTN_MAPI_STREAM_SIZE;
    }

    return rc;
}


ptn_rc_t
ptn_rop_write_stream(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    ptn_rc_t                     rc;
    ptn_rop_write_stream_req_t  *req = req_;
    ptn_rop_write_stream_res_t  *res = res_;

    rc = ptn_rop_stream_put(c, req->data);
    res->written = rc == PTN_OK ? (uint16_t) req->data.len : 0;

    return rc;
}


ptn_rc_t
ptn_rop_write_stream_extended(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    ptn_rc_t                              rc;
    ptn_rop_write_stream_req_t           *req = req_;
    ptn_rop_write_stream_extended_res_t  *res = res_;

    rc = ptn_rop_stream_put(c, req->data);
    res->written = rc == PTN_OK ? (uint32_t) req->data.len : 0;

    return rc;
}


ptn_rc_t
ptn_rop_write_and_commit_stream(ptn_rop_ctx_t *c, void *req, void *res)
{
    ptn_rc_t  rc;

    rc = ptn_rop_write_stream(c, req, res);

    return rc == PTN_OK ? ptn_rop_stream_commit(c, c->in) : rc;
}


ptn_rc_t
ptn_rop_commit_stream(ptn_rop_ctx_t *c, void *req PTN_UNUSED,
    void *res PTN_UNUSED)
{
    return ptn_rop_stream_commit(c, c->in);
}


ptn_rc_t
ptn_rop_get_stream_size(ptn_rop_ctx_t *c, void *req PTN_UNUSED, void *res_)
{
    ptn_rop_stream_size_res_t  *res = res_;

    res->stream_size = (uint32_t) ptn_rop_stream(c->in)->len;

    return PTN_OK;
}


ptn_rc_t
ptn_rop_set_stream_size(ptn_rop_ctx_t *c, void *req_, void *res PTN_UNUSED)
{
    ptn_rc_t                        rc;
    ptn_rop_stream_t               *s;
    ptn_rop_set_stream_size_req_t  *req = req_;

    s = ptn_rop_stream(c->in);

    if (!s->writable) {
        return PTN_EDENIED;
    }

    rc = req->stream_size > PTN_STREAM_MAX ? PTN_ETOOBIG
         : ptn_rop_stream_resize(s, (size_t) req->stream_size);

    if (rc == PTN_ETOOBIG) {
        c->error = PTN_MAPI_STREAM_SIZE;
    }

    return rc;
}


ptn_rc_t
ptn_rop_seek_stream(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    int64_t                     base, offset;
    ptn_rop_stream_t           *s;
    ptn_rop_seek_stream_req_t  *req = req_;
    ptn_rop_seek_stream_res_t  *res = res_;

    s = ptn_rop_stream(c->in);
    offset = (int64_t) req->offset;

    if (req->origin > 2) {
        return PTN_EINVAL;
    }

    base = req->origin == 0 ? 0 : (int64_t) (req->origin == 1 ? s->pos
                                                              : s->len);

    /* beyond the end is allowed for what is written there then */

    if (offset > PTN_STREAM_MAX - base || offset < -base) {
        c->error = PTN_MAPI_STREAM_SEEK;
        return PTN_EINVAL;
    }

    s->pos = (size_t) (base + offset);
    res->position = s->pos;

    return PTN_OK;
}


ptn_rc_t
ptn_rop_copy_to_stream(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    size_t                         n;
    ptn_rc_t                       rc;
    ptn_rop_stream_t              *from, *to;
    ptn_rop_copy_to_stream_req_t  *req = req_;
    ptn_rop_copy_to_stream_res_t  *res = res_;

    if (c->dest->kind != PTN_ROP_KIND_STREAM || c->dest == c->in) {
        return PTN_ESUPPORT;
    }

    from = ptn_rop_stream(c->in);
    to = ptn_rop_stream(c->dest);

    if (!to->writable) {
        return PTN_EDENIED;
    }

    n = from->pos < from->len ? from->len - from->pos : 0;
    n = (size_t) ptn_min((uint64_t) n, req->byte_count);

    rc = n ? ptn_rop_stream_write(to, ptn_str_make(from->data + from->pos, n))
           : PTN_OK;

    if (rc == PTN_OK) {
        from->pos += n;
        res->read = n;
        res->written = n;
    }

    return rc;
}


/* A second stream with the bytes and place of the first (3.2.5.21): what the
 * one writes the other does not see. */
ptn_rc_t
ptn_rop_clone_stream(ptn_rop_ctx_t *c, void *req PTN_UNUSED,
    void *res PTN_UNUSED)
{
    ptn_rc_t           rc;
    ptn_rop_object_t  *obj;
    ptn_rop_stream_t  *s, *copy;

    s = ptn_rop_stream(c->in);

    rc = ptn_rop_stream_make(c, c->in->owner, s->tag, s->writable, &obj);
    if (rc != PTN_OK) {
        return rc;
    }

    copy = ptn_rop_stream(obj);

    rc = s->len ? ptn_rop_stream_write(copy, ptn_str_make(s->data, s->len))
                : PTN_OK;
    copy->pos = s->pos;
    copy->dirty = false;

    return rc;
}
