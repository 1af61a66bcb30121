/*
 * Bases of tables: a view, or the rows of a kind that no view shows.  Those
 * are few, and read again when the folder has changed.
 */

#include <stdlib.h>

#include "ptn_table.h"


bool
ptn_table_grow(void **p, size_t n, size_t size)
{
    void  *q;

    if (n & (n - 1) || n == 1) {
        return true;
    }

    q = realloc(*p, (n ? 2 * n : 2) * size);
    if (q == NULL) {
        return false;
    }

    *p = q;

    return true;
}


int
ptn_table_compare_ids(const void *a, const void *b)
{
    uint64_t  x, y;

    x = *(const uint64_t *) a;
    y = *(const uint64_t *) b;

    return (x > y) - (x < y);
}


int
ptn_table_compare_uids(const void *a, const void *b)
{
    uint32_t  x, y;

    x = *(const uint32_t *) a;
    y = *(const uint32_t *) b;

    return (x > y) - (x < y);
}


ptn_base_t *
ptn_base_ref(ptn_base_t *base)
{
    __atomic_add_fetch(&base->refs, 1, __ATOMIC_RELAXED);

    return base;
}


void
ptn_base_unref(ptn_base_t *base)
{
    if (base == NULL
        || __atomic_sub_fetch(&base->refs, 1, __ATOMIC_ACQ_REL) != 0)
    {
        return;
    }

    ptn_view_unref(base->view);
    free(base->rows);
    free(base);
}


/* ---- rows -------------------------------------------------------------- */

static int
ptn_base_compare(const void *a, const void *b)
{
    uint32_t  x, y;

    x = ((const ptn_row_t *) a)->uid;
    y = ((const ptn_row_t *) b)->uid;

    return (x > y) - (x < y);
}


uint32_t
ptn_base_count(const ptn_base_t *base)
{
    return base->view ? ptn_view_count(base->view) : base->nrows;
}


void
ptn_base_at(const ptn_base_t *base, uint32_t i, ptn_row_t *row)
{
    if (base->view != NULL) {
        ptn_view_row(base->view, i + 1, row);

    } else {
        *row = base->rows[i];
    }
}


const ptn_row_t *
ptn_base_run(const ptn_base_t *base, uint32_t i, uint32_t *ret_n)
{
    if (base->view != NULL) {
        return ptn_view_run(base->view, i + 1, ret_n);
    }

    *ret_n = base->nrows - ptn_min(i, base->nrows);

    return base->rows + i;
}


const ptn_row_t *
ptn_diff_find(const ptn_row_t *rows, uint32_t n, uint32_t uid)
{
    ptn_row_t  key;

    key.uid = uid;

    return n ? bsearch(&key, rows, n, sizeof(ptn_row_t), ptn_base_compare)
             : NULL;
}


bool
ptn_base_row(const ptn_base_t *base, uint32_t uid, ptn_row_t *row)
{
    uint32_t          seq;
    const ptn_row_t  *found;

    if (base->view != NULL) {
        seq = ptn_view_find(base->view, uid);

        if (seq > ptn_view_count(base->view)) {
            return false;
        }

        ptn_view_row(base->view, seq, row);

        return row->uid == uid;
    }

    found = ptn_diff_find(base->rows, base->nrows, uid);

    if (found != NULL) {
        *row = *found;
    }

    return found != NULL;
}


uint32_t
ptn_base_uid(const ptn_base_t *base, ptn_id_t id)
{
    uint32_t   i;
    ptn_row_t  row;

    for (i = ptn_base_count(base); i > 0; i--) {
        ptn_base_at(base, i - 1, &row);

        if (row.id == id) {
            return row.uid;
        }
    }

    return PTN_TABLE_NONE;
}


/* ---- the newest -------------------------------------------------------- */

static ptn_rc_t
ptn_base_read(ptn_mbox_t *mb, ptn_pool_t *pool, const ptn_spec_t *spec,
    ptn_base_t *base)
{
    size_t         nhidden;
    ptn_id_t      *hidden;
    ptn_rc_t       rc;
    ptn_row_t     *row;
    sqlite3_stmt  *st;

    rc = ptn_mark_hidden(mb, pool, spec->kind == PTN_TABLE_FAI
                                   ? spec->folder
                                   : (uint64_t) -(int64_t) spec->folder,
                         &hidden, &nhidden);
    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(mb, spec->kind == PTN_TABLE_FAI ? PTN_SQL_FAI_ALL
                                                 : PTN_SQL_TABLE_GONE, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) spec->folder);

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        if (ptn_mark_hides(hidden, nhidden, ptn_sql_u64(st, 2))) {
            continue;
        }

        if (!ptn_table_grow((void **) &base->rows, base->nrows,
                            sizeof(ptn_row_t)))
        {
            sqlite3_reset(st);
            return PTN_ENOMEM;
        }

        row = &base->rows[base->nrows++];
        row->uid = (uint32_t) ptn_sql_u64(st, 0);
        row->flags = (uint32_t) ptn_sql_u64(st, 1);
        row->id = ptn_sql_u64(st, 2);
        row->keywords = ptn_sql_u64(st, 3);
        row->modseq = ptn_sql_u64(st, 4);
        row->size = ptn_sql_u64(st, 5);
        row->received = sqlite3_column_int64(st, 6);
    }

    if (rc == PTN_OK && base->nrows != 0) {
        qsort(base->rows, base->nrows, sizeof(ptn_row_t), ptn_base_compare);
    }

    return rc;
}


