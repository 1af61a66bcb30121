#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

#include "ptn_queue_seg.h"


/* A segment is left for a new one above either of these, or when idle. */
#define PTN_QUEUE_SEGMENT_BYTES  (32 * 1024 * 1024)
#define PTN_QUEUE_SEGMENT_MSGS   8192
#define PTN_QUEUE_SEGMENT_IDLE   500        /* ms */
#define PTN_QUEUE_BATCH          64


/* A record that waits to be written: lives on its caller's stack. */

typedef struct ptn_queue_req_s  ptn_queue_req_t;

struct ptn_queue_req_s {
    ptn_queue_req_t  *next;
    u_char            head[PTN_SEG_HEAD];
    ptn_str_t         part[3];          /* meta, head, data */
    bool              done;
    ptn_rc_t          rc;
};


/*
 * The first caller that finds no leader becomes it: it writes all that waits,
 * syncs once, and wakes the others.  While it syncs the next batch gathers.
 */
struct ptn_queue_s {
    const ptn_conf_t  *conf;
    ptn_io_t          *io;
    char              *writer;

    pthread_mutex_t    lock;
    pthread_cond_t     cond;
    ptn_queue_req_t   *first, **last;
    bool               leading;

    /* of the leader, or of who holds the lock while nobody leads */
    int                fd;
    uint64_t           number;
    off_t              len;
    uint32_t           msgs;
    uint64_t           used;            /* ptn_time_mono() of the last put */
};


ptn_rc_t
ptn_queue_open(const ptn_conf_t *conf, ptn_io_t *io, const char *writer,
    ptn_queue_t **ret_queue)
{
    ptn_queue_t  *q;

    if (*writer == '\0' || *writer == '.' || strchr(writer, '/') != NULL
        || strlen(writer) > 64)
    {
        return PTN_EINVAL;
    }

    q = calloc(1, sizeof(ptn_queue_t));
    if (q == NULL) {
        return PTN_ENOMEM;
    }

    q->writer = strdup(writer);
    if (q->writer == NULL) {
        free(q);
        return PTN_ENOMEM;
    }

    q->conf = conf;
    q->io = io;
    q->fd = -1;
    q->last = &q->first;

    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->cond, NULL);

    *ret_queue = q;

    return PTN_OK;
}


static void
ptn_queue_leave_segment(ptn_queue_t *q)
{
    if (q->fd != -1) {
        q->io->close(q->io, q->fd);
        q->fd = -1;
    }
}


void
ptn_queue_close(ptn_queue_t *q)
{
    if (q == NULL) {
        return;
    }

    ptn_queue_leave_segment(q);

    pthread_cond_destroy(&q->cond);
    pthread_mutex_destroy(&q->lock);

    free(q->writer);
    free(q);
}


void
ptn_queue_idle(ptn_queue_t *q)
{
    pthread_mutex_lock(&q->lock);

    if (!q->leading && q->fd != -1
        && ptn_time_mono() - q->used > PTN_QUEUE_SEGMENT_IDLE)
    {
        ptn_queue_leave_segment(q);
    }

    pthread_mutex_unlock(&q->lock);
}


static ptn_rc_t
ptn_queue_errno(void)
{
    return errno == ENOSPC || errno == EDQUOT ? PTN_ENOSPC : PTN_EIO;
}


static ptn_rc_t
ptn_queue_segment(ptn_queue_t *q)
{
    ptn_rc_t  rc;
    char      dir[PTN_SEG_PATH], path[PTN_SEG_PATH];

    if (q->fd != -1 && q->len < PTN_QUEUE_SEGMENT_BYTES
        && q->msgs < PTN_QUEUE_SEGMENT_MSGS)
    {
        return PTN_OK;
    }

    ptn_queue_leave_segment(q);

    rc = ptn_seg_dir(q->io, q->conf, dir);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_seg_create(q->io, dir, q->writer, PTN_SEG_MESSAGES, &q->number,
                        q->conf->fsync, &q->fd, path);
    if (rc != PTN_OK) {
        return rc;
    }

    q->len = PTN_SEG_HEADER;
    q->msgs = 0;

    return PTN_OK;
}


static int
ptn_queue_write(ptn_queue_t *q, const ptn_queue_req_t *req, off_t *off)
{
    unsigned  i;

    if (ptn_io_write_all(q->io, q->fd, req->head, PTN_SEG_HEAD, *off) == -1) {
        return -1;
    }

    *off += PTN_SEG_HEAD;

    for (i = 0; i < ptn_nelts(req->part); i++) {
        if (req->part[i].len == 0) {
            continue;
        }

        if (ptn_io_write_all(q->io, q->fd, req->part[i].data,
                             req->part[i].len, *off)
            == -1)
        {
            return -1;
        }

        *off += (off_t) req->part[i].len;
    }

    return 0;
}


/*
 * Writes and syncs a batch.  On a failed write the segment is cut back to its
 * last acknowledged byte and left; on a failed sync it is left for good: what
 * the kernel did with the dirty pages is unknown, a second sync would lie.
 */
