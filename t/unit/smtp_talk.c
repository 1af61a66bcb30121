/*
 * Dialogues of SMTP, submission and LMTP over a real store: rows of what is
 * sent and what must be said, then the effect: the queue, the mailbox.
 */

#include "ptn_clerk_work.h"
#include "ptn_delivery.h"
#include "ptn_queue_index.h"
#include "ptn_sim.h"
#include "ptn_smtp.h"
#include "stream_driver.h"


typedef struct {
    const char  *send;
    const char  *want;      /* whole answer; "~text": contains it */
} row_t;

static stream_driver_site_t  site;
static stream_driver_t       d;


static void
begin(const char *variant)
{
    if (d.proto != NULL) {
        stream_driver_close(&d);
    }

    stream_driver_open(&d, &site, &ptn_smtp_proto);

    /* the driver's open comes before the variant is known */

    d.peer.variant = ptn_str_z(variant);
    d.out.len = 0;
    stream_driver_begin(&d, true, NULL);
    d.out.len = 0;
}


/* The last command of a flight, without its line end, as a test's name. */

static const char *
name_of(const char *send)
{
    size_t       i, n;
    static char  name[64];

    for (i = 0, n = 0; send[i] != '\0' && n < sizeof(name) - 1; i++) {
        if (send[i] == '\r' && send[i + 1] == '\n' && send[i + 2] == '\0') {
            break;
        }

        name[n++] = send[i] < 0x20 || send[i] > 0x7e ? '|' : send[i];
    }

    name[n] = '\0';

    return name;
}


static void
go_on(const char *variant, const row_t *rows)
{
    ptn_str_t  said;

    for ( /* void */ ; rows->send != NULL; rows++) {
        stream_driver_send(&d, rows->send);
        said = stream_driver_said(&d);

        if (rows->want[0] == '~') {
            ok(memmem(said.data, said.len, rows->want + 1,
                      strlen(rows->want + 1)) != NULL,
               "%s: %s", variant, name_of(rows->send));

            if (memmem(said.data, said.len, rows->want + 1,
                       strlen(rows->want + 1)) == NULL)
            {
                diag("said %.*s", ptn_str_arg(said));
            }
            continue;
        }

        is_str(said, rows->want, name_of(rows->send));
    }
}


static void
talk(const char *variant, const row_t *rows)
{
    begin(variant);
    go_on(variant, rows);
}


/* --- what the queue holds ------------------------------------------------- */

static unsigned  queued;
static char      queued_last[512];

static void
on_row(void *ctx, const ptn_queue_row_t *row)
{
    (void) ctx;
    queued++;
    snprintf(queued_last, sizeof(queued_last), "%.*s>%.*s",
             ptn_str_arg(row->sender), ptn_str_arg(row->rcpt));
}


static unsigned
queue_count(void)
{
    queued = 0;
    ptn_queue_list(&site.conf, &ptn_io_posix, on_row, NULL);

    return queued;
}


/* The text is somewhere in `m`. */

static bool
has(ptn_str_t m, const char *text)
{
    return memmem(m.data, m.len, text, strlen(text)) != NULL;
}


/* --- what a mailbox holds ------------------------------------------------- */

static uint32_t
inbox(const char *address, ptn_pool_t *pool, ptn_str_t *last)
{
    uint32_t             n;
    ptn_row_t            row;
    ptn_msg_t           *msg;
    ptn_user_t           user;
    ptn_mbox_t          *mb;
    ptn_view_t          *view;
    const ptn_folder_t  *f;

    if (ptn_user_get(site.app->directory, pool, ptn_str_z(address), &user)
        != PTN_OK
        || ptn_mbox_open(site.app->store, &user, NULL, &mb) != PTN_OK
        || ptn_folder_special(mb, PTN_FOLDER_INBOX, &f) != PTN_OK
        || ptn_view_get(mb, f->id, &view) != PTN_OK)
    {
        return 0;
    }

    n = ptn_view_count(view);

    if (n > 0 && last != NULL) {
        ptn_view_row(view, n, &row);

        if (ptn_msg_open(mb, pool, row.id, &msg) != PTN_OK
            || ptn_msg_slice(msg, pool, 0, UINT64_MAX, 1 << 24, last)
               != PTN_OK)
        {
            n = 0;
        }
    }

    ptn_view_unref(view);

    return n;
}


