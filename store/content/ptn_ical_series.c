/*
 * The series of components: DTSTART, RRULE, EXRULE, RDATE, EXDATE,
 * RECURRENCE-ID.
 */

#include "ptn_ical_in.h"


#define PTN_ICAL_DAY_SEC    86400
#define PTN_ICAL_RULES_MAX  32          /* of a component; later ones: none */


typedef struct {
    ptn_pool_t             *pool;
    const ptn_ical_comp_t  *cal;
    const ptn_tz_t         *tz;         /* of the series */
    const ptn_tz_t         *floating;
    ptn_ical_zones_t        zones;
} ptn_ical_reader_t;


/* A value of a property on the clock of the series. */

static bool
ptn_ical_local(ptn_ical_reader_t *r, const ptn_ical_prop_t *p, ptn_str_t value,
    int64_t *ret, bool *ret_date)
{
    ptn_str_t         tzid;
    ptn_ical_time_t   t;
    const ptn_tz_t   *tz;

    if (!ptn_ical_time(value, &t)) {
        return false;
    }

    *ret_date = t.date;
    *ret = t.local;

    if (t.date) {
        return true;
    }

    if (t.utc) {
        *ret = ptn_tz_to_local(r->tz, t.local, NULL);
        return true;
    }

    tzid = ptn_ical_param(p, "TZID");
    if (tzid.data == NULL) {
        return true;
    }

    tz = ptn_ical_zone(&r->zones, tzid);

    if (tz != NULL && tz != r->tz
        && (r->tz == NULL || !ptn_str_eq(tz->name, r->tz->name)))
    {
        *ret = ptn_tz_to_local(r->tz, ptn_tz_to_utc(tz, t.local, NULL), NULL);
    }

    return true;
}


/* The zone that DTSTART says. */

static const ptn_tz_t *
ptn_ical_start_tz(ptn_ical_reader_t *r, const ptn_ical_prop_t *p,
    const ptn_ical_time_t *t)
{
    ptn_str_t        tzid;
    const ptn_tz_t  *tz;

    tzid = ptn_ical_param(p, "TZID");

    if (t->utc) {
        return &ptn_tz_utc;
    }

    if (t->date || tzid.data == NULL) {
        return r->floating;
    }

    tz = ptn_ical_zone(&r->zones, tzid);

    return tz != NULL ? tz : r->floating;
}


/* End of the first: DTEND, DUE, DURATION; a day, or nothing. */

static int64_t
ptn_ical_end(ptn_ical_reader_t *r, const ptn_ical_comp_t *c, int64_t start,
    bool date)
{
    bool                    is_date;
    int64_t                 t;
    const ptn_ical_prop_t  *p;

    p = ptn_ical_prop(c, "DTEND");
    p = p != NULL ? p : ptn_ical_prop(c, "DUE");

    if (p != NULL && ptn_ical_local(r, p, p->value, &t, &is_date)) {
        return ptn_max(t, start);
    }

    p = ptn_ical_prop(c, "DURATION");

    if (p != NULL && ptn_ical_duration(p->value, &t) && t >= 0) {
        return start + t;
    }

    return date ? start + PTN_ICAL_DAY_SEC : start;
}


static bool
ptn_ical_item(ptn_str_t *rest, ptn_str_t *ret)
{
    size_t  i;

    if (rest->len == 0) {
        return false;
    }

    for (i = 0; i < rest->len && rest->data[i] != ','; i++) { /* void */ }

    *ret = ptn_str_make(rest->data, i);
    i = ptn_min(i + 1, rest->len);
    *rest = ptn_str_make(rest->data + i, rest->len - i);

    return true;
}


static uint32_t
ptn_ical_count(const ptn_ical_comp_t *c, const char *name, bool items)
{
    size_t                  i;
    uint32_t                n = 0;
    const ptn_ical_prop_t  *p;

    for (p = c->props; p != NULL; p = p->next) {
        if (ptn_str_eqz(p->name, name)) {
            n++;

            for (i = 0; items && i < p->value.len; i++) {
                n += p->value.data[i] == ',';
            }
        }
    }

    return n;
}


static ptn_rc_t
ptn_ical_rules(ptn_ical_reader_t *r, const ptn_ical_comp_t *c,
    const char *name, bool date, const ptn_recur_rule_t **ret, uint32_t *ret_n)
{
    uint32_t                n;
    ptn_recur_rule_t       *rules;
    const ptn_ical_prop_t  *p;

    n = ptn_min(ptn_ical_count(c, name, false), (uint32_t) PTN_ICAL_RULES_MAX);
    rules = ptn_parray(r->pool, n, sizeof(*rules));
    if (rules == NULL) {
        return PTN_ENOMEM;
    }

    for (p = c->props, n = 0; p != NULL && n < PTN_ICAL_RULES_MAX;
         p = p->next)
    {
        if (ptn_str_eqz(p->name, name)
            && ptn_recur_rule_parse(p->value, &rules[n]) == PTN_OK)
        {
            if (date) {                 /* whole days have no times */
                rules[n].hours = 0;
                rules[n].minutes = rules[n].seconds = 0;

                if (rules[n].freq < PTN_RECUR_DAILY) {
                    continue;
                }
            }

            n++;
        }
    }

    *ret = rules;
    *ret_n = n;

    return PTN_OK;
}


