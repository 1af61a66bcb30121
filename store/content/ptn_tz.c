/*
 * The clock of a zone.
 */

#include "ptn_tz.h"


#define PTN_TZ_DAY_SEC  86400


const ptn_tz_t  ptn_tz_utc = {
    ptn_string("UTC"), ptn_string("UTC"), 0, NULL, 0, NULL, 0
};


static int
ptn_tz_year_of(int64_t local)
{
    ptn_civil_t  c;

    ptn_time_to_civil(local, &c);

    return c.year;
}


static const ptn_tz_rule_t *
ptn_tz_era(const ptn_tz_t *tz, int year)
{
    uint32_t  i;

    for (i = tz->neras - 1; i > 0 && tz->eras[i].year > year; i--) {
        /* void */
    }

    return &tz->eras[i].rule;
}


/* Local seconds of a transition in a year. */

static int64_t
ptn_tz_when(const ptn_tz_when_t *w, int year)
{
    int          day, next;
    int64_t      t;
    ptn_civil_t  c;

    if (w->year != 0) {
        return ptn_time_from_civil(year, w->month, w->day, w->hour, w->minute,
                                   w->second);
    }

    t = ptn_time_from_civil(year, w->month, 1, 0, 0, 0);
    ptn_time_to_civil(t, &c);
    next = w->month == 12 ? 31
           : (int) ((ptn_time_from_civil(year, w->month + 1, 1, 0, 0, 0) - t)
                    / PTN_TZ_DAY_SEC);

    day = 1 + (w->dow - c.wday + 7) % 7 + (w->day - 1) * 7;

    while (day > next) {
        day -= 7;
    }

    return t + (int64_t) (day - 1) * PTN_TZ_DAY_SEC + w->hour * 3600
           + w->minute * 60 + w->second;
}


/* Has it two halves in that year? */

static bool
ptn_tz_halves(const ptn_tz_rule_t *r, int year)
{
    return r->std.month != 0 && r->dst.month != 0
           && (r->std.year == 0 || r->std.year == year)
           && (r->dst.year == 0 || r->dst.year == year);
}


static void
ptn_tz_ask_era(const ptn_tz_t *tz, int64_t utc, ptn_tz_cursor_t *c)
{
    int                   y, y2;
    int32_t               std, dst;
    int64_t               begin, end, t[2];
    const ptn_tz_rule_t  *r;

    y = ptn_tz_year_of(utc);
    r = ptn_tz_era(tz, y);
    y2 = ptn_tz_year_of(utc - (r->bias + r->std_bias) * 60);

    if (y2 != y) {
        y = y2;
        r = ptn_tz_era(tz, y);
    }

    std = -(r->bias + r->std_bias) * 60;
    dst = -(r->bias + r->dst_bias) * 60;
    begin = ptn_time_from_civil(y, 1, 1, 0, 0, 0) - std;
    end = ptn_time_from_civil(y + 1, 1, 1, 0, 0, 0) - std;

    if (tz->neras > 1) {
        /* years of other rules begin at other instants: always ask */
        begin += PTN_TZ_DAY_SEC;
        end -= PTN_TZ_DAY_SEC;
    }

    c->from = begin;
    c->to = end;
    c->offset = std;

    if (!ptn_tz_halves(r, y)) {
        return;
    }

    t[0] = ptn_tz_when(&r->dst, y) - std;
    t[1] = ptn_tz_when(&r->std, y) - dst;

    if (t[0] <= t[1]) {                         /* the north */
        if (utc < t[0]) {
            c->to = ptn_min(t[0], end);

        } else if (utc < t[1]) {
            c->offset = dst;
            c->from = ptn_max(t[0], begin);
            c->to = ptn_min(t[1], end);

        } else {
            c->from = ptn_max(t[1], begin);
        }

    } else if (utc < t[1]) {
        c->offset = dst;
        c->to = ptn_min(t[1], end);

    } else if (utc < t[0]) {
        c->from = ptn_max(t[1], begin);
        c->to = ptn_min(t[0], end);

    } else {
        c->offset = dst;
        c->from = ptn_max(t[0], begin);
    }
}


static void
ptn_tz_ask(const ptn_tz_t *tz, int64_t utc, ptn_tz_cursor_t *c)
{
    uint32_t  lo, hi, mid;

    if (tz->neras != 0
        && (tz->nchanges == 0 || utc >= tz->changes[tz->nchanges - 1].at))
    {
        ptn_tz_ask_era(tz, utc, c);

        /* years that began before the changes ended */

        if (tz->nchanges != 0) {
            c->from = ptn_max(c->from, tz->changes[tz->nchanges - 1].at);

            if (utc < ptn_time_from_civil(tz->eras[0].year, 1, 1, 0, 0, 0)
                - 2 * PTN_TZ_DAY_SEC)
            {
                c->offset = tz->changes[tz->nchanges - 1].offset;
                c->from = c->to = 0;
            }
        }

        return;
    }

    lo = 0;
    hi = tz->nchanges;

    while (lo < hi) {                           /* the first that is later */
        mid = lo + (hi - lo) / 2;

        if (tz->changes[mid].at <= utc) {
            lo = mid + 1;

        } else {
            hi = mid;
        }
    }

    c->from = lo == 0 ? INT64_MIN / 2 : tz->changes[lo - 1].at;
    c->to = lo == tz->nchanges ? INT64_MAX / 2 : tz->changes[lo].at;
    c->offset = lo == 0 ? tz->first : tz->changes[lo - 1].offset;
}


