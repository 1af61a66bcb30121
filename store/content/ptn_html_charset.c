/*
 * The charset of HTML: a byte order mark, what somebody knows of it, what a
 * <meta> or the XML declaration says, what it looks like.
 */

#include "ptn_charset.h"
#include "ptn_html.h"


#define PTN_HTML_HEAD_MAX  4096     /* where a <meta> may stand */


static bool
ptn_html_blank(u_char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
}


static const u_char *
ptn_html_blanks(const u_char *p, const u_char *end)
{
    while (p < end && ptn_html_blank(*p)) {
        p++;
    }

    return p;
}


/* The value at p, quoted or not; *ret_end is behind it. */

static ptn_str_t
ptn_html_value(const u_char *p, const u_char *end, const u_char **ret_end)
{
    u_char         quote;
    const u_char  *from;

    quote = (p < end && (*p == '"' || *p == '\'')) ? *p++ : 0;

    for (from = p; p < end && (quote ? *p != quote
                                     : !ptn_html_blank(*p) && *p != '>'
                                       && *p != ';'); p++)
    {
        /* void */
    }

    *ret_end = p + (quote && p < end);

    return ptn_str_make(from, (size_t) (p - from));
}


/* "text/html; charset=utf-8" */

static ptn_str_t
ptn_html_of_type(ptn_str_t type)
{
    const u_char  *p, *end;
    ptn_str_t      none = ptn_null_string;

    p = type.data;
    end = p + type.len;

    for ( /* void */ ; end - p > 7; p++) {
        if (!ptn_str_istarts(ptn_str_make(p, (size_t) (end - p)), "charset"))
        {
            continue;
        }

        p = ptn_html_blanks(p + 7, end);

        if (p < end && *p == '=') {
            return ptn_html_value(ptn_html_blanks(p + 1, end), end, &p);
        }

        if (p == end) {
            break;
        }
    }

    return none;
}


/* The attributes at p, up to ">": of a <meta>. */

static ptn_str_t
ptn_html_of_meta(const u_char *p, const u_char *end)
{
    bool           type;
    ptn_str_t      name, value, charset, content;

    charset = content = ptn_str_make(NULL, 0);
    type = false;

    for ( ;; ) {
        while (p < end && (ptn_html_blank(*p) || *p == '/')) {
            p++;
        }

        if (p == end || *p == '>') {
            break;
        }

        for (name.data = (u_char *) p; p < end && !ptn_html_blank(*p)
                                       && *p != '=' && *p != '>'; p++)
        {
            /* void */
        }

        name.len = (size_t) (p - name.data);
        p = ptn_html_blanks(p, end);

        if (p == end || *p != '=') {
            continue;
        }

        p = ptn_html_blanks(p + 1, end);

        /* here a semicolon does not end what is not quoted */

        if (p < end && *p != '"' && *p != '\'') {
            for (value.data = (u_char *) p; p < end && !ptn_html_blank(*p)
                                            && *p != '>'; p++)
            {
                /* void */
            }

            value.len = (size_t) (p - value.data);

        } else {
            value = ptn_html_value(p, end, &p);
        }

        if (ptn_str_ieqz(name, "charset")) {
            charset = value;

        } else if (ptn_str_ieqz(name, "content")) {
            content = value;

        } else if (ptn_str_ieqz(name, "http-equiv")) {
            type = ptn_str_ieqz(value, "content-type");
        }
    }

    if (charset.len == 0 && type && content.len != 0) {
        charset = ptn_html_of_type(content);
    }

    /* who says so in ASCII is not in UTF-16 */

    return ptn_str_istarts(charset, "utf-16") ? ptn_str("utf-8") : charset;
}


