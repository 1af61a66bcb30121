/*
 * ../shared/ref/ical in place: every file imports, comes back with every line
 * of it, and means the occurrences that its authors expect.
 */

#include "ptn_charset.h"
#include "ptn_ical.h"
#include "ptn_ref.h"
#include "ptn_test.h"


static uint16_t         ids[PTN_ICAL_N_MAX];
static ptn_ical_opts_t  opts = { ids, NULL, 0 };


static int
by_bytes(const void *a, const void *b)
{
    return ptn_str_cmp(*(const ptn_str_t *) a, *(const ptn_str_t *) b);
}


typedef struct {
    ptn_pool_t  *pool;
    ptn_str_t   *s;
    size_t       n, size;
} list_t;


static void
list_add(list_t *l, ptn_str_t s)
{
    ptn_str_t  *p;

    if (l->n == l->size) {
        l->size = l->size ? l->size * 2 : 64;
        p = ptn_parray(l->pool, l->size, sizeof(*p));

        if (l->n != 0) {
            memcpy(p, l->s, l->n * sizeof(*p));
        }

        l->s = p;
    }

    l->s[l->n++] = s;
}


static ptn_str_t
list_text(list_t *l)
{
    size_t      i;
    ptn_buf_t   b;

    if (l->n > 1) {
        qsort(l->s, l->n, sizeof(*l->s), by_bytes);
    }

    ptn_buf_init(&b, l->pool);

    for (i = 0; i < l->n; i++) {
        ptn_buf_str(&b, l->s[i]);
        ptn_buf_byte(&b, '\n');
    }

    return ptn_buf_get(&b);
}


/* A component as text, its lines sorted. */

static ptn_str_t
flat(ptn_pool_t *pool, const ptn_ical_comp_t *c)
{
    list_t                  l = { .pool = pool };
    const ptn_ical_prop_t  *p;
    const ptn_ical_comp_t  *sub;

    for (p = c->props; p != NULL; p = p->next) {
        list_add(&l, p->line);
    }

    for (sub = c->comps; sub != NULL; sub = sub->next) {
        list_add(&l, flat(pool, sub));
    }

    list_add(&l, ptn_str_printf(pool, "BEGIN:%.*s", (int) c->name.len,
                                (char *) c->name.data));

    return list_text(&l);
}


static bool
is_item(const ptn_ical_comp_t *c)
{
    return ptn_str_eqz(c->name, "VEVENT") || ptn_str_eqz(c->name, "VTODO")
           || ptn_str_eqz(c->name, "VJOURNAL");
}


/* All of a stream; the calendar's own lines only where there is one.  Zones
 * apart: export adds those that are named and were not there. */

static ptn_str_t
whole(ptn_pool_t *pool, ptn_str_t bytes, bool own, size_t *ret_items,
    list_t *zones)
{
    list_t                  l = { .pool = pool };
    ptn_ical_comp_t        *root;
    const ptn_ical_comp_t  *cal, *c;
    const ptn_ical_prop_t  *p;

    *ret_items = 0;

    if (ptn_ical_parse(pool, bytes, &root) != PTN_OK) {
        return ptn_str("no memory");
    }

    for (cal = root->comps; cal != NULL; cal = cal->next) {
        if (!ptn_str_eqz(cal->name, "VCALENDAR")) {
            continue;
        }

        for (c = cal->comps; c != NULL; c = c->next) {
            if (is_item(c)) {
                list_add(&l, flat(pool, c));
                (*ret_items)++;

            } else if (own && ptn_str_eqz(c->name, "VTIMEZONE")) {
                list_add(zones, flat(pool, c));

            } else if (own) {
                list_add(&l, flat(pool, c));
            }
        }

        for (p = cal->props; own && p != NULL; p = p->next) {
            list_add(&l, p->line);
        }
    }

    return list_text(&l);
}


static size_t
calendars(ptn_pool_t *pool, ptn_str_t bytes)
{
    size_t            n = 0;
    ptn_ical_comp_t  *root, *c;

    if (ptn_ical_parse(pool, bytes, &root) == PTN_OK) {
        for (c = root->comps; c != NULL; c = c->next) {
            n += ptn_str_eqz(c->name, "VCALENDAR");
        }
    }

    return n;
}


static void
differ(ptn_str_t a, ptn_str_t b)
{
    size_t  i, from;

    for (i = 0; i < a.len && i < b.len && a.data[i] == b.data[i]; i++) { }

    from = i > 60 ? i - 60 : 0;
    diag("got  ...%.*s", (int) ptn_min(a.len - from, (size_t) 160),
         (char *) a.data + from);
    diag("want ...%.*s", (int) ptn_min(b.len - from, (size_t) 160),
         (char *) b.data + from);
}


