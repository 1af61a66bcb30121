/*
 * A body in the forms that it was not given in; what a client gave; the
 * charset of HTML; text that flows.
 */

#include "ptn_charset.h"
#include "ptn_html.h"
#include "ptn_oxcmail.h"
#include "ptn_rtf.h"
#include "ptn_test.h"


#define PTN_PR_BODY_HTML  ((PTN_PR_HTML & 0xffff0000) + PTN_PT_UNICODE)


static ptn_str_t
packed(ptn_pool_t *pool, const char *rtf)
{
    ptn_str_t  s = ptn_null_string;

    ptn_rtf_compress(pool, ptn_str_z(rtf), &s);

    return s;
}


static void
set(ptn_pool_t *pool, ptn_object_t *o, const char *text, const char *html,
    const char *rtf)
{
    memset(o, 0, sizeof(*o));

    if (text != NULL) {
        ptn_props_set(&o->props, pool, PTN_PR_BODY, ptn_str_z(text));
    }

    if (html != NULL) {
        ptn_props_set(&o->props, pool, PTN_PR_HTML, ptn_str_z(html));
    }

    if (rtf != NULL) {
        ptn_props_set(&o->props, pool, PTN_PR_RTF_COMPRESSED,
                      packed(pool, rtf));
    }
}


static ptn_str_t
form(ptn_pool_t *pool, const ptn_object_t *o, uint32_t tag)
{
    ptn_str_t  s;

    s = ptn_str("(nothing)");
    is_rc(ptn_body_form(pool, o, tag, &s), PTN_OK, ptn_prop_name(tag));

    return s;
}


static int64_t
number(ptn_pool_t *pool, const ptn_object_t *o, uint32_t tag)
{
    int64_t  n;

    return ptn_prop_int(tag, form(pool, o, tag), &n) ? n : -1;
}


static ptn_str_t
unpacked(ptn_pool_t *pool, const ptn_object_t *o)
{
    ptn_str_t  s;

    s = ptn_str("(nothing)");
    ptn_rtf_decompress(pool, form(pool, o, PTN_PR_RTF_COMPRESSED), 1 << 20,
                       &s);

    return s;
}


#define REAL       "{\\rtf1\\ansi{\\b bold} \\'e4}"
#define FROM_HTML  "{\\rtf1\\ansi\\fromhtml1{\\*\\htmltag84 <b>}bold}"
#define FROM_TEXT  "{\\rtf1\\ansi\\fromtext bold\\par\r\n}"

static const struct {
    const char  *text, *html, *rtf;         /* what there is */
    int64_t      native;
    const char  *as_text, *in_html;
    ptn_rtf_kind_e  kind;
} rows[] = {
    { "one\r\ntwo", NULL, NULL, PTN_BODY_TEXT,
      "one\r\ntwo", "one<br>\r\ntwo", PTN_RTF_FROM_TEXT },
    { NULL, "<p>\xc3\xa4</p><b>b</b>", NULL, PTN_BODY_HTML,
      "\xc3\xa4\r\n\r\nb\r\n", "<p>\xc3\xa4</p><b>b</b>",
      PTN_RTF_FROM_HTML },
    { NULL, NULL, REAL, PTN_BODY_RTF,
      "bold \xc3\xa4\r\n", "<b>bold</b> \xc3\xa4", PTN_RTF_REAL },
    { NULL, NULL, FROM_HTML, PTN_BODY_HTML,
      "bold\r\n", "<b>bold", PTN_RTF_FROM_HTML },
    { NULL, NULL, FROM_TEXT, PTN_BODY_TEXT,
      "bold\r\n", "bold<br>", PTN_RTF_FROM_TEXT },
    { "text", "<i>html</i>", NULL, PTN_BODY_HTML,
      "text", "<i>html</i>", PTN_RTF_FROM_HTML },
    { "", NULL, NULL, PTN_BODY_TEXT, "", "<body>", PTN_RTF_FROM_TEXT },
};


