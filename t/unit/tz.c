/*
 * Zones: the tables against libc's reading of tzdata and against the rules of
 * Windows zones, the clock where it jumps, MAPI's structures.
 */

#include <time.h>

#include "ptn_ref.h"
#include "ptn_test.h"
#include "ptn_tz_table.h"


static ptn_str_t
ref_hex(ptn_pool_t *pool, const char *name)
{
    char        path[4096], two[3] = { 0 };
    size_t      i;
    ptn_buf_t   b;
    ptn_str_t   hex;

    snprintf(path, sizeof(path), "%s/vectors/smartview/%s", ptn_ref_dir(),
             name);
    hex = ptn_ref_read(pool, path);
    ptn_buf_init(&b, pool);

    for (i = 0; i + 1 < hex.len && isxdigit(hex.data[i]); i += 2) {
        memcpy(two, hex.data + i, 2);
        ptn_buf_byte(&b, (u_char) strtol(two, NULL, 16));
    }

    return ptn_buf_get(&b);
}


/* "04/dow0/n1/03:00"; "10/day30/-/00:00", that date of 2026; "-": none. */

static ptn_tz_when_t
when(const char *s)
{
    unsigned       month, dow, nth, h, m;
    ptn_civil_t    c;
    ptn_tz_when_t  w = { 0 };

    if (sscanf(s, "%u/dow%u/n%u/%u:%u", &month, &dow, &nth, &h, &m) == 5) {
        w.month = (uint16_t) month;
        w.dow = (uint16_t) dow;
        w.day = (uint16_t) nth;
        w.hour = (uint16_t) h;
        w.minute = (uint16_t) m;

    } else if (sscanf(s, "%u/day%u/-/%u:%u", &month, &nth, &h, &m) == 4) {
        ptn_time_to_civil(ptn_time_from_civil(2026, (int) month, (int) nth, 0,
                                              0, 0), &c);
        w.month = (uint16_t) month;
        w.dow = (uint16_t) c.wday;
        w.day = (uint16_t) (month != 2 && nth > 24U - (month == 4 || month == 9)
                            ? 5 : (nth - 1) / 7 + 1);
        w.hour = (uint16_t) h;
        w.minute = (uint16_t) m;
    }

    return w;
}


static void
test_windows(ptn_pool_t *pool)
{
    char              path[4096], line[1024], *p, *col[8];
    FILE             *f;
    unsigned          i, n = 0, same = 0;
    ptn_tz_rule_t     want, got;
    const ptn_tz_t   *tz;

    snprintf(path, sizeof(path), "%s/tz/windows_zone_rules_2026.tsv",
             ptn_ref_dir());
    f = fopen(path, "r");

    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        p = line;

        for (i = 0; i < 8; i++) {
            col[i] = p ? strsep(&p, "\t") : (char *) "";
        }

        if (strcmp(col[0], "windows_id") == 0) {
            continue;
        }

        memset(&want, 0, sizeof(want));
        want.bias = atoi(col[2]);
        want.std_bias = atoi(col[3]);
        want.dst_bias = atoi(col[4]);
        want.std = when(col[5]);
        want.dst = when(col[6]);
        n++;

        if (ptn_tz_find(pool, ptn_str_z(col[0]), &tz) != PTN_OK
            || !ptn_str_eqz(tz->windows, col[0])
            || !ptn_str_eqz(ptn_tz_olson(tz->windows), col[1]))
        {
            diag("%s: not found, or another", col[0]);
            continue;
        }

        (void) ptn_tz_rule(tz, 2026, &got);

        if (ptn_tz_rule_eq(&want, &got)) {
            same++;

        } else {
            diag("%s %s: %d %d std %d/%d/%d %d:%d dst %d/%d/%d %d:%d", col[0],
                 col[7], got.bias, got.dst_bias, got.std.month, got.std.dow,
                 got.std.day, got.std.hour, got.std.minute, got.dst.month,
                 got.dst.dow, got.dst.day, got.dst.hour, got.dst.minute);
            diag("  want %s %s %s %s", col[2], col[4], col[5], col[6]);
        }
    }

    if (f != NULL) {
        fclose(f);
    }

    is_u64(same, n, "rules of Windows zones in 2026");
    is_u64(n, 139, "of 139");
}


/* libc's opinion at two instants a month and around each change. */

