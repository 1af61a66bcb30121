#include "ptn_wire.h"


const u_char *
ptn_wire_take(ptn_wire_in_t *in, size_t n)
{
    const u_char  *p;

    if ((size_t) (in->end - in->p) < n) {
        return NULL;
    }

    p = in->p;
    in->p += n;

    return p;
}


static uint64_t
ptn_wire_int(const u_char *p, size_t n)
{
    uint64_t  v;

    for (v = 0; n-- > 0; /* void */ ) {
        v = v << 8 | p[n];
    }

    return v;
}


/* An integer member of the host. */
static uint64_t
ptn_wire_get(const void *p, size_t size)
{
    uint8_t   u8;
    uint16_t  u16;
    uint32_t  u32;
    uint64_t  u64;

    switch (size) {

    case 1:
        memcpy(&u8, p, 1);
        return u8;

    case 2:
        memcpy(&u16, p, 2);
        return u16;

    case 4:
        memcpy(&u32, p, 4);
        return u32;

    default:
        memcpy(&u64, p, 8);
        return u64;
    }
}


static void
ptn_wire_set(void *p, size_t size, uint64_t v)
{
    uint8_t   u8 = (uint8_t) v;
    uint16_t  u16 = (uint16_t) v;
    uint32_t  u32 = (uint32_t) v;

    switch (size) {

    case 1:
        memcpy(p, &u8, 1);
        return;

    case 2:
        memcpy(p, &u16, 2);
        return;

    case 4:
        memcpy(p, &u32, 4);
        return;

    default:
        memcpy(p, &v, 8);
    }
}


uint64_t
ptn_wire_arg(const ptn_wire_row_t *row, const void *val)
{
    return ptn_wire_get((const u_char *) val + row->arg, row->arg_size);
}


uint64_t
ptn_wire_count(const ptn_wire_row_t *row, const void *val)
{
    switch (row->form) {

    case PTN_WIRE_ARR:
        return row->n;

    case PTN_WIRE_VEC:
        return ptn_wire_arg(row, val);

    case PTN_WIRE_WHEN:
        return (ptn_wire_arg(row, val) & row->n) != 0;

    case PTN_WIRE_UNLESS:
        return (ptn_wire_arg(row, val) & row->n) == 0;

    case PTN_WIRE_IS:
        return ptn_wire_arg(row, val) == row->n;

    default:
        return 1;
    }
}


/* --- reading ------------------------------------------------------------- */

static ptn_rc_t ptn_wire_pull_all(const ptn_wire_t *w, ptn_wire_in_t *in,
    void *ret);


static ptn_rc_t
ptn_wire_pull_str8z(ptn_wire_in_t *in, ptn_str_t *s)
{
    const u_char  *p, *end;

    p = in->p;
    end = p == in->end ? NULL : memchr(p, 0, (size_t) (in->end - p));

    if (end == NULL) {
        return PTN_ETRUNC;
    }

    *s = ptn_str_make(p, (size_t) (end - p));

    return ptn_wire_take(in, s->len + 1) ? PTN_OK : PTN_ETRUNC;
}


static ptn_rc_t
ptn_wire_pull_str16z(ptn_wire_in_t *in, ptn_str_t *s)
{
    const u_char  *start, *p;

    start = in->p;

    do {
        p = ptn_wire_take(in, 2);
        if (p == NULL) {
            return PTN_ETRUNC;
        }
    } while (p[0] != 0 || p[1] != 0);

    *s = ptn_str_make(start, (size_t) (p - start));

    return PTN_OK;
}


static ptn_rc_t
ptn_wire_pull_bin(ptn_wire_in_t *in, size_t width, ptn_str_t *s)
{
    size_t         n;
    const u_char  *p;

    p = ptn_wire_take(in, width);
    if (p == NULL) {
        return PTN_ETRUNC;
    }

    n = (size_t) ptn_wire_int(p, width);

    p = ptn_wire_take(in, n);
    if (p == NULL) {
        return PTN_ETRUNC;
    }

    *s = ptn_str_make(p, n);

    return PTN_OK;
}


