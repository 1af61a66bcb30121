#include <time.h>

#include "ptn_base.h"


uint64_t
ptn_time_mono(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}


uint64_t
ptn_time_mono_us(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * PTN_USEC + (uint64_t) ts.tv_nsec / 1000;
}


int64_t
ptn_time_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_REALTIME, &ts);

    return (int64_t) ts.tv_sec * PTN_USEC + ts.tv_nsec / 1000;
}


/*
 * Days are counted from 1970-01-01 with years that start in March, so that a
 * leap day is the last of its year.
 */

int64_t
ptn_time_from_civil(int year, int month, int day, int h, int m, int s)
{
    int64_t  y, era, doy, doe, days;

    y = (int64_t) year - (month <= 2);
    era = (y >= 0 ? y : y - 399) / 400;
    doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    doe = (y - era * 400) * 365 + (y - era * 400) / 4
          - (y - era * 400) / 100 + doy;
    days = era * 146097 + doe - 719468;

    return days * 86400 + (int64_t) h * 3600 + (int64_t) m * 60 + s;
}


void
ptn_time_to_civil(int64_t sec, ptn_civil_t *ret)
{
    int64_t  days, rest, era, doe, yoe, doy, mp;

    days = sec / 86400;
    rest = sec % 86400;

    if (rest < 0) {
        rest += 86400;
        days--;
    }

    ret->hour = (int) (rest / 3600);
    ret->min = (int) (rest % 3600 / 60);
    ret->sec = (int) (rest % 60);
    ret->wday = (int) (((days + 4) % 7 + 7) % 7);

    days += 719468;
    era = (days >= 0 ? days : days - 146096) / 146097;
    doe = days - era * 146097;
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    mp = (5 * doy + 2) / 153;

    ret->day = (int) (doy - (153 * mp + 2) / 5 + 1);
    ret->month = (int) (mp + (mp < 10 ? 3 : -9));
    ret->year = (int) (yoe + era * 400 + (ret->month <= 2));
}
