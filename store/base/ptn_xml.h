/*
 * XML of strangers in, XML out (EWS, AutoDiscover, WebDAV).
 *
 * In: libxml2's push parser under limits, into a small tree of our own in the
 * caller's pool.  A document type, and with it every entity but the five of
 * XML itself, is refused when it is seen; nothing is ever fetched.  Character
 * data that stands in the input as it is (an attachment in base64) is not
 * copied: the tree points into the input, which must live as long.
 *
 * Out: onto a ptn_buf_t, with names as they shall appear ("t:Subject").
 */

#ifndef PTN_XML_H
#define PTN_XML_H


#include "ptn_base.h"


typedef struct ptn_xml_node_s  ptn_xml_node_t;
typedef struct ptn_xml_attr_s  ptn_xml_attr_t;

struct ptn_xml_attr_s {
    ptn_xml_attr_t  *next;
    const char      *ns;            /* namespace URI; "": none */
    const char      *name;          /* local name */
    ptn_str_t        value;
};

struct ptn_xml_node_s {
    ptn_xml_node_t  *parent;        /* NULL: the document's element */
    ptn_xml_node_t  *next;          /* sibling */
    ptn_xml_node_t  *child;         /* first */
    ptn_xml_node_t  *last;
    ptn_xml_attr_t  *attrs;         /* in order; no xmlns */
    const char      *ns;            /* namespace URI; "": none */
    const char      *name;          /* local name */
    ptn_str_t        text;          /* own character data, put together, with
                                       the white space between children */
};

typedef struct {
    unsigned  depth;                /* of elements; 0: 100 */
    size_t    nodes;                /* elements and attributes; 0: 200,000 */
} ptn_xml_limits_t;


/*
 * Reads a document (UTF-8, or in the encoding that it declares) of any length.
 * `limits` NULL: the defaults.  ELIMIT: more than `limits`, a start tag or
 * comment over 64 KiB, a CDATA section over 8 MiB.  EDENIED: it has a document
 * type.  EPARSE: not well-formed, or namespaces are wrong.  ENOMEM.
 */
ptn_rc_t ptn_xml_parse(ptn_pool_t *pool, ptn_str_t text,
    const ptn_xml_limits_t *limits, ptn_xml_node_t **ret_root);

/* Is it the element {ns}name?  ns NULL: any. */
bool ptn_xml_is(const ptn_xml_node_t *node, const char *ns, const char *name);

/* First child {ns}name, or the next sibling by that name.  NULL: none. */
ptn_xml_node_t *ptn_xml_child(const ptn_xml_node_t *node, const char *ns,
    const char *name);
ptn_xml_node_t *ptn_xml_next(const ptn_xml_node_t *node, const char *ns,
    const char *name);

/* Value of the attribute without namespace; data NULL: not there. */
ptn_str_t ptn_xml_attr(const ptn_xml_node_t *node, const char *name);

/* Text of the first child {ns}name; data NULL: no such child. */
ptn_str_t ptn_xml_child_text(const ptn_xml_node_t *node, const char *ns,
    const char *name);

/* Without white space at both ends (a borrowed part of `s`). */
ptn_str_t ptn_xml_trim(ptn_str_t s);


/*
 * Appends text as content or as an attribute's value: markup escaped, CR (and
 * in values TAB and LF) as references so that they arrive, what XML 1.0 cannot
 * say (control characters, U+FFFE, bad UTF-8) as U+FFFD.
 */
void ptn_xml_put_text(ptn_buf_t *b, ptn_str_t s);
void ptn_xml_put_value(ptn_buf_t *b, ptn_str_t s);

/* <name>, </name>, <name>text</name>; an attribute is ` name="value"`. */
void ptn_xml_put_open(ptn_buf_t *b, const char *name);
void ptn_xml_put_close(ptn_buf_t *b, const char *name);
void ptn_xml_put(ptn_buf_t *b, const char *name, ptn_str_t text);
void ptn_xml_put_z(ptn_buf_t *b, const char *name, const char *text);
void ptn_xml_put_u64(ptn_buf_t *b, const char *name, uint64_t n);
void ptn_xml_put_bool(ptn_buf_t *b, const char *name, bool value);
void ptn_xml_put_attr(ptn_buf_t *b, const char *name, ptn_str_t value);


#endif /* PTN_XML_H */
