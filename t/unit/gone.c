/*
 * Soft deletion: what is gone is seen by nobody, comes back whole, and is
 * removed when it has been kept long enough.
 */

#include "ptn_folder.h"
#include "mailbox_site.h"


static ptn_id_t
add(site_t *s, ptn_mbox_t *mb, ptn_id_t folder, size_t size, bool fai)
{
    ptn_id_t                              id;
    ptn_save_t                            save;
    ptn_saved_t                           saved;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&save, 0, sizeof(save));
    save.raw = site_message(s, size);
    save.fai = fai;
    save.received = 1770000000;
    id = 0;

    if (ptn_txn_begin(&tx, mb) == PTN_OK
        && ptn_msg_create(&tx, s->pool, folder, &save, &saved) == PTN_OK
        && ptn_txn_commit(&tx) == PTN_OK)
    {
        id = saved.id;
    }

    return id;
}


static ptn_rc_t
gone(ptn_mbox_t *mb, const ptn_id_t *ids, size_t n)
{
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_msg_gone_ids(&tx, ids, n);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_id_t
folder(ptn_mbox_t *mb, ptn_id_t parent, const char *name)
{
    ptn_id_t                              id;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    id = 0;

    if (ptn_txn_begin(&tx, mb) != PTN_OK
        || ptn_folder_create(&tx, parent, ptn_str_z(name), NULL, &id)
           != PTN_OK
        || ptn_txn_commit(&tx) != PTN_OK)
    {
        return 0;
    }

    return id;
}


static ptn_rc_t
drop(ptn_mbox_t *mb, ptn_id_t id, unsigned flags, bool *ret_partial)
{
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_folder_remove(&tx, id, flags, ret_partial);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
back(ptn_mbox_t *mb, ptn_id_t id, ptn_id_t parent, const char *name)
{
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_gone_folder_recover(&tx, id, parent, ptn_str_z(name));
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static uint32_t
count(ptn_mbox_t *mb, ptn_id_t id)
{
    uint32_t     n;
    ptn_view_t  *view;

    if (ptn_view_get(mb, id, &view) != PTN_OK) {
        return 9999;
    }

    n = ptn_view_count(view);
    ptn_view_unref(view);

    return n;
}


/* One that is older than what has come meanwhile is late, for tables. */

static void
test_order(site_t *s)
{
    ptn_id_t        *ids;
    ptn_mbox_t      *mb;
    ptn_txn_t        tx = { 0 };
    ptn_append_t     a;
    ptn_appended_t   old, new;

    mb = site_open(s, "order");
    memset(&a, 0, sizeof(a));
    a.raw = site_message(s, 100);
    a.received = 1770000000;
    is_rc(ptn_txn_begin(&tx, mb), PTN_OK, "begin");
    is_rc(ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &old), PTN_OK, "one");
    is_rc(ptn_msg_gone_ids(&tx, &old.id, 1), PTN_OK, "is deleted");
    a.received++;
    is_rc(ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &new), PTN_OK,
          "a newer one comes");
    is_rc(ptn_gone_recover(&tx, s->pool, &old.id, 1, 0, &ids), PTN_OK,
          "and the old one back");
    is_rc(ptn_txn_commit(&tx), PTN_OK, "commit");
    ptn_store_commit(s->store);
    site_check(s, "order");
}


static void
test_messages(site_t *s)
{
    bool                 more;
    size_t               n, nch;
    uint32_t             seq;
    ptn_id_t             id[4], fai, *ids, other;
    ptn_row_t            row;
    ptn_msg_t           *msg;
    ptn_str_t            raw;
    uint32_t             tag = PTN_PR_SUBJECT;
    ptn_gone_t          *rows;
    ptn_mbox_t          *mb;
    ptn_sync_t           sync;
    ptn_view_t          *view, *old;
    ptn_msg_info_t       info;
    ptn_gone_count_t     c;
    ptn_sync_change_t   *ch;
    const ptn_folder_t  *f;
    ptn_txn_t            tx = { 0 };

    mb = site_open(s, "messages");

    for (n = 0; n < 4; n++) {
        id[n] = add(s, mb, PTN_FOLDER_INBOX, 500 + 20000 * n, false);
    }

    fai = add(s, mb, PTN_FOLDER_INBOX, 400, true);
    ptn_store_commit(s->store);
    ptn_view_get(mb, PTN_FOLDER_INBOX, &old);
    memset(&sync, 0, sizeof(sync));
    ptn_sync_items(mb, s->pool, PTN_FOLDER_INBOX, false, &sync, 100, &ch, &nch,
                   &more);

    ids = (ptn_id_t []) { id[1], id[3], fai, id[1], 77777 };
    is_rc(gone(mb, ids, 5), PTN_OK, "soft deletion");
    is_u64(count(mb, PTN_FOLDER_INBOX), 2, "two are left");
    ptn_folder_get(mb, PTN_FOLDER_INBOX, &f);
    is_u64(f->total, 2, "total");
    is_u64(f->unread, 2, "unread");
    ptn_store_commit(s->store);

    is_rc(ptn_msg_open(mb, s->pool, id[1], &msg), PTN_ENOTFOUND,
          "cannot be opened");
    seq = ptn_view_find(old, 2);
    ptn_view_row(old, seq, &row);
    is_rc(ptn_msg_open_row(mb, s->pool, PTN_FOLDER_INBOX, &row, &msg),
          PTN_ENOTFOUND, "nor by a row of an old view");
    ptn_view_unref(old);
    is_rc(ptn_msg_by_mid(mb, 0, id[1], &other), PTN_ENOTFOUND, "nor by mid");

    ptn_sync_items(mb, s->pool, PTN_FOLDER_INBOX, false, &sync, 100, &ch, &nch,
                   &more);
    ok(nch == 2 && ch[0].kind == PTN_SYNC_DELETE
       && ch[1].kind == PTN_SYNC_DELETE, "clients hear of it");

    is_rc(ptn_gone_list(mb, s->pool, PTN_FOLDER_INBOX, false, 0, 10, &rows,
                        &n), PTN_OK, "list");
    is_u64(n, 2, "two");
    ok(rows[0].id == id[1] && rows[1].id == id[3], "in order of deletion");
    ok(rows[0].deleted > 1770000000, "with the time");
    is_rc(ptn_gone_list(mb, s->pool, PTN_FOLDER_INBOX, false, rows[0].modseq,
                        1, &rows, &n), PTN_OK, "the next page");
    ok(n == 1 && rows[0].id == id[3], "has the second");
    is_rc(ptn_gone_list(mb, s->pool, PTN_FOLDER_INBOX, true, 0, 10, &rows,
                        &n), PTN_OK, "associated ones");
    ok(n == 1 && rows[0].id == fai, "are apart");
    is_rc(ptn_gone_count(mb, PTN_FOLDER_INBOX, &c), PTN_OK, "count");
    ok(c.messages == 2 && c.fai == 1 && c.size > 80000 && c.folders == 0,
       "of all");

    is_rc(ptn_gone_by_mid(mb, PTN_FOLDER_INBOX, id[3], &other), PTN_OK,
          "by mid");
    is_rc(ptn_gone_open(mb, s->pool, id[3], &msg), PTN_OK, "opened");
    ptn_msg_info(msg, &info);
    is_u64(info.folder, PTN_FOLDER_INBOX, "of its folder");
    is_rc(ptn_msg_slice(msg, s->pool, 0, UINT64_MAX, 1 << 20, &raw), PTN_OK,
          "read");
    ok(ptn_str_eq(raw, site_message(s, 60500)), "byte for byte");
    is_rc(ptn_msg_props(msg, &tag, 1, &raw), PTN_OK, "a property");
    ptn_msg_info(msg, &info);
    is_u64(info.folder, PTN_FOLDER_INBOX, "of its folder, still");
    is_rc(ptn_gone_open(mb, s->pool, id[0], &msg), PTN_ENOTFOUND,
          "one that is there");

    /* ids stay taken */

    {
        ptn_save_t   save;
        ptn_saved_t  saved;

        memset(&save, 0, sizeof(save));
        save.raw = site_message(s, 10);
        save.mid = id[1];
        ptn_txn_begin(&tx, mb);
        is_rc(ptn_msg_create(&tx, s->pool, PTN_FOLDER_INBOX, &save, &saved),
              PTN_EEXIST, "its id is not given again");
        ptn_txn_done(&tx);
    }

    site_check(s, "messages");

    mb = site_reopen(s, "messages");
    ptn_txn_begin(&tx, mb);
    ids = (ptn_id_t []) { id[1], id[0], id[3], id[1] };
    is_rc(ptn_gone_recover(&tx, s->pool, ids, 4, 0, &ids), PTN_OK, "recover");
    ok(ids[0] == id[1] && ids[1] == 0 && ids[2] == id[3] && ids[3] == 0,
       "each once");
    is_rc(ptn_txn_commit(&tx), PTN_OK, "commit");
    ptn_store_commit(s->store);
    is_u64(count(mb, PTN_FOLDER_INBOX), 4, "all are there");
    ptn_view_get(mb, PTN_FOLDER_INBOX, &view);
    ptn_view_row(view, 3, &row);
    ok(row.uid > 4 && row.id == id[1], "with a new uid");
    ptn_view_unref(view);
    ptn_msg_open(mb, s->pool, id[1], &msg);
    ptn_msg_info(msg, &info);
    ok(info.mid != id[1] && info.born == info.cn, "a new mid, born now");
    ptn_sync_items(mb, s->pool, PTN_FOLDER_INBOX, false, &sync, 100, &ch, &nch,
                   &more);
    ok(nch == 2 && ch[0].kind == PTN_SYNC_CREATE, "clients get them");

    ptn_txn_begin(&tx, mb);
    is_rc(ptn_gone_recover(&tx, s->pool, &fai, 1, PTN_FOLDER_SENT, &ids),
          PTN_OK, "to another folder");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    ok(ptn_msg_open(mb, s->pool, fai, &msg) == PTN_OK
       && ptn_msg_folder(msg) == PTN_FOLDER_SENT, "is there");

    /* quota: what is gone does not count, what comes back does */

    gone(mb, &id[3], 1);
    mb->quota = 30000;
    ptn_txn_begin(&tx, mb);
    is_rc(ptn_gone_recover(&tx, s->pool, &id[3], 1, 0, &ids), PTN_EQUOTA,
          "no room");
    ptn_txn_done(&tx);
    mb->quota = 0;

    ptn_txn_begin(&tx, mb);
    is_rc(ptn_gone_expunge_ids(&tx, (ptn_id_t []) { id[3], id[0] }, 2),
          PTN_OK, "for good");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    is_rc(ptn_gone_open(mb, s->pool, id[3], &msg), PTN_ENOTFOUND, "gone");
    is_rc(ptn_msg_open(mb, s->pool, id[0], &msg), PTN_OK,
          "one that is there stays");
    site_idle(s);
    site_check(s, "messages");
}


static void
test_folders(site_t *s)
{
    bool                 partial, more;
    size_t               n, nch;
    ptn_id_t             a, b, c, d, m[3], *ids;
    ptn_mbox_t          *mb;
    ptn_sync_t           sync;
    ptn_view_t          *view;
    ptn_gone_count_t     cnt;
    ptn_gone_folder_t   *gf;
    ptn_sync_change_t   *ch;
    const ptn_folder_t  *f;
    ptn_txn_t            tx = { 0 };

    mb = site_open(s, "folders");
    a = folder(mb, PTN_FOLDER_IPM_SUBTREE, "a");
    b = folder(mb, a, "b");
    c = folder(mb, b, "c");
    d = folder(mb, a, "d");
    m[0] = add(s, mb, a, 100, false);
    m[1] = add(s, mb, c, 3000, false);
    m[2] = add(s, mb, c, 200, true);
    ptn_store_commit(s->store);
    memset(&sync, 0, sizeof(sync));
    ptn_sync_folders(mb, s->pool, PTN_FOLDER_IPM_SUBTREE, &sync, 100, &ch,
                     &nch, &more);

    is_rc(drop(mb, a, 0, &partial), PTN_OK, "not empty");
    ok(partial, "nothing is deleted");
    is_rc(drop(mb, a, PTN_REMOVE_MESSAGES, &partial), PTN_OK, "subfolders");
    ok(partial, "nothing is deleted");
    is_rc(drop(mb, PTN_FOLDER_INBOX, PTN_REMOVE_MESSAGES, &partial),
          PTN_EDENIED, "special");
    is_rc(drop(mb, d, 0, &partial), PTN_OK, "an empty one, first");
    ok(!partial, "goes");
    is_rc(drop(mb, a, PTN_REMOVE_MESSAGES|PTN_REMOVE_FOLDERS, &partial),
          PTN_OK, "soft deletion");
    ok(!partial, "of all");
    ptn_store_commit(s->store);

    is_rc(ptn_folder_get(mb, a, &f), PTN_ENOTFOUND, "it is not there");
    is_rc(ptn_folder_get(mb, c, &f), PTN_ENOTFOUND, "nor what is below it");
    is_rc(ptn_view_get(mb, c, &view), PTN_ENOTFOUND, "no view");
    {
        ptn_msg_t  *msg;

        is_rc(ptn_msg_open(mb, s->pool, m[1], &msg), PTN_ENOTFOUND,
              "nor its messages");
    }

    ptn_sync_folders(mb, s->pool, PTN_FOLDER_IPM_SUBTREE, &sync, 100, &ch,
                     &nch, &more);
    is_u64(nch, 4, "clients hear of each");
    ok(ch[0].kind == PTN_SYNC_DELETE && ch[3].kind == PTN_SYNC_DELETE,
       "deletions");

    is_rc(ptn_gone_folders(mb, s->pool, PTN_FOLDER_IPM_SUBTREE, &gf, &n),
          PTN_OK, "list");
    ok(n == 1 && gf[0].id == a && ptn_str_eqz(gf[0].name, "a")
       && gf[0].total == 1, "the topmost one");
    ptn_gone_count(mb, 0, &cnt);
    ok(cnt.messages == 2 && cnt.fai == 1 && cnt.folders == 2, "all counted");
    site_check(s, "folders");

    mb = site_reopen(s, "folders");
    ok(folder(mb, PTN_FOLDER_IPM_SUBTREE, "A") != 0, "the name is free");
    is_rc(back(mb, a, 0, "A"), PTN_EEXIST, "a name that is taken");
    is_rc(back(mb, c, 0, ""), PTN_ENOTFOUND, "one that is not topmost");
    is_rc(back(mb, a, 0, ""), PTN_OK, "recover");
    ptn_store_commit(s->store);
    is_rc(ptn_folder_get(mb, a, &f), PTN_OK, "it is there");
    ok(ptn_str_eqz(f->name, "a (1)"), "under a name of its own");
    is_rc(ptn_folder_get(mb, c, &f), PTN_OK, "and what was below it");
    ok(f->total == 1 && f->parent == b, "whole");
    is_u64(count(mb, c), 1, "its view");
    is_rc(ptn_folder_get(mb, d, &f), PTN_ENOTFOUND,
          "not what was deleted before");
    ptn_sync_folders(mb, s->pool, PTN_FOLDER_IPM_SUBTREE, &sync, 100, &ch,
                     &nch, &more);
    is_u64(nch, 4, "clients get them");
    ok(ch[0].kind == PTN_SYNC_CREATE && ch[3].kind == PTN_SYNC_CREATE,
       "as new ones");
    is_rc(back(mb, d, PTN_FOLDER_IPM_SUBTREE, "moved"), PTN_OK,
          "elsewhere, under another name");
    ptn_store_commit(s->store);
    site_check(s, "folders");

    /* where it was is gone: to the top; a message: to the Inbox */

    ids = &m[0];
    gone(mb, ids, 1);
    is_rc(drop(mb, b, PTN_REMOVE_MESSAGES|PTN_REMOVE_FOLDERS, &partial),
          PTN_OK, "deleted in it");
    is_rc(drop(mb, a, PTN_REMOVE_MESSAGES|PTN_REMOVE_FOLDERS, &partial),
          PTN_OK, "and itself");
    ptn_txn_begin(&tx, mb);
    is_rc(ptn_gone_recover(&tx, s->pool, &m[0], 1, 0, &ids), PTN_OK,
          "its message");
    ptn_txn_commit(&tx);
    is_u64(count(mb, PTN_FOLDER_INBOX), 1, "is in the Inbox");
    is_rc(back(mb, b, 0, ""), PTN_OK, "its subfolder");
    ptn_folder_get(mb, b, &f);
    is_u64(f->parent, PTN_FOLDER_IPM_SUBTREE, "is at the top");
    ptn_store_commit(s->store);
    site_check(s, "folders");

    is_rc(drop(mb, b, PTN_REMOVE_MESSAGES|PTN_REMOVE_FOLDERS
                      |PTN_REMOVE_HARD, &partial), PTN_OK, "hard");
    is_rc(back(mb, b, 0, ""), PTN_ENOTFOUND, "does not come back");
    ptn_txn_begin(&tx, mb);
    is_rc(ptn_gone_folder_delete(&tx, a), PTN_OK, "for good");
    ptn_txn_commit(&tx);
    is_rc(back(mb, a, 0, ""), PTN_ENOTFOUND, "nor this one");
    ptn_store_commit(s->store);
    site_check(s, "folders");
    mb->tidy_ms = 0;
    site_idle(s);
    mb = site_open(s, "folders");
    ptn_sql_number(mb, "SELECT count(*) FROM gone", (int64_t *) &n);
    is_u64(n, 0, "and its rows go");
    ptn_sql_number(mb, "SELECT count(*) FROM folder WHERE parent<0",
                   (int64_t *) &n);
    is_u64(n, 0, "with its folders");
    site_check(s, "folders");
}


/* A large one that is deleted for good goes at once, its rows by and by. */

static void
test_large(site_t *s)
{
    bool                 partial;
    int64_t              n, last;
    ptn_id_t             a, b, kept;
    unsigned             i, rounds;
    ptn_mbox_t          *mb;
    const ptn_folder_t  *f;
    ptn_txn_t            tx = { 0 };

    mb = site_open(s, "large");
    a = folder(mb, PTN_FOLDER_IPM_SUBTREE, "a");
    b = folder(mb, a, "b");
    kept = add(s, mb, PTN_FOLDER_INBOX, 100, false);
    ptn_txn_begin(&tx, mb);

    for (i = 0; i < 1050; i++) {
        ptn_appended_t  app;

        if (site_append(s, &tx, i & 1 ? a : b, 60, 0, &app) != PTN_OK) {
            break;
        }
    }

    is_u64(i, 1050, "many messages");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);

    is_rc(drop(mb, a, PTN_REMOVE_MESSAGES|PTN_REMOVE_FOLDERS
                      |PTN_REMOVE_HARD, &partial), PTN_OK, "hard");
    ptn_store_commit(s->store);
    is_rc(ptn_folder_get(mb, b, &f), PTN_ENOTFOUND, "not there");
    is_rc(back(mb, a, 0, ""), PTN_ENOTFOUND, "and not to be recovered");
    site_check(s, "large");

    last = 1051;

    for (rounds = 0; rounds < 30; rounds++) {
        mb->tidy_ms = 0;
        ptn_store_idle(s->store);
        mb = site_open(s, "large");
        ptn_sql_number(mb, "SELECT count(*) FROM message", &n);

        if (last - n > 100) {
            break;
        }

        last = n;

        if (rounds == 4) {
            site_check(s, "large");
        }

        if (n == 1) {
            break;
        }
    }

    ok(n == 1 && rounds > 5, "erased in portions, %u", rounds);
    mb->tidy_ms = 0;
    site_idle(s);
    mb = site_open(s, "large");
    ptn_sql_number(mb, "SELECT count(*) FROM folder WHERE parent<0", &n);
    is_u64((uint64_t) n, 0, "with the folders");
    ok(kept != 0 && count(mb, PTN_FOLDER_INBOX) == 1, "others stay");
    site_check(s, "large");
}


