#include "ptn_rop_data.h"


ptn_rc_t
ptn_rop_hold(ptn_rop_session_t *s, size_t *held, size_t n)
{
    if (n > PTN_ROP_HELD_MAX || s->held > PTN_ROP_HELD_MAX - n) {
        return PTN_ENOMEM;
    }

    s->held += n;
    *held += n;

    return PTN_OK;
}


void
ptn_rop_unhold(ptn_rop_session_t *s, size_t *held)
{
    s->held -= *held;
    *held = 0;
}


static uint32_t
ptn_rop_delta_find(const ptn_rop_delta_t *delta, uint16_t id)
{
    uint32_t  i;

    for (i = 0; i < delta->ngone; i++) {
        if (delta->gone[i] == id) {
            break;
        }
    }

    return i;
}


ptn_rc_t
ptn_rop_delta_set(ptn_rop_delta_t *delta, ptn_pool_t *pool, uint32_t tag,
    ptn_str_t value)
{
    uint32_t  i;

    i = ptn_rop_delta_find(delta, ptn_prop_id(tag));

    if (i < delta->ngone) {
        delta->gone[i] = delta->gone[--delta->ngone];
    }

    return ptn_props_set_dup(&delta->set, pool, tag, value);
}


ptn_rc_t
ptn_rop_delta_unset(ptn_rop_delta_t *delta, ptn_pool_t *pool, uint16_t id)
{
    uint16_t  *gone;
    uint32_t   size;

    ptn_props_unset(&delta->set, id);

    if (ptn_rop_delta_find(delta, id) < delta->ngone) {
        return PTN_OK;
    }

    if (delta->ngone >= PTN_BAG_COUNT_MAX) {
        return PTN_ELIMIT;
    }

    if (delta->ngone == delta->size) {
        size = delta->size == 0 ? 8 : delta->size * 2;

        gone = ptn_parray(pool, size, sizeof(uint16_t));
        if (gone == NULL) {
            return PTN_ENOMEM;
        }

        if (delta->ngone != 0) {
            memcpy(gone, delta->gone, delta->ngone * sizeof(uint16_t));
        }

        delta->gone = gone;
        delta->size = size;
    }

    delta->gone[delta->ngone++] = id;

    return PTN_OK;
}


bool
ptn_rop_delta_get(const ptn_rop_delta_t *delta, uint32_t tag,
    ptn_str_t *ret_value)
{
    uint32_t   have;
    ptn_str_t  value;

    value = ptn_props_find(&delta->set, ptn_prop_id(tag), &have);

    if (value.data != NULL) {
        *ret_value = have == tag ? value : ptn_str_make(NULL, 0);
        return true;
    }

    if (ptn_rop_delta_find(delta, ptn_prop_id(tag)) < delta->ngone) {
        *ret_value = ptn_str_make(NULL, 0);
        return true;
    }

    return false;
}


bool
ptn_rop_delta_empty(const ptn_rop_delta_t *delta)
{
    return delta->set.n == 0 && delta->ngone == 0;
}


ptn_rc_t
ptn_rop_delta_apply(const ptn_rop_delta_t *delta, ptn_pool_t *pool,
    ptn_props_t *props)
{
    uint32_t  i;
    ptn_rc_t  rc;

    for (i = 0; i < delta->ngone; i++) {
        ptn_props_unset(props, delta->gone[i]);
    }

    for (i = 0; i < delta->set.n; i++) {
        rc = ptn_props_set(props, pool, delta->set.p[i].tag,
                           delta->set.p[i].value);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


/* --- copies -------------------------------------------------------------- */

static ptn_rc_t
ptn_rop_props_dup(ptn_pool_t *pool, const ptn_props_t *from, ptn_props_t *to,
    size_t *size)
{
    uint32_t  i;
    ptn_rc_t  rc;

    memset(to, 0, sizeof(*to));

    for (i = 0; i < from->n; i++) {
        rc = ptn_props_set_dup(to, pool, from->p[i].tag, from->p[i].value);
        if (rc != PTN_OK) {
            return rc;
        }

        *size += from->p[i].value.len + sizeof(ptn_bag_prop_t);
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_rop_recips_dup(ptn_pool_t *pool, const ptn_object_t *from,
    ptn_object_t *to, size_t *size)
{
    uint32_t  i;
    ptn_rc_t  rc;

    to->nrecips = from->nrecips;

    to->recips = ptn_parray(pool, to->nrecips, sizeof(ptn_recip_t));
    if (to->recips == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < to->nrecips; i++) {
        to->recips[i] = from->recips[i];

        rc = ptn_rop_props_dup(pool, &from->recips[i].props,
                               &to->recips[i].props, size);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_rop_dup(ptn_pool_t *pool, const ptn_object_t *object, unsigned depth,
    ptn_object_t **ret_object, size_t *size)
{
    uint32_t             i;
    ptn_rc_t             rc;
    ptn_object_t        *o;
    ptn_attach_t        *a;
    const ptn_attach_t  *from;

    if (depth > PTN_OBJECT_NESTING_MAX) {
        return PTN_ETOOBIG;
    }

    o = ptn_pcalloc(pool, sizeof(ptn_object_t));
    if (o == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_rop_props_dup(pool, &object->props, &o->props, size);

    if (rc == PTN_OK) {
        rc = ptn_rop_recips_dup(pool, object, o, size);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    o->nattachs = object->nattachs;

    o->attachs = ptn_parray(pool, o->nattachs, sizeof(ptn_attach_t));
    if (o->attachs == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < o->nattachs; i++) {
        a = &o->attachs[i];
        from = &object->attachs[i];
        *a = *from;

        rc = ptn_rop_props_dup(pool, &from->props, &a->props, size);

        if (rc == PTN_OK && from->embedded != NULL) {
            rc = ptn_rop_dup(pool, from->embedded, depth + 1, &a->embedded,
                             size);
        }

        if (rc != PTN_OK) {
            return rc;
        }

        if (from->data.data != NULL) {
            a->data = ptn_str_dup(pool, from->data);
            if (a->data.data == NULL) {
                return PTN_ENOMEM;
            }

            *size += a->data.len;
        }
    }

    *ret_object = o;

    return PTN_OK;
}


ptn_rc_t
ptn_rop_object_dup(ptn_pool_t *pool, const ptn_object_t *object,
    ptn_object_t **ret_object, size_t *ret_size)
{
    size_t    size;
    ptn_rc_t  rc;

    size = sizeof(ptn_object_t);
    rc = ptn_rop_dup(pool, object, 0, ret_object, &size);

    if (rc == PTN_OK) {
        *ret_size = size;
    }

    return rc;
}
