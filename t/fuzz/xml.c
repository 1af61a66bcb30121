/*
 * The reader of XML, and that what the writer writes of what was read is read
 * as the same.  The first byte chooses limits.
 *
 * Covers: store/base/ptn_xml.c store/base/ptn_xml_put.c
 */

#include <stdlib.h>

#include "ptn_xml.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
put(ptn_buf_t *b, const ptn_xml_node_t *node)
{
    const ptn_xml_node_t  *child;

    ptn_xml_put_open(b, "n");
    ptn_xml_put(b, "t", node->text);

    for (child = node->child; child != NULL; child = child->next) {
        if (child->parent != node) {
            abort();
        }
        put(b, child);
    }

    ptn_xml_put_close(b, "n");
}


static void
same(const ptn_xml_node_t *a, const ptn_xml_node_t *b)
{
    const ptn_xml_node_t  *child, *copy;

    copy = b->child;

    if (!ptn_xml_is(copy, "", "t") || !ptn_str_eq(copy->text, a->text)) {
        abort();
    }

    for (child = a->child; child != NULL; child = child->next) {
        copy = copy->next;
        if (copy == NULL) {
            abort();
        }
        same(child, copy);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ptn_buf_t          b;
    ptn_pool_t        *pool;
    ptn_xml_node_t    *root, *copy;
    ptn_xml_limits_t   limits = { 0, 0 };
    ptn_xml_limits_t   more = { 300, 2000000 };

    if (size == 0) {
        return 0;
    }

    if (data[0] & 1) {
        limits.depth = 5;
        limits.nodes = 50;
    }

    pool = ptn_pool_create(64 * 1024 * 1024, NULL);

    if (ptn_xml_parse(pool, ptn_str_make(data + 1, size - 1), &limits, &root)
        == PTN_OK)
    {
        ptn_buf_init(&b, pool);
        put(&b, root);

        if (ptn_xml_parse(pool, ptn_buf_get(&b), &more, &copy) != PTN_OK) {
            abort();
        }

        same(root, copy);
    }

    ptn_pool_destroy(pool);

    return 0;
}
