/*
 * A mailbox to another ROOT (ptn_mbox_relocate): the same incarnation, every
 * number and state that was given out stays good there.
 *
 *   1  blobs are copied, then the database from one snapshot, into a stage
 *      there, while the mailbox is used; the snapshot is kept open, so that
 *      whatever is committed later stays in the WAL
 *   2  the mailbox is frozen here: the lock that every commit needs is held
 *      exclusively.  The pages that the WAL names are copied again, from the
 *      database after a checkpoint, and the blobs that have come
 *   3  there: the copy is put in its place, not live yet: meta.deleted 3, and
 *      a file "arriving" says what it waits for
 *   4  here: the mailbox is exchanged for a gravestone, by one rename: its
 *      meta.deleted is 2, its file "moved" says where the mailbox is
 *   5  there: it is live
 *
 * Step 4 decides, alone.  Before it the mailbox lives here, after it there:
 * who opens one that is arriving looks for the gravestone that it waits for.
 * Where he cannot see this ROOT, or the one here was opened, it is a temporary
 * failure until the command was repeated.
 *
 * "moved" and "arriving" are the token of that move in hex, a line feed, the
 * absolute path of the other one.
 */

#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_ops.h"


#define PTN_RELOCATE_TRIES    3
#define PTN_RELOCATE_BLOBS    500           /* rows of one query */
#define PTN_RELOCATE_TOKEN    33            /* with its line feed */
#define PTN_RELOCATE_WAL      32            /* bytes of its header */
#define PTN_RELOCATE_FRAME    24            /* of a frame's */

typedef struct {
    ptn_store_t        *from, *to;
    const ptn_user_t   *user;
    const ptn_ops_t    *ops;
    ptn_mbox_t         *mb;
    ptn_stage_t         stage;              /* there */
    ptn_stage_t         grave;              /* here */
    char                token[PTN_RELOCATE_TOKEN + 1];
    char                db[PTN_OPS_PATH];   /* the stage's */
    u_char             *pages;              /* a bit for each */
    uint64_t            npages;
    bool                frozen;
    uint64_t            epoch, cn, oid;
    ptn_relocated_t     done;
} ptn_relocate_t;


/* ---- "moved", "arriving" ----------------------------------------------- */

