#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_runner.h"


#define ptn_job_rec(job)  ((ptn_rec_t *) (job))

typedef struct {
    void    *p;
    size_t   len;
} ptn_job_map_t;


ptn_rc_t
ptn_job_body_read(ptn_job_t *job, uint64_t off, void *p, size_t n)
{
    int       fd;
    ssize_t   got;
    u_char   *s;

    fd = ptn_job_rec(job)->body;
    s = p;

    if (fd == -1 || off > job->body_len || n > job->body_len - off) {
        return PTN_ETRUNC;
    }

    while (n > 0) {
        got = pread(fd, s, n, (off_t) off);

        if (got == -1 && errno == EINTR) {
            continue;
        }

        if (got == -1) {
            return PTN_EIO;
        }

        if (got == 0) {
            return PTN_ETRUNC;
        }

        s += got;
        off += (uint64_t) got;
        n -= (size_t) got;
    }

    return PTN_OK;
}


void
ptn_job_place(ptn_job_t *job, uint32_t slot)
{
    if (ptn_job_rec(job)->prepare && job->slot == PTN_SLOT_ANY
        && slot < PTN_SLOTS)
    {
        job->slot = slot;
    }
}


static void
ptn_job_unmap(void *data)
{
    ptn_job_map_t  *map;

    map = data;
    munmap(map->p, map->len);
}


