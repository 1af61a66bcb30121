/*
 * The packed form of a blob file (ptn_blob_pack.h).
 */

#include <zstd.h>

#include "ptn_blob_pack.h"
#include "ptn_str.h"
#include "ptn_prop.h"


static const u_char  ptn_blob_magic[8] = { 'P', 'T', 'N', 'B', 1, 17, 0, 0 };


void
ptn_blob_head_put(u_char *p, uint64_t size)
{
    memcpy(p, ptn_blob_magic, 8);
    ptn_put_le32(p + 8, (uint32_t) size);
    ptn_put_le32(p + 12, (uint32_t) (size >> 32));
}


ptn_rc_t
ptn_blob_head_check(ptn_str_t head, uint64_t size, uint64_t stored)
{
    uint64_t  i, n, sum;
    uint32_t  len;

    n = ptn_blob_chunks(size);

    if (n > (SIZE_MAX - PTN_BLOB_HEAD) / 4 || head.len != ptn_blob_table(size)
        || memcmp(head.data, ptn_blob_magic, 8) != 0
        || ptn_le32(head.data + 8) != (uint32_t) size
        || ptn_le32(head.data + 12) != (uint32_t) (size >> 32))
    {
        return PTN_ECORRUPT;
    }

    sum = head.len;

    for (i = 0; i < n; i++) {
        len = ptn_le32(head.data + PTN_BLOB_HEAD + 4 * i);

        if (len == 0 || len > ptn_blob_chunk_len(size, i)) {
            return PTN_ECORRUPT;
        }

        sum += len;
    }

    return (sum == stored) ? PTN_OK : PTN_ECORRUPT;
}


ptn_rc_t
ptn_blob_chunk_open(void *ctx, ptn_str_t chunk, u_char *p, size_t n)
{
    size_t  got;

    if (chunk.len == n) {
        memcpy(p, chunk.data, n);
        return PTN_OK;
    }

    got = ZSTD_decompressDCtx(ctx, p, n, chunk.data, chunk.len);

    return (!ZSTD_isError(got) && got == n) ? PTN_OK : PTN_ECORRUPT;
}
