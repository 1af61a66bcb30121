#include <unicode/ucnv.h>
#include <unicode/ucasemap.h>

#include "ptn_charset.h"


#define PTN_CHARSET_NAME_MAX  64
#define PTN_CHARSET_CHUNK     2048      /* UTF-16 units at a time */


/*
 * Labels whose senders mean a superset of what they write: Windows clients
 * have put 1252's quotation marks into "iso-8859-1" for thirty years.  The
 * choices are those of the WHATWG Encoding Standard.
 */
typedef struct {
    const char  *label;
    const char  *icu;
} ptn_charset_alias_t;

static const ptn_charset_alias_t  ptn_charset_aliases[] = {
    { "iso-8859-1",         "windows-1252" },
    { "iso8859-1",          "windows-1252" },
    { "iso_8859-1",         "windows-1252" },
    { "latin1",             "windows-1252" },
    { "latin-1",            "windows-1252" },
    { "l1",                 "windows-1252" },
    { "iso-8859-9",         "windows-1254" },
    { "latin5",             "windows-1254" },
    { "iso-8859-11",        "windows-874" },
    { "tis-620",            "windows-874" },
    { "gb2312",             "gb18030" },
    { "gb_2312-80",         "gb18030" },
    { "gbk",                "gb18030" },
    { "x-gbk",              "gb18030" },
    { "cp936",              "gb18030" },
    { "hz",                 "HZ" },
    { "big5",               "windows-950" },
    { "x-x-big5",           "windows-950" },
    { "ks_c_5601-1987",     "windows-949" },
    { "ksc5601",            "windows-949" },
    { "ks_c_5601",          "windows-949" },
    { "euc-kr",             "windows-949" },
    { "euc_kr",             "windows-949" },
    { "cp949",              "windows-949" },
    { "shift_jis",          "windows-31j" },
    { "shift-jis",          "windows-31j" },
    { "sjis",               "windows-31j" },
    { "x-sjis",             "windows-31j" },
    { "cp932",              "windows-31j" },
    { "iso-8859-8-i",       "iso-8859-8" },
    { "iso-8859-8-e",       "iso-8859-8" },
    { "iso-8859-6-i",       "iso-8859-6" },
    { "unicode-1-1-utf-7",  "utf-7" },
    { "x-mac-roman",        "macintosh" },
    { "x-mac-cyrillic",     "x-mac-cyrillic" },
    { "ansi_x3.4-1968",     "us-ascii" },
    { "646",                "us-ascii" },
};


/*
 * A name that ICU may see: ICU takes options behind a comma and file names
 * of its data behind odd characters; a mail has no say in either.
 */
static bool
ptn_charset_name(ptn_str_t charset, char name[PTN_CHARSET_NAME_MAX])
{
    u_char  c;
    size_t  i;

    if (charset.len == 0 || charset.len >= PTN_CHARSET_NAME_MAX) {
        return false;
    }

    for (i = 0; i < charset.len; i++) {
        c = ptn_tolower(charset.data[i]);

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
              || c == '-' || c == '_' || c == '.' || c == ':' || c == '+'))
        {
            return false;
        }

        name[i] = (char) c;
    }

    name[i] = '\0';

    for (i = 0; i < ptn_nelts(ptn_charset_aliases); i++) {
        if (strcmp(name, ptn_charset_aliases[i].label) == 0) {
            strcpy(name, ptn_charset_aliases[i].icu);
            break;
        }
    }

    return true;
}


static bool
ptn_charset_is_utf8(const char *name)
{
    return strcmp(name, "utf-8") == 0 || strcmp(name, "utf8") == 0;
}


static UConverter *
ptn_charset_open(const char *name)
{
    UErrorCode   err = U_ZERO_ERROR;
    UConverter  *cnv;

    cnv = ucnv_open(name, &err);

    return U_FAILURE(err) ? NULL : cnv;
}


bool
ptn_charset_known(ptn_str_t charset)
{
    char         name[PTN_CHARSET_NAME_MAX];
    UConverter  *cnv;

    if (!ptn_charset_name(charset, name)) {
        return false;
    }

    if (ptn_charset_is_utf8(name)) {
        return true;
    }

    cnv = ptn_charset_open(name);
    if (cnv == NULL) {
        return false;
    }

    ucnv_close(cnv);

    return true;
}


