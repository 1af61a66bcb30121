#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_queue_states.h"


static int
ptn_qindex_old_cmp(const void *a, const void *b)
{
    const ptn_qindex_old_t  *x = a, *y = b;

    if (x->id != y->id) {
        return x->id < y->id ? -1 : 1;
    }

    return x->seq < y->seq ? -1 : x->seq > y->seq;
}


static ptn_rc_t
ptn_qindex_old_add(ptn_qindex_t *ix, uint64_t id, const ptn_seg_state_t *st)
{
    size_t             n;
    ptn_qindex_old_t  *old;

    if (ix->nold == ix->old_size) {
        n = ix->old_size ? ix->old_size * 2 : 256;

        old = realloc(ix->old, n * sizeof(ptn_qindex_old_t));
        if (old == NULL) {
            return PTN_ENOMEM;
        }

        ix->old = old;
        ix->old_size = n;
    }

    old = &ix->old[ix->nold];
    old->id = id;
    old->seq = ix->nold;
    old->st = *st;

    old->st.detail.data = (u_char *) strndup((char *) st->detail.data,
                                             st->detail.len);
    if (old->st.detail.data == NULL) {
        return PTN_ENOMEM;
    }

    ix->nold++;

    return PTN_OK;
}


void
ptn_qindex_old_done(ptn_qindex_t *ix)
{
    size_t  i;

    for (i = 0; i < ix->nold; i++) {
        free(ix->old[i].st.detail.data);
    }

    free(ix->old);
    ix->old = NULL;
    ix->nold = 0;
    ix->old_size = 0;
}


