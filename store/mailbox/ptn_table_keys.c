/*
 * Rows in the order of their sort keys, of which most are never made whole.
 *
 * A part is the first bytes of a key (ptn_table_key.c): its columns up to and
 * with the primary weights of the first text, PTN_KEYS_PART bytes at most.  The
 * values of the row stand behind it.  Keys that differ do so in their parts, or
 * the parts are equal: no part is the beginning of another.  Where parts are
 * equal the keys are made of the values.
 */

#include <stdlib.h>

#include "ptn_collate.h"
#include "ptn_table.h"


#define PTN_KEYS_PART    72     /* bytes; fits 7 numbers and the uid */
#define PTN_KEYS_VALUE   (PTN_COLLATE_MAX + 2)
#define PTN_KEYS_FEW     24     /* rows that are sorted by comparing */
#define PTN_KEYS_NONE    0xffff


/* ---- sorting byte strings ---------------------------------------------- */

typedef struct {
    ptn_radix_t  *spare;
    uint32_t      count[8][256];
} ptn_radix_work_t;


/* By their leads, the last byte first; bytes that are all alike are passed
 * over. */

static void
ptn_radix_leads(ptn_radix_work_t *w, ptn_radix_t *all, uint32_t n)
{
    uint32_t      i, at, k, *c;
    unsigned      shift, b;
    ptn_radix_t  *from, *to, *swap;

    from = all;
    to = w->spare;
    memset(w->count, 0, sizeof(w->count));

    for (i = 0; i < n; i++) {
        for (b = 0; b < 8; b++) {
            w->count[b][(from[i].lead >> (8 * b)) & 0xff]++;
        }
    }

    for (b = 0; b < 8; b++) {
        c = w->count[b];
        shift = 8 * b;

        if (c[(from[0].lead >> shift) & 0xff] == n) {
            continue;
        }

        for (k = 0, at = 0; k < 256; k++) {
            i = c[k];
            c[k] = at;
            at += i;
        }

        for (i = 0; i < n; i++) {
            to[c[(from[i].lead >> shift) & 0xff]++] = from[i];
        }

        swap = from;
        from = to;
        to = swap;
    }

    if (from != all) {
        memcpy(all, from, n * sizeof(ptn_radix_t));
    }
}


static inline uint64_t
ptn_radix_lead(const ptn_radix_t *e, size_t depth)
{
    size_t    i;
    uint64_t  lead;

    if (depth + 8 <= e->len) {
        memcpy(&lead, e->key + depth, 8);
        return __builtin_bswap64(lead);
    }

    for (i = depth, lead = 0; i < depth + 8; i++) {
        lead = lead << 8 | (i < e->len ? e->key[i] : 0);
    }

    return lead;
}


static bool
ptn_radix_same(const ptn_radix_t *a, const ptn_radix_t *b, size_t depth)
{
    return a->len == b->len
           && memcmp(a->key + depth, b->key + depth, a->len - depth) == 0;
}


static void
ptn_radix_few(ptn_radix_t *all, uint32_t n, size_t depth)
{
    uint32_t     i, k;
    ptn_str_t    a, b;
    ptn_radix_t  e;

    for (i = 1; i < n; i++) {
        e = all[i];
        a = ptn_str_make(e.key + depth, e.len - depth);

        for (k = i; k > 0; k--) {
            b = ptn_str_make(all[k - 1].key + depth, all[k - 1].len - depth);

            if (ptn_str_cmp(b, a) <= 0) {
                break;
            }

            all[k] = all[k - 1];
        }

        all[k] = e;
    }
}


/* From byte `depth` on, before which all are alike.  `lead` is made to say
 * whether the one before is the same. */

