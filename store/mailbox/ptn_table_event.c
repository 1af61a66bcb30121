/*
 * What a change did to the rows of a table: where each row went, and the
 * events that make the new table of the old one.
 *
 * Rows that did not change keep their order among themselves (the longest run
 * of them, where whole categories have moved; what is not in it counts as
 * changed).  Those that left are taken out first.  Then what is new or changed
 * goes, from the top, behind the row that it stands behind in the end: which is
 * in its place by then.
 */

#include <stdlib.h>

#include "ptn_table.h"


void
ptn_was_take(ptn_table_t *table, ptn_was_t *was)
{
    memset(was, 0, sizeof(ptn_was_t));
    was->vec = table->vec;
    was->seen = table->seen;
    was->small = table->small;
    was->n = table->n;
    table->vec = NULL;
    table->seen = NULL;
    table->small = NULL;
    table->n = 0;
}


void
ptn_was_done(ptn_was_t *was)
{
    ptn_vec_unref(was->vec);
    free(was->seen);
    free(was->small);
    free(was->to);
    free(was->dead);
    free(was->now);
    free(was->was);
}


/* ---- names of rows ----------------------------------------------------- */

static void
ptn_event_key(const ptn_vec_t *vec, const uint32_t *seen,
    const ptn_small_t *small, uint32_t row, ptn_table_key_t *key)
{
    ptn_row_t  r;

    memset(key, 0, sizeof(ptn_table_key_t));

    if (small != NULL) {
        key->id = small[row].id;
        return;
    }

    if (seen != NULL && (seen[row] & PTN_TABLE_HEADER)) {
        key->id = vec->groups[seen[row] & ~PTN_TABLE_HEADER].id;
        key->header = true;
        return;
    }

    row = seen ? seen[row] : row;

    if (ptn_base_row(vec->base, vec->uids[row], &r)) {
        key->id = r.id;
        key->instance = ptn_vec_instance(vec, row);
    }
}


void
ptn_table_key_of(const ptn_table_t *table, uint32_t row, ptn_table_key_t *ret)
{
    memset(ret, 0, sizeof(ptn_table_key_t));

    if (row >= table->n) {
        return;
    }

    if (table->newest) {
        ret->id = row < table->nhead ? table->head[row].id : 0;
        return;
    }

    ptn_event_key(table->vec, table->seen, table->small, row, ret);
}


static int
ptn_event_compare(const ptn_table_key_t *a, const ptn_table_key_t *b)
{
    return a->id != b->id ? (a->id > b->id) - (a->id < b->id)
           : a->header != b->header ? a->header - b->header
           : (a->instance > b->instance) - (a->instance < b->instance);
}


/* ---- room -------------------------------------------------------------- */

static ptn_rc_t
ptn_was_dead(ptn_was_t *was, const ptn_table_key_t *key)
{
    if (!ptn_table_grow((void **) &was->dead, was->ndead, sizeof(*key))) {
        return PTN_ENOMEM;
    }

    was->dead[was->ndead++] = *key;

    return PTN_OK;
}


static ptn_rc_t
ptn_was_now(ptn_was_t *was, uint32_t row, bool modified)
{
    if (!ptn_table_grow((void **) &was->now, was->nnow, sizeof(uint32_t))
        || !ptn_table_grow((void **) &was->was, was->nnow, sizeof(bool)))
    {
        return PTN_ENOMEM;
    }

    was->now[was->nnow] = row;
    was->was[was->nnow++] = modified;

    return PTN_OK;
}


/* ---- by the difference of the bases ------------------------------------ */

/* Rows that changed, before and after. */
typedef struct {
    ptn_table_key_t  key;
    uint32_t         row;
} ptn_event_row_t;

typedef struct {
    ptn_event_row_t  *p;
    uint32_t          n;
} ptn_event_rows_t;


static int
ptn_event_compare_rows(const void *a, const void *b)
{
    return ptn_event_compare(&((const ptn_event_row_t *) a)->key,
                             &((const ptn_event_row_t *) b)->key);
}


static ptn_rc_t
ptn_event_add(ptn_event_rows_t *rows, ptn_id_t id, uint32_t instance,
    uint32_t row)
{
    ptn_event_row_t  *r;

    if (!ptn_table_grow((void **) &rows->p, rows->n, sizeof(*r))) {
        return PTN_ENOMEM;
    }

    r = &rows->p[rows->n++];
    memset(r, 0, sizeof(*r));
    r->key.id = id;
    r->key.instance = instance;
    r->row = row;

    return PTN_OK;
}


/* Both from the top: AGAIN when what did not change is not in one order. */

