/*
 * The I/O table and the SQLite VFS on it: every change of a database is seen
 * by a table in front, in order, completely (a replay gives the same bytes),
 * and what the table refuses reaches the caller as an error.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "ptn_io.h"
#include "ptn_test.h"


#define EVENTS_MAX  4096

typedef enum {
    EV_CREATE, EV_WRITE, EV_TRUNCATE, EV_SYNC, EV_SYNC_DIR, EV_UNLINK
} event_e;

typedef struct {
    event_e        what;
    ptn_io_site_e  site;
    char           path[128];
    u_char        *data;
    size_t         n;
    off_t          off;
} event_t;

typedef struct {
    ptn_io_t       io;
    event_t        ev[EVENTS_MAX];
    unsigned       n, failed;
    int            fail_op;         /* ptn_io_op_e, -1: none */
    ptn_io_site_e  fail_site;
    int            fail_errno;      /* 0: skip */
    bool           fail_dir;
    bool           fail_unlink;
} recorder_t;


static event_t *
event_add(recorder_t *r, event_e what, const char *path)
{
    event_t  *e;

    if (r->n == EVENTS_MAX) {
        abort();
    }

    e = &r->ev[r->n++];
    memset(e, 0, sizeof(event_t));
    e->what = what;
    snprintf(e->path, sizeof(e->path), "%s", path);

    return e;
}


static int
rec_before(ptn_io_t *io, const ptn_io_change_t *c)
{
    recorder_t  *r = io->state;

    if ((int) c->op == r->fail_op && c->site == r->fail_site) {
        if (r->fail_errno == 0) {
            return 1;
        }

        errno = r->fail_errno;
        return -1;
    }

    return 0;
}


static void
rec_after(ptn_io_t *io, const ptn_io_change_t *c, int err)
{
    event_t     *e;
    recorder_t  *r = io->state;

    if (err != 0) {
        r->failed++;
        return;
    }

    e = event_add(r, (event_e) c->op, c->path);
    e->site = c->site;
    e->off = c->off;
    e->n = c->n;

    if (c->n != 0) {
        e->data = malloc(c->n);
        memcpy(e->data, c->p, c->n);
    }
}


static int
rec_sync_dir(ptn_io_t *io, const char *path, ptn_io_site_e site)
{
    recorder_t  *r = io->state;

    if (r->fail_dir) {
        errno = EIO;
        return -1;
    }

    event_add(r, EV_SYNC_DIR, path)->site = site;

    return io->next->sync_dir(io->next, path, site);
}


static int
rec_unlink(ptn_io_t *io, const char *path)
{
    int          rc;
    recorder_t  *r = io->state;

    if (r->fail_unlink) {
        errno = EIO;
        return -1;
    }

    rc = io->next->unlink(io->next, path);
    if (rc == 0) {
        event_add(r, EV_UNLINK, path);
    }

    return rc;
}


static void
rec_init(recorder_t *r)
{
    memset(r, 0, sizeof(recorder_t));

    r->io = ptn_io_posix;
    r->io.next = &ptn_io_posix;
    r->io.state = r;
    r->io.before = rec_before;
    r->io.after = rec_after;
    r->io.sync_dir = rec_sync_dir;
    r->io.unlink = rec_unlink;
    r->fail_op = -1;
}


static void
rec_clear(recorder_t *r)
{
    while (r->n != 0) {
        free(r->ev[--r->n].data);
    }

    r->failed = 0;
    r->fail_op = -1;
    r->fail_dir = false;
    r->fail_unlink = false;
}


/* Index of the first such event from `from`, or n. */

static unsigned
rec_find(recorder_t *r, unsigned from, event_e what, int site,
    const char *suffix)
{
    size_t    n, m;
    unsigned  i;

    m = strlen(suffix);

    for (i = from; i < r->n; i++) {
        n = strlen(r->ev[i].path);

        if (r->ev[i].what == what && (site == -1 || (int) r->ev[i].site == site)
            && n >= m && strcmp(r->ev[i].path + n - m, suffix) == 0)
        {
            break;
        }
    }

    return i;
}


static int
run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}


