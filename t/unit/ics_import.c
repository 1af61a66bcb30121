/*
 * Uploads one by one (MS-OXCFXICS 3.2.5.9.4): keys, deletions that are
 * recorded, moves; property groups; predecessor lists.  Conflicts:
 * ics_conflict.c.
 */

#include "ics_import.h"


/* ---- predecessor lists --------------------------------------------------- */

static void
test_pcl(test_t *t)
{
    ptn_str_t  a, b, m, none;

    none = ptn_str_make(NULL, 0);
    a = pcl(t, pcl(t, none, xid(t, 5, 2)), xid(t, 3, 7));
    b = pcl(t, pcl(t, none, xid(t, 3, 9)), xid(t, 5, 1));
    is_u64(a.len, 42, "two XIDs");
    ok(a.data[1] == 3 && a.data[22] == 5, "by NamespaceGuid");
    ok(!ptn_pcl_includes(a, b) && !ptn_pcl_includes(b, a), "a conflict");
    is_rc(ptn_pcl_merge(t->pool, a, b, &m), PTN_OK, "merged");
    ok(ptn_pcl_includes(m, a) && ptn_pcl_includes(m, b) && m.len == 42,
       "the merge includes both");
    ok(ptn_pcl_includes(a, none) && !ptn_pcl_includes(none, a), "of nothing");
    is_rc(ptn_pcl_check(t->pool, ptn_str_make(a.data, 30), &m), PTN_EPARSE,
          "cut off");
    is_rc(ptn_pcl_check(t->pool, ptn_str("\5abcde"), &m), PTN_EPARSE,
          "an XID of five bytes");
    is_rc(ptn_pcl_check(t->pool, ptn_str_make(a.data, 0), &m), PTN_OK,
          "empty");

    /* order is mended */

    b = ptn_str_printf(t->pool, "%.*s%.*s", 0, "", 0, "");
    b.data = ptn_palloc(t->pool, 42);
    memcpy(b.data, a.data + 21, 21);
    memcpy(b.data + 21, a.data, 21);
    b.len = 42;
    is_rc(ptn_pcl_check(t->pool, b, &m), PTN_OK, "out of order");
    is_mem(m, a, "in order");

    /* the rest of a list that has room for less than it says */

    b.len = 41;
    is_rc(ptn_pcl_check(t->pool, b, &m), PTN_EPARSE, "one byte less");
    b.len = 22;
    is_rc(ptn_pcl_check(t->pool, b, &m), PTN_EPARSE, "a length alone");

    /* as the check of a mailbox finds it in a row */

    ok(ptn_ics_row_good(none, a, 1), "a list of a row");
    b.len = 42;
    ok(!ptn_ics_row_good(none, b, 1), "not out of order");
    memcpy(b.data, a.data, 21);
    memcpy(b.data + 21, a.data, 21);
    ok(!ptn_ics_row_good(none, b, 1), "nor one twice");

    /* cut off, with nothing behind it */

    m.data = malloc(41);
    m.len = 41;
    memcpy(m.data, a.data, 41);
    ok(!ptn_ics_row_good(none, m, 1), "nor cut off");
    free(m.data);
}


/* ---- messages ------------------------------------------------------------ */

