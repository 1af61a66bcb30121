/*
 * Grammar of RFC 3501 9.  `frame` guarantees nothing here: the text may be
 * cut anywhere.
 */

#include "ptn_imap.h"


#define PTN_IMAP_C_ATOM   0x01          /* ATOM-CHAR */
#define PTN_IMAP_C_LIST   0x02          /* list-wildcards: also in list-char */
#define PTN_IMAP_C_RESP   0x04          /* "]": in astring and list-char */

const char *const  ptn_imap_months[12] = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun",
    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
};


/*
 * 8-bit octets are no CHAR, but clients send them in passwords and names:
 * taken as they are, what uses them decides.
 */

static unsigned
ptn_imap_parse_class(u_char c)
{
    switch (c) {
    case '(': case ')': case '{': case '"': case '\\': case 0x7f:
        return 0;
    case '%': case '*':
        return PTN_IMAP_C_LIST;
    case ']':
        return PTN_IMAP_C_RESP;
    default:
        return c <= 0x20 ? 0 : PTN_IMAP_C_ATOM;
    }
}


static ptn_rc_t
ptn_imap_parse_run(ptn_imap_in_t *in, unsigned classes, ptn_str_t *ret)
{
    u_char  *start;

    start = in->p;

    while (in->p < in->end && (ptn_imap_parse_class(*in->p) & classes)) {
        in->p++;
    }

    if (in->p == start) {
        return PTN_EPARSE;
    }

    *ret = ptn_str_make(start, (size_t) (in->p - start));

    return PTN_OK;
}


bool
ptn_imap_parse_peek(const ptn_imap_in_t *in, u_char c)
{
    return in->p < in->end && *in->p == c;
}


bool
ptn_imap_parse_take(ptn_imap_in_t *in, u_char c)
{
    if (!ptn_imap_parse_peek(in, c)) {
        return false;
    }

    in->p++;

    return true;
}


bool
ptn_imap_parse_word(ptn_imap_in_t *in, const char *word)
{
    u_char     *p;
    ptn_str_t   s;

    p = in->p;

    if (ptn_imap_parse_run(in, PTN_IMAP_C_ATOM, &s) == PTN_OK
        && ptn_str_ieqz(s, word))
    {
        return true;
    }

    in->p = p;

    return false;
}


ptn_rc_t
ptn_imap_parse_sp(ptn_imap_in_t *in)
{
    return ptn_imap_parse_take(in, ' ') ? PTN_OK : PTN_EPARSE;
}


/* Blanks before the line end are forgiven: several clients send one. */

ptn_rc_t
ptn_imap_parse_eol(ptn_imap_in_t *in)
{
    while (ptn_imap_parse_take(in, ' ')) { /* void */ }

    ptn_imap_parse_take(in, '\r');
    ptn_imap_parse_take(in, '\n');

    return in->p == in->end ? PTN_OK : PTN_EPARSE;
}


ptn_rc_t
ptn_imap_parse_tag(ptn_imap_in_t *in, ptn_str_t *ret)
{
    u_char    *p;
    ptn_str_t  s;

    p = in->p;

    if (ptn_imap_parse_run(in, PTN_IMAP_C_ATOM|PTN_IMAP_C_RESP, &s) != PTN_OK
        || s.len > PTN_IMAP_TAG_MAX || memchr(s.data, '+', s.len) != NULL)
    {
        in->p = p;
        return PTN_EPARSE;
    }

    *ret = s;

    return PTN_OK;
}


ptn_rc_t
ptn_imap_parse_atom(ptn_imap_in_t *in, ptn_str_t *ret)
{
    return ptn_imap_parse_run(in, PTN_IMAP_C_ATOM, ret);
}


