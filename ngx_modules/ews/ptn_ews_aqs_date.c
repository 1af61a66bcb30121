#include <time.h>

#include "ptn_ews_aqs.h"


#define PTN_EWS_AQS_DAY    86400

static const char *const  ptn_ews_aqs_months[] = {
    "january", "february", "march", "april", "may", "june", "july",
    "august", "september", "october", "november", "december"
};

static const char *const  ptn_ews_aqs_days[] = {
    "sunday", "monday", "tuesday", "wednesday", "thursday", "friday",
    "saturday"
};


/* --- dates ---------------------------------------------------------------- */

/* Midnight of a day; months and days may be out of their range. */
static int64_t
ptn_ews_aqs_midnight(int year, int month, int day)
{
    struct tm  tm;

    memset(&tm, 0, sizeof(tm));
    tm.tm_year = year - 1900;
    tm.tm_mon = month;
    tm.tm_mday = day;

    return (int64_t) timegm(&tm);
}


/* The next word of a date; commas are blanks.  It is not passed. */
static ptn_str_t
ptn_ews_aqs_part(const u_char *p, const u_char *end)
{
    const u_char  *from;

    while (p < end && (ptn_ews_aqs_blank(*p) || *p == ',')) {
        p++;
    }

    for (from = p; p < end && !ptn_ews_aqs_blank(*p)
                   && strchr(",()\"", *p) == NULL
                   && !(p + 1 < end && p[0] == '.' && p[1] == '.'); p++)
    {
        /* void */
    }

    return ptn_str_make(from, (size_t) (p - from));
}


static bool
ptn_ews_aqs_digits(ptn_str_t s, int max, int *ret)
{
    size_t  i;
    int     n;

    for (i = 0, n = 0; i < s.len && n <= max; i++) {
        if (s.data[i] < '0' || s.data[i] > '9') {
            return false;
        }

        n = n * 10 + (s.data[i] - '0');
    }

    *ret = n;

    return s.len != 0 && n <= max;
}


/* m/d, m/d/y, y-m-d: numbers with `sep` between them. */
static bool
ptn_ews_aqs_numbers(ptn_str_t s, u_char sep, int *n, unsigned *ret_count)
{
    unsigned       count;
    ptn_str_t      one;
    const u_char  *at;

    for (count = 0; count < 3; count++) {
        at = s.len == 0 ? NULL : memchr(s.data, sep, s.len);
        one = ptn_str_make(s.data, at == NULL ? s.len
                                              : (size_t) (at - s.data));

        if (!ptn_ews_aqs_digits(one, 9999, &n[count])) {
            return false;
        }

        if (at == NULL) {
            *ret_count = count + 1;
            return count > 0;
        }

        s.len -= one.len + 1;
        s.data += one.len + 1;
    }

    return false;
}


static bool
ptn_ews_aqs_name(ptn_str_t s, const char *const *names, int count, int *ret)
{
    for (*ret = 0; *ret < count; (*ret)++) {
        if (ptn_ews_aqs_is(s, names[*ret])) {
            return true;
        }
    }

    return false;
}


/* "last week" and its kin; shift: how many from this one. */
static bool
ptn_ews_aqs_period(int64_t now, ptn_str_t how, ptn_str_t unit,
    const struct tm *tm, int64_t *from, int64_t *to)
{
    int  shift, y, m, d, u;
    static const char *const  units[] = { "week", "month", "year" };

    if (!ptn_ews_aqs_name(unit, units, 3, &u)) {
        return false;
    }

    y = tm->tm_year + 1900;
    m = tm->tm_mon;
    d = tm->tm_mday;

    if (ptn_ews_aqs_is(how, "past")) {          /* up to now */
        *from = ptn_ews_aqs_midnight(y - (u == 2), m - (u == 1),
                                     d - (u == 0 ? 7 : 0));
        *to = now + 1;
        return true;
    }

    if (ptn_ews_aqs_is(how, "coming")) {
        *from = now;
        *to = ptn_ews_aqs_midnight(y + (u == 2), m + (u == 1),
                                   d + (u == 0 ? 7 : 0) + 1);
        return true;
    }

    shift = ptn_ews_aqs_is(how, "last") ? -1
            : ptn_ews_aqs_is(how, "next") ? 1 : 0;

    if (u == 0) {
        d += 7 * shift - tm->tm_wday;
        *from = ptn_ews_aqs_midnight(y, m, d);
        *to = ptn_ews_aqs_midnight(y, m, d + 7);

    } else if (u == 1) {
        *from = ptn_ews_aqs_midnight(y, m + shift, 1);
        *to = ptn_ews_aqs_midnight(y, m + shift + 1, 1);

    } else {
        *from = ptn_ews_aqs_midnight(y + shift, 0, 1);
        *to = ptn_ews_aqs_midnight(y + shift + 1, 0, 1);
    }

    return true;
}


