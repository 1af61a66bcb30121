/*
 * Id sets on the wire (MS-OXCFXICS 2.2.2.4, 2.2.2.6, 3.1.5.4).
 *
 * Encoding.  The ranges of a GLOBSET are the leaves of a tree over the six
 * bytes.  Pushing the k bytes that a group has in common costs k + 2 bytes
 * with its Pop and saves k a value: worth it for three ranges or more, for two
 * unless both are single values with one byte in common, and for one range
 * (not a value) from three bytes on.  At five bytes the shortest of Bitmask
 * (3), Range (3) and Push (2) is found from the end.
 */

#include <stdlib.h>

#include "ptn_idset.h"


#define PTN_GLOBSET_END      0x00
#define PTN_GLOBSET_BITMASK  0x42
#define PTN_GLOBSET_POP      0x50
#define PTN_GLOBSET_RANGE    0x52

#define PTN_GLOBCNT_LEN      6


/* ---- encoding ------------------------------------------------------------ */

static unsigned
ptn_globset_byte(uint64_t id, unsigned i)
{
    return (unsigned) (id >> (8 * (5 - i))) & 0xff;
}


/* High-order bytes that two have in common. */

static unsigned
ptn_globset_common(uint64_t a, uint64_t b)
{
    unsigned  i;

    for (i = 0; i < PTN_GLOBCNT_LEN; i++) {
        if (ptn_globset_byte(a, i) != ptn_globset_byte(b, i)) {
            break;
        }
    }

    return i;
}


static void
ptn_globset_put(ptn_buf_t *b, unsigned command, uint64_t id, unsigned from,
    unsigned to)
{
    u_char  p[1 + PTN_GLOBCNT_LEN], cnt[PTN_GLOBCNT_LEN];

    ptn_id_globcnt(id, cnt);
    p[0] = (u_char) command;
    memcpy(p + 1, cnt + from, to - from);
    ptn_buf_add(b, p, 1 + to - from);
}


/* One range with `depth` bytes on the stack. */

static void
ptn_globset_one(ptn_buf_t *b, const ptn_idrange_t *r, unsigned depth)
{
    u_char  cnt[PTN_GLOBCNT_LEN];

    if (r->lo == r->hi) {
        ptn_globset_put(b, PTN_GLOBCNT_LEN - depth, r->lo, depth,
                        PTN_GLOBCNT_LEN);
        return;
    }

    ptn_globset_put(b, PTN_GLOBSET_RANGE, r->lo, depth, PTN_GLOBCNT_LEN);
    ptn_id_globcnt(r->hi, cnt);
    ptn_buf_add(b, cnt + depth, PTN_GLOBCNT_LEN - depth);
}


/* Ranges that differ in the last byte only: 128 at most. */

static void
ptn_globset_leaves(ptn_buf_t *b, const ptn_idrange_t *r, size_t n)
{
    size_t    i, k;
    u_char    mask[3], take[129];
    uint16_t  cost[129], one;
    uint64_t  id;

    cost[n] = 0;

    for (i = n; i-- > 0; ) {
        for (k = i; k < n && r[k].hi <= r[i].lo + 8; k++) { /* void */ }

        one = (r[i].lo == r[i].hi) ? 2 : 3;
        cost[i] = (uint16_t) (one + cost[i + 1]);
        take[i] = 1;

        if (k > i + 1 && 3 + cost[k] < cost[i]) {
            cost[i] = (uint16_t) (3 + cost[k]);
            take[i] = (u_char) (k - i);
        }
    }

    for (i = 0; i < n; i += take[i]) {
        if (take[i] == 1) {
            ptn_globset_one(b, &r[i], 5);
            continue;
        }

        mask[0] = PTN_GLOBSET_BITMASK;
        mask[1] = (u_char) r[i].lo;
        mask[2] = 0;

        for (k = i; k < i + take[i]; k++) {
            for (id = r[k].lo; id <= r[k].hi; id++) {
                if (id != r[i].lo) {
                    mask[2] |= (u_char) (1u << (id - r[i].lo - 1));
                }
            }
        }

        ptn_buf_add(b, mask, 3);
    }
}


static bool
ptn_globset_worth(const ptn_idrange_t *r, size_t n, unsigned common)
{
    if (n == 1) {
        return r->lo != r->hi && common > 2;
    }

    return n > 2 || common > 1 || r[0].lo != r[0].hi || r[1].lo != r[1].hi;
}