static ptn_rc_t
ptn_imap_parse_quoted(ptn_imap_in_t *in, ptn_str_t *ret)
{
    size_t   n;
    bool     escaped;
    u_char  *p, *start, *copy;

    escaped = false;
    start = in->p + 1;

    for (p = start; ; p++) {

        if (p >= in->end || *p == '\r' || *p == '\n' || *p == '\0') {
            return PTN_EPARSE;
        }

        if (*p == '"') {
            break;
        }

        if (*p == '\\') {
            escaped = true;
            p++;

            if (p >= in->end || (*p != '"' && *p != '\\')) {
                return PTN_EPARSE;
            }
        }
    }

    in->p = p + 1;
    n = (size_t) (p - start);

    if (!escaped) {
        *ret = ptn_str_make(start, n);
        return PTN_OK;
    }

    copy = ptn_palloc(in->pool, n);
    if (copy == NULL) {
        return PTN_ENOMEM;
    }

    for (n = 0; start < p; start++) {
        if (*start == '\\') {
            start++;
        }
        copy[n++] = *start;
    }

    *ret = ptn_str_make(copy, n);

    return PTN_OK;
}


/*
 * "{n}" or "{n+}" CRLF, and the octets: those of a large one come from the
 * body.  Where they are missing, `frame` refused to read them.
 */

static ptn_rc_t
ptn_imap_parse_literal(ptn_imap_in_t *in, ptn_str_t *ret)
{
    u_char    *p;
    ptn_rc_t   rc;
    uint64_t   n;
    ptn_str_t  digits;

    p = in->p + 1;
    digits.data = p;

    while (p < in->end && *p >= '0' && *p <= '9') {
        p++;
    }

    digits.len = (size_t) (p - digits.data);

    if (p < in->end && *p == '+') {
        p++;
    }

    if (p >= in->end || *p++ != '}') {
        return PTN_EPARSE;
    }

    if (p < in->end && *p == '\r') {
        p++;
    }

    if (p >= in->end || *p++ != '\n') {
        return PTN_EPARSE;
    }

    rc = ptn_str_u64(digits, UINT64_MAX / 2, &n);
    if (rc != PTN_OK) {
        return rc;
    }

    if (n <= PTN_STREAM_LITERAL_INLINE) {

        if (n > (uint64_t) (in->end - p)) {
            return PTN_ETOOBIG;
        }

        *ret = ptn_str_make(p, (size_t) n);
        in->p = p + n;

        return PTN_OK;
    }

    if (n > in->body.len) {
        return PTN_ETOOBIG;
    }

    *ret = ptn_str_make(in->body.data, (size_t) n);
    in->body.data += n;
    in->body.len -= (size_t) n;
    in->p = p;

    return PTN_OK;
}


ptn_rc_t
ptn_imap_parse_string(ptn_imap_in_t *in, ptn_str_t *ret)
{
    if (ptn_imap_parse_peek(in, '"')) {
        return ptn_imap_parse_quoted(in, ret);
    }

    if (ptn_imap_parse_peek(in, '{')) {
        return ptn_imap_parse_literal(in, ret);
    }

    return PTN_EPARSE;
}


static ptn_rc_t
ptn_imap_parse_astring_of(ptn_imap_in_t *in, unsigned classes, ptn_str_t *ret)
{
    if (ptn_imap_parse_peek(in, '"') || ptn_imap_parse_peek(in, '{')) {
        return ptn_imap_parse_string(in, ret);
    }

    return ptn_imap_parse_run(in, classes, ret);
}


ptn_rc_t
ptn_imap_parse_astring(ptn_imap_in_t *in, ptn_str_t *ret)
{
    return ptn_imap_parse_astring_of(in, PTN_IMAP_C_ATOM|PTN_IMAP_C_RESP,
                                     ret);
}


ptn_rc_t
ptn_imap_parse_list_mailbox(ptn_imap_in_t *in, ptn_str_t *ret)
{
    return ptn_imap_parse_astring_of(in, PTN_IMAP_C_ATOM|PTN_IMAP_C_RESP
                                         |PTN_IMAP_C_LIST, ret);
}


