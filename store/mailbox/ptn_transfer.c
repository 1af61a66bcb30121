/*
 * Messages to another mailbox.
 *
 * A copy is one transaction of the other mailbox.  A move is three, so that it
 * is done once whatever happens in between:
 *
 *   1  here: an intent (where to, a key) and its messages in table moving:
 *      until it is gone nobody else moves or edits them
 *   2  there: the copies, and the key in table once
 *   3  here: the messages go, and the intent with them
 *
 * Whoever opens the mailbox and finds an intent does 2 and 3.  While somebody
 * alive is at it he holds a lock on a byte of the lock file that stands for
 * the intent.  What fails before the commit of 2 takes the intent back.  A
 * failed commit of 2 proves nothing, so the intent stays and is tried again.
 *
 * No mailbox is waited for with the other one locked: in 2 this one is read,
 * which takes no lock that anybody holds for long.
 */

#include <fcntl.h>

#include "ptn_category.h"
#include "ptn_charset.h"
#include "ptn_msg.h"
#include "ptn_transfer.h"


#define PTN_TRANSFER_MESSAGES  100                  /* of one intent */
#define PTN_TRANSFER_BYTES     (64 * 1024 * 1024)
#define PTN_TRANSFER_AGAIN_MS  2000

typedef struct {
    uint64_t    n;
    u_char      key[1 + 16];
    ptn_id_t    folder;
    ptn_user_t  target;
} ptn_intent_t;

/* ---- one message -------------------------------------------------------- */

static ptn_rc_t
ptn_transfer_write(ptn_transfer_t *t, ptn_pool_t *pool, ptn_folder_t *f,
    ptn_msg_t *msg, const ptn_mime_t *mime, ptn_id_t *ret_id)
{
    bool                  stored, late;
    ptn_rc_t              rc;
    ptn_item_t            item;
    ptn_props_t           extra;
    ptn_object_t         *object;
    ptn_msg_info_t        m;
    const ptn_object_t   *whole;

    memset(&item, 0, sizeof(item));
    memset(&m, 0, sizeof(m));
    m.received = msg->info.received;
    m.flags = msg->info.flags;
    m.keywords = ptn_transfer_keywords(t, msg->info.keywords);
    m.size = msg->info.size;
    m.fai = msg->info.fai;
    m.modified = msg->info.modified;
    m.id = ptn_txn_oid(t->tx);
    m.content = m.id;
    item.info = m;

    stored = (msg->item->derived & PTN_DERIVED_OBJECT) != 0;

    rc = ptn_msg_object(msg, PTN_OXCMAIL_PROPS, &whole);

    if (rc == PTN_OK) {
        rc = ptn_msg_extra(pool, whole, &extra);
    }

    if (rc == PTN_OK) {
        rc = ptn_transfer_props(t, pool, &extra);
    }

    if (rc == PTN_OK) {
        rc = ptn_category_save(t->tx, pool, &extra, NULL, false, &m.keywords);
    }

    if (rc == PTN_OK && stored) {
        rc = ptn_msg_truth(msg);

        if (rc == PTN_OK) {
            rc = ptn_stored_data(t->from, pool, msg->stored, msg->truth);
        }

        if (rc == PTN_OK) {
            object = msg->truth;
            item.derived = PTN_DERIVED_OBJECT;
            rc = ptn_transfer_object(t, pool, object, 0);
        }

    } else if (rc == PTN_OK) {
        rc = ptn_oxcmail_import(pool, mime,
                                PTN_OXCMAIL_PROPS|PTN_OXCMAIL_ATTACHS,
                                &object);
    }

    late = false;

    if (rc == PTN_OK && !m.fai) {
        rc = ptn_refer_join(t->tx, pool, object, msg->item, &extra, &item,
                            &late);
    }

    if (rc == PTN_OK) {
        rc = ptn_item_derive(t->tx->mb, pool, object, &extra, &item);
    }

    if (rc == PTN_OK) {
        rc = ptn_content_add(t->tx, pool, mime, m.id, &m.content);
    }

    if (rc == PTN_OK && stored) {
        rc = ptn_stored_add(t->tx->mb, pool, m.content, object);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_add(t->tx, f, &m, &item);
    }

    if (rc == PTN_OK && late) {
        rc = ptn_refer_late(t->tx, pool, m.id);
    }

    *ret_id = m.id;

    return (rc == PTN_OK) ? rc : ptn_txn_poison(t->tx, rc);
}


/* *ret_id 0: it is gone. */

