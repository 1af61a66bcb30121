/*
 * Properties of components, a row each (MS-OXCICAL 2.1.3.1.1.20): what import
 * makes of them, what export makes them of.  docs/content-calendar.md shows
 * this table.
 */

#include "ptn_ical_in.h"


#define PTN_ICAL_ALL  (PTN_ICAL_EVENT | PTN_ICAL_TODO | PTN_ICAL_JOURNAL)


static uint32_t
ptn_ical_row_tag(const ptn_ical_opts_t *opts, const ptn_ical_row_t *row)
{
    return row->tag != 0 ? row->tag : ptn_ical_tag(opts, row->named);
}


static bool
ptn_ical_row_int(const ptn_ical_out_t *out, const ptn_ical_row_t *row,
    int64_t *ret)
{
    uint32_t  tag;

    tag = ptn_ical_row_tag(out->opts, row);

    return tag != 0 && ptn_props_int(&out->object->props, tag, ret);
}


static ptn_str_t
ptn_ical_row_get(const ptn_ical_out_t *out, const ptn_ical_row_t *row)
{
    uint32_t  tag;

    tag = ptn_ical_row_tag(out->opts, row);

    return tag != 0 ? ptn_props_get(&out->object->props, tag)
                    : (ptn_str_t) ptn_null_string;
}


static void
ptn_ical_add_text(ptn_ical_out_t *out, const char *head, ptn_str_t text)
{
    ptn_buf_t  b;

    ptn_buf_init(&b, out->pool);
    ptn_buf_z(&b, head);
    ptn_buf_byte(&b, ':');
    ptn_ical_escape(&b, text);
    ptn_ical_add(out, NULL, ptn_buf_get(&b));
}


static void
ptn_ical_add_word(ptn_ical_out_t *out, const char *name, const char *word)
{
    ptn_ical_add(out, NULL, ptn_str_printf(out->pool, "%s:%s", name, word));
}


/* --- texts ---------------------------------------------------------------- */

static void
ptn_ical_text_in(ptn_ical_in_t *in, const ptn_ical_row_t *row,
    const ptn_ical_prop_t *prop)
{
    ptn_ical_set(in, &in->object->props, ptn_ical_row_tag(in->opts, row),
                 ptn_ical_unescape(in->pool, prop->value));
}


static void
ptn_ical_text_out(ptn_ical_out_t *out, const ptn_ical_row_t *row)
{
    ptn_str_t  v;

    v = ptn_ical_row_get(out, row);

    if (v.data != NULL && v.len != 0) {
        ptn_ical_add_text(out, row->name, v);
    }
}


/* One line, and what a subject is of. */

static void
ptn_ical_summary_in(ptn_ical_in_t *in, const ptn_ical_row_t *row,
    const ptn_ical_prop_t *prop)
{
    size_t     i, n;
    ptn_str_t  s;

    s = ptn_str_dup(in->pool, ptn_ical_unescape(in->pool, prop->value));

    for (i = 0, n = 0; s.data != NULL && i < s.len; i++) {
        if (s.data[i] != '\r') {
            s.data[n++] = s.data[i] == '\n' ? ' ' : s.data[i];
        }
    }

    s.len = n;
    ptn_ical_set(in, &in->object->props, row->tag, s);
    ptn_ical_set(in, &in->object->props, PTN_PR_NORMALIZED_SUBJECT, s);
    ptn_ical_set(in, &in->object->props, PTN_PR_CONVERSATION_TOPIC, s);
}


static void
ptn_ical_html_in(ptn_ical_in_t *in, const ptn_ical_row_t *row,
    const ptn_ical_prop_t *prop)
{
    if (!ptn_str_ieqz(ptn_ical_param(prop, "FMTTYPE"), "text/html")) {
        return;
    }

    ptn_ical_set(in, &in->object->props, row->tag,
                 ptn_ical_unescape(in->pool, prop->value));
    ptn_ical_set_int(in, &in->object->props, PTN_PR_INTERNET_CPID, 65001);
    ptn_ical_set_int(in, &in->object->props, PTN_PR_NATIVE_BODY, 3);
}


