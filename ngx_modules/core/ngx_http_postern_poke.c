
/*
 * Parked requests that wait for changes: what wakes them, and the jobs that
 * tell their handler (ngx_http_postern_job.h).
 */


#include "ngx_http_postern_reply.h"


#define NGX_HTTP_POSTERN_BUSY  100      /* ms until a refused poke is tried */


typedef struct {
    ngx_postern_watch_t        watch;
    ngx_http_postern_poke_t   *poke;
} ngx_http_postern_poke_watch_t;

/* As of a reply: the ticket may live longer than the request. */
typedef struct {
    ngx_http_postern_poke_t   *poke;
} ngx_http_postern_poke_link_t;

struct ngx_http_postern_poke_s {
    ngx_http_postern_job_t         *job;
    uint16_t                        type;
    ngx_uint_t                      seconds;
    ptn_sid_t                       session;

    ngx_http_postern_poke_watch_t  *watch;
    ngx_uint_t                      nwatches;
    ngx_uint_t                      nalloc;
    ngx_postern_tick_t              tick;
    ngx_event_t                     event;      /* go on; also: later */

    ngx_http_postern_poke_link_t   *link;       /* one is under way */

    unsigned                        named:1;    /* X-Postern-Poke came */
    unsigned                        started:1;
    unsigned                        stopped:1;
    unsigned                        change:1;   /* due */
    unsigned                        ticked:1;
    unsigned                        quit:1;
    unsigned                        quitted:1;  /* was told */
};


static void ngx_http_postern_poke_changed(ngx_postern_watch_t *w);
static void ngx_http_postern_poke_ticked(ngx_postern_tick_t *t);
static void ngx_http_postern_poke_event(ngx_event_t *ev);
static void ngx_http_postern_poke_submit(ngx_http_postern_poke_t *poke);


static ngx_http_postern_poke_t *
ngx_http_postern_poke_get(ngx_http_postern_job_t *job)
{
    ngx_http_postern_poke_t  *poke;

    if (job->poke) {
        return job->poke;
    }

    poke = ngx_pcalloc(job->request->pool, sizeof(ngx_http_postern_poke_t));
    if (poke == NULL) {
        return NULL;
    }

    poke->job = job;
    poke->session = job->submit.session;
    poke->tick.handler = ngx_http_postern_poke_ticked;
    poke->event.handler = ngx_http_postern_poke_event;
    poke->event.data = poke;
    poke->event.log = job->request->connection->log;
    poke->event.cancelable = 1;

    job->poke = poke;

    return poke;
}


static void
ngx_http_postern_poke_unwatch(ngx_http_postern_poke_t *poke)
{
    ngx_uint_t  i;

    for (i = 0; i < poke->nwatches; i++) {
        ngx_postern_unwatch(&poke->watch[i].watch);
    }
}


