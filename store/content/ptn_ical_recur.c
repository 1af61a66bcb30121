/*
 * Rules and exceptions of events, both ways (MS-OXCICAL 2.1.3.2, MS-OXOCAL
 * 2.2.1.44, 2.2.10).
 */

#include <stdlib.h>

#include "ptn_ical_in.h"


#define PTN_ICAL_EXCEPTIONS_MAX  2000
#define PTN_ICAL_EMBEDDED        5      /* MS-OXCMSG 2.2.2.9 */
#define PTN_ICAL_EXCEPTION_CLASS                                              \
    "IPM.OLE.CLASS.{00061055-0000-0000-C000-000000000046}"


static int
ptn_ical_u32_cmp(const void *a, const void *b)
{
    uint32_t  x = *(const uint32_t *) a, y = *(const uint32_t *) b;

    return x < y ? -1 : x > y;
}


static uint32_t
ptn_ical_unique(uint32_t *list, uint32_t n)
{
    uint32_t  i, k;

    if (n > 1) {
        qsort(list, n, sizeof(*list), ptn_ical_u32_cmp);
    }

    for (i = 0, k = 0; i < n; i++) {
        if (k == 0 || list[k - 1] != list[i]) {
            list[k++] = list[i];
        }
    }

    return k;
}


static uint32_t
ptn_ical_day(uint32_t minutes)
{
    return minutes - minutes % 1440;
}


static bool
ptn_ical_minutes_ok(int64_t local)
{
    return local > -11644473600 && local < 79000000000;
}


/* Of the calendar at hand, on the clock of the series. */

static bool
ptn_ical_on_clock(ptn_ical_in_t *in, const ptn_tz_t *tz,
    const ptn_ical_prop_t *p, ptn_str_t value, int64_t *ret)
{
    ptn_ical_time_t  t;
    ptn_ical_prop_t  one = *p;
    int64_t          utc;

    one.value = value;

    if (!ptn_ical_utc(in, &one, &utc, &t)) {
        return false;
    }

    *ret = t.date || (!t.utc && ptn_ical_param(p, "TZID").data == NULL)
           ? t.local : ptn_tz_to_local(tz, utc, NULL);

    return ptn_ical_minutes_ok(*ret);
}


static uint32_t
ptn_ical_exdates(ptn_ical_in_t *in, const ptn_ical_comp_t *comp,
    uint32_t **ret)
{
    size_t                  i, from;
    int64_t                 t;
    uint32_t                n = 0, size = 1, *list;
    const ptn_ical_prop_t  *p;

    for (p = comp->props; p != NULL; p = p->next) {
        for (i = 0; ptn_str_eqz(p->name, "EXDATE") && i <= p->value.len; i++) {
            size += i == p->value.len || p->value.data[i] == ',';
        }
    }

    *ret = list = ptn_parray(in->pool, (size_t) size + PTN_ICAL_EXCEPTIONS_MAX,
                             sizeof(*list));

    if (list == NULL) {
        in->rc = PTN_ENOMEM;
        return 0;
    }

    for (p = comp->props; p != NULL; p = p->next) {
        if (!ptn_str_eqz(p->name, "EXDATE")) {
            continue;
        }

        for (i = from = 0; i <= p->value.len; i++) {
            if (i < p->value.len && p->value.data[i] != ',') {
                continue;
            }

            if (ptn_ical_on_clock(in, in->tz, p,
                                  ptn_str_make(p->value.data + from, i - from),
                                  &t))
            {
                list[n++] = ptn_ical_day(ptn_recur_minutes(t));
            }

            from = i + 1;
        }
    }

    return n;
}


/* What of an exception is not as in the series (2.2.1.44.2). */