static size_t
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
 * Appends UTF-16 as UTF-8.  Returns the units used: a leading surrogate at
 * the very end is left for the next call unless `last`.
 */
static size_t
ptn_charset_units(ptn_buf_t *b, const UChar *u, size_t n, bool last)
{
    u_char    *p;
    size_t     i;
    uint32_t   c;

    p = ptn_buf_reserve(b, n * 3);
    if (p == NULL) {
        return n;
    }

    for (i = 0; i < n; i++) {
        c = u[i];

        if (c >= 0xd800 && c < 0xdc00) {
            if (i + 1 == n && !last) {
                break;
            }

            if (i + 1 < n && u[i + 1] >= 0xdc00 && u[i + 1] < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (u[++i] - 0xdc00u);

            } else {
                c = 0xfffd;
            }

        } else if (c >= 0xdc00 && c < 0xe000) {
            c = 0xfffd;
        }

        p += ptn_utf8_put(p, c);
    }

    b->len = (size_t) (p - b->data);

    return i;
}


static ptn_rc_t
ptn_charset_convert(UConverter *cnv, ptn_buf_t *b, ptn_str_t in)
{
    size_t       have, used;
    UChar        u[PTN_CHARSET_CHUNK], *dst;
    UErrorCode   err;
    const char  *src, *end;

    src = (const char *) in.data;
    end = src + in.len;
    have = 0;

    do {
        err = U_ZERO_ERROR;
        dst = u + have;

        ucnv_toUnicode(cnv, &dst, u + PTN_CHARSET_CHUNK, &src, end, NULL,
                       true, &err);

        if (U_FAILURE(err) && err != U_BUFFER_OVERFLOW_ERROR) {
            return err == U_MEMORY_ALLOCATION_ERROR ? PTN_ENOMEM
                                                    : PTN_EINTERNAL;
        }

        have = (size_t) (dst - u);
        used = ptn_charset_units(b, u, have, err == U_ZERO_ERROR);

        have -= used;
        if (have != 0) {
            u[0] = u[used];
        }

    } while (err == U_BUFFER_OVERFLOW_ERROR && !b->failed);

    return b->failed ? PTN_ENOMEM : PTN_OK;
}


ptn_rc_t
ptn_charset_to_utf8(ptn_pool_t *pool, ptn_str_t charset, ptn_str_t in,
    ptn_str_t *ret)
{
    char         name[PTN_CHARSET_NAME_MAX];
    ptn_rc_t     rc;
    ptn_buf_t    b;
    ptn_str_t    out;
    UConverter  *cnv;

    if (!ptn_charset_name(charset, name)) {
        return PTN_ENOTFOUND;
    }

    if (ptn_charset_is_utf8(name)) {
        out = ptn_utf8_clean(pool, in);
        if (in.len != 0 && out.data == NULL) {
            return PTN_ENOMEM;
        }

        *ret = out;
        return PTN_OK;
    }

    cnv = ptn_charset_open(name);
    if (cnv == NULL) {
        return PTN_ENOTFOUND;
    }

    if (in.len == 0) {
        ucnv_close(cnv);
        *ret = ptn_str_make("", 0);
        return PTN_OK;
    }

    ptn_buf_init(&b, pool);
    ptn_buf_reserve(&b, in.len + in.len / 2);

    rc = ptn_charset_convert(cnv, &b, in);
    ucnv_close(cnv);

    if (rc == PTN_OK) {
        *ret = ptn_buf_get(&b);
    }

    return rc;
}


