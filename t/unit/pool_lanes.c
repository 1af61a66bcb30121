/*
 * Lanes and batches: who waits for whom, one commit for many jobs, and what
 * happens when it fails.
 *
 * Nothing here is measured: handlers wait at gates, so that what is asserted
 * is so, however the threads are scheduled.
 */

#include "pool_fixture.h"
#include "ptn_runner.h"


static fx_t  fx;

#define COMMITS   fx.seen[0]
#define MOST      fx.seen[1]        /* jobs in a commit */
#define OPEN      fx.seen[2]        /* batches: writers of the slot */
#define WRITERS   fx.seen[3]        /* of them at a time, at most */
#define PREPARED  fx.seen[4]
#define BESIDE    fx.seen[5]        /* of them while another one wrote */
#define READY     fx.seen[6]        /* jobs that ran, prepared */
#define WRITING   fx.seen[7]
#define WAITING   fx.seen[8]        /* behind a job, at most */
#define NAPS      fx.seen[9]
#define NAPS_MOST fx.seen[10]
#define BULK      fx.seen[11]       /* bulk jobs that run */
#define LOW       fx.seen[12]       /* jobs that ran at a low priority */
#define HASHED    fx.seen[13]       /* sign-ins that ran */
#define PREPARING fx.seen[14]

/* Gates: closed where not 0. */
#define RUN       fx.seen[32]       /* of a write that says 'g' */
#define COMMIT    fx.seen[33]
#define PREPARE   fx.seen[34]
#define NAP       fx.seen[35]
#define SLOW      fx.seen[36]       /* of bulk jobs and sign-ins */


static void
gate(_Atomic uint64_t *closed)
{
    (void) fx_until(atomic_load(closed) == 0);
}


/* What an executor has open: the batch of a make-believe mailbox. */
typedef struct {
    uint32_t  open;         /* jobs in the batch */
    bool      fails;
} app_t;


static ptn_rc_t
app_open(ptn_exec_t *exec PTN_UNUSED, ptn_world_t *world PTN_UNUSED,
    const ptn_conf_t *conf PTN_UNUSED, ptn_log_t *log PTN_UNUSED,
    void **ret_app)
{
    *ret_app = calloc(1, sizeof(app_t));

    return PTN_OK;
}


static void
app_close(void *app)
{
    free(app);
}


static bool
app_pending(void *app)
{
    return ((app_t *) app)->open != 0;
}


static void
max_seen(_Atomic uint64_t *seen, uint64_t n)
{
    uint64_t  old;

    old = atomic_load(seen);
    while (old < n && !atomic_compare_exchange_weak(seen, &old, n)) {
        /* void */
    }
}


static ptn_rc_t
app_commit(void *data)
{
    bool    fails;
    app_t  *app;

    app = data;
    fails = app->fails;

    atomic_fetch_add(&COMMITS, 1);
    max_seen(&MOST, app->open);
    gate(&COMMIT);

    app->open = 0;
    app->fails = false;

    atomic_fetch_sub(&OPEN, 1);

    return fails ? PTN_EIO : PTN_OK;
}


static ptn_rc_t
run_write(ptn_job_t *job)
{
    app_t  *app;

    app = job->app;

    /* writers of the slot in this process: one at a time */

    if (app->open == 0) {
        max_seen(&WRITERS, atomic_fetch_add(&OPEN, 1) + 1);
    }

    app->open++;

    if (ptn_str_eqz(job->request, "break")
        || ptn_str_eqz(job->request, "pbreak"))
    {
        app->fails = true;
    }

    ptn_job_meta(job, "m", 1);

    if (ptn_str_eqz(job->request, "long")) {
        static const char  zero[100000];

        ptn_job_reply(job, zero, sizeof(zero));
        ptn_job_flush(job);
        return PTN_OK;
    }

    return ptn_job_reply(job, "done", 4);
}


static void
write_failed(ptn_job_t *job, ptn_rc_t rc)
{
    ptn_job_reply(job, "failed ", 7);
    ptn_job_reply(job, ptn_err(rc)->name, strlen(ptn_err(rc)->name));
}


/*
 * What takes time of a write is done before it, while another one has the
 * slot.  "p...": the job came for no slot, and says there which it is.
 */

