/*
 * Names for DAV, message status, receipts that are pending, conversations.
 */

#include "folder_parts.h"


static void
test_names(site_t *s)
{
    int64_t          n;
    uint32_t        *uids;
    uint64_t         cn;
    ptn_id_t         a, b, got, *ids;
    ptn_str_t        name;
    ptn_mbox_t      *mb;
    ptn_saved_t      saved;
    ptn_save_t       save;
    ptn_bag_prop_t   prop;
    ptn_txn_t        tx = { 0 };

    mb = site_open(s, "names");
    a = parts_add(s, mb, PTN_FOLDER_INBOX, 100, false);
    b = parts_add(s, mb, PTN_FOLDER_INBOX, 200, false);

    ptn_txn_begin(&tx, mb);
    is_rc(ptn_msg_name_set(&tx, a, PTN_NAME_HREF, ptn_str("a.ics")), PTN_OK,
          "href");
    is_rc(ptn_msg_name_set(&tx, a, PTN_NAME_UID, ptn_str("uid-1")), PTN_OK,
          "UID");
    is_rc(ptn_msg_name_set(&tx, a, PTN_NAME_UID, ptn_str("uid-1")), PTN_OK,
          "again");
    is_rc(ptn_msg_name_set(&tx, b, PTN_NAME_UID, ptn_str("uid-1")),
          PTN_EEXIST, "another one's");
    is_rc(ptn_msg_name_set(&tx, b, PTN_NAME_HREF, ptn_str("uid-1")), PTN_OK,
          "of another kind");
    is_rc(ptn_msg_name_set(&tx, b, PTN_NAME_HREF, ptn_str("A.ics")), PTN_OK,
          "case counts, and replaces");
    is_rc(ptn_msg_name_set(&tx, 77777, PTN_NAME_HREF, ptn_str("x")),
          PTN_ENOTFOUND, "no message");
    is_rc(ptn_msg_name_set(&tx, b, PTN_NAME_HREF, ptn_str_make("\xff", 1)),
          PTN_EINVAL, "no UTF-8");
    is_rc(ptn_msg_name_set(&tx, b, PTN_NAME_HREF,
                           ptn_str_make(site_message(s, 2000).data, 1025)),
          PTN_EINVAL, "too long");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    mb = site_reopen(s, "names");

    is_rc(ptn_msg_name_find(mb, PTN_FOLDER_INBOX, PTN_NAME_HREF,
                            ptn_str("a.ics"), &got), PTN_OK, "found");
    is_u64(got, a, "by href");
    is_rc(ptn_msg_name_find(mb, PTN_FOLDER_INBOX, PTN_NAME_HREF,
                            ptn_str("uid-1"), &got), PTN_ENOTFOUND,
          "the replaced one is not");
    is_rc(ptn_msg_name_find(mb, PTN_FOLDER_SENT, PTN_NAME_HREF,
                            ptn_str("a.ics"), &got), PTN_ENOTFOUND,
          "not in another folder");
    is_rc(ptn_msg_name_get(mb, s->pool, a, PTN_NAME_UID, &name), PTN_OK,
          "get");
    ok(ptn_str_eqz(name, "uid-1"), "UID");
    is_rc(ptn_msg_name_get(mb, s->pool, b, PTN_NAME_UID, &name),
          PTN_ENOTFOUND, "it has none");

    /* an edit keeps them, and moves the cn */

    cn = parts_info(s, mb, a).cn;
    memset(&save, 0, sizeof(save));
    save.raw = site_message(s, 300);
    ptn_txn_begin(&tx, mb);
    is_rc(ptn_msg_update(&tx, s->pool, a, &save, 0, &saved), PTN_OK, "edit");
    ptn_txn_commit(&tx);
    ptn_msg_name_get(mb, s->pool, a, PTN_NAME_HREF, &name);
    ok(ptn_str_eqz(name, "a.ics") && parts_info(s, mb, a).cn > cn,
       "keeps the names");
    cn = parts_info(s, mb, a).cn;
    prop.tag = 0x67f4001f;
    prop.value = ptn_str("x");
    ptn_txn_begin(&tx, mb);
    ptn_msg_set_props(&tx, s->pool, a, &prop, 1, &saved);
    ptn_txn_commit(&tx);
    ok(parts_info(s, mb, a).cn > cn, "so does a property");

    /* a copy has none, a move drops them, the tombstone has the href */

    ptn_txn_begin(&tx, mb);
    ptn_msg_copy_ids(&tx, s->pool, PTN_FOLDER_INBOX, &a, 1, PTN_FOLDER_SENT,
                     &ids);
    ptn_txn_commit(&tx);
    is_rc(ptn_msg_name_get(mb, s->pool, ids[0], PTN_NAME_HREF, &name),
          PTN_ENOTFOUND, "a copy has no name");
    ptn_txn_begin(&tx, mb);
    ptn_msg_move_ids(&tx, s->pool, PTN_FOLDER_INBOX, &a, 1, PTN_FOLDER_SENT,
                     &ids);
    ptn_txn_commit(&tx);
    is_rc(ptn_msg_name_find(mb, PTN_FOLDER_INBOX, PTN_NAME_HREF,
                            ptn_str("a.ics"), &got), PTN_ENOTFOUND,
          "the name is free");
    ptn_sql_number(mb, "SELECT count(*) FROM tombstone WHERE href='a.ics'"
                       " AND kind=0 AND cause=3", &n);
    is_u64((uint64_t) n, 1, "the tombstone has it");

    ptn_txn_begin(&tx, mb);
    is_rc(ptn_msg_gone_ids(&tx, &b, 1), PTN_OK, "soft deletion");
    ptn_txn_commit(&tx);
    ptn_sql_number(mb, "SELECT count(*) FROM tombstone WHERE href='A.ics'",
                   &n);
    is_u64((uint64_t) n, 1, "drops it, too");
    a = parts_add(s, mb, PTN_FOLDER_INBOX, 400, false);
    ptn_txn_begin(&tx, mb);
    ptn_msg_name_set(&tx, a, PTN_NAME_HREF, ptn_str("c.ics"));
    uids = &(uint32_t) { parts_info(s, mb, a).uid };
    ptn_msg_expunge(&tx, PTN_FOLDER_INBOX, uids, 1);
    ptn_txn_commit(&tx);
    ptn_sql_number(mb, "SELECT count(*) FROM name", &n);
    is_u64((uint64_t) n, 0, "no name is left");
    ptn_store_commit(s->store);
    site_check(s, "names");
}


