/*
 * Sending: rights, envelope, and the bytes that wait in the queue.
 */

#include <fcntl.h>
#include <glob.h>

#include "dir_fixture.h"
#include "ptn_eid.h"
#include "ptn_send.h"


typedef struct {
    dir_fixture_t   f;
    ptn_app_t      *app;
    ptn_user_t      alice, bob;
    ptn_actor_t     actor;
    char            env[4096];          /* "sender>rcpt,rcpt" of what waits */
    char            bytes[1 << 20];
} site_t;


static void
on_row(void *ctx, const ptn_queue_row_t *row)
{
    site_t  *s = ctx;

    sprintf(s->env + strlen(s->env), "%.*s>%.*s;", ptn_str_arg(row->sender),
            ptn_str_arg(row->rcpt));
}


static void
open_app(site_t *s)
{
    if (ptn_app_open(NULL, &s->f.conf, &ptn_io_posix, NULL, "t", &s->app)
        != PTN_OK)
    {
        printf("Bail out! no app\n");
        exit(1);
    }
}


static void
empty(site_t *s)
{
    char    path[256];
    glob_t  g;
    size_t  i;

    ptn_app_close(s->app);
    snprintf(path, sizeof(path), "%s/queue/*", s->f.root);
    if (glob(path, 0, NULL, &g) == 0) {
        for (i = 0; i < g.gl_pathc; i++) {
            unlink(g.gl_pathv[i]);
        }
        globfree(&g);
    }
    open_app(s);
}


static ptn_rc_t
sent(site_t *s, const ptn_object_t *object, const char *raw)
{
    int         fd;
    char        path[256];
    glob_t      g;
    size_t      i;
    ssize_t     n, len = 0;
    ptn_rc_t    rc;
    ptn_str_t   id = ptn_null_string;
    ptn_send_t  send;

    empty(s);
    memset(&send, 0, sizeof(send));
    send.actor = &s->actor;
    send.object = object;
    send.raw = ptn_str_z(raw);

    rc = ptn_send(s->app, s->f.pool, &send, &id);
    ok((rc == PTN_OK) == (id.len == 16), "an id when it was sent");

    s->env[0] = '\0';
    ptn_queue_list(&s->f.conf, &ptn_io_posix, on_row, s);

    snprintf(path, sizeof(path), "%s/queue/*.seg", s->f.root);
    if (glob(path, 0, NULL, &g) == 0) {
        for (i = 0; i < g.gl_pathc; i++) {
            fd = open(g.gl_pathv[i], O_RDONLY);
            n = read(fd, s->bytes + len, sizeof(s->bytes) - 1 - (size_t) len);
            len += n > 0 ? n : 0;
            close(fd);
        }
        globfree(&g);
    }

    for (i = 0; i < (size_t) len; i++) {
        if (s->bytes[i] == '\0') {
            s->bytes[i] = '\1';
        }
    }
    s->bytes[len] = '\0';

    return rc;
}


#define has(s, text)   ok(strstr((s)->bytes, text) != NULL, "has %s", text)
#define lacks(s, text) ok(strcasestr((s)->bytes, text) == NULL, "lacks %s", text)


static void
is_env(site_t *s, const char *want)
{
    ok(strcmp(s->env, want) == 0, "envelope %s, got %s", want, s->env);
}


static void
test_raw(site_t *s)
{
    is_rc(sent(s, NULL,
               "To: Bob <bob@example.test>, x@far.example\r\n"
               "Cc: undisclosed: ;, carol@example.test\r\n"
               "Bcc: secret@far.example,\r\n hidden@far.example\r\n"
               "bcc : third@far.example\r\n"
               "Resent-Bcc: fourth@far.example\r\n"
               "Sender: boss@example.test\r\n"
               "Return-Path: <evil@far.example>\r\n"
               "Subject: hello\r\n\r\nthe body\r\n"), PTN_OK, "raw");
    is_env(s, "alice@example.test>bob@example.test;"
           "alice@example.test>x@far.example;"
           "alice@example.test>carol@example.test;"
           "alice@example.test>secret@far.example;"
           "alice@example.test>hidden@far.example;"
           "alice@example.test>third@far.example;");
    lacks(s, "bcc");
    has(s, "\r\nFrom: \"Alice A\" <alice@example.test>\r\n");
    has(s, "\r\nDate: ");
    has(s, "\r\nMessage-ID: <");
    has(s, "\r\nSubject: hello\r\n");
    has(s, "\r\n\r\nthe body\r\n");
    has(s, "Received: by ");
    lacks(s, "Sender:");
    lacks(s, "Return-Path");

    is_rc(sent(s, NULL,
               "From: Alice <ALICE+x@example.test>\nDate: Mon, 1 Jan 2024 "
               "00:00:00 +0000\nMessage-ID: <1@x>\nTo: b@far.example,"
               " B@FAR.example\n\na\nb\r\nc\rd\n"), PTN_OK, "LF line ends");
    is_env(s, "ALICE+x@example.test>b@far.example;");
    has(s, "Message-ID: <1@x>\r\nTo: b@far.example, B@FAR.example\r\n\r\n"
        "a\r\nb\r\nc\r\nd\r\n");
    ok(strstr(strstr(s->bytes, "Date: ") + 1, "\r\nDate: ") == NULL,
       "one Date");

    is_rc(sent(s, NULL, "To: b@far.example\r\nSubject: a\rBcc: x@y.example\r\n"
               "\r\n"), PTN_OK, "a CR in a field");
    has(s, "Subject: a Bcc: x@y.example\r\n");

    is_rc(sent(s, NULL, "Subject: x\r\n\r\nto nobody\r\n"), PTN_EINVAL,
          "no recipient");
    is_rc(sent(s, NULL, "To: \"a b\"@far.example\r\n\r\n"), PTN_EINVAL,
          "no address");
    is_rc(sent(s, NULL, "To: nobody\r\n\r\n"), PTN_EINVAL, "no domain");
    is_env(s, "");

    s->f.conf.rcpt_max = 2;
    is_rc(sent(s, NULL, "To: a@x.example, b@x.example, c@x.example\r\n\r\n"),
          PTN_ELIMIT, "too many");
    s->f.conf.rcpt_max = 1000;
    s->f.conf.message_max = 100;
    is_rc(sent(s, NULL, "To: a@x.example\r\n\r\n0123456789012345678901234567"
               "8901234567890123456789012345678901234567890123456789\r\n"),
          PTN_ETOOBIG, "too big");
    s->f.conf.message_max = 1000000;
    is_env(s, "");
}


