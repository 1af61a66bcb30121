/* Submit, inline replies, META, trailer, sessions, board: the plain way. */

#include "pool_fixture.h"


static ptn_rc_t
run_echo(ptn_job_t *job)
{
    char  tail[32];

    ptn_job_meta(job, "head", 4);
    snprintf(tail, sizeof(tail), "%zu", job->request.len);
    ptn_job_trailer(job, tail, strlen(tail));

    return ptn_job_reply(job, job->request.data, job->request.len);
}


static ptn_rc_t
run_fail(ptn_job_t *job PTN_UNUSED)
{
    return PTN_EDENIED;
}


static void
count_close(void *state, void *app PTN_UNUSED)
{
    _Atomic uint64_t  **seen = state;

    atomic_fetch_add(&(*seen)[0], 1);
}


typedef struct {
    _Atomic uint64_t  *seen;
    uint32_t           n;
} count_t;

static fx_t  fx;


static ptn_rc_t
run_login(ptn_job_t *job)
{
    count_t        *c;
    ptn_rc_t        rc;
    ptn_session_t  *s;

    rc = ptn_session_create(job, sizeof(count_t), 60000, count_close, &s);
    if (rc != PTN_OK) {
        return rc;
    }

    c = ptn_session_state(s);
    c->seen = fx.seen;

    if (ptn_str_eqz(job->request, "bind")) {
        ptn_session_bind(s);
    }

    return PTN_OK;
}


static ptn_rc_t
run_count(ptn_job_t *job)
{
    char      buf[32];
    count_t  *c;

    c = ptn_session_state(job->session);
    snprintf(buf, sizeof(buf), "%u", ++c->n);

    if (ptn_str_eqz(job->request, "logout")) {
        ptn_session_end(job->session);
    }

    return ptn_job_reply(job, buf, strlen(buf));
}


/* Runs until the worker says so. */

static ptn_rc_t
run_hold(ptn_job_t *job PTN_UNUSED)
{
    atomic_store(&fx.seen[20], 1);

    return fx_until(atomic_load(&fx.seen[21]) == 1) ? PTN_OK : PTN_EINTERNAL;
}


static void
count_failed(ptn_job_t *job, ptn_rc_t rc)
{
    ptn_job_reply(job, ptn_err(rc)->name, strlen(ptn_err(rc)->name));
}


static ptn_rc_t
run_change(ptn_job_t *job)
{
    /* the master's handle, inherited */
    ptn_board_bump(fx.world, job->slot);

    return PTN_OK;
}


static const ptn_job_type_t  echo = { "echo", PTN_LANE_SHORT, 0, run_echo, 0,
    NULL };
static const ptn_job_type_t  bad = { "bad", PTN_LANE_SHORT, 0, run_fail, 0,
    NULL };
static const ptn_job_type_t  login = { "login", PTN_LANE_SHORT, 0, run_login,
                                       0, NULL };
static const ptn_job_type_t  count = { "count", PTN_LANE_SHORT, 0, run_count,
                                       count_failed, NULL };
static const ptn_job_type_t  hold = { "hold", PTN_LANE_SHORT, 0, run_hold, 0,
    NULL };
static const ptn_job_type_t  change = { "change", PTN_LANE_SHORT, 0,
                                        run_change, 0, NULL };

static const ptn_job_type_t *const  types[] = {
    &echo, &bad, &login, &count, &hold, &change
};

static const ptn_hooks_t  hooks;

static ptn_sid_t  *shared_sid;


static void
on_change(void *data, uint32_t slot, uint64_t version)
{
    uint64_t  *p = data;

    p[0]++;
    p[1] = slot;
    p[2] = version;
}