static void
ptn_ical_override(ptn_ical_in_t *in, const ptn_object_t *master,
    const ptn_object_t *object, ptn_recur_exception_t *x)
{
    size_t     i;
    int64_t    a, b;
    uint32_t   tag;
    ptn_str_t  v, w;
    static const struct {
        int       named;
        uint16_t  flag, off;
    } numbers[] = {
        { PTN_ICAL_N_STATE, PTN_RECUR_ARO_MEETING,
          offsetof(ptn_recur_exception_t, meeting) },
        { PTN_ICAL_N_REMINDER_DELTA, PTN_RECUR_ARO_DELTA,
          offsetof(ptn_recur_exception_t, delta) },
        { PTN_ICAL_N_REMINDER_SET, PTN_RECUR_ARO_REMINDER,
          offsetof(ptn_recur_exception_t, reminder) },
        { PTN_ICAL_N_BUSY, PTN_RECUR_ARO_BUSY,
          offsetof(ptn_recur_exception_t, busy) },
        { PTN_ICAL_N_ALL_DAY, PTN_RECUR_ARO_SUBTYPE,
          offsetof(ptn_recur_exception_t, subtype) },
    };

    for (i = 0; i < ptn_nelts(numbers); i++) {
        tag = ptn_ical_tag(in->opts, numbers[i].named);

        if (tag == 0 || !ptn_props_int(&object->props, tag, &a)) {
            continue;
        }

        if (!ptn_props_int(&master->props, tag, &b) || a != b) {
            x->flags |= numbers[i].flag;
            *(uint32_t *) ((u_char *) x + numbers[i].off) = (uint32_t) a;
        }
    }

    v = ptn_props_get(&object->props, PTN_PR_SUBJECT);
    w = ptn_props_get(&master->props, PTN_PR_SUBJECT);

    if (v.data != NULL && !ptn_str_eq(v, w) && v.len < 16384) {
        x->flags |= PTN_RECUR_ARO_SUBJECT;
        x->subject = v;
    }

    tag = ptn_ical_tag(in->opts, PTN_ICAL_N_LOCATION);

    if (tag != 0) {
        v = ptn_props_get(&object->props, tag);
        w = ptn_props_get(&master->props, tag);

        if (v.data != NULL && !ptn_str_eq(v, w) && v.len < 16384) {
            x->flags |= PTN_RECUR_ARO_LOCATION;
            x->location = v;
        }
    }

    v = ptn_props_get(&object->props, PTN_PR_BODY);
    w = ptn_props_get(&master->props, PTN_PR_BODY);

    if (v.data != NULL && !ptn_str_eq(v, w)) {
        x->flags |= PTN_RECUR_ARO_BODY;
    }

    if (ptn_charset_from_utf8(in->pool, ptn_str("windows-1252"), x->subject,
                              &x->subject8) != PTN_OK
        || ptn_charset_from_utf8(in->pool, ptn_str("windows-1252"),
                                 x->location, &x->location8) != PTN_OK)
    {
        in->rc = PTN_ENOMEM;
    }
}


/* One RECURRENCE-ID: an attachment, and a row of the blob; false: no row, as
 * its times are none. */

static bool
ptn_ical_exception_in(ptn_ical_in_t *in, const ptn_ical_comp_t *c,
    ptn_attach_t *a, ptn_recur_exception_t *x)
{
    bool                    known;
    int64_t                 original = 0, start, end;
    ptn_object_t           *object;
    ptn_ical_in_t           sub = *in;
    const ptn_ical_prop_t  *p;

    p = ptn_ical_prop(c, "RECURRENCE-ID");
    known = p != NULL
            && ptn_ical_on_clock(in, in->tz, p, p->value, &original);
    object = ptn_ical_object(&sub, c);

    if (object == NULL || sub.rc != PTN_OK) {
        in->rc = sub.rc;
        return false;
    }

    start = sub.has_start ? ptn_tz_to_local(in->tz, sub.start_utc, NULL)
                          : original;
    end = sub.has_start ? ptn_tz_to_local(in->tz, sub.end_utc, NULL)
                        : original + (in->end.local - in->start.local);

    ptn_ical_set(&sub, &object->props, PTN_PR_MESSAGE_CLASS,
                 ptn_str(PTN_ICAL_EXCEPTION_CLASS));
    ptn_ical_carry_in(&sub, false);

    memset(a, 0, sizeof(*a));
    a->part = PTN_PART_NONE;
    a->has_data = true;
    a->embedded = object;
    ptn_ical_set_int(&sub, &a->props, PTN_PR_ATTACH_METHOD, PTN_ICAL_EMBEDDED);
    ptn_ical_set_int(&sub, &a->props, PTN_PR_ATTACHMENT_FLAGS, 2);
    ptn_ical_set_int(&sub, &a->props, PTN_PR_ATTACHMENT_HIDDEN, 1);

    if (known) {
        ptn_ical_set_int(&sub, &a->props, PTN_PR_EXCEPTION_STARTTIME,
                         ptn_filetime(start));
        ptn_ical_set_int(&sub, &a->props, PTN_PR_EXCEPTION_ENDTIME,
                         ptn_filetime(end));
    }

    in->rc = sub.rc;

    if (!known || !ptn_ical_minutes_ok(start) || !ptn_ical_minutes_ok(end)) {
        return false;
    }

    memset(x, 0, sizeof(*x));
    x->subject = x->location = ptn_str("");
    x->start = x->xstart = ptn_recur_minutes(start);
    x->end = x->xend = ptn_recur_minutes(ptn_max(end, start));
    x->original = x->xoriginal = ptn_recur_minutes(original);
    ptn_ical_override(in, in->object, object, x);

    return in->rc == PTN_OK;
}


