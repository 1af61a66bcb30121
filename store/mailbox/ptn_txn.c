/*
 * Transactions and the batch (ptn_store.h, "Mutations").
 *
 * A batch is BEGIN IMMEDIATE ... COMMIT on a mailbox; while it lasts, a shared
 * lock keeps checkpoints out (SQLite 3.40's WAL may lose frames when a
 * checkpoint meets a writer that resets it).  The first transaction of a
 * batch needs no savepoint: when it fails nothing else is in the batch.
 *
 * Executors that need several mailboxes wait for one only while they hold
 * none with a greater guid; otherwise they commit what they hold first.
 */

#include <fcntl.h>

#include "ptn_item.h"


static void
ptn_batch_link(ptn_mbox_t *mb)
{
    ptn_store_t  *store;

    store = mb->store;
    mb->batch_next = store->batch;
    store->batch = mb;
    store->nbatch++;
}


static void
ptn_batch_unlink(ptn_mbox_t *mb)
{
    ptn_mbox_t  **link;

    for (link = &mb->store->batch; *link != NULL; link = &(*link)->batch_next)
    {
        if (*link == mb) {
            *link = mb->batch_next;
            mb->store->nbatch--;
            break;
        }
    }

    ptn_blob_unsynced_drop(mb);

    mb->batch_next = NULL;
    mb->batch = false;
    mb->batch_kept = false;
    mb->changed = false;
    mb->lost = PTN_OK;

    if (mb->tx != NULL) {
        mb->tx->mb = NULL;
        mb->tx = NULL;
    }

    ptn_mbox_lock(mb, F_UNLCK, PTN_LOCK_WRITE, 0);
}


/* What is written now must be what others will find under its name: restore,
 * repair and move put another file there. */

static ptn_rc_t
ptn_batch_same(const ptn_mbox_t *mb)
{
    ptn_rc_t  rc;
    uint64_t  dev, ino;

    rc = ptn_mbox_stat(mb, &dev, &ino);

    return (rc == PTN_OK && (dev != mb->dev || ino != mb->ino)) ? PTN_EUNAVAIL
                                                                : rc;
}


static ptn_rc_t
ptn_batch_begin(ptn_mbox_t *mb)
{
    ptn_rc_t  rc;

    ptn_mbox_read_end(mb);

    rc = ptn_mbox_lock(mb, F_RDLCK, PTN_LOCK_WRITE,
                       mb->no_wait ? 0 : PTN_BUSY_MS);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_sql_run(mb, PTN_SQL_BEGIN, 0);

    if (rc == PTN_OK) {
        mb->batch = true;
        mb->lost = PTN_OK;
        rc = ptn_mbox_revalidate(mb);

        if (rc == PTN_OK) {
            rc = ptn_batch_same(mb);
        }

        if (rc == PTN_OK) {
            rc = ptn_blob_adopt(mb);
        }

        if (rc != PTN_OK) {
            ptn_sql_run(mb, PTN_SQL_ROLLBACK, 0);
            mb->batch = false;
        }
    }

    if (rc != PTN_OK) {
        ptn_mbox_lock(mb, F_UNLCK, PTN_LOCK_WRITE, 0);
        return rc;
    }

    mb->batch_cn = mb->meta.cn;
    mb->batch_kept = false;
    mb->changed = false;
    mb->receipt_marked = false;
    ptn_batch_link(mb);

    return PTN_OK;
}


/*
 * Commits the other mailboxes of the batch before its time.  A failure is
 * kept for ptn_store_commit(): until then nothing new is let in.
 */

static ptn_rc_t
ptn_batch_early(ptn_store_t *store)
{
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    for (mb = store->batch; mb != NULL; mb = mb->batch_next) {
        if (mb->tx != NULL) {
            return PTN_EBUSY;
        }
    }

    rc = PTN_OK;

    while (store->batch != NULL) {
        mb = store->batch;

        if (rc == PTN_OK) {
            rc = ptn_batch_commit(mb);

        } else {
            ptn_batch_rollback(mb);
        }
    }

    store->failed = rc;

    return rc;
}


