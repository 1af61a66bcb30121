#include <libxml/HTMLparser.h>

#include "ptn_html.h"
#include "ptn_oxcmail_in.h"


#define PTN_BODY_DEPTH_MAX  400
#define PTN_BODY_HREF_MAX   2048
#define PTN_BODY_LISTS_MAX  16

typedef struct {
    ptn_buf_t   out;
    unsigned    skip;           /* within script, style, title ... */
    unsigned    pre;
    unsigned    depth;
    unsigned    breaks;         /* line breaks due before what comes next */
    bool        blank;          /* a blank is due */
    bool        start;          /* at the start of a line */
    bool        too_deep;
    bool        cell;           /* a cell of this row was there */
    unsigned    lists;          /* open ones */
    unsigned    next[PTN_BODY_LISTS_MAX];   /* item's number, 0: a bullet */
    ptn_str_t   href;           /* of the open link */
    size_t      link;           /* where its text begins */
    xmlParserCtxtPtr  parser;
} ptn_body_text_t;

typedef enum {
    PTN_BODY_BLOCK,             /* on lines of its own */
    PTN_BODY_PARA,              /* an empty line before and behind */
    PTN_BODY_BREAK,
    PTN_BODY_SKIP,
    PTN_BODY_PRE,
    PTN_BODY_LIST,
    PTN_BODY_NUMBERS,
    PTN_BODY_ITEM,
    PTN_BODY_CELL,
    PTN_BODY_ROW,
    PTN_BODY_RULE,
    PTN_BODY_LINK,
    PTN_BODY_IMAGE
} ptn_body_tag_e;

static const struct {
    const char      *name;
    ptn_body_tag_e   tag;
} ptn_body_tags[] = {
    { "a", PTN_BODY_LINK },
    { "address", PTN_BODY_BLOCK },
    { "article", PTN_BODY_BLOCK },
    { "blockquote", PTN_BODY_PARA },
    { "br", PTN_BODY_BREAK },
    { "center", PTN_BODY_BLOCK },
    { "dd", PTN_BODY_BLOCK },
    { "div", PTN_BODY_BLOCK },
    { "dl", PTN_BODY_PARA },
    { "dt", PTN_BODY_BLOCK },
    { "fieldset", PTN_BODY_BLOCK },
    { "footer", PTN_BODY_BLOCK },
    { "form", PTN_BODY_BLOCK },
    { "h1", PTN_BODY_PARA },
    { "h2", PTN_BODY_PARA },
    { "h3", PTN_BODY_PARA },
    { "h4", PTN_BODY_PARA },
    { "h5", PTN_BODY_PARA },
    { "h6", PTN_BODY_PARA },
    { "header", PTN_BODY_BLOCK },
    { "hr", PTN_BODY_RULE },
    { "img", PTN_BODY_IMAGE },
    { "li", PTN_BODY_ITEM },
    { "listing", PTN_BODY_PRE },
    { "noscript", PTN_BODY_BLOCK },
    { "object", PTN_BODY_SKIP },
    { "ol", PTN_BODY_NUMBERS },
    { "p", PTN_BODY_PARA },
    { "plaintext", PTN_BODY_PRE },
    { "pre", PTN_BODY_PRE },
    { "script", PTN_BODY_SKIP },
    { "section", PTN_BODY_BLOCK },
    { "select", PTN_BODY_SKIP },
    { "style", PTN_BODY_SKIP },
    { "table", PTN_BODY_BLOCK },
    { "td", PTN_BODY_CELL },
    { "textarea", PTN_BODY_PRE },
    { "th", PTN_BODY_CELL },
    { "title", PTN_BODY_SKIP },
    { "tr", PTN_BODY_ROW },
    { "ul", PTN_BODY_LIST },
    { "xmp", PTN_BODY_PRE },
};


/* -1: it changes nothing (b, span, font ...) */

