/*
 * Sets of ids as ranges.  The wire form is in ptn_idset_wire.c.
 */

#include <stdlib.h>

#include "ptn_idset.h"


#define PTN_IDSET_LATE_MIN  64


/* ---- replicas ------------------------------------------------------------ */

/* The index of `guid`, or where it belongs. */

static uint32_t
ptn_idset_place(const ptn_idset_t *set, ptn_guid_t guid, bool *ret_found)
{
    int       c;
    uint32_t  lo, hi, mid;

    lo = 0;
    hi = set->nparts;
    *ret_found = false;

    while (lo < hi) {
        mid = (lo + hi) / 2;
        c = memcmp(set->parts[mid].guid.b, guid.b, sizeof(guid.b));

        if (c == 0) {
            *ret_found = true;
            return mid;
        }

        if (c < 0) {
            lo = mid + 1;

        } else {
            hi = mid;
        }
    }

    return lo;
}


const ptn_idset_part_t *
ptn_idset_part(const ptn_idset_t *set, ptn_guid_t guid)
{
    bool      found;
    uint32_t  i;

    i = ptn_idset_place(set, guid, &found);

    return found ? &set->parts[i] : NULL;
}


static ptn_rc_t
ptn_idset_make_part(ptn_idset_t *set, ptn_guid_t guid,
    ptn_idset_part_t **ret_part)
{
    bool               found;
    uint32_t           i, size;
    ptn_idset_part_t  *p;

    i = ptn_idset_place(set, guid, &found);

    if (!found) {
        if (set->nparts >= PTN_IDSET_REPLICAS_MAX) {
            return PTN_ELIMIT;
        }

        if (set->nparts == set->size) {
            size = set->size ? 2 * set->size : 2;
            p = realloc(set->parts, size * sizeof(ptn_idset_part_t));

            if (p == NULL) {
                return PTN_ENOMEM;
            }

            set->parts = p;
            set->size = size;
        }

        p = &set->parts[i];
        memmove(p + 1, p, (set->nparts - i) * sizeof(ptn_idset_part_t));
        memset(p, 0, sizeof(ptn_idset_part_t));
        p->guid = guid;
        set->nparts++;
    }

    *ret_part = &set->parts[i];

    return PTN_OK;
}


static void
ptn_idset_part_done(ptn_idset_part_t *p)
{
    free(p->r);
    free(p->late);
}


void
ptn_idset_done(ptn_idset_t *set)
{
    uint32_t  i;

    for (i = 0; i < set->nparts; i++) {
        ptn_idset_part_done(&set->parts[i]);
    }

    free(set->parts);
    memset(set, 0, sizeof(ptn_idset_t));
}


void
ptn_idset_move(ptn_idset_t *to, ptn_idset_t *from)
{
    ptn_idset_t  set;

    set = *from;
    memset(from, 0, sizeof(ptn_idset_t));
    ptn_idset_done(to);
    *to = set;
}


/* ---- lists of ranges ----------------------------------------------------- */

static int
ptn_idset_compare(const void *a, const void *b)
{
    const ptn_idrange_t  *x = a, *y = b;

    return (x->lo > y->lo) - (x->lo < y->lo);
}


static ptn_rc_t
ptn_idset_push(ptn_idrange_t **list, size_t *n, size_t *size, uint64_t lo,
    uint64_t hi)
{
    size_t          k;
    ptn_idrange_t  *r;

    if (*n == *size) {
        if (*n >= PTN_IDSET_RANGES_MAX) {
            return PTN_ELIMIT;
        }

        k = *size ? *size + *size / 2 + 1 : 4;
        r = realloc(*list, k * sizeof(ptn_idrange_t));

        if (r == NULL) {
            return PTN_ENOMEM;
        }

        *list = r;
        *size = k;
    }

    (*list)[*n].lo = lo;
    (*list)[*n].hi = hi;
    (*n)++;

    return PTN_OK;
}


/* The first range that ends at `id` or behind it. */

static size_t
ptn_idset_find(const ptn_idrange_t *r, size_t n, uint64_t id)
{
    size_t  lo, hi, mid;

    lo = 0;
    hi = n;

    while (lo < hi) {
        mid = (lo + hi) / 2;

        if (r[mid].hi < id) {
            lo = mid + 1;

        } else {
            hi = mid;
        }
    }

    return lo;
}


