/*
 * Does a text have these words, or these characters?
 */

#include "ptn_charset.h"
#include "ptn_search.h"


#define PTN_SEARCH_FIELDS  8

static size_t
ptn_search_fields(const ptn_search_text_t *text, uint8_t fields,
    ptn_str_t ret[PTN_SEARCH_FIELDS])
{
    size_t     i, n;
    ptn_str_t  all[PTN_SEARCH_FIELDS] = {
        text->subject, text->people[0], text->people[1], text->people[2],
        text->people[3], text->body, text->attached, text->names
    };

    for (i = 0, n = 0; i < PTN_SEARCH_FIELDS; i++) {
        if ((fields >> i & 1) && all[i].len != 0) {
            ret[n++] = all[i];
        }
    }

    return n;
}


/* ---- words in a row ---------------------------------------------------- */

typedef struct {
    const ptn_search_unit_t  *units;
    size_t                    n;
    bool                      prefix;
    uint64_t                  at;       /* bit i: units up to i matched */
} ptn_search_row_t;


static bool
ptn_search_unit_eq(const ptn_search_row_t *r, size_t i, const ptn_unit_t *u)
{
    const ptn_search_unit_t  *q;

    q = &r->units[i];

    if (q->cjk != u->cjk || (q->joined && !u->joined)) {
        return false;
    }

    if (r->prefix && i + 1 == r->n && u->s.len > q->s.len) {
        return memcmp(q->s.data, u->s.data, q->s.len) == 0;
    }

    return ptn_str_eq(q->s, u->s);
}


static ptn_rc_t
ptn_search_row(void *ctx, const ptn_unit_t *u)
{
    size_t             i;
    uint64_t           may;
    ptn_search_row_t  *r = ctx;

    may = r->at << 1 | 1;
    r->at = 0;

    for (i = 0; i < r->n && may >> i != 0; i++) {
        if ((may >> i & 1) && ptn_search_unit_eq(r, i, u)) {
            r->at |= 1ULL << i;
        }
    }

    return (r->at >> (r->n - 1) & 1) ? PTN_AGAIN : PTN_OK;
}


typedef struct {
    ptn_str_t  whole;
    bool       prefix;
} ptn_search_whole_t;


static ptn_rc_t
ptn_search_whole(void *ctx, ptn_str_t token, bool compound,
    size_t start PTN_UNUSED, size_t end PTN_UNUSED)
{
    ptn_search_whole_t  *w = ctx;

    return (compound
            && (w->prefix ? token.len >= w->whole.len
                            && memcmp(token.data, w->whole.data, w->whole.len)
                               == 0
                          : ptn_str_eq(token, w->whole)))
           ? PTN_AGAIN : PTN_OK;
}


/* ---- a leaf ------------------------------------------------------------ */

ptn_rc_t
ptn_search_leaf(const ptn_search_node_t *node, ptn_pool_t *pool,
    const ptn_search_text_t *text, bool *ret_match)
{
    size_t              i, n;
    ptn_rc_t            rc;
    ptn_str_t           field[PTN_SEARCH_FIELDS], folded;
    ptn_search_row_t    row;
    ptn_search_whole_t  whole;

    n = ptn_search_fields(text, node->f->fields, field);
    rc = PTN_OK;
    *ret_match = node->f->op == PTN_FIND_SUBSTRING ? node->folded.len == 0
                                                   : node->n == 0;

    for (i = 0; i < n && rc == PTN_OK && !*ret_match; i++) {

        if (node->f->op == PTN_FIND_SUBSTRING) {
            rc = ptn_utf8_fold(pool, field[i], &folded);
            *ret_match = rc == PTN_OK && folded.len >= node->folded.len
                         && memmem(folded.data, folded.len, node->folded.data,
                                   node->folded.len) != NULL;
            continue;
        }

        if (node->whole.len != 0) {
            whole.whole = node->whole;
            whole.prefix = node->f->prefix;
            rc = ptn_words_tokens(field[i], ptn_search_whole, &whole);

        } else {
            row.units = node->units;
            row.n = node->n;
            row.prefix = node->f->prefix;
            row.at = 0;
            rc = ptn_words_units(field[i], ptn_search_row, &row);
        }

        if (rc == PTN_AGAIN) {
            *ret_match = true;
            rc = PTN_OK;
        }
    }

    return rc;
}
