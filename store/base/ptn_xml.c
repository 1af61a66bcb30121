#include <limits.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "ptn_xml.h"


#define PTN_XML_DEPTH    100
#define PTN_XML_NODES    200000
#define PTN_XML_PIECE    16384          /* fed at a time */
#define PTN_XML_PENDING  65536          /* a start tag, a comment */
#define PTN_XML_CDATA    (8 * 1024 * 1024)

typedef struct {
    ptn_pool_t        *pool;
    xmlParserCtxtPtr   ctxt;
    ptn_str_t          input;
    ptn_xml_node_t    *root;
    ptn_xml_node_t    *node;            /* open */
    unsigned           depth;
    unsigned           depth_max;
    size_t             nodes_left;
    ptn_rc_t           rc;
    ptn_buf_t          text;            /* of `node`, when it is a copy */
    bool               copied;
} ptn_xml_in_t;


static void
ptn_xml_fail(ptn_xml_in_t *in, ptn_rc_t rc)
{
    if (in->rc == PTN_OK) {
        in->rc = rc;
    }

    xmlStopParser(in->ctxt);
}


static bool
ptn_xml_count(ptn_xml_in_t *in)
{
    if (in->nodes_left-- == 0) {
        in->nodes_left = 0;
        ptn_xml_fail(in, PTN_ELIMIT);
        return false;
    }

    return true;
}


static void
ptn_xml_on_doctype(void *data, const xmlChar *name PTN_UNUSED,
    const xmlChar *external PTN_UNUSED, const xmlChar *system PTN_UNUSED)
{
    ptn_xml_fail(data, PTN_EDENIED);
}


/* libxml2 reports here and not on standard error. */

static void
ptn_xml_on_error(void *data PTN_UNUSED, xmlErrorPtr error PTN_UNUSED)
{
}


/* What was gathered in the buffer becomes the text of the open element. */

static void
ptn_xml_text_end(ptn_xml_in_t *in)
{
    if (in->copied) {
        if (in->text.failed) {
            ptn_xml_fail(in, PTN_ENOMEM);
            return;
        }

        in->node->text = ptn_buf_get(&in->text);
        in->copied = false;
    }
}


static ptn_xml_attr_t *
ptn_xml_attrs(ptn_xml_in_t *in, int n, const xmlChar **a)
{
    ptn_xml_attr_t  *first, *attr, **link;

    first = NULL;
    link = &first;

    for ( /* void */ ; n > 0; n--, a += 5) {

        if (!ptn_xml_count(in)) {
            break;
        }

        attr = ptn_palloc(in->pool, sizeof(ptn_xml_attr_t));
        if (attr == NULL) {
            ptn_xml_fail(in, PTN_ENOMEM);
            break;
        }

        attr->next = NULL;
        attr->name = (const char *) a[0];
        attr->ns = a[2] != NULL ? (const char *) a[2] : "";
        attr->value = ptn_str_dup(in->pool,
                              ptn_str_make(a[3], (size_t) (a[4] - a[3])));

        if (attr->value.data == NULL) {
            ptn_xml_fail(in, PTN_ENOMEM);
            break;
        }

        *link = attr;
        link = &attr->next;
    }

    return first;
}


static void
ptn_xml_on_start(void *data, const xmlChar *name,
    const xmlChar *prefix PTN_UNUSED, const xmlChar *ns,
    int n_ns PTN_UNUSED, const xmlChar **ns_list PTN_UNUSED, int n_attrs,
    int n_defaulted PTN_UNUSED, const xmlChar **attrs)
{
    ptn_xml_in_t    *in = data;
    ptn_xml_node_t  *node;

    if (in->rc != PTN_OK || !ptn_xml_count(in)) {
        return;
    }

    if (++in->depth > in->depth_max) {
        ptn_xml_fail(in, PTN_ELIMIT);
        return;
    }

    node = ptn_pcalloc(in->pool, sizeof(ptn_xml_node_t));
    if (node == NULL) {
        ptn_xml_fail(in, PTN_ENOMEM);
        return;
    }

    /* names stay in the parser's dictionary, which the pool keeps */

    node->name = (const char *) name;
    node->ns = ns != NULL ? (const char *) ns : "";
    node->text = ptn_str("");
    node->attrs = ptn_xml_attrs(in, n_attrs, attrs);
    node->parent = in->node;

    if (in->node == NULL) {
        in->root = node;

    } else {
        ptn_xml_text_end(in);

        if (in->node->last != NULL) {
            in->node->last->next = node;

        } else {
            in->node->child = node;
        }

        in->node->last = node;
    }

    in->node = node;
}


