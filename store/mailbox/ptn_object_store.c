/*
 * Objects that are the truth of their content (table object).
 *
 * The stored form, version 1, little-endian, compressed as a whole:
 *
 *   u8   version, u8 codec, u16 0, u32 length of what follows, unpacked:
 *     u32  n            attachments of the tree, in depth first order
 *     n times           u8 kind, 7 bytes 0, u64 size, 32 bytes SHA-256
 *     u32  length       of the packed object (ptn_object_pack)
 *     packed object, data of those of kind INLINE one behind the other
 *
 * Data of PTN_SKELETON_MIN bytes and more is a blob: the same as the skeleton
 * of the MIME form names, where that has it decoded.
 */

#include <openssl/evp.h>
#include <zstd.h>

#include "ptn_item.h"
#include "ptn_skeleton.h"


#define PTN_STORED_VERSION  1
#define PTN_STORED_HEAD     8
#define PTN_STORED_REF      48
#define PTN_STORED_LEVEL    3
#define PTN_STORED_MAX      (1024u * 1024 * 1024)
#define PTN_STORED_REFS     100000

typedef enum {
    PTN_STORED_NONE, PTN_STORED_INLINE, PTN_STORED_BLOB
} ptn_stored_kind_e;

typedef struct {
    uint8_t        kind;
    uint64_t       size;
    const u_char  *sha256;
    const u_char  *data;        /* INLINE */
} ptn_stored_ref_t;

struct ptn_stored_s {
    ptn_stored_ref_t  *refs;
    uint32_t           n;
    ptn_str_t          blobs;
};


/* ---- writing ------------------------------------------------------------ */

typedef struct {
    ptn_mbox_t  *mb;
    ptn_buf_t    refs, data, blobs;
    uint32_t     n;
} ptn_stored_out_t;


static ptn_rc_t
ptn_stored_put(ptn_stored_out_t *out, const ptn_attach_t *a)
{
    u_char    *p, sha[32];
    ptn_rc_t   rc;
    uint64_t   size;

    if (out->n++ >= PTN_STORED_REFS) {
        return PTN_ELIMIT;
    }

    p = ptn_buf_reserve(&out->refs, PTN_STORED_REF);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    memset(p, 0, PTN_STORED_REF);
    out->refs.len += PTN_STORED_REF;

    if (!a->has_data || a->data.data == NULL) {
        return PTN_OK;
    }

    size = a->data.len;
    ptn_put_le32(p + 8, (uint32_t) size);
    ptn_put_le32(p + 12, (uint32_t) (size >> 32));

    if (size < PTN_SKELETON_MIN) {
        p[0] = PTN_STORED_INLINE;
        ptn_buf_str(&out->data, a->data);
        return PTN_OK;
    }

    p[0] = PTN_STORED_BLOB;

    if (EVP_Digest(a->data.data, a->data.len, sha, NULL, EVP_sha256(), NULL)
        != 1)
    {
        return PTN_ENOMEM;
    }

    memcpy(p + 16, sha, 32);
    rc = ptn_blob_add(out->mb, sha, a->data);
    ptn_buf_add(&out->blobs, sha, 32);

    return rc;
}


