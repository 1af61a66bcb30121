/*
 * Every public call of the mailbox, with each right missing that it needs and
 * with these rights alone.  A call of the headers that is not in a table of
 * rights_items.h or rights_guard.h fails the test.
 */

#include "rights_guard.h"


/* ---- each right ---------------------------------------------------------- */

/* Whatever modify adds to what was asked for: as it is in the row. */

static void
give_raw(site_t *s, ptn_id_t folder, uint64_t member, uint32_t rights)
{
    char         sql[200];
    ptn_mbox_t  *mb;

    mb = open_as(s, NULL);
    snprintf(sql, sizeof(sql), "INSERT OR REPLACE INTO permission VALUES"
             " (%llu, %llu, %u)", (unsigned long long) folder,
             (unsigned long long) member, rights);
    must(ptn_sql_exec(mb, sql), "sql");
    ptn_mbox_forget(mb);
}


static ptn_rc_t
run_row(rights_ctx_t *c, const rights_row_t *row)
{
    ptn_rc_t   rc;
    ptn_txn_t  tx = { 0 };

    must(ptn_mbox_open(c->s->store, &bob, &bob_acts, &c->own), "own");
    c->mb = open_as(c->s, &bob_acts);

    if (!row->tx) {
        return row->run(c);
    }

    must(ptn_txn_begin(&tx, c->mb), "begin");
    c->tx = &tx;
    rc = row->run(c);
    ptn_txn_done(&tx);
    ptn_store_rollback(c->s->store);

    return rc;
}


static void
each_right(rights_ctx_t *c)
{
    char                 name[128];
    size_t               i;
    ptn_rc_t             rc, want;
    uint32_t             bit, rights;
    const rights_row_t  *row;

    for (i = 0; i < ptn_nelts(rows); i++) {
        row = &rows[i];

        /* nothing: it is not there */

        give_raw(c->s, c->folder, BOB, 0);
        snprintf(name, sizeof(name), "%s, nothing", row->call);
        is_rc(run_row(c, row), PTN_ENOTFOUND, name);

        /* all but one that it needs */

        for (bit = 1; bit <= PTN_RIGHT_ALL; bit <<= 1) {
            if (!(row->need & bit)) {
                continue;
            }

            rights = PTN_RIGHT_ALL & ~bit;
            want = (bit == PTN_RIGHT_VISIBLE) ? PTN_ENOTFOUND : PTN_EDENIED;

            /* what "get" tells does not need the bit */

            if (row->run == run_rights_get) {
                continue;
            }

            give_raw(c->s, c->folder, BOB, rights);
            snprintf(name, sizeof(name), "%s without 0x%x", row->call, bit);
            rc = run_row(c, row);
            ok(rc == want, "%s: %s", name, ptn_err(rc)->name);
        }

        give_raw(c->s, c->folder, BOB, row->need | PTN_RIGHT_VISIBLE);
        snprintf(name, sizeof(name), "%s, what it needs", row->call);
        is_rc(run_row(c, row), PTN_OK, name);
    }
}


/* What the calls of rights_calls.h work on. */

static ptn_table_t *
categories(rights_ctx_t *c, ptn_mbox_t *mb, unsigned expanded)
{
    ptn_sort_t         sort = { PTN_PR_SUBJECT, false };
    ptn_table_t       *t;
    ptn_table_order_t  o = { &sort, 1, 1, expanded, PTN_CATEGORY_PLAIN };

    must(ptn_table_open(mb, PTN_TABLE_CONTENTS, c->folder, 0, &t), "table");
    must(ptn_table_order(mb, t, &o), "order");

    return t;
}


