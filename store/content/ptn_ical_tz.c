/*
 * VTIMEZONE (RFC 5545 3.6.5).
 */

#include <stdlib.h>

#include "ptn_ical.h"


#define PTN_ICAL_TZ_EACH   160          /* changes of one observance */
#define PTN_ICAL_TZ_MAX    2000         /* of a zone */
#define PTN_ICAL_TZ_LAST   2145916800   /* the year 2038 */


typedef struct {
    ptn_pool_t       *pool;
    ptn_tz_change_t  *list;
    uint32_t          n;
    int32_t           first, last;      /* offsets */
    int64_t           first_at;
    bool              any, endless;
} ptn_ical_tz_t;


/* "+0100", "-033012". */

static bool
ptn_ical_offset(ptn_str_t s, int32_t *ret)
{
    int       sign, v[3] = { 0 };
    size_t    i, k;

    if (s.len != 5 && s.len != 7) {
        return false;
    }

    sign = s.data[0] == '-' ? -1 : s.data[0] == '+' ? 1 : 0;

    for (i = 1, k = 0; i < s.len; i += 2, k++) {
        if (s.data[i] < '0' || s.data[i] > '9' || s.data[i + 1] < '0'
            || s.data[i + 1] > '9')
        {
            return false;
        }

        v[k] = (s.data[i] - '0') * 10 + s.data[i + 1] - '0';
    }

    *ret = sign * (v[0] * 3600 + v[1] * 60 + v[2]);

    return sign != 0 && v[0] < 16 && v[1] < 60 && v[2] < 60;
}


static void
ptn_ical_tz_add(ptn_ical_tz_t *z, int64_t local, int32_t from, int32_t to)
{
    int64_t  at;

    at = local - from;

    if (!z->any || at < z->first_at) {
        z->any = true;
        z->first_at = at;
        z->first = from;
    }

    if (z->n < PTN_ICAL_TZ_MAX) {
        z->list[z->n++] = (ptn_tz_change_t) { at, to };
    }
}


static void
ptn_ical_tz_observance(ptn_ical_tz_t *z, const ptn_ical_comp_t *c)
{
    int32_t                  from, to;
    int64_t                  t, start;
    unsigned                 n;
    ptn_str_t                rest, item;
    ptn_ical_time_t          time;
    ptn_recur_rule_t         rule;
    ptn_recur_iter_t         it;
    const ptn_ical_prop_t   *p, *f, *o;

    p = ptn_ical_prop(c, "DTSTART");
    f = ptn_ical_prop(c, "TZOFFSETFROM");
    o = ptn_ical_prop(c, "TZOFFSETTO");

    if (o == NULL || !ptn_ical_offset(o->value, &to)) {
        return;
    }

    if (f == NULL || !ptn_ical_offset(f->value, &from)) {
        from = to;
    }

    start = p != NULL && ptn_ical_time(p->value, &time) ? time.local : 0;
    ptn_ical_tz_add(z, start, from, to);

    for (p = c->props; p != NULL; p = p->next) {
        if (ptn_str_eqz(p->name, "RRULE")
            && ptn_recur_rule_parse(p->value, &rule) == PTN_OK
            && rule.freq >= PTN_RECUR_MONTHLY)
        {
            if (rule.until_kind == PTN_RECUR_UNTIL_UTC) {
                rule.until += from;
                rule.until_kind = PTN_RECUR_UNTIL_LOCAL;
            }

            z->endless |= rule.until_kind == PTN_RECUR_NO_UNTIL
                          && rule.count == 0;
            ptn_recur_iter_init(&it, &rule, start);
            ptn_recur_iter_seek(&it, -86400);

            for (n = 0; n < PTN_ICAL_TZ_EACH && ptn_recur_next(&it, &t)
                        && t < PTN_ICAL_TZ_LAST; n++)
            {
                ptn_ical_tz_add(z, t, from, to);
            }

        } else if (ptn_str_eqz(p->name, "RDATE")) {
            rest = p->value;

            for (n = 0; n < PTN_ICAL_TZ_EACH && rest.len != 0; n++) {
                item = rest;
                item.len = 0;

                while (item.len < rest.len && rest.data[item.len] != ',') {
                    item.len++;
                }

                rest = item.len == rest.len ? ptn_str("")
                       : ptn_str_make(rest.data + item.len + 1,
                                      rest.len - item.len - 1);

                if (ptn_ical_time(item, &time)) {
                    ptn_ical_tz_add(z, time.local, from, to);
                }
            }
        }
    }
}


static int
ptn_ical_tz_cmp(const void *a, const void *b)
{
    const ptn_tz_change_t  *x = a, *y = b;

    if (x->at != y->at) {
        return x->at < y->at ? -1 : 1;
    }

    return x->offset < y->offset ? -1 : x->offset > y->offset;
}


