/*
 * A pool without nginx: this process is the master, forked children are the
 * stores, the clerk and the workers.  A worker's function runs in its child
 * and tells what it saw through `fx->seen`, shared memory.
 */

#ifndef POOL_FIXTURE_H
#define POOL_FIXTURE_H


#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ptn_client.h"
#include "ptn_shm.h"
#include "ptn_test.h"
#include "ptn_world.h"


#define FX_SEEN  64

typedef struct {
    ptn_world_t               *world;
    ptn_conf_t                 conf;
    const ptn_hooks_t         *hooks;
    ptn_log_t                 *log;
    char                       root[64];
    pid_t                      store[PTN_STORES_MAX];
    pid_t                      clerk;
    int                        ctl[PTN_STORES_MAX + 1][2];
    pid_t                      master;
    _Atomic uint64_t          *seen;        /* [FX_SEEN], of all processes */
} fx_t;


static inline uint64_t
fx_us(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}


static inline void
fx_nap(void)
{
    struct timespec  ts = { 0, 1000000 };

    nanosleep(&ts, NULL);
}


/* Polls for `cond`, ten seconds at most. */
#define fx_until(cond)                                                        \
    ({                                                                        \
        uint64_t  fx_end = fx_us() + 10000000;                                \
        while (!(cond) && fx_us() < fx_end) {                                 \
            fx_nap();                                                         \
        }                                                                     \
        (cond);                                                               \
    })


/*
 * Does this thread give way to the others?  A test that is as nice itself as
 * can be does not see it.
 */

static inline bool
fx_gives_way(bool low)
{
    int  own;

    own = getpriority(PRIO_PROCESS, (id_t) getpid());

    return own == 19 ? low
                     : sched_getscheduler(0) == SCHED_BATCH
                       || getpriority(PRIO_PROCESS,
                                      (id_t) syscall(SYS_gettid)) > own;
}


static inline ptn_ctl_e
fx_ctl(void *data)
{
    char  c;

    if (read(*(int *) data, &c, 1) != 1) {
        return PTN_CTL_NONE;
    }

    return c == 'q' ? PTN_CTL_QUIT : c == 't' ? PTN_CTL_TERMINATE
                                              : PTN_CTL_REOPEN;
}


