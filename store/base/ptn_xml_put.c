#include "ptn_xml.h"


/* What an ASCII character becomes; NULL: itself.  U+FFFD: XML cannot say it. */

#define PTN_XML_BAD  "\xef\xbf\xbd"

static const char *
ptn_xml_ascii(u_char c, bool value)
{
    switch (c) {

    case '&':
        return "&amp;";

    case '<':
        return "&lt;";

    case '>':
        return "&gt;";

    case '"':
        return value ? "&quot;" : NULL;

    case '\r':
        return "&#13;";

    case '\n':
        return value ? "&#10;" : NULL;

    case '\t':
        return value ? "&#9;" : NULL;

    default:
        return c < 0x20 ? PTN_XML_BAD : NULL;
    }
}


/* Length of the well-formed character at `p` that XML 1.0 allows; 0: none. */

static size_t
ptn_xml_char(const u_char *p, size_t left)
{
    size_t    i, n;
    uint32_t  c;

    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        n = 2;
        c = p[0] & 0x1f;

    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        n = 3;
        c = p[0] & 0x0f;

    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        n = 4;
        c = p[0] & 0x07;

    } else {
        return 0;
    }

    if (n > left) {
        return 0;
    }

    for (i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }

        c = c << 6 | (p[i] & 0x3f);
    }

    if ((n == 3 && c < 0x800) || (n == 4 && (c < 0x10000 || c > 0x10ffff))
        || (c >= 0xd800 && c <= 0xdfff) || c == 0xfffe || c == 0xffff)
    {
        return 0;
    }

    return n;
}


static void
ptn_xml_put_escaped(ptn_buf_t *b, ptn_str_t s, bool value)
{
    size_t       i, start, n;
    const char  *as;

    start = 0;

    for (i = 0; i < s.len; /* void */ ) {

        if (s.data[i] < 0x80) {
            as = ptn_xml_ascii(s.data[i], value);
            n = 1;

        } else {
            n = ptn_xml_char(s.data + i, s.len - i);
            as = NULL;

            if (n == 0) {
                as = PTN_XML_BAD;
                n = 1;
            }
        }

        if (as != NULL) {
            ptn_buf_add(b, s.data + start, i - start);
            ptn_buf_z(b, as);
            start = i + n;
        }

        i += n;
    }

    if (s.len > start) {
        ptn_buf_add(b, s.data + start, s.len - start);
    }
}


void
ptn_xml_put_text(ptn_buf_t *b, ptn_str_t s)
{
    ptn_xml_put_escaped(b, s, false);
}


void
ptn_xml_put_value(ptn_buf_t *b, ptn_str_t s)
{
    ptn_xml_put_escaped(b, s, true);
}


void
ptn_xml_put_open(ptn_buf_t *b, const char *name)
{
    ptn_buf_byte(b, '<');
    ptn_buf_z(b, name);
    ptn_buf_byte(b, '>');
}


void
ptn_xml_put_close(ptn_buf_t *b, const char *name)
{
    ptn_buf_z(b, "</");
    ptn_buf_z(b, name);
    ptn_buf_byte(b, '>');
}


void
ptn_xml_put(ptn_buf_t *b, const char *name, ptn_str_t text)
{
    ptn_xml_put_open(b, name);
    ptn_xml_put_text(b, text);
    ptn_xml_put_close(b, name);
}


void
ptn_xml_put_z(ptn_buf_t *b, const char *name, const char *text)
{
    ptn_xml_put(b, name, ptn_str_z(text));
}


void
ptn_xml_put_u64(ptn_buf_t *b, const char *name, uint64_t n)
{
    ptn_xml_put_open(b, name);
    ptn_buf_printf(b, "%llu", (unsigned long long) n);
    ptn_xml_put_close(b, name);
}


void
ptn_xml_put_bool(ptn_buf_t *b, const char *name, bool value)
{
    ptn_xml_put_z(b, name, value ? "true" : "false");
}


void
ptn_xml_put_attr(ptn_buf_t *b, const char *name, ptn_str_t value)
{
    ptn_buf_byte(b, ' ');
    ptn_buf_z(b, name);
    ptn_buf_z(b, "=\"");
    ptn_xml_put_value(b, value);
    ptn_buf_byte(b, '"');
}
