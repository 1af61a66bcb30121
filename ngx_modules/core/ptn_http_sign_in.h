/*
 * The job "http.sign_in": a worker hands over a credential and is given a
 * handle to carry (DESIGN 4).
 */

#ifndef PTN_HTTP_SIGN_IN_H
#define PTN_HTTP_SIGN_IN_H


#include "ptn_auth.h"
#include "ptn_job.h"
#include "ptn_wire.h"


#define PTN_HTTP_SIGN_IN(F, T)                                                \
    F(T, u32,    service)       /* PTN_SERVICE_* */                           \
    F(T, u8,     tls)                                                         \
    F(T, bin16,  peer)          /* textual address; empty: a unix socket */   \
    F(T, bin32,  credential)    /* of Basic, decoded: login ":" password */
PTN_WIRE(ptn_http_sign_in, PTN_HTTP_SIGN_IN)

/* Its trailer. */
#define PTN_HTTP_SIGNED_IN(F, T)                                              \
    F(T, guid,   handle)                                                      \
    F(T, u32,    slot)          /* of the mailbox */
PTN_WIRE(ptn_http_signed_in, PTN_HTTP_SIGNED_IN)

/* Longer ones are nobody's (RFC 5321: 254 octets; bcrypt and all: 2 KiB). */
#define PTN_HTTP_CREDENTIAL_MAX  2560


/* What core itself adds to the world's job types. */
extern const ptn_job_type_t  ptn_http_jobs[];


#endif /* PTN_HTTP_SIGN_IN_H */
