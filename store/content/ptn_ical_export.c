/*
 * Objects to components (MS-OXCICAL 2.1.3).
 */

#include <stdlib.h>

#include "ptn_ical_in.h"


#define PTN_ICAL_PRODID  "PRODID:-//postern//postern//EN"


ptn_str_t
ptn_ical_get_named(const ptn_ical_out_t *out, int named)
{
    uint32_t  tag;

    tag = ptn_ical_tag(out->opts, named);

    return tag != 0 ? ptn_props_get(&out->object->props, tag)
                    : (ptn_str_t) ptn_null_string;
}


bool
ptn_ical_get_named_int(const ptn_ical_out_t *out, int named, int64_t *ret)
{
    uint32_t  tag;

    tag = ptn_ical_tag(out->opts, named);

    return tag != 0 && ptn_props_int(&out->object->props, tag, ret);
}


void
ptn_ical_add(ptn_ical_out_t *out, const char *key, ptn_str_t line)
{
    size_t            i;
    ptn_str_t         k;
    ptn_ical_line_t  *p;

    if (out->rc != PTN_OK || line.data == NULL) {
        out->rc = out->rc != PTN_OK ? out->rc : PTN_ENOMEM;
        return;
    }

    if (key != NULL) {
        k = ptn_str_z(key);

    } else {
        for (i = 0; i < line.len && line.data[i] != ':' && line.data[i] != ';';
             i++)
        {
            /* void */
        }

        k = ptn_str_make(line.data, i);
    }

    if (out->n == out->size) {
        out->size = out->size ? out->size * 2 : 32;
        p = ptn_parray(out->pool, out->size, sizeof(*p));

        if (p == NULL) {
            out->rc = PTN_ENOMEM;
            return;
        }

        if (out->n != 0) {
            memcpy(p, out->lines, out->n * sizeof(*p));
        }

        out->lines = p;
    }

    out->lines[out->n] = (ptn_ical_line_t) { k, line, out->n };
    out->n++;
}


/* --- times ---------------------------------------------------------------- */

/* ":..." of a time on the object's clock. */

void
ptn_ical_put_time(ptn_ical_out_t *out, ptn_buf_t *b, int64_t local)
{
    bool         quote;
    size_t       i;
    ptn_civil_t  c;

    ptn_time_to_civil(local, &c);

    if (out->all_day || out->kind == PTN_ICAL_TODO) {
        ptn_buf_printf(b, ";VALUE=DATE:%04d%02d%02d", c.year, c.month, c.day);
        return;
    }

    if (out->tz != NULL) {
        for (i = 0, quote = false; i < out->tzid.len; i++) {
            quote |= strchr(":;,", out->tzid.data[i]) != NULL;
        }

        ptn_buf_printf(b, ";TZID=%s", quote ? "\"" : "");
        ptn_buf_str(b, out->tzid);
        ptn_buf_z(b, quote ? "\"" : "");
    }

    ptn_buf_printf(b, ":%04d%02d%02dT%02d%02d%02d%s", c.year, c.month, c.day,
                   c.hour, c.min, c.sec, out->tz == NULL ? "Z" : "");
}


void
ptn_ical_add_time(ptn_ical_out_t *out, const char *name, int64_t utc)
{
    ptn_buf_t  b;

    ptn_buf_init(&b, out->pool);
    ptn_buf_z(&b, name);
    ptn_ical_put_time(out, &b, ptn_tz_to_local(out->tz, utc, NULL));
    out->rc = b.failed ? PTN_ENOMEM : out->rc;
    ptn_ical_add(out, strcmp(name, "DUE") == 0 ? "DTEND" : NULL,
                 ptn_buf_get(&b));
}


/* Whose clock: the definition's key name, or the structure's rule.  False: it
 * says none. */

