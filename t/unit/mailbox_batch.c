/*
 * The batch: failing neighbours, several mailboxes, two executors.
 */

#include <stdatomic.h>
#include <sys/mman.h>

#include "mailbox_site.h"


static uint32_t
count(ptn_mbox_t *mb, ptn_id_t folder)
{
    uint32_t     n;
    ptn_view_t  *v;

    if (ptn_view_get(mb, folder, &v) != PTN_OK) {
        return UINT32_MAX;
    }

    n = ptn_view_count(v);
    ptn_view_unref(v);

    return n;
}


static void
test_neighbours(site_t *s)
{
    unsigned             changes;
    ptn_txn_t            tx;
    ptn_mbox_t          *mb;
    ptn_view_t          *mixed, *before;
    ptn_store_t         *other;
    ptn_appended_t       app, app2;
    const ptn_folder_t  *f;

    mb = site_open(s, "dora");
    ptn_store_open(&s->opts, &other);
    changes = s->changes;

    ptn_txn_begin(&tx, mb);
    is_u64(site_append(s, &tx, PTN_FOLDER_INBOX, 10, 0, &app), PTN_OK, "one");
    is_u64(ptn_txn_commit(&tx), PTN_OK, "kept");
    is_u64(count(site_open_store(s, other, "dora"), PTN_FOLDER_INBOX), 0,
           "nobody else sees it");
    is_u64(ptn_view_get(mb, PTN_FOLDER_INBOX, &before), PTN_OK, "view");

    ptn_txn_begin(&tx, mb);
    is_u64(site_append(s, &tx, PTN_FOLDER_INBOX, 20, 0, &app2), PTN_OK, "two");
    is_u64(app2.uid, 2, "its uid");
    is_u64(ptn_view_get(mb, PTN_FOLDER_INBOX, &mixed), PTN_OK, "view");
    is_u64(ptn_view_count(mixed), 2, "with it");
    ptn_txn_done(&tx);
    ok(!ptn_view_valid(mixed), "undone: that view is void");
    ok(ptn_view_valid(before), "the one before is not");
    is_u64(count(mb, PTN_FOLDER_INBOX), 1, "one is left");
    ptn_view_unref(mixed);

    ptn_txn_begin(&tx, mb);
    is_u64(site_append(s, &tx, PTN_FOLDER_INBOX, 30, 0, &app2), PTN_OK, "3rd");
    is_u64(app2.uid, 2, "its uid");
    is_u64(ptn_txn_commit(&tx), PTN_OK, "kept");
    is_u64(s->changes, changes, "nobody is told yet");
    is_u64(ptn_store_commit(s->store), PTN_OK, "commit");
    is_u64(s->changes, changes + 1, "now, once");
    ok(ptn_view_valid(before), "valid");
    is_u64(count(site_open_store(s, other, "dora"), PTN_FOLDER_INBOX), 2,
           "everybody sees both");

    /* a rollback of everything */

    ptn_txn_begin(&tx, mb);
    site_append(s, &tx, PTN_FOLDER_INBOX, 10, 0, &app);
    ptn_txn_commit(&tx);
    ptn_view_get(mb, PTN_FOLDER_INBOX, &mixed);
    ptn_store_rollback(s->store);
    ok(!ptn_view_valid(mixed), "void");
    ptn_view_unref(mixed);
    ptn_view_unref(before);
    is_u64(count(mb, PTN_FOLDER_INBOX), 2, "two");
    ptn_folder_get(mb, PTN_FOLDER_INBOX, &f);
    is_u64(f->uidnext, 3, "UIDNEXT");

    /* a batch without changes */

    changes = s->changes;
    ptn_txn_begin(&tx, mb);
    is_u64(ptn_txn_commit(&tx), PTN_OK, "nothing");
    is_u64(ptn_store_commit(s->store), PTN_OK, "commit");
    is_u64(s->changes, changes, "nobody is told");

    ptn_txn_begin(&tx, mb);
    is_u64(ptn_txn_begin(&tx, mb), PTN_EINTERNAL, "not two at once");
    ptn_store_rollback(s->store);
    ptn_store_close(other);
    site_check(s, "dora");
}


/* Refusals that come before any change leave the transaction usable. */