static sqlite3 *
db_open(const char *path, const char *vfs)
{
    sqlite3  *db;

    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE|SQLITE_OPEN_CREATE
                        |SQLITE_OPEN_NOMUTEX, vfs) != SQLITE_OK)
    {
        sqlite3_close(db);
        return NULL;
    }

    run(db, "PRAGMA journal_mode=WAL");
    run(db, "PRAGMA synchronous=FULL");
    run(db, "PRAGMA wal_autocheckpoint=0");

    if (strncmp(vfs, "ptn", 3) == 0) {
        sqlite3_file_control(db, "main", PTN_IO_FCNTL_GATHER, db);
    }

    return db;
}


/* The content that `path` has after all recorded changes; -1: no file. */

static ssize_t
replay(recorder_t *r, const char *path, u_char *out, size_t size)
{
    ssize_t   len;
    event_t  *e;
    unsigned  i;

    len = -1;

    for (i = 0; i < r->n; i++) {
        e = &r->ev[i];

        if (strcmp(e->path, path) != 0) {
            continue;
        }

        switch (e->what) {

        case EV_CREATE:
            len = 0;
            break;

        case EV_UNLINK:
            len = -1;
            break;

        case EV_WRITE:
            if (len == -1 || (size_t) e->off + e->n > size) {
                return -2;
            }

            if (e->off > len) {
                memset(out + len, 0, (size_t) (e->off - len));
            }

            memcpy(out + e->off, e->data, e->n);
            len = ptn_max(len, (ssize_t) e->off + (ssize_t) e->n);
            break;

        case EV_TRUNCATE:
            if (e->off > len) {
                memset(out + len, 0, (size_t) (e->off - len));
            }

            len = e->off;
            break;

        default:
            break;
        }
    }

    return len;
}


static bool
replay_is_file(recorder_t *r, const char *path)
{
    int             fd;
    ssize_t         n, m;
    static u_char   a[1 << 21], b[1 << 21];

    n = replay(r, path, a, sizeof(a));

    /* closed databases only: this drops SQLite's locks */

    fd = open(path, O_RDONLY);
    if (fd == -1) {
        return n == -1;
    }

    m = ptn_io_read_all(&ptn_io_posix, fd, b, sizeof(b), 0);
    close(fd);

    return n == m && memcmp(a, b, (size_t) n) == 0;
}


static void
test_sites(void)
{
    unsigned  i;

    for (i = 0; i < PTN_IO_SITE_MAX; i++) {
        ok(strlen(ptn_io_site_name(i)) > 1, "site %u is named %s", i,
           ptn_io_site_name(i));
    }

    ok(strcmp(ptn_io_site_name(PTN_IO_QUEUE_DIR), "QUEUE_DIR") == 0,
       "names follow the list");
    ok(strcmp(ptn_io_site_name(PTN_IO_SITE_MAX), "?") == 0, "unknown site");
}


/* A table that writes and reads 3 bytes at a time, now and then EINTR. */

static ssize_t
short_pwrite(ptn_io_t *io, int fd, const void *p, size_t n, off_t off)
{
    unsigned  *count = io->state;

    if (++*count % 3 == 0) {
        errno = EINTR;
        return -1;
    }

    return pwrite(fd, p, ptn_min(n, (size_t) 3), off);
}


static ssize_t
short_pread(ptn_io_t *io, int fd, void *p, size_t n, off_t off)
{
    unsigned  *count = io->state;

    if (++*count % 3 == 0) {
        errno = EINTR;
        return -1;
    }

    return pread(fd, p, ptn_min(n, (size_t) 3), off);
}


static ssize_t
full_pwrite(ptn_io_t *io PTN_UNUSED, int fd PTN_UNUSED, const void *p
    PTN_UNUSED, size_t n PTN_UNUSED, off_t off PTN_UNUSED)
{
    errno = ENOSPC;
    return -1;
}


static ssize_t
zero_pwrite(ptn_io_t *io PTN_UNUSED, int fd PTN_UNUSED, const void *p
    PTN_UNUSED, size_t n PTN_UNUSED, off_t off PTN_UNUSED)
{
    return 0;
}


