/*
 * ngx_modules/core: the `postern {}` block, supervision of store workers and
 * clerk, and the job client of an nginx worker.  Everything that a protocol's
 * nginx module needs is here.
 */

#ifndef NGX_POSTERN_H
#define NGX_POSTERN_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ptn_client.h"
#include "ptn_world.h"


extern ngx_module_t  ngx_postern_module;


/*
 * Adds job types to the world's list; in preconfiguration, or when a
 * directive of the protocol is met.  `types` ends in a row without a name.  The
 * same table may be added again: nothing happens.
 */
ngx_int_t ngx_postern_add_jobs(ngx_conf_t *cf, const ptn_job_type_t *types);

/* The effective configuration; NULL when there is no `postern {}` block. */
const ptn_conf_t *ngx_postern_conf(ngx_cycle_t *cycle);

/* This worker's client; NULL before init_process or without a block. */
ptn_client_t *ngx_postern_client(void);
ptn_world_t *ngx_postern_world(void);


/*
 * Watching connections: `handler(w)` runs (posted, in chunks) after the slot's
 * version moved beyond `version`; at once when it already has.  Once: the
 * watch is off when the handler runs, which may add it again.  Embedded in the
 * caller's context, zeroed first; costs no allocation.  Remove before the
 * context goes.
 */
typedef struct ngx_postern_watch_s  ngx_postern_watch_t;

struct ngx_postern_watch_s {
    ngx_queue_t   queue;
    uint32_t      slot;
    uint32_t      active;
    uint64_t      version;
    void        (*handler)(ngx_postern_watch_t *w);
};

void ngx_postern_watch(ngx_postern_watch_t *w);
void ngx_postern_unwatch(ngx_postern_watch_t *w);


/*
 * A wheel for parked connections, one ngx timer per worker (a timer each
 * would keep a quitting worker alive): `handler` runs once, within a second
 * after `sec` seconds.  Zero the structure first; adding it again moves it.
 * A worker that was told to quit does not wait for ticks.
 */
typedef struct ngx_postern_tick_s  ngx_postern_tick_t;

struct ngx_postern_tick_s {
    ngx_queue_t   queue;
    ngx_uint_t    due;              /* in wheel seconds; 0: not armed */
    void        (*handler)(ngx_postern_tick_t *t);
};

void ngx_postern_tick_add(ngx_postern_tick_t *t, ngx_uint_t sec);
void ngx_postern_tick_del(ngx_postern_tick_t *t);


/*
 * Told to quit (reload, QUIT, upgrade): `handler` runs once for each that was
 * added, or at once, posted, when the worker knows already.  Who wants to end
 * something in good order arms a timer that is not cancelable: without one
 * the worker leaves.  Zero the structure first.
 */
typedef struct ngx_postern_quit_s  ngx_postern_quit_t;

struct ngx_postern_quit_s {
    ngx_queue_t   queue;
    ngx_uint_t    active;
    void        (*handler)(ngx_postern_quit_t *q);
};

void ngx_postern_quit_add(ngx_postern_quit_t *q);
void ngx_postern_quit_del(ngx_postern_quit_t *q);


/*
 * A nameless file in `dir` with the bytes of `in`, for ptn_submit_t.body_fd;
 * the caller closes it.  -1: failed, and logged.
 */
int ngx_postern_spool(ngx_str_t *dir, ngx_chain_t *in, ngx_log_t *log);


#endif /* NGX_POSTERN_H */
