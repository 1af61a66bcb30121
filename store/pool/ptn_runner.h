/*
 * A runner: what a store process and the clerk have in common.  It owns one
 * ring, takes jobs from it, and runs them on executor threads.  Only
 * store/pool includes this; docs/pool.md tells how it works.
 *
 * Locks, outermost first: `park` (replies to parked jobs), `mu` (queues,
 * tables, sessions), down[w].mu (the ring to one worker).
 */

#ifndef PTN_RUNNER_H
#define PTN_RUNNER_H


#include "ptn_ring.h"


#define PTN_EXECS_MAX        17         /* 16 and the one for sign-ins */
#define PTN_BATCH_JOBS       64
#define PTN_BATCH_MS         10
#define PTN_BATCH_FILL       8      /* jobs that are worth a commit ... */
#define PTN_BATCH_QUICK      600    /* ... that takes less, us */
#define PTN_BATCHES          16     /* of a slot by one executor in a row */
#define PTN_EXEC_NICE        10         /* of bulk jobs and sign-ins */
#define PTN_AUTH_QUEUE       64         /* then EBUSY at once */
#define PTN_BATCH_CHUNKS     (PTN_WINDOW / 2)       /* one announcement */
#define PTN_WINDOW_MS        50         /* then the reply is spilled */
#define PTN_LISTEN_MS        20         /* between looks for commands */
#define PTN_TRIM_S           3          /* idle, then memory is given back */
#define PTN_TERM_MS          600        /* then leave under a running job */
#define PTN_SESSION_BUCKETS  4096
#define PTN_NONE             0xffffffffu

typedef struct ptn_runner_s  ptn_runner_t;
typedef struct ptn_rec_s     ptn_rec_t;         /* a job, privately */
typedef struct ptn_out_s     ptn_out_t;

typedef struct {
    ptn_rec_t   *first;
    ptn_rec_t  **last;
    uint32_t     n;
} ptn_fifo_t;


/* Part of a reply that the worker does not know of yet. */
struct ptn_out_s {
    ptn_out_t   *next;
    int          fd;                /* -1: in a chunk */
    uint32_t     chunk;
    uint32_t     off;
    bool         done;              /* of the chunk */
    uint64_t     file_off;
    uint64_t     len;
};

typedef struct {
    u_char      *meta;              /* in the job's pool */
    uint32_t     meta_len;
    bool         begun;             /* a message has left */
    bool         meta_gone;

    u_char      *small;             /* PTN_CELL_INLINE bytes */
    uint32_t     small_len;
    bool         streaming;         /* small is not used any more */

    uint32_t     chunk;             /* being filled, PTN_NONE */
    uint32_t     fill, mark;        /* filled; announced or in `out` */
    uint32_t     taken;             /* chunks so far */
    uint32_t     spare;             /* full chunks in `out` */
    uint32_t     batch;             /* as many are announced together */

    ptn_out_t   *out;
    ptn_out_t  **out_last;

    int          spill;             /* nameless file, -1 */
    uint64_t     spill_off;         /* announced up to here */
    uint64_t     spill_len;

    uint64_t     bytes;             /* through chunks or to be, for flow */
    uint64_t     since;             /* streaming, ms */
    uint64_t     waited;            /* for the client, ms */

    u_char       trailer[PTN_JOB_TRAILER_MAX];
    uint32_t     trailer_len;
    ptn_sid_t    session;           /* made by this job */
} ptn_reply_t;

typedef enum {
    PTN_REC_QUEUED,
    PTN_REC_WANT_FILE,
    PTN_REC_RUNNING,
    PTN_REC_RETRY,              /* waits for a parked job to drain */
    PTN_REC_PARKED,
    PTN_REC_ZOMBIE              /* parked, FINAL is out, a handler knows it */
} ptn_rec_e;

typedef struct {
    ptn_pool_t  *pool;
    u_char       small[PTN_CELL_INLINE];
} ptn_work_t;

