/*
 * Whole mailboxes: files.
 */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ptn_ops.h"


#define PTN_OPS_STEP  1024      /* pages copied between two reports */


void
ptn_ops_report(const ptn_ops_t *ops, const char *fmt, ...)
{
    char     line[512];
    va_list  ap;

    if (ops == NULL || ops->report == NULL) {
        return;
    }

    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);

    ops->report(ops->ctx, line);
}


void
ptn_ops_progress(const ptn_ops_t *ops, const char *what, uint64_t done,
    uint64_t total)
{
    if (ops != NULL && ops->progress != NULL) {
        ops->progress(ops->ctx, what, done, total);
    }
}


void
ptn_ops_hex(const u_char sha256[32], char ret_hex[65])
{
    int  i;

    for (i = 0; i < 32; i++) {
        sprintf(ret_hex + 2 * i, "%02x", sha256[i]);
    }
}


ptn_rc_t
ptn_ops_path(char path[PTN_OPS_PATH], const char *fmt, ...)
{
    int      n;
    va_list  ap;

    va_start(ap, fmt);
    n = vsnprintf(path, PTN_OPS_PATH, fmt, ap);
    va_end(ap);

    return (n > 0 && n < PTN_OPS_PATH) ? PTN_OK : PTN_EINVAL;
}


ptn_rc_t
ptn_ops_mkdir(ptn_store_t *store, const char *path)
{
    return (store->io->mkdir(store->io, path, 0700) == 0 || errno == EEXIST)
           ? PTN_OK : ptn_errno_rc(errno);
}


ptn_rc_t
ptn_ops_sync_dir(ptn_store_t *store, const char *path)
{
    return ptn_blob_sync_dir(store, path, PTN_IO_MAILBOX_DIR);
}


ptn_rc_t
ptn_ops_sync_parent(ptn_store_t *store, const char *path)
{
    char  *slash, dir[PTN_OPS_PATH];

    snprintf(dir, sizeof(dir), "%s", path);
    slash = strrchr(dir, '/');

    if (slash == NULL) {
        return ptn_ops_sync_dir(store, ".");
    }

    slash[slash == dir] = '\0';

    return ptn_ops_sync_dir(store, dir);
}


ptn_rc_t
ptn_ops_sync_file(ptn_store_t *store, const char *path)
{
    int        fd, failed;
    ptn_io_t  *io;

    io = store->io;

    if (!store->conf->fsync) {
        return PTN_OK;
    }

    fd = io->open(io, path, O_RDWR|O_CLOEXEC, 0);
    if (fd == -1) {
        return ptn_errno_rc(errno);
    }

    failed = (io->fdatasync(io, fd, PTN_IO_BLOB) == -1) ? errno : 0;
    io->close(io, fd);

    return failed ? ptn_errno_rc(failed) : PTN_OK;
}


static int
ptn_ops_remove_one(const char *path, const struct stat *sb PTN_UNUSED,
    int type PTN_UNUSED, struct FTW *ftw PTN_UNUSED)
{
    (void) remove(path);

    return 0;
}


void
ptn_ops_remove(const char *path)
{
    nftw(path, ptn_ops_remove_one, 16, FTW_DEPTH|FTW_PHYS);
}


/* ---- copies -------------------------------------------------------------- */

/* From one descriptor to another (-1: nowhere), hashed. */

static ptn_rc_t
ptn_ops_pump(ptn_store_t *store, int from, int to, u_char ret_sha256[32],
    uint64_t *ret_size)
{
    off_t        off;
    u_char      *p;
    ssize_t      n;
    ptn_io_t    *io;
    ptn_rc_t     rc;
    EVP_MD_CTX  *h;

    io = store->io;
    p = malloc(PTN_OPS_CHUNK);
    h = EVP_MD_CTX_new();
    rc = PTN_OK;

    if (p == NULL || h == NULL
        || EVP_DigestInit_ex(h, EVP_sha256(), NULL) != 1)
    {
        rc = PTN_ENOMEM;
    }

    for (off = 0; rc == PTN_OK; off += n) {
        n = ptn_io_read_all(io, from, p, PTN_OPS_CHUNK, off);

        if (n == -1) {
            rc = ptn_errno_rc(errno);
            break;
        }

        if (n == 0) {
            EVP_DigestFinal_ex(h, ret_sha256, NULL);
            *ret_size = (uint64_t) off;
            break;
        }

        EVP_DigestUpdate(h, p, (size_t) n);

        if (to != -1
            && ptn_io_write_all(io, to, p, (size_t) n, off) == -1)
        {
            rc = ptn_errno_rc(errno);
        }
    }

    EVP_MD_CTX_free(h);
    free(p);

    return rc;
}