static ptn_rc_t
ptn_transfer_one(ptn_transfer_t *t, ptn_folder_t *f, ptn_id_t id,
    ptn_id_t *ret_id)
{
    ptn_rc_t          rc;
    ptn_str_t         raw;
    ptn_msg_t        *msg;
    ptn_pool_t       *pool;
    ptn_mime_t       *mime;
    ptn_msg_info_t    m;

    *ret_id = 0;

    /* a mailbox that has to be opened first might be waited for */

    if (t->from->state != PTN_MBOX_OPEN) {
        return PTN_EUNAVAIL;
    }

    rc = ptn_msg_get_id(t->from, id, &m);
    if (rc != PTN_OK) {
        return (rc == PTN_ENOTFOUND) ? PTN_OK : rc;
    }

    pool = ptn_content_pool(t->from->store,
                            PTN_POOL_CAP_DEFAULT + 6 * (size_t) m.size);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_msg_open_any(t->from, pool, id, &msg);

    if (rc == PTN_OK) {
        rc = ptn_msg_item(msg);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_slice(msg, pool, 0, UINT64_MAX, SIZE_MAX, &raw);
    }

    if (rc == PTN_OK) {
        rc = ptn_mime_parse(pool, raw, &mime);
    }

    if (rc == PTN_OK) {
        rc = ptn_transfer_write(t, pool, f, msg, mime, ret_id);
    }

    ptn_pool_destroy(pool);

    return rc;
}


/* ---- 2: the copies ------------------------------------------------------ */

/*
 * key empty: a copy, once by itself.  EEXIST: they have been made before.
 * *ret_committing: the commit was begun, so that a failure proves nothing.
 */

static ptn_rc_t
ptn_transfer_copies(ptn_mbox_t *from, ptn_mbox_t *to, ptn_id_t folder,
    const ptn_id_t *ids, size_t n, ptn_str_t key, ptn_id_t *new_ids,
    bool *ret_committing)
{
    size_t                                i;
    ptn_rc_t                              rc;
    uint64_t                              size;
    ptn_pool_t                           *pool;
    ptn_folder_t                         *f;
    ptn_transfer_t                        t;
    ptn_msg_info_t                        m;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    *ret_committing = false;

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_transfer_map_init(&t, pool, &tx, from);
    size = 0;

    for (i = 0; i < n && rc == PTN_OK; i++) {
        new_ids[i] = 0;
        rc = ptn_msg_get_id(from, ids[i], &m);

        if (rc == PTN_OK) {
            size += m.size;

        } else if (rc == PTN_ENOTFOUND) {
            rc = PTN_OK;
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, to);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_once(to, key, 0, true);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_of(to, folder, &f);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_room(to, f, n, size);
    }

    for (i = 0; i < n && rc == PTN_OK; i++) {
        rc = ptn_transfer_one(&t, f, ids[i], &new_ids[i]);
    }

    ptn_pool_destroy(pool);

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    if (rc != PTN_OK) {
        ptn_txn_done(&tx);
        return rc;
    }

    *ret_committing = true;

    return ptn_batch_commit(to);
}


/* ---- 1 and 3: the intent ------------------------------------------------ */

ptn_rc_t
ptn_transfer_lock(ptn_mbox_t *mb, uint64_t n)
{
    return ptn_mbox_lock(mb, F_WRLCK, PTN_TRANSFER_LOCK + (off_t) n, 0);
}


void
ptn_transfer_unlock(ptn_mbox_t *mb, uint64_t n)
{
    if (mb->lock_fd != -1) {
        ptn_mbox_lock(mb, F_UNLCK, PTN_TRANSFER_LOCK + (off_t) n, 0);
    }
}


static ptn_rc_t
ptn_transfer_add(ptn_txn_t *tx, const ptn_intent_t *in)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(tx->mb, PTN_SQL_INTENT_ADD, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) in->n);
    sqlite3_bind_blob(st, 2, in->key, sizeof(in->key), SQLITE_STATIC);
    sqlite3_bind_blob(st, 3, in->target.mailbox.b, 16, SQLITE_STATIC);
    ptn_sql_text(st, 4, in->target.address);
    sqlite3_bind_int64(st, 5, (sqlite3_int64) in->folder);
    rc = ptn_sql_step(tx->mb, st);
    sqlite3_clear_bindings(st);

    return rc;
}


/* Marks one: *ret_marked false when it is not here, or on its way already. */

