#include "ngx_stream_postern.h"


#define NGX_STREAM_POSTERN_IOVS   64
#define NGX_STREAM_POSTERN_PLAIN  16384     /* one TLS record's worth */


static ngx_stream_postern_out_t *
ngx_stream_postern_piece(ngx_stream_postern_ctx_t *ctx)
{
    ngx_stream_postern_out_t   *o;
    ngx_stream_postern_work_t  *w;

    w = ctx->work;
    o = w->free;

    if (o != NULL) {
        w->free = o->next;

    } else {
        o = ngx_alloc(sizeof(ngx_stream_postern_out_t),
                      ctx->session->connection->log);
        if (o == NULL) {
            return NULL;
        }
    }

    ngx_memzero(o, sizeof(ngx_stream_postern_out_t));
    o->fd = -1;

    *w->out_last = o;
    w->out_last = &o->next;

    return o;
}


ngx_int_t
ngx_stream_postern_say(ngx_stream_postern_ctx_t *ctx, ptn_str_t bytes)
{
    ngx_stream_postern_out_t  *o;

    if (bytes.len == 0) {
        return NGX_OK;
    }

    o = ngx_stream_postern_piece(ctx);
    if (o == NULL) {
        return NGX_ERROR;
    }

    o->data = bytes.data;
    o->len = bytes.len;

    return NGX_OK;
}


ngx_int_t
ngx_stream_postern_queue(ngx_stream_postern_ctx_t *ctx,
    ngx_stream_postern_job_t *job, const ptn_event_t *ev)
{
    ngx_stream_postern_out_t  *o;

    if (ev->what == PTN_EV_FILE && ev->file_len == 0) {
        close(ev->fd);
        return NGX_OK;
    }

    if (ev->what == PTN_EV_DATA && ev->len == 0) {
        return NGX_OK;
    }

    o = ngx_stream_postern_piece(ctx);
    if (o == NULL) {
        return NGX_ERROR;
    }

    if (ev->what == PTN_EV_FILE) {
        o->fd = ev->fd;
        o->off = (off_t) ev->off;
        o->left = (off_t) ev->file_len;
        return NGX_OK;
    }

    o->job = job;
    o->data = ev->data;
    o->len = ev->len;
    job->unreleased++;

    return NGX_OK;
}


/* Gives `n` bytes back; the job goes with its last ones. */

void
ngx_stream_postern_job_release(ngx_stream_postern_job_t *job, size_t n)
{
    ptn_client_t  *client;

    client = ngx_postern_client();

    if (client != NULL) {
        ptn_client_release(client, job->ticket, n);
    }

    job->unreleased--;

    if (job->final && job->unreleased == 0) {
        ngx_free(job);
    }
}


static void
ngx_stream_postern_shift(ngx_stream_postern_work_t *w)
{
    ngx_stream_postern_out_t  *o;

    o = w->out;
    w->out = o->next;

    if (w->out == NULL) {
        w->out_last = &w->out;
    }

    if (o->fd != -1) {
        close(o->fd);

    } else if (o->job != NULL) {
        ngx_stream_postern_job_release(o->job, o->len);
    }

    o->next = w->free;
    w->free = o;
}


void
ngx_stream_postern_drop_output(ngx_stream_postern_work_t *w)
{
    ngx_stream_postern_out_t  *o;

    while (w->out != NULL) {
        ngx_stream_postern_shift(w);
    }

    while (w->free != NULL) {
        o = w->free;
        w->free = o->next;
        ngx_free(o);
    }
}


static void
ngx_stream_postern_sent(ngx_stream_postern_work_t *w, size_t n)
{
    size_t                     m;
    ngx_stream_postern_out_t  *o;

    while (w->out != NULL) {
        o = w->out;

        if (o->fd != -1) {
            m = (size_t) ngx_min((off_t) n, o->left);
            o->off += (off_t) m;
            o->left -= (off_t) m;

            if (o->left != 0) {
                return;
            }

        } else {
            m = ngx_min(n, o->len - o->sent);
            o->sent += m;

            if (o->sent != o->len) {
                return;
            }
        }

        n -= m;
        ngx_stream_postern_shift(w);
    }
}


