/*
 * The throttle, on a clock that the test moves: never a sleep.
 */

#include "auth_fixture.h"
#include "ptn_auth_peer.h"
#include "ptn_auth_shared.h"


static const ptn_auth_rule_t  rule = { 3, 4, 8000 };


static ptn_auth_shared_t *
shared_make(void)
{
    ptn_auth_shared_t  *s;

    s = mmap(NULL, sizeof(ptn_auth_shared_t), PROT_READ|PROT_WRITE,
             MAP_SHARED|MAP_ANONYMOUS, -1, 0);
    ptn_auth_shared_init(s);

    return s;
}


static void
test_rule(void)
{
    u_char              key[16] = "a key of sixteen";
    u_char              other[16] = "another key of t";
    unsigned            i;
    uint64_t            now;
    ptn_auth_shared_t  *s;

    static const uint64_t  delays[] = { 1000, 2000, 4000, 8000, 8000, 8000 };

    s = shared_make();
    now = 5;

    for (i = 0; i < 3; i++) {
        is_rc(ptn_auth_throttle_begin(s, &rule, key, now), PTN_OK,
              "a free failure");
        ptn_auth_throttle_failed(s, &rule, key, now);
    }

    for (i = 0; i < ptn_nelts(delays); i++) {
        is_rc(ptn_auth_throttle_begin(s, &rule, key, now), PTN_ETHROTTLE,
              "shut");
        is_rc(ptn_auth_throttle_look(s, key, now), PTN_ETHROTTLE,
              "looks shut");
        now += delays[i] - 1;
        is_rc(ptn_auth_throttle_begin(s, &rule, key, now), PTN_ETHROTTLE,
              "to the last millisecond");
        now++;
        is_rc(ptn_auth_throttle_look(s, key, now), PTN_OK, "open");
        is_rc(ptn_auth_throttle_begin(s, &rule, key, now), PTN_OK, "open");
        is_rc(ptn_auth_throttle_begin(s, &rule, key, now), PTN_ETHROTTLE,
              "for one at a time");
        ptn_auth_throttle_failed(s, &rule, key, now);
    }

    is_rc(ptn_auth_throttle_begin(s, &rule, other, now), PTN_OK,
          "another key is another matter");

    now += 8000;
    is_rc(ptn_auth_throttle_begin(s, &rule, key, now), PTN_OK, "an attempt");
    is_u64(ptn_auth_throttle_good(s, key, UINT32_MAX), 9,
           "that is good forgives all");
    is_rc(ptn_auth_throttle_look(s, key, now), PTN_OK, "open");
    ptn_auth_throttle_failed(s, &rule, key, now);
    is_rc(ptn_auth_throttle_look(s, key, now), PTN_OK, "counting anew");

    munmap(s, sizeof(ptn_auth_shared_t));
}


static void
test_parallel(void)
{
    u_char              key[16] = "a key of sixteen";
    unsigned            i;
    ptn_auth_shared_t  *s;

    s = shared_make();

    for (i = 0; i < 4; i++) {
        is_rc(ptn_auth_throttle_begin(s, &rule, key, 100), PTN_OK,
              "at once");
    }

    is_rc(ptn_auth_throttle_begin(s, &rule, key, 100), PTN_ETHROTTLE,
          "one too many");
    ptn_auth_throttle_dropped(s, key);
    is_rc(ptn_auth_throttle_begin(s, &rule, key, 100), PTN_OK,
          "one ended without a verdict");
    is_rc(ptn_auth_throttle_begin(s, &rule, key, 100 + 30001), PTN_OK,
          "they died long ago");

    munmap(s, sizeof(ptn_auth_shared_t));
}


/* Many processes at one key: never more at once than the rule says. */

static void
test_processes(void)
{
    int                 status;
    pid_t               pid[4];
    u_char              key[16] = "a key of sixteen";
    unsigned            i, j, good;
    ptn_auth_shared_t  *s;

    s = shared_make();

    for (i = 0; i < 4; i++) {
        pid[i] = fork();

        if (pid[i] == 0) {
            for (j = 0, good = 0; j < 5000; j++) {
                good += ptn_auth_throttle_begin(s, &rule, key, 100) == PTN_OK;
            }
            _exit((int) good);
        }
    }

    for (i = 0, good = 0; i < 4; i++) {
        waitpid(pid[i], &status, 0);
        good += WIFEXITED(status) ? (unsigned) WEXITSTATUS(status) : 1000;
    }

    is_u64(good, 4, "20,000 attempts of four processes");

    munmap(s, sizeof(ptn_auth_shared_t));
}


