/*
 * Property values of the wire: the first byte picks what is read, the next two
 * a type.  What was read as a value must go out and come back as the same
 * value; a restriction is asked of a row.
 *
 * Covers: store/mapi/ptn_wire_prop.c store/mapi/ptn_wire_recip.c
 *         store/mapi/ptn_restrict.c store/mapi/ptn_filter.c
 */

#include <stdio.h>
#include <stdlib.h>

#include "ptn_filter.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COLUMNS  4


static void
fuzz_value(ptn_pool_t *pool, const ptn_wire_text_t *text, uint16_t type,
    ptn_str_t in)
{
    ptn_rc_t       rc, skipped;
    ptn_buf_t      out;
    ptn_str_t      value, back;
    ptn_wire_in_t  a, b;

    a.p = in.data;
    a.end = in.data + in.len;
    a.pool = pool;
    b = a;

    rc = ptn_wire_value_get(&a, text, type, &value);
    skipped = ptn_wire_value_skip(&b, type);

    if (rc == PTN_ENOMEM) {
        return;
    }

    if (rc != skipped || (rc == PTN_OK && a.p != b.p)) {
        fprintf(stderr, "wireprop: skip and get differ\n");
        abort();
    }

    if (rc != PTN_OK) {
        return;
    }

    ptn_buf_init(&out, pool);

    if (ptn_wire_value_put(&out, text, type, value) != PTN_OK) {
        fprintf(stderr, "wireprop: type %04x does not go out\n", type);
        abort();
    }

    if ((type & 0x0fff) == PTN_PT_STRING8) {
        return;                 /* a code page need not have it */
    }

    ptn_buf_byte(&out, 0);      /* an empty value has no buffer */
    b.p = out.data;
    b.end = out.data + out.len - 1;

    if (ptn_wire_value_get(&b, text, type, &back) != PTN_OK
        || !ptn_str_eq(value, back))
    {
        fprintf(stderr, "wireprop: type %04x comes back otherwise\n", type);
        abort();
    }
}


/* Two recipients, an attachment; of the input's bytes. */

static ptn_rc_t
fuzz_sub(void *ctx, uint32_t which, uint32_t i, const uint32_t *tags,
    size_t n, ptn_str_t *values)
{
    size_t            k;
    const ptn_str_t  *in = ctx;

    if (i >= (which == PTN_PR_MESSAGE_RECIPIENTS ? 2u : 1u)) {
        return PTN_ENOTFOUND;
    }

    for (k = 0; k < n; k++) {
        values[k] = tags[k] % 3 == 2 ? ptn_str_make(NULL, 0)
                    : ptn_str_make(in->data, in->len % (k + i + 5));
    }

    return PTN_OK;
}


static bool
fuzz_member(void *ctx, ptn_str_t entryid, ptn_str_t dl)
{
    return ctx != NULL && entryid.len == dl.len;
}


/* The same twice; and not the same, turned. */

static void
fuzz_restrict(ptn_pool_t *pool, const ptn_wire_text_t *text, ptn_str_t in)
{
    bool               a, b;
    size_t             n, i;
    ptn_rc_t           rc;
    ptn_buf_t          name, other;
    ptn_str_t          values[PTN_RESTRICT_TAGS_MAX];
    ptn_filter_t      *f, *g;
    ptn_restrict_t    *r, not;
    const uint32_t    *tags;
    ptn_filter_row_t   row;

    if (ptn_restrict_get(text, in, &r) != PTN_OK
        || ptn_filter_make(pool, r, PTN_FILTER_MEMBERS, &f) != PTN_OK)
    {
        return;
    }

    tags = ptn_filter_tags(f, &n);

    for (i = 0; i < n; i++) {
        values[i] = tags[i] % 5 == 2 ? ptn_str_make(NULL, 0)
                    : ptn_str_make(in.data, in.len % (i + 9));
    }

    memset(&row, 0, sizeof(row));
    row.values = values;
    row.sub = fuzz_sub;
    row.member = fuzz_member;
    row.ctx = &in;

    rc = ptn_filter_match(f, &row, &a);

    memset(&not, 0, sizeof(not));
    not.type = PTN_RES_NOT;
    not.sub = r;

    if (rc != PTN_OK
        || ptn_filter_make(pool, &not, PTN_FILTER_MEMBERS, &g) != PTN_OK)
    {
        return;                 /* a count is outermost */
    }

    if (ptn_filter_match(g, &row, &b) == PTN_OK && a == b) {
        fprintf(stderr, "wireprop: a row matches, and not\n");
        abort();
    }

    ptn_buf_init(&name, pool);
    ptn_buf_init(&other, pool);
    ptn_restrict_text(&name, r);
    ptn_restrict_text(&other, &not);

    if (!name.failed && !other.failed
        && ptn_str_eq(ptn_buf_get(&name), ptn_buf_get(&other)))
    {
        fprintf(stderr, "wireprop: two restrictions of one name\n");
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t           i;
    uint16_t         type;
    uint32_t         columns[COLUMNS], tags[COLUMNS];
    ptn_str_t        in, values[COLUMNS];
    ptn_pool_t      *pool;
    ptn_props_t      props;
    ptn_wire_in_t    row;
    ptn_wire_text_t  text;

    if (size < 3) {
        return 0;
    }

    pool = ptn_pool_create(64 * 1024 * 1024, NULL);
    memset(&text, 0, sizeof(text));
    memset(&props, 0, sizeof(props));
    text.pool = pool;
    text.dn_prefix = ptn_str("/o=org/ou=x");

    type = (uint16_t) (data[1] | data[2] << 8);
    in = ptn_str_make(data + 3, size - 3);

    for (i = 0; i < COLUMNS; i++) {
        columns[i] = 0x30010000 | (uint16_t) (type >> i);
    }

    switch (data[0] % 4) {

    case 0:
        fuzz_value(pool, &text, type, in);
        break;

    case 1:
        row.p = in.data;
        row.end = in.data + in.len;
        row.pool = pool;
        (void) ptn_wire_row_get(&row, &text, columns, COLUMNS, tags, values);
        break;

    case 2:
        (void) ptn_wire_recip_get(&text, in, columns, COLUMNS, &props);
        break;

    default:
        fuzz_restrict(pool, &text, in);
    }

    ptn_pool_destroy(pool);

    return 0;
}
