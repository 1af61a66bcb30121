/*
 * Where mail goes: users, plus-addressing, aliases, chains, loops, foreign
 * targets, disabled ones; and who may send as whom.
 */

#include "dir_fixture.h"


typedef struct {
    const char  *address;
    ptn_rc_t     rc;
    const char  *user;          /* NULL: foreign */
    const char  *foreign;
    const char  *detail;
} case_t;

static const case_t  cases[] = {
    { "alice@example.test", PTN_OK, "alice@example.test", "", "" },
    { "ALICE@EXAMPLE.TEST", PTN_OK, "alice@example.test", "", "" },
    { "alice+shop@example.test", PTN_OK, "alice@example.test", "", "shop" },
    { "Alice+Shop+2@example.test", PTN_OK, "alice@example.test", "",
      "shop+2" },
    { "alice+@example.test", PTN_OK, "alice@example.test", "", "" },
    { "bob+exact@example.test", PTN_OK, "bob+exact@example.test", "", "" },
    { "bob+other@example.test", PTN_ENOTFOUND, NULL, NULL, NULL },
    { "+alice@example.test", PTN_ENOTFOUND, NULL, NULL, NULL },
    { "nobody@example.test", PTN_ENOTFOUND, NULL, NULL, NULL },

    { "sales@example.test", PTN_OK, "alice@example.test", "", "" },
    { "sales+x@example.test", PTN_OK, "alice@example.test", "", "x" },
    { "into@example.test", PTN_OK, "alice@example.test", "", "folder" },
    { "into+y@example.test", PTN_OK, "alice@example.test", "", "y" },
    { "out@example.test", PTN_OK, NULL, "someone@far.example", "" },
    { "dangling@example.test", PTN_ENOTFOUND, NULL, NULL, NULL },
    { "c1@example.test", PTN_OK, "alice@example.test", "", "" },
    { "c0@example.test", PTN_ELIMIT, NULL, NULL, NULL },
    { "loop1@example.test", PTN_ELIMIT, NULL, NULL, NULL },
    { "loop2@example.test", PTN_ELIMIT, NULL, NULL, NULL },

    { "off@example.test", PTN_EDENIED, NULL, NULL, NULL },
    { "off+x@example.test", PTN_EDENIED, NULL, NULL, NULL },
    { "tooff@example.test", PTN_EDENIED, NULL, NULL, NULL },
    { "u@closed.test", PTN_EDENIED, NULL, NULL, NULL },
    { "nobody@closed.test", PTN_EDENIED, NULL, NULL, NULL },

    { "x@far.example", PTN_ESUPPORT, NULL, NULL, NULL },
    { "alice@sub.example.test", PTN_ESUPPORT, NULL, NULL, NULL },
    { "x@[127.0.0.1]", PTN_ESUPPORT, NULL, NULL, NULL },
    { "a/b@example.test", PTN_ENOTFOUND, NULL, NULL, NULL },
    { "../../etc@example.test", PTN_ENOTFOUND, NULL, NULL, NULL },
    { "a/b@far.example", PTN_ESUPPORT, NULL, NULL, NULL },
    { "' OR 1=1 --@example.test", PTN_ENOTFOUND, NULL, NULL, NULL },
    { "alice", PTN_ENOTFOUND, NULL, NULL, NULL },
    { "@example.test", PTN_ENOTFOUND, NULL, NULL, NULL },
    { "", PTN_ENOTFOUND, NULL, NULL, NULL },
    { "@", PTN_ESUPPORT, NULL, NULL, NULL },
};


static void
alias(dir_fixture_t *f, const char *from, const char *to)
{
    ptn_rc_t  rc;

    rc = ptn_alias_add(f->dir, ptn_str_z(from), ptn_str_z(to));

    ok(rc == PTN_OK, "alias %s to %s: %s", from, to, ptn_err(rc)->name);
}


