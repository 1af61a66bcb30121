/*
 * Writing blob files.
 *
 * Bytes and name are on the disk before the row that counts them commits: the
 * files of a batch are written one by one, and synced together before its
 * COMMIT (ptn_blob_sync.c); meanwhile the disk is writing the first already.
 * Until then nothing that is durable names them, so a
 * file takes its name at once.  But where a row is there with no references
 * that row may be of this very batch, and the file be named by what is on the
 * disk: then it is synced under another name first.
 *
 * Hard links.  An executor knows the blobs that it wrote last, whichever
 * mailbox they are in: one that another mailbox wants too, as when mail goes
 * to many, is linked.  A file never changes once it has its name (it is
 * replaced by rename at most), so what either mailbox does with its name does
 * not touch the other.  Where linking does not work (another file system, too
 * many names, the file is gone) it is written.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "ptn_blob_pack.h"
#include "ptn_mailbox.h"
#include "ptn_prop.h"


#define PTN_BLOB_LEVEL       1
#define PTN_BLOB_PACK_MIN    4096

/* Packed is worth it below 7/8; what 1/8 of a large one tells is believed. */
#define ptn_blob_worth(packed, plain)  ((packed) < (plain) - (plain) / 8)


/* ---- what was written last ---------------------------------------------- */

ptn_blob_known_t *
ptn_blob_known(ptn_store_t *store, uint64_t dev, uint64_t ino)
{
    unsigned  i;

    for (i = 0; i < PTN_BLOB_KNOWN; i++) {
        if (store->known[i].path != NULL && store->known[i].ino == ino
            && store->known[i].dev == dev)
        {
            return &store->known[i];
        }
    }

    return NULL;
}


static ptn_blob_known_t *
ptn_blob_known_sha(ptn_store_t *store, const u_char sha256[32])
{
    unsigned  i;

    for (i = 0; i < PTN_BLOB_KNOWN; i++) {
        if (store->known[i].path != NULL
            && memcmp(store->known[i].sha256, sha256, 32) == 0)
        {
            return &store->known[i];
        }
    }

    return NULL;
}


void
ptn_blob_known_drop(ptn_blob_known_t *k)
{
    free(k->path);
    memset(k, 0, sizeof(ptn_blob_known_t));
}


void
ptn_blob_known_free(ptn_store_t *store)
{
    unsigned  i;

    for (i = 0; i < PTN_BLOB_KNOWN; i++) {
        ptn_blob_known_drop(&store->known[i]);
    }
}


static void
ptn_blob_known_add(ptn_mbox_t *mb, const u_char sha256[32], const char *path,
    const struct stat *sb, uint64_t size)
{
    ptn_store_t       *store;
    ptn_blob_known_t  *k;

    store = mb->store;
    k = ptn_blob_known_sha(store, sha256);

    if (k == NULL) {
        k = &store->known[store->known_next++ % PTN_BLOB_KNOWN];
    }

    ptn_blob_known_drop(k);
    memcpy(k->sha256, sha256, 32);
    k->dev = sb->st_dev;
    k->ino = sb->st_ino;
    k->file = (uint64_t) sb->st_size;
    k->size = size;
    k->path = strdup(path);
}


/* ---- directories --------------------------------------------------------- */

/* blob/ and blob/ab/; a new one is synced into its parent. */

static ptn_rc_t
ptn_blob_make_dirs(ptn_mbox_t *mb, const char *file)
{
    char       path[PTN_BLOB_PATH];
    ptn_io_t  *io;
    ptn_rc_t   rc;

    io = mb->store->io;

    snprintf(path, sizeof(path), "%s", file);
    *strrchr(path, '/') = '\0';

    if (io->mkdir(io, path, 0700) == 0) {
        *strrchr(path, '/') = '\0';
        return ptn_blob_sync_dir(mb->store, path, PTN_IO_BLOB_DIR);
    }

    if (errno == EEXIST) {
        return PTN_OK;
    }

    if (errno != ENOENT) {
        return ptn_errno_rc(errno);
    }

    *strrchr(path, '/') = '\0';

    if (io->mkdir(io, path, 0700) == -1 && errno != EEXIST) {
        return ptn_errno_rc(errno);
    }

    rc = ptn_blob_sync_dir(mb->store, mb->dir, PTN_IO_BLOB_DIR);

    return (rc == PTN_OK) ? ptn_blob_make_dirs(mb, file) : rc;
}


