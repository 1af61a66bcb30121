#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_queue_states.h"


#define PTN_QINDEX_LOG    (8 * 1024 * 1024) /* state log, then a new one */
#define PTN_QINDEX_HASH   1024


/* --- messages ----------------------------------------------------------- */

static ptn_qmsg_t *
ptn_qindex_find(const ptn_qindex_t *ix, uint64_t id)
{
    ptn_qmsg_t  *m;

    for (m = ix->hash[id % ix->nhash]; m != NULL; m = m->next) {
        if (m->id == id) {
            break;
        }
    }

    return m;
}


static ptn_rc_t
ptn_qindex_grow(ptn_qindex_t *ix)
{
    size_t        i, n;
    ptn_qmsg_t  **hash, *m, *next;

    if (ix->nmsgs < ix->nhash) {
        return PTN_OK;
    }

    n = ix->nhash * 2;

    hash = calloc(n, sizeof(ptn_qmsg_t *));
    if (hash == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < ix->nhash; i++) {
        for (m = ix->hash[i]; m != NULL; m = next) {
            next = m->next;
            m->next = hash[m->id % n];
            hash[m->id % n] = m;
        }
    }

    free(ix->hash);
    ix->hash = hash;
    ix->nhash = n;

    return PTN_OK;
}


static void
ptn_qindex_strings_done(ptn_qmsg_t *m)
{
    uint32_t  i;

    if (m->rcpt != NULL) {
        for (i = 0; i < m->nrcpt; i++) {
            free(m->rcpt[i].detail);
        }
    }

    free(m->rcpt);
    free(m->meta);

    m->rcpt = NULL;
    m->meta = NULL;
    m->sender = ptn_str_make(NULL, 0);
}


static void
ptn_qindex_msg_done(ptn_qindex_t *ix, ptn_qmsg_t *m)
{
    m->left = 0;
    m->seg->undone--;
    ix->waiting--;

    ptn_qindex_strings_done(m);
}


static bool
ptn_qindex_status_done(uint32_t status)
{
    return status == PTN_QUEUE_DELIVERED || status == PTN_QUEUE_REPORTED;
}


void
ptn_qindex_apply(ptn_qindex_t *ix, ptn_qmsg_t *m, const ptn_seg_state_t *st)
{
    char         *detail;
    ptn_qrcpt_t  *r;

    if (m->left == 0) {
        return;
    }

    if (st->rcpt == PTN_QINDEX_ALL) {
        ptn_qindex_msg_done(ix, m);
        return;
    }

    if (st->rcpt >= m->nrcpt) {
        return;
    }

    r = &m->rcpt[st->rcpt];

    if (ptn_qindex_status_done(r->status)) {
        return;
    }

    r->status = st->status;
    r->attempts = st->attempts;
    r->due = st->due;

    detail = st->detail.len
             ? strndup((char *) st->detail.data, st->detail.len) : NULL;
    free(r->detail);
    r->detail = detail;

    if (ptn_qindex_status_done(r->status) && --m->left == 0) {
        ptn_qindex_msg_done(ix, m);
    }
}


/* States that the log holds about a message that was just read. */

static void
ptn_qindex_apply_old(ptn_qindex_t *ix, ptn_qmsg_t *m)
{
    size_t  low, high, mid;

    for (low = 0, high = ix->nold; low < high; /* void */ ) {
        mid = low + (high - low) / 2;

        if (ix->old[mid].id < m->id) {
            low = mid + 1;

        } else {
            high = mid;
        }
    }

    while (low < ix->nold && ix->old[low].id == m->id && m->left > 0) {
        ptn_qindex_apply(ix, m, &ix->old[low].st);
        low++;
    }
}


