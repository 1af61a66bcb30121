/*
 * Recurrence blobs and series: vectors of MS-OXOCAL and mfcmapi back to their
 * bytes, rules to blobs with the same occurrences, windows across changes of
 * the clock.
 */

#include <dirent.h>

#include "ptn_recur.h"
#include "ptn_ref.h"
#include "ptn_test.h"


static int64_t
at(const char *s)
{
    int  y, mo, d, h = 0, mi = 0, sec = 0;

    sscanf(s, "%4d%2d%2dT%2d%2d%2d", &y, &mo, &d, &h, &mi, &sec);

    return ptn_time_from_civil(y, mo, d, h, mi, sec);
}


static void
put(ptn_buf_t *b, int64_t t)
{
    ptn_civil_t  c;

    ptn_time_to_civil(t, &c);
    ptn_buf_printf(b, "%s%04d%02d%02dT%02d%02d", b->len ? "," : "", c.year,
                   c.month, c.day, c.hour, c.min);
}


static ptn_str_t
unhex(ptn_pool_t *pool, ptn_str_t hex)
{
    char        two[3] = { 0 };
    size_t      i;
    ptn_buf_t   b;

    ptn_buf_init(&b, pool);

    for (i = 0; i + 1 < hex.len && isxdigit(hex.data[i]); i += 2) {
        memcpy(two, hex.data + i, 2);
        ptn_buf_byte(&b, (u_char) strtol(two, NULL, 16));
    }

    return ptn_buf_get(&b);
}


/* UTC starts in a window. */

static const char *
window(ptn_pool_t *pool, const ptn_series_t *s, const char *from,
    const char *to, uint32_t max)
{
    uint32_t           i, n = 0;
    ptn_rc_t           rc;
    ptn_buf_t          b;
    ptn_occurrence_t  *o;

    rc = ptn_series_window(pool, s, at(from), at(to), max, &o, &n);
    ptn_buf_init(&b, pool);

    for (i = 0; i < n; i++) {
        put(&b, o[i].start);

        if (o[i].change != PTN_RECUR_UNCHANGED) {
            ptn_buf_printf(&b, "#%u", o[i].change);
        }
    }

    ptn_buf_z(&b, rc == PTN_OK ? "" : rc == PTN_ELIMIT ? "+" : "?");
    ptn_buf_byte(&b, '\0');

    return (char *) b.data;
}


/* --- bytes ---------------------------------------------------------------- */

static bool
same_bytes(ptn_pool_t *pool, ptn_str_t bytes, bool appointment,
    ptn_recur_blob_t *ret)
{
    size_t            i, bad = 0;
    ptn_rc_t          rc;
    ptn_buf_t         out;
    ptn_recur_blob_t  b, cut;

    rc = ptn_recur_blob_parse(pool, bytes, appointment, &b);

    if (rc != PTN_OK) {
        diag("parse: %s", ptn_err(rc)->name);
        return false;
    }

    ptn_buf_init(&out, pool);
    rc = ptn_recur_blob_write(&out, &b);
    *ret = b;

    if (rc != PTN_OK || !ptn_str_eq(ptn_buf_get(&out), bytes)) {
        ptn_test_show("got ", out.data, out.len);
        ptn_test_show("want", bytes.data, bytes.len);
        return false;
    }

    /* every truncation is refused, but the one that old writers make */

    for (i = 0; i < bytes.len; i++) {
        bad += ptn_recur_blob_parse(pool, ptn_str_make(bytes.data, i),
                                    appointment, &cut) == PTN_OK;
    }

    return bad <= appointment;
}


