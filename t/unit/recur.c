/*
 * Recurrence: rules as text, step by step, as blobs; what libical's authors
 * expect, what libical gives for rules made at random, the vectors of
 * MS-OXOCAL and mfcmapi.
 */

#include <libical/ical.h>
#include <time.h>

#include "ptn_recur.h"
#include "ptn_ref.h"
#include "ptn_test.h"


static int64_t
at(const char *s)
{
    int  y, mo, d, h = 0, mi = 0, sec = 0;

    if (sscanf(s, "%4d%2d%2dT%2d%2d%2d", &y, &mo, &d, &h, &mi, &sec) < 3) {
        return INT64_MIN;
    }

    return ptn_time_from_civil(y, mo, d, h, mi, sec);
}


static void
put(ptn_buf_t *b, int64_t t)
{
    ptn_civil_t  c;

    ptn_time_to_civil(t, &c);
    ptn_buf_printf(b, "%s%04d%02d%02dT%02d%02d%02d", b->len ? "," : "", c.year,
                   c.month, c.day, c.hour, c.min, c.sec);
}


/* The first n of a rule from `from` on. */

static const char *
list(ptn_pool_t *pool, const ptn_recur_rule_t *r, int64_t start, int64_t from,
    unsigned n)
{
    int64_t            t;
    ptn_buf_t          b;
    ptn_recur_iter_t   it;

    ptn_buf_init(&b, pool);
    ptn_recur_iter_init(&it, r, start);
    ptn_recur_iter_seek(&it, from);

    while (n-- != 0 && ptn_recur_next(&it, &t)) {
        put(&b, t);
    }

    ptn_buf_z(&b, it.spent ? "!" : "");
    ptn_buf_byte(&b, '\0');

    return (char *) b.data;
}


/* --- text ----------------------------------------------------------------- */

static const struct {
    const char  *text;
    ptn_rc_t     rc;
    const char  *want;          /* NULL: the same */
} texts[] = {
    { "FREQ=DAILY", PTN_OK, NULL },
    { "FREQ=WEEKLY;COUNT=10;INTERVAL=2;BYDAY=MO,WE;WKST=SU", PTN_OK, NULL },
    { "freq=weekly;byday=we,mo;interval=1;wkst=mo", PTN_OK,
      "FREQ=WEEKLY;BYDAY=MO,WE" },
    { "FREQ=MONTHLY;BYDAY=+1MO,-2FR,TU", PTN_OK,
      "FREQ=MONTHLY;BYDAY=1MO,TU,-2FR" },
    { "FREQ=YEARLY;UNTIL=20301231", PTN_OK, NULL },
    { "FREQ=YEARLY;UNTIL=20301231T235959", PTN_OK, NULL },
    { "FREQ=YEARLY;UNTIL=20301231T235959Z", PTN_OK, NULL },
    { "FREQ=YEARLY;BYWEEKNO=53,-1,1;BYYEARDAY=366,-366,1", PTN_OK,
      "FREQ=YEARLY;BYWEEKNO=1,53,-1;BYYEARDAY=1,366,-366" },
    { "FREQ=MONTHLY;BYMONTH=12,1;BYMONTHDAY=31,-31,-1", PTN_OK,
      "FREQ=MONTHLY;BYMONTH=1,12;BYMONTHDAY=31,-31,-1" },
    { "FREQ=SECONDLY;BYHOUR=0,23;BYMINUTE=0,59;BYSECOND=0,60", PTN_OK, NULL },
    { "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1,1,-1", PTN_OK,
      "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1,1" },
    { "FREQ=DAILY;;X-THING=1;", PTN_OK, "FREQ=DAILY" },
    { "RSCALE=gregorian;FREQ=DAILY;SKIP=OMIT", PTN_OK, "FREQ=DAILY" },
    { "RSCALE=CHINESE;FREQ=YEARLY", PTN_ESUPPORT, NULL },
    { "FREQ=MONTHLY;SKIP=BACKWARD", PTN_ESUPPORT, NULL },
    { "", PTN_EPARSE, NULL },
    { "INTERVAL=2", PTN_EPARSE, NULL },
    { "FREQ=FORTNIGHTLY", PTN_EPARSE, NULL },
    { "FREQ=DAILY;COUNT=0", PTN_EPARSE, NULL },
    { "FREQ=DAILY;INTERVAL=0", PTN_EPARSE, NULL },
    { "FREQ=DAILY;INTERVAL=-1", PTN_EPARSE, NULL },
    { "FREQ=DAILY;INTERVAL=4294967296", PTN_EPARSE, NULL },
    { "FREQ=DAILY;COUNT=1;UNTIL=20300101", PTN_EPARSE, NULL },
    { "FREQ=DAILY;UNTIL=20300230", PTN_EPARSE, NULL },
    { "FREQ=DAILY;UNTIL=2030010", PTN_EPARSE, NULL },
    { "FREQ=DAILY;UNTIL=20300101X000000", PTN_EPARSE, NULL },
    { "FREQ=DAILY;UNTIL=20300101T240000", PTN_EPARSE, NULL },
    { "FREQ=DAILY;UNTIL=20300101T000000X", PTN_EPARSE, NULL },
    { "FREQ=DAILY;FREQ=DAILY", PTN_EPARSE, NULL },
    { "FREQ=DAILY;BYDAY=MO;BYDAY=TU", PTN_EPARSE, NULL },
    { "FREQ=DAILY;BYMONTH=13", PTN_EPARSE, NULL },
    { "FREQ=DAILY;BYMONTH=-1", PTN_EPARSE, NULL },
    { "FREQ=DAILY;BYMONTH=", PTN_EPARSE, NULL },
    { "FREQ=DAILY;BYMONTH=1,,2", PTN_EPARSE, NULL },
    { "FREQ=DAILY;BYMONTHDAY=32", PTN_EPARSE, NULL },
    { "FREQ=DAILY;BYMONTHDAY=0", PTN_EPARSE, NULL },
    { "FREQ=DAILY;BYHOUR=24", PTN_EPARSE, NULL },
    { "FREQ=DAILY;BYDAY=XX", PTN_EPARSE, NULL },
    { "FREQ=DAILY;BYDAY=0MO", PTN_EPARSE, NULL },
    { "FREQ=DAILY;BYDAY=54MO", PTN_EPARSE, NULL },
    { "FREQ=DAILY;BYDAY=M", PTN_EPARSE, NULL },
    { "FREQ=DAILY;BYSETPOS=0", PTN_EPARSE, NULL },
    { "FREQ=DAILY;BYSETPOS=367", PTN_EPARSE, NULL },
    { "FREQ=DAILY;WKST=XX", PTN_EPARSE, NULL },
    { "FREQ=DAILY;UNKNOWN=1", PTN_EPARSE, NULL },
    { "FREQ=DAILY;COUNT", PTN_EPARSE, NULL },
    { "FREQ=YEARLY;BYSETPOS=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,"
      "20,21,22,23,24,25,26,27,28,29,30,31,32,33", PTN_ELIMIT, NULL },
};


