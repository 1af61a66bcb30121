#include <stdlib.h>

#include "ptn_tnef_in.h"


/*
 * Encapsulated properties (MS-OXTNEF 2.1.3.4; the MAPI reference calls the
 * attribute attMAPIProps):
 *
 *   list      u32 count, properties
 *   property  u32 tag; id from 0x8000 on: name; value
 *   name      guid, u32 0, u32 lid
 *             guid, u32 1, u32 bytes, UTF-16 with NUL, padding
 *   value     of a fixed type: the value in 4, 8 or 16 bytes
 *             of a varying type: u32 values (1), each {u32 bytes, bytes,
 *             padding}; of an OBJECT the first 16 bytes are the IID
 *             multiple: u32 values, each as above
 *
 * Everything is padded to 4 bytes.
 */

#define PTN_TNEF_NAME  24       /* bytes of a name, at least */


/* --- lists ---------------------------------------------------------------- */

void *
ptn_tnef_room(ptn_pool_t *pool, void *p, uint32_t n, uint32_t *size,
    size_t element)
{
    void      *new;
    uint32_t   want;

    if (n < *size) {
        return p;
    }

    want = ptn_max(n * 2, 16U);

    new = ptn_parray(pool, want, element);
    if (new == NULL) {
        return NULL;
    }

    if (n != 0) {
        memcpy(new, p, n * element);
    }

    *size = want;

    return new;
}


ptn_rc_t
ptn_tnef_list_add(ptn_tnef_in_t *in, ptn_tnef_list_t *list, uint32_t tag,
    ptn_str_t value, ptn_tnef_rank_e rank)
{
    ptn_tnef_prop_t  *p;

    p = ptn_tnef_room(in->pool, list->p, list->n, &list->size,
                      sizeof(ptn_tnef_prop_t));
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    list->p = p;
    p += list->n;

    p->tag = tag;
    p->at = list->n++;
    p->rank = rank;
    p->value = value;

    if (value.data == NULL) {
        p->value.data = (u_char *) "";
    }

    return PTN_OK;
}


ptn_rc_t
ptn_tnef_list_int(ptn_tnef_in_t *in, ptn_tnef_list_t *list, uint32_t tag,
    int64_t n)
{
    size_t   i, size;
    u_char  *p;

    size = ptn_prop_size(tag);

    p = ptn_palloc(in->pool, size);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < size; i++) {
        p[i] = (u_char) ((uint64_t) n >> (8 * i));
    }

    return ptn_tnef_list_add(in, list, tag, ptn_str_make(p, size),
                             PTN_TNEF_MAPPED);
}


ptn_str_t
ptn_tnef_list_find(const ptn_tnef_list_t *list, uint16_t id, uint32_t *ret_tag)
{
    uint32_t                i;
    const ptn_tnef_prop_t  *best;

    best = NULL;

    for (i = 0; i < list->n; i++) {
        if (ptn_prop_id(list->p[i].tag) == id
            && (best == NULL || list->p[i].rank >= best->rank))
        {
            best = &list->p[i];
        }
    }

    if (best == NULL) {
        return ptn_str_make(NULL, 0);
    }

    *ret_tag = best->tag;

    return best->value;
}


void
ptn_tnef_list_drop(ptn_tnef_list_t *list, uint16_t id)
{
    uint32_t  i, n;

    for (i = 0, n = 0; i < list->n; i++) {
        if (ptn_prop_id(list->p[i].tag) != id) {
            list->p[n++] = list->p[i];
        }
    }

    list->n = n;
}


/* By id; the one that counts is the first of its id. */

static int
ptn_tnef_prop_cmp(const void *va, const void *vb)
{
    const ptn_tnef_prop_t  *a, *b;

    a = va;
    b = vb;

    if (ptn_prop_id(a->tag) != ptn_prop_id(b->tag)) {
        return ptn_prop_id(a->tag) < ptn_prop_id(b->tag) ? -1 : 1;
    }

    if (a->rank != b->rank) {
        return a->rank > b->rank ? -1 : 1;
    }

    return a->at > b->at ? -1 : a->at < b->at;
}


