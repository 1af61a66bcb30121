#include <stdlib.h>
#include <unistd.h>

#include "ptn_clerk.h"


/*
 * The clerk: everything that waits on the network or the clock (DESIGN 6).
 * Its loop has a thread of its own, since a turn may take as long as a peer
 * does; the control thread answers the host and the control socket meanwhile.
 */

static void
ptn_clerk_main_verbs(ptn_clerk_t *clerk, void *app)
{
    uint32_t             i;
    ptn_rc_t             rc;
    ptn_control_conn_t  *c;

    for (i = 0; i < PTN_CONTROL_CONNS; i++) {
        c = &clerk->conn[i];

        if (atomic_load(&c->state) != PTN_CONTROL_RUN) {
            continue;
        }

        rc = c->verb->run(app, c->args, &c->body);
        ptn_control_answer(c, rc);
        c->since = ptn_time_mono();
        atomic_store(&c->state, PTN_CONTROL_WRITE);
        ptn_runner_hurry(&clerk->runner);
    }
}


static void
ptn_clerk_main_wait(ptn_clerk_t *clerk, uint32_t ms)
{
    uint64_t        value;
    ptn_world_t    *world;
    struct pollfd   pfd;

    world = clerk->runner.world;

    pfd.fd = world->bell_fd;
    pfd.events = POLLIN;

    (void) poll(&pfd, 1, (int) ptn_min(ms, 3600000u));
    (void) !read(world->bell_fd, &value, sizeof(value));
    atomic_store(&world->common->clerk_bell, 0);
}


static void *
ptn_clerk_main_loop(void *data)
{
    void               *app;
    ptn_rc_t            rc;
    uint32_t            ms, backoff;
    ptn_clerk_t        *clerk;
    const ptn_proc_t   *proc;
    const ptn_hooks_t  *hooks;

    clerk = data;
    proc = clerk->runner.proc;
    hooks = proc->hooks;
    app = NULL;
    backoff = 0;

    while (!atomic_load(&clerk->stop) && hooks != NULL
           && hooks->clerk_open != NULL)
    {
        rc = hooks->clerk_open(clerk->runner.world, proc->conf, proc->log,
                               &app);
        if (rc == PTN_OK) {
            break;
        }

        backoff = backoff == 0 ? 1 : ptn_min(backoff * 2, 30u);

        ptn_log(proc->log, PTN_LOG_ERROR, "clerk cannot start rc=%s"
                " retry=%us", ptn_err(rc)->name, backoff);

        for (ms = 0; ms < backoff * 10 && !atomic_load(&clerk->stop); ms++) {
            usleep(100 * 1000);
        }
    }

    while (!atomic_load(&clerk->stop)) {
        ptn_clerk_main_verbs(clerk, app);

        ms = hooks != NULL && hooks->clerk_run != NULL
             ? hooks->clerk_run(app) : 60 * 1000;

        if (!atomic_load(&clerk->stop)) {
            ptn_clerk_main_wait(clerk, ms);
        }
    }

    if (app != NULL && hooks->clerk_close != NULL) {
        hooks->clerk_close(app);
    }

    atomic_store(&clerk->stopped, true);
    ptn_runner_hurry(&clerk->runner);

    return NULL;
}


static void
ptn_clerk_main_sleep(ptn_clerk_t *clerk, int ms)
{
    nfds_t         n;
    uint64_t       value;
    struct pollfd  pfd[PTN_CONTROL_CONNS + 3];

    pfd[0].fd = clerk->runner.tick_fd;
    pfd[0].events = POLLIN;
    pfd[0].revents = 0;
    n = 1;

    if (clerk->runner.proc->ctl_fd != -1) {
        pfd[n].fd = clerk->runner.proc->ctl_fd;
        pfd[n].events = POLLIN;
        n++;
    }

    n += ptn_control_poll(clerk, pfd + n);

    if (poll(pfd, n, ms) > 0 && pfd[0].revents != 0) {
        (void) !read(clerk->runner.tick_fd, &value, sizeof(value));
    }
}


