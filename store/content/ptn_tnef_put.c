#include "ptn_tnef_in.h"


/* The form of a list stands in ptn_tnef_list.c. */

static const u_char  ptn_tnef_zeros[8];


/* --- numbers -------------------------------------------------------------- */

void
ptn_tnef_put_u16(ptn_tnef_out_t *out, unsigned n)
{
    u_char  p[2];

    ptn_tnef_put_le16(p, n);
    ptn_buf_add(&out->buf, p, sizeof(p));
}


void
ptn_tnef_put_u32(ptn_tnef_out_t *out, uint32_t n)
{
    u_char  p[4];

    ptn_put_le32(p, n);
    ptn_buf_add(&out->buf, p, sizeof(p));
}


/* Behind something of `len` bytes. */

void
ptn_tnef_put_pad(ptn_tnef_out_t *out, size_t len)
{
    ptn_buf_add(&out->buf, ptn_tnef_zeros, (4 - len % 4) % 4);
}


size_t
ptn_tnef_begin(ptn_tnef_out_t *out)
{
    ptn_tnef_put_u32(out, 0);

    return out->buf.len;
}


ptn_str_t
ptn_tnef_end(ptn_tnef_out_t *out, size_t mark)
{
    size_t  len;

    if (out->buf.failed) {
        return ptn_str_make(ptn_tnef_zeros, 0);
    }

    len = out->buf.len - mark;

    if (len > INT32_MAX) {
        out->toobig = true;
    }

    ptn_put_le32(out->buf.data + mark - 4, (uint32_t) len);

    return ptn_str_make(out->buf.data + mark, len);
}


/* --- properties ----------------------------------------------------------- */

bool
ptn_tnef_has_type(uint32_t tag)
{
    uint32_t  type;

    type = ptn_prop_type(tag) & ~(uint32_t) PTN_PT_MV;

    if (ptn_prop_size(type) != 0 || type == PTN_PT_STRING8
        || type == PTN_PT_UNICODE || type == PTN_PT_BINARY)
    {
        return true;
    }

    return ptn_prop_type(tag) == PTN_PT_OBJECT;
}


static ptn_rc_t
ptn_tnef_put_name(ptn_tnef_out_t *out, uint16_t id)
{
    size_t              mark, len;
    const ptn_named_t  *name;

    if ((uint32_t) (id - PTN_NAMED_FIRST) >= out->tnef->nnames) {
        return PTN_EINVAL;
    }

    name = &out->tnef->names[id - PTN_NAMED_FIRST];

    ptn_buf_add(&out->buf, name->set.b, sizeof(name->set.b));
    ptn_tnef_put_u32(out, name->by_name);

    if (!name->by_name) {
        ptn_tnef_put_u32(out, name->lid);
        return PTN_OK;
    }

    mark = ptn_tnef_begin(out);
    ptn_buf_utf16(&out->buf, name->name);
    ptn_buf_add(&out->buf, ptn_tnef_zeros, 2);
    len = ptn_tnef_end(out, mark).len;
    ptn_tnef_put_pad(out, len);

    return PTN_OK;
}


/* `type` without PTN_PT_MV. */

static void
ptn_tnef_put_value(ptn_tnef_out_t *out, uint32_t type, ptn_str_t value)
{
    size_t  mark, len;

    if (ptn_prop_size(type) != 0) {
        ptn_buf_str(&out->buf, value);
        ptn_tnef_put_pad(out, value.len);
        return;
    }

    mark = ptn_tnef_begin(out);

    if (type == PTN_PT_UNICODE) {
        ptn_buf_utf16(&out->buf, value);
        ptn_buf_add(&out->buf, ptn_tnef_zeros, 2);

    } else {
        ptn_buf_str(&out->buf, value);
    }

    len = ptn_tnef_end(out, mark).len;
    ptn_tnef_put_pad(out, len);
}