/* ---- bytes --------------------------------------------------------------- */

static size_t
ptn_blob_pack_chunk(ptn_store_t *store, u_char *out, const u_char *p,
    size_t n)
{
    size_t  got;

    ZSTD_CCtx_reset(store->cctx, ZSTD_reset_session_and_parameters);
    ZSTD_CCtx_setParameter(store->cctx, ZSTD_c_compressionLevel,
                           PTN_BLOB_LEVEL);
    ZSTD_CCtx_setParameter(store->cctx, ZSTD_c_checksumFlag, 1);

    got = ZSTD_compress2(store->cctx, out, n - 1, p, n);

    return ZSTD_isError(got) ? n : got;
}


static bool
ptn_blob_packable(ptn_str_t data)
{
    return data.len >= PTN_BLOB_PACK_MIN
           && ptn_le32(data.data) != ZSTD_MAGICNUMBER;
}


/* `out`: room for a chunk; `n`: bytes of the first, packed into it. */

static ptn_rc_t
ptn_blob_write_packed(ptn_mbox_t *mb, int fd, ptn_str_t data, u_char *head,
    u_char *out, size_t n)
{
    size_t     len;
    uint64_t   i, off, chunks;
    ptn_io_t  *io;

    io = mb->store->io;
    chunks = ptn_blob_chunks(data.len);
    off = ptn_blob_table(data.len);

    for (i = 0; i < chunks; i++) {
        len = ptn_blob_chunk_len(data.len, i);

        if (i != 0) {
            n = ptn_blob_pack_chunk(mb->store, out,
                                    data.data + i * PTN_BLOB_CHUNK, len);
        }

        ptn_put_le32(head + PTN_BLOB_HEAD + 4 * i, (uint32_t) n);

        if (ptn_io_write_all(io, fd, n < len ? out
                                     : data.data + i * PTN_BLOB_CHUNK, n,
                             (off_t) off)
            == -1)
        {
            return ptn_errno_rc(errno);
        }

        off += n;
    }

    ptn_blob_head_put(head, data.len);

    return ptn_io_write_all(io, fd, head, ptn_blob_table(data.len), 0) == 0
           ? PTN_OK : ptn_errno_rc(errno);
}


static ptn_rc_t
ptn_blob_write_bytes(ptn_mbox_t *mb, int fd, ptn_str_t data)
{
    size_t     n, len;
    u_char    *p;
    ptn_rc_t   rc;
    uint64_t   table;

    if (ptn_blob_packable(data)) {
        rc = ptn_frame_cctx(mb->store);
        table = ptn_blob_table(data.len);
        p = malloc(PTN_BLOB_CHUNK + (size_t) table);

        if (rc != PTN_OK || p == NULL) {
            free(p);
            return PTN_ENOMEM;
        }

        len = ptn_blob_chunk_len(data.len, 0);
        n = ptn_blob_pack_chunk(mb->store, p, data.data, len);

        if (ptn_blob_worth(n + table / ptn_blob_chunks(data.len), len)) {
            rc = ptn_blob_write_packed(mb, fd, data, p + PTN_BLOB_CHUNK, p,
                                       n);
            free(p);
            return rc;
        }

        free(p);
    }

    return ptn_io_write_all(mb->store->io, fd, data.data, data.len, 0) == 0
           ? PTN_OK : ptn_errno_rc(errno);
}


static ptn_rc_t
ptn_blob_write(ptn_mbox_t *mb, int fd, ptn_str_t data, struct stat *sb)
{
    ptn_rc_t  rc;

    rc = ptn_blob_write_bytes(mb, fd, data);

    if (rc == PTN_OK && fstat(fd, sb) == -1) {
        rc = ptn_errno_rc(errno);
    }

    /* a hint: the disk has begun when the batch comes to sync it */

    if (rc == PTN_OK && mb->store->conf->fsync) {
        (void) sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    }

    return rc;
}


/* ---- files --------------------------------------------------------------- */

/* Synced under another name; the name is synced with the batch. */

