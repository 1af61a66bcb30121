#include <time.h>

#include "ptn_ews_search.h"


/*
 * A restriction of the store as t:Restriction: those that ptn_ews_filter()
 * makes, and of others what EWS has words for.
 */


typedef struct {
    ptn_ews_t      *e;
    ptn_ews_box_t  *box;
    ptn_buf_t       out;
} ptn_ews_put_t;


static ptn_rc_t ptn_ews_put_term(ptn_ews_put_t *p, const ptn_restrict_t *r,
    const char *recip);


static void
ptn_ews_put_lit(ptn_ews_put_t *p, const char *s)
{
    ptn_buf_z(&p->out, s);
}


static const char *
ptn_ews_put_bits(uint32_t mask)
{
    size_t  i;
    static const struct {
        uint32_t     mask;
        const char  *uri;
    } bits[] = {
        { 0x01, "message:IsRead" }, { 0x02, "item:IsUnmodified" },
        { 0x04, "item:IsSubmitted" }, { 0x08, "item:IsDraft" },
        { 0x20, "item:IsFromMe" }, { 0x40, "item:IsAssociated" },
        { 0x80, "item:IsResend" },
    };

    for (i = 0; i < ptn_nelts(bits); i++) {
        if (bits[i].mask == mask) {
            return bits[i].uri;
        }
    }

    return NULL;
}


static const char *
ptn_ews_put_type(uint16_t type)
{
    size_t  i;
    static const struct {
        uint16_t     type;
        const char  *name;
    } types[] = {
        { PTN_PT_UNICODE, "String" }, { PTN_PT_LONG, "Integer" },
        { PTN_PT_I8, "Long" }, { PTN_PT_I2, "Short" },
        { PTN_PT_BOOLEAN, "Boolean" }, { PTN_PT_SYSTIME, "SystemTime" },
        { PTN_PT_BINARY, "Binary" },
        { PTN_PT_MV|PTN_PT_UNICODE, "StringArray" },
    };

    for (i = 0; i < ptn_nelts(types); i++) {
        if (types[i].type == type) {
            return types[i].name;
        }
    }

    return NULL;
}


