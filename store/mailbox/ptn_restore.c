/*
 * Out of a backup: verification, pruning, restoring (ptn_store_ops.h).  The
 * files of a backup are hostile, as those of any mailbox that comes from
 * elsewhere: a database is looked at as ptn_schema_known.c says.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_ops.h"


typedef struct {
    ptn_store_t         *store;
    const ptn_ops_t     *ops;
    const char          *dir;
    char                 object[PTN_OPS_PATH];
    ptn_pool_t          *pool;
    ptn_manifest_t       m;
    ptn_backup_entry_t  *entry;
    unsigned             found;
    uint64_t             done;

    ptn_stage_t          stage;
    bool                 made[256];     /* blob directories of the stage */

    sqlite3             *need;          /* names of objects, in memory */
    sqlite3_stmt        *add, *has;
    uint64_t             freed;
} ptn_restore_t;


static ptn_rc_t
ptn_restore_open(ptn_restore_t *r, ptn_store_t *store, const char *dir,
    const ptn_ops_t *ops)
{
    ptn_rc_t  rc;

    memset(r, 0, sizeof(ptn_restore_t));
    r->store = store;
    r->ops = ops;
    r->dir = dir;
    r->pool = ptn_pool_create(0, NULL);

    if (r->pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_ops_path(r->object, "%s/object", dir);

    return (rc == PTN_OK) ? ptn_backup_manifest(store, r->pool, dir, &r->m)
                          : rc;
}


static void
ptn_restore_close(ptn_restore_t *r)
{
    ptn_pool_destroy(r->pool);
}


/* ---- verification ------------------------------------------------------- */

static ptn_rc_t
ptn_restore_verify_object(ptn_restore_t *r, const u_char sha256[32],
    uint64_t size, const char *what)
{
    char      path[PTN_OPS_PATH], hex[65];
    u_char    sha[32];
    ptn_rc_t  rc;
    uint64_t  n;

    rc = ptn_ops_object(r->store, r->object, sha256, false, path);

    if (rc == PTN_OK) {
        rc = ptn_ops_hash(r->store, path, sha, &n);
    }

    if (rc == PTN_ENOMEM) {
        return rc;
    }

    if (rc == PTN_OK && memcmp(sha, sha256, 32) != 0
        && ptn_blob_file_is(r->store, path, sha256, &n) != PTN_OK)
    {
        n = size + 1;
    }

    if (rc == PTN_OK && n == size) {
        return PTN_OK;
    }

    ptn_ops_hex(sha256, hex);
    ptn_ops_report(r->ops, "%s: %s %s", what, hex,
                   rc == PTN_OK ? "is damaged" : ptn_err(rc)->name);
    r->found++;

    return PTN_ECORRUPT;
}


static ptn_rc_t
ptn_restore_verify_blob(void *ctx, const u_char sha256[32], uint64_t size)
{
    ptn_rc_t        rc;
    ptn_restore_t  *r = ctx;

    rc = ptn_restore_verify_object(r, sha256, size,
                                   (char *) r->entry->address.data);
    ptn_ops_progress(r->ops, "blobs", ++r->done, r->entry->blobs);

    return rc;
}


static ptn_rc_t
ptn_restore_verify_db(ptn_restore_t *r, const u_char sha256[32],
    const char *what, bool blobs)
{
    int            rc;
    char           path[PTN_OPS_PATH];
    sqlite3       *db;
    ptn_rc_t       prc;
    unsigned       was;
    const char    *s;
    sqlite3_stmt  *st;

    prc = ptn_ops_object(r->store, r->object, sha256, false, path);

    if (prc == PTN_OK) {
        prc = ptn_ops_open_ro(path, &db);
    }

    if (prc != PTN_OK) {
        return prc;
    }

    rc = sqlite3_prepare_v2(db, "PRAGMA integrity_check(20)", -1, &st, NULL);

    while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        s = (const char *) sqlite3_column_text(st, 0);
        rc = SQLITE_OK;

        if (s != NULL && strcmp(s, "ok") != 0) {
            ptn_ops_report(r->ops, "%s: %s", what, s);
            r->found++;
        }
    }

    sqlite3_finalize(st);
    prc = ptn_sql_rc(rc);

    if (prc == PTN_OK && blobs) {
        was = r->found;
        prc = ptn_ops_blobs(db, ptn_restore_verify_blob, r);

        if (prc == PTN_ECORRUPT && r->found != was) {
            prc = PTN_OK;
        }
    }

    sqlite3_close(db);

    if (prc != PTN_OK && prc != PTN_ENOMEM) {
        ptn_ops_report(r->ops, "%s: the database cannot be read (%s)", what,
                       ptn_err(prc)->name);
        r->found++;
        prc = PTN_OK;
    }

    return prc;
}


