/*
 * The mailbox, call by call, on one store.
 */

#include "mailbox_site.h"


static void
test_folders(site_t *s)
{
    size_t               i, n;
    ptn_id_t             a, b, c;
    ptn_txn_t            tx;
    ptn_mbox_t          *mb;
    const ptn_folder_t  *list, *f;

    mb = site_open(s, "alice");

    is_u64(ptn_folder_list(mb, &list, &n), PTN_OK, "list");
    ok(n == 18, "eighteen folders below the subtree, got %zu", n);

    for (i = 0; i < n; i++) {
        ok(list[i].uidvalidity != 0 && list[i].modseq != 0
           && list[i].uidnext == 1, "%.*s has its numbers",
           ptn_str_arg(list[i].name));
    }

    is_u64(ptn_folder_special(mb, PTN_FOLDER_INBOX, &f), PTN_OK, "special");
    is_str(f->name, "Inbox", "its name");
    is_u64(ptn_folder_special(mb, PTN_FOLDER_IPM_SUBTREE, &f), PTN_OK, "top");
    is_str(f->name, "Top of Information Store", "its name");

    is_u64(ptn_folder_child(mb, f->id, ptn_str("INBOX"), &f), PTN_OK,
           "a child by another case");
    is_u64(f->special, PTN_FOLDER_INBOX, "is the inbox");
    is_u64(ptn_folder_child(mb, f->id, ptn_str("none"), &f), PTN_ENOTFOUND,
           "no such child");

    is_u64(ptn_txn_begin(&tx, mb), PTN_OK, "begin");
    is_u64(ptn_folder_create(&tx, PTN_FOLDER_IPM_SUBTREE, ptn_str("Straße"),
                             NULL, &a), PTN_OK, "create");
    is_u64(ptn_folder_create(&tx, PTN_FOLDER_IPM_SUBTREE, ptn_str("STRASSE"),
                             NULL, &b), PTN_EEXIST, "folded names collide");
    is_u64(ptn_folder_create(&tx, a, ptn_str("a/b"), "IPF.Task", &b), PTN_OK,
           "any character");
    is_u64(ptn_folder_create(&tx, b, ptn_str("deep"), NULL, &c), PTN_OK,
           "three levels");
    is_u64(ptn_folder_create(&tx, b, ptn_str(""), NULL, &c), PTN_EINVAL,
           "no name");
    is_u64(ptn_folder_create(&tx, b, ptn_str("a\tb"), NULL, &c), PTN_EINVAL,
           "a control character");
    is_u64(ptn_folder_create(&tx, b, ptn_str("\xff"), NULL, &c), PTN_EINVAL,
           "not UTF-8");
    is_u64(ptn_folder_create(&tx, 99999, ptn_str("x"), NULL, &c),
           PTN_ENOTFOUND, "no parent");
    is_u64(ptn_folder_move(&tx, a, b, ptn_str("x")), PTN_EINVAL,
           "not below itself");
    is_u64(ptn_folder_move(&tx, PTN_FOLDER_INBOX, a, ptn_str("x")),
           PTN_EDENIED, "special folders stay");
    is_u64(ptn_folder_delete(&tx, PTN_FOLDER_INBOX, true), PTN_EDENIED,
           "and are kept");
    is_u64(ptn_folder_delete(&tx, a, false), PTN_ENOTEMPTY, "subfolders");
    is_u64(ptn_folder_move(&tx, b, PTN_FOLDER_INBOX, ptn_str("moved")),
           PTN_OK, "move and rename");
    is_u64(ptn_folder_subscribe(&tx, b, true), PTN_OK, "subscribe");
    is_u64(ptn_txn_commit(&tx), PTN_OK, "commit");
    ok(ptn_store_pending(s->store), "a batch is open");
    is_u64(ptn_store_commit(s->store), PTN_OK, "store commit");
    ok(!ptn_store_pending(s->store), "no batch is open");

    mb = site_reopen(s, "alice");
    is_u64(ptn_folder_get(mb, b, &f), PTN_OK, "get");
    is_u64(f->parent, PTN_FOLDER_INBOX, "its parent");
    is_str(f->name, "moved", "its name");
    is_str(f->cls, "IPF.Task", "its class");
    ok(f->subscribed, "subscribed");

    is_u64(ptn_txn_begin(&tx, mb), PTN_OK, "begin");
    is_u64(ptn_folder_delete(&tx, b, true), PTN_OK, "delete");
    ptn_txn_done(&tx);
    is_u64(ptn_folder_get(mb, b, &f), PTN_OK, "undone");
    is_u64(ptn_txn_begin(&tx, mb), PTN_OK, "begin");
    is_u64(ptn_folder_delete(&tx, b, true), PTN_OK, "delete");
    is_u64(ptn_txn_commit(&tx), PTN_OK, "commit");
    is_u64(ptn_store_commit(s->store), PTN_OK, "store commit");
    is_u64(ptn_folder_get(mb, b, &f), PTN_ENOTFOUND, "gone");
    is_u64(ptn_folder_get(mb, c, &f), PTN_ENOTFOUND, "with what was in it");
    site_check(s, "alice");
}


