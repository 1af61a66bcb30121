/*
 * The directory on SQLite: every call, its errors, hostile names, two
 * processes.
 */

#include <sqlite3.h>

#include "dir_fixture.h"


static const char  *bad_domains[] = {
    "", ".", "a..b", ".a", "a.", "-a.test", "a-.test", "a b", "a/b", "a\\b",
    "a_b.test", "[127.0.0.1]", "ex\xc3\xa4mple.test", "a'b", "a\"b", "a;b",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test",
};

static const char  *bad_addresses[] = {
    "", "@", "alice", "@example.test", "alice@", ".@example.test",
    "..@example.test", ".a@example.test", "a.@example.test",
    "a..b@example.test", "a/b@example.test", "../x@example.test",
    "a b@example.test", "a\nb@example.test", "a\\b@example.test",
    "\"a\"@example.test", "a<b>@example.test", "a@b@example.test",
    "a\x7f@example.test", "a\xff@example.test", "a\xc3@example.test",
    "a@exa mple.test", "a@.test", "a,b@example.test", "a:b@example.test",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "@example.test",
};

static const char  *good_addresses[] = {
    "a@example.test", "a.b.c@example.test", "a+b@example.test",
    "o'neil@example.test", "!#$%&*=?^_`{|}~@example.test", "-x@example.test",
    "j\xc3\xbcrgen@example.test", "1@example.test",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "@example.test",
};


/* For TAP: one line, no `#`. */

static const char *
name(const char *s)
{
    size_t       n;
    static char  buf[256];

    for (n = 0; s[n] != '\0' && n < sizeof(buf) - 1; n++) {
        buf[n] = (s[n] > 0x20 && s[n] < 0x7f && s[n] != '#' && s[n] != '\\')
                 ? s[n] : '_';
    }

    buf[n] = '\0';

    return buf;
}


static void
test_open(void)
{
    int                fd;
    char               path[128], deep[96];
    ptn_conf_t         conf;
    struct stat        st;
    dir_fixture_t      f;
    ptn_directory_t   *dir;

    dir_fixture_root(&f);

    is_rc(ptn_directory_open(&f.conf, false, &dir), PTN_ENOTFOUND,
          "no directory yet");

    snprintf(path, sizeof(path), "%s/directory.sqlite", f.root);
    ok(access(path, F_OK) == -1, "and none was made");

    is_rc(ptn_directory_open(&f.conf, true, &f.dir), PTN_OK, "created");
    ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600, "mode 0600");

    is_rc(ptn_directory_open(&f.conf, false, &dir), PTN_OK, "opened again");
    ptn_directory_close(dir);
    is_rc(ptn_directory_open(&f.conf, true, &dir), PTN_OK,
          "create leaves an old one alone");
    ptn_directory_close(dir);
    ptn_directory_close(NULL);

    snprintf(deep, sizeof(deep), "%s/new-root", f.root);
    conf = f.conf;
    conf.root = deep;
    is_rc(ptn_directory_open(&conf, true, &dir), PTN_OK, "ROOT is made");
    ok(stat(deep, &st) == 0 && (st.st_mode & 0777) == 0700, "mode 0700");
    ptn_directory_close(dir);
    dir_fixture_remove(deep);

    snprintf(deep, sizeof(deep), "%s/other.db", f.root);
    conf = f.conf;
    conf.directory = deep;
    is_rc(ptn_directory_open(&conf, true, &dir), PTN_OK,
          "a path of its own");
    ok(access(deep, F_OK) == 0, "is used");
    ptn_directory_close(dir);

    snprintf(deep, sizeof(deep), "%s/garbage.db", f.root);
    fd = open(deep, O_WRONLY|O_CREAT, 0600);
    ok(write(fd, "this is not a database, it only looks long enough to be "
             "one, and so on, and so on, and so on, to a hundred bytes", 108)
       == 108, "a file of garbage");
    close(fd);
    is_rc(ptn_directory_open(&conf, false, &dir), PTN_ECORRUPT,
          "is refused");

    conf.root = "/nowhere/at/all";
    conf.directory = NULL;
    is_rc(ptn_directory_open(&conf, true, &dir), PTN_EUNAVAIL,
          "ROOT's parent must exist");
    conf.root = NULL;
    is_rc(ptn_directory_open(&conf, true, &dir), PTN_EINVAL, "no ROOT");

    dir_fixture_close(&f);
}


