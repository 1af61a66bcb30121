/*
 * Tables: opening, bringing up to date, position.
 */

#include <stdlib.h>

#include "ptn_table.h"


ptn_id_t
ptn_table_folder(const ptn_table_t *table)
{
    return table->folder;
}


uint32_t
ptn_table_count(const ptn_table_t *table)
{
    return table->n;
}


uint32_t
ptn_table_position(const ptn_table_t *table)
{
    return table->position;
}


void
ptn_table_seek(ptn_table_t *table, uint32_t row)
{
    table->position = ptn_min(row, table->n);
}


static int
ptn_table_compare_uids(const void *a, const void *b)
{
    uint32_t  x, y;

    x = *(const uint32_t *) a;
    y = *(const uint32_t *) b;

    return (x > y) - (x < y);
}


static int
ptn_table_compare_rows(const void *a, const void *b)
{
    uint32_t  x, y;

    x = ((const ptn_row_t *) a)->uid;
    y = ((const ptn_row_t *) b)->uid;

    return (x > y) - (x < y);
}


bool
ptn_table_row_of(const ptn_table_t *table, uint32_t uid, ptn_row_t *row)
{
    uint32_t          seq;
    ptn_row_t         key;
    const ptn_row_t  *found;

    if (table->view != NULL) {
        seq = ptn_view_find(table->view, uid);

        if (seq > ptn_view_count(table->view)) {
            return false;
        }

        ptn_view_row(table->view, seq, row);

        return row->uid == uid;
    }

    key.uid = uid;
    found = table->nrows
            ? bsearch(&key, table->rows, table->nrows, sizeof(ptn_row_t),
                      ptn_table_compare_rows)
            : NULL;

    if (found != NULL) {
        *row = *found;
    }

    return found != NULL;
}


ptn_id_t
ptn_table_id(const ptn_table_t *table, uint32_t row)
{
    ptn_row_t  r;

    if (row >= table->n) {
        return 0;
    }

    if (table->kind == PTN_TABLE_HIERARCHY) {
        return table->ids[row];
    }

    return ptn_table_row_of(table, table->uids[row], &r) ? r.id : 0;
}


static uint32_t
ptn_table_find_uid(const ptn_table_t *table, uint32_t uid)
{
    uint32_t  i;

    for (i = 0; i < table->n && table->uids[i] != uid; i++) {
        /* void */
    }

    return i;
}


uint32_t
ptn_table_find(const ptn_table_t *table, ptn_id_t id)
{
    uint32_t   i, seq;
    ptn_row_t  row;

    if (table->kind == PTN_TABLE_HIERARCHY) {
        for (i = 0; i < table->n && table->ids[i] != id; i++) {
            /* void */
        }

        return i;
    }

    if (table->view == NULL) {
        for (i = 0; i < table->nrows; i++) {
            if (table->rows[i].id == id) {
                return ptn_table_find_uid(table, table->rows[i].uid);
            }
        }

        return table->n;
    }

    for (seq = ptn_view_count(table->view); seq > 0; seq--) {
        ptn_view_row(table->view, seq, &row);

        if (row.id == id) {
            return ptn_table_find_uid(table, row.uid);
        }
    }

    return table->n;
}


void
ptn_table_forget(ptn_table_t *table)
{
    unsigned  i;

    if (table->cache == NULL) {
        return;
    }

    for (i = 0; i < PTN_TABLE_CACHE; i++) {
        free(table->cache[i]);
    }

    free(table->cache);
    table->cache = NULL;
}


void
ptn_table_close(ptn_table_t *table)
{
    if (table == NULL) {
        return;
    }

    ptn_table_forget(table);
    ptn_view_unref(table->view);
    free(table->rows);
    free(table->uids);
    free(table->keys);
    free(table->ids);
    free(table->depths);
    free(table);
}


/* ---- folders ------------------------------------------------------------ */

static bool
ptn_table_shows(const ptn_mbox_t *mb, const ptn_table_t *table, uint32_t i)
{
    const ptn_folder_t  *f;

    f = &mb->set->folders[i];

    if (table->flags & PTN_TABLE_HIDDEN) {
        return true;
    }

    return !f->hidden && (i < mb->set->nvisible
                          || f->special == PTN_FOLDER_IPM_SUBTREE);
}


static uint64_t
ptn_table_mix(uint64_t h, uint64_t n)
{
    return (h ^ n) * 0x100000001b3ULL;
}


/*
 * The folders below, in the order of the tree: siblings by creation.  Their
 * number is small; what they show is in memory.
 */

