/* How many sessions a user has, in all processes together. */

#include "pool_fixture.h"
#include "ptn_runner.h"


#define MAX    3
#define USERS  3000

static fx_t  fx;


/* "42": a session, counted for that user; with " b" bound to its worker. */

static ptn_rc_t
run_sign_in(ptn_job_t *job)
{
    uint64_t        user;
    ptn_rc_t        rc;
    ptn_session_t  *s;

    user = strtoull((char *) job->request.data, NULL, 10);
    rc = ptn_session_create(job, 8, 60000, NULL, &s);
    if (rc != PTN_OK) {
        return rc;
    }

    if (memchr(job->request.data, 'b', job->request.len) != NULL) {
        ptn_session_bind(s);
    }

    rc = ptn_session_acquire(s, user, MAX);

    if (rc == PTN_OK && ptn_session_acquire(s, user, MAX) != PTN_EINVAL) {
        return PTN_EINTERNAL;
    }

    return rc;
}


static ptn_rc_t
run_release(ptn_job_t *job)
{
    ptn_session_release(job->session);
    ptn_session_release(job->session);      /* once is what counts */

    return PTN_OK;
}


static ptn_rc_t
run_end(ptn_job_t *job)
{
    ptn_session_end(job->session);

    return PTN_OK;
}


static const ptn_job_type_t  sign_in_t = { "sign_in", PTN_LANE_SHORT, 0,
                                           run_sign_in, 0, NULL };
static const ptn_job_type_t  release_t = { "release", PTN_LANE_SHORT, 0,
                                           run_release, 0, NULL };
static const ptn_job_type_t  end_t = { "end", PTN_LANE_SHORT, 0, run_end, 0,
    NULL };

static const ptn_job_type_t *const  types[] = { &sign_in_t, &release_t,
                                                &end_t };
static const ptn_hooks_t  hooks = { 0 };


static ptn_rc_t
sign_in(fx_worker_t *w, uint32_t store, const char *user, ptn_sid_t *ret)
{
    ptn_rc_t            rc;
    ptn_sid_t           none = { { 0 } };
    static fx_answer_t  a;

    rc = fx_run(w, &a, (fx_job_t) { "sign_in", store, none, user, 0, 0, 0 });
    if (ret != NULL) {
        *ret = a.session;
    }

    return rc;
}


static ptn_rc_t
tell(fx_worker_t *w, const char *type, ptn_sid_t sid)
{
    static fx_answer_t  a;

    return fx_run(w, &a, (fx_job_t) { type, 0, sid, NULL, 0, 0, 0 });
}


static void
ask(fx_worker_t *w, uint64_t what)
{
    atomic_store(&w->fx->seen[10], what);

    while (atomic_load(&w->fx->seen[10]) == what) {
        fx_poll(w, 1);
    }
}


enum { KILL_STORE = 1, RESPAWN };


static int
worker(fx_worker_t *w, void *data PTN_UNUSED)
{
    uint64_t   full;
    ptn_sid_t  a, b, c, d;

    full = w->fx->world->common->count[PTN_STAT_SESSIONS_FULL];

    is_u64(sign_in(w, 0, "7", &a), PTN_OK, "a session in one store");
    is_u64(sign_in(w, 1, "7", &b), PTN_OK, "one in another");
    is_u64(sign_in(w, 1, "7", &c), PTN_OK, "a third");
    is_u64(sign_in(w, 0, "7", NULL), PTN_ELIMIT, "no fourth here");
    is_u64(sign_in(w, 1, "7", NULL), PTN_ELIMIT, "nor there");
    is_u64(sign_in(w, 0, "8", NULL), PTN_OK, "somebody else may");

    is_u64(tell(w, "release", a), PTN_OK, "one of them is not counted more");
    is_u64(sign_in(w, 1, "7", &d), PTN_OK, "so there is room");
    is_u64(sign_in(w, 1, "7", NULL), PTN_ELIMIT, "for one");

    is_u64(tell(w, "end", d), PTN_OK, "one ends");
    is_u64(sign_in(w, 0, "7", &d), PTN_OK, "so there is room again");
    is_u64(sign_in(w, 0, "7", NULL), PTN_ELIMIT, "for one");

    /* two of the three are in store 1 */

    ask(w, KILL_STORE);
    is_u64(sign_in(w, 0, "7", NULL), PTN_OK,
           "what a dead process had is not counted");
    is_u64(sign_in(w, 0, "7", NULL), PTN_OK, "none of it");
    is_u64(sign_in(w, 0, "7", NULL), PTN_ELIMIT, "all else is");

    ask(w, RESPAWN);
    is_u64(sign_in(w, 1, "7", NULL), PTN_ELIMIT, "and still by its successor");
    is_u64(tell(w, "end", d), PTN_OK, "which begins");
    is_u64(sign_in(w, 1, "7", NULL), PTN_OK, "with none of its own");

    is_u64(w->fx->world->common->count[PTN_STAT_SESSIONS_FULL] - full, 6,
           "refusals are counted");

    return done_testing();
}


static int
mortal(fx_worker_t *w, void *data PTN_UNUSED)
{
    if (sign_in(w, 0, "9 b", NULL) == PTN_OK
        && sign_in(w, 1, "9 b", NULL) == PTN_OK
        && sign_in(w, 1, "9 b", NULL) == PTN_OK
        && sign_in(w, 1, "9 b", NULL) == PTN_ELIMIT)
    {
        kill(getpid(), SIGKILL);
    }

    return 1;
}


static int
heir(fx_worker_t *w, void *data PTN_UNUSED)
{
    ptn_rc_t  rc;

    rc = PTN_ELIMIT;

    return fx_until(rc == PTN_OK
                    || (rc = sign_in(w, 0, "9 b", NULL)) == PTN_OK) ? 0 : 1;
}