static bool
ptn_ical_zone_out(ptn_ical_out_t *out)
{
    size_t           i;
    ptn_str_t        v;
    ptn_tz_rule_t    rule;
    const ptn_tz_t  *tz = NULL, *known;

    v = ptn_ical_get_named(out, PTN_ICAL_N_TZ_START);

    if (v.data != NULL
        && ptn_tz_definition_parse(out->pool, v, &tz, &rule) == PTN_OK)
    {
        if (ptn_tz_find(out->pool, tz->windows, &known) == PTN_OK) {
            tz = known;
        }

    } else {
        v = ptn_ical_get_named(out, PTN_ICAL_N_TZ_STRUCT);

        if (v.data != NULL && ptn_tz_struct_parse(v, &rule) == PTN_OK
            && ptn_tz_match(out->pool, &rule, &tz) != PTN_OK
            && ptn_tz_from_rule(out->pool, ptn_str("Zone"), &rule, &tz)
               != PTN_OK)
        {
            out->rc = PTN_ENOMEM;
            return false;
        }
    }

    if (tz == NULL || ptn_str_eqz(tz->name, "UTC")) {
        return tz != NULL;
    }

    v = tz->windows.len != 0 ? ptn_tz_olson(tz->windows) : ptn_str("");
    v = v.len != 0 ? v : tz->name.len != 0 ? tz->name : ptn_str("Zone");
    v = ptn_str_dup(out->pool, v);

    for (i = 0; v.data != NULL && i < v.len; i++) {
        if (v.data[i] < ' ' || v.data[i] == '"') {
            v.data[i] = '_';
        }
    }

    out->tz = tz;
    out->tzid = v;
    out->rc = v.data == NULL ? PTN_ENOMEM : out->rc;

    return true;
}


static void
ptn_ical_times_out(ptn_ical_out_t *out)
{
    int      start, end;
    bool     zone = false;
    int64_t  n;

    if (out->kind == PTN_ICAL_TODO) {
        start = PTN_ICAL_N_TASK_START;
        end = PTN_ICAL_N_TASK_DUE;

    } else if (out->kind == PTN_ICAL_JOURNAL) {
        start = PTN_ICAL_N_LOG_START;
        end = -1;

    } else {
        start = PTN_ICAL_N_START;
        end = PTN_ICAL_N_END;
        zone = ptn_ical_zone_out(out);
    }

    if (out->kind == PTN_ICAL_EVENT
        && ptn_ical_get_named_int(out, PTN_ICAL_N_ALL_DAY, &n) && n)
    {
        out->all_day = true;

        if (!zone) {                    /* midnight of whoever looks */
            out->tz = out->opts->floating;
        }
    }

    if (ptn_ical_get_named_int(out, start, &n)) {
        out->has_start = true;
        out->start_utc = ptn_ical_from_filetime(n);
        ptn_ical_add_time(out, "DTSTART", out->start_utc);
    }

    if (end >= 0 && ptn_ical_get_named_int(out, end, &n)) {
        out->end_utc = ptn_ical_from_filetime(n);
        ptn_ical_add_time(out, out->kind == PTN_ICAL_TODO ? "DUE" : "DTEND",
                          out->end_utc);
    }

    if (ptn_ical_get_named_int(out, PTN_ICAL_N_REPLACES, &n)) {
        ptn_ical_add_time(out, "RECURRENCE-ID", ptn_ical_from_filetime(n));
    }
}


/* --- lines ---------------------------------------------------------------- */

static unsigned
ptn_ical_kind(const ptn_object_t *object)
{
    ptn_str_t  class;

    class = ptn_props_get(&object->props, PTN_PR_MESSAGE_CLASS);

    return ptn_str_istarts(class, "IPM.Task") ? PTN_ICAL_TODO
           : ptn_str_istarts(class, "IPM.Activity") ? PTN_ICAL_JOURNAL
                                                    : PTN_ICAL_EVENT;
}


void
ptn_ical_lines(ptn_ical_out_t *out)
{
    uint32_t               i;
    const ptn_ical_row_t  *row;

    out->tz = NULL;
    out->all_day = out->has_start = false;
    out->n = 0;
    ptn_ical_times_out(out);

    for (i = 0; i < ptn_ical_nrows && out->rc == PTN_OK; i++) {
        row = &ptn_ical_rows[i];

        if (row->out != NULL && (row->kinds & out->kind)) {
            row->out(out, row);
        }
    }

    if (out->rc != PTN_OK) {
        return;
    }

    if (out->kind == PTN_ICAL_EVENT) {
        ptn_ical_people_out(out);
        ptn_ical_alarm_out(out);
    }

    if (out->kind != PTN_ICAL_JOURNAL && out->has_start) {
        ptn_ical_recur_out(out);
    }

    ptn_ical_attach_out(out);
}