/* Appends to `out`, whose last range may touch. */

static size_t
ptn_idset_join(ptn_idrange_t *out, size_t n, const ptn_idrange_t *r)
{
    if (n != 0 && r->lo <= out[n - 1].hi + 1) {
        out[n - 1].hi = ptn_max(out[n - 1].hi, r->hi);
        return n;
    }

    out[n] = *r;

    return n + 1;
}


static ptn_rc_t
ptn_idset_merge(ptn_idset_part_t *p, const ptn_idrange_t *more, size_t nmore)
{
    size_t          i, k, n;
    ptn_idrange_t  *out;

    out = malloc((p->n + nmore) * sizeof(ptn_idrange_t) + 1);
    if (out == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0, k = 0, n = 0; i < p->n || k < nmore; ) {
        if (k == nmore || (i < p->n && p->r[i].lo <= more[k].lo)) {
            n = ptn_idset_join(out, n, &p->r[i++]);

        } else {
            n = ptn_idset_join(out, n, &more[k++]);
        }
    }

    if (n > PTN_IDSET_RANGES_MAX) {
        free(out);
        return PTN_ELIMIT;
    }

    free(p->r);
    p->r = out;
    p->size = p->n + nmore;
    p->n = n;

    return PTN_OK;
}


static ptn_rc_t
ptn_idset_part_ready(ptn_idset_part_t *p)
{
    ptn_rc_t  rc;

    if (p->nlate == 0) {
        return PTN_OK;
    }

    qsort(p->late, p->nlate, sizeof(ptn_idrange_t), ptn_idset_compare);
    rc = ptn_idset_merge(p, p->late, p->nlate);

    if (rc == PTN_OK) {
        p->nlate = 0;
    }

    return rc;
}


ptn_rc_t
ptn_idset_ready(ptn_idset_t *set)
{
    size_t    total;
    uint32_t  i;
    ptn_rc_t  rc;

    for (i = 0, total = 0, rc = PTN_OK; i < set->nparts && rc == PTN_OK; i++) {
        rc = ptn_idset_part_ready(&set->parts[i]);
        total += set->parts[i].n;
    }

    return (rc == PTN_OK && total > PTN_IDSET_RANGES_MAX) ? PTN_ELIMIT : rc;
}


ptn_rc_t
ptn_idset_copy(ptn_idset_t *to, const ptn_idset_t *from)
{
    ptn_rc_t     rc;
    ptn_idset_t  set;

    memset(&set, 0, sizeof(set));
    rc = ptn_idset_union(&set, from);

    if (rc == PTN_OK) {
        ptn_idset_move(to, &set);

    } else {
        ptn_idset_done(&set);
    }

    return rc;
}


/* ---- additions ----------------------------------------------------------- */

