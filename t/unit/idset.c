/*
 * Id sets against bits: random additions, removals and set operations, the
 * wire form there and back, how short it is, and what is refused.
 */

#include "ptn_idset.h"
#include "ptn_test.h"


#define BITS   1200
#define GUIDS  3

typedef struct {
    uint64_t     random;
    unsigned     bad;
    ptn_pool_t  *pool;
    uint64_t     base;              /* of bit 0 */
    unsigned     step;              /* of each sixteenth bit */
} test_t;

typedef struct {
    ptn_idset_t  set;
    bool         bit[GUIDS][BITS];
} pair_t;


static unsigned
roll(test_t *t, unsigned n)
{
    t->random = t->random * 6364136223846793005ULL + 1442695040888963407ULL;

    return (unsigned) (t->random >> 33) % n;
}


static ptn_guid_t
guid(unsigned k)
{
    ptn_guid_t  g;

    memset(g.b, (int) (17 * k + 3), 16);

    return g;
}


static void
expect(test_t *t, bool good, const char *what)
{
    if (!good && t->bad++ < 10) {
        diag("wrong: %s", what);
    }
}


static void
same(test_t *t, pair_t *p, const char *what)
{
    bool                     touch;
    size_t                   n;
    unsigned                 k, i;
    uint64_t                 count, end;
    const ptn_idset_part_t  *part;

    expect(t, ptn_idset_ready(&p->set) == PTN_OK, "ready");

    for (k = 0, count = 0; k < GUIDS; k++) {
        part = ptn_idset_part(&p->set, guid(k));
        n = 0;
        end = 0;

        for (i = 0; i < BITS; i++) {
            count += p->bit[k][i];
            n += p->bit[k][i] && (i == 0 || !p->bit[k][i - 1]);
            end = (i == end && p->bit[k][i]) ? i + 1 : end;

            if (ptn_idset_has(&p->set, guid(k), t->base + i) != p->bit[k][i]) {
                expect(t, false, what);
                return;
            }
        }

        i = roll(t, BITS - 1);
        touch = p->bit[k][i] || p->bit[k][i + 1];
        expect(t, ptn_idset_touches(&p->set, guid(k), t->base + i,
                                    t->base + i + 1) == touch, "touches");
        expect(t, ptn_idset_run(&p->set, guid(k), t->base)
                  == t->base + end - 1, "run");
        expect(t, (part ? part->n : 0) == n, "ranges");
    }

    expect(t, ptn_idset_count(&p->set) == count, "count");
}


static void
change(test_t *t, pair_t *p)
{
    unsigned  k, lo, hi, i;
    bool      add;

    k = roll(t, GUIDS);
    lo = roll(t, BITS);
    hi = roll(t, 3) ? lo : lo + roll(t, 40);
    hi = (hi < BITS) ? hi : BITS - 1;
    add = roll(t, 3) != 0;

    expect(t, (add ? ptn_idset_add_range(&p->set, guid(k), t->base + lo,
                                         t->base + hi)
                   : ptn_idset_remove_range(&p->set, guid(k), t->base + lo,
                                            t->base + hi)) == PTN_OK,
           "change");

    for (i = lo; i <= hi; i++) {
        p->bit[k][i] = add;
    }
}


/* ---- the shortest form, by trying all ------------------------------------ */

/* Cost of ranges from i on to n with `depth` bytes pushed, for short lists. */

static unsigned
prefix(uint64_t a, uint64_t b)
{
    unsigned  i;

    for (i = 0; i < 6 && (a >> (40 - 8 * i)) == (b >> (40 - 8 * i)); i++) {
        /* void */
    }

    return i;
}


static unsigned
shortest(const ptn_idrange_t *r, size_t n, unsigned depth)
{
    size_t    k;
    unsigned  best, cost, one, p, d;

    if (n == 0) {
        return 0;
    }

    one = (r[0].lo == r[0].hi) ? 7 - depth : 1 + 2 * (6 - depth);
    best = one + shortest(r + 1, n - 1, depth);

    for (k = 1; k <= n; k++) {
        p = ptn_min(prefix(r[0].lo, r[k - 1].hi), 5u);

        for (d = depth + 1; d <= p; d++) {
            cost = 2 + (d - depth) + shortest(r, k, d)
                   + shortest(r + k, n - k, depth);
            best = ptn_min(best, cost);
        }

        if (depth == 5 && k > 1 && r[k - 1].hi <= r[0].lo + 8) {
            best = ptn_min(best, 3 + shortest(r + k, n - k, depth));
        }
    }

    return best;
}