static void
test_vectors(ptn_pool_t *pool)
{
    int                n = 0;
    char               path[4096], line[65536], *p, *hex, *name;
    DIR               *dir;
    FILE              *f;
    ptn_series_t       s;
    struct dirent     *e;
    ptn_recur_blob_t   b;

    snprintf(path, sizeof(path), "%s/vectors/smartview", ptn_ref_dir());
    dir = opendir(path);

    while (dir != NULL && (e = readdir(dir)) != NULL) {
        bool  appointment = !strncmp(e->d_name, "APPOINTMENTRECURR", 17);

        if ((!appointment && strncmp(e->d_name, "RECURRENCEPATTERN", 17) != 0)
            || strstr(e->d_name, ".in.hex") == NULL)
        {
            continue;
        }

        snprintf(path, sizeof(path), "%s/vectors/smartview/%s", ptn_ref_dir(),
                 e->d_name);
        ok(same_bytes(pool, unhex(pool, ptn_ref_read(pool, path)), appointment,
                      &b), "%s", e->d_name);
        n++;
    }

    if (dir != NULL) {
        closedir(dir);
    }

    ok(n >= 5, "%d vectors of mfcmapi", n);

    snprintf(path, sizeof(path), "%s/vectors/ms-spec/INDEX.tsv",
             ptn_ref_dir());
    f = fopen(path, "r");
    n = 0;

    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        p = line;
        name = strsep(&p, "\t");

        if (strncmp(name, "oxocal-recur", 12) != 0) {
            continue;
        }

        line[strcspn(line, "\n")] = '\0';
        (void) strsep(&p, "\t");
        (void) strsep(&p, "\t");
        (void) strsep(&p, "\t");
        hex = strsep(&p, "\t\n");
        ok(same_bytes(pool, unhex(pool, ptn_str_z(hex)), true, &b), "%s", name);
        is_rc(ptn_recur_blob_series(pool, &b, &s), PTN_OK, "series");

        if (strstr(name, "weekly-exception") != NULL) {
            n++;
            is_str(ptn_str_z(window(pool, &s, "20070301", "20070501", 99)),
                   "20070326T1000,20070329T1000,20070330T1000,20070402T1000,"
                   "20070405T1000,20070406T1000,20070409T1000,20070412T1000,"
                   "20070413T1000,20070416T1100#0,20070419T1000,20070420T1000",
                   "occurrences of MS-OXOCAL 4.1.1.2");
            is_str(b.exceptions[0].subject, "Simple Recurrence with exceptions",
                   "subject");

        } else if (strstr(name, "daily-deleted") != NULL) {
            n++;
            is_str(ptn_str_z(window(pool, &s, "20110301", "20110601", 99)),
                   "20110407T0800,20110410T0800,20110413T0800,20110416T0800,"
                   "20110425T0800,20110428T0800,20110501T0800,20110504T0800",
                   "occurrences of MS-OXOCAL 4.1.1.3");
        }
    }

    if (f != NULL) {
        fclose(f);
    }

    is_u64(n, 2, "the vectors of MS-OXOCAL");
}


/* --- rules to blobs ------------------------------------------------------- */

