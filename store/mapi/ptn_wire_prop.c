#include <stdio.h>

#include "ptn_charset.h"
#include "ptn_restrict.h"
#include "ptn_wire_prop.h"


#define PTN_WIRE_FLAG_VALUE   0x00      /* 2.11.5 FlaggedPropertyValue */
#define PTN_WIRE_FLAG_ABSENT  0x01
#define PTN_WIRE_FLAG_ERROR   0x0a

#define PTN_WIRE_MV_INSTANCE  0x2000    /* MultivalueInstance, 2.11.1.3 */


/* --- types --------------------------------------------------------------- */

typedef enum {
    PTN_WIRE_FIXED, PTN_WIRE_STR8, PTN_WIRE_STR16, PTN_WIRE_BIN,
    PTN_WIRE_ACTIONS, PTN_WIRE_RESTRICTION
} ptn_wire_form_of_e;

typedef struct {
    uint16_t  type;
    uint8_t   form;
    uint8_t   size;             /* of FIXED; else the fewest bytes */
    bool      many;             /* a multiple type is there, too */
} ptn_wire_type_t;

static const ptn_wire_type_t  ptn_wire_types[] = {
    { PTN_PT_I2,       PTN_WIRE_FIXED,   2, true },
    { PTN_PT_LONG,     PTN_WIRE_FIXED,   4, true },
    { PTN_PT_R4,       PTN_WIRE_FIXED,   4, true },
    { PTN_PT_DOUBLE,   PTN_WIRE_FIXED,   8, true },
    { PTN_PT_CURRENCY, PTN_WIRE_FIXED,   8, true },
    { PTN_PT_APPTIME,  PTN_WIRE_FIXED,   8, true },
    { PTN_PT_ERROR,    PTN_WIRE_FIXED,   4, false },
    { PTN_PT_BOOLEAN,  PTN_WIRE_FIXED,   1, false },
    { PTN_PT_I8,       PTN_WIRE_FIXED,   8, true },
    { PTN_PT_STRING8,  PTN_WIRE_STR8,    1, true },
    { PTN_PT_UNICODE,  PTN_WIRE_STR16,   2, true },
    { PTN_PT_SYSTIME,  PTN_WIRE_FIXED,   8, true },
    { PTN_PT_CLSID,    PTN_WIRE_FIXED,  16, true },
    { PTN_PT_SVREID,   PTN_WIRE_BIN,     2, false },
    { PTN_PT_RESTRICT, PTN_WIRE_RESTRICTION, 1, false },
    { PTN_PT_ACTIONS,  PTN_WIRE_ACTIONS, 2, false },
    { PTN_PT_BINARY,   PTN_WIRE_BIN,     2, true },
    { 0x0001,          PTN_WIRE_FIXED,   0, false },    /* PtypNull */
};


static const ptn_wire_type_t *
ptn_wire_type(uint16_t type)
{
    size_t    i;
    uint16_t  base;

    base = type;

    if ((type & (PTN_PT_MV|PTN_WIRE_MV_INSTANCE)) == PTN_WIRE_MV_INSTANCE) {
        return NULL;
    }

    base &= (uint16_t) ~(PTN_PT_MV|PTN_WIRE_MV_INSTANCE);

    for (i = 0; i < ptn_nelts(ptn_wire_types); i++) {
        if (ptn_wire_types[i].type == base) {
            return base == type || ptn_wire_types[i].many
                   ? &ptn_wire_types[i] : NULL;
        }
    }

    return NULL;
}


/* An instance of a multiple value is one value. */
static bool
ptn_wire_type_many(uint16_t type)
{
    return (type & (PTN_PT_MV|PTN_WIRE_MV_INSTANCE)) == PTN_PT_MV;
}


bool
ptn_wire_type_known(uint16_t type)
{
    const ptn_wire_type_t  *t;

    t = ptn_wire_type(type);

    return t != NULL && t->type != PTN_PT_ERROR && t->type != 0x0001;
}


uint16_t
ptn_wire_type_inner(uint16_t type)
{
    uint16_t  flags;

    flags = type & (PTN_PT_MV|PTN_WIRE_MV_INSTANCE);

    return (type ^ flags) == PTN_PT_STRING8 ? (uint16_t) (PTN_PT_UNICODE|flags)
                                            : type;
}


