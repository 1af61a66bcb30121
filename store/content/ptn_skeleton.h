/*
 * The one copy of content (DESIGN 3): a message that came as MIME is kept as
 * a skeleton and its larger base64 attachments, decoded.  The skeleton is the
 * raw message with each such attachment's encoded text replaced by a
 * reference; together they give back the same bytes.  An encoding that our
 * encoder would not produce again (odd line lengths that vary, missing padding,
 * mixed line ends) stays in the skeleton.
 *
 * Pure: no compression and no I/O here; store/mailbox compresses skeletons
 * and keeps attachments as blobs by their SHA-256.
 */

#ifndef PTN_SKELETON_H
#define PTN_SKELETON_H


#include "ptn_mime.h"


#define PTN_SKELETON_MIN  (32 * 1024)   /* decoded bytes, to be worth a blob */

typedef struct {
    u_char     sha256[32];      /* of data */
    ptn_str_t  data;            /* decoded */
} ptn_skeleton_part_t;

/*
 * *ret_skeleton and parts live in `pool`.  Verified: restore gives `mime->raw`
 * or the part stayed in.
 */
ptn_rc_t ptn_skeleton_build(ptn_pool_t *pool, const ptn_mime_t *mime,
    ptn_str_t *ret_skeleton, ptn_skeleton_part_t **ret_parts, size_t *ret_n);

/* Size of the whole message; ECORRUPT. */
ptn_rc_t ptn_skeleton_size(ptn_str_t skeleton, uint64_t *ret_size);

/*
 * Writes bytes [off, off + len) of the message to `sink`; `blob` reads a
 * range of a part's decoded bytes.  Memory is bounded whatever the size.
 */
typedef struct {
    ptn_rc_t  (*blob)(void *ctx, const u_char sha256[32], uint64_t off,
                  u_char *p, size_t n);
    ptn_rc_t  (*sink)(void *ctx, const u_char *p, size_t n);
    void       *ctx;
} ptn_skeleton_io_t;

ptn_rc_t ptn_skeleton_restore(ptn_str_t skeleton, uint64_t off, uint64_t len,
    const ptn_skeleton_io_t *io);

/* The blobs that a skeleton names (for reference counts, check). */
ptn_rc_t ptn_skeleton_refs(ptn_pool_t *pool, ptn_str_t skeleton,
    u_char (**ret_sha256)[32], size_t *ret_n);


#endif /* PTN_SKELETON_H */
