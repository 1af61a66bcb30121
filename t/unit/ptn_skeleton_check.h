/*
 * A skeleton gives back its message: whole, and in slices.  Used by the unit
 * test and by the fuzz target.
 */

#ifndef PTN_SKELETON_CHECK_H
#define PTN_SKELETON_CHECK_H


#include "ptn_skeleton.h"


typedef struct {
    const ptn_skeleton_part_t  *parts;
    size_t                      n;
    ptn_str_t                   want;       /* not yet seen */
} ptn_skeleton_check_t;


static inline ptn_rc_t
ptn_skeleton_check_blob(void *ctx, const u_char sha256[32], uint64_t off,
    u_char *p, size_t n)
{
    size_t                 i;
    ptn_skeleton_check_t  *c = ctx;

    for (i = 0; i < c->n; i++) {
        if (memcmp(c->parts[i].sha256, sha256, 32) == 0) {

            if (off > c->parts[i].data.len
                || n > c->parts[i].data.len - off)
            {
                return PTN_EIO;
            }

            memcpy(p, c->parts[i].data.data + off, n);
            return PTN_OK;
        }
    }

    return PTN_ENOTFOUND;
}


static inline ptn_rc_t
ptn_skeleton_check_sink(void *ctx, const u_char *p, size_t n)
{
    ptn_skeleton_check_t  *c = ctx;

    if (n > c->want.len || memcmp(p, c->want.data, n) != 0) {
        return PTN_ECORRUPT;
    }

    c->want.data += n;
    c->want.len -= n;

    return PTN_OK;
}


static inline bool
ptn_skeleton_check_slice(ptn_str_t skeleton, ptn_str_t raw,
    const ptn_skeleton_part_t *parts, size_t n, size_t off, size_t len)
{
    ptn_skeleton_io_t     io;
    ptn_skeleton_check_t  c;

    if (raw.len == 0) {
        raw.data = (u_char *) "";
    }

    off = ptn_min(off, raw.len);
    c.parts = parts;
    c.n = n;
    c.want = ptn_str_make(raw.data + off, ptn_min(len, raw.len - off));

    io.blob = ptn_skeleton_check_blob;
    io.sink = ptn_skeleton_check_sink;
    io.ctx = &c;

    return ptn_skeleton_restore(skeleton, off, len, &io) == PTN_OK
           && c.want.len == 0;
}


#endif /* PTN_SKELETON_CHECK_H */