static void
test_posix(const char *dir)
{
    int        fd;
    char       a[128], b[128], back[64];
    unsigned   count;
    ptn_io_t   io, *px;
    ptn_str_t  s = ptn_str("0123456789abcdefghijklmnopqrstuvwxyz");

    px = &ptn_io_posix;
    io = ptn_io_posix;
    io.pwrite = short_pwrite;
    io.pread = short_pread;
    io.state = &count;
    count = 0;

    snprintf(a, sizeof(a), "%s/plain", dir);
    snprintf(b, sizeof(b), "%s/other", dir);

    fd = px->open(px, a, O_RDWR|O_CREAT|O_EXCL, 0600);
    ok(fd != -1, "open creates");
    ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "close-on-exec");

    is_u64(ptn_io_write_all(&io, fd, s.data, s.len, 10), 0, "write_all");
    is_u64(ptn_io_read_all(&io, fd, back, s.len, 10), s.len, "read_all");
    ok(memcmp(back, s.data, s.len) == 0, "the same bytes");
    is_u64(ptn_io_read_all(&io, fd, back, sizeof(back), 40), 6,
           "read_all stops at the end");
    is_u64(ptn_io_read_all(&io, fd, back, 0, 0), 0, "read nothing");

    io.pwrite = full_pwrite;
    ok(ptn_io_write_all(&io, fd, "x", 1, 0) == -1 && errno == ENOSPC,
       "a full disk passes through");
    io.pwrite = zero_pwrite;
    ok(ptn_io_write_all(&io, fd, "x", 1, 0) == -1 && errno == ENOSPC,
       "a write of nothing does not spin");

    ok(px->ftruncate(px, fd, 4) == 0 && lseek(fd, 0, SEEK_END) == 4,
       "ftruncate");
    ok(px->fdatasync(px, fd, PTN_IO_BLOB) == 0, "fdatasync");
    ok(ptn_io_nosync.fdatasync(&ptn_io_nosync, -1, PTN_IO_BLOB) == 0,
       "nosync says yes");
    ok(ptn_io_nosync.sync_dir(&ptn_io_nosync, "/nowhere", PTN_IO_BLOB) == 0,
       "nosync says yes to a directory");
    ok(px->close(px, fd) == 0, "close");
    ok(ptn_io_read_all(px, fd, back, 1, 0) == -1 && errno == EBADF,
       "read error passes through");

    ok(px->link(px, a, b) == 0 && access(b, F_OK) == 0, "link");
    ok(px->unlink(px, a) == 0 && access(a, F_OK) == -1, "unlink");
    ok(px->rename(px, b, a) == 0 && access(a, F_OK) == 0, "rename");
    ok(px->mkdir(px, b, 0700) == 0, "mkdir");
    ok(px->sync_dir(px, b, PTN_IO_BLOB_DIR) == 0, "sync_dir");
    ok(px->sync_dir(px, a, PTN_IO_BLOB_DIR) == -1 && errno == ENOTDIR,
       "sync_dir of a file");

    unlink(a);
    rmdir(b);
}


static void
test_register(recorder_t *r)
{
    ptn_io_t  other = ptn_io_posix;

    is_rc(ptn_io_vfs_register(&r->io, "ptn-test"), PTN_OK, "register");
    is_rc(ptn_io_vfs_register(&r->io, "ptn-test"), PTN_OK, "again");
    is_rc(ptn_io_vfs_register(&other, "ptn-test"), PTN_EEXIST,
          "another table, same name");
    is_rc(ptn_io_vfs_register(&other, "unix"), PTN_EEXIST, "not ours");
    is_rc(ptn_io_vfs_register(&ptn_io_posix, "ptn-plain"), PTN_OK,
          "production table");
    ptn_io_vfs_unregister("unix");
    ok(sqlite3_vfs_find("unix") != NULL, "unregister keeps what is not ours");
    ptn_io_vfs_unregister("no such");
    ok(strcmp(sqlite3_vfs_find(NULL)->zName, "ptn-test") != 0,
       "not the default");
}


