/*
 * Rights on parts of what is asked for: trees of which some is not the actor's,
 * search folders that show what he may not read, private items in searches,
 * synchronisation and among what was deleted, what is the owner's alone.
 */

#include "rights_site.h"


static ptn_id_t  top;           /* what bob may read, and make folders in */


static ptn_id_t
folder(site_t *s, ptn_id_t parent, const char *name, uint32_t rights)
{
    ptn_id_t     id;
    ptn_mbox_t  *mb;
    ptn_txn_t    tx = { 0 };

    mb = open_as(s, NULL);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_folder_create(&tx, parent, ptn_str_z(name), NULL, &id),
         "create");
    must(ptn_txn_commit(&tx), "commit");
    must(ptn_store_commit(s->store), "commit");
    give(s, id, BOB, rights);

    return id;
}


static ptn_id_t
message(site_t *s, ptn_id_t folder, size_t size, bool secret, bool fai)
{
    u_char           two[4] = { 2 };
    ptn_mbox_t      *mb;
    ptn_save_t       save;
    ptn_saved_t      saved;
    ptn_object_t    *o;
    ptn_txn_t        tx = { 0 };

    o = ptn_pcalloc(s->pool, sizeof(ptn_object_t));
    ptn_props_set(&o->props, s->pool, PTN_PR_MESSAGE_CLASS,
                  ptn_str("IPM.Note"));
    ptn_props_set(&o->props, s->pool, PTN_PR_SUBJECT,
                  ptn_str_printf(s->pool, "of %zu", size));

    if (secret) {
        ptn_props_set(&o->props, s->pool, PTN_PR_SENSITIVITY,
                      ptn_str_make(two, 4));
    }

    memset(&save, 0, sizeof(save));
    save.object = o;
    save.fai = fai;
    mb = open_as(s, NULL);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_msg_create(&tx, s->pool, folder, &save, &saved), "message");
    must(ptn_txn_commit(&tx), "commit");
    must(ptn_store_commit(s->store), "commit");

    return saved.id;
}


static ptn_mbox_t *
begin(site_t *s, ptn_txn_t *tx, const ptn_actor_t *actor)
{
    ptn_mbox_t  *mb;

    mb = open_as(s, actor);
    must(ptn_txn_begin(tx, mb), "begin");

    return mb;
}


static void
undo(site_t *s, ptn_txn_t *tx)
{
    ptn_txn_done(tx);
    ptn_store_rollback(s->store);
}


static void
keep(site_t *s, ptn_txn_t *tx)
{
    must(ptn_txn_commit(tx), "commit");
    must(ptn_store_commit(s->store), "commit");
}


/* ---- folders ------------------------------------------------------------ */

static void
removing(site_t *s)
{
    bool         partial, more;
    ptn_id_t     mine, sub;
    ptn_str_t    key;
    ptn_mbox_t  *mb;
    ptn_txn_t    tx = { 0 };

    mine = folder(s, top, "mine", PTN_ROLE_OWNER);
    sub = folder(s, mine, "sub", PTN_ROLE_EDITOR);

    mb = begin(s, &tx, &bob_acts);
    is_rc(ptn_folder_remove(&tx, mine, PTN_REMOVE_FOLDERS, &partial),
          PTN_EDENIED, "no other's folder goes along");
    is_rc(ptn_folder_remove(&tx, mine, 0, &partial), PTN_OK, "without");
    ok(partial, "there are subfolders: nothing was done");
    is_rc(ptn_folder_remove(&tx, sub, 0, &partial), PTN_EDENIED,
          "an editor removes none");
    key = rights_gid(s, mb, mine);
    is_rc(ptn_ics_import_folder_deletes(&tx, top, &key, 1, false),
          PTN_EDENIED, "nor uploads that");
    is_rc(ptn_folder_clear(&tx, mine, 0, 10, &partial, &more), PTN_OK,
          "emptied");
    ok(partial && !more, "but for that one");
    undo(s, &tx);

    give(s, sub, BOB, 0);
    mb = begin(s, &tx, &bob_acts);
    is_rc(ptn_folder_clear(&tx, mine, 0, 10, &partial, &more), PTN_OK,
          "emptied");
    is_rc(ptn_folder_remove(&tx, sub, 0, &partial), PTN_ENOTFOUND,
          "it is not there for him");
    key = rights_gid(s, mb, sub);
    is_rc(ptn_ics_import_folder_deletes(&tx, top, &key, 1, false), PTN_OK,
          "passed over, as if it were gone");
    is_rc(ptn_ics_import_folder_deletes(&tx, sub, &key, 1, false),
          PTN_ENOTFOUND, "nor a root");
    keep(s, &tx);
    mb = open_as(s, NULL);
    is_rc(ptn_rights_need(mb, sub, 0), PTN_OK, "it is still there");

    give(s, sub, BOB, PTN_ROLE_OWNER);
    begin(s, &tx, &bob_acts);
    is_rc(ptn_folder_remove(&tx, mine, PTN_REMOVE_FOLDERS, &partial), PTN_OK,
          "when both are his, both go");
    ok(!partial, "wholly");
    undo(s, &tx);
}


