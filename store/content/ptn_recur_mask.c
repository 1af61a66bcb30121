/*
 * The days of a month that a rule takes: 31 bits.
 */

#include "ptn_recur_in.h"


int
ptn_recur_week(int64_t day, int wkst, int *ret_of, int *ret_year)
{
    int          y;
    int64_t      start, first, next;
    ptn_civil_t  c;

    start = day - ptn_recur_mod(ptn_recur_wday(day) - wkst, 7);
    ptn_time_to_civil((start + 3) * PTN_RECUR_DAY_SEC, &c);
    y = c.year;

    /* the week of January 4 is the first */

    first = ptn_recur_year_day(y) + 3;
    first -= ptn_recur_mod(ptn_recur_wday(first) - wkst, 7);
    next = ptn_recur_year_day(y + 1) + 3;
    next -= ptn_recur_mod(ptn_recur_wday(next) - wkst, 7);

    *ret_of = (int) ((next - first) / 7);
    *ret_year = y;

    return (int) ((start - first) / 7) + 1;
}


static uint32_t
ptn_recur_mask_ends(uint32_t days, int len)
{
    uint32_t  mask = 0;

    for ( ; days != 0; days &= days - 1) {
        if (len >= __builtin_ctz(days)) {
            mask |= 1u << (len - __builtin_ctz(days));
        }
    }

    return mask;
}


static uint32_t
ptn_recur_mask_ydays(const ptn_recur_rule_t *r, int before, int len, int ylen)
{
    int       i, n;
    uint32_t  mask = 0;

    for (i = 0; i < len; i++) {
        n = before + i + 1;

        if (r->ydays[n / 64] >> (n % 64) & 1) {
            mask |= 1u << i;
        }

        n = ylen - n + 1;

        if (r->ydays_end[n / 64] >> (n % 64) & 1) {
            mask |= 1u << i;
        }
    }

    return mask;
}


/* With an interval it is the week's year that counts. */

static uint32_t
ptn_recur_mask_weeks(const ptn_recur_iter_t *it, int64_t first, int len)
{
    int                      i, left, n, of, year;
    uint32_t                 mask = 0;
    const ptn_recur_rule_t  *r = &it->r;

    for (i = 0; i < len; i += left) {
        left = 7 - (int) ptn_recur_mod(ptn_recur_wday(first + i) - r->wkst, 7);
        n = ptn_recur_week(first + i, r->wkst, &of, &year);

        if (it->week_year != 0
            && ptn_recur_mod(year - it->week_year, r->interval) != 0)
        {
            continue;
        }

        if ((r->weeks >> n & 1) || (r->weeks_end >> (of - n + 1) & 1)) {
            mask |= ((1u << left) - 1) << i;
        }
    }

    return mask;
}


static uint32_t
ptn_recur_mask_days(const ptn_recur_rule_t *r, int64_t first, int len,
    int before, int ylen)
{
    int       w, i, w1;
    bool      year;
    unsigned  n, e;
    uint32_t  mask = 0;

    w1 = ptn_recur_wday(first);
    year = r->freq == PTN_RECUR_YEARLY && r->months == 0;

    for (w = 0; w < 7; w++) {
        i = w - w1;
        i += i < 0 ? 7 : 0;

        if (r->days >> w & 1) {
            mask |= PTN_RECUR_WEEKDAY << i;
        }

        if (!r->any_nth || (r->nth[w] | r->nth_end[w]) == 0) {
            continue;
        }

        for ( ; i < len; i += 7) {
            n = (unsigned) (year ? before + i : i) / 7 + 1;
            e = (unsigned) (year ? ylen - 1 - before - i : len - 1 - i) / 7 + 1;

            if ((r->nth[w] >> n & 1) || (r->nth_end[w] >> e & 1)) {
                mask |= 1u << i;
            }
        }
    }

    return mask;
}


uint32_t
ptn_recur_mask(const ptn_recur_iter_t *it, int32_t month, int64_t first,
    int len)
{
    int                      y, m, before, ylen;
    uint32_t                 mask, some;
    const ptn_recur_rule_t  *r = &it->r;

    y = month / 12;
    m = month % 12;
    mask = 0x7fffffffu >> (31 - len);

    if (r->months != 0 && !(r->months >> (m + 1) & 1)) {
        return 0;
    }

    if (r->mdays | r->mdays_end) {
        some = r->mdays >> 1;

        if (r->mdays_end != 0) {
            some |= ptn_recur_mask_ends(r->mdays_end, len);
        }

        mask &= some;
    }

    if (mask != 0 && (r->days != 0 || r->any_nth || r->any_ydays)) {
        before = ptn_recur_year_before(y, m);
        ylen = 365 + ptn_recur_leap(y);

        if (r->any_ydays) {
            mask &= ptn_recur_mask_ydays(r, before, len, ylen);
        }

        if (r->days != 0 || r->any_nth) {
            mask &= ptn_recur_mask_days(r, first, len, before, ylen);
        }
    }

    if (mask != 0 && (r->weeks | r->weeks_end)) {
        mask &= ptn_recur_mask_weeks(it, first, len);
    }

    return mask;
}


uint32_t
ptn_recur_mask_interval(const ptn_recur_iter_t *it, int64_t first, int len)
{
    int64_t   i, step, week;
    uint32_t  mask = 0;

    if (it->r.freq == PTN_RECUR_DAILY) {
        step = it->r.interval;

        for (i = ptn_recur_mod(it->start_day - first, step); i < len; i += step)
        {
            mask |= 1u << i;
        }

        return mask;
    }

    step = (int64_t) it->r.interval * 7;
    week = it->start_day
           - ptn_recur_mod(ptn_recur_wday(it->start_day) - it->r.wkst, 7);

    for (i = ptn_recur_mod(week - first, step) - step; i < len; i += step) {
        if (i >= 0) {
            mask |= 0x7fu << i;

        } else if (i > -7) {
            mask |= 0x7fu >> -i;
        }
    }

    return mask;
}