static ptn_rc_t
ptn_table_folders(ptn_mbox_t *mb, ptn_table_t *table, uint64_t *ret_hash)
{
    uint32_t       i, k, n, depth;
    uint64_t       h;
    ptn_set_t     *set;
    ptn_folder_t  *f, *up;

    set = mb->set;
    free(table->ids);
    free(table->depths);
    table->ids = malloc((set->ntree + 1) * sizeof(ptn_id_t));
    table->depths = malloc((set->ntree + 1) * sizeof(uint32_t));
    table->n = 0;

    if (table->ids == NULL || table->depths == NULL) {
        return PTN_ENOMEM;
    }

    h = 0xcbf29ce484222325ULL;
    n = 0;

    for (i = 0; i < set->ntree; i++) {
        f = &set->folders[set->tree[i]];

        if (!ptn_table_shows(mb, table, set->tree[i])) {
            continue;
        }

        for (depth = 1, up = f; up->parent != table->folder; depth++) {
            k = (table->flags & PTN_TABLE_DEEP)
                ? ptn_set_index(set, up->parent) : PTN_SET_NONE;

            if (k == PTN_SET_NONE || depth > set->n) {
                depth = 0;
                break;
            }

            up = &set->folders[k];
        }

        if (depth == 0) {
            continue;
        }

        table->ids[n] = f->id;
        table->depths[n++] = depth;

        h = ptn_table_mix(h, f->id);
        h = ptn_table_mix(h, f->cn);
        h = ptn_table_mix(h, f->modseq);
        h = ptn_table_mix(h, f->parent);
    }

    table->n = n;
    *ret_hash = h;

    return ptn_table_order_folders(mb, table);
}


static ptn_rc_t
ptn_table_sync_folders(ptn_mbox_t *mb, ptn_table_t *table, bool *ret_changed)
{
    ptn_id_t       id;
    ptn_rc_t       rc;
    uint32_t       i, was;
    uint64_t       h;
    ptn_folder_t  *f;

    rc = ptn_folder_of(mb, table->folder, &f);
    if (rc != PTN_OK) {
        return rc;
    }

    was = table->position;
    id = ptn_table_id(table, was);

    rc = ptn_table_folders(mb, table, &h);
    if (rc != PTN_OK) {
        return rc;
    }

    *ret_changed = (h != table->hash);
    table->hash = h;

    i = ptn_table_find(table, id);
    table->position = (i < table->n) ? i : ptn_min(was, table->n);

    return PTN_OK;
}


/* ---- folder associated messages ----------------------------------------- */

static ptn_rc_t
ptn_table_read_fai(ptn_mbox_t *mb, ptn_table_t *table)
{
    void          *p;
    ptn_rc_t       rc;
    uint32_t       n, size;
    ptn_row_t     *rows, *row;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_FAI_ALL, &rc);
    if (st == NULL) {
        return rc;
    }

    rows = NULL;
    n = 0;
    size = 0;
    sqlite3_bind_int64(st, 1, (sqlite3_int64) table->folder);

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        if (n == size) {
            size = size ? 2 * size : 16;
            p = realloc(rows, size * sizeof(ptn_row_t));

            if (p == NULL) {
                sqlite3_reset(st);
                free(rows);
                return PTN_ENOMEM;
            }

            rows = p;
        }

        row = &rows[n++];
        row->uid = (uint32_t) ptn_sql_u64(st, 0);
        row->flags = (uint32_t) ptn_sql_u64(st, 1);
        row->id = ptn_sql_u64(st, 2);
        row->keywords = ptn_sql_u64(st, 3);
        row->modseq = ptn_sql_u64(st, 4);
        row->size = ptn_sql_u64(st, 5);
        row->received = sqlite3_column_int64(st, 6);
    }

    if (rc != PTN_OK) {
        free(rows);
        return rc;
    }

    if (n != 0) {
        qsort(rows, n, sizeof(ptn_row_t), ptn_table_compare_rows);
    }

    free(table->rows);
    table->rows = rows;
    table->nrows = n;

    return PTN_OK;
}