struct ptn_rec_s {
    ptn_job_t         job;          /* first: handlers hold this */
    ptn_runner_t     *runner;
    ptn_rec_t        *next;         /* in a queue */
    ptn_rec_e         state;

    uint32_t          w, ticket, gen, epoch;
    uint32_t          type;
    uint32_t          len, off;     /* of the request */
    uint64_t          seq;
    ptn_sid_t         sid;
    ptn_cell_t       *cell;
    int               body;
    ptn_str_t         mapped;       /* the body, when it was asked for */
    bool              has_file;
    ptn_rc_t          fail;         /* not OK: do not run, word this */
    _Atomic bool      gone;         /* the client */
    bool              prepare;      /* that is to be done now, not `run` */
    bool              tried;        /* it was, ... */
    bool              prepared;     /* ... and came to its end */

    ptn_session_t    *session;
    ptn_work_t       *work;         /* its pool and first reply bytes */
    ptn_reply_t       reply;
    ptn_rc_t          rc;

    /* parking */
    bool              park;         /* asked for by the handler */
    bool              orphan;       /* its worker is gone, mu */
    bool              held;         /* replies wait for a commit */
    ptn_rec_t        *parked_next;  /* of the session */
    ptn_rec_t        *touched_next; /* of the executor */
    ptn_fifo_t        waiters;      /* jobs to retry */
    ptn_rec_t        *wait_for;
    uint64_t          low;
};

struct ptn_session_s {
    ptn_session_t    *next;         /* in its bucket, then to be closed */
    ptn_sid_t         id;
    ptn_runner_t     *runner;
    ptn_fifo_t        queue;
    ptn_rec_t        *current;      /* its running job */
    ptn_rec_t        *parked;
    uint64_t          idle_ms;
    uint64_t          used;         /* ptn_time_mono() */
    uint64_t          user;         /* whose seat it has; 0: none */
    uint32_t          bound_w, bound_epoch;     /* PTN_NONE: any worker */
    bool              ending;
    bool              closing;      /* out of the table */
    bool              fresh;        /* its maker's FINAL is not out */
    void            (*close)(void *state, void *app);
    void             *state;
};

struct ptn_exec_s {
    ptn_runner_t     *runner;
    uint32_t          index;
    bool              auth;
    bool              started;
    bool              renice;       /* may lower its nice value */
    int               nice;         /* of short jobs */
    pthread_t         thread;
    void             *app;
    bool              opened;
    bool              more;         /* idle() wants to be called again */
    bool              due;          /* tend() does */
    uint64_t          worked;       /* when the last job ended */
    uint64_t          retry_open;   /* not before */
    uint32_t          backoff;
    ptn_rec_t        *touched;
    _Atomic uint64_t  busy_since;
};

/* Messages that did not fit a ring to a worker. */
typedef struct ptn_back_s  ptn_back_t;

struct ptn_back_s {
    ptn_back_t  *next;
    ptn_down_t   msg;
    int          fd;
};

/* A descriptor that came before its job was looked at. */
typedef struct ptn_stash_s  ptn_stash_t;

struct ptn_stash_s {
    ptn_stash_t  *next;
    ptn_note_t    note;
    int           fd;
};

typedef struct {
    pthread_mutex_t   mu;
    uint32_t          epoch;        /* of the worker we talk to; 0: none */
    uint32_t          tail;
    uint32_t          serial;
    ptn_back_t       *back;
    ptn_back_t      **back_last;

    /* the intake's: `taking`, or `mu` of the runner */
    _Atomic uint32_t  head;         /* who sleeps looks at it without */
    ptn_rec_t       **table;        /* by ticket */
    uint32_t          njobs;
    uint32_t          orphans;      /* still running for a dead worker */
    bool              sweep;        /* its chunks, when they are done */
    ptn_stash_t      *stash;
    uint32_t          nstash;

    _Atomic bool      touched[PTN_CHUNKS];      /* memory in use by us */
} ptn_peer_t;

typedef struct {
    ptn_exec_t       *writer;
    ptn_fifo_t        queue;        /* writing jobs behind it */
} ptn_lane_slot_t;

