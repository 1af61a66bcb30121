/*
 * Objects that went through MIME: what must be the same, for tests and fuzzing.
 */

#ifndef PTN_OXCMAIL_CHECK_H
#define PTN_OXCMAIL_CHECK_H


#include <stdio.h>

#include "ptn_oxcmail.h"


/* Properties that the way out and in may change. */
static inline bool
ptn_oxcmail_check_skip(uint32_t tag, const ptn_props_t *a)
{
    uint16_t  id;

    id = ptn_prop_id(tag);

    return id == ptn_prop_id(PTN_PR_TRANSPORT_MESSAGE_HEADERS)
           || ((id == ptn_prop_id(PTN_PR_CLIENT_SUBMIT_TIME)
                || id == ptn_prop_id(PTN_PR_INTERNET_MESSAGE_ID))
               && ptn_props_find(a, id, NULL).data == NULL);
}


/* NULL: the same; else what is not, in `why`. */
static inline const char *
ptn_oxcmail_check_props(const ptn_props_t *a, const ptn_props_t *b,
    const char *what, bool embedded, char *why, size_t size)
{
    uint32_t   i, k, tag;
    ptn_str_t  va, vb;

    for (i = 0, k = 0; i < a->n || k < b->n; ) {
        if (k == b->n || (i < a->n && ptn_prop_id(a->p[i].tag)
                                      < ptn_prop_id(b->p[k].tag)))
        {
            tag = a->p[i].tag;
            va = a->p[i++].value;
            vb = ptn_str_z("(none)");

        } else if (i == a->n || ptn_prop_id(b->p[k].tag)
                                < ptn_prop_id(a->p[i].tag))
        {
            tag = b->p[k].tag;
            va = ptn_str_z("(none)");
            vb = b->p[k++].value;

        } else {
            tag = a->p[i].tag;
            va = a->p[i].value;
            vb = b->p[k].value;

            if (a->p[i++].tag == b->p[k++].tag && ptn_str_eq(va, vb)) {
                continue;
            }
        }

        if (ptn_oxcmail_check_skip(tag, a)
            || tag == PTN_PR_ATTACH_NUM
            || (embedded && tag == PTN_PR_ATTACH_SIZE))
        {
            continue;
        }

        snprintf(why, size, "%s %s: \"%.*s\" (%zu) \"%.*s\" (%zu)", what,
                 ptn_prop_name(tag) ? ptn_prop_name(tag) : "?",
                 (int) ptn_min(va.len, (size_t) 300), (char *) va.data,
                 va.len, (int) ptn_min(vb.len, (size_t) 300),
                 (char *) vb.data, vb.len);
        return why;
    }

    return NULL;
}


static inline const char *
ptn_oxcmail_check(const ptn_object_t *a, const ptn_object_t *b, char *why,
    size_t size);


static inline const char *
ptn_oxcmail_check_attach(const ptn_attach_t *x, const ptn_attach_t *y,
    char *why, size_t size)
{
    const char  *bad;

    bad = ptn_oxcmail_check_props(&x->props, &y->props, "attachment",
                                  x->embedded != NULL, why, size);
    if (bad != NULL) {
        return bad;
    }

    if ((x->embedded == NULL) != (y->embedded == NULL)) {
        return "embedded, or not";
    }

    if (x->embedded == NULL) {
        return ptn_str_eq(x->data, y->data) && x->size == y->size
               ? NULL : "data of an attachment";
    }

    return ptn_oxcmail_check(x->embedded, y->embedded, why, size);
}


static inline bool
ptn_oxcmail_check_inline(const ptn_attach_t *x)
{
    int64_t  n;

    return ptn_props_int(&x->props, PTN_PR_ATTACH_FLAGS, &n) && n == 4;
}


static inline const char *
ptn_oxcmail_check(const ptn_object_t *a, const ptn_object_t *b, char *why,
    size_t size)
{
    int          pass;
    uint32_t     i, k;
    const char  *bad;

    bad = ptn_oxcmail_check_props(&a->props, &b->props, "message", false, why,
                                  size);
    if (bad != NULL) {
        return bad;
    }

    if (a->nrecips != b->nrecips || a->nattachs != b->nattachs) {
        snprintf(why, size, "%u recipients, %u; %u attachments, %u",
                 a->nrecips, b->nrecips, a->nattachs, b->nattachs);
        return why;
    }

    for (i = 0; i < a->nrecips; i++) {
        bad = ptn_oxcmail_check_props(&a->recips[i].props,
                                      &b->recips[i].props, "recipient",
                                      false, why, size);
        if (bad != NULL || a->recips[i].type != b->recips[i].type) {
            return bad ? bad : "type of a recipient";
        }
    }

    /* pictures of the body first, the others as they stand */

    for (pass = 0; pass < 2; pass++) {
        for (i = 0, k = 0; i < a->nattachs; i++) {
            if (ptn_oxcmail_check_inline(&a->attachs[i]) == (pass != 0)) {
                continue;
            }

            while (k < b->nattachs
                   && ptn_oxcmail_check_inline(&b->attachs[k]) == (pass != 0))
            {
                k++;
            }

            if (k == b->nattachs) {
                return "an attachment is missing";
            }

            bad = ptn_oxcmail_check_attach(&a->attachs[i], &b->attachs[k++],
                                           why, size);
            if (bad != NULL) {
                return bad;
            }
        }
    }

    return NULL;
}


/* NULL: 7-bit (or `eight`), CR LF only, no line above 998, ends in a line. */
static inline const char *
ptn_oxcmail_check_raw(ptn_str_t raw, bool eight)
{
    size_t  i, line;

    for (i = 0, line = 0; i < raw.len; i++, line++) {
        if (raw.data[i] == '\0') {
            return "a NUL";
        }

        if (raw.data[i] >= 0x80 && !eight) {
            return "an 8-bit byte";
        }

        if (raw.data[i] == '\r' && (i + 1 == raw.len
                                    || raw.data[i + 1] != '\n'))
        {
            return "a lone CR";
        }

        if (raw.data[i] == '\n') {
            if (i == 0 || raw.data[i - 1] != '\r') {
                return "a lone LF";
            }

            if (line > 999) {
                return "a long line";
            }

            line = (size_t) -1;
        }
    }

    return NULL;
}


#endif /* PTN_OXCMAIL_CHECK_H */
