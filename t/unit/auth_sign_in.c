/*
 * Passwords, the cache of verified credentials, handles, SASL PLAIN.
 */

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <time.h>

#include "auth_fixture.h"
#include "ptn_auth_shared.h"
#include "ptn_charset.h"
#include "ptn_verifier.h"


static void
test_password(void)
{
    char            pw[32];
    size_t          i;
    ptn_user_t      u;
    auth_fixture_t  a;

    auth_fixture_open(&a, false);

    is_rc(auth_fixture_try(&a, "alice", "secret"), PTN_OK, "the password");
    is_str(a.actor.address, "alice@example.test", "who it is");
    ptn_user_get(a.f.dir, a.f.pool, a.actor.address, &u);
    ok(a.actor.user == u.id && a.actor.generation == u.generation
       && memcmp(&a.actor.mailbox, &u.mailbox, 16) == 0
       && ptn_str_eqz(a.actor.locale, "en"), "the rest of the actor");

    is_rc(auth_fixture_try(&a, "ALICE", "secret"), PTN_OK,
          "case of the login does not count");
    is_rc(auth_fixture_try(&a, "alice", "Secret"), PTN_EAUTH,
          "case of the password does");
    is_rc(auth_fixture_try(&a, "alice", ""), PTN_EAUTH, "no password");
    is_rc(auth_fixture_try(&a, "nobody", "secret"), PTN_EAUTH, "nobody");
    is_rc(auth_fixture_try(&a, "alice@", "secret"), PTN_EAUTH, "no address");

    strcpy(pw, "secret");
    is_rc(ptn_auth_password(a.auth, a.f.pool, &a.peer,
                            ptn_str("bob@example.test"), ptn_str_make(pw, 6),
                            &a.actor, &a.handle), PTN_OK, "right");
    for (i = 0; i < 6 && pw[i] == 0; i++) { /* void */ }
    ok(i == 6, "the password is wiped");

    strcpy(pw, "wrong!");
    ptn_auth_password(a.auth, a.f.pool, &a.peer, ptn_str("bob@example.test"),
                      ptn_str_make(pw, 6), &a.actor, &a.handle);
    for (i = 0; i < 6 && pw[i] == 0; i++) { /* void */ }
    ok(i == 6, "a wrong one too");

    a.peer.tls = false;
    strcpy(pw, "secret");
    is_rc(ptn_auth_password(a.auth, a.f.pool, &a.peer,
                            ptn_str("bob@example.test"), ptn_str_make(pw, 6),
                            &a.actor, &a.handle), PTN_EDENIED,
          "not in clear text");
    for (i = 0; i < 6 && pw[i] == 0; i++) { /* void */ }
    ok(i == 6, "and wiped");
    a.f.conf.clear_text_auth = true;
    is_rc(auth_fixture_try(&a, "alice", "secret"), PTN_OK,
          "unless it is allowed");

    auth_fixture_close(&a);
}


static void
test_switches(void)
{
    ptn_user_t      u;
    auth_fixture_t  a;

    auth_fixture_open(&a, false);

    is_rc(auth_fixture_try(&a, "alice", "secret"), PTN_OK, "signed in");

    ptn_user_get(a.f.dir, a.f.pool, ptn_str("alice@example.test"), &u);
    u.services = PTN_SERVICE_ALL & ~PTN_SERVICE_IMAP;
    ptn_user_set(a.f.dir, &u);
    is_rc(auth_fixture_try(&a, "alice", "secret"), PTN_EAUTH,
          "not with the service off, cached or not");
    a.peer.service = PTN_SERVICE_SMTP;
    is_rc(auth_fixture_try(&a, "alice", "secret"), PTN_OK,
          "another service is on");
    a.peer.service = 0;
    is_rc(auth_fixture_try(&a, "alice", "secret"), PTN_OK, "no service");

    a.peer.service = PTN_SERVICE_SMTP;
    u.disabled = true;
    ptn_user_set(a.f.dir, &u);
    is_rc(auth_fixture_try(&a, "alice", "secret"), PTN_EAUTH, "disabled");

    is_rc(auth_fixture_try(&a, "bob", "secret"), PTN_OK, "bob");
    ptn_domain_set_disabled(a.f.dir, ptn_str("example.test"), true);
    is_rc(ptn_auth_handle(a.auth, a.f.pool, &a.handle, &a.actor), PTN_ESTALE,
          "a disabled domain ends sign-ins");
    is_rc(auth_fixture_try(&a, "bob", "secret"), PTN_EAUTH,
          "and refuses new ones");

    auth_fixture_close(&a);
}


