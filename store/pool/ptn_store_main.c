#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "ptn_runner.h"


/*
 * The main function of a store process: the control thread.  It owns the
 * ring by a robust lock for as long as it lives, listens to its host, and
 * once in a while looks after what no executor does.
 */

typedef struct {
    ptn_runner_t  runner;
    bool          quit;         /* finish and go */
    bool          terminate;    /* go now */
    uint64_t      checked;
} ptn_store_main_t;


void
ptn_store_main_process(ptn_world_t *world)
{
    uint32_t  w, r;

    /* nginx's handler would reap what is not its own */

    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);

    mallopt(M_ARENA_MAX, 2);

    /* what a message of a megabyte takes and gives back is not to be mapped,
     * zeroed and unmapped each time; who rests gives it back (ptn_intake.c) */

    mallopt(M_MMAP_THRESHOLD, 4 * 1024 * 1024);
    mallopt(M_TRIM_THRESHOLD, 4 * 1024 * 1024);
    mallopt(M_TOP_PAD, 512 * 1024);

    for (w = 0; w < world->opts.workers; w++) {
        for (r = 0; r < world->nrings; r++) {
            if (ptn_shm_sock(world, w, r)[1] != -1) {
                close(ptn_shm_sock(world, w, r)[1]);
                ptn_shm_sock(world, w, r)[1] = -1;
            }
        }
    }
}


void
ptn_store_main_ctl(ptn_runner_t *r, bool *quit, bool *terminate)
{
    ptn_ctl_e          ctl;
    const ptn_proc_t  *proc;

    proc = r->proc;

    if (proc->parent != 0 && getppid() != proc->parent) {
        if (!*terminate) {
            ptn_log(r->log, PTN_LOG_WARN, "parent is gone, leaving pid=%d",
                    (int) proc->parent);
        }
        *quit = true;
        *terminate = true;
    }

    while (proc->ctl != NULL
           && (ctl = proc->ctl(proc->ctl_data)) != PTN_CTL_NONE)
    {
        switch (ctl) {

        case PTN_CTL_QUIT:
            *quit = true;
            break;

        case PTN_CTL_TERMINATE:
            *quit = true;
            *terminate = true;
            atomic_store(&r->terminate, true);
            break;

        case PTN_CTL_REOPEN:
            if (ptn_log_reopen(r->log) != PTN_OK) {
                ptn_log(r->log, PTN_LOG_ERROR, "log cannot be reopened");
            }
            break;

        default:
            break;
        }
    }
}


/*
 * Sleeps until the host has something to say, at most `ms`; false: nothing
 * happened but time.
 */

bool
ptn_store_main_sleep(ptn_runner_t *r, int ms)
{
    int            rc;
    nfds_t         n;
    uint64_t       value;
    struct pollfd  pfd[2];

    pfd[0].fd = r->tick_fd;
    pfd[0].events = POLLIN;
    pfd[0].revents = 0;
    n = 1;

    if (r->proc->ctl_fd != -1) {
        pfd[n].fd = r->proc->ctl_fd;
        pfd[n].events = POLLIN;
        n++;
    }

    rc = poll(pfd, n, ms);

    if (rc > 0 && pfd[0].revents != 0) {
        (void) !read(r->tick_fd, &value, sizeof(value));
    }

    return rc != 0;
}


/* The newest configuration says how many stores there are. */

static void
ptn_store_main_generation(ptn_runner_t *r)
{
    uint32_t           seen;
    ptn_shm_common_t  *c;

    c = r->world->common;
    seen = atomic_load(&c->generation);

    while (seen < r->proc->generation
           && !atomic_compare_exchange_weak(&c->generation, &seen,
                                            r->proc->generation))
    {
        /* void */
    }

    if (seen <= r->proc->generation && r->proc->conf != NULL
        && r->proc->conf->workers >= 1
        && r->proc->conf->workers <= r->world->opts.stores)
    {
        atomic_store(&c->stores, r->proc->conf->workers);
    }
}


/* A newer configuration has fewer stores: nobody will take this ring. */

static bool
ptn_store_main_surplus(ptn_runner_t *r)
{
    ptn_shm_common_t  *c;

    c = r->world->common;

    return atomic_load(&c->generation) > r->proc->generation
           && r->ring >= atomic_load(&c->stores);
}


