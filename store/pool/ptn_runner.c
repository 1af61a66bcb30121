#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "ptn_runner.h"


ptn_rec_t *
ptn_rec_new(ptn_runner_t *r)
{
    ptn_rec_t  *rec;

    rec = r->free_rec;

    if (rec != NULL) {
        r->free_rec = rec->next;
        r->nfree_rec--;

    } else {
        rec = malloc(sizeof(ptn_rec_t));
        if (rec == NULL) {
            return NULL;
        }
    }

    memset(rec, 0, sizeof(ptn_rec_t));
    rec->runner = r;
    rec->body = -1;
    rec->reply.spill = -1;
    rec->reply.chunk = PTN_NONE;
    rec->reply.out_last = &rec->reply.out;
    ptn_fifo_init(&rec->waiters);

    return rec;
}


void
ptn_rec_free(ptn_runner_t *r, ptn_rec_t *rec)
{
    if (rec->orphan) {
        r->peer[rec->w].orphans--;
    }

    if (rec->body != -1) {
        close(rec->body);
    }

    if (rec->work != NULL) {
        if (r->nwork < ptn_nelts(r->work)) {
            ptn_pool_reset(rec->work->pool);
            r->work[r->nwork++] = rec->work;

        } else {
            ptn_pool_destroy(rec->work->pool);
            free(rec->work);
        }
    }

    if (r->nfree_rec < 256) {
        rec->next = r->free_rec;
        r->free_rec = rec;
        r->nfree_rec++;

    } else {
        free(rec);
    }
}


static void
ptn_runner_spill_dir(ptn_runner_t *r)
{
    int          n;
    size_t       i;
    const char  *root;

    static const char *const  dirs[] = { "/run", "" };

    root = r->proc->conf != NULL ? r->proc->conf->root : NULL;

    if (root == NULL) {
        return;                         /* memory instead */
    }

    for (i = 0; i < ptn_nelts(dirs); i++) {
        n = snprintf(r->spill_path, sizeof(r->spill_path), "%s%s", root,
                     dirs[i]);

        if (n > 0 && (size_t) n < sizeof(r->spill_path)
            && access(r->spill_path, W_OK|X_OK) == 0)
        {
            r->spill_dir = r->spill_path;
            return;
        }
    }
}


ptn_rc_t
ptn_runner_open(ptn_runner_t *r, ptn_world_t *world, const ptn_proc_t *proc,
    uint32_t ring, bool clerk)
{
    uint32_t  i;

    memset(r, 0, sizeof(ptn_runner_t));

    r->world = world;
    r->proc = proc;
    r->log = proc->log;
    r->ring = ring;
    r->clerk = clerk;
    r->shm = &world->common->store[ring];
    r->tick_fd = -1;

    pthread_mutex_init(&r->park, NULL);
    pthread_mutex_init(&r->mu, NULL);
    pthread_cond_init(&r->cond, NULL);
    pthread_cond_init(&r->cond_auth, NULL);
    pthread_cond_init(&r->cond_taken, NULL);
    pthread_cond_init(&r->cond_done, NULL);

    for (i = 0; i < PTN_LANE_MAX; i++) {
        ptn_fifo_init(&r->lane[i]);
    }

    for (i = 0; i < PTN_SLOTS; i++) {
        ptn_fifo_init(&r->slot[i].queue);
    }

    ptn_fifo_init(&r->early);
    r->preparers = (uint32_t) ptn_max(sysconf(_SC_NPROCESSORS_ONLN) - 1, 1L);

    r->peer = calloc(world->opts.workers, sizeof(ptn_peer_t));
    r->bucket = calloc(PTN_SESSION_BUCKETS, sizeof(ptn_session_t *));
    r->tick_fd = eventfd(0, EFD_CLOEXEC|EFD_NONBLOCK);

    if (r->peer == NULL || r->bucket == NULL || r->tick_fd == -1) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < world->opts.workers; i++) {
        pthread_mutex_init(&r->peer[i].mu, NULL);
        r->peer[i].back_last = &r->peer[i].back;
    }

    r->nexecs = proc->conf != NULL ? proc->conf->executors : 2;
    r->nexecs = ptn_max(ptn_min(r->nexecs, PTN_EXECS_MAX - 1u), 2u);

    if (clerk) {
        r->nexecs = ptn_max(r->nexecs, 4u);     /* they wait, mostly */
    }

    for (i = 0; i <= r->nexecs; i++) {
        r->exec[i].runner = r;
        r->exec[i].index = i;
        r->exec[i].auth = i == r->nexecs;
    }

    ptn_runner_spill_dir(r);

    return PTN_OK;
}


