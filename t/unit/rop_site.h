/*
 * What the tests of ROPs share: a ROOT of their own with a directory, two
 * users, some mail, and a session of the first one.
 */

#ifndef ROP_SITE_H
#define ROP_SITE_H


#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ptn_mapihttp.h"


#define ROP_SITE_MESSAGES  8

typedef struct {
    char               root[64];
    ptn_conf_t         conf;
    ptn_app_t         *app;
    ptn_pool_t        *pool;            /* of the site */
    ptn_user_t         user[2];         /* alice, bob */
    ptn_str_t          dn[2];
    ptn_rop_session_t  session;
    ptn_pool_t        *job;             /* of a call, reset before each */
} rop_site_t;


static inline void
rop_site_must(ptn_rc_t rc, const char *what)
{
    if (rc != PTN_OK) {
        printf("Bail out! %s: %s\n", what, ptn_err(rc)->name);
        exit(1);
    }
}


static inline void
rop_site_mail(rop_site_t *s, const ptn_user_t *user)
{
    int             i;
    ptn_txn_t       tx = { 0 };
    ptn_mbox_t     *mb;
    ptn_append_t    append;
    ptn_appended_t  done;

    rop_site_must(ptn_mbox_open(s->app->store, user, NULL, &mb), "mailbox");
    rop_site_must(ptn_txn_begin(&tx, mb), "transaction");

    for (i = 0; i < ROP_SITE_MESSAGES; i++) {
        memset(&append, 0, sizeof(append));
        append.received = 1700000000 + i;
        append.raw = ptn_str_printf(s->pool,
            "From: x@example.test\r\nTo: alice@example.test\r\n"
            "Subject: message %d\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
            "--b\r\nContent-Type: text/plain\r\n\r\ntext %d\r\n"
            "--b\r\nContent-Type: application/octet-stream\r\n"
            "Content-Disposition: attachment; filename=a.bin\r\n\r\n"
            "data %d\r\n--b--\r\n", i, i, i);

        rop_site_must(ptn_msg_append(&tx, PTN_FOLDER_INBOX, &append, &done),
                      "message");
    }

    rop_site_must(ptn_txn_commit(&tx), "transaction");
    rop_site_must(ptn_store_commit(s->app->store), "commit");
}


static inline void
rop_site_session(rop_site_t *s)
{
    ptn_actor_t  actor = { 0 };

    actor.user = s->user[0].id;
    actor.mailbox = s->user[0].mailbox;
    actor.address = s->user[0].address;
    actor.locale = s->user[0].locale;

    memset(&s->session, 0, sizeof(s->session));
    rop_site_must(ptn_rop_session_open(&s->session, &actor), "session");
    s->session.codepage = 1252;
}


static inline void
rop_site_make(rop_site_t *s)
{
    size_t            i;
    ptn_user_t        user;
    ptn_directory_t  *dir;

    static const char  *names[] = { "alice@example.test",
                                    "bob@example.test" };

    memset(s, 0, sizeof(*s));
    strcpy(s->root, "/tmp/ptn-rop-XXXXXX");

    if (mkdtemp(s->root) == NULL) {
        perror("mkdtemp");
        exit(1);
    }

    ptn_conf_defaults(&s->conf);
    s->conf.root = s->root;
    s->conf.fsync = false;
    s->pool = ptn_pool_create(0, NULL);
    s->job = ptn_pool_create(64 * 1024 * 1024, NULL);

    rop_site_must(ptn_directory_open(&s->conf, true, &dir), "directory");
    rop_site_must(ptn_domain_add(dir, ptn_str("example.test")), "domain");

    for (i = 0; i < 2; i++) {
        memset(&user, 0, sizeof(user));
        user.address = ptn_str_z(names[i]);
        user.display = ptn_str("A User");
        user.locale = ptn_str("en");
        user.services = PTN_SERVICE_ALL;
        rop_site_must(ptn_user_add(dir, &user), "user");
        rop_site_must(ptn_user_get(dir, s->pool, ptn_str_z(names[i]),
                                   &s->user[i]), "user");
        rop_site_must(ptn_eid_dn(s->pool, s->user[i].mailbox,
                                 s->user[i].address, &s->dn[i]), "DN");
    }

    ptn_directory_close(dir);

    rop_site_must(ptn_app_open(NULL, &s->conf, &ptn_io_posix, NULL, NULL,
                               &s->app), "app");

    for (i = 0; i < 2; i++) {
        rop_site_must(ptn_mbox_create(s->app->store, &s->user[i]),
                      "mailbox");
        rop_site_mail(s, &s->user[i]);
    }

    rop_site_session(s);
}


static inline int
rop_site_remove(const char *path, const struct stat *sb PTN_UNUSED,
    int type PTN_UNUSED, struct FTW *ftw PTN_UNUSED)
{
    return remove(path);
}


static inline void
rop_site_done(rop_site_t *s)
{
    ptn_rop_session_close(&s->session);
    ptn_app_close(s->app);
    ptn_pool_destroy(s->job);
    ptn_pool_destroy(s->pool);
    nftw(s->root, rop_site_remove, 16, FTW_DEPTH|FTW_PHYS);
}


static inline void
rop_site_ctx(rop_site_t *s, ptn_rop_ctx_t *ret_ctx)
{
    ptn_pool_reset(s->job);
    memset(ret_ctx, 0, sizeof(*ret_ctx));
    ret_ctx->app = s->app;
    ret_ctx->pool = s->job;
    ret_ctx->session = &s->session;
}


/* RopLogon, alone in its buffer; the handle. */

static inline uint32_t
rop_site_logon(rop_site_t *s, uint8_t id, unsigned whose)
{
    ptn_rc_t             rc;
    ptn_buf_t            in, out;
    ptn_rop_run_t        run = { 0 };
    ptn_rop_logon_req_t  req = { 0 };
    ptn_rop_req_head_t   head = { 0xfe, id, 0 };

    rop_site_ctx(s, &run.ctx);
    ptn_buf_init(&in, s->job);
    ptn_buf_init(&out, s->job);

    req.logon_flags = 1;
    req.open_flags = 0x01000000;
    req.essdn = ptn_str_printf(s->job, "%.*s", ptn_str_arg(s->dn[whose]));
    req.essdn.len++;

    ptn_buf_add(&in, "\0\0", 2);
    ptn_wire_push(&ptn_rop_req_head_wire, &in, &head);
    ptn_wire_push(&ptn_rop_logon_req_wire, &in, &req);
    in.data[0] = (u_char) in.len;
    in.data[1] = (u_char) (in.len >> 8);
    ptn_buf_add(&in, "\xff\xff\xff\xff", 4);

    rc = ptn_rop_read(&run, ptn_buf_get(&in));
    if (rc == PTN_OK) {
        rc = ptn_rop_execute(&run, PTN_ROP_BUFFER_MAX, false, &out);
    }

    return rc == PTN_OK ? run.handles[0] : PTN_ROP_NO_HANDLE;
}


#endif /* ROP_SITE_H */
