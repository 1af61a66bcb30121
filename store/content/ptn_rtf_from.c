/*
 * RTF that holds HTML or text (MS-OXRTFEX 2.1), and shows it as well as RTF
 * can: what the HTML is made of stands in \*\htmltag groups and, where it is
 * plain text, in the RTF itself; what only the RTF needs is between \htmlrtf
 * and \htmlrtf0.
 *
 * Words of formatting are switched on and off, not grouped: tags need not
 * match.  The one group is a link's, and only one is open at a time.
 */

#include <ctype.h>
#include <libxml/HTMLparser.h>

#include "ptn_charset.h"
#include "ptn_rtf.h"


#define PTN_RTF_HREF_MAX  2048
#define PTN_RTF_LISTED_MAX  16

#define PTN_RTF_HEAD(from)                                                    \
    "{\\rtf1\\ansi\\ansicpg1252" from " \\fbidis \\deff0{\\fonttbl\r\n"       \
    "{\\f0\\fswiss\\fcharset0 Arial;}\r\n"                                    \
    "{\\f1\\fmodern\\fcharset0 Courier New;}\r\n"                             \
    "{\\f2\\fnil\\fcharset2 Symbol;}}\r\n"                                    \
    "{\\colortbl\\red0\\green0\\blue0;\\red5\\green99\\blue193;}\r\n"         \
    "\\uc1\\pard\\plain\\deftab360 \\f0\\fs20 "

/* MS-OXRTFEX 2.1.3.1.4.1 */
#define PTN_RTF_INBODY    0x0000
#define PTN_RTF_INHEAD    0x0001
#define PTN_RTF_INHTML    0x0002
#define PTN_RTF_OUTHTML   0x0003
#define PTN_RTF_INPAR     0x0004
#define PTN_RTF_CLOSES    0x0008
#define PTN_RTF_T_TEXT    0x0000
#define PTN_RTF_T_HTML    0x0010
#define PTN_RTF_T_HEAD    0x0020
#define PTN_RTF_T_BODY    0x0030
#define PTN_RTF_T_P       0x0040
#define PTN_RTF_T_STARTP  0x0050
#define PTN_RTF_T_ENDP    0x0060
#define PTN_RTF_T_BR      0x0070
#define PTN_RTF_T_PRE     0x0080
#define PTN_RTF_T_FONT    0x0090
#define PTN_RTF_T_HEADER  0x00a0
#define PTN_RTF_T_TITLE   0x00b0
#define PTN_RTF_T_UNKNOWN 0x00f0

typedef enum {
    PTN_RTF_A_NOTHING,
    PTN_RTF_A_BREAK,            /* <br> */
    PTN_RTF_A_BLOCK,            /* a line of its own */
    PTN_RTF_A_PARA,             /* with a space above it */
    PTN_RTF_A_ITEM,
    PTN_RTF_A_LIST,
    PTN_RTF_A_CELL,
    PTN_RTF_A_RULE,
    PTN_RTF_A_LINK,
    PTN_RTF_A_STYLE,            /* on, off */
    PTN_RTF_A_HEADING,
    PTN_RTF_A_PRE,
    PTN_RTF_A_RAW               /* up to its end tag nothing is shown */
} ptn_rtf_as_e;

typedef struct {
    const char    *name;
    uint8_t        type;
    uint8_t        as;          /* ptn_rtf_as_e */
    const char    *on, *off;
} ptn_rtf_element_t;

