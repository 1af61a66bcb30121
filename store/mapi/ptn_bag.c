#include "ptn_bag.h"


#define PTN_BAG_HEADER  4
#define PTN_BAG_ENTRY   8


ptn_rc_t
ptn_bag_open(ptn_str_t packed, ptn_bag_t *ret_bag)
{
    size_t         size, len;
    uint32_t       i, count, tag, last, start, end;
    const u_char  *p;

    memset(ret_bag, 0, sizeof(ptn_bag_t));

    if (packed.len == 0) {
        return PTN_OK;
    }

    p = packed.data;

    if (p[0] > PTN_BAG_VERSION) {
        return PTN_EVERSION;
    }

    if (packed.len < PTN_BAG_HEADER || p[0] != PTN_BAG_VERSION || p[1] != 0) {
        return PTN_ECORRUPT;
    }

    count = p[2] | (uint32_t) p[3] << 8;
    size = PTN_BAG_HEADER + (size_t) count * PTN_BAG_ENTRY;

    if (count > PTN_BAG_COUNT_MAX || packed.len < size) {
        return PTN_ECORRUPT;
    }

    len = packed.len - size;
    p += PTN_BAG_HEADER;
    last = 0;
    start = 0;

    for (i = 0; i < count; i++) {
        tag = ptn_le32(p + i * PTN_BAG_ENTRY);
        end = ptn_le32(p + i * PTN_BAG_ENTRY + 4);

        if ((i != 0 && tag <= last) || end < start || end > len) {
            return PTN_ECORRUPT;
        }

        size = ptn_prop_size(tag);

        if (size != 0 && end - start != size) {
            return PTN_ECORRUPT;
        }

        last = tag;
        start = end;
    }

    if (start != len) {
        return PTN_ECORRUPT;
    }

    ret_bag->index = p;
    ret_bag->values = p + (size_t) count * PTN_BAG_ENTRY;
    ret_bag->len = len;
    ret_bag->count = count;

    return PTN_OK;
}


void
ptn_bag_item(const ptn_bag_t *bag, uint32_t i, uint32_t *ret_tag,
    ptn_str_t *ret_value)
{
    uint32_t       start, end;
    const u_char  *p;

    p = bag->index + (size_t) i * PTN_BAG_ENTRY;
    start = (i == 0) ? 0 : ptn_le32(p - 4);
    end = ptn_le32(p + 4);

    *ret_tag = ptn_le32(p);
    *ret_value = ptn_str_make(bag->values + start, end - start);
}


bool
ptn_bag_get(const ptn_bag_t *bag, uint32_t tag, ptn_str_t *ret_value)
{
    uint32_t  lo, hi, mid, t;

    lo = 0;
    hi = bag->count;

    while (lo < hi) {
        mid = (lo + hi) / 2;
        t = ptn_le32(bag->index + (size_t) mid * PTN_BAG_ENTRY);

        if (t == tag) {
            ptn_bag_item(bag, mid, &t, ret_value);
            return true;
        }

        if (t < tag) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }

    return false;
}


bool
ptn_bag_int(const ptn_bag_t *bag, uint32_t tag, int64_t *ret_n)
{
    ptn_str_t  v;

    return ptn_bag_get(bag, tag, &v) && ptn_prop_int(tag, v, ret_n);
}


void
ptn_bag_init(ptn_bag_builder_t *b, ptn_pool_t *pool)
{
    memset(b, 0, sizeof(ptn_bag_builder_t));
    b->pool = pool;
}


void
ptn_bag_load(ptn_bag_builder_t *b, const ptn_bag_t *bag)
{
    uint32_t   i, tag;
    ptn_str_t  value;

    for (i = 0; i < bag->count; i++) {
        ptn_bag_item(bag, i, &tag, &value);
        ptn_bag_set(b, tag, value);
    }
}


/* The place of `tag`, or where it belongs. */

static uint32_t
ptn_bag_find(const ptn_bag_builder_t *b, uint32_t tag)
{
    uint32_t  i;

    for (i = b->count; i > 0 && b->props[i - 1].tag >= tag; i--) {
        /* void */
    }

    return i;
}


