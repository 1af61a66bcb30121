/*
 * Messages that can be recovered: rows of message with folder = -(its folder)
 * and a row in gone (ptn_upgrade_3.c).  Their modseq is that of the deletion.
 */

#include "ptn_folder.h"
#include "ptn_msg.h"


#define PTN_GONE_AT_ONCE   100          /* messages, by an idle executor */
#define PTN_GONE_LIST_MAX  10000


static uint64_t
ptn_gone_key(ptn_id_t folder)
{
    return (uint64_t) -(int64_t) folder;
}


/* ---- rows --------------------------------------------------------------- */

ptn_rc_t
ptn_msg_get_any(ptn_mbox_t *mb, ptn_id_t id, ptn_msg_info_t *m)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_MSG_BY_ID, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    ptn_item_read_info(st, m);
    sqlite3_reset(st);

    return PTN_OK;
}


/* One that can be recovered; m->folder is where it was. */

static ptn_rc_t
ptn_gone_get(ptn_mbox_t *mb, ptn_id_t id, ptn_msg_info_t *m)
{
    ptn_rc_t  rc;

    rc = ptn_msg_get_any(mb, id, m);

    if (rc == PTN_OK) {
        if ((int64_t) m->folder >= 0) {
            return PTN_ENOTFOUND;
        }

        m->folder = ptn_gone_key(m->folder);
    }

    return rc;
}


/* ---- deleting ----------------------------------------------------------- */

ptn_rc_t
ptn_msg_gone_one(ptn_txn_t *tx, ptn_folder_t *f, ptn_msg_info_t *m,
    int64_t at, int64_t wall)
{
    ptn_rc_t     rc;
    uint64_t     cn;
    ptn_mbox_t  *mb;

    mb = tx->mb;
    cn = ptn_txn_cn(tx);

    rc = ptn_msg_tomb(mb, m, cn, PTN_CAUSE_SOFT, 0);

    if (rc == PTN_OK) {
        rc = ptn_sql_run(mb, PTN_SQL_GONE_MSG, 3, m->folder,
                         (uint64_t) m->uid, cn);
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_run(mb, PTN_SQL_GONE_ADD, 4, m->id,
                         (uint64_t) PTN_TOMB_MESSAGE, (uint64_t) at,
                         (uint64_t) wall);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_event(tx, PTN_MBOX_EVENT_DELETED, m->folder, m->id, 0,
                           m->mid, cn);
    }

    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    ptn_msg_count(mb, f, m, -1);
    mb->set->more[f - mb->set->folders].removed++;
    ptn_folder_touch(mb, f, cn);

    return PTN_OK;
}


