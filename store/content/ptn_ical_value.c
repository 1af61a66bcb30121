/*
 * Values of iCalendar: times, durations, UIDs.
 */

#include "ptn_ical.h"


static int
ptn_ical_digits(const u_char *p, unsigned n)
{
    int  v = 0;

    while (n-- != 0) {
        if (*p < '0' || *p > '9') {
            return -1;
        }

        v = v * 10 + (*p++ - '0');
    }

    return v;
}


bool
ptn_ical_time(ptn_str_t s, ptn_ical_time_t *ret)
{
    int              y, mon, d, h = 0, min = 0, sec = 0;
    ptn_civil_t      c;
    ptn_ical_time_t  t = { 0 };

    while (s.len != 0 && (s.data[s.len - 1] == ' ' || s.data[0] == ' ')) {
        s = s.data[0] == ' ' ? ptn_str_make(s.data + 1, s.len - 1)
                             : ptn_str_make(s.data, s.len - 1);
    }

    if (s.len != 8 && s.len != 15 && s.len != 16) {
        return false;
    }

    y = ptn_ical_digits(s.data, 4);
    mon = ptn_ical_digits(s.data + 4, 2);
    d = ptn_ical_digits(s.data + 6, 2);
    t.date = s.len == 8;

    if (s.len > 8) {
        if (ptn_tolower(s.data[8]) != 't'
            || (s.len == 16 && ptn_tolower(s.data[15]) != 'z'))
        {
            return false;
        }

        h = ptn_ical_digits(s.data + 9, 2);
        min = ptn_ical_digits(s.data + 11, 2);
        sec = ptn_ical_digits(s.data + 13, 2);
        t.utc = s.len == 16;
    }

    if (y < 1 || mon < 1 || mon > 12 || d < 1 || d > 31 || h < 0 || h > 23
        || min < 0 || min > 59 || sec < 0 || sec > 60)
    {
        return false;
    }

    ptn_time_to_civil(ptn_time_from_civil(y, mon, d, 0, 0, 0), &c);

    if (c.day != d) {
        return false;                   /* February 30 */
    }

    t.local = ptn_time_from_civil(y, mon, d, h, min, sec == 60 ? 59 : sec);
    *ret = t;

    return true;
}


bool
ptn_ical_duration(ptn_str_t s, int64_t *ret)
{
    bool     minus, time = false, any = false;
    size_t   i = 0;
    int64_t  n, sum = 0, unit;

    minus = s.len != 0 && s.data[0] == '-';
    i = s.len != 0 && (s.data[0] == '-' || s.data[0] == '+') ? 1 : 0;

    if (i >= s.len || ptn_tolower(s.data[i++]) != 'p') {
        return false;
    }

    while (i < s.len) {
        if (ptn_tolower(s.data[i]) == 't') {
            time = true;
            i++;
            continue;
        }

        for (n = 0; i < s.len && s.data[i] >= '0' && s.data[i] <= '9'; i++) {
            n = n * 10 + (s.data[i] - '0');

            if (n > 1000000000) {
                return false;
            }
        }

        if (i == s.len || s.data[i - 1] < '0' || s.data[i - 1] > '9') {
            return false;
        }

        switch (ptn_tolower(s.data[i++])) {
        case 'w': unit = 604800; break;
        case 'd': unit = 86400; break;
        case 'h': unit = 3600; break;
        case 'm': unit = 60; break;
        case 's': unit = 1; break;
        default: return false;
        }

        if (time != (unit < 86400)) {
            return false;
        }

        any = true;
        sum += n * unit;
    }

    if (!any || sum > 1000000000000) {
        return false;
    }

    *ret = minus ? -sum : sum;

    return true;
}


void
ptn_ical_put_duration(ptn_buf_t *out, int64_t n)
{
    if (n < 0) {
        ptn_buf_byte(out, '-');
        n = -n;
    }

    ptn_buf_byte(out, 'P');

    if (n >= 604800 && n % 604800 == 0) {
        ptn_buf_printf(out, "%lldW", (long long) (n / 604800));
        return;
    }

    if (n >= 86400) {
        ptn_buf_printf(out, "%lldD", (long long) (n / 86400));
        n %= 86400;

        if (n == 0) {
            return;
        }
    }

    ptn_buf_byte(out, 'T');

    if (n >= 3600) {
        ptn_buf_printf(out, "%lldH", (long long) (n / 3600));
    }

    if (n % 3600 >= 60 || n == 0) {
        ptn_buf_printf(out, "%lldM", (long long) (n % 3600 / 60));
    }

    if (n % 60 != 0) {
        ptn_buf_printf(out, "%lldS", (long long) (n % 60));
    }
}