static void
test_messages(site_t *s)
{
    size_t            i, n;
    ptn_rc_t          rc;
    uint32_t          uids[10], *got;
    uint64_t          modseq;
    unsigned          bit, bit2;
    ptn_row_t         row;
    ptn_str_t         raw, back;
    ptn_txn_t         tx;
    ptn_msg_t        *msg;
    ptn_mbox_t       *mb;
    ptn_view_t       *v1, *v2, *v3;
    ptn_appended_t    app;
    const ptn_mime_t *mime;
    const ptn_str_t  *names;

    mb = site_open(s, "bob");
    is_u64(ptn_txn_begin(&tx, mb), PTN_OK, "begin");

    for (i = 0; i < 10; i++) {
        rc = site_append(s, &tx, PTN_FOLDER_INBOX, 100 * i, 0, &app);
        uids[i] = app.uid;
        ok(rc == PTN_OK && app.uid == i + 1, "append %zu", i);
    }

    is_u64(ptn_view_get(mb, PTN_FOLDER_INBOX, &v1), PTN_OK,
           "a view of the batch");
    is_u64(ptn_view_count(v1), 10, "shows it");
    is_u64(ptn_txn_commit(&tx), PTN_OK, "commit");
    is_u64(ptn_store_commit(s->store), PTN_OK, "store commit");
    is_u64(ptn_view_get(mb, PTN_FOLDER_INBOX, &v2), PTN_OK, "a view");
    ok(v1 == v2, "is the same");
    ok(ptn_view_valid(v1), "and valid");

    is_u64(ptn_txn_begin(&tx, mb), PTN_OK, "begin");
    is_u64(ptn_keyword_add(&tx, ptn_str("$Forwarded"), &bit), PTN_OK, "word");
    is_u64(ptn_keyword_add(&tx, ptn_str("$FORWARDED"), &bit2), PTN_OK, "word");
    is_u64(bit, bit2, "no case");
    is_u64(ptn_msg_flags(&tx, PTN_FOLDER_INBOX, uids, 5, PTN_FLAGS_ADD,
                         PTN_FLAG_SEEN | PTN_FLAG_DELETED, 1ULL << bit, 0,
                         &modseq), PTN_OK, "flags");
    ok(modseq > ptn_view_modseq(v2), "a modseq");
    is_u64(ptn_msg_expunge(&tx, PTN_FOLDER_INBOX, uids + 4, 2), PTN_OK,
           "expunge");
    is_u64(ptn_msg_copy(&tx, s->pool, PTN_FOLDER_INBOX, uids, 5,
                        PTN_FOLDER_SENT, &got), PTN_OK, "copy");
    ok(got[0] == 1 && got[3] == 4 && got[4] == 0, "new uids");
    is_u64(ptn_msg_move(&tx, s->pool, PTN_FOLDER_INBOX, uids + 8, 2,
                        PTN_FOLDER_SENT, &got), PTN_OK, "move");
    ok(got[0] == 5 && got[1] == 6, "new uids");
    is_u64(ptn_txn_commit(&tx), PTN_OK, "commit");
    is_u64(ptn_store_commit(s->store), PTN_OK, "store commit");

    is_u64(ptn_view_get(mb, PTN_FOLDER_INBOX, &v3), PTN_OK, "a view");
    is_u64(ptn_view_count(v3), 6, "after all that");
    is_u64(ptn_view_count(v2), 10, "the old one is as it was");
    ptn_view_row(v3, 1, &row);
    is_u64(row.flags, PTN_FLAG_SEEN | PTN_FLAG_DELETED, "flags");
    is_u64(row.keywords, 1ULL << bit, "keywords");
    is_u64(row.modseq, modseq, "modseq");
    is_u64(ptn_view_find(v3, 5), 5, "find: the next one");
    is_u64(ptn_view_find(v3, 9), 7, "find: behind the last");
    is_u64(ptn_view_vanished(mb, s->pool, PTN_FOLDER_INBOX,
                             ptn_view_modseq(v2), &got, &n), PTN_OK,
           "vanished");
    ok(n == 4 && got[0] == 5 && got[3] == 10, "four uids");

    mb = site_reopen(s, "bob");
    is_u64(ptn_keyword_names(mb, &names), PTN_OK, "words");
    is_str(names[bit], "$Forwarded", "its name");

    for (i = 1; i <= 6; i++) {
        ptn_view_row(v3, (uint32_t) i, &row);
        raw = site_message(s, 100 * (row.uid - 1));
        is_u64(ptn_msg_open(mb, s->pool, row.id, &msg), PTN_OK, "open");
        is_u64(ptn_msg_slice(msg, s->pool, 0, UINT64_MAX, 1000000, &back),
               PTN_OK, "slice");
        ok(ptn_str_eq(raw, back), "byte for byte");
        is_u64(ptn_msg_structure(msg, &mime), PTN_OK, "structure");
    }

    is_u64(ptn_msg_open(mb, s->pool, 999999, &msg), PTN_ENOTFOUND, "no such");

    /* rows of the old view: one that stayed, that was moved, that is gone */

    ptn_view_row(v2, 1, &row);
    is_u64(ptn_msg_open_row(mb, s->pool, PTN_FOLDER_INBOX, &row, &msg),
           PTN_OK, "open a row");
    is_u64(ptn_msg_folder(msg), PTN_FOLDER_INBOX, "where it was");
    ptn_view_row(v2, 9, &row);
    is_u64(ptn_msg_open_row(mb, s->pool, PTN_FOLDER_INBOX, &row, &msg),
           PTN_OK, "open a row");
    is_u64(ptn_msg_folder(msg), PTN_FOLDER_SENT, "where it went");
    ptn_view_row(v2, 5, &row);
    is_u64(ptn_msg_open_row(mb, s->pool, PTN_FOLDER_INBOX, &row, &msg),
           PTN_ENOTFOUND, "a row that is gone");

    ptn_view_unref(v1);
    ptn_view_unref(v2);
    ptn_view_unref(v3);
    site_check(s, "bob");
}