static void
test_greetings(void)
{
    static const row_t  rows[] = {
        { "MAIL FROM:<a@b>\r\n", "503 5.5.1 Send EHLO first\r\n" },
        { "LHLO x\r\n", "500 5.5.2 Command not recognized\r\n" },
        { "EHLO\r\n", "501 5.5.4 A host name is needed\r\n" },
        { "EHLO a b\r\n", "501 5.5.4 A host name is needed\r\n" },
        { "EHLO [192.0.2.1]\r\n", "~250 ENHANCEDSTATUSCODES\r\n" },
        { "EHLO client.test\r\n",
          "250-mail.example.test\r\n250-PIPELINING\r\n"
          "250-SIZE 157286400\r\n250-8BITMIME\r\n250-STARTTLS\r\n"
          "250 ENHANCEDSTATUSCODES\r\n" },
        { "AUTH PLAIN AGEAYgBj\r\n", "500 5.5.2 Command not recognized\r\n" },
        { "HELO client.test\r\n", "250 mail.example.test\r\n" },
        { "NOOP\r\n", "250 2.0.0 Ok\r\n" },
        { "NOOP anything at all\r\n", "250 2.0.0 Ok\r\n" },
        { "RSET\r\n", "250 2.0.0 Ok\r\n" },
        { "RSET now\r\n", "501 5.5.4 No argument is allowed\r\n" },
        { "VRFY alice\r\n", "~252 " },
        { "EXPN alice\r\n", "~502 5.5.1" },
        { "HELP\r\n", "~214 " },
        { "\r\n", "500 5.5.2 Command not recognized\r\n" },
        { "NOOP\n", "500 5.5.2 A line must end in CR LF\r\n" },
        { "noop\r\nNoOp\r\n", "250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n" },
        { "QUIT\r\n", "221 2.0.0 Bye\r\n" },
        { NULL, NULL }
    };

    talk("smtp", rows);
    ok(d.closed, "QUIT closes");

    begin("smtp");
    stream_driver_send(&d, "EHLO a\r\nSTARTTLS\r\n");
    ok(d.tls, "STARTTLS asks for TLS");
    d.peer.tls = true;
    d.peer.starttls = false;
    d.tls = false;
    stream_driver_begin(&d, false, NULL);
    d.out.len = 0;
    stream_driver_send(&d, "MAIL FROM:<a@b>\r\n");
    is_str(stream_driver_said(&d), "503 5.5.1 Send EHLO first\r\n",
           "what was said before TLS is forgotten");
    stream_driver_send(&d, "EHLO a\r\n");
    ok(memmem(d.out.data, d.out.len, "STARTTLS", 8) == NULL,
       "STARTTLS is not offered twice");
    d.out.len = 0;
    stream_driver_send(&d, "STARTTLS\r\n");
    ok(!d.tls && memcmp(d.out.data, "503", 3) == 0, "nor done twice");
}


static void
test_errors(void)
{
    int   i;
    char  line[4000];

    begin("smtp");

    for (i = 0; i < PTN_SMTP_ERRORS_MAX; i++) {
        stream_driver_send(&d, "BAD\r\n");
    }

    ok(!d.closed, "%d errors are borne", PTN_SMTP_ERRORS_MAX);
    d.out.len = 0;
    stream_driver_send(&d, "BAD\r\n");
    is_str(stream_driver_said(&d), "421 4.7.0 Too many errors\r\n",
           "one more is not");
    ok(d.closed, "and closes");

    begin("smtp");
    memset(line, 'x', sizeof(line));
    memcpy(line + sizeof(line) - 3, "\r\n", 3);
    stream_driver_send(&d, line);
    is_str(stream_driver_said(&d), "500 5.5.6 Line too long\r\n",
           "a line that is too long");
}


