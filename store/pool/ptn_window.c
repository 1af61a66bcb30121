#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ptn_runner.h"


/*
 * A streaming reply uses up to PTN_WINDOW chunks of its worker's arena at a
 * time.  Who fills a chunk owns it by its tag; the worker frees it when its
 * client has taken the bytes.  Nothing in a chunk is ever read back, and the
 * worker's counts are only believed as far as they make sense.
 */

uint32_t
ptn_window_used(ptn_rec_t *rec)
{
    uint32_t  released;

    released = atomic_load(&rec->cell->released) & 0x7fffffff;

    return released > rec->reply.taken ? 0 : rec->reply.taken - released;
}


static uint32_t
ptn_window_claim(ptn_rec_t *rec)
{
    uint32_t         i, k, free, tag;
    ptn_shm_slot_t  *s;

    s = ptn_shm_slot(rec->runner->world, rec->w);
    tag = ptn_chunk_tag(rec->runner->ring, rec->epoch);

    /* low chunks first, so that few pages are ever touched */

    for (i = 0; i < PTN_CHUNKS; i += 16) {
        for (k = i; k < i + 16; k++) {
            free = 0;
            if (atomic_load_explicit(&s->chunk[k], memory_order_relaxed) == 0
                && atomic_compare_exchange_strong(&s->chunk[k], &free, tag))
            {
                atomic_store_explicit(&rec->runner->peer[rec->w].touched[k],
                                      true, memory_order_relaxed);
                return k;
            }
        }
    }

    return PTN_NONE;
}


/* false: nothing was given back within the time a client has */

static bool
ptn_window_wait(ptn_rec_t *rec)
{
    uint32_t         seen;
    uint64_t         start, now;
    ptn_reply_t     *o;
    struct timespec  ts;

    o = &rec->reply;
    start = ptn_time_mono();
    now = start;

    for ( ;; ) {
        seen = atomic_load(&rec->cell->released);
        atomic_store(&rec->cell->waiting, 1);
        atomic_thread_fence(memory_order_seq_cst);

        if (ptn_window_used(rec) < PTN_WINDOW) {
            break;
        }

        if (ptn_reply_gone(rec) || now - start >= PTN_WINDOW_MS) {
            atomic_store(&rec->cell->waiting, 0);
            o->waited += now - start;
            return false;
        }

        ts.tv_sec = 0;
        ts.tv_nsec = 10 * 1000000;
        syscall(SYS_futex, &rec->cell->released, FUTEX_WAIT, seen, &ts, NULL,
                0);

        now = ptn_time_mono();
    }

    atomic_store(&rec->cell->waiting, 0);

    /*
     * A client that takes a chunk now and then would hold the executor just
     * as one that takes nothing: below 50 MB/s the rest is spilled as well.
     */

    o->waited += now - start;

    return o->waited < PTN_WINDOW_MS
           || o->bytes / 1000 > (now - o->since) * 50;
}


uint32_t
ptn_window_take(ptn_rec_t *rec, bool wait)
{
    uint32_t  chunk;

    if (ptn_window_used(rec) >= PTN_WINDOW) {
        if (!wait || !ptn_window_wait(rec)) {
            return PTN_NONE;
        }
    }

    chunk = ptn_window_claim(rec);

    if (chunk != PTN_NONE) {
        rec->reply.taken++;
    }

    return chunk;
}


/* Only what was never announced: the rest is the worker's to free. */

void
ptn_window_free(ptn_rec_t *rec, uint32_t chunk)
{
    uint32_t         tag;
    ptn_shm_slot_t  *s;

    s = ptn_shm_slot(rec->runner->world, rec->w);
    tag = ptn_chunk_tag(rec->runner->ring, rec->epoch);

    if (atomic_compare_exchange_strong(&s->chunk[chunk], &tag, 0)) {
        rec->reply.taken--;
    }
}


void
ptn_window_posted(ptn_rec_t *rec, uint32_t chunk)
{
    uint32_t         tag;
    ptn_shm_slot_t  *s;

    s = ptn_shm_slot(rec->runner->world, rec->w);
    tag = ptn_chunk_tag(rec->runner->ring, rec->epoch);

    (void) atomic_compare_exchange_strong(&s->chunk[chunk], &tag,
                                          tag | PTN_CHUNK_POSTED);
}


u_char *
ptn_window_data(ptn_rec_t *rec, uint32_t chunk)
{
    return ptn_shm_slot(rec->runner->world, rec->w)->data[chunk];
}


/*
 * Frees the chunks that this ring took for workers which are gone; at a
 * take-over (`fresh`) also what the predecessor took and never announced.
 */

void
ptn_window_sweep(ptn_runner_t *r, uint32_t w, uint32_t epoch, bool fresh)
{
    uint32_t         i, tag;
    ptn_shm_slot_t  *s;

    s = ptn_shm_slot(r->world, w);

    for (i = 0; i < PTN_CHUNKS; i++) {
        tag = atomic_load(&s->chunk[i]);

        if (tag == 0 || ptn_chunk_store(tag) != r->ring) {
            continue;
        }

        if (ptn_chunk_epoch(tag) == (epoch & 0x3fffff)
            && ((tag & PTN_CHUNK_POSTED) != 0 || !fresh))
        {
            continue;
        }

        (void) atomic_compare_exchange_strong(&s->chunk[i], &tag, 0);
    }
}


/*
 * Memory of chunks that a busy hour touched goes back to the system; the
 * first few of each worker stay.
 */

void
ptn_window_trim(ptn_runner_t *r, uint32_t w)
{
    uint32_t         i, free, tag;
    ptn_peer_t      *peer;
    ptn_shm_slot_t  *s;

    s = ptn_shm_slot(r->world, w);
    peer = &r->peer[w];

    for (i = PTN_WINDOW; i < PTN_CHUNKS; i++) {
        if (!atomic_load_explicit(&peer->touched[i], memory_order_relaxed)) {
            continue;
        }

        free = 0;
        tag = ptn_chunk_tag(r->ring, peer->epoch);

        if (!atomic_compare_exchange_strong(&s->chunk[i], &free, tag)) {
            continue;
        }

        atomic_store_explicit(&peer->touched[i], false, memory_order_relaxed);
        (void) madvise(s->data[i], PTN_CHUNK, MADV_REMOVE);
        (void) atomic_compare_exchange_strong(&s->chunk[i], &tag, 0);
    }
}


ptn_rc_t
ptn_spill_open(ptn_runner_t *r, int *ret_fd)
{
    int  fd;

    fd = -1;

    if (r->spill_dir != NULL) {
        fd = open(r->spill_dir, O_RDWR|O_TMPFILE|O_CLOEXEC, 0600);
    }

    if (fd == -1) {
        fd = memfd_create("postern", MFD_CLOEXEC);
    }

    if (fd == -1) {
        return errno == EMFILE || errno == ENFILE ? PTN_ELIMIT : PTN_EIO;
    }

    *ret_fd = fd;

    return PTN_OK;
}


ptn_rc_t
ptn_spill_write(int fd, const void *p, size_t len, uint64_t off)
{
    ssize_t        n;
    const u_char  *s;

    s = p;

    while (len > 0) {
        n = pwrite(fd, s, len, (off_t) off);

        if (n == -1) {
            if (errno == EINTR) {
                continue;
            }
            return errno == ENOSPC || errno == EDQUOT ? PTN_ENOSPC : PTN_EIO;
        }

        s += n;
        len -= (size_t) n;
        off += (size_t) n;
    }

    return PTN_OK;
}
