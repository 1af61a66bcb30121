/*
 * Bodies: HTML to text, text to HTML, previews; HTML made to hurt takes time
 * in proportion to its size, and prints nothing.
 */

#include <time.h>
#include <unistd.h>

#include "ptn_charset.h"
#include "ptn_oxcmail.h"
#include "ptn_test.h"


static const struct {
    const char  *html;
    const char  *text;
} rows[] = {
    { "", "" },
    { "x", "x\r\n" },
    { "<p>one</p><p>two</p>", "one\r\n\r\ntwo\r\n" },
    { "<html><head><title>T</title><style>p{}</style></head>"
      "<body>a<script>b<c></script>d</body></html>", "ad\r\n" },
    { "a\n  b\t c", "a b c\r\n" },
    { "a<br>b<br/>c", "a\r\nb\r\nc\r\n" },
    { "a<br><br>b", "a\r\n\r\nb\r\n" },
    { "<div>a</div><div>b</div>", "a\r\nb\r\n" },
    { "<b>a</b><i>b</i> <u>c</u>", "ab c\r\n" },
    { "&lt;a&gt; &amp;amp; &#228; &euro;&nbsp;5",
      "<a> &amp; \xc3\xa4 \xe2\x82\xac 5\r\n" },
    { "a&nbsp;&nbsp;b", "a  b\r\n" },
    { "<ul><li>a</li><li>b</li></ul>c", "* a\r\n* b\r\n\r\nc\r\n" },
    { "<ol><li>a<li>b</ol>", "1. a\r\n2. b\r\n" },
    { "<ol><li>a<ul><li>b</ul><li>c</ol>",
      "1. a\r\n  * b\r\n2. c\r\n" },
    { "<p a\"b\" style=\"x:\"y\",z\">one</p><!-- no --><style>p{}</style>two",
      "one\r\n\r\ntwo\r\n" },
    { "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
      "a\tb\r\nc\r\n" },
    { "<pre>a\n  b</pre>c", "a\r\n  b\r\nc\r\n" },
    { "<a href=\"http://x.test/\">here</a>", "here <http://x.test/>\r\n" },
    { "<a href=\"http://x.test/\">http://x.test</a>", "http://x.test\r\n" },
    { "<a href=\"mailto:a@x.test\">a@x.test</a>", "a@x.test\r\n" },
    { "<a href=\"mailto:a@x.test\">mailto:a@x.test</a>",
      "mailto:a@x.test\r\n" },
    { "<a href=\"mailto:a@x.test\">A</a>", "A <a@x.test>\r\n" },
    { "<a href=\"http://www.x.test/\">www.x.test</a>", "www.x.test\r\n" },
    { "<a href=\"javascript:alert(1)\">no</a>", "no\r\n" },
    { "<img src=\"cid:1\" alt=\"logo\"> x", "[logo] x\r\n" },
    { "<h1>a</h1>b<hr>c",
      "a\r\n\r\nb\r\n________________________________\r\nc\r\n" },
    { "<!-- no --><p>yes", "yes\r\n" },
    { "a < b", "a < b\r\n" },
    { "<meta http-equiv=\"Content-Type\" content=\"text/html;"
      " charset=iso-8859-1\">\xc3\xa4", "\xc3\xa4\r\n" },
    { "<p>unclosed <b>tags", "unclosed tags\r\n" },
    { "\xff\xfe<p>x", "\xef\xbf\xbd\xef\xbf\xbd\r\n\r\nx\r\n" },
};

static const struct {
    const char  *text;
    const char  *html;          /* within the <div> */
} lines[] = {
    { "", "" },
    { "a\r\nb", "a<br>\r\nb" },
    { "a\nb\n", "a<br>\r\nb<br>\r\n" },
    { "<b> & \"q\"", "&lt;b&gt; &amp; &quot;q&quot;" },
    { "a  b", "a&nbsp; b" },
    { "  x", "&nbsp; x" },
    { "see http://x.test/a?b=1&c=2.",
      "see <a href=\"http://x.test/a?b=1&amp;c=2\">"
      "http://x.test/a?b=1&amp;c=2</a>." },
    { "(https://x.test)",
      "(<a href=\"https://x.test\">https://x.test</a>)" },
    { "xhttp://x.test http://", "xhttp://x.test http://" },
    { "javascript:alert(1)", "javascript:alert(1)" },
    { "hello that h", "hello that h" },
    { "www.x.test, ftp://x/ mailto:a@x.test!",
      "<a href=\"http://www.x.test\">www.x.test</a>, "
      "<a href=\"ftp://x/\">ftp://x/</a> "
      "<a href=\"mailto:a@x.test\">mailto:a@x.test</a>!" },
    { "awww.x.test www. mailto: w f m", "awww.x.test www. mailto: w f m" },
};


