/*
 * Export: a mailbox as one stream (docs/mailbox-operations.md).
 *
 *     file      "PTNEXP01" record... end
 *     record    u32 length, u8 kind, bytes[length]     little-endian
 *     'H'       header: u32 schema version, guid[16], address
 *     'T'       table: u16 n, name, then n columns, each str
 *     'R'       row of the last table: n values
 *     'B'       blob: sha256[32], u64 size; followed by
 *     'C'       chunk of it, at most 256 KB
 *     'E'       end: u64 rows, u64 blobs, sha256[32] of all before this record
 *     str       u16 length, bytes
 *     value     u8 type: 0 NULL, 1 i64, 3 text, 4 blob; u32 length, bytes
 */

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_export.h"


typedef struct {
    ptn_store_t      *store;
    const ptn_ops_t  *ops;
    ptn_mbox_t       *mb;
    int               fd;
    EVP_MD_CTX       *hash;
    u_char           *p;            /* the record under way */
    size_t            len, size;
    uint64_t          rows, blobs;
} ptn_export_t;


static ptn_rc_t
ptn_export_write(ptn_export_t *x, const u_char *p, size_t n, bool hashed)
{
    ssize_t  got;

    if (hashed) {
        EVP_DigestUpdate(x->hash, p, n);
    }

    while (n != 0) {
        got = write(x->fd, p, n);

        if (got == -1) {
            if (errno == EINTR) {
                continue;
            }

            return ptn_errno_rc(errno);
        }

        p += got;
        n -= (size_t) got;
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_export_add(ptn_export_t *x, const void *p, size_t n)
{
    size_t   size;
    u_char  *more;

    if (x->len + n > x->size) {
        size = ptn_max(2 * x->size, x->len + n + 4096);
        more = realloc(x->p, size);
        if (more == NULL) {
            return PTN_ENOMEM;
        }

        x->p = more;
        x->size = size;
    }

    if (n != 0) {
        memcpy(x->p + x->len, p, n);
    }

    x->len += n;

    return PTN_OK;
}


static ptn_rc_t
ptn_export_number(ptn_export_t *x, uint64_t n, size_t bytes)
{
    size_t  i;
    u_char  p[8];

    for (i = 0; i < bytes; i++) {
        p[i] = (u_char) (n >> (8 * i));
    }

    return ptn_export_add(x, p, bytes);
}


static ptn_rc_t
ptn_export_str(ptn_export_t *x, ptn_str_t s)
{
    ptn_rc_t  rc;

    rc = ptn_export_number(x, s.len, 2);

    return (rc == PTN_OK) ? ptn_export_add(x, s.data, s.len) : rc;
}


static void
ptn_export_begin(ptn_export_t *x)
{
    x->len = 0;
    (void) ptn_export_number(x, 0, 5);
}


static ptn_rc_t
ptn_export_end(ptn_export_t *x, u_char kind)
{
    size_t  i, n;

    if (x->size < PTN_EXPORT_HEAD) {
        return PTN_ENOMEM;
    }

    n = x->len - PTN_EXPORT_HEAD;

    if (n > PTN_EXPORT_RECORD) {
        return PTN_ETOOBIG;
    }

    for (i = 0; i < 4; i++) {
        x->p[i] = (u_char) (n >> (8 * i));
    }

    x->p[4] = kind;

    return ptn_export_write(x, x->p, x->len, true);
}


static ptn_rc_t
ptn_export_value(ptn_export_t *x, sqlite3_stmt *st, int i)
{
    int          type;
    ptn_rc_t     rc;
    ptn_str_t    s;

    type = sqlite3_column_type(st, i);

    switch (type) {

    case SQLITE_INTEGER:
        rc = ptn_export_number(x, PTN_EXPORT_INTEGER, 1);

        return (rc == PTN_OK)
               ? ptn_export_number(x, ptn_sql_u64(st, i), 8) : rc;

    case SQLITE_TEXT:
    case SQLITE_BLOB:
        s = ptn_sql_column(st, i);
        rc = ptn_export_number(x, type == SQLITE_TEXT ? PTN_EXPORT_TEXT
                                                      : PTN_EXPORT_BLOB, 1);

        if (rc == PTN_OK) {
            rc = ptn_export_number(x, s.len, 4);
        }

        return (rc == PTN_OK) ? ptn_export_add(x, s.data, s.len) : rc;

    case SQLITE_NULL:
        return ptn_export_number(x, PTN_EXPORT_NULL, 1);
    }

    return PTN_ECORRUPT;
}


static ptn_rc_t
ptn_export_table(ptn_export_t *x, const char *table)
{
    int            i, n;
    char           text[256];
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    snprintf(text, sizeof(text), "SELECT * FROM main.\"%s\"", table);

    if (sqlite3_prepare_v2(x->mb->db, text, -1, &st, NULL) != SQLITE_OK) {
        return PTN_ECORRUPT;
    }

    n = sqlite3_column_count(st);
    ptn_export_begin(x);
    rc = ptn_export_number(x, (uint64_t) n, 2);

    if (rc == PTN_OK) {
        rc = ptn_export_str(x, ptn_str_z(table));
    }

    for (i = 0; i < n && rc == PTN_OK; i++) {
        rc = ptn_export_str(x, ptn_str_z(sqlite3_column_name(st, i)));
    }

    if (rc == PTN_OK) {
        rc = ptn_export_end(x, PTN_EXPORT_TABLE);
    }

    while (rc == PTN_OK && (rc = ptn_sql_step(x->mb, st)) == PTN_AGAIN) {
        ptn_export_begin(x);

        for (i = 0, rc = PTN_OK; i < n && rc == PTN_OK; i++) {
            rc = ptn_export_value(x, st, i);
        }

        if (rc == PTN_OK) {
            rc = ptn_export_end(x, PTN_EXPORT_ROW);
        }

        if (rc != PTN_OK) {
            break;
        }

        if (++x->rows % 1000 == 1) {
            ptn_ops_progress(x->ops, table, x->rows, 0);
        }
    }

    sqlite3_finalize(st);

    return rc;
}


ptn_rc_t
ptn_export_tables(ptn_mbox_t *mb, ptn_rc_t (*each)(void *ctx,
    const char *table), void *ctx)
{
    char           names[100][48];
    size_t         i, n;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(mb->db, "SELECT name FROM sqlite_schema s"
                           " WHERE type='table' AND sql LIKE 'CREATE TABLE%'"
                           " AND length(name)<48 AND name NOT LIKE 'sqlite%'"
                           " AND name NOT IN ('event', 'intent', 'moving',"
                           " 'parting', 'receipt')"
                           " AND NOT EXISTS (SELECT 1 FROM sqlite_schema v"
                           " WHERE v.sql LIKE 'CREATE VIRTUAL%'"
                           " AND substr(s.name, 1, length(v.name) + 1)"
                           "=v.name || '_') ORDER BY name='meta' DESC, name",
                           -1, &st, NULL)
        != SQLITE_OK)
    {
        return PTN_ECORRUPT;
    }

    for (n = 0; n < ptn_nelts(names) && sqlite3_step(st) == SQLITE_ROW; n++) {
        snprintf(names[n], sizeof(names[n]), "%s",
                 sqlite3_column_text(st, 0));
    }

    sqlite3_finalize(st);

    for (i = 0, rc = PTN_OK; i < n && rc == PTN_OK; i++) {
        rc = each(ctx, names[i]);
    }

    return rc;
}


static ptn_rc_t
ptn_export_one(void *ctx, const char *table)
{
    return ptn_export_table(ctx, table);
}


static ptn_rc_t
ptn_export_blob(void *ctx, const u_char sha256[32], uint64_t size)
{
    size_t         n;
    ptn_rc_t       rc;
    uint64_t       off;
    ptn_export_t  *x = ctx;
    u_char        *p;

    ptn_export_begin(x);
    rc = ptn_export_add(x, sha256, 32);

    if (rc == PTN_OK) {
        rc = ptn_export_number(x, size, 8);
    }

    if (rc == PTN_OK) {
        rc = ptn_export_end(x, PTN_EXPORT_FILE);
    }

    p = malloc(PTN_OPS_CHUNK);
    rc = (p == NULL) ? PTN_ENOMEM : rc;

    for (off = 0; off < size && rc == PTN_OK; off += n) {
        n = (size_t) ptn_min(size - off, (uint64_t) PTN_OPS_CHUNK);
        rc = ptn_blob_read(x->mb, sha256, off, p, n);

        if (rc == PTN_OK) {
            ptn_export_begin(x);
            rc = ptn_export_add(x, p, n);
        }

        if (rc == PTN_OK) {
            rc = ptn_export_end(x, PTN_EXPORT_CHUNK);
        }
    }

    free(p);
    ptn_ops_progress(x->ops, "blobs", ++x->blobs, 0);

    return rc;
}


static ptn_rc_t
ptn_export_all(ptn_export_t *x)
{
    u_char    sha[32];
    size_t    i;
    ptn_rc_t  rc;

    rc = ptn_export_write(x, (const u_char *) PTN_EXPORT_MAGIC, 8, true);

    if (rc == PTN_OK) {
        ptn_export_begin(x);
        rc = ptn_export_number(x, PTN_SCHEMA_VERSION, 4);
    }

    if (rc == PTN_OK) {
        rc = ptn_export_add(x, x->mb->guid.b, 16);
    }

    if (rc == PTN_OK) {
        rc = ptn_export_add(x, x->mb->address, strlen(x->mb->address));
    }

    if (rc == PTN_OK) {
        rc = ptn_export_end(x, PTN_EXPORT_HEADER);
    }

    if (rc == PTN_OK) {
        rc = ptn_export_tables(x->mb, ptn_export_one, x);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_blobs(x->mb->db, ptn_export_blob, x);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    EVP_DigestFinal_ex(x->hash, sha, NULL);
    ptn_export_begin(x);
    ptn_export_number(x, x->rows, 8);
    ptn_export_number(x, x->blobs, 8);
    rc = ptn_export_add(x, sha, 32);

    for (i = 0; i < 4; i++) {
        x->p[i] = (u_char) ((x->len - PTN_EXPORT_HEAD) >> (8 * i));
    }

    x->p[4] = PTN_EXPORT_END;

    return (rc == PTN_OK) ? ptn_export_write(x, x->p, x->len, false) : rc;
}


ptn_rc_t
ptn_mbox_export(ptn_store_t *store, const ptn_user_t *user, int fd,
    const ptn_ops_t *ops)
{
    ptn_rc_t      rc;
    ptn_mbox_t   *mb;
    ptn_export_t  x;

    if (store->batch != NULL) {
        return PTN_EBUSY;
    }

    rc = ptn_mbox_open_made(store, user, &mb);

    if (rc == PTN_OK) {
        rc = ptn_mbox_lock(mb, F_RDLCK, PTN_LOCK_BACKUP, PTN_BUSY_MS);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    memset(&x, 0, sizeof(x));
    x.store = store;
    x.ops = ops;
    x.mb = mb;
    x.fd = fd;
    x.hash = EVP_MD_CTX_new();

    if (x.hash == NULL
        || EVP_DigestInit_ex(x.hash, EVP_sha256(), NULL) != 1)
    {
        rc = PTN_ENOMEM;
    }

    if (rc == PTN_OK) {
        ptn_mbox_read_end(mb);
        rc = ptn_sql_run(mb, PTN_SQL_BEGIN_READ, 0);

        if (rc == PTN_OK) {
            rc = ptn_export_all(&x);
            ptn_sql_run(mb, PTN_SQL_ROLLBACK, 0);
            ptn_mbox_forget(mb);
        }
    }

    EVP_MD_CTX_free(x.hash);
    free(x.p);

    if (mb->lock_fd != -1) {
        ptn_mbox_lock(mb, F_UNLCK, PTN_LOCK_BACKUP, 0);
    }

    return rc;
}