static void
test_status(site_t *s)
{
    uint32_t         was;
    ptn_id_t         id, *ids;
    ptn_str_t        v;
    ptn_mbox_t      *mb;
    ptn_msg_info_t   old, now;
    ptn_txn_t        tx = { 0 };

    mb = site_open(s, "status");
    id = parts_add(s, mb, PTN_FOLDER_INBOX, 100, false);
    old = parts_info(s, mb, id);

    ptn_txn_begin(&tx, mb);
    is_rc(ptn_msg_status_set(&tx, id, 0x1000 | 0x2000, 0x1000, &was), PTN_OK,
          "set");
    is_u64(was, 0, "it was none");
    is_rc(ptn_msg_status_set(&tx, id, 0x2800, 0x2808, &was), PTN_OK, "more");
    is_u64(was, 0x1000, "before (R784)");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    mb = site_reopen(s, "status");
    is_rc(ptn_msg_status_get(mb, id, &was), PTN_OK, "get");
    is_u64(was, 0x3000, "in conflict is not the client's (R545)");
    now = parts_info(s, mb, id);
    ok(now.modseq > old.modseq && now.cn == old.cn
       && now.read_cn == old.read_cn, "modseq alone moves");
    v = parts_prop(s, mb, id, PTN_PR_MSG_STATUS);
    ok(v.len == 4 && ptn_le32(v.data) == 0x3000, "the property");

    ptn_txn_begin(&tx, mb);
    is_rc(ptn_msg_status_set(&tx, id, 8, 8, &was), PTN_OK, "deleted");
    ptn_txn_commit(&tx);
    now = parts_info(s, mb, id);
    ok((now.flags & PTN_FLAG_DELETED) && now.cn == old.cn, "is \\Deleted");
    ptn_txn_begin(&tx, mb);
    ptn_msg_flags_ids(&tx, &id, 1, PTN_FLAGS_REMOVE, PTN_FLAG_DELETED, 0,
                      NULL);
    is_rc(ptn_msg_status_set(&tx, id, 0, 0, &was), PTN_OK, "nothing");
    is_u64(was, 0x3000, "and back");
    is_rc(ptn_msg_status_set(&tx, 77777, 0, 0, &was), PTN_ENOTFOUND, "none");
    ptn_txn_commit(&tx);

    /* it stays with flags, edits, moves */

    ptn_txn_begin(&tx, mb);
    ptn_msg_move_ids(&tx, s->pool, PTN_FOLDER_INBOX, &id, 1, PTN_FOLDER_SENT,
                     &ids);
    ptn_txn_commit(&tx);
    ptn_msg_status_get(mb, id, &was);
    is_u64(was, 0x3000, "moved");
    ptn_store_commit(s->store);
    site_check(s, "status");
}


