/*
 * Deletion of folders (MS-OXCFOLD 3.2.5.3, 3.2.5.9, 3.2.5.10).
 *
 * A folder leaves the tree with all that is below it by turning the parents
 * negative (ptn_upgrade_3.c): softly, to be recovered, or for good, so that
 * its messages can be erased later.  Small ones that go for good are erased at
 * once.
 */

#include "ptn_folder.h"


/* ---- rows --------------------------------------------------------------- */

/* Whoever has not heard of its subfolders' end hears it from `up`. */

static ptn_rc_t
ptn_folder_tombs_up(ptn_mbox_t *mb, ptn_id_t id, ptn_id_t up)
{
    return ptn_sql_run(mb, PTN_SQL_TOMB_UP, 2, id, up);
}


static ptn_rc_t
ptn_folder_told(ptn_txn_t *tx, ptn_id_t id, ptn_id_t parent, ptn_id_t at,
    ptn_cause_e cause, uint64_t born)
{
    ptn_rc_t  rc;
    uint64_t  cn;

    cn = ptn_txn_cn(tx);

    rc = ptn_sql_run(tx->mb, PTN_SQL_TOMB_ADD, 10, at, cn, id,
                     (uint64_t) PTN_TOMB_FOLDER, (uint64_t) cause, id,
                     (uint64_t) 0, (uint64_t) 0, (uint64_t) 0, born);

    return (rc == PTN_OK)
           ? ptn_txn_event(tx, PTN_MBOX_EVENT_FOLDER_DELETED, id, 0, parent,
                           0, cn)
           : rc;
}


/* What could be recovered of its subfolders cannot be any more. */

ptn_rc_t
ptn_folder_erase(ptn_mbox_t *mb, ptn_id_t id)
{
    size_t    i;
    ptn_rc_t  rc;

    static const ptn_sql_e  about[] = {
        PTN_SQL_FOLDER_TOMBS, PTN_SQL_RULE_FORGET, PTN_SQL_RECEIVE_FORGET,
        PTN_SQL_NAME_FORGET, PTN_SQL_FOLDER_MEMBERS, PTN_SQL_FOLDER_READERS,
        PTN_SQL_FOLDER_SEARCH, PTN_SQL_FOUND_CLEAR, PTN_SQL_GONE_FOR_GOOD,
        PTN_SQL_FOLDER_DELETE
    };

    rc = PTN_OK;

    for (i = 0; i < ptn_nelts(about) && rc == PTN_OK; i++) {
        rc = ptn_sql_run(mb, about[i], 1, id);
    }

    return rc;
}


/* ---- out of the tree ---------------------------------------------------- */

static ptn_rc_t
ptn_folder_unlink_one(ptn_txn_t *tx, uint32_t i, ptn_id_t top, ptn_id_t up,
    int64_t at)
{
    ptn_rc_t       rc;
    ptn_set_t     *set;
    ptn_folder_t  *f;

    set = tx->mb->set;
    f = &set->folders[i];

    rc = ptn_folder_tombs_up(tx->mb, f->id, up);

    if (rc == PTN_OK) {
        rc = ptn_folder_told(tx, f->id, f->parent, up,
                             at < 0 ? PTN_CAUSE_HARD : PTN_CAUSE_SOFT,
                             set->more[i].born);
    }

    return (rc == PTN_OK)
           ? ptn_sql_run(tx->mb, f->id == top ? PTN_SQL_FOLDER_GONE_TOP
                                              : PTN_SQL_FOLDER_GONE, 1, f->id)
           : rc;
}


