/*
 * store/delivery, the queue: an append-only, checksummed segment log
 * (DESIGN 6) for mail that was accepted and has not been delivered to all.
 *
 * Each writing process appends to segments of its own, ROOT/queue/<writer>-
 * <number>.seg; one fdatasync per batch.  The clerk reads all of them, keeps
 * each recipient's state in segments of its own, and unlinks a segment whose
 * messages are all done.  A torn tail is cut at the first bad checksum: what
 * was acknowledged lies before it.
 */

#ifndef PTN_QUEUE_H
#define PTN_QUEUE_H


#include "ptn_base.h"
#include "ptn_conf.h"
#include "ptn_io.h"


typedef struct ptn_queue_s  ptn_queue_t;

typedef struct {
    ptn_str_t  id;              /* queue id (ptn_queue_new_id); empty: made
                                   by put */
    int64_t    arrived;         /* microseconds since 1970 */
    ptn_str_t  sender;          /* empty: a bounce */
    ptn_str_t *rcpt;
    uint32_t   nrcpt;
    ptn_str_t  data;            /* the message as it shall be delivered */
    uint32_t   flags;           /* PTN_QUEUE_* */
    ptn_str_t  head;            /* put: goes before data (Received), so that
                                   large data need not be copied */
} ptn_queue_msg_t;

#define PTN_QUEUE_8BIT  0x0001

typedef enum {
    PTN_QUEUE_WAITING,
    PTN_QUEUE_DELIVERED,
    PTN_QUEUE_FAILED,           /* for good; the sender was not told yet */
    PTN_QUEUE_REPORTED,         /* for good, told (or there is nobody) */
    PTN_QUEUE_STATUS_MAX
} ptn_queue_status_e;


/*
 * `writer` names this process's segments: a file name's first part.  One
 * handle a process; writers of one name do not disturb each other.
 */
ptn_rc_t ptn_queue_open(const ptn_conf_t *conf, ptn_io_t *io,
    const char *writer, ptn_queue_t **ret_queue);
void ptn_queue_close(ptn_queue_t *queue);

/*
 * Appends and makes durable: when it returns OK the message survives a power
 * loss.  Concurrent callers (executors) share one fdatasync.  *ret_id lives in
 * `pool`.  ENOSPC, EIO: nothing was accepted; after an fsync error the segment
 * is abandoned and a new one begun, never synced again.
 */
ptn_rc_t ptn_queue_put(ptn_queue_t *queue, ptn_pool_t *pool,
    const ptn_queue_msg_t *msg, ptn_str_t *ret_id);

/* A new id (16 hexadecimal digits), for the Received field; empty: ENOMEM. */
ptn_str_t ptn_queue_new_id(ptn_pool_t *pool);

/*
 * Nothing to do: lets go of a segment that has not been written to for a
 * while, so that the clerk may remove it.
 */
void ptn_queue_idle(ptn_queue_t *queue);


/*
 * What waits (`postern queue list`), read from the files; needs no clerk.
 * One row per recipient that is not done.  Strings live until the call of
 * `row` returns.
 */
typedef struct {
    ptn_str_t  id;
    ptn_str_t  sender;
    ptn_str_t  rcpt;
    uint64_t   size;
    int64_t    arrived;         /* microseconds since 1970 */
    int64_t    due;             /* next attempt; 0: now */
    uint32_t   attempts;
    uint32_t   status;          /* ptn_queue_status_e */
    ptn_str_t  detail;          /* why it waits */
} ptn_queue_row_t;

ptn_rc_t ptn_queue_list(const ptn_conf_t *conf, ptn_io_t *io,
    void (*row)(void *ctx, const ptn_queue_row_t *row), void *ctx);

/*
 * Asks the clerk to try everything that waits now (`postern queue flush`):
 * leaves a mark in ROOT/queue that its next round takes.  Who has a world
 * rings the clerk too; without that it is seen within some seconds.
 */
ptn_rc_t ptn_queue_flush(const ptn_conf_t *conf, ptn_io_t *io);


#endif /* PTN_QUEUE_H */