static void
test_version(void)
{
    char              path[128];
    sqlite3          *db;
    dir_fixture_t     f;
    ptn_directory_t  *dir;

    dir_fixture_root(&f);
    snprintf(path, sizeof(path), "%s/directory.sqlite", f.root);

    sqlite3_open(path, &db);
    sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL);
    sqlite3_close(db);

    is_rc(ptn_directory_open(&f.conf, true, &dir), PTN_EVERSION,
          "a newer schema is refused");

    dir_fixture_close(&f);
}


static void
test_domains(void)
{
    size_t         i, n;
    dir_fixture_t  f;
    ptn_domain_t   d, *list;

    dir_fixture_open(&f);

    is_rc(ptn_domain_list(f.dir, f.pool, &list, &n), PTN_OK, "empty list");
    is_u64(n, 0, "no domain");
    is_rc(ptn_domain_add(f.dir, ptn_str("Example.TEST")), PTN_OK, "add");
    is_rc(ptn_domain_add(f.dir, ptn_str("example.test")), PTN_EEXIST,
          "case does not count");
    is_rc(ptn_domain_add(f.dir, ptn_str("a.test")), PTN_OK, "another");

    is_rc(ptn_domain_get(f.dir, f.pool, ptn_str("EXAMPLE.test"), &d), PTN_OK,
          "get");
    is_str(d.name, "example.test", "lower case");
    ok(!d.disabled, "not disabled");
    is_rc(ptn_domain_get(f.dir, f.pool, ptn_str("no.test"), &d),
          PTN_ENOTFOUND, "get of none");

    is_rc(ptn_domain_list(f.dir, f.pool, &list, &n), PTN_OK, "list");
    ok(n == 2 && ptn_str_eqz(list[0].name, "a.test")
       && ptn_str_eqz(list[1].name, "example.test"), "in order");

    is_rc(ptn_domain_set_disabled(f.dir, ptn_str("a.test"), true), PTN_OK,
          "disable");
    ptn_domain_get(f.dir, f.pool, ptn_str("a.test"), &d);
    ok(d.disabled, "is disabled");
    is_rc(ptn_domain_set_disabled(f.dir, ptn_str("b.test"), true),
          PTN_ENOTFOUND, "disable none");

    dir_fixture_user(&f, "u@a.test", NULL);
    is_rc(ptn_domain_delete(f.dir, ptn_str("a.test")), PTN_ENOTEMPTY,
          "delete with a user");
    is_rc(ptn_user_delete(f.dir, ptn_str("u@a.test")), PTN_OK,
          "delete the user");
    is_rc(ptn_alias_add(f.dir, ptn_str("x@a.test"), ptn_str("y@z.test")),
          PTN_OK, "an alias");
    is_rc(ptn_domain_delete(f.dir, ptn_str("a.test")), PTN_ENOTEMPTY,
          "delete with an alias");
    ptn_alias_delete(f.dir, ptn_str("x@a.test"));
    is_rc(ptn_domain_delete(f.dir, ptn_str("A.test")), PTN_OK, "delete");
    is_rc(ptn_domain_delete(f.dir, ptn_str("a.test")), PTN_ENOTFOUND,
          "twice");

    for (i = 0; i < ptn_nelts(bad_domains); i++) {
        is_rc(ptn_domain_add(f.dir, ptn_str_z(bad_domains[i])), PTN_EINVAL,
              name(bad_domains[i]));
        is_rc(ptn_domain_get(f.dir, f.pool, ptn_str_z(bad_domains[i]), &d),
              PTN_ENOTFOUND, name(bad_domains[i]));
    }

    is_rc(ptn_domain_add(f.dir, ptn_str("a\0b.test")), PTN_EINVAL,
          "NUL inside");

    dir_fixture_close(&f);
}