static ptn_rc_t
ptn_ops_open(ptn_store_t *store, const char *path, int *ret_fd)
{
    int  fd;

    fd = store->io->open(store->io, path, O_RDONLY|O_CLOEXEC|O_NOFOLLOW, 0);

    if (fd == -1) {
        return (errno == ENOENT) ? PTN_ENOTFOUND : ptn_errno_rc(errno);
    }

    *ret_fd = fd;

    return PTN_OK;
}


ptn_rc_t
ptn_ops_hash(ptn_store_t *store, const char *path, u_char ret_sha256[32],
    uint64_t *ret_size)
{
    int       fd = -1;
    ptn_rc_t  rc;

    rc = ptn_ops_open(store, path, &fd);

    if (rc == PTN_OK) {
        rc = ptn_ops_pump(store, fd, -1, ret_sha256, ret_size);
        store->io->close(store->io, fd);
    }

    return rc;
}


ptn_rc_t
ptn_ops_copy(ptn_store_t *store, const char *from, const char *to,
    u_char ret_sha256[32], uint64_t *ret_size)
{
    int        in = -1, out;
    ptn_io_t  *io;
    ptn_rc_t   rc;

    io = store->io;

    rc = ptn_ops_open(store, from, &in);
    if (rc != PTN_OK) {
        return rc;
    }

    out = io->open(io, to, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0600);

    if (out == -1) {
        rc = ptn_errno_rc(errno);
        io->close(io, in);
        return rc;
    }

    rc = ptn_ops_pump(store, in, out, ret_sha256, ret_size);

    if (rc == PTN_OK && store->conf->fsync
        && io->fdatasync(io, out, PTN_IO_BLOB) == -1)
    {
        rc = ptn_errno_rc(errno);
    }

    io->close(io, in);
    io->close(io, out);

    return rc;
}


ptn_rc_t
ptn_ops_take(ptn_store_t *store, const char *from, const char *to,
    const u_char sha256[32], bool hard_link)
{
    char       tmp[PTN_OPS_PATH];
    u_char     sha[32];
    ptn_io_t  *io;
    ptn_rc_t   rc;
    uint64_t   size;

    io = store->io;

    if (hard_link && io->link(io, from, to) == 0) {
        return PTN_OK;
    }

    rc = ptn_ops_path(tmp, "%s.new", to);

    if (rc == PTN_OK) {
        rc = ptn_ops_copy(store, from, tmp, sha, &size);
    }

    /* as it is, or packed */

    if (rc == PTN_OK && memcmp(sha, sha256, 32) != 0) {
        rc = ptn_blob_file_is(store, tmp, sha256, &size);
    }

    if (rc == PTN_OK && io->rename(io, tmp, to) == -1) {
        rc = ptn_errno_rc(errno);
    }

    if (rc != PTN_OK) {
        io->unlink(io, tmp);
    }

    return rc;
}


ptn_rc_t
ptn_ops_object(ptn_store_t *store, const char *dir, const u_char sha256[32],
    bool make, char path[PTN_OPS_PATH])
{
    char      hex[65];
    ptn_rc_t  rc;

    ptn_ops_hex(sha256, hex);
    rc = ptn_ops_path(path, "%s/%.2s", dir, hex);

    if (rc == PTN_OK && make) {
        rc = ptn_ops_mkdir(store, path);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_path(path, "%s/%.2s/%s", dir, hex, hex + 2);
    }

    return rc;
}


