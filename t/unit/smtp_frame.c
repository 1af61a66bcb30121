/*
 * The worker side of SMTP: the same units whatever the pieces in which the
 * bytes arrive, nothing but CRLF.CRLF ends data, bounded lines and messages.
 */

#include "ptn_smtp.h"
#include "ptn_test.h"


#define OUT_MAX  (256 * 1024)

typedef struct {
    u_char             in[OUT_MAX];
    size_t             in_len;
    u_char             out[OUT_MAX];    /* units: "text|body;" */
    size_t             len;
    u_char             body[OUT_MAX];
    size_t             body_len;
    size_t             held;            /* most that had to stay in `in` */
    size_t             calls;
    bool               failed;
    bool               barrier;
    ptn_class_e        cls;
    ptn_frame_t        f;
    ptn_stream_next_t  next;
} worker_t;

static worker_t  w, ref;


static void
worker_begin(worker_t *k)
{
    memset(&k->f, 0, sizeof(k->f));
    k->f.next = &k->next;
    k->f.text_max = PTN_STREAM_TEXT_MAX;
    k->body_len = 0;
}


static void
worker_init(worker_t *k, ptn_stream_mode_e mode, uint64_t body_max)
{
    k->in_len = 0;
    k->len = 0;
    k->held = 0;
    k->calls = 0;
    k->failed = false;
    memset(&k->next, 0, sizeof(k->next));
    k->next.mode = mode;
    k->next.body_max = body_max;
    worker_begin(k);
}


static void
worker_out(worker_t *k, const void *p, size_t n)
{
    if (n > OUT_MAX - k->len) {
        n = OUT_MAX - k->len;
    }
    memcpy(k->out + k->len, p, n);
    k->len += n;
}


static void
worker_feed(worker_t *k, const u_char *p, size_t n)
{
    ptn_frame_e  what;

    memcpy(k->in + k->in_len, p, n);
    k->in_len += n;

    while (!k->failed) {
        k->f.n = 0;
        k->calls++;
        what = ptn_smtp_frame(&k->f, ptn_str_make(k->in, k->in_len));

        if (k->f.n > k->in_len) {
            abort();
        }

        switch (what) {

        case PTN_FRAME_MORE:
            if (k->f.scanned == 0 && k->in_len > k->held) {
                k->held = k->in_len;
            }
            return;

        case PTN_FRAME_BODY:
            memcpy(k->body + k->body_len, k->in, k->f.n);
            k->body_len += k->f.n;
            break;

        case PTN_FRAME_UNIT:
            worker_out(k, k->in, k->f.n);
            worker_out(k, "|", 1);
            worker_out(k, k->body, k->body_len);
            worker_out(k, ";", 1);
            k->cls = k->f.cls;
            k->barrier = k->f.barrier;
            break;

        case PTN_FRAME_SKIP:
            break;

        case PTN_FRAME_FAIL:
            worker_out(k, k->f.reply.data, k->f.reply.len);
            k->failed = true;
            return;

        default:
            abort();
        }

        memmove(k->in, k->in + k->f.n, k->in_len - k->f.n);
        k->in_len -= k->f.n;
        k->f.scanned = 0;

        if (what == PTN_FRAME_UNIT) {
            worker_begin(k);

            if (k->next.mode == PTN_MODE_DATA) {
                k->next.mode = PTN_MODE_COMMAND;
            }
        }
    }
}


/* In one piece, in every two pieces, and byte by byte. */

static void
same_everywhere(const char *name, ptn_stream_mode_e mode, uint64_t body_max,
    const char *in, size_t n, const char *want, size_t want_len)
{
    size_t  i;
    bool    same;

    worker_init(&ref, mode, body_max);
    worker_feed(&ref, (const u_char *) in, n);

    is_mem(ptn_str_make(ref.out, ref.len), ptn_str_make(want, want_len), name);

    same = true;

    for (i = 0; i <= n; i++) {
        worker_init(&w, mode, body_max);
        worker_feed(&w, (const u_char *) in, i);
        worker_feed(&w, (const u_char *) in + i, n - i);

        if (w.len != ref.len || memcmp(w.out, ref.out, ref.len) != 0) {
            same = false;
            diag("cut at %zu differs", i);
        }
    }

    worker_init(&w, mode, body_max);

    for (i = 0; i < n; i++) {
        worker_feed(&w, (const u_char *) in + i, 1);
    }

    same = same && w.len == ref.len && memcmp(w.out, ref.out, ref.len) == 0;

    ok(same, "%s: the same in every two pieces and byte by byte", name);
}


