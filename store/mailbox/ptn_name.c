/*
 * Names by which DAV finds a message in its folder.
 */

#include "ptn_charset.h"
#include "ptn_folder.h"


ptn_rc_t
ptn_name_drop(ptn_mbox_t *mb, const ptn_msg_info_t *m, uint64_t cn)
{
    u_char         href[PTN_NAME_MAX];
    bool           any;
    ptn_rc_t       rc;
    ptn_str_t      s;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_NAME_GET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) m->id);
    any = false;
    s = ptn_str_make(NULL, 0);

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        any = true;

        if (ptn_sql_u64(st, 0) == PTN_NAME_HREF) {
            s = ptn_sql_column(st, 1);
            s.len = ptn_min(s.len, sizeof(href));

            if (s.len != 0) {
                memcpy(href, s.data, s.len);
            }

            s.data = href;
        }
    }

    if (rc != PTN_OK || !any) {
        return rc;
    }

    rc = ptn_sql_run(mb, PTN_SQL_NAME_DROP, 1, m->id);

    if (rc != PTN_OK || s.len == 0) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_NAME_TOMB, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) m->folder);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) cn);
    sqlite3_bind_int64(st, 3, (sqlite3_int64) m->id);
    ptn_sql_text(st, 4, s);

    rc = ptn_sql_step(mb, st);
    sqlite3_clear_bindings(st);

    return rc;
}


static ptn_rc_t
ptn_name_find(ptn_mbox_t *mb, ptn_id_t folder, ptn_name_e kind,
    ptn_str_t name, ptn_id_t *ret_id)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_NAME_FIND, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);
    sqlite3_bind_int(st, 2, (int) kind);
    ptn_sql_text(st, 3, name);

    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        *ret_id = ptn_sql_u64(st, 0);
        sqlite3_reset(st);
        return PTN_OK;
    }

    return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
}


static ptn_rc_t
ptn_name_add(ptn_mbox_t *mb, const ptn_msg_info_t *m, ptn_name_e kind,
    ptn_str_t name)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_NAME_ADD, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) m->folder);
    sqlite3_bind_int(st, 2, (int) kind);
    ptn_sql_text(st, 3, name);
    sqlite3_bind_int64(st, 4, (sqlite3_int64) m->id);

    return ptn_sql_step(mb, st);
}


ptn_rc_t
ptn_msg_name_set(ptn_txn_t *tx, ptn_id_t id, ptn_name_e kind, ptn_str_t name)
{
    ptn_id_t        other;
    ptn_rc_t        rc;
    ptn_msg_info_t  m;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_msg_get_id(tx->mb, id, &m);
    }

    if (rc == PTN_OK) {
        rc = ptn_rights_message(tx->mb, &m, PTN_RIGHT_CREATE,
                                PTN_RIGHT_EDIT_ANY);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if ((kind != PTN_NAME_HREF && kind != PTN_NAME_UID)
        || name.len > PTN_NAME_MAX || !ptn_utf8_valid(name)
        || (name.len != 0 && memchr(name.data, 0, name.len) != NULL))
    {
        return PTN_EINVAL;
    }

    if (name.len != 0) {
        rc = ptn_name_find(tx->mb, m.folder, kind, name, &other);

        if (rc == PTN_OK) {
            return (other == id) ? PTN_OK : PTN_EEXIST;
        }

        if (rc != PTN_ENOTFOUND) {
            return rc;
        }
    }

    rc = ptn_sql_run(tx->mb, PTN_SQL_NAME_DELETE, 2, id, (uint64_t) kind);

    if (rc == PTN_OK && name.len != 0) {
        rc = ptn_name_add(tx->mb, &m, kind, name);
    }

    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    tx->mb->meta.dirty = true;

    return PTN_OK;
}


ptn_rc_t
ptn_msg_name_get(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id,
    ptn_name_e kind, ptn_str_t *ret_name)
{
    ptn_rc_t        rc;
    ptn_str_t       s;
    sqlite3_stmt   *st;
    ptn_msg_info_t  m;

    rc = ptn_mbox_ready(mb);

    if (rc == PTN_OK) {
        rc = ptn_msg_get_id(mb, id, &m);
    }

    if (rc == PTN_OK) {
        rc = ptn_rights_read(mb, &m);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_NAME_GET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        if (ptn_sql_u64(st, 0) == (uint64_t) kind) {
            s = ptn_str_dup(pool, ptn_sql_column(st, 1));
            sqlite3_reset(st);

            if (s.data == NULL) {
                return PTN_ENOMEM;
            }

            *ret_name = s;
            return PTN_OK;
        }
    }

    return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
}


ptn_rc_t
ptn_msg_name_find(ptn_mbox_t *mb, ptn_id_t folder, ptn_name_e kind,
    ptn_str_t name, ptn_id_t *ret_id)
{
    ptn_rc_t  rc;

    rc = ptn_rights_need(mb, folder, PTN_RIGHT_READ_ANY);
    if (rc != PTN_OK) {
        return rc;
    }

    if (name.len == 0 || name.len > PTN_NAME_MAX) {
        return PTN_ENOTFOUND;
    }

    rc = ptn_name_find(mb, folder, kind, name, ret_id);

    return (rc == PTN_OK) ? ptn_rights_id(mb, *ret_id) : rc;
}
