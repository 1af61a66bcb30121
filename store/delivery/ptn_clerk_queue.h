/*
 * The clerk's insides: ptn_clerk_work.c (what is due) and ptn_clerk_queue.c
 * (what is done about it).
 */

#ifndef PTN_CLERK_QUEUE_H
#define PTN_CLERK_QUEUE_H


#include "ptn_clerk_work.h"
#include "ptn_queue_index.h"
#include "ptn_relay.h"


#define PTN_CLERK_WAIT          2000        /* ms; a flush mark is seen then */
#define PTN_CLERK_BATCH         256         /* messages in a round */
#define PTN_CLERK_BATCH_BYTES   (32 * 1024 * 1024)
#define PTN_CLERK_LOCK_MS       50          /* a mailbox is held this long */
#define PTN_CLERK_RECEIPTS      30000       /* ms; receipts of mailboxes that
                                               nobody opens are seen then */

struct ptn_clerk_s {
    ptn_app_t     *app;
    int            lock;            /* ROOT/clerk.lock */
    ptn_qindex_t  *index;
    ptn_relay_t   *relay;           /* NULL: no relay host */
    ptn_rc_t       scan_rc;         /* of the last round: logged when new */

    ptn_qmsg_t   **heap;            /* waiting messages that are not busy */
    size_t         nheap, heap_size;
    uint64_t       seq;
    uint64_t       receipts_ms;     /* when they are looked for next */
};


/* Puts a message into the heap. */
void ptn_clerk_found(void *clerk, ptn_qmsg_t *msg);

/* Takes the next that is due, or NULL. */
ptn_qmsg_t *ptn_clerk_next(ptn_clerk_t *clerk, int64_t now);

void ptn_clerk_ring(void *clerk);

/* Tries what is due; what came back from the relay.  True: there was some. */
bool ptn_clerk_batch(ptn_clerk_t *clerk);
bool ptn_clerk_relayed(ptn_clerk_t *clerk);


#endif /* PTN_CLERK_QUEUE_H */