static void
test_short(test_t *t)
{
    unsigned                 i, k, n, over, cost;
    uint64_t                 at;
    ptn_str_t                s;
    ptn_idset_t              set;
    const ptn_idset_part_t  *part;

    for (i = 0, over = 0; i < 4000; i++) {
        memset(&set, 0, sizeof(set));
        at = 1 + roll(t, 70000);

        for (k = 0, n = 1 + roll(t, 4); k < n; k++) {
            uint64_t  hi;

            hi = at + (roll(t, 2) ? 0 : roll(t, roll(t, 2) ? 5 : 70000));
            ptn_idset_add_range(&set, guid(1), at, hi);
            at = hi + 2 + roll(t, roll(t, 2) ? 4 : roll(t, 2) ? 300 : 90000);
        }

        ptn_idset_ready(&set);
        part = ptn_idset_part(&set, guid(1));
        cost = shortest(part->r, part->n, 0);
        expect(t, ptn_idset_encode(&set, t->pool, PTN_IDSET_REPLGUID, &s)
                  == PTN_OK, "encode");
        expect(t, s.len >= 17 + cost, "not shorter than the shortest");
        over += s.len > 17 + cost;
        ptn_idset_done(&set);
        ptn_pool_reset(t->pool);
    }

    diag("longer than the shortest: %u of 4000", over);
    ok(over < 80 && t->bad == 0, "as short as can be");
}


/* ---- histories ----------------------------------------------------------- */

static void
wire(test_t *t, pair_t *p)
{
    unsigned     k;
    ptn_str_t    s;
    ptn_guid_t   g;
    ptn_idset_t  back;

    memset(&back, 0, sizeof(back));
    ptn_idset_ready(&p->set);
    expect(t, ptn_idset_encode(&p->set, t->pool, PTN_IDSET_REPLGUID, &s)
              == PTN_OK, "encode");
    expect(t, ptn_idset_decode(&back, PTN_IDSET_REPLGUID, s) == PTN_OK,
           "decode");
    expect(t, ptn_idset_equal(&back, &p->set), "there and back");
    ptn_idset_done(&back);

    /* every truncation is refused, and what follows it */

    for (k = 0; k < s.len; k += 1 + (unsigned) s.len / 50) {
        if (ptn_idset_decode(&back, PTN_IDSET_REPLGUID,
                             ptn_str_make(s.data, k)) == PTN_OK)
        {
            expect(t, k == 0 || s.data[k - 1] == 0, "truncation");
            ptn_idset_done(&back);
        }
    }

    for (k = 0; k < p->set.nparts; k++) {
        p->set.parts[k].replid = (uint16_t) (9 - k);
    }

    expect(t, ptn_idset_encode(&p->set, t->pool, PTN_IDSET_REPLID, &s)
              == PTN_OK, "encode");
    expect(t, ptn_idset_decode(&back, PTN_IDSET_REPLID, s) == PTN_OK,
           "decode");
    expect(t, ptn_idset_count(&back) == ptn_idset_count(&p->set), "as many");

    for (k = 0; k < p->set.nparts; k++) {
        g = ptn_idset_surrogate((uint16_t) (9 - k));
        expect(t, p->set.parts[k].n == 0
                  || (ptn_idset_part(&back, g) != NULL
                      && ptn_idset_part(&back, g)->n == p->set.parts[k].n
                      && ptn_idset_part(&back, g)->replid == 9 - k),
               "by REPLID");
    }

    ptn_idset_done(&back);
}


static void
test_random(test_t *t, uint64_t base)
{
    unsigned  step, k, i, op;
    pair_t   *a, *b;

    a = calloc(1, sizeof(pair_t));
    b = calloc(1, sizeof(pair_t));
    t->base = base;

    for (step = 0; step < 300; step++) {
        for (i = roll(t, 60); i > 0; i--) {
            change(t, a);
            change(t, b);
        }

        op = roll(t, 4);

        expect(t, (op == 0 ? ptn_idset_union(&a->set, &b->set)
                   : op == 1 ? ptn_idset_minus(&a->set, &b->set)
                   : op == 2 ? ptn_idset_intersect(&a->set, &b->set)
                   : PTN_OK) == PTN_OK, "set and set");

        for (k = 0; k < GUIDS && op < 3; k++) {
            for (i = 0; i < BITS; i++) {
                a->bit[k][i] = op == 0 ? a->bit[k][i] || b->bit[k][i]
                               : op == 1 ? a->bit[k][i] && !b->bit[k][i]
                               : a->bit[k][i] && b->bit[k][i];
            }
        }

        same(t, a, "a");
        same(t, b, "b");
        wire(t, a);
        ptn_pool_reset(t->pool);
    }

    ok(t->bad == 0, "300 rounds from %#llx on", (unsigned long long) base);
    ptn_idset_done(&a->set);
    ptn_idset_done(&b->set);
    free(a);
    free(b);
}