/* UTF-16 of `in`, which is valid UTF-8, to `cnv`, in pieces. */
static ptn_rc_t
ptn_charset_encode(UConverter *cnv, ptn_buf_t *b, ptn_str_t in)
{
    char         *dst;
    size_t        i, n, len;
    UChar         u[PTN_CHARSET_CHUNK];
    u_char       *room;
    uint32_t      c;
    UErrorCode    err;
    const UChar  *src;

    for (i = 0; i < in.len; /* void */ ) {

        for (n = 0; i < in.len && n + 2 <= PTN_CHARSET_CHUNK; i += len) {
            c = in.data[i];
            len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

            if (len == 1) {
                u[n++] = (UChar) c;
                continue;
            }

            c &= 0x7fu >> len;
            c = c << 6 | (in.data[i + 1] & 0x3f);
            c = len > 2 ? c << 6 | (in.data[i + 2] & 0x3f) : c;
            c = len > 3 ? c << 6 | (in.data[i + 3] & 0x3f) : c;

            if (c < 0x10000) {
                u[n++] = (UChar) c;

            } else {
                u[n++] = (UChar) (0xd800 + ((c - 0x10000) >> 10));
                u[n++] = (UChar) (0xdc00 + ((c - 0x10000) & 0x3ff));
            }
        }

        src = u;

        do {
            room = ptn_buf_reserve(b, PTN_CHARSET_CHUNK);
            if (room == NULL) {
                return PTN_ENOMEM;
            }

            err = U_ZERO_ERROR;
            dst = (char *) room;
            ucnv_fromUnicode(cnv, &dst, dst + PTN_CHARSET_CHUNK, &src, u + n,
                             NULL, i == in.len, &err);
            b->len += (size_t) (dst - (char *) room);
        } while (err == U_BUFFER_OVERFLOW_ERROR);

        if (U_FAILURE(err)) {
            return err == U_MEMORY_ALLOCATION_ERROR ? PTN_ENOMEM
                                                    : PTN_EINTERNAL;
        }
    }

    return PTN_OK;
}


ptn_rc_t
ptn_charset_from_utf8(ptn_pool_t *pool, ptn_str_t charset, ptn_str_t in,
    ptn_str_t *ret)
{
    char         name[PTN_CHARSET_NAME_MAX];
    ptn_rc_t     rc;
    ptn_buf_t    b;
    UErrorCode   err;
    UConverter  *cnv;

    if (!ptn_charset_name(charset, name)) {
        return PTN_ENOTFOUND;
    }

    in = ptn_utf8_clean(pool, in);
    if (in.data == NULL && in.len != 0) {
        return PTN_ENOMEM;
    }

    if (ptn_charset_is_utf8(name)) {
        *ret = in;
        return PTN_OK;
    }

    cnv = ptn_charset_open(name);
    if (cnv == NULL) {
        return PTN_ENOTFOUND;
    }

    err = U_ZERO_ERROR;
    ucnv_setSubstString(cnv, u"?", 1, &err);
    ptn_buf_init(&b, pool);
    rc = ptn_charset_encode(cnv, &b, in);
    ucnv_close(cnv);

    if (rc == PTN_OK) {
        *ret = in.len ? ptn_buf_get(&b) : ptn_str_make("", 0);
    }

    return rc;
}


/*
 * Length of the well-formed sequence at p (Unicode 3.9, table 3-7), or minus
 * the length of the ill-formed maximal subpart there.
 */
static int
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


static const char  ptn_base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";


static int
ptn_base64_value(u_char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }

    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }

    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }

    return c == '+' ? 62 : c == '/' ? 63 : -1;
}


ptn_rc_t
ptn_base64_decode(ptn_pool_t *pool, ptn_str_t s, ptn_str_t *ret)
{
    int        v;
    u_char    *p, *start;
    size_t     i, n;
    uint32_t   acc;

    if (s.len % 4 != 0) {
        return PTN_EPARSE;
    }

    n = s.len;

    if (n != 0 && s.data[n - 1] == '=') {
        n--;
        if (s.data[n - 1] == '=') {
            n--;
        }
    }

    start = ptn_palloc(pool, s.len / 4 * 3 + 1);
    if (start == NULL) {
        return PTN_ENOMEM;
    }

    p = start;
    acc = 0;

    for (i = 0; i < n; i++) {
        v = ptn_base64_value(s.data[i]);
        if (v == -1) {
            return PTN_EPARSE;
        }

        acc = (acc << 6) | (uint32_t) v;

        if (i % 4 == 3) {
            *p++ = (u_char) (acc >> 16);
            *p++ = (u_char) (acc >> 8);
            *p++ = (u_char) acc;
            acc = 0;
        }
    }

    switch (n % 4) {

    case 2:
        if (acc & 0x0f) {
            return PTN_EPARSE;
        }
        *p++ = (u_char) (acc >> 4);
        break;

    case 3:
        if (acc & 0x03) {
            return PTN_EPARSE;
        }
        *p++ = (u_char) (acc >> 10);
        *p++ = (u_char) (acc >> 2);
        break;

    case 1:
        return PTN_EPARSE;
    }

    *p = '\0';
    *ret = ptn_str_make(start, (size_t) (p - start));

    return PTN_OK;
}


