/*
 * The one copy of content: skeleton and blobs, compressed; and an executor's
 * small cache of it unpacked, so that the FETCHes of one message's parts
 * unpack it once.
 *
 * Unpacked content over PTN_CONTENT_MAPPED lies in a nameless file that is
 * mapped: its pages can leave memory, so reading a huge message takes little.
 */

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ptn_dictionary.h"
#include "ptn_item.h"


#define PTN_CONTENT_MAPPED  (4 * 1024 * 1024)
#define PTN_CONTENT_SHAPE_MAX  (64 * 1024 * 1024)
#define PTN_HASTY_PLAIN     (96 * 1024)  /* what stays in its row, packed */
#define PTN_HASTY_MAX       (256 * 1024 * 1024)     /* of a mailbox */
#define PTN_CONTENT_SHAPE   256         /* shorter structures stay as is */


/* ---- memory ------------------------------------------------------------ */

/*
 * Large pieces are mappings of nameless files: where memory is short the
 * system writes them out, and they do not count as the process's own.
 */

static u_char *
ptn_content_map(const ptn_conf_t *conf, size_t len)
{
    int    fd;
    void  *p;

    fd = open(conf->root, O_TMPFILE|O_RDWR|O_CLOEXEC, 0600);
    if (fd == -1) {
        return NULL;
    }

    p = MAP_FAILED;

    if (ftruncate(fd, (off_t) len) == 0 && posix_fallocate(fd, 0, (off_t) len)
        == 0)
    {
        p = mmap(NULL, len, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0);
    }

    close(fd);

    return (p == MAP_FAILED) ? NULL : p;
}


/* Stands before what an allocator of ours gave; 16 bytes keep alignment. */
typedef struct {
    size_t  size;
    size_t  mapped;
} ptn_content_piece_t;


static void *
ptn_content_mem_alloc(void *ctx, size_t size)
{
    ptn_content_piece_t  *piece;

    if (size > SIZE_MAX - sizeof(ptn_content_piece_t)) {
        return NULL;
    }

    size += sizeof(ptn_content_piece_t);
    piece = NULL;

    if (size > PTN_CONTENT_MAPPED) {
        piece = (ptn_content_piece_t *) ptn_content_map(ctx, size);
    }

    if (piece != NULL) {
        piece->mapped = 1;

    } else {
        piece = malloc(size);
        if (piece == NULL) {
            return NULL;
        }

        piece->mapped = 0;
    }

    piece->size = size;

    return piece + 1;
}


static void
ptn_content_mem_free(void *ctx PTN_UNUSED, void *p)
{
    ptn_content_piece_t  *piece;

    piece = (ptn_content_piece_t *) p - 1;

    if (piece->mapped) {
        munmap(piece, piece->size);

    } else {
        free(piece);
    }
}


ptn_pool_t *
ptn_content_pool(ptn_store_t *store, size_t cap)
{
    ptn_mem_t  mem = { ptn_content_mem_alloc, ptn_content_mem_free,
                       (void *) store->conf };

    return ptn_pool_create(cap, &mem);
}


/* ---- writing ----------------------------------------------------------- */

/* Skeleton parts become blobs; their names, one after the other. */

static ptn_rc_t
ptn_content_parts(ptn_mbox_t *mb, ptn_pool_t *pool,
    const ptn_skeleton_part_t *parts, size_t n, ptn_str_t *ret_names)
{
    size_t    i;
    u_char   *p;
    ptn_rc_t  rc;

    p = ptn_parray(pool, n, 32);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < n; i++) {
        rc = ptn_blob_add(mb, parts[i].sha256, parts[i].data);
        if (rc != PTN_OK) {
            return rc;
        }

        memcpy(p + i * 32, parts[i].sha256, 32);
    }

    *ret_names = ptn_str_make(p, n * 32);

    return PTN_OK;
}


static ptn_rc_t
ptn_content_insert(ptn_mbox_t *mb, ptn_id_t id,
    const ptn_content_made_t *made, ptn_str_t blobs)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_CONTENT_ADD, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) made->size);
    sqlite3_bind_int(st, 3, made->form);
    sqlite3_bind_int(st, 4, ptn_codec_both(made->codec, made->shape));
    sqlite3_bind_int64(st, 5, (sqlite3_int64) made->plain);
    ptn_sql_blob(st, 6, made->file ? ptn_str_make(NULL, 0) : made->data);
    ptn_sql_blob(st, 7, ptn_str_make(made->sha256, made->file ? 32 : 0));
    ptn_sql_blob(st, 8, blobs);
    sqlite3_bind_blob64(st, 9, made->structure.data ? made->structure.data
                                                    : (u_char *) "",
                        made->structure.len, SQLITE_STATIC);

    rc = ptn_sql_step(mb, st);
    sqlite3_clear_bindings(st);

    return rc;
}