/* In the order of their names. */
static const ptn_rtf_element_t  ptn_rtf_elements[] = {
    { "a", PTN_RTF_T_STARTP, PTN_RTF_A_LINK, NULL, NULL },
    { "address", PTN_RTF_T_ENDP, PTN_RTF_A_BLOCK, NULL, NULL },
    { "b", PTN_RTF_T_STARTP, PTN_RTF_A_STYLE, "\\b", "\\b0" },
    { "base", PTN_RTF_T_HEADER, PTN_RTF_A_NOTHING, NULL, NULL },
    { "blockquote", PTN_RTF_T_ENDP, PTN_RTF_A_PARA, NULL, NULL },
    { "body", PTN_RTF_T_BODY, PTN_RTF_A_BLOCK, NULL, NULL },
    { "br", PTN_RTF_T_BR, PTN_RTF_A_BREAK, NULL, NULL },
    { "center", PTN_RTF_T_ENDP, PTN_RTF_A_BLOCK, NULL, NULL },
    { "code", PTN_RTF_T_STARTP, PTN_RTF_A_STYLE, "\\f1", "\\f0" },
    { "dd", PTN_RTF_T_ENDP, PTN_RTF_A_BLOCK, NULL, NULL },
    { "del", PTN_RTF_T_STARTP, PTN_RTF_A_STYLE, "\\strike", "\\strike0" },
    { "div", PTN_RTF_T_ENDP, PTN_RTF_A_BLOCK, NULL, NULL },
    { "dl", PTN_RTF_T_ENDP, PTN_RTF_A_BLOCK, NULL, NULL },
    { "dt", PTN_RTF_T_ENDP, PTN_RTF_A_BLOCK, NULL, NULL },
    { "em", PTN_RTF_T_STARTP, PTN_RTF_A_STYLE, "\\i", "\\i0" },
    { "font", PTN_RTF_T_FONT, PTN_RTF_A_NOTHING, NULL, NULL },
    { "h1", PTN_RTF_T_HEADER, PTN_RTF_A_HEADING, "\\b\\fs36", "\\b0\\fs20" },
    { "h2", PTN_RTF_T_HEADER, PTN_RTF_A_HEADING, "\\b\\fs30", "\\b0\\fs20" },
    { "h3", PTN_RTF_T_HEADER, PTN_RTF_A_HEADING, "\\b\\fs24", "\\b0\\fs20" },
    { "h4", PTN_RTF_T_HEADER, PTN_RTF_A_HEADING, "\\b", "\\b0" },
    { "h5", PTN_RTF_T_HEADER, PTN_RTF_A_HEADING, "\\b", "\\b0" },
    { "h6", PTN_RTF_T_HEADER, PTN_RTF_A_HEADING, "\\b", "\\b0" },
    { "head", PTN_RTF_T_HEAD, PTN_RTF_A_NOTHING, NULL, NULL },
    { "hr", PTN_RTF_T_ENDP, PTN_RTF_A_RULE, NULL, NULL },
    { "html", PTN_RTF_T_HTML, PTN_RTF_A_NOTHING, NULL, NULL },
    { "i", PTN_RTF_T_STARTP, PTN_RTF_A_STYLE, "\\i", "\\i0" },
    { "ins", PTN_RTF_T_STARTP, PTN_RTF_A_STYLE, "\\ul", "\\ulnone" },
    { "li", PTN_RTF_T_P, PTN_RTF_A_ITEM, NULL, NULL },
    { "link", PTN_RTF_T_HEADER, PTN_RTF_A_NOTHING, NULL, NULL },
    { "meta", PTN_RTF_T_HEADER, PTN_RTF_A_NOTHING, NULL, NULL },
    { "ol", PTN_RTF_T_ENDP, PTN_RTF_A_LIST, NULL, NULL },
    { "p", PTN_RTF_T_P, PTN_RTF_A_PARA, NULL, NULL },
    { "pre", PTN_RTF_T_PRE, PTN_RTF_A_PRE, "\\f1", "\\f0" },
    { "s", PTN_RTF_T_STARTP, PTN_RTF_A_STYLE, "\\strike", "\\strike0" },
    { "script", PTN_RTF_T_UNKNOWN, PTN_RTF_A_RAW, NULL, NULL },
    { "span", PTN_RTF_T_FONT, PTN_RTF_A_NOTHING, NULL, NULL },
    { "strike", PTN_RTF_T_STARTP, PTN_RTF_A_STYLE, "\\strike", "\\strike0" },
    { "strong", PTN_RTF_T_STARTP, PTN_RTF_A_STYLE, "\\b", "\\b0" },
    { "style", PTN_RTF_T_UNKNOWN, PTN_RTF_A_RAW, NULL, NULL },
    { "sub", PTN_RTF_T_STARTP, PTN_RTF_A_STYLE, "\\sub", "\\nosupersub" },
    { "sup", PTN_RTF_T_STARTP, PTN_RTF_A_STYLE, "\\super", "\\nosupersub" },
    { "table", PTN_RTF_T_ENDP, PTN_RTF_A_BLOCK, NULL, NULL },
    { "td", PTN_RTF_T_ENDP, PTN_RTF_A_CELL, NULL, NULL },
    { "th", PTN_RTF_T_ENDP, PTN_RTF_A_CELL, "\\b", "\\b0" },
    { "title", PTN_RTF_T_TITLE, PTN_RTF_A_RAW, NULL, NULL },
    { "tr", PTN_RTF_T_ENDP, PTN_RTF_A_BLOCK, NULL, NULL },
    { "tt", PTN_RTF_T_STARTP, PTN_RTF_A_STYLE, "\\f1", "\\f0" },
    { "u", PTN_RTF_T_STARTP, PTN_RTF_A_STYLE, "\\ul", "\\ulnone" },
    { "ul", PTN_RTF_T_ENDP, PTN_RTF_A_LIST, NULL, NULL },
    { "xmp", PTN_RTF_T_PRE, PTN_RTF_A_RAW, NULL, NULL },
};

