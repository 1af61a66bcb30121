#include "ptn_wire_prop.h"


/* RecipientFlags, MS-OXCDATA 2.8.3.1, read as one little-endian u16 */
#define PTN_RECIP_TYPE           0x0007
#define PTN_RECIP_EMAIL          0x0008
#define PTN_RECIP_DISPLAY        0x0010
#define PTN_RECIP_TRANSMIT       0x0020
#define PTN_RECIP_SAME           0x0040     /* transmittable = display name */
#define PTN_RECIP_RESPONSIBLE    0x0080
#define PTN_RECIP_NO_RICH        0x0100
#define PTN_RECIP_UNICODE        0x0200
#define PTN_RECIP_SIMPLE         0x0400
#define PTN_RECIP_OTHER          0x8000     /* an address type follows */

#define PTN_RECIP_PR_SIMPLE  PTN_PR_ADDRESS_BOOK_DISPLAY_NAME_PRINTABLE

#define PTN_RECIP_TYPE_NONE      0
#define PTN_RECIP_TYPE_X500      1
#define PTN_RECIP_TYPE_SMTP      3
#define PTN_RECIP_TYPE_LIST1     6
#define PTN_RECIP_TYPE_LIST2     7


/* Address types that the Type field names (2.8.3.1). */
static const char *const  ptn_recip_addrtypes[] = {
    NULL, "EX", "MS", "SMTP", "FAX", "PROFS", "MAPIPDL", "MAPIPDL"
};


typedef struct {
    ptn_wire_in_t          *in;
    const ptn_wire_text_t  *text;
    ptn_props_t            *props;
    ptn_rc_t                rc;
} ptn_recip_in_t;


static uint32_t
ptn_recip_int(ptn_recip_in_t *r, size_t n)
{
    uint32_t       v;
    const u_char  *p;

    if (r->rc != PTN_OK) {
        return 0;
    }

    p = ptn_wire_take(r->in, n);
    if (p == NULL) {
        r->rc = PTN_ETRUNC;
        return 0;
    }

    for (v = 0; n-- > 0; /* void */ ) {
        v = v << 8 | p[n];
    }

    return v;
}


static ptn_str_t
ptn_recip_value(ptn_recip_in_t *r, uint16_t type)
{
    ptn_str_t  s;

    s = ptn_str("");

    if (r->rc == PTN_OK) {
        r->rc = ptn_wire_value_get(r->in, r->text, type, &s);
    }

    return s;
}


static void
ptn_recip_set(ptn_recip_in_t *r, uint32_t tag, ptn_str_t value)
{
    if (r->rc == PTN_OK) {
        if (value.data == NULL) {
            value = ptn_str("");
        }
        r->rc = ptn_props_set(r->props, r->text->pool, tag, value);
    }
}


/* The address: a DN behind a prefix that both sides know, or as it is. */
static void
ptn_recip_x500(ptn_recip_in_t *r)
{
    uint32_t   used, display;
    ptn_buf_t  b;
    ptn_str_t  dn, prefix;

    used = ptn_recip_int(r, 1);
    display = ptn_recip_int(r, 1);
    dn = ptn_recip_value(r, PTN_PT_STRING8);

    if (r->rc != PTN_OK) {
        return;
    }

    prefix = r->text->dn_prefix;

    if (used > prefix.len) {
        r->rc = PTN_EPARSE;
        return;
    }

    if (used != 0) {
        ptn_buf_init(&b, r->text->pool);
        ptn_buf_add(&b, prefix.data, used);
        ptn_buf_str(&b, dn);
        dn = ptn_buf_get(&b);

        if (b.failed) {
            r->rc = PTN_ENOMEM;
            return;
        }
    }

    ptn_recip_set(r, PTN_PR_EMAIL_ADDRESS, dn);

    if (r->rc == PTN_OK) {
        r->rc = ptn_props_set_int(r->props, r->text->pool,
                                  PTN_PR_DISPLAY_TYPE, display);
    }
}


