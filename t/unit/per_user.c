/*
 * What was read of a public folder as a set of change numbers, and what a
 * private mailbox keeps of it.
 */

#include "mailbox_site.h"
#include "ptn_idset.h"
#include "ptn_item.h"


#define COUNT  8

typedef struct {
    site_t          s;
    ptn_actor_t     alice, bob;
    ptn_id_t        folder;
    ptn_appended_t  a[COUNT];
} per_user_t;


static ptn_mbox_t *
as(per_user_t *t, const ptn_actor_t *a)
{
    ptn_mbox_t  *mb;

    must(ptn_public_open(t->s.store, ptn_str("example.test"), a, &mb), "open");

    return mb;
}


static void
make(per_user_t *t)
{
    size_t       i;
    ptn_txn_t    tx = { 0 };
    ptn_mbox_t  *mb;

    memset(t, 0, sizeof(*t));
    site_make(&t->s);
    t->alice = site_actor(&t->s, "alice", 1);
    t->bob = site_actor(&t->s, "bob", 2);

    mb = as(t, &t->alice);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_folder_create(&tx, PTN_PUBLIC_IPM_SUBTREE, ptn_str("topic"), NULL,
                           &t->folder), "folder");

    for (i = 0; i < COUNT; i++) {
        must(site_append(&t->s, &tx, t->folder, 100 + i, 0, &t->a[i]),
             "append");
    }

    end(&t->s, &tx);
}


static void
mark(per_user_t *t, const ptn_actor_t *who, unsigned i, bool on)
{
    ptn_mbox_t  *mb;
    ptn_txn_t    tx = { 0 };

    mb = as(t, who);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_msg_flags(&tx, t->folder, &t->a[i].uid, 1,
                       on ? PTN_FLAGS_ADD : PTN_FLAGS_REMOVE, PTN_FLAG_SEEN, 0,
                       0, NULL), "flags");
    end(&t->s, &tx);
}


/* Bits of the messages that are read in his view. */

static unsigned
seen(per_user_t *t, const ptn_actor_t *who)
{
    size_t       i;
    uint32_t     seq;
    unsigned     bits;
    ptn_row_t    row;
    ptn_view_t  *view;

    must(ptn_view_get(as(t, who), t->folder, &view), "view");
    bits = 0;

    for (i = 0; i < COUNT; i++) {
        seq = ptn_view_find(view, t->a[i].uid);

        if (seq <= ptn_view_count(view)) {
            ptn_view_row(view, seq, &row);
            bits |= (row.uid == t->a[i].uid
                     && (row.flags & PTN_FLAG_SEEN)) ? 1U << i : 0;
        }
    }

    ptn_view_unref(view);

    return bits;
}


static uint64_t
cn_of(ptn_mbox_t *mb, ptn_id_t id)
{
    ptn_msg_info_t  m;

    must(ptn_msg_get_id(mb, id, &m), "message");

    return m.cn;
}


/* Bits of the messages whose numbers are in a set. */

static unsigned
in_set(per_user_t *t, const ptn_actor_t *who, ptn_str_t data, uint64_t *ret_n)
{
    size_t        i;
    unsigned      bits;
    uint64_t      cn;
    uint16_t      replid;
    ptn_guid_t    guid;
    ptn_mbox_t   *mb;
    ptn_idset_t   set;

    mb = as(t, who);
    memset(&set, 0, sizeof(set));
    must(ptn_idset_decode(&set, PTN_IDSET_REPLGUID, data), "decode");
    must(ptn_idset_ready(&set), "ready");
    bits = 0;

    for (i = 0; i < COUNT; i++) {
        cn = cn_of(mb, t->a[i].id);
        must(ptn_mbox_replica(mb, cn, &replid, &guid), "replica");
        bits |= ptn_idset_has(&set, guid, cn) ? 1U << i : 0;
    }

    *ret_n = ptn_idset_count(&set);
    ptn_idset_done(&set);

    return bits;
}


