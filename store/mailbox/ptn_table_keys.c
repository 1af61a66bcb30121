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
    const u_char  *base;
    ptn_radix_t   *spare;
    uint32_t       count[8][256];
} ptn_radix_work_t;


ptn_str_t
ptn_radix_key(const u_char *base, const ptn_radix_t *e)
{
    const u_char  *p;

    p = base + e->at;

    return ptn_str_make(p + 2, p[0] | (size_t) p[1] << 8);
}


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
ptn_radix_lead(ptn_str_t key, size_t depth)
{
    size_t    i;
    uint64_t  lead;

    if (depth + 8 <= key.len) {
        memcpy(&lead, key.data + depth, 8);
        return __builtin_bswap64(lead);
    }

    for (i = depth, lead = 0; i < depth + 8; i++) {
        lead = lead << 8 | (i < key.len ? key.data[i] : 0);
    }

    return lead;
}


static void
ptn_radix_few(ptn_radix_work_t *w, ptn_radix_t *all, uint32_t n)
{
    int          c;
    uint32_t     i, k;
    ptn_str_t    a;
    ptn_radix_t  e;

    for (i = 0; i < n; i++) {
        e = all[i];
        e.lead = 0;
        a = ptn_radix_key(w->base, &e);

        for (k = i; k > 0; k--) {
            c = ptn_str_cmp(ptn_radix_key(w->base, &all[k - 1]), a);

            if (c <= 0) {
                e.lead = (c == 0);
                break;
            }

            all[k] = all[k - 1];
        }

        all[k] = e;
    }
}


/* From byte `depth` on, before which all are alike. */

static void
ptn_radix_from(ptn_radix_work_t *w, ptn_radix_t *all, uint32_t n,
    size_t depth)
{
    uint32_t  i, k, from;

    if (n <= PTN_KEYS_FEW) {
        ptn_radix_few(w, all, n);
        return;
    }

    for (i = 0; i < n; i++) {
        all[i].lead = ptn_radix_lead(ptn_radix_key(w->base, &all[i]), depth);
    }

    ptn_radix_leads(w, all, n);
    depth += 8;

    for (i = 0, from = 0; i < n; i++) {
        if (i + 1 < n && all[i + 1].lead == all[from].lead) {
            continue;
        }

        if (i != from && ptn_radix_key(w->base, &all[from]).len > depth) {
            ptn_radix_from(w, all + from, i + 1 - from, depth);

        } else {
            for (k = from; k <= i; k++) {
                all[k].lead = (k != from);
            }
        }

        from = i + 1;
    }
}


static size_t
ptn_radix_shared(const u_char *base, const ptn_radix_t *all, uint32_t n)
{
    size_t     same, k;
    uint32_t   i;
    ptn_str_t  a, b;

    a = ptn_radix_key(base, &all[0]);

    for (i = 1, same = a.len; i < n; i++) {
        b = ptn_radix_key(base, &all[i]);
        same = ptn_min(same, b.len);

        for (k = 0; k < same && a.data[k] == b.data[k]; k++) { /* void */ }

        same = k;
    }

    return same;
}


ptn_rc_t
ptn_radix_sort(const u_char *base, ptn_radix_t *all, uint32_t n)
{
    ptn_radix_work_t  *w;

    if (n < 2) {
        return PTN_OK;
    }

    w = malloc(sizeof(ptn_radix_work_t));
    if (w == NULL) {
        return PTN_ENOMEM;
    }

    w->base = base;
    w->spare = malloc(n * sizeof(ptn_radix_t));

    if (w->spare == NULL) {
        free(w);
        return PTN_ENOMEM;
    }

    if (base == NULL) {
        ptn_radix_leads(w, all, n);

    } else {
        ptn_radix_from(w, all, n, ptn_radix_shared(base, all, n));
    }

    free(w->spare);
    free(w);

    return PTN_OK;
}


/* ---- parts -------------------------------------------------------------- */

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


void
ptn_keys_init(ptn_keys_t *k, ptn_mbox_t *mb, const ptn_spec_t *spec,
    uint32_t expected)
{
    size_t  i;

    memset(k, 0, sizeof(ptn_keys_t));
    k->mb = mb;
    k->expected = expected;
    k->spec = spec;

    for (i = 0; i < spec->nsorts && k->collate == NULL; i++) {
        if (ptn_keys_is_text(ptn_keys_tag(spec->sorts[i].tag))) {
            k->collate = ptn_collate_of(mb);
        }
    }
}


void
ptn_keys_done(ptn_keys_t *k)
{
    free(k->all);
    free(k->parts);
    free(k->data);
    free(k->more);
    ptn_pool_destroy(k->pool);
}