static void
ptn_xml_on_end(void *data, const xmlChar *name PTN_UNUSED,
    const xmlChar *prefix PTN_UNUSED, const xmlChar *ns PTN_UNUSED)
{
    ptn_xml_in_t  *in = data;

    if (in->rc != PTN_OK || in->node == NULL) {
        return;
    }

    ptn_xml_text_end(in);
    in->depth--;
    in->node = in->node->parent;
}


/*
 * Where the piece stands in the input, if it stands there byte for byte:
 * libxml2 parses from a buffer of its own and counts what it dropped from it.
 * The count is a guess to be verified, nothing depends on it.
 */

static u_char *
ptn_xml_in_place(ptn_xml_in_t *in, const xmlChar *s, size_t len)
{
    size_t             off;
    xmlParserInputPtr  input;

    input = in->ctxt->input;

    if (input == NULL || s < input->base || s > input->end) {
        return NULL;
    }

    off = (size_t) input->consumed + (size_t) (s - input->base);

    if (off > in->input.len || len > in->input.len - off
        || memcmp(in->input.data + off, s, len) != 0)
    {
        return NULL;
    }

    return in->input.data + off;
}


static void
ptn_xml_on_text(void *data, const xmlChar *s, int n)
{
    size_t         len = (size_t) n;
    u_char        *p;
    ptn_str_t     *text;
    ptn_xml_in_t  *in = data;

    if (in->rc != PTN_OK || in->node == NULL || n <= 0) {
        return;
    }

    text = &in->node->text;

    if (!in->copied) {
        p = ptn_xml_in_place(in, s, len);

        if (p != NULL && text->len == 0) {
            *text = ptn_str_make(p, len);
            return;
        }

        if (p != NULL && p == text->data + text->len) {
            text->len += len;
            return;
        }

        /* CDATA and text of many pieces: the count may stand still */

        p = text->data + text->len;

        if (text->len != 0 && text->data >= in->input.data
            && p <= in->input.data + in->input.len
            && len <= (size_t) (in->input.data + in->input.len - p)
            && memcmp(p, s, len) == 0)
        {
            text->len += len;
            return;
        }

        ptn_buf_init(&in->text, in->pool);
        ptn_buf_str(&in->text, *text);
        in->copied = true;
    }

    ptn_buf_add(&in->text, s, len);

    if (in->text.failed) {
        ptn_xml_fail(in, PTN_ENOMEM);
    }
}


static void
ptn_xml_free_dict(void *data)
{
    xmlDictFree(data);
}


/*
 * libxml2 takes 300 bytes of an unfinished CDATA section per call and looks at
 * all the rest again: such a section is fed whole, and nothing behind it.
 */

static size_t
ptn_xml_piece(ptn_xml_in_t *in, ptn_str_t rest)
{
    size_t   n;
    u_char  *end;

    n = ptn_min(rest.len, (size_t) PTN_XML_PIECE);

    if (in->ctxt->instate != XML_PARSER_CDATA_SECTION) {
        return n;
    }

    end = memmem(rest.data, ptn_min(rest.len, (size_t) PTN_XML_CDATA),
                 "]]>", 3);

    return end != NULL ? (size_t) (end + 3 - rest.data) : n;
}


static void
ptn_xml_feed(ptn_xml_in_t *in)
{
    size_t             n;
    ptn_str_t          rest;
    xmlParserInputPtr  input;

    rest = in->input;

    while (in->rc == PTN_OK && rest.len != 0) {
        n = ptn_xml_piece(in, rest);

        if (xmlParseChunk(in->ctxt, (const char *) rest.data, (int) n, 0)
            != XML_ERR_OK)
        {
            break;
        }

        rest.data += n;
        rest.len -= n;
        input = in->ctxt->input;

        /* attributes are compared with each other: a tag must end */

        if (input != NULL && input->end - input->cur > PTN_XML_PENDING) {
            ptn_xml_fail(in, PTN_ELIMIT);
        }
    }

    if (in->rc == PTN_OK) {
        (void) xmlParseChunk(in->ctxt, NULL, 0, 1);
    }

    if (in->rc == PTN_OK
        && (!in->ctxt->wellFormed || !in->ctxt->nsWellFormed
            || in->root == NULL || in->node != NULL))
    {
        in->rc = PTN_EPARSE;
    }
}


