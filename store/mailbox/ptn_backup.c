/*
 * Backups (ptn_store_ops.h).  DIR/manifest is text, a line a record:
 *
 *     postern-backup 1
 *     taken SECONDS
 *     directory SHA256 SIZE
 *     mailbox SHA256 SIZE GUID EPOCH CN BLOBS ADDRESS
 *     end SHA256
 *
 * the last the hash of all before it; bytes of ADDRESS that are no printable
 * ASCII, and %, are written %XX.
 */

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_ops.h"


#define PTN_BACKUP_MANIFEST_MAX  (256 * 1024 * 1024)

struct ptn_backup_s {
    ptn_store_t      *store;
    ptn_pool_t       *pool;
    const ptn_ops_t  *ops;
    bool              hard_links;
    char              dir[PTN_OPS_PATH];
    char              object[PTN_OPS_PATH];     /* DIR/object */
    ptn_manifest_t    m;
    size_t            size;                     /* room in m.entries */
    bool              touched[256];             /* directories with new names */

    ptn_mbox_t       *mb;                       /* whose blobs are copied */
    uint64_t          blobs, blobs_done;
};


/* ---- the manifest ------------------------------------------------------- */

static ptn_rc_t
ptn_backup_unhex(ptn_str_t s, u_char *p, size_t n)
{
    size_t    i;
    unsigned  byte;
    char      two[3];

    if (s.len != 2 * n) {
        return PTN_ECORRUPT;
    }

    for (i = 0; i < s.len; i++) {
        if (strchr("0123456789abcdef", s.data[i]) == NULL || s.data[i] == 0) {
            return PTN_ECORRUPT;
        }
    }

    for (i = 0; i < n; i++) {
        two[0] = (char) s.data[2 * i];
        two[1] = (char) s.data[2 * i + 1];
        two[2] = '\0';
        sscanf(two, "%2x", &byte);
        p[i] = (u_char) byte;
    }

    return PTN_OK;
}


/* The next word of the line. */

static ptn_str_t
ptn_backup_word(ptn_str_t *line)
{
    size_t     i;
    ptn_str_t  word;

    for (i = 0; i < line->len && line->data[i] != ' '; i++) {
        /* void */
    }

    word = ptn_str_make(line->data, i);
    line->data += ptn_min(i + 1, line->len);
    line->len -= ptn_min(i + 1, line->len);

    return word;
}


static ptn_rc_t
ptn_backup_unescape(ptn_pool_t *pool, ptn_str_t s, ptn_str_t *ret)
{
    size_t    i, n;
    u_char   *p;

    p = ptn_palloc(pool, s.len + 1);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0, n = 0; i < s.len; i++) {
        if (s.data[i] != '%') {
            p[n++] = s.data[i];
            continue;
        }

        if (i + 2 >= s.len
            || ptn_backup_unhex(ptn_str_make(s.data + i + 1, 2), p + n, 1)
               != PTN_OK)
        {
            return PTN_ECORRUPT;
        }

        i += 2;
        n++;
    }

    p[n] = '\0';
    *ret = ptn_str_make(p, n);

    return (n != 0) ? PTN_OK : PTN_ECORRUPT;
}


static ptn_rc_t
ptn_backup_add(ptn_pool_t *pool, ptn_manifest_t *m, size_t *size,
    const ptn_backup_entry_t *e)
{
    ptn_backup_entry_t  *p;

    if (m->n == *size) {
        *size = *size ? 2 * *size : 16;
        p = ptn_palloc(pool, *size * sizeof(ptn_backup_entry_t));
        if (p == NULL) {
            return PTN_ENOMEM;
        }

        if (m->n != 0) {
            memcpy(p, m->entries, m->n * sizeof(ptn_backup_entry_t));
        }

        m->entries = p;
    }

    m->entries[m->n++] = *e;

    return PTN_OK;
}


