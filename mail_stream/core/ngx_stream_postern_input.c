#include "ngx_stream_postern.h"

#include <sys/uio.h>


#define NGX_STREAM_POSTERN_BUFFER      4096
#define NGX_STREAM_POSTERN_BUFFER_MAX  (PTN_STREAM_TEXT_MAX + 16384)

/* What a request holds beside the bytes of its units. */
#define NGX_STREAM_POSTERN_OVERHEAD                                           \
    (sizeof(ptn_stream_req_t) + PTN_STREAM_ADDR_MAX                           \
     + PTN_STREAM_UNITS_MAX * sizeof(ptn_stream_unit_req_t))


static ngx_int_t
ngx_stream_postern_add(ngx_stream_postern_bytes_t *b, const u_char *p,
    size_t n, ngx_log_t *log)
{
    size_t   size;
    u_char  *data;

    if (n > b->size - b->len) {

        size = ngx_max(b->size * 2, b->len + n);
        size = ngx_max(size, 512);

        data = ngx_alloc(size, log);
        if (data == NULL) {
            return NGX_ERROR;
        }

        if (b->len != 0) {
            ngx_memcpy(data, b->data, b->len);
        }

        ngx_free(b->data);
        b->data = data;
        b->size = size;
    }

    if (n != 0) {
        ngx_memcpy(b->data + b->len, p, n);
        b->len += n;
    }

    return NGX_OK;
}


void
ngx_stream_postern_free_bytes(ngx_stream_postern_bytes_t *b)
{
    ngx_free(b->data);
    ngx_memzero(b, sizeof(ngx_stream_postern_bytes_t));
}


void
ngx_stream_postern_units_done(ngx_stream_postern_work_t *w)
{
    ngx_uint_t  i;

    for (i = 0; i < w->nunits; i++) {
        if (w->unit[i].fd != -1) {
            close(w->unit[i].fd);
            w->unit[i].fd = -1;
        }
    }

    w->nunits = 0;
    w->first = 0;
    w->units.len = 0;
}


void
ngx_stream_postern_drop_input(ngx_stream_postern_work_t *w)
{
    w->in_pos = 0;
    w->in_last = 0;
    w->text.len = 0;
    w->body.len = 0;
    w->ready = 0;
    w->frame.scanned = 0;
    w->frame.body_left = 0;
    w->frame.body_len = 0;
    w->frame.state = 0;

    if (w->body_fd != -1) {
        close(w->body_fd);
        w->body_fd = -1;
    }

    ngx_stream_postern_units_done(w);
}


ngx_int_t
ngx_stream_postern_receive(ngx_stream_postern_ctx_t *ctx)
{
    size_t                      size;
    u_char                     *in;
    ssize_t                     n;
    ngx_int_t                   rc;
    ngx_connection_t           *c;
    ngx_stream_postern_work_t  *w;

    w = ctx->work;
    c = ctx->session->connection;
    rc = NGX_AGAIN;

    if (w->in_pos != 0) {
        ngx_memmove(w->in, w->in + w->in_pos, w->in_last - w->in_pos);
        w->in_last -= w->in_pos;
        w->in_pos = 0;
    }

    for ( ;; ) {

        if (w->in_last == w->in_size) {

            if (w->in_size >= NGX_STREAM_POSTERN_BUFFER_MAX) {

                /* the rest waits in the socket; what is here may not have
                 * been looked at: a barrier was before it */

                return NGX_OK;
            }

            size = w->in_size ? w->in_size * 4 : NGX_STREAM_POSTERN_BUFFER;
            size = ngx_min(size, NGX_STREAM_POSTERN_BUFFER_MAX);

            in = ngx_alloc(size, c->log);
            if (in == NULL) {
                return NGX_ERROR;
            }

            if (w->in_last != 0) {
                ngx_memcpy(in, w->in, w->in_last);
            }

            ngx_free(w->in);
            w->in = in;
            w->in_size = size;
        }

        if (ctx->eof || !c->read->ready) {
            return rc;
        }

        n = c->recv(c, w->in + w->in_last, w->in_size - w->in_last);

        if (n == NGX_AGAIN) {
            return rc;
        }

        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (n == 0) {
            ctx->eof = 1;
            return rc;
        }

        ctx->session->received += n;
        w->in_last += (size_t) n;
        rc = NGX_OK;
    }
}


