#include <stdlib.h>
#include <unistd.h>

#include "ptn_runner.h"


/*
 * Executors.  Whoever of them is free and first listens to the ring ("leads");
 * it takes jobs itself, so a short job needs no hand-over between threads.
 * While all are busy the control thread looks after the ring every
 * millisecond (ptn_runner_tick).  Without a job: ptn_exec_idle.c.
 *
 *   short   any executor; a writing job of a slot that another one writes to
 *           waits, and may be prepared by a third meanwhile
 *   bulk    any, but never the last one; of low priority while it runs
 *   auth    one thread of its own, of low priority
 *   net     (clerk) any
 */


/* The lane that a job waits in. */

static ptn_lane_e
ptn_exec_lane_of(ptn_rec_t *rec)
{
    /* a malformed job is answered before its type is known */

    return rec->fail != PTN_OK || rec->job.type == NULL
           ? PTN_LANE_SHORT : rec->job.type->lane;
}


/* It takes turns with the writing jobs of its slot. */

bool
ptn_exec_writes(ptn_rec_t *rec)
{
    return (rec->job.type->flags & PTN_JOB_WRITES) != 0
           && rec->job.type->lane == PTN_LANE_SHORT
           && rec->fail == PTN_OK && rec->job.slot < PTN_SLOTS;
}


/* Which slot it writes to is known when it was prepared. */

static bool
ptn_exec_unplaced(ptn_rec_t *rec)
{
    return rec->fail == PTN_OK && rec->job.slot == PTN_SLOT_ANY
           && (rec->job.type->flags & PTN_JOB_WRITES) != 0
           && rec->job.type->prepare != NULL && !rec->tried;
}


static void
ptn_exec_start_auth(ptn_runner_t *r)
{
    ptn_exec_t      *exec;
    pthread_attr_t   attr;

    exec = &r->exec[r->nexecs];

    if (exec->started) {
        return;
    }

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 1024 * 1024);

    if (pthread_create(&exec->thread, &attr, ptn_exec_main, exec) == 0) {
        exec->started = true;
    }

    pthread_attr_destroy(&attr);
}


/* Somebody who sleeps shall look at the queues. */

void
ptn_exec_wake(ptn_runner_t *r)
{
    uint64_t  one = 1;

    if (r->idle > 0) {
        pthread_cond_signal(&r->cond);

    } else if (r->leader != NULL) {
        (void) !write(r->world->ring_fd[r->ring], &one, sizeof(one));
    }
}


/*
 * Behind the writer of its slot.  Who writes takes what was prepared first,
 * and does the whole of what was not yet: so the work is shared, and nobody
 * waits for it.
 */

static void
ptn_exec_behind(ptn_runner_t *r, ptn_rec_t *rec)
{
    if (rec->job.type->prepare == NULL || rec->tried) {
        ptn_fifo_add(&r->slot[rec->job.slot].queue, rec);
        return;
    }

    ptn_fifo_add(&r->early, rec);

    if (r->idle > 0 && ptn_runner_early(r)) {
        pthread_cond_signal(&r->cond);
    }
}


/* How many are behind it, as it begins. */

void
ptn_exec_waiting(ptn_runner_t *r, ptn_rec_t *rec)
{
    rec->job.waiting = r->lane[PTN_LANE_SHORT].n + r->early.n;

    if (rec->job.slot < PTN_SLOTS) {
        rec->job.waiting += r->slot[rec->job.slot].queue.n;
    }
}


/* The next one for who writes to the slot. */

ptn_rec_t *
ptn_exec_next(ptn_runner_t *r, uint32_t slot)
{
    ptn_rec_t  *rec, **link;

    rec = ptn_fifo_take(&r->slot[slot].queue);

    if (rec != NULL) {
        return rec;
    }

    for (link = &r->early.first; (rec = *link) != NULL; link = &rec->next) {
        if (rec->job.slot == slot) {
            *link = rec->next;
            r->early.n--;

            if (rec->next == NULL) {
                r->early.last = link;
            }

            rec->next = NULL;
            break;
        }
    }

    return rec;
}