static ptn_rc_t
ptn_was_walk(const ptn_table_t *table, ptn_was_t *was, const ptn_diff_t *d,
    ptn_event_rows_t *gone, ptn_event_rows_t *come)
{
    ptn_rc_t          rc;
    uint32_t          i, k;
    const ptn_vec_t  *a, *b;
    const ptn_row_t  *row;

    a = was->vec;
    b = table->vec;
    rc = PTN_OK;

    for (i = 0, k = 0; rc == PTN_OK && (i < was->n || k < table->n); ) {
        if (i < was->n
            && (row = ptn_diff_find(d->dead, d->ndead, a->uids[i])) != NULL)
        {
            rc = ptn_event_add(gone, row->id, ptn_vec_instance(a, i), i);
            i++;
            continue;
        }

        if (k < table->n
            && (row = ptn_diff_find(d->rows, d->nrows, b->uids[k])) != NULL)
        {
            rc = ptn_event_add(come, row->id, ptn_vec_instance(b, k), k);
            k++;
            continue;
        }

        if (i == was->n || k == table->n || a->uids[i] != b->uids[k]
            || ptn_vec_instance(a, i) != ptn_vec_instance(b, k))
        {
            return PTN_AGAIN;
        }

        was->to[i++] = k++;
    }

    return rc;
}


static ptn_rc_t
ptn_was_by_diff(const ptn_table_t *table, ptn_was_t *was,
    const ptn_diff_t *d)
{
    ptn_rc_t          rc;
    uint32_t          i;
    ptn_event_row_t  *old;
    ptn_event_rows_t  gone = { NULL, 0 }, come = { NULL, 0 };

    rc = ptn_was_walk(table, was, d, &gone, &come);

    if (rc == PTN_OK && gone.n != 0) {
        qsort(gone.p, gone.n, sizeof(*old), ptn_event_compare_rows);
    }

    for (i = 0; rc == PTN_OK && i < come.n; i++) {
        old = gone.n ? bsearch(&come.p[i], gone.p, gone.n, sizeof(*old),
                               ptn_event_compare_rows) : NULL;

        if (old != NULL) {
            was->to[old->row] = come.p[i].row;
        }

        rc = ptn_was_now(was, come.p[i].row, old != NULL);
    }

    for (i = 0; rc == PTN_OK && i < gone.n; i++) {
        if (was->to[gone.p[i].row] == PTN_TABLE_NONE) {
            rc = ptn_was_dead(was, &gone.p[i].key);
        }
    }

    free(gone.p);
    free(come.p);

    return rc;
}


/* ---- row by row -------------------------------------------------------- */

typedef struct {
    ptn_table_key_t  key;
    uint64_t         state;
    uint32_t         row;
} ptn_event_state_t;


static int
ptn_event_compare_states(const void *a, const void *b)
{
    return ptn_event_compare(&((const ptn_event_state_t *) a)->key,
                             &((const ptn_event_state_t *) b)->key);
}


static uint64_t
ptn_event_state(const ptn_vec_t *vec, const uint32_t *seen,
    const ptn_small_t *small, uint32_t row, bool open)
{
    uint64_t            h;
    ptn_row_t           r;
    const ptn_heading_t  *g;

    if (small != NULL) {
        return small[row].state;
    }

    memset(&r, 0, sizeof(r));

    if (seen != NULL && (seen[row] & PTN_TABLE_HEADER)) {
        g = &vec->groups[seen[row] & ~PTN_TABLE_HEADER];
        (void) ptn_base_row(vec->base, vec->uids[g->first], &r);
        h = ((uint64_t) g->n << 32 | g->unread) * 0x9e3779b97f4a7c15ULL;
        h = (h ^ r.modseq ^ r.id << 40) * 0x9e3779b97f4a7c15ULL;
        return h ^ open;
    }

    row = seen ? seen[row] : row;
    (void) ptn_base_row(vec->base, vec->uids[row], &r);

    return r.modseq * 0x100000001b3ULL ^ r.flags;
}


static ptn_event_state_t *
ptn_event_states(const ptn_table_t *table, const ptn_vec_t *vec,
    const uint32_t *seen, const ptn_small_t *small, uint32_t n)
{
    bool                open;
    uint32_t            i;
    ptn_event_state_t  *all;

    all = malloc(((size_t) n + 1) * sizeof(ptn_event_state_t));

    for (i = 0; all != NULL && i < n; i++) {
        open = seen != NULL && (seen[i] & PTN_TABLE_HEADER)
               && ptn_table_is_open(table, &vec->groups[seen[i]
                                            & ~PTN_TABLE_HEADER]);
        ptn_event_key(vec, seen, small, i, &all[i].key);
        all[i].state = ptn_event_state(vec, seen, small, i, open);
        all[i].row = i;
    }

    return all;
}