static ngx_int_t
ngx_http_postern_poke_list(ngx_http_postern_poke_t *poke, ptn_str_t list)
{
    ptn_rc_t                        rc;
    ptn_str_t                       rest;
    ngx_uint_t                      n;
    ptn_http_watch_t                one;
    ngx_http_postern_poke_watch_t  *w;

    rest = list;

    for (n = 0; (rc = ptn_http_watch_next(&rest, &one)) == PTN_OK; n++) {
        /* void */
    }

    if (rc != PTN_ENOTFOUND || n > PTN_HTTP_WATCHES_MAX) {
        return NGX_ERROR;
    }

    ngx_http_postern_poke_unwatch(poke);

    if (n > poke->nalloc) {
        poke->nwatches = 0;
        poke->watch = ngx_palloc(poke->job->request->pool,
                                 n * sizeof(ngx_http_postern_poke_watch_t));
        if (poke->watch == NULL) {
            poke->nalloc = 0;
            return NGX_ERROR;
        }

        poke->nalloc = n;
    }

    poke->nwatches = n;

    for (w = poke->watch; ptn_http_watch_next(&list, &one) == PTN_OK; w++) {
        ngx_memzero(w, sizeof(ngx_http_postern_poke_watch_t));
        w->poke = poke;
        w->watch.slot = one.slot;
        w->watch.version = one.version;
        w->watch.handler = ngx_http_postern_poke_changed;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_postern_poke_name(ngx_http_postern_poke_t *poke, ptn_str_t value)
{
    u_char      name[64], *space;
    uint64_t    seconds;
    ngx_int_t   type;
    ptn_str_t   tail;

    space = memchr(value.data, ' ', value.len);

    if (space == NULL || (size_t) (space - value.data) >= sizeof(name)) {
        return NGX_ERROR;
    }

    tail = ptn_str_make(space + 1,
                        value.len - 1 - (size_t) (space - value.data));

    if (ptn_str_u64(tail, 24 * 60 * 60, &seconds) != PTN_OK) {
        return NGX_ERROR;
    }

    *ngx_cpymem(name, value.data, space - value.data) = '\0';

    type = ngx_http_postern_job_type((char *) name);
    if (type < 0) {
        return NGX_ERROR;
    }

    poke->type = (uint16_t) type;
    poke->seconds = (ngx_uint_t) seconds;
    poke->named = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_postern_poke_session(ngx_http_postern_poke_t *poke, ptn_str_t value)
{
    size_t     i;
    ngx_int_t  byte;

    if (value.len != 2 * sizeof(poke->session.b)) {
        return NGX_ERROR;
    }

    for (i = 0; i < sizeof(poke->session.b); i++) {

        byte = ngx_hextoi(value.data + 2 * i, 2);
        if (byte == NGX_ERROR) {
            return NGX_ERROR;
        }

        poke->session.b[i] = (u_char) byte;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_postern_poke_header(ngx_http_postern_job_t *job, ptn_str_t name,
    ptn_str_t value)
{
    size_t                    i;
    ngx_http_postern_poke_t  *poke;

    static const struct {
        const char  *name;
        ngx_int_t  (*read)(ngx_http_postern_poke_t *poke, ptn_str_t value);
    } headers[] = {
        { "x-postern-poke",    ngx_http_postern_poke_name },
        { "x-postern-session", ngx_http_postern_poke_session },
        { "x-postern-watch",   ngx_http_postern_poke_list },
    };

    for (i = 0; i < ptn_nelts(headers); i++) {

        if (ptn_str_ieqz(name, headers[i].name)) {
            poke = ngx_http_postern_poke_get(job);
            return poke ? headers[i].read(poke, value) : NGX_ERROR;
        }
    }

    return NGX_DECLINED;
}


/* Waits again. */
static void
ngx_http_postern_poke_arm(ngx_http_postern_poke_t *poke)
{
    ngx_uint_t  i;

    for (i = 0; i < poke->nwatches; i++) {
        ngx_postern_watch(&poke->watch[i].watch);
    }

    if (poke->seconds) {
        /* a client is told the longest silence: the tick may be early */

        ngx_postern_tick_add(&poke->tick, poke->seconds - 1);
    }
}


ngx_int_t
ngx_http_postern_poke_start(ngx_http_postern_job_t *job)
{
    ngx_http_postern_poke_t  *poke;

    static const ptn_sid_t    none;

    poke = job->poke;

    if (poke == NULL || poke->started) {
        return NGX_OK;
    }

    if (!poke->named
        || ngx_memcmp(&poke->session, &none, sizeof(ptn_sid_t)) == 0)
    {
        return NGX_ERROR;
    }

    poke->started = 1;
    ngx_http_postern_poke_arm(poke);

    if (ngx_exiting) {
        ngx_http_postern_poke_quit(job);
    }

    return NGX_OK;
}


void
ngx_http_postern_poke_quit(ngx_http_postern_job_t *job)
{
    ngx_http_postern_poke_t  *poke;

    poke = job->poke;

    if (!poke->quitted) {
        poke->quit = 1;
        ngx_post_event(&poke->event, &ngx_posted_events);
    }
}


void
ngx_http_postern_poke_stop(ngx_http_postern_job_t *job)
{
    ngx_http_postern_poke_t  *poke;

    poke = job->poke;

    if (poke == NULL) {
        return;
    }

    poke->stopped = 1;
    ngx_http_postern_poke_unwatch(poke);
    ngx_postern_tick_del(&poke->tick);

    if (poke->event.timer_set) {
        ngx_del_timer(&poke->event);
    }

    if (poke->event.posted) {
        ngx_delete_posted_event(&poke->event);
    }

    if (poke->link) {
        poke->link->poke = NULL;        /* FINAL frees it */
        poke->link = NULL;
    }
}


static void
ngx_http_postern_poke_changed(ngx_postern_watch_t *w)
{
    ngx_http_postern_poke_watch_t  *pw;

    pw = ngx_queue_data(w, ngx_http_postern_poke_watch_t, watch);
    pw->poke->change = 1;

    ngx_http_postern_poke_submit(pw->poke);
}


static void
ngx_http_postern_poke_ticked(ngx_postern_tick_t *t)
{
    ngx_http_postern_poke_t  *poke;

    poke = ngx_queue_data(t, ngx_http_postern_poke_t, tick);
    poke->ticked = 1;

    ngx_http_postern_poke_submit(poke);
}


static void
ngx_http_postern_poke_event(ngx_event_t *ev)
{
    ngx_http_postern_poke_submit(ev->data);
}


static void
ngx_http_postern_poke_on_event(void *data, const ptn_event_t *ev)
{
    ngx_int_t                      rc;
    ngx_http_postern_poke_t       *poke;
    ngx_http_postern_poke_link_t  *link = data;

    if (ev->what == PTN_EV_FILE) {
        close(ev->fd);
    }

    if (ev->what != PTN_EV_FINAL) {
        return;                 /* a poke has nothing to say */
    }

    poke = link->poke;
    ngx_free(link);

    if (poke == NULL) {
        return;
    }

    poke->link = NULL;

    if (ev->rc != PTN_OK) {
        /* the session is gone, and with it the parked job */
        ngx_log_error(NGX_LOG_INFO, poke->event.log, 0,
                      "postern: a poke ended with %s", ptn_err(ev->rc)->name);
        ngx_http_postern_poke_stop(poke->job);
        return;
    }

    if (ev->len) {
        rc = ngx_http_postern_poke_list(poke, ptn_str_make(ev->data, ev->len));

        if (rc != NGX_OK) {
            ngx_log_error(NGX_LOG_ERR, poke->event.log, 0,
                          "a store process sent a malformed watch list");
            poke->job->failed = 1;
            ngx_post_event(&poke->job->send, &ngx_posted_events);
            return;
        }
    }

    if (poke->change || poke->ticked || poke->quit) {
        ngx_post_event(&poke->event, &ngx_posted_events);
    }

    ngx_http_postern_poke_arm(poke);
}


/* Why the handler is called; 0: nothing to say. */
static u_char
ngx_http_postern_poke_reason(ngx_http_postern_poke_t *poke)
{
    if (poke->quit) {
        return PTN_HTTP_POKE_QUIT;
    }

    if (poke->change) {
        return PTN_HTTP_POKE_CHANGE;
    }

    return poke->ticked ? PTN_HTTP_POKE_TICK : 0;
}


static ptn_rc_t
ngx_http_postern_poke_send(ngx_http_postern_poke_t *poke, u_char reason,
    ngx_http_postern_poke_link_t *link)
{
    struct iovec   iov;
    ptn_submit_t   ps;
    ptn_ticket_t  *ticket;

    iov.iov_base = &reason;
    iov.iov_len = 1;

    ngx_memzero(&ps, sizeof(ptn_submit_t));
    ps.type = poke->type;
    ps.slot = poke->job->submit.slot;
    ps.session = poke->session;
    ps.iov = &iov;
    ps.niov = 1;
    ps.body_fd = -1;
    ps.on_event = ngx_http_postern_poke_on_event;
    ps.data = link;

    return ptn_client_submit(ngx_postern_client(), &ps, &ticket);
}


void
ngx_http_postern_poke_gone(ngx_http_postern_job_t *job)
{
    ngx_http_postern_poke_link_t  *link;

    if (job->poke == NULL || !job->poke->started
        || ngx_postern_client() == NULL)
    {
        return;
    }

    link = ngx_calloc(sizeof(ngx_http_postern_poke_link_t), ngx_cycle->log);

    if (link
        && ngx_http_postern_poke_send(job->poke, PTN_HTTP_POKE_GONE, link)
           != PTN_OK)
    {
        ngx_free(link);
    }
}


static void
ngx_http_postern_poke_submit(ngx_http_postern_poke_t *poke)
{
    u_char                          reason;
    ptn_rc_t                        rc;
    ngx_uint_t                      i;
    ngx_http_postern_poke_link_t   *link;
    ngx_http_postern_poke_watch_t  *w;

    reason = ngx_http_postern_poke_reason(poke);

    if (poke->link || poke->stopped || poke->quitted || reason == 0
        || ngx_postern_client() == NULL)
    {
        return;
    }

    link = ngx_alloc(sizeof(ngx_http_postern_poke_link_t), poke->event.log);
    if (link == NULL) {
        ngx_add_timer(&poke->event, NGX_HTTP_POSTERN_BUSY);
        return;
    }

    /* what changes from here on is another change */

    for (i = 0; i < poke->nwatches; i++) {
        w = &poke->watch[i];
        ngx_postern_unwatch(&w->watch);
        w->watch.version = ptn_board_version(ngx_postern_world(),
                                             w->watch.slot);
    }

    link->poke = poke;
    rc = ngx_http_postern_poke_send(poke, reason, link);

    if (rc == PTN_EBUSY) {
        ngx_free(link);
        ngx_add_timer(&poke->event, NGX_HTTP_POSTERN_BUSY);
        return;
    }

    if (rc != PTN_OK) {
        ngx_log_error(NGX_LOG_INFO, poke->event.log, 0,
                      "postern refused a poke: %s", ptn_err(rc)->name);
        ngx_free(link);
        ngx_http_postern_poke_stop(poke->job);
        return;
    }

    poke->link = link;
    poke->quitted = poke->quit;
    poke->change = 0;
    poke->ticked = 0;
    poke->quit = 0;

    ngx_postern_tick_del(&poke->tick);
}
