/*
 * Receipts of mailboxes that nobody opens: they were due when their server was
 * killed; the next clerk sends them, opens no other mailbox, and leaves no
 * mark.  Marks of nobody, of strangers and of nothing go.
 */

#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "ptn_clerk_work.h"
#include "ptn_mailbox.h"
#include "ptn_mdn.h"
#include "stream_driver.h"


static stream_driver_site_t  site;
static ptn_pool_t           *pool;


static ptn_rc_t
mailbox(ptn_app_t *app, const char *address, ptn_mbox_t **ret)
{
    ptn_rc_t    rc;
    ptn_user_t  user;

    rc = ptn_user_get(app->directory, pool, ptn_str_z(address), &user);

    return rc == PTN_OK ? ptn_mbox_open(app->store, &user, NULL, ret) : rc;
}


static ptn_rc_t
deliver(ptn_app_t *app, const char *address, const char *asks, bool read)
{
    bool                                 *due;
    ptn_rc_t                              rc;
    ptn_mbox_t                           *mb;
    ptn_append_t                          a;
    ptn_appended_t                        done;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&a, 0, sizeof(a));
    a.raw = ptn_str_printf(pool, "From: %s\r\nSubject: hello\r\n"
                           "Disposition-Notification-To: %s\r\n\r\nx\r\n",
                           asks, asks);
    a.delivery = true;
    a.sender = ptn_str_z(asks);
    rc = mailbox(app, address, &mb);
    rc = rc == PTN_OK ? ptn_txn_begin(&tx, mb) : rc;
    rc = rc == PTN_OK ? ptn_msg_append(&tx, 0, &a, &done) : rc;

    if (rc == PTN_OK && read) {
        rc = ptn_msg_read_ids(&tx, pool, &done.id, 1, 0, &due);
    }

    rc = rc == PTN_OK ? ptn_txn_commit(&tx) : rc;

    return rc == PTN_OK ? ptn_store_commit(app->store) : rc;
}


/* Files below ROOT/receipt. */

static unsigned
marks(void)
{
    DIR            *dir;
    char            path[512];
    unsigned        n;
    struct dirent  *e;

    snprintf(path, sizeof(path), "%s/receipt", site.conf.root);
    dir = opendir(path);

    for (n = 0; dir != NULL && (e = readdir(dir)) != NULL; /* void */ ) {
        n += (e->d_name[0] != '.');
    }

    if (dir != NULL) {
        closedir(dir);
    }

    return n;
}


static void
put_mark(const char *name)
{
    int   fd;
    char  path[512];

    snprintf(path, sizeof(path), "%s/receipt/%s", site.conf.root, name);
    fd = open(path, O_WRONLY|O_CREAT, 0600);
    ok(fd != -1, "a mark: %s", name);
    close(fd);
}


/* A process is killed while receipts are due. */

static void
killed(bool recorded)
{
    int         status;
    pid_t       pid;
    ptn_app_t  *app;

    fflush(stdout);
    pid = fork();

    if (pid == 0) {
        if (ptn_app_open(NULL, &site.conf, &ptn_io_posix, NULL, "killed", &app)
            != PTN_OK
            || deliver(app, "bob@example.test", "alice@example.test", recorded)
               != PTN_OK)
        {
            _exit(1);
        }

        _exit(0);
    }

    waitpid(pid, &status, 0);
    ok(status == 0, "delivered, read, killed");
}


static unsigned
inbox(const char *address)
{
    unsigned     n;
    ptn_app_t   *app;
    ptn_mbox_t  *mb;
    ptn_view_t  *view;

    n = 999;

    if (ptn_app_open(NULL, &site.conf, &ptn_io_posix, NULL, "look", &app)
        == PTN_OK)
    {
        if (mailbox(app, address, &mb) == PTN_OK
            && ptn_view_get(mb, PTN_FOLDER_INBOX, &view) == PTN_OK)
        {
            n = ptn_view_count(view);
            ptn_view_unref(view);
        }

        ptn_app_close(app);
    }

    return n;
}