static ptn_rc_t
ptn_wire_pull_one(const ptn_wire_row_t *row, ptn_wire_in_t *in,
    const void *base, void *member)
{
    const u_char  *p;

    switch (row->kind) {

    case PTN_WIRE_KIND_u8:
    case PTN_WIRE_KIND_u16:
    case PTN_WIRE_KIND_u32:
    case PTN_WIRE_KIND_u64:
        p = ptn_wire_take(in, row->size);
        if (p == NULL) {
            return PTN_ETRUNC;
        }
        ptn_wire_set(member, row->size, ptn_wire_int(p, row->size));
        return PTN_OK;

    case PTN_WIRE_KIND_guid:
        p = ptn_wire_take(in, sizeof(ptn_guid_t));
        if (p == NULL) {
            return PTN_ETRUNC;
        }
        memcpy(member, p, sizeof(ptn_guid_t));
        return PTN_OK;

    case PTN_WIRE_KIND_str8z:
        return ptn_wire_pull_str8z(in, member);

    case PTN_WIRE_KIND_str16z:
        return ptn_wire_pull_str16z(in, member);

    case PTN_WIRE_KIND_bin16:
        return ptn_wire_pull_bin(in, 2, member);

    case PTN_WIRE_KIND_bin32:
        return ptn_wire_pull_bin(in, 4, member);

    case PTN_WIRE_KIND_sub:
        return ptn_wire_pull_all(row->sub, in, member);

    case PTN_WIRE_KIND_hook:
        return row->hook->pull(in, base, member);
    }

    return PTN_EINTERNAL;
}


/*
 * Fewest bytes of the input that an element takes: a count that promises more
 * elements than the input can hold is refused before memory is asked for.
 */
static size_t
ptn_wire_least(const ptn_wire_row_t *row)
{
    switch (row->kind) {

    case PTN_WIRE_KIND_u16:
    case PTN_WIRE_KIND_u32:
    case PTN_WIRE_KIND_u64:
    case PTN_WIRE_KIND_guid:
        return row->size;

    case PTN_WIRE_KIND_str16z:
    case PTN_WIRE_KIND_bin16:
        return 2;

    case PTN_WIRE_KIND_bin32:
        return 4;

    default:
        return 1;
    }
}


