/*
 * CPU of the conversion of mail, in microseconds each: a loop over one message
 * of FILE, or a made one of 8 KB.
 *
 *   content [FILE [LOOPS]]
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ptn_oxcmail.h"


static const ptn_oxcmail_export_t  opts = {
    ptn_string("host.test"), ptn_string("0123456789abcdef"), 1700000000, true
};


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return (double) ts.tv_sec * 1e6 + (double) ts.tv_nsec / 1e3;
}


static ptn_str_t
make(ptn_pool_t *pool, bool html)
{
    int        i;
    ptn_buf_t  b;

    ptn_buf_init(&b, pool);
    ptn_buf_z(&b, "Received: from a.example.test (a.example.test [192.0.2.1])"
              " by mx.example.test\r\n with ESMTPS id 1234567890 for"
              " <bob@example.test>; Fri, 28 Nov 2026 01:02:03 +0000\r\n"
              "From: Alice Example <alice@example.test>\r\n"
              "To: Bob <bob@example.test>, =?utf-8?q?J=C3=B6rg?="
              " <joerg@example.test>\r\nCc: carol@example.test\r\n"
              "Subject: Re: Minutes of the meeting\r\n"
              "Date: Fri, 28 Nov 2026 01:02:03 +0000\r\n"
              "Message-ID: <123456789.abc@example.test>\r\n"
              "In-Reply-To: <987654321@example.test>\r\n"
              "References: <1@example.test> <987654321@example.test>\r\n"
              "User-Agent: Mail 1.0\r\nMIME-Version: 1.0\r\n");

    if (html) {
        ptn_buf_z(&b, "Content-Type: multipart/alternative; boundary=xyz\r\n"
                  "\r\n--xyz\r\n");
    }

    ptn_buf_z(&b, "Content-Type: text/plain; charset=utf-8\r\n"
              "Content-Transfer-Encoding: 8bit\r\n\r\n");

    for (i = 0; i < (html ? 40 : 110); i++) {
        ptn_buf_printf(&b, "Line %d: the quick brown fox jumps over the lazy"
                       " d\xc3\xb6g, and that was it\r\n", i);
    }

    if (html) {
        ptn_buf_z(&b, "--xyz\r\nContent-Type: text/html; charset=utf-8\r\n"
                  "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                  "<html><body>");

        for (i = 0; i < 40; i++) {
            ptn_buf_printf(&b, "<p class=3D\"x\">Line %d: the <b>quick</b>"
                           " brown fox jumps over the lazy d=C3=B6g, and="
                           "\r\n that was it</p>\r\n", i);
        }

        ptn_buf_z(&b, "</body></html>\r\n--xyz--\r\n");
    }

    return ptn_buf_get(&b);
}


static ptn_str_t
slurp(ptn_pool_t *pool, const char *path)
{
    int        c;
    FILE      *f;
    ptn_buf_t  b;

    ptn_buf_init(&b, pool);
    f = fopen(path, "rb");

    while (f != NULL && (c = getc(f)) != EOF) {
        ptn_buf_byte(&b, (u_char) c);
    }

    if (f != NULL) {
        fclose(f);
    }

    return ptn_buf_get(&b);
}


static void
run(const char *name, ptn_str_t raw, unsigned what, int loops, int mode)
{
    int            i;
    double         t;
    ptn_str_t      out, packed;
    ptn_mime_t    *mime;
    ptn_pool_t    *pool, *keep;
    ptn_object_t  *o;

    keep = ptn_pool_create(0, NULL);
    pool = ptn_pool_create(0, NULL);
    ptn_mime_parse(keep, raw, &mime);
    ptn_oxcmail_import(keep, mime, PTN_OXCMAIL_ALL, &o);
    ptn_object_pack(keep, o, &packed);
    t = now();

    for (i = 0; i < loops; i++) {
        switch (mode) {
        case 0:
            ptn_mime_parse(pool, raw, &mime);
            break;
        case 1:
            ptn_oxcmail_import(pool, mime, what, &o);
            break;
        case 2:
            ptn_oxcmail_export(pool, o, &opts, &out);
            break;
        case 3:
            ptn_object_unpack(pool, packed, &o);
            break;
        case 4:
            ptn_object_pack(pool, o, &packed);
            break;
        }

        ptn_pool_reset(pool);
    }

    t = (now() - t) / loops;
    printf("%s\t%zu\t%.2f\n", name, raw.len, t);
    ptn_pool_destroy(pool);
    ptn_pool_destroy(keep);
}


int
main(int argc, char **argv)
{
    int          loops, k;
    ptn_str_t    raw;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);
    loops = argc > 2 ? atoi(argv[2]) : 20000;

    for (k = 0; k < (argc > 1 ? 1 : 2); k++) {
        raw = argc > 1 ? slurp(pool, argv[1]) : make(pool, k == 1);
        printf("# %s\nwhat\tbytes\tmicroseconds\n",
               argc > 1 ? argv[1] : k ? "text and HTML" : "text");
        run("parse", raw, 0, loops, 0);
        run("props", raw, PTN_OXCMAIL_PROPS, loops, 1);
        run("props recips attachs", raw, PTN_OXCMAIL_PROPS
            |PTN_OXCMAIL_RECIPS|PTN_OXCMAIL_ATTACHS, loops, 1);
        run("all but html", raw, PTN_OXCMAIL_ALL & ~PTN_OXCMAIL_HTML, loops,
            1);
        run("all but text", raw, PTN_OXCMAIL_ALL & ~PTN_OXCMAIL_BODY, loops,
            1);
        run("all", raw, PTN_OXCMAIL_ALL, loops, 1);
        run("export", raw, 0, loops, 2);
        run("unpack", raw, 0, loops, 3);
        run("pack", raw, 0, loops, 4);
    }

    ptn_pool_destroy(pool);

    return 0;
}