static bool
log_has(const char *path, const char *text)
{
    int      fd;
    char     buf[8192];
    ssize_t  n;

    fd = open(path, O_RDONLY);
    n = (fd != -1) ? read(fd, buf, sizeof(buf) - 1) : -1;
    buf[ptn_max(n, (ssize_t) 0)] = '\0';

    if (fd != -1) {
        close(fd);
    }

    return strstr(buf, text) != NULL;
}


static void
test_cache(void)
{
    char            path[128];
    int64_t         t, slow, fast;
    unsigned        i;
    ptn_log_t      *log;
    ptn_handle_t    h;
    auth_fixture_t  a;

    auth_fixture_open(&a, false);

    t = ptn_test_cpu_us();
    is_rc(auth_fixture_try(&a, "alice", "secret"), PTN_OK, "first");
    slow = ptn_test_cpu_us() - t;
    h = a.handle;

    t = ptn_test_cpu_us();
    for (i = 0; i < 1000; i++) {
        if (auth_fixture_try(&a, "alice", "secret") != PTN_OK) {
            break;
        }
    }
    fast = (ptn_test_cpu_us() - t) / 1000;

    is_u64(i, 1000, "a thousand more");
    ok(fast * 10 < slow, "each far quicker than the first");
    diag("sign-in: %d us hashed, %d us cached", (int) slow, (int) fast);
    ok(memcmp(&h, &a.handle, 16) == 0, "they share a handle");

    is_rc(auth_fixture_try(&a, "alice", "wrong"), PTN_EAUTH,
          "another password is no hit");
    is_rc(auth_fixture_try(&a, "bob", "wrong"), PTN_EAUTH, "of bob");

    ptn_user_set_password(a.f.dir, ptn_str("alice@example.test"),
                          ptn_str("new"));
    is_rc(ptn_auth_handle(a.auth, a.f.pool, &h, &a.actor), PTN_ESTALE,
          "a new password ends the handle");
    is_rc(auth_fixture_try(&a, "alice", "secret"), PTN_EAUTH,
          "the old password is void at once");
    is_rc(auth_fixture_try(&a, "alice", "new"), PTN_OK, "the new one works");
    ok(memcmp(&h, &a.handle, 16) != 0, "with another handle");

    /* a credential is hashed again after an hour; the log tells */

    snprintf(path, sizeof(path), "%s/log", a.f.root);
    log = ptn_log_open(path, "test", PTN_LOG_INFO);
    ptn_auth_set_log(a.auth, log);

    *a.now += 3600 * 1000 - 1;
    is_rc(auth_fixture_try(&a, "alice", "new"), PTN_OK, "almost an hour");
    ok(log_has(path, "reason=cached") && !log_has(path, "reason=verified"),
       "cached");
    *a.now += 1;
    is_rc(auth_fixture_try(&a, "alice", "new"), PTN_OK, "an hour later");
    ok(log_has(path, "reason=verified"), "hashed again");

    ptn_log_close(log);
    unlink(path);
    auth_fixture_close(&a);
}