static ptn_rc_t
ptn_qindex_add(ptn_qindex_t *ix, ptn_qseg_t *seg, const ptn_seg_head_t *head,
    u_char *meta, ptn_qmsg_t **ret_msg)
{
    uint32_t         i;
    ptn_rc_t         rc;
    ptn_pool_t      *pool;
    ptn_qmsg_t      *m;
    ptn_queue_msg_t  msg;

    rc = ptn_qindex_grow(ix);
    if (rc != PTN_OK) {
        return rc;
    }

    m = calloc(1, sizeof(ptn_qmsg_t));
    pool = ptn_pool_create(0, NULL);

    if (m == NULL || pool == NULL) {
        rc = PTN_ENOMEM;
        goto failed;
    }

    rc = ptn_seg_msg_get(pool, ptn_str_make(meta, head->meta_len), &msg);
    if (rc != PTN_OK) {
        goto failed;
    }

    m->rcpt = calloc(msg.nrcpt + 1, sizeof(ptn_qrcpt_t));
    if (m->rcpt == NULL) {
        rc = PTN_ENOMEM;
        goto failed;
    }

    for (i = 0; i < msg.nrcpt; i++) {
        m->rcpt[i].address = msg.rcpt[i];
    }

    m->meta = meta;
    m->seg = seg;
    m->id = head->id;
    m->off = (uint64_t) seg->read + PTN_SEG_HEAD + head->meta_len;
    m->len = head->data_len;
    m->crc = head->data_crc;
    m->arrived = msg.arrived;
    m->flags = msg.flags;
    m->sender = msg.sender;
    m->nrcpt = msg.nrcpt;
    m->left = msg.nrcpt;

    ptn_pool_destroy(pool);

    seg->undone++;
    ix->waiting++;

    m->seg_next = seg->msgs;
    seg->msgs = m;

    /* the same again (a report made twice by a crash): once is enough */

    m->again = ptn_qindex_find(ix, m->id) != NULL;

    if (m->nrcpt == 0 || m->again) {
        ptn_qindex_msg_done(ix, m);
    }

    m->next = ix->hash[m->id % ix->nhash];
    ix->hash[m->id % ix->nhash] = m;
    ix->nmsgs++;

    ptn_qindex_apply_old(ix, m);

    *ret_msg = m;

    return PTN_OK;

failed:

    free(m);
    ptn_pool_destroy(pool);

    return rc;
}


/* --- segments ------------------------------------------------------------ */

static ptn_qseg_t *
ptn_qindex_seg(ptn_qindex_t *ix, const char *name)
{
    char         path[PTN_SEG_PATH + 256];
    ptn_qseg_t  *seg;

    snprintf(path, sizeof(path), "%s/%s", ix->dir, name);

    for (seg = ix->segs; seg != NULL; seg = seg->next) {
        if (strcmp(seg->path, path) == 0) {
            return seg;
        }
    }

    seg = calloc(1, sizeof(ptn_qseg_t));
    if (seg == NULL) {
        return NULL;
    }

    seg->path = strdup(path);
    if (seg->path == NULL) {
        free(seg);
        return NULL;
    }

    seg->fd = -1;
    seg->next = ix->segs;
    ix->segs = seg;

    return seg;
}


static void
ptn_qindex_seg_free(ptn_qindex_t *ix, ptn_qseg_t *seg)
{
    ptn_qmsg_t  *m, **link;

    while (seg->msgs != NULL) {
        m = seg->msgs;
        seg->msgs = m->seg_next;

        for (link = &ix->hash[m->id % ix->nhash]; *link != m;
             link = &(*link)->next)
        {
            /* void */
        }

        *link = m->next;
        ix->nmsgs--;

        if (m->left > 0) {
            ix->waiting--;
        }

        ptn_qindex_strings_done(m);
        free(m);
    }

    if (ix->data_seg == seg) {
        ix->io->close(ix->io, ix->data_fd);
        ix->data_seg = NULL;
    }

    if (seg->fd != -1) {
        ix->io->close(ix->io, seg->fd);
    }

    free(seg->path);
    free(seg);
}


/*
 * Reads one record.  OK: seg->read moved (*ret_msg NULL: not of interest).
 * ENOTFOUND: nothing more for now.  ECORRUPT: not a record.
 */