static void
test_forget(void)
{
    u_char              key[16] = "a key of sixteen";
    unsigned            i;
    uint64_t            now;
    ptn_auth_shared_t  *s;

    s = shared_make();
    now = 100;

    for (i = 0; i < 50; i++) {
        ptn_auth_throttle_failed(s, &rule, key, now);
    }

    now += 15 * 60 * 1000 + 1;
    is_rc(ptn_auth_throttle_begin(s, &rule, key, now), PTN_OK,
          "a quarter of an hour later");
    ptn_auth_throttle_failed(s, &rule, key, now);
    is_rc(ptn_auth_throttle_begin(s, &rule, key, now), PTN_OK,
          "it is forgotten");

    munmap(s, sizeof(ptn_auth_shared_t));
}


/* A guesser from outside; alice's own clients; others. */

static void
test_guesser(void)
{
    int64_t         t;
    unsigned        i, n;
    ptn_rc_t        rc;
    auth_fixture_t  a;

    auth_fixture_open(&a, false);

    a.peer.addr = ptn_str("198.51.100.1");
    is_rc(auth_fixture_try(&a, "alice", "secret"), PTN_OK,
          "alice's phone signs in");

    a.peer.addr = ptn_str("192.0.2.1");

    for (i = 0; i < 5; i++) {
        is_rc(auth_fixture_try(&a, "alice", "guess"), PTN_EAUTH, "a guess");
    }

    t = ptn_test_cpu_us();
    for (i = 0; i < 1000; i++) {
        rc = auth_fixture_try(&a, "alice", "guess");
        if (rc != PTN_ETHROTTLE) {
            break;
        }
    }
    t = ptn_test_cpu_us() - t;
    is_u64(i, 1000, "the sixth and 999 more are throttled");
    ok(t < 1000 * 500, "without a hash: %d us each", (int) (t / 1000));
    is_rc(auth_fixture_try(&a, "ALICE", "secret"), PTN_OK,
          "what was verified lately needs no hash");
    is_rc(auth_fixture_try(&a, "bob", "secret"), PTN_OK,
          "another user of that address");

    a.peer.addr = ptn_str("198.51.100.1");
    is_rc(auth_fixture_try(&a, "alice", "secret"), PTN_OK,
          "alice's phone is not locked out");
    a.peer.addr = ptn_str("203.0.113.5");
    is_rc(auth_fixture_try(&a, "alice", "other"), PTN_ETHROTTLE,
          "the login is shut for guesses from elsewhere");

    /* ten different users: the address itself is shut */

    a.peer.addr = ptn_str("192.0.2.66");
    dir_fixture_user(&a.f, "carol@example.test", NULL);

    for (i = 0, n = 0; i < 40; i++) {
        char  login[32];

        snprintf(login, sizeof(login), "user%u", i);
        n += auth_fixture_try(&a, login, "guess") == PTN_EAUTH;
    }

    is_u64(n, 10, "ten guesses at different users");
    is_rc(auth_fixture_try(&a, "bob", "secret"), PTN_ETHROTTLE,
          "then the address is shut, for cached credentials too");
    a.peer.addr = ptn_str("192.0.2.67");
    is_rc(auth_fixture_try(&a, "bob", "secret"), PTN_OK,
          "its neighbour is not");

    /*
     * One good account does not hide guesses at others.  Its sign-ins are
     * hashed ones: a new password each time.
     */

    a.peer.addr = ptn_str("192.0.2.77");

    for (i = 0, n = 0; i < 20; i++) {
        char  login[32], pw[32];

        snprintf(login, sizeof(login), "other%u", i);
        snprintf(pw, sizeof(pw), "good%u", i);
        n += auth_fixture_try(&a, login, "guess") == PTN_EAUTH;
        ptn_user_set_password(a.f.dir, ptn_str("bob@example.test"),
                              ptn_str_z(pw));
        rc = auth_fixture_try(&a, "bob", pw);

        if (i == 0) {
            is_rc(rc, PTN_OK, "a good account between guesses");
        }
    }

    is_u64(n, 10, "does not help");

    auth_fixture_close(&a);
}


static void
test_success_resets(void)
{
    unsigned        i, j;
    auth_fixture_t  a;

    auth_fixture_open(&a, false);

    for (j = 0; j < 6; j++) {
        char  pw[16];

        snprintf(pw, sizeof(pw), "secret%u", j);
        ptn_user_set_password(a.f.dir, ptn_str("alice@example.test"),
                              ptn_str_z(pw));

        for (i = 0; i < 4; i++) {
            if (auth_fixture_try(&a, "alice", "typo") != PTN_EAUTH) {
                break;
            }
        }

        ok(i == 4, "four typos, round %u", j);
        is_rc(auth_fixture_try(&a, "alice", pw), PTN_OK, "then right");
    }

    auth_fixture_close(&a);
}


/* Behind a proxy on this machine all have one address. */

