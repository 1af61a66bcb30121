#include "ptn_oxcmail_in.h"


static const char  ptn_body_html_head[] =
    "<html>\r\n<head>\r\n<meta http-equiv=\"Content-Type\" "
    "content=\"text/html; charset=utf-8\">\r\n</head>\r\n<body>\r\n";

static const char  ptn_body_html_foot[] = "</body>\r\n</html>\r\n";


static u_char *
ptn_body_escape(u_char *d, u_char c)
{
    size_t       n;
    const char  *ref;

    ref = (c == '&') ? "&amp;" : (c == '<') ? "&lt;"
          : (c == '>') ? "&gt;" : (c == '"') ? "&quot;" : NULL;

    if (ref == NULL) {
        *d++ = c;
        return d;
    }

    n = strlen(ref);
    memcpy(d, ref, n);

    return d + n;
}


static u_char *
ptn_body_copy(u_char *d, const char *s)
{
    size_t  n;

    n = strlen(s);
    memcpy(d, s, n);

    return d + n;
}


/*
 * Bytes of an address that begins at p; 0: none does.  *ret_scheme is what its
 * link has before it: people write www.example.test.
 */
static size_t
ptn_body_url(const u_char *p, const u_char *end, const char **ret_scheme)
{
    size_t                    head, i;
    ptn_str_t                 s;
    const u_char             *q;
    static const char *const  heads[] = {
        "http://", "https://", "ftp://", "mailto:", "www."
    };

    s = ptn_str_make(p, ptn_min((size_t) (end - p), 8));
    head = 0;

    for (i = 0; i < ptn_nelts(heads) && head == 0; i++) {
        if (ptn_str_istarts(s, heads[i])) {
            head = strlen(heads[i]);
            *ret_scheme = heads[i][3] == '.' ? "http://" : "";
        }
    }

    if (head == 0) {
        return 0;
    }

    for (q = p + head; q < end && *q > ' ' && *q != '<' && *q != '>'
                       && *q != '"' && *q < 0x7f; q++)
    {
        /* void */
    }

    /* the full stop of a sentence is not part of it */

    while (q > p + head && strchr(".,;:!?)'", q[-1]) != NULL) {
        q--;
    }

    return q > p + head ? (size_t) (q - p) : 0;
}


/* What a line may do with a byte: 1 a blank, 2 escaped, 3 may begin a URL. */

static const uint8_t  ptn_body_class[256] = {
    ['\t'] = 1, [' '] = 1, ['"'] = 2, ['&'] = 2, ['<'] = 2, ['>'] = 2,
    ['F'] = 3, ['H'] = 3, ['M'] = 3, ['W'] = 3,
    ['f'] = 3, ['h'] = 3, ['m'] = 3, ['w'] = 3
};

/* No byte becomes longer than a tab; a URL is there twice, with its tags. */
#define PTN_BODY_GROWS  20

/* A longer line is taken in pieces. */
#define PTN_BODY_CHUNK  ((size_t) 16384)


/* One line: escaped, addresses as links, runs of blanks kept. */

static u_char *
ptn_body_html_line(u_char *d, const u_char *p, const u_char *end, bool first)
{
    bool           word;
    int            times;
    size_t         n, i;
    const char    *scheme;
    const u_char  *from;

    from = first ? p : NULL;        /* where a blank would not show */
    word = false;                   /* within a word no URL begins */
    scheme = "";

    while (p < end) {

        switch (ptn_body_class[*p]) {

        case 0:
            word = (*p >= '0');
            *d++ = *p++;
            continue;

        case 1:
            if (*p == '\t') {
                d = ptn_body_copy(d, "&nbsp;&nbsp;&nbsp; ");

            } else if (p + 1 < end && ptn_body_class[p[1]] != 1 && d[-1] != ' '
                       && p != from)
            {
                *d++ = ' ';

            } else {
                d = ptn_body_copy(d, "&nbsp;");
            }

            p++;
            word = false;
            continue;

        case 2:
            d = ptn_body_escape(d, *p++);
            word = false;
            continue;
        }

        n = word ? 0 : ptn_body_url(p, end, &scheme);

        if (n == 0) {
            *d++ = *p++;
            word = true;
            continue;
        }

        d = ptn_body_copy(d, "<a href=\"");
        d = ptn_body_copy(d, scheme);

        for (times = 0; times < 2; times++) {
            for (i = 0; i < n; i++) {
                d = ptn_body_escape(d, p[i]);
            }

            d = ptn_body_copy(d, times == 0 ? "\">" : "</a>");
        }

        p += n;
        word = true;
    }

    return d;
}


void
ptn_body_put_html(ptn_buf_t *out, ptn_str_t text)
{
    bool           first;
    u_char        *d;
    const u_char  *p, *end, *lf, *stop;

    first = true;
    ptn_buf_z(out, "<div class=\"PlainText\">");

    p = text.len != 0 ? text.data : (u_char *) "";
    end = p + text.len;

    while (p < end) {
        lf = memchr(p, '\n', ptn_min((size_t) (end - p), PTN_BODY_CHUNK));
        stop = lf ? lf : p + ptn_min((size_t) (end - p), PTN_BODY_CHUNK);

        d = ptn_buf_reserve(out, (size_t) (stop - p) * PTN_BODY_GROWS + 64);
        if (d == NULL) {
            return;
        }

        d = ptn_body_html_line(d, p, (stop > p && stop[-1] == '\r') ? stop - 1
                                                                    : stop,
                               first);
        first = lf != NULL;

        if (lf != NULL) {
            d = ptn_body_copy(d, "<br>\r\n");
        }

        out->len = (size_t) (d - out->data);
        p = lf ? lf + 1 : stop;
    }

    ptn_buf_z(out, "</div>\r\n");
}


ptn_rc_t
ptn_body_text_to_html(ptn_pool_t *pool, ptn_str_t text, ptn_str_t *ret_html)
{
    ptn_buf_t  out;

    ptn_buf_init(&out, pool);
    (void) ptn_buf_reserve(&out, text.len + text.len / 8
                           + sizeof(ptn_body_html_head)
                           + sizeof(ptn_body_html_foot) + 64);
    ptn_buf_z(&out, ptn_body_html_head);
    ptn_body_put_html(&out, text);
    ptn_buf_z(&out, ptn_body_html_foot);

    if (out.failed) {
        return PTN_ENOMEM;
    }

    *ret_html = ptn_buf_get(&out);

    return PTN_OK;
}


ptn_rc_t
ptn_body_preview(ptn_pool_t *pool, ptn_str_t text, size_t max,
    ptn_str_t *ret_preview)
{
    bool       blank;
    size_t     i, chars;
    ptn_buf_t  out;

    ptn_buf_init(&out, pool);
    blank = false;

    for (i = 0, chars = 0; i < text.len; i++) {

        if (text.data[i] <= ' ') {
            blank = chars != 0;
            continue;
        }

        if ((text.data[i] & 0xc0) != 0x80) {
            if (chars + blank + 1 > max) {
                break;
            }

            if (blank) {
                ptn_buf_byte(&out, ' ');
                chars++;
                blank = false;
            }

            chars++;
        }

        ptn_buf_byte(&out, text.data[i]);
    }

    if (out.failed) {
        return PTN_ENOMEM;
    }

    *ret_preview = out.len ? ptn_buf_get(&out) : ptn_str("");

    return PTN_OK;
}