/*
 * Of rows that are there before and after, unchanged (from[k] is the old row of
 * row k, or NONE), the longest run that keeps its order: the others' `from` is
 * turned to NONE, in `loose`.
 */

static ptn_rc_t
ptn_event_longest(const uint32_t *from, uint32_t n, bool *loose)
{
    uint32_t   k, lo, hi, mid, len, *tail, *prev;

    tail = malloc(((size_t) n + 1) * sizeof(uint32_t));
    prev = malloc(((size_t) n + 1) * sizeof(uint32_t));

    if (tail == NULL || prev == NULL) {
        free(tail);
        free(prev);
        return PTN_ENOMEM;
    }

    len = 0;

    for (k = 0; k < n; k++) {
        loose[k] = true;

        if (from[k] == PTN_TABLE_NONE) {
            continue;
        }

        lo = 0;
        hi = len;

        while (lo < hi) {
            mid = lo + (hi - lo) / 2;

            if (from[tail[mid]] < from[k]) {
                lo = mid + 1;

            } else {
                hi = mid;
            }
        }

        prev[k] = lo ? tail[lo - 1] : PTN_TABLE_NONE;
        tail[lo] = k;
        len = ptn_max(len, lo + 1);
    }

    for (k = len ? tail[len - 1] : PTN_TABLE_NONE; k != PTN_TABLE_NONE;
         k = prev[k])
    {
        loose[k] = false;
    }

    free(tail);
    free(prev);

    return PTN_OK;
}


static ptn_rc_t
ptn_was_by_rows(const ptn_table_t *table, ptn_was_t *was,
    ptn_event_state_t *old, const ptn_event_state_t *now, uint32_t *from,
    bool *loose)
{
    bool                same;
    ptn_rc_t            rc;
    uint32_t            i;
    ptn_event_state_t  *found;

    if (was->n != 0) {
        qsort(old, was->n, sizeof(*old), ptn_event_compare_states);
    }

    for (i = 0; i < table->n; i++) {
        found = was->n ? bsearch(&now[i], old, was->n, sizeof(*old),
                                 ptn_event_compare_states) : NULL;
        same = (found != NULL && found->state == now[i].state);
        from[i] = same ? found->row : PTN_TABLE_NONE;

        if (found != NULL) {
            was->to[found->row] = i;
        }
    }

    rc = ptn_event_longest(from, table->n, loose);

    for (i = 0; i < table->n && rc == PTN_OK; i++) {
        if (loose[i]) {
            found = was->n ? bsearch(&now[i], old, was->n, sizeof(*old),
                                     ptn_event_compare_states) : NULL;
            rc = ptn_was_now(was, i, found != NULL);
        }
    }

    for (i = 0; i < was->n && rc == PTN_OK; i++) {
        if (was->to[old[i].row] == PTN_TABLE_NONE) {
            rc = ptn_was_dead(was, &old[i].key);
        }
    }

    return rc;
}


static ptn_rc_t
ptn_was_any(const ptn_table_t *table, ptn_was_t *was)
{
    bool               *loose;
    ptn_rc_t            rc;
    uint32_t           *from;
    ptn_event_state_t  *old, *now;

    old = ptn_event_states(table, was->vec, was->seen, was->small, was->n);
    now = ptn_event_states(table, table->vec, table->seen, table->small,
                           table->n);
    from = malloc(((size_t) table->n + 1) * sizeof(uint32_t));
    loose = malloc(((size_t) table->n + 1) * sizeof(bool));

    rc = (old && now && from && loose)
         ? ptn_was_by_rows(table, was, old, now, from, loose) : PTN_ENOMEM;

    free(old);
    free(now);
    free(from);
    free(loose);

    return rc;
}


ptn_rc_t
ptn_was_compare(const ptn_table_t *table, ptn_was_t *was, const ptn_diff_t *d)
{
    ptn_rc_t  rc;

    was->to = malloc(((size_t) was->n + 1) * sizeof(uint32_t));
    if (was->to == NULL) {
        return PTN_ENOMEM;
    }

    memset(was->to, 0xff, ((size_t) was->n + 1) * sizeof(uint32_t));
    rc = PTN_AGAIN;

    if (d != NULL && table->seen == NULL) {
        rc = ptn_was_by_diff(table, was, d);
    }

    if (rc == PTN_AGAIN) {
        memset(was->to, 0xff, ((size_t) was->n + 1) * sizeof(uint32_t));
        was->ndead = 0;
        was->nnow = 0;
        rc = ptn_was_any(table, was);
    }

    return rc;
}


