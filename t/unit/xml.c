/*
 * The safe reader of XML, and the writer.
 */

#include "ptn_test.h"
#include "ptn_xml.h"


static ptn_rc_t
parse(ptn_pool_t *pool, const char *text, ptn_xml_node_t **ret)
{
    return ptn_xml_parse(pool, ptn_str_z(text), NULL, ret);
}


static void
test_tree(void)
{
    ptn_xml_node_t  *root, *a;
    ptn_pool_t      *pool = ptn_pool_create(0, NULL);

    is_rc(parse(pool, "<?xml version=\"1.0\"?>\n"
                "<r xmlns='urn:r' xmlns:t='urn:t' k='v&amp;w' t:k='x'>one"
                "<t:a>a &lt;&#65; b</t:a> <t:b/><t:a><![CDATA[<raw>]]>!</t:a>"
                "<a xmlns=''>q</a></r>", &root), PTN_OK, "parsed");
    ok(ptn_xml_is(root, "urn:r", "r") && ptn_xml_is(root, NULL, "r")
       && !ptn_xml_is(root, "urn:t", "r"), "the element and its namespace");
    is_str(ptn_xml_attr(root, "k"), "v&w", "attribute, entity resolved");
    ok(ptn_xml_attr(root, "xmlns").data == NULL, "xmlns is no attribute");
    is_str(root->text, "one ", "text around children");

    a = ptn_xml_child(root, "urn:t", "a");
    is_str(a->text, "a <A b", "references");
    ok(a->parent == root, "parent");
    a = ptn_xml_next(a, "urn:t", "a");
    is_str(a->text, "<raw>!", "CDATA and what follows it");
    ok(ptn_xml_next(a, "urn:t", "a") == NULL, "no third");
    is_str(ptn_xml_child_text(root, "", "a"), "q", "no namespace");
    ok(ptn_xml_child_text(root, "urn:t", "z").data == NULL
       && ptn_xml_child_text(root, "urn:t", "b").data != NULL,
       "absent is not empty");
    is_rc(parse(pool, "<r>&amp;1<b/>2<b/>&lt;<b/>3</r>", &root), PTN_OK,
          "copied text goes on behind children");
    is_str(root->text, "&12<3", "all of it");
    is_str(ptn_xml_trim(ptn_str(" \r\n\ta b\t ")), "a b", "trim");
    is_str(ptn_xml_trim(ptn_str("  ")), "", "trim of nothing");
    ptn_pool_destroy(pool);
}


static void
test_refused(void)
{
    size_t           i;
    ptn_pool_t      *pool;
    ptn_xml_node_t  *root;

    static const struct {
        const char  *text;
        ptn_rc_t     rc;
    } rows[] = {
        { "", PTN_EPARSE },
        { "x", PTN_EPARSE },
        { "<a>", PTN_EPARSE },
        { "<a></b>", PTN_EPARSE },
        { "<a/><b/>", PTN_EPARSE },
        { "<p:a/>", PTN_EPARSE },
        { "<a b='1' b='2'/>", PTN_EPARSE },
        { "<a>&b;</a>", PTN_EPARSE },
        { "<a b='&c;'/>", PTN_EPARSE },
        { "<a>\x01</a>", PTN_EPARSE },
        { "<a>\xff</a>", PTN_EPARSE },
        { "<!DOCTYPE a><a/>", PTN_EDENIED },
        { "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", PTN_EDENIED },
        { "<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>"
          "<a>&e;</a>", PTN_EDENIED },
        { "<!DOCTYPE a [<!ENTITY a 'xx'><!ENTITY b '&a;&a;'>]><a>&b;</a>",
          PTN_EDENIED },
        { "<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1/'> %p;]><a/>",
          PTN_EDENIED },
        { "<?xml version='1.0' encoding='no-such'?><a/>", PTN_EPARSE },
    };

    for (i = 0; i < ptn_nelts(rows); i++) {
        pool = ptn_pool_create(0, NULL);
        root = NULL;
        is_rc(parse(pool, rows[i].text, &root), rows[i].rc, rows[i].text);
        ok(root == NULL, "and no tree");
        ptn_pool_destroy(pool);
    }
}


