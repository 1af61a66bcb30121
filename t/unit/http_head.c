/*
 * What a handler is told of its request, cut at every byte; the lists of
 * watched slots.
 */

#include "ptn_http_head.h"
#include "ptn_http_meta.h"
#include "ptn_test.h"


static void
test_head(ptn_pool_t *pool)
{
    size_t             i, bad;
    ptn_buf_t          b;
    ptn_job_t          job;
    ptn_str_t          body;
    ptn_http_head_t    head, got;
    ptn_http_header_t  headers[] = {
        { ptn_string("X-RequestType"), ptn_string("Execute") },
        { ptn_string("cookie"), ptn_string("a=1") },
        { ptn_string("Cookie"), ptn_string("b=2") },
        { ptn_string("Empty"), ptn_string("") },
    };

    memset(&head, 0, sizeof(head));
    head.handle.b[3] = 7;
    head.method = PTN_HTTP_POST;
    head.tls = 1;
    head.peer = ptn_str("192.0.2.1");
    head.host = ptn_str("mail.example.test");
    head.port = 443;
    head.uri = ptn_str("/EWS/Exchange.asmx");
    head.args = ptn_str("x=1");
    head.nheaders = ptn_nelts(headers);
    head.headers = headers;

    ptn_buf_init(&b, pool);
    is_rc(ptn_wire_push(&ptn_http_head_wire, &b, &head), PTN_OK, "written");

    memset(&job, 0, sizeof(job));
    job.pool = pool;

    for (i = 0, bad = 0; i < b.len; i++) {
        job.request = ptn_str_dup(pool, ptn_str_make(b.data, i));
        bad += (ptn_http_request(&job, &got, &body) != PTN_ETRUNC);
    }
    is_u64(bad, 0, "every truncation is noticed");

    ptn_buf_z(&b, "the body");
    job.request = ptn_buf_get(&b);
    is_rc(ptn_http_request(&job, &got, &body), PTN_OK, "read");
    is_str(body, "the body", "body");
    is_str(got.host, "mail.example.test", "host");
    is_str(got.uri, "/EWS/Exchange.asmx", "path");
    ok(got.method == PTN_HTTP_POST && got.tls == 1 && got.port == 443
       && memcmp(&got.handle, &head.handle, 16) == 0, "the rest");
    is_str(ptn_http_header_get(&got, "x-requesttype"), "Execute", "a header");
    is_str(ptn_http_header_get(&got, "Cookie"), "a=1", "the first of two");
    ok(ptn_http_header_get(&got, "X-None").data == NULL
       && ptn_http_header_get(&got, "empty").data != NULL,
       "absent is not empty");

    job.body_len = 5;
    is_rc(ptn_http_request(&job, &got, &body), PTN_EPARSE,
          "a body here and in a file");
}


static void
test_watches(ptn_pool_t *pool)
{
    size_t            i, n;
    ptn_rc_t          rc;
    ptn_str_t         rest;
    ptn_http_meta_t   meta;
    ptn_http_watch_t  w, list[3] = {
        { 0, 0 }, { 1023, UINT64_MAX }, { 7, 42 }
    };

    static const struct {
        const char  *text;
        size_t       n;
        ptn_rc_t     rc;
    } rows[] = {
        { "", 0, PTN_ENOTFOUND },
        { "1:2", 1, PTN_ENOTFOUND },
        { "0:0 1023:18446744073709551615", 2, PTN_ENOTFOUND },
        { "1024:1", 0, PTN_EPARSE },
        { "1:18446744073709551616", 0, PTN_EPARSE },
        { "1", 0, PTN_EPARSE },
        { ":", 0, PTN_EPARSE },
        { "1:", 0, PTN_EPARSE },
        { ":1", 0, PTN_EPARSE },
        { " 1:2", 0, PTN_EPARSE },
        { "1:2  3:4", 1, PTN_EPARSE },
        { "1:2,3:4", 0, PTN_EPARSE },
        { "-1:2", 0, PTN_EPARSE },
    };

    for (i = 0; i < ptn_nelts(rows); i++) {
        rest = ptn_str_z(rows[i].text);
        for (n = 0; (rc = ptn_http_watch_next(&rest, &w)) == PTN_OK; n++) {
            /* void */
        }
        ok(n == rows[i].n && rc == rows[i].rc, "\"%s\"", rows[i].text);
    }

    ptn_http_meta_begin(&meta, pool, 200);
    ptn_http_meta_poke(&meta, "debug.poke", 30, NULL, list, 3);
    ptn_http_meta_whole(&meta);
    is_str(ptn_buf_get(&meta.buf), "200\nX-Postern-Poke: debug.poke 30\n"
           "X-Postern-Watch: 0:0 1023:18446744073709551615 7:42\n"
           "X-Postern-Whole: 1\n", "written");
}


int
main(void)
{
    ptn_pool_t  *pool = ptn_pool_create(0, NULL);

    test_head(pool);
    test_watches(pool);
    ptn_pool_destroy(pool);

    return done_testing();
}
