/*
 * What executors do beside jobs: how long they rest before it, how much of the
 * time it has under a load, one at a time, at a low priority, and that no job
 * waits for it.
 */

#include "pool_fixture.h"


static fx_t  fx;

#define DUE       fx.seen[0]        /* something is due after each job */
#define BURN      fx.seen[1]        /* us of processor, of a portion */
#define SHARE     fx.seen[2]        /* us of pause that belong to it */
#define PORTIONS  fx.seen[3]        /* whose pause was measured */
#define SHORT     fx.seen[4]        /* of them with too short a pause */
#define INSIDE    fx.seen[5]        /* executors in idle() or tend() */
#define TOGETHER  fx.seen[6]        /* times that there were two */
#define LAST_JOB  fx.seen[7]
#define LAST_TEND fx.seen[8]        /* its end; 0: not under a load */
#define IDLES     fx.seen[9]
#define EARLY     fx.seen[10]       /* idle() before the rest, or again */
#define MORE      fx.seen[11]       /* times that idle() wants more */
#define HELD      fx.seen[12]       /* a portion waits: for 0, or a job */
#define WANTED    fx.seen[13]
#define LOW       fx.seen[14]
#define NAPS      fx.seen[15]
#define GATE      fx.seen[16]
#define OUTSIDE   fx.seen[17]       /* wanted, said to a job */


