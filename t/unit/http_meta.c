/*
 * The META block of an HTTP reply: what a handler writes a worker reads, no
 * value can begin another header, and what a hostile store might send is
 * refused.
 */

#include <stdlib.h>

#include "ptn_http_meta.h"
#include "ptn_test.h"


static unsigned
walk(ptn_str_t rest, ptn_rc_t *ret_rc)
{
    unsigned   n, status;
    ptn_rc_t   rc;
    ptn_str_t  name, value;

    n = 0;
    rc = ptn_http_meta_status(&rest, &status);

    while (rc == PTN_OK) {
        rc = ptn_http_meta_next(&rest, &name, &value);
        n += (rc == PTN_OK);
    }

    *ret_rc = rc;

    return n;
}


static void
test_round_trip(ptn_pool_t *pool)
{
    unsigned         status;
    ptn_str_t        rest, name, value;
    ptn_http_meta_t  meta;

    ptn_http_meta_begin(&meta, pool, 207);
    ptn_http_meta_add(&meta, "Content-Type", ptn_str("text/xml"));
    ptn_http_meta_add(&meta, "X-Evil", ptn_str("a\r\nSet-Cookie: b\nc\x7f"));
    ptn_http_meta_add(&meta, "X: Name\n", ptn_str(""));

    rest = ptn_buf_get(&meta.buf);

    ok(ptn_http_meta_status(&rest, &status) == PTN_OK, "status");
    is_u64(status, 207, "its value");

    ok(ptn_http_meta_next(&rest, &name, &value) == PTN_OK, "a header");
    is_str(name, "Content-Type", "its name");
    is_str(value, "text/xml", "its value");

    ok(ptn_http_meta_next(&rest, &name, &value) == PTN_OK, "a second one");
    is_str(value, "aSet-Cookie: bc", "which does not begin another");

    ok(ptn_http_meta_next(&rest, &name, &value) == PTN_OK, "an empty one");
    is_str(name, "XName", "its name is a token");
    is_u64(value.len, 0, "its value");

    ok(ptn_http_meta_next(&rest, &name, &value) == PTN_ENOTFOUND, "the end");
}


static void
test_truncation(void)
{
    size_t      n, whole;
    ptn_rc_t    rc;
    u_char     *copy;
    unsigned    bad;

    static const char  text[] = "200\nA: b\nContent-Length: 10\n";

    bad = 0;
    whole = 0;

    for (n = 0; n < sizeof(text); n++) {
        copy = malloc(n + 1);
        memcpy(copy, text, n);

        walk(ptn_str_make(copy, n), &rc);

        if (rc == PTN_ENOTFOUND) {
            whole++;
        } else if (rc != PTN_EPARSE) {
            bad++;
        }

        free(copy);
    }

    is_u64(bad, 0, "truncations give EPARSE");
    is_u64(whole, 3, "but where a line ends");
}


static void
test_hostile(void)
{
    size_t    i;
    ptn_rc_t  rc;

    static const char *const  text[] = {
        "", "20\n", "199\n", "600\n", "0x1\n", "200", "200 \n",
        "200\n\n", "200\n: b\n", "200\nA:b\n", "200\nA b\n", "200\nA\n",
        "200\nA: b\r\n", "200\nA: \x01\n", "200\nA: b", "200\n A: b\n",
        "200\nA\x80: b\n",
    };

    for (i = 0; i < ptn_nelts(text); i++) {
        walk(ptn_str_z(text[i]), &rc);
        ok(rc == PTN_EPARSE, "hostile block %zu", i);
    }
}


int
main(void)
{
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);

    test_round_trip(pool);
    test_truncation();
    test_hostile();

    ptn_pool_destroy(pool);

    return done_testing();
}
