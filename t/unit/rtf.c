/*
 * RTF: compressed, held HTML and text, what it looks like as HTML and says as
 * text, made of HTML and text; hostile RTF in linear time.
 */

#include <time.h>

#include "ptn_charset.h"
#include "ptn_prop.h"
#include "ptn_rtf.h"
#include "ptn_test.h"


/* --- compressed ----------------------------------------------------------- */

static ptn_str_t
unhex(ptn_pool_t *pool, const char *s)
{
    unsigned   n;
    ptn_buf_t  b;

    ptn_buf_init(&b, pool);

    for ( /* void */ ; *s != '\0'; s++) {
        if (*s != ' ' && sscanf(s, "%2x", &n) == 1) {
            ptn_buf_byte(&b, (u_char) n);
            s++;
        }
    }

    return ptn_buf_get(&b);
}


/* MS-OXRTFCP 3.1, 3.2 */
#define HELLO  "2d 00 00 00 2b 00 00 00 4c 5a 46 75 f1 c5 c7 a7 03 00 0a 00"  \
    "72 63 70 67 31 32 35 42 32 0a f3 20 68 65 6c 09 00 20 62 77 05 b0 6c 64" \
    "7d 0a 80 0f a0"
#define WXYZ  "1a 00 00 00 1c 00 00 00 4c 5a 46 75 e2 d4 4b 51 41 00 04 20"   \
    "57 58 59 5a 0d 6e 7d 01 0e b0"

static const struct {
    const char  *what, *hex;
    ptn_rc_t     rc;
    const char  *rtf;
} packed[] = {
    { "the specification's example", HELLO, PTN_OK,
      "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n" },
    { "a run that reads what it writes", WXYZ, PTN_OK,
      "{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}" },
    { "not compressed", "0f 00 00 00 03 00 00 00 4d 45 4c 41 00 00 00 00"
      "61 62 63", PTN_OK, "abc" },
    { "RAWSIZE ends it", "0f 00 00 00 02 00 00 00 4d 45 4c 41 00 00 00 00"
      "61 62 63", PTN_OK, "ab" },
    { "RAWSIZE is above what there is", "0f 00 00 00 09 00 00 00 4d 45 4c 41"
      "00 00 00 00 61 62 63", PTN_OK, "abc" },
    { "padding", "0d 00 00 00 01 00 00 00 4d 45 4c 41 00 00 00 00 61 62 63",
      PTN_OK, "a" },
    { "no contents", "0c 00 00 00 00 00 00 00 4d 45 4c 41 00 00 00 00",
      PTN_OK, "" },
    { "no contents, compressed", "0c 00 00 00 00 00 00 00 4c 5a 46 75 00 00"
      "00 00", PTN_OK, "" },
    { "shorter than a header", "0c 00 00 00 00 00 00 00 4c 5a 46 75 00 00 00",
      PTN_ECORRUPT, NULL },
    { "shorter than COMPSIZE", "10 00 00 00 03 00 00 00 4d 45 4c 41 00 00 00"
      "00 61 62 63", PTN_ECORRUPT, NULL },
    { "COMPSIZE within the header", "0b 00 00 00 03 00 00 00 4d 45 4c 41 00"
      "00 00 00 61 62 63", PTN_ECORRUPT, NULL },
    { "COMPSIZE at its largest", "ff ff ff ff 03 00 00 00 4d 45 4c 41 00 00 00"
      "00 61 62 63", PTN_ECORRUPT, NULL },
    { "another type", "0f 00 00 00 03 00 00 00 4d 45 4c 42 00 00 00 00 61 62"
      "63", PTN_ECORRUPT, NULL },
    { "another CRC", "2d 00 00 00 2b 00 00 00 4c 5a 46 75 f1 c5 c7 a8 03 00 0a"
      "00 72 63 70 67 31 32 35 42 32 0a f3 20 68 65 6c 09 00 20 62 77 05 b0 6c"
      "64 7d 0a 80 0f a0", PTN_ECORRUPT, NULL },
};


static void
test_packed(void)
{
    size_t       i, n;
    ptn_rc_t     rc;
    ptn_str_t    in, out, raw;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);

    for (i = 0; i < ptn_nelts(packed); i++) {
        out = ptn_str("(nothing)");
        rc = ptn_rtf_decompress(pool, unhex(pool, packed[i].hex), 1000, &out);
        is_rc(rc, packed[i].rc, packed[i].what);

        if (rc == PTN_OK) {
            is_str(out, packed[i].rtf, packed[i].what);
        }
    }

    in = unhex(pool, HELLO);
    is_rc(ptn_rtf_decompress(pool, in, 43, &out), PTN_OK, "as much as may be");
    is_rc(ptn_rtf_decompress(pool, in, 42, &out), PTN_ETOOBIG, "too much");
    in.data[7] = 0x40;              /* RAWSIZE of a GB */
    is_rc(ptn_rtf_decompress(pool, in, 1000, &out), PTN_OK,
          "RAWSIZE is not believed");
    is_u64(out.len, 43, "what there is");
    in.data[7] = 0;

    for (n = 0; n < in.len; n++) {
        is_rc(ptn_rtf_decompress(pool, ptn_str_make(in.data, n), 1000, &out),
              PTN_ECORRUPT, "every truncation");
    }

    raw = ptn_str("{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
    is_rc(ptn_rtf_compress(pool, raw, &out), PTN_OK, "compressed");
    ok(out.len <= in.len + 1, "as small as the specification's, %zu", out.len);
    is_rc(ptn_rtf_decompress(pool, out, 1000, &out), PTN_OK, "and back");
    is_mem(out, raw, "the same");
    is_rc(ptn_rtf_wrap(pool, raw, &out), PTN_OK, "not compressed");
    is_rc(ptn_rtf_decompress(pool, out, 1000, &out), PTN_OK, "and back");
    is_mem(out, raw, "the same");

    raw = ptn_str("{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}");
    is_rc(ptn_rtf_compress(pool, raw, &out), PTN_OK, "compressed");
    is_mem(out, unhex(pool, WXYZ), "as the specification has it");

    ptn_pool_destroy(pool);
}


