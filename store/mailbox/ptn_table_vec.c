/*
 * Vectors: the rows of a base that a spec wants, in its order.
 *
 * The vector keeps four bytes of each sort key, behind what all of them have in
 * common; where those are equal the keys are made again.  In the order of open
 * there are none: the base has the times.  With categories each row has a
 * record of its whole key: headers are made of them.
 */

#include <stdlib.h>

#include "ptn_table.h"


/* ---- references -------------------------------------------------------- */

ptn_vec_t *
ptn_vec_ref(ptn_vec_t *vec)
{
    __atomic_add_fetch(&vec->refs, 1, __ATOMIC_RELAXED);

    return vec;
}


bool
ptn_vec_alone(const ptn_vec_t *vec)
{
    return __atomic_load_n(&vec->refs, __ATOMIC_ACQUIRE) == 1;
}


void
ptn_vec_unref(ptn_vec_t *vec)
{
    if (vec == NULL
        || __atomic_sub_fetch(&vec->refs, 1, __ATOMIC_ACQ_REL) != 0)
    {
        return;
    }

    ptn_base_unref(vec->base);
    free(vec->uids);
    free(vec->insts);
    free(vec->leads);
    free(vec->keys);
    free(vec->ends);
    free(vec->groups);
    free(vec);
}


uint32_t
ptn_vec_instance(const ptn_vec_t *vec, uint32_t i)
{
    return vec->insts ? vec->insts[i] : 0;
}


static ptn_vec_t *
ptn_vec_new(const ptn_spec_t *spec, ptn_base_t *base, uint32_t n)
{
    ptn_vec_t  *vec;

    vec = calloc(1, sizeof(ptn_vec_t));
    if (vec == NULL) {
        return NULL;
    }

    vec->refs = 1;
    vec->base = ptn_base_ref(base);
    vec->uids = malloc(((size_t) n + 1) * sizeof(uint32_t));

    if (spec->instances != 0) {
        vec->insts = malloc(((size_t) n + 1) * sizeof(uint16_t));
    }

    if (spec->nsorts != 0 && spec->ncats == 0) {
        vec->leads = malloc(((size_t) n + 1) * sizeof(uint32_t));
    }

    if (vec->uids == NULL || (spec->instances != 0 && vec->insts == NULL)
        || (spec->nsorts != 0 && spec->ncats == 0 && vec->leads == NULL))
    {
        ptn_vec_unref(vec);
        return NULL;
    }

    return vec;
}


/* ---- the order of open ------------------------------------------------- */

typedef struct {
    int64_t   received;
    uint32_t  uid;
} ptn_vec_newest_t;


static int
ptn_vec_compare_newest(const void *a, const void *b)
{
    const ptn_vec_newest_t  *x = a, *y = b;

    if (x->received != y->received) {
        return (x->received < y->received) - (x->received > y->received);
    }

    return (x->uid < y->uid) - (x->uid > y->uid);
}


/* Mail that comes in order is in order: then there is nothing to sort. */

static ptn_rc_t
ptn_vec_newest(const ptn_spec_t *spec, ptn_base_t *base, ptn_vec_t **ret_vec)
{
    bool               sorted;
    uint32_t           i, n;
    ptn_row_t          row;
    ptn_vec_t         *vec;
    ptn_vec_newest_t  *all;

    n = ptn_base_count(base);
    vec = ptn_vec_new(spec, base, n);
    all = malloc(((size_t) n + 1) * sizeof(ptn_vec_newest_t));

    if (vec == NULL || all == NULL) {
        ptn_vec_unref(vec);
        free(all);
        return PTN_ENOMEM;
    }

    sorted = true;

    for (i = 0; i < n; i++) {
        ptn_base_at(base, n - 1 - i, &row);
        all[i].received = row.received;
        all[i].uid = row.uid;
        sorted &= (i == 0
                   || ptn_vec_compare_newest(&all[i - 1], &all[i]) < 0);
    }

    if (!sorted) {
        qsort(all, n, sizeof(ptn_vec_newest_t), ptn_vec_compare_newest);
    }

    for (i = 0; i < n; i++) {
        vec->uids[i] = all[i].uid;
    }

    free(all);
    vec->n = n;
    *ret_vec = vec;

    return PTN_OK;
}


