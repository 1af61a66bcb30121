/*
 * Our SMTP client against a relay that behaves as each test says: what is
 * sent, what each recipient's result is, and that no wait is without end.
 */

#include <openssl/pem.h>
#include <signal.h>
#include <sys/eventfd.h>

#include "ptn_smtp_client.h"
#include "ptn_test.h"
#include "smtp_relay_server.h"


static relay_t                 relay;
static ptn_smtp_client_conf_t  conf;
static ptn_smtp_client_t      *client;
static ptn_smtp_result_t       results[120];
static ptn_str_t               rcpt[120];
static ptn_str_t               data;


static ptn_rc_t
read_data(void *ctx, uint64_t off, u_char *p, size_t n)
{
    (void) ctx;

    if (off + n > data.len) {
        return PTN_EIO;
    }

    memcpy(p, data.data + off, n);

    return PTN_OK;
}


static void
begin(unsigned mode)
{
    if (client != NULL) {
        ptn_smtp_client_destroy(client);
    }

    relay_forget(&relay, mode);

    if (ptn_smtp_client_create(&conf, &client) != PTN_OK) {
        abort();
    }
}


static ptn_rc_t
send_to(uint32_t n, const char *text)
{
    ptn_smtp_send_t  s;

    data = ptn_str_z(text);

    memset(&s, 0, sizeof(s));
    s.sender = ptn_str("s@example.test");
    s.rcpt = rcpt;
    s.nrcpt = n;
    s.size = data.len;
    s.read = read_data;
    s.results = results;
    s.body8 = true;

    return ptn_smtp_client_send(client, &s);
}


static void
is_data(const char *want, const char *name)
{
    pthread_mutex_lock(&relay.lock);
    is_str(ptn_str_make(relay.data, relay.data_len), want, name);
    pthread_mutex_unlock(&relay.lock);
}


static void
test_sent(void)
{
    size_t  i;
    bool    all;

    begin(RELAY_OK);
    is_rc(send_to(2, "Subject: x\r\n\r\n.dot\r\n..two\r\nend\r\n"), PTN_OK,
          "send");
    ok(results[0].result == PTN_SMTP_SENT && results[1].result
       == PTN_SMTP_SENT && strcmp(results[0].reply, "250 2.0.0 Taken") == 0,
       "sent to both");
    is_data("Subject: x\r\n\r\n..dot\r\n...two\r\nend\r\n", "dots are stuffed");
    ok(strstr(relay.log, "EHLO mail.example.test\r\n"
              "MAIL FROM:<s@example.test> SIZE=32 BODY=8BITMIME\r\n"
              "RCPT TO:<r0@other.test>\r\nRCPT TO:<r1@other.test>\r\n"
              "DATA\r\n") != NULL, "with SIZE and BODY");
    ok(relay.pipelined, "pipelined");

    is_rc(send_to(1, "x"), PTN_OK, "a second message");
    is_u64(relay.connections, 1, "by the same connection");
    is_data("x\r\n", "the last line is ended");
    is_rc(send_to(1, ""), PTN_OK, "an empty message");
    is_data("", "stays empty");

    begin(RELAY_NO_PIPELINING);
    is_rc(send_to(3, "x\r\n"), PTN_OK, "a server without PIPELINING");
    ok(!relay.pipelined && relay.messages == 1, "is spoken to in steps");

    begin(RELAY_HELO_ONLY);
    is_rc(send_to(1, "x\r\n"), PTN_OK, "a server without EHLO");
    ok(strstr(relay.log, "HELO mail.example.test\r\nMAIL FROM:"
              "<s@example.test>\r\n") != NULL, "no parameters for it");

    begin(RELAY_OK);
    is_rc(send_to(120, "x\r\n"), PTN_OK, "120 recipients");

    for (i = 0, all = true; i < 120; i++) {
        all = all && results[i].result == PTN_SMTP_SENT;
    }

    ok(all && relay.messages == 1, "in one message");
}


/* Whatever line ends the message has, CRLF is what leaves. */