/* Texts whose runs are at every distance and of every length. */

static void
test_packed_random(void)
{
    bool         good;
    size_t       i, len;
    u_char      *d;
    uint32_t     seed;
    unsigned     round;
    ptn_str_t    raw, in, out;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);
    seed = 1;
    good = true;

    for (round = 0; round < 300; round++) {
        len = (seed = seed * 1103515245 + 12345) >> 16 & 0x3fff;
        d = ptn_palloc(pool, len + 1);

        for (i = 0; i < len; i++) {
            seed = seed * 1103515245 + 12345;
            d[i] = (round % 3 && i > 4200 && (seed >> 20) % 8)
                   ? d[i - 1 - (round * 37 + i / 400) % 4180]
                   : (u_char) ((seed >> 16) % (round % 5 + 2) + 'a');
        }

        raw = ptn_str_make(d, len);
        good &= ptn_rtf_compress(pool, raw, &in) == PTN_OK
                && in.len <= 16 + len + len / 8 + 4
                && ptn_rtf_decompress(pool, in, len, &out) == PTN_OK
                && ptn_str_eq(raw, out);
        ptn_pool_reset(pool);
    }

    ok(good, "300 texts, and back");
    ptn_pool_destroy(pool);
}


/* --- what it is ----------------------------------------------------------- */

static const struct {
    const char      *rtf;
    ptn_rtf_kind_e   kind;
} kinds[] = {
    { "", PTN_RTF_NONE },
    { "text", PTN_RTF_NONE },
    { "{\\rt", PTN_RTF_NONE },
    { "{\\rtfx1}", PTN_RTF_NONE },
    { "{\\rtf1\\ansi}", PTN_RTF_REAL },
    { "{\\rtf1\\ansi\\ansicpg1252\\fromhtml1 x}", PTN_RTF_FROM_HTML },
    { "{\\rtf1\\ansi\\fromhtml x}", PTN_RTF_FROM_HTML },
    { "{\\rtf1\\ansi\\fromhtml0 x}", PTN_RTF_REAL },
    { "{\\rtf1\\fromtext x}", PTN_RTF_FROM_TEXT },
    { "{\\rtf1 text\\fromhtml1}", PTN_RTF_REAL },
    { "{\\rtf1\\a\\b\\c\\d\\e\\f\\g\\fromhtml1}", PTN_RTF_FROM_HTML },
    { "{\\rtf1\\a\\b\\c\\d\\e\\f\\g\\h\\fromhtml1}", PTN_RTF_REAL },
};


static void
test_kinds(void)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(kinds); i++) {
        is_u64(ptn_rtf_kind(ptn_str_z(kinds[i].rtf)), kinds[i].kind,
               kinds[i].rtf);
    }
}


/* --- what it holds -------------------------------------------------------- */

#define FROM_HTML  "{\\rtf1\\ansi\\ansicpg1252\\fromhtml1\\deff0{\\fonttbl"   \
    "{\\f0\\fswiss Arial;}{\\f1\\fnil\\fcharset204 Arial;}"                   \
    "{\\f2\\fnil\\fcharset128 MS Mincho;}}\\uc1 "

static const struct {
    const char  *rtf, *html;
} held[] = {
    { "", "" },
    { "{\\*\\htmltag64}text", "text" },
    { "{\\*\\htmltag84 <b>}\\htmlrtf {\\b \\htmlrtf0 bold{\\*\\htmltag92 </b>}"
      "\\htmlrtf }\\htmlrtf0", "<b>bold</b>" },
    { "{\\*\\htmltag <i>}", "<i>" },
    { "{\\*\\htmltag0 1}", "1" },
    { "{\\*\\htmltag\\tab 1}", "\t1" },
    { "{\\*\\htmltag1 \\par }", "\r\n" },
    { "{\\*\\htmltag1 a\\par\nb\\line c}", "a\r\nb\r\nc" },
    { "{\\*\\htmltag1 \\{\\}\\\\\\tab|\\'41}", "{}\\\t|A" },
    { "{\\*\\htmltag1 \\lquote\\rquote\\ldblquote\\rdblquote\\bullet\\endash"
      "\\emdash\\~\\_}", "\xe2\x80\x98\xe2\x80\x99\xe2\x80\x9c\xe2\x80\x9d"
      "\xe2\x80\xa2\xe2\x80\x93\xe2\x80\x94&nbsp;&shy;" },
    { "{\\*\\htmltag1 \\u228?\\u-10179?\\u-8694?}",
      "\xc3\xa4\xf0\x9f\x98\x8a" },
    { "{\\*\\htmltag1 \\b\\fs20 x}", "x" },
    { "{\\*\\mhtmltag1 <a>}x", "x" },
    { "{\\*\\nosuch x}{\\*\\nosuch{y}z}t", "t" },
    { "a < b & c > d", "a &lt; b &amp; c &gt; d" },
    { "{\\*\\htmltag a < b & c}", "a < b & c" },
    { "\\htmlrtf no\\htmlrtf0 yes", "yes" },
    { "\\htmlrtf1 no\\htmlrtf0 yes", "yes" },
    { "\\htmlrtf {no\\htmlrtf0 yes}no\\htmlrtf0 yes", "yesyes" },
    { "{\\htmlrtf no}yes", "yes" },
    { "\\htmlrtf {\\f1\\htmlrtf0 \\'e0}\\htmlrtf0", "\xd0\xb0" },
    { "{\\f1 {\\*\\htmltag \\'e0}\\'e0}", "\xc3\xa0\xd0\xb0" },
    { "\\f2\\'83\\'65\\'83\\'4c", "\xe3\x83\x86\xe3\x82\xad" },
    { "a\\par b\\tab c", "a\r\nb\tc" },
    { "{\\info{\\title no}}{\\stylesheet{no}}{\\pict 0102}x", "x" },
    { "\\htmlrtf{\\field{\\*\\fldinst{HYPERLINK \"x\"}}{\\fldrslt \\htmlrtf0 "
      "y\\htmlrtf }}\\htmlrtf0", "y" },
};