static void
test_record(recorder_t *r, const char *dir)
{
    char       path[128], wal[140];
    unsigned   i, commit, from;
    sqlite3   *db;

    snprintf(path, sizeof(path), "%s/rec.sqlite", dir);
    snprintf(wal, sizeof(wal), "%s-wal", path);

    db = db_open(path, "ptn-test");
    ok(db != NULL, "a database opens");
    ok(rec_find(r, 0, EV_CREATE, PTN_IO_DB, "rec.sqlite") < r->n,
       "its file's creation is seen");
    ok(rec_find(r, 0, EV_SYNC_DIR, PTN_IO_DB_DIR, dir) < r->n,
       "and the sync of its directory");

    from = r->n;
    is_u64(run(db, "CREATE TABLE t (a INTEGER PRIMARY KEY, b)"), SQLITE_OK,
           "create table");
    is_u64(run(db, "INSERT INTO t (b) VALUES (zeroblob(30000))"), SQLITE_OK,
           "insert");

    i = rec_find(r, 0, EV_CREATE, PTN_IO_WAL, "-wal");
    ok(i < r->n, "the WAL's creation");
    commit = rec_find(r, i, EV_SYNC, PTN_IO_WAL, "-wal");
    ok(commit < r->n, "the WAL's sync");
    ok(rec_find(r, commit, EV_SYNC_DIR, PTN_IO_DB_DIR, dir) < r->n,
       "then its directory's");
    ok(rec_find(r, from, EV_WRITE, PTN_IO_DB, "rec.sqlite") == r->n,
       "a commit does not touch the database file");

    ok(r->ev[r->n - 1].what == EV_SYNC && r->ev[r->n - 1].site == PTN_IO_WAL,
       "a commit ends with the WAL's sync");

    from = r->n;
    is_u64(run(db, "PRAGMA wal_checkpoint(TRUNCATE)"), SQLITE_OK,
           "checkpoint");
    i = rec_find(r, from, EV_SYNC, PTN_IO_DB, "rec.sqlite");
    ok(i < r->n, "it syncs the database");
    ok(rec_find(r, from, EV_WRITE, PTN_IO_DB, "rec.sqlite") < i,
       "after the writes");
    ok(rec_find(r, i, EV_TRUNCATE, PTN_IO_WAL, "-wal") < r->n,
       "and truncates the WAL after that");

    run(db, "BEGIN; INSERT INTO t (b) VALUES (randomblob(99999));"
            "UPDATE t SET b = randomblob(50000) WHERE a = 1; COMMIT");
    run(db, "DELETE FROM t WHERE a = 1; VACUUM");

    for (i = 0; i < r->n; i++) {
        if (r->ev[i].path[0] != '/' || strstr(r->ev[i].path, "-shm") != NULL) {
            break;
        }
    }

    ok(i == r->n, "paths are absolute, -shm and temporary files unseen");

    from = r->n;
    is_u64(sqlite3_close(db), SQLITE_OK, "close");
    ok(rec_find(r, from, EV_UNLINK, -1, "-wal") < r->n,
       "the last one unlinks the WAL");
    ok(replay_is_file(r, path), "a replay gives the database's bytes");
    ok(replay_is_file(r, wal), "and no WAL");

    rec_clear(r);
}


/* A rollback journal is shown too. */

static void
test_journal(recorder_t *r, const char *dir)
{
    char      path[128];
    unsigned  i, from;
    sqlite3  *db;

    snprintf(path, sizeof(path), "%s/jrn.sqlite", dir);

    db = db_open(path, "ptn-test");
    run(db, "PRAGMA journal_mode=DELETE");
    from = r->n;
    is_u64(run(db, "CREATE TABLE t (a); INSERT INTO t VALUES (1)"), SQLITE_OK,
           "journal mode DELETE");

    i = rec_find(r, from, EV_SYNC, PTN_IO_WAL, "-journal");
    ok(i < r->n, "the journal's sync");
    i = rec_find(r, i, EV_SYNC_DIR, PTN_IO_DB_DIR, dir);
    ok(i < r->n, "then its directory's");
    i = rec_find(r, i, EV_SYNC, PTN_IO_DB, "jrn.sqlite");
    ok(i < r->n, "then the database's");
    i = rec_find(r, i, EV_UNLINK, -1, "-journal");
    ok(i < r->n, "then it is unlinked");

    sqlite3_close(db);
    ok(replay_is_file(r, path), "a replay gives the database's bytes");
    rec_clear(r);
}


typedef struct {
    const char     *name;
    int             op;
    ptn_io_site_e   site;
    int             err;
    const char     *sql;
    int             want;
} fault_t;