static void
test_message(test_t *t)
{
    ptn_id_t             id;
    uint64_t             cn;
    ptn_str_t            key, list, none, v;
    ptn_guid_t           guid;
    ptn_saved_t          saved;
    ptn_bag_prop_t       p;
    ptn_msg_info_t       m;
    ptn_ics_imported_t   out;

    none = ptn_str_make(NULL, 0);
    begin(t);
    is_rc(ptn_ics_local_ids(&t->tx, 0, &guid, &id), PTN_EINVAL, "no ids");
    is_rc(ptn_ics_local_ids(&t->tx, 65537, &guid, &id), PTN_ELIMIT,
          "too many ids");
    is_rc(ptn_ics_local_ids(&t->tx, 10, &guid, &id), PTN_OK, "ten ids");
    commit(t);

    out = import(t, gid(t, id), none, xid(t, 9, 1), 1770000100, "one", false);
    ok(out.verdict == PTN_ICS_NEW && out.mid == id && out.seen, "new");
    is_mem(prop(t, out.id, PTN_PR_SOURCE_KEY), gid(t, id), "source key");
    is_mem(prop(t, out.id, PTN_PR_CHANGE_KEY), xid(t, 9, 1), "change key");
    v = prop(t, out.id, PTN_PR_PREDECESSOR_CHANGE_LIST);
    ok(v.len == 21 && memcmp(v.data + 1, xid(t, 9, 1).data, 20) == 0, "PCL");
    is_mem(prop(t, out.id, PTN_PR_PARENT_SOURCE_KEY),
           gid(t, PTN_FOLDER_INBOX), "parent's source key");
    is_rc(ptn_msg_get_id(t->mb, out.id, &m), PTN_OK, "its row");
    is_u64(m.modified, 1770000100, "when it was changed");

    /* the same again: it is known; nothing moves */

    cn = out.cn;
    out = import(t, gid(t, id), none, xid(t, 9, 1), 1770000100, "one", false);
    ok(out.verdict == PTN_ICS_OLDER && !out.seen && out.cn == cn, "known");

    /* the next one, of the same client, who does not know our number */

    out = import(t, gid(t, id), none, xid(t, 9, 2), 1770000101, "two", true);
    ok(out.verdict == PTN_ICS_NEWER && out.seen && out.cn > cn, "newer");
    is_str(prop(t, out.id, PTN_PR_SUBJECT), "two", "its subject");

    /* unchanged content with a new version is a change, too */

    cn = out.cn;
    out = import(t, gid(t, id), none, xid(t, 9, 3), 1770000102, "two", false);
    ok(out.verdict == PTN_ICS_NEWER && out.cn > cn, "the same, newer");
    is_mem(prop(t, out.id, PTN_PR_CHANGE_KEY), xid(t, 9, 3), "its key");

    /* a change here: our key, which joins the list */

    begin(t);
    p.tag = PTN_PR_FLAG_STATUS;
    p.value = ptn_str_make("\2\0\0\0", 4);
    is_rc(ptn_msg_set_props(&t->tx, t->pool, out.id, &p, 1, &saved), PTN_OK,
          "flagged here");
    commit(t);
    is_mem(prop(t, out.id, PTN_PR_CHANGE_KEY), gid(t, saved.cn), "our key");
    is_rc(ptn_msg_change_key(t->mb, t->pool, out.id, &key, &list), PTN_OK,
          "keys");
    is_u64(list.len, 21 + 23, "both XIDs");
    ok(ptn_pcl_includes(list, pcl(t, none, xid(t, 9, 3))), "theirs is in");
}