void
ptn_exec_lane(ptn_runner_t *r, ptn_rec_t *rec)
{
    ptn_lane_e        lane;
    ptn_lane_slot_t  *slot;

    rec->state = PTN_REC_QUEUED;

    if (ptn_exec_writes(rec)) {
        slot = &r->slot[rec->job.slot];
        if (slot->writer != NULL) {
            ptn_exec_behind(r, rec);
            return;
        }
    }

    lane = ptn_exec_lane_of(rec);
    ptn_fifo_add(&r->lane[lane], rec);

    if (lane == PTN_LANE_AUTH) {
        ptn_exec_start_auth(r);
        pthread_cond_signal(&r->cond_auth);

    } else if (lane == PTN_LANE_BULK || lane == PTN_LANE_NET) {
        if (r->idle > 0) {
            pthread_cond_signal(&r->cond);
        }
    }
}


void
ptn_exec_queue(ptn_runner_t *r, ptn_rec_t *rec)
{
    ptn_session_t    *s;
    const ptn_sid_t   none = { { 0 } };

    if (rec->fail == PTN_OK && rec->session == NULL
        && memcmp(&rec->sid, &none, sizeof(none)) != 0)
    {
        s = ptn_session_find(r, &rec->sid);

        if (s != NULL && s->bound_w != PTN_NONE
            && (s->bound_w != rec->w || s->bound_epoch != rec->epoch))
        {
            s = NULL;
        }

        if (s == NULL || s->ending) {
            ptn_world_count(r->world, PTN_STAT_SESSIONS_LOST, 1);
            rec->fail = PTN_ESTALE;

        } else {
            rec->session = s;
            rec->job.session = s;

            if (s->current != NULL) {
                ptn_fifo_add(&s->queue, rec);
                return;
            }

            s->current = rec;
        }
    }

    ptn_exec_lane(r, rec);
}


/* A job that waits for a parked one runs again, before its session's next. */

void
ptn_exec_retry(ptn_runner_t *r, ptn_rec_t *parked, bool all)
{
    uint64_t       taken, left;
    ptn_rec_t     *rec;
    ptn_fifo_t     again, keep;

    ptn_fifo_init(&again);
    ptn_fifo_init(&keep);

    taken = atomic_load(&parked->cell->taken);
    left = taken > parked->reply.bytes ? 0 : parked->reply.bytes - taken;

    while ((rec = ptn_fifo_take(&parked->waiters)) != NULL) {
        if (all || left <= rec->low || ptn_reply_gone(rec)) {
            ptn_fifo_add(&again, rec);
        } else {
            ptn_fifo_add(&keep, rec);
        }
    }

    while ((rec = ptn_fifo_take(&keep)) != NULL) {
        ptn_fifo_add(&parked->waiters, rec);
    }

    while ((rec = ptn_fifo_take(&again)) != NULL) {
        rec->wait_for = NULL;
        rec->state = PTN_REC_QUEUED;

        if (rec->session->current != NULL) {
            ptn_fifo_add_first(&rec->session->queue, rec);
            continue;
        }

        rec->session->current = rec;
        ptn_exec_lane(r, rec);
        ptn_exec_wake(r);
    }
}


static ptn_rec_t *
ptn_exec_pick(ptn_exec_t *exec)
{
    bool              bulk;
    ptn_rec_t        *rec;
    ptn_runner_t     *r;
    ptn_lane_slot_t  *slot;

    r = exec->runner;

    if (exec->auth) {
        return ptn_fifo_take(&r->lane[PTN_LANE_AUTH]);
    }

    bulk = ptn_runner_bulk(r);

    /* short jobs first, but they shall not starve the bulk lane */

    if (bulk && (++r->turn % 16 == 0 || r->lane[PTN_LANE_SHORT].n == 0)) {
        rec = ptn_fifo_take(&r->lane[PTN_LANE_BULK]);
        r->bulk++;
        return rec;
    }

    while ((rec = ptn_fifo_take(&r->lane[PTN_LANE_SHORT])) != NULL) {

        if (ptn_exec_writes(rec)) {
            slot = &r->slot[rec->job.slot];

            if (slot->writer != NULL) {
                ptn_exec_behind(r, rec);
                continue;
            }

            slot->writer = exec;

        } else if (ptn_exec_unplaced(rec)) {
            rec->prepare = true;
            r->preparing++;
        }

        return rec;
    }

    if (ptn_runner_early(r)) {
        rec = ptn_fifo_take(&r->early);
        rec->prepare = true;
        r->preparing++;
        return rec;
    }

    return ptn_fifo_take(&r->lane[PTN_LANE_NET]);
}


/* The app of this executor; what fails is tried again after a while. */