static void
test_forms(void)
{
    size_t        i;
    ptn_str_t     html, rtf;
    ptn_pool_t   *pool;
    ptn_object_t  o;

    pool = ptn_pool_create(0, NULL);

    for (i = 0; i < ptn_nelts(rows); i++) {
        set(pool, &o, rows[i].text, rows[i].html, rows[i].rtf);

        is_str(form(pool, &o, PTN_PR_BODY), rows[i].as_text, "text");
        html = form(pool, &o, PTN_PR_HTML);
        ok(memmem(html.data, html.len, rows[i].in_html,
                  strlen(rows[i].in_html)) != NULL, "HTML: %.*s",
           ptn_str_arg(html));
        is_mem(form(pool, &o, PTN_PR_BODY_HTML), html, "as a string");
        is_u64(number(pool, &o, PTN_PR_NATIVE_BODY), rows[i].native,
               "its own form");
        is_u64(number(pool, &o, PTN_PR_RTF_IN_SYNC), 1, "in sync");
        is_u64(number(pool, &o, PTN_PR_INTERNET_CPID), 65001, "UTF-8");

        rtf = unpacked(pool, &o);
        is_u64(ptn_rtf_kind(rtf), rows[i].kind, "RTF");

        if (rows[i].html != NULL) {
            ptn_rtf_to_html(pool, rtf, NULL, 0, &html);
            is_str(html, rows[i].html, "which holds it");
        }
    }

    /* nothing, and nothing that can be read */

    set(pool, &o, NULL, NULL, NULL);
    ok(form(pool, &o, PTN_PR_BODY).data == NULL
       && form(pool, &o, PTN_PR_HTML).data == NULL
       && form(pool, &o, PTN_PR_RTF_COMPRESSED).data == NULL
       && form(pool, &o, PTN_PR_NATIVE_BODY).data == NULL
       && form(pool, &o, PTN_PR_RTF_IN_SYNC).data == NULL, "no body");

    ptn_props_set(&o.props, pool, PTN_PR_RTF_COMPRESSED, ptn_str("broken"));
    ok(form(pool, &o, PTN_PR_BODY).data == NULL
       && form(pool, &o, PTN_PR_HTML).data == NULL, "broken RTF");
    is_str(form(pool, &o, PTN_PR_RTF_COMPRESSED), "broken", "itself is there");

    ptn_pool_destroy(pool);
}


/* HTML in a code page: what is made, and what it is made of. */

static void
test_codepages(void)
{
    ptn_str_t     s;
    ptn_pool_t   *pool;
    ptn_object_t  o;

    pool = ptn_pool_create(0, NULL);

    set(pool, &o, NULL, "<b>\xe4</b>", NULL);
    ptn_props_set_int(&o.props, pool, PTN_PR_INTERNET_CPID, 1252);
    is_str(form(pool, &o, PTN_PR_BODY), "\xc3\xa4\r\n", "text");
    is_str(form(pool, &o, PTN_PR_BODY_HTML), "<b>\xc3\xa4</b>", "a string");
    ptn_rtf_to_html(pool, unpacked(pool, &o), NULL, 0, &s);
    is_str(s, "<b>\xc3\xa4</b>", "RTF");
    is_u64(number(pool, &o, PTN_PR_INTERNET_CPID), 1252, "as it was");

    set(pool, &o, NULL, NULL, FROM_HTML);
    ptn_props_set_int(&o.props, pool, PTN_PR_INTERNET_CPID, 1252);
    ptn_props_set(&o.props, pool, PTN_PR_RTF_COMPRESSED,
                  packed(pool, "{\\rtf1\\fromhtml1\\'e4\\u8364?\\u-10179?"
                         "\\u-8694?}"));
    is_str(form(pool, &o, PTN_PR_HTML), "&#228;&#8364;&#128522;",
           "in any code page");
    is_str(form(pool, &o, PTN_PR_BODY_HTML), "\xc3\xa4\xe2\x82\xac\xf0\x9f"
           "\x98\x8a", "a string is UTF-8");

    ptn_pool_destroy(pool);
}


/* The form that counts, when there are several. */

static void
test_sources(void)
{
    ptn_str_t     s;
    ptn_pool_t   *pool;
    ptn_object_t  o;

    pool = ptn_pool_create(0, NULL);
    set(pool, &o, "text", "<i>html</i>", NULL);
    ptn_props_set_int(&o.props, pool, PTN_PR_NATIVE_BODY, PTN_BODY_TEXT);
    ptn_rtf_to_text(pool, unpacked(pool, &o), &s);
    is_str(s, "text", "RTF of the text");

    set(pool, &o, NULL, "<i>html</i>", REAL);
    is_str(form(pool, &o, PTN_PR_BODY), "html\r\n", "HTML before RTF");
    ptn_props_set_int(&o.props, pool, PTN_PR_NATIVE_BODY, PTN_BODY_RTF);
    is_str(form(pool, &o, PTN_PR_BODY), "bold \xc3\xa4\r\n", "but for");

    ptn_pool_destroy(pool);
}


