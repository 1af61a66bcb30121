/*
 * Reading messages.
 */

#include "ptn_msg.h"
#include "ptn_skeleton.h"


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


/* An open message, its row still to be read. */

static ptn_rc_t
ptn_msg_new(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_msg_t **ret_msg)
{
    ptn_rc_t    rc;
    ptn_msg_t  *msg;

    rc = ptn_mbox_ready(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    msg = ptn_pcalloc(pool, sizeof(ptn_msg_t));
    if (msg == NULL) {
        return PTN_ENOMEM;
    }

    msg->mb = mb;
    msg->pool = pool;
    *ret_msg = msg;

    return PTN_OK;
}


ptn_rc_t
ptn_msg_open(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id,
    ptn_msg_t **ret_msg)
{
    ptn_rc_t    rc;
    ptn_msg_t  *msg;

    rc = ptn_msg_open_any(mb, pool, id, &msg);

    if (rc == PTN_OK) {
        rc = ptn_rights_show(mb, &msg->info);
    }

    if (rc == PTN_OK) {
        *ret_msg = msg;
    }

    return rc;
}


ptn_rc_t
ptn_msg_open_any(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id,
    ptn_msg_t **ret_msg)
{
    ptn_rc_t    rc;
    ptn_msg_t  *msg;

    rc = ptn_msg_new(mb, pool, &msg);

    if (rc == PTN_OK) {
        rc = ptn_msg_get_id(mb, id, &msg->info);
    }

    if (rc == PTN_OK) {
        *ret_msg = msg;
    }

    return rc;
}


ptn_rc_t
ptn_msg_open_row(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    const ptn_row_t *row, ptn_msg_t **ret_msg)
{
    ptn_rc_t       rc;
    ptn_msg_t     *msg;
    ptn_folder_t  *f;

    rc = ptn_msg_new(mb, pool, &msg);

    if (rc == PTN_OK) {
        rc = ptn_folder_of(mb, folder, &f);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_get(mb, folder, row->uid, &msg->info);

        if (rc == PTN_ENOTFOUND
            || (rc == PTN_OK && msg->info.id != row->id))
        {
            rc = ptn_msg_get_id(mb, row->id, &msg->info);
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_rights_show(mb, &msg->info);
    }

    if (rc == PTN_OK) {
        *ret_msg = msg;
    }

    return rc;
}


void
ptn_msg_row(const ptn_msg_t *msg, ptn_row_t *ret_row)
{
    const ptn_msg_info_t  *m;

    m = &msg->info;
    ret_row->uid = m->uid;
    ret_row->flags = m->flags;
    ret_row->id = m->id;
    ret_row->keywords = m->keywords;
    ret_row->modseq = m->modseq;
    ret_row->size = m->size;
    ret_row->received = m->received;
}


void
ptn_msg_info(const ptn_msg_t *msg, ptn_msg_info_t *ret_info)
{
    *ret_info = msg->info;
}


ptn_id_t
ptn_msg_folder(const ptn_msg_t *msg)
{
    return msg->info.folder;
}


ptn_id_t
ptn_msg_content(const ptn_msg_t *msg)
{
    return msg->info.content;
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

    sqlite3_bind_int64(st, 1, (sqlite3_int64) msg->info.content);
    rc = ptn_sql_step(msg->mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    rc = ptn_content_structure(msg->mb, msg->pool, ptn_sql_column(st, 0),
                               sqlite3_column_int(st, 1), &packed);
    sqlite3_reset(st);

    if (rc == PTN_OK) {
        rc = ptn_mime_unpack(msg->pool, packed, &msg->mime);
    }

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
        rc = ptn_content_get(msg->mb, msg->info.content, &c);
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

    off = ptn_min(off, msg->info.size);
    len = ptn_min(len, msg->info.size - off);

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