static const ptn_rtf_element_t  ptn_rtf_unknown = {
    "", PTN_RTF_T_UNKNOWN, PTN_RTF_A_NOTHING, NULL, NULL
};

typedef struct {
    ptn_buf_t                 out;
    const u_char             *p, *end;
    uint8_t                   where;        /* PTN_RTF_IN... */
    bool                      line;         /* it has something */
    bool                      blank;        /* a blank would be one too many */
    bool                      cell;         /* a cell of this row was there */
    bool                      link;
    unsigned                  pre, lists;
    unsigned                  next[PTN_RTF_LISTED_MAX]; /* item's number; 0:
                                                           a bullet */
    const ptn_rtf_element_t  *raw;
} ptn_rtf_from_t;


static const ptn_rtf_element_t *
ptn_rtf_element(ptn_str_t name)
{
    int        cmp;
    size_t     lo, hi, mid;
    ptn_str_t  row;

    lo = 0;
    hi = ptn_nelts(ptn_rtf_elements);

    while (lo < hi) {
        mid = (lo + hi) / 2;
        row = ptn_str_z(ptn_rtf_elements[mid].name);

        if (ptn_str_ieq(row, name)) {
            return &ptn_rtf_elements[mid];
        }

        cmp = strncasecmp(ptn_rtf_elements[mid].name,
                          (const char *) name.data, name.len);

        if (cmp < 0) {
            lo = mid + 1;

        } else {
            hi = mid;
        }
    }

    return &ptn_rtf_unknown;
}


/* --- bytes out ------------------------------------------------------------ */

static void
ptn_rtf_put_code(ptn_buf_t *out, uint32_t c)
{
    if (c >= 0x10000) {
        c -= 0x10000;
        ptn_buf_printf(out, "\\u%d?\\u%d?",
                       (int) (int16_t) (0xd800 + (c >> 10)),
                       (int) (int16_t) (0xdc00 + (c & 0x3ff)));
        return;
    }

    ptn_buf_printf(out, "\\u%d?", (int) (int16_t) c);
}


/* The character at p, which is well-formed; *p moves behind it. */

static uint32_t
ptn_rtf_take(const u_char **p, const u_char *end)
{
    int            n, i;
    uint32_t       c;
    const u_char  *q;

    q = *p;
    n = ptn_utf8_seq(q, end);

    if (n <= 1) {
        *p = q + 1;
        return n == 1 ? *q : 0xfffd;
    }

    c = *q & (0xffu >> (n + 1));

    for (i = 1; i < n; i++) {
        c = c << 6 | (q[i] & 0x3f);
    }

    *p = q + n;

    return c;
}


/*
 * Escaped; `par` stands for the end of a line: "\par " in groups, where it is
 * that of the source, and in text.
 */