static ptn_rc_t
ptn_exec_app(ptn_exec_t *exec)
{
    ptn_rc_t          rc;
    ptn_runner_t     *r;

    r = exec->runner;

    if (exec->opened || r->proc->hooks == NULL
        || r->proc->hooks->open == NULL)
    {
        return PTN_OK;
    }

    if (ptn_time_mono() < exec->retry_open) {
        return PTN_EUNAVAIL;
    }

    rc = r->proc->hooks->open(exec, r->world, r->proc->conf, r->log,
                              &exec->app);
    if (rc == PTN_OK) {
        exec->opened = true;
        exec->backoff = 0;
        return PTN_OK;
    }

    exec->backoff = exec->backoff == 0 ? 1 : ptn_min(exec->backoff * 2, 30u);
    exec->retry_open = ptn_time_mono() + exec->backoff * 1000;

    ptn_log(r->log, PTN_LOG_ERROR,
            "executor cannot start executor=%u rc=%s retry=%us",
            exec->index, ptn_err(rc)->name, exec->backoff);

    return rc;
}


ptn_rc_t
ptn_exec_open(ptn_exec_t *exec)
{
    return ptn_exec_app(exec);
}


bool
ptn_exec_pending(ptn_exec_t *exec)
{
    const ptn_hooks_t  *hooks;

    hooks = exec->runner->proc->hooks;

    return hooks != NULL && hooks->pending != NULL && exec->opened
           && hooks->pending(exec->app);
}


static ptn_rc_t
ptn_exec_request(ptn_rec_t *rec)
{
    u_char           *p;
    uint32_t          word;
    ptn_shm_slot_t   *s;

    word = ptn_cell_word(rec->gen, PTN_CELL_ACCEPTED);

    if (!atomic_compare_exchange_strong(&rec->cell->state, &word,
                               ptn_cell_word(rec->gen, PTN_CELL_RUNNING))
        && word != ptn_cell_word(rec->gen, PTN_CELL_RUNNING))
    {
        return PTN_EINVAL;          /* not the job that we accepted */
    }

    s = ptn_shm_slot(rec->runner->world, rec->w);

    if (!rec->prepared) {
        p = ptn_palloc(rec->job.pool, (size_t) rec->len + 1);
        if (p == NULL) {
            return PTN_ENOMEM;
        }

        memcpy(p, rec->off == PTN_NONE ? rec->cell->request
                                       : s->request + rec->off, rec->len);
        p[rec->len] = '\0';

        rec->job.request = ptn_str_make(p, rec->len);
    }

    /* a new owner of the slot says so before it writes there */

    atomic_thread_fence(memory_order_seq_cst);

    return atomic_load(&s->epoch) == rec->epoch ? PTN_OK : PTN_ECANCEL;
}


static ptn_work_t *
ptn_exec_work(ptn_runner_t *r)
{
    ptn_work_t  *work;

    pthread_mutex_lock(&r->mu);
    work = r->nwork > 0 ? r->work[--r->nwork] : NULL;
    pthread_mutex_unlock(&r->mu);

    if (work != NULL) {
        return work;
    }

    work = malloc(sizeof(ptn_work_t));
    if (work == NULL) {
        return NULL;
    }

    work->pool = ptn_pool_create(r->proc->conf != NULL
                                 ? r->proc->conf->job_memory : 0, NULL);
    if (work->pool == NULL) {
        free(work);
        return NULL;
    }

    return work;
}


static void
ptn_exec_failed(ptn_rec_t *rec, ptn_rc_t rc)
{
    rec->rc = rc;

    if (rec->job.type->failed != NULL && !rec->reply.begun
        && rec->job.pool != NULL)
    {
        rec->job.type->failed(&rec->job, rc);
    }
}


void
ptn_exec_one(ptn_exec_t *exec, ptn_rec_t *rec)
{
    bool           low;
    ptn_rc_t       rc;
    ptn_runner_t  *r;

    r = exec->runner;

    rec->state = PTN_REC_RUNNING;
    rec->park = false;
    rec->wait_for = NULL;
    rec->job.exec = exec;
    rec->job.log = r->log;
    rec->job.app = NULL;

    if (rec->work == NULL) {
        rec->work = ptn_exec_work(r);
        if (rec->work == NULL) {
            rec->rc = PTN_ENOMEM;
            return;
        }
        rec->job.pool = rec->work->pool;
        ptn_reply_init(&rec->reply, rec->work->small);
    }

    if (ptn_reply_gone(rec)) {
        rec->rc = PTN_ECANCEL;
        return;
    }

    rc = ptn_exec_request(rec);
    if (rc != PTN_OK) {
        rec->rc = rc;
        return;
    }

    rc = ptn_exec_app(exec);
    rec->job.app = exec->app;

    if (rec->prepare) {
        if (rc == PTN_OK) {
            rec->job.type->prepare(&rec->job);
            rec->prepared = true;
        }

        return;
    }

    if (rec->fail != PTN_OK) {
        rc = rec->fail;
    }

    if (rc != PTN_OK) {
        ptn_exec_failed(rec, rc);
        return;
    }

    low = rec->job.type->lane == PTN_LANE_BULK && !exec->auth;

    if (low) {
        ptn_exec_priority(exec, true);
    }

    rec->rc = rec->job.type->run(&rec->job);

    if (low) {
        ptn_exec_priority(exec, false);
    }

    if (rec->rc == PTN_AGAIN && !rec->park && rec->wait_for == NULL) {
        rec->rc = PTN_EINTERNAL;
    }
}