static void
public_sets(per_user_t *t)
{
    uint32_t             unread;
    uint64_t             n, before;
    ptn_str_t            set, other;
    ptn_saved_t          saved;
    ptn_mbox_t          *mb;
    ptn_txn_t            tx = { 0 };
    ptn_bag_prop_t       p = { PTN_PR_COMMENT, ptn_str("edited") };
    const ptn_folder_t  *f;

    mark(t, &t->bob, 1, true);
    mark(t, &t->bob, 2, true);
    mark(t, &t->bob, 5, true);
    mark(t, &t->bob, 6, true);
    mark(t, &t->bob, 6, false);

    mb = as(t, &t->bob);
    must(ptn_reader_set_get(mb, t->s.pool, t->folder, &set), "get");
    is_u64(in_set(t, &t->bob, set, &n), 0x26, "what bob has read");
    is_u64(n, 3, "and nothing else");

    mb = as(t, &t->alice);
    must(ptn_reader_set_get(mb, t->s.pool, t->folder, &other), "get");
    is_u64(other.len, 0, "alice has read nothing");

    /* she takes over what he has read */

    before = ptn_mbox_kind(mb);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_reader_set_put(&tx, t->folder, set), "put");
    end(&t->s, &tx);
    is_u64(before, PTN_MBOX_PUBLIC, "in a public store");
    is_u64(seen(t, &t->alice), 0x26, "now she has, too");
    must(ptn_folder_get(as(t, &t->alice), t->folder, &f), "folder");
    unread = f->unread;
    is_u64(unread, COUNT - 3, "and her count says so");

    /* what was read and is not in the set is unread again */

    mark(t, &t->bob, 7, true);
    mark(t, &t->bob, 1, false);
    mb = as(t, &t->bob);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_reader_set_put(&tx, t->folder, set), "put");
    end(&t->s, &tx);
    is_u64(seen(t, &t->bob), 0x26, "replaced, not added to");

    /* nothing changes, no number is taken */

    mb = as(t, &t->bob);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_reader_set_put(&tx, t->folder, set), "put");
    is_u64(tx.cn, 0, "the same again takes no change number");
    ptn_txn_done(&tx);
    ptn_store_rollback(t->s.store);

    /* undone */

    must(ptn_txn_begin(&tx, as(t, &t->bob)), "begin");
    must(ptn_reader_set_put(&tx, t->folder, ptn_str_make(NULL, 0)), "put");
    is_u64(seen(t, &t->bob), 0, "none is read");
    ptn_txn_done(&tx);
    ptn_store_rollback(t->s.store);
    is_u64(seen(t, &t->bob), 0x26, "undone");

    /* no set */

    must(ptn_txn_begin(&tx, as(t, &t->bob)), "begin");
    is_rc(ptn_reader_set_put(&tx, t->folder, ptn_str("no set")), PTN_ETRUNC,
          "no set");
    is_rc(ptn_reader_set_put(&tx, 4711, set), PTN_ENOTFOUND, "no folder");
    ptn_txn_done(&tx);
    ptn_store_rollback(t->s.store);
    is_u64(seen(t, &t->bob), 0x26, "and nothing happened");

    /* the old number of an edited message is none of a set's any more */

    mb = as(t, &t->alice);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_msg_set_props(&tx, t->s.pool, t->a[2].id, &p, 1, &saved), "edit");
    end(&t->s, &tx);
    must(ptn_txn_begin(&tx, as(t, &t->bob)), "begin");
    must(ptn_reader_set_put(&tx, t->folder, set), "put");
    end(&t->s, &tx);
    is_u64(seen(t, &t->bob), 0x22, "what was edited since is unread "
           "(3.2.5.12.1)");

    /* a message that is gone leaves a hole that reads as nothing */

    must(ptn_txn_begin(&tx, as(t, &t->alice)), "begin");
    must(ptn_msg_expunge(&tx, t->folder, &t->a[3].uid, 1), "expunge");
    end(&t->s, &tx);
    must(ptn_txn_begin(&tx, as(t, &t->bob)), "begin");
    must(ptn_reader_set_put(&tx, t->folder, ptn_str_make(NULL, 0)), "put");
    end(&t->s, &tx);
    is_u64(seen(t, &t->bob), 0, "all unread");
    must(ptn_folder_get(as(t, &t->bob), t->folder, &f), "folder");
    is_u64(f->unread, f->total, "as it is counted");

    /* after all is closed */

    mark(t, &t->bob, 4, true);
    ptn_store_close(t->s.store);
    must(ptn_store_open(&t->s.opts, &t->s.store), "store");
    is_u64(seen(t, &t->bob), 0x10, "kept");
}


static void
rights(per_user_t *t)
{
    ptn_str_t            set;
    ptn_mbox_t          *mb;
    ptn_txn_t            tx = { 0 };
    ptn_permission_op_t  op;

    memset(&op, 0, sizeof(op));
    op.op = PTN_PERMISSION_ADD;
    op.entry.member = t->bob.user;
    op.entry.rights = PTN_RIGHT_VISIBLE;

    mb = as(t, &t->alice);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_rights_modify(&tx, t->folder, false, false, &op, 1), "rights");
    end(&t->s, &tx);

    mb = as(t, &t->bob);
    is_rc(ptn_reader_set_get(mb, t->s.pool, t->folder, &set), PTN_EDENIED,
          "without ReadAny nothing is told");
    must(ptn_txn_begin(&tx, mb), "begin");
    is_rc(ptn_reader_set_put(&tx, t->folder, ptn_str_make(NULL, 0)),
          PTN_EDENIED, "and nothing taken");
    ptn_txn_done(&tx);
    ptn_store_rollback(t->s.store);
}


