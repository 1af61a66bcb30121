/*
 * Wire tables: the first byte picks one, the rest is read by it.  What was
 * read is written again and must be the same bytes.
 */

#include <stdio.h>
#include <stdlib.h>

#include "ptn_wire_all.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void              *val;
    size_t             n, used;
    ptn_buf_t          out, text;
    ptn_str_t          in;
    ptn_pool_t        *pool;
    const ptn_wire_t  *w;

    for (n = 0; wire_nth(n) != NULL; n++) {
        /* void */
    }

    if (size == 0) {
        return 0;
    }

    w = wire_nth(data[0] % n);
    pool = ptn_pool_create(64 * 1024 * 1024, NULL);
    val = ptn_palloc(pool, w->size);
    in = ptn_str_make(data + 1, size - 1);

    if (ptn_wire_pull(w, pool, &in, val) == PTN_OK) {
        used = size - 1 - in.len;

        ptn_buf_init(&out, pool);
        ptn_buf_init(&text, pool);
        ptn_wire_dump(w, &text, val, 0);

        if (ptn_wire_push(w, &out, val) != PTN_OK || out.len != used
            || (used != 0 && memcmp(out.data, data + 1, used) != 0))
        {
            fprintf(stderr, "wire: %s comes back otherwise\n", w->name);
            abort();
        }
    }

    ptn_pool_destroy(pool);

    return 0;
}