ptn_rc_t
ptn_msg_gone_ids(ptn_txn_t *tx, const ptn_id_t *ids, size_t n)
{
    size_t           i;
    int64_t          lived, wall;
    ptn_rc_t         rc;
    ptn_folder_t    *f;
    ptn_msg_info_t   m;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(tx->mb);
    }

    if (rc != PTN_OK || n == 0) {
        return rc;
    }

    rc = ptn_lived_advance(tx, &lived);
    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    wall = ptn_msg_now();

    for (i = 0; i < n; i++) {
        rc = ptn_msg_get_id(tx->mb, ids[i], &m);

        if (rc == PTN_ENOTFOUND) {
            continue;
        }

        if (rc == PTN_OK) {
            rc = ptn_rights_delete(tx->mb, &m);

            if (rc == PTN_ENOTFOUND) {
                continue;
            }
        }

        if (rc == PTN_OK) {
            rc = ptn_folder_of(tx->mb, m.folder, &f);
        }

        rc = (rc == PTN_OK) ? ptn_msg_gone_one(tx, f, &m, lived, wall)
                            : ptn_txn_poison(tx, rc);

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


ptn_rc_t
ptn_msg_gone(ptn_txn_t *tx, ptn_id_t folder, const uint32_t *uids, size_t n)
{
    size_t           i;
    int64_t          lived, wall;
    ptn_rc_t         rc;
    ptn_folder_t    *f;
    ptn_msg_info_t   m;

    rc = ptn_txn_need(tx, folder, 0);

    if (rc != PTN_OK || n == 0) {
        return rc;
    }

    rc = ptn_lived_advance(tx, &lived);
    wall = ptn_msg_now();

    for (i = 0; i < n && rc == PTN_OK; i++) {
        rc = ptn_msg_get(tx->mb, folder, uids[i], &m);

        if (rc == PTN_OK) {
            rc = ptn_rights_delete(tx->mb, &m);
        }

        if (rc == PTN_OK) {
            rc = ptn_folder_of(tx->mb, m.folder, &f);
        }

        if (rc == PTN_OK) {
            rc = ptn_msg_gone_one(tx, f, &m, lived, wall);

        } else if (rc == PTN_ENOTFOUND) {
            rc = PTN_OK;
        }
    }

    return (rc == PTN_OK) ? PTN_OK : ptn_txn_poison(tx, rc);
}


/* ---- what there is ------------------------------------------------------ */

ptn_rc_t
ptn_gone_list(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder, bool fai,
    uint64_t after, size_t max, ptn_gone_t **ret_rows, size_t *ret_n)
{
    size_t         n, nhidden;
    ptn_id_t       id, *hidden;
    ptn_rc_t       rc;
    ptn_gone_t    *rows;
    sqlite3_stmt  *st;

    rc = ptn_rights_need(mb, folder, PTN_RIGHT_READ_ANY);

    if (rc == PTN_OK) {
        rc = ptn_mark_hidden(mb, pool, ptn_gone_key(folder), &hidden,
                             &nhidden);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    max = ptn_min(max, (size_t) PTN_GONE_LIST_MAX);

    rows = ptn_parray(pool, max, sizeof(ptn_gone_t));
    st = ptn_sql(mb, PTN_SQL_GONE_LIST, &rc);

    if (rows == NULL || st == NULL) {
        return (rows == NULL) ? PTN_ENOMEM : rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) ptn_gone_key(folder));
    sqlite3_bind_int64(st, 2, (sqlite3_int64) after);
    sqlite3_bind_int(st, 3, fai);
    sqlite3_bind_int64(st, 4, (sqlite3_int64) (max + nhidden));

    for (n = 0; (rc = ptn_sql_step(mb, st)) == PTN_AGAIN; ) {
        id = ptn_sql_u64(st, 0);

        if (n == max || ptn_mark_hides(hidden, nhidden, id)) {
            continue;
        }

        rows[n].id = id;
        rows[n].mid = ptn_sql_u64(st, 1);
        rows[n].folder = folder;
        rows[n].modseq = ptn_sql_u64(st, 2);
        rows[n].size = ptn_sql_u64(st, 3);
        rows[n].flags = (uint32_t) ptn_sql_u64(st, 4);
        rows[n].fai = fai;
        rows[n++].deleted = sqlite3_column_int64(st, 5);
    }

    if (rc == PTN_OK) {
        *ret_rows = rows;
        *ret_n = n;
    }

    return rc;
}


ptn_rc_t
ptn_gone_by_mid(ptn_mbox_t *mb, ptn_id_t folder, ptn_id_t mid,
    ptn_id_t *ret_id)
{
    ptn_rc_t        rc;
    sqlite3_stmt   *st;
    ptn_msg_info_t  m;

    rc = folder ? ptn_rights_need(mb, folder, 0) : ptn_mbox_set(mb);

    if (rc == PTN_OK && folder == 0) {
        rc = ptn_rights_full(mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_MSG_BY_MID, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) mid);

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        if (folder ? ptn_sql_u64(st, 1) == ptn_gone_key(folder)
                   : sqlite3_column_int64(st, 1) < 0)
        {
            m.id = ptn_sql_u64(st, 0);
            m.folder = ptn_gone_key(ptn_sql_u64(st, 1));
            sqlite3_reset(st);
            rc = ptn_rights_read(mb, &m);

            if (rc == PTN_OK) {
                *ret_id = m.id;
            }

            return rc;
        }
    }

    return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
}