/* After ptn_runner_stop(): no thread is left. */

void
ptn_runner_close(ptn_runner_t *r)
{
    uint32_t     i, k;
    ptn_rec_t   *rec;
    ptn_peer_t  *peer;

    for (i = 0; r->peer != NULL && i < r->world->opts.workers; i++) {
        peer = &r->peer[i];

        for (k = 0; peer->table != NULL && k < PTN_TICKETS; k++) {
            rec = peer->table[k];
            if (rec != NULL) {
                ptn_reply_drop(rec);
                ptn_rec_free(r, rec);
            }
        }

        free(peer->table);

        ptn_post_drop(r, i);
        ptn_intake_unstash(peer);
        pthread_mutex_destroy(&peer->mu);
    }

    while ((rec = r->free_rec) != NULL) {
        r->free_rec = rec->next;
        free(rec);
    }

    while (r->nwork > 0) {
        r->nwork--;
        ptn_pool_destroy(r->work[r->nwork]->pool);
        free(r->work[r->nwork]);
    }

    if (r->tick_fd != -1) {
        close(r->tick_fd);
    }

    free(r->bucket);
    free(r->peer);
}


bool
ptn_runner_waiter(ptn_runner_t *r)
{
    int32_t  pid;

    pid = atomic_load(&r->world->private->lock[r->ring].waiter);

    return pid != (int32_t) getpid() && ptn_shm_alive(pid);
}


/* The parent is gone, or said to leave. */

static bool
ptn_runner_leave(ptn_runner_t *r)
{
    ptn_ctl_e          ctl;
    const ptn_proc_t  *proc;

    proc = r->proc;

    if (proc->parent != 0 && getppid() != proc->parent) {
        return true;
    }

    if (proc->ctl == NULL) {
        return false;
    }

    while ((ctl = proc->ctl(proc->ctl_data)) != PTN_CTL_NONE) {
        if (ctl == PTN_CTL_REOPEN) {
            (void) ptn_log_reopen(r->log);
        } else {
            return true;
        }
    }

    return false;
}