static void
test_envelope(void)
{
    int                 i;
    char                line[600];
    static const row_t  rows[] = {
        { "EHLO c\r\n", "~250 " },
        { "RCPT TO:<alice@example.test>\r\n", "503 5.5.1 Send MAIL first\r\n" },
        { "DATA\r\n", "503 5.5.1 Send MAIL first\r\n" },
        { "MAIL FROM:a@b.c\r\n", "501 5.1.7 Bad address syntax\r\n" },
        { "MAIL TO:<a@b.c>\r\n", "~501 5.5.4" },
        { "MAIL FROM:<a b@c>\r\n", "501 5.1.7 Bad address syntax\r\n" },
        { "MAIL FROM:<a@b.c\r\n", "501 5.1.7 Bad address syntax\r\n" },
        { "MAIL FROM:<a@b..c>\r\n", "501 5.1.7 Bad address syntax\r\n" },
        { "MAIL FROM:<a\rb@c>\r\n", "501 5.1.7 Bad address syntax\r\n" },
        { "MAIL FROM:<\xc3\xa4@b.c>\r\n",
          "553 5.6.7 SMTPUTF8 is not supported\r\n" },
        { "MAIL FROM:<a@b.c> SIZE=157286401\r\n",
          "552 5.3.4 Message too big\r\n" },
        { "MAIL FROM:<a@b.c> SIZE=99999999999999999999999\r\n",
          "501 5.5.4 Bad SIZE\r\n" },
        { "MAIL FROM:<a@b.c> SIZE=x\r\n", "501 5.5.4 Bad SIZE\r\n" },
        { "MAIL FROM:<a@b.c> BODY=9BIT\r\n", "501 5.5.4 Unknown BODY\r\n" },
        { "MAIL FROM:<a@b.c> SMTPUTF8\r\n", "555 5.5.4 Unknown parameter\r\n" },
        { "MAIL FROM:<a@b.c> SIZE=5 BODY=8BITMIME AUTH=<>\r\n",
          "250 2.1.0 Ok\r\n" },
        { "MAIL FROM:<a@b.c>\r\n", "503 5.5.1 Not within a mail transaction\r\n" },
        { "DATA\r\n", "554 5.5.1 No valid recipients\r\n" },
        { "RCPT TO:<>\r\n", "501 5.1.7 Bad address syntax\r\n" },
        { "RCPT TO:<nobody@example.test>\r\n",
          "550 5.1.1 No such user here\r\n" },
        { "RCPT TO:<x@other.test>\r\n", "550 5.7.1 Relaying denied\r\n" },
        { "RCPT TO:<alice@example.test> NOTIFY=NEVER\r\n",
          "555 5.5.4 Unknown parameter\r\n" },
        { "RCPT TO:<ALICE@Example.TEST>\r\n", "250 2.1.5 Ok\r\n" },
        { "RCPT TO:<alice+tag@example.test>\r\n", "250 2.1.5 Ok\r\n" },
        { "RCPT TO: <\"bob\"@example.test>\r\n", "250 2.1.5 Ok\r\n" },
        { "RCPT TO:<@relay.test:bob@example.test>\r\n", "250 2.1.5 Ok\r\n" },
        { "EHLO c\r\n", "~250 " },
        { "RCPT TO:<alice@example.test>\r\n", "503 5.5.1 Send MAIL first\r\n" },
        { NULL, NULL }
    };
    static const row_t  helo[] = {
        { "HELO c\r\n", "~250 " },
        { "MAIL FROM:<a@b.c> SIZE=1\r\n", "555 5.5.4 Unknown parameter\r\n" },
        { "MAIL FROM:<>\r\n", "250 2.1.0 Ok\r\n" },
        { NULL, NULL }
    };

    talk("smtp", rows);
    talk("smtp", helo);

    begin("smtp");
    site.conf.rcpt_max = 3;
    stream_driver_send(&d, "EHLO c\r\nMAIL FROM:<>\r\n");

    for (i = 0; i < 4; i++) {
        d.out.len = 0;
        snprintf(line, sizeof(line), "RCPT TO:<bob+%d@example.test>\r\n", i);
        stream_driver_send(&d, line);
    }

    is_str(stream_driver_said(&d), "452 4.5.3 Too many recipients\r\n",
           "as many recipients as allowed");
    site.conf.rcpt_max = 1000;
}


static void
test_queue(void)
{
    unsigned            before;
    static const row_t  rows[] = {
        { "EHLO c.test\r\nMAIL FROM:<s@other.test>\r\n"
          "RCPT TO:<alice@example.test>\r\nDATA\r\n", "~354 " },
        { "Subject: x\r\n\r\n..dot\r\nbare\nlf\rcr\r\n.\r\n",
          "~250 2.0.0 Ok: queued as " },
        { "MAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\n"
          "RCPT TO:<bob@example.test>\r\nRCPT TO:<BOB@example.test>\r\n"
          "DATA\r\n", "~354 " },
        { "Subject: two\r\n\r\nb\r\n.\r\nQUIT\r\n", "~221 " },
        { NULL, NULL }
    };

    before = queue_count();
    talk("smtp", rows);
    is_u64(queue_count() - before, 3, "three recipients wait in the queue");
}


