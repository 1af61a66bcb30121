/*
 * The META block of an HTTP reply (ptn_job_meta): what a handler in a store
 * process says about status and headers, and how a worker reads it.
 *
 *     "200\nContent-Type: text/xml\nX-Pragma: 1\n"
 *
 * Content-Type and Content-Length are nginx's own headers and may stand
 * anywhere; without Content-Length a short reply gets one and a long one is
 * chunked.
 */

#ifndef PTN_HTTP_META_H
#define PTN_HTTP_META_H


#include "ptn_job.h"


typedef struct {
    ptn_buf_t  buf;
} ptn_http_meta_t;

/* Handler side: begin, add any, send once before the first reply byte. */
void ptn_http_meta_begin(ptn_http_meta_t *meta, ptn_pool_t *pool,
    unsigned status);

/*
 * Bytes that cannot be in a header are left out, so that no value can begin
 * another header.
 */
void ptn_http_meta_add(ptn_http_meta_t *meta, const char *name,
    ptn_str_t value);
ptn_rc_t ptn_http_meta_send(ptn_http_meta_t *meta, ptn_job_t *job);

/*
 * The reply is the protocol's answer although the job ends with an error:
 * from `failed`, and from a `run` that words its error with a status below
 * 300.  Without it such a reply is cut off, or nginx's error page.  When the
 * head of an earlier attempt has gone out already (a parked job whose process
 * died), status and headers are left out, and the bytes go on behind.
 */
void ptn_http_meta_whole(ptn_http_meta_t *meta);

/*
 * A job that parks its reply and waits for changes (X-Postern-Poke and
 * X-Postern-Watch of ngx_http_postern_job.h): `type` is submitted to `session`
 * (NULL: the one that the request named) with a change of a slot beyond its
 * version, and before `seconds` are over without one (0: never).
 */
typedef struct {
    uint32_t  slot;
    uint64_t  version;
} ptn_http_watch_t;

#define PTN_HTTP_WATCHES_MAX  64

/* Why it is called: the one byte of a poke's request. */
#define PTN_HTTP_POKE_CHANGE  1
#define PTN_HTTP_POKE_TICK    2
#define PTN_HTTP_POKE_QUIT    3
#define PTN_HTTP_POKE_GONE    4

void ptn_http_meta_poke(ptn_http_meta_t *meta, const char *type,
    uint32_t seconds, const ptn_session_t *session,
    const ptn_http_watch_t *watches, size_t n);

/* Of a poke: a new list; ETOOBIG: too long for a trailer. */
ptn_rc_t ptn_http_watches(ptn_job_t *job, const ptn_http_watch_t *watches,
    size_t n);

/* Worker side: the next of such a list.  EPARSE, ENOTFOUND. */
ptn_rc_t ptn_http_watch_next(ptn_str_t *rest, ptn_http_watch_t *ret);

/* Both in one call, for the common reply. */
ptn_rc_t ptn_http_reply_head(ptn_job_t *job, unsigned status,
    const char *type, int64_t length);      /* length -1: unknown */


/*
 * Worker side.  Takes the status, then one header after the other from
 * `rest`.  EPARSE: not what the calls above make; ENOTFOUND: no more.
 */
ptn_rc_t ptn_http_meta_status(ptn_str_t *rest, unsigned *ret_status);
ptn_rc_t ptn_http_meta_next(ptn_str_t *rest, ptn_str_t *ret_name,
    ptn_str_t *ret_value);


#endif /* PTN_HTTP_META_H */
