
/*
 * An nginx worker's end of the pool: the client and its eventfd, watches,
 * the wheel, and the watchdog that notices a world without stores.
 */


#include "ngx_postern_core.h"


/* Events handled and watches woken before other connections get a turn. */
#define NGX_POSTERN_BUDGET          256
#define NGX_POSTERN_WAKE_CHUNK      256

/* A bucket a second; more than `idle_timeout` of IMAP, so few are shared. */
#define NGX_POSTERN_WHEEL           2048

/* Microseconds that a worker waits for stores before it accepts. */
#define NGX_POSTERN_START_WAIT      1000000
#define NGX_POSTERN_START_STEP      200

#define NGX_POSTERN_CHECK_FIRST     5
#define NGX_POSTERN_CHECK_AGAIN     60


typedef struct {
    ptn_client_t      *client;
    ngx_connection_t  *connection;      /* of the eventfd */
    ngx_event_t        drain;           /* more is waiting in the rings */
    ngx_event_t        rouse;           /* stores have something to do */

    ngx_queue_t        watch[PTN_SLOTS];
    ngx_queue_t        woken;
    ngx_event_t        wake;

    ngx_queue_t        wheel[NGX_POSTERN_WHEEL];
    ngx_uint_t         now;             /* wheel seconds */
    ngx_uint_t         ticks;           /* armed */
    ngx_event_t        tick;

    ngx_queue_t        quit;
    ngx_event_t        quitting;

    ngx_event_t        check;
    ngx_uint_t         unowned;         /* seconds so far */
    ngx_uint_t         stores;          /* expected */
} ngx_postern_worker_t;


static void ngx_postern_worker_read(ngx_event_t *rev);
static void ngx_postern_worker_drain(ngx_event_t *ev);
static void ngx_postern_worker_due(void *data);
static void ngx_postern_worker_rouse(ngx_event_t *ev);
static void ngx_postern_worker_change(void *data, uint32_t slot,
    uint64_t version);
static void ngx_postern_worker_wake(ngx_event_t *ev);
static void ngx_postern_worker_tick(ngx_event_t *ev);
static void ngx_postern_worker_quit(ngx_event_t *ev);
static void ngx_postern_worker_check(ngx_event_t *ev);
static ngx_uint_t ngx_postern_worker_seconds(void);


/* Of this process; NULL in the master and without a block. */
static ngx_postern_worker_t  *ngx_postern_worker;


ptn_client_t *
ngx_postern_client(void)
{
    return ngx_postern_worker ? ngx_postern_worker->client : NULL;
}


ptn_world_t *
ngx_postern_world(void)
{
    return ngx_postern_master.world;
}


/*
 * The master sleeps until a signal comes, with our entries waiting to be
 * reaped (ngx_postern_process.c).  Its end of the channel is O_ASYNC.
 */
static void
ngx_postern_worker_ring_master(ngx_cycle_t *cycle)
{
    if (write(ngx_channel, "", 1) == -1) {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, ngx_errno,
                      "postern could not wake the master");
    }
}


/*
 * Holds the first requests back (they wait in the listen queue) until the
 * stores that the master is about to start are there: else a start, or the
 * second master of an upgrade, would begin with "try later".
 */
static void
ngx_postern_worker_wait(ngx_postern_worker_t *w)
{
    ngx_uint_t          i, n;
    ptn_world_status_t  st;

    for (i = 0; i < NGX_POSTERN_START_WAIT; i += NGX_POSTERN_START_STEP) {

        ptn_world_status(ngx_postern_master.world, &st);

        for (n = 0; n < w->stores && st.store[n].pid; n++) { /* void */ }

        if (n == w->stores) {
            return;
        }

        (void) usleep(NGX_POSTERN_START_STEP);
    }
}


static void
ngx_postern_worker_timer(ngx_event_t *ev, ngx_event_handler_pt handler,
    void *data, ngx_log_t *log)
{
    /* cancelable: does not keep a worker alive that was told to quit */

    ev->handler = handler;
    ev->data = data;
    ev->log = log;
    ev->cancelable = 1;
}


