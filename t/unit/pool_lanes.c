/*
 * Lanes and batches: who waits for whom, one commit for many jobs, and what
 * happens when it fails.
 */

#include "pool_fixture.h"


static fx_t  fx;

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
max_seen(size_t i, uint64_t n)
{
    uint64_t  old;

    old = atomic_load(&fx.seen[i]);
    while (old < n && !atomic_compare_exchange_weak(&fx.seen[i], &old, n)) {
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

    if (atomic_load(&fx.seen[8]) == 0) {
        usleep(4000);           /* as an fsync does */
    }

    atomic_fetch_add(&fx.seen[0], 1);
    max_seen(1, app->open);
    app->open = 0;
    app->fails = false;

    atomic_fetch_sub(&fx.seen[2], 1);

    return fails ? PTN_EIO : PTN_OK;
}


static ptn_rc_t
run_write(ptn_job_t *job)
{
    app_t  *app;

    app = job->app;

    /* writers of the slot in this process: one at a time */

    if (app->open == 0) {
        max_seen(3, atomic_fetch_add(&fx.seen[2], 1) + 1);
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
    uint64_t  writing;

    atomic_fetch_add(&fx.seen[4], 1);
    writing = atomic_load(&fx.seen[7]);
    usleep(1000);

    if (writing != 0 || atomic_load(&fx.seen[7]) != 0) {
        atomic_fetch_add(&fx.seen[5], 1);
    }

    if (job->request.data[0] == 'p') {
        ptn_job_place(job, 9);

    } else {
        ptn_job_place(job, 8);          /* it has one: nothing happens */
        atomic_fetch_add(&fx.seen[6], 1);
    }

    job->ready = ptn_palloc(job->pool, job->request.len);
    memcpy(job->ready, job->request.data, job->request.len);
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

    max_seen(9, job->waiting);
    atomic_fetch_add(&fx.seen[7], 1);

    if (job->request.data[0] == 'g') {
        usleep(8000);           /* the others come meanwhile */

    } else if (atomic_load(&fx.seen[8]) != 2) {
        usleep(500);
    }

    rc = run_write(job);
    atomic_fetch_sub(&fx.seen[7], 1);

    return rc;
}


static ptn_rc_t
run_busy(ptn_job_t *job)
{
    uint64_t  end;

    end = fx_us() + strtoull((char *) job->request.data, NULL, 10) * 1000;

    while (fx_us() < end && !ptn_job_cancelled(job)) {
        /* void */
    }

    return PTN_OK;
}


static ptn_rc_t
run_noop(ptn_job_t *job)
{
    return ptn_job_reply(job, "ok", 2);
}


static ptn_rc_t
run_nap(ptn_job_t *job)
{
    usleep((useconds_t) strtoul((char *) job->request.data, NULL, 10) * 1000);

    return PTN_OK;
}


static const ptn_job_type_t  write_t = { "write", PTN_LANE_SHORT,
                                         PTN_JOB_WRITES, run_write,
                                         write_failed, NULL };
static const ptn_job_type_t  bulk_t = { "bulk", PTN_LANE_BULK, 0, run_busy,
                                        0, NULL };
static const ptn_job_type_t  auth_t = { "auth", PTN_LANE_AUTH, 0, run_busy,
                                        0, NULL };
static const ptn_job_type_t  noop_t = { "noop", PTN_LANE_SHORT, 0, run_noop,
                                        0, NULL };
static const ptn_job_type_t  nap_t = { "nap", PTN_LANE_SHORT, 0, run_nap, 0,
    NULL };
static const ptn_job_type_t  net_t = { "net", PTN_LANE_NET, 0, run_nap, 0,
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
batches(fx_worker_t *w)
{
    size_t               i, good;
    uint64_t             n;
    ptn_sid_t            none = { { 0 } };
    static fx_answer_t   a[200];

    fx_run(w, &a[0], (fx_job_t) { "write", 9, none, "x", 0, 0, 0 });
    is_str(ptn_str_make(a[0].data, a[0].len), "done", "one write");
    is_u64(w->fx->seen[0], 1, "one commit");

    for (i = 0; i < 200; i++) {
        fx_submit(w, &a[i], (fx_job_t) { "write", 9, none, "x", 0, 0, 0 });
    }

    for (i = 0, good = 0; i < 200; i++) {
        fx_final(w, &a[i]);
        good += a[i].rc == PTN_OK && a[i].len == 4 && a[i].meta_len == 1;
    }

    n = w->fx->seen[0] - 1;
    is_u64(good, 200, "200 writes of one slot");
    ok(n <= 20, "in %lu commits", n);
    ok(w->fx->seen[1] <= 64, "at most %lu in one",
       w->fx->seen[1]);
    is_u64(w->fx->seen[3], 1, "one writer of a slot at a time");

    /* a commit that fails takes all of its batch along */

    for (i = 0; i < 30; i++) {
        fx_submit(w, &a[i], (fx_job_t) { "write", 9, none,
                                         i == 20 ? "break"
                                         : i % 10 == 5 ? "long" : "x",
                                         0, 0, 0 });
    }

    for (i = 0, good = 0, n = 0; i < 30; i++) {
        fx_final(w, &a[i]);
        if (a[i].rc == PTN_OK) {
            n += a[i].len == 4 || a[i].len == 100000;
        } else {
            good += a[i].rc == PTN_EIO && a[i].meta_len == 0
                    && a[i].len == 10
                    && memcmp(a[i].data, "failed EIO", 10) == 0;
        }
    }

    ok(good >= 1 && good + n == 30 && a[20].rc == PTN_EIO,
       "commit failed: %zu jobs were told so, %lu were in other batches",
       good, n);

    for (i = 0, n = 0; i < PTN_CHUNKS; i++) {
        n += ptn_shm_slot(w->fx->world, 0)->chunk[i] != 0;
    }
    is_u64(n, 0, "their withheld replies are gone");

    fx_run(w, &a[0], (fx_job_t) { "write", 9, none, "x", 0, 0, 0 });
    is_u64(a[0].rc, PTN_OK, "and the next commit is good again");
}


static void
prepared(fx_worker_t *w)
{
    char                 what[8];
    size_t               i, good, told;
    uint64_t             commits;
    ptn_sid_t            none = { { 0 } };
    static fx_answer_t   a[120];

    atomic_store(&w->fx->seen[4], 0);
    fx_run(w, &a[0], (fx_job_t) { "ready", 9, none, "x", 0, 0, 0 });
    is_u64(a[0].rc, PTN_OK, "one that has its slot for itself");
    is_u64(w->fx->seen[4], 0, "is not prepared");
    fx_run(w, &a[0], (fx_job_t) { "ready", PTN_SLOT_ANY, none, "p", 0, 0, 0 });
    is_u64(a[0].rc, PTN_OK, "one that came for no slot");
    is_u64(w->fx->seen[4], 1, "is");

    commits = w->fx->seen[0];

    for (i = 0; i < 120; i++) {
        snprintf(what, sizeof(what), "%c%zu", i % 3 == 0 ? 'p' : 'x', i);
        fx_submit(w, &a[i], (fx_job_t) { "ready",
                                         i % 3 == 0 ? PTN_SLOT_ANY : 9, none,
                                         what, strlen(what), 0, 0 });
    }

    for (i = 0, good = 0; i < 120; i++) {
        fx_final(w, &a[i]);
        good += a[i].rc == PTN_OK && a[i].len == 4;
    }

    commits = w->fx->seen[0] - commits;
    is_u64(good, 120, "120 writes, of their own slot or placed there");
    ok(w->fx->seen[4] >= 40 && w->fx->seen[6] != 0,
       "%lu were prepared, %lu of them behind a writer", w->fx->seen[4],
       w->fx->seen[6]);
    ok(w->fx->seen[5] != 0, "%lu of them while another wrote",
       w->fx->seen[5]);
    ok(commits < 60, "in %lu commits", commits);
    is_u64(w->fx->seen[3], 1, "still one writer at a time");

    /* a commit that fails takes prepared ones along, too */

    for (i = 0; i < 30; i++) {
        fx_submit(w, &a[i], (fx_job_t) { "ready", PTN_SLOT_ANY, none,
                                         i == 9 ? "pbreak" : "p", 0, 0, 0 });
    }

    for (i = 0, good = 0, told = 0; i < 30; i++) {
        fx_final(w, &a[i]);
        good += a[i].rc == PTN_OK && a[i].len == 4;
        told += a[i].rc == PTN_EIO && a[i].len == 10;
    }

    ok(told >= 1 && good + told == 30 && a[9].rc == PTN_EIO,
       "%zu were told of a failed commit, %zu were in others", told, good);
}


/*
 * Commits that are quick: they are worth it for a few jobs already, what is
 * not prepared by then is left to others, and nobody else waits for the slot.
 */

static void
quick(fx_worker_t *w)
{
    size_t               i, good;
    uint64_t             commits;
    ptn_sid_t            none = { { 0 } };
    static fx_answer_t   a[200], b;

    atomic_store(&w->fx->seen[8], 1);

    for (i = 0; i < 20; i++) {
        fx_run(w, &a[0], (fx_job_t) { "ready", 9, none, "x", 0, 0, 0 });
    }

    atomic_store(&w->fx->seen[1], 0);
    atomic_store(&w->fx->seen[4], 0);
    atomic_store(&w->fx->seen[9], 0);
    commits = w->fx->seen[0];

    for (i = 0; i < 200; i++) {
        fx_submit(w, &a[i], (fx_job_t) { "ready", 9, none, "x", 0, 0, 0 });
    }

    fx_run(w, &b, (fx_job_t) { "noop", 10, none, NULL, 0, 0, 0 });
    ok(b.rc == PTN_OK && !a[199].final, "another slot's job is not behind"
       " all of them");

    for (i = 0, good = 0; i < 200; i++) {
        fx_final(w, &a[i]);
        good += a[i].rc == PTN_OK && a[i].len == 4;
    }

    commits = w->fx->seen[0] - commits;
    is_u64(good, 200, "200 writes of one slot");
    ok(commits >= 4, "in %lu commits", commits);
    ok(w->fx->seen[4] >= 40, "%lu were prepared", w->fx->seen[4]);
    ok(w->fx->seen[9] >= 20, "each is told how many wait: up to %lu",
       w->fx->seen[9]);
    is_u64(w->fx->seen[3], 1, "still one writer at a time");

    /* writes that take no time, beside preparing, which does */

    atomic_store(&w->fx->seen[8], 2);
    atomic_store(&w->fx->seen[1], 0);

    for (i = 0; i < 200; i++) {
        fx_submit(w, &a[i], (fx_job_t) { "ready", 9, none, i ? "x" : "g",
                                         0, 0, 0 });
    }

    for (i = 0; i < 200; i++) {
        fx_final(w, &a[i]);
    }

    ok(w->fx->seen[1] >= 8 && w->fx->seen[1] < 48,
       "at most %lu in a commit: the rest is left to others",
       w->fx->seen[1]);

    /* who listens meets who takes, and nobody sleeps through it */

    for (i = 0; i < 8016; i++) {
        if (i >= 16) {
            fx_final(w, &a[i % 16]);
        }

        if (i < 8000) {
            fx_submit(w, &a[i % 16], (fx_job_t) { "write", 9, none, "x", 0, 0,
                                                  0 });
        }
    }

    ok(true, "8,000 writes, 16 at a time");
    atomic_store(&w->fx->seen[8], 0);
}


static int
by_value(const void *a, const void *b)
{
    const uint64_t  *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}


static uint64_t
p99(fx_worker_t *w, uint32_t n)
{
    uint32_t             i;
    uint64_t             start;
    ptn_sid_t            none = { { 0 } };
    static uint64_t      us[2000];
    static fx_answer_t   a;

    for (i = 0; i < n; i++) {
        start = fx_us();
        fx_run(w, &a, (fx_job_t) { "noop", 9, none, NULL, 0, 0, 0 });
        us[i] = fx_us() - start;
        usleep(500);
    }

    qsort(us, n, sizeof(uint64_t), by_value);

    return us[n * 99 / 100];
}


static void
lanes(fx_worker_t *w)
{
    size_t               i, k, busy;
    uint64_t             quiet, loaded, best;
    ptn_sid_t            none = { { 0 } };
    static fx_answer_t   b, a[100];

    /* others use this machine as well: the best of three */

    for (k = 0, best = UINT64_MAX; k < 3 && best >= 5000; k++) {
        quiet = p99(w, 500);

        fx_submit(w, &b, (fx_job_t) { "bulk", 9, none, "1000", 5, 0, 0 });
        for (i = 0; i < 20; i++) {
            fx_submit(w, &a[i], (fx_job_t) { "auth", 9, none, "50", 3, 0,
                                             0 });
        }

        loaded = p99(w, 500);
        best = ptn_min(best, loaded > quiet ? loaded - quiet : 0);
        diag("p99 of a no-op: %lu us, %lu us beside others", quiet, loaded);

        for (i = 0; i < 20; i++) {
            fx_final(w, &a[i]);
        }
        fx_final(w, &b);
    }

    ok(best < 5000, "a no-op beside a bulk job and 20 sign-ins: %lu us more",
       best);

    /* bulk jobs never take the last executor, of three */

    for (i = 0; i < 5; i++) {
        fx_submit(w, &a[i], (fx_job_t) { "bulk", 9, none, "300", 4, 0, 0 });
    }
    usleep(5000);
    fx_run(w, &b, (fx_job_t) { "noop", 9, none, NULL, 0, 0, 0 });
    ok(!a[0].final && b.rc == PTN_OK, "5 bulk jobs leave an executor");
    for (i = 0; i < 5; i++) {
        fx_final(w, &a[i]);
    }
    ok(a[4].final, "and all end");

    /* sign-ins beyond the queue: at once */

    for (i = 0; i < 100; i++) {
        fx_submit(w, &a[i], (fx_job_t) { "auth", 9, none, "5", 2, 0, 0 });
    }

    for (i = 0, busy = 0; i < 100; i++) {
        fx_final(w, &a[i]);
        busy += a[i].rc == PTN_EBUSY;
    }

    ok(busy >= 25 && busy <= 40, "%zu of 100 sign-ins were told to come later",
       busy);

    /* all executors sleep in short jobs: cancel and queue still work */

    for (i = 0; i < 6; i++) {
        fx_submit(w, &a[i], (fx_job_t) { "nap", 9, none, "200", 4, 0, 0 });
    }
    for (i = 0; i < 6; i++) {
        fx_final(w, &a[i]);
    }
    ok(a[5].at - a[0].at < 350000, "6 naps of 200 ms on 3 executors: %lu ms",
       (a[5].at - a[0].at) / 1000 + 200);

    /* the clerk's lane */

    fx_run(w, &b, (fx_job_t) { "net", 9, none, "10", 3, 0, 0 });
    is_u64(b.rc, PTN_OK, "net lane");
    is_u64(b.store, w->fx->world->clerk, "runs in the clerk");
}


static int
worker(fx_worker_t *w, void *data PTN_UNUSED)
{
    batches(w);
    prepared(w);
    quick(w);
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

    rc = fx_wait(fx_worker(&fx, worker, NULL), 60000);
    rc = fx_stop(&fx) ? rc : 1;
    fx_close(&fx);

    return rc;
}