static void
ptn_globset_encode(ptn_buf_t *b, const ptn_idrange_t *r, size_t n,
    unsigned depth)
{
    size_t          i, k;
    unsigned        byte, p;
    const u_char    pop = PTN_GLOBSET_POP;

    if (depth == 5) {
        ptn_globset_leaves(b, r, n);
        return;
    }

    for (i = 0; i < n; i = k) {
        byte = ptn_globset_byte(r[i].lo, depth);

        for (k = i; k < n && ptn_globset_byte(r[k].lo, depth) == byte
                    && ptn_globset_byte(r[k].hi, depth) == byte; k++)
        {
            /* void */
        }

        if (k == i) {
            ptn_globset_one(b, &r[k++], depth);
            continue;
        }

        /* a value is Push to its end; a group is Push, what is in it, Pop */

        p = ptn_min(ptn_globset_common(r[i].lo, r[k - 1].hi), 5u);

        if (!ptn_globset_worth(&r[i], k - i, p - depth)) {
            for ( /* void */ ; i < k; i++) {
                ptn_globset_one(b, &r[i], depth);
            }
            continue;
        }

        ptn_globset_put(b, p - depth, r[i].lo, depth, p);
        ptn_globset_encode(b, &r[i], k - i, p);
        ptn_buf_add(b, &pop, 1);
    }
}


static int
ptn_idset_compare_replid(const void *a, const void *b)
{
    const ptn_idset_part_t *const  *x = a, *const *y = b;

    return ((*x)->replid > (*y)->replid) - ((*x)->replid < (*y)->replid);
}


ptn_rc_t
ptn_idset_encode(const ptn_idset_t *set, ptn_pool_t *pool,
    ptn_idset_form_e form, ptn_str_t *ret)
{
    u_char                    replid[2], end;
    uint32_t                  i, n;
    ptn_buf_t                 b;
    const ptn_idset_part_t  **order;

    order = ptn_parray(pool, set->nparts, sizeof(ptn_idset_part_t *));
    if (order == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0, n = 0; i < set->nparts; i++) {
        if (set->parts[i].nlate != 0) {
            return PTN_EINTERNAL;
        }

        if (set->parts[i].n == 0) {
            continue;
        }

        if (form == PTN_IDSET_REPLID && set->parts[i].replid == 0) {
            return PTN_EINVAL;
        }

        order[n++] = &set->parts[i];
    }

    if (form == PTN_IDSET_REPLID && n != 0) {
        qsort(order, n, sizeof(ptn_idset_part_t *), ptn_idset_compare_replid);
    }

    ptn_buf_init(&b, pool);
    end = PTN_GLOBSET_END;

    for (i = 0; i < n; i++) {
        if (form == PTN_IDSET_REPLID) {
            replid[0] = (u_char) order[i]->replid;
            replid[1] = (u_char) (order[i]->replid >> 8);
            ptn_buf_add(&b, replid, 2);

        } else {
            ptn_buf_add(&b, order[i]->guid.b, sizeof(order[i]->guid.b));
        }

        ptn_globset_encode(&b, order[i]->r, order[i]->n, 0);
        ptn_buf_add(&b, &end, 1);
    }

    if (ptn_pool_failed(pool)) {
        return PTN_ENOMEM;
    }

    *ret = ptn_buf_get(&b);

    return PTN_OK;
}


/* ---- decoding ------------------------------------------------------------ */

typedef struct {
    const u_char  *p, *end;
    u_char         stack[PTN_GLOBCNT_LEN];
    unsigned       depth;                   /* bytes on the stack */
    u_char         pushed[PTN_GLOBCNT_LEN]; /* bytes of each Push */
    unsigned       npushed;
    size_t         n;                       /* ranges */
} ptn_globset_t;


static ptn_rc_t
ptn_globset_add(ptn_globset_t *g, ptn_idset_t *set, ptn_guid_t guid,
    uint64_t lo, uint64_t hi)
{
    if (lo > hi) {
        return PTN_EPARSE;
    }

    /* 0 is no id */

    if (hi == 0) {
        return PTN_OK;
    }

    if (++g->n > PTN_IDSET_RANGES_MAX) {
        return PTN_ELIMIT;
    }

    return ptn_idset_add_range(set, guid, ptn_max(lo, (uint64_t) 1), hi);
}


static ptn_rc_t
ptn_globset_push(ptn_globset_t *g, ptn_idset_t *set, ptn_guid_t guid,
    unsigned n)
{
    uint64_t  id;

    if (g->depth + n > PTN_GLOBCNT_LEN) {
        return PTN_EPARSE;
    }

    if ((size_t) (g->end - g->p) < n) {
        return PTN_ETRUNC;
    }

    memcpy(g->stack + g->depth, g->p, n);
    g->p += n;

    /* the sixth byte: a value, and what was pushed goes by itself */

    if (g->depth + n == PTN_GLOBCNT_LEN) {
        id = ptn_id_from_globcnt(g->stack);
        return ptn_globset_add(g, set, guid, id, id);
    }

    g->depth += n;
    g->pushed[g->npushed++] = (u_char) n;

    return PTN_OK;
}