static ptn_rc_t
ptn_backup_line(ptn_pool_t *pool, ptn_manifest_t *m, size_t *size,
    ptn_str_t line)
{
    ptn_rc_t            rc;
    uint64_t            n;
    ptn_str_t           word, sha, bytes, guid, epoch, cn, blobs;
    ptn_backup_entry_t  e;

    word = ptn_backup_word(&line);

    if (ptn_str_eqz(word, "taken")) {
        rc = ptn_str_u64(line, INT64_MAX, &n);
        m->taken = (rc == PTN_OK) ? (int64_t) n : 0;
        return (rc == PTN_OK) ? PTN_OK : PTN_ECORRUPT;
    }

    if (ptn_str_eqz(word, "directory")) {
        sha = ptn_backup_word(&line);
        m->directory = true;
        return (ptn_backup_unhex(sha, m->directory_sha256, 32) == PTN_OK
                && ptn_str_u64(line, INT64_MAX, &m->directory_size) == PTN_OK)
               ? PTN_OK : PTN_ECORRUPT;
    }

    if (!ptn_str_eqz(word, "mailbox")) {
        return PTN_ECORRUPT;
    }

    memset(&e, 0, sizeof(e));
    sha = ptn_backup_word(&line);
    bytes = ptn_backup_word(&line);
    guid = ptn_backup_word(&line);
    epoch = ptn_backup_word(&line);
    cn = ptn_backup_word(&line);
    blobs = ptn_backup_word(&line);

    if (ptn_backup_unhex(sha, e.sha256, 32) != PTN_OK
        || ptn_backup_unhex(guid, e.guid.b, 16) != PTN_OK
        || ptn_str_u64(bytes, INT64_MAX, &e.size) != PTN_OK
        || ptn_str_u64(epoch, INT64_MAX, &e.epoch) != PTN_OK
        || ptn_str_u64(cn, INT64_MAX, &e.cn) != PTN_OK
        || ptn_str_u64(blobs, INT64_MAX, &e.blobs) != PTN_OK)
    {
        return PTN_ECORRUPT;
    }

    rc = ptn_backup_unescape(pool, line, &e.address);

    return (rc == PTN_OK) ? ptn_backup_add(pool, m, size, &e) : rc;
}


static ptn_rc_t
ptn_backup_parse(ptn_pool_t *pool, ptn_str_t s, ptn_manifest_t *m,
    size_t *size)
{
    bool       first;
    size_t     i, end;
    u_char     sha[32], want[32];
    ptn_rc_t   rc;
    unsigned   n;
    ptn_str_t  line;

    /* "end " and the hash are the last line */

    if (s.len < 70 || s.data[s.len - 1] != '\n') {
        return PTN_ECORRUPT;
    }

    end = s.len - 69;

    if (memcmp(s.data + end, "end ", 4) != 0
        || ptn_backup_unhex(ptn_str_make(s.data + end + 4, 64), want, 32)
           != PTN_OK
        || EVP_Digest(s.data, end, sha, &n, EVP_sha256(), NULL) != 1
        || memcmp(sha, want, 32) != 0)
    {
        return PTN_ECORRUPT;
    }

    for (i = 0, first = true; i < end; i += line.len + 1) {
        line.data = s.data + i;
        line.len = strcspn((char *) line.data, "\n");

        if (first && !ptn_str_eqz(line, "postern-backup 1")) {
            return ptn_str_istarts(line, "postern-backup ") ? PTN_EVERSION
                                                            : PTN_ECORRUPT;
        }

        rc = first ? PTN_OK : ptn_backup_line(pool, m, size, line);
        if (rc != PTN_OK) {
            return rc;
        }

        first = false;
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_backup_read(ptn_store_t *store, ptn_pool_t *pool, const char *dir,
    ptn_manifest_t *m, size_t *size)
{
    int          fd;
    char         path[PTN_OPS_PATH];
    u_char      *p;
    ssize_t      n;
    ptn_rc_t     rc;
    struct stat  st;

    memset(m, 0, sizeof(ptn_manifest_t));
    *size = 0;

    rc = ptn_ops_path(path, "%s/manifest", dir);
    if (rc != PTN_OK) {
        return rc;
    }

    fd = store->io->open(store->io, path, O_RDONLY|O_CLOEXEC, 0);
    if (fd == -1) {
        return (errno == ENOENT) ? PTN_ENOTFOUND : ptn_errno_rc(errno);
    }

    rc = PTN_ECORRUPT;

    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)
        && st.st_size < PTN_BACKUP_MANIFEST_MAX)
    {
        p = ptn_palloc(pool, (size_t) st.st_size + 1);
        n = p ? ptn_io_read_all(store->io, fd, p, (size_t) st.st_size, 0) : -1;

        if (n == -1) {
            rc = p ? PTN_EIO : PTN_ENOMEM;

        } else {
            p[n] = '\0';
            rc = ptn_backup_parse(pool, ptn_str_make(p, (size_t) n), m, size);
        }
    }

    store->io->close(store->io, fd);

    return rc;
}


