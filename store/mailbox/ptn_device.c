/*
 * What is kept of devices (ActiveSync): ptn_store_ics.h has the rules.
 */

#include "ptn_charset.h"
#include "ptn_ics.h"


#define PTN_DEVICE_ID_MAX          64
#define PTN_DEVICE_COLLECTION_MAX  128
#define PTN_DEVICE_CLIENT_MAX      128
#define PTN_DEVICE_REQUEST_MAX     32
#define PTN_DEVICE_OPTIONS_MAX     65536

typedef struct {
    bool       there;
    uint64_t   key;
    ptn_str_t  state, previous, options, request, reply;
} ptn_device_row_t;


static bool
ptn_device_good(ptn_str_t device, ptn_str_t collection)
{
    return device.len != 0 && device.len <= PTN_DEVICE_ID_MAX
           && collection.len <= PTN_DEVICE_COLLECTION_MAX
           && ptn_utf8_valid(device) && ptn_utf8_valid(collection);
}


static sqlite3_stmt *
ptn_device_stmt(ptn_mbox_t *mb, ptn_sql_e sql, ptn_str_t device,
    ptn_str_t collection, ptn_rc_t *ret_rc)
{
    sqlite3_stmt  *st;

    st = ptn_sql(mb, sql, ret_rc);

    if (st != NULL) {
        ptn_sql_text(st, 1, device);
        ptn_sql_text(st, 2, collection);
    }

    return st;
}


/* A blob's copy; nothing there: data NULL. */

static ptn_str_t
ptn_device_dup(ptn_pool_t *pool, sqlite3_stmt *st, int i)
{
    ptn_str_t  s;

    if (sqlite3_column_type(st, i) == SQLITE_NULL) {
        return ptn_str_make(NULL, 0);
    }

    s = ptn_sql_column(st, i);

    return ptn_str_make(ptn_pmemdup(pool, s.len ? s.data
                                               : (const u_char *) "", s.len),
                        s.len);
}


static ptn_rc_t
ptn_device_read(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_str_t device,
    ptn_str_t collection, ptn_device_row_t *row)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    memset(row, 0, sizeof(ptn_device_row_t));

    if (!ptn_device_good(device, collection)) {
        return PTN_EINVAL;
    }

    rc = ptn_mbox_ready(mb);

    if (rc == PTN_OK) {
        rc = ptn_rights_full(mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_device_stmt(mb, PTN_SQL_DEVICE_GET, device, collection, &rc);
    if (st == NULL) {
        return rc;
    }

    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        row->there = true;
        row->key = ptn_sql_u64(st, 0);
        row->state = ptn_device_dup(pool, st, 1);
        row->previous = ptn_device_dup(pool, st, 2);
        row->options = ptn_device_dup(pool, st, 3);
        row->request = ptn_device_dup(pool, st, 4);
        row->reply = ptn_device_dup(pool, st, 5);
        sqlite3_reset(st);
        rc = ptn_pool_failed(pool) ? PTN_ENOMEM : PTN_OK;
    }

    sqlite3_clear_bindings(st);

    return rc;
}


/* ---- states -------------------------------------------------------------- */

ptn_rc_t
ptn_device_get(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_str_t device,
    ptn_str_t collection, uint64_t key, ptn_str_t request,
    ptn_device_sync_t *ret_sync)
{
    ptn_rc_t           rc;
    ptn_device_row_t   row;
    ptn_device_sync_t  sync;

    rc = ptn_device_read(mb, pool, device, collection, &row);
    if (rc != PTN_OK) {
        return rc;
    }

    memset(&sync, 0, sizeof(sync));
    sync.key = row.key;
    sync.from = key;
    sync.options = row.options;

    /* the exchange that made the newest key, asked again */

    if (row.there && key + 1 == row.key && row.request.len != 0
        && ptn_str_eq(row.request, request))
    {
        sync.repeat = true;
        sync.reply = row.reply;
    }

    if (key == 0) {
        /* void: a new beginning has no state */

    } else if (row.there && key == row.key) {
        sync.state = row.state;

    } else if (row.there && key + 1 == row.key && row.previous.data != NULL) {
        sync.state = row.previous;

    } else {
        return PTN_ESTALE;
    }

    *ret_sync = sync;

    return PTN_OK;
}


static ptn_rc_t
ptn_device_room(ptn_mbox_t *mb, ptn_str_t device, ptn_str_t collection)
{
    ptn_rc_t       rc;
    uint64_t       devices, rows;
    sqlite3_stmt  *st;

    st = ptn_device_stmt(mb, PTN_SQL_DEVICE_COUNT, device, collection, &rc);
    if (st == NULL) {
        return rc;
    }

    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_EINTERNAL : rc;
    }

    devices = ptn_sql_u64(st, 0);
    rows = ptn_sql_u64(st, 1);
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);

    return (devices >= PTN_DEVICES_MAX || rows >= PTN_DEVICE_ROWS_MAX)
           ? PTN_ELIMIT : PTN_OK;
}