ptn_rc_t
ptn_tnef_list_done(ptn_tnef_in_t *in, ptn_tnef_list_t *list,
    ptn_props_t *ret_props)
{
    uint32_t         i, n;
    ptn_tnef_prop_t *p;

    memset(ret_props, 0, sizeof(ptn_props_t));

    if (list->n == 0) {
        return PTN_OK;
    }

    p = list->p;
    qsort(p, list->n, sizeof(ptn_tnef_prop_t), ptn_tnef_prop_cmp);

    for (i = 1, n = 1; i < list->n; i++) {
        if (ptn_prop_id(p[i].tag) != ptn_prop_id(p[n - 1].tag)) {
            p[n++] = p[i];
        }
    }

    if (n > PTN_BAG_COUNT_MAX) {
        n = PTN_BAG_COUNT_MAX;
        in->all->damaged = true;
    }

    ret_props->p = ptn_parray(in->pool, n, sizeof(ptn_bag_prop_t));
    if (ret_props->p == NULL) {
        return PTN_ENOMEM;
    }

    ret_props->n = ret_props->size = n;

    for (i = 0; i < n; i++) {
        ret_props->p[i].tag = p[i].tag;
        ret_props->p[i].value = p[i].value;
    }

    return PTN_OK;
}


/* --- names ---------------------------------------------------------------- */

static int
ptn_tnef_named_cmp(const ptn_named_t *a, const ptn_named_t *b)
{
    int  rc;

    rc = memcmp(a->set.b, b->set.b, sizeof(a->set.b));
    if (rc != 0) {
        return rc;
    }

    if (a->by_name != b->by_name) {
        return a->by_name ? 1 : -1;
    }

    if (a->by_name) {
        return ptn_str_cmp(a->name, b->name);
    }

    return a->lid < b->lid ? -1 : a->lid > b->lid;
}


/*
 * The id of a name, made when it is new; 0: there are no more ids.  The sorted
 * list is one for a whole stream and at most 64 KB: what an insertion moves is
 * bounded.
 */

static ptn_rc_t
ptn_tnef_named_id(ptn_tnef_in_t *in, const ptn_named_t *name, uint32_t *ret_id)
{
    int              rc;
    uint32_t         lo, hi, mid, size;
    uint16_t        *sorted;
    ptn_named_t     *names;
    ptn_tnef_all_t  *all;

    all = in->all;
    lo = 0;
    hi = all->n;

    while (lo < hi) {
        mid = (lo + hi) / 2;

        rc = ptn_tnef_named_cmp(&all->names[all->sorted[mid]], name);

        if (rc == 0) {
            *ret_id = PTN_NAMED_FIRST + all->sorted[mid];
            return PTN_OK;
        }

        if (rc < 0) {
            lo = mid + 1;

        } else {
            hi = mid;
        }
    }

    if (all->n > PTN_NAMED_LAST - PTN_NAMED_FIRST) {
        all->damaged = true;
        *ret_id = 0;
        return PTN_OK;
    }

    size = all->size;
    sorted = ptn_tnef_room(in->pool, all->sorted, all->n, &size,
                           sizeof(uint16_t));
    size = all->size;
    names = ptn_tnef_room(in->pool, all->names, all->n, &size,
                          sizeof(ptn_named_t));

    if (sorted == NULL || names == NULL) {
        return PTN_ENOMEM;
    }

    all->sorted = sorted;
    all->names = names;
    all->size = size;

    memmove(&sorted[lo + 1], &sorted[lo], (all->n - lo) * sizeof(uint16_t));
    sorted[lo] = (uint16_t) all->n;
    names[all->n] = *name;
    *ret_id = PTN_NAMED_FIRST + all->n++;

    return PTN_OK;
}


