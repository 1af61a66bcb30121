/*
 * Views: references, reading, getting one.
 *
 * The process keeps one newest view of each folder (ptn_view_list.c).  A view
 * that shows a batch before its commit is known only to its mailbox handle: it
 * joins the list with the commit, or turns void (ptn_view_valid).
 */

#include <stdlib.h>

#include "ptn_item.h"
#include "ptn_view.h"


/* ---- references -------------------------------------------------------- */

void
ptn_chunk_unref(ptn_chunk_t *c)
{
    if (__atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL) == 0) {
        free(c);
    }
}


ptn_view_t *
ptn_view_ref(ptn_view_t *view)
{
    __atomic_add_fetch(&view->refs, 1, __ATOMIC_RELAXED);

    return view;
}


/* Nobody has it but who asks. */

bool
ptn_view_alone(const ptn_view_t *view)
{
    return __atomic_load_n(&view->refs, __ATOMIC_ACQUIRE) == 1;
}


void
ptn_view_unref(ptn_view_t *view)
{
    uint32_t  i;

    if (view == NULL
        || __atomic_sub_fetch(&view->refs, 1, __ATOMIC_ACQ_REL) != 0)
    {
        return;
    }

    for (i = 0; i < view->nchunks; i++) {
        ptn_chunk_unref(view->chunks[i]);
    }

    ptn_view_unref(view->base);
    free(view->first);
    free(view);
}


/* ---- reading ----------------------------------------------------------- */

uint32_t
ptn_view_count(const ptn_view_t *view)
{
    return view->count;
}


uint64_t
ptn_view_modseq(const ptn_view_t *view)
{
    return view->modseq;
}


uint32_t
ptn_view_uidvalidity(const ptn_view_t *view)
{
    return view->uidvalidity;
}


uint32_t
ptn_view_uidnext(const ptn_view_t *view)
{
    return view->uidnext;
}


ptn_id_t
ptn_view_folder(const ptn_view_t *view)
{
    return view->folder;
}


bool
ptn_view_valid(const ptn_view_t *view)
{
    return !__atomic_load_n(&view->undone, __ATOMIC_ACQUIRE)
           && (view->base == NULL || ptn_view_valid(view->base));
}


/* The chunk that holds `seq`, which is in the view. */

static uint32_t
ptn_view_chunk(const ptn_view_t *view, uint32_t seq)
{
    uint32_t  lo, hi, mid;

    lo = 0;
    hi = view->nchunks;

    while (hi - lo > 1) {
        mid = lo + (hi - lo) / 2;

        if (view->first[mid] <= seq) {
            lo = mid;
        } else {
            hi = mid;
        }
    }

    return lo;
}


void
ptn_view_row(const ptn_view_t *view, uint32_t seq, ptn_row_t *ret_row)
{
    uint32_t  i;

    if (seq == 0 || seq > view->count) {
        memset(ret_row, 0, sizeof(ptn_row_t));
        return;
    }

    i = ptn_view_chunk(view, seq);
    *ret_row = view->chunks[i]->rows[seq - view->first[i]];
}


const ptn_row_t *
ptn_view_run(const ptn_view_t *view, uint32_t seq, uint32_t *ret_n)
{
    uint32_t  i, at;

    if (seq == 0 || seq > view->count) {
        *ret_n = 0;
        return NULL;
    }

    i = ptn_view_chunk(view, seq);
    at = seq - view->first[i];
    *ret_n = view->chunks[i]->n - at;

    return view->chunks[i]->rows + at;
}


uint32_t
ptn_view_same(const ptn_view_t *a, uint32_t seq_a, const ptn_view_t *b,
    uint32_t seq_b)
{
    uint32_t  i, j, at;

    if (a == b && seq_a == seq_b && seq_a != 0 && seq_a <= a->count) {
        return a->count - seq_a + 1;
    }

    if (seq_a == 0 || seq_a > a->count || seq_b == 0 || seq_b > b->count) {
        return 0;
    }

    i = ptn_view_chunk(a, seq_a);
    j = ptn_view_chunk(b, seq_b);
    at = seq_a - a->first[i];

    if (a->chunks[i] != b->chunks[j] || at != seq_b - b->first[j]) {
        return 0;
    }

    return a->chunks[i]->n - at;
}


/*
 * Of n rows from uid `first` to `last`, the bounds of the first that is not
 * below `uid`, between them: uids ascend by one at least, and mostly by that.
 */

