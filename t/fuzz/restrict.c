/*
 * Restrictions of the wire: what is read is skipped as far, goes out and comes
 * back as the same; ids of named properties that are changed twice are as they
 * were.
 *
 * Covers: store/mapi/ptn_restrict.c
 */

#include <stdio.h>
#include <stdlib.h>

#include "ptn_restrict.h"


static void
fuzz_wrong(const char *what)
{
    fprintf(stderr, "restrict: %s\n", what);
    abort();
}


static ptn_rc_t
fuzz_map(void *ctx, uint16_t *id)
{
    if (*id < 0x8000) {
        fuzz_wrong("an id that has no name");
    }

    *id ^= 0x2a;
    ++*(size_t *) ctx;

    return PTN_OK;
}


static void
fuzz_mapped(ptn_pool_t *pool, ptn_str_t in, bool good)
{
    size_t     n, again;
    ptn_rc_t   rc;
    ptn_str_t  copy;

    copy = ptn_str_dup(pool, in);
    if (copy.data == NULL) {
        return;
    }

    n = 0;
    again = 0;
    rc = ptn_restrict_map(copy.data, copy.len, fuzz_map, &n);

    if (good && rc != PTN_OK) {
        fuzz_wrong("one that is read is not mapped");
    }

    if (rc == PTN_OK
        && (ptn_restrict_map(copy.data, copy.len, fuzz_map, &again) != PTN_OK
            || n != again || !ptn_str_eq(copy, in)))
    {
        fuzz_wrong("mapped twice is another");
    }
}


/* The same tree, whatever the form of its strings. */

static void
fuzz_back(ptn_pool_t *pool, const ptn_wire_text_t *text,
    const ptn_restrict_t *r)
{
    ptn_buf_t        out, a, b;
    ptn_restrict_t  *back;

    ptn_buf_init(&out, pool);
    ptn_buf_init(&a, pool);
    ptn_buf_init(&b, pool);

    if (ptn_restrict_put(&out, text, true, r) != PTN_OK) {
        fuzz_wrong("what was read does not go out");
    }

    if (out.failed) {
        return;
    }

    if (ptn_restrict_get(text, ptn_buf_get(&out), &back) != PTN_OK) {
        fuzz_wrong("what went out is not read");
    }

    ptn_restrict_text(&a, r);
    ptn_restrict_text(&b, back);

    if (!a.failed && !b.failed
        && !ptn_str_eq(ptn_buf_get(&a), ptn_buf_get(&b)))
    {
        fuzz_wrong("what went out comes back as another");
    }
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ptn_rc_t          rc, skipped;
    ptn_str_t         in;
    ptn_pool_t       *pool;
    ptn_wire_in_t     wire;
    ptn_restrict_t   *r;
    ptn_wire_text_t   text;

    pool = ptn_pool_create(64 * 1024 * 1024, NULL);
    memset(&text, 0, sizeof(text));
    text.pool = pool;
    text.dn_prefix = ptn_str("/o=org/ou=x");
    in = ptn_str_make(data, size);

    wire.p = in.data;
    wire.end = in.data + in.len;
    wire.pool = pool;
    skipped = ptn_restrict_skip(&wire);
    rc = ptn_restrict_get(&text, in, &r);

    if (rc == PTN_OK && (skipped != PTN_OK || wire.p != wire.end)) {
        fuzz_wrong("skip and get differ");
    }

    if (rc != PTN_ENOMEM) {
        fuzz_mapped(pool, in, rc == PTN_OK);
    }

    if (rc == PTN_OK) {
        fuzz_back(pool, &text, r);
    }

    ptn_pool_destroy(pool);

    return 0;
}