static void
test_refused(test_t *t)
{
    u_char               raw[PTN_GID_LEN];
    ptn_id_t             id, ids[1];
    ptn_str_t            none, key, two[2];
    ptn_guid_t           guid;
    ptn_ics_import_t     in;
    ptn_ics_imported_t   out;

    none = ptn_str_make(NULL, 0);
    memset(&in, 0, sizeof(in));
    in.change_key = xid(t, 9, 50);
    in.pcl = in.change_key;
    in.object = object(t, "no");
    begin(t);
    in.source_key = gid(t, 400);
    is_rc(ptn_ics_import_message(&t->tx, t->pool, PTN_FOLDER_INBOX, &in,
                                 &out), PTN_EINVAL, "a PCL that is none");
    in.pcl = none;
    in.source_key = ptn_str("short");
    is_rc(ptn_ics_import_message(&t->tx, t->pool, PTN_FOLDER_INBOX, &in,
                                 &out), PTN_EINVAL, "a key that is none");
    in.source_key = gid(t, t->mb->meta.oid + 1000);
    is_rc(ptn_ics_import_message(&t->tx, t->pool, PTN_FOLDER_INBOX, &in,
                                 &out), PTN_EINVAL, "a number not given");
    in.source_key = gid(t, PTN_FOLDER_INBOX);
    is_rc(ptn_ics_import_message(&t->tx, t->pool, PTN_FOLDER_INBOX, &in,
                                 &out), PTN_EINVAL, "a folder's number");
    in.change_key = ptn_str("short");
    in.source_key = gid(t, 400);
    is_rc(ptn_ics_import_message(&t->tx, t->pool, PTN_FOLDER_INBOX, &in,
                                 &out), PTN_EINVAL, "a change key of 5");
    ptn_txn_done(&t->tx);

    /* deleted here: gone.  Deleted before it came: gone as well */

    begin(t);
    ptn_ics_local_ids(&t->tx, 4, &guid, &id);
    commit(t);
    out = import(t, gid(t, id), none, xid(t, 9, 51), 5, "to go", false);
    ids[0] = out.id;
    begin(t);
    is_rc(ptn_msg_expunge_ids(&t->tx, ids, 1), PTN_OK, "removed");
    commit(t);
    out = import(t, gid(t, id), none, xid(t, 9, 52), 6, "again", false);
    is_u64(out.verdict, PTN_ICS_GONE, "not made again");

    begin(t);
    key = gid(t, id + 1);
    is_rc(ptn_ics_import_deletes(&t->tx, t->pool, PTN_FOLDER_INBOX, &key, 1,
                                 true), PTN_OK, "deleted before it came");
    is_rc(ptn_ics_import_deletes(&t->tx, t->pool, PTN_FOLDER_INBOX, &key, 1,
                                 true), PTN_OK, "and again");
    commit(t);
    out = import(t, gid(t, id + 1), none, xid(t, 9, 53), 6, "never", false);
    is_u64(out.verdict, PTN_ICS_GONE, "not made");

    /* softly: it can be recovered, and is not made again */

    out = import(t, gid(t, id + 2), none, xid(t, 9, 57), 6, "soft", false);
    is_u64(out.verdict, PTN_ICS_NEW, "made");
    begin(t);
    two[0] = gid(t, id + 2);
    two[1] = ptn_str("none");
    is_rc(ptn_ics_import_deletes(&t->tx, t->pool, PTN_FOLDER_INBOX, two, 2,
                                 true), PTN_EINVAL,
          "a good one and one that is none");
    is_rc(ptn_msg_by_mid(t->mb, PTN_FOLDER_INBOX, id + 2, ids), PTN_OK,
          "neither is deleted");
    key = gid(t, id + 2);
    is_rc(ptn_ics_import_deletes(&t->tx, t->pool, PTN_FOLDER_INBOX, &key, 1,
                                 false), PTN_OK, "deleted softly");
    commit(t);
    is_rc(ptn_gone_by_mid(t->mb, PTN_FOLDER_INBOX, id + 2, ids), PTN_OK,
          "it can be recovered");
    out = import(t, gid(t, id + 2), none, xid(t, 9, 58), 7, "soft", false);
    is_u64(out.verdict, PTN_ICS_GONE, "not made again");

    /* an id of the client's own */

    memset(raw, 0x77, sizeof(raw));
    out = import(t, ptn_str_make(raw, sizeof(raw)), none, xid(t, 9, 54), 7,
                 "foreign", false);
    ok(out.verdict == PTN_ICS_NEW && out.mid > PTN_ID_MAX
       && out.id <= PTN_ID_MAX, "a foreign id");
    is_mem(prop(t, out.id, PTN_PR_SOURCE_KEY),
           ptn_str_make(raw, sizeof(raw)), "as it came");
    out = import(t, ptn_str_make(raw, sizeof(raw)), none, xid(t, 9, 55), 8,
                 "foreign 2", false);
    is_u64(out.verdict, PTN_ICS_NEWER, "found again");

    /* a message of another folder */

    begin(t);
    in.source_key = ptn_str_make(raw, sizeof(raw));
    in.change_key = xid(t, 9, 56);
    is_rc(ptn_ics_import_message(&t->tx, t->pool, PTN_FOLDER_SENT, &in,
                                 &out), PTN_EINVAL, "of another folder");
    ptn_txn_done(&t->tx);
}


/* ---- FAI, read states, moves --------------------------------------------- */