static void
test_retention(site_t *s)
{
    bool               partial;
    size_t             n;
    int64_t            k;
    ptn_id_t           id[2], a;
    ptn_mbox_t        *mb;
    ptn_gone_t        *rows;
    ptn_gone_count_t   c;

    mb = site_open(s, "kept");
    id[0] = add(s, mb, PTN_FOLDER_INBOX, 30000, false);
    id[1] = add(s, mb, PTN_FOLDER_INBOX, 300, false);
    a = folder(mb, PTN_FOLDER_IPM_SUBTREE, "a");
    add(s, mb, a, 100, false);
    gone(mb, id, 1);
    drop(mb, a, PTN_REMOVE_MESSAGES, &partial);
    ptn_store_commit(s->store);

    s->conf.deleted_retention = 1000;
    mb->tidy_ms = 0;
    site_idle(s);
    mb = site_open(s, "kept");
    ptn_gone_count(mb, 0, &c);
    ok(c.messages == 2 && c.folders == 1, "kept");

    /* as if it had been in use for so long */

    ptn_sql_exec(mb, "UPDATE meta SET lived=lived+900");
    gone(mb, &id[1], 1);
    ptn_store_commit(s->store);
    mb->tidy_ms = 0;
    site_idle(s);
    mb = site_open(s, "kept");
    ptn_gone_count(mb, 0, &c);
    is_u64(c.messages, 3, "a little more");

    ptn_sql_exec(mb, "UPDATE meta SET lived=lived+100");
    mb->tidy_ms = 0;
    site_idle(s);
    mb = site_open(s, "kept");
    ptn_gone_count(mb, 0, &c);
    ok(c.messages == 1 && c.folders == 0, "it was long enough");
    ptn_gone_list(mb, s->pool, PTN_FOLDER_INBOX, false, 0, 9, &rows, &n);
    ok(n == 1 && rows[0].id == id[1], "not for what came later");
    site_check(s, "kept");

    s->conf.deleted_retention = 0;
    mb->tidy_ms = 0;
    site_idle(s);
    mb = site_open(s, "kept");
    ptn_sql_number(mb, "SELECT count(*) FROM gone", &k);
    is_u64((uint64_t) k, 0, "none is kept");
    s->conf.deleted_retention = 14 * 86400;
    site_check(s, "kept");
}