static void
ptn_recip_address(ptn_recip_in_t *r, uint16_t flags)
{
    uint32_t  type;

    type = flags & PTN_RECIP_TYPE;

    if (ptn_recip_addrtypes[type] != NULL) {
        ptn_recip_set(r, PTN_PR_ADDRTYPE, ptn_str_z(ptn_recip_addrtypes[type]));
    }

    if (type == PTN_RECIP_TYPE_X500) {
        ptn_recip_x500(r);
    }

    if (type >= PTN_RECIP_TYPE_LIST1) {
        ptn_recip_set(r, PTN_PR_ENTRYID, ptn_recip_value(r, PTN_PT_BINARY));
        ptn_recip_set(r, PTN_PR_SEARCH_KEY, ptn_recip_value(r, PTN_PT_BINARY));
    }

    if (type == PTN_RECIP_TYPE_NONE && (flags & PTN_RECIP_OTHER)) {
        ptn_recip_set(r, PTN_PR_ADDRTYPE, ptn_recip_value(r, PTN_PT_STRING8));
    }
}


/* RecipientColumnCount and the row of that many columns; they win over what
 * stood in front. */
static ptn_rc_t
ptn_recip_row(ptn_recip_in_t *r, const uint32_t *columns, size_t n)
{
    size_t      i, count;
    uint32_t   *tags;
    ptn_str_t  *values;

    count = ptn_recip_int(r, 2);
    if (r->rc != PTN_OK) {
        return r->rc;
    }

    if (count > n) {
        return PTN_EPARSE;
    }

    tags = ptn_parray(r->text->pool, count, sizeof(uint32_t));
    values = ptn_parray(r->text->pool, count, sizeof(ptn_str_t));
    if (tags == NULL || values == NULL) {
        return PTN_ENOMEM;
    }

    r->rc = ptn_wire_row_get(r->in, r->text, columns, count, tags, values);

    for (i = 0; r->rc == PTN_OK && i < count; i++) {
        if (values[i].data != NULL && ptn_wire_type_known((uint16_t) tags[i])) {
            ptn_recip_set(r, tags[i], values[i]);
        }
    }

    return r->rc;
}


ptn_rc_t
ptn_wire_recip_read(ptn_wire_in_t *in, const ptn_wire_text_t *text,
    const uint32_t *columns, size_t n, ptn_props_t *props)
{
    uint16_t        flags, type;
    ptn_str_t       display;
    ptn_recip_in_t  r;

    r.in = in;
    r.text = text;
    r.props = props;
    r.rc = PTN_OK;

    flags = (uint16_t) ptn_recip_int(&r, 2);
    type = flags & PTN_RECIP_UNICODE ? PTN_PT_UNICODE : PTN_PT_STRING8;

    ptn_recip_address(&r, flags);

    if (flags & PTN_RECIP_EMAIL) {
        ptn_recip_set(&r, PTN_PR_EMAIL_ADDRESS, ptn_recip_value(&r, type));
    }

    if (flags & PTN_RECIP_DISPLAY) {
        display = ptn_recip_value(&r, type);
        ptn_recip_set(&r, PTN_PR_DISPLAY_NAME, display);

        if (flags & PTN_RECIP_SAME) {
            ptn_recip_set(&r, PTN_PR_TRANSMITABLE_DISPLAY_NAME, display);
        }
    }

    if (flags & PTN_RECIP_SIMPLE) {
        ptn_recip_set(&r, PTN_RECIP_PR_SIMPLE,
                      ptn_recip_value(&r, type));
    }

    if (flags & PTN_RECIP_TRANSMIT) {
        ptn_recip_set(&r, PTN_PR_TRANSMITABLE_DISPLAY_NAME,
                      ptn_recip_value(&r, type));
    }

    if (r.rc == PTN_OK && (flags & PTN_RECIP_RESPONSIBLE)) {
        r.rc = ptn_props_set_int(props, text->pool, PTN_PR_RESPONSIBILITY, 1);
    }

    if (r.rc == PTN_OK && (flags & PTN_RECIP_NO_RICH)) {
        r.rc = ptn_props_set_int(props, text->pool, PTN_PR_SEND_RICH_INFO, 0);
    }

    return ptn_recip_row(&r, columns, n);
}


ptn_rc_t
ptn_wire_recip_get(const ptn_wire_text_t *text, ptn_str_t row,
    const uint32_t *columns, size_t n, ptn_props_t *props)
{
    ptn_rc_t       rc;
    ptn_wire_in_t  in;

    in.p = row.data;
    in.end = row.data + row.len;
    in.pool = text->pool;

    rc = ptn_wire_recip_read(&in, text, columns, n, props);

    return rc == PTN_OK && in.p != in.end ? PTN_EPARSE : rc;
}


/* --- writing -------------------------------------------------------------- */

static void
ptn_recip_put_int(ptn_buf_t *out, uint32_t v, size_t n)
{
    while (n-- > 0) {
        ptn_buf_byte(out, (u_char) v);
        v >>= 8;
    }
}


