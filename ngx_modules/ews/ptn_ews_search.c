#include "ptn_ews_search.h"


static const struct {
    const char  *name;
    uint8_t      op;
} ptn_ews_terms[] = {
    { "And",                     PTN_EWS_AND },
    { "Or",                      PTN_EWS_OR },
    { "Not",                     PTN_EWS_NOT },
    { "Exists",                  PTN_EWS_EXISTS },
    { "Excludes",                PTN_EWS_EXCLUDES },
    { "Contains",                PTN_EWS_CONTAINS },
    { "IsEqualTo",               PTN_EWS_EQ },
    { "IsNotEqualTo",            PTN_EWS_NE },
    { "IsGreaterThan",           PTN_EWS_GT },
    { "IsGreaterThanOrEqualTo",  PTN_EWS_GE },
    { "IsLessThan",              PTN_EWS_LT },
    { "IsLessThanOrEqualTo",     PTN_EWS_LE },
};

/* ContainmentComparison: MS-OXCDATA 2.12.4.1, FuzzyLevelHigh. */
static const struct {
    const char  *name;
    uint16_t     fuzzy;
} ptn_ews_comparisons[] = {
    { "Exact",                                 0 },
    { "IgnoreCase",                            PTN_FUZZY_IGNORECASE },
    { "IgnoreNonSpacingCharacters",            PTN_FUZZY_NONSPACE },
    { "Loose",                                 PTN_FUZZY_LOOSE },
    { "IgnoreCaseAndNonSpacingCharacters",     PTN_FUZZY_IGNORECASE
                                               |PTN_FUZZY_NONSPACE },
    { "LooseAndIgnoreCase",                    PTN_FUZZY_LOOSE
                                               |PTN_FUZZY_IGNORECASE },
    { "LooseAndIgnoreNonSpace",                PTN_FUZZY_LOOSE
                                               |PTN_FUZZY_NONSPACE },
    { "LooseAndIgnoreCaseAndIgnoreNonSpace",   PTN_FUZZY_LOOSE
                                               |PTN_FUZZY_IGNORECASE
                                               |PTN_FUZZY_NONSPACE },
};

typedef struct {
    ptn_ews_t           *e;
    ptn_ews_resolve_pt   resolve;
    void                *ctx;
    unsigned             n;
} ptn_ews_compile_t;


static ptn_rc_t
ptn_ews_search_bad(ptn_ews_t *e, const char *text)
{
    return ptn_ews_error(e, "ErrorInvalidRestriction", text);
}


/* The constant as a value of the operand's type. */
static ptn_rc_t
ptn_ews_search_constant(ptn_ews_t *e, ptn_ews_term_t *t, ptn_str_t value)
{
    bool      b;
    size_t    i;
    int64_t   usec;
    uint16_t  type;

    type = t->left.type & ~PTN_PT_MV;
    t->raw = value.data == NULL ? ptn_str("") : value;

    switch (type) {

    case PTN_PT_UNICODE:
        t->text = value;

        return t->fold ? ptn_utf8_fold(e->pool, value, &t->text) : PTN_OK;

    case PTN_PT_BINARY:
        return ptn_xs_base64(e->pool, value, &t->text) == PTN_OK ? PTN_OK
               : ptn_ews_search_bad(e, "A constant is not of the"
                                     " property's type.");

    case PTN_PT_BOOLEAN:
        if (ptn_xs_bool(value, &b) != PTN_OK) {
            return ptn_ews_search_bad(e, "A constant is not of the"
                                     " property's type.");
        }

        t->n = b;
        return PTN_OK;

    case PTN_PT_SYSTIME:
        if (ptn_xs_datetime(value, &usec) != PTN_OK) {
            return ptn_ews_search_bad(e, "A constant is not of the"
                                     " property's type.");
        }

        t->n = usec * 10 + PTN_FILETIME_1970;
        return PTN_OK;

    case PTN_PT_I2:
    case PTN_PT_LONG:
    case PTN_PT_I8:
        for (i = 0; t->left.choices != NULL && t->left.choices[i] != NULL;
             i++)
        {
            if (ptn_str_eqz(value, t->left.choices[i])) {
                t->n = (int64_t) i;
                return PTN_OK;
            }
        }

        return ptn_xs_int(value, INT64_MIN + 1, INT64_MAX, &t->n) == PTN_OK
               ? PTN_OK : ptn_ews_search_bad(e, "A constant is not of the"
                                     " property's type.");

    default:
        return ptn_ews_error(e, "ErrorUnsupportedPathForQuery",
                             "A property of that type cannot be searched.");
    }
}