/* ---- what follows from it ---------------------------------------------- */

static uint32_t
ptn_was_place(const ptn_table_t *table, const ptn_was_t *was, uint32_t at,
    bool *gone)
{
    uint32_t  i;

    for (i = at; i < was->n && was->to[i] == PTN_TABLE_NONE; i++) {
        /* void */
    }

    *gone |= (i != at);

    return i < was->n ? was->to[i] : table->n;
}


void
ptn_was_move(ptn_table_t *table, const ptn_was_t *was)
{
    bool      gone;
    uint32_t  i;

    gone = false;
    table->position = ptn_was_place(table, was, table->position, &gone);

    for (i = 0; i < table->nmarks; i++) {
        table->marks[i].at = ptn_was_place(table, was, table->marks[i].at,
                                           &table->marks[i].gone);
    }
}


ptn_rc_t
ptn_was_events(const ptn_table_t *table, const ptn_was_t *was,
    ptn_pool_t *pool, const ptn_table_event_t **ret, size_t *ret_n)
{
    size_t              n;
    uint32_t            i;
    ptn_table_event_t  *all, *ev;

    n = (size_t) was->ndead + was->nnow;
    all = ptn_parray(pool, ptn_max(ptn_min(n, (size_t) PTN_TABLE_EVENTS_MAX),
                                   (size_t) 1), sizeof(ptn_table_event_t));
    if (all == NULL) {
        return PTN_ENOMEM;
    }

    *ret = all;
    *ret_n = n;

    if (n > PTN_TABLE_EVENTS_MAX) {
        memset(all, 0, sizeof(ptn_table_event_t));
        all->kind = PTN_TABLE_CHANGED;
        *ret_n = 1;
        return PTN_OK;
    }

    ev = all;

    for (i = 0; i < was->ndead; i++, ev++) {
        memset(ev, 0, sizeof(*ev));
        ev->kind = PTN_TABLE_ROW_DELETED;
        ev->row = was->dead[i];
    }

    for (i = 0; i < was->nnow; i++, ev++) {
        memset(ev, 0, sizeof(*ev));
        ev->kind = was->was[i] ? PTN_TABLE_ROW_MODIFIED : PTN_TABLE_ROW_ADDED;
        ev->at = was->now[i];
        ptn_table_key_of(table, ev->at, &ev->row);

        if (ev->at != 0) {
            ptn_table_key_of(table, ev->at - 1, &ev->after);
        }
    }

    return PTN_OK;
}


/* ---- names ------------------------------------------------------------- */

static ptn_rc_t
ptn_event_left(ptn_mbox_t *mb, ptn_id_t folder, ptn_id_t id,
    ptn_id_t *ret_mid)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_TABLE_LEFT, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) id);
    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        *ret_mid = ptn_sql_u64(st, 0);
        sqlite3_reset(st);
        rc = PTN_OK;
    }

    return rc;
}


ptn_rc_t
ptn_table_name(ptn_mbox_t *mb, ptn_table_t *table,
    const ptn_table_key_t *key, ptn_id_t *ret_folder, ptn_id_t *ret_mid)
{
    int64_t        in;
    ptn_id_t       mid, folder;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    rc = ptn_table_need(mb, table);
    if (rc != PTN_OK) {
        return rc;
    }

    folder = table->spec.folder;
    mid = key->id;

    if (table->spec.kind == PTN_TABLE_HIERARCHY) {
        *ret_folder = key->id;
        *ret_mid = 0;
        return PTN_OK;
    }

    if (!key->header && table->spec.kind != PTN_TABLE_MADE) {
        st = ptn_sql(mb, PTN_SQL_TABLE_MID, &rc);
        if (st == NULL) {
            return rc;
        }

        sqlite3_bind_int64(st, 1, (sqlite3_int64) key->id);
        rc = ptn_sql_step(mb, st);
        in = 0;

        if (rc == PTN_AGAIN) {
            mid = ptn_sql_u64(st, 0);
            in = sqlite3_column_int64(st, 1);
            sqlite3_reset(st);
            rc = PTN_OK;
        }

        if (rc == PTN_OK && table->spec.search && in > 0) {
            folder = (ptn_id_t) in;

        } else if (rc == PTN_OK && in != (int64_t) folder
                   && in != -(int64_t) folder)
        {
            mid = key->id;
            rc = ptn_event_left(mb, folder, key->id, &mid);
        }
    }

    *ret_folder = folder;
    *ret_mid = mid;

    return rc;
}
