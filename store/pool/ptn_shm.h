/*
 * The layout of the shared memory (docs/pool.md).  Only store/pool includes
 * this.
 *
 * Three kinds of region, each a mapping of its own so that it can be
 * unmapped alone:
 *
 *   common    who serves which ring, board, counters: every process
 *   slot[w]   all that worker slot w and the stores tell each other; a worker
 *             unmaps every slot but its own, so it sees no other's traffic
 *   private   ring locks, what ptn_world_private() gives: workers unmap it
 *
 * Whatever is read from common or a slot is copied, then checked, then used:
 * the other side may be hostile.  Nothing here holds a pointer.
 */

#ifndef PTN_SHM_H
#define PTN_SHM_H


#include <pthread.h>
#include <stdatomic.h>

#include "ptn_job.h"
#include "ptn_stat.h"
#include "ptn_world.h"


#define PTN_WORKERS_MAX   1024
#define PTN_RINGS_MAX     (PTN_STORES_MAX + 1)      /* the clerk is the last */

#define PTN_TICKETS       8192      /* jobs of a worker slot at a time */
#define PTN_UP            8192      /* messages in a ring to a store */
#define PTN_DOWN          4096      /* messages in a ring to a worker */

#define PTN_CHUNK         65536
#define PTN_CHUNKS        512       /* of a worker slot */
#define PTN_WINDOW        8         /* chunks of a job that are under way */

#define PTN_CELL_REQUEST  2048
#define PTN_CELL_REPLY    5888
#define PTN_CELL_TRAILER  (PTN_CELL_REPLY - PTN_JOB_TRAILER_MAX)
#define PTN_CELL_INLINE   1024      /* reply bytes that travel inline */

#define PTN_SESSIONS_MAX  65536     /* of a process */

#define PTN_LINE          __attribute__((aligned(64)))


/* Requests that do not fit the cell; the worker alone allocates. */
#define PTN_REQUEST_CLASSES(C)                                                \
    C(4 * 1024,            512)                                               \
    C(16 * 1024,           128)                                               \
    C(PTN_JOB_REQUEST_MAX, 64)

#define PTN_REQUEST_SUM(size, n)  + (size) * (n)
#define PTN_REQUEST_MEM   (0 PTN_REQUEST_CLASSES(PTN_REQUEST_SUM))


/* Messages to a store. */
typedef enum {
    PTN_UP_JOB,             /* run the job in this cell */
    PTN_UP_CANCEL,          /* its client is gone */
    PTN_UP_TAKEN,           /* its client took bytes that somebody awaits */
    PTN_UP_FILE,            /* its file has been sent (again) */
    PTN_UP_END              /* end this session */
} ptn_up_e;

typedef struct {
    uint32_t   op;
    uint32_t   ticket;
    uint32_t   gen;
    uint32_t   epoch;
    ptn_sid_t  session;
} ptn_up_t;

/* Messages to a worker. */
typedef enum {
    PTN_DOWN_META,          /* in the cell */
    PTN_DOWN_DATA,          /* in a chunk */
    PTN_DOWN_FILE,          /* descriptor in the socket */
    PTN_DOWN_FINAL,         /* with what fits the cell */
    PTN_DOWN_NEED_FILE      /* send the body file again */
} ptn_down_e;

#define PTN_DOWN_CHUNK_DONE  0x01   /* nothing more comes into this chunk */

typedef struct {
    uint16_t   op;
    uint16_t   flags;
    uint32_t   ticket;
    uint32_t   gen;
    uint32_t   epoch;
    uint32_t   rc;
    uint32_t   chunk;
    uint32_t   off;
    uint32_t   len;         /* DATA; FINAL: inline data behind the META */
    uint32_t   meta;        /* META, FINAL */
    uint32_t   trailer;
    union {
        struct {
            uint64_t   off;
            uint64_t   len;
        }              file;
        ptn_sid_t      session;
    } u;
    uint32_t   serial;      /* FILE: pairs message and descriptor */
    uint32_t   pad;
} ptn_down_t;

_Static_assert(sizeof(ptn_up_t) == 32, "up message");
_Static_assert(sizeof(ptn_down_t) == 64, "down message");

/* What travels with a descriptor over a socketpair. */
typedef struct {
    uint32_t   ticket;
    uint32_t   gen;
    uint32_t   epoch;
    uint32_t   serial;
} ptn_note_t;