static const char *
ptn_ical_method(const ptn_object_t *object, const ptn_ical_opts_t *opts)
{
    int64_t    n;
    uint32_t   tag;
    ptn_str_t  class;

    class = ptn_props_get(&object->props, PTN_PR_MESSAGE_CLASS);
    tag = ptn_ical_tag(opts, PTN_ICAL_N_COUNTER);

    if (ptn_str_istarts(class, "IPM.Schedule.Meeting.Request")) {
        return "REQUEST";
    }

    if (ptn_str_istarts(class, "IPM.Schedule.Meeting.Canceled")) {
        return "CANCEL";
    }

    if (ptn_str_istarts(class, "IPM.Schedule.Meeting.Resp.")) {
        return tag != 0 && ptn_props_int(&object->props, tag, &n) && n
               ? "COUNTER" : "REPLY";
    }

    return NULL;
}


void
ptn_ical_calendar_lines(ptn_ical_out_t *out)
{
    const char  *method;

    ptn_ical_add(out, NULL, ptn_str(PTN_ICAL_PRODID));
    ptn_ical_add(out, NULL, ptn_str("VERSION:2.0"));
    method = ptn_ical_method(out->object, out->opts);

    if (method != NULL) {
        ptn_ical_add(out, NULL, ptn_str_printf(out->pool, "METHOD:%s",
                                               method));
    }
}


/* --- the calendar --------------------------------------------------------- */

/* Zones that lines name: of each the VTIMEZONE that export would write. */
typedef struct {
    ptn_str_t        tzid;
    const ptn_tz_t  *tz;
    int              year;
} ptn_ical_used_t;

typedef struct {
    ptn_pool_t             *pool;
    const ptn_ical_opts_t  *opts;
    ptn_ical_used_t         used[PTN_ICAL_ZONES_MAX];
    uint32_t                n;
    ptn_buf_t               text;       /* lines of all components */
} ptn_ical_cal_t;


static void
ptn_ical_use(ptn_ical_cal_t *cal, const ptn_ical_out_t *out)
{
    uint32_t     i;
    ptn_civil_t  c;

    if (out->tz == NULL || out->all_day || out->tzid.data == NULL) {
        return;
    }

    for (i = 0; i < cal->n; i++) {
        if (ptn_str_eq(cal->used[i].tzid, out->tzid)) {
            return;
        }
    }

    if (cal->n == PTN_ICAL_ZONES_MAX) {
        return;
    }

    ptn_time_to_civil(out->start_utc, &c);
    cal->used[cal->n++] = (ptn_ical_used_t) { out->tzid, out->tz, c.year };
}


static bool
ptn_ical_has_line(const ptn_ical_out_t *out, const char *name)
{
    uint32_t  i;

    for (i = 0; i < out->n; i++) {
        if (ptn_str_eqz(out->lines[i].key, name)) {
            return true;
        }
    }

    return false;
}


static ptn_rc_t
ptn_ical_put_object(ptn_ical_cal_t *cal, const ptn_object_t *object,
    const ptn_object_t *master)
{
    size_t           from;
    ptn_str_t        v;
    const char      *name;
    ptn_civil_t      c;
    ptn_ical_out_t   out = { 0 };

    out.pool = cal->pool;
    out.opts = cal->opts;
    out.object = object;
    out.master = master;
    out.kind = ptn_ical_kind(object);
    out.tzid = (ptn_str_t) ptn_null_string;
    name = out.kind == PTN_ICAL_TODO ? "VTODO"
           : out.kind == PTN_ICAL_JOURNAL ? "VJOURNAL" : "VEVENT";

    ptn_ical_lines(&out);
    ptn_ical_use(cal, &out);

    /* MAPI's exceptions take their UID from the series */

    if (master != NULL && out.rc == PTN_OK && !ptn_ical_has_line(&out, "UID")) {
        out.object = master;
        v = ptn_ical_get_named(&out, PTN_ICAL_N_GLOBAL_ID);
        out.object = object;

        if (v.data != NULL && ptn_ical_uid(cal->pool, v, &v) == PTN_OK) {
            ptn_ical_add(&out, NULL,
                         ptn_str_printf(cal->pool, "UID:%.*s", (int) v.len,
                                        (char *) v.data));
        }
    }

    ptn_buf_printf(&cal->text, "BEGIN:%s\n", name);
    from = cal->text.len;
    ptn_ical_carry_out(&out, 'E', &cal->text);

    /* RFC 5545 3.6.1: there must be one */

    v = ptn_str_make(cal->text.data + from, cal->text.len - from);

    if (!cal->text.failed && cal->opts->now != 0
        && !ptn_str_istarts(v, "DTSTAMP")
        && memmem(v.data, v.len, "\nDTSTAMP", 8) == NULL
        && !ptn_ical_has_line(&out, "DTSTAMP"))
    {
        ptn_time_to_civil(cal->opts->now, &c);
        ptn_buf_printf(&cal->text, "DTSTAMP:%04d%02d%02dT%02d%02d%02dZ\n",
                       c.year, c.month, c.day, c.hour, c.min, c.sec);
    }

    ptn_buf_printf(&cal->text, "END:%s\n", name);

    return out.rc;
}


