
/*
 * One HTTP request, one job (or, unbuffered, one job for each piece of the
 * body).  The reply's bytes are sent out of shared memory and given back when
 * the socket has taken them.  A module without directives: it has the
 * request's context.
 */


#include "ngx_http_postern_job.h"


/* A chunk of a reply; given back when nginx has sent it. */
typedef struct {
    ngx_buf_t    buf;               /* first: found again from a chain link */
    ngx_file_t   file;
    size_t       shared;            /* bytes to release; 0: none */
} ngx_http_postern_chunk_t;

typedef struct ngx_http_postern_job_s  ngx_http_postern_job_t;

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
};


static void ngx_http_postern_job_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_postern_job_submit(ngx_http_postern_job_t *job,
    const struct iovec *iov, ngx_uint_t niov, int fd, off_t len);
static void ngx_http_postern_job_feed(ngx_http_request_t *r);
static void ngx_http_postern_job_on_event(void *data, const ptn_event_t *ev);
static void ngx_http_postern_job_send(ngx_event_t *ev);
static void ngx_http_postern_job_output(ngx_http_postern_job_t *job);
static void ngx_http_postern_job_write(ngx_http_request_t *r);
static void ngx_http_postern_job_timeout(ngx_event_t *ev);
static void ngx_http_postern_job_cleanup(void *data);


#define NGX_HTTP_POSTERN_IOV    16

/* Replies up to this are copied, so that their ticket is dead at once. */
#define NGX_HTTP_POSTERN_COPY   2048


static u_char           ngx_http_postern_piece[2] = { 0, 1 };
static const ptn_sid_t  ngx_http_postern_no_session;