static ptn_rc_t
ptn_ews_search_contains(ptn_ews_t *e, ptn_ews_term_t *t,
    const ptn_ews_el_t *el)
{
    size_t     i;
    ptn_str_t  mode, comparison;

    if ((t->left.type & ~PTN_PT_MV) != PTN_PT_UNICODE) {
        return ptn_ews_error(e, "ErrorContainsFilterWrongType",
                             "Contains is for text only.");
    }

    mode = ptn_ews_attr(el, "ContainmentMode");
    comparison = ptn_ews_attr(el, "ContainmentComparison");

    t->mode = ptn_str_eqz(mode, "FullString") ? PTN_EWS_FULL
              : ptn_str_eqz(mode, "Prefixed") ? PTN_EWS_PREFIX
              : ptn_str_eqz(mode, "PrefixOnWords")
                || ptn_str_eqz(mode, "ExactPhrase") ? PTN_EWS_WORDS
              : PTN_EWS_SUBSTRING;

    for (i = 0; i < ptn_nelts(ptn_ews_comparisons); i++) {
        if (ptn_str_eqz(comparison, ptn_ews_comparisons[i].name)) {
            t->fuzzy = ptn_ews_comparisons[i].fuzzy;
        }
    }

    t->fold = t->fuzzy != 0;

    return ptn_ews_search_constant(e, t,
               ptn_ews_attr(ptn_ews_child(el, "Constant"), "Value"));
}


static ptn_rc_t
ptn_ews_search_compare(ptn_ews_compile_t *c, ptn_ews_term_t *t,
    const ptn_ews_el_t *el)
{
    ptn_rc_t             rc;
    const ptn_ews_el_t  *constant;

    constant = ptn_ews_find(el, "FieldURIOrConstant/Constant");

    if (constant != NULL) {
        return ptn_ews_search_constant(c->e, t,
                                       ptn_ews_attr(constant, "Value"));
    }

    t->two = true;
    rc = c->resolve(c->e, c->ctx,
                    ptn_ews_child(el, "FieldURIOrConstant")->child,
                    &t->right);

    return rc != PTN_OK ? rc
           : t->left.item && t->left.type == t->right.type
             && t->left.on == PTN_EWS_ON_TAG && t->right.on == PTN_EWS_ON_TAG
           ? PTN_OK
           : ptn_ews_error(c->e, "ErrorUnsupportedQueryFilter",
                           "These two properties cannot be compared.");
}


static ptn_rc_t
ptn_ews_search_excludes(ptn_ews_t *e, ptn_ews_term_t *t,
    const ptn_ews_el_t *el)
{
    size_t     i;
    u_char     c;
    ptn_str_t  mask;

    mask = ptn_xs_trim(ptn_ews_attr(ptn_ews_child(el, "Bitmask"), "Value"));

    if (mask.len > 2 && (mask.data[1] | 0x20) == 'x') {
        for (i = 2; i < mask.len; i++) {
            c = mask.data[i] | 0x20;
            t->n = (int64_t) ((uint64_t) t->n << 4
                              | (c >= 'a' ? c - 'a' + 10u : c & 15u));
        }

        return PTN_OK;
    }

    return ptn_xs_int(mask, 0, INT64_MAX, &t->n) == PTN_OK ? PTN_OK
           : ptn_ews_error(e, "ErrorInvalidExcludesRestriction",
                           "The bitmask is no number.");
}


