#include "ngx_stream_postern.h"


/*
 * close() with bytes unread, or that come later, makes the kernel send a reset
 * and drop what it has not sent yet: the last words, of which the client may
 * not have seen anything.  So our side alone is closed, and what the client
 * still sends is read and dropped, for a while.
 *
 * All that the connection had is given back before; what is left is the
 * socket and one timer.  When nginx quits it is told so (c->idle) and closed.
 */
#define NGX_STREAM_POSTERN_LINGER_TIME     5000     /* ms, in all */
#define NGX_STREAM_POSTERN_LINGER_SILENCE  2000     /* without a byte */
#define NGX_STREAM_POSTERN_LINGER_EXITING  1000     /* in all, when quitting */
#define NGX_STREAM_POSTERN_LINGER_BYTES    (64 * 1024 * 1024)
#define NGX_STREAM_POSTERN_LINGER_TURNS    16       /* reads at a time */


static void ngx_stream_postern_linger_read(ngx_event_t *rev);
static void ngx_stream_postern_linger_write(ngx_event_t *wev);


void
ngx_stream_postern_linger(ngx_stream_postern_ctx_t *ctx)
{
    ngx_connection_t  *c;

    c = ctx->session->connection;

    if (ctx->eof || c->error) {
        ngx_stream_postern_close(ctx, NGX_STREAM_OK);
        return;
    }

    ngx_stream_postern_let_go(ctx);

    /* c->ssl stays for the log; what is read below is not decrypted */

    if (c->ssl) {
        (void) SSL_shutdown(c->ssl->connection);
        ERR_clear_error();
    }

    if (ngx_shutdown_socket(c->fd, NGX_WRITE_SHUTDOWN) == -1) {
        ngx_stream_postern_close(ctx, NGX_STREAM_OK);
        return;
    }

    c->read->handler = ngx_stream_postern_linger_read;
    c->write->handler = ngx_stream_postern_linger_write;
    c->read->timedout = 0;
    c->close = 0;
    c->idle = 1;

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    ctx->linger_until = ngx_current_msec
                        + (ngx_exiting ? NGX_STREAM_POSTERN_LINGER_EXITING
                                       : NGX_STREAM_POSTERN_LINGER_TIME);
    ctx->linger_left = NGX_STREAM_POSTERN_LINGER_BYTES;

    ngx_stream_postern_linger_read(c->read);
}


static void
ngx_stream_postern_linger_read(ngx_event_t *rev)
{
    u_char                     buf[16384];
    ssize_t                    n;
    ngx_int_t                  left;
    ngx_uint_t                 turns;
    ngx_connection_t          *c;
    ngx_stream_session_t      *s;
    ngx_stream_postern_ctx_t  *ctx;

    c = rev->data;
    s = c->data;
    ctx = ngx_stream_get_module_ctx(s, ngx_stream_postern_module);

    left = (ngx_msec_int_t) (ctx->linger_until - ngx_current_msec);

    if (c->close || rev->timedout || left <= 0) {
        ngx_stream_postern_close(ctx, NGX_STREAM_OK);
        return;
    }

    for (turns = 0; rev->ready; turns++) {

        /* who floods us is not the only client */

        if (turns == NGX_STREAM_POSTERN_LINGER_TURNS) {
            ngx_post_event(rev, &ngx_posted_next_events);
            break;
        }

        n = ngx_recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0 || (size_t) n > ctx->linger_left) {
            ngx_stream_postern_close(ctx, NGX_STREAM_OK);
            return;
        }

        ctx->linger_left -= (size_t) n;
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_stream_postern_close(ctx, NGX_STREAM_OK);
        return;
    }

    ngx_add_timer(rev, (ngx_msec_t) ngx_min(left,
                                        NGX_STREAM_POSTERN_LINGER_SILENCE));
}


static void
ngx_stream_postern_linger_write(ngx_event_t *wev)
{
    /* what is under way is the kernel's */
}