ptn_rc_t
ptn_backup_manifest(ptn_store_t *store, ptn_pool_t *pool, const char *dir,
    ptn_manifest_t *ret)
{
    size_t          size;
    ptn_rc_t        rc;
    ptn_manifest_t  m;

    rc = ptn_backup_read(store, pool, dir, &m, &size);

    if (rc == PTN_OK) {
        *ret = m;
    }

    return rc;
}


/* ---- making one --------------------------------------------------------- */

ptn_rc_t
ptn_backup_open(ptn_store_t *store, const char *dir, bool hard_links,
    const ptn_ops_t *ops, ptn_backup_t **ret)
{
    ptn_rc_t       rc;
    ptn_backup_t  *b;

    b = calloc(1, sizeof(ptn_backup_t));
    if (b == NULL) {
        return PTN_ENOMEM;
    }

    b->store = store;
    b->hard_links = hard_links;
    b->ops = ops;
    b->pool = ptn_pool_create(0, NULL);
    rc = b->pool ? PTN_OK : PTN_ENOMEM;

    if (rc == PTN_OK) {
        rc = ptn_ops_path(b->dir, "%s", dir);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_path(b->object, "%s/object", dir);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_mkdir(store, b->dir);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_mkdir(store, b->object);
    }

    if (rc == PTN_OK) {
        rc = ptn_backup_read(store, b->pool, dir, &b->m, &b->size);
        rc = (rc == PTN_ENOTFOUND) ? PTN_OK : rc;
    }

    if (rc != PTN_OK) {
        ptn_backup_close(b);
        return rc;
    }

    *ret = b;

    return PTN_OK;
}


void
ptn_backup_close(ptn_backup_t *b)
{
    if (b != NULL) {
        ptn_pool_destroy(b->pool);
        free(b);
    }
}


void
ptn_backup_drop_others(ptn_backup_t *b)
{
    b->m.n = 0;
}


/* A database of which a copy was made at `tmp`: becomes an object. */

static ptn_rc_t
ptn_backup_adopt(ptn_backup_t *b, const char *tmp, u_char sha[32],
    uint64_t *ret_size)
{
    char       path[PTN_OPS_PATH];
    ptn_io_t  *io;
    ptn_rc_t   rc;

    io = b->store->io;
    rc = ptn_ops_hash(b->store, tmp, sha, ret_size);

    if (rc == PTN_OK) {
        rc = ptn_ops_object(b->store, b->object, sha, true, path);
    }

    if (rc == PTN_OK && io->rename(io, tmp, path) == -1) {
        rc = ptn_errno_rc(errno);
    }

    b->touched[sha[0]] = true;

    return rc;
}


/* A blob: there already, or taken.  Its hash says whether it is whole. */

static ptn_rc_t
ptn_backup_blob(void *ctx, const u_char sha256[32], uint64_t size)
{
    char           path[PTN_OPS_PATH], from[PTN_BLOB_PATH];
    ptn_rc_t       rc;
    struct stat    st;
    ptn_backup_t  *b = ctx;

    rc = ptn_ops_object(b->store, b->object, sha256, true, path);

    if (rc == PTN_OK && stat(path, &st) == 0
        && (uint64_t) st.st_size == size)
    {
        /* of an earlier run, whose names need not be durable */

        b->touched[sha256[0]] = true;
        b->blobs_done++;
        return PTN_OK;
    }

    if (rc == PTN_OK) {
        rc = ptn_blob_path(b->mb, sha256, from, sizeof(from));
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_take(b->store, from, path, sha256, b->hard_links);
    }

    if (rc == PTN_OK) {
        b->touched[sha256[0]] = true;
        ptn_ops_progress(b->ops, "blobs", ++b->blobs_done, b->blobs);
        return PTN_OK;
    }

    if (rc == PTN_ECORRUPT || rc == PTN_ENOTFOUND || rc == PTN_EIO) {
        ptn_ops_report(b->ops, "%s: blob %s: %s", b->mb->address, from,
                       ptn_err(rc)->name);
        return PTN_ECORRUPT;
    }

    return rc;
}


