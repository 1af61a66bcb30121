/*
 * Recurrence and zones from anywhere.  'r' a rule's text and a window, 'b' an
 * appointment's blob, 't' a task's, 's' PidLidTimeZoneStruct, 'd' a zone's
 * definition, 'n' a zone's name.
 *
 * Covers: store/content/ptn_recur_blob.c store/content/ptn_recur_iter.c store/content/ptn_recur_map.c store/content/ptn_recur_mask.c store/content/ptn_recur_rule.c store/content/ptn_recur_series.c store/content/ptn_tz.c store/content/ptn_tz_blob.c store/content/ptn_tz_known.c
 */

#include <stdio.h>
#include <stdlib.h>

#include "ptn_recur.h"


static void
fuzz_wrong(const char *what)
{
    fprintf(stderr, "recur: %s\n", what);
    abort();
}


static void
fuzz_series(ptn_pool_t *pool, const ptn_series_t *s, int64_t from)
{
    uint32_t           i, n;
    ptn_rc_t           rc;
    ptn_occurrence_t  *o;

    rc = ptn_series_window(pool, s, from, from + 400 * 86400, 100, &o, &n);

    if ((rc != PTN_OK && rc != PTN_ELIMIT && rc != PTN_ENOMEM) || n > 100) {
        fuzz_wrong("window");
    }

    for (i = 0; rc != PTN_ENOMEM && i < n; i++) {
        if (o[i].end < o[i].start || o[i].start >= from + 400 * 86400
            || o[i].end < from || (i != 0 && o[i - 1].start > o[i].start))
        {
            fuzz_wrong("an occurrence outside, or in no order");
        }
    }

    (void) ptn_series_end(s);
}


/* 8 bytes of numbers, then the text. */

static void
fuzz_rule(ptn_pool_t *pool, ptn_str_t in)
{
    int64_t            start, a = 0, b;
    unsigned           n;
    ptn_buf_t          out;
    ptn_series_t       s = { 0 };
    ptn_recur_rule_t   r, r2;
    ptn_recur_blob_t   blob;
    ptn_recur_iter_t   it, it2;

    if (in.len < 8
        || ptn_recur_rule_parse(ptn_str_make(in.data + 8, in.len - 8), &r)
           != PTN_OK)
    {
        return;
    }

    ptn_buf_init(&out, pool);
    ptn_recur_rule_write(&out, &r);

    if (ptn_recur_rule_parse(ptn_buf_get(&out), &r2) != PTN_OK
        || memcmp(&r, &r2, sizeof(r)) != 0)
    {
        fuzz_wrong("a rule differs from what it writes");
    }

    start = 1700000000 + (int64_t) in.data[0] * 86400 * 100
            + in.data[1] * 3600 + in.data[2];
    (void) ptn_tz_find(pool, in.data[3] & 1 ? ptn_str("Europe/Vienna")
                                            : ptn_str("America/St_Johns"),
                       &s.tz);
    s.start = start;
    s.end = start + in.data[4] * 600;
    s.rules = &r;
    s.nrules = 1;
    s.exrules = &r2;
    s.nexrules = in.data[3] & 2 ? 1 : 0;
    s.start_counts = in.data[3] & 4;
    fuzz_series(pool, &s, start + (int64_t) in.data[5] * 86400 * 30);

    /* seeking gives what stepping gives */

    ptn_recur_iter_init(&it, &r, start);
    ptn_recur_iter_init(&it2, &r, start);

    for (n = 0; n < 20 && ptn_recur_next(&it, &a); n++) { /* void */ }

    if (n == 20) {
        ptn_recur_iter_seek(&it2, a);

        if (ptn_recur_next(&it2, &b) ? b != a : !it2.spent) {
            fuzz_wrong("seeking gives another");
        }
    }

    (void) ptn_recur_blob_make(&r, start, s.end, s.tz, &blob);
}


static void
fuzz_blob(ptn_pool_t *pool, ptn_str_t in, bool appointment)
{
    ptn_buf_t          out, again;
    ptn_series_t       s;
    ptn_recur_blob_t   b;

    if (ptn_recur_blob_parse(pool, in, appointment, &b) != PTN_OK) {
        return;
    }

    ptn_buf_init(&out, pool);
    ptn_buf_init(&again, pool);

    if (ptn_recur_blob_write(&out, &b) != PTN_OK
        || ptn_recur_blob_parse(pool, ptn_buf_get(&out), appointment, &b)
           != PTN_OK
        || ptn_recur_blob_write(&again, &b) != PTN_OK
        || !ptn_str_eq(ptn_buf_get(&out), ptn_buf_get(&again)))
    {
        fuzz_wrong("a blob is not written as it was read");
    }

    if (ptn_recur_blob_series(pool, &b, &s) == PTN_OK) {
        fuzz_series(pool, &s, s.start);
        (void) ptn_tz_find(pool, ptn_str("Australia/Lord_Howe"), &s.tz);
        fuzz_series(pool, &s, s.start + 86400 * 1000);
    }
}


