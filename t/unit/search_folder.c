/*
 * Search folders: criteria, filling, following changes; random changes against
 * all messages asked one by one (ptn_mbox_check).
 */

#include "mailbox_site.h"
#include "ptn_item.h"
#include "ptn_words.h"


#define INBOX    PTN_FOLDER_INBOX
#define ARCHIVE  PTN_FOLDER_ARCHIVE
#define NAME     "sue"


static void
u16(ptn_buf_t *b, unsigned n)
{
    ptn_buf_byte(b, (u_char) n);
    ptn_buf_byte(b, (u_char) (n >> 8));
}


static void
u32(ptn_buf_t *b, uint32_t n)
{
    u16(b, n & 0xffff);
    u16(b, n >> 16);
}


/* ContentRestriction, substring without case (MS-OXCDATA 2.12.4.1). */

static ptn_str_t
content(site_t *s, uint32_t tag, const char *text)
{
    ptn_buf_t  b;

    ptn_buf_init(&b, s->pool);
    ptn_buf_byte(&b, PTN_RES_CONTENT);
    u16(&b, PTN_FUZZY_SUBSTRING);
    u16(&b, PTN_FUZZY_IGNORECASE);
    u32(&b, tag);
    u32(&b, tag);
    ptn_buf_utf16(&b, ptn_str_z(text));
    u16(&b, 0);

    return ptn_buf_get(&b);
}


/* BitmaskRestriction: MESSAGE_FLAGS without mfRead. */

static ptn_str_t
unread(site_t *s)
{
    ptn_buf_t  b;

    ptn_buf_init(&b, s->pool);
    ptn_buf_byte(&b, PTN_RES_BITMASK);
    ptn_buf_byte(&b, 0);
    u32(&b, PTN_PR_MESSAGE_FLAGS);
    u32(&b, 1);

    return ptn_buf_get(&b);
}


static ptn_mbox_t *
mbox(site_t *s)
{
    return site_open(s, NAME);
}


static void
work(site_t *s)
{
    bool      more;
    ptn_rc_t  rc;

    do {
        rc = ptn_search_work(mbox(s), 1000, &more);
    } while (rc == PTN_OK && more);

    is_rc(rc, PTN_OK, "worked");
}


static ptn_id_t
make(site_t *s, const char *name)
{
    ptn_id_t   id;
    ptn_txn_t  tx;

    id = 0;
    ok(ptn_txn_begin(&tx, mbox(s)) == PTN_OK
       && ptn_search_folder_create(&tx, PTN_FOLDER_FINDER, ptn_str_z(name),
                                   NULL, &id) == PTN_OK
       && ptn_txn_commit(&tx) == PTN_OK
       && ptn_store_commit(s->store) == PTN_OK, "made %s", name);

    return id;
}


static void
set(site_t *s, ptn_id_t folder, ptn_str_t restriction, const ptn_id_t *scope,
    size_t n, uint32_t flags, ptn_rc_t want, const char *what)
{
    ptn_rc_t        rc;
    ptn_txn_t       tx;
    ptn_criteria_t  c;

    memset(&c, 0, sizeof(c));
    c.restriction = restriction;
    c.folders = scope;
    c.n = n;
    c.flags = flags;

    ptn_txn_begin(&tx, mbox(s));
    rc = ptn_search_folder_set(&tx, folder, &c);
    is_rc(rc, want, what);

    if (rc == PTN_OK) {
        ptn_txn_commit(&tx);
    } else {
        ptn_txn_done(&tx);
    }

    is_rc(ptn_store_commit(s->store), PTN_OK, "committed");
}


static uint32_t
state(site_t *s, ptn_id_t folder)
{
    ptn_criteria_t  c;

    memset(&c, 0, sizeof(c));
    ptn_search_folder_get(mbox(s), s->pool, folder, &c);

    return c.flags;
}