static ptn_rc_t
ptn_transfer_mark(ptn_txn_t *tx, ptn_id_t folder, ptn_id_t id, uint64_t n,
    uint64_t place, bool *ret_marked)
{
    ptn_rc_t        rc;
    ptn_msg_info_t  m;

    *ret_marked = false;
    rc = ptn_msg_get_id(tx->mb, id, &m);

    if (rc != PTN_OK || m.folder != folder) {
        return (rc == PTN_ENOTFOUND) ? PTN_OK : rc;
    }

    rc = ptn_sql_run(tx->mb, PTN_SQL_MOVING_ADD, 3, id, n, place);
    *ret_marked = (rc == PTN_OK && sqlite3_changes(tx->mb->db) != 0);

    return rc;
}


/* ids that stay behind become 0.  in->n 0: there is nothing to move. */

static ptn_rc_t
ptn_transfer_intend(ptn_mbox_t *from, ptn_id_t folder, ptn_id_t *ids,
    size_t n, ptn_intent_t *in)
{
    bool                                  marked;
    size_t                                i, found;
    ptn_rc_t                              rc;
    ptn_guid_t                            guid;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_guid_make(&guid);

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, from);
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(from);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    in->key[0] = 'm';
    memcpy(in->key + 1, guid.b, 16);
    in->n = ptn_txn_oid(&tx);
    found = 0;

    for (i = 0; i < n && rc == PTN_OK; i++) {
        rc = ptn_transfer_mark(&tx, folder, ids[i], in->n, i, &marked);
        found += marked;

        if (!marked) {
            ids[i] = 0;
        }
    }

    if (rc == PTN_OK && found == 0) {
        in->n = 0;
        ptn_txn_done(&tx);
        return PTN_OK;
    }

    if (rc == PTN_OK) {
        rc = ptn_transfer_add(&tx, in);
    }

    /* before anybody else can see it */

    if (rc == PTN_OK) {
        rc = ptn_transfer_lock(from, in->n);
    }

    if (rc != PTN_OK) {
        return ptn_txn_poison(&tx, rc);
    }

    from->set->intents++;
    from->left = true;
    rc = ptn_txn_commit(&tx);

    return (rc == PTN_OK) ? ptn_batch_commit(from) : rc;
}


/* Ends an intent that is still there; `gone`: its messages go with it. */

static ptn_rc_t
ptn_transfer_end_rows(ptn_txn_t *tx, uint64_t n, const ptn_id_t *ids,
    size_t nids, bool gone)
{
    size_t           i;
    ptn_rc_t         rc;
    ptn_folder_t    *f;
    ptn_msg_info_t   m;

    rc = ptn_sql_run(tx->mb, PTN_SQL_INTENT_DELETE, 1, n);

    if (rc != PTN_OK || sqlite3_changes(tx->mb->db) == 0) {
        return rc;
    }

    rc = ptn_sql_run(tx->mb, PTN_SQL_MOVING_DELETE, 1, n);

    for (i = 0; gone && i < nids && rc == PTN_OK; i++) {
        if (ids[i] == 0) {
            continue;
        }

        rc = ptn_msg_get_id(tx->mb, ids[i], &m);

        if (rc == PTN_ENOTFOUND) {
            rc = PTN_OK;
            continue;
        }

        if (rc == PTN_OK) {
            rc = ptn_folder_of(tx->mb, m.folder, &f);
        }

        if (rc == PTN_OK) {
            rc = ptn_msg_expunge_one(tx, f, &m);
        }
    }

    tx->mb->meta.dirty = true;

    if (tx->mb->set->intents != 0) {
        tx->mb->set->intents--;
    }

    return rc;
}


