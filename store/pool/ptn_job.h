/*
 * store/pool, handler side: how the logic of a protocol runs in a store
 * process (DESIGN 1, POOL.md).
 *
 * A job is one request of an nginx worker.  Its type's `run` is plain
 * blocking code on an executor thread: it reads the request, calls the store,
 * writes the reply, returns.  It never waits for a client: what the client
 * does not take at once is spilled to a nameless file by the reply functions.
 *
 * Replies travel as: at most one META block (first), then bytes and file
 * ranges in order, then FINAL with a return code and a trailer.
 *
 * Group commit.  A handler that changes a mailbox leaves its transaction
 * open in a batch (ptn_txn_commit() in ptn_store.h).  While an executor has
 * an open batch, it runs further jobs of the same slot whose type has
 * PTN_JOB_WRITES, then commits once, and only then lets the replies of all
 * of them out.  If that commit fails, their replies are dropped and each
 * type's `failed` writes the protocol's error instead.
 *
 * Sessions.  State that outlives a request hangs on a session: it lives in
 * one store process and its jobs run one at a time, in order of arrival.  A
 * job that names a session which is gone is answered PTN_ESTALE by the pool;
 * `failed` is called to word it.
 */

#ifndef PTN_JOB_H
#define PTN_JOB_H


#include "ptn_base.h"
#include "ptn_conf.h"


#define PTN_SLOTS              1024     /* mailboxes hash to these */
#define PTN_SLOT_ANY           0xffffffff
#define PTN_STORES_MAX         64
#define PTN_JOB_TYPES_MAX      256
#define PTN_JOB_REQUEST_MAX    (128 * 1024)     /* inline request bytes */
#define PTN_JOB_META_MAX       4096
#define PTN_JOB_TRAILER_MAX    128

typedef struct ptn_job_s      ptn_job_t;
typedef struct ptn_session_s  ptn_session_t;
typedef struct ptn_exec_s     ptn_exec_t;       /* an executor thread */
typedef struct ptn_world_s    ptn_world_t;      /* the shared memory */
typedef struct ptn_control_verb_s  ptn_control_verb_t;  /* ptn_control.h */

typedef ptn_guid_t  ptn_sid_t;                  /* all zero: no session */

typedef enum {
    PTN_LANE_SHORT,         /* always keeps an executor */
    PTN_LANE_BULK,
    PTN_LANE_AUTH,          /* slow hashes, bounded: then PTN_EBUSY */
    PTN_LANE_NET,           /* runs in the clerk */
    PTN_LANE_MAX
} ptn_lane_e;

#define PTN_JOB_WRITES   0x0001     /* may join a batch of its slot */
#define PTN_JOB_DEBUG    0x0002     /* only with `debug_jobs on` */

typedef struct {
    const char   *name;             /* "imap.write"; unique */
    ptn_lane_e    lane;
    uint32_t      flags;
    ptn_rc_t    (*run)(ptn_job_t *job);

    /*
     * Words `rc` in the protocol's way after a failed commit, a lost session
     * or a job that was running when its process died (then called in the
     * successor with the request alone).  NULL: FINAL carries rc, no bytes.
     */
    void        (*failed)(ptn_job_t *job, ptn_rc_t rc);

    /*
     * Of a type with PTN_JOB_WRITES: what of the work takes time and must not
     * wait for the jobs before it.  Called, perhaps, while another executor
     * has the slot's batch; `run` follows, on this executor or another one, of
     * another app then.  It may leave job->ready, and memory in the pool; it
     * changes nothing else, replies nothing, and what fails is left for `run`
     * to find.  NULL: nothing of that kind.
     */
    void        (*prepare)(ptn_job_t *job);
} ptn_job_type_t;


/* What a handler sees.  Filled by the pool; read-only for handlers. */
struct ptn_job_s {
    ptn_pool_t            *pool;        /* freed after FINAL */
    const ptn_job_type_t  *type;
    ptn_str_t              request;     /* a private copy */
    uint64_t               body_len;    /* of the file that came with it, 0 */
    uint32_t               slot;
    ptn_session_t         *session;     /* NULL: none */
    ptn_exec_t            *exec;
    void                  *app;         /* of this executor: see hooks */
    ptn_log_t             *log;
    void                  *ready;       /* of `prepare` for `run`, or NULL */
    uint32_t               waiting;     /* short jobs that wait behind it */
};


/* The body file: read it in place (a worker may shrink it) ... */
ptn_rc_t ptn_job_body_read(ptn_job_t *job, uint64_t off, void *p, size_t n);

/*
 * ... or have it as memory: copied to a private nameless file that is mapped
 * until the job ends.  ETRUNC when the file is shorter than body_len.
 */
ptn_rc_t ptn_job_body_map(ptn_job_t *job, ptn_str_t *ret_body);

/* In `prepare`, of a job that came for no slot: where it writes. */
void ptn_job_place(ptn_job_t *job, uint32_t slot);

/* The META block: once, before any other reply.  ETOOBIG above the limit. */
ptn_rc_t ptn_job_meta(ptn_job_t *job, const void *data, size_t len);

/*
 * Appends reply bytes (copied) or a file range (the descriptor is dup'ed;
 * sent by the worker with sendfile).  Never blocks on the client.  ECANCEL:
 * the client is gone, stop.
 */
ptn_rc_t ptn_job_reply(ptn_job_t *job, const void *data, size_t len);
ptn_rc_t ptn_job_reply_fd(ptn_job_t *job, int fd, uint64_t off, uint64_t len);

