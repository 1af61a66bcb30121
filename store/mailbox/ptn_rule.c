/*
 * Rules of folders as rows (MS-OXORULE 2.2.1.3).  Nothing executes them yet.
 */

#include "ptn_charset.h"
#include "ptn_folder.h"


#define PTN_RULE_STATE_SERVER  0x42     /* ST_ERROR, ST_RULE_PARSE_ERROR */
#define PTN_RULE_STATE_KNOWN   0x7f     /* others are ignored (2.2.1.3.1.3) */
#define PTN_RULE_TEXT_MAX      1024     /* bytes of a name, or provider */


static ptn_rc_t
ptn_rule_valid(const ptn_rule_t *r)
{
    if (r->provider.len == 0 || !ptn_utf8_valid(r->provider)
        || !ptn_utf8_valid(r->name) || r->condition.data == NULL
        || r->actions.data == NULL || r->level != 0
        || (r->sequence > INT32_MAX))
    {
        return PTN_EINVAL;
    }

    return (r->provider.len > PTN_RULE_TEXT_MAX
            || r->name.len > PTN_RULE_TEXT_MAX
            || r->condition.len > PTN_RULE_DATA_MAX
            || r->actions.len > PTN_RULE_DATA_MAX
            || r->provider_data.len > PTN_RULE_DATA_MAX)
           ? PTN_ETOOBIG : PTN_OK;
}


static void
ptn_rule_bind(sqlite3_stmt *st, int i, ptn_str_t s)
{
    if (s.data != NULL) {
        sqlite3_bind_blob(st, i, s.data, (int) s.len, SQLITE_STATIC);

    } else {
        sqlite3_bind_null(st, i);
    }
}


/* Rules are the folder's: it changes with them. */

static ptn_rc_t
ptn_rule_changed(ptn_txn_t *tx, ptn_id_t folder)
{
    ptn_rc_t       rc;
    uint64_t       cn;
    ptn_folder_t  *f;

    rc = ptn_folder_of(tx->mb, folder, &f);

    if (rc == PTN_OK) {
        cn = ptn_txn_cn(tx);
        rc = ptn_sql_run(tx->mb, PTN_SQL_FOLDER_CN, 2, folder, cn);

        if (rc == PTN_OK) {
            rc = ptn_txn_event(tx, PTN_MBOX_EVENT_FOLDER_MODIFIED, folder, 0,
                               f->parent, 0, cn);
        }
    }

    return (rc == PTN_OK) ? ptn_folder_reread(tx) : ptn_txn_poison(tx, rc);
}


static ptn_rc_t
ptn_rule_write(ptn_txn_t *tx, ptn_sql_e sql, ptn_id_t folder,
    const ptn_rule_t *r)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(tx->mb, sql, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) r->id);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) folder);
    sqlite3_bind_int64(st, 3, r->sequence);
    sqlite3_bind_int64(st, 4, r->state & PTN_RULE_STATE_KNOWN);
    sqlite3_bind_int64(st, 5, r->level);
    sqlite3_bind_int64(st, 6, r->user_flags);
    ptn_sql_text(st, 7, r->provider);
    ptn_sql_text(st, 8, r->name);
    ptn_rule_bind(st, 9, r->condition);
    ptn_rule_bind(st, 10, r->actions);
    ptn_rule_bind(st, 11, r->provider_data);

    rc = ptn_sql_step(tx->mb, st);
    sqlite3_clear_bindings(st);

    return (rc == PTN_OK) ? ptn_rule_changed(tx, folder)
                          : ptn_txn_poison(tx, rc);
}


static ptn_rc_t
ptn_rule_may(ptn_txn_t *tx, ptn_id_t folder)
{
    ptn_rc_t  rc;

    rc = ptn_txn_check(tx);

    return (rc == PTN_OK) ? ptn_rights_need(tx->mb, folder, PTN_RIGHT_OWNER)
                          : rc;
}


ptn_rc_t
ptn_rule_add(ptn_txn_t *tx, ptn_id_t folder, const ptn_rule_t *rule,
    ptn_id_t *ret_id)
{
    uint64_t       n;
    ptn_rc_t       rc;
    ptn_rule_t     r;
    sqlite3_stmt  *st;

    rc = ptn_rule_may(tx, folder);

    if (rc == PTN_OK) {
        rc = ptn_rule_valid(rule);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(tx->mb, PTN_SQL_RULE_COUNT, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);
    rc = ptn_sql_step(tx->mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_EINTERNAL : rc;
    }

    n = ptn_sql_u64(st, 0);
    sqlite3_reset(st);

    if (n >= PTN_RULES_MAX) {
        return PTN_ELIMIT;
    }

    r = *rule;
    r.id = ptn_txn_oid(tx);
    r.state &= ~(uint32_t) PTN_RULE_STATE_SERVER;
    rc = ptn_rule_write(tx, PTN_SQL_RULE_ADD, folder, &r);

    if (rc == PTN_OK) {
        *ret_id = r.id;
    }

    return rc;
}


bool
ptn_rule_any(ptn_mbox_t *mb, ptn_id_t folder)
{
    bool           any;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_RULE_COUNT, &rc);
    if (st == NULL) {
        return false;
    }

    any = false;
    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);

    if (ptn_sql_step(mb, st) == PTN_AGAIN) {
        any = ptn_sql_u64(st, 0) != 0;
        sqlite3_reset(st);
    }

    return any;
}


/* ---- reading ------------------------------------------------------------ */