static void
test_held(void)
{
    size_t       i;
    ptn_str_t    rtf, html, text;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);

    for (i = 0; i < ptn_nelts(held); i++) {
        rtf = ptn_str_printf(pool, FROM_HTML "%s}", held[i].rtf);
        ptn_rtf_to_html(pool, rtf, NULL, 0, &html);
        is_str(html, held[i].html, held[i].rtf);
    }

    rtf = ptn_str(FROM_HTML "{\\*\\htmltag64 <p>}one{\\*\\htmltag72 </p>}"
                  "{\\*\\htmltag64 <p>}two}");
    ptn_rtf_to_text(pool, rtf, &text);
    is_str(text, "one\r\n\r\ntwo\r\n", "text of the HTML that it holds");

    rtf = ptn_str("{\\rtf1\\ansi\\fromtext\\deff0 a\\par\r\nb \\{\\'e4\\}"
                  "\\tab\\u8364?\\line\\htmlrtf no\\htmlrtf0\\~.}");
    ptn_rtf_to_text(pool, rtf, &text);
    is_str(text, "a\r\nb {\xc3\xa4}\t\xe2\x82\xac\r\n\xc2\xa0.",
           "text that it holds");

    ptn_pool_destroy(pool);
}


/* --- what it looks like --------------------------------------------------- */