int32_t
ptn_tz_offset(const ptn_tz_t *tz, int64_t utc, ptn_tz_cursor_t *c)
{
    ptn_tz_cursor_t  one = { 0 };

    if (tz == NULL) {
        return 0;
    }

    if (c == NULL) {
        c = &one;

    } else if (c->set && utc >= c->from && utc < c->to) {
        return c->offset;
    }

    ptn_tz_ask(tz, utc, c);
    c->set = true;

    return c->offset;
}


int64_t
ptn_tz_to_utc(const ptn_tz_t *tz, int64_t local, ptn_tz_cursor_t *c)
{
    int32_t  before, after;

    if (tz == NULL) {
        return local;
    }

    if (c != NULL && c->set && local - c->offset >= c->from + PTN_TZ_DAY_SEC
        && local - c->offset < c->to - PTN_TZ_DAY_SEC)
    {
        return local - c->offset;
    }

    before = ptn_tz_offset(tz, local - PTN_TZ_DAY_SEC, NULL);
    after = ptn_tz_offset(tz, local + PTN_TZ_DAY_SEC, NULL);

    if (before == after || ptn_tz_offset(tz, local - before, c) == before) {
        if (before == after) {
            (void) ptn_tz_offset(tz, local - before, c);
        }

        return local - before;
    }

    if (ptn_tz_offset(tz, local - after, c) == after) {
        return local - after;
    }

    return local - before;                      /* the clock skips it */
}


/* --- rules ---------------------------------------------------------------- */

bool
ptn_tz_rule_eq(const ptn_tz_rule_t *a, const ptn_tz_rule_t *b)
{
    if (a->bias + a->std_bias != b->bias + b->std_bias) {
        return false;
    }

    if (a->std.month == 0 || a->dst.month == 0 || b->std.month == 0
        || b->dst.month == 0)
    {
        return (a->std.month == 0 || a->dst.month == 0)
               && (b->std.month == 0 || b->dst.month == 0);
    }

    return a->bias + a->dst_bias == b->bias + b->dst_bias
           && memcmp(&a->std, &b->std, sizeof(a->std)) == 0
           && memcmp(&a->dst, &b->dst, sizeof(a->dst)) == 0;
}


/* What a change in a year says as a SYSTEMTIME, on the clock before. */

static ptn_tz_when_t
ptn_tz_said(int64_t at, int32_t before)
{
    int64_t        next;
    ptn_civil_t    c, last;
    ptn_tz_when_t  w = { 0 };

    ptn_time_to_civil(at + before, &c);
    next = c.month == 12 ? ptn_time_from_civil(c.year + 1, 1, 1, 0, 0, 0)
                         : ptn_time_from_civil(c.year, c.month + 1, 1, 0, 0, 0);
    ptn_time_to_civil(next - 1, &last);

    w.month = (uint16_t) c.month;
    w.dow = (uint16_t) c.wday;
    w.day = (uint16_t) (c.day + 7 > last.day ? 5 : (c.day - 1) / 7 + 1);
    w.hour = (uint16_t) c.hour;
    w.minute = (uint16_t) c.min;
    w.second = (uint16_t) c.sec;

    return w;
}


bool
ptn_tz_rule(const ptn_tz_t *tz, int year, ptn_tz_rule_t *ret_rule)
{
    int32_t        first, summer, winter;
    int64_t        begin, end;
    uint32_t       i, n, k = 0;
    ptn_tz_when_t  a, b;
    ptn_tz_rule_t  r = { 0 };

    if (tz->neras != 0 && (tz->nchanges == 0 || year >= tz->eras[0].year)) {
        r = *ptn_tz_era(tz, year);

        if (!ptn_tz_halves(&r, year)) {
            memset(&r.std, 0, sizeof(r.std));
            memset(&r.dst, 0, sizeof(r.dst));
            r.dst_bias = 0;
        }

        *ret_rule = r;

        return true;
    }

    begin = ptn_time_from_civil(year, 1, 1, 0, 0, 0);
    begin -= ptn_tz_offset(tz, begin, NULL);
    end = ptn_time_from_civil(year + 1, 1, 1, 0, 0, 0);
    end -= ptn_tz_offset(tz, end, NULL);
    first = ptn_tz_offset(tz, begin, NULL);

    for (i = 0, n = 0; i < tz->nchanges && tz->changes[i].at < end; i++) {
        if (tz->changes[i].at > begin && n++ == 0) {
            k = i;
        }
    }

    r.bias = -first / 60;
    *ret_rule = r;

    if (n == 0) {
        return true;
    }

    if (n != 2 || tz->changes[k + 1].offset != first) {
        return false;
    }

    summer = ptn_max(first, tz->changes[k].offset);
    winter = ptn_min(first, tz->changes[k].offset);
    a = ptn_tz_said(tz->changes[k].at, first);
    b = ptn_tz_said(tz->changes[k + 1].at, tz->changes[k].offset);

    r.bias = -winter / 60;
    r.dst_bias = (winter - summer) / 60;
    r.dst = first == winter ? a : b;
    r.std = first == winter ? b : a;
    *ret_rule = r;

    return true;
}


ptn_rc_t
ptn_tz_from_rule(ptn_pool_t *pool, ptn_str_t name, const ptn_tz_rule_t *rule,
    const ptn_tz_t **ret_tz)
{
    ptn_tz_t      *tz;
    ptn_tz_era_t  *era;

    tz = ptn_pcalloc(pool, sizeof(*tz));
    era = ptn_pcalloc(pool, sizeof(*era));

    if (tz == NULL || era == NULL) {
        return PTN_ENOMEM;
    }

    era->rule = *rule;
    tz->name = name;
    tz->first = -(rule->bias + rule->std_bias) * 60;
    tz->eras = era;
    tz->neras = 1;
    *ret_tz = tz;

    return PTN_OK;
}