static ptn_rc_t
ptn_content_frames(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_str_t plain,
    bool hurry, ptn_content_made_t *made)
{
    ptn_rc_t  rc;

    rc = PTN_OK;
    hurry = hurry && plain.len <= PTN_HASTY_PLAIN
            && mb->meta.hasty_bytes < PTN_HASTY_MAX;

    if (hurry) {
        rc = ptn_frame_hasty(mb, pool, plain, &made->data, &made->codec);
        hurry = (rc == PTN_OK && made->data.len <= PTN_INLINE_MAX);
    }

    if (rc == PTN_OK && !hurry) {
        rc = ptn_frame_make(mb, pool, plain, &made->data, &made->codec);
    }

    if (rc == PTN_OK && made->codec != PTN_CODEC_HASTY
        && made->structure.len >= PTN_CONTENT_SHAPE)
    {
        rc = ptn_frame_make(mb, pool, made->structure, &made->structure,
                            &made->shape);
    }

    made->dictionary = mb->meta.dictionary;
    made->file = (made->data.len > PTN_INLINE_MAX);

    if (rc == PTN_OK && made->file
        && EVP_Digest(made->data.data, made->data.len, made->sha256, NULL,
                      EVP_sha256(), NULL)
           != 1)
    {
        rc = PTN_ENOMEM;
    }

    return rc;
}


ptn_rc_t
ptn_content_make(ptn_mbox_t *mb, ptn_pool_t *pool, const ptn_mime_t *mime,
    bool hurry, ptn_content_made_t *ret_made)
{
    ptn_rc_t              rc;
    ptn_str_t             plain;
    ptn_skeleton_part_t  *parts;

    memset(ret_made, 0, sizeof(ptn_content_made_t));
    ret_made->size = mime->raw.len;
    ret_made->form = PTN_FORM_RAW;
    plain = mime->raw;

    /* nothing shorter has an attachment that is worth a blob */

    if (mime->raw.len > PTN_SKELETON_MIN) {
        rc = ptn_skeleton_build(pool, mime, &plain, &parts, &ret_made->nparts);
        if (rc != PTN_OK) {
            return rc;
        }

        ret_made->parts = parts;

        if (ret_made->nparts == 0) {
            plain = mime->raw;

        } else {
            ret_made->form = PTN_FORM_SKELETON;
        }
    }

    ret_made->plain = plain.len;

    rc = ptn_mime_pack(pool, mime, &ret_made->structure);

    return (rc == PTN_OK)
           ? ptn_content_frames(mb, pool, plain, hurry, ret_made) : rc;
}


ptn_rc_t
ptn_content_put(ptn_txn_t *tx, ptn_pool_t *pool,
    const ptn_content_made_t *made, ptn_id_t id, ptn_id_t *ret_content)
{
    ptn_rc_t    rc;
    ptn_str_t   blobs;
    ptn_mbox_t  *mb;

    mb = tx->mb;
    blobs = ptn_str_make(NULL, 0);
    rc = PTN_OK;

    if (made->nparts != 0) {
        rc = ptn_content_parts(mb, pool, made->parts, made->nparts, &blobs);
    }

    if (rc == PTN_OK && made->file) {
        rc = ptn_blob_add(mb, made->sha256, made->data);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (id == 0) {
        id = ptn_txn_oid(tx);
    }

    rc = ptn_content_insert(mb, id, made, blobs);

    if (rc == PTN_OK && made->codec == PTN_CODEC_HASTY) {
        mb->meta.hasty = mb->meta.hasty ? ptn_min(mb->meta.hasty, id) : id;
        mb->meta.hasty_bytes += made->plain;
        mb->meta.dirty = true;
    }

    if (rc == PTN_OK) {
        *ret_content = id;
    }

    return rc;
}


ptn_rc_t
ptn_content_add(ptn_txn_t *tx, ptn_pool_t *pool, const ptn_mime_t *mime,
    ptn_id_t id, ptn_id_t *ret_content)
{
    ptn_rc_t            rc;
    ptn_content_made_t  made;

    rc = ptn_content_make(tx->mb, pool, mime, false, &made);

    return (rc == PTN_OK) ? ptn_content_put(tx, pool, &made, id, ret_content)
                          : rc;
}


/* ---- removing ---------------------------------------------------------- */

static ptn_rc_t
ptn_content_refs(ptn_mbox_t *mb, ptn_id_t content, u_char *p, size_t max,
    size_t *ret_n)
{
    size_t         i, n;
    ptn_rc_t       rc;
    ptn_str_t      s;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_CONTENT_REFS, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) content);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ECORRUPT : rc;
    }

    n = 0;

    for (i = 0; i < 2; i++) {
        s = ptn_sql_column(st, (int) i);

        if (s.len > (max - n) * 32) {
            sqlite3_reset(st);
            return PTN_ECORRUPT;
        }

        if (s.len >= 32) {
            memcpy(p + n * 32, s.data, s.len / 32 * 32);
            n += s.len / 32;
        }
    }

    sqlite3_reset(st);
    *ret_n = n;

    return PTN_OK;
}