static void
ptn_view_bounds(uint32_t n, uint32_t first, uint32_t last, uint32_t uid,
    uint32_t *ret_lo, uint32_t *ret_hi)
{
    *ret_lo = n - 1 - ptn_min(last - uid, n - 1);
    *ret_hi = ptn_min(uid - first, n - 1);
}


/* `uid` is not above the last. */

static uint32_t
ptn_chunk_find(const ptn_chunk_t *c, uint32_t uid)
{
    uint32_t  lo, hi, mid;

    if (uid <= c->rows[0].uid) {
        return 0;
    }

    ptn_view_bounds(c->n, c->rows[0].uid, c->rows[c->n - 1].uid, uid, &lo,
                    &hi);

    while (lo < hi) {
        mid = lo + (hi - lo) / 2;

        if (c->rows[mid].uid < uid) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }

    return lo;
}


uint32_t
ptn_view_find(const ptn_view_t *view, uint32_t uid)
{
    uint32_t            lo, hi, mid, first, last;
    const ptn_chunk_t  *c;

    if (view->nchunks == 0) {
        return view->count + 1;
    }

    c = view->chunks[view->nchunks - 1];
    first = view->chunks[0]->rows[0].uid;
    last = c->rows[c->n - 1].uid;

    if (uid <= first || uid > last) {
        return uid <= first ? 1 : view->count + 1;
    }

    ptn_view_bounds(view->count, first, last, uid, &lo, &hi);

    if (lo == hi) {
        return lo + 1;
    }

    /* the first chunk whose last uid is not below */

    lo = ptn_view_chunk(view, lo + 1);
    hi = ptn_view_chunk(view, hi + 1);

    while (lo < hi) {
        mid = lo + (hi - lo) / 2;

        if (view->chunks[mid]->rows[view->chunks[mid]->n - 1].uid < uid) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }

    return view->first[lo] + ptn_chunk_find(view->chunks[lo], uid);
}


/* ---- from the database ------------------------------------------------- */

static void
ptn_view_read_row(sqlite3_stmt *st, ptn_row_t *row)
{
    row->uid = (uint32_t) ptn_sql_u64(st, 0);
    row->flags = (uint32_t) ptn_sql_u64(st, 1);
    row->id = ptn_sql_u64(st, 2);
    row->keywords = ptn_sql_u64(st, 3);
    row->modseq = ptn_sql_u64(st, 4);
    row->size = ptn_sql_u64(st, 5);
    row->received = sqlite3_column_int64(st, 6);
    row->plain = sqlite3_data_count(st) > 7 && sqlite3_column_int(st, 7) != 0;
}


static bool
ptn_view_search(ptn_mbox_t *mb, ptn_id_t folder)
{
    ptn_folder_t  *f;

    return ptn_folder_of(mb, folder, &f) == PTN_OK && f->search;
}


static ptn_rc_t
ptn_view_load(ptn_mbox_t *mb, ptn_id_t folder, ptn_view_t **ret_view)
{
    ptn_rc_t          rc;
    ptn_row_t         row;
    sqlite3_stmt     *st;
    ptn_view_build_t  b;

    memset(&b, 0, sizeof(b));

    st = ptn_sql(mb, ptn_view_search(mb, folder) ? PTN_SQL_SEARCH_VIEW_ALL
                                                 : PTN_SQL_VIEW_ALL, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        ptn_view_read_row(st, &row);
        ptn_view_build_row(&b, &row);
    }

    if (rc != PTN_OK) {
        ptn_view_build_drop(&b);
        return rc;
    }

    *ret_view = ptn_view_build_done(&b);

    return (*ret_view == NULL) ? PTN_ENOMEM : PTN_OK;
}


static int
ptn_view_compare_rows(const void *a, const void *b)
{
    uint32_t  x, y;

    x = ((const ptn_row_t *) a)->uid;
    y = ((const ptn_row_t *) b)->uid;

    return (x > y) - (x < y);
}


static int
ptn_view_compare_uids(const void *a, const void *b)
{
    uint32_t  x, y;

    x = *(const uint32_t *) a;
    y = *(const uint32_t *) b;

    return (x > y) - (x < y);
}


/* Room for element n of an array that doubles. */

static bool
ptn_view_grow(void **p, size_t n, size_t size)
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