/* January; January 2; January 2, 2026. */
static const u_char *
ptn_ews_aqs_month(const u_char *p, const u_char *end, int month, int year,
    int64_t *from, int64_t *to)
{
    int            day, y;
    ptn_str_t      s;

    s = ptn_ews_aqs_part(p, end);

    if (!ptn_ews_aqs_digits(s, 31, &day) || day == 0) {
        *from = ptn_ews_aqs_midnight(year, month, 1);
        *to = ptn_ews_aqs_midnight(year, month + 1, 1);
        return p;
    }

    p = s.data + s.len;
    s = ptn_ews_aqs_part(p, end);

    if (s.len == 4 && ptn_ews_aqs_digits(s, 9999, &y)) {
        year = y;
        p = s.data + s.len;
    }

    *from = ptn_ews_aqs_midnight(year, month, day);
    *to = *from + PTN_EWS_AQS_DAY;

    return p;
}


/* One date at p: [*from, *to); NULL: there is none. */
static const u_char *
ptn_ews_aqs_date(const u_char *p, const u_char *end, int64_t now,
    int64_t *from, int64_t *to)
{
    int         n[3], y, k;
    time_t      t;
    unsigned    count;
    ptn_str_t   s, unit;
    struct tm   tm;

    t = (time_t) now;
    gmtime_r(&t, &tm);
    y = tm.tm_year + 1900;
    s = ptn_ews_aqs_part(p, end);
    p = s.data + s.len;

    if (ptn_ews_aqs_name(s, ptn_ews_aqs_months, 12, &k)) {
        return ptn_ews_aqs_month(p, end, k, y, from, to);
    }

    if (ptn_ews_aqs_is(s, "this") || ptn_ews_aqs_is(s, "last")
        || ptn_ews_aqs_is(s, "next") || ptn_ews_aqs_is(s, "past")
        || ptn_ews_aqs_is(s, "coming"))
    {
        unit = ptn_ews_aqs_part(p, end);
        return ptn_ews_aqs_period(now, s, unit, &tm, from, to)
               ? unit.data + unit.len : NULL;
    }

    if (ptn_ews_aqs_is(s, "today") || ptn_ews_aqs_is(s, "yesterday")
        || ptn_ews_aqs_is(s, "tomorrow"))
    {
        k = ptn_ews_aqs_is(s, "today") ? 0
            : ptn_ews_aqs_is(s, "tomorrow") ? 1 : -1;
        *from = ptn_ews_aqs_midnight(y, tm.tm_mon, tm.tm_mday + k);

    } else if (ptn_ews_aqs_name(s, ptn_ews_aqs_days, 7, &k)) {
        *from = ptn_ews_aqs_midnight(y, tm.tm_mon,
                                     tm.tm_mday - tm.tm_wday + k);

    } else if (ptn_ews_aqs_numbers(s, '/', n, &count)) {
        if (n[0] < 1 || n[0] > 12 || n[1] < 1 || n[1] > 31) {
            return NULL;
        }

        *from = ptn_ews_aqs_midnight(count == 3 ? n[2] : y, n[0] - 1, n[1]);

    } else if (ptn_ews_aqs_numbers(s, '-', n, &count) && count == 3) {
        if (n[1] < 1 || n[1] > 12 || n[2] < 1 || n[2] > 31) {
            return NULL;
        }

        *from = ptn_ews_aqs_midnight(n[0], n[1] - 1, n[2]);

    } else {
        return NULL;
    }

    *to = *from + PTN_EWS_AQS_DAY;

    return p;
}


/* --- numbers, ranges ------------------------------------------------------ */

static const u_char *
ptn_ews_aqs_number(const u_char *p, const u_char *end, int64_t *from,
    int64_t *to)
{
    int64_t  n;

    while (p < end && ptn_ews_aqs_blank(*p)) {
        p++;
    }

    if (p == end || *p < '0' || *p > '9') {
        return NULL;
    }

    for (n = 0; p < end && *p >= '0' && *p <= '9'; p++) {
        if (n > INT64_MAX / 10000000) {
            return NULL;
        }

        n = n * 10 + (*p - '0');
    }

    *from = n;
    *to = n + 1;

    return p;
}


static const u_char *
ptn_ews_aqs_one(const u_char *p, const u_char *end, bool number, int64_t now,
    int64_t *from, int64_t *to)
{
    return number ? ptn_ews_aqs_number(p, end, from, to)
                  : ptn_ews_aqs_date(p, end, now, from, to);
}


const u_char *
ptn_ews_aqs_range(const u_char *p, const u_char *end, bool number,
    int64_t now, int64_t *ret_from, int64_t *ret_to)
{
    bool     equal;
    u_char   op;
    int64_t  a, b, c, d;

    while (p < end && ptn_ews_aqs_blank(*p)) {
        p++;
    }

    op = p < end && strchr("<>=", *p) != NULL ? *p++ : 0;
    equal = p < end && op != 0 && *p == '=';
    p += equal;
    p = ptn_ews_aqs_one(p, end, number, now, &a, &b);

    if (p == NULL) {
        return NULL;
    }

    if (op == 0 && end - p >= 2 && p[0] == '.' && p[1] == '.') {
        p = ptn_ews_aqs_one(p + 2, end, number, now, &c, &d);
        if (p == NULL) {
            return NULL;
        }

        b = d;
    }

    *ret_from = op == '<' ? INT64_MIN : op == '>' ? (equal ? a : b) : a;
    *ret_to = op == '>' ? INT64_MAX : op == '<' ? (equal ? b : a) - 1 : b - 1;

    return p;
}
