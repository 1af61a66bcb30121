#include "ptn_tnef_in.h"


/* What the attributes that are written are about. */
typedef struct {
    const ptn_object_t  *object;
    const ptn_attach_t  *attach;        /* NULL: the message */
    const ptn_props_t   *props;         /* of which of them */
    ptn_str_t            class;         /* of the message */
    bool                 places;        /* every `num` is a place */
    unsigned             depth;
} ptn_tnef_what_t;

typedef ptn_rc_t (*ptn_tnef_write_pt)(ptn_tnef_out_t *out,
    const ptn_tnef_attr_t *attr, const ptn_tnef_what_t *what);

#define PTN_TNEF_EXTRAS   4             /* of an attachment, at most */
#define PTN_TNEF_HEX_MAX  256           /* bytes of a key in an old attribute */
#define PTN_TNEF_WHO_MAX  4096          /* of a name or an address there */
#define PTN_TNEF_ICON     32            /* width and height that all write */

static const u_char  ptn_tnef_nul[8];


/* --- attributes ----------------------------------------------------------- */

static size_t
ptn_tnef_open(ptn_tnef_out_t *out, const ptn_tnef_attr_t *attr)
{
    ptn_buf_byte(&out->buf, attr->level);
    ptn_tnef_put_u32(out, attr->id);

    return ptn_tnef_begin(out);
}


static ptn_rc_t
ptn_tnef_close(ptn_tnef_out_t *out, size_t mark)
{
    ptn_tnef_put_u16(out, ptn_tnef_sum(ptn_tnef_end(out, mark)));

    return PTN_OK;
}


/* Of the row's property; false: the object has none of that type. */

static bool
ptn_tnef_value(const ptn_tnef_attr_t *attr, const ptn_tnef_what_t *what,
    ptn_str_t *ret)
{
    *ret = ptn_props_get(what->props, attr->tag);

    return ret->data != NULL;
}


static ptn_rc_t
ptn_tnef_write_version(ptn_tnef_out_t *out, const ptn_tnef_attr_t *attr,
    const ptn_tnef_what_t *what)
{
    size_t  mark;

    (void) what;

    mark = ptn_tnef_open(out, attr);
    ptn_tnef_put_u32(out, 0x00010000);

    return ptn_tnef_close(out, mark);
}


static ptn_rc_t
ptn_tnef_write_codepage(ptn_tnef_out_t *out, const ptn_tnef_attr_t *attr,
    const ptn_tnef_what_t *what)
{
    size_t  mark;

    (void) what;

    mark = ptn_tnef_open(out, attr);
    ptn_tnef_put_u32(out, out->tnef->codepage ? out->tnef->codepage
                                              : PTN_TNEF_ANSI);
    ptn_tnef_put_u32(out, 0);

    return ptn_tnef_close(out, mark);
}


static ptn_rc_t
ptn_tnef_write_string(ptn_tnef_out_t *out, const ptn_tnef_attr_t *attr,
    const ptn_tnef_what_t *what)
{
    size_t     mark;
    ptn_rc_t   rc;
    ptn_str_t  value;

    if (!ptn_tnef_value(attr, what, &value)) {
        return PTN_OK;
    }

    if (attr->kind == PTN_TNEF_CLASS) {
        value = ptn_tnef_class_old(value);
    }

    rc = ptn_tnef_bytes(out->pool, out->charset, value, &value);
    if (rc != PTN_OK) {
        return rc;
    }

    mark = ptn_tnef_open(out, attr);
    ptn_buf_str(&out->buf, value);
    ptn_buf_byte(&out->buf, '\0');

    return ptn_tnef_close(out, mark);
}


static ptn_rc_t
ptn_tnef_write_priority(ptn_tnef_out_t *out, const ptn_tnef_attr_t *attr,
    const ptn_tnef_what_t *what)
{
    size_t   mark;
    int64_t  n;

    if (!ptn_props_int(what->props, attr->tag, &n) || n < 0 || n > 2) {
        return PTN_OK;
    }

    mark = ptn_tnef_open(out, attr);
    ptn_tnef_put_u16(out, (unsigned) (3 - n));

    return ptn_tnef_close(out, mark);
}


