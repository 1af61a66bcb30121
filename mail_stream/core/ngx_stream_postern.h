/*
 * mail_stream/core, the nginx side of mail streams: accepts, frames, submits
 * jobs, writes replies, parks.  It knows no protocol: a ptn_stream_proto_t
 * tells it all (ptn_stream.h).
 *
 *   ngx_stream_postern_module.c    directives
 *   ngx_stream_postern_session.c   a connection's life
 *   ngx_stream_postern_input.c     bytes in, units, jobs
 *   ngx_stream_postern_output.c    replies out
 *   ngx_stream_postern_linger.c    the end, so that the last words arrive
 *
 * A connection that waits for its client with nothing buffered is parked: all
 * that it then holds is ngx_stream_postern_ctx_t, and in the store its session.
 * Whatever work needs hangs on ngx_stream_postern_work_t, which comes with the
 * first byte and goes with the last.
 */

#ifndef NGX_STREAM_POSTERN_H
#define NGX_STREAM_POSTERN_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>

#include "ngx_postern.h"
#include "ptn_stream_job.h"


/* Milliseconds of a job without a byte of its replies that was sent. */
#define NGX_STREAM_POSTERN_JOB_TIME  (10 * 60 * 1000)


typedef struct {
    const ptn_stream_proto_t  *proto;       /* NULL: not one of our servers */
    ngx_uint_t                 index;       /* in ptn_stream_protos */
    ngx_str_t                  variant;
    ngx_flag_t                 starttls;
    ngx_str_t                  spool;       /* directory of nameless files */
} ngx_stream_postern_srv_conf_t;


typedef struct ngx_stream_postern_ctx_s   ngx_stream_postern_ctx_t;
typedef struct ngx_stream_postern_work_s  ngx_stream_postern_work_t;
typedef struct ngx_stream_postern_job_s   ngx_stream_postern_job_t;
typedef struct ngx_stream_postern_out_s   ngx_stream_postern_out_t;


/* Growing bytes, outside any pool (a connection may live for weeks). */
typedef struct {
    u_char  *data;
    size_t   len;
    size_t   size;
} ngx_stream_postern_bytes_t;

typedef struct {
    uint32_t  text_len;
    uint64_t  body_len;
    int       fd;                   /* -1: the body is inline */
} ngx_stream_postern_unit_t;

/* A job under way.  It outlives its connection until FINAL comes. */
struct ngx_stream_postern_job_s {
    ngx_stream_postern_ctx_t  *ctx;         /* NULL: connection is gone */
    ptn_ticket_t              *ticket;
    unsigned                   final:1;
    ngx_uint_t                 unreleased;  /* DATA pieces */
};

/* One piece of a reply: shared memory, a file range or static bytes. */
struct ngx_stream_postern_out_s {
    ngx_stream_postern_out_t  *next;
    ngx_stream_postern_job_t  *job;         /* whose DATA it is; NULL: none */
    u_char                    *data;
    size_t                     len;         /* as received, for release */
    size_t                     sent;
    int                        fd;          /* -1: memory */
    off_t                      off;
    off_t                      left;
};

struct ngx_stream_postern_work_s {
    /* bytes that have arrived and were not taken */
    u_char                      *in;
    size_t                       in_size, in_pos, in_last;

    ptn_frame_t                  frame;

    /* the unit under way, and one that waits for the next job */
    ngx_stream_postern_bytes_t   text, body;
    int                          body_fd;
    ngx_uint_t                   ready;     /* it is complete */

    /* the units of the job under way, kept until it has answered: texts and
     * inline bodies one after the other */
    ngx_stream_postern_unit_t    unit[PTN_STREAM_UNITS_MAX];
    ngx_uint_t                   nunits, first;     /* first: not consumed */
    ngx_stream_postern_bytes_t   units;
    ptn_class_e                  cls;

    ngx_stream_postern_job_t    *job;
    ngx_event_t                  timer;     /* a job keeps the worker alive */

    ngx_stream_postern_out_t    *out, **out_last;
    ngx_stream_postern_out_t    *free;
};

struct ngx_stream_postern_ctx_s {
    ngx_stream_session_t           *session;
    ngx_stream_postern_srv_conf_t  *conf;
    ngx_stream_postern_work_t      *work;       /* NULL: parked */
    ptn_sid_t                       sid;
    ptn_stream_next_t               next;
    uint32_t                        slot;
    ngx_postern_watch_t             watch;
    ngx_postern_tick_t              tick;
    ngx_msec_t                      linger_until;   /* closing: linger.c */
    size_t                          linger_left;
    unsigned                        opened:1;   /* a store session exists */
    unsigned                        tls:1;
    unsigned                        moving:1;   /* next job is a MOVE */
    unsigned                        wake:1;     /* due */
    unsigned                        eof:1;
    unsigned                        closing:1;  /* after the output */
    unsigned                        handshake:1;
};


/* session.c */
void ngx_stream_postern_handler(ngx_stream_session_t *s);
void ngx_stream_postern_proceed(ngx_stream_postern_ctx_t *ctx);
void ngx_stream_postern_close(ngx_stream_postern_ctx_t *ctx, ngx_uint_t rc);
ngx_int_t ngx_stream_postern_work(ngx_stream_postern_ctx_t *ctx);
void ngx_stream_postern_let_go(ngx_stream_postern_ctx_t *ctx);
void ngx_stream_postern_answered(ngx_stream_postern_ctx_t *ctx,
    const ptn_event_t *ev);

/*
 * input.c: receives what is there (NGX_OK, NGX_AGAIN: none, NGX_DONE: end of
 * input, NGX_ERROR), cuts units, submits.  collect: NGX_OK, or NGX_ERROR when
 * the connection must be closed (after the output).
 */
ngx_int_t ngx_stream_postern_receive(ngx_stream_postern_ctx_t *ctx);
ngx_int_t ngx_stream_postern_collect(ngx_stream_postern_ctx_t *ctx);
ngx_int_t ngx_stream_postern_submit(ngx_stream_postern_ctx_t *ctx,
    ptn_stream_kind_e kind);
void ngx_stream_postern_units_done(ngx_stream_postern_work_t *w);
void ngx_stream_postern_drop_input(ngx_stream_postern_work_t *w);
void ngx_stream_postern_free_bytes(ngx_stream_postern_bytes_t *b);

/* output.c: NGX_OK all is sent, NGX_AGAIN, NGX_ERROR */
ngx_int_t ngx_stream_postern_flush(ngx_stream_postern_ctx_t *ctx);
ngx_int_t ngx_stream_postern_say(ngx_stream_postern_ctx_t *ctx,
    ptn_str_t bytes);
ngx_int_t ngx_stream_postern_queue(ngx_stream_postern_ctx_t *ctx,
    ngx_stream_postern_job_t *job, const ptn_event_t *ev);
void ngx_stream_postern_drop_output(ngx_stream_postern_work_t *w);
void ngx_stream_postern_job_release(ngx_stream_postern_job_t *job, size_t n);

/* linger.c: instead of close, when something was said last */
void ngx_stream_postern_linger(ngx_stream_postern_ctx_t *ctx);


/* module.c: for the directives of a protocol's module */
char *ngx_stream_postern_set(ngx_conf_t *cf, const ptn_stream_proto_t *proto,
    ngx_str_t *variant);
ngx_int_t ngx_stream_postern_type(ptn_class_e cls);

extern ngx_module_t  ngx_stream_postern_module;


#endif /* NGX_STREAM_POSTERN_H */
