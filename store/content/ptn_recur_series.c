/*
 * The occurrences of a series in a window of time.
 */

#include <stdlib.h>

#include "ptn_recur.h"


#define PTN_RECUR_DAY_SEC  86400
#define PTN_RECUR_SLOP     (16 * 3600)  /* no clock is farther from UTC */
#define PTN_RECUR_EX_MAX   100          /* dates held against EXRULEs */


typedef struct {
    ptn_pool_t          *pool;
    const ptn_series_t  *s;
    int64_t              from, to;      /* UTC */
    uint32_t             max;
    int64_t              length;
    int64_t             *gone;          /* local starts (or days), ascending */
    uint32_t             ngone;
    ptn_occurrence_t    *list;
    uint32_t             n, size;
    uint32_t             exonce;
    bool                 more, failed;
    ptn_tz_cursor_t      cursor, cursor_end;
} ptn_recur_window_t;


static int
ptn_recur_cmp(const void *a, const void *b)
{
    int64_t  x = *(const int64_t *) a, y = *(const int64_t *) b;

    return x < y ? -1 : x > y;
}


static int
ptn_recur_cmp_occurrence(const void *a, const void *b)
{
    const ptn_occurrence_t  *x = a, *y = b;

    if (x->start != y->start) {
        return x->start < y->start ? -1 : 1;
    }

    if (x->original != y->original) {
        return x->original < y->original ? -1 : 1;
    }

    return x->change < y->change ? -1 : x->change > y->change;
}


static int64_t
ptn_recur_day_of(int64_t local)
{
    return local / PTN_RECUR_DAY_SEC - (local % PTN_RECUR_DAY_SEC < 0);
}


static bool
ptn_recur_in(const int64_t *list, uint32_t n, int64_t x)
{
    uint32_t  lo, hi, mid;

    for (lo = 0, hi = n; lo < hi; ) {
        mid = lo + (hi - lo) / 2;

        if (list[mid] == x) {
            return true;
        }

        if (list[mid] < x) {
            lo = mid + 1;

        } else {
            hi = mid;
        }
    }

    return false;
}


static bool
ptn_recur_gone(const ptn_recur_window_t *w, int64_t local)
{
    return w->ngone != 0
           && ptn_recur_in(w->gone, w->ngone,
                           w->s->exdays ? ptn_recur_day_of(local) : local);
}


/* What the rule gives and no longer happens: deleted, or moved. */

static ptn_rc_t
ptn_recur_collect(ptn_recur_window_t *w)
{
    bool                 sorted = true;
    uint32_t             i, n;
    const ptn_series_t  *s = w->s;

    n = s->nexdates + s->nchanges;
    w->gone = ptn_parray(w->pool, n, sizeof(*w->gone));

    if (w->gone == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < n; i++) {
        w->gone[i] = i < s->nexdates ? s->exdates[i]
                                     : s->changes[i - s->nexdates].original;

        if (s->exdays) {
            w->gone[i] = ptn_recur_day_of(w->gone[i]);
        }

        sorted &= i == 0 || w->gone[i - 1] <= w->gone[i];
    }

    if (!sorted) {
        qsort(w->gone, n, sizeof(*w->gone), ptn_recur_cmp);
    }

    w->ngone = n;

    return PTN_OK;
}


/* False: it starts behind the window. */

static bool
ptn_recur_add(ptn_recur_window_t *w, int64_t local, int64_t end,
    int64_t original, uint32_t change)
{
    int64_t            a, b;
    ptn_occurrence_t  *list;

    a = ptn_tz_to_utc(w->s->tz, local, &w->cursor);

    if (a >= w->to) {
        return false;
    }

    b = end <= local ? a : ptn_tz_to_utc(w->s->tz, end, &w->cursor_end);
    b = ptn_max(a, b);

    if (b < w->from || (b == w->from && a != b)) {
        return true;
    }

    if (w->n == w->size) {
        w->size = w->size ? w->size * 2 : 16;
        list = ptn_parray(w->pool, w->size, sizeof(*list));

        if (list == NULL) {
            w->failed = true;
            return false;
        }

        if (w->n != 0) {
            memcpy(list, w->list, w->n * sizeof(*list));
        }

        w->list = list;
    }

    w->list[w->n++] = (ptn_occurrence_t) { a, b, local, original, change };

    return true;
}