static const struct {
    const char  *rtf;           /* behind {\rtf1\ansi */
    const char  *html;          /* behind the body tag and its line */
    const char  *text;
} shown[] = {
    { "", "", "" },
    { " a", "<div>a</div>\r\n", "a\r\n" },
    { " a\\par\\par b", "<div>a</div>\r\n<div><br></div>\r\n<div>b</div>\r\n",
      "a\r\n\r\nb\r\n" },
    { " a\\line b", "<div>a<br>\r\nb</div>\r\n", "a\r\nb\r\n" },
    { " a\\\nb", "<div>a</div>\r\n<div>b</div>\r\n", "a\r\nb\r\n" },
    { " a\\tab b", "<div>a&nbsp;&nbsp;&nbsp; b</div>\r\n", "a\tb\r\n" },
    { " <&>\"", "<div>&lt;&amp;&gt;&quot;</div>\r\n", "<&>\"\r\n" },
    { "  a  b", "<div>&nbsp;a &nbsp;b</div>\r\n", " a  b\r\n" },
    { " a\\~b\\-c\\_d", "<div>a&nbsp;b&shy;c\xe2\x80\x91""d</div>\r\n",
      "a\xc2\xa0""bc\xe2\x80\x91""d\r\n" },
    { "\\b a\\b0 b{\\i c\\ul d}e", "<div><b>a</b>b<i>c</i><i><u>d</u></i>e"
      "</div>\r\n", "abcde\r\n" },
    { "\\strike a\\plain b\\super c\\nosupersub d\\sub e", "<div><s>a</s>b<sup>"
      "c</sup>d<sub>e</sub></div>\r\n", "abcde\r\n" },
    { "{\\colortbl;\\red255\\green0\\blue1;}\\cf1 a\\cf0 b\\highlight1 c",
      "<div><span style=\"color:#ff0001\">a</span>b"
      "<span style=\"background-color:#ff0001\">c</span></div>\r\n",
      "abc\r\n" },
    { "\\fs21 a\\fs24 b", "<div><span style=\"font-size:10.5pt\">a</span>b"
      "</div>\r\n", "ab\r\n" },
    { "{\\fonttbl{\\f3\\froman{\\*\\panose 01}A\"b'c<;}}\\f3 a", "<div>"
      "<span style=\"font-family:'Abc',serif\">a</span></div>\r\n", "a\r\n" },
    { "\\v hidden\\v0 shown", "<div>shown</div>\r\n", "shown\r\n" },
    { "\\pard\\qc a\\par\\pard\\qj b\\par\\pard\\qr c\\par\\pard\\ql d",
      "<div style=\"text-align:center\">a</div>\r\n"
      "<div style=\"text-align:justify\">b</div>\r\n"
      "<div style=\"text-align:right\">c</div>\r\n<div>d</div>\r\n",
      "a\r\nb\r\nc\r\nd\r\n" },
    { "\\pard\\li720\\ri30\\fi-365\\sb100\\sa20 a", "<div style=\"margin-left:"
      "36.0pt;text-indent:-18.2pt;margin-right:1.5pt;margin-top:5.0pt;"
      "margin-bottom:1.0pt\">a</div>\r\n", "a\r\n" },
    { "\\pard\\rtlpar\\li20{\\rtlch a}{\\ltrch b}", "<div dir=\"rtl\""
      " style=\"margin-right:1.0pt\">ab</div>\r\n", "ab\r\n" },
    { "\\pard a{\\rtlch b}c", "<div>a<span dir=\"rtl\">b</span>c</div>\r\n",
      "abc\r\n" },

    /* code pages */

    { "\\ansicpg1251 \\'e0", "<div>\xd0\xb0</div>\r\n", "\xd0\xb0\r\n" },
    { "\\mac \\'8a", "<div>\xc3\xa4</div>\r\n", "\xc3\xa4\r\n" },
    { "\\pc \\'84", "<div>\xc3\xa4</div>\r\n", "\xc3\xa4\r\n" },
    { "\\pca \\'84", "<div>\xc3\xa4</div>\r\n", "\xc3\xa4\r\n" },
    { "\\ansicpg65001 \\'c3\\'a4\xc3\xb6", "<div>\xc3\xa4\xc3\xb6</div>\r\n",
      "\xc3\xa4\xc3\xb6\r\n" },
    { "\\ansicpg9999 \\'e4", "<div>\xc3\xa4</div>\r\n", "\xc3\xa4\r\n" },
    { " \xe4", "<div>\xc3\xa4</div>\r\n", "\xc3\xa4\r\n" },
    { "{\\fonttbl{\\f7\\fcharset161 A;}{\\f8\\fcharset1 B;}{\\f9\\cpg1250 C;}}"
      "\\f7\\'e1\\f8\\'e1\\f9\\'ec\\plain\\'ec",
      "<div><span style=\"font-family:'A'\">\xce\xb1</span>"
      "<span style=\"font-family:'B'\">\xc3\xa1</span>"
      "<span style=\"font-family:'C'\">\xc4\x9b</span>\xc3\xac</div>\r\n",
      "\xce\xb1\xc3\xa1\xc4\x9b\xc3\xac\r\n" },
    { "{\\fonttbl{\\f1\\fcharset128 M;}}\\f1\\'83e\\'83L\\'83\\\\.\\'",
      "<div><span style=\"font-family:'M'\">\xe3\x83\x86\xe3\x82\xad"
      "\xe3\x82\xbd.</span></div>\r\n",
      "\xe3\x83\x86\xe3\x82\xad\xe3\x82\xbd.\r\n" },
    { "{\\fonttbl{\\f1\\fcharset134 S;}{\\f2\\fcharset129 K;}{\\f3\\fcharset136"
      " B;}}{\\f1\\'d6\\'d0}{\\f2\\'c7\\'d1}{\\f3\\'a4\\'a4}",
      "<div><span style=\"font-family:'S'\">\xe4\xb8\xad</span>"
      "<span style=\"font-family:'K'\">\xed\x95\x9c</span>"
      "<span style=\"font-family:'B'\">\xe4\xb8\xad</span></div>\r\n",
      "\xe4\xb8\xad\xed\x95\x9c\xe4\xb8\xad\r\n" },
    { "{\\fonttbl{\\f1\\fcharset2 Symbol;}{\\f2\\fcharset2 Wingdings;}}"
      "\\f1 ab\\'b7\\f2 J", "<div>\xce\xb1\xce\xb2\xe2\x80\xa2\xe2\x98\xba"
      "</div>\r\n", "\xce\xb1\xce\xb2\xe2\x80\xa2\xe2\x98\xba\r\n" },
    { "\\u228?\\uc2\\u228ab\\uc0\\u228 c", "<div>\xc3\xa4\xc3\xa4\xc3\xa4""c"
      "</div>\r\n", "\xc3\xa4\xc3\xa4\xc3\xa4""c\r\n" },
    { "{\\u228}?\\u228\\'61\\u228\\tab x\\u128522?", "<div>\xc3\xa4?\xc3\xa4"
      "\xc3\xa4x\xf0\x9f\x98\x8a</div>\r\n",
      "\xc3\xa4?\xc3\xa4\xc3\xa4x\xf0\x9f\x98\x8a\r\n" },
    { "\\u-10179?x\\u-8694?\\u-10179?", "<div>\xef\xbf\xbdx\xef\xbf\xbd"
      "\xef\xbf\xbd</div>\r\n",
      "\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd\r\n" },

    /* groups that are not shown */

    { "{\\*\\generator no;}{\\header no}{\\footnote no}{\\*\\bkmkstart no}yes",
      "<div>yes</div>\r\n", "yes\r\n" },
    { "{\\pict\\bin5 {}}{}x}y", "<div>y</div>\r\n", "y\r\n" },
    { "{\\*\\shppict{\\pict 00}}{\\nonshppict{\\pict 00}}y",
      "<div>y</div>\r\n", "y\r\n" },
    { "{\\object{\\*\\objdata 0102}{\\result r}}y", "<div>ry</div>\r\n",
      "ry\r\n" },
    { "{\\upr{ansi}{\\*\\ud{\\u228?}}}y", "<div>\xc3\xa4y</div>\r\n",
      "\xc3\xa4y\r\n" },
    { "{\\shp{\\*\\shpinst{\\sp{\\sn no}}{\\shptxt yes}}{\\shprslt no}}y",
      "<div>yesy</div>\r\n", "yesy\r\n" },
    { "{\\header{\\shp{\\*\\shpinst{\\shptxt no}}}}y", "<div>y</div>\r\n",
      "y\r\n" },
    { " a\\bin3 }}}b", "<div>ab</div>\r\n", "ab\r\n" },
    { " a\\bin999 b", "<div>a</div>\r\n", "a\r\n" },
    { " a}b", "<div>a</div>\r\n", "a\r\n" },
    { "{{{a", "<div>a</div>\r\n", "a\r\n" },
    { "\\", "", "" },
    { " a\\'zz\\'4", "<div>azz4</div>\r\n", "azz4\r\n" },
    { "\\fs99999999999\\li-99999999999 a\\u99999999999?b",
      "<div style=\"margin-left:-1584.0pt\"><span style=\"font-size:1638pt\">a"
      "\xef\xbf\xbd""b</span></div>\r\n", "a\xef\xbf\xbd""b\r\n" },

    /* fields */

    { "{\\field{\\*\\fldinst{HYPERLINK \"http://x.test/?a&b\"}}{\\fldrslt{\\ul "
      "here}}}.", "<div><a href=\"http://x.test/?a&amp;b\"><u>here</u></a>."
      "</div>\r\n", "here <http://x.test/?a&b>.\r\n" },
    { "{\\field{\\*\\fldinst HYPERLINK mailto:a@x.test \\\\o \"tip\"}"
      "{\\fldrslt a@x.test}}",
      "<div><a href=\"mailto:a@x.test\">a@x.test</a></div>\r\n",
      "a@x.test\r\n" },
    { "{\\field{\\*\\fldinst HYPERLINK \\\\l \"here\"}{\\fldrslt x}}",
      "<div><a href=\"#here\">x</a></div>\r\n", "x\r\n" },
    { "{\\field{\\*\\fldinst HYPERLINK \"javascript:x\"}{\\fldrslt x}}",
      "<div>x</div>\r\n", "x\r\n" },
    { "{\\field{\\*\\fldinst HYPERLINK \"http://x\"}{\\fldrslt a\\par b}}c",
      "<div><a href=\"http://x\">a</a></div>\r\n<div><a href=\"http://x\">b</a>"
      "c</div>\r\n", "a\r\nb <http://x>c\r\n" },
    { "{\\field{\\*\\fldinst PAGE}{\\fldrslt 3}}", "<div>3</div>\r\n",
      "3\r\n" },
    { "{\\field{\\*\\fldinst SYMBOL 74 \\\\f \"Wingdings\"}{\\fldrslt }}",
      "<div>\xe2\x98\xba</div>\r\n", "\xe2\x98\xba\r\n" },
    { "{\\field{\\*\\fldinst INCLUDEPICTURE \"cid:1\"}{\\fldrslt }}",
      "<div><img src=\"cid:1\"></div>\r\n", "" },
    { "{\\field{\\*\\fldinst IF {\\field{\\*\\fldinst X}{\\fldrslt no}}}"
      "{\\fldrslt y}}", "<div>y</div>\r\n", "y\r\n" },

    /* lists */

    { "\\pard\\li360{\\pntext\\'b7\\tab}a\\par{\\pntext\\'b7\\tab}b\\par\\pard "
      "c", "<ul><li>a</li>\r\n<li>b</li></ul>\r\n<div>c</div>\r\n",
      "* a\r\n* b\r\nc\r\n" },
    { "\\pard\\li360{\\listtext 3.\\tab}a\\par\\pard\\li720{\\listtext a)\\tab}"
      "b\\par\\pard\\li360{\\listtext 4.\\tab}c", "<ol start=\"3\"><li>a"
      "<ol type=\"a\"><li>b</li></ol>\r\n</li>\r\n<li>c</li></ol>\r\n",
      "3. a\r\na) b\r\n4. c\r\n" },
    { "\\pard\\li360{\\listtext iv.\\tab}a\\par{\\listtext o\\tab}b",
      "<ol type=\"i\" start=\"4\"><li>a</li></ol>\r\n<ul><li>b</li></ul>\r\n",
      "iv. a\r\n* b\r\n" },
    { "\\pard\\li360{\\pntext B.\\tab}a\\par\\pard\\li360 more\\par\\pard x",
      "<ol type=\"A\" start=\"2\"><li>a<div>more</div>\r\n</li></ol>\r\n"
      "<div>x</div>\r\n", "B. a\r\nmore\r\nx\r\n" },

    /* tables */

    { "\\trowd\\cellx1\\cellx2\\pard\\intbl a\\cell b\\cell\\row\\pard c",
      "<table>\r\n<tr><td>a</td><td>b</td></tr>\r\n</table>\r\n<div>c</div>"
      "\r\n", "a\tb\r\nc\r\n" },
    { "\\trowd\\rtlrow\\cellx1\\cellx2\\clmrg\\cellx3\\pard\\intbl\\cell b"
      "\\cell\\cell\\row", "<table dir=\"rtl\">\r\n<tr><td></td>"
      "<td colspan=\"2\">b</td></tr>\r\n</table>\r\n", "\tb\t\r\n" },
    { "\\trowd\\cellx1\\pard\\intbl a\\par b\\cell\\row", "<table>\r\n<tr><td>a"
      "<div>b</div>\r\n</td></tr>\r\n</table>\r\n", "a\r\nb\r\n" },
    { "\\pard\\intbl a{\\itap2 b\\nestcell{\\*\\nesttableprops\\trowd\\cellx1"
      "\\nestrow}{\\nonesttables\\par}}\\itap1 c\\cell\\row",
      "<table>\r\n<tr><td>a<table>\r\n<tr><td>b</td></tr>\r\n</table>\r\n"
      "<div>c</div>\r\n</td></tr>\r\n</table>\r\n", "ab\r\nc\r\n" },
    { "\\row\\cell\\nestrow\\nestcell", "<table>\r\n<tr><td></td><td>"
      "<table>\r\n<tr><td></td></tr>\r\n</table>\r\n</td></tr>\r\n</table>"
      "\r\n", "\r\n" },
};


