/*
 * Bodies: compressed RTF against zlib, HTML to text against libxml2's parser,
 * and what RTF costs; each pair in turn, the median of the rounds, CPU time.
 *
 *   rtf [FILE]
 */

#include <libxml/HTMLparser.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zlib.h>

#include "ptn_oxcmail.h"
#include "ptn_rtf.h"


#define ROUNDS  31

typedef struct {
    ptn_pool_t  *pool;
    ptn_str_t    html, rtf, lzfu, deflated, shown;
    u_char      *out;
} bench_t;


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return (double) ts.tv_sec * 1e6 + (double) ts.tv_nsec / 1e3;
}


static void
lzfu(bench_t *b)
{
    ptn_str_t  s;

    ptn_rtf_decompress(b->pool, b->lzfu, SIZE_MAX, &s);
}


static void
inflated(bench_t *b)
{
    uLongf  n;

    n = b->rtf.len;
    uncompress(b->out, &n, b->deflated.data, b->deflated.len);
}


static void
compressed(bench_t *b)
{
    ptn_str_t  s;

    ptn_rtf_compress(b->pool, b->rtf, &s);
}


static void
deflated(bench_t *b)
{
    uLongf  n;

    n = b->rtf.len * 2 + 100;
    compress2(b->out, &n, b->rtf.data, b->rtf.len, 6);
}


static void
html_text(bench_t *b)
{
    ptn_str_t  s;

    ptn_body_html_to_text(b->pool, b->html, &s);
}


static void
html_parse(bench_t *b)
{
    htmlDocPtr  doc;

    doc = htmlReadMemory((const char *) b->html.data, (int) b->html.len, NULL,
                         "UTF-8", HTML_PARSE_RECOVER | HTML_PARSE_NOERROR
                                  | HTML_PARSE_NOWARNING | HTML_PARSE_NONET);
    xmlFreeDoc(doc);
}


static void
from_html(bench_t *b)
{
    ptn_str_t  s;

    ptn_rtf_from_html(b->pool, b->html, &s);
}


static void
held(bench_t *b)
{
    ptn_str_t  s;

    ptn_rtf_to_html(b->pool, b->rtf, NULL, 0, &s);
}


static void
shown(bench_t *b)
{
    ptn_str_t  s;

    ptn_rtf_to_html(b->pool, b->shown, NULL, 0, &s);
}


static int
cmp(const void *a, const void *b)
{
    double  x = *(const double *) a, y = *(const double *) b;

    return (x > y) - (x < y);
}


static double
once(bench_t *b, void (*f)(bench_t *b), int loops)
{
    int     i;
    double  t;

    t = now();

    for (i = 0; i < loops; i++) {
        f(b);
        ptn_pool_reset(b->pool);
    }

    return (now() - t) / loops;
}


static void
pair(const char *what, bench_t *b, size_t bytes, void (*f)(bench_t *b),
    void (*peer)(bench_t *b))
{
    int     i, loops;
    double  ours[ROUNDS], theirs[ROUNDS], ratio[ROUNDS];

    loops = (int) (2000 / (once(b, f, 1) + 1)) + 1;

    for (i = 0; i < ROUNDS; i++) {
        ours[i] = once(b, f, loops);
        theirs[i] = peer ? once(b, peer, loops) : 1;
        ratio[i] = ours[i] / theirs[i];
    }

    qsort(ours, ROUNDS, sizeof(double), cmp);
    qsort(theirs, ROUNDS, sizeof(double), cmp);
    qsort(ratio, ROUNDS, sizeof(double), cmp);

    printf("%s\t%zu\t%.0f", what, bytes, (double) bytes / ours[ROUNDS / 2]);

    if (peer != NULL) {
        printf("\t%.0f\t%.2f\t%.2f", (double) bytes / theirs[ROUNDS / 2],
               1 / ratio[ROUNDS / 2], ratio[ROUNDS / 2]);
    }

    printf("\n");
}


static ptn_str_t
make(ptn_pool_t *pool)
{
    int        i;
    ptn_buf_t  b;
    static const char *const  words[] = {
        "budget", "meeting", "quarter", "R\xc3\xbc" "ckfrage", "deadline",
        "please", "attached", "regards", "project", "version", "customer",
        "invoice", "review", "tomorrow", "schedule", "question"
    };
    unsigned   seed = 1;

    ptn_buf_init(&b, pool);
    ptn_buf_z(&b, "<html><head><meta charset=\"utf-8\"><style>p.MsoNormal { "
              "margin: 0cm; font-family: \"Calibri\", sans-serif; }</style>"
              "</head><body lang=\"EN\">\r\n");

    for (i = 0; b.len < 64000; i++) {
        ptn_buf_printf(&b, "<p class=\"MsoNormal\"><span style=\"font-size:"
                       "11.0pt;color:#1F497D\">");

        do {
            seed = seed * 1103515245 + 12345;
            ptn_buf_printf(&b, "%s ", words[(seed >> 16) % 16]);
        } while ((seed >> 20) % 12);

        ptn_buf_printf(&b, "<b>%u</b>&nbsp;<a href=\"https://www.example.test/"
                       "%u\">link</a></span><o:p></o:p></p>\r\n",
                       (seed >> 8) % 1000, seed >> 12);
    }

    ptn_buf_z(&b, "</body></html>\r\n");

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


int
main(int argc, char **argv)
{
    uLongf       n;
    bench_t      b;
    ptn_pool_t  *keep;

    keep = ptn_pool_create(0, NULL);
    memset(&b, 0, sizeof(b));
    b.pool = ptn_pool_create(0, NULL);
    b.html = argc > 1 ? slurp(keep, argv[1]) : make(keep);

    ptn_rtf_from_html(keep, b.html, &b.rtf);
    ptn_rtf_compress(keep, b.rtf, &b.lzfu);
    b.shown = ptn_str_dup(keep, b.rtf);
    memcpy(memmem(b.shown.data, b.shown.len, "fromhtml", 8), "fromNONE", 8);

    n = b.rtf.len * 2 + 100;
    b.out = ptn_palloc(keep, n);
    b.deflated.data = ptn_palloc(keep, n);
    compress2(b.deflated.data, &n, b.rtf.data, b.rtf.len, 6);
    b.deflated.len = n;

    printf("what\tbytes\tMB/s\tMB/s of the peer\trate x peer\ttime x peer\n");
    pair("decompress, zlib inflate", &b, b.rtf.len, lzfu, inflated);
    pair("compress, zlib deflate 6", &b, b.rtf.len, compressed, deflated);
    pair("HTML to text, libxml2 HTML parse", &b, b.html.len, html_text,
         html_parse);
    pair("HTML to RTF", &b, b.html.len, from_html, NULL);
    pair("RTF to the HTML that it holds", &b, b.rtf.len, held, NULL);
    pair("RTF to HTML", &b, b.shown.len, shown, NULL);
    printf("# compressed to %zu, zlib 6 to %zu of %zu\n", b.lzfu.len,
           b.deflated.len, b.rtf.len);

    ptn_pool_destroy(b.pool);
    ptn_pool_destroy(keep);

    return 0;
}
