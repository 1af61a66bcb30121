/* Processes that die, are told to go, hand over, cannot start. */

#include "pool_fixture.h"


static fx_t  fx;


static ptn_rc_t
app_open(ptn_exec_t *exec PTN_UNUSED, ptn_world_t *world PTN_UNUSED,
    const ptn_conf_t *conf PTN_UNUSED, ptn_log_t *log PTN_UNUSED,
    void **ret_app)
{
    atomic_fetch_add(&fx.seen[5], 1);

    if (atomic_load(&fx.seen[6]) != 0) {
        return PTN_EUNAVAIL;
    }

    *ret_app = NULL;

    return PTN_OK;
}


static ptn_rc_t
run_nap(ptn_job_t *job)
{
    uint64_t  end;

    end = fx_us() + strtoull((char *) job->request.data, NULL, 10) * 1000;
    atomic_fetch_add(&fx.seen[0], 1);

    while (fx_us() < end && !ptn_job_cancelled(job)) {
        fx_nap();
    }

    if (ptn_job_cancelled(job)) {
        atomic_fetch_add(&fx.seen[1], 1);
    }

    return ptn_job_reply(job, "slept", 5);
}


static ptn_rc_t
run_deaf(ptn_job_t *job PTN_UNUSED)
{
    atomic_fetch_add(&fx.seen[0], 1);
    sleep(30);

    return PTN_OK;
}


static void
nap_failed(ptn_job_t *job, ptn_rc_t rc)
{
    ptn_job_reply(job, ptn_err(rc)->name, strlen(ptn_err(rc)->name));
    ptn_job_reply(job, job->request.data, job->request.len);
}


static ptn_rc_t
run_body(ptn_job_t *job)
{
    char       buf[6] = "";
    ptn_rc_t   rc;

    rc = ptn_job_body_read(job, 0, buf, 5);

    return rc == PTN_OK ? ptn_job_reply(job, buf, 5) : rc;
}


static ptn_rc_t
run_login(ptn_job_t *job)
{
    ptn_session_t  *s;

    return ptn_session_create(job, 8, 60000, NULL, &s);
}


static ptn_rc_t
run_big(ptn_job_t *job)
{
    static const char  zero[300000];

    return ptn_job_reply(job, zero, sizeof(zero));
}


static const ptn_job_type_t  nap_t = { "nap", PTN_LANE_SHORT, 0, run_nap,
                                       nap_failed, NULL };
static const ptn_job_type_t  deaf_t = { "deaf", PTN_LANE_SHORT, 0, run_deaf,
                                        0, NULL };
static const ptn_job_type_t  body_t = { "body", PTN_LANE_SHORT, 0, run_body,
                                        0, NULL };
static const ptn_job_type_t  login_t = { "login", PTN_LANE_SHORT, 0, run_login,
                                         0, NULL };
static const ptn_job_type_t  big_t = { "big", PTN_LANE_SHORT, 0, run_big, 0,
    NULL };

static const ptn_job_type_t *const  types[] = {
    &nap_t, &deaf_t, &body_t, &login_t, &big_t
};

static const ptn_hooks_t  hooks = { .open = app_open };


/* What the master does is asked for by a number. */

static void
ask(fx_worker_t *w, uint64_t what)
{
    atomic_store(&w->fx->seen[10], what);

    while (atomic_load(&w->fx->seen[10]) == what) {
        fx_poll(w, 1);
    }
}


static bool
started(fx_worker_t *w, uint64_t n)
{
    uint64_t  end;

    end = fx_us() + 10000000;
    while (atomic_load(&w->fx->seen[0]) < n && fx_us() < end) {
        fx_poll(w, 1);
    }

    return atomic_load(&w->fx->seen[0]) >= n;
}


/* Jobs of this worker that the store has taken, and that do not run yet. */

