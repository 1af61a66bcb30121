#include "ptn_lzxpress.h"


#define PTN_LZ_WINDOW     8192
#define PTN_LZ_MATCH_MIN  3
#define PTN_LZ_HASH_BITS  12
#define PTN_LZ_CHAIN      8             /* candidates tried for a match */


/* --- unpacking ----------------------------------------------------------- */

typedef struct {
    const u_char  *in;
    size_t         n, pos;
    size_t         half;                /* of a shared length byte; 0: none */
    bool           bad;
} ptn_lz_in_t;


static uint32_t
ptn_lz_get(ptn_lz_in_t *lz, unsigned bytes)
{
    unsigned  i;
    uint32_t  v;

    if (lz->n - lz->pos < bytes) {
        lz->bad = true;
        lz->pos = lz->n;
        return 0;
    }

    for (i = 0, v = 0; i < bytes; i++) {
        v |= (uint32_t) lz->in[lz->pos++] << (8 * i);
    }

    return v;
}


/* A length that does not fit 3 bits: 4 more, then 8, 16, 32 (2.4.4). */

static uint64_t
ptn_lz_get_length(ptn_lz_in_t *lz)
{
    uint32_t  len;

    if (lz->half == 0) {
        lz->half = lz->pos;
        len = ptn_lz_get(lz, 1) & 15;

    } else {
        len = lz->in[lz->half] >> 4;
        lz->half = 0;
    }

    if (len < 15) {
        return len + 7 + PTN_LZ_MATCH_MIN;
    }

    len = ptn_lz_get(lz, 1);

    if (len < 255) {
        return len + 15 + 7 + PTN_LZ_MATCH_MIN;
    }

    len = ptn_lz_get(lz, 2);

    if (len == 0) {
        len = ptn_lz_get(lz, 4);
    }

    if (len < 15 + 7) {
        lz->bad = true;
    }

    return (uint64_t) len + PTN_LZ_MATCH_MIN;
}


ptn_rc_t
ptn_lzxpress_unpack(ptn_str_t in, u_char *out, size_t len)
{
    size_t       done, off;
    uint32_t     flags, meta;
    uint64_t     n;
    unsigned     left;
    ptn_lz_in_t  lz = { in.data, in.len, 0, 0, false };

    flags = 0;
    left = 0;
    done = 0;

    for ( ;; ) {

        if (left == 0) {
            if (lz.pos == lz.n && done == len) {
                return PTN_OK;
            }

            flags = ptn_lz_get(&lz, 4);
            left = 32;
        }

        left--;

        if (!(flags & (uint32_t) 1 << left)) {

            if (lz.pos == lz.n || done == len) {
                return PTN_ECORRUPT;
            }

            out[done++] = lz.in[lz.pos++];
            continue;
        }

        if (lz.pos == lz.n) {
            break;
        }

        meta = ptn_lz_get(&lz, 2);
        off = (meta >> 3) + 1;
        n = (meta & 7) + PTN_LZ_MATCH_MIN;

        if ((meta & 7) == 7) {
            n = ptn_lz_get_length(&lz);
        }

        if (lz.bad || off > done || n > len - done) {
            return PTN_ECORRUPT;
        }

        /* byte by byte: what is copied may be what this copy writes */

        while (n-- != 0) {
            out[done] = out[done - off];
            done++;
        }
    }

    return !lz.bad && done == len ? PTN_OK : PTN_ECORRUPT;
}


/* --- packing ------------------------------------------------------------- */

typedef struct {
    u_char   *out;
    size_t    n, max;
    size_t    flags_at;                 /* where the flags go */
    uint32_t  flags;
    unsigned  count;
    size_t    half;
    bool      full;
} ptn_lz_out_t;


static void
ptn_lz_put(ptn_lz_out_t *lz, uint32_t v, unsigned bytes)
{
    if (lz->max - lz->n < bytes) {
        lz->full = true;
        return;
    }

    while (bytes-- != 0) {
        lz->out[lz->n++] = (u_char) v;
        v >>= 8;
    }
}


static void
ptn_lz_flags(ptn_lz_out_t *lz)
{
    unsigned  i;

    for (i = 0; i < 4; i++) {
        lz->out[lz->flags_at + i] = (u_char) (lz->flags >> (8 * i));
    }
}


static void
ptn_lz_put_flag(ptn_lz_out_t *lz, uint32_t bit)
{
    if (lz->count == 32) {
        ptn_lz_flags(lz);
        lz->flags_at = lz->n;
        lz->flags = 0;
        lz->count = 0;
        ptn_lz_put(lz, 0, 4);
    }

    lz->flags = lz->flags << 1 | bit;
    lz->count++;
}