static void
test_shown(void)
{
    size_t       i;
    ptn_str_t    rtf, html, text, body;
    ptn_pool_t  *pool;
    const char  *p;

    pool = ptn_pool_create(0, NULL);

    for (i = 0; i < ptn_nelts(shown); i++) {
        rtf = ptn_str_printf(pool, "{\\rtf1\\ansi%s}", shown[i].rtf);

        if (shown[i].rtf[0] == '\\' && shown[i].rtf[1] == '\0') {
            rtf.len--;              /* it ends with the backslash */
        }

        ptn_rtf_to_html(pool, rtf, NULL, 0, &html);
        p = memmem(html.data, html.len, "12pt\">\r\n", 8);
        body = p ? ptn_str_make(p + 8, (size_t) ((char *) html.data + html.len
                                                 - p - 8)) : html;
        body.len -= ptn_min(body.len, sizeof("</body>\r\n</html>\r\n") - 1);
        is_str(body, shown[i].html, shown[i].rtf);

        ptn_rtf_to_text(pool, rtf, &text);
        is_str(text, shown[i].text, shown[i].rtf);
    }

    ptn_rtf_to_html(pool, ptn_str("{\\rtf1\\deff1{\\fonttbl{\\f1\\fmodern "
                                  "Courier New;}}x}"), NULL, 0, &html);
    is_str(html, "<html>\r\n<head>\r\n<meta http-equiv=\"Content-Type\" "
           "content=\"text/html; charset=utf-8\">\r\n</head>\r\n<body style=\""
           "font-family:'Courier New',monospace;font-size:12pt\">\r\n"
           "<div>x</div>\r\n</body>\r\n</html>\r\n", "a document");

    ptn_rtf_to_text(pool, ptn_str("no RTF"), &text);
    is_str(text, "", "no RTF has no text");

    ptn_pool_destroy(pool);
}