static void
test_rights(site_t *s)
{
    static const char  from_bob[] =
        "From: Bob <bob@example.test>\r\nTo: x@far.example\r\n\r\nhi\r\n";

    is_rc(sent(s, NULL, from_bob), PTN_EDENIED, "as bob");
    is_env(s, "");
    is_rc(sent(s, NULL, "From: x@far.example\r\nTo: x@far.example\r\n\r\n"),
          PTN_EDENIED, "as a stranger");
    is_rc(sent(s, NULL, "From: alice@example.test, bob@example.test\r\n"
               "To: x@far.example\r\n\r\n"), PTN_EDENIED, "as both");
    is_rc(sent(s, NULL, "From: sales@example.test\r\nTo: x@far.example\r\n"
               "\r\n"), PTN_OK, "as an alias");
    is_env(s, "sales@example.test>x@far.example;");

    ptn_access_set(s->f.dir, s->bob.address, s->alice.address,
                   PTN_ACCESS_ON_BEHALF);
    is_rc(sent(s, NULL, from_bob), PTN_OK, "on behalf of bob");
    is_env(s, "alice@example.test>x@far.example;");
    has(s, "\r\nSender: \"Alice A\" <alice@example.test>\r\n");
    has(s, "\r\nFrom: Bob <bob@example.test>\r\n");

    ptn_access_set(s->f.dir, s->bob.address, s->alice.address,
                   PTN_ACCESS_SEND_AS);
    is_rc(sent(s, NULL, from_bob), PTN_OK, "as bob, who allows it");
    is_env(s, "bob@example.test>x@far.example;");
    lacks(s, "alice");

    ptn_access_set(s->f.dir, s->bob.address, s->alice.address,
                   PTN_ACCESS_FULL);
    is_rc(sent(s, NULL, from_bob), PTN_EDENIED,
          "an open mailbox is not a signature");
    ptn_access_set(s->f.dir, s->bob.address, s->alice.address, 0);
}


static void
add(site_t *s, ptn_object_t *o, uint32_t type, const char *addrtype,
    const char *email, const char *smtp)
{
    ptn_recip_t  *r = &o->recips[o->nrecips++];

    memset(r, 0, sizeof(*r));
    r->type = type;
    r->row = o->nrecips;
    ptn_props_set(&r->props, s->f.pool, PTN_PR_DISPLAY_NAME, ptn_str("Who"));
    if (addrtype) {
        ptn_props_set(&r->props, s->f.pool, PTN_PR_ADDRTYPE,
                      ptn_str_z(addrtype));
    }
    if (email) {
        ptn_props_set(&r->props, s->f.pool, PTN_PR_EMAIL_ADDRESS,
                      ptn_str_z(email));
    }
    if (smtp) {
        ptn_props_set(&r->props, s->f.pool, PTN_PR_SMTP_ADDRESS,
                      ptn_str_z(smtp));
    }
}


