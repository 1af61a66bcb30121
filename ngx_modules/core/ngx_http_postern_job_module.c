
/*
 * One HTTP request, one job (or, unbuffered, one job for each piece of the
 * body).  The reply is ngx_http_postern_reply.c's.  A module without
 * directives: it has the request's context.
 */


#include "ngx_http_postern_reply.h"
#include "ptn_http_head.h"
#include "ptn_http_sign_in.h"


static ngx_int_t ngx_http_postern_job_add(ngx_conf_t *cf);
static ngx_int_t ngx_http_postern_job_head(ngx_http_postern_job_t *job);
static void ngx_http_postern_job_signed_in(ngx_http_postern_waiter_t *w,
    ptn_rc_t rc);
static ngx_int_t ngx_http_postern_job_read(ngx_http_postern_job_t *job);
static ngx_int_t ngx_http_postern_job_send(ngx_http_postern_job_t *job);
static void ngx_http_postern_job_quit(ngx_postern_quit_t *quit);
static void ngx_http_postern_job_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_postern_job_submit(ngx_http_postern_job_t *job,
    const struct iovec *iov, ngx_uint_t niov, int fd, off_t len);
static void ngx_http_postern_job_timeout(ngx_event_t *ev);
static void ngx_http_postern_job_cleanup(void *data);


#define NGX_HTTP_POSTERN_IOV    16

/* What a parked request may take to end when the worker is told to quit. */
#define NGX_HTTP_POSTERN_QUIT   10000


static u_char           ngx_http_postern_piece[2] = { 0, 1 };


static ngx_http_module_t  ngx_http_postern_job_module_ctx = {
    ngx_http_postern_job_add,              /* preconfiguration */
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


static ngx_int_t
ngx_http_postern_job_add(ngx_conf_t *cf)
{
    return ngx_postern_add_jobs(cf, ptn_http_jobs);
}


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
    ptn_rc_t                 rc;
    ngx_int_t                status;
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
    job->slot_any = (submit->slot == PTN_SLOT_ANY);
    job->last_out = &job->out;
    job->waiter.handler = ngx_http_postern_job_signed_in;
    job->quit.handler = ngx_http_postern_job_quit;

    job->send.handler = ngx_http_postern_reply_send;
    job->send.data = job;
    job->send.log = r->connection->log;

    job->timer.handler = ngx_http_postern_job_timeout;
    job->timer.data = job;
    job->timer.log = r->connection->log;

    cln->handler = ngx_http_postern_job_cleanup;
    cln->data = job;

    ngx_http_set_ctx(r, job, ngx_http_postern_job_module);

    if (submit->service == 0) {
        job->waiter.slot = submit->slot;
        status = submit->anonymous ? ngx_http_postern_job_head(job) : NGX_OK;

        return status == NGX_OK ? ngx_http_postern_job_read(job) : status;
    }

    rc = ngx_http_postern_sign_in(r, submit->service, &job->waiter);

    if (rc == PTN_AGAIN) {
        r->main->count++;
        r->read_event_handler = ngx_http_test_reading;
        return NGX_DONE;
    }

    if (rc != PTN_OK) {
        return ngx_http_postern_refuse(r, rc, 1);
    }

    status = ngx_http_postern_job_head(job);

    return status == NGX_OK ? ngx_http_postern_job_read(job) : status;
}


/* A method of nginx as handlers know it. */
static uint8_t
ngx_http_postern_job_method(ngx_uint_t method)
{
    switch (method) {

    case NGX_HTTP_GET:
        return PTN_HTTP_GET;

    case NGX_HTTP_HEAD:
        return PTN_HTTP_HEAD_METHOD;

    case NGX_HTTP_POST:
        return PTN_HTTP_POST;

    case NGX_HTTP_OPTIONS:
        return PTN_HTTP_OPTIONS;

    default:
        return PTN_HTTP_OTHER;
    }
}


