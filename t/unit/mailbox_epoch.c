/*
 * The mark outside the mailbox: copies that were restored begin a new epoch,
 * restarts and crashes do not, and no number is given twice.
 */

#include "mailbox_site.h"


static ptn_mbox_info_t
info_of(ptn_mbox_t *mb)
{
    ptn_mbox_info_t  info;

    memset(&info, 0, sizeof(info));
    is_u64(ptn_mbox_info(mb, &info), PTN_OK, "info");

    return info;
}


static ptn_appended_t
append(site_t *s, ptn_mbox_t *mb)
{
    ptn_rc_t        rc;
    ptn_txn_t       tx;
    ptn_appended_t  app;

    memset(&app, 0, sizeof(app));
    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = site_append(s, &tx, PTN_FOLDER_INBOX, 100, 0, &app);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    ptn_txn_done(&tx);

    if (rc == PTN_OK) {
        rc = ptn_store_commit(s->store);
    }

    ok(rc == PTN_OK, "append");

    return app;
}


static void
shell(const char *fmt, ...)
{
    int      rc;
    char     cmd[1024];
    va_list  ap;

    va_start(ap, fmt);
    vsnprintf(cmd, sizeof(cmd), fmt, ap);
    va_end(ap);

    rc = system(cmd);
    ok(rc == 0, "%s", cmd);
}


/* Without an orderly end: as after kill -9. */

static void
crash(site_t *s, const char *name)
{
    int    status;
    pid_t  pid;

    ptn_store_close(s->store);
    fflush(stdout);
    pid = fork();

    if (pid == 0) {
        ptn_store_open(&s->opts, &s->store);

        if (freopen("/dev/null", "w", stdout) != NULL) {
            append(s, site_open(s, name));
        }

        _exit(0);
    }

    waitpid(pid, &status, 0);
    ptn_store_open(&s->opts, &s->store);
}


/*
 * A number says by itself under which REPLGUID it was given, through two
 * incarnations, be it an object id or a change number.
 */

static void
test_replicas(void)
{
    site_t           s;
    unsigned         i, k, wrong;
    uint16_t         replid, again;
    ptn_guid_t       guid, own[3];
    uint64_t         ids[3][2];
    ptn_mbox_t      *mb;
    ptn_appended_t   app;

    site_make(&s);

    for (i = 0; i < 3; i++) {
        mb = site_open(&s, "rita");

        /* object ids ahead of change numbers, then the other way round */

        for (k = 0; k < 60; k++) {
            ptn_txn_t  tx;

            ptn_txn_begin(&tx, mb);
            i ? ptn_txn_cn(&tx) : ptn_txn_oid(&tx);
            ptn_txn_commit(&tx);
        }

        ptn_store_commit(s.store);
        app = append(&s, mb);
        ids[i][0] = app.id;
        ids[i][1] = app.modseq;
        ok(ptn_mbox_replica(mb, app.id, &replid, &own[i]) == PTN_OK
           && replid == 1, "the present one is 1");

        ptn_store_close(s.store);
        shell("rm -f %s/epoch/*", s.root);
        ptn_store_open(&s.opts, &s.store);
    }

    ok(!ptn_guid_eq(own[0], own[1]) && !ptn_guid_eq(own[1], own[2]),
       "each has its own");
    mb = site_open(&s, "rita");

    for (i = 0, wrong = 0; i < 3; i++) {
        for (k = 0; k < 2; k++) {
            wrong += ptn_mbox_replica(mb, ids[i][k], &replid, &guid) != PTN_OK
                     || !ptn_guid_eq(guid, own[i])
                     || ptn_mbox_replid(mb, guid, &again) != PTN_OK
                     || again != replid || replid == 1;
        }
    }

    ok(wrong == 0, "each number is its incarnation's: %u are not", wrong);
    ok(ptn_mbox_replica(mb, PTN_FOLDER_INBOX, &replid, &guid) == PTN_OK
       && ptn_guid_eq(guid, own[0]), "the Inbox is of the first");
    memset(&guid, 7, sizeof(guid));
    is_rc(ptn_mbox_replid(mb, guid, &replid), PTN_ENOTFOUND, "of none");
    site_check(&s, "rita");
    site_done(&s);
}


/* A mailbox whose files are lost is made anew: it is another incarnation. */

static void
test_lost(void)
{
    site_t           s;
    ptn_mbox_info_t  was, is;
    ptn_appended_t   lost, app;

    site_make(&s);
    append(&s, site_open(&s, "erin"));
    lost = append(&s, site_open(&s, "erin"));
    was = info_of(site_open(&s, "erin"));
    ptn_store_close(s.store);
    shell("rm -r %s/mailbox", s.root);
    ptn_store_open(&s.opts, &s.store);
    is = info_of(site_open(&s, "erin"));
    is_u64(is.messages, 0, "made anew");
    ok(is.epoch > was.epoch, "as another incarnation");
    app = append(&s, site_open(&s, "erin"));
    ok(app.modseq > lost.modseq && app.id > lost.id
       && app.uidvalidity != lost.uidvalidity, "no number is given twice");
    site_check(&s, "erin");
    site_done(&s);
}


/*
 * One copy, in two ROOTs where no mark is, one after the other: each is an
 * incarnation of its own.
 */

