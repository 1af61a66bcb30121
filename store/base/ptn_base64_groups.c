/*
 * Base64 by whole groups: the part that takes the time, for the text of
 * bodies and of properties (ptn_charset.h).  Where the processor has AVX2, 32
 * characters at a time: attachments are most of the bytes of mail, and each
 * is decoded, and encoded again to see that it comes back, as it is delivered.
 */

#include <endian.h>

#include "ptn_charset.h"

#if (defined __x86_64__)
#include <immintrin.h>
#define PTN_BASE64_AVX2  1
#else
#define PTN_BASE64_AVX2  0
#endif


const char  ptn_base64_alphabet[65] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const uint8_t  ptn_base64_values[256] = {
#define R4(v)   v, v, v, v
#define R16(v)  R4(v), R4(v), R4(v), R4(v)
    R16(64), R16(64),
    R4(64), R4(64), 64, 64, 64, 62, 64, 64, 64, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 64, 64, 64, 65, 64, 64,
    64, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 64, 64, 64, 64, 64,
    64, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 64, 64, 64, 64, 64,
    R16(64), R16(64), R16(64), R16(64), R16(64), R16(64), R16(64), R16(64)
#undef R16
#undef R4
};


#if (PTN_BASE64_AVX2)

#define PTN_BASE64_V(c)  _mm256_set1_epi8((char) (c))

/* Sixteen bytes to look up by a nibble, in both lanes. */
#define PTN_BASE64_TABLE(...)                                                 \
    _mm256_setr_epi8(__VA_ARGS__, __VA_ARGS__)


/*
 * The alphabet by the high nibble of a character: 2 has '+' and '/', 3 the
 * digits, 4 and 6 all letters but at 0, 5 and 7 those up to 0xa.  One bit for
 * each of these four kinds of row, one for all others; `low` has the bits of
 * the rows in which that low nibble is not of the alphabet.
 */

__attribute__((target("avx2"), always_inline))
static inline bool
ptn_base64_known(__m256i x, __m256i high)
{
    const __m256i  rows = PTN_BASE64_TABLE(16, 16, 1, 2, 4, 8, 4, 8,
                                           16, 16, 16, 16, 16, 16, 16, 16);
    const __m256i  low = PTN_BASE64_TABLE(21, 17, 17, 17, 17, 17, 17, 17,
                                          17, 17, 19, 26, 27, 27, 27, 26);

    return _mm256_testz_si256(_mm256_shuffle_epi8(rows, high),
                              _mm256_shuffle_epi8(low,
                                  _mm256_and_si256(x, PTN_BASE64_V(15))));
}


__attribute__((target("avx2"), always_inline))
static inline __m256i
ptn_base64_high(__m256i x)
{
    return _mm256_and_si256(_mm256_srli_epi32(x, 4), PTN_BASE64_V(15));
}


/* 32 characters to 24 bytes, of which it writes 28. */

__attribute__((target("avx2")))
static size_t
ptn_base64_decode_avx2(u_char *d, size_t room, const u_char *s, size_t n)
{
    size_t   done;
    __m256i  x, high;

    /* what to add, by the row; '/' stands in row 1, which has no other */

    const __m256i  shift = PTN_BASE64_TABLE(
        0, 63 - '/', 62 - '+', 52 - '0', 0 - 'A', 0 - 'A', 26 - 'a', 26 - 'a',
        0, 0, 0, 0, 0, 0, 0, 0);
    const __m256i  order = PTN_BASE64_TABLE(
        2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);

    for (done = 0; n - done >= 32 && room >= 28; done += 32, room -= 24) {
        x = _mm256_loadu_si256((const __m256i *) (const void *) (s + done));
        high = ptn_base64_high(x);

        if (!ptn_base64_known(x, high)) {
            break;
        }

        high = _mm256_add_epi8(high, _mm256_cmpeq_epi8(x, PTN_BASE64_V('/')));
        x = _mm256_add_epi8(x, _mm256_shuffle_epi8(shift, high));

        /* 6 and 6 bits, 12 and 12, then the three bytes in their order */

        x = _mm256_maddubs_epi16(x, _mm256_set1_epi16(0x0140));
        x = _mm256_madd_epi16(x, _mm256_set1_epi32(0x00011000));
        x = _mm256_shuffle_epi8(x, order);

        _mm_storeu_si128((__m128i *) (void *) d, _mm256_castsi256_si128(x));
        _mm_storeu_si128((__m128i *) (void *) (d + 12),
                         _mm256_extracti128_si256(x, 1));
        d += 24;
    }

    return done;
}


__attribute__((target("avx2")))
static size_t
ptn_base64_span_avx2(const u_char *s, size_t n)
{
    size_t   i;
    __m256i  x;

    for (i = 0; n - i >= 32; i += 32) {
        x = _mm256_loadu_si256((const __m256i *) (const void *) (s + i));

        if (!ptn_base64_known(x, ptn_base64_high(x))) {
            break;
        }
    }

    return i;
}


/* 24 bytes, of which it reads 28, to 32 characters. */

