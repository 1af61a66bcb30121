/*
 * Objects for tests of the export: room for 8 recipients and 8 attachments is
 * the caller's.
 */

#ifndef PTN_OXCMAIL_MAKE_H
#define PTN_OXCMAIL_MAKE_H


#include "ptn_oxcmail.h"


static inline void
recip(ptn_pool_t *pool, ptn_object_t *o, uint32_t type, const char *name,
    const char *email)
{
    ptn_recip_t  *r;

    r = &o->recips[o->nrecips++];
    memset(r, 0, sizeof(ptn_recip_t));
    r->type = type;
    ptn_props_set(&r->props, pool, PTN_PR_DISPLAY_NAME, ptn_str_z(name));
    ptn_props_set(&r->props, pool, PTN_PR_ADDRTYPE, ptn_str("SMTP"));
    ptn_props_set(&r->props, pool, PTN_PR_EMAIL_ADDRESS, ptn_str_z(email));
}


static inline ptn_attach_t *
attach(ptn_pool_t *pool, ptn_object_t *o, const char *name, const char *type,
    ptn_str_t data)
{
    ptn_attach_t  *a;

    a = &o->attachs[o->nattachs++];
    memset(a, 0, sizeof(ptn_attach_t));
    a->part = PTN_PART_NONE;
    a->has_data = true;
    a->data = data;
    a->size = data.len;
    ptn_props_set(&a->props, pool, PTN_PR_ATTACH_LONG_FILENAME,
                  ptn_str_z(name));
    ptn_props_set(&a->props, pool, PTN_PR_ATTACH_MIME_TAG, ptn_str_z(type));

    return a;
}


#endif /* PTN_OXCMAIL_MAKE_H */