static ptn_rc_t
ptn_restore_verify(ptn_restore_t *r)
{
    size_t    i;
    ptn_rc_t  rc;

    if (r->m.directory) {
        rc = ptn_restore_verify_object(r, r->m.directory_sha256,
                                       r->m.directory_size, "directory");

        if (rc == PTN_OK) {
            rc = ptn_restore_verify_db(r, r->m.directory_sha256, "directory",
                                       false);
        }

        if (rc != PTN_OK && rc != PTN_ECORRUPT) {
            return rc;
        }
    }

    for (i = 0; i < r->m.n; i++) {
        ptn_ops_progress(r->ops, "mailboxes", i + 1, r->m.n);
        r->entry = &r->m.entries[i];
        r->done = 0;

        rc = ptn_restore_verify_object(r, r->entry->sha256, r->entry->size,
                                       (char *) r->entry->address.data);

        if (rc == PTN_OK) {
            rc = ptn_restore_verify_db(r, r->entry->sha256,
                                       (char *) r->entry->address.data, true);
        }

        if (rc != PTN_OK && rc != PTN_ECORRUPT) {
            return rc;
        }
    }

    return r->found ? PTN_ECORRUPT : PTN_OK;
}


ptn_rc_t
ptn_backup_verify(ptn_store_t *store, const char *dir, const ptn_ops_t *ops)
{
    ptn_rc_t       rc;
    ptn_restore_t  r;

    rc = ptn_restore_open(&r, store, dir, ops);

    if (rc == PTN_OK) {
        rc = ptn_restore_verify(&r);

    } else if (rc == PTN_ECORRUPT) {
        ptn_ops_report(ops, "manifest: damaged");
    }

    ptn_restore_close(&r);

    return rc;
}


/* ---- pruning ------------------------------------------------------------ */

static ptn_rc_t
ptn_restore_need(void *ctx, const u_char sha256[32],
    uint64_t size PTN_UNUSED)
{
    int             rc;
    ptn_restore_t  *r = ctx;

    sqlite3_bind_blob(r->add, 1, sha256, 32, SQLITE_TRANSIENT);
    rc = sqlite3_step(r->add);
    sqlite3_reset(r->add);

    return (rc == SQLITE_DONE) ? PTN_OK : PTN_ENOMEM;
}


static ptn_rc_t
ptn_restore_needs(ptn_restore_t *r)
{
    char      path[PTN_OPS_PATH];
    size_t    i;
    sqlite3  *db;
    ptn_rc_t  rc;

    if (sqlite3_open(":memory:", &r->need) != SQLITE_OK
        || sqlite3_exec(r->need, "CREATE TABLE need (name BLOB PRIMARY KEY)"
                        " WITHOUT ROWID", NULL, NULL, NULL) != SQLITE_OK
        || sqlite3_prepare_v2(r->need, "INSERT OR IGNORE INTO need VALUES"
                              " (?1)", -1, &r->add, NULL) != SQLITE_OK
        || sqlite3_prepare_v2(r->need, "SELECT 1 FROM need WHERE name=?1", -1,
                              &r->has, NULL) != SQLITE_OK)
    {
        return PTN_ENOMEM;
    }

    rc = r->m.directory ? ptn_restore_need(r, r->m.directory_sha256, 0)
                        : PTN_OK;

    for (i = 0; i < r->m.n && rc == PTN_OK; i++) {
        rc = ptn_restore_need(r, r->m.entries[i].sha256, 0);

        if (rc == PTN_OK) {
            rc = ptn_ops_object(r->store, r->object, r->m.entries[i].sha256,
                                false, path);
        }

        if (rc == PTN_OK) {
            rc = ptn_ops_open_ro(path, &db);
        }

        if (rc == PTN_OK) {
            rc = ptn_ops_blobs(db, ptn_restore_need, r);
            sqlite3_close(db);
        }
    }

    return rc;
}


