/*
 * store/delivery: read receipts (RFC 8098; MS-OXOMSG 2.2.2 calls what comes of
 * them REPORT.IPM.Note.IPNRN and IPNNRN): what is due in the mailboxes
 * (ptn_receipt_next) goes into the queue, for asker here and elsewhere alike.
 */

#ifndef PTN_MDN_H
#define PTN_MDN_H


#include "ptn_app.h"


/* The report as a message, CRLF lines, in `pool`; `id` makes its Message-ID. */
ptn_rc_t ptn_mdn_make(ptn_pool_t *pool, const ptn_conf_t *conf,
    const ptn_receipt_t *receipt, ptn_str_t id, ptn_str_t *ret);

/* The queue id, the same for the same receipt: a delivery that is repeated is
 * recognised by it.  In `pool`. */
ptn_str_t ptn_mdn_id(ptn_pool_t *pool, const ptn_receipt_t *receipt);

/*
 * Puts what is due into the queue, some of it: after a commit, and for what was
 * left by executors that are idle.  Costs nothing when nothing is due.  True:
 * there is more.  Blocks on disk.
 */
bool ptn_mdn_send(ptn_app_t *app);

/*
 * The same of mailboxes that nobody has open, by their marks
 * (ptn_receipt_marks): opens PTN_MDN_BOXES of them at most.  ENOTFOUND: there
 * is no mark.  The clerk's, now and then; blocks on disk.
 */
#define PTN_MDN_BOXES  8

ptn_rc_t ptn_mdn_unopened(ptn_app_t *app);


#endif /* PTN_MDN_H */