static ptn_rc_t
nested(unsigned depth, const ptn_xml_limits_t *limits)
{
    ptn_rc_t         rc;
    unsigned         i;
    ptn_buf_t        b;
    ptn_pool_t      *pool = ptn_pool_create(0, NULL);
    ptn_xml_node_t  *root;

    ptn_buf_init(&b, pool);
    for (i = 0; i < depth; i++) {
        ptn_xml_put_open(&b, "a");
    }
    for (i = 0; i < depth; i++) {
        ptn_xml_put_close(&b, "a");
    }

    rc = ptn_xml_parse(pool, ptn_buf_get(&b), limits, &root);
    ptn_pool_destroy(pool);

    return rc;
}


static void
test_limits(void)
{
    size_t           i;
    ptn_buf_t        b;
    ptn_pool_t      *pool = ptn_pool_create(0, NULL);
    ptn_xml_node_t  *root;
    ptn_xml_limits_t  limits = { 3, 4 };

    is_rc(nested(100, NULL), PTN_OK, "depth 100");
    is_rc(nested(101, NULL), PTN_ELIMIT, "depth 101");
    is_rc(nested(1000000, NULL), PTN_ELIMIT, "depth 1,000,000");
    is_rc(nested(3, &limits), PTN_OK, "own depth");
    is_rc(nested(4, &limits), PTN_ELIMIT, "own depth passed");

    is_rc(ptn_xml_parse(pool, ptn_str("<a b='1'><c/><d/></a>"), &limits,
                        &root), PTN_OK, "four nodes");
    is_rc(ptn_xml_parse(pool, ptn_str("<a b='1'><c/><d e='2'/></a>"), &limits,
                        &root), PTN_ELIMIT, "five");

    ptn_buf_init(&b, pool);
    ptn_buf_z(&b, "<a");
    for (i = 0; i < 100000; i++) {
        ptn_buf_printf(&b, " a%zu=''", i);
    }
    ptn_buf_z(&b, "/>");
    is_rc(ptn_xml_parse(pool, ptn_buf_get(&b), NULL, &root), PTN_ELIMIT,
          "100,000 attributes");

    ptn_buf_init(&b, pool);
    ptn_buf_z(&b, "<a");
    for (i = 0; i < 2000; i++) {
        ptn_buf_printf(&b, " a%zu='x'", i);
    }
    ptn_buf_z(&b, "/>");
    is_rc(ptn_xml_parse(pool, ptn_buf_get(&b), NULL, &root), PTN_OK,
          "2,000 attributes");
    is_str(ptn_xml_attr(root, "a1999"), "x", "the last of them");
    ptn_pool_destroy(pool);
}


/* What a client uploads as MimeContent, as text and as CDATA. */

static void
test_in_place(bool cdata, const char *eol)
{
    size_t           i, used;
    ptn_buf_t        b;
    ptn_str_t        text, want;
    ptn_pool_t      *pool, *mine = ptn_pool_create(0, NULL);
    ptn_xml_node_t  *root;

    ptn_buf_init(&b, mine);
    ptn_buf_z(&b, cdata ? "<a><b>\xc3\xa4</b><c><![CDATA[" : "<a><c>");
    want.len = b.len;
    for (i = 0; i < 60000; i++) {
        ptn_buf_z(&b, "UGxlYXNlIGRvIG5vdCBjb3B5IHRoaXMgdGV4dCBidXQgcG9pbnQgaW50byBp");
        ptn_buf_z(&b, eol);
    }
    i = b.len - want.len;
    ptn_buf_z(&b, cdata ? "]]></c></a>" : "</c></a>");
    text = ptn_buf_get(&b);
    want = ptn_str_make(text.data + want.len, i);

    pool = ptn_pool_create(0, NULL);
    used = ptn_pool_used(pool);
    is_rc(ptn_xml_parse(pool, text, NULL, &root), PTN_OK, "4 MB of base64");
    root = ptn_xml_child(root, NULL, "c");
    ok(root->text.len == want.len
       && memcmp(root->text.data, want.data, want.len) == 0, "all of it");
    ok(root->text.data == want.data, "in place");
    ok(ptn_pool_used(pool) - used < 100000, "not copied: %zu bytes",
       ptn_pool_used(pool) - used);
    ptn_pool_destroy(pool);
    ptn_pool_destroy(mine);
}


