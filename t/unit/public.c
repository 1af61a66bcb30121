/*
 * Public stores: who sees what, and read state that is each one's own.
 */

#include "mailbox_site.h"
#include "ptn_item.h"


static ptn_mbox_t *
as(site_t *s, const ptn_actor_t *a)
{
    ptn_mbox_t  *mb;

    must(ptn_public_open(s->store, ptn_str("Example.Test"), a, &mb), "open");

    return mb;
}


static uint32_t
unread(ptn_mbox_t *mb, ptn_id_t folder)
{
    const ptn_folder_t  *f;

    must(ptn_folder_get(mb, folder, &f), "folder");

    return f->unread;
}


/* \Seen of a uid in the actor's view, and its modseq. */

static bool
seen(ptn_mbox_t *mb, ptn_id_t folder, uint32_t uid, uint64_t *ret_modseq)
{
    uint32_t     seq;
    ptn_row_t    row;
    ptn_view_t  *view;

    must(ptn_view_get(mb, folder, &view), "view");
    seq = ptn_view_find(view, uid);
    ptn_view_row(view, seq, &row);
    is_u64(row.uid, uid, "it is in the view");

    if (ret_modseq != NULL) {
        *ret_modseq = row.modseq;
    }

    ok(ptn_view_modseq(view) >= row.modseq, "below the view's number");
    ptn_view_unref(view);

    return (row.flags & PTN_FLAG_SEEN) != 0;
}


static void
mark(site_t *s, ptn_mbox_t *mb, ptn_id_t folder, uint32_t uid, bool on)
{
    uint64_t   modseq;
    ptn_txn_t  tx = { 0 };

    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_msg_flags(&tx, folder, &uid, 1, on ? PTN_FLAGS_ADD
                                                : PTN_FLAGS_REMOVE,
                       PTN_FLAG_SEEN, 0, 0, &modseq), "flags");
    ok(modseq != 0, "a number was taken");
    end(s, &tx);
}


/* Random marks against a plain array. */

static void
random_marks(site_t *s, const ptn_actor_t *who, ptn_id_t folder, uint32_t first,
    uint32_t n)
{
    bool            *model, good;
    uint32_t         i, k, uid, count, seed;
    ptn_mbox_t      *mb;
    ptn_row_t        row;
    ptn_view_t      *view;
    ptn_txn_t        tx = { 0 };

    model = calloc(n, sizeof(bool));
    seed = 12345;

    for (k = 0; k < 40; k++) {
        mb = as(s, who);
        must(ptn_txn_begin(&tx, mb), "begin");

        for (i = 0; i < 10; i++) {
            seed = seed * 1103515245 + 12345;
            uid = first + (seed >> 8) % n;
            model[uid - first] = (seed >> 4) & 1;
            must(ptn_msg_flags(&tx, folder, &uid, 1,
                               model[uid - first] ? PTN_FLAGS_ADD
                                                  : PTN_FLAGS_REMOVE,
                               PTN_FLAG_SEEN, 0, 0, NULL), "flags");
        }

        /* one in four is undone */

        if (k % 4 == 3) {
            ptn_txn_done(&tx);
            ptn_store_rollback(s->store);

            must(ptn_view_get(mb, folder, &view), "view");

            for (i = 1; i <= ptn_view_count(view); i++) {
                ptn_view_row(view, i, &row);

                if (row.uid >= first && row.uid < first + n) {
                    model[row.uid - first] = row.flags & PTN_FLAG_SEEN;
                }
            }

            ptn_view_unref(view);

        } else {
            end(s, &tx);
        }
    }

    must(ptn_view_get(mb, folder, &view), "view");
    good = true;
    count = 0;

    for (i = 1; i <= ptn_view_count(view); i++) {
        ptn_view_row(view, i, &row);
        count += !(row.flags & PTN_FLAG_SEEN);

        if (row.uid >= first && row.uid < first + n
            && model[row.uid - first] != ((row.flags & PTN_FLAG_SEEN) != 0))
        {
            good = false;
        }
    }

    ptn_view_unref(view);
    ok(good, "read state is what was asked for");
    is_u64(unread(mb, folder), count, "and the count is the view's");
    free(model);
}