static void
test_trusted(void)
{
    unsigned        i, n;
    auth_fixture_t  a;

    auth_fixture_open(&a, true);

    for (i = 0, n = 0; i < 30; i++) {
        char  login[32];

        snprintf(login, sizeof(login), "user%u", i);
        n += auth_fixture_try(&a, login, "guess") == PTN_EAUTH;
    }

    is_u64(n, 30, "loopback is not shut by many users' mistakes");

    for (i = 0, n = 0; i < 30; i++) {
        n += auth_fixture_try(&a, "alice", "guess") == PTN_EAUTH;
    }

    is_u64(n, 5, "the login is");
    is_rc(auth_fixture_try(&a, "alice", "secret"), PTN_ETHROTTLE,
          "there, before the cache");
    *a.now += 1000;
    is_rc(auth_fixture_try(&a, "alice", "secret"), PTN_OK,
          "a second later it opens");

    /* a login that was shut from outside is open inside */

    a.peer.addr = ptn_str("192.0.2.1");
    for (i = 0; i < 6; i++) {
        (void) auth_fixture_try(&a, "bob", "guess");
    }
    is_rc(auth_fixture_try(&a, "bob", "secret"), PTN_ETHROTTLE, "outside");
    a.peer.addr = ptn_str("127.0.0.9");
    is_rc(auth_fixture_try(&a, "bob", "secret"), PTN_OK, "inside");

    auth_fixture_close(&a);
}


typedef struct {
    const char  *addr;
    bool         trusted;
    const char  *same;          /* counts as the same peer; NULL: none */
} peer_t;

static const peer_t  peers[] = {
    { "", true, NULL },
    { "unix:", true, NULL },
    { "unix:/run/x", true, NULL },
    { "127.0.0.1", true, NULL },
    { "127.255.0.1", true, NULL },
    { "::1", true, NULL },
    { "::ffff:127.0.0.1", true, NULL },
    { "10.1.2.3", true, NULL },
    { "::ffff:10.1.2.3", true, NULL },
    { "11.1.2.3", false, "::ffff:11.1.2.3" },
    { "192.0.2.7", true, NULL },
    { "192.0.2.6", false, NULL },
    { "172.16.0.1", true, NULL },
    { "172.31.255.255", true, NULL },
    { "172.32.0.0", false, NULL },
    { "2001:db8:1::5", true, NULL },
    { "2001:db8:2::5", false, "2001:db8:2:0:ffff::1" },
    { "2001:db8:2::5", false, "2001:DB8:2::6" },
    { "fe80::1%eth0", false, "fe80::1%lo" },
    { "::2", false, NULL },
    { "nonsense", false, "nonsense" },
};


static void
test_peers(void)
{
    size_t           i;
    u_char           a[16], b[16];
    ptn_auth_nets_t  nets;

    static const char  *bad[] = {
        "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0", "x", "::/129",
        "1.2.3.4/8/8", "/8", "11111111111111111111111111111111111111111111111",
    };

    is_rc(ptn_auth_nets_parse("10.0.0.0/8, 192.0.2.7\t172.16.0.0/12 "
                              "2001:db8:1::/48 ", &nets), PTN_OK, "nets");

    for (i = 0; i < ptn_nelts(peers); i++) {
        ok(ptn_auth_peer_key(&nets, ptn_str_z(peers[i].addr), a)
           == peers[i].trusted, "%s: %strusted", peers[i].addr,
           peers[i].trusted ? "" : "not ");

        if (peers[i].same != NULL) {
            ptn_auth_peer_key(&nets, ptn_str_z(peers[i].same), b);
            ok(memcmp(a, b, 16) == 0, "%s counts with it", peers[i].same);
        }
    }

    ptn_auth_peer_key(&nets, ptn_str("192.0.2.8"), a);
    ptn_auth_peer_key(&nets, ptn_str("192.0.2.9"), b);
    ok(memcmp(a, b, 16) != 0, "IPv4 neighbours do not");
    ptn_auth_peer_key(&nets, ptn_str("2001:db8:2:1::"), a);
    ptn_auth_peer_key(&nets, ptn_str("2001:db8:2:2::"), b);
    ok(memcmp(a, b, 16) != 0, "nor IPv6 nets");

    for (i = 0; i < ptn_nelts(bad); i++) {
        is_rc(ptn_auth_nets_parse(bad[i], &nets), PTN_EINVAL, bad[i]);
    }

    is_rc(ptn_auth_nets_parse(NULL, &nets), PTN_OK, "none");
    is_u64(nets.n, 2, "is loopback");
}


int
main(void)
{
    test_rule();
    test_parallel();
    test_processes();
    test_forget();
    test_peers();
    test_guesser();
    test_success_resets();
    test_trusted();

    return done_testing();
}
