/*
 * Access to other mailboxes, name resolution, and a directory of version 1.
 */

#include <sqlite3.h>

#include "dir_fixture.h"


static ptn_user_t
person(dir_fixture_t *f, const char *address, const char *display)
{
    ptn_user_t  u;

    memset(&u, 0, sizeof(u));
    u.address = ptn_str_z(address);
    u.display = ptn_str_z(display);
    u.services = PTN_SERVICE_ALL;

    if (ptn_user_add(f->dir, &u) != PTN_OK
        || ptn_user_get(f->dir, f->pool, u.address, &u) != PTN_OK)
    {
        abort();
    }

    return u;
}


static uint32_t
access_of(dir_fixture_t *f, uint64_t grantee, uint64_t owner)
{
    uint32_t  a = 99;

    is_rc(ptn_access_get(f->dir, grantee, owner, &a), PTN_OK, "get");
    return a;
}


static void
test_access(void)
{
    size_t         n;
    uint32_t       how;
    ptn_user_t     alice, bob, carol, u;
    ptn_access_t  *list;
    dir_fixture_t  f;

    dir_fixture_open(&f);
    ptn_domain_add(f.dir, ptn_str("example.test"));
    alice = person(&f, "alice@example.test", "Alice");
    bob = person(&f, "bob@example.test", "Bob");
    carol = person(&f, "carol@example.test", "Carol");
    ptn_alias_add(f.dir, ptn_str("sales@example.test"),
                  ptn_str("alice@example.test"));

    is_u64(access_of(&f, bob.id, alice.id), 0, "none at first");
    is_rc(ptn_access_set(f.dir, alice.address, bob.address,
                         PTN_ACCESS_FULL|PTN_ACCESS_ON_BEHALF), PTN_OK, "set");
    is_u64(access_of(&f, bob.id, alice.id),
           PTN_ACCESS_FULL|PTN_ACCESS_ON_BEHALF, "seen, also if cached");
    is_u64(access_of(&f, alice.id, bob.id), 0, "not the other way");
    is_u64(access_of(&f, carol.id, alice.id), 0, "not for others");

    is_rc(ptn_user_get(f.dir, f.pool, bob.address, &u), PTN_OK, "bob");
    ok(u.generation > bob.generation, "the grantee signs in anew");
    is_rc(ptn_user_get(f.dir, f.pool, alice.address, &u), PTN_OK, "alice");
    ok(u.generation == alice.generation, "the owner need not");

    is_rc(ptn_directory_send_by(f.dir, f.pool, bob.id, alice.address, &how,
                                &u), PTN_OK, "on behalf");
    ok(how == PTN_ACCESS_ON_BEHALF && u.id == alice.id, "of alice");
    is_rc(ptn_directory_may_send_as(f.dir, bob.id, alice.address),
          PTN_EDENIED, "on behalf is not as");
    is_rc(ptn_directory_may_send_as(f.dir, bob.id, bob.address), PTN_OK,
          "as himself");

    is_rc(ptn_access_set(f.dir, alice.address, bob.address,
                         PTN_ACCESS_SEND_AS), PTN_OK, "replaced");
    is_u64(access_of(&f, bob.id, alice.id), PTN_ACCESS_SEND_AS, "this alone");
    is_rc(ptn_directory_may_send_as(f.dir, bob.id, ptn_str("Sales@EXAMPLE.test")),
          PTN_OK, "as, by an alias of the owner");
    is_rc(ptn_directory_may_send_as(f.dir, carol.id, alice.address),
          PTN_EDENIED, "carol may not");
    is_rc(ptn_directory_may_send_as(f.dir, bob.id, ptn_str("x@far.example")),
          PTN_EDENIED, "nobody may as a stranger");

    is_rc(ptn_access_set(f.dir, carol.address, bob.address, PTN_ACCESS_FULL),
          PTN_OK, "a second owner");
    is_rc(ptn_access_list(f.dir, f.pool, ptn_str(""), &list, &n), PTN_OK,
          "list");
    ok(n == 2 && ptn_str_eq(list[0].owner, alice.address)
       && ptn_str_eq(list[1].owner, carol.address)
       && ptn_str_eq(list[1].grantee, bob.address)
       && list[1].access == PTN_ACCESS_FULL, "both");
    is_rc(ptn_access_list(f.dir, f.pool, carol.address, &list, &n), PTN_OK,
          "list of one");
    is_u64(n, 1, "one");

    u = alice;
    u.disabled = true;
    is_rc(ptn_user_set(f.dir, &u), PTN_OK, "the owner is disabled");
    is_u64(access_of(&f, bob.id, alice.id), 0, "nobody gets in by her");
    u.disabled = false;
    is_rc(ptn_user_set(f.dir, &u), PTN_OK, "enabled");

    is_rc(ptn_access_set(f.dir, alice.address, bob.address, 0), PTN_OK,
          "taken");
    is_u64(access_of(&f, bob.id, alice.id), 0, "gone");
    is_rc(ptn_access_set(f.dir, alice.address, bob.address, 0),
          PTN_ENOTFOUND, "there was none");
    is_rc(ptn_access_set(f.dir, alice.address, alice.address, 1),
          PTN_EINVAL, "to oneself");
    is_rc(ptn_access_set(f.dir, alice.address, bob.address, 0x80),
          PTN_EINVAL, "an unknown right");
    is_rc(ptn_access_set(f.dir, ptn_str("x@example.test"), bob.address, 1),
          PTN_ENOTFOUND, "an unknown owner");
    is_rc(ptn_access_set(f.dir, alice.address, ptn_str("no address"), 1),
          PTN_ENOTFOUND, "an unknown grantee");

    is_rc(ptn_user_by_mailbox(f.dir, f.pool, carol.mailbox, &u), PTN_OK,
          "by mailbox");
    ok(u.id == carol.id, "carol's");
    is_rc(ptn_user_by_mailbox(f.dir, f.pool, alice.mailbox, &u), PTN_OK,
          "another one");
    ok(u.id == alice.id, "alice's");
    is_rc(ptn_user_by_mailbox(f.dir, f.pool, (ptn_guid_t) { { 1 } }, &u),
          PTN_ENOTFOUND, "nobody's");

    is_rc(ptn_user_delete(f.dir, carol.address), PTN_OK, "carol leaves");
    is_rc(ptn_access_list(f.dir, f.pool, ptn_str(""), &list, &n), PTN_OK,
          "list");
    is_u64(n, 0, "and what she gave");
    dir_fixture_close(&f);
}


