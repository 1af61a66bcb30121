/* The clerk: its loop, the bell, the control socket, death and hand-over. */

#include <sys/socket.h>
#include <sys/un.h>

#include "pool_fixture.h"
#include "ptn_control.h"


static fx_t  fx;


static ptn_rc_t
clerk_open(ptn_world_t *world PTN_UNUSED, const ptn_conf_t *conf PTN_UNUSED,
    ptn_log_t *log PTN_UNUSED, void **ret_clerk)
{
    if (atomic_fetch_add(&fx.seen[0], 1) == 0) {
        return PTN_EUNAVAIL;            /* the first time */
    }

    *ret_clerk = &fx;

    return PTN_OK;
}


static uint32_t
clerk_run(void *clerk PTN_UNUSED)
{
    atomic_fetch_add(&fx.seen[1], 1);

    return atomic_load(&fx.seen[2]) != 0 ? 10 : 3600 * 1000;
}


static void
clerk_close(void *clerk PTN_UNUSED)
{
    atomic_fetch_add(&fx.seen[3], 1);
}


static ptn_rc_t
verb_flush(void *clerk, ptn_str_t args, ptn_buf_t *out)
{
    if (clerk != &fx) {
        return PTN_EINTERNAL;
    }

    if (ptn_str_eqz(args, "no")) {
        return PTN_EDENIED;
    }

    ptn_buf_z(out, ".dots stay\nflushed ");
    ptn_buf_str(out, args);
    ptn_buf_z(out, "\n");

    return PTN_OK;
}


static ptn_rc_t
run_nap(ptn_job_t *job)
{
    atomic_fetch_add(&fx.seen[4], 1);
    usleep((useconds_t) strtoul((char *) job->request.data, NULL, 10) * 1000);

    return PTN_OK;
}


static const ptn_job_type_t  nap_t = { "nap", PTN_LANE_NET, 0, run_nap, 0,
    NULL };
static const ptn_job_type_t *const  types[] = { &nap_t };

static const ptn_control_verb_t  verbs[] = {
    { "flush", verb_flush }, { NULL, NULL }
};

static const ptn_hooks_t  hooks = {
    .clerk_open = clerk_open,
    .clerk_run = clerk_run,
    .clerk_close = clerk_close,
    .verbs = verbs
};


static int
worker(fx_worker_t *w, void *data PTN_UNUSED)
{
    uint32_t             i, good;
    ptn_sid_t            none = { { 0 } };
    static fx_answer_t   queued[8];

    for (i = 0; i < 8; i++) {
        fx_submit(w, &queued[i], (fx_job_t) { "nap", 0, none,
                                              i < 4 ? "60000" : "1", 0, 0, 0 });
    }

    for (i = 0, good = 0; i < 8; i++) {
        fx_final(w, &queued[i]);
        good += queued[i].rc == (i < 4 ? PTN_ESTALE : PTN_OK);
    }

    return good == 8 ? 0 : 1;
}


int
main(void)
{
    char         line[PTN_CONTROL_LINE + 10];
    pid_t        pid, next;
    uint64_t     n;
    ptn_str_t    s;
    ptn_pool_t  *pool;

    fx_open(&fx, 1, 2, &hooks, types, ptn_nelts(types));
    pool = ptn_pool_create(0, NULL);

    is_rc(ptn_control_ask(pool, fx.root, "status", 1000, &s), PTN_ENOTFOUND,
          "no server runs");

    fx.clerk = fx_spawn(&fx, 1, 1, &fx.conf);
    ok(fx_until(fx_attached(&fx, 1, fx.clerk)), "the clerk runs");
    ok(fx_until(atomic_load(&fx.seen[1]) >= 1),
       "its loop backs off when it cannot start, then runs");

    n = atomic_load(&fx.seen[1]);
    ptn_world_ring_clerk(fx.world);
    ok(fx_until(atomic_load(&fx.seen[1]) > n), "the bell wakes it");

    atomic_store(&fx.seen[2], 1);
    ptn_world_ring_clerk(fx.world);
    n = atomic_load(&fx.seen[1]);
    ok(fx_until(atomic_load(&fx.seen[1]) > n + 3), "so does its time");
    atomic_store(&fx.seen[2], 0);

    ptn_world_count(fx.world, PTN_STAT_DELIVERED, 42);

    is_rc(ptn_control_ask(pool, fx.root, "status", 5000, &s), PTN_OK,
          "status");
    ok(s.len > 2 && s.data[0] == '{' && s.data[s.len - 2] == '}'
       && memmem(s.data, s.len, "\"delivered\":42", 14) != NULL,
       "JSON with the counters");

    is_rc(ptn_control_ask(pool, fx.root, "flush all of it", 5000, &s), PTN_OK,
          "a verb of the hooks");
    is_str(s, ".dots stay\nflushed all of it\n", "its arguments and lines");
    is_rc(ptn_control_ask(pool, fx.root, "flush no", 5000, &s), PTN_EDENIED,
          "its error");
    is_rc(ptn_control_ask(pool, fx.root, "nothing", 5000, &s), PTN_ESUPPORT,
          "an unknown verb");
    is_rc(ptn_control_ask(pool, fx.root, "verbs", 5000, &s), PTN_OK, "verbs");
    is_str(s, "status\nverbs\nflush\n", "all of them");

    memset(line, 'x', sizeof(line));
    line[PTN_CONTROL_LINE - 2] = '\0';
    ok(ptn_control_ask(pool, fx.root, line, 5000, &s) != PTN_OK,
       "a line as long as the buffer");
    is_rc(ptn_control_ask(pool, fx.root, "verbs", 5000, &s), PTN_OK,
          "it still answers");

    /* killed with jobs running and queued */

    pid = fx_worker(&fx, worker, NULL);
    ok(fx_until(atomic_load(&fx.seen[4]) >= 4), "four jobs of the net lane");
    kill(fx.clerk, SIGKILL);
    fx_wait(fx.clerk, 5000);
    fx.clerk = fx_spawn(&fx, 1, 1, &fx.conf);
    is_u64((uint64_t) fx_wait(pid, 20000), 0,
           "kill -9: running jobs fail, queued jobs run");
    is_rc(ptn_control_ask(pool, fx.root, "verbs", 5000, &s), PTN_OK,
          "the control socket is back");

    /* a successor takes over */

    pid = fx.clerk;
    n = (uint64_t) fx.ctl[1][1];
    next = fx_spawn(&fx, 1, 2, &fx.conf);
    usleep(50000);
    ok(fx_attached(&fx, 1, pid), "two never run at a time");
    (void) !write((int) n, "q", 1);
    is_u64((uint64_t) fx_wait(pid, 8000), 0, "the old one leaves");
    fx.clerk = next;
    ok(fx_until(fx_attached(&fx, 1, next)), "the new one serves");
    is_u64(fx.seen[3], 1, "the loop was closed");
    is_rc(ptn_control_ask(pool, fx.root, "verbs", 5000, &s), PTN_OK,
          "over the same socket");

    ok(fx_stop(&fx), "quit");
    is_rc(ptn_control_ask(pool, fx.root, "status", 1000, &s), PTN_ENOTFOUND,
          "no socket is left");

    ptn_pool_destroy(pool);
    fx_close(&fx);

    return done_testing();
}