/*
 * Rings have one producer and one consumer.  Positions run free; the index is
 * position & (size - 1).  Each side trusts only its own private copy of its
 * own position and checks the other's distance.
 */
typedef struct {
    _Atomic uint32_t  tail  PTN_LINE;       /* producer */
    _Atomic uint32_t  head  PTN_LINE;       /* consumer */
    ptn_up_t          msg[PTN_UP]  PTN_LINE;
} ptn_ring_up_t;

typedef struct {
    _Atomic uint32_t  tail  PTN_LINE;
    _Atomic uint32_t  head  PTN_LINE;
    ptn_down_t        msg[PTN_DOWN]  PTN_LINE;
} ptn_ring_down_t;


/*
 * A job's cell.  `state` is generation << 3 | state, so that a late change
 * of a finished job cannot touch its successor in the cell.
 */
typedef enum {
    PTN_CELL_FREE,
    PTN_CELL_QUEUED,        /* by the worker */
    PTN_CELL_ACCEPTED,      /* a store has it in a queue, nothing done */
    PTN_CELL_RUNNING,       /* its handler was called */
    PTN_CELL_DONE
} ptn_cell_e;

#define PTN_GEN_MASK           0x1fffffff
#define ptn_cell_word(gen, s)  ((uint32_t) (gen) << 3 | (uint32_t) (s))

#define PTN_CELL_HAS_FILE      0x01

typedef struct {
    /* the worker writes */
    uint32_t          gen;
    uint32_t          epoch;
    uint32_t          store;
    uint32_t          slot;
    uint64_t          seq;          /* order of submission */
    uint64_t          body_len;
    uint32_t          len;          /* of the request */
    uint32_t          off;          /* in request memory, or ~0: in the cell */
    uint16_t          type;
    uint16_t          flags;
    ptn_sid_t         session;
    _Atomic uint32_t  cancel;       /* == gen: cancelled */
    _Atomic uint32_t  released;     /* chunks given back; a futex */
    _Atomic uint64_t  taken;        /* bytes of chunks given back */

    /* the store writes */
    _Atomic uint32_t  waiting;      /* 1: futex, 2: wants PTN_UP_TAKEN */

    _Atomic uint32_t  state;        /* both */

    u_char            request[PTN_CELL_REQUEST]  PTN_LINE;
    u_char            reply[PTN_CELL_REPLY]  PTN_LINE;
} ptn_cell_t;

_Static_assert(sizeof(ptn_cell_t) <= 8192, "cell");

typedef union {
    ptn_cell_t        c;
    u_char            pad[8192];
} ptn_cell_page_t;


/*
 * Owner of a chunk: 0 free, else tag of store and epoch.  POSTED: the worker
 * knows of it and will free it; a successor frees the others.
 */
#define PTN_CHUNK_POSTED  0x400000u

#define ptn_chunk_tag(store, epoch)                                           \
    (0x80000000u | (uint32_t) (store) << 23 | ((epoch) & 0x3fffff))
#define ptn_chunk_store(tag)  (((tag) >> 23) & 0xff)
#define ptn_chunk_epoch(tag)  ((tag) & 0x3fffff)

typedef struct {
    _Atomic int32_t   pid  PTN_LINE;        /* who claimed the slot; 0: free */
    _Atomic uint32_t  epoch;
    _Atomic uint32_t  sleeping;             /* wants its eventfd written */
    _Atomic uint32_t  dirty_any;            /* a bit of `dirty` is set */
    _Atomic uint32_t  cells;                /* that any owner has ever used: to
                                               read another would make memory
                                               of it */
    _Atomic uint64_t  dirty[PTN_SLOTS / 64]  PTN_LINE;
    _Atomic uint32_t  chunk[PTN_CHUNKS]  PTN_LINE;
    ptn_cell_page_t   cell[PTN_TICKETS]  __attribute__((aligned(4096)));
    u_char            request[PTN_REQUEST_MEM];
    u_char            data[PTN_CHUNKS][PTN_CHUNK];

    /* rings: struct { up; down } [nrings] */
} ptn_shm_slot_t;

typedef struct {
    ptn_ring_up_t     up;
    ptn_ring_down_t   down;
} ptn_shm_rings_t;


typedef struct {
    _Atomic int32_t   pid  PTN_LINE;        /* 0: nobody serves this ring */
    _Atomic uint32_t  generation;
    _Atomic uint32_t  sleeping;
    _Atomic uint32_t  life;                 /* counts owners */
    _Atomic uint64_t  jobs, failed, sessions, batches, spilled;
} ptn_shm_store_t;