static void
fill(dir_fixture_t *f)
{
    char        from[32], to[32];
    unsigned    i;
    ptn_user_t  u;

    ptn_domain_add(f->dir, ptn_str("example.test"));
    ptn_domain_add(f->dir, ptn_str("closed.test"));

    dir_fixture_user(f, "alice@example.test", NULL);
    dir_fixture_user(f, "bob+exact@example.test", NULL);
    dir_fixture_user(f, "off@example.test", &u);
    dir_fixture_user(f, "u@closed.test", NULL);

    u.disabled = true;
    ptn_user_set(f->dir, &u);
    ptn_domain_set_disabled(f->dir, ptn_str("closed.test"), true);

    alias(f, "Sales@Example.test", "Alice@Example.test");
    alias(f, "into@example.test", "alice+folder@example.test");
    alias(f, "out@example.test", "someone@far.example");
    alias(f, "dangling@example.test", "nobody@example.test");
    alias(f, "tooff@example.test", "off@example.test");
    alias(f, "loop1@example.test", "loop2@example.test");
    alias(f, "loop2@example.test", "loop1@example.test");

    /* c1 to c8: eight steps to alice; c0 is one more */

    for (i = 0; i <= 8; i++) {
        snprintf(from, sizeof(from), "c%u@example.test", i);
        snprintf(to, sizeof(to), "c%u@example.test", i + 1);
        alias(f, from, i == 8 ? "alice@example.test" : to);
    }
}


static void
test_resolve(dir_fixture_t *f)
{
    size_t         i, round;
    ptn_rc_t       rc;
    ptn_rcpt_t     r;
    const case_t  *c;

    /* twice: from the database, then from the cache */

    for (round = 0; round < 2; round++) {
        for (i = 0; i < ptn_nelts(cases); i++) {
            c = &cases[i];

            rc = ptn_directory_resolve(f->dir, f->pool,
                                       ptn_str_z(c->address), &r);

            ok(rc == c->rc, "%s: %s", c->address, ptn_err(rc)->name);

            if (rc != PTN_OK || c->rc != PTN_OK) {
                continue;
            }

            if (c->user == NULL) {
                is_u64(r.user.id, 0, "no local user");

            } else {
                is_str(r.user.address, c->user, "user");
            }

            is_str(r.foreign, c->foreign, "foreign");
            is_str(r.detail, c->detail, "detail");
        }
    }

    rc = ptn_directory_resolve(f->dir, f->pool,
                               ptn_str("alice\0@example.test"), &r);
    is_rc(rc, PTN_ENOTFOUND, "NUL inside");
}


