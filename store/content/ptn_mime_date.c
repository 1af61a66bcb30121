#include "ptn_mime_header.h"


/* Number, word or one character; comments, blanks and commas are no tokens. */
typedef struct {
    u_char     kind;            /* '0', 'a', the character; 0: the end */
    ptn_str_t  text;
    int        n;
} ptn_mime_date_token_t;

#define PTN_MIME_DATE_TOKENS  24


static const char  ptn_mime_months[] = "janfebmaraprmayjunjulaugsepoctnovdec";

/* RFC 5322 4.3; what is not here is "-0000" */
static const struct {
    const char  *name;
    int          hours;
} ptn_mime_zones[] = {
    { "EST", -5 }, { "EDT", -4 }, { "CST", -6 }, { "CDT", -5 },
    { "MST", -7 }, { "MDT", -6 }, { "PST", -8 }, { "PDT", -7 },
};


static bool
ptn_mime_date_digit(u_char c)
{
    return c >= '0' && c <= '9';
}


static bool
ptn_mime_date_letter(u_char c)
{
    c = ptn_tolower(c);

    return c >= 'a' && c <= 'z';
}


static size_t
ptn_mime_date_tokens(ptn_str_t s, ptn_mime_date_token_t *t)
{
    u_char  c;
    size_t  i, n, start;

    n = 0;
    i = 0;

    while (i < s.len && n < PTN_MIME_DATE_TOKENS) {
        c = s.data[i];

        if (c == '(') {
            ptn_mime_comment(s, &i);
            continue;
        }

        if (ptn_mime_blank(c) || c == ',') {
            i++;
            continue;
        }

        start = i;
        t[n].n = 0;

        if (ptn_mime_date_digit(c)) {
            t[n].kind = '0';

            while (i < s.len && ptn_mime_date_digit(s.data[i])) {
                t[n].n = t[n].n < 1000000 ? t[n].n * 10 + s.data[i] - '0'
                                          : 1000000;
                i++;
            }

        } else if (ptn_mime_date_letter(c)) {
            t[n].kind = 'a';

            while (i < s.len && ptn_mime_date_letter(s.data[i])) {
                i++;
            }

        } else {
            t[n].kind = c ? c : '?';
            i++;
        }

        t[n].text = ptn_str_make(s.data + start, i - start);
        n++;
    }

    t[n].kind = 0;
    t[n].text = (ptn_str_t) ptn_null_string;
    t[n].n = 0;

    return n;
}


/* 1 to 12; 0: no month */
static int
ptn_mime_date_month(ptn_str_t s)
{
    int  i;

    if (s.len < 3) {
        return 0;
    }

    for (i = 0; i < 12; i++) {
        if (ptn_str_ieq(ptn_str_make(s.data, 3),
                        ptn_str_make(ptn_mime_months + i * 3, 3)))
        {
            return i + 1;
        }
    }

    return 0;
}


/* RFC 5322 4.3: two digits, and three from systems that count from 1900 */
static int
ptn_mime_date_year(const ptn_mime_date_token_t *t)
{
    if (t->kind != '0') {
        return -1;
    }

    if (t->text.len <= 2) {
        return t->n < 50 ? t->n + 2000 : t->n + 1900;
    }

    if (t->text.len == 3) {
        return t->n + 1900;
    }

    return t->n;
}


/* hh:mm[:ss[.fraction]]; returns the token behind, NULL if it is no time */
static const ptn_mime_date_token_t *
ptn_mime_date_time(const ptn_mime_date_token_t *t, ptn_civil_t *c)
{
    if (t[0].kind != '0' || t[1].kind != ':' || t[2].kind != '0') {
        return NULL;
    }

    c->hour = t[0].n;
    c->min = t[2].n;
    c->sec = 0;
    t += 3;

    if (t[0].kind == ':' && t[1].kind == '0') {
        c->sec = t[1].n;
        t += 2;
    }

    if (t[0].kind == '.' && t[1].kind == '0') {
        t += 2;
    }

    return t;
}