static int
ptn_body_tag(const char *name)
{
    int     cmp;
    size_t  lo, hi, mid;

    lo = 0;
    hi = ptn_nelts(ptn_body_tags);

    while (lo < hi) {
        mid = (lo + hi) / 2;
        cmp = strcmp(ptn_body_tags[mid].name, name);

        if (cmp == 0) {
            return (int) ptn_body_tags[mid].tag;
        }

        if (cmp < 0) {
            lo = mid + 1;

        } else {
            hi = mid;
        }
    }

    return -1;
}


/* --- text out ------------------------------------------------------------- */

static void
ptn_body_due(ptn_body_text_t *t, unsigned breaks)
{
    t->breaks = ptn_max(t->breaks, breaks);
    t->blank = false;
}


/* What was due is written: something is to stand here. */

static void
ptn_body_flush(ptn_body_text_t *t)
{
    if (t->breaks != 0) {

        if (t->out.len != 0) {
            while (t->breaks-- != 0) {
                ptn_buf_z(&t->out, "\r\n");
            }
        }

        t->breaks = 0;
        t->blank = false;
        t->start = true;
    }

    if (t->blank) {
        ptn_buf_byte(&t->out, ' ');
        t->blank = false;
    }
}


static void
ptn_body_line_break(ptn_body_text_t *t)
{
    /* <br> at the start of a line is an empty line, never more than one due */

    if (t->breaks != 0) {
        t->breaks = ptn_min(t->breaks + 1, 3U);

    } else {
        t->breaks = 1;
    }

    t->blank = false;
}


static void
ptn_body_pre(ptn_body_text_t *t, const u_char *p, size_t len)
{
    const u_char  *end;

    for (end = p + len; p < end; p++) {

        if (*p == '\r') {
            continue;
        }

        if (*p == '\n') {
            ptn_body_flush(t);
            ptn_buf_z(&t->out, "\r\n");
            t->start = true;
            continue;
        }

        ptn_body_flush(t);
        ptn_buf_byte(&t->out, *p);
        t->start = false;
    }
}


/* Runs of blanks are one, none at the ends of a line; U+00A0 is a blank. */

static void
ptn_body_put(ptn_body_text_t *t, const u_char *p, size_t len)
{
    const u_char  *end, *word;

    if (t->skip != 0) {
        return;
    }

    if (t->pre != 0) {
        ptn_body_pre(t, p, len);
        return;
    }

    end = p + len;

    while (p < end) {

        if (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'
            || *p == '\f')
        {
            t->blank = !t->start && t->breaks == 0;
            p++;
            continue;
        }

        for (word = p; p < end; p++) {
            if (*p <= ' ' || (*p == 0xc2 && p + 1 < end && p[1] == 0xa0)) {
                break;
            }
        }

        if (p != word) {
            ptn_body_flush(t);
            ptn_buf_add(&t->out, word, (size_t) (p - word));
            t->start = false;
            continue;
        }

        if (*p == 0xc2) {
            ptn_body_flush(t);
            ptn_buf_byte(&t->out, ' ');
            t->start = false;
            p += 2;
            continue;
        }

        p++;                        /* another control byte */
    }
}


/* --- libxml2 -------------------------------------------------------------- */

static ptn_str_t
ptn_body_attr(const xmlChar **atts, const char *name)
{
    ptn_str_t  none = ptn_null_string;

    for ( /* void */ ; atts != NULL && atts[0] != NULL; atts += 2) {
        if (strcmp((const char *) atts[0], name) == 0) {
            return ptn_str_z((const char *) atts[1]);
        }
    }

    return none;
}


static void
ptn_body_link(ptn_body_text_t *t, const xmlChar **atts)
{
    size_t                    i;
    ptn_str_t                 href;
    static const char *const  schemes[] = {
        "http://", "https://", "ftp://", "mailto:", "tel:"
    };

    t->href.len = 0;
    href = ptn_body_attr(atts, "href");

    if (href.len > PTN_BODY_HREF_MAX) {
        return;
    }

    for (i = 0; i < ptn_nelts(schemes); i++) {
        if (ptn_str_istarts(href, schemes[i])) {
            t->href = ptn_str_dup(t->out.pool, href);
            t->link = t->out.len;
            return;
        }
    }
}