static void
recovering(site_t *s)
{
    bool                partial;
    size_t              n;
    ptn_id_t            seen, hidden, mine, both;
    ptn_mbox_t         *mb;
    ptn_txn_t           tx = { 0 };
    ptn_gone_count_t    count;
    ptn_gone_folder_t  *f;

    seen = folder(s, top, "seen", PTN_ROLE_EDITOR);
    hidden = folder(s, top, "hidden", 0);
    mine = folder(s, top, "his", PTN_ROLE_OWNER);
    both = folder(s, top, "both", PTN_ROLE_OWNER);
    folder(s, both, "below", 0);

    begin(s, &tx, NULL);
    must(ptn_folder_remove(&tx, seen, PTN_REMOVE_FOLDERS, &partial), "remove");
    must(ptn_folder_remove(&tx, hidden, PTN_REMOVE_FOLDERS, &partial),
         "remove");
    must(ptn_folder_remove(&tx, mine, PTN_REMOVE_FOLDERS, &partial), "remove");
    must(ptn_folder_remove(&tx, both, PTN_REMOVE_FOLDERS, &partial), "remove");
    keep(s, &tx);

    mb = begin(s, &tx, &bob_acts);
    must(ptn_gone_folders(mb, s->pool, top, &f, &n), "folders");
    is_u64(n, 3, "three of four can be seen");
    ok(f[0].id == seen && f[1].id == mine && f[2].id == both, "those");
    is_rc(ptn_gone_count(mb, 0, &count), PTN_EDENIED,
          "what there is in all is the owner's affair");
    is_rc(ptn_gone_folder_recover(&tx, seen, 0, ptn_str("")), PTN_EDENIED,
          "an editor recovers no folder");
    is_rc(ptn_gone_folder_delete(&tx, seen), PTN_EDENIED, "and ends none");
    is_rc(ptn_gone_folder_recover(&tx, hidden, 0, ptn_str("")),
          PTN_ENOTFOUND, "nor what he has not seen");
    is_rc(ptn_gone_folder_delete(&tx, hidden), PTN_ENOTFOUND, "to end it");
    is_rc(ptn_gone_folder_recover(&tx, both, 0, ptn_str("")), PTN_EDENIED,
          "nor what has such below it");
    is_rc(ptn_gone_folder_delete(&tx, both), PTN_EDENIED, "to end it");
    is_rc(ptn_gone_folder_recover(&tx, mine, PTN_FOLDER_INBOX, ptn_str("")),
          PTN_ENOTFOUND, "his own comes not to where he sees nothing");
    is_rc(ptn_gone_folder_recover(&tx, mine, 0, ptn_str("")), PTN_OK,
          "but back");
    keep(s, &tx);

    mb = open_as(s, &bob_acts);
    is_rc(ptn_rights_need(mb, mine, PTN_RIGHT_OWNER), PTN_OK,
          "with its list");
}


static void
copying(site_t *s)
{
    bool                more;
    ptn_id_t            from, open, closed, below;
    ptn_mbox_t         *mb;
    ptn_txn_t           tx = { 0 };
    ptn_acting_t        was;
    ptn_folder_copy_t  *copy;
    const ptn_folder_t  *f;

    from = folder(s, top, "from", PTN_ROLE_REVIEWER);
    open = folder(s, from, "open", PTN_ROLE_REVIEWER);
    closed = folder(s, from, "closed", 0);
    below = folder(s, closed, "below", PTN_ROLE_REVIEWER);
    message(s, from, 1, false, false);
    message(s, from, 2, true, false);
    message(s, open, 3, false, false);
    message(s, closed, 4, false, false);

    mb = begin(s, &tx, &bob_acts);
    must(ptn_folder_copy_begin(&tx, s->pool, from, top, ptn_str("copy"), true,
                               &copy), "begin");
    is_rc(ptn_folder_copy_some(&tx, copy, 100, &more), PTN_OK, "copied");
    ok(!more, "all of it");
    must(ptn_folder_get(mb, ptn_folder_copy_id(copy), &f), "the copy");
    is_u64(f->total, 1, "without what is private");
    is_rc(ptn_folder_child(mb, f->id, ptn_str("open"), &f), PTN_OK,
          "with what he reads");
    is_u64(f->total, 1, "and its messages");
    undo(s, &tx);

    mb = begin(s, &tx, &bob_acts);
    must(ptn_folder_copy_begin(&tx, s->pool, from, top, ptn_str("copy"), true,
                               &copy), "begin");
    ptn_acting_system(mb, &was);
    is_rc(ptn_folder_child(mb, ptn_folder_copy_id(copy), ptn_str("open"), &f),
          PTN_OK, "copied");
    is_rc(ptn_folder_child(mb, ptn_folder_copy_id(copy), ptn_str("closed"),
                           &f), PTN_ENOTFOUND, "not what he does not see");
    is_rc(ptn_folder_child(mb, ptn_folder_copy_id(copy), ptn_str("below"), &f),
          PTN_ENOTFOUND, "nor what is below that");
    ptn_acting_back(mb, &was);
    undo(s, &tx);

    give(s, below, BOB, 0);
    give(s, closed, BOB, PTN_RIGHT_VISIBLE);
    begin(s, &tx, &bob_acts);
    is_rc(ptn_folder_copy_begin(&tx, s->pool, from, top, ptn_str("copy"), true,
                                &copy), PTN_EDENIED,
          "what he sees and may not read");
    undo(s, &tx);
}