ptn_str_t
ptn_base64_encode(ptn_pool_t *pool, ptn_str_t s)
{
    u_char    *p, *start;
    size_t     i, rest;
    uint32_t   w;

    if (s.len > SIZE_MAX / 4) {
        return (ptn_str_t) ptn_null_string;
    }

    start = ptn_palloc(pool, (s.len + 2) / 3 * 4 + 1);
    if (start == NULL) {
        return (ptn_str_t) ptn_null_string;
    }

    p = start;

    for (i = 0; i + 3 <= s.len; i += 3) {
        w = (uint32_t) s.data[i] << 16 | (uint32_t) s.data[i + 1] << 8
            | s.data[i + 2];

        *p++ = (u_char) ptn_base64_alphabet[w >> 18];
        *p++ = (u_char) ptn_base64_alphabet[(w >> 12) & 0x3f];
        *p++ = (u_char) ptn_base64_alphabet[(w >> 6) & 0x3f];
        *p++ = (u_char) ptn_base64_alphabet[w & 0x3f];
    }

    rest = s.len - i;

    if (rest != 0) {
        w = (uint32_t) s.data[i] << 16;
        if (rest == 2) {
            w |= (uint32_t) s.data[i + 1] << 8;
        }

        *p++ = (u_char) ptn_base64_alphabet[w >> 18];
        *p++ = (u_char) ptn_base64_alphabet[(w >> 12) & 0x3f];
        *p++ = rest == 2 ? (u_char) ptn_base64_alphabet[(w >> 6) & 0x3f]
                         : '=';
        *p++ = '=';
    }

    *p = '\0';

    return ptn_str_make(start, (size_t) (p - start));
}


/* The base64 of RFC 3501 5.1.3: "," for "/", no padding. */
static int
ptn_utf7_value(u_char c)
{
    return c == ',' ? 63 : c == '/' ? -1 : ptn_base64_value(c);
}


/*
 * One shifted run, from behind "&" to "-".  The result must be text that
 * could not have been written plainly, so that a name has one spelling.
 */