static void
test_handles(void)
{
    unsigned        i;
    ptn_handle_t    h, none;
    auth_fixture_t  a;

    auth_fixture_open(&a, false);
    memset(&none, 0, sizeof(none));

    is_rc(ptn_auth_handle(a.auth, a.f.pool, &none, &a.actor), PTN_ESTALE,
          "nobody's handle");

    auth_fixture_try(&a, "alice", "secret");
    h = a.handle;
    ok(memcmp(&h, &none, 16) != 0, "a handle is not zero");
    memset(&a.actor, 0, sizeof(a.actor));
    is_rc(ptn_auth_handle(a.auth, a.f.pool, &h, &a.actor), PTN_OK, "handle");
    is_str(a.actor.address, "alice@example.test", "its actor");

    for (i = 0; i < 128; i++) {
        ptn_handle_t  x = h;

        x.b[i / 8] ^= (u_char) (1 << i % 8);
        if (ptn_auth_handle(a.auth, a.f.pool, &x, &a.actor) != PTN_ESTALE) {
            break;
        }
    }
    is_u64(i, 128, "every bit counts");

    auth_fixture_try(&a, "alice", "secret");
    ptn_auth_forget(a.auth, &h);
    is_rc(ptn_auth_handle(a.auth, a.f.pool, &h, &a.actor), PTN_OK,
          "two signed in, one left: it lives");
    ptn_auth_forget(a.auth, &h);
    is_rc(ptn_auth_handle(a.auth, a.f.pool, &h, &a.actor), PTN_ESTALE,
          "both left");
    ptn_auth_forget(a.auth, &h);
    ptn_auth_forget(a.auth, &none);

    auth_fixture_try(&a, "alice", "secret");
    ok(memcmp(&h, &a.handle, 16) != 0, "the next one is new");
    h = a.handle;

    *a.now += 7 * 3600 * 1000;
    is_rc(ptn_auth_handle(a.auth, a.f.pool, &h, &a.actor), PTN_OK,
          "seven hours later");
    *a.now += 7 * 3600 * 1000;
    is_rc(ptn_auth_handle(a.auth, a.f.pool, &h, &a.actor), PTN_OK,
          "use keeps it alive");
    *a.now += 8 * 3600 * 1000 + 2;
    is_rc(ptn_auth_handle(a.auth, a.f.pool, &h, &a.actor), PTN_ESTALE,
          "eight hours unused");

    auth_fixture_try(&a, "alice", "secret");
    ptn_user_delete(a.f.dir, ptn_str("alice@example.test"));
    is_rc(ptn_auth_handle(a.auth, a.f.pool, &a.handle, &a.actor), PTN_ESTALE,
          "a deleted user's");

    /* full: the oldest give way, none is mixed up */

    auth_fixture_try(&a, "bob", "secret");
    h = a.handle;

    for (i = 0; i < 100000; i++) {
        *a.now += 1;
        a.peer.service = i % 2 ? PTN_SERVICE_IMAP : PTN_SERVICE_SMTP;
        if (auth_fixture_try(&a, "bob", "secret") != PTN_OK) {
            break;
        }
        ptn_auth_forget(a.auth, &a.handle);
        ptn_auth_handle(a.auth, a.f.pool, &h, &a.actor);
    }

    is_u64(i, 100000, "100,000 sign-ins");
    ok(!ptn_pool_failed(a.f.pool), "within the pool");

    auth_fixture_close(&a);
}


/* The tables on their own: what happens when a set is full. */