static uint32_t
accepted(fx_worker_t *w)
{
    uint32_t         i, n, slot;
    ptn_shm_slot_t  *s;

    for (slot = 0; ptn_shm_sock(w->fx->world, slot, 0)[1] == -1; slot++) {
        /* ours is the one that is open */
    }

    s = ptn_shm_slot(w->fx->world, slot);

    for (i = 0, n = 0; i < PTN_TICKETS; i++) {
        n += (atomic_load(&s->cell[i].c.state) & 7) == PTN_CELL_ACCEPTED;
    }

    return n;
}


/* The successor has come, and waits for the ring. */

static void
waits(pid_t pid)
{
    (void) fx_until(atomic_load(&fx.world->private->lock[0].waiter) == pid
                    || fx_attached(&fx, 0, pid));
}


enum { KILL_STORE = 1, RESPAWN, HAND_OVER, SHRINK, RELOADS, TERM, BAD_START };


static void
killed(fx_worker_t *w)
{
    int                  fd;
    uint32_t             i, good;
    uint64_t             version, n;
    ptn_sid_t            none = { { 0 } };
    static fx_answer_t   run[3], queued[20], body, login, keep;

    fd = memfd_create("body", 0);
    (void) !write(fd, "bytes", 5);

    fx_run(w, &login, (fx_job_t) { "login", 0, none, NULL, 0, 0, 0 });

    keep.keep = true;
    fx_run(w, &keep, (fx_job_t) { "big", 0, none, NULL, 0, 0, 0 });

    atomic_store(&w->fx->seen[0], 0);
    version = ptn_board_version(w->fx->world, 0);

    for (i = 0; i < 3; i++) {
        fx_submit(w, &run[i], (fx_job_t) { "nap", 0, none, "20000", 0, 0, 0 });
    }
    ok(started(w, 3), "three jobs run");

    for (i = 0; i < 20; i++) {
        fx_submit(w, &queued[i], (fx_job_t) { "nap", 0, none, "1", 0, 0, 0 });
    }
    fx_submit(w, &body, (fx_job_t) { "body", 0, none, NULL, 0, fd, 5 });
    ok(fx_until(accepted(w) == 21), "others wait, one with a file");

    ask(w, KILL_STORE);

    for (i = 0, good = 0; i < 3; i++) {
        fx_final(w, &run[i]);
        good += run[i].rc == PTN_ESTALE && run[i].len == 11
                && memcmp(run[i].data, "ESTALE20000", 11) == 0;
    }
    is_u64(good, 3, "kill -9: running jobs fail, worded from their request");

    for (i = 0, good = 0; i < 20; i++) {
        fx_final(w, &queued[i]);
        good += queued[i].rc == PTN_OK && queued[i].len == 5;
    }
    is_u64(good, 20, "queued jobs run in the successor");

    fx_final(w, &body);
    is_str(ptn_str_make(body.data, body.len), "bytes",
           "with the file that the dead store had received");

    ok(ptn_board_version(w->fx->world, 0) > version,
       "the board of its slots was bumped");
    is_u64(w->fx->world->common->count[PTN_STAT_TAKEOVERS], 1, "counted");

    is_u64(fx_run(w, &run[0], (fx_job_t) { "nap", 0, login.session, "1", 0, 0,
                                           0 }),
           PTN_ESTALE, "its sessions are gone");

    for (i = 0, n = 0; i < PTN_CHUNKS; i++) {
        n += ptn_shm_slot(w->fx->world, 0)->chunk[i] != 0;
    }
    ok(n >= 1, "%lu chunks under way to a client outlive the store", n);
    ptn_client_release(w->client, keep.ticket, keep.kept);
    for (i = 0, n = 0; i < PTN_CHUNKS; i++) {
        n += ptn_shm_slot(w->fx->world, 0)->chunk[i] != 0;
    }
    is_u64(n, 0, "until they are given back");
    close(fd);
}