static void
test_rest(test_t *t)
{
    bool                 newer;
    size_t               n;
    ptn_id_t             id;
    uint64_t            *cns, cn;
    ptn_str_t            none, key, list;
    ptn_guid_t           guid;
    ptn_ics_read_t       r[3];
    ptn_ics_move_t       mv;
    u_char               longest[PTN_XID_MAX + 1];
    ptn_msg_info_t       m;
    ptn_ics_import_t     in;
    ptn_ics_imported_t   out, fai;

    none = ptn_str_make(NULL, 0);
    begin(t);
    ptn_ics_local_ids(&t->tx, 10, &guid, &id);
    memset(&in, 0, sizeof(in));
    in.fai = true;
    in.source_key = gid(t, id);
    in.change_key = xid(t, 9, 60);
    in.pcl = none;
    in.modified = 50;
    in.object = object(t, "fai");
    is_rc(ptn_ics_import_message(&t->tx, t->pool, PTN_FOLDER_INBOX, &in,
                                 &fai), PTN_OK, "an FAI message");
    commit(t);
    begin(t);
    in.change_key = xid(t, 8, 1);
    in.modified = 99;
    in.object = object(t, "fai 2");
    is_rc(ptn_ics_import_message(&t->tx, t->pool, PTN_FOLDER_INBOX, &in,
                                 &fai), PTN_OK, "in conflict");
    commit(t);
    ok(fai.verdict == PTN_ICS_CONFLICT && fai.versions == 0,
       "no copy of an FAI message");
    ptn_msg_get_id(t->mb, fai.id, &m);
    is_u64(m.status, 0, "nor is it in conflict");
    is_str(prop(t, fai.id, PTN_PR_SUBJECT), "fai 2", "the later one");

    out = import(t, gid(t, id + 1), none, xid(t, 9, 61), 10, "mail", false);
    cn = out.cn;
    r[0].source_key = gid(t, id);
    r[1].source_key = gid(t, id + 1);
    r[2].source_key = gid(t, id + 5);
    r[0].read = r[1].read = r[2].read = true;
    begin(t);
    is_rc(ptn_ics_import_reads(&t->tx, t->pool, PTN_FOLDER_INBOX, r, 3, &cns,
                               &n), PTN_OK, "read");
    commit(t);
    ptn_msg_get_id(t->mb, out.id, &m);
    ok(n == 1 && cns[0] == m.read_cn && (m.flags & PTN_FLAG_SEEN)
       && m.cn == cn, "one of three, and no edit");
    ptn_msg_get_id(t->mb, fai.id, &m);
    ok(!(m.flags & PTN_FLAG_SEEN), "FAI messages are not read");
    r[2].source_key = ptn_str("none");
    r[1].read = false;
    begin(t);
    is_rc(ptn_ics_import_reads(&t->tx, t->pool, PTN_FOLDER_INBOX, r, 3, &cns,
                               &n), PTN_EINVAL, "a key that is none");
    commit(t);
    ptn_msg_get_id(t->mb, out.id, &m);
    ok(m.flags & PTN_FLAG_SEEN, "nothing was done");

    /* a move: same version */

    memset(&mv, 0, sizeof(mv));
    mv.source_folder = gid(t, PTN_FOLDER_INBOX);
    mv.source_key = gid(t, id + 1);
    mv.dest_key = gid(t, id + 2);
    mv.change_key = xid(t, 9, 62);
    ptn_msg_change_key(t->mb, t->pool, out.id, &key, &list);
    mv.pcl = list;
    begin(t);
    mv.change_key.len = 16;
    is_rc(ptn_ics_import_move(&t->tx, t->pool, PTN_FOLDER_SENT, &mv, &out,
                              &newer), PTN_EINVAL, "no number in its key");
    memset(longest, 9, sizeof(longest));
    mv.change_key = ptn_str_make(longest, PTN_XID_MAX + 1);
    is_rc(ptn_ics_import_move(&t->tx, t->pool, PTN_FOLDER_SENT, &mv, &out,
                              &newer), PTN_EINVAL, "one that is too long");
    mv.change_key = xid(t, 9, 62);
    is_rc(ptn_ics_import_move(&t->tx, t->pool, PTN_FOLDER_SENT, &mv, &out,
                              &newer), PTN_OK, "a move");
    commit(t);
    ok(!newer && out.seen && out.mid == id + 2, "of the same version");
    is_mem(prop(t, out.id, PTN_PR_CHANGE_KEY), xid(t, 9, 62), "their key");
    is_mem(prop(t, out.id, PTN_PR_SOURCE_KEY), gid(t, id + 2), "their id");

    begin(t);
    is_rc(ptn_ics_import_move(&t->tx, t->pool, PTN_FOLDER_SENT, &mv, &out,
                              &newer), PTN_EEXIST, "an id that is used");
    mv.dest_key = gid(t, id + 3);
    is_rc(ptn_ics_import_move(&t->tx, t->pool, PTN_FOLDER_SENT, &mv, &out,
                              &newer), PTN_OK, "of one that is gone");
    is_u64(out.verdict, PTN_ICS_GONE, "gone");
    commit(t);

    /* the client's is newer, then ours is */

    mv.source_folder = gid(t, PTN_FOLDER_SENT);
    mv.source_key = gid(t, id + 2);
    is_rc(ptn_msg_by_mid(t->mb, 0, id + 2, &out.id), PTN_OK, "there");
    ptn_msg_change_key(t->mb, t->pool, out.id, &key, &list);
    mv.pcl = pcl(t, list, xid(t, 9, 63));
    mv.change_key = xid(t, 9, 64);
    begin(t);
    is_rc(ptn_ics_import_move(&t->tx, t->pool, PTN_FOLDER_INBOX, &mv, &out,
                              &newer), PTN_OK, "a move");
    commit(t);
    ok(newer && out.seen, "the client's was newer");
    is_mem(prop(t, out.id, PTN_PR_CHANGE_KEY), gid(t, out.cn), "our key");

    mv.source_folder = gid(t, PTN_FOLDER_INBOX);
    mv.source_key = gid(t, id + 3);
    mv.dest_key = gid(t, id + 4);
    mv.pcl = pcl(t, none, xid(t, 9, 62));
    begin(t);
    is_rc(ptn_ics_import_move(&t->tx, t->pool, PTN_FOLDER_SENT, &mv, &out,
                              &newer), PTN_OK, "a move");
    commit(t);
    ok(!newer && !out.seen, "ours was newer: it is downloaded");
}