ptn_rc_t
ptn_ical_tz(ptn_pool_t *pool, const ptn_ical_comp_t *c,
    const ptn_tz_t **ret_tz)
{
    uint32_t                i, n;
    ptn_tz_t               *tz;
    ptn_tz_era_t           *era;
    ptn_ical_tz_t           z = { 0 };
    const ptn_ical_comp_t  *o;
    const ptn_ical_prop_t  *id;

    tz = ptn_pcalloc(pool, sizeof(*tz));
    era = ptn_pcalloc(pool, sizeof(*era));
    z.pool = pool;
    z.list = ptn_parray(pool, PTN_ICAL_TZ_MAX, sizeof(*z.list));

    if (tz == NULL || era == NULL || z.list == NULL) {
        return PTN_ENOMEM;
    }

    for (o = c->comps; o != NULL; o = o->next) {
        if (ptn_str_eqz(o->name, "STANDARD")
            || ptn_str_eqz(o->name, "DAYLIGHT"))
        {
            ptn_ical_tz_observance(&z, o);
        }
    }

    if (z.n == 0) {
        return PTN_EPARSE;
    }

    qsort(z.list, z.n, sizeof(*z.list), ptn_ical_tz_cmp);

    for (i = 0, n = 0; i < z.n; i++) {          /* one after the other */
        if (n != 0 && z.list[n - 1].at == z.list[i].at) {
            z.list[n - 1] = z.list[i];

        } else if (z.list[i].offset != (n ? z.list[n - 1].offset : z.first)) {
            z.list[n++] = z.list[i];
        }
    }

    id = ptn_ical_prop(c, "TZID");
    tz->name = id != NULL ? id->value : ptn_str("");
    tz->first = z.first;
    tz->changes = z.list;
    tz->nchanges = n;

    /* from 2037 on as in that year */

    if (z.endless && n != 0 && ptn_tz_rule(tz, 2037, &era->rule)
        && era->rule.dst.month != 0)
    {
        era->year = 2037;
        tz->eras = era;
        tz->neras = 1;
    }

    *ret_tz = tz;

    return PTN_OK;
}


const ptn_tz_t *
ptn_ical_find_tz(ptn_pool_t *pool, const ptn_ical_comp_t *cal, ptn_str_t tzid)
{
    const ptn_tz_t         *tz;
    const ptn_ical_comp_t  *c;
    const ptn_ical_prop_t  *p;

    if (ptn_tz_find(pool, tzid, &tz) == PTN_OK) {
        return tz;
    }

    for (c = cal->comps; c != NULL; c = c->next) {
        if (!ptn_str_eqz(c->name, "VTIMEZONE")) {
            continue;
        }

        p = ptn_ical_prop(c, "TZID");

        if (p != NULL && ptn_str_eq(p->value, tzid)
            && ptn_ical_tz(pool, c, &tz) == PTN_OK)
        {
            return tz;
        }
    }

    return NULL;
}


/* --- to lines ------------------------------------------------------------- */

static void
ptn_ical_put_offset(ptn_buf_t *out, const char *name, int minutes_west)
{
    int  n;

    n = minutes_west < 0 ? -minutes_west : minutes_west;
    ptn_buf_printf(out, "%s:%c%02d%02d\n", name, minutes_west > 0 ? '-' : '+',
                   n / 60 % 24, n % 60);
}


static void
ptn_ical_put_half(ptn_buf_t *out, const char *name, int from, int to,
    const ptn_tz_when_t *w)
{
    static const char  days[7][3] = {
        "SU", "MO", "TU", "WE", "TH", "FR", "SA"
    };

    ptn_buf_printf(out, "BEGIN:%s\nDTSTART:16010101T%02d%02d%02d\n", name,
                   w->hour, w->minute, w->second);
    ptn_ical_put_offset(out, "TZOFFSETFROM", from);
    ptn_ical_put_offset(out, "TZOFFSETTO", to);

    if (w->month != 0 && w->year == 0) {
        ptn_buf_printf(out, "RRULE:FREQ=YEARLY;BYDAY=%d%s;BYMONTH=%d\n",
                       w->day == 5 ? -1 : w->day, days[w->dow % 7], w->month);
    }

    ptn_buf_printf(out, "END:%s\n", name);
}


void
ptn_ical_put_tz(ptn_buf_t *out, const ptn_tz_t *tz, ptn_str_t tzid, int year)
{
    int            std, dst;
    ptn_tz_rule_t  r;

    (void) ptn_tz_rule(tz, year, &r);
    std = r.bias + r.std_bias;
    dst = r.bias + r.dst_bias;

    ptn_buf_z(out, "BEGIN:VTIMEZONE\nTZID:");
    ptn_buf_str(out, tzid);
    ptn_buf_byte(out, '\n');

    if (r.std.month == 0 || r.dst.month == 0) {
        ptn_ical_put_half(out, "STANDARD", std, std, &r.std);

    } else {
        ptn_ical_put_half(out, "STANDARD", dst, std, &r.std);
        ptn_ical_put_half(out, "DAYLIGHT", std, dst, &r.dst);
    }

    ptn_buf_z(out, "END:VTIMEZONE\n");
}