/* --- values --------------------------------------------------------------- */

/* False: not there.  A value behind which the padding is cut is whole. */

static bool
ptn_tnef_take(ptn_str_t *rest, size_t len, ptn_str_t *ret)
{
    size_t  pad;

    if (len > rest->len) {
        return false;
    }

    *ret = ptn_str_make(rest->data, len);

    pad = ptn_min((4 - len % 4) % 4, rest->len - len);
    rest->data += len + pad;
    rest->len -= len + pad;

    return true;
}


static bool
ptn_tnef_take_u32(ptn_str_t *rest, uint32_t *ret_n)
{
    ptn_str_t  s;

    if (!ptn_tnef_take(rest, 4, &s)) {
        return false;
    }

    *ret_n = ptn_le32(s.data);

    return true;
}


/* Bytes of a fixed type in the stream. */

static size_t
ptn_tnef_fixed(uint32_t tag)
{
    size_t  size;

    size = ptn_prop_size(tag & ~(uint32_t) PTN_PT_MV);

    return (size != 0 && size < 4) ? 4 : size;
}


static ptn_rc_t
ptn_tnef_pull_name(ptn_tnef_in_t *in, ptn_str_t *rest, uint32_t *tag)
{
    ptn_rc_t     rc;
    uint32_t     kind, n, id;
    ptn_str_t    s;
    ptn_named_t  name;

    memset(&name, 0, sizeof(name));

    if (rest->len < PTN_TNEF_NAME) {
        return PTN_ETRUNC;
    }

    (void) ptn_tnef_take(rest, sizeof(name.set.b), &s);
    memcpy(name.set.b, s.data, sizeof(name.set.b));
    (void) ptn_tnef_take_u32(rest, &kind);
    (void) ptn_tnef_take_u32(rest, &n);

    if (kind == 0) {
        name.lid = n;

    } else if (kind == 1 && ptn_tnef_take(rest, n, &s)) {
        name.by_name = true;

        rc = ptn_utf16_to_utf8(in->pool, s, &name.name);
        if (rc != PTN_OK) {
            return rc;
        }

    } else {
        return PTN_ETRUNC;
    }

    rc = ptn_tnef_named_id(in, &name, &id);
    *tag = id << 16 | ptn_prop_type(*tag);

    return rc;
}


/* One value, in the encoding of ptn_bag.h. */

static ptn_rc_t
ptn_tnef_pull_value(ptn_tnef_in_t *in, uint32_t tag, ptn_str_t *rest,
    ptn_str_t *ret)
{
    size_t    fixed;
    ptn_rc_t  rc;
    uint32_t  len;

    fixed = ptn_tnef_fixed(tag);

    if (fixed != 0) {
        if (!ptn_tnef_take(rest, fixed, ret)) {
            return PTN_ETRUNC;
        }

        ret->len = ptn_prop_size(tag & ~(uint32_t) PTN_PT_MV);

        if ((tag & 0xefff) == PTN_PT_BOOLEAN && ret->data[0] == 0
            && ret->data[1] != 0)
        {
            ret->data = (u_char *) "\1";        /* of 16 bits in the stream */
        }

        return PTN_OK;
    }

    if (!ptn_tnef_take_u32(rest, &len) || !ptn_tnef_take(rest, len, ret)) {
        return PTN_ETRUNC;
    }

    switch (tag & 0xefff) {

    case PTN_PT_STRING8:
        rc = ptn_tnef_text(in->pool, in->charset, *ret, ret);
        break;

    case PTN_PT_UNICODE:
        rc = ptn_utf16_to_utf8(in->pool, *ret, ret);
        break;

    default:
        rc = PTN_OK;
        break;
    }

    if (ret->data == NULL) {
        ret->data = (u_char *) "";      /* empty, but there */
    }

    return rc;
}


