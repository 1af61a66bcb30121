/*
 * store/delivery: what happens to a message once it was taken.
 *
 *   ptn_queue.h      the durable queue (append side)
 *   ptn_delivery.h   local delivery
 *   ptn_clerk.h      the clerk's loop: queue runner, relay, DSN
 *   ptn_smtp_client.h  our SMTP client
 *   ptn_app.h        what every executor has open
 */

#ifndef PTN_DELIVERY_H
#define PTN_DELIVERY_H


#include "ptn_app.h"


typedef struct {
    ptn_str_t  sender;          /* envelope sender, may be empty */
    ptn_str_t  data;            /* with Received; Return-Path is added here */
    ptn_str_t  queue_id;        /* for the log; may be empty */
    bool       tls;
} ptn_delivery_t;

/*
 * Delivers to one local user's INBOX, in the batch of app->store: durable
 * after ptn_store_commit(), which the caller owes (LMTP: the pool does).
 * EQUOTA, EUNAVAIL ...: as the store says.  Logs the line of DESIGN 7 only
 * through ptn_delivery_log().
 */
ptn_rc_t ptn_deliver_local(ptn_app_t *app, ptn_pool_t *pool,
    const ptn_rcpt_t *rcpt, const ptn_delivery_t *d);

/* One line per message and recipient (DESIGN 7). */
void ptn_delivery_log(ptn_log_t *log, ptn_str_t queue_id, ptn_str_t sender,
    ptn_str_t rcpt, uint64_t size, int64_t arrived, const char *status,
    ptn_str_t message_id, ptn_str_t detail);


#endif /* PTN_DELIVERY_H */
