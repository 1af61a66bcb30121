/*
 * A mailbox with some of everything, of which each input gets a copy of its
 * own; what may be done with it afterwards.
 */

#ifndef FUZZ_MAILBOX_H
#define FUZZ_MAILBOX_H


#include <stdlib.h>

#include "mailbox_battery.h"


static site_t       fuzz_site;
static u_char      *fuzz_file;          /* the database as it was made */
static size_t       fuzz_file_len;
static u_char       fuzz_mark[1024];
static size_t       fuzz_mark_len;
static char         fuzz_dir[200], fuzz_blobs[200], fuzz_epoch[200];


/* Rows of what the battery does not make. */

static const char *const  fuzz_more[] = {
    "INSERT OR REPLACE INTO receive VALUES ('IPM.Note.x', 12, 5)",
    "INSERT OR REPLACE INTO permission VALUES (12, 7, 1025)",
    "INSERT INTO device VALUES ('d', '12', 7, x'01', x'02', x'05', x'03',"
        " x'04', 9)",
    "INSERT INTO device_client VALUES ('d', '12', 'c', 7, 300)",
    "INSERT INTO rule VALUES (300, 12, 1, 1, 0, 0, 'p', 'n', x'00', x'00',"
        " x'00')",
    "UPDATE meta SET bag=x'', lived=77"
};


static inline size_t
fuzz_read(const char *path, u_char **ret)
{
    FILE   *f;
    size_t  n;

    f = fopen(path, "rb");
    *ret = malloc(4 * 1024 * 1024);
    n = f ? fread(*ret, 1, 4 * 1024 * 1024, f) : 0;

    if (n == 0) {
        abort();
    }

    fclose(f);

    return n;
}


static inline void
fuzz_write(const char *path, const u_char *p, size_t n)
{
    int  fd;

    fd = open(path, O_WRONLY|O_CREAT|O_TRUNC, 0600);

    if (fd == -1 || write(fd, p, n) != (ssize_t) n) {
        abort();
    }

    close(fd);
}


static int
fuzz_link(const char *path, const struct stat *sb PTN_UNUSED, int type,
    struct FTW *ftw PTN_UNUSED)
{
    char  to[400];

    snprintf(to, sizeof(to), "%s/blob%s", fuzz_dir, path + strlen(fuzz_blobs));

    if (type == FTW_D) {
        (void) mkdir(to, 0700);

    } else {
        (void) !link(path, to);
    }

    return 0;
}


static void
fuzz_gone(void)
{
    nftw(fuzz_site.root, site_remove, 16, FTW_DEPTH|FTW_PHYS);
}


static inline void
fuzz_make(void)
{
    char         path[400], hex[PTN_GUID_HEX];
    size_t       i;
    u_char      *p;
    ptn_txn_t    tx;
    uint32_t     uids[2] = { 5, 6 };

    freopen("/dev/null", "w", stdout);
    site_make(&fuzz_site);
    atexit(fuzz_gone);
    fuzz_site.conf.fsync = false;

    if (!battery_fill(&fuzz_site, "alice")) {
        abort();
    }

    ptn_txn_begin(&tx, site_open(&fuzz_site, "alice"));
    ptn_msg_gone(&tx, PTN_FOLDER_INBOX, uids, 2);
    ptn_txn_commit(&tx);
    ptn_store_commit(fuzz_site.store);

    for (i = 0; i < ptn_nelts(fuzz_more); i++) {
        if (ptn_sql_exec(site_open(&fuzz_site, "alice"), fuzz_more[i])
            != PTN_OK)
        {
            abort();
        }
    }

    for (i = 0; i < 8; i++) {
        site_open(&fuzz_site, "alice");
        ptn_store_idle(fuzz_site.store);
    }

    ptn_checkpoint(site_open(&fuzz_site, "alice"), true, true);
    ptn_store_close(fuzz_site.store);
    fuzz_site.store = NULL;

    snprintf(fuzz_dir, sizeof(fuzz_dir), "%s/mailbox/example.test/alice",
             fuzz_site.root);
    snprintf(fuzz_blobs, sizeof(fuzz_blobs), "%s/blobs", fuzz_site.root);
    snprintf(path, sizeof(path), "%s/mailbox.sqlite", fuzz_dir);
    fuzz_file_len = fuzz_read(path, &fuzz_file);
    snprintf(path, sizeof(path), "%s/blob", fuzz_dir);
    rename(path, fuzz_blobs);
    ptn_guid_hex(site_user(&fuzz_site, "alice").mailbox, hex);
    snprintf(fuzz_epoch, sizeof(fuzz_epoch), "%s/epoch/%s", fuzz_site.root,
             hex);
    fuzz_mark_len = fuzz_read(fuzz_epoch, &p);
    memcpy(fuzz_mark, p, fuzz_mark_len);
    free(p);
}


/* The files as they were made, with these bytes for the database. */

static inline void
fuzz_lay(const u_char *p, size_t n)
{
    char  path[400];

    nftw(fuzz_dir, site_remove, 16, FTW_DEPTH|FTW_PHYS);
    mkdir(fuzz_dir, 0700);
    snprintf(path, sizeof(path), "%s/mailbox.sqlite", fuzz_dir);
    fuzz_write(path, p, n);
    fuzz_write(fuzz_epoch, fuzz_mark, fuzz_mark_len);
    nftw(fuzz_blobs, fuzz_link, 16, FTW_PHYS);
}


static void
fuzz_silent(void *ctx PTN_UNUSED, const char *line PTN_UNUSED)
{
    /* void */
}


/*
 * Everything is read and written; checked; repaired.  What repair calls good
 * has to be good.
 */

static inline void
fuzz_use(bool write)
{
    ptn_rc_t     rc;
    ptn_user_t   u;

    ptn_store_open(&fuzz_site.opts, &fuzz_site.store);
    u = site_user(&fuzz_site, "alice");
    (void) ptn_mbox_check(fuzz_site.store, &u, false, fuzz_silent, NULL);

    if (write) {
        (void) battery_use(&fuzz_site, "alice");
    }

    rc = ptn_mbox_check(fuzz_site.store, &u, true, fuzz_silent, NULL);

    if (rc == PTN_OK) {
        rc = ptn_mbox_check(fuzz_site.store, &u, false, site_report,
                            &fuzz_site);

        if (rc != PTN_OK && getenv("FUZZ_REPAIRED") != NULL) {
            fprintf(stderr, "repaired, and not good: %s\n", ptn_err(rc)->name);
            abort();
        }
    }

    ptn_store_close(fuzz_site.store);
    fuzz_site.store = NULL;
    ptn_view_list_shrink(0);
    ptn_pool_reset(fuzz_site.pool);
}


#endif /* FUZZ_MAILBOX_H */