struct ptn_runner_s {
    ptn_world_t       *world;
    const ptn_proc_t  *proc;
    ptn_log_t         *log;
    uint32_t           ring;
    bool               clerk;
    ptn_shm_store_t   *shm;
    uint32_t           life;

    pthread_mutex_t    park;
    pthread_mutex_t    mu;
    pthread_cond_t     cond;        /* idle executors */
    pthread_cond_t     cond_auth;
    pthread_cond_t     cond_taken;  /* who waits for `taking` to end */
    pthread_cond_t     cond_done;   /* the control thread, at the end */

    ptn_fifo_t         lane[PTN_LANE_MAX];
    ptn_lane_slot_t    slot[PTN_SLOTS];
    ptn_fifo_t         early;       /* behind a writer, to be prepared */
    ptn_exec_t         exec[PTN_EXECS_MAX];
    uint32_t           nexecs;      /* general ones */
    uint32_t           idle;        /* waiting on cond */
    uint32_t           running;     /* jobs on executors */
    uint32_t           bulk;        /* of them bulk */
    uint32_t           preparing;   /* of them writing ones, early, */
    uint32_t           preparers;   /* at most: a processor each, but one */
    uint32_t           committing;  /* executors that wait for the disk */
    uint32_t           commit_us;   /* a commit takes, of late */
    uint32_t           turn;        /* picks, for fairness */
    ptn_exec_t        *leader;      /* listens to the ring */
    ptn_exec_t        *tending;     /* is in idle() or tend() */
    uint64_t           tend_next;   /* not before: ptn_time_mono() */
    uint64_t           worked;      /* when the last job ended */
    bool               taking;      /* somebody is in ptn_intake() */
    uint32_t           untaken;     /* waiting on cond_taken */
    bool               stop;        /* executors leave */
    _Atomic bool       no_intake;   /* handing over */
    _Atomic bool       terminate;
    _Atomic bool       tick;        /* the control thread looks every ms */
    _Atomic bool       backlog;     /* some peer has one */
    uint32_t           quiet;       /* ticks without work */
    uint64_t           trim_jobs;   /* answered when we last looked */
    uint32_t           trim_idle;   /* seconds without a job since */
    int                tick_fd;

    ptn_peer_t        *peer;        /* [workers] */

    ptn_session_t    **bucket;
    ptn_session_t     *closing;     /* their `close` is to run */
    uint32_t           nsessions;
    uint64_t           session_seq;

    ptn_rec_t         *free_rec;
    uint32_t           nfree_rec;
    ptn_work_t        *work[16];
    uint32_t           nwork;

    bool               reap;        /* parked jobs of dead workers */

    const char        *spill_dir;
    char               spill_path[512];
};


static inline void
ptn_fifo_init(ptn_fifo_t *f)
{
    f->first = NULL;
    f->last = &f->first;
    f->n = 0;
}


static inline void
ptn_fifo_add(ptn_fifo_t *f, ptn_rec_t *rec)
{
    rec->next = NULL;
    *f->last = rec;
    f->last = &rec->next;
    f->n++;
}


static inline void
ptn_fifo_add_first(ptn_fifo_t *f, ptn_rec_t *rec)
{
    rec->next = f->first;
    if (f->first == NULL) {
        f->last = &rec->next;
    }
    f->first = rec;
    f->n++;
}


static inline ptn_rec_t *
ptn_fifo_take(ptn_fifo_t *f)
{
    ptn_rec_t  *rec;

    rec = f->first;
    if (rec != NULL) {
        f->first = rec->next;
        if (f->first == NULL) {
            f->last = &f->first;
        }
        f->n--;
        rec->next = NULL;
    }

    return rec;
}


/* A bulk job waits, and may begin: one executor is left for short ones. */

static inline bool
ptn_runner_bulk(const ptn_runner_t *r)
{
    return r->lane[PTN_LANE_BULK].n > 0
           && r->bulk + r->preparing + 1 < r->nexecs;
}