ptn_rc_t
ptn_xml_parse(ptn_pool_t *pool, ptn_str_t text,
    const ptn_xml_limits_t *limits, ptn_xml_node_t **ret_root)
{
    xmlDictPtr     dict;
    ptn_xml_in_t   in;
    xmlSAXHandler  sax;

    memset(&sax, 0, sizeof(sax));
    sax.initialized = XML_SAX2_MAGIC;
    sax.internalSubset = ptn_xml_on_doctype;
    sax.startElementNs = ptn_xml_on_start;
    sax.endElementNs = ptn_xml_on_end;
    sax.characters = ptn_xml_on_text;
    sax.ignorableWhitespace = ptn_xml_on_text;
    sax.cdataBlock = ptn_xml_on_text;
    sax.serror = ptn_xml_on_error;

    memset(&in, 0, sizeof(in));
    in.pool = pool;
    in.input = text;
    in.depth_max = limits && limits->depth ? limits->depth : PTN_XML_DEPTH;
    in.nodes_left = limits && limits->nodes ? limits->nodes : PTN_XML_NODES;

    xmlInitParser();

    in.ctxt = xmlCreatePushParserCtxt(&sax, &in, NULL, 0, NULL);
    if (in.ctxt == NULL) {
        return PTN_ENOMEM;
    }

    xmlCtxtUseOptions(in.ctxt, XML_PARSE_NONET|XML_PARSE_NOENT);

    dict = in.ctxt->dict;
    xmlDictReference(dict);

    if (ptn_pool_cleanup(pool, ptn_xml_free_dict, dict) != PTN_OK) {
        xmlDictFree(dict);
        in.rc = PTN_ENOMEM;
    }

    if (in.rc == PTN_OK) {
        ptn_xml_feed(&in);
    }

    xmlFreeParserCtxt(in.ctxt);

    if (in.rc == PTN_OK) {
        *ret_root = in.root;
    }

    return in.rc;
}


bool
ptn_xml_is(const ptn_xml_node_t *node, const char *ns, const char *name)
{
    return strcmp(node->name, name) == 0
           && (ns == NULL || strcmp(node->ns, ns) == 0);
}


static ptn_xml_node_t *
ptn_xml_from(ptn_xml_node_t *node, const char *ns, const char *name)
{
    while (node != NULL && !ptn_xml_is(node, ns, name)) {
        node = node->next;
    }

    return node;
}


ptn_xml_node_t *
ptn_xml_child(const ptn_xml_node_t *node, const char *ns, const char *name)
{
    return ptn_xml_from(node->child, ns, name);
}


ptn_xml_node_t *
ptn_xml_next(const ptn_xml_node_t *node, const char *ns, const char *name)
{
    return ptn_xml_from(node->next, ns, name);
}


ptn_str_t
ptn_xml_attr(const ptn_xml_node_t *node, const char *name)
{
    ptn_xml_attr_t  *attr;

    for (attr = node->attrs; attr != NULL; attr = attr->next) {
        if (attr->ns[0] == '\0' && strcmp(attr->name, name) == 0) {
            return attr->value;
        }
    }

    return (ptn_str_t) ptn_null_string;
}


ptn_str_t
ptn_xml_child_text(const ptn_xml_node_t *node, const char *ns,
    const char *name)
{
    ptn_xml_node_t  *child;

    child = ptn_xml_child(node, ns, name);

    return child != NULL ? child->text : (ptn_str_t) ptn_null_string;
}


ptn_str_t
ptn_xml_trim(ptn_str_t s)
{
    while (s.len != 0 && strchr(" \t\r\n", s.data[0]) != NULL
           && s.data[0] != '\0')
    {
        s.data++;
        s.len--;
    }

    while (s.len != 0 && s.data[s.len - 1] != '\0'
           && strchr(" \t\r\n", s.data[s.len - 1]) != NULL)
    {
        s.len--;
    }

    return s;
}