static void
test_given(void)
{
    size_t        i;
    int64_t       n;
    ptn_pool_t   *pool;
    ptn_props_t   props;
    ptn_object_t  o;
    static const struct {
        const char  *text, *html, *rtf;
        int          sync;          /* -1: not said */
        int64_t      native;
    } given[] = {
        { "t", NULL, NULL, -1, PTN_BODY_TEXT },
        { NULL, "h", NULL, -1, PTN_BODY_HTML },
        { NULL, NULL, REAL, -1, PTN_BODY_RTF },
        { NULL, NULL, FROM_HTML, -1, PTN_BODY_HTML },
        { NULL, NULL, FROM_TEXT, 1, PTN_BODY_TEXT },
        { "t", NULL, REAL, -1, PTN_BODY_RTF },
        { "t", NULL, REAL, 1, PTN_BODY_RTF },
        { "t", NULL, REAL, 0, PTN_BODY_TEXT },
        { "t", "h", NULL, -1, PTN_BODY_HTML },
        { "t", "h", REAL, 0, PTN_BODY_HTML },
        { "t", "h", REAL, 1, PTN_BODY_RTF },
        { NULL, "h", REAL, -1, PTN_BODY_HTML },
    };

    pool = ptn_pool_create(0, NULL);

    for (i = 0; i < ptn_nelts(given); i++) {
        set(pool, &o, given[i].text, given[i].html, given[i].rtf);

        if (given[i].sync >= 0) {
            ptn_props_set(&o.props, pool, PTN_PR_RTF_IN_SYNC,
                          given[i].sync ? ptn_str("\1")
                                        : ptn_str_make("\0", 1));
        }

        memset(&props, 0, sizeof(props));
        ptn_props_set(&props, pool, PTN_PR_BODY, ptn_str("old"));
        ptn_props_set(&props, pool, PTN_PR_HTML, ptn_str("old"));
        ptn_props_set(&props, pool, PTN_PR_RTF_COMPRESSED, ptn_str("old"));

        if (o.props.n != 0) {
            size_t  k;

            for (k = 0; k < o.props.n; k++) {
                ptn_props_set(&props, pool, o.props.p[k].tag,
                              o.props.p[k].value);
            }
        }

        is_rc(ptn_body_given(&props, pool, &o.props), PTN_OK, "given");
        ok(ptn_props_int(&props, PTN_PR_NATIVE_BODY, &n)
           && n == given[i].native, "row %zu: %d", i, (int) n);
        ok((ptn_props_get(&props, PTN_PR_BODY).data != NULL)
           == (given[i].text != NULL)
           && (ptn_props_get(&props, PTN_PR_HTML).data != NULL)
              == (given[i].html != NULL)
           && (ptn_props_get(&props, PTN_PR_RTF_COMPRESSED).data != NULL)
              == (given[i].rtf != NULL), "the others are gone");
        ok(ptn_props_get(&props, PTN_PR_RTF_IN_SYNC).data == NULL,
           "what was said is not kept");
    }

    memset(&o, 0, sizeof(o));
    memset(&props, 0, sizeof(props));
    ptn_props_set(&props, pool, PTN_PR_BODY, ptn_str("old"));
    ptn_body_given(&props, pool, &o.props);
    is_str(ptn_props_get(&props, PTN_PR_BODY), "old", "nothing was given");

    ptn_pool_destroy(pool);
}


/* Pictures and files where the RTF has them. */

static void
test_places(void)
{
    ptn_str_t     s;
    ptn_pool_t   *pool;
    ptn_object_t  o;
    ptn_attach_t  a[4];

    pool = ptn_pool_create(0, NULL);
    set(pool, &o, NULL, NULL, "{\\rtf1 1\\objattph\\'20""2\\objattph\\'20""3}");
    memset(a, 0, sizeof(a));
    o.attachs = a;
    o.nattachs = 4;

    ptn_props_set_int(&a[0].props, pool, PTN_PR_RENDERING_POSITION, 20);
    ptn_props_set(&a[0].props, pool, PTN_PR_ATTACH_LONG_FILENAME,
                  ptn_str("a.doc"));
    ptn_props_set_int(&a[1].props, pool, PTN_PR_RENDERING_POSITION, 10);
    ptn_props_set(&a[1].props, pool, PTN_PR_ATTACH_CONTENT_ID, ptn_str("i1"));
    ptn_props_set(&a[1].props, pool, PTN_PR_ATTACH_MIME_TAG,
                  ptn_str("image/png"));
    ptn_props_set_int(&a[2].props, pool, PTN_PR_RENDERING_POSITION, -1);
    ptn_props_set_int(&a[3].props, pool, PTN_PR_RENDERING_POSITION, 1);
    ptn_props_set(&a[3].props, pool, PTN_PR_ATTACHMENT_HIDDEN, ptn_str("\1"));

    s = form(pool, &o, PTN_PR_HTML);
    ok(memmem(s.data, s.len, "1<img src=\"cid:i1\">2[a.doc]3", 28) != NULL,
       "in the order of their positions: %.*s", ptn_str_arg(s));

    ptn_pool_destroy(pool);
}


