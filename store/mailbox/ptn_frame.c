/*
 * zstd frames.  Each has a checksum (XXH64), so that bytes that changed on the
 * disk are noticed when they are read.  Small ones are made with the mailbox's
 * dictionary, where it has one (ptn_dictionary.c).
 */

#include <zstd.h>
#include <zstd_errors.h>

#include "ptn_dictionary.h"


/*
 * The fast level makes 1 to 4 % more of real mail, in 10 to 40 % less time,
 * and what it makes has fewer sequences to decode.
 */
#define PTN_FRAME_LEVEL  PTN_DICTIONARY_LEVEL
#define PTN_FRAME_HASTY  (-1000)

/* ZSTD_c_literalCompressionMode, 1: always; where it does not exist the level
 * alone makes nothing smaller, and the frame is made as others are. */
#define PTN_FRAME_LETTERS  ZSTD_c_experimentalParam5


ptn_rc_t
ptn_frame_cctx(ptn_store_t *store)
{
    if (store->cctx == NULL) {
        store->cctx = ZSTD_createCCtx();
    }

    return store->cctx ? PTN_OK : PTN_ENOMEM;
}


ptn_rc_t
ptn_frame_dctx(ptn_store_t *store)
{
    if (store->dctx == NULL) {
        store->dctx = ZSTD_createDCtx();
    }

    return store->dctx ? PTN_OK : PTN_ENOMEM;
}


ptn_rc_t
ptn_frame_compress(ptn_store_t *store, const void *cdict, ptn_str_t plain,
    u_char *p, size_t size, size_t *ret_n)
{
    size_t    n;
    ptn_rc_t  rc;

    rc = ptn_frame_cctx(store);
    if (rc != PTN_OK) {
        return rc;
    }

    ZSTD_CCtx_reset(store->cctx, ZSTD_reset_session_and_parameters);
    ZSTD_CCtx_setParameter(store->cctx, ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setParameter(store->cctx, ZSTD_c_compressionLevel,
                           PTN_FRAME_LEVEL);

    if (cdict != NULL
        && ZSTD_isError(ZSTD_CCtx_refCDict(store->cctx, cdict)))
    {
        return PTN_ENOMEM;
    }

    n = ZSTD_compress2(store->cctx, p, size, plain.data, plain.len);

    if (!ZSTD_isError(n)) {
        *ret_n = n;
        return PTN_OK;
    }

    switch (ZSTD_getErrorCode(n)) {

    case ZSTD_error_dstSize_tooSmall:
        return PTN_ETRUNC;

    case ZSTD_error_memory_allocation:
        return PTN_ENOMEM;

    default:
        return PTN_EINTERNAL;
    }
}


ptn_rc_t
ptn_frame_make(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_str_t plain,
    ptn_str_t *ret, ptn_codec_e *ret_codec)
{
    size_t       n, size;
    u_char      *p;
    ptn_rc_t     rc;
    const void  *cdict;

    *ret = plain;
    *ret_codec = PTN_CODEC_NONE;

    if (plain.len < PTN_FRAME_MIN) {
        return PTN_OK;
    }

    cdict = NULL;

    if (plain.len <= PTN_DICTIONARY_PLAIN) {
        rc = ptn_dictionary_now(mb, &cdict);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    size = plain.len - 1;

    p = ptn_palloc(pool, size);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_frame_compress(mb->store, cdict, plain, p, size, &n);

    if (rc == PTN_OK) {
        *ret = ptn_str_make(p, n);
        *ret_codec = cdict ? PTN_CODEC_DICT : PTN_CODEC_ZSTD;
    }

    return (rc == PTN_ETRUNC) ? PTN_OK : rc;
}


/*
 * In haste: no matches are looked for, only the letters are coded by how often
 * each comes, which takes a third of the time for half as much again.  One
 * that is no smaller is made as others are.
 */

ptn_rc_t
ptn_frame_hasty(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_str_t plain,
    ptn_str_t *ret, ptn_codec_e *ret_codec)
{
    size_t        n;
    u_char       *p;
    ptn_rc_t      rc;
    ptn_store_t  *store;

    store = mb->store;
    rc = ptn_frame_cctx(store);
    p = (plain.len < PTN_FRAME_MIN) ? NULL : ptn_palloc(pool, plain.len - 1);

    if (rc != PTN_OK || p == NULL) {
        return ptn_frame_make(mb, pool, plain, ret, ret_codec);
    }

    ZSTD_CCtx_reset(store->cctx, ZSTD_reset_session_and_parameters);
    ZSTD_CCtx_setParameter(store->cctx, ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setParameter(store->cctx, ZSTD_c_compressionLevel,
                           PTN_FRAME_HASTY);
    ZSTD_CCtx_setParameter(store->cctx, PTN_FRAME_LETTERS, 1);

    n = ZSTD_compress2(store->cctx, p, plain.len - 1, plain.data, plain.len);

    if (ZSTD_isError(n)) {
        return ptn_frame_make(mb, pool, plain, ret, ret_codec);
    }

    *ret = ptn_str_make(p, n);
    *ret_codec = PTN_CODEC_HASTY;

    return PTN_OK;
}


ptn_rc_t
ptn_frame_size(ptn_str_t frame, ptn_codec_e codec, uint64_t *ret_size)
{
    unsigned long long  n;

    if (codec == PTN_CODEC_NONE) {
        *ret_size = frame.len;
        return PTN_OK;
    }

    n = ZSTD_getFrameContentSize(frame.data, frame.len);

    if (n == ZSTD_CONTENTSIZE_UNKNOWN || n == ZSTD_CONTENTSIZE_ERROR) {
        return PTN_ECORRUPT;
    }

    *ret_size = n;

    return PTN_OK;
}


ptn_rc_t
ptn_frame_open(ptn_mbox_t *mb, ptn_str_t frame, ptn_codec_e codec, u_char *p,
    size_t n)
{
    size_t       got;
    ptn_rc_t     rc;
    uint64_t     size;
    const void  *ddict;

    rc = ptn_frame_size(frame, codec, &size);

    if (rc != PTN_OK || size != n || codec > PTN_CODEC_HASTY) {
        return PTN_ECORRUPT;
    }

    if (codec == PTN_CODEC_NONE) {
        if (n != 0) {
            memcpy(p, frame.data, n);
        }

        return PTN_OK;
    }

    ddict = NULL;
    rc = ptn_frame_dctx(mb->store);

    if (rc == PTN_OK && codec == PTN_CODEC_DICT) {
        rc = ptn_dictionary_get(mb,
                                ZSTD_getDictID_fromFrame(frame.data,
                                                         frame.len),
                                &ddict);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    got = ddict ? ZSTD_decompress_usingDDict(mb->store->dctx, p, n,
                                             frame.data, frame.len, ddict)
                : ZSTD_decompressDCtx(mb->store->dctx, p, n, frame.data,
                                      frame.len);

    if (!ZSTD_isError(got)) {
        return (got == n) ? PTN_OK : PTN_ECORRUPT;
    }

    return (ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation)
           ? PTN_ENOMEM : PTN_ECORRUPT;
}
