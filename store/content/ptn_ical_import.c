/*
 * Components to objects (MS-OXCICAL 2.1.3).
 */

#include <stdlib.h>

#include "ptn_ical_in.h"


#define PTN_ICAL_NAME_INIT_APPOINTMENT(lid)                                   \
    { { { 0x02, 0x20, 0x06, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46 } },  \
      lid, NULL
#define PTN_ICAL_NAME_INIT_MEETING(lid)                                       \
    { { { 0x90, 0xda, 0xd8, 0x6e, 0x0b, 0x45, 0x1b, 0x10, 0x98, 0xda, 0,      \
          0xaa, 0, 0x3f, 0x13, 0x05 } }, lid, NULL
#define PTN_ICAL_NAME_INIT_COMMON(lid)                                        \
    { { { 0x08, 0x20, 0x06, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46 } },  \
      lid, NULL
#define PTN_ICAL_NAME_INIT_TASK(lid)                                          \
    { { { 0x03, 0x20, 0x06, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46 } },  \
      lid, NULL
#define PTN_ICAL_NAME_INIT_LOG(lid)                                           \
    { { { 0x0a, 0x20, 0x06, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46 } },  \
      lid, NULL
#define PTN_ICAL_NAME_INIT_STRINGS(lid)                                       \
    { { { 0x29, 0x03, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46 } },  \
      0, lid

const ptn_ical_name_t  ptn_ical_names[PTN_ICAL_N_MAX] = {
#define PTN_ICAL_NAME_ROW(name, set, lid, type)                               \
    [PTN_ICAL_N_##name] = PTN_ICAL_NAME_INIT_##set(lid), PTN_PT_##type },
    PTN_ICAL_NAMES(PTN_ICAL_NAME_ROW)
#undef PTN_ICAL_NAME_ROW
};


uint32_t
ptn_ical_tag(const ptn_ical_opts_t *opts, int named)
{
    return opts->ids[named] == 0 ? 0
           : (uint32_t) opts->ids[named] << 16 | ptn_ical_names[named].type;
}


void
ptn_ical_set(ptn_ical_in_t *in, ptn_props_t *props, uint32_t tag,
    ptn_str_t value)
{
    if (in->rc != PTN_OK || tag == 0) {
        return;
    }

    if (value.data == NULL) {
        in->rc = PTN_ENOMEM;
        return;
    }

    in->rc = ptn_props_set(props, in->pool, tag, value);
}


void
ptn_ical_set_int(ptn_ical_in_t *in, ptn_props_t *props, uint32_t tag,
    int64_t n)
{
    if (in->rc == PTN_OK && tag != 0) {
        in->rc = ptn_props_set_int(props, in->pool, tag, n);
    }
}


void
ptn_ical_set_named(ptn_ical_in_t *in, int named, ptn_str_t value)
{
    ptn_ical_set(in, &in->object->props, ptn_ical_tag(in->opts, named), value);
}


void
ptn_ical_set_named_int(ptn_ical_in_t *in, int named, int64_t n)
{
    ptn_ical_set_int(in, &in->object->props, ptn_ical_tag(in->opts, named), n);
}


/* --- times ---------------------------------------------------------------- */

const ptn_tz_t *
ptn_ical_zone(ptn_ical_zones_t *z, ptn_str_t tzid)
{
    uint32_t         i;
    const ptn_tz_t  *tz;

    for (i = 0; i < z->n; i++) {
        if (ptn_str_eq(z->ids[i], tzid)) {
            return z->tzs[i];
        }
    }

    if (z->n == PTN_ICAL_ZONES_MAX) {
        return NULL;
    }

    tz = ptn_ical_find_tz(z->pool, z->cal, tzid);
    z->ids[z->n] = tzid;
    z->tzs[z->n++] = tz;

    return tz;
}


static const ptn_tz_t *
ptn_ical_prop_tz(ptn_ical_in_t *in, const ptn_ical_prop_t *p,
    const ptn_ical_time_t *t)
{
    ptn_str_t        tzid;
    const ptn_tz_t  *tz = NULL;

    tzid = ptn_ical_param(p, "TZID");

    if (t->utc) {
        return &ptn_tz_utc;
    }

    if (!t->date && tzid.data != NULL) {
        tz = ptn_ical_zone(in->zones, tzid);
    }

    return tz != NULL ? tz
           : in->opts->floating != NULL ? in->opts->floating : &ptn_tz_utc;
}


bool
ptn_ical_utc(ptn_ical_in_t *in, const ptn_ical_prop_t *p, int64_t *ret_utc,
    ptn_ical_time_t *ret_time)
{
    if (!ptn_ical_time(p->value, ret_time)) {
        return false;
    }

    *ret_utc = ptn_tz_to_utc(ptn_ical_prop_tz(in, p, ret_time),
                             ret_time->local, NULL);

    return true;
}


/* A zone's definition; one that only its VTIMEZONE knows gets the name of a
 * Windows zone of the same rule, which MAPI and EWS clients know. */

static ptn_rc_t
ptn_ical_definition(ptn_ical_in_t *in, const ptn_tz_t *tz, int year,
    bool recur, ptn_str_t *ret)
{
    ptn_tz_t         named = *tz;
    ptn_tz_rule_t    rule, now;
    const ptn_tz_t  *known;

    if (tz->windows.len == 0 && ptn_tz_rule(tz, year, &rule)
        && ptn_tz_match(in->pool, &rule, &known) == PTN_OK
        && ptn_tz_rule(known, year, &now) && ptn_tz_rule_eq(&rule, &now))
    {
        named.windows = known->windows;
    }

    return ptn_tz_definition_write(in->pool, &named, year, recur, ret);
}


static void
ptn_ical_zone_props(ptn_ical_in_t *in, const ptn_tz_t *end_tz, bool recurring)
{
    ptn_buf_t      b;
    ptn_str_t      v;
    ptn_civil_t    c;
    ptn_tz_rule_t  rule;

    ptn_time_to_civil(in->start.local, &c);

    if (ptn_ical_definition(in, in->tz, c.year, false, &v) != PTN_OK) {
        in->rc = PTN_ENOMEM;
        return;
    }

    ptn_ical_set_named(in, PTN_ICAL_N_TZ_START, v);

    if (end_tz != in->tz
        && ptn_ical_definition(in, end_tz, c.year, false, &v) != PTN_OK)
    {
        in->rc = PTN_ENOMEM;
        return;
    }

    ptn_ical_set_named(in, PTN_ICAL_N_TZ_END, v);

    if (!recurring) {
        return;
    }

    /* 2.2.1.39 to .41: a series has its rule twice */

    if (ptn_ical_definition(in, in->tz, c.year, true, &v) != PTN_OK) {
        in->rc = PTN_ENOMEM;
        return;
    }

    ptn_ical_set_named(in, PTN_ICAL_N_TZ_RECUR, v);
    (void) ptn_tz_rule(in->tz, c.year, &rule);
    ptn_buf_init(&b, in->pool);
    ptn_tz_struct_write(&b, &rule);
    ptn_ical_set_named(in, PTN_ICAL_N_TZ_STRUCT, ptn_buf_get(&b));
    ptn_ical_set_named(in, PTN_ICAL_N_TZ_TEXT, in->tz->name.len
                       ? in->tz->name : ptn_str("UTC"));
}


/* DTSTART, DTEND, DURATION, DUE. */

static void
ptn_ical_times_in(ptn_ical_in_t *in)
{
    int64_t                 n;
    const ptn_tz_t         *end_tz;
    const ptn_ical_prop_t  *p;

    in->has_start = in->has_end = false;
    in->tz = in->opts->floating != NULL ? in->opts->floating : &ptn_tz_utc;
    p = ptn_ical_prop(in->comp, "DTSTART");

    if (p != NULL && ptn_ical_utc(in, p, &in->start_utc, &in->start)) {
        in->has_start = true;
        in->tz = ptn_ical_prop_tz(in, p, &in->start);
    }

    end_tz = in->tz;
    p = ptn_ical_prop(in->comp, in->kind == PTN_ICAL_TODO ? "DUE" : "DTEND");

    if (p != NULL && ptn_ical_utc(in, p, &in->end_utc, &in->end)) {
        in->has_end = true;
        end_tz = ptn_ical_prop_tz(in, p, &in->end);
    }

    if (!in->has_start) {
        return;
    }

    p = ptn_ical_prop(in->comp, "DURATION");

    if (!in->has_end && p != NULL && ptn_ical_duration(p->value, &n)
        && n >= 0)
    {
        in->end = in->start;
        in->end.local += n;
        in->has_end = in->kind != PTN_ICAL_JOURNAL;
        in->end_utc = ptn_tz_to_utc(in->tz, in->end.local, NULL);
    }

    if (in->kind != PTN_ICAL_EVENT) {
        return;
    }

    /* 3.6.1: a day, or nothing */

    if (!in->has_end || in->end_utc < in->start_utc) {
        in->end = in->start;
        in->end.local += in->start.date ? 86400 : 0;
        in->end_utc = ptn_tz_to_utc(in->tz, in->end.local, NULL);
        in->has_end = true;
    }

    ptn_ical_set_named_int(in, PTN_ICAL_N_START, ptn_filetime(in->start_utc));
    ptn_ical_set_named_int(in, PTN_ICAL_N_END, ptn_filetime(in->end_utc));
    ptn_ical_set_named_int(in, PTN_ICAL_N_COMMON_START,
                           ptn_filetime(in->start_utc));
    ptn_ical_set_named_int(in, PTN_ICAL_N_COMMON_END,
                           ptn_filetime(in->end_utc));
    ptn_ical_set_int(in, &in->object->props, PTN_PR_START_DATE,
                     ptn_filetime(in->start_utc));
    ptn_ical_set_int(in, &in->object->props, PTN_PR_END_DATE,
                     ptn_filetime(in->end_utc));
    n = (in->end_utc - in->start_utc) / 60;
    ptn_ical_set_named_int(in, PTN_ICAL_N_DURATION,
                           ptn_min(n, (int64_t) INT32_MAX));

    p = ptn_ical_prop(in->comp, "X-MICROSOFT-CDO-ALLDAYEVENT");
    ptn_ical_set_named_int(in, PTN_ICAL_N_ALL_DAY, in->start.date
                           || (p != NULL && ptn_str_ieqz(p->value, "TRUE")
                               && in->start.local % 86400 == 0
                               && in->end.local % 86400 == 0));
    ptn_ical_zone_props(in, end_tz,
                        ptn_ical_prop(in->comp, "RRULE") != NULL);
}


/* Tasks have dates: midnight UTC of the local day (MS-OXOTASK 2.2.2.2.4). */

static void
ptn_ical_task_times(ptn_ical_in_t *in)
{
    int64_t  start, due;

    start = in->start.local - ((in->start.local % 86400) + 86400) % 86400;
    due = in->end.local - ((in->end.local % 86400) + 86400) % 86400;

    if (in->has_start) {
        ptn_ical_set_named_int(in, PTN_ICAL_N_TASK_START, ptn_filetime(start));
        ptn_ical_set_named_int(in, PTN_ICAL_N_COMMON_START,
                               ptn_filetime(in->start_utc));
    }

    if (in->has_end) {
        ptn_ical_set_named_int(in, PTN_ICAL_N_TASK_DUE, ptn_filetime(due));
        ptn_ical_set_named_int(in, PTN_ICAL_N_COMMON_END,
                               ptn_filetime(in->end_utc));
    }
}


/* --- components ----------------------------------------------------------- */

/* The answer of who replies. */

static const char *
ptn_ical_reply_class(const ptn_ical_comp_t *comp)
{
    ptn_str_t               v = ptn_null_string;
    const ptn_ical_prop_t  *p;

    p = ptn_ical_prop(comp, "ATTENDEE");
    v = p != NULL ? ptn_ical_param(p, "PARTSTAT") : v;

    return ptn_str_ieqz(v, "DECLINED") ? "IPM.Schedule.Meeting.Resp.Neg"
           : ptn_str_ieqz(v, "TENTATIVE") ? "IPM.Schedule.Meeting.Resp.Tent"
           : "IPM.Schedule.Meeting.Resp.Pos";
}


static void
ptn_ical_class(ptn_ical_in_t *in)
{
    const char  *class = "IPM.Appointment";
    ptn_str_t    m = in->method;

    if (in->kind != PTN_ICAL_EVENT) {
        class = in->kind == PTN_ICAL_TODO ? "IPM.Task" : "IPM.Activity";

    } else if (ptn_str_eqz(m, "REQUEST") || ptn_str_eqz(m, "ADD")) {
        class = "IPM.Schedule.Meeting.Request";

    } else if (ptn_str_eqz(m, "REPLY")) {
        class = ptn_ical_reply_class(in->comp);

    } else if (ptn_str_eqz(m, "COUNTER")) {
        class = "IPM.Schedule.Meeting.Resp.Tent";
        ptn_ical_set_named_int(in, PTN_ICAL_N_COUNTER, 1);

        if (in->has_start) {
            ptn_ical_set_named_int(in, PTN_ICAL_N_PROPOSED_START,
                                   ptn_filetime(in->start_utc));
            ptn_ical_set_named_int(in, PTN_ICAL_N_PROPOSED_END,
                                   ptn_filetime(in->end_utc));
        }

    } else if (ptn_str_eqz(m, "CANCEL")) {
        class = "IPM.Schedule.Meeting.Canceled";
    }

    ptn_ical_set(in, &in->object->props, PTN_PR_MESSAGE_CLASS,
                 ptn_str_z(class));
}


ptn_object_t *
ptn_ical_object(ptn_ical_in_t *in, const ptn_ical_comp_t *comp)
{
    int64_t                 utc, state;
    uint32_t                i;
    ptn_object_t           *object;
    ptn_ical_time_t         t;
    const ptn_ical_row_t   *row;
    const ptn_ical_prop_t  *p;

    object = ptn_pcalloc(in->pool, sizeof(*object));
    if (object == NULL) {
        in->rc = PTN_ENOMEM;
        return NULL;
    }

    in->object = object;
    in->comp = comp;
    in->kind = ptn_str_eqz(comp->name, "VTODO") ? PTN_ICAL_TODO
               : ptn_str_eqz(comp->name, "VJOURNAL") ? PTN_ICAL_JOURNAL
                                                     : PTN_ICAL_EVENT;
    ptn_ical_times_in(in);

    for (i = 0; i < ptn_ical_nrows && in->rc == PTN_OK; i++) {
        row = &ptn_ical_rows[i];

        if (row->in != NULL && (row->kinds & in->kind)
            && (p = ptn_ical_prop(comp, row->name)) != NULL)
        {
            row->in(in, row, p);
        }
    }

    ptn_ical_class(in);
    ptn_ical_people_in(in);
    ptn_ical_attach_in(in);

    if (in->kind == PTN_ICAL_TODO) {
        ptn_ical_task_times(in);

    } else if (in->kind == PTN_ICAL_JOURNAL && in->has_start) {
        ptn_ical_set_named_int(in, PTN_ICAL_N_LOG_START,
                               ptn_filetime(in->start_utc));
        ptn_ical_set_named_int(in, PTN_ICAL_N_COMMON_START,
                               ptn_filetime(in->start_utc));
    }

    if (in->kind == PTN_ICAL_EVENT) {
        ptn_ical_alarm_in(in);

        /* 2.2.1.10: meeting 1, received 2, cancelled 4 */

        p = ptn_ical_prop(comp, "STATUS");
        state = (object->nrecips != 0 || ptn_ical_prop(comp, "ATTENDEE")
                 ? 1 : 0)
                | ((p != NULL && ptn_str_ieqz(p->value, "CANCELLED"))
                   || ptn_str_eqz(in->method, "CANCEL") ? 4 : 0);
        ptn_ical_set_named_int(in, PTN_ICAL_N_STATE, state);

        p = ptn_ical_prop(comp, "RECURRENCE-ID");

        if (p != NULL && ptn_ical_utc(in, p, &utc, &t)) {
            ptn_ical_set_named_int(in, PTN_ICAL_N_REPLACES, ptn_filetime(utc));
            ptn_ical_set_named_int(in, PTN_ICAL_N_IS_EXCEPTION, 1);
        }
    }

    return object;
}


/* Components of one UID. */

typedef struct {
    const ptn_ical_comp_t  *comp;
    ptn_str_t               uid;
    bool                    exception;
    uint32_t                order;
} ptn_ical_item_t;


static int
ptn_ical_item_cmp(const void *a, const void *b)
{
    int                     d;
    const ptn_ical_item_t  *x = a, *y = b;

    d = ptn_str_cmp(x->uid, y->uid);
    d = d ? d : ptn_str_cmp(x->comp->name, y->comp->name);

    if (d != 0) {
        return d;
    }

    if (x->exception != y->exception) {
        return x->exception ? 1 : -1;
    }

    return x->order < y->order ? -1 : 1;
}


bool
ptn_ical_replaces(const ptn_ical_comp_t *c)
{
    return ptn_ical_prop(c, "RECURRENCE-ID") != NULL
           && ptn_ical_prop(c, "RRULE") == NULL;
}


static bool
ptn_ical_is_item(const ptn_ical_comp_t *c)
{
    return ptn_str_eqz(c->name, "VEVENT") || ptn_str_eqz(c->name, "VTODO")
           || ptn_str_eqz(c->name, "VJOURNAL");
}


/* Those of one UID: the series with its exceptions, or each alone. */

static void
ptn_ical_items(ptn_ical_in_t *in, const ptn_ical_item_t *items, uint32_t n,
    ptn_ical_calendar_t *out)
{
    uint32_t                 i, k;
    ptn_object_t            *object;
    const ptn_ical_comp_t  **others;

    others = ptn_parray(in->pool, n, sizeof(*others));
    if (others == NULL) {
        in->rc = PTN_ENOMEM;
        return;
    }

    for (i = 0; i < n && in->rc == PTN_OK; i++) {
        object = ptn_ical_object(in, items[i].comp);

        if (object == NULL) {
            return;
        }

        k = 0;

        if (!items[i].exception && items[i].uid.len != 0
            && in->kind == PTN_ICAL_EVENT
            && (i + 1 == n || items[i + 1].exception))
        {
            for (k = 0; i + 1 + k < n; k++) {
                others[k] = items[i + 1 + k].comp;
            }
        }

        ptn_ical_recur_in(in, others, k);
        ptn_ical_carry_in(in, out->n == 0);
        out->objects[out->n++] = object;
        i += k;
    }
}


static ptn_rc_t
ptn_ical_import_one(ptn_ical_in_t *in, ptn_ical_calendar_t *out)
{
    uint32_t                i, from, n = 0;
    ptn_ical_item_t        *items;
    const ptn_ical_comp_t  *c;
    const ptn_ical_prop_t  *p;

    for (c = in->cal->comps; c != NULL; c = c->next) {
        n += ptn_ical_is_item(c);
    }

    items = ptn_parray(in->pool, n, sizeof(*items));
    if (items == NULL) {
        return PTN_ENOMEM;
    }

    for (c = in->cal->comps, n = 0; c != NULL; c = c->next) {
        if (!ptn_ical_is_item(c)) {
            continue;
        }

        p = ptn_ical_prop(c, "UID");
        items[n].comp = c;
        items[n].uid = p != NULL ? p->value : ptn_str("");
        items[n].exception = ptn_ical_replaces(c);
        items[n].order = n;
        n++;
    }

    if (n > 1) {
        qsort(items, n, sizeof(*items), ptn_ical_item_cmp);
    }

    for (from = 0; from < n && in->rc == PTN_OK; from = i) {
        for (i = from + 1; i < n && ptn_str_eq(items[i].uid, items[from].uid)
                           && ptn_str_eq(items[i].comp->name,
                                         items[from].comp->name); i++)
        {
            /* void */
        }

        ptn_ical_items(in, items + from, i - from, out);
    }

    return in->rc;
}


ptn_rc_t
ptn_ical_import(ptn_pool_t *pool, ptn_str_t bytes, const ptn_ical_opts_t *opts,
    ptn_ical_calendar_t *ret_calendar)
{
    uint32_t                n = 0;
    ptn_rc_t                rc;
    ptn_ical_in_t           in = { 0 };
    ptn_ical_comp_t        *root, *cal;
    ptn_ical_zones_t       *zones;
    ptn_ical_calendar_t     out = { 0 };
    const ptn_ical_comp_t  *c;
    const ptn_ical_prop_t  *p;

    rc = ptn_ical_parse(pool, bytes, &root);
    if (rc != PTN_OK) {
        return rc;
    }

    for (cal = root->comps; cal != NULL; cal = cal->next) {
        for (c = cal->comps; c != NULL; c = c->next) {
            n += ptn_ical_is_item(c);
        }
    }

    out.method = ptn_str("");
    out.objects = ptn_parray(pool, n, sizeof(*out.objects));
    zones = ptn_palloc(pool, sizeof(*zones));

    if (out.objects == NULL || zones == NULL) {
        return PTN_ENOMEM;
    }

    in.pool = pool;
    in.opts = opts;
    in.zones = zones;

    for (cal = root->comps; cal != NULL && rc == PTN_OK; cal = cal->next) {
        if (!ptn_str_eqz(cal->name, "VCALENDAR")) {
            continue;
        }

        memset(zones, 0, sizeof(*zones));
        zones->pool = pool;
        zones->cal = cal;
        in.cal = cal;
        in.method = ptn_str("");
        p = ptn_ical_prop(cal, "METHOD");

        if (p != NULL) {
            in.method = ptn_str_dup(pool, p->value);

            if (in.method.data == NULL) {
                return PTN_ENOMEM;
            }

            for (n = 0; n < in.method.len; n++) {
                if (in.method.data[n] >= 'a' && in.method.data[n] <= 'z') {
                    in.method.data[n] -= 'a' - 'A';
                }
            }

            out.method = out.method.len ? out.method : in.method;
        }

        rc = ptn_ical_import_one(&in, &out);
    }

    if (rc == PTN_OK) {
        *ret_calendar = out;
    }

    return rc;
}