ptn_rc_t
ptn_runner_own(ptn_runner_t *r)
{
    int               err;
    bool              dead;
    int32_t           self;
    uint32_t          i;
    ptn_shm_lock_t   *lock;
    struct timespec   ts;

    lock = &r->world->private->lock[r->ring];
    self = (int32_t) getpid();

    for ( ;; ) {
        err = pthread_mutex_trylock(&lock->lock);

        if (err == EBUSY) {

            /* this makes a predecessor stop popping when it is told to go */

            atomic_store(&lock->waiter, self);

            clock_gettime(CLOCK_REALTIME, &ts);
            ts.tv_nsec += 100 * 1000000;
            if (ts.tv_nsec >= 1000000000) {
                ts.tv_nsec -= 1000000000;
                ts.tv_sec++;
            }

            err = pthread_mutex_timedlock(&lock->lock, &ts);
        }

        if (err == 0 || err == EOWNERDEAD) {
            break;
        }

        if (err != ETIMEDOUT) {
            ptn_log(r->log, PTN_LOG_ERROR, "ring lock failed ring=%u"
                    " err=\"%s\"", r->ring, strerror(err));
            (void) atomic_compare_exchange_strong(&lock->waiter, &self, 0);
            return PTN_EINTERNAL;
        }

        if (ptn_runner_leave(r)) {
            self = (int32_t) getpid();
            (void) atomic_compare_exchange_strong(&lock->waiter, &self, 0);
            return PTN_AGAIN;
        }
    }

    (void) atomic_compare_exchange_strong(&lock->waiter, &self, 0);

    dead = err == EOWNERDEAD;

    if (dead) {
        (void) pthread_mutex_consistent(&lock->lock);
        ptn_world_count(r->world, PTN_STAT_TAKEOVERS, 1);
        ptn_log(r->log, PTN_LOG_WARN, "ring taken over from a dead process"
                " ring=%u pid=%d", r->ring, (int) atomic_load(&r->shm->pid));

    } else if (atomic_load(&r->shm->life) > 0) {
        ptn_world_count(r->world, PTN_STAT_HANDOVERS, 1);
    }

    r->life = atomic_fetch_add(&r->shm->life, 1) + 1;
    atomic_store(&r->shm->sessions, 0);
    ptn_seat_begin(r);

    /* a commit of the dead process may be done and its wake-up lost */

    for (i = 0; dead && !r->clerk && i < PTN_SLOTS; i++) {
        if (ptn_slot_store(r->world, i) == r->ring) {
            ptn_board_bump(r->world, i);
        }
    }

    return PTN_OK;
}


void
ptn_runner_disown(ptn_runner_t *r)
{
    if (!ptn_runner_waiter(r)) {
        atomic_store(&r->shm->pid, 0);
    }

    atomic_store(&r->shm->sleeping, 0);
    pthread_mutex_unlock(&r->world->private->lock[r->ring].lock);
}


ptn_rc_t
ptn_runner_start(ptn_runner_t *r)
{
    uint32_t         i;
    pthread_attr_t   attr;

    ptn_intake_recover(r);

    if (pthread_attr_init(&attr) != 0) {
        return PTN_ENOMEM;
    }

    pthread_attr_setstacksize(&attr, 1024 * 1024);

    for (i = 0; i < r->nexecs; i++) {
        if (pthread_create(&r->exec[i].thread, &attr, ptn_exec_main,
                           &r->exec[i])
            != 0)
        {
            break;
        }
        r->exec[i].started = true;
    }

    pthread_attr_destroy(&attr);

    if (i == 0) {
        return PTN_ENOMEM;
    }

    atomic_store(&r->shm->generation, r->proc->generation);
    atomic_store(&r->shm->pid, (int32_t) getpid());

    return PTN_OK;
}


/* Joins the executors; false: `deadline` (ms, 0: none) or TERM came first. */

static bool
ptn_runner_join(ptn_runner_t *r, bool *quit, bool *terminate, uint32_t wait_ms)
{
    int               err;
    uint32_t          i;
    uint64_t          until;
    struct timespec   ts;

    until = wait_ms != 0 ? ptn_time_mono() + wait_ms : UINT64_MAX;

    for (i = 0; i <= r->nexecs; i++) {
        if (!r->exec[i].started) {
            continue;
        }

        for ( ;; ) {
            clock_gettime(CLOCK_REALTIME, &ts);
            ts.tv_nsec += 20 * 1000000;
            if (ts.tv_nsec >= 1000000000) {
                ts.tv_nsec -= 1000000000;
                ts.tv_sec++;
            }

            err = pthread_timedjoin_np(r->exec[i].thread, NULL, &ts);
            if (err != ETIMEDOUT) {
                break;
            }

            ptn_post_backlog(r);
            ptn_store_main_ctl(r, quit, terminate);

            if (*terminate) {
                until = ptn_min(until, ptn_time_mono() + PTN_TERM_MS);
            }

            if (ptn_time_mono() >= until) {
                return false;
            }
        }

        r->exec[i].started = false;
    }

    return true;
}