ptn_rc_t
ptn_gone_open(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id,
    ptn_msg_t **ret_msg)
{
    ptn_rc_t    rc;
    ptn_msg_t  *msg;

    rc = ptn_mbox_set(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    msg = ptn_pcalloc(pool, sizeof(ptn_msg_t));
    if (msg == NULL) {
        return PTN_ENOMEM;
    }

    msg->mb = mb;
    msg->pool = pool;
    rc = ptn_gone_get(mb, id, &msg->info);

    if (rc == PTN_OK) {
        rc = ptn_rights_read(mb, &msg->info);
    }

    if (rc == PTN_OK) {
        *ret_msg = msg;
    }

    return rc;
}


ptn_rc_t
ptn_gone_count(ptn_mbox_t *mb, ptn_id_t folder, ptn_gone_count_t *ret_count)
{
    ptn_rc_t           rc;
    sqlite3_stmt      *st;
    ptn_gone_count_t   c;

    rc = folder ? ptn_rights_need(mb, folder, PTN_RIGHT_VISIBLE)
                : ptn_mbox_set(mb);

    if (rc == PTN_OK && folder == 0) {
        rc = ptn_rights_full(mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    memset(&c, 0, sizeof(c));

    st = ptn_sql(mb, folder ? PTN_SQL_GONE_COUNT : PTN_SQL_GONE_COUNT_ALL,
                 &rc);
    if (st == NULL) {
        return rc;
    }

    if (folder != 0) {
        sqlite3_bind_int64(st, 1, (sqlite3_int64) ptn_gone_key(folder));
    }

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        if (ptn_sql_u64(st, 0)) {
            c.fai = ptn_sql_u64(st, 1);
            c.fai_size = ptn_sql_u64(st, 2);

        } else {
            c.messages = ptn_sql_u64(st, 1);
            c.size = ptn_sql_u64(st, 2);
        }
    }

    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_GONE_FOLDER_COUNT, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) ptn_gone_key(folder));
    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        c.folders = ptn_sql_u64(st, 0);
        sqlite3_reset(st);
        rc = PTN_OK;
    }

    if (rc == PTN_OK) {
        *ret_count = c;
    }

    return rc;
}


/* ---- recovering --------------------------------------------------------- */

static ptn_rc_t
ptn_gone_back(ptn_txn_t *tx, ptn_folder_t *to, ptn_msg_info_t *m)
{
    ptn_rc_t     rc;
    ptn_id_t     from;
    uint32_t     uid;
    ptn_mbox_t  *mb;

    mb = tx->mb;
    from = ptn_gone_key(m->folder);
    uid = m->uid;
    m->cn = ptn_txn_cn(tx);
    m->mid = ptn_txn_oid(tx);
    m->uid = to->uidnext++;
    m->folder = to->id;

    rc = ptn_sql_run(mb, PTN_SQL_MSG_MOVE, 8, from, (uint64_t) uid, to->id,
                     (uint64_t) m->uid, m->mid, m->cn, m->cn, m->cn);

    if (rc == PTN_OK) {
        rc = ptn_view_late(mb, to->id, m->uid, m->received, m->fai);
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_run(mb, PTN_SQL_GONE_DELETE, 1, m->id);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_event(tx, PTN_MBOX_EVENT_NEW, to->id, m->id, 0, 0,
                           m->cn);
    }

    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    ptn_msg_count(mb, to, m, 1);
    ptn_folder_touch(mb, to, m->cn);

    return PTN_OK;
}


/* Its place: `to`, its own folder, or the Inbox. */

static ptn_rc_t
ptn_gone_place(ptn_mbox_t *mb, ptn_id_t to, const ptn_msg_info_t *m,
    ptn_folder_t **ret_f)
{
    ptn_rc_t  rc;

    rc = ptn_folder_of(mb, to ? to : m->folder, ret_f);

    return (rc == PTN_ENOTFOUND && to == 0)
           ? ptn_folder_of(mb, mb->set->special[PTN_FOLDER_INBOX], ret_f) : rc;
}


/* All is known before anything changes. */