static inline bool
ptn_runner_early(const ptn_runner_t *r)
{
    return r->early.n > 0 && r->preparing < r->preparers + r->committing
           && r->bulk + r->preparing + 1 < r->nexecs;
}


/* ptn_runner.c: life */

ptn_rc_t ptn_runner_open(ptn_runner_t *r, ptn_world_t *world,
    const ptn_proc_t *proc, uint32_t ring, bool clerk);
void ptn_runner_close(ptn_runner_t *r);

/* Waits for the ring.  AGAIN: told to leave meanwhile. */
ptn_rc_t ptn_runner_own(ptn_runner_t *r);
void ptn_runner_disown(ptn_runner_t *r);

ptn_rc_t ptn_runner_start(ptn_runner_t *r);
bool ptn_runner_stop(ptn_runner_t *r, bool *quit, bool *terminate,
    uint32_t wait_ms);

/* One round of the control thread; ms until the next. */
int ptn_runner_tick(ptn_runner_t *r);

/* Nothing queued, running or parked. */
bool ptn_runner_quiet(ptn_runner_t *r);
bool ptn_runner_workers(ptn_runner_t *r);
bool ptn_runner_waiter(ptn_runner_t *r);
void ptn_runner_hurry(ptn_runner_t *r);         /* tick now */

ptn_rec_t *ptn_rec_new(ptn_runner_t *r);        /* mu held */
void ptn_rec_free(ptn_runner_t *r, ptn_rec_t *rec);     /* mu held */


/* ptn_store_main.c: what a store and the clerk do alike */

void ptn_store_main_process(ptn_world_t *world);
void ptn_store_main_ctl(ptn_runner_t *r, bool *quit, bool *terminate);
bool ptn_store_main_sleep(ptn_runner_t *r, int ms);


/* ptn_intake.c: from the rings to the queues */

/* Messages of all workers; returns how many.  No lock held. */
uint32_t ptn_intake(ptn_runner_t *r);
bool ptn_intake_empty(ptn_runner_t *r);

/* After taking a ring over: what the cells tell. */
void ptn_intake_recover(ptn_runner_t *r);

void ptn_intake_unstash(ptn_peer_t *peer);
void ptn_intake_parked(ptn_runner_t *r, uint32_t w, const ptn_up_t *m);

/* Looks for workers that died. */
void ptn_intake_check(ptn_runner_t *r);


/* ptn_exec.c: queues and threads; mu held unless it says otherwise */

void ptn_exec_queue(ptn_runner_t *r, ptn_rec_t *rec);
void ptn_exec_lane(ptn_runner_t *r, ptn_rec_t *rec);
void ptn_exec_wake(ptn_runner_t *r);
void *ptn_exec_main(void *exec);
ptn_rc_t ptn_exec_open(ptn_exec_t *exec);        /* no lock held */
bool ptn_exec_writes(ptn_rec_t *rec);            /* in turns with others */
void ptn_exec_waiting(ptn_runner_t *r, ptn_rec_t *rec);
ptn_rec_t *ptn_exec_next(ptn_runner_t *r, uint32_t slot);
/* No lock held: runs (or prepares) one; answers it, or takes it to `commit`. */
bool ptn_exec_pending(ptn_exec_t *exec);
void ptn_exec_one(ptn_exec_t *exec, ptn_rec_t *rec);
void ptn_exec_answer(ptn_rec_t *rec, ptn_rc_t commit);


/* ptn_exec_batch.c; no lock held */

void ptn_exec_run(ptn_exec_t *exec, ptn_rec_t *rec);

/* ptn_exec_idle.c; mu held, but for listen and priority */

bool ptn_exec_listen(ptn_exec_t *exec, bool idled);
void ptn_exec_idle(ptn_exec_t *exec, bool *idled);
bool ptn_exec_tend(ptn_exec_t *exec);
void ptn_exec_sleep(ptn_exec_t *exec, bool *idled);
void ptn_exec_priority_init(ptn_exec_t *exec);
void ptn_exec_priority(ptn_exec_t *exec, bool low);

