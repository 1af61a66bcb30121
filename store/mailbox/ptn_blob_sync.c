/*
 * The files and directories that a batch has written to, synced before its
 * COMMIT, each once.
 *
 * All at the same time, by as many threads: what one sync waits for, the
 * journal's commit and the disk's cache, is what the others wait for too, and
 * the file system does it for all of them at once.  A thread costs some 30 us
 * and lives as long as the sync; where there is none, the others do its share.
 */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "ptn_mailbox.h"


#define PTN_BLOB_OPEN_MAX  64           /* unsynced files, held open */
#define PTN_BLOB_DIRS      256
#define PTN_BLOB_THREADS   16           /* with the executor itself */
#define PTN_BLOB_STACK     (128 * 1024)


/* A file, or the directory blob/NN where fd is -1. */
typedef struct {
    int                fd;
    unsigned           dir;
    ptn_rc_t           rc;
    ptn_blob_known_t  *known;
} ptn_blob_work_t;

typedef struct {
    ptn_mbox_t       *mb;
    _Atomic unsigned  next;
    unsigned          n;
    ptn_blob_work_t   work[PTN_BLOB_OPEN_MAX + PTN_BLOB_DIRS];
} ptn_blob_sync_t;


static void
ptn_blob_sync_one(ptn_mbox_t *mb, ptn_blob_work_t *w)
{
    char       path[PTN_BLOB_PATH];
    ptn_io_t  *io;

    if (w->fd == -1) {
        snprintf(path, sizeof(path), "%s/blob/%02x", mb->dir, w->dir);
        w->rc = ptn_blob_sync_dir(mb->store, path, PTN_IO_BLOB_DIR);
        return;
    }

    io = mb->store->io;
    w->rc = (io->fdatasync(io, w->fd, PTN_IO_BLOB) == -1)
            ? ptn_errno_rc(errno) : PTN_OK;
}


static void *
ptn_blob_sync_some(void *data)
{
    unsigned          i;
    ptn_blob_sync_t  *s = data;

    while ((i = atomic_fetch_add(&s->next, 1)) < s->n) {
        ptn_blob_sync_one(s->mb, &s->work[i]);
    }

    return NULL;
}


static void
ptn_blob_sync_all(ptn_blob_sync_t *s)
{
    unsigned        i, n;
    pthread_t       thread[PTN_BLOB_THREADS];
    pthread_attr_t  attr;

    n = 0;

    if (s->n > 1 && pthread_attr_init(&attr) == 0) {
        pthread_attr_setstacksize(&attr, PTN_BLOB_STACK);

        while (n + 1 < ptn_min(s->n, (unsigned) PTN_BLOB_THREADS)
               && pthread_create(&thread[n], &attr, ptn_blob_sync_some, s)
                  == 0)
        {
            n++;
        }

        pthread_attr_destroy(&attr);
    }

    ptn_blob_sync_some(s);

    for (i = 0; i < n; i++) {
        pthread_join(thread[i], NULL);
    }
}


/* What is held open and, with `dirs`, the directories with new names. */

static ptn_rc_t
ptn_blob_sync_open(ptn_mbox_t *mb, bool dirs)
{
    unsigned           i;
    ptn_rc_t           rc;
    ptn_blob_open_t   *f;
    ptn_blob_sync_t    s;
    ptn_blob_work_t   *w;
    ptn_blob_known_t  *k;

    s.mb = mb;
    s.n = 0;
    atomic_init(&s.next, 0);

    for (i = 0; i < mb->nunsynced; i++) {
        f = &mb->unsynced[i];
        k = ptn_blob_known(mb->store, f->dev, f->ino);

        if (k == NULL || !k->synced) {
            s.work[s.n++] = (ptn_blob_work_t) { .fd = f->fd, .known = k };
        }
    }

    for (i = 0; i < PTN_BLOB_DIRS && dirs; i++) {
        if (mb->blob_dirs[i / 8] & (1 << i % 8)) {
            s.work[s.n++] = (ptn_blob_work_t) { .fd = -1, .dir = i };
        }
    }

    ptn_blob_sync_all(&s);
    rc = PTN_OK;

    for (i = 0; i < s.n; i++) {
        w = &s.work[i];

        if (w->rc != PTN_OK && rc == PTN_OK) {
            rc = w->rc;
        }

        if (w->known == NULL) {
            continue;
        }

        /* whoever opens it anew would be told that all is well */

        if (w->rc != PTN_OK) {
            ptn_blob_known_drop(w->known);

        } else {
            w->known->synced = true;
        }
    }

    for (i = 0; i < mb->nunsynced; i++) {
        mb->store->io->close(mb->store->io, mb->unsynced[i].fd);
    }

    mb->nunsynced = 0;

    return rc;
}


/* After an error nothing of the batch may be committed: it is over. */

ptn_rc_t
ptn_blob_sync(ptn_mbox_t *mb)
{
    ptn_rc_t  rc;

    rc = ptn_blob_sync_open(mb, true);
    memset(mb->blob_dirs, 0, sizeof(mb->blob_dirs));

    return rc;
}


/* The batch was undone: its files are spare. */

void
ptn_blob_unsynced_drop(ptn_mbox_t *mb)
{
    unsigned  i;

    for (i = 0; i < mb->nunsynced; i++) {
        mb->store->io->close(mb->store->io, mb->unsynced[i].fd);
    }

    mb->nunsynced = 0;
    memset(mb->blob_dirs, 0, sizeof(mb->blob_dirs));
}


ptn_rc_t
ptn_blob_unsynced(ptn_mbox_t *mb, const u_char sha256[32], int fd,
    uint64_t dev, uint64_t ino)
{
    ptn_rc_t  rc;

    if (!mb->store->conf->fsync) {
        mb->store->io->close(mb->store->io, fd);
        return PTN_OK;
    }

    rc = PTN_OK;
    mb->blob_dirs[sha256[0] / 8] |= (u_char) (1 << sha256[0] % 8);

    if (mb->unsynced == NULL) {
        mb->unsynced = calloc(PTN_BLOB_OPEN_MAX, sizeof(ptn_blob_open_t));
        rc = mb->unsynced ? PTN_OK : PTN_ENOMEM;

    } else if (mb->nunsynced == PTN_BLOB_OPEN_MAX) {
        rc = ptn_blob_sync_open(mb, false);
    }

    if (rc != PTN_OK) {
        mb->store->io->close(mb->store->io, fd);
        return rc;
    }

    mb->unsynced[mb->nunsynced].fd = fd;
    mb->unsynced[mb->nunsynced].dev = dev;
    mb->unsynced[mb->nunsynced].ino = ino;
    mb->nunsynced++;

    return PTN_OK;
}
