/*
 * A message that filters are asked of.
 */

#include "ptn_collate.h"
#include "ptn_table.h"


ptn_rc_t
ptn_asked_open(ptn_asked_t *a)
{
    return (a->msg != NULL) ? PTN_OK
           : a->gone ? ptn_gone_open(a->mb, a->pool, a->id, &a->msg)
                     : ptn_msg_open(a->mb, a->pool, a->id, &a->msg);
}


ptn_rc_t
ptn_asked_value(ptn_asked_t *a, uint32_t tag, ptn_str_t *ret)
{
    ptn_rc_t  rc;

    rc = ptn_asked_open(a);

    return (rc == PTN_OK) ? ptn_msg_props(a->msg, &tag, 1, ret) : rc;
}


static uint32_t
ptn_asked_number(const ptn_object_t *object, uint32_t i, uint32_t tag)
{
    switch (tag) {

    case PTN_PR_RECIPIENT_TYPE:
        return object->recips[i].type;

    case PTN_PR_ROWID:
        return object->recips[i].row;

    case PTN_PR_ATTACH_NUM:
        return object->attachs[i].num;

    default:
        return (uint32_t) ptn_min(object->attachs[i].size,
                                  (uint64_t) INT32_MAX);
    }
}


static ptn_rc_t
ptn_asked_sub(void *ctx, uint32_t which, uint32_t i, const uint32_t *tags,
    size_t n, ptn_str_t *values)
{
    ptn_asked_t         *a = ctx;

    bool                 recips;
    size_t               k;
    u_char              *p;
    ptn_rc_t             rc;
    const ptn_props_t   *props;
    const ptn_object_t  *object;

    recips = (which == PTN_PR_MESSAGE_RECIPIENTS);
    rc = ptn_asked_open(a);

    if (rc == PTN_OK) {
        rc = ptn_msg_object(a->msg, recips ? PTN_OXCMAIL_RECIPS
                                           : PTN_OXCMAIL_ATTACHS, &object);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (i >= (recips ? object->nrecips : object->nattachs)) {
        return PTN_ENOTFOUND;
    }

    props = recips ? &object->recips[i].props : &object->attachs[i].props;

    for (k = 0; k < n; k++) {
        values[k] = ptn_props_get(props, tags[k]);

        if (tags[k] == (recips ? PTN_PR_RECIPIENT_TYPE : PTN_PR_ATTACH_NUM)
            || tags[k] == (recips ? PTN_PR_ROWID : PTN_PR_ATTACH_SIZE))
        {
            p = ptn_palloc(a->pool, 4);
            if (p == NULL) {
                return PTN_ENOMEM;
            }

            ptn_put_le32(p, ptn_asked_number(object, i, tags[k]));
            values[k] = ptn_str_make(p, 4);
        }
    }

    return PTN_OK;
}


static int
ptn_asked_collate(void *ctx, ptn_str_t a, ptn_str_t b)
{
    return ptn_collate_compare(((ptn_asked_t *) ctx)->mb, a, b);
}


ptn_rc_t
ptn_asked_match(ptn_asked_t *a, const ptn_filter_t *filter,
    const ptn_str_t *values, bool *ret_match)
{
    ptn_filter_row_t  row;

    memset(&row, 0, sizeof(row));
    row.values = values;
    row.sub = a->id ? ptn_asked_sub : NULL;
    row.collate = ptn_asked_collate;
    row.ctx = a;

    return ptn_filter_match(filter, &row, ret_match);
}