static ptn_rc_t
ptn_stored_walk(ptn_stored_out_t *out, const ptn_object_t *object,
    unsigned depth)
{
    uint32_t  i;
    ptn_rc_t  rc;

    if (depth > PTN_OBJECT_NESTING_MAX) {
        return PTN_ETOOBIG;
    }

    for (i = 0; i < object->nattachs; i++) {
        rc = ptn_stored_put(out, &object->attachs[i]);

        if (rc == PTN_OK && object->attachs[i].embedded != NULL) {
            rc = ptn_stored_walk(out, object->attachs[i].embedded,
                                 depth + 1);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_stored_compress(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_str_t plain,
    ptn_str_t *ret)
{
    size_t   n;
    u_char  *p;

    if (mb->store->cctx == NULL) {
        mb->store->cctx = ZSTD_createCCtx();
        if (mb->store->cctx == NULL) {
            return PTN_ENOMEM;
        }
    }

    if (plain.len > PTN_STORED_MAX) {
        return PTN_ETOOBIG;
    }

    p = ptn_palloc(pool, PTN_STORED_HEAD + plain.len);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    memset(p, 0, PTN_STORED_HEAD);
    p[0] = PTN_STORED_VERSION;
    p[1] = PTN_CODEC_ZSTD;
    ptn_put_le32(p + 4, (uint32_t) plain.len);

    n = ZSTD_compressCCtx(mb->store->cctx, p + PTN_STORED_HEAD, plain.len,
                          plain.data, plain.len, PTN_STORED_LEVEL);

    if (ZSTD_isError(n)) {
        p[1] = PTN_CODEC_NONE;
        memcpy(p + PTN_STORED_HEAD, plain.data, plain.len);
        n = plain.len;
    }

    *ret = ptn_str_make(p, PTN_STORED_HEAD + n);

    return PTN_OK;
}


static ptn_rc_t
ptn_stored_insert(ptn_mbox_t *mb, ptn_id_t content, ptn_str_t data,
    ptn_str_t blobs)
{
    u_char         sha[32];
    ptn_rc_t       rc;
    ptn_str_t      file;
    sqlite3_stmt  *st;

    file = ptn_str_make(NULL, 0);

    if (data.len > PTN_INLINE_MAX) {
        if (EVP_Digest(data.data, data.len, sha, NULL, EVP_sha256(), NULL)
            != 1)
        {
            return PTN_ENOMEM;
        }

        rc = ptn_blob_add(mb, sha, data);
        if (rc != PTN_OK) {
            return rc;
        }

        file = ptn_str_make(sha, 32);
        data = ptn_str_make(NULL, 0);
    }

    st = ptn_sql(mb, PTN_SQL_OBJECT_ADD, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) content);
    ptn_sql_blob(st, 2, data);
    ptn_sql_blob(st, 3, file);
    ptn_sql_blob(st, 4, blobs);
    rc = ptn_sql_step(mb, st);
    sqlite3_clear_bindings(st);

    return rc;
}


ptn_rc_t
ptn_stored_add(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t content,
    const ptn_object_t *object)
{
    u_char             n[4];
    ptn_rc_t           rc;
    ptn_buf_t          plain;
    ptn_str_t          packed, data;
    ptn_stored_out_t   out;

    memset(&out, 0, sizeof(out));
    out.mb = mb;
    ptn_buf_init(&out.refs, pool);
    ptn_buf_init(&out.data, pool);
    ptn_buf_init(&out.blobs, pool);

    rc = ptn_stored_walk(&out, object, 0);

    if (rc == PTN_OK) {
        rc = ptn_object_pack(pool, object, &packed);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_buf_init(&plain, pool);
    ptn_put_le32(n, out.n);
    ptn_buf_add(&plain, n, 4);
    ptn_buf_str(&plain, ptn_buf_get(&out.refs));
    ptn_put_le32(n, (uint32_t) packed.len);
    ptn_buf_add(&plain, n, 4);
    ptn_buf_str(&plain, packed);
    ptn_buf_str(&plain, ptn_buf_get(&out.data));

    if (plain.failed || out.data.failed || out.blobs.failed) {
        return PTN_ENOMEM;
    }

    rc = ptn_stored_compress(mb, pool, ptn_buf_get(&plain), &data);

    return (rc == PTN_OK)
           ? ptn_stored_insert(mb, content, data, ptn_buf_get(&out.blobs))
           : rc;
}


/* ---- removing ----------------------------------------------------------- */

ptn_rc_t
ptn_stored_drop(ptn_mbox_t *mb, ptn_id_t content)
{
    int            k;
    size_t         i;
    u_char        *names;
    ptn_rc_t       rc;
    ptn_buf_t      b;
    ptn_str_t      s;
    ptn_pool_t    *pool;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_OBJECT_DELETE, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) content);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return rc;
    }

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        sqlite3_reset(st);
        return PTN_ENOMEM;
    }

    ptn_buf_init(&b, pool);

    for (k = 0; k < 2; k++) {
        s = ptn_sql_column(st, k);
        s.len -= s.len % 32;
        ptn_buf_str(&b, s);
    }

    sqlite3_reset(st);
    rc = b.failed ? PTN_ENOMEM : PTN_OK;
    names = b.data;

    for (i = 0; i < b.len && rc == PTN_OK; i += 32) {
        rc = ptn_blob_drop(mb, names + i);
    }

    ptn_pool_destroy(pool);

    return rc;
}


/* ---- reading ------------------------------------------------------------ */