static void
test_limits(void)
{
    int                 i;
    static const row_t  rows[] = {
        { "EHLO c.test\r\nMAIL FROM:<s@other.test>\r\n"
          "RCPT TO:<alice@example.test>\r\nDATA\r\n", "~354 " },
        { "Subject: much too long a message, is it not?\r\n\r\nx\r\n.\r\n",
          "552 5.3.4 Message too big\r\n" },
        { "MAIL FROM:<a@b.c>\r\n", "250 2.1.0 Ok\r\n" },
        { NULL, NULL }
    };

    site.conf.message_max = 30;
    talk("smtp", rows);
    site.conf.message_max = 150 * 1024 * 1024;

    begin("smtp");
    stream_driver_send(&d, "EHLO c\r\nMAIL FROM:<>\r\n"
                       "RCPT TO:<bob@example.test>\r\nDATA\r\n");

    for (i = 0; i <= PTN_SMTP_HOPS_MAX; i++) {
        stream_driver_send(&d, "Received: from a by b\r\n\tfolded\r\n");
    }

    d.out.len = 0;
    stream_driver_send(&d, "\r\nx\r\n.\r\n");
    is_str(stream_driver_said(&d), "554 5.4.6 Too many hops\r\n", "a loop");
}


static void
test_lmtp(void)
{
    uint32_t             alice, bob;
    ptn_str_t            m;
    ptn_pool_t          *pool;
    static const row_t   rows[] = {
        { "EHLO c\r\n", "500 5.5.2 Command not recognized\r\n" },
        { "MAIL FROM:<a@b>\r\n", "503 5.5.1 Send LHLO first\r\n" },
        { "LHLO mx.test\r\n", "~250-PIPELINING" },
        { "MAIL FROM:<s@other.test>\r\nRCPT TO:<no@example.test>\r\nDATA\r\n",
          "250 2.1.0 Ok\r\n550 5.1.1 No such user here\r\n"
          "503 5.5.1 No valid recipients\r\n" },
        { "RCPT TO:<alice@example.test>\r\nRCPT TO:<bob+x@example.test>\r\n"
          "RCPT TO:<alice@example.test>\r\nDATA\r\n", "~354 " },
        { "Message-ID: <1@x>\r\n\r\nhello\r\n..\r\n.\r\n",
          "250 2.1.5 <alice@example.test> delivered\r\n"
          "250 2.1.5 <bob+x@example.test> delivered\r\n"
          "250 2.1.5 <alice@example.test> delivered\r\n" },
        { "MAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n", "~354 " },
        { "\r\nagain\r\n.\r\n", "250 2.1.5 <bob@example.test> delivered\r\n" },
        { NULL, NULL }
    };

    pool = ptn_pool_create(0, NULL);
    alice = inbox("alice@example.test", pool, NULL);
    bob = inbox("bob@example.test", pool, NULL);

    talk("lmtp", rows);

    is_u64(inbox("alice@example.test", pool, &m) - alice, 1,
           "alice has it once");
    ok(m.len > 0 && memcmp(m.data, "Return-Path: <s@other.test>\r\nReceived: "
                           "from mx.test ([192.0.2.1])\r\n\tby "
                           "mail.example.test with LMTP id ", 88) == 0,
       "with Return-Path and Received");
    ok(m.len > 31
       && memcmp(m.data + m.len - 31,
                 "Message-ID: <1@x>\r\n\r\nhello\r\n.\r\n", 31) == 0,
       "and its own bytes, without the stuffed dot");
    is_u64(inbox("bob@example.test", pool, &m) - bob, 2, "bob has two");
    ok(memcmp(m.data, "Return-Path: <>\r\n", 17) == 0, "the last from nobody");

    /* a commit that fails is said to each recipient */

    begin("lmtp");
    stream_driver_send(&d, "LHLO c\r\nMAIL FROM:<a@b>\r\n"
                       "RCPT TO:<bob@example.test>\r\nDATA\r\n");
    d.commit_rc = PTN_EIO;
    d.out.len = 0;
    bob = inbox("bob@example.test", pool, NULL);
    stream_driver_send(&d, "\r\nlost\r\n.\r\n");
    is_str(stream_driver_said(&d),
           "451 4.3.0 Temporary failure, nothing was done\r\n",
           "a failed commit is a temporary failure");
    d.commit_rc = PTN_OK;
    is_u64(inbox("bob@example.test", pool, NULL), bob, "nothing was delivered");
    ok(!d.closed && d.next.mode == PTN_MODE_COMMAND, "the session goes on");

    begin("lmtp");
    site.conf.message_max = 5;
    stream_driver_send(&d, "LHLO c\r\nMAIL FROM:<a@b>\r\n"
                       "RCPT TO:<bob@example.test>\r\n"
                       "RCPT TO:<alice@example.test>\r\nDATA\r\n");
    d.out.len = 0;
    stream_driver_send(&d, "\r\ntoo long\r\n.\r\n");
    is_str(stream_driver_said(&d), "552 5.3.4 Message too big\r\n"
           "552 5.3.4 Message too big\r\n", "refused to each");
    site.conf.message_max = 150 * 1024 * 1024;
    ptn_pool_destroy(pool);
}