ngx_int_t
ngx_postern_worker_init(ngx_cycle_t *cycle, ngx_postern_conf_t *pcf)
{
    ptn_rc_t               rc;
    ngx_uint_t             i;
    ngx_connection_t      *c;
    ngx_postern_worker_t  *w;

    if (ngx_process != NGX_PROCESS_WORKER
        || ngx_postern_master.world == NULL)
    {
        return NGX_OK;
    }

    ngx_postern_worker_ring_master(cycle);

    w = ngx_pcalloc(cycle->pool, sizeof(ngx_postern_worker_t));
    if (w == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < PTN_SLOTS; i++) {
        ngx_queue_init(&w->watch[i]);
    }

    for (i = 0; i < NGX_POSTERN_WHEEL; i++) {
        ngx_queue_init(&w->wheel[i]);
    }

    ngx_queue_init(&w->woken);
    ngx_queue_init(&w->quit);

    ngx_postern_worker_timer(&w->quitting, ngx_postern_worker_quit, w,
                             cycle->log);
    ngx_postern_worker_timer(&w->drain, ngx_postern_worker_drain, w,
                             cycle->log);
    ngx_postern_worker_timer(&w->rouse, ngx_postern_worker_rouse, w,
                             cycle->log);
    ngx_postern_worker_timer(&w->wake, ngx_postern_worker_wake, w,
                             cycle->log);
    ngx_postern_worker_timer(&w->tick, ngx_postern_worker_tick, w,
                             cycle->log);
    ngx_postern_worker_timer(&w->check, ngx_postern_worker_check, w,
                             cycle->log);

    w->now = ngx_postern_worker_seconds();
    w->stores = pcf->conf.workers;

    rc = ptn_client_open(ngx_postern_master.world, NULL, &w->client);
    if (rc != PTN_OK) {
        /* requests are answered 503, the rest of nginx goes on */
        ngx_log_error(NGX_LOG_ALERT, cycle->log, 0,
                      "no job slot is free for this worker process (%s): "
                      "postern answers \"try later\" here until nginx is "
                      "restarted or older workers have left",
                      ptn_err(rc)->name);
        return NGX_OK;
    }

    c = ngx_get_connection(ptn_client_eventfd(w->client), cycle->log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    c->pool = cycle->pool;
    c->data = w;
    c->read->handler = ngx_postern_worker_read;
    c->read->log = cycle->log;
    c->write->log = cycle->log;
    c->read->channel = 1;       /* not a client: no alert when it is left */
    c->write->channel = 1;
    c->idle = 1;                /* nginx's own word that it quits */

    if (ngx_add_event(c->read, NGX_READ_EVENT, NGX_LEVEL_EVENT) != NGX_OK) {
        return NGX_ERROR;
    }

    w->connection = c;

    ptn_client_on_change(w->client, ngx_postern_worker_change, w);
    ptn_client_on_wake(w->client, ngx_postern_worker_due, w);
    ngx_postern_worker_wait(w);

    if (ngx_worker == 0) {
        ngx_add_timer(&w->check, 1000);
    }

    ngx_postern_worker = w;

    return NGX_OK;
}


void
ngx_postern_worker_exit(ngx_cycle_t *cycle)
{
    ngx_postern_worker_t  *w;

    w = ngx_postern_worker;

    if (w && w->client) {
        ptn_client_close(w->client);
        w->client = NULL;
    }
}


static void
ngx_postern_worker_read(ngx_event_t *rev)
{
    ngx_connection_t      *c;
    ngx_postern_worker_t  *w;

    c = rev->data;
    w = c->data;

    if (c->close) {
        /* ngx_close_idle_connections(); this one stays */
        c->close = 0;
        c->idle = 0;
        ngx_postern_worker_quit(&w->quitting);
        return;
    }

    ngx_postern_worker_drain(&w->drain);
}


static void
ngx_postern_worker_drain(ngx_event_t *ev)
{
    ngx_postern_worker_t *w = ev->data;

    if (w->client == NULL) {
        return;
    }

    if (ptn_client_poll(w->client, NGX_POSTERN_BUDGET) && !ev->posted) {
        ngx_post_event(ev, &ngx_posted_next_events);
    }
}


/*
 * A system call and a context switch for each store and turn of the loop, not
 * for each job: posted events run after all events of the turn.
 */
static void
ngx_postern_worker_due(void *data)
{
    ngx_postern_worker_t *w = data;

    ngx_post_event(&w->rouse, &ngx_posted_events);
}


static void
ngx_postern_worker_rouse(ngx_event_t *ev)
{
    ngx_postern_worker_t *w = ev->data;

    if (w->client) {
        ptn_client_wake_all(w->client);
    }
}


/* Watches. */


static void
ngx_postern_worker_change(void *data, uint32_t slot, uint64_t version)
{
    ngx_postern_worker_t *w = data;

    ngx_queue_t          *q, *next;
    ngx_postern_watch_t  *watch;

    if (slot >= PTN_SLOTS) {
        return;
    }

    for (q = ngx_queue_head(&w->watch[slot]);
         q != ngx_queue_sentinel(&w->watch[slot]);
         q = next)
    {
        next = ngx_queue_next(q);
        watch = ngx_queue_data(q, ngx_postern_watch_t, queue);

        if (watch->version < version) {
            ngx_queue_remove(q);
            ngx_queue_insert_tail(&w->woken, q);
        }
    }

    if (!ngx_queue_empty(&w->woken)) {
        ngx_post_event(&w->wake, &ngx_posted_events);
    }
}


static void
ngx_postern_worker_wake(ngx_event_t *ev)
{
    ngx_postern_worker_t *w = ev->data;

    ngx_uint_t            n;
    ngx_queue_t          *q;
    ngx_postern_watch_t  *watch;

    for (n = 0; n < NGX_POSTERN_WAKE_CHUNK; n++) {

        if (ngx_queue_empty(&w->woken)) {
            return;
        }

        q = ngx_queue_head(&w->woken);
        watch = ngx_queue_data(q, ngx_postern_watch_t, queue);

        ngx_postern_unwatch(watch);
        watch->handler(watch);
    }

    if (!ngx_queue_empty(&w->woken)) {
        ngx_post_event(ev, &ngx_posted_next_events);
    }
}


void
ngx_postern_watch(ngx_postern_watch_t *watch)
{
    ngx_postern_worker_t  *w;

    w = ngx_postern_worker;

    if (w == NULL || w->client == NULL || watch->slot >= PTN_SLOTS) {
        return;
    }

    if (watch->active) {
        ngx_queue_remove(&watch->queue);

    } else {
        ptn_client_watch(w->client, watch->slot);
        watch->active = 1;
    }

    /* after the mask was set: a change before it is not announced */

    if (ptn_board_version(ngx_postern_master.world, watch->slot)
        > watch->version)
    {
        ngx_queue_insert_tail(&w->woken, &watch->queue);
        ngx_post_event(&w->wake, &ngx_posted_events);
        return;
    }

    ngx_queue_insert_tail(&w->watch[watch->slot], &watch->queue);
}


void
ngx_postern_unwatch(ngx_postern_watch_t *watch)
{
    if (!watch->active) {
        return;
    }

    watch->active = 0;
    ngx_queue_remove(&watch->queue);

    if (ngx_postern_worker && ngx_postern_worker->client) {
        ptn_client_unwatch(ngx_postern_worker->client, watch->slot);
    }
}


/* The wheel. */


static ngx_uint_t
ngx_postern_worker_seconds(void)
{
    return ngx_current_msec / 1000 + 1;
}


/* On the second, so that a tick is late by nothing but a busy loop. */

static void
ngx_postern_worker_next_tick(ngx_event_t *ev)
{
    ngx_add_timer(ev, 1000 - ngx_current_msec % 1000);
}


void
ngx_postern_tick_add(ngx_postern_tick_t *t, ngx_uint_t sec)
{
    ngx_postern_worker_t  *w;

    w = ngx_postern_worker;

    if (w == NULL) {
        return;
    }

    ngx_postern_tick_del(t);

    if (w->ticks++ == 0) {
        w->now = ngx_postern_worker_seconds();
        ngx_postern_worker_next_tick(&w->tick);
    }

    /* the second under way does not count */

    t->due = ngx_postern_worker_seconds() + sec + 1;
    ngx_queue_insert_tail(&w->wheel[t->due % NGX_POSTERN_WHEEL], &t->queue);
}


void
ngx_postern_tick_del(ngx_postern_tick_t *t)
{
    if (t->due == 0) {
        return;
    }

    t->due = 0;
    ngx_queue_remove(&t->queue);

    if (ngx_postern_worker) {
        ngx_postern_worker->ticks--;
    }
}


static void
ngx_postern_worker_tick(ngx_event_t *ev)
{
    ngx_postern_worker_t *w = ev->data;

    ngx_uint_t           now;
    ngx_queue_t         *bucket, fired, *q, *next;
    ngx_postern_tick_t  *t;

    now = ngx_postern_worker_seconds();

    ngx_queue_init(&fired);

    for ( /* void */ ; w->now < now; w->now++) {
        bucket = &w->wheel[(w->now + 1) % NGX_POSTERN_WHEEL];

        for (q = ngx_queue_head(bucket);
             q != ngx_queue_sentinel(bucket);
             q = next)
        {
            next = ngx_queue_next(q);
            t = ngx_queue_data(q, ngx_postern_tick_t, queue);

            if (t->due <= w->now + 1) {
                ngx_queue_remove(q);
                ngx_queue_insert_tail(&fired, q);
            }
        }
    }

    /* a handler may remove any other: it is still in a queue, and counted */

    while (!ngx_queue_empty(&fired)) {
        q = ngx_queue_head(&fired);
        t = ngx_queue_data(q, ngx_postern_tick_t, queue);

        ngx_postern_tick_del(t);
        t->handler(t);
    }

    if (w->ticks && !ev->timer_set && !ngx_exiting) {
        ngx_postern_worker_next_tick(ev);
    }
}


/* Told to quit. */


static void
ngx_postern_worker_quit(ngx_event_t *ev)
{
    ngx_postern_worker_t *w = ev->data;

    ngx_queue_t          all, *q;
    ngx_postern_quit_t  *quit;

    ngx_queue_init(&all);

    if (!ngx_queue_empty(&w->quit)) {
        ngx_queue_add(&all, &w->quit);
        ngx_queue_init(&w->quit);
    }

    while (!ngx_queue_empty(&all)) {
        q = ngx_queue_head(&all);
        quit = ngx_queue_data(q, ngx_postern_quit_t, queue);

        ngx_postern_quit_del(quit);
        quit->handler(quit);
    }
}


void
ngx_postern_quit_add(ngx_postern_quit_t *quit)
{
    ngx_postern_worker_t  *w;

    w = ngx_postern_worker;

    if (w == NULL || quit->active) {
        return;
    }

    quit->active = 1;
    ngx_queue_insert_tail(&w->quit, &quit->queue);

    if (ngx_exiting) {
        ngx_post_event(&w->quitting, &ngx_posted_events);
    }
}


void
ngx_postern_quit_del(ngx_postern_quit_t *quit)
{
    if (quit->active) {
        quit->active = 0;
        ngx_queue_remove(&quit->queue);
    }
}


/* The watchdog. */


/*
 * A store that is missing for longer than a respawn takes: at start, when it
 * backs off, or for good after WINCH and HUP on the old of two masters
 * (ngx_process_cycle.c: that HUP starts workers and no more).
 */
static void
ngx_postern_worker_check(ngx_event_t *ev)
{
    ngx_postern_worker_t *w = ev->data;

    ngx_uint_t          i, missing;
    ptn_world_status_t  st;

    if (ngx_exiting) {
        return;
    }

    ngx_add_timer(ev, 1000);

    ptn_world_status(ngx_postern_master.world, &st);

    missing = 0;

    for (i = 0; i < w->stores; i++) {
        if (st.store[i].pid == 0) {
            missing++;
        }
    }

    if (missing == 0) {
        if (w->unowned >= NGX_POSTERN_CHECK_FIRST) {
            ngx_log_error(NGX_LOG_NOTICE, ev->log, 0,
                          "postern: all store processes are attached");
        }
        w->unowned = 0;
        return;
    }

    w->unowned++;

    if (w->unowned != NGX_POSTERN_CHECK_FIRST
        && w->unowned % NGX_POSTERN_CHECK_AGAIN != 0)
    {
        return;
    }

    if (missing == w->stores) {
        ngx_log_error(NGX_LOG_ALERT, ev->log, 0,
                      "postern: ring unowned: no store process has attached "
                      "for %ui seconds, requests are answered 503; the log "
                      "of postern says why a store cannot start; after WINCH "
                      "and HUP send the master (pid %P) one more HUP",
                      w->unowned, ngx_parent);
        return;
    }

    ngx_log_error(NGX_LOG_ALERT, ev->log, 0,
                  "postern: ring unowned: %ui of %ui store processes have "
                  "not attached for %ui seconds; the log of postern says why",
                  missing, w->stores, w->unowned);
}


int
ngx_postern_spool(ngx_str_t *dir, ngx_chain_t *in, ngx_log_t *log)
{
    int       fd;
    u_char   *p;
    ssize_t   n;

    fd = open((char *) dir->data, O_TMPFILE|O_RDWR|O_CLOEXEC, 0600);
    if (fd == -1) {
        ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                      "open(O_TMPFILE) in \"%V\" failed", dir);
        return -1;
    }

    for ( /* void */ ; in; in = in->next) {
        for (p = in->buf->pos; p < in->buf->last; p += n) {
            n = write(fd, p, in->buf->last - p);
            if (n == -1) {
                ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                              "write() of a request body failed");
                close(fd);
                return -1;
            }
        }
    }

    return fd;
}
