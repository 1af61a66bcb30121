/*
 * A packed property bag from anywhere: opened, walked, searched, packed again
 * to the same bytes.
 *
 * Covers: store/mapi/ptn_bag.c
 */

#include <stdio.h>
#include <stdlib.h>

#include "ptn_bag.h"


static void
fuzz_wrong(const char *what)
{
    fprintf(stderr, "bag: %s\n", what);
    abort();
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t            i, tag;
    int64_t             n;
    ptn_rc_t            rc;
    ptn_bag_t           bag;
    ptn_str_t           packed, again, v, w;
    ptn_pool_t         *pool;
    ptn_bag_builder_t   b;

    packed = ptn_str_make(data, size);

    if (ptn_bag_open(packed, &bag) != PTN_OK) {
        return 0;
    }

    pool = ptn_pool_create(0, NULL);
    ptn_bag_init(&b, pool);

    for (i = 0; i < bag.count; i++) {
        ptn_bag_item(&bag, i, &tag, &v);

        if (!ptn_bag_get(&bag, tag, &w) || w.data != v.data
            || w.len != v.len)
        {
            fuzz_wrong("an item is not found by its tag");
        }

        if (v.data < data || v.data + v.len > data + size) {
            fuzz_wrong("a value out of bounds");
        }

        ptn_bag_int(&bag, tag, &n);
    }

    ptn_bag_load(&b, &bag);
    rc = ptn_bag_pack(&b, &again);

    if (rc == PTN_OK && size != 0 && !ptn_str_eq(packed, again)) {
        fuzz_wrong("packed again it differs");
    }

    ptn_pool_destroy(pool);

    return 0;
}