static void
test_refusals(site_t *s)
{
    uint32_t        uids[] = { 1, 2 }, *got;
    ptn_rc_t        rc;
    ptn_txn_t       tx;
    ptn_user_t      u;
    ptn_actor_t     actor;
    ptn_append_t    a;
    ptn_mbox_t     *mb;
    ptn_appended_t  app;

    u = site_user(s, "emil");
    u.quota = 3000;
    is_u64(ptn_mbox_open(s->store, &u, NULL, &mb), PTN_OK, "open");
    ptn_txn_begin(&tx, mb);
    is_u64(site_append(s, &tx, PTN_FOLDER_INBOX, 1000, 0, &app), PTN_OK, "1");
    is_u64(site_append(s, &tx, PTN_FOLDER_INBOX, 2000, 0, &app), PTN_EQUOTA,
           "too much");
    is_u64(site_append(s, &tx, 4711, 10, 0, &app), PTN_ENOTFOUND, "where?");
    is_u64(ptn_msg_copy(&tx, s->pool, PTN_FOLDER_INBOX, uids, 2, 4711, &got),
           PTN_ENOTFOUND, "copy where?");

    memset(&a, 0, sizeof(a));
    a.raw = site_message(s, 10);
    a.key = ptn_str("queue-1/emil");
    is_u64(ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app), PTN_OK, "keyed");
    is_u64(ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app), PTN_EEXIST,
           "only once");
    is_u64(ptn_txn_commit(&tx), PTN_OK, "commit");
    is_u64(ptn_store_commit(s->store), PTN_OK, "commit");
    is_u64(count(mb, PTN_FOLDER_INBOX), 2, "two");

    ptn_txn_begin(&tx, mb);
    is_u64(ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app), PTN_EEXIST,
           "in a later transaction neither");
    s->conf.message_max = 100;
    is_u64(site_append(s, &tx, PTN_FOLDER_INBOX, 1000, 0, &app), PTN_ETOOBIG,
           "too big");
    s->conf.message_max = 150 * 1024 * 1024;
    ptn_txn_done(&tx);

    memset(&actor, 0, sizeof(actor));
    actor.mailbox = site_user(s, "dora").mailbox;
    is_u64(ptn_mbox_open(s->store, &u, &actor, &mb), PTN_ENOTFOUND,
           "somebody else");
    actor.mailbox = u.mailbox;
    is_u64(ptn_mbox_open(s->store, &u, &actor, &mb), PTN_OK, "the owner");

    u.mailbox.b[3] ^= 1;
    rc = ptn_mbox_open(s->store, &u, NULL, &mb);
    is_u64(rc, PTN_EUNAVAIL, "a mailbox of another guid");
    is_u64(ptn_mbox_create(s->store, &u), PTN_EEXIST, "it is there");
    site_check(s, "emil");
}


/* One message, committed; what the append says. */

static ptn_rc_t
append_raw(site_t *s, ptn_mbox_t *mb, ptn_str_t raw, bool delivery, char *key)
{
    ptn_rc_t                              rc;
    ptn_append_t                          a;
    ptn_appended_t                        app;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&a, 0, sizeof(a));
    a.raw = raw;
    a.delivery = delivery;

    if (key != NULL) {
        a.key = ptn_str_make(key, strlen(key));
    }

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    return (rc == PTN_OK) ? ptn_store_commit(s->store) : rc;
}


/* To the byte: what fits is taken, one byte more is not. */

static void
test_limits(site_t *s)
{
    uint32_t     uids[] = { 1 }, *got;
    ptn_txn_t    tx;
    ptn_str_t    raw;
    uint64_t     size, max;
    ptn_user_t   u;
    ptn_mbox_t  *mb;

    raw = site_message(s, 1000);
    size = raw.len;
    u = site_user(s, "lena");
    is_u64(ptn_mbox_open(s->store, &u, NULL, &mb), PTN_OK, "open");

    max = s->conf.message_max;
    s->conf.message_max = size - 1;
    is_u64(append_raw(s, mb, raw, false, NULL), PTN_ETOOBIG, "APPEND");
    s->conf.message_max = size;
    is_u64(append_raw(s, mb, raw, false, NULL), PTN_OK, "just as big");
    s->conf.message_max = max;

    u.quota = 2 * size - 1;
    is_u64(ptn_mbox_open(s->store, &u, NULL, &mb), PTN_OK, "a quota");
    is_u64(append_raw(s, mb, raw, false, NULL), PTN_EQUOTA, "APPEND");
    is_u64(append_raw(s, mb, raw, true, NULL), PTN_EQUOTA, "delivery");

    ptn_txn_begin(&tx, mb);
    is_u64(ptn_msg_copy(&tx, s->pool, PTN_FOLDER_INBOX, uids, 1,
                        PTN_FOLDER_ARCHIVE, &got), PTN_EQUOTA, "COPY");
    ptn_txn_done(&tx);
    is_u64(count(mb, PTN_FOLDER_ARCHIVE), 0, "nothing was copied");

    ptn_txn_begin(&tx, mb);
    is_u64(ptn_msg_move(&tx, s->pool, PTN_FOLDER_INBOX, uids, 1,
                        PTN_FOLDER_ARCHIVE, &got), PTN_OK, "MOVE");
    is_u64(ptn_txn_commit(&tx), PTN_OK, "commit");
    is_u64(ptn_store_commit(s->store), PTN_OK, "a full mailbox may tidy up");

    u.quota = 2 * size;
    is_u64(ptn_mbox_open(s->store, &u, NULL, &mb), PTN_OK, "one byte more");
    ptn_txn_begin(&tx, mb);
    is_u64(ptn_msg_copy(&tx, s->pool, PTN_FOLDER_ARCHIVE, uids, 1,
                        PTN_FOLDER_INBOX, &got), PTN_OK, "COPY");
    is_u64(ptn_txn_commit(&tx), PTN_OK, "commit");
    is_u64(ptn_store_commit(s->store), PTN_OK, "commit");
    is_u64(append_raw(s, mb, ptn_str("a: b\r\n\r\n"), true, NULL),
           PTN_EQUOTA, "full");
    site_check(s, "lena");
}