static void
prepare_ready(ptn_job_t *job)
{
    atomic_fetch_add(&PREPARING, 1);
    gate(&PREPARE);

    if (atomic_load(&WRITING) != 0) {
        atomic_fetch_add(&BESIDE, 1);
    }

    /* one that has a slot: nothing happens */

    ptn_job_place(job, job->request.data[0] == 'p' ? 9 : 8);

    job->ready = ptn_palloc(job->pool, job->request.len);
    memcpy(job->ready, job->request.data, job->request.len);
    atomic_fetch_add(&PREPARED, 1);
}


static ptn_rc_t
run_ready(ptn_job_t *job)
{
    ptn_rc_t  rc;

    if (job->slot != 9
        || (job->ready != NULL
            && memcmp(job->ready, job->request.data, job->request.len) != 0))
    {
        return PTN_EINTERNAL;
    }

    if (job->ready != NULL) {
        atomic_fetch_add(&READY, 1);
    }

    atomic_fetch_add(&WRITING, 1);

    if (job->request.data[0] == 'g') {
        gate(&RUN);
    }

    max_seen(&WAITING, job->waiting);
    rc = run_write(job);
    atomic_fetch_sub(&WRITING, 1);

    return rc;
}


static ptn_rc_t
run_bulk(ptn_job_t *job PTN_UNUSED)
{
    atomic_fetch_add(&LOW, fx_gives_way(true));
    atomic_fetch_add(&BULK, 1);
    gate(&SLOW);
    atomic_fetch_sub(&BULK, 1);

    return PTN_OK;
}


static ptn_rc_t
run_auth(ptn_job_t *job PTN_UNUSED)
{
    atomic_fetch_add(&LOW, fx_gives_way(true));
    atomic_fetch_add(&HASHED, 1);
    gate(&SLOW);

    return PTN_OK;
}


static ptn_rc_t
run_noop(ptn_job_t *job)
{
    return fx_gives_way(false) ? ptn_job_reply(job, "low", 3)
                            : ptn_job_reply(job, "ok", 2);
}


static ptn_rc_t
run_nap(ptn_job_t *job PTN_UNUSED)
{
    max_seen(&NAPS_MOST, atomic_fetch_add(&NAPS, 1) + 1);
    gate(&NAP);
    atomic_fetch_sub(&NAPS, 1);

    return PTN_OK;
}


static const ptn_job_type_t  write_t = { "write", PTN_LANE_SHORT,
                                         PTN_JOB_WRITES, run_write,
                                         write_failed, NULL };
static const ptn_job_type_t  bulk_t = { "bulk", PTN_LANE_BULK, 0, run_bulk,
                                        0, NULL };
static const ptn_job_type_t  auth_t = { "auth", PTN_LANE_AUTH, 0, run_auth,
                                        0, NULL };
static const ptn_job_type_t  noop_t = { "noop", PTN_LANE_SHORT, 0, run_noop,
                                        0, NULL };
static const ptn_job_type_t  nap_t = { "nap", PTN_LANE_SHORT, 0, run_nap, 0,
    NULL };
static const ptn_job_type_t  net_t = { "net", PTN_LANE_NET, 0, run_noop, 0,
    NULL };

static const ptn_job_type_t  ready_t = { "ready", PTN_LANE_SHORT,
                                         PTN_JOB_WRITES, run_ready,
                                         write_failed, prepare_ready };

static const ptn_job_type_t *const  types[] = {
    &ready_t, &write_t, &bulk_t, &auth_t, &noop_t, &nap_t, &net_t
};

static const ptn_hooks_t  hooks = {
    .open = app_open,
    .close = app_close,
    .pending = app_pending,
    .commit = app_commit
};


static void
submit(fx_worker_t *w, fx_answer_t *a, const char *type, uint32_t slot,
    const char *request)
{
    ptn_rc_t   rc;
    ptn_sid_t  none = { { 0 } };

    rc = fx_submit(w, a, (fx_job_t) { type, slot, none, request, 0, 0, 0 });
    if (rc != PTN_OK) {
        is_rc(rc, PTN_OK, "submitted");
    }
}


static ptn_rc_t
run(fx_worker_t *w, fx_answer_t *a, const char *type, const char *request)
{
    submit(w, a, type, 9, request);

    return fx_final(w, a) ? a->rc : PTN_RC_MAX;
}


/* The store has taken what was sent into its queues. */

