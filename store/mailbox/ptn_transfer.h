/*
 * store/mailbox, inside: to another mailbox.
 */

#ifndef PTN_TRANSFER_H
#define PTN_TRANSFER_H


#include "ptn_item.h"


/* Byte of the lock file: this and an intent's number (ptn_transfer.c). */
#define PTN_TRANSFER_LOCK  ((off_t) 1 << 40)

typedef struct {
    ptn_txn_t   *tx;            /* of the mailbox that gets them */
    ptn_mbox_t  *from;
    uint16_t    *map;           /* of named ids; 0: not asked yet */
} ptn_transfer_t;


/* --- ptn_transfer_map.c -------------------------------------------------- */

ptn_rc_t ptn_transfer_map_init(ptn_transfer_t *t, ptn_pool_t *pool,
    ptn_txn_t *tx, ptn_mbox_t *from);
/* The id there, made where it is none; 0: one that has no name here. */
ptn_rc_t ptn_transfer_name(ptn_transfer_t *t, ptn_pool_t *pool, uint16_t id,
    uint16_t *ret_id);
ptn_rc_t ptn_transfer_props(ptn_transfer_t *t, ptn_pool_t *pool,
    ptn_props_t *props);
ptn_rc_t ptn_transfer_object(ptn_transfer_t *t, ptn_pool_t *pool,
    ptn_object_t *o, unsigned depth);
uint64_t ptn_transfer_keywords(ptn_transfer_t *t, uint64_t keywords);


/* --- ptn_transfer.c ------------------------------------------------------ */

/* EBUSY: somebody alive is at intent `n`. */
ptn_rc_t ptn_transfer_lock(ptn_mbox_t *mb, uint64_t n);
void ptn_transfer_unlock(ptn_mbox_t *mb, uint64_t n);
/* How many of the messages make one portion; those that are not in the folder
 * become 0. */
ptn_rc_t ptn_transfer_slice(ptn_mbox_t *from, ptn_id_t folder, ptn_id_t *ids,
    size_t n, size_t *ret_n);
/* One portion, as ptn_msg_transfer_mbox(), but who acts is not asked for. */
ptn_rc_t ptn_transfer_some(ptn_mbox_t *from, ptn_mbox_t *to, ptn_id_t folder,
    ptn_id_t *ids, size_t n, ptn_id_t target, bool copy, ptn_id_t *new_ids);


/* --- ptn_folder_transfer.c ----------------------------------------------- */

/* Goes on with moves of folders that somebody has left: some of it.  EBUSY
 * and the like: to be tried later. */
ptn_rc_t ptn_folder_transfer_replay(ptn_mbox_t *mb, ptn_pool_t *pool);


#endif /* PTN_TRANSFER_H */
