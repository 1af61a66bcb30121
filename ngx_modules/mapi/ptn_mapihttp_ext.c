#include "ptn_lzxpress.h"
#include "ptn_mapihttp.h"


/* RPC_HEADER_EXT: Version, Flags, Size, SizeActual, 16 bits each. */

#define PTN_EXT_COMPRESSED  0x0001
#define PTN_EXT_XOR_MAGIC   0x0002
#define PTN_EXT_LAST        0x0004

/* Below this compression does not pay. */
#define PTN_EXT_PACK_MIN    1024


static uint16_t
ptn_ext_get(const u_char *p, unsigned i)
{
    return (uint16_t) (p[2 * i] | p[2 * i + 1] << 8);
}


static void
ptn_ext_put(u_char *p, unsigned i, size_t v)
{
    p[2 * i] = (u_char) v;
    p[2 * i + 1] = (u_char) (v >> 8);
}


ptn_rc_t
ptn_mapi_ext_pull(ptn_pool_t *pool, ptn_str_t *in, ptn_str_t *ret_payload,
    bool *ret_last)
{
    size_t      size, actual;
    u_char     *p;
    ptn_rc_t    rc;
    uint16_t    flags;
    ptn_str_t   data;

    if (in->len < PTN_MAPI_EXT_LEN) {
        return PTN_ETRUNC;
    }

    flags = ptn_ext_get(in->data, 1);
    size = ptn_ext_get(in->data, 2);
    actual = ptn_ext_get(in->data, 3);

    if (ptn_ext_get(in->data, 0) != 0
        || (flags & ~(PTN_EXT_COMPRESSED|PTN_EXT_XOR_MAGIC|PTN_EXT_LAST))
        || size > in->len - PTN_MAPI_EXT_LEN
        || actual > PTN_ROP_BUFFER_MAX
        || (flags & PTN_EXT_COMPRESSED ? size >= actual : size != actual))
    {
        return PTN_EPARSE;
    }

    data = ptn_str_make(in->data + PTN_MAPI_EXT_LEN, size);

    in->data += PTN_MAPI_EXT_LEN + size;
    in->len -= PTN_MAPI_EXT_LEN + size;

    if (flags & PTN_EXT_XOR_MAGIC) {
        data.data = ptn_pmemdup(pool, data.data, data.len);
        if (data.data == NULL) {
            return PTN_ENOMEM;
        }

        ptn_xor_magic(data.data, data.len);
    }

    if (flags & PTN_EXT_COMPRESSED) {
        p = ptn_palloc(pool, actual);
        if (p == NULL) {
            return PTN_ENOMEM;
        }

        rc = ptn_lzxpress_unpack(data, p, actual);
        if (rc != PTN_OK) {
            return rc;
        }

        data = ptn_str_make(p, actual);
    }

    *ret_payload = data;
    *ret_last = flags & PTN_EXT_LAST;

    return PTN_OK;
}


void
ptn_mapi_ext_seal(ptn_buf_t *out, size_t at, uint32_t flags)
{
    size_t    actual, size;
    u_char   *p, *packed;
    uint16_t  ext;

    if (out->failed) {
        return;
    }

    actual = out->len - at - PTN_MAPI_EXT_LEN;
    size = actual;
    ext = 0;

    if (!(flags & PTN_MAPI_NO_COMPRESSION) && actual >= PTN_EXT_PACK_MIN) {

        packed = ptn_palloc(out->pool, actual);
        p = out->data + at + PTN_MAPI_EXT_LEN;

        if (packed != NULL) {
            size = ptn_lzxpress_pack(ptn_str_make(p, actual), packed,
                                     actual - 1);
        }

        if (packed == NULL || size == 0) {
            size = actual;

        } else {
            memcpy(p, packed, size);
            out->len = at + PTN_MAPI_EXT_LEN + size;
            ext |= PTN_EXT_COMPRESSED;
        }
    }

    p = out->data + at;

    if (!(flags & PTN_MAPI_NO_XOR_MAGIC) && !(ext & PTN_EXT_COMPRESSED)) {
        ptn_xor_magic(p + PTN_MAPI_EXT_LEN, size);
        ext |= PTN_EXT_XOR_MAGIC;
    }

    ptn_ext_put(p, 0, 0);
    ptn_ext_put(p, 1, ext);
    ptn_ext_put(p, 2, size);
    ptn_ext_put(p, 3, actual);
}