static void
ptn_radix_from(ptn_radix_work_t *w, ptn_radix_t *all, uint32_t n,
    size_t depth)
{
    uint32_t  i, k, from;

    if (n <= PTN_KEYS_FEW) {
        ptn_radix_few(all, n, depth);

        for (i = 0; i < n; i++) {
            all[i].lead = (i != 0 && ptn_radix_same(&all[i - 1], &all[i],
                                                    depth));
        }

        return;
    }

    for (i = 0; i < n; i++) {
        all[i].lead = ptn_radix_lead(&all[i], depth);
    }

    ptn_radix_leads(w, all, n);
    depth += 8;

    for (i = 0, from = 0; i < n; i++) {
        if (i + 1 < n && all[i + 1].lead == all[from].lead) {
            continue;
        }

        if (i != from && all[from].len > depth) {
            ptn_radix_from(w, all + from, i + 1 - from, depth);

        } else {
            for (k = from; k <= i; k++) {
                all[k].lead = (k != from);
            }
        }

        from = i + 1;
    }
}


ptn_rc_t
ptn_radix_sort(ptn_radix_t *all, uint32_t n)
{
    size_t             same, k;
    uint32_t           i;
    ptn_radix_work_t  *w;

    if (n < 2) {
        return PTN_OK;
    }

    w = malloc(sizeof(ptn_radix_work_t));
    if (w == NULL) {
        return PTN_ENOMEM;
    }

    w->spare = malloc(n * sizeof(ptn_radix_t));

    if (w->spare == NULL) {
        free(w);
        return PTN_ENOMEM;
    }

    for (i = 1, same = all[0].len; i < n; i++) {
        same = ptn_min(same, (size_t) all[i].len);

        for (k = 0; k < same && all[i].key[k] == all[0].key[k]; k++) {
            /* void */
        }

        same = k;
    }

    ptn_radix_from(w, all, n, same);
    free(w->spare);
    free(w);

    return PTN_OK;
}


/* ---- parts -------------------------------------------------------------- */

void
ptn_keys_init(ptn_keys_t *k, ptn_mbox_t *mb, const ptn_spec_t *spec)
{
    memset(k, 0, sizeof(ptn_keys_t));
    k->mb = mb;
    k->spec = spec;
    k->collate = ptn_collate_of(mb);
}


void
ptn_keys_done(ptn_keys_t *k)
{
    free(k->parts);
    free(k->data);
    ptn_pool_destroy(k->pool);
}


static ptn_str_t
ptn_keys_value(uint32_t tag, ptn_str_t s)
{
    uint16_t  type;

    type = ptn_prop_type(tag);

    if (type == PTN_PT_UNICODE || type == PTN_PT_STRING8) {
        return ptn_collate_cut(s);
    }

    s.len = ptn_min(s.len, (size_t) PTN_COLLATE_MAX);

    return s;
}


static uint32_t
ptn_keys_tag(uint32_t tag)
{
    return (tag & PTN_TABLE_INSTANCE)
           ? tag & ~(uint32_t) (PTN_TABLE_INSTANCE|PTN_PT_MV) : tag;
}


static bool
ptn_keys_is_text(uint32_t tag)
{
    return ptn_prop_type(tag) == PTN_PT_UNICODE
           || ptn_prop_type(tag) == PTN_PT_STRING8;
}


/* Numbers, times, booleans: one byte, and eight. */

static bool
ptn_keys_number(uint32_t tag, ptn_str_t s, u_char *p)
{
    int64_t   n;
    uint64_t  u;

    switch (ptn_prop_type(tag)) {

    case PTN_PT_I2:
    case PTN_PT_LONG:
    case PTN_PT_BOOLEAN:
    case PTN_PT_I8:
    case PTN_PT_SYSTIME:
        break;

    default:
        return false;
    }

    n = 0;
    (void) ptn_prop_int(tag, s, &n);
    u = __builtin_bswap64((uint64_t) n ^ 1ULL << 63);
    p[0] = 1;
    memcpy(p + 1, &u, 8);

    return true;
}


/* One column at `p`, where `max` bytes are free; *whole: all of it. */