static void
ptn_rtf_put(ptn_buf_t *out, const u_char *p, const u_char *end)
{
    const u_char  *from;

    while (p < end) {

        for (from = p; p < end && *p >= ' ' && *p < 0x7f && *p != '\\'
                       && *p != '{' && *p != '}'; p++)
        {
            /* void */
        }

        ptn_buf_add(out, from, (size_t) (p - from));

        if (p == end) {
            break;
        }

        switch (*p) {

        case '\\':
        case '{':
        case '}':
            ptn_buf_byte(out, '\\');
            ptn_buf_byte(out, *p++);
            break;

        case '\r':
            p += p + 1 < end && p[1] == '\n';
            ptn_buf_z(out, "\\par\r\n");
            p++;
            break;

        case '\n':
            ptn_buf_z(out, "\\par\r\n");
            p++;
            break;

        case '\t':
            ptn_buf_z(out, "\\tab ");
            p++;
            break;

        case '\0':
            p++;
            break;

        default:
            if (*p < 0x80) {
                ptn_buf_printf(out, "\\'%02x", *p++);
                break;
            }

            ptn_rtf_put_code(out, ptn_rtf_take(&p, end));
            break;
        }
    }
}


static void
ptn_rtf_group(ptn_rtf_from_t *f, unsigned flags, const u_char *p,
    const u_char *end)
{
    ptn_buf_printf(&f->out, "{\\*\\htmltag%u ", flags | f->where);
    ptn_rtf_put(&f->out, p, end);
    ptn_buf_byte(&f->out, '}');
}


/* RTF that is not the HTML's. */

static void
ptn_rtf_only(ptn_rtf_from_t *f, const char *rtf)
{
    ptn_buf_z(&f->out, "\\htmlrtf ");
    ptn_buf_z(&f->out, rtf);
    ptn_buf_z(&f->out, "\\htmlrtf0 ");
}


static void
ptn_rtf_end_line(ptn_rtf_from_t *f)
{
    if (f->line) {
        ptn_rtf_only(f, "\\par");
    }

    f->line = false;
    f->blank = true;
}


/* --- text ----------------------------------------------------------------- */

/* White space: one blank is shown, and stands as it was. */

static void
ptn_rtf_white(ptn_rtf_from_t *f)
{
    size_t         i;
    const u_char  *from;

    from = f->p;

    while (f->p < f->end && (*f->p == ' ' || *f->p == '\t' || *f->p == '\r'
                             || *f->p == '\n' || *f->p == '\f'))
    {
        f->p++;
    }

    if (f->pre != 0) {
        ptn_rtf_group(f, PTN_RTF_T_TEXT, from, f->p);

        for ( /* void */ ; from < f->p; from++) {
            if (*from == '\n') {
                ptn_rtf_only(f, "\\line");

            } else if (*from == ' ' || *from == '\t') {
                i = *from == '\t' ? 8 : 1;

                for (ptn_buf_z(&f->out, "\\htmlrtf "); i != 0; i--) {
                    ptn_buf_byte(&f->out, ' ');
                }

                ptn_buf_z(&f->out, "\\htmlrtf0 ");
            }
        }

        return;
    }

    if (f->p - from == 1 && *from == ' ' && !f->blank
        && f->where == PTN_RTF_INBODY)
    {
        ptn_buf_byte(&f->out, ' ');

    } else {
        ptn_rtf_group(f, PTN_RTF_T_TEXT, from, f->p);

        if (!f->blank && f->where == PTN_RTF_INBODY) {
            ptn_buf_z(&f->out, "\\htmlrtf  \\htmlrtf0 ");
        }
    }

    f->blank = true;
}


/* Bytes of the reference at p, and what it stands for; 0: it is none. */

