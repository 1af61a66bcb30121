/*
 * store/pool, worker side: how an nginx worker (or a test, or the CLI through
 * a forked child) submits jobs and receives replies.  No nginx here: the
 * caller polls one eventfd and calls ptn_client_poll() when it is readable.
 * Nothing blocks.  One thread.
 */

#ifndef PTN_CLIENT_H
#define PTN_CLIENT_H


#include <sys/uio.h>

#include "ptn_job.h"


typedef struct ptn_client_s  ptn_client_t;
typedef struct ptn_ticket_s  ptn_ticket_t;      /* one job under way */

typedef enum {
    PTN_EV_META,        /* data, len: valid during the call */
    PTN_EV_DATA,        /* data, len in shared memory, stable until
                           ptn_client_release(): each, in order, when they
                           have been sent; also after FINAL */
    PTN_EV_FILE,        /* fd (now the callee's), off, file_len */
    PTN_EV_FINAL        /* rc, trailer in data/len (valid during the call),
                           session.  The ticket is dead on return, unless
                           DATA bytes are unreleased: see below */
} ptn_event_e;

/*
 * FINAL does not wait for the client: DATA may still be under way to it.
 * While any DATA byte is unreleased the ticket stays valid after FINAL for
 * ptn_client_release() and ptn_client_cancel() (which then gives back all
 * that is left), and dies with the last byte.
 */

typedef struct {
    ptn_event_e   what;
    u_char       *data;
    size_t        len;
    int           fd;
    uint64_t      off, file_len;
    ptn_rc_t      rc;
    ptn_sid_t     session;      /* FINAL: of a session made by this job */
    uint32_t      store;        /* FINAL: who ran it */
} ptn_event_t;

typedef struct {
    uint16_t             type;      /* index in the world's list of types */
    uint32_t             slot;      /* routes; PTN_SLOT_ANY: least busy */
    ptn_sid_t            session;   /* routes before slot */
    const struct iovec  *iov;       /* request, at most PTN_JOB_REQUEST_MAX */
    int                  niov;
    int                  body_fd;   /* -1: none; dup'ed */
    uint64_t             body_len;
    void               (*on_event)(void *data, const ptn_event_t *ev);
    void                *data;
} ptn_submit_t;


/*
 * Claims a worker slot of `world` for this process.  ELIMIT: none is free.
 * Unmaps the private region.
 */
ptn_rc_t ptn_client_open(ptn_world_t *world, ptn_log_t *log,
    ptn_client_t **ret_client);
void ptn_client_close(ptn_client_t *client);

int ptn_client_eventfd(const ptn_client_t *client);

/*
 * Queues a job.  EBUSY: ring or request memory is full, or the store is not
 * attached (answer "try later"); ETOOBIG; ESTALE: the session's process is
 * gone.  `on_event` is called from ptn_client_poll() only.
 */
ptn_rc_t ptn_client_submit(ptn_client_t *client, const ptn_submit_t *submit,
    ptn_ticket_t **ret_ticket);

/* The client is gone.  FINAL still comes; no other event does. */
void ptn_client_cancel(ptn_client_t *client, ptn_ticket_t *ticket);

/* Gives back the oldest unreleased DATA bytes of the ticket. */
void ptn_client_release(ptn_client_t *client, ptn_ticket_t *ticket, size_t n);

/* Ends a session without a job (its connection closed). */
void ptn_client_end_session(ptn_client_t *client, ptn_sid_t session);

/*
 * Handles what has arrived, at most `budget` events (0: all).  Returns true
 * when more is waiting.
 */
bool ptn_client_poll(ptn_client_t *client, unsigned budget);

/*
 * One wake-up for all that a turn of the event loop submits.  With `on_wake`
 * set, stores are not woken at once; it is called when the first one is due,
 * and the caller owes ptn_client_wake_all() before it sleeps.
 */
void ptn_client_on_wake(ptn_client_t *client, void (*on_wake)(void *data),
    void *data);
void ptn_client_wake_all(ptn_client_t *client);

/*
 * Watches: `on_change(data, slot, version)` runs from ptn_client_poll() after
 * the slot's version moved.  Reference counted per slot.
 */
void ptn_client_on_change(ptn_client_t *client,
    void (*on_change)(void *data, uint32_t slot, uint64_t version),
    void *data);
void ptn_client_watch(ptn_client_t *client, uint32_t slot);
void ptn_client_unwatch(ptn_client_t *client, uint32_t slot);


#endif /* PTN_CLIENT_H */
