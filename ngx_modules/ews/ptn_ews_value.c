#include "ptn_charset.h"
#include "ptn_ews_schema.h"


/* Values of XSD's simple types (XML Schema Part 2, 3.2). */


ptn_str_t
ptn_xs_trim(ptn_str_t s)
{
    while (s.len != 0 && s.data[0] <= ' ') {
        s.data++;
        s.len--;
    }

    while (s.len != 0 && s.data[s.len - 1] <= ' ') {
        s.len--;
    }

    return s;
}


ptn_rc_t
ptn_xs_bool(ptn_str_t s, bool *ret)
{
    s = ptn_xs_trim(s);

    if (ptn_str_eqz(s, "true") || ptn_str_eqz(s, "1")) {
        *ret = true;
        return PTN_OK;
    }

    if (ptn_str_eqz(s, "false") || ptn_str_eqz(s, "0")) {
        *ret = false;
        return PTN_OK;
    }

    return PTN_EPARSE;
}


ptn_rc_t
ptn_xs_int(ptn_str_t s, int64_t min, int64_t max, int64_t *ret)
{
    bool      minus;
    int64_t   n;
    ptn_rc_t  rc;
    uint64_t  u;

    s = ptn_xs_trim(s);
    minus = false;

    if (s.len != 0 && (s.data[0] == '-' || s.data[0] == '+')) {
        minus = (s.data[0] == '-');
        s.data++;
        s.len--;
    }

    rc = ptn_str_u64(s, INT64_MAX, &u);
    if (rc != PTN_OK) {
        return PTN_EPARSE;
    }

    n = minus ? -(int64_t) u : (int64_t) u;

    if (n < min || n > max) {
        return PTN_EPARSE;
    }

    *ret = n;

    return PTN_OK;
}


/* `n` digits at the front of *s. */
static bool
ptn_xs_digits(ptn_str_t *s, size_t n, int *ret)
{
    int     v;
    size_t  i;

    if (s->len < n) {
        return false;
    }

    for (v = 0, i = 0; i < n; i++) {
        if (s->data[i] < '0' || s->data[i] > '9') {
            return false;
        }

        v = v * 10 + (s->data[i] - '0');
    }

    s->data += n;
    s->len -= n;
    *ret = v;

    return true;
}


static bool
ptn_xs_skip(ptn_str_t *s, u_char c)
{
    if (s->len == 0 || s->data[0] != c) {
        return false;
    }

    s->data++;
    s->len--;

    return true;
}


ptn_rc_t
ptn_xs_datetime(ptn_str_t s, int64_t *ret_usec)
{
    int      y, mo, d, h, mi, sec, zh, zm, sign;
    int64_t  usec, unit;

    static const u_char  days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31,
                                    30, 31 };

    s = ptn_xs_trim(s);

    if (!ptn_xs_digits(&s, 4, &y) || !ptn_xs_skip(&s, '-')
        || !ptn_xs_digits(&s, 2, &mo) || !ptn_xs_skip(&s, '-')
        || !ptn_xs_digits(&s, 2, &d) || !ptn_xs_skip(&s, 'T')
        || !ptn_xs_digits(&s, 2, &h) || !ptn_xs_skip(&s, ':')
        || !ptn_xs_digits(&s, 2, &mi) || !ptn_xs_skip(&s, ':')
        || !ptn_xs_digits(&s, 2, &sec))
    {
        return PTN_EPARSE;
    }

    if (y < 1 || mo < 1 || mo > 12 || d < 1 || d > days[mo - 1]
        || h > 24 || mi > 59 || sec > 59)
    {
        return PTN_EPARSE;
    }

    usec = 0;

    if (ptn_xs_skip(&s, '.')) {
        if (s.len == 0 || s.data[0] < '0' || s.data[0] > '9') {
            return PTN_EPARSE;
        }

        for (unit = 100000; s.len != 0 && s.data[0] >= '0'
                            && s.data[0] <= '9'; unit /= 10)
        {
            usec += unit * (s.data[0] - '0');
            s.data++;
            s.len--;
        }
    }

    sign = 0;
    zh = 0;
    zm = 0;

    if (s.len != 0 && s.data[0] != 'Z') {
        sign = s.data[0] == '+' ? 1 : s.data[0] == '-' ? -1 : 0;
        s.data++;
        s.len--;

        if (sign == 0 || !ptn_xs_digits(&s, 2, &zh) || !ptn_xs_skip(&s, ':')
            || !ptn_xs_digits(&s, 2, &zm) || zh > 14 || zm > 59)
        {
            return PTN_EPARSE;
        }

    } else if (s.len != 0) {
        s.data++;
        s.len--;
    }

    if (s.len != 0) {
        return PTN_EPARSE;
    }

    *ret_usec = (ptn_time_from_civil(y, mo, d, h, mi, sec)
                 - sign * (zh * 3600 + zm * 60)) * PTN_USEC + usec;

    return PTN_OK;
}


ptn_rc_t
ptn_xs_base64(ptn_pool_t *pool, ptn_str_t s, ptn_str_t *ret)
{
    size_t   i, n;
    u_char  *p;

    for (i = 0; i < s.len && s.data[i] > ' '; i++) { /* void */ }

    if (i < s.len) {
        p = ptn_palloc(pool, s.len);
        if (p == NULL) {
            return PTN_ENOMEM;
        }

        for (i = 0, n = 0; i < s.len; i++) {
            if (s.data[i] > ' ') {
                p[n++] = s.data[i];
            }
        }

        s = ptn_str_make(p, n);
    }

    return ptn_base64_decode(pool, s, ret);
}


/* The first three groups are numbers, little endian in a GUID's bytes. */
ptn_rc_t
ptn_xs_guid(ptn_str_t s, ptn_guid_t *ret)
{
    int                  v;
    size_t               i, n;
    u_char               c;
    ptn_guid_t           guid;

    static const u_char  place[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11,
                                       12, 13, 14, 15 };

    s = ptn_xs_trim(s);

    if (s.len != 36) {
        return PTN_EPARSE;
    }

    memset(&guid, 0, sizeof(guid));

    for (i = 0, n = 0; i < 36; i++) {
        c = s.data[i];

        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (c != '-') {
                return PTN_EPARSE;
            }

            continue;
        }

        if (c >= '0' && c <= '9') {
            v = c - '0';

        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            v = (c | 0x20) - 'a' + 10;

        } else {
            return PTN_EPARSE;
        }

        guid.b[place[n / 2]] |= (u_char) (n % 2 ? v : v << 4);
        n++;
    }

    *ret = guid;

    return PTN_OK;
}
