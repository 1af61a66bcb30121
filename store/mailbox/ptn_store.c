/*
 * An executor's mailboxes and the batch that it has open.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <zstd.h>

#include "ptn_folder.h"
#include "ptn_dictionary.h"
#include "ptn_item.h"


#define PTN_STORE_OPEN_MIN   8
#define PTN_STORE_OPEN_MAX   256

/* A mailbox that nobody used for so many openings of others is cold. */
#define PTN_STORE_COLD       1024

#define PTN_STORE_SEARCH_MS  30         /* of an idle call */
#define PTN_STORE_SEARCH_LONG  250      /* while nobody wants more */

#define PTN_STORE_SLEEP_MS   10000      /* until its page cache goes */


/*
 * Connections that an executor may keep: each takes four descriptors and a
 * share of the -shm's; a quarter of the limit is left to the rest.
 */

static unsigned
ptn_store_connections(const ptn_conf_t *conf)
{
    uint64_t       n;
    struct rlimit  rl;

    if (getrlimit(RLIMIT_NOFILE, &rl) == -1 || rl.rlim_cur == RLIM_INFINITY) {
        return PTN_STORE_OPEN_MAX;
    }

    n = rl.rlim_cur * 3 / 4 / 5 / (conf->executors ? conf->executors : 1);

    return (unsigned) ptn_max(ptn_min(n, (uint64_t) PTN_STORE_OPEN_MAX),
                              (uint64_t) PTN_STORE_OPEN_MIN);
}


ptn_rc_t
ptn_store_open(const ptn_store_opts_t *opts, ptn_store_t **ret)
{
    ptn_rc_t      rc;
    ptn_store_t  *store;

    if (opts->conf == NULL || opts->conf->root == NULL) {
        return PTN_EINVAL;
    }

    store = calloc(1, sizeof(ptn_store_t));
    if (store == NULL) {
        return PTN_ENOMEM;
    }

    store->conf = opts->conf;
    store->io = opts->io ? opts->io : &ptn_io_posix;
    store->log = opts->log;
    store->changed = opts->changed;
    store->ctx = opts->ctx;
    store->access = opts->access;
    store->access_ctx = opts->access_ctx;
    store->held = opts->held;
    store->wanted = opts->wanted;
    store->blob.fd = -1;
    store->open_max = ptn_store_connections(opts->conf);

    /* tests have several tables in one process: each has a VFS of its own */

    strcpy(store->vfs, "ptn");
    rc = ptn_io_vfs_register(store->io, store->vfs);

    if (rc == PTN_EEXIST) {
        snprintf(store->vfs, sizeof(store->vfs), "ptn-%p",
                 (void *) store->io);
        rc = ptn_io_vfs_register(store->io, store->vfs);
    }

    if (rc != PTN_OK) {
        free(store);
        return rc;
    }

    *ret = store;

    return PTN_OK;
}


void
ptn_store_close(ptn_store_t *store)
{
    unsigned     i;
    ptn_mbox_t  *mb, *next;

    if (store == NULL) {
        return;
    }

    ptn_store_rollback(store);
    ptn_blob_forget(store);

    for (i = 0; i < PTN_MBOX_HASH; i++) {
        for (mb = store->hash[i]; mb != NULL; mb = next) {
            next = mb->next;
            ptn_blob_tidy(mb);
            ptn_mbox_close_db(mb);
            ptn_mbox_free(mb);
        }
    }

    ptn_content_forget(store, NULL);
    ptn_vec_list_shrink(0);
    ptn_blob_known_free(store);
    ptn_dictionary_forget(store, NULL);
    ptn_view_list_shrink(0);

    ptn_collate_done(store);
    ZSTD_freeCCtx(store->cctx);
    ZSTD_freeDCtx(store->dctx);
    free(store);
}


bool
ptn_store_pending(const ptn_store_t *store)
{
    return store->batch != NULL || store->failed != PTN_OK;
}


/*
 * Mailboxes are committed one after the other; the first failure undoes those
 * that come behind it.  Those before it have happened.
 */

ptn_rc_t
ptn_store_commit(ptn_store_t *store)
{
    ptn_rc_t     rc, first;
    ptn_mbox_t  *mb;

    first = store->failed;
    store->failed = PTN_OK;

    while (store->batch != NULL) {
        mb = store->batch;

        if (first != PTN_OK) {
            ptn_batch_rollback(mb);
            continue;
        }

        rc = ptn_batch_commit(mb);

        if (rc != PTN_OK) {
            first = rc;
        }
    }

    return first;
}


