
/*
 * The reply of a job: header block, bytes of shared memory, file ranges, as
 * nginx's output.
 */


#include "ngx_http_postern_reply.h"


/* Replies up to this are copied, so that their ticket is dead at once. */
#define NGX_HTTP_POSTERN_COPY   2048


/* A chunk of a reply; given back when nginx has sent it. */
typedef struct {
    ngx_buf_t    buf;               /* first: found again from a chain link */
    ngx_file_t   file;
    size_t       shared;            /* bytes to release; 0: none */
    u_char      *own;               /* memory for copies, used again */
    size_t       size;
} ngx_http_postern_chunk_t;


static void ngx_http_postern_reply_output(ngx_http_postern_job_t *job);
static void ngx_http_postern_reply_write(ngx_http_request_t *r);


static const ptn_sid_t  ngx_http_postern_no_session;


static ngx_int_t
ngx_http_postern_reply_header(ngx_http_request_t *r, ptn_str_t name,
    ptn_str_t value)
{
    u_char           *p;
    ngx_table_elt_t  *h;

    p = ngx_pnalloc(r->pool, name.len + value.len + 2);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, name.data, name.len);
    p[name.len] = '\0';
    ngx_memcpy(p + name.len + 1, value.data, value.len);
    p[name.len + 1 + value.len] = '\0';

    if (ptn_str_ieqz(name, "content-type")) {
        r->headers_out.content_type.data = p + name.len + 1;
        r->headers_out.content_type.len = value.len;
        r->headers_out.content_type_len = value.len;
        return NGX_OK;
    }

    if (ptn_str_ieqz(name, "content-length")) {
        r->headers_out.content_length_n = ngx_atoof(value.data, value.len);
        return r->headers_out.content_length_n >= 0 ? NGX_OK : NGX_ERROR;
    }

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));
    h->hash = 1;
    h->key.data = p;
    h->key.len = name.len;
    h->value.data = p + name.len + 1;
    h->value.len = value.len;

    return NGX_OK;
}


/* Another one, of the process that took over: the bytes may go on behind. */
static void
ngx_http_postern_reply_again(ngx_http_postern_job_t *job, ptn_str_t rest)
{
    unsigned   status;
    ptn_str_t  name, value;

    if (ptn_http_meta_status(&rest, &status) == PTN_OK) {
        while (ptn_http_meta_next(&rest, &name, &value) == PTN_OK) {
            if (ptn_str_ieqz(name, "x-postern-whole")) {
                job->whole = 1;
                return;
            }
        }
    }

    job->failed = 1;
}


/* What is meant for this worker.  NGX_DECLINED: for the client. */
static ngx_int_t
ngx_http_postern_reply_own(ngx_http_postern_job_t *job, ptn_str_t name,
    ptn_str_t value)
{
    if (!ptn_str_istarts(name, "x-postern-")) {
        return NGX_DECLINED;
    }

    if (ptn_str_ieqz(name, "x-postern-whole")) {
        job->whole = 1;
        return NGX_OK;
    }

    return ngx_http_postern_poke_header(job, name, value) == NGX_OK
           ? NGX_OK : NGX_ERROR;
}


/* The block comes from another process: nothing in it is believed. */
static void
ngx_http_postern_reply_meta(ngx_http_postern_job_t *job, ptn_str_t rest)
{
    ptn_rc_t             rc;
    unsigned             status;
    ngx_int_t            own;
    ptn_str_t            name, value;
    ngx_http_request_t  *r;

    r = job->request;

    if (job->status) {
        ngx_http_postern_reply_again(job, rest);
        return;
    }

    rc = ptn_http_meta_status(&rest, &status);
    if (rc != PTN_OK) {
        goto failed;
    }

    for ( ;; ) {
        rc = ptn_http_meta_next(&rest, &name, &value);

        if (rc == PTN_ENOTFOUND) {
            break;
        }

        if (rc != PTN_OK) {
            goto failed;
        }

        own = ngx_http_postern_reply_own(job, name, value);

        if (own == NGX_DECLINED) {
            own = ngx_http_postern_reply_header(r, name, value);
        }

        if (own != NGX_OK) {
            goto failed;
        }
    }

    if (ngx_http_postern_poke_start(job) != NGX_OK) {
        goto failed;
    }

    job->status = status;

    return;

failed:

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "a store process sent a malformed header block");
    job->failed = 1;
}


