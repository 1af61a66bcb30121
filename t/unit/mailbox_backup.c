/*
 * Backups that are taken while others deliver, edit, remove and sweep: each
 * fits together, is verified, and is a mailbox without a finding when it is
 * restored elsewhere.  Restored in its own place it is another incarnation.
 */

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#include "mailbox_site.h"


#define BACKUPS  6


/* A message whose attachment, 24 KB of its own, becomes a blob. */

static ptn_str_t
attachment(site_t *s, unsigned seed)
{
    size_t      i;
    u_char     *data;
    ptn_str_t   text;
    ptn_buf_t   b;

    data = ptn_palloc(s->pool, 40000);

    for (i = 0; i < 40000; i++) {
        data[i] = (u_char) ((seed + i) * 2654435761u >> 13);
    }

    text = ptn_base64_encode(s->pool, ptn_str_make(data, 40000));
    ptn_buf_init(&b, s->pool);
    ptn_buf_printf(&b, "From: a@example.test\r\nSubject: %u\r\n"
                   "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;"
                   " boundary=xx\r\n\r\n--xx\r\nContent-Type: text/plain\r\n"
                   "\r\nhello\r\n--xx\r\nContent-Type: application/x\r\n"
                   "Content-Transfer-Encoding: base64\r\n\r\n", seed);

    for (i = 0; i < text.len; i += 76) {
        ptn_buf_add(&b, text.data + i, ptn_min((size_t) 76, text.len - i));
        ptn_buf_z(&b, "\r\n");
    }

    ptn_buf_z(&b, "--xx--\r\n");

    return ptn_buf_get(&b);
}


static ptn_rc_t
deliver(site_t *s, ptn_txn_t *tx, unsigned seed)
{
    ptn_append_t    a;
    ptn_appended_t  app;

    memset(&a, 0, sizeof(a));
    a.raw = attachment(s, seed);
    a.received = 1770000000;

    return ptn_msg_append(tx, PTN_FOLDER_INBOX, &a, &app);
}


/* Delivers, flags, moves and removes for ever; counts its commits. */

static void
worker(site_t *s, unsigned seed, volatile unsigned *commits)
{
    unsigned      n;
    uint32_t      uid, *to;
    ptn_rc_t      rc;
    ptn_txn_t     tx;
    ptn_row_t     row;
    ptn_view_t   *v;
    ptn_mbox_t   *mb;

    if (ptn_store_open(&s->opts, &s->store) != PTN_OK) {
        _exit(1);
    }

    for (n = 0; ; n++) {
        mb = site_open(s, "alice");
        rc = ptn_txn_begin(&tx, mb);

        if (rc == PTN_OK) {
            rc = deliver(s, &tx, (unsigned) rand_r(&seed));
        }

        if (rc == PTN_OK && n > 5) {
            ptn_view_get(mb, PTN_FOLDER_INBOX, &v);
            ptn_view_row(v, 1 + (uint32_t) rand_r(&seed) % ptn_view_count(v),
                         &row);
            ptn_view_unref(v);
            uid = row.uid;

            switch (rand_r(&seed) % 4) {

            case 0:
                rc = ptn_msg_flags(&tx, PTN_FOLDER_INBOX, &uid, 1,
                                   PTN_FLAGS_ADD, PTN_FLAG_SEEN, 0, 0, NULL);
                break;

            case 1:
                rc = ptn_msg_move(&tx, s->pool, PTN_FOLDER_INBOX, &uid, 1,
                                  PTN_FOLDER_ARCHIVE, &to);
                break;

            default:
                rc = ptn_msg_expunge(&tx, PTN_FOLDER_INBOX, &uid, 1);
            }
        }

        if (rc == PTN_OK) {
            rc = ptn_txn_commit(&tx);
        }

        ptn_txn_done(&tx);

        if (rc == PTN_OK) {
            rc = ptn_store_commit(s->store);
        }

        if (rc != PTN_OK) {
            ptn_store_rollback(s->store);

            if (rc != PTN_EBUSY) {
                _exit(2);
            }
        }

        __sync_fetch_and_add(commits, rc == PTN_OK);
        ptn_store_idle(s->store);
        ptn_pool_reset(s->pool);
    }
}


static ptn_ops_t
ops_of(site_t *s)
{
    ptn_ops_t  ops = { NULL, site_report, s };

    return ops;
}


static ptn_rc_t
backup(site_t *s, const char *dir)
{
    ptn_ops_t      ops;
    ptn_rc_t       rc;
    ptn_user_t     u;
    ptn_backup_t  *b;

    ops = ops_of(s);
    u = site_user(s, "alice");
    rc = ptn_backup_open(s->store, dir, false, &ops, &b);

    if (rc == PTN_OK) {
        rc = ptn_backup_mailbox(b, &u);

        if (rc == PTN_OK) {
            rc = ptn_backup_finish(b);
        }

        ptn_backup_close(b);
    }

    return rc;
}