static void
test_libc(ptn_pool_t *pool)
{
    char              version[64] = "", name[80], path[128];
    FILE             *f;
    time_t            t;
    int64_t           u;
    uint32_t          i, bad = 0, n = 0;
    struct tm         tm;
    ptn_str_t         s;
    const ptn_tz_t   *tz;
    ptn_tz_cursor_t   c;

    f = fopen("/usr/share/zoneinfo/tzdata.zi", "r");

    if (f != NULL) {
        (void) !fscanf(f, "# version %60s", version);
        fclose(f);
    }

    if (strcmp(version, ptn_tz_version) != 0) {
        diag("tzdata %s here, %s in the tables: not compared", version,
             ptn_tz_version);
    }

    for (i = 0; ptn_tz_olson_nth(i, &s); i++) {
        snprintf(name, sizeof(name), "%.*s", ptn_str_arg(s));
        snprintf(path, sizeof(path), ":%s", name);

        if (ptn_tz_find(pool, s, &tz) != PTN_OK) {
            bad++;
            continue;
        }

        if (strcmp(version, ptn_tz_version) != 0) {
            continue;
        }

        setenv("TZ", path, 1);
        tzset();
        memset(&c, 0, sizeof(c));

        for (u = 100000; u < 2145916800; u += 15 * 86400 + 1234, n++) {
            t = (time_t) u;
            localtime_r(&t, &tm);

            /* Liberia was 44.5 minutes late until 1972 */

            if (ptn_tz_offset(tz, u, &c) != tm.tm_gmtoff
                && tm.tm_gmtoff % 60 == 0)
            {
                diag("%s at %lld: %d, libc %ld", name, (long long) u,
                     ptn_tz_offset(tz, u, NULL), tm.tm_gmtoff);
                bad++;
                break;
            }

            if (ptn_tz_offset(tz, u, &c) != ptn_tz_offset(tz, u, NULL)) {
                diag("%s at %lld: the cursor differs", name, (long long) u);
                bad++;
                break;
            }
        }
    }

    setenv("TZ", "UTC", 1);
    tzset();
    is_u64(bad, 0, "offsets of all zones");
    ok(i > 590, "%u zones", i);
    diag("%u instants", n);
}


static const struct {
    const char  *zone;
    int          y, mo, d, h, mi;
    int          offset;            /* minutes east that the clock gets */
} clocks[] = {
    { "Europe/Vienna",       2024, 3, 31, 1, 59, 60 },
    { "Europe/Vienna",       2024, 3, 31, 2, 30, 60 },      /* not there */
    { "Europe/Vienna",       2024, 3, 31, 3, 0, 120 },
    { "Europe/Vienna",       2024, 10, 27, 1, 59, 120 },
    { "Europe/Vienna",       2024, 10, 27, 2, 30, 120 },    /* twice */
    { "Europe/Vienna",       2024, 10, 27, 3, 0, 60 },
    { "Europe/Vienna",       2050, 7, 1, 12, 0, 120 },
    { "Europe/Vienna",       1980, 7, 1, 12, 0, 120 },
    { "Europe/Vienna",       1979, 7, 1, 12, 0, 60 },
    { "Australia/Sydney",    2024, 1, 1, 0, 0, 660 },
    { "Australia/Sydney",    2024, 7, 1, 0, 0, 600 },
    { "Australia/Lord_Howe", 2024, 4, 7, 1, 45, 660 },      /* twice */
    { "Asia/Kolkata",        2024, 7, 1, 0, 0, 330 },
    { "Europe/Dublin",       2024, 7, 1, 0, 0, 60 },
    { "Europe/Dublin",       2024, 1, 1, 0, 0, 0 },
    { "Africa/Casablanca",   2024, 3, 20, 12, 0, 0 },       /* Ramadan */
    { "America/Nuuk",        2024, 3, 30, 21, 0, -120 },
    { "America/New_York",    2006, 4, 1, 12, 0, -300 },
    { "America/New_York",    2006, 10, 29, 12, 0, -300 },
    { "America/New_York",    2007, 11, 3, 12, 0, -240 },
    { "W. Europe Standard Time", 2024, 7, 1, 0, 0, 120 },
    { "eastern standard time",   2024, 7, 1, 0, 0, -240 },
    { "US/Pacific",          2024, 7, 1, 0, 0, -420 },
    { "\"Europe/Berlin\"",   2024, 7, 1, 0, 0, 120 },
    { "/mozilla.org/20050126_1/America/Argentina/Ushuaia", 2024, 7, 1, 0, 0,
      -180 },
    { "/citadel.org/20210210_1/Europe/London", 2024, 7, 1, 0, 0, 60 },
    { "UTC",                 2024, 7, 1, 0, 0, 0 },
    { "GMT",                 2024, 7, 1, 0, 0, 0 },
    { "GMT+2",               2024, 7, 1, 0, 0, 120 },
    { "UTC-03:30",           2024, 7, 1, 0, 0, -210 },
    { "+0545",               2024, 7, 1, 0, 0, 345 },
    { "(UTC+01:00) Amsterdam, Berlin", 2024, 7, 1, 0, 0, 60 },
};


