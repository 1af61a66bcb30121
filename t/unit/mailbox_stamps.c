/*
 * Which number moves with which change of a message (DESIGN 3), what of flags
 * and keywords is kept, and which numbers a new message may be given.
 */

#include "ptn_folder.h"
#include "mailbox_site.h"


static ptn_appended_t
append(site_t *s, ptn_mbox_t *mb, uint32_t flags, uint64_t keywords)
{
    ptn_txn_t       tx = { 0 };
    ptn_append_t    a;
    ptn_appended_t  app;

    memset(&a, 0, sizeof(a));
    a.raw = site_message(s, 50);
    a.flags = flags;
    a.keywords = keywords;
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app), "append");
    end(s, &tx);

    return app;
}


typedef struct {
    const char  *name;
    uint32_t     flag;
    bool         cn, read_cn;
} stamp_row_t;

static const stamp_row_t  stamp_rows[] = {
    { "\\Seen",     PTN_FLAG_SEEN,     false, true },
    { "\\Answered", PTN_FLAG_ANSWERED, true,  false },
    { "\\Flagged",  PTN_FLAG_FLAGGED,  true,  false },
    { "\\Draft",    PTN_FLAG_DRAFT,    true,  false },
    { "\\Deleted",  PTN_FLAG_DELETED,  false, false },
};


static void
test_flags(site_t *s)
{
    size_t           i;
    uint64_t         modseq, kw;
    unsigned         bit;
    ptn_txn_t        tx = { 0 };
    ptn_mbox_t      *mb;
    ptn_appended_t   app;
    ptn_msg_info_t   was, is;

    mb = site_open(s, "stamp");
    app = append(s, mb, 0, 0);

    for (i = 0; i < 2 * ptn_nelts(stamp_rows); i++) {
        const stamp_row_t  *r = &stamp_rows[i / 2];

        must(ptn_msg_get_id(mb, app.id, &was), "get");
        must(ptn_txn_begin(&tx, mb), "begin");
        must(ptn_msg_flags(&tx, PTN_FOLDER_INBOX, &app.uid, 1,
                           i % 2 ? PTN_FLAGS_REMOVE : PTN_FLAGS_ADD, r->flag,
                           0, was.modseq, &modseq), "flags");
        end(s, &tx);
        must(ptn_msg_get_id(mb, app.id, &is), "get");

        ok(is.flags == (was.flags ^ r->flag) && is.modseq == modseq
           && modseq > was.modseq, "%s: modseq moves, for one that is as the"
           " client knows it", r->name);
        ok((is.cn > was.cn) == r->cn, "%s: cn", r->name);
        ok((is.read_cn > was.read_cn) == r->read_cn, "%s: read_cn", r->name);
    }

    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_msg_flags(&tx, PTN_FOLDER_INBOX, &app.uid, 1, PTN_FLAGS_ADD,
                       PTN_FLAG_SEEN, 0, is.modseq - 1, &modseq), "flags");
    is_u64(modseq, 0, "one that changed since is left");
    must(ptn_keyword_add(&tx, ptn_str("later"), &bit), "keyword");
    kw = 1ULL << bit;
    must(ptn_msg_flags(&tx, PTN_FOLDER_INBOX, &app.uid, 1, PTN_FLAGS_ADD, 0,
                       kw | kw << 1, 0, &modseq), "keywords");
    end(s, &tx);
    must(ptn_msg_get_id(mb, app.id, &was), "get");
    ok(was.cn > is.cn && was.read_cn == is.read_cn, "a keyword is an edit");
    is_u64(was.keywords, kw, "one without a name is not kept");

    app = append(s, mb, UINT32_MAX, UINT64_MAX);
    must(ptn_msg_get_id(mb, app.id, &was), "get");
    is_u64(was.flags, PTN_FLAGS_STORED, "flags that are not stored are not");
    is_u64(was.keywords, kw, "nor keywords that there are not");
}


/* All that one call changes has one modseq, which no cn is above. */

static void
test_one_modseq(site_t *s)
{
    size_t               i;
    uint32_t             uids[4];
    uint64_t             modseq;
    ptn_txn_t            tx = { 0 };
    ptn_mbox_t          *mb;
    ptn_appended_t       app[4], next;
    ptn_msg_info_t       m;
    const ptn_folder_t  *f;

    mb = site_open(s, "stamp");

    for (i = 0; i < 4; i++) {
        app[i] = append(s, mb, 0, 0);
        uids[i] = app[i].uid;
    }

    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_msg_flags(&tx, PTN_FOLDER_INBOX, uids, 4, PTN_FLAGS_ADD,
                       PTN_FLAG_FLAGGED, 0, 0, &modseq), "flags");
    end(s, &tx);

    for (i = 0; i < 4; i++) {
        must(ptn_msg_get_id(mb, app[i].id, &m), "get");
        ok(m.modseq == modseq && m.cn <= modseq, "cn %llu, modseq %llu",
           (unsigned long long) m.cn, (unsigned long long) m.modseq);
    }

    must(ptn_folder_get(mb, PTN_FOLDER_INBOX, &f), "folder");
    is_u64(f->modseq, modseq, "the folder's is that one");
    next = append(s, mb, 0, 0);
    ok(next.modseq > modseq, "the next is above it");
}


