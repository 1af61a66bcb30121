/*
 * Text in sort keys.
 *
 * The primary weights are written as ICU writes them (collation keys, "primary
 * compression"): a lead byte that several weights in a row share stands once,
 * where it is one that may be left out, and a byte 3 or 0xff says where its run
 * ends, below or above what follows.  t/unit/collate.c compares.
 */

#include <stdlib.h>
#include <unicode/uchar.h>
#include <unicode/ucol.h>
#include <unicode/unorm2.h>
#include <unicode/uset.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

#include "ptn_collate.h"


#define PTN_COLLATE_PAGE   256      /* characters */
#define PTN_COLLATE_PAGES  512      /* up to U+1FFFF */
#define PTN_COLLATE_LEVEL  0x01
#define PTN_COLLATE_LOW    0x03
#define PTN_COLLATE_HIGH   0xff
#define PTN_COLLATE_MERGE  0x02

#define PTN_COLLATE_MEMO       128
#define PTN_COLLATE_MEMO_TEXT  124
#define PTN_COLLATE_MEMO_KEY   384

typedef enum {
    PTN_COLLATE_UNKNOWN, PTN_COLLATE_SIMPLE, PTN_COLLATE_ASK
} ptn_collate_e;

/* A character. */
typedef struct {
    uint32_t  weight;               /* its primary weight, first byte first */
    uint8_t   n;                    /* bytes of it; 0: it has none */
    uint8_t   state;                /* ptn_collate_e */
    bool      folds;                /* the lead byte may be left out */
    bool      joins;                /* it may change what stands before it */
} ptn_collate_char_t;

/* A key that was made, for the text comes again. */
typedef struct {
    uint16_t  len, key_len;         /* 0: none */
    u_char    text[PTN_COLLATE_MEMO_TEXT];
    u_char    key[PTN_COLLATE_MEMO_KEY];
} ptn_collate_memo_t;

struct ptn_collate_s {
    char                 locale[32];
    UCollator           *coll;
    UCollator           *folded;    /* without case */
    const UNormalizer2  *nfd;
    bool                 simple;    /* characters have weights of their own */
    ptn_collate_char_t  *pages[PTN_COLLATE_PAGES];
    ptn_collate_memo_t  *memo;
    uint64_t             joins[65536 / 64];
    uint64_t             pairs[65536 / 64];     /* by hash */
};


void
ptn_collate_done(ptn_store_t *store)
{
    size_t          i;
    ptn_collate_t  *c;

    c = store->collate;
    store->collate = NULL;

    if (c == NULL) {
        return;
    }

    for (i = 0; i < PTN_COLLATE_PAGES; i++) {
        free(c->pages[i]);
    }

    ucol_close(c->coll);
    ucol_close(c->folded);
    free(c->memo);
    free(c);
}


/* ---- what changes with its neighbours ----------------------------------- */

static uint32_t
ptn_collate_pair(UChar32 a, UChar32 b)
{
    return ((uint32_t) a * 0x9e3779b1U ^ (uint32_t) b * 0x85ebca6bU) >> 16;
}


static bool
ptn_collate_bit(const uint64_t *bits, uint32_t i)
{
    return (bits[i / 64] >> (i % 64)) & 1;
}


/* Neighbours in a contraction, or before and in what depends on it. */

static void
ptn_collate_join(ptn_collate_t *c, const UChar *s, int32_t n)
{
    int32_t   i;
    UChar32   a, b;
    uint32_t  k;

    for (i = 0, a = 0; i < n; a = b) {
        b = 0;
        k = (uint32_t) i;
        U16_NEXT(s, i, n, b);

        if (k != 0) {
            k = ptn_collate_pair(a, b);
            c->pairs[k / 64] |= 1ULL << (k % 64);
            k = (uint32_t) b & 0xffff;
            c->joins[k / 64] |= 1ULL << (k % 64);
        }
    }
}


