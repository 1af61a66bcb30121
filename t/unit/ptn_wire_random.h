/*
 * Random values of the hooks of wire tables, for tests: they must fit what
 * stands in front of them, so they may set that, too.
 */

#ifndef PTN_WIRE_RANDOM_H
#define PTN_WIRE_RANDOM_H


#include "ptn_wire_all.h"


static inline uint64_t
wire_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;

    return *seed;
}


static inline void
wire_random_int(ptn_buf_t *b, uint64_t v, size_t n)
{
    while (n-- > 0) {
        ptn_buf_byte(b, (u_char) v);
        v >>= 8;
    }
}


static const uint16_t  wire_random_types[] = {
    0x0002, 0x0003, 0x0004, 0x0005, 0x0006, 0x0007, 0x000b, 0x0014, 0x001e,
    0x001f, 0x0040, 0x0048, 0x00fb, 0x00fd, 0x00fe, 0x0102,
    0x1002, 0x1003, 0x1004, 0x1005, 0x1006, 0x1007, 0x1014, 0x101e, 0x101f,
    0x1040, 0x1048, 0x1102, 0x3003, 0x301f
};


static inline uint16_t
wire_random_type(uint64_t *seed)
{
    return wire_random_types[wire_random(seed)
                             % ptn_nelts(wire_random_types)];
}


static inline void
wire_random_units(ptn_buf_t *b, uint64_t *seed, size_t width)
{
    size_t  n;

    for (n = wire_random(seed) % 9; n > 0; n--) {
        wire_random_int(b, wire_random(seed) | 1, width);
    }

    wire_random_int(b, 0, width);
}


static inline void wire_random_value(ptn_buf_t *b, uint64_t *seed,
    uint16_t type);


/* MS-OXCDATA 2.12 */
static inline void
wire_random_restrict(ptn_buf_t *b, uint64_t *seed, unsigned depth)
{
    size_t    n;
    uint16_t  tag;
    uint64_t  type;

    type = depth > 3 ? 8 : wire_random(seed) % 12;
    wire_random_int(b, type, 1);
    tag = wire_random_type(seed);

    switch (type) {

    case 0:
    case 1:
        n = wire_random(seed) % 3;
        wire_random_int(b, n, 2);
        while (n-- > 0) {
            wire_random_restrict(b, seed, depth + 1);
        }
        return;

    case 2:
        wire_random_restrict(b, seed, depth + 1);
        return;

    case 3:
    case 4:
        wire_random_int(b, wire_random(seed), type == 3 ? 4 : 1);
        wire_random_int(b, 0x30010000u | tag, 4);
        wire_random_int(b, 0x30010000u | tag, 4);
        wire_random_value(b, seed, tag);
        return;

    case 5:
    case 6:
    case 7:
        wire_random_int(b, wire_random(seed) % 6, 1);
        wire_random_int(b, wire_random(seed), 8);
        return;

    case 8:
        wire_random_int(b, wire_random(seed), 4);
        return;

    case 9:
    case 11:
        wire_random_int(b, wire_random(seed), 4);
        wire_random_restrict(b, seed, depth + 1);
        return;

    default:
        n = wire_random(seed) % 3;
        wire_random_int(b, n, 1);
        while (n-- > 0) {
            tag = wire_random_type(seed);
            wire_random_int(b, 0x30010000u | tag, 4);
            wire_random_value(b, seed, tag);
        }
        n = wire_random(seed) % 2;
        wire_random_int(b, n, 1);
        if (n) {
            wire_random_restrict(b, seed, depth + 1);
        }
    }
}


static inline void
wire_random_one(ptn_buf_t *b, uint64_t *seed, uint16_t type)
{
    size_t  i, n;

    switch (type) {

    case 0x001e:
        wire_random_units(b, seed, 1);
        return;

    case 0x001f:
        wire_random_units(b, seed, 2);
        return;

    case 0x00fb:
    case 0x0102:
        n = wire_random(seed) % 9;
        wire_random_int(b, n, 2);
        for (i = 0; i < n; i++) {
            ptn_buf_byte(b, (u_char) wire_random(seed));
        }
        return;

    case 0x00fd:
        wire_random_restrict(b, seed, 0);
        return;

    case 0x00fe:
        n = wire_random(seed) % 3;
        wire_random_int(b, n, 2);
        while (n-- > 0) {
            wire_random_one(b, seed, 0x0102);
        }
        return;

    case 0x0048:
        wire_random_int(b, wire_random(seed), 8);
        wire_random_int(b, wire_random(seed), 8);
        return;

    default:
        wire_random_int(b, wire_random(seed),
                        type == 0x0002 ? 2 : type == 0x000b ? 1
                        : type == 0x0003 || type == 0x0004 || type == 0x000a
                          ? 4 : 8);
    }
}