ptn_rc_t
ptn_folder_unlink(ptn_txn_t *tx, ptn_id_t id, int64_t at, int64_t wall)
{
    uint32_t    i;
    ptn_id_t    up;
    ptn_rc_t    rc;
    ptn_set_t  *set;

    set = tx->mb->set;
    up = set->folders[ptn_set_index(set, id)].parent;
    ptn_folder_hier(tx->mb, up);
    rc = ptn_folder_flush(tx->mb);

    /* children stand behind their parents */

    for (i = set->n; i > 0 && rc == PTN_OK; i--) {
        if (ptn_folder_below(tx->mb, set->folders[i - 1].id, id)) {
            rc = ptn_folder_unlink_one(tx, i - 1, id, up, at);
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_run(tx->mb, PTN_SQL_GONE_ADD, 4, id,
                         (uint64_t) PTN_TOMB_FOLDER, (uint64_t) at,
                         (uint64_t) wall);
    }

    return (rc == PTN_OK) ? ptn_folder_reread(tx) : ptn_txn_poison(tx, rc);
}


/* ---- for good, and at once ---------------------------------------------- */

static ptn_rc_t
ptn_folder_erase_all(ptn_mbox_t *mb, ptn_id_t id)
{
    size_t    n;
    ptn_rc_t  rc;

    do {
        rc = ptn_gone_erase_some(mb, id, false, 256, &n);
    } while (rc == PTN_OK && n == 256);

    while (rc == PTN_OK) {
        rc = ptn_gone_erase_some(mb, id, true, 256, &n);

        if (n != 256) {
            break;
        }
    }

    return (rc == PTN_OK) ? ptn_folder_erase(mb, id) : rc;
}


/* Are there few enough messages in the folder and below it? */

static ptn_rc_t
ptn_folder_is_small(ptn_mbox_t *mb, ptn_id_t id, bool *ret_small)
{
    uint32_t       i;
    uint64_t       n;
    ptn_rc_t       rc;
    ptn_set_t     *set;
    sqlite3_stmt  *st;

    set = mb->set;
    n = 0;

    for (i = 0; i < set->n && n <= PTN_FOLDER_AT_ONCE; i++) {
        if (!ptn_folder_below(mb, set->folders[i].id, id)) {
            continue;
        }

        st = ptn_sql(mb, PTN_SQL_FOLDER_LOAD, &rc);
        if (st == NULL) {
            return rc;
        }

        sqlite3_bind_int64(st, 1, (sqlite3_int64) set->folders[i].id);
        sqlite3_bind_int64(st, 2, PTN_FOLDER_AT_ONCE + 1);
        rc = ptn_sql_step(mb, st);

        if (rc != PTN_AGAIN) {
            return (rc == PTN_OK) ? PTN_EINTERNAL : rc;
        }

        n += ptn_sql_u64(st, 0);
        sqlite3_reset(st);
    }

    *ret_small = (n <= PTN_FOLDER_AT_ONCE);

    return PTN_OK;
}


static ptn_rc_t
ptn_folder_delete_all(ptn_txn_t *tx, ptn_id_t id)
{
    bool           small;
    uint32_t       i;
    ptn_rc_t       rc;
    ptn_set_t     *set;
    ptn_folder_t  *f;

    set = tx->mb->set;
    small = false;
    rc = ptn_folder_is_small(tx->mb, id, &small);

    if (rc != PTN_OK) {
        return rc;
    }

    if (!small) {
        tx->mb->tidy_ms = 0;
        return ptn_folder_unlink(tx, id, -1, ptn_msg_now());
    }

    ptn_folder_hier(tx->mb, set->folders[ptn_set_index(set, id)].parent);
    rc = ptn_folder_flush(tx->mb);

    for (i = set->n; i > 0 && rc == PTN_OK; i--) {
        f = &set->folders[i - 1];

        if (!ptn_folder_below(tx->mb, f->id, id)) {
            continue;
        }

        rc = ptn_folder_tombs_up(tx->mb, f->id, f->parent);

        if (rc == PTN_OK) {
            rc = ptn_folder_erase_all(tx->mb, f->id);
        }

        if (rc == PTN_OK) {
            rc = ptn_folder_told(tx, f->id, f->parent, f->parent,
                                 PTN_CAUSE_HARD, set->more[i - 1].born);
        }
    }

    return (rc == PTN_OK) ? ptn_folder_reread(tx) : ptn_txn_poison(tx, rc);
}


/* ---- calls -------------------------------------------------------------- */

/* Nothing special in it.  *ret_children: it has subfolders. */

static ptn_rc_t
ptn_folder_may_go(ptn_mbox_t *mb, ptn_id_t id, bool *ret_children)
{
    uint32_t       i;
    ptn_rc_t       rc;
    ptn_set_t     *set;
    ptn_folder_t  *f;

    rc = ptn_folder_of(mb, id, &f);
    if (rc != PTN_OK) {
        return rc;
    }

    set = mb->set;
    *ret_children = false;

    for (i = 0; i < set->n; i++) {
        f = &set->folders[i];

        if (f->id != id && ptn_folder_below(mb, f->id, id)) {
            *ret_children = true;

        } else if (f->id != id) {
            continue;
        }

        if (f->special != PTN_FOLDER_NONE) {
            return PTN_EDENIED;
        }
    }

    return PTN_OK;
}


ptn_rc_t
ptn_folder_delete(ptn_txn_t *tx, ptn_id_t id, bool recursive)
{
    bool           children;
    ptn_rc_t       rc;
    ptn_folder_t  *f;

    rc = ptn_txn_need(tx, id, PTN_RIGHT_OWNER);

    if (rc == PTN_OK && recursive) {
        rc = ptn_rights_below(tx->mb, id, PTN_RIGHT_OWNER);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, id, &f);
    }

    if (rc == PTN_OK && f->special != PTN_FOLDER_NONE) {
        rc = PTN_EDENIED;
    }

    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_folder_may_go(tx->mb, id, &children);

    if ((rc == PTN_OK || rc == PTN_EDENIED) && children && !recursive) {
        rc = PTN_ENOTEMPTY;
    }

    return (rc == PTN_OK) ? ptn_folder_delete_all(tx, id) : rc;
}


static ptn_rc_t
ptn_folder_go(ptn_txn_t *tx, ptn_id_t id, bool hard)
{
    int64_t   lived;
    ptn_rc_t  rc;

    if (hard) {
        return ptn_folder_delete_all(tx, id);
    }

    rc = ptn_lived_advance(tx, &lived);

    return (rc == PTN_OK) ? ptn_folder_unlink(tx, id, lived, ptn_msg_now())
                          : ptn_txn_poison(tx, rc);
}


