/*
 * Counted strings, numbers, buffers.
 */

#include "ptn_test.h"


static void
test_compare(void)
{
    ptn_str_t  null = ptn_null_string;

    static const struct {
        const char  *a, *b;
        bool         eq, ieq;
        int          cmp;
    } rows[] = {
        { "", "", true, true, 0 },
        { "a", "a", true, true, 0 },
        { "a", "A", false, true, 1 },
        { "abc", "abd", false, false, -1 },
        { "abc", "ab", false, false, 1 },
        { "", "a", false, false, -1 },
        { "@[`{", "@[`{", true, true, 0 },
        { "@", "`", false, false, -1 },         /* not letters */
        { "[", "{", false, false, -1 },
        { "\xc3\xa4", "\xc3\x84", false, false, 1 },    /* ASCII only */
        { "\xff", "a", false, false, 1 },       /* bytes are unsigned */
    };

    for (size_t i = 0; i < ptn_nelts(rows); i++) {
        ptn_str_t  a = ptn_str_z(rows[i].a), b = ptn_str_z(rows[i].b);
        int        c = ptn_str_cmp(a, b);

        ok(ptn_str_eq(a, b) == rows[i].eq
           && ptn_str_eqz(a, rows[i].b) == rows[i].eq, "row %zu: eq", i);
        ok(ptn_str_ieq(a, b) == rows[i].ieq
           && ptn_str_ieqz(a, rows[i].b) == rows[i].ieq, "row %zu: ieq", i);
        ok((c > 0) - (c < 0) == rows[i].cmp, "row %zu: cmp", i);
        c = ptn_str_cmp(b, a);
        ok((c > 0) - (c < 0) == -rows[i].cmp, "row %zu: the other way", i);
    }

    ok(ptn_str_eq(null, ptn_str("")) && ptn_str_cmp(null, null) == 0
       && ptn_str_ieq(null, ptn_str("")), "no data is empty");
    ok(ptn_str_z(NULL).len == 0, "NULL is empty");
    ok(!ptn_str_eq(ptn_str("a\0b"), ptn_str("a\0c")), "NUL does not end");
    ok(ptn_str_istarts(ptn_str("Subject: x"), "subject:")
       && !ptn_str_istarts(ptn_str("Sub"), "subject")
       && ptn_str_istarts(ptn_str("x"), ""), "istarts");
}


static void
test_copy(void)
{
    ptn_str_t    s;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);

    s = ptn_str_dup(pool, ptn_str("ab\0c"));
    ok(s.len == 4 && memcmp(s.data, "ab\0c\0", 5) == 0, "dup ends in NUL");
    s = ptn_str_dup(pool, (ptn_str_t) ptn_null_string);
    ok(s.len == 0 && s.data != NULL && *s.data == '\0', "dup of nothing");
    is_str(ptn_str_lower(pool, ptn_str("AZ@[az\xc3\x84")), "az@[az\xc3\x84",
           "lower");
    ok(strcmp(ptn_str_dupz(pool, ptn_str("xyz")), "xyz") == 0, "dupz");
    is_str(ptn_str_printf(pool, "%d-%s-%.*s", 7, "x", ptn_str_arg(s)),
           "7-x-", "printf");
    s = ptn_str_printf(pool, "%05000d", 1);
    is_u64(s.len, 5000, "printf of much");
    is_str(ptn_str_make("abc", 2), "ab", "make");

    ptn_pool_destroy(pool);
}