static ptn_rc_t
ptn_utf7_run(u_char **dst, ptn_str_t run)
{
    int        v;
    size_t     i;
    uint32_t   acc, bits, c, lead;

    acc = 0;
    bits = 0;
    lead = 0;

    for (i = 0; i < run.len; i++) {
        v = ptn_utf7_value(run.data[i]);
        if (v == -1) {
            return PTN_EPARSE;
        }

        acc = (acc << 6) | (uint32_t) v;
        bits += 6;

        if (bits < 16) {
            continue;
        }

        bits -= 16;
        c = (acc >> bits) & 0xffff;
        acc &= (1u << bits) - 1;

        if (lead != 0) {
            if (c < 0xdc00 || c > 0xdfff) {
                return PTN_EPARSE;
            }

            c = 0x10000 + ((lead - 0xd800) << 10) + (c - 0xdc00);
            lead = 0;

        } else if (c >= 0xd800 && c < 0xdc00) {
            lead = c;
            continue;

        } else if ((c >= 0xdc00 && c < 0xe000) || (c >= 0x20 && c < 0x7f)) {
            return PTN_EPARSE;
        }

        *dst += ptn_utf8_put(*dst, c);
    }

    if (lead != 0 || bits >= 6 || acc != 0) {
        return PTN_EPARSE;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_utf7_imap_decode(ptn_pool_t *pool, ptn_str_t s, ptn_str_t *ret)
{
    bool       shifted;
    u_char     c, *p, *start, *minus;
    size_t     i, len;
    ptn_rc_t   rc;

    /* 8 sextets give 3 units, at most 9 bytes; plain text gives its length */

    start = ptn_palloc(pool, s.len * 2 + 4);
    if (start == NULL) {
        return PTN_ENOMEM;
    }

    p = start;
    shifted = false;

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if (c < 0x20 || c > 0x7e) {
            return PTN_EPARSE;
        }

        if (c != '&') {
            *p++ = c;
            shifted = false;
            continue;
        }

        minus = memchr(s.data + i, '-', s.len - i);
        if (minus == NULL) {
            return PTN_EPARSE;
        }

        len = (size_t) (minus - (s.data + i + 1));

        if (len == 0) {
            *p++ = '&';
            shifted = false;

        } else {
            /* "&..-&..-" is one run written as two */

            if (shifted) {
                return PTN_EPARSE;
            }

            rc = ptn_utf7_run(&p, ptn_str_make(s.data + i + 1, len));
            if (rc != PTN_OK) {
                return rc;
            }

            shifted = true;
        }

        i += len + 1;
    }

    *ret = ptn_str_make(start, (size_t) (p - start));

    return PTN_OK;
}


typedef struct {
    u_char    *p;
    uint32_t   acc;
    uint32_t   bits;
    bool       shifted;
} ptn_utf7_out_t;


static void
ptn_utf7_sextet(ptn_utf7_out_t *o, uint32_t v)
{
    *o->p++ = v == 63 ? ',' : (u_char) ptn_base64_alphabet[v];
}


static void
ptn_utf7_unit(ptn_utf7_out_t *o, uint32_t unit)
{
    if (!o->shifted) {
        *o->p++ = '&';
        o->shifted = true;
    }

    o->acc = (o->acc << 16) | unit;
    o->bits += 16;

    while (o->bits >= 6) {
        o->bits -= 6;
        ptn_utf7_sextet(o, (o->acc >> o->bits) & 0x3f);
    }

    o->acc &= (1u << o->bits) - 1;
}


static void
ptn_utf7_unshift(ptn_utf7_out_t *o)
{
    if (!o->shifted) {
        return;
    }

    if (o->bits != 0) {
        ptn_utf7_sextet(o, (o->acc << (6 - o->bits)) & 0x3f);
    }

    *o->p++ = '-';
    o->acc = 0;
    o->bits = 0;
    o->shifted = false;
}


ptn_rc_t
ptn_utf7_imap_encode(ptn_pool_t *pool, ptn_str_t s, ptn_str_t *ret)
{
    int              i, n;
    u_char          *start;
    uint32_t         c;
    const u_char    *p, *end;
    ptn_utf7_out_t   o = { 0 };

    if (!ptn_utf8_valid(s)) {
        return PTN_EPARSE;
    }

    /* the worst: a control character alone, one byte to "&AAE-" */

    start = ptn_parray(pool, s.len + 1, 6);
    if (start == NULL) {
        return PTN_ENOMEM;
    }

    o.p = start;
    p = s.data;
    end = p + s.len;

    while (p < end) {
        c = *p;

        if (c >= 0x20 && c <= 0x7e) {
            ptn_utf7_unshift(&o);
            *o.p++ = *p++;
            if (c == '&') {
                *o.p++ = '-';
            }
            continue;
        }

        n = ptn_utf8_seq(p, end);
        c = n == 1 ? c : c & (0x7fu >> n);

        for (i = 1; i < n; i++) {
            c = (c << 6) | (p[i] & 0x3fu);
        }

        p += n;

        if (c >= 0x10000) {
            ptn_utf7_unit(&o, 0xd800 + ((c - 0x10000) >> 10));
            ptn_utf7_unit(&o, 0xdc00 + ((c - 0x10000) & 0x3ff));

        } else {
            ptn_utf7_unit(&o, c);
        }
    }

    ptn_utf7_unshift(&o);

    *ret = ptn_str_make(start, (size_t) (o.p - start));

    return PTN_OK;
}