static void
ptn_restore_prune_dir(ptn_restore_t *r, const char *name)
{
    DIR            *dir;
    char            path[PTN_OPS_PATH], file[PTN_OPS_PATH], stem[63];
    u_char          sha[32];
    struct stat     st;
    struct dirent  *de;

    if (ptn_ops_path(path, "%s/%s", r->object, name) != PTN_OK
        || (dir = opendir(path)) == NULL)
    {
        return;
    }

    while ((de = readdir(dir)) != NULL) {
        snprintf(stem, sizeof(stem), "%.62s", de->d_name);

        if (!ptn_blob_unhex(name, stem, sha)
            || ptn_ops_path(file, "%s/%s", path, de->d_name) != PTN_OK)
        {
            continue;
        }

        /* what an interrupted run has left, too: "....new" */

        if (strlen(de->d_name) == 62) {
            sqlite3_bind_blob(r->has, 1, sha, 32, SQLITE_TRANSIENT);

            if (sqlite3_step(r->has) == SQLITE_ROW) {
                sqlite3_reset(r->has);
                continue;
            }

            sqlite3_reset(r->has);
        }

        if (stat(file, &st) == 0 && unlink(file) == 0) {
            r->freed += (uint64_t) st.st_size;
        }
    }

    closedir(dir);
}


ptn_rc_t
ptn_backup_prune(ptn_store_t *store, const char *dir, const ptn_ops_t *ops,
    uint64_t *ret_bytes)
{
    int            i;
    char           name[3];
    ptn_rc_t       rc;
    ptn_restore_t  r;

    rc = ptn_restore_open(&r, store, dir, ops);

    if (rc == PTN_OK) {
        rc = ptn_restore_needs(&r);
    }

    for (i = 0; i < 256 && rc == PTN_OK; i++) {
        snprintf(name, sizeof(name), "%02x", i);
        ptn_restore_prune_dir(&r, name);
    }

    sqlite3_finalize(r.add);
    sqlite3_finalize(r.has);
    sqlite3_close(r.need);
    ptn_restore_close(&r);

    if (rc == PTN_OK) {
        *ret_bytes = r.freed;
    }

    return rc;
}


/* ---- restoring ---------------------------------------------------------- */

/* A blob of the database that is in the stage. */

static ptn_rc_t
ptn_restore_blob(void *ctx, const u_char sha256[32], uint64_t size PTN_UNUSED)
{
    char            from[PTN_OPS_PATH], to[PTN_OPS_PATH], dir[PTN_OPS_PATH];
    ptn_rc_t        rc;
    ptn_restore_t  *r = ctx;

    rc = ptn_ops_object(r->store, r->object, sha256, false, from);

    if (rc == PTN_OK) {
        rc = ptn_ops_path(dir, "%s/blob", r->stage.mb->dir);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_object(r->store, dir, sha256, !r->made[sha256[0]], to);
        r->made[sha256[0]] = true;
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_take(r->store, from, to, sha256, false);
    }

    if (rc == PTN_ECORRUPT || rc == PTN_ENOTFOUND) {
        ptn_ops_report(r->ops, "blob %s: %s", from, ptn_err(rc)->name);
        return PTN_ECORRUPT;
    }

    ptn_ops_progress(r->ops, "blobs", ++r->done, r->entry->blobs);

    return rc;
}


/*
 * Numbers: the epoch goes beyond that of the mark and of the copy, so that the
 * opening of it begins a new incarnation (ptn_epoch_open), above all ceilings.
 * In another's place moves that were under way are not its own.
 */