static bool
ptn_bag_grow(ptn_bag_builder_t *b)
{
    uint32_t         size;
    ptn_bag_prop_t  *props;

    if (b->count < b->size) {
        return true;
    }

    if (b->count == PTN_BAG_COUNT_MAX) {
        b->rc = PTN_ELIMIT;
        return false;
    }

    size = ptn_max(b->size * 2, 16U);

    props = ptn_parray(b->pool, size, sizeof(ptn_bag_prop_t));
    if (props == NULL) {
        b->rc = PTN_ENOMEM;
        return false;
    }

    if (b->count != 0) {
        memcpy(props, b->props, b->count * sizeof(ptn_bag_prop_t));
    }

    b->props = props;
    b->size = size;

    return true;
}


void
ptn_bag_set(ptn_bag_builder_t *b, uint32_t tag, ptn_str_t value)
{
    size_t    size;
    uint32_t  i;

    if (b->rc != PTN_OK) {
        return;
    }

    size = ptn_prop_size(tag);

    if (size != 0 && value.len != size) {
        b->rc = PTN_EINVAL;
        return;
    }

    if (value.len > PTN_BAG_VALUE_MAX) {
        b->rc = PTN_ETOOBIG;
        return;
    }

    i = ptn_bag_find(b, tag);

    if (i < b->count && b->props[i].tag == tag) {
        b->props[i].value = value;
        return;
    }

    if (!ptn_bag_grow(b)) {
        return;
    }

    memmove(&b->props[i + 1], &b->props[i],
            (b->count - i) * sizeof(ptn_bag_prop_t));

    b->props[i].tag = tag;
    b->props[i].value = value;
    b->count++;
}


void
ptn_bag_set_int(ptn_bag_builder_t *b, uint32_t tag, int64_t n)
{
    size_t   i, size;
    u_char  *p;

    if (b->rc != PTN_OK) {
        return;
    }

    size = ptn_prop_size(tag);

    if (size == 0 || size > 8) {
        b->rc = PTN_EINVAL;
        return;
    }

    p = ptn_palloc(b->pool, size);
    if (p == NULL) {
        b->rc = PTN_ENOMEM;
        return;
    }

    for (i = 0; i < size; i++) {
        p[i] = (u_char) ((uint64_t) n >> (8 * i));
    }

    ptn_bag_set(b, tag, ptn_str_make(p, size));
}


void
ptn_bag_unset(ptn_bag_builder_t *b, uint32_t tag)
{
    uint32_t  i;

    i = ptn_bag_find(b, tag);

    if (i < b->count && b->props[i].tag == tag) {
        b->count--;
        memmove(&b->props[i], &b->props[i + 1],
                (b->count - i) * sizeof(ptn_bag_prop_t));
    }
}


ptn_rc_t
ptn_bag_pack(ptn_bag_builder_t *b, ptn_str_t *ret_packed)
{
    size_t    head, len;
    u_char   *p;
    uint32_t  i, end;

    if (b->rc != PTN_OK) {
        return b->rc;
    }

    head = PTN_BAG_HEADER + (size_t) b->count * PTN_BAG_ENTRY;
    len = head;

    for (i = 0; i < b->count; i++) {
        len += b->props[i].value.len;
    }

    p = ptn_palloc(b->pool, len);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    p[0] = PTN_BAG_VERSION;
    p[1] = 0;
    p[2] = (u_char) b->count;
    p[3] = (u_char) (b->count >> 8);
    end = 0;

    for (i = 0; i < b->count; i++) {
        if (b->props[i].value.len != 0) {
            memcpy(p + head + end, b->props[i].value.data,
                   b->props[i].value.len);
        }

        end += (uint32_t) b->props[i].value.len;
        ptn_put_le32(p + PTN_BAG_HEADER + i * PTN_BAG_ENTRY,
                     b->props[i].tag);
        ptn_put_le32(p + PTN_BAG_HEADER + i * PTN_BAG_ENTRY + 4, end);
    }

    *ret_packed = ptn_str_make(p, len);

    return PTN_OK;
}
