/*
 * store/delivery: reports of failure (RFC 3461, RFC 3464): what the sender
 * is told when a message could not be delivered.
 */

#ifndef PTN_DSN_H
#define PTN_DSN_H


#include "ptn_base.h"
#include "ptn_conf.h"


typedef struct {
    ptn_str_t  rcpt;
    ptn_str_t  detail;          /* "550 5.1.1 No such user": the reply, or
                                   words of our own in its form */
    bool       remote;          /* the relay said it */
} ptn_dsn_rcpt_t;

typedef struct {
    ptn_str_t              id;          /* of the report */
    ptn_str_t              queue_id;    /* of the message */
    ptn_str_t              sender;      /* whom to tell */
    int64_t                arrived;     /* microseconds */
    ptn_str_t              header;      /* of the message */
    const ptn_dsn_rcpt_t  *rcpt;
    uint32_t               nrcpt;
} ptn_dsn_t;

#define PTN_DSN_HEADER_MAX  (64 * 1024)     /* of it is returned */


/* The report as a message, CRLF lines, in `pool`. */
ptn_rc_t ptn_dsn_make(ptn_pool_t *pool, const ptn_conf_t *conf,
    const ptn_dsn_t *dsn, ptn_str_t *ret);

/* The enhanced status in `detail`, or what its first digit says. */
ptn_str_t ptn_dsn_status(ptn_pool_t *pool, ptn_str_t detail);


#endif /* PTN_DSN_H */