static void
prepare(rights_ctx_t *c)
{
    ptn_mbox_t       *mb;
    ptn_guid_t        guid;
    ptn_txn_t         tx = { 0 };
    ptn_appended_t    a;
    ptn_msg_info_t    m;
    ptn_table_key_t   key;
    ptn_ics_state_t   state;

    mb = open_as(c->s, NULL);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(site_append(c->s, &tx, c->folder, 80, 0, &a), "append");
    must(ptn_msg_get_id(mb, a.id, &m), "mid");
    c->gone = a.id;
    c->gone_mid = m.mid;
    must(site_append(c->s, &tx, c->other, 81, 0, &a), "append");
    c->gone_other = a.id;
    must(ptn_msg_gone_ids(&tx, &c->gone, 1), "gone");
    must(ptn_msg_gone_ids(&tx, &c->gone_other, 1), "gone");
    must(ptn_msg_get_id(mb, c->elsewhere, &m), "mid");
    c->elsewhere_mid = m.mid;
    must(ptn_rule_add(&tx, c->folder, &rights_rule, &c->rule), "rule");
    must(ptn_msg_name_set(&tx, c->msg, PTN_NAME_HREF, ptn_str("a.ics")),
         "name");
    must(ptn_search_folder_create(&tx, PTN_FOLDER_FINDER, ptn_str("find"),
                                  NULL, &c->search), "search folder");
    must(ptn_ics_local_ids(&tx, 10, &guid, &c->local), "ids");
    must(ptn_txn_commit(&tx), "commit");
    must(ptn_store_commit(c->s->store), "commit");
    give(c->s, c->search, BOB, PTN_ROLE_OWNER);

    mb = open_as(c->s, NULL);
    memset(&state, 0, sizeof(state));
    must(ptn_ics_content_open(mb, c->folder, PTN_ICS_NORMAL, NULL, &state,
                              &c->content), "contents");
    must(ptn_ics_tree_open(mb, c->folder, 0, &state, &c->tree), "hierarchy");
    c->cats = categories(c, mb, 0);
    c->open = categories(c, mb, 1);
    memset(&key, 0, sizeof(key));
    must(ptn_table_state_get(mb, c->cats, c->s->pool, &key, &c->state),
         "state");
}


/* ---- by hand ------------------------------------------------------------- */

static void
owned(site_t *s, ptn_id_t folder)
{
    ptn_msg_t       *msg;
    ptn_mbox_t      *mb;
    ptn_table_t     *t;
    ptn_txn_t        tx = { 0 };
    ptn_appended_t   a;

    give(s, folder, BOB, PTN_RIGHT_CREATE|PTN_RIGHT_VISIBLE
                         |PTN_RIGHT_EDIT_OWNED|PTN_RIGHT_DELETE_OWNED);
    mb = open_as(s, &bob_acts);

    must(ptn_txn_begin(&tx, mb), "begin");
    is_rc(site_append(s, &tx, folder, 10, 0, &a), PTN_OK, "his own message");
    is_rc(ptn_msg_open(mb, s->pool, a.id, &msg), PTN_OK, "he reads it");
    is_rc(ptn_msg_flags_ids(&tx, &a.id, 1, PTN_FLAGS_ADD, PTN_FLAG_SEEN, 0,
                            NULL), PTN_OK, "flags it");
    must(ptn_txn_commit(&tx), "commit");
    must(ptn_store_commit(s->store), "commit");

    is_rc(ptn_table_open(mb, PTN_TABLE_CONTENTS, folder, 0, &t), PTN_EDENIED,
          "but lists none");

    give(s, folder, BOB, PTN_RIGHT_VISIBLE|PTN_RIGHT_READ_ANY);
    mb = open_as(s, &bob_acts);
    must(ptn_txn_begin(&tx, mb), "begin");
    is_rc(ptn_msg_expunge_ids(&tx, &a.id, 1), PTN_EDENIED,
          "without DeleteOwned it stays");
    ptn_txn_done(&tx);
    ptn_store_rollback(s->store);

    give(s, folder, BOB, PTN_RIGHT_VISIBLE|PTN_RIGHT_DELETE_OWNED);
    mb = open_as(s, &bob_acts);
    must(ptn_txn_begin(&tx, mb), "begin");
    is_rc(ptn_msg_expunge_ids(&tx, &a.id, 1), PTN_OK, "with it it goes");
    must(ptn_txn_commit(&tx), "commit");
    must(ptn_store_commit(s->store), "commit");
}