static void
ptn_ical_html_out(ptn_ical_out_t *out, const ptn_ical_row_t *row)
{
    int64_t    cpid;
    ptn_str_t  v;

    v = ptn_props_get(&out->object->props, row->tag);

    if (v.data == NULL || v.len == 0) {
        return;
    }

    if (!ptn_props_int(&out->object->props, PTN_PR_INTERNET_CPID, &cpid)) {
        cpid = 65001;
    }

    if (cpid != 65001
        && ptn_codepage_to_utf8(out->pool, (uint32_t) cpid, v, &v) != PTN_OK)
    {
        out->rc = PTN_ENOMEM;
        return;
    }

    ptn_ical_add_text(out, "X-ALT-DESC;FMTTYPE=text/html",
                      ptn_utf8_clean(out->pool, v));
}


/* CATEGORIES: those of all lines. */

static void
ptn_ical_keywords_in(ptn_ical_in_t *in, const ptn_ical_row_t *row,
    const ptn_ical_prop_t *prop)
{
    size_t                  i, from;
    uint32_t                n = 0, size = 1, tag;
    ptn_str_t               v, *list, value;
    const ptn_ical_prop_t  *p;

    if (prop != ptn_ical_prop(in->comp, row->name)) {
        return;                         /* the first one does it */
    }

    for (p = prop; p != NULL; p = p->next) {
        for (i = 0; ptn_str_eqz(p->name, row->name) && i <= p->value.len; i++) {
            size += i == p->value.len || p->value.data[i] == ',';
        }
    }

    list = ptn_parray(in->pool, size, sizeof(*list));
    if (list == NULL) {
        in->rc = PTN_ENOMEM;
        return;
    }

    for (p = prop; p != NULL; p = p->next) {
        if (!ptn_str_eqz(p->name, row->name)) {
            continue;
        }

        for (i = from = 0; i <= p->value.len; i++) {
            if (i < p->value.len && p->value.data[i] == '\\') {
                i++;
                continue;
            }

            if (i < p->value.len && p->value.data[i] != ',') {
                continue;
            }

            v = ptn_str_make(p->value.data + from, i - from);
            from = i + 1;

            while (v.len != 0 && v.data[0] == ' ') {
                v = ptn_str_make(v.data + 1, v.len - 1);
            }

            if (v.len != 0 && n < size) {
                list[n++] = ptn_ical_unescape(in->pool, v);
            }
        }
    }

    tag = ptn_ical_row_tag(in->opts, row);

    if (n == 0 || tag == 0) {
        return;
    }

    if (ptn_mv_make(in->pool, tag, list, n, &value) != PTN_OK) {
        in->rc = PTN_ENOMEM;
        return;
    }

    ptn_ical_set(in, &in->object->props, tag, value);
}


static void
ptn_ical_keywords_out(ptn_ical_out_t *out, const ptn_ical_row_t *row)
{
    bool        first = true;
    ptn_buf_t   b;
    ptn_str_t   v, rest, item;

    v = ptn_ical_row_get(out, row);

    if (v.data == NULL || ptn_mv_count(v) == 0) {
        return;
    }

    ptn_buf_init(&b, out->pool);

    for (rest = ptn_mv_rest(v);
         ptn_mv_next(ptn_ical_row_tag(out->opts, row), &rest, &item); )
    {
        ptn_buf_z(&b, first ? row->name : ",");
        ptn_buf_z(&b, first ? ":" : "");
        ptn_ical_escape(&b, item);
        first = false;
    }

    if (!first) {
        ptn_ical_add(out, NULL, ptn_buf_get(&b));
    }
}


/* --- numbers, truths, times ----------------------------------------------- */

static bool
ptn_ical_number(ptn_str_t s, int64_t *ret)
{
    bool      minus;
    uint64_t  n;

    minus = s.len != 0 && s.data[0] == '-';
    s = minus ? ptn_str_make(s.data + 1, s.len - 1) : s;

    if (ptn_str_u64(s, INT32_MAX, &n) != PTN_OK) {
        return false;
    }

    *ret = minus ? -(int64_t) n : (int64_t) n;

    return true;
}


