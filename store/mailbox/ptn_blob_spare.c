/*
 * Blob files whose rows never commit: the transaction was undone, the process
 * was killed, the power failed.
 *
 * While the system lives, the mailbox's lock file holds the names that the
 * last writers were about to write: 32 bytes each, appended under the write
 * lock before the file is made.  Whoever gets the write lock next finds each
 * name either in a row, and forgets it, or not; then it makes a row of it with
 * no references, which the sweep removes with the file once that row has
 * committed.  Not before: after a commit whose fsync failed the refused rows
 * may stand in the WAL until somebody writes over them.
 *
 * The list is not synced.  After a power failure, or when all that had the
 * mailbox open were killed, the mark outside the mailbox (ptn_epoch.c) says so
 * to whoever opens it first; while nobody else has it, the directories are
 * gone through.  For this the mark is above the mailbox's numbers before the
 * first blob is written, and is lowered only when the list is settled.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_mailbox.h"


#define PTN_BLOB_NAMES  64      /* read at a time */


static off_t
ptn_blob_names(const ptn_mbox_t *mb)
{
    struct stat  sb;

    return fstat(mb->lock_fd, &sb) == 0 ? sb.st_size / 32 * 32 : 0;
}


/* Notes a file that is about to be written; the write lock is held. */

ptn_rc_t
ptn_blob_name(ptn_mbox_t *mb, const u_char sha256[32])
{
    ptn_rc_t  rc;

    rc = ptn_epoch_reserve(mb, mb->meta.cn, mb->meta.oid);
    if (rc != PTN_OK) {
        return rc;
    }

    mb->named = true;

    return pwrite(mb->lock_fd, sha256, 32, ptn_blob_names(mb)) == 32
           ? PTN_OK : PTN_ENOSPC;
}


/*
 * Calls `f` for each name that no row has; *ret_n: how many.
 */