static uint64_t
once_rows(ptn_mbox_t *mb)
{
    int64_t  n;

    return ptn_sql_number(mb, "SELECT count(*) FROM once", &n) == PTN_OK
           ? (uint64_t) n : UINT64_MAX;
}


/* Delivery keys are kept for the queue's lifetime and 30 days, not longer. */

static void
test_once(site_t *s)
{
    char         key[32], text[100];
    unsigned     i, days;
    ptn_rc_t     rc;
    ptn_str_t    raw;
    ptn_mbox_t  *mb;

    mb = site_open(s, "once");
    raw = site_message(s, 10);
    days = PTN_ONCE_DAYS + s->conf.queue_lifetime / 86400;
    rc = PTN_OK;

    for (i = 0; i < 2 * PTN_ONCE_TRIMMED && rc == PTN_OK; i++) {
        sprintf(key, "queue/%u", i);
        rc = append_raw(s, mb, raw, true, key);
    }

    is_u64(rc, PTN_OK, "deliveries");
    is_u64(once_rows(mb), 2 * PTN_ONCE_TRIMMED, "a key for each");

    /* so many days pass */

    sprintf(text, "UPDATE once SET day=day-%u", days);
    is_u64(ptn_sql_exec(mb, text), PTN_OK, "the last day");
    is_u64(append_raw(s, mb, raw, true, "queue/0"), PTN_EEXIST, "still known");
    is_u64(append_raw(s, mb, raw, true, "queue/x"), PTN_OK, "a new one");
    is_u64(once_rows(mb), 2 * PTN_ONCE_TRIMMED + 1, "none was removed");

    sprintf(text, "UPDATE once SET day=day-1 WHERE key<>CAST('queue/x' AS"
            " BLOB)");
    is_u64(ptn_sql_exec(mb, text), PTN_OK, "one day more");
    is_u64(append_raw(s, mb, raw, true, "queue/y"), PTN_OK, "a delivery");
    is_u64(once_rows(mb), PTN_ONCE_TRIMMED + 2, "removes some");
    is_u64(append_raw(s, mb, raw, true, "queue/z"), PTN_OK, "another");
    is_u64(once_rows(mb), 3, "the rest");
    is_u64(append_raw(s, mb, raw, true, "queue/x"), PTN_EEXIST,
           "the new ones are known");
    site_check(s, "once");
}


/* Writes a blob in a transaction that never ends. */

static void
killed_writer(site_t *s, const u_char sha256[32], int fd)
{
    ptn_txn_t     tx;
    ptn_mbox_t   *mb;
    ptn_store_t  *store;

    if (ptn_store_open(&s->opts, &store) != PTN_OK) {
        _exit(1);
    }

    mb = site_open_store(s, store, "spare");

    if (ptn_txn_begin(&tx, mb) != PTN_OK
        || ptn_blob_add(mb, sha256, ptn_str("never kept")) != PTN_OK
        || write(fd, "x", 1) != 1)
    {
        _exit(1);
    }

    for ( ;; ) {
        pause();
    }
}


/* A process dies among others: the next writer clears up after it. */

