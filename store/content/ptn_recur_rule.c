/*
 * RFC 5545 3.3.10: the text of rules.
 */

#include "ptn_recur.h"


static const char  ptn_recur_days[7][3] = {
    "SU", "MO", "TU", "WE", "TH", "FR", "SA"
};

static const char *const  ptn_recur_freqs[] = {
    "SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"
};

/* A list of numbers: where it goes, its range; negative ones count from the
 * end where there is a place for them. */
typedef struct {
    const char  *name;
    uint16_t     off, end_off;      /* of the bits; end_off 0: none */
    uint8_t      bytes;
    uint16_t     min, max;
} ptn_recur_list_t;

#define PTN_RECUR_OFF(m)   offsetof(ptn_recur_rule_t, m)
#define PTN_RECUR_SIZE(m)  sizeof(((ptn_recur_rule_t *) 0)->m)

/* In the order in which they are written. */
static const ptn_recur_list_t  ptn_recur_lists[] = {
    { "BYMONTH",    PTN_RECUR_OFF(months),  0, PTN_RECUR_SIZE(months), 1, 12 },
    { "BYWEEKNO",   PTN_RECUR_OFF(weeks),   PTN_RECUR_OFF(weeks_end),
      PTN_RECUR_SIZE(weeks), 1, 53 },
    { "BYYEARDAY",  PTN_RECUR_OFF(ydays),   PTN_RECUR_OFF(ydays_end),
      PTN_RECUR_SIZE(ydays), 1, 366 },
    { "BYMONTHDAY", PTN_RECUR_OFF(mdays),   PTN_RECUR_OFF(mdays_end),
      PTN_RECUR_SIZE(mdays), 1, 31 },
    { "BYHOUR",     PTN_RECUR_OFF(hours),   0, PTN_RECUR_SIZE(hours), 0, 23 },
    { "BYMINUTE",   PTN_RECUR_OFF(minutes), 0, PTN_RECUR_SIZE(minutes), 0, 59 },
    { "BYSECOND",   PTN_RECUR_OFF(seconds), 0, PTN_RECUR_SIZE(seconds), 0, 60 },
};


static bool
ptn_recur_bit(const ptn_recur_rule_t *r, const ptn_recur_list_t *l,
    uint16_t off, unsigned n)
{
    const u_char  *p;

    p = (const u_char *) r + off;

    switch (l->bytes) {

    case 2:
        return (*(const uint16_t *) p >> n) & 1;

    case 4:
        return (*(const uint32_t *) p >> n) & 1;

    default:
        return (((const uint64_t *) p)[n / 64] >> (n % 64)) & 1;
    }
}


static void
ptn_recur_bit_set(ptn_recur_rule_t *r, const ptn_recur_list_t *l,
    uint16_t off, unsigned n)
{
    u_char  *p;

    p = (u_char *) r + off;

    switch (l->bytes) {

    case 2:
        *(uint16_t *) p |= (uint16_t) (1u << n);
        break;

    case 4:
        *(uint32_t *) p |= 1u << n;
        break;

    default:
        ((uint64_t *) p)[n / 64] |= (uint64_t) 1 << (n % 64);
    }
}


/* The next item of a list; false: there are no more. */

static bool
ptn_recur_item(ptn_str_t *rest, ptn_str_t *ret)
{
    size_t  i;

    if (rest->data == NULL) {
        return false;
    }

    for (i = 0; i < rest->len && rest->data[i] != ','; i++) { /* void */ }

    *ret = ptn_str_make(rest->data, i);

    if (i == rest->len) {
        rest->data = NULL;

    } else {
        *rest = ptn_str_make(rest->data + i + 1, rest->len - i - 1);
    }

    while (ret->len != 0 && ret->data[0] == ' ') {
        *ret = ptn_str_make(ret->data + 1, ret->len - 1);
    }

    while (ret->len != 0 && ret->data[ret->len - 1] == ' ') {
        ret->len--;
    }

    return true;
}


/* A number with a sign, 1 to 3 digits. */

static bool
ptn_recur_number(ptn_str_t s, int *ret)
{
    bool    minus = false;
    size_t  i = 0;
    int     n = 0;

    if (s.len != 0 && (s.data[0] == '-' || s.data[0] == '+')) {
        minus = s.data[0] == '-';
        i = 1;
    }

    if (i == s.len || s.len - i > 3) {
        return false;
    }

    for ( ; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9') {
            return false;
        }

        n = n * 10 + (s.data[i] - '0');
    }

    *ret = minus ? -n : n;

    return true;
}


