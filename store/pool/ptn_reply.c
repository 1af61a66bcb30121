#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ptn_runner.h"


/*
 * A reply begins in a small private buffer.  If it ends there, it travels
 * with FINAL in the job's cell.  Else it streams: through chunks while the
 * client keeps up, through a nameless file when it does not.
 */

void
ptn_reply_init(ptn_reply_t *o, u_char *small)
{
    memset(o, 0, sizeof(ptn_reply_t));
    o->small = small;
    o->chunk = PTN_NONE;
    o->spill = -1;
    o->out_last = &o->out;
}


bool
ptn_reply_gone(ptn_rec_t *rec)
{
    ptn_shm_slot_t  *s;

    s = ptn_shm_slot(rec->runner->world, rec->w);

    return atomic_load(&rec->gone)
           || atomic_load(&s->epoch) != rec->epoch
           || atomic_load(&rec->cell->cancel) == rec->gen
           || atomic_load(&rec->runner->terminate);
}


static ptn_rc_t
ptn_reply_out(ptn_reply_t *o, ptn_out_t *part)
{
    ptn_out_t  *p;

    p = malloc(sizeof(ptn_out_t));
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    *p = *part;
    p->next = NULL;
    *o->out_last = p;
    o->out_last = &p->next;

    return PTN_OK;
}


/* What is in the open chunk and not in `out` yet. */

static ptn_rc_t
ptn_reply_mark(ptn_reply_t *o, bool done)
{
    ptn_rc_t   rc;
    ptn_out_t  part;

    if (o->chunk == PTN_NONE || (o->fill == o->mark && !done)) {
        return PTN_OK;
    }

    memset(&part, 0, sizeof(part));
    part.fd = -1;
    part.chunk = o->chunk;
    part.off = o->mark;
    part.len = o->fill - o->mark;
    part.done = done;

    rc = ptn_reply_out(o, &part);
    if (rc != PTN_OK) {
        return rc;
    }

    o->mark = o->fill;

    if (done) {
        o->chunk = PTN_NONE;
        o->spare++;
    }

    return PTN_OK;
}


/* A worker gets no right to write to our file system. */

static int
ptn_reply_readonly(int fd)
{
    int   ro;
    char  path[32];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ro = open(path, O_RDONLY|O_CLOEXEC);

    return ro != -1 ? ro : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}


static ptn_rc_t
ptn_reply_mark_spill(ptn_rec_t *rec)
{
    ptn_rc_t      rc;
    ptn_out_t     part;
    ptn_reply_t  *o;

    o = &rec->reply;

    if (o->spill == -1 || o->spill_off == o->spill_len) {
        return PTN_OK;
    }

    memset(&part, 0, sizeof(part));
    part.fd = ptn_reply_readonly(o->spill);
    if (part.fd == -1) {
        return PTN_ELIMIT;
    }

    part.file_off = o->spill_off;
    part.len = o->spill_len - o->spill_off;

    rc = ptn_reply_out(o, &part);
    if (rc != PTN_OK) {
        close(part.fd);
        return rc;
    }

    ptn_world_count(rec->runner->world, PTN_STAT_SPILLED, 1);
    ptn_world_count(rec->runner->world, PTN_STAT_SPILLED_BYTES, part.len);
    atomic_fetch_add(&rec->runner->shm->spilled, 1);
    o->spill_off = o->spill_len;

    return PTN_OK;
}


