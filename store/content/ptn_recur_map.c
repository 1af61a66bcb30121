/*
 * Between blobs and rules: MS-OXOCAL 2.2.1.44.1, MS-OXCICAL 2.1.3.2.2.
 */

#include "ptn_recur.h"


#define PTN_RECUR_DAY_MIN     1440      /* minutes of a day */
#define PTN_RECUR_DAY_SEC     86400
#define PTN_RECUR_NEVER_COUNT 10        /* OccurrenceCount of an open series */
#define PTN_RECUR_WRITER2     0x3009


/* Calendars whose months are ours (MS-OXOCAL 2.2.1.44.1 CalendarType). */

static bool
ptn_recur_gregorian(const ptn_recur_blob_t *b)
{
    switch (b->pattern) {

    case PTN_RECUR_DAY:
    case PTN_RECUR_WEEK:
        return true;                    /* no month in it */

    case PTN_RECUR_HJ_MONTH:
    case PTN_RECUR_HJ_MONTH_NTH:
    case PTN_RECUR_HJ_MONTH_END:
        return false;

    default:
        return b->calendar <= 2 || (b->calendar >= 9 && b->calendar <= 12);
    }
}


static int32_t
ptn_recur_month_index(int64_t local)
{
    ptn_civil_t  c;

    ptn_time_to_civil(local, &c);

    return c.year * 12 + c.month - 1;
}


static int64_t
ptn_recur_month_start(int32_t month)
{
    return ptn_time_from_civil(month / 12, month % 12 + 1, 1, 0, 0, 0);
}


/* Minutes of the first day of the week that holds a date. */

static uint32_t
ptn_recur_week_start(uint32_t date, uint32_t first_dow)
{
    ptn_civil_t  c;
    uint32_t     back;

    ptn_time_to_civil(ptn_recur_local(date), &c);
    back = ((uint32_t) c.wday + 7 - first_dow) % 7 * PTN_RECUR_DAY_MIN;

    return date > back ? date - back : 0;
}


/*
 * 2.2.1.44.1.2: the date from which a rule steps as FirstDateTime says; that
 * is StartDate unless a writer put another phase into FirstDateTime.
 */

static int64_t
ptn_recur_anchor(const ptn_recur_blob_t *b)
{
    int32_t   month;
    int64_t   k;
    uint32_t  start, week, period;

    start = b->start_date - b->start_date % PTN_RECUR_DAY_MIN;

    switch (b->pattern) {

    case PTN_RECUR_DAY:
        k = ((int64_t) start - b->first) % b->period;
        k = k < 0 ? k + b->period : k;
        return ptn_recur_local(start) + (k == 0 ? 0 : (b->period - k) * 60);

    case PTN_RECUR_WEEK:
        period = b->period * 7;
        week = ptn_recur_week_start(start, b->first_dow);
        k = ((int64_t) week - b->first) / PTN_RECUR_DAY_MIN % period;
        k = k < 0 ? k + period : k;
        return k == 0 ? ptn_recur_local(start)
               : ptn_recur_local(week)
                 + (period - k) * (int64_t) PTN_RECUR_DAY_SEC;

    default:
        month = ptn_recur_month_index(ptn_recur_local(start));
        k = (month - ptn_recur_month_index(ptn_recur_local(b->first)))
            % (int64_t) b->period;
        k = k < 0 ? k + b->period : k;
        month += (int32_t) (b->period - k);
        return k == 0 ? ptn_recur_local(start) : ptn_recur_month_start(month);
    }
}


static void
ptn_recur_rule_months(const ptn_recur_blob_t *b, ptn_recur_rule_t *r)
{
    int       i;
    uint32_t  d;

    r->freq = PTN_RECUR_MONTHLY;
    r->interval = b->period;

    if (b->period % 12 == 0) {
        r->freq = PTN_RECUR_YEARLY;
        r->interval = b->period / 12;
        r->months = (uint16_t)
            (1 << (ptn_recur_month_index(ptn_recur_anchor(b)) % 12 + 1));
    }

    if (b->pattern != PTN_RECUR_MONTH_NTH) {
        /* a month that is too short has it on its last day */

        if (b->day >= 31 || b->pattern == PTN_RECUR_MONTH_END) {
            r->mdays_end = 1u << 1;
            return;
        }

        for (d = ptn_min(b->day, 28); d <= b->day; d++) {
            r->mdays |= 1u << d;
        }

        if (b->day > 28) {
            r->setpos[r->nsetpos++] = -1;
        }

        return;
    }

    if ((b->days & (b->days - 1)) != 0) {
        r->days = (uint8_t) b->days;
        r->setpos[r->nsetpos++] = (int16_t) (b->nth == 5 ? -1 : (int) b->nth);
        return;
    }

    i = __builtin_ctz(b->days);
    r->any_nth = true;

    if (b->nth == 5) {
        r->nth_end[i] = 1u << 1;

    } else {
        r->nth[i] = 1u << b->nth;
    }
}