/* Opens what executors need, with back-off; false: told to go. */

static bool
ptn_store_main_open(ptn_store_main_t *m)
{
    uint64_t       until;
    ptn_runner_t  *r;

    r = &m->runner;

    while (ptn_exec_open(&r->exec[0]) != PTN_OK) {

        until = r->exec[0].retry_open;

        while (ptn_time_mono() < until) {
            ptn_store_main_ctl(r, &m->quit, &m->terminate);
            if (m->quit) {
                return false;
            }
            (void) ptn_store_main_sleep(r, 200);
        }
    }

    return true;
}


static bool
ptn_store_main_done(ptn_store_main_t *m)
{
    ptn_runner_t  *r;

    r = &m->runner;

    if (m->terminate) {
        return true;
    }

    if (ptn_store_main_surplus(r)) {
        return ptn_runner_quiet(r);
    }

    if (!m->quit) {
        return false;
    }

    /*
     * A successor waits: stop at once, it runs what is queued.  Else the
     * workers are told to quit as well, and their last requests need us.
     */

    return ptn_runner_waiter(r)
           || (!ptn_runner_workers(r) && ptn_runner_quiet(r));
}


static void
ptn_store_main_serve(ptn_store_main_t *m)
{
    int            ms;
    bool           said;
    uint64_t       now, listened;
    ptn_runner_t  *r;

    r = &m->runner;
    said = true;
    listened = 0;

    for ( ;; ) {
        ms = ptn_runner_tick(r);
        now = ptn_time_mono();

        /* every millisecond there is one system call, not five */

        if (said || ms > PTN_LISTEN_MS || now - listened >= PTN_LISTEN_MS) {
            listened = now;
            ptn_store_main_ctl(r, &m->quit, &m->terminate);
        }

        if ((m->quit || atomic_load(&r->world->common->generation)
                        > r->proc->generation)
            && ptn_store_main_done(m))
        {
            return;
        }

        if (now - m->checked >= 1000) {
            m->checked = now;
            ptn_intake_check(r);

            pthread_mutex_lock(&r->mu);
            ptn_session_expire(r);
            pthread_mutex_unlock(&r->mu);
        }

        said = ptn_store_main_sleep(r, m->quit ? ptn_min(ms, PTN_LISTEN_MS)
                                               : ms);
    }
}


int
ptn_store_main(ptn_world_t *world, const ptn_proc_t *proc)
{
    ptn_rc_t           rc;
    uint32_t           backoff;
    ptn_store_main_t  *m;

    m = NULL;
    rc = PTN_EINVAL;

    ptn_store_main_process(world);

    if (proc->index < world->opts.stores && world->private != NULL) {
        m = calloc(1, sizeof(ptn_store_main_t));
        rc = m == NULL ? PTN_ENOMEM
                       : ptn_runner_open(&m->runner, world, proc, proc->index,
                                         false);
    }

    if (rc != PTN_OK) {
        ptn_log(proc->log, PTN_LOG_ERROR, "store cannot start store=%u rc=%s",
                proc->index, ptn_err(rc)->name);

        /* the host would start us again at once */

        for (backoff = 0; backoff < 30; backoff++) {
            sleep(1);
            if (proc->ctl != NULL && proc->ctl(proc->ctl_data) != PTN_CTL_NONE)
            {
                break;
            }
        }
        free(m);
        return 1;
    }

    ptn_store_main_generation(&m->runner);

    rc = ptn_runner_own(&m->runner);

    if (rc == PTN_OK) {
        if (ptn_store_main_open(m)) {
            rc = ptn_runner_start(&m->runner);

            if (rc == PTN_OK) {
                ptn_log(proc->log, PTN_LOG_INFO, "store started store=%u"
                        " generation=%u executors=%u", proc->index,
                        proc->generation, m->runner.nexecs);
                ptn_store_main_serve(m);
            }
        }

        if (!ptn_runner_stop(&m->runner, &m->quit, &m->terminate, 0)) {
            _exit(0);           /* the lock tells the next owner */
        }

        ptn_runner_disown(&m->runner);
    }

    ptn_log(proc->log, PTN_LOG_INFO, "store ends store=%u", proc->index);

    ptn_runner_close(&m->runner);
    free(m);

    return rc == PTN_OK || rc == PTN_AGAIN ? 0 : 1;
}