static void
ptn_ical_int_in(ptn_ical_in_t *in, const ptn_ical_row_t *row,
    const ptn_ical_prop_t *prop)
{
    int64_t  n;

    if (ptn_ical_number(prop->value, &n)) {
        ptn_ical_set_int(in, &in->object->props,
                         ptn_ical_row_tag(in->opts, row), n);
    }
}


static void
ptn_ical_int_out(ptn_ical_out_t *out, const ptn_ical_row_t *row)
{
    int64_t  n;

    if (ptn_ical_row_int(out, row, &n)) {
        ptn_ical_add(out, NULL, ptn_str_printf(out->pool, "%s:%lld", row->name,
                                               (long long) n));
    }
}


static void
ptn_ical_bool_in(ptn_ical_in_t *in, const ptn_ical_row_t *row,
    const ptn_ical_prop_t *prop)
{
    ptn_ical_set_int(in, &in->object->props, ptn_ical_row_tag(in->opts, row),
                     ptn_str_ieqz(prop->value, "TRUE"));
}


static void
ptn_ical_bool_out(ptn_ical_out_t *out, const ptn_ical_row_t *row)
{
    int64_t  n;

    if (ptn_ical_row_int(out, row, &n)) {
        ptn_ical_add_word(out, row->name, n ? "TRUE" : "FALSE");
    }
}


static void
ptn_ical_utc_in(ptn_ical_in_t *in, const ptn_ical_row_t *row,
    const ptn_ical_prop_t *prop)
{
    int64_t          utc;
    ptn_ical_time_t  t;

    if (ptn_ical_utc(in, prop, &utc, &t)) {
        ptn_ical_set_int(in, &in->object->props,
                         ptn_ical_row_tag(in->opts, row), ptn_filetime(utc));
    }
}


static void
ptn_ical_utc_out(ptn_ical_out_t *out, const ptn_ical_row_t *row)
{
    int64_t      n;
    ptn_civil_t  c;

    if (ptn_ical_row_int(out, row, &n)) {
        ptn_time_to_civil(ptn_ical_from_filetime(n), &c);
        ptn_ical_add(out, NULL,
                     ptn_str_printf(out->pool, "%s:%04d%02d%02dT%02d%02d%02dZ",
                                    row->name, c.year, c.month, c.day, c.hour,
                                    c.min, c.sec));
    }
}


/* --- words ---------------------------------------------------------------- */

typedef struct {
    const char  *name, *word;
    int          n;
} ptn_ical_word_t;

/* Words and numbers; of more rows for a number the first one is written, of
 * more for a word too. */
static const ptn_ical_word_t  ptn_ical_words[] = {
    { "CLASS", "PUBLIC", 0 }, { "CLASS", "X-PERSONAL", 1 },
    { "CLASS", "PRIVATE", 2 }, { "CLASS", "CONFIDENTIAL", 3 },

    { "PRIORITY", "5", 1 }, { "PRIORITY", "1", 2 }, { "PRIORITY", "9", 0 },
    { "PRIORITY", "0", 1 }, { "PRIORITY", "2", 2 }, { "PRIORITY", "3", 2 },
    { "PRIORITY", "4", 2 }, { "PRIORITY", "6", 0 }, { "PRIORITY", "7", 0 },
    { "PRIORITY", "8", 0 },

    /* MS-OXOCAL 2.2.1.2: free 0, tentative 1, busy 2, out of office 3,
     * working elsewhere 4 */
    { "X-MICROSOFT-CDO-BUSYSTATUS", "FREE", 0 },
    { "X-MICROSOFT-CDO-BUSYSTATUS", "TENTATIVE", 1 },
    { "X-MICROSOFT-CDO-BUSYSTATUS", "BUSY", 2 },
    { "X-MICROSOFT-CDO-BUSYSTATUS", "OOF", 3 },
    { "X-MICROSOFT-CDO-BUSYSTATUS", "WORKINGELSEWHERE", 4 },
    { "X-MICROSOFT-CDO-INTENDEDSTATUS", "FREE", 0 },
    { "X-MICROSOFT-CDO-INTENDEDSTATUS", "TENTATIVE", 1 },
    { "X-MICROSOFT-CDO-INTENDEDSTATUS", "BUSY", 2 },
    { "X-MICROSOFT-CDO-INTENDEDSTATUS", "OOF", 3 },
    { "X-MICROSOFT-CDO-INTENDEDSTATUS", "WORKINGELSEWHERE", 4 },

    { "TRANSP", "TRANSPARENT", 0 }, { "TRANSP", "OPAQUE", 2 },
    { "TRANSP", "OPAQUE", 1 }, { "TRANSP", "OPAQUE", 3 },
    { "TRANSP", "OPAQUE", 4 },

    /* MS-OXOTASK 2.2.2.2.2 */
    { "STATUS", "NEEDS-ACTION", 0 }, { "STATUS", "IN-PROCESS", 1 },
    { "STATUS", "COMPLETED", 2 }, { "STATUS", "CANCELLED", 4 },
};


