/*
 * What an HTTP module's job is told of its request: the head of the job's
 * request, before the body.  ngx_modules/core writes it
 * (ngx_http_postern_job()), handlers read it with ptn_http_request().
 */

#ifndef PTN_HTTP_HEAD_H
#define PTN_HTTP_HEAD_H


#include "ptn_auth.h"
#include "ptn_job.h"
#include "ptn_wire.h"


#define PTN_HTTP_HEADER(F, T)                                                 \
    F(T, bin16,  name)          /* as the module's list has it */             \
    F(T, bin32,  value)
PTN_WIRE(ptn_http_header, PTN_HTTP_HEADER)

#define PTN_HTTP_HEAD(F, T)                                                   \
    F(T, guid,   handle)        /* of the sign-in; zero: none */              \
    F(T, u8,     method)        /* ptn_http_method_e */                       \
    F(T, u8,     tls)                                                         \
    F(T, bin16,  peer)          /* textual address */                         \
    F(T, bin16,  host)          /* Host, without port */                      \
    F(T, u16,    port)          /* of the listening socket */                 \
    F(T, bin32,  uri)           /* decoded path */                            \
    F(T, bin32,  args)          /* as it came */                              \
    F(T, u16,    nheaders)                                                    \
    F(T, vec(T, sub(ptn_http_header), nheaders),  headers)
PTN_WIRE(ptn_http_head, PTN_HTTP_HEAD)

typedef enum {
    PTN_HTTP_OTHER, PTN_HTTP_GET, PTN_HTTP_HEAD_METHOD, PTN_HTTP_POST,
    PTN_HTTP_OPTIONS
} ptn_http_method_e;

/*
 * Reads the head and gives the body: what is behind it, or, when the body came
 * as a file, that as memory (ptn_job_body_map).  ETRUNC, EPARSE.
 */
ptn_rc_t ptn_http_request(ptn_job_t *job, ptn_http_head_t *ret_head,
    ptn_str_t *ret_body);

/* Value of a header that the module asked for; data NULL: it did not come. */
ptn_str_t ptn_http_header_get(const ptn_http_head_t *head, const char *name);

/* The actor of the head's handle.  EAUTH: sign in again; return it as the
 * job's result before any reply, and core does so and submits once more. */
ptn_rc_t ptn_http_actor(ptn_job_t *job, const ptn_http_head_t *head,
    ptn_actor_t *ret_actor);


#endif /* PTN_HTTP_HEAD_H */
