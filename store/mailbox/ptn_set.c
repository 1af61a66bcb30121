/*
 * A ptn_set_t: all folders of a mailbox and its keywords as they were when
 * they were read, in the order of the tree.
 */

#include <stdlib.h>

#include "ptn_mailbox.h"


static ptn_rc_t
ptn_set_read(sqlite3_stmt *st, ptn_pool_t *pool, ptn_folder_t *f,
    ptn_folder_more_t *more)
{
    memset(f, 0, sizeof(ptn_folder_t));
    memset(more, 0, sizeof(ptn_folder_more_t));

    f->id = ptn_sql_u64(st, 0);
    f->parent = ptn_sql_u64(st, 1);
    f->name = ptn_str_dup(pool, ptn_sql_column(st, 2));
    f->cls = ptn_str_dup(pool, ptn_sql_column(st, 3));
    f->special = (uint8_t) ptn_sql_u64(st, 4);
    f->subscribed = ptn_sql_u64(st, 5) != 0;
    f->hidden = ptn_sql_u64(st, 6) != 0;
    f->search = ptn_sql_u64(st, 7) != 0;
    f->uidvalidity = (uint32_t) ptn_sql_u64(st, 8);
    f->uidnext = (uint32_t) ptn_sql_u64(st, 9);
    f->total = (uint32_t) ptn_sql_u64(st, 10);
    f->unread = (uint32_t) ptn_sql_u64(st, 11);
    f->deleted = (uint32_t) ptn_sql_u64(st, 12);
    f->size = ptn_sql_u64(st, 13);
    f->cn = ptn_sql_u64(st, 14);
    f->modseq = ptn_sql_u64(st, 15);
    more->horizon = ptn_sql_u64(st, 16);
    more->fold = ptn_str_dup(pool, ptn_sql_column(st, 17));
    more->born = ptn_sql_u64(st, 18);
    more->created = sqlite3_column_int64(st, 19);
    more->modified = sqlite3_column_int64(st, 20);
    more->removed = ptn_sql_u64(st, 21);
    more->touched = sqlite3_column_int64(st, 22);
    more->hier = ptn_sql_u64(st, 23);
    more->hier_at = sqlite3_column_int64(st, 24);
    more->top = sqlite3_column_int64(st, 25);

    return ptn_pool_failed(pool) ? PTN_ENOMEM : PTN_OK;
}


typedef struct {
    ptn_folder_t       *folders;        /* ids ascending */
    ptn_folder_more_t  *more;
    uint32_t           *child, *sibling, *last;
    uint32_t            n, size;
} ptn_set_tree_t;

static uint32_t
ptn_set_tree_find(const ptn_set_tree_t *t, ptn_id_t id)
{
    uint32_t  lo, hi, mid;

    lo = 0;
    hi = t->n;

    while (lo < hi) {
        mid = lo + (hi - lo) / 2;

        if (t->folders[mid].id < id) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }

    return (lo < t->n && t->folders[lo].id == id) ? lo : PTN_SET_NONE;
}


static ptn_rc_t
ptn_set_tree_read(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_set_tree_t *t)
{
    void          *p;
    ptn_rc_t       rc;
    uint32_t       size;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_FOLDER_LIST, &rc);
    if (st == NULL) {
        return rc;
    }

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        if (t->n == t->size) {
            size = ptn_max(t->size * 2, 64U);

            p = realloc(t->folders, size * sizeof(ptn_folder_t));
            if (p != NULL) {
                t->folders = p;
                p = realloc(t->more, size * sizeof(ptn_folder_more_t));
            }

            if (p == NULL) {
                sqlite3_reset(st);
                return PTN_ENOMEM;
            }

            t->more = p;
            t->size = size;
        }

        rc = ptn_set_read(st, pool, &t->folders[t->n], &t->more[t->n]);

        if (rc != PTN_OK) {
            sqlite3_reset(st);
            return rc;
        }

        t->n++;
    }

    return rc;
}