/* The list of the children of And, Or, Not is as deep as the XML is. */
static ptn_rc_t
ptn_ews_search_term(ptn_ews_compile_t *c, const ptn_ews_el_t *el,
    ptn_ews_term_t **ret)
{
    size_t               i;
    ptn_rc_t             rc;
    ptn_ews_term_t      *t, **last;
    const ptn_ews_el_t  *sub;

    if (++c->n > PTN_EWS_TERMS_MAX) {
        return ptn_ews_error(c->e, "ErrorRestrictionTooComplex",
                             "The restriction has too many terms.");
    }

    t = ptn_pcalloc(c->e->pool, sizeof(ptn_ews_term_t));
    if (t == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < ptn_nelts(ptn_ews_terms); i++) {
        if (ptn_ews_named(el, ptn_ews_terms[i].name)) {
            break;
        }
    }

    if (i == ptn_nelts(ptn_ews_terms)) {
        return ptn_ews_error(c->e, "ErrorUnsupportedQueryFilter",
                             "Such a term cannot be searched for.");
    }

    t->op = ptn_ews_terms[i].op;
    *ret = t;

    if (t->op <= PTN_EWS_NOT) {
        last = &t->child;

        for (sub = el->child; sub != NULL; sub = sub->next) {
            rc = ptn_ews_search_term(c, sub, last);
            if (rc != PTN_OK) {
                return rc;
            }

            last = &(*last)->next;
        }

        return t->child == NULL
               ? ptn_ews_search_bad(c->e, "A term has no operands.")
               : PTN_OK;
    }

    rc = c->resolve(c->e, c->ctx, el->child, &t->left);

    if (rc != PTN_OK) {
        return rc;
    }

    switch (t->op) {

    case PTN_EWS_EXISTS:
        return PTN_OK;

    case PTN_EWS_EXCLUDES:
        return ptn_ews_search_excludes(c->e, t, el);

    case PTN_EWS_CONTAINS:
        return ptn_ews_search_contains(c->e, t, el);

    default:
        return ptn_ews_search_compare(c, t, el);
    }
}


ptn_rc_t
ptn_ews_search_compile(ptn_ews_t *e, const ptn_ews_el_t *restriction,
    ptn_ews_resolve_pt resolve, void *ctx, ptn_ews_term_t **ret)
{
    ptn_ews_compile_t  c;

    if (restriction->child == NULL) {
        return ptn_ews_search_bad(e, "The restriction is empty.");
    }

    c.e = e;
    c.resolve = resolve;
    c.ctx = ctx;
    c.n = 0;

    return ptn_ews_search_term(&c, restriction->child, ret);
}


/* --- evaluation ----------------------------------------------------------- */

static bool
ptn_ews_search_found(const ptn_ews_term_t *t, ptn_str_t s)
{
    u_char  *p, *end, *hit;
    size_t   n;

    n = t->text.len;

    if (n > s.len) {
        return false;
    }

    switch (t->mode) {

    case PTN_EWS_FULL:
        return n == s.len && memcmp(s.data, t->text.data, n) == 0;

    case PTN_EWS_PREFIX:
        return n == 0 || memcmp(s.data, t->text.data, n) == 0;

    case PTN_EWS_SUBSTRING:
        return n == 0 || memmem(s.data, s.len, t->text.data, n) != NULL;

    default:
        end = s.data + s.len;

        for (p = s.data; n != 0; p = hit + 1) {
            hit = memmem(p, (size_t) (end - p), t->text.data, n);

            if (hit == NULL) {
                return false;
            }

            if (hit == s.data || hit[-1] <= ' '
                || strchr(".,;:!?()[]<>\"'-/@", hit[-1]) != NULL)
            {
                return true;
            }
        }

        return true;
    }
}


static bool
ptn_ews_search_order(uint8_t op, int cmp)
{
    switch (op) {

    case PTN_EWS_EQ:
        return cmp == 0;

    case PTN_EWS_NE:
        return cmp != 0;

    case PTN_EWS_GT:
        return cmp > 0;

    case PTN_EWS_GE:
        return cmp >= 0;

    case PTN_EWS_LT:
        return cmp < 0;

    default:
        return cmp <= 0;
    }
}


