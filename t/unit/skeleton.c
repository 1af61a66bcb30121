/*
 * Skeletons: every message of ../shared/ref/mail and made ones come back byte
 * for byte, whole and in slices; damaged skeletons are refused.
 */

#include "ptn_charset.h"
#include "ptn_ref.h"
#include "ptn_skeleton.h"
#include "ptn_skeleton_check.h"
#include "ptn_test.h"


#define MADE  40000             /* decoded bytes of a made attachment */


typedef struct {
    const char  *name;
    size_t       cols;
    const char  *brk;
    bool         final;         /* a break behind the last line */
    size_t       spoil_line;    /* 0: none; this line is a blank longer */
    const char  *footer;
    size_t       parts;         /* expected */
} made_t;

static const made_t  made_rows[] = {
    { "76 columns, CRLF",           76, "\r\n", true,    0, "", 1 },
    { "64 columns, LF",             64, "\n",   true,    0, "", 1 },
    { "72 columns, CRLF, no final", 72, "\r\n", false,   0, "", 1 },
    { "one line",               100000, "\r\n", true,    0, "", 1 },
    { "61 columns, no multiple",    61, "\r\n", true,    0, "", 1 },
    { "57 columns, LF, no final",   57, "\n",   false,   0, "", 1 },
    { "a footer behind",            76, "\r\n", true,    0,
      "\r\n_____\r\nlist footer\r\n", 1 },
    { "blank lines behind",         76, "\n",   true,    0, "\n\n\n", 1 },
    { "8 columns",                   8, "\n",   true,    0, "", 0 },
    { "broken near the start",      76, "\r\n", true,    9, "", 0 },
    { "broken near the end",        76, "\r\n", true,  690, "", 1 },
};


static ptn_str_t
made_message(ptn_pool_t *pool, const made_t *row, size_t decoded)
{
    u_char     *data;
    size_t      i, n, line;
    uint32_t    x;
    ptn_buf_t   b;
    ptn_str_t   text;

    data = ptn_palloc(pool, decoded);
    x = 12345;

    for (i = 0; i < decoded; i++) {
        x = x * 1103515245 + 12345;
        data[i] = (u_char) (x >> 16);
    }

    text = ptn_base64_encode(pool, ptn_str_make(data, decoded));

    ptn_buf_init(&b, pool);
    ptn_buf_printf(&b, "Subject: made%s"
                   "Content-Type: multipart/mixed; boundary=x%s%s"
                   "--x%s%shello%s"
                   "--x%sContent-Type: application/zip%s"
                   "Content-Transfer-Encoding: base64%s%s",
                   row->brk, row->brk, row->brk, row->brk, row->brk, row->brk,
                   row->brk, row->brk, row->brk, row->brk);

    for (i = 0, line = 1; i < text.len; i += n, line++) {
        n = ptn_min(row->cols, text.len - i);
        ptn_buf_add(&b, text.data + i, n);

        if (line == row->spoil_line) {
            ptn_buf_byte(&b, ' ');
        }

        if (i + n < text.len || row->final) {
            ptn_buf_z(&b, row->brk);
        }
    }

    ptn_buf_z(&b, row->footer);

    if (row->final) {
        ptn_buf_printf(&b, "%s--x--%s", row->brk, row->brk);
    }

    return ptn_buf_get(&b);
}


static bool
skeleton_round(ptn_pool_t *pool, ptn_str_t raw, size_t *ret_n,
    ptn_str_t *ret_skeleton, ptn_skeleton_part_t **ret_parts)
{
    size_t       i, n, step;
    u_char     (*refs)[32];
    uint64_t     size;
    ptn_mime_t  *mime;

    if (ptn_mime_parse(pool, raw, &mime) != PTN_OK
        || ptn_skeleton_build(pool, mime, ret_skeleton, ret_parts, ret_n)
           != PTN_OK
        || ptn_skeleton_size(*ret_skeleton, &size) != PTN_OK
        || size != raw.len
        || ptn_skeleton_refs(pool, *ret_skeleton, &refs, &n) != PTN_OK
        || n != *ret_n
        || !ptn_skeleton_check_slice(*ret_skeleton, raw, *ret_parts, *ret_n,
                                     0, SIZE_MAX))
    {
        return false;
    }

    for (i = 0; i < n; i++) {
        if (memcmp(refs[i], (*ret_parts)[i].sha256, 32) != 0) {
            return false;
        }
    }

    step = raw.len / 50 + 1;

    for (i = 0; i <= raw.len; i += step) {
        if (!ptn_skeleton_check_slice(*ret_skeleton, raw, *ret_parts, *ret_n,
                                      i, 1)
            || !ptn_skeleton_check_slice(*ret_skeleton, raw, *ret_parts,
                                         *ret_n, i, step / 2 + i % 97))
        {
            return false;
        }
    }

    return true;
}