/* MS-OXRTFEX 2.2.3.4 */

static void
test_attachments(void)
{
    size_t                   i;
    ptn_str_t                html;
    const char              *p;
    ptn_pool_t              *pool;
    const ptn_rtf_attach_t   two[] = {
        { ptn_string("cid:1&2"), ptn_string("") },
        { ptn_string(""), ptn_string("a<b.doc") },
    };
    static const struct {
        const char  *rtf;
        size_t       n;
        const char  *html;
    } rows[] = {
        { "{\\rtf1 a\\objattph\\'20b\\objattph  c}", 2,
          "<div>a<img src=\"cid:1&amp;2\">b[a&lt;b.doc]c</div>\r\n" },
        { "{\\rtf1 a\\objattph\\'20b}", 2,
          "<div>ab</div>\r\n<div><img src=\"cid:1&amp;2\">[a&lt;b.doc]</div>"
          "\r\n" },
        { "{\\rtf1 a\\objattph\\'20b\\objattph\\'20c}", 1,
          "<div>abc</div>\r\n<div><img src=\"cid:1&amp;2\"></div>\r\n" },
        { "{\\rtf1 a\\objattph\\'20b}", 0, "<div>ab</div>\r\n" },
    };

    pool = ptn_pool_create(0, NULL);

    for (i = 0; i < ptn_nelts(rows); i++) {
        ptn_rtf_to_html(pool, ptn_str_z(rows[i].rtf), two, rows[i].n, &html);
        p = memmem(html.data, html.len, "12pt\">\r\n", 8);
        html = p ? ptn_str_make(p + 8, (size_t) ((char *) html.data + html.len
                                                 - p - 8 - 18)) : html;
        is_str(html, rows[i].html, rows[i].rtf);
    }

    ptn_pool_destroy(pool);
}


/* --- made ----------------------------------------------------------------- */

static const char *const  sources[] = {
    "", "x", "a < b & c > d", "a\r\nb", "<p>one</p>\r\n<p>two</p>",
    "<b>a<i>b</b>c</i>", "  a   b\t c  ", "<pre>a\r\n  b\tc</pre>",
    "{\\rtf1 \\par}", "<a href=\"x{}\\y\">{z}\\</a>",
    "&nbsp;&lt;&#228;&#x1f60a;&nosuch;&;&#;&#0;&#xd800;&",
    "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x8a<b \xc3\xa4>", "<", "<>", "</",
    "</>", "<b", "<b a=\"", "<b a='>'>c", "<!--x", "<!",
    "<!-- a > b -->c", "<?xml?>", "<!DOCTYPE html><html><head><title>a < b"
    "</title><style>p{}\r\n</style><script>if (a<b) { }</script></head>\r\n"
    "<body>x</body></html>\r\n", "<style>", "<script>x</scr",
    "<ul><li>a<ol><li>b</ol></ul>", "<table><tr><td>a<td>b<tr><th>c</table>",
    "<a>b<a href=x>c<a href=\"y\">d</a></a>", "a\x01\x7f""b",
    "1 2", "<br>1", "<hr>",
    "<h1>a</h1>b", "<A HREF='http://x/?a=1&amp;b=2'>t</A>",
};