static ptn_rc_t
ptn_qindex_record(ptn_qindex_t *ix, ptn_qseg_t *seg, off_t size,
    ptn_qmsg_t **ret_msg)
{
    u_char          raw[PTN_SEG_HEAD], *meta;
    ptn_rc_t        rc;
    uint64_t        room;
    ptn_seg_head_t  head;

    *ret_msg = NULL;

    if (size - seg->read < PTN_SEG_HEAD) {
        return PTN_ENOTFOUND;
    }

    if (ptn_io_read_all(ix->io, seg->fd, raw, PTN_SEG_HEAD, seg->read)
        != PTN_SEG_HEAD)
    {
        return PTN_EIO;
    }

    rc = ptn_seg_head_get(raw, &head);
    if (rc != PTN_OK) {
        return rc;
    }

    room = (uint64_t) (size - seg->read) - PTN_SEG_HEAD;

    if (room < head.meta_len || room - head.meta_len < head.data_len) {
        return PTN_ENOTFOUND;
    }

    if (head.type == PTN_SEG_MSG) {

        meta = malloc((size_t) head.meta_len + 1);
        if (meta == NULL) {
            return PTN_ENOMEM;
        }

        if (ptn_io_read_all(ix->io, seg->fd, meta, head.meta_len,
                            seg->read + PTN_SEG_HEAD)
            != (ssize_t) head.meta_len)
        {
            free(meta);
            return PTN_EIO;
        }

        rc = ptn_queue_crc(0, meta, head.meta_len) == head.meta_crc
             ? ptn_qindex_add(ix, seg, &head, meta, ret_msg) : PTN_ECORRUPT;

        if (rc != PTN_OK) {
            free(meta);
            return rc;
        }
    }

    seg->read += (off_t) (PTN_SEG_HEAD + head.meta_len + head.data_len);

    return PTN_OK;
}


static ptn_rc_t
ptn_qindex_seg_begin(ptn_qindex_t *ix, ptn_qseg_t *seg)
{
    u_char  raw[PTN_SEG_HEADER];

    if (seg->fd == -1) {
        seg->fd = ix->io->open(ix->io, seg->path, O_RDONLY|O_CLOEXEC, 0);
        if (seg->fd == -1) {
            return errno == ENOENT ? PTN_ENOTFOUND : PTN_EIO;
        }
    }

    if (seg->read > 0) {
        return PTN_OK;
    }

    if (ptn_io_read_all(ix->io, seg->fd, raw, PTN_SEG_HEADER, 0)
        != PTN_SEG_HEADER)
    {
        return PTN_ECORRUPT;
    }

    seg->read = PTN_SEG_HEADER;

    return ptn_seg_header_get(raw, PTN_SEG_MESSAGES);
}


static ptn_rc_t
ptn_qindex_seg_read(ptn_qindex_t *ix, ptn_qseg_t *seg,
    void (*found)(void *ctx, ptn_qmsg_t *msg), void *ctx)
{
    bool         final;
    ptn_rc_t     rc;
    ptn_qmsg_t  *m;
    struct stat  st;

    rc = ptn_qindex_seg_begin(ix, seg);

    /* is there a writer?  asked before the size, or its last words are lost */

    final = seg->fd != -1 && flock(seg->fd, LOCK_SH|LOCK_NB) == 0;

    if (rc == PTN_OK && fstat(seg->fd, &st) == -1) {
        rc = PTN_EIO;
    }

    while (rc == PTN_OK) {
        rc = ptn_qindex_record(ix, seg, st.st_size, &m);

        if (rc == PTN_OK && m != NULL && m->left > 0) {
            found(ctx, m);
        }
    }

    if (final) {
        (void) flock(seg->fd, LOCK_UN);
    }

    if (rc == PTN_EVERSION) {

        /* a newer postern's; not ours to touch */

        return rc;
    }

    if (final && (rc == PTN_ENOTFOUND || rc == PTN_ECORRUPT)) {

        if (rc == PTN_ECORRUPT || seg->read < st.st_size) {
            ptn_log(ix->log, PTN_LOG_WARN,
                    "queue segment=%s offset=%lld cut=%s", seg->path,
                    (long long) seg->read, ptn_err(rc)->name);
        }

        /* unacknowledged bytes, or a bad disk: kept for a human to tell */

        if (rc == PTN_ECORRUPT) {
            seg->bad++;
        }

        seg->complete = true;
        ix->io->close(ix->io, seg->fd);
        seg->fd = -1;
    }

    return rc == PTN_ENOTFOUND || rc == PTN_ECORRUPT ? PTN_OK : rc;
}


bool
ptn_qindex_suffix(const char *name, const char *suffix)
{
    size_t  n, m;

    n = strlen(name);
    m = strlen(suffix);

    return n > m && strcmp(name + n - m, suffix) == 0;
}