static void
test_texts(ptn_pool_t *pool)
{
    size_t            i;
    ptn_rc_t          rc;
    ptn_buf_t         b;
    ptn_recur_rule_t  r;

    for (i = 0; i < ptn_nelts(texts); i++) {
        rc = ptn_recur_rule_parse(ptn_str_z(texts[i].text), &r);
        is_rc(rc, texts[i].rc, texts[i].text);

        if (rc == PTN_OK) {
            ptn_buf_init(&b, pool);
            ptn_recur_rule_write(&b, &r);
            is_str(ptn_buf_get(&b), texts[i].want ? texts[i].want
                                                  : texts[i].text, "written");
        }
    }
}


/* --- rules of our own ----------------------------------------------------- */

static const struct {
    const char  *rule, *start, *from, *want;
} rules[] = {
    { "FREQ=YEARLY", "20240229T100000", NULL,
      "20240229T100000,20280229T100000,20320229T100000" },
    { "FREQ=MONTHLY", "20240131", NULL,
      "20240131T000000,20240331T000000,20240531T000000" },
    { "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1", "20230130T080000", NULL,
      "20230130T080000,20230228T080000,20230330T080000" },
    { "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "20240131T090000", NULL,
      "20240131T090000,20240229T090000,20240329T090000" },
    { "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "20240101", NULL, "" },
    { "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU;WKST=SU", "20240102T090000", NULL,
      "20240102T090000,20240114T090000,20240116T090000" },
    { "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU;WKST=MO", "20240102T090000", NULL,
      "20240102T090000,20240107T090000,20240116T090000" },
    { "FREQ=DAILY;COUNT=5", "20240101T090000", "20240104T090001",
      "20240105T090000" },
    { "FREQ=DAILY;COUNT=10;BYHOUR=9,10", "20240101T090000", "20240105T000000",
      "20240105T090000,20240105T100000" },
    { "FREQ=YEARLY;BYDAY=-1FR", "20200101T090000", NULL,
      "20201225T090000,20211231T090000,20221230T090000" },
    { "FREQ=DAILY;COUNT=3;BYHOUR=9,10", "20240101T093000", "20240102T000000",
      "20240102T093000" },
    { "FREQ=DAILY;INTERVAL=4294967295", "20240101T090000", NULL,
      "20240101T090000" },
    { "FREQ=SECONDLY;INTERVAL=4294967295", "20240101T090000", NULL,
      "20240101T090000,21600207T152815,22960315T215630" },
    { "FREQ=YEARLY;INTERVAL=4294967295", "20240101T090000", NULL,
      "20240101T090000" },
    { "FREQ=HOURLY;INTERVAL=5;BYMONTH=3", "20240229T200000", NULL,
      "20240301T010000,20240301T060000,20240301T110000" },
    { "FREQ=HOURLY;BYMINUTE=0,30;BYSETPOS=-1", "20240101T090000", NULL,
      "20240101T093000,20240101T103000,20240101T113000" },
    { "FREQ=MINUTELY;BYSECOND=10,20,30;BYSETPOS=1,3", "20240101T090015", NULL,
      "20240101T090030,20240101T090110,20240101T090130" },
    { "FREQ=MINUTELY;INTERVAL=7;BYHOUR=9", "20240101T085900", NULL,
      "20240101T090600,20240101T091300,20240101T092000" },
    { "FREQ=SECONDLY;BYSECOND=59,60;BYMINUTE=0", "20240101T090000", NULL,
      "20240101T090059,20240101T100059,20240101T110059" },
    /* no second of that interval ever falls there: given up */
    { "FREQ=SECONDLY;INTERVAL=3600;BYMINUTE=1", "20240101T090000", NULL, "!" },
    { "FREQ=HOURLY;BYSETPOS=2", "20240101T090000", NULL, "!" },
    { "FREQ=DAILY;BYSETPOS=2", "20240101T090000", NULL, "!" },
    { "FREQ=SECONDLY;COUNT=4000000000", "20240101T090000", "20900101", "!" },
    { "FREQ=DAILY;COUNT=4000000000", "20240101T090000", "99991230",
      "99991230T090000,99991231T090000" },
    { "FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO", "20180101T090000", NULL,
      "20180101T090000,20181231T090000,20191230T090000" },
    { "FREQ=YEARLY;BYWEEKNO=-1;BYDAY=SU", "20200101T090000", NULL,
      "20210103T090000,20220102T090000,20230101T090000" },
    { "FREQ=YEARLY;BYDAY=-1MO,53WE", "20200101T090000", NULL,
      "20201228T090000,20201230T090000,20211227T090000" },
    { "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "20200101T020000", "20210328T020000",
      "20210328T020000,20220327T020000,20230326T020000" },
    { "FREQ=YEARLY;BYMONTH=1,2;BYDAY=MO;BYSETPOS=-1,1", "20200101T020000",
      NULL, "20200106T020000,20200224T020000,20210104T020000" },
    { "FREQ=DAILY;UNTIL=20240102", "20240101T235959", NULL,
      "20240101T235959,20240102T235959" },
    { "FREQ=DAILY;UNTIL=20240102T000000", "20240101T000000", NULL,
      "20240101T000000,20240102T000000" },
    { "FREQ=DAILY;UNTIL=20231231", "20240101T000000", NULL, "" },
    { "FREQ=DAILY", "15001231", NULL, "" },
    { "FREQ=DAILY", "99991230T120000", NULL,
      "99991230T120000,99991231T120000" },
    { "FREQ=WEEKLY;BYDAY=2MO", "20240101", NULL,
      "20240101T000000,20240108T000000,20240115T000000" },
    { "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "20240105T090000", NULL,
      "20240105T090000,20240108T090000,20240109T090000" },
};


static void
test_rules(ptn_pool_t *pool)
{
    size_t            i;
    int64_t           start;
    clock_t           begun;
    ptn_recur_rule_t  r;

    for (i = 0; i < ptn_nelts(rules); i++) {
        is_rc(ptn_recur_rule_parse(ptn_str_z(rules[i].rule), &r), PTN_OK,
              rules[i].rule);
        start = at(rules[i].start);
        begun = clock();
        is_str(ptn_str_z(list(pool, &r, start, rules[i].from
                              ? at(rules[i].from) : start, 3)),
               rules[i].want, "list");
        ok((clock() - begun) < CLOCKS_PER_SEC / 4, "bounded work");
    }
}


/* --- libical's expectations ----------------------------------------------- */

/* What the file says: days where the start is one, "Z" as it stands. */

static bool
expected(ptn_pool_t *pool, ptn_recur_rule_t *r, const char *start,
    const char *from, const char *want)
{
    char              *p, *list_of;
    int64_t            t;
    unsigned           n;
    ptn_buf_t          all, part;
    ptn_recur_iter_t   it, late;

    if (strlen(start) == 8) {           /* whole days have no times */
        r->hours = 0;
        r->minutes = r->seconds = 0;
    }

    ptn_buf_init(&all, pool);
    ptn_recur_iter_init(&it, r, at(start));

    for (n = 0; n < 1000 && ptn_recur_next(&it, &t); n++) {
        put(&all, t);
    }

    list_of = ptn_str_dupz(pool, ptn_str_z(want));

    for (p = list_of; strlen(start) == 8 && *p != '\0'; p++) {
        if (*p == ',' || p[1] == '\0') {
            ptn_buf_init(&part, pool);
            for (p = list_of; *p != '\0'; p++) {
                ptn_buf_byte(&part, (u_char) *p);
                if (p[1] == ',' || p[1] == '\0') {
                    ptn_buf_z(&part, "T000000");
                }
            }
            list_of = ptn_str_dupz(pool, ptn_buf_get(&part));
            break;
        }
    }

    for (p = list_of, n = 0; *p != '\0'; p++) {
        if (*p != 'Z') {
            list_of[n++] = *p;
        }
    }

    list_of[n] = '\0';

    if (!ptn_str_eqz(ptn_buf_get(&all), list_of)) {
        diag("got  %.*s", ptn_str_arg(ptn_buf_get(&all)));
        diag("want %s", list_of);
        return false;
    }

    if (from == NULL) {
        return true;
    }

    /* from later on: the rest of the same */

    ptn_recur_iter_init(&it, r, at(start));
    ptn_recur_iter_init(&late, r, at(start));
    ptn_recur_iter_seek(&late, at(from));

    while (ptn_recur_next(&it, &t)) {
        int64_t  t2;

        if (t >= at(from) && (!ptn_recur_next(&late, &t2) || t2 != t)) {
            return false;
        }
    }

    return !ptn_recur_next(&late, &t);
}


static void
test_expected(ptn_pool_t *pool)
{
    char               path[4096], line[16384], start[64], from[64];
    FILE              *f;
    unsigned           n = 0, same = 0, refused = 0;
    ptn_rc_t           rc = PTN_EPARSE;
    ptn_recur_rule_t   r = { 0 };

    snprintf(path, sizeof(path), "%s/ical/libical/icalrecur_test.txt",
             ptn_ref_dir());
    f = fopen(path, "r");

    if (!ok(f != NULL, "libical's rules are there")) {
        return;
    }

    while (fgets(line, sizeof(line), f) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';

        if (strncmp(line, "RRULE:", 6) == 0) {
            rc = ptn_recur_rule_parse(ptn_str_z(line + 6), &r);
            ptn_recur_rule_local(&r, NULL);
            from[0] = '\0';

        } else if (strncmp(line, "DTSTART:", 8) == 0) {
            snprintf(start, sizeof(start), "%.60s", line + 8);

        } else if (strncmp(line, "START-AT:", 9) == 0) {
            snprintf(from, sizeof(from), "%.60s", line + 9);

        } else if (strncmp(line, "INSTANCES:", 10) == 0) {
            n++;

            /* what libical refuses we may have, or refuse too */

            if (strstr(line, "***") != NULL) {
                refused++;

            } else if (rc == PTN_OK
                       && expected(pool, &r, start, from[0] ? from : NULL,
                                   line + 10))
            {
                same++;

            } else {
                diag("%s from %s: %s", ptn_err(rc)->name, start, line);
            }
        }
    }

    fclose(f);
    is_u64(same, n - refused, "libical's test gives what it expects");
    ok(n > 140 && refused < 20, "%u rules, %u refused", n, refused);
}


/* --- libical's opinion ------------------------------------------------------- */

static uint32_t
dice(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1664525 + 1013904223;

    return (*seed >> 8) % n;
}


/* Not among them: BYSETPOS with more times than one, where libical counts days
 * (RFC 5545 3.3.10 counts BYHOUR first); ordinals that no month has. */

static void
random_rule(ptn_buf_t *b, uint32_t *s)
{
    int   f;
    bool  day = false, month = false, pos = false;
    static const char *const  freqs[] = {
        "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"
    };
    static const char *const  days[] = {
        "MO", "TU,TH", "MO,TU,WE,TH,FR", "SU,SA", "WE"
    };

    f = (int) dice(s, 5);
    ptn_buf_printf(b, "FREQ=%s;INTERVAL=%u", freqs[f], 1 + dice(s, 4));

    if (f != 0 && dice(s, 3) == 0) {
        ptn_buf_printf(b, ";BYMONTH=%u,%u", 1 + dice(s, 6), 7 + dice(s, 6));
        month = true;
    }

    if (f >= 3 && dice(s, 2)) {
        ptn_buf_printf(b, ";BYMONTHDAY=%u,%u", 1 + dice(s, 15),
                       16 + dice(s, 16));
        day = true;
    }

    if ((f == 1 || f == 2) && dice(s, 2)) {
        ptn_buf_printf(b, ";BYDAY=%s", days[dice(s, 5)]);

    } else if (f == 3 && !day && dice(s, 2)) {
        if (dice(s, 2)) {
            ptn_buf_printf(b, ";BYDAY=%uMO,-%uFR", 1 + dice(s, 4),
                           1 + dice(s, 4));

        } else {
            ptn_buf_printf(b, ";BYDAY=%s;BYSETPOS=%d", days[dice(s, 5)],
                           dice(s, 2) ? -1 : 2);
            pos = true;
        }

    } else if (f == 4 && !day && !month && dice(s, 2)) {
        ptn_buf_printf(b, ";BYDAY=%dTH", (int) dice(s, 50) + 1);
    }

    if (f == 2 && dice(s, 2)) {
        ptn_buf_z(b, ";WKST=SU");
    }

    if (f >= 1 && !pos && dice(s, 4) == 0) {
        ptn_buf_printf(b, ";BYHOUR=%u,%u", dice(s, 12), 12 + dice(s, 12));
    }
}


static void
test_random(ptn_pool_t *pool)
{
    int64_t                      t, start;
    uint32_t                     seed = 12345;
    unsigned                     i, n, bad = 0, occurrences = 0;
    ptn_buf_t                    text, a, b;
    ptn_civil_t                  c;
    ptn_recur_rule_t             r;
    ptn_recur_iter_t             it;
    struct icaltimetype          lt;
    icalrecur_iterator          *lit;

    for (i = 0; i < 300; i++) {
        ptn_buf_init(&text, pool);
        random_rule(&text, &seed);
        ptn_buf_byte(&text, '\0');
        text.len--;
        start = 946684800 + (int64_t) dice(&seed, 3000) * 86400
                + dice(&seed, 24) * 3600;
        ptn_time_to_civil(start, &c);

        lt = icaltime_null_time();
        lt.year = c.year;
        lt.month = c.month;
        lt.day = c.day;
        lt.hour = c.hour;
        lit = icalrecur_iterator_new(
                  icalrecurrencetype_from_string((char *) text.data), lt);
        ptn_buf_init(&a, pool);
        ptn_buf_init(&b, pool);

        if (lit == NULL
            || ptn_recur_rule_parse(ptn_buf_get(&text), &r) != PTN_OK)
        {
            bad++;
            diag("%s: not taken", (char *) text.data);
            continue;
        }

        ptn_recur_iter_init(&it, &r, start);

        for (n = 0; n < 15; n++) {
            lt = icalrecur_iterator_next(lit);

            if (icaltime_is_null_time(lt)) {
                break;
            }

            put(&b, ptn_time_from_civil(lt.year, lt.month, lt.day, lt.hour,
                                        lt.minute, lt.second));

            if (ptn_recur_next(&it, &t)) {
                put(&a, t);
            }
        }

        icalrecur_iterator_free(lit);
        occurrences += n;

        if (!ptn_str_eq(ptn_buf_get(&a), ptn_buf_get(&b))) {
            bad++;
            diag("%s from %04d%02d%02dT%02d", (char *) text.data, c.year,
                 c.month, c.day, c.hour);
            diag("  got  %.*s", (int) ptn_min(a.len, (size_t) 120),
                 (char *) a.data);
            diag("  want %.*s", (int) ptn_min(b.len, (size_t) 120),
                 (char *) b.data);
        }
    }

    is_u64(bad, 0, "rules made at random, as libical has them");
    ok(occurrences > 4000, "%u occurrences", occurrences);
}


int
main(void)
{
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);
    test_texts(pool);
    test_rules(pool);
    test_expected(pool);
    test_random(pool);
    ptn_pool_destroy(pool);

    return done_testing();
}
