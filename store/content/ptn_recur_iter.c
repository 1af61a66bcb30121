/*
 * One rule, step by step.
 *
 * Rules by day and longer go month by month: the days of a month that the
 * rule takes are 31 bits, so filters are a few operations each and a month
 * without any costs the same whatever the rule.  Rules within days go from
 * one hour, minute or second that the interval allows to the next, and jump
 * over what a filter excludes.
 */

#include "ptn_recur_in.h"


/* The first month from `month` on that the interval allows. */

static int32_t
ptn_recur_align_month(const ptn_recur_iter_t *it, int64_t month)
{
    int64_t  k, n;

    n = it->r.interval;

    if (it->week_year != 0) {
        /* void: days decide */

    } else if (it->r.freq == PTN_RECUR_YEARLY) {
        k = (month / 12 - it->start_month / 12) % n;
        month = k == 0 ? month : (month / 12 + n - k) * 12;

    } else if (it->r.freq == PTN_RECUR_MONTHLY) {
        k = (month - it->start_month) % n;
        month = k == 0 ? month : month + n - k;
    }

    return (int32_t) ptn_min(month, PTN_RECUR_LAST_MONTH + 1);
}


static void
ptn_recur_month(ptn_recur_iter_t *it, int32_t month)
{
    int  y, m;

    y = month / 12;
    m = month % 12;

    if (month == it->month + 1) {
        it->month_day += it->month_len;

    } else {
        it->month_day = ptn_recur_year_day(y) + ptn_recur_year_before(y, m);
    }

    it->month_len = ptn_recur_before[m + 1] - ptn_recur_before[m]
                    + (m == 1 && ptn_recur_leap(y));
    it->month = month;
    it->filter = ptn_recur_mask(it, month, it->month_day, it->month_len);
}


/* The month of a day, whatever the interval. */

static void
ptn_recur_month_of(ptn_recur_iter_t *it, int64_t day)
{
    ptn_civil_t  c;

    if (day < it->month_day || day >= it->month_day + it->month_len) {
        ptn_time_to_civil(day * PTN_RECUR_DAY_SEC, &c);
        it->month = 0;                  /* not the one before */
        ptn_recur_month(it, c.year * 12 + c.month - 1);
    }
}


static void
ptn_recur_enter(ptn_recur_iter_t *it, int32_t month)
{
    if (month > PTN_RECUR_LAST_MONTH) {
        it->done = true;
        return;
    }

    ptn_recur_month(it, month);
    it->mask = it->filter;

    if (it->mask != 0 && it->r.interval > 1
        && (it->r.freq == PTN_RECUR_DAILY || it->r.freq == PTN_RECUR_WEEKLY))
    {
        it->mask &= ptn_recur_mask_interval(it, it->month_day, it->month_len);
    }

    if (it->start_day > it->month_day) {
        it->mask = it->start_day - it->month_day > 30 ? 0
                   : it->mask & ~0u << (it->start_day - it->month_day);
    }
}


/* --- times of a day, of an hour, of a minute ------------------------------ */

/* Bit number `k` (from 0) of those that are set. */

static unsigned
ptn_recur_select(uint64_t bits, uint32_t k)
{
    while (k-- != 0) {
        bits &= bits - 1;
    }

    return (unsigned) __builtin_ctzll(bits);
}


static int64_t
ptn_recur_time(const ptn_recur_rule_t *r, uint32_t k)
{
    uint32_t  ns, nm;
    int64_t   t;

    ns = (uint32_t) __builtin_popcountll(r->seconds);
    t = ptn_recur_select(r->seconds, k % ns);

    if (r->freq == PTN_RECUR_MINUTELY) {
        return t;
    }

    k /= ns;
    nm = (uint32_t) __builtin_popcountll(r->minutes);
    t += ptn_recur_select(r->minutes, k % nm) * 60;

    if (r->freq == PTN_RECUR_HOURLY) {
        return t;
    }

    return t + ptn_recur_select(r->hours, k / nm) * 3600;
}


static uint32_t
ptn_recur_ntimes(const ptn_recur_rule_t *r)
{
    uint32_t  n;

    if (r->freq == PTN_RECUR_SECONDLY) {
        return 1;
    }

    n = (uint32_t) __builtin_popcountll(r->seconds);

    if (r->freq == PTN_RECUR_MINUTELY) {
        return n;
    }

    n *= (uint32_t) __builtin_popcountll(r->minutes);

    return r->freq == PTN_RECUR_HOURLY ? n
                               : n * (uint32_t) __builtin_popcount(r->hours);
}


