#include "ptn_restrict.h"


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
    uint32_t       n, present, tag;
    ptn_rc_t       rc;
    ptn_str_t      value;
    const u_char  *from;

    rc = ptn_restrict_int(in, 1, &n);
    r->n = (rc == PTN_OK) ? n : 0;
    from = in->p;

    while (rc == PTN_OK && n-- > 0) {
        rc = ptn_restrict_value(in, NULL, &tag, &value);
    }

    if (rc == PTN_OK) {
        r->value = ptn_str_make(from, (size_t) (in->p - from));
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


/* ---- written ------------------------------------------------------------ */

static void
ptn_restrict_le(ptn_buf_t *out, uint32_t v, size_t size)
{
    u_char  p[4];

    ptn_put_le32(p, v);
    ptn_buf_add(out, p, size);
}


static uint32_t
ptn_restrict_outer(uint32_t tag, bool unicode)
{
    return (!unicode && (ptn_prop_type(tag) & ~PTN_PT_MV) == PTN_PT_UNICODE)
           ? (tag & ~(uint32_t) 1)              /* STRING8 */
           : tag;
}


static ptn_rc_t
ptn_restrict_put_fields(ptn_buf_t *out, const ptn_wire_text_t *text,
    bool unicode, const ptn_restrict_row_t *row, const ptn_restrict_t *r)
{
    uint32_t  tag;

    if (row->op) {
        ptn_restrict_le(out, r->op, 1);
    }

    if (row->fuzzy) {
        ptn_restrict_le(out, r->fuzzy_low, 2);
        ptn_restrict_le(out, r->fuzzy_high, 2);
    }

    if (row->tags > 0) {
        ptn_restrict_le(out, ptn_restrict_outer(r->tag, unicode), 4);
    }

    if (row->tags > 1) {
        ptn_restrict_le(out, ptn_restrict_outer(r->tag2, unicode), 4);
    }

    if (row->number) {
        ptn_restrict_le(out, r->n, 4);
    }

    if (!row->value) {
        return PTN_OK;
    }

    tag = ptn_restrict_outer(r->tag2, unicode);
    ptn_restrict_le(out, tag, 4);

    return ptn_wire_value_put(out, text, ptn_prop_type(tag), r->value);
}


ptn_rc_t
ptn_restrict_put(ptn_buf_t *out, const ptn_wire_text_t *text, bool unicode,
    const ptn_restrict_t *r)
{
    uint32_t               n;
    ptn_rc_t               rc;
    const ptn_restrict_t  *sub;

    for (sub = r->sub, n = 0; sub != NULL; sub = sub->next) {
        n++;
    }

    ptn_restrict_le(out, r->type, 1);
    rc = PTN_OK;

    if (r->type == PTN_RES_AND || r->type == PTN_RES_OR) {
        ptn_restrict_le(out, n, 2);
        rc = (n <= 0xffff) ? PTN_OK : PTN_EINVAL;

    } else if (r->type == PTN_RES_COMMENT) {
        ptn_restrict_le(out, r->n, 1);
        ptn_buf_str(out, r->value);
        ptn_restrict_le(out, n != 0, 1);

    } else if (r->type < ptn_nelts(ptn_restrict_rows)) {
        rc = ptn_restrict_put_fields(out, text, unicode,
                                     &ptn_restrict_rows[r->type], r);
    } else {
        rc = PTN_EINVAL;
    }

    for (sub = r->sub; sub != NULL && rc == PTN_OK; sub = sub->next) {
        rc = ptn_restrict_put(out, text, unicode, sub);
    }

    return rc;
}


ptn_rc_t
ptn_restrict_skip(ptn_wire_in_t *in)
{
    ptn_restrict_t  r;

    return ptn_restrict_pull(in, NULL, 0, &r);
}


/* ---- named ids in place ------------------------------------------------- */

typedef struct {
    u_char               *data;
    const u_char         *start;
    ptn_restrict_map_pt   map;
    void                 *ctx;
} ptn_restrict_maps_t;


/* The tag that stands next; with `value` what follows it is passed over. */
static ptn_rc_t
ptn_restrict_map_tag(ptn_wire_in_t *in, const ptn_restrict_maps_t *m,
    bool value)
{
    u_char    *p;
    ptn_rc_t   rc;
    uint16_t   id;
    uint32_t   tag;

    p = m->data + (in->p - m->start);
    rc = ptn_restrict_int(in, 4, &tag);
    id = (uint16_t) (tag >> 16);

    if (rc == PTN_OK && id >= 0x8000) {
        rc = m->map(m->ctx, &id);

        if (rc == PTN_OK) {
            p[2] = (u_char) id;
            p[3] = (u_char) (id >> 8);
        }
    }

    return (rc == PTN_OK && value)
           ? ptn_wire_value_skip(in, ptn_prop_type(tag)) : rc;
}


static ptn_rc_t
ptn_restrict_map_one(ptn_wire_in_t *in, const ptn_restrict_maps_t *m,
    unsigned depth)
{
    unsigned                   i;
    uint32_t                   type, n, present;
    ptn_rc_t                   rc;
    const ptn_restrict_row_t  *row;

    if (depth >= PTN_RESTRICT_DEPTH_MAX) {
        return PTN_ELIMIT;
    }

    n = 0;
    rc = ptn_restrict_int(in, 1, &type);

    if (rc == PTN_OK && (type == PTN_RES_AND || type == PTN_RES_OR)) {
        rc = ptn_restrict_int(in, 2, &n);

    } else if (rc == PTN_OK && type == PTN_RES_COMMENT) {
        rc = ptn_restrict_int(in, 1, &n);

        while (rc == PTN_OK && n > 0) {
            rc = ptn_restrict_map_tag(in, m, true);
            n--;
        }

        if (rc == PTN_OK) {
            rc = ptn_restrict_int(in, 1, &present);
            n = (rc == PTN_OK && present != 0);
        }

    } else if (rc == PTN_OK) {
        if (type >= ptn_nelts(ptn_restrict_rows)) {
            return PTN_EPARSE;
        }

        row = &ptn_restrict_rows[type];
        n = row->subs;

        if (ptn_wire_take(in, row->op + 4 * (size_t) row->fuzzy) == NULL) {
            return PTN_ETRUNC;
        }

        for (i = 0; i < row->tags && rc == PTN_OK; i++) {
            rc = ptn_restrict_map_tag(in, m, false);
        }

        if (rc == PTN_OK && ptn_wire_take(in, 4 * (size_t) row->number)
                            == NULL)
        {
            return PTN_ETRUNC;
        }

        if (rc == PTN_OK && row->value) {
            rc = ptn_restrict_map_tag(in, m, true);
        }
    }

    while (rc == PTN_OK && n-- > 0) {
        rc = ptn_restrict_map_one(in, m, depth + 1);
    }

    return rc;
}


ptn_rc_t
ptn_restrict_map(u_char *data, size_t len, ptn_restrict_map_pt map, void *ctx)
{
    ptn_rc_t             rc;
    ptn_wire_in_t        in;
    ptn_restrict_maps_t  m;

    m.data = data;
    m.start = data;
    m.map = map;
    m.ctx = ctx;
    in.p = data;
    in.end = data + len;
    in.pool = NULL;
    rc = ptn_restrict_map_one(&in, &m, 0);

    return (rc == PTN_OK && in.p != in.end) ? PTN_EPARSE : rc;
}


void
ptn_restrict_text(ptn_buf_t *b, const ptn_restrict_t *r)
{
    size_t                 i;
    u_char                 p[4];
    uint32_t               n;
    const ptn_restrict_t  *sub;

    for (sub = r->sub, n = 0; sub != NULL; sub = sub->next) {
        n++;
    }

    const uint32_t  numbers[] = {
        (uint32_t) r->type | (uint32_t) r->op << 8,
        r->fuzzy_low | (uint32_t) r->fuzzy_high << 16, r->tag, r->tag2, r->n,
        (uint32_t) r->value.len, n
    };

    for (i = 0; i < ptn_nelts(numbers); i++) {
        ptn_put_le32(p, numbers[i]);
        ptn_buf_add(b, p, 4);
    }

    ptn_buf_add(b, r->value.data, r->value.len);

    for (sub = r->sub; sub != NULL; sub = sub->next) {
        ptn_restrict_text(b, sub);
    }
}
