#include <stdio.h>
#include <stdlib.h>

#include "ptn_ews.h"


/*
 * ExtendedFieldURI: any property, by tag or by name, with the types of
 * t:MapiPropertyTypeType.
 */

static const struct {
    const char  *name;
    uint16_t     type;
} ptn_ews_types[] = {
    { "ApplicationTime", PTN_PT_APPTIME },
    { "ApplicationTimeArray", PTN_PT_MV|PTN_PT_APPTIME },
    { "Binary", PTN_PT_BINARY },
    { "BinaryArray", PTN_PT_MV|PTN_PT_BINARY },
    { "Boolean", PTN_PT_BOOLEAN },
    { "CLSID", PTN_PT_CLSID },
    { "CLSIDArray", PTN_PT_MV|PTN_PT_CLSID },
    { "Currency", PTN_PT_CURRENCY },
    { "CurrencyArray", PTN_PT_MV|PTN_PT_CURRENCY },
    { "Double", PTN_PT_DOUBLE },
    { "DoubleArray", PTN_PT_MV|PTN_PT_DOUBLE },
    { "Float", PTN_PT_R4 },
    { "FloatArray", PTN_PT_MV|PTN_PT_R4 },
    { "Integer", PTN_PT_LONG },
    { "IntegerArray", PTN_PT_MV|PTN_PT_LONG },
    { "Long", PTN_PT_I8 },
    { "LongArray", PTN_PT_MV|PTN_PT_I8 },
    { "Short", PTN_PT_I2 },
    { "ShortArray", PTN_PT_MV|PTN_PT_I2 },
    { "SystemTime", PTN_PT_SYSTIME },
    { "SystemTimeArray", PTN_PT_MV|PTN_PT_SYSTIME },
    { "String", PTN_PT_UNICODE },
    { "StringArray", PTN_PT_MV|PTN_PT_UNICODE },
};

/* t:DistinguishedPropertySetType (MS-OXPROPS 1.3.2). */
static const struct {
    const char  *name;
    const char  *guid;
} ptn_ews_sets[] = {
    { "Meeting",           "6ED8DA90-450B-101B-98DA-00AA003F1305" },
    { "Appointment",       "00062002-0000-0000-C000-000000000046" },
    { "Common",            "00062008-0000-0000-C000-000000000046" },
    { "PublicStrings",     "00020329-0000-0000-C000-000000000046" },
    { "Address",           "00062004-0000-0000-C000-000000000046" },
    { "InternetHeaders",   "00020386-0000-0000-C000-000000000046" },
    { "CalendarAssistant", "11000E07-B51B-40D6-AF21-CAA85EDAB1D0" },
    { "UnifiedMessaging",  "4442858E-A9E3-4E80-B900-317A210CC15B" },
    { "Task",              "00062003-0000-0000-C000-000000000046" },
    { "Sharing",           "00062040-0000-0000-C000-000000000046" },
};


static ptn_rc_t
ptn_ews_ext_bad(ptn_ews_t *e)
{
    return ptn_ews_error(e, "ErrorInvalidExtendedProperty",
               "The combination of attributes of an extended property is"
               " invalid.");
}


/* "0x1234" or decimal; the schema has checked that it is one. */
static uint32_t
ptn_ews_ext_number(ptn_str_t s)
{
    char  text[24];

    s = ptn_xs_trim(s);
    snprintf(text, sizeof(text), "%.*s", ptn_str_arg(s));

    return (uint32_t) strtoul(text, NULL,
                              s.len > 1 && (s.data[1] | 0x20) == 'x' ? 16
                                                                     : 10);
}


ptn_rc_t
ptn_ews_ext_parse(ptn_ews_t *e, const ptn_ews_el_t *el, ptn_ews_ext_t *ext)
{
    size_t     i;
    int64_t    n;
    uint32_t   id;
    ptn_str_t  dist, set, tag, name, pid, type;

    memset(ext, 0, sizeof(ptn_ews_ext_t));
    ext->el = el;

    dist = ptn_ews_attr(el, "DistinguishedPropertySetId");
    set = ptn_ews_attr(el, "PropertySetId");
    tag = ptn_ews_attr(el, "PropertyTag");
    name = ptn_ews_attr(el, "PropertyName");
    pid = ptn_ews_attr(el, "PropertyId");
    type = ptn_ews_attr(el, "PropertyType");

    for (i = 0; i < ptn_nelts(ptn_ews_types); i++) {
        if (ptn_str_eqz(type, ptn_ews_types[i].name)) {
            ext->type = ptn_ews_types[i].type;
        }
    }

    if (ext->type == 0) {
        return ptn_ews_error(e, "ErrorUnsupportedMapiPropertyType",
                   "Properties of that type cannot be had or set.");
    }

    if (tag.data != NULL) {
        if (dist.data != NULL || set.data != NULL || name.data != NULL
            || pid.data != NULL)
        {
            return ptn_ews_ext_bad(e);
        }

        id = ptn_ews_ext_number(tag);

        if (id >= PTN_NAMED_FIRST) {
            return ptn_ews_error(e, "ErrorNoPropertyTagForCustomProperties",
                       "Custom properties are asked for by name or id.");
        }

        if (id == 0) {
            return ptn_ews_ext_bad(e);
        }

        ext->id = (uint16_t) id;
        return PTN_OK;
    }

    if ((dist.data != NULL) == (set.data != NULL)
        || (name.data != NULL) == (pid.data != NULL))
    {
        return ptn_ews_ext_bad(e);
    }

    for (i = 0; dist.data != NULL && i < ptn_nelts(ptn_ews_sets); i++) {
        if (ptn_str_eqz(dist, ptn_ews_sets[i].name)) {
            set = ptn_str_z(ptn_ews_sets[i].guid);
        }
    }

    if (ptn_xs_guid(set, &ext->named.set) != PTN_OK) {
        return ptn_ews_ext_bad(e);
    }

    if (name.data != NULL) {
        if (name.len == 0 || name.len > 255) {
            return ptn_ews_ext_bad(e);
        }

        ext->named.by_name = true;
        ext->named.name = name;
        return PTN_OK;
    }

    if (ptn_xs_int(pid, INT32_MIN, INT32_MAX, &n) != PTN_OK) {
        return ptn_ews_ext_bad(e);
    }

    ext->named.lid = (uint32_t) n;

    return PTN_OK;
}


