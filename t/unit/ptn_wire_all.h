/*
 * Every wire table there is, for the unit test and the fuzz target: those of
 * the protocols, and one that has every kind of field.
 */

#ifndef PTN_WIRE_ALL_H
#define PTN_WIRE_ALL_H


#include "ptn_http_head.h"
#include "ptn_http_sign_in.h"
#include "ptn_recur_wire.h"
#include "ptn_tz_wire.h"
#include "ptn_wire.h"
#include "ptn_wire_eid.h"
#include "ptn_wire_rop.h"


/* A hook: seven bits a byte, low ones first; one spelling only. */
static inline ptn_rc_t
wire_leb_pull(ptn_wire_in_t *in, const void *base PTN_UNUSED, void *member)
{
    uint64_t       v;
    unsigned       shift;
    const u_char  *p;

    v = 0;

    for (shift = 0; shift < 56; shift += 7) {
        p = ptn_wire_take(in, 1);
        if (p == NULL) {
            return PTN_ETRUNC;
        }

        v |= (uint64_t) (*p & 0x7f) << shift;

        if (*p < 0x80) {
            if (*p == 0 && shift != 0) {
                return PTN_EPARSE;
            }

            memcpy(member, &v, sizeof(v));
            return PTN_OK;
        }
    }

    return PTN_EPARSE;
}


static inline ptn_rc_t
wire_leb_push(ptn_buf_t *out, const void *base PTN_UNUSED, const void *member)
{
    uint64_t  v;

    memcpy(&v, member, sizeof(v));

    while (v >= 0x80) {
        ptn_buf_byte(out, (u_char) (v | 0x80));
        v >>= 7;
    }

    ptn_buf_byte(out, (u_char) v);

    return PTN_OK;
}


static inline void
wire_leb_dump(ptn_buf_t *out, const void *base PTN_UNUSED, const void *member)
{
    uint64_t  v;

    memcpy(&v, member, sizeof(v));
    ptn_buf_printf(out, "%llu", (unsigned long long) v);
}


static const ptn_wire_hook_t  wire_leb = {
    wire_leb_pull, wire_leb_push, wire_leb_dump
};


#define WIRE_TEST_SUB(F, T)                                                   \
    F(T, u8,     flags)                                                       \
    F(T, when(T, flags, 0x01, u64),      big)                                 \
    F(T, unless(T, flags, 0x02, guid),   guid)                                \
    F(T, when(T, flags, 0x04, bin16),    blob)
PTN_WIRE(wire_test_sub, WIRE_TEST_SUB)

#define WIRE_TEST(F, T)                                                       \
    F(T, u8,      a)                                                          \
    F(T, u16,     b)                                                          \
    F(T, u32,     c)                                                          \
    F(T, u64,     d)                                                          \
    F(T, guid,    guid)                                                       \
    F(T, str8z,   narrow)                                                     \
    F(T, str16z,  wide)                                                       \
    F(T, bin16,   small)                                                      \
    F(T, bin32,   large)                                                      \
    F(T, arr(u16, 3),  three)                                                 \
    F(T, u32,     count)                                                      \
    F(T, vec(T, sub(wire_test_sub), count),  subs)                            \
    F(T, vec(T, str16z, a),  names)                                           \
    F(T, hook(uint64_t, wire_leb),  leb)                                      \
    F(T, sub(wire_test_sub),  last)                                           \
    F(T, when(T, b, 0x8000, sub(wire_test_sub)),  maybe)
PTN_WIRE(wire_test, WIRE_TEST)


static const ptn_wire_t *const  wire_tests[] = {
    &wire_test_wire, &wire_test_sub_wire, NULL
};

/* A protocol adds its list here. */
static const ptn_wire_t *const  wire_http[] = {
    &ptn_http_head_wire, &ptn_http_header_wire, &ptn_http_sign_in_wire,
    &ptn_http_signed_in_wire, NULL
};

static const ptn_wire_t *const  wire_calendar[] = {
    &ptn_recur_pattern_wire, &ptn_recur_info_wire, &ptn_recur_head_wire,
    &ptn_recur_block_wire, &ptn_recur_times_wire, &ptn_recur_wide_wire,
    &ptn_tz_systemtime_wire, &ptn_tz_struct_wire, &ptn_tz_tzrule_wire,
    &ptn_tz_definition_wire, NULL
};

static const ptn_wire_t *const *const  wire_lists[] = {
    ptn_wire_rops, ptn_wire_eids, wire_http, wire_calendar, wire_tests
};


/* NULL: there are no more. */
static inline const ptn_wire_t *
wire_nth(size_t n)
{
    size_t                      i;
    const ptn_wire_t *const    *w;

    for (i = 0; i < ptn_nelts(wire_lists); i++) {
        for (w = wire_lists[i]; *w != NULL; w++) {
            if (n-- == 0) {
                return *w;
            }
        }
    }

    return NULL;
}


#endif /* PTN_WIRE_ALL_H */
