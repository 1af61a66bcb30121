#include "ptn_ews_search.h"


/*
 * Restrictions of items as the store has them (MS-OXCDATA 2.12), for tables
 * and search folders.  What MAPI has no word for is said with what it has: not
 * equal also holds where there is nothing, so it is "not (equal)"; a prefix on
 * words is one of the text, or behind what ends a word.
 */


#define PTN_EWS_MSGFLAG_FAI  0x00000040

/* MS-OXCMSG 2.2.1.6, PidTagMessageFlags. */
static const struct {
    const char  *uri;
    uint32_t     bits;
} ptn_ews_filter_bits[] = {
    { "message:IsRead",     0x00000001 },
    { "item:IsUnmodified",  0x00000002 },
    { "item:IsSubmitted",   0x00000004 },
    { "item:IsDraft",       0x00000008 },
    { "item:IsFromMe",      0x00000020 },
    { "item:IsResend",      0x00000080 },
    { "item:IsAssociated",  PTN_EWS_MSGFLAG_FAI },
};

static const struct {
    const char  *uri;
    uint32_t     type;              /* ptn_recip_e */
} ptn_ews_filter_recips[] = {
    { "message:ToRecipients",   1 },
    { "message:CcRecipients",   2 },
    { "message:BccRecipients",  3 },
};

/* What ends a word: one of these, or what is no more than a blank. */
static const char  ptn_ews_filter_ends[] = ".,;:!?()[]<>\"'-/@ \t\n\r";

typedef struct {
    ptn_ews_box_t  *box;
    ptn_txn_t      *tx;
} ptn_ews_filter_t;


ptn_rc_t
ptn_ews_filter_error(ptn_ews_t *e, ptn_rc_t rc)
{
    switch (rc) {

    case PTN_ESUPPORT:
        return ptn_ews_error(e, "ErrorUnsupportedQueryFilter",
                             "Such a restriction cannot be searched for.");

    case PTN_ELIMIT:
        return ptn_ews_error(e, "ErrorRestrictionTooComplex",
                             "The restriction has too many properties.");

    default:
        return rc;
    }
}


/* --- paths ---------------------------------------------------------------- */

ptn_rc_t
ptn_ews_filter_tag(ptn_ews_t *e, ptn_ews_box_t *box, ptn_txn_t *tx,
    const ptn_ews_el_t *path, const char *refuse, uint32_t *ret_tag,
    const ptn_ews_field_t **ret_field)
{
    ptn_rc_t                rc;
    uint16_t                id;
    ptn_ews_ext_t           ext;
    const ptn_ews_field_t  *field;

    *ret_field = NULL;

    if (ptn_ews_named(path, "ExtendedFieldURI")) {
        rc = ptn_ews_ext_parse(e, path, &ext);
        if (rc != PTN_OK) {
            return rc;
        }

        rc = ptn_ews_ext_tag(box->mb, tx, &ext, ret_tag);

        if (rc == PTN_OK && *ret_tag == 0) {
            *ret_tag = ext.type;        /* id 0: no row has it */
        }

        return rc;
    }

    field = ptn_ews_named(path, "FieldURI")
            ? ptn_ews_field(ptn_ews_attr(path, "FieldURI")) : NULL;

    if (field == NULL || field->tags[0] == 0
        || (field->flags & PTN_EWS_NOFIND) != 0)
    {
        return ptn_ews_error(e, refuse,
                             "The property cannot be used here.");
    }

    *ret_field = field;
    *ret_tag = field->tags[0];

    if (field->named != NULL) {
        rc = ptn_named_ids(box->mb, tx, field->named, 1, &id);
        if (rc != PTN_OK) {
            return rc;
        }

        *ret_tag |= (uint32_t) id << 16;
    }

    return PTN_OK;
}


static bool
ptn_ews_filter_special(ptn_str_t uri, ptn_ews_operand_t *ret)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_ews_filter_bits); i++) {
        if (ptn_str_eqz(uri, ptn_ews_filter_bits[i].uri)) {
            ret->on = PTN_EWS_ON_BITS;
            ret->bits = ptn_ews_filter_bits[i].bits;
            ret->type = PTN_PT_BOOLEAN;
            return true;
        }
    }

    for (i = 0; i < ptn_nelts(ptn_ews_filter_recips); i++) {
        if (ptn_str_eqz(uri, ptn_ews_filter_recips[i].uri)) {
            ret->on = PTN_EWS_ON_RECIPS;
            ret->bits = ptn_ews_filter_recips[i].type;
            ret->type = PTN_PT_UNICODE;
            return true;
        }
    }

    if (ptn_str_eqz(uri, "item:Body") || ptn_str_eqz(uri, "item:TextBody")) {
        ret->tags[0] = PTN_PR_BODY;
        ret->type = PTN_PT_UNICODE;
        return true;
    }

    return false;
}


