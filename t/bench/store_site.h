/*
 * A mailbox of its own for the benches of the store, in a ROOT below /tmp,
 * without syncs: what is measured is CPU.
 */

#ifndef STORE_SITE_H
#define STORE_SITE_H


#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_store.h"


typedef struct {
    char              root[64];
    ptn_conf_t        conf;
    ptn_store_opts_t  opts;
    ptn_store_t      *store;
    ptn_user_t        user;
    ptn_mbox_t       *mb;
    ptn_pool_t       *pool;
} site_t;


static inline double
cpu(void)
{
    struct rusage  ru;

    getrusage(RUSAGE_SELF, &ru);

    return (double) (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1e6
           + (double) (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec);
}


static int
gone(const char *path, const struct stat *sb PTN_UNUSED, int type PTN_UNUSED,
    struct FTW *ftw PTN_UNUSED)
{
    return remove(path);
}


static inline void
must(ptn_rc_t rc, const char *what)
{
    if (rc != PTN_OK) {
        fprintf(stderr, "bench: %s: %s\n", what, ptn_err(rc)->name);
        exit(1);
    }
}


static inline void
site_open(site_t *s)
{
    memset(s, 0, sizeof(site_t));
    strcpy(s->root, "/tmp/ptn-table-XXXXXX");

    if (mkdtemp(s->root) == NULL) {
        exit(1);
    }

    ptn_conf_defaults(&s->conf);
    s->conf.root = s->root;
    s->conf.fsync = false;
    s->opts.conf = &s->conf;
    s->pool = ptn_pool_create(0, NULL);
    s->user.id = 1;
    s->user.address = ptn_str("alice@example.test");
    s->user.locale = ptn_str("en");
    s->user.mailbox.b[0] = 1;

    must(ptn_store_open(&s->opts, &s->store), "store");
    must(ptn_mbox_open(s->store, &s->user, NULL, &s->mb), "mailbox");
}


static inline void
site_close(site_t *s)
{
    ptn_store_close(s->store);
    ptn_pool_destroy(s->pool);
    nftw(s->root, gone, 16, FTW_DEPTH|FTW_PHYS);
}


static inline ptn_str_t
message(ptn_pool_t *pool, unsigned n, size_t size)
{
    size_t     i;
    ptn_buf_t  b;

    ptn_buf_init(&b, pool);
    ptn_buf_printf(&b,
        "Received: from mx.example.org (mx.example.org [192.0.2.7])\r\n"
        "\tby mail.example.test with ESMTPS id %u\r\n"
        "\tfor <alice@example.test>; Mon, 2 Feb 2026 10:00:00 +0100\r\n"
        "From: \"Sender Number %u\" <sender%u@example.org>\r\n"
        "To: Alice <alice@example.test>, Bob <bob@example.test>\r\n"
        "Cc: Carol <carol@example.test>\r\n"
        "Subject: Re: message %u about things\r\n"
        "Date: Mon, 2 Feb 2026 10:00:00 +0100\r\n"
        "Message-ID: <%u.abcdef@example.org>\r\n"
        "In-Reply-To: <%u.abcdef@example.org>\r\n"
        "References: <1.abcdef@example.org> <%u.abcdef@example.org>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "\r\n", n, n % 97, n % 97, (n * 7919) % 10007, n, n, n);

    for (i = 0; i < size; i += 50) {
        ptn_buf_printf(&b, "%016lx%016lx and some words to it\r\n",
                       (unsigned long) ((i + 1) * (n + 1)
                                        * 0x9e3779b97f4a7c15ULL),
                       (unsigned long) ((i + 7) * (n + 3)
                                        * 0xbf58476d1ce4e5b9ULL));
    }

    return ptn_buf_get(&b);
}


static inline void
deliver(site_t *s, unsigned from, unsigned n, size_t size)
{
    unsigned        i;
    ptn_txn_t       tx;
    ptn_append_t    a;
    ptn_appended_t  app;

    for (i = 0; i < n; i++) {
        memset(&a, 0, sizeof(a));
        a.raw = message(s->pool, from + i, size);
        a.received = 1770000000 + from + i;
        a.delivery = true;
        a.sender = ptn_str("sender@example.org");

        must(ptn_txn_begin(&tx, s->mb), "begin");
        must(ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app), "append");
        must(ptn_txn_commit(&tx), "commit");

        if (i % 64 == 63 || i + 1 == n) {
            must(ptn_store_commit(s->store), "store commit");
            ptn_pool_reset(s->pool);
        }
    }
}


#endif /* STORE_SITE_H */