static void
test_events(site_t *s)
{
    size_t          i, n;
    uint64_t        last, since;
    uint32_t        uid = 1, *got;
    ptn_txn_t       tx;
    ptn_mbox_t     *mb;
    ptn_mbox_event_t    *e;
    ptn_appended_t  app;

    static const ptn_mbox_event_e  kinds[] = {
        PTN_MBOX_EVENT_NEW, PTN_MBOX_EVENT_MODIFIED, PTN_MBOX_EVENT_COPIED,
        PTN_MBOX_EVENT_MOVED, PTN_MBOX_EVENT_DELETED
    };

    mb = site_open(s, "eve");
    is_u64(ptn_mbox_events(mb, s->pool, 0, 100, &e, &n, &since), PTN_OK,
           "events");
    is_u64(n, 0, "none yet");
    ptn_txn_begin(&tx, mb);
    site_append(s, &tx, PTN_FOLDER_INBOX, 10, 0, &app);
    ptn_msg_flags(&tx, PTN_FOLDER_INBOX, &uid, 1, PTN_FLAGS_ADD, 1, 0, 0,
                  NULL);
    ptn_msg_copy(&tx, s->pool, PTN_FOLDER_INBOX, &uid, 1, PTN_FOLDER_SENT,
                 &got);
    ptn_msg_move(&tx, s->pool, PTN_FOLDER_INBOX, &uid, 1, PTN_FOLDER_DRAFTS,
                 &got);
    ptn_msg_expunge(&tx, PTN_FOLDER_DRAFTS, &uid, 1);
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);

    is_u64(ptn_mbox_events(mb, s->pool, since, 100, &e, &n, &last), PTN_OK,
           "events");
    ok(n == 5 && last == 5, "five");

    for (i = 0; i < n; i++) {
        ok(e[i].kind == kinds[i] && e[i].n == i + 1, "event %zu", i);
    }

    is_u64(ptn_mbox_events(mb, s->pool, 6, 100, &e, &n, &last), PTN_ESTALE,
           "ahead of the log");

    for (i = 0; i < 22; i++) {
        uint32_t  k, uids[500];

        for (k = 0; k < 500; k++) {
            uids[k] = k + 1;
        }

        ptn_txn_begin(&tx, mb);

        if (i == 0) {
            for (k = 0; k < 500; k++) {
                site_append(s, &tx, PTN_FOLDER_JUNK, 1, 0, &app);
            }
        }

        ptn_msg_flags(&tx, PTN_FOLDER_JUNK, uids, 500,
                      i % 2 ? PTN_FLAGS_ADD : PTN_FLAGS_REMOVE,
                      PTN_FLAG_FLAGGED, 0, 0, NULL);
        ptn_txn_commit(&tx);
        ptn_store_commit(s->store);
    }

    is_u64(ptn_mbox_events(mb, s->pool, 5, 100, &e, &n, &last), PTN_ESTALE,
           "the log is bounded");
    is_u64(ptn_mbox_events(mb, s->pool, last - 9000, 100, &e, &n, &last),
           PTN_OK, "but long");
    ok(n == 100 && e[0].n == last - 8999, "the next hundred");
    site_check(s, "eve");
}


