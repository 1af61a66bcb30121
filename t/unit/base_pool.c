/*
 * Arenas: alignment, cap, an allocator that fails at every call, clean-ups.
 */

#include "ptn_test.h"


typedef struct {
    unsigned  calls;
    unsigned  fail_at;          /* 1: the first; 0: never */
    unsigned  live;
    size_t    bytes;
} counter_t;


static void *
counter_alloc(void *ctx, size_t size)
{
    counter_t  *c = ctx;

    c->calls++;

    if (c->calls == c->fail_at) {
        return NULL;
    }

    c->live++;
    c->bytes += size;

    return malloc(size);
}


static void
counter_free(void *ctx, void *p)
{
    counter_t  *c = ctx;

    c->live--;
    free(p);
}


static void
test_alloc(void)
{
    u_char      *p[2000];
    size_t       i, j, bad, size;
    counter_t    c = { 0, 0, 0, 0 };
    ptn_mem_t    mem = { counter_alloc, counter_free, &c };
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, &mem);
    ok(pool != NULL, "create");

    for (i = 0, bad = 0; i < 2000; i++) {
        size = i * 37 % 3000;
        p[i] = ptn_palloc(pool, size);
        bad += p[i] == NULL || ((uintptr_t) p[i] & 15) != 0;
        memset(p[i], (int) (i & 0xff), size);
    }

    is_u64(bad, 0, "all aligned to 16");

    for (i = 0, bad = 0; i < 2000; i++) {
        size = i * 37 % 3000;
        for (j = 0; j < size; j++) {
            bad += p[i][j] != (i & 0xff);
        }
    }

    is_u64(bad, 0, "none overlaps another");
    ok(c.calls < 200, "%u blocks for 2000 allocations", c.calls);
    ok(ptn_pool_used(pool) <= c.bytes, "used counts what was taken");

    p[0] = ptn_pcalloc(pool, 100000);
    for (i = 0, bad = 0; i < 100000; i++) {
        bad += p[0][i] != 0;
    }
    is_u64(bad, 0, "pcalloc is zero");

    ok(ptn_palloc(pool, 0) != NULL, "nothing has an address");
    p[0] = ptn_pmemdup(pool, "abc", 3);
    ok(memcmp(p[0], "abc", 3) == 0, "pmemdup");
    ok(ptn_pmemdup(pool, NULL, 0) != NULL, "pmemdup of nothing");
    ok(!ptn_pool_failed(pool), "nothing failed");

    ok(ptn_parray(pool, SIZE_MAX / 8, 16) == NULL, "n * size overflows");
    ok(ptn_pool_failed(pool), "that is a failure");
    ok(ptn_parray(pool, 0, 0) != NULL, "none of nothing");
    ok(ptn_palloc(pool, SIZE_MAX) == NULL, "size near the end");
    ok(ptn_palloc(pool, SIZE_MAX - 15) == NULL, "size that would wrap");

    ptn_pool_reset(pool);
    ok(!ptn_pool_failed(pool), "reset forgets it");
    is_u64(c.live, 1, "one block is left");
    ok(ptn_palloc(pool, 5000) != NULL, "usable again");

    ptn_pool_destroy(pool);
    is_u64(c.live, 0, "all given back");
    ptn_pool_destroy(NULL);
}


static void
test_cap(void)
{
    size_t       n;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(100000, NULL);

    ok(ptn_palloc(pool, 100001) == NULL, "above the cap");
    ok(ptn_pool_failed(pool), "failed");
    ok(ptn_palloc(pool, 10) != NULL, "a small one still fits");

    for (n = 0; ptn_palloc(pool, 100) != NULL; n++) { /* void */ }

    ok(n >= 500 && n <= 1000, "%zu of 100 bytes in 100000", n);
    ok(ptn_pool_used(pool) <= 100000, "never above: %zu",
       ptn_pool_used(pool));

    ptn_pool_reset(pool);
    ok(ptn_palloc(pool, 50000) != NULL, "reset gives it back");

    ptn_pool_destroy(pool);
}


/* The Nth call fails, for every N: no crash, no leak, `failed` says it. */

static void
test_failing(void)
{
    bool          lost;
    unsigned      n, i;
    ptn_buf_t     b;
    counter_t     c;
    ptn_mem_t     mem = { counter_alloc, counter_free, &c };
    ptn_str_t     s;
    ptn_pool_t   *pool;

    for (n = 1; n < 100; n++) {
        memset(&c, 0, sizeof(c));
        c.fail_at = n;

        pool = ptn_pool_create(0, &mem);

        if (pool == NULL) {
            ok(n == 1 && c.live == 0, "create fails");
            continue;
        }

        ptn_buf_init(&b, pool);

        for (i = 0, lost = false; i < 300; i++) {
            ptn_buf_printf(&b, "%0100u", i);
            s = ptn_str_printf(pool, "%0500u", i);
            lost |= s.data == NULL;
        }

        if (c.calls < n) {
            ok(!ptn_pool_failed(pool) && !b.failed && !lost
               && b.len == 30000, "%u calls suffice", c.calls);
            ptn_pool_destroy(pool);
            break;
        }

        ok(ptn_pool_failed(pool) && (b.failed || lost), "call %u fails", n);
        ptn_pool_destroy(pool);
        ok(c.live == 0, "nothing leaks");
    }

    ok(n < 100, "it ends");
}


typedef struct {
    unsigned  n;
    int       order[8];
} log_t;

typedef struct {
    log_t  *log;
    int     number;
} note_t;

static void
note(void *data)
{
    note_t  *x = data;

    x->log->order[x->log->n++] = x->number;
}


static void
test_cleanups(void)
{
    log_t        log = { 0, { 0 } };
    note_t       a = { &log, 1 }, b = { &log, 2 }, c = { &log, 3 };
    counter_t    k = { 0, 2, 0, 0 };
    ptn_mem_t    mem = { counter_alloc, counter_free, &k };
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);
    is_rc(ptn_pool_cleanup(pool, note, &a), PTN_OK, "register");
    ptn_pool_cleanup(pool, note, &b);
    ptn_pool_cleanup(pool, note, &c);
    ptn_pool_reset(pool);
    ok(log.n == 3 && log.order[0] == 3 && log.order[1] == 2
       && log.order[2] == 1, "reset runs them, last first");

    ptn_pool_cleanup(pool, note, &b);
    ptn_pool_destroy(pool);
    ok(log.n == 4 && log.order[3] == 2, "destroy too, and none twice");

    pool = ptn_pool_create(0, &mem);
    while (ptn_palloc(pool, 16) != NULL) { /* void */ }
    k.fail_at = k.calls + 1;
    is_rc(ptn_pool_cleanup(pool, note, &a), PTN_ENOMEM, "no memory for it");
    ptn_pool_destroy(pool);
    is_u64(log.n, 4, "then it does not run");
}


int
main(void)
{
    test_alloc();
    test_cap();
    test_failing();
    test_cleanups();

    return done_testing();
}