static void
handed(fx_worker_t *w, uint64_t how, const char *what)
{
    uint32_t             i, k, good;
    ptn_sid_t            none = { { 0 } };
    static fx_answer_t   run, a[400];

    atomic_store(&w->fx->seen[0], 0);
    fx_submit(w, &run, (fx_job_t) { "nap", 0, none, "700", 0, 0, 0 });
    started(w, 1);

    atomic_store(&w->fx->seen[10], how);

    for (i = 0, k = 0; i < 400; i++) {
        while (fx_submit(w, &a[i], (fx_job_t) { "nap", i % 8, none, "0", 0, 0,
                                                0 })
               == PTN_EBUSY)
        {
            k++;
            fx_poll(w, 1);
        }
        fx_poll(w, 1);
        usleep(2000);
    }

    for (i = 0, good = 0; i < 400; i++) {
        fx_final(w, &a[i]);
        good += a[i].rc == PTN_OK && a[i].len == 5;
    }

    fx_final(w, &run);
    is_u64(good, 400, what);
    is_u64(run.rc, PTN_OK, "the running job finished");
    is_u64(k, 0, "nobody was told to come later");

    while (atomic_load(&w->fx->seen[10]) == how) {
        fx_poll(w, 1);
    }
}


static void
terminated(fx_worker_t *w)
{
    uint64_t             start;
    ptn_sid_t            none = { { 0 } };
    static fx_answer_t   a, b;

    atomic_store(&w->fx->seen[0], 0);
    fx_submit(w, &a, (fx_job_t) { "deaf", 0, none, NULL, 0, 0, 0 });
    started(w, 1);

    start = fx_us();
    ask(w, TERM);
    ok(fx_us() - start < 15000000, "TERM: left under a deaf job after %lu ms",
       (fx_us() - start) / 1000);

    fx_final(w, &a);
    is_u64(a.rc, PTN_ESTALE, "which failed in the successor");

    is_u64(fx_run(w, &b, (fx_job_t) { "nap", 0, none, "0", 0, 0, 0 }), PTN_OK,
           "that serves");
}


static void
unable(fx_worker_t *w)
{
    ptn_sid_t            none = { { 0 } };
    static fx_answer_t   a;

    ask(w, BAD_START);

    is_u64(fx_submit(w, &a, (fx_job_t) { "nap", 0, none, "0", 0, 0, 0 }),
           PTN_EBUSY, "a store that cannot start is not attached");
    ok(w->fx->seen[5] >= 2, "it tries again, backing off");

    atomic_store(&w->fx->seen[6], 0);
    ok(fx_until(w->fx->world->common->store[0].pid != 0), "until it can");
    is_u64(fx_run(w, &a, (fx_job_t) { "nap", 0, none, "0", 0, 0, 0 }), PTN_OK,
           "and serves");
}


static int
worker(fx_worker_t *w, void *data PTN_UNUSED)
{
    killed(w);
    handed(w, HAND_OVER, "a hand-over under load: every job answered");
    handed(w, RELOADS, "5 hand-overs in a row: every job answered");
    handed(w, SHRINK, "two stores become one: every job answered");
    terminated(w);
    unable(w);

    return done_testing();
}


/* A worker that dies with a job running. */

static int
mortal(fx_worker_t *w, void *data PTN_UNUSED)
{
    ptn_sid_t            none = { { 0 } };
    static fx_answer_t   a, b, c;

    c.keep = true;
    fx_run(w, &c, (fx_job_t) { "big", 0, none, NULL, 0, 0, 0 });

    atomic_store(&w->fx->seen[0], 0);
    atomic_store(&w->fx->seen[1], 0);
    fx_submit(w, &a, (fx_job_t) { "nap", 0, none, "20000", 0, 0, 0 });
    fx_submit(w, &b, (fx_job_t) { "nap", 0, none, "20000", 0, 0, 0 });
    started(w, 2);
    kill(getpid(), SIGKILL);

    return 0;
}


