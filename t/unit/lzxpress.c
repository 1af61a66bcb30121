/*
 * Plain LZ77: the worked examples of MS-XCA (../shared/ref/vectors/lz77, here
 * as text), round trips of many shapes, every truncation refused, and matches
 * that reach before the beginning or behind the end.
 */

#include <stdlib.h>

#include "ptn_lzxpress.h"
#include "ptn_test.h"


static const struct {
    const char  *name;
    const char  *raw;
    size_t       times;
    const char  *packed;
} vectors[] = {
    { "alphabet", "abcdefghijklmnopqrstuvwxyz", 1,
      "3f0000006162636465666768696a6b6c6d6e6f707172737475767778797a" },
    { "abc100", "abc", 100, "ffffff1f61626317000fff2601" },
};


static size_t
unhex(const char *hex, u_char *out)
{
    size_t    n;
    unsigned  v;

    for (n = 0; sscanf(hex + 2 * n, "%2x", &v) == 1; n++) {
        out[n] = (u_char) v;
    }

    return n;
}


static void
test_vectors(void)
{
    bool         refused;
    size_t       i, j, n, len;
    u_char       packed[256], raw[1024], out[1024];
    const char  *name;

    for (i = 0; i < ptn_nelts(vectors); i++) {
        name = vectors[i].name;
        n = unhex(vectors[i].packed, packed);
        len = 0;

        for (j = 0; j < vectors[i].times; j++) {
            memcpy(raw + len, vectors[i].raw, strlen(vectors[i].raw));
            len += strlen(vectors[i].raw);
        }

        is_rc(ptn_lzxpress_unpack(ptn_str_make(packed, n), out, len), PTN_OK,
              name);
        is_mem(ptn_str_make(out, len), ptn_str_make(raw, len), name);

        /* ours is the same: these have one best way */

        j = ptn_lzxpress_pack(ptn_str_make(raw, len), out, sizeof(out));
        is_mem(ptn_str_make(out, j), ptn_str_make(packed, n), name);

        refused = ptn_lzxpress_unpack(ptn_str_make(packed, n), out, len - 1)
                  == PTN_ECORRUPT
                  && ptn_lzxpress_unpack(ptn_str_make(packed, n), out, len + 1)
                     == PTN_ECORRUPT;

        ok(refused, "%s: other sizes are refused", name);

        for (j = 0; j < n; j++) {
            refused = refused
                      && ptn_lzxpress_unpack(ptn_str_make(packed, j), out, len)
                         == PTN_ECORRUPT;
        }

        ok(refused, "%s: every truncation is refused", name);
    }
}


static bool
round_trip(const u_char *raw, size_t len)
{
    bool     good;
    size_t   n, max;
    u_char  *packed, *out;

    max = len + len / 8 + 16;
    packed = malloc(max);
    out = malloc(len + 1);

    n = ptn_lzxpress_pack(ptn_str_make(raw, len), packed, max);

    good = n != 0
           && ptn_lzxpress_unpack(ptn_str_make(packed, n), out, len) == PTN_OK
           && (len == 0 || memcmp(out, raw, len) == 0);

    /* no room for it: nothing, and nothing behind the room (asan) */

    free(packed);
    packed = malloc(n != 0 ? n - 1 : 0);

    good = good
           && ptn_lzxpress_pack(ptn_str_make(raw, len), packed, n - 1) == 0;

    free(packed);
    free(out);

    return good;
}


static void
test_round_trips(void)
{
    bool      good;
    size_t    len, i, period;
    u_char   *raw;
    uint32_t  seed;

    raw = malloc(100000);
    seed = 1;
    good = true;

    for (len = 0; len < 400; len++) {
        for (period = 1; period < 40; period += 3) {
            for (i = 0; i < len; i++) {
                raw[i] = (u_char) (i % period);
            }

            good = good && round_trip(raw, len);
        }
    }

    ok(good, "periods");

    for (len = 1000; len <= 100000; len += 33000) {
        for (i = 0; i < len; i++) {
            seed = seed * 1664525 + 1013904223;
            raw[i] = (u_char) (seed >> 24);
        }

        ok(round_trip(raw, len), "noise, %zu", len);

        for (i = 0; i < len; i++) {
            raw[i] &= 3;
        }

        ok(round_trip(raw, len), "four letters, %zu", len);

        memset(raw, 'x', len);
        ok(round_trip(raw, len), "one letter, %zu", len);

        for (i = 0; i < len; i++) {
            raw[i] = (u_char) (i % 8192 * 7 >> 3);
        }

        ok(round_trip(raw, len), "far matches, %zu", len);
    }

    free(raw);
}


static void
test_hostile(void)
{
    u_char  out[64];

    static const u_char  first[] = { 255, 255, 255, 255, 0, 0 };
    static const u_char  far[] = { 255, 255, 255, 127, 'a', 8, 0 };
    static const u_char  zero[] = { 255, 255, 255, 127, 'a', 7, 0, 15, 255, 0, 0,
                                    0, 0, 0, 0 };
    static const u_char  huge[] = { 255, 255, 255, 127, 'a', 7, 0, 15, 255, 0, 0,
                                    255, 255, 255, 255 };

    is_rc(ptn_lzxpress_unpack(ptn_str_make(first, sizeof(first)), out, 3),
          PTN_ECORRUPT, "a match at the beginning");
    is_rc(ptn_lzxpress_unpack(ptn_str_make(far, sizeof(far)), out, 4),
          PTN_ECORRUPT, "a match before the beginning");
    is_rc(ptn_lzxpress_unpack(ptn_str_make(zero, sizeof(zero)), out, 4),
          PTN_ECORRUPT, "a long length that is none");
    is_rc(ptn_lzxpress_unpack(ptn_str_make(huge, sizeof(huge)), out, 64),
          PTN_ECORRUPT, "a match behind the end");
    is_rc(ptn_lzxpress_unpack(ptn_str_make(NULL, 0), out, 1), PTN_ECORRUPT,
          "nothing");
}


static void
test_xor(void)
{
    u_char  p[] = "abc";

    ptn_xor_magic(p, 3);
    ok(p[0] == ('a' ^ 0xa5) && p[3] == 0, "obfuscated");
    ptn_xor_magic(p, 3);
    is_mem(ptn_str_make(p, 3), ptn_str("abc"), "and back");
}


int
main(void)
{
    test_vectors();
    test_round_trips();
    test_hostile();
    test_xor();

    return done_testing();
}