static void
test_line_ends(void)
{
    size_t              i;
    static const struct {
        const char  *in, *out;
    } rows[] = {
        { "a\nb\n", "a\r\nb\r\n" },
        { "a\rb\r", "a\r\nb\r\n" },
        { "a\n.\nb", "a\r\n..\r\nb\r\n" },
        { "a\r.\rb", "a\r\n..\r\nb\r\n" },
        { "a\r\n.\nMAIL FROM:<x>\r\n", "a\r\n..\r\nMAIL FROM:<x>\r\n" },
        { "a\n.\r\nb\r\n", "a\r\n..\r\nb\r\n" },
        { "a\r.\r\nb\r\n", "a\r\n..\r\nb\r\n" },
        { "a\r\r\n.\r\r\nb", "a\r\n\r\n..\r\n\r\nb\r\n" },
        { ".", "..\r\n" },
        { ".\n", "..\r\n" },
        { "\n\r\n\r", "\r\n\r\n\r\n" },
    };
    char  *big;

    begin(RELAY_OK);

    for (i = 0; i < ptn_nelts(rows); i++) {
        send_to(1, rows[i].in);
        is_data(rows[i].out, "line ends are made CRLF, dots stuffed");
    }

    is_u64(relay.messages, ptn_nelts(rows), "each was one message");

    /* across the chunks in which it is read */

    big = malloc(100001);

    for (i = 0; i < 100000; i += 2) {
        big[i] = '\r';
        big[i + 1] = '\n';
    }

    big[100000] = '\0';
    big[32767] = '\n';
    big[32768] = '.';
    send_to(1, big);
    ok(relay.data_len == 100002 && relay.messages == ptn_nelts(rows) + 1,
       "a dot at the start of a chunk is stuffed (%zu)", relay.data_len);
    free(big);
}


static void
test_results(void)
{
    size_t              i;
    static const struct {
        unsigned           mode;
        ptn_rc_t           rc;
        ptn_smtp_result_e  first, second;
        const char        *reply;       /* of the second */
    } rows[] = {
        { RELAY_RCPT2_450, PTN_OK, PTN_SMTP_SENT, PTN_SMTP_TEMPORARY,
          "450-4.2.1 Busy" },
        { RELAY_RCPT2_550, PTN_OK, PTN_SMTP_SENT, PTN_SMTP_PERMANENT,
          "550 5.1.1 No such user" },
        { RELAY_RCPT2_550|RELAY_NO_PIPELINING, PTN_OK, PTN_SMTP_SENT,
          PTN_SMTP_PERMANENT, "550 5.1.1 No such user" },
        { RELAY_MAIL_550, PTN_OK, PTN_SMTP_PERMANENT, PTN_SMTP_PERMANENT,
          "550 5.1.8 Not from you" },
        { RELAY_MAIL_550|RELAY_NO_PIPELINING, PTN_OK, PTN_SMTP_PERMANENT,
          PTN_SMTP_PERMANENT, "550 5.1.8 Not from you" },
        { RELAY_DATA_451, PTN_OK, PTN_SMTP_TEMPORARY, PTN_SMTP_TEMPORARY,
          "451 4.3.0 Not now" },
        { RELAY_END_550, PTN_OK, PTN_SMTP_PERMANENT, PTN_SMTP_PERMANENT,
          "550 5.7.1 Not this" },
        { RELAY_END_550|RELAY_RCPT2_450, PTN_OK, PTN_SMTP_PERMANENT,
          PTN_SMTP_TEMPORARY, "450-4.2.1 Busy" },
        { RELAY_END_451, PTN_OK, PTN_SMTP_TEMPORARY, PTN_SMTP_TEMPORARY,
          "451 4.7.1 Not now" },
        { RELAY_DROP_IN_DATA, PTN_OK, PTN_SMTP_TEMPORARY, PTN_SMTP_TEMPORARY,
          "451 4.4.2 Connection closed" },
        { RELAY_421_AT_MAIL, PTN_OK, PTN_SMTP_TEMPORARY, PTN_SMTP_TEMPORARY,
          NULL },
        { RELAY_GARBAGE, PTN_EUNAVAIL, PTN_SMTP_TEMPORARY,
          PTN_SMTP_TEMPORARY, "451 4.5.0 Not a reply" },
        { RELAY_SMALL, PTN_OK, PTN_SMTP_PERMANENT, PTN_SMTP_PERMANENT,
          "552 5.3.4 Message too big for the relay" },
        { RELAY_HANG, PTN_EUNAVAIL, PTN_SMTP_TEMPORARY, PTN_SMTP_TEMPORARY,
          "451 4.4.1 Timeout" },
    };

    char  text[200];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';

    for (i = 0; i < ptn_nelts(rows); i++) {
        begin(rows[i].mode);
        is_rc(send_to(2, text), rows[i].rc, "result of the whole");
        ok(results[0].result == rows[i].first
           && results[1].result == rows[i].second,
           "mode %x: results %d %d", rows[i].mode, results[0].result,
           results[1].result);

        if (rows[i].reply != NULL) {
            is_str(ptn_str_z(results[1].reply), rows[i].reply, "reply");
        }
    }

    /* after a refusal the connection is of use */

    begin(RELAY_MAIL_550);
    send_to(2, "x\r\n");
    relay.mode = RELAY_OK;
    is_rc(send_to(2, "x\r\n"), PTN_OK, "after a refused message another");
    ok(relay.connections == 1 && results[1].result == PTN_SMTP_SENT,
       "goes by the same connection");

    /* a kept connection that the server closed is no failure */

    begin(RELAY_ONE_EACH);
    send_to(1, "x\r\n");
    is_rc(send_to(1, "y\r\n"), PTN_OK, "a kept connection was closed");
    ok(results[0].result == PTN_SMTP_SENT && relay.connections == 2,
       "a new one is made");
}