static ptn_rc_t
ptn_reply_spill(ptn_rec_t *rec, const u_char *p, size_t len)
{
    ptn_rc_t      rc;
    ptn_reply_t  *o;

    o = &rec->reply;

    if (o->spill == -1) {
        rc = ptn_spill_open(rec->runner, &o->spill);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    rc = ptn_reply_mark(o, true);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_spill_write(o->spill, p, len, o->spill_len);
    if (rc == PTN_OK) {
        o->spill_len += len;
    }

    return rc;
}


/*
 * Each announcement wakes the worker, which may take our processor for it:
 * a long reply goes out in batches of 1, 2, 4, 4 .. chunks.  A parked job's
 * goes at once: who writes to it waits for what its client takes.
 */

static bool
ptn_reply_due(ptn_rec_t *rec)
{
    ptn_reply_t  *o;

    o = &rec->reply;

    return o->spare > 0
           && (o->spare >= ptn_max(o->batch, 1u)
               || rec->state != PTN_REC_RUNNING
               || ptn_window_used(rec) >= PTN_WINDOW);
}


static ptn_rc_t
ptn_reply_stream(ptn_rec_t *rec, const u_char *p, size_t len, bool held)
{
    bool          wait;
    size_t        n;
    ptn_rc_t      rc;
    ptn_reply_t  *o;

    o = &rec->reply;

    while (len > 0) {

        if (o->spill_len > o->spill_off) {
            return ptn_reply_spill(rec, p, len);
        }

        if (o->chunk == PTN_NONE) {

            /*
             * Nobody takes what is held, nor what is more than a window in
             * one piece sooner than a file is written.
             */

            wait = !held && rec->state == PTN_REC_RUNNING
                   && len <= PTN_WINDOW * PTN_CHUNK;

            o->chunk = ptn_window_take(rec, wait);
            o->fill = 0;
            o->mark = 0;

            if (o->chunk == PTN_NONE) {
                if (ptn_reply_gone(rec)) {
                    return PTN_ECANCEL;
                }
                return ptn_reply_spill(rec, p, len);
            }
        }

        n = ptn_min(len, (size_t) (PTN_CHUNK - o->fill));
        memcpy(ptn_window_data(rec, o->chunk) + o->fill, p, n);
        o->fill += (uint32_t) n;
        p += n;
        len -= n;

        if (o->fill == PTN_CHUNK) {
            rc = ptn_reply_mark(o, true);

            if (rc == PTN_OK && !held && ptn_reply_due(rec)) {
                rc = ptn_reply_post(rec);
                o->batch = ptn_min(ptn_max(o->batch, 1u) * 2, PTN_BATCH_CHUNKS);
            }

            if (rc != PTN_OK) {
                return rc;
            }
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_reply_start(ptn_rec_t *rec, bool held)
{
    ptn_reply_t  *o;

    o = &rec->reply;

    if (o->streaming) {
        return PTN_OK;
    }

    o->streaming = true;
    o->since = ptn_time_mono();

    return ptn_reply_stream(rec, o->small, o->small_len, held);
}


ptn_rc_t
ptn_reply_add(ptn_rec_t *rec, const u_char *p, size_t len, bool held)
{
    ptn_rc_t      rc;
    ptn_reply_t  *o;

    o = &rec->reply;

    if (len == 0) {
        return PTN_OK;
    }

    if (ptn_reply_gone(rec)) {
        return PTN_ECANCEL;
    }

    if (!o->streaming && len <= PTN_CELL_INLINE - o->small_len) {
        memcpy(o->small + o->small_len, p, len);
        o->small_len += (uint32_t) len;
        o->bytes += len;
        return PTN_OK;
    }

    rc = ptn_reply_start(rec, held);

    if (rc == PTN_OK) {
        rc = ptn_reply_stream(rec, p, len, held);
    }

    if (rc == PTN_OK) {
        o->bytes += len;
    }

    return rc;
}


ptn_rc_t
ptn_reply_file(ptn_rec_t *rec, int fd, uint64_t off, uint64_t len)
{
    ptn_rc_t      rc;
    ptn_out_t     part;
    ptn_reply_t  *o;

    o = &rec->reply;

    if (len == 0) {
        return PTN_OK;
    }

    if (ptn_reply_gone(rec)) {
        return PTN_ECANCEL;
    }

    rc = ptn_reply_start(rec, true);

    if (rc == PTN_OK) {
        rc = ptn_reply_mark(o, false);
    }

    if (rc == PTN_OK) {
        rc = ptn_reply_mark_spill(rec);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    memset(&part, 0, sizeof(part));
    part.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (part.fd == -1) {
        return PTN_ELIMIT;
    }

    part.file_off = off;
    part.len = len;

    rc = ptn_reply_out(o, &part);
    if (rc != PTN_OK) {
        close(part.fd);
    }

    return rc;
}


static void
ptn_reply_message(ptn_rec_t *rec, ptn_down_t *m, ptn_down_e op)
{
    memset(m, 0, sizeof(ptn_down_t));
    m->op = (uint16_t) op;
    m->ticket = rec->ticket;
    m->gen = rec->gen;
    m->epoch = rec->epoch;
}


static bool
ptn_reply_meta(ptn_rec_t *rec)
{
    ptn_down_t    m;
    ptn_reply_t  *o;

    o = &rec->reply;

    if (o->meta_gone || o->meta_len == 0) {
        return false;
    }

    o->meta_gone = true;
    memcpy(rec->cell->reply, o->meta, o->meta_len);

    ptn_reply_message(rec, &m, PTN_DOWN_META);
    m.meta = o->meta_len;

    return ptn_post_quiet(rec->runner, rec->w, &m, -1);
}


static bool
ptn_reply_part(ptn_rec_t *rec, const ptn_out_t *part)
{
    ptn_down_t  m;

    if (part->fd == -1) {

        /* an empty rest only says that the chunk is done */

        ptn_window_posted(rec, part->chunk);
        ptn_reply_message(rec, &m, PTN_DOWN_DATA);
        m.chunk = part->chunk;
        m.off = part->off;
        m.len = (uint32_t) part->len;
        m.flags = part->done ? PTN_DOWN_CHUNK_DONE : 0;

    } else {
        ptn_reply_message(rec, &m, PTN_DOWN_FILE);
        m.u.file.off = part->file_off;
        m.u.file.len = part->len;
    }

    return ptn_post_quiet(rec->runner, rec->w, &m, part->fd);
}


/*
 * Announces all that there is, except in the spill of a parked job.  *wake:
 * the worker must be woken, once for all of it.
 */

static ptn_rc_t
ptn_reply_announce(ptn_rec_t *rec, bool *wake)
{
    ptn_rc_t      rc;
    ptn_out_t    *part;
    ptn_reply_t  *o;

    o = &rec->reply;

    rc = ptn_reply_start(rec, true);

    if (rc == PTN_OK) {
        rc = ptn_reply_mark(o, false);
    }

    if (rc == PTN_OK && rec->state != PTN_REC_PARKED) {
        rc = ptn_reply_mark_spill(rec);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    *wake |= ptn_reply_meta(rec);

    while ((part = o->out) != NULL) {
        o->out = part->next;
        if (o->out == NULL) {
            o->out_last = &o->out;
        }

        *wake |= ptn_reply_part(rec, part);

        if (part->fd != -1) {
            close(part->fd);
        }

        free(part);
        o->begun = true;
    }

    o->spare = 0;

    return PTN_OK;
}


ptn_rc_t
ptn_reply_post(ptn_rec_t *rec)
{
    bool      wake;
    ptn_rc_t  rc;

    wake = false;
    rc = ptn_reply_announce(rec, &wake);

    if (wake) {
        ptn_post_wake(rec->runner, rec->w);
    }

    return rc;
}


/* Forgets what the worker does not know of: a commit failed, an error. */

void
ptn_reply_drop(ptn_rec_t *rec)
{
    ptn_out_t    *part;
    ptn_reply_t  *o;

    o = &rec->reply;

    while ((part = o->out) != NULL) {
        o->out = part->next;

        if (part->fd != -1) {
            close(part->fd);

        } else if (part->off == 0) {

            /*
             * Nothing of this chunk is out.  Of one that was announced the
             * worker may have made another job's by now.
             */

            ptn_window_free(rec, part->chunk);
        }

        free(part);
    }

    o->out_last = &o->out;
    o->spare = 0;

    if (o->chunk != PTN_NONE) {
        if (o->mark == 0) {
            ptn_window_free(rec, o->chunk);
        }
        o->chunk = PTN_NONE;
    }

    if (o->spill != -1) {
        close(o->spill);
        o->spill = -1;
    }

    o->spill_off = 0;
    o->spill_len = 0;
    o->small_len = 0;
    o->trailer_len = 0;

    if (!o->meta_gone) {
        o->meta_len = 0;
    }

    if (!o->begun) {
        o->streaming = false;
        o->bytes = 0;
    }
}


void
ptn_reply_final(ptn_rec_t *rec, ptn_rc_t rc)
{
    bool          wake;
    ptn_down_t    m;
    ptn_reply_t  *o;

    o = &rec->reply;
    wake = false;

    if (o->streaming && ptn_reply_announce(rec, &wake) != PTN_OK) {

        /* part of the reply is lost: the client must not take it for whole */

        ptn_reply_drop(rec);
        rc = rc == PTN_OK ? PTN_EIO : rc;
    }

    ptn_reply_message(rec, &m, PTN_DOWN_FINAL);

    if (!o->streaming) {
        if (o->meta_len != 0 && !o->meta_gone) {
            memcpy(rec->cell->reply, o->meta, o->meta_len);
            m.meta = o->meta_len;
        }

        if (o->small_len != 0) {
            memcpy(rec->cell->reply + m.meta, o->small, o->small_len);
            m.len = o->small_len;
        }
    }

    if (o->trailer_len != 0) {
        memcpy(rec->cell->reply + PTN_CELL_TRAILER, o->trailer,
               o->trailer_len);
        m.trailer = o->trailer_len;
    }

    m.rc = (uint32_t) rc;
    m.u.session = o->session;

    if (ptn_post_quiet(rec->runner, rec->w, &m, -1) || wake) {
        ptn_post_wake(rec->runner, rec->w);
    }

    if (o->spill != -1) {
        close(o->spill);
        o->spill = -1;
    }
}


/*
 * A parked reply outlives its window: what did not fit waits in a file of
 * ours and moves into chunks as the client takes them.  `park` is held.
 */

void
ptn_reply_pump(ptn_rec_t *rec)
{
    size_t        n;
    ssize_t       got;
    ptn_reply_t  *o;

    o = &rec->reply;

    if (rec->state != PTN_REC_PARKED || rec->held || o->spill == -1) {
        return;
    }

    while (o->spill_off < o->spill_len) {

        if (o->chunk == PTN_NONE) {
            o->chunk = ptn_window_take(rec, false);
            o->fill = 0;
            o->mark = 0;

            if (o->chunk == PTN_NONE) {
                break;
            }
        }

        n = (size_t) ptn_min(o->spill_len - o->spill_off,
                             (uint64_t) (PTN_CHUNK - o->fill));

        got = pread(o->spill, ptn_window_data(rec, o->chunk) + o->fill, n,
                    (off_t) o->spill_off);
        if (got <= 0) {
            atomic_store(&rec->gone, true);
            break;
        }

        o->spill_off += (uint64_t) got;
        o->fill += (uint32_t) got;

        if (o->fill == PTN_CHUNK) {
            (void) ptn_reply_mark(o, true);
        }
    }

    if (o->spill_off == o->spill_len && o->spill_len != 0) {
        o->spill_off = 0;
        o->spill_len = 0;
        (void) !ftruncate(o->spill, 0);
    }

    (void) ptn_reply_post(rec);
}
