#include "ngx_stream_postern.h"

#include <ngx_stream_ssl_module.h>


/* Full buffers of one body that are taken in before others get a turn. */
#define NGX_STREAM_POSTERN_TURNS     16


static void ngx_stream_postern_read(ngx_event_t *rev);
static void ngx_stream_postern_write(ngx_event_t *wev);
static void ngx_stream_postern_woken(ngx_postern_watch_t *watch);
static void ngx_stream_postern_tick(ngx_postern_tick_t *tick);
static void ngx_stream_postern_job_timer(ngx_event_t *ev);
static ngx_int_t ngx_stream_postern_handshake(ngx_stream_postern_ctx_t *ctx);
static void ngx_stream_postern_handshaken(ngx_connection_t *c);
static void ngx_stream_postern_cleanup(void *data);


void
ngx_stream_postern_handler(ngx_stream_session_t *s)
{
    size_t                     n;
    ngx_buf_t                 *b;
    ngx_connection_t          *c;
    ngx_pool_cleanup_t        *cln;
    ngx_stream_postern_ctx_t  *ctx;

    c = s->connection;

    ctx = ngx_pcalloc(c->pool, sizeof(ngx_stream_postern_ctx_t));
    cln = ngx_pool_cleanup_add(c->pool, 0);

    if (ctx == NULL || cln == NULL) {
        ngx_stream_finalize_session(s, NGX_STREAM_INTERNAL_SERVER_ERROR);
        return;
    }

    ctx->session = s;
    ctx->conf = ngx_stream_get_module_srv_conf(s, ngx_stream_postern_module);
    ctx->slot = PTN_SLOT_ANY;
    ctx->tls = (c->ssl != NULL);
    ctx->next.timeout = 60;
    ctx->next.move_slot = PTN_SLOT_ANY;
    ctx->watch.handler = ngx_stream_postern_woken;
    ctx->tick.handler = ngx_stream_postern_tick;

    cln->handler = ngx_stream_postern_cleanup;
    cln->data = ctx;

    ngx_stream_set_ctx(s, ctx, ngx_stream_postern_module);

    c->read->handler = ngx_stream_postern_read;
    c->write->handler = ngx_stream_postern_write;

    if (c->ssl) {
        SSL_set_mode(c->ssl->connection, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }

    if (ngx_stream_postern_work(ctx) != NGX_OK) {
        ngx_stream_postern_close(ctx, NGX_STREAM_INTERNAL_SERVER_ERROR);
        return;
    }

    /* what preread or the PROXY protocol left */

    b = c->buffer;

    if (b != NULL && b->pos != b->last) {
        n = (size_t) (b->last - b->pos);

        ctx->work->in = ngx_alloc(n, c->log);
        if (ctx->work->in == NULL) {
            ngx_stream_postern_close(ctx, NGX_STREAM_INTERNAL_SERVER_ERROR);
            return;
        }

        ngx_memcpy(ctx->work->in, b->pos, n);
        ctx->work->in_size = n;
        ctx->work->in_last = n;
        b->pos = b->last;
    }

    ngx_stream_postern_proceed(ctx);
}


ngx_int_t
ngx_stream_postern_work(ngx_stream_postern_ctx_t *ctx)
{
    ngx_connection_t           *c;
    ngx_stream_postern_work_t  *w;

    if (ctx->work != NULL) {
        return NGX_OK;
    }

    c = ctx->session->connection;

    /* the units' table needs no zeroes */

    w = ngx_alloc(sizeof(ngx_stream_postern_work_t), c->log);
    if (w == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(w, offsetof(ngx_stream_postern_work_t, unit));
    ngx_memzero(&w->nunits, sizeof(ngx_stream_postern_work_t)
                            - offsetof(ngx_stream_postern_work_t, nunits));

    w->body_fd = -1;
    w->out_last = &w->out;
    w->timer.handler = ngx_stream_postern_job_timer;
    w->timer.data = ctx;
    w->timer.log = c->log;

    ctx->work = w;
    c->idle = 0;

    ngx_postern_unwatch(&ctx->watch);
    ngx_postern_tick_del(&ctx->tick);

    return NGX_OK;
}


static void
ngx_stream_postern_free_work(ngx_stream_postern_ctx_t *ctx)
{
    ngx_stream_postern_work_t  *w;

    w = ctx->work;

    if (w == NULL) {
        return;
    }

    ctx->work = NULL;

    if (w->timer.timer_set) {
        ngx_del_timer(&w->timer);
    }

    if (w->job != NULL) {
        w->job->ctx = NULL;

        if (ngx_postern_client() != NULL) {
            ptn_client_cancel(ngx_postern_client(), w->job->ticket);
        }
    }

    ngx_stream_postern_drop_input(w);
    ngx_stream_postern_drop_output(w);
    ngx_stream_postern_free_bytes(&w->text);
    ngx_stream_postern_free_bytes(&w->body);
    ngx_stream_postern_free_bytes(&w->units);
    ngx_free(w->in);
    ngx_free(w);
}


static void
ngx_stream_postern_end_session(ngx_stream_postern_ctx_t *ctx)
{
    if (ctx->opened && ngx_postern_client() != NULL) {
        ptn_client_end_session(ngx_postern_client(), ctx->sid);
    }

    ctx->opened = 0;
}


void
ngx_stream_postern_let_go(ngx_stream_postern_ctx_t *ctx)
{
    ngx_postern_unwatch(&ctx->watch);
    ngx_postern_tick_del(&ctx->tick);
    ngx_stream_postern_free_work(ctx);
    ngx_stream_postern_end_session(ctx);
}


static void
ngx_stream_postern_cleanup(void *data)
{
    ngx_stream_postern_let_go(data);
}


void
ngx_stream_postern_close(ngx_stream_postern_ctx_t *ctx, ngx_uint_t rc)
{
    ngx_connection_t  *c;

    c = ctx->session->connection;

    /* nothing of ours may wait for the client's last word */

    if (c->ssl) {
        c->ssl->no_wait_shutdown = 1;
    }

    ngx_stream_finalize_session(ctx->session, rc);
}


/* --- what comes next -------------------------------------------------- */

/* Nothing is buffered and nobody works: hold as little as can be. */

static void
ngx_stream_postern_park(ngx_stream_postern_ctx_t *ctx)
{
    ngx_connection_t  *c;

    c = ctx->session->connection;

    ngx_stream_postern_free_work(ctx);

    c->idle = 1;
    ngx_postern_tick_add(&ctx->tick, ctx->next.timeout ? ctx->next.timeout
                                                       : 1800);

    if (ctx->next.watch) {
        ctx->watch.slot = ctx->next.watch_slot;
        ctx->watch.version = ctx->next.watch_version;
        ngx_postern_watch(&ctx->watch);
    }
}


static void
ngx_stream_postern_fail(ngx_stream_postern_ctx_t *ctx)
{
    ngx_stream_postern_drop_input(ctx->work);
    (void) ngx_stream_postern_say(ctx, ctx->conf->proto->busy);
    ctx->closing = 1;
}


static void
ngx_stream_postern_start(ngx_stream_postern_ctx_t *ctx,
    ptn_stream_kind_e kind)
{
    ngx_connection_t  *c;

    if (ngx_stream_postern_submit(ctx, kind) != NGX_OK) {
        ngx_stream_postern_fail(ctx);
        return;
    }

    c = ctx->session->connection;

    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }

    ngx_add_timer(&ctx->work->timer, NGX_STREAM_POSTERN_JOB_TIME);
}


/*
 * Chooses the next job, if one can be had.  NGX_DECLINED: the client's turn.
 */

static ngx_int_t
ngx_stream_postern_next(ngx_stream_postern_ctx_t *ctx)
{
    ngx_int_t                   rc;
    ngx_uint_t                  turns;
    ngx_stream_postern_work_t  *w;

    w = ctx->work;
    turns = 0;

    if (!ctx->opened && !ctx->moving) {
        ngx_stream_postern_start(ctx, PTN_STREAM_OPEN);
        return NGX_OK;
    }

    if (w->first == w->nunits) {
        ngx_stream_postern_units_done(w);

        for ( ;; ) {
            rc = ngx_stream_postern_receive(ctx);

            if (rc == NGX_ERROR) {
                return NGX_ERROR;
            }

            if (ngx_stream_postern_collect(ctx) != NGX_OK) {
                ctx->closing = 1;
            }

            /* a full buffer was taken in: there may be more in the socket */

            if (rc != NGX_OK || w->nunits != 0 || ctx->closing) {
                break;
            }

            /* a scanner that takes nothing of a full buffer (others have
             * room) breaks its contract */

            if (w->in_pos == 0 && w->in_last == w->in_size) {
                return NGX_ERROR;
            }

            /* a fast sender of a large body is not the only client */

            if (++turns == NGX_STREAM_POSTERN_TURNS) {
                ngx_post_event(ctx->session->connection->read,
                               &ngx_posted_next_events);
                break;
            }
        }
    }

    if (w->nunits != 0) {
        ctx->wake = 0;
        ngx_stream_postern_start(ctx, ctx->moving ? PTN_STREAM_MOVE
                                                  : PTN_STREAM_INPUT);
        return NGX_OK;
    }

    if (ctx->closing) {
        return NGX_OK;
    }

    if (ctx->moving) {
        ngx_stream_postern_start(ctx, PTN_STREAM_MOVE);
        return NGX_OK;
    }

    if (ctx->wake) {
        ctx->wake = 0;
        ngx_stream_postern_start(ctx, PTN_STREAM_WAKE);
        return NGX_OK;
    }

    return NGX_DECLINED;
}


/*
 * Is a unit under way that its client has not sent whole?  Of one that is being
 * dropped nothing is kept but the scanner's state.
 */

static ngx_uint_t
ngx_stream_postern_half(const ngx_stream_postern_work_t *w)
{
    return w->in_pos != w->in_last || w->text.len != 0 || w->body.len != 0
           || w->body_fd != -1
           || (w->frame.next != NULL && w->frame.state != 0);
}


/*
 * The one place that decides: called after anything happened.  May end the
 * connection.
 */

void
ngx_stream_postern_proceed(ngx_stream_postern_ctx_t *ctx)
{
    ngx_int_t                   rc;
    ngx_connection_t           *c;
    ngx_stream_postern_work_t  *w;

    c = ctx->session->connection;
    w = ctx->work;

    if (ctx->handshake) {
        return;
    }

    rc = ngx_stream_postern_flush(ctx);

    if (rc == NGX_ERROR) {
        ngx_stream_postern_close(ctx, NGX_STREAM_OK);
        return;
    }

    if (w->job != NULL) {
        return;
    }

    if (!ctx->closing && ctx->next.then != PTN_THEN_TLS) {

        /* the next job may start while the last reply drains slowly, but
         * only one ahead: its replies wait in the pool's window */

        if (rc == NGX_AGAIN) {
            goto wait;
        }

        rc = ngx_stream_postern_next(ctx);

        if (rc == NGX_ERROR) {
            ngx_stream_postern_close(ctx, NGX_STREAM_OK);
            return;
        }

        if (w->job != NULL) {
            rc = ngx_stream_postern_flush(ctx);
            if (rc == NGX_ERROR) {
                ngx_stream_postern_close(ctx, NGX_STREAM_OK);
            }
            return;
        }

        if (ctx->eof) {
            ctx->closing = 1;

        } else if (ngx_exiting && !ctx->closing
                   && !ngx_stream_postern_half(w))
        {
            /* who is in the middle of a message may finish it */

            (void) ngx_stream_postern_say(ctx, ctx->conf->proto->shutdown);
            ctx->closing = 1;
        }

        rc = ngx_stream_postern_flush(ctx);

        if (rc == NGX_ERROR) {
            ngx_stream_postern_close(ctx, NGX_STREAM_OK);
            return;
        }
    }

    if (rc == NGX_AGAIN) {
        goto wait;
    }

    if (ctx->closing) {
        ngx_stream_postern_linger(ctx);
        return;
    }

    if (ctx->next.then == PTN_THEN_TLS) {
        if (ngx_stream_postern_handshake(ctx) != NGX_OK) {
            ngx_stream_postern_close(ctx, NGX_STREAM_INTERNAL_SERVER_ERROR);
        }
        return;
    }

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_stream_postern_close(ctx, NGX_STREAM_INTERNAL_SERVER_ERROR);
        return;
    }

    if (!ngx_stream_postern_half(w)) {

        if (c->read->timer_set) {
            ngx_del_timer(c->read);
        }

        ngx_stream_postern_park(ctx);
        return;
    }

    /* half a unit: slow clients have as long as silent ones */

    ngx_add_timer(c->read, (ngx_msec_t) (ctx->next.timeout ? ctx->next.timeout
                                                          : 60) * 1000);
    return;

wait:

    ngx_add_timer(c->write, 60 * 1000);
}


