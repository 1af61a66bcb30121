#include <unicode/ucnv.h>

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
