/*
 * store/mailbox, inside: a query made ready.
 */

#ifndef PTN_SEARCH_H
#define PTN_SEARCH_H


#include "ptn_item.h"
#include "ptn_words.h"


#define PTN_SEARCH_UNITS   64       /* of a phrase */
#define PTN_SEARCH_TERMS   4096     /* words that have a substring */
#define PTN_SEARCH_WORDS   32       /* that a prefix stands for, one by one */

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
    bool                 wide;      /* it has a prefix of many words */
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
    bool                 wide;      /* the index has much to do before the
                                       first one */
} ptn_search_plan_t;

/* ptn_search_plan.c; in `pool`.  Prefixes become the words that the index has;
 * `mb` NULL: the index is not asked. */
ptn_rc_t ptn_search_plan(ptn_mbox_t *mb, ptn_pool_t *pool,
    const ptn_query_t *find, ptn_search_plan_t *ret_plan);

/* ptn_search_terms.c: words of the index that begin so; *ret_n max + 1: there
 * are more.  In `pool`. */
ptn_rc_t ptn_search_prefix(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_str_t prefix,
    ptn_str_t *terms, size_t max, size_t *ret_n);
/*
 * That have node's piece, PTN_SEARCH_TERMS at most; *ret_n more: too many.
 * They are those of contents up to *ret_indexed, which may be less than
 * `indexed`.
 */
ptn_rc_t ptn_search_terms(ptn_mbox_t *mb, ptn_pool_t *pool,
    const ptn_search_node_t *node, ptn_id_t indexed, ptn_str_t *terms,
    size_t *ret_n, ptn_id_t *ret_indexed);

/* ptn_search_text.c: does a leaf match the text? */
ptn_rc_t ptn_search_leaf(const ptn_search_node_t *node, ptn_pool_t *pool,
    const ptn_search_text_t *text, bool *ret_match);



/* --- a query that is being answered ------------------------------------- */

typedef struct {
    ptn_id_t    *ids;               /* of messages, ascending */
    size_t       n;
} ptn_search_found_t;

typedef struct {
    ptn_msg_info_t  *m;
    size_t           n, size, at;
} ptn_search_rows_t;

typedef struct {
    ptn_mbox_t          *mb;
    ptn_pool_t          *pool;
    ptn_pool_t          *text_pool; /* of one content */
    ptn_search_plan_t    plan;
    bool                 maybe;
    bool                 streaming;
    ptn_id_t             indexed;
    ptn_id_t             below;     /* contents from here on are done */
    bool                 trying;
    bool                 pieces;    /* they have been looked for */
    unsigned             texts;     /* looked at */
    unsigned             hits, rows_seen;
    bool                *readable;  /* beside the set's folders */
    ptn_set_t           *set;
    ptn_search_found_t  *found;     /* of search folders in the scope */
    size_t               nfound;
    ptn_rc_t           (*hit)(void *ctx, const ptn_msg_info_t *m);
    void                *ctx;
    ptn_search_rows_t    rows[2];

    ptn_id_t             content;   /* whose text is loaded, or 0 */
    ptn_search_text_t    text;
    ptn_rc_t             rc;
} ptn_search_t;

typedef struct {
    ptn_id_t  *p;
    size_t     n, size;
} ptn_search_ids_t;

/* ptn_search_scope.c */

/* The list grows; realloc()ed. */
ptn_rc_t ptn_search_push(ptn_search_ids_t *l, ptn_id_t id);
/* Sorted, each once, in the query's pool; the list is freed. */
ptn_rc_t ptn_search_sorted(ptn_search_t *s, ptn_search_ids_t *l,
    ptn_id_t **ret, size_t *ret_n);
bool ptn_search_has(const ptn_id_t *ids, size_t n, ptn_id_t id);
/* Folders of the scope that may be read, and what search folders show. */
ptn_rc_t ptn_search_scope(ptn_search_t *s, const ptn_scope_t *scope);


#endif /* PTN_SEARCH_H */