static ngx_http_module_t  ngx_http_postern_job_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */
    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */
    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */
    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_postern_job_module = {
    NGX_MODULE_V1,
    &ngx_http_postern_job_module_ctx,      /* module context */
    NULL,                                  /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


ngx_int_t
ngx_http_postern_job_type(const char *name)
{
    ptn_world_t  *world;

    world = ngx_postern_world();

    return world ? ptn_world_type(world, name) : -1;
}


ngx_int_t
ngx_http_postern_job(ngx_http_request_t *r,
    const ngx_http_postern_submit_t *submit)
{
    ngx_int_t                rc;
    ngx_pool_cleanup_t      *cln;
    ngx_http_postern_job_t  *job;

    job = ngx_pcalloc(r->pool, sizeof(ngx_http_postern_job_t));
    if (job == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    job->request = r;
    job->submit = *submit;
    job->last_out = &job->out;

    job->send.handler = ngx_http_postern_job_send;
    job->send.data = job;
    job->send.log = r->connection->log;

    job->timer.handler = ngx_http_postern_job_timeout;
    job->timer.data = job;
    job->timer.log = r->connection->log;

    cln->handler = ngx_http_postern_job_cleanup;
    cln->data = job;

    ngx_http_set_ctx(r, job, ngx_http_postern_job_module);

    r->request_body_no_buffering = submit->unbuffered;

    rc = ngx_http_read_client_request_body(r, ngx_http_postern_job_body);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static ngx_http_postern_job_t *
ngx_http_postern_job_get(ngx_http_request_t *r)
{
    return ngx_http_get_module_ctx(r, ngx_http_postern_job_module);
}


/* The request. */


static void
ngx_http_postern_job_body(ngx_http_request_t *r)
{
    int                        fd, own;
    off_t                      len;
    size_t                     size;
    ngx_int_t                  rc;
    ngx_uint_t                 n;
    ngx_chain_t               *cl;
    struct iovec               iov[NGX_HTTP_POSTERN_IOV];
    ngx_http_postern_job_t    *job;
    ngx_http_request_body_t   *rb;
    ngx_http_core_loc_conf_t  *clcf;

    job = ngx_http_postern_job_get(r);
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (job->submit.unbuffered) {
        job->feeding = 1;
        ngx_http_postern_job_feed(r);
        return;
    }

    rb = r->request_body;
    own = -1;
    fd = -1;
    len = 0;
    n = 0;
    size = job->submit.head.len;

    iov[n].iov_base = job->submit.head.data;
    iov[n++].iov_len = job->submit.head.len;

    if (rb && rb->temp_file) {
        fd = rb->temp_file->file.fd;
        len = rb->temp_file->file.offset;

    } else if (rb) {
        for (cl = rb->bufs; cl; cl = cl->next) {
            size += ngx_buf_size(cl->buf);

            if (n < NGX_HTTP_POSTERN_IOV) {
                iov[n].iov_base = cl->buf->pos;
                iov[n].iov_len = ngx_buf_size(cl->buf);
            }

            n++;
        }

        if (size > PTN_JOB_REQUEST_MAX || n > NGX_HTTP_POSTERN_IOV) {
            /* client_body_buffer_size was raised above it */
            own = ngx_postern_spool(&clcf->client_body_temp_path->name,
                                    rb->bufs, r->connection->log);
            if (own == -1) {
                ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
                return;
            }

            fd = own;
            len = size - job->submit.head.len;
            n = 1;
        }
    }

    rc = ngx_http_postern_job_submit(job, iov, n, fd, len);

    if (own != -1) {
        close(own);
    }

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    job->last_piece = 1;
    r->read_event_handler = ngx_http_test_reading;
}


static ngx_int_t
ngx_http_postern_job_submit(ngx_http_postern_job_t *job,
    const struct iovec *iov, ngx_uint_t niov, int fd, off_t len)
{
    ptn_rc_t             rc;
    ptn_submit_t         ps;
    ptn_client_t        *client;
    ngx_http_request_t  *r;

    r = job->request;

    client = ngx_postern_client();
    if (client == NULL) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    job->link = ngx_alloc(sizeof(ngx_http_postern_link_t),
                          r->connection->log);
    if (job->link == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    job->link->job = job;

    ngx_memzero(&ps, sizeof(ptn_submit_t));
    ps.type = job->submit.type;
    ps.slot = job->submit.slot;
    ps.session = job->submit.session;
    ps.iov = iov;
    ps.niov = (int) niov;
    ps.body_fd = fd;
    ps.body_len = (uint64_t) len;
    ps.on_event = ngx_http_postern_job_on_event;
    ps.data = job->link;

    rc = ptn_client_submit(client, &ps, &job->ticket);

    if (rc != PTN_OK) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "postern refused a job: %s", ptn_err(rc)->name);

        ngx_free(job->link);
        job->link = NULL;
        job->ticket = NULL;

        return ptn_err(rc)->http;
    }

    if (job->submit.timeout) {
        /* also keeps a worker alive that was told to quit */
        ngx_add_timer(&job->timer, job->submit.timeout);

    } else {
        r->connection->idle = 1;
    }

    return NGX_OK;
}


/* Unbuffered: hands on what has arrived, if no job is under way. */
static void
ngx_http_postern_job_feed(ngx_http_request_t *r)
{
    size_t                    size;
    ngx_int_t                 rc;
    ngx_uint_t                n;
    ngx_chain_t              *cl, *next;
    struct iovec              iov[NGX_HTTP_POSTERN_IOV];
    ngx_http_postern_job_t   *job;
    ngx_http_request_body_t  *rb;

    job = ngx_http_postern_job_get(r);
    rb = r->request_body;

    if (job->link) {
        return;
    }

    if (r->reading_body && rb->bufs == NULL) {
        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            ngx_http_finalize_request(r, rc);
            return;
        }

        if (r->reading_body && rb->bufs == NULL) {
            r->read_event_handler = ngx_http_postern_job_feed;
            return;
        }
    }

    /* the bytes lie in nginx's buffer; submit copies them */

    iov[0].iov_base = job->submit.head.data;
    iov[0].iov_len = job->submit.head.len;
    n = 2;
    size = job->submit.head.len + 1;
    cl = rb ? rb->bufs : NULL;

    while (cl && n < NGX_HTTP_POSTERN_IOV) {
        iov[n].iov_base = cl->buf->pos;
        iov[n].iov_len = ngx_min((size_t) ngx_buf_size(cl->buf),
                                 PTN_JOB_REQUEST_MAX - size);
        size += iov[n].iov_len;
        cl->buf->pos += iov[n].iov_len;
        n++;

        if (ngx_buf_size(cl->buf)) {
            break;
        }

        next = cl->next;
        ngx_free_chain(r->pool, cl);
        cl = next;
    }

    if (rb) {
        rb->bufs = cl;
    }

    job->last_piece = (cl == NULL && !r->reading_body);

    iov[1].iov_base = &ngx_http_postern_piece[job->last_piece];
    iov[1].iov_len = 1;

    rc = ngx_http_postern_job_submit(job, iov, n, -1, 0);

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    if (r->connection->read->timer_set) {
        /* it is the store that the client waits for */
        ngx_del_timer(r->connection->read);
    }

    r->read_event_handler = ngx_http_test_reading;
}


/* The reply. */


static ngx_int_t
ngx_http_postern_job_header(ngx_http_request_t *r, ptn_str_t name,
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


/* The block comes from another process: nothing in it is believed. */
static void
ngx_http_postern_job_meta(ngx_http_postern_job_t *job, ptn_str_t rest)
{
    ptn_rc_t             rc;
    unsigned             status;
    ptn_str_t            name, value;
    ngx_http_request_t  *r;

    r = job->request;

    if (job->status) {
        job->failed = 1;
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

        if (rc != PTN_OK
            || ngx_http_postern_job_header(r, name, value) != NGX_OK)
        {
            goto failed;
        }
    }

    job->status = status;

    return;

failed:

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "a store process sent a malformed header block");
    job->failed = 1;
}


static ngx_http_postern_chunk_t *
ngx_http_postern_job_chunk(ngx_http_postern_job_t *job)
{
    ngx_chain_t               *cl;
    ngx_http_postern_chunk_t  *chunk;

    cl = job->free;

    if (cl) {
        job->free = cl->next;
        chunk = (ngx_http_postern_chunk_t *) cl->buf;

    } else {
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
    chunk->buf.tag = (ngx_buf_tag_t) &ngx_http_postern_job_module;
    chunk->file.fd = NGX_INVALID_FILE;

    cl->next = NULL;
    *job->last_out = cl;
    job->last_out = &cl->next;

    return chunk;
}


static void
ngx_http_postern_job_data(ngx_http_postern_job_t *job, const ptn_event_t *ev)
{
    u_char                    *p;
    ngx_http_postern_chunk_t  *chunk;

    if (ev->len == 0) {
        return;
    }

    p = ev->data;

    if ((ev->len <= NGX_HTTP_POSTERN_COPY && job->unreleased == 0)
        || job->feeding)
    {
        p = ngx_pnalloc(job->request->pool, ev->len);
        if (p == NULL) {
            job->failed = 1;
            return;
        }

        ngx_memcpy(p, ev->data, ev->len);
        ptn_client_release(ngx_postern_client(), job->ticket, ev->len);
    }

    chunk = ngx_http_postern_job_chunk(job);
    if (chunk == NULL) {
        return;
    }

    if (p == ev->data) {
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
ngx_http_postern_job_file(ngx_http_postern_job_t *job, const ptn_event_t *ev)
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

    chunk = ngx_http_postern_job_chunk(job);
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


static void
ngx_http_postern_job_on_event(void *data, const ptn_event_t *ev)
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
        ngx_http_postern_job_meta(job, ptn_str_make(ev->data, ev->len));
        break;

    case PTN_EV_DATA:
        ngx_http_postern_job_data(job, ev);
        break;

    case PTN_EV_FILE:
        ngx_http_postern_job_file(job, ev);
        break;

    case PTN_EV_FINAL:
        ngx_free(link);
        job->link = NULL;
        job->rc = ev->rc;

        if (job->unreleased == 0) {
            job->ticket = NULL;
        }

        job->final = (job->last_piece || job->rc != PTN_OK);

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


static void
ngx_http_postern_job_send(ngx_event_t *ev)
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

    if (job->feeding && !job->final && job->link == NULL && !job->failed) {
        ngx_http_postern_job_feed(r);

    } else {
        ngx_http_postern_job_output(job);
    }

    ngx_http_run_posted_requests(c);
}


/* Before the first byte; NGX_OK: go on with the body. */
static ngx_int_t
ngx_http_postern_job_send_header(ngx_http_postern_job_t *job)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = job->request;

    /* the handler may have worded its error; else nginx does */

    if (job->final && job->rc != PTN_OK
        && job->status < NGX_HTTP_SPECIAL_RESPONSE)
    {
        return ptn_err(job->rc)->http;
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
ngx_http_postern_job_release(ngx_http_postern_job_t *job)
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
ngx_http_postern_job_output(ngx_http_postern_job_t *job)
{
    ngx_int_t                  rc;
    ngx_buf_t                 *b;
    ngx_chain_t               *out, *cl;
    ngx_connection_t          *c;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = job->request;
    c = r->connection;

    if (job->final || job->failed) {
        c->idle = 0;
    }

    if (job->failed) {
        ngx_http_finalize_request(r, r->header_sent
                                     ? NGX_ERROR : NGX_HTTP_BAD_GATEWAY);
        return;
    }

    if (!r->header_sent) {
        rc = ngx_http_postern_job_send_header(job);

        if (rc == NGX_AGAIN) {
            return;
        }

        if (rc != NGX_OK) {
            ngx_http_finalize_request(r, rc == NGX_DONE ? NGX_OK : rc);
            return;
        }

    } else if (job->final && job->rc != PTN_OK) {
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

    ngx_http_postern_job_release(job);

    if (job->final) {
        /* what is still under way is given back with the request's pool */
        ngx_http_finalize_request(r, rc);
        return;
    }

    r->write_event_handler = ngx_http_postern_job_write;

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
ngx_http_postern_job_write(ngx_http_request_t *r)
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
        ngx_http_postern_job_output(job);
    }
}


static void
ngx_http_postern_job_timeout(ngx_event_t *ev)
{
    ngx_connection_t        *c;
    ngx_http_request_t      *r;
    ngx_http_postern_job_t  *job;

    job = ev->data;
    r = job->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ngx_log_error(NGX_LOG_ERR, c->log, NGX_ETIMEDOUT,
                  "postern: no answer from the store process");

    ngx_http_finalize_request(r, r->header_sent ? NGX_ERROR
                                                : NGX_HTTP_GATEWAY_TIME_OUT);

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_postern_job_close_files(ngx_chain_t *cl)
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


static void
ngx_http_postern_job_cleanup(void *data)
{
    ngx_http_postern_job_t *job = data;

    if (job->timer.timer_set) {
        ngx_del_timer(&job->timer);
    }

    if (job->send.posted) {
        ngx_delete_posted_event(&job->send);
    }

    ngx_http_postern_job_close_files(job->out);
    ngx_http_postern_job_close_files(job->busy);

    if (job->link) {
        job->link->job = NULL;      /* FINAL frees it */
        job->link = NULL;
    }

    if (job->ticket && ngx_postern_client()) {
        /* also gives back what was not sent */
        ptn_client_cancel(ngx_postern_client(), job->ticket);
        job->ticket = NULL;
    }
}
