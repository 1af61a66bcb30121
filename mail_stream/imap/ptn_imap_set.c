#include <stdlib.h>

#include "ptn_imap.h"


static ptn_rc_t
ptn_imap_set_number(ptn_imap_in_t *in, uint32_t *ret)
{
    ptn_rc_t  rc;
    uint64_t  n;

    if (ptn_imap_parse_take(in, '*')) {
        *ret = 0;
        return PTN_OK;
    }

    rc = ptn_imap_parse_number(in, UINT32_MAX, &n);

    if (rc != PTN_OK || n == 0) {
        return PTN_EPARSE;
    }

    *ret = (uint32_t) n;

    return PTN_OK;
}


ptn_rc_t
ptn_imap_set_parse(ptn_imap_in_t *in, ptn_imap_set_t *ret)
{
    size_t             room;
    ptn_rc_t           rc;
    ptn_imap_set_t     set;
    ptn_imap_range_t   r, *grown;

    memset(&set, 0, sizeof(set));
    room = 0;

    do {
        rc = ptn_imap_set_number(in, &r.lo);
        if (rc != PTN_OK) {
            return rc;
        }

        r.hi = r.lo;

        if (ptn_imap_parse_take(in, ':')) {
            rc = ptn_imap_set_number(in, &r.hi);
            if (rc != PTN_OK) {
                return rc;
            }
        }

        if (set.n == room) {
            room = room ? room * 2 : 4;

            grown = ptn_parray(in->pool, room, sizeof(ptn_imap_range_t));
            if (grown == NULL) {
                return PTN_ENOMEM;
            }

            if (set.n != 0) {
                memcpy(grown, set.range, set.n * sizeof(ptn_imap_range_t));
            }
            set.range = grown;
        }

        set.range[set.n++] = r;

    } while (ptn_imap_parse_take(in, ','));

    *ret = set;

    return PTN_OK;
}


static int
ptn_imap_set_compare(const void *a, const void *b)
{
    const ptn_imap_range_t  *x = a, *y = b;

    return (x->lo > y->lo) - (x->lo < y->lo);
}


ptn_rc_t
ptn_imap_set_normal(ptn_pool_t *pool, const ptn_imap_set_t *set,
    uint32_t star, ptn_imap_set_t *ret)
{
    size_t             i, n;
    uint32_t           t;
    ptn_imap_range_t  *r;

    r = ptn_parray(pool, set->n, sizeof(ptn_imap_range_t));
    if (r == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0, n = 0; i < set->n; i++) {
        r[n] = set->range[i];

        if (r[n].lo == 0) {
            r[n].lo = star;
        }

        if (r[n].hi == 0) {
            r[n].hi = star;
        }

        if (r[n].lo > r[n].hi) {
            t = r[n].lo;
            r[n].lo = r[n].hi;
            r[n].hi = t;
        }

        if (r[n].hi != 0) {             /* "*" of an empty mailbox */
            r[n].lo = ptn_max(r[n].lo, 1u);
            n++;
        }
    }

    if (n > 1) {
        qsort(r, n, sizeof(ptn_imap_range_t), ptn_imap_set_compare);
    }

    ret->range = r;
    ret->n = 0;

    for (i = 0; i < n; i++) {

        if (ret->n != 0
            && (uint64_t) r[i].lo <= (uint64_t) r[ret->n - 1].hi + 1)
        {
            r[ret->n - 1].hi = ptn_max(r[ret->n - 1].hi, r[i].hi);
            continue;
        }

        r[ret->n++] = r[i];
    }

    return PTN_OK;
}


bool
ptn_imap_set_has(const ptn_imap_set_t *normal, uint32_t n)
{
    size_t  lo, hi, mid;

    lo = 0;
    hi = normal->n;

    while (lo < hi) {
        mid = lo + (hi - lo) / 2;

        if (n > normal->range[mid].hi) {
            lo = mid + 1;

        } else {
            hi = mid;
        }
    }

    return lo < normal->n && n >= normal->range[lo].lo;
}


ptn_rc_t
ptn_imap_set_resolve(ptn_pool_t *pool, const ptn_imap_set_t *set,
    const ptn_view_t *view, bool uid, ptn_imap_set_t *ret)
{
    size_t             i, n;
    uint32_t           count, star, lo, hi;
    ptn_rc_t           rc;
    ptn_row_t          row;
    ptn_imap_set_t     normal;

    count = ptn_view_count(view);
    star = count;

    if (uid && count != 0) {
        ptn_view_row(view, count, &row);
        star = row.uid;
    }

    rc = ptn_imap_set_normal(pool, set, star, &normal);
    if (rc != PTN_OK) {
        return rc;
    }

    if (!uid) {

        if (normal.n != 0 && normal.range[normal.n - 1].hi > count) {

            /* 1:* of an empty mailbox is what clients send: nothing */

            if (count != 0 || normal.range[normal.n - 1].hi > 1) {
                return PTN_EINVAL;
            }

            normal.n = 0;
        }

        *ret = normal;
        return PTN_OK;
    }

    for (i = 0, n = 0; i < normal.n; i++) {

        lo = ptn_view_find(view, normal.range[i].lo);
        hi = normal.range[i].hi == UINT32_MAX
             ? count : ptn_view_find(view, normal.range[i].hi + 1) - 1;

        if (lo > hi) {
            continue;
        }

        if (n != 0 && lo <= normal.range[n - 1].hi + 1) {
            normal.range[n - 1].hi = hi;
            continue;
        }

        normal.range[n].lo = lo;
        normal.range[n].hi = hi;
        n++;
    }

    normal.n = n;
    *ret = normal;

    return PTN_OK;
}


ptn_rc_t
ptn_imap_set_uids(ptn_pool_t *pool, const ptn_imap_set_t *seqs,
    const ptn_view_t *view, uint32_t **ret_uids, size_t *ret_n)
{
    size_t      i, n;
    uint32_t    seq, *uids;
    ptn_row_t   row;

    for (i = 0, n = 0; i < seqs->n; i++) {
        n += (size_t) (seqs->range[i].hi - seqs->range[i].lo) + 1;
    }

    uids = ptn_parray(pool, n, sizeof(uint32_t));
    if (uids == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0, n = 0; i < seqs->n; i++) {
        for (seq = seqs->range[i].lo; seq <= seqs->range[i].hi; seq++) {
            ptn_view_row(view, seq, &row);
            uids[n++] = row.uid;
        }
    }

    *ret_uids = uids;
    *ret_n = n;

    return PTN_OK;
}


void
ptn_imap_set_format(ptn_buf_t *out, const uint32_t *n, size_t len)
{
    bool      first;
    size_t    i;
    uint32_t  lo, hi;

    first = true;

    for (i = 0; i < len; ) {

        if (n[i] == 0) {
            i++;
            continue;
        }

        lo = hi = n[i++];

        while (i < len && n[i] == hi + 1) {
            hi = n[i++];
        }

        ptn_buf_printf(out, first ? "%u" : ",%u", lo);

        if (hi != lo) {
            ptn_buf_printf(out, ":%u", hi);
        }

        first = false;
    }
}