static void
secrets(site_t *s, ptn_id_t folder)
{
    u_char           v[4] = { 2 };
    bool             more;
    size_t           n;
    ptn_msg_t       *msg;
    ptn_mbox_t      *mb;
    ptn_view_t      *view;
    ptn_sync_t       sync;
    ptn_table_t     *t;
    ptn_saved_t      saved;
    ptn_appended_t   a, open;
    ptn_bag_prop_t   p = { PTN_PR_SENSITIVITY, { 4, v } };
    ptn_sync_change_t  *changes;
    ptn_save_t       save;
    ptn_txn_t        tx = { 0 };
    const ptn_object_t  *object;

    give(s, folder, BOB, PTN_ROLE_EDITOR);
    mb = open_as(s, NULL);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(site_append(s, &tx, folder, 20, 0, &open), "append");
    must(site_append(s, &tx, folder, 21, 0, &a), "append");
    must(ptn_msg_open(mb, s->pool, a.id, &msg), "open");
    must(ptn_msg_object(msg, PTN_OXCMAIL_ALL, &object), "object");
    memset(&save, 0, sizeof(save));
    save.object = object;
    must(ptn_props_set_dup(&((ptn_object_t *) (uintptr_t) object)->props,
                           s->pool, p.tag, p.value), "private");
    must(ptn_msg_update(&tx, s->pool, a.id, &save, 0, &saved), "update");
    must(ptn_txn_commit(&tx), "commit");
    must(ptn_store_commit(s->store), "commit");

    is_rc(ptn_msg_open(mb, s->pool, a.id, &msg), PTN_OK, "the owner's");

    /* as a former version left it */

    must(ptn_sql_exec(mb, "DELETE FROM mark"), "sql");
    must(ptn_mark_all(mb), "mark");

    mb = open_as(s, &bob_acts);
    is_rc(ptn_msg_open(mb, s->pool, a.id, &msg), PTN_ENOTFOUND,
          "private: not there for an editor");
    is_rc(ptn_msg_open(mb, s->pool, open.id, &msg), PTN_OK, "another one is");

    must(ptn_view_get(mb, folder, &view), "view");
    n = ptn_view_count(view);
    ptn_view_unref(view);
    must(ptn_table_open(mb, PTN_TABLE_CONTENTS, folder, 0, &t), "table");
    is_u64(ptn_table_count(t), n, "the table shows what the view does");
    is_u64(ptn_table_find(mb, t, a.id), n, "and not that one");
    ok(ptn_table_find(mb, t, open.id) < n, "but the other");
    ptn_table_close(t);

    memset(&sync, 0, sizeof(sync));
    must(ptn_sync_items(mb, s->pool, folder, false, &sync, 100, &changes, &n,
                        &more), "sync");

    while (n > 0 && changes[n - 1].id != a.id) {
        n--;
    }

    is_u64(n, 0, "nor does a synchronisation");

    mb = open_as(s, NULL);
    must(ptn_view_get(mb, folder, &view), "view");
    ok(ptn_view_find(view, saved.uid) <= ptn_view_count(view),
       "the owner's view has it");
    ptn_view_unref(view);
}