static ptn_rc_t
ptn_globset_bitmask(ptn_globset_t *g, ptn_idset_t *set, ptn_guid_t guid)
{
    ptn_rc_t  rc;
    unsigned  start, mask, bit;
    uint64_t  base, lo;

    if (g->depth != 5) {
        return PTN_EPARSE;
    }

    if (g->end - g->p < 2) {
        return PTN_ETRUNC;
    }

    start = *g->p++;
    mask = *g->p++;

    if (mask != 0 && (unsigned) start + 1 + (31 - (unsigned)
                     __builtin_clz(mask)) > 0xff)
    {
        return PTN_EPARSE;
    }

    g->stack[5] = 0;
    base = ptn_id_from_globcnt(g->stack) + start;
    lo = base;
    mask <<= 1;
    mask |= 1;

    for (bit = 0, rc = PTN_OK; bit < 9 && rc == PTN_OK; bit++) {
        if (!(mask & 1u << bit)) {
            lo = base + bit + 1;

        } else if (!(mask & 1u << (bit + 1))) {
            rc = ptn_globset_add(g, set, guid, lo, base + bit);
        }
    }

    return rc;
}


static ptn_rc_t
ptn_globset_range(ptn_globset_t *g, ptn_idset_t *set, ptn_guid_t guid)
{
    unsigned  n;
    uint64_t  lo, hi;

    n = PTN_GLOBCNT_LEN - g->depth;

    if ((size_t) (g->end - g->p) < 2 * n) {
        return PTN_ETRUNC;
    }

    memcpy(g->stack + g->depth, g->p, n);
    lo = ptn_id_from_globcnt(g->stack);
    memcpy(g->stack + g->depth, g->p + n, n);
    hi = ptn_id_from_globcnt(g->stack);
    g->p += 2 * n;

    return ptn_globset_add(g, set, guid, lo, hi);
}


static ptn_rc_t
ptn_globset_decode(ptn_globset_t *g, ptn_idset_t *set, ptn_guid_t guid)
{
    ptn_rc_t  rc;
    unsigned  command;

    g->depth = 0;
    g->npushed = 0;

    for ( ;; ) {
        if (g->p == g->end) {
            return PTN_ETRUNC;
        }

        command = *g->p++;

        switch (command) {

        case PTN_GLOBSET_END:
            return (g->depth == 0) ? PTN_OK : PTN_EPARSE;

        case PTN_GLOBSET_POP:
            if (g->npushed == 0) {
                return PTN_EPARSE;
            }

            g->depth -= g->pushed[--g->npushed];
            rc = PTN_OK;
            break;

        case PTN_GLOBSET_BITMASK:
            rc = ptn_globset_bitmask(g, set, guid);
            break;

        case PTN_GLOBSET_RANGE:
            rc = ptn_globset_range(g, set, guid);
            break;

        default:
            rc = (command <= PTN_GLOBCNT_LEN)
                 ? ptn_globset_push(g, set, guid, command) : PTN_EPARSE;
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }
}


ptn_guid_t
ptn_idset_surrogate(uint16_t replid)
{
    ptn_guid_t  guid;

    memset(&guid, 0, sizeof(guid));
    guid.b[0] = (u_char) (replid >> 8);
    guid.b[1] = (u_char) replid;

    return guid;
}


static ptn_rc_t
ptn_idset_decode_all(ptn_idset_t *set, ptn_idset_form_e form,
    ptn_globset_t *g)
{
    size_t                   len;
    uint32_t                 n;
    ptn_rc_t                 rc;
    uint16_t                 replid;
    ptn_guid_t               guid;
    ptn_idset_part_t        *part;

    len = (form == PTN_IDSET_REPLID) ? 2 : sizeof(guid.b);

    for (n = 0; g->p < g->end; n++) {
        if ((size_t) (g->end - g->p) < len) {
            return PTN_ETRUNC;
        }

        replid = 0;

        if (form == PTN_IDSET_REPLID) {
            replid = (uint16_t) (g->p[0] | g->p[1] << 8);
            guid = ptn_idset_surrogate(replid);

        } else {
            memcpy(guid.b, g->p, len);
        }

        g->p += len;

        if (n >= PTN_IDSET_REPLICAS_MAX) {
            return PTN_ELIMIT;
        }

        if (ptn_idset_part(set, guid) != NULL) {
            return PTN_EPARSE;
        }

        rc = ptn_globset_decode(g, set, guid);
        if (rc != PTN_OK) {
            return rc;
        }

        part = (ptn_idset_part_t *) ptn_idset_part(set, guid);

        if (part != NULL) {
            part->replid = replid;
        }
    }

    return ptn_idset_ready(set);
}


ptn_rc_t
ptn_idset_decode(ptn_idset_t *set, ptn_idset_form_e form, ptn_str_t data)
{
    ptn_rc_t       rc;
    ptn_globset_t  g;

    if (data.len == 0) {
        return PTN_OK;
    }

    memset(&g, 0, sizeof(g));
    g.p = data.data;
    g.end = data.data + data.len;

    rc = ptn_idset_decode_all(set, form, &g);

    if (rc != PTN_OK) {
        ptn_idset_done(set);
    }

    return rc;
}