/* --- bodies ----------------------------------------------------------- */

static ngx_int_t
ngx_stream_postern_write_body(int fd, const u_char *p, size_t n,
    ngx_log_t *log)
{
    ssize_t  m;

    while (n != 0) {
        m = write(fd, p, n);

        if (m == -1) {
            if (ngx_errno == NGX_EINTR) {
                continue;
            }

            ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                          "postern: write to spool file failed");
            return NGX_ERROR;
        }

        p += m;
        n -= (size_t) m;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_stream_postern_spool(ngx_stream_postern_ctx_t *ctx)
{
    ngx_log_t                  *log;
    ngx_stream_postern_work_t  *w;

    w = ctx->work;
    log = ctx->session->connection->log;

    w->body_fd = open((char *) ctx->conf->spool.data,
                      O_TMPFILE|O_RDWR|O_CLOEXEC, 0600);

    if (w->body_fd == -1) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                      "postern: no spool file in \"%V\"", &ctx->conf->spool);
        return NGX_ERROR;
    }

    if (ngx_stream_postern_write_body(w->body_fd, w->body.data, w->body.len,
                                      log)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_stream_postern_free_bytes(&w->body);

    return NGX_OK;
}


static ngx_int_t
ngx_stream_postern_take_body(ngx_stream_postern_ctx_t *ctx, const u_char *p,
    size_t n)
{
    ngx_log_t                  *log;
    ngx_stream_postern_work_t  *w;

    w = ctx->work;
    log = ctx->session->connection->log;

    if (w->body_fd == -1) {

        if (n <= PTN_STREAM_BODY_INLINE - w->body.len) {
            return ngx_stream_postern_add(&w->body, p, n, log);
        }

        if (ngx_stream_postern_spool(ctx) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_stream_postern_write_body(w->body_fd, p, n, log);
}


/* --- units ------------------------------------------------------------ */

static void
ngx_stream_postern_frame_reset(ngx_stream_postern_ctx_t *ctx)
{
    ptn_frame_t  *f;

    f = &ctx->work->frame;

    ngx_memzero(f, sizeof(ptn_frame_t));
    f->next = &ctx->next;
    f->text_max = ctx->next.authenticated ? PTN_STREAM_TEXT_MAX
                                          : PTN_STREAM_TEXT_MAX_UNAUTH;
}


/*
 * Moves the complete unit into the next job.  NGX_DECLINED: it must wait for
 * the one after that (another class, or no room).
 */

static ngx_int_t
ngx_stream_postern_admit(ngx_stream_postern_ctx_t *ctx)
{
    size_t                      len;
    ngx_log_t                  *log;
    ngx_stream_postern_unit_t  *u;
    ngx_stream_postern_work_t  *w;

    w = ctx->work;
    log = ctx->session->connection->log;
    len = w->text.len + w->body.len;

    if (w->nunits != 0
        && (w->frame.cls != w->cls
            || w->cls == PTN_CLASS_AUTH
            || w->cls == PTN_CLASS_BULK
            || w->body_fd != -1
            || w->unit[w->nunits - 1].fd != -1
            || w->nunits == PTN_STREAM_UNITS_MAX
            || w->units.len + len + NGX_STREAM_POSTERN_OVERHEAD
               > PTN_JOB_REQUEST_MAX))
    {
        return NGX_DECLINED;
    }

    if (w->body_fd == -1
        && len + NGX_STREAM_POSTERN_OVERHEAD > PTN_JOB_REQUEST_MAX
        && ngx_stream_postern_spool(ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_stream_postern_add(&w->units, w->text.data, w->text.len, log)
        != NGX_OK
        || ngx_stream_postern_add(&w->units, w->body.data, w->body.len, log)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    u = &w->unit[w->nunits++];
    u->text_len = (uint32_t) w->text.len;
    u->body_len = w->body.len;
    u->fd = w->body_fd;

    if (u->fd != -1) {
        u->body_len = (uint64_t) lseek(u->fd, 0, SEEK_END);
    }

    w->cls = w->frame.cls;
    w->body_fd = -1;
    w->text.len = 0;
    w->body.len = 0;
    w->ready = 0;

    return NGX_OK;
}


/* One step of the protocol's scanner.  NGX_DONE: a unit is complete. */

static ngx_int_t
ngx_stream_postern_step(ngx_stream_postern_ctx_t *ctx)
{
    size_t                      n;
    u_char                     *p;
    ngx_int_t                   rc;
    ngx_log_t                  *log;
    ptn_frame_e                 what;
    ngx_stream_postern_work_t  *w;

    w = ctx->work;
    log = ctx->session->connection->log;
    p = w->in + w->in_pos;
    n = w->in_last - w->in_pos;

    w->frame.n = 0;
    what = ctx->conf->proto->frame(&w->frame, ptn_str_make(p, n));

    if (w->frame.n > n) {
        return NGX_ERROR;
    }

    n = w->frame.n;
    rc = NGX_OK;

    switch (what) {

    case PTN_FRAME_MORE:
        return NGX_AGAIN;

    case PTN_FRAME_SEND:
        return ngx_stream_postern_say(ctx, w->frame.reply);

    case PTN_FRAME_FAIL:
        (void) ngx_stream_postern_say(ctx, w->frame.reply);
        return NGX_ERROR;

    case PTN_FRAME_SKIP:
        break;

    case PTN_FRAME_BODY:
        rc = ngx_stream_postern_take_body(ctx, p, n);
        break;

    case PTN_FRAME_TEXT:
    case PTN_FRAME_UNIT:
        rc = ngx_stream_postern_add(&w->text, p, n, log);
        break;
    }

    w->in_pos += n;
    w->frame.scanned = 0;

    if (rc == NGX_OK && what == PTN_FRAME_UNIT) {
        w->ready = 1;
        return NGX_DONE;
    }

    return rc;
}


/*
 * Collects complete units for one job.  What may change the mode ends the
 * collection, as do a unit of another class and one with a file.
 */

ngx_int_t
ngx_stream_postern_collect(ngx_stream_postern_ctx_t *ctx)
{
    ngx_int_t                   rc;
    ngx_stream_postern_work_t  *w;

    w = ctx->work;

    for ( ;; ) {

        if (w->ready) {
            rc = ngx_stream_postern_admit(ctx);

            if (rc == NGX_DECLINED) {
                return NGX_OK;
            }

            if (rc != NGX_OK) {
                return rc;
            }

            /* the scanner begins anew, behind a barrier with other limits */

            w->frame.next = NULL;

            if (w->frame.barrier || w->nunits == PTN_STREAM_UNITS_MAX) {
                return NGX_OK;
            }
        }

        if (w->frame.next == NULL) {
            ngx_stream_postern_frame_reset(ctx);
        }

        rc = ngx_stream_postern_step(ctx);

        if (rc == NGX_AGAIN) {
            return NGX_OK;
        }

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }
    }
}


/* --- jobs ------------------------------------------------------------- */

static ngx_int_t
ngx_stream_postern_request(ngx_stream_postern_ctx_t *ctx,
    ptn_stream_kind_e kind, ptn_stream_req_t *req)
{
    u_char            *p;
    ngx_connection_t  *c;

    c = ctx->session->connection;

    ngx_memzero(req, sizeof(ptn_stream_req_t));

    req->kind = (uint8_t) kind;
    req->proto = (uint8_t) ctx->conf->index;
    req->tls = ctx->tls;
    req->starttls = ctx->conf->starttls && !ctx->tls;

    if (kind > PTN_STREAM_MOVE) {
        return NGX_OK;
    }

    req->port = ngx_inet_get_port(c->sockaddr);

    if (ngx_connection_local_sockaddr(c, NULL, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    req->listen_port = ngx_inet_get_port(c->local_sockaddr);
    req->addr_len = (uint8_t) ngx_min(c->addr_text.len,
                                      PTN_STREAM_ADDR_MAX - 16);
    req->variant_len = (uint8_t) ngx_min(ctx->conf->variant.len, 16);

    p = c->addr_text.data;
    req->local = ngx_strncmp(p, "127.", 4) == 0
                 || (c->addr_text.len == 3 && ngx_strncmp(p, "::1", 3) == 0)
                 || ngx_strncmp(p, "unix:", 5) == 0;
    req->handle = ctx->next.handle;

    return NGX_OK;
}


/* Where the bytes of the first unit that was not consumed begin. */

static size_t
ngx_stream_postern_skip_consumed(ngx_stream_postern_work_t *w)
{
    size_t      skip;
    ngx_uint_t  i;

    skip = 0;

    for (i = 0; i < w->first; i++) {
        skip += w->unit[i].text_len;

        if (w->unit[i].fd == -1) {
            skip += w->unit[i].body_len;
        }
    }

    return skip;
}


static void
ngx_stream_postern_on_event(void *data, const ptn_event_t *ev)
{
    ngx_stream_postern_job_t  *job = data;
    ngx_stream_postern_ctx_t  *ctx = job->ctx;

    switch (ev->what) {

    case PTN_EV_META:
        break;

    case PTN_EV_DATA:
    case PTN_EV_FILE:

        if (ctx != NULL
            && ngx_stream_postern_queue(ctx, job, ev) == NGX_OK)
        {
            /* what belongs together leaves together */
            ngx_post_event(ctx->session->connection->write,
                           &ngx_posted_events);
            break;
        }

        if (ev->what == PTN_EV_FILE) {
            close(ev->fd);

        } else {
            job->unreleased++;
            ngx_stream_postern_job_release(job, ev->len);
        }

        break;

    case PTN_EV_FINAL:
        job->final = 1;

        if (ctx != NULL) {
            ngx_stream_postern_answered(ctx, ev);

        } else if (memcmp(&ev->session, &(ptn_sid_t) { { 0 } },
                          sizeof(ptn_sid_t))
                   != 0)
        {
            ptn_client_end_session(ngx_postern_client(), ev->session);
        }

        if (job->unreleased == 0) {
            ngx_free(job);
        }

        break;
    }
}


ngx_int_t
ngx_stream_postern_submit(ngx_stream_postern_ctx_t *ctx,
    ptn_stream_kind_e kind)
{
    int                         fd;
    uint64_t                    body_len;
    ngx_int_t                   type;
    ngx_uint_t                  i, n;
    ptn_client_t               *client;
    ptn_submit_t                submit;
    struct iovec                iov[5];
    ptn_stream_req_t            req;
    ngx_connection_t           *c;
    ptn_stream_unit_req_t       ur[PTN_STREAM_UNITS_MAX];
    ngx_stream_postern_job_t   *job;
    ngx_stream_postern_work_t  *w;

    w = ctx->work;
    c = ctx->session->connection;
    client = ngx_postern_client();

    if (client == NULL
        || ngx_stream_postern_request(ctx, kind, &req) != NGX_OK)
    {
        return NGX_ERROR;
    }

    fd = -1;
    body_len = 0;
    n = 0;

    for (i = w->first; i < w->nunits && kind >= PTN_STREAM_MOVE; i++) {
        ur[n].text_len = w->unit[i].text_len;
        ur[n].body_len = w->unit[i].body_len;
        ur[n].in_file = w->unit[i].fd != -1;

        if (ur[n++].in_file) {
            fd = w->unit[i].fd;
            body_len = w->unit[i].body_len;
        }
    }

    req.nunits = (uint16_t) n;

    i = ngx_stream_postern_skip_consumed(w);

    iov[0].iov_base = &req;
    iov[0].iov_len = sizeof(req);
    iov[1].iov_base = c->addr_text.data;
    iov[1].iov_len = req.addr_len;
    iov[2].iov_base = ctx->conf->variant.data;
    iov[2].iov_len = req.variant_len;
    iov[3].iov_base = ur;
    iov[3].iov_len = n * sizeof(ptn_stream_unit_req_t);
    iov[4].iov_base = w->units.data + i;
    iov[4].iov_len = n ? w->units.len - i : 0;

    type = ngx_stream_postern_type(n ? w->cls : PTN_CLASS_SHORT);
    if (type < 0) {
        return NGX_ERROR;
    }

    job = ngx_calloc(sizeof(ngx_stream_postern_job_t), c->log);
    if (job == NULL) {
        return NGX_ERROR;
    }

    job->ctx = ctx;

    ngx_memzero(&submit, sizeof(submit));
    submit.type = (uint16_t) type;
    submit.slot = ctx->slot;
    submit.iov = iov;
    submit.niov = 5;
    submit.body_fd = fd;
    submit.body_len = body_len;
    submit.on_event = ngx_stream_postern_on_event;
    submit.data = job;

    if (kind > PTN_STREAM_MOVE) {
        submit.session = ctx->sid;
    }

    if (ptn_client_submit(client, &submit, &job->ticket) != PTN_OK) {
        ngx_free(job);
        return NGX_ERROR;
    }

    w->job = job;

    return NGX_OK;
}
