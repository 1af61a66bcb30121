/*
 * An export is all of a mailbox: imported into an empty one, every table is
 * the same; into another one, the messages come below a folder.  Interrupted
 * imports go on; damaged files are refused, and nothing has changed.
 */

#include <signal.h>
#include <time.h>

#include "mailbox_battery.h"


static const char *const  tables[] = {
    "folder", "message", "item", "content", "object", "share", "blob",
    "tombstone", "keyword", "once", "named", "replica", "gone", "receive",
    "name", "rule", "permission", "reader", "device", "search", "found",
    "dictionary", "meta"
};

/* Rows of what no call makes yet. */
static const char *const  more[] = {
    "INSERT INTO receive VALUES ('IPM.Note', 12, 5)",
    "INSERT INTO permission VALUES (12, 0, 1025)",
    "INSERT INTO device VALUES ('d', '12', 7, x'01', x'02', NULL, x'03',"
        " x'04', 9)",
    "UPDATE meta SET bag=x'', lived=77"
};


static uint64_t
sum(ptn_mbox_t *mb, const char *table)
{
    int            i;
    char           text[128];
    uint64_t       h, row;
    ptn_str_t      s;
    sqlite3_stmt  *st;

    snprintf(text, sizeof(text), strcmp(table, "meta") == 0
             ? "SELECT guid, epoch, cn, oid, uidvalidity, event, lived, bag"
               " FROM %s" : "SELECT * FROM %s", table);

    if (sqlite3_prepare_v2(mb->db, text, -1, &st, NULL) != SQLITE_OK) {
        return 1;
    }

    for (h = 0; sqlite3_step(st) == SQLITE_ROW; h += row) {
        for (i = 0, row = 99; i < sqlite3_column_count(st); i++) {
            row = row * 31 + (uint64_t) sqlite3_column_type(st, i);
            s = ptn_sql_column(st, i);

            for (size_t k = 0; k < s.len; k++) {
                row = (row ^ s.data[k]) * 0x100000001b3ULL;
            }

            row ^= sqlite3_column_type(st, i) == SQLITE_INTEGER
                   ? (uint64_t) sqlite3_column_int64(st, i) * 2654435761u : 0;
        }
    }

    sqlite3_finalize(st);

    return h;
}


static void
export_to(site_t *s, const char *path)
{
    int         fd;
    ptn_user_t  u;

    u = site_user(s, "alice");
    fd = open(path, O_RDWR|O_CREAT|O_TRUNC, 0600);
    is_rc(ptn_mbox_export(s->store, &u, fd, NULL), PTN_OK, "exported");
    close(fd);
}


static ptn_rc_t
import_from(site_t *t, const char *name, const char *path, const char *under)
{
    int         fd;
    ptn_rc_t    rc;
    ptn_ops_t   ops = { NULL, site_report, t };
    ptn_user_t  u;

    u = site_user(t, name);
    fd = open(path, O_RDONLY);
    rc = ptn_mbox_import(t->store, &u, fd, under, &ops);
    close(fd);

    return rc;
}


static void
same(site_t *s, site_t *t, const char *what)
{
    size_t    i;
    unsigned  bad;

    for (i = 0, bad = 0; i < ptn_nelts(tables); i++) {
        if (sum(site_open(s, "alice"), tables[i])
            != sum(site_open(t, "alice"), tables[i]))
        {
            printf("# table %s differs\n", tables[i]);
            bad++;
        }
    }

    ok(bad == 0, "%s: %zu tables are the same", what, i);
}


static void
test_whole(site_t *s, const char *path)
{
    size_t    i;
    site_t    t;
    ptn_txn_t tx;

    for (i = 0; i < ptn_nelts(more); i++) {
        is_rc(ptn_sql_exec(site_open(s, "alice"), more[i]), PTN_OK, more[i]);
    }

    export_to(s, path);
    site_make(&t);
    t.conf.fsync = false;
    is_rc(import_from(&t, "alice", path, NULL), PTN_OK, "into none");
    same(s, &t, "made");
    site_check(&t, "alice");
    is_rc(import_from(&t, "alice", path, NULL), PTN_EINVAL,
          "not over what is there");
    site_done(&t);

    site_make(&t);
    t.conf.fsync = false;
    site_open(&t, "alice");
    is_rc(import_from(&t, "alice", path, NULL), PTN_OK, "into an empty one");
    same(s, &t, "replaced");
    site_reopen(&t, "alice");
    same(s, &t, "opened again");
    ptn_txn_begin(&tx, site_open(&t, "alice"));
    battery_deliver(&t, &tx);
    ptn_txn_commit(&tx);
    is_rc(ptn_store_commit(t.store), PTN_OK, "and it goes on");
    site_check(&t, "alice");

    /* of another guid: another incarnation */

    is_rc(import_from(&t, "bob", path, NULL), PTN_OK, "as somebody else's");
    site_check(&t, "bob");
    ok(site_open(&t, "bob")->meta.epoch > 1, "another incarnation");
    site_done(&t);
}


