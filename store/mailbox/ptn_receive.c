/*
 * Receive folders (MS-OXCSTOR 3.2.5.2 to 3.2.5.4): a table of a few rows,
 * made with the mailbox (3.2.3).
 */

#include "ptn_folder.h"


#define PTN_RECEIVE_CLASS_MAX  254      /* bytes, without the NUL */
#define PTN_RECEIVE_ROWS_MAX   500


/* 2.2.1.2.1; the empty class is one. */

static bool
ptn_receive_valid(ptn_str_t cls)
{
    size_t  i;

    if (cls.len == 0) {
        return true;
    }

    if (cls.len > PTN_RECEIVE_CLASS_MAX || cls.data[0] == '.'
        || cls.data[cls.len - 1] == '.')
    {
        return false;
    }

    for (i = 0; i < cls.len; i++) {
        if (cls.data[i] < 32 || cls.data[i] > 126
            || (cls.data[i] == '.' && cls.data[i + 1] == '.'))
        {
            return false;
        }
    }

    return true;
}


/* Folders that who acts does not see are not named. */

static bool
ptn_receive_shows(ptn_mbox_t *mb, ptn_id_t folder)
{
    return mb->acting.all || ptn_rights_sees(mb, folder, PTN_RIGHT_VISIBLE);
}


/* Whole parts: IPM is no prefix of IPMX. */

static bool
ptn_receive_prefix(ptn_str_t cls, ptn_str_t of)
{
    if (cls.len > of.len
        || !ptn_str_ieq(cls, ptn_str_make(of.data, cls.len)))
    {
        return false;
    }

    return cls.len == 0 || cls.len == of.len || of.data[cls.len] == '.';
}


static ptn_rc_t
ptn_receive_rows(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_receive_t **ret_rows,
    size_t *ret_n)
{
    size_t          n;
    ptn_rc_t        rc;
    sqlite3_stmt   *st;
    ptn_receive_t  *rows;

    rows = ptn_parray(pool, PTN_RECEIVE_ROWS_MAX, sizeof(ptn_receive_t));
    st = ptn_sql(mb, PTN_SQL_RECEIVE_LIST, &rc);

    if (rows == NULL || st == NULL) {
        return (rows == NULL) ? PTN_ENOMEM : rc;
    }

    for (n = 0; (rc = ptn_sql_step(mb, st)) == PTN_AGAIN; ) {
        if (n < PTN_RECEIVE_ROWS_MAX
            && ptn_receive_shows(mb, ptn_sql_u64(st, 1)))
        {
            rows[n].cls = ptn_str_dup(pool, ptn_sql_column(st, 0));
            rows[n].folder = ptn_sql_u64(st, 1);
            rows[n++].modified = sqlite3_column_int64(st, 2);
        }
    }

    if (rc == PTN_OK && ptn_pool_failed(pool)) {
        rc = PTN_ENOMEM;
    }

    if (rc == PTN_OK) {
        *ret_rows = rows;
        *ret_n = n;
    }

    return rc;
}


ptn_rc_t
ptn_receive_get(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_str_t cls,
    ptn_receive_t *ret_row)
{
    size_t          i, n;
    bool            found;
    ptn_rc_t        rc;
    ptn_receive_t  *rows;

    if (!ptn_receive_valid(cls)) {
        return PTN_EINVAL;
    }

    rc = ptn_rights_load(mb);

    if (rc == PTN_OK) {
        rc = ptn_receive_rows(mb, pool, &rows, &n);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    found = false;

    for (i = 0; i < n; i++) {
        if (ptn_receive_prefix(rows[i].cls, cls)
            && ptn_set_index(mb->set, rows[i].folder) != PTN_SET_NONE
            && (!found || rows[i].cls.len > ret_row->cls.len))
        {
            *ret_row = rows[i];
            found = true;
        }
    }

    if (!found) {
        ret_row->cls = ptn_str_make("", 0);
        ret_row->folder = mb->set->special[PTN_FOLDER_INBOX];
        ret_row->modified = 0;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_receive_list(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_receive_t **ret_rows,
    size_t *ret_n)
{
    ptn_rc_t  rc;

    rc = ptn_rights_load(mb);

    return (rc == PTN_OK) ? ptn_receive_rows(mb, pool, ret_rows, ret_n) : rc;
}


static ptn_rc_t
ptn_receive_write(ptn_mbox_t *mb, ptn_str_t cls, ptn_id_t folder)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, folder ? PTN_SQL_RECEIVE_SET : PTN_SQL_RECEIVE_DELETE,
                 &rc);
    if (st == NULL) {
        return rc;
    }

    ptn_sql_text(st, 1, cls);

    if (folder != 0) {
        sqlite3_bind_int64(st, 2, (sqlite3_int64) folder);
        sqlite3_bind_int64(st, 3, ptn_msg_now());
    }

    rc = ptn_sql_step(mb, st);
    sqlite3_clear_bindings(st);

    return rc;
}


ptn_rc_t
ptn_receive_set(ptn_txn_t *tx, ptn_str_t cls, ptn_id_t folder)
{
    size_t          n;
    ptn_rc_t        rc;
    ptn_pool_t     *pool;
    ptn_receive_t  *rows;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_rights_full(tx->mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (!ptn_receive_valid(cls)) {
        return PTN_EINVAL;
    }

    if (ptn_str_ieq(cls, ptn_str("IPM")) || ptn_str_ieq(cls,
                                                 ptn_str("Report.IPM")))
    {
        return PTN_EDENIED;
    }

    if (cls.len == 0 && folder == 0) {
        return PTN_EINTERNAL;           /* ecError (3.2.5.3) */
    }

    rc = ptn_rights_need(tx->mb,
                         folder ? folder : (ptn_id_t) PTN_FOLDER_INBOX,
                         PTN_RIGHT_CREATE);

    pool = (rc == PTN_OK) ? ptn_pool_create(0, NULL) : NULL;

    if (pool == NULL) {
        return (rc == PTN_OK) ? PTN_ENOMEM : rc;
    }

    rc = ptn_receive_rows(tx->mb, pool, &rows, &n);
    ptn_pool_destroy(pool);

    if (rc != PTN_OK) {
        return rc;
    }

    if (n >= PTN_RECEIVE_ROWS_MAX && folder != 0) {
        return PTN_ELIMIT;
    }

    rc = ptn_receive_write(tx->mb, cls, folder);

    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    tx->mb->meta.dirty = true;

    return PTN_OK;
}