/*
 * Several recipients, and each change of the disk fails in its turn: who was
 * told 250 has the message, who was told 4xx has it not, and the failure of
 * one is not the failure of the other.
 */
static void
test_lmtp_fails(void)
{
    bool         honest, said[2];
    size_t       i;
    uint32_t     before[2], got;
    uint64_t     n;
    unsigned     seen[2][2];
    ptn_str_t    s;
    ptn_app_t   *app;
    ptn_sim_t   *sim;
    ptn_pool_t  *pool;

    static const char *const  who[] = {
        "alice@example.test", "bob@example.test"
    };

    sim = ptn_sim_create(site.root);
    app = site.app;
    honest = true;
    memset(seen, 0, sizeof(seen));

    if (ptn_app_open(NULL, &site.conf, &sim->io, site.log, "sim", &site.app)
        != PTN_OK)
    {
        abort();
    }

    /* until a whole delivery has fewer changes than n */

    for (n = 1; n < 500; n++) {
        pool = ptn_pool_create(0, NULL);

        for (i = 0; i < 2; i++) {
            before[i] = inbox(who[i], pool, NULL);
        }

        begin("lmtp");
        stream_driver_send(&d, "LHLO c\r\nMAIL FROM:<a@b>\r\n"
                           "RCPT TO:<alice@example.test>\r\n"
                           "RCPT TO:<bob@example.test>\r\nDATA\r\n");
        d.out.len = 0;

        ptn_sim_fail(sim, n, n % 2 ? ENOSPC : EIO, false);
        stream_driver_send(&d, "\r\nx\r\n.\r\n");
        got = sim->calls >= sim->fail_at;
        ptn_sim_fail(sim, 0, 0, false);

        s = stream_driver_said(&d);
        said[0] = s.len > 3 && memcmp(s.data, "250", 3) == 0;
        said[1] = has(s, "\r\n250 2.1.5 <bob@")
                  || (s.len > 15 && memcmp(s.data, "250 2.1.5 <bob@", 15)
                      == 0);
        seen[said[0]][said[1]]++;

        if (s.len < 3 || (s.data[0] != '2' && s.data[0] != '4')) {
            honest = false;
        }

        for (i = 0; i < 2; i++) {
            if (inbox(who[i], pool, NULL) - before[i] != said[i]) {
                diag("%llu: %s was told %.*s", (unsigned long long) n, who[i],
                     ptn_str_arg(s));
                honest = false;
            }
        }

        ptn_pool_destroy(pool);

        if (!got) {
            break;
        }
    }

    ok(honest, "250: it is there; 4xx: it is not");
    ok(n < 500 && seen[1][1] > 0, "each of %llu changes failed",
       (unsigned long long) n);
    ok(seen[0][1] > 0, "alice failed, bob has it (%u)", seen[0][1]);
    ok(seen[1][0] > 0, "bob failed, alice has it (%u)", seen[1][0]);
    is_u64(seen[0][0], 0, "one failure never fails both");

    stream_driver_close(&d);
    ptn_app_close(site.app);
    ptn_sim_free(sim);
    site.app = app;
}


/* base64 of \0alice@example.test\0secret */
#define ALICE  "AGFsaWNlQGV4YW1wbGUudGVzdABzZWNyZXQ="
/* base64 of \0alice@example.test\0wrong! */
#define WRONG  "AGFsaWNlQGV4YW1wbGUudGVzdAB3cm9uZyE="