/* A clerk works until it has nothing to do, three rounds in a row. */

static void
rounds(void)
{
    unsigned      n;
    ptn_rc_t      rc;
    ptn_clerk_t  *clerk;

    rc = ptn_clerk_open(NULL, &site.conf, &ptn_io_posix, site.log, &clerk);
    is_rc(rc, PTN_OK, "a clerk");

    for (n = 0; rc == PTN_OK && n < 3; n++) {
        if (ptn_clerk_run(clerk) == 0 || marks() != 0) {
            n = 0;
        }
    }

    if (rc == PTN_OK) {
        ptn_clerk_close(clerk);
    }
}


static void
test_unopened(void)
{
    unsigned  before;

    before = inbox("alice@example.test");
    killed(false);
    is_u64(marks(), 0, "nothing is due");
    killed(true);
    is_u64(marks(), 1, "a mark of one mailbox");
    rounds();
    is_u64(marks(), 0, "no mark is left");
    is_u64(inbox("alice@example.test") - before, 1,
           "the receipt has arrived, its mailbox was not opened by anybody");
    rounds();
    is_u64(inbox("alice@example.test") - before, 1, "once");
}


/* A mark without a row; who sends right away leaves none. */

static void
test_marks(void)
{
    char         name[80], hex[PTN_GUID_HEX];
    ptn_app_t   *app;
    ptn_user_t   user;

    is_rc(ptn_app_open(NULL, &site.conf, &ptn_io_posix, NULL, "marks", &app),
          PTN_OK, "open");
    is_rc(ptn_user_get(app->directory, pool, ptn_str("bob@example.test"),
                       &user), PTN_OK, "bob");
    ptn_guid_hex(user.mailbox, hex);
    snprintf(name, sizeof(name), "%s-%llu", hex, (unsigned long long) user.id);
    put_mark(name);
    snprintf(name, sizeof(name), "%s-%llu", hex,
             (unsigned long long) user.id + 77);
    put_mark(name);
    put_mark("00112233445566778899aabbccddeeff-1");
    put_mark("no mark");
    is_u64(marks(), 4, "marks");
    is_rc(ptn_mdn_unopened(app), PTN_OK, "gone through");
    is_u64(marks(), 1, "those of nothing are gone");
    is_rc(ptn_mdn_unopened(app), PTN_ENOTFOUND, "there is none");
    is_rc(deliver(app, "bob@example.test", "alice@example.test", true), PTN_OK,
          "due");
    is_u64(marks(), 2, "marked");

    while (ptn_mdn_send(app)) {
        /* void */
    }

    is_u64(marks(), 1, "sent: the mark is gone");
    ptn_app_close(app);
}


/* Who believes that nothing is due looks again before it takes the mark. */

static void
test_sweep(void)
{
    ptn_app_t   *app, *other;
    ptn_mbox_t  *mb;

    is_rc(ptn_app_open(NULL, &site.conf, &ptn_io_posix, NULL, "one", &app),
          PTN_OK, "open");
    is_rc(ptn_app_open(NULL, &site.conf, &ptn_io_posix, NULL, "two", &other),
          PTN_OK, "another");
    is_rc(mailbox(app, "bob@example.test", &mb), PTN_OK, "bob");
    is_rc(ptn_mbox_set(mb), PTN_OK, "what it knows");
    is_rc(deliver(other, "bob@example.test", "alice@example.test", true),
          PTN_OK, "due, elsewhere");
    is_u64(marks(), 2, "marked");
    is_rc(ptn_receipt_sweep(mb), PTN_OK, "swept by who does not know");
    is_u64(marks(), 2, "the mark stays");

    while (ptn_mdn_send(other)) {
        /* void */
    }

    is_u64(marks(), 1, "until it is sent");
    ptn_app_close(other);
    ptn_app_close(app);
}


/* What the check says of rows without a mark. */

static void
report(void *ctx, const char *line)
{
    snprintf(ctx, 200, "%s", line);
}