static ptn_str_t
ptn_rule_column(ptn_pool_t *pool, sqlite3_stmt *st, int i)
{
    return (sqlite3_column_type(st, i) == SQLITE_NULL)
           ? ptn_str_make(NULL, 0)
           : ptn_str_dup(pool, ptn_sql_column(st, i));
}


static ptn_rc_t
ptn_rule_read(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    ptn_rule_t **ret_rules, size_t *ret_n)
{
    size_t         n;
    ptn_rc_t       rc;
    ptn_rule_t    *all, *r;
    sqlite3_stmt  *st;

    all = ptn_parray(pool, PTN_RULES_MAX, sizeof(ptn_rule_t));
    st = ptn_sql(mb, PTN_SQL_RULE_LIST, &rc);

    if (all == NULL || st == NULL) {
        return (all == NULL) ? PTN_ENOMEM : rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);

    for (n = 0; (rc = ptn_sql_step(mb, st)) == PTN_AGAIN; ) {
        if (n == PTN_RULES_MAX) {
            continue;
        }

        r = &all[n++];
        r->id = ptn_sql_u64(st, 0);
        r->sequence = (uint32_t) ptn_sql_u64(st, 1);
        r->state = (uint32_t) ptn_sql_u64(st, 2);
        r->level = (uint32_t) ptn_sql_u64(st, 3);
        r->user_flags = (uint32_t) ptn_sql_u64(st, 4);
        r->provider = ptn_rule_column(pool, st, 5);
        r->name = ptn_rule_column(pool, st, 6);
        r->condition = ptn_rule_column(pool, st, 7);
        r->actions = ptn_rule_column(pool, st, 8);
        r->provider_data = ptn_rule_column(pool, st, 9);
    }

    if (rc == PTN_OK && ptn_pool_failed(pool)) {
        rc = PTN_ENOMEM;
    }

    if (rc == PTN_OK) {
        *ret_rules = all;
        *ret_n = n;
    }

    return rc;
}


ptn_rc_t
ptn_rule_list(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    ptn_rule_t **ret_rules, size_t *ret_n)
{
    ptn_rc_t  rc;

    rc = ptn_rights_need(mb, folder, PTN_RIGHT_READ_ANY);

    return (rc == PTN_OK) ? ptn_rule_read(mb, pool, folder, ret_rules, ret_n)
                          : rc;
}


/* ---- changing ----------------------------------------------------------- */

static void
ptn_rule_take(ptn_rule_t *r, const ptn_rule_t *from, unsigned members)
{
    if (members & PTN_RULE_SEQUENCE) {
        r->sequence = from->sequence;
    }

    if (members & PTN_RULE_STATE) {
        r->state = (from->state & ~(uint32_t) PTN_RULE_STATE_SERVER)
                   | (r->state & PTN_RULE_STATE_SERVER);
    }

    if (members & PTN_RULE_LEVEL) {
        r->level = from->level;
    }

    if (members & PTN_RULE_USER_FLAGS) {
        r->user_flags = from->user_flags;
    }

    if (members & PTN_RULE_PROVIDER) {
        r->provider = from->provider;
    }

    if (members & PTN_RULE_NAME) {
        r->name = from->name;
    }

    if (members & PTN_RULE_CONDITION) {
        r->condition = from->condition;
    }

    if (members & PTN_RULE_ACTIONS) {
        r->actions = from->actions;
    }

    if (members & PTN_RULE_PROVIDER_DATA) {
        r->provider_data = from->provider_data;
    }
}


ptn_rc_t
ptn_rule_modify(ptn_txn_t *tx, ptn_id_t folder, const ptn_rule_t *rule,
    unsigned members)
{
    size_t       i, n;
    ptn_rc_t     rc;
    ptn_pool_t  *pool;
    ptn_rule_t  *all;

    rc = ptn_rule_may(tx, folder);
    if (rc != PTN_OK) {
        return rc;
    }

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    n = 0;
    rc = ptn_rule_read(tx->mb, pool, folder, &all, &n);

    if (rc == PTN_OK) {
        for (i = 0; i < n && all[i].id != rule->id; i++) {
            /* void */
        }

        rc = PTN_ENOTFOUND;

        if (i < n) {
            ptn_rule_take(&all[i], rule, members);
            rc = ptn_rule_valid(&all[i]);

            if (rc == PTN_OK) {
                rc = ptn_rule_write(tx, PTN_SQL_RULE_SET, folder, &all[i]);
            }
        }
    }

    ptn_pool_destroy(pool);

    return rc;
}


ptn_rc_t
ptn_rule_delete(ptn_txn_t *tx, ptn_id_t folder, ptn_id_t id)
{
    ptn_rc_t  rc;

    rc = ptn_rule_may(tx, folder);

    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_sql_run(tx->mb, PTN_SQL_RULE_DELETE, 2, folder, id);

    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    return sqlite3_changes(tx->mb->db) ? ptn_rule_changed(tx, folder)
                                       : PTN_ENOTFOUND;
}


ptn_rc_t
ptn_rule_clear(ptn_txn_t *tx, ptn_id_t folder)
{
    ptn_rc_t  rc;

    rc = ptn_rule_may(tx, folder);

    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_sql_run(tx->mb, PTN_SQL_RULE_FORGET, 1, folder);

    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    return sqlite3_changes(tx->mb->db) ? ptn_rule_changed(tx, folder)
                                       : PTN_OK;
}