static ptn_rc_t
ptn_ews_filter_resolve(ptn_ews_t *e, void *ctx, const ptn_ews_el_t *path,
    ptn_ews_operand_t *ret)
{
    size_t                  i;
    ptn_rc_t                rc;
    ptn_ews_filter_t       *f = ctx;
    const ptn_ews_field_t  *field;

    memset(ret, 0, sizeof(ptn_ews_operand_t));
    ret->item = true;

    if (ptn_ews_named(path, "FieldURI")
        && ptn_ews_filter_special(ptn_ews_attr(path, "FieldURI"), ret))
    {
        return PTN_OK;
    }

    rc = ptn_ews_filter_tag(e, f->box, f->tx, path,
                            "ErrorUnsupportedPathForQuery", &ret->tags[0],
                            &field);
    if (rc != PTN_OK) {
        return rc;
    }

    ret->type = ptn_prop_type(ret->tags[0]);

    if (field == NULL) {
        return PTN_OK;
    }

    ret->choices = field->choices;

    if (field->get == ptn_ews_get_person) {
        ret->on = PTN_EWS_ON_ANY;

        for (i = 0; i < 3; i++) {       /* name, SMTP address, address */
            ret->tags[i] = field->tags[i];
        }
    }

    return PTN_OK;
}


/* --- terms ---------------------------------------------------------------- */

static ptn_restrict_t *
ptn_ews_filter_node(ptn_ews_t *e, uint8_t type)
{
    ptn_restrict_t  *r;

    r = ptn_pcalloc(e->pool, sizeof(ptn_restrict_t));
    if (r != NULL) {
        r->type = type;
    }

    return r;
}


/* `sub` goes to the end of what is below `r`; NULL is passed on. */
static ptn_restrict_t *
ptn_ews_filter_add(ptn_restrict_t *r, ptn_restrict_t *sub)
{
    ptn_restrict_t  **last;

    if (r == NULL || sub == NULL) {
        return NULL;
    }

    for (last = &r->sub; *last != NULL; last = &(*last)->next) { /* void */ }

    *last = sub;

    return r;
}


static ptn_restrict_t *
ptn_ews_filter_not(ptn_ews_t *e, ptn_restrict_t *sub)
{
    return ptn_ews_filter_add(ptn_ews_filter_node(e, PTN_RES_NOT), sub);
}


/* And of nothing is true, or of nothing false. */
static ptn_restrict_t *
ptn_ews_filter_const(ptn_ews_t *e, bool value)
{
    return ptn_ews_filter_node(e, value ? PTN_RES_AND : PTN_RES_OR);
}


static ptn_restrict_t *
ptn_ews_filter_bit(ptn_ews_t *e, uint32_t tag, uint32_t mask, bool set)
{
    ptn_restrict_t  *r;

    r = ptn_ews_filter_node(e, PTN_RES_BITMASK);

    if (r != NULL) {
        r->op = set;
        r->tag = tag;
        r->n = mask;
    }

    return r;
}


static ptn_restrict_t *
ptn_ews_filter_exist(ptn_ews_t *e, uint32_t tag)
{
    ptn_restrict_t  *r;

    r = ptn_ews_filter_node(e, PTN_RES_EXIST);

    if (r != NULL) {
        r->tag = tag;
    }

    return r;
}


/* Bits as a truth value: what the comparison says of false and of true. */
static ptn_restrict_t *
ptn_ews_filter_flag(ptn_ews_t *e, const ptn_ews_term_t *t)
{
    int   b;
    bool  is[2];

    for (b = 0; b < 2; b++) {
        is[b] = t->op == PTN_EWS_EXISTS
                || (t->op == PTN_EWS_EQ && b == t->n)
                || (t->op == PTN_EWS_NE && b != t->n)
                || (t->op == PTN_EWS_GT && b > t->n)
                || (t->op == PTN_EWS_GE && b >= t->n)
                || (t->op == PTN_EWS_LT && b < t->n)
                || (t->op == PTN_EWS_LE && b <= t->n);
    }

    return is[0] == is[1]
           ? ptn_ews_filter_const(e, is[0])
           : ptn_ews_filter_bit(e, PTN_PR_MESSAGE_FLAGS, t->left.bits, is[1]);
}


