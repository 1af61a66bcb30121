/*
 * Import (ptn_store_ops.h).  What the rows say is checked like any mailbox
 * from elsewhere before anybody gets to see it.
 *
 * It is read into a stage.  Every so often that is committed, and then the
 * place in the file is noted.  A file that was interrupted is read from its
 * beginning for the checksum, but what was noted is passed over.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_import.h"


/* ---- the stage ---------------------------------------------------------- */

ptn_rc_t
ptn_import_note(ptn_import_t *x)
{
    int        fd;
    char       path[PTN_OPS_PATH];
    u_char     p[40];
    size_t     i;
    ptn_rc_t   rc;

    rc = ptn_sql_exec(x->stage.mb, "COMMIT");

    if (rc == PTN_OK) {
        rc = ptn_sql_exec(x->stage.mb, "BEGIN IMMEDIATE");
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_path(path, "%s/offset", x->stage.mb->dir);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    memcpy(p, x->id, 32);

    for (i = 0; i < 8; i++) {
        p[32 + i] = (u_char) (x->at >> (8 * i));
    }

    fd = open(path, O_WRONLY|O_CREAT|O_CLOEXEC, 0600);

    if (fd != -1) {
        rc = (pwrite(fd, p, sizeof(p), 0) == sizeof(p)) ? PTN_OK : PTN_EIO;
        close(fd);
    }

    x->committed = x->at;
    ptn_ops_progress(x->ops, "import", x->at, x->total);

    return (fd == -1) ? PTN_EIO : rc;
}


/* The same file as the stage was made of: goes on.  Its beginning, with guid
 * and counters, its length and its end, with the checksum, tell. */

ptn_rc_t
ptn_import_same(ptn_import_t *x, bool *ret_same)
{
    int           fd;
    char          path[PTN_OPS_PATH];
    u_char        p[1024 + 96], q[40];
    ssize_t       n, m;
    unsigned      len;
    ptn_rc_t      rc;
    struct stat   st;

    if (fstat(x->fd, &st) == -1 || !S_ISREG(st.st_mode)) {
        return PTN_EINVAL;
    }

    x->total = (uint64_t) st.st_size;
    memset(p, 0, sizeof(p));
    n = pread(x->fd, p, 1024, 0);
    m = pread(x->fd, p + 1024, 64, st.st_size > 64 ? st.st_size - 64 : 0);
    memcpy(p + 1088, &st.st_size, sizeof(st.st_size));

    if (n == -1 || m == -1
        || EVP_Digest(p, sizeof(p), x->id, &len, EVP_sha256(), NULL) != 1)
    {
        return PTN_EIO;
    }

    *ret_same = false;
    rc = ptn_ops_path(path, "%s/offset", x->stage.mb->dir);

    if (rc != PTN_OK || (fd = open(path, O_RDONLY|O_CLOEXEC)) == -1) {
        return rc;
    }

    if (pread(fd, q, sizeof(q), 0) == sizeof(q)
        && memcmp(q, x->id, 32) == 0)
    {
        *ret_same = true;
        x->noted = ptn_import_number(q + 32, 8);
    }

    close(fd);

    return PTN_OK;
}


static ptn_rc_t
ptn_import_stage(ptn_import_t *x)
{
    bool      same;
    int64_t   n;
    ptn_rc_t  rc;

    rc = ptn_stage_open(&x->stage, x->store, x->user, "import", true);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_import_same(x, &same);

    if (rc == PTN_OK && !same) {
        ptn_stage_done(&x->stage, true);
        rc = ptn_stage_open(&x->stage, x->store, x->user, "import", false);
    }

    if (rc == PTN_OK) {
        rc = ptn_stage_db(&x->stage, true);
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_exec(x->stage.mb, "BEGIN IMMEDIATE");
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_number(x->stage.mb, "SELECT count(*) FROM sqlite_schema",
                            &n);
    }

    if (rc == PTN_OK && n == 0) {
        x->noted = 0;
        rc = ptn_schema_make(x->stage.mb, PTN_SCHEMA_VERSION);
    }

    return rc;
}


/* What must be of its new place. */

static ptn_rc_t
ptn_import_meta(ptn_import_t *x, uint64_t epoch)
{
    size_t         i;
    int64_t        n;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    static const char *const  texts[] = {
        "UPDATE meta SET guid=?1, deleted=0, v_schema=?2,"
            " event_first=event+1, indexed=0, v_tokens=0",  /* no index came */
        "UPDATE meta SET epoch=max(epoch, ?3) + 1 WHERE ?3<>0",
        "DELETE FROM event", "DELETE FROM intent", "DELETE FROM moving",
        "DELETE FROM parting", "DELETE FROM receipt"
    };

    rc = ptn_sql_number(x->stage.mb, "SELECT count(*) FROM meta WHERE"
                        " typeof(epoch)='integer' AND epoch BETWEEN 1 AND"
                        " 2147000000 AND typeof(event)='integer'"
                        " AND event BETWEEN 0 AND 140737488355327", &n);

    if (rc != PTN_OK || n != 1) {
        return (rc == PTN_OK) ? PTN_ECORRUPT : rc;
    }

    for (i = 0; i < ptn_nelts(texts) && rc == PTN_OK; i++) {
        if (sqlite3_prepare_v2(x->stage.mb->db, texts[i], -1, &st, NULL)
            != SQLITE_OK)
        {
            return PTN_ECORRUPT;
        }

        sqlite3_bind_blob(st, 1, x->user->mailbox.b, 16, SQLITE_STATIC);
        sqlite3_bind_int(st, 2, PTN_SCHEMA_VERSION);
        sqlite3_bind_int64(st, 3, (sqlite3_int64) epoch);
        rc = ptn_sql_step(x->stage.mb, st);
        sqlite3_finalize(st);
    }

    return (rc == PTN_OK) ? ptn_sql_exec(x->stage.mb, "COMMIT") : rc;
}


/* Has it never had a message? */

static ptn_rc_t
ptn_import_empty(ptn_import_t *x, bool *ret_empty)
{
    int64_t      n;
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    rc = ptn_mbox_open_made(x->store, x->user, &mb);

    if (rc == PTN_ENOTFOUND) {
        *ret_empty = true;
        return PTN_OK;
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_number(mb, "SELECT (SELECT count(*) FROM message)"
                            " + (SELECT count(*) FROM tombstone)", &n);
        *ret_empty = (n == 0);
    }

    return rc;
}


static void
ptn_import_line(void *ctx, const char *line)
{
    ptn_import_t  *x = ctx;

    ptn_ops_report(x->ops, "%s", line);
}


/* All of it, with its numbers; those of another mailbox are not given on. */

ptn_rc_t
ptn_import_whole(ptn_import_t *x)
{
    int64_t   epoch, cn, oid;
    ptn_rc_t  rc;
    uint64_t  last;

    rc = ptn_epoch_last(x->store, x->user->mailbox, &last);

    if (rc == PTN_OK) {
        rc = ptn_import_meta(x, ptn_guid_eq(x->guid, x->user->mailbox)
                                ? 0 : last + 1);
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_number(x->stage.mb, "SELECT epoch FROM meta", &epoch);
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_number(x->stage.mb, "SELECT cn FROM meta", &cn);
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_number(x->stage.mb, "SELECT oid FROM meta", &oid);
    }

    if (rc == PTN_OK) {
        rc = ptn_stage_close_db(&x->stage);
    }

    if (rc == PTN_OK) {
        rc = ptn_stage_place(&x->stage, true);
    }

    /* a mark of the same epoch knows best whether it is behind */

    if (rc == PTN_OK && ptn_guid_eq(x->guid, x->user->mailbox)
        && (uint64_t) epoch > last && cn >= 0
        && (uint64_t) cn <= PTN_META_NUMBERS
        && oid >= 0 && (uint64_t) oid <= PTN_META_NUMBERS)
    {
        rc = ptn_epoch_create(x->store, x->user->mailbox, (uint64_t) epoch,
                              (uint64_t) cn, (uint64_t) oid);
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_check(x->store, x->user, false, NULL, NULL);

        if (rc == PTN_ECORRUPT) {
            rc = ptn_mbox_check(x->store, x->user, true, ptn_import_line, x);
        }
    }

    return rc;
}


ptn_rc_t
ptn_mbox_import(ptn_store_t *store, const ptn_user_t *user, int fd,
    const char *under, const ptn_ops_t *ops)
{
    bool          empty, left, whole, done;
    ptn_rc_t      rc;
    ptn_import_t  x;

    if (store->batch != NULL) {
        return PTN_EBUSY;
    }

    memset(&x, 0, sizeof(x));
    x.store = store;
    x.user = user;
    x.ops = ops;
    x.fd = fd;
    x.blob = -1;
    x.stage.fd = -1;
    x.hash = EVP_MD_CTX_new();
    x.blob_hash = EVP_MD_CTX_new();
    rc = (x.hash != NULL && x.blob_hash != NULL
          && EVP_DigestInit_ex(x.hash, EVP_sha256(), NULL) == 1)
         ? ptn_import_empty(&x, &empty) : PTN_ENOMEM;
    left = false;
    whole = false;
    done = false;

    if (rc == PTN_OK && !empty && under == NULL) {
        rc = PTN_EINVAL;
    }

    if (rc == PTN_OK) {
        rc = ptn_import_left(&x, &left);
    }

    if (rc == PTN_OK && !empty) {
        rc = ptn_import_done(&x, &done);
    }

    if (rc == PTN_OK && done && !left) {
        rc = PTN_EEXIST;

    } else if (rc == PTN_OK && left && under != NULL) {
        rc = ptn_import_merge(&x, under, false);

    } else if (rc == PTN_OK) {
        rc = ptn_import_stage(&x);

        if (rc == PTN_OK) {
            rc = ptn_import_records(&x);
            whole = (rc == PTN_OK);
        }

        sqlite3_finalize(x.insert);
        x.insert = NULL;

        if (rc == PTN_OK) {
            rc = (empty && under == NULL) ? ptn_import_whole(&x)
                                          : ptn_import_merge(&x, under, true);
        }
    }

    if (x.blob != -1) {
        store->io->close(store->io, x.blob);
    }

    /* what a damaged file has left is of no use; else the next run goes on */

    ptn_stage_done(&x.stage, rc != PTN_ECORRUPT && !whole && rc != PTN_OK);
    EVP_MD_CTX_free(x.hash);
    EVP_MD_CTX_free(x.blob_hash);
    free(x.p);

    return rc;
}
