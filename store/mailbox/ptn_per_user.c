/*
 * What clients keep of public folders in a private mailbox (table per_user).
 * MS-OXCSTOR 3.2.1, "per-user data table".
 */

#include "ptn_eid.h"
#include "ptn_idset.h"
#include "ptn_item.h"


/* Only whose mailbox it is, and no public store (3.2.5.10, 3.2.5.11). */

static ptn_rc_t
ptn_per_user_need(ptn_mbox_t *mb)
{
    ptn_rc_t  rc;

    rc = ptn_mbox_ready(mb);

    if (rc == PTN_OK && mb->kind != PTN_MBOX_PRIVATE) {
        rc = PTN_ESUPPORT;
    }

    return (rc == PTN_OK) ? ptn_rights_full(mb) : rc;
}


ptn_rc_t
ptn_per_user_get(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_guid_t replguid,
    ptn_id_t folder, ptn_per_user_t *ret_row)
{
    u_char         gid[PTN_GID_LEN];
    ptn_rc_t       rc;
    ptn_str_t      guid;
    sqlite3_stmt  *st;

    rc = ptn_per_user_need(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_PER_USER_GET, &rc);
    if (st == NULL) {
        return rc;
    }

    ptn_eid_gid(replguid, folder, gid);
    ptn_sql_blob(st, 1, ptn_str_make(gid, sizeof(gid)));
    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        guid = ptn_sql_column(st, 0);

        memset(ret_row, 0, sizeof(ptn_per_user_t));
        ret_row->replguid = replguid;
        ret_row->folder = folder;
        ret_row->set = ptn_str_dup(pool, ptn_sql_column(st, 1));
        ret_row->modified = (int64_t) ptn_sql_u64(st, 2);
        rc = ptn_pool_failed(pool) ? PTN_ENOMEM : PTN_OK;

        if (guid.len == sizeof(ptn_guid_t)) {
            memcpy(ret_row->store.b, guid.data, sizeof(ptn_guid_t));

        } else {
            rc = PTN_ECORRUPT;
        }

        sqlite3_reset(st);

    } else if (rc == PTN_OK) {
        rc = PTN_ENOTFOUND;
    }

    sqlite3_clear_bindings(st);

    return rc;
}


static ptn_rc_t
ptn_per_user_room(ptn_mbox_t *mb)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_PER_USER_COUNT, &rc);
    if (st == NULL) {
        return rc;
    }

    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        rc = ptn_sql_u64(st, 0) < PTN_PER_USER_MAX ? PTN_OK : PTN_ELIMIT;
        sqlite3_reset(st);
    }

    return rc;
}


static ptn_rc_t
ptn_per_user_set_check(ptn_str_t data)
{
    ptn_rc_t     rc;
    ptn_idset_t  set;

    if (data.len > PTN_PER_USER_SET_MAX) {
        return PTN_ETOOBIG;
    }

    memset(&set, 0, sizeof(set));
    rc = ptn_idset_decode(&set, PTN_IDSET_REPLGUID, data);
    ptn_idset_done(&set);

    return rc;
}


ptn_rc_t
ptn_per_user_put(ptn_txn_t *tx, const ptn_per_user_t *row)
{
    u_char         gid[PTN_GID_LEN];
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_per_user_need(tx->mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_per_user_set_check(row->set);
    }

    if (rc == PTN_OK) {
        rc = ptn_per_user_room(tx->mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(tx->mb, PTN_SQL_PER_USER_SET, &rc);
    if (st == NULL) {
        return ptn_txn_poison(tx, rc);
    }

    ptn_eid_gid(row->replguid, row->folder, gid);
    ptn_sql_blob(st, 1, ptn_str_make(gid, sizeof(gid)));
    ptn_sql_blob(st, 2, ptn_str_make((u_char *) row->store.b,
                                     sizeof(row->store.b)));

    if (row->set.len != 0) {
        ptn_sql_blob(st, 3, row->set);

    } else {
        sqlite3_bind_zeroblob(st, 3, 0);        /* not NULL */
    }

    sqlite3_bind_int64(st, 4, ptn_msg_now());
    rc = ptn_sql_step(tx->mb, st);
    sqlite3_clear_bindings(st);
    tx->mb->meta.dirty = true;

    return (rc == PTN_OK) ? PTN_OK : ptn_txn_poison(tx, rc);
}


ptn_rc_t
ptn_per_user_list(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_guid_t store,
    ptn_per_user_t **ret_rows, size_t *ret_n)
{
    ptn_rc_t         rc;
    ptn_buf_t        b;
    sqlite3_stmt    *st;
    ptn_per_user_t   row;

    rc = ptn_per_user_need(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_PER_USER_LIST, &rc);
    if (st == NULL) {
        return rc;
    }

    ptn_buf_init(&b, pool);
    ptn_sql_blob(st, 1, ptn_str_make(store.b, sizeof(store.b)));

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        memset(&row, 0, sizeof(row));
        row.store = store;
        row.modified = (int64_t) ptn_sql_u64(st, 1);

        if (ptn_eid_gid_parse(ptn_sql_column(st, 0), &row.replguid,
                              &row.folder) == PTN_OK)
        {
            ptn_buf_add(&b, &row, sizeof(row));
        }
    }

    sqlite3_clear_bindings(st);

    if (rc == PTN_OK && b.failed) {
        rc = PTN_ENOMEM;
    }

    if (rc == PTN_OK) {
        *ret_rows = (ptn_per_user_t *) b.data;
        *ret_n = b.len / sizeof(ptn_per_user_t);
    }

    return rc;
}