int
main(void)
{
    bool                 more;
    site_t               s;
    size_t               i, n;
    uint32_t             uids[3], tag = PTN_PR_CONTENT_UNREAD;
    uint64_t             m0, m1, before;
    ptn_id_t             topic, id;
    ptn_str_t            value;
    ptn_txn_t            tx = { 0 };
    ptn_msg_t           *msg;
    ptn_mbox_t          *mb;
    ptn_user_t           user;
    ptn_sync_t           sync;
    ptn_actor_t          alice, bob, eve;
    ptn_appended_t       a[3], own;
    ptn_msg_info_t       info;
    const ptn_folder_t  *f;
    ptn_sync_change_t   *changes;

    site_make(&s);
    alice = site_actor(&s, "alice", 1);
    bob = site_actor(&s, "bob", 2);
    eve = site_actor(&s, "eve", 3);
    eve.address = ptn_str("eve@elsewhere.test");

    is_rc(ptn_public_open(s.store, ptn_str("example.test"), &eve, &mb),
          PTN_ENOTFOUND, "not for other domains");
    eve.address = ptn_str("eve@notexample.test");
    is_rc(ptn_public_open(s.store, ptn_str("example.test"), &eve, &mb),
          PTN_ENOTFOUND, "nor for one that ends like it");

    mb = as(&s, &alice);
    is_u64(ptn_mbox_kind(mb), PTN_MBOX_PUBLIC, "made on first use");
    ok(!ptn_mbox_may_all(mb), "nobody's own");
    is_rc(ptn_folder_get(mb, PTN_PUBLIC_IPM_SUBTREE, &f), PTN_OK,
          "everybody sees the subtree");
    is_rc(ptn_folder_get(mb, PTN_PUBLIC_OAB, &f), PTN_OK, "and the OAB's");

    must(ptn_txn_begin(&tx, mb), "begin");
    is_rc(ptn_folder_create(&tx, PTN_PUBLIC_NON_IPM_SUBTREE, ptn_str("x"),
                            NULL, &topic), PTN_EDENIED, "not everywhere");
    is_rc(ptn_folder_create(&tx, PTN_PUBLIC_IPM_SUBTREE, ptn_str("topic"),
                            NULL, &topic), PTN_OK, "alice makes a folder");

    for (i = 0; i < 3; i++) {
        is_rc(site_append(&s, &tx, topic, 100 + i, i == 2 ? PTN_FLAG_SEEN : 0,
                          &a[i]), PTN_OK, "and posts");
        uids[i] = a[i].uid;
    }

    end(&s, &tx);
    is_u64(unread(mb, topic), 2, "one of which she has read");
    ok(seen(mb, topic, uids[2], NULL), "the last");

    mb = as(&s, &bob);
    is_u64(unread(mb, topic), 3, "bob none");
    ok(!seen(mb, topic, uids[2], NULL), "not the last either");
    seen(mb, topic, uids[0], &m0);
    must(ptn_msg_open(mb, s.pool, a[0].id, &msg), "open");
    ptn_msg_info(msg, &info);
    before = info.modseq;

    /* where a client of his was */

    memset(&sync, 0, sizeof(sync));
    must(ptn_sync_items(mb, s.pool, topic, false, &sync, 100, &changes, &n,
                        &more), "sync");
    is_u64(n, 3, "three are new to him");

    mark(&s, mb, topic, uids[0], true);
    is_u64(unread(mb, topic), 2, "bob reads one");
    ok(seen(mb, topic, uids[0], &m1) && m1 > m0, "its MODSEQ is a later one");
    must(ptn_msg_open(mb, s.pool, a[0].id, &msg), "open");
    ptn_msg_info(msg, &info);
    ok(info.flags & PTN_FLAG_SEEN, "opened, it is read");
    must(ptn_folder_props(mb, s.pool, topic, &tag, 1, &value), "props");
    is_u64(ptn_le32(value.data), 2, "PidTagContentUnreadCount");

    must(ptn_sync_items(mb, s.pool, topic, false, &sync, 100, &changes, &n,
                        &more), "sync");
    ok(n == 1 && changes[0].kind == PTN_SYNC_READ && changes[0].id == a[0].id
       && (changes[0].flags & PTN_FLAG_SEEN), "his client hears of it");

    mark(&s, mb, topic, uids[2], true);
    must(ptn_sync_items(mb, s.pool, topic, false, &sync, 100, &changes, &n,
                        &more), "sync");
    ok(n == 1 && changes[0].id == a[2].id && (changes[0].flags
                                              & PTN_FLAG_SEEN),
       "of another, and of that alone");
    mark(&s, mb, topic, uids[2], false);
    must(ptn_sync_items(mb, s.pool, topic, false, &sync, 100, &changes, &n,
                        &more), "sync");
    ok(n == 1 && changes[0].id == a[2].id
       && !(changes[0].flags & PTN_FLAG_SEEN), "and when it is unread again");

    mb = as(&s, &alice);
    is_u64(unread(mb, topic), 2, "alice's are hers");
    ok(!seen(mb, topic, uids[0], &m1), "not read");
    is_u64(m1, before, "and not changed");
    must(ptn_msg_open(mb, s.pool, a[0].id, &msg), "open");
    ptn_msg_info(msg, &info);
    ok(!(info.flags & PTN_FLAG_SEEN), "nor when opened");

    /* authors */

    mb = as(&s, &bob);
    must(ptn_txn_begin(&tx, mb), "begin");
    is_rc(ptn_msg_expunge(&tx, topic, uids, 1), PTN_EDENIED,
          "bob deletes nothing of alice");
    is_rc(ptn_msg_flags(&tx, topic, uids, 1, PTN_FLAGS_ADD, PTN_FLAG_FLAGGED,
                        0, 0, NULL), PTN_EDENIED, "nor changes it");
    is_rc(ptn_folder_delete(&tx, topic, true), PTN_EDENIED, "nor the folder");
    is_rc(site_append(&s, &tx, topic, 200, 0, &own), PTN_OK, "he posts");
    is_rc(ptn_msg_expunge(&tx, topic, &own.uid, 1), PTN_OK,
          "and takes it back");
    is_rc(ptn_folder_create(&tx, topic, ptn_str("below"), NULL, &id), PTN_OK,
          "makes a folder, too");
    end(&s, &tx);

    /* back and forth, undone, reopened */

    mark(&s, mb, topic, uids[0], false);
    is_u64(unread(mb, topic), 3, "unread again");
    mark(&s, mb, topic, uids[1], true);

    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_msg_flags(&tx, topic, uids, 3, PTN_FLAGS_ADD, PTN_FLAG_SEEN, 0, 0,
                       NULL), "flags");
    is_u64(unread(mb, topic), 0, "all read");
    ptn_txn_done(&tx);
    ptn_store_rollback(s.store);
    is_u64(unread(mb, topic), 2, "undone");

    must(ptn_txn_begin(&tx, mb), "begin");

    for (i = 0; i < 60; i++) {
        must(site_append(&s, &tx, topic, 300 + i, 0, &own), "append");
    }

    end(&s, &tx);
    random_marks(&s, &bob, topic, own.uid - 59, 60);
    random_marks(&s, &alice, topic, own.uid - 59, 60);

    mb = as(&s, &bob);
    n = unread(mb, topic);
    ptn_store_close(s.store);
    must(ptn_store_open(&s.opts, &s.store), "store");
    mb = as(&s, &bob);
    is_u64(unread(mb, topic), n, "the same when opened again");

    must(ptn_txn_begin(&tx, as(&s, NULL)), "begin");
    must(ptn_msg_expunge(&tx, topic, &uids[1], 1), "expunge");
    end(&s, &tx);
    mb = as(&s, &bob);
    is_u64(unread(mb, topic), n, "a read one that goes leaves the count");

    must(ptn_public_user(s.pool, ptn_str("example.test"), &user), "user");
    is_rc(ptn_mbox_check(s.store, &user, false, site_report, &s), PTN_OK,
          "every invariant holds");

    /* damage is found */

    mb = as(&s, NULL);
    must(ptn_sql_exec(mb, "UPDATE reader SET runs=x'0102' WHERE user=2"),
         "sql");
    must(ptn_sql_exec(mb, "INSERT INTO permission VALUES (4711, 1, 1)"),
         "sql");
    must(ptn_sql_exec(mb, "INSERT INTO mark VALUES (4712, 1, 0)"), "sql");
    ptn_mbox_forget(mb);
    s.reports = 0;
    is_rc(ptn_mbox_check(s.store, &user, false, site_report, &s),
          PTN_ECORRUPT, "found");
    is_u64(s.reports, 3, "each of them");
    is_rc(ptn_mbox_check(s.store, &user, true, site_report, &s), PTN_OK,
          "mended");
    is_rc(ptn_mbox_check(s.store, &user, false, site_report, &s), PTN_OK,
          "for good");

    site_done(&s);

    return done_testing();
}