/* RTF alone goes out as what it is. */

static void
test_export(void)
{
    size_t                      i;
    ptn_str_t                   raw;
    ptn_pool_t                 *pool;
    ptn_object_t                o;
    const ptn_oxcmail_export_t  opts = {
        ptn_string("host.test"), ptn_string("0123456789abcdef"), 1, true
    };
    static const struct {
        const char  *rtf, *text, *html;
    } out[] = {
        { REAL, "text/plain; charset=\"utf-8\"", "<b>bold</b> =C3=A4" },
        { FROM_HTML, "text/plain; charset=\"us-ascii\"", "<b>bold" },
        { FROM_TEXT, "text/plain; charset=\"us-ascii\"", NULL },
    };

    pool = ptn_pool_create(0, NULL);

    for (i = 0; i < ptn_nelts(out); i++) {
        set(pool, &o, NULL, NULL, out[i].rtf);
        is_rc(ptn_oxcmail_export(pool, &o, &opts, &raw), PTN_OK, "out");
        ok(memmem(raw.data, raw.len, "bold", 4) != NULL
           && memmem(raw.data, raw.len, out[i].text, strlen(out[i].text))
              != NULL, "text: %.*s", ptn_str_arg(raw));
        ok((memmem(raw.data, raw.len, "text/html", 9) != NULL)
           == (out[i].html != NULL)
           && (out[i].html == NULL
               || memmem(raw.data, raw.len, out[i].html,
                         strlen(out[i].html)) != NULL), "HTML");
    }

    ptn_pool_destroy(pool);
}


/* --- the charset of HTML -------------------------------------------------- */

static const struct {
    const char  *html, *charset;
} charsets[] = {
    { "", "" },
    { "<p>", "" },
    { "\xef\xbb\xbf<meta charset=koi8-r>", "utf-8" },
    { "\xff\xfe<", "utf-16le" },
    { "\xfe\xff<", "utf-16be" },
    { "<meta charset=koi8-r>", "koi8-r" },
    { "<META CHARSET='KOI8-R'/>", "KOI8-R" },
    { "<meta/charset=\"koi8-r\">", "koi8-r" },
    { "<meta http-equiv=Content-Type content=\"text/html; charset=koi8-r\">",
      "koi8-r" },
    { "<meta content=\"text/html;charset = 'koi8-r'\" http-equiv="
      "\"content-type\">", "koi8-r" },
    { "<meta content=\"text/html;charset=koi8-r\" http-equiv=refresh>", "" },
    { "<meta content=text/html;charset=koi8-r http-equiv=content-type>",
      "koi8-r" },
    { "<meta charset=utf-16>", "utf-8" },
    { "<meta charset=nosuch><meta charset=koi8-r>", "koi8-r" },
    { "<!-- <meta charset=koi8-r> --><meta charset=big5>", "big5" },
    { "<!-- <meta charset=koi8-r>", "" },
    { "<?xml version=\"1.0\" encoding=\"koi8-r\"?><html>", "koi8-r" },
    { "<body><meta charset=koi8-r>", "" },
    { "<meta charset=", "" },
    { "<meta charset", "" },
    { "<meta", "" },
    { "<metax charset=koi8-r>", "" },
};