static ptn_id_t
put(site_t *s, ptn_id_t folder, const char *subject, uint32_t flags)
{
    ptn_txn_t       tx;
    ptn_append_t    a;
    ptn_appended_t  app;

    memset(&a, 0, sizeof(a));
    memset(&app, 0, sizeof(app));
    a.raw = ptn_str_printf(s->pool, "From: a@example.test\r\nSubject: %s\r\n"
                           "\r\nbody of %s\r\n", subject, subject);
    a.flags = flags;
    a.received = 1770000000;

    ok(ptn_txn_begin(&tx, mbox(s)) == PTN_OK
       && ptn_msg_append(&tx, folder, &a, &app) == PTN_OK
       && ptn_txn_commit(&tx) == PTN_OK
       && ptn_store_commit(s->store) == PTN_OK, "put %s", subject);

    return app.id;
}


/* The ids in a folder's view, in its order. */

static void
shows(site_t *s, ptn_id_t folder, const ptn_id_t *ids, size_t n,
    uint32_t nunread, const char *what)
{
    bool                 good;
    size_t               i;
    ptn_row_t            row;
    ptn_view_t          *view;
    const ptn_folder_t  *f;

    good = ptn_view_get(mbox(s), folder, &view) == PTN_OK
           && ptn_view_count(view) == n;

    for (i = 0; good && i < n; i++) {
        ptn_view_row(view, (uint32_t) i + 1, &row);
        good = row.id == ids[i];
    }

    ptn_folder_get(mbox(s), folder, &f);
    ok(good && f->total == n && f->unread == nunread,
       "%s: %u rows, total %u, unread %u", what, ptn_view_count(view),
       f->total, f->unread);
    ptn_view_unref(view);
}


static void
flag(site_t *s, ptn_id_t id, ptn_flags_op_e op, uint32_t flags)
{
    ptn_txn_t  tx;

    ok(ptn_txn_begin(&tx, mbox(s)) == PTN_OK
       && ptn_msg_flags_ids(&tx, &id, 1, op, flags, 0, NULL) == PTN_OK
       && ptn_txn_commit(&tx) == PTN_OK
       && ptn_store_commit(s->store) == PTN_OK, "flags");
}


static void
move(site_t *s, ptn_id_t from, ptn_id_t id, ptn_id_t to)
{
    ptn_id_t   *got;
    ptn_txn_t   tx;

    ok(ptn_txn_begin(&tx, mbox(s)) == PTN_OK
       && ptn_msg_move_ids(&tx, s->pool, from, &id, 1, to, &got) == PTN_OK
       && got[0] == id && ptn_txn_commit(&tx) == PTN_OK
       && ptn_store_commit(s->store) == PTN_OK, "moved");
}


static void
take(site_t *s, ptn_id_t id)
{
    ptn_txn_t  tx;

    ptn_txn_begin(&tx, mbox(s));
    is_rc(ptn_msg_expunge_ids(&tx, &id, 1), PTN_OK, "it goes");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
}