static void
test_html_to_text(void)
{
    size_t       i;
    ptn_str_t    text;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);

    for (i = 0; i < ptn_nelts(rows); i++) {
        text = ptn_str("(nothing)");
        ptn_body_html_to_text(pool, ptn_str_z(rows[i].html), &text);
        is_str(text, rows[i].text, "HTML to text");
    }

    ptn_body_html_to_text(pool, ptn_str_make("a\0b<p>c", 7), &text);
    is_str(text, "ab\r\n\r\nc\r\n", "a NUL ends nothing");

    ptn_pool_destroy(pool);
}


static void
test_text_to_html(void)
{
    size_t       i;
    ptn_buf_t    want;
    ptn_str_t    html, text;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);

    for (i = 0; i < ptn_nelts(lines); i++) {
        ptn_buf_init(&want, pool);
        ptn_buf_z(&want, "<html>\r\n<head>\r\n<meta "
                  "http-equiv=\"Content-Type\" content=\"text/html; "
                  "charset=utf-8\">\r\n</head>\r\n<body>\r\n"
                  "<div class=\"PlainText\">");
        ptn_buf_z(&want, lines[i].html);
        ptn_buf_z(&want, "</div>\r\n</body>\r\n</html>\r\n");

        ptn_body_text_to_html(pool, ptn_str_z(lines[i].text), &html);
        is_mem(html, ptn_buf_get(&want), "text to HTML");
    }

    ptn_body_text_to_html(pool, ptn_str("a  b <c>\r\n  d\r\n e\r\n"),
                          &html);
    ptn_body_html_to_text(pool, html, &text);
    is_str(text, "a  b <c>\r\n  d\r\n e\r\n", "and back");

    ptn_pool_destroy(pool);
}


static void
test_preview(void)
{
    ptn_str_t    p;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);
    ptn_body_preview(pool, ptn_str(" \r\n a\r\n\r\n  b\tc \r\n"), 255, &p);
    is_str(p, "a b c", "blanks run together");
    ptn_body_preview(pool, ptn_str("\xc3\xa4\xc3\xb6\xc3\xbc"), 2, &p);
    is_str(p, "\xc3\xa4\xc3\xb6", "characters, not bytes");
    ptn_body_preview(pool, ptn_str("a b"), 2, &p);
    is_str(p, "a", "no blank at the end");
    ptn_body_preview(pool, ptn_str(""), 9, &p);
    ok(p.data != NULL && p.len == 0, "nothing");
    ptn_pool_destroy(pool);
}


