#include "ptn_charset.h"
#include "ptn_restrict.h"


/* --- reading ------------------------------------------------------------- */

static ptn_rc_t ptn_restrict_pull(ptn_wire_in_t *in,
    const ptn_wire_text_t *text, unsigned depth, ptn_restrict_t *ret);


static ptn_rc_t
ptn_restrict_int(ptn_wire_in_t *in, size_t size, uint32_t *ret_n)
{
    uint32_t       v;
    const u_char  *p;

    p = ptn_wire_take(in, size);
    if (p == NULL) {
        return PTN_ETRUNC;
    }

    for (v = 0; size-- > 0; /* void */ ) {
        v = v << 8 | p[size];
    }

    *ret_n = v;

    return PTN_OK;
}


static ptn_rc_t
ptn_restrict_tag(ptn_wire_in_t *in, uint32_t *ret_tag)
{
    ptn_rc_t  rc;

    rc = ptn_restrict_int(in, 4, ret_tag);
    if (rc == PTN_OK) {
        *ret_tag = ptn_wire_tag_inner(*ret_tag);
    }

    return rc;
}


/* A TaggedPropertyValue; without `text` it is only passed over. */
static ptn_rc_t
ptn_restrict_value(ptn_wire_in_t *in, const ptn_wire_text_t *text,
    uint32_t *ret_tag, ptn_str_t *ret_value)
{
    ptn_rc_t  rc;

    if (text != NULL) {
        return ptn_wire_tagged_get(in, text, ret_tag, ret_value);
    }

    rc = ptn_restrict_int(in, 4, ret_tag);

    return rc == PTN_OK ? ptn_wire_value_skip(in, ptn_prop_type(*ret_tag))
                        : rc;
}


/* `n` more of them; without `text` they leave nothing. */
static ptn_rc_t
ptn_restrict_subs(ptn_wire_in_t *in, const ptn_wire_text_t *text,
    unsigned depth, uint32_t n, ptn_restrict_t *r)
{
    ptn_rc_t         rc;
    ptn_restrict_t   scratch, *sub, **last;

    last = &r->sub;

    while (n-- > 0) {
        sub = &scratch;

        if (text != NULL) {
            sub = ptn_palloc(text->pool, sizeof(ptn_restrict_t));
            if (sub == NULL) {
                return PTN_ENOMEM;
            }
        }

        rc = ptn_restrict_pull(in, text, depth + 1, sub);
        if (rc != PTN_OK) {
            return rc;
        }

        if (text != NULL) {
            *last = sub;
            last = &sub->next;
        }
    }

    return PTN_OK;
}


/* 2.12.12.1: values that nobody evaluates, and a restriction if one byte says
 * so. */
static ptn_rc_t
ptn_restrict_comment(ptn_wire_in_t *in, const ptn_wire_text_t *text,
    unsigned depth, ptn_restrict_t *r)
{
    uint32_t   n, present, tag;
    ptn_rc_t   rc;
    ptn_str_t  value;

    rc = ptn_restrict_int(in, 1, &n);

    while (rc == PTN_OK && n-- > 0) {
        rc = ptn_restrict_value(in, NULL, &tag, &value);
    }

    if (rc == PTN_OK) {
        rc = ptn_restrict_int(in, 1, &present);
    }

    if (rc == PTN_OK && present != 0) {
        rc = ptn_restrict_subs(in, text, depth, 1, r);
    }

    return rc;
}


/* The rows of 2.12: op 1, fuzzy 2 + 2, tags 4, number 4 bytes, a value. */
typedef struct {
    uint8_t  op, fuzzy, tags, number, value, subs;
} ptn_restrict_row_t;

static const ptn_restrict_row_t  ptn_restrict_rows[] = {
    [PTN_RES_NOT] =       { .subs = 1 },
    [PTN_RES_CONTENT] =   { .fuzzy = 1, .tags = 1, .value = 1 },
    [PTN_RES_PROPERTY] =  { .op = 1, .tags = 1, .value = 1 },
    [PTN_RES_COMPARE] =   { .op = 1, .tags = 2 },
    [PTN_RES_BITMASK] =   { .op = 1, .tags = 1, .number = 1 },
    [PTN_RES_SIZE] =      { .op = 1, .tags = 1, .number = 1 },
    [PTN_RES_EXIST] =     { .tags = 1 },
    [PTN_RES_SUBOBJECT] = { .number = 1, .subs = 1 },
    [PTN_RES_COUNT] =     { .number = 1, .subs = 1 },
};


