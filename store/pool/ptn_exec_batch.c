/*
 * What an executor does with a job that it has picked: prepares it, runs it, or
 * runs a batch of writing jobs of its slot with one commit.
 */

#include "ptn_runner.h"


/*
 * false: it is behind the writer of its slot.  true: it is to be run now; its
 * slot is ours, if it has one.
 */

static bool
ptn_exec_prepare(ptn_exec_t *exec, ptn_rec_t *rec)
{
    bool              now;
    uint32_t          word;
    ptn_runner_t     *r;
    ptn_lane_slot_t  *slot;

    r = exec->runner;
    ptn_exec_one(exec, rec);

    now = true;

    pthread_mutex_lock(&r->mu);

    rec->prepare = false;
    rec->tried = true;
    r->preparing--;

    if (ptn_exec_writes(rec)) {
        slot = &r->slot[rec->job.slot];
        now = (slot->writer == NULL && !atomic_load(&r->no_intake));

        if (now) {
            slot->writer = exec;

        } else {

            /* nothing was done: who takes over may run it */

            word = ptn_cell_word(rec->gen, PTN_CELL_RUNNING);
            (void) atomic_compare_exchange_strong(&rec->cell->state, &word,
                               ptn_cell_word(rec->gen, PTN_CELL_ACCEPTED));

            ptn_exec_lane(r, rec);
        }
    }

    pthread_mutex_unlock(&r->mu);

    return now;
}


/*
 * The next job of a batch; NULL: it is to be committed.  Where a commit is
 * quick, those that nobody has prepared yet are left to others: they prepare
 * them while this one waits for the disk.
 */

static ptn_rec_t *
ptn_exec_more(ptn_runner_t *r, uint32_t at, const ptn_fifo_t *done)
{
    ptn_rec_t  *rec;

    /* jobs of the slot that came meanwhile */

    (void) ptn_intake(r);

    pthread_mutex_lock(&r->mu);

    rec = NULL;

    if (done->n < PTN_BATCH_FILL || r->slot[at].queue.n != 0
        || r->commit_us >= PTN_BATCH_QUICK)
    {
        rec = ptn_exec_next(r, at);
    }

    if (rec != NULL) {
        ptn_exec_waiting(r, rec);
    }

    pthread_mutex_unlock(&r->mu);

    return rec;
}


/* While it waits for the disk there is a processor more to prepare with. */

static ptn_rc_t
ptn_exec_commit(ptn_exec_t *exec, const ptn_fifo_t *done)
{
    ptn_rc_t       rc;
    uint64_t       begun, us;
    ptn_runner_t  *r;

    r = exec->runner;

    pthread_mutex_lock(&r->mu);

    r->committing++;

    if (r->idle > 0 && ptn_runner_early(r)) {
        pthread_cond_signal(&r->cond);
    }

    pthread_mutex_unlock(&r->mu);

    begun = ptn_time_mono_us();
    rc = r->proc->hooks->commit(exec->app);
    us = ptn_min(ptn_time_mono_us() - begun, (uint64_t) 1000000);

    pthread_mutex_lock(&r->mu);
    r->committing--;
    r->commit_us = (3 * r->commit_us + (uint32_t) us) / 4;
    pthread_mutex_unlock(&r->mu);

    atomic_fetch_add(&r->shm->batches, 1);
    ptn_world_count(r->world, PTN_STAT_BATCHES, 1);

    if (done->n > 1) {
        ptn_world_count(r->world, PTN_STAT_BATCHED, done->n);
    }

    if (rc != PTN_OK) {
        ptn_world_count(r->world, PTN_STAT_BATCH_FAILED, 1);
        ptn_log(r->log, PTN_LOG_ERROR, "commit failed slot=%u jobs=%u"
                " rc=%s", done->first->job.slot, done->n, ptn_err(rc)->name);
    }

    return rc;
}


/*
 * The slot's next batch.  The same executor goes on with it, whose cache of
 * the mailbox is warm, but not for long, and not while others wait for an
 * executor.  NULL: the slot has no writer any more.
 */

static ptn_rec_t *
ptn_exec_again(ptn_exec_t *exec, uint32_t at, unsigned times)
{
    ptn_rec_t     *rec;
    ptn_runner_t  *r;

    r = exec->runner;

    pthread_mutex_lock(&r->mu);

    rec = ptn_exec_next(r, at);

    if (rec == NULL || times >= PTN_BATCHES || r->lane[PTN_LANE_SHORT].n > 0
        || atomic_load(&r->no_intake) || r->stop)
    {
        r->slot[at].writer = NULL;

        if (rec != NULL) {
            ptn_fifo_add(&r->lane[PTN_LANE_SHORT], rec);    /* its turn comes */
        }

        rec = NULL;
    }

    if (rec != NULL) {
        ptn_exec_waiting(r, rec);
    }

    pthread_mutex_unlock(&r->mu);

    return rec;
}


/*
 * One job, or a batch of writing jobs of its slot with one commit; the first of
 * the slot's next batch.  Where there is none the slot is free before these
 * replies go out: who sends the next job then finds it so.
 */

static ptn_rec_t *
ptn_exec_batch(ptn_exec_t *exec, ptn_rec_t *rec, bool writes, unsigned times)
{
    ptn_rc_t    rc;
    uint32_t    at;
    uint64_t    start;
    ptn_rec_t  *next;
    ptn_fifo_t  done;

    at = rec->job.slot;
    start = 0;
    rc = PTN_OK;

    ptn_fifo_init(&done);

    while (rec != NULL) {
        ptn_exec_one(exec, rec);
        ptn_fifo_add(&done, rec);

        if (!writes || done.n >= PTN_BATCH_JOBS || !ptn_exec_pending(exec)) {
            break;
        }

        if (start == 0) {
            start = ptn_time_mono();

        } else if (ptn_time_mono() - start >= PTN_BATCH_MS) {
            break;
        }

        rec = ptn_exec_more(exec->runner, at, &done);
    }

    if (ptn_exec_pending(exec)) {
        rc = ptn_exec_commit(exec, &done);
    }

    next = writes ? ptn_exec_again(exec, at, times) : NULL;

    ptn_park_commit(exec, rc);

    while ((rec = ptn_fifo_take(&done)) != NULL) {
        ptn_exec_answer(rec, rc);
    }

    return next;
}


void
ptn_exec_run(ptn_exec_t *exec, ptn_rec_t *rec)
{
    bool      writes;
    unsigned  times;

    if (rec->prepare && !ptn_exec_prepare(exec, rec)) {
        return;
    }

    writes = ptn_exec_writes(rec);

    for (times = 1; rec != NULL; times++) {
        rec = ptn_exec_batch(exec, rec, writes, times);
    }
}