/* The mailbox's sweep is locked out. */

static ptn_rc_t
ptn_backup_locked(ptn_backup_t *b, ptn_mbox_t *mb, ptn_backup_entry_t *e)
{
    char       tmp[PTN_OPS_PATH], hex[PTN_GUID_HEX];
    int64_t    n;
    sqlite3   *db;
    ptn_rc_t   rc;

    ptn_guid_hex(mb->guid, hex);

    rc = ptn_ops_path(tmp, "%s/new-%s", b->dir, hex);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_mbox_read_end(mb);
    rc = ptn_sql_run(mb, PTN_SQL_BEGIN_READ, 0);

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_mbox_forget(mb);
    rc = ptn_mbox_meta(mb);

    if (rc == PTN_OK) {
        e->epoch = mb->meta.epoch;
        e->cn = mb->meta.cn;
        rc = ptn_sql_number(mb, "SELECT count(*) FROM blob WHERE refs>0", &n);
    }

    if (rc == PTN_OK) {
        b->blobs = e->blobs = (uint64_t) n;
        b->blobs_done = 0;
        rc = ptn_ops_copy_db(b->store, mb->db, tmp, "database", b->ops);
    }

    ptn_sql_run(mb, PTN_SQL_ROLLBACK, 0);
    ptn_mbox_forget(mb);

    if (rc == PTN_OK) {
        rc = ptn_ops_open_ro(tmp, &db);

        if (rc == PTN_OK) {
            b->mb = mb;
            rc = ptn_ops_blobs(db, ptn_backup_blob, b);
            sqlite3_close(db);
        }
    }

    if (rc == PTN_OK || rc == PTN_ECORRUPT) {
        if (ptn_backup_adopt(b, tmp, e->sha256, &e->size) != PTN_OK) {
            rc = PTN_EIO;
        }
    }

    unlink(tmp);

    return rc;
}


ptn_rc_t
ptn_backup_mailbox(ptn_backup_t *b, const ptn_user_t *user)
{
    size_t              i;
    ptn_rc_t            rc, put;
    ptn_mbox_t         *mb;
    ptn_backup_entry_t  e;

    if (b->store->batch != NULL) {
        return PTN_EBUSY;
    }

    memset(&e, 0, sizeof(e));
    e.address = ptn_str_dup(b->pool, user->address);
    e.guid = user->mailbox;

    rc = ptn_mbox_open_made(b->store, user, &mb);

    if (rc == PTN_OK) {
        rc = ptn_mbox_lock(mb, F_RDLCK, PTN_LOCK_BACKUP, PTN_BUSY_MS);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_backup_locked(b, mb, &e);

    if (mb->lock_fd != -1) {
        ptn_mbox_lock(mb, F_UNLCK, PTN_LOCK_BACKUP, 0);
    }

    if (rc != PTN_OK && rc != PTN_ECORRUPT) {
        return rc;
    }

    for (i = 0; i < b->m.n; i++) {
        if (ptn_guid_eq(b->m.entries[i].guid, e.guid)
            || ptn_str_eq(b->m.entries[i].address, e.address))
        {
            b->m.entries[i--] = b->m.entries[--b->m.n];
        }
    }

    put = ptn_backup_add(b->pool, &b->m, &b->size, &e);

    return (put != PTN_OK) ? put : rc;
}


ptn_rc_t
ptn_backup_directory(ptn_backup_t *b, const char *path)
{
    int       code;
    char      tmp[PTN_OPS_PATH];
    sqlite3  *db;
    ptn_rc_t  rc;

    rc = ptn_ops_path(tmp, "%s/new-directory", b->dir);
    if (rc != PTN_OK) {
        return rc;
    }

    code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE
                           |SQLITE_OPEN_NOMUTEX|SQLITE_OPEN_PRIVATECACHE,
                           b->store->vfs);

    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(db, PTN_BUSY_MS);
        sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        code = sqlite3_exec(db, "PRAGMA wal_autocheckpoint=0; BEGIN;"
                                "SELECT count(*) FROM sqlite_schema", NULL,
                            NULL, NULL);
    }

    rc = ptn_sql_rc(code);

    if (rc == PTN_OK) {
        rc = ptn_ops_copy_db(b->store, db, tmp, "directory", b->ops);
    }

    sqlite3_close(db);

    if (rc == PTN_OK) {
        rc = ptn_backup_adopt(b, tmp, b->m.directory_sha256,
                              &b->m.directory_size);
    }

    if (rc == PTN_OK) {
        b->m.directory = true;
    }

    return rc;
}