static inline void
wire_random_value(ptn_buf_t *b, uint64_t *seed, uint16_t type)
{
    size_t  n;

    if ((type & 0x3000) != 0x1000) {
        wire_random_one(b, seed, type & 0x0fff);
        return;
    }

    n = wire_random(seed) % 4;
    wire_random_int(b, n, 4);

    while (n-- > 0) {
        wire_random_one(b, seed, type & 0x0fff);
    }
}


/* A PropertyRow; some columns become unspecified. */
static inline void
wire_random_row(ptn_buf_t *b, uint64_t *seed, uint32_t *columns, size_t n)
{
    size_t    i;
    uint8_t   flag;
    uint16_t  type;
    bool      flagged;

    flagged = wire_random(seed) % 2;
    ptn_buf_byte(b, flagged);

    for (i = 0; i < n; i++) {
        type = wire_random_type(seed);
        columns[i] = (columns[i] & 0xffff0000) | type;

        if (wire_random(seed) % 3 == 0) {
            columns[i] &= 0xffff0000;
            wire_random_int(b, type, 2);
        }

        if (flagged) {
            flag = wire_random(seed) % 3;
            flag = flag == 2 ? 0x0a : flag;
            ptn_buf_byte(b, flag);

            if (flag == 1) {
                continue;
            }

            type = flag ? 0x000a : type;
        }

        wire_random_value(b, seed, type);
    }
}


static inline void
wire_random_recip(ptn_buf_t *b, uint64_t *seed, uint32_t *columns, size_t n)
{
    size_t    i;
    uint16_t  flags, type;

    static const uint16_t  strings[] = { 0x0008, 0x0010, 0x0400, 0x0020 };

    flags = (uint16_t) wire_random(seed);
    type = flags & 0x0200 ? 0x001f : 0x001e;

    wire_random_int(b, flags, 2);

    if ((flags & 7) == 1) {
        wire_random_int(b, 0, 2);
        wire_random_one(b, seed, 0x001e);
    }

    if ((flags & 7) >= 6) {
        wire_random_one(b, seed, 0x0102);
        wire_random_one(b, seed, 0x0102);
    }

    if ((flags & 0x8007) == 0x8000) {
        wire_random_one(b, seed, 0x001e);
    }

    for (i = 0; i < ptn_nelts(strings); i++) {
        if (flags & strings[i]) {
            wire_random_one(b, seed, type);
        }
    }

    n = wire_random(seed) % (n + 1);
    wire_random_int(b, n, 2);
    wire_random_row(b, seed, columns, n);
}


static inline void
wire_fill_hook(const ptn_wire_hook_t *hook, ptn_pool_t *pool, uint64_t *seed,
    void *base, void *member)
{
    uint64_t                  v;
    ptn_buf_t                 b;
    ptn_wire_property_row_t  *row;

    if (hook == &wire_leb) {
        v = wire_random(seed) % 100000;
        memcpy(member, &v, sizeof(v));
        return;
    }

    ptn_buf_init(&b, pool);

    if (hook == &ptn_wire_tagged_hook) {
        ((ptn_wire_tagged_t *) base)->tag &= 0xffff0000;
        ((ptn_wire_tagged_t *) base)->tag |= wire_random_type(seed);
        wire_random_value(&b, seed,
                          (uint16_t) ((ptn_wire_tagged_t *) base)->tag);

    } else if (hook == &ptn_wire_typed_hook) {
        ((ptn_wire_typed_t *) base)->type = wire_random_type(seed);
        wire_random_value(&b, seed, ((ptn_wire_typed_t *) base)->type);

    } else if (hook == &ptn_wire_row_hook) {
        row = base;
        wire_random_row(&b, seed, row->columns, row->count);

    } else if (hook == &ptn_wire_recip_hook) {
        row = base;         /* has the same members */
        wire_random_recip(&b, seed, row->columns, row->count);
    }

    *(ptn_str_t *) member = ptn_buf_get(&b);
}


#endif /* PTN_WIRE_RANDOM_H */