static void
test_unreachable(void)
{
    int                     fd;
    uint64_t                one = 1, start;
    ptn_smtp_client_t      *c;
    ptn_smtp_client_conf_t  other;

    other = conf;
    other.host = "127.0.0.1:1";
    ptn_smtp_client_destroy(client);
    client = NULL;
    ptn_smtp_client_create(&other, &client);
    is_rc(send_to(1, "x"), PTN_EUNAVAIL, "nobody listens");
    is_str(ptn_str_z(results[0].reply), "451 4.4.1 Connection refused",
           "why");

    other.host = "[::1";
    is_rc(ptn_smtp_client_create(&other, &c), PTN_EINVAL, "a bad host");

    fd = eventfd(0, EFD_CLOEXEC);
    other = conf;
    other.stop_fd = fd;
    other.command_ms = 60000;
    ptn_smtp_client_destroy(client);
    relay_forget(&relay, RELAY_HANG);
    ptn_smtp_client_create(&other, &client);
    (void) !write(fd, &one, sizeof(one));
    start = ptn_time_mono();
    is_rc(send_to(1, "x"), PTN_ECANCEL, "told to stop");
    ok(ptn_time_mono() - start < 30000, "at once");
    close(fd);
    ptn_smtp_client_destroy(client);
    client = NULL;
}


/*
 * The relay's certificate is for "localhost" and, from here on, one that the
 * system trusts: its name alone decides.
 */
static void
test_verified(void)
{
    int          fd;
    FILE        *f;
    char         path[] = "/tmp/ptn-smtp-XXXXXX", host[64];
    const char  *was;

    fd = mkstemp(path);
    f = fd != -1 ? fdopen(fd, "w") : NULL;

    if (f == NULL || !PEM_write_X509(f, SSL_CTX_get0_certificate(relay.ctx))
        || fclose(f) != 0)
    {
        abort();
    }

    setenv("SSL_CERT_FILE", path, 1);
    snprintf(host, sizeof(host), "localhost:%u", relay.port);
    was = conf.host;

    conf.host = host;
    begin(RELAY_TLS);
    is_rc(send_to(1, "x\r\n"), PTN_OK, "a trusted certificate for the name");
    ok(relay.tls && results[0].result == PTN_SMTP_SENT, "is what it takes");

    conf.host = was;
    begin(RELAY_TLS);
    is_rc(send_to(1, "x\r\n"), PTN_EUNAVAIL, "one for another name");
    is_u64(relay.messages, 0, "gets nothing");
    ok(results[0].result == PTN_SMTP_TEMPORARY, "the mail waits");
    ok(strstr(results[0].reply, "451 4.7.5 Certificate: ") != NULL
       && strstr(results[0].reply, "mismatch") != NULL, "and it is said why");

    if (strstr(results[0].reply, "mismatch") == NULL) {
        diag("%s", results[0].reply);
    }

    begin(RELAY_OK);
    is_rc(send_to(1, "x\r\n"), PTN_EUNAVAIL, "no TLS");
    is_u64(relay.messages, 0, "gets nothing either");

    unsetenv("SSL_CERT_FILE");
    unlink(path);
}


