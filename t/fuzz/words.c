/*
 * Words of any bytes: units and tokens stand in the text, in order, are valid
 * and not too long; two texts side by side have the units of both; a query made
 * of the text matches it.
 *
 * Covers: store/mailbox/ptn_words.c store/mailbox/ptn_search_plan.c store/mailbox/ptn_search_text.c
 */

#include <stdio.h>
#include <stdlib.h>

#include "ptn_charset.h"
#include "ptn_search.h"


typedef struct {
    size_t  len, n, start;
    bool    tokens;
} fuzz_t;


static void
fuzz_wrong(const char *what)
{
    fprintf(stderr, "words: %s\n", what);
    abort();
}


static ptn_rc_t
fuzz_unit(void *ctx, const ptn_unit_t *u)
{
    fuzz_t  *f = ctx;

    if (u->s.len == 0 || u->s.len > PTN_WORDS_UNIT || !ptn_utf8_valid(u->s)) {
        fuzz_wrong("a unit");
    }

    if (u->end > f->len || u->start >= u->end || u->start < f->start) {
        fuzz_wrong("where a unit stands");
    }

    f->start = u->start;
    f->n++;

    return PTN_OK;
}


static ptn_rc_t
fuzz_token(void *ctx, ptn_str_t token, bool compound, size_t start,
    size_t end)
{
    fuzz_t  *f = ctx;

    if (token.len == 0 || token.len > PTN_WORDS_COMPOUND
        || (!compound && token.len > PTN_WORDS_UNIT)
        || memchr(token.data, '"', token.len) != NULL || end > f->len
        || start >= end)
    {
        fuzz_wrong("a token");
    }

    return PTN_OK;
}


static void
fuzz_leaf(ptn_pool_t *pool, ptn_str_t text, uint8_t op)
{
    bool                match;
    ptn_rc_t            rc;
    ptn_query_t         q;
    ptn_search_plan_t   plan;
    ptn_search_text_t   t;

    memset(&q, 0, sizeof(q));
    memset(&t, 0, sizeof(t));
    q.op = op;
    q.fields = PTN_FIND_TEXT;
    q.text = text;
    t.body = text;
    rc = ptn_search_plan(pool, &q, &plan);

    if (rc == PTN_ELIMIT) {
        return;
    }

    if (rc != PTN_OK || ptn_search_leaf(plan.top, pool, &t, &match) != PTN_OK)
    {
        fuzz_wrong("a query fails");
    }

    if (!match && (op != PTN_FIND_SUBSTRING || ptn_utf8_valid(text))) {
        fuzz_wrong("a text does not match itself");
    }
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t       half;
    fuzz_t       a, b, both;
    ptn_str_t    text;
    ptn_pool_t  *pool;

    text = ptn_str_make(data, size);
    memset(&both, 0, sizeof(both));
    both.len = size;
    ptn_words_tokens(text, fuzz_token, &both);
    ptn_words_units(text, fuzz_unit, &both);

    /* cut at a separator: the units of both halves */

    for (half = 0; half < size && data[half] != ' '; half++) { /* void */ }

    memset(&a, 0, sizeof(a));
    memset(&b, 0, sizeof(b));
    a.len = half;
    b.len = size - half;
    ptn_words_units(ptn_str_make(data, half), fuzz_unit, &a);
    ptn_words_units(ptn_str_make(data + half, size - half), fuzz_unit, &b);

    if (a.n + b.n != both.n) {
        fuzz_wrong("two texts have other units than both together");
    }

    pool = ptn_pool_create(0, NULL);
    fuzz_leaf(pool, text, PTN_FIND_WORD);
    fuzz_leaf(pool, text, PTN_FIND_PHRASE);
    fuzz_leaf(pool, text, PTN_FIND_SUBSTRING);
    ptn_pool_destroy(pool);

    return 0;
}