/* ---- search folders ----------------------------------------------------- */

static void
found(site_t *s)
{
    bool             more;
    size_t           i;
    unsigned         hits;
    ptn_id_t         yes, no, search, ids[3], *to;
    ptn_msg_t       *msg;
    ptn_mbox_t      *mb;
    ptn_view_t      *view;
    ptn_row_t        row;
    ptn_table_t     *t;
    ptn_txn_t        tx = { 0 };
    ptn_criteria_t   c;

    yes = folder(s, top, "yes", PTN_ROLE_EDITOR);
    no = folder(s, top, "no", 0);
    ids[0] = message(s, yes, 5, false, false);
    ids[1] = message(s, no, 6, false, false);
    ids[2] = message(s, yes, 7, true, false);

    mb = begin(s, &tx, NULL);
    must(ptn_search_folder_create(&tx, PTN_FOLDER_FINDER, ptn_str("found"),
                                  NULL, &search), "search folder");
    memset(&c, 0, sizeof(c));
    c.restriction = ptn_str_make("\x08\x1f\x00\x37\x00", 5);
    c.folders = (ptn_id_t [2]) { yes, no };
    c.n = 2;
    must(ptn_search_folder_set(&tx, search, &c), "criteria");
    keep(s, &tx);

    mb = open_as(s, &bob_acts);
    is_rc(ptn_search_folder_get(mb, s->pool, search, &c), PTN_ENOTFOUND,
          "criteria of what he does not see");
    give(s, search, BOB, PTN_ROLE_EDITOR);

    for (i = 0, more = true; more && i < 1000; i++) {
        mb = open_as(s, NULL);
        must(ptn_search_work(mb, 100, &more), "work");
    }

    must(ptn_view_get(mb, search, &view), "view");
    is_u64(ptn_view_count(view), 3, "the owner's three");
    ptn_view_unref(view);

    mb = open_as(s, &bob_acts);
    must(ptn_view_get(mb, search, &view), "view");
    is_u64(ptn_view_count(view), 1, "one of them is for him");
    ptn_view_row(view, 1, &row);
    is_u64(row.id, ids[0], "that one");
    ptn_view_unref(view);

    must(ptn_table_open(mb, PTN_TABLE_CONTENTS, search, 0, &t), "table");
    is_u64(ptn_table_count(t), 1, "in a table, too");
    is_u64(ptn_table_id(mb, t, 0), ids[0], "the same");
    is_rc(rights_search(mb, search, &hits), PTN_OK, "a search of it");
    is_u64(hits, 1, "finds the same");
    is_rc(ptn_msg_open(mb, s->pool, ids[1], &msg), PTN_ENOTFOUND,
          "the other is not to be opened");

    must(ptn_txn_begin(&tx, mb), "begin");
    is_rc(ptn_msg_copy_ids(&tx, s->pool, search, ids, 3, yes, &to), PTN_OK,
          "copied from it");
    ok(to[0] != 0 && to[1] == 0 && to[2] == 0, "what he reads");
    is_rc(ptn_search_folder_set(&tx, search, &c), PTN_EDENIED,
          "an editor sets no criteria");
    undo(s, &tx);

    /* its own view follows the lists */

    give(s, no, BOB, PTN_ROLE_REVIEWER);
    mb = open_as(s, &bob_acts);
    must(ptn_view_get(mb, search, &view), "view");
    is_u64(ptn_view_count(view), 2, "two when he may read them");
    ptn_view_unref(view);
    must(ptn_table_sync(mb, t, NULL), "sync");
    is_u64(ptn_table_count(t), 2, "of the table, too");
    ptn_table_close(t);

    give(s, no, BOB, 0);
    mb = open_as(s, &bob_acts);
    must(ptn_view_get(mb, search, &view), "view");
    is_u64(ptn_view_count(view), 1, "one again");
    ptn_view_unref(view);

    must(ptn_table_open(mb, PTN_TABLE_CONTENTS, search, 0, &t), "table");
    is_u64(ptn_table_id(mb, t, 0), ids[0], "in a table");
    ptn_table_close(t);

    /* as many, but others */

    give(s, yes, BOB, 0);
    give(s, no, BOB, PTN_ROLE_REVIEWER);
    mb = open_as(s, &bob_acts);
    must(ptn_table_open(mb, PTN_TABLE_CONTENTS, search, 0, &t), "table");
    is_u64(ptn_table_count(t), 1, "one row");
    is_u64(ptn_table_id(mb, t, 0), ids[1], "the other one");
    ptn_table_close(t);
}