static ptn_rc_t
ptn_ical_dates(ptn_ical_reader_t *r, const ptn_ical_comp_t *c, bool date,
    ptn_series_t *s)
{
    bool                    is_date, all_dates = true;
    int64_t                 t, end, *exdates;
    size_t                  slash;
    uint32_t                n = 0, k = 0;
    ptn_str_t               rest, item;
    ptn_recur_date_t       *dates;
    const ptn_ical_prop_t  *p;

    exdates = ptn_parray(r->pool, ptn_ical_count(c, "EXDATE", true),
                         sizeof(*exdates));
    dates = ptn_parray(r->pool, ptn_ical_count(c, "RDATE", true),
                       sizeof(*dates));

    if (exdates == NULL || dates == NULL) {
        return PTN_ENOMEM;
    }

    for (p = c->props; p != NULL; p = p->next) {
        rest = p->value;

        if (ptn_str_eqz(p->name, "EXDATE")) {
            while (ptn_ical_item(&rest, &item)) {
                if (ptn_ical_local(r, p, item, &t, &is_date)) {
                    exdates[n++] = t;
                    all_dates &= is_date;
                }
            }

        } else if (ptn_str_eqz(p->name, "RDATE")) {
            while (ptn_ical_item(&rest, &item)) {
                for (slash = 0; slash < item.len && item.data[slash] != '/';
                     slash++)
                {
                    /* void */
                }

                if (!ptn_ical_local(r, p, ptn_str_make(item.data, slash), &t,
                                    &is_date))
                {
                    continue;
                }

                end = t + (s->end - s->start);

                if (slash < item.len) {
                    item = ptn_str_make(item.data + slash + 1,
                                        item.len - slash - 1);

                    if (ptn_ical_duration(item, &end)) {
                        end += t;

                    } else if (!ptn_ical_local(r, p, item, &end, &is_date)) {
                        end = t;
                    }
                }

                dates[k++] = (ptn_recur_date_t) { t, ptn_max(t, end) };
            }
        }
    }

    s->exdates = exdates;
    s->nexdates = n;
    s->exdays = n != 0 && all_dates && !date;   /* DATEs that mean times */
    s->rdates = dates;
    s->nrdates = k;

    return PTN_OK;
}


static ptn_rc_t
ptn_ical_changes(ptn_ical_reader_t *r, const ptn_ical_comp_t *comp,
    ptn_str_t uid, ptn_series_t *s)
{
    bool                    date;
    uint32_t                n = 0, index = 0;
    ptn_recur_change_t     *changes, *x;
    const ptn_ical_comp_t  *c;
    const ptn_ical_prop_t  *p, *id;

    for (c = r->cal->comps; c != NULL; c = c->next) {
        n += ptn_ical_replaces(c);
    }

    changes = ptn_parray(r->pool, n, sizeof(*changes));
    if (changes == NULL) {
        return PTN_ENOMEM;
    }

    for (c = r->cal->comps, n = 0; c != NULL; c = c->next) {
        p = ptn_ical_prop(c, "RECURRENCE-ID");
        id = ptn_ical_prop(c, "UID");

        if (c == comp || !ptn_ical_replaces(c) || id == NULL
            || !ptn_str_eq(id->value, uid)
            || !ptn_str_eq(c->name, comp->name))
        {
            continue;
        }

        x = &changes[n];
        x->index = index++;

        if (!ptn_ical_local(r, p, p->value, &x->original, &date)) {
            continue;
        }

        p = ptn_ical_prop(c, "DTSTART");

        if (p == NULL || !ptn_ical_local(r, p, p->value, &x->start, &date)) {
            x->start = x->original;
        }

        x->end = ptn_ical_end(r, c, x->start, date);
        n++;
    }

    s->changes = changes;
    s->nchanges = n;

    return PTN_OK;
}


ptn_rc_t
ptn_ical_comp_series(ptn_pool_t *pool, const ptn_ical_comp_t *cal,
    const ptn_ical_comp_t *comp, const ptn_tz_t *floating,
    ptn_series_t *ret_series)
{
    ptn_rc_t                rc;
    ptn_series_t            s = { 0 };
    ptn_ical_time_t         t;
    ptn_ical_reader_t       r = { pool, cal, NULL, floating, { 0 } };
    const ptn_ical_prop_t  *p;

    r.zones.pool = pool;
    r.zones.cal = cal;
    p = ptn_ical_prop(comp, "DTSTART");

    if (p == NULL && ptn_str_eqz(comp->name, "VTODO")) {
        p = ptn_ical_prop(comp, "DUE");
    }

    if (p == NULL || !ptn_ical_time(p->value, &t)) {
        return PTN_EPARSE;
    }

    r.tz = s.tz = ptn_ical_start_tz(&r, p, &t);
    s.start = t.local;
    s.end = ptn_ical_end(&r, comp, s.start, t.date);
    s.start_counts = true;

    if (!ptn_ical_replaces(comp)) {
        rc = ptn_ical_rules(&r, comp, "RRULE", t.date, &s.rules, &s.nrules);

        if (rc == PTN_OK) {
            rc = ptn_ical_rules(&r, comp, "EXRULE", t.date, &s.exrules,
                                &s.nexrules);
        }

        if (rc == PTN_OK) {
            rc = ptn_ical_dates(&r, comp, t.date, &s);
        }

        p = ptn_ical_prop(comp, "UID");

        if (rc == PTN_OK && p != NULL) {
            rc = ptn_ical_changes(&r, comp, p->value, &s);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    *ret_series = s;

    return PTN_OK;
}