static ngx_http_postern_chunk_t *
ngx_http_postern_reply_chunk(ngx_http_postern_job_t *job)
{
    size_t                     size;
    u_char                    *own;
    ngx_chain_t               *cl;
    ngx_http_postern_chunk_t  *chunk;

    cl = job->free;

    if (cl) {
        job->free = cl->next;
        chunk = (ngx_http_postern_chunk_t *) cl->buf;
        own = chunk->own;
        size = chunk->size;

    } else {
        own = NULL;
        size = 0;
        cl = ngx_alloc_chain_link(job->request->pool);
        chunk = ngx_palloc(job->request->pool,
                           sizeof(ngx_http_postern_chunk_t));

        if (cl == NULL || chunk == NULL) {
            job->failed = 1;
            return NULL;
        }

        cl->buf = &chunk->buf;
    }

    ngx_memzero(chunk, sizeof(ngx_http_postern_chunk_t));
    chunk->own = own;
    chunk->size = size;
    chunk->buf.tag = (ngx_buf_tag_t) &ngx_http_postern_job_module;
    chunk->file.fd = NGX_INVALID_FILE;

    cl->next = NULL;
    *job->last_out = cl;
    job->last_out = &cl->next;

    return chunk;
}


static void
ngx_http_postern_reply_data(ngx_http_postern_job_t *job, const ptn_event_t *ev)
{
    u_char                    *p;
    ngx_http_postern_chunk_t  *chunk;

    if (ev->len == 0) {
        return;
    }

    chunk = ngx_http_postern_reply_chunk(job);
    if (chunk == NULL) {
        return;
    }

    if ((ev->len <= NGX_HTTP_POSTERN_COPY && job->unreleased == 0)
        || job->feeding)
    {
        if (chunk->size < ev->len) {
            chunk->own = ngx_pnalloc(job->request->pool, ev->len);
            chunk->size = chunk->own ? ev->len : 0;
        }

        p = chunk->own;

        if (chunk->size == 0) {
            job->failed = 1;
            return;
        }

        ngx_memcpy(p, ev->data, ev->len);
        ptn_client_release(ngx_postern_client(), job->ticket, ev->len);

    } else {
        p = ev->data;
        chunk->shared = ev->len;
        job->unreleased += ev->len;
    }

    chunk->buf.memory = 1;
    chunk->buf.start = p;
    chunk->buf.pos = p;
    chunk->buf.last = p + ev->len;
    chunk->buf.end = p + ev->len;

    job->queued += ev->len;
}


static void
ngx_http_postern_reply_file(ngx_http_postern_job_t *job, const ptn_event_t *ev)
{
    ngx_http_postern_chunk_t  *chunk;

    if (ev->file_len == 0
        || ev->off > (uint64_t) NGX_MAX_OFF_T_VALUE
        || ev->file_len > (uint64_t) NGX_MAX_OFF_T_VALUE - ev->off)
    {
        job->failed = (ev->file_len != 0);
        close(ev->fd);
        return;
    }

    chunk = ngx_http_postern_reply_chunk(job);
    if (chunk == NULL) {
        close(ev->fd);
        return;
    }

    chunk->file.fd = ev->fd;
    chunk->file.log = job->request->connection->log;
    ngx_str_set(&chunk->file.name, "postern");

    chunk->buf.file = &chunk->file;
    chunk->buf.in_file = 1;
    chunk->buf.file_pos = (off_t) ev->off;
    chunk->buf.file_last = (off_t) (ev->off + ev->file_len);

    job->files = 1;
    job->queued += (off_t) ev->file_len;
}


