/*
 * Files of a backup from elsewhere: the manifest (its checksum is made here),
 * and packed blobs: head, table, chunks.
 *
 * Input: u8 which (0: manifest as it is, 1: with its last line made, 2: a blob
 * of u32 bytes, 3: a chunk), the file.
 *
 * Covers: store/mailbox/ptn_backup.c store/mailbox/ptn_blob_pack.c
 */

#include <openssl/evp.h>
#include <stdlib.h>
#include <zstd.h>

#include "mailbox_site.h"
#include "ptn_blob_pack.h"


static site_t  fuzz;
static char    dir[200];

int  LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);


static void
gone(void)
{
    nftw(fuzz.root, site_remove, 16, FTW_DEPTH|FTW_PHYS);
}


static void
manifest(const u_char *p, size_t n, bool whole)
{
    int             fd, i;
    char            path[300], line[80];
    size_t          k;
    u_char          sha[32];
    unsigned        m;
    ptn_manifest_t  got;

    snprintf(path, sizeof(path), "%s/manifest", dir);
    fd = open(path, O_WRONLY|O_CREAT|O_TRUNC, 0600);
    (void) !write(fd, p, n);

    if (whole) {
        EVP_Digest(p, n, sha, &m, EVP_sha256(), NULL);
        strcpy(line, "end ");

        for (i = 0; i < 32; i++) {
            sprintf(line + 4 + 2 * i, "%02x", sha[i]);
        }

        strcat(line, "\n");
        (void) !write(fd, line, strlen(line));
    }

    close(fd);

    if (ptn_backup_manifest(fuzz.store, fuzz.pool, dir, &got) == PTN_OK) {
        for (k = 0; k < got.n; k++) {
            if (got.entries[k].address.len == 0) {
                abort();
            }
        }
    }
}


static void
blob(const u_char *p, size_t n)
{
    uint64_t  size, table, i;
    u_char   *head;

    size = ptn_le32(p);
    p += 4;
    n -= 4;
    table = ptn_blob_table(size);

    if (table > n) {
        return;
    }

    /* of memory of its own, so that a byte beyond is seen */

    head = malloc(table);
    memcpy(head, p, table);

    if (ptn_blob_head_check(ptn_str_make(head, table), size, n) == PTN_OK) {
        for (i = 0, size = table; i < (table - PTN_BLOB_HEAD) / 4; i++) {
            size += ptn_le32(head + PTN_BLOB_HEAD + 4 * i);
        }

        if (size != n) {
            abort();            /* chunks that are not all of the file */
        }
    }

    free(head);
}


static void
chunk(const u_char *p, size_t n)
{
    size_t       want;
    u_char      *out, *in;
    ZSTD_DCtx   *ctx;

    want = (ptn_le32(p) % PTN_BLOB_CHUNK) + 1;
    in = malloc(n - 4 + 1);
    memcpy(in, p + 4, n - 4);
    out = malloc(want);
    ctx = ZSTD_createDCtx();
    (void) ptn_blob_chunk_open(ctx, ptn_str_make(in, n - 4), out, want);
    ZSTD_freeDCtx(ctx);
    free(out);
    free(in);
}


int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (fuzz.store == NULL) {
        site_make(&fuzz);
        snprintf(dir, sizeof(dir), "%s/backup", fuzz.root);
        mkdir(dir, 0700);
        atexit(gone);
    }

    if (n < 5) {
        return 0;
    }

    switch (p[0] % 4) {

    case 0:
    case 1:
        manifest(p + 1, n - 1, p[0] % 4);
        break;

    case 2:
        blob(p + 1, n - 1);
        break;

    default:
        chunk(p + 1, n - 1);
    }

    ptn_pool_reset(fuzz.pool);

    return 0;
}
