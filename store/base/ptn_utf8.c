#include <unicode/ucasemap.h>

#include "ptn_charset.h"


size_t
ptn_utf8_put(u_char *p, uint32_t c)
{
    if (c < 0x80) {
        p[0] = (u_char) c;
        return 1;
    }

    if (c < 0x800) {
        p[0] = (u_char) (0xc0 | (c >> 6));
        p[1] = (u_char) (0x80 | (c & 0x3f));
        return 2;
    }

    if (c < 0x10000) {
        p[0] = (u_char) (0xe0 | (c >> 12));
        p[1] = (u_char) (0x80 | ((c >> 6) & 0x3f));
        p[2] = (u_char) (0x80 | (c & 0x3f));
        return 3;
    }

    p[0] = (u_char) (0xf0 | (c >> 18));
    p[1] = (u_char) (0x80 | ((c >> 12) & 0x3f));
    p[2] = (u_char) (0x80 | ((c >> 6) & 0x3f));
    p[3] = (u_char) (0x80 | (c & 0x3f));

    return 4;
}


/*
 * Length of the well-formed sequence at p (Unicode 3.9, table 3-7), or minus
 * the length of the ill-formed maximal subpart there.
 */
int
ptn_utf8_seq(const u_char *p, const u_char *end)
{
    int     i, n;
    u_char  c, lo, hi;

    c = *p;
    lo = 0x80;
    hi = 0xbf;

    if (c < 0x80) {
        return 1;
    }

    if (c < 0xc2 || c > 0xf4) {
        return -1;
    }

    n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

    if (c == 0xe0) {
        lo = 0xa0;

    } else if (c == 0xed) {
        hi = 0x9f;

    } else if (c == 0xf0) {
        lo = 0x90;

    } else if (c == 0xf4) {
        hi = 0x8f;
    }

    for (i = 1; i < n; i++) {
        if (p + i == end || p[i] < lo || p[i] > hi) {
            return -i;
        }

        lo = 0x80;
        hi = 0xbf;
    }

    return n;
}


/* The first byte that is not part of valid UTF-8, or `end`. */
static const u_char *
ptn_utf8_skip(const u_char *p, const u_char *end)
{
    int       n;
    uint64_t  w;

    while (p < end) {

        while (end - p >= 8) {
            memcpy(&w, p, 8);
            if (w & 0x8080808080808080ULL) {
                break;
            }
            p += 8;
        }

        if (p == end) {
            break;
        }

        n = ptn_utf8_seq(p, end);
        if (n < 0) {
            break;
        }

        p += n;
    }

    return p;
}


bool
ptn_utf8_valid(ptn_str_t s)
{
    return s.len == 0
           || ptn_utf8_skip(s.data, s.data + s.len) == s.data + s.len;
}


ptn_str_t
ptn_utf8_clean(ptn_pool_t *pool, ptn_str_t s)
{
    ptn_buf_t      b;
    const u_char  *p, *q, *end;

    if (ptn_utf8_valid(s)) {
        return s;
    }

    ptn_buf_init(&b, pool);
    ptn_buf_reserve(&b, s.len + s.len / 4);

    p = s.data;
    end = p + s.len;

    while (p < end) {
        q = ptn_utf8_skip(p, end);
        ptn_buf_add(&b, p, (size_t) (q - p));
        p = q;

        if (p < end) {
            ptn_buf_add(&b, "\xef\xbf\xbd", 3);
            p -= ptn_utf8_seq(p, end);
        }
    }

    if (b.failed) {
        return (ptn_str_t) ptn_null_string;
    }

    return ptn_buf_get(&b);
}


static bool
ptn_utf8_ascii(ptn_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] & 0x80) {
            return false;
        }
    }

    return true;
}


ptn_rc_t
ptn_utf8_fold(ptn_pool_t *pool, ptn_str_t s, ptn_str_t *ret)
{
    u_char      *p;
    int32_t      n;
    size_t       size;
    ptn_str_t    out;
    UCaseMap    *map;
    UErrorCode   err;

    if (ptn_utf8_ascii(s)) {
        out = ptn_str_lower(pool, s);
        if (out.data == NULL) {
            return PTN_ENOMEM;
        }

        *ret = out;
        return PTN_OK;
    }

    if (s.len > INT32_MAX / 4) {
        return PTN_ETOOBIG;
    }

    err = U_ZERO_ERROR;
    map = ucasemap_open("", U_FOLD_CASE_DEFAULT, &err);
    if (U_FAILURE(err)) {
        return PTN_ENOMEM;
    }

    /* full folding grows a text threefold at most; ask first when it does */

    size = s.len + 32;

    for ( ;; ) {
        p = ptn_palloc(pool, size);
        if (p == NULL) {
            ucasemap_close(map);
            return PTN_ENOMEM;
        }

        err = U_ZERO_ERROR;
        n = ucasemap_utf8FoldCase(map, (char *) p, (int32_t) size,
                                  (const char *) s.data, (int32_t) s.len,
                                  &err);

        if (err != U_BUFFER_OVERFLOW_ERROR) {
            break;
        }

        size = (size_t) n + 1;
    }

    ucasemap_close(map);

    if (U_FAILURE(err)) {
        return PTN_EINTERNAL;
    }

    *ret = ptn_str_make(p, (size_t) n);

    return PTN_OK;
}


const char *
ptn_letter_apart(uint32_t c)
{
    static const struct {
        uint32_t     c;
        const char  *as;
    } letters[] = {
        { 0x00e6, "ae" }, { 0x00f0, "d" }, { 0x00f8, "o" }, { 0x00fe, "th" },
        { 0x0111, "d" },  { 0x0127, "h" }, { 0x0131, "i" }, { 0x0142, "l" },
        { 0x0153, "oe" },
    };

    size_t  i;

    for (i = 0; i < ptn_nelts(letters); i++) {
        if (letters[i].c == c) {
            return letters[i].as;
        }
    }

    return NULL;
}
