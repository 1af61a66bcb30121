/*
 * store/mailbox, inside: a query made ready.
 */

#ifndef PTN_SEARCH_H
#define PTN_SEARCH_H


#include "ptn_item.h"
#include "ptn_words.h"


#define PTN_SEARCH_UNITS   64       /* of a phrase */
#define PTN_SEARCH_TERMS   4096     /* words that have a substring */

typedef struct {
    ptn_str_t  s;
    bool       cjk, joined;
} ptn_search_unit_t;

typedef struct ptn_search_node_s  ptn_search_node_t;

struct ptn_search_node_s {
    const ptn_query_t    *f;
    ptn_search_node_t   *sub, *next;
    bool                 text;      /* is about text, or has such below it */
    bool                 deep;      /* asks for more than the header */

    /* FTS5's expression for what may match; len 0: none */
    ptn_str_t            expr;
    bool                 exact;     /* and all that does, matches */
    bool                 trusted;   /* what is streamed matches this */

    ptn_search_unit_t   *units;     /* WORD, PHRASE */
    size_t               n;
    ptn_str_t            whole;     /* WORD: an address or host name */
    ptn_str_t            folded;    /* SUBSTRING */
    ptn_str_t            piece;     /* in some word of the index */
    bool                 piece_end; /* at its end */

    ptn_id_t            *set;       /* contents that may match, ascending */
    size_t               nset;
    bool                 has_set;
};

typedef struct {
    ptn_search_node_t   *top;
    ptn_str_t            expr;      /* of what is streamed; len 0: a scan */
    bool                 deep;      /* texts need the bodies */
} ptn_search_plan_t;

/* ptn_search_plan.c; in `pool`. */
ptn_rc_t ptn_search_plan(ptn_pool_t *pool, const ptn_query_t *find,
    ptn_search_plan_t *ret_plan);

/* ptn_search_text.c: does a leaf match the text? */
ptn_rc_t ptn_search_leaf(const ptn_search_node_t *node, ptn_pool_t *pool,
    const ptn_search_text_t *text, bool *ret_match);


#endif /* PTN_SEARCH_H */
