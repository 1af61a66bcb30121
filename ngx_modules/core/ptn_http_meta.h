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