static void
test_object(site_t *s)
{
    ptn_str_t     dn, eid;
    ptn_object_t  o;
    ptn_recip_t   recips[8];

    memset(&o, 0, sizeof(o));
    o.recips = recips;
    ptn_eid_dn(s->f.pool, s->bob.mailbox, s->bob.address, &dn);
    ptn_props_set(&o.props, s->f.pool, PTN_PR_SUBJECT, ptn_str("subject"));
    ptn_props_set(&o.props, s->f.pool, PTN_PR_BODY, ptn_str("the text\r\n"));
    ptn_props_set(&o.props, s->f.pool, PTN_PR_SENDER_NAME, ptn_str("Evil"));
    ptn_props_set(&o.props, s->f.pool, PTN_PR_SENDER_SMTP_ADDRESS,
                  ptn_str("evil@far.example"));
    add(s, &o, PTN_RECIP_TO, "EX", (char *) ptn_str_dupz(s->f.pool, dn), NULL);
    add(s, &o, PTN_RECIP_CC | 0x10000000, "SMTP", "x@far.example", NULL);
    add(s, &o, PTN_RECIP_BCC, NULL, NULL, "secret@far.example");
    add(s, &o, PTN_RECIP_TO, NULL, NULL, "X@FAR.example");
    add(s, &o, PTN_RECIP_ORIG, NULL, NULL, "orig@far.example");

    is_rc(sent(s, &o, ""), PTN_OK, "an object");
    is_env(s, "alice@example.test>bob@example.test;"
           "alice@example.test>x@far.example;"
           "alice@example.test>secret@far.example;");
    has(s, "Subject: subject\r\n");
    has(s, "the text\r\n");
    has(s, "<bob@example.test>");
    has(s, "alice@example.test>");
    has(s, "\r\nDate: ");
    has(s, "Message-ID: <");
    lacks(s, "\r\nbcc");
    lacks(s, "evil");
    lacks(s, "FYDIBOHF");
    lacks(s, "\r\nSender:");
    ok(recips[0].props.n == 3 && ptn_props_get(&recips[0].props,
                                     PTN_PR_SMTP_ADDRESS).data == NULL,
       "the client's object is as it was");

    is_rc(sent(s, &o, "To: raw@far.example\r\nSubject: raw\r\n\r\nraw\r\n"),
          PTN_OK, "raw, recipients of the object");
    is_env(s, "alice@example.test>bob@example.test;"
           "alice@example.test>x@far.example;"
           "alice@example.test>secret@far.example;");
    has(s, "Subject: raw\r\n");

    ptn_props_set(&o.props, s->f.pool, PTN_PR_SENT_REPRESENTING_ADDRTYPE,
                  ptn_str("EX"));
    ptn_props_set(&o.props, s->f.pool, PTN_PR_SENT_REPRESENTING_EMAIL, dn);
    is_rc(sent(s, &o, ""), PTN_EDENIED, "from bob");

    ptn_access_set(s->f.dir, s->bob.address, s->alice.address,
                   PTN_ACCESS_ON_BEHALF);
    is_rc(sent(s, &o, ""), PTN_OK, "on behalf of bob");
    has(s, "\r\nSender: Alice A <alice@example.test>\r\n");
    has(s, "\r\nFrom: Bob B <bob@example.test>\r\n");
    ok(strncmp(s->env, "alice@example.test>", 19) == 0, "sent by alice");

    ptn_props_unset(&o.props, PTN_PR_SENT_REPRESENTING_ADDRTYPE >> 16);
    ptn_props_unset(&o.props, PTN_PR_SENT_REPRESENTING_EMAIL >> 16);
    ptn_eid_address_book(s->f.pool, dn, &eid);
    ptn_props_set(&o.props, s->f.pool, PTN_PR_SENT_REPRESENTING_ENTRYID, eid);
    is_rc(sent(s, &o, ""), PTN_OK, "by an entry id");
    has(s, "\r\nFrom: Bob B <bob@example.test>\r\n");
    ptn_access_set(s->f.dir, s->bob.address, s->alice.address, 0);
    is_rc(sent(s, &o, ""), PTN_EDENIED, "and refused by it");
    ptn_props_unset(&o.props, PTN_PR_SENT_REPRESENTING_ENTRYID >> 16);

    add(s, &o, PTN_RECIP_TO, "FAX", "+49 1234", NULL);
    is_rc(sent(s, &o, ""), PTN_EINVAL, "a fax number");
    o.nrecips = 0;
    is_rc(sent(s, &o, ""), PTN_EINVAL, "nobody");
    is_rc(sent(s, NULL, ""), PTN_EINVAL, "nothing");
}


int
main(void)
{
    ptn_user_t      u;
    static site_t   s;

    dir_fixture_open(&s.f);
    s.f.conf.hostname = "mail.example.test";
    ptn_domain_add(s.f.dir, ptn_str("example.test"));
    dir_fixture_user(&s.f, "alice@example.test", &s.alice);
    dir_fixture_user(&s.f, "bob@example.test", &s.bob);
    u = s.alice;
    u.display = ptn_str("Alice A");
    ptn_user_set(s.f.dir, &u);
    u = s.bob;
    u.display = ptn_str("Bob B");
    ptn_user_set(s.f.dir, &u);
    ptn_alias_add(s.f.dir, ptn_str("sales@example.test"),
                  ptn_str("alice@example.test"));

    s.actor.user = s.alice.id;
    s.actor.mailbox = s.alice.mailbox;
    s.actor.address = s.alice.address;

    open_app(&s);
    test_raw(&s);
    test_rights(&s);
    test_object(&s);
    empty(&s);
    ptn_app_close(s.app);

    {
        char  path[256];

        snprintf(path, sizeof(path), "rm -rf %s", s.f.root);
        dir_fixture_close(&s.f);
        ok(system(path) == 0, "cleaned up");
    }

    return done_testing();
}