static ptn_rc_t
ptn_ews_search_one(ptn_ews_t *e, const ptn_ews_term_t *t, ptn_str_t v,
    bool *ret)
{
    int64_t    n;
    ptn_rc_t   rc;
    ptn_str_t  s;

    switch (t->left.type & ~PTN_PT_MV) {

    case PTN_PT_UNICODE:
    case PTN_PT_BINARY:
        s = v;

        if (t->fold) {
            rc = ptn_utf8_fold(e->pool, v, &s);
            if (rc != PTN_OK) {
                return rc;
            }
        }

        *ret = t->op == PTN_EWS_CONTAINS ? ptn_ews_search_found(t, s)
               : ptn_ews_search_order(t->op, ptn_str_cmp(s, t->text));

        return PTN_OK;

    default:
        *ret = ptn_prop_int(t->left.type & ~PTN_PT_MV, v, &n)
               && (t->op == PTN_EWS_EXCLUDES ? (n & t->n) == 0
                   : ptn_ews_search_order(t->op, n < t->n ? -1 : n > t->n));

        return PTN_OK;
    }
}


ptn_rc_t
ptn_ews_search_match(ptn_ews_t *e, const ptn_ews_term_t *t,
    const ptn_str_t *values, bool *ret)
{
    bool                   match;
    ptn_rc_t               rc;
    ptn_str_t              v, rest, one;
    const ptn_ews_term_t  *sub;

    if (t->op <= PTN_EWS_NOT) {
        match = (t->op == PTN_EWS_AND);

        for (sub = t->child; sub != NULL; sub = sub->next) {
            rc = ptn_ews_search_match(e, sub, values, &match);
            if (rc != PTN_OK) {
                return rc;
            }

            if (t->op == PTN_EWS_NOT) {
                match = !match;
                break;
            }

            if (match != (t->op == PTN_EWS_AND)) {
                break;
            }
        }

        *ret = match;
        return PTN_OK;
    }

    v = values[t->left.slot];

    if (t->op == PTN_EWS_EXISTS || v.data == NULL) {

        /* what is not there equals nothing */

        *ret = t->op == PTN_EWS_EXISTS ? v.data != NULL
                                       : t->op == PTN_EWS_NE
                                         || t->op == PTN_EWS_EXCLUDES;
        return PTN_OK;
    }

    if ((t->left.type & PTN_PT_MV) == 0) {
        return ptn_ews_search_one(e, t, v, ret);
    }

    *ret = false;

    for (rest = ptn_mv_rest(v);
         !*ret && ptn_mv_next(t->left.type, &rest, &one); )
    {
        rc = ptn_ews_search_one(e, t, one, ret);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


/* --- paging --------------------------------------------------------------- */

static ptn_rc_t
ptn_ews_page_indexed(ptn_ews_t *e, const ptn_ews_el_t *el, uint32_t total,
    uint32_t max, ptn_ews_page_t *page)
{
    int64_t  offset;

    page->indexed = true;

    if (ptn_xs_int(ptn_ews_attr(el, "Offset"), INT32_MIN, INT32_MAX, &offset)
        != PTN_OK || offset < 0)
    {
        return ptn_ews_error(e, "ErrorInvalidIndexedPagingParameters",
                             "The offset is below zero.");
    }

    offset = ptn_min(offset, (int64_t) total);

    if (ptn_str_eqz(ptn_ews_attr(el, "BasePoint"), "End")) {

        /* counted from the end, and the page lies before that */

        page->n = ptn_min(max, total - (uint32_t) offset);
        page->from = total - (uint32_t) offset - page->n;
        page->offset = (uint32_t) offset + page->n;
        page->last = (page->from == 0);

        return PTN_OK;
    }

    page->from = (uint32_t) offset;
    page->n = ptn_min(max, total - page->from);
    page->offset = page->from + page->n;
    page->last = (page->offset == total);

    return PTN_OK;
}


ptn_rc_t
ptn_ews_page(ptn_ews_t *e, const ptn_ews_el_t *el, uint32_t total,
    ptn_ews_page_t *ret)
{
    int64_t    max, num, den;
    ptn_str_t  s;

    memset(ret, 0, sizeof(ptn_ews_page_t));
    max = PTN_EWS_PAGE_MAX;

    s = ptn_ews_attr(el, "MaxEntriesReturned");

    if (s.data != NULL) {
        if (ptn_xs_int(s, 1, INT32_MAX, &max) != PTN_OK) {
            return ptn_ews_error(e, "ErrorInvalidPagingMaxRows",
                       "MaxEntriesReturned must be greater than zero.");
        }

        max = ptn_min(max, (int64_t) PTN_EWS_PAGE_MAX);
    }

    if (el != NULL && strncmp(el->name, "Indexed", 7) == 0) {
        return ptn_ews_page_indexed(e, el, total, (uint32_t) max, ret);
    }

    if (el != NULL) {
        ret->fractional = true;

        if (ptn_xs_int(ptn_ews_attr(el, "Numerator"), 0, INT32_MAX, &num)
            != PTN_OK
            || ptn_xs_int(ptn_ews_attr(el, "Denominator"), 1, INT32_MAX, &den)
               != PTN_OK || num > den)
        {
            return ptn_ews_error(e, "ErrorInvalidFractionalPagingParameters",
                                 "The fraction is not between 0 and 1.");
        }

        ret->from = (uint32_t) ((int64_t) total * num / den);
    }

    ret->n = ptn_min((uint32_t) max, total - ret->from);
    ret->offset = ret->from + ret->n;
    ret->last = (ret->offset == total);

    return PTN_OK;
}


ptn_rc_t
ptn_ews_page_at(ptn_ews_t *e, const ptn_ews_el_t *el, uint32_t total,
    uint32_t at, ptn_ews_page_t *ret)
{
    int64_t    max;
    ptn_str_t  s;

    memset(ret, 0, sizeof(ptn_ews_page_t));
    max = PTN_EWS_PAGE_MAX;
    s = ptn_ews_attr(el, "MaxEntriesReturned");

    if (s.data != NULL && ptn_xs_int(s, 1, INT32_MAX, &max) != PTN_OK) {
        return ptn_ews_error(e, "ErrorInvalidPagingMaxRows",
                   "MaxEntriesReturned must be greater than zero.");
    }

    max = ptn_min(max, (int64_t) PTN_EWS_PAGE_MAX);
    ret->indexed = true;

    /* from the end: the page lies before the row, which is its last */

    if (ptn_str_eqz(ptn_ews_attr(el, "BasePoint"), "End")) {
        at = at == total ? 0 : at + 1;
        ret->n = ptn_min((uint32_t) max, at);
        ret->from = at - ret->n;
        ret->offset = ret->from;
        ret->last = (ret->from == 0);

        return PTN_OK;
    }

    ret->from = at;
    ret->n = ptn_min((uint32_t) max, total - at);
    ret->offset = at + ret->n;
    ret->last = (ret->offset == total);

    return PTN_OK;
}


void
ptn_ews_put_page(ptn_ews_t *e, const ptn_ews_page_t *page, uint32_t total)
{
    ptn_buf_t  *b;

    b = &e->out.buf;
    ptn_ews_lit(&e->out, "<m:RootFolder");

    if (page->indexed) {
        ptn_buf_printf(b, " IndexedPagingOffset=\"%u\"", page->offset);
    }

    if (page->fractional) {
        ptn_buf_printf(b, " NumeratorOffset=\"%u\" AbsoluteDenominator=\"%u\"",
                       page->offset, total);
    }

    ptn_buf_printf(b, " TotalItemsInView=\"%u\" IncludesLastItemInRange=\"%s\""
                   ">", total, page->last ? "true" : "false");
}