static ptn_rc_t
ptn_gone_recover_check(ptn_txn_t *tx, const ptn_id_t *ids, size_t n,
    ptn_id_t to, ptn_msg_info_t *all)
{
    size_t         i;
    ptn_rc_t       rc;
    uint64_t       size;
    ptn_folder_t  *f;

    size = 0;
    f = NULL;

    for (i = 0; i < n; i++) {
        rc = ptn_gone_get(tx->mb, ids[i], &all[i]);

        if (rc == PTN_OK) {
            rc = ptn_rights_take(tx->mb, &all[i], true);
        }

        if (rc == PTN_ENOTFOUND) {
            all[i].id = 0;
            continue;
        }

        if (rc == PTN_OK) {
            rc = ptn_gone_place(tx->mb, to, &all[i], &f);
        }

        if (rc == PTN_OK) {
            rc = ptn_rights_need(tx->mb, f->id, PTN_RIGHT_CREATE);
        }

        if (rc == PTN_OK) {
            size += all[i].size;
            rc = ptn_msg_room(tx->mb, f, n, size);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


ptn_rc_t
ptn_gone_recover(ptn_txn_t *tx, ptn_pool_t *pool, const ptn_id_t *ids,
    size_t n, ptn_id_t to, ptn_id_t **ret_ids)
{
    size_t           i;
    ptn_id_t        *new_ids;
    ptn_rc_t         rc;
    ptn_folder_t    *f;
    ptn_msg_info_t  *all, m;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(tx->mb);
    }

    if (rc == PTN_OK && to != 0) {
        rc = ptn_folder_of(tx->mb, to, &f);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    new_ids = ptn_pcalloc(pool, ptn_max(n, (size_t) 1) * sizeof(ptn_id_t));
    all = ptn_parray(pool, n, sizeof(ptn_msg_info_t));

    if (new_ids == NULL || all == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_gone_recover_check(tx, ids, n, to, all);
    if (rc != PTN_OK) {
        return rc;
    }

    for (i = 0; i < n; i++) {

        /* one that is named twice comes once */

        if (all[i].id == 0 || ptn_gone_get(tx->mb, all[i].id, &m) != PTN_OK) {
            continue;
        }

        rc = ptn_gone_place(tx->mb, to, &all[i], &f);

        if (rc == PTN_OK) {
            rc = ptn_gone_back(tx, f, &all[i]);
        }

        if (rc != PTN_OK) {
            return ptn_txn_poison(tx, rc);
        }

        new_ids[i] = all[i].id;
    }

    *ret_ids = new_ids;

    return PTN_OK;
}


/* ---- for good ----------------------------------------------------------- */

static ptn_rc_t
ptn_gone_erase(ptn_mbox_t *mb, const ptn_msg_info_t *m)
{
    ptn_rc_t  rc;

    rc = ptn_msg_erase(mb, ptn_gone_key(m->folder), m->uid, m->id,
                       m->content);

    return (rc == PTN_OK) ? ptn_sql_run(mb, PTN_SQL_GONE_DELETE, 1, m->id)
                          : rc;
}


ptn_rc_t
ptn_gone_expunge_ids(ptn_txn_t *tx, const ptn_id_t *ids, size_t n)
{
    size_t          i;
    ptn_rc_t        rc;
    ptn_msg_info_t  m;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(tx->mb);
    }

    for (i = 0; i < n && rc == PTN_OK; i++) {
        rc = ptn_gone_get(tx->mb, ids[i], &m);

        if (rc == PTN_ENOTFOUND) {
            rc = PTN_OK;
            continue;
        }

        if (rc == PTN_OK) {
            rc = ptn_rights_delete(tx->mb, &m);

            if (rc == PTN_ENOTFOUND) {
                rc = PTN_OK;
                continue;
            }
        }

        if (rc == PTN_OK) {
            rc = ptn_gone_erase(tx->mb, &m);
        }

        if (rc != PTN_OK) {
            return ptn_txn_poison(tx, rc);
        }

        /* no number moves, but other processes must look again */

        tx->mb->meta.dirty = true;
    }

    return rc;
}


ptn_rc_t
ptn_gone_erase_some(ptn_mbox_t *mb, ptn_id_t folder, bool gone, size_t max,
    size_t *ret_n)
{
    size_t          i, n;
    ptn_id_t        key;
    ptn_rc_t        rc;
    sqlite3_stmt   *st;
    ptn_msg_info_t  m[256];

    key = gone ? ptn_gone_key(folder) : folder;
    max = ptn_min(max, ptn_nelts(m));
    *ret_n = 0;

    st = ptn_sql(mb, PTN_SQL_MSG_SOME, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) key);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) max);

    for (n = 0; (rc = ptn_sql_step(mb, st)) == PTN_AGAIN; ) {
        if (n < max) {
            m[n].id = ptn_sql_u64(st, 0);
            m[n].uid = (uint32_t) ptn_sql_u64(st, 1);
            m[n].content = ptn_sql_u64(st, 2);
            m[n++].folder = folder;
        }
    }

    for (i = 0; i < n && rc == PTN_OK; i++) {
        rc = gone ? ptn_gone_erase(mb, &m[i])
                  : ptn_msg_erase(mb, key, m[i].uid, m[i].id, m[i].content);
    }

    *ret_n = n;

    return rc;
}


