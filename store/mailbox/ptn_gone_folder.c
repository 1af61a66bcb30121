/*
 * Folders that can be recovered: parent = -(their parent), down the whole
 * tree; the topmost one has a row in gone (ptn_upgrade_3.c).
 */

#include "ptn_charset.h"
#include "ptn_folder.h"


#define PTN_GONE_FOLDERS_MAX  10000     /* of one that is recovered */
#define PTN_GONE_NAMES_MAX    1000      /* "name (1)" ... */

typedef struct {
    ptn_id_t   id, parent;
    ptn_str_t  name;
    unsigned   level;
} ptn_gone_node_t;

typedef struct {
    ptn_gone_node_t  *nodes;            /* parents first */
    size_t            n, size;
    unsigned          height;
} ptn_gone_tree_t;


/* ---- reading ------------------------------------------------------------ */

ptn_rc_t
ptn_gone_folders(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t parent,
    ptn_gone_folder_t **ret_folders, size_t *ret_n)
{
    size_t              n, size;
    ptn_id_t            id;
    ptn_rc_t            rc, may;
    sqlite3_stmt       *st;
    ptn_gone_folder_t  *all, *p, *f;

    rc = ptn_rights_need(mb, parent, PTN_RIGHT_VISIBLE);
    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_GONE_FOLDERS, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, -(sqlite3_int64) parent);
    all = NULL;
    size = 0;

    for (n = 0; (rc = ptn_sql_step(mb, st)) == PTN_AGAIN; ) {
        id = ptn_sql_u64(st, 0);
        may = ptn_rights_gone(mb, id, PTN_RIGHT_VISIBLE);

        if (may == PTN_ENOTFOUND) {
            continue;
        }

        if (may != PTN_OK) {
            sqlite3_reset(st);
            return may;
        }

        if (n == size) {
            size = size ? 2 * size : 16;
            p = ptn_parray(pool, size, sizeof(ptn_gone_folder_t));

            if (p == NULL) {
                sqlite3_reset(st);
                return PTN_ENOMEM;
            }

            if (n != 0) {
                memcpy(p, all, n * sizeof(ptn_gone_folder_t));
            }

            all = p;
        }

        f = &all[n++];
        f->id = id;
        f->parent = parent;
        f->name = ptn_str_dup(pool, ptn_sql_column(st, 1));
        f->cls = ptn_str_dup(pool, ptn_sql_column(st, 2));
        f->total = (uint32_t) ptn_sql_u64(st, 3);
        f->unread = (uint32_t) ptn_sql_u64(st, 4);
        f->size = ptn_sql_u64(st, 5);
        f->deleted = sqlite3_column_int64(st, 6);
    }

    if (rc == PTN_OK && ptn_pool_failed(pool)) {
        rc = PTN_ENOMEM;
    }

    if (rc == PTN_OK) {
        *ret_folders = all;
        *ret_n = n;
    }

    return rc;
}


/* The row of a topmost one.  ENOTFOUND: it cannot be recovered. */

static ptn_rc_t
ptn_gone_top(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id,
    ptn_gone_node_t *node)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_GONE_FOLDER, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    node->id = id;
    node->parent = (ptn_id_t) -sqlite3_column_int64(st, 0);
    node->name = ptn_str_dup(pool, ptn_sql_column(st, 1));
    node->level = 1;
    sqlite3_reset(st);

    return node->name.data ? PTN_OK : PTN_ENOMEM;
}


static ptn_rc_t
ptn_gone_tree_add(ptn_pool_t *pool, ptn_gone_tree_t *t,
    const ptn_gone_node_t *node)
{
    size_t            size;
    ptn_gone_node_t  *p;

    if (t->n == PTN_GONE_FOLDERS_MAX || node->level > PTN_FOLDER_DEPTH_MAX) {
        return PTN_ELIMIT;
    }

    if (t->n == t->size) {
        size = t->size ? 2 * t->size : 16;

        p = ptn_parray(pool, size, sizeof(ptn_gone_node_t));
        if (p == NULL) {
            return PTN_ENOMEM;
        }

        if (t->n != 0) {
            memcpy(p, t->nodes, t->n * sizeof(ptn_gone_node_t));
        }

        t->nodes = p;
        t->size = size;
    }

    t->nodes[t->n++] = *node;
    t->height = ptn_max(t->height, node->level);

    return PTN_OK;
}


