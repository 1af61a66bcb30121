/*
 * Bytes that do not compress, of which the files beside the mailbox of version
 * 2 (ptn_schema_2.h) consist: attachments, and a content kept in a file.
 */

#ifndef MAILBOX_2_PARTS_H
#define MAILBOX_2_PARTS_H


#include "ptn_base.h"
#include "ptn_charset.h"


static inline ptn_str_t
parts_bytes(ptn_pool_t *pool, size_t n, uint64_t seed)
{
    size_t   i;
    u_char  *p;

    p = ptn_palloc(pool, n);
    seed = seed * 2 + 1;

    for (i = 0; i < n; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        p[i] = (u_char) (seed >> 24);
        p[i] = (u_char) (p[i] == 0 || p[i] == '\r' || p[i] == '\n'
                         ? 'x' : p[i]);
    }

    return ptn_str_make(p, n);
}


/* A message with two attachments, 20,000 and 30,000 bytes. */

static inline ptn_str_t
parts_mail(ptn_pool_t *pool, unsigned n)
{
    size_t      i, k;
    ptn_str_t   text;
    ptn_buf_t   b;

    ptn_buf_init(&b, pool);
    ptn_buf_printf(&b, "From: Ann Adams <ann@example.test>\r\n"
                   "To: bob@example.test, \"Eve\" <eve@example.test>\r\n"
                   "Subject: Re: mail %u\r\nMessage-ID: <%u@example.test>\r\n"
                   "References: <0@x> <1@x>\r\nSensitivity: private\r\n"
                   "Date: Mon, 2 Feb 2026 10:00:00 +0100\r\n"
                   "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;"
                   " boundary=xx\r\n\r\n--xx\r\nContent-Type: text/plain\r\n"
                   "\r\nhello %u\r\n", n, n, n);

    for (k = 0; k < 2; k++) {
        text = ptn_base64_encode(pool, parts_bytes(pool, 20000 + 10000 * k,
                                                   k));
        ptn_buf_z(&b, "--xx\r\nContent-Type: application/x; name=a.bin\r\n"
                  "Content-Transfer-Encoding: base64\r\n\r\n");

        for (i = 0; i < text.len; i += 76) {
            ptn_buf_add(&b, text.data + i,
                        ptn_min((size_t) 76, text.len - i));
            ptn_buf_z(&b, "\r\n");
        }
    }

    ptn_buf_z(&b, "--xx--\r\n");

    return ptn_buf_get(&b);
}


/* 80,000 bytes of text that is none. */

static inline ptn_str_t
parts_raw(ptn_pool_t *pool)
{
    size_t     i;
    ptn_buf_t  b;
    ptn_str_t  p;

    ptn_buf_init(&b, pool);
    ptn_buf_z(&b, "From: a@b\r\nSubject: noise\r\n\r\n");
    p = parts_bytes(pool, 80000, 9);

    for (i = 0; i < p.len; i += 500) {
        ptn_buf_add(&b, p.data + i, 500);
        ptn_buf_z(&b, "\r\n");
    }

    return ptn_buf_get(&b);
}


#endif /* MAILBOX_2_PARTS_H */