static bool
ptn_ical_holds(ptn_str_t text, const char *before, ptn_str_t what,
    const char *behind)
{
    u_char  *p;
    size_t   n, k;

    n = strlen(before);
    k = strlen(behind);

    while (text.len > n + what.len
           && (p = memmem(text.data, text.len, before, n)) != NULL)
    {
        text = ptn_str_make(p + n, text.len - (size_t) (p + n - text.data));

        if (text.len >= what.len + k
            && memcmp(text.data, what.data, what.len) == 0
            && memcmp(text.data + what.len, behind, k) == 0)
        {
            return true;
        }
    }

    return false;
}


/* --- exceptions of MAPI's making ------------------------------------------- */

/* What an exception does not have of the series. */
static const int  ptn_ical_not_inherited[] = {
    PTN_ICAL_N_RECUR, PTN_ICAL_N_RECURRING, PTN_ICAL_N_IS_RECURRING,
    PTN_ICAL_N_CARRY, PTN_ICAL_N_TZ_RECUR, PTN_ICAL_N_REPLACES,
    PTN_ICAL_N_START, PTN_ICAL_N_END
};


/* An exception as a whole: what it does not say the series says (MS-OXOCAL
 * 2.2.10).  One that came as a component says all. */

static ptn_object_t *
ptn_ical_whole(ptn_ical_cal_t *cal, const ptn_object_t *object,
    const ptn_object_t *master)
{
    size_t         i;
    uint32_t       tag;
    ptn_props_t    from = { 0 };
    ptn_object_t  *o;

    o = ptn_pmemdup(cal->pool, object, sizeof(*o));
    if (o == NULL) {
        return NULL;
    }

    memset(&o->props, 0, sizeof(o->props));

    if (ptn_props_merge(&o->props, cal->pool, &object->props) != PTN_OK
        || ptn_props_merge(&from, cal->pool, &master->props) != PTN_OK)
    {
        return NULL;
    }

    for (i = 0; i < ptn_nelts(ptn_ical_not_inherited); i++) {
        tag = ptn_ical_tag(cal->opts, ptn_ical_not_inherited[i]);

        if (tag != 0) {
            ptn_props_unset(&from, ptn_prop_id(tag));
        }
    }

    if (ptn_props_merge(&o->props, cal->pool, &from) != PTN_OK) {
        return NULL;
    }

    if (o->nrecips == 0) {
        o->recips = master->recips;
        o->nrecips = master->nrecips;
    }

    return o;
}


static ptn_rc_t
ptn_ical_put_exception(ptn_ical_cal_t *cal, const ptn_object_t *object,
    const ptn_object_t *master)
{
    uint32_t             tag;
    const ptn_object_t  *o = object;

    tag = ptn_ical_tag(cal->opts, PTN_ICAL_N_CARRY);

    if (tag == 0 || ptn_props_get(&object->props, tag).data == NULL) {
        o = ptn_ical_whole(cal, object, master);
    }

    return o != NULL ? ptn_ical_put_object(cal, o, master) : PTN_ENOMEM;
}


/* One that only the blob knows. */

