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
    ptn_str_t  id;              /* queue id, made by put: "1a2b3c..." */
    int64_t    arrived;         /* microseconds since 1970 */
    ptn_str_t  sender;          /* empty: a bounce */
    ptn_str_t *rcpt;
    uint32_t   nrcpt;
    ptn_str_t  data;            /* the message as it shall be delivered */
    uint32_t   flags;           /* PTN_QUEUE_* */
} ptn_queue_msg_t;

#define PTN_QUEUE_8BIT  0x0001


/* `writer` names this process's segments.  One handle a process. */
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


#endif /* PTN_QUEUE_H */