static void
test_users(void)
{
    size_t         i, n;
    uint64_t       id, generation;
    ptn_guid_t     mailbox;
    ptn_user_t     u, v, *list;
    dir_fixture_t  f;

    dir_fixture_open(&f);
    ptn_domain_add(f.dir, ptn_str("example.test"));
    ptn_domain_add(f.dir, ptn_str("other.test"));

    memset(&u, 0, sizeof(u));
    u.address = ptn_str("Alice@Example.Test");
    u.display = ptn_str("Alice \xc3\x84");
    u.locale = ptn_str("de");
    u.kind = PTN_USER_ROOM;
    u.services = PTN_SERVICE_IMAP;
    u.quota = 12345678901ULL;

    is_rc(ptn_user_add(f.dir, &u), PTN_OK, "add");
    ok(u.id != 0 && u.generation != 0, "id and generation are filled");
    ok((u.mailbox.b[7] & 0xf0) == 0x40 && (u.mailbox.b[8] & 0xc0) == 0x80,
       "mailbox is a version 4 GUID on the wire");

    is_rc(ptn_user_get(f.dir, f.pool, ptn_str("aLICE@example.test"), &v),
          PTN_OK, "get");
    is_str(v.address, "alice@example.test", "address in lower case");
    is_str(v.display, "Alice \xc3\x84", "display");
    is_str(v.locale, "de", "locale");
    ok(v.id == u.id && v.generation == u.generation && v.kind == u.kind
       && v.services == u.services && v.quota == u.quota && !v.disabled
       && memcmp(&v.mailbox, &u.mailbox, 16) == 0, "all else as given");
    is_rc(ptn_user_get(f.dir, f.pool, u.address, &v), PTN_OK,
          "again, from the cache");
    is_str(v.display, "Alice \xc3\x84", "the same");
    is_rc(ptn_user_by_id(f.dir, f.pool, u.id, &v), PTN_OK, "by id");
    is_str(v.address, "alice@example.test", "the same");
    is_rc(ptn_user_by_id(f.dir, f.pool, u.id + 1, &v), PTN_ENOTFOUND,
          "another id");
    is_rc(ptn_user_by_id(f.dir, f.pool, UINT64_MAX, &v), PTN_ENOTFOUND,
          "a hostile id");

    is_rc(ptn_user_add(f.dir, &u), PTN_EEXIST, "twice");
    u.address = ptn_str("x@no.test");
    is_rc(ptn_user_add(f.dir, &u), PTN_ENOTFOUND, "no such domain");

    is_rc(ptn_user_get(f.dir, f.pool, ptn_str("alice@example.test"), &v),
          PTN_OK, "get");
    generation = v.generation;
    mailbox = v.mailbox;
    id = v.id;
    v.display = ptn_str("New");
    v.locale = ptn_str("");
    v.kind = PTN_USER_PERSON;
    v.services = PTN_SERVICE_ALL;
    v.disabled = true;
    v.quota = 0;
    is_rc(ptn_user_set(f.dir, &v), PTN_OK, "set");
    ptn_user_get(f.dir, f.pool, ptn_str("alice@example.test"), &u);
    is_str(u.display, "New", "display was set");
    is_str(u.locale, "en", "no locale is English");
    ok(u.kind == PTN_USER_PERSON && u.services == PTN_SERVICE_ALL
       && u.disabled && u.quota == 0, "so was the rest");
    ok(u.generation > generation, "the generation moved");

    v.id = 4711;
    is_rc(ptn_user_set(f.dir, &v), PTN_ENOTFOUND, "set of nobody");
    v.id = u.id;
    v.kind = 9;
    is_rc(ptn_user_set(f.dir, &v), PTN_EINVAL, "no such kind");
    v.kind = 0;
    v.services = 0x10000;
    is_rc(ptn_user_set(f.dir, &v), PTN_EINVAL, "no such service");
    v.services = 0;
    v.display = ptn_str("a\nb");
    is_rc(ptn_user_set(f.dir, &v), PTN_EINVAL, "display with a line end");
    v.display = ptn_str("a\xff");
    is_rc(ptn_user_set(f.dir, &v), PTN_EINVAL, "display not UTF-8");
    v.display = ptn_str("a");
    v.locale = ptn_str("../de");
    is_rc(ptn_user_set(f.dir, &v), PTN_EINVAL, "hostile locale");
    v.locale = ptn_str("de");
    v.quota = UINT64_MAX;
    is_rc(ptn_user_set(f.dir, &v), PTN_EINVAL, "quota out of range");

    is_rc(ptn_user_delete(f.dir, ptn_str("ALICE@example.test")), PTN_OK,
          "delete");
    is_rc(ptn_user_delete(f.dir, ptn_str("alice@example.test")),
          PTN_ENOTFOUND, "twice");
    is_rc(ptn_user_get(f.dir, f.pool, ptn_str("alice@example.test"), &v),
          PTN_ENOTFOUND, "is gone");
    is_rc(ptn_user_by_id(f.dir, f.pool, id, &v), PTN_ENOTFOUND,
          "by id too");

    is_rc(dir_fixture_user(&f, "alice@example.test", &v), PTN_OK,
          "a new one of that name");
    ok(v.id > id && v.generation > u.generation
       && memcmp(&v.mailbox, &mailbox, 16) != 0,
       "has nothing of the old one");

    for (i = 0; i < ptn_nelts(bad_addresses); i++) {
        is_rc(dir_fixture_user(&f, bad_addresses[i], NULL), PTN_EINVAL,
              name(bad_addresses[i]));
        is_rc(ptn_user_get(f.dir, f.pool, ptn_str_z(bad_addresses[i]), &v),
              PTN_ENOTFOUND, name(bad_addresses[i]));
    }

    for (i = 0; i < ptn_nelts(good_addresses); i++) {
        is_rc(dir_fixture_user(&f, good_addresses[i], &v), PTN_OK,
              name(good_addresses[i]));
    }

    dir_fixture_user(&f, "z@other.test", NULL);
    is_rc(ptn_user_list(f.dir, f.pool, ptn_str("other.test"), &list, &n),
          PTN_OK, "list of a domain");
    ok(n == 1 && ptn_str_eqz(list[0].address, "z@other.test"), "one user");
    is_rc(ptn_user_list(f.dir, f.pool, ptn_str(""), &list, &n), PTN_OK,
          "list of all");
    is_u64(n, 2 + ptn_nelts(good_addresses), "all users");
    is_rc(ptn_user_list(f.dir, f.pool, ptn_str("no.test"), &list, &n),
          PTN_ENOTFOUND, "list of no domain");
    is_rc(ptn_user_list(f.dir, f.pool, ptn_str("no/test"), &list, &n),
          PTN_ENOTFOUND, "list of nonsense");

    dir_fixture_close(&f);
}


