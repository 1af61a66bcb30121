/*
 * store/mailbox, inside: an open message.
 */

#ifndef PTN_MSG_H
#define PTN_MSG_H


#include "ptn_item.h"


struct ptn_msg_s {
    ptn_mbox_t      *mb;
    ptn_pool_t      *pool;
    ptn_msg_info_t   info;
    ptn_mime_t      *mime;          /* the stored structure, or NULL */

    ptn_item_t      *item;          /* NULL: not read yet */
    ptn_object_t    *object;        /* what was asked for up to now: */
    unsigned         have;          /* PTN_OXCMAIL_* */
    ptn_props_t      forms;         /* of the body, made of another one */
    ptn_stored_t    *stored;        /* with PTN_DERIVED_OBJECT */
    ptn_object_t    *truth;         /* the object as it is stored */
    ptn_mime_t      *parsed;        /* with all its bytes, or NULL */
};


/* Fills msg->item; what version 1 did not derive is derived in memory. */
ptn_rc_t ptn_msg_item(ptn_msg_t *msg);
/* msg->truth, of a message that has PTN_DERIVED_OBJECT. */
ptn_rc_t ptn_msg_truth(ptn_msg_t *msg);
/* Of an object's properties those that are no content.  ptn_msg_edit.c. */
ptn_rc_t ptn_msg_extra(ptn_pool_t *pool, const ptn_object_t *object,
    ptn_props_t *ret_extra);
/* Properties of its bag, by the mailbox itself: no rights are asked, and what
 * belongs to the content may be among them. */
ptn_rc_t ptn_msg_set_inside(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t id,
    const ptn_bag_prop_t *props, size_t n);


#endif /* PTN_MSG_H */