/* --- BYSETPOS ------------------------------------------------------------- */

/* Takes positions out of days (as masks of months, ascending) and times. */

static void
ptn_recur_take(ptn_recur_iter_t *it, const uint32_t *masks,
    const int64_t *firsts, unsigned n)
{
    int64_t   pos, total, k, t;
    unsigned  i, j, m;

    it->nset = it->iset = 0;

    for (m = 0, total = 0; m < n; m++) {
        total += __builtin_popcount(masks[m]);
    }

    total *= it->ntimes;

    for (i = 0; i < it->r.nsetpos; i++) {
        pos = it->r.setpos[i];
        pos = pos > 0 ? pos - 1 : total + pos;

        if (pos < 0 || pos >= total) {
            continue;
        }

        k = pos / it->ntimes;

        for (m = 0; k >= __builtin_popcount(masks[m]); m++) {
            k -= __builtin_popcount(masks[m]);
        }

        t = (firsts[m] + ptn_recur_select(masks[m], (uint32_t) k))
            * PTN_RECUR_DAY_SEC
            + ptn_recur_time(&it->r, (uint32_t) (pos % it->ntimes));

        for (j = it->nset; j > 0 && it->set[j - 1] > t; j--) { /* void */ }

        if (j > 0 && it->set[j - 1] == t) {
            continue;
        }

        memmove(&it->set[j + 1], &it->set[j],
                (it->nset - j) * sizeof(it->set[0]));
        it->set[j] = t;
        it->nset++;
    }
}


/* The period at it->period, which moves on. */

static void
ptn_recur_period(ptn_recur_iter_t *it)
{
    int       i;
    int64_t   firsts[12];
    uint32_t  masks[12];

    if (it->r.freq == PTN_RECUR_YEARLY || it->r.freq == PTN_RECUR_MONTHLY) {
        if (it->period > PTN_RECUR_LAST_MONTH) {
            it->done = true;
            return;
        }

        for (i = 0; i < (it->r.freq == PTN_RECUR_YEARLY ? 12 : 1); i++) {
            ptn_recur_month(it, (int32_t) it->period + i);
            masks[i] = it->filter;
            firsts[i] = it->month_day;
        }

        ptn_recur_take(it, masks, firsts, (unsigned) i);
        it->period += (int64_t) it->r.interval * i;

        return;
    }

    if (it->period * PTN_RECUR_DAY_SEC >= PTN_RECUR_LAST) {
        it->done = true;
        return;
    }

    firsts[0] = it->period;
    masks[0] = 0;

    for (i = 0; i < (it->r.freq == PTN_RECUR_WEEKLY ? 7 : 1); i++) {
        ptn_recur_month_of(it, it->period + i);
        masks[0] |= (it->filter >> (it->period + i - it->month_day) & 1) << i;
    }

    ptn_recur_take(it, masks, firsts, 1);
    it->period += (int64_t) it->r.interval * i;
}


static bool
ptn_recur_next_set(ptn_recur_iter_t *it, int64_t *ret)
{
    while (it->iset == it->nset) {
        if (++it->work > PTN_RECUR_WORK_MAX) {
            it->spent = true;
            return false;
        }

        ptn_recur_period(it);

        if (it->done) {
            return false;
        }
    }

    *ret = it->set[it->iset++];

    return true;
}


/* --- days ----------------------------------------------------------------- */

static bool
ptn_recur_next_day(ptn_recur_iter_t *it, int64_t *ret)
{
    for ( ;; ) {
        if (it->in_times) {
            *ret = it->day * PTN_RECUR_DAY_SEC
                   + ptn_recur_time(&it->r, it->itime++);
            it->in_times = it->itime < it->ntimes;
            return true;
        }

        if (it->mask != 0) {
            it->day = it->month_day + __builtin_ctz(it->mask);
            it->mask &= it->mask - 1;

            /* a day before `from` only counts, once the series has begun */

            if ((it->day + 1) * PTN_RECUR_DAY_SEC <= it->from
                && it->day > it->start_day)
            {
                if (it->r.count == 0) {
                    continue;
                }

                if (it->left <= it->ntimes) {
                    it->done = true;
                    return false;
                }

                it->left -= it->ntimes;
                continue;
            }

            if (it->ntimes == 1) {
                *ret = it->day * PTN_RECUR_DAY_SEC + it->time;
                return true;
            }

            it->itime = 0;
            it->in_times = true;
            continue;
        }

        ptn_recur_enter(it, ptn_recur_align_month(it, (int64_t) it->month + 1));

        if (it->done || it->month_day * PTN_RECUR_DAY_SEC >= it->until) {
            it->done = true;
            return false;
        }
    }
}