/* Of one executor. */
typedef struct {
    uint64_t  worked;       /* us; its last job's end */
    bool      said;         /* idle() had nothing more to do, */
    bool      more;         /* or more */
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


static void
enter(void)
{
    if (atomic_fetch_add(&INSIDE, 1) != 0) {
        atomic_fetch_add(&TOGETHER, 1);
    }
}


static bool
app_idle(void *data)
{
    app_t     *app;
    uint64_t   more;

    app = data;
    enter();

    /* milliseconds are counted, not begun */

    if ((fx_us() - app->worked < 998000 && !app->more) || app->said) {
        atomic_fetch_add(&EARLY, 1);
    }

    more = atomic_load(&MORE);
    app->said = (more == 0);
    app->more = (more != 0);
    atomic_store(&MORE, more - (more != 0));
    atomic_fetch_add(&IDLES, 1);
    atomic_fetch_sub(&INSIDE, 1);

    return more != 0;
}


static bool
app_due(void *data PTN_UNUSED)
{
    return atomic_load(&DUE) != 0;
}


static bool
app_tend(void *data PTN_UNUSED)
{
    int64_t   begun;
    uint64_t  now, last;

    enter();
    now = fx_us();
    last = atomic_load(&LAST_TEND);

    if (last != 0) {
        atomic_fetch_add(&SHORT, now - last + 2000 < atomic_load(&SHARE));
        atomic_fetch_add(&PORTIONS, 1);
    }

    begun = ptn_test_cpu_us();
    while (ptn_test_cpu_us() - begun < (int64_t) atomic_load(&BURN)) {
        /* void */
    }

    if (atomic_load(&HELD) != 0) {
        atomic_store(&LOW, fx_gives_way(true));
        ptn_housekeep_urgent(true);
        atomic_fetch_add(&LOW, !fx_gives_way(false));
        ptn_housekeep_urgent(false);
        atomic_fetch_add(&LOW, fx_gives_way(true));
        atomic_store(&HELD, 2);
        (void) fx_until(atomic_load(&HELD) != 2);
        atomic_store(&WANTED, ptn_housekeep_wanted());
        atomic_store(&HELD, 4);
        (void) fx_until(ptn_housekeep_wanted());
        atomic_fetch_add(&WANTED, 2 * ptn_housekeep_wanted());
        atomic_store(&HELD, 0);
    }

    atomic_fetch_sub(&INSIDE, 1);
    now = fx_us();
    atomic_store(&LAST_TEND, now - atomic_load(&LAST_JOB) < 50000 ? now : 0);

    return true;
}


static ptn_rc_t
run_noop(ptn_job_t *job)
{
    app_t  *app;

    app = job->app;
    app->said = false;
    app->worked = fx_us();
    atomic_store(&LAST_JOB, app->worked);
    atomic_fetch_add(&OUTSIDE, ptn_housekeep_wanted());

    return PTN_OK;
}


static ptn_rc_t
run_nap(ptn_job_t *job)
{
    atomic_fetch_add(&NAPS, 1);
    (void) fx_until(atomic_load(&GATE) == 0);

    return run_noop(job);
}


static const ptn_job_type_t  noop_t = { "noop", PTN_LANE_SHORT, 0, run_noop,
                                        0, NULL };
static const ptn_job_type_t  nap_t = { "nap", PTN_LANE_SHORT, 0, run_nap, 0,
    NULL };
static const ptn_job_type_t *const  types[] = { &noop_t, &nap_t };

static const ptn_hooks_t  hooks = {
    .open = app_open,
    .close = app_close,
    .idle = app_idle,
    .due = app_due,
    .tend = app_tend
};


static void
submit(fx_worker_t *w, fx_answer_t *a, const char *type)
{
    ptn_sid_t  none = { { 0 } };

    fx_submit(w, a, (fx_job_t) { type, 1, none, NULL, 0, 0, 0 });
}


/* Jobs one after the other, until so many pauses were measured. */

static void
load(fx_worker_t *w, uint64_t burn, uint64_t share, uint64_t portions)
{
    uint64_t             end;
    static fx_answer_t   a;

    atomic_store(&BURN, burn);
    atomic_store(&SHARE, share);
    atomic_store(&LAST_TEND, 0);
    atomic_store(&PORTIONS, 0);
    atomic_store(&SHORT, 0);
    end = fx_us() + 20000000;

    while (PORTIONS < portions && fx_us() < end) {
        submit(w, &a, "noop");
        (void) fx_final(w, &a);
        fx_nap();
    }

    /* where the jobs themselves came too late there was no load */

    ok(PORTIONS >= portions && 4 * SHORT <= PORTIONS,
       "%lu portions of %lu us under a load: %lu pauses below %lu us",
       PORTIONS, burn, SHORT, share);
}


static int
worker(fx_worker_t *w, void *data PTN_UNUSED)
{
    size_t               i;
    static fx_answer_t   a, nap[2];

    /* nothing is due: when there was no job for a second, and until it is
     * done */

    atomic_store(&MORE, 3);

    for (i = 0; i < 50; i++) {
        submit(w, &a, "noop");
        (void) fx_final(w, &a);
    }

    ok(fx_until(IDLES >= 4 && MORE == 0), "an idle executor is asked");
    submit(w, &a, "noop");
    (void) fx_final(w, &a);
    i = IDLES;
    ok(fx_until(IDLES > i), "and when it has had a job");

    /* what is due has a share of the time */

    atomic_store(&DUE, 1);
    load(w, 0, 20000, 10);
    load(w, 4000, 64000, 8);
    load(w, 60000, 750000, 2);
    atomic_store(&BURN, 0);

    /* a portion goes on: others serve, and it is told when nobody is left */

    atomic_store(&HELD, 1);

    for (i = 0; i < 10000 && HELD == 1; i++) {
        submit(w, &a, "noop");
        (void) fx_final(w, &a);
        fx_nap();
    }

    ok(fx_until(HELD == 2), "a portion is under way");
    is_u64(LOW, 3, "at a low priority, but where it is urgent");

    for (i = 0; i < 100; i++) {
        submit(w, &a, "noop");
        (void) fx_final(w, &a);
    }

    ok(a.final && HELD == 2, "a hundred jobs beside it");
    atomic_store(&HELD, 3);
    ok(fx_until(HELD == 4), "it looks");
    atomic_store(&GATE, 1);
    submit(w, &nap[0], "nap");
    submit(w, &nap[1], "nap");
    ok(fx_until(NAPS == 2), "the others are held");
    submit(w, &a, "noop");
    ok(fx_final(w, &a), "a job is served, though");
    is_u64(WANTED, 2, "it was wanted then, and not before");
    atomic_store(&DUE, 0);
    atomic_store(&GATE, 0);
    (void) fx_final(w, &nap[0]);
    (void) fx_final(w, &nap[1]);

    is_u64(EARLY, 0, "never before it has rested, nor for nothing");
    is_u64(TOGETHER, 0, "one at a time");
    is_u64(OUTSIDE, 0, "a job is never told so");

    return done_testing();
}


int
main(void)
{
    int  rc;

    fx_open(&fx, 1, 2, &hooks, types, ptn_nelts(types));
    fx_start(&fx);
    rc = fx_wait(fx_worker(&fx, worker, NULL), 110000);
    rc = fx_stop(&fx) ? rc : 1;
    fx_close(&fx);

    return rc;
}