static void
skeleton_made(void)
{
    size_t                i, k, n, bad;
    ptn_str_t             raw, skel;
    ptn_pool_t           *pool;
    const made_t         *row;
    ptn_skeleton_part_t  *parts;

    pool = ptn_pool_create(0, NULL);

    for (i = 0; i < ptn_nelts(made_rows); i++) {
        row = &made_rows[i];
        n = 99;

        for (k = 0; k < 3; k++) {
            raw = made_message(pool, row, MADE + k);
            ok(skeleton_round(pool, raw, &n, &skel, &parts),
               "%s, %zu bytes: comes back", row->name, MADE + k);
            is_u64(n, row->parts, row->name);

            if (n == 1 && row->spoil_line == 0) {
                is_u64(parts[0].data.len, MADE + k, "decoded bytes");
                ok(skel.len < 500, "%zu bytes remain", skel.len);
            }
        }

        ptn_pool_reset(pool);
    }

    /* every slice of some length around the ends of lines */

    raw = made_message(pool, &made_rows[0], 20000);
    ok(skeleton_round(pool, raw, &n, &skel, &parts), "20000 bytes");
    bad = 0;

    for (i = 0; i < 600; i++) {
        for (k = 1; k < 200; k += 13) {
            bad += !ptn_skeleton_check_slice(skel, raw, parts, n, i, k);
            bad += !ptn_skeleton_check_slice(skel, raw, parts, n,
                                             raw.len - i, k);
            bad += !ptn_skeleton_check_slice(skel, raw, parts, n,
                                             8192 + i, k * 100);
        }
    }

    is_u64(bad, 0, "slices");

    ptn_pool_destroy(pool);
}


/* A part is worth a blob from PTN_SKELETON_MIN decoded bytes on. */
static void
skeleton_least(void)
{
    size_t                n;
    ptn_str_t             raw, skel;
    ptn_pool_t           *pool;
    ptn_skeleton_part_t  *parts;

    pool = ptn_pool_create(0, NULL);

    raw = made_message(pool, &made_rows[0], PTN_SKELETON_MIN - 1);
    ok(skeleton_round(pool, raw, &n, &skel, &parts), "just below the least");
    is_u64(n, 0, "stays in");

    raw = made_message(pool, &made_rows[0], PTN_SKELETON_MIN);
    ok(skeleton_round(pool, raw, &n, &skel, &parts), "just the least");
    is_u64(n, 1, "goes out");

    ptn_pool_destroy(pool);
}


static ptn_rc_t
skeleton_void(void *ctx PTN_UNUSED, const u_char *p PTN_UNUSED,
    size_t n PTN_UNUSED)
{
    return PTN_OK;
}


/* Truncated and damaged skeletons: an error or some bytes, never a crash. */
static void
skeleton_damaged(void)
{
    size_t                 i, n, accepted;
    u_char                 old;
    uint64_t               size;
    ptn_str_t              raw, skel;
    ptn_pool_t            *pool;
    ptn_skeleton_io_t      io;
    ptn_skeleton_part_t   *parts;
    ptn_skeleton_check_t   c;

    pool = ptn_pool_create(0, NULL);
    raw = made_message(pool, &made_rows[0], MADE);
    ok(skeleton_round(pool, raw, &n, &skel, &parts), "whole");

    accepted = 0;

    for (i = 0; i < skel.len; i++) {
        accepted += ptn_skeleton_size(ptn_str_make(skel.data, i), &size)
                    != PTN_ECORRUPT;
    }

    is_u64(accepted, 0, "every truncation is refused");

    c.parts = parts;
    c.n = n;
    io.blob = ptn_skeleton_check_blob;
    io.sink = skeleton_void;
    io.ctx = &c;

    for (i = 0; i < skel.len; i++) {
        old = skel.data[i];

        for (n = 1; n < 256; n += 5) {
            skel.data[i] = (u_char) (old ^ n);
            (void) ptn_skeleton_restore(skel, 0, 100000, &io);
        }

        skel.data[i] = old;
    }

    ok(true, "damaged bytes do no harm");

    ptn_pool_destroy(pool);
}


typedef struct {
    uint64_t  raw, skel, blob;
    size_t    parts;
} skeleton_sum_t;


static void
skeleton_file(void *ctx, ptn_pool_t *pool, const ptn_ref_row_t *row,
    ptn_str_t raw)
{
    size_t                n, i;
    ptn_str_t             skel;
    skeleton_sum_t       *sum;
    ptn_skeleton_part_t  *parts;

    sum = ctx;

    if (!ok(skeleton_round(pool, raw, &n, &skel, &parts), "%s", row->file)) {
        return;
    }

    sum->raw += raw.len;
    sum->skel += skel.len;
    sum->parts += n;

    for (i = 0; i < n; i++) {
        sum->blob += parts[i].data.len;
    }
}


int
main(void)
{
    size_t          n;
    skeleton_sum_t  sum = { 0 };

    skeleton_made();
    skeleton_least();
    skeleton_damaged();

    n = ptn_ref_mail(skeleton_file, &sum);
    diag("%zu messages, %" PRIu64 " bytes: skeletons %" PRIu64 ", %zu "
         "attachments %" PRIu64, n, sum.raw, sum.skel, sum.parts, sum.blob);

    return done_testing();
}