/* --- within days ---------------------------------------------------------- */

static int64_t
ptn_recur_unit_size(const ptn_recur_rule_t *r)
{
    return r->freq == PTN_RECUR_HOURLY ? 3600
           : r->freq == PTN_RECUR_MINUTELY ? 60 : 1;
}


/* The first unit from `t` on that the interval allows. */

static void
ptn_recur_jump(ptn_recur_iter_t *it, int64_t t)
{
    int64_t  u, u0, k, size;

    size = ptn_recur_unit_size(&it->r);
    u0 = ptn_recur_floor(it->start, size);
    u = ptn_recur_floor(t + size - 1, size);
    u = ptn_max(u, u0);
    k = (u - u0) % it->r.interval;
    it->unit = k == 0 ? u : u + it->r.interval - k;
}


/* The unit at `t` is one; false: jumped to where the next may be. */

static bool
ptn_recur_unit_ok(ptn_recur_iter_t *it, int64_t t)
{
    int       h, m, s, i;
    int64_t   day;
    uint32_t  later;
    uint64_t  more;

    day = ptn_recur_floor(t, PTN_RECUR_DAY_SEC);
    ptn_recur_month_of(it, day);
    i = (int) (day - it->month_day);

    if (!(it->filter >> i & 1)) {
        later = it->filter & ~((2u << i) - 1);
        i = later != 0 ? __builtin_ctz(later) : it->month_len;
        ptn_recur_jump(it, (it->month_day + i) * PTN_RECUR_DAY_SEC);
        return false;
    }

    s = (int) (t - day * PTN_RECUR_DAY_SEC);
    h = s / 3600;
    m = s / 60 % 60;
    s %= 60;

    if (it->r.hours != 0 && !(it->r.hours >> h & 1)) {
        more = (uint64_t) it->r.hours & ~((2ull << h) - 1);
        h = more != 0 ? __builtin_ctzll(more) : 24;
        ptn_recur_jump(it, day * PTN_RECUR_DAY_SEC + h * 3600);
        return false;
    }

    if (it->r.freq == PTN_RECUR_HOURLY) {
        return true;
    }

    if (it->r.minutes != 0 && !(it->r.minutes >> m & 1)) {
        more = it->r.minutes & ~((2ull << m) - 1);
        m = more != 0 ? __builtin_ctzll(more) : 60;
        ptn_recur_jump(it, day * PTN_RECUR_DAY_SEC + h * 3600 + m * 60);
        return false;
    }

    if (it->r.freq == PTN_RECUR_MINUTELY) {
        return true;
    }

    if (it->r.seconds != 0 && !(it->r.seconds >> s & 1)) {
        more = it->r.seconds & ~((2ull << s) - 1);
        s = more != 0 ? __builtin_ctzll(more) : 60;
        ptn_recur_jump(it, day * PTN_RECUR_DAY_SEC + h * 3600 + m * 60 + s);
        return false;
    }

    return true;
}


/* Of a unit with BYSETPOS. */

static void
ptn_recur_unit_set(ptn_recur_iter_t *it, int64_t t)
{
    int       i;
    int32_t   pos;
    uint64_t  seen[PTN_RECUR_SETPOS_MAX * 2];
    unsigned  k, j, n = 0;

    for (k = 0; k < it->r.nsetpos; k++) {
        pos = it->r.setpos[k];
        pos = pos > 0 ? pos - 1 : (int32_t) it->ntimes + pos;

        if (pos < 0 || pos >= (int32_t) it->ntimes) {
            continue;
        }

        for (j = n; j > 0 && seen[j - 1] > (uint64_t) pos; j--) { /* void */ }

        if (j > 0 && seen[j - 1] == (uint64_t) pos) {
            continue;
        }

        memmove(&seen[j + 1], &seen[j], (n - j) * sizeof(seen[0]));
        seen[j] = (uint64_t) pos;
        n++;
    }

    for (i = 0; i < (int) n; i++) {
        it->set[i] = t + (it->r.freq == PTN_RECUR_SECONDLY
                          ? 0 : ptn_recur_time(&it->r, (uint32_t) seen[i]));
    }

    it->nset = n;
    it->iset = 0;
}


