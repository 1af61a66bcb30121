/*
 * Messages of one mailbox, copied and moved by their uids.
 *
 * A copy is a message of its own with the same content; what is moved keeps
 * its row and leaves a tombstone.  Each takes a change number and a uid.
 */

#include "ptn_folder.h"
#include "ptn_item.h"


/* item's second row for a copy, whose large properties it shares. */

static ptn_rc_t
ptn_msg_copy_item(ptn_mbox_t *mb, ptn_id_t from, ptn_id_t to)
{
    u_char         large[64 * PTN_ITEM_LARGE], refers[PTN_REFER_SIZE];
    ptn_rc_t       rc;
    uint64_t       key;
    ptn_str_t      s, r;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_ITEM_COPY, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) from);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) to);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ECORRUPT : rc;
    }

    s = ptn_sql_column(st, 0);
    s.len = ptn_min(s.len, sizeof(large));

    if (s.len != 0) {
        memcpy(large, s.data, s.len);
    }

    r = ptn_sql_column(st, 1);
    r.len = ptn_min(r.len, sizeof(refers));

    if (r.len != 0) {
        memcpy(refers, r.data, r.len);
    }

    /* one that has none yet would not get it here */

    key = ptn_refer_key(ptn_sql_column(st, 2));
    sqlite3_reset(st);

    rc = ptn_item_large_refs(mb, ptn_str_make(large, s.len), true);

    if (rc == PTN_OK && key != 0) {
        rc = ptn_sql_run(mb, PTN_SQL_REFER_KEY, 2, to, key);
    }

    return (rc == PTN_OK)
           ? ptn_refer_put(mb, to, ptn_str_make(refers, r.len), true) : rc;
}


ptn_rc_t
ptn_msg_copy_one(ptn_txn_t *tx, ptn_folder_t *to, ptn_id_t from,
    ptn_msg_info_t *m)
{
    ptn_id_t     old;
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    mb = tx->mb;
    old = m->id;
    m->id = ptn_txn_oid(tx);
    m->mid = m->id;
    m->cn = ptn_txn_cn(tx);
    m->read_cn = m->cn;
    m->modseq = m->cn;
    m->born = m->cn;
    m->folder = to->id;
    m->uid = to->uidnext++;

    rc = ptn_msg_insert(mb, m);

    if (rc == PTN_OK) {
        rc = ptn_msg_copy_item(mb, old, m->id);
    }

    if (rc == PTN_OK) {
        rc = ptn_mark_add(mb, m->id, old);
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_run(mb, PTN_SQL_SHARE_ADD, 1, m->content);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_event(tx, PTN_MBOX_EVENT_COPIED, to->id, m->id, from, old,
                           m->cn);
    }

    ptn_msg_count(mb, to, m, 1);
    ptn_folder_touch(mb, to, m->modseq);

    return rc;
}


ptn_rc_t
ptn_msg_move_one(ptn_txn_t *tx, ptn_folder_t *to, ptn_folder_t *from,
    ptn_msg_info_t *m)
{
    ptn_id_t     mid;
    ptn_rc_t     rc;
    uint64_t     cn;
    uint32_t     uid;
    ptn_mbox_t  *mb;

    mb = tx->mb;
    cn = ptn_txn_cn(tx);
    mid = ptn_txn_oid(tx);
    uid = to->uidnext++;

    rc = ptn_msg_tomb(mb, m, cn, PTN_CAUSE_MOVE, to->id);

    if (rc == PTN_OK) {
        rc = ptn_sql_run(mb, PTN_SQL_MSG_MOVE, 8, from->id,
                         (uint64_t) m->uid, to->id, (uint64_t) uid, mid, cn,
                         cn, cn);
    }

    if (rc == PTN_OK) {
        rc = ptn_view_late(mb, to->id, uid, m->received, m->fai);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_event(tx, PTN_MBOX_EVENT_MOVED, to->id, m->id, from->id,
                           m->mid, cn);
    }

    ptn_msg_count(mb, from, m, -1);
    ptn_folder_touch(mb, from, cn);
    m->folder = to->id;
    m->uid = uid;
    m->mid = mid;
    m->cn = m->read_cn = m->modseq = m->born = cn;
    ptn_msg_count(mb, to, m, 1);
    ptn_folder_touch(mb, to, cn);

    return rc;
}