bool
ptn_body_link_says(ptn_str_t text, ptn_str_t *url)
{
    size_t                    i, n;
    ptn_str_t                 rest;
    static const char *const  heads[] = { "mailto:", "http://", "https://" };

    if (ptn_str_ieq(text, *url)
        || (url->len == text.len + 1 && url->data[text.len] == '/'
            && memcmp(url->data, text.data, text.len) == 0))
    {
        return true;
    }

    for (i = 0; i < ptn_nelts(heads); i++) {
        n = strlen(heads[i]);

        if (!ptn_str_istarts(*url, heads[i])) {
            continue;
        }

        rest = ptn_str_make(url->data + n, url->len - n);

        if (i == 0) {
            *url = rest;
        }

        return ptn_str_ieq(text, rest)
               || (rest.len == text.len + 1 && rest.data[text.len] == '/'
                   && memcmp(rest.data, text.data, text.len) == 0);
    }

    return false;
}


/* "text <http://...>", unless the text is that already. */

static void
ptn_body_link_end(ptn_body_text_t *t)
{
    ptn_str_t  text, href;

    href = t->href;
    t->href.len = 0;

    if (href.len == 0 || t->out.failed || t->out.len == t->link) {
        return;
    }

    text = ptn_str_make(t->out.data + t->link, t->out.len - t->link);

    while (text.len != 0 && (*text.data == ' ' || *text.data == '\r'
                             || *text.data == '\n'))
    {
        text.data++;
        text.len--;
    }

    if (text.len == 0) {
        return;                     /* a picture, or an anchor */
    }

    if (ptn_body_link_says(text, &href)) {
        return;
    }

    ptn_body_flush(t);
    ptn_buf_z(&t->out, " <");
    ptn_buf_str(&t->out, href);
    ptn_buf_byte(&t->out, '>');
}


/* Items within items stand further in. */

static void
ptn_body_item(ptn_body_text_t *t)
{
    unsigned   depth, i;
    unsigned  *n;

    depth = ptn_min(t->lists, PTN_BODY_LISTS_MAX);
    n = depth != 0 ? &t->next[depth - 1] : NULL;
    ptn_body_due(t, 1);
    ptn_body_flush(t);

    for (i = 1; i < depth; i++) {
        ptn_buf_z(&t->out, "  ");
    }

    if (n != NULL && *n != 0) {
        ptn_buf_printf(&t->out, "%u. ", (*n)++);

    } else {
        ptn_buf_z(&t->out, "* ");
    }

    t->start = true;
}


static void
ptn_body_image(ptn_body_text_t *t, const xmlChar **atts)
{
    ptn_str_t  alt;

    alt = ptn_body_attr(atts, "alt");

    if (alt.len != 0) {
        ptn_body_put(t, (const u_char *) "[", 1);
        ptn_body_put(t, alt.data, alt.len);
        ptn_body_put(t, (const u_char *) "]", 1);
    }
}


static void
ptn_body_start(void *ctx, const xmlChar *name, const xmlChar **atts)
{
    int               tag;
    ptn_body_text_t  *t;

    t = ctx;

    if (++t->depth > PTN_BODY_DEPTH_MAX && !t->too_deep) {
        t->too_deep = true;
        xmlStopParser(t->parser);
    }

    tag = ptn_body_tag((const char *) name);

    if (tag == PTN_BODY_SKIP) {
        t->skip++;
        return;
    }

    if (t->skip != 0 || t->too_deep) {
        return;
    }

    switch (tag) {

    case PTN_BODY_BREAK:
        ptn_body_line_break(t);
        break;

    case PTN_BODY_PRE:
        t->pre++;
        ptn_body_due(t, 1);
        break;

    case PTN_BODY_LIST:
    case PTN_BODY_NUMBERS:
        ptn_body_due(t, t->lists++ == 0 ? 2 : 1);

        if (t->lists <= PTN_BODY_LISTS_MAX) {
            t->next[t->lists - 1] = tag == PTN_BODY_NUMBERS;
        }

        break;

    case PTN_BODY_ITEM:
        ptn_body_item(t);
        break;

    case PTN_BODY_ROW:
        ptn_body_due(t, 1);
        t->cell = false;
        break;

    case PTN_BODY_CELL:
        if (t->cell && t->breaks == 0 && !t->start) {
            ptn_buf_byte(&t->out, '\t');
            t->blank = false;
        }

        t->cell = true;
        break;

    case PTN_BODY_RULE:
        ptn_body_due(t, 1);
        ptn_body_flush(t);
        ptn_buf_z(&t->out, "________________________________");
        ptn_body_due(t, 1);
        break;

    case PTN_BODY_LINK:
        ptn_body_link(t, atts);
        break;

    case PTN_BODY_IMAGE:
        ptn_body_image(t, atts);
        break;

    case PTN_BODY_PARA:
        ptn_body_due(t, 2);
        break;

    case PTN_BODY_BLOCK:
        ptn_body_due(t, 1);
        break;
    }
}