static int
ptn_ical_exception_cmp(const void *a, const void *b)
{
    const ptn_recur_exception_t  *x = a, *y = b;

    return x->original < y->original ? -1 : x->original > y->original;
}


/* The pattern; false: no template fits, or there is no rule. */

static bool
ptn_ical_pattern(ptn_ical_in_t *in, ptn_recur_blob_t *b)
{
    ptn_recur_rule_t        rule;
    const ptn_ical_prop_t  *p, *q;

    p = ptn_ical_prop(in->comp, "RRULE");

    if (p == NULL || !in->has_start || ptn_ical_prop(in->comp, "EXRULE")
        || ptn_recur_rule_parse(p->value, &rule) != PTN_OK)
    {
        return false;
    }

    for (q = p->next; q != NULL; q = q->next) {
        if (ptn_str_eqz(q->name, "RRULE")) {
            return false;               /* two rules are no pattern */
        }
    }

    if (in->start.date) {
        rule.hours = 0;
        rule.minutes = rule.seconds = 0;
    }

    return ptn_recur_blob_make(&rule, in->start.local,
                               ptn_max(in->end.local, in->start.local),
                               in->tz, b) == PTN_OK;
}


static void
ptn_ical_recur_props(ptn_ical_in_t *in, const ptn_recur_blob_t *b)
{
    int64_t    clip;
    ptn_rc_t   rc;
    ptn_buf_t  out;

    ptn_buf_init(&out, in->pool);
    rc = ptn_recur_blob_write(&out, b);

    if (rc != PTN_OK || out.failed) {
        in->rc = rc == PTN_OK ? PTN_ENOMEM : rc;
        return;
    }

    if (in->kind == PTN_ICAL_TODO) {
        ptn_ical_set_named(in, PTN_ICAL_N_TASK_RECUR, ptn_buf_get(&out));
        ptn_ical_set_named_int(in, PTN_ICAL_N_TASK_RECURRING, 1);
        return;
    }

    ptn_ical_set_named(in, PTN_ICAL_N_RECUR, ptn_buf_get(&out));
    ptn_ical_set_named_int(in, PTN_ICAL_N_RECURRING, 1);
    ptn_ical_set_named_int(in, PTN_ICAL_N_IS_RECURRING, 1);
    ptn_ical_set_named_int(in, PTN_ICAL_N_RECUR_TYPE,
                           b->pattern == PTN_RECUR_DAY ? 1
                           : b->pattern == PTN_RECUR_WEEK ? 2
                           : b->period % 12 == 0 ? 4 : 3);
    clip = ptn_tz_to_utc(in->tz, ptn_recur_local(b->start_date), NULL);
    ptn_ical_set_named_int(in, PTN_ICAL_N_CLIP_START, ptn_filetime(clip));
    clip = ptn_recur_local(b->end_date);
    ptn_ical_set_named_int(in, PTN_ICAL_N_CLIP_END, ptn_filetime(clip));
}


void
ptn_ical_recur_in(ptn_ical_in_t *in, const ptn_ical_comp_t *const *others,
    uint32_t n)
{
    bool                    fits;
    uint32_t                i, k = 0, deleted, *dates;
    ptn_attach_t           *attachs;
    ptn_recur_blob_t        b = { 0 };
    ptn_recur_exception_t  *x;

    if (in->rc != PTN_OK) {
        return;
    }

    fits = ptn_ical_pattern(in, &b);

    if (in->kind == PTN_ICAL_TODO) {
        if (fits) {
            b.appointment = false;
            ptn_ical_recur_props(in, &b);
        }

        return;
    }

    if (in->kind != PTN_ICAL_EVENT || (!fits && n == 0)) {
        return;
    }

    attachs = ptn_pcalloc(in->pool, (in->object->nattachs + (size_t) n)
                                    * sizeof(*attachs));
    x = ptn_pcalloc(in->pool, n * sizeof(*x));

    if (attachs == NULL || x == NULL) {
        in->rc = PTN_ENOMEM;
        return;
    }

    for (i = 0; i < in->object->nattachs; i++) {
        attachs[i] = in->object->attachs[i];
    }

    deleted = ptn_ical_exdates(in, in->comp, &dates);

    for (i = 0; i < n && in->rc == PTN_OK; i++) {
        if (ptn_ical_exception_in(in, others[i],
                                  &attachs[in->object->nattachs + i], &x[k])
            && k < PTN_ICAL_EXCEPTIONS_MAX)
        {
            dates[deleted++] = ptn_ical_day(x[k].original);
            k++;
        }

        attachs[in->object->nattachs + i].num = in->object->nattachs + i;
    }

    in->object->attachs = attachs;
    in->object->nattachs += n;

    if (in->rc != PTN_OK || !fits) {
        return;
    }

    b.modified = ptn_parray(in->pool, k, sizeof(*b.modified));

    if (b.modified == NULL) {
        in->rc = PTN_ENOMEM;
        return;
    }

    if (k > 1) {
        qsort(x, k, sizeof(*x), ptn_ical_exception_cmp);
    }

    for (i = 0; i < k; i++) {
        b.modified[i] = ptn_ical_day(x[i].start);
    }

    if (k > 1) {
        qsort(b.modified, k, sizeof(*b.modified), ptn_ical_u32_cmp);
    }

    b.nmodified = k;
    b.nexceptions = (uint16_t) k;
    b.exceptions = x;
    b.deleted = dates;
    b.ndeleted = ptn_ical_unique(dates, deleted);

    if (b.nmodified <= b.ndeleted) {
        ptn_ical_recur_props(in, &b);
    }
}