static void
test_submission(void)
{
    unsigned             before;
    static const row_t   auth[] = {
        { "EHLO c\r\n", "~250-AUTH PLAIN LOGIN\r\n" },
        { "MAIL FROM:<alice@example.test>\r\n",
          "530 5.7.0 Authentication required\r\n" },
        { "AUTH\r\n", "501 5.5.4 A mechanism is needed\r\n" },
        { "AUTH CRAM-MD5\r\n", "504 5.5.4 Unknown mechanism\r\n" },
        { "AUTH PLAIN\r\n", "334 \r\n" },
        { "*\r\n", "501 5.7.0 Authentication cancelled\r\n" },
        { "NOOP\r\n", "250 2.0.0 Ok\r\n" },
        { "AUTH PLAIN !!!\r\n", "501 5.5.2 Malformed response\r\n" },
        { "AUTH PLAIN =\r\n", "501 5.5.2 Malformed response\r\n" },
        { "AUTH PLAIN\r\n", "334 \r\n" },
        { ALICE "\r\n", "235 2.7.0 Authentication succeeded\r\n" },
        { "AUTH PLAIN\r\n", "503 5.5.1 Already authenticated\r\n" },
        { "EHLO c\r\n", "~250-8BITMIME" },
        { "MAIL FROM:<mallory@example.test>\r\n",
          "553 5.7.1 Not one of your addresses\r\n" },
        { "MAIL FROM:<bob@example.test>\r\n",
          "553 5.7.1 Not one of your addresses\r\n" },
        { "MAIL FROM:<Alice@Example.test>\r\n", "250 2.1.0 Ok\r\n" },
        { "RCPT TO:<x@other.test>\r\n",
          "550 5.4.4 No relay for mail to other domains\r\n" },
        { "RCPT TO:<nobody@example.test>\r\n",
          "550 5.1.1 No such user here\r\n" },
        { "RCPT TO:<bob@example.test>\r\nDATA\r\n", "~354 " },
        { "From: alice@example.test\r\n\r\nx\r\n.\r\n", "~250 2.0.0 Ok" },
        { NULL, NULL }
    };
    static const row_t   login[] = {
        { "EHLO c\r\n", "~250 " },
        { "AUTH LOGIN\r\n", "334 VXNlcm5hbWU6\r\n" },
        { "YWxpY2VAZXhhbXBsZS50ZXN0\r\n", "334 UGFzc3dvcmQ6\r\n" },
        { "c2VjcmV0\r\n", "235 2.7.0 Authentication succeeded\r\n" },
        { "MAIL FROM:<>\r\n", "250 2.1.0 Ok\r\n" },
        { NULL, NULL }
    };
    static const row_t   initial[] = {
        { "EHLO c\r\n", "~250 " },
        { "AUTH LOGIN YWxpY2VAZXhhbXBsZS50ZXN0\r\n", "334 UGFzc3dvcmQ6\r\n" },
        { "c2VjcmV0\r\n", "235 2.7.0 Authentication succeeded\r\n" },
        { NULL, NULL }
    };
    static const row_t   clear[] = {
        { "EHLO c\r\n", "~250-STARTTLS" },
        { "AUTH PLAIN " ALICE "\r\n", "538 5.7.11 Encryption required\r\n" },
        { "AUTH PLAIN\r\n", "538 5.7.11 Encryption required\r\n" },
        { "AUTH LOGIN\r\n", "538 5.7.11 Encryption required\r\n" },
        { NULL, NULL }
    };
    static const row_t   relay[] = {
        { "EHLO c\r\nAUTH PLAIN " ALICE "\r\n", "~235 " },
        { "MAIL FROM:<alice@example.test>\r\nRCPT TO:<x@other.test>\r\n",
          "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n" },
        { NULL, NULL }
    };
    static const row_t   wrong[] = {
        { "EHLO c\r\nAUTH PLAIN " WRONG "\r\n", "~535 5.7.8" },
        { "AUTH PLAIN " WRONG "\r\n", "~535 5.7.8" },
        { "AUTH PLAIN " WRONG "\r\n", "~421 4.7.0" },
        { NULL, NULL }
    };

    before = queue_count();
    talk("submission", auth);
    is_u64(queue_count() - before, 1, "the message is in the queue");
    talk("submission", login);
    talk("submission", initial);

    site.conf.relay_host = "relay.test";
    talk("submission", relay);
    begin("smtp");
    stream_driver_send(&d, "EHLO c\r\nMAIL FROM:<>\r\n");
    d.out.len = 0;
    stream_driver_send(&d, "RCPT TO:<x@other.test>\r\n");
    is_str(stream_driver_said(&d), "550 5.7.1 Relaying denied\r\n",
           "a relay is for those who signed in");
    site.conf.relay_host = NULL;

    site.conf.clear_text_auth = false;
    talk("submission", clear);
    begin("submission");
    stream_driver_send(&d, "EHLO c\r\n");
    ok(memmem(d.out.data, d.out.len, "AUTH", 4) == NULL,
       "AUTH is not offered in the clear");
    site.conf.clear_text_auth = true;

    talk("submission", wrong);
    ok(d.closed, "three failures close");
}