static ptn_rc_t
ptn_keys_column(ptn_keys_t *k, const ptn_sort_t *sort, ptn_str_t s,
    u_char *p, size_t max, size_t *ret_n, bool *whole)
{
    size_t     i, n;
    uint32_t   tag;
    ptn_rc_t   rc;
    ptn_buf_t  b;

    *ret_n = 0;
    *whole = false;

    if (max == 0) {
        return PTN_OK;
    }

    tag = ptn_keys_tag(sort->tag);

    if (s.data != NULL && ptn_keys_is_text(tag)) {
        p[0] = 1;
        s = ptn_collate_cut(s);

        if (k->collate == NULL
            || !ptn_collate_weigh(k->collate, s, p + 1, max - 1, &n))
        {
            rc = ptn_collate_primary(k->mb, s, p + 1, max - 1, &n);
            if (rc != PTN_OK) {
                return rc;
            }
        }

        n++;

    } else if (s.data != NULL && max >= 9 && ptn_keys_number(tag, s, p)) {
        n = 9;
        *whole = true;

    } else {
        ptn_buf_init(&b, NULL);
        b.data = k->column;
        b.size = sizeof(k->column);
        ptn_sort_value(k->mb, &b, tag, false, s);
        n = ptn_min(b.len, max);
        *whole = (b.len <= max);
        memcpy(p, b.data, n);
    }

    for (i = 0; sort->descending && i < n; i++) {
        p[i] = (u_char) ~p[i];
    }

    *ret_n = n;

    return PTN_OK;
}


static bool
ptn_keys_room(ptn_keys_t *k, size_t size)
{
    void  *p;

    if (k->size - k->len >= size) {
        return true;
    }

    p = realloc(k->data, 2 * k->size + size + 4096);
    if (p == NULL) {
        return false;
    }

    k->data = p;
    k->size = 2 * k->size + size + 4096;

    return true;
}


static bool
ptn_keys_parts(ptn_keys_t *k)
{
    void  *p;

    if (k->n < k->nparts) {
        return true;
    }

    p = realloc(k->parts, (2 * (size_t) k->nparts + 64) * sizeof(ptn_part_t));
    if (p == NULL) {
        return false;
    }

    k->parts = p;
    k->nparts = 2 * k->nparts + 64;

    return true;
}


/* The values behind a part that is not all of the key. */

static void
ptn_keys_values(ptn_keys_t *k, const ptn_str_t *values)
{
    size_t     i, n;
    ptn_str_t  s;

    for (i = 0; i < k->spec->nsorts; i++) {
        s = ptn_keys_value(ptn_keys_tag(k->spec->sorts[i].tag), values[i]);
        n = (s.data != NULL) ? s.len : PTN_KEYS_NONE;
        k->data[k->len++] = (u_char) n;
        k->data[k->len++] = (u_char) (n >> 8);

        if (s.data != NULL && s.len != 0) {
            memcpy(k->data + k->len, s.data, s.len);
            k->len += s.len;
        }
    }
}


ptn_rc_t
ptn_keys_add(ptn_keys_t *k, const ptn_row_t *row, uint32_t instance,
    const ptn_str_t *values)
{
    bool         whole;
    size_t       i, n, used;
    u_char      *p;
    ptn_rc_t     rc;
    ptn_part_t  *part;

    if (!ptn_keys_parts(k)
        || !ptn_keys_room(k, PTN_KEYS_PART
                             + k->spec->nsorts * PTN_KEYS_VALUE))
    {
        return PTN_ENOMEM;
    }

    p = k->data + k->len;
    whole = true;

    for (i = 0, used = 0; i < k->spec->nsorts && whole; i++) {
        rc = ptn_keys_column(k, &k->spec->sorts[i], values[i], p + used,
                             PTN_KEYS_PART - used, &n, &whole);
        if (rc != PTN_OK) {
            return rc;
        }

        used += n;
    }

    if (whole && PTN_KEYS_PART - used >= PTN_KEY_TAIL_MAX) {
        used += ptn_key_tail(k->spec, p + used, row, instance);

    } else {
        whole = false;
    }

    part = &k->parts[k->n++];
    part->at = k->len;
    part->uid = row->uid;
    part->instance = (uint16_t) instance;
    part->len = (uint8_t) used;
    part->whole = whole;
    k->len += used;

    if (!whole) {
        ptn_keys_values(k, values);
    }

    return PTN_OK;
}