/* A job leaves its session; mu held. */

static void
ptn_exec_leave(ptn_runner_t *r, ptn_rec_t *rec)
{
    ptn_session_t  *s;

    s = rec->session;

    if (s != NULL && s->current == rec) {
        s->fresh = false;
        ptn_session_next(r, s);
    }

    if (ptn_exec_lane_of(rec) == PTN_LANE_BULK && r->bulk > 0
        && rec->state == PTN_REC_RUNNING)
    {
        r->bulk--;
    }
}


static void
ptn_exec_park(ptn_rec_t *rec)
{
    ptn_runner_t   *r;
    ptn_session_t  *s;

    r = rec->runner;
    s = rec->session;

    pthread_mutex_lock(&r->park);

    if (rec->reply.small_len != 0 || rec->reply.meta_len != 0
        || rec->reply.streaming)
    {
        (void) ptn_reply_post(rec);
    }

    pthread_mutex_lock(&r->mu);

    if (ptn_exec_lane_of(rec) == PTN_LANE_BULK && r->bulk > 0) {
        r->bulk--;
    }

    rec->state = PTN_REC_PARKED;
    rec->parked_next = s->parked;
    s->parked = rec;
    s->fresh = false;
    ptn_session_next(r, s);

    pthread_mutex_unlock(&r->mu);

    if (ptn_reply_gone(rec)) {
        ptn_park_end(rec, PTN_ECANCEL);
    }

    pthread_mutex_unlock(&r->park);
}


/* Waits, without an executor, until the parked job has drained. */

static void
ptn_exec_wait(ptn_rec_t *rec)
{
    ptn_rec_t      *parked;
    ptn_runner_t   *r;
    ptn_session_t  *s;

    r = rec->runner;
    s = rec->session;

    ptn_reply_drop(rec);
    ptn_pool_reset(rec->work->pool);
    ptn_reply_init(&rec->reply, rec->work->small);
    rec->prepared = false;
    rec->job.ready = NULL;
    rec->mapped = ptn_str_make(NULL, 0);

    pthread_mutex_lock(&r->park);
    pthread_mutex_lock(&r->mu);

    if (ptn_exec_lane_of(rec) == PTN_LANE_BULK && r->bulk > 0) {
        r->bulk--;
    }

    /* its handler may have finished the other one after all */

    for (parked = s->parked; parked != NULL; parked = parked->parked_next) {
        if (parked == rec->wait_for) {
            break;
        }
    }

    if (parked == NULL) {
        ptn_fifo_add_first(&s->queue, rec);
        rec->state = PTN_REC_QUEUED;
        rec->wait_for = NULL;
        ptn_session_next(r, s);

    } else {
        rec->state = PTN_REC_RETRY;
        ptn_fifo_add(&parked->waiters, rec);

        atomic_store(&parked->cell->waiting, 2);
        atomic_thread_fence(memory_order_seq_cst);

        ptn_session_next(r, s);
        ptn_exec_retry(r, parked, parked->state != PTN_REC_PARKED);
    }

    pthread_mutex_unlock(&r->mu);
    pthread_mutex_unlock(&r->park);
}