/* The field whose first property it is. */
static ptn_rc_t
ptn_ews_put_field(ptn_ews_put_t *p, uint32_t tag,
    const ptn_ews_field_t **ret)
{
    size_t                  i;
    ptn_rc_t                rc;
    uint16_t                id;
    const ptn_ews_field_t  *f;

    *ret = NULL;

    for (i = 0; i < ptn_ews_fields_n(); i++) {
        f = &ptn_ews_fields[i];

        if (f->uri == NULL || f->tags[0] == 0 || (f->flags & PTN_EWS_NOFIND)
            || f->tags[0] == PTN_PR_MESSAGE_FLAGS)
        {
            continue;
        }

        id = (uint16_t) (f->tags[0] >> 16);

        if (f->named != NULL && tag >= 0x80000000) {
            rc = ptn_named_ids(p->box->mb, NULL, f->named, 1, &id);
            if (rc != PTN_OK) {
                return rc;
            }
        }

        if (((uint32_t) id << 16 | (f->tags[0] & 0xffff)) == tag) {
            *ret = f;
            return PTN_OK;
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_ews_put_path(ptn_ews_put_t *p, uint32_t tag, const char *recip,
    const ptn_ews_field_t **ret_field)
{
    ptn_rc_t                rc;
    const char             *uri, *type;
    const ptn_ews_field_t  *field;

    field = NULL;
    uri = recip != NULL ? recip : tag == PTN_PR_BODY ? "item:Body" : NULL;

    if (uri == NULL) {
        rc = ptn_ews_put_field(p, tag, &field);
        if (rc != PTN_OK) {
            return rc;
        }

        uri = field != NULL ? field->uri : NULL;
    }

    if (ret_field != NULL) {
        *ret_field = field;
    }

    if (uri != NULL) {
        ptn_buf_printf(&p->out, "<t:FieldURI FieldURI=\"%s\"/>", uri);
        return PTN_OK;
    }

    type = ptn_ews_put_type(ptn_prop_type(tag));

    if (type == NULL || tag >= 0x80000000 || tag < 0x10000) {
        return PTN_ESUPPORT;
    }

    ptn_buf_printf(&p->out, "<t:ExtendedFieldURI PropertyTag=\"0x%04x\""
                   " PropertyType=\"%s\"/>", tag >> 16, type);

    return PTN_OK;
}


static ptn_rc_t
ptn_ews_put_constant(ptn_ews_put_t *p, uint16_t type, ptn_str_t value,
    const ptn_ews_field_t *field)
{
    size_t     i;
    int64_t    n;
    char       time[40];
    time_t     sec;
    struct tm  tm;

    ptn_ews_put_lit(p, "<t:Constant");

    if (type == PTN_PT_UNICODE) {
        ptn_xml_put_attr(&p->out, "Value", value);

    } else if (!ptn_prop_int(type, value, &n)) {
        return PTN_ESUPPORT;

    } else if (type == PTN_PT_BOOLEAN) {
        ptn_xml_put_attr(&p->out, "Value", n ? ptn_str("true")
                                             : ptn_str("false"));

    } else if (type == PTN_PT_SYSTIME) {
        n = (n - PTN_FILETIME_1970) / 10000000;
        sec = (time_t) n;

        if (gmtime_r(&sec, &tm) == NULL
            || strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%SZ", &tm) != 20)
        {
            return PTN_ESUPPORT;
        }

        ptn_xml_put_attr(&p->out, "Value", ptn_str_z(time));

    } else {
        for (i = 0; field != NULL && field->choices != NULL
                    && field->choices[i] != NULL; i++)
        {
            if ((int64_t) i == n) {
                ptn_xml_put_attr(&p->out, "Value",
                                 ptn_str_z(field->choices[i]));
                ptn_ews_put_lit(p, "/>");
                return PTN_OK;
            }
        }

        ptn_buf_printf(&p->out, " Value=\"%lld\"", (long long) n);
    }

    ptn_ews_put_lit(p, "/>");

    return PTN_OK;
}


static ptn_rc_t
ptn_ews_put_contains(ptn_ews_put_t *p, const ptn_restrict_t *r,
    const char *recip)
{
    ptn_rc_t     rc;
    const char  *how;
    static const char *const  modes[] = {
        "FullString", "Substring", "Prefixed"
    };
    static const char *const  hows[] = {
        "Exact", "IgnoreCase", "IgnoreNonSpacingCharacters",
        "IgnoreCaseAndNonSpacingCharacters", "Loose", "LooseAndIgnoreCase",
        "LooseAndIgnoreNonSpace", "LooseAndIgnoreCaseAndIgnoreNonSpace"
    };

    if (r->fuzzy_low > PTN_FUZZY_PREFIX || r->fuzzy_high > 7
        || ptn_prop_type(r->tag2) != PTN_PT_UNICODE)
    {
        return PTN_ESUPPORT;
    }

    how = hows[r->fuzzy_high];
    ptn_buf_printf(&p->out, "<t:Contains ContainmentMode=\"%s\""
                   " ContainmentComparison=\"%s\">", modes[r->fuzzy_low], how);
    rc = ptn_ews_put_path(p, r->tag, recip, NULL);

    if (rc == PTN_OK) {
        rc = ptn_ews_put_constant(p, PTN_PT_UNICODE, r->value, NULL);
    }

    ptn_ews_put_lit(p, "</t:Contains>");

    return rc;
}


/* A property and a constant, or two properties. */
static ptn_rc_t
ptn_ews_put_relation(ptn_ews_put_t *p, const ptn_restrict_t *r,
    const char *recip)
{
    ptn_rc_t                   rc;
    const ptn_ews_field_t     *field;
    static const char *const   names[] = {
        "IsLessThan", "IsLessThanOrEqualTo", "IsGreaterThan",
        "IsGreaterThanOrEqualTo", "IsEqualTo", "IsNotEqualTo"
    };

    if (r->op > PTN_RELOP_NE) {
        return PTN_ESUPPORT;
    }

    ptn_buf_printf(&p->out, "<t:%s>", names[r->op]);
    rc = ptn_ews_put_path(p, r->tag, recip, &field);
    ptn_ews_put_lit(p, "<t:FieldURIOrConstant>");

    if (rc == PTN_OK) {
        rc = r->type == PTN_RES_COMPARE
             ? ptn_ews_put_path(p, r->tag2, NULL, NULL)
             : ptn_ews_put_constant(p, ptn_prop_type(r->tag2), r->value,
                                    field);
    }

    ptn_buf_printf(&p->out, "</t:FieldURIOrConstant></t:%s>", names[r->op]);

    return rc;
}


static ptn_rc_t
ptn_ews_put_mask(ptn_ews_put_t *p, const ptn_restrict_t *r)
{
    ptn_rc_t     rc;
    const char  *uri;

    uri = r->tag == PTN_PR_MESSAGE_FLAGS ? ptn_ews_put_bits(r->n) : NULL;

    if (uri != NULL) {
        ptn_buf_printf(&p->out, "<t:IsEqualTo><t:FieldURI FieldURI=\"%s\"/>"
                       "<t:FieldURIOrConstant><t:Constant Value=\"%s\"/>"
                       "</t:FieldURIOrConstant></t:IsEqualTo>", uri,
                       r->op ? "true" : "false");
        return PTN_OK;
    }

    ptn_ews_put_lit(p, r->op ? "<t:Not><t:Excludes>" : "<t:Excludes>");
    rc = ptn_ews_put_path(p, r->tag, NULL, NULL);
    ptn_buf_printf(&p->out, "<t:Bitmask Value=\"%u\"/></t:Excludes>%s", r->n,
                   r->op ? "</t:Not>" : "");

    return rc;
}


/* Recipients of a type: and (type, or (name, address ...)). */
static ptn_rc_t
ptn_ews_put_recips(ptn_ews_put_t *p, const ptn_restrict_t *r)
{
    int64_t                    n;
    const ptn_restrict_t      *and, *type, *or;
    static const char *const   names[] = {
        "message:ToRecipients", "message:CcRecipients",
        "message:BccRecipients"
    };

    and = r->sub;
    type = and == NULL ? NULL : and->sub;

    if (r->n != PTN_PR_MESSAGE_RECIPIENTS || type == NULL
        || and->type != PTN_RES_AND || type->type != PTN_RES_PROPERTY
        || type->tag != PTN_PR_RECIPIENT_TYPE || type->op != PTN_RELOP_EQ
        || !ptn_prop_int(PTN_PT_LONG, type->value, &n) || n < 1 || n > 3)
    {
        return PTN_ESUPPORT;
    }

    or = type->next;

    if (or == NULL) {
        ptn_buf_printf(&p->out, "<t:Exists><t:FieldURI FieldURI=\"%s\"/>"
                       "</t:Exists>", names[n - 1]);
        return PTN_OK;
    }

    if (or->type != PTN_RES_OR || or->next != NULL || or->sub == NULL) {
        return PTN_ESUPPORT;
    }

    return ptn_ews_put_term(p, or->sub->type == PTN_RES_OR ? or->sub->sub
                                                           : or->sub,
                            names[n - 1]);
}


static ptn_rc_t
ptn_ews_put_group(ptn_ews_put_t *p, const ptn_restrict_t *r, const char *name)
{
    ptn_rc_t               rc;
    const ptn_restrict_t  *sub;

    if (r->sub == NULL) {
        return PTN_ESUPPORT;            /* of nothing: EWS cannot say it */
    }

    ptn_buf_printf(&p->out, "<t:%s>", name);

    for (sub = r->sub, rc = PTN_OK; sub != NULL && rc == PTN_OK;
         sub = sub->next)
    {
        rc = ptn_ews_put_term(p, sub, NULL);
    }

    ptn_buf_printf(&p->out, "</t:%s>", name);

    return rc;
}


static ptn_rc_t
ptn_ews_put_term(ptn_ews_put_t *p, const ptn_restrict_t *r,
    const char *recip)
{
    ptn_rc_t  rc;

    if (r == NULL || p->out.len > 256 * 1024) {
        return PTN_ESUPPORT;
    }

    switch (r->type) {

    case PTN_RES_AND:
        return ptn_ews_put_group(p, r, "And");

    case PTN_RES_OR:
        return ptn_ews_put_group(p, r, "Or");

    case PTN_RES_NOT:
        return ptn_ews_put_group(p, r, "Not");

    case PTN_RES_COMMENT:
        return ptn_ews_put_term(p, r->sub, recip);

    case PTN_RES_CONTENT:
        return ptn_ews_put_contains(p, r, recip);

    case PTN_RES_PROPERTY:
    case PTN_RES_COMPARE:
        return ptn_ews_put_relation(p, r, recip);

    case PTN_RES_BITMASK:
        return ptn_ews_put_mask(p, r);

    case PTN_RES_SUBOBJECT:
        return ptn_ews_put_recips(p, r);

    case PTN_RES_EXIST:
        ptn_ews_put_lit(p, "<t:Exists>");
        rc = ptn_ews_put_path(p, r->tag, recip, NULL);
        ptn_ews_put_lit(p, "</t:Exists>");
        return rc;

    default:
        return PTN_ESUPPORT;
    }
}


ptn_rc_t
ptn_ews_put_filter(ptn_ews_t *e, ptn_ews_box_t *box, const ptn_restrict_t *r)
{
    ptn_rc_t       rc;
    ptn_ews_put_t  p;

    p.e = e;
    p.box = box;
    ptn_buf_init(&p.out, e->pool);
    ptn_ews_put_lit(&p, "<t:Restriction>");
    rc = ptn_ews_put_term(&p, r, NULL);
    ptn_ews_put_lit(&p, "</t:Restriction>");

    if (rc == PTN_OK) {
        ptn_buf_str(&e->out.buf, ptn_buf_get(&p.out));
    }

    return rc != PTN_OK ? rc : ptn_pool_failed(e->pool) ? PTN_ENOMEM : PTN_OK;
}