ptn_rc_t
ptn_folder_remove(ptn_txn_t *tx, ptn_id_t id, unsigned flags,
    bool *ret_partial)
{
    bool           children;
    ptn_rc_t       rc;
    ptn_folder_t  *f;

    rc = ptn_txn_need(tx, id, PTN_RIGHT_OWNER);

    if (rc == PTN_OK && (flags & PTN_REMOVE_FOLDERS)) {
        rc = ptn_rights_below(tx->mb, id, PTN_RIGHT_OWNER);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, id, &f);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_may_go(tx->mb, id, &children);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    *ret_partial = (!(flags & PTN_REMOVE_MESSAGES) && f->total != 0)
                   || (!(flags & PTN_REMOVE_FOLDERS) && children);

    return *ret_partial ? PTN_OK
                        : ptn_folder_go(tx, id, flags & PTN_REMOVE_HARD);
}


/* ---- emptying ----------------------------------------------------------- */

static ptn_rc_t
ptn_folder_clear_children(ptn_txn_t *tx, ptn_id_t id, bool hard,
    bool *ret_partial)
{
    uint32_t   i, from;
    ptn_id_t   child;
    ptn_rc_t   rc;
    bool       children;

    for (from = 0; /* void */ ; /* void */ ) {

        /* the set is another after each */

        for (i = from; i < tx->mb->set->n; i++) {
            if (tx->mb->set->folders[i].parent == id) {
                break;
            }
        }

        if (i == tx->mb->set->n) {
            return PTN_OK;
        }

        child = tx->mb->set->folders[i].id;
        rc = ptn_rights_below(tx->mb, child, PTN_RIGHT_OWNER);

        if (rc == PTN_OK) {
            rc = ptn_folder_may_go(tx->mb, child, &children);
        }

        /* also one that it does not see */

        if (rc == PTN_EDENIED || rc == PTN_ENOTFOUND) {
            *ret_partial |= (rc == PTN_EDENIED);
            from = i + 1;
            continue;
        }

        if (rc == PTN_OK) {
            rc = ptn_folder_go(tx, child, hard);
        }

        if (rc == PTN_OK) {
            rc = ptn_mbox_set(tx->mb);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }
}


static ptn_rc_t
ptn_folder_clear_ids(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t id, bool fai,
    size_t max, ptn_id_t **ret_ids, size_t *ret_n)
{
    size_t         n, nhidden;
    ptn_id_t      *ids, *hidden;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    rc = ptn_mark_hidden(tx->mb, pool, id, &hidden, &nhidden);
    if (rc != PTN_OK) {
        return rc;
    }

    ids = ptn_parray(pool, max, sizeof(ptn_id_t));
    st = ptn_sql(tx->mb, fai ? PTN_SQL_MSG_SOME : PTN_SQL_MSG_SOME_SEEN, &rc);

    if (ids == NULL || st == NULL) {
        return (ids == NULL) ? PTN_ENOMEM : rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) (max + nhidden));

    for (n = 0; (rc = ptn_sql_step(tx->mb, st)) == PTN_AGAIN; ) {
        if (n < max
            && !ptn_mark_hides(hidden, nhidden, ptn_sql_u64(st, 0)))
        {
            ids[n++] = ptn_sql_u64(st, 0);
        }
    }

    *ret_ids = ids;
    *ret_n = n;

    return rc;
}


ptn_rc_t
ptn_folder_clear(ptn_txn_t *tx, ptn_id_t id, unsigned flags, size_t max,
    bool *ret_partial, bool *ret_more)
{
    bool           hard, partial;
    size_t         n;
    ptn_id_t      *ids;
    ptn_rc_t       rc;
    ptn_pool_t    *pool;
    ptn_folder_t  *f;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_rights_need(tx->mb, id, PTN_RIGHT_DELETE_ANY);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, id, &f);
    }

    if (rc == PTN_OK && (f->special == PTN_FOLDER_ROOT || f->search)) {
        return PTN_ESUPPORT;            /* R1248, R1249 */
    }

    if (rc != PTN_OK) {
        return rc;
    }

    hard = (flags & PTN_REMOVE_HARD) != 0;
    partial = false;
    ids = NULL;
    n = 0;
    max = ptn_max(ptn_min(max, (size_t) 10000), (size_t) 1);
    rc = ptn_folder_clear_children(tx, id, hard, &partial);

    if (rc != PTN_OK) {
        return rc;
    }

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_folder_clear_ids(tx, pool, id, flags & PTN_REMOVE_FAI, max, &ids,
                              &n);

    if (rc == PTN_OK) {
        rc = hard ? ptn_msg_expunge_ids(tx, ids, n)
                  : ptn_msg_gone_ids(tx, ids, n);
    }

    ptn_pool_destroy(pool);

    if (rc == PTN_OK) {
        *ret_partial = partial;
        *ret_more = (n == max);
    }

    return rc;
}
