/*
 * Named properties: ids once and for good, names without ids, PS_MAPI, header
 * names, undone ones, the last id.
 */

#include "mailbox_site.h"


static const ptn_guid_t  ps_mapi = { {
    0x28, 3, 2, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46
} };

static const ptn_guid_t  headers = { {
    0x86, 3, 2, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46
} };

static const ptn_guid_t  mine = { { 1, 2, 3, 4 } };


static ptn_named_t
by_name(ptn_guid_t set, const char *name)
{
    ptn_named_t  n;

    memset(&n, 0, sizeof(n));
    n.set = set;
    n.by_name = true;
    n.name = ptn_str_z(name);

    return n;
}


static ptn_named_t
by_lid(ptn_guid_t set, uint32_t lid)
{
    ptn_named_t  n;

    memset(&n, 0, sizeof(n));
    n.set = set;
    n.lid = lid;
    n.name = ptn_str("");

    return n;
}


static uint16_t
id_of(ptn_mbox_t *mb, ptn_txn_t *tx, ptn_named_t name)
{
    uint16_t  id;

    id = 0xffff;

    return (ptn_named_ids(mb, tx, &name, 1, &id) == PTN_OK) ? id : 0xffff;
}


int
main(void)
{
    site_t        s;
    bool          found[4];
    uint16_t      ids[6], again[6];
    ptn_txn_t     tx;
    ptn_named_t   names[6], back[4];
    ptn_mbox_t   *mb;

    site_make(&s);
    s.conf.fsync = false;
    mb = site_open(&s, "alice");

    names[0] = by_name(mine, "one");
    names[1] = by_lid(mine, 0x8102);
    names[2] = by_name(mine, "One");
    names[3] = by_lid(ps_mapi, 0x37);
    names[4] = by_name(headers, "X-Spam-Level");
    names[5] = by_lid(mine, 0xffffffff);

    is_rc(ptn_named_ids(mb, NULL, names, 6, ids), PTN_OK, "looked up");
    ok(ids[0] == 0 && ids[1] == 0 && ids[3] == 0x37, "there are none");

    ptn_txn_begin(&tx, mb);
    is_rc(ptn_named_ids(mb, &tx, names, 6, ids), PTN_OK, "made");
    ok(ids[0] == 0x8000 && ids[1] == 0x8001 && ids[2] == 0x8002
       && ids[3] == 0x37 && ids[4] == 0x8003 && ids[5] == 0x8004,
       "one behind the other; PS_MAPI is the id itself");
    ptn_txn_commit(&tx);
    ptn_store_commit(s.store);

    mb = site_reopen(&s, "alice");
    is_rc(ptn_named_ids(mb, NULL, names, 6, again), PTN_OK, "again");
    ok(memcmp(ids, again, sizeof(ids)) == 0, "the same");
    ok(id_of(mb, NULL, by_name(headers, "x-spam-LEVEL")) == 0x8003,
       "header names have no case");
    ok(id_of(mb, NULL, by_name(mine, "ONE")) == 0, "others have");

    ptn_txn_begin(&tx, mb);
    ok(id_of(mb, &tx, by_name(mine, "")) == 0
       && id_of(mb, &tx, by_lid(ps_mapi, 0x9000)) == 0, "no names");
    ok(id_of(mb, &tx, by_name(mine, "undone")) == 0x8005, "one more");
    ptn_txn_done(&tx);
    ok(id_of(mb, NULL, by_name(mine, "undone")) == 0, "is undone");

    again[0] = 0x8000;
    again[1] = 0x8004;
    again[2] = 0x0037;
    again[3] = 0x8005;
    is_rc(ptn_named_names(mb, s.pool, again, 4, back, found), PTN_OK,
          "names of ids");
    ok(found[0] && back[0].by_name && ptn_str_eqz(back[0].name, "one")
       && ptn_guid_eq(back[0].set, mine), "by name");
    ok(found[1] && !back[1].by_name && back[1].lid == 0xffffffff, "by lid");
    ok(found[2] && ptn_guid_eq(back[2].set, ps_mapi) && back[2].lid == 0x37,
       "PS_MAPI");
    ok(!found[3], "not given");

    /* the last of them */

    ptn_txn_begin(&tx, mb);
    is_rc(ptn_sql_exec(mb, "WITH RECURSIVE n(i) AS (SELECT 32773 UNION ALL"
                           " SELECT i+1 FROM n WHERE i<65533) INSERT INTO"
                           " named SELECT i, zeroblob(16), i, '' FROM n"),
          PTN_OK, "all but one are taken");
    names[0] = by_name(mine, "last");
    names[1] = by_name(mine, "too many");
    ok(id_of(mb, &tx, names[0]) == PTN_NAMED_LAST, "the last one");
    is_rc(ptn_named_ids(mb, &tx, names + 1, 1, ids), PTN_ELIMIT, "no more");
    ok(id_of(mb, &tx, names[0]) == PTN_NAMED_LAST, "found still");
    ptn_txn_commit(&tx);
    ptn_store_commit(s.store);
    site_check(&s, "alice");
    site_done(&s);

    return done_testing();
}