/* Rows: what was written down, what the clocks say now, what counts. */

static void
test_lived(void)
{
    size_t  i;

    static const struct {
        const char   *name;
        ptn_lived_t   was, now;
        int64_t       step;
    } rows[] = {
        { "first",            { 0, 0, 0, 0 },       { 0, 5000, 1, 99 }, 0 },
        { "the same boot",    { 0, 5000, 1, 100 },  { 0, 5500, 1, 600 }, 500 },
        { "a slow clock",     { 0, 5000, 1, 100 },  { 0, 5300, 1, 500 }, 400 },
        { "set forward",      { 0, 5000, 1, 100 },
          { 0, 5000 + 9000000, 1, 200 }, 0 },
        { "set back",         { 0, 50000, 1, 100 }, { 0, 1000, 1, 700 }, 0 },
        { "long uptime",      { 0, 5000, 1, 100 },
          { 0, 5000 + 2000000 + 2200, 1, 2000100 }, 2000000 },
        { "another boot",     { 0, 5000, 1, 9000 }, { 0, 7000, 2, 3000 },
          2000 },
        { "was off long",     { 0, 5000, 1, 9000 },
          { 0, 5000 + 8640000, 2, 60 }, 60 },
        { "boot, set back",   { 0, 5000, 1, 9000 }, { 0, 4000, 2, 60 }, 0 },
        { "time stands",      { 0, 5000, 1, 100 },  { 0, 5000, 1, 100 }, 0 }
    };

    for (i = 0; i < ptn_nelts(rows); i++) {
        is_u64((uint64_t) ptn_lived_step(&rows[i].was, &rows[i].now),
               (uint64_t) rows[i].step, rows[i].name);
    }
}