static void
test_killed(site_t *s)
{
    int          fd[2], status;
    char         c, path[PTN_BLOB_PATH];
    pid_t        pid;
    ptn_txn_t    tx;
    ptn_mbox_t  *mb;

    static const u_char  killed[32] = { 1, 2, 3 }, undone[32] = { 4, 5, 6 };

    mb = site_open(s, "spare");
    fflush(stdout);

    if (pipe(fd) == -1 || (pid = fork()) == -1) {
        printf("Bail out! no process\n");
        exit(1);
    }

    if (pid == 0) {
        killed_writer(s, killed, fd[1]);
    }

    close(fd[1]);
    ok(read(fd[0], &c, 1) == 1, "a blob was written");
    close(fd[0]);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);

    ptn_blob_path(mb, killed, path, sizeof(path));
    ok(access(path, F_OK) == 0, "its file is there");
    ok(!ptn_blob_settled(mb), "and known");
    site_check(s, "spare");

    is_u64(append_raw(s, mb, site_message(s, 10), true, NULL), PTN_OK,
           "a delivery");
    ptn_store_idle(s->store);
    ok(access(path, F_OK) == -1, "the file is gone");
    is_u64(once_rows(mb), 0, "the mailbox is usable");

    /* of this process, in a transaction that fails */

    ptn_txn_begin(&tx, mb);
    is_u64(ptn_blob_add(mb, undone, ptn_str("undone")), PTN_OK, "a blob");
    ptn_txn_done(&tx);
    ptn_blob_path(mb, undone, path, sizeof(path));
    ok(access(path, F_OK) == 0, "its file stays");
    ptn_store_idle(s->store);
    ok(access(path, F_OK) == -1, "until the executor is idle");
    ok(ptn_blob_settled(mb), "nothing is left to do");
    site_check(s, "spare");
}


/* Two executors, mailboxes in opposite orders: nobody waits for ever. */

static void
test_order(site_t *s)
{
    ptn_txn_t       tx;
    ptn_mbox_t     *mb;
    ptn_store_t    *other;
    ptn_appended_t  app;

    ptn_store_open(&s->opts, &other);
    site_open(s, "a");
    site_open(s, "z");

    ptn_txn_begin(&tx, site_open(s, "z"));
    site_append(s, &tx, PTN_FOLDER_INBOX, 10, 0, &app);
    ptn_txn_commit(&tx);

    ptn_txn_begin(&tx, site_open_store(s, other, "a"));
    site_append(s, &tx, PTN_FOLDER_INBOX, 10, 0, &app);
    ptn_txn_commit(&tx);

    /* z is held here, a there: here gives z up before it waits for a */

    mb = site_open(s, "a");
    is_u64(ptn_store_commit(other), PTN_OK, "the other one commits");
    is_u64(ptn_txn_begin(&tx, mb), PTN_OK, "out of order");
    is_u64(site_append(s, &tx, PTN_FOLDER_INBOX, 10, 0, &app), PTN_OK, "app");
    is_u64(ptn_txn_commit(&tx), PTN_OK, "commit");
    is_u64(ptn_store_commit(s->store), PTN_OK, "commit");

    is_u64(count(site_open_store(s, other, "a"), PTN_FOLDER_INBOX), 2, "a");
    is_u64(count(site_open_store(s, other, "z"), PTN_FOLDER_INBOX), 1, "z");
    ptn_store_close(other);
    site_check(s, "a");
    site_check(s, "z");
}


/* More mailboxes than connections, and more than a batch takes. */

static void
test_many(site_t *s)
{
    int             i, round, bad;
    char            name[20];
    ptn_txn_t       tx;
    ptn_mbox_t     *first;
    ptn_appended_t  app;

    s->conf.fsync = false;
    s->store->open_max = 50;
    first = site_open(s, "m0");
    bad = 0;

    for (round = 0; round < 2; round++) {
        for (i = 0; i < 130; i++) {
            snprintf(name, sizeof(name), "m%d", i);
            bad += ptn_txn_begin(&tx, site_open(s, name)) != PTN_OK
                   || site_append(s, &tx, PTN_FOLDER_INBOX, 10, 0, &app)
                      != PTN_OK
                   || ptn_txn_commit(&tx) != PTN_OK;
        }

        bad += ptn_store_commit(s->store) != PTN_OK;
    }

    ok(bad == 0, "130 mailboxes in a batch");
    ok(s->store->nopen <= s->store->open_max, "%u are open", s->store->nopen);
    is_u64(count(first, PTN_FOLDER_INBOX), 2, "a closed one opens by itself");
    ptn_store_idle(s->store);
    is_u64(count(site_open(s, "m77"), PTN_FOLDER_INBOX), 2, "another");
    s->conf.fsync = true;
}