static ptn_rc_t
ptn_tnef_write_date(ptn_tnef_out_t *out, const ptn_tnef_attr_t *attr,
    const ptn_tnef_what_t *what)
{
    u_char   dtr[14];
    size_t   mark;
    int64_t  n;

    if (!ptn_props_int(what->props, attr->tag, &n)
        || !ptn_tnef_date_put(n, dtr))
    {
        return PTN_OK;
    }

    mark = ptn_tnef_open(out, attr);
    ptn_buf_add(&out->buf, dtr, sizeof(dtr));

    return ptn_tnef_close(out, mark);
}


static ptn_rc_t
ptn_tnef_write_hex(ptn_tnef_out_t *out, const ptn_tnef_attr_t *attr,
    const ptn_tnef_what_t *what)
{
    size_t     i, mark;
    ptn_str_t  value;

    if (!ptn_tnef_value(attr, what, &value) || value.len == 0
        || value.len > PTN_TNEF_HEX_MAX)
    {
        return PTN_OK;
    }

    mark = ptn_tnef_open(out, attr);

    for (i = 0; i < value.len; i++) {
        ptn_buf_printf(&out->buf, "%02X", value.data[i]);
    }

    ptn_buf_byte(&out->buf, '\0');

    return ptn_tnef_close(out, mark);
}


static ptn_rc_t
ptn_tnef_write_status(ptn_tnef_out_t *out, const ptn_tnef_attr_t *attr,
    const ptn_tnef_what_t *what)
{
    size_t   i, mark;
    u_char   old;
    int64_t  n;

    if (!ptn_props_int(what->props, attr->tag, &n)) {
        return PTN_OK;
    }

    for (i = 0, old = 0; i < ptn_tnef_nstatus; i++) {
        if (!(n & ptn_tnef_status[i].flag) == ptn_tnef_status[i].inverse) {
            old |= ptn_tnef_status[i].old;
        }
    }

    mark = ptn_tnef_open(out, attr);
    ptn_buf_byte(&out->buf, old);

    return ptn_tnef_close(out, mark);
}


static ptn_rc_t
ptn_tnef_write_number(ptn_tnef_out_t *out, const ptn_tnef_attr_t *attr,
    const ptn_tnef_what_t *what)
{
    size_t   mark;
    int64_t  n;

    if (!ptn_props_int(what->props, attr->tag, &n)) {
        return PTN_OK;
    }

    mark = ptn_tnef_open(out, attr);

    if (attr->kind == PTN_TNEF_BOOL) {
        ptn_tnef_put_u16(out, n != 0);

    } else {
        ptn_tnef_put_u32(out, (uint32_t) n);
    }

    return ptn_tnef_close(out, mark);
}


static ptn_rc_t
ptn_tnef_write_binary(ptn_tnef_out_t *out, const ptn_tnef_attr_t *attr,
    const ptn_tnef_what_t *what)
{
    size_t     mark;
    ptn_str_t  value;

    if (!ptn_tnef_value(attr, what, &value)) {
        return PTN_OK;
    }

    mark = ptn_tnef_open(out, attr);
    ptn_buf_str(&out->buf, value);

    return ptn_tnef_close(out, mark);
}


/*
 * Name and "type:address" in the code page, each with its NUL; data NULL: they
 * are not all there, or do not fit.
 */

