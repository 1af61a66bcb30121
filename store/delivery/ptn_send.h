/*
 * Sending what a client wrote in its mailbox (EWS CreateItem and SendItem,
 * RopSubmitMessage): rights, envelope, the message as it goes out, the queue.
 */

#ifndef PTN_SEND_H
#define PTN_SEND_H


#include "ptn_app.h"


typedef struct {
    const ptn_actor_t   *actor;
    const ptn_object_t  *object;    /* with recipients, attachments and data */
    ptn_str_t            raw;       /* not empty: goes out as it is, less Bcc,
                                       with Date, From and Message-ID added
                                       where they lack; recipients from its
                                       To, Cc, Bcc unless `object` has some */
} ptn_send_t;

/*
 * Durable in the queue on return; delivered, also to local users, by the
 * clerk, which is rung.  From is the object's PidTagSentRepresenting (or the
 * raw From): the actor's own address or alias, or one of somebody who gave
 * SEND_AS, or ON_BEHALF (then Sender names the actor); none: the actor's.
 * EDENIED: not allowed; EINVAL: no recipient, or one that is no address;
 * ELIMIT: more than conf->rcpt_max; ETOOBIG; ENOSPC, EIO.
 * *ret_queue_id (may be NULL) lives in `pool`.
 */
ptn_rc_t ptn_send(ptn_app_t *app, ptn_pool_t *pool, const ptn_send_t *send,
    ptn_str_t *ret_queue_id);


#endif /* PTN_SEND_H */
