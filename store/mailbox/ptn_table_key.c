/*
 * What a table reads of a row: its sort key, and whether it matches.
 *
 * A sort key is one string whose bytes compare as the row should: for each
 * column a byte that says whether there is a value, then the value (numbers
 * with the highest byte first, strings by the collation of the mailbox's
 * locale), all bits turned where it descends; uid and instance at the end.
 * The order of open is a key, too, of what the view has.
 */

#include <stdlib.h>

#include "ptn_collate.h"
#include "ptn_msg.h"
#include "ptn_table.h"


ptn_rc_t
ptn_table_can_sort(const ptn_sort_t *sorts, size_t n)
{
    size_t    i;
    uint32_t  tag;
    uint16_t  type;

    for (i = 0; i < n; i++) {
        tag = sorts[i].tag;

        if (tag & PTN_TABLE_INSTANCE) {
            tag &= ~(uint32_t) (PTN_TABLE_INSTANCE|PTN_PT_MV);
        }

        type = ptn_prop_type(tag);

        if (ptn_prop_size(tag) == 0 && type != PTN_PT_UNICODE
            && type != PTN_PT_STRING8 && type != PTN_PT_BINARY)
        {
            return PTN_ESUPPORT;
        }

        if (type == PTN_PT_ERROR || (type & PTN_PT_MV)
            || ptn_item_what(tag) != PTN_OXCMAIL_PROPS)
        {
            return PTN_ESUPPORT;
        }
    }

    return PTN_OK;
}


/* ---- values in a key --------------------------------------------------- */

static void
ptn_sort_number(ptn_buf_t *b, uint64_t n)
{
    int     i;
    u_char  p[8];

    for (i = 0; i < 8; i++) {
        p[i] = (u_char) (n >> (56 - 8 * i));
    }

    ptn_buf_add(b, p, 8);
}


static void
ptn_sort_binary(ptn_buf_t *b, ptn_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len && i < PTN_COLLATE_MAX; i++) {
        ptn_buf_byte(b, s.data[i]);

        if (s.data[i] == 0) {
            ptn_buf_byte(b, 0xff);
        }
    }

    ptn_buf_byte(b, 0);
    ptn_buf_byte(b, 0);
}


/* IEEE numbers compare as integers once the negative ones are turned. */

static void
ptn_sort_real(ptn_buf_t *b, ptn_str_t s)
{
    size_t    i;
    uint64_t  n;

    for (n = 0, i = s.len; i > 0; i--) {
        n = n << 8 | s.data[i - 1];
    }

    if (s.len == 4) {
        n <<= 32;
    }

    ptn_sort_number(b, (n >> 63) ? ~n : n | 1ULL << 63);
}


static void
ptn_sort_turn(ptn_buf_t *b, size_t from)
{
    size_t  i;

    for (i = from; i < b->len; i++) {
        b->data[i] = (u_char) ~b->data[i];
    }
}


void
ptn_sort_value(ptn_mbox_t *mb, ptn_buf_t *b, uint32_t tag, bool descending,
    ptn_str_t s)
{
    size_t    at;
    int64_t   n;

    if (tag & PTN_TABLE_INSTANCE) {
        tag &= ~(uint32_t) (PTN_TABLE_INSTANCE|PTN_PT_MV);
    }

    at = b->len;
    ptn_buf_byte(b, s.data != NULL);

    if (s.data != NULL) {
        switch (ptn_prop_type(tag)) {

        case PTN_PT_UNICODE:
        case PTN_PT_STRING8:
            ptn_collate_key(mb, b, s);
            break;

        case PTN_PT_BINARY:
        case PTN_PT_CLSID:
            ptn_sort_binary(b, s);
            break;

        case PTN_PT_R4:
        case PTN_PT_DOUBLE:
        case PTN_PT_APPTIME:
            ptn_sort_real(b, s);
            break;

        default:
            n = 0;
            (void) ptn_prop_int(tag, s, &n);
            ptn_sort_number(b, (uint64_t) n ^ 1ULL << 63);
        }
    }

    if (descending) {
        ptn_sort_turn(b, at);
    }
}


ptn_str_t
ptn_mv_at(uint32_t tag, ptn_str_t value, uint32_t i)
{
    ptn_str_t  rest, one;

    tag = (tag & ~(uint32_t) PTN_TABLE_INSTANCE) | PTN_PT_MV;
    rest = ptn_mv_rest(value);

    while (value.data != NULL && ptn_mv_next(tag, &rest, &one)) {
        if (i-- == 0) {
            return one;
        }
    }

    return ptn_str_make(NULL, 0);
}


/* ---- the reader -------------------------------------------------------- */

/* What a row of the base says by itself. */

static bool
ptn_probe_in_base(uint32_t tag)
{
    return tag == 0 || tag == PTN_PR_MESSAGE_SIZE
           || tag == PTN_PR_MESSAGE_SIZE_EXTENDED || tag == PTN_PR_READ
           || tag == PTN_PR_MESSAGE_DELIVERY_TIME;
}


