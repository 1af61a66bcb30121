/*
 * Groups: ids, nesting, loops, who is in what, and that it holds at once.
 */

#include "dir_fixture.h"
#include "ptn_dir_db.h"


static ptn_rc_t
add(dir_fixture_t *f, const char *group, const char *member)
{
    return ptn_group_member_add(f->dir, ptn_str_z(group), ptn_str_z(member));
}


static void
is_in(dir_fixture_t *f, uint64_t user, size_t n, const uint64_t *ids,
    const char *name)
{
    uint32_t         i, got;
    const uint64_t  *groups;

    is_rc(ptn_groups_of(f->dir, f->pool, user, &groups, &got), PTN_OK, name);
    is_u64(got, n, name);

    for (i = 0; i < got && i < n; i++) {
        is_u64(groups[i], ids[i], "this one");
    }
}


int
main(void)
{
    char            name[64];
    size_t          i, n;
    uint64_t        a, b, c, generation;
    ptn_user_t      alice, bob, late;
    ptn_group_t     g, *list;
    dir_fixture_t   f_, *f = &f_;

    dir_fixture_open(f);
    is_rc(ptn_domain_add(f->dir, ptn_str("example.test")), PTN_OK, "domain");

    is_rc(ptn_group_add(f->dir, ptn_str("a@example.test"), ptn_str("A"), &a),
          PTN_OK, "a group before any user");
    dir_fixture_user(f, "alice@example.test", &alice);
    dir_fixture_user(f, "bob@example.test", &bob);
    is_rc(ptn_group_add(f->dir, ptn_str("B@Example.test"), ptn_str(""), &b),
          PTN_OK, "and one after");
    ok(a != alice.id && b != alice.id && b != bob.id && a != b,
       "ids of one space");
    is_rc(ptn_group_add(f->dir, ptn_str("b@example.test"), ptn_str(""), &c),
          PTN_EEXIST, "its name is taken");
    is_rc(ptn_group_add(f->dir, ptn_str("bob@example.test"), ptn_str(""), &c),
          PTN_EEXIST, "as a user's is");
    is_rc(dir_fixture_user(f, "b@example.test", NULL), PTN_EEXIST,
          "by which no user comes");
    is_rc(ptn_alias_add(f->dir, ptn_str("a@example.test"),
                        ptn_str("bob@example.test")), PTN_EEXIST,
          "nor an alias");
    is_rc(ptn_group_add(f->dir, ptn_str("c@else.test"), ptn_str(""), &c),
          PTN_ENOTFOUND, "of a domain that is ours");

    is_in(f, alice.id, 0, NULL, "in none");
    is_rc(add(f, "b@example.test", "alice@example.test"), PTN_OK, "in b");
    is_rc(add(f, "b@example.test", "alice@example.test"), PTN_EEXIST, "once");
    is_in(f, alice.id, 1, &b, "found at once, though it was asked before");
    is_rc(add(f, "a@example.test", "b@example.test"), PTN_OK, "b in a");
    is_in(f, alice.id, 2, (uint64_t[]) { ptn_min(a, b), ptn_max(a, b) },
          "in both");
    is_in(f, bob.id, 0, NULL, "bob in none");

    is_rc(add(f, "b@example.test", "a@example.test"), PTN_EINVAL, "no loop");
    is_rc(add(f, "a@example.test", "a@example.test"), PTN_EINVAL,
          "not in itself");
    is_rc(add(f, "a@example.test", "x@example.test"), PTN_ENOTFOUND,
          "nobody");
    is_rc(add(f, "x@example.test", "alice@example.test"), PTN_ENOTFOUND,
          "nothing");

    /* a loop that a file has all the same */

    ok(sqlite3_exec(f->dir->db, "INSERT INTO member SELECT b.id, a.id FROM"
                    " party a, party b WHERE a.address LIKE 'a@%' AND"
                    " b.address LIKE 'b@%'", NULL, NULL, NULL) == SQLITE_OK,
       "made");
    ptn_dir_cache_clear(f->dir);
    is_in(f, alice.id, 2, (uint64_t[]) { ptn_min(a, b), ptn_max(a, b) },
          "ends by itself");
    sqlite3_exec(f->dir->db, "DELETE FROM member WHERE party > member AND"
                 " member IN (SELECT id FROM party)", NULL, NULL, NULL);
    sqlite3_exec(f->dir->db, "INSERT OR IGNORE INTO member SELECT a.id, b.id"
                 " FROM party a, party b WHERE a.address LIKE 'a@%' AND"
                 " b.address LIKE 'b@%'", NULL, NULL, NULL);

    /* far above, a change reaches the user */

    ptn_user_by_id(f->dir, f->pool, alice.id, &alice);
    ptn_user_by_id(f->dir, f->pool, bob.id, &bob);
    generation = alice.generation;
    ptn_group_add(f->dir, ptn_str("top@example.test"), ptn_str("Top"), &c);
    is_rc(add(f, "top@example.test", "a@example.test"), PTN_OK, "a in top");
    ptn_user_by_id(f->dir, f->pool, alice.id, &alice);
    ok(alice.generation > generation, "alice's generation moved");
    generation = bob.generation;
    ptn_user_by_id(f->dir, f->pool, bob.id, &bob);
    is_u64(bob.generation, generation, "bob's did not");

    is_rc(ptn_group_list(f->dir, f->pool, ptn_str("example.test"), &list, &n),
          PTN_OK, "list");
    is_u64(n, 3, "three");
    is_str(list[0].address, "a@example.test", "by name");
    is_rc(ptn_group_members(f->dir, f->pool, ptn_str("a@example.test"), &list,
                            &n), PTN_OK, "members");
    ok(n == 1 && list[0].id == b, "b alone, itself");
    is_rc(ptn_group_by_id(f->dir, f->pool, c, &g), PTN_OK, "by id");
    is_str(g.display, "Top", "its name");

    generation = alice.generation;
    is_rc(ptn_group_member_remove(f->dir, ptn_str("a@example.test"),
                                  ptn_str("b@example.test")), PTN_OK, "out");
    is_in(f, alice.id, 1, &b, "in b alone");
    ptn_user_by_id(f->dir, f->pool, alice.id, &alice);
    ok(alice.generation > generation, "and signs in anew");
    is_rc(ptn_group_member_remove(f->dir, ptn_str("a@example.test"),
                                  ptn_str("b@example.test")), PTN_ENOTFOUND,
          "once");

    /* ids are never used again */

    is_rc(ptn_group_delete(f->dir, ptn_str("top@example.test")), PTN_OK,
          "deleted");
    dir_fixture_user(f, "late@example.test", &late);
    ok(late.id > c, "the next user has another id");
    is_rc(ptn_user_delete(f->dir, ptn_str("alice@example.test")), PTN_OK,
          "a user goes");
    ptn_group_members(f->dir, f->pool, ptn_str("b@example.test"), &list, &n);
    is_u64(n, 0, "out of its groups");

    /* more than anybody may be in */

    for (i = 0; i < PTN_GROUPS_MAX; i++) {
        snprintf(name, sizeof(name), "g%zu@example.test", i);

        if (ptn_group_add(f->dir, ptn_str_z(name), ptn_str(""), NULL) != PTN_OK
            || (i < 40 && add(f, name, "bob@example.test") != PTN_OK))
        {
            break;
        }
    }

    is_u64(i, PTN_GROUPS_MAX, "many groups");
    sqlite3_exec(f->dir->db, "INSERT OR IGNORE INTO member SELECT p.id, u.id"
                 " FROM party p, user u WHERE p.address LIKE 'g%@%' AND"
                 " u.address LIKE 'bob@%'", NULL, NULL, NULL);
    is_rc(add(f, "a@example.test", "bob@example.test"), PTN_ELIMIT,
          "one more than one may be in");

    /* quotas */

    late.quota_warn = 1000;
    late.quota_send = 2000;
    late.quota_receive = 3000;
    is_rc(ptn_user_set(f->dir, &late), PTN_OK, "quotas");
    memset(&bob, 0, sizeof(bob));
    ptn_user_by_id(f->dir, f->pool, late.id, &bob);
    ok(bob.quota_warn == 1000 && bob.quota_send == 2000
       && bob.quota_receive == 3000, "are kept");
    late.quota_send = UINT64_MAX;
    is_rc(ptn_user_set(f->dir, &late), PTN_EINVAL, "of a size that exists");

    dir_fixture_close(f);

    return done_testing();
}