static inline void
fx_open(fx_t *fx, uint32_t stores, uint32_t workers, const ptn_hooks_t *hooks,
    const ptn_job_type_t *const *types, uint32_t ntypes)
{
    ptn_rc_t          rc;
    ptn_world_opts_t  opts = { stores, workers, true };

    memset(fx, 0, sizeof(*fx));
    snprintf(fx->root, sizeof(fx->root), "/tmp/ptn_pool_XXXXXX");

    if (mkdtemp(fx->root) == NULL) {
        perror("mkdtemp");
        exit(1);
    }

    ptn_conf_defaults(&fx->conf);
    fx->conf.root = fx->root;
    fx->conf.workers = stores;
    fx->conf.executors = 3;
    fx->conf.uid = getuid();
    fx->hooks = hooks;
    fx->master = getpid();
    fx->log = getenv("POOL_LOG") != NULL
              ? ptn_log_open(NULL, "pool", PTN_LOG_DEBUG)
              : ptn_log_open("/dev/null", "pool", PTN_LOG_ERROR);

    fx->seen = mmap(NULL, 4096, PROT_READ|PROT_WRITE,
                    MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    rc = ptn_world_create(&opts, fx->log, &fx->world);
    if (rc == PTN_OK) {
        rc = ptn_world_types(fx->world, types, ntypes);
    }

    if (rc != PTN_OK) {
        fprintf(stderr, "no world: %s\n", ptn_err(rc)->name);
        exit(1);
    }
}


/* Starts a store of `conf` (or the clerk: index stores); its pid. */

static inline pid_t
fx_spawn(fx_t *fx, uint32_t index, uint32_t generation, const ptn_conf_t *conf)
{
    int          rc;
    bool         clerk;
    pid_t        pid;
    ptn_proc_t   proc;

    clerk = index == fx->world->opts.stores;

    if (pipe2(fx->ctl[index], O_CLOEXEC|O_NONBLOCK) == -1) {
        perror("pipe");
        exit(1);
    }

    pid = fork();

    if (pid == 0) {
        alarm(150);
        memset(&proc, 0, sizeof(proc));
        proc.index = index;
        proc.generation = generation;
        proc.conf = conf;
        proc.hooks = fx->hooks;
        proc.log = fx->log;
        proc.ctl_fd = fx->ctl[index][0];
        proc.ctl = fx_ctl;
        proc.ctl_data = &fx->ctl[index][0];
        proc.parent = fx->master;

        rc = clerk ? ptn_clerk_main(fx->world, &proc)
                   : ptn_store_main(fx->world, &proc);
        exit(rc);
    }

    return pid;
}


static inline bool
fx_attached(fx_t *fx, uint32_t index, pid_t pid)
{
    return atomic_load(&fx->world->common->store[index].pid) == pid;
}


static inline void
fx_start(fx_t *fx)
{
    uint32_t  i;

    for (i = 0; i < fx->conf.workers; i++) {
        fx->store[i] = fx_spawn(fx, i, 1, &fx->conf);
        if (!fx_until(fx_attached(fx, i, fx->store[i]))) {
            fprintf(stderr, "store %u does not start\n", i);
        }
    }
}


static inline void
fx_tell(fx_t *fx, uint32_t index, char what)
{
    (void) !write(fx->ctl[index][1], &what, 1);
}


/* The exit code; 128 + signal; -1: still there after `ms`. */

static inline int
fx_wait(pid_t pid, int ms)
{
    int       st;
    uint64_t  end;

    end = fx_us() + (uint64_t) ms * 1000;

    for ( ;; ) {
        if (waitpid(pid, &st, WNOHANG) == pid) {
            return WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
        }

        if (fx_us() >= end) {
            return -1;
        }

        fx_nap();
    }
}


typedef struct {
    fx_t          *fx;
    ptn_client_t  *client;
} fx_worker_t;

/* Runs `f` as an nginx worker would run; its exit code is what f returns. */

static inline pid_t
fx_worker(fx_t *fx, int (*f)(fx_worker_t *w, void *data), void *data)
{
    int           rc;
    pid_t         pid;
    fx_worker_t   w;

    pid = fork();

    if (pid == 0) {
        w.fx = fx;
        alarm(120);             /* whatever happens, no process is left */

        if (ptn_client_open(fx->world, fx->log, &w.client) != PTN_OK) {
            exit(99);
        }

        rc = f(&w, data);
        ptn_client_close(w.client);
        exit(rc);
    }

    return pid;
}


/* One turn of a worker's loop. */

static inline void
fx_poll(fx_worker_t *w, int ms)
{
    struct pollfd  pfd;

    pfd.fd = ptn_client_eventfd(w->client);
    pfd.events = POLLIN;

    (void) poll(&pfd, 1, ms);

    while (ptn_client_poll(w->client, 0)) {
        /* void */
    }
}


/* What a job answered; `auto_release` gives DATA back at once. */

typedef struct {
    fx_worker_t    *w;
    ptn_ticket_t   *ticket;
    bool            final;
    bool            keep;           /* DATA is not given back */
    ptn_rc_t        rc;
    char            meta[PTN_JOB_META_MAX];
    size_t          meta_len;
    char            data[4096];     /* the first bytes */
    uint64_t        len;            /* all bytes, files included */
    uint64_t        kept;           /* unreleased */
    uint64_t        sum;            /* of all bytes */
    uint64_t        files;          /* bytes in files */
    char            trailer[PTN_JOB_TRAILER_MAX];
    size_t          trailer_len;
    ptn_sid_t       session;
    uint64_t        at;             /* of FINAL */
    uint32_t        store;
} fx_answer_t;


static inline void
fx_bytes(fx_answer_t *a, const u_char *p, size_t n)
{
    size_t  i;

    if (a->len < sizeof(a->data)) {
        memcpy(a->data + a->len, p, ptn_min(n, sizeof(a->data) - a->len));
    }

    for (i = 0; i < n; i++) {
        a->sum = a->sum * 31 + p[i];
    }

    a->len += n;
}


static inline void
fx_on_event(void *data, const ptn_event_t *ev)
{
    ssize_t       n;
    u_char        buf[65536];
    uint64_t      off, left;
    fx_answer_t  *a;

    a = data;

    switch (ev->what) {

    case PTN_EV_META:
        memcpy(a->meta, ev->data, ev->len);
        a->meta_len = ev->len;
        break;

    case PTN_EV_DATA:
        fx_bytes(a, ev->data, ev->len);
        if (a->keep) {
            a->kept += ev->len;
        } else {
            ptn_client_release(a->w->client, a->ticket, ev->len);
        }
        break;

    case PTN_EV_FILE:
        off = ev->off;
        left = ev->file_len;
        a->files += left;

        while (left > 0
               && (n = pread(ev->fd, buf, ptn_min(left, sizeof(buf)),
                             (off_t) off)) > 0)
        {
            fx_bytes(a, buf, (size_t) n);
            off += (uint64_t) n;
            left -= (uint64_t) n;
        }

        close(ev->fd);
        break;

    case PTN_EV_FINAL:
        a->final = true;
        a->rc = ev->rc;
        memcpy(a->trailer, ev->data, ev->len);
        a->trailer_len = ev->len;
        a->session = ev->session;
        a->store = ev->store;
        a->at = fx_us();
        break;
    }
}


typedef struct {
    const char   *type;
    uint32_t      slot;
    ptn_sid_t     session;
    const void   *request;
    size_t        len;
    int           fd;               /* 0: none */
    uint64_t      fd_len;
} fx_job_t;


static inline ptn_rc_t
fx_submit(fx_worker_t *w, fx_answer_t *a, fx_job_t job)
{
    struct iovec   iov;
    ptn_submit_t   s;

    memset(a, 0, offsetof(fx_answer_t, keep));
    a->final = false;
    a->len = 0;
    a->sum = 0;
    a->files = 0;
    a->kept = 0;
    a->meta_len = 0;
    a->trailer_len = 0;
    a->w = w;

    iov.iov_base = (void *) job.request;
    iov.iov_len = job.request == NULL ? 0
                  : job.len != 0 ? job.len : strlen(job.request);

    memset(&s, 0, sizeof(s));
    s.type = (uint16_t) ptn_world_type(w->fx->world, job.type);
    s.slot = job.slot;
    s.session = job.session;
    s.iov = &iov;
    s.niov = 1;
    s.body_fd = job.fd == 0 ? -1 : job.fd;
    s.body_len = job.fd_len;
    s.on_event = fx_on_event;
    s.data = a;

    return ptn_client_submit(w->client, &s, &a->ticket);
}


static inline bool
fx_final(fx_worker_t *w, fx_answer_t *a)
{
    uint64_t  end;

    end = fx_us() + 20000000;

    while (!a->final && fx_us() < end) {
        fx_poll(w, 10);
    }

    return a->final;
}


/* Submits and waits. */

static inline ptn_rc_t
fx_run(fx_worker_t *w, fx_answer_t *a, fx_job_t job)
{
    ptn_rc_t  rc;

    rc = fx_submit(w, a, job);
    if (rc != PTN_OK) {
        return rc;
    }

    return fx_final(w, a) ? a->rc : PTN_RC_MAX;
}


/* Tells all stores to quit; true when all left well. */

static inline bool
fx_stop(fx_t *fx)
{
    bool      ok;
    uint32_t  i;

    ok = true;

    for (i = 0; i < PTN_STORES_MAX; i++) {
        if (fx->store[i] > 0) {
            fx_tell(fx, i, 'q');
            ok = fx_wait(fx->store[i], 10000) == 0 && ok;
        }
    }

    if (fx->clerk > 0) {
        fx_tell(fx, fx->world->opts.stores, 'q');
        ok = fx_wait(fx->clerk, 10000) == 0 && ok;
    }

    return ok;
}


static inline void
fx_close(fx_t *fx)
{
    char  path[128];

    ptn_world_destroy(fx->world);
    ptn_log_close(fx->log);
    munmap((void *) fx->seen, 4096);

    snprintf(path, sizeof(path), "%s/run", fx->root);
    (void) rmdir(path);
    (void) rmdir(fx->root);
}


#endif /* POOL_FIXTURE_H */