/* ---- folders ------------------------------------------------------------- */

static ptn_rc_t
folder(test_t *t, ptn_str_t key, ptn_str_t parent, ptn_str_t list,
    ptn_str_t change, int64_t modified, const char *name,
    ptn_ics_imported_t *out)
{
    ptn_rc_t                  rc;
    ptn_bag_prop_t            p;
    ptn_ics_import_folder_t   in;

    memset(&in, 0, sizeof(in));
    in.source_key = key;
    in.parent_key = parent;
    in.change_key = change;
    ptn_pcl_add(t->pool, list, change, &in.pcl);
    in.modified = modified;
    in.name = ptn_str_z(name);
    p.tag = PTN_PR_COMMENT;
    p.value = ptn_str_z(name);
    in.props = &p;
    in.n = 1;
    begin(t);
    rc = ptn_ics_import_folder(&t->tx, t->pool, PTN_FOLDER_IPM_SUBTREE, &in,
                               out);

    if (rc == PTN_OK) {
        commit(t);

    } else {
        ptn_txn_done(&t->tx);
    }

    return rc;
}


static ptn_str_t
fprop(test_t *t, ptn_id_t id, uint32_t tag)
{
    ptn_str_t  v;

    v = ptn_str_make(NULL, 0);
    ptn_folder_props(t->mb, t->pool, id, &tag, 1, &v);

    return v;
}


static void
test_folder(test_t *t)
{
    ptn_id_t              id;
    ptn_str_t             none, key, list, two[2];
    ptn_guid_t            guid;
    const ptn_folder_t   *f;
    ptn_ics_imported_t    out;

    none = ptn_str_make(NULL, 0);
    begin(t);
    ptn_ics_local_ids(&t->tx, 10, &guid, &id);
    commit(t);

    is_rc(folder(t, gid(t, id), none, none, xid(t, 9, 1), 100, "one", &out),
          PTN_OK, "a folder");
    ok(out.verdict == PTN_ICS_NEW && out.id == id && out.seen, "new");
    is_mem(fprop(t, id, PTN_PR_SOURCE_KEY), gid(t, id), "source key");
    is_mem(fprop(t, id, PTN_PR_CHANGE_KEY), xid(t, 9, 1), "change key");
    is_str(fprop(t, id, PTN_PR_COMMENT), "one", "a property");

    is_rc(folder(t, gid(t, id), none, none, xid(t, 9, 1), 100, "one", &out),
          PTN_OK, "again");
    is_u64(out.verdict, PTN_ICS_OLDER, "known");
    is_rc(folder(t, gid(t, id + 1), gid(t, id + 7), none, xid(t, 9, 2), 100,
                 "two", &out), PTN_ENOTFOUND, "no such parent");
    is_rc(folder(t, gid(t, id + 1), none, none, xid(t, 9, 2), 100, "One",
                 &out), PTN_EEXIST, "a name that is used");
    is_rc(folder(t, gid(t, id + 1), gid(t, id), none, xid(t, 9, 2), 100,
                 "two", &out), PTN_OK, "below");
    is_rc(folder(t, gid(t, id + 1), none, none, xid(t, 9, 3), 100, "three",
                 &out), PTN_OK, "moved and renamed");
    ptn_folder_get(t->mb, id + 1, &f);
    ok(out.verdict == PTN_ICS_NEWER && f->parent == PTN_FOLDER_IPM_SUBTREE
       && ptn_str_eqz(f->name, "three"), "it is so");

    /* a conflict: the later one, and at the same time ours */

    begin(t);
    is_rc(ptn_folder_move(&t->tx, id + 1, f->parent, ptn_str("ours")), PTN_OK,
          "renamed here");
    commit(t);
    ptn_folder_change_key(t->mb, t->pool, id + 1, &key, &list);
    is_u64(list.len, 21 + 23, "both XIDs");
    is_rc(folder(t, gid(t, id + 1), none, none, xid(t, 9, 4), 100, "theirs",
                 &out), PTN_OK, "an older one");
    ptn_folder_get(t->mb, id + 1, &f);
    ok(out.verdict == PTN_ICS_CONFLICT && !out.seen
       && ptn_str_eqz(f->name, "ours") && f->cn == out.cn, "ours stays");
    is_rc(folder(t, gid(t, id + 1), none, none, xid(t, 8, 4), 9999999999,
                 "theirs", &out), PTN_OK, "a later one");
    ptn_folder_get(t->mb, id + 1, &f);
    ok(out.verdict == PTN_ICS_CONFLICT && !out.seen
       && ptn_str_eqz(f->name, "theirs"), "theirs wins");
    ok(!out.seen, "a conflict is not seen");
    is_rc(folder(t, gid(t, id + 1), none, none, xid(t, 0xff, 4), 9999999999,
                 "tie", &out), PTN_OK, "one of the same time");
    ptn_folder_get(t->mb, id + 1, &f);
    ok(out.verdict == PTN_ICS_CONFLICT && ptn_str_eqz(f->name, "theirs"),
       "on a tie ours");

    is_rc(folder(t, gid(t, PTN_FOLDER_SENT), none, none, xid(t, 9, 9), 9,
                 "No", &out), PTN_OK, "a special folder, older");
    is_u64(out.verdict, PTN_ICS_CONFLICT, "in conflict");

    /* deletions */

    begin(t);
    two[0] = gid(t, id + 1);
    two[1] = gid(t, PTN_FOLDER_SENT);
    is_rc(ptn_ics_import_folder_deletes(&t->tx, PTN_FOLDER_IPM_SUBTREE, two,
                                        2, true), PTN_EDENIED, "special");
    is_rc(ptn_folder_get(t->mb, id + 1, &f), PTN_OK, "and none is deleted");
    key = gid(t, id + 1);
    is_rc(ptn_ics_import_folder_deletes(&t->tx, PTN_FOLDER_IPM_SUBTREE, &key,
                                        1, true), PTN_OK, "deleted");
    key = gid(t, id + 5);
    is_rc(ptn_ics_import_folder_deletes(&t->tx, PTN_FOLDER_IPM_SUBTREE, &key,
                                        1, true), PTN_OK, "never was");
    commit(t);
    is_rc(folder(t, gid(t, id + 1), none, none, xid(t, 9, 10), 9, "again",
                 &out), PTN_OK, "made again");
    is_u64(out.verdict, PTN_ICS_GONE, "gone");
    is_rc(folder(t, gid(t, id + 5), none, none, xid(t, 9, 11), 9, "never",
                 &out), PTN_OK, "made after its end");
    is_u64(out.verdict, PTN_ICS_GONE, "gone");
}