static ptn_rc_t
ptn_stored_load(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t content,
    ptn_str_t *ret)
{
    u_char         sha[32];
    ptn_rc_t       rc;
    uint64_t       refs, size;
    ptn_str_t      s, file;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_OBJECT_GET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) content);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    file = ptn_sql_column(st, 1);

    if (file.len != 32) {
        s = ptn_str_dup(pool, ptn_sql_column(st, 0));
        sqlite3_reset(st);
        *ret = s;
        return s.data ? PTN_OK : PTN_ENOMEM;
    }

    memcpy(sha, file.data, 32);
    sqlite3_reset(st);

    rc = ptn_blob_row(mb, sha, &refs, &size);
    if (rc != PTN_OK) {
        return (rc == PTN_ENOTFOUND) ? PTN_ECORRUPT : rc;
    }

    s.len = (size_t) size;
    s.data = ptn_palloc(pool, s.len + 1);

    if (s.data == NULL) {
        return PTN_ENOMEM;
    }

    *ret = s;

    return ptn_blob_read(mb, sha, 0, s.data, s.len);
}


static ptn_rc_t
ptn_stored_unpack(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_str_t s,
    ptn_str_t *ret)
{
    size_t   n, len;
    u_char  *p;

    if (s.len < PTN_STORED_HEAD) {
        return PTN_ECORRUPT;
    }

    if (s.data[0] != PTN_STORED_VERSION) {
        return PTN_EVERSION;
    }

    len = ptn_le32(s.data + 4);
    p = s.data + PTN_STORED_HEAD;
    n = s.len - PTN_STORED_HEAD;

    if (s.data[1] == PTN_CODEC_NONE) {
        *ret = ptn_str_make(p, n);
        return (n == len) ? PTN_OK : PTN_ECORRUPT;
    }

    if (s.data[1] != PTN_CODEC_ZSTD || len > PTN_STORED_MAX
        || ZSTD_getFrameContentSize(p, n) != len)
    {
        return PTN_ECORRUPT;
    }

    if (mb->store->dctx == NULL) {
        mb->store->dctx = ZSTD_createDCtx();
        if (mb->store->dctx == NULL) {
            return PTN_ENOMEM;
        }
    }

    ret->len = len;
    ret->data = ptn_palloc(pool, len + 1);

    if (ret->data == NULL) {
        return PTN_ENOMEM;
    }

    n = ZSTD_decompressDCtx(mb->store->dctx, ret->data, len, p, n);

    return (!ZSTD_isError(n) && n == len) ? PTN_OK : PTN_ECORRUPT;
}


/* Where each attachment's data is; *ret_packed: the object. */

static ptn_rc_t
ptn_stored_parse(ptn_pool_t *pool, ptn_str_t s, ptn_stored_t *stored,
    ptn_str_t *ret_packed)
{
    size_t             len;
    u_char            *p, *end;
    uint32_t           i;
    ptn_buf_t          blobs;
    ptn_stored_ref_t  *r;

    p = s.data;
    end = s.data + s.len;

    if (end - p < 4) {
        return PTN_ECORRUPT;
    }

    stored->n = ptn_le32(p);
    p += 4;

    if (stored->n > PTN_STORED_REFS
        || (size_t) (end - p) / PTN_STORED_REF < stored->n)
    {
        return PTN_ECORRUPT;
    }

    stored->refs = ptn_parray(pool, stored->n, sizeof(ptn_stored_ref_t));
    if (stored->refs == NULL) {
        return PTN_ENOMEM;
    }

    ptn_buf_init(&blobs, pool);

    for (i = 0; i < stored->n; i++, p += PTN_STORED_REF) {
        r = &stored->refs[i];
        r->kind = p[0];
        r->size = ptn_le32(p + 8) | (uint64_t) ptn_le32(p + 12) << 32;
        r->sha256 = p + 16;
        r->data = NULL;

        if (r->kind == PTN_STORED_BLOB) {
            ptn_buf_add(&blobs, r->sha256, 32);
        }
    }

    stored->blobs = ptn_buf_get(&blobs);

    if (end - p < 4) {
        return PTN_ECORRUPT;
    }

    len = ptn_le32(p);
    p += 4;

    if (len > (size_t) (end - p)) {
        return PTN_ECORRUPT;
    }

    *ret_packed = ptn_str_make(p, len);
    p += len;

    for (i = 0; i < stored->n; i++) {
        r = &stored->refs[i];

        if (r->kind == PTN_STORED_INLINE) {
            if (r->size > (uint64_t) (end - p)) {
                return PTN_ECORRUPT;
            }

            r->data = p;
            p += r->size;
        }
    }

    return blobs.failed ? PTN_ENOMEM : PTN_OK;
}


