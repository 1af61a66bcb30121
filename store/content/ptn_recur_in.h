/*
 * What the files of the iterator share; nobody else includes this.
 *
 *   ptn_recur_iter.c   steps, BYSETPOS, what DTSTART implies
 *   ptn_recur_mask.c   the days of a month that a rule takes, as bits
 */

#ifndef PTN_RECUR_IN_H
#define PTN_RECUR_IN_H


#include "ptn_recur.h"


#define PTN_RECUR_DAY_SEC     86400
#define PTN_RECUR_LAST_MONTH  (9999 * 12 + 11)
#define PTN_RECUR_FIRST_YEAR  1601
#define PTN_RECUR_LAST        253402300800LL    /* the year 10000 */
#define PTN_RECUR_WEEKDAY     0x10204081u       /* each seventh of 31 days */


/* Days before a month. */
PTN_UNUSED static const int16_t  ptn_recur_before[13] = {
    0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365
};


static inline int64_t
ptn_recur_floor(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}


static inline int64_t
ptn_recur_mod(int64_t a, int64_t b)
{
    a %= b;

    return a < 0 ? a + b : a;
}


static inline bool
ptn_recur_leap(int y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}


/* Of January 1, since 1970. */

static inline int64_t
ptn_recur_year_day(int y)
{
    y--;

    return (int64_t) y * 365 + y / 4 - y / 100 + y / 400 - 719162;
}


static inline int
ptn_recur_year_before(int y, int m)     /* m from 0 */
{
    return ptn_recur_before[m] + (m > 1 && ptn_recur_leap(y));
}


/* 0 Sunday. */

static inline int
ptn_recur_wday(int64_t day)
{
    return (int) ptn_recur_mod(day + 4, 7);
}


/* Number of a week in its year as RFC 5545 counts (at least four days of it
 * in the year), how many that year has, and which one it is. */
int ptn_recur_week(int64_t day, int wkst, int *ret_of, int *ret_year);

/* Days of a month that the parts of the rule take; the interval is not looked
 * at. */
uint32_t ptn_recur_mask(const ptn_recur_iter_t *it, int32_t month,
    int64_t first, int len);

/* Days that an interval of days or weeks takes. */
uint32_t ptn_recur_mask_interval(const ptn_recur_iter_t *it, int64_t first,
    int len);


#endif /* PTN_RECUR_IN_H */