static ptn_rc_t
ptn_restrict_fields(ptn_wire_in_t *in, const ptn_wire_text_t *text,
    unsigned depth, const ptn_restrict_row_t *row, ptn_restrict_t *r)
{
    uint32_t  n, tag;
    ptn_rc_t  rc;

    rc = PTN_OK;

    if (row->op) {
        rc = ptn_restrict_int(in, 1, &n);
        r->op = rc == PTN_OK ? (uint8_t) n : 0;
    }

    if (rc == PTN_OK && row->fuzzy) {
        rc = ptn_restrict_int(in, 4, &n);
        r->fuzzy_low = rc == PTN_OK ? (uint16_t) n : 0;
        r->fuzzy_high = rc == PTN_OK ? (uint16_t) (n >> 16) : 0;
    }

    if (rc == PTN_OK && row->tags > 0) {
        rc = ptn_restrict_tag(in, &r->tag);
    }

    if (rc == PTN_OK && row->tags > 1) {
        rc = ptn_restrict_tag(in, &r->tag2);
    }

    if (rc == PTN_OK && row->number) {
        rc = ptn_restrict_int(in, 4, &r->n);
    }

    if (rc == PTN_OK && row->value) {
        rc = ptn_restrict_value(in, text, &tag, &r->value);
        r->tag2 = rc == PTN_OK ? tag : 0;
    }

    if (rc == PTN_OK && row->subs) {
        rc = ptn_restrict_subs(in, text, depth, 1, r);
    }

    return rc;
}


static ptn_rc_t
ptn_restrict_pull(ptn_wire_in_t *in, const ptn_wire_text_t *text,
    unsigned depth, ptn_restrict_t *ret)
{
    uint32_t  type, n;
    ptn_rc_t  rc;

    memset(ret, 0, sizeof(ptn_restrict_t));

    if (depth >= PTN_RESTRICT_DEPTH_MAX) {
        return PTN_ELIMIT;
    }

    rc = ptn_restrict_int(in, 1, &type);
    if (rc != PTN_OK) {
        return rc;
    }

    ret->type = (uint8_t) type;

    if (type == PTN_RES_AND || type == PTN_RES_OR) {
        rc = ptn_restrict_int(in, 2, &n);
        return rc == PTN_OK ? ptn_restrict_subs(in, text, depth, n, ret) : rc;
    }

    if (type == PTN_RES_COMMENT) {
        return ptn_restrict_comment(in, text, depth, ret);
    }

    return type < ptn_nelts(ptn_restrict_rows)
           ? ptn_restrict_fields(in, text, depth, &ptn_restrict_rows[type],
                                 ret)
           : PTN_EPARSE;
}


ptn_rc_t
ptn_restrict_get(const ptn_wire_text_t *text, ptn_str_t data,
    ptn_restrict_t **ret_restrict)
{
    ptn_rc_t         rc;
    ptn_wire_in_t    in;
    ptn_restrict_t  *r;

    r = ptn_palloc(text->pool, sizeof(ptn_restrict_t));
    if (r == NULL) {
        return PTN_ENOMEM;
    }

    in.p = data.data;
    in.end = data.data + data.len;
    in.pool = text->pool;

    rc = ptn_restrict_pull(&in, text, 0, r);
    if (rc != PTN_OK) {
        return rc;
    }

    if (in.p != in.end) {
        return PTN_EPARSE;
    }

    *ret_restrict = r;

    return PTN_OK;
}


ptn_rc_t
ptn_restrict_skip(ptn_wire_in_t *in)
{
    ptn_restrict_t  r;

    return ptn_restrict_pull(in, NULL, 0, &r);
}


/* --- asking -------------------------------------------------------------- */

static ptn_rc_t
ptn_restrict_tag_add(uint32_t tag, uint32_t *tags, size_t *n)
{
    size_t  i;

    for (i = 0; i < *n; i++) {
        if (tags[i] == tag) {
            return PTN_OK;
        }
    }

    if (*n == PTN_RESTRICT_TAGS_MAX) {
        return PTN_ELIMIT;
    }

    tags[(*n)++] = tag;

    return PTN_OK;
}