static ptn_rc_t
ptn_recur_parse_list(ptn_recur_rule_t *r, const ptn_recur_list_t *l,
    ptn_str_t value)
{
    int        n;
    ptn_str_t  item;

    while (ptn_recur_item(&value, &item)) {
        if (!ptn_recur_number(item, &n)
            || (n < 0 ? l->end_off == 0 || -n < l->min || -n > l->max
                      : n < l->min || n > l->max))
        {
            return PTN_EPARSE;
        }

        if (n < 0) {
            ptn_recur_bit_set(r, l, l->end_off, (unsigned) -n);

        } else {
            ptn_recur_bit_set(r, l, l->off, (unsigned) n);
        }

        r->any_ydays |= l->off == PTN_RECUR_OFF(ydays);
    }

    return PTN_OK;
}


static int
ptn_recur_weekday(ptn_str_t s)
{
    int  i;

    for (i = 0; i < 7; i++) {
        if (ptn_str_ieqz(s, ptn_recur_days[i])) {
            return i;
        }
    }

    return -1;
}


static ptn_rc_t
ptn_recur_parse_days(ptn_recur_rule_t *r, ptn_str_t value)
{
    int        n, day;
    ptn_str_t  item;

    while (ptn_recur_item(&value, &item)) {
        if (item.len < 2) {
            return PTN_EPARSE;
        }

        day = ptn_recur_weekday(ptn_str_make(item.data + item.len - 2, 2));
        item.len -= 2;

        if (day < 0) {
            return PTN_EPARSE;
        }

        if (item.len == 0) {
            r->days |= (uint8_t) (1 << day);
            continue;
        }

        if (!ptn_recur_number(item, &n) || n == 0 || n > 53 || n < -53) {
            return PTN_EPARSE;
        }

        r->any_nth = true;

        if (n > 0) {
            r->nth[day] |= (uint64_t) 1 << n;

        } else {
            r->nth_end[day] |= (uint64_t) 1 << -n;
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_recur_parse_setpos(ptn_recur_rule_t *r, ptn_str_t value)
{
    int        n;
    unsigned   i;
    ptn_str_t  item;

    while (ptn_recur_item(&value, &item)) {
        if (!ptn_recur_number(item, &n) || n == 0 || n > 366 || n < -366) {
            return PTN_EPARSE;
        }

        for (i = 0; i < r->nsetpos && r->setpos[i] != n; i++) { /* void */ }

        if (i < r->nsetpos) {
            continue;
        }

        if (r->nsetpos == PTN_RECUR_SETPOS_MAX) {
            return PTN_ELIMIT;
        }

        r->setpos[r->nsetpos++] = (int16_t) n;
    }

    return PTN_OK;
}


static int
ptn_recur_digits(const u_char *p, unsigned n)
{
    int       v = 0;
    unsigned  i;

    for (i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9') {
            return -1;
        }

        v = v * 10 + (p[i] - '0');
    }

    return v;
}


static ptn_rc_t
ptn_recur_parse_until(ptn_recur_rule_t *r, ptn_str_t s)
{
    int           y, mon, d, h, min, sec;
    ptn_civil_t   c;

    if (s.len != 8 && (s.len != 15 || s.data[8] != 'T')
        && (s.len != 16 || s.data[8] != 'T' || ptn_tolower(s.data[15]) != 'z'))
    {
        return PTN_EPARSE;
    }

    y = ptn_recur_digits(s.data, 4);
    mon = ptn_recur_digits(s.data + 4, 2);
    d = ptn_recur_digits(s.data + 6, 2);
    h = min = sec = 0;

    if (s.len > 8) {
        h = ptn_recur_digits(s.data + 9, 2);
        min = ptn_recur_digits(s.data + 11, 2);
        sec = ptn_recur_digits(s.data + 13, 2);
    }

    if (y < 0 || mon < 1 || mon > 12 || d < 1 || d > 31 || h < 0 || h > 23
        || min < 0 || min > 59 || sec < 0 || sec > 60)
    {
        return PTN_EPARSE;
    }

    r->until = ptn_time_from_civil(y, mon, d, h, min, sec);
    ptn_time_to_civil(r->until, &c);

    if (sec < 60 && (c.day != d || c.month != mon)) {
        return PTN_EPARSE;
    }

    r->until_kind = s.len == 8 ? PTN_RECUR_UNTIL_DATE
                  : s.len == 15 ? PTN_RECUR_UNTIL_LOCAL : PTN_RECUR_UNTIL_UTC;

    return PTN_OK;
}


static ptn_rc_t
ptn_recur_parse_u32(ptn_str_t value, uint32_t *ret)
{
    uint64_t  n;

    if (ptn_str_u64(value, UINT32_MAX, &n) != PTN_OK || n == 0) {
        return PTN_EPARSE;
    }

    *ret = (uint32_t) n;

    return PTN_OK;
}


/* Parts that are no list of numbers, each a bit behind those. */
typedef enum {
    PTN_RECUR_PART_FREQ, PTN_RECUR_PART_INTERVAL, PTN_RECUR_PART_COUNT,
    PTN_RECUR_PART_UNTIL, PTN_RECUR_PART_WKST, PTN_RECUR_PART_BYDAY,
    PTN_RECUR_PART_BYSETPOS, PTN_RECUR_PART_RSCALE, PTN_RECUR_PART_SKIP,
    PTN_RECUR_PART_MAX
} ptn_recur_part_e;

static const char *const  ptn_recur_parts[] = {
    "FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYSETPOS",
    "RSCALE", "SKIP"
};


static ptn_rc_t
ptn_recur_parse_part(ptn_recur_rule_t *r, unsigned part, ptn_str_t value)
{
    int       day;
    unsigned  i;

    switch (part) {

    case PTN_RECUR_PART_FREQ:
        for (i = 0; i < ptn_nelts(ptn_recur_freqs); i++) {
            if (ptn_str_ieqz(value, ptn_recur_freqs[i])) {
                r->freq = (uint8_t) i;
                return PTN_OK;
            }
        }

        return PTN_EPARSE;

    case PTN_RECUR_PART_INTERVAL:
        return ptn_recur_parse_u32(value, &r->interval);

    case PTN_RECUR_PART_COUNT:
        return ptn_recur_parse_u32(value, &r->count);

    case PTN_RECUR_PART_UNTIL:
        return ptn_recur_parse_until(r, value);

    case PTN_RECUR_PART_WKST:
        day = ptn_recur_weekday(value);
        r->wkst = (uint8_t) day;
        return day < 0 ? PTN_EPARSE : PTN_OK;

    case PTN_RECUR_PART_BYDAY:
        return ptn_recur_parse_days(r, value);

    case PTN_RECUR_PART_BYSETPOS:
        return ptn_recur_parse_setpos(r, value);

    case PTN_RECUR_PART_RSCALE:
        return ptn_str_ieqz(value, "GREGORIAN") ? PTN_OK : PTN_ESUPPORT;

    default:
        return ptn_str_ieqz(value, "OMIT") ? PTN_OK : PTN_ESUPPORT;
    }
}


ptn_rc_t
ptn_recur_rule_parse(ptn_str_t text, ptn_recur_rule_t *ret_rule)
{
    size_t            i, eq;
    ptn_rc_t          rc;
    unsigned          k, seen = 0;
    ptn_str_t         name, value;
    ptn_recur_rule_t  r = { .wkst = 1, .interval = 1 };

    while (text.len != 0) {
        for (i = 0, eq = 0; i < text.len && text.data[i] != ';'; i++) {
            if (text.data[i] == '=' && eq == 0) {
                eq = i;
            }
        }

        name = ptn_str_make(text.data, eq);
        value = ptn_str_make(text.data + eq + 1, eq ? i - eq - 1 : 0);
        text = i == text.len ? ptn_str("")
                             : ptn_str_make(text.data + i + 1,
                                            text.len - i - 1);

        if (i == 0) {
            continue;                   /* ";;", a semicolon at the end */
        }

        if (eq == 0) {
            return PTN_EPARSE;
        }

        if (ptn_str_istarts(name, "X-")) {
            continue;
        }

        for (k = 0; k < ptn_nelts(ptn_recur_lists); k++) {
            if (ptn_str_ieqz(name, ptn_recur_lists[k].name)) {
                break;
            }
        }

        if (k < ptn_nelts(ptn_recur_lists)) {
            k += PTN_RECUR_PART_MAX;
            rc = ptn_recur_parse_list(&r,
                           &ptn_recur_lists[k - PTN_RECUR_PART_MAX], value);

        } else {
            for (k = 0; k < ptn_nelts(ptn_recur_parts); k++) {
                if (ptn_str_ieqz(name, ptn_recur_parts[k])) {
                    break;
                }
            }

            if (k == ptn_nelts(ptn_recur_parts)) {
                return PTN_EPARSE;
            }

            rc = ptn_recur_parse_part(&r, k, value);
        }

        if (rc != PTN_OK) {
            return rc;
        }

        if (seen & 1u << k) {
            return PTN_EPARSE;
        }

        seen |= 1u << k;
    }

    if (!(seen & 1u << PTN_RECUR_PART_FREQ)
        || (r.count != 0 && r.until_kind != PTN_RECUR_NO_UNTIL))
    {
        return PTN_EPARSE;
    }

    *ret_rule = r;

    return PTN_OK;
}


static void
ptn_recur_write_number(ptn_buf_t *out, bool *first, const char *name, int n,
    const char *day)
{
    if (*first) {
        ptn_buf_printf(out, ";%s=", name);
        *first = false;

    } else {
        ptn_buf_byte(out, ',');
    }

    if (n != 0 || day[0] == '\0') {
        ptn_buf_printf(out, "%d", n);
    }

    ptn_buf_z(out, day);
}


static void
ptn_recur_write_days(ptn_buf_t *out, const ptn_recur_rule_t *r)
{
    int       n;
    bool      first = true;
    unsigned  k, day;

    for (k = 0; k < 7; k++) {
        day = (k + 1) % 7;              /* Monday first, as people do */

        if (r->days & 1 << day) {
            ptn_recur_write_number(out, &first, "BYDAY", 0,
                                   ptn_recur_days[day]);
        }

        for (n = 1; n <= 53; n++) {
            if (r->nth[day] >> n & 1) {
                ptn_recur_write_number(out, &first, "BYDAY", n,
                                       ptn_recur_days[day]);
            }
        }

        for (n = 53; n >= 1; n--) {
            if (r->nth_end[day] >> n & 1) {
                ptn_recur_write_number(out, &first, "BYDAY", -n,
                                       ptn_recur_days[day]);
            }
        }
    }
}


void
ptn_recur_rule_write(ptn_buf_t *out, const ptn_recur_rule_t *r)
{
    int                      n;
    bool                     first;
    unsigned                 k;
    ptn_civil_t              c;
    const ptn_recur_list_t  *l;

    ptn_buf_printf(out, "FREQ=%s", ptn_recur_freqs[r->freq]);

    if (r->until_kind != PTN_RECUR_NO_UNTIL) {
        ptn_time_to_civil(r->until, &c);
        ptn_buf_printf(out, ";UNTIL=%04d%02d%02d", c.year, c.month, c.day);

        if (r->until_kind != PTN_RECUR_UNTIL_DATE) {
            ptn_buf_printf(out, "T%02d%02d%02d%s", c.hour, c.min, c.sec,
                           r->until_kind == PTN_RECUR_UNTIL_UTC ? "Z" : "");
        }
    }

    if (r->count != 0) {
        ptn_buf_printf(out, ";COUNT=%u", r->count);
    }

    if (r->interval != 1) {
        ptn_buf_printf(out, ";INTERVAL=%u", r->interval);
    }

    for (k = 0; k < ptn_nelts(ptn_recur_lists); k++) {
        l = &ptn_recur_lists[k];
        first = true;

        for (n = l->min; n <= l->max; n++) {
            if (ptn_recur_bit(r, l, l->off, (unsigned) n)) {
                ptn_recur_write_number(out, &first, l->name, n, "");
            }
        }

        for (n = l->max; l->end_off != 0 && n >= l->min; n--) {
            if (ptn_recur_bit(r, l, l->end_off, (unsigned) n)) {
                ptn_recur_write_number(out, &first, l->name, -n, "");
            }
        }

        if (l->off == PTN_RECUR_OFF(mdays)) {
            ptn_recur_write_days(out, r);
        }
    }

    first = true;

    for (k = 0; k < r->nsetpos; k++) {
        ptn_recur_write_number(out, &first, "BYSETPOS", r->setpos[k], "");
    }

    if (r->wkst != 1) {
        ptn_buf_printf(out, ";WKST=%s", ptn_recur_days[r->wkst]);
    }
}