static void
test_encodings(void)
{
    ptn_pool_t      *pool = ptn_pool_create(0, NULL);
    ptn_xml_node_t  *root;

    is_rc(parse(pool, "<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe4\xf6"
                "</a>", &root), PTN_OK, "Latin-1");
    is_str(root->text, "\xc3\xa4\xc3\xb6", "as UTF-8");
    is_rc(ptn_xml_parse(pool, ptn_str("\xff\xfe<\0a\0>\0\xe4\0<\0/\0a\0>\0"),
                        NULL, &root), PTN_OK, "UTF-16");
    is_str(root->text, "\xc3\xa4", "as UTF-8");
    is_rc(parse(pool, "\xef\xbb\xbf<a>x</a>", &root), PTN_OK, "a BOM");
    is_rc(parse(pool, "<a>x\r\ny\rz</a>", &root), PTN_OK, "line ends");
    is_str(root->text, "x\ny\nz", "are LF");
    ptn_pool_destroy(pool);
}


static void
test_put(void)
{
    ptn_buf_t        b;
    ptn_pool_t      *pool = ptn_pool_create(0, NULL);
    ptn_xml_node_t  *root;

    ptn_buf_init(&b, pool);
    ptn_buf_z(&b, "<t:a");
    ptn_xml_put_attr(&b, "k", ptn_str("<\"&\t\n'>"));
    ptn_buf_z(&b, " xmlns:t=\"urn:t\">");
    ptn_xml_put(&b, "t:b", ptn_str("a<b>&c\r\n\"\t\x01\0\x1f"
                                   "\xc3\xa4\xf0\x9f\x98\x80"
                                   "\xff\xc3\xed\xa0\x80\xef\xbf\xbe."));
    ptn_xml_put_u64(&b, "t:n", UINT64_MAX);
    ptn_xml_put_bool(&b, "t:f", false);
    ptn_xml_put_z(&b, "t:z", "");
    ptn_xml_put_close(&b, "t:a");

    is_rc(ptn_xml_parse(pool, ptn_buf_get(&b), NULL, &root), PTN_OK,
          "what we write can be read");
    is_str(ptn_xml_attr(root, "k"), "<\"&\t\n'>", "value");
    is_str(ptn_xml_child_text(root, "urn:t", "b"),
           "a<b>&c\r\n\"\t\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
           "\xc3\xa4\xf0\x9f\x98\x80\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
           "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd.",
           "text; what XML cannot say is U+FFFD");
    is_str(ptn_xml_child_text(root, "urn:t", "n"), "18446744073709551615",
           "number");
    is_str(ptn_xml_child_text(root, "urn:t", "f"), "false", "boolean");
    ptn_pool_destroy(pool);
}


/* Whatever allocation fails: ENOMEM, no leak, no crash. */

static void
test_memory(void)
{
    unsigned         cap;
    ptn_rc_t         rc = PTN_OK;
    ptn_buf_t        b;
    ptn_pool_t      *pool, *mine = ptn_pool_create(0, NULL);
    ptn_xml_node_t  *root;

    ptn_buf_init(&b, mine);
    ptn_buf_z(&b, "<a>");
    for (cap = 0; cap < 2000; cap++) {
        ptn_buf_printf(&b, "<b c='%u'>&amp;%u</b>", cap, cap);
    }
    ptn_buf_z(&b, "</a>");

    for (cap = 10000; cap < 8000000; cap += 100000) {
        pool = ptn_pool_create(cap, NULL);
        rc = ptn_xml_parse(pool, ptn_buf_get(&b), NULL, &root);
        if (rc != PTN_ENOMEM) {
            break;
        }
        ptn_pool_destroy(pool);
    }

    is_rc(rc, PTN_OK, "small pools: ENOMEM, then it fits");
    ok(cap > 10000, "not at once");
    ptn_pool_destroy(pool);
    ptn_pool_destroy(mine);
}


int
main(void)
{
    test_tree();
    test_refused();
    test_limits();
    test_in_place(false, "\n");
    test_in_place(false, "");
    test_in_place(true, "\n");
    test_encodings();
    test_put();
    test_memory();

    return done_testing();
}
