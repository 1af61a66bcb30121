/*
 * Objects: property lists against a slow model, multiple values, random trees
 * packed and unpacked, every truncation refused, flipped bits harmless.
 */

#include "ptn_object.h"
#include "ptn_test.h"


static uint32_t
next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;

    return (uint32_t) (*seed >> 33);
}


static u_char  filler[300];


static void
random_props(ptn_pool_t *pool, uint64_t *seed, ptn_props_t *props)
{
    int       n;
    uint32_t  tag;

    for (n = (int) next(seed) % 12; n > 0; n--) {
        tag = (next(seed) % 40) << 16;

        switch (next(seed) % 5) {
        case 0:
            ptn_props_set_int(props, pool, tag | PTN_PT_LONG, -7);
            break;
        case 1:
            ptn_props_set_int(props, pool, tag | PTN_PT_SYSTIME, 1LL << 60);
            break;
        case 2:
            ptn_props_set_dup(props, pool, tag | PTN_PT_UNICODE,
                              ptn_str_make(filler, next(seed) % 300));
            break;
        case 3:
            ptn_props_set(props, pool, tag | PTN_PT_BINARY,
                          ptn_str_make(filler, next(seed) % 300));
            break;
        default:
            ptn_props_unset(props, (uint16_t) (tag >> 16));
        }
    }
}


static void
random_object(ptn_pool_t *pool, uint64_t *seed, ptn_object_t *o, int depth)
{
    uint32_t  i;

    random_props(pool, seed, &o->props);
    o->nrecips = next(seed) % 4;
    o->recips = ptn_pcalloc(pool, 4 * sizeof(ptn_recip_t));

    for (i = 0; i < o->nrecips; i++) {
        o->recips[i].row = i;
        o->recips[i].type = next(seed) % 4;
        random_props(pool, seed, &o->recips[i].props);
    }

    o->nattachs = next(seed) % 4;
    o->attachs = ptn_pcalloc(pool, 4 * sizeof(ptn_attach_t));

    for (i = 0; i < o->nattachs; i++) {
        o->attachs[i].num = i * 3;
        o->attachs[i].part = next(seed) % 2 ? PTN_PART_NONE : i;
        o->attachs[i].size = 1ULL << (next(seed) % 40);
        random_props(pool, seed, &o->attachs[i].props);

        if (depth < 3 && next(seed) % 3 == 0) {
            o->attachs[i].embedded = ptn_pcalloc(pool, sizeof(ptn_object_t));
            random_object(pool, seed, o->attachs[i].embedded, depth + 1);
        }
    }
}


static bool
same_props(const ptn_props_t *a, const ptn_props_t *b)
{
    uint32_t  i;

    if (a->n != b->n) {
        return false;
    }

    for (i = 0; i < a->n; i++) {
        if (a->p[i].tag != b->p[i].tag
            || !ptn_str_eq(a->p[i].value, b->p[i].value))
        {
            return false;
        }
    }

    return true;
}


static bool
same_object(const ptn_object_t *a, const ptn_object_t *b)
{
    uint32_t             i;
    const ptn_attach_t  *x, *y;

    if (!same_props(&a->props, &b->props) || a->nrecips != b->nrecips
        || a->nattachs != b->nattachs)
    {
        return false;
    }

    for (i = 0; i < a->nrecips; i++) {
        if (a->recips[i].row != b->recips[i].row
            || a->recips[i].type != b->recips[i].type
            || !same_props(&a->recips[i].props, &b->recips[i].props))
        {
            return false;
        }
    }

    for (i = 0; i < a->nattachs; i++) {
        x = &a->attachs[i];
        y = &b->attachs[i];

        if (x->num != y->num || x->part != y->part || x->size != y->size
            || !same_props(&x->props, &y->props)
            || (x->embedded == NULL) != (y->embedded == NULL)
            || (x->embedded != NULL && !same_object(x->embedded, y->embedded)))
        {
            return false;
        }
    }

    return true;
}


