/*
 * Import (ptn_store_ops.h); the format: ptn_export.c.  The file is hostile:
 * every length is bounded, every name is one of our own tables and columns,
 * every blob has its hash, and what the rows say is checked like any mailbox
 * from elsewhere before anybody gets to see it.
 *
 * It is read into a stage.  Every so often that is committed, and then the
 * place in the file is noted; rows are put by their keys, so that to read some
 * of them twice does no harm.  A file that was interrupted is read from its
 * beginning for the checksum, but what was noted is passed over.
 */

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_export.h"
#include "ptn_item.h"


#define PTN_IMPORT_COMMIT   (16 * 1024 * 1024)
#define PTN_IMPORT_COLUMNS  64
#define PTN_IMPORT_MOVED    100

typedef struct {
    ptn_store_t       *store;
    const ptn_user_t  *user;
    const ptn_ops_t   *ops;
    int                fd;
    uint64_t           total;
    ptn_stage_t        stage;
    EVP_MD_CTX        *hash;
    u_char             id[32];          /* of the file */

    u_char            *p;               /* the record under way */
    size_t             len, size;
    uint64_t           at;              /* behind it */
    uint64_t           noted;           /* up to here it is in the stage */
    uint64_t           committed;

    bool               begun;
    ptn_guid_t         guid;            /* of the header */
    uint32_t           version;
    sqlite3_stmt      *insert;
    unsigned           columns;

    int                blob;            /* being written */
    EVP_MD_CTX        *blob_hash;
    u_char             blob_sha[32];
    uint64_t           blob_size, blob_left;
    char               blob_path[PTN_OPS_PATH];

    uint64_t           rows, blobs;
} ptn_import_t;


static uint64_t
ptn_import_number(const u_char *p, size_t n)
{
    uint64_t  v;

    for (v = 0; n != 0; n--) {
        v = v << 8 | p[n - 1];
    }

    return v;
}


static ptn_rc_t
ptn_import_read(ptn_import_t *x, u_char *p, size_t n)
{
    ssize_t  got;

    while (n != 0) {
        got = read(x->fd, p, n);

        if (got == -1 && errno == EINTR) {
            continue;
        }

        if (got <= 0) {
            return (got == 0) ? PTN_ECORRUPT : ptn_errno_rc(errno);
        }

        p += got;
        n -= (size_t) got;
        x->at += (uint64_t) got;
    }

    return PTN_OK;
}


/* Memory grows with what is there, not with what a length says. */