/* EXRULEs beside what they take away: both ascend. */

typedef struct {
    ptn_recur_iter_t  it;
    int64_t           next;
    bool              any;
} ptn_recur_ex_t;


static ptn_recur_ex_t *
ptn_recur_exrules(ptn_recur_window_t *w)
{
    uint32_t           i;
    ptn_recur_ex_t    *ex;
    ptn_recur_rule_t   r;

    ex = ptn_parray(w->pool, w->s->nexrules, sizeof(*ex));
    if (ex == NULL) {
        w->failed = true;
        return NULL;
    }

    for (i = 0; i < w->s->nexrules; i++) {
        r = w->s->exrules[i];
        ptn_recur_rule_local(&r, w->s->tz);
        ptn_recur_iter_init(&ex[i].it, &r, w->s->start);
        ex[i].next = INT64_MIN;
        ex[i].any = true;
    }

    return ex;
}


static bool
ptn_recur_excluded(ptn_recur_window_t *w, ptn_recur_ex_t *ex, int64_t t)
{
    uint32_t  i;

    for (i = 0; i < w->s->nexrules; i++) {
        if (ex[i].any && ex[i].next < t) {
            ptn_recur_iter_seek(&ex[i].it, t);
            ex[i].any = ptn_recur_next(&ex[i].it, &ex[i].next);
            w->more |= ex[i].it.spent;
        }

        if (ex[i].any && ex[i].next == t) {
            return true;
        }
    }

    return false;
}


static void
ptn_recur_add_rule(ptn_recur_window_t *w, const ptn_recur_rule_t *rule)
{
    int64_t            t;
    uint32_t           n0, steps;
    ptn_recur_ex_t    *ex;
    ptn_recur_rule_t   r = *rule;
    ptn_recur_iter_t   it;

    ptn_recur_rule_local(&r, w->s->tz);
    ptn_recur_iter_init(&it, &r, w->s->start);
    ptn_recur_iter_seek(&it, w->from - w->length - PTN_RECUR_SLOP);

    ex = ptn_recur_exrules(w);
    n0 = w->n;

    for (steps = 0; ex != NULL && ptn_recur_next(&it, &t); steps++) {
        if (w->n - n0 > w->max || steps > PTN_RECUR_WORK_MAX) {
            w->more = true;
            break;
        }

        if (ptn_recur_gone(w, t) || ptn_recur_excluded(w, ex, t)) {
            continue;
        }

        if (!ptn_recur_add(w, t, t + w->length, t, PTN_RECUR_UNCHANGED)) {
            break;
        }
    }

    w->more |= it.spent;
}


/* Of dates, which are in no order. */

static bool
ptn_recur_excluded_one(ptn_recur_window_t *w, int64_t t)
{
    ptn_recur_ex_t  *ex;

    if (w->s->nexrules == 0) {
        return false;
    }

    ex = w->exonce++ < PTN_RECUR_EX_MAX ? ptn_recur_exrules(w) : NULL;

    return ex != NULL && ptn_recur_excluded(w, ex, t);
}


static void
ptn_recur_add_all(ptn_recur_window_t *w)
{
    int64_t              end;
    uint32_t             i;
    const ptn_series_t  *s = w->s;

    for (i = 0; i < s->nrules && !w->failed; i++) {
        ptn_recur_add_rule(w, &s->rules[i]);
    }

    if ((s->start_counts || (s->nrules == 0 && s->nrdates == 0))
        && !ptn_recur_gone(w, s->start)
        && !ptn_recur_excluded_one(w, s->start))
    {
        (void) ptn_recur_add(w, s->start, s->end, s->start,
                             PTN_RECUR_UNCHANGED);
    }

    for (i = 0; i < s->nrdates && !w->failed; i++) {
        if (!ptn_recur_gone(w, s->rdates[i].start)
            && !ptn_recur_excluded_one(w, s->rdates[i].start))
        {
            end = ptn_max(s->rdates[i].start, s->rdates[i].end);
            (void) ptn_recur_add(w, s->rdates[i].start, end,
                                 s->rdates[i].start, PTN_RECUR_UNCHANGED);
        }
    }
}


