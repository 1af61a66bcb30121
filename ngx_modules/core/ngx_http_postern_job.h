/*
 * ngx_modules/core: one HTTP request, one job.  A content handler fills the
 * structure below and returns what ngx_http_postern_job() returns; the body
 * is read, the job submitted, the reply streamed, and a client that leaves
 * cancels the job.  The handler's reply is META (ptn_http_meta.h), bytes and
 * file ranges, FINAL; an error without META becomes nginx's error page with
 * the status of ptn_err.h.
 *
 * Request: `head`, then the body where it is small.  A large one travels as
 * a file (job->body_len is not 0 then, and `request` is head alone).
 *
 * Unbuffered (RPC over HTTP): the body is handed on as it arrives, each piece
 * a job of the same type and session: `head`, one byte that is 1 with the
 * last piece and else 0, the bytes.  The first piece goes to `session`, or
 * makes one (ptn_session_create) that the others name.  The next piece is read
 * from the client only after FINAL of the one before: a handler that holds its
 * job (ptn_job_retry) holds the client.
 *
 * Sign-in.  With `service` set the request must carry a credential that this
 * service accepts; otherwise 401 with the schemes on offer, and no job.  The
 * worker keeps (keyed hash of the credential, opaque handle) for a while; an
 * unknown one goes to a store in the auth lane ("http.sign_in").  The head of
 * the job is then ptn_http_head_t with the handle, and `head` must be empty.
 * A job that ends with EAUTH before any reply means that the handle is no good
 * any more: signed in anew, submitted once more (not when `unbuffered`).
 * (ESTALE: session lost.)  429 or 503 with Retry-After when sign-ins are
 * throttled or too many; 403 on a connection in clear text, unless
 * `clear_text_auth` allows it: what it carries is not looked at.
 *
 * The body is read when the sign-in has succeeded, never before.
 *
 * Parked requests that wait for changes.  A handler that parks its job says so
 * with the META headers (which do not reach the client)
 *
 *     X-Postern-Poke: <job type> <seconds>
 *     X-Postern-Session: <32 hexadecimal digits>   one that this job made
 *     X-Postern-Watch: <slot>:<version> ...        at most 64
 *
 * (ptn_http_meta_poke() writes them.)  From then on core submits that job type
 * to that session, or to the one that the request named, its request being one
 * byte: when one of the slots has moved beyond its version
 * (PTN_HTTP_POKE_CHANGE), in the last of so many seconds without that (0:
 * never; PTN_HTTP_POKE_TICK), or when the worker is told to quit
 * (PTN_HTTP_POKE_QUIT: end the parked reply in the protocol's way; it has 10
 * seconds).  One at a time; the next change is looked for from the version that
 * was there before the poke.  A poke whose trailer is not empty has a new X-Postern-Watch list
 * in it (ptn_http_watches()).  A poke that ends with an error is the last one.
 * It all ends with FINAL of the parked job, or with the client: then one more
 * poke says so (PTN_HTTP_POKE_GONE: replies return ECANCEL, the handler
 * finishes the job),
 * unless the store is too busy to take it.
 */

#ifndef NGX_HTTP_POSTERN_JOB_H
#define NGX_HTTP_POSTERN_JOB_H


#include <ngx_http.h>

#include "ngx_postern.h"
#include "ptn_http_meta.h"


typedef struct {
    uint16_t    type;               /* ngx_http_postern_job_type() */
    uint32_t    service;            /* PTN_SERVICE_*; 0: no sign-in, `head` is
                                       the module's own */
    const ngx_str_t  *headers;      /* request headers to pass on, any case;
                                       ends in an empty one; NULL: none */
    uint32_t    slot;               /* PTN_SLOT_ANY */
    ptn_sid_t   session;            /* all zero: none */
    ngx_str_t   head;               /* in r->pool */
    ngx_str_t   host;               /* what the head says for Host; empty:
                                       the request's, without port */

    /*
     * Silence of the store before 504.  0: a parked request, which may wait
     * for ever and, without pokes, is closed when the worker is told to quit.
     */
    ngx_msec_t  timeout;

    /* Called with FINAL, before the reply ends; may be NULL. */
    void      (*done)(ngx_http_request_t *r, const ptn_event_t *final);

    unsigned    unbuffered:1;
    unsigned    anonymous:1;        /* `service` 0, and yet ptn_http_head_t:
                                       with a handle of zeros */
} ngx_http_postern_submit_t;


ngx_int_t ngx_http_postern_job(ngx_http_request_t *r,
    const ngx_http_postern_submit_t *submit);

/* Index of a job type by name; -1: not in this world. */
ngx_int_t ngx_http_postern_job_type(const char *name);


#endif /* NGX_HTTP_POSTERN_JOB_H */