/* --- UID ------------------------------------------------------------------ */

#define PTN_ICAL_ID_HEAD  40            /* bytes before the data */
#define PTN_ICAL_VCAL     "vCal-Uid\1\0\0"      /* and a NUL */

static const u_char  ptn_ical_id_magic[16] = {
    0x04, 0x00, 0x00, 0x00, 0x82, 0x00, 0xe0, 0x00,
    0x74, 0xc5, 0xb7, 0x10, 0x1a, 0x82, 0xe0, 0x08
};


static int
ptn_ical_hex(u_char c)
{
    c = ptn_tolower(c);

    return c >= '0' && c <= '9' ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


static bool
ptn_ical_id_ok(ptn_str_t id)
{
    return id.len >= PTN_ICAL_ID_HEAD
           && memcmp(id.data, ptn_ical_id_magic, 16) == 0
           && (uint64_t) id.data[36] + ((uint64_t) id.data[37] << 8)
              + ((uint64_t) id.data[38] << 16) + ((uint64_t) id.data[39] << 24)
              == id.len - PTN_ICAL_ID_HEAD;
}


ptn_rc_t
ptn_ical_global_id(ptn_pool_t *pool, ptn_str_t uid, int64_t date,
    ptn_str_t *ret_id)
{
    size_t       i, n;
    u_char      *p;
    ptn_str_t    id = ptn_null_string;
    ptn_civil_t  c;

    if (uid.len % 2 == 0 && uid.len >= 2 * PTN_ICAL_ID_HEAD) {
        id = ptn_str_dup(pool, ptn_str_make(uid.data, uid.len / 2));
        if (id.data == NULL) {
            return PTN_ENOMEM;
        }

        for (i = 0; i < id.len && ptn_ical_hex(uid.data[2 * i]) >= 0
                    && ptn_ical_hex(uid.data[2 * i + 1]) >= 0; i++)
        {
            id.data[i] = (u_char) (ptn_ical_hex(uid.data[2 * i]) << 4
                                   | ptn_ical_hex(uid.data[2 * i + 1]));
        }

        if (i < id.len || !ptn_ical_id_ok(id)) {
            id.data = NULL;
        }
    }

    if (id.data == NULL) {
        n = sizeof(PTN_ICAL_VCAL) + uid.len + 1;
        id.len = PTN_ICAL_ID_HEAD + n;
        id.data = p = ptn_pcalloc(pool, id.len);

        if (p == NULL) {
            return PTN_ENOMEM;
        }

        memcpy(p, ptn_ical_id_magic, 16);

        for (i = 0; i < 4; i++) {
            p[36 + i] = (u_char) (n >> (8 * i));
        }

        memcpy(p + PTN_ICAL_ID_HEAD, PTN_ICAL_VCAL, sizeof(PTN_ICAL_VCAL));
        memcpy(p + PTN_ICAL_ID_HEAD + sizeof(PTN_ICAL_VCAL), uid.data, uid.len);
    }

    if (date != 0) {
        ptn_time_to_civil(date, &c);
        id.data[16] = (u_char) (c.year >> 8);
        id.data[17] = (u_char) c.year;
        id.data[18] = (u_char) c.month;
        id.data[19] = (u_char) c.day;
    }

    *ret_id = id;

    return PTN_OK;
}


ptn_rc_t
ptn_ical_uid(ptn_pool_t *pool, ptn_str_t id, ptn_str_t *ret_uid)
{
    size_t      i, n;
    ptn_buf_t   out;
    ptn_str_t   data;

    ptn_buf_init(&out, pool);
    n = sizeof(PTN_ICAL_VCAL);

    if (ptn_ical_id_ok(id)) {
        data = ptn_str_make(id.data + PTN_ICAL_ID_HEAD,
                            id.len - PTN_ICAL_ID_HEAD);

        if (data.len > n && memcmp(data.data, PTN_ICAL_VCAL, n) == 0) {
            for (i = n; i < data.len && data.data[i] != '\0'; i++) {
                if (data.data[i] != '\r' && data.data[i] != '\n') {
                    ptn_buf_byte(&out, data.data[i]);
                }
            }

            *ret_uid = ptn_buf_get(&out);

            return out.failed ? PTN_ENOMEM : PTN_OK;
        }
    }

    for (i = 0; i < id.len; i++) {
        ptn_buf_printf(&out, "%02X", i >= 16 && i < 20 ? 0 : id.data[i]);
    }

    *ret_uid = ptn_buf_get(&out);

    return out.failed ? PTN_ENOMEM : PTN_OK;
}