static void
test_criteria(site_t *s)
{
    ptn_id_t         f, inbox = INBOX, none = 999999, back[1], first;
    ptn_str_t        r, empty = ptn_null_string;
    ptn_criteria_t   c;

    f = make(s, "criteria");
    r = content(s, PTN_PR_SUBJECT, "red");
    back[0] = f;

    is_rc(ptn_search_folder_get(mbox(s), s->pool, f, &c), PTN_EUNAVAIL,
          "no criteria yet");
    set(s, f, empty, &inbox, 1, 0, PTN_EUNAVAIL, "no restriction");
    set(s, f, r, NULL, 0, 0, PTN_EUNAVAIL, "no folders");
    set(s, f, r, &none, 1, 0, PTN_ENOTFOUND, "no such folder");
    set(s, f, r, back, 1, 0, PTN_EINVAL, "itself");
    set(s, INBOX, r, &inbox, 1, 0, PTN_EINVAL, "no search folder");
    set(s, f, r, &inbox, 1, 3, PTN_EINVAL, "stop and restart");
    set(s, f, r, &inbox, 1, 0x0c, PTN_EINVAL, "recursive and shallow");
    set(s, f, r, &inbox, 1, 0x80, PTN_EINVAL, "no such flag");
    set(s, f, ptn_str("\x63"), &inbox, 1, 0, PTN_EPARSE, "no restriction");

    set(s, f, r, &inbox, 1, PTN_SEARCH_RECURSIVE|PTN_SEARCH_FOREGROUND,
        PTN_OK, "set");
    is_rc(ptn_search_folder_get(mbox(s), s->pool, f, &c), PTN_OK, "got");
    ok(ptn_str_eq(c.restriction, r) && c.n == 1 && c.folders[0] == INBOX,
       "criteria");
    is_u64(c.flags, PTN_SEARCH_RUNNING|PTN_SEARCH_REBUILD
                    |PTN_SEARCH_IS_RECURSIVE|PTN_SEARCH_IS_FOREGROUND
                    |PTN_SEARCH_TWIR_TOTALLY, "running");
    work(s);
    ok(state(s, f) & PTN_SEARCH_COMPLETE, "complete");
    set(s, f, empty, NULL, 0, PTN_SEARCH_STOP, PTN_OK, "stop has no effect");
    ok(state(s, f) & PTN_SEARCH_COMPLETE, "still complete");
    set(s, f, empty, NULL, 0, PTN_SEARCH_RESTART, PTN_OK, "restarted");
    ok(state(s, f) & PTN_SEARCH_RUNNING, "running");
    ok(!(state(s, f) & PTN_SEARCH_IS_RECURSIVE), "shallow is the default");
    set(s, f, empty, NULL, 0, PTN_SEARCH_STOP, PTN_OK, "stopped");
    ok(!(state(s, f) & (PTN_SEARCH_RUNNING|PTN_SEARCH_COMPLETE)), "neither");
    work(s);

    /* stopping it changes nothing else: what it shows, where it looks */

    first = put(s, INBOX, "red herring", 0);
    set(s, f, empty, NULL, 0, PTN_SEARCH_RESTART|PTN_SEARCH_RECURSIVE
        |PTN_SEARCH_FOREGROUND, PTN_OK, "once more");
    work(s);
    shows(s, f, &first, 1, 1, "found");
    ptn_sql_exec(mbox(s), "UPDATE search SET state=1");
    site_reopen(s, NAME);
    set(s, f, r, &inbox, 1, PTN_SEARCH_STOP|PTN_SEARCH_RECURSIVE, PTN_OK,
        "stopped by the same criteria");
    ok(!(state(s, f) & PTN_SEARCH_RUNNING), "it is stopped");
    shows(s, f, &first, 1, 1, "still there");
    is_u64(state(s, f) & (PTN_SEARCH_IS_RECURSIVE|PTN_SEARCH_IS_FOREGROUND),
           PTN_SEARCH_IS_RECURSIVE|PTN_SEARCH_IS_FOREGROUND, "as it was set");
    ptn_sql_exec(mbox(s), "UPDATE search SET state=1");
    site_reopen(s, NAME);
    set(s, f, content(s, PTN_PR_SUBJECT, "blue"), NULL, 0,
        PTN_SEARCH_STOP|PTN_SEARCH_RECURSIVE, PTN_OK, "by others");
    shows(s, f, NULL, 0, 0, "what they do not say is gone");
    ok(!(state(s, f) & PTN_SEARCH_RUNNING), "and nothing is looked for");

    /* one that begins as stopped has the flags that it was given */

    f = make(s, "stopped");
    set(s, f, r, &inbox, 1, PTN_SEARCH_STOP|PTN_SEARCH_RECURSIVE, PTN_OK,
        "stopped from the first");
    ok(state(s, f) & PTN_SEARCH_IS_RECURSIVE, "recursive");
    ok(!(state(s, f) & PTN_SEARCH_RUNNING), "not running");
    take(s, first);
    site_check(s, NAME);
}