static ptn_rc_t
ptn_restrict_collect(const ptn_restrict_t *r, uint32_t *tags, size_t *n)
{
    ptn_rc_t               rc;
    const ptn_restrict_t  *sub;

    rc = PTN_OK;

    switch (r->type) {

    case PTN_RES_SUBOBJECT:
    case PTN_RES_COUNT:
        return PTN_ESUPPORT;

    case PTN_RES_PROPERTY:
    case PTN_RES_COMPARE:
    case PTN_RES_SIZE:
        rc = r->op > PTN_RELOP_NE ? PTN_ESUPPORT : PTN_OK;
        break;

    case PTN_RES_BITMASK:
        rc = r->op > 1 ? PTN_EINVAL : PTN_OK;
        break;

    case PTN_RES_CONTENT:
        rc = r->fuzzy_low > PTN_FUZZY_PREFIX ? PTN_EINVAL : PTN_OK;
        break;

    default:
        break;
    }

    if (rc == PTN_OK && r->tag != 0) {
        rc = ptn_restrict_tag_add(r->tag, tags, n);
    }

    if (rc == PTN_OK && r->type == PTN_RES_COMPARE) {
        rc = ptn_restrict_tag_add(r->tag2, tags, n);
    }

    for (sub = r->sub; rc == PTN_OK && sub != NULL; sub = sub->next) {
        rc = ptn_restrict_collect(sub, tags, n);
    }

    return rc;
}


ptn_rc_t
ptn_restrict_tags(const ptn_restrict_t *r,
    uint32_t tags[PTN_RESTRICT_TAGS_MAX], size_t *ret_n)
{
    size_t    n;
    ptn_rc_t  rc;

    n = 0;
    rc = ptn_restrict_collect(r, tags, &n);

    if (rc == PTN_OK) {
        *ret_n = n;
    }

    return rc;
}


typedef struct {
    ptn_pool_t       *pool;
    const uint32_t   *tags;
    const ptn_str_t  *values;
    size_t            n;
} ptn_restrict_row_of_t;


static ptn_str_t
ptn_restrict_of(const ptn_restrict_row_of_t *row, uint32_t tag)
{
    size_t  i;

    for (i = 0; i < row->n; i++) {
        if (row->tags[i] == tag) {
            return row->values[i];
        }
    }

    return ptn_str_make(NULL, 0);
}


static ptn_str_t
ptn_restrict_fold(ptn_pool_t *pool, ptn_str_t s)
{
    ptn_str_t  folded;

    return ptn_utf8_fold(pool, s, &folded) == PTN_OK ? folded : s;
}


static bool
ptn_restrict_relation(unsigned op, int cmp)
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


static double
ptn_restrict_real(uint32_t type, ptn_str_t v)
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


/* Of two values of one type. */
static int
ptn_restrict_cmp(ptn_pool_t *pool, uint32_t tag, ptn_str_t a, ptn_str_t b)
{
    double    x, y;
    int64_t   m, n;
    uint32_t  type;

    type = ptn_prop_type(tag);

    if (type == PTN_PT_UNICODE) {
        return ptn_str_cmp(ptn_restrict_fold(pool, a),
                           ptn_restrict_fold(pool, b));
    }

    if (type == PTN_PT_R4 || type == PTN_PT_DOUBLE || type == PTN_PT_APPTIME) {
        x = ptn_restrict_real(type, a);
        y = ptn_restrict_real(type, b);
        return x < y ? -1 : x > y;
    }

    if (ptn_prop_int(tag, a, &m) && ptn_prop_int(tag, b, &n)) {
        return m < n ? -1 : m > n;
    }

    return ptn_str_cmp(a, b);
}