#define CASE(name, mode, max, in, want)                                       \
    same_everywhere(name, mode, max, in, sizeof(in) - 1, want,                \
                    sizeof(want) - 1)


static void
test_commands(void)
{
    CASE("pipelined commands", PTN_MODE_COMMAND, 100,
         "EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<x@y>\r\n",
         "EHLO a\r\n|;MAIL FROM:<>\r\n|;RCPT TO:<x@y>\r\n|;");
    CASE("bare LF ends a line for the session to refuse", PTN_MODE_COMMAND,
         100, "NOOP\nNOOP\r\n", "NOOP\n|;NOOP\r\n|;");
    CASE("CR within a line stays", PTN_MODE_COMMAND, 100,
         "NO\rOP\r\n", "NO\rOP\r\n|;");

    worker_init(&w, PTN_MODE_COMMAND, 100);
    worker_feed(&w, (const u_char *) "AUTH PLAIN x\r\n", 14);
    ok(w.cls == PTN_CLASS_AUTH && w.barrier, "AUTH goes to the auth lane, alone");
    worker_feed(&w, (const u_char *) "auth\r\n", 6);
    ok(w.cls == PTN_CLASS_AUTH, "without an argument, too");
    worker_feed(&w, (const u_char *) "authx\r\n", 7);
    ok(w.cls == PTN_CLASS_SHORT, "a longer word is not AUTH");
    worker_feed(&w, (const u_char *) "STARTTLS\r\n", 10);
    ok(w.barrier, "nothing is framed behind STARTTLS before its answer");
    worker_feed(&w, (const u_char *) "Data\r\n", 6);
    ok(w.barrier, "nor behind DATA");
    worker_feed(&w, (const u_char *) "NOOP\r\n", 6);
    ok(!w.barrier && w.cls == PTN_CLASS_SHORT, "NOOP is no barrier");
}


static void
test_long_lines(void)
{
    size_t   i;
    u_char  *p;

    p = malloc(200000);
    memset(p, 'x', 200000);

    for (i = 1; i <= 70000; i = i * 3 + 1) {
        worker_init(&w, PTN_MODE_COMMAND, 100);

        /* a line of 100,000 bytes in pieces of i, then a good one */

        size_t  off, n;

        for (off = 0; off < 100000; off += n) {
            n = ptn_min(i, 100000 - off);
            worker_feed(&w, p + off, n);
        }

        worker_feed(&w, (const u_char *) "\r\nNOOP\r\n", 8);

        is_mem(ptn_str_make(w.out, w.len), ptn_str("\n|;NOOP\r\n|;"),
               "an endless line is one bare LF, the next one is read");
    }

    worker_init(&w, PTN_MODE_COMMAND, 100);
    memcpy(p, "AUTH ", 5);
    p[9998] = '\r';
    p[9999] = '\n';
    worker_feed(&w, p, 10000);
    ok(w.len == 10002, "AUTH may have 10,000 bytes");
    free(p);
}


static void
test_data(void)
{
    CASE("empty message", PTN_MODE_DATA, 100, ".\r\nNOOP\r\n",
         ".\r\n|;NOOP\r\n|;");
    CASE("one line", PTN_MODE_DATA, 100, "a\r\n.\r\n", ".\r\n|a\r\n;");
    CASE("stuffed dots", PTN_MODE_DATA, 100,
         "..a\r\n...\r\n..\r\n.x\r\n.\r\n",
         ".\r\n|.a\r\n..\r\n.\r\nx\r\n;");
    CASE("a stuffed dot before a lone CR", PTN_MODE_DATA, 100,
         ".\ra\r\n.\r\n", ".\r\n|\ra\r\n;");
    CASE("CR CR LF is a line end", PTN_MODE_DATA, 100, "a\r\r\n.\r\n",
         ".\r\n|a\r\r\n;");
    CASE("dots within lines", PTN_MODE_DATA, 100, "a.b\r\na.\r\n.\r\n",
         ".\r\n|a.b\r\na.\r\n;");
    CASE("8-bit and NUL", PTN_MODE_DATA, 100, "\xff\0\x80\r\n.\r\n",
         ".\r\n|\xff\0\x80\r\n;");
}


