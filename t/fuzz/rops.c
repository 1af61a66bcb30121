/*
 * ROP buffers against a session that is logged on to its mailbox, which is
 * in a temporary directory.  The input is a list of ROPs; handles 0 to 7 of
 * the table are the logon and what the ROPs make, from buffer to buffer.  The
 * mailbox is rolled back after each input, the session made anew.
 *
 * Covers: ngx_modules/mapi/ptn_rop.c ngx_modules/mapi/ptn_rop_object.c ngx_modules/mapi/ptn_rop_oxcnotif.c ngx_modules/mapi/ptn_rop_oxcstor.c ngx_modules/mapi/ptn_rop_oxctabl.c ngx_modules/mapi/ptn_rop_oxctabl_find.c ngx_modules/mapi/ptn_rop_oxcmsg.c ngx_modules/mapi/ptn_rop_oxcprpt.c ngx_modules/mapi/ptn_rop_oxcfold.c ngx_modules/mapi/ptn_rop_message.c ngx_modules/mapi/ptn_rop_attach.c ngx_modules/mapi/ptn_rop_stream.c ngx_modules/mapi/ptn_rop_table.c
 */

#include <stdio.h>
#include <stdlib.h>
#include <sanitizer/lsan_interface.h>

#include "rop_site.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static rop_site_t  site;


static void
fuzz_gone(void)
{
    rop_site_done(&site);
}


static rop_site_t *
fuzz_site(void)
{
    if (site.app == NULL) {

        /* keys lie in memory of their own, where no leak check looks */

        __lsan_disable();
        rop_site_make(&site);
        __lsan_enable();

        atexit(fuzz_gone);
    }

    return &site;
}


#define HANDLES  8

/* One buffer of ROPs, its answer read back as far as the frame. */

static void
fuzz_buffer(rop_site_t *s, uint32_t *handles, const uint8_t *p, size_t n)
{
    size_t         i, min, max;
    ptn_rc_t       rc;
    ptn_buf_t      in, out;
    ptn_rop_run_t  run = { 0 };

    rop_site_ctx(s, &run.ctx);
    ptn_buf_init(&in, s->job);
    ptn_buf_init(&out, s->job);

    ptn_buf_byte(&in, (u_char) (n + 2));
    ptn_buf_byte(&in, (u_char) ((n + 2) >> 8));
    ptn_buf_add(&in, p, n);

    for (i = 0; i < HANDLES; i++) {
        ptn_buf_add(&in, &handles[i], 4);
    }

    rc = ptn_rop_read(&run, ptn_buf_get(&in));
    if (rc != PTN_OK) {
        return;
    }

    max = n % 3 == 0 ? 200 : PTN_ROP_BUFFER_MAX;
    (void) ptn_rop_notify_collect(&run.ctx);

    rc = ptn_rop_execute(&run, max, true, &out);
    if (rc != PTN_OK) {
        return;
    }

    memcpy(handles, run.handles, HANDLES * sizeof(uint32_t));

    if (out.len > max
        || (size_t) (out.data[0] | out.data[1] << 8) + 4 * HANDLES != out.len)
    {
        fprintf(stderr, "rops: the frame of an answer\n");
        abort();
    }

    for (i = 0; i < 4 && ptn_rop_more(&run, &min); i++) {
        if (ptn_rop_again(&run, PTN_ROP_BUFFER_MAX, &out) != PTN_OK) {
            break;
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t       i, n;
    uint32_t     handles[HANDLES];
    rop_site_t  *s;

    s = fuzz_site();

    handles[0] = rop_site_logon(s, 0, 0);

    for (i = 1; i < HANDLES; i++) {
        handles[i] = PTN_ROP_NO_HANDLE;
    }

    /* buffers: a length of one byte, times two, each */

    while (size > 1) {
        n = ptn_min((size_t) data[0] * 2, size - 1);
        fuzz_buffer(s, handles, data + 1, n);
        data += n + 1;
        size -= n + 1;
    }

    ptn_rop_session_close(&s->session);
    ptn_store_rollback(s->app->store);
    rop_site_session(s);

    return 0;
}