/* How many attachments the tree has: as many as there are references. */

static uint32_t
ptn_stored_count(const ptn_object_t *object)
{
    uint32_t  i, n;

    for (i = 0, n = 0; i < object->nattachs; i++) {
        n++;

        if (object->attachs[i].embedded != NULL) {
            n += ptn_stored_count(object->attachs[i].embedded);
        }
    }

    return n;
}


ptn_rc_t
ptn_stored_get(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t content,
    ptn_stored_t **ret_stored, ptn_object_t **ret_object)
{
    ptn_rc_t       rc;
    ptn_str_t      s, plain, packed;
    ptn_stored_t  *stored;
    ptn_object_t  *object;

    s = ptn_str_make(NULL, 0);

    stored = ptn_pcalloc(pool, sizeof(ptn_stored_t));
    if (stored == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_stored_load(mb, pool, content, &s);

    if (rc == PTN_OK) {
        rc = ptn_stored_unpack(mb, pool, s, &plain);
    }

    if (rc == PTN_OK) {
        rc = ptn_stored_parse(pool, plain, stored, &packed);
    }

    if (rc == PTN_OK) {
        rc = ptn_object_unpack(pool, packed, &object);
    }

    if (rc == PTN_OK && ptn_stored_count(object) != stored->n) {
        rc = PTN_ECORRUPT;
    }

    if (rc == PTN_OK) {
        *ret_stored = stored;
        *ret_object = object;
    }

    return rc;
}


ptn_str_t
ptn_stored_blobs(const ptn_stored_t *stored)
{
    return stored->blobs;
}


static ptn_rc_t
ptn_stored_read(ptn_mbox_t *mb, ptn_pool_t *pool, const ptn_stored_ref_t *r,
    size_t max, ptn_str_t *ret)
{
    ptn_rc_t   rc;
    uint64_t   refs, size;
    ptn_str_t  s;

    if (r->size > max) {
        return PTN_ETOOBIG;
    }

    if (r->kind != PTN_STORED_BLOB) {
        *ret = ptn_str_make(r->data ? (const void *) r->data : "",
                            r->data ? (size_t) r->size : 0);
        return PTN_OK;
    }

    rc = ptn_blob_row(mb, r->sha256, &refs, &size);

    if (rc != PTN_OK || size != r->size) {
        return (rc == PTN_OK || rc == PTN_ENOTFOUND) ? PTN_ECORRUPT : rc;
    }

    s.len = (size_t) size;
    s.data = ptn_palloc(pool, s.len + 1);

    if (s.data == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_blob_read(mb, r->sha256, 0, s.data, s.len);

    if (rc == PTN_OK) {
        *ret = s;
    }

    return rc;
}


static ptn_rc_t
ptn_stored_fill(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_stored_t *stored,
    ptn_object_t *object, uint32_t *at)
{
    uint32_t           i;
    ptn_rc_t           rc;
    ptn_attach_t      *a;
    ptn_stored_ref_t  *r;

    for (i = 0; i < object->nattachs; i++) {
        a = &object->attachs[i];
        r = &stored->refs[(*at)++];

        if (r->kind != PTN_STORED_NONE) {
            rc = ptn_stored_read(mb, pool, r, SIZE_MAX, &a->data);
            if (rc != PTN_OK) {
                return rc;
            }

            a->has_data = true;
            a->size = a->data.len;
        }

        if (a->embedded != NULL) {
            rc = ptn_stored_fill(mb, pool, stored, a->embedded, at);
            if (rc != PTN_OK) {
                return rc;
            }
        }
    }

    return PTN_OK;
}


ptn_rc_t
ptn_stored_data(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_stored_t *stored,
    ptn_object_t *object)
{
    uint32_t  at;

    at = 0;

    return ptn_stored_fill(mb, pool, stored, object, &at);
}


ptn_rc_t
ptn_stored_data_of(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_stored_t *stored,
    const ptn_object_t *object, uint32_t i, size_t max, ptn_str_t *ret)
{
    uint32_t  k, at;

    for (k = 0, at = 0; k < i; k++) {
        at += 1 + (object->attachs[k].embedded != NULL
                   ? ptn_stored_count(object->attachs[k].embedded) : 0);
    }

    return (stored->refs[at].kind == PTN_STORED_NONE)
           ? PTN_ENOTFOUND
           : ptn_stored_read(mb, pool, &stored->refs[at], max, ret);
}
