/*
 * ptn_mbox_check(): bags, contents, blobs and their files.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ptn_check.h"
#include "ptn_item.h"
#include "ptn_skeleton.h"


static void
ptn_check_hex(const u_char sha256[32], char hex[65])
{
    int  i;

    for (i = 0; i < 32; i++) {
        sprintf(hex + 2 * i, "%02x", sha256[i]);
    }
}


/* Bags, and the names of what is too large for them. */

ptn_rc_t
ptn_check_items(ptn_check_t *check)
{
    size_t         i;
    ptn_rc_t       rc;
    ptn_bag_t      bag;
    ptn_str_t      packed, large;
    sqlite3_stmt  *st;

    st = ptn_check_prepare(check, "items", "SELECT id, bag, large FROM item"
                           " WHERE bag IS NOT NULL OR large IS NOT NULL");
    if (st == NULL) {
        return PTN_OK;
    }

    while ((rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN) {
        packed = ptn_sql_column(st, 1);

        if (ptn_bag_open(packed, &bag) != PTN_OK) {
            ptn_check_found(check, false, "bag of message %lld",
                            (long long) sqlite3_column_int64(st, 0));
        }

        large = ptn_sql_column(st, 2);
        i = large.len % PTN_ITEM_LARGE;

        if (i != 0) {
            ptn_check_found(check, false, "large properties of message %lld",
                            (long long) sqlite3_column_int64(st, 0));
        }
    }

    sqlite3_finalize(st);

    return (rc == PTN_ECORRUPT) ? PTN_OK : rc;
}


/* ---- one content ------------------------------------------------------- */

static bool
ptn_check_inside(uint64_t off, uint64_t len, uint64_t size)
{
    return off <= size && len <= size - off;
}


/* Offsets within the message and within the parent's. */

static bool
ptn_check_part(const ptn_mime_part_t *part, uint64_t size)
{
    const ptn_mime_part_t  *p;

    for (p = part; p != NULL; p = p->next) {
        if (!ptn_check_inside(p->header, p->header_len, size)
            || !ptn_check_inside(p->body, p->body_len, size)
            || p->nesting > PTN_MIME_NESTING_MAX
            || (p->child != NULL && !ptn_check_part(p->child, size)))
        {
            return false;
        }
    }

    return true;
}


static ptn_rc_t
ptn_check_structure(ptn_check_t *check, ptn_pool_t *pool, ptn_id_t id,
    uint64_t size, ptn_str_t data, int codec)
{
    ptn_rc_t     rc;
    ptn_str_t    packed;
    ptn_mime_t  *mime;

    rc = ptn_content_structure(check->mb, pool, data, codec, &packed);

    if (rc == PTN_OK) {
        rc = ptn_mime_unpack(pool, packed, &mime);
    }

    if (ptn_check_later(rc)) {
        return rc;
    }

    if (rc != PTN_OK || !ptn_check_part(mime->root, size)) {
        ptn_check_found(check, false, "structure of content %llu",
                        (unsigned long long) id);
    }

    return PTN_OK;
}


typedef struct {
    uint64_t     size;
    ptn_mbox_t  *mb;
} ptn_check_sink_t;


static ptn_rc_t
ptn_check_sink(void *ctx, const u_char *p PTN_UNUSED, size_t n)
{
    ((ptn_check_sink_t *) ctx)->size += n;

    return PTN_OK;
}


static ptn_rc_t
ptn_check_blob(void *ctx, const u_char sha256[32], uint64_t off, u_char *p,
    size_t n)
{
    return ptn_blob_read(((ptn_check_sink_t *) ctx)->mb, sha256, off, p, n);
}


/* The whole message comes back, and the skeleton names the row's blobs. */

static ptn_rc_t
ptn_check_skeleton(ptn_check_t *check, ptn_pool_t *pool,
    const ptn_cached_t *c, ptn_str_t blobs, bool *ret_good)
{
    size_t              n;
    u_char            (*refs)[32];
    ptn_rc_t            rc;
    ptn_str_t           plain;
    ptn_check_sink_t    sink;
    ptn_skeleton_io_t   io;

    *ret_good = false;

    if (c->form == PTN_FORM_RAW) {
        *ret_good = (blobs.len == 0 && c->len == c->size);
        return PTN_OK;
    }

    plain = ptn_str_make(c->plain, c->len);
    rc = ptn_skeleton_refs(pool, plain, &refs, &n);

    if (rc != PTN_OK) {
        return ptn_check_later(rc) ? rc : PTN_OK;
    }

    if (n * 32 != blobs.len
        || (n != 0 && memcmp(refs, blobs.data, n * 32) != 0))
    {
        return PTN_OK;
    }

    sink.size = 0;
    sink.mb = check->mb;
    io.blob = ptn_check_blob;
    io.sink = ptn_check_sink;
    io.ctx = &sink;

    rc = ptn_skeleton_restore(plain, 0, UINT64_MAX, &io);
    *ret_good = (rc == PTN_OK && sink.size == c->size);

    return ptn_check_later(rc) ? rc : PTN_OK;
}


ptn_rc_t
ptn_check_content_good(ptn_check_t *check, ptn_pool_t *pool, ptn_id_t id,
    uint64_t size, ptn_str_t blobs, ptn_str_t structure, int codec,
    bool *ret_good)
{
    ptn_rc_t       rc;
    ptn_str_t      packed;
    ptn_mime_t    *mime;
    ptn_cached_t  *c;

    *ret_good = false;
    rc = ptn_content_structure(check->mb, pool, structure, codec, &packed);

    if (rc == PTN_OK) {
        rc = ptn_mime_unpack(pool, packed, &mime);
    }

    if (rc != PTN_OK || !ptn_check_part(mime->root, size)) {
        return ptn_check_later(rc) ? rc : PTN_OK;
    }

    rc = ptn_content_get(check->mb, id, &c);

    if (rc == PTN_OK) {
        rc = ptn_check_skeleton(check, pool, c, blobs, ret_good);
    }

    return ptn_check_later(rc) ? rc : PTN_OK;
}


static ptn_rc_t
ptn_check_content(ptn_check_t *check, ptn_pool_t *pool, ptn_id_t id,
    ptn_str_t blobs)
{
    bool           good;
    ptn_rc_t       rc;
    ptn_cached_t  *c;

    good = false;
    rc = ptn_content_get(check->mb, id, &c);

    if (rc == PTN_OK) {
        rc = ptn_check_skeleton(check, pool, c, blobs, &good);
    }

    if (ptn_check_later(rc)) {
        return rc;
    }

    if (!good) {
        ptn_check_found(check, false, "content %llu cannot be restored (%s)",
                        (unsigned long long) id, ptn_err(rc)->name);
    }

    return PTN_OK;
}


/* Counts a blob reference of a content in the temporary table. */

static ptn_rc_t
ptn_check_count(ptn_check_t *check, sqlite3_stmt *st, ptn_str_t names)
{
    size_t    i;
    ptn_rc_t  rc;

    for (i = 0; i + 32 <= names.len; i += 32) {
        sqlite3_bind_blob(st, 1, names.data + i, 32, SQLITE_TRANSIENT);

        rc = ptn_sql_step(check->mb, st);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_check_contents_all(ptn_check_t *check, sqlite3_stmt *st,
    sqlite3_stmt *count, ptn_pool_t *pool)
{
    int64_t    all;
    ptn_id_t   id;
    ptn_rc_t   rc;
    uint64_t   done;
    ptn_str_t  blobs;

    all = 0;
    done = 0;

    if (check->ops != NULL) {
        (void) ptn_sql_number(check->mb, "SELECT count(*) FROM content",
                              &all);
    }

    while ((rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN) {
        id = ptn_sql_u64(st, 0);

        if (++done % 100 == 1) {
            ptn_ops_progress(check->ops, "contents", done, (uint64_t) all);
        }

        rc = ptn_check_count(check, count, ptn_sql_column(st, 2));

        if (rc == PTN_OK) {
            rc = ptn_check_count(check, count, ptn_sql_column(st, 3));
        }

        if (rc == PTN_OK) {
            rc = ptn_check_structure(check, pool, id, ptn_sql_u64(st, 1),
                                     ptn_sql_column(st, 4),
                                     sqlite3_column_int(st, 5));
        }

        blobs = ptn_str_dup(pool, ptn_sql_column(st, 3));

        if (rc == PTN_OK) {
            rc = ptn_check_content(check, pool, id, blobs);
        }

        if (rc != PTN_OK) {
            return rc;
        }

        ptn_pool_reset(pool);
    }

    return (rc == PTN_ECORRUPT) ? PTN_OK : rc;
}


/* Each object, and the blobs that it names. */

static ptn_rc_t
ptn_check_objects(ptn_check_t *check, sqlite3_stmt *count, ptn_pool_t *pool)
{
    ptn_id_t       id;
    ptn_rc_t       rc, got;
    ptn_str_t      blobs;
    ptn_stored_t  *stored;
    ptn_object_t  *object;
    sqlite3_stmt  *st;

    st = ptn_check_prepare(check, "objects",
                           "SELECT content, file, blobs FROM object");
    if (st == NULL) {
        return PTN_OK;
    }

    while ((rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN) {
        id = ptn_sql_u64(st, 0);
        rc = ptn_check_count(check, count, ptn_sql_column(st, 1));

        if (rc == PTN_OK) {
            blobs = ptn_str_dup(pool, ptn_sql_column(st, 2));
            rc = ptn_check_count(check, count, blobs);
        }

        if (rc != PTN_OK) {
            break;
        }

        got = ptn_stored_get(check->mb, pool, id, &stored, &object);

        if (ptn_check_later(got)) {
            rc = got;
            break;
        }

        if (got != PTN_OK
            || !ptn_str_eq(ptn_stored_blobs(stored), blobs))
        {
            ptn_check_found(check, false, "object of content %llu (%s)",
                            (unsigned long long) id, ptn_err(got)->name);
        }

        ptn_pool_reset(pool);
    }

    sqlite3_finalize(st);

    return (rc == PTN_ECORRUPT) ? PTN_OK : rc;
}


static ptn_rc_t
ptn_check_large(ptn_check_t *check, sqlite3_stmt *count)
{
    size_t         i;
    ptn_rc_t       rc;
    ptn_str_t      large;
    sqlite3_stmt  *st;

    st = ptn_check_prepare(check, "items", "SELECT large FROM item"
                           " WHERE large IS NOT NULL");
    if (st == NULL) {
        return PTN_OK;
    }

    while ((rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN) {
        large = ptn_sql_column(st, 0);
        rc = PTN_OK;

        for (i = 0; i + PTN_ITEM_LARGE <= large.len && rc == PTN_OK;
             i += PTN_ITEM_LARGE)
        {
            rc = ptn_check_count(check, count,
                                 ptn_str_make(large.data + i + 12, 32));
        }

        if (rc != PTN_OK) {
            break;
        }
    }

    sqlite3_finalize(st);

    return (rc == PTN_ECORRUPT) ? PTN_OK : rc;
}


ptn_rc_t
ptn_check_contents(ptn_check_t *check)
{
    ptn_rc_t       rc;
    ptn_pool_t    *pool;
    sqlite3_stmt  *st, *count;

    rc = ptn_sql_exec(check->mb, "CREATE TEMP TABLE IF NOT EXISTS refs"
                                 " (sha256 BLOB PRIMARY KEY, n INTEGER);"
                                 "DELETE FROM refs");
    if (rc != PTN_OK) {
        return rc;
    }

    pool = ptn_pool_create(0, NULL);
    st = ptn_check_prepare(check, "contents", "SELECT id, size, file, blobs,"
                           " structure, codec FROM content");
    count = ptn_check_prepare(check, "contents", "INSERT INTO refs VALUES (?1,"
                              " 1) ON CONFLICT DO UPDATE SET n=n+1");

    if (pool != NULL && st != NULL && count != NULL) {
        rc = ptn_check_contents_all(check, st, count, pool);

        if (rc == PTN_OK) {
            rc = ptn_check_objects(check, count, pool);
        }

        if (rc == PTN_OK) {
            rc = ptn_check_large(check, count);
        }

    } else {
        rc = PTN_ENOMEM;
    }

    sqlite3_finalize(st);
    sqlite3_finalize(count);
    ptn_pool_destroy(pool);

    return rc;
}


/* ---- blob rows --------------------------------------------------------- */

ptn_rc_t
ptn_check_blobs(ptn_check_t *check)
{
    char           hex[65];
    unsigned       n;
    ptn_rc_t       rc;
    ptn_str_t      sha;
    sqlite3_stmt  *st;

    st = ptn_check_prepare(check, "blobs",
        "SELECT b.sha256, b.refs, coalesce(r.n,0) FROM blob b"
        " LEFT JOIN refs r ON r.sha256=b.sha256 WHERE b.refs<>coalesce(r.n,0)"
        " UNION ALL SELECT sha256, 0, n FROM refs"
        " WHERE sha256 NOT IN (SELECT sha256 FROM blob)");

    if (st == NULL) {
        return PTN_OK;
    }

    n = 0;

    while ((rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN) {
        sha = ptn_sql_column(st, 0);

        if (sha.len == 32) {
            ptn_check_hex(sha.data, hex);
            n++;
            ptn_check_found(check, check->repair,
                            "blob %.16s has %lld references, counted %lld",
                            hex, (long long) sqlite3_column_int64(st, 2),
                            (long long) sqlite3_column_int64(st, 1));
        }
    }

    sqlite3_finalize(st);

    if (rc == PTN_OK && n != 0 && check->repair) {
        rc = ptn_sql_exec(check->mb,
            "UPDATE blob SET refs=coalesce((SELECT n FROM refs r"
            " WHERE r.sha256=blob.sha256),0);"
            "INSERT INTO blob (sha256, refs, size) SELECT sha256, n, 0"
            " FROM refs"
            " WHERE sha256 NOT IN (SELECT sha256 FROM blob)");
        check->mb->dead_blobs++;
    }

    return (rc == PTN_ECORRUPT) ? PTN_OK : rc;
}


/* ---- files ------------------------------------------------------------- */

static ptn_rc_t
ptn_check_blob_size(ptn_check_t *check, const u_char sha256[32],
    uint64_t size)
{
    ptn_rc_t                              rc;
    sqlite3_stmt                         *st;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, check->mb);
    if (rc != PTN_OK) {
        return rc;
    }

    if (sqlite3_prepare_v2(check->mb->db, "UPDATE blob SET size=?2"
                           " WHERE sha256=?1", -1, &st, NULL) != SQLITE_OK)
    {
        return ptn_sql_rc(sqlite3_extended_errcode(check->mb->db));
    }

    sqlite3_bind_blob(st, 1, sha256, 32, SQLITE_STATIC);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) size);
    rc = ptn_sql_step(check->mb, st);
    sqlite3_finalize(st);

    if (rc == PTN_OK) {
        check->mb->meta.dirty = true;
        rc = ptn_txn_commit(&tx);
    }

    if (rc == PTN_OK) {
        rc = ptn_batch_commit(check->mb);
    }

    ptn_check_found(check, true, "size of a blob");

    return rc;
}


/*
 * The rows as they are now, not as the check's transaction saw them: a blob
 * that was dropped since then may have lost its file.
 */

static ptn_rc_t
ptn_check_blob_file(ptn_check_t *check, const u_char sha256[32])
{
    char      path[PTN_BLOB_PATH];
    ptn_rc_t  rc;
    uint64_t  refs, size, has;

    rc = ptn_blob_path(check->mb, sha256, path, sizeof(path));

    if (rc == PTN_OK) {
        rc = ptn_blob_file_is(check->mb->store, path, sha256, &has);
    }

    if (ptn_check_later(rc)) {
        return rc;
    }

    if (ptn_blob_row(check->mb, sha256, &refs, &size) != PTN_OK || refs == 0) {
        return PTN_OK;
    }

    if (rc == PTN_ECORRUPT) {
        ptn_check_found(check, false, "blob file %s: its bytes differ", path);

    } else if (rc != PTN_OK) {
        ptn_check_found(check, false, "blob file %s: %s", path,
                        ptn_err(rc)->name);

    } else if (has != size && check->repair) {
        return ptn_check_blob_size(check, sha256, has);

    } else if (has != size) {
        ptn_check_found(check, false, "blob file %s: another size", path);
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_check_blob_files(ptn_check_t *check)
{
    size_t         i, n, size;
    u_char        *all, *p;
    ptn_rc_t       rc;
    ptn_str_t      sha;
    sqlite3_stmt  *st;

    st = ptn_check_prepare(check, "blobs", "SELECT sha256 FROM blob"
                           " WHERE refs>0");
    if (st == NULL) {
        return PTN_OK;
    }

    all = NULL;
    n = 0;
    size = 0;

    while ((rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN) {
        sha = ptn_sql_column(st, 0);

        if (sha.len != 32) {
            ptn_check_found(check, false, "blob with an odd name");
            continue;
        }

        if (n == size) {
            size = size ? 2 * size : 64;
            p = realloc(all, size * 32);
            if (p == NULL) {
                rc = PTN_ENOMEM;
                break;
            }
            all = p;
        }

        memcpy(all + 32 * n++, sha.data, 32);
    }

    sqlite3_finalize(st);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        rc = ptn_check_blob_file(check, all + 32 * i);
    }

    free(all);

    return (rc == PTN_ECORRUPT) ? PTN_OK : rc;
}


/* A file without a row; asked under the write lock, where rows are made. */

static ptn_rc_t
ptn_check_orphan(ptn_check_t *check, const char *path, const u_char *sha256)
{
    bool                                  orphan;
    ptn_rc_t                              rc;
    uint64_t                              size;
    ptn_mbox_t                           *mb;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    mb = check->mb;
    size = 0;

    if (sha256 != NULL && ptn_blob_size(mb, sha256, &size) == PTN_OK) {
        return PTN_OK;
    }

    rc = ptn_txn_begin(&tx, mb);
    if (rc != PTN_OK) {
        return rc;
    }

    orphan = (sha256 == NULL
              || ptn_blob_size(mb, sha256, &size) == PTN_ENOTFOUND);

    if (orphan && access(path, F_OK) == 0) {
        if (check->repair
            && mb->store->io->unlink(mb->store->io, path) == -1)
        {
            return ptn_errno_rc(errno);
        }

        ptn_check_found(check, check->repair, "file without a row: %s", path);
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_check_orphans_in(ptn_check_t *check, const char *parent, const char *name)
{
    DIR            *dir;
    char            path[PTN_BLOB_PATH + 256], file[PTN_BLOB_PATH + 512];
    u_char          sha[32];
    ptn_rc_t        rc;
    struct dirent  *de;

    snprintf(path, sizeof(path), "%s/%s", parent, name);

    dir = opendir(path);
    if (dir == NULL) {
        return PTN_OK;
    }

    rc = PTN_OK;

    while (rc == PTN_OK && (de = readdir(dir)) != NULL) {
        if (de->d_name[0] == '.') {
            continue;
        }

        snprintf(file, sizeof(file), "%s/%s", path, de->d_name);

        rc = ptn_check_orphan(check, file,
                              ptn_blob_unhex(name, de->d_name, sha) ? sha
                                                                     : NULL);
    }

    closedir(dir);

    return rc;
}


ptn_rc_t
ptn_check_files(ptn_check_t *check)
{
    DIR            *dir;
    char            path[PTN_BLOB_PATH];
    ptn_rc_t        rc;
    struct dirent  *de;

    rc = ptn_check_blob_files(check);
    if (rc != PTN_OK) {
        return rc;
    }

    snprintf(path, sizeof(path), "%s/blob", check->mb->dir);

    dir = opendir(path);
    if (dir == NULL) {
        return PTN_OK;
    }

    while (rc == PTN_OK && (de = readdir(dir)) != NULL) {
        if (de->d_name[0] != '.') {
            rc = ptn_check_orphans_in(check, path, de->d_name);
        }
    }

    closedir(dir);

    return rc;
}
