/*
 * Bodies.  The first byte picks what is fed: 't' text, 'f' text that flows,
 * 'c' HTML of which nobody knows the charset, 'b' a body of any form, 'h' HTML.
 *
 * Covers: store/content/ptn_body.c store/content/ptn_body_flowed.c store/content/ptn_body_form.c store/content/ptn_body_html.c store/content/ptn_body_sane.c store/content/ptn_html_charset.c
 */

#include <stdio.h>
#include <stdlib.h>

#include "ptn_charset.h"
#include "ptn_html.h"
#include "ptn_oxcmail.h"
#include "ptn_rtf.h"


#define FUZZ_CAP  (256 * 1024 * 1024)


static __attribute__((noreturn)) void
fuzz_wrong(const char *what)
{
    fprintf(stderr, "html: %s\n", what);
    abort();
}


static void
fuzz_html(ptn_pool_t *pool, ptn_str_t in)
{
    ptn_str_t  text, html, preview;

    if (ptn_body_html_to_text(pool, in, &text) != PTN_OK
        || !ptn_utf8_valid(text))
    {
        fuzz_wrong("HTML to text");
    }

    if (ptn_body_text_to_html(pool, text, &html) != PTN_OK
        || !ptn_utf8_valid(html)
        || ptn_body_preview(pool, text, 255, &preview) != PTN_OK)
    {
        fuzz_wrong("text of HTML");
    }
}


/* What is no white space is kept, both ways. */

static ptn_str_t
fuzz_black(ptn_pool_t *pool, ptn_str_t s)
{
    size_t     i;
    ptn_buf_t  b;

    ptn_buf_init(&b, pool);

    for (i = 0; i < s.len; i++) {
        if (s.data[i] > ' ' && s.data[i] < 0x7f) {
            ptn_buf_byte(&b, s.data[i]);
        }
    }

    return b.len ? ptn_buf_get(&b) : ptn_str("");
}


static void
fuzz_text(ptn_pool_t *pool, ptn_str_t in)
{
    ptn_str_t  html, text;

    in = ptn_utf8_clean(pool, in);

    if (ptn_body_text_to_html(pool, in, &html) != PTN_OK
        || ptn_body_html_to_text(pool, html, &text) != PTN_OK)
    {
        fuzz_wrong("text to HTML");
    }

    if (!ptn_str_eq(fuzz_black(pool, in), fuzz_black(pool, text))) {
        fuzz_wrong("another text");
    }
}


static void
fuzz_flowed(ptn_pool_t *pool, ptn_str_t in)
{
    ptn_str_t  text;

    if (ptn_body_unflow(pool, in, in.len % 2, &text) != PTN_OK
        || text.len > in.len * 3 + 2)
    {
        fuzz_wrong("flowed");
    }
}


static void
fuzz_charset(ptn_pool_t *pool, ptn_str_t in)
{
    ptn_str_t              html;
    static const uint32_t  pages[] = { 0, 1252, 65001, 50220, 932, 1200 };

    (void) ptn_html_charset(in);

    if (ptn_html_to_utf8(pool, in, pages[in.len % ptn_nelts(pages)], &html)
        != PTN_OK || !ptn_utf8_valid(html))
    {
        fuzz_wrong("charset");
    }
}


/* The second byte says which form it is, and what is said of it. */

static void
fuzz_body(ptn_pool_t *pool, ptn_str_t in)
{
    u_char                 how;
    size_t                 i;
    ptn_str_t              s;
    ptn_object_t           o;
    ptn_attach_t           a;
    static const uint32_t  tags[] = {
        PTN_PR_BODY, PTN_PR_HTML, PTN_PR_RTF_COMPRESSED, PTN_PR_NATIVE_BODY,
        PTN_PR_RTF_IN_SYNC, PTN_PR_INTERNET_CPID,
        (PTN_PR_HTML & 0xffff0000) + PTN_PT_UNICODE
    };

    if (in.len == 0) {
        return;
    }

    memset(&o, 0, sizeof(o));
    memset(&a, 0, sizeof(a));
    how = *in.data++;
    in.len--;

    ptn_props_set(&o.props, pool, tags[how % 3],
                  how % 3 == 0 ? fuzz_black(pool, in) : in);

    if (how % 3 == 2 && (how & 0x80)) {
        ptn_rtf_compress(pool, in, &s);
        ptn_props_set(&o.props, pool, PTN_PR_RTF_COMPRESSED, s);
    }

    if (how & 0x40) {
        ptn_props_set(&o.props, pool, PTN_PR_BODY, ptn_str("text"));
        ptn_body_given(&o.props, pool, &o.props);
    }

    if (how & 0x20) {
        ptn_props_set_int(&o.props, pool, PTN_PR_INTERNET_CPID, 1252);
    }

    if (how & 0x10) {
        ptn_props_set_int(&a.props, pool, PTN_PR_RENDERING_POSITION, 1);
        ptn_props_set(&a.props, pool, PTN_PR_ATTACH_CONTENT_ID, ptn_str("i"));
        ptn_props_set(&a.props, pool, PTN_PR_ATTACH_MIME_TAG,
                      ptn_str("image/png"));
        o.attachs = &a;
        o.nattachs = 1;
    }

    for (i = 0; i < ptn_nelts(tags); i++) {
        s = ptn_str("");

        if (ptn_body_form(pool, &o, tags[i], &s) != PTN_OK) {
            fuzz_wrong("form");
        }

        if (ptn_prop_type(tags[i]) == PTN_PT_UNICODE && s.data != NULL
            && !ptn_utf8_valid(s))
        {
            fuzz_wrong("a string that is no UTF-8");
        }
    }
}


static const struct {
    u_char   letter;
    void   (*entry)(ptn_pool_t *pool, ptn_str_t in);
} fuzz_entries[] = {
    { 't', fuzz_text },
    { 'f', fuzz_flowed },
    { 'c', fuzz_charset },
    { 'b', fuzz_body },
    { 'h', fuzz_html },
};


#include "fuzz_entries.h"