void
ptn_store_rollback(ptn_store_t *store)
{
    store->failed = PTN_OK;

    while (store->batch != NULL) {
        ptn_batch_rollback(store->batch);
    }
}


/* What fails is tried again after the next commit, or when it is opened. */

static void
ptn_store_idle_search(ptn_mbox_t *mb)
{
    bool      more;
    ptn_rc_t  rc;
    uint64_t  spent, max;

    /* whoever has jobs meanwhile waits for one portion of one mailbox */

    max = (mb->store->wanted != NULL) ? PTN_STORE_SEARCH_LONG
                                      : PTN_STORE_SEARCH_MS;
    spent = ptn_time_mono() - mb->store->idle_ms;

    if (spent >= max || ptn_time_mono() < mb->index_ms) {
        mb->store->busy = true;
        return;
    }

    rc = ptn_search_work(mb, (unsigned) (max - spent), &more);

    mb->search = (rc == PTN_EBUSY || (rc == PTN_OK && more));

    if (mb->search) {
        mb->store->busy = true;
    }
}


static void
ptn_store_idle_mbox(ptn_mbox_t *mb)
{
    uint64_t  quiet;

    ptn_mbox_free_retired(mb);

    if (mb->state != PTN_MBOX_OPEN) {
        return;
    }

    if (mb->state == PTN_MBOX_OPEN && mb->left
        && ptn_mbox_set(mb) == PTN_OK && mb->set->intents != 0)
    {
        ptn_transfer_replay(mb);
    }

    if (mb->state == PTN_MBOX_OPEN && mb->stale) {
        ptn_item_derive_stale(mb);
    }

    if (mb->state == PTN_MBOX_OPEN && mb->search) {
        ptn_store_idle_search(mb);
    }

    if (mb->state == PTN_MBOX_OPEN) {
        ptn_lived_idle(mb);
    }

    if (mb->state == PTN_MBOX_OPEN && mb->dead_blobs != 0) {
        ptn_blob_sweep(mb);
    }

    if (mb->state == PTN_MBOX_OPEN) {
        ptn_dictionary_idle(mb);
    }

    if (mb->state == PTN_MBOX_OPEN && mb->wal != 0) {
        ptn_checkpoint(mb, false, false);
    }

    quiet = ptn_time_mono() - mb->used_ms;

    if (mb->state == PTN_MBOX_OPEN && quiet >= PTN_STORE_SLEEP_MS) {
        sqlite3_db_release_memory(mb->db);
    }
}


bool
ptn_store_due(const ptn_store_t *store)
{
    return store->due;
}


bool
ptn_store_tend(ptn_store_t *store)
{
    unsigned     i;
    ptn_mbox_t  *mb;

    if (store->batch != NULL) {
        return true;
    }

    store->busy = false;
    store->idle_ms = ptn_time_mono();

    for (i = 0; i < PTN_MBOX_HASH; i++) {
        for (mb = store->hash[i]; mb != NULL; mb = mb->next) {
            if (mb->state == PTN_MBOX_OPEN && mb->search) {
                ptn_store_idle_search(mb);
            }
        }
    }

    store->due = store->busy;

    return store->busy;
}


bool
ptn_store_idle(ptn_store_t *store)
{
    unsigned      i;
    ptn_mbox_t   *mb, **link;

    if (store->batch != NULL) {
        return false;
    }

    store->busy = false;
    store->idle_ms = ptn_time_mono();

    ptn_blob_forget(store);

    for (i = 0; i < PTN_MBOX_HASH; i++) {
        link = &store->hash[i];

        while (*link != NULL) {
            mb = *link;
            ptn_store_idle_mbox(mb);

            if (store->tick - mb->used > PTN_STORE_COLD) {
                ptn_blob_tidy(mb);
                ptn_mbox_close_db(mb);
            }

            if (mb->state == PTN_MBOX_CLOSED) {
                *link = mb->next;
                ptn_mbox_free(mb);
                continue;
            }

            link = &mb->next;
        }
    }

    if (store->collate == NULL && store->nopen != 0) {
        ptn_collate_idle(store);
    }

    ptn_vec_list_shrink(60 * 1000);
    ptn_view_list_shrink(60 * 1000);

    store->due = store->busy;

    return store->busy;
}