/* ---- what was kept long enough ------------------------------------------ */

/*
 * The deepest folder first; *ret_done: the topmost has been removed.  Levels
 * are counted, for the rows come from a file.
 */

static ptn_rc_t
ptn_gone_purge_folder(ptn_mbox_t *mb, ptn_id_t top, size_t *budget,
    bool *ret_done)
{
    size_t         n, erased;
    ptn_id_t       id;
    ptn_rc_t       rc;
    unsigned       level;
    sqlite3_stmt  *st;

    *ret_done = false;
    id = top;

    for (level = 0; level < 2 * PTN_FOLDER_DEPTH_MAX; level++) {
        st = ptn_sql(mb, PTN_SQL_GONE_CHILD, &rc);
        if (st == NULL) {
            return rc;
        }

        sqlite3_bind_int64(st, 1, (sqlite3_int64) ptn_gone_key(id));
        rc = ptn_sql_step(mb, st);

        if (rc != PTN_AGAIN) {
            break;
        }

        id = ptn_sql_u64(st, 0);
        sqlite3_reset(st);
        rc = PTN_OK;
    }

    erased = 0;

    /* from now on it is not whole */

    if (rc == PTN_OK) {
        rc = ptn_sql_run(mb, PTN_SQL_GONE_NEVER, 1, top);
    }

    if (rc == PTN_OK) {
        rc = ptn_gone_erase_some(mb, id, false, *budget, &n);
        erased = n;
    }

    if (rc == PTN_OK && erased < *budget) {
        rc = ptn_gone_erase_some(mb, id, true, *budget - erased, &n);
        erased += n;
    }

    if (rc != PTN_OK || erased >= *budget) {
        *budget = 0;
        return rc;
    }

    *budget -= erased + 1;
    *ret_done = (id == top);

    rc = ptn_folder_erase(mb, id);

    return (rc == PTN_OK && id == top)
           ? ptn_sql_run(mb, PTN_SQL_GONE_DELETE, 1, id) : rc;
}


static ptn_rc_t
ptn_gone_purge_some(ptn_mbox_t *mb, int64_t due, bool *ret_more)
{
    bool             done;
    size_t           budget;
    ptn_id_t         id;
    ptn_rc_t         rc;
    uint64_t         kind;
    sqlite3_stmt    *st;
    ptn_msg_info_t   m;

    *ret_more = false;

    for (budget = PTN_GONE_AT_ONCE; budget > 0; /* void */ ) {
        st = ptn_sql(mb, PTN_SQL_GONE_DUE, &rc);
        if (st == NULL) {
            return rc;
        }

        sqlite3_bind_int64(st, 1, due);
        rc = ptn_sql_step(mb, st);

        if (rc != PTN_AGAIN) {
            return rc;
        }

        id = ptn_sql_u64(st, 0);
        kind = ptn_sql_u64(st, 1);
        sqlite3_reset(st);

        if (kind == PTN_TOMB_FOLDER) {
            rc = ptn_gone_purge_folder(mb, id, &budget, &done);

        } else {
            rc = ptn_gone_get(mb, id, &m);

            if (rc == PTN_OK) {
                rc = ptn_gone_erase(mb, &m);

            } else if (rc == PTN_ENOTFOUND) {
                rc = ptn_sql_run(mb, PTN_SQL_GONE_DELETE, 1, id);
            }

            budget--;
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    *ret_more = true;

    return PTN_OK;
}


bool
ptn_gone_purge(ptn_mbox_t *mb, int64_t lived)
{
    bool                                  more;
    int64_t                               due;
    ptn_rc_t                              rc;
    sqlite3_stmt                         *st;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    due = lived - (int64_t) mb->store->conf->deleted_retention;
    due = ptn_max(due, (int64_t) -1);
    more = false;

    st = ptn_sql(mb, PTN_SQL_GONE_DUE, &rc);
    if (st == NULL) {
        return false;
    }

    sqlite3_bind_int64(st, 1, due);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return false;
    }

    sqlite3_reset(st);
    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_gone_purge_some(mb, due, &more);
        mb->meta.dirty = true;
    }

    return ptn_batch_end(mb, &tx, rc) == PTN_OK && more;
}
