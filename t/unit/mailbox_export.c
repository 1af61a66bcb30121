/*
 * An export is all of a mailbox: imported into an empty one, every table is
 * the same, and so is all that calls tell, and what it exports; into another
 * one, the messages come below a folder.  Interrupted imports go on; damaged
 * files are refused, and nothing has changed.  Memory is bounded, whatever the
 * attachments.
 */

#include <signal.h>
#include <sys/resource.h>

#include "schema_memo.h"
#include "kill_io.h"
#include "mailbox_battery.h"
#include "mailbox_visible.h"


static const char *const  tables[] = {
    "folder", "message", "item", "content", "object", "share", "blob",
    "tombstone", "keyword", "once", "named", "replica", "gone", "receive",
    "name", "rule", "permission", "reader", "per_user", "device", "search",
    "found", "dictionary", "meta"
};

/* Rows of what no call makes yet. */
static const char *const  more[] = {
    "INSERT INTO receive VALUES ('IPM.Note', 12, 5)",
    "INSERT INTO permission VALUES (12, 0, 1025)",
    "INSERT INTO per_user VALUES (zeroblob(22), zeroblob(16), x'', 5)",
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


/* Events do not come with it. */

static char *
seen(site_t *s)
{
    char    *text, *to, *from;
    size_t   n;

    text = visible_text(s, "alice", true);

    for (from = to = text; *from != '\0'; from += n) {
        n = strcspn(from, "\n");
        n += (from[n] == '\n');

        if (strncmp(from, "event ", 6) != 0) {
            memmove(to, from, n);
            to += n;
        }
    }

    *to = '\0';

    return text;
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
    is_str(ptn_str_z(seen(t)), seen(s), "and what is seen");
}


/* One has the other's rows and blobs, byte for byte, but for meta's. */

static void
same_file(const char *a, const char *b, unsigned differ)
{
    FILE      *f, *g;
    u_char     x[8], y[8], *p, *q;
    size_t     n;
    unsigned   bad, records;

    f = fopen(a, "rb");
    g = fopen(b, "rb");
    bad = (fread(x, 1, 8, f) != 8 || fread(y, 1, 8, g) != 8);
    records = 0;
    p = malloc(1024 * 1024);
    q = malloc(1024 * 1024);

    while (bad < 10 && fread(x, 1, 5, f) == 5 && fread(y, 1, 5, g) == 5) {
        n = ptn_le32(x);

        if (memcmp(x, y, 5) != 0 || n > 1024 * 1024
            || fread(p, 1, n, f) != n || fread(q, 1, n, g) != n)
        {
            bad = 100;

        } else if (x[4] != 'E') {
            bad += (memcmp(p, q, n) != 0);
        }

        records++;
    }

    ok(bad == differ && feof(f), "%u records, %u differ", records, bad);
    free(p);
    free(q);
    fclose(f);
    fclose(g);
}


static void
test_whole(site_t *s, const char *path)
{
    char              second[220], third[220], rm[300];
    size_t            i;
    site_t            t;
    ptn_txn_t         tx;
    ptn_mbox_info_t   was, is;

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

    /* of what it exports all is the same, and of that again */

    snprintf(second, sizeof(second), "%s.2", path);
    export_to(&t, second);
    same_file(path, second, 1);
    site_done(&t);
    site_make(&t);
    t.conf.fsync = false;
    is_rc(import_from(&t, "alice", second, NULL), PTN_OK, "once more");
    snprintf(third, sizeof(third), "%s.3", path);
    export_to(&t, third);
    same_file(second, third, 0);
    ptn_txn_begin(&tx, site_open(&t, "alice"));
    battery_deliver(&t, &tx);
    ptn_txn_commit(&tx);
    is_rc(ptn_store_commit(t.store), PTN_OK, "and it goes on");
    site_check(&t, "alice");

    /* in place of a later one that was lost: another incarnation, too */

    ptn_mbox_info(site_open(&t, "alice"), &was);
    ptn_store_close(t.store);
    snprintf(rm, sizeof(rm), "rm -r %s/mailbox/example.test/alice", t.root);
    ok(system(rm) == 0, "it is lost");
    ptn_store_open(&t.opts, &t.store);
    is_rc(import_from(&t, "alice", second, NULL), PTN_OK, "as it was before");
    ptn_mbox_info(site_open(&t, "alice"), &is);
    ok(is.epoch > was.epoch && is.cn > was.cn, "it is known for a copy");
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


/* Killed again and again, a little later each time, it goes on. */

static void
test_killed(site_t *s, const char *path)
{
    int              status, done;
    pid_t            pid;
    site_t           t;
    unsigned         i;
    int64_t          n, want;
    kill_io_t        k;
    ptn_txn_t        tx;
    ptn_appended_t   app;

    site_make(&t);
    t.conf.fsync = false;
    ptn_txn_begin(&tx, site_open(&t, "carol"));
    site_append(&t, &tx, PTN_FOLDER_INBOX, 100, 0, &app);
    ptn_txn_commit(&tx);
    ptn_store_commit(t.store);
    ptn_store_close(t.store);

    for (i = 0, done = 0; i < 200 && !done; i++) {
        fflush(stdout);
        pid = fork();

        if (pid == 0) {
            kill_io_init(&k, 10 + 10 * i + i * i);
            t.opts.io = &k.io;
            ptn_store_open(&t.opts, &t.store);
            status = (int) import_from(&t, "carol", path, "old");
            _exit(status == PTN_OK || status == PTN_EEXIST ? 0 : status);
        }

        waitpid(pid, &status, 0);
        done = WIFEXITED(status);
        ok(!done || WEXITSTATUS(status) == 0, "run %u: %s", i,
           done ? ptn_err((ptn_rc_t) WEXITSTATUS(status))->name : "killed");
    }

    ok(i > 5, "%u were killed amid it", i - 1);

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


/* An import of all of it, killed before its nth change. */

static void
test_killed_whole(site_t *s, const char *path)
{
    int         status;
    bool        done;
    char       *want;
    pid_t       pid;
    site_t      t;
    unsigned    n, kills;
    kill_io_t   k;
    ptn_user_t  u;

    want = seen(s);
    kills = 0;
    done = false;

    for (n = 1; n < 3000 && !done; n += 1 + n / 5) {
        site_make(&t);
        t.conf.fsync = false;
        ptn_store_close(t.store);
        fflush(stdout);
        pid = fork();

        if (pid == 0) {
            kill_io_init(&k, n);
            t.opts.io = &k.io;
            ptn_store_open(&t.opts, &t.store);
            _exit(import_from(&t, "alice", path, NULL) != PTN_OK);
        }

        waitpid(pid, &status, 0);
        done = WIFEXITED(status);
        kills += !done;
        ptn_store_open(&t.opts, &t.store);
        u = site_user(&t, "alice");

        /* placed just before it was killed: then it is in */

        if (!done) {
            status = (int) import_from(&t, "alice", path, NULL);
            ok(status == PTN_OK || status == PTN_EINVAL, "goes on, %u: %s", n,
               ptn_err((ptn_rc_t) status)->name);
        }

        is_str(ptn_str_z(seen(&t)), want, "all of it");
        is_rc(ptn_mbox_check(t.store, &u, false, site_report, &t), PTN_OK,
              "good");
        site_done(&t);
    }

    ok(done && kills > 10, "%u kills", kills);
}


/*
 * Into another one: of many changes, and of each of the last, with which what
 * it was read into is removed.
 */

static void
test_killed_merge(site_t *s, const char *path)
{
    int              status;
    bool             done;
    pid_t            pid;
    site_t           t;
    int64_t          got, want;
    ptn_rc_t         rc;
    unsigned         n, kills, total;
    kill_io_t        k;
    ptn_txn_t        tx;
    ptn_appended_t   app;

    ptn_sql_number(site_open(s, "alice"), "SELECT count(*) FROM message",
                   &want);
    kills = total = 0;
    done = false;

    /* 0: none, to count them */

    for (n = 0; n < 5000 && (n == 0 || !done);
         n = (n + 25 >= total) ? n + 1 : ptn_min(n + 1 + n / 3, total - 25))
    {
        site_make(&t);
        t.conf.fsync = false;
        ptn_txn_begin(&tx, site_open(&t, "carol"));
        site_append(&t, &tx, PTN_FOLDER_INBOX, 100, 0, &app);
        ptn_txn_commit(&tx);
        ptn_store_commit(t.store);
        ptn_store_close(t.store);
        kill_io_init(&k, n);

        if (n == 0) {
            t.opts.io = &k.io;
            ptn_store_open(&t.opts, &t.store);
            is_rc(import_from(&t, "carol", path, "old"), PTN_OK, "imported");
            total = (unsigned) k.n;
            ptn_store_close(t.store);
            t.opts.io = NULL;

        } else {
            fflush(stdout);
            pid = fork();

            if (pid == 0) {
                t.opts.io = &k.io;
                ptn_store_open(&t.opts, &t.store);
                _exit(import_from(&t, "carol", path, "old") != PTN_OK);
            }

            waitpid(pid, &status, 0);
            done = WIFEXITED(status);
            kills += !done;
        }

        ptn_store_open(&t.opts, &t.store);
        rc = import_from(&t, "carol", path, "old");
        ok(rc == PTN_OK || rc == PTN_EEXIST, "goes on, %u of %u: %s", n,
           total, ptn_err(rc)->name);
        is_rc(import_from(&t, "carol", path, "old"), PTN_EEXIST, "it is in");
        ptn_sql_number(site_open(&t, "carol"), "SELECT count(*) FROM message",
                       &got);
        is_u64(got, want + 1, "all of it, once");
        site_check(&t, "carol");
        site_done(&t);
    }

    ok(done && kills > 25, "%u kills", kills);
}


/* ---- memory -------------------------------------------------------------- */

#define BIG    (24 * 1024 * 1024)
#define BOUND  (20 * 1024)              /* KB */


/* How much a process of its own takes, KB. */

static long
takes(site_t *s, const char *path, bool import)
{
    int             status;
    pid_t           pid;
    struct rusage   u;

    fflush(stdout);
    pid = fork();

    if (pid == 0) {
        if (freopen("/dev/null", "w", stdout) == NULL) {
            _exit(9);
        }

        ptn_store_open(&s->opts, &s->store);

        if (path == NULL) {
            site_open(s, "alice");
            _exit(0);
        }

        if (import) {
            _exit(import_from(s, "alice", path, NULL) != PTN_OK);
        }

        export_to(s, path);
        _exit(access(path, F_OK) != 0);
    }

    memset(&u, 0, sizeof(u));
    wait4(pid, &status, 0, &u);
    is_u64(status, 0, "a process of its own");

    return u.ru_maxrss;
}


/* 120 MB of attachments that do not compress: three of 24 MB, one twice. */

static void
fill_big(site_t *s)
{
    int              status;
    pid_t            pid;
    unsigned         i;
    ptn_txn_t        tx;
    ptn_pool_t      *pool;
    ptn_appended_t   app;

    fflush(stdout);
    pid = fork();

    if (pid != 0) {
        waitpid(pid, &status, 0);
        is_u64(status, 0, "a mailbox with large attachments");
        return;
    }

    ptn_store_open(&s->opts, &s->store);

    for (i = 0; i < 3; i++) {
        pool = s->pool;
        s->pool = ptn_pool_create((size_t) 1024 * 1024 * 1024, NULL);
        ptn_txn_begin(&tx, site_open(s, "alice"));

        if (battery_append(s, &tx, PTN_FOLDER_INBOX, i, BIG, &app) != PTN_OK) {
            _exit(1);
        }

        ptn_txn_commit(&tx);
        ptn_store_commit(s->store);
        ptn_pool_destroy(s->pool);
        s->pool = pool;
    }

    ptn_store_close(s->store);
    _exit(0);
}


static void
test_memory(void)
{
    long         base, out, in;
    char         path[200];
    site_t       s, t;
    struct stat  st;

    site_make(&s);
    site_make(&t);
    s.conf.fsync = t.conf.fsync = false;
    ptn_store_close(s.store);
    ptn_store_close(t.store);
    fill_big(&s);
    snprintf(path, sizeof(path), "%s/export", s.root);
    base = takes(&s, NULL, false);
    out = takes(&s, path, false) - base;
    in = takes(&t, path, true) - base;
    memset(&st, 0, sizeof(st));
    (void) stat(path, &st);
    ok(st.st_size > 5 * (off_t) BIG,
       "an export of %lld MB", (long long) st.st_size / 1024 / 1024);
#ifndef __SANITIZE_ADDRESS__
    ok(out < BOUND && in < BOUND, "takes %ld KB more, its import %ld KB", out,
       in);
#else
    printf("# %ld KB, %ld KB\n", out, in);
#endif
    ptn_store_open(&s.opts, &s.store);
    ptn_store_open(&t.opts, &t.store);
    site_check(&t, "alice");
    site_done(&s);
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
    test_killed_whole(&s, path);
    test_killed_merge(&s, path);
    test_damaged(path);
    site_done(&s);
    test_memory();

    return done_testing();
}
