/*
 * Blob files: mailbox/<domain>/<user>/blob/ab/cdef..., named by the SHA-256 of
 * their bytes.
 *
 * Written before the row that counts them commits: bytes, fdatasync, name,
 * directory sync.  Removed after: dropping the last reference leaves a row
 * with refs 0; a later transaction unlinks the files of such rows and deletes
 * the rows, all under the write lock, so that no other writer is just about
 * to refer to one.  The directory is synced between the two: a file must not
 * come back when nothing names it any more.  A file whose row says 0, or has
 * none, proves nothing: ptn_blob_add() writes it again.  What becomes of files
 * whose rows never commit: ptn_blob_spare.c.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "ptn_mailbox.h"


#define PTN_BLOB_SWEEP  64      /* at a time; LIMIT of BLOB_DEAD */


ptn_rc_t
ptn_errno_rc(int err)
{
    switch (err) {

    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return PTN_ENOSPC;

    case ENOMEM:
        return PTN_ENOMEM;

    case EMFILE:
    case ENFILE:
        return PTN_EBUSY;
    }

    return PTN_EIO;
}


ptn_rc_t
ptn_blob_path(const ptn_mbox_t *mb, const u_char sha256[32], char *path,
    size_t size)
{
    int     i, n;
    char    hex[65];

    for (i = 0; i < 32; i++) {
        sprintf(hex + 2 * i, "%02x", sha256[i]);
    }

    n = snprintf(path, size, "%s/blob/%.2s/%s", mb->dir, hex, hex + 2);

    return (n > 0 && (size_t) n < size) ? PTN_OK : PTN_EINVAL;
}


/* blob/ and blob/ab/; a new one is synced into its parent. */

static ptn_rc_t
ptn_blob_make_dirs(ptn_mbox_t *mb, const char *file)
{
    char        path[PTN_BLOB_PATH];
    char       *slash;
    ptn_io_t   *io;
    ptn_rc_t    rc;

    io = mb->store->io;

    snprintf(path, sizeof(path), "%s", file);
    slash = strrchr(path, '/');
    *slash = '\0';

    if (io->mkdir(io, path, 0700) == 0) {
        *strrchr(path, '/') = '\0';
        return ptn_blob_sync_dir(mb->store, path, PTN_IO_BLOB_DIR);
    }

    if (errno == EEXIST) {
        return PTN_OK;
    }

    if (errno != ENOENT) {
        return ptn_errno_rc(errno);
    }

    *strrchr(path, '/') = '\0';

    if (io->mkdir(io, path, 0700) == -1 && errno != EEXIST) {
        return ptn_errno_rc(errno);
    }

    rc = ptn_blob_sync_dir(mb->store, mb->dir, PTN_IO_BLOB_DIR);

    return (rc == PTN_OK) ? ptn_blob_make_dirs(mb, file) : rc;
}


static ptn_rc_t
ptn_blob_write(ptn_mbox_t *mb, const char *path, ptn_str_t data)
{
    int        fd;
    char       tmp[PTN_BLOB_PATH + 8];
    char      *slash;
    ptn_io_t  *io;
    ptn_rc_t   rc;

    io = mb->store->io;

    rc = ptn_blob_make_dirs(mb, path);
    if (rc != PTN_OK) {
        return rc;
    }

    /* the mailbox's write lock is held: nobody else writes this name */

    snprintf(tmp, sizeof(tmp), "%s.new", path);

    fd = io->open(io, tmp, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0600);
    if (fd == -1) {
        return ptn_errno_rc(errno);
    }

    rc = PTN_OK;

    if (ptn_io_write_all(io, fd, data.data, data.len, 0) == -1
        || (mb->store->conf->fsync
            && io->fdatasync(io, fd, PTN_IO_BLOB) == -1))
    {
        rc = ptn_errno_rc(errno);
    }

    io->close(io, fd);

    if (rc == PTN_OK && io->rename(io, tmp, path) == -1) {
        rc = ptn_errno_rc(errno);
    }

    if (rc != PTN_OK) {
        io->unlink(io, tmp);
        return rc;
    }

    slash = strrchr(tmp, '/');
    *slash = '\0';

    return ptn_blob_sync_dir(mb->store, tmp, PTN_IO_BLOB_DIR);
}


