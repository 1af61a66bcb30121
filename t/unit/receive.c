/*
 * Receive folders and rules: MS-OXCSTOR 3.2.5.2 to 3.2.5.4, MS-OXORULE
 * 2.2.1.3.
 */

#include "folder_parts.h"


static void
test_get(site_t *s)
{
    size_t          i, n;
    ptn_id_t        own, other;
    ptn_mbox_t     *mb;
    ptn_receive_t   r, *all;
    ptn_txn_t       tx = { 0 };

    static const struct {
        const char  *cls, *found;
        ptn_id_t     folder;
    } rows[] = {
        { "", "", PTN_FOLDER_INBOX },
        { "IPM", "IPM", PTN_FOLDER_INBOX },
        { "ipm.Note", "IPM", PTN_FOLDER_INBOX },
        { "IPMX.Note", "", PTN_FOLDER_INBOX },
        { "IPC", "IPC", PTN_FOLDER_ROOT },
        { "IPC.Paper.Order", "IPC", PTN_FOLDER_ROOT },
        { "REPORT.IPM.Note.NDR", "Report.IPM", PTN_FOLDER_INBOX },
        { "Report.IPC", "", PTN_FOLDER_INBOX },
        { "MY.Class", "", PTN_FOLDER_INBOX }
    };

    static const char *const  bad[] = {
        ".a", "a.", "a..b", "a\x7f", "a\n", "\xc3\xa4"
    };

    mb = site_open(s, "receive");

    for (i = 0; i < ptn_nelts(rows); i++) {
        is_rc(ptn_receive_get(mb, s->pool, ptn_str_z(rows[i].cls), &r),
              PTN_OK, rows[i].cls);
        ok(ptn_str_eqz(r.cls, rows[i].found) && r.folder == rows[i].folder,
           "\"%s\" goes by \"%s\"", rows[i].cls, rows[i].found);
    }

    ptn_txn_begin(&tx, mb);

    for (i = 0; i < ptn_nelts(bad); i++) {
        is_rc(ptn_receive_get(mb, s->pool, ptn_str_z(bad[i]), &r), PTN_EINVAL,
              "no class");
        is_rc(ptn_receive_set(&tx, ptn_str_z(bad[i]), PTN_FOLDER_SENT),
              PTN_EINVAL, "none to be set");
    }

    is_rc(ptn_receive_set(&tx, ptn_str("ipm"), PTN_FOLDER_SENT), PTN_EDENIED,
          "R859");
    is_rc(ptn_receive_set(&tx, ptn_str("Report.IPM"), PTN_FOLDER_SENT),
          PTN_EDENIED, "R272");
    is_rc(ptn_receive_set(&tx, ptn_str(""), 0), PTN_EINTERNAL, "R860");
    is_rc(ptn_receive_set(&tx, ptn_str("X"), 77777), PTN_ENOTFOUND,
          "no folder");
    ptn_txn_done(&tx);

    own = parts_folder(mb, PTN_FOLDER_IPM_SUBTREE, "own");
    other = parts_folder(mb, own, "other");
    ptn_txn_begin(&tx, mb);
    is_rc(ptn_receive_set(&tx, ptn_str("IPM.My"), own), PTN_OK, "set");
    is_rc(ptn_receive_set(&tx, ptn_str("IPM.My.Class"), other), PTN_OK,
          "a longer one");
    is_rc(ptn_receive_set(&tx, ptn_str(""), other), PTN_OK, "the default");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    mb = site_reopen(s, "receive");
    ptn_receive_get(mb, s->pool, ptn_str("IPM.MY.CLASS.x"), &r);
    ok(r.folder == other && ptn_str_eqz(r.cls, "IPM.My.Class")
       && r.modified > 1770000000, "the longest");
    ptn_receive_get(mb, s->pool, ptn_str("IPM.MY.Classes"), &r);
    is_u64(r.folder, own, "whole parts");
    ptn_receive_get(mb, s->pool, ptn_str("else"), &r);
    is_u64(r.folder, other, "the default");

    /* replaced, not added; removed */

    ptn_txn_begin(&tx, mb);
    ptn_receive_set(&tx, ptn_str("ipm.my"), PTN_FOLDER_SENT);
    ptn_txn_commit(&tx);
    is_rc(ptn_receive_list(mb, s->pool, &all, &n), PTN_OK, "list");
    is_u64(n, 6, "rows");
    ptn_receive_get(mb, s->pool, ptn_str("IPM.My"), &r);
    is_u64(r.folder, PTN_FOLDER_SENT, "replaced");
    ptn_txn_begin(&tx, mb);
    is_rc(ptn_receive_set(&tx, ptn_str("IPM.MY"), 0), PTN_OK, "removed");
    ptn_txn_commit(&tx);
    ptn_receive_get(mb, s->pool, ptn_str("IPM.My"), &r);
    ok(ptn_str_eqz(r.cls, "IPM"), "it is gone");

    /* a folder that is gone receives nothing, until it comes back */

    {
        bool  partial;

        ptn_txn_begin(&tx, mb);
        is_rc(ptn_folder_remove(&tx, own, PTN_REMOVE_FOLDERS, &partial),
              PTN_OK, "deleted");
        ptn_txn_commit(&tx);
        ptn_receive_get(mb, s->pool, ptn_str("IPM.My.Class"), &r);
        ok(ptn_str_eqz(r.cls, "IPM") && r.folder == PTN_FOLDER_INBOX,
           "the next shorter");
        ptn_txn_begin(&tx, mb);
        ptn_gone_folder_recover(&tx, own, 0, ptn_str(""));
        ptn_txn_commit(&tx);
        ptn_receive_get(mb, s->pool, ptn_str("IPM.My.Class"), &r);
        is_u64(r.folder, other, "and again");
        ptn_txn_begin(&tx, mb);
        ptn_folder_delete(&tx, own, true);
        ptn_txn_commit(&tx);
        ptn_receive_list(mb, s->pool, &all, &n);
        is_u64(n, 3, "with the folder for good");
    }

    ptn_receive_get(mb, s->pool, ptn_str("else"), &r);
    is_u64(r.folder, PTN_FOLDER_INBOX, "the Inbox remains");
    ptn_store_commit(s->store);
    site_check(s, "receive");
}