static void
test_check(void)
{
    char         line[200] = "", path[512];
    ptn_app_t   *app;
    ptn_user_t   user;

    is_rc(ptn_app_open(NULL, &site.conf, &ptn_io_posix, NULL, "check", &app),
          PTN_OK, "open");
    is_rc(deliver(app, "bob@example.test", "alice@example.test", true), PTN_OK,
          "due");
    ptn_user_get(app->directory, pool, ptn_str("bob@example.test"), &user);
    is_rc(ptn_mbox_check(app->store, &user, false, report, line), PTN_OK,
          line);
    is_rc(ptn_receipt_unmark(app->store, user.mailbox, user.id), PTN_OK,
          "taken away");
    is_rc(ptn_mbox_check(app->store, &user, false, report, line),
          PTN_ECORRUPT, "found");
    is_str(ptn_str_z(line), "receipts without a mark", "it is");
    is_rc(ptn_mbox_check(app->store, &user, true, report, line), PTN_OK,
          "mended");
    is_rc(ptn_mbox_check(app->store, &user, false, report, line), PTN_OK,
          "nothing");
    snprintf(path, sizeof(path), "%s/receipt/no mark", site.conf.root);
    unlink(path);
    is_u64(marks(), 1, "a mark");
    ptn_app_close(app);
    rounds();
    is_u64(marks(), 0, "and it is sent");
}


/* The mark of a batch is synced once, however many receipts are due by it. */

static unsigned  syncs;

static int
count_sync(ptn_io_t *io PTN_UNUSED, const char *path, ptn_io_site_e at)
{
    syncs += (at == PTN_IO_RECEIPT_DIR);

    return ptn_io_posix.sync_dir(&ptn_io_posix, path, at);
}


static void
test_once(void)
{
    bool        *due, fsync;
    size_t       i;
    ptn_id_t     ids[3];
    ptn_io_t     io = ptn_io_posix;
    ptn_app_t   *app;
    ptn_txn_t    tx = { 0 };
    ptn_mbox_t  *mb;
    ptn_view_t  *view;
    ptn_row_t    row;

    fsync = site.conf.fsync;
    site.conf.fsync = true;
    io.sync_dir = count_sync;
    is_rc(ptn_app_open(NULL, &site.conf, &io, NULL, "once", &app), PTN_OK,
          "open");

    for (i = 0; i < ptn_nelts(ids); i++) {
        is_rc(deliver(app, "bob@example.test", "alice@example.test", false),
              PTN_OK, "not read");
    }

    is_u64(syncs, 0, "nothing is due");
    is_rc(mailbox(app, "bob@example.test", &mb), PTN_OK, "bob");
    is_rc(ptn_view_get(mb, PTN_FOLDER_INBOX, &view), PTN_OK, "view");

    for (i = 0; i < ptn_nelts(ids); i++) {
        ptn_view_row(view, ptn_view_count(view) - (uint32_t) i, &row);
        ids[i] = row.id;
    }

    ptn_view_unref(view);
    is_rc(ptn_txn_begin(&tx, mb), PTN_OK, "begin");
    is_rc(ptn_msg_read_ids(&tx, pool, ids, ptn_nelts(ids), 0, &due), PTN_OK,
          "all are read");
    is_rc(ptn_txn_commit(&tx), PTN_OK, "commit");
    is_rc(ptn_store_commit(app->store), PTN_OK, "store commit");
    is_u64(syncs, 2, "receipt, and ROOT");
    is_rc(deliver(app, "bob@example.test", "alice@example.test", true), PTN_OK,
          "another batch");
    is_u64(syncs, 4, "once more");

    while (ptn_mdn_send(app)) {
        /* void */
    }

    is_u64(marks(), 0, "all are sent");
    ptn_app_close(app);
    site.conf.fsync = fsync;
}


int
main(void)
{
    stream_driver_site_open(&site);
    pool = ptn_pool_create(0, NULL);

    test_unopened();
    test_marks();
    test_sweep();
    test_check();
    test_once();

    ptn_pool_destroy(pool);
    stream_driver_site_close(&site);

    return done_testing();
}