/* TLS: pieces are gathered into a record, files are read. */

static ssize_t
ngx_stream_postern_send_tls(ngx_connection_t *c, ngx_stream_postern_work_t *w)
{
    size_t                     len, n;
    ssize_t                    got;
    u_char                     buf[NGX_STREAM_POSTERN_PLAIN];
    ngx_stream_postern_out_t  *o;

    len = 0;

    for (o = w->out; o != NULL && len < sizeof(buf); o = o->next) {

        if (o->fd == -1) {
            n = ngx_min(o->len - o->sent, sizeof(buf) - len);
            ngx_memcpy(buf + len, o->data + o->sent, n);
            len += n;
            continue;
        }

        n = (size_t) ngx_min(o->left, (off_t) (sizeof(buf) - len));
        got = pread(o->fd, buf + len, n, o->off);

        if (got <= 0) {
            ngx_log_error(NGX_LOG_ERR, c->log, got == -1 ? ngx_errno : 0,
                          "postern: reply file ends early");
            return NGX_ERROR;
        }

        len += (size_t) got;

        if (got < o->left) {
            break;
        }
    }

    return c->send(c, buf, len);
}


/* Plain: one writev for pieces in memory, sendfile for a file. */

static ssize_t
ngx_stream_postern_send_plain(ngx_connection_t *c,
    ngx_stream_postern_work_t *w)
{
    off_t                      before;
    ngx_buf_t                  b[NGX_STREAM_POSTERN_IOVS];
    ngx_uint_t                 i;
    ngx_file_t                 file;
    ngx_chain_t                cl[NGX_STREAM_POSTERN_IOVS];
    ngx_stream_postern_out_t  *o;

    ngx_memzero(b, sizeof(b));

    for (i = 0, o = w->out;
         o != NULL && i < NGX_STREAM_POSTERN_IOVS;
         o = o->next)
    {
        if (o->fd != -1) {
            if (i != 0) {
                break;
            }

            ngx_memzero(&file, sizeof(file));
            file.fd = o->fd;
            file.log = c->log;

            b[0].in_file = 1;
            b[0].file = &file;
            b[0].file_pos = o->off;
            b[0].file_last = o->off + o->left;
            cl[0].buf = &b[0];
            i = 1;
            break;
        }

        b[i].memory = 1;
        b[i].pos = o->data + o->sent;
        b[i].last = o->data + o->len;
        cl[i].buf = &b[i];
        i++;
    }

    cl[i - 1].next = NULL;

    while (--i > 0) {
        cl[i - 1].next = &cl[i];
    }

    before = c->sent;

    if (c->send_chain(c, cl, 0) == NGX_CHAIN_ERROR) {
        return NGX_ERROR;
    }

    return c->sent == before ? NGX_AGAIN : (ssize_t) (c->sent - before);
}


ngx_int_t
ngx_stream_postern_flush(ngx_stream_postern_ctx_t *ctx)
{
    ssize_t                     n;
    ngx_connection_t           *c;
    ngx_stream_postern_work_t  *w;

    w = ctx->work;
    c = ctx->session->connection;

    while (w->out != NULL && c->write->ready) {

        n = c->ssl ? ngx_stream_postern_send_tls(c, w)
                   : ngx_stream_postern_send_plain(c, w);

        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (n == NGX_AGAIN) {
            break;
        }

        ngx_stream_postern_sent(w, (size_t) n);

        /* a long download over a slow line is no job that hangs */

        if (w->timer.timer_set) {
            ngx_add_timer(&w->timer, NGX_STREAM_POSTERN_JOB_TIME);
        }
    }

    if (w->out == NULL) {
        return NGX_OK;
    }

    return ngx_handle_write_event(c->write, 0) == NGX_OK ? NGX_AGAIN
                                                         : NGX_ERROR;
}