/* --- strings ------------------------------------------------------------- */

/* ICU's name of a Windows code page; 1252 for one it does not know. */
static ptn_str_t
ptn_wire_code_page(uint32_t code_page, char name[32])
{
    size_t  i;

    static const struct {
        uint32_t     code_page;
        const char  *name;
    } odd[] = {
        { 0, "windows-1252" }, { 1252, "windows-1252" },
        { 65001, "utf-8" }, { 20127, "us-ascii" }, { 20866, "koi8-r" },
        { 21866, "koi8-u" }, { 28592, "iso-8859-2" }, { 28593, "iso-8859-3" },
        { 28594, "iso-8859-4" }, { 28595, "iso-8859-5" },
        { 28596, "iso-8859-6" }, { 28597, "iso-8859-7" },
        { 28598, "iso-8859-8" }, { 28599, "windows-1254" },
        { 28605, "iso-8859-15" }, { 50220, "iso-2022-jp" },
        { 50221, "iso-2022-jp" }, { 51932, "euc-jp" }, { 51949, "euc-kr" },
        { 54936, "gb18030" },
    };

    for (i = 0; i < ptn_nelts(odd); i++) {
        if (odd[i].code_page == code_page) {
            return ptn_str_z(odd[i].name);
        }
    }

    snprintf(name, 32, "%s%u",
             (code_page >= 1250 && code_page <= 1258) || code_page == 874
             ? "windows-" : "cp", code_page);

    return ptn_charset_known(ptn_str_z(name)) ? ptn_str_z(name)
                                              : ptn_str("windows-1252");
}


static bool
ptn_wire_ascii(ptn_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] >= 0x80) {
            return false;
        }
    }

    return true;
}


ptn_rc_t
ptn_wire_string8_get(const ptn_wire_text_t *text, ptn_str_t bytes,
    ptn_str_t *ret_s)
{
    char  name[32];

    if (ptn_wire_ascii(bytes)) {
        *ret_s = ptn_str_make(bytes.data, bytes.len);
        return PTN_OK;
    }

    return ptn_charset_to_utf8(text->pool,
                               ptn_wire_code_page(text->code_page, name),
                               bytes, ret_s);
}


void
ptn_wire_string8_put(ptn_buf_t *out, const ptn_wire_text_t *text, ptn_str_t s)
{
    char       name[32];
    u_char    *nul;
    ptn_str_t  bytes;

    nul = s.len ? memchr(s.data, 0, s.len) : NULL;

    if (nul != NULL) {
        s.len = (size_t) (nul - s.data);
    }

    if (ptn_wire_ascii(s)) {
        ptn_buf_str(out, s);
        return;
    }

    if (ptn_charset_from_utf8(text->pool,
                              ptn_wire_code_page(text->code_page, name), s,
                              &bytes) != PTN_OK)
    {
        out->failed = true;
        return;
    }

    ptn_buf_str(out, bytes);
}


/* --- reading values ------------------------------------------------------ */

static uint32_t
ptn_wire_le(const u_char *p, size_t n)
{
    uint32_t  v;

    for (v = 0; n-- > 0; /* void */ ) {
        v = v << 8 | p[n];
    }

    return v;
}


/* Bytes up to a zero of `width` bytes, which is taken too. */
static ptn_rc_t
ptn_wire_take_z(ptn_wire_in_t *in, size_t width, ptn_str_t *ret_s)
{
    const u_char  *p, *start;

    start = in->p;

    for ( ;; ) {
        p = ptn_wire_take(in, width);
        if (p == NULL) {
            return PTN_ETRUNC;
        }

        if (p[0] == 0 && (width == 1 || p[1] == 0)) {
            *ret_s = ptn_str_make(start, (size_t) (p - start));
            return PTN_OK;
        }
    }
}


static ptn_rc_t
ptn_wire_take_bin(ptn_wire_in_t *in, ptn_str_t *ret_s)
{
    size_t         n;
    const u_char  *p;

    p = ptn_wire_take(in, 2);
    if (p == NULL) {
        return PTN_ETRUNC;
    }

    n = ptn_wire_le(p, 2);

    p = ptn_wire_take(in, n);
    if (p == NULL) {
        return PTN_ETRUNC;
    }

    *ret_s = ptn_str_make(p, n);

    return PTN_OK;
}


