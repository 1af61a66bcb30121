/*
 * Reading blob files.  An executor keeps the last one open, with the table of
 * a packed one and the chunk that it unpacked last.
 */

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <zstd.h>

#include "ptn_blob_pack.h"
#include "ptn_mailbox.h"
#include "ptn_prop.h"


#define PTN_BLOB_NO_CHUNK  UINT64_MAX


void
ptn_blob_forget(ptn_store_t *store)
{
    ptn_blob_reader_t  *r = &store->blob;

    if (r->fd != -1) {
        store->io->close(store->io, r->fd);
        r->fd = -1;
    }

    free(r->head);
    free(r->chunk);
    r->head = NULL;
    r->chunk = NULL;
}


static ptn_rc_t
ptn_blob_pread(ptn_store_t *store, uint64_t off, u_char *p, size_t n)
{
    ssize_t  got;

    got = ptn_io_read_all(store->io, store->blob.fd, p, n, (off_t) off);

    if (got == -1) {
        return ptn_errno_rc(errno);
    }

    return ((size_t) got == n) ? PTN_OK : PTN_ECORRUPT;
}


/* Head and table of a packed file. */

static ptn_rc_t
ptn_blob_open_packed(ptn_store_t *store, uint64_t stored)
{
    size_t              n;
    ptn_rc_t            rc;
    ptn_blob_reader_t  *r = &store->blob;

    /* a size that lies must not take memory: each chunk has a byte at least */

    if (ptn_blob_chunks(r->size) > stored
        || ptn_blob_table(r->size) > stored)
    {
        return PTN_ECORRUPT;
    }

    n = (size_t) ptn_blob_table(r->size);
    r->head = malloc(n);
    r->chunk = malloc(2 * PTN_BLOB_CHUNK);
    r->at = PTN_BLOB_NO_CHUNK;
    r->next = 0;
    r->off = n;

    if (r->head == NULL || r->chunk == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_blob_pread(store, 0, r->head, n);

    return (rc == PTN_OK)
           ? ptn_blob_head_check(ptn_str_make(r->head, n), r->size, stored)
           : rc;
}


static ptn_rc_t
ptn_blob_open_file(ptn_store_t *store, const char *path, uint64_t size)
{
    ptn_rc_t     rc;
    struct stat  sb;

    store->blob.size = size;
    store->blob.fd = store->io->open(store->io, path,
                                     O_RDONLY|O_NOFOLLOW|O_CLOEXEC, 0);

    if (store->blob.fd == -1) {
        return (errno == ENOENT || errno == ELOOP) ? PTN_ECORRUPT
                                                   : ptn_errno_rc(errno);
    }

    if (fstat(store->blob.fd, &sb) == -1) {
        return ptn_errno_rc(errno);
    }

    /* as it is, or packed, which is shorter */

    rc = ((uint64_t) sb.st_size == size) ? PTN_OK
         : ptn_blob_open_packed(store, (uint64_t) sb.st_size);

    return (rc == PTN_OK) ? ptn_frame_dctx(store) : rc;
}


/* ---- slices ------------------------------------------------------------- */

/* Where chunk `i` stands in the file; chunks are mostly read in order. */

static uint64_t
ptn_blob_chunk_off(ptn_blob_reader_t *r, uint64_t i)
{
    if (i < r->next) {
        r->next = 0;
        r->off = ptn_blob_table(r->size);
    }

    for ( /* void */ ; r->next < i; r->next++) {
        r->off += ptn_le32(r->head + PTN_BLOB_HEAD + 4 * r->next);
    }

    return r->off;
}


static ptn_rc_t
ptn_blob_chunk(ptn_store_t *store, uint64_t i)
{
    size_t              len;
    ptn_rc_t            rc;
    ptn_blob_reader_t  *r = &store->blob;

    if (r->at == i) {
        return PTN_OK;
    }

    r->at = PTN_BLOB_NO_CHUNK;
    len = ptn_le32(r->head + PTN_BLOB_HEAD + 4 * i);

    rc = ptn_blob_pread(store, ptn_blob_chunk_off(r, i),
                        r->chunk + PTN_BLOB_CHUNK, len);

    if (rc == PTN_OK) {
        rc = ptn_blob_chunk_open(store->dctx,
                                 ptn_str_make(r->chunk + PTN_BLOB_CHUNK, len),
                                 r->chunk, ptn_blob_chunk_len(r->size, i));
    }

    if (rc == PTN_OK) {
        r->at = i;
    }

    return rc;
}


static ptn_rc_t
ptn_blob_slice(ptn_store_t *store, uint64_t off, u_char *p, size_t n)
{
    size_t              from, len;
    ptn_rc_t            rc;
    ptn_blob_reader_t  *r = &store->blob;

    if (off > r->size || n > r->size - off) {
        return PTN_ECORRUPT;
    }

    if (r->head == NULL) {
        return ptn_blob_pread(store, off, p, n);
    }

    while (n != 0) {
        rc = ptn_blob_chunk(store, off / PTN_BLOB_CHUNK);
        if (rc != PTN_OK) {
            return rc;
        }

        from = (size_t) (off % PTN_BLOB_CHUNK);
        len = ptn_min(n, PTN_BLOB_CHUNK - from);
        memcpy(p, r->chunk + from, len);
        p += len;
        off += len;
        n -= len;
    }

    return PTN_OK;
}


/* ---- are they the bytes of that name? ------------------------------------ */

static ptn_rc_t
ptn_blob_hash(ptn_store_t *store, const u_char sha256[32])
{
    u_char      *p, sha[32];
    size_t       n;
    ptn_rc_t     rc;
    uint64_t     off;
    EVP_MD_CTX  *md;

    p = malloc(PTN_BLOB_CHUNK);
    md = EVP_MD_CTX_new();
    rc = (p != NULL && md != NULL
          && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1)
         ? PTN_OK : PTN_ENOMEM;

    for (off = 0; off < store->blob.size && rc == PTN_OK; off += n) {
        n = (size_t) ptn_min(store->blob.size - off,
                             (uint64_t) PTN_BLOB_CHUNK);
        rc = ptn_blob_slice(store, off, p, n);

        if (rc == PTN_OK && EVP_DigestUpdate(md, p, n) != 1) {
            rc = PTN_ENOMEM;
        }
    }

    if (rc == PTN_OK && EVP_DigestFinal_ex(md, sha, NULL) != 1) {
        rc = PTN_ENOMEM;
    }

    if (rc == PTN_OK && memcmp(sha, sha256, 32) != 0) {
        rc = PTN_ECORRUPT;
    }

    EVP_MD_CTX_free(md);
    free(p);

    return rc;
}


/* As a packed file; `size` from its head. */

static ptn_rc_t
ptn_blob_packed_is(ptn_store_t *store, const char *path,
    const u_char sha256[32], uint64_t *ret_size, uint64_t file)
{
    u_char    head[PTN_BLOB_HEAD];
    ptn_rc_t  rc;

    rc = ptn_blob_open_file(store, path, file);

    if (rc == PTN_OK) {
        rc = (file >= sizeof(head)) ? ptn_blob_pread(store, 0, head,
                                                     sizeof(head))
                                    : PTN_ECORRUPT;
    }

    ptn_blob_forget(store);

    if (rc == PTN_OK) {
        *ret_size = ptn_le32(head + 8) | (uint64_t) ptn_le32(head + 12) << 32;
        rc = (*ret_size > file) ? ptn_blob_open_file(store, path, *ret_size)
                                : PTN_ECORRUPT;
    }

    if (rc == PTN_OK) {
        rc = ptn_blob_hash(store, sha256);
    }

    ptn_blob_forget(store);

    return rc;
}


ptn_rc_t
ptn_blob_file_is(ptn_store_t *store, const char *path,
    const u_char sha256[32], uint64_t *ret_size)
{
    ptn_rc_t     rc;
    uint64_t     size, file;
    struct stat  sb;

    ptn_blob_forget(store);

    if (lstat(path, &sb) == -1) {
        return (errno == ENOENT || errno == ENOTDIR) ? PTN_ENOTFOUND
                                                     : ptn_errno_rc(errno);
    }

    if (!S_ISREG(sb.st_mode)) {
        return PTN_ECORRUPT;
    }

    file = (uint64_t) sb.st_size;
    rc = ptn_blob_packed_is(store, path, sha256, &size, file);

    if (rc == PTN_OK) {
        *ret_size = size;
        return PTN_OK;
    }

    if (rc == PTN_ECORRUPT) {
        rc = ptn_blob_open_file(store, path, file);

        if (rc == PTN_OK) {
            rc = ptn_blob_hash(store, sha256);
        }

        ptn_blob_forget(store);
    }

    if (rc == PTN_OK) {
        *ret_size = file;
    }

    return rc;
}


static void
ptn_blob_complain(ptn_mbox_t *mb, const u_char sha256[32], const char *path)
{
    if (memcmp(mb->blob_bad, sha256, 32) == 0) {
        return;
    }

    memcpy(mb->blob_bad, sha256, 32);
    ptn_log(mb->store->log, PTN_LOG_ERROR,
            "mailbox=%s file=\"%s\" error=\"not the bytes of its name\"",
            mb->address, path);
}


static ptn_rc_t
ptn_blob_open(ptn_mbox_t *mb, const u_char sha256[32])
{
    char          path[PTN_BLOB_PATH];
    ptn_rc_t      rc;
    uint64_t      refs, size;
    ptn_store_t  *store;

    store = mb->store;

    if (store->blob.fd != -1
        && memcmp(store->blob.sha256, sha256, 32) == 0
        && ptn_guid_eq(store->blob.mailbox, mb->guid))
    {
        return PTN_OK;
    }

    ptn_blob_forget(store);

    rc = ptn_blob_row(mb, sha256, &refs, &size);

    if (rc != PTN_OK) {
        return (rc == PTN_ENOTFOUND) ? PTN_ECORRUPT : rc;
    }

    rc = ptn_blob_path(mb, sha256, path, sizeof(path));

    if (rc == PTN_OK) {
        rc = ptn_blob_open_file(store, path, size);
    }

    if (rc == PTN_OK && store->conf->verify_content) {
        rc = ptn_blob_hash(store, sha256);
    }

    if (rc != PTN_OK) {
        if (rc == PTN_ECORRUPT) {
            ptn_blob_complain(mb, sha256, path);
        }

        ptn_blob_forget(store);
        return rc;
    }

    memcpy(store->blob.sha256, sha256, 32);
    store->blob.mailbox = mb->guid;

    return PTN_OK;
}


ptn_rc_t
ptn_blob_read(ptn_mbox_t *mb, const u_char sha256[32], uint64_t off,
    u_char *p, size_t n)
{
    ptn_rc_t  rc;

    rc = ptn_blob_open(mb, sha256);

    return (rc == PTN_OK) ? ptn_blob_slice(mb->store, off, p, n) : rc;
}