static ptn_restrict_t *
ptn_ews_filter_content(ptn_ews_t *e, const ptn_ews_term_t *t, uint32_t tag,
    uint16_t low, ptn_str_t text)
{
    ptn_restrict_t  *r;

    r = ptn_ews_filter_node(e, PTN_RES_CONTENT);

    if (r != NULL) {
        r->fuzzy_low = low;
        r->fuzzy_high = t->fuzzy;
        r->tag = tag;
        r->tag2 = tag & ~(uint32_t) PTN_PT_MV;
        r->value = text;
    }

    return r;
}


/* Where a word begins: at the front, or behind what ends one. */
static ptn_restrict_t *
ptn_ews_filter_words(ptn_ews_t *e, const ptn_ews_term_t *t, uint32_t tag)
{
    const char      *p;
    ptn_str_t        text;
    ptn_restrict_t  *r;

    r = ptn_ews_filter_add(ptn_ews_filter_node(e, PTN_RES_OR),
                           ptn_ews_filter_content(e, t, tag, PTN_FUZZY_PREFIX,
                                                  t->raw));

    for (p = ptn_ews_filter_ends; *p != '\0' && r != NULL; p++) {
        text = ptn_str_printf(e->pool, "%c%.*s", *p, ptn_str_arg(t->raw));
        r = text.data == NULL ? NULL
            : ptn_ews_filter_add(r, ptn_ews_filter_content(e, t, tag,
                                        PTN_FUZZY_SUBSTRING, text));
    }

    return r;
}


/* The constant in the encoding of the property's type. */
static ptn_str_t
ptn_ews_filter_value(ptn_ews_t *e, const ptn_ews_term_t *t, uint16_t type)
{
    size_t   i, n;
    u_char  *p;

    if (type == PTN_PT_UNICODE) {
        return t->raw;
    }

    if (type == PTN_PT_BINARY) {
        return t->text;
    }

    n = ptn_prop_size(type);
    p = ptn_palloc(e->pool, 8);

    for (i = 0; p != NULL && i < n; i++) {
        p[i] = (u_char) ((uint64_t) t->n >> (8 * i));
    }

    return ptn_str_make(p, n);
}


static ptn_restrict_t *
ptn_ews_filter_relation(ptn_ews_t *e, const ptn_ews_term_t *t, uint32_t tag)
{
    ptn_restrict_t        *r;
    static const uint8_t   ops[] = {
        [PTN_EWS_EQ] = PTN_RELOP_EQ, [PTN_EWS_NE] = PTN_RELOP_EQ,
        [PTN_EWS_GT] = PTN_RELOP_GT, [PTN_EWS_GE] = PTN_RELOP_GE,
        [PTN_EWS_LT] = PTN_RELOP_LT, [PTN_EWS_LE] = PTN_RELOP_LE,
    };

    r = ptn_ews_filter_node(e, t->two ? PTN_RES_COMPARE : PTN_RES_PROPERTY);
    if (r == NULL) {
        return NULL;
    }

    r->op = ops[t->op];
    r->tag = tag;

    if (t->two) {
        r->tag2 = t->right.tags[0];
        return r;
    }

    r->tag2 = tag & ~(uint32_t) PTN_PT_MV;
    r->value = ptn_ews_filter_value(e, t, ptn_prop_type(r->tag2));

    return r->value.data == NULL ? NULL : r;
}


/* A term about one property; NE as EQ: who asked turns it round. */
static ptn_restrict_t *
ptn_ews_filter_one(ptn_ews_t *e, const ptn_ews_term_t *t, uint32_t tag)
{
    switch (t->op) {

    case PTN_EWS_EXISTS:
        return ptn_ews_filter_exist(e, tag);

    case PTN_EWS_CONTAINS:
        return t->mode == PTN_EWS_WORDS
               ? ptn_ews_filter_words(e, t, tag)
               : ptn_ews_filter_content(e, t, tag,
                     t->mode == PTN_EWS_FULL ? PTN_FUZZY_FULL
                     : t->mode == PTN_EWS_PREFIX ? PTN_FUZZY_PREFIX
                                                 : PTN_FUZZY_SUBSTRING,
                     t->raw);

    default:
        return ptn_ews_filter_relation(e, t, tag);
    }
}