static ptn_rc_t
ptn_tnef_person(ptn_tnef_out_t *out, const ptn_tnef_what_t *what,
    const ptn_tnef_who_t *who, ptn_str_t *ret_name, ptn_str_t *ret_address)
{
    ptn_rc_t   rc;
    ptn_str_t  name, type, address;

    ret_name->data = NULL;

    name = ptn_props_get(what->props, who->name);
    type = ptn_props_get(what->props, who->type);
    address = ptn_props_get(what->props, who->address);

    if (name.data == NULL || type.data == NULL || address.data == NULL
        || name.len > PTN_TNEF_WHO_MAX || type.len > PTN_TNEF_WHO_MAX
        || address.len > PTN_TNEF_WHO_MAX)
    {
        return PTN_OK;
    }

    address = ptn_str_printf(out->pool, "%.*s:%.*s", ptn_str_arg(type),
                             ptn_str_arg(address));

    rc = ptn_tnef_bytes(out->pool, out->charset, name, &name);

    if (rc == PTN_OK) {
        rc = ptn_tnef_bytes(out->pool, out->charset, address, &address);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    *ret_name = ptn_str_dup(out->pool, name);       /* with NUL behind */
    *ret_address = ptn_str_dup(out->pool, address);

    if (ret_name->data == NULL || ret_address->data == NULL) {
        return PTN_ENOMEM;
    }

    ret_name->len++;
    ret_address->len++;

    return PTN_OK;
}


/*
 * As others write it: the name padded to two bytes, an empty TRP at the end,
 * which cbgrtrp counts.
 */

static ptn_rc_t
ptn_tnef_write_from(ptn_tnef_out_t *out, const ptn_tnef_attr_t *attr,
    const ptn_tnef_what_t *what)
{
    size_t     mark, pad;
    ptn_rc_t   rc;
    ptn_str_t  name, address;

    rc = ptn_tnef_person(out, what, ptn_tnef_who(attr->tag), &name, &address);

    if (rc != PTN_OK || name.data == NULL) {
        return rc;
    }

    pad = name.len % 2;
    mark = ptn_tnef_open(out, attr);

    ptn_tnef_put_u16(out, PTN_TNEF_ONE_OFF);
    ptn_tnef_put_u16(out, (unsigned) (16 + name.len + pad + address.len));
    ptn_tnef_put_u16(out, (unsigned) (name.len + pad));
    ptn_tnef_put_u16(out, (unsigned) address.len);
    ptn_buf_str(&out->buf, name);
    ptn_buf_add(&out->buf, ptn_tnef_nul, pad);
    ptn_buf_str(&out->buf, address);
    ptn_buf_add(&out->buf, ptn_tnef_nul, 8);

    return ptn_tnef_close(out, mark);
}


static ptn_rc_t
ptn_tnef_write_person(ptn_tnef_out_t *out, const ptn_tnef_attr_t *attr,
    const ptn_tnef_what_t *what)
{
    size_t                 mark;
    ptn_rc_t               rc;
    ptn_str_t              name, address;
    const ptn_tnef_who_t  *who;

    who = (attr->kind == PTN_TNEF_OWNER) ? ptn_tnef_owner(what->class)
                                         : ptn_tnef_who(attr->tag);

    rc = ptn_tnef_person(out, what, who, &name, &address);

    if (rc != PTN_OK || name.data == NULL) {
        return rc;
    }

    mark = ptn_tnef_open(out, attr);
    ptn_tnef_put_u16(out, (unsigned) name.len);
    ptn_buf_str(&out->buf, name);
    ptn_tnef_put_u16(out, (unsigned) address.len);
    ptn_buf_str(&out->buf, address);

    return ptn_tnef_close(out, mark);
}


/* --- lists ---------------------------------------------------------------- */

/* RECIPIENT_TYPE may have flags beside the type; where it says the same, it
 * stays as it is. */

static ptn_rc_t
ptn_tnef_write_recipients(ptn_tnef_out_t *out, const ptn_tnef_attr_t *attr,
    const ptn_tnef_what_t *what)
{
    size_t              mark, k;
    int64_t             n;
    uint32_t            i;
    ptn_rc_t            rc;
    ptn_tnef_extra_t    extra[2];
    const ptn_recip_t  *r;

    if (what->object->nrecips == 0) {
        return PTN_OK;
    }

    mark = ptn_tnef_open(out, attr);
    ptn_tnef_put_u32(out, what->object->nrecips);

    for (i = 0; i < what->object->nrecips; i++) {
        r = &what->object->recips[i];
        memset(extra, 0, sizeof(extra));
        k = 0;

        if (!ptn_props_int(&r->props, PTN_PR_RECIPIENT_TYPE, &n)
            || PTN_TNEF_RECIP_TYPE(n) != r->type)
        {
            extra[k].tag = PTN_PR_RECIPIENT_TYPE;
            extra[k++].n = r->type;
        }

        if (ptn_props_int(&r->props, PTN_PR_ROWID, &n)
            ? (uint32_t) n != r->row : r->row != i)
        {
            extra[k].tag = PTN_PR_ROWID;
            extra[k++].n = r->row;
        }

        rc = ptn_tnef_put_list(out, &r->props, extra, k, what->depth);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return ptn_tnef_close(out, mark);
}


static int64_t
ptn_tnef_method(const ptn_attach_t *a)
{
    int64_t  n;

    if (ptn_props_int(&a->props, PTN_PR_ATTACH_METHOD, &n)) {
        return n;
    }

    return a->embedded ? PTN_TNEF_EMBEDDED : PTN_TNEF_BY_VALUE;
}


static ptn_rc_t
ptn_tnef_write_rendering(ptn_tnef_out_t *out, const ptn_tnef_attr_t *attr,
    const ptn_tnef_what_t *what)
{
    size_t   mark;
    int64_t  position;

    if (!ptn_props_int(what->props, PTN_PR_RENDERING_POSITION, &position)) {
        position = -1;
    }

    mark = ptn_tnef_open(out, attr);
    ptn_tnef_put_u16(out, ptn_tnef_method(what->attach) == PTN_TNEF_OLE
                          ? 2 : 1);
    ptn_tnef_put_u32(out, (uint32_t) position);
    ptn_tnef_put_u16(out, PTN_TNEF_ICON);
    ptn_tnef_put_u16(out, PTN_TNEF_ICON);
    ptn_tnef_put_u32(out, ptn_str_eq(ptn_props_get(what->props,
                                                   PTN_PR_ATTACH_ENCODING),
                                     ptn_tnef_macbinary)
                          ? PTN_TNEF_MACBINARY : 0);

    return ptn_tnef_close(out, mark);
}


static ptn_rc_t
ptn_tnef_write_data(ptn_tnef_out_t *out, const ptn_tnef_attr_t *attr,
    const ptn_tnef_what_t *what)
{
    size_t   mark;
    int64_t  method;

    method = ptn_tnef_method(what->attach);

    if (what->attach->embedded != NULL || method == PTN_TNEF_OLE
        || (what->attach->data.len == 0 && method != PTN_TNEF_BY_VALUE))
    {
        return PTN_OK;
    }

    mark = ptn_tnef_open(out, attr);
    ptn_buf_str(&out->buf, what->attach->data);

    return ptn_tnef_close(out, mark);
}


/* A compound file (MS-CFB 2.2) is a storage, anything else a stream. */

static const ptn_guid_t *
ptn_tnef_ole_iid(ptn_str_t data)
{
    return (data.len >= 8
            && memcmp(data.data, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8) == 0)
           ? &ptn_tnef_iid_storage : &ptn_tnef_iid_stream;
}


static size_t
ptn_tnef_attach_extras(const ptn_tnef_what_t *what, ptn_tnef_extra_t *extra)
{
    size_t               k;
    int64_t              n;
    const ptn_attach_t  *a;

    a = what->attach;
    memset(extra, 0, PTN_TNEF_EXTRAS * sizeof(ptn_tnef_extra_t));

    extra[0].tag = PTN_PR_ATTACH_DATA_OBJ;
    extra[0].embedded = a->embedded;
    extra[0].iid = ptn_tnef_ole_iid(a->data);
    extra[0].data = a->data;
    extra[0].none = a->embedded == NULL
                    && ptn_tnef_method(a) != PTN_TNEF_OLE;
    k = 1;

    if (ptn_props_get(&a->props, PTN_PR_ATTACH_RENDERING).data != NULL) {
        extra[k].tag = PTN_PR_ATTACH_RENDERING;     /* attAttachMetaFile */
        extra[k++].none = true;
    }

    if (!ptn_props_int(&a->props, PTN_PR_ATTACH_METHOD, &n)) {
        extra[k].tag = PTN_PR_ATTACH_METHOD;
        extra[k++].n = ptn_tnef_method(a);
    }

    if (ptn_props_int(&a->props, PTN_PR_ATTACH_NUM, &n)
        ? (uint32_t) n != a->num : !what->places)
    {
        extra[k].tag = PTN_PR_ATTACH_NUM;
        extra[k++].n = a->num;
    }

    return k;
}


static ptn_rc_t
ptn_tnef_write_properties(ptn_tnef_out_t *out, const ptn_tnef_attr_t *attr,
    const ptn_tnef_what_t *what)
{
    size_t            mark, k;
    ptn_rc_t          rc;
    ptn_tnef_extra_t  extra[PTN_TNEF_EXTRAS];

    k = what->attach ? ptn_tnef_attach_extras(what, extra) : 0;

    if (k == 0 && what->props->n == 0) {
        return PTN_OK;
    }

    mark = ptn_tnef_open(out, attr);

    rc = ptn_tnef_put_list(out, what->props, extra, k, what->depth);

    return rc == PTN_OK ? ptn_tnef_close(out, mark) : rc;
}


static const ptn_tnef_write_pt  ptn_tnef_writers[PTN_TNEF_NKINDS] = {
    [PTN_TNEF_VERSION] = ptn_tnef_write_version,
    [PTN_TNEF_CODEPAGE] = ptn_tnef_write_codepage,
    [PTN_TNEF_CLASS] = ptn_tnef_write_string,
    [PTN_TNEF_STRING] = ptn_tnef_write_string,
    [PTN_TNEF_PRIORITY] = ptn_tnef_write_priority,
    [PTN_TNEF_DATE] = ptn_tnef_write_date,
    [PTN_TNEF_HEX] = ptn_tnef_write_hex,
    [PTN_TNEF_STATUS] = ptn_tnef_write_status,
    [PTN_TNEF_LONG] = ptn_tnef_write_number,
    [PTN_TNEF_BOOL] = ptn_tnef_write_number,
    [PTN_TNEF_BINARY] = ptn_tnef_write_binary,
    [PTN_TNEF_FROM] = ptn_tnef_write_from,
    [PTN_TNEF_PERSON] = ptn_tnef_write_person,
    [PTN_TNEF_OWNER] = ptn_tnef_write_person,
    [PTN_TNEF_RENDERING] = ptn_tnef_write_rendering,
    [PTN_TNEF_DATA] = ptn_tnef_write_data,
    [PTN_TNEF_RECIPIENTS] = ptn_tnef_write_recipients,
    [PTN_TNEF_PROPERTIES] = ptn_tnef_write_properties,
};


/* --- the stream ----------------------------------------------------------- */

static ptn_rc_t
ptn_tnef_put_level(ptn_tnef_out_t *out, const ptn_tnef_what_t *what,
    unsigned level)
{
    size_t                  i;
    ptn_rc_t                rc;
    const ptn_tnef_attr_t  *attr;

    for (i = 0, rc = PTN_OK; rc == PTN_OK && i < ptn_tnef_nattrs; i++) {
        attr = &ptn_tnef_attrs[i];

        if (attr->level == level && attr->when != PTN_TNEF_NEVER
            && (attr->when != PTN_TNEF_MEETING
                || ptn_tnef_is_meeting(what->class)))
        {
            rc = ptn_tnef_writers[attr->kind](out, attr, what);
        }
    }

    return rc;
}


ptn_rc_t
ptn_tnef_put_stream(ptn_tnef_out_t *out, const ptn_object_t *object,
    unsigned depth)
{
    uint32_t         i;
    ptn_rc_t         rc;
    ptn_tnef_what_t  what;

    if (depth > PTN_OBJECT_NESTING_MAX) {
        return PTN_ETOOBIG;
    }

    memset(&what, 0, sizeof(what));
    what.object = object;
    what.props = &object->props;
    what.class = ptn_props_get(&object->props, PTN_PR_MESSAGE_CLASS);
    what.depth = depth;

    ptn_tnef_put_u32(out, PTN_TNEF_SIGNATURE);
    ptn_tnef_put_u16(out, out->tnef->key ? out->tnef->key : 1);

    rc = ptn_tnef_put_level(out, &what, PTN_TNEF_MESSAGE);

    for (i = 0, what.places = true; i < object->nattachs; i++) {
        what.places = what.places && object->attachs[i].num == i;
    }

    for (i = 0; rc == PTN_OK && i < object->nattachs; i++) {
        what.attach = &object->attachs[i];
        what.props = &what.attach->props;

        if (what.attach->embedded == NULL && !what.attach->has_data) {
            return PTN_EINVAL;
        }

        rc = ptn_tnef_put_level(out, &what, PTN_TNEF_ATTACHMENT);
    }

    return rc;
}


ptn_rc_t
ptn_tnef_write(ptn_pool_t *pool, const ptn_tnef_t *tnef,
    ptn_str_t *ret_bytes)
{
    ptn_rc_t        rc;
    ptn_tnef_out_t  out;

    memset(&out, 0, sizeof(out));
    out.pool = pool;
    out.tnef = tnef;
    out.charset = ptn_tnef_charset(pool, tnef->codepage ? tnef->codepage
                                                        : PTN_TNEF_ANSI);
    ptn_buf_init(&out.buf, pool);

    rc = ptn_tnef_put_stream(&out, tnef->object, 0);

    if (rc != PTN_OK) {
        return rc;
    }

    if (out.buf.failed || ptn_pool_failed(pool)) {
        return PTN_ENOMEM;
    }

    if (out.toobig) {
        return PTN_ETOOBIG;
    }

    *ret_bytes = ptn_buf_get(&out.buf);

    return PTN_OK;
}
