/*
 * Import: the file, record by record (the format: ptn_export.c).  It is
 * hostile: every length is bounded, every name is one of our own tables and
 * columns, every blob has its hash.  Rows are put by their keys, so that to
 * read some of them twice does no harm.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ptn_import.h"


#define PTN_IMPORT_COLUMNS  64


uint64_t
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


/* ---- records ------------------------------------------------------------ */

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


ptn_rc_t
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
