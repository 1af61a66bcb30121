/*
 * store/mailbox, inside: a folder's properties.
 */

#ifndef PTN_FOLDER_PROPS_H
#define PTN_FOLDER_PROPS_H


#include "ptn_item.h"


#define PTN_FPROP_SCRATCH  64

typedef struct {
    ptn_mbox_t          *mb;
    ptn_pool_t          *pool;      /* of what does not fit scratch */
    const ptn_folder_t  *folder;    /* of mb->set->folders */
    ptn_folder_t         counts;    /* the same, as who acts counts it */
    ptn_bag_t            bag;
    uint32_t             depth;     /* in a table of all levels */
    u_char              *scratch;   /* PTN_FPROP_SCRATCH bytes */
} ptn_fprop_ctx_t;


/* c->scratch is left to the caller.  init: without the bag. */
ptn_rc_t ptn_fprop_init(ptn_mbox_t *mb, ptn_pool_t *pool,
    const ptn_folder_t *folder, ptn_fprop_ctx_t *c);
ptn_rc_t ptn_fprop_open(ptn_mbox_t *mb, ptn_pool_t *pool,
    const ptn_folder_t *folder, ptn_fprop_ctx_t *c);
/* data NULL: none.  May stand in c->scratch until the next call. */
ptn_str_t ptn_fprop_value(ptn_fprop_ctx_t *c, uint32_t tag);
/* Without it a value can be had after ptn_fprop_init(). */
bool ptn_fprop_in_bag(uint32_t tag);
/* It is never what a client says. */
bool ptn_fprop_computed(uint32_t tag);


#endif /* PTN_FOLDER_PROPS_H */