static void
ptn_body_end(void *ctx, const xmlChar *name)
{
    int               tag;
    ptn_body_text_t  *t;

    t = ctx;
    t->depth -= t->depth != 0;
    tag = ptn_body_tag((const char *) name);

    if (tag == PTN_BODY_SKIP) {
        t->skip -= t->skip != 0;
        return;
    }

    if (t->skip != 0 || t->too_deep) {
        return;
    }

    switch (tag) {

    case PTN_BODY_PRE:
        t->pre -= t->pre != 0;
        ptn_body_due(t, 1);
        break;

    case PTN_BODY_LIST:
    case PTN_BODY_NUMBERS:
        t->lists -= t->lists != 0;
        ptn_body_due(t, t->lists == 0 ? 2 : 1);
        break;

    case PTN_BODY_LINK:
        ptn_body_link_end(t);
        break;

    case PTN_BODY_PARA:
        ptn_body_due(t, 2);
        break;

    case PTN_BODY_BLOCK:
    case PTN_BODY_ITEM:
    case PTN_BODY_ROW:
        ptn_body_due(t, 1);
        break;
    }
}


static void
ptn_body_characters(void *ctx, const xmlChar *p, int len)
{
    ptn_body_text_t  *t;

    t = ctx;

    if (!t->too_deep && len > 0) {
        ptn_body_put(t, p, (size_t) len);
    }
}


/* Scripts and style sheets come as these. */

static void
ptn_body_cdata(void *ctx PTN_UNUSED, const xmlChar *p PTN_UNUSED,
    int len PTN_UNUSED)
{
    /* void */
}


/* Behind the comment, or the element that has no text, at p; NULL: neither. */

static const u_char *
ptn_body_unseen(const u_char *p, const u_char *end)
{
    size_t                     i, n;
    ptn_str_t                  s;
    const u_char              *q;
    static const char *const   names[] = { "script", "style", "title" };

    s = ptn_str_make(p, (size_t) (end - p));

    if (ptn_str_istarts(s, "<!--")) {
        q = memmem(p, s.len, "-->", 3);
        return q ? q + 3 : end;
    }

    s.data++;
    s.len--;

    for (i = 0; i < ptn_nelts(names); i++) {
        n = strlen(names[i]);

        if (!ptn_str_istarts(s, names[i]) || s.len == n
            || (s.data[n] > ' ' && s.data[n] != '>'))
        {
            continue;
        }

        for (q = s.data; (q = memmem(q, (size_t) (end - q), "</", 2));
             q += 2)
        {
            if (ptn_str_istarts(ptn_str_make(q + 2, (size_t) (end - q - 2)),
                                names[i]))
            {
                return q;
            }
        }

        return end;
    }

    return NULL;
}


/* For what is beyond the limits: tags go, the commonest references are read. */