/* minutes east of UTC */
static ptn_rc_t
ptn_mime_date_zone(const ptn_mime_date_token_t *t, int *ret_zone)
{
    int     h, m;
    size_t  i;

    *ret_zone = 0;

    if (t[0].kind == 'a') {

        for (i = 0; i < ptn_nelts(ptn_mime_zones); i++) {
            if (ptn_str_ieqz(t[0].text, ptn_mime_zones[i].name)) {
                *ret_zone = ptn_mime_zones[i].hours * 60;
                return PTN_OK;
            }
        }

        t++;                            /* GMT+0100 */
    }

    if ((t[0].kind != '+' && t[0].kind != '-') || t[1].kind != '0') {
        return PTN_OK;
    }

    if (t[1].text.len <= 2) {
        h = t[1].n;
        m = t[2].kind == ':' && t[3].kind == '0' ? t[3].n : 0;

    } else {
        h = t[1].n / 100;
        m = t[1].n % 100;
    }

    if (h > 24 || m > 59) {
        return PTN_EPARSE;
    }

    *ret_zone = (h * 60 + m) * (t[0].kind == '-' ? -1 : 1);

    return PTN_OK;
}


static bool
ptn_mime_date_valid(const ptn_civil_t *c)
{
    int                   days;
    static const uint8_t  lengths[] = { 31, 28, 31, 30, 31, 30,
                                        31, 31, 30, 31, 30, 31 };

    if (c->year < 1 || c->year > 9999 || c->month < 1 || c->month > 12) {
        return false;
    }

    days = lengths[c->month - 1];

    if (c->month == 2 && c->year % 4 == 0
        && (c->year % 100 != 0 || c->year % 400 == 0))
    {
        days++;
    }

    return c->day >= 1 && c->day <= days && c->hour <= 23 && c->min <= 59
           && c->sec <= 60;
}


static const ptn_mime_date_token_t *
ptn_mime_date_dash(const ptn_mime_date_token_t *t)
{
    return t->kind == '-' ? t + 1 : t;
}


ptn_rc_t
ptn_mime_date(ptn_str_t value, int64_t *ret_sec, int *ret_zone)
{
    int                           zone;
    ptn_rc_t                      rc;
    ptn_civil_t                   c = { 0 };
    ptn_mime_date_token_t         tokens[PTN_MIME_DATE_TOKENS + 4] = { 0 };
    const ptn_mime_date_token_t  *t, *next;

    ptn_mime_date_tokens(value, tokens);
    t = tokens;

    if (t->kind == 'a' && ptn_mime_date_month(t->text) == 0) {
        t++;                            /* the day of the week */

        if (t->kind == '.') {
            t++;
        }
    }

    if (t->kind == 'a') {

        /* Nov  6 08:49:37 1994, as asctime(3) has it */

        c.month = ptn_mime_date_month(t[0].text);
        c.day = t[1].n;
        t = ptn_mime_date_time(t + 2, &c);

        if (t == NULL) {
            return PTN_EPARSE;
        }

        if (t->kind == 'a' && t[1].kind == '0') {
            (void) ptn_mime_date_zone(t, &zone);
            c.year = ptn_mime_date_year(t + 1);

        } else {
            c.year = ptn_mime_date_year(t);
            t++;
        }

    } else {
        c.day = t->kind == '0' ? t->n : 0;
        t = ptn_mime_date_dash(t + 1);
        c.month = t->kind == 'a' ? ptn_mime_date_month(t->text) : 0;

        if (c.month == 0) {
            return PTN_EPARSE;
        }

        if (t[1].kind == '.') {
            t++;
        }

        t = ptn_mime_date_dash(t + 1);
        c.year = ptn_mime_date_year(t);

        next = ptn_mime_date_time(t + 1, &c);

        if (next == NULL) {
            return PTN_EPARSE;
        }

        t = next;
    }

    rc = ptn_mime_date_zone(t, &zone);
    if (rc != PTN_OK) {
        return rc;
    }

    if (!ptn_mime_date_valid(&c)) {
        return PTN_EPARSE;
    }

    *ret_sec = ptn_time_from_civil(c.year, c.month, c.day, c.hour, c.min,
                                   c.sec)
               - (int64_t) zone * 60;
    *ret_zone = zone;

    return PTN_OK;
}