static void
test_charsets(void)
{
    size_t       i;
    ptn_str_t    s;
    ptn_buf_t    b;
    ptn_pool_t  *pool;
    static const struct {
        const char  *html;
        size_t       len;
        uint32_t     cp;
        const char  *utf8;
    } read[] = {
        { "\xe4", 1, 1252, "\xc3\xa4" },
        { "\xe4", 1, 0, "\xc3\xa4" },
        { "\xc3\xa4", 2, 0, "\xc3\xa4" },
        { "\xc3\xa4", 2, 65001, "\xc3\xa4" },
        { "\xe4", 1, 9999, "\xc3\xa4" },
        { "<meta charset=koi8-r>\xc1", 22, 0, "<meta charset=koi8-r>\xd0\xb0" },
        { "<meta charset=koi8-r>\xe4", 22, 1252, "<meta charset=koi8-r>"
          "\xc3\xa4" },
        { "\xef\xbb\xbf\xc3\xa4", 5, 1252, "\xc3\xa4" },
        { "\xff\xfe\xe4\0", 4, 1252, "\xc3\xa4" },
        { "\xfe\xff\0\xe4", 4, 0, "\xc3\xa4" },
        { "\x1b$B$\"\x1b(B", 8, 50220, "\xe3\x81\x82" },
        { "\xe4\0", 2, 1200, "\xc3\xa4" },
    };

    pool = ptn_pool_create(0, NULL);

    for (i = 0; i < ptn_nelts(charsets); i++) {
        is_str(ptn_html_charset(ptn_str_z(charsets[i].html)),
               charsets[i].charset, charsets[i].html);
    }

    for (i = 0; i < ptn_nelts(read); i++) {
        is_rc(ptn_html_to_utf8(pool, ptn_str_make(read[i].html, read[i].len),
                               read[i].cp, &s), PTN_OK, "read");
        is_str(s, read[i].utf8, read[i].utf8);
    }

    ptn_buf_init(&b, pool);

    while (b.len < 5000) {
        ptn_buf_z(&b, "          ");
    }

    ptn_buf_z(&b, "<meta charset=koi8-r>");
    is_str(ptn_html_charset(ptn_buf_get(&b)), "", "too far behind");

    ptn_pool_destroy(pool);
}


/* --- text that flows ------------------------------------------------------ */

static const struct {
    const char  *text;
    bool         delsp;
    const char  *out;
} flowed[] = {
    { "", false, "" },
    { "a", false, "a\r\n" },
    { "a \r\nb\r\nc\r\n", false, "a b\r\nc\r\n" },
    { "a \nb \nc", false, "a b c\r\n" },
    { "a \r\nb", true, "ab\r\n" },
    { "a ", false, "a \r\n" },
    { " >a\r\n From\r\n  b\r\n", false, ">a\r\nFrom\r\n b\r\n" },
    { ">a \r\n>b\r\n>> c\r\nd\r\n", false, "> a b\r\n>> c\r\nd\r\n" },
    { ">a \r\n>>b\r\n", false, "> a \r\n>> b\r\n" },
    { "a\r\n-- \r\nme\r\n", false, "a\r\n-- \r\nme\r\n" },
    { "a \r\n-- \r\nme\r\n", true, "a\r\n-- \r\nme\r\n" },
    { "a\r\n\r\nb\r\n", false, "a\r\n\r\nb\r\n" },
    { ">> > a\r\n", false, ">> > a\r\n" },
};


static void
test_flowed(void)
{
    size_t         i;
    ptn_str_t      s;
    ptn_pool_t    *pool;
    ptn_mime_t    *mime;
    ptn_object_t  *o;

    pool = ptn_pool_create(0, NULL);

    for (i = 0; i < ptn_nelts(flowed); i++) {
        is_rc(ptn_body_unflow(pool, ptn_str_z(flowed[i].text),
                              flowed[i].delsp, &s), PTN_OK, "read");
        is_str(s, flowed[i].out, flowed[i].text);
    }

    ptn_mime_parse(pool, ptn_str("Content-Type: text/plain; format=Flowed;"
                                 " delsp=Yes\r\n\r\n>quo \r\n>ted \r\nand "
                                 "\r\nnot\r\n"), &mime);
    ptn_oxcmail_import(pool, mime, PTN_OXCMAIL_BODY|PTN_OXCMAIL_HTML, &o);
    is_str(ptn_props_get(&o->props, PTN_PR_BODY), "> quoted\r\nandnot\r\n",
           "a message");
    s = ptn_props_get(&o->props, PTN_PR_HTML);
    ok(memmem(s.data, s.len, "&gt; quoted<br>\r\nandnot<br>", 27) != NULL,
       "its HTML");

    ptn_pool_destroy(pool);
}


int
main(void)
{
    test_forms();
    test_codepages();
    test_sources();
    test_given();
    test_places();
    test_export();
    test_charsets();
    test_flowed();

    return done_testing();
}