/* RuleAction (MS-OXORULE 2.2.5): a count, then blocks behind their length. */
static ptn_rc_t
ptn_wire_skip_actions(ptn_wire_in_t *in)
{
    uint32_t       n;
    ptn_rc_t       rc;
    ptn_str_t      block;
    const u_char  *p;

    p = ptn_wire_take(in, 2);
    if (p == NULL) {
        return PTN_ETRUNC;
    }

    for (n = ptn_wire_le(p, 2); n > 0; n--) {
        rc = ptn_wire_take_bin(in, &block);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


/* One value, as it stands. */
static ptn_rc_t
ptn_wire_take_one(ptn_wire_in_t *in, const ptn_wire_type_t *t,
    ptn_str_t *ret_s)
{
    ptn_rc_t       rc;
    const u_char  *p;

    switch (t->form) {

    case PTN_WIRE_STR8:
        return ptn_wire_take_z(in, 1, ret_s);

    case PTN_WIRE_STR16:
        return ptn_wire_take_z(in, 2, ret_s);

    case PTN_WIRE_BIN:
        return ptn_wire_take_bin(in, ret_s);

    case PTN_WIRE_ACTIONS:
    case PTN_WIRE_RESTRICTION:
        p = in->p;
        rc = t->form == PTN_WIRE_ACTIONS ? ptn_wire_skip_actions(in)
                                         : ptn_restrict_skip(in);
        if (rc == PTN_OK) {
            *ret_s = ptn_str_make(p, (size_t) (in->p - p));
        }
        return rc;

    default:
        p = ptn_wire_take(in, t->size);
        if (p == NULL) {
            return PTN_ETRUNC;
        }
        *ret_s = ptn_str_make(p, t->size);
        return PTN_OK;
    }
}


/* The count of a multiple value, which the input can hold. */
static ptn_rc_t
ptn_wire_take_count(ptn_wire_in_t *in, const ptn_wire_type_t *t,
    uint32_t *ret_n)
{
    uint32_t       n;
    const u_char  *p;

    p = ptn_wire_take(in, 4);
    if (p == NULL) {
        return PTN_ETRUNC;
    }

    n = ptn_wire_le(p, 4);

    if (n > (size_t) (in->end - in->p) / t->size) {
        return PTN_ETRUNC;
    }

    *ret_n = n;

    return PTN_OK;
}


ptn_rc_t
ptn_wire_value_skip(ptn_wire_in_t *in, uint16_t type)
{
    uint32_t                n;
    ptn_rc_t                rc;
    ptn_str_t               s;
    const ptn_wire_type_t  *t;

    t = ptn_wire_type(type);
    if (t == NULL) {
        return PTN_EPARSE;
    }

    n = 1;

    if (ptn_wire_type_many(type)) {
        rc = ptn_wire_take_count(in, t, &n);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    while (n-- > 0) {
        rc = ptn_wire_take_one(in, t, &s);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_wire_get_one(ptn_wire_in_t *in, const ptn_wire_text_t *text,
    const ptn_wire_type_t *t, ptn_str_t *ret_value)
{
    ptn_rc_t   rc;
    ptn_str_t  s;

    rc = ptn_wire_take_one(in, t, &s);
    if (rc != PTN_OK) {
        return rc;
    }

    if (t->form == PTN_WIRE_STR16) {
        return ptn_utf16_to_utf8(text->pool, s, ret_value);
    }

    if (t->form == PTN_WIRE_STR8) {
        return ptn_wire_string8_get(text, s, ret_value);
    }

    *ret_value = s;

    return PTN_OK;
}


static void
ptn_wire_put_le(ptn_buf_t *out, uint64_t v, size_t n)
{
    u_char  p[8];
    size_t  i;

    for (i = 0; i < n; i++) {
        p[i] = (u_char) (v >> (8 * i));
    }

    ptn_buf_add(out, p, n);
}


ptn_rc_t
ptn_wire_value_get(ptn_wire_in_t *in, const ptn_wire_text_t *text,
    uint16_t type, ptn_str_t *ret_value)
{
    uint32_t                n;
    ptn_rc_t                rc;
    ptn_buf_t               b;
    ptn_str_t               s;
    const ptn_wire_type_t  *t;

    t = ptn_wire_type(type);
    if (t == NULL) {
        return PTN_EPARSE;
    }

    if (!ptn_wire_type_many(type)) {
        return ptn_wire_get_one(in, text, t, ret_value);
    }

    rc = ptn_wire_take_count(in, t, &n);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_buf_init(&b, text->pool);
    ptn_wire_put_le(&b, n, 4);

    while (n-- > 0) {
        rc = ptn_wire_get_one(in, text, t, &s);
        if (rc != PTN_OK) {
            return rc;
        }

        if (t->form != PTN_WIRE_FIXED) {
            ptn_wire_put_le(&b, s.len, 4);
        }

        ptn_buf_str(&b, s);
    }

    if (b.failed) {
        return PTN_ENOMEM;
    }

    *ret_value = ptn_buf_get(&b);

    return PTN_OK;
}


ptn_rc_t
ptn_wire_tagged_get(ptn_wire_in_t *in, const ptn_wire_text_t *text,
    uint32_t *ret_tag, ptn_str_t *ret_value)
{
    uint32_t       tag;
    ptn_rc_t       rc;
    const u_char  *p;

    p = ptn_wire_take(in, 4);
    if (p == NULL) {
        return PTN_ETRUNC;
    }

    tag = ptn_wire_le(p, 4);

    rc = ptn_wire_value_get(in, text, ptn_prop_type(tag), ret_value);
    if (rc == PTN_OK) {
        *ret_tag = ptn_wire_tag_inner(tag);
    }

    return rc;
}


/* --- writing values ------------------------------------------------------ */

static ptn_rc_t
ptn_wire_put_one(ptn_buf_t *out, const ptn_wire_text_t *text,
    const ptn_wire_type_t *t, ptn_str_t value)
{
    u_char  *nul;

    switch (t->form) {

    case PTN_WIRE_STR16:
        nul = value.len ? memchr(value.data, 0, value.len) : NULL;
        value.len = nul ? (size_t) (nul - value.data) : value.len;
        ptn_buf_utf16(out, value);
        ptn_buf_add(out, "\0", 2);
        return PTN_OK;

    case PTN_WIRE_STR8:
        ptn_wire_string8_put(out, text, value);
        ptn_buf_byte(out, 0);
        return PTN_OK;

    case PTN_WIRE_BIN:
        if (value.len > UINT16_MAX) {
            return PTN_ETOOBIG;
        }
        ptn_wire_put_le(out, value.len, 2);
        ptn_buf_str(out, value);
        return PTN_OK;

    default:
        if (t->form == PTN_WIRE_FIXED && value.len != t->size) {
            return PTN_EINVAL;
        }
        ptn_buf_str(out, value);
        return PTN_OK;
    }
}


/* A multiple value of ptn_object.h; what is not well-formed is EINVAL. */
static ptn_rc_t
ptn_wire_put_many(ptn_buf_t *out, const ptn_wire_text_t *text,
    const ptn_wire_type_t *t, ptn_str_t value)
{
    size_t         len;
    uint32_t       n;
    ptn_rc_t       rc;
    ptn_wire_in_t  in;
    const u_char  *p;

    in.p = value.data;
    in.end = value.data + value.len;
    in.pool = NULL;

    p = ptn_wire_take(&in, 4);
    if (p == NULL) {
        return PTN_EINVAL;
    }

    n = ptn_wire_le(p, 4);
    ptn_wire_put_le(out, n, 4);

    while (n-- > 0) {
        len = t->size;

        if (t->form != PTN_WIRE_FIXED) {
            p = ptn_wire_take(&in, 4);
            if (p == NULL) {
                return PTN_EINVAL;
            }

            len = ptn_wire_le(p, 4);
        }

        p = ptn_wire_take(&in, len);
        if (p == NULL) {
            return PTN_EINVAL;
        }

        rc = ptn_wire_put_one(out, text, t, ptn_str_make(p, len));
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return in.p == in.end ? PTN_OK : PTN_EINVAL;
}


ptn_rc_t
ptn_wire_value_put(ptn_buf_t *out, const ptn_wire_text_t *text, uint16_t type,
    ptn_str_t value)
{
    size_t                  start;
    ptn_rc_t                rc;
    const ptn_wire_type_t  *t;

    t = ptn_wire_type(type);
    if (t == NULL) {
        return PTN_EINVAL;
    }

    start = out->len;
    rc = ptn_wire_type_many(type) ? ptn_wire_put_many(out, text, t, value)
                                  : ptn_wire_put_one(out, text, t, value);

    if (rc != PTN_OK) {
        out->len = start;
        return rc;
    }

    return out->failed ? PTN_ENOMEM : PTN_OK;
}


/* --- rows ---------------------------------------------------------------- */

ptn_rc_t
ptn_wire_row_put(ptn_buf_t *out, const ptn_wire_text_t *text,
    const uint32_t *columns, const uint16_t *types, const ptn_str_t *values,
    const uint32_t *errors, size_t n)
{
    size_t    i;
    bool      flagged;
    uint16_t  type;
    ptn_rc_t  rc;

    flagged = false;

    for (i = 0; i < n; i++) {
        flagged |= values[i].data == NULL;
    }

    ptn_buf_byte(out, flagged);

    for (i = 0; i < n; i++) {
        type = ptn_prop_type(columns[i]);

        if (type == 0) {
            type = values[i].data == NULL ? PTN_PT_ERROR : types[i];
            ptn_wire_put_le(out, type, 2);
        }

        if (flagged) {
            ptn_buf_byte(out, values[i].data == NULL ? PTN_WIRE_FLAG_ERROR
                                                     : PTN_WIRE_FLAG_VALUE);
        }

        if (values[i].data == NULL) {
            ptn_wire_put_le(out, errors != NULL && errors[i] != 0
                                 ? errors[i] : PTN_WIRE_NOT_FOUND, 4);
            continue;
        }

        rc = ptn_wire_value_put(out, text, type, values[i]);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return out->failed ? PTN_ENOMEM : PTN_OK;
}


/* What stands in front of a column's value: *ret_type 0: there is none. */
static ptn_rc_t
ptn_wire_row_head(ptn_wire_in_t *in, bool flagged, uint32_t column,
    uint16_t *ret_type)
{
    uint16_t       type;
    const u_char  *p;

    type = ptn_prop_type(column);

    if (type == 0) {
        p = ptn_wire_take(in, 2);
        if (p == NULL) {
            return PTN_ETRUNC;
        }

        type = (uint16_t) ptn_wire_le(p, 2);
    }

    if (flagged) {
        p = ptn_wire_take(in, 1);
        if (p == NULL) {
            return PTN_ETRUNC;
        }

        switch (*p) {

        case PTN_WIRE_FLAG_VALUE:
            break;

        case PTN_WIRE_FLAG_ABSENT:
            type = 0;
            break;

        case PTN_WIRE_FLAG_ERROR:
            type = PTN_PT_ERROR;
            break;

        default:
            return PTN_EPARSE;
        }

    } else if (type == 0) {
        return PTN_EPARSE;
    }

    *ret_type = type;

    return PTN_OK;
}


static ptn_rc_t
ptn_wire_row_flag(ptn_wire_in_t *in, bool *ret_flagged)
{
    const u_char  *p;

    p = ptn_wire_take(in, 1);
    if (p == NULL) {
        return PTN_ETRUNC;
    }

    if (*p > 1) {
        return PTN_EPARSE;
    }

    *ret_flagged = *p;

    return PTN_OK;
}


ptn_rc_t
ptn_wire_row_get(ptn_wire_in_t *in, const ptn_wire_text_t *text,
    const uint32_t *columns, size_t n, uint32_t *ret_tags,
    ptn_str_t *ret_values)
{
    bool      flagged;
    size_t    i;
    ptn_rc_t  rc;
    uint16_t  type;

    rc = ptn_wire_row_flag(in, &flagged);

    for (i = 0; rc == PTN_OK && i < n; i++) {
        rc = ptn_wire_row_head(in, flagged, columns[i], &type);
        if (rc != PTN_OK) {
            break;
        }

        ret_values[i] = ptn_str_make(NULL, 0);
        ret_tags[i] = (columns[i] & 0xffff0000) | ptn_wire_type_inner(type);

        if (type == 0) {
            continue;
        }

        rc = ptn_wire_value_get(in, text, type, &ret_values[i]);

        if (rc == PTN_OK && type == PTN_PT_ERROR) {
            ret_values[i] = ptn_str_make(NULL, 0);
        }
    }

    return rc;
}


/* --- hooks --------------------------------------------------------------- */

static ptn_rc_t
ptn_wire_span_push(ptn_buf_t *out, const void *base PTN_UNUSED,
    const void *member)
{
    ptn_buf_str(out, *(const ptn_str_t *) member);

    return PTN_OK;
}


static void
ptn_wire_span_dump(ptn_buf_t *out, const void *base PTN_UNUSED,
    const void *member)
{
    size_t     i;
    ptn_str_t  s;

    s = *(const ptn_str_t *) member;

    ptn_buf_printf(out, "%zu bytes ", s.len);

    for (i = 0; i < s.len; i++) {
        ptn_buf_printf(out, "%02x", s.data[i]);
    }
}


static ptn_rc_t
ptn_wire_span_pull(ptn_wire_in_t *in, uint16_t type, void *member)
{
    ptn_rc_t       rc;
    const u_char  *p;

    p = in->p;
    rc = ptn_wire_value_skip(in, type);

    if (rc == PTN_OK) {
        *(ptn_str_t *) member = ptn_str_make(p, (size_t) (in->p - p));
    }

    return rc;
}


static ptn_rc_t
ptn_wire_tagged_pull(ptn_wire_in_t *in, const void *base, void *member)
{
    uint32_t  tag;

    memcpy(&tag, base, sizeof(tag));    /* the first member */

    return ptn_wire_span_pull(in, ptn_prop_type(tag), member);
}


static ptn_rc_t
ptn_wire_typed_pull(ptn_wire_in_t *in, const void *base, void *member)
{
    uint16_t  type;

    memcpy(&type, base, sizeof(type));

    return ptn_wire_span_pull(in, type, member);
}


const ptn_wire_hook_t  ptn_wire_tagged_hook = {
    ptn_wire_tagged_pull, ptn_wire_span_push, ptn_wire_span_dump
};

const ptn_wire_hook_t  ptn_wire_typed_hook = {
    ptn_wire_typed_pull, ptn_wire_span_push, ptn_wire_span_dump
};


static ptn_rc_t
ptn_wire_rows_pull(ptn_wire_in_t *in PTN_UNUSED, const void *base PTN_UNUSED,
    void *member)
{
    *(ptn_str_t *) member = ptn_str("");

    return PTN_OK;
}


const ptn_wire_hook_t  ptn_wire_rows_hook = {
    ptn_wire_rows_pull, ptn_wire_span_push, ptn_wire_span_dump
};


static ptn_rc_t
ptn_wire_row_pull(ptn_wire_in_t *in, const void *base, void *member)
{
    bool                            flagged;
    uint16_t                        i, type;
    ptn_rc_t                        rc;
    const u_char                   *p;
    const ptn_wire_property_row_t  *row = base;

    p = in->p;
    rc = ptn_wire_row_flag(in, &flagged);

    for (i = 0; rc == PTN_OK && i < row->count; i++) {
        rc = ptn_wire_row_head(in, flagged, row->columns[i], &type);

        if (rc == PTN_OK && type != 0) {
            rc = ptn_wire_value_skip(in, type);
        }
    }

    if (rc == PTN_OK) {
        *(ptn_str_t *) member = ptn_str_make(p, (size_t) (in->p - p));
    }

    return rc;
}


const ptn_wire_hook_t  ptn_wire_row_hook = {
    ptn_wire_row_pull, ptn_wire_span_push, ptn_wire_span_dump
};


static ptn_rc_t
ptn_wire_recip_pull(ptn_wire_in_t *in, const void *base, void *member)
{
    ptn_rc_t                         rc;
    ptn_props_t                      props;
    ptn_wire_text_t                  text;
    const u_char                    *p;
    const ptn_wire_recipient_row_t  *row = base;

    memset(&props, 0, sizeof(props));
    memset(&text, 0, sizeof(text));
    text.pool = in->pool;

    p = in->p;
    rc = ptn_wire_recip_read(in, &text, row->columns, row->count, &props);

    if (rc == PTN_OK) {
        *(ptn_str_t *) member = ptn_str_make(p, (size_t) (in->p - p));
    }

    return rc;
}


const ptn_wire_hook_t  ptn_wire_recip_hook = {
    ptn_wire_recip_pull, ptn_wire_span_push, ptn_wire_span_dump
};