static ptn_rc_t
ptn_relocate_write(ptn_store_t *store, const char *dir, const char *name,
    const char *token, const char *other)
{
    int        fd;
    char       path[PTN_OPS_PATH], text[PTN_OPS_PATH];
    ptn_io_t  *io;
    ptn_rc_t   rc;

    io = store->io;
    rc = ptn_ops_path(path, "%s/%s", dir, name);

    if (rc == PTN_OK) {
        rc = ptn_ops_path(text, "%s%s", token, other);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    fd = io->open(io, path, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0600);
    if (fd == -1) {
        return ptn_errno_rc(errno);
    }

    if (ptn_io_write_all(io, fd, text, strlen(text), 0) == -1
        || (store->conf->fsync
            && io->fdatasync(io, fd, PTN_IO_BLOB) == -1))
    {
        rc = ptn_errno_rc(errno);
    }

    io->close(io, fd);

    return rc;
}


/* ENOTFOUND: there is none, or none of ours.  other[0] may be '\0'. */

static ptn_rc_t
ptn_relocate_read(const char *dir, const char *name,
    char token[PTN_RELOCATE_TOKEN + 1], char other[PTN_OPS_PATH])
{
    int      fd;
    char     path[PTN_OPS_PATH];
    ssize_t  n;

    if (ptn_ops_path(path, "%s/%s", dir, name) != PTN_OK) {
        return PTN_ENOTFOUND;
    }

    fd = open(path, O_RDONLY|O_CLOEXEC|O_NOFOLLOW|O_NONBLOCK);
    if (fd == -1) {
        return PTN_ENOTFOUND;
    }

    n = pread(fd, token, PTN_RELOCATE_TOKEN, 0);

    if (n == PTN_RELOCATE_TOKEN && token[n - 1] == '\n') {
        token[n] = '\0';
        n = pread(fd, other, PTN_OPS_PATH - 1, PTN_RELOCATE_TOKEN);

    } else {
        n = -1;
    }

    close(fd);

    if (n < 0 || strlen(token) != PTN_RELOCATE_TOKEN) {
        return PTN_ENOTFOUND;
    }

    other[n] = '\0';

    return PTN_OK;
}


static ptn_rc_t
ptn_relocate_token(char token[PTN_RELOCATE_TOKEN + 1])
{
    int     i;
    u_char  p[16];

    if (RAND_bytes(p, sizeof(p)) != 1) {
        return PTN_EINTERNAL;
    }

    for (i = 0; i < 16; i++) {
        sprintf(token + 2 * i, "%02x", p[i]);
    }

    strcpy(token + 32, "\n");

    return PTN_OK;
}


/* Is it live there, now that it left here?  `mb` is closed. */

ptn_rc_t
ptn_relocate_arrived(ptn_mbox_t *mb)
{
    char      mine[PTN_RELOCATE_TOKEN + 1], its[PTN_RELOCATE_TOKEN + 1];
    char      from[PTN_OPS_PATH], here[PTN_OPS_PATH], path[PTN_OPS_PATH];
    ptn_rc_t  rc;

    rc = ptn_relocate_read(mb->dir, "arriving", mine, from);

    if (rc == PTN_OK) {
        rc = ptn_relocate_read(from, "moved", its, here);
    }

    if (rc != PTN_OK || strcmp(mine, its) != 0) {
        return PTN_EUNAVAIL;
    }

    rc = ptn_ops_path(path, "%s/mailbox.sqlite", mb->dir);

    if (rc == PTN_OK) {
        rc = ptn_sql_open(mb, path, false);
    }

    if (rc == PTN_OK) {
        rc = ptn_schema_check(mb);

        if (rc == PTN_OK) {
            rc = ptn_sql_exec(mb, "UPDATE meta SET deleted=0 WHERE deleted=3");
        }

        ptn_sql_close(mb);
    }

    if (rc == PTN_OK
        && ptn_ops_path(path, "%s/arriving", mb->dir) == PTN_OK)
    {
        unlink(path);
    }

    return rc;
}


ptn_rc_t
ptn_mbox_moved_to(ptn_store_t *store, const ptn_user_t *user, char *path,
    size_t size)
{
    char       token[PTN_RELOCATE_TOKEN + 1], other[PTN_OPS_PATH], *dir;
    ptn_rc_t   rc;

    rc = ptn_mbox_path(store->conf, user->address, &dir);

    if (rc == PTN_OK) {
        rc = ptn_relocate_read(dir, "moved", token, other);
        free(dir);
    }

    if (rc == PTN_OK
        && snprintf(path, size, "%s", other) >= (int) size)
    {
        rc = PTN_EINVAL;
    }

    return rc;
}


/* What is left here of one that moved away, when its user goes. */

ptn_rc_t
ptn_relocate_forget(ptn_store_t *store, const ptn_user_t *user)
{
    char      gone[PTN_OPS_PATH], root[PTN_OPS_PATH], *dir;
    ptn_rc_t  rc;

    if (ptn_mbox_moved_to(store, user, root, sizeof(root)) != PTN_OK) {
        return PTN_EUNAVAIL;
    }

    rc = ptn_mbox_path(store->conf, user->address, &dir);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_ops_path(gone, "%.*s/.gone%s",
                      (int) (strrchr(dir, '/') - dir), dir,
                      strrchr(dir, '/') + 1);

    if (rc == PTN_OK) {
        ptn_ops_remove(gone);

        if (store->io->rename(store->io, dir, gone) == -1) {
            rc = ptn_errno_rc(errno);
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_sync_parent(store, dir);
        ptn_ops_remove(gone);
        ptn_epoch_delete(store, user->mailbox);
    }

    free(dir);

    return rc;
}


/* ---- 1: what can be copied while it is used ---------------------------- */

static ptn_rc_t
ptn_relocate_blob(ptn_relocate_t *r, const u_char sha256[32])
{
    char         from[PTN_BLOB_PATH], to[PTN_OPS_PATH], dir[PTN_OPS_PATH];
    ptn_rc_t     rc;
    struct stat  a, b;

    rc = ptn_blob_path(r->mb, sha256, from, sizeof(from));

    if (rc == PTN_OK) {
        rc = ptn_ops_path(dir, "%s/blob", r->stage.mb->dir);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_object(r->to, dir, sha256, false, to);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (stat(from, &a) == -1) {
        ptn_ops_report(r->ops, "blob %s: %s", from, strerror(errno));
        return PTN_ECORRUPT;
    }

    if (stat(to, &b) == 0 && a.st_size == b.st_size) {
        return PTN_OK;              /* whole: it has its name */
    }

    rc = ptn_ops_object(r->to, dir, sha256, true, to);

    if (rc == PTN_OK) {
        rc = ptn_ops_take(r->to, from, to, sha256, false);
    }

    if (rc != PTN_OK) {
        ptn_ops_report(r->ops, "blob %s: %s", from, ptn_err(rc)->name);
        return (rc == PTN_ENOTFOUND) ? PTN_ECORRUPT : rc;
    }

    r->done.bytes += (uint64_t) a.st_size;
    r->done.blobs++;

    return PTN_OK;
}


/* Some rows at a time: no snapshot is held while they are copied. */

static ptn_rc_t
ptn_relocate_blobs(ptn_relocate_t *r)
{
    size_t         i, n;
    u_char         at[32], sha[PTN_RELOCATE_BLOBS][32];
    int64_t        all;
    ptn_rc_t       rc;
    uint64_t       done;
    sqlite3_stmt  *st;

    memset(at, 0, sizeof(at));
    done = 0;
    rc = ptn_sql_number(r->mb, "SELECT count(*) FROM blob WHERE refs>0", &all);

    do {
        if (rc != PTN_OK) {
            return rc;
        }

        if (sqlite3_prepare_v2(r->mb->db, "SELECT sha256 FROM blob WHERE"
                               " refs>0 AND sha256>=?1 AND length(sha256)=32"
                               " ORDER BY sha256 LIMIT 500", -1, &st, NULL)
            != SQLITE_OK)
        {
            return PTN_ECORRUPT;
        }

        sqlite3_bind_blob(st, 1, at, 32, SQLITE_STATIC);

        for (n = 0; n < PTN_RELOCATE_BLOBS
                    && (rc = ptn_sql_step(r->mb, st)) == PTN_AGAIN; n++)
        {
            memcpy(sha[n], sqlite3_column_blob(st, 0), 32);
        }

        sqlite3_finalize(st);
        rc = (rc == PTN_AGAIN) ? PTN_OK : rc;

        for (i = 0; i < n && rc == PTN_OK; i++) {
            rc = ptn_relocate_blob(r, sha[i]);

            if (!r->frozen) {
                ptn_ops_progress(r->ops, "blobs", ++done, (uint64_t) all);
            }
        }

        /* behind the last one */

        if (n != 0) {
            memcpy(at, sha[n - 1], 32);

            for (i = 32; i-- > 0 && ++at[i] == 0; ) {
                /* void */
            }
        }

    } while (n == PTN_RELOCATE_BLOBS);

    return rc;
}


/* Leaves its snapshot open: it begins with the first that is read. */

static ptn_rc_t
ptn_relocate_database(ptn_relocate_t *r)
{
    size_t       i;
    char         path[PTN_OPS_PATH];
    int64_t      n;
    ptn_rc_t     rc;
    struct stat  st;

    static const char *const  left[] = { "-wal", "-shm", "-journal" };

    for (i = 0; i < ptn_nelts(left); i++) {
        if (ptn_ops_path(path, "%s%s", r->db, left[i]) == PTN_OK) {
            unlink(path);
        }
    }

    ptn_mbox_read_end(r->mb);
    ptn_mbox_forget(r->mb);
    rc = ptn_sql_run(r->mb, PTN_SQL_BEGIN_READ, 0);

    if (rc == PTN_OK) {
        rc = ptn_sql_number(r->mb, "SELECT count(*) FROM sqlite_schema", &n);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_copy_db(r->to, r->mb->db, r->db, "database", r->ops);
    }

    if (rc == PTN_OK && stat(r->db, &st) == 0) {
        r->done.bytes += (uint64_t) st.st_size;
    }

    return rc;
}


/* ---- 2: frozen --------------------------------------------------------- */

static sqlite3_file *
ptn_relocate_file(ptn_relocate_t *r, int which)
{
    sqlite3_file  *f;

    f = NULL;
    (void) sqlite3_file_control(r->mb->db, "main", which, &f);

    return (f != NULL && f->pMethods != NULL) ? f : NULL;
}


static ptn_rc_t
ptn_relocate_mark(ptn_relocate_t *r, uint64_t page)
{
    u_char    *more;
    uint64_t   n;

    if (page >= r->npages) {
        n = ptn_max(2 * r->npages, page + 65536);
        more = realloc(r->pages, (size_t) (n / 8 + 1));
        if (more == NULL) {
            return PTN_ENOMEM;
        }

        memset(more + (r->npages ? r->npages / 8 + 1 : 0), 0,
               (size_t) (n / 8 + 1 - (r->npages ? r->npages / 8 + 1 : 0)));
        r->pages = more;
        r->npages = n;
    }

    r->pages[page / 8] |= (u_char) (1 << page % 8);

    return PTN_OK;
}


/*
 * Every page that any frame of the WAL names, whoever wrote it and whether it
 * was committed: while the snapshot is open the WAL is not begun anew with
 * frames in it that are younger than the snapshot.
 */

static ptn_rc_t
ptn_relocate_changed(ptn_relocate_t *r)
{
    u_char          p[4];
    ptn_rc_t        rc;
    sqlite3_file   *f;
    sqlite3_int64   size, off;

    f = ptn_relocate_file(r, SQLITE_FCNTL_JOURNAL_POINTER);
    size = 0;

    if (f != NULL && f->pMethods->xFileSize(f, &size) != SQLITE_OK) {
        return PTN_EIO;
    }

    rc = ptn_relocate_mark(r, 1);

    for (off = PTN_RELOCATE_WAL;
         rc == PTN_OK && off + PTN_RELOCATE_FRAME <= size;
         off += PTN_RELOCATE_FRAME + PTN_PAGE)
    {
        if (f->pMethods->xRead(f, p, 4, off) != SQLITE_OK) {
            return PTN_EIO;
        }

        rc = ptn_relocate_mark(r, (uint64_t) p[0] << 24
                                  | (uint64_t) p[1] << 16
                                  | (uint64_t) p[2] << 8 | p[3]);
    }

    return rc;
}


/* Nobody has the stage's database open, so it is a file like any other. */

static ptn_rc_t
ptn_relocate_pages(ptn_relocate_t *r)
{
    int             fd;
    u_char          page[PTN_PAGE];
    ptn_io_t       *io;
    ptn_rc_t        rc;
    uint64_t        n, i;
    sqlite3_file   *f;
    sqlite3_int64   size;

    io = r->to->io;
    f = ptn_relocate_file(r, SQLITE_FCNTL_FILE_POINTER);

    if (f == NULL || f->pMethods->xFileSize(f, &size) != SQLITE_OK) {
        return PTN_EIO;
    }

    fd = io->open(io, r->db, O_RDWR|O_CLOEXEC, 0);
    if (fd == -1) {
        return ptn_errno_rc(errno);
    }

    n = (uint64_t) size / PTN_PAGE;
    rc = PTN_OK;

    for (i = 1; i <= n && i < r->npages && rc == PTN_OK; i++) {
        if (!(r->pages[i / 8] & 1 << i % 8)) {
            continue;
        }

        if (f->pMethods->xRead(f, page, PTN_PAGE,
                               (sqlite3_int64) ((i - 1) * PTN_PAGE))
            != SQLITE_OK)
        {
            rc = PTN_EIO;

        } else if (ptn_io_write_all(io, fd, page, PTN_PAGE,
                                    (off_t) ((i - 1) * PTN_PAGE)) == -1)
        {
            rc = ptn_errno_rc(errno);
        }

        r->done.caught_up += PTN_PAGE;
    }

    if (rc == PTN_OK
        && (io->ftruncate(io, fd, size) == -1
            || (r->to->conf->fsync
                && io->fdatasync(io, fd, PTN_IO_BLOB) == -1)))
    {
        rc = ptn_errno_rc(errno);
    }

    io->close(io, fd);

    return rc;
}


/*
 * All commits are kept out; what has been committed goes into the database.
 * EBUSY: others would not let go for too long.
 */

static ptn_rc_t
ptn_relocate_freeze(ptn_relocate_t *r)
{
    int       frames, copied;
    int64_t   n;
    ptn_rc_t  rc;

    rc = ptn_mbox_lock(r->mb, F_WRLCK, PTN_LOCK_WRITE, PTN_BUSY_MS);
    r->frozen = (rc == PTN_OK);

    if (rc == PTN_OK) {
        rc = ptn_relocate_changed(r);
    }

    ptn_sql_run(r->mb, PTN_SQL_ROLLBACK, 0);
    ptn_mbox_forget(r->mb);

    if (rc == PTN_OK) {
        rc = ptn_sql_rc(sqlite3_wal_checkpoint_v2(r->mb->db, NULL,
                                             SQLITE_CHECKPOINT_TRUNCATE,
                                             &frames, &copied));
    }

    /* what is on its way to another mailbox arrives first */

    if (rc == PTN_OK) {
        rc = ptn_sql_number(r->mb, "SELECT (SELECT count(*) FROM intent)"
                            " + (SELECT count(*) FROM parting)", &n);
        rc = (rc == PTN_OK && n != 0) ? PTN_EBUSY : rc;
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_meta(r->mb);
    }

    if (rc == PTN_OK) {
        r->epoch = r->mb->meta.epoch;
        r->cn = r->mb->meta.cn;
        r->oid = r->mb->meta.oid;
        rc = ptn_relocate_pages(r);
    }

    return (rc == PTN_OK) ? ptn_relocate_blobs(r) : rc;
}


static void
ptn_relocate_thaw(ptn_relocate_t *r)
{
    if (r->frozen && r->mb->lock_fd != -1) {
        ptn_mbox_lock(r->mb, F_UNLCK, PTN_LOCK_WRITE, 0);
    }

    r->frozen = false;
}


/* ---- 3: in its place, not live ----------------------------------------- */

static ptn_rc_t
ptn_relocate_arriving(ptn_relocate_t *r)
{
    ptn_rc_t  rc;

    rc = ptn_stage_db(&r->stage, false);

    if (rc == PTN_OK) {
        rc = ptn_sql_exec(r->stage.mb, "UPDATE meta SET deleted=3");
    }

    if (rc == PTN_OK) {
        rc = ptn_stage_close_db(&r->stage);
    }

    return (rc == PTN_OK)
           ? ptn_relocate_write(r->to, r->stage.mb->dir, "arriving", r->token,
                                r->grave.place)
           : rc;
}


/* What is there must be nobody's: none, empty, a gravestone, arriving. */

static ptn_rc_t
ptn_relocate_place(ptn_relocate_t *r)
{
    char         token[PTN_RELOCATE_TOKEN + 1], other[PTN_OPS_PATH];
    int64_t      n;
    ptn_rc_t     rc;
    ptn_txn_t    tx = { 0 };
    ptn_mbox_t  *old;

    if (access(r->stage.place, F_OK) == -1) {
        return ptn_stage_place(&r->stage, false);
    }

    rc = ptn_mbox_open_made(r->to, r->user, &old);

    if (rc == PTN_EUNAVAIL
        && (ptn_relocate_read(r->stage.place, "moved", token, other) == PTN_OK
            || ptn_relocate_read(r->stage.place, "arriving", token, other)
               == PTN_OK))
    {
        return ptn_stage_place(&r->stage, true);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, old);
    }

    if (rc != PTN_OK) {
        return (rc == PTN_EUNAVAIL) ? PTN_EEXIST : rc;
    }

    rc = ptn_sql_number(old, "SELECT (SELECT count(*) FROM message)"
                        " + (SELECT count(*) FROM tombstone)", &n);

    if (rc == PTN_OK) {
        rc = (n != 0) ? PTN_EEXIST : ptn_stage_swap(&r->stage);
    }

    ptn_txn_done(&tx);
    ptn_store_rollback(r->to);
    ptn_mbox_close_db(old);

    if (rc == PTN_OK) {
        ptn_ops_remove(r->stage.mb->dir);
    }

    return rc;
}


/* ---- 4: the gravestone ------------------------------------------------- */

static ptn_rc_t
ptn_relocate_grave(ptn_relocate_t *r)
{
    ptn_rc_t  rc;

    rc = ptn_stage_open(&r->grave, r->from, r->user, "leave", false);

    if (rc == PTN_OK) {
        rc = ptn_stage_db(&r->grave, true);
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_exec(r->grave.mb, "BEGIN IMMEDIATE");
    }

    if (rc == PTN_OK) {
        rc = ptn_schema_create(r->grave.mb, r->grave.mb->locale);
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_exec(r->grave.mb, "UPDATE meta SET deleted=2; COMMIT");
    }

    if (rc == PTN_OK) {
        rc = ptn_stage_close_db(&r->grave);
    }

    return (rc == PTN_OK)
           ? ptn_relocate_write(r->from, r->grave.mb->dir, "moved", r->token,
                                r->to->conf->root)
           : rc;
}


/* ---- all of it --------------------------------------------------------- */

/* Frozen, until it is placed there and here is the gravestone. */

static ptn_rc_t
ptn_relocate_over(ptn_relocate_t *r)
{
    ptn_rc_t  rc;
    uint64_t  began, last;

    began = ptn_time_mono();
    rc = ptn_relocate_freeze(r);

    if (rc == PTN_OK) {
        rc = ptn_relocate_arriving(r);
    }

    if (rc == PTN_OK) {
        rc = ptn_relocate_place(r);
    }

    if (rc == PTN_OK) {
        rc = ptn_epoch_last(r->to, r->user->mailbox, &last);
    }

    /* a later one was there: it will be another incarnation */

    if (rc == PTN_OK && last <= r->epoch) {
        rc = ptn_epoch_create(r->to, r->user->mailbox, r->epoch, r->cn,
                              r->oid);
    }

    if (rc == PTN_OK) {
        rc = ptn_stage_swap(&r->grave);
    }

    r->done.frozen_ms = ptn_time_mono() - began;

    return rc;
}


static ptn_rc_t
ptn_relocate_once(ptn_relocate_t *r)
{
    ptn_rc_t  rc;

    rc = ptn_relocate_blobs(r);

    if (rc == PTN_OK) {
        rc = ptn_relocate_database(r);
    }

    if (rc == PTN_OK) {
        rc = ptn_relocate_over(r);

    } else {
        ptn_sql_run(r->mb, PTN_SQL_ROLLBACK, 0);
    }

    if (rc == PTN_OK) {
        (void) ptn_mbox_close_db(r->mb);
        ptn_content_forget(r->from, &r->user->mailbox);
        r->frozen = false;
    }

    ptn_relocate_thaw(r);
    ptn_mbox_forget(r->mb);

    return rc;
}


static ptn_rc_t
ptn_relocate_run(ptn_relocate_t *r)
{
    char      dir[PTN_OPS_PATH];
    unsigned  i;
    ptn_rc_t  rc;

    rc = ptn_relocate_token(r->token);

    if (rc == PTN_OK) {
        rc = ptn_stage_open(&r->stage, r->to, r->user, "move", true);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_path(r->db, "%s/mailbox.sqlite", r->stage.mb->dir);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_path(dir, "%s/blob", r->stage.mb->dir);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_mkdir(r->to, dir);
    }

    if (rc == PTN_OK) {
        rc = ptn_relocate_grave(r);
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_lock(r->mb, F_RDLCK, PTN_LOCK_BACKUP, PTN_BUSY_MS);
    }

    for (i = 0; rc == PTN_OK; i++) {
        rc = ptn_relocate_once(r);

        if (rc != PTN_EBUSY || i == PTN_RELOCATE_TRIES) {
            break;
        }

        rc = PTN_OK;
    }

    if (r->mb->lock_fd != -1) {
        ptn_mbox_lock(r->mb, F_UNLCK, PTN_LOCK_BACKUP, 0);
    }

    /* what was copied is kept for the next run */

    ptn_stage_done(&r->stage, rc != PTN_OK && rc != PTN_EEXIST);
    ptn_stage_done(&r->grave, false);

    return rc;
}


/* Here is a gravestone: 5, and what a crash has left. */

static ptn_rc_t
ptn_relocate_again(ptn_relocate_t *r, const char *root)
{
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    if (strcmp(root, r->to->conf->root) != 0) {
        return PTN_ENOTFOUND;
    }

    rc = ptn_mbox_open_made(r->to, r->user, &mb);

    if (rc == PTN_OK) {
        rc = ptn_stage_open(&r->grave, r->from, r->user, "leave", false);
        ptn_stage_done(&r->grave, false);
    }

    r->done.again = true;

    return rc;
}


ptn_rc_t
ptn_mbox_relocate(ptn_store_t *from, ptn_store_t *to, const ptn_user_t *user,
    const ptn_ops_t *ops, ptn_relocated_t *ret)
{
    char             root[PTN_OPS_PATH];
    ptn_rc_t         rc;
    ptn_relocate_t   r;
    ptn_mbox_t      *there;

    if (from->batch != NULL || to->batch != NULL) {
        return PTN_EBUSY;
    }

    if (strcmp(from->conf->root, to->conf->root) == 0
        || to->conf->root[0] != '/' || from->conf->root[0] != '/')
    {
        return PTN_EINVAL;
    }

    memset(&r, 0, sizeof(r));
    r.from = from;
    r.to = to;
    r.user = user;
    r.ops = ops;
    r.stage.fd = -1;
    r.grave.fd = -1;

    if (ptn_mbox_moved_to(from, user, root, sizeof(root)) == PTN_OK) {
        rc = ptn_relocate_again(&r, root);

    } else {
        rc = ptn_mbox_open(from, user, NULL, &r.mb);

        if (rc == PTN_OK) {
            rc = ptn_relocate_run(&r);
        }

        /* 5 */

        if (rc == PTN_OK) {
            rc = ptn_mbox_open_made(to, user, &there);
        }
    }

    free(r.pages);

    if (rc == PTN_OK) {
        *ret = r.done;
    }

    return rc;
}