static void
test_clocks(ptn_pool_t *pool)
{
    size_t            i;
    int64_t           local, utc;
    const ptn_tz_t   *tz;
    ptn_tz_cursor_t   c = { 0 };

    for (i = 0; i < ptn_nelts(clocks); i++) {
        if (!ok(ptn_tz_find(pool, ptn_str_z(clocks[i].zone), &tz) == PTN_OK,
                "%s", clocks[i].zone))
        {
            continue;
        }

        local = ptn_time_from_civil(clocks[i].y, clocks[i].mo, clocks[i].d,
                                    clocks[i].h, clocks[i].mi, 0);
        utc = ptn_tz_to_utc(tz, local, NULL);
        is_u64((local - utc) / 60, clocks[i].offset, "offset");
        memset(&c, 0, sizeof(c));
        (void) ptn_tz_offset(tz, local - 40 * 86400, &c);
        is_u64(ptn_tz_to_utc(tz, local, &c), utc, "with a cursor");
    }

    is_rc(ptn_tz_find(pool, ptn_str("Customized Time Zone"), &tz),
          PTN_ENOTFOUND, "not a zone");
    is_rc(ptn_tz_find(pool, ptn_str(""), &tz), PTN_ENOTFOUND, "no name");
    is_rc(ptn_tz_find(pool, ptn_str("UTC+"), &tz), PTN_ENOTFOUND, "no number");
    is_rc(ptn_tz_find(pool, ptn_str("UTC+99"), &tz), PTN_ENOTFOUND, "too far");
    is_rc(ptn_tz_find(pool, ptn_str("UTC+1x"), &tz), PTN_ENOTFOUND, "more");
    is_str(ptn_tz_windows(ptn_str("Europe/Zagreb")),
           "Central European Standard Time", "Windows name");
    is_str(ptn_tz_windows(ptn_str("Mars/Base")), "", "none");
}


/* Every hour of two years: there and back. */

static void
test_back(ptn_pool_t *pool)
{
    size_t            i;
    int64_t           u, local;
    unsigned          bad = 0;
    const ptn_tz_t   *tz;
    ptn_tz_cursor_t   a, b;
    static const char *const  zones[] = {
        "Europe/Vienna", "Australia/Sydney", "America/St_Johns",
        "Africa/Casablanca", "Asia/Gaza", "UTC"
    };

    for (i = 0; i < ptn_nelts(zones); i++) {
        (void) ptn_tz_find(pool, ptn_str_z(zones[i]), &tz);
        memset(&a, 0, sizeof(a));
        memset(&b, 0, sizeof(b));

        for (u = 1704067200; u < 1767225600; u += 1800) {
            local = ptn_tz_to_local(tz, u, &a);

            /* the second of two is taken for the first */

            if (ptn_tz_to_utc(tz, local, &b) != u
                && ptn_tz_to_local(tz, ptn_tz_to_utc(tz, local, &b), NULL)
                   != local)
            {
                bad++;
            }

            if (ptn_tz_to_utc(tz, local, &b) > u) {
                bad++;
            }
        }
    }

    is_u64(bad, 0, "local times give their instants");
}


/* --- MAPI's structures ---------------------------------------------------- */