static ptn_rc_t
ptn_set_tree_link(ptn_set_tree_t *t)
{
    uint32_t  i, parent;

    t->child = malloc((t->n + 1) * 3 * sizeof(uint32_t));
    if (t->child == NULL) {
        return PTN_ENOMEM;
    }

    t->sibling = t->child + t->n;
    t->last = t->sibling + t->n;
    memset(t->child, 0xff, 3 * t->n * sizeof(uint32_t));

    for (i = 0; i < t->n; i++) {
        parent = ptn_set_tree_find(t, t->folders[i].parent);

        if (parent == PTN_SET_NONE || parent == i) {
            continue;
        }

        if (t->last[parent] == PTN_SET_NONE) {
            t->child[parent] = i;
        } else {
            t->sibling[t->last[parent]] = i;
        }

        t->last[parent] = i;
    }

    return PTN_OK;
}


/*
 * Below `top`, parents first, without recursion: the tree comes from a file.
 * `last` serves as the way back up; each folder is entered at most once, for
 * it has one parent, and `top` itself, if it is below itself, is passed over.
 */

static uint32_t
ptn_set_tree_walk(ptn_set_tree_t *t, uint32_t top, uint32_t *order)
{
    uint32_t  i, n, up;

    n = 0;

    if (top == PTN_SET_NONE) {
        return n;
    }

    t->last[top] = PTN_SET_NONE;
    up = top;
    i = t->child[top];

    while (i != PTN_SET_NONE && n < t->n) {
        if (i != top) {
            order[n++] = i;

            if (t->child[i] != PTN_SET_NONE) {
                t->last[i] = up;
                up = i;
                i = t->child[i];
                continue;
            }
        }

        while (t->sibling[i] == PTN_SET_NONE && up != top) {
            i = up;
            up = t->last[i];
        }

        i = t->sibling[i];
    }

    return n;
}


static int
ptn_set_compare_ids(const void *a, const void *b, void *set)
{
    ptn_id_t  x, y;

    x = ((ptn_set_t *) set)->folders[*(const uint32_t *) a].id;
    y = ((ptn_set_t *) set)->folders[*(const uint32_t *) b].id;

    return (x > y) - (x < y);
}


static ptn_rc_t
ptn_set_arrange(ptn_set_tree_t *t, ptn_set_t *set)
{
    uint32_t   i, *place;

    set->folders = ptn_parray(set->pool, t->n + 1, sizeof(ptn_folder_t));
    set->more = ptn_parray(set->pool, t->n + 1, sizeof(ptn_folder_more_t));
    set->by_id = ptn_parray(set->pool, t->n + 1, sizeof(uint32_t));
    set->tree = ptn_parray(set->pool, t->n + 1, sizeof(uint32_t));
    place = ptn_parray(set->pool, t->n + 1, sizeof(uint32_t));

    if (ptn_pool_failed(set->pool)) {
        return PTN_ENOMEM;
    }

    memset(place, 0xff, t->n * sizeof(uint32_t));

    set->nvisible = ptn_set_tree_walk(t,
                          ptn_set_tree_find(t, PTN_FOLDER_IPM_SUBTREE),
                          set->tree);

    for (i = 0; i < set->nvisible; i++) {
        place[set->tree[i]] = set->n;
        set->folders[set->n] = t->folders[set->tree[i]];
        set->more[set->n] = t->more[set->tree[i]];
        set->n++;
    }

    for (i = 0; i < t->n; i++) {
        if (place[i] == PTN_SET_NONE) {
            place[i] = set->n;
            set->folders[set->n] = t->folders[i];
            set->more[set->n] = t->more[i];
            set->n++;
        }
    }

    set->ntree = ptn_set_tree_walk(t, ptn_set_tree_find(t, PTN_FOLDER_ROOT),
                                   set->tree);

    for (i = 0; i < set->ntree; i++) {
        set->tree[i] = place[set->tree[i]];
    }

    for (i = 0; i < set->n; i++) {
        set->by_id[i] = i;
        set->size += set->folders[i].search ? 0 : set->folders[i].size;
        set->nsearch += set->folders[i].search;

        if (set->folders[i].special < PTN_FOLDER_MAX
            && set->folders[i].special != PTN_FOLDER_NONE)
        {
            set->special[set->folders[i].special] = set->folders[i].id;
        }
    }

    qsort_r(set->by_id, set->n, sizeof(uint32_t), ptn_set_compare_ids, set);

    return PTN_OK;
}