static ptn_rc_t
ptn_queue_batch(ptn_queue_t *q, ptn_queue_req_t *batch)
{
    off_t             off;
    ptn_rc_t          rc;
    ptn_queue_req_t  *req;

    rc = ptn_queue_segment(q);
    if (rc != PTN_OK) {
        return rc;
    }

    off = q->len;

    for (req = batch; req != NULL; req = req->next) {
        if (ptn_queue_write(q, req, &off) == -1) {
            rc = ptn_queue_errno();
            goto failed;
        }
    }

    if (q->conf->fsync && q->io->fdatasync(q->io, q->fd, PTN_IO_QUEUE) == -1) {
        rc = ptn_queue_errno();
        goto failed;
    }

    q->len = off;

    for (req = batch; req != NULL; req = req->next) {
        q->msgs++;
    }

    return PTN_OK;

failed:

    (void) q->io->ftruncate(q->io, q->fd, q->len);
    ptn_queue_leave_segment(q);

    return rc;
}


static void
ptn_queue_lead(ptn_queue_t *q)
{
    unsigned          n;
    ptn_rc_t          rc;
    ptn_queue_req_t  *batch, *req, *next, **end;

    batch = q->first;

    for (end = &batch, n = 0; *end != NULL && n < PTN_QUEUE_BATCH; n++) {
        end = &(*end)->next;
    }

    q->first = *end;
    *end = NULL;

    if (q->first == NULL) {
        q->last = &q->first;
    }

    q->leading = true;
    pthread_mutex_unlock(&q->lock);

    rc = ptn_queue_batch(q, batch);

    pthread_mutex_lock(&q->lock);
    q->leading = false;
    q->used = ptn_time_mono();

    /* a request is its caller's again as soon as it is done */

    for (req = batch; req != NULL; req = next) {
        next = req->next;
        req->rc = rc;
        req->done = true;
    }

    pthread_cond_broadcast(&q->cond);
}


ptn_str_t
ptn_queue_new_id(ptn_pool_t *pool)
{
    uint64_t  id;

    do {
        if (getrandom(&id, sizeof(id), 0) != sizeof(id)) {
            return ptn_str_make(NULL, 0);
        }
    } while (id == 0);

    return ptn_seg_id_str(pool, id);
}


static ptn_rc_t
ptn_queue_req(ptn_pool_t *pool, const ptn_queue_msg_t *msg, uint64_t id,
    ptn_queue_req_t *req)
{
    uint32_t        i;
    ptn_buf_t       meta;
    ptn_seg_head_t  h;

    if (msg->nrcpt == 0 || msg->sender.len > 0xffff) {
        return PTN_EINVAL;
    }

    for (i = 0; i < msg->nrcpt; i++) {
        if (msg->rcpt[i].len > 0xffff) {
            return PTN_EINVAL;
        }
    }

    ptn_buf_init(&meta, pool);
    ptn_seg_msg_put(&meta, msg);

    if (meta.failed) {
        return PTN_ENOMEM;
    }

    if (meta.len > PTN_SEG_META_MAX) {
        return PTN_ETOOBIG;
    }

    memset(req, 0, sizeof(ptn_queue_req_t));

    req->part[0] = ptn_buf_get(&meta);
    req->part[1] = msg->head;
    req->part[2] = msg->data;

    memset(&h, 0, sizeof(h));
    h.type = PTN_SEG_MSG;
    h.id = id;
    h.meta_len = (uint32_t) meta.len;
    h.meta_crc = ptn_queue_crc(0, meta.data, meta.len);
    h.data_len = msg->head.len + msg->data.len;
    h.data_crc = ptn_queue_crc(0, msg->head.data, msg->head.len);
    h.data_crc = ptn_queue_crc(h.data_crc, msg->data.data, msg->data.len);

    ptn_seg_head_put(req->head, &h);

    return PTN_OK;
}


ptn_rc_t
ptn_queue_put(ptn_queue_t *q, ptn_pool_t *pool, const ptn_queue_msg_t *msg,
    ptn_str_t *ret_id)
{
    uint64_t         n;
    ptn_rc_t         rc;
    ptn_str_t        id;
    ptn_queue_req_t  req;

    id = msg->id.len ? msg->id : ptn_queue_new_id(pool);
    if (id.len == 0) {
        return PTN_ENOMEM;
    }

    rc = ptn_seg_id_parse(id, &n);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_queue_req(pool, msg, n, &req);
    if (rc != PTN_OK) {
        return rc;
    }

    pthread_mutex_lock(&q->lock);

    *q->last = &req;
    q->last = &req.next;

    while (!req.done) {
        if (q->leading) {
            pthread_cond_wait(&q->cond, &q->lock);

        } else {
            ptn_queue_lead(q);
        }
    }

    pthread_mutex_unlock(&q->lock);

    if (req.rc == PTN_OK) {
        *ret_id = id;
    }

    return req.rc;
}