static void
ptn_recur_sort(ptn_recur_window_t *w, bool unique)
{
    uint32_t  i, n;

    qsort(w->list, w->n, sizeof(*w->list), ptn_recur_cmp_occurrence);

    for (i = 0, n = 0; unique && i < w->n; i++) {
        if (n != 0 && w->list[n - 1].original == w->list[i].original) {
            /* a period gives it a length of its own */
            w->list[n - 1].end = ptn_max(w->list[n - 1].end, w->list[i].end);
            continue;
        }

        w->list[n++] = w->list[i];
    }

    w->n = unique ? n : w->n;
}


ptn_rc_t
ptn_series_window(ptn_pool_t *pool, const ptn_series_t *s, int64_t from,
    int64_t to, uint32_t max, ptn_occurrence_t **ret_list, uint32_t *ret_n)
{
    uint32_t                   i, n;
    ptn_rc_t                   rc;
    ptn_recur_window_t         w = { 0 };
    const ptn_recur_change_t  *c;

    /* years 1 to 9999: sums stay within 64 bits */

    from = ptn_max(from, -62135596800);
    to = ptn_min(to, 253402300800);

    w.pool = pool;
    w.s = s;
    w.from = from;
    w.to = to;
    w.max = max;
    w.length = s->end > s->start ? s->end - s->start : 0;

    rc = ptn_recur_collect(&w);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_recur_add_all(&w);

    if (w.n > 1 && (s->nrules > 1 || s->nrdates != 0 || s->start_counts)) {
        ptn_recur_sort(&w, true);
    }

    for (i = 0, n = w.n; i < s->nchanges && !w.failed; i++) {
        c = &s->changes[i];
        (void) ptn_recur_add(&w, c->start, c->end, c->original, c->index);
    }

    if (w.n != n) {
        ptn_recur_sort(&w, false);
    }

    if (w.failed) {
        return PTN_ENOMEM;
    }

    *ret_list = w.list;
    *ret_n = ptn_min(w.n, max);

    return w.more || w.n > max ? PTN_ELIMIT : PTN_OK;
}


int64_t
ptn_series_end(const ptn_series_t *s)
{
    int64_t            t, last, length;
    uint32_t           i, steps = 0;
    ptn_recur_rule_t   r;
    ptn_recur_iter_t   it;

    length = s->end > s->start ? s->end - s->start : 0;
    last = s->nrules == 0 || s->start_counts ? s->start + length : INT64_MIN;

    for (i = 0; i < s->nrules; i++) {
        r = s->rules[i];

        if (r.count == 0 && r.until_kind == PTN_RECUR_NO_UNTIL) {
            return INT64_MAX;
        }

        ptn_recur_rule_local(&r, s->tz);
        ptn_recur_iter_init(&it, &r, s->start);

        while (ptn_recur_next(&it, &t)) {
            if (++steps > PTN_RECUR_WORK_MAX) {
                return INT64_MAX;
            }

            last = ptn_max(last, t + length);
        }

        if (it.spent) {
            return INT64_MAX;
        }
    }

    for (i = 0; i < s->nrdates; i++) {
        last = ptn_max(last, ptn_max(s->rdates[i].start, s->rdates[i].end));
    }

    for (i = 0; i < s->nchanges; i++) {
        last = ptn_max(last, s->changes[i].end);
    }

    return last == INT64_MIN ? s->end : ptn_tz_to_utc(s->tz, last, NULL);
}