/* ---- the hierarchy ------------------------------------------------------ */

/* One synchronisation; *state becomes the client's.  What was told. */

static void
folders(site_t *s, const ptn_actor_t *actor, ptn_ics_state_t *state,
    size_t *ret_n, uint64_t *ret_deleted)
{
    ptn_mbox_t               *mb;
    ptn_ics_tree_t           *t;
    const ptn_ics_state_t    *now;
    ptn_ics_folder_change_t  *ch;

    mb = open_as(s, actor);
    must(ptn_ics_tree_open(mb, top, 0, state, &t), "open");
    must(ptn_ics_tree_next(mb, t, s->pool, 1000, &ch, ret_n), "next");
    *ret_deleted = ptn_idset_count(ptn_ics_tree_deleted(t));
    must(ptn_ics_tree_state(mb, t, &now), "state");
    must(ptn_ics_state_copy(state, now), "state");
    ptn_ics_tree_close(t);
}


static void
hierarchy(site_t *s)
{
    size_t            n, all;
    ptn_id_t          one;
    uint64_t          deleted;
    ptn_ics_state_t   state;

    one = folder(s, top, "one", PTN_ROLE_REVIEWER);
    memset(&state, 0, sizeof(state));
    folders(s, &bob_acts, &state, &all, &deleted);
    folders(s, &bob_acts, &state, &n, &deleted);
    ok(n == 0 && deleted == 0, "he has what there is for him");

    give(s, one, BOB, 0);
    folders(s, &bob_acts, &state, &n, &deleted);
    ok(n == 0 && deleted == 1, "what he does not see any more goes");
    folders(s, &bob_acts, &state, &n, &deleted);
    ok(n == 0 && deleted == 0, "once");

    give(s, one, BOB, PTN_ROLE_REVIEWER);
    folders(s, &bob_acts, &state, &n, &deleted);
    ok(n == 1 && deleted == 0, "and comes again");

    ptn_ics_state_done(&state);
    memset(&state, 0, sizeof(state));
    folders(s, NULL, &state, &n, &deleted);
    ok(n > all, "the owner is told of more");
    ptn_ics_state_done(&state);
}


/* ---- private items ------------------------------------------------------ */

/* Contents as bob is told them, from the state after what the owner was. */

static void
told(site_t *s, ptn_id_t folder, ptn_id_t secret_mid)
{
    size_t                  n;
    uint64_t                deleted;
    ptn_mbox_t             *mb;
    ptn_ics_state_t         state;
    ptn_ics_change_t       *ch;
    ptn_ics_content_t      *c;
    const ptn_ics_state_t  *now;

    memset(&state, 0, sizeof(state));
    mb = open_as(s, &bob_acts);
    must(ptn_ics_content_open(mb, folder, PTN_ICS_NORMAL, NULL, &state, &c),
         "open");
    must(ptn_ics_content_next(mb, c, s->pool, 100, 1 << 20, &ch, &n), "next");
    is_u64(n, 1, "one of two is told");
    ok(ch[0].mid != secret_mid, "the other");
    ptn_ics_content_close(c);

    mb = open_as(s, NULL);
    must(ptn_ics_content_open(mb, folder, PTN_ICS_NORMAL, NULL, &state, &c),
         "open");
    must(ptn_ics_content_next(mb, c, s->pool, 100, 1 << 20, &ch, &n), "next");
    is_u64(n, 2, "both for the owner");
    ptn_ics_content_told(c, PTN_ICS_DELETED);
    must(ptn_ics_content_state(mb, c, &now), "state");
    must(ptn_ics_state_copy(&state, now), "state");
    ptn_ics_content_close(c);

    mb = open_as(s, &bob_acts);
    must(ptn_ics_content_open(mb, folder, PTN_ICS_NORMAL, NULL, &state, &c),
         "open");
    must(ptn_ics_content_next(mb, c, s->pool, 100, 1 << 20, &ch, &n), "next");
    is_u64(n, 0, "nothing new");
    deleted = ptn_idset_count(ptn_ics_content_told(c, PTN_ICS_DELETED));
    is_u64(deleted, 1, "what he may not have is to go");
    must(ptn_ics_content_state(mb, c, &now), "state");
    must(ptn_ics_state_copy(&state, now), "state");
    ptn_ics_content_close(c);

    must(ptn_ics_content_open(mb, folder, PTN_ICS_NORMAL, NULL, &state, &c),
         "open");
    must(ptn_ics_content_next(mb, c, s->pool, 100, 1 << 20, &ch, &n), "next");
    deleted = ptn_idset_count(ptn_ics_content_told(c, PTN_ICS_DELETED));
    ok(n == 0 && deleted == 0, "and then nothing");
    ptn_ics_content_close(c);
    ptn_ics_state_done(&state);
}