static ptn_rc_t
ptn_qindex_states_parse(ptn_qindex_t *ix, const u_char *p, size_t len)
{
    ptn_rc_t         rc;
    const u_char    *end;
    ptn_seg_head_t   head;
    ptn_seg_state_t  st;

    if (len < PTN_SEG_HEADER) {
        return PTN_OK;
    }

    rc = ptn_seg_header_get(p, PTN_SEG_STATES);
    if (rc != PTN_OK) {
        return rc == PTN_ECORRUPT ? PTN_OK : rc;
    }

    end = p + len;
    p += PTN_SEG_HEADER;

    while (end - p >= PTN_SEG_HEAD) {

        if (ptn_seg_head_get(p, &head) != PTN_OK
            || head.type != PTN_SEG_STATE || head.data_len != 0
            || (size_t) (end - p) - PTN_SEG_HEAD < head.meta_len
            || ptn_queue_crc(0, p + PTN_SEG_HEAD, head.meta_len)
               != head.meta_crc
            || ptn_seg_state_get(ptn_str_make(p + PTN_SEG_HEAD,
                                              head.meta_len), &st)
               != PTN_OK)
        {
            break;                      /* the torn tail */
        }

        rc = ptn_qindex_old_add(ix, head.id, &st);
        if (rc != PTN_OK) {
            return rc;
        }

        p += PTN_SEG_HEAD + head.meta_len;
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_qindex_states_file(ptn_qindex_t *ix, const char *name)
{
    int          fd;
    char         path[PTN_SEG_PATH + 256];
    u_char      *p;
    ptn_rc_t     rc;
    struct stat  st;

    snprintf(path, sizeof(path), "%s/%s", ix->dir, name);

    fd = ix->io->open(ix->io, path, O_RDONLY|O_CLOEXEC, 0);
    if (fd == -1) {
        return errno == ENOENT ? PTN_OK : PTN_EIO;
    }

    rc = PTN_EIO;
    p = NULL;

    if (fstat(fd, &st) == 0) {
        rc = PTN_ENOMEM;
        p = malloc((size_t) st.st_size + 1);
    }

    if (p != NULL) {
        rc = PTN_EIO;

        if (ptn_io_read_all(ix->io, fd, p, (size_t) st.st_size, 0)
            == (ssize_t) st.st_size)
        {
            rc = ptn_qindex_states_parse(ix, p, (size_t) st.st_size);
        }
    }

    free(p);
    ix->io->close(ix->io, fd);

    return rc;
}


static int
ptn_qindex_is_state(const struct dirent *de)
{
    return ptn_qindex_suffix(de->d_name, ".state");
}


/* All state logs, oldest first: names are ordered by their number. */

ptn_rc_t
ptn_qindex_states_load(ptn_qindex_t *ix)
{
    int              i, n;
    char            *dash;
    ptn_rc_t         rc;
    struct dirent  **list;

    n = scandir(ix->dir, &list, ptn_qindex_is_state, alphasort);
    if (n == -1) {
        return PTN_EIO;
    }

    for (rc = PTN_OK, i = 0; i < n; i++) {
        if (rc == PTN_OK) {
            rc = ptn_qindex_states_file(ix, list[i]->d_name);
        }
    }

    for (i = 0; i < n; i++) {

        /* the next log must sort behind these */

        dash = strrchr(list[i]->d_name, '-');
        if (dash != NULL) {
            ix->number = ptn_max(ix->number, strtoull(dash + 1, NULL, 16));
        }

        free(list[i]);
    }

    free(list);

    if (ix->nold > 0) {
        qsort(ix->old, ix->nold, sizeof(ptn_qindex_old_t),
              ptn_qindex_old_cmp);
    }

    return rc;
}


static void
ptn_qindex_states_keep(ptn_buf_t *b, const ptn_qmsg_t *m)
{
    uint32_t         i;
    ptn_seg_state_t  st;

    /* states go by id: those of the first count for both */

    if (m->again) {
        return;
    }

    memset(&st, 0, sizeof(st));

    if (m->left == 0) {
        st.rcpt = PTN_QINDEX_ALL;
        st.status = PTN_QUEUE_DELIVERED;
        ptn_seg_state_put(b, m->id, &st);
        return;
    }

    for (i = 0; i < m->nrcpt; i++) {
        st.rcpt = i;
        st.status = m->rcpt[i].status;
        st.attempts = m->rcpt[i].attempts;
        st.due = m->rcpt[i].due;
        st.detail = ptn_str_z(m->rcpt[i].detail);

        if (st.status != PTN_QUEUE_WAITING || st.attempts) {
            ptn_seg_state_put(b, m->id, &st);
        }
    }
}


static void
ptn_qindex_states_unlink(ptn_qindex_t *ix, const char *keep)
{
    DIR            *dir;
    char            path[PTN_SEG_PATH + 256];
    struct dirent  *de;

    dir = opendir(ix->dir);
    if (dir == NULL) {
        return;
    }

    while ((de = readdir(dir)) != NULL) {
        if (!ptn_qindex_suffix(de->d_name, ".state")) {
            continue;
        }

        snprintf(path, sizeof(path), "%s/%s", ix->dir, de->d_name);

        if (strcmp(path, keep) != 0) {
            (void) ix->io->unlink(ix->io, path);
        }
    }

    closedir(dir);
}


/*
 * Begins a new state log that holds what is still of use, durable before the
 * old ones go.
 */
ptn_rc_t
ptn_qindex_states_rewrite(ptn_qindex_t *ix)
{
    int          fd;
    char         path[PTN_SEG_PATH];
    ptn_rc_t     rc;
    ptn_buf_t    b;
    ptn_pool_t  *pool;
    ptn_qseg_t  *seg;
    ptn_qmsg_t  *m;

    pool = ptn_pool_create((size_t) 1 << 30, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    ptn_buf_init(&b, pool);

    for (seg = ix->segs; seg != NULL; seg = seg->next) {
        for (m = seg->msgs; m != NULL; m = m->seg_next) {
            ptn_qindex_states_keep(&b, m);
        }
    }

    if (b.failed) {
        rc = PTN_ENOMEM;
        goto done;
    }

    rc = ptn_seg_create(ix->io, ix->dir, "clerk", PTN_SEG_STATES, &ix->number,
                        ix->conf->fsync, &fd, path);
    if (rc != PTN_OK) {
        goto done;
    }

    if (ptn_io_write_all(ix->io, fd, b.data, b.len, PTN_SEG_HEADER) == -1
        || (ix->conf->fsync
            && ix->io->fdatasync(ix->io, fd, PTN_IO_QUEUE) == -1))
    {
        rc = errno == ENOSPC ? PTN_ENOSPC : PTN_EIO;
        (void) ix->io->unlink(ix->io, path);
        ix->io->close(ix->io, fd);
        goto done;
    }

    if (ix->fd != -1) {
        ix->io->close(ix->io, ix->fd);
    }

    ix->fd = fd;
    ix->len = PTN_SEG_HEADER + (off_t) b.len;
    memcpy(ix->path, path, sizeof(path));

    ptn_qindex_states_unlink(ix, path);

done:

    ptn_pool_destroy(pool);

    return rc;
}


void
ptn_qindex_state(ptn_qindex_t *ix, ptn_qmsg_t *msg, uint32_t n,
    const ptn_seg_state_t *st)
{
    ptn_seg_state_t  copy;

    copy = *st;
    copy.rcpt = n;

    ptn_seg_state_put(&ix->buf, msg->id, &copy);
    ptn_qindex_apply(ix, msg, &copy);
}


ptn_rc_t
ptn_qindex_sync(ptn_qindex_t *ix)
{
    ptn_rc_t  rc;

    if (ix->buf.len == 0 && !ix->buf.failed) {
        return PTN_OK;
    }

    rc = PTN_EIO;

    if (!ix->buf.failed && ix->fd != -1
        && ptn_io_write_all(ix->io, ix->fd, ix->buf.data, ix->buf.len, ix->len)
           == 0
        && (!ix->conf->fsync
            || ix->io->fdatasync(ix->io, ix->fd, PTN_IO_QUEUE) == 0))
    {
        ix->len += (off_t) ix->buf.len;
        rc = PTN_OK;
    }

    ptn_pool_reset(ix->pool);
    ptn_buf_init(&ix->buf, ix->pool);

    if (rc == PTN_OK) {
        return PTN_OK;
    }

    /*
     * The log is not to be trusted any more: all that is known goes to a new
     * one.  (What is left of the old one is true, too.)
     */

    if (ix->fd != -1) {
        ix->io->close(ix->io, ix->fd);
        ix->fd = -1;
    }

    rc = ptn_qindex_states_rewrite(ix);

    if (rc != PTN_OK) {
        ptn_log(ix->log, PTN_LOG_ERROR, "queue states=%s", ptn_err(rc)->name);
    }

    return rc;
}