/* Local parts of those who are found, parted by commas. */

static const char *
who(dir_fixture_t *f, const char *text, size_t max)
{
    bool         more = false;
    size_t       i, n;
    ptn_rc_t     rc;
    ptn_user_t  *users;

    static char  out[512];

    rc = ptn_user_resolve(f->dir, f->pool, ptn_str("example.test"),
                          ptn_str_z(text), max, &users, &n, &more);
    if (rc != PTN_OK) {
        return ptn_err(rc)->name;
    }

    out[0] = '\0';
    for (i = 0; i < n && i < 20; i++) {
        sprintf(out + strlen(out), "%s%.*s", i ? "," : "",
                (int) strcspn((char *) users[i].address.data, "@"),
                users[i].address.data);
    }

    return strcat(out, more ? "+" : "");
}


#define is_who(text, want)                                                    \
    do {                                                                      \
        const char  *got_ = who(f, text, 10);                                 \
        ok(strcmp(got_, want) == 0, "\"%s\" is %s, got %s", text, want, got_);\
    } while (0)


static void
check_resolve(dir_fixture_t *f)
{
    is_who("alice", "alice");
    is_who("ALI", "alice");
    is_who("smith", "alice,bob,bob2");      /* by display name */
    is_who("bob s", "bob");
    is_who("Smith, Bob", "bob2");
    is_who("smith bob", "bob2");
    is_who("muller", "jm");
    is_who("M\xc3\x9cLL", "jm");
    is_who("m\xc3\xbcller", "jm");
    is_who("mu\xcc\x88ller", "jm");         /* u and a combining diaeresis */
    is_who("jurgen m", "jm");
    is_who("gross", "str");                 /* sharp s */
    is_who("soren", "str");
    is_who("\xd0\xb8\xd0\xb2\xd0\xb0", "ivan");
    is_who("jm@", "jm");
    is_who("jm@example.test", "jm");
    is_who("ALICE@example.TEST", "alice");
    is_who("alice@example.tes", "alice");
    is_who("sales", "alice");               /* an alias */
    is_who("sales@example.test", "alice");
    is_who("j.doe", "j.doe");
    is_who("example", "");                  /* a domain is no word */
    is_who("lice", "");                     /* the middle of a word is none */
    is_who("x@far.example", "");
    is_who("elsewhere", "");                /* of another domain of ours */
    is_who("boss@other.test", "");
    is_who("gone", "");                     /* disabled */
    is_who("gone@example.test", "");
    is_who("out", "");                      /* an alias to a stranger */
    is_who("", "");
    is_who(" \t", "");
    is_who("%", "");
    is_who("a' OR 1=1 --", "");
    is_who("\xff\xfe", "");
    ok(strcmp(who(f, "b", 1), "bob+") == 0, "at most one, and more");
    ok(strcmp(who(f, "smith", 3), "alice,bob,bob2") == 0, "three of three");
}