static void
ptn_probe_tag(ptn_probe_t *r, uint32_t tag)
{
    if (tag != 0 && !(tag & PTN_TABLE_INSTANCE)) {
        r->live[r->nlive++] = (uint16_t) r->n;
        r->needs |= ptn_scan_needs(tag);
        r->rows &= ptn_probe_in_base(tag);

    } else if (tag != 0) {
        r->rows = false;        /* r->instances says what it needs */
    }

    r->tags[r->n] = tag;
    r->props[r->n] = ptn_item_prop(tag);
    r->columns &= (tag == 0
                   || (r->props[r->n] != NULL
                       && r->props[r->n]->kind == PTN_ITEM_COLUMN));
    r->n++;
}


ptn_rc_t
ptn_probe_make(ptn_mbox_t *mb, const ptn_spec_t *spec,
    ptn_probe_t **ret_reader)
{
    size_t           i, n;
    ptn_pool_t      *pool;
    ptn_probe_t    *r;
    const uint32_t  *tags;

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    r = calloc(1, sizeof(ptn_probe_t));

    if (r == NULL) {
        ptn_pool_destroy(pool);
        return PTN_ENOMEM;
    }

    r->mb = mb;
    r->spec = spec;
    r->pool = pool;
    r->rows = true;
    r->columns = (spec->filter == NULL);

    for (i = 0; i < spec->nsorts; i++) {
        ptn_probe_tag(r, spec->sorts[i].tag);
    }

    ptn_probe_tag(r, spec->extreme_tag);
    r->instances = (unsigned) r->n;
    ptn_probe_tag(r, spec->instances);
    r->filter = (unsigned) r->n;

    if (spec->filter != NULL) {
        tags = ptn_filter_tags(spec->filter, &n);

        for (i = 0; i < n; i++) {
            ptn_probe_tag(r, tags[i]);
            r->each |= (tags[i] & PTN_TABLE_INSTANCE) != 0;
        }
    }

    *ret_reader = r;

    return PTN_OK;
}


void
ptn_probe_done(ptn_probe_t *r)
{
    if (r != NULL) {
        ptn_pool_destroy(r->pool);
        free(r);
    }
}


/* Sorting is by what the row has; what selects rows may be in the content. */

static ptn_rc_t
ptn_probe_load(ptn_probe_t *r)
{
    bool            deep;
    size_t          i, k;
    ptn_rc_t        rc;
    ptn_item_ctx_t  c;

    ptn_asked(&r->asked, r->mb, r->pool, r->item.info.id);
    r->asked.gone = (r->spec->kind == PTN_TABLE_GONE);
    r->one = ptn_str_make(NULL, 0);
    c.mb = r->mb;
    c.pool = r->pool;
    c.item = &r->item;

    for (k = 0; k < r->nlive; k++) {
        i = r->live[k];
        c.scratch = r->scratch[i];
        r->values[i] = ptn_item_value(&c, r->props[i], r->tags[i], &deep);

        if (deep && i >= r->instances) {
            rc = ptn_asked_value(&r->asked, r->tags[i], &r->values[i]);

            if (rc != PTN_OK) {
                return rc;
            }
        }
    }

    return PTN_OK;
}


/* The base shows the read state of who asks. */

static void
ptn_probe_flags(ptn_probe_t *r, const ptn_row_t *row)
{
    if (r->item.info.modseq == row->modseq) {
        r->item.info.flags = row->flags;
    }
}


ptn_rc_t
ptn_probe_item(ptn_probe_t *r, const ptn_row_t *row)
{
    ptn_pool_reset(r->pool);
    ptn_probe_flags(r, row);

    return ptn_probe_load(r);
}


/* The shortest way to most of those that are sorted by. */

bool
ptn_probe_columns(ptn_probe_t *r)
{
    size_t          i, k;
    ptn_item_ctx_t  c;

    if (r->item.bag.count != 0 || !r->columns) {
        return false;
    }

    c.mb = r->mb;
    c.pool = r->pool;
    c.item = &r->item;

    for (k = 0; k < r->nlive; k++) {
        i = r->live[k];
        c.scratch = r->scratch[i];
        r->values[i] = r->props[i]->get(&c, r->tags[i]);
    }

    return true;
}


ptn_rc_t
ptn_probe_base(ptn_probe_t *r, const ptn_row_t *row)
{
    r->item.info.uid = row->uid;
    r->item.info.id = row->id;
    r->item.info.flags = row->flags;
    r->item.info.size = row->size;
    r->item.info.received = row->received;
    r->item.info.modseq = row->modseq;

    return ptn_probe_item(r, row);
}