static void
test_tls(void)
{
    conf.tls = PTN_SMTP_TLS_OFFERED;
    begin(RELAY_TLS);
    is_rc(send_to(1, "secret\r\n"), PTN_OK, "TLS where it is offered");
    ok(relay.tls && results[0].result == PTN_SMTP_SENT, "and used");
    is_data("secret\r\n", "the message came through");

    begin(RELAY_OK);
    is_rc(send_to(1, "x\r\n"), PTN_OK, "none is offered: in the clear");

    begin(RELAY_BROKEN_TLS);
    is_rc(send_to(1, "x\r\n"), PTN_OK, "offered and broken: in the clear");
    ok(results[0].result == PTN_SMTP_SENT && !relay.tls, "sent");

    begin(RELAY_TLS|RELAY_INJECT|RELAY_NO_PIPELINING);
    is_rc(send_to(2, "x\r\n"), PTN_OK, "replies before the handshake");
    ok(relay.tls && !relay.pipelined && results[1].result == PTN_SMTP_SENT,
       "are not believed");

    conf.tls = PTN_SMTP_TLS_REQUIRED;
    begin(RELAY_OK);
    is_rc(send_to(1, "x\r\n"), PTN_EUNAVAIL, "required and not offered");
    is_u64(relay.messages, 0, "nothing is sent");
    begin(RELAY_BROKEN_TLS);
    is_rc(send_to(1, "x\r\n"), PTN_EUNAVAIL, "required and broken");
    begin(RELAY_TLS);
    is_rc(send_to(1, "x\r\n"), PTN_OK, "required and offered");

    conf.tls = PTN_SMTP_TLS_VERIFIED;
    begin(RELAY_TLS);
    is_rc(send_to(1, "x\r\n"), PTN_EUNAVAIL,
          "a certificate that nobody vouches for");
    is_u64(relay.messages, 0, "gets nothing");

    test_verified();

    conf.tls = PTN_SMTP_TLS_OFFERED;
    conf.user = "me";
    conf.password = "pw";
    begin(RELAY_AUTH);
    is_rc(send_to(1, "x\r\n"), PTN_EUNAVAIL, "no password without TLS");
    ok(strstr(relay.log, "AUTH") == NULL, "it is not sent");
    begin(RELAY_AUTH|RELAY_TLS);
    is_rc(send_to(1, "x\r\n"), PTN_OK, "AUTH with TLS");
    ok(strstr(relay.log, "AUTH PLAIN AG1lAHB3\r\n") != NULL, "PLAIN");
    conf.tls = PTN_SMTP_TLS_NEVER;
    begin(RELAY_AUTH);
    is_rc(send_to(1, "x\r\n"), PTN_OK, "unless the configuration says so");
    conf.user = NULL;
}


int
main(void)
{
    size_t       i;
    static char  names[120][32];

    for (i = 0; i < 120; i++) {
        snprintf(names[i], sizeof(names[i]), "r%zu@other.test", i);
        rcpt[i] = ptn_str_z(names[i]);
    }

    signal(SIGPIPE, SIG_IGN);
    relay_start(&relay);

    conf.host = relay.host;
    conf.hostname = "mail.example.test";
    conf.stop_fd = -1;
    conf.connect_ms = 2000;
    conf.command_ms = 2000;
    conf.data_ms = 2000;

    test_sent();
    test_line_ends();
    test_results();
    test_tls();
    test_unreachable();

    ptn_smtp_client_destroy(client);
    relay_stop(&relay);

    return done_testing();
}
