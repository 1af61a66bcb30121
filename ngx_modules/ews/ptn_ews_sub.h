/*
 * ngx_modules/ews: subscriptions (MS-OXWSNTIF), as a store process keeps them.
 *
 * All requests of a user that name no session go to one store process, that
 * of the mailbox's slot, so subscriptions are that process's own: a list under
 * a lock, as that of the views.  One that is lost with its process is not
 * found any more, and the client subscribes anew.
 */

#ifndef PTN_EWS_SUB_H
#define PTN_EWS_SUB_H


#include "ptn_ews.h"


#define PTN_EWS_SUBS_MAX       20000    /* of a process */
#define PTN_EWS_SUBS_USER_MAX  100      /* ErrorExceededSubscriptionCount */
#define PTN_EWS_SUB_FOLDERS    4096
#define PTN_EWS_SUB_IDLE       (30 * 60 * 1000)     /* not connected, ms */

/* Bits of `mask`, t:NotificationEventTypeType. */
#define PTN_EWS_EV_COPIED     0x01
#define PTN_EWS_EV_CREATED    0x02
#define PTN_EWS_EV_DELETED    0x04
#define PTN_EWS_EV_MODIFIED   0x08
#define PTN_EWS_EV_MOVED      0x10
#define PTN_EWS_EV_NEW_MAIL   0x20
#define PTN_EWS_EV_FREE_BUSY  0x40

typedef struct ptn_ews_sub_s  ptn_ews_sub_t;

struct ptn_ews_sub_s {
    ptn_ews_sub_t  *next;           /* the lock is of all from here ... */
    unsigned        refs;
    bool            gone;           /* unsubscribed, expired */
    uint64_t        used;           /* ptn_time_mono() */
    uint64_t        last;           /* events up to here are told */
    const void     *connection;     /* NULL: none */

    ptn_guid_t      id;             /* ... and does not change from here */
    uint64_t        user;
    ptn_guid_t      mailbox;
    uint64_t        epoch;
    uint64_t        idle;           /* ms */
    bool            streaming;      /* else pull */
    uint8_t         mask;
    bool            all;            /* all folders */
    size_t          nfolders;
    ptn_id_t        folders[];      /* ascending */
};

/* A new one in the list, with a reference.  ELIMIT: too many; ENOMEM. */
ptn_rc_t ptn_ews_sub_add(const ptn_ews_sub_t *sub, const ptn_id_t *folders,
    ptn_ews_sub_t **ret);

/* The one that a text names, with a reference, and its clock set back.
 * ErrorInvalidSubscription, ErrorSubscriptionNotFound,
 * ErrorSubscriptionAccessDenied. */
ptn_rc_t ptn_ews_sub_get(ptn_ews_t *e, ptn_str_t text, ptn_ews_sub_t **ret);
void ptn_ews_sub_unref(ptn_ews_sub_t *sub);

/* Out of the list; who holds it sees `gone`. */
void ptn_ews_sub_end(ptn_ews_sub_t *sub);

ptn_rc_t ptn_ews_sub_text(ptn_pool_t *pool, const ptn_ews_sub_t *sub,
    ptn_str_t *ret);

/* Whose it is: takes it, or asks.  release: if it still is. */
void ptn_ews_sub_connect(ptn_ews_sub_t *sub, const void *connection);
bool ptn_ews_sub_connected(ptn_ews_sub_t *sub, const void *connection,
    bool *ret_gone, uint64_t *ret_last);
void ptn_ews_sub_release(ptn_ews_sub_t *sub, const void *connection);
void ptn_ews_sub_told(ptn_ews_sub_t *sub, uint64_t last);


/*
 * Writes the events behind `after` that the subscription wants, without the
 * t:Notification around them: their number, and where they end.  `marks`: each
 * with its watermark.  ESTALE: some were missed.
 */
ptn_rc_t ptn_ews_sub_events(ptn_ews_t *e, const ptn_ews_sub_t *sub,
    uint64_t after, size_t max, bool marks, uint32_t *ret_n,
    uint64_t *ret_last, bool *ret_more);

/* Watermark: epoch and event. */
ptn_rc_t ptn_ews_watermark(ptn_pool_t *pool, uint64_t epoch, uint64_t n,
    ptn_str_t *ret);
ptn_rc_t ptn_ews_watermark_parse(ptn_ews_t *e, ptn_str_t text,
    uint64_t *ret_epoch, uint64_t *ret_n);


#endif /* PTN_EWS_SUB_H */