static void
ptn_backup_escape(ptn_buf_t *buf, ptn_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] <= 0x20 || s.data[i] >= 0x7f || s.data[i] == '%') {
            ptn_buf_printf(buf, "%%%02x", s.data[i]);

        } else {
            ptn_buf_add(buf, s.data + i, 1);
        }
    }
}


static ptn_rc_t
ptn_backup_text(ptn_backup_t *b, ptn_str_t *ret)
{
    char                 hex[65], guid[PTN_GUID_HEX];
    size_t               i;
    u_char               sha[32];
    unsigned             n;
    ptn_str_t            s;
    ptn_buf_t            buf;
    ptn_backup_entry_t  *e;

    ptn_buf_init(&buf, b->pool);
    ptn_buf_printf(&buf, "postern-backup 1\ntaken %lld\n",
                   (long long) (ptn_time_now() / 1000000));

    if (b->m.directory) {
        ptn_ops_hex(b->m.directory_sha256, hex);
        ptn_buf_printf(&buf, "directory %s %llu\n", hex,
                       (unsigned long long) b->m.directory_size);
    }

    for (i = 0; i < b->m.n; i++) {
        e = &b->m.entries[i];
        ptn_ops_hex(e->sha256, hex);
        ptn_guid_hex(e->guid, guid);
        ptn_buf_printf(&buf, "mailbox %s %llu %s %llu %llu %llu ", hex,
                       (unsigned long long) e->size, guid,
                       (unsigned long long) e->epoch,
                       (unsigned long long) e->cn,
                       (unsigned long long) e->blobs);
        ptn_backup_escape(&buf, e->address);
        ptn_buf_z(&buf, "\n");
    }

    s = ptn_buf_get(&buf);

    if (s.len == 0
        || EVP_Digest(s.data, s.len, sha, &n, EVP_sha256(), NULL) != 1)
    {
        return PTN_ENOMEM;
    }

    ptn_ops_hex(sha, hex);
    ptn_buf_printf(&buf, "end %s\n", hex);
    *ret = ptn_buf_get(&buf);

    return (ret->len > s.len) ? PTN_OK : PTN_ENOMEM;
}


static ptn_rc_t
ptn_backup_sync_objects(ptn_backup_t *b)
{
    int       i;
    char      path[PTN_OPS_PATH];
    ptn_rc_t  rc;

    rc = ptn_ops_sync_dir(b->store, b->object);

    for (i = 0; i < 256 && rc == PTN_OK; i++) {
        if (!b->touched[i]) {
            continue;
        }

        rc = ptn_ops_path(path, "%s/%02x", b->object, i);

        if (rc == PTN_OK) {
            rc = ptn_ops_sync_dir(b->store, path);
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_sync_dir(b->store, b->dir);
    }

    /* it may have been made by us */

    return (rc == PTN_OK) ? ptn_ops_sync_parent(b->store, b->dir) : rc;
}


ptn_rc_t
ptn_backup_finish(ptn_backup_t *b)
{
    int         fd, failed;
    char        tmp[PTN_OPS_PATH], path[PTN_OPS_PATH];
    ptn_io_t   *io;
    ptn_rc_t    rc;
    ptn_str_t   text;

    io = b->store->io;
    rc = ptn_backup_sync_objects(b);

    if (rc == PTN_OK) {
        rc = ptn_backup_text(b, &text);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_path(tmp, "%s/new-manifest", b->dir);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_path(path, "%s/manifest", b->dir);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    fd = io->open(io, tmp, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0600);
    if (fd == -1) {
        return ptn_errno_rc(errno);
    }

    failed = (ptn_io_write_all(io, fd, text.data, text.len, 0) == -1
              || (b->store->conf->fsync
                  && io->fdatasync(io, fd, PTN_IO_BLOB) == -1))
             ? errno : 0;

    io->close(io, fd);

    if (failed == 0 && io->rename(io, tmp, path) == -1) {
        failed = errno;
    }

    return failed ? ptn_errno_rc(failed) : ptn_ops_sync_dir(b->store, b->dir);
}