ptn_rc_t
ptn_content_drop(ptn_mbox_t *mb, ptn_id_t content)
{
    ptn_rc_t       rc;
    uint64_t       shared;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_SHARE_GET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) content);
    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        shared = ptn_sql_u64(st, 0);
        sqlite3_reset(st);

        return shared > 2
               ? ptn_sql_run(mb, PTN_SQL_SHARE_SET, 2, content, shared - 1)
               : ptn_sql_run(mb, PTN_SQL_SHARE_DELETE, 1, content);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    return (content <= mb->meta.indexed)
           ? ptn_sql_run(mb, PTN_SQL_UNINDEX_ADD, 1, content)
           : ptn_content_remove(mb, content);
}


ptn_rc_t
ptn_content_remove(ptn_mbox_t *mb, ptn_id_t content)
{
    size_t    i, n;
    u_char    refs[(PTN_MIME_PARTS_MAX + 2) * 32];
    ptn_rc_t  rc;

    rc = ptn_stored_drop(mb, content);
    if (rc != PTN_OK) {
        return rc;
    }

    n = 0;
    rc = ptn_content_refs(mb, content, refs, PTN_MIME_PARTS_MAX + 2, &n);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        rc = ptn_blob_drop(mb, refs + i * 32);
    }

    return (rc == PTN_OK) ? ptn_sql_run(mb, PTN_SQL_CONTENT_DELETE, 1, content)
                          : rc;
}


/* ---- reading ----------------------------------------------------------- */

static void
ptn_content_free(ptn_cached_t *c)
{
    if (c->plain != NULL) {
        if (c->mapped) {
            munmap(c->plain, c->len);

        } else {
            free(c->plain);
        }
    }

    memset(c, 0, sizeof(ptn_cached_t));
}


void
ptn_content_forget(ptn_store_t *store, const ptn_guid_t *mailbox)
{
    unsigned  i;

    for (i = 0; i < PTN_CACHE_ENTRIES; i++) {
        if (mailbox == NULL
            || ptn_guid_eq(store->cache[i].mailbox, *mailbox))
        {
            ptn_content_free(&store->cache[i]);
        }
    }
}


static ptn_rc_t
ptn_content_alloc(ptn_store_t *store, ptn_cached_t *c, size_t len)
{
    c->len = len;

    if (len > PTN_CONTENT_MAPPED) {
        c->plain = ptn_content_map(store->conf, len);
        c->mapped = (c->plain != NULL);
    }

    if (c->plain == NULL) {
        c->plain = malloc(len ? len : 1);
    }

    return c->plain ? PTN_OK : PTN_ENOMEM;
}


static ptn_rc_t
ptn_content_unpack(ptn_mbox_t *mb, ptn_cached_t *c, ptn_codec_e codec,
    uint64_t plain, ptn_str_t data)
{
    ptn_rc_t  rc;
    uint64_t  size;

    /* a length that lies must not take memory: zstd frames say theirs */

    rc = ptn_frame_size(data, codec, &size);

    if (rc != PTN_OK || size != plain) {
        return PTN_ECORRUPT;
    }

    rc = ptn_content_alloc(mb->store, c, (size_t) plain);

    return (rc == PTN_OK)
           ? ptn_frame_open(mb, data, codec, c->plain, c->len) : rc;
}


/* Content in a blob file is mapped to be unpacked: it may be large. */

