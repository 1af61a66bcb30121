/*
 * Whole folders: emptying, copying, moving, depth, counters and times
 * (MS-OXCFOLD 2.2.1, 2.2.2.2.1), delivery by class.
 */

#include "folder_parts.h"


static ptn_rc_t
clear(ptn_mbox_t *mb, ptn_id_t id, unsigned flags, size_t max,
    bool *ret_partial, bool *ret_more)
{
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_folder_clear(&tx, id, flags, max, ret_partial, ret_more);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static void
test_clear(site_t *s)
{
    bool                 partial, more;
    unsigned             i, rounds;
    ptn_id_t             f, sub;
    ptn_mbox_t          *mb;
    ptn_gone_count_t     c;
    const ptn_folder_t  *p;

    mb = site_open(s, "clear");
    f = parts_folder(mb, PTN_FOLDER_IPM_SUBTREE, "f");
    sub = parts_folder(mb, f, "sub");

    for (i = 0; i < 10; i++) {
        parts_add(s, mb, f, 100 + i, false);
    }

    parts_add(s, mb, f, 300, true);
    parts_add(s, mb, sub, 300, false);

    for (rounds = 0, more = true; more && rounds < 10; rounds++) {
        is_rc(clear(mb, f, 0, 4, &partial, &more), PTN_OK, "some");
        ok(!partial, "all of it");
    }

    is_u64(rounds, 3, "in portions");
    ptn_folder_get(mb, f, &p);
    is_u64(p->total, 0, "it is empty");
    is_u64(parts_folder_int(s, mb, f, PTN_PR_ASSOC_CONTENT_COUNT), 1,
           "associated ones stay");
    is_rc(ptn_folder_get(mb, sub, &p), PTN_ENOTFOUND, "no subfolders");
    ptn_gone_count(mb, f, &c);
    ok(c.messages == 10 && c.folders == 1, "all can be recovered");
    is_u64(parts_folder_int(s, mb, f, PTN_PR_DELETED_MSG_COUNT), 10,
           "as a property");
    is_u64(parts_folder_int(s, mb, f, PTN_PR_DELETED_FOLDER_COUNT), 1,
           "subfolders");
    is_u64(parts_folder_int(s, mb, f, PTN_PR_DELETED_MESSAGE_SIZE_EXTENDED),
           c.size, "size");
    is_u64(parts_folder_int(s, mb, f, PTN_PR_DELETED_COUNT_TOTAL), 10,
           "ever deleted");
    is_rc(clear(mb, f, PTN_REMOVE_FAI|PTN_REMOVE_HARD, 100, &partial, &more),
          PTN_OK, "associated ones, hard");
    ok(!more && parts_folder_int(s, mb, f, PTN_PR_ASSOC_CONTENT_COUNT) == 0,
       "they go");
    ptn_gone_count(mb, f, &c);
    is_u64(c.fai, 0, "for good");
    is_rc(clear(mb, PTN_FOLDER_ROOT, 0, 1, &partial, &more), PTN_ESUPPORT,
          "R1248");
    parts_add(s, mb, PTN_FOLDER_CONTACTS, 100, false);
    is_rc(clear(mb, PTN_FOLDER_CONTACTS, 0, 100, &partial, &more), PTN_OK,
          "one with special ones in it");
    ok(partial && !more, "they stay");
    ptn_folder_get(mb, PTN_FOLDER_CONTACTS, &p);
    is_u64(p->total, 0, "its messages go");
    ptn_store_commit(s->store);
    site_check(s, "clear");
}


static void
test_copy(site_t *s)
{
    bool                 more;
    size_t               n;
    unsigned             rounds;
    ptn_id_t             f, sub, deep, dst, copy;
    uint32_t             tag;
    ptn_str_t            v;
    ptn_mbox_t          *mb;
    ptn_bag_prop_t       prop;
    const ptn_folder_t  *p, *all;
    ptn_folder_copy_t   *c;
    ptn_txn_t            tx = { 0 };

    mb = site_open(s, "copy");
    f = parts_folder(mb, PTN_FOLDER_IPM_SUBTREE, "f");
    sub = parts_folder(mb, f, "sub");
    deep = parts_folder(mb, sub, "deep");
    dst = parts_folder(mb, PTN_FOLDER_IPM_SUBTREE, "dst");

    for (n = 0; n < 100; n++) {
        parts_add(s, mb, n % 3 ? f : deep, 60 + n, false);
    }

    parts_add(s, mb, f, 500, true);
    prop.tag = tag = PTN_PR_COMMENT;
    prop.value = ptn_str("a comment");
    ptn_txn_begin(&tx, mb);
    ptn_folder_props_set(&tx, f, &prop, 1);
    ptn_txn_commit(&tx);

    ptn_txn_begin(&tx, mb);
    is_rc(ptn_folder_copy_begin(&tx, s->pool, f, deep, ptn_str("x"), true,
                                &c), PTN_EINVAL, "into itself");
    is_rc(ptn_folder_copy_begin(&tx, s->pool, f, PTN_FOLDER_IPM_SUBTREE,
                                ptn_str("DST"), true, &c), PTN_EEXIST,
          "the name is taken");
    is_rc(ptn_folder_copy_begin(&tx, s->pool, PTN_FOLDER_ROOT, dst,
                                ptn_str("r"), true, &c), PTN_ESUPPORT,
          "the root");
    is_rc(ptn_folder_copy_begin(&tx, s->pool, f, dst, ptn_str("c"), true,
                                &c), PTN_OK, "begin");
    is_rc(ptn_folder_copy_some(&tx, c, 30, &more), PTN_OK, "some");
    is_rc(ptn_txn_commit(&tx), PTN_OK, "commit");
    ptn_store_commit(s->store);
    parts_add(s, mb, f, 77, false);             /* comes too late */

    for (rounds = 1; more && rounds < 20; rounds++) {
        ptn_txn_begin(&tx, mb);
        is_rc(ptn_folder_copy_some(&tx, c, 30, &more), PTN_OK, "some more");
        ptn_txn_commit(&tx);
        ptn_store_commit(s->store);
    }

    ok(rounds >= 4 && rounds <= 6, "in portions, %u", rounds);
    copy = ptn_folder_copy_id(c);
    ptn_folder_get(mb, copy, &p);
    ok(ptn_str_eqz(p->name, "c") && p->parent == dst && p->total == 66,
       "the copy");
    is_u64(parts_folder_int(s, mb, copy, PTN_PR_ASSOC_CONTENT_COUNT), 1,
           "associated ones");
    ptn_folder_props(mb, s->pool, copy, &tag, 1, &v);
    ok(ptn_str_eqz(v, "a comment"), "properties");
    ptn_folder_list(mb, &all, &n);
    is_rc(ptn_folder_child(mb, copy, ptn_str("sub"), &p), PTN_OK,
          "subfolders");
    is_rc(ptn_folder_child(mb, p->id, ptn_str("deep"), &p), PTN_OK, "below");
    is_u64(p->total, 34, "with theirs");
    ptn_folder_get(mb, f, &p);
    is_u64(p->total, 67, "the source has all");

    ptn_txn_begin(&tx, mb);
    is_rc(ptn_folder_copy_begin(&tx, s->pool, f, dst, ptn_str("one"), false,
                                &c), PTN_OK, "one folder");
    ptn_folder_copy_some(&tx, c, 1000, &more);
    ptn_txn_commit(&tx);
    is_rc(ptn_folder_child(mb, ptn_folder_copy_id(c), ptn_str("sub"), &p),
          PTN_ENOTFOUND, "without its subfolders");
    ok(!more && parts_count(mb, ptn_folder_copy_id(c)) == 67, "messages");
    ptn_store_commit(s->store);
    site_check(s, "copy");
}


static void
test_tree(site_t *s)
{
    char                 name[16];
    bool                 partial;
    unsigned             i;
    uint64_t             was, now;
    ptn_id_t             top, id, low, other, x;
    ptn_rc_t             rc;
    ptn_mbox_t          *mb;
    ptn_str_t            v;
    uint32_t             tag;
    ptn_txn_t            tx = { 0 };

    mb = site_open(s, "tree");
    top = parts_folder(mb, PTN_FOLDER_IPM_SUBTREE, "top");
    ptn_txn_begin(&tx, mb);
    low = top;

    for (i = 0, rc = PTN_OK; rc == PTN_OK && i < 400; i++) {
        snprintf(name, sizeof(name), "%u", i);
        rc = ptn_folder_create(&tx, low, ptn_str_z(name), NULL, &id);
        low = (rc == PTN_OK) ? id : low;
    }

    is_rc(rc, PTN_ELIMIT, "too deep");
    ok(i > 290 && i < 300, "at %u", i);
    is_rc(ptn_folder_create(&tx, PTN_FOLDER_IPM_SUBTREE, ptn_str("other"),
                            NULL, &other), PTN_OK, "another");
    ptn_folder_create(&tx, other, ptn_str("x"), NULL, &x);
    is_rc(ptn_folder_move(&tx, other, low, ptn_str("other")), PTN_ELIMIT,
          "nor by a move");
    is_rc(ptn_folder_move(&tx, top, other, ptn_str("top")), PTN_ELIMIT,
          "with what is below");
    is_rc(ptn_folder_move(&tx, top, low, ptn_str("top")), PTN_EINVAL,
          "a cycle");
    is_rc(ptn_folder_move(&tx, top, top, ptn_str("top")), PTN_EINVAL,
          "the shortest one");
    is_rc(ptn_txn_commit(&tx), PTN_OK, "commit");
    ptn_store_commit(s->store);

    /* out and back: as deep as may be */

    ptn_txn_begin(&tx, mb);
    is_rc(ptn_folder_remove(&tx, top, PTN_REMOVE_FOLDERS, &partial), PTN_OK,
          "a deep one goes");
    ptn_txn_commit(&tx);
    ptn_txn_begin(&tx, mb);
    is_rc(ptn_gone_folder_recover(&tx, top, other, ptn_str("")), PTN_ELIMIT,
          "not deeper");
    is_rc(ptn_gone_folder_recover(&tx, top, 0, ptn_str("")), PTN_OK,
          "and back");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    site_check(s, "tree");

    /* what counts subfolders, and when */

    was = parts_folder_int(s, mb, other, PTN_PR_HIERARCHY_CHANGE_NUMBER);
    x = parts_folder(mb, other, "y");
    now = parts_folder_int(s, mb, other, PTN_PR_HIERARCHY_CHANGE_NUMBER);
    ok(now > was, "a subfolder came");
    ptn_txn_begin(&tx, mb);
    ptn_folder_delete(&tx, x, false);
    ptn_txn_commit(&tx);
    was = now;
    now = parts_folder_int(s, mb, other, PTN_PR_HIERARCHY_CHANGE_NUMBER);
    ok(now > was, "it left");
    tag = PTN_PR_HIER_REV;
    ptn_folder_props(mb, s->pool, other, &tag, 1, &v);
    ok(v.len == 8, "PidTagHierRev");
    ptn_store_commit(s->store);
    ptn_sql_exec(mb, "UPDATE folder SET touched=1000");
    mb = site_reopen(s, "tree");
    was = parts_folder_int(s, mb, PTN_FOLDER_SENT,
                           PTN_PR_LOCAL_COMMIT_TIME_MAX);
    parts_add(s, mb, PTN_FOLDER_INBOX, 100, false);
    ptn_store_commit(s->store);
    mb = site_reopen(s, "tree");
    now = parts_folder_int(s, mb, PTN_FOLDER_INBOX,
                           PTN_PR_LOCAL_COMMIT_TIME_MAX);
    ok(now >= was && now != UINT64_MAX, "PidTagLocalCommitTimeMax");
    {
        int64_t  n;

        ptn_sql_number(mb, "SELECT count(*) FROM folder WHERE touched>1000",
                       &n);
        is_u64((uint64_t) n, 1, "of the one that changed");
    }

    site_check(s, "tree");
}


static void
test_delivery(site_t *s)
{
    ptn_id_t        own;
    ptn_mbox_t     *mb;
    ptn_append_t    a;
    ptn_appended_t  app;
    ptn_txn_t       tx = { 0 };

    mb = site_open(s, "delivery");
    own = parts_folder(mb, PTN_FOLDER_IPM_SUBTREE, "own");
    memset(&a, 0, sizeof(a));
    a.raw = site_message(s, 100);
    a.delivery = true;
    ptn_txn_begin(&tx, mb);
    is_rc(ptn_msg_append(&tx, 0, &a, &app), PTN_OK, "delivered");
    is_u64(app.folder, PTN_FOLDER_INBOX, "to the Inbox");
    is_rc(ptn_receive_set(&tx, ptn_str("IPM.Note"), own), PTN_OK, "a class");
    is_rc(ptn_msg_append(&tx, 0, &a, &app), PTN_OK, "delivered");
    is_u64(app.folder, own, "to its folder");
    is_rc(ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app), PTN_OK, "named");
    is_u64(app.folder, PTN_FOLDER_INBOX, "where it was told to");
    a.delivery = false;
    is_rc(ptn_msg_append(&tx, 0, &a, &app), PTN_ENOTFOUND, "no delivery");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    ok(parts_count(mb, own) == 1 && parts_count(mb, PTN_FOLDER_INBOX) == 2,
       "they are there");
    site_check(s, "delivery");
}


int
main(void)
{
    site_t  s;

    site_make(&s);
    test_clear(&s);
    test_copy(&s);
    test_tree(&s);
    test_delivery(&s);
    site_done(&s);

    return done_testing();
}
