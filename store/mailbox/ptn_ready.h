/*
 * store/mailbox, inside: messages made ready to be appended (ptn_msg_ready()
 * in ptn_store.h).
 */

#ifndef PTN_READY_H
#define PTN_READY_H


#include "ptn_item.h"


struct ptn_ready_s {
    ptn_pool_t          *pool;          /* of all of it */
    ptn_guid_t           mailbox;
    ptn_str_t            raw;           /* borrowed */
    ptn_mime_t          *mime;          /* perhaps, too */
    ptn_object_t        *object;
    bool                 hurry;
    ptn_content_made_t   content;
};

/* For `mb`, whose meta is known.  On an error *ret_ready is NULL. */
ptn_rc_t ptn_ready_make(ptn_mbox_t *mb, const ptn_append_t *append,
    ptn_ready_t **ret_ready);
/* What of it does not hold in `mb` is made again.  EINVAL: of another
 * message. */
ptn_rc_t ptn_ready_again(ptn_ready_t *ready, ptn_mbox_t *mb,
    const ptn_append_t *append);
/* The longest message that may be appended so. */
size_t ptn_ready_max(const ptn_store_t *store, const ptn_append_t *append);


#endif /* PTN_READY_H */