static const fault_t  faults[] = {
    { "WAL write, disk full", PTN_IO_OP_WRITE, PTN_IO_WAL, ENOSPC,
      "INSERT INTO t VALUES (zeroblob(9999))", SQLITE_FULL },
    { "WAL write, I/O error", PTN_IO_OP_WRITE, PTN_IO_WAL, EIO,
      "INSERT INTO t VALUES (zeroblob(9999))", SQLITE_IOERR_WRITE },
    { "WAL sync", PTN_IO_OP_SYNC, PTN_IO_WAL, EIO,
      "INSERT INTO t VALUES (zeroblob(9999))", SQLITE_IOERR_FSYNC },
    { "database write", PTN_IO_OP_WRITE, PTN_IO_DB, EIO,
      "PRAGMA wal_checkpoint(TRUNCATE)", SQLITE_IOERR_WRITE },
    { "database sync", PTN_IO_OP_SYNC, PTN_IO_DB, EIO,
      "PRAGMA wal_checkpoint(TRUNCATE)", SQLITE_IOERR_FSYNC },
    { "WAL truncate", PTN_IO_OP_TRUNCATE, PTN_IO_WAL, EIO,
      "PRAGMA wal_checkpoint(TRUNCATE)", SQLITE_IOERR_TRUNCATE },
};


static void
test_faults(recorder_t *r, const char *dir)
{
    int             rc;
    char            path[128];
    size_t          i;
    sqlite3        *db;
    const fault_t  *f;

    for (i = 0; i < ptn_nelts(faults); i++) {
        f = &faults[i];
        snprintf(path, sizeof(path), "%s/fault%zu.sqlite", dir, i);

        db = db_open(path, "ptn-test");
        sqlite3_extended_result_codes(db, 1);
        run(db, "CREATE TABLE t (a)");
        run(db, "INSERT INTO t VALUES (zeroblob(9999))");

        r->failed = 0;
        r->fail_op = f->op;
        r->fail_site = f->site;
        r->fail_errno = f->err;

        rc = run(db, f->sql);
        ok(rc == f->want, "%s: SQLite's code is %d, want %d", f->name, rc,
           f->want);
        ok(r->failed > 0, "%s: `after` told of it", f->name);

        rec_clear(r);

        sqlite3_close(db);
        db = db_open(path, "ptn-test");
        rc = run(db, "PRAGMA integrity_check; INSERT INTO t VALUES (1)");
        ok(rc == SQLITE_OK, "%s: the database is good afterwards", f->name);
        sqlite3_close(db);
        rec_clear(r);
    }
}


static void
test_more_faults(recorder_t *r, const char *dir)
{
    char      path[128];
    sqlite3  *db;

    snprintf(path, sizeof(path), "%s/new.sqlite", dir);

    r->fail_op = PTN_IO_OP_CREATE;
    r->fail_site = PTN_IO_DB;
    r->fail_errno = ENOSPC;
    ok(db_open(path, "ptn-test") == NULL, "creation refused");
    ok(access(path, F_OK) == -1, "no file was made");
    rec_clear(r);

    db = db_open(path, "ptn-test");
    sqlite3_extended_result_codes(db, 1);
    r->fail_dir = true;
    is_u64(run(db, "CREATE TABLE t (a)"), SQLITE_IOERR_DIR_FSYNC,
           "an error of the directory sync is an error");
    r->fail_dir = false;
    is_u64(run(db, "CREATE TABLE t (a)"), SQLITE_OK, "tried again later");
    ok(rec_find(r, 0, EV_SYNC_DIR, PTN_IO_DB_DIR, dir) < r->n,
       "then the directory was synced");

    run(db, "PRAGMA journal_mode=DELETE");
    r->fail_unlink = true;
    is_u64(run(db, "INSERT INTO t VALUES (1)"), SQLITE_IOERR_DELETE,
           "an unlink that fails");
    r->fail_unlink = false;
    sqlite3_close(db);
    rec_clear(r);

    /* a sync that is skipped happens for nobody, and SQLite goes on */

    db = db_open(path, "ptn-test");
    r->fail_op = PTN_IO_OP_SYNC;
    r->fail_site = PTN_IO_WAL;
    r->fail_errno = 0;
    is_u64(run(db, "INSERT INTO t VALUES (2)"), SQLITE_OK, "a skipped sync");
    ok(rec_find(r, 0, EV_SYNC, PTN_IO_WAL, "-wal") < r->n,
       "`after` sees it as done");
    sqlite3_close(db);
    rec_clear(r);
}


/* Locks pass through: two connections exclude each other. */