/* --- the table alone ---------------------------------------------------- */

static uint64_t
user_of(uint32_t i)
{
    /* some of them share their place: it looks at 17 bits of the product */

    return i % 3 == 0 ? (uint64_t) (i + 1) << 49 : i + 1;
}


static uint32_t
rnd(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;

    return *seed >> 8;
}


static int
table(void)
{
    uint32_t             i, k, n, seed, wrong;
    static uint32_t      have[USERS];
    static ptn_runner_t  r;

    r.world = fx.world;
    r.ring = 0;
    ptn_seat_begin(&r);

    seed = 5;
    wrong = 0;

    for (k = 0; k < 300000; k++) {
        i = rnd(&seed) % USERS;

        if (rnd(&seed) % 2 == 0) {
            n = ptn_seat_take(&r, user_of(i), MAX) == PTN_OK;
            wrong += n != (have[i] < MAX);
            have[i] += n;

        } else if (have[i] != 0) {
            ptn_seat_give(&r, user_of(i));
            have[i]--;
        }
    }

    for (i = 0, n = 0; i < USERS; i++) {
        n += have[i] != 0;
    }

    if (wrong != 0 || n != fx.world->private->seats[0].used) {
        fprintf(stderr, "table: %u wrong, %u users of %u\n", wrong, n,
                fx.world->private->seats[0].used);
        return 1;
    }

    for (i = 0; i < USERS; i++) {
        for ( ; have[i] > 0; have[i]--) {
            ptn_seat_give(&r, user_of(i));
        }
        ptn_seat_give(&r, user_of(i));      /* has none */
    }

    for (i = 0, n = 0; i < PTN_SEATS; i++) {
        n += fx.world->private->seats[0].seat[i].user != 0;
    }

    if (n != 0 || fx.world->private->seats[0].used != 0) {
        fprintf(stderr, "table: %u users too many\n", n);
        return 1;
    }

    /* who takes the ring over begins with none, and leaves the others alone */

    r.ring = 1;
    ptn_seat_begin(&r);
    (void) ptn_seat_take(&r, 5, MAX);
    r.ring = 0;
    (void) ptn_seat_take(&r, 5, MAX);
    (void) ptn_seat_take(&r, 5, MAX);
    ptn_seat_begin(&r);

    if (ptn_seat_take(&r, 5, 2) != PTN_OK
        || ptn_seat_take(&r, 5, 2) != PTN_ELIMIT)
    {
        fprintf(stderr, "table: a new owner\n");
        return 1;
    }

    return 0;
}


/* Two processes at once: `max` are given and no more. */

static int
race(void)
{
    uint32_t             k;
    pid_t                pid[2];
    static ptn_runner_t  r;

    atomic_store(&fx.seen[20], 0);

    for (k = 0; k < 2; k++) {
        pid[k] = fork();

        if (pid[k] == 0) {
            r.world = fx.world;
            r.ring = k;
            ptn_seat_begin(&r);

            atomic_fetch_add(&fx.seen[21], 1);
            while (atomic_load(&fx.seen[21]) != 2) { /* void */ }

            while (ptn_seat_take(&r, 77, 20000) == PTN_OK) {
                atomic_fetch_add(&fx.seen[20], 1);
            }

            atomic_fetch_add(&fx.seen[21], 1);
            while (atomic_load(&fx.seen[21]) != 4) { /* void */ }

            /* one dies with the lock in its hands */

            if (k == 0) {
                pthread_mutex_lock(&fx.world->private->seats_lock);
            }
            _exit(0);
        }
    }

    (void) fx_wait(pid[0], 20000);
    (void) fx_wait(pid[1], 20000);

    if (atomic_load(&fx.seen[20]) != 20000) {
        fprintf(stderr, "race: %lu\n", atomic_load(&fx.seen[20]));
        return 1;
    }

    r.world = fx.world;
    r.ring = 0;
    ptn_seat_begin(&r);

    if (ptn_seat_take(&r, 77, 1) != PTN_OK
        || pthread_mutex_lock(&fx.world->private->seats_lock) != 0)
    {
        fprintf(stderr, "the lock of a dead process\n");
        return 1;
    }

    pthread_mutex_unlock(&fx.world->private->seats_lock);

    return 0;
}


int
main(void)
{
    int       rc;
    pid_t     pid;
    uint64_t  what, end;

    fx_open(&fx, 2, 2, &hooks, types, ptn_nelts(types));

    if (table() != 0 || race() != 0) {
        return 1;
    }

    fx_start(&fx);

    if ((rc = fx_wait(fx_worker(&fx, mortal, NULL), 20000)) != 128 + SIGKILL
        || (rc = fx_wait(fx_worker(&fx, heir, NULL), 20000)) != 0)
    {
        fprintf(stderr, "a worker that died: %d\n", rc);
        return 1;
    }

    pid = fx_worker(&fx, worker, NULL);
    end = fx_us() + 60000000;
    rc = -1;

    while (rc == -1 && fx_us() < end) {
        what = atomic_load(&fx.seen[10]);

        if (what == KILL_STORE) {
            kill(fx.store[1], SIGKILL);
            (void) fx_wait(fx.store[1], 5000);

        } else if (what == RESPAWN) {
            fx.store[1] = fx_spawn(&fx, 1, 1, &fx.conf);
            (void) fx_until(fx_attached(&fx, 1, fx.store[1]));
        }

        if (what != 0) {
            atomic_store(&fx.seen[10], 0);
        }

        rc = fx_wait(pid, 1);
    }

    rc = fx_stop(&fx) ? rc : 1;
    fx_close(&fx);

    return rc;
}