static int
heir(fx_worker_t *w, void *data PTN_UNUSED)
{
    uint32_t             i, n, slot;
    ptn_sid_t            none = { { 0 } };
    static fx_answer_t   a[100];

    for (slot = 0; ptn_shm_sock(w->fx->world, slot, 0)[1] == -1; slot++) {
        /* ours is the one that is open */
    }

    for (i = 0; i < 100; i++) {
        fx_submit(w, &a[i], (fx_job_t) { "nap", 0, none, "0", 0, 0, 0 });
    }

    for (i = 0, n = 0; i < 100; i++) {
        fx_final(w, &a[i]);
        n += a[i].rc == PTN_OK && a[i].len == 5;
    }

    if (n != 100 || !fx_until(atomic_load(&w->fx->seen[1]) == 2)) {
        return 1;
    }

    return fx_until(({
        for (i = 0, n = 0; i < PTN_CHUNKS; i++) {
            n += ptn_shm_slot(w->fx->world, slot)->chunk[i] != 0;
        }
        n == 0; })) ? 0 : 2;
}


static void
respawn(uint32_t index, uint32_t generation, ptn_conf_t *conf)
{
    fx.store[index] = fx_spawn(&fx, index, generation, conf);
}


static void
serve(uint64_t what)
{
    int                i, old;
    pid_t              pid;
    static uint32_t    generation = 1;
    static ptn_conf_t  one;

    switch (what) {

    case KILL_STORE:
        kill(fx.store[0], SIGKILL);
        fx_wait(fx.store[0], 5000);
        respawn(0, generation, &fx.conf);
        break;

    case HAND_OVER:
    case RELOADS:
        for (i = 0; i < (what == RELOADS ? 5 : 1); i++) {
            pid = fx.store[0];
            old = fx.ctl[0][1];
            respawn(0, ++generation, &fx.conf);
            waits(fx.store[0]);
            (void) !write(old, "q", 1);
            if (what == HAND_OVER) {
                fx_wait(pid, 5000);
            }
        }
        break;

    case SHRINK:
        one = fx.conf;
        one.workers = 1;
        pid = fx.store[0];
        old = fx.ctl[0][1];
        respawn(0, ++generation, &one);
        waits(fx.store[0]);
        (void) !write(old, "q", 1);
        fx_wait(pid, 5000);
        if (fx_wait(fx.store[1], 5000) != 0) {  /* leaves unasked */
            fprintf(stderr, "the surplus store stays\n");
            exit(1);
        }
        fx.store[1] = 0;
        break;

    case TERM:
        fx_tell(&fx, 0, 't');
        fx_wait(fx.store[0], 20000);
        respawn(0, generation, &one);
        break;

    case BAD_START:
        fx_tell(&fx, 0, 't');
        fx_wait(fx.store[0], 5000);
        atomic_store(&fx.seen[5], 0);
        atomic_store(&fx.seen[6], 1);
        respawn(0, generation, &one);
        fx_until(atomic_load(&fx.seen[5]) >= 2);
        break;
    }
}


int
main(void)
{
    int       rc;
    pid_t     pid;
    uint64_t  what, end;

    rc = 0;

    fx_open(&fx, 2, 2, &hooks, types, ptn_nelts(types));
    fx_start(&fx);

    if (fx_wait(fx_worker(&fx, mortal, NULL), 10000) != 128 + SIGKILL
        || (rc = fx_wait(fx_worker(&fx, heir, NULL), 30000)) != 0)
    {
        fprintf(stderr, "a worker that died: %d\n", rc);
        return 1;
    }

    pid = fx_worker(&fx, worker, NULL);
    end = fx_us() + 60000000;
    rc = -1;

    while (rc == -1 && fx_us() < end) {
        what = atomic_load(&fx.seen[10]);
        if (what != 0) {
            serve(what);
            atomic_store(&fx.seen[10], 0);
        }
        rc = fx_wait(pid, 1);
    }

    rc = fx_stop(&fx) ? rc : 1;

    while (waitpid(-1, NULL, 0) > 0) {
        /* stores that handed over */
    }

    fx_close(&fx);

    return rc;
}