static bool
ptn_collate_joins(ptn_collate_t *c)
{
    UChar       s[64];
    USet       *set;
    int32_t     i, n, len;
    UChar32     from, to;
    UErrorCode  err;

    set = uset_openEmpty();
    err = U_ZERO_ERROR;
    ucol_getContractionsAndExpansions(c->coll, set, NULL, true, &err);
    n = uset_getItemCount(set);

    for (i = 0; i < n && U_SUCCESS(err); i++) {
        len = uset_getItem(set, i, &from, &to, s, 64, &err);

        if (len >= 2) {
            ptn_collate_join(c, s, len);
        }
    }

    uset_close(set);

    return U_SUCCESS(err);
}


static bool
ptn_collate_plain(const UCollator *coll)
{
    bool        plain;
    UErrorCode  err;

    err = U_ZERO_ERROR;
    plain = ucol_getAttribute(coll, UCOL_NUMERIC_COLLATION, &err) == UCOL_OFF
            && ucol_getAttribute(coll, UCOL_NORMALIZATION_MODE, &err)
               == UCOL_OFF
            && ucol_getAttribute(coll, UCOL_ALTERNATE_HANDLING, &err)
               == UCOL_NON_IGNORABLE;

    return plain && U_SUCCESS(err);
}


/* ---- the collator -------------------------------------------------------- */

static ptn_collate_t *
ptn_collate_open(const char *locale)
{
    UErrorCode      err;
    ptn_collate_t  *c;

    c = calloc(1, sizeof(ptn_collate_t));
    if (c == NULL) {
        return NULL;
    }

    err = U_ZERO_ERROR;
    strncpy(c->locale, locale, sizeof(c->locale) - 1);
    c->coll = ucol_open(locale, &err);
    c->folded = U_SUCCESS(err) ? ucol_open(locale, &err) : NULL;

    if (U_FAILURE(err)) {
        ucol_close(c->coll);
        ucol_close(c->folded);
        free(c);
        return NULL;
    }

    ucol_setStrength(c->folded, UCOL_SECONDARY);
    c->nfd = unorm2_getNFDInstance(&err);
    c->simple = ptn_collate_plain(c->coll) && ptn_collate_joins(c);
    c->memo = calloc(PTN_COLLATE_MEMO, sizeof(ptn_collate_memo_t));

    return c;
}


ptn_collate_t *
ptn_collate_of(ptn_mbox_t *mb)
{
    ptn_store_t    *store;
    ptn_collate_t  *c;

    store = mb->store;
    c = store->collate;

    if (c != NULL
        && strncmp(c->locale, mb->locale, sizeof(c->locale) - 1) == 0)
    {
        return c;
    }

    c = ptn_collate_open(mb->locale);

    if (c != NULL) {
        ptn_collate_done(store);
        store->collate = c;
    }

    return store->collate;
}


void
ptn_collate_idle(ptn_store_t *store)
{
    unsigned     i;
    ptn_mbox_t  *mb;

    for (i = 0; i < PTN_MBOX_HASH && store->collate == NULL; i++) {
        mb = store->hash[i];

        if (mb != NULL && mb->locale != NULL) {
            (void) ptn_collate_of(mb);
        }
    }
}


int
ptn_collate_compare(ptn_mbox_t *mb, ptn_str_t a, ptn_str_t b)
{
    int             n;
    UErrorCode      err;
    ptn_collate_t  *c;

    c = ptn_collate_of(mb);

    if (c == NULL || a.len > INT32_MAX || b.len > INT32_MAX) {
        return ptn_str_cmp(a, b);
    }

    err = U_ZERO_ERROR;
    n = ucol_strcollUTF8(c->folded, a.len ? (char *) a.data : "",
                         (int32_t) a.len, b.len ? (char *) b.data : "",
                         (int32_t) b.len, &err);

    return U_FAILURE(err) ? ptn_str_cmp(a, b) : n;
}


/* ---- whole keys ---------------------------------------------------------- */

ptn_str_t
ptn_collate_cut(ptn_str_t s)
{
    if (s.len > PTN_COLLATE_MAX) {
        s.len = PTN_COLLATE_MAX;

        while (s.len > 0 && (s.data[s.len] & 0xc0) == 0x80) {
            s.len--;
        }
    }

    return s;
}