static void
test_rules(site_t *s)
{
    bool                  partial;
    size_t                i, n;
    uint64_t              cn;
    ptn_id_t              f, id[3], extra;
    ptn_mbox_t           *mb;
    ptn_rule_t            r, *all;
    const ptn_folder_t   *folder;
    ptn_txn_t             tx = { 0 };

    mb = site_open(s, "rules");
    f = parts_folder(mb, PTN_FOLDER_IPM_SUBTREE, "f");
    ptn_folder_get(mb, f, &folder);
    cn = folder->cn;
    memset(&r, 0, sizeof(r));
    r.provider = ptn_str("RuleOrganizer");
    r.name = ptn_str("first");
    r.condition = ptn_str_make("\0\0\1", 3);
    r.actions = ptn_str_make("", 0);
    r.state = 0x1 | 0x2 | 0x40 | 0x80000000;
    r.sequence = 20;
    r.user_flags = 0xdeadbeef;

    ptn_txn_begin(&tx, mb);
    is_rc(ptn_rule_add(&tx, f, &r, &id[0]), PTN_OK, "add");
    r.sequence = 10;
    r.provider_data = ptn_str_make("\1\0\2", 3);
    is_rc(ptn_rule_add(&tx, f, &r, &id[1]), PTN_OK, "another");
    r.sequence = 20;
    is_rc(ptn_rule_add(&tx, f, &r, &id[2]), PTN_OK, "a third");
    is_rc(ptn_rule_add(&tx, 77777, &r, &extra), PTN_ENOTFOUND, "no folder");
    r.level = 1;
    is_rc(ptn_rule_add(&tx, f, &r, &extra), PTN_EINVAL, "level");
    r.level = 0;
    r.provider.len = 0;
    is_rc(ptn_rule_add(&tx, f, &r, &extra), PTN_EINVAL, "no provider");
    r.provider = ptn_str("p");
    r.actions.data = NULL;
    is_rc(ptn_rule_add(&tx, f, &r, &extra), PTN_EINVAL, "no actions");
    r.actions = ptn_str_make(site_message(s, 70000).data, 70000);
    is_rc(ptn_rule_add(&tx, f, &r, &extra), PTN_ETOOBIG, "too large");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);

    mb = site_reopen(s, "rules");
    is_rc(ptn_rule_list(mb, s->pool, f, &all, &n), PTN_OK, "list");
    is_u64(n, 3, "three");
    ok(all[0].id == id[1] && all[1].id == id[0] && all[2].id == id[2],
       "by sequence, then id");
    is_u64(all[0].state, 1, "bits of the server, and unknown ones, are not"
           " taken");
    is_u64(all[0].user_flags, 0xdeadbeef, "opaque ones are");
    ok(ptn_str_eq(all[0].condition, ptn_str_make("\0\0\1", 3))
       && all[0].actions.data != NULL && all[0].actions.len == 0
       && all[1].provider_data.data == NULL
       && all[0].provider_data.len == 3, "data");
    ptn_folder_get(mb, f, &folder);
    ok(folder->cn > cn, "the folder has changed");

    r = all[1];
    r.sequence = 5;
    r.name = ptn_str("not taken");
    r.state = 0x4;
    ptn_txn_begin(&tx, mb);
    is_rc(ptn_rule_modify(&tx, f, &r, PTN_RULE_SEQUENCE|PTN_RULE_STATE),
          PTN_OK, "modify");
    r.id = 4711;
    is_rc(ptn_rule_modify(&tx, f, &r, PTN_RULE_SEQUENCE), PTN_ENOTFOUND,
          "no rule");
    is_rc(ptn_rule_delete(&tx, PTN_FOLDER_INBOX, id[1]), PTN_ENOTFOUND,
          "of another folder");
    is_rc(ptn_rule_delete(&tx, f, id[1]), PTN_OK, "delete");
    ptn_txn_commit(&tx);
    ptn_rule_list(mb, s->pool, f, &all, &n);
    ok(n == 2 && all[0].id == id[0] && all[0].sequence == 5
       && all[0].state == 4 && ptn_str_eqz(all[0].name, "first"),
       "members that were named");
    ok(parts_folder_int(s, mb, f, PTN_PR_HAS_RULES) == 1
       && parts_folder_int(s, mb, PTN_FOLDER_INBOX, PTN_PR_HAS_RULES) == 0,
       "PidTagHasRules");

    r = all[0];
    ptn_txn_begin(&tx, mb);

    for (i = 2; i < PTN_RULES_MAX; i++) {
        if (ptn_rule_add(&tx, f, &r, &extra) != PTN_OK) {
            break;
        }
    }

    is_u64(i, PTN_RULES_MAX, "as many as may be");
    is_rc(ptn_rule_add(&tx, f, &r, &extra), PTN_ELIMIT, "not one more");
    ptn_txn_commit(&tx);
    ptn_txn_begin(&tx, mb);
    ptn_rule_add(&tx, PTN_FOLDER_INBOX, &r, &extra);
    is_rc(ptn_rule_clear(&tx, PTN_FOLDER_INBOX), PTN_OK, "all of one");
    is_rc(ptn_folder_remove(&tx, f, PTN_REMOVE_HARD, &partial), PTN_OK,
          "with the folder");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    {
        int64_t  k;

        ptn_sql_number(mb, "SELECT count(*) FROM rule", &k);
        is_u64((uint64_t) k, 0, "none is left");
    }
    site_check(s, "rules");
}


int
main(void)
{
    site_t  s;

    site_make(&s);
    test_get(&s);
    test_rules(&s);
    site_done(&s);

    return done_testing();
}
