/*
 * Recurrence blobs, from bytes and to bytes (MS-OXOCAL 2.2.1.44).
 */

#include "ptn_charset.h"
#include "ptn_prop.h"
#include "ptn_recur_wire.h"


#define PTN_RECUR_VERSION     0x3004
#define PTN_RECUR_READER2     0x3006
#define PTN_RECUR_HIGHLIGHT   0x3009    /* WriterVersion2 that has it */
#define PTN_RECUR_WIDE_FLAGS  (PTN_RECUR_ARO_SUBJECT | PTN_RECUR_ARO_LOCATION)


static bool
ptn_recur_pattern_ok(const ptn_recur_pattern_t *p)
{
    uint32_t  days, nth, day;

    days = p->week | p->nth_days | p->hj_nth_days;
    nth = p->nth | p->hj_nth;
    day = p->month | p->month_end | p->hj_month | p->hj_month_end;

    if (p->reader != PTN_RECUR_VERSION || p->writer != PTN_RECUR_VERSION
        || p->freq < PTN_RECUR_FREQ_DAILY || p->freq > PTN_RECUR_FREQ_YEARLY
        || p->period == 0 || p->first_dow > 6 || p->nmodified > p->ndeleted
        || (p->end_type != UINT32_MAX
            && (p->end_type < PTN_RECUR_END_DATE
                || p->end_type > PTN_RECUR_END_NEVER)))
    {
        return false;
    }

    switch (p->pattern) {

    case PTN_RECUR_DAY:
        return true;

    case PTN_RECUR_WEEK:
        return days != 0 && days <= 0x7f;

    case PTN_RECUR_MONTH_NTH:
    case PTN_RECUR_HJ_MONTH_NTH:
        return days != 0 && days <= 0x7f && nth >= 1 && nth <= 5;

    case PTN_RECUR_MONTH:
    case PTN_RECUR_MONTH_END:
    case PTN_RECUR_HJ_MONTH:
    case PTN_RECUR_HJ_MONTH_END:
        return day >= 1 && day <= 31;

    default:
        return false;
    }
}


static void
ptn_recur_from_pattern(ptn_recur_blob_t *b, const ptn_recur_pattern_t *p)
{
    b->reader = p->reader;
    b->writer = p->writer;
    b->freq = p->freq;
    b->pattern = p->pattern;
    b->calendar = p->calendar;
    b->first = p->first;
    b->period = p->period;
    b->sliding = p->sliding;
    b->days = p->week | p->nth_days | p->hj_nth_days;
    b->nth = p->nth | p->hj_nth;
    b->day = p->month | p->month_end | p->hj_month | p->hj_month_end;
    b->end_type = p->end_type;
    b->count = p->count;
    b->first_dow = p->first_dow;
    b->ndeleted = p->ndeleted;
    b->nmodified = p->nmodified;
    b->deleted = p->deleted;
    b->modified = p->modified;
    b->start_date = p->start_date;
    b->end_date = p->end_date;
}


static ptn_recur_pattern_t
ptn_recur_to_pattern(const ptn_recur_blob_t *b)
{
    return (ptn_recur_pattern_t) {
        .reader = b->reader, .writer = b->writer, .freq = b->freq,
        .pattern = b->pattern, .calendar = b->calendar, .first = b->first,
        .period = b->period, .sliding = b->sliding, .week = b->days,
        .month = b->day, .month_end = b->day, .hj_month = b->day,
        .hj_month_end = b->day, .nth_days = b->days, .nth = b->nth,
        .hj_nth_days = b->days, .hj_nth = b->nth, .end_type = b->end_type,
        .count = b->count, .first_dow = b->first_dow,
        .ndeleted = b->ndeleted, .deleted = b->deleted,
        .nmodified = b->nmodified, .modified = b->modified,
        .start_date = b->start_date, .end_date = b->end_date
    };
}


static ptn_rc_t
ptn_recur_block(ptn_pool_t *pool, ptn_str_t *in, ptn_str_t *ret)
{
    ptn_rc_t           rc;
    ptn_recur_block_t  b;

    rc = ptn_wire_pull(&ptn_recur_block_wire, pool, in, &b);

    if (rc == PTN_OK) {
        *ret = b.bytes;
    }

    return rc;
}