static void
secrets(site_t *s)
{
    bool              partial, more, *due;
    size_t            n, i;
    unsigned          hits;
    ptn_id_t          f, open, secret, id, mid;
    uint32_t          status, groups;
    ptn_str_t         key, pcl, name;
    ptn_msg_t        *msg;
    ptn_gone_t       *gone;
    ptn_mbox_t       *mb;
    ptn_idset_t       seen;
    ptn_table_t      *t;
    ptn_txn_t         tx = { 0 };
    ptn_msg_info_t    m;

    f = folder(s, top, "secrets", PTN_ROLE_EDITOR);
    open = message(s, f, 10, false, false);
    secret = message(s, f, 11, true, false);
    memset(&seen, 0, sizeof(seen));

    mb = begin(s, &tx, NULL);
    must(ptn_msg_name_set(&tx, secret, PTN_NAME_HREF, ptn_str("x")), "name");
    must(ptn_msg_get_id(mb, secret, &m), "info");
    keep(s, &tx);

    mid = m.mid;
    told(s, f, mid);

    mb = begin(s, &tx, &bob_acts);
    is_rc(rights_search(mb, f, &hits), PTN_OK, "a search");
    is_u64(hits, 1, "finds the other");
    is_rc(rights_search(mb, 0, &hits), PTN_OK, "of everything");
    is_rc(ptn_msg_change_key(mb, s->pool, secret, &key, &pcl), PTN_ENOTFOUND,
          "no key");
    is_rc(ptn_msg_groups(mb, secret, &seen, &groups), PTN_ENOTFOUND,
          "no groups");
    is_rc(ptn_msg_status_get(mb, secret, &status), PTN_ENOTFOUND,
          "no status");
    is_rc(ptn_msg_status_set(&tx, secret, 8, 8, &status), PTN_ENOTFOUND,
          "to set");
    is_rc(ptn_msg_name_get(mb, s->pool, secret, PTN_NAME_HREF, &name),
          PTN_ENOTFOUND, "no name");
    is_rc(ptn_msg_name_find(mb, f, PTN_NAME_HREF, ptn_str("x"), &id),
          PTN_ENOTFOUND, "of that name");
    is_rc(ptn_msg_name_set(&tx, secret, PTN_NAME_UID, ptn_str("y")),
          PTN_ENOTFOUND, "to name");
    is_rc(ptn_msg_read_ids(&tx, s->pool, &secret, 1, 0, &due), PTN_OK,
          "to read");
    is_rc(ptn_msg_nonread_ids(&tx, &secret, 1), PTN_OK, "to tell of");
    is_rc(ptn_msg_gone_ids(&tx, &secret, 1), PTN_OK, "to delete");
    is_rc(ptn_msg_gone(&tx, f, &m.uid, 1), PTN_OK, "by its uid");
    key = rights_gid(s, mb, m.mid);
    is_rc(ptn_ics_import_deletes(&tx, s->pool, f, &key, 1, true), PTN_OK,
          "by its key");

    for (i = 0, more = true; more && i < 10; i++) {
        is_rc(ptn_folder_clear(&tx, f, 0, 1, &partial, &more), PTN_OK,
              "emptied");
    }

    ok(i < 10, "which ends");
    ok(ptn_msg_get_id(mb, secret, &m) == PTN_OK && !(m.flags & PTN_FLAG_SEEN)
       && ptn_msg_get_id(mb, open, &m) == PTN_ENOTFOUND,
       "it is as it was, the other is gone");
    undo(s, &tx);

    /* among what was deleted */

    message(s, f, 12, true, true);
    message(s, f, 13, false, true);
    begin(s, &tx, NULL);
    must(ptn_msg_gone_ids(&tx, &open, 1), "gone");
    must(ptn_msg_gone_ids(&tx, &secret, 1), "gone");
    keep(s, &tx);

    mb = begin(s, &tx, &bob_acts);
    must(ptn_gone_list(mb, s->pool, f, false, 0, 1, &gone, &n), "list");
    is_u64(n, 1, "one can be recovered");
    is_u64(gone[0].id, open, "the other");
    must(ptn_gone_list(mb, s->pool, f, false, gone[0].modseq, 1, &gone, &n),
         "list");
    is_u64(n, 0, "and that is all");
    is_rc(ptn_gone_open(mb, s->pool, secret, &msg), PTN_ENOTFOUND,
          "nothing to open");
    is_rc(ptn_gone_by_mid(mb, f, mid, &id), PTN_ENOTFOUND, "or to find");
    must(ptn_table_open(mb, PTN_TABLE_GONE, f, 0, &t), "table");
    is_u64(ptn_table_count(t), 1, "one row");
    ptn_table_close(t);
    must(ptn_table_open(mb, PTN_TABLE_FAI, f, 0, &t), "table");
    is_u64(ptn_table_count(t), 1, "one of two that are associated");
    ptn_table_close(t);
    is_rc(ptn_gone_expunge_ids(&tx, &secret, 1), PTN_OK, "passed over");
    keep(s, &tx);
    mb = open_as(s, NULL);
    is_rc(ptn_gone_open(mb, s->pool, secret, &msg), PTN_OK,
          "the owner still has it");
}