static ptn_rc_t
restore(site_t *from, site_t *s, const char *dir, bool replace)
{
    ptn_ops_t   ops;
    ptn_user_t  u;

    (void) from;
    ops = ops_of(s);
    u = site_user(s, "alice");

    return ptn_restore_mailbox(s->store, dir, u.address, &u, replace, &ops);
}


/* Under load: each is whole, and a mailbox. */

static void
test_load(site_t *s, const char *dir)
{
    int                 status, bad;
    pid_t               pid[2];
    site_t              t;
    unsigned            i, k, had, whole;
    ptn_mbox_info_t     info;
    volatile unsigned  *commits;

    commits = mmap(NULL, sizeof(unsigned), PROT_READ|PROT_WRITE,
                   MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    site_open(s, "alice");
    ptn_store_close(s->store);
    fflush(stdout);

    for (i = 0; i < 2; i++) {
        pid[i] = fork();

        if (pid[i] == 0) {
            worker(s, i, commits);
        }
    }

    ptn_store_open(&s->opts, &s->store);
    site_make(&t);
    t.conf.fsync = false;

    for (i = 0, whole = 0; i < BACKUPS; i++) {
        had = *commits;

        for (k = 0; k < 60000 && *commits < had + 20; k++) {
            poll(NULL, 0, 1);
        }

        ok(*commits >= had + 20, "changes meanwhile");

        if (!is_rc(backup(s, dir), PTN_OK, "a backup under load")
            || !is_rc(ptn_backup_verify(t.store, dir, &(ptn_ops_t) {
                          NULL, site_report, &t }), PTN_OK, "it is whole"))
        {
            break;
        }

        is_rc(restore(s, &t, dir, true), PTN_OK, "restored elsewhere");
        site_check(&t, "alice");
        ptn_mbox_info(site_open(&t, "alice"), &info);
        whole += info.messages != 0;
    }

    ok(whole > BACKUPS / 2, "%u had messages", whole);

    for (i = 0, bad = 0; i < 2; i++) {
        kill(pid[i], SIGKILL);
        waitpid(pid[i], &status, 0);
        bad += WIFEXITED(status);
    }

    ok(bad == 0, "the workers had no error");
    site_done(&t);
    site_check(s, "alice");
}


/* In its own place: what clients know is refused. */

static void
test_incarnation(site_t *s, const char *dir)
{
    uint16_t             replid;
    ptn_guid_t           was_guid, guid;
    ptn_rc_t             rc;
    ptn_txn_t            tx;
    ptn_sync_t           sync;
    ptn_mbox_t          *mb;
    size_t               n;
    bool                 more;
    ptn_mbox_info_t      was, is;
    const ptn_folder_t  *f;
    ptn_sync_change_t   *changes;
    uint32_t             uidvalidity;

    is_rc(backup(s, dir), PTN_OK, "a backup");
    mb = site_open(s, "alice");
    ptn_mbox_info(mb, &was);
    ptn_folder_get(mb, PTN_FOLDER_INBOX, &f);
    uidvalidity = f->uidvalidity;
    memset(&sync, 0, sizeof(sync));
    is_rc(ptn_sync_items(mb, s->pool, PTN_FOLDER_INBOX, false, &sync, 10000,
                         &changes, &n, &more), PTN_OK, "a client's state");
    ptn_mbox_replica(mb, mb->meta.oid, &replid, &was_guid);

    /* what comes after the backup is lost */

    ptn_txn_begin(&tx, mb);
    deliver(s, &tx, 77);
    ptn_txn_commit(&tx);
    is_rc(ptn_store_commit(s->store), PTN_OK, "a delivery");

    is_rc(restore(s, s, dir, false), PTN_EEXIST, "not over a mailbox");
    is_rc(restore(s, s, dir, true), PTN_OK, "but when told to");

    mb = site_open(s, "alice");
    ptn_mbox_info(mb, &is);
    ok(is.messages == was.messages, "its messages");
    ok(is.epoch > was.epoch && is.cn > was.cn + 1, "another incarnation");
    ptn_folder_get(mb, PTN_FOLDER_INBOX, &f);
    ok(f->uidvalidity != uidvalidity, "another UIDVALIDITY");
    rc = ptn_sync_items(mb, s->pool, PTN_FOLDER_INBOX, false, &sync, 100,
                        &changes, &n, &more);
    is_rc(rc, PTN_ESTALE, "the client's state is refused");

    ptn_txn_begin(&tx, mb);
    deliver(s, &tx, 78);
    ptn_txn_commit(&tx);
    is_rc(ptn_store_commit(s->store), PTN_OK, "and a delivery");
    ptn_mbox_replica(mb, mb->meta.oid, &replid, &guid);
    ok(!ptn_guid_eq(guid, was_guid), "new ids are of another REPLGUID");
    site_check(s, "alice");

    /* once more of the same backup: not the same incarnation again */

    ptn_mbox_info(site_open(s, "alice"), &was);
    is_rc(restore(s, s, dir, true), PTN_OK, "again");
    ptn_mbox_info(site_open(s, "alice"), &is);
    ok(is.epoch > was.epoch && is.cn > was.cn, "yet another incarnation");
    site_check(s, "alice");
}


/* Another process has it open: its next batch must not go nowhere. */

static void
test_open_elsewhere(site_t *s, const char *dir)
{
    ptn_rc_t      rc;
    ptn_txn_t     tx;
    ptn_user_t    u;
    ptn_mbox_t   *mb, *other;
    ptn_store_t  *store;
    ptn_msg_t    *msg;
    ptn_appended_t  app;

    ptn_store_open(&s->opts, &store);
    other = site_open_store(s, store, "alice");
    is_rc(restore(s, s, dir, true), PTN_OK, "restored while it is open");

    rc = ptn_txn_begin(&tx, other);
    ok(rc != PTN_OK, "a batch on the old file is refused (%s)",
       ptn_err(rc)->name);
    ptn_txn_done(&tx);
    ptn_store_rollback(store);

    u = site_user(s, "alice");
    is_rc(ptn_mbox_open(store, &u, NULL, &other), PTN_OK, "opened again");
    ptn_txn_begin(&tx, other);
    is_rc(site_append(s, &tx, PTN_FOLDER_INBOX, 100, 0, &app), PTN_OK,
          "it is the new one");
    ptn_txn_commit(&tx);
    is_rc(ptn_store_commit(store), PTN_OK, "committed");

    mb = site_open(s, "alice");
    is_rc(ptn_msg_open(mb, s->pool, app.id, &msg), PTN_OK,
          "everybody sees it");
    ptn_store_close(store);
    site_check(s, "alice");
}


/* What is removed meanwhile stays until the backup has it. */

static void
test_sweep(site_t *s)
{
    uint32_t      i, n, *uids;
    int64_t       dead, left;
    ptn_txn_t     tx;
    ptn_row_t     row;
    ptn_view_t   *v;
    ptn_mbox_t   *mb, *holder;
    ptn_store_t  *store;

    ptn_store_open(&s->opts, &store);
    holder = site_open_store(s, store, "alice");
    is_rc(ptn_mbox_lock(holder, F_RDLCK, PTN_LOCK_BACKUP, 0), PTN_OK,
          "a backup is under way");

    mb = site_open(s, "alice");
    ptn_txn_begin(&tx, mb);
    deliver(s, &tx, 4711);
    ptn_view_get(mb, PTN_FOLDER_INBOX, &v);
    n = ptn_view_count(v);
    uids = ptn_palloc(s->pool, n * sizeof(uint32_t));

    for (i = 0; i < n; i++) {
        ptn_view_row(v, i + 1, &row);
        uids[i] = row.uid;
    }

    ptn_view_unref(v);
    ptn_msg_expunge(&tx, PTN_FOLDER_INBOX, uids, n);
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    ptn_store_idle(s->store);
    ptn_sql_number(site_open(s, "alice"),
                   "SELECT count(*) FROM blob WHERE refs=0", &dead);
    ok(dead > 0, "%lld blobs wait", (long long) dead);

    ptn_store_close(store);
    ptn_store_idle(s->store);
    ptn_sql_number(site_open(s, "alice"),
                   "SELECT count(*) FROM blob WHERE refs=0", &left);
    is_u64(left, 0, "they go when it is over");
    site_check(s, "alice");
}


static void
spoil(const char *path)
{
    int   fd;
    char  c;

    fd = open(path, O_RDWR);
    (void) !pread(fd, &c, 1, 20);
    c ^= 1;
    (void) !pwrite(fd, &c, 1, 20);
    close(fd);
}


/* A backup that is damaged: said, and not put in anybody's place. */

static void
test_damage(site_t *s, const char *dir)
{
    char             path[PTN_BLOB_PATH], hex[65];
    int              i;
    int64_t          blobs;
    u_char           sha[32];
    uint64_t         freed;
    ptn_txn_t        tx;
    ptn_ops_t        ops;
    sqlite3_stmt    *st;
    ptn_mbox_info_t  was, is;

    ops = ops_of(s);
    ptn_txn_begin(&tx, site_open(s, "alice"));
    deliver(s, &tx, 1);
    deliver(s, &tx, 2);
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    is_rc(backup(s, dir), PTN_OK, "a backup");
    is_rc(ptn_backup_prune(s->store, dir, &ops, &freed), PTN_OK, "pruned");
    ok(freed > 0, "%llu bytes of earlier ones", (unsigned long long) freed);
    is_rc(ptn_backup_verify(s->store, dir, &ops), PTN_OK, "still whole");

    ptn_sql_number(site_open(s, "alice"),
                   "SELECT count(*) FROM blob WHERE refs>0", &blobs);
    ok(blobs > 0, "there are blobs");
    sqlite3_prepare_v2(site_open(s, "alice")->db,
                       "SELECT sha256 FROM blob WHERE refs>0", -1, &st, NULL);
    sqlite3_step(st);
    memcpy(sha, sqlite3_column_blob(st, 0), 32);
    sqlite3_finalize(st);

    for (i = 0; i < 32; i++) {
        sprintf(hex + 2 * i, "%02x", sha[i]);
    }

    snprintf(path, sizeof(path), "%s/object/%.2s/%s", dir, hex, hex + 2);
    spoil(path);

    s->reports = 0;
    is_rc(ptn_backup_verify(s->store, dir, &ops), PTN_ECORRUPT, "a blob");
    is_u64(s->reports, 1, "one finding");
    ptn_mbox_info(site_open(s, "alice"), &was);
    is_rc(restore(s, s, dir, true), PTN_ECORRUPT, "is not restored");
    ptn_mbox_info(site_open(s, "alice"), &is);
    ok(is.epoch == was.epoch && is.messages == was.messages,
       "nothing has changed");

    /* the next run does not trust a file of another size */

    (void) !truncate(path, 10);
    is_rc(backup(s, dir), PTN_OK, "once more");
    is_rc(ptn_backup_verify(s->store, dir, &ops), PTN_OK, "whole again");

    snprintf(path, sizeof(path), "%s/manifest", dir);
    spoil(path);
    is_rc(ptn_backup_verify(s->store, dir, &ops), PTN_ECORRUPT, "a manifest");
    is_rc(restore(s, s, dir, true), PTN_ECORRUPT, "nor this");
    unlink(path);
    is_rc(ptn_backup_verify(s->store, dir, &ops), PTN_ENOTFOUND, "no backup");
    is_rc(backup(s, dir), PTN_OK, "made anew of what is there");
    is_rc(ptn_backup_verify(s->store, dir, &ops), PTN_OK, "whole");

    /* a blob of the mailbox itself */

    snprintf(path, sizeof(path), "%s/mailbox/example.test/alice/blob/%.2s/%s",
             s->root, hex, hex + 2);
    spoil(path);
    snprintf(path, sizeof(path), "%s/object/%.2s/%s", dir, hex, hex + 2);
    unlink(path);
    is_rc(backup(s, dir), PTN_ECORRUPT, "its damage is noticed");
}


/* Killed at any time, the last manifest is good, and the next run goes on. */

static void
test_killed(site_t *s, const char *dir)
{
    int              status;
    pid_t            pid;
    unsigned         i, bad, killed;
    ptn_txn_t        tx;
    ptn_ops_t        ops;
    struct timespec  pause;

    ops = ops_of(s);
    ptn_txn_begin(&tx, site_open(s, "alice"));

    for (i = 0; i < 150; i++) {
        deliver(s, &tx, 1000 + i);
    }

    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    ptn_store_close(s->store);
    bad = 0;
    killed = 0;

    for (i = 0; i < 12; i++) {
        fflush(stdout);
        pid = fork();

        if (pid == 0) {
            ptn_store_open(&s->opts, &s->store);
            _exit(backup(s, dir) != PTN_OK);
        }

        pause.tv_sec = 0;
        pause.tv_nsec = 1000 * 1000 * (1 + 3 * (long) i);
        nanosleep(&pause, NULL);
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        killed += WIFSIGNALED(status);
        ptn_store_open(&s->opts, &s->store);
        bad += ptn_backup_verify(s->store, dir, &ops) != PTN_OK;
        ptn_store_close(s->store);
    }

    ok(killed > 0, "%u were killed amid it", killed);
    is_u64(bad, 0, "the last one stays whole");
    ptn_store_open(&s->opts, &s->store);
    is_rc(backup(s, dir), PTN_OK, "the next run goes on");
    is_rc(ptn_backup_verify(s->store, dir, &ops), PTN_OK, "whole");
    is_rc(restore(s, s, dir, true), PTN_OK, "restored");
    site_check(s, "alice");
}


int
main(void)
{
    char    dir[128];
    site_t  s;

    site_make(&s);
    snprintf(dir, sizeof(dir), "%s/backup", s.root);
    test_load(&s, dir);
    s.conf.fsync = false;
    test_incarnation(&s, dir);
    test_open_elsewhere(&s, dir);
    test_sweep(&s);
    test_killed(&s, dir);
    test_damage(&s, dir);
    site_done(&s);

    return done_testing();
}