/* REPLGUIDs, and whether transfers are under way. */

static ptn_rc_t
ptn_set_replicas(ptn_mbox_t *mb, ptn_set_t *set)
{
    ptn_rc_t        rc;
    uint32_t        n, size;
    ptn_str_t       guid;
    sqlite3_stmt   *st;
    ptn_replica_t  *r;

    st = ptn_sql(mb, PTN_SQL_REPLICA_LIST, &rc);
    if (st == NULL) {
        return rc;
    }

    size = 0;

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        n = set->nreplicas + set->nforeign;

        if (n == size) {
            size = size ? 2 * size : 4;
            r = ptn_parray(set->pool, size, sizeof(ptn_replica_t));

            if (r == NULL) {
                sqlite3_reset(st);
                return PTN_ENOMEM;
            }

            if (n != 0) {
                memcpy(r, set->replicas, n * sizeof(ptn_replica_t));
            }

            set->replicas = r;
        }

        r = &set->replicas[n];
        r->replid = (uint16_t) ptn_sql_u64(st, 0);
        guid = ptn_sql_column(st, 1);
        r->first = ptn_sql_u64(st, 2);
        r->last = ptn_sql_u64(st, 3);

        if (guid.len != 16) {
            continue;
        }

        memcpy(r->guid.b, guid.data, 16);

        if (ptn_sql_u64(st, 4) != 0) {
            set->nreplicas++;

        } else {
            set->nforeign++;
        }
    }

    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_INTENT_COUNT, &rc);
    if (st == NULL) {
        return rc;
    }

    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        set->intents = (uint32_t) ptn_sql_u64(st, 0);
        mb->left = (set->intents != 0);
        sqlite3_reset(st);
        rc = PTN_OK;
    }

    st = (rc == PTN_OK) ? ptn_sql(mb, PTN_SQL_RECEIPT_COUNT, &rc) : NULL;

    if (st != NULL) {
        rc = ptn_sql_step(mb, st);

        if (rc == PTN_AGAIN) {
            set->receipts = (uint32_t) ptn_sql_u64(st, 0);
            mb->store->receipts |= (set->receipts != 0);
            sqlite3_reset(st);
            rc = PTN_OK;
        }
    }

    return rc;
}


ptn_rc_t
ptn_set_load(ptn_mbox_t *mb, ptn_set_t *set)
{
    ptn_rc_t           rc;
    ptn_set_tree_t  t;

    memset(&t, 0, sizeof(t));

    rc = ptn_set_tree_read(mb, set->pool, &t);

    if (rc == PTN_OK) {
        rc = ptn_set_tree_link(&t);
    }

    if (rc == PTN_OK) {
        rc = ptn_set_arrange(&t, set);
    }

    if (rc == PTN_OK) {
        rc = ptn_set_replicas(mb, set);
    }

    free(t.folders);
    free(t.more);
    free(t.child);

    return rc;
}


uint32_t
ptn_set_index(const ptn_set_t *set, ptn_id_t id)
{
    uint32_t  lo, hi, mid;

    lo = 0;
    hi = set->n;

    while (lo < hi) {
        mid = lo + (hi - lo) / 2;

        if (set->folders[set->by_id[mid]].id < id) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }

    return (lo < set->n && set->folders[set->by_id[lo]].id == id)
           ? set->by_id[lo] : PTN_SET_NONE;
}