/* What the folder says of itself is what it shows. */

static void
counts(site_t *s, const ptn_actor_t *who, ptn_id_t f, const char *what)
{
    size_t                i, n;
    uint32_t              k, unread;
    int64_t               v[3];
    uint32_t              tags[3] = { PTN_PR_CONTENT_COUNT,
                                      PTN_PR_CONTENT_UNREAD,
                                      PTN_PR_MESSAGE_SIZE_EXTENDED };
    uint64_t              size;
    ptn_row_t             row;
    ptn_str_t             values[3];
    ptn_view_t           *view;
    ptn_mbox_t           *mb;
    ptn_msg_info_t        m;
    const ptn_folder_t   *one, *list;

    mb = open_as(s, who);
    must(ptn_view_get(mb, f, &view), "view");

    for (k = 1, unread = 0, size = 0; k <= ptn_view_count(view); k++) {
        ptn_view_row(view, k, &row);
        must(ptn_msg_get_id(mb, row.id, &m), "row");
        unread += !(row.flags & PTN_FLAG_SEEN);
        size += m.size;
    }

    k = ptn_view_count(view);
    ptn_view_unref(view);
    must(ptn_folder_get(mb, f, &one), "get");
    ok(one->total == k && one->unread == unread && one->size == size,
       "%s: %u messages, %u unread, %llu bytes", what, one->total,
       one->unread, (unsigned long long) one->size);
    must(ptn_folder_props(mb, s->pool, f, tags, 3, values), "props");

    for (i = 0; i < 3; i++) {
        (void) ptn_prop_int(tags[i], values[i], &v[i]);
    }

    ok(v[0] == (int64_t) k && v[1] == (int64_t) unread
       && v[2] == (int64_t) size, "as properties");
    must(ptn_folder_list_all(mb, &list, &n), "list");

    for (i = 0; i < n && list[i].id != f; i++) {
        /* void */
    }

    ok(i < n && list[i].total == k && list[i].unread == unread
       && list[i].size == size, "and in the list");
}


static void
counted(site_t *s)
{
    ptn_id_t         f, closed, search, secret, scope[2], *to;
    uint64_t         before, after;
    ptn_mbox_t      *mb;
    ptn_txn_t        tx = { 0 };
    ptn_appended_t   own;
    ptn_mbox_info_t  info;

    f = folder(s, top, "counted", PTN_ROLE_EDITOR);
    closed = folder(s, top, "closed to him", 0);
    message(s, f, 30, false, false);
    mb = open_as(s, &bob_acts);
    must(ptn_mbox_info(mb, &info), "info");
    before = info.messages;
    secret = message(s, f, 31, true, false);
    message(s, f, 32, true, true);
    message(s, closed, 33, false, false);
    counts(s, &bob_acts, f, "without what is private");
    counts(s, NULL, f, "for the owner");
    mb = open_as(s, &bob_acts);
    must(ptn_mbox_info(mb, &info), "info");
    after = info.messages;
    is_u64(after, before, "nor is it in the mailbox's");

    /* amid a transaction, at once */

    begin(s, &tx, NULL);
    must(ptn_msg_flags_ids(&tx, &secret, 1, PTN_FLAGS_ADD, PTN_FLAG_SEEN, 0,
                           NULL), "read");
    keep(s, &tx);
    counts(s, &bob_acts, f, "one that was read");
    mb = begin(s, &tx, &bob_acts);
    must(site_append(s, &tx, f, 34, 0, &own), "append");
    {
        const ptn_folder_t  *one;

        must(ptn_folder_get(mb, f, &one), "get");
        is_u64(one->total, 2, "with what is new in the transaction");
    }
    keep(s, &tx);
    counts(s, &bob_acts, f, "and what he made");

    /* a search folder shows more to its owner */

    begin(s, &tx, NULL);
    must(ptn_search_folder_create(&tx, PTN_FOLDER_FINDER, ptn_str("all"),
                                  NULL, &search), "create");
    scope[0] = f;
    scope[1] = closed;
    {
        ptn_criteria_t  c;

        memset(&c, 0, sizeof(c));
        c.restriction = ptn_str_make("\x08\x1f\x00\x37\x00", 5);
        c.folders = scope;
        c.n = 2;
        must(ptn_search_folder_set(&tx, search, &c), "criteria");
    }
    keep(s, &tx);
    give(s, search, BOB, PTN_ROLE_REVIEWER);
    open_as(s, NULL);
    site_idle(s);
    counts(s, NULL, search, "a search folder, for its owner");
    counts(s, &bob_acts, search, "and for him");
    begin(s, &tx, NULL);
    must(ptn_msg_move_ids(&tx, s->pool, f, &secret, 1, closed, &to), "move");
    keep(s, &tx);
    counts(s, &bob_acts, f, "one that left");
    counts(s, &bob_acts, search, "there as well");
    counts(s, NULL, search, "and for the owner");
}