static void
trees(site_t *s)
{
    ptn_id_t              top, sub, made;
    uint32_t              rights;
    ptn_mbox_t           *mb;
    ptn_txn_t             tx = { 0 };
    const ptn_folder_t   *f;

    mb = open_as(s, NULL);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_folder_create(&tx, PTN_FOLDER_IPM_SUBTREE, ptn_str("top"), NULL,
                           &top), "create");
    must(ptn_folder_create(&tx, top, ptn_str("sub"), NULL, &sub), "create");
    must(ptn_txn_commit(&tx), "commit");
    must(ptn_store_commit(s->store), "commit");

    give(s, top, BOB, PTN_ROLE_EDITOR);
    mb = open_as(s, &bob_acts);
    must(ptn_txn_begin(&tx, mb), "begin");
    is_rc(ptn_folder_move(&tx, top, PTN_FOLDER_IPM_SUBTREE, ptn_str("x")),
          PTN_EDENIED, "an editor renames no folder");
    is_rc(ptn_folder_delete(&tx, top, true), PTN_EDENIED, "and deletes none");
    is_rc(ptn_folder_delete(&tx, sub, true), PTN_ENOTFOUND,
          "what it does not see is not there");
    is_rc(ptn_folder_get(mb, sub, &f), PTN_ENOTFOUND, "nor to get");
    ptn_txn_done(&tx);
    ptn_store_rollback(s->store);

    give(s, top, BOB, PTN_ROLE_OWNER);
    mb = open_as(s, &bob_acts);
    must(ptn_txn_begin(&tx, mb), "begin");
    is_rc(ptn_folder_move(&tx, top, PTN_FOLDER_IPM_SUBTREE, ptn_str("x")),
          PTN_OK, "its owner renames it");
    is_rc(ptn_folder_move(&tx, top, PTN_FOLDER_INBOX, ptn_str("x")),
          PTN_ENOTFOUND, "but not to where he sees nothing");
    is_rc(ptn_folder_delete(&tx, top, true), PTN_EDENIED,
          "and takes no other's folder along");
    is_rc(ptn_folder_create(&tx, top, ptn_str("mine"), NULL, &made), PTN_OK,
          "he makes one");
    is_rc(ptn_rights_get(mb, made, &rights), PTN_OK, "and has rights on it");
    is_u64(rights, PTN_ROLE_OWNER, "the owner's");
    is_rc(ptn_folder_delete(&tx, made, true), PTN_OK, "so it may go");
    must(ptn_txn_commit(&tx), "commit");
    must(ptn_store_commit(s->store), "commit");
}


static void
groups(site_t *s, ptn_id_t folder)
{
    uint32_t     rights;
    uint64_t     ids[2] = { 50, 51 };
    ptn_mbox_t  *mb;
    ptn_actor_t  a;

    a = bob_acts;
    a.user = 3;
    a.mailbox.b[3] ^= 0x55;
    a.groups = ids;
    a.ngroups = 2;

    give(s, folder, 50, PTN_ROLE_REVIEWER);
    give(s, folder, 51, PTN_RIGHT_CREATE|PTN_RIGHT_VISIBLE);
    give(s, folder, 52, PTN_ROLE_OWNER);
    give(s, folder, PTN_MEMBER_DEFAULT, PTN_RIGHT_DELETE_ANY);
    give(s, folder, PTN_MEMBER_ANONYMOUS, PTN_ROLE_OWNER);

    mb = open_as(s, &a);
    ptn_rights_get(mb, folder, &rights);
    is_u64(rights, PTN_ROLE_REVIEWER|PTN_RIGHT_CREATE,
           "groups: all of them together, and nothing of Default");

    mb = open_as(s, NULL);
    is_rc(ptn_rights_of(mb, folder, &a, &rights), PTN_OK, "asked from outside");
    is_u64(rights, PTN_ROLE_REVIEWER|PTN_RIGHT_CREATE, "the same");

    a.ngroups = 0;
    a.groups = NULL;
    a.generation++;
    mb = open_as(s, &a);
    ptn_rights_get(mb, folder, &rights);
    is_u64(rights, PTN_RIGHT_DELETE_ANY|PTN_RIGHT_DELETE_OWNED,
           "out of the groups: Default's, at once");
    is_rc(ptn_rights_of(mb, folder, &bob_acts, &rights), PTN_EDENIED,
          "others' rights are not for him");

    give(s, folder, 3, 0);
    give(s, folder, 50, 0);
    is_rc(ptn_mbox_open(s->store, &alice, &a, &mb), PTN_ENOTFOUND,
          "an entry without rights keeps Default out");
    give(s, folder, PTN_MEMBER_DEFAULT, 0);
}