/* Sends out what is buffered now (progress); not while a batch is open. */
ptn_rc_t ptn_job_flush(ptn_job_t *job);

/* Bytes for the FINAL message; the last call counts. */
ptn_rc_t ptn_job_trailer(ptn_job_t *job, const void *data, size_t len);

/* True when the client is gone; long handlers poll it. */
bool ptn_job_cancelled(ptn_job_t *job);

/*
 * Leaves the job open after `run` returns PTN_AGAIN: no executor is held, and
 * reply, flush and finish may be called on it by later jobs of the same
 * session (RPC over HTTP: the parked OUT channel).  ptn_job_pending() tells
 * how many reply bytes the client has not taken yet: flow control is to
 * answer the IN job only when that is low, by ptn_job_retry().
 */
ptn_rc_t ptn_job_park(ptn_job_t *job);
uint64_t ptn_job_pending(const ptn_job_t *job);
void ptn_job_finish(ptn_job_t *parked, ptn_rc_t rc);

/*
 * With `run` returning PTN_AGAIN: runs this job again (same request) when
 * `parked` has at most `low` pending bytes or is gone.
 */
ptn_rc_t ptn_job_retry(ptn_job_t *job, ptn_job_t *parked, uint64_t low);


/*
 * Makes a session in this store process and attaches it to the job; its id
 * goes to the worker with FINAL.  `size` bytes of zeroed state; `close` runs
 * when it ends (ptn_session_end, idle for `idle_ms`, process quits), on some
 * executor (app as in job) or, at exit, on the control thread.  ELIMIT above
 * the process budget.
 */
ptn_rc_t ptn_session_create(ptn_job_t *job, size_t size, uint64_t idle_ms,
    void (*close)(void *state, void *app), ptn_session_t **ret_session);
void *ptn_session_state(ptn_session_t *session);
ptn_sid_t ptn_session_id(const ptn_session_t *session);
void ptn_session_end(ptn_session_t *session);   /* after the running job */

/*
 * Ties the session to the worker of the running job: no other may name it,
 * and it ends when that worker is gone.  For sessions of one connection.
 */
void ptn_session_bind(ptn_session_t *session);

/*
 * The sessions of one user (not 0) in all processes together: acquire counts
 * this one until release or its end, whatever ends it; a process that dies
 * takes its counts along.  ELIMIT: `max` are counted already.  EINVAL: this
 * one is.  By a job of the session.
 */
ptn_rc_t ptn_session_acquire(ptn_session_t *session, uint64_t user,
    uint32_t max);
void ptn_session_release(ptn_session_t *session);


/* The slot of a mailbox: what submit, board and affinity go by. */
uint32_t ptn_slot(ptn_guid_t mailbox);

/* The store process that a slot prefers, below conf->workers. */
uint32_t ptn_slot_store(ptn_world_t *world, uint32_t slot);

/*
 * The board.  A commit bumps its mailbox's version; workers that watch the
 * slot are woken.  Any process; never blocks.
 */
void ptn_board_bump(ptn_world_t *world, uint32_t slot);
uint64_t ptn_board_version(ptn_world_t *world, uint32_t slot);

/* Wakes the clerk's loop (new queue records, due work).  Any process. */
void ptn_world_ring_clerk(ptn_world_t *world);

/*
 * In idle() and tend(), which run at a low priority: while true, at that of
 * jobs, for others wait for what is held.  Elsewhere it does nothing.
 */
void ptn_housekeep_urgent(bool urgent);
/* There: does a job wait for this executor?  Elsewhere false. */
bool ptn_housekeep_wanted(void);

/*
 * Memory that nginx workers unmap before they run: sign-in handles, throttle.
 * Zeroed once by the master.  Same address in every store and the clerk.
 */
#define PTN_PRIVATE_SIZE  (8 * 1024 * 1024)
void *ptn_world_private(ptn_world_t *world);


/*
 * What the rooms above give the pool (table lives in ngx_modules/core and in
 * tests).  `open` runs on each executor thread before its first job and
 * makes job->app; `pending` tells whether the executor has an uncommitted
 * batch, `commit` ends it (durably, before any reply leaves).
 */
typedef struct {
    ptn_rc_t  (*open)(ptn_exec_t *exec, ptn_world_t *world,
                  const ptn_conf_t *conf, ptn_log_t *log, void **ret_app);
    void      (*close)(void *app);
    bool      (*pending)(void *app);
    ptn_rc_t  (*commit)(void *app);
    bool      (*idle)(void *app);       /* nothing to do: caches may shrink;
                                           true: call again soon */

    /*
     * What must not wait until there is nothing to do: `due` after each job
     * (true: there is some), `tend` does a portion of it, beside the jobs of
     * other executors, and true: there is more.  NULL, both: none.
     */
    bool      (*due)(void *app);
    bool      (*tend)(void *app);

    /* the clerk's main loop body: returns ms until it wants to run again */
    ptn_rc_t  (*clerk_open)(ptn_world_t *world, const ptn_conf_t *conf,
                  ptn_log_t *log, void **ret_clerk);
    uint32_t  (*clerk_run)(void *clerk);
    void      (*clerk_close)(void *clerk);

    /* more verbs of the control socket; ends in a row without a name */
    const ptn_control_verb_t  *verbs;
} ptn_hooks_t;


#endif /* PTN_JOB_H */
