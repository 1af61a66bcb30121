/*
 * Property bags: random round trips, every truncation and bit flip refused or
 * harmless; ids.
 */

#include "ptn_bag.h"
#include "ptn_id.h"
#include "ptn_test.h"


static uint32_t
next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;

    return (uint32_t) (*seed >> 33);
}


static void
walk(ptn_str_t packed)
{
    uint32_t   i, tag;
    int64_t    n;
    ptn_bag_t  bag;
    ptn_str_t  v, w;
    volatile unsigned  sum = 0;

    if (ptn_bag_open(packed, &bag) != PTN_OK) {
        return;
    }

    for (i = 0; i < bag.count; i++) {
        ptn_bag_item(&bag, i, &tag, &v);

        if (!ptn_bag_get(&bag, tag, &w) || w.data != v.data) {
            ok(false, "an item is not found by its tag");
        }

        ptn_bag_int(&bag, tag, &n);

        if (v.len != 0) {
            sum += v.data[0] + v.data[v.len - 1];
        }
    }
}


static void
test_round_trip(void)
{
    int                i, k, bad;
    u_char             bytes[300];
    int64_t            n;
    uint32_t           tag;
    uint64_t           seed;
    ptn_bag_t          bag;
    ptn_str_t          packed, v, again;
    ptn_pool_t        *pool;
    ptn_bag_builder_t  b, c;

    seed = 1;
    bad = 0;
    memset(bytes, 'x', sizeof(bytes));

    for (i = 0; i < 300; i++) {
        pool = ptn_pool_create(0, NULL);
        ptn_bag_init(&b, pool);

        for (k = (int) next(&seed) % 60; k > 0; k--) {
            tag = (next(&seed) % 40) << 16;

            switch (next(&seed) % 4) {
            case 0:
                ptn_bag_set_int(&b, tag | PTN_PT_LONG, -7);
                break;
            case 1:
                ptn_bag_set_int(&b, tag | PTN_PT_SYSTIME, 1LL << 60);
                break;
            case 2:
                ptn_bag_set(&b, tag | PTN_PT_UNICODE,
                            ptn_str_make(bytes, next(&seed) % 300));
                break;
            default:
                ptn_bag_unset(&b, tag | PTN_PT_LONG);
            }
        }

        bad += ptn_bag_pack(&b, &packed) != PTN_OK;
        bad += ptn_bag_open(packed, &bag) != PTN_OK || bag.count != b.count;

        for (k = 0; k < (int) b.count; k++) {
            bad += !ptn_bag_get(&bag, b.props[k].tag, &v)
                   || !ptn_str_eq(v, b.props[k].value);
        }

        ptn_bag_init(&c, pool);
        ptn_bag_load(&c, &bag);
        bad += ptn_bag_pack(&c, &again) != PTN_OK
               || !ptn_str_eq(packed, again);

        for (k = 1; k < (int) packed.len; k++) {
            v.len = (size_t) k;
            v.data = malloc((size_t) k);
            memcpy(v.data, packed.data, v.len);
            bad += ptn_bag_open(v, &bag) == PTN_OK;
            free(v.data);
        }

        for (k = 0; k < 50 && packed.len != 0; k++) {
            v.len = packed.len;
            v.data = malloc(packed.len);
            memcpy(v.data, packed.data, v.len);
            v.data[next(&seed) % v.len] ^= (u_char) (1 << next(&seed) % 8);
            walk(v);
            free(v.data);
        }

        ptn_pool_destroy(pool);
    }

    ok(bad == 0, "random bags come back, truncated ones do not (%d)", bad);

    pool = ptn_pool_create(0, NULL);
    ptn_bag_init(&b, pool);
    ptn_bag_set_int(&b, PTN_PR_IMPORTANCE, -2);
    ptn_bag_set(&b, PTN_PR_SUBJECT, ptn_str("one"));
    ptn_bag_set(&b, PTN_PR_SUBJECT, ptn_str("two"));
    is_u64(ptn_bag_pack(&b, &packed), PTN_OK, "pack");
    is_u64(ptn_bag_open(packed, &bag), PTN_OK, "open");
    is_u64(bag.count, 2, "two");
    ok(ptn_bag_int(&bag, PTN_PR_IMPORTANCE, &n) && n == -2, "a sign");
    ok(ptn_bag_get(&bag, PTN_PR_SUBJECT, &v), "a string");
    is_str(v, "two", "the last value");
    ok(!ptn_bag_get(&bag, PTN_PR_READ, &v), "not there");

    ptn_bag_init(&b, pool);
    ptn_bag_set(&b, PTN_PR_IMPORTANCE, ptn_str("123"));
    is_u64(ptn_bag_pack(&b, &packed), PTN_EINVAL, "a size that is wrong");
    ptn_bag_init(&b, pool);
    ptn_bag_set(&b, PTN_PR_SUBJECT, ptn_str_make(ptn_pcalloc(pool, 9000),
                                                 9000));
    is_u64(ptn_bag_pack(&b, &packed), PTN_ETOOBIG, "a value that is a blob");
    is_u64(ptn_bag_open(ptn_str_make(NULL, 0), &bag), PTN_OK, "nothing");
    is_u64(bag.count, 0, "is an empty bag");
    is_u64(ptn_bag_open(ptn_str("\2\0\0\0"), &bag), PTN_EVERSION, "version 2");
    ptn_pool_destroy(pool);
}


static void
test_ids(void)
{
    char        hex[PTN_GUID_HEX];
    u_char      p[6];
    ptn_guid_t  a, b;

    ok(ptn_guid_make(&a) == PTN_OK && ptn_guid_make(&b) == PTN_OK, "guids");
    ok(!ptn_guid_eq(a, b) && !ptn_guid_zero(a), "differ");
    ok((a.b[7] >> 4) == 4 && (a.b[8] >> 6) == 2, "version 4");
    memset(&a, 0xab, sizeof(a));
    ptn_guid_hex(a, hex);
    is_str(ptn_str_z(hex), "abababababababababababababababab", "hex");
    ptn_id_globcnt(0x010203040506ULL, p);
    ok(p[0] == 1 && p[5] == 6, "most significant first");
    is_u64(ptn_id_from_globcnt(p), 0x010203040506ULL, "and back");
}


int
main(void)
{
    test_round_trip();
    test_ids();

    return done_testing();
}