/*
 * A folder that the client named itself (3.3.5.2.1): its key is what it said,
 * its id the replica and 48 bits, for messages and folders below as well.
 */

static ptn_str_t
foreign(test_t *t, unsigned who, uint64_t n)
{
    u_char      *p;
    ptn_guid_t   guid;

    p = ptn_palloc(t->pool, PTN_GID_LEN);
    memset(guid.b, (int) who, 16);
    ptn_eid_gid(guid, n, p);

    return ptn_str_make(p, PTN_GID_LEN);
}


static void
test_foreign(test_t *t)
{
    size_t                n;
    ptn_id_t              id, again;
    uint16_t              replid;
    ptn_str_t             none, key, s;
    ptn_guid_t            guid;
    ptn_saved_t           saved;
    ptn_save_t            save;
    ptn_idset_t           given;
    ptn_ics_tree_t       *tree;
    ptn_ics_state_t       state;
    ptn_ics_imported_t    out, sub;
    const ptn_folder_t   *f;
    ptn_ics_folder_change_t  *ch;
    const ptn_ics_state_t    *now;

    none = ptn_str_make(NULL, 0);
    key = foreign(t, 0x77, 5);
    is_rc(folder(t, key, none, none, xid(t, 9, 20), 100, "foreign", &out),
          PTN_OK, "a folder of another replica");
    memset(guid.b, 0x77, 16);
    ok(out.verdict == PTN_ICS_NEW && out.id >> 48 != 0
       && (out.id & PTN_ID_MAX) == 5, "replica and 48 bits");
    is_mem(fprop(t, out.id, PTN_PR_SOURCE_KEY), key, "its source key");
    ok(ptn_mbox_replid(t->mb, guid, &replid) == PTN_OK
       && replid == out.id >> 48, "the replica is registered");

    id = out.id;
    is_rc(ptn_mbox_id(t->mb, guid, 5, &again), PTN_OK, "by its REPLGUID");
    is_u64(again, id, "the same");
    is_rc(ptn_mbox_id_replid(t->mb, replid, 5, &again), PTN_OK, "by REPLID");
    is_u64(again, id, "the same");
    is_rc(ptn_mbox_id_replid(t->mb, 999, 5, &again), PTN_ENOTFOUND,
          "no such REPLID");
    is_rc(ptn_mbox_id(t->mb, guid, 0, &again), PTN_ENOTFOUND, "no number");

    is_rc(folder(t, foreign(t, 0x77, 6), key, none, xid(t, 9, 21), 100, "sub",
                 &sub), PTN_OK, "another one below it");
    ptn_folder_get(t->mb, sub.id, &f);
    is_u64(f->parent, id, "its parent");
    is_mem(fprop(t, sub.id, PTN_PR_PARENT_SOURCE_KEY), key, "and its key");

    begin(t);
    memset(&save, 0, sizeof(save));
    save.object = object(t, "within");
    is_rc(ptn_msg_create(&t->tx, t->pool, id, &save, &saved), PTN_OK,
          "a message in it");
    commit(t);
    is_mem(prop(t, saved.id, PTN_PR_PARENT_SOURCE_KEY), key, "of that parent");

    is_rc(folder(t, foreign(t, 0x77, 7), none, none, xid(t, 9, 22), 100,
                 "gone", &out), PTN_OK, "one that goes");
    memset(&given, 0, sizeof(given));
    memset(&state, 0, sizeof(state));
    is_rc(ptn_ics_tree_open(t->mb, PTN_FOLDER_IPM_SUBTREE, 0, &state, &tree),
          PTN_OK, "downloaded");

    do {
        is_rc(ptn_ics_tree_next(t->mb, tree, t->pool, 50, &ch, &n), PTN_OK,
              "a page");
    } while (n != 0);

    is_rc(ptn_ics_tree_state(t->mb, tree, &now), PTN_OK, "its state");
    ok(ptn_idset_has(&now->set[PTN_ICS_GIVEN], guid, 7), "it was given");
    is_rc(ptn_ics_state_copy(&state, now), PTN_OK, "kept");
    ptn_ics_tree_close(tree);

    begin(t);
    s = foreign(t, 0x77, 7);
    is_rc(ptn_ics_import_folder_deletes(&t->tx, PTN_FOLDER_IPM_SUBTREE, &s, 1,
                                        true), PTN_OK, "deleted");
    s = foreign(t, 0x78, 1);
    is_rc(ptn_ics_import_folder_deletes(&t->tx, PTN_FOLDER_IPM_SUBTREE, &s, 1,
                                        true), PTN_OK, "never was");
    commit(t);
    is_rc(ptn_ics_tree_open(t->mb, PTN_FOLDER_IPM_SUBTREE, 0, &state, &tree),
          PTN_OK, "downloaded");
    is_rc(ptn_ics_tree_next(t->mb, tree, t->pool, 50, &ch, &n), PTN_OK,
          "a page");
    ok(n == 0 && ptn_idset_has(ptn_ics_tree_deleted(tree), guid, 7)
       && ptn_idset_count(ptn_ics_tree_deleted(tree)) == 1, "its deletion");
    ptn_ics_tree_close(tree);

    is_rc(folder(t, foreign(t, 0x77, 7), none, none, xid(t, 9, 23), 100,
                 "back", &out), PTN_OK, "made again");
    is_u64(out.verdict, PTN_ICS_GONE, "gone");
    is_rc(folder(t, s, none, none, xid(t, 9, 24), 100, "after", &out), PTN_OK,
          "made after its end");
    is_u64(out.verdict, PTN_ICS_GONE, "gone");

    s = foreign(t, 0x77, 9);
    (void) import(t, s, none, xid(t, 9, 25), 100, "foreign", false);
    is_rc(folder(t, s, none, none, xid(t, 9, 26), 100, "mid", &out),
          PTN_OK, "the key of a message");
    is_u64(out.verdict, PTN_ICS_GONE, "is used");
}