static void
lists(site_t *s, ptn_id_t folder)
{
    size_t               n;
    ptn_mbox_t          *mb;
    ptn_permission_t    *list;
    ptn_txn_t            tx = { 0 };
    ptn_permission_op_t  ops[3];

    mb = open_as(s, NULL);
    must(ptn_txn_begin(&tx, mb), "begin");

    memset(ops, 0, sizeof(ops));
    ops[0].op = PTN_PERMISSION_ADD;
    ops[0].entry.member = 9;
    ops[0].entry.rights = PTN_RIGHT_EDIT_ANY|PTN_RIGHT_READ_ANY;
    ops[1].op = PTN_PERMISSION_MODIFY;
    ops[1].entry.member = 12345;
    ops[1].entry.rights = PTN_ROLE_OWNER;
    ops[2].op = PTN_PERMISSION_REMOVE;
    ops[2].entry.member = 54321;

    is_rc(ptn_rights_modify(&tx, PTN_FOLDER_CALENDAR, false, false, ops, 3),
          PTN_OK, "what is not in the list is passed over");
    must(ptn_rights_list(mb, s->pool, PTN_FOLDER_CALENDAR, true, &list, &n),
         "list");
    is_u64(n, 3, "Default, Anonymous, and one");
    is_u64(list[0].member, PTN_MEMBER_DEFAULT, "Default first");
    is_u64(list[0].rights, PTN_RIGHT_FREEBUSY_SIMPLE,
           "who may ask when alice is busy");
    is_u64(list[1].member, PTN_MEMBER_ANONYMOUS, "Anonymous");
    is_u64(list[1].rights, 0, "who may nothing");
    is_u64(list[2].rights, PTN_RIGHT_EDIT_ANY|PTN_RIGHT_EDIT_OWNED
                           |PTN_RIGHT_READ_ANY|PTN_RIGHT_VISIBLE
                           |PTN_RIGHTS_FREEBUSY,
           "with what the rights imply, and free/busy of a calendar");

    must(ptn_rights_list(mb, s->pool, PTN_FOLDER_CALENDAR, false, &list, &n),
         "list");
    is_u64(list[2].rights & PTN_RIGHTS_FREEBUSY, 0, "not shown unless asked");

    ops[0].op = PTN_PERMISSION_MODIFY;
    ops[0].entry.rights = PTN_ROLE_REVIEWER|PTN_RIGHT_FREEBUSY_SIMPLE;
    is_rc(ptn_rights_modify(&tx, PTN_FOLDER_CALENDAR, false, true, ops, 1),
          PTN_OK, "with IncludeFreeBusy");
    must(ptn_rights_list(mb, s->pool, PTN_FOLDER_CALENDAR, true, &list, &n),
         "list");
    is_u64(list[2].rights, PTN_ROLE_REVIEWER|PTN_RIGHT_FREEBUSY_SIMPLE,
           "they are as given");

    is_rc(ptn_rights_modify(&tx, folder, false, true, ops, 1), PTN_EINVAL,
          "on the calendar only");
    ops[0].entry.rights = 0x4;
    is_rc(ptn_rights_modify(&tx, folder, false, false, ops, 1), PTN_EINVAL,
          "a bit that is none");

    ops[0].op = PTN_PERMISSION_ADD;
    ops[0].entry.member = 10;
    ops[0].entry.rights = PTN_ROLE_REVIEWER;
    is_rc(ptn_rights_modify(&tx, PTN_FOLDER_CALENDAR, true, false, ops, 2),
          PTN_EINVAL, "replace takes what is added only");
    is_rc(ptn_rights_modify(&tx, PTN_FOLDER_CALENDAR, true, false, ops, 1),
          PTN_OK, "replaced");
    must(ptn_rights_list(mb, s->pool, PTN_FOLDER_CALENDAR, true, &list, &n),
         "list");
    is_u64(n, 3, "one is in place of the other");
    is_u64(list[2].member, 10, "the new one");
    is_u64(list[0].rights, PTN_RIGHT_FREEBUSY_SIMPLE, "Default stays");

    must(ptn_txn_commit(&tx), "commit");
    must(ptn_store_commit(s->store), "commit");
}


static ptn_rc_t
access_full(void *ctx, uint64_t user PTN_UNUSED, uint64_t owner PTN_UNUSED,
    uint32_t *ret)
{
    *ret = *(uint32_t *) ctx;

    return PTN_OK;
}