static ptn_rc_t
ptn_recur_wide(ptn_pool_t *pool, ptn_str_t *in, ptn_str_t *ret)
{
    u_char            *p;
    uint32_t           i;
    ptn_rc_t           rc;
    ptn_recur_wide_t   w;

    rc = ptn_wire_pull(&ptn_recur_wide_wire, pool, in, &w);
    if (rc != PTN_OK) {
        return rc;
    }

    p = ptn_palloc(pool, 2 * (size_t) w.n);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < w.n; i++) {
        p[2 * i] = (u_char) w.units[i];
        p[2 * i + 1] = (u_char) (w.units[i] >> 8);
    }

    return ptn_utf16_to_utf8(pool, ptn_str_make(p, 2 * (size_t) w.n), ret);
}


static ptn_rc_t
ptn_recur_extended(ptn_pool_t *pool, ptn_str_t *in, uint32_t writer2,
    ptn_recur_exception_t *x)
{
    ptn_rc_t           rc;
    ptn_recur_times_t  times;

    if (writer2 >= PTN_RECUR_HIGHLIGHT) {
        x->has_highlight = true;
        rc = ptn_recur_block(pool, in, &x->highlight);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    rc = ptn_recur_block(pool, in, &x->reserved1);

    if (rc != PTN_OK || !(x->flags & PTN_RECUR_WIDE_FLAGS)) {
        return rc;
    }

    rc = ptn_wire_pull(&ptn_recur_times_wire, pool, in, &times);
    if (rc != PTN_OK) {
        return rc;
    }

    x->xstart = times.start;
    x->xend = times.end;
    x->xoriginal = times.original;

    if (x->flags & PTN_RECUR_ARO_SUBJECT) {
        rc = ptn_recur_wide(pool, in, &x->subject);
    }

    if (rc == PTN_OK && (x->flags & PTN_RECUR_ARO_LOCATION)) {
        rc = ptn_recur_wide(pool, in, &x->location);
    }

    return rc == PTN_OK ? ptn_recur_block(pool, in, &x->reserved2) : rc;
}


static void
ptn_recur_from_info(ptn_recur_exception_t *x, const ptn_recur_info_t *i)
{
    x->start = x->xstart = i->start;
    x->end = x->xend = i->end;
    x->original = x->xoriginal = i->original;
    x->flags = i->flags;
    x->subject8 = i->subject;
    x->location8 = i->location;
    x->meeting = i->meeting;
    x->delta = i->delta;
    x->reminder = i->reminder;
    x->busy = i->busy;
    x->attach = i->attach;
    x->subtype = i->subtype;
    x->color = i->color;
}


ptn_rc_t
ptn_recur_blob_parse(ptn_pool_t *pool, ptn_str_t bytes, bool appointment,
    ptn_recur_blob_t *ret_blob)
{
    uint32_t             i;
    ptn_rc_t             rc;
    ptn_recur_blob_t     b = { 0 };
    ptn_recur_head_t     head;
    ptn_recur_pattern_t  p;

    rc = ptn_wire_pull(&ptn_recur_pattern_wire, pool, &bytes, &p);
    if (rc != PTN_OK) {
        return rc;
    }

    if (!ptn_recur_pattern_ok(&p)) {
        return PTN_EPARSE;
    }

    ptn_recur_from_pattern(&b, &p);

    if (!appointment) {
        *ret_blob = b;
        return bytes.len == 0 ? PTN_OK : PTN_EPARSE;
    }

    rc = ptn_wire_pull(&ptn_recur_head_wire, pool, &bytes, &head);
    if (rc != PTN_OK) {
        return rc;
    }

    if (head.reader2 != PTN_RECUR_READER2 || head.writer2 < PTN_RECUR_READER2
        || head.nexceptions != p.nmodified)
    {
        return PTN_EPARSE;
    }

    b.appointment = true;
    b.reader2 = head.reader2;
    b.writer2 = head.writer2;
    b.start_offset = head.start_offset;
    b.end_offset = head.end_offset;
    b.nexceptions = head.nexceptions;
    b.exceptions = ptn_pcalloc(pool, sizeof(*b.exceptions) * b.nexceptions);

    if (b.exceptions == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < b.nexceptions; i++) {
        ptn_recur_from_info(&b.exceptions[i], &head.exceptions[i]);
    }

    if (bytes.len == 0) {               /* an old writer */
        *ret_blob = b;
        return PTN_OK;
    }

    rc = ptn_recur_block(pool, &bytes, &b.reserved1);

    for (i = 0; rc == PTN_OK && i < b.nexceptions; i++) {
        rc = ptn_recur_extended(pool, &bytes, b.writer2, &b.exceptions[i]);
    }

    if (rc == PTN_OK) {
        rc = ptn_recur_block(pool, &bytes, &b.reserved2);
    }

    if (rc == PTN_OK && bytes.len != 0) {
        rc = PTN_EPARSE;
    }

    if (rc == PTN_OK) {
        *ret_blob = b;
    }

    return rc;
}


/* --- to bytes ------------------------------------------------------------- */

static void
ptn_recur_put_block(ptn_buf_t *out, ptn_str_t bytes)
{
    ptn_recur_block_t  b = { bytes };

    (void) ptn_wire_push(&ptn_recur_block_wire, out, &b);
}


/* A string that nobody set is empty. */

static ptn_str_t
ptn_recur_some(ptn_str_t s)
{
    return s.data != NULL ? s : ptn_str("");
}


static void
ptn_recur_put_wide(ptn_buf_t *out, ptn_str_t text)
{
    size_t  n;
    u_char  len[2];

    text = ptn_recur_some(text);
    n = ptn_utf16_len(text) / 2;
    len[0] = (u_char) n;
    len[1] = (u_char) (n >> 8);
    ptn_buf_add(out, len, 2);
    ptn_buf_utf16(out, text);
}


static void
ptn_recur_put_extended(ptn_buf_t *out, uint32_t writer2,
    const ptn_recur_exception_t *x)
{
    u_char             none[4] = { 0 };
    ptn_recur_times_t  times;

    if (writer2 >= PTN_RECUR_HIGHLIGHT) {
        ptn_recur_put_block(out, x->has_highlight ? x->highlight
                                                  : ptn_str_make(none, 4));
    }

    ptn_recur_put_block(out, x->reserved1);

    if (!(x->flags & PTN_RECUR_WIDE_FLAGS)) {
        return;
    }

    times = (ptn_recur_times_t) { x->xstart, x->xend, x->xoriginal };
    (void) ptn_wire_push(&ptn_recur_times_wire, out, &times);

    if (x->flags & PTN_RECUR_ARO_SUBJECT) {
        ptn_recur_put_wide(out, x->subject);
    }

    if (x->flags & PTN_RECUR_ARO_LOCATION) {
        ptn_recur_put_wide(out, x->location);
    }

    ptn_recur_put_block(out, x->reserved2);
}


ptn_rc_t
ptn_recur_blob_write(ptn_buf_t *out, const ptn_recur_blob_t *b)
{
    uint32_t                      i;
    ptn_rc_t                      rc;
    ptn_recur_head_t              head = { 0 };
    ptn_recur_info_t             *info;
    ptn_recur_pattern_t           p;
    const ptn_recur_exception_t  *x;

    p = ptn_recur_to_pattern(b);

    if (!ptn_recur_pattern_ok(&p)) {
        return PTN_EINVAL;
    }

    rc = ptn_wire_push(&ptn_recur_pattern_wire, out, &p);

    if (rc != PTN_OK || !b->appointment) {
        return rc;
    }

    head.reader2 = b->reader2;
    head.writer2 = b->writer2;
    head.start_offset = b->start_offset;
    head.end_offset = b->end_offset;
    head.nexceptions = b->nexceptions;
    head.exceptions = info = ptn_pcalloc(out->pool,
                                         sizeof(*info) * b->nexceptions);

    if (info == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < b->nexceptions; i++) {
        x = &b->exceptions[i];

        if (x->subject8.len >= UINT16_MAX || x->location8.len >= UINT16_MAX
            || ptn_utf16_len(ptn_recur_some(x->subject)) > 2 * UINT16_MAX
            || ptn_utf16_len(ptn_recur_some(x->location)) > 2 * UINT16_MAX)
        {
            return PTN_ETOOBIG;
        }

        info[i] = (ptn_recur_info_t) {
            .start = x->start, .end = x->end, .original = x->original,
            .flags = x->flags, .meeting = x->meeting, .delta = x->delta,
            .reminder = x->reminder, .busy = x->busy, .attach = x->attach,
            .subtype = x->subtype, .color = x->color,
            .subject = ptn_recur_some(x->subject8),
            .location = ptn_recur_some(x->location8),
            .subject_len = (uint16_t) (x->subject8.len + 1),
            .location_len = (uint16_t) (x->location8.len + 1)
        };
    }

    rc = ptn_wire_push(&ptn_recur_head_wire, out, &head);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_recur_put_block(out, b->reserved1);

    for (i = 0; i < b->nexceptions; i++) {
        ptn_recur_put_extended(out, b->writer2, &b->exceptions[i]);
    }

    ptn_recur_put_block(out, b->reserved2);

    return out->failed ? PTN_ENOMEM : PTN_OK;
}
