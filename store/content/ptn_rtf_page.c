/*
 * Code pages of RTF: ICU behind them; for those with one byte per character
 * a table is made once per document.
 */

#include "ptn_charset.h"
#include "ptn_rtf_in.h"


static const struct {
    uint8_t   charset;          /* \fcharset */
    uint16_t  codepage;
} ptn_rtf_charsets[] = {
    { 0, 1252 },    { 2, PTN_RTF_SYMBOL },
    { 77, 10000 },  { 78, 932 },    { 79, 949 },    { 80, 936 },
    { 81, 950 },    { 83, 1255 },   { 84, 1256 },   { 85, 10006 },
    { 86, 10081 },  { 87, 874 },    { 88, 10029 },  { 89, 10007 },
    { 128, 932 },   { 129, 949 },   { 130, 1361 },  { 134, 936 },
    { 136, 950 },   { 161, 1253 },  { 162, 1254 },  { 163, 1258 },
    { 177, 1255 },  { 178, 1256 },  { 179, 1256 },  { 180, 1256 },
    { 181, 1255 },  { 186, 1257 },  { 204, 1251 },  { 222, 874 },
    { 238, 1250 },  { 254, 437 },   { 255, 850 },
};

/* Those that are not among the code pages of mail, and how many bytes a
 * character has at most. */
static const struct {
    uint32_t     codepage;
    bool         multi;
    const char  *charset;
} ptn_rtf_pages[] = {
    { 437, false, "ibm-437" },      { 720, false, "ibm-720" },
    { 737, false, "ibm-737" },      { 775, false, "ibm-775" },
    { 850, false, "ibm-850" },      { 852, false, "ibm-852" },
    { 855, false, "ibm-855" },      { 857, false, "ibm-857" },
    { 858, false, "ibm-858" },      { 860, false, "ibm-860" },
    { 861, false, "ibm-861" },      { 862, false, "ibm-862" },
    { 863, false, "ibm-863" },      { 864, false, "ibm-864" },
    { 865, false, "ibm-865" },      { 866, false, "ibm-866" },
    { 869, false, "ibm-869" },
    { 932, true, "shift_jis" },     { 936, true, "gbk" },
    { 949, true, "ks_c_5601-1987" },    { 950, true, "big5" },
    { 1361, true, "ks_c_5601-1987" },
    { 10000, false, "macintosh" },  { 10001, true, "shift_jis" },
    { 10002, true, "big5" },        { 10003, true, "ks_c_5601-1987" },
    { 10006, false, "x-mac-greek" },    { 10007, false, "x-mac-cyrillic" },
    { 10008, true, "gbk" },         { 10029, false, "x-mac-ce" },
    { 10081, false, "x-mac-turkish" },
    { 51932, true, "euc-jp" },      { 51949, true, "euc-kr" },
    { 54936, true, "gb18030" },     { 65001, true, "utf-8" },
};

/* Symbol's letters, from 'A' (U+0391 ...) and 'a' on. */
static const uint16_t  ptn_rtf_greek[2][26] = {
    { 0x391, 0x392, 0x3a7, 0x394, 0x395, 0x3a6, 0x393, 0x397, 0x399, 0x3d1,
      0x39a, 0x39b, 0x39c, 0x39d, 0x39f, 0x3a0, 0x398, 0x3a1, 0x3a3, 0x3a4,
      0x3a5, 0x3c2, 0x3a9, 0x39e, 0x3a8, 0x396 },
    { 0x3b1, 0x3b2, 0x3c7, 0x3b4, 0x3b5, 0x3c6, 0x3b3, 0x3b7, 0x3b9, 0x3d5,
      0x3ba, 0x3bb, 0x3bc, 0x3bd, 0x3bf, 0x3c0, 0x3b8, 0x3c1, 0x3c3, 0x3c4,
      0x3c5, 0x3d6, 0x3c9, 0x3be, 0x3c8, 0x3b6 },
};