static void
test_elsewhere(void)
{
    site_t           s;
    unsigned         i;
    uint64_t         epoch[2];
    ptn_mbox_t      *mb;
    ptn_appended_t   app[2];

    site_make(&s);
    append(&s, site_open(&s, "dora"));
    ptn_store_close(s.store);
    shell("cp -a %s/mailbox %s/copy", s.root, s.root);

    for (i = 0; i < 2; i++) {
        shell("rm -r %s/mailbox %s/epoch && cp -a %s/copy %s/mailbox", s.root,
              s.root, s.root, s.root);

        ptn_store_open(&s.opts, &s.store);
        mb = site_open(&s, "dora");
        epoch[i] = info_of(mb).epoch;
        app[i] = append(&s, mb);
        site_check(&s, "dora");
        ptn_store_close(s.store);
    }

    ok(epoch[0] != epoch[1], "two epochs: %llu, %llu",
       (unsigned long long) epoch[0], (unsigned long long) epoch[1]);
    ok(app[0].uidvalidity != app[1].uidvalidity, "two UIDVALIDITYs");
    ptn_store_open(&s.opts, &s.store);
    site_done(&s);
}


int
main(void)
{
    site_t               s;
    uint32_t             validity, second, third;
    ptn_view_t          *v;
    ptn_mbox_t          *mb;
    ptn_mbox_info_t      a, b, c;
    ptn_appended_t       lost, app;
    const ptn_folder_t  *f;

    site_make(&s);
    mb = site_open(&s, "carol");
    a = info_of(mb);
    is_u64(a.epoch, 1, "the first epoch");

    append(&s, mb);
    append(&s, mb);
    mb = site_reopen(&s, "carol");
    b = info_of(mb);
    is_u64(b.epoch, 1, "a restart keeps it");
    is_u64(b.cn, a.cn + 2, "and does not jump");

    /* a crash: the numbers jump, the epoch stays */

    crash(&s, "carol");
    mb = site_open(&s, "carol");
    c = info_of(mb);
    is_u64(c.epoch, 1, "a crash keeps the epoch");
    ok(c.cn > b.cn + 1000, "the numbers jump: %llu after %llu",
       (unsigned long long) c.cn, (unsigned long long) b.cn);
    is_u64(c.messages, 3, "nothing is lost");
    mb = site_reopen(&s, "carol");
    is_u64(info_of(mb).cn, c.cn, "once");

    /* a copy, then more changes, then the copy is restored */

    ptn_folder_special(mb, PTN_FOLDER_INBOX, &f);
    validity = f->uidvalidity;
    ptn_store_close(s.store);
    shell("cp -a %s/mailbox %s/copy", s.root, s.root);
    ptn_store_open(&s.opts, &s.store);
    mb = site_open(&s, "carol");
    append(&s, mb);
    lost = append(&s, mb);
    ptn_view_get(mb, PTN_FOLDER_INBOX, &v);
    is_u64(ptn_view_count(v), 5, "five before the copy is restored");
    ptn_view_unref(v);
    ptn_store_close(s.store);
    shell("rm -r %s/mailbox && cp -a %s/copy %s/mailbox", s.root, s.root,
          s.root);
    ptn_store_open(&s.opts, &s.store);
    mb = site_open(&s, "carol");
    b = info_of(mb);
    is_u64(b.epoch, 2, "a restored copy is another epoch");
    is_u64(b.messages, 3, "of three messages");
    app = append(&s, mb);
    ok(app.modseq > lost.modseq && app.id > lost.id,
       "no number is given twice: %llu, %llu",
       (unsigned long long) app.modseq, (unsigned long long) lost.modseq);
    ok(app.uidvalidity > validity + 1000, "another UIDVALIDITY");
    second = app.uidvalidity;
    ptn_view_get(mb, PTN_FOLDER_INBOX, &v);
    is_u64(ptn_view_count(v), 4, "and a view of its own");
    ptn_view_unref(v);
    site_check(&s, "carol");
    is_u64(info_of(site_reopen(&s, "carol")).epoch, 2, "once");

    /* restored under a running server, in place of the file */

    mb = site_open(&s, "carol");
    append(&s, mb);
    lost = append(&s, mb);
    ptn_store_idle(s.store);
    shell("cp -a %s/copy/example.test/carol/mailbox.sqlite* "
          "%s/mailbox/example.test/carol/ 2>/dev/null; rm -f "
          "%s/mailbox/example.test/carol/mailbox.sqlite-* && "
          "mv %s/mailbox/example.test/carol/mailbox.sqlite %s/x && "
          "mv %s/x %s/mailbox/example.test/carol/mailbox.sqlite",
          s.root, s.root, s.root, s.root, s.root, s.root, s.root);
    mb = site_reopen(&s, "carol");
    is_u64(info_of(mb).epoch, 3, "the old copy again: the third epoch");
    app = append(&s, mb);
    ok(app.modseq > lost.modseq, "no number is given twice");
    third = app.uidvalidity;
    ok(third != second && third != validity,
       "nor a UIDVALIDITY: %u, %u, %u", validity, second, third);

    /* the mark is lost */

    ptn_store_close(s.store);
    shell("rm %s/epoch/*", s.root);
    ptn_store_open(&s.opts, &s.store);
    b = info_of(site_open(&s, "carol"));
    ok(b.epoch > 3, "no mark: a new epoch, far from those before");
    site_check(&s, "carol");

    site_done(&s);

    test_replicas();
    test_elsewhere();
    test_lost();

    return done_testing();
}