void
ngx_http_postern_reply_on_event(void *data, const ptn_event_t *ev)
{
    ngx_http_postern_job_t   *job;
    ngx_http_postern_link_t  *link = data;

    job = link->job;

    if (job == NULL) {
        if (ev->what == PTN_EV_FINAL) {
            ngx_free(link);

        } else if (ev->what == PTN_EV_FILE) {
            close(ev->fd);
        }

        return;
    }

    switch (ev->what) {

    case PTN_EV_META:
        ngx_http_postern_reply_meta(job, ptn_str_make(ev->data, ev->len));
        break;

    case PTN_EV_DATA:
        ngx_http_postern_reply_data(job, ev);
        break;

    case PTN_EV_FILE:
        ngx_http_postern_reply_file(job, ev);
        break;

    case PTN_EV_FINAL:
        ngx_free(link);
        job->link = NULL;
        job->rc = ev->rc;

        if (job->unreleased == 0) {
            job->ticket = NULL;
        }

        job->retry = (job->rc == PTN_EAUTH && job->submit.service
                      && !job->submit.unbuffered && !job->again
                      && job->status == 0 && job->queued == 0);

        job->final = ((job->last_piece || job->rc != PTN_OK) && !job->retry);

        if (job->final) {
            ngx_http_postern_poke_stop(job);
        }

        if (job->feeding
            && ngx_memcmp(&ev->session, &ngx_http_postern_no_session,
                          sizeof(ptn_sid_t)) != 0)
        {
            job->submit.session = ev->session;
        }

        if (job->submit.done && job->final) {
            job->submit.done(job->request, ev);
        }

        break;
    }

    ngx_post_event(&job->send, &ngx_posted_events);
}


void
ngx_http_postern_reply_send(ngx_event_t *ev)
{
    ngx_connection_t        *c;
    ngx_http_request_t      *r;
    ngx_http_postern_job_t  *job;

    job = ev->data;
    r = job->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    if (job->link == NULL && job->timer.timer_set) {
        ngx_del_timer(&job->timer);

    } else if (job->link && job->submit.timeout) {
        ngx_add_timer(&job->timer, job->submit.timeout);
    }

    if (job->retry) {
        job->retry = 0;
        ngx_http_postern_job_again(job);

    } else if (job->feeding && !job->final && job->link == NULL
               && !job->failed)
    {
        ngx_http_postern_job_feed(r);

    } else {
        ngx_http_postern_reply_output(job);
    }

    ngx_http_run_posted_requests(c);
}


/* Before the first byte; NGX_OK: go on with the body. */
static ngx_int_t
ngx_http_postern_reply_send_header(ngx_http_postern_job_t *job)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = job->request;

    /* the handler may have worded its error; else nginx does */

    if (job->final && job->rc != PTN_OK && !job->whole
        && job->status < NGX_HTTP_SPECIAL_RESPONSE)
    {
        return ngx_http_postern_refuse(r, job->rc, job->submit.service != 0);
    }

    if (job->status == 0) {

        if (!job->final && job->out == NULL) {
            return NGX_AGAIN;
        }

        job->status = NGX_HTTP_OK;
    }

    r->headers_out.status = job->status;

    if (job->final && r->headers_out.content_length_n == -1) {
        r->headers_out.content_length_n = job->queued;
    }

    if (r->headers_out.content_type.len == 0
        && ngx_http_set_content_type(r) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (job->final && job->queued == 0) {
        r->header_only = (r->header_only || job->status == NGX_HTTP_NO_CONTENT
                          || job->status == NGX_HTTP_NOT_MODIFIED);
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc == NGX_OK ? NGX_DONE : rc;
    }

    return NGX_OK;
}