static ptn_rc_t
ptn_content_unpack_file(ptn_mbox_t *mb, ptn_cached_t *c, ptn_codec_e codec,
    uint64_t plain, const u_char sha256[32])
{
    void      *p;
    size_t     len;
    ptn_rc_t   rc;
    uint64_t   size;

    rc = ptn_blob_size(mb, sha256, &size);

    if (rc != PTN_OK) {
        return (rc == PTN_ENOTFOUND) ? PTN_ECORRUPT : rc;
    }

    len = (size_t) size;

    p = mmap(NULL, len + 1, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS,
             -1, 0);
    if (p == MAP_FAILED) {
        return PTN_ENOMEM;
    }

    rc = ptn_blob_read(mb, sha256, 0, p, len);

    if (rc == PTN_OK) {
        rc = ptn_content_unpack(mb, c, codec, plain, ptn_str_make(p, len));
    }

    munmap(p, len + 1);

    return rc;
}


static ptn_rc_t
ptn_content_load(ptn_mbox_t *mb, ptn_id_t content, ptn_cached_t *c)
{
    u_char         sha[32];
    ptn_rc_t       rc;
    uint64_t       plain;
    ptn_str_t      file;
    ptn_codec_e    codec;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_CONTENT_GET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) content);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    c->size = ptn_sql_u64(st, 0);
    c->form = (uint32_t) sqlite3_column_int(st, 1);
    codec = ptn_codec_data(sqlite3_column_int(st, 2));
    plain = ptn_sql_u64(st, 3);
    file = ptn_sql_column(st, 5);

    if (c->form > PTN_FORM_SKELETON || codec > PTN_CODEC_HASTY
        || (file.len != 0 && file.len != 32)
        || (c->form == PTN_FORM_RAW && plain != c->size))
    {
        sqlite3_reset(st);
        return PTN_ECORRUPT;
    }

    if (file.len == 0) {
        rc = ptn_content_unpack(mb, c, codec, plain, ptn_sql_column(st, 4));
        sqlite3_reset(st);
        return rc;
    }

    memcpy(sha, file.data, 32);
    sqlite3_reset(st);

    return ptn_content_unpack_file(mb, c, codec, plain, sha);
}


/* A structure as it stands in its row, unpacked into `pool`. */

ptn_rc_t
ptn_content_structure(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_str_t data,
    int codec, ptn_str_t *ret)
{
    ptn_rc_t   rc;
    uint64_t   size;
    ptn_str_t  s;

    rc = ptn_frame_size(data, ptn_codec_structure(codec), &size);

    if (rc != PTN_OK || size > PTN_CONTENT_SHAPE_MAX) {
        return PTN_ECORRUPT;
    }

    s.len = (size_t) size;
    s.data = ptn_palloc(pool, s.len + 1);

    if (s.data == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_frame_open(mb, data, ptn_codec_structure(codec), s.data, s.len);

    if (rc == PTN_OK) {
        *ret = s;
    }

    return rc;
}


/* The entry to give up: the oldest that nobody reads from. */

static ptn_cached_t *
ptn_content_victim(ptn_store_t *store)
{
    size_t         bytes;
    unsigned       i;
    ptn_cached_t  *c, *victim;

    for ( ;; ) {
        victim = NULL;
        bytes = 0;

        for (i = 0; i < PTN_CACHE_ENTRIES; i++) {
            c = &store->cache[i];
            bytes += c->mapped ? 0 : c->len;

            if (c->pins == 0
                && (victim == NULL || c->used < victim->used))
            {
                victim = c;
            }
        }

        if (victim == NULL) {
            return NULL;
        }

        ptn_content_free(victim);

        if (bytes <= PTN_CACHE_BYTES) {
            return victim;
        }
    }
}


ptn_rc_t
ptn_content_get(ptn_mbox_t *mb, ptn_id_t content, ptn_cached_t **ret_cached)
{
    unsigned       i;
    ptn_rc_t       rc;
    ptn_store_t   *store;
    ptn_cached_t  *c;

    store = mb->store;

    for (i = 0; i < PTN_CACHE_ENTRIES; i++) {
        c = &store->cache[i];

        if (c->content == content && c->content != 0
            && ptn_guid_eq(c->mailbox, mb->guid))
        {
            c->used = ++store->tick;
            *ret_cached = c;
            return PTN_OK;
        }
    }

    c = ptn_content_victim(store);
    if (c == NULL) {
        return PTN_ELIMIT;
    }

    rc = ptn_content_load(mb, content, c);

    if (rc != PTN_OK) {
        ptn_content_free(c);
        return rc;
    }

    c->mailbox = mb->guid;
    c->content = content;
    c->used = ++store->tick;
    *ret_cached = c;

    return PTN_OK;
}
