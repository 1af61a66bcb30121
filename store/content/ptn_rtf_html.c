/*
 * HTML of RTF: the HTML that it holds (MS-OXRTFEX 2.2.3.2), or a document that
 * looks like it.
 */

#include "ptn_charset.h"
#include "ptn_oxcmail.h"
#include "ptn_rtf_html_in.h"


/* --- fields --------------------------------------------------------------- */

/*
 * The argument of the instruction when it is `name`: HYPERLINK "http://..."
 * \l "anchor" \o "tip".  Quoted or not; within quotes a backslash stands for
 * what follows it.
 */
static ptn_str_t
ptn_rtf_field_arg(ptn_pool_t *pool, ptn_str_t inst, const char *name,
    bool anchor)
{
    bool           local, quoted;
    ptn_buf_t      b;
    const u_char  *p, *end;
    ptn_str_t      none = ptn_null_string;

    p = inst.len != 0 ? inst.data : (const u_char *) "";
    end = p + inst.len;

    while (p < end && *p <= ' ') {
        p++;
    }

    if (!ptn_str_istarts(ptn_str_make(p, (size_t) (end - p)), name)) {
        return none;
    }

    p += strlen(name);
    local = false;
    ptn_buf_init(&b, pool);

    for ( ;; ) {
        while (p < end && *p <= ' ') {
            p++;
        }

        if (p == end) {
            return none;
        }

        if (*p != '\\') {
            break;
        }

        local |= p + 1 < end && ptn_tolower(p[1]) == 'l';

        for (p++; p < end && *p > ' ' && *p != '"'; p++) {
            /* void */
        }
    }

    if (local && anchor) {
        ptn_buf_byte(&b, '#');
    }

    quoted = *p == '"';

    for (p += quoted; p < end && (quoted ? *p != '"' : *p > ' '); p++) {

        if (quoted && *p == '\\' && p + 1 < end) {
            p++;
        }

        if (*p >= ' ') {
            ptn_buf_byte(&b, *p);
        }
    }

    return b.failed ? none : ptn_buf_get(&b);
}


ptn_str_t
ptn_rtf_field_link(ptn_pool_t *pool, ptn_str_t inst)
{
    size_t                    i;
    ptn_str_t                 url;
    static const char *const  bad[] = { "javascript:", "vbscript:", "data:" };

    url = ptn_rtf_field_arg(pool, inst, "HYPERLINK", true);

    while (url.len != 0 && *url.data == ' ') {
        url.data++;
        url.len--;
    }

    for (i = 0; i < ptn_nelts(bad); i++) {
        if (ptn_str_istarts(url, bad[i])) {
            url.len = 0;
        }
    }

    return url;
}


ptn_str_t
ptn_rtf_field_picture(ptn_pool_t *pool, ptn_str_t inst)
{
    ptn_str_t  src;

    src = ptn_rtf_field_arg(pool, inst, "INCLUDEPICTURE", false);

    if (!ptn_str_istarts(src, "cid:") && !ptn_str_istarts(src, "http:")
        && !ptn_str_istarts(src, "https:"))
    {
        src.len = 0;
    }

    return src;
}


/* SYMBOL 74 \f "Wingdings" */

uint32_t
ptn_rtf_field_symbol(ptn_str_t inst)
{
    size_t         i;
    uint32_t       n;
    ptn_str_t      font;
    const u_char  *p, *end;

    p = inst.len != 0 ? inst.data : (const u_char *) "";
    end = p + inst.len;

    while (p < end && *p <= ' ') {
        p++;
    }

    if (!ptn_str_istarts(ptn_str_make(p, (size_t) (end - p)), "SYMBOL ")) {
        return 0;
    }

    for (p += 7; p < end && *p == ' '; p++) {
        /* void */
    }

    for (n = 0; p < end && *p >= '0' && *p <= '9' && n < 100000; p++) {
        n = n * 10 + (*p - '0');
    }

    font = ptn_str_make(p, (size_t) (end - p));

    for (i = 0; i + 1 < font.len; i++) {
        if (font.data[i] == '"') {
            font.data += i + 1;
            font.len -= i + 1;
            return n < 256 ? ptn_rtf_symbol(font, (u_char) n) : n;
        }
    }

    return (n >= 0xd800 && n <= 0xdfff) || n > 0xffff ? 0 : n;
}


/* --- what the RTF holds --------------------------------------------------- */

static void
ptn_rtf_held_text(void *ctx, const u_char *p, size_t len)
{
    const u_char    *end, *from;
    ptn_rtf_html_t  *h;

    h = ctx;

    if (h->r->s->dest == PTN_RTF_IN_TAG) {
        ptn_buf_add(&h->out, p, len);
        return;
    }

    for (end = p + len, from = p; p < end; p++) {
        if (*p == '&' || *p == '<' || *p == '>') {
            ptn_buf_add(&h->out, from, (size_t) (p - from));
            ptn_buf_z(&h->out, *p == '&' ? "&amp;" : *p == '<' ? "&lt;"
                                                               : "&gt;");
            from = p + 1;
        }
    }

    ptn_buf_add(&h->out, from, (size_t) (p - from));
}