static int
worker(fx_worker_t *w, void *data PTN_UNUSED)
{
    uint32_t             i;
    ptn_sid_t            sid, none = { { 0 } };
    uint64_t             changed[3] = { 0 };
    static char          big[PTN_JOB_REQUEST_MAX + 1];
    static fx_answer_t   a, many[500];

    is_u64(fx_run(w, &a, (fx_job_t) { "echo", 5, none, "hello", 0, 0, 0 }),
           PTN_OK, "echo");
    is_str(ptn_str_make(a.data, a.len), "hello", "reply");
    is_str(ptn_str_make(a.meta, a.meta_len), "head", "META");
    is_str(ptn_str_make(a.trailer, a.trailer_len), "5", "trailer");
    is_u64(a.store, 5 % 2, "ran in the store of its slot");

    is_u64(fx_run(w, &a, (fx_job_t) { "bad", PTN_SLOT_ANY, none, "", 0, 0,
                                      0 }),
           PTN_EDENIED, "rc of the handler");
    is_u64(a.len, 0, "without bytes");

    memset(big, 'x', sizeof(big));

    for (i = 1; i <= PTN_JOB_REQUEST_MAX; i *= 2) {
        fx_run(w, &a, (fx_job_t) { "echo", i % PTN_SLOTS, none, big, i,
                                        0, 0 });
        if (a.len != i || a.rc != PTN_OK || a.data[0] != 'x') {
            break;
        }
    }

    ok(i > PTN_JOB_REQUEST_MAX, "requests and replies of 1 to 128 KiB");

    is_u64(fx_submit(w, &a, (fx_job_t) { "echo", 1, none, big, sizeof(big),
                                         0, 0 }),
           PTN_ETOOBIG, "a request too big");

    for (i = 0; i < ptn_nelts(many); i++) {
        fx_submit(w, &many[i], (fx_job_t) { "echo", i, none, "many", 0, 0,
                                            0 });
    }

    for (i = 0; i < ptn_nelts(many); i++) {
        if (!fx_final(w, &many[i]) || many[i].len != 4) {
            break;
        }
    }

    is_u64(i, ptn_nelts(many), "500 at once");

    /* sessions */

    is_u64(fx_run(w, &a, (fx_job_t) { "login", 7, none, "", 0, 0, 0 }),
           PTN_OK, "session made");
    sid = a.session;
    ok(memcmp(&sid, &none, sizeof(sid)) != 0, "its id comes with FINAL");

    for (i = 0; i < 10; i++) {
        fx_submit(w, &many[i], (fx_job_t) { "count", i, sid, "", 0, 0, 0 });
    }

    for (i = 0; i < 10; i++) {
        fx_final(w, &many[i]);
        if (many[i].data[0] != (char) ('0' + (i + 1) % 10)
            && !(i == 9 && many[i].data[0] == '1'))
        {
            break;
        }
    }

    is_u64(i, 10, "its jobs run in order of arrival");

    sid.b[9] ^= 1;
    is_u64(fx_run(w, &a, (fx_job_t) { "count", 7, sid, "", 0, 0, 0 }),
           PTN_ESTALE, "an id that nobody gave out");
    is_str(ptn_str_make(a.data, a.len), "ESTALE", "failed() words it");
    sid.b[9] ^= 1;

    fx_run(w, &a, (fx_job_t) { "count", 7, sid, "logout", 0, 0, 0 });
    ok(fx_until(atomic_load(&w->fx->seen[0]) == 1), "close runs at the end");
    is_u64(fx_run(w, &a, (fx_job_t) { "count", 7, sid, "", 0, 0, 0 }),
           PTN_ESTALE, "ended");

    fx_run(w, &a, (fx_job_t) { "login", 8, none, "", 0, 0, 0 });
    ptn_client_end_session(w->client, a.session);
    ok(fx_until(atomic_load(&w->fx->seen[0]) == 2), "ended by the worker");

    /* what comes after its end is refused, what came before is run */

    fx_run(w, &a, (fx_job_t) { "login", 8, none, "", 0, 0, 0 });
    sid = a.session;
    fx_submit(w, &many[0], (fx_job_t) { "hold", 8, sid, "", 0, 0, 0 });
    fx_submit(w, &many[1], (fx_job_t) { "count", 8, sid, "", 0, 0, 0 });
    ok(fx_until(atomic_load(&w->fx->seen[20]) == 1), "a job that takes long");
    ptn_client_end_session(w->client, sid);
    is_rc(fx_run(w, &a, (fx_job_t) { "count", 8, sid, "", 0, 0, 0 }),
          PTN_ESTALE, "after the end, while one runs");
    atomic_store(&w->fx->seen[21], 1);
    ok(fx_final(w, &many[0]) && many[0].rc == PTN_OK
       && fx_final(w, &many[1]) && many[1].rc == PTN_OK,
       "those before the end are answered");
    ok(fx_until(atomic_load(&w->fx->seen[0]) == 3), "then it is closed");

    fx_run(w, &a, (fx_job_t) { "login", 8, none, "bind", 0, 0, 0 });
    sid = *shared_sid = a.session;

    /* board */

    ptn_client_on_change(w->client, on_change, changed);
    ptn_client_watch(w->client, 77);
    fx_run(w, &a, (fx_job_t) { "change", 76, none, "", 0, 0, 0 });
    fx_poll(w, 0);
    is_u64(changed[0], 0, "a slot that nobody watches");

    fx_run(w, &a, (fx_job_t) { "change", 77, none, "", 0, 0, 0 });
    for (i = 0; i < 1000 && changed[0] == 0; i++) {
        fx_poll(w, 10);
    }
    is_u64(changed[1], 77, "a change wakes its watcher");
    is_u64(changed[2], ptn_board_version(w->fx->world, 77), "with its version");

    ptn_client_unwatch(w->client, 77);
    changed[0] = 0;
    fx_run(w, &a, (fx_job_t) { "change", 77, none, "", 0, 0, 0 });
    fx_poll(w, 0);
    is_u64(changed[0], 0, "unwatched");

    ok(ptn_world_private(w->fx->world) == NULL, "no private memory here");

    atomic_store(&w->fx->seen[10], 1);

    while (atomic_load(&w->fx->seen[11]) == 0) {
        fx_poll(w, 10);
    }

    is_rc(fx_run(w, &a, (fx_job_t) { "count", 8, sid, "", 0, 0, 0 }), PTN_OK,
          "another worker did not end its session");

    return done_testing();
}


