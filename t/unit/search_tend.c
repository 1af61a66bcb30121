/*
 * Indexing beside other work: how much a portion does with the write lock, that
 * a mailbox which is written to all the time is indexed nevertheless, and that
 * what others do is not behind it.
 */

#include <unistd.h>

#include "mailbox_site.h"
#include "ptn_words.h"


#define NAME  "tend"

typedef struct {
    site_t    s;
    bool      held;
    unsigned  portions;
    double    begun, most;          /* CPU milliseconds with the lock */
} tend_t;


static void
tend_held(void *ctx, bool held)
{
    double   ms;
    tend_t  *t = ctx;

    if (held) {
        t->begun = (double) ptn_test_cpu_us() / 1e3;
        t->portions++;

    } else {
        ms = (double) ptn_test_cpu_us() / 1e3 - t->begun;
        t->most = ms > t->most ? ms : t->most;
    }

    t->held = held;
}


static void
put(site_t *s, ptn_store_t *store, unsigned n, size_t size, unsigned seed)
{
    size_t           k;
    unsigned         i;
    ptn_buf_t        b;
    ptn_txn_t        tx;
    ptn_mbox_t      *mb;
    ptn_user_t       user;
    ptn_append_t     a;
    ptn_appended_t   app;

    user = site_user(s, NAME);
    ptn_mbox_open(store, &user, NULL, &mb);

    for (i = 0; i < n; i++) {
        ptn_buf_init(&b, s->pool);
        ptn_buf_printf(&b, "Subject: m%u\r\n\r\n", seed);

        for (k = 0; k < size; k += 10) {
            seed = seed * 1664525 + 1013904223;
            ptn_buf_printf(&b, "%08x%s", seed, k % 80 ? " " : "\r\n");
        }

        memset(&a, 0, sizeof(a));
        a.raw = ptn_buf_get(&b);
        a.received = 1770000000;

        if (ptn_txn_begin(&tx, mb) != PTN_OK
            || ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app) != PTN_OK
            || ptn_txn_commit(&tx) != PTN_OK)
        {
            ok(0, "put");
        }
    }

    is_rc(ptn_store_commit(store), PTN_OK, "committed");
}


static uint64_t
pending(tend_t *t)
{
    ptn_search_info_t  info;

    memset(&info, 0, sizeof(info));
    ptn_search_info(site_open(&t->s, NAME), &info);

    return info.pending + info.leaving;
}


static void
tend(tend_t *t)
{
    unsigned  i;

    /* it makes pauses, for others may write */

    for (i = 0; i < 5000 && ptn_store_tend(t->s.store); i++) {
        usleep(1000);
    }

    is_u64(pending(t), 0, "indexed");
}


/*
 * A portion ends in time, however many texts there are.  Not so one text whose
 * words are 100,000 new ones: it cannot be divided, but is alone.
 */

static void
test_lock(tend_t *t)
{
    put(&t->s, t->s.store, 300, 2000, 1);
    ok(ptn_store_due(t->s.store), "something is due");
    tend(t);
    ok(!ptn_store_due(t->s.store), "nothing is due");
    ok(t->portions > 3, "in %u portions", t->portions);
    diag("at most %.1f ms of CPU with the lock", t->most);
#if !defined(__SANITIZE_ADDRESS__)
    ok(t->most < 20, "less than 20");
#endif

    t->portions = 0;
    put(&t->s, t->s.store, 3, 1024 * 1024, 7);
    tend(t);
    ok(t->portions >= 3, "large ones one by one: %u", t->portions);
    diag("one of 1 MB, all words new: %.1f ms", t->most);
}


/*
 * Another executor writes between any two portions, and holds the lock when
 * some of them want it.
 */

static void
test_busy(tend_t *t)
{
    unsigned           i, most;
    uint64_t           left, begun;
    ptn_txn_t          tx;
    ptn_mbox_t        *mb;
    ptn_user_t         user;
    ptn_store_t       *other;
    ptn_store_opts_t   opts;

    opts = t->s.opts;
    opts.held = NULL;
    ptn_store_open(&opts, &other);
    user = site_user(&t->s, NAME);
    most = 0;

    put(&t->s, other, 200, 2000, 99);
    left = pending(t);
    ok(left == 200, "%u behind", (unsigned) left);

    for (i = 0; i < 2000 && left != 0; i++) {
        if (i < 60) {
            put(&t->s, other, 1, 2000, 1000 + i);
        }

        ptn_mbox_open(other, &user, NULL, &mb);

        if (i < 60 && i % 3 == 0 && ptn_txn_begin(&tx, mb) == PTN_OK) {
            site_open(&t->s, NAME)->search = true;
            site_open(&t->s, NAME)->index_ms = 0;
            begun = ptn_time_mono();
            ptn_store_tend(t->s.store);         /* it cannot: the lock */
            ok(!t->held && ptn_time_mono() - begun < 3000,
               "neither held beside another writer nor waited for: %d ms",
               (int) (ptn_time_mono() - begun));
            ptn_txn_done(&tx);
            ptn_store_rollback(other);
        }

        ptn_store_tend(t->s.store);
        site_open(&t->s, NAME)->search = true;
        left = pending(t);
        most = left > most ? (unsigned) left : most;
        usleep(1000);
    }

    ok(left == 0 && i < 2000, "drained after %u rounds, %u at most", i, most);
    ptn_store_close(other);
    site_check(&t->s, NAME);
}


int
main(void)
{
    tend_t  t;

    memset(&t, 0, sizeof(t));
    site_make(&t.s);
    t.s.conf.fsync = false;
    ptn_store_close(t.s.store);
    t.s.opts.held = tend_held;
    t.s.opts.ctx = &t;
    t.s.opts.changed = NULL;
    is_rc(ptn_store_open(&t.s.opts, &t.s.store), PTN_OK, "store");

    test_lock(&t);
    test_busy(&t);
    site_done(&t.s);

    return done_testing();
}
