#include <stdlib.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "ptn_charset.h"
#include "ptn_filter.h"


#define PTN_FILTER_STACK  512       /* UTF-16 units that need no memory */
#define PTN_MV_INSTANCE   0x2000

typedef struct ptn_filter_node_s  ptn_filter_node_t;

typedef struct {
    uint32_t  tags[PTN_RESTRICT_TAGS_MAX];
    size_t    n;
} ptn_filter_tags_t;

struct ptn_filter_node_s {
    uint8_t             type, op;
    uint8_t             low, high;      /* fuzzy */
    uint8_t             slot, slot2;
    bool                whole;          /* a multiple value as one */
    bool                ascii;          /* value, folded */
    uint32_t            tag;
    uint32_t            n;
    ptn_str_t           value;          /* as it came; folded if ascii */
    UChar              *wide;           /* folded, of CONTENT and EQ, NE */
    int32_t             nwide;
    ptn_filter_tags_t  *tags;           /* of SUBOBJECT */
    ptn_filter_node_t  *sub, *next;
};

struct ptn_filter_s {
    ptn_filter_tags_t   tags;
    ptn_filter_node_t  *top;
    uint32_t            limit;
};


/* --- text --------------------------------------------------------------- */

typedef struct {
    UChar    *p;
    int32_t   n;
    UChar    *heap;
    UChar     stack[PTN_FILTER_STACK];
} ptn_filter_text_t;


static bool
ptn_filter_ascii(ptn_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len && s.data[i] < 0x80; i++) { /* void */ }

    return i == s.len;
}


static void
ptn_filter_text_done(ptn_filter_text_t *t)
{
    free(t->heap);
    t->heap = NULL;
}


static int32_t
ptn_filter_strip(UChar *p, int32_t n)
{
    UChar32  c;
    int32_t  i, from, to;

    for (i = 0, to = 0; i < n; /* void */ ) {
        from = i;
        U16_NEXT(p, i, n, c);

        if (u_charType(c) != U_NON_SPACING_MARK) {
            while (from < i) {
                p[to++] = p[from++];
            }
        }
    }

    return to;
}


/* Folded as `high` says: two texts that are the same then match. */

