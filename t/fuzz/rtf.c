/*
 * RTF.  The first byte picks what is fed: RTF, compressed RTF, HTML and text
 * of which RTF is made.  What comes out is UTF-8, and what was made gives back
 * what it was made of.
 *
 * Covers: store/content/ptn_rtf_from.c store/content/ptn_rtf_html.c store/content/ptn_rtf_lz.c store/content/ptn_rtf_page.c store/content/ptn_rtf_read.c store/content/ptn_rtf_run.c store/content/ptn_rtf_set.c store/content/ptn_rtf_table.c store/content/ptn_rtf_text.c store/content/ptn_rtf_words.c
 */

#include <stdio.h>
#include <stdlib.h>

#include "ptn_charset.h"
#include "ptn_rtf.h"


#define FUZZ_CAP  (256 * 1024 * 1024)

static const ptn_rtf_attach_t  fuzz_attachs[] = {
    { ptn_string("cid:1"), ptn_string("") },
    { ptn_string(""), ptn_string("a&b") },
};


static __attribute__((noreturn)) void
fuzz_wrong(const char *what)
{
    fprintf(stderr, "rtf: %s\n", what);
    abort();
}


static void
fuzz_rtf(ptn_pool_t *pool, ptn_str_t in)
{
    ptn_str_t  html, text, packed, back;

    if (ptn_rtf_to_html(pool, in, fuzz_attachs, in.len % 3, &html) != PTN_OK
        || !ptn_utf8_valid(html))
    {
        fuzz_wrong("HTML");
    }

    if (ptn_rtf_to_text(pool, in, &text) != PTN_OK || !ptn_utf8_valid(text)) {
        fuzz_wrong("text");
    }

    if (html.len > 64 * in.len + 4096 || text.len > 64 * in.len + 4096) {
        fuzz_wrong("more than it may become");
    }

    if (ptn_rtf_compress(pool, in, &packed) != PTN_OK
        || ptn_rtf_decompress(pool, packed, SIZE_MAX, &back) != PTN_OK
        || !ptn_str_eq(in, back))
    {
        fuzz_wrong("compressed");
    }
}


static void
fuzz_packed(ptn_pool_t *pool, ptn_str_t in)
{
    ptn_rc_t   rc;
    ptn_str_t  rtf;

    /* the CRC of whatever there is, so that it is read */

    rc = ptn_rtf_decompress(pool, in, 1 << 20, &rtf);

    if (rc == PTN_OK) {
        fuzz_rtf(pool, rtf);
    }
}


/* Without NUL, lines ending as RTF has them: what comes back. */

static ptn_str_t
fuzz_lines(ptn_pool_t *pool, ptn_str_t s)
{
    size_t     i;
    ptn_buf_t  b;

    s = ptn_utf8_clean(pool, s);
    ptn_buf_init(&b, pool);

    for (i = 0; i < s.len; i++) {
        if (s.data[i] == '\n' || s.data[i] == '\r') {
            i += s.data[i] == '\r' && i + 1 < s.len && s.data[i + 1] == '\n';
            ptn_buf_z(&b, "\r\n");

        } else if (s.data[i] != 0) {
            ptn_buf_byte(&b, s.data[i]);
        }
    }

    return b.len ? ptn_buf_get(&b) : ptn_str("");
}


static void
fuzz_html(ptn_pool_t *pool, ptn_str_t in)
{
    ptn_str_t  rtf, html;

    if (ptn_rtf_from_html(pool, in, &rtf) != PTN_OK
        || ptn_rtf_to_html(pool, rtf, NULL, 0, &html) != PTN_OK)
    {
        fuzz_wrong("of HTML");
    }

    if (!ptn_str_eq(html, fuzz_lines(pool, in))) {
        fuzz_wrong("another HTML");
    }

    /* as RTF that holds nothing: some seed is made of it */

    rtf.data[30] = 'x';
    fuzz_rtf(pool, rtf);
}


static void
fuzz_text(ptn_pool_t *pool, ptn_str_t in)
{
    ptn_str_t  rtf, text;

    if (ptn_rtf_from_text(pool, in, &rtf) != PTN_OK
        || ptn_rtf_to_text(pool, rtf, &text) != PTN_OK)
    {
        fuzz_wrong("of text");
    }

    if (!ptn_str_eq(text, fuzz_lines(pool, in))) {
        fuzz_wrong("another text");
    }
}


static const struct {
    u_char   letter;
    void   (*entry)(ptn_pool_t *pool, ptn_str_t in);
} fuzz_entries[] = {
    { 'z', fuzz_packed },
    { 'h', fuzz_html },
    { 't', fuzz_text },
    { 'r', fuzz_rtf },
};


#include "fuzz_entries.h"