static ptn_rc_t
ptn_blob_replace(ptn_mbox_t *mb, const u_char sha256[32], const char *path,
    ptn_str_t data)
{
    int          fd;
    char         tmp[PTN_BLOB_PATH + 8];
    ptn_io_t    *io;
    ptn_rc_t     rc;
    struct stat  sb;

    io = mb->store->io;
    snprintf(tmp, sizeof(tmp), "%s.new", path);

    fd = io->open(io, tmp, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0600);
    if (fd == -1) {
        return ptn_errno_rc(errno);
    }

    rc = ptn_blob_write(mb, fd, data, &sb);

    if (rc == PTN_OK && mb->store->conf->fsync
        && io->fdatasync(io, fd, PTN_IO_BLOB) == -1)
    {
        rc = ptn_errno_rc(errno);
    }

    if (rc == PTN_OK && io->rename(io, tmp, path) == -1) {
        rc = ptn_errno_rc(errno);
    }

    io->close(io, fd);

    if (rc != PTN_OK) {
        io->unlink(io, tmp);
        return rc;
    }

    mb->blob_dirs[sha256[0] / 8] |= (u_char) (1 << sha256[0] % 8);

    return PTN_OK;
}


/* AGAIN: it is to be written. */

static ptn_rc_t
ptn_blob_link(ptn_mbox_t *mb, const u_char sha256[32], const char *path,
    uint64_t size)
{
    int                fd;
    ptn_io_t          *io;
    struct stat        sb;
    ptn_blob_known_t  *k;

    io = mb->store->io;
    k = ptn_blob_known_sha(mb->store, sha256);

    if (k == NULL || k->size != size || strcmp(k->path, path) == 0) {
        return PTN_AGAIN;
    }

    fd = io->open(io, k->path, O_RDONLY|O_NOFOLLOW|O_CLOEXEC, 0);

    if (fd == -1 || fstat(fd, &sb) == -1 || sb.st_dev != k->dev
        || sb.st_ino != k->ino || (uint64_t) sb.st_size != k->file)
    {
        if (fd != -1) {
            io->close(io, fd);
        }

        ptn_blob_known_drop(k);
        return PTN_AGAIN;
    }

    if (io->link(io, k->path, path) == -1) {
        if (errno == EMLINK || errno == ENOENT) {
            ptn_blob_known_drop(k);
        }

        io->close(io, fd);
        return PTN_AGAIN;
    }

    return ptn_blob_unsynced(mb, sha256, fd, sb.st_dev, sb.st_ino);
}


static ptn_rc_t
ptn_blob_make(ptn_mbox_t *mb, const u_char sha256[32], const char *path,
    ptn_str_t data)
{
    int          fd;
    ptn_io_t    *io;
    ptn_rc_t     rc;
    struct stat  sb;

    rc = ptn_blob_link(mb, sha256, path, data.len);
    if (rc != PTN_AGAIN) {
        return rc;
    }

    io = mb->store->io;

    fd = io->open(io, path, O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0600);
    if (fd == -1) {
        return (errno == EEXIST)
               ? ptn_blob_replace(mb, sha256, path, data)
               : ptn_errno_rc(errno);
    }

    rc = ptn_blob_write(mb, fd, data, &sb);

    if (rc != PTN_OK) {
        io->close(io, fd);
        io->unlink(io, path);
        return rc;
    }

    ptn_blob_known_add(mb, sha256, path, &sb, data.len);

    return ptn_blob_unsynced(mb, sha256, fd, sb.st_dev, sb.st_ino);
}


ptn_rc_t
ptn_blob_put(ptn_mbox_t *mb, const u_char sha256[32], ptn_str_t data,
    bool replace)
{
    char      path[PTN_BLOB_PATH];
    ptn_rc_t  rc;

    rc = ptn_blob_path(mb, sha256, path, sizeof(path));

    if (rc == PTN_OK) {
        rc = ptn_blob_name(mb, sha256);
    }

    if (rc == PTN_OK) {
        rc = ptn_blob_make_dirs(mb, path);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    return replace ? ptn_blob_replace(mb, sha256, path, data)
                   : ptn_blob_make(mb, sha256, path, data);
}