/* What changes while pages are asked for is told by the next one. */

static void
test_later(test_t *t)
{
    size_t                    i, n;
    ptn_id_t                  top, below, f[4];
    ptn_ics_tree_t           *tree;
    ptn_ics_state_t           state;
    ptn_ics_folder_change_t  *ch;
    const char *const         names[] = { "a", "b", "c", "d" };

    begin(t);
    is_rc(ptn_folder_create(&t->tx, PTN_FOLDER_IPM_SUBTREE, ptn_str("later"),
                            NULL, &top), PTN_OK, "create");

    for (i = 0; i < 4; i++) {
        is_rc(ptn_folder_create(&t->tx, top, ptn_str_z(names[i]), NULL, &f[i]),
              PTN_OK, "create");
    }

    is_rc(ptn_folder_create(&t->tx, f[2], ptn_str("e"), NULL, &below), PTN_OK,
          "create");
    commit(t);
    memset(&state, 0, sizeof(state));
    is_rc(ptn_ics_tree_open(t->mb, top, 0, &state, &tree), PTN_OK, "open");

    begin(t);
    is_rc(ptn_folder_move(&t->tx, f[0], top, ptn_str("a2")), PTN_OK,
          "one is renamed");
    is_rc(ptn_folder_delete(&t->tx, f[1], true), PTN_OK, "one goes");
    is_rc(ptn_folder_move(&t->tx, f[2], PTN_FOLDER_INBOX, ptn_str("c")),
          PTN_OK, "one is moved away, with one below it");
    commit(t);
    is_rc(ptn_ics_tree_next(t->mb, tree, t->pool, 50, &ch, &n), PTN_OK,
          "a page");
    ok(n == 1 && ch[0].id == f[3], "only what is as it was: %zu", n);
    is_rc(ptn_ics_tree_next(t->mb, tree, t->pool, 50, &ch, &n), PTN_OK,
          "a page");
    is_u64(n, 0, "and no more");
    ptn_ics_tree_close(tree);
}