static bool
ptn_ical_word(const char *name, ptn_str_t word, int *ret)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_ical_words); i++) {
        if (strcmp(ptn_ical_words[i].name, name) == 0
            && ptn_str_ieqz(word, ptn_ical_words[i].word))
        {
            *ret = ptn_ical_words[i].n;
            return true;
        }
    }

    return false;
}


static void
ptn_ical_word_in(ptn_ical_in_t *in, const ptn_ical_row_t *row,
    const ptn_ical_prop_t *prop)
{
    int  n;

    if (ptn_ical_word(row->name, prop->value, &n)) {
        ptn_ical_set_int(in, &in->object->props,
                         ptn_ical_row_tag(in->opts, row), n);
    }
}


static void
ptn_ical_word_out(ptn_ical_out_t *out, const ptn_ical_row_t *row)
{
    size_t   i;
    int64_t  n;

    for (i = 0; ptn_ical_row_int(out, row, &n)
                && i < ptn_nelts(ptn_ical_words); i++)
    {
        if (strcmp(ptn_ical_words[i].name, row->name) == 0
            && ptn_ical_words[i].n == n)
        {
            ptn_ical_add_word(out, row->name, ptn_ical_words[i].word);
            return;
        }
    }
}


static void
ptn_ical_class_in(ptn_ical_in_t *in, const ptn_ical_row_t *row,
    const ptn_ical_prop_t *prop)
{
    int  n;

    if (!ptn_ical_word(row->name, prop->value, &n)) {
        n = 2;                          /* RFC 5545 3.8.1.3: as PRIVATE */
    }

    ptn_ical_set_int(in, &in->object->props, row->tag, n);
    ptn_ical_set_named_int(in, PTN_ICAL_N_PRIVATE, n >= 2);
}


/* 2.1.3.1.1.20.27 STATUS of events: tentative, or cancelled. */

static void
ptn_ical_status_in(ptn_ical_in_t *in, const ptn_ical_row_t *row PTN_UNUSED,
    const ptn_ical_prop_t *prop)
{
    if (ptn_str_ieqz(prop->value, "TENTATIVE")) {
        ptn_ical_set_named_int(in, PTN_ICAL_N_BUSY, 1);

    } else if (ptn_str_ieqz(prop->value, "CANCELLED")) {
        ptn_ical_set_named_int(in, PTN_ICAL_N_BUSY, 0);
    }
}


static void
ptn_ical_status_out(ptn_ical_out_t *out, const ptn_ical_row_t *row)
{
    int64_t  n;

    if (ptn_ical_get_named_int(out, PTN_ICAL_N_STATE, &n) && (n & 4)) {
        ptn_ical_add_word(out, row->name, "CANCELLED");

    } else if (ptn_ical_get_named_int(out, PTN_ICAL_N_BUSY, &n) && n == 1) {
        ptn_ical_add_word(out, row->name, "TENTATIVE");
    }
}


/* --- the whole day -------------------------------------------------------- */

