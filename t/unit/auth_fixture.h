/*
 * A directory with alice, bob (password "secret" of both) and sign-in on a
 * clock that stands still.
 */

#ifndef AUTH_FIXTURE_H
#define AUTH_FIXTURE_H


#include <sys/mman.h>

#include "dir_fixture.h"
#include "ptn_auth.h"


#define AUTH_SHARED_SIZE  (8 * 1024 * 1024)

typedef struct {
    dir_fixture_t     f;
    ptn_auth_t       *auth;
    ptn_auth_peer_t   peer;
    uint64_t         *now;          /* shared with children */
    void             *shared;
    ptn_actor_t       actor;
    ptn_handle_t      handle;
} auth_fixture_t;


static inline uint64_t
auth_fixture_now(void *ctx)
{
    return *(uint64_t *) ctx;
}


static inline void
auth_fixture_open(auth_fixture_t *a, bool trusted)
{
    ptn_rc_t  rc;

    memset(a, 0, sizeof(auth_fixture_t));
    dir_fixture_open(&a->f);

    ptn_domain_add(a->f.dir, ptn_str("example.test"));
    dir_fixture_user(&a->f, "alice@example.test", NULL);
    dir_fixture_user(&a->f, "bob@example.test", NULL);
    ptn_user_set_password(a->f.dir, ptn_str("alice@example.test"),
                          ptn_str("secret"));
    ptn_user_set_password(a->f.dir, ptn_str("bob@example.test"),
                          ptn_str("secret"));

    a->now = mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS,
                  -1, 0);
    a->shared = mmap(NULL, AUTH_SHARED_SIZE, PROT_READ|PROT_WRITE,
                     MAP_SHARED|MAP_ANONYMOUS, -1, 0);
    *a->now = 1000000;

    rc = ptn_auth_open(a->f.dir, a->shared, AUTH_SHARED_SIZE, &a->f.conf,
                       &a->auth);
    if (rc != PTN_OK) {
        abort();
    }

    ptn_auth_set_clock(a->auth, auth_fixture_now, a->now);

    a->peer.addr = trusted ? ptn_str("127.0.0.1") : ptn_str("192.0.2.1");
    a->peer.service = PTN_SERVICE_IMAP;
    a->peer.tls = true;
}


static inline void
auth_fixture_close(auth_fixture_t *a)
{
    ptn_auth_close(a->auth);
    munmap(a->shared, AUTH_SHARED_SIZE);
    munmap(a->now, 4096);
    dir_fixture_close(&a->f);
}


/* Signs in as `login`@example.test, or `login` when it has an `@`. */

static inline ptn_rc_t
auth_fixture_try(auth_fixture_t *a, const char *login, const char *password)
{
    char  l[128], p[1024];

    snprintf(l, sizeof(l), "%s%s", login,
             strchr(login, '@') ? "" : "@example.test");
    snprintf(p, sizeof(p), "%s", password);

    return ptn_auth_password(a->auth, a->f.pool, &a->peer, ptn_str_z(l),
                             ptn_str_z(p), &a->actor, &a->handle);
}


#endif /* AUTH_FIXTURE_H */