static void
test_pack(void)
{
    int            i, bad, cut, opened;
    size_t         k;
    uint64_t       seed;
    ptn_str_t      packed, again, v;
    ptn_pool_t    *pool;
    ptn_object_t   o, *back;

    seed = 7;
    bad = cut = opened = 0;
    memset(filler, 'x', sizeof(filler));

    for (i = 0; i < 200; i++) {
        pool = ptn_pool_create(0, NULL);
        memset(&o, 0, sizeof(o));
        random_object(pool, &seed, &o, 0);

        bad += ptn_object_pack(pool, &o, &packed) != PTN_OK;
        bad += ptn_object_unpack(pool, packed, &back) != PTN_OK
               || !same_object(&o, back);
        bad += ptn_object_pack(pool, back, &again) != PTN_OK
               || !ptn_str_eq(packed, again);

        for (k = 0; k < packed.len; k += 1 + packed.len / 200) {
            v.len = k;
            v.data = malloc(k + 1);
            memcpy(v.data, packed.data, k);
            cut += ptn_object_unpack(pool, ptn_str_make(v.data, k), &back)
                   == PTN_OK;
            free(v.data);
        }

        for (k = 0; k < 50; k++) {
            v.data = malloc(packed.len);
            memcpy(v.data, packed.data, packed.len);
            v.data[next(&seed) % packed.len] ^= (u_char) (1 << next(&seed) % 8);

            if (ptn_object_unpack(pool, ptn_str_make(v.data, packed.len),
                                  &back) == PTN_OK)
            {
                /* what it is now, it is for good */

                opened++;
                bad += ptn_object_pack(pool, back, &again) != PTN_OK
                       || again.len != packed.len;
            }

            free(v.data);
        }

        ptn_pool_destroy(pool);
    }

    is_u64(bad, 0, "random objects come back");
    is_u64(cut, 0, "truncated ones do not");
    ok(opened > 100, "some survive a flipped bit (%d)", opened);
}


static void
test_pack_errors(void)
{
    int            i;
    ptn_str_t      packed;
    ptn_pool_t    *pool;
    ptn_attach_t   attachs[60];
    ptn_object_t   objects[61], *back;
    static const struct {
        const char  *what;
        ptn_str_t    bytes;
        ptn_rc_t     rc;
    } rows[] = {
        { "nothing", ptn_null_string, PTN_ECORRUPT },
        { "a later version", ptn_string("\2\0"), PTN_EVERSION },
        { "version 0", ptn_string("\0\0"), PTN_ECORRUPT },
        { "a huge count", ptn_string("\1\0\xff\xff\xff\xff"), PTN_ECORRUPT },
        { "an empty one",
          ptn_string("\1\0" "\0\0\0\0" "\0\0\0\0" "\0\0\0\0"), PTN_OK },
        { "something behind it",
          ptn_string("\1\0" "\0\0\0\0" "\0\0\0\0" "\0\0\0\0" "x"),
          PTN_ECORRUPT },
        { "a LONG of one byte",
          ptn_string("\1\0" "\1\0\0\0" "\3\0\x17\0" "\1\0\0\0" "x"
                     "\0\0\0\0" "\0\0\0\0"), PTN_ECORRUPT },
        { "two types of one id",
          ptn_string("\1\0" "\2\0\0\0" "\x1f\0\x37\0" "\0\0\0\0"
                     "\2\1\x37\0" "\0\0\0\0" "\0\0\0\0" "\0\0\0\0"),
          PTN_ECORRUPT },
    };

    pool = ptn_pool_create(0, NULL);

    for (i = 0; i < (int) ptn_nelts(rows); i++) {
        is_rc(ptn_object_unpack(pool, rows[i].bytes, &back), rows[i].rc,
              rows[i].what);
    }

    memset(objects, 0, sizeof(objects));
    memset(attachs, 0, sizeof(attachs));

    for (i = 0; i < 60; i++) {
        objects[i].attachs = &attachs[i];
        objects[i].nattachs = 1;
        attachs[i].embedded = &objects[i + 1];
    }

    is_rc(ptn_object_pack(pool, &objects[10], &packed), PTN_OK, "50 deep");
    is_rc(ptn_object_unpack(pool, packed, &back), PTN_OK, "and back");
    is_rc(ptn_object_pack(pool, &objects[9], &packed), PTN_ETOOBIG, "51 deep");

    ptn_pool_destroy(pool);
}


/* A list beside an array by id. */