/* A clock that was set keeps everything; real time is written down. */

static void
test_clock(site_t *s)
{
    int64_t      n, m;
    ptn_mbox_t  *mb;

    mb = site_open(s, "clock");
    mb->tidy_ms = 0;
    site_idle(s);
    mb = site_open(s, "clock");
    ptn_sql_number(mb, "SELECT lived_boot FROM meta", &n);
    ok(n != 0, "the clocks are written down");

    /* an hour and a bit ago, by both clocks */

    ptn_sql_exec(mb, "UPDATE meta SET lived_at=lived_at-4000,"
                     " lived_up=lived_up-4000");
    mb->tidy_ms = 0;
    site_idle(s);
    mb = site_open(s, "clock");
    ptn_sql_number(mb, "SELECT lived FROM meta", &n);
    ok(n >= 4000 && n < 4060, "an hour counts");

    /* what is deleted within the minute has a time that was written down */

    ptn_sql_exec(mb, "UPDATE meta SET lived_at=lived_at-30,"
                     " lived_up=lived_up-30");
    {
        ptn_id_t  id;

        id = add(s, mb, PTN_FOLDER_INBOX, 100, false);
        is_rc(gone(mb, &id, 1), PTN_OK, "deleted");
        ptn_store_commit(s->store);
        site_check(s, "clock");
        mb = site_open(s, "clock");
        ptn_sql_number(mb, "SELECT lived FROM meta", &n);
    }

    ptn_sql_exec(mb, "UPDATE meta SET lived_at=lived_at-4000000");
    mb->tidy_ms = 0;
    site_idle(s);
    mb = site_open(s, "clock");
    ptn_sql_number(mb, "SELECT lived FROM meta", &m);
    is_u64((uint64_t) m, (uint64_t) n, "a jump does not");
    ptn_sql_exec(mb, "UPDATE meta SET lived_at=lived_at-3700,"
                     " lived_up=lived_up-3700");
    mb->tidy_ms = 0;
    site_idle(s);
    mb = site_open(s, "clock");
    ptn_sql_number(mb, "SELECT lived FROM meta", &m);
    ok(m >= n + 3700, "it goes on from there");
    site_check(s, "clock");
}