/* A job has ended: what it said must happen next.  Untrusted bytes. */

void
ngx_stream_postern_answered(ngx_stream_postern_ctx_t *ctx,
    const ptn_event_t *ev)
{
    uint32_t                    store;
    ptn_sid_t                   none;
    ptn_world_t                *world;
    ptn_stream_done_t           done;
    ngx_stream_postern_work_t  *w;

    w = ctx->work;
    w->job = NULL;

    if (w->timer.timer_set) {
        ngx_del_timer(&w->timer);
    }

    ngx_post_event(ctx->session->connection->write, &ngx_posted_events);

    ngx_memzero(&none, sizeof(none));

    if (ngx_memcmp(&ev->session, &none, sizeof(none)) != 0) {
        ctx->sid = ev->session;
        ctx->opened = 1;
        ctx->moving = 0;
    }

    if (ev->len != sizeof(done)) {
        ngx_stream_postern_fail(ctx);
        return;
    }

    ngx_memcpy(&done, ev->data, sizeof(done));

    if (done.consumed > w->nunits - w->first
        || done.next.mode > PTN_MODE_DATA
        || done.next.then > PTN_THEN_CLOSE
        || !ctx->opened)
    {
        ngx_stream_postern_fail(ctx);
        return;
    }

    w->first += done.consumed;

    if (done.next.then == PTN_THEN_CLOSE) {
        ctx->closing = 1;
        return;
    }

    if (done.next.mode != ctx->next.mode && w->first != w->nunits) {
        /* framed in the old mode, and no barrier was set: cannot be kept */
        ngx_stream_postern_fail(ctx);
        return;
    }

    ctx->next = done.next;

    if (done.next.move_slot == PTN_SLOT_ANY) {
        return;
    }

    ctx->slot = done.next.move_slot;
    world = ngx_postern_world();
    store = ptn_slot_store(world, ctx->slot % PTN_SLOTS);

    if (store != ev->store) {
        ngx_stream_postern_end_session(ctx);
        ctx->moving = 1;
    }
}