static bool
taken(fx_worker_t *w)
{
    ptn_shm_rings_t  *rings;

    rings = ptn_shm_rings(w->fx->world, 0, 0);

    return fx_until(atomic_load(&rings->up.head)
                    == atomic_load(&rings->up.tail));
}


/* Answers of writes that went well. */

static size_t
good(fx_worker_t *w, fx_answer_t *a, size_t n)
{
    size_t  i, k;

    for (i = 0, k = 0; i < n; i++) {
        k += fx_final(w, &a[i]) && a[i].rc == PTN_OK && a[i].len == 4
             && a[i].meta_len == 1;
    }

    return k;
}


static void
batches(fx_worker_t *w)
{
    size_t               i, told;
    uint64_t             n;
    static fx_answer_t   a[200];

    run(w, &a[0], "write", "x");
    is_str(ptn_str_make(a[0].data, a[0].len), "done", "one write");
    is_u64(COMMITS, 1, "one commit");

    /* those that come while it commits are in the next ones */

    atomic_store(&COMMIT, 1);
    submit(w, &a[0], "write", 9, "x");
    ok(fx_until(COMMITS == 2), "the first of 200 commits");

    for (i = 1; i < 200; i++) {
        submit(w, &a[i], "write", 9, "x");
    }

    ok(taken(w), "the others come meanwhile");
    atomic_store(&COMMIT, 0);
    is_u64(good(w, a, 200), 200, "200 writes of one slot");
    n = COMMITS - 1;
    ok(n >= 5 && n <= 20, "in %lu commits", n);
    ok(MOST > 8 && MOST <= PTN_BATCH_JOBS, "at most %lu in one", MOST);
    is_u64(WRITERS, 1, "one writer of a slot at a time");

    /* a commit that fails takes all of its batch along */

    for (i = 0; i < 30; i++) {
        submit(w, &a[i], "write", 9, i == 20 ? "break"
                                     : i % 10 == 5 ? "long" : "x");
    }

    for (i = 0, told = 0, n = 0; i < 30; i++) {
        fx_final(w, &a[i]);
        if (a[i].rc == PTN_OK) {
            n += a[i].len == 4 || a[i].len == 100000;
        } else {
            told += a[i].rc == PTN_EIO && a[i].meta_len == 0
                    && a[i].len == 10
                    && memcmp(a[i].data, "failed EIO", 10) == 0;
        }
    }

    ok(told >= 1 && told + n == 30 && a[20].rc == PTN_EIO,
       "commit failed: %zu jobs were told so, %lu were in other batches",
       told, n);

    for (i = 0, n = 0; i < PTN_CHUNKS; i++) {
        n += ptn_shm_slot(w->fx->world, 0)->chunk[i] != 0;
    }
    is_u64(n, 0, "their withheld replies are gone");

    is_rc(run(w, &a[0], "write", "x"), PTN_OK,
          "and the next commit is good again");
}


static void
prepared(fx_worker_t *w)
{
    size_t               i, fine, told;
    uint64_t             commits;
    static fx_answer_t   a[40];

    is_rc(run(w, &a[0], "ready", "x"), PTN_OK,
          "one that has its slot for itself");
    is_u64(PREPARED, 0, "is not prepared");
    submit(w, &a[0], "ready", PTN_SLOT_ANY, "p");
    is_u64(good(w, a, 1), 1, "one that came for no slot");
    is_u64(PREPARED, 1, "is");
    is_u64(READY, 1, "and finds it");

    /* behind a writer: all of them, while it writes */

    atomic_store(&RUN, 1);
    submit(w, &a[0], "ready", 9, "g");
    ok(fx_until(WRITING == 1), "one writes");
    commits = COMMITS;
    atomic_store(&BESIDE, 0);

    for (i = 1; i < 40; i++) {
        submit(w, &a[i], "ready", i % 3 == 0 ? PTN_SLOT_ANY : 9,
               i % 3 == 0 ? "p" : "x");
    }

    ok(fx_until(PREPARED == 40), "39 behind it are prepared");
    is_u64(BESIDE, 39, "meanwhile");
    is_u64(READY, 1, "and wait");
    atomic_store(&RUN, 0);
    is_u64(good(w, a, 40), 40, "all are written");
    is_u64(READY, 40, "as prepared");
    ok(COMMITS - commits < 20, "in %lu commits", COMMITS - commits);
    is_u64(WRITERS, 1, "still one writer at a time");

    /* a commit that fails takes prepared ones along, too */

    for (i = 0; i < 30; i++) {
        submit(w, &a[i], "ready", PTN_SLOT_ANY, i == 9 ? "pbreak" : "p");
    }

    for (i = 0, fine = 0, told = 0; i < 30; i++) {
        fx_final(w, &a[i]);
        fine += a[i].rc == PTN_OK && a[i].len == 4;
        told += a[i].rc == PTN_EIO && a[i].len == 10;
    }

    ok(told >= 1 && fine + told == 30 && a[9].rc == PTN_EIO,
       "%zu were told of a failed commit, %zu were in others", told, fine);
}


