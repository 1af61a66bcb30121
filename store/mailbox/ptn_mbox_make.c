/*
 * Making and removing mailboxes.
 */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ptn_mailbox.h"


static ptn_rc_t
ptn_mbox_make_mkdir(ptn_store_t *store, const char *path)
{
    if (store->io->mkdir(store->io, path, 0700) == 0) {
        return PTN_OK;
    }

    return (errno == EEXIST) ? PTN_OK : ptn_errno_rc(errno);
}


static ptn_rc_t
ptn_mbox_make_sync_dir(ptn_store_t *store, const char *path)
{
    if (!store->conf->fsync) {
        return PTN_OK;
    }

    return store->io->sync_dir(store->io, path, PTN_IO_MAILBOX_DIR) == 0
           ? PTN_OK : ptn_errno_rc(errno);
}


/* ROOT/mailbox, its domain's directory, its own. */

static ptn_rc_t
ptn_mbox_make_dirs(ptn_mbox_t *mb, bool sync)
{
    int        up;
    char       path[PTN_BLOB_PATH];
    ptn_rc_t   rc;

    for (up = 2; up >= 0; up--) {
        if (snprintf(path, sizeof(path), "%s", mb->dir)
            >= (int) sizeof(path))
        {
            return PTN_EINVAL;
        }

        if (up > 0) {
            *strrchr(path, '/') = '\0';
        }

        if (up > 1) {
            *strrchr(path, '/') = '\0';
        }

        rc = sync ? ptn_mbox_make_sync_dir(mb->store, path)
                  : ptn_mbox_make_mkdir(mb->store, path);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return sync ? ptn_mbox_make_sync_dir(mb->store, mb->store->conf->root)
                : PTN_OK;
}


static ptn_rc_t
ptn_mbox_make_fill(ptn_mbox_t *mb, const char *path)
{
    int       off;
    ptn_rc_t  rc;

    rc = ptn_sql_open(mb, path, true);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_sql_exec(mb, "BEGIN IMMEDIATE");

    if (rc == PTN_OK) {
        rc = ptn_schema_create(mb, mb->locale);
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_exec(mb, "COMMIT");
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_rc(sqlite3_wal_checkpoint_v2(mb->db, NULL,
                                           SQLITE_CHECKPOINT_TRUNCATE, NULL,
                                           NULL));
    }

    /* nobody knows the file yet: the WAL may go with the connection */

    sqlite3_db_config(mb->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, &off);
    ptn_sql_close(mb);

    return rc;
}


/*
 * The database is filled under a name of its own; its last name is given by
 * link(2), which never replaces a mailbox.
 */

ptn_rc_t
ptn_mbox_make(ptn_mbox_t *mb)
{
    char        tmp[PTN_BLOB_PATH], path[PTN_BLOB_PATH], hex[PTN_GUID_HEX];
    ptn_io_t   *io;
    ptn_rc_t    rc;
    uint64_t    dev, ino, last;
    ptn_guid_t  unique;

    io = mb->store->io;

    if (ptn_mbox_stat(mb, &dev, &ino) == PTN_OK) {
        return PTN_EEXIST;
    }

    rc = ptn_guid_make(&unique);

    if (rc == PTN_OK) {
        rc = ptn_mbox_make_dirs(mb, false);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_guid_hex(unique, hex);
    snprintf(path, sizeof(path), "%s/mailbox.sqlite", mb->dir);
    snprintf(tmp, sizeof(tmp), "%s/new-%s.sqlite", mb->dir, hex);

    rc = ptn_mbox_make_fill(mb, tmp);

    if (rc == PTN_OK) {
        rc = ptn_epoch_last(mb->store, mb->guid, &last);
    }

    /* of one that was lost: it stays, and who opens the new one sees by it
     * that it is behind */

    if (rc == PTN_OK && last == 0) {
        rc = ptn_epoch_create(mb->store, mb->guid, mb->meta.epoch,
                              mb->meta.cn, mb->meta.oid);
    }

    if (rc == PTN_OK && io->link(io, tmp, path) == -1) {
        rc = (errno == EEXIST) ? PTN_EEXIST : ptn_errno_rc(errno);
    }

    io->unlink(io, tmp);

    snprintf(tmp, sizeof(tmp), "%s/new-%s.sqlite-wal", mb->dir, hex);
    unlink(tmp);
    snprintf(tmp, sizeof(tmp), "%s/new-%s.sqlite-shm", mb->dir, hex);
    unlink(tmp);

    memset(&mb->meta, 0, sizeof(ptn_meta_t));

    return (rc == PTN_OK) ? ptn_mbox_make_dirs(mb, true) : rc;
}


ptn_rc_t
ptn_mbox_create(ptn_store_t *store, const ptn_user_t *user)
{
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    if (ptn_guid_zero(user->mailbox)) {
        return PTN_EINVAL;
    }

    mb = ptn_mbox_new(store, user, &rc);
    if (mb == NULL) {
        return rc;
    }

    rc = ptn_mbox_make(mb);
    ptn_mbox_free(mb);

    return rc;
}


static int
ptn_mbox_make_remove(const char *path, const struct stat *sb PTN_UNUSED,
    int type PTN_UNUSED, struct FTW *ftw PTN_UNUSED)
{
    return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}


ptn_rc_t
ptn_mbox_delete(ptn_store_t *store, const ptn_user_t *user)
{
    char          gone[PTN_BLOB_PATH], hex[PTN_GUID_HEX];
    char         *slash;
    ptn_rc_t      rc;
    ptn_mbox_t   *mb;
    ptn_guid_t    unique;

    rc = ptn_mbox_open(store, user, NULL, &mb);

    if (rc != PTN_OK) {
        return (rc == PTN_EUNAVAIL) ? ptn_relocate_forget(store, user) : rc;
    }

    if (store->batch != NULL) {
        return PTN_EBUSY;
    }

    /* connections of other executors find out with their next batch or job */

    rc = ptn_mbox_lock(mb, F_RDLCK, PTN_LOCK_WRITE, PTN_BUSY_MS);

    if (rc == PTN_OK) {
        rc = ptn_sql_exec(mb, "UPDATE meta SET deleted=1");
        ptn_mbox_lock(mb, F_UNLCK, PTN_LOCK_WRITE, 0);
    }

    if (rc == PTN_OK) {
        rc = ptn_guid_make(&unique);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_mbox_close_db(mb);
    ptn_guid_hex(unique, hex);

    snprintf(gone, sizeof(gone), "%s", mb->dir);
    slash = strrchr(gone, '/');
    snprintf(slash, sizeof(gone) - (size_t) (slash - gone), "/.gone-%s", hex);

    if (store->io->rename(store->io, mb->dir, gone) == -1) {
        return ptn_errno_rc(errno);
    }

    *slash = '\0';
    rc = ptn_mbox_make_sync_dir(store, gone);
    *slash = '/';

    nftw(gone, ptn_mbox_make_remove, 16, FTW_DEPTH|FTW_PHYS);
    ptn_epoch_delete(store, user->mailbox);

    return rc;
}
