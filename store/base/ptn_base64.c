/* Base64, and its relative in the mailbox names of IMAP4rev1. */

#include "ptn_charset.h"


ptn_rc_t
ptn_base64_decode(ptn_pool_t *pool, ptn_str_t s, ptn_str_t *ret)
{
    u_char    *p, *start;
    size_t     i, n;
    uint8_t    v;
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

    i = ptn_base64_decode_groups(start, s.len / 4 * 3, s.data, n);

    if (n - i >= 4) {
        return PTN_EPARSE;
    }

    p = start + i / 4 * 3;
    acc = 0;

    for ( /* void */ ; i < n; i++) {
        v = ptn_base64_values[s.data[i]];
        if (v >= 64) {
            return PTN_EPARSE;
        }

        acc = (acc << 6) | v;
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
    size_t   n;
    u_char  *start;

    if (s.len > SIZE_MAX / 4) {
        return (ptn_str_t) ptn_null_string;
    }

    start = ptn_palloc(pool, (s.len + 2) / 3 * 4 + 1);
    if (start == NULL) {
        return (ptn_str_t) ptn_null_string;
    }

    n = ptn_base64_encode_text(start, s.data, s.len);
    start[n] = '\0';

    return ptn_str_make(start, n);
}


/* The base64 of RFC 3501 5.1.3: "," for "/", no padding. */
static int
ptn_utf7_value(u_char c)
{
    uint8_t  v;

    if (c == ',') {
        return 63;
    }

    v = ptn_base64_values[c];

    return (v >= 63) ? -1 : v;
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
