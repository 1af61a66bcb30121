/*
 * ngx_modules/ews: restrictions (MS-OXWSSRCH 2.2.4, t:SearchExpression) over
 * rows of values.  Whoever has the rows says by `resolve` which value a path
 * means; the expression is compiled once and evaluated for each row.
 */

#ifndef PTN_EWS_SEARCH_H
#define PTN_EWS_SEARCH_H


#include "ptn_ews.h"


#define PTN_EWS_TERMS_MAX  256      /* ErrorRestrictionTooComplex */

typedef struct ptn_ews_term_s  ptn_ews_term_t;

typedef struct {
    uint8_t              slot;      /* of values[] */
    uint16_t             type;      /* MAPI type of that value */
    const char *const   *choices;   /* names of numbers, or NULL */
} ptn_ews_operand_t;

/* ErrorUnsupportedPathForQuery for what it does not know. */
typedef ptn_rc_t (*ptn_ews_resolve_pt)(ptn_ews_t *e, void *ctx,
    const ptn_ews_el_t *path, ptn_ews_operand_t *ret);

/* `restriction`: t:Restriction. */
ptn_rc_t ptn_ews_search_compile(ptn_ews_t *e,
    const ptn_ews_el_t *restriction, ptn_ews_resolve_pt resolve, void *ctx,
    ptn_ews_term_t **ret);

ptn_rc_t ptn_ews_search_match(ptn_ews_t *e, const ptn_ews_term_t *term,
    const ptn_str_t *values, bool *ret_match);


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

/* <m:RootFolder ...> with the paging attributes. */
void ptn_ews_put_page(ptn_ews_t *e, const ptn_ews_page_t *page,
    uint32_t total);


#endif /* PTN_EWS_SEARCH_H */
