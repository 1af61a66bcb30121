/*
 * A mailbox in the making: complete and durable under a name of its own, then
 * put in its place by one rename (ptn_store_ops.h).
 *
 * The stage is locked by an OFD lock on its own lock file, so that what a
 * crash has left is told from what somebody is making.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_ops.h"


static ptn_rc_t
ptn_stage_lock(ptn_stage_t *stage, const char *dir)
{
    char          path[PTN_OPS_PATH];
    ptn_rc_t      rc;
    struct flock  fl;

    rc = ptn_ops_path(path, "%s/stage", dir);
    if (rc != PTN_OK) {
        return rc;
    }

    stage->fd = open(path, O_RDWR|O_CREAT|O_CLOEXEC|O_NOFOLLOW, 0600);
    if (stage->fd == -1) {
        return ptn_errno_rc(errno);
    }

    memset(&fl, 0, sizeof(fl));
    fl.l_type = F_WRLCK;
    fl.l_whence = SEEK_SET;
    fl.l_len = 1;

    return fcntl(stage->fd, F_OFD_SETLK, &fl) == 0 ? PTN_OK : PTN_EBUSY;
}


/* Of an earlier run: all but the lock. */

static void
ptn_stage_clean(const char *dir)
{
    size_t             i;
    char               path[PTN_OPS_PATH];
    static const char *const  names[] = {
        "mailbox.sqlite", "mailbox.sqlite-wal", "mailbox.sqlite-shm",
        "mailbox.sqlite-journal", "lock", "blob", "offset", "mailbox.damaged",
        "mailbox.damaged-wal", "moved", "arriving"
    };

    for (i = 0; i < ptn_nelts(names); i++) {
        if (ptn_ops_path(path, "%s/%s", dir, names[i]) == PTN_OK) {
            ptn_ops_remove(path);
        }
    }
}


ptn_rc_t
ptn_stage_open(ptn_stage_t *stage, ptn_store_t *store, const ptn_user_t *user,
    const char *what, bool resume)
{
    char         dir[PTN_OPS_PATH], *slash;
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    memset(stage, 0, sizeof(ptn_stage_t));
    stage->fd = -1;
    stage->store = store;
    stage->user = user;

    mb = ptn_mbox_new(store, user, &rc);
    if (mb == NULL) {
        return rc;
    }

    stage->mb = mb;
    stage->place = mb->dir;
    mb->dir = NULL;

    /* ROOT/mailbox, then the domain's, then the stage */

    rc = ptn_ops_path(dir, "%s/mailbox", store->conf->root);

    if (rc == PTN_OK) {
        rc = ptn_ops_mkdir(store, dir);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_path(dir, "%s", stage->place);
    }

    if (rc == PTN_OK) {
        slash = strrchr(dir, '/');
        *slash = '\0';
        rc = ptn_ops_mkdir(store, dir);
        *slash = '/';
    }

    if (rc == PTN_OK) {
        slash = strrchr(stage->place, '/');
        rc = ptn_ops_path(dir, "%.*s/.%s-%s", (int) (slash - stage->place),
                          stage->place, what, slash + 1);
    }

    if (rc == PTN_OK) {
        stage->resumed = (access(dir, F_OK) == 0);
        rc = ptn_ops_mkdir(store, dir);
    }

    if (rc == PTN_OK) {
        mb->dir = strdup(dir);
        rc = mb->dir ? ptn_stage_lock(stage, dir) : PTN_ENOMEM;
    }

    if (rc == PTN_OK && !resume) {
        ptn_stage_clean(dir);
        stage->resumed = false;
    }

    if (rc != PTN_OK) {
        ptn_stage_done(stage, true);
    }

    return rc;
}


ptn_rc_t
ptn_stage_db(ptn_stage_t *stage, bool create)
{
    char      path[PTN_OPS_PATH];
    ptn_rc_t  rc;

    rc = ptn_ops_path(path, "%s/lock", stage->mb->dir);

    if (rc == PTN_OK && stage->mb->lock_fd == -1) {
        stage->mb->lock_fd = open(path, O_RDWR|O_CREAT|O_CLOEXEC, 0600);
        rc = (stage->mb->lock_fd == -1) ? ptn_errno_rc(errno) : PTN_OK;
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_path(path, "%s/mailbox.sqlite", stage->mb->dir);
    }

    return (rc == PTN_OK) ? ptn_sql_open(stage->mb, path, create) : rc;
}