static ptn_rc_t
ptn_tnef_put_prop(ptn_tnef_out_t *out, uint32_t tag, ptn_str_t value)
{
    size_t     size;
    ptn_rc_t   rc;
    uint32_t   type, mv;
    ptn_str_t  v;

    if (!ptn_tnef_has_type(tag)) {
        return PTN_ESUPPORT;
    }

    mv = tag & PTN_PT_MV;
    type = ptn_prop_type(tag) & ~(uint32_t) PTN_PT_MV;
    size = ptn_prop_size(type);

    if (type == PTN_PT_STRING8) {
        type = PTN_PT_UNICODE;          /* it is UTF-8 within postern */
    }

    if (ptn_prop_id(tag) == 0
        || (mv ? !ptn_mv_check(tag, value) : size != 0 && value.len != size)
        || (type == PTN_PT_OBJECT && value.len < sizeof(ptn_guid_t)))
    {
        return PTN_EINVAL;
    }

    ptn_tnef_put_u32(out, (uint32_t) ptn_prop_id(tag) << 16 | mv | type);

    if (ptn_prop_id(tag) >= PTN_NAMED_FIRST) {
        rc = ptn_tnef_put_name(out, ptn_prop_id(tag));
        if (rc != PTN_OK) {
            return rc;
        }
    }

    if (mv) {
        ptn_tnef_put_u32(out, ptn_mv_count(value));
        value = ptn_mv_rest(value);

        while (value.len != 0 && ptn_mv_next(tag, &value, &v)) {
            ptn_tnef_put_value(out, type, v);
        }

        return PTN_OK;
    }

    if (size == 0) {
        ptn_tnef_put_u32(out, 1);
    }

    ptn_tnef_put_value(out, type, value);

    return PTN_OK;
}


static ptn_rc_t
ptn_tnef_put_extra(ptn_tnef_out_t *out, const ptn_tnef_extra_t *extra,
    unsigned depth)
{
    size_t             mark, len;
    ptn_rc_t           rc;
    const ptn_guid_t  *iid;

    ptn_tnef_put_u32(out, extra->tag);

    if (ptn_prop_type(extra->tag) == PTN_PT_LONG) {
        ptn_tnef_put_u32(out, (uint32_t) extra->n);
        return PTN_OK;
    }

    iid = extra->embedded ? &ptn_tnef_iid_message : extra->iid;
    rc = PTN_OK;

    ptn_tnef_put_u32(out, 1);
    mark = ptn_tnef_begin(out);
    ptn_buf_add(&out->buf, iid->b, sizeof(iid->b));

    if (extra->embedded != NULL) {
        rc = ptn_tnef_put_stream(out, extra->embedded, depth + 1);

    } else {
        ptn_buf_str(&out->buf, extra->data);
    }

    len = ptn_tnef_end(out, mark).len;
    ptn_tnef_put_pad(out, len);

    return rc;
}


ptn_rc_t
ptn_tnef_put_list(ptn_tnef_out_t *out, const ptn_props_t *props,
    const ptn_tnef_extra_t *extras, size_t n, unsigned depth)
{
    size_t    k, at;
    uint32_t  i, count;
    ptn_rc_t  rc;

    ptn_tnef_put_u32(out, 0);
    at = out->buf.len;

    for (i = 0, count = 0, rc = PTN_OK; rc == PTN_OK && i < props->n; i++) {
        for (k = 0; k < n; k++) {
            if (ptn_prop_id(extras[k].tag) == ptn_prop_id(props->p[i].tag)) {
                break;
            }
        }

        if (k == n) {
            rc = ptn_tnef_put_prop(out, props->p[i].tag, props->p[i].value);
            count++;
        }
    }

    for (k = 0; rc == PTN_OK && k < n; k++) {
        if (!extras[k].none) {
            rc = ptn_tnef_put_extra(out, &extras[k], depth);
            count++;
        }
    }

    if (rc == PTN_OK && !out->buf.failed) {
        ptn_put_le32(out->buf.data + at - 4, count);
    }

    return rc;
}