ptn_rc_t
ptn_ews_ext_tag(ptn_mbox_t *mb, ptn_txn_t *tx, const ptn_ews_ext_t *ext,
    uint32_t *ret_tag)
{
    ptn_rc_t  rc;
    uint16_t  id;

    id = ext->id;

    if (id == 0) {
        rc = ptn_named_ids(mb, tx, &ext->named, 1, &id);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    *ret_tag = id == 0 ? 0 : (uint32_t) id << 16 | ext->type;

    return PTN_OK;
}


/* --- values as text ------------------------------------------------------- */

static void
ptn_ews_ext_put_value(ptn_ews_t *e, uint16_t type, ptn_str_t v)
{
    char        text[64];
    float       r4;
    double      r8;
    int64_t     n;
    ptn_guid_t  guid;

    switch (type) {

    case PTN_PT_UNICODE:
    case PTN_PT_STRING8:
        ptn_ews_elem(&e->out, "t:Value", v);
        return;

    case PTN_PT_BINARY:
        ptn_ews_elem_base64(&e->out, "t:Value", v);
        return;

    case PTN_PT_CLSID:
        if (v.len == 16) {
            memcpy(guid.b, v.data, 16);
            ptn_ews_guid_text(guid, text);
            ptn_ews_elem_z(&e->out, "t:Value", text);
        }

        return;

    case PTN_PT_R4:
        if (v.len == 4) {
            memcpy(&r4, v.data, 4);
            snprintf(text, sizeof(text), "%.9g", (double) r4);
            ptn_ews_elem_z(&e->out, "t:Value", text);
        }

        return;

    case PTN_PT_DOUBLE:
    case PTN_PT_APPTIME:
        if (v.len == 8) {
            memcpy(&r8, v.data, 8);
            snprintf(text, sizeof(text), "%.17g", r8);
            ptn_ews_elem_z(&e->out, "t:Value", text);
        }

        return;

    default:
        if (!ptn_prop_int(type, v, &n)) {
            return;
        }

        if (type == PTN_PT_BOOLEAN) {
            ptn_ews_elem_bool(&e->out, "t:Value", n != 0);

        } else if (type == PTN_PT_SYSTIME) {
            ptn_ews_elem_filetime(&e->out, "t:Value", n);

        } else {
            ptn_ews_elem_int(&e->out, "t:Value", n);
        }
    }
}


void
ptn_ews_ext_put(ptn_ews_t *e, const ptn_ews_ext_t *ext, uint32_t tag,
    ptn_str_t value)
{
    ptn_str_t              rest, one;
    ptn_ews_mark_t         mark;
    const ptn_xml_attr_t  *a;

    if (value.data == NULL || tag == 0) {
        return;
    }

    mark = ptn_ews_mark(&e->out);

    ptn_ews_lit(&e->out, "<t:ExtendedProperty><t:ExtendedFieldURI");

    for (a = ext->el->attrs; a != NULL; a = a->next) {
        if (a->ns[0] == '\0') {
            ptn_ews_attr_put(&e->out, a->name, a->value);
        }
    }

    ptn_ews_lit(&e->out, "/>");

    if ((ext->type & PTN_PT_MV) == 0) {
        size_t  before = e->out.buf.len;

        ptn_ews_ext_put_value(e, ext->type, value);

        if (e->out.buf.len == before) {
            (void) ptn_ews_rewind(&e->out, mark);
            return;                     /* another type, or no time at all */
        }

    } else {
        if (ptn_mv_count(value) == 0) {
            (void) ptn_ews_rewind(&e->out, mark);
            return;
        }

        ptn_ews_lit(&e->out, "<t:Values>");

        for (rest = ptn_mv_rest(value); ptn_mv_next(tag, &rest, &one); ) {
            ptn_ews_ext_put_value(e, ext->type & ~PTN_PT_MV, one);
        }

        ptn_ews_lit(&e->out, "</t:Values>");
    }

    ptn_ews_lit(&e->out, "</t:ExtendedProperty>");
}


PTN_EWS_GETTER(extended)
{
    uint8_t               i;
    const ptn_ews_ext_t  *ext;

    (void) f;

    for (i = 0; i < s->shape->nexts; i++) {
        ext = &s->shape->exts[i];

        if (ext->header.data == NULL) {
            ptn_ews_ext_put(e, ext, ext->tag, s->values[ext->slot]);
        }
    }

    return PTN_OK;
}


/* --- text as values ------------------------------------------------------- */

static ptn_rc_t
ptn_ews_ext_bad_value(ptn_ews_t *e)
{
    return ptn_ews_error(e, "ErrorInvalidExtendedPropertyValue",
                         "The value of an extended property is not of its"
                         " type.");
}


static ptn_rc_t
ptn_ews_ext_one(ptn_ews_t *e, uint16_t type, ptn_str_t text, ptn_str_t *ret)
{
    bool        b;
    char        z[64], *end;
    float       r4;
    double      r8;
    int64_t     n;
    u_char     *p;
    size_t      i, size;
    ptn_rc_t    rc;
    ptn_guid_t  guid;

    size = ptn_prop_size(type);

    switch (type) {

    case PTN_PT_UNICODE:
        *ret = text.data == NULL ? ptn_str("") : text;
        return PTN_OK;

    case PTN_PT_BINARY:
        rc = ptn_xs_base64(e->pool, text, ret);
        if (rc == PTN_OK && ret->data == NULL) {
            *ret = ptn_str("");
        }
        return rc == PTN_ENOMEM ? rc
               : rc != PTN_OK ? ptn_ews_ext_bad_value(e) : PTN_OK;

    case PTN_PT_CLSID:
        if (ptn_xs_guid(text, &guid) != PTN_OK) {
            return ptn_ews_ext_bad_value(e);
        }

        p = ptn_pmemdup(e->pool, guid.b, 16);
        break;

    case PTN_PT_R4:
    case PTN_PT_DOUBLE:
    case PTN_PT_APPTIME:
        text = ptn_xs_trim(text);
        snprintf(z, sizeof(z), "%.*s", ptn_str_arg(text));
        r8 = strtod(z, &end);

        if (text.len == 0 || text.len >= sizeof(z) || *end != '\0') {
            return ptn_ews_ext_bad_value(e);
        }

        r4 = (float) r8;
        p = type == PTN_PT_R4 ? ptn_pmemdup(e->pool, &r4, 4)
                              : ptn_pmemdup(e->pool, &r8, 8);
        break;

    default:
        if (type == PTN_PT_BOOLEAN) {
            rc = ptn_xs_bool(text, &b);
            n = b;

        } else if (type == PTN_PT_SYSTIME) {
            rc = ptn_xs_datetime(text, &n);
            n = n * 10 + PTN_FILETIME_1970;

        } else {
            rc = ptn_xs_int(text, type == PTN_PT_I2 ? INT16_MIN
                                  : type == PTN_PT_LONG ? INT32_MIN
                                                        : INT64_MIN + 1,
                            type == PTN_PT_I2 ? INT16_MAX
                            : type == PTN_PT_LONG ? INT32_MAX : INT64_MAX,
                            &n);
        }

        if (rc != PTN_OK) {
            return ptn_ews_ext_bad_value(e);
        }

        p = ptn_palloc(e->pool, 8);

        for (i = 0; p != NULL && i < 8; i++) {
            p[i] = (u_char) ((uint64_t) n >> (8 * i));
        }
    }

    if (p == NULL) {
        return PTN_ENOMEM;
    }

    *ret = ptn_str_make(p, size);

    return PTN_OK;
}


ptn_rc_t
ptn_ews_ext_value(ptn_ews_t *e, const ptn_ews_ext_t *ext,
    const ptn_ews_el_t *el, ptn_str_t *ret)
{
    uint32_t             n;
    ptn_rc_t             rc;
    ptn_str_t           *values;
    const ptn_ews_el_t  *v;

    if ((ext->type & PTN_PT_MV) == 0) {
        v = ptn_ews_child(el, "Value");

        return v == NULL ? ptn_ews_ext_bad_value(e)
                         : ptn_ews_ext_one(e, ext->type, v->text, ret);
    }

    el = ptn_ews_child(el, "Values");
    if (el == NULL) {
        return ptn_ews_ext_bad_value(e);
    }

    for (n = 0, v = el->child; v != NULL; v = v->next) {
        n++;
    }

    values = ptn_parray(e->pool, n, sizeof(ptn_str_t));
    if (values == NULL) {
        return PTN_ENOMEM;
    }

    for (n = 0, v = el->child; v != NULL; v = v->next) {
        rc = ptn_ews_ext_one(e, ext->type & ~PTN_PT_MV, v->text,
                             &values[n++]);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return ptn_mv_make(e->pool, ext->type, values, n, ret);
}