/* --- events ----------------------------------------------------------- */

static void
ngx_stream_postern_read(ngx_event_t *rev)
{
    ngx_connection_t          *c;
    ngx_stream_session_t      *s;
    ngx_stream_postern_ctx_t  *ctx;

    c = rev->data;
    s = c->data;
    ctx = ngx_stream_get_module_ctx(s, ngx_stream_postern_module);

    if (c->close || rev->timedout) {

        if (ngx_stream_postern_work(ctx) != NGX_OK) {
            ngx_stream_postern_close(ctx, NGX_STREAM_INTERNAL_SERVER_ERROR);
            return;
        }

        (void) ngx_stream_postern_say(ctx, c->close
                                               ? ctx->conf->proto->shutdown
                                               : ctx->conf->proto->timeout);
        ctx->closing = 1;

    } else if (ngx_stream_postern_work(ctx) != NGX_OK) {
        ngx_stream_postern_close(ctx, NGX_STREAM_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_stream_postern_proceed(ctx);
}


static void
ngx_stream_postern_write(ngx_event_t *wev)
{
    ngx_connection_t          *c;
    ngx_stream_session_t      *s;
    ngx_stream_postern_ctx_t  *ctx;

    c = wev->data;
    s = c->data;
    ctx = ngx_stream_get_module_ctx(s, ngx_stream_postern_module);

    if (wev->timedout) {
        /* the client takes nothing */
        ngx_stream_postern_close(ctx, NGX_STREAM_OK);
        return;
    }

    if (wev->timer_set) {
        ngx_del_timer(wev);
    }

    if (ctx->work != NULL) {
        ngx_stream_postern_proceed(ctx);
    }
}


static void
ngx_stream_postern_woken(ngx_postern_watch_t *watch)
{
    ngx_stream_postern_ctx_t  *ctx;

    ctx = (ngx_stream_postern_ctx_t *)
              ((u_char *) watch - offsetof(ngx_stream_postern_ctx_t, watch));

    ctx->wake = 1;

    if (ngx_stream_postern_work(ctx) != NGX_OK) {
        ngx_stream_postern_close(ctx, NGX_STREAM_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_stream_postern_proceed(ctx);
}


/*
 * The time of a parked connection is over: a protocol that watches gets its
 * keep-alive, one that waits for a command ends.
 */

static void
ngx_stream_postern_tick(ngx_postern_tick_t *tick)
{
    ngx_uint_t                 watching;
    ngx_stream_postern_ctx_t  *ctx;

    ctx = (ngx_stream_postern_ctx_t *)
              ((u_char *) tick - offsetof(ngx_stream_postern_ctx_t, tick));

    watching = ctx->next.watch;

    if (ngx_stream_postern_work(ctx) != NGX_OK) {
        ngx_stream_postern_close(ctx, NGX_STREAM_INTERNAL_SERVER_ERROR);
        return;
    }

    if (watching) {
        ctx->wake = 1;

    } else {
        (void) ngx_stream_postern_say(ctx, ctx->conf->proto->timeout);
        ctx->closing = 1;
    }

    ngx_stream_postern_proceed(ctx);
}


static void
ngx_stream_postern_job_timer(ngx_event_t *ev)
{
    ngx_connection_t          *c;
    ngx_stream_postern_ctx_t  *ctx;

    ctx = ev->data;
    c = ctx->session->connection;

    ngx_log_error(NGX_LOG_ERR, c->log, 0,
                  "postern: no progress of a job in %d seconds",
                  NGX_STREAM_POSTERN_JOB_TIME / 1000);

    ngx_stream_postern_close(ctx, NGX_STREAM_INTERNAL_SERVER_ERROR);
}


/* --- STARTTLS --------------------------------------------------------- */

/*
 * The reply is out.  Whatever was received in the clear, and everything that
 * was learnt from it, is dropped (RFC 3207 4.2, RFC 9051 6.2.1).
 */

static ngx_int_t
ngx_stream_postern_handshake(ngx_stream_postern_ctx_t *ctx)
{
    ngx_int_t               rc;
    ngx_connection_t       *c;
    ngx_stream_ssl_conf_t  *sslcf;

    c = ctx->session->connection;
    sslcf = ngx_stream_get_module_srv_conf(ctx->session,
                                           ngx_stream_ssl_module);

    if (!ctx->conf->starttls || ctx->tls || sslcf->ssl.ctx == NULL) {
        return NGX_ERROR;
    }

    ngx_stream_postern_drop_input(ctx->work);
    ngx_stream_postern_end_session(ctx);
    ctx->handshake = 1;

    if (ngx_ssl_create_connection(&sslcf->ssl, c, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    SSL_set_mode(c->ssl->connection, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);

    rc = ngx_ssl_handshake(c);

    if (rc == NGX_AGAIN) {
        ngx_add_timer(c->read, sslcf->handshake_timeout);
        c->ssl->handler = ngx_stream_postern_handshaken;
        return NGX_OK;
    }

    if (rc == NGX_OK) {
        ngx_stream_postern_handshaken(c);
        return NGX_OK;
    }

    return NGX_ERROR;
}


static void
ngx_stream_postern_handshaken(ngx_connection_t *c)
{
    ngx_stream_session_t      *s;
    ngx_stream_postern_ctx_t  *ctx;

    s = c->data;
    ctx = ngx_stream_get_module_ctx(s, ngx_stream_postern_module);

    if (!c->ssl->handshaked) {
        ngx_stream_postern_close(ctx, NGX_STREAM_OK);
        return;
    }

    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }

    c->read->handler = ngx_stream_postern_read;
    c->write->handler = ngx_stream_postern_write;

    ctx->handshake = 0;
    ctx->tls = 1;
    ctx->slot = PTN_SLOT_ANY;

    /* next.then still says TLS: the session is opened as after STARTTLS */

    ngx_stream_postern_start(ctx, PTN_STREAM_OPEN_TLS);
    ngx_memzero(&ctx->next, sizeof(ctx->next));
    ctx->next.timeout = 60;
    ctx->next.move_slot = PTN_SLOT_ANY;

    ngx_stream_postern_proceed(ctx);
}