static ptn_collate_memo_t *
ptn_collate_memo(const ptn_collate_t *c, ptn_str_t s)
{
    size_t    i;
    uint32_t  h;

    if (c->memo == NULL || s.len == 0 || s.len > PTN_COLLATE_MEMO_TEXT) {
        return NULL;
    }

    for (i = 0, h = (uint32_t) s.len; i < s.len; i++) {
        h = (h ^ s.data[i]) * 16777619U;
    }

    return &c->memo[(h ^ h >> 15) % PTN_COLLATE_MEMO];
}


static void
ptn_collate_make(const ptn_collate_t *c, ptn_buf_t *b, ptn_str_t s)
{
    UChar       wide[PTN_COLLATE_MAX + 1];
    u_char     *p;
    int32_t     n, len;
    UErrorCode  err;

    err = U_ZERO_ERROR;
    n = 0;
    u_strFromUTF8WithSub(wide, PTN_COLLATE_MAX + 1, &n,
                         s.len ? (char *) s.data : "", (int32_t) s.len,
                         0xfffd, NULL, &err);

    if (U_FAILURE(err)) {
        b->failed = true;
        return;
    }

    p = ptn_buf_reserve(b, (size_t) n * 4 + 16);
    if (p == NULL) {
        return;
    }

    len = ucol_getSortKey(c->coll, wide, n, p, n * 4 + 16);

    if (len > n * 4 + 16) {
        p = ptn_buf_reserve(b, (size_t) len);
        if (p == NULL) {
            return;
        }

        len = ucol_getSortKey(c->coll, wide, n, p, len);
    }

    b->len += (size_t) len;
}


void
ptn_collate_key(ptn_mbox_t *mb, ptn_buf_t *b, ptn_str_t s)
{
    size_t               from;
    ptn_collate_t       *c;
    ptn_collate_memo_t  *memo;

    s = ptn_collate_cut(s);
    c = ptn_collate_of(mb);

    if (c == NULL) {
        b->failed = true;
        return;
    }

    memo = ptn_collate_memo(c, s);

    if (memo != NULL && memo->key_len != 0 && memo->len == s.len
        && memcmp(memo->text, s.data, s.len) == 0)
    {
        ptn_buf_add(b, memo->key, memo->key_len);
        return;
    }

    from = b->len;
    ptn_collate_make(c, b, s);

    if (memo != NULL && !b->failed && b->len - from <= PTN_COLLATE_MEMO_KEY) {
        memo->len = (uint16_t) s.len;
        memo->key_len = (uint16_t) (b->len - from);
        memcpy(memo->text, s.data, s.len);
        memcpy(memo->key, b->data + from, memo->key_len);
    }
}


/* ---- primary weights ----------------------------------------------------- */

/* The key, and where its first level ends; -1: it is none of ours. */

static int32_t
ptn_collate_level(const ptn_collate_t *c, const UChar *s, int32_t n,
    u_char *key, int32_t size)
{
    int32_t        len;
    const u_char  *end;

    len = ucol_getSortKey(c->coll, s, n, key, size);

    if (len <= 0 || len > size) {
        return -1;
    }

    end = memchr(key, PTN_COLLATE_LEVEL, (size_t) len);

    return end ? (int32_t) (end - key) : -1;
}


/* One weight with the common secondary weight behind it is an "a", or as one:
 * the second level is one byte, always the same. */

static bool
ptn_collate_single(const ptn_collate_t *c, const u_char *key, int32_t level)
{
    u_char   a[64];
    UChar    s = 'a';
    int32_t  n;

    n = ptn_collate_level(c, &s, 1, a, sizeof(a));

    return n > 0 && a[n + 2] == PTN_COLLATE_LEVEL
           && key[level + 1] == a[n + 1]
           && key[level + 2] == PTN_COLLATE_LEVEL;
}


static const ptn_collate_char_t *ptn_collate_seen(ptn_collate_t *c,
    UChar32 ch);


/* A letter with marks, which have no weight of their own here. */