static void
test_numbers(void)
{
    uint64_t  n;

    static const struct {
        const char  *s;
        uint64_t     max;
        ptn_rc_t     rc;
        uint64_t     n;
    } rows[] = {
        { "0", UINT64_MAX, PTN_OK, 0 },
        { "00012", UINT64_MAX, PTN_OK, 12 },
        { "18446744073709551615", UINT64_MAX, PTN_OK, UINT64_MAX },
        { "18446744073709551616", UINT64_MAX, PTN_ETOOBIG, 0 },
        { "99999999999999999999999", UINT64_MAX, PTN_ETOOBIG, 0 },
        { "4294967295", UINT32_MAX, PTN_OK, UINT32_MAX },
        { "4294967296", UINT32_MAX, PTN_ETOOBIG, 0 },
        { "5", 5, PTN_OK, 5 },
        { "6", 5, PTN_ETOOBIG, 0 },
        { "0", 0, PTN_OK, 0 },
        { "1", 0, PTN_ETOOBIG, 0 },
        { "10", 9, PTN_ETOOBIG, 0 },
        { "", UINT64_MAX, PTN_EPARSE, 0 },
        { "-1", UINT64_MAX, PTN_EPARSE, 0 },
        { "+1", UINT64_MAX, PTN_EPARSE, 0 },
        { " 1", UINT64_MAX, PTN_EPARSE, 0 },
        { "1 ", UINT64_MAX, PTN_EPARSE, 0 },
        { "1a", UINT64_MAX, PTN_EPARSE, 0 },
        { "/", UINT64_MAX, PTN_EPARSE, 0 },
        { ":", UINT64_MAX, PTN_EPARSE, 0 },
    };

    for (size_t i = 0; i < ptn_nelts(rows); i++) {
        n = 4711;
        is_rc(ptn_str_u64(ptn_str_z(rows[i].s), rows[i].max, &n), rows[i].rc,
              rows[i].s);
        is_u64(n, rows[i].rc == PTN_OK ? rows[i].n : 4711,
               "written on success alone");
    }
}


static void
test_buffers(void)
{
    u_char      *p;
    size_t       i, bad;
    ptn_buf_t    b;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);

    ptn_buf_init(&b, pool);
    is_str(ptn_buf_get(&b), "", "empty");
    ptn_buf_add(&b, NULL, 0);
    ptn_buf_z(&b, "one ");
    ptn_buf_str(&b, ptn_str("two"));
    ptn_buf_byte(&b, ' ');
    ptn_buf_printf(&b, "%s%d", "three", 3);
    is_str(ptn_buf_get(&b), "one two three3", "parts");

    ptn_buf_init(&b, pool);
    for (i = 0; i < 100000; i++) {
        ptn_buf_byte(&b, (u_char) i);
    }
    for (i = 0, bad = 0; i < 100000; i++) {
        bad += b.data[i] != (u_char) i;
    }
    ok(b.len == 100000 && bad == 0, "a hundred thousand bytes");

    ptn_buf_init(&b, pool);
    for (i = 250; i < 262; i++) {           /* around the stack buffer */
        b.len = 0;
        ptn_buf_printf(&b, "%0*d", (int) i, 7);
        if (b.len != i || b.data[i - 1] != '7') {
            break;
        }
    }
    is_u64(i, 262, "printf of every length");

    p = ptn_buf_reserve(&b, 1000);
    ok(p == b.data + b.len, "reserve is at the end");
    memset(p, 'x', 1000);
    b.len += 1000;
    ok(!b.failed, "good");

    ok(ptn_buf_reserve(&b, SIZE_MAX / 2) == NULL && b.failed,
       "too much to reserve");
    ptn_pool_destroy(pool);

    pool = ptn_pool_create(20000, NULL);
    ptn_buf_init(&b, pool);
    for (i = 0; i < 100000; i++) {
        ptn_buf_byte(&b, 'x');
    }
    ok(b.failed && b.len <= 20000, "the pool's cap ends it");
    i = b.len;
    ptn_buf_z(&b, "more");
    ptn_buf_printf(&b, "more");
    ok(b.failed && b.len == i, "and nothing comes behind a gap");

    ptn_pool_destroy(pool);
}


int
main(void)
{
    test_compare();
    test_copy();
    test_numbers();
    test_buffers();

    return done_testing();
}