static ptn_rc_t
ptn_batch_join(ptn_mbox_t *mb)
{
    bool          ordered, no_wait;
    ptn_rc_t      rc;
    ptn_mbox_t   *other;
    ptn_store_t  *store;

    store = mb->store;
    no_wait = mb->no_wait;              /* the caller does not */
    ordered = true;

    for (other = store->batch; other != NULL; other = other->batch_next) {
        if (memcmp(other->guid.b, mb->guid.b, 16) > 0) {
            ordered = false;
        }
    }

    if (store->nbatch >= PTN_MBOX_BATCH_MAX) {
        rc = ptn_batch_early(store);
        if (rc != PTN_OK) {
            return rc;
        }

        ordered = true;
    }

    mb->no_wait = no_wait || !ordered;
    rc = ptn_batch_begin(mb);
    mb->no_wait = no_wait;

    if (rc == PTN_EBUSY && !ordered) {
        rc = ptn_batch_early(store);

        if (rc == PTN_OK) {
            rc = ptn_batch_begin(mb);
        }
    }

    return rc;
}


/* What is left in memory of a batch that was undone. */

static void
ptn_batch_undone(ptn_mbox_t *mb, uint64_t kept)
{
    if (mb->meta.valid) {
        mb->cn_floor = ptn_max(mb->cn_floor, mb->meta.cn);
        mb->oid_floor = ptn_max(mb->oid_floor, mb->meta.oid);
    }

    /* the files of blobs that it wrote may be spare now */

    mb->dead_blobs += mb->named;

    ptn_mbox_forget(mb);
    ptn_view_batch_done(mb, false, kept);
}


void
ptn_batch_rollback(ptn_mbox_t *mb)
{
    if (!mb->batch) {
        return;
    }

    if (!sqlite3_get_autocommit(mb->db)) {
        ptn_sql_run(mb, PTN_SQL_ROLLBACK, 0);
    }

    ptn_batch_undone(mb, 0);
    ptn_batch_unlink(mb);
}


/*
 * The commit failed: nothing of the batch is kept, and the mailbox stays
 * closed until it was checked.
 *
 * After a failed fsync the WAL holds frames of the failed commit that look
 * right in the page cache and need not be on the disk: a later recovery could
 * take them for committed.  This connection still knows where the good frames
 * end, so it copies those into the database and empties the WAL; the sync of
 * the database covers pages written just then, so no failed fsync is relied
 * on.  Where that fails too the connection is kept, and the next opening tries
 * it first (ptn_mbox_close_db).
 */

void
ptn_batch_fail(ptn_mbox_t *mb, ptn_rc_t rc)
{
    if (!sqlite3_get_autocommit(mb->db)) {
        ptn_sql_run(mb, PTN_SQL_ROLLBACK, 0);
    }

    ptn_batch_undone(mb, 0);
    ptn_batch_unlink(mb);

    ptn_epoch_close(mb, false);
    mb->wal = 0;
    mb->check = (rc == PTN_EIO || rc == PTN_ECORRUPT || rc == PTN_EINTERNAL);
    mb->state = PTN_MBOX_FAILED;
    ptn_mbox_close_db(mb);
}


