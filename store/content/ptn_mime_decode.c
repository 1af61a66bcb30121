#include "ptn_charset.h"
#include "ptn_html.h"
#include "ptn_mime_header.h"


typedef ptn_rc_t (*ptn_mime_decode_pt)(ptn_pool_t *pool, ptn_str_t s,
    size_t max, ptn_str_t *ret);


static ptn_rc_t
ptn_mime_decode_none(ptn_pool_t *pool PTN_UNUSED, ptn_str_t s, size_t max,
    ptn_str_t *ret)
{
    if (s.len > max) {
        return PTN_ETOOBIG;
    }

    *ret = s;

    return PTN_OK;
}


/*
 * What is not of the alphabet is passed over; "=" ends the text, so that what
 * a mailing list added behind is not decoded (RFC 2045 6.8).
 */
static ptn_rc_t
ptn_mime_decode_base64(ptn_pool_t *pool, ptn_str_t s, size_t max,
    ptn_str_t *ret)
{
    u_char        *d, *start;
    uint8_t        v;
    size_t         size, done;
    uint32_t       acc, n;
    const u_char  *p, *end;

    size = s.len / 4 * 3 + 3;

    if (size > max) {

        /* line breaks are not data: room for all that may come out */

        size = max + 3;
    }

    start = ptn_palloc(pool, size);
    if (start == NULL) {
        return PTN_ENOMEM;
    }

    d = start;
    acc = 0;
    n = 0;
    p = s.data;
    end = p + s.len;

    for ( /* void */ ; p < end; p++) {

        if (n == 0) {
            done = ptn_base64_decode_groups(d, size - (size_t) (d - start), p,
                                            (size_t) (end - p));
            p += done;
            d += done / 4 * 3;
        }

        if (p == end) {
            break;
        }

        v = ptn_base64_values[*p];

        if (v == 65) {
            break;
        }

        if (v == 64) {
            continue;
        }

        acc = (acc << 6) | v;

        if (++n == 4) {
            if ((size_t) (d - start) + 3 > size) {
                return PTN_ETOOBIG;
            }

            *d++ = (u_char) (acc >> 16);
            *d++ = (u_char) (acc >> 8);
            *d++ = (u_char) acc;
            acc = 0;
            n = 0;
        }
    }

    if ((size_t) (d - start) + 2 <= size) {
        if (n == 2) {
            *d++ = (u_char) (acc >> 4);

        } else if (n == 3) {
            *d++ = (u_char) (acc >> 10);
            *d++ = (u_char) (acc >> 2);
        }
    }

    if ((size_t) (d - start) > max) {
        return PTN_ETOOBIG;
    }

    *ret = ptn_str_make(start, (size_t) (d - start));

    return PTN_OK;
}


static int
ptn_mime_decode_hex(u_char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c = ptn_tolower(c);

    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


/*
 * A soft line break at s[i] ("=", blanks, the end of the line): returns where
 * the next line starts, else i.
 */
static size_t
ptn_mime_decode_soft(ptn_str_t s, size_t i)
{
    size_t  k;

    for (k = i + 1; k < s.len && (s.data[k] == ' ' || s.data[k] == '\t');
         k++)
    {
        /* void */
    }

    if (k == s.len) {
        return k;
    }

    if (s.data[k] == '\r' && k + 1 < s.len && s.data[k + 1] == '\n') {
        return k + 2;
    }

    return s.data[k] == '\n' ? k + 1 : i;
}


/* Blanks at the end of a line were added on the way (RFC 2045 6.7, rule 3) */
static ptn_rc_t
ptn_mime_decode_qp(ptn_pool_t *pool, ptn_str_t s, size_t max, ptn_str_t *ret)
{
    int      hi, lo;
    u_char   c, *d, *start, *solid;
    size_t   i, next;

    start = ptn_palloc(pool, s.len + 1);
    if (start == NULL) {
        return PTN_ENOMEM;
    }

    d = start;
    solid = start;              /* behind the last byte that stays */

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if (c == '\n' || (c == '\r' && i + 1 < s.len && s.data[i + 1] == '\n'))
        {
            d = solid;

            if (c == '\r') {
                *d++ = c;
                i++;
            }

            *d++ = '\n';
            solid = d;
            continue;
        }

        if (c != '=') {
            *d++ = c;

            if (c != ' ' && c != '\t') {
                solid = d;
            }
            continue;
        }

        next = ptn_mime_decode_soft(s, i);

        if (next != i) {
            solid = d;
            i = next - 1;
            continue;
        }

        hi = i + 2 < s.len ? ptn_mime_decode_hex(s.data[i + 1]) : -1;
        lo = i + 2 < s.len ? ptn_mime_decode_hex(s.data[i + 2]) : -1;

        if (hi != -1 && lo != -1) {
            *d++ = (u_char) (hi << 4 | lo);
            i += 2;

        } else {
            *d++ = '=';
        }

        solid = d;
    }

    d = solid;

    if ((size_t) (d - start) > max) {
        return PTN_ETOOBIG;
    }

    *ret = ptn_str_make(start, (size_t) (d - start));

    return PTN_OK;
}