static void
test_follow(site_t *s)
{
    ptn_id_t        f, scope[1] = { INBOX }, m[6], *got, b, st;
    uint32_t        uids[2], *new_uids;
    uint64_t        modseq;
    ptn_rc_t        rc;
    ptn_row_t       row;
    ptn_txn_t       tx;
    ptn_view_t     *view;
    ptn_append_t    a;
    ptn_appended_t  app;

    m[0] = put(s, INBOX, "red one", 0);
    m[1] = put(s, INBOX, "blue one", 0);
    m[2] = put(s, ARCHIVE, "red two", 0);
    f = make(s, "red");
    set(s, f, content(s, PTN_PR_SUBJECT, "RED"), scope, 1, 0, PTN_OK, "set");
    shows(s, f, m, 0, 0, "not filled yet");
    work(s);
    shows(s, f, m, 1, 1, "filled");
    site_check(s, NAME);

    m[1] = put(s, INBOX, "red three", PTN_FLAG_SEEN);
    shows(s, f, m, 2, 1, "one comes");
    flag(s, m[0], PTN_FLAGS_ADD, PTN_FLAG_SEEN);
    shows(s, f, m, 2, 0, "one is read");
    ptn_view_get(mbox(s), f, &view);
    ptn_view_row(view, 1, &row);
    ok(row.flags == PTN_FLAG_SEEN, "its flags");
    ptn_view_unref(view);
    flag(s, m[0], PTN_FLAGS_REMOVE, PTN_FLAG_SEEN);
    shows(s, f, m, 2, 1, "and unread");

    move(s, ARCHIVE, m[2], INBOX);
    shows(s, f, m, 3, 2, "one comes by move");
    move(s, INBOX, m[2], ARCHIVE);
    shows(s, f, m, 2, 1, "and leaves");
    site_check(s, NAME);

    /* nothing can be put into it */

    ptn_txn_begin(&tx, mbox(s));
    memset(&a, 0, sizeof(a));
    a.raw = ptn_str("Subject: x\r\n\r\ny\r\n");
    is_rc(ptn_msg_append(&tx, f, &a, &app), PTN_EDENIED, "append");
    is_rc(ptn_msg_move_ids(&tx, s->pool, INBOX, m, 1, f, &got), PTN_EDENIED,
          "move");
    is_rc(ptn_msg_copy_ids(&tx, s->pool, INBOX, m, 1, f, &got), PTN_EDENIED,
          "copy");
    ptn_txn_done(&tx);
    ptn_store_commit(s->store);

    /* what is done to what it shows is done to the message */

    ptn_view_get(mbox(s), f, &view);
    ptn_view_row(view, 1, &row);
    uids[0] = row.uid;
    ptn_view_row(view, 2, &row);
    uids[1] = row.uid;
    ptn_view_unref(view);

    ptn_txn_begin(&tx, mbox(s));
    is_rc(ptn_msg_flags(&tx, f, uids, 2, PTN_FLAGS_ADD, PTN_FLAG_FLAGGED, 0,
                        0, &modseq), PTN_OK, "flags");
    is_rc(ptn_msg_copy(&tx, s->pool, f, uids, 1, ARCHIVE, &new_uids), PTN_OK,
          "copied");
    is_rc(ptn_msg_move(&tx, s->pool, f, uids + 1, 1, ARCHIVE, &new_uids),
          PTN_OK, "moved");
    ptn_txn_commit(&tx);
    is_rc(ptn_store_commit(s->store), PTN_OK, "committed");
    shows(s, f, m, 1, 1, "one is left");
    site_check(s, NAME);

    ptn_txn_begin(&tx, mbox(s));
    is_rc(ptn_msg_expunge(&tx, f, uids, 1), PTN_OK, "deleted");
    ptn_txn_commit(&tx);
    is_rc(ptn_store_commit(s->store), PTN_OK, "committed");
    shows(s, f, m, 0, 0, "nothing is left");
    is_rc(ptn_msg_get_id(mbox(s), m[0], &(ptn_msg_info_t) { 0 }),
          PTN_ENOTFOUND, "the message neither");

    /* what is undone has not been */

    ptn_txn_begin(&tx, mbox(s));
    a.raw = ptn_str("Subject: red\r\n\r\ny\r\n");
    is_rc(ptn_msg_append(&tx, INBOX, &a, &app), PTN_OK, "append");
    ptn_txn_done(&tx);
    ptn_store_commit(s->store);
    shows(s, f, m, 0, 0, "undone");
    site_check(s, NAME);

    /* bodies; a static one; unread ones */

    b = make(s, "body");
    set(s, b, content(s, PTN_PR_BODY, "of green"), scope, 1, 0, PTN_OK, "set");
    st = make(s, "static");
    set(s, st, unread(s), scope, 1, PTN_SEARCH_STATIC, PTN_OK, "set");
    m[0] = put(s, INBOX, "green one", 0);
    work(s);
    ptn_view_get(mbox(s), st, &view);
    ok(ptn_view_count(view) == 2, "two are unread");
    ptn_view_unref(view);
    shows(s, b, m, 1, 1, "by its body");
    m[1] = put(s, INBOX, "green two", 0);
    shows(s, b, m, 2, 2, "another one");
    flag(s, m[0], PTN_FLAGS_ADD, PTN_FLAG_SEEN);
    ptn_view_get(mbox(s), st, &view);
    ok(ptn_view_count(view) == 2, "a static one stays as it was");
    ptn_view_unref(view);
    site_check(s, NAME);

    /* soft deletion, and back */

    ptn_txn_begin(&tx, mbox(s));
    rc = ptn_msg_gone_ids(&tx, m, 1);
    is_rc(rc, PTN_OK, "deleted softly");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    shows(s, b, m + 1, 1, 1, "it went");
    site_check(s, NAME);
}


