#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ptn_app.h"
#include "ptn_clerk_work.h"
#include "ptn_mdn.h"


/* All of SQLite in a process; above it SQLite's calls answer NOMEM. */
#define PTN_APP_SQLITE_HEAP  (512LL * 1024 * 1024)


/*
 * A queue writer is one per process (executors share its fdatasync), while
 * hooks->open runs on each executor.  As SQLite does for its inodes, the
 * process keeps a list of what is open, under a lock.
 */
typedef struct ptn_app_queue_s  ptn_app_queue_t;

struct ptn_app_queue_s {
    ptn_app_queue_t  *next;
    ptn_queue_t      *queue;
    unsigned          refs;
    pid_t             pid;
    ptn_io_t         *io;
    char              key[512];         /* root and writer */
};

static struct {
    pthread_mutex_t   lock;
    ptn_app_queue_t  *first;
} ptn_app_queues = { PTHREAD_MUTEX_INITIALIZER, NULL };


static ptn_rc_t
ptn_app_queue_get(const ptn_conf_t *conf, ptn_io_t *io, const char *writer,
    ptn_queue_t **ret)
{
    char              key[512];
    pid_t             pid;
    ptn_rc_t          rc;
    ptn_app_queue_t  *aq;

    pid = getpid();

    if (snprintf(key, sizeof(key), "%s\n%s", conf->root, writer)
        >= (int) sizeof(key))
    {
        return PTN_EINVAL;
    }

    pthread_mutex_lock(&ptn_app_queues.lock);

    for (aq = ptn_app_queues.first; aq != NULL; aq = aq->next) {
        if (aq->pid == pid && aq->io == io && strcmp(aq->key, key) == 0) {
            aq->refs++;
            *ret = aq->queue;
            pthread_mutex_unlock(&ptn_app_queues.lock);
            return PTN_OK;
        }
    }

    rc = PTN_ENOMEM;

    aq = calloc(1, sizeof(ptn_app_queue_t));
    if (aq != NULL) {
        rc = ptn_queue_open(conf, io, writer, &aq->queue);
    }

    if (rc == PTN_OK) {
        aq->refs = 1;
        aq->pid = pid;
        aq->io = io;
        memcpy(aq->key, key, sizeof(key));
        aq->next = ptn_app_queues.first;
        ptn_app_queues.first = aq;
        *ret = aq->queue;

    } else {
        free(aq);
    }

    pthread_mutex_unlock(&ptn_app_queues.lock);

    return rc;
}


static void
ptn_app_queue_put(ptn_queue_t *queue)
{
    ptn_app_queue_t  *aq, **link;

    pthread_mutex_lock(&ptn_app_queues.lock);

    for (link = &ptn_app_queues.first; *link != NULL; link = &(*link)->next) {
        aq = *link;

        if (aq->queue == queue) {
            if (--aq->refs == 0) {
                *link = aq->next;
                ptn_queue_close(queue);
                free(aq);
            }
            break;
        }
    }

    pthread_mutex_unlock(&ptn_app_queues.lock);
}


/* Who delivers waits for that lock. */

static void
ptn_app_held(void *ctx PTN_UNUSED, bool held)
{
    ptn_housekeep_urgent(held);
}


static bool
ptn_app_wanted(void *ctx PTN_UNUSED)
{
    return ptn_housekeep_wanted();
}


static void
ptn_app_changed(void *ctx, ptn_guid_t mailbox)
{
    ptn_app_t  *app = ctx;

    if (app->world != NULL) {
        ptn_board_bump(app->world, ptn_slot(mailbox));
    }
}


static ptn_rc_t
ptn_app_access(void *ctx, uint64_t user, uint64_t owner, uint32_t *ret_access)
{
    ptn_app_t  *app = ctx;

    /* answers are kept by the directory, as long as nothing in it changes */

    return ptn_access_get(app->directory, user, owner, ret_access);
}


/* The VFS is the process's, registered once, before any database is opened. */

static ptn_rc_t
ptn_app_vfs(ptn_io_t *io)
{
    ptn_rc_t        rc;
    sqlite3_mutex  *mutex;

    if (sqlite3_initialize() != SQLITE_OK) {
        return PTN_ENOMEM;
    }

    rc = PTN_OK;
    mutex = sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_APP1);

    sqlite3_mutex_enter(mutex);

    if (sqlite3_vfs_find("ptn") == NULL) {
        rc = ptn_io_vfs_register(io, "ptn");
        sqlite3_hard_heap_limit64(PTN_APP_SQLITE_HEAP);
    }

    sqlite3_mutex_leave(mutex);

    return rc;
}