static ptn_rc_t
ptn_tnef_pull_values(ptn_tnef_in_t *in, uint32_t tag, uint32_t n,
    ptn_str_t *rest, ptn_str_t *ret)
{
    u_char     len[4];
    uint32_t   i;
    ptn_rc_t   rc;
    ptn_str_t  v;
    ptn_buf_t  out;

    ptn_buf_init(&out, in->pool);
    ptn_put_le32(len, n);
    ptn_buf_add(&out, len, 4);

    for (i = 0; i < n; i++) {
        rc = ptn_tnef_pull_value(in, tag, rest, &v);
        if (rc != PTN_OK) {
            return rc;
        }

        if (ptn_tnef_fixed(tag) == 0) {
            ptn_put_le32(len, (uint32_t) v.len);
            ptn_buf_add(&out, len, 4);
        }

        ptn_buf_str(&out, v);
    }

    *ret = ptn_buf_get(&out);

    return out.failed ? PTN_ENOMEM : PTN_OK;
}


/* A varying type that is not multiple has a number of values all the same. */

static ptn_rc_t
ptn_tnef_pull_single(ptn_tnef_in_t *in, uint32_t tag, uint32_t n,
    ptn_str_t *rest, ptn_str_t *ret)
{
    ptn_rc_t   rc;
    ptn_str_t  v;

    ret->data = NULL;
    ret->len = 0;

    while (n-- != 0) {
        rc = ptn_tnef_pull_value(in, tag, rest, &v);
        if (rc != PTN_OK) {
            return rc;
        }

        if (ret->data == NULL) {
            *ret = v;
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_tnef_pull_prop(ptn_tnef_in_t *in, ptn_str_t *rest, ptn_tnef_list_t *list)
{
    uint32_t         tag, type, n;
    ptn_rc_t         rc;
    ptn_str_t        value;
    ptn_tnef_rank_e  rank;

    if (!ptn_tnef_take_u32(rest, &tag)) {
        return PTN_ETRUNC;
    }

    type = ptn_prop_type(tag);

    if (ptn_prop_id(tag) >= PTN_NAMED_FIRST) {
        rc = ptn_tnef_pull_name(in, rest, &tag);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    if (type <= PTN_PR_NULL) {
        return PTN_OK;                  /* PtypUnspecified, PtypNull: empty */
    }

    if (!ptn_tnef_has_type(tag)) {
        return PTN_ETRUNC;
    }

    if (ptn_tnef_fixed(tag) != 0 && !(type & PTN_PT_MV)) {
        rc = ptn_tnef_pull_value(in, tag, rest, &value);

    } else if (!ptn_tnef_take_u32(rest, &n)) {
        return PTN_ETRUNC;

    } else if (type & PTN_PT_MV) {
        rc = ptn_tnef_pull_values(in, tag, n, rest, &value);

    } else {
        rc = ptn_tnef_pull_single(in, tag, n, rest, &value);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (ptn_prop_id(tag) == 0 || value.data == NULL
        || (type == PTN_PT_OBJECT && value.len < sizeof(ptn_guid_t)))
    {
        in->all->damaged = true;
        return PTN_OK;
    }

    rank = PTN_TNEF_ENCAPSULATED;

    if ((type & ~(uint32_t) PTN_PT_MV) == PTN_PT_STRING8) {
        rank = PTN_TNEF_STRING8;
        tag++;
    }

    return ptn_tnef_list_add(in, list, tag, value, rank);
}


ptn_rc_t
ptn_tnef_list_pull(ptn_tnef_in_t *in, ptn_str_t *rest, ptn_tnef_list_t *list)
{
    uint32_t  n;
    ptn_rc_t  rc;

    rc = ptn_tnef_take_u32(rest, &n) ? PTN_OK : PTN_ETRUNC;

    while (rc == PTN_OK && n-- != 0) {
        rc = ptn_tnef_pull_prop(in, rest, list);
    }

    return rc;
}