/* A static one is what it found: a folder that comes changes nothing. */

static void
test_static(site_t *s)
{
    ptn_id_t   f, top, sub, m[2];
    ptn_txn_t  tx;

    ptn_txn_begin(&tx, mbox(s));
    ptn_folder_create(&tx, PTN_FOLDER_IPM_SUBTREE, ptn_str("still"), NULL,
                      &top);
    ptn_folder_create(&tx, PTN_FOLDER_IPM_SUBTREE, ptn_str("moved"), NULL,
                      &sub);
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    m[0] = put(s, top, "static one", 0);
    m[1] = put(s, sub, "static two", 0);
    f = make(s, "still");
    set(s, f, content(s, PTN_PR_SUBJECT, "static"), &top, 1,
        PTN_SEARCH_RECURSIVE|PTN_SEARCH_STATIC, PTN_OK, "set");
    work(s);
    shows(s, f, m, 1, 1, "one");

    ptn_txn_begin(&tx, mbox(s));
    is_rc(ptn_folder_move(&tx, sub, top, ptn_str("moved")), PTN_OK, "moved");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    ok(!(state(s, f) & PTN_SEARCH_RUNNING), "it does not look again");
    work(s);
    shows(s, f, m, 1, 1, "still one");
    ptn_txn_begin(&tx, mbox(s));
    ptn_folder_delete(&tx, top, true);
    ptn_folder_delete(&tx, f, true);
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    site_check(s, NAME);
}


static void
test_tree(site_t *s)
{
    ptn_id_t   f, top, sub, scope[1], m[2];
    ptn_txn_t  tx;

    ptn_txn_begin(&tx, mbox(s));
    ptn_folder_create(&tx, PTN_FOLDER_IPM_SUBTREE, ptn_str("top"), NULL, &top);
    ptn_folder_create(&tx, PTN_FOLDER_IPM_SUBTREE, ptn_str("sub"), NULL, &sub);
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);

    scope[0] = top;
    f = make(s, "deep");
    set(s, f, content(s, PTN_PR_SUBJECT, "leaf"), scope, 1,
        PTN_SEARCH_RECURSIVE, PTN_OK, "set");
    m[0] = put(s, sub, "leaf", 0);
    work(s);
    shows(s, f, m, 0, 0, "not below");

    ptn_txn_begin(&tx, mbox(s));
    is_rc(ptn_folder_move(&tx, sub, top, ptn_str("sub")), PTN_OK, "moved");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    work(s);
    shows(s, f, m, 1, 1, "below");
    site_check(s, NAME);

    ptn_txn_begin(&tx, mbox(s));
    is_rc(ptn_folder_move(&tx, sub, PTN_FOLDER_IPM_SUBTREE, ptn_str("sub")),
          PTN_OK, "moved back");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    shows(s, f, m, 0, 0, "at once out of it");
    work(s);
    site_check(s, NAME);

    ptn_txn_begin(&tx, mbox(s));
    is_rc(ptn_folder_move(&tx, sub, top, ptn_str("sub")), PTN_OK, "moved");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    work(s);
    ptn_txn_begin(&tx, mbox(s));
    is_rc(ptn_folder_delete(&tx, sub, true), PTN_OK, "deleted");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    shows(s, f, m, 0, 0, "its folder went");
    site_check(s, NAME);

    /* half filled when a folder comes into the scope */

    m[0] = put(s, INBOX, "leaf elsewhere", 0);
    ptn_txn_begin(&tx, mbox(s));
    ptn_folder_create(&tx, PTN_FOLDER_IPM_SUBTREE, ptn_str("new"), NULL, &sub);
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    ok(state(s, f) & PTN_SEARCH_COMPLETE, "an empty folder fills nothing");
    move(s, INBOX, m[0], sub);
    set(s, f, ptn_str_make(NULL, 0), NULL, 0,
        PTN_SEARCH_RESTART|PTN_SEARCH_RECURSIVE, PTN_OK, "restarted");
    is_rc(ptn_sql_exec(mbox(s), "UPDATE search SET done=(SELECT max(id)"
                       " FROM message) WHERE state=1"), PTN_OK, "half way");
    site_reopen(s, NAME);
    ptn_txn_begin(&tx, mbox(s));
    is_rc(ptn_folder_move(&tx, sub, top, ptn_str("new")), PTN_OK, "comes");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    work(s);
    shows(s, f, m, 1, 1, "it is found");
    site_check(s, NAME);

    ptn_txn_begin(&tx, mbox(s));
    is_rc(ptn_folder_delete(&tx, f, false), PTN_OK, "the search folder, too");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    put(s, INBOX, "afterwards", 0);
    work(s);
    site_check(s, NAME);
}