static void
test_tables(void)
{
    u_char                    key[16];
    unsigned                  i, left;
    ptn_auth_shared_t        *s;
    ptn_auth_handle_entry_t  *h;

    s = mmap(NULL, sizeof(ptn_auth_shared_t), PROT_READ|PROT_WRITE,
             MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    ok(sizeof(ptn_auth_shared_t) <= AUTH_SHARED_SIZE, "%zu bytes fit",
       sizeof(ptn_auth_shared_t));
    is_rc(ptn_auth_shared_init(s), PTN_OK, "init");
    is_rc(ptn_auth_shared_init(s), PTN_OK, "again");

    ptn_auth_shared_lock(s, PTN_AUTH_TABLE_handle);

    for (i = 0; i < 40; i++) {
        memset(key, 0, 16);     /* all in one set */
        key[15] = (u_char) (i + 1);
        h = ptn_auth_shared_take(s, PTN_AUTH_TABLE_handle, key, 100 + i);
        h->user = i + 1;
    }

    for (i = 0, left = 0; i < 40; i++) {
        key[15] = (u_char) (i + 1);
        h = ptn_auth_shared_find(s, PTN_AUTH_TABLE_handle, key);

        if (h != NULL) {
            left += (h->user == i + 1 && i >= 40 - PTN_AUTH_WAYS);
        }
    }

    ptn_auth_shared_unlock(s, PTN_AUTH_TABLE_handle);

    is_u64(left, PTN_AUTH_WAYS, "the newest of a full set are left");

    memset(s, 0xff, 4096);
    is_rc(ptn_auth_shared_init(s), PTN_EINVAL, "garbage is refused");
    memset(s, 0, 4096);
    atomic_store(&s->state, 0x7ffffff0);
    is_rc(ptn_auth_shared_init(s), PTN_OK, "its maker died half-way");

    munmap(s, sizeof(ptn_auth_shared_t));
}


static int
reap(pid_t pid)
{
    int  status;

    return waitpid(pid, &status, 0) == pid && WIFEXITED(status)
           ? WEXITSTATUS(status) : -1;
}


/* Another process, its own directory handle, the same private memory. */

static int
child_handle(auth_fixture_t *a, bool sign_in)
{
    ptn_rc_t          rc;
    auth_fixture_t    b = *a;

    if (ptn_directory_open(&b.f.conf, false, &b.f.dir) != PTN_OK
        || ptn_auth_open(b.f.dir, b.shared, AUTH_SHARED_SIZE, &b.f.conf,
                         &b.auth) != PTN_OK)
    {
        return 9;
    }

    ptn_auth_set_clock(b.auth, auth_fixture_now, b.now);

    if (sign_in) {
        rc = auth_fixture_try(&b, "bob", "secret");
        memcpy((u_char *) b.now + 64, b.handle.b, 16);

    } else {
        rc = ptn_auth_handle(b.auth, b.f.pool, &b.handle, &b.actor);

        if (rc == PTN_OK
            && !ptn_str_eqz(b.actor.address, "alice@example.test"))
        {
            return 8;
        }
    }

    ptn_auth_close(b.auth);
    ptn_directory_close(b.f.dir);

    return (int) rc;
}


static void
test_processes(void)
{
    pid_t           pid;
    auth_fixture_t  a;

    auth_fixture_open(&a, false);

    is_rc(auth_fixture_try(&a, "alice", "secret"), PTN_OK, "signed in here");

    pid = fork();
    if (pid == 0) {
        _exit(child_handle(&a, false));
    }
    is_u64(reap(pid), PTN_OK, "the handle is good in another process");

    pid = fork();
    if (pid == 0) {
        _exit(child_handle(&a, true));
    }
    is_u64(reap(pid), PTN_OK, "signed in there");
    memcpy(a.handle.b, (u_char *) a.now + 64, 16);
    is_rc(ptn_auth_handle(a.auth, a.f.pool, &a.handle, &a.actor), PTN_OK,
          "the handle is good here");
    is_str(a.actor.address, "bob@example.test", "and is bob's");

    /* a process dies with the lock: handles are lost, nobody is mixed up */

    pid = fork();
    if (pid == 0) {
        ptn_auth_shared_lock(a.shared, PTN_AUTH_TABLE_handle);
        _exit(0);
    }
    is_u64(reap(pid), 0, "one dies with the lock");
    is_rc(ptn_auth_handle(a.auth, a.f.pool, &a.handle, &a.actor), PTN_ESTALE,
          "its table is emptied");
    is_rc(auth_fixture_try(&a, "bob", "secret"), PTN_OK, "life goes on");

    auth_fixture_close(&a);
}


/*
 * Who does not exist takes as long as who does.  Processor time, the least of
 * some runs, turn by turn: others work on this machine too.
 */

static int64_t
cpu_time(auth_fixture_t *a, const char *login)
{
    int64_t  t;

    *a->now += 3600 * 1000;             /* no throttle */

    t = ptn_test_cpu_us();

    if (auth_fixture_try(a, login, "wrong") != PTN_EAUTH) {
        return 0;
    }

    return ptn_test_cpu_us() - t;
}


static void
test_timing(void)
{
    int64_t         known, unknown, none, t;
    unsigned        i;
    auth_fixture_t  a;

    auth_fixture_open(&a, false);
    dir_fixture_user(&a.f, "nopass@example.test", NULL);

    known = unknown = none = INT64_MAX;

    for (i = 0; i < 15; i++) {
        t = cpu_time(&a, "alice");
        known = ptn_min(known, t);
        t = cpu_time(&a, "nobody");
        unknown = ptn_min(unknown, t);
        t = cpu_time(&a, "nopass");
        none = ptn_min(none, t);
    }

    diag("wrong password %d us, unknown user %d us, no password set %d us",
         (int) known, (int) unknown, (int) none);
    ok(known > 500, "a hash was computed");
    ok(unknown > known / 2 && unknown < known * 2,
       "unknown users take as long");
    ok(none > known / 2 && none < known * 2,
       "users without a password too");

    auth_fixture_close(&a);
}


/* The SCRAM keys are those of RFC 5802 for the same password. */

static void
test_scram(void)
{
    int              n;
    u_char           salted[32], client[32], stored[32], server[32];
    char             salt64[64], stored64[64], server64[64];
    unsigned         iterations;
    ptn_str_t        salt, s;
    ptn_pool_t      *pool;
    ptn_verifiers_t  v, w;

    pool = ptn_pool_create(0, NULL);

    is_rc(ptn_verifier_make(pool, ptn_str("pencil"), &v), PTN_OK, "make");

    n = sscanf((char *) v.scram_sha256.data,
               "SCRAM-SHA-256$%u:%63[^$]$%63[^:]:%63s", &iterations, salt64,
               stored64, server64);
    is_u64((uint64_t) n, 4, "RFC 5803 form");
    ok(iterations >= 10000, "%u iterations", iterations);

    is_rc(ptn_base64_decode(pool, ptn_str_z(salt64), &salt), PTN_OK, "salt");
    is_u64(salt.len, 16, "128 bits of salt");

    PKCS5_PBKDF2_HMAC("pencil", 6, salt.data, (int) salt.len,
                      (int) iterations, EVP_sha256(), 32, salted);
    HMAC(EVP_sha256(), salted, 32, (const u_char *) "Client Key", 10, client,
         NULL);
    SHA256(client, 32, stored);
    HMAC(EVP_sha256(), salted, 32, (const u_char *) "Server Key", 10, server,
         NULL);

    is_rc(ptn_base64_decode(pool, ptn_str_z(stored64), &s), PTN_OK,
          "StoredKey");
    ok(s.len == 32 && memcmp(s.data, stored, 32) == 0, "is right");
    is_rc(ptn_base64_decode(pool, ptn_str_z(server64), &s), PTN_OK,
          "ServerKey");
    ok(s.len == 32 && memcmp(s.data, server, 32) == 0, "is right");

    /* SASLprep: U+00AA is "a" (RFC 4013 3, example 4); same keys, then */

    is_rc(ptn_verifier_make(pool, ptn_str("\xc2\xaa"), &w), PTN_OK,
          "a password to prepare");
    sscanf((char *) w.scram_sha256.data, "SCRAM-SHA-256$%u:%63[^$]$%63[^:]",
           &iterations, salt64, stored64);
    ptn_base64_decode(pool, ptn_str_z(salt64), &salt);
    PKCS5_PBKDF2_HMAC("a", 1, salt.data, (int) salt.len, (int) iterations,
                      EVP_sha256(), 32, salted);
    HMAC(EVP_sha256(), salted, 32, (const u_char *) "Client Key", 10, client,
         NULL);
    SHA256(client, 32, stored);
    ptn_base64_decode(pool, ptn_str_z(stored64), &s);
    ok(s.len == 32 && memcmp(s.data, stored, 32) == 0, "is prepared");

    ptn_pool_destroy(pool);
}


typedef struct {
    const char  *name;
    const char  *data;
    size_t       len;
    ptn_rc_t     rc;
} sasl_t;

#define S(s)  s, sizeof(s) - 1

static const sasl_t  sasl[] = {
    { "plain", S("\0alice@example.test\0secret"), PTN_OK },
    { "authzid the same", S("Alice@example.test\0alice@example.test\0secret"),
      PTN_OK },
    { "authzid another", S("bob@example.test\0alice@example.test\0secret"),
      PTN_EAUTH },
    { "wrong password", S("\0alice@example.test\0wrong"), PTN_EAUTH },
    { "empty", S(""), PTN_EPARSE },
    { "one NUL", S("\0"), PTN_EPARSE },
    { "two NULs", S("\0\0"), PTN_EPARSE },
    { "three NULs", S("\0\0\0"), PTN_EPARSE },
    { "no NUL", S("alice@example.test"), PTN_EPARSE },
    { "no password field", S("\0alice@example.test"), PTN_EPARSE },
    { "empty password", S("\0alice@example.test\0"), PTN_EPARSE },
    { "empty login", S("\0\0secret"), PTN_EPARSE },
    { "NUL behind", S("\0alice@example.test\0secret\0"), PTN_EPARSE },
    { "NUL in password", S("\0alice@example.test\0sec\0ret"), PTN_EPARSE },
    { "not UTF-8", S("\0alice\xff@example.test\0secret"), PTN_EPARSE },
    { "hostile login", S("\0../../x' OR 1=1\0secret"), PTN_EAUTH },
};


static void
test_sasl(void)
{
    char            big[4000], buf[256];
    size_t          i, j;
    ptn_rc_t        rc;
    ptn_str_t       login;
    auth_fixture_t  a;

    auth_fixture_open(&a, false);

    for (i = 0; i < ptn_nelts(sasl); i++) {
        *a.now += 3600 * 1000;
        memcpy(buf, sasl[i].data, sasl[i].len);
        login = ptn_str("-");

        rc = ptn_auth_sasl_plain(a.auth, a.f.pool, &a.peer,
                                 ptn_str_make(buf, sasl[i].len), &a.actor,
                                 &a.handle, &login);

        ok(rc == sasl[i].rc, "%s: %s", sasl[i].name, ptn_err(rc)->name);

        for (j = 0; j < sasl[i].len && buf[j] == 0; j++) { /* void */ }
        ok(j == sasl[i].len, "%s: wiped", sasl[i].name);
        ok((rc == PTN_EPARSE) == ptn_str_eqz(login, "-"), "%s: login",
           sasl[i].name);
    }

    memset(big, 'a', sizeof(big));
    big[0] = '\0';
    big[2000] = '\0';
    is_rc(ptn_auth_sasl_plain(a.auth, a.f.pool, &a.peer,
                              ptn_str_make(big, sizeof(big)), &a.actor,
                              &a.handle, &login), PTN_EPARSE, "too long");
    is_rc(ptn_auth_sasl_plain(a.auth, a.f.pool, &a.peer,
                              (ptn_str_t) ptn_null_string, &a.actor,
                              &a.handle, NULL), PTN_EPARSE, "nothing");

    auth_fixture_close(&a);
}


static void
test_log(void)
{
    int             fd;
    char            path[128], buf[8192], *line;
    ssize_t         n;
    unsigned        i;
    ptn_log_t      *log;
    auth_fixture_t  a;

    auth_fixture_open(&a, false);
    snprintf(path, sizeof(path), "%s/log", a.f.root);
    log = ptn_log_open(path, "test", PTN_LOG_INFO);
    ptn_auth_set_log(a.auth, log);

    auth_fixture_try(&a, "alice", "secret");
    auth_fixture_try(&a, "alice", "secret");
    auth_fixture_try(&a, "alice", "hunter2");
    auth_fixture_try(&a, "nobody", "hunter2");
    auth_fixture_try(&a, "@hunter2", "x");
    auth_fixture_try(&a, "a status=ok addr=1.2.3.4\r\nx@example.test", "x");
    a.peer.addr = ptn_str("1.1.1.1 user=root\n");
    auth_fixture_try(&a, "bob", "hunter2");
    a.peer.addr = ptn_str("2001:db8::1");
    a.peer.service = PTN_SERVICE_SMTP;
    for (i = 0; i < 8; i++) {
        auth_fixture_try(&a, "bob", "hunter2");
    }
    a.peer.tls = false;
    auth_fixture_try(&a, "alice", "secret");

    ptn_log_close(log);

    fd = open(path, O_RDONLY);
    n = read(fd, buf, sizeof(buf) - 1);
    close(fd);
    unlink(path);
    buf[n > 0 ? n : 0] = '\0';

    ok(strstr(buf, "secret") == NULL && strstr(buf, "hunter2") == NULL,
       "no password, not even one typed as a login");
    ok(strstr(buf, " info sign-in status=ok service=imap addr=192.0.2.1 tls=yes "
              "reason=verified ms=") != NULL, "a sign-in");
    ok(strstr(buf, "reason=cached") != NULL, "a cached one");
    ok(strstr(buf, " status=failed service=imap addr=192.0.2.1 tls=yes "
              "reason=password ms=") != NULL, "a wrong password");
    ok(strstr(buf, " user=alice@example.test\n") != NULL, "the user is last");
    ok(strstr(buf, "reason=unknown") != NULL, "an unknown one");
    ok(strstr(buf, "addr=1.2.3.4") == NULL && strstr(buf, " user=root") == NULL
       && strstr(buf, "addr=1.1.1.1%20user") != NULL,
       "nobody forges a key");
    ok(strstr(buf, " status=failed service=smtp addr=2001:db8::1 tls=yes "
              "reason=throttled") != NULL, "a throttled one");
    ok(strstr(buf, " status=refused service=smtp addr=2001:db8::1 tls=no "
              "reason=cleartext") != NULL, "clear text");

    for (i = 0, line = buf; (line = strchr(line, '\n')) != NULL; line++) {
        i++;
    }

    is_u64(i, 16, "one line each");

    auth_fixture_close(&a);
}


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
    size_t          cap;
    unsigned        i, failed;
    ptn_rc_t        rc;
    failing_t       fail;
    ptn_mem_t       mem = { failing_alloc, failing_free, &fail };
    ptn_pool_t     *pool, *own;
    auth_fixture_t  a;

    auth_fixture_open(&a, true);
    own = a.f.pool;

    /* one block of the pool is left, and ever less of it */

    for (cap = 0, failed = 0; cap < 4096; cap += 48) {
        fail.left = 1;
        pool = ptn_pool_create(0, &mem);
        (void) ptn_palloc(pool, 3900 - ptn_min(cap, (size_t) 3900));
        a.f.pool = pool;
        *a.now += 1000;

        for (i = 0; i < 2; i++) {
            rc = i ? auth_fixture_try(&a, "bob", "secret")
                   : auth_fixture_try(&a, "alice", "secret");

            if (rc == PTN_ENOMEM) {
                failed++;

            } else if (rc != PTN_OK) {
                ok(false, "cap %zu: %s", cap, ptn_err(rc)->name);
            }
        }

        ptn_pool_destroy(pool);
    }

    ok(failed > 3, "%u failed allocations, each ENOMEM", failed);
    a.f.pool = own;
    is_rc(auth_fixture_try(&a, "alice", "secret"), PTN_OK,
          "none counted as a failure of the user");

    auth_fixture_close(&a);
}