typedef struct {
    _Atomic uint64_t  version;
    _Atomic uint64_t  watch[PTN_WORKERS_MAX / 64];
} ptn_shm_board_t;

typedef struct {
    _Atomic uint32_t  stores;               /* now wanted */
    _Atomic uint32_t  generation;           /* the newest configuration */
    _Atomic uint32_t  workers_high;         /* slots ever claimed */
    _Atomic uint32_t  workers;              /* attached, as a hint */
    _Atomic uint32_t  clerk_bell;
    ptn_shm_store_t   store[PTN_RINGS_MAX];
    ptn_shm_board_t   board[PTN_SLOTS];
    _Atomic uint64_t  count[PTN_STATS_MAX];
} ptn_shm_common_t;


/*
 * Robust locks are lists threaded through their own memory: where a worker
 * could write, it could steer a store's writes.  So they are private.
 */
typedef struct {
    pthread_mutex_t   lock;
    _Atomic int32_t   waiter;               /* pid that waits for the lock */
} ptn_shm_lock_t;

/*
 * How many sessions each user has in one process (ptn_seat.c): open
 * addressing, written by the ring's owner alone, under `seats_lock`.  Its
 * next owner begins with none.
 */
#define PTN_SEATS  (2 * PTN_SESSIONS_MAX)

typedef struct {
    uint64_t          user;                 /* 0: free */
    uint64_t          n;
} ptn_shm_seat_t;

typedef struct {
    _Atomic int32_t   pid;                  /* the ring's owner; 0: none */
    uint32_t          used;                 /* users in it */
    ptn_shm_seat_t    seat[PTN_SEATS]  __attribute__((aligned(4096)));
} ptn_shm_seats_t;

typedef struct {
    ptn_shm_lock_t    lock[PTN_RINGS_MAX];
    pthread_mutex_t   seats_lock;
    uint64_t          secret[4];
    u_char            app[PTN_PRIVATE_SIZE]  __attribute__((aligned(4096)));
    ptn_shm_seats_t   seats[]  __attribute__((aligned(4096)));  /* [nrings] */
} ptn_shm_private_t;


struct ptn_world_s {
    ptn_world_opts_t              opts;
    uint32_t                      nrings;       /* stores + 1 */
    uint32_t                      clerk;        /* ring of the clerk */
    ptn_log_t                    *log;
    const ptn_job_type_t *const  *types;
    uint32_t                      ntypes;

    ptn_shm_common_t             *common;
    ptn_shm_private_t            *private;      /* NULL: unmapped */
    size_t                        private_size;
    u_char                       *slots;
    size_t                        slot_size;

    int                          *worker_fd;    /* eventfds, [workers] */
    int                          *ring_fd;      /* eventfds, [nrings] */
    int                           bell_fd;      /* of the clerk's loop */
    int                          *sock;         /* [(w * nrings + r) * 2]:
                                                   0 the store's, 1 worker's */
};


static inline ptn_shm_slot_t *
ptn_shm_slot(ptn_world_t *world, uint32_t w)
{
    return (ptn_shm_slot_t *) (world->slots + (size_t) w * world->slot_size);
}


static inline ptn_shm_rings_t *
ptn_shm_rings(ptn_world_t *world, uint32_t w, uint32_t r)
{
    u_char  *p;

    p = world->slots + (size_t) w * world->slot_size + sizeof(ptn_shm_slot_t);

    return (ptn_shm_rings_t *) p + r;
}


static inline int *
ptn_shm_sock(ptn_world_t *world, uint32_t w, uint32_t r)
{
    return &world->sock[((size_t) w * world->nrings + r) * 2];
}


/* Writes the eventfd when its owner says that it sleeps. */
void ptn_shm_wake(_Atomic uint32_t *sleeping, int fd);

/* One descriptor and its note over a socketpair.  EBUSY: full. */
ptn_rc_t ptn_shm_send_fd(int sock, const ptn_note_t *note, int fd);

/* EAGAIN: nothing there.  *ret_fd may be -1 (a note alone). */
ptn_rc_t ptn_shm_recv_fd(int sock, ptn_note_t *ret_note, int *ret_fd);

/* The process exists (whoever owns it). */
bool ptn_shm_alive(pid_t pid);


#endif /* PTN_SHM_H */