/* What moves takes no room, and may move where there is none. */

ptn_rc_t
ptn_msg_take_room(ptn_mbox_t *mb, const ptn_folder_t *target, size_t n,
    uint64_t size, bool move)
{
    ptn_rc_t  rc;

    rc = ptn_msg_room(mb, target, n, move ? 0 : size);

    return (rc == PTN_EQUOTA && move) ? PTN_OK : rc;
}


ptn_rc_t
ptn_msg_take_one(ptn_txn_t *tx, ptn_folder_t *target, ptn_msg_info_t *m,
    bool move)
{
    ptn_rc_t       rc;
    ptn_folder_t  *source;

    rc = ptn_folder_of(tx->mb, m->folder, &source);

    if (rc == PTN_OK) {
        rc = move ? ptn_msg_move_one(tx, target, source, m)
                  : ptn_msg_copy_one(tx, target, source->id, m);
    }

    return (rc == PTN_OK) ? PTN_OK : ptn_txn_poison(tx, rc);
}


ptn_rc_t
ptn_msg_take_begin(ptn_txn_t *tx, ptn_id_t from, ptn_id_t to,
    ptn_folder_t **ret_target)
{
    ptn_rc_t       rc;
    ptn_folder_t  *source;

    rc = ptn_txn_need(tx, from, 0);

    if (rc == PTN_OK) {
        rc = ptn_rights_need(tx->mb, to, PTN_RIGHT_CREATE);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, from, &source);
    }

    return (rc == PTN_OK) ? ptn_folder_of(tx->mb, to, ret_target) : rc;
}


static ptn_rc_t
ptn_msg_transfer(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t from,
    const uint32_t *uids, size_t n, ptn_id_t to, bool move,
    uint32_t **ret_uids)
{
    bool             moving;
    size_t           i, found;
    ptn_rc_t         rc;
    uint32_t        *new_uids;
    uint64_t         size;
    ptn_folder_t    *target;
    ptn_msg_info_t  *all;

    rc = ptn_msg_take_begin(tx, from, to, &target);

    if (rc != PTN_OK) {
        return rc;
    }

    new_uids = ptn_parray(pool, n, sizeof(uint32_t));
    all = ptn_parray(pool, n, sizeof(ptn_msg_info_t));

    if (new_uids == NULL || all == NULL) {
        return PTN_ENOMEM;
    }

    /* all is known before anything changes */

    for (i = 0, size = 0, found = 0; i < n; i++) {
        all[i].uid = 0;
        rc = ptn_msg_get(tx->mb, from, uids[i], &all[i]);
        moving = false;

        if (rc == PTN_OK) {
            rc = ptn_rights_take(tx->mb, &all[i], move);

            if (rc == PTN_EDENIED) {
                return rc;
            }
        }

        if (rc == PTN_OK && move) {
            rc = ptn_msg_moving(tx->mb, all[i].id, &moving);
        }

        if (moving) {
            all[i].uid = 0;

        } else if (rc == PTN_OK) {
            size += all[i].size;
            found++;

        } else if (rc != PTN_ENOTFOUND) {
            return ptn_txn_poison(tx, rc);
        }
    }

    rc = ptn_msg_take_room(tx->mb, target, found, size, move);

    if (rc != PTN_OK) {
        return rc;
    }

    for (i = 0; i < n; i++) {
        new_uids[i] = 0;

        if (all[i].uid == 0) {
            continue;
        }

        rc = ptn_msg_take_one(tx, target, &all[i], move);

        if (rc != PTN_OK) {
            return rc;
        }

        new_uids[i] = all[i].uid;
    }

    *ret_uids = new_uids;

    return PTN_OK;
}


ptn_rc_t
ptn_msg_copy(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t from,
    const uint32_t *uids, size_t n, ptn_id_t to, uint32_t **ret_uids)
{
    return ptn_msg_transfer(tx, pool, from, uids, n, to, false, ret_uids);
}


ptn_rc_t
ptn_msg_move(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t from,
    const uint32_t *uids, size_t n, ptn_id_t to, uint32_t **ret_uids)
{
    return ptn_msg_transfer(tx, pool, from, uids, n, to, true, ret_uids);
}
