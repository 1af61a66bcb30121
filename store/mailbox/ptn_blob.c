/*
 * Blob files: mailbox/<domain>/<user>/blob/ab/cdef..., named by the SHA-256 of
 * the bytes that they stand for.
 *
 * On the disk before the row that counts them commits (ptn_blob_put.c).  Read:
 * ptn_blob_read.c.  Removed after: dropping the last reference leaves a row
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
    ptn_rc_t       rc;
    uint64_t       refs, size;
    sqlite3_stmt  *st;

    rc = ptn_blob_row(mb, sha256, &refs, &size);

    if (rc == PTN_ENOTFOUND || (rc == PTN_OK && refs == 0)) {
        rc = ptn_blob_put(mb, sha256, data, rc == PTN_OK);
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

static ptn_rc_t
ptn_blob_sweep_locked(ptn_mbox_t *mb)
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


/* While a backup is made of the mailbox, blobs that it may need stay. */

ptn_rc_t
ptn_blob_sweep(ptn_mbox_t *mb)
{
    ptn_rc_t  rc;

    rc = ptn_mbox_ready(mb);

    if (rc == PTN_OK) {
        rc = ptn_mbox_lock(mb, F_WRLCK, PTN_LOCK_BACKUP, 0);
    }

    if (rc != PTN_OK) {
        return (rc == PTN_EBUSY) ? PTN_OK : rc;
    }

    rc = ptn_blob_sweep_locked(mb);

    if (mb->lock_fd != -1) {
        ptn_mbox_lock(mb, F_UNLCK, PTN_LOCK_BACKUP, 0);
    }

    return rc;
}