static ptn_rc_t
ptn_table_sync_fai(ptn_mbox_t *mb, ptn_table_t *table, bool *ret_changed)
{
    ptn_id_t       id;
    ptn_rc_t       rc;
    uint32_t       i, was;
    ptn_folder_t  *f;

    rc = ptn_folder_of(mb, table->folder, &f);

    if (rc != PTN_OK || (f->modseq == table->modseq && !table->mixed)) {
        return rc;
    }

    *ret_changed = true;
    was = table->position;
    id = ptn_table_id(table, was);

    table->modseq = f->modseq;
    table->mixed = (mb->batch && f->modseq > mb->batch_cn);
    ptn_table_forget(table);

    rc = ptn_table_read_fai(mb, table);

    if (rc == PTN_OK) {
        rc = ptn_table_build(mb, table);
    }

    if (rc == PTN_OK) {
        i = id ? ptn_table_find(table, id) : table->n;
        table->position = (i < table->n) ? i : ptn_min(was, table->n);
    }

    return rc;
}


/* ---- messages ----------------------------------------------------------- */

/* How two views differ; both lists by uid. */
typedef struct {
    uint32_t   *dead;           /* gone, or changed */
    uint32_t    ndead;
    ptn_row_t  *rows;           /* new, or changed */
    uint32_t    nrows;
    bool        failed;
} ptn_table_diff_t;


/* Room for element n of an array that doubles. */

static bool
ptn_table_grow(void **p, uint32_t n, size_t size)
{
    void  *q;

    if (n & (n - 1) || n == 1) {
        return true;
    }

    q = realloc(*p, (n ? 2 * (size_t) n : 2) * size);
    if (q == NULL) {
        return false;
    }

    *p = q;

    return true;
}


static void
ptn_table_diff_dead(ptn_table_diff_t *d, uint32_t uid)
{
    if (d->failed || !ptn_table_grow((void **) &d->dead, d->ndead,
                                     sizeof(uint32_t)))
    {
        d->failed = true;
        return;
    }

    d->dead[d->ndead++] = uid;
}


static void
ptn_table_diff_row(ptn_table_diff_t *d, const ptn_row_t *row)
{
    if (d->failed || !ptn_table_grow((void **) &d->rows, d->nrows,
                                     sizeof(ptn_row_t)))
    {
        d->failed = true;
        return;
    }

    d->rows[d->nrows++] = *row;
}


static void
ptn_table_diff(const ptn_view_t *a, const ptn_view_t *b, ptn_table_diff_t *d)
{
    uint32_t   i, k, na, nb, same;
    ptn_row_t  x, y;

    na = ptn_view_count(a);
    nb = ptn_view_count(b);
    i = 1;
    k = 1;

    while (i <= na || k <= nb) {
        if (i <= na && k <= nb) {
            same = ptn_view_same(a, i, b, k);

            if (same != 0) {
                i += same;
                k += same;
                continue;
            }
        }

        if (i <= na) {
            ptn_view_row(a, i, &x);
        }

        if (k <= nb) {
            ptn_view_row(b, k, &y);
        }

        if (k > nb || (i <= na && x.uid < y.uid)) {
            ptn_table_diff_dead(d, x.uid);
            i++;

        } else if (i > na || y.uid < x.uid) {
            ptn_table_diff_row(d, &y);
            k++;

        } else {
            if (x.modseq != y.modseq || x.flags != y.flags) {
                ptn_table_diff_dead(d, x.uid);
                ptn_table_diff_row(d, &y);
            }

            i++;
            k++;
        }
    }
}


/*
 * The uid, in the new view, of the row at the position or of the next one
 * that is left; 0: none is.
 */

static uint32_t
ptn_table_anchor(const ptn_table_t *table, const ptn_table_diff_t *d)
{
    uint32_t   i, k;
    ptn_row_t  row;

    for (i = table->position; i < table->n; i++) {
        if (d->ndead == 0
            || bsearch(&table->uids[i], d->dead, d->ndead, sizeof(uint32_t),
                       ptn_table_compare_uids) == NULL)
        {
            return table->uids[i];
        }

        if (!ptn_table_row_of(table, table->uids[i], &row)) {
            continue;
        }

        for (k = 0; k < d->nrows; k++) {
            if (d->rows[k].id == row.id) {
                return d->rows[k].uid;
            }
        }
    }

    return 0;
}


static ptn_rc_t
ptn_table_apply(ptn_mbox_t *mb, ptn_table_t *table, ptn_view_t *view,
    ptn_table_diff_t *d)
{
    ptn_rc_t     rc;
    uint32_t     anchor;
    ptn_view_t  *old;

    anchor = ptn_table_anchor(table, d);
    old = table->view;
    table->view = view;

    /* where much has changed it is less work to begin anew */

    if (d->failed || d->nrows > table->n / 8 + 64) {
        rc = ptn_table_build(mb, table);

    } else {
        rc = ptn_table_patch(mb, table, d->dead, d->ndead, d->rows,
                             d->nrows);
    }

    if (rc != PTN_OK) {
        table->view = old;
        return rc;
    }

    ptn_view_unref(old);
    table->position = anchor ? ptn_table_find_uid(table, anchor) : table->n;

    return PTN_OK;
}