/* MS-OXRTFEX 2.1.3.1.4.2; other words say nothing. */

static void
ptn_rtf_held_event(void *ctx, ptn_rtf_event_e event)
{
    ptn_rtf_html_t  *h;

    h = ctx;

    switch (event) {

    case PTN_RTF_PAR:
    case PTN_RTF_LINE:
        ptn_buf_z(&h->out, "\r\n");
        break;

    case PTN_RTF_TAB:
        ptn_buf_byte(&h->out, '\t');
        break;

    case PTN_RTF_NBSP:
        ptn_buf_z(&h->out, "&nbsp;");
        break;

    case PTN_RTF_SHY:
        ptn_buf_z(&h->out, "&shy;");
        break;

    default:
        break;
    }
}


static const ptn_rtf_sink_t  ptn_rtf_held = {
    ptn_rtf_held_text, ptn_rtf_held_event
};


/* --- what it looks like --------------------------------------------------- */

static void
ptn_rtf_shown_text(void *ctx, const u_char *p, size_t len)
{
    ptn_rtf_html_t  *h;

    h = ctx;
    ptn_rtf_html_para(h);
    ptn_rtf_html_run(h);
    ptn_rtf_html_escape(&h->out, p, len, &h->blank);
    h->empty = false;
}


static void
ptn_rtf_shown_as(ptn_rtf_html_t *h, const char *html)
{
    ptn_rtf_html_para(h);
    ptn_rtf_html_run(h);
    ptn_buf_z(&h->out, html);
    h->empty = false;
    h->blank = false;
}


static void
ptn_rtf_image(ptn_rtf_html_t *h, ptn_str_t src)
{
    bool  blank;

    blank = false;
    ptn_rtf_shown_as(h, "<img src=\"");
    ptn_rtf_html_escape(&h->out, src.data, src.len, &blank);
    ptn_buf_z(&h->out, "\">");
}


static void
ptn_rtf_attach(ptn_rtf_html_t *h, const ptn_rtf_attach_t *a)
{
    ptn_str_t  name;

    if (a->src.len != 0) {
        ptn_rtf_image(h, a->src);
        return;
    }

    name = ptn_utf8_clean(h->r->pool, a->name);

    if (name.len != 0) {
        ptn_rtf_shown_as(h, "[");
        ptn_rtf_html_escape(&h->out, name.data, name.len, &h->blank);
        ptn_buf_byte(&h->out, ']');
    }
}


static void
ptn_rtf_field(ptn_rtf_html_t *h)
{
    u_char     d[4];
    uint32_t   c;
    ptn_str_t  inst, url, src;

    inst = ptn_buf_get(&h->r->inst);
    url = ptn_rtf_field_link(h->r->pool, inst);
    src = ptn_rtf_field_picture(h->r->pool, inst);
    c = ptn_rtf_field_symbol(inst);

    if (src.len != 0) {
        ptn_rtf_image(h, src);
    }

    if (c != 0) {
        ptn_rtf_shown_text(h, d, ptn_utf8_put(d, c));
    }

    if (h->fields < PTN_RTF_FIELDS_MAX) {
        h->links[h->fields++] = url;
    }
}


static void
ptn_rtf_field_end(ptn_rtf_html_t *h)
{
    if (h->fields != 0) {
        h->fields--;

        if (h->links[h->fields].len != 0) {
            ptn_rtf_html_link_end(h);
        }
    }
}


static void
ptn_rtf_shown_event(void *ctx, ptn_rtf_event_e event)
{
    unsigned         nested;
    ptn_rtf_html_t  *h;

    h = ctx;
    nested = ptn_max(h->r->s->p.itap, 2);

    switch (event) {

    case PTN_RTF_PAR:
        ptn_rtf_html_para(h);
        ptn_rtf_html_para_end(h);
        break;

    case PTN_RTF_LINE:
        ptn_rtf_shown_as(h, "<br>\r\n");
        h->blank = true;
        break;

    case PTN_RTF_TAB:
        ptn_rtf_shown_as(h, "&nbsp;&nbsp;&nbsp; ");
        h->blank = true;
        break;

    case PTN_RTF_NBSP:
        ptn_rtf_shown_as(h, "&nbsp;");
        break;

    case PTN_RTF_SHY:
        ptn_rtf_shown_as(h, "&shy;");
        break;

    case PTN_RTF_CELL:
        ptn_rtf_html_cell_end(h, 1);
        break;

    case PTN_RTF_ROW:
        ptn_rtf_html_row_end(h, 1);
        break;

    case PTN_RTF_NESTCELL:
        ptn_rtf_html_cell_end(h, nested);
        break;

    case PTN_RTF_NESTROW:
        ptn_rtf_html_row_end(h, nested);
        break;

    case PTN_RTF_ATTACH:
        if (h->place < h->nattachs) {
            ptn_rtf_attach(h, &h->attachs[h->place++]);
        }

        break;

    case PTN_RTF_MARKER:
        ptn_rtf_html_marker(h, ptn_buf_get(&h->r->marker));
        break;

    case PTN_RTF_FIELD:
        ptn_rtf_field(h);
        break;

    case PTN_RTF_FIELD_END:
        ptn_rtf_field_end(h);
        break;

    case PTN_RTF_TROWD:
        break;
    }
}


