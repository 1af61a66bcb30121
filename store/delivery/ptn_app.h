/*
 * What every executor (and the clerk, and the CLI) has open: made by the
 * pool's hooks, reached by handlers as job->app.  Not shared by threads.
 */

#ifndef PTN_APP_H
#define PTN_APP_H


#include "ptn_auth.h"
#include "ptn_base.h"
#include "ptn_conf.h"
#include "ptn_directory.h"
#include "ptn_job.h"
#include "ptn_queue.h"
#include "ptn_store.h"


typedef struct {
    ptn_world_t        *world;      /* NULL: the CLI, tests */
    const ptn_conf_t   *conf;
    ptn_log_t          *log;
    ptn_io_t           *io;
    ptn_store_t        *store;      /* mailboxes */
    ptn_directory_t    *directory;
    ptn_auth_t         *auth;
    ptn_queue_t        *queue;      /* this process's writer; NULL in the CLI */
    ptn_rc_t            failed;     /* of ptn_app_commit() within a batch */
} ptn_app_t;

/*
 * `writer` names the queue segments of this process ("s123", "clerk"); the
 * apps of one process and writer share one queue.  NULL: no queue.
 */
ptn_rc_t ptn_app_open(ptn_world_t *world, const ptn_conf_t *conf,
    ptn_io_t *io, ptn_log_t *log, const char *writer, ptn_app_t **ret_app);
void ptn_app_close(ptn_app_t *app);

/*
 * A handler that must end the batch before its job does (it needs another
 * mailbox and may not wait for it with one locked) does it by this: when it
 * fails, the pool's commit fails too, so that no reply of the batch lies.
 */
ptn_rc_t ptn_app_commit(ptn_app_t *app);

/* The pool's hooks on top of that (ptn_job.h). */
extern const ptn_hooks_t  ptn_app_hooks;


#endif /* PTN_APP_H */