/* What other servers were fooled by: each is data, up to the real end. */

static void
test_smuggling(void)
{
    size_t   i;
    char     in[256], want[256];
    size_t   n;

    static const char  *ends[] = {
        "\n.\n", "\n.\r\n", "\r.\r", "\r\n.\r", "\r\n.\n", "\r.\r\n",
        "\n.\r", "\r.\n", "\r\r\n.\r\r\n", "\n\n.\n\n", "\r\n.\r\r\n",
        "\r\n .\r\n", "\r\n.\t\r\n", "\r\n. \r\n"
    };
    static const char  *datas[] = {
        "\n.\n", "\n.\r\n", "\r.\r", "\r\n\r", "\r\n\n", "\r.\r\n",
        "\n.\r", "\r.\n", "\r\r\n\r\r\n", "\n\n.\n\n", "\r\n\r\r\n",
        "\r\n .\r\n", "\r\n\t\r\n", "\r\n \r\n"
    };

    for (i = 0; i < ptn_nelts(ends); i++) {
        n = (size_t) sprintf(in, "a%sMAIL FROM:<evil>\r\nb\r\n.\r\n", ends[i]);
        sprintf(want, ".\r\n|a%sMAIL FROM:<evil>\r\nb\r\n;", datas[i]);

        same_everywhere("no end of data but CRLF.CRLF", PTN_MODE_DATA, 1000,
                        in, n, want, strlen(want));
    }
}


static void
test_too_big(void)
{
    size_t   i;
    u_char   chunk[1000];

    CASE("as large as allowed", PTN_MODE_DATA, 5, "abc\r\n.\r\n",
         ".\r\n|abc\r\n;");

    worker_init(&w, PTN_MODE_DATA, 4);
    worker_feed(&w, (const u_char *) "abc\r\n.\r\nNOOP\r\n", 14);
    is_mem(ptn_str_make(w.out, w.len), ptn_str("\n|;NOOP\r\n|;"),
           "one more: a lone LF, and no body");

    worker_init(&w, PTN_MODE_DATA, 10000);
    memset(chunk, 'y', sizeof(chunk));

    for (i = 0; i < 30; i++) {
        worker_feed(&w, chunk, sizeof(chunk));
    }

    ok(w.body_len <= 10000 && w.in_len == 0, "what is too big is not kept");
    worker_feed(&w, (const u_char *) "\r\n.\r\n", 5);
    ok(w.len > 2 && w.out[0] == '\n' && w.out[w.len - 1] == ';',
       "its end is found");

    worker_init(&w, PTN_MODE_DATA, 10000);

    for (i = 0; i < 60 && !w.failed; i++) {
        worker_feed(&w, chunk, sizeof(chunk));
    }

    ok(w.failed && w.len > 3 && memcmp(w.out, "552", 3) == 0,
       "far too big: 552 and closed");
}


static void
test_held(void)
{
    worker_init(&w, PTN_MODE_DATA, 100000);
    worker_feed(&w, (const u_char *) "hello world", 11);
    is_u64(w.in_len, 0, "data is taken as it comes");
    worker_feed(&w, (const u_char *) "\r\n.", 3);
    is_u64(w.in_len, 1, "a dot at the start of a line waits");
    worker_feed(&w, (const u_char *) "\r", 1);
    is_u64(w.in_len, 2, "with its CR");
}


int
main(void)
{
    test_commands();
    test_long_lines();
    test_data();
    test_smuggling();
    test_too_big();
    test_held();

    return done_testing();
}