static ptn_rc_t
ptn_blob_names_walk(ptn_mbox_t *mb,
    ptn_rc_t (*f)(ptn_mbox_t *mb, const u_char sha256[32]), unsigned *ret_n)
{
    off_t     off, end;
    u_char    names[PTN_BLOB_NAMES][32];
    ssize_t   i, n;
    ptn_rc_t  rc;
    uint64_t  refs, size;

    *ret_n = 0;
    end = ptn_blob_names(mb);

    for (off = 0; off < end; off += n * 32) {
        n = pread(mb->lock_fd, names, sizeof(names), off) / 32;

        if (n <= 0) {
            return PTN_EIO;
        }

        for (i = 0; i < n; i++) {
            rc = ptn_blob_row(mb, names[i], &refs, &size);

            if (rc == PTN_ENOTFOUND) {
                ++*ret_n;
                rc = (f != NULL) ? f(mb, names[i]) : PTN_OK;
            }

            if (rc != PTN_OK) {
                return rc;
            }
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_blob_adopt_one(ptn_mbox_t *mb, const u_char sha256[32])
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_BLOB_ADOPT, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_blob(st, 1, sha256, 32, SQLITE_STATIC);

    return ptn_sql_step(mb, st);
}


/* A batch has just begun: nothing was written in it yet. */

ptn_rc_t
ptn_blob_adopt(ptn_mbox_t *mb)
{
    unsigned  n;
    ptn_rc_t  rc;

    mb->named = false;
    mb->adopted = false;

    if (ptn_blob_names(mb) == 0) {
        return PTN_OK;
    }

    rc = ptn_blob_names_walk(mb, ptn_blob_adopt_one, &n);

    if (rc == PTN_OK && n == 0) {
        return ftruncate(mb->lock_fd, 0) == 0 ? PTN_OK : PTN_EIO;
    }

    mb->dead_blobs += n;
    mb->adopted = (n != 0);

    return rc;
}


/* Every name is in a row. */

bool
ptn_blob_settled(ptn_mbox_t *mb)
{
    unsigned  n;

    return ptn_blob_names_walk(mb, NULL, &n) == PTN_OK && n == 0;
}


void
ptn_blob_tidy(ptn_mbox_t *mb)
{
    if (mb->state != PTN_MBOX_OPEN || mb->store->batch != NULL) {
        return;
    }

    if (mb->dead_blobs != 0 || !ptn_blob_settled(mb)) {
        ptn_blob_sweep(mb);
    }
}


bool
ptn_blob_unhex(const char *dir, const char *name, u_char sha256[32])
{
    char      hex[65];
    int       i;
    unsigned  byte;

    if (strlen(dir) != 2 || strlen(name) != 62) {
        return false;
    }

    snprintf(hex, sizeof(hex), "%.2s%.62s", dir, name);

    if (strspn(hex, "0123456789abcdef") != 64) {
        return false;
    }

    for (i = 0; i < 32; i++) {
        sscanf(hex + 2 * i, "%2x", &byte);
        sha256[i] = (u_char) byte;
    }

    return true;
}


/* One of ours that nothing names.  What we did not make stays. */

static bool
ptn_blob_spare(ptn_mbox_t *mb, const char *dir, const char *file)
{
    char      name[63];
    size_t    len;
    u_char    sha[32];
    uint64_t  refs, size;

    len = strlen(file);

    if (len == 66 && strcmp(file + 62, ".new") == 0) {
        snprintf(name, sizeof(name), "%.62s", file);
        return ptn_blob_unhex(dir, name, sha);
    }

    return ptn_blob_unhex(dir, file, sha)
           && ptn_blob_row(mb, sha, &refs, &size) == PTN_ENOTFOUND;
}


static ptn_rc_t
ptn_blob_recover_dir(ptn_mbox_t *mb, const char *name)
{
    DIR            *dir;
    char            path[PTN_BLOB_PATH + 256], file[PTN_BLOB_PATH + 512];
    bool            gone;
    ptn_io_t       *io;
    ptn_rc_t        rc;
    struct dirent  *de;

    io = mb->store->io;
    snprintf(path, sizeof(path), "%s/blob/%s", mb->dir, name);

    dir = opendir(path);
    if (dir == NULL) {
        return (errno == ENOTDIR) ? PTN_OK : ptn_errno_rc(errno);
    }

    rc = PTN_OK;
    gone = false;

    while (rc == PTN_OK && (de = readdir(dir)) != NULL) {
        if (!ptn_blob_spare(mb, name, de->d_name)) {
            continue;
        }

        snprintf(file, sizeof(file), "%s/%s", path, de->d_name);

        if (io->unlink(io, file) == -1 && errno != ENOENT) {
            rc = ptn_errno_rc(errno);
        }

        gone = true;
    }

    closedir(dir);

    if (rc != PTN_OK || !gone) {
        return rc;
    }

    return ptn_blob_sync_dir(mb->store, path, PTN_IO_BLOB_GONE);
}


/*
 * Nobody else has the mailbox open.  Spare files do no harm: a failure keeps
 * nobody from his mail, but is logged.
 */

void
ptn_blob_recover(ptn_mbox_t *mb)
{
    DIR            *dir;
    char            path[PTN_BLOB_PATH + 8];
    ptn_rc_t        rc;
    struct dirent  *de;

    /* rows without references, whose sweep may not have come */

    mb->dead_blobs++;

    snprintf(path, sizeof(path), "%s/blob", mb->dir);

    dir = opendir(path);
    if (dir == NULL) {
        return;
    }

    rc = PTN_OK;

    while (rc == PTN_OK && (de = readdir(dir)) != NULL) {
        if (de->d_name[0] != '.') {
            rc = ptn_blob_recover_dir(mb, de->d_name);
        }
    }

    closedir(dir);

    if (rc != PTN_OK) {
        ptn_log(mb->store->log, PTN_LOG_WARN,
                "mailbox=%s error=\"spare blobs not removed\" rc=%s",
                mb->address, ptn_err(rc)->name);
    }
}
