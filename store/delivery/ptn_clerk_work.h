/*
 * The clerk's work (DESIGN 6): runs the queue.  Local recipients are
 * delivered here, in batches that share commits; foreign ones go to the relay
 * host on threads of their own (ptn_relay.h), so that a relay that never
 * answers delays nobody.  What fails is retried with growing pauses, then
 * reported to the sender (ptn_dsn.h).
 *
 * One clerk works on a ROOT at a time: it holds ROOT/clerk.lock.
 */

#ifndef PTN_CLERK_WORK_H
#define PTN_CLERK_WORK_H


#include "ptn_app.h"
#include "ptn_control.h"


typedef struct ptn_clerk_s  ptn_clerk_t;


/* EBUSY: another process holds ROOT/clerk.lock. */
ptn_rc_t ptn_clerk_open(ptn_world_t *world, const ptn_conf_t *conf,
    ptn_io_t *io, ptn_log_t *log, ptn_clerk_t **ret_clerk);

/* One round, some 100 ms at most.  Milliseconds until the next is due. */
uint32_t ptn_clerk_run(ptn_clerk_t *clerk);

void ptn_clerk_close(ptn_clerk_t *clerk);

/* "queue-flush": tries all that waits now; answers "waiting=<messages>". */
extern const ptn_control_verb_t  ptn_clerk_verbs[];


#endif /* PTN_CLERK_WORK_H */