static void
test_passwords(void)
{
    char             big[600];
    ptn_user_t       u, v;
    dir_fixture_t    f;
    ptn_verifiers_t  a, b;

    dir_fixture_open(&f);
    ptn_domain_add(f.dir, ptn_str("example.test"));
    dir_fixture_user(&f, "alice@example.test", &u);

    is_rc(ptn_user_verifiers(f.dir, f.pool, u.id, &a), PTN_ENOTFOUND,
          "no password yet");
    is_rc(ptn_user_set_password(f.dir, ptn_str("Alice@example.test"),
                                ptn_str("secret")), PTN_OK, "set");
    is_rc(ptn_user_verifiers(f.dir, f.pool, u.id, &a), PTN_OK, "verifiers");
    ok(ptn_str_istarts(a.crypt, "$y$"), "yescrypt");
    ok(ptn_str_istarts(a.scram_sha256, "SCRAM-SHA-256$50000:"),
       "SCRAM-SHA-256 with its iterations");

    ptn_user_get(f.dir, f.pool, u.address, &v);
    ok(v.generation > u.generation, "the generation moved");

    ptn_user_set_password(f.dir, u.address, ptn_str("secret"));
    ptn_user_verifiers(f.dir, f.pool, u.id, &b);
    ok(!ptn_str_eq(a.crypt, b.crypt)
       && !ptn_str_eq(a.scram_sha256, b.scram_sha256), "new salts");

    memset(big, 'x', sizeof(big));
    is_rc(ptn_user_set_password(f.dir, u.address, ptn_str("")), PTN_EINVAL,
          "empty");
    is_rc(ptn_user_set_password(f.dir, u.address, ptn_str_make(big, 512)),
          PTN_EINVAL, "too long");
    is_rc(ptn_user_set_password(f.dir, u.address, ptn_str_make(big, 511)),
          PTN_OK, "longest");
    is_rc(ptn_user_set_password(f.dir, u.address, ptn_str("a\0b")),
          PTN_EINVAL, "NUL inside");
    is_rc(ptn_user_set_password(f.dir, u.address,
                                ptn_str("p\xc3\xa4ss \xe2\x85\xa8")), PTN_OK,
          "UTF-8");
    is_rc(ptn_user_set_password(f.dir, u.address, ptn_str("\xff\xfe")),
          PTN_OK, "bytes that are no UTF-8");
    is_rc(ptn_user_set_password(f.dir, ptn_str("no@example.test"),
                                ptn_str("secret")), PTN_ENOTFOUND, "nobody");
    is_rc(ptn_user_set_password(f.dir, ptn_str("no"), ptn_str("secret")),
          PTN_ENOTFOUND, "nonsense");

    ptn_user_delete(f.dir, u.address);
    is_rc(ptn_user_verifiers(f.dir, f.pool, u.id, &a), PTN_ENOTFOUND,
          "deleted with the user");

    dir_fixture_close(&f);
}