static ptn_rc_t
ptn_table_sync_messages(ptn_mbox_t *mb, ptn_table_t *table,
    bool *ret_changed)
{
    ptn_rc_t           rc;
    ptn_view_t        *view, *old;
    ptn_table_diff_t   d;

    rc = ptn_view_get(mb, table->folder, &view);
    if (rc != PTN_OK) {
        return rc;
    }

    old = table->view;

    if (view == old) {
        ptn_view_unref(view);
        return PTN_OK;
    }

    *ret_changed = true;

    /* what was undone may have had the numbers of what came instead */

    if (old == NULL || !ptn_view_valid(old)
        || ptn_view_uidvalidity(old) != ptn_view_uidvalidity(view))
    {
        ptn_table_forget(table);
        table->view = view;
        rc = ptn_table_build(mb, table);

        if (rc != PTN_OK) {
            table->view = old;
            ptn_view_unref(view);
            return rc;
        }

        ptn_view_unref(old);
        table->position = ptn_min(table->position, table->n);
        return PTN_OK;
    }

    memset(&d, 0, sizeof(d));
    ptn_table_diff(old, view, &d);

    *ret_changed = d.failed || d.ndead != 0 || d.nrows != 0;

    rc = ptn_table_apply(mb, table, view, &d);
    free(d.dead);
    free(d.rows);

    if (rc != PTN_OK) {
        ptn_view_unref(view);
    }

    return rc;
}


ptn_rc_t
ptn_table_sync(ptn_mbox_t *mb, ptn_table_t *table, bool *ret_changed)
{
    bool      changed;
    ptn_rc_t  rc;

    changed = false;

    switch (table->kind) {

    case PTN_TABLE_HIERARCHY:
        rc = ptn_table_sync_folders(mb, table, &changed);
        break;

    case PTN_TABLE_FAI:
        rc = ptn_table_sync_fai(mb, table, &changed);
        break;

    default:
        rc = ptn_table_sync_messages(mb, table, &changed);
    }

    if (rc == PTN_OK && ret_changed != NULL) {
        *ret_changed = changed;
    }

    return rc;
}


ptn_rc_t
ptn_table_open(ptn_mbox_t *mb, ptn_table_kind_e kind, ptn_id_t folder,
    unsigned flags, ptn_table_t **ret_table)
{
    ptn_rc_t       rc;
    ptn_table_t   *table;
    ptn_folder_t  *f;

    rc = ptn_folder_of(mb, folder, &f);
    if (rc != PTN_OK) {
        return rc;
    }

    table = calloc(1, sizeof(ptn_table_t));
    if (table == NULL) {
        return PTN_ENOMEM;
    }

    table->kind = kind;
    table->folder = folder;
    table->flags = flags;
    table->modseq = UINT64_MAX;

    rc = ptn_table_sync(mb, table, NULL);

    if (rc != PTN_OK) {
        ptn_table_close(table);
        return rc;
    }

    table->position = 0;
    *ret_table = table;

    return PTN_OK;
}


ptn_rc_t
ptn_table_sort(ptn_mbox_t *mb, ptn_table_t *table, const ptn_sort_t *sorts,
    size_t n)
{
    ptn_rc_t      rc;
    ptn_table_t   was;

    if (n > PTN_TABLE_SORTS_MAX) {
        return PTN_ELIMIT;
    }

    rc = ptn_table_can_sort(sorts, n);
    if (rc != PTN_OK) {
        return rc;
    }

    was = *table;
    table->nsorts = (unsigned) n;

    if (n != 0) {
        memcpy(table->sorts, sorts, n * sizeof(ptn_sort_t));
    }

    /* in the order of what is there now, then with what came meanwhile */

    if (table->kind == PTN_TABLE_HIERARCHY) {
        rc = ptn_table_sync(mb, table, NULL);

    } else {
        rc = ptn_table_build(mb, table);

        if (rc == PTN_OK) {
            rc = ptn_table_sync(mb, table, NULL);
        }
    }

    if (rc != PTN_OK) {
        memcpy(table->sorts, was.sorts, sizeof(table->sorts));
        table->nsorts = was.nsorts;
        return rc;
    }

    table->position = 0;

    return PTN_OK;
}
