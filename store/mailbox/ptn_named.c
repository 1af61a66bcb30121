/*
 * Named properties (MS-OXCPRPT 3.2.5.9, 3.2.5.10): names to ids of the
 * mailbox, and back.  Ids are given from 0x8000 on, one behind the other, and
 * never taken back.
 */

#include "ptn_item.h"


/* Names are at most 127 UTF-16 units long (MS-OXCDATA 2.6.1: 254 bytes). */
#define PTN_NAMED_BYTES  (127 * 3)

/* MS-OXPROPS 1.3.2 */
static const ptn_guid_t  ptn_named_ps_mapi = { {
    0x28, 0x03, 0x02, 0x00, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46
} };

static const ptn_guid_t  ptn_named_ps_internet_headers = { {
    0x86, 0x03, 0x02, 0x00, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46
} };


static ptn_rc_t
ptn_named_find(ptn_mbox_t *mb, const ptn_named_t *name, ptn_str_t text,
    uint16_t *ret_id)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_NAMED_ID, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_blob(st, 1, name->set.b, 16, SQLITE_STATIC);
    sqlite3_bind_int64(st, 2, name->by_name ? -1 : (sqlite3_int64) name->lid);
    ptn_sql_text(st, 3, text);
    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        *ret_id = (uint16_t) ptn_sql_u64(st, 0);
        sqlite3_reset(st);
        rc = PTN_OK;

    } else if (rc == PTN_OK) {
        rc = PTN_ENOTFOUND;
    }

    sqlite3_clear_bindings(st);

    return rc;
}


static ptn_rc_t
ptn_named_add(ptn_txn_t *tx, const ptn_named_t *name, ptn_str_t text,
    uint16_t *ret_id)
{
    ptn_rc_t       rc;
    uint64_t       id;
    sqlite3_stmt  *st;

    st = ptn_sql(tx->mb, PTN_SQL_NAMED_LAST, &rc);
    if (st == NULL) {
        return rc;
    }

    rc = ptn_sql_step(tx->mb, st);
    if (rc != PTN_AGAIN) {
        return rc;
    }

    id = ptn_max(ptn_sql_u64(st, 0) + 1, (uint64_t) PTN_NAMED_FIRST);
    sqlite3_reset(st);

    if (id > PTN_NAMED_LAST) {
        return PTN_ELIMIT;
    }

    st = ptn_sql(tx->mb, PTN_SQL_NAMED_ADD, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    sqlite3_bind_blob(st, 2, name->set.b, 16, SQLITE_STATIC);
    sqlite3_bind_int64(st, 3, name->by_name ? -1 : (sqlite3_int64) name->lid);
    ptn_sql_text(st, 4, text);
    rc = ptn_sql_step(tx->mb, st);
    sqlite3_clear_bindings(st);

    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    if (tx->mb->set != NULL) {
        tx->mb->set->categories_known = false;      /* it may be theirs */
    }

    tx->mb->meta.dirty = true;
    *ret_id = (uint16_t) id;

    return PTN_OK;
}


static ptn_rc_t
ptn_named_id(ptn_mbox_t *mb, ptn_txn_t *tx, ptn_pool_t *pool,
    const ptn_named_t *name, uint16_t *ret_id)
{
    ptn_rc_t   rc;
    ptn_str_t  text;

    *ret_id = 0;
    text = ptn_str_make("", 0);

    /* a name of PS_MAPI is an id that has none (MS-OXCPRPT 3.2.5.10) */

    if (ptn_guid_eq(name->set, ptn_named_ps_mapi)) {
        if (!name->by_name && name->lid < PTN_NAMED_FIRST) {
            *ret_id = (uint16_t) name->lid;
        }

        return PTN_OK;
    }

    if (name->by_name) {
        text = name->name;

        if (text.len == 0 || text.len > PTN_NAMED_BYTES) {
            return PTN_OK;
        }

        /* header fields have no case */

        if (ptn_guid_eq(name->set, ptn_named_ps_internet_headers)) {
            text = ptn_str_lower(pool, text);

            if (text.data == NULL) {
                return PTN_ENOMEM;
            }
        }
    }

    rc = ptn_named_find(mb, name, text, ret_id);

    if (rc == PTN_ENOTFOUND) {
        rc = (tx != NULL) ? ptn_named_add(tx, name, text, ret_id) : PTN_OK;
    }

    return rc;
}


ptn_rc_t
ptn_named_ids(ptn_mbox_t *mb, ptn_txn_t *tx, const ptn_named_t *names,
    size_t n, uint16_t *ret_ids)
{
    size_t       i;
    ptn_rc_t     rc;
    ptn_pool_t  *pool;

    rc = (tx != NULL) ? ptn_txn_check(tx) : ptn_mbox_ready(mb);

    if (rc == PTN_OK && tx != NULL) {
        rc = ptn_rights_any(mb, PTN_RIGHTS_WRITE);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < n && rc == PTN_OK; i++) {
        rc = ptn_named_id(mb, tx, pool, &names[i], &ret_ids[i]);
    }

    ptn_pool_destroy(pool);

    return rc;
}


static ptn_rc_t
ptn_named_name(ptn_mbox_t *mb, ptn_pool_t *pool, uint16_t id,
    ptn_named_t *name, bool *ret_found)
{
    int64_t        lid;
    ptn_rc_t       rc;
    ptn_str_t      guid;
    sqlite3_stmt  *st;

    memset(name, 0, sizeof(ptn_named_t));
    *ret_found = false;

    if (id < PTN_NAMED_FIRST) {
        name->set = ptn_named_ps_mapi;
        name->lid = id;
        *ret_found = true;
        return PTN_OK;
    }

    st = ptn_sql(mb, PTN_SQL_NAMED_NAME, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, id);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return rc;
    }

    guid = ptn_sql_column(st, 0);
    lid = sqlite3_column_int64(st, 1);

    if (guid.len == 16) {
        memcpy(name->set.b, guid.data, 16);
        name->by_name = (lid == -1);
        name->lid = name->by_name ? 0 : (uint32_t) lid;
        name->name = name->by_name
                     ? ptn_str_dup(pool, ptn_sql_column(st, 2))
                     : ptn_str_make("", 0);
        *ret_found = true;
    }

    sqlite3_reset(st);

    return (*ret_found && name->name.data == NULL) ? PTN_ENOMEM : PTN_OK;
}


ptn_rc_t
ptn_named_names(ptn_mbox_t *mb, ptn_pool_t *pool, const uint16_t *ids,
    size_t n, ptn_named_t *ret_names, bool *ret_found)
{
    size_t    i;
    ptn_rc_t  rc;

    rc = ptn_mbox_ready(mb);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        rc = ptn_named_name(mb, pool, ids[i], &ret_names[i], &ret_found[i]);
    }

    return rc;
}