/* What left with it, but not what was deleted in it before. */

static ptn_rc_t
ptn_gone_tree(ptn_mbox_t *mb, ptn_pool_t *pool, const ptn_gone_node_t *top,
    ptn_gone_tree_t *t)
{
    size_t            i;
    ptn_rc_t          rc;
    sqlite3_stmt     *st;
    ptn_gone_node_t   node;

    memset(t, 0, sizeof(ptn_gone_tree_t));
    rc = ptn_gone_tree_add(pool, t, top);

    for (i = 0; i < t->n && rc == PTN_OK; i++) {
        st = ptn_sql(mb, PTN_SQL_GONE_CHILD, &rc);
        if (st == NULL) {
            return rc;
        }

        sqlite3_bind_int64(st, 1, -(sqlite3_int64) t->nodes[i].id);

        while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
            node.id = ptn_sql_u64(st, 0);
            node.parent = t->nodes[i].id;
            node.name = ptn_str_make(NULL, 0);
            node.level = t->nodes[i].level + 1;
            rc = ptn_gone_tree_add(pool, t, &node);

            if (rc != PTN_OK) {
                sqlite3_reset(st);
                return rc;
            }
        }
    }

    return rc;
}


/* Whoever may delete it may bring it back, or end it. */

static ptn_rc_t
ptn_gone_tree_may(ptn_mbox_t *mb, ptn_pool_t *pool,
    const ptn_gone_node_t *top)
{
    size_t           i;
    ptn_rc_t         rc;
    ptn_gone_tree_t  t;

    if (mb->acting.all) {
        return PTN_OK;
    }

    rc = ptn_rights_gone(mb, top->id, PTN_RIGHT_OWNER);

    if (rc == PTN_OK) {
        rc = ptn_gone_tree(mb, pool, top, &t);
    }

    /* what it does not see there keeps it from it as well */

    for (i = 1; rc == PTN_OK && i < t.n; i++) {
        rc = ptn_rights_gone(mb, t.nodes[i].id, PTN_RIGHT_OWNER);
        rc = (rc == PTN_ENOTFOUND) ? PTN_EDENIED : rc;
    }

    return rc;
}


/* ---- recovering --------------------------------------------------------- */

/* A name that is free below `parent`, and its folded form. */

static ptn_rc_t
ptn_gone_name(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t parent,
    ptn_str_t own, unsigned height, ptn_str_t *ret_name, ptn_str_t *ret_fold)
{
    unsigned   i;
    ptn_rc_t   rc;
    ptn_str_t  name;

    name = own;

    for (i = 1; i < PTN_GONE_NAMES_MAX; i++) {
        rc = ptn_folder_place(tx, pool, parent, name, 0, height, ret_fold);

        if (rc != PTN_EEXIST) {
            *ret_name = name;
            return rc;
        }

        /* one that is as long as names may be loses some of its end */

        name = ptn_str_make(own.data, ptn_min(own.len, (size_t) 200));

        while (name.len < own.len && name.len > 0
               && (own.data[name.len] & 0xc0) == 0x80)
        {
            name.len--;
        }

        name = ptn_str_printf(pool, "%.*s (%u)", ptn_str_arg(name), i);

        if (name.data == NULL) {
            return PTN_ENOMEM;
        }
    }

    return PTN_EEXIST;
}