/*
 * Commits that are quick: they are worth it for a few jobs already, and what
 * nobody has prepared by then is left to others.
 */

static void
quick(fx_worker_t *w)
{
    size_t               i;
    uint64_t             preparing;
    static fx_answer_t   a[60];

    for (i = 0; i < 80; i++) {
        (void) run(w, &a[0], "write", "x");
    }

    atomic_store(&MOST, 0);
    atomic_store(&WAITING, 0);
    atomic_store(&RUN, 1);
    atomic_store(&PREPARE, 1);
    preparing = PREPARING;
    submit(w, &a[0], "ready", 9, "g");
    ok(fx_until(WRITING == 1), "one writes");

    for (i = 1; i < 60; i++) {
        submit(w, &a[i], "ready", 9, "x");
    }

    ok(taken(w) && fx_until(PREPARING > preparing), "one is being prepared");

    /* the writer does the others whole, and looks after the ring */

    atomic_store(&RUN, 0);
    ok(fx_until(({ fx_poll(w, 0); a[0].final; })), "the first commit");
    is_u64(MOST, PTN_BATCH_FILL, "is as many as are worth it");
    atomic_store(&PREPARE, 0);
    is_u64(good(w, a, 60), 60, "60 writes of one slot");
    ok(WAITING >= 40 && WAITING < 60, "each is told how many wait: up to %lu",
       WAITING);
    is_u64(WRITERS, 1, "still one writer at a time");

    /* who listens meets who takes, and nobody sleeps through it */

    for (i = 0; i < 8016; i++) {
        if (i >= 16) {
            fx_final(w, &a[i % 16]);
        }

        if (i < 8000) {
            submit(w, &a[i % 16], "write", 9, "x");
        }
    }

    ok(true, "8,000 writes, 16 at a time");
}


/* While all but one executor are held: its slot's jobs let others through. */

static void
yields(fx_worker_t *w)
{
    size_t               i, after;
    static fx_answer_t   a[300], nap[2], b;

    atomic_store(&NAP, 1);
    submit(w, &nap[0], "nap", 10, NULL);
    submit(w, &nap[1], "nap", 11, NULL);
    ok(fx_until(NAPS == 2), "one executor is left");

    atomic_store(&COMMIT, 1);
    i = COMMITS;
    submit(w, &a[0], "write", 9, "x");
    ok(fx_until(COMMITS > i), "it commits");

    for (i = 1; i < 300; i++) {
        submit(w, &a[i], "write", 9, "x");
    }

    submit(w, &b, "noop", 12, NULL);
    ok(taken(w), "others wait");
    atomic_store(&COMMIT, 0);
    is_u64(good(w, a, 300), 300, "300 writes of one slot");
    ok(fx_final(w, &b), "another slot's job");

    for (i = 0, after = 0; i < 300; i++) {
        after += a[i].at > b.at;
    }

    ok(after >= 300 - 2 * PTN_BATCH_JOBS, "is before %zu of them", after);
    atomic_store(&NAP, 0);
    ok(fx_final(w, &nap[0]) && fx_final(w, &nap[1]), "the others end");
}