/* What mail has most: bullets, arrows, signs. */
static const struct {
    bool      wingdings;
    u_char    c;
    uint32_t  to;
} ptn_rtf_signs[] = {
    { false, 0xa3, 0x2264 },    { false, 0xa5, 0x221e },
    { false, 0xab, 0x2194 },    { false, 0xac, 0x2190 },
    { false, 0xad, 0x2191 },    { false, 0xae, 0x2192 },
    { false, 0xaf, 0x2193 },    { false, 0xb0, 0x00b0 },
    { false, 0xb1, 0x00b1 },    { false, 0xb3, 0x2265 },
    { false, 0xb4, 0x00d7 },    { false, 0xb7, 0x2022 },
    { false, 0xb8, 0x00f7 },    { false, 0xb9, 0x2260 },
    { false, 0xbb, 0x2248 },    { false, 0xbc, 0x2026 },
    { false, 0xd2, 0x00ae },    { false, 0xd3, 0x00a9 },
    { false, 0xd4, 0x2122 },    { false, 0xd6, 0x221a },
    { false, 0xde, 0x21d2 },    { false, 0xe5, 0x2211 },
    { true, 0x4a, 0x263a },     { true, 0x4b, 0x1f610 },
    { true, 0x4c, 0x2639 },     { true, 0x6c, 0x25cf },
    { true, 0x6e, 0x25a0 },     { true, 0x6f, 0x25a1 },
    { true, 0x71, 0x2751 },     { true, 0x75, 0x25c6 },
    { true, 0x76, 0x2756 },     { true, 0x77, 0x25c6 },
    { true, 0x9f, 0x2022 },     { true, 0xa7, 0x25aa },
    { true, 0xa8, 0x25fb },     { true, 0xd8, 0x27a2 },
    { true, 0xdf, 0x2190 },     { true, 0xe0, 0x2192 },
    { true, 0xe8, 0x2794 },     { true, 0xfb, 0x2717 },
    { true, 0xfc, 0x2714 },     { true, 0xfe, 0x2612 },
};


uint32_t
ptn_rtf_charset_page(int32_t charset)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_rtf_charsets); i++) {
        if (ptn_rtf_charsets[i].charset == charset) {
            return ptn_rtf_charsets[i].codepage;
        }
    }

    return 0;
}


static const char *
ptn_rtf_page_charset(uint32_t codepage, bool *ret_multi)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_rtf_pages); i++) {
        if (ptn_rtf_pages[i].codepage == codepage) {
            *ret_multi = ptn_rtf_pages[i].multi;
            return ptn_rtf_pages[i].charset;
        }
    }

    *ret_multi = false;

    return ptn_codepage_charset(codepage);
}


/* The upper half, as ICU reads it: one character for a byte. */

static void
ptn_rtf_page_table(ptn_pool_t *pool, const char *charset,
    ptn_rtf_page_t *page)
{
    int            n;
    u_char         c;
    unsigned       i;
    ptn_str_t      s;
    const u_char  *p, *end;

    for (i = 0; i < 128; i++) {
        c = (u_char) (0x80 + i);
        page->high[i] = 0xfffd;

        if (ptn_charset_to_utf8(pool, ptn_str_z(charset), ptn_str_make(&c, 1),
                                &s) != PTN_OK || s.len == 0)
        {
            continue;
        }

        p = s.data;
        end = p + s.len;
        n = ptn_utf8_seq(p, end);

        if (n == 1) {
            page->high[i] = p[0];

        } else if (n == 2) {
            page->high[i] = (uint16_t) ((p[0] & 0x1f) << 6 | (p[1] & 0x3f));

        } else if (n == 3) {
            page->high[i] = (uint16_t) ((p[0] & 0x0f) << 12
                                        | (p[1] & 0x3f) << 6
                                        | (p[2] & 0x3f));
        }
    }
}


const ptn_rtf_page_t *
ptn_rtf_page(ptn_pool_t *pool, ptn_rtf_page_t **list, uint32_t codepage)
{
    bool             multi;
    const char      *charset;
    ptn_rtf_page_t  *page;

    charset = NULL;
    multi = false;

    if (codepage != PTN_RTF_SYMBOL) {
        charset = ptn_rtf_page_charset(codepage, &multi);

        if (charset == NULL || !ptn_charset_known(ptn_str_z(charset))) {
            codepage = 1252;
            charset = "windows-1252";
            multi = false;
        }
    }

    for (page = *list; page != NULL; page = page->next) {
        if (page->codepage == codepage) {
            return page;
        }
    }

    page = ptn_pcalloc(pool, sizeof(ptn_rtf_page_t));
    if (page == NULL) {
        return NULL;
    }

    page->codepage = codepage;
    page->next = *list;
    *list = page;

    if (multi) {
        page->charset = charset;

    } else if (charset != NULL) {
        ptn_rtf_page_table(pool, charset, page);
    }

    return page;
}


uint32_t
ptn_rtf_symbol(ptn_str_t font, u_char c)
{
    bool    wingdings;
    size_t  i;

    wingdings = !ptn_str_istarts(font, "symbol");

    for (i = 0; i < ptn_nelts(ptn_rtf_signs); i++) {
        if (ptn_rtf_signs[i].wingdings == wingdings
            && ptn_rtf_signs[i].c == c)
        {
            return ptn_rtf_signs[i].to;
        }
    }

    if (c <= ' ') {
        return c;
    }

    if (wingdings) {
        return 0xf000u + c;         /* where such fonts have their glyphs */
    }

    if (ptn_tolower(c) >= 'a' && ptn_tolower(c) <= 'z') {
        return ptn_rtf_greek[c >= 'a'][ptn_tolower(c) - 'a'];
    }

    return c < 0x7f ? c : 0xf000u + c;
}