static void
test_locks(const char *dir)
{
    char      path[128];
    sqlite3  *a, *b;

    snprintf(path, sizeof(path), "%s/lock.sqlite", dir);

    a = db_open(path, "ptn-plain");
    b = db_open(path, "unix");
    ok(a != NULL && b != NULL, "ours and a plain one open one file");

    is_u64(run(a, "CREATE TABLE t (a); BEGIN IMMEDIATE;"
                  "INSERT INTO t VALUES (1)"), SQLITE_OK, "one writes");
    is_u64(run(b, "BEGIN IMMEDIATE"), SQLITE_BUSY, "the other must wait");
    is_u64(run(a, "COMMIT"), SQLITE_OK, "commit");
    is_u64(run(b, "BEGIN IMMEDIATE; INSERT INTO t VALUES (2); COMMIT"),
           SQLITE_OK, "then it may");
    is_u64(run(a, "PRAGMA mmap_size=1000000; SELECT * FROM t"), SQLITE_OK,
           "no mmap is no error");

    sqlite3_close(a);
    sqlite3_close(b);
}


/*
 * Two who write by turns, with caches that hold next to nothing, so that pages
 * leave them before the commit and are read back.  What is undone leaves
 * nothing behind that could come over the other's commit.
 */

static void
test_gather(const char *dir)
{
    int       i, k, n;
    char      path[128], sql[256];
    sqlite3  *db[2], *c;

    snprintf(path, sizeof(path), "%s/gather.sqlite", dir);
    db[0] = db_open(path, "ptn-plain");
    db[1] = db_open(path, "ptn-plain");
    run(db[0], "CREATE TABLE t (n INTEGER PRIMARY KEY, b)");

    for (i = 0, n = 0; i < 40; i++) {
        k = i % 2;
        run(db[k], "PRAGMA cache_size=5");

        if (run(db[k], "BEGIN IMMEDIATE; WITH RECURSIVE c(x) AS (SELECT 1"
                " UNION ALL SELECT x + 1 FROM c WHERE x < 40)"
                " INSERT INTO t (b) SELECT randomblob(3000) FROM c;"
                " UPDATE t SET b=zeroblob(2500) WHERE n % 3 = 0;"
                " SELECT sum(length(b)) FROM t;"
                " ROLLBACK; BEGIN IMMEDIATE; WITH RECURSIVE c(x) AS (SELECT 1"
                " UNION ALL SELECT x + 1 FROM c WHERE x < 20)"
                " INSERT INTO t (b) SELECT randomblob(3000) FROM c;"
                " ROLLBACK") != SQLITE_OK)
        {
            break;
        }

        snprintf(sql, sizeof(sql), "INSERT INTO t (n, b) VALUES (%d,"
                 " zeroblob(%d))", i + 1, 100 + i * 700);

        if (run(db[1 - k], sql) != SQLITE_OK) {
            break;
        }

        snprintf(sql, sizeof(sql), "UPDATE t SET b=zeroblob(%d) WHERE n=%d",
                 200 + i * 700, i + 1);

        if (run(db[k], sql) != SQLITE_OK) {
            break;
        }

        n++;
    }

    is_u64((uint64_t) n, 40, "two write by turns");

    c = db_open(path, "unix");
    ok(run(c, "CREATE TEMP TABLE x (a CHECK (a = 'ok')); INSERT INTO x"
           " SELECT * FROM pragma_integrity_check") == SQLITE_OK
       && run(c, "CREATE TEMP TABLE z (a CHECK (a = 40)); INSERT INTO z"
              " SELECT count(*) FROM t WHERE length(b)=200+(n-1)*700")
          == SQLITE_OK,
       "and all that was committed is there, for others, too");
    sqlite3_close(c);
    sqlite3_close(db[0]);
    sqlite3_close(db[1]);
}


static void
remove_all(const char *dir)
{
    DIR            *d;
    char            path[512];
    struct dirent  *e;

    d = opendir(dir);

    while (d != NULL && (e = readdir(d)) != NULL) {
        snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        unlink(path);
    }

    closedir(d);
    rmdir(dir);
}


int
main(void)
{
    char         dir[] = "/tmp/ptn-io-XXXXXX";
    recorder_t  *r;

    if (mkdtemp(dir) == NULL) {
        return 1;
    }

    r = malloc(sizeof(recorder_t));
    rec_init(r);

    test_sites();
    test_posix(dir);
    test_register(r);
    test_record(r, dir);
    test_journal(r, dir);
    test_faults(r, dir);
    test_more_faults(r, dir);
    test_locks(dir);
    test_gather(dir);

    ptn_io_vfs_unregister("ptn-test");
    ptn_io_vfs_unregister("ptn-plain");
    free(r);
    remove_all(dir);

    return done_testing();
}