static void
fill(dir_fixture_t *f)
{
    ptn_user_t  u;

    ptn_domain_add(f->dir, ptn_str("example.test"));
    ptn_domain_add(f->dir, ptn_str("other.test"));
    person(f, "bob@example.test", "Bob Smith");
    person(f, "alice@example.test", "Alice Smith");
    person(f, "bob2@example.test", "Smith, Bob Zacharias");
    person(f, "jm@example.test", "J\xc3\xbcrgen M\xc3\xbcller");
    person(f, "str@example.test", "S\xc3\xb8ren Gro\xc3\x9f");
    person(f, "ivan@example.test", "\xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd");
    person(f, "j.doe@example.test", "");
    person(f, "boss@other.test", "Elsewhere");
    u = person(f, "gone@example.test", "Gone");
    u.disabled = true;
    ptn_user_set(f->dir, &u);
    ptn_alias_add(f->dir, ptn_str("sales@example.test"),
                  ptn_str("alice@example.test"));
    ptn_alias_add(f->dir, ptn_str("out@example.test"),
                  ptn_str("x@far.example"));
}


static void
test_resolve(void)
{
    bool            more;
    size_t          n;
    ptn_user_t      u, *users;
    dir_fixture_t   f_, *f = &f_;

    dir_fixture_open(f);
    fill(f);

    ok(strcmp(who(f, "smith", 10), "alice,bob,bob2") == 0, "three Smiths: %s",
       who(f, "smith", 10));
    ptn_user_get(f->dir, f->pool, ptn_str("bob2@example.test"), &u);
    u.display = ptn_str("Bobby Tables");
    is_rc(ptn_user_set(f->dir, &u), PTN_OK, "renamed");
    is_who("zacharias", "");
    is_who("tables", "bob2");
    is_who("smith", "alice,bob");
    u.display = ptn_str("Smith, Bob Zacharias");
    ptn_user_set(f->dir, &u);
    is_who("zacharias", "bob2");

    is_rc(ptn_alias_delete(f->dir, ptn_str("sales@example.test")), PTN_OK,
          "an alias goes");
    is_who("sales", "");
    ptn_alias_add(f->dir, ptn_str("sales@example.test"),
                  ptn_str("alice@example.test"));
    is_rc(ptn_user_delete(f->dir, ptn_str("ivan@example.test")), PTN_OK,
          "a user goes");
    is_who("ivan", "");
    is_rc(ptn_user_resolve(f->dir, f->pool, ptn_str("no.test"), ptn_str("a"),
                           5, &users, &n, &more), PTN_ENOTFOUND,
          "an unknown domain");
    ptn_domain_set_disabled(f->dir, ptn_str("example.test"), true);
    is_who("alice", "");
    dir_fixture_close(f);
}


/* As a server of version 1 left it: its two tables less, its words missing. */