/*
 * Takes no more from the ring, lets the running jobs end, joins the threads,
 * closes the sessions.  What was queued stays in its cells for a successor.
 * false: a job goes on and there is no time: the process must _exit().
 */

bool
ptn_runner_stop(ptn_runner_t *r, bool *quit, bool *terminate, uint32_t wait_ms)
{
    void      *app;
    uint32_t   i;
    uint64_t   one = 1;

    atomic_store(&r->no_intake, true);

    pthread_mutex_lock(&r->mu);
    r->stop = true;
    pthread_cond_broadcast(&r->cond);
    pthread_cond_broadcast(&r->cond_auth);
    pthread_mutex_unlock(&r->mu);

    (void) !write(r->world->ring_fd[r->ring], &one, sizeof(one));

    if (!ptn_runner_join(r, quit, terminate, wait_ms)) {
        ptn_log(r->log, PTN_LOG_WARN, "leaving under a running job ring=%u",
                r->ring);
        return false;
    }

    app = NULL;

    for (i = 0; i <= r->nexecs && app == NULL; i++) {
        app = r->exec[i].opened ? r->exec[i].app : NULL;
    }

    ptn_session_close_all(r, app);

    for (i = 0; i <= r->nexecs; i++) {
        if (r->exec[i].opened && r->proc->hooks->close != NULL) {
            r->proc->hooks->close(r->exec[i].app);
        }
        r->exec[i].opened = false;
    }

    for (i = 0; i < 200 && atomic_load(&r->backlog); i++) {
        ptn_post_backlog(r);
        usleep(1000);
    }

    return true;
}


void
ptn_runner_hurry(ptn_runner_t *r)
{
    uint64_t  one = 1;

    if (!atomic_exchange(&r->tick, true)) {
        (void) !write(r->tick_fd, &one, sizeof(one));
    }
}


static bool
ptn_runner_busy(ptn_runner_t *r)
{
    return r->running > 0 || r->lane[PTN_LANE_SHORT].n > 0
           || r->lane[PTN_LANE_BULK].n > 0 || r->lane[PTN_LANE_AUTH].n > 0
           || r->lane[PTN_LANE_NET].n > 0 || r->closing != NULL
           || atomic_load(&r->backlog);
}


int
ptn_runner_tick(ptn_runner_t *r)
{
    bool  look, busy;

    ptn_post_backlog(r);

    pthread_mutex_lock(&r->mu);
    look = r->leader == NULL && r->running > 0;
    pthread_mutex_unlock(&r->mu);

    if (look) {
        (void) ptn_intake(r);
    }

    pthread_mutex_lock(&r->mu);

    if (r->leader == NULL || r->lane[PTN_LANE_SHORT].n > 0
        || r->lane[PTN_LANE_NET].n > 0 || r->closing != NULL
        || ptn_runner_bulk(r) || ptn_runner_early(r))
    {
        ptn_exec_wake(r);
    }

    busy = ptn_runner_busy(r);

    if (busy) {
        r->quiet = 0;

    } else if (++r->quiet > 50) {
        atomic_store(&r->tick, false);
    }

    pthread_mutex_unlock(&r->mu);

    return atomic_load(&r->tick) ? 1 : 1000;
}


bool
ptn_runner_quiet(ptn_runner_t *r)
{
    bool  busy;

    pthread_mutex_lock(&r->mu);
    busy = ptn_runner_busy(r);
    pthread_mutex_unlock(&r->mu);

    return !busy && ptn_intake_empty(r);
}


bool
ptn_runner_workers(ptn_runner_t *r)
{
    uint32_t  w;

    for (w = 0; w < r->world->opts.workers; w++) {
        if (ptn_shm_alive(atomic_load(&ptn_shm_slot(r->world, w)->pid))) {
            return true;
        }
    }

    return false;
}