/* What is over is told to those who could see it. */

static unsigned
heard(site_t *s, const ptn_actor_t *who, ptn_id_t id, uint64_t after)
{
    size_t             i, n;
    uint64_t           last;
    unsigned           hits;
    ptn_mbox_t        *mb;
    ptn_mbox_event_t  *e;

    mb = open_as(s, who);
    must(ptn_mbox_events(mb, s->pool, after, 1000, &e, &n, &last), "events");

    for (i = 0, hits = 0; i < n; i++) {
        hits += e[i].message == id;
    }

    return hits;
}


static void
ended(site_t *s)
{
    size_t             n;
    uint64_t           after;
    ptn_id_t           f, open, secret, soft;
    ptn_mbox_t        *mb;
    ptn_txn_t          tx = { 0 };
    ptn_mbox_event_t  *e;

    f = folder(s, top, "ended", PTN_ROLE_EDITOR);
    mb = open_as(s, NULL);
    must(ptn_mbox_events(mb, s->pool, 0, 0, &e, &n, &after), "events");
    open = message(s, f, 40, false, false);
    secret = message(s, f, 41, true, false);
    soft = message(s, f, 42, true, false);
    begin(s, &tx, NULL);
    must(ptn_msg_expunge_ids(&tx, &open, 1), "expunge");
    must(ptn_msg_expunge_ids(&tx, &secret, 1), "expunge");
    must(ptn_msg_gone_ids(&tx, &soft, 1), "gone");
    keep(s, &tx);

    is_u64(heard(s, &bob_acts, soft, after), 0, "one that can be recovered");
    begin(s, &tx, NULL);
    must(ptn_gone_expunge_ids(&tx, &soft, 1), "for good");
    keep(s, &tx);

    ok(heard(s, &bob_acts, open, after) >= 2, "he hears of one");
    is_u64(heard(s, &bob_acts, secret, after), 0, "and of no private one");
    is_u64(heard(s, &bob_acts, soft, after), 0, "nor when it went in two");
    ok(heard(s, NULL, secret, after) >= 2 && heard(s, NULL, soft, after) >= 2,
       "the owner of all of them");
}


/* ---- what one has made -------------------------------------------------- */

static void
owned(site_t *s)
{
    ptn_id_t         f, alien, *ids;
    uint32_t         status;
    ptn_msg_t       *msg;
    ptn_mbox_t      *mb;
    ptn_txn_t        tx = { 0 };
    ptn_appended_t   a;

    f = folder(s, top, "drop", PTN_RIGHT_VISIBLE|PTN_RIGHT_CREATE
                               |PTN_RIGHT_EDIT_OWNED|PTN_RIGHT_DELETE_OWNED);
    alien = message(s, f, 20, false, false);

    mb = begin(s, &tx, &bob_acts);
    must(site_append(s, &tx, f, 21, 0, &a), "append");
    is_rc(ptn_msg_name_set(&tx, a.id, PTN_NAME_HREF, ptn_str("mine")), PTN_OK,
          "he names his own");
    is_rc(ptn_msg_name_set(&tx, alien, PTN_NAME_HREF, ptn_str("x")),
          PTN_EDENIED, "and no other's");
    is_rc(ptn_msg_status_set(&tx, a.id, 8, 8, &status), PTN_OK, "marks it");
    is_rc(ptn_msg_status_get(mb, alien, &status), PTN_EDENIED, "no other's");
    is_rc(ptn_msg_gone_ids(&tx, &a.id, 1), PTN_OK, "deletes it");
    is_rc(ptn_gone_open(mb, s->pool, a.id, &msg), PTN_OK, "looks at it");
    is_rc(ptn_gone_recover(&tx, s->pool, &a.id, 1, 0, &ids), PTN_OK,
          "and has it back");
    is_u64(ids[0], a.id, "the same");
    is_rc(ptn_msg_gone_ids(&tx, &alien, 1), PTN_EDENIED, "no other's");
    undo(s, &tx);
}


/* ---- the owner's alone -------------------------------------------------- */