static void
doors(site_t *s, ptn_id_t folder)
{
    bool          warn;
    unsigned      bit;
    uint16_t      id;
    uint32_t      access;
    ptn_id_t      gone;
    ptn_mbox_t   *mb, *again;
    ptn_table_t  *table;
    ptn_named_t   name;
    ptn_quota_t   quota;
    ptn_actor_t   stranger;
    ptn_acting_t  was;
    ptn_txn_t     tx = { 0 };
    ptn_permission_op_t  shut;
    uint32_t      tag = PTN_PR_MESSAGE_SIZE_EXTENDED;
    ptn_str_t     value;
    ptn_props_t   props;
    ptn_bag_prop_t  comment = { PTN_PR_COMMENT, ptn_str("mine") };

    stranger = bob_acts;
    stranger.user = 99;
    stranger.mailbox.b[5] ^= 0x33;

    is_rc(ptn_mbox_open(s->store, &alice, &stranger, &mb), PTN_ENOTFOUND,
          "a stranger finds no mailbox");
    give(s, PTN_FOLDER_CALENDAR, 99, 0);
    is_rc(ptn_mbox_open(s->store, &alice, &stranger, &mb), PTN_ENOTFOUND,
          "nor does one with free/busy alone");
    give(s, folder, 99, PTN_ROLE_REVIEWER);
    is_rc(ptn_mbox_open(s->store, &alice, &stranger, &mb), PTN_OK,
          "one who may read a folder does");
    ok(!ptn_mbox_is_owner(mb) && !ptn_mbox_may_all(mb), "and is no owner");

    memset(&name, 0, sizeof(name));
    name.by_name = true;
    name.name = ptn_str("something");
    must(ptn_txn_begin(&tx, mb), "begin");
    is_rc(ptn_keyword_add(&tx, ptn_str("k"), &bit), PTN_EDENIED,
          "a reader makes no keyword");
    is_rc(ptn_named_ids(mb, &tx, &name, 1, &id), PTN_EDENIED,
          "and no named property");
    is_rc(ptn_store_props_set(&tx, &comment, 1), PTN_EDENIED,
          "nor sets the store's properties");
    ptn_txn_done(&tx);
    ptn_store_rollback(s->store);
    is_rc(ptn_named_ids(mb, NULL, &name, 1, &id), PTN_OK, "he may look");
    is_rc(ptn_quota_get(mb, &quota, &warn), PTN_EDENIED,
          "quotas are the owner's affair");
    is_rc(ptn_table_open_recoverable(mb, NULL, &table), PTN_EDENIED,
          "so is what can be recovered");
    is_rc(ptn_gone_by_mid(mb, 0, 1000, &gone), PTN_EDENIED,
          "of any folder");
    is_rc(ptn_store_props(mb, s->pool, &tag, 1, &value), PTN_OK,
          "properties of the store can be read");
    ok(value.data == NULL, "but sizes are not his to know");
    is_rc(ptn_store_props_all(mb, s->pool, &props), PTN_OK, "all of them");

    /* the server's own work amid somebody's job */

    must(ptn_mbox_open_system(s->store, &alice, &again, &was), "system");
    ok(again == mb && ptn_mbox_may_all(mb), "the system may all");
    ptn_mbox_back(mb, &was);
    ok(!ptn_mbox_may_all(mb), "and then it is his again");

    /* the last right goes while it acts: a job, and the next one */

    memset(&shut, 0, sizeof(shut));
    shut.op = PTN_PERMISSION_REMOVE;
    shut.entry.member = 99;
    must(ptn_mbox_open_system(s->store, &alice, &again, &was), "system");
    must(ptn_txn_begin(&tx, again), "begin");
    must(ptn_rights_modify(&tx, folder, false, false, &shut, 1), "modify");
    must(ptn_txn_commit(&tx), "commit");
    must(ptn_store_commit(s->store), "commit");
    ptn_mbox_back(again, &was);
    is_rc(ptn_mbox_open(s->store, &alice, &stranger, &mb), PTN_ENOTFOUND,
          "who was let in before is not any more");

    s->store->access = access_full;
    s->store->access_ctx = &access;
    access = PTN_ACCESS_FULL;
    stranger.user = 98;
    must(ptn_mbox_open(s->store, &alice, &stranger, &mb), "full");
    ok(ptn_mbox_may_all(mb) && !ptn_mbox_is_owner(mb), "full access");
    s->store->access = NULL;
}