static void
ptn_lz_put_match(ptn_lz_out_t *lz, size_t off, size_t len)
{
    uint32_t  n, meta;

    n = (uint32_t) (len - PTN_LZ_MATCH_MIN);
    meta = (uint32_t) (off - 1) << 3;

    if (n < 7) {
        ptn_lz_put(lz, meta | n, 2);
        return;
    }

    ptn_lz_put(lz, meta | 7, 2);

    if (lz->full) {
        return;
    }

    n -= 7;

    if (lz->half == 0) {
        lz->half = lz->n;
        ptn_lz_put(lz, ptn_min(n, 15u), 1);

    } else {
        lz->out[lz->half] |= (u_char) (ptn_min(n, 15u) << 4);
        lz->half = 0;
    }

    if (n < 15) {
        return;
    }

    n -= 15;

    if (n < 255) {
        ptn_lz_put(lz, n, 1);
        return;
    }

    ptn_lz_put(lz, 255, 1);
    n += 15 + 7;

    if (n < 65536) {
        ptn_lz_put(lz, n, 2);

    } else {
        ptn_lz_put(lz, 0, 2);
        ptn_lz_put(lz, n, 4);
    }
}


static uint32_t
ptn_lz_hash(const u_char *p)
{
    uint32_t  v;

    v = p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16;

    return v * 2654435761u >> (32 - PTN_LZ_HASH_BITS);
}


static size_t
ptn_lz_same(const u_char *a, const u_char *b, const u_char *end)
{
    const u_char  *start = b;

    while (b < end && *a == *b) {
        a++;
        b++;
    }

    return (size_t) (b - start);
}


/*
 * `head` has the newest position of a hash, plus 1; `prev`, for each position
 * of the window, how far back the one before is, 0: none.
 */

size_t
ptn_lzxpress_pack(ptn_str_t in, u_char *out, size_t max)
{
    size_t         pos, at, len, best, best_off, i, step;
    uint32_t       h;
    uint32_t       head[1 << PTN_LZ_HASH_BITS];
    uint16_t       prev[PTN_LZ_WINDOW];         /* distance to it */
    const u_char  *p, *end;
    ptn_lz_out_t   lz = { out, 0, max, 0, 0, 0, 0, false };

    memset(head, 0, sizeof(head));
    ptn_lz_put(&lz, 0, 4);

    p = in.data;
    end = p + in.len;

    for (pos = 0; pos < in.len && !lz.full; pos += step) {

        best = 0;
        best_off = 0;

        if (in.len - pos >= PTN_LZ_MATCH_MIN) {
            h = ptn_lz_hash(p + pos);

            at = head[h];               /* position + 1 */

            for (i = 0; i < PTN_LZ_CHAIN && at != 0
                        && pos - (at - 1) <= PTN_LZ_WINDOW; i++)
            {
                len = ptn_lz_same(p + at - 1, p + pos, end);

                if (len > best) {
                    best = len;
                    best_off = pos - (at - 1);
                }

                if (prev[(at - 1) % PTN_LZ_WINDOW] == 0) {
                    break;
                }

                at -= prev[(at - 1) % PTN_LZ_WINDOW];
            }
        }

        if (best >= PTN_LZ_MATCH_MIN) {
            ptn_lz_put_flag(&lz, 1);
            ptn_lz_put_match(&lz, best_off, best);
            step = best;

        } else {
            ptn_lz_put_flag(&lz, 0);
            ptn_lz_put(&lz, p[pos], 1);
            step = 1;
        }

        for (i = pos; i < pos + step && in.len - i >= PTN_LZ_MATCH_MIN; i++) {
            h = ptn_lz_hash(p + i);
            at = head[h] == 0 ? 0 : i + 1 - head[h];
            prev[i % PTN_LZ_WINDOW]
                = (uint16_t) (at > PTN_LZ_WINDOW ? 0 : at);
            head[h] = (uint32_t) (i + 1);
        }
    }

    /* flags that are left over say match, at which the end is the end */

    if (lz.count == 0) {
        lz.flags = 0xffffffff;          /* nothing was packed */

    } else if (lz.count == 32) {
        ptn_lz_flags(&lz);
        lz.flags_at = lz.n;
        lz.flags = 0xffffffff;
        ptn_lz_put(&lz, 0, 4);

    } else {
        lz.flags = lz.flags << (32 - lz.count)
                   | (((uint32_t) 1 << (32 - lz.count)) - 1);
    }

    if (lz.full) {
        return 0;
    }

    ptn_lz_flags(&lz);

    return lz.n;
}


void
ptn_xor_magic(u_char *p, size_t len)
{
    while (len-- != 0) {
        *p++ ^= 0xa5;
    }
}
