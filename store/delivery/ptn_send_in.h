/*
 * Private to ptn_send*.c: one message on its way out.
 */

#ifndef PTN_SEND_IN_H
#define PTN_SEND_IN_H


#include "ptn_mime.h"
#include "ptn_object.h"
#include "ptn_oxcmail.h"
#include "ptn_send.h"


typedef struct {
    ptn_app_t         *app;
    ptn_pool_t        *pool;
    const ptn_send_t  *send;
    int64_t            now;         /* microseconds */
    ptn_str_t          id;          /* of the queue */
    ptn_user_t         actor;
    ptn_mime_t        *mime;        /* of send->raw; NULL: an object */

    ptn_str_t          from;
    ptn_user_t         owner;       /* whose address that is */
    bool               behalf;      /* the actor is named as Sender */
    bool               add_from;

    ptn_str_t         *rcpt;
    uint32_t           nrcpt;

    ptn_str_t          head, data;
    ptn_str_t          message_id;
} ptn_send_work_t;


/* ptn_send_raw.c: head and data of a message that is there; its body is not
 * copied unless its line ends are wrong. */
ptn_rc_t ptn_send_raw(ptn_send_work_t *w);

/* The trace field; data NULL: no memory. */
ptn_str_t ptn_send_received(ptn_send_work_t *w);


#endif /* PTN_SEND_IN_H */