static void
alone(site_t *s)
{
    ptn_per_user_t       kept, *per;
    size_t             i, n;
    ptn_id_t           id, f, whole;
    uint64_t           key;
    ptn_mbox_t        *mb;
    ptn_guid_t         guid;
    ptn_str_t          gid, dev = ptn_str("device"), none = ptn_str("");
    ptn_txn_t          tx = { 0 };
    ptn_actor_t        reader;
    ptn_device_t      *devices;
    ptn_receive_t      row, *rows;
    ptn_ics_state_t    state;
    ptn_device_put_t   put;
    ptn_device_sync_t  sync;

    f = folder(s, top, "mail", 0);
    begin(s, &tx, NULL);
    must(ptn_receive_set(&tx, ptn_str("IPM.Mine"), f), "receive folder");
    keep(s, &tx);

    reader = bob_acts;
    reader.user = 99;
    reader.mailbox.b[5] ^= 0x33;
    give(s, top, 99, PTN_ROLE_REVIEWER);
    whole = folder(s, top, "whole", 0);
    give(s, whole, 99, PTN_ROLE_OWNER);
    give(s, PTN_FOLDER_INBOX, 99, PTN_ROLE_OWNER);
    begin(s, &tx, &reader);
    is_rc(ptn_receive_set(&tx, ptn_str("IPM.Note"), whole), PTN_EDENIED,
          "who owns a folder does not send mail there");
    is_rc(ptn_receive_set(&tx, ptn_str("IPM.Mine"), 0), PTN_EDENIED,
          "nor back to the Inbox, which is his as well");
    undo(s, &tx);
    give(s, whole, 99, 0);
    give(s, PTN_FOLDER_INBOX, 99, 0);

    mb = begin(s, &tx, &reader);
    is_rc(ptn_receive_set(&tx, ptn_str("IPM.Note"), top), PTN_EDENIED,
          "where mail goes");
    is_rc(ptn_receive_get(mb, s->pool, ptn_str("IPM.Mine"), &row), PTN_OK,
          "asked");
    ok(row.folder != f, "not the folder that he does not see");
    must(ptn_receive_list(mb, s->pool, &rows, &n), "list");

    for (i = 0; i < n && rows[i].folder != f; i++) {
        /* void */
    }

    is_u64(i, n, "nor in the list");

    is_rc(ptn_ics_local_ids(&tx, 10, &guid, &id), PTN_EDENIED,
          "a reader needs no ids");
    memset(&guid, 0x77, sizeof(guid));
    memset(&state, 0, sizeof(state));
    must(ptn_idset_add(&state.set[PTN_ICS_GIVEN], guid, 1), "a state");
    must(ptn_idset_ready(&state.set[PTN_ICS_GIVEN]), "a state");
    is_rc(ptn_ics_state_learn(&tx, &state), PTN_EDENIED, "and no replicas");
    ptn_ics_state_done(&state);
    gid.data = ptn_palloc(s->pool, PTN_GID_LEN);
    gid.len = PTN_GID_LEN;
    ptn_eid_gid(guid, 1, gid.data);
    is_rc(ptn_ics_id(mb, &tx, gid, &id), PTN_EDENIED, "of a key");
    is_rc(ptn_ics_id(mb, NULL, gid, &id), PTN_ENOTFOUND, "he may ask");

    memset(&put, 0, sizeof(put));
    put.state = ptn_str("state");
    is_rc(ptn_device_put(&tx, dev, none, &put, &key), PTN_EDENIED, "devices");
    is_rc(ptn_device_get(mb, s->pool, dev, none, 0, none, &sync), PTN_EDENIED,
          "what they have");
    is_rc(ptn_device_client_set(&tx, dev, none, ptn_str("1"), 1), PTN_EDENIED,
          "what they call it");
    is_rc(ptn_device_client_get(mb, dev, none, ptn_str("1"), &id),
          PTN_EDENIED, "to ask");
    is_rc(ptn_device_list(mb, s->pool, &devices, &n), PTN_EDENIED, "which");
    is_rc(ptn_device_delete(&tx, dev, none), PTN_EDENIED, "to forget");

    memset(&kept, 0, sizeof(kept));
    is_rc(ptn_per_user_put(&tx, &kept), PTN_EDENIED, "what was read elsewhere");
    is_rc(ptn_per_user_get(mb, s->pool, guid, 1, &kept), PTN_EDENIED,
          "to ask");
    is_rc(ptn_per_user_list(mb, s->pool, guid, &per, &n), PTN_EDENIED,
          "where");
    undo(s, &tx);
}


int
main(void)
{
    site_t  s;

    rights_site(&s);
    top = folder(&s, PTN_FOLDER_IPM_SUBTREE, "top",
                 PTN_ROLE_REVIEWER|PTN_RIGHT_CREATE_SUBFOLDER);

    removing(&s);
    recovering(&s);
    copying(&s);
    found(&s);
    hierarchy(&s);
    secrets(&s);
    counted(&s);
    ended(&s);
    owned(&s);
    alone(&s);

    site_check(&s, "alice");
    site_done(&s);

    return done_testing();
}