/* ---- whole keys ---------------------------------------------------------- */

ptn_rc_t
ptn_keys_whole(ptn_keys_t *k, uint32_t i, ptn_str_t *ret_key)
{
    size_t             c, n;
    u_char             tail[PTN_KEY_TAIL_MAX];
    ptn_buf_t          b;
    ptn_row_t          row;
    ptn_str_t          s;
    const u_char      *p;
    const ptn_part_t  *part;

    part = &k->parts[i];
    p = k->data + part->at;

    if (part->whole) {
        *ret_key = ptn_str_make(p, part->len);
        return PTN_OK;
    }

    if (k->pool == NULL) {
        k->pool = ptn_pool_create((size_t) 4 * 1024 * 1024 * 1024, NULL);
        if (k->pool == NULL) {
            return PTN_ENOMEM;
        }
    }

    ptn_buf_init(&b, k->pool);
    p += part->len;

    for (c = 0; c < k->spec->nsorts; c++) {
        n = p[0] | (size_t) p[1] << 8;
        p += 2;
        s = (n == PTN_KEYS_NONE) ? ptn_str_make(NULL, 0)
                                 : ptn_str_make(p, n);
        p += s.len;
        ptn_sort_value(k->mb, &b, k->spec->sorts[c].tag,
                       k->spec->sorts[c].descending, s);
    }

    memset(&row, 0, sizeof(row));
    row.uid = part->uid;
    ptn_buf_add(&b, tail, ptn_key_tail(k->spec, tail, &row, part->instance));
    *ret_key = ptn_buf_get(&b);

    return (b.failed || b.len > UINT16_MAX) ? PTN_ENOMEM : PTN_OK;
}


/* Rows [from, to) have the same part: by their keys. */

static ptn_rc_t
ptn_keys_ties(ptn_keys_t *k, ptn_radix_t *all, uint32_t n)
{
    uint32_t   i;
    ptn_rc_t   rc;
    ptn_str_t  key;

    for (i = 0; i < n; i++) {
        rc = ptn_keys_whole(k, all[i].i, &key);
        if (rc != PTN_OK) {
            return rc;
        }

        all[i].key = key.data;
        all[i].len = (uint32_t) key.len;
    }

    rc = ptn_radix_sort(all, n);

    if (k->pool != NULL) {
        ptn_pool_reset(k->pool);
    }

    return rc;
}


ptn_rc_t
ptn_keys_sort(ptn_keys_t *k)
{
    uint32_t      i, from;
    ptn_rc_t      rc;
    ptn_part_t   *parts;
    ptn_radix_t  *all;

    if (k->n < 2) {
        return PTN_OK;
    }

    all = malloc(k->n * sizeof(ptn_radix_t));
    parts = malloc(k->n * sizeof(ptn_part_t));
    rc = (all != NULL && parts != NULL) ? PTN_OK : PTN_ENOMEM;

    for (i = 0; i < k->n && rc == PTN_OK; i++) {
        all[i].key = k->data + k->parts[i].at;
        all[i].len = k->parts[i].len;
        all[i].i = i;
    }

    if (rc == PTN_OK) {
        rc = ptn_radix_sort(all, k->n);
    }

    for (i = 0, from = 0; i < k->n && rc == PTN_OK; i++) {
        if (i + 1 < k->n && all[i + 1].lead) {
            continue;
        }

        if (i != from) {
            rc = ptn_keys_ties(k, all + from, i + 1 - from);
        }

        from = i + 1;
    }

    for (i = 0; i < k->n && rc == PTN_OK; i++) {
        parts[i] = k->parts[all[i].i];
    }

    free(all);

    if (rc != PTN_OK) {
        free(parts);
        return rc;
    }

    free(k->parts);
    k->parts = parts;

    return PTN_OK;
}