ptn_rc_t
ptn_recur_blob_rule(const ptn_recur_blob_t *b, ptn_recur_rule_t *ret_rule)
{
    ptn_recur_rule_t  r = { .wkst = (uint8_t) b->first_dow };

    if (!ptn_recur_gregorian(b)) {
        return PTN_ESUPPORT;
    }

    if (b->period == 0
        || (b->pattern == PTN_RECUR_DAY && b->period % PTN_RECUR_DAY_MIN != 0)
        || (b->pattern != PTN_RECUR_DAY && b->period > 12 * 9999))
    {
        return PTN_EPARSE;
    }

    switch (b->pattern) {

    case PTN_RECUR_DAY:
        r.freq = PTN_RECUR_DAILY;
        r.interval = b->period / PTN_RECUR_DAY_MIN;
        break;

    case PTN_RECUR_WEEK:
        r.freq = PTN_RECUR_WEEKLY;
        r.interval = b->period;
        r.days = (uint8_t) b->days;
        break;

    default:
        ptn_recur_rule_months(b, &r);
    }

    if (b->end_type == PTN_RECUR_END_COUNT) {
        r.count = b->count != 0 ? b->count : 1;

    } else if (b->end_type == PTN_RECUR_END_DATE) {
        r.until_kind = PTN_RECUR_UNTIL_DATE;
        r.until = ptn_recur_local(b->end_date
                                  - b->end_date % PTN_RECUR_DAY_MIN);
    }

    *ret_rule = r;

    return PTN_OK;
}


