/*
 * store/mailbox, inside: a message that filters (ptn_filter.h) are asked of.
 * Tables, search folders and synchronisation have their own ways to its
 * values; what only its content, recipients or attachments say is read here,
 * where it decides.
 */

#ifndef PTN_ASKED_H
#define PTN_ASKED_H


#include "ptn_filter.h"
#include "ptn_mailbox.h"


typedef struct {
    ptn_mbox_t  *mb;
    ptn_pool_t  *pool;          /* of what is read */
    ptn_id_t     id;            /* row id; 0: no message, no subobjects */
    ptn_msg_t   *msg;           /* NULL: not opened yet */
    bool         gone;          /* it was deleted softly */
} ptn_asked_t;


static inline void
ptn_asked(ptn_asked_t *a, ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id)
{
    a->mb = mb;
    a->pool = pool;
    a->id = id;
    a->msg = NULL;
    a->gone = false;
}


/* a->msg.  ENOTFOUND: it is gone. */
ptn_rc_t ptn_asked_open(ptn_asked_t *a);
/* As ptn_msg_props(). */
ptn_rc_t ptn_asked_value(ptn_asked_t *a, uint32_t tag, ptn_str_t *ret);
/* `values` of ptn_filter_tags(). */
ptn_rc_t ptn_asked_match(ptn_asked_t *a, const ptn_filter_t *filter,
    const ptn_str_t *values, bool *ret_match);


#endif /* PTN_ASKED_H */