static ngx_int_t
ngx_http_postern_job_headers(ngx_http_postern_job_t *job, ptn_pool_t *pool,
    ptn_http_head_t *head)
{
    ngx_uint_t        i;
    ptn_buf_t         list;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;
    const ngx_str_t  *name;
    ptn_http_header_t header;

    ptn_buf_init(&list, pool);

    if (job->submit.headers == NULL) {
        return NGX_OK;
    }

    part = &job->request->headers_in.headers.part;

    for ( /* void */ ; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            for (name = job->submit.headers; name->len; name++) {
                if (name->len == h[i].key.len
                    && ngx_strncasecmp(name->data, h[i].key.data, name->len)
                       == 0)
                {
                    break;
                }
            }

            if (name->len == 0 || head->nheaders == UINT16_MAX) {
                continue;
            }

            header.name = ptn_str_make(name->data, name->len);
            header.value = ptn_str_make(h[i].value.data, h[i].value.len);
            ptn_buf_add(&list, &header, sizeof(header));
            head->nheaders++;
        }
    }

    head->headers = (ptn_http_header_t *) list.data;

    return list.failed ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_http_postern_job_write_head(ngx_http_postern_job_t *job, ptn_pool_t *pool)
{
    ptn_buf_t            buf;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;
    ptn_http_head_t      head;

    r = job->request;
    c = r->connection;

    if (ngx_connection_local_sockaddr(c, NULL, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memzero(&head, sizeof(ptn_http_head_t));

    head.handle = job->waiter.handle;
    head.method = ngx_http_postern_job_method(r->method);
#if (NGX_HTTP_SSL)
    head.tls = (c->ssl != NULL);
#endif
    head.peer = ptn_str_make(c->addr_text.data, c->addr_text.len);
    head.host = ptn_str_make(r->headers_in.server.data,
                             r->headers_in.server.len);

    if (job->submit.host.len) {
        head.host = ptn_str_make(job->submit.host.data,
                                 job->submit.host.len);
    }

    head.port = (uint16_t) ngx_inet_get_port(c->local_sockaddr);
    head.uri = ptn_str_make(r->uri.data, r->uri.len);
    head.args = ptn_str_make(r->args.data, r->args.len);

    if (ngx_http_postern_job_headers(job, pool, &head) != NGX_OK) {
        return NGX_ERROR;
    }

    ptn_buf_init(&buf, pool);

    if (ptn_wire_push(&ptn_http_head_wire, &buf, &head) != PTN_OK) {
        return NGX_ERROR;
    }

    job->submit.head.len = buf.len;
    job->submit.head.data = ngx_pnalloc(r->pool, buf.len);
    if (job->submit.head.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(job->submit.head.data, buf.data, buf.len);

    return NGX_OK;
}


/* The head of the job's request, and where the job goes. */
static ngx_int_t
ngx_http_postern_job_head(ngx_http_postern_job_t *job)
{
    ngx_int_t           rc;

    static ptn_pool_t  *pool;       /* scratch, of this worker */

    if (job->slot_any) {
        job->submit.slot = job->waiter.slot;
    }

    if (job->again) {
        /* all else is as it was */
        ngx_memcpy(job->submit.head.data, &job->waiter.handle,
                   sizeof(ptn_handle_t));
        return NGX_OK;
    }

    if (pool == NULL) {
        pool = ptn_pool_create(0, NULL);
        if (pool == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    rc = ngx_http_postern_job_write_head(job, pool);
    ptn_pool_reset(pool);

    return rc == NGX_OK ? NGX_OK : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* The request waited for its sign-in: at the beginning, or anew. */
static void
ngx_http_postern_job_signed_in(ngx_http_postern_waiter_t *w, ptn_rc_t prc)
{
    ngx_int_t                rc;
    ngx_connection_t        *c;
    ngx_http_request_t      *r;
    ngx_http_postern_job_t  *job;

    r = w->request;
    c = r->connection;
    job = ngx_http_postern_job_get(r);

    ngx_http_set_log_request(c->log, r);

    rc = (prc == PTN_OK) ? ngx_http_postern_job_head(job)
                         : ngx_http_postern_refuse(r, prc, 1);

    if (rc == NGX_OK && job->again) {
        rc = ngx_http_postern_job_send(job);

        if (rc != NGX_OK) {
            ngx_http_finalize_request(r, rc);
        }

    } else {

        if (rc == NGX_OK) {
            /* counts the request once more when it returns NGX_DONE */
            rc = ngx_http_postern_job_read(job);
        }

        ngx_http_finalize_request(r, rc);
    }

    ngx_http_run_posted_requests(c);
}


void
ngx_http_postern_job_again(ngx_http_postern_job_t *job)
{
    ptn_rc_t             prc;
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = job->request;
    job->again = 1;

    ngx_http_postern_sign_in_forget(r, job->submit.service, &job->waiter);

    prc = ngx_http_postern_sign_in(r, job->submit.service, &job->waiter);

    if (prc == PTN_AGAIN) {
        return;
    }

    rc = (prc == PTN_OK) ? ngx_http_postern_job_head(job)
                         : ngx_http_postern_refuse(r, prc, 1);

    if (rc == NGX_OK) {
        rc = ngx_http_postern_job_send(job);
    }

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, rc);
    }
}


static ngx_int_t
ngx_http_postern_job_read(ngx_http_postern_job_t *job)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = job->request;
    r->request_body_no_buffering = job->submit.unbuffered;

    rc = ngx_http_read_client_request_body(r, ngx_http_postern_job_body);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}


static void
ngx_http_postern_job_body(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    ngx_http_postern_job_t  *job;

    job = ngx_http_postern_job_get(r);

    if (job->submit.unbuffered) {
        job->feeding = 1;
        ngx_http_postern_job_feed(r);
        return;
    }

    rc = ngx_http_postern_job_send(job);

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, rc);
    }
}


/* With all of the body, which stays where it is. */
static ngx_int_t
ngx_http_postern_job_send(ngx_http_postern_job_t *job)
{
    int                        fd, own;
    off_t                      len;
    size_t                     size;
    ngx_int_t                  rc;
    ngx_uint_t                 n;
    ngx_chain_t               *cl;
    struct iovec               iov[NGX_HTTP_POSTERN_IOV];
    ngx_http_request_t        *r;
    ngx_http_request_body_t   *rb;
    ngx_http_core_loc_conf_t  *clcf;

    r = job->request;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

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
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
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

    if (rc == NGX_OK) {
        job->last_piece = 1;
        r->read_event_handler = ngx_http_test_reading;
    }

    return rc;
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
        return ngx_http_postern_refuse(r, PTN_EUNAVAIL, 0);
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

        return ngx_http_postern_refuse(r, rc, 0);
    }

    if (job->submit.timeout) {
        /* also keeps a worker alive that was told to quit */
        ngx_add_timer(&job->timer, job->submit.timeout);

    } else {
        ngx_postern_quit_add(&job->quit);
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
    ngx_uint_t               level;
    ngx_connection_t        *c;
    ngx_http_request_t      *r;
    ngx_http_postern_job_t  *job;

    job = ev->data;
    r = job->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    level = job->submit.timeout ? NGX_LOG_ERR : NGX_LOG_INFO;

    ngx_log_error(level, c->log, NGX_ETIMEDOUT,
                  "postern: no answer from the store process");

    ngx_http_finalize_request(r, r->header_sent ? NGX_ERROR
                                                : NGX_HTTP_GATEWAY_TIME_OUT);

    ngx_http_run_posted_requests(c);
}


/* A parked request, and the worker is told to quit. */
static void
ngx_http_postern_job_quit(ngx_postern_quit_t *quit)
{
    ngx_connection_t        *c;
    ngx_http_request_t      *r;
    ngx_http_postern_job_t  *job;

    job = ngx_queue_data(quit, ngx_http_postern_job_t, quit);
    r = job->request;
    c = r->connection;

    if (job->link == NULL) {
        return;                     /* it ends already */
    }

    if (job->poke == NULL) {

        /* it only waits, or is still to begin: nothing is lost */

        ngx_http_set_log_request(c->log, r);
        ngx_http_finalize_request(r, r->header_sent ? NGX_ERROR
                                               : NGX_HTTP_SERVICE_UNAVAILABLE);
        ngx_http_run_posted_requests(c);
        return;
    }

    /* keeps the worker */

    ngx_add_timer(&job->timer, NGX_HTTP_POSTERN_QUIT);
    ngx_http_postern_poke_quit(job);
}


static void
ngx_http_postern_job_cleanup(void *data)
{
    ngx_http_postern_job_t *job = data;

    ngx_http_postern_sign_in_leave(&job->waiter);
    ngx_http_postern_poke_stop(job);
    ngx_postern_quit_del(&job->quit);

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

    if (!job->final) {
        ngx_http_postern_poke_gone(job);
    }
}