static const ptn_rtf_sink_t  ptn_rtf_shown = {
    ptn_rtf_shown_text, ptn_rtf_shown_event
};


/* MS-OXRTFEX 2.2.3.4: as many places as attachments, or none. */

static size_t
ptn_rtf_places(ptn_str_t rtf)
{
    size_t         n;
    const u_char  *p, *end;

    n = 0;
    end = rtf.data + rtf.len;

    for (p = rtf.data; (p = memmem(p, (size_t) (end - p), "\\objattph", 9));
         p += 9)
    {
        n++;
    }

    return n;
}


static void
ptn_rtf_document(ptn_rtf_html_t *h, ptn_str_t rtf,
    const ptn_rtf_attach_t *attachs, size_t nattachs)
{
    size_t  i;
    bool    placed;

    placed = nattachs != 0 && ptn_rtf_places(rtf) == nattachs;

    if (placed) {
        h->attachs = attachs;
        h->nattachs = nattachs;
    }

    ptn_buf_z(&h->out, "<html>\r\n<head>\r\n<meta http-equiv=\"Content-Type\""
              " content=\"text/html; charset=utf-8\">\r\n</head>\r\n");

    (void) ptn_rtf_read(h->r, rtf);

    h->r->s = h->r->stack;
    memset(&h->r->s->p, 0, sizeof(ptn_rtf_para_t));
    memset(&h->r->s->c, 0, sizeof(ptn_rtf_char_t));
    h->r->s->c.font = UINT16_MAX;
    h->fields = 0;

    if (!h->body) {
        ptn_rtf_html_body(h);
    }

    ptn_rtf_html_para_end(h);

    for (i = placed ? h->place : 0; i < nattachs; i++) {
        ptn_rtf_attach(h, &attachs[i]);
    }

    ptn_rtf_html_para_end(h);
    h->marker = false;

    if (h->level != 0) {
        ptn_rtf_html_level(h, 0);
    }

    ptn_rtf_html_lists_end(h, 0);
    ptn_buf_z(&h->out, "</body>\r\n</html>\r\n");
}


ptn_rc_t
ptn_rtf_to_html(ptn_pool_t *pool, ptn_str_t rtf,
    const ptn_rtf_attach_t *attachs, size_t nattachs, ptn_str_t *ret_html)
{
    ptn_rc_t           rc;
    ptn_str_t          text;
    ptn_rtf_html_t    *h;
    ptn_rtf_reader_t  *r;

    r = ptn_pcalloc(pool, sizeof(ptn_rtf_reader_t));
    h = ptn_pcalloc(pool, sizeof(ptn_rtf_html_t));

    if (r == NULL || h == NULL) {
        return PTN_ENOMEM;
    }

    r->pool = pool;
    r->ctx = h;
    r->kind = ptn_rtf_kind(rtf);
    h->r = r;
    ptn_buf_init(&h->out, pool);
    r->out = &h->out;

    if (rtf.len > PTN_RTF_SOURCE_MAX || r->kind == PTN_RTF_NONE) {
        rtf.len = 0;
    }

    if (r->kind == PTN_RTF_FROM_TEXT && rtf.len != 0) {
        rc = ptn_rtf_to_text(pool, rtf, &text);

        return rc == PTN_OK ? ptn_body_text_to_html(pool, text, ret_html) : rc;
    }

    if (r->kind == PTN_RTF_FROM_HTML && rtf.len != 0) {
        r->sink = &ptn_rtf_held;
        (void) ptn_rtf_read(r, rtf);

    } else {
        r->sink = &ptn_rtf_shown;
        ptn_rtf_document(h, rtf, attachs, nattachs);
    }

    if (h->out.failed || ptn_pool_failed(pool)) {
        return PTN_ENOMEM;
    }

    if (h->out.len >= PTN_RTF_MADE_MAX) {
        return PTN_ETOOBIG;
    }

    *ret_html = h->out.len != 0 ? ptn_buf_get(&h->out) : ptn_str("");

    return PTN_OK;
}