static ptn_rc_t
ptn_view_gone(ptn_mbox_t *mb, ptn_id_t folder, uint64_t since,
    uint32_t **uids, size_t *n)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_TOMB_UIDS, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) since);

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        if (!ptn_view_grow((void **) uids, *n, sizeof(uint32_t))) {
            sqlite3_reset(st);
            return PTN_ENOMEM;
        }

        (*uids)[(*n)++] = (uint32_t) ptn_sql_u64(st, 0);
    }

    if (*n != 0) {
        qsort(*uids, *n, sizeof(uint32_t), ptn_view_compare_uids);
    }

    return rc;
}


static ptn_rc_t
ptn_view_delta(ptn_mbox_t *mb, ptn_id_t folder, uint64_t since,
    ptn_view_delta_t *d)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, ptn_view_search(mb, folder) ? PTN_SQL_SEARCH_VIEW_SINCE
                                                 : PTN_SQL_VIEW_SINCE, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) since);

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        if (!ptn_view_grow((void **) &d->rows, d->nrows, sizeof(ptn_row_t))) {
            sqlite3_reset(st);
            return PTN_ENOMEM;
        }

        ptn_view_read_row(st, &d->rows[d->nrows++]);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (d->nrows != 0) {
        qsort(d->rows, d->nrows, sizeof(ptn_row_t), ptn_view_compare_rows);
    }

    return ptn_view_gone(mb, folder, since, &d->gone, &d->ngone);
}


/* ---- late messages ------------------------------------------------------ */

ptn_rc_t
ptn_view_late(ptn_mbox_t *mb, ptn_id_t folder, uint32_t uid, int64_t received,
    bool fai)
{
    ptn_rc_t            rc;
    ptn_folder_t       *f;
    ptn_folder_more_t  *more;

    if (fai) {
        return PTN_OK;
    }

    rc = ptn_folder_of(mb, folder, &f);
    if (rc != PTN_OK) {
        return rc;
    }

    more = &mb->set->more[f - mb->set->folders];

    if (more->top == PTN_TOP_UNKNOWN) {
        if (f->total != 0) {
            return PTN_OK;
        }

        more->top = PTN_TOP_NONE;       /* it is empty: nothing to know */
    }

    if (received >= more->top) {
        more->top = received;
        return PTN_OK;
    }

    return ptn_sql_run(mb, PTN_SQL_TABLE_LATE_SET, 2, folder,
                       (uint64_t) uid);
}


/* ---- getting one ------------------------------------------------------- */

static bool
ptn_view_in_batch(const ptn_mbox_t *mb, const ptn_folder_t *f)
{
    return mb->batch && f->modseq > mb->batch_cn;
}


static ptn_view_t *
ptn_view_of_batch(const ptn_mbox_t *mb, const ptn_folder_t *f)
{
    ptn_view_t  *view;

    for (view = mb->views; view != NULL; view = view->next) {
        if (view->folder == f->id && view->modseq == f->modseq
            && ptn_view_valid(view))
        {
            return view;
        }
    }

    return NULL;
}


/* In one read: the folder's numbers and what belongs to them. */