/* Who closes a mailbox last leaves no long WAL for the next to read. */

static void
test_wal(site_t *s)
{
    int             i;
    char            wal[160];
    ptn_rc_t        rc;
    ptn_txn_t       tx;
    ptn_mbox_t     *mb, *other;
    ptn_view_t     *view;
    ptn_store_t    *store;
    struct stat     st;
    ptn_appended_t  app;

    mb = site_open(s, "wal");
    snprintf(wal, sizeof(wal), "%s/mailbox/example.test/wal/"
             "mailbox.sqlite-wal", s->root);
    rc = ptn_store_open(&s->opts, &store);
    other = (rc == PTN_OK) ? site_open_store(s, store, "wal") : NULL;
    ok(other != NULL, "two have it open");

    for (i = 0; i < 100 && rc == PTN_OK; i++) {
        rc = ptn_txn_begin(&tx, mb);
        if (rc == PTN_OK) {
            rc = site_append(s, &tx, PTN_FOLDER_INBOX, 500, 0, &app);
        }
        if (rc == PTN_OK) {
            rc = ptn_txn_commit(&tx);
        }
        if (rc == PTN_OK) {
            rc = ptn_store_commit(s->store);
        }
    }

    is_u64(rc, PTN_OK, "a hundred commits");
    ok(stat(wal, &st) == 0 && st.st_size > 512 * 1024, "a long WAL");

    ptn_store_close(store);
    ok(stat(wal, &st) == 0 && st.st_size > 512 * 1024,
       "stays while one of two has it open");

    mb = site_reopen(s, "wal");
    ok(stat(wal, &st) == 0 && st.st_size < 64 * 1024, "is cut off at the end");
    is_u64(ptn_view_get(mb, PTN_FOLDER_INBOX, &view), PTN_OK, "a view");
    is_u64(ptn_view_count(view), 100, "all is there");
    ptn_view_unref(view);
    site_check(s, "wal");
}


int
main(void)
{
    site_t  s;

    site_make(&s);
    test_folders(&s);
    test_messages(&s);
    test_events(&s);
    test_wal(&s);
    site_done(&s);

    return done_testing();
}