static bool
ptn_recur_next_unit(ptn_recur_iter_t *it, int64_t *ret)
{
    int64_t  t, size;

    size = ptn_recur_unit_size(&it->r);

    for ( ;; ) {
        if (it->iset < it->nset) {
            *ret = it->set[it->iset++];
            return true;
        }

        t = it->unit * size;

        if (it->in_times) {
            *ret = t;

            if (it->r.freq != PTN_RECUR_SECONDLY) {
                *ret += ptn_recur_time(&it->r, it->itime);
            }

            if (++it->itime >= it->ntimes) {
                it->in_times = false;
                it->unit += it->r.interval;
            }

            return true;
        }

        if (t >= it->until || t >= PTN_RECUR_LAST) {
            it->done = true;
            return false;
        }

        if (++it->work > PTN_RECUR_WORK_MAX) {
            it->spent = true;
            return false;
        }

        if (!ptn_recur_unit_ok(it, t)) {
            continue;
        }

        if (it->r.nsetpos != 0) {
            ptn_recur_unit_set(it, t);
            it->unit += it->r.interval;

            if (it->nset == 0) {
                it->work = PTN_RECUR_WORK_MAX;  /* none will ever have any */
            }

            continue;
        }

        it->itime = 0;
        it->in_times = true;
    }
}


/* --- the calls ------------------------------------------------------------ */

/* What DTSTART says where the rule does not (RFC 5545 3.3.10). */

static void
ptn_recur_imply(ptn_recur_rule_t *r, const ptn_civil_t *c)
{
    int   w;
    bool  day, weeks;

    if (r->any_nth && r->freq < PTN_RECUR_MONTHLY) {
        for (w = 0; w < 7; w++) {               /* an ordinal of nothing */
            if (r->nth[w] | r->nth_end[w]) {
                r->days |= (uint8_t) (1 << w);
            }
        }

        r->any_nth = false;
    }

    if (r->seconds >> 60 & 1) {                 /* no leap seconds here */
        r->seconds = (r->seconds | 1ull << 59) & ~(1ull << 60);
    }

    weeks = r->freq == PTN_RECUR_YEARLY && (r->weeks | r->weeks_end);
    day = r->days != 0 || r->any_nth || r->any_ydays
          || (r->mdays | r->mdays_end);

    /* "the 29th, yearly" means that month's (MS-OXCICAL 2.1.3.2.2.5 too) */

    if (r->freq == PTN_RECUR_YEARLY && r->months == 0 && !weeks
        && r->days == 0 && !r->any_nth && !r->any_ydays)
    {
        r->months = (uint16_t) (1 << c->month);
    }

    if (!day && (r->freq == PTN_RECUR_WEEKLY || weeks)) {
        r->days = (uint8_t) (1 << c->wday);

    } else if (!day && r->freq >= PTN_RECUR_MONTHLY) {
        r->mdays = 1u << c->day;
    }

    if (r->freq >= PTN_RECUR_DAILY && r->hours == 0) {
        r->hours = 1u << c->hour;
    }

    if (r->freq >= PTN_RECUR_HOURLY && r->minutes == 0) {
        r->minutes = 1ull << c->min;
    }

    if (r->freq >= PTN_RECUR_MINUTELY && r->seconds == 0) {
        r->seconds = 1ull << c->sec;
    }
}