static ptn_rc_t
ptn_ical_put_row(ptn_ical_cal_t *cal, const ptn_ical_out_t *out,
    const ptn_recur_exception_t *x)
{
    size_t        i;
    ptn_rc_t      rc = PTN_OK;
    ptn_object_t  o = { 0 };
    const struct {
        int       named;
        uint16_t  flag;
        int64_t   n;
    } numbers[] = {
        { PTN_ICAL_N_START, 0, ptn_filetime(
              ptn_tz_to_utc(out->tz, ptn_recur_local(x->start), NULL)) },
        { PTN_ICAL_N_END, 0, ptn_filetime(
              ptn_tz_to_utc(out->tz, ptn_recur_local(x->end), NULL)) },
        { PTN_ICAL_N_REPLACES, 0, ptn_filetime(
              ptn_tz_to_utc(out->tz, ptn_recur_local(x->original), NULL)) },
        { PTN_ICAL_N_BUSY, PTN_RECUR_ARO_BUSY, x->busy },
        { PTN_ICAL_N_REMINDER_SET, PTN_RECUR_ARO_REMINDER, x->reminder },
        { PTN_ICAL_N_REMINDER_DELTA, PTN_RECUR_ARO_DELTA, x->delta },
        { PTN_ICAL_N_ALL_DAY, PTN_RECUR_ARO_SUBTYPE, x->subtype != 0 },
    };

    for (i = 0; i < ptn_nelts(numbers) && rc == PTN_OK; i++) {
        if (ptn_ical_tag(cal->opts, numbers[i].named) != 0
            && (numbers[i].flag == 0 || (x->flags & numbers[i].flag)))
        {
            rc = ptn_props_set_int(&o.props, cal->pool,
                                   ptn_ical_tag(cal->opts, numbers[i].named),
                                   numbers[i].n);
        }
    }

    if (rc == PTN_OK && (x->flags & PTN_RECUR_ARO_SUBJECT) && x->subject.data) {
        rc = ptn_props_set(&o.props, cal->pool, PTN_PR_SUBJECT, x->subject);
    }

    if (rc == PTN_OK && (x->flags & PTN_RECUR_ARO_LOCATION) && x->location.data
        && ptn_ical_tag(cal->opts, PTN_ICAL_N_LOCATION) != 0)
    {
        rc = ptn_props_set(&o.props, cal->pool,
                           ptn_ical_tag(cal->opts, PTN_ICAL_N_LOCATION),
                           x->location);
    }

    return rc == PTN_OK ? ptn_ical_put_exception(cal, &o, out->object) : rc;
}


static int
ptn_ical_i64_cmp(const void *a, const void *b)
{
    int64_t  x = *(const int64_t *) a, y = *(const int64_t *) b;

    return x < y ? -1 : x > y;
}


/* Exceptions: the objects, then what only the blob has. */

static ptn_rc_t
ptn_ical_put_exceptions(ptn_ical_cal_t *cal, const ptn_object_t *object)
{
    int64_t             n, *seen, utc;
    uint32_t            i, k = 0, tag;
    ptn_rc_t            rc = PTN_OK;
    ptn_ical_out_t      out = { 0 };
    ptn_recur_blob_t    b;

    seen = ptn_parray(cal->pool, object->nattachs, sizeof(*seen));
    if (seen == NULL) {
        return PTN_ENOMEM;
    }

    tag = ptn_ical_tag(cal->opts, PTN_ICAL_N_REPLACES);

    for (i = 0; i < object->nattachs && rc == PTN_OK; i++) {
        if (ptn_ical_is_exception(&object->attachs[i])) {
            rc = ptn_ical_put_exception(cal, object->attachs[i].embedded,
                                        object);

            if (tag != 0 && ptn_props_int(&object->attachs[i].embedded->props,
                                          tag, &n))
            {
                seen[k++] = ptn_ical_from_filetime(n) / 60;
            }
        }
    }

    out.pool = cal->pool;
    out.opts = cal->opts;
    out.object = object;
    out.kind = ptn_ical_kind(object);

    if (rc != PTN_OK || tag == 0 || out.kind != PTN_ICAL_EVENT
        || ptn_ical_blob(&out, &b) != PTN_OK || b.nexceptions == 0)
    {
        return rc;
    }

    ptn_ical_lines(&out);               /* its zone */
    rc = out.rc;

    if (k > 1) {
        qsort(seen, k, sizeof(*seen), ptn_ical_i64_cmp);
    }

    for (i = 0; i < b.nexceptions && rc == PTN_OK; i++) {
        utc = ptn_tz_to_utc(out.tz, ptn_recur_local(b.exceptions[i].original),
                            NULL) / 60;

        if (bsearch(&utc, seen, k, sizeof(*seen), ptn_ical_i64_cmp) == NULL) {
            rc = ptn_ical_put_row(cal, &out, &b.exceptions[i]);
        }
    }

    return rc;
}