static void
test_upgrade(void)
{
    size_t          i;
    char            path[512];
    sqlite3        *db;
    dir_fixture_t   f_, *f = &f_;

    static const char *const  undo[] = {
        "DROP TABLE member", "DROP TABLE party",
        "ALTER TABLE user DROP COLUMN quota_warn",
        "ALTER TABLE user DROP COLUMN quota_send",
        "ALTER TABLE user DROP COLUMN quota_receive",
        "DROP TABLE word", "DROP TABLE access",
        "ALTER TABLE user DROP COLUMN sort", "PRAGMA user_version = 1"
    };

    dir_fixture_open(f);
    fill(f);
    ptn_directory_close(f->dir);
    snprintf(path, sizeof(path), "%s/directory.sqlite", f->root);

    if (sqlite3_open(path, &db) != SQLITE_OK) {
        abort();
    }
    for (i = 0; i < ptn_nelts(undo); i++) {
        ok(sqlite3_exec(db, undo[i], NULL, NULL, NULL) == SQLITE_OK, "%s: %s",
           undo[i], sqlite3_errmsg(db));
    }
    sqlite3_close(db);

    is_rc(ptn_directory_open(&f->conf, false, &f->dir), PTN_OK,
          "opened by this version");
    is_who("muller", "jm");
    is_who("sales", "alice");
    is_who("gone", "");
    is_who("zachar", "bob2");
    is_rc(ptn_access_set(f->dir, ptn_str("alice@example.test"),
                         ptn_str("bob@example.test"), PTN_ACCESS_FULL),
          PTN_OK, "and has access rights");
    ptn_directory_close(f->dir);
    is_rc(ptn_directory_open(&f->conf, false, &f->dir), PTN_OK, "again");
    is_who("muller", "jm");

    ptn_directory_close(f->dir);
    sqlite3_open(path, &db);
    sqlite3_exec(db, "PRAGMA user_version = 4", NULL, NULL, NULL);
    sqlite3_close(db);
    f->dir = NULL;
    is_rc(ptn_directory_open(&f->conf, true, &f->dir), PTN_EVERSION,
          "one of a newer version is refused");
    dir_fixture_close(f);
}


/* Thousands of users: one of them, and a letter that half of them share. */

static void
test_many(void)
{
    bool            more;
    char            sql[512], path[512];
    size_t          i, n;
    sqlite3        *db;
    uint64_t        start, narrow, broad;
    ptn_pool_t     *pool;
    ptn_user_t     *users;
    dir_fixture_t   f_, *f = &f_;

    dir_fixture_open(f);
    ptn_domain_add(f->dir, ptn_str("example.test"));
    person(f, "zoe@example.test", "Zo\xc3\xab Unique");
    ptn_directory_close(f->dir);

    snprintf(path, sizeof(path), "%s/directory.sqlite", f->root);
    sqlite3_open(path, &db);
    sqlite3_exec(db, "PRAGMA synchronous = OFF; BEGIN", NULL, NULL, NULL);
    for (i = 0; i < 5000; i++) {
        snprintf(sql, sizeof(sql),
                 "INSERT INTO user VALUES (NULL, 1, 'u%zu@example.test',"
                 " randomblob(16), 'Adam Miller %zu', 'en', 0, 255, 0, 0, 1,"
                 " 'adam miller %zu', 0, 0, 0);"
                 "INSERT INTO word VALUES (1, 'adam miller %zu', 'u%zu@example.test'),"
                 " (1, 'miller %zu', 'u%zu@example.test')",
                 i, i, i, i, i, i, i);
        sqlite3_exec(db, sql, NULL, NULL, NULL);
    }
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    sqlite3_close(db);

    is_rc(ptn_directory_open(&f->conf, false, &f->dir), PTN_OK, "opened");
    pool = ptn_pool_create(0, NULL);

    start = (uint64_t) ptn_test_cpu_us();
    for (i = 0; i < 100; i++) {
        ptn_user_resolve(f->dir, pool, ptn_str("example.test"),
                         ptn_str("uniq"), 100, &users, &n, &more);
        ok(n == 1 || i, "one of 5,000");
    }
    narrow = ((uint64_t) ptn_test_cpu_us() - start) / 100;

    start = (uint64_t) ptn_test_cpu_us();
    for (i = 0; i < 100; i++) {
        ptn_user_resolve(f->dir, pool, ptn_str("example.test"),
                         ptn_str("mil"), 100, &users, &n, &more);
        ok((n == 100 && more) || i, "a hundred, and more");
    }
    broad = ((uint64_t) ptn_test_cpu_us() - start) / 100;

    printf("# narrow %u us, broad %u us\n", (unsigned) narrow,
           (unsigned) broad);
    ok(narrow < 5000 && broad < 20000, "quickly");
    ptn_pool_destroy(pool);
    dir_fixture_close(f);
}


int
main(void)
{
    dir_fixture_t  f;

    test_access();

    dir_fixture_open(&f);
    fill(&f);
    check_resolve(&f);
    dir_fixture_close(&f);

    test_resolve();
    test_upgrade();
    test_many();

    return done_testing();
}
