/*
 * Messages by row id: what ptn_msg_write.c does by uid.  A message may be in
 * any folder, and may be folder associated.
 */

#include "ptn_item.h"


ptn_rc_t
ptn_msg_flags_ids(ptn_txn_t *tx, const ptn_id_t *ids, size_t n,
    ptn_flags_op_e op, uint32_t flags, uint64_t keywords,
    uint64_t *ret_modseq)
{
    size_t           i;
    ptn_rc_t         rc;
    uint32_t         new_flags;
    uint64_t         new_keywords, modseq;
    ptn_folder_t    *f;
    ptn_msg_info_t   m;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(tx->mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    flags &= PTN_FLAGS_STORED;
    keywords &= ptn_msg_keywords(tx->mb);
    modseq = 0;

    for (i = 0; i < n; i++) {
        rc = ptn_msg_get_id(tx->mb, ids[i], &m);

        if (rc == PTN_ENOTFOUND) {
            continue;
        }

        if (rc == PTN_OK) {
            rc = ptn_folder_of(tx->mb, m.folder, &f);
        }

        if (rc != PTN_OK) {
            return ptn_txn_poison(tx, rc);
        }

        rc = ptn_rights_flag(tx, &m, op, flags, keywords, modseq != 0);

        if (rc == PTN_ENOTFOUND) {
            continue;
        }

        if (rc != PTN_OK) {
            return rc;
        }

        ptn_msg_new_flags(&m, op, flags, keywords, &new_flags, &new_keywords);

        if (new_flags == m.flags && new_keywords == m.keywords) {
            continue;
        }

        /* one modseq for all, which no number that they take is above */

        if (modseq == 0) {
            modseq = tx->mb->meta.cn + (n - i);
        }

        rc = ptn_msg_flags_one(tx, f, &m, new_flags, new_keywords, &modseq);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_txn_reach(tx, modseq);

    if (ret_modseq != NULL) {
        *ret_modseq = modseq;
    }

    return PTN_OK;
}


/* The rows of those that are there, and may go: id 0 stands for the others. */

static ptn_rc_t
ptn_msg_ids_find(ptn_txn_t *tx, ptn_id_t from, const ptn_id_t *ids, size_t n,
    bool move, ptn_msg_info_t *all, size_t *ret_found, uint64_t *ret_size)
{
    bool      moving, shown;
    size_t    i;
    ptn_rc_t  rc;

    *ret_found = 0;
    *ret_size = 0;

    for (i = 0; i < n; i++) {
        rc = ptn_msg_get_id(tx->mb, ids[i], &all[i]);
        moving = false;

        if (rc == PTN_OK && all[i].folder != from) {
            rc = ptn_search_shows(tx->mb, from, ids[i], &shown);

            if (rc != PTN_OK) {
                return ptn_txn_poison(tx, rc);
            }

            rc = shown ? PTN_OK : PTN_ENOTFOUND;
        }

        if (rc == PTN_OK) {
            rc = ptn_rights_take(tx->mb, &all[i], move);

            if (rc == PTN_EDENIED) {
                return rc;
            }
        }

        if (rc == PTN_OK && move) {
            rc = ptn_msg_moving(tx->mb, ids[i], &moving);
        }

        if (rc != PTN_OK && rc != PTN_ENOTFOUND) {
            return ptn_txn_poison(tx, rc);
        }

        if (rc == PTN_ENOTFOUND || moving) {
            all[i].id = 0;
            continue;
        }

        *ret_size += all[i].size;
        (*ret_found)++;
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_msg_ids_transfer(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t from,
    const ptn_id_t *ids, size_t n, ptn_id_t to, bool move,
    ptn_id_t **ret_ids)
{
    size_t           i, found;
    ptn_id_t        *new_ids;
    ptn_rc_t         rc;
    uint64_t         size;
    ptn_folder_t    *target;
    ptn_msg_info_t  *all, m;

    rc = ptn_msg_take_begin(tx, from, to, &target);

    if (rc != PTN_OK) {
        return rc;
    }

    new_ids = ptn_parray(pool, n, sizeof(ptn_id_t));
    all = ptn_parray(pool, n, sizeof(ptn_msg_info_t));

    if (new_ids == NULL || all == NULL) {
        return PTN_ENOMEM;
    }

    /* all is known before anything changes */

    rc = ptn_msg_ids_find(tx, from, ids, n, move, all, &found, &size);

    if (rc == PTN_OK) {
        rc = ptn_msg_take_room(tx->mb, target, found, size, move);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    for (i = 0; i < n; i++) {
        new_ids[i] = 0;

        if (all[i].id == 0) {
            continue;
        }

        /* one that is named twice moves once */

        if (move) {
            rc = ptn_msg_get_id(tx->mb, all[i].id, &m);

            if (rc == PTN_OK && m.mid != all[i].mid) {
                continue;
            }
        }

        rc = ptn_msg_take_one(tx, target, &all[i], move);

        if (rc != PTN_OK) {
            return rc;
        }

        new_ids[i] = all[i].id;
    }

    *ret_ids = new_ids;

    return PTN_OK;
}


ptn_rc_t
ptn_msg_copy_ids(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t from,
    const ptn_id_t *ids, size_t n, ptn_id_t to, ptn_id_t **ret_ids)
{
    return ptn_msg_ids_transfer(tx, pool, from, ids, n, to, false, ret_ids);
}


ptn_rc_t
ptn_msg_move_ids(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t from,
    const ptn_id_t *ids, size_t n, ptn_id_t to, ptn_id_t **ret_ids)
{
    return ptn_msg_ids_transfer(tx, pool, from, ids, n, to, true, ret_ids);
}


ptn_rc_t
ptn_msg_expunge_ids(ptn_txn_t *tx, const ptn_id_t *ids, size_t n)
{
    size_t           i;
    ptn_rc_t         rc;
    ptn_folder_t    *f;
    ptn_msg_info_t   m;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(tx->mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    for (i = 0; i < n; i++) {
        rc = ptn_msg_get_id(tx->mb, ids[i], &m);

        if (rc == PTN_OK) {
            rc = ptn_rights_delete(tx->mb, &m);

            if (rc == PTN_EDENIED) {
                return (i == 0) ? rc : ptn_txn_poison(tx, rc);
            }
        }

        if (rc == PTN_ENOTFOUND) {
            continue;
        }

        if (rc == PTN_OK) {
            rc = ptn_folder_of(tx->mb, m.folder, &f);
        }

        rc = (rc == PTN_OK) ? ptn_msg_expunge_one(tx, f, &m)
                            : ptn_txn_poison(tx, rc);

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}