static size_t
ptn_rtf_reference(const u_char *p, const u_char *end, uint32_t *ret_c)
{
    char                    name[12];
    size_t                  n;
    uint32_t                c;
    const u_char           *q;
    const htmlEntityDesc   *e;

    q = p + 1;

    if (q < end && *q == '#') {
        q++;
        n = q < end && ptn_tolower(*q) == 'x';
        q += n;

        for (c = 0, p = q; q < end && c < 0x110000
                           && (n ? isxdigit(*q) : isdigit(*q)); q++)
        {
            c = n ? c * 16 + (*q <= '9' ? *q - '0'
                                        : (u_char) (ptn_tolower(*q) - 'a' + 10))
                  : c * 10 + (*q - '0');
        }

        if (q == p || c == 0 || c >= 0x110000 || (c >= 0xd800 && c <= 0xdfff))
        {
            return 0;
        }

        *ret_c = c;
        return (size_t) (q - p) + 2 + n + (q < end && *q == ';');
    }

    for (n = 0; q < end && isalnum(*q) && n < sizeof(name) - 1; q++) {
        name[n++] = (char) *q;
    }

    name[n] = '\0';
    e = n != 0 ? htmlEntityLookup((const xmlChar *) name) : NULL;

    if (e == NULL) {
        return 0;
    }

    *ret_c = e->value;

    return n + 1 + (q < end && *q == ';');
}


/* What text may not be in HTML, or stands for something else. */

static void
ptn_rtf_special(ptn_rtf_from_t *f)
{
    size_t         n;
    uint32_t       c;
    const u_char  *from;

    from = f->p;
    c = *from;
    n = *from == '&' ? ptn_rtf_reference(from, f->end, &c) : 0;
    f->p += n != 0 ? n : 1;

    f->where = PTN_RTF_INBODY;
    ptn_rtf_group(f, PTN_RTF_T_STARTP|PTN_RTF_INPAR, from, f->p);
    ptn_buf_z(&f->out, "\\htmlrtf ");

    if (c == '\\' || c == '{' || c == '}') {
        ptn_buf_byte(&f->out, '\\');
    }

    if (c >= ' ' && c < 0x7f) {
        ptn_buf_byte(&f->out, (u_char) c);

    } else {
        ptn_rtf_put_code(&f->out, c);
    }

    ptn_buf_z(&f->out, "\\htmlrtf0 ");
    f->line = true;
    f->blank = false;
}


static void
ptn_rtf_from_text_run(ptn_rtf_from_t *f)
{
    const u_char  *from;

    switch (*f->p) {

    case ' ':
    case '\t':
    case '\r':
    case '\n':
    case '\f':
        ptn_rtf_white(f);
        return;

    case '&':
    case '<':
    case '>':
        ptn_rtf_special(f);
        return;
    }

    /* without tags around it text is a body's */

    f->where = PTN_RTF_INBODY;

    for (from = f->p; f->p < f->end && *f->p > ' ' && *f->p != '&'
                      && *f->p != '<' && *f->p != '>'; f->p++)
    {
        /* void */
    }

    f->p += f->p == from;           /* another control character */

    ptn_rtf_put(&f->out, from, f->p);
    f->line = true;
    f->blank = false;
}


/* --- tags ----------------------------------------------------------------- */

static bool
ptn_rtf_name_char(u_char c)
{
    return (ptn_tolower(c) >= 'a' && ptn_tolower(c) <= 'z')
           || (c >= '0' && c <= '9') || c == ':' || c == '-' || c == '_';
}


/* Behind the tag at p; quotes are those of attributes. */

static const u_char *
ptn_rtf_tag_end(const u_char *p, const u_char *end)
{
    bool           value;
    const u_char  *q;

    for (value = false; p < end && *p != '>'; p++) {

        if (value && (*p == '"' || *p == '\'')) {
            q = memchr(p + 1, *p, (size_t) (end - p - 1));

            if (q == NULL) {
                break;              /* none of its quotes is to be believed */
            }

            p = q;
        }

        value = *p == '=' || (value && *p == ' ');
    }

    if (p < end && *p != '>') {
        p = memchr(p, '>', (size_t) (end - p));
    }

    return (p == NULL || p == end) ? end : p + 1;
}


/* The value of an attribute; len 0: none. */