static bool
ptn_restrict_content(const ptn_restrict_t *r, ptn_pool_t *pool,
    uint32_t type, ptn_str_t value)
{
    ptn_str_t  want;

    want = r->value;

    if (type == PTN_PT_UNICODE
        && (r->fuzzy_high & (PTN_FUZZY_IGNORECASE|PTN_FUZZY_LOOSE)))
    {
        want = ptn_restrict_fold(pool, want);
        value = ptn_restrict_fold(pool, value);
    }

    if (want.len == 0) {
        return r->fuzzy_low != PTN_FUZZY_FULL || value.len == 0;
    }

    if (want.len > value.len) {
        return false;
    }

    switch (r->fuzzy_low) {

    case PTN_FUZZY_SUBSTRING:
        return memmem(value.data, value.len, want.data, want.len) != NULL;

    case PTN_FUZZY_PREFIX:
        return memcmp(value.data, want.data, want.len) == 0;

    default:
        return ptn_str_eq(value, want);
    }
}


/* CONTENT, PROPERTY: against one value of the property. */
static bool
ptn_restrict_one(const ptn_restrict_t *r, ptn_pool_t *pool, uint32_t tag,
    ptn_str_t value)
{
    if (r->type == PTN_RES_CONTENT) {
        return ptn_restrict_content(r, pool, ptn_prop_type(tag), value);
    }

    return ptn_restrict_relation(r->op,
                                 ptn_restrict_cmp(pool, tag, value, r->value));
}


static bool
ptn_restrict_value_match(const ptn_restrict_t *r, ptn_pool_t *pool,
    ptn_str_t value)
{
    uint32_t   tag;
    ptn_str_t  rest, one;

    tag = r->tag & ~(uint32_t) PTN_PT_MV;

    if ((tag & 0xffff) != (r->tag2 & ~(uint32_t) PTN_PT_MV & 0xffff)) {
        return false;           /* compared with a value of another type */
    }

    if (tag == r->tag || (r->tag2 & PTN_PT_MV)) {
        return ptn_restrict_one(r, pool, r->tag, value);
    }

    rest = ptn_mv_rest(value);

    while (ptn_mv_next(r->tag, &rest, &one)) {
        if (ptn_restrict_one(r, pool, tag, one)) {
            return true;
        }
    }

    return false;
}


static bool
ptn_restrict_size(const ptn_restrict_t *r, ptn_str_t value)
{
    size_t  size;

    size = ptn_prop_type(r->tag) == PTN_PT_UNICODE ? ptn_utf16_len(value) + 2
                                                   : value.len;

    return ptn_restrict_relation(r->op, size < r->n ? -1 : size > r->n);
}


static bool
ptn_restrict_row(const ptn_restrict_t *r, const ptn_restrict_row_of_t *row)
{
    int64_t                n;
    ptn_str_t              value, other;
    const ptn_restrict_t  *sub;

    switch (r->type) {

    case PTN_RES_AND:
    case PTN_RES_OR:
        for (sub = r->sub; sub != NULL; sub = sub->next) {
            if (ptn_restrict_row(sub, row) == (r->type == PTN_RES_OR)) {
                return r->type == PTN_RES_OR;
            }
        }
        return r->type == PTN_RES_AND;

    case PTN_RES_NOT:
        return !ptn_restrict_row(r->sub, row);

    case PTN_RES_COMMENT:
        return r->sub == NULL || ptn_restrict_row(r->sub, row);
    }

    value = ptn_restrict_of(row, r->tag);

    if (value.data == NULL) {
        return false;
    }

    switch (r->type) {

    case PTN_RES_CONTENT:
    case PTN_RES_PROPERTY:
        return ptn_restrict_value_match(r, row->pool, value);

    case PTN_RES_COMPARE:
        other = ptn_restrict_of(row, r->tag2);
        return other.data != NULL
               && ptn_prop_type(r->tag) == ptn_prop_type(r->tag2)
               && ptn_restrict_relation(r->op, ptn_restrict_cmp(row->pool,
                                                     r->tag, value, other));

    case PTN_RES_BITMASK:
        return ptn_prop_int(r->tag, value, &n)
               && (((uint32_t) n & r->n) != 0) == (r->op == 1);

    case PTN_RES_SIZE:
        return ptn_restrict_size(r, value);

    default:
        return r->type == PTN_RES_EXIST;
    }
}


bool
ptn_restrict_match(const ptn_restrict_t *r, ptn_pool_t *pool,
    const uint32_t *tags, const ptn_str_t *values, size_t n)
{
    ptn_restrict_row_of_t  row;

    row.pool = pool;
    row.tags = tags;
    row.values = values;
    row.n = n;

    return ptn_restrict_row(r, &row);
}