ptn_rc_t
ptn_batch_commit(ptn_mbox_t *mb)
{
    bool      changed;
    ptn_rc_t  rc;

    if (mb->tx != NULL) {
        ptn_txn_done(mb->tx);

        if (!mb->batch) {
            return PTN_OK;
        }
    }

    rc = mb->lost;

    if (rc == PTN_OK && mb->changed) {
        rc = ptn_epoch_reserve(mb, mb->meta.cn, mb->meta.oid);
    }

    if (rc == PTN_OK) {
        rc = ptn_blob_sync(mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_run(mb, PTN_SQL_COMMIT, 0);
    }

    if (rc != PTN_OK) {
        ptn_batch_fail(mb, rc);
        return rc;
    }

    changed = mb->changed;
    ptn_batch_unlink(mb);

    if (!changed) {
        ptn_view_batch_done(mb, false, 0);
        return PTN_OK;
    }

    mb->search = true;
    mb->store->due = true;
    ptn_epoch_mark(mb);
    ptn_view_batch_done(mb, true, 0);

    if (mb->store->changed != NULL) {
        mb->store->changed(mb->store->ctx, mb->guid);
    }

    if (mb->wal >= PTN_WAL_CHECKPOINT && !mb->no_checkpoint) {
        ptn_checkpoint(mb, mb->wal >= PTN_WAL_FORCED, false);
    }

    return PTN_OK;
}


ptn_rc_t
ptn_batch_end(ptn_mbox_t *mb, ptn_txn_t *tx, ptn_rc_t rc)
{
    if (rc == PTN_OK) {
        rc = ptn_txn_commit(tx);
    }

    ptn_txn_done(tx);

    if (rc == PTN_OK) {
        return ptn_batch_commit(mb);
    }

    if (mb->batch) {
        ptn_batch_rollback(mb);
    }

    return rc;
}


/*
 * Copies the WAL into the database.  Not while anybody has a batch open:
 * `wait` insists for a second.  Failures leave the WAL as it is.
 */

ptn_rc_t
ptn_checkpoint(ptn_mbox_t *mb, bool wait, bool truncate)
{
    int       frames, done, rc;
    ptn_rc_t  prc;

    if (mb->db == NULL || mb->batch) {
        return PTN_EBUSY;
    }

    prc = ptn_mbox_lock(mb, F_WRLCK, PTN_LOCK_WRITE, wait ? 1000 : 0);

    if (prc == PTN_OK) {
        rc = sqlite3_wal_checkpoint_v2(mb->db, NULL,
                                       truncate ? SQLITE_CHECKPOINT_TRUNCATE
                                                : SQLITE_CHECKPOINT_PASSIVE,
                                       &frames, &done);
        prc = ptn_sql_rc(rc);

        if (rc == SQLITE_OK) {
            mb->wal = (done >= frames) ? 0
                      : (uint64_t) frames * (PTN_PAGE + 24);
        }

        ptn_mbox_lock(mb, F_UNLCK, PTN_LOCK_WRITE, 0);
    }

    if (mb->wal >= PTN_WAL_FORCED) {
        ptn_log(mb->store->log, PTN_LOG_WARN,
                "mailbox=%s wal=%llu error=\"no checkpoint got through\"",
                mb->address, (unsigned long long) mb->wal);
    }

    return prc;
}


/* ---- transactions ------------------------------------------------------ */

ptn_rc_t
ptn_txn_begin(ptn_txn_t *tx, ptn_mbox_t *mb)
{
    ptn_rc_t  rc;

    memset(tx, 0, sizeof(ptn_txn_t));

    if (mb->store->failed != PTN_OK) {
        return mb->store->failed;
    }

    if (mb->tx != NULL) {
        return PTN_EINTERNAL;
    }

    rc = ptn_mbox_ready(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    mb->saved = false;

    if (!mb->batch) {
        rc = ptn_batch_join(mb);

    } else if (mb->batch_kept) {
        rc = ptn_sql_run(mb, PTN_SQL_SAVE, 0);
        mb->saved = (rc == PTN_OK);
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_meta(mb);

        if (rc != PTN_OK) {
            if (mb->saved) {
                ptn_sql_run(mb, PTN_SQL_RELEASE, 0);

            } else if (!mb->batch_kept) {
                ptn_batch_rollback(mb);
            }
        }
    }

    if (rc != PTN_OK) {
        return rc;
    }

    mb->tx = tx;
    mb->tx_failed = PTN_OK;
    ptn_search_forget(mb);
    tx->mb = mb;
    tx->begun = mb->meta.cn;

    return PTN_OK;
}


static ptn_rc_t
ptn_txn_flush(ptn_mbox_t *mb)
{
    ptn_rc_t  rc;

    rc = ptn_folder_flush(mb);

    if (rc != PTN_OK || !mb->meta.dirty) {
        return rc;
    }

    if (mb->meta.event + 1
        >= mb->meta.event_first + PTN_EVENTS_MAX + PTN_EVENTS_SLACK)
    {
        mb->meta.event_first = mb->meta.event - PTN_EVENTS_MAX + 1;

        rc = ptn_sql_run(mb, PTN_SQL_EVENT_TRIM, 1, mb->meta.event_first);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    rc = ptn_mbox_meta_put(mb);

    if (rc == PTN_OK) {
        mb->meta.dirty = false;
        mb->changed = true;
    }

    return rc;
}


ptn_rc_t
ptn_txn_commit(ptn_txn_t *tx)
{
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    mb = tx->mb;

    if (mb == NULL) {
        return PTN_EINTERNAL;
    }

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_search_settle(tx);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_flush(mb);
    }

    if (rc == PTN_OK && mb->saved) {
        rc = ptn_sql_run(mb, PTN_SQL_RELEASE, 0);
    }

    if (rc != PTN_OK) {
        ptn_txn_poison(tx, rc);
        ptn_txn_done(tx);
        return rc;
    }

    mb->batch_kept = true;
    mb->tx = NULL;
    tx->mb = NULL;

    return PTN_OK;
}


void
ptn_txn_done(ptn_txn_t *tx)
{
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    mb = tx->mb;

    if (mb == NULL || mb->tx != tx) {
        return;
    }

    tx->mb = NULL;
    mb->tx = NULL;

    if (mb->lost != PTN_OK) {

        /* the batch's other work is gone too: the commit will say so */

        ptn_batch_undone(mb, 0);

        if (!mb->batch_kept) {
            ptn_batch_rollback(mb);
        }

        return;
    }

    if (!mb->batch_kept) {
        ptn_batch_rollback(mb);
        return;
    }

    if (tx->cn == 0 && mb->tx_failed == PTN_OK && !mb->meta.dirty) {
        if (ptn_sql_run(mb, PTN_SQL_RELEASE, 0) == PTN_OK) {
            return;
        }
    }

    rc = ptn_sql_run(mb, PTN_SQL_UNDO, 0);

    if (rc == PTN_OK) {
        rc = ptn_sql_run(mb, PTN_SQL_RELEASE, 0);
    }

    ptn_batch_undone(mb, tx->begun);

    if (rc != PTN_OK && mb->lost == PTN_OK) {
        mb->lost = rc;
    }
}


ptn_rc_t
ptn_txn_poison(ptn_txn_t *tx, ptn_rc_t rc)
{
    if (tx->mb != NULL && tx->mb->tx_failed == PTN_OK) {
        tx->mb->tx_failed = rc;
    }

    return rc;
}


ptn_rc_t
ptn_txn_check(const ptn_txn_t *tx)
{
    if (tx->mb == NULL || tx->mb->tx != tx) {
        return PTN_EINTERNAL;
    }

    if (tx->mb->lost != PTN_OK) {
        return PTN_EUNAVAIL;
    }

    return tx->mb->tx_failed;
}


/* ---- numbers ----------------------------------------------------------- */

uint64_t
ptn_txn_cn(ptn_txn_t *tx)
{
    tx->cn = ++tx->mb->meta.cn;
    tx->mb->meta.dirty = true;

    return tx->cn;
}


void
ptn_txn_reach(ptn_txn_t *tx, uint64_t cn)
{
    if (cn > tx->mb->meta.cn) {
        tx->mb->meta.cn = cn;
        tx->mb->meta.dirty = true;
        tx->cn = cn;
    }
}


uint64_t
ptn_txn_oid(ptn_txn_t *tx)
{
    tx->mb->meta.dirty = true;

    return ++tx->mb->meta.oid;
}


uint32_t
ptn_txn_uidvalidity(ptn_txn_t *tx)
{
    tx->mb->meta.dirty = true;

    /* 32 bits, never 0 */

    if (++tx->mb->meta.uidvalidity > UINT32_MAX) {
        tx->mb->meta.uidvalidity = 1;
    }

    return (uint32_t) tx->mb->meta.uidvalidity;
}


ptn_rc_t
ptn_txn_event(ptn_txn_t *tx, ptn_mbox_event_e kind, ptn_id_t folder,
    ptn_id_t message, ptn_id_t old_folder, ptn_id_t old_message, uint64_t cn)
{
    ptn_rc_t    rc;
    ptn_mark_t  mark;

    tx->mb->meta.dirty = true;

    rc = ptn_search_event(tx->mb, kind, folder, message);
    if (rc != PTN_OK) {
        return rc;
    }

    /* the mark of a private one goes with it, the log stays: the place of
     * the other folder, which there is none, has one more than who made it */

    if (kind == PTN_MBOX_EVENT_DELETED) {
        rc = ptn_mark_get(tx->mb, message, &mark);
        if (rc != PTN_OK) {
            return rc;
        }

        old_folder = mark.secret ? mark.creator + 1 : 0;
    }

    return ptn_sql_run(tx->mb, PTN_SQL_EVENT_ADD, 7, ++tx->mb->meta.event,
                       (uint64_t) kind, folder, message, old_folder,
                       old_message, cn);
}


/* Private messages of others that are deleted: who may not see them is not
 * told of what they were either.  Ids ascending; in `pool`. */

static ptn_rc_t
ptn_events_secrets(ptn_mbox_t *mb, ptn_pool_t *pool, uint64_t after,
    ptn_id_t **ret_ids, size_t *ret_n)
{
    ptn_id_t       id;
    ptn_rc_t       rc;
    ptn_buf_t      b;
    sqlite3_stmt  *st;

    *ret_ids = NULL;
    *ret_n = 0;

    if (mb->acting.secrets) {
        return PTN_OK;
    }

    st = ptn_sql(mb, PTN_SQL_EVENT_SECRETS, &rc);
    if (st == NULL) {
        return rc;
    }

    ptn_buf_init(&b, pool);
    sqlite3_bind_int64(st, 1, (sqlite3_int64) after);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) mb->acting.user + 1);

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        id = ptn_sql_u64(st, 0);
        ptn_buf_add(&b, &id, sizeof(ptn_id_t));
    }

    if (rc == PTN_OK && b.failed) {
        rc = PTN_ENOMEM;
    }

    if (rc == PTN_OK) {
        *ret_ids = (ptn_id_t *) b.data;
        *ret_n = b.len / sizeof(ptn_id_t);
    }

    return rc;
}