/* ---- bytes --------------------------------------------------------------- */

typedef struct {
    const char  *what;
    const char  *bytes;
    size_t       len;
    ptn_rc_t     rc;
    uint64_t     count;
} row_t;

#define ROW(what, bytes, rc, count)  { what, bytes, sizeof(bytes) - 1, rc, count }

static const row_t  rows[] = {
    ROW("nothing", "", PTN_OK, 0),
    ROW("no ranges", "\1\0\0", PTN_OK, 0),
    ROW("a value", "\1\0\6\0\0\0\0\0\5\0", PTN_OK, 1),
    ROW("a range", "\1\0\x52\0\0\0\0\0\1\0\0\0\0\0\7\0", PTN_OK, 7),
    ROW("the bitmask of 3.1.5.4.3.1.3",
        "\1\0\5\0\0\0\0\0\x42\1\xeb\x50\0", PTN_OK, 7),
    ROW("two pushes and a value inside",
        "\1\0\2\0\0\3\0\0\1\x52\1\4\1\2\x50\x50\0", PTN_OK, 4),
    ROW("two pushes and pops", "\1\0\2\0\0\3\0\0\1\x52\1\4\x50\x50\0", PTN_OK,
        4),
    ROW("ranges out of order",
        "\1\0\5\0\0\0\0\0\1\7\1\3\x52\1\4\x50\0", PTN_OK, 5),
    ROW("the last of all", "\1\0\6\xff\xff\xff\xff\xff\xff\0", PTN_OK, 1),
    ROW("0 is none", "\1\0\6\0\0\0\0\0\0\0", PTN_OK, 0),
    ROW("all", "\1\0\x52\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\0", PTN_OK,
        0xffffffffffffULL),
    ROW("two replicas", "\1\0\6\0\0\0\0\0\5\0\2\0\6\0\0\0\0\0\5\0", PTN_OK, 2),
    ROW("one twice", "\1\0\6\0\0\0\0\0\5\0\1\0\6\0\0\0\0\0\6\0", PTN_EPARSE,
        0),
    ROW("half a replica", "\1", PTN_ETRUNC, 0),
    ROW("no end", "\1\0\6\0\0\0\0\0\5", PTN_ETRUNC, 0),
    ROW("push cut off", "\1\0\6\0\0", PTN_ETRUNC, 0),
    ROW("push beyond six", "\1\0\5\0\0\0\0\0\2\1\1\x50\0", PTN_EPARSE, 0),
    ROW("pop of nothing", "\1\0\x50\0", PTN_EPARSE, 0),
    ROW("pop of what went by itself", "\1\0\6\0\0\0\0\0\5\x50\0", PTN_EPARSE,
        0),
    ROW("end with a stack", "\1\0\2\0\0\0", PTN_EPARSE, 0),
    ROW("bitmask at four", "\1\0\4\0\0\0\0\x42\1\1\x50\0", PTN_EPARSE, 0),
    ROW("bitmask cut off", "\1\0\5\0\0\0\0\0\x42\1", PTN_ETRUNC, 0),
    ROW("bitmask beyond", "\1\0\5\0\0\0\0\0\x42\xf9\x40\x50\0", PTN_EPARSE, 0),
    ROW("bitmask to the end", "\1\0\5\0\0\0\0\0\x42\xf9\x20\x50\0", PTN_OK, 2),
    ROW("range backwards", "\1\0\5\0\0\0\0\0\x52\2\1\x50\0", PTN_EPARSE, 0),
    ROW("range cut off", "\1\0\5\0\0\0\0\0\x52\2", PTN_ETRUNC, 0),
    ROW("no command", "\1\0\7\0\0\0\0\0\0\0\0", PTN_EPARSE, 0)
};


