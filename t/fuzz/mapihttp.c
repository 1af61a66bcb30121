/*
 * Bodies and extended buffers of MAPI/HTTP.  The first byte picks: a body by
 * its table (what was read is written again and is the same); the payloads
 * of a buffer; decompression, into what the input says; compression and back;
 * Execute's payloads up to the dispatcher, whose ROPs find no logon.
 *
 * Covers: ngx_modules/mapi/ptn_mapihttp_ext.c store/mapi/ptn_lzxpress.c ngx_modules/mapi/ptn_rop.c
 */

#include <stdio.h>
#include <stdlib.h>

#include "ptn_lzxpress.h"
#include "ptn_mapihttp.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
fuzz_wrong(const char *what)
{
    fprintf(stderr, "mapihttp: %s\n", what);
    abort();
}


static void
fuzz_body(ptn_pool_t *pool, ptn_str_t in)
{
    void              *val;
    size_t             n, used;
    ptn_buf_t          out, text;
    ptn_str_t          rest;
    const ptn_wire_t  *w;

    for (n = 0; ptn_mapi_wires[n] != NULL; n++) { /* void */ }

    w = ptn_mapi_wires[in.data[0] % n];
    rest = ptn_str_make(in.data + 1, in.len - 1);
    val = ptn_palloc(pool, w->size);

    if (ptn_wire_pull(w, pool, &rest, val) != PTN_OK) {
        return;
    }

    used = in.len - 1 - rest.len;
    ptn_buf_init(&out, pool);
    ptn_buf_init(&text, pool);
    ptn_wire_dump(w, &text, val, 0);

    if (ptn_wire_push(w, &out, val) != PTN_OK || out.len != used
        || memcmp(out.data, in.data + 1, used) != 0)
    {
        fuzz_wrong("a body comes back otherwise");
    }
}


static void
fuzz_payloads(ptn_pool_t *pool, ptn_str_t in)
{
    bool       last;
    unsigned   i;
    ptn_str_t  payload;

    for (i = 0; i < 100; i++) {

        if (ptn_mapi_ext_pull(pool, &in, &payload, &last) != PTN_OK) {
            return;
        }

        if (payload.len > PTN_ROP_BUFFER_MAX) {
            fuzz_wrong("a payload of more than 32 KB");
        }
    }
}


static void
fuzz_unpack(ptn_str_t in)
{
    size_t   len;
    u_char  *out;

    len = in.len < 2 ? 0 : (size_t) (in.data[0] | in.data[1] << 8);
    out = malloc(len + 1);

    (void) ptn_lzxpress_unpack(ptn_str_make(in.data + ptn_min(in.len, 2u),
                                            in.len - ptn_min(in.len, 2u)),
                               out, len);
    free(out);
}


static void
fuzz_pack(ptn_str_t in)
{
    size_t   n, max;
    u_char  *packed, *out;

    max = in.len + in.len / 8 + 16;
    packed = malloc(max);
    out = malloc(in.len + 1);

    n = ptn_lzxpress_pack(in, packed, max);

    if (n == 0
        || ptn_lzxpress_unpack(ptn_str_make(packed, n), out, in.len) != PTN_OK
        || memcmp(out, in.data, in.len) != 0)
    {
        fuzz_wrong("what was packed does not come back");
    }

    free(packed);
    free(out);
}


/* Flags and MaxRopOut, then the buffers.  What comes out must be readable. */

static void
fuzz_execute(ptn_pool_t *pool, ptn_str_t in)
{
    bool               last;
    uint32_t           error, flags, max;
    ptn_rc_t           rc;
    ptn_buf_t          out;
    ptn_str_t          rest, payload;
    ptn_app_t          app = { 0 };
    ptn_conf_t         conf;
    ptn_actor_t        actor = { 0 };
    ptn_rop_ctx_t      ctx = { 0 };
    ptn_rop_session_t  session = { 0 };

    if (in.len < 3) {
        return;
    }

    flags = in.data[0];
    max = (uint32_t) (in.data[1] | in.data[2] << 8) * 4 + PTN_MAPI_EXT_LEN;
    in = ptn_str_make(in.data + 3, in.len - 3);

    ptn_conf_defaults(&conf);
    app.conf = &conf;
    ctx.app = &app;
    ctx.pool = pool;
    ctx.session = &session;

    if (ptn_rop_session_open(&session, &actor) != PTN_OK) {
        return;
    }

    ptn_buf_init(&out, pool);
    rc = ptn_mapi_execute_buffers(&ctx, in, flags, max, &out, &error);

    if (rc == PTN_OK && error == 0) {
        rest = ptn_buf_get(&out);

        if (rest.len > max) {
            fuzz_wrong("more than MaxRopOut");
        }

        do {
            if (ptn_mapi_ext_pull(pool, &rest, &payload, &last) != PTN_OK) {
                fuzz_wrong("an answer that is no buffer");
            }
        } while (!last);

        if (rest.len != 0) {
            fuzz_wrong("something behind the last payload");
        }
    }

    ptn_rop_session_close(&session);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char      *copy;
    ptn_str_t    in;
    ptn_pool_t  *pool;

    if (size < 2) {
        return 0;
    }

    pool = ptn_pool_create(64 * 1024 * 1024, NULL);
    copy = malloc(size - 1);
    memcpy(copy, data + 1, size - 1);
    in = ptn_str_make(copy, size - 1);

    switch (data[0] % 5) {

    case 0:
        fuzz_body(pool, in);
        break;

    case 1:
        fuzz_payloads(pool, in);
        break;

    case 2:
        fuzz_unpack(in);
        break;

    case 3:
        fuzz_pack(in);
        break;

    default:
        fuzz_execute(pool, in);
    }

    free(copy);
    ptn_pool_destroy(pool);

    return 0;
}