static const char *
round_trip(ptn_pool_t *pool, ptn_str_t raw)
{
    bool                  own;
    size_t                n, n2, i;
    list_t                za = { .pool = pool }, zb = { .pool = pool };
    ptn_str_t             out, again, want, got;
    ptn_ical_calendar_t   cal;

    if (ptn_ical_import(pool, raw, &opts, &cal) != PTN_OK) {
        return "import";
    }

    if (ptn_ical_export(pool, (const ptn_object_t *const *) cal.objects, cal.n,
                        &opts, &out) != PTN_OK)
    {
        return "export";
    }

    if (!ptn_utf8_valid(out)) {
        return "not UTF-8";
    }

    own = calendars(pool, raw) == 1 && cal.n != 0;
    want = whole(pool, raw, own, &n, &za);
    got = whole(pool, out, own, &n2, &zb);

    if (n != n2 || !ptn_str_eq(want, got)) {
        differ(got, want);
        return "lines";
    }

    got = list_text(&zb);

    for (i = 0; i < za.n; i++) {
        if (memmem(got.data, got.len, za.s[i].data, za.s[i].len) == NULL) {
            return "zones";
        }
    }

    if (calendars(pool, raw) != 1) {
        return NULL;                    /* their methods were different */
    }

    if (ptn_ical_import(pool, out, &opts, &cal) != PTN_OK
        || ptn_ical_export(pool, (const ptn_object_t *const *) cal.objects,
                           cal.n, &opts, &again) != PTN_OK
        || !ptn_str_eq(out, again))
    {
        differ(again, out);
        return "a second time";
    }

    return NULL;
}


/* --- occurrences ---------------------------------------------------------- */

static const ptn_ical_comp_t *
first_item(const ptn_ical_comp_t *cal)
{
    const ptn_ical_comp_t  *c;

    for (c = cal->comps; c != NULL && !is_item(c); c = c->next) { }

    return c;
}


static bool
occurs(ptn_pool_t *pool, ptn_str_t raw, ptn_str_t ref, bool object)
{
    char                    got[32];
    u_char                 *p = ref.data, *end = ref.data + ref.len, *eol;
    size_t                  len;
    uint32_t                n = 0, i = 0, lines = 0;
    ptn_rc_t                rc;
    ptn_civil_t             c;
    ptn_series_t            s;
    ptn_ical_comp_t        *root;
    ptn_occurrence_t       *list;
    ptn_ical_calendar_t     cal;

    if (object) {
        rc = ptn_ical_import(pool, raw, &opts, &cal);
        rc = rc == PTN_OK && cal.n == 1
             ? ptn_ical_series(pool, cal.objects[0], &opts, &s) : PTN_EPARSE;

    } else {
        rc = ptn_ical_parse(pool, raw, &root);
        rc = rc == PTN_OK ? ptn_ical_comp_series(pool, root->comps,
                                first_item(root->comps), NULL, &s) : rc;
    }

    if (rc != PTN_OK) {
        diag("series: %s", ptn_err(rc)->name);
        return false;
    }

    for (i = 0; i < ref.len; i++) {
        lines += ref.data[i] == '\n';
    }

    rc = ptn_series_window(pool, &s, -11644473600, 253402300799, lines, &list,
                           &n);

    for (i = 0; p < end; p = eol + 1, i++) {
        eol = memchr(p, '\n', (size_t) (end - p));
        eol = eol != NULL ? eol : end;
        len = ptn_min((size_t) (eol - p), (size_t) 19);

        if (len < 10) {
            i--;
            continue;
        }

        if (i >= n) {
            diag("%u occurrences, %u wanted", n, lines);
            return false;
        }

        ptn_time_to_civil(list[i].local, &c);
        snprintf(got, sizeof(got), "%04d-%02d-%02dT%02d:%02d:%02d", c.year,
                 c.month, c.day, c.hour, c.min, c.sec);

        if (memcmp(got, p, len) != 0) {
            diag("number %u: %s, wanted %.*s", i, got, (int) len, (char *) p);
            return false;
        }
    }

    return rc == PTN_OK || rc == PTN_ELIMIT;
}


int
main(void)
{
    char         path[4096], line[8192], *p, *file, *role;
    FILE        *index;
    size_t       n = 0, same = 0, refs = 0, good = 0, i;
    ptn_str_t    raw, ref;
    ptn_pool_t  *pool;
    const char  *bad;

    for (i = 0; i < PTN_ICAL_N_MAX; i++) {
        ids[i] = (uint16_t) (0x8000 + i);
    }

    snprintf(path, sizeof(path), "%s/ical/INDEX.tsv", ptn_ref_dir());
    index = fopen(path, "r");

    if (!ok(index != NULL, "the corpus is there")) {
        return done_testing();
    }

    while (fgets(line, sizeof(line), index) != NULL) {
        p = line;
        file = strsep(&p, "\t");
        role = strsep(&p, "\t");

        if (strcmp(role, "input") != 0) {
            continue;
        }

        pool = ptn_pool_create(0, NULL);
        snprintf(path, sizeof(path), "%s/ical/%s", ptn_ref_dir(), file);
        raw = ptn_ref_read(pool, path);
        n++;
        bad = raw.data != NULL ? round_trip(pool, raw) : "not there";

        if (bad == NULL) {
            same++;

        } else {
            diag("%s: %s", file, bad);
        }

        snprintf(path, sizeof(path), "%s/ical/%s.next.ref", ptn_ref_dir(),
                 file);
        ref = ptn_ref_read(pool, path);

        if (ref.data != NULL) {
            refs++;

            if (occurs(pool, raw, ref, false) && occurs(pool, raw, ref, true)) {
                good++;

            } else {
                diag("%s: occurrences", file);
            }
        }

        ptn_pool_destroy(pool);
    }

    fclose(index);
    is_u64(same, n, "every line of every file comes back");
    ok(n > 600, "%zu files", n);
    is_u64(good, refs, "occurrences as expected");
    ok(refs > 70, "%zu lists", refs);

    return done_testing();
}