/* What another process commits is seen at once, cached or not. */

static int
child_changes(const ptn_conf_t *conf)
{
    ptn_rc_t          rc;
    ptn_user_t        u;
    ptn_pool_t       *pool;
    ptn_directory_t  *dir;

    pool = ptn_pool_create(0, NULL);

    rc = ptn_directory_open(conf, false, &dir);
    if (rc != PTN_OK) {
        return 1;
    }

    rc = ptn_user_get(dir, pool, ptn_str("alice@example.test"), &u);

    if (rc == PTN_OK) {
        u.display = ptn_str("Changed");
        rc = ptn_user_set(dir, &u);
    }

    ptn_directory_close(dir);
    ptn_pool_destroy(pool);

    return rc != PTN_OK;
}


static int
child_adds(const ptn_conf_t *conf, unsigned k)
{
    char              address[64];
    unsigned          i;
    ptn_rc_t          rc;
    ptn_user_t        u;
    ptn_directory_t  *dir;

    rc = ptn_directory_open(conf, true, &dir);

    for (i = 0; rc == PTN_OK && i < 40; i++) {
        snprintf(address, sizeof(address), "u%u-%u@example.test", k, i);
        memset(&u, 0, sizeof(u));
        u.address = ptn_str_z(address);
        rc = ptn_user_add(dir, &u);
    }

    if (rc != PTN_OK) {
        return 1;
    }

    ptn_directory_close(dir);

    return 0;
}


static int
reap(pid_t pid)
{
    int  status;

    return waitpid(pid, &status, 0) == pid && WIFEXITED(status)
           ? WEXITSTATUS(status) : -1;
}


static void
test_processes(void)
{
    pid_t          pid[4];
    size_t         i, n, m;
    ptn_user_t     u, *list;
    dir_fixture_t  f;

    dir_fixture_root(&f);

    /* a fork must not inherit an open database: children first */

    for (i = 0; i < 4; i++) {
        pid[i] = fork();
        if (pid[i] == 0) {
            ptn_directory_t  *dir;

            _exit(ptn_directory_open(&f.conf, true, &dir) != PTN_OK);
        }
    }

    for (i = 0, n = 0; i < 4; i++) {
        n += reap(pid[i]) == 0;
    }

    is_u64(n, 4, "four processes create it at once");

    pid[0] = fork();
    if (pid[0] == 0) {
        ptn_directory_t  *dir;

        _exit(ptn_directory_open(&f.conf, true, &dir) != PTN_OK
              || ptn_domain_add(dir, ptn_str("example.test")) != PTN_OK);
    }

    is_u64(reap(pid[0]), 0, "one adds a domain and dies without closing");

    for (i = 0; i < 4; i++) {
        pid[i] = fork();
        if (pid[i] == 0) {
            _exit(child_adds(&f.conf, (unsigned) i));
        }
    }

    for (i = 0, n = 0; i < 4; i++) {
        n += reap(pid[i]) == 0;
    }

    is_u64(n, 4, "four processes add users at once");

    is_rc(ptn_directory_open(&f.conf, false, &f.dir), PTN_OK, "open");
    is_rc(ptn_user_list(f.dir, f.pool, ptn_str(""), &list, &n), PTN_OK,
          "list");
    is_u64(n, 160, "all users are there");

    for (i = 0, m = 0; i < n; i++) {
        m += list[i].generation;
    }

    is_u64(m, 160 * 161 / 2, "each has a generation of its own");

    dir_fixture_user(&f, "alice@example.test", &u);
    ptn_user_get(f.dir, f.pool, u.address, &u);
    is_str(u.display, "A User", "in the cache");

    pid[0] = fork();
    if (pid[0] == 0) {
        _exit(child_changes(&f.conf));
    }

    is_u64(reap(pid[0]), 0, "another process changes the user");
    ptn_user_get(f.dir, f.pool, u.address, &u);
    is_str(u.display, "Changed", "seen at once");

    dir_fixture_close(&f);
}