ptn_rc_t
ptn_recur_blob_series(ptn_pool_t *pool, const ptn_recur_blob_t *b,
    ptn_series_t *ret_series)
{
    int64_t                      *exdates;
    uint32_t                      i;
    ptn_rc_t                      rc;
    ptn_series_t                  s = { 0 };
    ptn_recur_rule_t             *rule;
    ptn_recur_change_t           *changes;
    const ptn_recur_exception_t  *x;

    rule = ptn_palloc(pool, sizeof(*rule));
    exdates = ptn_parray(pool, b->ndeleted, sizeof(*exdates));
    changes = ptn_parray(pool, b->nexceptions, sizeof(*changes));

    if (rule == NULL || exdates == NULL || changes == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_recur_blob_rule(b, rule);
    if (rc != PTN_OK) {
        return rc;
    }

    s.start = ptn_recur_anchor(b) + (int64_t) b->start_offset * 60;
    s.end = s.start + ((int64_t) b->end_offset - b->start_offset) * 60;
    s.end = ptn_max(s.end, s.start);
    s.rules = rule;
    s.nrules = 1;

    for (i = 0; i < b->ndeleted; i++) {
        exdates[i] = ptn_recur_local(b->deleted[i]);
    }

    s.exdates = exdates;
    s.nexdates = b->ndeleted;
    s.exdays = true;                    /* dates, of one occurrence a day */

    for (i = 0; i < b->nexceptions; i++) {
        x = &b->exceptions[i];
        changes[i].original = ptn_recur_local(x->original);
        changes[i].start = ptn_recur_local(x->start);
        changes[i].end = ptn_recur_local(ptn_max(x->end, x->start));
        changes[i].index = i;
    }

    s.changes = changes;
    s.nchanges = b->nexceptions;
    *ret_series = s;

    return PTN_OK;
}


/* --- the pattern of a rule ------------------------------------------------ */

static unsigned
ptn_recur_bits(uint64_t n)
{
    return (unsigned) __builtin_popcountll(n);
}


/* The time of day that the rule gives is that of the start alone. */

static bool
ptn_recur_time_plain(const ptn_recur_rule_t *r, const ptn_civil_t *c)
{
    return (r->hours == 0 || r->hours == 1u << c->hour)
           && (r->minutes == 0 || r->minutes == 1ull << c->min)
           && (r->seconds == 0 || r->seconds == 1ull << c->sec);
}


/* Monthly and yearly templates (2.1.3.2.2.3 to .6): a day of the month, or the
 * nth of some days of the week. */

static ptn_rc_t
ptn_recur_make_month(const ptn_recur_rule_t *r, const ptn_civil_t *c,
    ptn_recur_blob_t *b)
{
    int       w, pos = 0, nth = 0;
    uint32_t  mdays;
    unsigned  n, top;

    if (r->nsetpos > 1) {
        return PTN_ESUPPORT;
    }

    if (r->nsetpos == 1) {
        pos = r->setpos[0];
    }

    mdays = r->mdays;

    if (r->days == 0 && !r->any_nth) {
        if ((r->mdays | r->mdays_end) == 0) {
            mdays = 1u << c->day;
        }

        b->pattern = PTN_RECUR_MONTH;

        if (mdays == 0) {
            b->day = 31;
            return r->mdays_end == 1u << 1 && pos >= -1 && pos <= 1
                   ? PTN_OK : PTN_ESUPPORT;
        }

        if (r->mdays_end != 0) {
            return PTN_ESUPPORT;
        }

        top = 31 - (unsigned) __builtin_clz(mdays);
        b->day = top;

        if (ptn_recur_bits(mdays) == 1) {
            return pos >= -1 && pos <= 1 ? PTN_OK : PTN_ESUPPORT;
        }

        /* 28,29,30 and the last of them: what MAPI does by itself */

        return pos == -1 && top > 28 && mdays == (1u << (top + 1)) - (1u << 28)
               ? PTN_OK : PTN_ESUPPORT;
    }

    if (r->mdays | r->mdays_end) {
        return PTN_ESUPPORT;
    }

    b->pattern = PTN_RECUR_MONTH_NTH;
    b->days = r->days;

    if (r->any_nth) {
        if (r->days != 0 || pos != 0
            || (r->freq == PTN_RECUR_YEARLY && r->months == 0))
        {
            return PTN_ESUPPORT;
        }

        for (w = 0; w < 7; w++) {
            n = ptn_recur_bits(r->nth[w]) + ptn_recur_bits(r->nth_end[w]);

            if (n == 0) {
                continue;
            }

            if (n > 1 || b->days != 0) {
                return PTN_ESUPPORT;
            }

            b->days = 1u << w;
            nth = r->nth[w] ? __builtin_ctzll(r->nth[w])
                            : -__builtin_ctzll(r->nth_end[w]);
        }

        pos = nth;
    }

    if (pos == -1) {
        b->nth = 5;

    } else if (pos >= 1 && pos <= 4) {
        b->nth = (uint32_t) pos;

    } else {
        return PTN_ESUPPORT;
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_recur_make_pattern(const ptn_recur_rule_t *r, const ptn_civil_t *c,
    ptn_recur_blob_t *b)
{
    bool  days_only;

    if (r->freq < PTN_RECUR_DAILY || r->any_ydays
        || (r->weeks | r->weeks_end) != 0 || !ptn_recur_time_plain(r, c))
    {
        return PTN_ESUPPORT;
    }

    days_only = r->months == 0 && (r->mdays | r->mdays_end) == 0
                && r->nsetpos == 0 && !r->any_nth;

    switch (r->freq) {

    case PTN_RECUR_DAILY:
        if (!days_only || (r->days != 0 && r->interval != 1)
            || r->interval > 999)
        {
            return PTN_ESUPPORT;
        }

        b->freq = PTN_RECUR_FREQ_DAILY;
        b->pattern = PTN_RECUR_DAY;
        b->period = r->interval * PTN_RECUR_DAY_MIN;

        if (r->days != 0) {             /* each weekday is a week's pattern */
            b->pattern = PTN_RECUR_WEEK;
            b->period = 1;
            b->days = r->days;
        }

        return PTN_OK;

    case PTN_RECUR_WEEKLY:
        if (!days_only || r->interval > 99) {
            return PTN_ESUPPORT;
        }

        b->freq = PTN_RECUR_FREQ_WEEKLY;
        b->pattern = PTN_RECUR_WEEK;
        b->period = r->interval;
        b->days = r->days != 0 ? r->days : 1u << c->wday;

        return PTN_OK;

    case PTN_RECUR_MONTHLY:
        if (r->months != 0 || r->interval > 99) {
            return PTN_ESUPPORT;
        }

        b->freq = PTN_RECUR_FREQ_MONTHLY;
        b->period = r->interval;

        return ptn_recur_make_month(r, c, b);

    default:
        if ((r->months != 0 && r->months != 1u << c->month)
            || r->interval > 83)        /* 999 months */
        {
            return PTN_ESUPPORT;
        }

        b->freq = r->interval == 1 ? PTN_RECUR_FREQ_YEARLY
                                   : PTN_RECUR_FREQ_MONTHLY;
        b->period = r->interval * 12;

        return ptn_recur_make_month(r, c, b);
    }
}


/* 2.2.1.44.1.1 */

static uint32_t
ptn_recur_first(const ptn_recur_blob_t *b)
{
    int32_t   month, first;
    int64_t   start;
    uint32_t  week;

    switch (b->pattern) {

    case PTN_RECUR_DAY:
        return b->start_date % b->period;

    case PTN_RECUR_WEEK:
        week = ptn_recur_week_start(b->start_date, b->first_dow);
        return week % (b->period * 7 * PTN_RECUR_DAY_MIN);

    default:
        first = 1601 * 12;
        month = ptn_recur_month_index(ptn_recur_local(b->start_date)) - first;
        start = ptn_recur_month_start(first + month % (int32_t) b->period);
        return ptn_recur_minutes(start);
    }
}


/* EndDate and OccurrenceCount: both are there, whichever ends it. */

static ptn_rc_t
ptn_recur_make_end(const ptn_recur_rule_t *rule, int64_t start,
    const ptn_tz_t *tz, ptn_recur_blob_t *b)
{
    int64_t            t, last;
    uint32_t           n;
    ptn_recur_rule_t   r;
    ptn_recur_iter_t   it;

    if (rule->count == 0 && rule->until_kind == PTN_RECUR_NO_UNTIL) {
        b->end_type = PTN_RECUR_END_NEVER;
        b->count = PTN_RECUR_NEVER_COUNT;
        b->end_date = PTN_RECUR_NEVER_DATE;
        return PTN_OK;
    }

    /* as MAPI will count: short months have it too */

    if (ptn_recur_blob_rule(b, &r) != PTN_OK) {
        return PTN_ESUPPORT;
    }

    r.count = rule->count;
    r.until = rule->until;
    r.until_kind = rule->until_kind;
    ptn_recur_rule_local(&r, tz);
    ptn_recur_iter_init(&it, &r, start);

    last = start;

    for (n = 0; n < PTN_RECUR_WORK_MAX && ptn_recur_next(&it, &t); n++) {
        last = t;
    }

    if (it.spent || n == PTN_RECUR_WORK_MAX) {
        return PTN_ESUPPORT;
    }

    b->end_type = rule->count != 0 ? PTN_RECUR_END_COUNT : PTN_RECUR_END_DATE;
    b->count = rule->count != 0 ? rule->count : ptn_max(n, 1u);
    b->end_date = ptn_recur_minutes(last);
    b->end_date -= b->end_date % PTN_RECUR_DAY_MIN;

    return PTN_OK;
}


ptn_rc_t
ptn_recur_blob_make(const ptn_recur_rule_t *rule,
    int64_t start, int64_t end, const ptn_tz_t *tz, ptn_recur_blob_t *ret_blob)
{
    ptn_rc_t          rc;
    ptn_civil_t       c;
    ptn_recur_blob_t  b = { 0 };

    ptn_time_to_civil(start, &c);

    if (c.year < 1602 || c.year > 4500 || end < start
        || end - start > 1000ll * PTN_RECUR_DAY_SEC)
    {
        return PTN_ESUPPORT;            /* not in 32 bits of minutes */
    }

    b.reader = b.writer = 0x3004;
    b.first_dow = rule->wkst;
    b.start_date = ptn_recur_minutes(start);
    b.start_date -= b.start_date % PTN_RECUR_DAY_MIN;

    rc = ptn_recur_make_pattern(rule, &c, &b);
    if (rc != PTN_OK) {
        return rc;
    }

    b.first = ptn_recur_first(&b);
    b.end_type = PTN_RECUR_END_NEVER;

    rc = ptn_recur_make_end(rule, start, tz, &b);
    if (rc != PTN_OK) {
        return rc;
    }

    b.appointment = true;
    b.reader2 = 0x3006;
    b.writer2 = PTN_RECUR_WRITER2;
    b.start_offset = (uint32_t) (c.hour * 60 + c.min);
    b.end_offset = b.start_offset + (uint32_t) ((end - start) / 60);
    *ret_blob = b;

    return PTN_OK;
}