ptn_rc_t
ptn_blob_row(ptn_mbox_t *mb, const u_char sha256[32], uint64_t *ret_refs,
    uint64_t *ret_size)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_BLOB_GET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_blob(st, 1, sha256, 32, SQLITE_STATIC);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    *ret_refs = ptn_sql_u64(st, 0);
    *ret_size = ptn_sql_u64(st, 1);
    sqlite3_reset(st);

    return PTN_OK;
}


ptn_rc_t
ptn_blob_size(ptn_mbox_t *mb, const u_char sha256[32], uint64_t *ret_size)
{
    uint64_t  refs;

    return ptn_blob_row(mb, sha256, &refs, ret_size);
}


ptn_rc_t
ptn_blob_add(ptn_mbox_t *mb, const u_char sha256[32], ptn_str_t data)
{
    char           path[PTN_BLOB_PATH];
    ptn_rc_t       rc;
    uint64_t       refs, size;
    sqlite3_stmt  *st;

    rc = ptn_blob_row(mb, sha256, &refs, &size);

    if (rc == PTN_ENOTFOUND || (rc == PTN_OK && refs == 0)) {
        rc = ptn_blob_path(mb, sha256, path, sizeof(path));

        if (rc == PTN_OK) {
            rc = ptn_blob_name(mb, sha256);
        }

        if (rc == PTN_OK) {
            rc = ptn_blob_write(mb, path, data);
        }
    }

    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_BLOB_ADD, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_blob(st, 1, sha256, 32, SQLITE_STATIC);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) data.len);

    return ptn_sql_step(mb, st);
}


ptn_rc_t
ptn_blob_drop(ptn_mbox_t *mb, const u_char sha256[32])
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_BLOB_DROP, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_blob(st, 1, sha256, 32, SQLITE_STATIC);
    mb->dead_blobs++;

    return ptn_sql_step(mb, st);
}


void
ptn_blob_forget(ptn_store_t *store)
{
    if (store->blob_fd != -1) {
        store->io->close(store->io, store->blob_fd);
        store->blob_fd = -1;
    }
}


static ptn_rc_t
ptn_blob_open(ptn_mbox_t *mb, const u_char sha256[32])
{
    char          path[PTN_BLOB_PATH];
    ptn_rc_t      rc;
    ptn_store_t  *store;

    store = mb->store;

    if (store->blob_fd != -1
        && memcmp(store->blob_sha, sha256, 32) == 0
        && ptn_guid_eq(store->blob_mailbox, mb->guid))
    {
        return PTN_OK;
    }

    ptn_blob_forget(store);

    rc = ptn_blob_path(mb, sha256, path, sizeof(path));
    if (rc != PTN_OK) {
        return rc;
    }

    store->blob_fd = store->io->open(store->io, path, O_RDONLY|O_CLOEXEC, 0);

    if (store->blob_fd == -1) {
        return (errno == ENOENT) ? PTN_ECORRUPT : ptn_errno_rc(errno);
    }

    memcpy(store->blob_sha, sha256, 32);
    store->blob_mailbox = mb->guid;

    return PTN_OK;
}


ptn_rc_t
ptn_blob_read(ptn_mbox_t *mb, const u_char sha256[32], uint64_t off,
    u_char *p, size_t n)
{
    ssize_t   got;
    ptn_rc_t  rc;

    rc = ptn_blob_open(mb, sha256);
    if (rc != PTN_OK) {
        return rc;
    }

    got = ptn_io_read_all(mb->store->io, mb->store->blob_fd, p, n,
                          (off_t) off);
    if (got == -1) {
        return ptn_errno_rc(errno);
    }

    return ((size_t) got == n) ? PTN_OK : PTN_ECORRUPT;
}


