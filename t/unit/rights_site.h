/*
 * Who is who in the tests of rights: alice has the mailbox, bob asks.
 */

#ifndef RIGHTS_SITE_H
#define RIGHTS_SITE_H


#include "mailbox_site.h"
#include "ptn_eid.h"
#include "ptn_folder.h"
#include "ptn_ics.h"
#include "ptn_table.h"


#define ALICE  1
#define BOB    2

static ptn_user_t  alice, bob;
static ptn_actor_t  bob_acts;


static inline void
rights_site(site_t *s)
{
    site_make(s);
    alice = site_user(s, "alice");
    bob = site_user(s, "bob");
    bob.id = BOB;
    memset(&bob_acts, 0, sizeof(bob_acts));
    bob_acts.user = BOB;
    bob_acts.mailbox = bob.mailbox;
    bob_acts.address = bob.address;
}


static inline ptn_mbox_t *
open_as(site_t *s, const ptn_actor_t *actor)
{
    ptn_mbox_t  *mb;

    must(ptn_mbox_open(s->store, &alice, actor, &mb), "open");

    return mb;
}


static inline void
give(site_t *s, ptn_id_t folder, uint64_t member, uint32_t rights)
{
    ptn_mbox_t          *mb;
    ptn_permission_op_t  op = { PTN_PERMISSION_ADD, { member, rights } };
    ptn_txn_t            tx = { 0 };

    mb = open_as(s, NULL);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_rights_modify(&tx, folder, false, false, &op, 1), "modify");
    must(ptn_txn_commit(&tx), "commit");
    must(ptn_store_commit(s->store), "commit");
}


/* ---- asking -------------------------------------------------------------- */

static inline ptn_rc_t
rights_hit(void *ctx, const ptn_msg_info_t *m PTN_UNUSED)
{
    ++*(unsigned *) ctx;

    return PTN_OK;
}


/* How many messages a search of `folder` (0: of all) finds. */

static inline ptn_rc_t
rights_search(ptn_mbox_t *mb, ptn_id_t folder, unsigned *ret_n)
{
    ptn_scope_t  scope;
    ptn_query_t  all;

    memset(&scope, 0, sizeof(scope));
    memset(&all, 0, sizeof(all));
    all.op = PTN_FIND_ALL;
    scope.folders = &folder;
    scope.n = (folder != 0);
    *ret_n = 0;

    return ptn_search_run(mb, &all, &scope, false, rights_hit, ret_n);
}


/* What has a subject. */

static inline ptn_rc_t
rights_criteria(ptn_txn_t *tx, ptn_id_t search, ptn_id_t scope)
{
    ptn_criteria_t  c;

    memset(&c, 0, sizeof(c));
    c.restriction = ptn_str_make("\x08\x1f\x00\x37\x00", 5);
    c.folders = &scope;
    c.n = 1;

    return ptn_search_folder_set(tx, search, &c);
}


/* Is the folder told of below `root`? */

static inline ptn_rc_t
rights_tree(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t root, ptn_id_t folder)
{
    size_t                    i, n;
    ptn_rc_t                  rc;
    ptn_ics_tree_t           *tree;
    ptn_ics_state_t           state;
    ptn_ics_folder_change_t  *ch;

    memset(&state, 0, sizeof(state));
    rc = ptn_ics_tree_open(mb, root, 0, &state, &tree);

    if (rc != PTN_OK) {
        ptn_ics_state_done(&state);
        return rc;
    }

    rc = ptn_ics_tree_next(mb, tree, pool, 1000, &ch, &n);

    for (i = 0; rc == PTN_OK && i < n && ch[i].id != folder; i++) {
        /* void */
    }

    rc = (rc == PTN_OK && i == n) ? PTN_ENOTFOUND : rc;
    ptn_ics_tree_close(tree);

    return rc;
}


static inline ptn_str_t
rights_gid(site_t *s, ptn_mbox_t *mb, ptn_id_t id)
{
    u_char      *p;
    uint16_t     replid;
    ptn_guid_t   guid;

    p = ptn_palloc(s->pool, PTN_GID_LEN);
    memset(&guid, 0, sizeof(guid));
    ptn_mbox_replica(mb, id, &replid, &guid);
    ptn_eid_gid(guid, id, p);

    return ptn_str_make(p, PTN_GID_LEN);
}


#endif /* RIGHTS_SITE_H */