ptn_rc_t
ptn_probe_row(ptn_probe_t *r, const ptn_row_t *row)
{
    u_char        *p;
    ptn_rc_t       rc;
    ptn_item_t     item;
    sqlite3_stmt  *st;

    st = ptn_sql(r->mb, r->spec->search ? PTN_SQL_ITEM_GET : PTN_SQL_ITEM_AT,
                 &rc);
    if (st == NULL) {
        return rc;
    }

    if (r->spec->search) {
        sqlite3_bind_int64(st, 1, (sqlite3_int64) row->id);

    } else {
        sqlite3_bind_int64(st, 1, ptn_spec_key(r->spec));
        sqlite3_bind_int64(st, 2, row->uid);
    }

    ptn_pool_reset(r->pool);
    rc = ptn_sql_step(r->mb, st);

    if (rc != PTN_AGAIN) {
        return rc == PTN_OK ? PTN_ENOTFOUND : rc;
    }

    rc = ptn_item_read(st, &item);

    if (rc == PTN_OK) {
        ptn_spec_item(r->spec, &item);
        p = ptn_palloc(r->pool, ptn_item_size(&item));
        rc = p ? PTN_OK : PTN_ENOMEM;

        if (p != NULL) {
            ptn_item_copy(&r->item, &item, p);
            ptn_probe_flags(r, row);
        }
    }

    sqlite3_reset(st);

    return rc == PTN_OK ? ptn_probe_load(r) : rc;
}


uint32_t
ptn_probe_instances(const ptn_probe_t *r)
{
    uint32_t   n;
    ptn_str_t  rest, one;

    if (r->spec->instances == 0) {
        return 1;
    }

    rest = ptn_mv_rest(r->values[r->instances]);

    for (n = 0; n < PTN_INSTANCES_MAX
                && r->values[r->instances].data != NULL
                && ptn_mv_next(r->spec->instances, &rest, &one); n++)
    {
        /* void */
    }

    return ptn_max(n, 1U);
}


void
ptn_probe_instance(ptn_probe_t *r, uint32_t i)
{
    size_t  k;

    if (r->spec->instances == 0) {
        return;
    }

    r->one = ptn_mv_at(r->spec->instances, r->values[r->instances], i);

    for (k = 0; k < r->n; k++) {
        if (r->tags[k] & PTN_TABLE_INSTANCE) {
            r->values[k] = r->one;
        }
    }
}


/* ---- does it match? ---------------------------------------------------- */

ptn_rc_t
ptn_probe_match(ptn_probe_t *r, bool *ret_match)
{
    if (r->spec->filter == NULL) {
        *ret_match = true;
        return PTN_OK;
    }

    return ptn_asked_match(&r->asked, r->spec->filter, r->values + r->filter,
                           ret_match);
}


/* ---- keys -------------------------------------------------------------- */

size_t
ptn_key_tail(const ptn_spec_t *spec, u_char *p, const ptn_row_t *row,
    uint32_t instance)
{
    size_t    i, n;
    uint64_t  received;

    n = 0;

    if (spec->nsorts == 0) {
        received = (uint64_t) row->received ^ 1ULL << 63;

        for (i = 0; i < 8; i++) {
            p[n++] = (u_char) (received >> (56 - 8 * i));
        }
    }

    for (i = 0; i < 4; i++) {
        p[n++] = (u_char) (row->uid >> (24 - 8 * i));
    }

    for (i = 0; i < n && spec->nsorts == 0; i++) {
        p[i] = (u_char) ~p[i];
    }

    p[n++] = (u_char) (instance >> 8);
    p[n++] = (u_char) instance;

    return n;
}


ptn_rc_t
ptn_probe_key(ptn_probe_t *r, ptn_pool_t *pool, const ptn_row_t *row,
    uint32_t instance, ptn_keyed_t *ret)
{
    u_char     tail[PTN_KEY_TAIL_MAX];
    unsigned   i;
    ptn_buf_t  b;

    memset(ret, 0, sizeof(ptn_keyed_t));
    ret->uid = row->uid;
    ret->instance = (uint16_t) instance;
    ret->unread = !(row->flags & PTN_FLAG_SEEN);

    ptn_buf_init(&b, r->pool);

    for (i = 0; i < r->spec->nsorts; i++) {
        ptn_sort_value(r->mb, &b, r->spec->sorts[i].tag,
                       r->spec->sorts[i].descending, r->values[i]);

        if (i < r->spec->ncats) {
            ret->cuts[i] = (uint16_t) ptn_min(b.len, (size_t) UINT16_MAX);
        }
    }

    ptn_buf_add(&b, tail, ptn_key_tail(r->spec, tail, row, instance));
    ret->key = ptn_str_dup(pool, ptn_buf_get(&b));

    if (b.failed || b.len > UINT16_MAX || ret->key.data == NULL) {
        return PTN_ENOMEM;
    }

    if (r->spec->extreme != PTN_CATEGORY_PLAIN) {
        ptn_buf_init(&b, r->pool);
        ptn_sort_value(r->mb, &b, r->spec->extreme_tag, false,
                       r->values[r->spec->nsorts]);
        ret->extreme = ptn_str_dup(pool, ptn_buf_get(&b));
        b.failed |= (ret->extreme.data == NULL);
    }

    return b.failed ? PTN_ENOMEM : PTN_OK;
}