static bool
ptn_collate_marked(ptn_collate_t *c, UChar32 ch, uint32_t weight)
{
    UChar                      s[16];
    int32_t                    i, n;
    UChar32                    base, mark;
    UErrorCode                 err;
    const ptn_collate_char_t  *e;

    err = U_ZERO_ERROR;
    n = c->nfd ? unorm2_getDecomposition(c->nfd, ch, s, 16, &err) : -1;

    if (n <= 0 || U_FAILURE(err)) {
        return false;
    }

    i = 0;
    U16_NEXT(s, i, n, base);

    while (i < n) {
        U16_NEXT(s, i, n, mark);

        if (u_getCombiningClass(mark) == 0) {
            return false;
        }
    }

    e = (base != ch) ? ptn_collate_seen(c, base) : NULL;

    return e != NULL && e->n != 0 && e->weight == weight;
}


static void
ptn_collate_learn(ptn_collate_t *c, UChar32 ch, ptn_collate_char_t *e)
{
    UChar    s[4];
    u_char   key[64];
    int32_t  i, n, one, two;

    e->state = PTN_COLLATE_ASK;

    if (!c->simple || ch > 0x10ffff || U_IS_SURROGATE(ch)
        || U_IS_UNICODE_NONCHAR(ch) || u_getCombiningClass(ch) != 0)
    {
        return;
    }

    n = 0;
    U16_APPEND_UNSAFE(s, n, ch);
    one = ptn_collate_level(c, s, n, key, sizeof(key) - 2);

    if (one < 0 || one > 4) {
        return;
    }

    e->n = (uint8_t) one;

    for (i = 0, e->weight = 0; i < 4; i++) {
        e->weight = e->weight << 8 | (i < one ? key[i] : 0);
    }

    if (one != 0 && !ptn_collate_single(c, key, one)
        && !ptn_collate_marked(c, ch, e->weight))
    {
        return;
    }

    e->joins = ptn_collate_bit(c->joins, (uint32_t) ch & 0xffff);

    /* a weight of one byte would be nothing without it */

    if (one > 1) {
        if (e->joins && ptn_collate_bit(c->pairs, ptn_collate_pair(ch, ch))) {
            return;
        }

        memcpy(s + n, s, (size_t) n * sizeof(UChar));
        two = ptn_collate_level(c, s, 2 * n, key, sizeof(key));

        if (two != 2 * one && two != 2 * one - 1) {
            return;
        }

        e->folds = (two != 2 * one);
    }

    e->state = PTN_COLLATE_SIMPLE;
}


/* Of a character of which nothing is known yet.  NULL: ICU must be asked. */

static const ptn_collate_char_t *
ptn_collate_seen(ptn_collate_t *c, UChar32 ch)
{
    ptn_collate_char_t  *e;

    if ((uint32_t) ch >= PTN_COLLATE_PAGE * PTN_COLLATE_PAGES) {
        return NULL;
    }

    e = c->pages[ch / PTN_COLLATE_PAGE];

    if (e == NULL) {
        e = calloc(PTN_COLLATE_PAGE, sizeof(ptn_collate_char_t));
        if (e == NULL) {
            return NULL;
        }

        c->pages[ch / PTN_COLLATE_PAGE] = e;
    }

    e += ch % PTN_COLLATE_PAGE;

    if (e->state == PTN_COLLATE_UNKNOWN) {
        ptn_collate_learn(c, ch, e);
    }

    return e->state == PTN_COLLATE_SIMPLE ? e : NULL;
}


static inline const ptn_collate_char_t *
ptn_collate_char(ptn_collate_t *c, UChar32 ch)
{
    const ptn_collate_char_t  *e;

    if ((uint32_t) ch < PTN_COLLATE_PAGE * PTN_COLLATE_PAGES) {
        e = c->pages[ch / PTN_COLLATE_PAGE];

        if (e != NULL
            && e[ch % PTN_COLLATE_PAGE].state == PTN_COLLATE_SIMPLE)
        {
            return e + ch % PTN_COLLATE_PAGE;
        }
    }

    return ptn_collate_seen(c, ch);
}


#define PTN_COLLATE_WEIGHT  5       /* bytes, with what ends a run */

/* *before: the weight whose lead byte may be left out. */

