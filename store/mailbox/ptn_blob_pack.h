/*
 * The packed form of a blob file, for bytes that compress: chunks of 128 KB,
 * so that a slice of a large attachment is read without the rest.
 *
 *   "PTNB", u8 version 1, u8 17 (chunks of 2^17), u16 0, u64 bytes unpacked
 *   u32 for each chunk: its bytes in the file; as many as it has unpacked:
 *       it stands there as it is, else it is a zstd frame with a checksum
 *   the chunks
 *
 * Little-endian.  Files come from outside: whatever does not fit is ECORRUPT.
 */

#ifndef PTN_BLOB_PACK_H
#define PTN_BLOB_PACK_H


#include "ptn_base.h"


#define PTN_BLOB_CHUNK  (128 * 1024)
#define PTN_BLOB_HEAD   16

/* Chunks of that many bytes; a file's head and table. */
static inline uint64_t
ptn_blob_chunks(uint64_t size)
{
    return size / PTN_BLOB_CHUNK + (size % PTN_BLOB_CHUNK != 0);
}

#define ptn_blob_table(size)  (PTN_BLOB_HEAD + 4 * ptn_blob_chunks(size))

/* Bytes of chunk `i`, unpacked. */
static inline size_t
ptn_blob_chunk_len(uint64_t size, uint64_t i)
{
    return (size_t) ptn_min(size - i * PTN_BLOB_CHUNK,
                            (uint64_t) PTN_BLOB_CHUNK);
}

/* `p`: ptn_blob_table(size) bytes; the lengths stand in it already. */
void ptn_blob_head_put(u_char *p, uint64_t size);
/* Head and table of a file of `stored` bytes that is to hold `size`. */
ptn_rc_t ptn_blob_head_check(ptn_str_t head, uint64_t size, uint64_t stored);
/* One chunk: `n` bytes at `p`.  ctx: a ZSTD_DCtx. */
ptn_rc_t ptn_blob_chunk_open(void *ctx, ptn_str_t chunk, u_char *p, size_t n);


#endif /* PTN_BLOB_PACK_H */
