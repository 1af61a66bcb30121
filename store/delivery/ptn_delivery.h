/*
 * store/delivery: what happens to a message once it was taken.
 *
 *   ptn_queue.h        the durable queue (append side)
 *   ptn_delivery.h     local delivery
 *   ptn_clerk_work.h   the clerk's loop: queue runner, relay, DSN
 *   ptn_smtp_client.h  our SMTP client; ptn_smtp_link.h its connection
 *   ptn_app.h          what every executor has open
 */

#ifndef PTN_DELIVERY_H
#define PTN_DELIVERY_H


#include "ptn_app.h"


typedef struct {
    ptn_str_t    sender;        /* envelope sender, may be empty */
    ptn_str_t    head;          /* goes before data: Received */
    ptn_str_t    data;          /* the message; Return-Path is added here */
    ptn_str_t    queue_id;      /* for the log and against a second delivery
                                   after a crash; may be empty */
    bool         tls;
    bool         many;          /* it goes to several mailboxes */
    bool         hurry;         /* others wait (ptn_append_t), and not many */

    /* made for the first recipient, shared by all: one copy, one parse */
    ptn_str_t    raw;           /* with Return-Path and head */
    ptn_mime_t  *mime;
    ptn_ready_t *ready;
} ptn_delivery_t;

/*
 * Delivers to one local user's INBOX, in the batch of app->store: durable
 * after ptn_store_commit(), which the caller owes (LMTP: the pool does).
 * What is made lives in `pool`.  EQUOTA, EUNAVAIL ...: as the store says.
 * Logs the line of DESIGN 7 only through ptn_delivery_log().
 *
 * With a queue id, a recipient that has the message already is OK again.
 */
ptn_rc_t ptn_deliver_local(ptn_app_t *app, ptn_pool_t *pool,
    const ptn_rcpt_t *rcpt, ptn_delivery_t *d);

/*
 * What of it needs no lock, for the next ptn_deliver_local() by whichever
 * executor; it lives in `pool`, too.  Errors need not be told to anybody:
 * ptn_deliver_local() will find them.
 */
ptn_rc_t ptn_deliver_prepare(ptn_app_t *app, ptn_pool_t *pool,
    const ptn_rcpt_t *rcpt, ptn_delivery_t *d);

/*
 * Room for a message of `len` bytes behind its Return-Path (d->raw), for
 * callers that read it from a file: fill *ret_data.  Large ones do not count
 * against the pool's cap.
 */
ptn_rc_t ptn_delivery_room(ptn_pool_t *pool, ptn_delivery_t *d, size_t len,
    u_char **ret_data);


/* What a message's header tells those who carry it; strings point into it. */
typedef struct {
    size_t     header;          /* bytes, with the empty line */
    uint32_t   received;        /* hops */
    ptn_str_t  message_id;      /* value, without blanks */
    bool       has_date, has_from;
} ptn_delivery_scan_t;

void ptn_delivery_scan(ptn_str_t data, ptn_delivery_scan_t *ret);
bool ptn_delivery_8bit(ptn_str_t data);

/* "Mon, 23 Nov 2026 12:00:00 +0000" */
ptn_str_t ptn_delivery_date(ptn_pool_t *pool, int64_t sec);

/* One line per message and recipient (DESIGN 7). */
void ptn_delivery_log(ptn_log_t *log, ptn_str_t queue_id, ptn_str_t sender,
    ptn_str_t rcpt, uint64_t size, int64_t arrived, const char *status,
    ptn_str_t message_id, ptn_str_t detail);


#endif /* PTN_DELIVERY_H */
