/*
 * Skeletons: 's' and a skeleton from nowhere, or anything else and a message
 * that must come back.
 */

#include <stdio.h>
#include <stdlib.h>

#include "ptn_skeleton.h"
#include "ptn_skeleton_check.h"


static ptn_rc_t
fuzz_blob(void *ctx PTN_UNUSED, const u_char sha256[32], uint64_t off,
    u_char *p, size_t n)
{
    memset(p, sha256[off & 31], n);

    return PTN_OK;
}


static ptn_rc_t
fuzz_sink(void *ctx, const u_char *p, size_t n)
{
    u_char  *last = ctx;

    *last = n ? p[n - 1] : 0;

    return PTN_OK;
}


static void
fuzz_hostile(ptn_pool_t *pool, ptn_str_t in)
{
    u_char               last, (*refs)[32];
    size_t               n;
    uint64_t             size;
    ptn_skeleton_io_t    io = { fuzz_blob, fuzz_sink, &last };

    if (ptn_skeleton_size(in, &size) != PTN_OK) {
        return;
    }

    if (ptn_skeleton_refs(pool, in, &refs, &n) != PTN_OK
        || ptn_skeleton_restore(in, 0, 200000, &io) != PTN_OK
        || ptn_skeleton_restore(in, size / 2, 1000, &io) != PTN_OK)
    {
        fprintf(stderr, "skeleton: a good size, but no restore\n");
        abort();
    }
}


static void
fuzz_message(ptn_pool_t *pool, ptn_str_t in)
{
    size_t                n, i, k;
    ptn_buf_t             b;
    ptn_str_t             raw, skel;
    ptn_mime_t           *mime;
    ptn_skeleton_part_t  *parts;

    /*
     * Inputs are small and attachments are not: each line "*" repeats the one
     * before it 300 times.
     */

    ptn_buf_init(&b, pool);

    for (i = 0; i < in.len && b.len < 200000; i = k + 1) {
        for (k = i; k < in.len && in.data[k] != '\n'; k++) {
            /* void */
        }

        n = ptn_min(k + 1, in.len) - i;

        if (n == 2 && in.data[i] == '*' && i > 1) {
            size_t  start = i - 1;

            while (start > 0 && in.data[start - 1] != '\n') {
                start--;
            }

            for (n = 0; n < 300; n++) {
                ptn_buf_add(&b, in.data + start, i - start);
            }
            continue;
        }

        ptn_buf_add(&b, in.data + i, n);
    }

    raw = ptn_buf_get(&b);

    if (ptn_mime_parse(pool, raw, &mime) != PTN_OK
        || ptn_skeleton_build(pool, mime, &skel, &parts, &n) != PTN_OK
        || !ptn_skeleton_check_slice(skel, raw, parts, n, 0, SIZE_MAX)
        || !ptn_skeleton_check_slice(skel, raw, parts, n, raw.len / 3, 100))
    {
        fprintf(stderr, "skeleton: the message did not come back\n");
        abort();
    }
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ptn_str_t    in;
    ptn_pool_t  *pool;

    if (size == 0) {
        return 0;
    }

    pool = ptn_pool_create(0, NULL);
    in = ptn_str_make(data + 1, size - 1);

    if (data[0] == 's') {
        fuzz_hostile(pool, in);

    } else {
        fuzz_message(pool, in);
    }

    ptn_pool_destroy(pool);

    return 0;
}