static void
test_tombs(site_t *s)
{
    bool                more;
    size_t              n, nch;
    int64_t             k;
    uint32_t           *uids;
    uint64_t            cut;
    unsigned            i, rounds;
    ptn_id_t            id[40];
    ptn_mbox_t         *mb;
    ptn_sync_t          first, later;
    ptn_view_t         *view;
    ptn_sync_change_t  *ch;
    ptn_txn_t           tx = { 0 };

    mb = site_open(s, "tombs");

    for (i = 0; i < 40; i++) {
        id[i] = add(s, mb, PTN_FOLDER_INBOX, 50 + i, false);
    }

    ptn_store_commit(s->store);
    memset(&first, 0, sizeof(first));
    ptn_sync_items(mb, s->pool, PTN_FOLDER_INBOX, false, &first, 100, &ch,
                   &nch, &more);
    ptn_txn_begin(&tx, mb);
    ptn_msg_expunge_ids(&tx, id, 20);
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    later = first;
    ptn_sync_items(mb, s->pool, PTN_FOLDER_INBOX, false, &later, 100, &ch,
                   &nch, &more);
    cut = later.modseq;
    ptn_txn_begin(&tx, mb);
    ptn_msg_expunge_ids(&tx, id + 20, 15);
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    ptn_view_get(mb, PTN_FOLDER_INBOX, &view);

    /* what is newer than the cut stays, and so do the newest */

    for (rounds = 0, more = true; more && rounds < 20; rounds++) {
        ptn_txn_begin(&tx, mb);
        is_rc(ptn_tomb_purge(&tx, cut, 3, 8, &more), PTN_OK, "purge");
        is_rc(ptn_txn_commit(&tx), PTN_OK, "commit");
        ptn_store_commit(s->store);
        site_check(s, "tombs");
    }

    is_u64(rounds, 3, "in portions");
    ptn_sql_number(mb, "SELECT count(*) FROM tombstone WHERE kind=0", &k);
    is_u64((uint64_t) k, 15, "those above the cut");

    mb = site_reopen(s, "tombs");
    is_rc(ptn_sync_items(mb, s->pool, PTN_FOLDER_INBOX, false, &first, 100,
                         &ch, &nch, &more), PTN_ESTALE, "a state before it");
    is_rc(ptn_sync_items(mb, s->pool, PTN_FOLDER_INBOX, false, &later, 100,
                         &ch, &nch, &more), PTN_OK, "a state at the cut");
    is_u64(nch, 15, "has all that left");
    is_rc(ptn_view_vanished(mb, s->pool, PTN_FOLDER_INBOX, cut - 1, &uids,
                            &n), PTN_ESTALE, "vanished before");
    is_rc(ptn_view_vanished(mb, s->pool, PTN_FOLDER_INBOX, cut, &uids, &n),
          PTN_OK, "vanished since");
    is_u64(n, 15, "all");
    ptn_view_unref(view);

    ptn_txn_begin(&tx, mb);
    is_rc(ptn_tomb_purge(&tx, UINT64_MAX / 4, 10, 1000, &more), PTN_OK,
          "the newest are kept");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    ptn_sql_number(mb, "SELECT count(*) FROM tombstone WHERE kind=0", &k);
    is_u64((uint64_t) k, 10, "ten");
    is_u64(count(mb, PTN_FOLDER_INBOX), 5, "the view is right");
    site_check(s, "tombs");
}


int
main(void)
{
    site_t  s;

    site_make(&s);
    test_lived();
    test_messages(&s);
    test_order(&s);
    test_folders(&s);
    test_large(&s);
    test_retention(&s);
    test_clock(&s);
    test_tombs(&s);
    site_done(&s);

    return done_testing();
}
