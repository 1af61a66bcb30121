#include "ptn_object.h"


/*
 * The packed tree, version 1, little endian:
 *
 *   u8 version, u8 0, then an object:
 *
 *   object    props
 *             u32 recipients,  each: u32 row, u32 type, props
 *             u32 attachments, each: u32 num, u32 part, u64 size, u8 what,
 *                              props, and with what 1 an object
 *   props     u32 n, n times {u32 tag, u32 length}, the values
 */

#define PTN_OBJECT_VERSION  1
#define PTN_OBJECT_RECIP    12          /* bytes of one, at least */
#define PTN_OBJECT_ATTACH   21

typedef struct {
    ptn_pool_t    *pool;
    const u_char  *p, *end;
} ptn_object_in_t;


static ptn_rc_t ptn_object_push(ptn_buf_t *out, const ptn_object_t *object,
    unsigned depth);
static ptn_rc_t ptn_object_pull(ptn_object_in_t *in, ptn_object_t *object,
    unsigned depth);


/* --- property lists ------------------------------------------------------- */

/* The place of the property, or where it belongs. */

static uint32_t
ptn_props_place(const ptn_props_t *props, uint16_t id)
{
    uint32_t  lo, hi, mid;

    /* lists are mostly made in ascending order */

    if (props->n == 0 || ptn_prop_id(props->p[props->n - 1].tag) < id) {
        return props->n;
    }

    lo = 0;
    hi = props->n;

    while (lo < hi) {
        mid = (lo + hi) / 2;

        if (ptn_prop_id(props->p[mid].tag) < id) {
            lo = mid + 1;

        } else {
            hi = mid;
        }
    }

    return lo;
}


ptn_str_t
ptn_props_find(const ptn_props_t *props, uint16_t id, uint32_t *ret_tag)
{
    uint32_t  i;

    i = ptn_props_place(props, id);

    if (i == props->n || ptn_prop_id(props->p[i].tag) != id) {
        return ptn_str_make(NULL, 0);
    }

    if (ret_tag != NULL) {
        *ret_tag = props->p[i].tag;
    }

    return props->p[i].value;
}


ptn_str_t
ptn_props_get(const ptn_props_t *props, uint32_t tag)
{
    uint32_t   found;
    ptn_str_t  value;

    value = ptn_props_find(props, ptn_prop_id(tag), &found);

    return (value.data != NULL && found == tag) ? value
                                                : ptn_str_make(NULL, 0);
}


bool
ptn_props_int(const ptn_props_t *props, uint32_t tag, int64_t *ret_n)
{
    ptn_str_t  value;

    value = ptn_props_get(props, tag);

    return value.data != NULL && ptn_prop_int(tag, value, ret_n);
}


static ptn_rc_t
ptn_props_grow(ptn_props_t *props, ptn_pool_t *pool, uint32_t want)
{
    uint32_t         size;
    ptn_bag_prop_t  *p;

    if (want <= props->size) {
        return PTN_OK;
    }

    if (want > PTN_BAG_COUNT_MAX) {
        return PTN_ELIMIT;
    }

    size = ptn_max(want, ptn_max(props->size * 2, 16U));

    p = ptn_parray(pool, size, sizeof(ptn_bag_prop_t));
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    if (props->n != 0) {
        memcpy(p, props->p, props->n * sizeof(ptn_bag_prop_t));
    }

    props->p = p;
    props->size = size;

    return PTN_OK;
}


ptn_rc_t
ptn_props_set(ptn_props_t *props, ptn_pool_t *pool, uint32_t tag,
    ptn_str_t value)
{
    size_t    size;
    uint32_t  i;
    ptn_rc_t  rc;

    size = ptn_prop_size(tag);

    if (size != 0 && value.len != size) {
        return PTN_EINVAL;
    }

    if (value.data == NULL) {
        if (value.len != 0) {
            return PTN_EINVAL;
        }

        value.data = (u_char *) "";
    }

    i = ptn_props_place(props, ptn_prop_id(tag));

    if (i == props->n || ptn_prop_id(props->p[i].tag) != ptn_prop_id(tag)) {

        rc = ptn_props_grow(props, pool, props->n + 1);
        if (rc != PTN_OK) {
            return rc;
        }

        memmove(&props->p[i + 1], &props->p[i],
                (props->n - i) * sizeof(ptn_bag_prop_t));
        props->n++;
    }

    props->p[i].tag = tag;
    props->p[i].value = value;

    return PTN_OK;
}