static ptn_rc_t
ptn_restore_rows(ptn_restore_t *r, const ptn_user_t *user)
{
    char           text[256];
    int64_t        version, epoch;
    ptn_rc_t       rc;
    uint64_t       last;
    ptn_mbox_t    *mb;
    sqlite3_stmt  *st;

    mb = r->stage.mb;

    rc = ptn_schema_known(mb, &version);

    if (rc == PTN_OK) {
        rc = ptn_sql_number(mb, "SELECT epoch FROM meta", &epoch);
    }

    if (rc == PTN_OK) {
        rc = ptn_epoch_last(r->store, user->mailbox, &last);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (epoch < 0 || epoch > INT32_MAX) {
        return PTN_ECORRUPT;
    }

    snprintf(text, sizeof(text), "UPDATE meta SET deleted=0, guid=?1,"
             " epoch=%llu",
             (unsigned long long) ptn_max(last, (uint64_t) epoch) + 1);

    if (sqlite3_prepare_v2(mb->db, text, -1, &st, NULL) != SQLITE_OK) {
        return PTN_ECORRUPT;
    }

    sqlite3_bind_blob(st, 1, user->mailbox.b, 16, SQLITE_STATIC);
    rc = ptn_sql_step(mb, st);
    sqlite3_finalize(st);

    if (rc == PTN_OK && version >= 2
        && !ptn_guid_eq(r->entry->guid, user->mailbox))
    {
        rc = ptn_sql_exec(mb, "DELETE FROM intent; DELETE FROM moving");

        if (rc == PTN_OK && version >= 3) {
            rc = ptn_sql_exec(mb, "DELETE FROM parting;"
                              " DELETE FROM receipt");
        }
    }

    return rc;
}


static ptn_rc_t
ptn_restore_stage(ptn_restore_t *r, const ptn_user_t *user)
{
    char      from[PTN_OPS_PATH], to[PTN_OPS_PATH];
    u_char    sha[32];
    ptn_rc_t  rc;
    uint64_t  size;

    rc = ptn_ops_object(r->store, r->object, r->entry->sha256, false, from);

    if (rc == PTN_OK) {
        rc = ptn_ops_path(to, "%s/mailbox.sqlite", r->stage.mb->dir);
    }

    if (rc == PTN_OK) {
        ptn_ops_progress(r->ops, "database", 0, r->entry->size);
        rc = ptn_ops_copy(r->store, from, to, sha, &size);
    }

    if (rc == PTN_ENOTFOUND
        || (rc == PTN_OK && memcmp(sha, r->entry->sha256, 32) != 0))
    {
        ptn_ops_report(r->ops, "database %s: %s", from,
                       rc == PTN_OK ? "is damaged" : ptn_err(rc)->name);
        return PTN_ECORRUPT;
    }

    if (rc == PTN_OK) {
        rc = ptn_stage_db(&r->stage, false);
    }

    if (rc == PTN_OK) {
        rc = ptn_restore_rows(r, user);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_path(to, "%s/blob", r->stage.mb->dir);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_mkdir(r->store, to);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_blobs(r->stage.mb->db, ptn_restore_blob, r);
    }

    return (rc == PTN_OK) ? ptn_stage_close_db(&r->stage) : rc;
}


ptn_rc_t
ptn_restore_mailbox(ptn_store_t *store, const char *dir, ptn_str_t from,
    const ptn_user_t *user, bool replace, const ptn_ops_t *ops)
{
    size_t          i;
    ptn_rc_t        rc;
    ptn_mbox_t     *mb;
    ptn_restore_t   r;

    if (store->batch != NULL) {
        return PTN_EBUSY;
    }

    rc = ptn_restore_open(&r, store, dir, ops);

    for (i = 0; rc == PTN_OK && r.entry == NULL; i++) {
        if (i == r.m.n) {
            rc = PTN_ENOTFOUND;

        } else if (ptn_str_ieq(r.m.entries[i].address, from)) {
            r.entry = &r.m.entries[i];
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_stage_open(&r.stage, store, user, "restore", false);
    }

    if (rc == PTN_OK) {
        rc = PTN_EEXIST;

        if (replace || access(r.stage.place, F_OK) == -1) {
            rc = ptn_restore_stage(&r, user);
        }

        if (rc == PTN_OK) {
            rc = ptn_stage_place(&r.stage, replace);
        }

        ptn_stage_done(&r.stage, false);
    }

    ptn_restore_close(&r);

    /* the new incarnation begins now, not with the first to sign in */

    if (rc == PTN_OK) {
        rc = ptn_mbox_open_made(store, user, &mb);
    }

    return rc;
}


ptn_rc_t
ptn_restore_directory(ptn_store_t *store, const char *dir, const char *path)
{
    char           from[PTN_OPS_PATH], tmp[PTN_OPS_PATH];
    u_char         sha[32];
    ptn_rc_t       rc;
    uint64_t       size;
    ptn_restore_t  r;

    rc = ptn_restore_open(&r, store, dir, NULL);

    if (rc == PTN_OK && !r.m.directory) {
        rc = PTN_ENOTFOUND;
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_object(store, r.object, r.m.directory_sha256, false,
                            from);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_path(tmp, "%s.restored", path);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_copy(store, from, tmp, sha, &size);
    }

    if (rc == PTN_OK && memcmp(sha, r.m.directory_sha256, 32) != 0) {
        rc = PTN_ECORRUPT;
    }

    if (rc == PTN_OK && store->io->link(store->io, tmp, path) == -1) {
        rc = (errno == EEXIST) ? PTN_EEXIST : ptn_errno_rc(errno);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_sync_parent(store, path);
    }

    if (r.pool != NULL && ptn_ops_path(tmp, "%s.restored", path) == PTN_OK) {
        unlink(tmp);
    }

    ptn_restore_close(&r);

    return rc;
}