ptn_rc_t
ptn_qindex_scan(ptn_qindex_t *ix, void (*found)(void *ctx, ptn_qmsg_t *msg),
    void *ctx)
{
    DIR            *dir;
    ptn_rc_t        rc, one;
    ptn_qseg_t     *seg;
    struct dirent  *de;

    dir = opendir(ix->dir);
    if (dir == NULL) {
        return PTN_EIO;
    }

    while ((de = readdir(dir)) != NULL) {
        if (ptn_qindex_suffix(de->d_name, ".seg")
            && ptn_qindex_seg(ix, de->d_name) == NULL)
        {
            closedir(dir);
            return PTN_ENOMEM;
        }
    }

    closedir(dir);

    rc = PTN_OK;

    for (seg = ix->segs; seg != NULL; seg = seg->next) {
        if (seg->complete) {
            continue;
        }

        one = ptn_qindex_seg_read(ix, seg, found, ctx);
        if (one != PTN_OK) {
            rc = one;
        }
    }

    return rc;
}


static ptn_rc_t
ptn_qindex_data(ptn_qindex_t *ix, const ptn_qmsg_t *msg)
{
    if (ix->data_seg == msg->seg) {
        return PTN_OK;
    }

    if (ix->data_seg != NULL) {
        ix->io->close(ix->io, ix->data_fd);
        ix->data_seg = NULL;
    }

    ix->data_fd = ix->io->open(ix->io, msg->seg->path, O_RDONLY|O_CLOEXEC, 0);
    if (ix->data_fd == -1) {
        return PTN_EIO;
    }

    ix->data_seg = msg->seg;

    return PTN_OK;
}


ptn_rc_t
ptn_qindex_read(ptn_qindex_t *ix, const ptn_qmsg_t *msg, u_char *p)
{
    ptn_rc_t  rc;

    rc = ptn_qindex_data(ix, msg);
    if (rc != PTN_OK) {
        return rc;
    }

    if (ptn_io_read_all(ix->io, ix->data_fd, p, msg->len, (off_t) msg->off)
        != (ssize_t) msg->len)
    {
        return PTN_EIO;
    }

    if (ptn_queue_crc(0, p, msg->len) == msg->crc) {
        return PTN_OK;
    }

    /* while there is a writer, the bytes may be on their way */

    return msg->seg->complete ? PTN_ECORRUPT : PTN_EIO;
}


size_t
ptn_qindex_peek(ptn_qindex_t *ix, const ptn_qmsg_t *msg, u_char *p, size_t n)
{
    ssize_t  got;

    if (ptn_qindex_data(ix, msg) != PTN_OK) {
        return 0;
    }

    n = (size_t) ptn_min((uint64_t) n, msg->len);
    got = ptn_io_read_all(ix->io, ix->data_fd, p, n, (off_t) msg->off);

    return got < 0 ? 0 : (size_t) got;
}


/* --- the whole ------------------------------------------------------------ */

void
ptn_qindex_bad(ptn_qindex_t *ix, ptn_qmsg_t *msg)
{
    ptn_log(ix->log, PTN_LOG_ERROR,
            "queue queue_id=%016llx segment=%s offset=%llu status=corrupt",
            (unsigned long long) msg->id, msg->seg->path,
            (unsigned long long) msg->off);

    msg->seg->bad++;
    ptn_qindex_msg_done(ix, msg);
}


void
ptn_qindex_clean(ptn_qindex_t *ix)
{
    bool          gone;
    char          path[PTN_SEG_PATH + 256];
    ptn_qseg_t   *seg, **link;

    gone = false;

    for (link = &ix->segs; *link != NULL; /* void */ ) {
        seg = *link;

        if (!seg->complete || seg->undone) {
            link = &seg->next;
            continue;
        }

        if (seg->bad) {
            snprintf(path, sizeof(path), "%s.bad", seg->path);
            (void) ix->io->rename(ix->io, seg->path, path);

        } else {
            (void) ix->io->unlink(ix->io, seg->path);
        }

        gone = true;
        *link = seg->next;
        ptn_qindex_seg_free(ix, seg);
    }

    if (gone && ix->conf->fsync
        && ix->io->sync_dir(ix->io, ix->dir, PTN_IO_QUEUE_DIR) == -1)
    {
        ptn_log(ix->log, PTN_LOG_ERROR, "queue directory=%s sync failed",
                ix->dir);
        return;
    }

    if (ix->len > PTN_QINDEX_LOG && (size_t) ix->len > 256 * ix->nmsgs) {
        (void) ptn_qindex_states_rewrite(ix);
    }
}


