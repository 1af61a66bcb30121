/*
 * Clocks and the civil calendar, both ways over a wide range, against libc.
 */

#include <time.h>

#include "ptn_conf.h"
#include "ptn_test.h"


static void
test_known(void)
{
    ptn_civil_t  c;

    static const struct {
        int      y, mo, d, h, mi, s, wday;
        int64_t  sec;
    } rows[] = {
        { 1970, 1, 1, 0, 0, 0, 4, 0 },
        { 1969, 12, 31, 23, 59, 59, 3, -1 },
        { 2000, 2, 29, 12, 0, 0, 2, 951825600 },
        { 2000, 3, 1, 0, 0, 0, 3, 951868800 },
        { 1900, 3, 1, 0, 0, 0, 4, -2203891200 },
        { 2038, 1, 19, 3, 14, 8, 2, 2147483648 },
        { 1601, 1, 1, 0, 0, 0, 1, -11644473600 },       /* FILETIME's */
        { 4500, 8, 31, 23, 59, 0, 2, 79860124740 },
        { 9999, 12, 31, 23, 59, 59, 5, 253402300799 },
        { 1, 1, 1, 0, 0, 0, 1, -62135596800 },
        { 0, 2, 29, 0, 0, 0, 2, -62162121600 },
        { -4713, 11, 24, 12, 0, 0, 1, -210866760000 },  /* Julian day 0 */
    };

    for (size_t i = 0; i < ptn_nelts(rows); i++) {
        int64_t  sec = ptn_time_from_civil(rows[i].y, rows[i].mo, rows[i].d,
                                           rows[i].h, rows[i].mi, rows[i].s);

        ok(sec == rows[i].sec, "%d-%02d-%02d is %lld", rows[i].y, rows[i].mo,
           rows[i].d, (long long) sec);

        ptn_time_to_civil(rows[i].sec, &c);
        ok(c.year == rows[i].y && c.month == rows[i].mo && c.day == rows[i].d
           && c.hour == rows[i].h && c.min == rows[i].mi
           && c.sec == rows[i].s, "and back");
        ok(c.wday == rows[i].wday, "its day of the week is %d", c.wday);
    }
}


static void
test_every_day(void)
{
    int          wday, month, day, year;
    int64_t      n, sec, bad;
    ptn_civil_t  c;

    static const int  days[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    };

    /* 1600-01-01 was a Saturday; walk to the year 2800 by hand */

    sec = ptn_time_from_civil(1600, 1, 1, 0, 0, 0);
    year = 1600;
    month = 1;
    day = 1;
    wday = 6;
    bad = 0;

    for (n = 0; year < 2800; n++, sec += 86400) {
        int  last = days[month - 1];

        if (month == 2 && year % 4 == 0 && (year % 100 || year % 400 == 0)) {
            last = 29;
        }

        ptn_time_to_civil(sec + n % 86400, &c);

        bad += c.year != year || c.month != month || c.day != day
               || c.wday != wday
               || c.hour * 3600 + c.min * 60 + c.sec != n % 86400
               || ptn_time_from_civil(year, month, day, c.hour, c.min, c.sec)
                  != sec + n % 86400;

        wday = (wday + 1) % 7;

        if (++day > last) {
            day = 1;
            if (++month > 12) {
                month = 1;
                year++;
            }
        }
    }

    ok(n == 438291, "1200 years have %lld days", (long long) n);
    is_u64((uint64_t) bad, 0, "every one right");
}


static void
test_libc(void)
{
    int64_t      sec, bad;
    unsigned     i;
    struct tm    tm;
    ptn_civil_t  c;

    for (i = 0, bad = 0; i < 200000; i++) {
        sec = ((int64_t) i * 1234567891 - 123456789012345) % 60000000000;
        gmtime_r(&(time_t) { sec }, &tm);
        ptn_time_to_civil(sec, &c);

        bad += c.year != tm.tm_year + 1900 || c.month != tm.tm_mon + 1
               || c.day != tm.tm_mday || c.hour != tm.tm_hour
               || c.min != tm.tm_min || c.sec != tm.tm_sec
               || c.wday != tm.tm_wday
               || ptn_time_from_civil(c.year, c.month, c.day, c.hour, c.min,
                                      c.sec) != sec;
    }

    is_u64((uint64_t) bad, 0, "as libc has it, 200,000 times");
}


static void
test_clocks(void)
{
    time_t    before;
    int64_t   now;
    uint64_t  mono;

    before = time(NULL);
    now = ptn_time_now();
    mono = ptn_time_mono();

    ok(now / PTN_USEC >= before && now / PTN_USEC <= time(NULL) + 1,
       "now is now");
    ok(ptn_time_mono() >= mono && mono != 0, "the other one goes on");
}


static void
test_conf(void)
{
    ptn_conf_t  conf;

    memset(&conf, 0xff, sizeof(conf));
    ptn_conf_defaults(&conf);

    ok(conf.root == NULL && conf.directory == NULL && conf.relay_host == NULL
       && conf.auth_trusted == NULL, "what has no default is not set");
    ok(conf.fsync && !conf.clear_text_auth, "the safe way is the default");
    ok(conf.message_max == 150 * 1024 * 1024 && conf.sessions_max == 100
       && conf.idle_timeout >= 1800 && conf.workers >= 1
       && conf.executors >= 2, "limits");
}


int
main(void)
{
    test_known();
    test_every_day();
    test_libc();
    test_clocks();
    test_conf();

    return done_testing();
}