static void
fuzz_appointment(ptn_pool_t *pool, ptn_str_t in)
{
    fuzz_blob(pool, in, true);
}


static void
fuzz_task(ptn_pool_t *pool, ptn_str_t in)
{
    fuzz_blob(pool, in, false);
}


static void
fuzz_clock(ptn_pool_t *pool, const ptn_tz_t *tz)
{
    int64_t           t;
    ptn_str_t         bytes;
    ptn_tz_rule_t     rule;
    const ptn_tz_t   *tz2;
    ptn_tz_cursor_t   c = { 0 };

    for (t = -400000000; t < 4000000000; t += 5000000) {
        if (ptn_tz_offset(tz, t, &c) != ptn_tz_offset(tz, t, NULL)) {
            fuzz_wrong("the cursor gives another offset");
        }

        (void) ptn_tz_to_utc(tz, t, &c);
    }

    for (t = 1960; t < 2060; t++) {
        (void) ptn_tz_rule(tz, (int) t, &rule);
    }

    if (ptn_tz_definition_write(pool, tz, 2026, true, &bytes) != PTN_OK
        || ptn_tz_definition_parse(pool, bytes, &tz2, &rule) != PTN_OK)
    {
        fuzz_wrong("a definition is not read as it was written");
    }

    (void) ptn_tz_match(pool, &rule, &tz2);
}


static void
fuzz_struct(ptn_pool_t *pool, ptn_str_t in)
{
    ptn_buf_t        out;
    ptn_tz_rule_t    rule, rule2;
    const ptn_tz_t  *tz;

    if (ptn_tz_struct_parse(in, &rule) != PTN_OK) {
        return;
    }

    ptn_buf_init(&out, pool);
    ptn_tz_struct_write(&out, &rule);

    if (ptn_tz_struct_parse(ptn_buf_get(&out), &rule2) != PTN_OK
        || !ptn_tz_rule_eq(&rule, &rule2))
    {
        fuzz_wrong("a rule is not read as it was written");
    }

    if (ptn_tz_from_rule(pool, ptn_str("x"), &rule, &tz) == PTN_OK) {
        fuzz_clock(pool, tz);
    }
}


static void
fuzz_definition(ptn_pool_t *pool, ptn_str_t in)
{
    ptn_tz_rule_t    rule;
    const ptn_tz_t  *tz;

    if (ptn_tz_definition_parse(pool, in, &tz, &rule) == PTN_OK) {
        fuzz_clock(pool, tz);
    }
}


static void
fuzz_name(ptn_pool_t *pool, ptn_str_t in)
{
    uint32_t         i, n;
    ptn_str_t        key, olson;
    const ptn_tz_t  *tz;

    if (ptn_tz_find(pool, in, &tz) == PTN_OK) {
        fuzz_clock(pool, tz);
    }

    n = in.len != 0 ? in.data[0] : 0;

    for (i = n; i < n + 2 && ptn_tz_windows_nth(i, &key, &olson); i++) {
        if (ptn_tz_olson(key).len == 0 || ptn_tz_find(pool, key, &tz)
            != PTN_OK)
        {
            fuzz_wrong("a key of the table is not found");
        }

        fuzz_clock(pool, tz);
    }

    (void) ptn_tz_olson_nth(i, &olson);
    (void) ptn_tz_windows(in);
}


static const struct {
    u_char   letter;
    void   (*entry)(ptn_pool_t *pool, ptn_str_t in);
} fuzz_entries[] = {
    { 'r', fuzz_rule },
    { 'b', fuzz_appointment },
    { 't', fuzz_task },
    { 's', fuzz_struct },
    { 'd', fuzz_definition },
    { 'n', fuzz_name },
};


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t       i;
    ptn_pool_t  *pool;

    if (size == 0) {
        return 0;
    }

    for (i = 0; i < ptn_nelts(fuzz_entries); i++) {
        if (data[0] == fuzz_entries[i].letter) {
            pool = ptn_pool_create(0, NULL);
            fuzz_entries[i].entry(pool, ptn_str_make(data + 1, size - 1));
            ptn_pool_destroy(pool);
        }
    }

    return 0;
}
