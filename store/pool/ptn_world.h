/*
 * store/pool, the world: shared memory made once by the nginx master, and the
 * main functions of the processes that live on it.  POOL.md has the facts.
 */

#ifndef PTN_WORLD_H
#define PTN_WORLD_H


#include "ptn_job.h"


typedef struct {
    uint32_t  stores;           /* most that a reload may ask for */
    uint32_t  workers;          /* worker slots, 4 x worker_processes or more */
    bool      debug_jobs;
} ptn_world_opts_t;


/*
 * Maps the region and makes the eventfds and socketpairs (close-on-exec,
 * inherited by fork at the same numbers).  In the master, before any fork.
 */
ptn_rc_t ptn_world_create(const ptn_world_opts_t *opts, ptn_log_t *log,
    ptn_world_t **ret_world);
void ptn_world_destroy(ptn_world_t *world);

/*
 * The list of job types, in the same order in every process; index = type.
 * Borrowed: must outlive the world.
 */
ptn_rc_t ptn_world_types(ptn_world_t *world,
    const ptn_job_type_t *const *types, uint32_t ntypes);
int ptn_world_type(ptn_world_t *world, const char *name);   /* -1: none */


/* How the host (nginx's channel, a test's pipe) talks to a store or clerk. */
typedef enum {
    PTN_CTL_NONE,
    PTN_CTL_QUIT,               /* stop popping, finish, leave */
    PTN_CTL_TERMINATE,          /* leave after the running jobs' next poll */
    PTN_CTL_REOPEN              /* log files */
} ptn_ctl_e;

typedef struct {
    uint32_t            index;          /* 0 .. workers-1; clerk: ignored */
    uint32_t            generation;     /* of the configuration */
    const ptn_conf_t   *conf;
    const ptn_hooks_t  *hooks;
    ptn_log_t          *log;
    int                 ctl_fd;         /* readable: call ctl(); -1: none */
    ptn_ctl_e         (*ctl)(void *data);
    void               *ctl_data;
    pid_t               parent;         /* gone: quit */
} ptn_proc_t;

/*
 * Runs a store process: takes the ring of `index` (waiting for a predecessor
 * to hand over), starts the executors, serves until told to quit.  Returns
 * the exit code: 0, or 1 (never 2: nginx would not respawn it).  A store that
 * cannot start backs off inside (1, 2, 4 .. 30 s) and logs why.
 */
int ptn_store_main(ptn_world_t *world, const ptn_proc_t *proc);

/* The clerk: runs hooks->clerk_run, the net lane, the control socket. */
int ptn_clerk_main(ptn_world_t *world, const ptn_proc_t *proc);


/* What `postern status`, the watchdog and tests see. */
typedef struct {
    uint32_t  stores;           /* now wanted */
    struct {
        pid_t     pid;          /* 0: ring unowned */
        uint32_t  generation;
        uint64_t  jobs, failed, sessions, batches, spilled;
    } store[PTN_STORES_MAX];
    pid_t     clerk;
    uint32_t  workers_attached;
    uint64_t  counters[64];     /* ptn_stat_e */
} ptn_world_status_t;

void ptn_world_status(ptn_world_t *world, ptn_world_status_t *ret);

/* Counters from day one; names in ptn_stat.h. */
void ptn_world_count(ptn_world_t *world, unsigned stat, uint64_t n);


#endif /* PTN_WORLD_H */