ptn_str_t
ptn_html_charset(ptn_str_t html)
{
    ptn_str_t      s, charset;
    const u_char  *p, *end;
    ptn_str_t      none = ptn_null_string;

    s = ptn_str_make(html.data, ptn_min(html.len, (size_t) 3));

    if (s.len == 3 && memcmp(s.data, "\xef\xbb\xbf", 3) == 0) {
        return ptn_str("utf-8");
    }

    if (s.len >= 2 && memcmp(s.data, "\xff\xfe", 2) == 0) {
        return ptn_str("utf-16le");
    }

    if (s.len >= 2 && memcmp(s.data, "\xfe\xff", 2) == 0) {
        return ptn_str("utf-16be");
    }

    p = html.len != 0 ? html.data : (const u_char *) "";
    end = p + ptn_min(html.len, (size_t) PTN_HTML_HEAD_MAX);

    while (p < end && (p = memchr(p, '<', (size_t) (end - p))) != NULL) {

        s = ptn_str_make(p, (size_t) (end - p));

        if (ptn_str_istarts(s, "<!--")) {
            p = memmem(p + 4, s.len - 4, "-->", 3);

            if (p == NULL) {
                break;
            }

            continue;
        }

        if (ptn_str_istarts(s, "<?xml ")) {
            for (p += 6; p < end && *p != '>'; p++) {
                if (ptn_str_istarts(ptn_str_make(p, (size_t) (end - p)),
                                    "encoding="))
                {
                    charset = ptn_html_value(p + 9, end, &p);

                    if (ptn_charset_known(charset)) {
                        return charset;
                    }
                }
            }

            continue;
        }

        if (ptn_str_istarts(s, "<body")) {
            break;
        }

        if (s.len > 5 && ptn_str_istarts(s, "<meta")
            && (ptn_html_blank(s.data[5]) || s.data[5] == '/'))
        {
            charset = ptn_html_of_meta(p + 5, end);

            if (ptn_charset_known(charset)) {
                return charset;
            }
        }

        p++;
    }

    return none;
}


/* Code pages that are no superset of ASCII: HTML only is ever in them. */

static const char *
ptn_html_page(uint32_t codepage)
{
    size_t  i;
    static const struct {
        uint32_t     codepage;
        const char  *charset;
    } pages[] = {
        { 1200, "utf-16le" },       { 1201, "utf-16be" },
        { 50220, "iso-2022-jp" },   { 50221, "iso-2022-jp" },
        { 50222, "iso-2022-jp" },   { 50225, "iso-2022-kr" },
        { 52936, "hz" },            { 65000, "utf-7" },
    };

    for (i = 0; i < ptn_nelts(pages); i++) {
        if (pages[i].codepage == codepage) {
            return pages[i].charset;
        }
    }

    return NULL;
}


ptn_rc_t
ptn_html_to_utf8(ptn_pool_t *pool, ptn_str_t html, uint32_t codepage,
    ptn_str_t *ret_html)
{
    bool       marked;
    ptn_str_t  charset;

    charset = ptn_html_charset(html);
    marked = html.len >= 2 && (html.data[0] >= 0xfe
                               || (html.data[0] == 0xef && html.len >= 3
                                   && html.data[1] == 0xbb
                                   && html.data[2] == 0xbf));

    if (marked && charset.len != 0) {
        html.data += charset.len == 5 ? 3 : 2;
        html.len -= charset.len == 5 ? 3 : 2;

        if (charset.len == 5) {
            *ret_html = ptn_utf8_clean(pool, html);
            return ptn_pool_failed(pool) ? PTN_ENOMEM : PTN_OK;
        }

        return ptn_charset_to_utf8(pool, charset, html, ret_html);
    }

    if (ptn_codepage_charset(codepage) != NULL) {
        return ptn_codepage_to_utf8(pool, codepage, html, ret_html);
    }

    if (ptn_html_page(codepage) != NULL) {
        charset = ptn_str_z(ptn_html_page(codepage));
    }

    if (charset.len != 0) {
        return ptn_charset_to_utf8(pool, charset, html, ret_html);
    }

    if (ptn_utf8_valid(html)) {
        *ret_html = html;
        return PTN_OK;
    }

    return ptn_charset_to_utf8(pool, ptn_str("windows-1252"), html, ret_html);
}