/* ---- databases ----------------------------------------------------------- */

static ptn_rc_t
ptn_ops_copy_pages(sqlite3 *from, sqlite3 *to, const char *what,
    const ptn_ops_t *ops)
{
    int              rc;
    uint64_t         all;
    sqlite3_backup  *b;

    b = sqlite3_backup_init(to, "main", from, "main");
    if (b == NULL) {
        return ptn_sql_rc(sqlite3_errcode(to));
    }

    do {
        rc = sqlite3_backup_step(b, PTN_OPS_STEP);
        all = (uint64_t) sqlite3_backup_pagecount(b);
        ptn_ops_progress(ops, what,
                         (all - (uint64_t) sqlite3_backup_remaining(b))
                         * PTN_PAGE, all * PTN_PAGE);
    } while (rc == SQLITE_OK);

    sqlite3_backup_finish(b);

    return (rc == SQLITE_DONE) ? PTN_OK : ptn_sql_rc(rc);
}


/*
 * The copy is no WAL database, so that it can be opened where nothing may be
 * written; who opens it as a mailbox makes it one again.
 */

ptn_rc_t
ptn_ops_copy_db(ptn_store_t *store, sqlite3 *from, const char *to,
    const char *what, const ptn_ops_t *ops)
{
    int       rc;
    sqlite3  *db;
    ptn_rc_t  prc;

    unlink(to);

    rc = sqlite3_open_v2(to, &db, SQLITE_OPEN_READWRITE|SQLITE_OPEN_CREATE
                         |SQLITE_OPEN_NOMUTEX|SQLITE_OPEN_PRIVATECACHE,
                         store->vfs);
    prc = ptn_sql_rc(rc);

    if (rc == SQLITE_OK) {
        sqlite3_exec(db, "PRAGMA synchronous=OFF", NULL, NULL, NULL);
        prc = ptn_ops_copy_pages(from, db, what, ops);
    }

    if (prc == PTN_OK) {
        rc = sqlite3_exec(db, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
        prc = ptn_sql_rc(rc);
    }

    sqlite3_close(db);

    if (prc == PTN_OK) {
        prc = ptn_ops_sync_file(store, to);
    }

    if (prc != PTN_OK) {
        unlink(to);
    }

    return prc;
}


ptn_rc_t
ptn_ops_open_ro(const char *path, sqlite3 **ret)
{
    int       rc;
    sqlite3  *db;

    rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY|SQLITE_OPEN_NOMUTEX
                         |SQLITE_OPEN_PRIVATECACHE|SQLITE_OPEN_EXRESCODE,
                         "unix");

    if (rc == SQLITE_OK) {
        sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        rc = sqlite3_exec(db, "PRAGMA cell_size_check=1; PRAGMA mmap_size=0",
                          NULL, NULL, NULL);
    }

    if (rc != SQLITE_OK) {
        sqlite3_close(db);
        return ptn_sql_rc(rc);
    }

    *ret = db;

    return PTN_OK;
}


ptn_rc_t
ptn_ops_blobs(sqlite3 *db, ptn_rc_t (*each)(void *ctx,
    const u_char sha256[32], uint64_t size), void *ctx)
{
    int            rc;
    ptn_rc_t       prc, worst;
    sqlite3_stmt  *st;

    rc = sqlite3_prepare_v2(db, "SELECT sha256, size FROM blob WHERE refs>0"
                            " AND typeof(sha256)='blob' AND length(sha256)=32",
                            -1, &st, NULL);
    if (rc != SQLITE_OK) {
        return ptn_sql_rc(rc);
    }

    worst = PTN_OK;

    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        prc = each(ctx, sqlite3_column_blob(st, 0), ptn_sql_u64(st, 1));

        if (prc == PTN_OK) {
            continue;
        }

        worst = prc;

        if (prc != PTN_ECORRUPT) {
            break;
        }
    }

    sqlite3_finalize(st);

    return (rc == SQLITE_DONE || worst != PTN_OK) ? worst : ptn_sql_rc(rc);
}