void
ptn_recur_iter_init(ptn_recur_iter_t *it, const ptn_recur_rule_t *rule,
    int64_t start)
{
    int          of;
    ptn_civil_t  c;

    memset(it, 0, sizeof(*it));

    it->r = *rule;
    it->start = start;
    it->from = start;
    it->left = rule->count != 0 ? rule->count : UINT64_MAX;
    it->until = rule->until_kind == PTN_RECUR_NO_UNTIL ? INT64_MAX
                : rule->until_kind == PTN_RECUR_UNTIL_DATE
                  ? rule->until + PTN_RECUR_DAY_SEC : rule->until + 1;

    ptn_time_to_civil(start, &c);

    if (c.year < PTN_RECUR_FIRST_YEAR || c.year > 9999) {
        it->done = true;
        return;
    }

    ptn_recur_imply(&it->r, &c);

    if ((it->r.weeks | it->r.weeks_end) && it->r.freq == PTN_RECUR_YEARLY
        && it->r.interval > 1 && it->r.nsetpos == 0)
    {
        (void) ptn_recur_week(ptn_recur_floor(start, PTN_RECUR_DAY_SEC),
                              it->r.wkst, &of, &it->week_year);

        /* a start that is none of its days counts by the calendar's year */

        if (!(it->r.days >> c.wday & 1)) {
            it->week_year = c.year;
        }
    }

    it->start_day = ptn_recur_floor(start, PTN_RECUR_DAY_SEC);
    it->start_month = c.year * 12 + c.month - 1;
    it->ntimes = ptn_recur_ntimes(&it->r);
    it->time = it->ntimes == 1 && it->r.freq >= PTN_RECUR_DAILY
               ? ptn_recur_time(&it->r, 0) : 0;
    it->sub = it->r.freq < PTN_RECUR_DAILY;

    if (it->sub) {
        ptn_recur_jump(it, start - ptn_recur_unit_size(&it->r) + 1);

    } else if (it->r.nsetpos == 0) {
        ptn_recur_enter(it, it->start_month);

    } else {
        it->period = it->r.freq == PTN_RECUR_YEARLY ? c.year * 12
                   : it->r.freq == PTN_RECUR_MONTHLY ? it->start_month
                   : it->r.freq == PTN_RECUR_DAILY ? it->start_day
                   : it->start_day - ptn_recur_mod(c.wday - it->r.wkst, 7);
    }
}


void
ptn_recur_iter_seek(ptn_recur_iter_t *it, int64_t from)
{
    int64_t      day, k, step;
    int32_t      month;
    ptn_civil_t  c;

    if (it->done || from <= it->from) {
        return;
    }

    it->from = from;

    if (from >= ptn_min(it->until, PTN_RECUR_LAST)) {
        it->done = true;
        return;
    }

    if (it->r.count != 0) {
        return;                         /* they must be counted */
    }

    if (it->sub) {
        /* from the unit that holds it: its times may be later */

        it->in_times = false;
        it->iset = it->nset = 0;
        ptn_recur_jump(it, from - ptn_recur_unit_size(&it->r) + 1);
        return;
    }

    day = ptn_recur_floor(from, PTN_RECUR_DAY_SEC);
    ptn_time_to_civil(from, &c);
    month = c.year * 12 + c.month - 1;

    if (it->r.nsetpos == 0) {
        if (month > it->month) {
            it->in_times = false;
            ptn_recur_enter(it, ptn_recur_align_month(it, month));
        }

        return;
    }

    /* the period that holds it */

    if (it->r.freq >= PTN_RECUR_MONTHLY) {
        k = it->r.freq == PTN_RECUR_YEARLY ? c.year * 12 : month;
        step = (int64_t) it->r.interval
               * (it->r.freq == PTN_RECUR_YEARLY ? 12 : 1);

    } else {
        k = day;
        step = (int64_t) it->r.interval
               * (it->r.freq == PTN_RECUR_WEEKLY ? 7 : 1);
    }

    if (k > it->period) {
        it->period += (k - it->period) / step * step;
        it->iset = it->nset = 0;
    }
}


bool
ptn_recur_next(ptn_recur_iter_t *it, int64_t *ret_local)
{
    bool     found;
    int64_t  t;

    while (!it->done && !it->spent) {
        found = it->sub ? ptn_recur_next_unit(it, &t)
                : it->r.nsetpos != 0 ? ptn_recur_next_set(it, &t)
                                     : ptn_recur_next_day(it, &t);

        if (!found) {
            break;
        }

        if (t < it->start) {
            continue;
        }

        if (t >= it->until || it->left == 0) {
            it->done = true;
            break;
        }

        it->left--;

        if (t < it->from) {
            if (++it->work > PTN_RECUR_WORK_MAX) {
                it->spent = true;
            }

            continue;
        }

        it->work = 0;
        *ret_local = t;

        return true;
    }

    return false;
}


void
ptn_recur_rule_local(ptn_recur_rule_t *rule, const ptn_tz_t *tz)
{
    if (rule->until_kind == PTN_RECUR_UNTIL_UTC) {
        rule->until = ptn_tz_to_local(tz, rule->until, NULL);
        rule->until_kind = PTN_RECUR_UNTIL_LOCAL;
    }
}