static void
events(rights_ctx_t *c)
{
    ptn_id_t             *ids;
    size_t                i, n;
    uint64_t              last, before;
    ptn_mbox_t           *mb;
    ptn_txn_t             tx = { 0 };
    ptn_appended_t        a;
    ptn_mbox_event_t     *e;

    give(c->s, c->folder, BOB, 0);
    c->mb = open_as(c->s, &bob_acts);
    is_rc(run_events(c), PTN_ENOTFOUND, "events of what he does not see");
    give(c->s, c->folder, BOB, PTN_RIGHT_VISIBLE);
    c->mb = open_as(c->s, &bob_acts);
    is_rc(run_events(c), PTN_ENOTFOUND, "or may not read");
    give(c->s, c->folder, BOB, PTN_ROLE_REVIEWER);
    c->mb = open_as(c->s, &bob_acts);
    is_rc(run_events(c), PTN_OK, "of what he may");

    /* moved in and out of what he sees */

    mb = open_as(c->s, NULL);
    ptn_mbox_events(mb, c->s->pool, UINT64_MAX, 1, &e, &n, &before);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(site_append(c->s, &tx, PTN_FOLDER_INBOX, 70, 0, &a), "append");
    must(ptn_msg_move_ids(&tx, c->s->pool, PTN_FOLDER_INBOX, &a.id, 1,
                          c->folder, &ids), "move");
    must(ptn_msg_move_ids(&tx, c->s->pool, c->folder, &a.id, 1,
                          PTN_FOLDER_INBOX, &ids), "move");
    must(ptn_txn_commit(&tx), "commit");
    must(ptn_store_commit(c->s->store), "commit");

    mb = open_as(c->s, &bob_acts);
    must(ptn_mbox_events(mb, c->s->pool, before, 1000, &e, &n, &last),
         "events");
    is_u64(n, 2, "two of three are his");

    for (i = 0; i < n; i++) {
        is_u64(e[i].kind, i ? PTN_MBOX_EVENT_DELETED : PTN_MBOX_EVENT_NEW,
               i ? "what leaves is deleted" : "what comes is new");
        is_u64(e[i].folder, c->folder, "in his folder");
    }
}


/* A transaction that failed, or is over, is told to each call: none works. */

static void
failed(const rights_ctx_t *ctx)
{
    size_t        i;
    ptn_rc_t      rc;
    ptn_txn_t     tx = { 0 };
    rights_ctx_t  c;

    c = *ctx;
    c.mb = open_as(c.s, NULL);
    c.tx = &tx;

    for (i = 0; i < ptn_nelts(rows); i++) {
        if (!rows[i].tx) {
            continue;
        }

        must(ptn_txn_begin(&tx, c.mb), "begin");
        ptn_txn_poison(&tx, PTN_EQUOTA);
        rc = rows[i].run(&c);
        ok(rc == PTN_EQUOTA, "%s in a failed transaction: %s", rows[i].call,
           ptn_err(rc)->name);
        is_rc(ptn_txn_commit(&tx), PTN_EQUOTA, "which is not committed");

        rc = rows[i].run(&c);
        ok(rc == PTN_EINTERNAL, "%s after its end: %s", rows[i].call,
           ptn_err(rc)->name);
        ptn_store_rollback(c.s->store);
    }
}


/* Every door: what clients add, what is delivered, what is sent. */