/*
 * Client ids: those of exchanges that came through go, and those of before a
 * new beginning, in which the device may give them again; new ones get `key`.
 */

static ptn_rc_t
ptn_device_clients(ptn_mbox_t *mb, ptn_str_t device, ptn_str_t collection,
    uint64_t confirmed, uint64_t key)
{
    int            i;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    for (i = 0; i < 2; i++) {
        st = ptn_device_stmt(mb, i == 0 ? PTN_SQL_DEVICE_CLIENT_TRIM
                                        : PTN_SQL_DEVICE_CLIENT_KEY,
                             device, collection, &rc);
        if (st == NULL) {
            return rc;
        }

        sqlite3_bind_int64(st, 3, (sqlite3_int64) (i == 0 ? confirmed : key));
        rc = ptn_sql_step(mb, st);
        sqlite3_clear_bindings(st);

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_device_write(ptn_mbox_t *mb, ptn_str_t device, ptn_str_t collection,
    const ptn_device_put_t *put, const ptn_device_row_t *row, uint64_t key)
{
    ptn_rc_t       rc;
    ptn_str_t      previous;
    sqlite3_stmt  *st;

    /* what the device named: with key 0 it had nothing */

    previous = (put->from == 0) ? ptn_str_make("", 0)
               : (put->from == row->key) ? row->state : row->previous;

    st = ptn_device_stmt(mb, PTN_SQL_DEVICE_PUT, device, collection, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 3, (sqlite3_int64) key);
    sqlite3_bind_blob64(st, 4, put->state.len ? (const void *) put->state.data
                                              : "", put->state.len,
                        SQLITE_STATIC);
    sqlite3_bind_blob64(st, 5, previous.len ? (const void *) previous.data
                                            : "", previous.len,
                        SQLITE_STATIC);
    ptn_sql_blob(st, 6, put->options.data ? put->options : row->options);
    ptn_sql_blob(st, 7, put->request);
    ptn_sql_blob(st, 8, put->reply.len <= PTN_DEVICE_REPLY_MAX
                        ? put->reply : ptn_str_make(NULL, 0));
    sqlite3_bind_int64(st, 9, ptn_time_now() / PTN_USEC);

    rc = ptn_sql_step(mb, st);
    sqlite3_clear_bindings(st);

    return rc;
}


ptn_rc_t
ptn_device_put(ptn_txn_t *tx, ptn_str_t device, ptn_str_t collection,
    const ptn_device_put_t *put, uint64_t *ret_key)
{
    ptn_rc_t          rc;
    uint64_t          key;
    ptn_mbox_t       *mb;
    ptn_pool_t       *pool;
    ptn_device_row_t  row;

    rc = ptn_txn_check(tx);
    if (rc != PTN_OK) {
        return rc;
    }

    if (put->state.len > PTN_DEVICE_STATE_MAX
        || put->options.len > PTN_DEVICE_OPTIONS_MAX)
    {
        return PTN_ETOOBIG;
    }

    if (put->request.len > PTN_DEVICE_REQUEST_MAX) {
        return PTN_EINVAL;
    }

    mb = tx->mb;
    pool = ptn_content_pool(mb->store, 0);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_device_read(mb, pool, device, collection, &row);
    key = put->from + 1;

    if (rc == PTN_OK && !row.there) {
        rc = ptn_device_room(mb, device, collection);
    }

    if (rc == PTN_OK && put->from != 0
        && (!row.there || (put->from != row.key && key != row.key)))
    {
        rc = PTN_ESTALE;
    }

    if (rc == PTN_OK) {
        rc = ptn_device_clients(mb, device, collection, put->from, key);

        if (rc == PTN_OK) {
            rc = ptn_device_write(mb, device, collection, put, &row, key);
        }

        if (rc != PTN_OK) {
            ptn_txn_poison(tx, rc);
        }
    }

    ptn_pool_destroy(pool);

    if (rc == PTN_OK) {
        mb->meta.dirty = true;
        *ret_key = key;
    }

    return rc;
}


/* ---- client ids ---------------------------------------------------------- */

ptn_rc_t
ptn_device_client_set(ptn_txn_t *tx, ptn_str_t device, ptn_str_t collection,
    ptn_str_t client, ptn_id_t id)
{
    ptn_rc_t       rc;
    uint64_t       n;
    sqlite3_stmt  *st;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_rights_full(tx->mb);
    }

    if (rc == PTN_OK && (!ptn_device_good(device, collection)
                         || client.len == 0
                         || client.len > PTN_DEVICE_CLIENT_MAX
                         || !ptn_utf8_valid(client)))
    {
        rc = PTN_EINVAL;
    }

    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_device_stmt(tx->mb, PTN_SQL_DEVICE_CLIENT_COUNT, device,
                         collection, &rc);
    if (st == NULL) {
        return rc;
    }

    rc = ptn_sql_step(tx->mb, st);
    n = (rc == PTN_AGAIN) ? ptn_sql_u64(st, 0) : 0;
    sqlite3_reset(st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_EINTERNAL : rc;
    }

    if (n >= 2 * PTN_DEVICE_CLIENTS_MAX) {
        return PTN_ELIMIT;
    }

    st = ptn_device_stmt(tx->mb, PTN_SQL_DEVICE_CLIENT_PUT, device,
                         collection, &rc);
    if (st == NULL) {
        return rc;
    }

    ptn_sql_text(st, 3, client);
    sqlite3_bind_int64(st, 4, 0);
    sqlite3_bind_int64(st, 5, (sqlite3_int64) id);
    rc = ptn_sql_step(tx->mb, st);
    sqlite3_clear_bindings(st);
    tx->mb->meta.dirty = true;

    return (rc == PTN_OK) ? PTN_OK : ptn_txn_poison(tx, rc);
}


ptn_rc_t
ptn_device_client_get(ptn_mbox_t *mb, ptn_str_t device, ptn_str_t collection,
    ptn_str_t client, ptn_id_t *ret_id)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    if (!ptn_device_good(device, collection)) {
        return PTN_EINVAL;
    }

    rc = ptn_mbox_ready(mb);

    if (rc == PTN_OK) {
        rc = ptn_rights_full(mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_device_stmt(mb, PTN_SQL_DEVICE_CLIENT_GET, device, collection,
                         &rc);
    if (st == NULL) {
        return rc;
    }

    ptn_sql_text(st, 3, client);
    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        *ret_id = ptn_sql_u64(st, 0);
        sqlite3_reset(st);
        rc = PTN_OK;

    } else if (rc == PTN_OK) {
        rc = PTN_ENOTFOUND;
    }

    sqlite3_clear_bindings(st);

    return rc;
}


/* ---- all of a mailbox ---------------------------------------------------- */

ptn_rc_t
ptn_device_list(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_device_t **ret_devices,
    size_t *ret_n)
{
    size_t         n;
    ptn_rc_t       rc;
    ptn_device_t  *d;
    sqlite3_stmt  *st;

    rc = ptn_mbox_ready(mb);

    if (rc == PTN_OK) {
        rc = ptn_rights_full(mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    d = ptn_parray(pool, PTN_DEVICES_MAX, sizeof(ptn_device_t));
    st = ptn_sql(mb, PTN_SQL_DEVICE_LIST, &rc);

    if (d == NULL || st == NULL) {
        return (d == NULL) ? PTN_ENOMEM : rc;
    }

    for (n = 0; (rc = ptn_sql_step(mb, st)) == PTN_AGAIN; n++) {
        if (n == PTN_DEVICES_MAX) {
            sqlite3_reset(st);
            rc = PTN_OK;
            break;
        }

        d[n].id = ptn_device_dup(pool, st, 0);
        d[n].collections = (uint32_t) ptn_sql_u64(st, 1);
        d[n].modified = sqlite3_column_int64(st, 2);
    }

    if (rc == PTN_OK && ptn_pool_failed(pool)) {
        rc = PTN_ENOMEM;
    }

    if (rc == PTN_OK) {
        *ret_devices = d;
        *ret_n = n;
    }

    return rc;
}


ptn_rc_t
ptn_device_delete(ptn_txn_t *tx, ptn_str_t device, ptn_str_t collection)
{
    int            i;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_rights_full(tx->mb);
    }

    if (rc == PTN_OK && !ptn_device_good(device, collection)) {
        rc = PTN_EINVAL;
    }

    for (i = 0; i < 2 && rc == PTN_OK; i++) {
        st = ptn_device_stmt(tx->mb, i == 0 ? PTN_SQL_DEVICE_DELETE
                                            : PTN_SQL_DEVICE_CLIENT_DELETE,
                             device, collection, &rc);
        if (st == NULL) {
            return rc;
        }

        rc = ptn_sql_step(tx->mb, st);
        sqlite3_clear_bindings(st);

        if (rc != PTN_OK) {
            return ptn_txn_poison(tx, rc);
        }
    }

    if (rc == PTN_OK) {
        tx->mb->meta.dirty = true;
    }

    return rc;
}
