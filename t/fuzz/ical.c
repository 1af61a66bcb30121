/*
 * Calendars from anywhere: to objects, to bytes, to the same objects; every
 * component's occurrences.  'v' a value: time, duration, UID; 'c' a calendar
 * whose objects were changed on the way, what they carry too.
 *
 * Covers: store/content/ptn_ical_carry.c store/content/ptn_ical_export.c store/content/ptn_ical_import.c store/content/ptn_ical_lines.c store/content/ptn_ical_people.c store/content/ptn_ical_recur.c store/content/ptn_ical_rows.c store/content/ptn_ical_series.c store/content/ptn_ical_tz.c store/content/ptn_ical_value.c
 */

#include <stdio.h>
#include <stdlib.h>

#include "ptn_charset.h"
#include "ptn_ical.h"


static void
fuzz_wrong(const char *what)
{
    fprintf(stderr, "ical: %s\n", what);
    abort();
}


static void
fuzz_values(const ptn_object_t *o)
{
    uint32_t  i;

    for (i = 0; i < o->props.n; i++) {
        if (ptn_prop_type(o->props.p[i].tag) == PTN_PT_UNICODE
            && (!ptn_utf8_valid(o->props.p[i].value)
                || memchr(o->props.p[i].value.data, 0,
                          o->props.p[i].value.len)))
        {
            fuzz_wrong("a text is none");
        }
    }

    for (i = 0; i < o->nattachs; i++) {
        if (o->attachs[i].embedded != NULL) {
            fuzz_values(o->attachs[i].embedded);
        }
    }
}


static void
fuzz_calendar(ptn_pool_t *pool, ptn_str_t in, bool change)
{
    int                  named;
    uint16_t             ids[PTN_ICAL_N_MAX];
    uint32_t             i, n;
    ptn_rc_t             rc;
    ptn_str_t            out, again, v;
    ptn_series_t         s;
    ptn_ical_comp_t     *root;
    ptn_ical_opts_t      opts = { ids, NULL, 0 };
    ptn_occurrence_t    *o;
    ptn_ical_calendar_t  cal, cal2;

    for (i = 0; i < PTN_ICAL_N_MAX; i++) {
        ids[i] = (uint16_t) (0x8000 + i);
    }

    (void) ptn_tz_find(pool, ptn_str("Europe/Vienna"), &opts.floating);
    rc = ptn_ical_import(pool, in, &opts, &cal);

    if (rc == PTN_ENOMEM || rc == PTN_ELIMIT) {
        return;
    }

    if (rc != PTN_OK) {
        fuzz_wrong("import");
    }

    for (i = 0; i < cal.n; i++) {
        fuzz_values(cal.objects[i]);

        if (change && in.len > 3) {
            /* a property goes, another one is something else */

            named = in.data[in.len / 2] % PTN_ICAL_N_MAX;
            ptn_props_unset(&cal.objects[i]->props, ids[named]);
            named = in.data[in.len / 3] % PTN_ICAL_N_MAX;
            v = ptn_str_make(in.data, in.len);

            if (ptn_prop_size((uint32_t) ptn_ical_names[named].type) == 0
                && ptn_ical_names[named].type != PTN_PT_MV_UNICODE
                && ptn_utf8_valid(v))
            {
                (void) ptn_props_set(&cal.objects[i]->props, pool,
                                     (uint32_t) ids[named] << 16
                                     | ptn_ical_names[named].type, v);
            }
        }

        rc = ptn_ical_series(pool, cal.objects[i], &opts, &s);

        if (rc == PTN_OK) {
            rc = ptn_series_window(pool, &s, s.start, s.start + 86400 * 99, 50,
                                   &o, &n);
        }
    }

    rc = ptn_ical_export(pool, (const ptn_object_t *const *) cal.objects,
                         cal.n, &opts, &out);

    if (rc == PTN_ENOMEM) {
        return;
    }

    if (rc != PTN_OK) {
        fuzz_wrong("export");
    }

    rc = ptn_ical_import(pool, out, &opts, &cal2);

    if (rc != PTN_OK || change) {
        return;
    }

    /* of several calendars, one UID in two of them is one object now */

    if (ptn_ical_parse(pool, in, &root) != PTN_OK || root->comps == NULL
        || root->comps->next != NULL)
    {
        return;
    }

    if (cal2.n != cal.n) {
        fuzz_wrong("as many objects");
    }

    rc = ptn_ical_export(pool, (const ptn_object_t *const *) cal2.objects,
                         cal2.n, &opts, &again);

    if (rc == PTN_OK && again.len < out.len / 2) {
        fuzz_wrong("much was lost");
    }
}


static void
fuzz_value(ptn_pool_t *pool, ptn_str_t in)
{
    int64_t          n, n2;
    ptn_buf_t        b;
    ptn_str_t        id, uid;
    ptn_ical_time_t  t;

    (void) ptn_ical_time(in, &t);

    if (ptn_ical_duration(in, &n)) {
        ptn_buf_init(&b, pool);
        ptn_ical_put_duration(&b, n);

        if (!ptn_ical_duration(ptn_buf_get(&b), &n2) || n2 != n) {
            fuzz_wrong("a duration");
        }
    }

    (void) ptn_ical_uid(pool, in, &uid);

    if (memchr(in.data, '\0', in.len) == NULL
        && memchr(in.data, '\r', in.len) == NULL
        && memchr(in.data, '\n', in.len) == NULL && in.len != 0
        && ptn_ical_global_id(pool, in, 0, &id) == PTN_OK
        && (ptn_ical_uid(pool, id, &uid) != PTN_OK
            || (!ptn_str_ieq(uid, in) && uid.len != in.len)))
    {
        fuzz_wrong("a UID");
    }
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ptn_str_t    in;
    ptn_pool_t  *pool;

    if (size == 0) {
        return 0;
    }

    pool = ptn_pool_create(64 * 1024 * 1024, NULL);
    in = ptn_str_make(data + 1, size - 1);

    if (data[0] == 'v') {
        fuzz_value(pool, in);

    } else {
        fuzz_calendar(pool, in, data[0] == 'c');
    }

    ptn_pool_destroy(pool);

    return 0;
}