/* Its own is the one whose socket it has not closed. */

static int
slot_of(fx_worker_t *w)
{
    int  i;

    for (i = 0; ptn_shm_sock(w->fx->world, (uint32_t) i, 0)[1] == -1; i++) {
        /* void */
    }

    return i;
}


static int
other(fx_worker_t *w, void *data PTN_UNUSED)
{
    static fx_answer_t  a;

    ptn_client_end_session(w->client, *shared_sid);
    fx_run(w, &a, (fx_job_t) { "count", 7, *shared_sid, "", 0, 0, 0 });

    return a.rc == PTN_ESTALE ? 0 : 1;
}


/* Makes a bound session and dies ... */

static int
mortal(fx_worker_t *w, void *data PTN_UNUSED)
{
    ptn_sid_t           none = { { 0 } };
    static fx_answer_t  a;

    fx_run(w, &a, (fx_job_t) { "login", 8, none, "bind", 0, 0, 0 });
    *shared_sid = a.session;
    atomic_store(&w->fx->seen[12], (uint64_t) slot_of(w));
    kill(getpid(), SIGKILL);

    return 1;
}


/* ... and who gets its slot is somebody else. */

static int
heir(fx_worker_t *w, void *data PTN_UNUSED)
{
    static fx_answer_t  a;

    if (slot_of(w) != (int) atomic_load(&w->fx->seen[12])) {
        return 2;
    }

    fx_run(w, &a, (fx_job_t) { "count", 8, *shared_sid, "", 0, 0, 0 });

    return a.rc == PTN_ESTALE ? 0 : 1;
}


int
main(void)
{
    int    rc, wrong, i;
    pid_t  pid;

    fx_open(&fx, 2, 4, &hooks, types, ptn_nelts(types));
    shared_sid = (ptn_sid_t *) &fx.seen[32];

    ((u_char *) ptn_world_private(fx.world))[PTN_PRIVATE_SIZE - 1] = 7;
    fx_start(&fx);

    pid = fx_worker(&fx, worker, NULL);

    (void) fx_until(atomic_load(&fx.seen[10]) == 1);
    wrong = fx_wait(fx_worker(&fx, other, NULL), 10000);

    if (wrong != 0) {
        fprintf(stderr, "a bound session was used by another worker\n");
    }

    /* five times: the store looks for dead workers once a second */

    for (i = 0; wrong == 0 && i < 5; i++) {
        (void) fx_wait(fx_worker(&fx, mortal, NULL), 10000);
        wrong = fx_wait(fx_worker(&fx, heir, NULL), 10000);

        if (wrong != 0) {
            fprintf(stderr, "a bound session was used by who has its"
                    " worker's slot now: %d\n", wrong);
        }
    }

    atomic_store(&fx.seen[11], 1);
    rc = fx_wait(pid, 30000);
    rc = wrong != 0 ? 1 : rc;

    if (!fx_until(atomic_load(&fx.seen[0]) == 9)) {
        fprintf(stderr, "bound session outlives its worker\n");
        rc = 1;
    }

    if (!fx_stop(&fx)) {
        fprintf(stderr, "stores do not stop\n");
        rc = 1;
    }

    fx_close(&fx);

    return rc;
}