static uint16_t
ptn_recip_flags(const ptn_props_t *props, ptn_str_t addrtype, ptn_str_t email)
{
    int64_t    n;
    uint16_t   flags;
    ptn_str_t  display, transmit;

    flags = PTN_RECIP_UNICODE;
    display = ptn_props_get(props, PTN_PR_DISPLAY_NAME);
    transmit = ptn_props_get(props, PTN_PR_TRANSMITABLE_DISPLAY_NAME);

    if (ptn_str_ieqz(addrtype, "EX") && email.data != NULL) {
        flags |= PTN_RECIP_TYPE_X500;

    } else {
        if (ptn_str_ieqz(addrtype, "SMTP")) {
            flags |= PTN_RECIP_TYPE_SMTP;

        } else if (addrtype.len != 0) {
            flags |= PTN_RECIP_OTHER;
        }

        if (email.data != NULL) {
            flags |= PTN_RECIP_EMAIL;
        }
    }

    if (display.data != NULL) {
        flags |= PTN_RECIP_DISPLAY;

        if (transmit.data == NULL || ptn_str_eq(transmit, display)) {
            flags |= PTN_RECIP_SAME;
        }
    }

    if (transmit.data != NULL && !(flags & PTN_RECIP_SAME)) {
        flags |= PTN_RECIP_TRANSMIT;
    }

    if (ptn_props_get(props, PTN_RECIP_PR_SIMPLE).data != NULL) {
        flags |= PTN_RECIP_SIMPLE;
    }

    if (ptn_props_int(props, PTN_PR_RESPONSIBILITY, &n) && n != 0) {
        flags |= PTN_RECIP_RESPONSIBLE;
    }

    if (ptn_props_int(props, PTN_PR_SEND_RICH_INFO, &n) && n == 0) {
        flags |= PTN_RECIP_NO_RICH;
    }

    return flags;
}


ptn_rc_t
ptn_wire_recip_put(ptn_buf_t *out, const ptn_wire_text_t *text,
    const uint32_t *columns, size_t n, const ptn_props_t *props)
{
    size_t      i, k;
    int64_t     display_type;
    ptn_rc_t    rc;
    uint16_t    flags;
    ptn_str_t   addrtype, email, s, *values;

    static const struct {
        uint16_t  flag;
        uint32_t  tag;
    } names[] = {
        { PTN_RECIP_EMAIL,    PTN_PR_EMAIL_ADDRESS },
        { PTN_RECIP_DISPLAY,  PTN_PR_DISPLAY_NAME },
        { PTN_RECIP_SIMPLE,   PTN_RECIP_PR_SIMPLE },
        { PTN_RECIP_TRANSMIT, PTN_PR_TRANSMITABLE_DISPLAY_NAME },
    };

    addrtype = ptn_props_get(props, PTN_PR_ADDRTYPE);
    email = ptn_props_get(props, PTN_PR_EMAIL_ADDRESS);
    flags = ptn_recip_flags(props, addrtype, email);
    rc = PTN_OK;

    ptn_recip_put_int(out, flags, 2);

    if ((flags & PTN_RECIP_TYPE) == PTN_RECIP_TYPE_X500) {
        if (!ptn_props_int(props, PTN_PR_DISPLAY_TYPE, &display_type)) {
            display_type = 0;
        }

        ptn_buf_byte(out, 0);
        ptn_buf_byte(out, (u_char) display_type);
        rc = ptn_wire_value_put(out, text, PTN_PT_STRING8, email);
    }

    if (rc == PTN_OK && (flags & PTN_RECIP_OTHER)) {
        rc = ptn_wire_value_put(out, text, PTN_PT_STRING8, addrtype);
    }

    for (i = 0; rc == PTN_OK && i < ptn_nelts(names); i++) {
        if (flags & names[i].flag) {
            s = ptn_props_get(props, names[i].tag);
            rc = ptn_wire_value_put(out, text, PTN_PT_UNICODE, s);
        }
    }

    values = ptn_parray(text->pool, n, sizeof(ptn_str_t));
    if (values == NULL) {
        return PTN_ENOMEM;
    }

    for (k = 0; k < n; k++) {
        values[k] = ptn_props_get(props, ptn_wire_tag_inner(columns[k]));
    }

    ptn_recip_put_int(out, (uint32_t) n, 2);

    return rc == PTN_OK ? ptn_wire_row_put(out, text, columns, NULL, values,
                                           NULL, n)
                        : rc;
}