static void
test_merge(site_t *s, const char *path)
{
    site_t           t;
    int64_t          n, want;
    ptn_txn_t        tx;
    ptn_appended_t   app;

    site_make(&t);
    t.conf.fsync = false;
    ptn_txn_begin(&tx, site_open(&t, "carol"));
    site_append(&t, &tx, PTN_FOLDER_INBOX, 100, 0, &app);
    ptn_txn_commit(&tx);
    ptn_store_commit(t.store);

    is_rc(import_from(&t, "carol", path, "old mail"), PTN_OK, "below");
    ptn_sql_number(site_open(s, "alice"), "SELECT count(*) FROM message",
                   &want);
    ptn_sql_number(site_open(&t, "carol"), "SELECT count(*) FROM message",
                   &n);
    is_u64(n, want + 1, "all its messages");
    ptn_sql_number(site_open(&t, "carol"), "SELECT count(*) FROM keyword"
                   " WHERE name='$Work'", &n);
    is_u64(n, 1, "its keyword");
    ptn_sql_number(site_open(&t, "carol"), "SELECT count(*) FROM named"
                   " WHERE name='colour'", &n);
    is_u64(n, 1, "its named property");
    site_check(&t, "carol");
    is_rc(import_from(&t, "carol", path, "old mail"), PTN_EEXIST,
          "once more");
    ptn_sql_number(site_open(&t, "carol"), "SELECT count(*) FROM message",
                   &n);
    is_u64(n, want + 1, "changes nothing");
    site_done(&t);
}


/* Killed at any time, it goes on. */

static void
test_killed(site_t *s, const char *path)
{
    int              status, done;
    pid_t            pid;
    site_t           t;
    unsigned         i;
    int64_t          n, want;
    ptn_txn_t        tx;
    ptn_appended_t   app;
    struct timespec  pause = { 0, 0 };

    site_make(&t);
    t.conf.fsync = false;
    ptn_txn_begin(&tx, site_open(&t, "carol"));
    site_append(&t, &tx, PTN_FOLDER_INBOX, 100, 0, &app);
    ptn_txn_commit(&tx);
    ptn_store_commit(t.store);
    ptn_store_close(t.store);

    for (i = 0, done = 0; i < 40 && !done; i++) {
        fflush(stdout);
        pid = fork();

        if (pid == 0) {
            ptn_store_open(&t.opts, &t.store);
            status = (int) import_from(&t, "carol", path, "old");
            _exit(status == PTN_OK || status == PTN_EEXIST ? 7 : 8);
        }

        pause.tv_nsec = 1000 * 1000 * (3 + 4 * (long) i);
        nanosleep(&pause, NULL);
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        done = WIFEXITED(status);
        ok(!done || WEXITSTATUS(status) == 7, "run %u", i);
    }

    ok(i > 1, "%u were killed amid it", i - 1);

    ptn_store_open(&t.opts, &t.store);
    ptn_sql_number(site_open(s, "alice"), "SELECT count(*) FROM message",
                   &want);
    ptn_sql_number(site_open(&t, "carol"), "SELECT count(*) FROM message",
                   &n);
    ok(done && n == want + 1, "after %u runs %lld of %lld are there, once", i,
       (long long) n - 1, (long long) want);
    site_check(&t, "carol");
    site_done(&t);
}


static void
test_damaged(const char *path)
{
    int          fd;
    char         bad[200];
    off_t        size, at;
    u_char       c;
    site_t       t;
    ptn_rc_t     rc;
    unsigned     i, wrong, seed;
    ptn_user_t   u;
    struct stat  st;

    site_make(&t);
    t.conf.fsync = false;
    u = site_user(&t, "alice");
    snprintf(bad, sizeof(bad), "%s/bad", t.root);
    stat(path, &st);
    size = st.st_size;
    seed = 5;

    for (i = 0, wrong = 0; i < 120; i++) {
        snprintf(battery_from, sizeof(battery_from), "%s", path);
        snprintf(battery_to, sizeof(battery_to), "%s", bad);
        battery_copy_one(path, &st, FTW_F, NULL);
        at = (i < 40) ? (off_t) i * 7 : rand_r(&seed) % size;

        if (i % 4 == 3) {
            (void) !truncate(bad, at);

        } else {
            fd = open(bad, O_RDWR);
            (void) !pread(fd, &c, 1, at);
            c ^= (u_char) (1 << i % 8);
            (void) !pwrite(fd, &c, 1, at);
            close(fd);
        }

        rc = import_from(&t, "alice", bad, NULL);

        if (rc != PTN_ECORRUPT && rc != PTN_EVERSION) {
            printf("# at %lld: %s\n", (long long) at, ptn_err(rc)->name);
            wrong++;
        }
    }

    is_u64(wrong, 0, "damaged files are refused");
    is_rc(ptn_mbox_create(t.store, &u), PTN_OK, "nothing was made of them");
    site_check(&t, "alice");
    site_done(&t);
}


int
main(void)
{
    char    path[200];
    site_t  s;

    site_make(&s);
    s.conf.fsync = false;
    battery_fill(&s, "alice");
    snprintf(path, sizeof(path), "%s/export", s.root);
    test_whole(&s, path);
    test_merge(&s, path);
    test_killed(&s, path);
    test_damaged(path);
    site_done(&s);

    return done_testing();
}