__attribute__((target("avx2")))
static size_t
ptn_base64_encode_avx2(u_char *d, const u_char *s, size_t n)
{
    size_t   done;
    __m256i  x, v, shift;

    const __m256i  order = PTN_BASE64_TABLE(
        2, 1, 0, -1, 5, 4, 3, -1, 8, 7, 6, -1, 11, 10, 9, -1);

    for (done = 0; n - done >= 28; done += 24, d += 32) {
        x = _mm256_inserti128_si256(
                _mm256_castsi128_si256(_mm_loadu_si128(
                    (const __m128i *) (const void *) (s + done))),
                _mm_loadu_si128(
                    (const __m128i *) (const void *) (s + done + 12)), 1);
        x = _mm256_shuffle_epi8(x, order);

        /* of 24 bits in a lane of 32 the highest six first */

        v = _mm256_srli_epi32(x, 18);
        v = _mm256_or_si256(v, _mm256_and_si256(_mm256_srli_epi32(x, 4),
                                    _mm256_set1_epi32(0x00003f00)));
        v = _mm256_or_si256(v, _mm256_and_si256(_mm256_slli_epi32(x, 10),
                                    _mm256_set1_epi32(0x003f0000)));
        v = _mm256_or_si256(v, _mm256_and_si256(_mm256_slli_epi32(x, 24),
                                    _mm256_set1_epi32(0x3f000000)));

        /* from one range of the alphabet to the next the distance changes */

        shift = PTN_BASE64_V('A');
        shift = _mm256_add_epi8(shift, _mm256_and_si256(
                    _mm256_cmpgt_epi8(v, PTN_BASE64_V(25)),
                    PTN_BASE64_V('a' - 26 - 'A')));
        shift = _mm256_add_epi8(shift, _mm256_and_si256(
                    _mm256_cmpgt_epi8(v, PTN_BASE64_V(51)),
                    PTN_BASE64_V('0' - 52 - ('a' - 26))));
        shift = _mm256_add_epi8(shift, _mm256_and_si256(
                    _mm256_cmpgt_epi8(v, PTN_BASE64_V(61)),
                    PTN_BASE64_V('+' - 62 - ('0' - 52))));
        shift = _mm256_add_epi8(shift, _mm256_and_si256(
                    _mm256_cmpgt_epi8(v, PTN_BASE64_V(62)),
                    PTN_BASE64_V('/' - 63 - ('+' - 62))));

        _mm256_storeu_si256((__m256i *) (void *) d,
                            _mm256_add_epi8(v, shift));
    }

    return done;
}

#endif


size_t
ptn_base64_decode_groups(u_char *d, size_t room, const u_char *s, size_t n)
{
    size_t   done;
    uint8_t  a, b, c, e;

    done = 0;

#if (PTN_BASE64_AVX2)

    if (n >= 32 && __builtin_cpu_supports("avx2")) {
        done = ptn_base64_decode_avx2(d, room, s, n);
        d += done / 4 * 3;
        room -= done / 4 * 3;
    }

#endif

    for ( /* void */ ; n - done >= 4 && room >= 3; done += 4, room -= 3) {
        a = ptn_base64_values[s[done]];
        b = ptn_base64_values[s[done + 1]];
        c = ptn_base64_values[s[done + 2]];
        e = ptn_base64_values[s[done + 3]];

        if ((a | b | c | e) & 64) {
            break;
        }

        *d++ = (u_char) (a << 2 | b >> 4);
        *d++ = (u_char) (b << 4 | c >> 2);
        *d++ = (u_char) (c << 6 | e);
    }

    return done;
}


size_t
ptn_base64_span(const u_char *s, size_t n)
{
    size_t  i;

    i = 0;

#if (PTN_BASE64_AVX2)

    if (n >= 32 && __builtin_cpu_supports("avx2")) {
        i = ptn_base64_span_avx2(s, n);
    }

#endif

    while (i < n && ptn_base64_values[s[i]] < 64) {
        i++;
    }

    return i;
}


static void
ptn_base64_put(u_char *d, uint32_t w)
{
    d[0] = (u_char) ptn_base64_alphabet[w >> 18];
    d[1] = (u_char) ptn_base64_alphabet[(w >> 12) & 0x3f];
    d[2] = (u_char) ptn_base64_alphabet[(w >> 6) & 0x3f];
    d[3] = (u_char) ptn_base64_alphabet[w & 0x3f];
}


size_t
ptn_base64_encode_text(u_char *d, const u_char *s, size_t n)
{
    size_t    i;
    u_char   *start;
    uint32_t  w;
    uint64_t  v;

    start = d;
    i = 0;

#if (PTN_BASE64_AVX2)

    if (n >= 28 && __builtin_cpu_supports("avx2")) {
        i = ptn_base64_encode_avx2(d, s, n);
        d += i / 3 * 4;
    }

#endif

    for ( /* void */ ; n - i >= 8; i += 6, d += 8) {
        memcpy(&v, s + i, 8);
        v = be64toh(v);
        ptn_base64_put(d, (uint32_t) (v >> 40));
        ptn_base64_put(d + 4, (uint32_t) (v >> 16) & 0xffffff);
    }

    for ( /* void */ ; n - i >= 3; i += 3, d += 4) {
        ptn_base64_put(d, (uint32_t) s[i] << 16 | (uint32_t) s[i + 1] << 8
                          | s[i + 2]);
    }

    if (i != n) {
        w = (uint32_t) s[i] << 16;
        w |= (n - i == 2) ? (uint32_t) s[i + 1] << 8 : 0;

        ptn_base64_put(d, w);
        d[2] = (n - i == 2) ? d[2] : '=';
        d[3] = '=';
        d += 4;
    }

    return (size_t) (d - start);
}