/* Results never come half: an allocation that fails gives ENOMEM. */

typedef struct {
    unsigned  left;
} failing_t;

static void *
failing_alloc(void *ctx, size_t size)
{
    failing_t  *f = ctx;

    if (f->left == 0) {
        return NULL;
    }

    f->left--;

    return malloc(size);
}


static void
failing_free(void *ctx PTN_UNUSED, void *p)
{
    free(p);
}


static void
test_memory(void)
{
    char           big[257];
    size_t         n;
    unsigned       i;
    ptn_rc_t       rc;
    failing_t      fail;
    ptn_mem_t      mem = { failing_alloc, failing_free, &fail };
    ptn_user_t     u, *list;
    ptn_pool_t    *pool;
    dir_fixture_t  f;

    dir_fixture_open(&f);
    ptn_domain_add(f.dir, ptn_str("example.test"));
    memset(big, 'x', sizeof(big));

    for (i = 0; i < 60; i++) {
        snprintf(big + 200, 57, "%u@example.test", i);
        memset(&u, 0, sizeof(u));
        u.address = ptn_str_z(big + 200);
        u.display = ptn_str_make(big, 200);
        ptn_user_add(f.dir, &u);
    }

    for (i = 1; ; i++) {
        fail.left = i;
        pool = ptn_pool_create(0, &mem);
        rc = ptn_user_list(f.dir, pool, ptn_str(""), &list, &n);
        ptn_pool_destroy(pool);

        if (rc != PTN_ENOMEM) {
            break;
        }
    }

    is_rc(rc, PTN_OK, "it works at last");
    ok(i > 2, "after %u failures, all ENOMEM", i - 1);

    dir_fixture_close(&f);
}


/* The file cannot be written: nothing is half done. */

static void
test_read_only(void)
{
    ptn_user_t     u;
    dir_fixture_t  f;

    dir_fixture_open(&f);
    ptn_domain_add(f.dir, ptn_str("example.test"));
    dir_fixture_user(&f, "alice@example.test", &u);

    ok(ptn_user_add(f.dir, &u) == PTN_EEXIST
       && ptn_domain_add(f.dir, ptn_str("b.test")) == PTN_OK,
       "a failed write leaves the handle usable");

    is_rc(dir_fixture_user(&f, "bob@b.test", NULL), PTN_OK, "and the next");

    dir_fixture_close(&f);
}


/* A long WAL is not left for the next start to read. */

static void
test_wal(void)
{
    size_t            i;
    char              name[32], wal[128];
    struct stat       st;
    dir_fixture_t     f;
    ptn_directory_t  *other;

    dir_fixture_open(&f);
    snprintf(wal, sizeof(wal), "%s/directory.sqlite-wal", f.root);
    is_rc(ptn_directory_open(&f.conf, false, &other), PTN_OK, "a second");

    for (i = 0; i < 60; i++) {
        snprintf(name, sizeof(name), "d%zu.test", i);
        if (ptn_domain_add(f.dir, ptn_str_z(name)) != PTN_OK) {
            break;
        }
    }

    is_u64(i, 60, "changes");
    ok(stat(wal, &st) == 0 && st.st_size > 256 * 1024, "a long WAL");

    ptn_directory_close(f.dir);
    ok(stat(wal, &st) == 0 && st.st_size == 0, "is cut off at the end");

    is_rc(ptn_domain_add(other, ptn_str("d59.test")), PTN_EEXIST,
          "the second sees all of it");
    is_rc(ptn_domain_add(other, ptn_str("d60.test")), PTN_OK, "and goes on");
    ok(stat(wal, &st) == 0 && st.st_size > 0, "in a WAL");

    f.dir = other;
    dir_fixture_close(&f);
}


int
main(void)
{
    test_open();
    test_wal();
    test_version();
    test_domains();
    test_users();
    test_passwords();
    test_processes();
    test_memory();
    test_read_only();

    return done_testing();
}
