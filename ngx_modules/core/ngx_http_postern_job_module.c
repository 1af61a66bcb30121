
/*
 * One HTTP request, one job (or, unbuffered, one job for each piece of the
 * body).  The reply is ngx_http_postern_reply.c's.  A module without
 * directives: it has the request's context.
 */


#include "ngx_http_postern_reply.h"


static void ngx_http_postern_job_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_postern_job_submit(ngx_http_postern_job_t *job,
    const struct iovec *iov, ngx_uint_t niov, int fd, off_t len);
static void ngx_http_postern_job_timeout(ngx_event_t *ev);
static void ngx_http_postern_job_cleanup(void *data);


#define NGX_HTTP_POSTERN_IOV    16


static u_char           ngx_http_postern_piece[2] = { 0, 1 };


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

    job->send.handler = ngx_http_postern_reply_send;
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
    ps.on_event = ngx_http_postern_reply_on_event;
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
void
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
ngx_http_postern_job_cleanup(void *data)
{
    ngx_http_postern_job_t *job = data;

    if (job->timer.timer_set) {
        ngx_del_timer(&job->timer);
    }

    if (job->send.posted) {
        ngx_delete_posted_event(&job->send);
    }

    ngx_http_postern_reply_close_files(job->out);
    ngx_http_postern_reply_close_files(job->busy);

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