static double
cpu(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


static double
timed(const char *unit, const char *head, size_t size, bool count)
{
    double       t;
    size_t       n;
    ptn_buf_t    b;
    ptn_str_t    text;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(1024UL * 1024 * 1024, NULL);
    ptn_buf_init(&b, pool);
    ptn_buf_z(&b, head);

    for (n = 0; b.len < size; n++) {
        if (count) {
            ptn_buf_printf(&b, "%s%zu", unit, n);

        } else {
            ptn_buf_z(&b, unit);
        }
    }

    ptn_buf_z(&b, ">x");
    t = cpu();

    if (ptn_body_html_to_text(pool, ptn_buf_get(&b), &text) != PTN_OK) {
        t -= 1000;
    }

    t = cpu() - t;
    ptn_pool_destroy(pool);

    return t;
}


/*
 * Each of these is quadratic somewhere in a parser.  Ten times the input may
 * take thirty times as long, on a machine that others use too.
 */
static void
test_hostile(void)
{
    double  small, large;
    size_t  i;
    static const struct {
        const char  *what, *head, *unit;
        bool         count;
    } bad[] = {
        { "open tags", "", "<b>", false },
        { "tags that close nothing", "<b><b><b><b><b><b><b><b>", "</i>",
          false },
        { "many of both", "", "<b></i>", false },
        { "attributes", "<p", " a", true },
        { "attributes behind a comment with a quote", "<!-- ' --><p", " a",
          true },
        { "attributes behind a comment with a tag", "<!-- <a b=' --><p", " a",
          true },
        { "attributes behind a quote that is none", "<p \"=\" b='><p", " a",
          true },
        { "attributes behind a script", "<script>'<a b='</script><p", " a",
          true },
        { "attributes with slashes", "<p", "/a", true },
        { "comments that do not end", "", "<!--", false },
        { "tags that do not end", "", "<a", false },
        { "references", "", "&amp;", false },
        { "references that do not end", "", "&a", false },
        { "links", "", "<a href=\"http://x\">", false },
        { "items", "", "<ol><li>", false },
        { "paragraphs", "", "<p>", false },
        { "tables", "", "<table><tr><td>", false },
        { "scripts", "", "<script></", false },
        { "declarations", "", "<!x", false },
        { "CDATA", "", "<![CDATA[", false },
    };

    for (i = 0; i < ptn_nelts(bad); i++) {
        small = timed(bad[i].unit, bad[i].head, 100 * 1000, bad[i].count);
        large = timed(bad[i].unit, bad[i].head, 1000 * 1000, bad[i].count);
        ok(large < 0.05 || large < 30 * small, "%s: %.1f ms, %.1f ms",
           bad[i].what, small * 1000, large * 1000);
        ok(large >= 0 && large < 2, "it ends");
    }
}


/* libxml2 has its opinions; none of them reaches the log. */

static void
test_silent(void)
{
    int          saved, fd;
    off_t        n;
    char         name[] = "/tmp/ptn_body_XXXXXX";
    ptn_str_t    text;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);
    fd = mkstemp(name);
    unlink(name);
    fflush(stderr);
    saved = dup(2);
    dup2(fd, 2);

    ptn_body_html_to_text(pool, ptn_str("<p <<>&nosuch;</x></p></p><foo bar="
                                        "&#xffffff;&#0;>\x01"), &text);

    fflush(stderr);
    dup2(saved, 2);
    n = lseek(fd, 0, SEEK_END);
    close(fd);
    close(saved);
    is_u64(n, 0, "nothing was printed");
    ptn_pool_destroy(pool);
}


static void
test_changed(void)
{
    int64_t      n;
    ptn_str_t    html;
    ptn_pool_t  *pool;
    ptn_props_t  p = { 0 };

    pool = ptn_pool_create(0, NULL);
    ptn_props_set(&p, pool, PTN_PR_BODY, ptn_str("text"));
    ptn_props_set(&p, pool, PTN_PR_HTML, ptn_str("<b>\xe4"));
    ptn_props_set_int(&p, pool, PTN_PR_INTERNET_CPID, 1252);

    is_rc(ptn_body_html(pool, &p, &html), PTN_OK, "HTML");
    is_str(html, "<b>\xc3\xa4", "in UTF-8");

    ptn_body_changed(&p, pool, PTN_PR_BODY);
    ok(ptn_props_get(&p, PTN_PR_HTML).data == NULL
       && ptn_props_int(&p, PTN_PR_NATIVE_BODY, &n) && n == PTN_BODY_TEXT,
       "a text was set");
    is_rc(ptn_body_html(pool, &p, &html), PTN_OK, "HTML");
    ok(html.data == NULL, "there is none");

    ptn_props_unset(&p, ptn_prop_id(PTN_PR_BODY));
    ptn_body_changed(&p, pool, PTN_PR_BODY);
    ok(ptn_props_int(&p, PTN_PR_NATIVE_BODY, &n) && n == PTN_BODY_NONE,
       "a text was removed");

    ptn_pool_destroy(pool);
}


static void
test_codepages(void)
{
    is_u64(ptn_charset_codepage(ptn_str("ISO-8859-1")), 28591, "a charset");
    is_u64(ptn_charset_codepage(ptn_str("nosuch")), 0, "none");
    is_str(ptn_str_z(ptn_codepage_charset(65001)), "utf-8", "a code page");
    ok(ptn_codepage_charset(1200) == NULL, "no superset of ASCII");
}


int
main(void)
{
    test_html_to_text();
    test_text_to_html();
    test_preview();
    test_changed();
    test_codepages();
    test_silent();
    test_hostile();

    return done_testing();
}