static void
test_blobs(ptn_pool_t *pool)
{
    size_t            i, bad;
    ptn_buf_t         out;
    ptn_str_t         v, again;
    ptn_tz_rule_t     rule, rule2, eff;
    const ptn_tz_t   *tz, *tz2;

    v = ref_hex(pool, "TIMEZONE-1.in.hex");
    is_u64(v.len, PTN_TZ_STRUCT_LEN, "PidLidTimeZoneStruct");
    is_rc(ptn_tz_struct_parse(v, &rule), PTN_OK, "parsed");
    is_u64(rule.bias, 300, "bias");
    is_u64(rule.dst.month, 3, "March");
    ptn_buf_init(&out, pool);
    ptn_tz_struct_write(&out, &rule);
    is_mem(ptn_buf_get(&out), v, "written");
    is_rc(ptn_tz_match(pool, &rule, &tz), PTN_OK, "a zone of that rule");
    is_str(tz->windows, "Eastern Standard Time", "which");
    is_rc(ptn_tz_struct_parse(ptn_str_make(v.data, 47), &rule2), PTN_ETRUNC,
          "cut");

    v = ref_hex(pool, "TIMEZONEDEFINITION-1.in.hex");
    is_rc(ptn_tz_definition_parse(pool, v, &tz, &eff), PTN_OK, "definition");
    is_str(tz->windows, "Eastern Standard Time", "key name");
    is_u64(tz->neras, 2, "rules");
    ok(ptn_tz_rule_eq(&eff, &rule), "the effective one is that of 2007");
    is_u64(ptn_tz_offset(tz, 1145000000, NULL), -14400, "April 14, 2006");
    is_u64(ptn_tz_offset(tz, 1143500000, NULL), -18000, "March 27, 2006");
    is_u64(ptn_tz_offset(tz, 1206600000, NULL), -14400, "March 27, 2008");

    for (i = 0, bad = 0; i < v.len; i++) {
        bad += ptn_tz_definition_parse(pool, ptn_str_make(v.data, i), &tz2,
                                       &eff) == PTN_OK;
    }

    is_u64(bad, 0, "truncations refused");

    is_rc(ptn_tz_find(pool, ptn_str("America/New_York"), &tz2), PTN_OK, "find");
    is_rc(ptn_tz_definition_write(pool, tz2, 2026, true, &again), PTN_OK,
          "written");
    is_u64(again.len, 2 + 2 + 2 + 2 + 42 + 2 + 66, "length");
    is_u64(again.data[2], 48, "cbHeader");
    is_rc(ptn_tz_definition_parse(pool, again, &tz, &eff), PTN_OK, "read");
    is_str(tz->windows, "Eastern Standard Time", "key name");
    ok(ptn_tz_rule_eq(&eff, &rule), "the rule of 2026");
    is_u64(again.data[52 + 4], 3, "effective, and of the series");

    /* a zone of a foreign rule keeps its name */

    memset(&rule, 0, sizeof(rule));
    rule.bias = -77;
    is_rc(ptn_tz_match(pool, &rule, &tz), PTN_ENOTFOUND, "no such zone");
    is_rc(ptn_tz_from_rule(pool, ptn_str("X"), &rule, &tz), PTN_OK, "made");
    is_u64(ptn_tz_offset(tz, 0, NULL), 77 * 60, "offset");
    is_rc(ptn_tz_definition_write(pool, tz, 2026, false, &again), PTN_OK, "w");
    is_rc(ptn_tz_definition_parse(pool, again, &tz2, &eff), PTN_OK, "read");
    is_str(tz2->name, "X", "name");
    ok(ptn_tz_rule_eq(&eff, &rule), "rule");
}


static const struct {
    const char  *what;
    size_t       off;
    unsigned     value;
} hostile[] = {
    { "month 13",      16, 13 },
    { "weekday 7",     18, 7 },
    { "sixth week",    20, 6 },
    { "no week",       20, 0 },
    { "hour 24",       22, 24 },
    { "minute 60",     24, 60 },
    { "second 60",     26, 60 },
    { "bias",           2, 1 },
};


static void
test_hostile(ptn_pool_t *pool)
{
    size_t          i;
    u_char         *p;
    ptn_str_t       v;
    ptn_tz_rule_t   rule;

    v = ref_hex(pool, "TIMEZONE-1.in.hex");

    for (i = 0; i < ptn_nelts(hostile); i++) {
        p = ptn_pmemdup(pool, v.data, v.len);
        p[hostile[i].off] = (u_char) hostile[i].value;
        is_rc(ptn_tz_struct_parse(ptn_str_make(p, v.len), &rule), PTN_EPARSE,
              hostile[i].what);
    }
}


int
main(void)
{
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);
    test_windows(pool);
    test_libc(pool);
    test_clocks(pool);
    test_back(pool);
    test_blobs(pool);
    test_hostile(pool);
    ptn_pool_destroy(pool);

    return done_testing();
}