static ptn_str_t
ptn_keys_value(uint32_t tag, ptn_str_t s)
{
    if (ptn_keys_is_text(tag)) {
        return ptn_collate_cut(s);
    }

    s.len = ptn_min(s.len, (size_t) PTN_COLLATE_MAX);

    return s;
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
ptn_keys_room(u_char **data, size_t *have, size_t want)
{
    void  *p;

    if (*have >= want) {
        return true;
    }

    want = ptn_max(2 * *have, want + 65536);

    p = realloc(*data, want);
    if (p == NULL) {
        return false;
    }

    *data = p;
    *have = want;

    return true;
}


/* Room for as many rows as there are, or for more. */

static bool
ptn_keys_grow(ptn_keys_t *k)
{
    void      *p, *q;
    uint32_t   n;

    if (k->n < k->size) {
        return true;
    }

    n = (k->size == 0) ? ptn_max(k->expected, 16U) : 2 * k->size;
    p = realloc(k->all, n * sizeof(ptn_radix_t));

    if (p != NULL) {
        k->all = p;
    }

    q = realloc(k->parts, n * sizeof(ptn_part_t));

    if (q != NULL) {
        k->parts = q;
    }

    if (p == NULL || q == NULL) {
        return false;
    }

    k->size = n;

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

    if (!ptn_keys_grow(k)
        || !ptn_keys_room(&k->data, &k->have, k->len + 2 + PTN_KEYS_PART
                                     + k->spec->nsorts * PTN_KEYS_VALUE))
    {
        return PTN_ENOMEM;
    }

    if (k->len > UINT32_MAX) {
        return PTN_ELIMIT;
    }

    p = k->data + k->len + 2;
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

    p[-2] = (u_char) used;
    p[-1] = 0;
    k->all[k->n].at = (uint32_t) k->len;
    k->all[k->n].i = k->n;
    part = &k->parts[k->n++];
    part->uid = row->uid;
    part->instance = (uint16_t) instance;
    part->whole = whole;
    k->len += 2 + used;

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

    part = &k->parts[k->all[i].i];
    s = ptn_radix_key(k->data, &k->all[i]);

    if (part->whole) {
        *ret_key = s;
        return PTN_OK;
    }

    if (k->pool == NULL) {
        k->pool = ptn_pool_create(0, NULL);
        if (k->pool == NULL) {
            return PTN_ENOMEM;
        }
    }

    ptn_buf_init(&b, k->pool);
    p = s.data + s.len;

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


/* The whole keys of rows [from, from + n) in k->more; where, in `ties`. */

static ptn_rc_t
ptn_keys_more(ptn_keys_t *k, uint32_t from, uint32_t n, ptn_radix_t *ties)
{
    size_t     len;
    uint32_t   i;
    ptn_rc_t   rc;
    ptn_str_t  key;

    for (i = 0, len = 0; i < n; i++) {
        rc = ptn_keys_whole(k, from + i, &key);

        if (rc == PTN_OK && (len > UINT32_MAX
                             || !ptn_keys_room(&k->more, &k->have_more,
                                               len + 2 + key.len)))
        {
            rc = PTN_ENOMEM;
        }

        if (rc != PTN_OK) {
            return rc;
        }

        ties[i].at = (uint32_t) len;
        ties[i].i = i;
        k->more[len++] = (u_char) key.len;
        k->more[len++] = (u_char) (key.len >> 8);
        memcpy(k->more + len, key.data, key.len);
        len += key.len;

        if (k->pool != NULL) {
            ptn_pool_reset(k->pool);
        }
    }

    return PTN_OK;
}


/* They have the same part: by their keys. */

static ptn_rc_t
ptn_keys_ties(ptn_keys_t *k, uint32_t from, uint32_t n)
{
    uint32_t      i;
    ptn_rc_t      rc;
    ptn_radix_t  *ties, *was;

    ties = malloc(2 * (size_t) n * sizeof(ptn_radix_t));
    if (ties == NULL) {
        return PTN_ENOMEM;
    }

    was = ties + n;
    rc = ptn_keys_more(k, from, n, ties);

    if (rc == PTN_OK) {
        rc = ptn_radix_sort(k->more, ties, n);
    }

    if (rc == PTN_OK) {
        memcpy(was, k->all + from, n * sizeof(ptn_radix_t));

        for (i = 0; i < n; i++) {
            k->all[from + i] = was[ties[i].i];
        }
    }

    free(ties);

    return rc;
}


ptn_rc_t
ptn_keys_sort(ptn_keys_t *k)
{
    uint32_t  i, from;
    ptn_rc_t  rc;

    rc = ptn_radix_sort(k->data, k->all, k->n);

    for (i = 0, from = 0; i < k->n && k->n > 1 && rc == PTN_OK; i++) {
        if (i + 1 < k->n && k->all[i + 1].lead != 0) {
            continue;
        }

        if (i != from) {
            rc = ptn_keys_ties(k, from, i + 1 - from);
        }

        from = i + 1;
    }

    return rc;
}