static uint32_t
deleted(site_t *s, ptn_mbox_t *mb)
{
    uint32_t   tag = PTN_PR_DELETED_COUNT_TOTAL;
    ptn_str_t  value;

    must(ptn_folder_props(mb, s->pool, PTN_FOLDER_INBOX, &tag, 1, &value),
         "props");

    return ptn_le32(value.data);
}


static void
test_counted(site_t *s)
{
    u_char           verb[4] = { 103 };
    uint32_t         n;
    ptn_txn_t        tx = { 0 };
    ptn_mbox_t      *mb;
    ptn_saved_t      saved;
    ptn_appended_t   app;
    ptn_msg_info_t   m;
    ptn_bag_prop_t   p = { PTN_PR_LAST_VERB_EXECUTED, { 4, verb } };

    mb = site_open(s, "stamp");
    app = append(s, mb, 0, 0);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_msg_set_props(&tx, s->pool, app.id, &p, 1, &saved), "props");
    end(s, &tx);
    must(ptn_msg_get_id(mb, app.id, &m), "get");
    ok(m.flags & PTN_FLAG_ANSWERED, "a reply to all is an answer");

    n = deleted(s, mb);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_msg_expunge(&tx, PTN_FOLDER_INBOX, &app.uid, 1), "expunge");
    end(s, &tx);
    is_u64(deleted(s, mb), n + 1, "what is removed is counted");
}


/* A number for a message is one that was given and that nothing has. */

static ptn_rc_t
create(site_t *s, ptn_mbox_t *mb, ptn_id_t mid, ptn_saved_t *saved)
{
    ptn_rc_t    rc;
    ptn_txn_t   tx = { 0 };
    ptn_save_t  save;

    memset(&save, 0, sizeof(save));
    save.raw = site_message(s, 60);
    save.mid = mid;
    must(ptn_txn_begin(&tx, mb), "begin");
    rc = ptn_msg_create(&tx, s->pool, PTN_FOLDER_INBOX, &save, saved);

    if (rc == PTN_OK) {
        end(s, &tx);

    } else {
        ptn_txn_done(&tx);
    }

    return rc;
}


static void
test_mid(site_t *s)
{
    ptn_id_t         mid, *ids;
    ptn_txn_t        tx = { 0 };
    ptn_mbox_t      *mb;
    ptn_saved_t      saved;
    ptn_msg_info_t   m;

    mb = site_open(s, "stamp");
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_txn_mid(&tx, &mid), "mid");
    end(s, &tx);

    is_rc(create(s, mb, PTN_ID_FIRST - 1, &saved), PTN_EINVAL,
          "a number that is never given");
    is_rc(create(s, mb, mid + 1, &saved), PTN_EINVAL, "one that was not yet");
    is_rc(create(s, mb, mid, &saved), PTN_OK, "one that was");
    is_rc(create(s, mb, mid, &saved), PTN_EEXIST, "not twice");

    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_msg_move_ids(&tx, s->pool, PTN_FOLDER_INBOX, &saved.id, 1,
                          PTN_FOLDER_NOTES, &ids), "move");
    end(s, &tx);
    must(ptn_msg_get_id(mb, saved.id, &m), "get");
    ok(m.mid != saved.mid, "a move gives another");
    is_rc(create(s, mb, m.mid, &saved), PTN_EEXIST, "which is taken as well");
}


/* What came after the state and left again is told of to nobody. */

static void
test_came_and_went(site_t *s)
{
    bool                 more;
    size_t               n;
    ptn_sync_t           sync;
    ptn_mbox_t          *mb;
    ptn_txn_t            tx = { 0 };
    ptn_appended_t       app, old;
    ptn_sync_change_t   *ch;

    mb = site_open(s, "stamp");
    old = append(s, mb, 0, 0);
    memset(&sync, 0, sizeof(sync));
    must(ptn_sync_items(mb, s->pool, PTN_FOLDER_INBOX, false, &sync, 1000,
                        &ch, &n, &more), "sync");
    app = append(s, mb, 0, 0);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_msg_expunge(&tx, PTN_FOLDER_INBOX, &app.uid, 1), "expunge");
    must(ptn_msg_expunge(&tx, PTN_FOLDER_INBOX, &old.uid, 1), "expunge");
    end(s, &tx);
    must(ptn_sync_items(mb, s->pool, PTN_FOLDER_INBOX, false, &sync, 1000,
                        &ch, &n, &more), "sync");
    ok(n == 1 && ch[0].kind == PTN_SYNC_DELETE && ch[0].id == old.id,
       "one deletion, of what the client knew");
}


int
main(void)
{
    site_t  s;

    site_make(&s);
    test_flags(&s);
    test_one_modseq(&s);
    test_counted(&s);
    test_mid(&s);
    test_came_and_went(&s);
    site_check(&s, "stamp");
    site_done(&s);

    return done_testing();
}