/* ---- at random --------------------------------------------------------- */

#ifdef __SANITIZE_ADDRESS__
#define ROUNDS  150
#else
#define ROUNDS  500
#endif

static uint64_t  seed = 7;

static unsigned
roll(unsigned n)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;

    return (unsigned) (seed >> 33) % n;
}


static const char  *const  colours[] = { "red", "green", "blue", "grey" };


static ptn_id_t
any(site_t *s, ptn_id_t folder)
{
    ptn_row_t    row;
    ptn_view_t  *view;

    row.id = 0;

    if (ptn_view_get(mbox(s), folder, &view) == PTN_OK) {
        if (ptn_view_count(view) != 0) {
            ptn_view_row(view, 1 + roll(ptn_view_count(view)), &row);
        }

        ptn_view_unref(view);
    }

    return row.id;
}


static ptn_rc_t
edit(site_t *s, ptn_txn_t *tx, ptn_id_t id)
{
    ptn_rc_t             rc;
    ptn_msg_t           *msg;
    ptn_save_t           save;
    ptn_saved_t          saved;
    ptn_object_t         o;
    const ptn_object_t  *was;

    memset(&save, 0, sizeof(save));
    rc = ptn_msg_open(mbox(s), s->pool, id, &msg);

    if (rc == PTN_OK) {
        rc = ptn_msg_object(msg, PTN_OXCMAIL_ALL, &was);
    }

    if (rc == PTN_OK) {
        o = *was;
        o.props.p = ptn_pmemdup(s->pool, was->props.p,
                                was->props.n * sizeof(ptn_bag_prop_t));
        o.props.size = was->props.n;
        ptn_props_set(&o.props, s->pool, PTN_PR_SUBJECT,
                      ptn_str_printf(s->pool, "%s edited",
                                     colours[roll(4)]));
        save.object = &o;
        rc = ptn_msg_update(tx, s->pool, id, &save, 0, &saved);
    }

    return rc;
}


static ptn_rc_t
step(site_t *s, ptn_txn_t *tx, const ptn_id_t *folders)
{
    ptn_id_t         from, to, id, *got;
    ptn_append_t     a;
    ptn_appended_t   app;

    from = folders[roll(4)];
    to = folders[roll(4)];
    id = any(s, from);

    switch (roll(7)) {

    case 0:
    case 1:
        memset(&a, 0, sizeof(a));
        a.raw = ptn_str_printf(s->pool, "Subject: %s\r\n\r\n%s %u\r\n",
                               colours[roll(4)], colours[roll(4)], roll(1000));
        a.received = 1770000000;
        a.flags = roll(2) ? PTN_FLAG_SEEN : 0;
        return ptn_msg_append(tx, to, &a, &app);

    case 2:
        return id ? ptn_msg_flags_ids(tx, &id, 1, PTN_FLAGS_SET,
                                      roll(16) & ~8u, 0, NULL)
                  : PTN_OK;

    case 3:
        return id ? ptn_msg_move_ids(tx, s->pool, from, &id, 1, to, &got)
                  : PTN_OK;

    case 4:
        return id ? ptn_msg_copy_ids(tx, s->pool, from, &id, 1, to, &got)
                  : PTN_OK;

    case 5:
        return id ? edit(s, tx, id) : PTN_OK;

    default:
        return id ? ptn_msg_expunge_ids(tx, &id, 1) : PTN_OK;
    }
}


