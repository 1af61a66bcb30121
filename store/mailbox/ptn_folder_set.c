/*
 * Properties of folders that clients set: some are columns, the rest is
 * folder.bag.
 */

#include "ptn_folder.h"
#include "ptn_folder_props.h"


typedef struct {
    ptn_folder_t        folder;     /* hidden, cls as they will be */
    ptn_str_t           name;       /* data NULL: stays */
    ptn_bag_builder_t   bag;
    bool                changed;
} ptn_fprop_set_t;


static ptn_rc_t
ptn_fprop_set_one(const ptn_fprop_ctx_t *c, ptn_fprop_set_t *set,
    const ptn_bag_prop_t *p)
{
    uint32_t  k;

    if (ptn_fprop_computed(p->tag)) {
        return PTN_EDENIED;
    }

    switch (p->tag) {

    case PTN_PR_DISPLAY_NAME:
        if (p->value.data == NULL) {
            return PTN_EDENIED;
        }

        set->name = p->value;
        return PTN_OK;

    case PTN_PR_CONTAINER_CLASS:
        set->folder.cls = p->value;
        set->changed |= !ptn_str_eq(p->value, c->folder->cls);
        return (p->value.len <= 255) ? PTN_OK : PTN_ETOOBIG;

    case PTN_PR_ATTR_HIDDEN:
        set->folder.hidden = (p->value.len == 1 && p->value.data[0] != 0);
        set->changed |= (set->folder.hidden != c->folder->hidden);
        return PTN_OK;
    }

    /* one type per property id */

    for (k = 0; k < set->bag.count; k++) {
        if (ptn_prop_id(set->bag.props[k].tag) == ptn_prop_id(p->tag)) {
            ptn_bag_unset(&set->bag, set->bag.props[k].tag);
            break;
        }
    }

    set->changed = true;

    if (p->value.data != NULL) {
        if (p->value.len > PTN_BAG_VALUE_MAX) {
            return PTN_ETOOBIG;
        }

        ptn_bag_set(&set->bag, p->tag, p->value);
    }

    return set->bag.rc;
}


static ptn_rc_t
ptn_fprop_set_rows(ptn_txn_t *tx, const ptn_folder_t *f,
    ptn_fprop_set_t *set)
{
    ptn_rc_t       rc;
    uint64_t       cn;
    ptn_str_t      packed;
    sqlite3_stmt  *st;

    packed = ptn_str_make(NULL, 0);

    if (set->bag.count != 0) {
        rc = ptn_bag_pack(&set->bag, &packed);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    cn = ptn_txn_cn(tx);

    st = ptn_sql(tx->mb, PTN_SQL_FOLDER_SET, &rc);
    if (st == NULL) {
        return ptn_txn_poison(tx, rc);
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) f->id);
    ptn_sql_blob(st, 2, packed);
    ptn_sql_text(st, 3, set->folder.cls);
    sqlite3_bind_int(st, 4, set->folder.hidden);
    sqlite3_bind_int64(st, 5, (sqlite3_int64) cn);
    sqlite3_bind_int64(st, 6, ptn_time_now() / PTN_USEC);
    rc = ptn_sql_step(tx->mb, st);
    sqlite3_clear_bindings(st);

    if (rc == PTN_OK) {
        rc = ptn_txn_event(tx, PTN_MBOX_EVENT_FOLDER_MODIFIED, f->id, 0,
                           f->parent, 0, cn);
    }

    return (rc == PTN_OK) ? ptn_folder_reread(tx) : ptn_txn_poison(tx, rc);
}


static ptn_rc_t
ptn_fprop_set(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t folder,
    const ptn_bag_prop_t *props, size_t n)
{
    size_t            i;
    ptn_rc_t          rc;
    ptn_folder_t     *f;
    ptn_fprop_ctx_t   c;
    ptn_fprop_set_t   set;

    memset(&set, 0, sizeof(set));
    ptn_bag_init(&set.bag, pool);

    rc = ptn_folder_of(tx->mb, folder, &f);

    if (rc == PTN_OK) {
        rc = ptn_fprop_open(tx->mb, pool, f, &c);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    set.folder = *f;
    ptn_bag_load(&set.bag, &c.bag);

    for (i = 0; i < n; i++) {
        rc = ptn_fprop_set_one(&c, &set, &props[i]);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    if (set.name.data != NULL && !ptn_str_eq(set.name, f->name)) {
        rc = ptn_folder_move(tx, folder, f->parent, set.name);

        if (rc == PTN_OK) {
            rc = ptn_folder_of(tx->mb, folder, &f);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return set.changed ? ptn_fprop_set_rows(tx, f, &set) : PTN_OK;
}


ptn_rc_t
ptn_folder_props_set(ptn_txn_t *tx, ptn_id_t folder,
    const ptn_bag_prop_t *props, size_t n)
{
    ptn_rc_t     rc;
    ptn_pool_t  *pool;

    rc = ptn_txn_need(tx, folder, PTN_RIGHT_OWNER);
    if (rc != PTN_OK) {
        return rc;
    }

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_fprop_set(tx, pool, folder, props, n);
    ptn_pool_destroy(pool);

    return rc;
}