static void
lanes(fx_worker_t *w)
{
    size_t               i, k, n;
    static fx_answer_t   a[100], b, c[20];

    /* beside a bulk job and sign-ins, which give way and hold nobody */

    atomic_store(&LOW, 0);
    atomic_store(&SLOW, 1);
    submit(w, &b, "bulk", 9, NULL);

    for (i = 0; i < 20; i++) {
        submit(w, &c[i], "auth", 9, NULL);
    }

    ok(fx_until(BULK == 1 && HASHED == 1), "a bulk job and a sign-in run");
    is_u64(LOW, 2, "at a low priority");

    for (i = 0, n = 0; i < 500; i++) {
        (void) run(w, &a[0], "noop", NULL);
        n += a[0].rc == PTN_OK && a[0].len == 2;
    }

    ok(!b.final && !c[0].final, "they run still");
    is_u64(n, 500, "500 no-ops beside them, at the usual priority");
    is_u64(HASHED, 1, "sign-ins have one thread");

    /* bulk jobs never take the last executor, of three */

    for (i = 0; i < 4; i++) {
        submit(w, &a[i], "bulk", 9, NULL);
    }

    ok(fx_until(BULK == 2), "two of five bulk jobs run");
    (void) run(w, &a[5], "noop", NULL);
    ok(a[5].final && a[5].rc == PTN_OK && BULK == 2, "they leave an executor");
    atomic_store(&SLOW, 0);

    for (i = 0, n = fx_final(w, &b); i < 4; i++) {
        n += fx_final(w, &a[i]);
    }

    for (i = 0; i < 20; i++) {
        n += fx_final(w, &c[i]);
    }

    is_u64(n, 25, "and all end");

    /* its executor is as before */

    for (i = 0, n = 0; i < 3; i++) {
        atomic_store(&NAP, 1);
        submit(w, &a[i], "nap", 9, NULL);
        ok(fx_until(NAPS == i + 1), "executor %zu", i + 1);
    }

    atomic_store(&NAP, 0);

    for (i = 0; i < 3; i++) {
        (void) fx_final(w, &a[i]);
        (void) run(w, &b, "noop", NULL);
        n += b.len == 2;
    }

    is_u64(n, 3, "have their priority back");

    /* sign-ins beyond the queue: at once */

    atomic_store(&SLOW, 1);
    submit(w, &a[0], "auth", 9, NULL);
    ok(fx_until(HASHED == 21), "one more sign-in runs");

    for (i = 1; i < 100; i++) {
        submit(w, &a[i], "auth", 9, NULL);
    }

    (void) fx_until(({
        fx_poll(w, 1);
        for (i = 0, k = 0; i < 100; i++) {
            k += a[i].final && a[i].rc == PTN_EBUSY;
        }
        k >= 99 - PTN_AUTH_QUEUE; }));
    atomic_store(&SLOW, 0);

    for (i = 0, k = 0, n = 0; i < 100; i++) {
        (void) fx_final(w, &a[i]);
        k += a[i].rc == PTN_EBUSY;
        n += a[i].rc == PTN_OK;
    }

    is_u64(k, 99 - PTN_AUTH_QUEUE, "of 100 sign-ins some come later");
    is_u64(n, PTN_AUTH_QUEUE + 1, "the others are let in");

    /* all executors are held by short jobs: cancel and queue still work */

    atomic_store(&NAP, 1);
    atomic_store(&NAPS_MOST, 0);

    for (i = 0; i < 6; i++) {
        submit(w, &a[i], "nap", 9, NULL);
    }

    ok(fx_until(NAPS == 3), "all executors are held");
    ptn_client_cancel(w->client, a[5].ticket);
    atomic_store(&NAP, 0);

    for (i = 0, n = 0; i < 5; i++) {
        n += fx_final(w, &a[i]) && a[i].rc == PTN_OK;
    }

    is_u64(n, 5, "those that wait run");
    ok(fx_final(w, &a[5]) && a[5].rc == PTN_ECANCEL, "but what is cancelled");
    is_u64(NAPS_MOST, 3, "three at a time");

    /* the clerk's lane */

    is_rc(run(w, &b, "net", NULL), PTN_OK, "net lane");
    is_u64(b.store, w->fx->world->clerk, "runs in the clerk");
}


static int
worker(fx_worker_t *w, void *data PTN_UNUSED)
{
    batches(w);
    prepared(w);
    quick(w);
    yields(w);
    lanes(w);

    return done_testing();
}


int
main(void)
{
    int  rc;

    fx_open(&fx, 1, 2, &hooks, types, ptn_nelts(types));
    fx_start(&fx);
    fx.clerk = fx_spawn(&fx, 1, 1, &fx.conf);
    fx_until(fx_attached(&fx, 1, fx.clerk));

    rc = fx_wait(fx_worker(&fx, worker, NULL), 110000);
    rc = fx_stop(&fx) ? rc : 1;
    fx_close(&fx);

    return rc;
}