static void
test_rows(test_t *t)
{
    size_t       i;
    ptn_rc_t     rc;
    ptn_str_t    s;
    ptn_idset_t  set;

    memset(&set, 0, sizeof(set));

    for (i = 0; i < ptn_nelts(rows); i++) {
        rc = ptn_idset_decode(&set, PTN_IDSET_REPLID,
                              ptn_str_make(rows[i].bytes, rows[i].len));
        ok(rc == rows[i].rc && ptn_idset_count(&set) == rows[i].count,
           "%s: %s", rows[i].what, ptn_err(rc)->name);
        ptn_idset_done(&set);
    }

    /* 3.1.5.4.3.1.3 again, from the ranges */

    ptn_idset_add_range(&set, ptn_idset_surrogate(1), 1, 3);
    ptn_idset_add(&set, ptn_idset_surrogate(1), 5);
    ptn_idset_add_range(&set, ptn_idset_surrogate(1), 7, 9);
    set.parts[0].replid = 1;
    ptn_idset_ready(&set);
    ok(ptn_idset_encode(&set, t->pool, PTN_IDSET_REPLID, &s) == PTN_OK
       && s.len == 13 && memcmp(s.data, rows[4].bytes, 13) == 0,
       "the example of the specification");
    ptn_idset_done(&set);

    /* the part of a replica that has no REPLID; one that is empty is none */

    ptn_idset_add(&set, guid(1), 5);
    ptn_idset_ready(&set);
    set.parts[0].replid = 0;
    is_rc(ptn_idset_encode(&set, t->pool, PTN_IDSET_REPLID, &s), PTN_EINVAL,
          "no REPLID");
    set.parts[0].n = 0;
    is_rc(ptn_idset_encode(&set, t->pool, PTN_IDSET_REPLID, &s), PTN_OK,
          "nor any numbers");
    is_u64(s.len, 0, "which is not written");
    set.parts[0].n = 1;
    ptn_idset_done(&set);

    /* parts are in the order of REPLIDs (MS-OXCFXICS 2.2.2.4.1) */

    ptn_idset_add(&set, guid(1), 5);
    ptn_idset_add(&set, guid(2), 5);
    ptn_idset_ready(&set);
    set.parts[0].replid = 0x102;
    set.parts[1].replid = 0x101;
    is_rc(ptn_idset_encode(&set, t->pool, PTN_IDSET_REPLID, &s), PTN_OK,
          "two parts");
    ok(s.len > 2 && s.data[0] == 1 && s.data[1] == 1,
       "the lesser REPLID comes first");
    ptn_idset_done(&set);

    is_rc(ptn_idset_add(&set, guid(1), 0), PTN_EINVAL, "0 cannot be added");
    is_rc(ptn_idset_add(&set, guid(1), PTN_ID_MAX + 1), PTN_EINVAL,
          "nor 2^48");
    ptn_idset_done(&set);
}


static void
test_many(test_t *t)
{
    int64_t      began, took;
    unsigned     i, hits;
    ptn_str_t    s;
    ptn_idset_t  set, back;

    memset(&set, 0, sizeof(set));
    memset(&back, 0, sizeof(back));
    began = ptn_time_mono();

    /* every other one, backwards, in seven interleaved runs */

    for (i = 0; i < 100000; i++) {
        ptn_idset_add(&set, guid(1),
                      1000000 - 2 * ((i % 7) * 14286 + i / 7) % 999999);
    }

    ptn_idset_ready(&set);
    diag("%zu ranges", ptn_idset_ranges(&set));

    for (i = 0, hits = 0; i <= 1000000; i++) {
        hits += ptn_idset_has(&set, guid(1), i);
    }

    ptn_idset_encode(&set, t->pool, PTN_IDSET_REPLGUID, &s);
    ok(ptn_idset_decode(&back, PTN_IDSET_REPLGUID, s) == PTN_OK
       && ptn_idset_equal(&set, &back) && hits == ptn_idset_count(&set),
       "100,000 ranges there and back");
    took = ptn_time_mono() - began;
    diag("%zu bytes, %lld ms", s.len, (long long) took);
    ptn_idset_done(&set);
    ptn_idset_done(&back);
    ptn_pool_reset(t->pool);
}


int
main(void)
{
    test_t  t;

    memset(&t, 0, sizeof(t));
    t.random = 42;
    t.pool = ptn_pool_create(0, NULL);
    test_rows(&t);
    test_random(&t, 1);
    test_random(&t, 0xff80);
    test_random(&t, 0xfffffffff000ULL);
    test_short(&t);
    test_many(&t);
    ptn_pool_destroy(t.pool);

    return done_testing();
}
