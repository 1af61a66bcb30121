/*
 * The clerk runs the queue: local mail, mail for the relay, retries, reports;
 * a silent relay holds nobody else; a clerk that is killed anywhere neither
 * loses nor repeats.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/wait.h>

#include "ptn_clerk_work.h"
#include "ptn_delivery.h"
#include "ptn_dsn.h"
#include "smtp_relay_server.h"
#include "stream_driver.h"


static stream_driver_site_t  site;
static relay_t               relay;
static ptn_clerk_t          *clerk;
static ptn_pool_t           *pool;


static void
put_to(const char *sender, const char *to, const char *to2, int64_t arrived,
    const char *text)
{
    ptn_str_t        id, rcpt[2];
    ptn_queue_msg_t  msg;

    rcpt[0] = ptn_str_z(to);
    rcpt[1] = ptn_str_z(to2);

    memset(&msg, 0, sizeof(msg));
    msg.sender = ptn_str_z(sender);
    msg.rcpt = rcpt;
    msg.nrcpt = to2 != NULL ? 2 : 1;
    msg.arrived = arrived ? arrived : ptn_time_now();
    msg.data = ptn_str_z(text);

    if (ptn_queue_put(site.app->queue, pool, &msg, &id) != PTN_OK) {
        abort();
    }
}


/* The text is somewhere in `m`. */

static bool
has(ptn_str_t m, const char *text)
{
    return memmem(m.data, m.len, text, strlen(text)) != NULL;
}


static uint32_t
inbox(const char *address, ptn_str_t *last)
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


static unsigned         rows;
static ptn_queue_row_t  row_last;
static char             row_detail[300];


static void
on_row(void *ctx, const ptn_queue_row_t *row)
{
    (void) ctx;
    rows++;
    row_last = *row;
    snprintf(row_detail, sizeof(row_detail), "%.*s",
             ptn_str_arg(row->detail));
}


static unsigned
waiting(void)
{
    rows = 0;
    ptn_queue_list(&site.conf, &ptn_io_posix, on_row, NULL);

    return rows;
}


static void
start(const char *host)
{
    ptn_rc_t  rc;

    site.conf.relay_host = host;
    rc = ptn_clerk_open(NULL, &site.conf, &ptn_io_posix, site.log, &clerk);

    if (rc != PTN_OK) {
        fprintf(stderr, "clerk: %s\n", ptn_err(rc)->name);
        abort();
    }
}


/* Runs rounds until `done`, or for a minute. */

static bool
run_until(bool (*done)(void))
{
    uint64_t  until;

    for (until = ptn_time_mono() + 60000; ptn_time_mono() < until; ) {
        (void) ptn_clerk_run(clerk);

        if (done()) {
            return true;
        }

        usleep(2000);
    }

    return false;
}


static bool
empty(void)
{
    return waiting() == 0;
}


static unsigned  want_alice;

static bool
alice_has(void)
{
    return inbox("alice@example.test", NULL) >= want_alice;
}


static bool
tried_once(void)
{
    return waiting() == 1 && row_last.attempts >= 1;
}


static uint32_t  want_attempts;

static bool
tried(void)
{
    return waiting() == 1 && row_last.attempts >= want_attempts;
}


static void
test_relay(void)
{
    uint32_t  alice;

    relay_forget(&relay, RELAY_OK);
    start(relay.host);
    alice = inbox("alice@example.test", NULL);
    put_to("bob@example.test", "alice@example.test", "x@other.test", 0,
           "Subject: both\r\n\r\n.x\r\n");
    ok(run_until(empty), "one message for here and elsewhere is done");
    is_u64(relay.messages, 1, "the relay has it once");
    is_u64(inbox("alice@example.test", NULL) - alice, 1, "alice, too");
    ok(strstr(relay.log, "RCPT TO:<x@other.test>") != NULL
       && strstr(relay.log, "alice") == NULL, "the relay hears of its own");

    /* an alias that leads elsewhere */

    ptn_alias_add(site.app->directory, ptn_str("away@example.test"),
                  ptn_str("me@home.test"));
    relay_forget(&relay, RELAY_OK);
    put_to("bob@example.test", "away@example.test", NULL, 0, "\r\nx\r\n");
    ok(run_until(empty), "mail for an alias elsewhere");
    ok(strstr(relay.log, "RCPT TO:<me@home.test>") != NULL, "goes there");
    ptn_clerk_close(clerk);
}