static const struct {
    const char  *rule, *start;
    ptn_rc_t     rc;
    uint16_t     freq, pattern;
    uint32_t     first, period;
    const char  *back;              /* the blob as a rule; NULL: as it was */
} made[] = {
    { "FREQ=DAILY", "20240105T090000", PTN_OK, 0x200a, 0, 0, 1440, NULL },
    { "FREQ=DAILY;COUNT=10;INTERVAL=3", "20110407T080000", PTN_OK, 0x200a, 0,
      0, 4320, NULL },
    { "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "20240105T090000", PTN_OK, 0x200a, 1,
      8640, 1, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR" },
    { "FREQ=WEEKLY", "20240105T090000", PTN_OK, 0x200b, 1, 0, 1,
      "FREQ=WEEKLY;BYDAY=FR" },
    { "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,FR;WKST=SU", "20240103T090000",
      PTN_OK, 0x200b, 1, 0, 2, NULL },
    { "FREQ=WEEKLY;BYDAY=MO;UNTIL=20240226T080000Z", "20240101T090000", PTN_OK,
      0x200b, 1, 0, 1, "FREQ=WEEKLY;UNTIL=20240219;BYDAY=MO" },
    { "FREQ=MONTHLY", "20240115T090000", PTN_OK, 0x200c, 2, 0, 1,
      "FREQ=MONTHLY;BYMONTHDAY=15" },
    { "FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=-1", "20240131T090000", PTN_OK,
      0x200c, 2, 0, 5, NULL },
    { "FREQ=MONTHLY;BYMONTHDAY=30", "20240130T090000", PTN_OK, 0x200c, 2, 0, 1,
      "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1" },
    { "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1", "20240130T090000",
      PTN_OK, 0x200c, 2, 0, 1, NULL },
    { "FREQ=MONTHLY;COUNT=5;BYDAY=2TU", "20240109T090000", PTN_OK, 0x200c, 3,
      0, 1, NULL },
    { "FREQ=MONTHLY;BYDAY=-1FR", "20240126T090000", PTN_OK, 0x200c, 3, 0, 1,
      NULL },
    { "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "20240131T090000",
      PTN_OK, 0x200c, 3, 0, 1, NULL },
    { "FREQ=YEARLY", "20240315T090000", PTN_OK, 0x200d, 2, 0, 12,
      "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=15" },
    { "FREQ=YEARLY;INTERVAL=3;COUNT=7;BYMONTH=3;BYMONTHDAY=15",
      "20240315T090000", PTN_OK, 0x200c, 2, 0, 36,
      "FREQ=YEARLY;COUNT=7;INTERVAL=3;BYMONTH=3;BYMONTHDAY=15" },
    { "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "20241128T090000", PTN_OK, 0x200d, 3,
      0, 12, NULL },
    { "FREQ=YEARLY;BYMONTH=11;BYDAY=TH;BYSETPOS=4", "20241128T090000", PTN_OK,
      0x200d, 3, 0, 12, "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH" },
    { "FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0", "20240105T090000", PTN_OK,
      0x200a, 0, 0, 1440, "FREQ=DAILY" },
    { "FREQ=DAILY;BYHOUR=9,15", "20240105T090000", PTN_ESUPPORT, 0, 0, 0, 0,
      NULL },
    { "FREQ=HOURLY", "20240105T090000", PTN_ESUPPORT, 0, 0, 0, 0, NULL },
    { "FREQ=DAILY;BYMONTH=1", "20240105T090000", PTN_ESUPPORT, 0, 0, 0, 0,
      NULL },
    { "FREQ=DAILY;INTERVAL=2;BYDAY=MO", "20240105T090000", PTN_ESUPPORT, 0, 0,
      0, 0, NULL },
    { "FREQ=DAILY;INTERVAL=1000", "20240105T090000", PTN_ESUPPORT, 0, 0, 0, 0,
      NULL },
    { "FREQ=WEEKLY;BYMONTH=1", "20240105T090000", PTN_ESUPPORT, 0, 0, 0, 0,
      NULL },
    { "FREQ=MONTHLY;BYMONTHDAY=1,15", "20240101T090000", PTN_ESUPPORT, 0, 0, 0,
      0, NULL },
    { "FREQ=MONTHLY;BYMONTHDAY=-2", "20240101T090000", PTN_ESUPPORT, 0, 0, 0,
      0, NULL },
    { "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "20240913T090000", PTN_ESUPPORT,
      0, 0, 0, 0, NULL },
    { "FREQ=MONTHLY;BYDAY=MO", "20240101T090000", PTN_ESUPPORT, 0, 0, 0, 0,
      NULL },
    { "FREQ=MONTHLY;BYDAY=5MO", "20240129T090000", PTN_ESUPPORT, 0, 0, 0, 0,
      NULL },
    { "FREQ=MONTHLY;BYDAY=1MO,3MO", "20240101T090000", PTN_ESUPPORT, 0, 0, 0,
      0, NULL },
    { "FREQ=MONTHLY;BYDAY=1MO,1TU", "20240101T090000", PTN_ESUPPORT, 0, 0, 0,
      0, NULL },
    { "FREQ=YEARLY;BYMONTH=1,2", "20240101T090000", PTN_ESUPPORT, 0, 0, 0, 0,
      NULL },
    { "FREQ=YEARLY;BYMONTH=5", "20240101T090000", PTN_ESUPPORT, 0, 0, 0, 0,
      NULL },
    { "FREQ=YEARLY;BYDAY=20MO", "20240513T090000", PTN_ESUPPORT, 0, 0, 0, 0,
      NULL },
    { "FREQ=YEARLY;BYYEARDAY=100", "20240409T090000", PTN_ESUPPORT, 0, 0, 0, 0,
      NULL },
    { "FREQ=YEARLY;BYWEEKNO=20", "20240513T090000", PTN_ESUPPORT, 0, 0, 0, 0,
      NULL },
};


static void
test_made(ptn_pool_t *pool)
{
    size_t             i;
    int64_t            start, t, t2;
    unsigned           n;
    ptn_rc_t           rc;
    ptn_buf_t          out;
    ptn_series_t       s;
    ptn_recur_blob_t   b, b2;
    ptn_recur_rule_t   r, back;
    ptn_recur_iter_t   it, it2;

    for (i = 0; i < ptn_nelts(made); i++) {
        start = at(made[i].start);
        is_rc(ptn_recur_rule_parse(ptn_str_z(made[i].rule), &r), PTN_OK,
              made[i].rule);
        rc = ptn_recur_blob_make(&r, start, start + 3600, NULL, &b);
        is_rc(rc, made[i].rc, "to a blob");

        if (rc != PTN_OK) {
            continue;
        }

        ok(b.freq == made[i].freq && b.pattern == made[i].pattern
           && b.period == made[i].period, "%04x %04x %u", b.freq, b.pattern,
           b.period);

        ptn_buf_init(&out, pool);
        is_rc(ptn_recur_blob_write(&out, &b), PTN_OK, "written");
        is_rc(ptn_recur_blob_parse(pool, ptn_buf_get(&out), true, &b2), PTN_OK,
              "read");
        is_rc(ptn_recur_blob_series(pool, &b2, &s), PTN_OK, "a series");
        is_u64(s.start, start, "its start");
        is_u64(s.end, start + 3600, "its end");

        ptn_buf_init(&out, pool);
        ptn_recur_rule_write(&out, s.rules);
        is_str(ptn_buf_get(&out), made[i].back ? made[i].back : made[i].rule,
               "the rule of the blob");

        /* the same occurrences, but for months that are too short */

        back = *s.rules;
        ptn_recur_rule_local(&r, NULL);
        ptn_recur_iter_init(&it, &r, start);
        ptn_recur_iter_init(&it2, &back, s.start);

        for (n = 0; n < 200 && ptn_recur_next(&it, &t); n++) {
            do {
                t2 = INT64_MIN;
            } while (ptn_recur_next(&it2, &t2) && t2 < t
                     && strstr(made[i].rule, "BYMONTHDAY=30"));

            if (t != t2) {
                break;
            }
        }

        ok(n == 200 || t == t2, "%u occurrences", n);
        ok(n == 200 || !ptn_recur_next(&it2, &t2), "no more of them");
    }
}


/* FirstDateTime as MS-OXOCAL 2.2.1.44.1.1 reckons, numbers from 4.1.1. */

static void
test_first(void)
{
    ptn_recur_blob_t  b = { 0 };
    ptn_recur_rule_t  r;

    (void) ptn_recur_rule_parse(ptn_str("FREQ=WEEKLY;COUNT=12;"
                                        "BYDAY=MO,TH,FR;WKST=SU"), &r);
    is_rc(ptn_recur_blob_make(&r, at("20070326T100000"), at("20070326T103000"),
                              NULL, &b), PTN_OK, "4.1.1.2");
    is_u64(b.first, 0x21c0, "FirstDateTime");
    is_u64(b.start_date, ptn_recur_minutes(at("20070326")), "StartDate");
    is_u64(b.end_date, ptn_recur_minutes(at("20070420")), "EndDate");
    is_u64(b.days, 0x32, "days");
    is_u64(b.end_type, PTN_RECUR_END_COUNT, "EndType");
    is_u64(b.start_offset, 600, "StartTimeOffset");
    is_u64(b.end_offset, 630, "EndTimeOffset");

    (void) ptn_recur_rule_parse(ptn_str("FREQ=DAILY;INTERVAL=3;"
                                        "UNTIL=20110504"), &r);
    is_rc(ptn_recur_blob_make(&r, at("20110407T080000"), at("20110407T083000"),
                              NULL, &b), PTN_OK, "4.1.1.3");
    is_u64(b.first, 0x05a0, "FirstDateTime");
    is_u64(b.count, 10, "OccurrenceCount");
    is_u64(b.end_date, ptn_recur_minutes(at("20110504")), "EndDate");

    (void) ptn_recur_rule_parse(ptn_str("FREQ=MONTHLY;INTERVAL=5"), &r);
    is_rc(ptn_recur_blob_make(&r, at("20070315T080000"), at("20070315T083000"),
                              NULL, &b), PTN_OK, "monthly");
    /* (2007 - 1601) * 12 + 2 = 4874 months, 4 of them too many: May 1601 */
    is_u64(b.first, ptn_recur_minutes(at("16010501")), "FirstDateTime");
    is_u64(b.end_date, PTN_RECUR_NEVER_DATE, "no end");
    is_u64(b.count, 10, "no end: ten");
}


/* A writer that put another phase into FirstDateTime. */

static void
test_phase(ptn_pool_t *pool)
{
    ptn_series_t       s;
    ptn_recur_blob_t   b;
    ptn_recur_rule_t   r;

    (void) ptn_recur_rule_parse(ptn_str("FREQ=DAILY;INTERVAL=3"), &r);
    (void) ptn_recur_blob_make(&r, at("20240101T080000"),
                               at("20240101T090000"), NULL, &b);
    b.first = (b.first + 1440) % 4320;
    is_rc(ptn_recur_blob_series(pool, &b, &s), PTN_OK, "daily");
    is_str(ptn_str_z(window(pool, &s, "20240101", "20240107", 9)),
           "20240102T0800,20240105T0800", "a day later");

    (void) ptn_recur_rule_parse(ptn_str("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR"),
                                &r);
    (void) ptn_recur_blob_make(&r, at("20240105T080000"),
                               at("20240105T090000"), NULL, &b);
    is_rc(ptn_recur_blob_series(pool, &b, &s), PTN_OK, "weekly");
    is_str(ptn_str_z(window(pool, &s, "20240101", "20240120", 9)),
           "20240105T0800,20240115T0800,20240119T0800", "as it was");
    b.first = (b.first + 10080) % 20160;
    is_rc(ptn_recur_blob_series(pool, &b, &s), PTN_OK, "weekly");
    is_str(ptn_str_z(window(pool, &s, "20240101", "20240120", 9)),
           "20240108T0800,20240112T0800", "the other week");

    (void) ptn_recur_rule_parse(ptn_str("FREQ=MONTHLY;INTERVAL=2"), &r);
    (void) ptn_recur_blob_make(&r, at("20240105T080000"),
                               at("20240105T090000"), NULL, &b);
    b.first = ptn_recur_minutes(at("16010201"));
    is_rc(ptn_recur_blob_series(pool, &b, &s), PTN_OK, "monthly");
    is_str(ptn_str_z(window(pool, &s, "20240101", "20240501", 9)),
           "20240205T0800,20240405T0800", "the other month");

    b.pattern = PTN_RECUR_HJ_MONTH;
    is_rc(ptn_recur_blob_series(pool, &b, &s), PTN_ESUPPORT, "Hijri");
    b.pattern = PTN_RECUR_MONTH;
    b.calendar = 6;
    is_rc(ptn_recur_blob_series(pool, &b, &s), PTN_ESUPPORT, "CAL_HIJRI");
    b.calendar = 1;
    is_rc(ptn_recur_blob_series(pool, &b, &s), PTN_OK, "CAL_GREGORIAN");
}


/* --- hostile bytes -------------------------------------------------------- */

static const struct {
    const char  *what;
    uint16_t     off, len;
    uint32_t     value;
    ptn_rc_t     rc;
} hostile[] = {
    { "reader version",      0, 2, 0x3005, PTN_EPARSE },
    { "writer version",      2, 2, 0x3003, PTN_EPARSE },
    { "frequency",           4, 2, 0x2009, PTN_EPARSE },
    { "frequency",           4, 2, 0x200e, PTN_EPARSE },
    { "pattern",             6, 2, 5, PTN_EPARSE },
    { "period 0",           14, 4, 0, PTN_EPARSE },
    { "no days",            22, 4, 0, PTN_EPARSE },
    { "days",               22, 4, 0x80, PTN_EPARSE },
    { "end type",           26, 4, 0x2020, PTN_EPARSE },
    { "end type never",     26, 4, 0xffffffff, PTN_OK },
    { "first day",          34, 4, 7, PTN_EPARSE },
    { "deleted",            38, 4, 0xffffffff, PTN_ETRUNC },
    { "deleted",            38, 4, 0x3fffffff, PTN_ETRUNC },
    { "modified",           42, 4, 0xffffffff, PTN_ETRUNC },
    { "reader version 2",   54, 4, 0x3005, PTN_EPARSE },
    { "writer version 2",   58, 4, 0x3005, PTN_EPARSE },
    { "exceptions",         70, 2, 0xffff, PTN_ETRUNC },
    { "reserved",           72, 4, 0xfffffff0, PTN_ETRUNC },
    { "reserved",           76, 4, 1, PTN_ETRUNC },
};


static void
test_hostile(ptn_pool_t *pool)
{
    size_t             i, k;
    u_char            *p;
    ptn_buf_t          out;
    ptn_recur_blob_t   b;
    ptn_recur_rule_t   r;

    (void) ptn_recur_rule_parse(ptn_str("FREQ=WEEKLY;BYDAY=MO"), &r);
    (void) ptn_recur_blob_make(&r, at("20240101T080000"),
                               at("20240101T090000"), NULL, &b);
    ptn_buf_init(&out, pool);
    (void) ptn_recur_blob_write(&out, &b);
    is_u64(out.len, 80, "bytes");

    for (i = 0; i < ptn_nelts(hostile); i++) {
        p = ptn_pmemdup(pool, out.data, out.len);

        for (k = 0; k < hostile[i].len; k++) {
            p[hostile[i].off + k] = (u_char) (hostile[i].value >> (8 * k));
        }

        is_rc(ptn_recur_blob_parse(pool, ptn_str_make(p, out.len), true, &b),
              hostile[i].rc, hostile[i].what);
    }

    p = ptn_palloc(pool, out.len + 1);
    memcpy(p, out.data, out.len);
    is_rc(ptn_recur_blob_parse(pool, ptn_str_make(p, out.len + 1), true, &b),
          PTN_EPARSE, "a byte too many");
    is_rc(ptn_recur_blob_parse(pool, ptn_str_make(p, 72), true, &b), PTN_OK,
          "an old writer's");
    is_rc(ptn_recur_blob_parse(pool, ptn_str_make(p, 54), false, &b), PTN_OK,
          "a task's");
    is_rc(ptn_recur_blob_parse(pool, ptn_str_make(p, 55), false, &b),
          PTN_EPARSE, "a task's and a byte");
}


/* --- windows -------------------------------------------------------------- */

static void
test_windows(ptn_pool_t *pool)
{
    int64_t              gone[2];
    uint32_t             n;
    ptn_series_t         s = { 0 };
    ptn_recur_rule_t     r[2];
    ptn_occurrence_t    *o;
    ptn_recur_date_t     dates[2];
    ptn_recur_change_t   moved[2];

    is_rc(ptn_tz_find(pool, ptn_str("Europe/Vienna"), &s.tz), PTN_OK, "zone");
    (void) ptn_recur_rule_parse(ptn_str("FREQ=DAILY"), &r[0]);
    s.start = at("20240101T023000");
    s.end = at("20240101T033000");
    s.rules = r;
    s.nrules = 1;

    /* 02:30 does not exist on March 31, and is there twice on October 27 */

    is_str(ptn_str_z(window(pool, &s, "20240330", "20240402", 9)),
           "20240330T0130,20240331T0130,20240401T0030", "spring");
    is_str(ptn_str_z(window(pool, &s, "20241026", "20241029", 9)),
           "20241026T0030,20241027T0030,20241028T0130", "autumn");
    is_rc(ptn_series_window(pool, &s, at("20241027"), at("20241028"), 9, &o,
                            &n), PTN_OK, "that night");
    is_u64(o[0].end - o[0].start, 7200, "an hour on the clock");

    /* edges */

    is_str(ptn_str_z(window(pool, &s, "20240115T013000", "20240116T013000", 9)),
           "20240115T0130", "starts with the window, not at its end");
    is_str(ptn_str_z(window(pool, &s, "20240115T022959", "20240116", 9)),
           "20240115T0130", "goes on into the window");
    is_str(ptn_str_z(window(pool, &s, "20240115T023000", "20240116", 9)), "",
           "ended as the window began");
    is_str(ptn_str_z(window(pool, &s, "20240101", "20250101", 3)),
           "20240101T0130,20240102T0130,20240103T0130+", "no more than asked");
    is_str(ptn_str_z(window(pool, &s, "00010101", "20240101", 3)), "",
           "before all");
    s.end = s.start;
    is_str(ptn_str_z(window(pool, &s, "20240115T013000", "20240115T013001", 9)),
           "20240115T0130", "one without length");
    s.end = at("20240104T023000");
    is_str(ptn_str_z(window(pool, &s, "20240110", "20240110T000001", 9)),
           "20240107T0130,20240108T0130,20240109T0130", "long ones overlap");
    s.end = at("20240101T033000");

    /* deleted, moved in, moved out, more dates, another rule */

    gone[0] = at("20240103T023000");
    gone[1] = at("20240102T023001");
    s.exdates = gone;
    s.nexdates = 2;
    moved[0] = (ptn_recur_change_t) { at("20240104T023000"),
        at("20240301T120000"), at("20240301T130000"), 7 };
    moved[1] = (ptn_recur_change_t) { at("20240201T023000"),
        at("20240105T120000"), at("20240105T130000"), 8 };
    s.changes = moved;
    s.nchanges = 2;
    is_str(ptn_str_z(window(pool, &s, "20240101", "20240107", 9)),
           "20240101T0130,20240102T0130,20240105T0130,20240105T1100#8,"
           "20240106T0130", "moved");
    is_str(ptn_str_z(window(pool, &s, "20240301T100000", "20240301T120000",
                            9)), "20240301T1100#7", "moved far away");
    is_str(ptn_str_z(window(pool, &s, "20240131T120000", "20240202T120000",
                            9)), "20240202T0130", "not where it was");
    s.exdays = true;
    is_str(ptn_str_z(window(pool, &s, "20240101", "20240104T120000", 9)),
           "20240101T0130", "whole days gone");
    s.exdays = false;
    s.nchanges = 0;
    dates[0] = (ptn_recur_date_t) { at("20240102T120000"),
        at("20240102T130000") };
    dates[1] = (ptn_recur_date_t) { at("20240102T023000"),
        at("20240102T043000") };
    s.rdates = dates;
    s.nrdates = 2;
    is_str(ptn_str_z(window(pool, &s, "20240101", "20240104", 9)),
           "20240101T0130,20240102T0130,20240102T1100", "dates");
    is_rc(ptn_series_window(pool, &s, at("20240102T020000"),
                            at("20240102T030000"), 9, &o, &n), PTN_OK, "one");
    is_u64(o[0].end - o[0].start, 7200, "the period's length");
    s.nrdates = 0;
    (void) ptn_recur_rule_parse(ptn_str("FREQ=WEEKLY;BYDAY=SU,TU"), &r[1]);
    s.nrules = 2;
    is_str(ptn_str_z(window(pool, &s, "20240106", "20240110", 9)),
           "20240106T0130,20240107T0130,20240108T0130,20240109T0130",
           "two rules, each day once");
    s.nrules = 1;
    s.exrules = &r[1];
    s.nexrules = 1;
    is_str(ptn_str_z(window(pool, &s, "20240106", "20240110", 9)),
           "20240106T0130,20240108T0130", "an exception rule");
    s.nexrules = 0;
    (void) ptn_recur_rule_parse(ptn_str("FREQ=WEEKLY;BYDAY=WE;COUNT=3"), &r[0]);
    s.start_counts = true;
    s.nexdates = 0;
    is_str(ptn_str_z(window(pool, &s, "20240101", "20250101", 9)),
           "20240101T0130,20240103T0130,20240110T0130,20240117T0130",
           "the start is one of them");
    is_u64(ptn_series_end(&s), at("20240117T023000"), "the end of the last");
    (void) ptn_recur_rule_parse(ptn_str("FREQ=WEEKLY;BYDAY=WE"), &r[0]);
    is_u64(ptn_series_end(&s), INT64_MAX, "no end");
    s.nrules = 0;
    is_u64(ptn_series_end(&s), at("20240101T023000"), "a single one");
    is_str(ptn_str_z(window(pool, &s, "20240101", "20250101", 9)),
           "20240101T0130", "a single one");
}


/* UNTIL in UTC, seen from a zone. */

static void
test_until(ptn_pool_t *pool)
{
    ptn_series_t      s = { 0 };
    ptn_recur_rule_t  r;

    (void) ptn_tz_find(pool, ptn_str("America/Los_Angeles"), &s.tz);
    s.start = at("20240101T200000");
    s.end = s.start + 3600;
    s.rules = &r;
    s.nrules = 1;

    (void) ptn_recur_rule_parse(ptn_str("FREQ=DAILY;UNTIL=20240104T040000Z"),
                                &r);
    is_str(ptn_str_z(window(pool, &s, "20240101", "20240201", 9)),
           "20240102T0400,20240103T0400,20240104T0400", "the last one is in");
    (void) ptn_recur_rule_parse(ptn_str("FREQ=DAILY;UNTIL=20240104T035959Z"),
                                &r);
    is_str(ptn_str_z(window(pool, &s, "20240101", "20240201", 9)),
           "20240102T0400,20240103T0400", "a second before it");
    (void) ptn_recur_rule_parse(ptn_str("FREQ=DAILY;UNTIL=20240103"), &r);
    is_str(ptn_str_z(window(pool, &s, "20240101", "20240201", 9)),
           "20240102T0400,20240103T0400,20240104T0400", "a day is local");
}


int
main(void)
{
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);
    test_vectors(pool);
    test_made(pool);
    test_first();
    test_phase(pool);
    test_hostile(pool);
    test_windows(pool);
    test_until(pool);
    ptn_pool_destroy(pool);

    return done_testing();
}