static inline u_char *
ptn_collate_weight(const ptn_collate_char_t *e, u_char *p, uint32_t *before)
{
    uint32_t  i, w;

    w = e->weight;

    if (!e->folds || w >> 24 != *before >> 24) {
        if (*before != 0) {
            if (w >= *before) {
                *p++ = PTN_COLLATE_HIGH;

            } else if (w >> 24 > PTN_COLLATE_MERGE) {
                *p++ = PTN_COLLATE_LOW;
            }
        }

        *p++ = (u_char) (w >> 24);
        *before = e->folds ? w : 0;
    }

    for (i = 1; i < e->n; i++) {
        w <<= 8;
        *p++ = (u_char) (w >> 24);
    }

    return p;
}


/* The next character of what is left; NULL: ICU must be asked. */

static inline const ptn_collate_char_t *
ptn_collate_next(ptn_collate_t *c, ptn_str_t s, size_t *i, UChar32 *last)
{
    UChar32                    ch;
    const ptn_collate_char_t  *e;

    if (s.data[*i] < 0x80) {
        ch = s.data[(*i)++];

    } else {
        U8_NEXT(s.data, *i, s.len, ch);

        if (ch < 0) {
            return NULL;
        }
    }

    e = ptn_collate_char(c, ch);

    if (e != NULL && e->joins
        && ptn_collate_bit(c->pairs, ptn_collate_pair(*last, ch)))
    {
        return NULL;
    }

    *last = ch;

    return e;
}


bool
ptn_collate_weigh(ptn_collate_t *c, ptn_str_t s, u_char *p, size_t max,
    size_t *ret_n)
{
    size_t                     i, n;
    u_char                    *q, *end, *more, out[PTN_COLLATE_WEIGHT + 1];
    UChar32                    last;
    uint32_t                   before;
    const ptn_collate_char_t  *e, *ascii;

    q = p;
    end = p + max;
    before = 0;
    last = 0;
    ascii = c->pages[0];

    for (i = 0; i < s.len && end - q > PTN_COLLATE_WEIGHT; /* void */ ) {

        /* most letters of most texts */

        if (s.data[i] < 0x80 && ascii != NULL) {
            e = &ascii[s.data[i]];

            if (e->n == 1 && e->state == PTN_COLLATE_SIMPLE && !e->joins) {
                if (before != 0) {
                    *q++ = (e->weight >= before) ? PTN_COLLATE_HIGH
                                                 : PTN_COLLATE_LOW;
                    before = 0;
                }

                *q++ = (u_char) (e->weight >> 24);
                last = s.data[i++];
                continue;
            }
        }

        e = ptn_collate_next(c, s, &i, &last);
        if (e == NULL) {
            return false;
        }

        if (e->n != 0) {
            q = ptn_collate_weight(e, q, &before);
        }
    }

    /* to the end, even when no more is wanted: a later character may say
     * something of one before it */

    while (i < s.len) {
        e = ptn_collate_next(c, s, &i, &last);
        if (e == NULL) {
            return false;
        }

        if (e->n != 0 && q < end) {
            more = ptn_collate_weight(e, out, &before);
            n = ptn_min((size_t) (more - out), (size_t) (end - q));
            memcpy(q, out, n);
            q += n;
        }
    }

    if (q < end) {
        *q++ = PTN_COLLATE_LEVEL;
    }

    *ret_n = (size_t) (q - p);

    return true;
}


ptn_rc_t
ptn_collate_primary(ptn_mbox_t *mb, ptn_str_t s, u_char *p, size_t max,
    size_t *ret_n)
{
    u_char         *end;
    ptn_buf_t       b;
    ptn_pool_t     *pool;
    ptn_collate_t  *c;

    s = ptn_collate_cut(s);
    c = ptn_collate_of(mb);

    if (c == NULL) {
        return PTN_ENOMEM;
    }

    if (ptn_collate_weigh(c, s, p, max, ret_n)) {
        return PTN_OK;
    }

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    ptn_buf_init(&b, pool);
    ptn_collate_key(mb, &b, s);

    if (!b.failed) {
        end = memchr(b.data, PTN_COLLATE_LEVEL, b.len);
        *ret_n = ptn_min(end ? (size_t) (end + 1 - b.data) : b.len, max);
        memcpy(p, b.data, *ret_n);
    }

    ptn_pool_destroy(pool);

    return b.failed ? PTN_ENOMEM : PTN_OK;
}