static void
ptn_ical_all_day_out(ptn_ical_out_t *out, const ptn_ical_row_t *row)
{
    int64_t  n;

    if (ptn_ical_get_named_int(out, PTN_ICAL_N_ALL_DAY, &n)) {
        ptn_ical_add_word(out, row->name, n ? "TRUE" : "FALSE");
    }
}


static void
ptn_ical_uid_out(ptn_ical_out_t *out, const ptn_ical_row_t *row)
{
    ptn_str_t  id, uid;

    id = ptn_ical_get_named(out, PTN_ICAL_N_CLEAN_ID);
    id = id.data != NULL ? id : ptn_ical_get_named(out, PTN_ICAL_N_GLOBAL_ID);

    if (id.data == NULL && out->master != NULL) {
        return;
    }

    if (id.data != NULL && id.len != 0
        && ptn_ical_uid(out->pool, id, &uid) == PTN_OK)
    {
        ptn_ical_add(out, NULL, ptn_str_printf(out->pool, "%s:%.*s", row->name,
                                               (int) uid.len,
                                               (char *) uid.data));
    }
}


static void
ptn_ical_uid_in(ptn_ical_in_t *in, const ptn_ical_row_t *row PTN_UNUSED,
    const ptn_ical_prop_t *prop)
{
    int64_t                 date = 0, utc;
    ptn_str_t               id;
    ptn_ical_time_t         t;
    const ptn_ical_prop_t  *p;

    p = ptn_ical_prop(in->comp, "RECURRENCE-ID");

    if (p != NULL && ptn_ical_utc(in, p, &utc, &t)) {
        date = t.utc ? ptn_tz_to_local(in->tz, utc, NULL) : t.local;
    }

    if (ptn_ical_global_id(in->pool, prop->value, date, &id) != PTN_OK) {
        in->rc = PTN_ENOMEM;
        return;
    }

    ptn_ical_set_named(in, PTN_ICAL_N_GLOBAL_ID, id);

    if (date != 0) {
        id = ptn_str_dup(in->pool, id);

        if (id.data == NULL) {
            in->rc = PTN_ENOMEM;
            return;
        }

        memset(id.data + 16, 0, 4);
    }

    ptn_ical_set_named(in, PTN_ICAL_N_CLEAN_ID, id);
}


/* --- tasks ---------------------------------------------------------------- */

static void
ptn_ical_percent_in(ptn_ical_in_t *in, const ptn_ical_row_t *row,
    const ptn_ical_prop_t *prop)
{
    double   d;
    int64_t  n;

    if (ptn_ical_number(prop->value, &n) && n >= 0 && n <= 100) {
        d = (double) n / 100;
        ptn_ical_set(in, &in->object->props, ptn_ical_row_tag(in->opts, row),
                     ptn_str_make(ptn_pmemdup(in->pool, &d, 8), 8));
    }
}


static void
ptn_ical_percent_out(ptn_ical_out_t *out, const ptn_ical_row_t *row)
{
    double     d;
    ptn_str_t  v;

    v = ptn_ical_row_get(out, row);

    if (v.len == 8) {
        memcpy(&d, v.data, 8);

        if (d >= 0 && d <= 1) {
            ptn_ical_add(out, NULL,
                         ptn_str_printf(out->pool, "%s:%d", row->name,
                                        (int) (d * 100 + 0.5)));
        }
    }
}


static void
ptn_ical_task_status_in(ptn_ical_in_t *in, const ptn_ical_row_t *row,
    const ptn_ical_prop_t *prop)
{
    ptn_ical_word_in(in, row, prop);
    ptn_ical_set_named_int(in, PTN_ICAL_N_TASK_COMPLETE,
                           ptn_str_ieqz(prop->value, "COMPLETED"));
}


/* Order: what a later row sets too wins (MS-OXCICAL: X-MICROSOFT-... over the
 * standard's).  Rows without functions are made elsewhere; they are here for
 * the documentation. */
