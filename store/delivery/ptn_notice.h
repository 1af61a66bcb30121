/*
 * store/delivery: conflict notification messages (MS-OXCFXICS 3.1.5.6.3.1).
 * What is due (ptn_receipt_next(), kind CONFLICT) comes into the inbox of the
 * owner of the public folder, or of each user of a group that owns it.
 */

#ifndef PTN_NOTICE_H
#define PTN_NOTICE_H


#include "ptn_app.h"


/*
 * Durable when it is OK; delivered once to each, however often it is asked for.
 * Owners that are gone, or whose mailbox is full, are passed over (and logged),
 * and after a day whoever could not be reached.
 * Blocks on disk; no batch may be open.
 */
ptn_rc_t ptn_notice_deliver(ptn_app_t *app, ptn_pool_t *pool,
    const ptn_receipt_t *notice);


#endif /* PTN_NOTICE_H */