void
ptn_exec_finish(ptn_rec_t *rec, ptn_rc_t rc)
{
    bool            orphan;
    uint32_t        word;
    ptn_peer_t     *peer;
    ptn_runner_t   *r;

    r = rec->runner;
    peer = &r->peer[rec->w];

    pthread_mutex_lock(&r->mu);

    if (peer->table != NULL && peer->table[rec->ticket] == rec) {
        peer->table[rec->ticket] = NULL;
        peer->njobs--;
    }

    orphan = rec->orphan;
    ptn_exec_leave(r, rec);

    pthread_mutex_unlock(&r->mu);

    atomic_fetch_add(&r->shm->jobs, 1);
    ptn_world_count(r->world, PTN_STAT_JOBS, 1);

    if (rc != PTN_OK) {
        atomic_fetch_add(&r->shm->failed, 1);
        ptn_world_count(r->world, rc == PTN_ECANCEL ? PTN_STAT_JOBS_CANCELLED
                                                    : PTN_STAT_JOBS_FAILED, 1);
    }

    if (rec->work == NULL) {
        ptn_reply_init(&rec->reply, NULL);
    }

    if (orphan) {
        word = ptn_cell_word(rec->gen, PTN_CELL_RUNNING);
        (void) atomic_compare_exchange_strong(&rec->cell->state, &word,
                                   ptn_cell_word(rec->gen, PTN_CELL_DONE));
    } else {
        ptn_reply_final(rec, rc);
    }

    ptn_reply_drop(rec);

    if (rec->work != NULL) {
        ptn_pool_reset(rec->work->pool);
    }

    pthread_mutex_lock(&r->mu);

    ptn_rec_free(r, rec);

    pthread_mutex_unlock(&r->mu);
}


void
ptn_exec_answer(ptn_rec_t *rec, ptn_rc_t commit)
{
    if (commit != PTN_OK) {
        ptn_reply_drop(rec);

        if (rec->session != NULL && rec->session->fresh) {
            memset(&rec->reply.session, 0, sizeof(rec->reply.session));
            ptn_session_end(rec->session);
        }

        ptn_exec_failed(rec, commit);
        ptn_exec_finish(rec, commit);
        return;
    }

    if (rec->rc == PTN_AGAIN && rec->park) {
        ptn_exec_park(rec);
        return;
    }

    if (rec->rc == PTN_AGAIN && rec->wait_for != NULL) {
        ptn_exec_wait(rec);
        return;
    }

    ptn_exec_finish(rec, rec->rc);
}


static bool
ptn_exec_close_session(ptn_exec_t *exec)
{
    ptn_runner_t   *r;
    ptn_session_t  *s;

    r = exec->runner;
    s = r->closing;

    if (s == NULL || exec->auth) {
        return false;
    }

    r->closing = s->next;
    r->running++;

    pthread_mutex_unlock(&r->mu);
    (void) ptn_exec_app(exec);
    ptn_session_close(s, exec->app);

    if (ptn_exec_pending(exec)) {
        (void) r->proc->hooks->commit(exec->app);
    }

    pthread_mutex_lock(&r->mu);

    r->running--;

    return true;
}


void *
ptn_exec_main(void *data)
{
    bool           idled, rested;
    ptn_rec_t     *rec;
    ptn_exec_t    *exec;
    ptn_runner_t  *r;

    exec = data;
    r = exec->runner;
    idled = false;

    ptn_exec_priority_init(exec);

    pthread_mutex_lock(&r->mu);

    for ( ;; ) {

        if (ptn_exec_close_session(exec)) {
            continue;
        }

        rec = atomic_load(&r->no_intake) ? NULL : ptn_exec_pick(exec);

        if (rec != NULL) {
            idled = false;
            r->running++;
            ptn_exec_waiting(r, rec);

            pthread_mutex_unlock(&r->mu);
            ptn_exec_run(exec, rec);

            if (exec->opened && r->proc->hooks->due != NULL
                && r->proc->hooks->due(exec->app))
            {
                exec->due = true;
            }

            exec->worked = ptn_time_mono();

            pthread_mutex_lock(&r->mu);

            r->running--;
            r->worked = exec->worked;

            if (atomic_load(&r->no_intake) && r->running == 0) {
                pthread_cond_signal(&r->cond_done);
            }

            continue;
        }

        if (r->stop) {
            break;
        }

        if (ptn_exec_tend(exec)) {
            continue;
        }

        if (!exec->auth && r->leader == NULL && !atomic_load(&r->no_intake)) {
            r->leader = exec;

            pthread_mutex_unlock(&r->mu);
            rested = ptn_exec_listen(exec, idled);
            pthread_mutex_lock(&r->mu);

            r->leader = NULL;

            if (rested) {
                ptn_exec_idle(exec, &idled);
            }

            continue;
        }

        ptn_exec_sleep(exec, &idled);
    }

    pthread_mutex_unlock(&r->mu);

    return NULL;
}