ptn_rc_t
ptn_imap_parse_nstring(ptn_imap_in_t *in, ptn_str_t *ret)
{
    if (ptn_imap_parse_word(in, "NIL")) {
        *ret = ptn_str_make(NULL, 0);
        return PTN_OK;
    }

    return ptn_imap_parse_string(in, ret);
}


ptn_rc_t
ptn_imap_parse_sp_astring(ptn_imap_in_t *in, ptn_str_t *ret)
{
    ptn_rc_t  rc;

    rc = ptn_imap_parse_sp(in);

    return rc == PTN_OK ? ptn_imap_parse_astring(in, ret) : rc;
}


ptn_rc_t
ptn_imap_parse_number(ptn_imap_in_t *in, uint64_t max, uint64_t *ret)
{
    u_char     *start;
    ptn_rc_t    rc;
    uint64_t    n;

    start = in->p;

    while (in->p < in->end && *in->p >= '0' && *in->p <= '9') {
        in->p++;
    }

    rc = ptn_str_u64(ptn_str_make(start, (size_t) (in->p - start)), max, &n);

    if (rc != PTN_OK) {
        in->p = start;
        return PTN_EPARSE;
    }

    *ret = n;

    return PTN_OK;
}


/* 1 or 2 digits (day), exactly `width` when it is not 0. */

static ptn_rc_t
ptn_imap_parse_digits(ptn_imap_in_t *in, unsigned width, int *ret)
{
    int       n;
    unsigned  i, max;

    n = 0;
    max = width ? width : 2;

    for (i = 0; i < max && in->p < in->end; i++, in->p++) {
        if (*in->p < '0' || *in->p > '9') {
            break;
        }
        n = n * 10 + (*in->p - '0');
    }

    if (i == 0 || (width != 0 && i != width)) {
        return PTN_EPARSE;
    }

    *ret = n;

    return PTN_OK;
}


static ptn_rc_t
ptn_imap_parse_day(ptn_imap_in_t *in, int64_t *ret_day)
{
    int                day, month, year;
    static const char  days[] = "\x1f\x1d\x1f\x1e\x1f\x1e\x1f\x1f\x1e\x1f"
                                "\x1e\x1f";

    if (ptn_imap_parse_digits(in, 0, &day) != PTN_OK
        || !ptn_imap_parse_take(in, '-') || in->end - in->p < 4)
    {
        return PTN_EPARSE;
    }

    for (month = 0; month < 12; month++) {
        if (ptn_str_ieq(ptn_str_make(in->p, 3),
                        ptn_str_z(ptn_imap_months[month])))
        {
            break;
        }
    }

    in->p += 3;

    if (month == 12 || !ptn_imap_parse_take(in, '-')
        || ptn_imap_parse_digits(in, 4, &year) != PTN_OK
        || day < 1 || day > days[month])
    {
        return PTN_EPARSE;
    }

    *ret_day = ptn_time_from_civil(year, month + 1, day, 0, 0, 0) / 86400;

    return PTN_OK;
}


ptn_rc_t
ptn_imap_parse_date(ptn_imap_in_t *in, int64_t *ret_day)
{
    bool      quoted;
    int64_t   day;
    ptn_rc_t  rc;

    quoted = ptn_imap_parse_take(in, '"');

    rc = ptn_imap_parse_day(in, &day);

    if (rc == PTN_OK && quoted && !ptn_imap_parse_take(in, '"')) {
        rc = PTN_EPARSE;
    }

    if (rc == PTN_OK) {
        *ret_day = day;
    }

    return rc;
}