ptn_rc_t
ptn_mbox_events(ptn_mbox_t *mb, ptn_pool_t *pool, uint64_t after, size_t max,
    ptn_mbox_event_t **ret_events, size_t *ret_n, uint64_t *ret_last)
{
    size_t             n, nsecret;
    ptn_id_t          *secret;
    ptn_rc_t           rc;
    sqlite3_stmt      *st;
    ptn_mbox_event_t  *e;

    rc = ptn_mbox_ready(mb);

    if (rc == PTN_OK) {
        rc = ptn_mbox_meta(mb);
    }

    if (rc == PTN_OK && !mb->acting.all) {
        rc = ptn_rights_load(mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    *ret_last = mb->meta.event;

    if (after > mb->meta.event || after + 1 < mb->meta.event_first) {
        return PTN_ESTALE;
    }

    max = ptn_min(max, (size_t) (mb->meta.event - after));

    rc = ptn_events_secrets(mb, pool, after, &secret, &nsecret);
    if (rc != PTN_OK) {
        return rc;
    }

    e = ptn_parray(pool, max, sizeof(ptn_mbox_event_t));
    st = ptn_sql(mb, PTN_SQL_EVENT_LIST, &rc);

    if (e == NULL || st == NULL) {
        return (e == NULL) ? PTN_ENOMEM : rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) after);
    sqlite3_bind_int64(st, 2, mb->acting.all ? (sqlite3_int64) max : -1);

    n = 0;

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        e[n].n = ptn_sql_u64(st, 0);
        e[n].kind = (ptn_mbox_event_e) ptn_sql_u64(st, 1);
        e[n].folder = ptn_sql_u64(st, 2);
        e[n].message = ptn_sql_u64(st, 3);
        e[n].old_folder = (e[n].kind == PTN_MBOX_EVENT_DELETED)
                          ? 0 : ptn_sql_u64(st, 4);
        e[n].old_message = ptn_sql_u64(st, 5);
        e[n].cn = ptn_sql_u64(st, 6);

        if (e[n].kind < PTN_MBOX_EVENT_FOLDER_NEW
            && ptn_mark_hides(secret, nsecret, e[n].message))
        {
            continue;
        }

        if (ptn_rights_event(mb, &e[n]) && ++n == max) {
            sqlite3_reset(st);
            rc = PTN_OK;
            break;
        }
    }

    if (rc == PTN_OK) {
        *ret_events = e;
        *ret_n = n;
    }

    return rc;
}