static void
quotas(site_t *s)
{
    bool            warn;
    int64_t         v;
    uint32_t        tags[] = { PTN_PR_PROHIBIT_SEND_QUOTA,
                               PTN_PR_PROHIBIT_RECEIVE_QUOTA,
                               PTN_PR_STORAGE_QUOTA_LIMIT,
                               PTN_PR_MESSAGE_SIZE_EXTENDED };
    ptn_str_t       values[4];
    ptn_user_t      u;
    ptn_mbox_t     *mb;
    ptn_append_t    a;
    ptn_appended_t  got;
    ptn_quota_t     quota;
    ptn_txn_t       tx = { 0 };
    ptn_bag_prop_t  p = { PTN_PR_COMMENT, ptn_str("about me") };

    u = site_user(s, "carol");
    u.id = 7;
    u.quota = 20480;
    u.quota_receive = 40960;
    u.quota_send = 30720;
    u.quota_warn = 10240;
    must(ptn_mbox_open(s->store, &u, NULL, &mb), "open");

    is_rc(ptn_quota_get(mb, &quota, &warn), PTN_OK, "quotas");
    ok(!warn && quota.used == 0 && quota.store == 20480, "nothing is used");

    must(ptn_txn_begin(&tx, mb), "begin");
    memset(&a, 0, sizeof(a));
    a.raw = site_message(s, 15000);
    is_rc(ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &got), PTN_OK, "room");
    is_rc(ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &got), PTN_EQUOTA,
          "none for a client any more");
    is_rc(ptn_quota_send(mb), PTN_OK, "it may send");
    a.delivery = true;
    is_rc(ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &got), PTN_OK,
          "and is delivered to");
    is_rc(ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &got), PTN_EQUOTA,
          "once");
    is_rc(ptn_quota_send(mb), PTN_EQUOTA, "no sending from here on");
    is_rc(ptn_quota_get(mb, &quota, &warn), PTN_OK, "quotas");
    ok(warn, "a warning is due");

    is_rc(ptn_store_props(mb, s->pool, tags, 4, values), PTN_OK, "properties");
    ok(ptn_prop_int(tags[0], values[0], &v) && v == 30, "send, in KB");
    ok(ptn_prop_int(tags[1], values[1], &v) && v == 40, "receive");
    ok(ptn_prop_int(tags[2], values[2], &v) && v == 10, "warn");
    ok(ptn_prop_int(tags[3], values[3], &v) && (uint64_t) v == quota.used,
       "the size");

    is_rc(ptn_store_props_set(&tx, &p, 1), PTN_OK, "a comment");
    is_rc(ptn_store_props(mb, s->pool, &p.tag, 1, values), PTN_OK, "got");
    is_str(values[0], "about me", "the same");
    p.tag = PTN_PR_MESSAGE_SIZE;
    is_rc(ptn_store_props_set(&tx, &p, 1), PTN_EDENIED, "no size is set");
    must(ptn_txn_commit(&tx), "commit");
    must(ptn_store_commit(s->store), "commit");
}


int
main(void)
{
    site_t          s;
    ptn_txn_t       tx = { 0 };
    ptn_msg_t      *msg;
    ptn_mbox_t     *mb;
    rights_ctx_t    c;
    ptn_appended_t  a;
    ptn_msg_info_t  info;

    guard();

    rights_site(&s);

    memset(&c, 0, sizeof(c));
    c.s = &s;
    c.folder = PTN_FOLDER_NOTES;

    mb = open_as(&s, NULL);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_folder_create(&tx, PTN_FOLDER_IPM_SUBTREE, ptn_str("other"), NULL,
                           &c.other), "create");
    must(site_append(&s, &tx, c.folder, 40, 0, &a), "append");
    c.msg = a.id;
    c.uid = a.uid;
    must(site_append(&s, &tx, c.other, 50, 0, &a), "append");
    c.elsewhere = a.id;
    c.other_uid = a.uid;
    must(ptn_txn_commit(&tx), "commit");
    must(ptn_store_commit(s.store), "commit");

    must(ptn_msg_open(mb, s.pool, c.msg, &msg), "open");
    ptn_msg_info(msg, &info);
    ptn_msg_row(msg, &c.row);
    c.mid = info.mid;
    must(ptn_table_open(mb, PTN_TABLE_CONTENTS, c.folder, 0, &c.table),
         "table");
    give(&s, c.other, BOB, PTN_ROLE_OWNER);

    events(&c);
    prepare(&c);
    failed(&c);
    each_right(&c);
    ptn_ics_content_close(c.content);
    ptn_ics_tree_close(c.tree);
    ptn_table_close(c.cats);
    ptn_table_close(c.open);
    owned(&s, c.other);
    secrets(&s, c.other);
    trees(&s);
    groups(&s, c.folder);
    lists(&s, c.folder);
    doors(&s, c.folder);
    quotas(&s);

    ptn_table_close(c.table);
    site_check(&s, "alice");
    site_check(&s, "bob");
    site_check(&s, "carol");
    site_done(&s);

    return done_testing();
}