/* ---- any order --------------------------------------------------------- */

/* Rows with their keys, while a vector is made: in `keys`, or in `all` where
 * whole keys are wanted. */
typedef struct {
    ptn_probe_t  *r;
    ptn_pool_t   *pool;
    ptn_keyed_t  *all;
    uint32_t      n;
    bool          parts;        /* in keys */
    bool          plain;        /* and all rows, once */
    ptn_keys_t    keys;
} ptn_vec_list_t;


/* What the reader has loaded: each instance that matches. */

static ptn_rc_t
ptn_vec_add(void *ctx, const ptn_row_t *row)
{
    bool             match;
    ptn_rc_t         rc;
    uint32_t         i, n;
    ptn_vec_list_t  *l = ctx;

    if (l->plain) {
        return ptn_keys_add(&l->keys, row, 0, l->r->values);
    }

    n = ptn_probe_instances(l->r);
    match = false;
    rc = PTN_OK;

    for (i = 0; i < n && rc == PTN_OK; i++) {
        ptn_probe_instance(l->r, i);

        if (i == 0 || l->r->each) {
            rc = ptn_probe_match(l->r, &match);
        }

        if (rc != PTN_OK || !match) {
            continue;
        }

        if (l->parts) {
            rc = ptn_keys_add(&l->keys, row, i, l->r->values);
            continue;
        }

        if (!ptn_table_grow((void **) &l->all, l->n, sizeof(ptn_keyed_t))) {
            return PTN_ENOMEM;
        }

        rc = ptn_probe_key(l->r, l->pool, row, i, &l->all[l->n]);
        l->n++;
    }

    return rc;
}


/* All messages of the folder, in one scan. */

static ptn_rc_t
ptn_vec_scan(ptn_vec_list_t *l, const ptn_base_t *base)
{
    ptn_rc_t       rc;
    uint32_t       i, n, uid;
    ptn_row_t      row;
    sqlite3_stmt  *st;

    st = ptn_sql(l->r->mb, PTN_SQL_ITEM_FOLDER, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, ptn_spec_key(l->r->spec));
    n = ptn_base_count(base);
    row.uid = 0;

    for (i = 0; (rc = ptn_sql_step(l->r->mb, st)) == PTN_AGAIN; /* void */ ) {
        uid = (uint32_t) ptn_sql_u64(st, 1);

        while (row.uid < uid && i < n) {
            ptn_base_at(base, i++, &row);
        }

        if (row.uid != uid) {
            continue;           /* came after the base */
        }

        rc = ptn_item_read(st, &l->r->item);

        if (rc == PTN_OK) {
            ptn_spec_item(l->r->spec, &l->r->item);
            rc = ptn_probe_item(l->r, &row);
        }

        if (rc == PTN_OK) {
            rc = ptn_vec_add(l, &row);
        }

        if (rc != PTN_OK) {
            sqlite3_reset(st);
            return rc;
        }
    }

    return rc;
}


static ptn_rc_t
ptn_vec_read(ptn_vec_list_t *l, const ptn_row_t *row)
{
    ptn_rc_t  rc;

    rc = l->r->rows ? ptn_probe_base(l->r, row) : ptn_probe_row(l->r, row);

    /* gone meanwhile: the next sync finds it gone, too */

    return rc == PTN_ENOTFOUND ? PTN_OK : rc == PTN_OK ? ptn_vec_add(l, row)
                                                       : rc;
}


static ptn_rc_t
ptn_vec_each(ptn_vec_list_t *l, const ptn_base_t *base)
{
    ptn_rc_t          rc;
    uint32_t          i, k, n, run;
    const ptn_row_t  *row;

    n = ptn_base_count(base);
    rc = PTN_OK;

    for (i = 0; i < n && rc == PTN_OK; i += run) {
        row = ptn_base_run(base, i, &run);

        for (k = 0; k < run && rc == PTN_OK; k++) {
            rc = ptn_vec_read(l, row + k);
        }
    }

    return rc;
}


/* ... in the way that reads least. */

