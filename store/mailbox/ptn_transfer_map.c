/*
 * What means something else in another mailbox: ids of named properties, bits
 * of keywords.
 */

#include "ptn_category.h"
#include "ptn_transfer.h"


#define PTN_TRANSFER_NESTING   50


ptn_rc_t
ptn_transfer_map_init(ptn_transfer_t *t, ptn_pool_t *pool, ptn_txn_t *tx,
    ptn_mbox_t *from)
{
    t->tx = tx;
    t->from = from;
    t->map = ptn_pcalloc(pool, (PTN_NAMED_LAST - PTN_NAMED_FIRST + 2)
                               * sizeof(uint16_t));

    return t->map ? PTN_OK : PTN_ENOMEM;
}


/* ---- named properties --------------------------------------------------- */

ptn_rc_t
ptn_transfer_name(ptn_transfer_t *t, ptn_pool_t *pool, uint16_t id,
    uint16_t *ret_id)
{
    bool         found;
    ptn_rc_t     rc;
    ptn_named_t  name;
    uint16_t    *slot;

    slot = &t->map[id - PTN_NAMED_FIRST];

    if (*slot != 0) {
        *ret_id = *slot;
        return PTN_OK;
    }

    *ret_id = 0;
    rc = ptn_named_names(t->from, pool, &id, 1, &name, &found);

    /* one without a name means nothing elsewhere */

    if (rc != PTN_OK || !found) {
        return rc;
    }

    rc = ptn_named_ids(t->tx->mb, t->tx, &name, 1, ret_id);
    *slot = *ret_id;

    return rc;
}


ptn_rc_t
ptn_transfer_props(ptn_transfer_t *t, ptn_pool_t *pool, ptn_props_t *props)
{
    uint16_t      id;
    uint32_t      i;
    ptn_rc_t      rc;
    ptn_props_t   was;

    if (props->n == 0
        || ptn_prop_id(props->p[props->n - 1].tag) < PTN_NAMED_FIRST)
    {
        return PTN_OK;
    }

    was = *props;
    memset(props, 0, sizeof(ptn_props_t));

    for (i = 0; i < was.n; i++) {
        id = ptn_prop_id(was.p[i].tag);
        rc = PTN_OK;

        if (id >= PTN_NAMED_FIRST) {
            rc = ptn_transfer_name(t, pool, id, &id);
        }

        if (rc == PTN_OK && id != 0) {
            rc = ptn_props_set(props, pool,
                               (uint32_t) id << 16
                               | ptn_prop_type(was.p[i].tag),
                               was.p[i].value);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


ptn_rc_t
ptn_transfer_object(ptn_transfer_t *t, ptn_pool_t *pool, ptn_object_t *o,
    unsigned depth)
{
    uint32_t  i;
    ptn_rc_t  rc;

    if (depth > PTN_TRANSFER_NESTING) {
        return PTN_ECORRUPT;
    }

    rc = ptn_transfer_props(t, pool, &o->props);

    for (i = 0; i < o->nrecips && rc == PTN_OK; i++) {
        rc = ptn_transfer_props(t, pool, &o->recips[i].props);
    }

    for (i = 0; i < o->nattachs && rc == PTN_OK; i++) {
        rc = ptn_transfer_props(t, pool, &o->attachs[i].props);

        if (rc == PTN_OK && o->attachs[i].embedded != NULL) {
            rc = ptn_transfer_object(t, pool, o->attachs[i].embedded,
                                     depth + 1);
        }
    }

    return rc;
}


/* ---- keywords ------------------------------------------------------------ */

uint64_t
ptn_transfer_keywords(ptn_transfer_t *t, uint64_t keywords)
{
    unsigned          i, bit;
    uint64_t          mapped;
    const ptn_str_t  *names;

    mapped = 0;

    if (keywords == 0 || ptn_keyword_names(t->from, &names) != PTN_OK) {
        return 0;
    }

    for (i = 0; i < 64; i++) {
        if ((keywords & 1ULL << i) && names[i].len != 0
            && ptn_category_map(t->tx, t->from, i, &bit) == PTN_OK)
        {
            mapped |= 1ULL << bit;
        }
    }

    return mapped;
}
