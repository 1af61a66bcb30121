/*
 * A mailbox file as the program of schema version 2 wrote it: ptn_schema_2.sql
 * is its dump, ptn_schema_2.txt what that program's calls told of it
 * (mailbox_visible.h) after it had finished the move that is under way in it.
 *
 * In it: a mailbox that was restored once; mail with and without blobs, and
 * with a content in a file; copies, moves, flags, keywords, tombstones of
 * messages and folders; a folder with a property; named properties in bags, one
 * too large for its bag; objects with a recipient in Bcc, an attachment and an
 * embedded message; edits of an object and of a mail; a folder associated
 * message; the key of a delivery; and an intent to move a message to bob.
 */

#ifndef PTN_SCHEMA_2_H
#define PTN_SCHEMA_2_H


#include <openssl/evp.h>

#include "mailbox_2_parts.h"
#include "mailbox_site.h"


#define SCHEMA_2_EPOCH  2
#define SCHEMA_2_CN     290
#define SCHEMA_2_OID    297


/* In the pool, with a zero. */

static inline char *
schema_2_read(site_t *s, const char *path)
{
    int          fd;
    char        *p;
    struct stat  st;

    fd = open(path, O_RDONLY);

    if (fd == -1 || fstat(fd, &st) == -1) {
        printf("Bail out! %s\n", path);
        exit(1);
    }

    p = ptn_palloc(s->pool, (size_t) st.st_size + 1);
    p[read(fd, p, (size_t) st.st_size)] = '\0';
    close(fd);

    return p;
}


static inline bool
schema_2_blob(const char *dir, ptn_str_t data)
{
    int       fd, i;
    bool      good;
    char      path[400], hex[65];
    u_char    sha[32];
    unsigned  n;

    EVP_Digest(data.data, data.len, sha, &n, EVP_sha256(), NULL);

    for (i = 0; i < 32; i++) {
        sprintf(hex + 2 * i, "%02x", sha[i]);
    }

    snprintf(path, sizeof(path), "%s/blob/%.2s", dir, hex);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/blob/%.2s/%s", dir, hex, hex + 2);
    fd = open(path, O_WRONLY|O_CREAT|O_TRUNC, 0600);
    good = (fd != -1
            && write(fd, data.data, data.len) == (ssize_t) data.len);
    close(fd);

    return good;
}


/* As alice's, with its mark; nobody has the store open. */

static inline bool
schema_2_make(site_t *s)
{
    bool         good;
    char         path[300], dir[250];
    sqlite3     *db;
    ptn_user_t   bob;

    snprintf(path, sizeof(path), "%s/mailbox", s->root);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/mailbox/example.test", s->root);
    mkdir(path, 0700);
    snprintf(dir, sizeof(dir), "%s/mailbox/example.test/alice", s->root);
    nftw(dir, site_remove, 16, FTW_DEPTH|FTW_PHYS);
    mkdir(dir, 0700);
    snprintf(path, sizeof(path), "%s/blob", dir);
    mkdir(path, 0700);

    good = schema_2_blob(dir, parts_bytes(s->pool, 20000, 0))
           && schema_2_blob(dir, parts_bytes(s->pool, 30000, 1))
           && schema_2_blob(dir, parts_bytes(s->pool, 12000, 5))
           && schema_2_blob(dir, parts_bytes(s->pool, 25000, 11))
           && schema_2_blob(dir, parts_raw(s->pool));

    snprintf(path, sizeof(path), "%s/mailbox.sqlite", dir);

    if (sqlite3_open(path, &db) != SQLITE_OK
        || sqlite3_exec(db, schema_2_read(s, "t/unit/ptn_schema_2.sql"), NULL,
                        NULL, NULL) != SQLITE_OK
        || sqlite3_exec(db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL)
           != SQLITE_OK)
    {
        printf("# %s\n", sqlite3_errmsg(db));
        good = false;
    }

    sqlite3_close(db);

    /* the mark that goes with it, and to whom the move goes */

    bob = site_user(s, "bob");

    if (ptn_store_open(&s->opts, &s->store) == PTN_OK) {
        good = good && ptn_epoch_create(s->store, site_user(s, "alice").mailbox,
                                        SCHEMA_2_EPOCH, SCHEMA_2_CN,
                                        SCHEMA_2_OID) == PTN_OK;
        (void) ptn_mbox_create(s->store, &bob);
        ptn_store_close(s->store);
        s->store = NULL;
    }

    return good;
}


#endif /* PTN_SCHEMA_2_H */