static ptn_rc_t
ptn_filter_fold(unsigned high, ptn_str_t s, ptn_filter_text_t *t)
{
    UChar                *other;
    size_t                size;
    int32_t               cap;
    UErrorCode            err;
    const UNormalizer2   *nfd;

    t->heap = NULL;
    t->p = t->stack;
    t->n = 0;
    cap = PTN_FILTER_STACK / 2;

    if (s.len > INT32_MAX / 16) {
        return PTN_ETOOBIG;
    }

    /* a byte is at most one unit; decomposed it may be 4, folded 3 */

    if (s.len * 4 + 16 > (size_t) cap) {
        size = s.len * 4 + 16;
        t->heap = malloc(2 * size * sizeof(UChar));

        if (t->heap == NULL) {
            return PTN_ENOMEM;
        }

        t->p = t->heap;
        cap = (int32_t) size;
    }

    other = t->p + cap;
    err = U_ZERO_ERROR;
    u_strFromUTF8WithSub(t->p, cap, &t->n, s.len ? (char *) s.data : "",
                         (int32_t) s.len, 0xfffd, NULL, &err);

    if (U_SUCCESS(err) && (high & (PTN_FUZZY_NONSPACE|PTN_FUZZY_LOOSE))) {
        nfd = unorm2_getNFDInstance(&err);
        t->n = unorm2_normalize(nfd, t->p, t->n, other, cap, &err);

        if (U_SUCCESS(err)) {
            t->n = ptn_filter_strip(other, t->n);
            u_memcpy(t->p, other, t->n);
        }
    }

    if (U_SUCCESS(err) && (high & (PTN_FUZZY_IGNORECASE|PTN_FUZZY_LOOSE))) {
        t->n = u_strFoldCase(other, cap, t->p, t->n, U_FOLD_CASE_DEFAULT,
                             &err);
        t->p = other;
    }

    if (err == U_BUFFER_OVERFLOW_ERROR || U_FAILURE(err)) {
        ptn_filter_text_done(t);
        return PTN_ENOMEM;
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_filter_needle(ptn_pool_t *pool, ptn_filter_node_t *node, unsigned high)
{
    size_t             i;
    ptn_rc_t           rc;
    ptn_filter_text_t  t;

    rc = ptn_filter_fold(high, node->value, &t);
    if (rc != PTN_OK) {
        return rc;
    }

    node->high = (uint8_t) high;
    node->wide = ptn_pmemdup(pool, t.p, (size_t) t.n * sizeof(UChar));
    node->nwide = t.n;
    node->ascii = true;
    ptn_filter_text_done(&t);

    if (node->wide == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < (size_t) node->nwide; i++) {
        node->ascii &= node->wide[i] < 0x80;
    }

    if (node->ascii) {
        node->value.len = (size_t) node->nwide;
        node->value.data = ptn_palloc(pool, node->value.len);

        if (node->value.data == NULL) {
            return PTN_ENOMEM;
        }

        for (i = 0; i < node->value.len; i++) {
            node->value.data[i] = (u_char) node->wide[i];
        }
    }

    return PTN_OK;
}


/* --- making ------------------------------------------------------------- */

static ptn_rc_t ptn_filter_node(ptn_pool_t *pool, const ptn_restrict_t *r,
    unsigned flags, bool top, ptn_filter_tags_t *tags, ptn_filter_t *f,
    ptn_filter_node_t **ret);


static ptn_rc_t
ptn_filter_slot(ptn_filter_tags_t *tags, uint32_t tag, uint8_t *ret_slot)
{
    size_t  i;

    for (i = 0; i < tags->n && tags->tags[i] != tag; i++) { /* void */ }

    if (i == PTN_RESTRICT_TAGS_MAX) {
        return PTN_ELIMIT;
    }

    if (i == tags->n) {
        tags->tags[tags->n++] = tag;
    }

    *ret_slot = (uint8_t) i;

    return PTN_OK;
}


/* The type of one value. */

static uint32_t
ptn_filter_type(uint32_t tag)
{
    return tag & 0xffff & ~(uint32_t) (PTN_PT_MV|PTN_MV_INSTANCE);
}


static bool
ptn_filter_multiple(uint32_t tag)
{
    return (tag & PTN_PT_MV) && !(tag & PTN_MV_INSTANCE);
}


/* CONTENT, PROPERTY: what is compared with what. */

static ptn_rc_t
ptn_filter_operand(ptn_pool_t *pool, const ptn_restrict_t *r,
    ptn_filter_node_t *node)
{
    uint32_t  type;

    type = ptn_filter_type(r->tag);

    if (r->type == PTN_RES_PROPERTY && r->op == PTN_RELOP_MEMBER) {
        return (type == PTN_PT_BINARY && r->tag2 != 0
                && ptn_prop_type(r->tag2) == PTN_PT_BINARY)
               ? PTN_OK : PTN_ESUPPORT;
    }

    if (ptn_filter_type(r->tag2) != type
        || (ptn_filter_multiple(r->tag2) && !ptn_filter_multiple(r->tag)))
    {
        return PTN_ESUPPORT;
    }

    node->whole = ptn_filter_multiple(r->tag2);

    if (r->type == PTN_RES_CONTENT) {
        if (node->whole || (type != PTN_PT_UNICODE && type != PTN_PT_BINARY
                            && type != PTN_PT_STRING8))
        {
            return PTN_ESUPPORT;
        }

        node->low = (uint8_t) r->fuzzy_low;

        return (type == PTN_PT_BINARY || r->fuzzy_high == 0)
               ? PTN_OK : ptn_filter_needle(pool, node, r->fuzzy_high & 7);
    }

    return (type == PTN_PT_UNICODE && !node->whole)
           ? ptn_filter_needle(pool, node, PTN_FUZZY_IGNORECASE) : PTN_OK;
}


static ptn_rc_t
ptn_filter_check(const ptn_restrict_t *r, unsigned flags, bool top)
{
    switch (r->type) {

    case PTN_RES_PROPERTY:
        if (r->op == PTN_RELOP_MEMBER) {
            return (flags & PTN_FILTER_MEMBERS) ? PTN_OK : PTN_ESUPPORT;
        }

        /* fall through */

    case PTN_RES_COMPARE:
    case PTN_RES_SIZE:
        return r->op == PTN_RELOP_RE || r->op == PTN_RELOP_MEMBER
               ? PTN_ESUPPORT : r->op > PTN_RELOP_NE ? PTN_EINVAL : PTN_OK;

    case PTN_RES_BITMASK:
        return r->op > 1 ? PTN_EINVAL
               : ptn_filter_type(r->tag) != PTN_PT_LONG ? PTN_ESUPPORT
               : PTN_OK;

    case PTN_RES_CONTENT:
        return r->fuzzy_low > PTN_FUZZY_PREFIX ? PTN_EINVAL : PTN_OK;

    case PTN_RES_SUBOBJECT:
        return (flags & PTN_FILTER_FLAT)
               || (r->n != PTN_PR_MESSAGE_RECIPIENTS
                   && r->n != PTN_PR_MESSAGE_ATTACHMENTS)
               ? PTN_ESUPPORT : PTN_OK;

    case PTN_RES_COUNT:
        return top ? PTN_OK : PTN_ESUPPORT;

    default:
        return r->type > PTN_RES_COUNT ? PTN_EINVAL : PTN_OK;
    }
}


static ptn_rc_t
ptn_filter_subs(ptn_pool_t *pool, const ptn_restrict_t *r, unsigned flags,
    bool top, ptn_filter_tags_t *tags, ptn_filter_t *f,
    ptn_filter_node_t *node)
{
    ptn_rc_t                rc;
    ptn_filter_node_t     **last;
    const ptn_restrict_t   *sub;

    last = &node->sub;

    for (sub = r->sub; sub != NULL; sub = sub->next) {
        rc = ptn_filter_node(pool, sub, flags, top, tags, f, last);
        if (rc != PTN_OK) {
            return rc;
        }

        last = &(*last)->next;
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_filter_values(ptn_pool_t *pool, const ptn_restrict_t *r,
    ptn_filter_tags_t *tags, ptn_filter_node_t *node)
{
    ptn_rc_t  rc;

    rc = ptn_filter_slot(tags, r->tag, &node->slot);

    if (rc == PTN_OK && r->type == PTN_RES_COMPARE) {
        if (ptn_filter_type(r->tag) != ptn_filter_type(r->tag2)
            || ptn_filter_multiple(r->tag) != ptn_filter_multiple(r->tag2))
        {
            return PTN_ESUPPORT;
        }

        node->whole = ptn_filter_multiple(r->tag);

        return ptn_filter_slot(tags, r->tag2, &node->slot2);
    }

    if (rc != PTN_OK
        || (r->type != PTN_RES_CONTENT && r->type != PTN_RES_PROPERTY))
    {
        return rc;
    }

    node->value = ptn_str_dup(pool, r->value);

    return node->value.data ? ptn_filter_operand(pool, r, node) : PTN_ENOMEM;
}


static ptn_rc_t
ptn_filter_node(ptn_pool_t *pool, const ptn_restrict_t *r, unsigned flags,
    bool top, ptn_filter_tags_t *tags, ptn_filter_t *f,
    ptn_filter_node_t **ret)
{
    ptn_rc_t            rc;
    ptn_filter_node_t  *node;

    rc = ptn_filter_check(r, flags, top);
    if (rc != PTN_OK) {
        return rc;
    }

    node = ptn_pcalloc(pool, sizeof(ptn_filter_node_t));
    if (node == NULL) {
        return PTN_ENOMEM;
    }

    node->type = r->type;
    node->op = r->op;
    node->tag = r->tag;
    node->n = r->n;
    *ret = node;

    switch (r->type) {

    case PTN_RES_COUNT:
        f->limit = ptn_min(f->limit, r->n);
        return ptn_filter_subs(pool, r, flags, true, tags, f, node);

    case PTN_RES_SUBOBJECT:
        node->tags = ptn_pcalloc(pool, sizeof(ptn_filter_tags_t));
        return node->tags == NULL ? PTN_ENOMEM
               : ptn_filter_subs(pool, r, flags | PTN_FILTER_FLAT, false,
                                 node->tags, f, node);

    case PTN_RES_COMMENT:
        return ptn_filter_subs(pool, r, flags, top, tags, f, node);

    case PTN_RES_AND:
    case PTN_RES_OR:
    case PTN_RES_NOT:
        return ptn_filter_subs(pool, r, flags, false, tags, f, node);

    default:
        return ptn_filter_values(pool, r, tags, node);
    }
}


ptn_rc_t
ptn_filter_make(ptn_pool_t *pool, const ptn_restrict_t *r, unsigned flags,
    ptn_filter_t **ret_filter)
{
    ptn_rc_t       rc;
    ptn_filter_t  *f;

    f = ptn_pcalloc(pool, sizeof(ptn_filter_t));
    if (f == NULL) {
        return PTN_ENOMEM;
    }

    f->limit = UINT32_MAX;
    rc = ptn_filter_node(pool, r, flags, true, &f->tags, f, &f->top);

    if (rc == PTN_OK) {
        *ret_filter = f;
    }

    return rc;
}


const uint32_t *
ptn_filter_tags(const ptn_filter_t *f, size_t *ret_n)
{
    *ret_n = f->tags.n;

    return f->tags.tags;
}


uint32_t
ptn_filter_limit(const ptn_filter_t *f)
{
    return f->limit;
}


/* --- asking ------------------------------------------------------------- */

static bool
ptn_filter_relation(unsigned op, int cmp)
{
    switch (op) {

    case PTN_RELOP_LT:
        return cmp < 0;

    case PTN_RELOP_LE:
        return cmp <= 0;

    case PTN_RELOP_GT:
        return cmp > 0;

    case PTN_RELOP_GE:
        return cmp >= 0;

    case PTN_RELOP_EQ:
        return cmp == 0;

    default:
        return cmp != 0;
    }
}


/* ASCII on both sides: `want` is folded. */

static bool
ptn_filter_ascii_at(const u_char *p, ptn_str_t want, bool fold)
{
    size_t  i;

    for (i = 0; i < want.len; i++) {
        if ((fold ? ptn_tolower(p[i]) : p[i]) != want.data[i]) {
            return false;
        }
    }

    return true;
}


/* By memmem(), whose time does not multiply with what is looked for. */

static ptn_rc_t
ptn_filter_substring(ptn_str_t want, ptn_str_t value, bool fold, bool *ret)
{
    size_t   i;
    u_char  *p, *heap, stack[PTN_FILTER_STACK];

    if (!fold || want.len == 0) {
        *ret = want.len == 0 || memmem(value.data, value.len, want.data,
                                       want.len) != NULL;
        return PTN_OK;
    }

    heap = value.len > sizeof(stack) ? malloc(value.len) : NULL;
    p = heap ? heap : stack;

    if (value.len > sizeof(stack) && heap == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < value.len; i++) {
        p[i] = ptn_tolower(value.data[i]);
    }

    *ret = memmem(p, value.len, want.data, want.len) != NULL;
    free(heap);

    return PTN_OK;
}


static ptn_rc_t
ptn_filter_content_ascii(const ptn_filter_node_t *node, ptn_str_t value,
    bool *ret)
{
    bool  fold;

    fold = node->high & (PTN_FUZZY_IGNORECASE|PTN_FUZZY_LOOSE);

    *ret = false;

    if (node->value.len > value.len) {
        return PTN_OK;
    }

    if (node->low == PTN_FUZZY_SUBSTRING) {
        return ptn_filter_substring(node->value, value, fold, ret);
    }

    *ret = (node->low == PTN_FUZZY_PREFIX || value.len == node->value.len)
           && ptn_filter_ascii_at(value.data, node->value, fold);

    return PTN_OK;
}


static bool
ptn_filter_content_bytes(const ptn_filter_node_t *node, ptn_str_t value)
{
    if (node->value.len > value.len) {
        return false;
    }

    if (node->value.len == 0) {
        return node->low != PTN_FUZZY_FULL || value.len == 0;
    }

    switch (node->low) {

    case PTN_FUZZY_SUBSTRING:
        return memmem(value.data, value.len, node->value.data,
                      node->value.len) != NULL;

    case PTN_FUZZY_PREFIX:
        return memcmp(value.data, node->value.data, node->value.len) == 0;

    default:
        return ptn_str_eq(value, node->value);
    }
}


/* Of UTF-16 units; a match that begins amid one is none. */

static bool
ptn_filter_wide_at(const UChar *p, int32_t n, const UChar *want, int32_t len)
{
    size_t         left;
    const u_char  *from, *at;

    from = (const u_char *) p;
    left = (size_t) n * sizeof(UChar);

    while ((at = memmem(from, left, want, (size_t) len * sizeof(UChar)))
           != NULL)
    {
        if ((size_t) (at - (const u_char *) p) % sizeof(UChar) == 0) {
            return true;
        }

        left -= (size_t) (at + 1 - from);
        from = at + 1;
    }

    return false;
}


/* Text beyond ASCII, against what node->wide says. */

static ptn_rc_t
ptn_filter_wide(const ptn_filter_node_t *node, unsigned low, ptn_str_t value,
    bool *ret)
{
    ptn_rc_t           rc;
    ptn_filter_text_t  t;

    rc = ptn_filter_fold(node->high, value, &t);
    if (rc != PTN_OK) {
        return rc;
    }

    *ret = false;

    if (node->nwide > t.n) {
        /* no */

    } else if (low == PTN_FUZZY_SUBSTRING) {
        *ret = (node->nwide == 0
                || ptn_filter_wide_at(t.p, t.n, node->wide, node->nwide));

    } else if (low == PTN_FUZZY_PREFIX || t.n == node->nwide) {
        *ret = (u_memcmp(t.p, node->wide, node->nwide) == 0);
    }

    ptn_filter_text_done(&t);

    return PTN_OK;
}


static ptn_rc_t
ptn_filter_content(const ptn_filter_node_t *node, ptn_str_t value, bool *ret)
{
    if (node->wide == NULL) {
        *ret = ptn_filter_content_bytes(node, value);
        return PTN_OK;
    }

    if (ptn_filter_ascii(value)) {
        *ret = false;
        return node->ascii ? ptn_filter_content_ascii(node, value, ret)
                           : PTN_OK;
    }

    return ptn_filter_wide(node, node->low, value, ret);
}


static double
ptn_filter_real(uint32_t type, ptn_str_t v)
{
    float   f;
    double  d;

    if (type == PTN_PT_R4 && v.len == sizeof(f)) {
        memcpy(&f, v.data, sizeof(f));
        return f;
    }

    if (v.len == sizeof(d)) {
        memcpy(&d, v.data, sizeof(d));
        return d;
    }

    return 0;
}


static ptn_rc_t
ptn_filter_text_cmp(const ptn_filter_row_t *row, ptn_str_t a, ptn_str_t b,
    int *ret)
{
    ptn_rc_t           rc;
    ptn_filter_text_t  x, y;

    if (row->collate != NULL) {
        *ret = row->collate(row->ctx, a, b);
        return PTN_OK;
    }

    rc = ptn_filter_fold(PTN_FUZZY_IGNORECASE, a, &x);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_filter_fold(PTN_FUZZY_IGNORECASE, b, &y);

    if (rc == PTN_OK) {
        *ret = u_strCompare(x.p, x.n, y.p, y.n, true);
        ptn_filter_text_done(&y);
    }

    ptn_filter_text_done(&x);

    return rc;
}


/* Of two values of one type. */

static ptn_rc_t
ptn_filter_cmp(const ptn_filter_row_t *row, uint32_t tag, ptn_str_t a,
    ptn_str_t b, int *ret)
{
    double    x, y;
    int64_t   m, n;
    uint32_t  type;

    type = ptn_filter_type(tag);
    tag = (tag & 0xffff0000) | type;

    if (type == PTN_PT_UNICODE) {
        return ptn_filter_text_cmp(row, a, b, ret);
    }

    if (type == PTN_PT_R4 || type == PTN_PT_DOUBLE || type == PTN_PT_APPTIME) {
        x = ptn_filter_real(type, a);
        y = ptn_filter_real(type, b);
        *ret = x < y ? -1 : x > y;

    } else if (ptn_prop_int(tag, a, &m) && ptn_prop_int(tag, b, &n)) {
        *ret = m < n ? -1 : m > n;

    } else {
        *ret = ptn_str_cmp(a, b);
    }

    return PTN_OK;
}


/* PROPERTY, against one value. */

static ptn_rc_t
ptn_filter_property(const ptn_filter_node_t *node,
    const ptn_filter_row_t *row, ptn_str_t value, bool *ret)
{
    int       cmp;
    ptn_rc_t  rc;

    if (node->op == PTN_RELOP_MEMBER) {
        *ret = row->member != NULL
               && row->member(row->ctx, value, node->value);
        return PTN_OK;
    }

    if (node->wide != NULL && node->op >= PTN_RELOP_EQ) {
        if (ptn_filter_ascii(value)) {
            *ret = node->ascii && node->value.len == value.len
                   && ptn_filter_ascii_at(value.data, node->value, true);
            rc = PTN_OK;

        } else {
            rc = ptn_filter_wide(node, PTN_FUZZY_FULL, value, ret);
        }

        *ret = (*ret == (node->op == PTN_RELOP_EQ));

        return rc;
    }

    cmp = 0;
    rc = ptn_filter_cmp(row, node->tag, value, node->value, &cmp);
    *ret = ptn_filter_relation(node->op, cmp);

    return rc;
}


static ptn_rc_t
ptn_filter_one(const ptn_filter_node_t *node, const ptn_filter_row_t *row,
    ptn_str_t value, bool *ret)
{
    return node->type == PTN_RES_CONTENT
           ? ptn_filter_content(node, value, ret)
           : ptn_filter_property(node, row, value, ret);
}


static ptn_rc_t
ptn_filter_value(const ptn_filter_node_t *node, const ptn_filter_row_t *row,
    ptn_str_t value, bool *ret)
{
    ptn_rc_t   rc;
    ptn_str_t  rest, one;

    *ret = false;

    if (node->whole) {
        *ret = ptn_filter_relation(node->op, ptn_str_cmp(value, node->value));
        return PTN_OK;
    }

    if (!ptn_filter_multiple(node->tag)) {
        return ptn_filter_one(node, row, value, ret);
    }

    rest = ptn_mv_rest(value);
    rc = PTN_OK;

    while (rc == PTN_OK && !*ret && ptn_mv_next(node->tag, &rest, &one)) {
        rc = ptn_filter_one(node, row, one, ret);
    }

    return rc;
}


static bool
ptn_filter_size(const ptn_filter_node_t *node, ptn_str_t value)
{
    size_t  size;

    size = node->tag & PTN_PT_MV ? value.len
           : ptn_filter_type(node->tag) == PTN_PT_UNICODE
           ? ptn_utf16_len(value) + 2 : value.len;

    return ptn_filter_relation(node->op, size < node->n ? -1
                                         : size > node->n);
}


static ptn_rc_t
ptn_filter_compare(const ptn_filter_node_t *node, const ptn_filter_row_t *row,
    ptn_str_t value, ptn_str_t other, bool *ret)
{
    int       cmp;
    ptn_rc_t  rc;

    *ret = false;

    if (other.data == NULL) {
        return PTN_OK;
    }

    rc = PTN_OK;
    cmp = ptn_str_cmp(value, other);

    if (!node->whole) {
        rc = ptn_filter_cmp(row, node->tag, value, other, &cmp);
    }

    *ret = ptn_filter_relation(node->op, cmp);

    return rc;
}


static ptn_rc_t
ptn_filter_leaf(const ptn_filter_node_t *node, const ptn_filter_row_t *row,
    bool *ret)
{
    int64_t    n;
    ptn_str_t  value;

    value = row->values[node->slot];
    *ret = false;

    if (value.data == NULL) {
        return PTN_OK;
    }

    switch (node->type) {

    case PTN_RES_CONTENT:
    case PTN_RES_PROPERTY:
        return ptn_filter_value(node, row, value, ret);

    case PTN_RES_COMPARE:
        return ptn_filter_compare(node, row, value,
                                  row->values[node->slot2], ret);

    case PTN_RES_BITMASK:
        *ret = ptn_prop_int((node->tag & 0xffff0000)
                            | ptn_filter_type(node->tag), value, &n)
               && (((uint32_t) n & node->n) != 0) == (node->op == 1);
        return PTN_OK;

    case PTN_RES_SIZE:
        *ret = ptn_filter_size(node, value);
        return PTN_OK;

    default:
        *ret = true;                            /* EXIST */
        return PTN_OK;
    }
}


static ptn_rc_t ptn_filter_ask(const ptn_filter_node_t *node,
    const ptn_filter_row_t *row, bool *ret);


static ptn_rc_t
ptn_filter_sub(const ptn_filter_node_t *node, const ptn_filter_row_t *row,
    bool *ret)
{
    uint32_t          i;
    ptn_rc_t          rc;
    ptn_str_t         values[PTN_RESTRICT_TAGS_MAX];
    ptn_filter_row_t  sub;

    sub = *row;
    sub.values = values;
    sub.sub = NULL;
    *ret = false;

    for (i = 0; !*ret && row->sub != NULL; i++) {
        rc = row->sub(row->ctx, node->n, i, node->tags->tags, node->tags->n,
                      values);

        if (rc != PTN_OK) {
            return rc == PTN_ENOTFOUND ? PTN_OK : rc;
        }

        rc = ptn_filter_ask(node->sub, &sub, ret);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_filter_ask(const ptn_filter_node_t *node, const ptn_filter_row_t *row,
    bool *ret)
{
    ptn_rc_t                  rc;
    const ptn_filter_node_t  *sub;

    switch (node->type) {

    case PTN_RES_AND:
    case PTN_RES_OR:
        *ret = (node->type == PTN_RES_AND);

        for (sub = node->sub; sub != NULL; sub = sub->next) {
            rc = ptn_filter_ask(sub, row, ret);

            if (rc != PTN_OK || *ret == (node->type == PTN_RES_OR)) {
                return rc;
            }
        }

        return PTN_OK;

    case PTN_RES_NOT:
        rc = ptn_filter_ask(node->sub, row, ret);
        *ret = !*ret;
        return rc;

    case PTN_RES_COMMENT:
    case PTN_RES_COUNT:
        *ret = true;
        return node->sub ? ptn_filter_ask(node->sub, row, ret) : PTN_OK;

    case PTN_RES_SUBOBJECT:
        return ptn_filter_sub(node, row, ret);

    default:
        return ptn_filter_leaf(node, row, ret);
    }
}


ptn_rc_t
ptn_filter_match(const ptn_filter_t *f, const ptn_filter_row_t *row,
    bool *ret_match)
{
    return ptn_filter_ask(f->top, row, ret_match);
}