static ptn_rc_t
ptn_vec_all(ptn_vec_list_t *l, const ptn_base_t *base)
{
    const ptn_spec_t  *spec;

    spec = l->r->spec;

    return (!l->r->rows && !(l->r->needs & PTN_SCAN_ALL)
            && ptn_base_count(base) >= PTN_SCAN_MIN)
           ? ptn_scan_rows(l->r, base, ptn_vec_add, l)
           : (spec->kind == PTN_TABLE_FAI || spec->search || l->r->rows)
           ? ptn_vec_each(l, base) : ptn_vec_scan(l, base);
}


static uint32_t
ptn_vec_lead(const ptn_vec_t *vec, ptn_str_t key)
{
    size_t    i;
    uint32_t  n;

    for (i = vec->ncommon, n = 0; i < vec->ncommon + 4; i++) {
        n = n << 8 | (i < key.len ? key.data[i] : 0);
    }

    return n;
}


/* What the first and the last key have in common all have. */

static ptn_rc_t
ptn_vec_common(ptn_vec_t *vec, ptn_keys_t *keys)
{
    uint32_t   i;
    ptn_rc_t   rc;
    ptn_str_t  a, b;

    if (keys->n < 2) {
        return PTN_OK;
    }

    rc = ptn_keys_whole(keys, 0, &a);

    if (rc == PTN_OK) {
        rc = ptn_keys_whole(keys, keys->n - 1, &b);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    for (i = 0; i < sizeof(vec->common) && i < a.len && i < b.len
                && a.data[i] == b.data[i]; i++)
    {
        vec->common[i] = a.data[i];
    }

    vec->ncommon = i;

    return PTN_OK;
}


/* Of the sorted keys of a spec without categories. */

static ptn_rc_t
ptn_vec_fill(ptn_vec_t *vec, ptn_keys_t *keys)
{
    uint32_t           i;
    ptn_rc_t           rc;
    ptn_str_t          key;
    const ptn_part_t  *part;

    rc = ptn_vec_common(vec, keys);

    for (i = 0; i < keys->n && rc == PTN_OK; i++) {
        part = &keys->parts[keys->all[i].i];
        vec->uids[i] = part->uid;

        if (vec->insts != NULL) {
            vec->insts[i] = part->instance;
        }

        if (vec->leads == NULL) {
            continue;
        }

        key = ptn_radix_key(keys->data, &keys->all[i]);

        if (!part->whole && key.len < vec->ncommon + 4) {
            if (keys->pool != NULL) {
                ptn_pool_reset(keys->pool);
            }

            rc = ptn_keys_whole(keys, i, &key);
        }

        if (rc == PTN_OK) {
            vec->leads[i] = ptn_vec_lead(vec, key);
        }
    }

    vec->n = keys->n;

    return rc;
}


static int
ptn_vec_compare_keyed(const void *a, const void *b)
{
    return ptn_str_cmp(((const ptn_keyed_t *) a)->key,
                       ((const ptn_keyed_t *) b)->key);
}


static ptn_rc_t
ptn_vec_sort(ptn_keyed_t **all, uint32_t n)
{
    size_t        size;
    u_char       *base;
    uint32_t      i;
    ptn_rc_t      rc;
    ptn_str_t     key;
    ptn_radix_t  *order;
    ptn_keyed_t  *sorted;

    if (n < PTN_SCAN_MIN) {
        if (n > 1) {
            qsort(*all, n, sizeof(ptn_keyed_t), ptn_vec_compare_keyed);
        }

        return PTN_OK;
    }

    for (i = 0, size = 0; i < n; i++) {
        size += 2 + (*all)[i].key.len;
    }

    if (size > UINT32_MAX) {
        return PTN_ELIMIT;
    }

    base = malloc(size);
    order = malloc(n * sizeof(ptn_radix_t));
    sorted = malloc(n * sizeof(ptn_keyed_t));
    rc = (base && order && sorted) ? PTN_OK : PTN_ENOMEM;

    for (i = 0, size = 0; i < n && rc == PTN_OK; i++) {
        key = (*all)[i].key;
        order[i].at = (uint32_t) size;
        order[i].i = i;
        base[size++] = (u_char) key.len;
        base[size++] = (u_char) (key.len >> 8);
        memcpy(base + size, key.data, key.len);
        size += key.len;
    }

    if (rc == PTN_OK) {
        rc = ptn_radix_sort(base, order, n);
    }

    free(base);

    if (rc != PTN_OK) {
        free(order);
        free(sorted);
        return rc;
    }

    for (i = 0; i < n; i++) {
        sorted[i] = (*all)[order[i].i];
    }

    free(order);
    free(*all);
    *all = sorted;

    return PTN_OK;
}


/* ... of one with categories. */

static ptn_rc_t
ptn_vec_group(const ptn_spec_t *spec, ptn_vec_t *vec, ptn_vec_list_t *l)
{
    uint32_t  i;
    ptn_rc_t  rc;

    rc = ptn_vec_sort(&l->all, l->n);

    if (rc == PTN_OK) {
        rc = ptn_heading_order(spec, l->all, l->n);
    }

    for (i = 0; i < l->n && rc == PTN_OK; i++) {
        vec->uids[i] = l->all[i].uid;

        if (vec->insts != NULL) {
            vec->insts[i] = l->all[i].instance;
        }
    }

    vec->n = l->n;

    return rc == PTN_OK ? ptn_heading_make(spec, vec, l->all) : rc;
}


static ptn_rc_t
ptn_vec_of(const ptn_spec_t *spec, ptn_base_t *base, ptn_vec_list_t *l,
    ptn_vec_t **ret_vec)
{
    ptn_rc_t    rc;
    ptn_vec_t  *vec;

    vec = ptn_vec_new(spec, base, spec->ncats ? l->n : l->keys.n);
    if (vec == NULL) {
        return PTN_ENOMEM;
    }

    if (spec->ncats != 0) {
        rc = ptn_vec_group(spec, vec, l);

    } else {
        rc = ptn_keys_sort(&l->keys);

        if (rc == PTN_OK) {
            rc = ptn_vec_fill(vec, &l->keys);
        }
    }

    if (rc != PTN_OK) {
        ptn_vec_unref(vec);
        return rc;
    }

    *ret_vec = vec;

    return PTN_OK;
}


static ptn_rc_t
ptn_vec_list_begin(ptn_mbox_t *mb, const ptn_spec_t *spec, uint32_t expected,
    ptn_vec_list_t *l)
{
    memset(l, 0, sizeof(ptn_vec_list_t));
    ptn_keys_init(&l->keys, mb, spec, expected);
    l->pool = ptn_pool_create((size_t) 4 * 1024 * 1024 * 1024, NULL);

    return l->pool ? ptn_probe_make(mb, spec, &l->r) : PTN_ENOMEM;
}


static void
ptn_vec_list_done(ptn_vec_list_t *l)
{
    ptn_probe_done(l->r);
    ptn_keys_done(&l->keys);
    ptn_pool_destroy(l->pool);
    free(l->all);
}


static ptn_rc_t
ptn_vec_by(ptn_mbox_t *mb, const ptn_spec_t *spec, ptn_base_t *base,
    ptn_vec_t **ret_vec)
{
    bool            reading;
    ptn_rc_t        rc;
    ptn_vec_list_t  l;

    reading = mb->reading;
    rc = ptn_vec_list_begin(mb, spec, spec->filter ? 0
                                      : ptn_base_count(base), &l);
    l.parts = (spec->ncats == 0);
    l.plain = (l.parts && spec->instances == 0 && spec->filter == NULL);

    if (rc == PTN_OK) {
        rc = ptn_mbox_read(mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_vec_all(&l, base);
    }

    if (!reading) {
        ptn_mbox_read_end(mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_vec_of(spec, base, &l, ret_vec);
    }

    ptn_vec_list_done(&l);

    return rc;
}


ptn_rc_t
ptn_vec_build(ptn_mbox_t *mb, const ptn_spec_t *spec, ptn_base_t *base,
    ptn_vec_t **ret_vec)
{
    return (spec->nsorts == 0 && spec->filter == NULL && spec->instances == 0)
           ? ptn_vec_newest(spec, base, ret_vec)
           : ptn_vec_by(mb, spec, base, ret_vec);
}


/* ---- patching ---------------------------------------------------------- */

/* A copy of what stays, with room for what comes. */

static ptn_vec_t *
ptn_vec_keep(const ptn_spec_t *spec, const ptn_vec_t *old, ptn_base_t *base,
    const ptn_diff_t *d, uint32_t room)
{
    uint32_t    i, n;
    ptn_vec_t  *vec;

    vec = ptn_vec_new(spec, base, old->n + room);
    if (vec == NULL) {
        return NULL;
    }

    memcpy(vec->common, old->common, sizeof(vec->common));
    vec->ncommon = old->ncommon;

    for (i = 0, n = 0; i < old->n; i++) {
        if (ptn_diff_find(d->dead, d->ndead, old->uids[i]) != NULL) {
            continue;
        }

        vec->uids[n] = old->uids[i];

        if (vec->insts != NULL) {
            vec->insts[n] = old->insts[i];
        }

        if (vec->leads != NULL) {
            vec->leads[n] = old->leads[i];
        }

        n++;
    }

    vec->n = n;

    return vec;
}


/* Does row `at` stand before the one that is to be put in? */

static ptn_rc_t
ptn_vec_before(ptn_vec_list_t *l, const ptn_vec_t *vec, uint32_t at,
    const ptn_keyed_t *keyed, uint32_t lead, bool *ret_before)
{
    ptn_rc_t     rc;
    ptn_row_t    row;
    ptn_keyed_t  key;

    if (vec->leads != NULL && vec->leads[at] != lead) {
        *ret_before = vec->leads[at] < lead;
        return PTN_OK;
    }

    memset(&row, 0, sizeof(row));
    row.uid = vec->uids[at];
    (void) ptn_base_row(vec->base, row.uid, &row);

    rc = PTN_OK;

    if (vec->leads != NULL) {
        rc = l->r->rows ? ptn_probe_base(l->r, &row)
                        : ptn_probe_row(l->r, &row);

        if (rc == PTN_ENOTFOUND) {
            memset(&l->r->item, 0, sizeof(ptn_item_t));
            rc = ptn_probe_item(l->r, &row);
        }

        if (rc == PTN_OK) {
            ptn_probe_instance(l->r, ptn_vec_instance(vec, at));
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_probe_key(l->r, l->r->pool, &row,
                            ptn_vec_instance(vec, at), &key);
    }

    if (rc == PTN_OK) {
        *ret_before = ptn_str_cmp(key.key, keyed->key) < 0;
    }

    return rc;
}


static ptn_rc_t
ptn_vec_put_in(ptn_vec_list_t *l, ptn_vec_t *vec, const ptn_keyed_t *keyed)
{
    bool      before;
    ptn_rc_t  rc;
    uint32_t  lo, hi, mid, lead;

    lead = ptn_vec_lead(vec, keyed->key);
    lo = 0;
    hi = vec->n;

    while (lo < hi) {
        mid = lo + (hi - lo) / 2;

        rc = ptn_vec_before(l, vec, mid, keyed, lead, &before);
        if (rc != PTN_OK) {
            return rc;
        }

        if (before) {
            lo = mid + 1;

        } else {
            hi = mid;
        }
    }

    memmove(vec->uids + lo + 1, vec->uids + lo,
            (vec->n - lo) * sizeof(uint32_t));
    vec->uids[lo] = keyed->uid;

    if (vec->insts != NULL) {
        memmove(vec->insts + lo + 1, vec->insts + lo,
                (vec->n - lo) * sizeof(uint16_t));
        vec->insts[lo] = keyed->instance;
    }

    if (vec->leads != NULL) {
        memmove(vec->leads + lo + 1, vec->leads + lo,
                (vec->n - lo) * sizeof(uint32_t));
        vec->leads[lo] = lead;
    }

    vec->n++;

    return PTN_OK;
}


/* With categories: the records of what stays, and the new ones, anew. */

static ptn_rc_t
ptn_vec_regroup(ptn_vec_list_t *l, const ptn_spec_t *spec,
    const ptn_vec_t *old, ptn_base_t *base, const ptn_diff_t *d,
    ptn_vec_t **ret_vec)
{
    uint32_t      i;
    ptn_keyed_t  *k;

    for (i = 0; i < old->n; i++) {
        if (ptn_diff_find(d->dead, d->ndead, old->uids[i]) != NULL) {
            continue;
        }

        if (!ptn_table_grow((void **) &l->all, l->n, sizeof(ptn_keyed_t))) {
            return PTN_ENOMEM;
        }

        k = &l->all[l->n++];
        ptn_heading_record(spec, old, i, k);
        k->uid = old->uids[i];
        k->instance = (uint16_t) ptn_vec_instance(old, i);
    }

    return ptn_vec_of(spec, base, l, ret_vec);
}


/* Is the new key like the others, so that four bytes of it can be kept? */

static bool
ptn_vec_alike(const ptn_vec_t *vec, ptn_str_t key)
{
    return vec->leads == NULL
           || (key.len >= vec->ncommon
               && memcmp(key.data, vec->common, vec->ncommon) == 0);
}


static ptn_rc_t
ptn_vec_merge(ptn_vec_list_t *l, const ptn_spec_t *spec,
    const ptn_vec_t *old, ptn_base_t *base, const ptn_diff_t *d,
    ptn_vec_t **ret_vec)
{
    ptn_rc_t    rc;
    uint32_t    i;
    ptn_vec_t  *vec;

    if (spec->ncats != 0) {
        return ptn_vec_regroup(l, spec, old, base, d, ret_vec);
    }

    for (i = 0; i < l->n; i++) {
        if (!ptn_vec_alike(old, l->all[i].key)) {
            return PTN_AGAIN;
        }
    }

    vec = ptn_vec_keep(spec, old, base, d, l->n);
    if (vec == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0, rc = PTN_OK; i < l->n && rc == PTN_OK; i++) {
        rc = ptn_vec_put_in(l, vec, &l->all[i]);
    }

    if (rc != PTN_OK) {
        ptn_vec_unref(vec);
        return rc;
    }

    *ret_vec = vec;

    return PTN_OK;
}


/* In the order of open a new row needs no look at its item. */

static ptn_rc_t
ptn_vec_new_rows(ptn_vec_list_t *l, const ptn_spec_t *spec,
    const ptn_diff_t *d)
{
    ptn_rc_t  rc;
    uint32_t  i;

    for (i = 0, rc = PTN_OK; i < d->nrows && rc == PTN_OK; i++) {
        if (spec->nsorts != 0 || spec->filter != NULL
            || spec->instances != 0)
        {
            rc = ptn_vec_read(l, &d->rows[i]);
            continue;
        }

        if (!ptn_table_grow((void **) &l->all, l->n, sizeof(ptn_keyed_t))) {
            return PTN_ENOMEM;
        }

        rc = ptn_probe_key(l->r, l->pool, &d->rows[i], 0, &l->all[l->n]);
        l->n++;
    }

    return rc;
}


ptn_rc_t
ptn_vec_patch(ptn_mbox_t *mb, const ptn_spec_t *spec, const ptn_vec_t *old,
    ptn_base_t *base, const ptn_diff_t *d, ptn_vec_t **ret_vec)
{
    bool            reading;
    ptn_rc_t        rc;
    ptn_vec_list_t  l;

    /* where much has changed it is less work to begin anew */

    if (d->nrows > ptn_base_count(base) / 8 + 64) {
        return ptn_vec_build(mb, spec, base, ret_vec);
    }

    reading = mb->reading;
    rc = ptn_vec_list_begin(mb, spec, 0, &l);

    if (rc == PTN_OK) {
        rc = ptn_mbox_read(mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_vec_new_rows(&l, spec, d);
    }

    if (rc == PTN_OK) {
        rc = ptn_vec_merge(&l, spec, old, base, d, ret_vec);
    }

    if (!reading) {
        ptn_mbox_read_end(mb);
    }

    ptn_vec_list_done(&l);

    return (rc == PTN_AGAIN) ? ptn_vec_build(mb, spec, base, ret_vec) : rc;
}