ptn_rc_t
ptn_props_set_dup(ptn_props_t *props, ptn_pool_t *pool, uint32_t tag,
    ptn_str_t value)
{
    value = ptn_str_dup(pool, value);

    return (value.data == NULL) ? PTN_ENOMEM
                                : ptn_props_set(props, pool, tag, value);
}


ptn_rc_t
ptn_props_set_int(ptn_props_t *props, ptn_pool_t *pool, uint32_t tag,
    int64_t n)
{
    size_t   i, size;
    u_char  *p;

    size = ptn_prop_size(tag);

    if (size == 0 || size > 8) {
        return PTN_EINVAL;
    }

    p = ptn_palloc(pool, size);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < size; i++) {
        p[i] = (u_char) ((uint64_t) n >> (8 * i));
    }

    return ptn_props_set(props, pool, tag, ptn_str_make(p, size));
}


void
ptn_props_unset(ptn_props_t *props, uint16_t id)
{
    uint32_t  i;

    i = ptn_props_place(props, id);

    if (i < props->n && ptn_prop_id(props->p[i].tag) == id) {
        props->n--;
        memmove(&props->p[i], &props->p[i + 1],
                (props->n - i) * sizeof(ptn_bag_prop_t));
    }
}


ptn_rc_t
ptn_props_merge(ptn_props_t *to, ptn_pool_t *pool, const ptn_props_t *from)
{
    uint32_t     i, k;
    ptn_rc_t     rc;
    ptn_props_t  all = { 0 };

    rc = ptn_props_grow(&all, pool,
                        ptn_min(to->n + from->n, (uint32_t) PTN_BAG_COUNT_MAX));
    if (rc != PTN_OK) {
        return rc;
    }

    for (i = 0, k = 0; i < to->n || k < from->n; all.n++) {

        if (all.n == all.size) {
            return PTN_ELIMIT;
        }

        if (k == from->n || (i < to->n && ptn_prop_id(to->p[i].tag)
                                          <= ptn_prop_id(from->p[k].tag)))
        {
            k += k < from->n && ptn_prop_id(to->p[i].tag)
                                == ptn_prop_id(from->p[k].tag);
            all.p[all.n] = to->p[i++];

        } else {
            all.p[all.n] = from->p[k++];
        }
    }

    *to = all;

    return PTN_OK;
}


/* --- multiple values ------------------------------------------------------ */

uint32_t
ptn_mv_count(ptn_str_t value)
{
    return value.len < 4 ? 0 : ptn_le32(value.data);
}


bool
ptn_mv_next(uint32_t tag, ptn_str_t *rest, ptn_str_t *ret_value)
{
    size_t  size;

    size = ptn_prop_size(tag & ~(uint32_t) PTN_PT_MV);

    if (size == 0) {
        if (rest->len < 4) {
            return false;
        }

        size = ptn_le32(rest->data);
        rest->data += 4;
        rest->len -= 4;
    }

    if (rest->len < size) {
        return false;
    }

    *ret_value = ptn_str_make(rest->data, size);
    rest->data += size;
    rest->len -= size;

    return true;
}


bool
ptn_mv_check(uint32_t tag, ptn_str_t value)
{
    uint32_t   n;
    ptn_str_t  v;

    if (value.len < 4) {
        return false;
    }

    n = ptn_mv_count(value);
    value = ptn_mv_rest(value);

    for ( ; n != 0; n--) {
        if (!ptn_mv_next(tag, &value, &v)) {
            return false;
        }
    }

    return value.len == 0;
}


ptn_rc_t
ptn_mv_make(ptn_pool_t *pool, uint32_t tag, const ptn_str_t *values,
    uint32_t n, ptn_str_t *ret_value)
{
    size_t     size;
    u_char     len[4];
    uint32_t   i;
    ptn_buf_t  out;

    size = ptn_prop_size(tag & ~(uint32_t) PTN_PT_MV);
    ptn_buf_init(&out, pool);
    ptn_put_le32(len, n);
    ptn_buf_add(&out, len, 4);

    for (i = 0; i < n; i++) {
        if ((size != 0 && values[i].len != size)
            || values[i].len > UINT32_MAX)
        {
            return PTN_EINVAL;
        }

        if (size == 0) {
            ptn_put_le32(len, (uint32_t) values[i].len);
            ptn_buf_add(&out, len, 4);
        }

        ptn_buf_str(&out, values[i]);
    }

    if (out.failed) {
        return PTN_ENOMEM;
    }

    *ret_value = ptn_buf_get(&out);

    return PTN_OK;
}