static ptn_rc_t
ptn_wire_pull_row(const ptn_wire_row_t *row, ptn_wire_in_t *in, u_char *base)
{
    u_char    *member;
    ptn_rc_t   rc;
    uint64_t   i, n;

    member = base + row->off;
    n = ptn_wire_count(row, base);

    if (row->form == PTN_WIRE_VEC) {

        if (n > (uint64_t) (in->end - in->p) / ptn_wire_least(row)) {
            return PTN_ETRUNC;
        }

        member = ptn_parray(in->pool, (size_t) n, row->size);
        if (member == NULL) {
            return PTN_ENOMEM;
        }

        memset(member, 0, (size_t) n * row->size);
        memcpy(base + row->off, &member, sizeof(member));
    }

    for (i = 0; i < n; i++) {
        rc = ptn_wire_pull_one(row, in, base, member + i * row->size);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_wire_pull_all(const ptn_wire_t *w, ptn_wire_in_t *in, void *ret)
{
    size_t    i;
    ptn_rc_t  rc;

    memset(ret, 0, w->size);

    for (i = 0; i < w->n; i++) {
        rc = ptn_wire_pull_row(&w->rows[i], in, ret);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


ptn_rc_t
ptn_wire_pull(const ptn_wire_t *w, ptn_pool_t *pool, ptn_str_t *in, void *ret)
{
    ptn_rc_t       rc;
    ptn_wire_in_t  c;

    c.p = in->len ? in->data : (const u_char *) "";
    c.end = c.p + in->len;
    c.pool = pool;

    rc = ptn_wire_pull_all(w, &c, ret);

    if (rc == PTN_OK) {
        *in = ptn_str_make(c.p, (size_t) (c.end - c.p));
    }

    return rc;
}


/* --- writing ------------------------------------------------------------- */

static void
ptn_wire_put_int(ptn_buf_t *out, uint64_t v, size_t n)
{
    u_char  p[8];
    size_t  i;

    for (i = 0; i < n; i++) {
        p[i] = (u_char) (v >> (8 * i));
    }

    ptn_buf_add(out, p, n);
}


static ptn_rc_t
ptn_wire_push_str8z(ptn_buf_t *out, ptn_str_t s)
{
    if (s.len != 0 && memchr(s.data, 0, s.len) != NULL) {
        return PTN_EINVAL;
    }

    ptn_buf_str(out, s);
    ptn_buf_byte(out, 0);

    return PTN_OK;
}


static ptn_rc_t
ptn_wire_push_str16z(ptn_buf_t *out, ptn_str_t s)
{
    size_t  i;

    if (s.len % 2 != 0) {
        return PTN_EINVAL;
    }

    for (i = 0; i < s.len; i += 2) {
        if (s.data[i] == 0 && s.data[i + 1] == 0) {
            return PTN_EINVAL;
        }
    }

    ptn_buf_str(out, s);
    ptn_buf_add(out, "\0", 2);

    return PTN_OK;
}


static ptn_rc_t
ptn_wire_push_bin(ptn_buf_t *out, size_t width, ptn_str_t s)
{
    if (s.len > (width == 2 ? UINT16_MAX : UINT32_MAX)) {
        return PTN_ETOOBIG;
    }

    ptn_wire_put_int(out, s.len, width);
    ptn_buf_str(out, s);

    return PTN_OK;
}


static ptn_rc_t
ptn_wire_push_one(const ptn_wire_row_t *row, ptn_buf_t *out, const void *base,
    const void *member)
{
    switch (row->kind) {

    case PTN_WIRE_KIND_u8:
    case PTN_WIRE_KIND_u16:
    case PTN_WIRE_KIND_u32:
    case PTN_WIRE_KIND_u64:
        ptn_wire_put_int(out, ptn_wire_get(member, row->size), row->size);
        return PTN_OK;

    case PTN_WIRE_KIND_guid:
        ptn_buf_add(out, member, sizeof(ptn_guid_t));
        return PTN_OK;

    case PTN_WIRE_KIND_str8z:
        return ptn_wire_push_str8z(out, *(const ptn_str_t *) member);

    case PTN_WIRE_KIND_str16z:
        return ptn_wire_push_str16z(out, *(const ptn_str_t *) member);

    case PTN_WIRE_KIND_bin16:
        return ptn_wire_push_bin(out, 2, *(const ptn_str_t *) member);

    case PTN_WIRE_KIND_bin32:
        return ptn_wire_push_bin(out, 4, *(const ptn_str_t *) member);

    case PTN_WIRE_KIND_sub:
        return ptn_wire_push(row->sub, out, member);

    case PTN_WIRE_KIND_hook:
        return row->hook->push(out, base, member);
    }

    return PTN_EINTERNAL;
}


/* Where the row's elements are. */
static const u_char *
ptn_wire_elements(const ptn_wire_row_t *row, const void *val)
{
    const u_char  *member, *vec;

    member = (const u_char *) val + row->off;

    if (row->form != PTN_WIRE_VEC) {
        return member;
    }

    memcpy(&vec, member, sizeof(vec));

    return vec;
}


ptn_rc_t
ptn_wire_push(const ptn_wire_t *w, ptn_buf_t *out, const void *val)
{
    size_t                 i;
    ptn_rc_t               rc;
    uint64_t               k, n;
    const u_char          *e;
    const ptn_wire_row_t  *row;

    for (i = 0; i < w->n; i++) {
        row = &w->rows[i];
        n = ptn_wire_count(row, val);
        e = ptn_wire_elements(row, val);

        if (e == NULL && n != 0) {
            return PTN_EINVAL;
        }

        for (k = 0; k < n; k++, e += row->size) {
            rc = ptn_wire_push_one(row, out, val, e);
            if (rc != PTN_OK) {
                return rc;
            }
        }
    }

    return out->failed ? PTN_ENOMEM : PTN_OK;
}


/* --- dumping ------------------------------------------------------------- */

static void
ptn_wire_dump_indent(ptn_buf_t *out, unsigned indent)
{
    while (indent-- > 0) {
        ptn_buf_z(out, "    ");
    }
}


static void
ptn_wire_dump_text(ptn_buf_t *out, ptn_str_t s, size_t step)
{
    size_t    i;
    uint32_t  c;

    ptn_buf_byte(out, '"');

    for (i = 0; i + step <= s.len; i += step) {
        c = (uint32_t) ptn_wire_int(s.data + i, step);

        if (c == '"' || c == '\\') {
            ptn_buf_printf(out, "\\%c", (int) c);

        } else if (c >= 0x20 && c < 0x7f) {
            ptn_buf_byte(out, (u_char) c);

        } else {
            ptn_buf_printf(out, step == 1 ? "\\x%02x" : "\\u%04x", c);
        }
    }

    ptn_buf_byte(out, '"');
}


static void
ptn_wire_dump_hex(ptn_buf_t *out, ptn_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        ptn_buf_printf(out, "%02x", s.data[i]);
    }
}


static void
ptn_wire_dump_one(const ptn_wire_row_t *row, ptn_buf_t *out, const void *base,
    const void *member, unsigned indent)
{
    ptn_str_t  s;

    switch (row->kind) {

    case PTN_WIRE_KIND_u8:
    case PTN_WIRE_KIND_u16:
    case PTN_WIRE_KIND_u32:
    case PTN_WIRE_KIND_u64:
        ptn_buf_printf(out, "0x%0*llx", row->size * 2,
                       (unsigned long long) ptn_wire_get(member, row->size));
        break;

    case PTN_WIRE_KIND_guid:
        ptn_wire_dump_hex(out, ptn_str_make(member, sizeof(ptn_guid_t)));
        break;

    case PTN_WIRE_KIND_str8z:
        ptn_wire_dump_text(out, *(const ptn_str_t *) member, 1);
        break;

    case PTN_WIRE_KIND_str16z:
        ptn_wire_dump_text(out, *(const ptn_str_t *) member, 2);
        break;

    case PTN_WIRE_KIND_bin16:
    case PTN_WIRE_KIND_bin32:
        s = *(const ptn_str_t *) member;
        ptn_buf_printf(out, "%zu bytes ", s.len);
        ptn_wire_dump_hex(out, s);
        break;

    case PTN_WIRE_KIND_sub:
        ptn_buf_z(out, "{\n");
        ptn_wire_dump(row->sub, out, member, indent + 1);
        ptn_wire_dump_indent(out, indent);
        ptn_buf_byte(out, '}');
        break;

    case PTN_WIRE_KIND_hook:
        row->hook->dump(out, base, member);
        break;
    }

    ptn_buf_byte(out, '\n');
}


void
ptn_wire_dump(const ptn_wire_t *w, ptn_buf_t *out, const void *val,
    unsigned indent)
{
    size_t                 i;
    uint64_t               k, n;
    const u_char          *e;
    const ptn_wire_row_t  *row;

    for (i = 0; i < w->n; i++) {
        row = &w->rows[i];
        n = ptn_wire_count(row, val);
        e = ptn_wire_elements(row, val);

        for (k = 0; k < n; k++, e += row->size) {
            ptn_wire_dump_indent(out, indent);
            ptn_buf_z(out, row->name);

            if (row->form == PTN_WIRE_ARR || row->form == PTN_WIRE_VEC) {
                ptn_buf_printf(out, "[%u]", (unsigned) k);
            }

            ptn_buf_z(out, ": ");
            ptn_wire_dump_one(row, out, val, e, indent);
        }
    }
}