static ptn_rc_t
ptn_import_record(ptn_import_t *x, u_char *kind)
{
    size_t    n, step, size;
    u_char    head[PTN_EXPORT_HEAD], *more;
    ptn_rc_t  rc;

    rc = ptn_import_read(x, head, sizeof(head));
    if (rc != PTN_OK) {
        return rc;
    }

    n = (size_t) ptn_import_number(head, 4);
    *kind = head[4];

    if (n > PTN_EXPORT_RECORD) {
        return PTN_ECORRUPT;
    }

    if (*kind != PTN_EXPORT_END) {
        EVP_DigestUpdate(x->hash, head, sizeof(head));
    }

    for (x->len = 0; x->len < n; x->len += step) {
        step = ptn_min(n - x->len, (size_t) 1024 * 1024);

        if (x->len + step > x->size) {
            size = ptn_max(2 * x->size, x->len + step);
            more = realloc(x->p, size);
            if (more == NULL) {
                return PTN_ENOMEM;
            }

            x->p = more;
            x->size = size;
        }

        rc = ptn_import_read(x, x->p + x->len, step);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    if (*kind != PTN_EXPORT_END && x->len != 0) {
        EVP_DigestUpdate(x->hash, x->p, x->len);
    }

    return PTN_OK;
}


/* ---- records ---------------------------------------------------------------- */

static ptn_rc_t
ptn_import_header(ptn_import_t *x)
{
    if (x->len < 20 || x->version != 0) {
        return PTN_ECORRUPT;
    }

    x->version = (uint32_t) ptn_import_number(x->p, 4);
    memcpy(x->guid.b, x->p + 4, 16);

    if (x->version > PTN_SCHEMA_VERSION) {
        return PTN_EVERSION;
    }

    return (x->version == 0) ? PTN_ECORRUPT : PTN_OK;
}


static bool
ptn_import_name(ptn_import_t *x, size_t *at, char name[64])
{
    size_t  n;

    if (x->len - *at < 2) {
        return false;
    }

    n = (size_t) ptn_import_number(x->p + *at, 2);
    *at += 2;

    if (n == 0 || n >= 48 || x->len - *at < n) {
        return false;
    }

    memcpy(name, x->p + *at, n);
    name[n] = '\0';
    *at += n;

    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}


static ptn_rc_t
ptn_import_is_table(void *ctx, const char *table)
{
    return strcmp(ctx, table) == 0 ? PTN_EEXIST : PTN_OK;
}


static ptn_rc_t
ptn_import_table(ptn_import_t *x)
{
    char      name[64], column[64], text[8192];
    size_t    at, n;
    unsigned  i;

    sqlite3_finalize(x->insert);
    x->insert = NULL;
    at = 2;

    if (x->len < 2 || x->version == 0) {
        return PTN_ECORRUPT;
    }

    x->columns = (unsigned) ptn_import_number(x->p, 2);

    if (x->columns == 0 || x->columns > PTN_IMPORT_COLUMNS
        || !ptn_import_name(x, &at, name)
        || ptn_export_tables(x->stage.mb, ptn_import_is_table, name)
           != PTN_EEXIST)
    {
        return PTN_ECORRUPT;
    }

    n = (size_t) snprintf(text, sizeof(text), "INSERT OR REPLACE INTO \"%s\"(",
                          name);

    for (i = 0; i < x->columns; i++) {
        if (!ptn_import_name(x, &at, column)) {
            return PTN_ECORRUPT;
        }

        n += (size_t) snprintf(text + n, sizeof(text) - n, "%s\"%s\"",
                               i ? "," : "", column);
    }

    n += (size_t) snprintf(text + n, sizeof(text) - n, ") VALUES (?1");

    for (i = 1; i < x->columns; i++) {
        n += (size_t) snprintf(text + n, sizeof(text) - n, ",?%u", i + 1);
    }

    snprintf(text + n, sizeof(text) - n, ")");

    return (at == x->len
            && sqlite3_prepare_v2(x->stage.mb->db, text, -1, &x->insert, NULL)
               == SQLITE_OK)
           ? PTN_OK : PTN_ECORRUPT;
}


static ptn_rc_t
ptn_import_value(ptn_import_t *x, size_t *at, int i)
{
    size_t  n;
    u_char  type;

    if (*at >= x->len) {
        return PTN_ECORRUPT;
    }

    type = x->p[(*at)++];

    if (type == PTN_EXPORT_NULL) {
        sqlite3_bind_null(x->insert, i);
        return PTN_OK;
    }

    n = (type == PTN_EXPORT_INTEGER) ? 8 : 4;

    if (x->len - *at < n) {
        return PTN_ECORRUPT;
    }

    if (type == PTN_EXPORT_INTEGER) {
        sqlite3_bind_int64(x->insert, i, (sqlite3_int64)
                           ptn_import_number(x->p + *at, 8));
        *at += 8;
        return PTN_OK;
    }

    n = (size_t) ptn_import_number(x->p + *at, 4);
    *at += 4;

    if (x->len - *at < n
        || (type != PTN_EXPORT_TEXT && type != PTN_EXPORT_BLOB))
    {
        return PTN_ECORRUPT;
    }

    if (type == PTN_EXPORT_TEXT) {
        sqlite3_bind_text(x->insert, i, n ? (char *) x->p + *at : "", (int) n,
                          SQLITE_STATIC);
    } else {
        sqlite3_bind_blob(x->insert, i, n ? (char *) x->p + *at : "", (int) n,
                          SQLITE_STATIC);
    }

    *at += n;

    return PTN_OK;
}


static ptn_rc_t
ptn_import_row(ptn_import_t *x)
{
    size_t    at;
    unsigned  i;
    ptn_rc_t  rc;

    if (x->insert == NULL) {
        return PTN_ECORRUPT;
    }

    for (i = 0, at = 0, rc = PTN_OK; i < x->columns && rc == PTN_OK; i++) {
        rc = ptn_import_value(x, &at, (int) i + 1);
    }

    if (rc == PTN_OK && at != x->len) {
        rc = PTN_ECORRUPT;
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_step(x->stage.mb, x->insert);
    }

    sqlite3_reset(x->insert);
    sqlite3_clear_bindings(x->insert);

    return rc;
}


static ptn_rc_t
ptn_import_blob_done(ptn_import_t *x)
{
    char       to[PTN_OPS_PATH];
    u_char     sha[32];
    ptn_io_t  *io;
    ptn_rc_t   rc;

    io = x->store->io;
    EVP_DigestFinal_ex(x->blob_hash, sha, NULL);
    rc = (memcmp(sha, x->blob_sha, 32) == 0) ? PTN_OK : PTN_ECORRUPT;

    if (rc == PTN_OK && x->store->conf->fsync
        && io->fdatasync(io, x->blob, PTN_IO_BLOB) == -1)
    {
        rc = ptn_errno_rc(errno);
    }

    io->close(io, x->blob);
    x->blob = -1;

    if (rc == PTN_OK) {
        rc = ptn_ops_path(to, "%.*s", (int) strlen(x->blob_path) - 4,
                          x->blob_path);
    }

    if (rc == PTN_OK && io->rename(io, x->blob_path, to) == -1) {
        rc = ptn_errno_rc(errno);
    }

    return rc;
}


static ptn_rc_t
ptn_import_blob(ptn_import_t *x)
{
    char       dir[PTN_OPS_PATH], path[PTN_OPS_PATH];
    ptn_io_t  *io;
    ptn_rc_t   rc;

    io = x->store->io;

    if (x->len != 40 || x->blob != -1) {
        return PTN_ECORRUPT;
    }

    memcpy(x->blob_sha, x->p, 32);
    x->blob_size = ptn_import_number(x->p + 32, 8);
    x->blob_left = x->blob_size;

    rc = ptn_ops_path(dir, "%s/blob", x->stage.mb->dir);

    if (rc == PTN_OK) {
        rc = ptn_ops_mkdir(x->store, dir);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_object(x->store, dir, x->blob_sha, true, path);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_path(x->blob_path, "%s.new", path);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    x->blob = io->open(io, x->blob_path, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC,
                       0600);
    if (x->blob == -1) {
        return ptn_errno_rc(errno);
    }

    if (EVP_DigestInit_ex(x->blob_hash, EVP_sha256(), NULL) != 1) {
        return PTN_ENOMEM;
    }

    return (x->blob_left == 0) ? ptn_import_blob_done(x) : PTN_OK;
}


static ptn_rc_t
ptn_import_chunk(ptn_import_t *x)
{
    ptn_io_t  *io;

    io = x->store->io;

    if (x->blob == -1 || x->len == 0 || x->len > x->blob_left) {
        return PTN_ECORRUPT;
    }

    EVP_DigestUpdate(x->blob_hash, x->p, x->len);

    if (ptn_io_write_all(io, x->blob, x->p, x->len,
                         (off_t) (x->blob_size - x->blob_left))
        == -1)
    {
        return ptn_errno_rc(errno);
    }

    x->blob_left -= x->len;

    return (x->blob_left == 0) ? ptn_import_blob_done(x) : PTN_OK;
}


static ptn_rc_t
ptn_import_end(ptn_import_t *x)
{
    u_char  sha[32], more;

    EVP_DigestFinal_ex(x->hash, sha, NULL);

    return (x->len == 48 && x->blob == -1
            && ptn_import_number(x->p, 8) == x->rows
            && ptn_import_number(x->p + 8, 8) == x->blobs
            && memcmp(x->p + 16, sha, 32) == 0
            && read(x->fd, &more, 1) == 0)
           ? PTN_OK : PTN_ECORRUPT;
}


/* ---- the stage --------------------------------------------------------------- */

static ptn_rc_t
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

static ptn_rc_t
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


static ptn_rc_t
ptn_import_records(ptn_import_t *x)
{
    bool      skip;
    u_char    magic[8], kind;
    ptn_rc_t  rc;

    if (lseek(x->fd, 0, SEEK_SET) == -1) {
        return PTN_EINVAL;
    }

    rc = ptn_import_read(x, magic, 8);

    if (rc == PTN_OK && memcmp(magic, PTN_EXPORT_MAGIC, 8) != 0) {
        rc = (memcmp(magic, PTN_EXPORT_MAGIC, 6) == 0) ? PTN_EVERSION
                                                       : PTN_ECORRUPT;
    }

    EVP_DigestUpdate(x->hash, magic, 8);

    while (rc == PTN_OK) {
        rc = ptn_import_record(x, &kind);

        if (rc != PTN_OK) {
            break;
        }

        skip = (x->at <= x->noted);

        /* a blob's bytes follow it: nothing else may */

        if (x->blob != -1 && kind != PTN_EXPORT_CHUNK) {
            return PTN_ECORRUPT;
        }

        switch (kind) {

        case PTN_EXPORT_HEADER:
            rc = ptn_import_header(x);
            break;

        case PTN_EXPORT_TABLE:
            rc = ptn_import_table(x);
            break;

        case PTN_EXPORT_ROW:
            x->rows++;
            rc = skip ? PTN_OK : ptn_import_row(x);
            break;

        case PTN_EXPORT_FILE:
            x->blobs++;
            rc = skip ? PTN_OK : ptn_import_blob(x);
            break;

        case PTN_EXPORT_CHUNK:
            rc = skip ? PTN_OK : ptn_import_chunk(x);
            break;

        case PTN_EXPORT_END:
            return ptn_import_end(x);

        default:
            rc = PTN_ECORRUPT;
        }

        /* never amid a blob */

        if (rc == PTN_OK && !skip && x->blob == -1
            && x->at - x->committed >= PTN_IMPORT_COMMIT)
        {
            rc = ptn_import_note(x);
        }
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
        "UPDATE meta SET guid=?1, deleted=0, v_schema=?2, event_first=event+1",
        "UPDATE meta SET epoch=max(epoch, ?3) + 1 WHERE ?3<>0",
        "DELETE FROM event", "DELETE FROM intent", "DELETE FROM moving"
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

static ptn_rc_t
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

    if (rc == PTN_OK && ptn_guid_eq(x->guid, x->user->mailbox)
        && (uint64_t) epoch >= last && cn >= 0
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


/* ---- into another one --------------------------------------------------------- */

static ptn_rc_t
ptn_import_child(ptn_mbox_t *mb, ptn_id_t parent, ptn_str_t name,
    const char *cls, ptn_id_t *ret_id)
{
    ptn_rc_t             rc;
    ptn_txn_t            tx = { 0 };
    const ptn_folder_t  *f;

    rc = ptn_folder_child(mb, parent, name, &f);

    if (rc == PTN_OK) {
        *ret_id = f->id;
        return PTN_OK;
    }

    if (rc != PTN_ENOTFOUND) {
        return rc;
    }

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_folder_create(&tx, parent, name, cls, ret_id);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    ptn_txn_done(&tx);

    return (rc == PTN_OK) ? ptn_store_commit(mb->store) : rc;
}


/* Messages of one folder, moved: what has moved is not read again. */

static ptn_rc_t
ptn_import_messages(ptn_import_t *x, const ptn_user_t *from, ptn_id_t folder,
    ptn_id_t to)
{
    size_t         n;
    ptn_id_t       ids[PTN_IMPORT_MOVED], *got;
    ptn_rc_t       rc;
    ptn_mbox_t    *a, *b;
    ptn_pool_t    *pool;
    sqlite3_stmt  *st;

    for ( ;; ) {
        rc = ptn_mbox_open_made(x->store, from, &a);

        if (rc == PTN_OK) {
            rc = ptn_mbox_open(x->store, x->user, NULL, &b);
        }

        if (rc != PTN_OK) {
            return rc;
        }

        if (sqlite3_prepare_v2(a->db, "SELECT id FROM message WHERE folder=?1"
                               " ORDER BY uid LIMIT 100", -1, &st, NULL)
            != SQLITE_OK)
        {
            return PTN_EINTERNAL;
        }

        sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);

        for (n = 0; n < PTN_IMPORT_MOVED && sqlite3_step(st) == SQLITE_ROW;
             n++)
        {
            ids[n] = ptn_sql_u64(st, 0);
        }

        sqlite3_finalize(st);

        if (n == 0) {
            return PTN_OK;
        }

        pool = ptn_pool_create(0, NULL);
        rc = (pool == NULL) ? PTN_ENOMEM
             : ptn_msg_transfer_mbox(a, b, pool, folder, ids, n, to, false,
                                     &got);
        ptn_pool_destroy(pool);

        if (rc != PTN_OK) {
            return rc;
        }

        x->rows += n;
        ptn_ops_progress(x->ops, "messages", x->rows, 0);
    }
}


static ptn_rc_t
ptn_import_folders(ptn_import_t *x, const ptn_user_t *from, ptn_id_t top)
{
    size_t               i, k, n;
    ptn_id_t            *to, parent;
    ptn_rc_t             rc;
    ptn_mbox_t          *a, *b;
    ptn_pool_t          *pool;
    ptn_folder_t        *copy;
    const ptn_folder_t  *f;

    pool = ptn_pool_create(0, NULL);
    rc = pool ? ptn_mbox_open(x->store, from, NULL, &a) : PTN_ENOMEM;

    if (rc == PTN_OK) {
        rc = ptn_folder_list(a, &f, &n);
    }

    if (rc != PTN_OK) {
        ptn_pool_destroy(pool);
        return rc;
    }

    copy = ptn_parray(pool, n + 1, sizeof(ptn_folder_t));
    to = ptn_parray(pool, n + 1, sizeof(ptn_id_t));
    rc = (copy != NULL && to != NULL) ? PTN_OK : PTN_ENOMEM;

    for (i = 0; i < n && rc == PTN_OK; i++) {
        copy[i] = f[i];
        copy[i].name = ptn_str_dup(pool, f[i].name);
        copy[i].cls = ptn_str_make(ptn_str_dupz(pool, f[i].cls),
                                   f[i].cls.len);
    }

    for (i = 0; i < n && rc == PTN_OK; i++) {
        parent = top;

        for (k = 0; k < i; k++) {
            if (copy[k].id == copy[i].parent) {
                parent = to[k];
            }
        }

        rc = ptn_mbox_open(x->store, x->user, NULL, &b);

        if (rc == PTN_OK) {
            rc = ptn_import_child(b, parent, copy[i].name,
                                  (char *) copy[i].cls.data, &to[i]);
        }

        if (rc == PTN_OK && !copy[i].search) {
            rc = ptn_import_messages(x, from, copy[i].id, to[i]);
        }
    }

    ptn_pool_destroy(pool);

    return rc;
}


/* The file is in, for good; another run finds it. */

static ptn_rc_t
ptn_import_once(ptn_import_t *x)
{
    u_char       key[17];
    ptn_rc_t     rc;
    ptn_txn_t    tx = { 0 };
    ptn_mbox_t  *mb;

    key[0] = 'I';
    memcpy(key + 1, x->id, 16);
    rc = ptn_mbox_open(x->store, x->user, NULL, &mb);

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_once(mb, ptn_str_make(key, sizeof(key)), 0, true);
        rc = (rc == PTN_EEXIST) ? PTN_OK : rc;
        mb->meta.dirty = true;
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    ptn_txn_done(&tx);

    return (rc == PTN_OK) ? ptn_store_commit(x->store) : rc;
}


static ptn_rc_t
ptn_import_done(ptn_import_t *x, bool *ret_done)
{
    u_char         key[17];
    ptn_rc_t       rc;
    ptn_mbox_t    *mb;
    sqlite3_stmt  *st;

    *ret_done = false;
    key[0] = 'I';
    memcpy(key + 1, x->id, 16);
    rc = ptn_mbox_open(x->store, x->user, NULL, &mb);

    if (rc != PTN_OK
        || sqlite3_prepare_v2(mb->db, "SELECT 1 FROM once WHERE key=?1", -1,
                              &st, NULL) != SQLITE_OK)
    {
        return (rc == PTN_OK) ? PTN_EINTERNAL : rc;
    }

    sqlite3_bind_blob(st, 1, key, sizeof(key), SQLITE_STATIC);
    *ret_done = (sqlite3_step(st) == SQLITE_ROW);
    sqlite3_finalize(st);

    return PTN_OK;
}


/*
 * By way of a mailbox of its own, from which the messages are moved, each
 * portion at most once (ptn_transfer.c): whatever happens in between, the
 * next run goes on.
 */

static ptn_rc_t
ptn_import_merge(ptn_import_t *x, const char *under, bool staged)
{
    char          hex[65];
    ptn_id_t      top;
    ptn_rc_t      rc;
    ptn_user_t    from;
    ptn_pool_t   *pool;
    ptn_mbox_t   *mb;
    const char   *at;
    ptn_user_t    was;

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    ptn_ops_hex(x->id, hex);
    at = memchr(x->user->address.data, '@', x->user->address.len);
    memset(&from, 0, sizeof(from));
    memcpy(from.mailbox.b, x->id, 16);
    from.address = ptn_str_printf(pool, "import-%.16s@%.*s", hex,
                     (int) (x->user->address.len
                            - (size_t) (at + 1
                                        - (char *) x->user->address.data)),
                     at + 1);
    from.locale = x->user->locale;
    rc = PTN_OK;

    if (staged) {
        was = *x->user;
        x->user = &from;
        free(x->stage.place);
        x->stage.place = NULL;
        rc = ptn_mbox_path(x->store->conf, from.address, &x->stage.place);
        x->stage.user = &from;

        if (rc == PTN_OK) {
            rc = ptn_import_whole(x);
        }

        x->user = &was;
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_open(x->store, x->user, NULL, &mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_import_child(mb, PTN_FOLDER_IPM_SUBTREE, ptn_str_z(under),
                              "IPF.Note", &top);
    }

    if (rc == PTN_OK) {
        x->rows = 0;
        rc = ptn_import_folders(x, &from, top);
    }

    if (rc == PTN_OK) {
        rc = ptn_import_once(x);
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_delete(x->store, &from);
    }

    ptn_pool_destroy(pool);

    return rc;
}


/* A run that was interrupted while it moved messages. */

static ptn_rc_t
ptn_import_left(ptn_import_t *x, bool *ret_left)
{
    char         hex[65], *dir;
    bool         same;
    ptn_rc_t     rc;
    ptn_str_t    address;
    ptn_pool_t  *pool;

    *ret_left = false;
    pool = ptn_pool_create(0, NULL);
    rc = pool ? ptn_stage_open(&x->stage, x->store, x->user, "import", true)
              : PTN_ENOMEM;

    if (rc != PTN_OK) {
        ptn_pool_destroy(pool);
        return rc;
    }

    rc = ptn_import_same(x, &same);
    ptn_stage_done(&x->stage, true);
    ptn_ops_hex(x->id, hex);
    address = ptn_str_printf(pool, "import-%.16s%s", hex,
                             strchr((char *) x->user->address.data, '@'));

    if (rc == PTN_OK) {
        rc = ptn_mbox_path(x->store->conf, address, &dir);

        if (rc == PTN_OK) {
            *ret_left = (access(dir, F_OK) == 0);
            free(dir);
        }
    }

    ptn_pool_destroy(pool);

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