ptn_rc_t
ptn_stage_close_db(ptn_stage_t *stage)
{
    char         path[PTN_OPS_PATH];
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    mb = stage->mb;

    rc = ptn_sql_rc(sqlite3_wal_checkpoint_v2(mb->db, NULL,
                                           SQLITE_CHECKPOINT_TRUNCATE, NULL,
                                           NULL));

    sqlite3_db_config(mb->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    ptn_sql_close(mb);

    if (rc == PTN_OK) {
        rc = ptn_ops_path(path, "%s/mailbox.sqlite", mb->dir);
    }

    return (rc == PTN_OK) ? ptn_ops_sync_file(stage->store, path) : rc;
}


/* The old one's write lock, if it can be opened at all. */

static ptn_rc_t
ptn_stage_old(ptn_stage_t *stage, ptn_txn_t *tx)
{
    ptn_rc_t     rc;
    ptn_mbox_t  *old;

    rc = ptn_mbox_open_made(stage->store, stage->user, &old);

    if (rc != PTN_OK) {
        return (rc == PTN_EBUSY || rc == PTN_ENOMEM) ? rc : PTN_OK;
    }

    return ptn_txn_begin(tx, old);
}


/* One rename: whoever looks sees the one or the other. */

static ptn_rc_t
ptn_stage_rename(ptn_stage_t *stage)
{
    if (renameat2(AT_FDCWD, stage->mb->dir, AT_FDCWD, stage->place,
                  RENAME_EXCHANGE)
        == -1)
    {
        return (errno == EINVAL || errno == ENOSYS) ? PTN_ESUPPORT
                                                    : ptn_errno_rc(errno);
    }

    return ptn_ops_sync_parent(stage->store, stage->place);
}


static ptn_rc_t
ptn_stage_exchange(ptn_stage_t *stage)
{
    ptn_rc_t     rc;
    ptn_txn_t    tx = { 0 };
    ptn_mbox_t  *old;

    rc = ptn_stage_old(stage, &tx);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_stage_rename(stage);
    old = tx.mb;
    ptn_txn_done(&tx);

    if (old != NULL) {
        ptn_store_rollback(stage->store);
        ptn_mbox_close_db(old);
        ptn_content_forget(stage->store, &old->guid);
    }

    return rc;
}


static ptn_rc_t
ptn_stage_sync(ptn_stage_t *stage)
{
    int       i;
    char      path[PTN_OPS_PATH];
    ptn_rc_t  rc;

    rc = ptn_ops_path(path, "%s/blob", stage->mb->dir);

    if (rc == PTN_OK && access(path, F_OK) == 0) {
        for (i = 0; i < 256 && rc == PTN_OK; i++) {
            rc = ptn_ops_path(path, "%s/blob/%02x", stage->mb->dir, i);

            if (rc == PTN_OK && access(path, F_OK) == 0) {
                rc = ptn_ops_sync_dir(stage->store, path);
            }
        }

        if (rc == PTN_OK) {
            rc = ptn_ops_path(path, "%s/blob", stage->mb->dir);
        }

        if (rc == PTN_OK) {
            rc = ptn_ops_sync_dir(stage->store, path);
        }
    }

    return (rc == PTN_OK) ? ptn_ops_sync_dir(stage->store, stage->mb->dir)
                          : rc;
}


ptn_rc_t
ptn_stage_place(ptn_stage_t *stage, bool replace)
{
    char      path[PTN_OPS_PATH];
    ptn_rc_t  rc;

    if (stage->mb->lock_fd != -1) {
        close(stage->mb->lock_fd);
        stage->mb->lock_fd = -1;
    }

    rc = ptn_stage_sync(stage);

    if (rc == PTN_OK) {
        rc = ptn_ops_sync_parent(stage->store, stage->place);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_path(path, "%s/mailbox", stage->store->conf->root);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_sync_dir(stage->store, path);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (replace && access(stage->place, F_OK) == 0) {
        rc = ptn_stage_exchange(stage);

        /* a crash before this leaves the old one under the stage's name */

        if (rc == PTN_OK) {
            ptn_ops_remove(stage->mb->dir);
        }

    } else if (renameat2(AT_FDCWD, stage->mb->dir, AT_FDCWD, stage->place,
                         RENAME_NOREPLACE)
               == -1)
    {
        rc = (errno == EEXIST) ? PTN_EEXIST : ptn_errno_rc(errno);

    } else {
        rc = ptn_ops_sync_parent(stage->store, stage->place);
    }

    if (rc == PTN_OK
        && ptn_ops_path(path, "%s/stage", stage->place) == PTN_OK)
    {
        unlink(path);
    }

    return rc;
}


ptn_rc_t
ptn_stage_swap(ptn_stage_t *stage)
{
    char      path[PTN_OPS_PATH];
    ptn_rc_t  rc;

    if (stage->mb->lock_fd != -1) {
        close(stage->mb->lock_fd);
        stage->mb->lock_fd = -1;
    }

    rc = ptn_stage_sync(stage);

    if (rc == PTN_OK) {
        rc = ptn_stage_rename(stage);
    }

    if (rc == PTN_OK
        && ptn_ops_path(path, "%s/stage", stage->place) == PTN_OK)
    {
        unlink(path);
    }

    return rc;
}


void
ptn_stage_done(ptn_stage_t *stage, bool keep)
{
    ptn_mbox_t  *mb;

    mb = stage->mb;

    if (mb == NULL) {
        return;
    }

    if (mb->db != NULL) {
        sqlite3_db_config(mb->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
        ptn_sql_close(mb);
    }

    if (!keep && mb->dir != NULL) {
        ptn_ops_remove(mb->dir);
    }

    if (stage->fd != -1) {
        close(stage->fd);
    }

    ptn_mbox_free(mb);
    free(stage->place);
    memset(stage, 0, sizeof(ptn_stage_t));
    stage->fd = -1;
}