/* A view that was followed is the one that is read anew. */

static bool
same_view(site_t *s, ptn_id_t folder, ptn_view_t *view)
{
    bool          same;
    uint32_t      seq;
    ptn_row_t     a, b;
    ptn_view_t   *other;
    ptn_store_t  *store;

    ptn_view_list_shrink(0);

    if (ptn_store_open(&s->opts, &store) != PTN_OK) {
        return false;
    }

    same = ptn_view_get(site_open_store(s, store, NAME), folder, &other)
           == PTN_OK && ptn_view_count(other) == ptn_view_count(view);

    for (seq = 1; same && seq <= ptn_view_count(view); seq++) {
        ptn_view_row(view, seq, &a);
        ptn_view_row(other, seq, &b);
        same = memcmp(&a, &b, sizeof(a)) == 0;
    }

    ptn_view_unref(other);
    ptn_store_close(store);

    return same;
}


static void
test_random(site_t *s)
{
    bool         more;
    ptn_id_t     folders[4] = { INBOX, ARCHIVE, PTN_FOLDER_SENT,
                                PTN_FOLDER_JUNK }, f[3], all[1];
    ptn_rc_t     rc;
    unsigned     i, k, bad, changed;
    ptn_txn_t    tx;
    ptn_view_t  *view[3];

    for (k = 0; k < 3; k++) {
        f[k] = make(s, (char *) ptn_str_printf(s->pool, "random %s",
                                            colours[k]).data);
    }

    all[0] = PTN_FOLDER_IPM_SUBTREE;
    set(s, f[0], content(s, PTN_PR_SUBJECT, "red"), folders, 2, 0, PTN_OK,
        "red");
    set(s, f[1], content(s, PTN_PR_BODY, "green"), all, 1,
        PTN_SEARCH_RECURSIVE, PTN_OK, "green");
    set(s, f[2], unread(s), folders + 1, 3, 0, PTN_OK, "unread");
    bad = 0;
    changed = 0;
    memset(view, 0, sizeof(view));

    for (i = 0; i < ROUNDS; i++) {
        if (roll(3) == 0) {
            ptn_search_work(mbox(s), 1, &more);
        }

        ptn_txn_begin(&tx, mbox(s));

        for (k = 1 + roll(4), rc = PTN_OK; k > 0 && rc == PTN_OK; k--) {
            rc = step(s, &tx, folders);
        }

        bad += rc != PTN_OK;
        changed += tx.cn != 0;

        if (rc == PTN_OK && roll(10) != 0) {
            ptn_txn_commit(&tx);
        }

        ptn_txn_done(&tx);

        for (k = 0; k < 3; k++) {
            ptn_view_unref(view[k]);
            ptn_view_get(mbox(s), f[k], &view[k]);
        }

        ptn_store_commit(s->store);

        if (i % 100 == 99) {
            ptn_search_work(mbox(s), 1000, &more);
            site_check(s, NAME);
        }
    }

    ok(bad == 0 && changed > ROUNDS / 2, "%u of %u rounds changed something",
       changed, i);
    work(s);
    site_check(s, NAME);

    for (k = 0; k < 3; k++) {
        ptn_view_unref(view[k]);
        ptn_view_get(mbox(s), f[k], &view[k]);
        ok(ptn_view_count(view[k]) != 0 && same_view(s, f[k], view[k]),
           "%s: %u rows, as read anew", colours[k], ptn_view_count(view[k]));
        ptn_view_unref(view[k]);
    }
}


int
main(void)
{
    site_t  s;

    site_make(&s);
    s.conf.fsync = false;
    test_criteria(&s);
    test_follow(&s);
    test_static(&s);
    test_tree(&s);
    test_random(&s);
    site_done(&s);

    return done_testing();
}
