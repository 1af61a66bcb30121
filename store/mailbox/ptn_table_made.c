/*
 * Tables of a message's recipients and attachments.
 */

#include <stdlib.h>

#include "ptn_table.h"


typedef struct {
    const ptn_object_t  *object;
    bool                 recips;
} ptn_made_ctx_t;


static ptn_rc_t
ptn_made_count(void *ctx, ptn_mbox_t *mb PTN_UNUSED, uint32_t *ret_n)
{
    const ptn_made_ctx_t  *m = ctx;

    *ret_n = m->recips ? m->object->nrecips : m->object->nattachs;

    return PTN_OK;
}


static uint64_t
ptn_made_mix(uint64_t h, const void *data, size_t len)
{
    size_t         i;
    const u_char  *p = data;

    for (i = 0; i < len; i++) {
        h = (h ^ p[i]) * 0x100000001b3ULL;
    }

    return h;
}


static ptn_rc_t
ptn_made_row(void *ctx, ptn_mbox_t *mb PTN_UNUSED, uint32_t i,
    ptn_id_t *ret_id, uint64_t *ret_state)
{
    uint32_t               k, type;
    uint64_t               h;
    const ptn_props_t     *props;
    const ptn_made_ctx_t  *m = ctx;

    props = m->recips ? &m->object->recips[i].props
                      : &m->object->attachs[i].props;
    type = m->recips ? m->object->recips[i].type : 0;
    h = ptn_made_mix(0xcbf29ce484222325ULL, &type, sizeof(type));

    if (!m->recips) {
        h = ptn_made_mix(h, &m->object->attachs[i].size, sizeof(uint64_t));
    }

    for (k = 0; k < props->n; k++) {
        h = ptn_made_mix(h, &props->p[k].tag, sizeof(uint32_t));
        h = ptn_made_mix(h, props->p[k].value.data, props->p[k].value.len);
    }

    *ret_id = (m->recips ? m->object->recips[i].row
                         : m->object->attachs[i].num) + 1ULL;
    *ret_state = h;

    return PTN_OK;
}


static ptn_str_t
ptn_made_number(ptn_pool_t *pool, uint32_t n)
{
    u_char  *p;

    p = ptn_palloc(pool, 4);

    if (p != NULL) {
        ptn_put_le32(p, n);
    }

    return ptn_str_make(p, p ? 4 : 0);
}


static ptn_str_t
ptn_made_value(const ptn_made_ctx_t *m, ptn_pool_t *pool, uint32_t i,
    uint32_t tag)
{
    const ptn_recip_t   *recip;
    const ptn_attach_t  *attach;

    if (tag == PTN_PR_ROW_TYPE) {
        return ptn_made_number(pool, PTN_ROW_LEAF);
    }

    if (m->recips) {
        recip = &m->object->recips[i];

        return tag == PTN_PR_ROWID ? ptn_made_number(pool, recip->row)
               : tag == PTN_PR_RECIPIENT_TYPE
               ? ptn_made_number(pool, recip->type)
               : ptn_props_get(&recip->props, tag);
    }

    attach = &m->object->attachs[i];

    return tag == PTN_PR_ATTACH_NUM ? ptn_made_number(pool, attach->num)
           : tag == PTN_PR_ATTACH_SIZE
           ? ptn_made_number(pool, (uint32_t) ptn_min(attach->size,
                                                      (uint64_t) INT32_MAX))
           : ptn_props_get(&attach->props, tag);
}


static ptn_rc_t
ptn_made_values(void *ctx, ptn_mbox_t *mb PTN_UNUSED, ptn_pool_t *pool,
    uint32_t i, const uint32_t *tags, size_t n, ptn_str_t *ret_values)
{
    size_t  k;

    for (k = 0; k < n; k++) {
        ret_values[k] = ptn_made_value(ctx, pool, i, tags[k]);
    }

    return ptn_pool_failed(pool) ? PTN_ENOMEM : PTN_OK;
}


static const ptn_table_source_t  ptn_made_source = {
    ptn_made_count, ptn_made_row, ptn_made_values, free
};


static ptn_rc_t
ptn_made_open(ptn_mbox_t *mb, const ptn_object_t *object, bool recips,
    ptn_table_t **ret_table)
{
    ptn_made_ctx_t  *m;

    m = malloc(sizeof(ptn_made_ctx_t));
    if (m == NULL) {
        return PTN_ENOMEM;
    }

    m->object = object;
    m->recips = recips;

    return ptn_table_open_made(mb, &ptn_made_source, m, ret_table);
}


ptn_rc_t
ptn_table_open_recips(ptn_mbox_t *mb, const ptn_object_t *object,
    ptn_table_t **ret_table)
{
    return ptn_made_open(mb, object, true, ret_table);
}


ptn_rc_t
ptn_table_open_attachs(ptn_mbox_t *mb, const ptn_object_t *object,
    ptn_table_t **ret_table)
{
    return ptn_made_open(mb, object, false, ret_table);
}