static void
test_aliases(dir_fixture_t *f)
{
    size_t        n;
    ptn_rcpt_t    r;
    ptn_alias_t  *list;

    is_rc(ptn_alias_add(f->dir, ptn_str("alice@example.test"),
                        ptn_str("x@far.example")), PTN_EEXIST,
          "a user's address is taken");
    is_rc(ptn_alias_add(f->dir, ptn_str("sales@example.test"),
                        ptn_str("x@far.example")), PTN_EEXIST,
          "so is an alias");
    is_rc(dir_fixture_user(f, "sales@example.test", NULL), PTN_EEXIST,
          "no user in an alias's place");
    is_rc(ptn_alias_add(f->dir, ptn_str("a@far.example"),
                        ptn_str("alice@example.test")), PTN_ENOTFOUND,
          "the domain must be ours");
    is_rc(ptn_alias_add(f->dir, ptn_str("self@example.test"),
                        ptn_str("SELF@example.test")), PTN_EINVAL,
          "not to itself");
    is_rc(ptn_alias_add(f->dir, ptn_str("a/b@example.test"),
                        ptn_str("alice@example.test")), PTN_EINVAL,
          "hostile alias");
    is_rc(ptn_alias_add(f->dir, ptn_str("a@example.test"),
                        ptn_str("alice")), PTN_EINVAL, "hostile target");

    is_rc(ptn_alias_list(f->dir, f->pool, ptn_str("example.test"), &list, &n),
          PTN_OK, "list");
    ok(n == 16 && ptn_str_eqz(list[0].alias, "c0@example.test")
       && ptn_str_eqz(list[0].target, "c1@example.test"), "in order");
    is_rc(ptn_alias_list(f->dir, f->pool, ptn_str(""), &list, &n), PTN_OK,
          "list of all");
    is_u64(n, 16, "the same");
    is_rc(ptn_alias_list(f->dir, f->pool, ptn_str("closed.test"), &list, &n),
          PTN_OK, "list of a domain without");
    is_u64(n, 0, "none");
    is_rc(ptn_alias_list(f->dir, f->pool, ptn_str("no.test"), &list, &n),
          PTN_ENOTFOUND, "list of no domain");

    is_rc(ptn_alias_delete(f->dir, ptn_str("alice@example.test")),
          PTN_ENOTFOUND, "delete does not touch users");
    is_rc(ptn_alias_delete(f->dir, ptn_str("SALES@example.test")), PTN_OK,
          "delete");
    is_rc(ptn_alias_delete(f->dir, ptn_str("sales@example.test")),
          PTN_ENOTFOUND, "twice");
    is_rc(ptn_alias_delete(f->dir, ptn_str("")), PTN_ENOTFOUND, "nonsense");
    is_rc(ptn_directory_resolve(f->dir, f->pool,
                                ptn_str("sales@example.test"), &r),
          PTN_ENOTFOUND, "our own change is seen in spite of the cache");

    alias(f, "sales@example.test", "alice@example.test");
}


static void
test_send_as(dir_fixture_t *f)
{
    uint64_t    id;
    ptn_user_t  u;

    ptn_user_get(f->dir, f->pool, ptn_str("alice@example.test"), &u);
    id = u.id;

    static const struct {
        const char  *address;
        ptn_rc_t     rc;
    } rows[] = {
        { "alice@example.test", PTN_OK },
        { "Alice+x@example.test", PTN_OK },
        { "sales@example.test", PTN_OK },
        { "c1@example.test", PTN_OK },
        { "c0@example.test", PTN_EDENIED },
        { "bob+exact@example.test", PTN_EDENIED },
        { "out@example.test", PTN_EDENIED },
        { "off@example.test", PTN_EDENIED },
        { "x@far.example", PTN_EDENIED },
        { "nobody@example.test", PTN_EDENIED },
        { "", PTN_EDENIED },
    };

    for (size_t i = 0; i < ptn_nelts(rows); i++) {
        is_rc(ptn_directory_may_send_as(f->dir, id,
                                        ptn_str_z(rows[i].address)),
              rows[i].rc, rows[i].address);
    }

    is_rc(ptn_directory_may_send_as(f->dir, 0, ptn_str("out@example.test")),
          PTN_EDENIED, "nobody may not send as a foreign target");
}


static void
test_speed(dir_fixture_t *f)
{
    int64_t      t;
    unsigned     i;
    ptn_rcpt_t   r;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);
    t = ptn_test_cpu_us();

    for (i = 0; i < 20000; i++) {
        ptn_directory_resolve(f->dir, pool, ptn_str("sales@example.test"),
                              &r);
        ptn_pool_reset(pool);
    }

    t = ptn_test_cpu_us() - t;
    diag("resolve: %.2f us, cached", (double) t / 20000);

    t = ptn_test_cpu_us();

    for (i = 0; i < 20000; i++) {
        ptn_directory_resolve(f->dir, pool, ptn_str("nobody@example.test"),
                              &r);
        ptn_pool_reset(pool);
    }

    t = ptn_test_cpu_us() - t;
    diag("resolve: %.2f us, unknown", (double) t / 20000);

    ptn_pool_destroy(pool);
}


int
main(void)
{
    dir_fixture_t  f;

    dir_fixture_open(&f);
    fill(&f);
    test_resolve(&f);
    test_aliases(&f);
    test_send_as(&f);
    test_speed(&f);
    dir_fixture_close(&f);

    return done_testing();
}