static void
private_rows(per_user_t *t)
{
    size_t           n;
    ptn_str_t        set;
    ptn_guid_t       a, b;
    ptn_mbox_t      *mb;
    ptn_idset_t      ids;
    ptn_txn_t        tx = { 0 };
    ptn_per_user_t   row, *rows;

    memset(&a, 0x11, sizeof(a));
    memset(&b, 0x22, sizeof(b));
    memset(&ids, 0, sizeof(ids));
    must(ptn_idset_add_range(&ids, a, 5, 9), "ids");
    must(ptn_idset_ready(&ids), "ids");
    must(ptn_idset_encode(&ids, t->s.pool, PTN_IDSET_REPLGUID, &set), "ids");
    ptn_idset_done(&ids);

    mb = site_open(&t->s, "alice");
    is_rc(ptn_per_user_get(mb, t->s.pool, a, 7, &row), PTN_ENOTFOUND,
          "nothing is kept");

    memset(&row, 0, sizeof(row));
    row.replguid = a;
    row.folder = 7;
    row.store = b;
    row.set = set;
    must(ptn_txn_begin(&tx, mb), "begin");
    is_rc(ptn_per_user_put(&tx, &row), PTN_OK, "kept");
    row.folder = 8;
    is_rc(ptn_per_user_put(&tx, &row), PTN_OK, "another");
    row.store = a;
    is_rc(ptn_per_user_put(&tx, &row), PTN_OK, "that again, of another store");
    row.set = ptn_str_make(NULL, 0);
    is_rc(ptn_per_user_put(&tx, &row), PTN_OK, "one that is empty");
    row.set = ptn_str("none");
    is_rc(ptn_per_user_put(&tx, &row), PTN_ETRUNC, "no set");
    row.set = ptn_str_make((u_char *) "", PTN_PER_USER_SET_MAX + 1);
    is_rc(ptn_per_user_put(&tx, &row), PTN_ETOOBIG, "too long");
    is_rc(ptn_reader_set_put(&tx, PTN_FOLDER_INBOX, set), PTN_ESUPPORT,
          "read state itself is of public stores");
    end(&t->s, &tx);

    mb = site_reopen(&t->s, "alice");
    must(ptn_per_user_get(mb, t->s.pool, a, 7, &row), "get");
    ok(ptn_str_eq(row.set, set) && ptn_guid_eq(row.store, b)
       && row.modified > 1700000000, "as it was");
    must(ptn_per_user_list(mb, t->s.pool, b, &rows, &n), "list");
    ok(n == 1 && rows[0].folder == 7 && ptn_guid_eq(rows[0].replguid, a),
       "listed by the store");
    must(ptn_per_user_list(mb, t->s.pool, a, &rows, &n), "list");
    ok(n == 1 && rows[0].folder == 8, "replaced, not added to");

    mb = as(t, &t->alice);
    is_rc(ptn_per_user_get(mb, t->s.pool, a, 7, &row), PTN_ESUPPORT,
          "not in a public store");
    is_rc(ptn_per_user_list(mb, t->s.pool, a, &rows, &n), PTN_ESUPPORT,
          "nor a list");
    must(ptn_txn_begin(&tx, mb), "begin");
    row.set = set;
    is_rc(ptn_per_user_put(&tx, &row), PTN_ESUPPORT, "nor a new one");
    ptn_txn_done(&tx);
    ptn_store_rollback(t->s.store);
}


static void
damage(per_user_t *t)
{
    ptn_mbox_t  *mb;
    ptn_user_t   user;

    must(ptn_public_user(t->s.pool, ptn_str("example.test"), &user), "user");
    is_rc(ptn_mbox_check(t->s.store, &user, false, site_report, &t->s), PTN_OK,
          "every invariant holds in the public store");
    site_check(&t->s, "alice");

    mb = site_open(&t->s, "alice");
    must(ptn_sql_exec(mb, "INSERT INTO per_user VALUES (x'01', x'02', x'', 1)"),
         "sql");
    must(ptn_sql_exec(mb, "UPDATE per_user SET runs=x'0102' WHERE"
                      " length(folder)=22"), "sql");
    ptn_mbox_forget(mb);

    user = site_user(&t->s, "alice");
    t->s.reports = 0;
    is_rc(ptn_mbox_check(t->s.store, &user, false, site_report, &t->s),
          PTN_ECORRUPT, "damage is found");
    is_u64(t->s.reports, 3, "each of it");
    is_rc(ptn_mbox_check(t->s.store, &user, true, site_report, &t->s), PTN_OK,
          "mended");
    site_check(&t->s, "alice");
}


int
main(void)
{
    per_user_t  t;

    make(&t);
    public_sets(&t);
    rights(&t);
    private_rows(&t);
    damage(&t);
    site_done(&t.s);

    return done_testing();
}