/* Segments that a crash left before they had their name. */

static void
ptn_qindex_sweep(ptn_qindex_t *ix)
{
    DIR            *dir;
    char            path[PTN_SEG_PATH + 256];
    struct stat     st;
    struct dirent  *de;

    dir = opendir(ix->dir);
    if (dir == NULL) {
        return;
    }

    while ((de = readdir(dir)) != NULL) {
        if (!ptn_qindex_suffix(de->d_name, ".tmp")) {
            continue;
        }

        snprintf(path, sizeof(path), "%s/%s", ix->dir, de->d_name);

        if (stat(path, &st) == 0
            && st.st_mtime + 60 < ptn_time_now() / PTN_USEC)
        {
            (void) ix->io->unlink(ix->io, path);
        }
    }

    closedir(dir);
}


static void
ptn_qindex_none(void *ctx, ptn_qmsg_t *msg)
{
    (void) ctx;
    (void) msg;
}


ptn_rc_t
ptn_qindex_open(const ptn_conf_t *conf, ptn_io_t *io, ptn_log_t *log,
    bool writer, ptn_qindex_t **ret_ix)
{
    ptn_rc_t       rc;
    ptn_qindex_t  *ix;

    ix = calloc(1, sizeof(ptn_qindex_t));
    if (ix == NULL) {
        return PTN_ENOMEM;
    }

    ix->conf = conf;
    ix->io = io;
    ix->log = log;
    ix->writer = writer;
    ix->fd = -1;
    ix->nhash = PTN_QINDEX_HASH;
    ix->hash = calloc(ix->nhash, sizeof(ptn_qmsg_t *));
    ix->pool = ptn_pool_create(0, NULL);

    rc = PTN_ENOMEM;

    if (ix->hash == NULL || ix->pool == NULL) {
        goto failed;
    }

    ptn_buf_init(&ix->buf, ix->pool);

    rc = ptn_seg_dir(io, conf, ix->dir);
    if (rc != PTN_OK) {
        goto failed;
    }

    rc = ptn_qindex_states_load(ix);
    if (rc != PTN_OK) {
        goto failed;
    }

    /* states first, messages then: what is found done is not brought up */

    rc = ptn_qindex_scan(ix, ptn_qindex_none, NULL);
    if (rc != PTN_OK) {
        goto failed;
    }

    ptn_qindex_old_done(ix);

    if (writer) {
        ptn_qindex_sweep(ix);

        rc = ptn_qindex_states_rewrite(ix);
        if (rc != PTN_OK) {
            goto failed;
        }
    }

    *ret_ix = ix;

    return PTN_OK;

failed:

    ptn_qindex_close(ix);

    return rc;
}


void
ptn_qindex_each(ptn_qindex_t *ix, void (*found)(void *ctx, ptn_qmsg_t *msg),
    void *ctx)
{
    ptn_qseg_t  *seg;
    ptn_qmsg_t  *m;

    for (seg = ix->segs; seg != NULL; seg = seg->next) {
        for (m = seg->msgs; m != NULL; m = m->seg_next) {
            if (m->left > 0) {
                found(ctx, m);
            }
        }
    }
}


void
ptn_qindex_close(ptn_qindex_t *ix)
{
    ptn_qseg_t  *seg;

    if (ix == NULL) {
        return;
    }

    while (ix->segs != NULL) {
        seg = ix->segs;
        ix->segs = seg->next;
        ptn_qindex_seg_free(ix, seg);
    }

    if (ix->fd != -1) {
        ix->io->close(ix->io, ix->fd);
    }

    ptn_qindex_old_done(ix);
    ptn_pool_destroy(ix->pool);
    free(ix->hash);
    free(ix);
}


bool
ptn_qindex_complete(const ptn_qmsg_t *msg)
{
    return msg->seg->complete;
}


const char *
ptn_qindex_path(const ptn_qmsg_t *msg)
{
    return msg->seg->path;
}


size_t
ptn_qindex_waiting(const ptn_qindex_t *ix)
{
    return ix->waiting;
}


bool
ptn_qindex_flushed(ptn_qindex_t *ix)
{
    char  path[PTN_SEG_PATH + 16];

    snprintf(path, sizeof(path), "%s/flush", ix->dir);

    return ix->io->unlink(ix->io, path) == 0;
}