static ptn_id_t
deliver(site_t *s, ptn_mbox_t *mb, bool ask)
{
    ptn_append_t                          a;
    ptn_appended_t                        app;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&a, 0, sizeof(a));
    a.raw = ptn_str_printf(s->pool, "From: a@example.test\r\n%sSubject: hi"
                           "\r\n\r\nhello\r\n",
                           ask ? "Disposition-Notification-To:"
                                 " a@example.test\r\n" : "");
    a.delivery = true;
    a.sender = ptn_str("a@example.test");

    return (ptn_txn_begin(&tx, mb) == PTN_OK
            && ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app) == PTN_OK
            && ptn_txn_commit(&tx) == PTN_OK)
           ? app.id : 0;
}


static uint32_t
mf(site_t *s, ptn_mbox_t *mb, ptn_id_t id)
{
    ptn_str_t  v;

    v = parts_prop(s, mb, id, PTN_PR_MESSAGE_FLAGS);

    return v.len == 4 ? ptn_le32(v.data) & 0x301 : UINT32_MAX;
}


static void
test_receipts(site_t *s)
{
    bool             *due;
    size_t            i;
    ptn_id_t          ids[3];
    ptn_mbox_t       *mb;
    ptn_msg_info_t    old, now;
    ptn_txn_t         tx = { 0 };

    static const struct {
        const char  *name;
        unsigned     flags;
        uint32_t     mf;        /* of one that asks; one that does not: read */
        bool         due;
    } rows[] = {
        { "read",            0,                       0x001, true },
        { "suppressed",      PTN_READ_SUPPRESS,       0x001, false },
        { "unread",          PTN_READ_SUPPRESS|PTN_READ_UNREAD, 0x300,
          false },
        { "receipt only",    PTN_READ_RECEIPT_ONLY,   0x000, true },
        { "no read receipt", PTN_READ_CLEAR_NOTIFY,   0x200, false },
        { "no other",        PTN_READ_CLEAR_NONREAD,  0x100, false },
        { "neither",         PTN_READ_CLEAR_NOTIFY|PTN_READ_CLEAR_NONREAD,
          0x000, false },
        { "reserved bits",   0x0a,                    0x001, true }
    };

    mb = site_open(s, "receipts");

    for (i = 0; i < ptn_nelts(rows); i++) {
        ids[0] = deliver(s, mb, true);
        ids[1] = deliver(s, mb, false);
        ids[2] = 77777;
        ok(mf(s, mb, ids[0]) == 0x300 && mf(s, mb, ids[1]) == 0,
           "%s: pending", rows[i].name);
        old = parts_info(s, mb, ids[0]);
        ptn_txn_begin(&tx, mb);
        is_rc(ptn_msg_read_ids(&tx, s->pool, ids, 3, rows[i].flags, &due),
              PTN_OK, rows[i].name);
        ptn_txn_commit(&tx);
        is_u64(mf(s, mb, ids[0]), rows[i].mf, "flags");
        ok(due[0] == rows[i].due && !due[1] && !due[2], "what is to be sent");
        now = parts_info(s, mb, ids[0]);
        is_u64(now.cn, old.cn, "no change of the message");

        ptn_txn_begin(&tx, mb);
        ptn_msg_read_ids(&tx, s->pool, ids, 2, PTN_READ_RECEIPT_ONLY, &due);
        ptn_txn_commit(&tx);
        is_u64(due[0], (rows[i].mf & 0x100) != 0, "once");
    }

    ptn_txn_begin(&tx, mb);
    is_rc(ptn_msg_read_ids(&tx, s->pool, ids, 1,
                           PTN_READ_RECEIPT_ONLY|PTN_READ_SUPPRESS, &due),
          PTN_EINVAL, "R812");
    is_rc(ptn_msg_read_ids(&tx, s->pool, ids, 1,
                           PTN_READ_CLEAR_NOTIFY|PTN_READ_SUPPRESS, &due),
          PTN_EINVAL, "R812");
    ptn_txn_done(&tx);
    ptn_store_commit(s->store);
    site_check(s, "receipts");
}