static u_char *
ptn_mime_decode_uu_line(u_char *d, ptn_str_t line)
{
    size_t    i, n;
    uint32_t  acc, k;

    n = (line.data[0] - 0x20u) & 0x3f;

    for (i = 1; i < line.len && n != 0; i += 4) {
        acc = 0;

        for (k = 0; k < 4; k++) {
            acc <<= 6;
            if (i + k < line.len) {
                acc |= (line.data[i + k] - 0x20u) & 0x3f;
            }
        }

        for (k = 0; k < 3 && n != 0; k++, n--) {
            *d++ = (u_char) (acc >> (16 - 8 * k));
        }
    }

    return d;
}


/* From the line after "begin" to "end"; without "begin" there is nothing. */
static ptn_rc_t
ptn_mime_decode_uu(ptn_pool_t *pool, ptn_str_t s, size_t max, ptn_str_t *ret)
{
    bool       begun;
    u_char    *d, *start, *e;
    ptn_str_t  line;

    start = ptn_palloc(pool, s.len + 3);
    if (start == NULL) {
        return PTN_ENOMEM;
    }

    d = start;
    begun = false;

    while (s.len != 0) {
        e = memchr(s.data, '\n', s.len);
        line = ptn_str_make(s.data, e ? (size_t) (e - s.data) : s.len);

        s.data += line.len;
        s.len -= line.len;

        if (s.len != 0) {
            s.data++;
            s.len--;
        }

        while (line.len != 0 && line.data[line.len - 1] == '\r') {
            line.len--;
        }

        if (!begun) {
            begun = line.len > 6 && memcmp(line.data, "begin ", 6) == 0;
            continue;
        }

        if (ptn_str_eqz(line, "end")) {
            break;
        }

        if (line.len != 0) {
            d = ptn_mime_decode_uu_line(d, line);
        }
    }

    if ((size_t) (d - start) > max) {
        return PTN_ETOOBIG;
    }

    *ret = ptn_str_make(start, (size_t) (d - start));

    return PTN_OK;
}


static const ptn_mime_decode_pt  ptn_mime_decoders[] = {
    [PTN_CTE_7BIT] = ptn_mime_decode_none,
    [PTN_CTE_8BIT] = ptn_mime_decode_none,
    [PTN_CTE_BINARY] = ptn_mime_decode_none,
    [PTN_CTE_QP] = ptn_mime_decode_qp,
    [PTN_CTE_BASE64] = ptn_mime_decode_base64,
    [PTN_CTE_UUENCODE] = ptn_mime_decode_uu,
    [PTN_CTE_OTHER] = ptn_mime_decode_none,
};


ptn_rc_t
ptn_mime_decode(ptn_pool_t *pool, ptn_cte_e cte, ptn_str_t body, size_t max,
    ptn_str_t *ret)
{
    if ((size_t) cte >= ptn_nelts(ptn_mime_decoders)) {
        return PTN_EINVAL;
    }

    if (body.len == 0) {
        *ret = ptn_str_make("", 0);
        return PTN_OK;
    }

    return ptn_mime_decoders[cte](pool, body, max, ret);
}


ptn_rc_t
ptn_mime_part_text(ptn_pool_t *pool, const ptn_mime_t *mime,
    const ptn_mime_part_t *part, ptn_str_t *ret_utf8)
{
    ptn_rc_t   rc;
    ptn_str_t  body, charset, text;

    if (part->body > mime->raw.len
        || part->body_len > mime->raw.len - part->body)
    {
        return PTN_EINVAL;              /* a structure without its message */
    }

    body = ptn_str_make(mime->raw.data + part->body, part->body_len);

    rc = ptn_mime_decode(pool, (ptn_cte_e) part->cte, body, SIZE_MAX, &text);
    if (rc != PTN_OK) {
        return rc;
    }

    charset = ptn_mime_param(part->params, part->nparams, "charset");

    if (charset.len == 0 && ptn_str_eqz(part->subtype, "html")) {
        return ptn_html_to_utf8(pool, text, 0, ret_utf8);
    }

    if (charset.len == 0 || ptn_str_ieqz(charset, "us-ascii")
        || ptn_charset_to_utf8(pool, charset, text, ret_utf8) != PTN_OK)
    {
        *ret_utf8 = ptn_mime_guess(pool, text);
    }

    return ptn_pool_failed(pool) ? PTN_ENOMEM : PTN_OK;
}