static ptn_rc_t
ptn_view_read(ptn_mbox_t *mb, ptn_id_t folder, const ptn_view_t *base,
    ptn_view_t **ret_view)
{
    ptn_rc_t          rc;
    uint32_t          uidvalidity, uidnext;
    uint64_t          modseq, horizon, total;
    ptn_view_t       *view;
    sqlite3_stmt     *st;
    ptn_view_delta_t  d;

    st = ptn_sql(mb, PTN_SQL_VIEW_FOLDER, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    uidvalidity = (uint32_t) ptn_sql_u64(st, 0);
    uidnext = (uint32_t) ptn_sql_u64(st, 1);
    modseq = ptn_sql_u64(st, 2);
    horizon = ptn_sql_u64(st, 3);
    total = ptn_sql_u64(st, 4);
    sqlite3_reset(st);

    memset(&d, 0, sizeof(d));
    view = NULL;

    if (base != NULL && base->uidvalidity == uidvalidity
        && base->modseq >= horizon && base->modseq <= modseq)
    {
        rc = ptn_view_delta(mb, folder, base->modseq, &d);

        if (rc == PTN_OK) {
            view = ptn_view_patch(base, &d);
            rc = view ? PTN_OK : PTN_ENOMEM;
        }

        free(d.rows);
        free(d.gone);

        /* never seen, and cheap to be sure of */

        if (rc == PTN_OK && view->count != total) {
            ptn_view_unref(view);
            view = NULL;
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    if (view == NULL) {
        rc = ptn_view_load(mb, folder, &view);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    view->folder = folder;
    view->uidvalidity = uidvalidity;
    view->uidnext = uidnext;
    view->modseq = modseq;
    *ret_view = view;

    return PTN_OK;
}


static ptn_rc_t
ptn_view_refresh(ptn_mbox_t *mb, const ptn_folder_t *f,
    const ptn_view_t *base, ptn_view_t **ret_view)
{
    bool         mixed;
    ptn_rc_t     rc;
    ptn_view_t  *view;

    mixed = ptn_view_in_batch(mb, f);

    if (mb->batch) {
        rc = ptn_folder_flush(mb);

        if (rc == PTN_OK) {
            rc = ptn_view_read(mb, f->id, base, &view);
        }

    } else {
        ptn_mbox_read_end(mb);
        rc = ptn_sql_run(mb, PTN_SQL_BEGIN_READ, 0);

        if (rc == PTN_OK) {
            rc = ptn_view_read(mb, f->id, base, &view);
            ptn_sql_run(mb, PTN_SQL_COMMIT, 0);
        }
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (!mixed) {
        ptn_view_list_put(mb, view);

    } else {
        view->batch = true;
        view->next = mb->views;
        mb->views = ptn_view_ref(view);
    }

    *ret_view = view;

    return PTN_OK;
}


/* What everybody has of it. */

static ptn_rc_t
ptn_view_get_base(ptn_mbox_t *mb, ptn_id_t folder, ptn_view_t **ret_view)
{
    ptn_rc_t       rc;
    ptn_view_t    *view;
    ptn_folder_t  *f;

    rc = ptn_folder_of(mb, folder, &f);
    if (rc != PTN_OK) {
        return rc;
    }

    if (ptn_view_in_batch(mb, f)) {
        view = ptn_view_of_batch(mb, f);

        if (view != NULL) {
            *ret_view = ptn_view_ref(view);
            return PTN_OK;
        }
    }

    view = ptn_view_list_get(mb, folder);

    /* another executor's may be newer than what we know: that is fine */

    if (view != NULL && view->uidvalidity == f->uidvalidity
        && view->modseq >= f->modseq)
    {
        *ret_view = view;
        return PTN_OK;
    }

    rc = ptn_view_refresh(mb, f, view, ret_view);
    ptn_view_unref(view);

    return rc;
}


ptn_rc_t
ptn_view_get(ptn_mbox_t *mb, ptn_id_t folder, ptn_view_t **ret_view)
{
    ptn_rc_t     rc;
    ptn_view_t  *base;

    rc = ptn_rights_need(mb, folder, PTN_RIGHT_READ_ANY);

    if (rc == PTN_OK) {
        rc = ptn_view_get_base(mb, folder, &base);
    }

    return (rc == PTN_OK) ? ptn_rights_view(mb, base, ret_view) : rc;
}


/*
 * The batch was committed: its views become everybody's.  Or what changed
 * after `kept` was undone: views that show it are void.
 */

void
ptn_view_batch_done(ptn_mbox_t *mb, bool committed, uint64_t kept)
{
    ptn_view_t  *view, **link;

    link = &mb->views;

    while ((view = *link) != NULL) {

        if (committed) {
            view->batch = false;
            ptn_view_list_put(mb, view);

        } else if (view->modseq > kept) {
            __atomic_store_n(&view->undone, true, __ATOMIC_RELEASE);

        } else {
            link = &view->next;
            continue;
        }

        *link = view->next;
        view->next = NULL;
        ptn_view_unref(view);
    }
}


ptn_rc_t
ptn_view_vanished(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    uint64_t since, uint32_t **ret_uids, size_t *ret_n)
{
    size_t         n;
    int64_t        horizon;
    ptn_rc_t       rc;
    uint32_t      *uids;
    ptn_folder_t  *f;

    rc = ptn_rights_need(mb, folder, PTN_RIGHT_READ_ANY);

    if (rc == PTN_OK) {
        rc = ptn_folder_of(mb, folder, &f);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    horizon = (int64_t) mb->set->more[f - mb->set->folders].horizon;

    if (since < (uint64_t) horizon) {
        return PTN_ESTALE;
    }

    uids = NULL;
    n = 0;
    rc = ptn_view_gone(mb, folder, since, &uids, &n);

    if (rc == PTN_OK) {
        *ret_uids = ptn_pmemdup(pool, uids, n * sizeof(uint32_t));
        *ret_n = n;
        rc = *ret_uids ? PTN_OK : PTN_ENOMEM;
    }

    free(uids);

    return rc;
}
