/*
 * ngx_modules/ews: restrictions (MS-OXWSSRCH 2.2.4, t:SearchExpression).  They
 * are compiled to terms.  Those about folders are evaluated over rows of values
 * (ptn_ews_search.c): `resolve` says which value a path means.  Those about
 * items become restrictions of the store (ptn_ews_filter.c), and query strings
 * its queries (ptn_ews_aqs.c).
 */

#ifndef PTN_EWS_SEARCH_H
#define PTN_EWS_SEARCH_H


#include "ptn_ews.h"
#include "ptn_restrict.h"


#define PTN_EWS_TERMS_MAX  256      /* ErrorRestrictionTooComplex */

typedef struct ptn_ews_term_s  ptn_ews_term_t;

typedef enum {
    PTN_EWS_AND, PTN_EWS_OR, PTN_EWS_NOT, PTN_EWS_EXISTS, PTN_EWS_EXCLUDES,
    PTN_EWS_CONTAINS, PTN_EWS_EQ, PTN_EWS_NE, PTN_EWS_GT, PTN_EWS_GE,
    PTN_EWS_LT, PTN_EWS_LE
} ptn_ews_term_e;

typedef enum {
    PTN_EWS_FULL, PTN_EWS_PREFIX, PTN_EWS_SUBSTRING, PTN_EWS_WORDS
} ptn_ews_contain_e;

/* What of an item an operand is. */
typedef enum {
    PTN_EWS_ON_TAG,                 /* the property `tags[0]` */
    PTN_EWS_ON_BITS,                /* bits of it, as a truth value */
    PTN_EWS_ON_ANY,                 /* one of `tags`: name, addresses */
    PTN_EWS_ON_RECIPS               /* recipients of type `bits` */
} ptn_ews_on_e;

typedef struct {
    uint8_t              slot;      /* of values[] */
    uint16_t             type;      /* MAPI type of that value */
    const char *const   *choices;   /* names of numbers, or NULL */

    bool                 item;      /* the rest is set */
    uint8_t              on;        /* ptn_ews_on_e */
    uint32_t             bits;
    uint32_t             tags[PTN_EWS_TAGS];
} ptn_ews_operand_t;

struct ptn_ews_term_s {
    uint8_t             op;         /* ptn_ews_term_e */
    uint8_t             mode;       /* ptn_ews_contain_e */
    bool                fold;
    uint16_t            fuzzy;      /* MS-OXCDATA 2.12.4.1, high */
    bool                two;        /* compared with `right` */
    ptn_ews_operand_t   left, right;
    ptn_str_t           text;       /* the constant, folded if need be */
    ptn_str_t           raw;        /* as it was given */
    int64_t             n;
    ptn_ews_term_t     *child, *next;
};

/* ErrorUnsupportedPathForQuery for what it does not know. */
typedef ptn_rc_t (*ptn_ews_resolve_pt)(ptn_ews_t *e, void *ctx,
    const ptn_ews_el_t *path, ptn_ews_operand_t *ret);

/* `restriction`: t:Restriction. */
ptn_rc_t ptn_ews_search_compile(ptn_ews_t *e,
    const ptn_ews_el_t *restriction, ptn_ews_resolve_pt resolve, void *ctx,
    ptn_ews_term_t **ret);

ptn_rc_t ptn_ews_search_match(ptn_ews_t *e, const ptn_ews_term_t *term,
    const ptn_str_t *values, bool *ret_match);


/* --- of items ------------------------------------------------------------- */

/*
 * t:Restriction as the store has it, in e->pool.  tx NULL: named properties
 * that the mailbox has not are ones that no item has.
 * ErrorUnsupportedPathForQuery, ErrorInvalidRestriction ...
 */
ptn_rc_t ptn_ews_filter(ptn_ews_t *e, ptn_ews_box_t *box, ptn_txn_t *tx,
    const ptn_ews_el_t *restriction, ptn_restrict_t **ret);

/* The tag of a path, in this mailbox; id 0: nothing has that name here. */
ptn_rc_t ptn_ews_filter_tag(ptn_ews_t *e, ptn_ews_box_t *box, ptn_txn_t *tx,
    const ptn_ews_el_t *path, const char *refuse, uint32_t *ret_tag,
    const ptn_ews_field_t **ret_field);

/* What the store says of a restriction, in the protocol's words. */
ptn_rc_t ptn_ews_filter_error(ptn_ews_t *e, ptn_rc_t rc);

/* Writes it as t:Restriction; ESUPPORT: there are no words for it, and nothing
 * was written. */
ptn_rc_t ptn_ews_put_filter(ptn_ews_t *e, ptn_ews_box_t *box,
    const ptn_restrict_t *r);

/*
 * A query string (AQS) as a query of the store.  What only properties say is
 * asked of the folder's table here.  `now`: seconds, for relative dates.
 */
ptn_rc_t ptn_ews_aqs(ptn_ews_t *e, ptn_ews_box_t *box, ptn_id_t folder,
    ptn_str_t text, int64_t now, ptn_query_t **ret);
/* The ids of messages that match, ascending. */
ptn_rc_t ptn_ews_aqs_ids(ptn_ews_t *e, ptn_ews_box_t *box, ptn_id_t folder,
    const ptn_restrict_t *r, ptn_id_t **ret_ids, size_t *ret_n);


/*
 * Paging: Indexed- and FractionalPage...View, or none (`el` NULL), over
 * `total` rows.
 */
#define PTN_EWS_PAGE_MAX  1000

typedef struct {
    uint32_t  from, n;              /* rows to show */
    uint32_t  offset;               /* of the next page */
    bool      last;                 /* the last is among them */
    bool      indexed, fractional;
} ptn_ews_page_t;

ptn_rc_t ptn_ews_page(ptn_ews_t *e, const ptn_ews_el_t *el, uint32_t total,
    ptn_ews_page_t *ret);

/* The same from row `at` on: SeekToConditionPageItemView. */
ptn_rc_t ptn_ews_page_at(ptn_ews_t *e, const ptn_ews_el_t *el, uint32_t total,
    uint32_t at, ptn_ews_page_t *ret);

/* <m:RootFolder ...> with the paging attributes. */
void ptn_ews_put_page(ptn_ews_t *e, const ptn_ews_page_t *page,
    uint32_t total);


#endif /* PTN_EWS_SEARCH_H */