static ptn_rc_t
ptn_transfer_end(ptn_mbox_t *from, uint64_t n, const ptn_id_t *ids,
    size_t nids, bool gone)
{
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, from);

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(from);
    }

    if (rc == PTN_OK) {
        rc = ptn_transfer_end_rows(&tx, n, ids, nids, gone);

        if (rc != PTN_OK) {
            ptn_txn_poison(&tx, rc);
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    if (rc != PTN_OK) {
        ptn_txn_done(&tx);

        if (from->batch) {
            ptn_batch_rollback(from);
        }

        return rc;
    }

    return ptn_batch_commit(from);
}


/* 2 and 3 of an intent.  `again`: whoever began it is gone. */

static ptn_rc_t
ptn_transfer_finish(ptn_mbox_t *from, ptn_mbox_t *to, const ptn_intent_t *in,
    const ptn_id_t *ids, size_t n, bool again, ptn_id_t *new_ids)
{
    bool      committing;
    ptn_rc_t  rc;

    rc = ptn_transfer_copies(from, to, in->folder, ids, n,
                             ptn_str_make(in->key, sizeof(in->key)), new_ids,
                             &committing);

    if (rc == PTN_OK || rc == PTN_EEXIST) {
        return ptn_transfer_end(from, in->n, ids, n, true);
    }

    /*
     * What has perhaps been committed is left for the next one who comes, and
     * so is what nobody waits for any more and may pass by itself.
     */

    if (!committing
        && !(again && (rc == PTN_EBUSY || rc == PTN_EIO || rc == PTN_ENOSPC
                       || rc == PTN_ENOMEM || rc == PTN_EUNAVAIL)))
    {
        (void) ptn_transfer_end(from, in->n, ids, n, false);
    }

    return rc;
}


/* ---- the call ----------------------------------------------------------- */

ptn_rc_t
ptn_transfer_some(ptn_mbox_t *from, ptn_mbox_t *to, ptn_id_t folder,
    ptn_id_t *ids, size_t n, ptn_id_t target, bool copy, ptn_id_t *new_ids)
{
    bool          committing;
    ptn_rc_t      rc;
    ptn_intent_t  in;

    if (copy) {
        return ptn_transfer_copies(from, to, target, ids, n,
                                   ptn_str_make(NULL, 0), new_ids,
                                   &committing);
    }

    memset(&in, 0, sizeof(in));
    in.folder = target;
    in.target.mailbox = to->guid;
    in.target.address = ptn_str_z(to->address);

    rc = ptn_transfer_intend(from, folder, ids, n, &in);

    if (rc == PTN_OK && in.n != 0) {
        rc = ptn_transfer_finish(from, to, &in, ids, n, false, new_ids);
    }

    if (in.n != 0) {
        ptn_transfer_unlock(from, in.n);
    }

    return rc;
}


/* How many make one intent; those that are not here become 0. */

ptn_rc_t
ptn_transfer_slice(ptn_mbox_t *from, ptn_id_t folder, ptn_id_t *ids,
    size_t n, size_t *ret_n)
{
    size_t           i;
    ptn_rc_t         rc;
    uint64_t         size;
    ptn_msg_info_t   m;

    size = 0;

    for (i = 0; i < n && i < PTN_TRANSFER_MESSAGES; i++) {
        rc = ptn_msg_get_id(from, ids[i], &m);

        if (rc == PTN_ENOTFOUND || (rc == PTN_OK && m.folder != folder)) {
            ids[i] = 0;
            continue;
        }

        if (rc != PTN_OK) {
            return rc;
        }

        if (i != 0 && size + m.size > PTN_TRANSFER_BYTES) {
            break;
        }

        size += m.size;
    }

    *ret_n = i;

    return PTN_OK;
}


/* One that may not be taken keeps all where they are. */

static ptn_rc_t
ptn_transfer_rights(ptn_mbox_t *from, ptn_id_t folder, const ptn_id_t *ids,
    size_t n, bool copy)
{
    size_t          i;
    ptn_rc_t        rc;
    ptn_msg_info_t  m;

    for (i = 0; i < n && !from->acting.all; i++) {
        rc = ptn_msg_get_id(from, ids[i], &m);

        if (rc == PTN_OK && m.folder == folder) {
            rc = ptn_rights_take(from, &m, !copy);
        }

        if (rc != PTN_OK && rc != PTN_ENOTFOUND) {
            return rc;
        }
    }

    return PTN_OK;
}


ptn_rc_t
ptn_msg_transfer_mbox(ptn_mbox_t *from_mb, ptn_mbox_t *to_mb,
    ptn_pool_t *pool, ptn_id_t from, const ptn_id_t *ids, size_t n,
    ptn_id_t to, bool copy, ptn_id_t **ret_ids)
{
    size_t         i, some;
    ptn_id_t      *todo, *new_ids;
    ptn_rc_t       rc;
    ptn_folder_t  *f;

    if (from_mb == to_mb || from_mb->store != to_mb->store) {
        return PTN_EINVAL;
    }

    if (from_mb->store->batch != NULL || from_mb->store->failed != PTN_OK) {
        return PTN_EBUSY;
    }

    rc = ptn_rights_need(from_mb, from, 0);

    if (rc == PTN_OK) {
        rc = ptn_rights_need(to_mb, to, PTN_RIGHT_CREATE);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_of(from_mb, from, &f);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_of(to_mb, to, &f);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    todo = ptn_pmemdup(pool, ids, n * sizeof(ptn_id_t));
    new_ids = ptn_pcalloc(pool, (n + 1) * sizeof(ptn_id_t));

    if (todo == NULL || new_ids == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_transfer_rights(from_mb, from, ids, n, copy);
    if (rc != PTN_OK) {
        return rc;
    }

    for (i = 0; i < n; i += some) {
        rc = ptn_transfer_slice(from_mb, from, todo + i, n - i, &some);

        if (rc == PTN_OK) {
            rc = ptn_transfer_some(from_mb, to_mb, from, todo + i, some, to,
                                   copy, new_ids + i);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    *ret_ids = new_ids;

    return PTN_OK;
}


/* ---- what somebody has left --------------------------------------------- */

static ptn_rc_t
ptn_transfer_next(ptn_mbox_t *mb, ptn_pool_t *pool, uint64_t after,
    ptn_intent_t *in)
{
    ptn_rc_t       rc;
    ptn_str_t      key, guid;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_INTENT_LIST, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) after);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    memset(in, 0, sizeof(ptn_intent_t));
    in->n = ptn_sql_u64(st, 0);
    key = ptn_sql_column(st, 1);
    guid = ptn_sql_column(st, 2);
    in->target.address = ptn_str_dup(pool, ptn_sql_column(st, 3));
    in->folder = ptn_sql_u64(st, 4);
    rc = PTN_ECORRUPT;

    if (key.len == sizeof(in->key) && guid.len == 16) {
        memcpy(in->key, key.data, key.len);
        memcpy(in->target.mailbox.b, guid.data, 16);
        rc = PTN_OK;
    }

    sqlite3_reset(st);

    return rc;
}


static ptn_rc_t
ptn_transfer_list(ptn_mbox_t *mb, ptn_pool_t *pool, uint64_t n,
    ptn_id_t **ret_ids, size_t *ret_n)
{
    u_char        *p;
    ptn_rc_t       rc;
    ptn_buf_t      b;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_MOVING_LIST, &rc);
    if (st == NULL) {
        return rc;
    }

    ptn_buf_init(&b, pool);
    sqlite3_bind_int64(st, 1, (sqlite3_int64) n);

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        p = ptn_buf_reserve(&b, sizeof(ptn_id_t));

        if (p != NULL) {
            ptn_id_t  id = ptn_sql_u64(st, 0);

            memcpy(p, &id, sizeof(ptn_id_t));
            b.len += sizeof(ptn_id_t);
        }
    }

    *ret_ids = ptn_pmemdup(pool, b.data, b.len);
    *ret_n = b.len / sizeof(ptn_id_t);

    return (rc == PTN_OK && (b.failed || *ret_ids == NULL)) ? PTN_ENOMEM : rc;
}


static ptn_rc_t
ptn_transfer_again(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_intent_t *in)
{
    size_t        n;
    ptn_id_t     *ids, *new_ids;
    ptn_rc_t      rc;
    ptn_mbox_t   *to;
    ptn_acting_t  was;

    /* as it is now that nobody else is at it */

    ids = NULL;
    n = 0;
    rc = ptn_transfer_list(mb, pool, in->n, &ids, &n);

    if (rc != PTN_OK || n == 0) {
        return rc;
    }

    new_ids = ptn_parray(pool, n, sizeof(ptn_id_t));
    if (new_ids == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_mbox_open_made(mb->store, &in->target, &to);

    /* it was removed: what has not left stays */

    if (rc == PTN_ENOTFOUND) {
        return ptn_transfer_end(mb, in->n, ids, n, false);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_acting_system(to, &was);
    rc = ptn_transfer_finish(mb, to, in, ids, n, true, new_ids);
    ptn_acting_back(to, &was);

    return rc;
}


void
ptn_transfer_replay(ptn_mbox_t *mb)
{
    ptn_rc_t       rc;
    uint64_t       after, now;
    ptn_pool_t    *pool;
    ptn_store_t   *store;
    ptn_intent_t   in;

    store = mb->store;
    now = ptn_time_mono();

    if (store->replaying || store->batch != NULL || store->failed != PTN_OK
        || now < mb->replay_ms)
    {
        return;
    }

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return;
    }

    store->replaying = true;
    after = 0;

    while ((rc = ptn_transfer_next(mb, pool, after, &in)) == PTN_OK) {
        after = in.n;
        rc = ptn_transfer_lock(mb, in.n);

        if (rc == PTN_EBUSY) {
            continue;               /* somebody is at it */
        }

        if (rc == PTN_OK) {
            rc = ptn_transfer_again(mb, pool, &in);
            ptn_transfer_unlock(mb, in.n);
        }

        if (rc != PTN_OK) {
            mb->replay_ms = now + PTN_TRANSFER_AGAIN_MS;
            break;
        }
    }

    if (rc == PTN_ENOTFOUND
        && ptn_folder_transfer_replay(mb, pool) != PTN_OK)
    {
        mb->replay_ms = now + PTN_TRANSFER_AGAIN_MS;
    }

    store->replaying = false;
    ptn_pool_destroy(pool);
}