/* --- the packed tree ------------------------------------------------------ */

static void
ptn_object_push_u32(ptn_buf_t *out, uint32_t n)
{
    u_char  p[4];

    ptn_put_le32(p, n);
    ptn_buf_add(out, p, 4);
}


static ptn_rc_t
ptn_object_push_props(ptn_buf_t *out, const ptn_props_t *props)
{
    uint32_t  i;

    ptn_object_push_u32(out, props->n);

    for (i = 0; i < props->n; i++) {
        if (props->p[i].value.len > UINT32_MAX) {
            return PTN_ETOOBIG;
        }

        ptn_object_push_u32(out, props->p[i].tag);
        ptn_object_push_u32(out, (uint32_t) props->p[i].value.len);
    }

    for (i = 0; i < props->n; i++) {
        ptn_buf_str(out, props->p[i].value);
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_object_push_attach(ptn_buf_t *out, const ptn_attach_t *attach,
    unsigned depth)
{
    ptn_rc_t  rc;

    ptn_object_push_u32(out, attach->num);
    ptn_object_push_u32(out, attach->part);
    ptn_object_push_u32(out, (uint32_t) attach->size);
    ptn_object_push_u32(out, (uint32_t) (attach->size >> 32));
    ptn_buf_byte(out, attach->embedded != NULL);

    rc = ptn_object_push_props(out, &attach->props);

    if (rc == PTN_OK && attach->embedded != NULL) {
        rc = ptn_object_push(out, attach->embedded, depth + 1);
    }

    return rc;
}


static ptn_rc_t
ptn_object_push(ptn_buf_t *out, const ptn_object_t *object, unsigned depth)
{
    uint32_t  i;
    ptn_rc_t  rc;

    if (depth > PTN_OBJECT_NESTING_MAX) {
        return PTN_ETOOBIG;
    }

    rc = ptn_object_push_props(out, &object->props);

    ptn_object_push_u32(out, object->nrecips);

    for (i = 0; rc == PTN_OK && i < object->nrecips; i++) {
        ptn_object_push_u32(out, object->recips[i].row);
        ptn_object_push_u32(out, object->recips[i].type);
        rc = ptn_object_push_props(out, &object->recips[i].props);
    }

    ptn_object_push_u32(out, object->nattachs);

    for (i = 0; rc == PTN_OK && i < object->nattachs; i++) {
        rc = ptn_object_push_attach(out, &object->attachs[i], depth);
    }

    return rc;
}


ptn_rc_t
ptn_object_pack(ptn_pool_t *pool, const ptn_object_t *object,
    ptn_str_t *ret_packed)
{
    ptn_rc_t   rc;
    ptn_buf_t  out;

    ptn_buf_init(&out, pool);
    ptn_buf_byte(&out, PTN_OBJECT_VERSION);
    ptn_buf_byte(&out, 0);

    rc = ptn_object_push(&out, object, 0);
    if (rc != PTN_OK) {
        return rc;
    }

    if (out.failed) {
        return PTN_ENOMEM;
    }

    *ret_packed = ptn_buf_get(&out);

    return PTN_OK;
}


static const u_char *
ptn_object_take(ptn_object_in_t *in, size_t n)
{
    const u_char  *p;

    if ((size_t) (in->end - in->p) < n) {
        return NULL;
    }

    p = in->p;
    in->p += n;

    return p;
}


/* A number of things that take `size` bytes each, at least. */

static bool
ptn_object_pull_count(ptn_object_in_t *in, size_t size, uint32_t *ret_n)
{
    const u_char  *p;

    p = ptn_object_take(in, 4);
    if (p == NULL) {
        return false;
    }

    *ret_n = ptn_le32(p);

    return *ret_n <= (size_t) (in->end - in->p) / size;
}


static ptn_rc_t
ptn_object_pull_props(ptn_object_in_t *in, ptn_props_t *props)
{
    size_t         size;
    uint32_t       i, n, tag, last;
    const u_char  *index, *value;

    if (!ptn_object_pull_count(in, 8, &n) || n > PTN_BAG_COUNT_MAX) {
        return PTN_ECORRUPT;
    }

    props->p = NULL;
    props->n = props->size = n;

    if (n == 0) {
        return PTN_OK;
    }

    props->p = ptn_parray(in->pool, n, sizeof(ptn_bag_prop_t));
    if (props->p == NULL) {
        return PTN_ENOMEM;
    }

    index = ptn_object_take(in, 8 * (size_t) n);
    last = 0;

    for (i = 0; i < n; i++, index += 8) {
        tag = ptn_le32(index);
        size = ptn_prop_size(tag);
        value = ptn_object_take(in, ptn_le32(index + 4));

        if (value == NULL
            || (i != 0 && ptn_prop_id(tag) <= ptn_prop_id(last))
            || (size != 0 && ptn_le32(index + 4) != size))
        {
            return PTN_ECORRUPT;
        }

        props->p[i].tag = last = tag;
        props->p[i].value = ptn_str_make(value, ptn_le32(index + 4));
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_object_pull_recip(ptn_object_in_t *in, ptn_recip_t *recip)
{
    const u_char  *p;

    p = ptn_object_take(in, 8);
    if (p == NULL) {
        return PTN_ECORRUPT;
    }

    recip->row = ptn_le32(p);
    recip->type = ptn_le32(p + 4);

    return ptn_object_pull_props(in, &recip->props);
}


static ptn_rc_t
ptn_object_pull_attach(ptn_object_in_t *in, ptn_attach_t *attach,
    unsigned depth)
{
    ptn_rc_t       rc;
    const u_char  *p;

    p = ptn_object_take(in, 17);
    if (p == NULL || p[16] > 1) {
        return PTN_ECORRUPT;
    }

    memset(attach, 0, sizeof(ptn_attach_t));
    attach->num = ptn_le32(p);
    attach->part = ptn_le32(p + 4);
    attach->size = ptn_le32(p + 8) | (uint64_t) ptn_le32(p + 12) << 32;
    attach->has_data = p[16] == 1;

    rc = ptn_object_pull_props(in, &attach->props);

    if (rc != PTN_OK || p[16] == 0) {
        return rc;
    }

    attach->embedded = ptn_pcalloc(in->pool, sizeof(ptn_object_t));
    if (attach->embedded == NULL) {
        return PTN_ENOMEM;
    }

    return ptn_object_pull(in, attach->embedded, depth + 1);
}


static ptn_rc_t
ptn_object_pull(ptn_object_in_t *in, ptn_object_t *object, unsigned depth)
{
    uint32_t  i;
    ptn_rc_t  rc;

    if (depth > PTN_OBJECT_NESTING_MAX) {
        return PTN_ECORRUPT;
    }

    rc = ptn_object_pull_props(in, &object->props);
    if (rc != PTN_OK) {
        return rc;
    }

    if (!ptn_object_pull_count(in, PTN_OBJECT_RECIP, &object->nrecips)) {
        return PTN_ECORRUPT;
    }

    object->recips = ptn_parray(in->pool, object->nrecips,
                                sizeof(ptn_recip_t));
    if (object->recips == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < object->nrecips; i++) {
        rc = ptn_object_pull_recip(in, &object->recips[i]);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    if (!ptn_object_pull_count(in, PTN_OBJECT_ATTACH, &object->nattachs)) {
        return PTN_ECORRUPT;
    }

    object->attachs = ptn_parray(in->pool, object->nattachs,
                                 sizeof(ptn_attach_t));
    if (object->attachs == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < object->nattachs; i++) {
        rc = ptn_object_pull_attach(in, &object->attachs[i], depth);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


ptn_rc_t
ptn_object_unpack(ptn_pool_t *pool, ptn_str_t packed,
    ptn_object_t **ret_object)
{
    ptn_rc_t         rc;
    ptn_object_t    *object;
    ptn_object_in_t  in;

    if (packed.len < 2) {
        return PTN_ECORRUPT;
    }

    if (packed.data[0] > PTN_OBJECT_VERSION) {
        return PTN_EVERSION;
    }

    if (packed.data[0] != PTN_OBJECT_VERSION || packed.data[1] != 0) {
        return PTN_ECORRUPT;
    }

    object = ptn_pcalloc(pool, sizeof(ptn_object_t));
    if (object == NULL) {
        return PTN_ENOMEM;
    }

    in.pool = pool;
    in.p = packed.data + 2;
    in.end = packed.data + packed.len;

    rc = ptn_object_pull(&in, object, 0);

    if (rc == PTN_OK && in.p != in.end) {
        rc = PTN_ECORRUPT;
    }

    if (rc == PTN_OK) {
        *ret_object = object;
    }

    return rc;
}