static ptn_str_t
ptn_rtf_attribute(ptn_str_t tag, const char *name)
{
    size_t         n;
    u_char         quote;
    ptn_str_t      none = ptn_null_string;
    const u_char  *p, *end, *q;

    n = strlen(name);
    end = tag.data + tag.len;

    for (p = tag.data; (size_t) (end - p) > n; p++) {

        if (*p > ' ' || !ptn_str_istarts(ptn_str_make(p + 1,
                                                  (size_t) (end - p - 1)),
                                         name))
        {
            continue;
        }

        for (q = p + 1 + n; q < end && *q <= ' '; q++) {
            /* void */
        }

        if (q == end || *q != '=') {
            continue;
        }

        for (q++; q < end && *q <= ' '; q++) {
            /* void */
        }

        quote = (q < end && (*q == '"' || *q == '\'')) ? *q++ : 0;

        for (p = q; q < end && (quote ? *q != quote
                                      : *q > ' ' && *q != '>'); q++)
        {
            /* void */
        }

        return ptn_str_make(p, (size_t) (q - p));
    }

    return none;
}


static void
ptn_rtf_from_link(ptn_rtf_from_t *f, ptn_str_t tag, bool open)
{
    size_t     i;
    ptn_str_t  href;

    if (f->link) {
        ptn_rtf_only(f, "}}");
        f->link = false;
    }

    href = open ? ptn_rtf_attribute(tag, "href") : ptn_str_make(NULL, 0);

    if (href.len == 0 || href.len > PTN_RTF_HREF_MAX) {
        return;
    }

    ptn_buf_z(&f->out, "\\htmlrtf {\\field{\\*\\fldinst{HYPERLINK \"");

    for (i = 0; i < href.len; i++) {
        if (href.data[i] > ' ' && href.data[i] < 0x7f
            && strchr("\\{}\"", href.data[i]) == NULL)
        {
            ptn_buf_byte(&f->out, href.data[i]);

        } else if (href.data[i] > ' ') {
            ptn_buf_printf(&f->out, "%%%02X", href.data[i]);
        }

        if (href.len - i >= 5 && memcmp(href.data + i, "&amp;", 5) == 0) {
            i += 4;
        }
    }

    ptn_buf_z(&f->out, "\"}}{\\fldrslt\\cf1\\ul \\htmlrtf0 ");
    f->link = true;
}


static void
ptn_rtf_from_item(ptn_rtf_from_t *f)
{
    unsigned  *n;

    n = f->lists != 0 ? &f->next[ptn_min(f->lists, PTN_RTF_LISTED_MAX) - 1]
                      : NULL;
    ptn_rtf_end_line(f);

    if (n == NULL || *n == 0) {
        ptn_rtf_only(f, "{\\*\\pn\\pnlvlblt\\pnf2\\pnindent360{\\pntxtb\\'b7}}"
                     "\\li360\\fi-360{\\pntext\\f2 \\'b7\\tab}");
        return;
    }

    ptn_buf_printf(&f->out, "\\htmlrtf {\\*\\pn\\pnlvlbody\\pndec\\pnstart%u"
                   "\\pnindent360{\\pntxta.}}\\li360\\fi-360"
                   "{\\pntext %u.\\tab}\\htmlrtf0 ", *n, *n);
    (*n)++;
}


static void
ptn_rtf_from_style(ptn_rtf_from_t *f, const ptn_rtf_element_t *e, bool open)
{
    if (e->on != NULL) {
        ptn_rtf_only(f, open ? e->on : e->off);
    }
}


/* What RTF makes of it. */