static void
test_open(void)
{
    char             small[4096];
    ptn_auth_t      *auth;
    dir_fixture_t    f;

    dir_fixture_open(&f);

    is_rc(ptn_auth_open(f.dir, small, sizeof(small), &f.conf, &auth),
          PTN_EINVAL, "too small a region");
    is_rc(ptn_auth_open(f.dir, NULL, 0, &f.conf, &auth), PTN_OK,
          "memory of its own");
    ptn_auth_close(auth);
    ptn_auth_close(NULL);

    f.conf.auth_trusted = "10.0.0.0/8 fe80::/10, 192.0.2.7";
    is_rc(ptn_auth_open(f.dir, NULL, 0, &f.conf, &auth), PTN_OK,
          "trusted nets");
    ptn_auth_close(auth);
    f.conf.auth_trusted = "10.0.0.0/33";
    is_rc(ptn_auth_open(f.dir, NULL, 0, &f.conf, &auth), PTN_EINVAL,
          "a wrong one");
    f.conf.auth_trusted = "example.test";
    is_rc(ptn_auth_open(f.dir, NULL, 0, &f.conf, &auth), PTN_EINVAL,
          "a name");

    dir_fixture_close(&f);
}


int
main(void)
{
    test_open();
    test_password();
    test_switches();
    test_cache();
    test_handles();
    test_tables();
    test_processes();
    test_timing();
    test_scram();
    test_sasl();
    test_log();
    test_memory();

    return done_testing();
}