static void
test_props(void)
{
    int          bad, i, steps;
    int64_t      n, model[64];
    bool         set[64];
    uint32_t     id, k, tag;
    uint64_t     seed;
    ptn_str_t    v;
    ptn_pool_t  *pool;
    ptn_props_t  props = { 0 }, other = { 0 };

    pool = ptn_pool_create(0, NULL);
    seed = 3;
    bad = 0;
    memset(set, 0, sizeof(set));

    for (steps = 0; steps < 5000; steps++) {
        id = next(&seed) % 64;

        if (next(&seed) % 3 == 0) {
            ptn_props_unset(&props, (uint16_t) id);
            set[id] = false;

        } else {
            model[id] = next(&seed) % 2 ? -1 : steps;
            set[id] = true;
            tag = id << 16 | (next(&seed) % 2 ? PTN_PT_LONG : PTN_PT_I8);
            bad += ptn_props_set_int(&props, pool, tag, model[id]) != PTN_OK;
        }

        for (k = 0, i = 0; i < 64; i++) {
            v = ptn_props_find(&props, (uint16_t) i, &tag);
            bad += (v.data != NULL) != set[i];
            bad += set[i] && (!ptn_props_int(&props, tag, &n) || n != model[i]);
            k += set[i];
        }

        bad += props.n != k;
    }

    is_u64(bad, 0, "a list and its model");

    memset(&props, 0, sizeof(props));
    is_rc(ptn_props_set(&props, pool, PTN_PR_SUBJECT, ptn_str("one")), PTN_OK,
          "set");
    is_rc(ptn_props_set(&props, pool, PTN_PR_SUBJECT, ptn_str("two")), PTN_OK,
          "set again");
    is_u64(props.n, 1, "one");
    is_str(ptn_props_get(&props, PTN_PR_SUBJECT), "two", "the last");
    is_rc(ptn_props_set(&props, pool, 0x0037001e, ptn_str("three")), PTN_OK,
          "with another type");
    is_u64(props.n, 1, "still one");
    ok(ptn_props_get(&props, PTN_PR_SUBJECT).data == NULL, "the old is gone");
    is_rc(ptn_props_set(&props, pool, PTN_PR_IMPORTANCE, ptn_str("xx")),
          PTN_EINVAL, "a LONG of two bytes");
    is_rc(ptn_props_set_int(&props, pool, PTN_PR_SUBJECT, 1), PTN_EINVAL,
          "a number for a string");
    is_rc(ptn_props_set(&props, pool, PTN_PR_DISPLAY_TO,
                        ptn_str_make(NULL, 0)), PTN_OK, "an empty value");
    v = ptn_props_get(&props, PTN_PR_DISPLAY_TO);
    ok(v.data != NULL && v.len == 0, "has data");
    ok(!ptn_props_int(&props, PTN_PR_DISPLAY_TO, &n), "and is no number");

    ptn_props_set(&other, pool, PTN_PR_SUBJECT, ptn_str("other"));
    ptn_props_set(&other, pool, PTN_PR_MESSAGE_CLASS, ptn_str("IPM.Note"));
    ptn_props_set(&other, pool, PTN_PR_SENDER_NAME, ptn_str("S"));
    is_rc(ptn_props_merge(&props, pool, &other), PTN_OK, "merge");
    is_u64(props.n, 4, "adds what is missing");
    is_str(ptn_props_get(&props, 0x0037001e), "three", "keeps what was there");
    is_str(ptn_props_get(&props, PTN_PR_SENDER_NAME), "S", "at the end");
    ok(ptn_props_get(&props, ptn_prop_error(PTN_PR_SUBJECT)).data == NULL,
       "no error");

    memset(&props, 0, sizeof(props));

    for (k = 0; k < PTN_BAG_COUNT_MAX; k++) {
        bad += ptn_props_set_int(&props, pool, k << 16 | PTN_PT_LONG, k)
               != PTN_OK;
    }

    is_u64(bad, 0, "as many as there may be");
    is_rc(ptn_props_set_int(&props, pool, 0x7fff0003, 1), PTN_ELIMIT,
          "one more");
    is_rc(ptn_props_merge(&props, pool, &other), PTN_OK, "merge, all there");

    ptn_pool_destroy(pool);
}


static void
test_multiple(void)
{
    int          n;
    ptn_str_t    value, rest, v;
    ptn_pool_t  *pool;
    ptn_str_t    words[] = { ptn_string("red"), ptn_string(""),
                             ptn_string("green") };
    ptn_str_t    longs[] = { ptn_string("\1\0\0\0"), ptn_string("\2\0\0\0") };

    pool = ptn_pool_create(0, NULL);

    is_rc(ptn_mv_make(pool, 0x9000101f, words, 3, &value), PTN_OK, "words");
    is_mem(value, ptn_str("\3\0\0\0" "\3\0\0\0red" "\0\0\0\0"
                          "\5\0\0\0green"), "as they are kept");
    is_u64(ptn_mv_count(value), 3, "three");
    ok(ptn_mv_check(0x9000101f, value), "well formed");

    rest = ptn_mv_rest(value);
    for (n = 0; ptn_mv_next(0x9000101f, &rest, &v); n++) {
        is_mem(v, words[n], "a word");
    }

    is_u64(n, 3, "no more");

    is_rc(ptn_mv_make(pool, 0x90001003, longs, 2, &value), PTN_OK, "numbers");
    is_mem(value, ptn_str("\2\0\0\0" "\1\0\0\0" "\2\0\0\0"), "one by one");
    ok(ptn_mv_check(0x90001003, value), "well formed");
    is_rc(ptn_mv_make(pool, 0x90001003, words, 1, &value), PTN_EINVAL,
          "not a number");

    ok(!ptn_mv_check(0x90001003, ptn_str("\2\0\0\0" "\1\0\0\0")), "one short");
    ok(!ptn_mv_check(0x90001003, ptn_str("\0\0\0\0x")), "one long");
    ok(!ptn_mv_check(0x9000101f, ptn_str("\1\0\0\0" "\xff\xff\xff\xff")),
       "a length beyond");
    ok(!ptn_mv_check(0x9000101f, ptn_str("\1")), "no count");

    ptn_pool_destroy(pool);
}


int
main(void)
{
    test_props();
    test_multiple();
    test_pack();
    test_pack_errors();

    return done_testing();
}
