/*
 * What the mailbox tests share: a ROOT of their own with a store on it.
 */

#ifndef MAILBOX_SITE_H
#define MAILBOX_SITE_H


#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ptn_charset.h"
#include "ptn_mailbox.h"
#include "ptn_test.h"


typedef struct {
    char              root[64];
    ptn_conf_t        conf;
    ptn_store_opts_t  opts;
    ptn_store_t      *store;
    ptn_pool_t       *pool;
    unsigned          changes;
    unsigned          reports;
    char              vfs[32];
} site_t;


static inline void
must(ptn_rc_t rc, const char *what)
{
    if (rc != PTN_OK) {
        printf("Bail out! %s: %s\n", what, ptn_err(rc)->name);
        exit(1);
    }
}


/* The transaction, and the batch that it is in. */

static inline void
end(site_t *s, ptn_txn_t *tx)
{
    must(ptn_txn_commit(tx), "commit");
    must(ptn_store_commit(s->store), "store commit");
}


static void
site_changed(void *ctx, ptn_guid_t guid PTN_UNUSED)
{
    ((site_t *) ctx)->changes++;
}


static inline void
site_make_io(site_t *s, ptn_io_t *io)
{
    memset(s, 0, sizeof(site_t));
    strcpy(s->root, "/tmp/ptn-mailbox-XXXXXX");

    if (mkdtemp(s->root) == NULL) {
        perror("mkdtemp");
        exit(1);
    }

    ptn_conf_defaults(&s->conf);
    s->conf.root = s->root;
    s->opts.conf = &s->conf;
    s->opts.changed = site_changed;
    s->opts.ctx = s;
    s->opts.io = io;
    s->pool = ptn_pool_create(0, NULL);

    if (ptn_store_open(&s->opts, &s->store) != PTN_OK) {
        printf("Bail out! no store\n");
        exit(1);
    }

    strcpy(s->vfs, s->store->vfs);
}


static inline void
site_make(site_t *s)
{
    site_make_io(s, NULL);
}


static inline int
site_remove(const char *path, const struct stat *sb PTN_UNUSED,
    int type PTN_UNUSED, struct FTW *ftw PTN_UNUSED)
{
    return remove(path);
}


static inline void
site_done(site_t *s)
{
    ptn_store_close(s->store);
    ptn_pool_destroy(s->pool);
    nftw(s->root, site_remove, 16, FTW_DEPTH|FTW_PHYS);
}


/* A user of the site: the guid comes from the name. */

static inline ptn_user_t
site_user(site_t *s, const char *name)
{
    size_t      i;
    ptn_user_t  u;

    memset(&u, 0, sizeof(u));
    u.id = 1;
    u.address = ptn_str_printf(s->pool, "%s@example.test", name);
    u.locale = ptn_str("en");

    for (i = 0; i < 16; i++) {
        u.mailbox.b[i] = (u_char) (name[i % strlen(name)] + (char) i);
    }

    return u;
}


static inline ptn_actor_t
site_actor(site_t *s, const char *name, uint64_t id)
{
    ptn_user_t   u;
    ptn_actor_t  a;

    u = site_user(s, name);
    memset(&a, 0, sizeof(a));
    a.user = id;
    a.mailbox = u.mailbox;
    a.address = u.address;

    return a;
}


static inline ptn_mbox_t *
site_open_store(site_t *s, ptn_store_t *store, const char *name)
{
    ptn_rc_t     rc;
    ptn_user_t   u;
    ptn_mbox_t  *mb;

    u = site_user(s, name);
    rc = ptn_mbox_open(store, &u, NULL, &mb);

    if (rc != PTN_OK) {
        printf("Bail out! open %s: %s\n", name, ptn_err(rc)->name);
        exit(1);
    }

    return mb;
}


static inline ptn_mbox_t *
site_open(site_t *s, const char *name)
{
    return site_open_store(s, s->store, name);
}


/* Everything closed and opened again. */

static inline ptn_mbox_t *
site_reopen(site_t *s, const char *name)
{
    ptn_store_close(s->store);

    if (ptn_store_open(&s->opts, &s->store) != PTN_OK) {
        printf("Bail out! no store\n");
        exit(1);
    }

    return site_open(s, name);
}


static void
site_report(void *ctx, const char *line)
{
    site_t  *s = ctx;

    s->reports++;
    printf("#   %s\n", line);
}


/* What an idle executor does for as long as there is something; the index
 * rests between two portions. */

static inline void
site_idle(site_t *s)
{
    const struct timespec  rest = { 0, 1000000 };

    while (ptn_store_idle(s->store)) {
        nanosleep(&rest, NULL);
    }
}


static inline void
site_check(site_t *s, const char *name)
{
    ptn_user_t  u;

    u = site_user(s, name);
    s->reports = 0;
    is_u64(ptn_mbox_check(s->store, &u, false, site_report, s), PTN_OK,
           "every invariant holds");
}


/* A message whose text is about `size` bytes, the same for the same size. */

static inline ptn_str_t
site_message(site_t *s, size_t size)
{
    size_t     i;
    ptn_buf_t  b;

    ptn_buf_init(&b, s->pool);
    ptn_buf_printf(&b, "From: Alice <alice@example.test>\r\n"
                   "To: Bob <bob@example.test>, carol@example.test\r\n"
                   "Subject: message of %zu\r\n"
                   "Date: Mon, 2 Feb 2026 10:00:00 +0100\r\n"
                   "Message-ID: <%zu@example.test>\r\n\r\n", size, size);

    for (i = 0; i < size; i += 50) {
        ptn_buf_printf(&b, "%016lx%016lx and some words to it\r\n",
                       (unsigned long) ((i + 1) * (size + 1)
                                        * 0x9e3779b97f4a7c15ULL),
                       (unsigned long) ((i + 7) * (size + 3)
                                        * 0xbf58476d1ce4e5b9ULL));
    }

    return ptn_buf_get(&b);
}


static inline ptn_rc_t
site_append(site_t *s, ptn_txn_t *tx, ptn_id_t folder, size_t size,
    uint32_t flags, ptn_appended_t *ret)
{
    ptn_append_t  a;

    memset(&a, 0, sizeof(a));
    a.raw = site_message(s, size);
    a.flags = flags;
    a.received = 1770000000;

    return ptn_msg_append(tx, folder, &a, ret);
}


#endif /* MAILBOX_SITE_H */