const ptn_ical_row_t  ptn_ical_rows[] = {
    { "SUMMARY", PTN_ICAL_ALL, ptn_ical_summary_in, ptn_ical_text_out,
      PTN_PR_SUBJECT, 0 },
    { "DESCRIPTION", PTN_ICAL_ALL, ptn_ical_text_in, ptn_ical_text_out,
      PTN_PR_BODY, 0 },
    { "X-ALT-DESC", PTN_ICAL_ALL, ptn_ical_html_in, ptn_ical_html_out,
      PTN_PR_HTML, 0 },
    { "LOCATION", PTN_ICAL_ALL, ptn_ical_text_in, ptn_ical_text_out, 0,
      PTN_ICAL_N_LOCATION },
    { "CATEGORIES", PTN_ICAL_ALL, ptn_ical_keywords_in, ptn_ical_keywords_out,
      0, PTN_ICAL_N_KEYWORDS },
    { "CLASS", PTN_ICAL_ALL, ptn_ical_class_in, ptn_ical_word_out,
      PTN_PR_SENSITIVITY, 0 },
    { "PRIORITY", PTN_ICAL_ALL, ptn_ical_word_in, ptn_ical_word_out,
      PTN_PR_IMPORTANCE, 0 },
    { "UID", PTN_ICAL_ALL, ptn_ical_uid_in, ptn_ical_uid_out, 0,
      PTN_ICAL_N_GLOBAL_ID },
    { "DTSTAMP", PTN_ICAL_ALL, ptn_ical_utc_in, ptn_ical_utc_out, 0,
      PTN_ICAL_N_OWNER_CHANGE },
    { "SEQUENCE", PTN_ICAL_ALL, ptn_ical_int_in, ptn_ical_int_out, 0,
      PTN_ICAL_N_SEQUENCE },
    { "TRANSP", PTN_ICAL_EVENT, ptn_ical_word_in, ptn_ical_word_out, 0,
      PTN_ICAL_N_BUSY },
    { "STATUS", PTN_ICAL_EVENT, ptn_ical_status_in, ptn_ical_status_out, 0,
      PTN_ICAL_N_STATE },
    { "STATUS", PTN_ICAL_TODO, ptn_ical_task_status_in, ptn_ical_word_out, 0,
      PTN_ICAL_N_TASK_STATUS },
    { "X-MICROSOFT-CDO-BUSYSTATUS", PTN_ICAL_EVENT, ptn_ical_word_in,
      ptn_ical_word_out, 0, PTN_ICAL_N_BUSY },
    { "X-MICROSOFT-CDO-INTENDEDSTATUS", PTN_ICAL_EVENT, ptn_ical_word_in,
      ptn_ical_word_out, 0, PTN_ICAL_N_INTENDED },
    { "X-MICROSOFT-CDO-ALLDAYEVENT", PTN_ICAL_EVENT, NULL,
      ptn_ical_all_day_out, 0, PTN_ICAL_N_ALL_DAY },
    { "X-MICROSOFT-CDO-APPT-SEQUENCE", PTN_ICAL_EVENT, ptn_ical_int_in, NULL,
      0, PTN_ICAL_N_SEQUENCE },
    { "X-MICROSOFT-CDO-OWNERAPPTID", PTN_ICAL_EVENT, ptn_ical_int_in,
      ptn_ical_int_out, PTN_PR_OWNER_APPT_ID, 0 },
    { "X-MICROSOFT-CDO-OWNER-CRITICAL-CHANGE", PTN_ICAL_EVENT, ptn_ical_utc_in,
      NULL, 0, PTN_ICAL_N_OWNER_CHANGE },
    { "X-MICROSOFT-CDO-ATTENDEE-CRITICAL-CHANGE", PTN_ICAL_EVENT,
      ptn_ical_utc_in, ptn_ical_utc_out, 0, PTN_ICAL_N_ATTENDEE_CHANGE },
    { "X-MICROSOFT-CDO-REPLYTIME", PTN_ICAL_EVENT, ptn_ical_utc_in,
      ptn_ical_utc_out, 0, PTN_ICAL_N_REPLY_TIME },
    { "X-MICROSOFT-DISALLOW-COUNTER", PTN_ICAL_EVENT, ptn_ical_bool_in,
      ptn_ical_bool_out, 0, PTN_ICAL_N_NO_COUNTER },
    { "X-MS-OLK-ALLOWEXTERNCHECK", PTN_ICAL_EVENT, ptn_ical_bool_in,
      ptn_ical_bool_out, 0, PTN_ICAL_N_EXTERNAL_CHECK },
    { "X-MS-OLK-AUTOFILLLOCATION", PTN_ICAL_EVENT, ptn_ical_bool_in,
      ptn_ical_bool_out, 0, PTN_ICAL_N_AUTO_FILL },
    { "X-MS-OLK-AUTOSTARTCHECK", PTN_ICAL_EVENT, ptn_ical_bool_in,
      ptn_ical_bool_out, 0, PTN_ICAL_N_AUTO_START_CHECK },
    { "X-MS-OLK-COLLABORATEDOC", PTN_ICAL_EVENT, ptn_ical_text_in,
      ptn_ical_text_out, 0, PTN_ICAL_N_COLLABORATE_DOC },
    { "X-MS-OLK-CONFCHECK", PTN_ICAL_EVENT, ptn_ical_bool_in,
      ptn_ical_bool_out, 0, PTN_ICAL_N_CONF_CHECK },
    { "X-MS-OLK-CONFTYPE", PTN_ICAL_EVENT, ptn_ical_int_in, ptn_ical_int_out,
      0, PTN_ICAL_N_CONF_TYPE },
    { "X-MS-OLK-DIRECTORY", PTN_ICAL_EVENT, ptn_ical_text_in,
      ptn_ical_text_out, 0, PTN_ICAL_N_DIRECTORY },
    { "X-MS-OLK-NETSHOWURL", PTN_ICAL_EVENT, ptn_ical_text_in,
      ptn_ical_text_out, 0, PTN_ICAL_N_NET_SHOW_URL },
    { "X-MS-OLK-ONLINEPASSWORD", PTN_ICAL_EVENT, ptn_ical_text_in,
      ptn_ical_text_out, 0, PTN_ICAL_N_ONLINE_PASSWORD },
    { "X-MS-OLK-ORGALIAS", PTN_ICAL_EVENT, ptn_ical_text_in,
      ptn_ical_text_out, 0, PTN_ICAL_N_ORGANIZER_ALIAS },
    { "PERCENT-COMPLETE", PTN_ICAL_TODO, ptn_ical_percent_in,
      ptn_ical_percent_out, 0, PTN_ICAL_N_TASK_PERCENT },
    { "COMPLETED", PTN_ICAL_TODO, ptn_ical_utc_in, ptn_ical_utc_out, 0,
      PTN_ICAL_N_TASK_COMPLETED },

    { "DTSTART", PTN_ICAL_ALL, NULL, NULL, 0, PTN_ICAL_N_START },
    { "DTEND, DURATION", PTN_ICAL_EVENT, NULL, NULL, 0, PTN_ICAL_N_END },
    { "DUE", PTN_ICAL_TODO, NULL, NULL, 0, PTN_ICAL_N_TASK_DUE },
    { "RECURRENCE-ID", PTN_ICAL_EVENT, NULL, NULL, 0, PTN_ICAL_N_REPLACES },
    { "RRULE, EXDATE", PTN_ICAL_EVENT, NULL, NULL, 0, PTN_ICAL_N_RECUR },
    { "RRULE", PTN_ICAL_TODO, NULL, NULL, 0, PTN_ICAL_N_TASK_RECUR },
    { "ORGANIZER", PTN_ICAL_EVENT, NULL, NULL,
      PTN_PR_SENT_REPRESENTING_EMAIL, 0 },
    { "ATTENDEE", PTN_ICAL_EVENT, NULL, NULL, PTN_PR_RECIPIENT_TRACKSTATUS, 0 },
    { "ATTACH", PTN_ICAL_ALL, NULL, NULL, PTN_PR_ATTACH_LONG_FILENAME, 0 },
    { "VALARM", PTN_ICAL_EVENT, NULL, NULL, 0, PTN_ICAL_N_REMINDER_DELTA },
};

const uint32_t  ptn_ical_nrows = ptn_nelts(ptn_ical_rows);