/* --- out ------------------------------------------------------------------ */

bool
ptn_ical_is_exception(const ptn_attach_t *a)
{
    return a->embedded != NULL
           && ptn_str_istarts(ptn_props_get(&a->embedded->props,
                                            PTN_PR_MESSAGE_CLASS),
                              "IPM.OLE.CLASS.{00061055");
}


ptn_rc_t
ptn_ical_blob(ptn_ical_out_t *out, ptn_recur_blob_t *ret)
{
    bool       task;
    ptn_str_t  v;

    task = out->kind == PTN_ICAL_TODO;
    v = ptn_ical_get_named(out, task ? PTN_ICAL_N_TASK_RECUR
                                     : PTN_ICAL_N_RECUR);

    return v.data == NULL ? PTN_ENOTFOUND
                          : ptn_recur_blob_parse(out->pool, v, !task, ret);
}


/* UNTIL of a series is the start of its last occurrence, in UTC. */

static void
ptn_ical_until(ptn_ical_out_t *out, ptn_recur_rule_t *r, int64_t start)
{
    int64_t  tod;

    if (r->until_kind == PTN_RECUR_NO_UNTIL || out->all_day
        || out->kind == PTN_ICAL_TODO)
    {
        return;
    }

    tod = ((start % 86400) + 86400) % 86400;
    r->until = ptn_tz_to_utc(out->tz, r->until + tod, NULL);
    r->until_kind = PTN_RECUR_UNTIL_UTC;
}


void
ptn_ical_recur_out(ptn_ical_out_t *out)
{
    int64_t             start, tod;
    uint32_t            i, *days;
    ptn_buf_t           b;
    ptn_rc_t            rc;
    ptn_recur_rule_t    r;
    ptn_recur_blob_t    blob;

    rc = ptn_ical_blob(out, &blob);

    if (rc != PTN_OK || ptn_recur_blob_rule(&blob, &r) != PTN_OK) {
        out->rc = rc == PTN_ENOMEM ? rc : out->rc;
        return;
    }

    start = ptn_tz_to_local(out->tz, out->start_utc, NULL);
    tod = ((start % 86400) + 86400) % 86400;
    ptn_ical_until(out, &r, start);

    ptn_buf_init(&b, out->pool);
    ptn_buf_z(&b, "RRULE:");
    ptn_recur_rule_write(&b, &r);
    ptn_ical_add(out, NULL, ptn_buf_get(&b));

    days = ptn_parray(out->pool, blob.nexceptions, sizeof(*days));
    if (days == NULL) {
        out->rc = PTN_ENOMEM;
        return;
    }

    for (i = 0; i < blob.nexceptions; i++) {
        days[i] = ptn_ical_day(blob.exceptions[i].original);
    }

    qsort(days, blob.nexceptions, sizeof(*days), ptn_ical_u32_cmp);

    for (i = 0; i < blob.ndeleted; i++) {
        if (bsearch(&blob.deleted[i], days, blob.nexceptions, sizeof(*days),
                    ptn_ical_u32_cmp) != NULL)
        {
            continue;                   /* changed, not gone */
        }

        ptn_buf_init(&b, out->pool);
        ptn_buf_z(&b, "EXDATE");
        ptn_ical_put_time(out, &b, ptn_recur_local(blob.deleted[i]) + tod);
        ptn_ical_add(out, "RRULE", ptn_buf_get(&b));
    }

    out->rc = b.failed ? PTN_ENOMEM : out->rc;
}
