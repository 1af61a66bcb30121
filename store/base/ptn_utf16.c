#include "ptn_charset.h"


#define PTN_UTF16_BAD  0xfffdU


/* The next character of p to end, which is not empty; moves *p behind it. */

static uint32_t
ptn_utf16_next(const u_char **p, const u_char *end)
{
    int            n, i;
    uint32_t       c, min;
    const u_char  *q;

    q = *p;
    c = *q++;

    if (c < 0x80) {
        *p = q;
        return c;
    }

    if (c >= 0xc2 && c <= 0xdf) {
        n = 1;
        min = 0x80;
        c &= 0x1f;

    } else if (c >= 0xe0 && c <= 0xef) {
        n = 2;
        min = 0x800;
        c &= 0x0f;

    } else if (c >= 0xf0 && c <= 0xf4) {
        n = 3;
        min = 0x10000;
        c &= 0x07;

    } else {
        *p = q;
        return PTN_UTF16_BAD;
    }

    for (i = 0; i < n; i++) {
        if (q == end || (*q & 0xc0) != 0x80) {
            *p = q;
            return PTN_UTF16_BAD;
        }

        c = c << 6 | (*q++ & 0x3f);
    }

    *p = q;

    return (c < min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
           ? PTN_UTF16_BAD : c;
}


/* Writes to `out`, which has room for two bytes per byte of `utf8`. */

static u_char *
ptn_utf16_put(u_char *out, ptn_str_t utf8)
{
    uint32_t       c, hi;
    const u_char  *p, *end;

    p = utf8.data;
    end = p + utf8.len;

    while (p < end) {
        if (*p < 0x80) {
            *out++ = *p++;
            *out++ = 0;
            continue;
        }

        c = ptn_utf16_next(&p, end);

        if (c >= 0x10000) {
            c -= 0x10000;
            hi = 0xd800 | c >> 10;
            *out++ = (u_char) hi;
            *out++ = (u_char) (hi >> 8);
            c = 0xdc00 | (c & 0x3ff);
        }

        *out++ = (u_char) c;
        *out++ = (u_char) (c >> 8);
    }

    return out;
}


ptn_rc_t
ptn_utf16_from_utf8(ptn_pool_t *pool, ptn_str_t utf8, ptn_str_t *ret_utf16)
{
    u_char  *p, *end;

    if (utf8.len > (SIZE_MAX - 2) / 2) {
        return PTN_ENOMEM;
    }

    p = ptn_palloc(pool, 2 * utf8.len + 2);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    end = ptn_utf16_put(p, utf8);
    end[0] = 0;
    end[1] = 0;

    *ret_utf16 = ptn_str_make(p, (size_t) (end - p));

    return PTN_OK;
}


void
ptn_buf_utf16(ptn_buf_t *out, ptn_str_t utf8)
{
    u_char  *p;

    if (utf8.len > (SIZE_MAX - 2) / 2) {
        out->failed = true;
        return;
    }

    p = ptn_buf_reserve(out, 2 * utf8.len);
    if (p == NULL) {
        return;
    }

    out->len += (size_t) (ptn_utf16_put(p, utf8) - p);
}


size_t
ptn_utf16_len(ptn_str_t utf8)
{
    size_t         n;
    const u_char  *p, *end;

    p = utf8.data;
    end = p + utf8.len;

    for (n = 0; p < end; n += 2) {
        n += (ptn_utf16_next(&p, end) >= 0x10000) ? 2 : 0;
    }

    return n;
}


ptn_rc_t
ptn_utf16_to_utf8(ptn_pool_t *pool, ptn_str_t utf16, ptn_str_t *ret_utf8)
{
    size_t     i, n;
    u_char    *start, *out;
    uint32_t   c, lo;

    n = utf16.len / 2;

    /* three bytes per unit at most: a pair gives four */

    start = out = ptn_palloc(pool, 3 * n + 3 + 1);
    if (start == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < n; i++) {
        c = utf16.data[2 * i] | (uint32_t) utf16.data[2 * i + 1] << 8;

        if (c == 0) {
            break;
        }

        if (c < 0x80) {
            *out++ = (u_char) c;
            continue;
        }

        if (c >= 0xd800 && c <= 0xdfff) {
            lo = (c < 0xdc00 && i + 1 < n)
                 ? utf16.data[2 * i + 2] | (uint32_t) utf16.data[2 * i + 3] << 8
                 : 0;

            if (lo >= 0xdc00 && lo <= 0xdfff) {
                c = 0x10000 + ((c & 0x3ff) << 10 | (lo & 0x3ff));
                i++;
                *out++ = (u_char) (0xf0 | c >> 18);
                *out++ = (u_char) (0x80 | (c >> 12 & 0x3f));
                *out++ = (u_char) (0x80 | (c >> 6 & 0x3f));
                *out++ = (u_char) (0x80 | (c & 0x3f));
                continue;
            }

            c = PTN_UTF16_BAD;
        }

        if (c < 0x800) {
            *out++ = (u_char) (0xc0 | c >> 6);

        } else {
            *out++ = (u_char) (0xe0 | c >> 12);
            *out++ = (u_char) (0x80 | (c >> 6 & 0x3f));
        }

        *out++ = (u_char) (0x80 | (c & 0x3f));
    }

    if (i == n && utf16.len % 2 != 0) {
        *out++ = 0xef;
        *out++ = 0xbf;
        *out++ = 0xbd;
    }

    *out = '\0';
    *ret_utf8 = ptn_str_make(start, (size_t) (out - start));

    return PTN_OK;
}