static ptn_restrict_t *
ptn_ews_filter_any(ptn_ews_t *e, const ptn_ews_term_t *t,
    const uint32_t *tags, size_t n)
{
    size_t           i;
    ptn_restrict_t  *r;

    r = ptn_ews_filter_node(e, PTN_RES_OR);

    for (i = 0; i < n; i++) {
        if (tags[i] != 0) {
            r = ptn_ews_filter_add(r, ptn_ews_filter_one(e, t, tags[i]));
        }
    }

    return r;
}


/* Some recipient of that type (MS-OXCDATA 2.12.10). */
static ptn_restrict_t *
ptn_ews_filter_recip(ptn_ews_t *e, const ptn_ews_term_t *t)
{
    u_char                 *p;
    ptn_restrict_t         *r, *type, *and;
    static const uint32_t   tags[] = {
        PTN_PR_DISPLAY_NAME, PTN_PR_SMTP_ADDRESS, PTN_PR_EMAIL_ADDRESS
    };

    p = ptn_palloc(e->pool, 4);
    type = ptn_ews_filter_node(e, PTN_RES_PROPERTY);
    and = ptn_ews_filter_node(e, PTN_RES_AND);
    r = ptn_ews_filter_node(e, PTN_RES_SUBOBJECT);

    if (p == NULL || type == NULL || r == NULL) {
        return NULL;
    }

    ptn_put_le32(p, t->left.bits);
    type->op = PTN_RELOP_EQ;
    type->tag = type->tag2 = PTN_PR_RECIPIENT_TYPE;
    type->value = ptn_str_make(p, 4);
    and = ptn_ews_filter_add(and, type);

    if (t->op != PTN_EWS_EXISTS) {
        and = ptn_ews_filter_add(and, ptn_ews_filter_any(e, t, tags,
                                                         ptn_nelts(tags)));
    }

    r->n = PTN_PR_MESSAGE_RECIPIENTS;

    return ptn_ews_filter_add(r, and);
}


static ptn_rc_t
ptn_ews_filter_term(ptn_ews_t *e, const ptn_ews_term_t *t,
    ptn_restrict_t **ret)
{
    ptn_rc_t               rc;
    ptn_restrict_t        *r, *sub;
    const ptn_ews_term_t  *child;

    if (t->op <= PTN_EWS_NOT) {
        r = ptn_ews_filter_node(e, t->op == PTN_EWS_AND ? PTN_RES_AND
                                   : t->op == PTN_EWS_OR ? PTN_RES_OR
                                                         : PTN_RES_NOT);

        for (child = t->child; child != NULL; child = child->next) {
            rc = ptn_ews_filter_term(e, child, &sub);
            if (rc != PTN_OK) {
                return rc;
            }

            r = ptn_ews_filter_add(r, sub);
        }

        *ret = r;

        return r == NULL ? PTN_ENOMEM : PTN_OK;
    }

    if (t->op == PTN_EWS_EXCLUDES) {
        if (t->left.on != PTN_EWS_ON_TAG || t->left.type != PTN_PT_LONG
            || t->n > UINT32_MAX)
        {
            return ptn_ews_error(e, "ErrorUnsupportedPathForQuery",
                       "Bits of such a property cannot be asked for.");
        }

        r = ptn_ews_filter_not(e, ptn_ews_filter_bit(e, t->left.tags[0],
                                      (uint32_t) t->n, true));

    } else if (t->left.on == PTN_EWS_ON_BITS) {
        *ret = ptn_ews_filter_flag(e, t);
        return *ret == NULL ? PTN_ENOMEM : PTN_OK;

    } else if (t->left.on == PTN_EWS_ON_RECIPS) {
        r = ptn_ews_filter_recip(e, t);

    } else if (t->left.on == PTN_EWS_ON_ANY) {
        r = ptn_ews_filter_any(e, t, t->left.tags, PTN_EWS_TAGS);

    } else {
        r = ptn_ews_filter_one(e, t, t->left.tags[0]);
    }

    if (t->op == PTN_EWS_NE) {
        r = ptn_ews_filter_not(e, r);
    }

    *ret = r;

    return r == NULL ? PTN_ENOMEM : PTN_OK;
}


ptn_rc_t
ptn_ews_filter(ptn_ews_t *e, ptn_ews_box_t *box, ptn_txn_t *tx,
    const ptn_ews_el_t *restriction, ptn_restrict_t **ret)
{
    ptn_rc_t           rc;
    ptn_ews_term_t    *term;
    ptn_ews_filter_t   f = { box, tx };

    rc = ptn_ews_search_compile(e, restriction, ptn_ews_filter_resolve, &f,
                                &term);

    return rc == PTN_OK ? ptn_ews_filter_term(e, term, ret) : rc;
}