/* VTIMEZONEs of `head` are there; those that are named and are not come now. */

static void
ptn_ical_put_zones(ptn_ical_cal_t *cal, ptn_str_t head, ptn_buf_t *to)
{
    uint32_t    i;
    ptn_str_t   id, text;

    text = ptn_buf_get(&cal->text);

    for (i = 0; i < cal->n && !cal->text.failed; i++) {
        id = cal->used[i].tzid;

        if ((ptn_ical_holds(text, "TZID=", id, ":")
             || ptn_ical_holds(text, "TZID=", id, ";")
             || ptn_ical_holds(text, "TZID=\"", id, "\""))
            && !ptn_ical_holds(head, "\nTZID:", id, "\n"))
        {
            ptn_ical_put_tz(to, cal->used[i].tz, id, cal->used[i].year);
        }
    }
}


static void
ptn_ical_fold_all(ptn_buf_t *out, ptn_str_t text)
{
    u_char  *p;
    size_t   n, k;

    while (text.len != 0) {
        p = memchr(text.data, '\n', text.len);
        n = p != NULL ? (size_t) (p - text.data) : text.len;

        /* a blank in front would continue the line before */

        for (k = 0; k < n && (text.data[k] == ' ' || text.data[k] == '\t');
             k++)
        {
            /* void */
        }

        if (k != n) {
            ptn_ical_put_line(out, ptn_str_make(text.data + k, n - k));
        }

        n = ptn_min(n + 1, text.len);
        text = ptn_str_make(text.data + n, text.len - n);
    }
}


ptn_rc_t
ptn_ical_export(ptn_pool_t *pool, const ptn_object_t *const *objects,
    uint32_t n, const ptn_ical_opts_t *opts, ptn_str_t *ret_bytes)
{
    uint32_t        i;
    ptn_rc_t        rc;
    ptn_buf_t       head, out;
    ptn_ical_cal_t  cal = { 0 };
    ptn_ical_out_t  first = { 0 };

    cal.pool = pool;
    cal.opts = opts;
    ptn_buf_init(&cal.text, pool);
    ptn_buf_init(&head, pool);
    ptn_buf_init(&out, pool);

    for (i = 0; i < n; i++) {
        rc = ptn_ical_put_object(&cal, objects[i], NULL);

        if (rc == PTN_OK) {
            rc = ptn_ical_put_exceptions(&cal, objects[i]);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    if (n != 0) {
        first.pool = pool;
        first.opts = opts;
        first.object = objects[0];
        ptn_ical_calendar_lines(&first);
        ptn_ical_carry_out(&first, 'C', &head);

        if (first.rc != PTN_OK) {
            return first.rc;
        }

        ptn_ical_put_zones(&cal, ptn_buf_get(&head), &head);
    }

    ptn_buf_z(&out, "BEGIN:VCALENDAR\r\n");
    ptn_ical_fold_all(&out, ptn_buf_get(&head));
    ptn_ical_fold_all(&out, ptn_buf_get(&cal.text));
    ptn_buf_z(&out, "END:VCALENDAR\r\n");

    if (out.failed || head.failed || cal.text.failed) {
        return PTN_ENOMEM;
    }

    *ret_bytes = ptn_buf_get(&out);

    return PTN_OK;
}


ptn_rc_t
ptn_ical_series(ptn_pool_t *pool, const ptn_object_t *object,
    const ptn_ical_opts_t *opts, ptn_series_t *ret_series)
{
    ptn_rc_t          rc;
    ptn_str_t         bytes;
    ptn_ical_comp_t  *root, *c;

    rc = ptn_ical_export(pool, &object, 1, opts, &bytes);

    if (rc == PTN_OK) {
        rc = ptn_ical_parse(pool, bytes, &root);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    for (c = root->comps ? root->comps->comps : NULL; c != NULL; c = c->next) {
        if (!ptn_str_eqz(c->name, "VTIMEZONE")
            && (ptn_str_eqz(c->name, "VEVENT") || ptn_str_eqz(c->name, "VTODO")
                || ptn_str_eqz(c->name, "VJOURNAL")))
        {
            return ptn_ical_comp_series(pool, root->comps, c, opts->floating,
                                        ret_series);
        }
    }

    return PTN_EPARSE;
}
