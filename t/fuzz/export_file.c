/*
 * A hostile export (ptn_import_read.c): its records are the input's; the last
 * one, with counts and checksum, is made here, so that what they say gets as
 * far as it can: into a stage, in the place of a mailbox, through check and
 * repair, or into another mailbox.
 *
 * Input: u8 flags (1: it is left without a last record; 2: into a mailbox that
 * has mail), then the file.
 *
 * Covers: store/mailbox/ptn_import_read.c store/mailbox/ptn_import.c store/mailbox/ptn_import_merge.c
 */

#include <openssl/evp.h>
#include <stdlib.h>

#include "mailbox_site.h"


static site_t  fuzz;
static bool    made;

int  LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);


static void
gone(void)
{
    nftw(fuzz.root, site_remove, 16, FTW_DEPTH|FTW_PHYS);
}


static void
le(u_char *p, uint64_t v, size_t n)
{
    while (n-- != 0) {
        *p++ = (u_char) v;
        v >>= 8;
    }
}


static size_t
lay(int fd, const u_char *p, size_t n, bool whole)
{
    size_t    at, len;
    u_char    end[5 + 48];
    unsigned  m;
    uint64_t  rows, blobs;

    rows = blobs = 0;

    for (at = 8; at + 5 <= n; at += 5 + len) {
        len = p[at] | (size_t) p[at + 1] << 8 | (size_t) p[at + 2] << 16
              | (size_t) p[at + 3] << 24;

        if (p[at + 4] == 'E' || len > n - at - 5) {
            break;
        }

        rows += (p[at + 4] == 'R');
        blobs += (p[at + 4] == 'B');
    }

    at = ptn_min(at, n);

    if (pwrite(fd, p, whole ? at : n, 0) != (ssize_t) (whole ? at : n)) {
        abort();
    }

    if (!whole) {
        return n;
    }

    le(end, 48, 4);
    end[4] = 'E';
    le(end + 5, rows, 8);
    le(end + 13, blobs, 8);
    EVP_Digest(p, at, end + 21, &m, EVP_sha256(), NULL);

    return pwrite(fd, end, sizeof(end), (off_t) at) == sizeof(end)
           ? at + sizeof(end) : 0;
}


static void
report(void *ctx PTN_UNUSED, const char *line PTN_UNUSED)
{
    /* void */
}


int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    int              fd;
    char             path[200];
    ptn_ops_t        ops = { NULL, report, NULL };
    ptn_txn_t        tx;
    ptn_user_t       u;
    ptn_appended_t   app;

    if (n < 10 || n > 200000) {
        return 0;
    }

    if (!made) {
        freopen("/dev/null", "w", stdout);
        site_make(&fuzz);
        fuzz.conf.fsync = false;
        atexit(gone);
        made = true;

    } else {
        ptn_store_open(&fuzz.opts, &fuzz.store);
    }

    u = site_user(&fuzz, "alice");
    snprintf(path, sizeof(path), "%s/in", fuzz.root);
    fd = open(path, O_RDWR|O_CREAT|O_TRUNC, 0600);
    lay(fd, p + 1, n - 1, !(p[0] & 1));

    if (p[0] & 2) {
        ptn_txn_begin(&tx, site_open(&fuzz, "alice"));
        site_append(&fuzz, &tx, PTN_FOLDER_INBOX, 100, 0, &app);
        ptn_txn_commit(&tx);
        ptn_store_commit(fuzz.store);
    }

    (void) ptn_mbox_import(fuzz.store, &u, fd, (p[0] & 2) ? "in" : NULL,
                           &ops);
    close(fd);
    ptn_store_close(fuzz.store);
    fuzz.store = NULL;
    ptn_view_list_shrink(0);
    ptn_pool_reset(fuzz.pool);
    snprintf(path, sizeof(path), "%s/mailbox", fuzz.root);
    nftw(path, site_remove, 16, FTW_DEPTH|FTW_PHYS);
    snprintf(path, sizeof(path), "%s/epoch", fuzz.root);
    nftw(path, site_remove, 16, FTW_DEPTH|FTW_PHYS);

    return 0;
}