/* ---- groups -------------------------------------------------------------- */

static uint32_t
groups(test_t *t, ptn_id_t id, uint64_t known)
{
    uint32_t     bits;
    uint16_t     replid;
    ptn_guid_t   guid;
    ptn_idset_t  seen;

    memset(&seen, 0, sizeof(seen));
    bits = 0;
    ptn_mbox_replica(t->mb, known, &replid, &guid);
    ptn_idset_add_range(&seen, guid, 1, known);
    is_rc(ptn_msg_groups(t->mb, id, &seen, &bits), PTN_OK, "groups");
    ptn_idset_done(&seen);

    return bits;
}


static void
test_groups(test_t *t)
{
    size_t               n, i, k;
    ptn_id_t             id;
    uint64_t             was;
    ptn_save_t           save;
    ptn_saved_t          s;
    ptn_bag_prop_t       p;
    const uint32_t      *tags;

    for (i = 0; i < PTN_GROUP_REST; i++) {
        tags = ptn_group_tags((ptn_group_e) i, &n);
        ok(n > 0, "a group has tags");

        for (k = 0; k < n; k++) {
            if (ptn_group_of(tags[k]) != i) {
                ok(false, "tag %08x of two groups", tags[k]);
            }
        }
    }

    begin(t);
    memset(&save, 0, sizeof(save));
    save.object = object(t, "grouped");
    is_rc(ptn_msg_create(&t->tx, t->pool, PTN_FOLDER_INBOX, &save, &s),
          PTN_OK, "a message");
    commit(t);
    id = s.id;
    was = s.cn;
    begin(t);
    p.tag = PTN_PR_FLAG_STATUS;
    p.value = ptn_str_make("\1\0\0\0", 4);
    is_rc(ptn_msg_set_props(&t->tx, t->pool, id, &p, 1, &s), PTN_OK, "flag");
    commit(t);
    is_u64(groups(t, id, was), 1u << PTN_GROUP_FOLLOWUP, "follow-up alone");
    begin(t);
    p.tag = 0x67f5001f;
    p.value = ptn_str("x");
    is_rc(ptn_msg_set_props(&t->tx, t->pool, id, &p, 1, &s), PTN_OK, "other");
    commit(t);
    is_u64(groups(t, id, was), 1u << PTN_GROUP_FOLLOWUP | 1u << PTN_GROUP_REST,
           "and the rest");
    is_u64(groups(t, id, s.cn - 1), 1u << PTN_GROUP_REST, "the rest since");
    was = s.cn;
    begin(t);
    is_rc(ptn_msg_flags_ids(&t->tx, &id, 1, PTN_FLAGS_ADD, PTN_FLAG_ANSWERED,
                            0, NULL), PTN_OK, "answered");
    commit(t);
    ok(groups(t, id, was) & 1u << PTN_GROUP_REPLY, "the reply's group");
    begin(t);
    save.object = object(t, "edited");
    is_rc(ptn_msg_update(&t->tx, t->pool, id, &save, 0, &s), PTN_OK, "edit");
    commit(t);
    ok((groups(t, id, s.cn - 1) & 1u << PTN_GROUP_CONTENT)
       && !(groups(t, id, s.cn - 1) & 1u << PTN_GROUP_REPLY),
       "content, not the reply");
    ok(groups(t, id, was) & 1u << PTN_GROUP_REPLY, "which is not forgotten");
}


int
main(void)
{
    test_t  t;

    memset(&t, 0, sizeof(t));
    site_make(&t.site);
    t.pool = t.site.pool;
    t.mb = site_open(&t.site, "alice");
    test_pcl(&t);
    test_message(&t);
    test_refused(&t);
    test_rest(&t);
    test_folder(&t);
    test_foreign(&t);
    test_later(&t);
    test_groups(&t);
    is_rc(ptn_store_commit(t.site.store), PTN_OK, "on disk");
    site_check(&t.site, "alice");
    site_done(&t.site);

    return done_testing();
}