static ptn_rc_t
ptn_job_copy(ptn_job_t *job, int to)
{
    int       from;
    loff_t    in, out;
    ssize_t   n;
    size_t    part;
    ptn_rc_t  rc;
    u_char   *buf;
    uint64_t  done;

    from = ptn_job_rec(job)->body;
    done = 0;
    buf = NULL;

    while (done < job->body_len) {
        if (ptn_job_cancelled(job)) {
            return PTN_ECANCEL;
        }

        in = (loff_t) done;
        out = (loff_t) done;
        part = (size_t) ptn_min(job->body_len - done, (uint64_t) 1 << 22);

        n = copy_file_range(from, &in, to, &out, part, 0);

        if (n > 0) {
            done += (uint64_t) n;
            continue;
        }

        if (n == 0) {
            return PTN_ETRUNC;
        }

        if (errno == EINTR) {
            continue;
        }

        if (errno == ENOSPC || errno == EDQUOT) {
            return PTN_ENOSPC;
        }

        /* other file systems, old kernels: by hand */

        part = ptn_min(part, (size_t) PTN_CHUNK);

        if (buf == NULL) {
            buf = ptn_palloc(job->pool, PTN_CHUNK);
            if (buf == NULL) {
                return PTN_ENOMEM;
            }
        }

        rc = ptn_job_body_read(job, done, buf, part);
        if (rc == PTN_OK) {
            rc = ptn_spill_write(to, buf, part, done);
        }
        if (rc != PTN_OK) {
            return rc;
        }

        done += part;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_job_body_map(ptn_job_t *job, ptn_str_t *ret_body)
{
    int             fd;
    void           *p;
    ptn_rc_t        rc;
    struct stat     st;
    ptn_job_map_t  *map;

    if (ptn_job_rec(job)->body == -1) {
        return PTN_ETRUNC;
    }

    if (ptn_job_rec(job)->mapped.data != NULL) {
        *ret_body = ptn_job_rec(job)->mapped;
        return PTN_OK;
    }

    if (job->body_len == 0) {
        *ret_body = ptn_str("");
        return PTN_OK;
    }

    if (fstat(ptn_job_rec(job)->body, &st) == -1) {
        return PTN_EIO;
    }

    if ((uint64_t) st.st_size < job->body_len) {
        return PTN_ETRUNC;
    }

    map = ptn_palloc(job->pool, sizeof(ptn_job_map_t));
    if (map == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_spill_open(ptn_job_rec(job)->runner, &fd);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_job_copy(job, fd);
    if (rc != PTN_OK) {
        close(fd);
        return rc;
    }

    p = mmap(NULL, job->body_len, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);

    if (p == MAP_FAILED) {
        return PTN_ENOMEM;
    }

    (void) madvise(p, job->body_len, MADV_DONTDUMP);

    map->p = p;
    map->len = job->body_len;

    rc = ptn_pool_cleanup(job->pool, ptn_job_unmap, map);
    if (rc != PTN_OK) {
        munmap(p, job->body_len);
        return rc;
    }

    ptn_job_rec(job)->mapped = ptn_str_make(p, job->body_len);
    *ret_body = ptn_job_rec(job)->mapped;

    return PTN_OK;
}


/*
 * The executor on which a reply call runs: of the job itself, or, for a
 * parked job, of the session's running one.
 */

static ptn_exec_t *
ptn_job_exec(ptn_rec_t *rec)
{
    if (rec->state == PTN_REC_PARKED || rec->state == PTN_REC_ZOMBIE) {
        return rec->session != NULL && rec->session->current != NULL
               ? rec->session->current->job.exec : NULL;
    }

    return rec->job.exec;
}


/* The reply must wait for a commit. */

static bool
ptn_job_held(ptn_rec_t *rec)
{
    ptn_exec_t          *exec;
    const ptn_hooks_t   *hooks;

    exec = ptn_job_exec(rec);
    hooks = rec->runner->proc->hooks;

    if (exec == NULL || !exec->opened || hooks == NULL
        || hooks->pending == NULL || !hooks->pending(exec->app))
    {
        return false;
    }

    if (rec->state == PTN_REC_PARKED && !rec->held) {
        rec->held = true;
        rec->touched_next = exec->touched;
        exec->touched = rec;
    }

    return true;
}


ptn_rc_t
ptn_job_meta(ptn_job_t *job, const void *data, size_t len)
{
    ptn_rec_t  *rec;

    rec = ptn_job_rec(job);

    if (len > PTN_JOB_META_MAX) {
        return PTN_ETOOBIG;
    }

    if (rec->reply.meta != NULL || rec->reply.streaming
        || rec->reply.small_len != 0)
    {
        return PTN_EINVAL;
    }

    rec->reply.meta = ptn_pmemdup(job->pool, data, len);
    if (rec->reply.meta == NULL) {
        return PTN_ENOMEM;
    }

    rec->reply.meta_len = (uint32_t) len;

    return PTN_OK;
}


static ptn_rc_t
ptn_job_parked_reply(ptn_rec_t *rec, const void *data, size_t len)
{
    bool          held;
    ptn_rc_t      rc;

    pthread_mutex_lock(&rec->runner->park);

    if (rec->state != PTN_REC_PARKED || ptn_reply_gone(rec)) {
        pthread_mutex_unlock(&rec->runner->park);
        return PTN_ECANCEL;
    }

    held = ptn_job_held(rec);
    rc = ptn_reply_add(rec, data, len, held);

    if (rec->reply.spill_len > rec->reply.spill_off) {
        atomic_store(&rec->cell->waiting, 2);
        ptn_reply_pump(rec);
    }

    pthread_mutex_unlock(&rec->runner->park);

    return rc;
}


ptn_rc_t
ptn_job_reply(ptn_job_t *job, const void *data, size_t len)
{
    ptn_rec_t  *rec;

    rec = ptn_job_rec(job);

    if (rec->state == PTN_REC_PARKED || rec->state == PTN_REC_ZOMBIE) {
        return ptn_job_parked_reply(rec, data, len);
    }

    return ptn_reply_add(rec, data, len, ptn_job_held(rec));
}


ptn_rc_t
ptn_job_reply_fd(ptn_job_t *job, int fd, uint64_t off, uint64_t len)
{
    ptn_rc_t    rc;
    ptn_rec_t  *rec;

    rec = ptn_job_rec(job);

    pthread_mutex_lock(&rec->runner->park);

    if (rec->state == PTN_REC_ZOMBIE) {
        rc = PTN_ECANCEL;

    } else {
        (void) ptn_job_held(rec);
        rc = ptn_reply_file(rec, fd, off, len);
    }

    pthread_mutex_unlock(&rec->runner->park);

    return rc;
}


ptn_rc_t
ptn_job_flush(ptn_job_t *job)
{
    ptn_rc_t    rc;
    ptn_rec_t  *rec;

    rec = ptn_job_rec(job);

    if (ptn_reply_gone(rec)) {
        return PTN_ECANCEL;
    }

    if (ptn_job_held(rec)) {
        return PTN_OK;
    }

    if (rec->state != PTN_REC_PARKED && rec->state != PTN_REC_ZOMBIE) {
        return ptn_reply_post(rec);
    }

    pthread_mutex_lock(&rec->runner->park);

    rc = rec->state == PTN_REC_PARKED ? ptn_reply_post(rec) : PTN_ECANCEL;

    pthread_mutex_unlock(&rec->runner->park);

    return rc;
}


ptn_rc_t
ptn_job_trailer(ptn_job_t *job, const void *data, size_t len)
{
    ptn_rec_t  *rec;

    rec = ptn_job_rec(job);

    if (len > PTN_JOB_TRAILER_MAX) {
        return PTN_ETOOBIG;
    }

    memcpy(rec->reply.trailer, data, len);
    rec->reply.trailer_len = (uint32_t) len;

    return PTN_OK;
}


bool
ptn_job_cancelled(ptn_job_t *job)
{
    return ptn_reply_gone(ptn_job_rec(job));
}


ptn_rc_t
ptn_job_park(ptn_job_t *job)
{
    ptn_rec_t  *rec;

    rec = ptn_job_rec(job);

    if (rec->session == NULL || rec->state != PTN_REC_RUNNING) {
        return PTN_EINVAL;
    }

    rec->park = true;

    return PTN_OK;
}


static uint64_t
ptn_job_left(const ptn_rec_t *rec)
{
    uint64_t  taken;

    taken = atomic_load(&rec->cell->taken);

    return taken > rec->reply.bytes ? 0 : rec->reply.bytes - taken;
}


uint64_t
ptn_job_pending(const ptn_job_t *job)
{
    uint64_t    n;
    ptn_rec_t  *rec;

    rec = (ptn_rec_t *) job;

    if (rec->state != PTN_REC_PARKED) {
        return rec->state == PTN_REC_ZOMBIE ? 0 : ptn_job_left(rec);
    }

    pthread_mutex_lock(&rec->runner->park);
    n = rec->state == PTN_REC_PARKED ? ptn_job_left(rec) : 0;
    pthread_mutex_unlock(&rec->runner->park);

    return n;
}


/*
 * FINAL of a parked job.  Its spilled rest goes out as a file.  `park` is
 * held; the record lives on until its handlers cannot know it any more.
 */

static void
ptn_job_unpark(ptn_rec_t *rec, ptn_rc_t rc)
{
    ptn_runner_t  *r;

    r = rec->runner;

    rec->state = PTN_REC_RUNNING;       /* no pump: FILE may be used */

    pthread_mutex_lock(&r->mu);
    if (r->peer[rec->w].table != NULL
        && r->peer[rec->w].table[rec->ticket] == rec)
    {
        r->peer[rec->w].table[rec->ticket] = NULL;
        r->peer[rec->w].njobs--;
    }
    pthread_mutex_unlock(&r->mu);

    ptn_reply_final(rec, rc);
    ptn_reply_drop(rec);

    rec->state = PTN_REC_ZOMBIE;

    pthread_mutex_lock(&r->mu);
    ptn_exec_retry(r, rec, true);
    pthread_mutex_unlock(&r->mu);
}


void
ptn_park_end(ptn_rec_t *rec, ptn_rc_t rc)
{
    if (rec->state == PTN_REC_PARKED) {
        ptn_job_unpark(rec, rc);
    }
}


void
ptn_park_commit(ptn_exec_t *exec, ptn_rc_t rc)
{
    ptn_rec_t  *rec;

    while ((rec = exec->touched) != NULL) {
        exec->touched = rec->touched_next;

        pthread_mutex_lock(&rec->runner->park);
        rec->held = false;

        if (rec->state == PTN_REC_PARKED) {

            if (rc != PTN_OK) {

                /* what it was told is not true: its client starts anew */

                ptn_reply_drop(rec);
                ptn_job_unpark(rec, rc);

            } else if (rec->park) {
                (void) ptn_reply_post(rec);
                ptn_reply_pump(rec);

            } else {
                ptn_job_unpark(rec, rec->rc);
            }
        }

        pthread_mutex_unlock(&rec->runner->park);

        if (!rec->park) {
            ptn_park_free(rec);
        }
    }
}


/* The handlers have let go of it. */

void
ptn_park_free(ptn_rec_t *rec)
{
    ptn_rec_t     **p;
    ptn_runner_t   *r;

    r = rec->runner;

    pthread_mutex_lock(&r->mu);

    for (p = &rec->session->parked; *p != NULL; p = &(*p)->parked_next) {
        if (*p == rec) {
            *p = rec->parked_next;
            break;
        }
    }

    ptn_rec_free(r, rec);

    pthread_mutex_unlock(&r->mu);
}


/* Workers died: their parked jobs end, and jobs that waited run. */

static ptn_rec_t *
ptn_park_orphan(ptn_runner_t *r)
{
    uint32_t        i;
    ptn_rec_t      *rec, *found;
    ptn_session_t  *s;

    found = NULL;

    for (i = 0; i < PTN_SESSION_BUCKETS; i++) {
        for (s = r->bucket[i]; s != NULL; s = s->next) {
            for (rec = s->parked; rec != NULL; rec = rec->parked_next) {
                ptn_exec_retry(r, rec, false);

                if (rec->orphan && rec->state == PTN_REC_PARKED) {
                    found = rec;
                }
            }
        }
    }

    return found;
}


void
ptn_park_reap(ptn_runner_t *r)
{
    ptn_rec_t  *rec;

    pthread_mutex_lock(&r->park);

    for ( ;; ) {
        pthread_mutex_lock(&r->mu);
        rec = r->reap ? ptn_park_orphan(r) : NULL;
        pthread_mutex_unlock(&r->mu);

        if (rec == NULL) {
            break;
        }

        ptn_job_unpark(rec, PTN_ECANCEL);
    }

    r->reap = false;

    pthread_mutex_unlock(&r->park);
}


void
ptn_job_finish(ptn_job_t *parked, ptn_rc_t rc)
{
    ptn_rec_t  *rec;

    rec = ptn_job_rec(parked);

    pthread_mutex_lock(&rec->runner->park);

    rec->park = false;

    if (rec->state == PTN_REC_PARKED && (ptn_job_held(rec) || rec->held)) {

        /* with the commit */

        rec->rc = rc;
        pthread_mutex_unlock(&rec->runner->park);
        return;
    }

    if (rec->state == PTN_REC_PARKED) {
        ptn_job_unpark(rec, rc);
    }

    if (rec->held) {
        pthread_mutex_unlock(&rec->runner->park);
        return;                         /* ptn_park_commit() frees it */
    }

    pthread_mutex_unlock(&rec->runner->park);

    ptn_park_free(rec);
}


ptn_rc_t
ptn_job_retry(ptn_job_t *job, ptn_job_t *parked, uint64_t low)
{
    ptn_rec_t  *rec;

    rec = ptn_job_rec(job);

    if (rec->session == NULL || rec->session != ptn_job_rec(parked)->session
        || rec == ptn_job_rec(parked) || rec->reply.begun)
    {
        return PTN_EINVAL;
    }

    rec->wait_for = ptn_job_rec(parked);
    rec->low = low;

    return PTN_OK;
}