static void
ptn_rtf_from_shown(ptn_rtf_from_t *f, const ptn_rtf_element_t *e, bool open,
    ptn_str_t tag)
{
    switch ((ptn_rtf_as_e) e->as) {

    case PTN_RTF_A_NOTHING:
    case PTN_RTF_A_RAW:
        break;

    case PTN_RTF_A_BREAK:
        if (open) {
            ptn_rtf_only(f, "\\line");
            f->line = true;
            f->blank = true;
        }

        break;

    case PTN_RTF_A_BLOCK:
        ptn_rtf_end_line(f);
        f->cell = false;
        break;

    case PTN_RTF_A_PARA:
    case PTN_RTF_A_HEADING:
        ptn_rtf_end_line(f);
        ptn_rtf_only(f, open ? "\\pard\\sb200" : "\\pard");
        ptn_rtf_from_style(f, e, open);
        break;

    case PTN_RTF_A_ITEM:
        if (open) {
            ptn_rtf_from_item(f);

        } else {
            ptn_rtf_end_line(f);
            ptn_rtf_only(f, "\\pard");
        }

        break;

    case PTN_RTF_A_LIST:
        ptn_rtf_end_line(f);
        ptn_rtf_only(f, "\\pard");
        f->lists = open ? f->lists + 1 : f->lists - (f->lists != 0);

        if (open && f->lists <= PTN_RTF_LISTED_MAX) {
            f->next[f->lists - 1] = *e->name == 'o';
        }

        break;

    case PTN_RTF_A_CELL:
        if (open && f->cell) {
            ptn_rtf_only(f, "\\tab");
            f->blank = true;
        }

        f->cell = true;
        ptn_rtf_from_style(f, e, open);
        break;

    case PTN_RTF_A_RULE:
        ptn_rtf_end_line(f);
        ptn_rtf_only(f, "\\pard\\brdrb\\brdrs\\par\\pard");
        break;

    case PTN_RTF_A_LINK:
        ptn_rtf_from_link(f, tag, open);
        break;

    case PTN_RTF_A_PRE:
        ptn_rtf_end_line(f);
        f->pre = open ? f->pre + 1 : f->pre - (f->pre != 0);
        ptn_rtf_from_style(f, e, open);
        break;

    case PTN_RTF_A_STYLE:
        ptn_rtf_from_style(f, e, open);
        break;
    }
}


/* Where what comes is: within <html>, its head, its body. */

static void
ptn_rtf_from_where(ptn_rtf_from_t *f, const ptn_rtf_element_t *e, bool open)
{
    switch (e->type) {

    case PTN_RTF_T_HTML:
        f->where = open ? PTN_RTF_INHTML : PTN_RTF_OUTHTML;
        break;

    case PTN_RTF_T_HEAD:
        f->where = open ? PTN_RTF_INHEAD : PTN_RTF_INHTML;
        break;

    case PTN_RTF_T_BODY:
        f->where = open ? PTN_RTF_INBODY : PTN_RTF_INHTML;
        break;
    }
}


static void
ptn_rtf_from_tag(ptn_rtf_from_t *f)
{
    bool                      open;
    unsigned                  flags;
    ptn_str_t                 name, tag;
    const u_char             *from;
    const ptn_rtf_element_t  *e;

    from = f->p;
    open = from[1] != '/';
    name.data = (u_char *) from + (open ? 1 : 2);

    for (f->p = name.data; f->p < f->end && ptn_rtf_name_char(*f->p); f->p++) {
        /* void */
    }

    name.len = (size_t) (f->p - name.data);
    f->p = ptn_rtf_tag_end(f->p, f->end);
    tag = ptn_str_make(name.data, (size_t) (f->p - name.data));
    e = ptn_rtf_element(name);

    /* what belongs to a body is in one, with its tag or without */

    if (e->as != PTN_RTF_A_NOTHING && e->as != PTN_RTF_A_RAW) {
        f->where = PTN_RTF_INBODY;
    }

    flags = e->type | (open ? 0 : PTN_RTF_CLOSES);

    if (e->type == PTN_RTF_T_STARTP || e->type == PTN_RTF_T_FONT
        || e->type == PTN_RTF_T_BR)
    {
        flags |= PTN_RTF_INPAR;
    }

    if (e->as == PTN_RTF_A_LINK && f->link) {
        ptn_rtf_from_link(f, tag, false);       /* its group ends before it */
    }

    if (!open) {
        ptn_rtf_from_where(f, e, true);
    }

    ptn_rtf_group(f, flags, from, f->p);
    ptn_rtf_from_where(f, e, open);

    if (f->where == PTN_RTF_INBODY) {
        ptn_rtf_from_shown(f, e, open, tag);
    }

    if (open && e->as == PTN_RTF_A_RAW && tag.len >= 2
        && tag.data[tag.len - 2] != '/')
    {
        f->raw = e;
    }
}


/* A comment, a declaration. */

