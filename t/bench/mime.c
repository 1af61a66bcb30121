/*
 * The parser of Internet messages, and their way to properties.
 *
 *   mime parse MAIL SECONDS          MB a second over all messages
 *   mime properties MAIL SECONDS     the same, to property objects
 *   mime made SECONDS                of one message of 8 KB: us for its parse,
 *                                    for its parse and properties
 */

#include "corpus_load.h"
#include "ptn_oxcmail.h"


static ptn_pool_t  *pool;
static bool         properties;


static void
parse(const unsigned char *p, size_t n)
{
    ptn_mime_t    *mime;
    ptn_object_t  *object;

    if (ptn_mime_parse(pool, ptn_str_make((u_char *) (uintptr_t) p, n), &mime)
        != PTN_OK
        || (properties
            && ptn_oxcmail_import(pool, mime,
                                  PTN_OXCMAIL_PROPS|PTN_OXCMAIL_ATTACHS,
                                  &object)
               != PTN_OK))
    {
        fprintf(stderr, "mime: not parsed\n");
        exit(1);
    }

    ptn_pool_reset(pool);
}


static void
made(void)
{
    int        i;
    ptn_buf_t  b;

    ptn_buf_init(&b, ptn_pool_create(0, NULL));
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
              "User-Agent: Mail 1.0\r\nMIME-Version: 1.0\r\n"
              "Content-Type: multipart/alternative; boundary=xyz\r\n"
              "\r\n--xyz\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n");

    for (i = 0; i < 40; i++) {
        ptn_buf_printf(&b, "Line %d: the quick brown fox jumps over the lazy"
                       " dog, and again.\r\n", i);
    }

    ptn_buf_z(&b, "--xyz\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
              "<html><body>\r\n");

    for (i = 0; i < 55; i++) {
        ptn_buf_printf(&b, "<p>Line %d: the <b>quick</b> brown fox jumps over"
                       " the lazy dog.</p>\r\n", i);
    }

    ptn_buf_z(&b, "</body></html>\r\n--xyz--\r\n");
    corpus.p[0] = ptn_buf_get(&b).data;
    corpus.len[0] = b.len;
    corpus.bytes = b.len;
    corpus.n = 1;
}


static double
made_us(double seconds)
{
    return (double) corpus.bytes / corpus_rate(parse, seconds);
}


int
main(int argc, char **argv)
{
    double  bare;

    pool = ptn_pool_create(0, NULL);

    if (argc == 3 && strcmp(argv[1], "made") == 0) {
        made();
        bare = made_us(atof(argv[2]));
        properties = true;
        printf("%.2f\t%.2f\n", bare, made_us(atof(argv[2])));

    } else if (argc == 4) {
        properties = (strcmp(argv[1], "properties") == 0);
        corpus_load(argv[2]);
        printf("%.1f\n", corpus_rate(parse, atof(argv[3])));

    } else {
        fprintf(stderr, "usage: mime parse|properties MAIL SECONDS\n"
                        "       mime made SECONDS\n");
        return 1;
    }

    return 0;
}