ptn_rc_t
ptn_imap_parse_date_time(ptn_imap_in_t *in, int64_t *ret_sec)
{
    int      h, m, s, zone, sign;
    int64_t  day;

    if (!ptn_imap_parse_take(in, '"')) {
        return PTN_EPARSE;
    }

    ptn_imap_parse_take(in, ' ');           /* date-day-fixed: SP DIGIT */

    if (ptn_imap_parse_day(in, &day) != PTN_OK
        || !ptn_imap_parse_take(in, ' ')
        || ptn_imap_parse_digits(in, 2, &h) != PTN_OK
        || !ptn_imap_parse_take(in, ':')
        || ptn_imap_parse_digits(in, 2, &m) != PTN_OK
        || !ptn_imap_parse_take(in, ':')
        || ptn_imap_parse_digits(in, 2, &s) != PTN_OK
        || !ptn_imap_parse_take(in, ' ')
        || h > 23 || m > 59 || s > 60)
    {
        return PTN_EPARSE;
    }

    if (ptn_imap_parse_take(in, '+')) {
        sign = 1;

    } else if (ptn_imap_parse_take(in, '-')) {
        sign = -1;

    } else {
        return PTN_EPARSE;
    }

    if (ptn_imap_parse_digits(in, 4, &zone) != PTN_OK
        || !ptn_imap_parse_take(in, '"') || zone % 100 > 59)
    {
        return PTN_EPARSE;
    }

    *ret_sec = day * 86400 + h * 3600 + m * 60 + s
               - sign * (zone / 100 * 3600 + zone % 100 * 60);

    return PTN_OK;
}


static const struct {
    const char  *name;
    uint32_t     flag;
} ptn_imap_parse_flag_names[] = {
    { "Seen", PTN_FLAG_SEEN },
    { "Answered", PTN_FLAG_ANSWERED },
    { "Flagged", PTN_FLAG_FLAGGED },
    { "Deleted", PTN_FLAG_DELETED },
    { "Draft", PTN_FLAG_DRAFT },
    { "Recent", PTN_FLAG_RECENT }
};


/*
 * One flag.  \Recent cannot be set by clients: passed over, as they copy the
 * flags of one server to another.  Other flags with a backslash are refused.
 */

static ptn_rc_t
ptn_imap_parse_flag(ptn_imap_in_t *in, ptn_imap_flags_t *f, size_t *room)
{
    size_t      i;
    ptn_rc_t    rc;
    ptn_str_t   s, *words;

    if (ptn_imap_parse_take(in, '\\')) {

        rc = ptn_imap_parse_atom(in, &s);
        if (rc != PTN_OK) {
            return rc;
        }

        for (i = 0; i < ptn_nelts(ptn_imap_parse_flag_names); i++) {
            if (ptn_str_ieqz(s, ptn_imap_parse_flag_names[i].name)) {
                f->flags |= ptn_imap_parse_flag_names[i].flag;
                f->flags &= ~(uint32_t) PTN_FLAG_RECENT;
                return PTN_OK;
            }
        }

        return PTN_EPARSE;
    }

    rc = ptn_imap_parse_atom(in, &s);
    if (rc != PTN_OK) {
        return rc;
    }

    if (f->nwords == *room) {
        *room = *room ? *room * 2 : 8;

        words = ptn_parray(in->pool, *room, sizeof(ptn_str_t));
        if (words == NULL) {
            return PTN_ENOMEM;
        }

        if (f->nwords != 0) {
            memcpy(words, f->words, f->nwords * sizeof(ptn_str_t));
        }
        f->words = words;
    }

    f->words[f->nwords++] = s;

    return PTN_OK;
}


ptn_rc_t
ptn_imap_parse_flags(ptn_imap_in_t *in, ptn_imap_flags_t *ret)
{
    bool      list;
    size_t    room;
    ptn_rc_t  rc;

    memset(ret, 0, sizeof(*ret));

    room = 0;
    list = ptn_imap_parse_take(in, '(');

    if (list && ptn_imap_parse_take(in, ')')) {
        return PTN_OK;
    }

    for ( ;; ) {
        rc = ptn_imap_parse_flag(in, ret, &room);
        if (rc != PTN_OK) {
            return rc;
        }

        if (list && ptn_imap_parse_take(in, ')')) {
            return PTN_OK;
        }

        if (!ptn_imap_parse_take(in, ' ')) {
            return list ? PTN_EPARSE : PTN_OK;
        }
    }
}