/* Gives back what the client has taken. */
static void
ngx_http_postern_reply_release(ngx_http_postern_job_t *job)
{
    size_t                     n;
    ngx_chain_t               *cl;
    ngx_http_postern_chunk_t  *chunk;

    n = 0;

    for (cl = job->free; cl; cl = cl->next) {
        chunk = (ngx_http_postern_chunk_t *) cl->buf;

        n += chunk->shared;
        chunk->shared = 0;

        if (chunk->file.fd != NGX_INVALID_FILE) {
            close(chunk->file.fd);
            chunk->file.fd = NGX_INVALID_FILE;
        }
    }

    if (n == 0) {
        return;
    }

    job->unreleased -= n;
    ptn_client_release(ngx_postern_client(), job->ticket, n);

    if (job->unreleased == 0 && job->link == NULL) {
        job->ticket = NULL;
    }
}


static void
ngx_http_postern_reply_output(ngx_http_postern_job_t *job)
{
    ngx_int_t                  rc;
    ngx_buf_t                 *b;
    ngx_chain_t               *out, *cl;
    ngx_connection_t          *c;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = job->request;
    c = r->connection;

    if (job->failed) {
        ngx_http_finalize_request(r, r->header_sent
                                     ? NGX_ERROR : NGX_HTTP_BAD_GATEWAY);
        return;
    }

    if (!r->header_sent) {
        rc = ngx_http_postern_reply_send_header(job);

        if (rc == NGX_AGAIN) {
            return;
        }

        if (rc != NGX_OK) {
            ngx_http_finalize_request(r, rc == NGX_DONE ? NGX_OK : rc);
            return;
        }

    } else if (job->final && job->rc != PTN_OK && !job->whole) {
        /* the reply is cut off: it must not look complete */
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    out = job->out;
    job->out = NULL;
    job->last_out = &job->out;

    for (cl = out; cl && cl->next; cl = cl->next) { /* void */ }

    if (job->final) {
        if (cl) {
            cl->buf->last_buf = (r == r->main);
            cl->buf->last_in_chain = 1;

        } else {
            rc = ngx_http_send_special(r, NGX_HTTP_LAST);
            ngx_http_finalize_request(r, rc);
            return;
        }

    } else if (cl) {
        cl->buf->flush = 1;
    }

    rc = ngx_http_output_filter(r, out);

    if (rc == NGX_ERROR) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    ngx_chain_update_chains(r->pool, &job->free, &job->busy, &out,
                            (ngx_buf_tag_t) &ngx_http_postern_job_module);

    ngx_http_postern_reply_release(job);

    if (job->final) {
        /* what is still under way is given back with the request's pool */
        ngx_http_finalize_request(r, rc);
        return;
    }

    r->write_event_handler = ngx_http_postern_reply_write;

    b = job->busy ? job->busy->buf : NULL;

    if (b && (r->buffered || c->buffered || r->postponed)) {
        clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

        if (!c->write->delayed) {
            ngx_add_timer(c->write, clcf->send_timeout);
        }

    } else if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
    }
}


/* The socket takes more. */
static void
ngx_http_postern_reply_write(ngx_http_request_t *r)
{
    ngx_connection_t        *c;
    ngx_http_postern_job_t  *job;

    c = r->connection;
    job = ngx_http_postern_job_get(r);

    if (c->write->timedout) {
        ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT,
                      "client timed out");
        c->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    if (r->header_sent) {
        ngx_http_postern_reply_output(job);
    }
}


void
ngx_http_postern_reply_close_files(ngx_chain_t *cl)
{
    ngx_http_postern_chunk_t  *chunk;

    for ( /* void */ ; cl; cl = cl->next) {
        if (cl->buf->tag != (ngx_buf_tag_t) &ngx_http_postern_job_module) {
            continue;
        }

        chunk = (ngx_http_postern_chunk_t *) cl->buf;

        if (chunk->file.fd != NGX_INVALID_FILE) {
            close(chunk->file.fd);
            chunk->file.fd = NGX_INVALID_FILE;
        }
    }
}
