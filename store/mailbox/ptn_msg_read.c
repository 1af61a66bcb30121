/*
 * Reading messages.
 */

#include "ptn_mailbox.h"
#include "ptn_skeleton.h"


struct ptn_msg_s {
    ptn_mbox_t  *mb;
    ptn_pool_t  *pool;
    ptn_id_t     folder;
    ptn_id_t     content;
    ptn_row_t    row;
    ptn_mime_t  *mime;
};


#define PTN_READ_MS  500


ptn_rc_t
ptn_mbox_read(ptn_mbox_t *mb)
{
    ptn_rc_t  rc;
    uint64_t  now;

    rc = ptn_mbox_ready(mb);
    if (rc != PTN_OK || mb->batch) {
        return rc;
    }

    now = ptn_time_mono();

    if (mb->reading && now - mb->reading_ms < PTN_READ_MS) {
        return PTN_OK;
    }

    ptn_mbox_read_end(mb);

    rc = ptn_sql_run(mb, PTN_SQL_BEGIN_READ, 0);

    if (rc == PTN_OK) {
        mb->reading = true;
        mb->reading_ms = now;
    }

    return rc;
}


void
ptn_mbox_read_end(ptn_mbox_t *mb)
{
    if (mb->reading) {
        mb->reading = false;
        (void) ptn_sql_run(mb, PTN_SQL_COMMIT, 0);
    }
}


/* `st` is bound; ENOTFOUND. */

static ptn_rc_t
ptn_msg_found(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id, sqlite3_stmt *st,
    ptn_msg_t **ret_msg)
{
    ptn_rc_t    rc;
    ptn_msg_t  *msg;

    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    msg = ptn_pcalloc(pool, sizeof(ptn_msg_t));
    if (msg == NULL) {
        sqlite3_reset(st);
        return PTN_ENOMEM;
    }

    msg->mb = mb;
    msg->pool = pool;
    msg->folder = ptn_sql_u64(st, 0);
    msg->content = ptn_sql_u64(st, 2);
    msg->row.id = id;
    msg->row.uid = (uint32_t) ptn_sql_u64(st, 1);
    msg->row.modseq = ptn_sql_u64(st, 3);
    msg->row.flags = (uint32_t) ptn_sql_u64(st, 4);
    msg->row.keywords = ptn_sql_u64(st, 5);
    msg->row.size = ptn_sql_u64(st, 6);
    msg->row.received = sqlite3_column_int64(st, 7);
    sqlite3_reset(st);

    *ret_msg = msg;

    return PTN_OK;
}


ptn_rc_t
ptn_msg_open(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id,
    ptn_msg_t **ret_msg)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    rc = ptn_mbox_ready(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_MSG_BY_ID, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);

    return ptn_msg_found(mb, pool, id, st, ret_msg);
}


ptn_rc_t
ptn_msg_open_row(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    const ptn_row_t *row, ptn_msg_t **ret_msg)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    rc = ptn_mbox_ready(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_MSG_AT, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) row->uid);
    sqlite3_bind_int64(st, 3, (sqlite3_int64) row->id);

    rc = ptn_msg_found(mb, pool, row->id, st, ret_msg);

    return rc == PTN_ENOTFOUND ? ptn_msg_open(mb, pool, row->id, ret_msg) : rc;
}


void
ptn_msg_row(const ptn_msg_t *msg, ptn_row_t *ret_row)
{
    *ret_row = msg->row;
}


ptn_id_t
ptn_msg_folder(const ptn_msg_t *msg)
{
    return msg->folder;
}


ptn_id_t
ptn_msg_content(const ptn_msg_t *msg)
{
    return msg->content;
}


ptn_rc_t
ptn_msg_structure(ptn_msg_t *msg, const ptn_mime_t **ret_mime)
{
    ptn_rc_t       rc;
    ptn_str_t      packed;
    sqlite3_stmt  *st;

    if (msg->mime != NULL) {
        *ret_mime = msg->mime;
        return PTN_OK;
    }

    rc = ptn_mbox_ready(msg->mb);
    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(msg->mb, PTN_SQL_STRUCTURE_GET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) msg->content);
    rc = ptn_sql_step(msg->mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    packed = ptn_str_dup(msg->pool, ptn_sql_column(st, 0));
    sqlite3_reset(st);

    if (packed.data == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_mime_unpack(msg->pool, packed, &msg->mime);

    if (rc == PTN_OK) {
        *ret_mime = msg->mime;
    }

    return rc;
}


typedef struct {
    ptn_mbox_t  *mb;
    ptn_rc_t   (*sink)(void *ctx, const u_char *p, size_t n);
    void        *ctx;
} ptn_msg_sink_t;


static ptn_rc_t
ptn_msg_sink(void *ctx, const u_char *p, size_t n)
{
    ptn_msg_sink_t  *s = ctx;

    return s->sink(s->ctx, p, n);
}


static ptn_rc_t
ptn_msg_blob(void *ctx, const u_char sha256[32], uint64_t off, u_char *p,
    size_t n)
{
    ptn_msg_sink_t  *s = ctx;

    return ptn_blob_read(s->mb, sha256, off, p, n);
}


ptn_rc_t
ptn_msg_bytes(ptn_msg_t *msg, uint64_t off, uint64_t len,
    ptn_rc_t (*sink)(void *ctx, const u_char *p, size_t n), void *ctx)
{
    ptn_rc_t            rc;
    ptn_cached_t       *c;
    ptn_msg_sink_t      s;
    ptn_skeleton_io_t   io;

    rc = ptn_mbox_ready(msg->mb);

    if (rc == PTN_OK) {
        rc = ptn_content_get(msg->mb, msg->content, &c);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    off = ptn_min(off, c->size);
    len = ptn_min(len, c->size - off);

    if (len == 0) {
        return PTN_OK;
    }

    /* the sink may read other messages: this one stays */

    c->pins++;

    if (c->form == PTN_FORM_RAW) {
        rc = sink(ctx, c->plain + off, (size_t) len);

    } else {
        s.mb = msg->mb;
        s.sink = sink;
        s.ctx = ctx;
        io.blob = ptn_msg_blob;
        io.sink = ptn_msg_sink;
        io.ctx = &s;
        rc = ptn_skeleton_restore(ptn_str_make(c->plain, c->len), off, len,
                                  &io);
    }

    c->pins--;

    return rc;
}


static ptn_rc_t
ptn_msg_gather(void *ctx, const u_char *p, size_t n)
{
    ptn_str_t  *s = ctx;

    memcpy(s->data + s->len, p, n);
    s->len += n;

    return PTN_OK;
}


ptn_rc_t
ptn_msg_slice(ptn_msg_t *msg, ptn_pool_t *pool, uint64_t off, uint64_t len,
    size_t max, ptn_str_t *ret)
{
    ptn_rc_t   rc;
    ptn_str_t  s;

    off = ptn_min(off, msg->row.size);
    len = ptn_min(len, msg->row.size - off);

    if (len > max) {
        return PTN_ETOOBIG;
    }

    s.len = 0;
    s.data = ptn_palloc(pool, (size_t) len + 1);

    if (s.data == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_msg_bytes(msg, off, len, ptn_msg_gather, &s);
    if (rc != PTN_OK) {
        return rc;
    }

    s.data[s.len] = '\0';
    *ret = s;

    return PTN_OK;
}