static void
test_made(void)
{
    size_t       i;
    ptn_str_t    rtf, html, text, in;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);

    for (i = 0; i < ptn_nelts(sources); i++) {
        in = ptn_str_z(sources[i]);
        is_rc(ptn_rtf_from_html(pool, in, &rtf), PTN_OK, sources[i]);
        is_u64(ptn_rtf_kind(rtf), PTN_RTF_FROM_HTML, "it says so");
        ptn_rtf_to_html(pool, rtf, NULL, 0, &html);
        is_mem(html, in, sources[i]);

        is_rc(ptn_rtf_from_text(pool, in, &rtf), PTN_OK, sources[i]);
        is_u64(ptn_rtf_kind(rtf), PTN_RTF_FROM_TEXT, "it says so");
        ptn_rtf_to_text(pool, rtf, &text);
        is_mem(text, in, sources[i]);
    }

    ptn_rtf_from_html(pool, ptn_str("<p>a\nb\rc</p>"), &rtf);
    ptn_rtf_to_html(pool, rtf, NULL, 0, &html);
    is_str(html, "<p>a\r\nb\r\nc</p>", "line ends");
    ptn_rtf_from_text(pool, ptn_str_make("a\nb\0c\xff", 6), &rtf);
    ptn_rtf_to_text(pool, rtf, &text);
    is_str(text, "a\r\nbc\xef\xbf\xbd", "line ends, NUL, what is no UTF-8");

    ptn_pool_destroy(pool);
}


/* Who knows nothing of what the RTF holds sees it all the same. */

static const struct {
    const char  *html, *text;
} seen[] = {
    { "<html><head><title>no</title></head><body><p>one</p>\r\n<p>two <b>2</b>"
      "</p></body></html>", "one\r\ntwo 2\r\n" },
    { "<div>a &amp; b&nbsp;\xc3\xa4<br>c {}\\</div>",
      "a & b\xc2\xa0\xc3\xa4\r\nc {}\\\r\n" },
    { "<ol><li>a</li><li>b</li></ol><ul><li>c</ul>",
      "1. a\r\n2. b\r\n* c\r\n" },
    { "<table><tr><td>a</td><td>b</td></tr></table>", "a\tb\r\n" },
    { "<a href=\"http://x.test/\">here</a>!", "here <http://x.test/>!\r\n" },
    { "<pre>a\r\n  b</pre>", "a\r\n  b\r\n" },
    { "a \r\n  b", "a b\r\n" },
};


static void
test_seen(void)
{
    size_t       i;
    u_char      *p;
    ptn_str_t    rtf, text;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);

    for (i = 0; i < ptn_nelts(seen); i++) {
        ptn_rtf_from_html(pool, ptn_str_z(seen[i].html), &rtf);
        p = memmem(rtf.data, rtf.len, "\\fromhtml", 9);
        memcpy(p, "\\fromNONE", 9);
        ptn_rtf_to_text(pool, rtf, &text);
        is_str(text, seen[i].text, seen[i].html);
    }

    ptn_pool_destroy(pool);
}


/* --- hostile -------------------------------------------------------------- */

static double
cpu(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


static double
timed(const char *head, const char *unit, size_t size, bool html)
{
    double       t;
    ptn_rc_t     rc;
    ptn_buf_t    b;
    ptn_str_t    out;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);
    ptn_buf_init(&b, pool);
    ptn_buf_z(&b, head);

    while (b.len < size) {
        ptn_buf_z(&b, unit);
    }

    t = cpu();

    if (html) {
        rc = ptn_rtf_from_html(pool, ptn_buf_get(&b), &out);

    } else {
        rc = ptn_rtf_to_html(pool, ptn_buf_get(&b), NULL, 0, &out);
        rc = rc ? rc : ptn_rtf_to_text(pool, ptn_buf_get(&b), &out);
    }

    t = cpu() - t - (rc != PTN_OK ? 1000 : 0);
    ptn_pool_destroy(pool);

    return t;
}


static void
test_hostile(void)
{
    double  small, large;
    size_t  i;
    static const struct {
        const char  *what, *head, *unit;
        bool         html;
    } bad[] = {
        { "groups", "{\\rtf1", "{", false },
        { "groups and text", "{\\rtf1", "{a", false },
        { "fonts", "{\\rtf1{\\fonttbl", "{\\f1 a;}", false },
        { "fonts used", "{\\rtf1{\\fonttbl{\\f9\\fcharset128 a;}}",
          "\\f9\\'83\\'65\\f1", false },
        { "colours", "{\\rtf1{\\colortbl", ";", false },
        { "runs", "{\\rtf1", "\\b a\\b0 a", false },
        { "fields", "{\\rtf1", "{\\field{\\*\\fldinst HYPERLINK \"http://x\"}"
          "{\\fldrslt x", false },
        { "instructions", "{\\rtf1{\\field{\\*\\fldinst HYPERLINK \"", "a",
          false },
        { "tables", "{\\rtf1", "\\itap8 a\\itap0 b", false },
        { "cells", "{\\rtf1\\intbl", "\\cell", false },
        { "definitions of cells", "{\\rtf1\\intbl", "\\clmrg\\cellx1\\cell",
          false },
        { "lists", "{\\rtf1", "{\\pntext 1.}a\\par", false },
        { "backslashes", "{\\rtf1", "\\'", false },
        { "numbers", "{\\rtf1\\b1", "1", false },
        { "words", "{\\rtf1\\b", "b", false },
        { "tags", "{\\rtf1\\fromhtml1", "{\\*\\htmltag <", false },
        { "open tags", "", "<b>", true },
        { "tags that do not end", "", "<a", true },
        { "quotes that do not end", "", "<a =\"><a ='>", true },
        { "comments that do not end", "", "<!--", true },
        { "styles that do not end", "<style>", "</st", true },
        { "attributes", "<a", " hre", true },
        { "references", "", "&#", true },
        { "items", "", "<ol><li>", true },
    };

    for (i = 0; i < ptn_nelts(bad); i++) {
        small = timed(bad[i].head, bad[i].unit, 50 * 1000, bad[i].html);
        large = timed(bad[i].head, bad[i].unit, 500 * 1000, bad[i].html);
        ok(large < 0.05 || large < 30 * small, "%s: %.1f ms, %.1f ms",
           bad[i].what, small * 1000, large * 1000);
        ok(large >= 0 && large < 2, "it ends");
    }
}