static ptn_rc_t
ptn_gone_back_top(ptn_txn_t *tx, ptn_id_t id, ptn_id_t parent,
    ptn_str_t name, ptn_str_t fold, uint64_t cn)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(tx->mb, PTN_SQL_FOLDER_MOVE, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) parent);
    ptn_sql_text(st, 3, name);
    ptn_sql_text(st, 4, fold);
    sqlite3_bind_int64(st, 5, (sqlite3_int64) cn);
    sqlite3_bind_int64(st, 6, ptn_msg_now());
    sqlite3_bind_int64(st, 7, (sqlite3_int64) cn);

    rc = ptn_sql_step(tx->mb, st);

    return (rc == PTN_OK)
           ? ptn_sql_run(tx->mb, PTN_SQL_GONE_DELETE, 1, id) : rc;
}


static ptn_rc_t
ptn_gone_back_tree(ptn_txn_t *tx, const ptn_gone_tree_t *t, ptn_id_t parent,
    ptn_str_t name, ptn_str_t fold)
{
    size_t    i;
    ptn_rc_t  rc;
    uint64_t  cn;
    ptn_id_t  up;

    rc = PTN_OK;

    for (i = 0; i < t->n && rc == PTN_OK; i++) {
        cn = ptn_txn_cn(tx);
        up = i ? t->nodes[i].parent : parent;

        rc = i ? ptn_sql_run(tx->mb, PTN_SQL_FOLDER_BACK, 2, t->nodes[i].id,
                             cn)
               : ptn_gone_back_top(tx, t->nodes[i].id, parent, name, fold, cn);

        if (rc == PTN_OK) {
            rc = ptn_txn_event(tx, PTN_MBOX_EVENT_FOLDER_NEW, t->nodes[i].id,
                               0, up, 0, cn);
        }
    }

    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    ptn_folder_hier(tx->mb, parent);

    return ptn_folder_reread(tx);
}


static ptn_rc_t
ptn_gone_recover_tree(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t id,
    ptn_id_t parent, ptn_str_t name)
{
    ptn_rc_t          rc;
    ptn_str_t         fold;
    ptn_folder_t     *f;
    ptn_gone_node_t   top;
    ptn_gone_tree_t   tree;

    rc = ptn_gone_top(tx->mb, pool, id, &top);

    if (rc == PTN_OK) {
        rc = ptn_gone_tree_may(tx->mb, pool, &top);
    }

    if (rc == PTN_OK && parent == 0) {
        rc = ptn_folder_of(tx->mb, top.parent, &f);
        parent = (rc == PTN_OK) ? top.parent : PTN_FOLDER_IPM_SUBTREE;
        rc = (rc == PTN_ENOTFOUND) ? PTN_OK : rc;
    }

    if (rc == PTN_OK) {
        rc = ptn_rights_need(tx->mb, parent, PTN_RIGHT_CREATE_SUBFOLDER);
    }

    if (rc == PTN_OK) {
        rc = ptn_gone_tree(tx->mb, pool, &top, &tree);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    rc = name.len
         ? ptn_folder_place(tx, pool, parent, name, 0, tree.height, &fold)
         : ptn_gone_name(tx, pool, parent, top.name, tree.height, &name,
                         &fold);

    return (rc == PTN_OK) ? ptn_gone_back_tree(tx, &tree, parent, name, fold)
                          : rc;
}


ptn_rc_t
ptn_gone_folder_recover(ptn_txn_t *tx, ptn_id_t id, ptn_id_t parent,
    ptn_str_t name)
{
    ptn_rc_t     rc;
    ptn_pool_t  *pool;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(tx->mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_gone_recover_tree(tx, pool, id, parent, name);
    ptn_pool_destroy(pool);

    return rc;
}


/* Its rows are erased when there is time. */

ptn_rc_t
ptn_gone_folder_delete(ptn_txn_t *tx, ptn_id_t id)
{
    ptn_rc_t          rc;
    ptn_pool_t       *pool;
    ptn_gone_node_t   top;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(tx->mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_gone_top(tx->mb, pool, id, &top);

    if (rc == PTN_OK) {
        rc = ptn_gone_tree_may(tx->mb, pool, &top);
    }

    ptn_pool_destroy(pool);

    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_sql_run(tx->mb, PTN_SQL_GONE_NEVER, 1, id);

    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    tx->mb->meta.dirty = true;
    tx->mb->tidy_ms = 0;

    return PTN_OK;
}