/* What is due: written down once, given to one, gone when it was sent. */

static void
test_receipts_due(site_t *s)
{
    bool            *due;
    unsigned         bit, n;
    ptn_id_t         ids[3];
    ptn_mbox_t      *mb, *of, *other;
    ptn_store_t     *second;
    ptn_receipt_t    r, r2;
    ptn_txn_t        tx = { 0 };

    mb = site_open(s, "receipts");

    /* those of the rows above: three read, one by itself, and "once" */

    for (n = 0; ptn_receipt_next(s->store, s->pool, &of, &r) == PTN_OK; n++) {
        is_rc(ptn_receipt_done(of, &r, true), PTN_OK, "sent");
    }

    is_u64(n, 5, "as many as were due");

    mb = site_open(s, "receipts");
    ids[0] = deliver(s, mb, true);
    ids[1] = deliver(s, mb, true);
    ids[2] = deliver(s, mb, true);
    ptn_txn_begin(&tx, mb);
    is_rc(ptn_keyword_add(&tx, ptn_str("$MDNSent"), &bit), PTN_OK, "$MDNSent");
    ptn_msg_flags_ids(&tx, &ids[1], 1, PTN_FLAGS_ADD, 0, 1ULL << bit, NULL);
    ptn_msg_read_ids(&tx, s->pool, ids, 2, 0, &due);
    ok(due[0] && !due[1], "not what an IMAP client has answered");
    ptn_txn_commit(&tx);
    is_rc(ptn_receipt_next(s->store, s->pool, &of, &r), PTN_ENOTFOUND,
          "not before it is committed");
    ptn_store_commit(s->store);
    ok(parts_info(s, mb, ids[0]).keywords & 1ULL << bit,
       "IMAP clients see that it is answered");

    is_rc(ptn_receipt_next(s->store, s->pool, &of, &r), PTN_OK, "due");
    ok(of == mb && r.kind == PTN_RECEIPT_READ && r.at > 1700000000,
       "that it was read");
    is_str(r.to, "a@example.test", "to whom it asked for");
    is_str(r.from, "receipts@example.test", "from whom it is");
    is_str(r.subject, "hi", "about what");

    /* somebody else's executor leaves it alone, and finds it later */

    ptn_store_open(&s->opts, &second);
    other = site_open_store(s, second, "receipts");
    ptn_mbox_set(other);
    is_rc(ptn_receipt_next(second, s->pool, &of, &r2), PTN_ENOTFOUND,
          "one is at it");
    is_rc(ptn_receipt_done(mb, &r, false), PTN_OK, "not sent");
    ptn_store_close(second);
    ptn_store_open(&s->opts, &second);
    other = site_open_store(s, second, "receipts");
    ptn_mbox_set(other);
    is_rc(ptn_receipt_next(second, s->pool, &of, &r2), PTN_OK,
          "then another");
    ok(of == other && r2.n == r.n, "the same");
    is_rc(ptn_receipt_done(of, &r2, true), PTN_OK, "sent");
    ptn_store_close(second);
    mb = site_reopen(s, "receipts");
    is_rc(ptn_receipt_next(s->store, s->pool, &of, &r), PTN_ENOTFOUND,
          "once");

    /* deleted unread, twice */

    ptn_txn_begin(&tx, mb);
    ids[1] = 77777;
    is_rc(ptn_msg_nonread_ids(&tx, ids, 3), PTN_OK, "deleted");
    is_rc(ptn_msg_nonread_ids(&tx, ids, 3), PTN_OK, "again");
    ptn_msg_gone_ids(&tx, ids, 3);
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    is_rc(ptn_receipt_next(s->store, s->pool, &of, &r), PTN_OK, "due");
    ok(r.kind == PTN_RECEIPT_NONREAD, "that it was not read");
    is_rc(ptn_receipt_done(of, &r, true), PTN_OK, "sent");
    is_rc(ptn_receipt_next(s->store, s->pool, &of, &r), PTN_ENOTFOUND,
          "not of what was read");
    site_check(s, "receipts");
}


