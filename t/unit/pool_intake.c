/*
 * Who listens to the ring while another one empties it waits for him, and is
 * woken.  The one that empties it is held there: a worker's position that
 * cannot be is logged, and the log is a pipe that is full.
 */

#include <dirent.h>
#include <sys/stat.h>

#include "pool_fixture.h"
#include "ptn_runner.h"


static fx_t  fx;
static int   pipe_fd;

#define NAPS      fx.seen[0]        /* jobs at the gate */
#define GATE      fx.seen[1]        /* so many may pass */
#define PUSH      fx.seen[2]        /* 1: forge, 2: done, 3: leave */
#define DRAIN     fx.seen[3]        /* 1: read the log, 2: done */


static ptn_rc_t
run_nap(ptn_job_t *job PTN_UNUSED)
{
    uint64_t  n;

    n = atomic_fetch_add(&NAPS, 1);
    (void) fx_until(atomic_load(&GATE) > n);

    return PTN_OK;
}


static ptn_rc_t
run_noop(ptn_job_t *job PTN_UNUSED)
{
    return PTN_OK;
}


static const ptn_job_type_t  nap_t = { "nap", PTN_LANE_SHORT, 0, run_nap, 0,
    NULL };
static const ptn_job_type_t  noop_t = { "noop", PTN_LANE_SHORT, 0, run_noop,
                                        0, NULL };
static const ptn_job_type_t *const  types[] = { &nap_t, &noop_t };
static const ptn_hooks_t  hooks;


/* A worker whose ring says that it has more in it than it holds. */

static int
forger(fx_worker_t *w, void *data PTN_UNUSED)
{
    uint32_t          i;
    ptn_shm_rings_t  *rings;

    for (i = 0; ptn_shm_sock(w->fx->world, i, 0)[1] == -1; i++) {
        /* ours is the one that is open */
    }

    rings = ptn_shm_rings(w->fx->world, i, 0);

    while (atomic_load(&PUSH) != 3) {
        if (atomic_load(&PUSH) == 1) {
            atomic_fetch_add(&rings->up.tail, 1000000);
            atomic_store(&PUSH, 2);
        }
        fx_nap();
    }

    return 0;
}


static uint64_t
refused(fx_worker_t *w)
{
    return w->fx->world->common->count[PTN_STAT_REFUSED];
}


/* Every thread of the store is asleep: who has nothing to do waits. */

static bool
asleep(pid_t pid)
{
    int             n, busy;
    char            path[300], state;
    DIR            *d;
    FILE           *f;
    struct dirent  *de;

    snprintf(path, sizeof(path), "/proc/%d/task", (int) pid);
    d = opendir(path);
    busy = (d == NULL);

    while (d != NULL && (de = readdir(d)) != NULL) {
        snprintf(path, sizeof(path), "/proc/%d/task/%s/stat", (int) pid,
                 de->d_name);
        f = de->d_name[0] != '.' ? fopen(path, "r") : NULL;
        n = f != NULL ? fscanf(f, "%*d %*s %c", &state) : 0;
        busy += (n == 1 && state != 'S');

        if (f != NULL) {
            fclose(f);
        }
    }

    if (d != NULL) {
        closedir(d);
    }

    return busy == 0;
}


static void
met(fx_worker_t *w, unsigned round)
{
    bool                 quiet;
    size_t               i;
    uint64_t             n;
    ptn_sid_t            none = { { 0 } };
    static fx_answer_t   nap[3], b;

    /* all are busy, so that the control thread looks after the ring */

    atomic_store(&NAPS, 0);
    atomic_store(&GATE, 0);

    for (i = 0; i < 3; i++) {
        fx_submit(w, &nap[i], (fx_job_t) { "nap", 1, none, NULL, 0, 0, 0 });
    }

    ok(fx_until(NAPS == 3), "round %u: three jobs run", round);
    n = refused(w);
    atomic_store(&PUSH, 1);
    ok(fx_until(PUSH == 2 && refused(w) > n), "the ring is being emptied");

    /* one is free and begins to listen */

    atomic_store(&GATE, 1);
    ok(fx_until(({ fx_poll(w, 0); nap[0].final || nap[1].final
                                  || nap[2].final; })), "one of them ends");
    quiet = false;
    ok(fx_until(quiet || (quiet = asleep(w->fx->store[0]))), "and waits");
    fx_submit(w, &b, (fx_job_t) { "noop", 1, none, NULL, 0, 0, 0 });
    atomic_store(&DRAIN, 1);
    ok(fx_until(DRAIN == 2), "the ring is emptied");
    ok(fx_final(w, &b) && b.rc == PTN_OK && NAPS == 3,
       "who listens finds what has come, beside the others");
    atomic_store(&GATE, 3);

    for (i = 0; i < 3; i++) {
        (void) fx_final(w, &nap[i]);
    }
}


static int
worker(fx_worker_t *w, void *data PTN_UNUSED)
{
    unsigned  i;

    for (i = 1; i <= 5; i++) {
        met(w, i);
    }

    atomic_store(&PUSH, 3);

    return done_testing();
}


/* The pipe of the log: full, so that who logs waits. */

static void
fill(void)
{
    static const char  zero[4096];

    while (write(pipe_fd, zero, sizeof(zero)) > 0
           || write(pipe_fd, zero, 1) > 0)
    {
        /* void */
    }
}


/* Reads it; true: a line was there. */

static bool
drain(void)
{
    bool     line;
    char     buf[4096];
    ssize_t  i, n;

    for (line = false; (n = read(pipe_fd, buf, sizeof(buf))) > 0; ) {
        for (i = 0; i < n; i++) {
            line = line || buf[i] == '\n';
        }
    }

    return line;
}


int
main(void)
{
    int    rc;
    char   path[128];
    pid_t  pid, other;

    fx_open(&fx, 1, 3, &hooks, types, ptn_nelts(types));
    snprintf(path, sizeof(path), "%s/log", fx.root);
    ptn_log_close(fx.log);

    if (mkfifo(path, 0600) == -1
        || (pipe_fd = open(path, O_RDWR|O_NONBLOCK|O_CLOEXEC)) == -1
        || fcntl(pipe_fd, F_SETPIPE_SZ, 4096) == -1
        || (fx.log = ptn_log_open(path, "pool", PTN_LOG_WARN)) == NULL)
    {
        perror("a pipe");
        return 1;
    }

    fx_start(&fx);
    fill();

    other = fx_worker(&fx, forger, NULL);
    pid = fx_worker(&fx, worker, NULL);

    while ((rc = fx_wait(pid, 1)) == -1) {
        if (atomic_load(&DRAIN) == 1) {
            (void) fx_until(drain());
            fill();
            atomic_store(&DRAIN, 2);
        }
    }

    atomic_store(&PUSH, 3);
    (void) drain();
    rc = fx_wait(other, 10000) == 0 ? rc : 1;
    rc = fx_stop(&fx) ? rc : 1;
    unlink(path);
    fx_close(&fx);

    return rc;
}