static void
test_retry(void)
{
    relay_forget(&relay, RELAY_END_451);
    site.conf.queue_retry_min = 3600;
    start(relay.host);
    put_to("bob@example.test", "x@other.test", NULL, 0, "\r\nretry\r\n");
    ok(run_until(tried_once), "a temporary failure waits");
    ok(row_last.due > ptn_time_now() + 3000 * PTN_USEC
       && row_last.attempts == 1, "an hour");
    is_str(ptn_str_z(row_detail), "451 4.7.1 Not now", "with the reply");

    ptn_clerk_close(clerk);
    start(relay.host);
    (void) ptn_clerk_run(clerk);
    is_u64(relay.connections, 1, "also over a restart");

    relay_forget(&relay, RELAY_OK);
    ptn_queue_flush(&site.conf, &ptn_io_posix);
    ok(run_until(empty), "flush tries it now");
    is_u64(relay.messages, 1, "and it goes");
    ptn_clerk_close(clerk);

    /* without a pause */

    site.conf.queue_retry_min = 0;
    site.conf.queue_retry_max = 0;
    relay_forget(&relay, RELAY_END_451);
    start(relay.host);
    put_to("bob@example.test", "x@other.test", NULL, 0, "\r\nretry\r\n");
    ok(run_until(tried_once), "retry");
    relay_forget(&relay, RELAY_OK);
    ok(run_until(empty), "by itself");
    site.conf.queue_retry_min = 60;
    site.conf.queue_retry_max = 3600;
    ptn_clerk_close(clerk);
}


static void
test_retry_grows(void)
{
    int64_t               pause;
    uint32_t              i;
    static const int64_t  want[] = { 60, 120, 200, 200 };

    relay_forget(&relay, RELAY_END_451);
    site.conf.queue_retry_min = 60;
    site.conf.queue_retry_max = 200;
    start(relay.host);
    put_to("bob@example.test", "x@other.test", NULL, 0, "\r\ngrows\r\n");

    for (i = 0; i < ptn_nelts(want); i++) {
        want_attempts = i + 1;
        ok(run_until(tried), "try %u", i + 1);
        pause = (row_last.due - ptn_time_now()) / PTN_USEC;
        ok(pause > want[i] - 20 && pause <= want[i],
           "and again in %lld of %lld seconds", (long long) pause,
           (long long) want[i]);
        ptn_queue_flush(&site.conf, &ptn_io_posix);
    }

    relay_forget(&relay, RELAY_OK);
    ok(run_until(empty), "then it goes");
    site.conf.queue_retry_max = 3600;
    ptn_clerk_close(clerk);
}


static void
test_reports(void)
{
    uint32_t     alice, n;
    ptn_str_t    m;
    ptn_mime_t  *mime;
    const ptn_mime_part_t  *part;

    relay_forget(&relay, RELAY_RCPT2_550);
    start(relay.host);
    alice = inbox("alice@example.test", NULL);
    put_to("alice@example.test", "good@other.test", "bad@other.test", 0,
           "Subject: mine\r\nMessage-ID: <77@x>\r\n\r\nbody is private\r\n");
    ok(run_until(empty), "one of two is refused for good");
    n = inbox("alice@example.test", &m);
    is_u64(n - alice, 1, "the sender is told once");

    ok(memmem(m.data, m.len, "Return-Path: <>\r\n", 17) == m.data,
       "by nobody");
    ok(has(m, "bad@other.test")
       && !has(m, "good@other.test"),
       "of the one that failed");
    ok(!has(m, "body is private")
       && has(m, "Message-ID: <77@x>"),
       "with the header alone");

    ptn_mime_parse(pool, m, &mime);
    ok(ptn_str_eqz(mime->root->subtype, "report")
       && mime->root->nchildren == 3, "multipart/report of three parts");
    part = mime->root->child->next;
    ok(ptn_str_eqz(part->type, "message")
       && ptn_str_eqz(part->subtype, "delivery-status"),
       "the second a delivery status");
    ok(has(m, "\r\nFinal-Recipient: rfc822; bad@other.test\r\n"
              "Action: failed\r\nStatus: 5.1.1\r\n")
       && has(m, "\r\nDiagnostic-Code: smtp; 550 5.1.1 No such "
                 "user\r\n"), "that says why");
    ok(ptn_str_eqz(part->next->subtype, "rfc822-headers"),
       "the third the header");


    alice = n;
    put_to("alice@example.test", "nobody@example.test", NULL, 0, "\r\nx\r\n");
    ok(run_until(empty), "a user that is gone");
    n = inbox("alice@example.test", &m);
    is_u64(n - alice, 1, "is reported, too");
    ok(has(m, "Status: 5.1.1\r\n"), "5.1.1");

    put_to("", "nobody@example.test", NULL, 0, "\r\nx\r\n");
    ok(run_until(empty), "a report that fails");
    is_u64(inbox("alice@example.test", NULL), n, "is not reported");
    ptn_clerk_close(clerk);

    /* too old */

    relay_forget(&relay, RELAY_END_451);
    start(relay.host);
    put_to("alice@example.test", "x@other.test", NULL,
           ptn_time_now() - 6 * 86400 * PTN_USEC, "\r\nold\r\n");
    ok(run_until(empty), "what was tried for too long");
    is_u64(inbox("alice@example.test", &m) - n, 1, "is reported");
    ok(has(m, "Status: 4.4.7\r\n")
       && has(m, "Not now"),
       "as expired, with the last reply");
    ptn_clerk_close(clerk);

    n = inbox("alice@example.test", NULL);
    start(NULL);
    put_to("alice@example.test", "x@other.test", NULL, 0, "\r\nx\r\n");
    ok(run_until(empty), "no relay is configured");
    is_u64(inbox("alice@example.test", &m) - n, 1, "is reported");
    ptn_clerk_close(clerk);
}