ptn_rc_t
ptn_idset_add_range(ptn_idset_t *set, ptn_guid_t guid, uint64_t lo,
    uint64_t hi)
{
    ptn_rc_t           rc;
    ptn_idrange_t     *last;
    ptn_idset_part_t  *p;

    if (lo == 0 || lo > hi || hi > PTN_ID_MAX) {
        return PTN_EINVAL;
    }

    rc = ptn_idset_make_part(set, guid, &p);
    if (rc != PTN_OK) {
        return rc;
    }

    /* most come in order */

    if (p->n == 0 || lo > p->r[p->n - 1].hi + 1) {
        return ptn_idset_push(&p->r, &p->n, &p->size, lo, hi);
    }

    last = &p->r[p->n - 1];

    if (lo >= last->lo) {
        last->hi = ptn_max(last->hi, hi);
        return PTN_OK;
    }

    if (p->nlate >= PTN_IDSET_LATE_MIN && p->nlate > p->n) {
        rc = ptn_idset_part_ready(p);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return ptn_idset_push(&p->late, &p->nlate, &p->late_size, lo, hi);
}


ptn_rc_t
ptn_idset_add(ptn_idset_t *set, ptn_guid_t guid, uint64_t id)
{
    return ptn_idset_add_range(set, guid, id, id);
}


/* ---- removal ------------------------------------------------------------- */

ptn_rc_t
ptn_idset_remove_range(ptn_idset_t *set, ptn_guid_t guid, uint64_t lo,
    uint64_t hi)
{
    bool               found;
    size_t             i, k;
    uint32_t           part;
    uint64_t           end;
    ptn_rc_t           rc;
    ptn_idset_part_t  *p;

    if (lo > hi) {
        return PTN_EINVAL;
    }

    part = ptn_idset_place(set, guid, &found);
    if (!found) {
        return PTN_OK;
    }

    p = &set->parts[part];
    rc = ptn_idset_part_ready(p);
    if (rc != PTN_OK) {
        return rc;
    }

    i = ptn_idset_find(p->r, p->n, lo);

    if (i == p->n || p->r[i].lo > hi) {
        return PTN_OK;
    }

    if (p->r[i].lo < lo && p->r[i].hi > hi) {
        end = p->r[i].hi;
        rc = ptn_idset_push(&p->r, &p->n, &p->size, 0, 0);
        if (rc != PTN_OK) {
            return rc;
        }

        memmove(&p->r[i + 1], &p->r[i],
                (p->n - 1 - i) * sizeof(ptn_idrange_t));
        p->r[i].hi = lo - 1;
        p->r[i + 1].lo = hi + 1;
        p->r[i + 1].hi = end;
        return PTN_OK;
    }

    if (p->r[i].lo < lo) {
        p->r[i++].hi = lo - 1;
    }

    for (k = i; k < p->n && p->r[k].hi <= hi; k++) { /* void */ }

    if (k < p->n && p->r[k].lo <= hi) {
        p->r[k].lo = hi + 1;
    }

    memmove(&p->r[i], &p->r[k], (p->n - k) * sizeof(ptn_idrange_t));
    p->n -= k - i;

    return PTN_OK;
}


ptn_rc_t
ptn_idset_remove(ptn_idset_t *set, ptn_guid_t guid, uint64_t id)
{
    return ptn_idset_remove_range(set, guid, id, id);
}


/* ---- sets with sets ------------------------------------------------------ */

ptn_rc_t
ptn_idset_union(ptn_idset_t *to, const ptn_idset_t *from)
{
    size_t                   k;
    uint32_t                 i;
    ptn_rc_t                 rc;
    ptn_idset_part_t        *p;
    const ptn_idset_part_t  *f;

    for (i = 0; i < from->nparts; i++) {
        f = &from->parts[i];

        rc = ptn_idset_make_part(to, f->guid, &p);

        if (rc == PTN_OK) {
            p->replid = p->replid ? p->replid : f->replid;
            rc = ptn_idset_part_ready(p);
        }

        if (rc == PTN_OK) {
            rc = ptn_idset_merge(p, f->r, f->n);
        }

        for (k = 0; k < f->nlate && rc == PTN_OK; k++) {
            rc = ptn_idset_push(&p->late, &p->nlate, &p->late_size,
                                f->late[k].lo, f->late[k].hi);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return ptn_idset_ready(to);
}


/* What of `a` is in `b` (keep), or is not. */

static ptn_rc_t
ptn_idset_sift(ptn_idset_part_t *a, const ptn_idset_part_t *b, bool keep)
{
    size_t          i, k, n, size;
    uint64_t        lo, hi;
    ptn_rc_t        rc;
    ptn_idrange_t  *out;

    out = NULL;
    n = 0;
    size = 0;
    rc = PTN_OK;

    for (i = 0, k = 0; i < a->n && rc == PTN_OK; i++) {
        lo = a->r[i].lo;
        hi = a->r[i].hi;

        while (k < b->n && b->r[k].hi < lo) {
            k++;
        }

        for ( /* void */ ; lo <= hi && rc == PTN_OK; k++) {
            if (k == b->n || b->r[k].lo > hi) {
                if (!keep) {
                    rc = ptn_idset_push(&out, &n, &size, lo, hi);
                }
                break;
            }

            if (!keep && b->r[k].lo > lo) {
                rc = ptn_idset_push(&out, &n, &size, lo, b->r[k].lo - 1);
            }

            if (keep) {
                rc = ptn_idset_push(&out, &n, &size, ptn_max(lo, b->r[k].lo),
                                    ptn_min(hi, b->r[k].hi));
            }

            if (b->r[k].hi >= hi) {
                break;
            }

            lo = b->r[k].hi + 1;
        }
    }

    if (rc != PTN_OK) {
        free(out);
        return rc;
    }

    free(a->r);
    a->r = out;
    a->n = n;
    a->size = size;

    return PTN_OK;
}


static ptn_rc_t
ptn_idset_both(ptn_idset_t *to, const ptn_idset_t *from, bool keep)
{
    uint32_t                 i;
    ptn_rc_t                 rc;
    ptn_idset_t              copy;
    const ptn_idset_part_t  *f;

    static const ptn_idset_part_t  none;

    /* who is asked may not be changed, and must be merged */

    memset(&copy, 0, sizeof(copy));

    for (i = 0; i < from->nparts; i++) {
        if (from->parts[i].nlate != 0) {
            rc = ptn_idset_copy(&copy, from);
            if (rc != PTN_OK) {
                return rc;
            }

            from = &copy;
            break;
        }
    }

    rc = ptn_idset_ready(to);

    for (i = 0; i < to->nparts && rc == PTN_OK; i++) {
        f = ptn_idset_part(from, to->parts[i].guid);

        if (f != NULL || keep) {
            rc = ptn_idset_sift(&to->parts[i], f ? f : &none, keep);
        }
    }

    ptn_idset_done(&copy);

    return rc;
}


ptn_rc_t
ptn_idset_minus(ptn_idset_t *to, const ptn_idset_t *from)
{
    return ptn_idset_both(to, from, false);
}


ptn_rc_t
ptn_idset_intersect(ptn_idset_t *to, const ptn_idset_t *from)
{
    return ptn_idset_both(to, from, true);
}


/* ---- questions ----------------------------------------------------------- */

bool
ptn_idset_part_has(const ptn_idset_part_t *p, uint64_t id)
{
    size_t  i;

    i = ptn_idset_find(p->r, p->n, id);

    return i < p->n && p->r[i].lo <= id;
}


bool
ptn_idset_has(const ptn_idset_t *set, ptn_guid_t guid, uint64_t id)
{
    const ptn_idset_part_t  *p;

    p = ptn_idset_part(set, guid);

    return p != NULL && ptn_idset_part_has(p, id);
}


uint64_t
ptn_idset_run(const ptn_idset_t *set, ptn_guid_t guid, uint64_t lo)
{
    size_t                   i;
    const ptn_idset_part_t  *p;

    p = ptn_idset_part(set, guid);
    i = p ? ptn_idset_find(p->r, p->n, lo) : 0;

    return (p != NULL && i < p->n && p->r[i].lo <= lo) ? p->r[i].hi : lo - 1;
}


bool
ptn_idset_touches(const ptn_idset_t *set, ptn_guid_t guid, uint64_t lo,
    uint64_t hi)
{
    size_t                   i;
    const ptn_idset_part_t  *p;

    p = ptn_idset_part(set, guid);
    i = p ? ptn_idset_find(p->r, p->n, lo) : 0;

    return p != NULL && i < p->n && p->r[i].lo <= hi;
}


uint64_t
ptn_idset_count(const ptn_idset_t *set)
{
    size_t    k;
    uint32_t  i;
    uint64_t  n;

    for (i = 0, n = 0; i < set->nparts; i++) {
        for (k = 0; k < set->parts[i].n; k++) {
            n += set->parts[i].r[k].hi - set->parts[i].r[k].lo + 1;
        }
    }

    return n;
}


size_t
ptn_idset_ranges(const ptn_idset_t *set)
{
    size_t    n;
    uint32_t  i;

    for (i = 0, n = 0; i < set->nparts; i++) {
        n += set->parts[i].n;
    }

    return n;
}


static uint32_t
ptn_idset_next(const ptn_idset_t *set, uint32_t i)
{
    while (i < set->nparts && set->parts[i].n == 0) {
        i++;
    }

    return i;
}


bool
ptn_idset_equal(const ptn_idset_t *a, const ptn_idset_t *b)
{
    uint32_t                 i, k;
    const ptn_idset_part_t  *x, *y;

    i = ptn_idset_next(a, 0);
    k = ptn_idset_next(b, 0);

    while (i < a->nparts && k < b->nparts) {
        x = &a->parts[i];
        y = &b->parts[k];

        if (!ptn_guid_eq(x->guid, y->guid) || x->n != y->n
            || memcmp(x->r, y->r, x->n * sizeof(ptn_idrange_t)) != 0)
        {
            return false;
        }

        i = ptn_idset_next(a, i + 1);
        k = ptn_idset_next(b, k + 1);
    }

    return i == a->nparts && k == b->nparts;
}