static void
ptn_rtf_from_other(ptn_rtf_from_t *f)
{
    size_t         n;
    const char    *mark;
    const u_char  *from, *p;

    from = f->p;
    mark = (f->end - from >= 4 && memcmp(from, "<!--", 4) == 0) ? "-->" : ">";
    n = strlen(mark);
    from += n == 3 ? 4 : 2;
    p = from <= f->end ? memmem(from, (size_t) (f->end - from), mark, n)
                       : NULL;

    from = f->p;
    f->p = p ? p + n : f->end;
    ptn_rtf_group(f, PTN_RTF_T_UNKNOWN, from, f->p);
}


/* Up to the end tag of an element whose text is not shown. */

static void
ptn_rtf_from_raw(ptn_rtf_from_t *f)
{
    size_t         n;
    ptn_str_t      rest;
    const u_char  *p;

    n = strlen(f->raw->name);

    for (p = f->p; p < f->end; p++) {
        p = memchr(p, '<', (size_t) (f->end - p));

        if (p == NULL) {
            p = f->end;
            break;
        }

        rest = ptn_str_make(p, (size_t) (f->end - p));

        if (rest.len > n + 1 && rest.data[1] == '/') {
            rest.data += 2;
            rest.len -= 2;

            if (ptn_str_istarts(rest, f->raw->name)) {
                break;
            }
        }
    }

    if (p > f->p) {
        ptn_rtf_group(f, f->raw->type, f->p, p);
    }

    f->p = p;
    f->raw = NULL;
}


static ptn_rc_t
ptn_rtf_from_done(ptn_buf_t *out, ptn_str_t *ret_rtf)
{
    ptn_buf_z(out, "}\r\n");

    if (out->failed) {
        return PTN_ENOMEM;
    }

    *ret_rtf = ptn_buf_get(out);

    return PTN_OK;
}


ptn_rc_t
ptn_rtf_from_html(ptn_pool_t *pool, ptn_str_t html, ptn_str_t *ret_rtf)
{
    u_char          c;
    ptn_rtf_from_t  f;

    if (html.len > PTN_RTF_SOURCE_MAX) {
        return PTN_ETOOBIG;
    }

    memset(&f, 0, sizeof(f));
    ptn_buf_init(&f.out, pool);
    f.where = PTN_RTF_OUTHTML;
    f.blank = true;
    html = ptn_utf8_clean(pool, html);
    f.p = html.len != 0 ? html.data : (const u_char *) "";
    f.end = f.p + html.len;

    (void) ptn_buf_reserve(&f.out, html.len + html.len / 2 + 1024);
    ptn_buf_z(&f.out, PTN_RTF_HEAD("\\fromhtml1") "\r\n{\\*\\htmltag64}");

    while (f.p < f.end && f.out.len < PTN_RTF_MADE_MAX) {

        if (f.raw != NULL) {
            ptn_rtf_from_raw(&f);
            continue;
        }

        c = (*f.p == '<' && f.end - f.p >= 2) ? f.p[1] : 0;

        if (c == '/' && f.end - f.p >= 3) {
            c = f.p[2];
        }

        if (ptn_tolower(c) >= 'a' && ptn_tolower(c) <= 'z') {
            ptn_rtf_from_tag(&f);

        } else if (c == '!' || c == '?') {
            ptn_rtf_from_other(&f);

        } else {
            ptn_rtf_from_text_run(&f);
        }
    }

    if (f.p < f.end) {
        return PTN_ETOOBIG;
    }

    if (f.link) {
        ptn_rtf_only(&f, "}}");
    }

    return ptn_rtf_from_done(&f.out, ret_rtf);
}


ptn_rc_t
ptn_rtf_from_text(ptn_pool_t *pool, ptn_str_t text, ptn_str_t *ret_rtf)
{
    ptn_buf_t  out;

    if (text.len > PTN_RTF_SOURCE_MAX) {
        return PTN_ETOOBIG;
    }

    ptn_buf_init(&out, pool);
    text = ptn_utf8_clean(pool, text);
    (void) ptn_buf_reserve(&out, text.len + text.len / 4 + 1024);
    ptn_buf_z(&out, PTN_RTF_HEAD("\\fromtext"));

    if (text.len != 0) {
        ptn_rtf_put(&out, text.data, text.data + text.len);
    }

    return ptn_rtf_from_done(&out, ret_rtf);
}