ptn_rc_t
ptn_app_open(ptn_world_t *world, const ptn_conf_t *conf, ptn_io_t *io,
    ptn_log_t *log, const char *writer, ptn_app_t **ret_app)
{
    void              *shared;
    ptn_rc_t           rc;
    ptn_app_t         *app;
    ptn_store_opts_t   opts;

    app = calloc(1, sizeof(ptn_app_t));
    if (app == NULL) {
        return PTN_ENOMEM;
    }

    app->world = world;
    app->conf = conf;
    app->log = log;
    app->io = io;

    rc = ptn_app_vfs(io);
    if (rc != PTN_OK) {
        goto failed;
    }

    /* a server starts before its first domain is added; the CLI says so */

    rc = ptn_directory_open(conf, world != NULL, &app->directory);
    if (rc != PTN_OK) {
        goto failed;
    }

    shared = world != NULL ? ptn_world_private(world) : NULL;

    rc = ptn_auth_open(app->directory, shared,
                       shared != NULL ? PTN_PRIVATE_SIZE : 0,
                       conf, &app->auth);
    if (rc != PTN_OK) {
        goto failed;
    }

    ptn_auth_set_log(app->auth, log);

    memset(&opts, 0, sizeof(opts));
    opts.conf = conf;
    opts.io = io;
    opts.log = log;
    opts.changed = ptn_app_changed;
    opts.ctx = app;
    opts.access = ptn_app_access;
    opts.access_ctx = app;
    opts.held = ptn_app_held;
    opts.wanted = ptn_app_wanted;

    rc = ptn_store_open(&opts, &app->store);
    if (rc != PTN_OK) {
        goto failed;
    }

    if (writer != NULL) {
        rc = ptn_app_queue_get(conf, io, writer, &app->queue);
        if (rc != PTN_OK) {
            goto failed;
        }
    }

    *ret_app = app;

    return PTN_OK;

failed:

    ptn_app_close(app);

    return rc;
}


void
ptn_app_close(ptn_app_t *app)
{
    if (app == NULL) {
        return;
    }

    if (app->store != NULL) {
        ptn_store_close(app->store);
    }

    if (app->auth != NULL) {
        ptn_auth_close(app->auth);
    }

    if (app->directory != NULL) {
        ptn_directory_close(app->directory);
    }

    if (app->queue != NULL) {
        ptn_app_queue_put(app->queue);
    }

    free(app);
}


ptn_rc_t
ptn_app_commit(ptn_app_t *app)
{
    ptn_rc_t  rc;

    rc = ptn_store_commit(app->store);

    if (rc != PTN_OK && app->failed == PTN_OK) {
        app->failed = rc;
    }

    return rc;
}


static ptn_rc_t
ptn_app_hook_open(ptn_exec_t *exec, ptn_world_t *world, const ptn_conf_t *conf,
    ptn_log_t *log, void **ret_app)
{
    char        writer[32];
    ptn_rc_t    rc;
    ptn_app_t  *app;

    (void) exec;

    snprintf(writer, sizeof(writer), "s%d", (int) getpid());

    rc = ptn_app_open(world, conf, &ptn_io_posix, log, writer, &app);
    if (rc == PTN_OK) {
        *ret_app = app;
    }

    return rc;
}


static void
ptn_app_hook_close(void *data)
{
    ptn_app_close(data);
}


static bool
ptn_app_hook_pending(void *data)
{
    ptn_app_t  *app = data;

    return app->failed != PTN_OK || ptn_store_pending(app->store);
}


static ptn_rc_t
ptn_app_hook_commit(void *data)
{
    ptn_rc_t    rc;
    ptn_app_t  *app = data;

    rc = ptn_store_pending(app->store) ? ptn_store_commit(app->store) : PTN_OK;

    /* a part of the batch was lost earlier: nobody is told that all is well */

    if (app->failed != PTN_OK) {
        rc = app->failed;
        app->failed = PTN_OK;
    }

    /* receipts that it made due; what fails is left to an idle executor */

    if (rc == PTN_OK) {
        (void) ptn_mdn_send(app);
    }

    return rc;
}


static bool
ptn_app_hook_due(void *data)
{
    return ptn_store_due(((ptn_app_t *) data)->store);
}


static bool
ptn_app_hook_tend(void *data)
{
    return ptn_store_tend(((ptn_app_t *) data)->store);
}


static bool
ptn_app_hook_idle(void *data)
{
    bool        more;
    ptn_app_t  *app = data;

    more = ptn_store_idle(app->store);
    more |= ptn_mdn_send(app);

    if (app->queue != NULL) {
        ptn_queue_idle(app->queue);
    }

    return more;
}


static ptn_rc_t
ptn_app_hook_clerk_open(ptn_world_t *world, const ptn_conf_t *conf,
    ptn_log_t *log, void **ret_clerk)
{
    ptn_rc_t      rc;
    ptn_clerk_t  *clerk;

    rc = ptn_clerk_open(world, conf, &ptn_io_posix, log, &clerk);
    if (rc == PTN_OK) {
        *ret_clerk = clerk;
    }

    return rc;
}


static uint32_t
ptn_app_hook_clerk_run(void *data)
{
    return ptn_clerk_run(data);
}


static void
ptn_app_hook_clerk_close(void *data)
{
    ptn_clerk_close(data);
}


const ptn_hooks_t  ptn_app_hooks = {
    .open = ptn_app_hook_open,
    .close = ptn_app_hook_close,
    .pending = ptn_app_hook_pending,
    .commit = ptn_app_hook_commit,
    .idle = ptn_app_hook_idle,
    .due = ptn_app_hook_due,
    .tend = ptn_app_hook_tend,
    .clerk_open = ptn_app_hook_clerk_open,
    .clerk_run = ptn_app_hook_clerk_run,
    .clerk_close = ptn_app_hook_clerk_close,
    .verbs = ptn_clerk_verbs,
};