static ptn_rc_t
ptn_base_rows(ptn_mbox_t *mb, const ptn_spec_t *spec, ptn_base_t *old,
    ptn_base_t **ret_base)
{
    ptn_rc_t       rc;
    ptn_base_t    *base;
    ptn_pool_t    *pool;
    ptn_folder_t  *f;

    rc = ptn_folder_of(mb, spec->folder, &f);
    if (rc != PTN_OK) {
        return rc;
    }

    if (old != NULL && !old->mixed && old->modseq == f->modseq) {
        *ret_base = ptn_base_ref(old);
        return PTN_OK;
    }

    base = calloc(1, sizeof(ptn_base_t));
    if (base == NULL) {
        return PTN_ENOMEM;
    }

    base->refs = 1;
    base->modseq = f->modseq;
    base->mixed = (mb->batch && f->modseq > mb->batch_cn);

    pool = ptn_pool_create(0, NULL);
    rc = pool ? ptn_base_read(mb, pool, spec, base) : PTN_ENOMEM;
    ptn_pool_destroy(pool);

    if (rc != PTN_OK) {
        ptn_base_unref(base);
        return rc;
    }

    *ret_base = base;

    return PTN_OK;
}


ptn_rc_t
ptn_base_get(ptn_mbox_t *mb, const ptn_spec_t *spec, ptn_base_t *old,
    ptn_base_t **ret_base)
{
    ptn_rc_t      rc;
    ptn_view_t   *view;
    ptn_base_t   *base;

    if (spec->kind != PTN_TABLE_CONTENTS) {
        return ptn_base_rows(mb, spec, old, ret_base);
    }

    rc = ptn_view_get(mb, spec->folder, &view);
    if (rc != PTN_OK) {
        return rc;
    }

    if (old != NULL && old->view == view) {
        ptn_view_unref(view);
        *ret_base = ptn_base_ref(old);
        return PTN_OK;
    }

    base = calloc(1, sizeof(ptn_base_t));

    if (base == NULL) {
        ptn_view_unref(view);
        return PTN_ENOMEM;
    }

    base->refs = 1;
    base->view = view;
    base->modseq = ptn_view_modseq(view);
    *ret_base = base;

    return PTN_OK;
}


/* What was undone may have had the numbers of what came instead. */

bool
ptn_base_follows(const ptn_base_t *base, const ptn_base_t *old)
{
    return base->view == NULL || old->view == NULL
           || (ptn_view_valid(old->view)
               && ptn_view_uidvalidity(old->view)
                  == ptn_view_uidvalidity(base->view));
}


/* ---- how two differ ---------------------------------------------------- */

static bool
ptn_diff_add(ptn_row_t **rows, uint32_t *n, const ptn_row_t *row)
{
    if (!ptn_table_grow((void **) rows, *n, sizeof(ptn_row_t))) {
        return false;
    }

    (*rows)[(*n)++] = *row;

    return true;
}


void
ptn_diff_done(ptn_diff_t *d)
{
    free(d->dead);
    free(d->rows);
}


static uint32_t
ptn_diff_same(const ptn_base_t *a, uint32_t i, const ptn_base_t *b,
    uint32_t k)
{
    return (a->view != NULL && b->view != NULL)
           ? ptn_view_same(a->view, i + 1, b->view, k + 1) : 0;
}


ptn_rc_t
ptn_base_diff(const ptn_base_t *a, const ptn_base_t *b, ptn_diff_t *d)
{
    bool       good;
    uint32_t   i, k, na, nb, same;
    ptn_row_t  x, y;

    memset(d, 0, sizeof(ptn_diff_t));
    na = ptn_base_count(a);
    nb = ptn_base_count(b);
    good = true;

    for (i = 0, k = 0; (i < na || k < nb) && good; /* void */ ) {
        if (i < na && k < nb) {
            same = ptn_diff_same(a, i, b, k);

            if (same != 0) {
                i += same;
                k += same;
                continue;
            }
        }

        if (i < na) {
            ptn_base_at(a, i, &x);
        }

        if (k < nb) {
            ptn_base_at(b, k, &y);
        }

        if (k >= nb || (i < na && x.uid < y.uid)) {
            good = ptn_diff_add(&d->dead, &d->ndead, &x);
            i++;

        } else if (i >= na || y.uid < x.uid) {
            good = ptn_diff_add(&d->rows, &d->nrows, &y);
            k++;

        } else {
            if (x.modseq != y.modseq || x.flags != y.flags || x.id != y.id) {
                good = ptn_diff_add(&d->dead, &d->ndead, &x)
                       && ptn_diff_add(&d->rows, &d->nrows, &y);
            }

            i++;
            k++;
        }
    }

    if (!good) {
        ptn_diff_done(d);
        memset(d, 0, sizeof(ptn_diff_t));
        return PTN_ENOMEM;
    }

    return PTN_OK;
}