void
ptn_mapi_ext_last(ptn_buf_t *out, size_t at)
{
    if (!out->failed) {
        out->data[at + 2] |= PTN_EXT_LAST;
    }
}


/* --- Execute's payloads -------------------------------------------------- */

typedef struct {
    ptn_buf_t  *out;
    size_t      start;          /* of all */
    size_t      at;             /* of the last header */
    uint32_t    flags;
    size_t      max;            /* all, with headers */
    unsigned    count;
} ptn_ext_out_t;


/* Room for another payload; 0: there is none. */

static size_t
ptn_ext_room(const ptn_ext_out_t *e)
{
    size_t  used;

    used = e->out->len - e->start + PTN_MAPI_EXT_LEN;

    return e->max <= used || e->count == PTN_MAPI_PAYLOADS_MAX
           ? 0 : ptn_min(e->max - used, (size_t) PTN_ROP_BUFFER_MAX);
}


static void
ptn_ext_begin(ptn_ext_out_t *e)
{
    static const u_char  head[PTN_MAPI_EXT_LEN];

    e->at = e->out->len;
    ptn_buf_add(e->out, head, sizeof(head));
}


static void
ptn_ext_end(ptn_ext_out_t *e)
{
    ptn_mapi_ext_seal(e->out, e->at, e->flags);
    e->count++;
}


/* One input buffer, and what its last ROP can go on with. */

static ptn_rc_t
ptn_ext_execute(ptn_ext_out_t *e, ptn_rop_run_t *run, bool last)
{
    size_t    room, min, at;
    ptn_rc_t  rc;

    room = ptn_ext_room(e);

    ptn_ext_begin(e);
    rc = ptn_rop_execute(run, room, last, e->out);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ext_end(e);

    while ((e->flags & PTN_MAPI_CHAIN) && last && ptn_rop_more(run, &min)) {

        room = ptn_ext_room(e);
        if (room < min) {
            break;
        }

        at = e->at;
        ptn_ext_begin(e);

        rc = ptn_rop_again(run, room, e->out);
        if (rc != PTN_OK) {
            e->out->len = e->at;        /* the client asks again */
            e->at = at;
            return rc == PTN_ENOMEM ? rc : PTN_OK;
        }

        ptn_ext_end(e);
    }

    return PTN_OK;
}


ptn_rc_t
ptn_mapi_execute_buffers(ptn_rop_ctx_t *ctx, ptn_str_t in, uint32_t flags,
    uint32_t max, ptn_buf_t *out, uint32_t *ret_error)
{
    bool           last;
    ptn_rc_t       rc;
    ptn_str_t      payload;
    ptn_ext_out_t  e = { out, out->len, 0, flags, max, 0 };
    ptn_rop_run_t  run;

    *ret_error = 0;

    /* nothing to do but to tell of events (2.2.4.4.2) */

    last = in.len == 0;
    payload = ptn_str_make("\2\0", 2);

    do {
        if (in.len != 0 || !last) {
            rc = ptn_mapi_ext_pull(ctx->pool, &in, &payload, &last);
            if (rc != PTN_OK) {
                goto failed;
            }

            last = last || in.len == 0;
        }

        memset(&run, 0, sizeof(ptn_rop_run_t));
        run.ctx = *ctx;

        rc = ptn_rop_read(&run, payload);
        if (rc != PTN_OK) {
            goto failed;
        }

        rc = ptn_ext_execute(&e, &run, last);

        /* mailboxes stay open for the next buffer */

        memcpy(ctx->opened, run.ctx.opened, sizeof(ctx->opened));
        memcpy(ctx->mboxes, run.ctx.mboxes, sizeof(ctx->mboxes));
        ctx->nopened = run.ctx.nopened;

        if (rc != PTN_OK) {
            goto failed;
        }

    } while (!last);

    ptn_mapi_ext_last(out, e.at);

    return out->failed ? PTN_ENOMEM : PTN_OK;

failed:

    out->len = out->failed ? 0 : e.start;

    if (rc == PTN_ENOMEM || rc == PTN_ETOOBIG) {
        return rc;
    }

    *ret_error = rc == PTN_ECORRUPT ? PTN_MAPI_RPC_FORMAT : ptn_err(rc)->mapi;

    return PTN_OK;
}
