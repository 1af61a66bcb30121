/*
 * Text of RTF: the text that it holds (MS-OXRTFEX 2.2.3.3), that of the HTML
 * that it holds, or what it says.
 */

#include "ptn_charset.h"
#include "ptn_html.h"
#include "ptn_oxcmail.h"
#include "ptn_rtf_in.h"


typedef struct {
    ptn_rtf_reader_t  *r;
    ptn_buf_t          out;
    bool               tab;         /* due before the next cell */
    bool               row;         /* within a row of a table */
    ptn_str_t          link;        /* of the field */
    size_t             from;        /* where its text begins */
    unsigned           fields, at;  /* open; the one with the link */
} ptn_rtf_text_t;


static void
ptn_rtf_text_due(ptn_rtf_text_t *t)
{
    if (t->tab) {
        t->tab = false;
        ptn_buf_byte(&t->out, '\t');
    }
}


static void
ptn_rtf_text_put(void *ctx, const u_char *p, size_t len)
{
    ptn_rtf_text_t  *t;

    t = ctx;
    ptn_rtf_text_due(t);
    ptn_buf_add(&t->out, p, len);
}


/* "1." and a tab: "1. "; a bullet of any font: "* ". */

static void
ptn_rtf_text_marker(ptn_rtf_text_t *t)
{
    ptn_str_t  m;

    m = ptn_buf_get(&t->r->marker);

    while (m.len != 0 && m.data[m.len - 1] <= ' ') {
        m.len--;
    }

    while (m.len != 0 && *m.data <= ' ') {
        m.data++;
        m.len--;
    }

    if (m.len == 0) {
        return;
    }

    ptn_rtf_text_due(t);

    if (*m.data >= 0x80 || m.len == 1) {
        ptn_buf_z(&t->out, "* ");
        return;
    }

    ptn_buf_str(&t->out, m);
    ptn_buf_byte(&t->out, ' ');
}


static void
ptn_rtf_text_field(ptn_rtf_text_t *t)
{
    uint32_t   c;
    u_char     d[4];
    ptn_str_t  inst, url;

    inst = ptn_buf_get(&t->r->inst);
    c = ptn_rtf_field_symbol(inst);
    t->fields++;

    if (c != 0) {
        ptn_rtf_text_put(t, d, ptn_utf8_put(d, c));
    }

    if (t->link.len != 0) {
        return;
    }

    url = ptn_rtf_field_link(t->r->pool, inst);

    if (url.len != 0 && *url.data != '#') {
        ptn_rtf_text_due(t);
        t->link = url;
        t->from = t->out.len;
        t->at = t->fields;
    }
}


/* "text <http://...>", unless the text is that already. */

static void
ptn_rtf_text_field_end(ptn_rtf_text_t *t)
{
    ptn_str_t  text, url;

    if (t->fields == 0 || t->fields-- != t->at || t->link.len == 0) {
        return;
    }

    url = t->link;
    t->link.len = 0;
    t->at = 0;

    if (t->out.failed || t->out.len == t->from) {
        return;
    }

    text = ptn_str_make(t->out.data + t->from, t->out.len - t->from);

    if (ptn_body_link_says(text, &url)) {
        return;
    }

    ptn_buf_z(&t->out, " <");
    ptn_buf_str(&t->out, url);
    ptn_buf_byte(&t->out, '>');
}


static void
ptn_rtf_text_event(void *ctx, ptn_rtf_event_e event)
{
    ptn_rtf_text_t  *t;

    t = ctx;

    switch (event) {

    case PTN_RTF_PAR:
    case PTN_RTF_LINE:
        t->tab = false;
        ptn_buf_z(&t->out, "\r\n");
        break;

    case PTN_RTF_TAB:
        ptn_rtf_text_put(t, (const u_char *) "\t", 1);
        break;

    case PTN_RTF_NBSP:
        ptn_rtf_text_put(t, (const u_char *) "\xc2\xa0", 2);
        break;

    case PTN_RTF_SHY:
        if (t->r->kind == PTN_RTF_FROM_TEXT) {
            ptn_rtf_text_put(t, (const u_char *) "\xc2\xad", 2);
        }

        break;

    case PTN_RTF_CELL:
    case PTN_RTF_NESTCELL:
        ptn_rtf_text_due(t);
        t->tab = true;
        t->row = true;
        break;

    case PTN_RTF_ROW:
    case PTN_RTF_NESTROW:
        if (t->row) {
            ptn_buf_z(&t->out, "\r\n");
        }

        t->tab = false;
        t->row = false;
        break;

    case PTN_RTF_MARKER:
        ptn_rtf_text_marker(t);
        break;

    case PTN_RTF_FIELD:
        ptn_rtf_text_field(t);
        break;

    case PTN_RTF_FIELD_END:
        ptn_rtf_text_field_end(t);
        break;

    case PTN_RTF_ATTACH:
    case PTN_RTF_TROWD:
        break;
    }
}


static const ptn_rtf_sink_t  ptn_rtf_text_sink = {
    ptn_rtf_text_put, ptn_rtf_text_event
};


static ptn_rc_t
ptn_rtf_text_of_html(ptn_pool_t *pool, ptn_str_t rtf, ptn_str_t *ret_text)
{
    ptn_rc_t   rc;
    ptn_str_t  html;

    rc = ptn_rtf_to_html(pool, rtf, NULL, 0, &html);

    return rc == PTN_OK ? ptn_body_html_to_text(pool, html, ret_text) : rc;
}


ptn_rc_t
ptn_rtf_to_text(ptn_pool_t *pool, ptn_str_t rtf, ptn_str_t *ret_text)
{
    ptn_rtf_kind_e     kind;
    ptn_rtf_text_t     t;
    ptn_rtf_reader_t  *r;

    kind = ptn_rtf_kind(rtf);

    if (kind == PTN_RTF_FROM_HTML) {
        return ptn_rtf_text_of_html(pool, rtf, ret_text);
    }

    r = ptn_pcalloc(pool, sizeof(ptn_rtf_reader_t));
    if (r == NULL) {
        return PTN_ENOMEM;
    }

    memset(&t, 0, sizeof(t));
    t.r = r;
    ptn_buf_init(&t.out, pool);
    r->pool = pool;
    r->kind = kind;
    r->sink = &ptn_rtf_text_sink;
    r->ctx = &t;
    r->out = &t.out;

    if (kind != PTN_RTF_NONE && rtf.len <= PTN_RTF_SOURCE_MAX
        && !ptn_rtf_read(r, rtf))
    {
        return PTN_ETOOBIG;
    }

    if (kind == PTN_RTF_REAL && t.out.len != 0
        && t.out.data[t.out.len - 1] != '\n')
    {
        ptn_buf_z(&t.out, "\r\n");
    }

    if (t.out.failed || ptn_pool_failed(pool)) {
        return PTN_ENOMEM;
    }

    *ret_text = t.out.len != 0 ? ptn_buf_get(&t.out) : ptn_str("");

    return PTN_OK;
}