/*
 * Removes a blob's file and what a crash may have left of its writing.  The
 * names come in order, so those of one directory stand together.
 */

static ptn_rc_t
ptn_blob_unlink(ptn_mbox_t *mb, const u_char sha256[32], bool sync)
{
    char       path[PTN_BLOB_PATH], tmp[PTN_BLOB_PATH + 8];
    ptn_io_t  *io;
    ptn_rc_t   rc;

    io = mb->store->io;

    rc = ptn_blob_path(mb, sha256, path, sizeof(path));
    if (rc != PTN_OK) {
        return rc;
    }

    snprintf(tmp, sizeof(tmp), "%s.new", path);

    if ((io->unlink(io, path) == -1 && errno != ENOENT)
        || (io->unlink(io, tmp) == -1 && errno != ENOENT))
    {
        return ptn_errno_rc(errno);
    }

    *strrchr(path, '/') = '\0';

    if (!sync || access(path, F_OK) == -1) {
        return PTN_OK;
    }

    return ptn_blob_sync_dir(mb->store, path, PTN_IO_BLOB_GONE);
}


/* Unlinks the files of rows without references, and deletes the rows. */

static ptn_rc_t
ptn_blob_sweep_some(ptn_mbox_t *mb, unsigned *ret_n)
{
    bool           sync;
    u_char         sha[PTN_BLOB_SWEEP][32];
    unsigned       i, n;
    ptn_rc_t       rc;
    ptn_str_t      s;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_BLOB_DEAD, &rc);
    if (st == NULL) {
        return rc;
    }

    n = 0;

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        s = ptn_sql_column(st, 0);

        if (s.len == 32 && n < PTN_BLOB_SWEEP) {
            memcpy(sha[n++], s.data, 32);
        }
    }

    for (i = 0; i < n && rc == PTN_OK; i++) {
        sync = (i + 1 == n || sha[i][0] != sha[i + 1][0]);
        rc = ptn_blob_unlink(mb, sha[i], sync);
    }

    for (i = 0; i < n && rc == PTN_OK; i++) {
        st = ptn_sql(mb, PTN_SQL_BLOB_DELETE, &rc);

        if (st != NULL) {
            sqlite3_bind_blob(st, 1, sha[i], 32, SQLITE_STATIC);
            rc = ptn_sql_step(mb, st);
        }
    }

    *ret_n = n;

    return rc;
}


/*
 * Some at a time, for others may wait to write.  Rows made of spare files in
 * this very batch (ptn_blob_adopt) must be committed before their files go.
 */

ptn_rc_t
ptn_blob_sweep(ptn_mbox_t *mb)
{
    bool                                  more;
    unsigned                              n;
    ptn_rc_t                              rc;
    uint64_t                              dev, ino;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    ptn_blob_forget(mb->store);

    do {
        rc = ptn_txn_begin(&tx, mb);

        /* the files below the path must be those of the open database */

        if (rc == PTN_OK) {
            rc = ptn_mbox_stat(mb, &dev, &ino);
        }

        if (rc == PTN_OK && (dev != mb->dev || ino != mb->ino)) {
            rc = PTN_ENOTFOUND;
        }

        more = mb->adopted;
        n = 0;

        if (rc == PTN_OK && !more) {
            rc = ptn_blob_sweep_some(mb, &n);
            more = (n == PTN_BLOB_SWEEP);
        }

        if (rc != PTN_OK) {
            return rc;
        }

        if (!more) {
            mb->dead_blobs = 0;
        }

        rc = ptn_txn_commit(&tx);

        if (rc == PTN_OK) {
            rc = ptn_batch_commit(mb);
        }

    } while (rc == PTN_OK && more);

    return rc;
}