/* Answers a job for good and recycles it; no lock held. */
void ptn_exec_finish(ptn_rec_t *rec, ptn_rc_t rc);

/* A parked job drained or died: its waiters run again; mu held. */
void ptn_exec_retry(ptn_runner_t *r, ptn_rec_t *parked, bool all);


/* ptn_reply.c: reply bytes; ptn_window.c: chunks and files under them */

void ptn_reply_init(ptn_reply_t *o, u_char *small);
bool ptn_reply_gone(ptn_rec_t *rec);
ptn_rc_t ptn_reply_add(ptn_rec_t *rec, const u_char *p, size_t len, bool held);
ptn_rc_t ptn_reply_file(ptn_rec_t *rec, int fd, uint64_t off, uint64_t len);
ptn_rc_t ptn_reply_post(ptn_rec_t *rec);        /* all but FINAL */
void ptn_reply_final(ptn_rec_t *rec, ptn_rc_t rc);
void ptn_reply_drop(ptn_rec_t *rec);            /* what is not posted */
void ptn_reply_pump(ptn_rec_t *rec);            /* parked: refill from spill */

uint32_t ptn_window_take(ptn_rec_t *rec, bool wait);
void ptn_window_free(ptn_rec_t *rec, uint32_t chunk);
void ptn_window_posted(ptn_rec_t *rec, uint32_t chunk);
u_char *ptn_window_data(ptn_rec_t *rec, uint32_t chunk);
uint32_t ptn_window_used(ptn_rec_t *rec);
void ptn_window_sweep(ptn_runner_t *r, uint32_t w, uint32_t epoch,
    bool fresh);
void ptn_window_trim(ptn_runner_t *r, uint32_t w);

ptn_rc_t ptn_spill_open(ptn_runner_t *r, int *ret_fd);
ptn_rc_t ptn_spill_write(int fd, const void *p, size_t len, uint64_t off);


/* ptn_job.c: parked jobs; no lock held but where it says so */

void ptn_park_end(ptn_rec_t *rec, ptn_rc_t rc);     /* FINAL; `park` held */
void ptn_park_commit(ptn_exec_t *exec, ptn_rc_t rc);
void ptn_park_free(ptn_rec_t *rec);
void ptn_park_reap(ptn_runner_t *r);


/* ptn_post.c: the rings to the workers; no lock of the caller's but park */

/* `fd` is dup'ed where it must be kept. */
void ptn_post(ptn_runner_t *r, uint32_t w, ptn_down_t *m, int fd);

/* The same in two steps, for several messages and one wake-up: true asks
 * for it. */
bool ptn_post_quiet(ptn_runner_t *r, uint32_t w, ptn_down_t *m, int fd);
void ptn_post_wake(ptn_runner_t *r, uint32_t w);
void ptn_post_backlog(ptn_runner_t *r);
void ptn_post_drop(ptn_runner_t *r, uint32_t w);


/* ptn_session.c; mu held unless it says otherwise */

ptn_session_t *ptn_session_find(ptn_runner_t *r, const ptn_sid_t *id);
void ptn_session_next(ptn_runner_t *r, ptn_session_t *s);
void ptn_session_finish(ptn_runner_t *r, ptn_session_t *s);
void ptn_session_expire(ptn_runner_t *r);
void ptn_session_close(ptn_session_t *s, void *app);    /* no lock held */
void ptn_session_close_all(ptn_runner_t *r, void *app); /* no lock held */


/* ptn_seat.c: a user's sessions in all processes; any lock may be held */

/* The ring is ours: nobody has a seat in it. */
void ptn_seat_begin(ptn_runner_t *r);

/* ELIMIT: the user has `max` seats. */
ptn_rc_t ptn_seat_take(ptn_runner_t *r, uint64_t user, uint32_t max);
void ptn_seat_give(ptn_runner_t *r, uint64_t user);


#endif /* PTN_RUNNER_H */