/* MS-OXOMSG 2.2.1.2: the MD5 of "HELLO W\xd6RLD" in UTF-16LE. */

static ptn_id_t
thread(site_t *s, ptn_mbox_t *mb, const char *head, const char *subject)
{
    ptn_append_t                          a;
    ptn_appended_t                        app;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&a, 0, sizeof(a));
    a.raw = ptn_str_printf(s->pool, "From: a@example.test\r\n%sSubject: %s"
                           "\r\n\r\nhello\r\n", head, subject);
    a.received = 1770000000;

    return (ptn_txn_begin(&tx, mb) == PTN_OK
            && ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app) == PTN_OK
            && ptn_txn_commit(&tx) == PTN_OK)
           ? app.id : 0;
}


static void
test_conversations(site_t *s)
{
    ptn_id_t         a, b, c, d;
    ptn_str_t        ida, idb, idc, idd, index;
    ptn_mbox_t      *mb;
    ptn_saved_t      saved;
    ptn_bag_prop_t   p;
    ptn_txn_t        tx = { 0 };

    mb = site_open(s, "threads");
    a = thread(s, mb, "", "=?utf-8?q?Hello_W=C3=B6rld?=");
    b = thread(s, mb, "In-Reply-To: <1@x>\r\n",
               "Re: =?utf-8?q?hello_w=C3=B6rld?=");
    c = thread(s, mb, "Thread-Index:"
               " AQHaAAAAAAAREiIzRERVVWZmd3eIiJmZ\r\n", "Hello World");
    d = thread(s, mb, "", "");
    ida = parts_prop(s, mb, a, PTN_PR_CONVERSATION_ID);
    idb = parts_prop(s, mb, b, PTN_PR_CONVERSATION_ID);
    idc = parts_prop(s, mb, c, PTN_PR_CONVERSATION_ID);
    idd = parts_prop(s, mb, d, PTN_PR_CONVERSATION_ID);
    is_mem(ida, ptn_str_make("\xde\x13\x97\xe3\x64\xd7\xca\x7e"
                             "\xf3\x1e\x1c\x59\x5d\xeb\xe6\x5f", 16),
           "of the topic");
    ok(ptn_str_eq(ida, idb), "an answer belongs to it");
    ok(idc.len == 16 && !ptn_str_eq(ida, idc), "another topic");
    ok(idd.data == NULL, "none without a topic");

    index = parts_prop(s, mb, a, PTN_PR_CONVERSATION_INDEX);
    ok(index.len == 22 && index.data[0] == 1
       && memcmp(index.data + 6, ida.data, 16) == 0
       && index.data[1] == 0x01 && index.data[2] == 0xdc,
       "an index, where it came without one");
    index = parts_prop(s, mb, c, PTN_PR_CONVERSATION_INDEX);
    ok(index.len == 24 && index.data[2] == 0xda, "its own");

    /* with tracking its GUID counts */

    p.tag = PTN_PR_CONVERSATION_INDEX_TRACKING;
    p.value = ptn_str_make("\1", 1);
    ptn_txn_begin(&tx, mb);
    is_rc(ptn_msg_set_props(&tx, s->pool, c, &p, 1, &saved), PTN_OK,
          "tracking");
    ptn_txn_commit(&tx);
    idc = parts_prop(s, mb, c, PTN_PR_CONVERSATION_ID);
    ok(idc.len == 16 && memcmp(idc.data, index.data + 6, 16) == 0,
       "the GUID of the index");
    ptn_store_commit(s->store);
    site_check(s, "threads");
}


int
main(void)
{
    site_t  s;

    site_make(&s);
    test_names(&s);
    test_status(&s);
    test_receipts(&s);
    test_receipts_due(&s);
    test_conversations(&s);
    site_done(&s);

    return done_testing();
}