/* What becomes of a session whose user may not be here any more. */

static void
disable(bool user, bool domain)
{
    ptn_user_t   u;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);
    is_rc(ptn_user_get(site.app->directory, pool, ptn_str("alice@example.test"),
                       &u), PTN_OK, "alice");
    u.disabled = user;
    is_rc(ptn_user_set(site.app->directory, &u), PTN_OK,
          user ? "is disabled" : "is there");
    is_rc(ptn_domain_set_disabled(site.app->directory, ptn_str("example.test"),
                                  domain), PTN_OK,
          domain ? "her domain is disabled" : "her domain is there");
    ptn_pool_destroy(pool);
}


static void
test_disabled(void)
{
    int  i;

    static const row_t   refused[] = {
        { "MAIL FROM:<alice@example.test>\r\n",
          "530 5.7.0 Authentication required\r\n" },
        { "MAIL FROM:<>\r\n", "530 5.7.0 Authentication required\r\n" },
        { "AUTH PLAIN " ALICE "\r\n", "535 5.7.8 Authentication failed\r\n" },
        { "MAIL FROM:<alice@example.test>\r\n",
          "530 5.7.0 Authentication required\r\n" },
        { NULL, NULL }
    };
    static const row_t   again[] = {
        { "AUTH PLAIN " ALICE "\r\n",
          "235 2.7.0 Authentication succeeded\r\n" },
        { "MAIL FROM:<alice@example.test>\r\n", "250 2.1.0 Ok\r\n" },
        { NULL, NULL }
    };

    for (i = 0; i < 2; i++) {
        begin("submission");
        stream_driver_send(&d, "EHLO c\r\nAUTH PLAIN " ALICE "\r\n");
        (void) stream_driver_said(&d);
        is_u64(site.sessions, 1, "a session");

        disable(i == 0, i == 1);
        go_on("submission", refused);
        is_u64(site.sessions, 0, "counted no more");

        disable(false, false);
        go_on("submission", again);
        is_u64(site.sessions, 1, "counted again");
    }
}


/* The queue's runner takes all that to the mailboxes. */

static void
test_clerk(void)
{
    int            i;
    uint32_t       bob;
    ptn_str_t      m;
    ptn_pool_t    *pool;
    ptn_clerk_t   *clerk;

    pool = ptn_pool_create(0, NULL);
    bob = inbox("bob@example.test", pool, NULL);

    ok(queue_count() > 0, "mail waits");
    is_rc(ptn_clerk_open(NULL, &site.conf, &ptn_io_posix, site.log, &clerk),
          PTN_OK, "the clerk starts");

    for (i = 0; i < 10; i++) {
        (void) ptn_clerk_run(clerk);
    }

    is_u64(queue_count(), 0, "the queue is empty");
    is_u64(inbox("bob@example.test", pool, &m) - bob, 2, "bob has his two");
    ok(has(m, "with ESMTPA id ")
       && has(m, "\r\nDate: ")
       && has(m, "\r\nMessage-ID: <"),
       "submission added Date and Message-ID");
    is_u64(inbox("alice@example.test", pool, &m), 3, "alice has three");
    ptn_clerk_close(clerk);
    ptn_pool_destroy(pool);
}


int
main(void)
{
    stream_driver_site_open(&site);

    test_greetings();
    test_errors();
    test_envelope();
    test_queue();
    test_limits();
    test_lmtp();
    test_submission();
    test_disabled();
    test_clerk();
    test_lmtp_fails();

    stream_driver_site_close(&site);

    return done_testing();
}