static void
test_delete(site_t *s)
{
    ptn_user_t   u;
    ptn_mbox_t  *mb;
    ptn_store_t *other;
    ptn_txn_t    tx;

    u = site_user(s, "gone");
    is_u64(ptn_mbox_create(s->store, &u), PTN_OK, "create");
    is_u64(ptn_mbox_create(s->store, &u), PTN_EEXIST, "again");
    ptn_store_open(&s->opts, &other);
    mb = site_open_store(s, other, "gone");
    is_u64(count(mb, PTN_FOLDER_INBOX), 0, "open elsewhere");
    is_u64(ptn_mbox_delete(s->store, &u), PTN_OK, "delete");
    ok(ptn_txn_begin(&tx, mb) != PTN_OK, "the other one cannot change it");
    mb = site_open_store(s, other, "gone");
    is_u64(count(mb, PTN_FOLDER_INBOX), 0, "it is made anew on use");
    ptn_store_close(other);
}


/* 10,000 sessions on one folder share one view. */

static void
test_sharing(site_t *s)
{
    int           i, same;
    ptn_view_t   *v[1000], *first;
    ptn_mbox_t   *mb;
    ptn_store_t  *other;

    mb = site_open(s, "dora");
    ptn_store_open(&s->opts, &other);
    ptn_view_get(mb, PTN_FOLDER_INBOX, &first);

    for (i = 0, same = 0; i < 1000; i++) {
        ptn_view_get(site_open_store(s, i % 2 ? other : s->store, "dora"),
                     PTN_FOLDER_INBOX, &v[i]);
        same += v[i] == first;
    }

    ok(same == 1000, "one view for all");

    for (i = 0; i < 1000; i++) {
        ptn_view_unref(v[i]);
    }

    ptn_view_unref(first);
    ptn_store_close(other);
}


/* SQLite 3.40's WAL can lose frames where a commit meets a checkpoint. */

static void
test_checkpoint(site_t *s)
{
    int            fd;
    char           path[256];
    pid_t          pid;
    ptn_txn_t      tx;
    ptn_mbox_t    *mb, *elsewhere;
    ptn_store_t   *other;
    struct flock   fl;
    ptn_appended_t app;
    _Atomic int   *let;

    mb = site_open(s, "dora");
    ptn_store_open(&s->opts, &other);
    elsewhere = site_open_store(s, other, "dora");
    is_u64(ptn_checkpoint(elsewhere, false, false), PTN_OK,
           "a checkpoint that meets nobody");

    ptn_txn_begin(&tx, mb);
    is_u64(site_append(s, &tx, PTN_FOLDER_INBOX, 10, 0, &app), PTN_OK, "one");
    is_u64(ptn_txn_commit(&tx), PTN_OK, "kept");
    is_u64(ptn_checkpoint(elsewhere, false, false), PTN_EBUSY,
           "not while a batch is open elsewhere");
    is_u64(ptn_checkpoint(mb, false, false), PTN_EBUSY, "nor in its own");
    is_u64(ptn_store_commit(s->store), PTN_OK, "commit");
    is_u64(ptn_checkpoint(elsewhere, false, false), PTN_OK, "behind it");

    /* the other way round: a child's lock is a checkpoint that lasts */

    let = mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1,
               0);
    snprintf(path, sizeof(path), "%s/mailbox/example.test/dora/lock",
             s->root);
    fd = open(path, O_RDWR|O_CLOEXEC);
    memset(&fl, 0, sizeof(fl));
    fl.l_type = F_WRLCK;
    fl.l_start = PTN_LOCK_WRITE;
    fl.l_len = 1;
    is_u64((uint64_t) fcntl(fd, F_OFD_SETLK, &fl), 0, "a checkpoint runs");

    fflush(stdout);
    pid = fork();

    if (pid == 0) {
        usleep(100000);
        *let = 1;
        fl.l_type = F_UNLCK;
        _exit(fcntl(fd, F_OFD_SETLK, &fl));
    }

    is_u64(ptn_txn_begin(&tx, mb), PTN_OK, "a batch begins");
    is_u64((uint64_t) *let, 1, "when it is over, not before");
    ptn_txn_done(&tx);
    ptn_store_rollback(s->store);

    waitpid(pid, NULL, 0);
    close(fd);
    munmap((void *) let, 4096);
    ptn_store_close(other);
}


int
main(void)
{
    site_t  s;

    site_make(&s);
    test_neighbours(&s);
    test_refusals(&s);
    test_limits(&s);
    test_once(&s);
    test_killed(&s);
    test_order(&s);
    test_sharing(&s);
    test_many(&s);
    test_delete(&s);
    test_checkpoint(&s);
    site_done(&s);

    return done_testing();
}
