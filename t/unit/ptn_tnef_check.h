/*
 * Objects that went through TNEF: what must be the same, for tests and
 * fuzzing.  Named properties are compared by name: the ids of two results have
 * nothing to do with each other.
 */

#ifndef PTN_TNEF_CHECK_H
#define PTN_TNEF_CHECK_H


#include <stdio.h>
#include <stdlib.h>

#include "ptn_tnef.h"


typedef struct {
    ptn_pool_t        *pool;
    const ptn_tnef_t  *a, *b;
    uint16_t          *to;          /* of a's ids, b's; 0: it has none */
    char              *why;
    size_t             size;
} ptn_tnef_check_t;


static inline int
ptn_tnef_check_name(const void *va, const void *vb)
{
    int                       rc;
    const ptn_named_t *const  *pa = va, *const *pb = vb;
    const ptn_named_t         *a = *pa, *b = *pb;

    rc = memcmp(a->set.b, b->set.b, 16);

    if (rc == 0 && a->by_name != b->by_name) {
        rc = a->by_name ? 1 : -1;
    }

    if (rc == 0 && a->by_name) {
        return ptn_str_cmp(a->name, b->name);
    }

    return rc ? rc : a->lid < b->lid ? -1 : a->lid > b->lid;
}


static inline const ptn_named_t **
ptn_tnef_check_sorted(ptn_pool_t *pool, const ptn_tnef_t *t)
{
    uint32_t             i;
    const ptn_named_t  **list;

    list = ptn_parray(pool, t->nnames, sizeof(ptn_named_t *));

    for (i = 0; i < t->nnames; i++) {
        list[i] = &t->names[i];
    }

    if (t->nnames != 0) {
        qsort(list, t->nnames, sizeof(ptn_named_t *), ptn_tnef_check_name);
    }

    return list;
}


static inline void
ptn_tnef_check_names(ptn_tnef_check_t *c)
{
    int                  rc;
    uint32_t             i, k;
    const ptn_named_t  **la, **lb;

    la = ptn_tnef_check_sorted(c->pool, c->a);
    lb = ptn_tnef_check_sorted(c->pool, c->b);
    c->to = ptn_pcalloc(c->pool, (c->a->nnames + 1) * sizeof(uint16_t));

    for (i = 0, k = 0; i < c->a->nnames && k < c->b->nnames; ) {
        rc = ptn_tnef_check_name(&la[i], &lb[k]);

        if (rc == 0) {
            c->to[la[i] - c->a->names] =
                (uint16_t) (PTN_NAMED_FIRST + (lb[k] - c->b->names));
        }

        i += rc <= 0;
        k += rc > 0;
    }
}


static inline const char *
ptn_tnef_check_props(ptn_tnef_check_t *c, const ptn_props_t *a,
    const ptn_props_t *b, const char *what)
{
    uint16_t   id;
    uint32_t   i, tag;
    ptn_str_t  v;

    for (i = 0; i < a->n; i++) {
        id = ptn_prop_id(a->p[i].tag);
        tag = 0;

        if (i != 0 && id <= ptn_prop_id(a->p[i - 1].tag)) {
            return "a list that is not sorted";
        }

        if (id >= PTN_NAMED_FIRST) {
            if (id - PTN_NAMED_FIRST >= (int) c->a->nnames) {
                return "an id without a name";
            }

            id = c->to[id - PTN_NAMED_FIRST];
        }

        v = ptn_props_find(b, id, &tag);

        if (v.data == NULL || ptn_prop_type(tag) != ptn_prop_type(a->p[i].tag)
            || !ptn_str_eq(v, a->p[i].value))
        {
            snprintf(c->why, c->size, "%s %s 0x%08x: %zu bytes, 0x%08x: %zu",
                     what, ptn_prop_name(a->p[i].tag)
                           ? ptn_prop_name(a->p[i].tag) : "?",
                     (unsigned) a->p[i].tag, a->p[i].value.len,
                     (unsigned) tag, v.len);
            return c->why;
        }
    }

    if (a->n != b->n) {
        snprintf(c->why, c->size, "%s: %u properties, %u", what, a->n, b->n);
        return c->why;
    }

    return NULL;
}


static inline const char *
ptn_tnef_check_object(ptn_tnef_check_t *c, const ptn_object_t *a,
    const ptn_object_t *b)
{
    uint32_t             i;
    const char          *bad;
    const ptn_attach_t  *x, *y;

    if (a->nrecips != b->nrecips || a->nattachs != b->nattachs) {
        snprintf(c->why, c->size, "%u recipients, %u; %u attachments, %u",
                 a->nrecips, b->nrecips, a->nattachs, b->nattachs);
        return c->why;
    }

    bad = ptn_tnef_check_props(c, &a->props, &b->props, "message");

    for (i = 0; bad == NULL && i < a->nrecips; i++) {
        if (a->recips[i].row != b->recips[i].row
            || a->recips[i].type != b->recips[i].type)
        {
            return "row or type of a recipient";
        }

        bad = ptn_tnef_check_props(c, &a->recips[i].props,
                                   &b->recips[i].props, "recipient");
    }

    for (i = 0; bad == NULL && i < a->nattachs; i++) {
        x = &a->attachs[i];
        y = &b->attachs[i];

        if (x->num != y->num || x->size != y->size
            || x->has_data != y->has_data || !ptn_str_eq(x->data, y->data)
            || (x->embedded == NULL) != (y->embedded == NULL))
        {
            return "number, size, data or kind of an attachment";
        }

        bad = ptn_tnef_check_props(c, &x->props, &y->props, "attachment");

        if (bad == NULL && x->embedded != NULL) {
            bad = ptn_tnef_check_object(c, x->embedded, y->embedded);
        }
    }

    return bad;
}


/* NULL: the same; else what is not, in `why`. */
static inline const char *
ptn_tnef_check(ptn_pool_t *pool, const ptn_tnef_t *a, const ptn_tnef_t *b,
    char *why, size_t size)
{
    ptn_tnef_check_t  c = { pool, a, b, NULL, why, size };

    if (a->codepage != b->codepage || a->key != b->key) {
        return "code page or key";
    }

    ptn_tnef_check_names(&c);

    return ptn_tnef_check_object(&c, a->object, b->object);
}


/*
 * From what was read on: it is written, read back equal, and from the second
 * time on the bytes stay the same.  *ret_bytes: those of the first.
 */
static inline const char *
ptn_tnef_check_round(ptn_pool_t *pool, const ptn_tnef_t *first, char *why,
    size_t size, ptn_str_t *ret_bytes)
{
    int          i;
    ptn_str_t    bytes, again;
    const char  *bad;
    ptn_tnef_t   in, *out;

    in = *first;
    again = ptn_str_make(NULL, 0);

    for (i = 0; i < 3; i++) {
        if (ptn_tnef_write(pool, &in, &bytes) != PTN_OK
            || ptn_tnef_read(pool, bytes, &out) != PTN_OK)
        {
            return "what was read is not written, or not read back";
        }

        if (out->damaged) {
            return "what was written is damaged";
        }

        if (i == 0) {
            in.key = in.key ? in.key : 1;
            in.codepage = in.codepage ? in.codepage : 1252;
            *ret_bytes = bytes;
        }

        bad = ptn_tnef_check(pool, &in, out, why, size);
        if (bad != NULL) {
            return bad;
        }

        if (i == 2 && !ptn_str_eq(bytes, again)) {
            return "other bytes for the same object";
        }

        again = bytes;
        in = *out;
    }

    return NULL;
}


#endif /* PTN_TNEF_CHECK_H */
