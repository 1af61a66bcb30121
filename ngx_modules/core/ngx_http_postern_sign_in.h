/*
 * ngx_modules/core, insides: who an HTTP request comes from.
 *
 * A worker keeps what stores have told it: the keyed hash of a credential and
 * a service, the handle, the mailbox's slot; for five minutes, at most 4,096,
 * the one unused for longest goes first.  A handle is a capability that the
 * store checks with every job (the user's generation), so nobody who was shut
 * out gets in by this.  Passwords are not kept.  Requests with one credential
 * that is not known yet wait for one job.
 */

#ifndef NGX_HTTP_POSTERN_SIGN_IN_H
#define NGX_HTTP_POSTERN_SIGN_IN_H


#include <ngx_http.h>

#include "ngx_postern.h"
#include "ptn_auth.h"


typedef struct ngx_http_postern_waiter_s  ngx_http_postern_waiter_t;

/* Embedded in the context of a request that asks; zeroed first. */
struct ngx_http_postern_waiter_s {
    ngx_queue_t            queue;
    ngx_http_request_t    *request;
    void                 (*handler)(ngx_http_postern_waiter_t *w,
                               ptn_rc_t rc);
    ptn_handle_t           handle;
    uint32_t               slot;
    unsigned               waiting:1;
};


/*
 * PTN_OK: handle and slot are set.  PTN_AGAIN: `handler` will run, from the
 * event loop, unless the waiter leaves.  Else what to refuse the request with:
 * EAUTH also when it carries no credential, EDENIED on a connection in clear
 * text (whatever it carries is not looked at).
 */
ptn_rc_t ngx_http_postern_sign_in(ngx_http_request_t *r, uint32_t service,
    ngx_http_postern_waiter_t *w);
void ngx_http_postern_sign_in_leave(ngx_http_postern_waiter_t *w);

/* A store did not know w->handle any more: the worker forgets it, too. */
void ngx_http_postern_sign_in_forget(ngx_http_request_t *r, uint32_t service,
    const ngx_http_postern_waiter_t *w);

/*
 * The status for `rc`, and its headers: WWW-Authenticate with 401 when
 * `challenge` is set, Retry-After with 429 and 503.
 */
ngx_int_t ngx_http_postern_refuse(ngx_http_request_t *r, ptn_rc_t rc,
    ngx_uint_t challenge);


#endif /* NGX_HTTP_POSTERN_SIGN_IN_H */