static uint32_t  want_bob;

static bool
bob_has(void)
{
    return inbox("bob@example.test", NULL) >= want_bob;
}


/*
 * The clerk died when the report was queued and its own note of it was not:
 * the report is made again, and the sender is told once.  Runs first, for
 * without the notes all of the segment is tried again.
 */
static void
test_report_once(void)
{
    DIR            *dir;
    char            path[PATH_MAX];
    uint32_t        bob, lost;
    struct dirent  *de;

    bob = inbox("bob@example.test", NULL);
    want_bob = bob + 1;
    relay_forget(&relay, RELAY_END_451);
    site.conf.queue_retry_min = 3600;
    start(relay.host);
    put_to("bob@example.test", "nobody@example.test", "x@other.test", 0,
           "\r\nonce\r\n");
    ok(run_until(bob_has), "one of two is reported, one waits");
    ptn_clerk_close(clerk);

    snprintf(path, sizeof(path), "%s/queue", site.root);
    dir = opendir(path);

    for (lost = 0; (de = readdir(dir)) != NULL; /* void */ ) {
        if (strstr(de->d_name, ".state") != NULL) {
            snprintf(path, sizeof(path), "%s/queue/%s", site.root,
                     de->d_name);
            lost += unlink(path) == 0;
        }
    }

    closedir(dir);
    ok(lost > 0, "the clerk's notes are lost");

    start(relay.host);
    want_attempts = 1;
    ok(run_until(tried), "all is tried again");
    is_u64(inbox("bob@example.test", NULL) - bob, 1, "the report came once");

    relay_forget(&relay, RELAY_OK);
    ptn_queue_flush(&site.conf, &ptn_io_posix);
    ok(run_until(empty), "the other goes");
    ptn_clerk_close(clerk);
}


static void
test_silent_relay(void)
{
    int       i;
    uint64_t  since;

    relay_forget(&relay, RELAY_HANG);
    start(relay.host);

    for (i = 0; i < 20; i++) {
        put_to("bob@example.test", "x@other.test", NULL, 0, "\r\nhang\r\n");
    }

    for (i = 0; i < 10; i++) {
        (void) ptn_clerk_run(clerk);
    }

    want_alice = inbox("alice@example.test", NULL) + 1;
    put_to("bob@example.test", "alice@example.test", "y@other.test", 0,
           "\r\nlocal\r\n");
    since = ptn_time_mono();
    ok(run_until(alice_has), "a silent relay does not hold local mail");
    ok(ptn_time_mono() - since < 30000, "it took %u ms",
       (unsigned) (ptn_time_mono() - since));

    since = ptn_time_mono();
    ptn_clerk_close(clerk);
    ok(ptn_time_mono() - since < 30000, "the clerk leaves at once (%u ms)",
       (unsigned) (ptn_time_mono() - since));

    relay_forget(&relay, RELAY_OK);
    start(relay.host);
    ok(run_until(empty), "with another clerk and a relay that speaks");
    is_u64(relay.messages, 21, "all go out, once");
    is_u64(inbox("alice@example.test", NULL), want_alice, "alice has hers once");
    ptn_clerk_close(clerk);
}


/* A disk that refuses the sync of a mailbox's commit. */

static bool  commit_fails;

static int
commit_sync(ptn_io_t *io, const ptn_io_change_t *change)
{
    (void) io;

    if (commit_fails && change->op == PTN_IO_OP_SYNC
        && change->site == PTN_IO_WAL)
    {
        errno = EIO;
        return -1;
    }

    return 0;
}


static void
test_commit_fails(void)
{
    uint32_t         alice;
    static ptn_io_t  io;        /* a VFS keeps it */

    alice = inbox("alice@example.test", NULL);
    site.conf.relay_host = NULL;
    io = ptn_io_posix;
    io.before = commit_sync;
    is_rc(ptn_clerk_open(NULL, &site.conf, &io, site.log, &clerk), PTN_OK,
          "a disk that will fail");

    commit_fails = true;
    put_to("bob@example.test", "alice@example.test", NULL, 0, "\r\nx\r\n");
    want_attempts = 1;
    ok(run_until(tried), "a commit that fails: the message stays queued");

    commit_fails = false;
    ptn_queue_flush(&site.conf, &ptn_io_posix);
    ok(run_until(empty), "and goes with the next one");
    is_u64(inbox("alice@example.test", NULL) - alice, 1, "once");
    ptn_clerk_close(clerk);
}