static void
ptn_body_strip(ptn_body_text_t *t, ptn_str_t html)
{
    size_t         i;
    const u_char  *p, *end, *q;
    static const struct {
        const char  *name;
        const char  *text;
    } refs[] = {
        { "&amp;", "&" }, { "&lt;", "<" }, { "&gt;", ">" },
        { "&quot;", "\"" }, { "&nbsp;", " " }, { "&#39;", "'" },
    };

    p = html.data;
    end = p + html.len;

    while (p < end) {

        if (*p == '<') {
            q = ptn_body_unseen(p, end);

            if (q != NULL) {
                p = q;
                continue;
            }

            q = memchr(p, '>', (size_t) (end - p));
            if (q == NULL) {
                break;
            }

            if (p + 2 < end && (ptn_tolower(p[1]) == 'p' || p[1] == '/'
                                || ptn_tolower(p[1]) == 'd'
                                || (ptn_tolower(p[1]) == 'b'
                                    && ptn_tolower(p[2]) == 'r')))
            {
                ptn_body_due(t, 1);

            } else {
                ptn_body_put(t, (const u_char *) " ", 1);
            }

            p = q + 1;
            continue;
        }

        if (*p == '&') {
            for (i = 0; i < ptn_nelts(refs); i++) {
                if ((size_t) (end - p) >= strlen(refs[i].name)
                    && memcmp(p, refs[i].name, strlen(refs[i].name)) == 0)
                {
                    break;
                }
            }

            if (i < ptn_nelts(refs)) {
                ptn_body_put(t, (const u_char *) refs[i].text, 1);
                p += strlen(refs[i].name);
                continue;
            }

            ptn_body_put(t, p++, 1);
            continue;
        }

        for (q = p; q < end && *q != '<' && *q != '&'; q++) {
            /* void */
        }

        ptn_body_put(t, p, (size_t) (q - p));
        p = q;
    }
}


static ptn_rc_t
ptn_body_parse(ptn_body_text_t *t, ptn_str_t html)
{
    htmlDocPtr         doc;
    htmlParserCtxtPtr  parser;

    parser = htmlNewParserCtxt();
    if (parser == NULL) {
        return PTN_ENOMEM;
    }

    memset(parser->sax, 0, sizeof(htmlSAXHandler));
    parser->sax->startElement = ptn_body_start;
    parser->sax->endElement = ptn_body_end;
    parser->sax->characters = ptn_body_characters;
    parser->sax->ignorableWhitespace = ptn_body_characters;
    parser->sax->cdataBlock = ptn_body_cdata;
    parser->userData = t;
    t->parser = parser;

    doc = htmlCtxtReadMemory(parser, (const char *) html.data, (int) html.len,
                             NULL, "UTF-8",
                             HTML_PARSE_RECOVER | HTML_PARSE_NOERROR
                             | HTML_PARSE_NOWARNING | HTML_PARSE_NONET
                             | HTML_PARSE_IGNORE_ENC
                             | HTML_PARSE_NODEFDTD);
    if (doc != NULL) {
        xmlFreeDoc(doc);
    }

    htmlFreeParserCtxt(parser);

    return PTN_OK;
}


ptn_rc_t
ptn_body_html_to_text(ptn_pool_t *pool, ptn_str_t html, ptn_str_t *ret_text)
{
    ptn_rc_t         rc;
    ptn_body_text_t  t;

    memset(&t, 0, sizeof(t));
    ptn_buf_init(&t.out, pool);
    t.start = true;

    /* at a NUL the parser would end */

    html = ptn_oxcmail_clean(pool, ptn_utf8_clean(pool, html));

    if (html.len != 0 && ptn_body_sane(html)) {
        rc = ptn_body_parse(&t, html);
        if (rc != PTN_OK) {
            return rc;
        }

    } else {
        t.too_deep = html.len != 0;
    }

    if (t.too_deep) {
        memset(&t, 0, sizeof(t));
        ptn_buf_init(&t.out, pool);
        t.start = true;
        ptn_body_strip(&t, html);
    }

    if (t.out.len != 0 && t.out.data[t.out.len - 1] != '\n') {
        ptn_buf_z(&t.out, "\r\n");
    }

    if (t.out.failed || ptn_pool_failed(pool)) {
        return PTN_ENOMEM;
    }

    *ret_text = t.out.len ? ptn_buf_get(&t.out) : ptn_str("");

    return PTN_OK;
}
