/*
 * store/delivery: mail to the relay host, on a few threads of its own, so
 * that a relay that is slow or silent holds nobody else (DESIGN 6).  Tasks go
 * in from the clerk's thread and come back to it.
 */

#ifndef PTN_RELAY_H
#define PTN_RELAY_H


#include "ptn_conf.h"
#include "ptn_io.h"
#include "ptn_smtp_client.h"


#define PTN_RELAY_THREADS  4
#define PTN_RELAY_PAUSE    10000    /* ms in which an unreachable relay is not
                                       tried again */

typedef struct ptn_relay_s       ptn_relay_t;
typedef struct ptn_relay_task_s  ptn_relay_task_t;

struct ptn_relay_task_s {
    ptn_relay_task_t   *next;
    ptn_pool_t         *pool;       /* all of the task lives there */
    void               *msg;        /* the clerk's */
    const char         *path;       /* of the segment */
    uint64_t            off, len;   /* of the data in it */
    uint32_t            crc;
    bool                body8;
    ptn_str_t           sender;
    ptn_str_t          *rcpt;
    uint32_t           *index;      /* rcpt[i] is msg's recipient index[i] */
    uint32_t            nrcpt;
    ptn_smtp_result_t  *results;
    bool                corrupt;    /* the data is not what it was */
    bool                cancelled;
};


/* `done` is called from a thread of the relay when a task came back. */
ptn_rc_t ptn_relay_open(const ptn_conf_t *conf, ptn_io_t *io,
    void (*done)(void *ctx), void *ctx, ptn_relay_t **ret_relay);

/* Ends what is under way (its tasks come back cancelled), joins threads. */
void ptn_relay_close(ptn_relay_t *relay);

void ptn_relay_submit(ptn_relay_t *relay, ptn_relay_task_t *task);

/* The oldest task that came back, or NULL.  Its pool is the caller's again. */
ptn_relay_task_t *ptn_relay_take(ptn_relay_t *relay);

/* Forgets that the relay could not be reached (flush). */
void ptn_relay_retry(ptn_relay_t *relay);


#endif /* PTN_RELAY_H */
