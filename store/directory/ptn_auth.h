/*
 * Sign-in: a credential goes in, an opaque handle comes out (DESIGN 4).  Only
 * store processes decide who somebody is; workers carry handles.  Handles and
 * the throttle live in the pool's private memory, which workers unmap, so any
 * store process understands a handle that another one made.
 */

#ifndef PTN_AUTH_H
#define PTN_AUTH_H


#include "ptn_directory.h"


typedef struct ptn_auth_s  ptn_auth_t;

typedef ptn_guid_t  ptn_handle_t;       /* all zero: nobody */

/* Who acts: every store call carries one. */
typedef struct {
    uint64_t     user;
    ptn_guid_t   mailbox;           /* the user's own */
    ptn_str_t    address;
    ptn_str_t    locale;
    uint64_t     generation;
    uint64_t     quota;             /* and the others, as in ptn_user_t */
    uint64_t     quota_warn, quota_send, quota_receive;
    uint32_t     service;           /* PTN_SERVICE_* it signed in for */
    uint32_t     ngroups;
    const uint64_t  *groups;        /* ids, ascending, with those that they
                                       are in; lives as long as the actor */
} ptn_actor_t;

typedef struct {
    ptn_str_t  addr;                /* textual peer address */
    uint32_t   service;             /* PTN_SERVICE_* asked for */
    bool       tls;
    bool       local;
} ptn_auth_peer_t;


/*
 * `shared` is the pool's private memory (zeroed once, PTN_PRIVATE_SIZE bytes,
 * the same in every process that shares handles) or NULL (tests, CLI: memory
 * of its own).  EINVAL: `size` is too small, or it holds something else.  A
 * ptn_auth_t belongs to one thread, as its directory does.
 */
ptn_rc_t ptn_auth_open(ptn_directory_t *dir, void *shared, size_t size,
    const ptn_conf_t *conf, ptn_auth_t **ret_auth);
void ptn_auth_close(ptn_auth_t *auth);

/* Is it a value for conf->auth_trusted?  EINVAL: no, or too many nets. */
ptn_rc_t ptn_auth_trusted_check(const char *list);

/*
 * Where the one line per sign-in and refusal goes (docs/log-keys.md); NULL,
 * as after open: nowhere.  Borrowed.
 */
void ptn_auth_set_log(ptn_auth_t *auth, ptn_log_t *log);

/* Tests only: another clock, in milliseconds, that never goes back. */
void ptn_auth_set_clock(ptn_auth_t *auth, uint64_t (*now)(void *ctx),
    void *ctx);

/*
 * Checks a password.  Slow (yescrypt) unless the same credential was verified
 * lately (keyed hash in private memory, void after any change of the user):
 * auth lane.  EAUTH (unknown user, wrong password, disabled, service off: not
 * to be told apart, also not by time), ETHROTTLE (too many failures for the
 * address or the login; decided before any hash is computed), EDENIED (clear
 * text and not allowed).  `password` is wiped in place, always.
 * *ret_actor lives in `pool`.
 */
ptn_rc_t ptn_auth_password(ptn_auth_t *auth, ptn_pool_t *pool,
    const ptn_auth_peer_t *peer, ptn_str_t login, ptn_str_t password,
    ptn_actor_t *ret_actor, ptn_handle_t *ret_handle);

/*
 * The actor behind a handle.  ESTALE: unknown, expired (8 hours without use),
 * or the user changed so that it must sign in again.  Cheap.  The caller looks
 * at ret_actor->service where the handle came from a worker.  Sign-ins with
 * the same credential share a handle and count; the last forget ends it.
 */
ptn_rc_t ptn_auth_handle(ptn_auth_t *auth, ptn_pool_t *pool,
    const ptn_handle_t *handle, ptn_actor_t *ret_actor);
void ptn_auth_forget(ptn_auth_t *auth, const ptn_handle_t *handle);

/*
 * SASL PLAIN (RFC 4616): parse, then password.  (The LOGIN mechanism: collect
 * both answers, then ptn_auth_password.)  `response` is decoded bytes and is
 * wiped, always.  authzid, when given, must equal the login, else EAUTH.
 * EPARSE: malformed.  *ret_login (may be NULL) is filled unless EPARSE or
 * ENOMEM, for the session's log; it lives in `pool`.
 */
ptn_rc_t ptn_auth_sasl_plain(ptn_auth_t *auth, ptn_pool_t *pool,
    const ptn_auth_peer_t *peer, ptn_str_t response,
    ptn_actor_t *ret_actor, ptn_handle_t *ret_handle, ptn_str_t *ret_login);


#endif /* PTN_AUTH_H */