/* An I/O table that dies before its Nth change of a file. */

typedef struct {
    ptn_io_t  io;
    int       left;
} killer_t;


static void
killer_count(ptn_io_t *io)
{
    killer_t  *k = (killer_t *) io;

    if (--k->left == 0) {
        raise(SIGKILL);
    }
}


static ssize_t
killer_pwrite(ptn_io_t *io, int fd, const void *p, size_t n, off_t off)
{
    killer_count(io);
    return pwrite(fd, p, n, off);
}


static int
killer_fdatasync(ptn_io_t *io, int fd, ptn_io_site_e why)
{
    (void) why;
    killer_count(io);
    return fdatasync(fd);
}


static int
killer_unlink(ptn_io_t *io, const char *path)
{
    killer_count(io);
    return unlink(path);
}


/*
 * A clerk in a process of its own dies before its first, second, third ...
 * change of a file, while mail keeps coming; then at moments of its own.
 */
static void
test_killed(void)
{
    int       round, i, status;
    pid_t     pid;
    bool      died;
    uint32_t  alice, bob, total;
    killer_t  killer;

    alice = inbox("alice@example.test", NULL);
    bob = inbox("bob@example.test", NULL);
    total = 0;
    died = true;
    site.conf.relay_host = NULL;

    killer.io = ptn_io_posix;
    killer.io.pwrite = killer_pwrite;
    killer.io.fdatasync = killer_fdatasync;
    killer.io.unlink = killer_unlink;

    for (round = 0; round < 40; round++) {

        for (i = 0; i < 5; i++) {
            put_to("s@example.test", "alice@example.test", "bob@example.test",
                   0, "Subject: killed\r\n\r\nx\r\n");
            total++;
        }

        /* the parent's SQLite handles are closed before it forks */

        ptn_app_close(site.app);
        site.app = NULL;

        fflush(stdout);
        pid = fork();

        if (pid == 0) {
            killer.left = round < 20 ? round + 1 : 0;

            if (ptn_clerk_open(NULL, &site.conf, &killer.io, site.log, &clerk)
                != PTN_OK)
            {
                _exit(1);
            }

            for ( ;; ) {
                (void) ptn_clerk_run(clerk);
            }
        }

        usleep((useconds_t) (round < 20 ? 100000 : (round - 20) * 3000));
        kill(pid, SIGKILL);
        died = died && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status);

        if (ptn_app_open(NULL, &site.conf, &ptn_io_posix, site.log, "test",
                         &site.app) != PTN_OK)
        {
            abort();
        }
    }

    ok(died, "40 clerks were killed");

    start(NULL);
    ok(run_until(empty), "the next one empties the queue");
    ptn_clerk_close(clerk);

    is_u64(inbox("alice@example.test", NULL) - alice, total,
           "alice has each message once");
    is_u64(inbox("bob@example.test", NULL) - bob, total, "bob, too");
}


static void
test_lock(void)
{
    ptn_clerk_t  *other;

    start(NULL);
    is_rc(ptn_clerk_open(NULL, &site.conf, &ptn_io_posix, site.log, &other),
          PTN_EBUSY, "a second clerk does not start");
    ptn_clerk_close(clerk);
}


static void
test_status(void)
{
    is_str(ptn_dsn_status(pool, ptn_str("550 5.1.1 x")), "5.1.1", "status");
    is_str(ptn_dsn_status(pool, ptn_str("450 4.20.123")), "4.20.123", "long");
    is_str(ptn_dsn_status(pool, ptn_str("550 no")), "5.0.0", "none");
    is_str(ptn_dsn_status(pool, ptn_str("450 5.1")), "4.0.0", "half");
    is_str(ptn_dsn_status(pool, ptn_str("550 9.1.1 x")), "5.0.0", "wrong");
    is_str(ptn_dsn_status(pool, ptn_str("")), "5.0.0", "empty");
    is_str(ptn_dsn_status(pool, ptn_str("55")), "5.0.0", "short");
}


int
main(void)
{
    signal(SIGPIPE, SIG_IGN);
    stream_driver_site_open(&site);
    relay_start(&relay);
    pool = ptn_pool_create(0, NULL);

    test_status();
    test_lock();
    test_report_once();
    test_relay();
    test_retry();
    test_retry_grows();
    test_reports();
    test_silent_relay();
    test_commit_fails();
    test_killed();

    ptn_pool_destroy(pool);
    relay_stop(&relay);
    stream_driver_site_close(&site);

    return done_testing();
}
