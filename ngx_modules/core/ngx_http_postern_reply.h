/*
 * ngx_modules/core, insides: the state of an HTTP request that has a job.
 * ngx_http_postern_job_module.c makes it and submits, _reply.c sends what
 * comes back.
 */

#ifndef NGX_HTTP_POSTERN_REPLY_H
#define NGX_HTTP_POSTERN_REPLY_H


#include "ngx_http_postern_job.h"
#include "ngx_http_postern_sign_in.h"


typedef struct ngx_http_postern_job_s   ngx_http_postern_job_t;
typedef struct ngx_http_postern_poke_s  ngx_http_postern_poke_t;

/*
 * Stands between a ticket and the request: the ticket may live longer (FINAL
 * comes also after a cancel), the request's pool may not.
 */
typedef struct {
    ngx_http_postern_job_t     *job;        /* NULL: the request is gone */
} ngx_http_postern_link_t;

struct ngx_http_postern_job_s {
    ngx_http_request_t         *request;
    ngx_http_postern_submit_t   submit;
    ngx_http_postern_waiter_t   waiter;     /* sign-in */
    ngx_http_postern_poke_t    *poke;       /* parked, and waits for changes */
    ngx_postern_quit_t          quit;

    ngx_http_postern_link_t    *link;       /* NULL: no FINAL is due */
    ptn_ticket_t               *ticket;     /* NULL: dead */
    size_t                      unreleased;

    ngx_chain_t                *out;
    ngx_chain_t               **last_out;
    ngx_chain_t                *busy;
    ngx_chain_t                *free;
    off_t                       queued;     /* bytes of the reply so far */

    ngx_event_t                 send;       /* posted once per batch */
    ngx_event_t                 timer;

    ngx_uint_t                  status;     /* of META; 0: none came */
    ptn_rc_t                    rc;         /* of FINAL */

    unsigned                    final:1;    /* FINAL of the last job came */
    unsigned                    feeding:1;
    unsigned                    last_piece:1;
    unsigned                    files:1;    /* the reply has file ranges */
    unsigned                    failed:1;   /* a broken reply */
    unsigned                    whole:1;    /* complete whatever rc says */
    unsigned                    again:1;    /* signed in a second time */
    unsigned                    retry:1;    /* must be */
    unsigned                    slot_any:1; /* goes to the user's slot */
};


extern ngx_module_t  ngx_http_postern_job_module;


static ngx_inline ngx_http_postern_job_t *
ngx_http_postern_job_get(ngx_http_request_t *r)
{
    return ngx_http_get_module_ctx(r, ngx_http_postern_job_module);
}


/* The handle was no good: signs in anew and submits once more. */
void ngx_http_postern_job_again(ngx_http_postern_job_t *job);

/* Unbuffered: hands on what has arrived, if no job is under way. */
void ngx_http_postern_job_feed(ngx_http_request_t *r);

/* ngx_http_postern_reply.c: from a ticket, data is the link. */
void ngx_http_postern_reply_on_event(void *data, const ptn_event_t *ev);
void ngx_http_postern_reply_send(ngx_event_t *ev);
void ngx_http_postern_reply_close_files(ngx_chain_t *cl);


/*
 * ngx_http_postern_poke.c.  A header of META whose name begins with
 * "X-Postern-" and concerns pokes.  NGX_DECLINED: none of them.
 */
ngx_int_t ngx_http_postern_poke_header(ngx_http_postern_job_t *job,
    ptn_str_t name, ptn_str_t value);

/* All of META was read: begin.  NGX_ERROR: it makes no sense. */
ngx_int_t ngx_http_postern_poke_start(ngx_http_postern_job_t *job);
void ngx_http_postern_poke_quit(ngx_http_postern_job_t *job);
void ngx_http_postern_poke_stop(ngx_http_postern_job_t *job);

/* The client has left, and the job was cancelled. */
void ngx_http_postern_poke_gone(ngx_http_postern_job_t *job);


#endif /* NGX_HTTP_POSTERN_REPLY_H */