static void
ptn_clerk_main_serve(ptn_clerk_t *clerk)
{
    int            ms;
    uint64_t       now;
    ptn_runner_t  *r;

    r = &clerk->runner;

    for ( ;; ) {
        ms = ptn_runner_tick(r);
        ptn_store_main_ctl(r, &clerk->quit, &clerk->terminate);
        ptn_control_serve(clerk);

        if (clerk->terminate
            || (clerk->quit && (ptn_runner_waiter(r)
                                || (!ptn_runner_workers(r)
                                    && ptn_runner_quiet(r)))))
        {
            return;
        }

        now = ptn_time_mono();

        if (now - clerk->checked >= 1000) {
            clerk->checked = now;
            ptn_intake_check(r);

            pthread_mutex_lock(&r->mu);
            ptn_session_expire(r);
            pthread_mutex_unlock(&r->mu);
        }

        ptn_clerk_main_sleep(clerk, clerk->quit ? ptn_min(ms, 20) : ms);
    }
}


/* The loop may be inside a turn: a peer that never answers is not waited for */

static bool
ptn_clerk_main_join(ptn_clerk_t *clerk)
{
    uint64_t  until, one = 1;

    atomic_store(&clerk->stop, true);
    (void) !write(clerk->runner.world->bell_fd, &one, sizeof(one));

    until = ptn_time_mono() + (clerk->terminate ? 500 : 4000);

    while (!atomic_load(&clerk->stopped)) {
        if (ptn_time_mono() >= until) {
            return false;
        }
        ptn_store_main_ctl(&clerk->runner, &clerk->quit, &clerk->terminate);
        if (clerk->terminate) {
            until = ptn_min(until, ptn_time_mono() + 500);
        }
        usleep(5000);
    }

    pthread_join(clerk->thread, NULL);

    return true;
}


int
ptn_clerk_main(ptn_world_t *world, const ptn_proc_t *proc)
{
    bool            joined;
    ptn_rc_t        rc;
    uint32_t        i;
    ptn_clerk_t    *clerk;
    pthread_attr_t  attr;

    ptn_store_main_process(world);

    clerk = calloc(1, sizeof(ptn_clerk_t));
    if (clerk == NULL) {
        sleep(1);
        return 1;
    }

    for (i = 0; i < PTN_CONTROL_CONNS; i++) {
        clerk->conn[i].fd = -1;
    }

    clerk->listen = -1;

    rc = ptn_runner_open(&clerk->runner, world, proc, world->clerk, true);

    if (rc == PTN_OK) {
        rc = ptn_runner_own(&clerk->runner);
    }

    if (rc != PTN_OK) {
        if (rc != PTN_AGAIN) {
            ptn_log(proc->log, PTN_LOG_ERROR, "clerk cannot start rc=%s",
                    ptn_err(rc)->name);
            sleep(1);
        }
        ptn_runner_close(&clerk->runner);
        free(clerk);
        return rc == PTN_AGAIN ? 0 : 1;
    }

    if (ptn_control_open(clerk) != PTN_OK) {
        ptn_log(proc->log, PTN_LOG_ERROR, "no control socket");
    }

    rc = ptn_runner_start(&clerk->runner);

    if (rc == PTN_OK) {
        pthread_attr_init(&attr);
        pthread_attr_setstacksize(&attr, 1024 * 1024);

        if (pthread_create(&clerk->thread, &attr, ptn_clerk_main_loop, clerk)
            != 0)
        {
            rc = PTN_ENOMEM;
        }

        pthread_attr_destroy(&attr);
    }

    joined = rc != PTN_OK;

    if (rc == PTN_OK) {
        ptn_log(proc->log, PTN_LOG_INFO, "clerk started generation=%u",
                proc->generation);
        ptn_clerk_main_serve(clerk);
        joined = ptn_clerk_main_join(clerk);
    }

    ptn_log(proc->log, PTN_LOG_INFO, "clerk ends");

    joined = ptn_runner_stop(&clerk->runner, &clerk->quit, &clerk->terminate,
                             clerk->terminate ? PTN_TERM_MS : 4000)
             && joined;

    ptn_control_close(clerk);

    if (!joined) {
        _exit(0);       /* threads wait on the network: it ends under them */
    }

    ptn_runner_disown(&clerk->runner);
    ptn_runner_close(&clerk->runner);
    free(clerk);

    return rc == PTN_OK ? 0 : 1;
}