static void
test_limits(void)
{
    unsigned     i;
    ptn_buf_t    b;
    ptn_str_t    text, html;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);
    ptn_buf_init(&b, pool);
    ptn_buf_z(&b, "{\\rtf1 a");

    for (i = 0; i < PTN_RTF_DEPTH_MAX * 3; i++) {
        ptn_buf_z(&b, "{x");
    }

    for (i = 0; i < PTN_RTF_DEPTH_MAX * 3; i++) {
        ptn_buf_z(&b, "}");
    }

    ptn_buf_z(&b, "b}c");
    ptn_rtf_to_text(pool, ptn_buf_get(&b), &text);
    is_u64(text.len, PTN_RTF_DEPTH_MAX - 2 + 2 + 2, "what is deeper is opaque");
    ok(text.data[text.len - 3] == 'b', "what follows is read");

    b.len = 0;
    ptn_buf_z(&b, "{\\rtf1{\\fonttbl");

    for (i = 0; i < PTN_RTF_FONTS_MAX * 2; i++) {
        ptn_buf_printf(&b, "{\\f%u\\fcharset204 x;}", i);
    }

    ptn_buf_printf(&b, "{\\f40000 x;}{\\f-1 x;}}\\f5\\'e0\\f%u\\'e0\\f40000 y"
                   "\\f-1 z}", PTN_RTF_FONTS_MAX + 1);
    ptn_rtf_to_text(pool, ptn_buf_get(&b), &text);
    is_str(text, "\xd0\xb0\xc3\xa0yz\r\n", "more fonts than there may be");

    b.len = 0;
    ptn_buf_z(&b, "{\\rtf1\\pard\\li1\\ri1\\fi1\\sb1\\sa1\\qc");

    while (b.len < 2000 * 1000) {
        ptn_buf_z(&b, "\\par");
    }

    is_rc(ptn_rtf_to_html(pool, ptn_buf_get(&b), NULL, 0, &html), PTN_ETOOBIG,
          "more than may come of it");
    is_rc(ptn_rtf_to_text(pool, ptn_buf_get(&b), &text), PTN_OK, "its text");
    ptn_pool_reset(pool);
    ptn_buf_init(&b, pool);

    while (b.len < 4000 * 1000) {
        ptn_buf_z(&b, "<&");
    }

    is_rc(ptn_rtf_from_html(pool, ptn_buf_get(&b), &text), PTN_ETOOBIG,
          "RTF of it");
    ptn_pool_reset(pool);
    ptn_buf_init(&b, pool);
    ptn_buf_z(&b, "{\\rtf1\\trowd");

    for (i = 0; i < PTN_RTF_CELLS_MAX * 2; i++) {
        ptn_buf_z(&b, "\\clmrg\\cellx1");
    }

    ptn_buf_z(&b, "\\intbl\\itap9 x\\cell}");
    is_rc(ptn_rtf_to_html(pool, ptn_buf_get(&b), NULL, 0, &html), PTN_OK,
          "more cells, more tables than there may be");

    ptn_pool_destroy(pool);
}


/* --- no memory ------------------------------------------------------------ */

typedef struct {
    unsigned  left;
} few_t;


static void *
few_alloc(void *ctx, size_t size)
{
    few_t  *few = ctx;

    return few->left-- == 0 ? (few->left = 0, NULL) : malloc(size);
}


static void
few_free(void *ctx, void *p)
{
    (void) ctx;
    free(p);
}


static void
test_memory(void)
{
    unsigned     n, refused;
    ptn_rc_t     rc[5];
    ptn_str_t    big, rtf, packed_rtf, out;
    ptn_buf_t    b;
    ptn_pool_t  *pool, *keep;
    few_t        few;
    ptn_mem_t    mem = { few_alloc, few_free, &few };

    keep = ptn_pool_create(0, NULL);
    ptn_buf_init(&b, keep);

    while (b.len < 60000) {
        ptn_buf_printf(&b, "<p>%zu \xc3\xa4 <b>x</b>", b.len);
    }

    big = ptn_buf_get(&b);
    ptn_rtf_from_html(keep, big, &rtf);
    ptn_rtf_compress(keep, rtf, &packed_rtf);

    for (n = 1, refused = 0; n < 12; n++) {
        few.left = n;
        pool = ptn_pool_create(0, &mem);

        if (pool == NULL) {
            continue;
        }

        rc[0] = ptn_rtf_decompress(pool, packed_rtf, SIZE_MAX, &out);
        rc[1] = ptn_rtf_compress(pool, rtf, &out);
        rc[2] = ptn_rtf_to_html(pool, rtf, NULL, 0, &out);
        rc[3] = ptn_rtf_to_text(pool, rtf, &out);
        rc[4] = ptn_rtf_from_html(pool, big, &out);
        refused += rc[0] == PTN_ENOMEM || rc[1] == PTN_ENOMEM
                   || rc[2] == PTN_ENOMEM || rc[3] == PTN_ENOMEM
                   || rc[4] == PTN_ENOMEM;
        ptn_pool_destroy(pool);
    }

    ok(refused > 3, "refused %u times, and nothing worse", refused);
    ptn_pool_destroy(keep);
}


int
main(void)
{
    test_packed();
    test_packed_random();
    test_kinds();
    test_held();
    test_shown();
    test_attachments();
    test_made();
    test_seen();
    test_limits();
    test_memory();
    test_hostile();

    return done_testing();
}
