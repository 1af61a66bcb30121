/*
 * Sign-in.  The order of checks in ptn_auth_check() is the design:
 *
 *   clear text      before anything is looked at
 *   address shut    so that guesses at cached credentials are limited too
 *   cache           a credential that was verified lately: no hash.  Comes
 *                   before the login's throttle, so that an attacker who
 *                   shuts a login does not lock out clients that are in use
 *   login shut      (for trusted peers, which have no address limit, this
 *                   comes before the cache)
 *   hash            one crypt(3) run whoever it is
 */

#include <sys/mman.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "ptn_auth.h"
#include "ptn_auth_peer.h"
#include "ptn_auth_shared.h"
#include "ptn_charset.h"
#include "ptn_dir_db.h"
#include "ptn_verifier.h"


#define PTN_AUTH_CREDENTIAL_TIME  (60 * 60 * 1000)          /* ms */
#define PTN_AUTH_HANDLE_TIME      (8 * 60 * 60 * 1000)
#define PTN_AUTH_SASL_MAX         2048
#define PTN_AUTH_MAC              32

static const ptn_auth_rule_t  ptn_auth_rule_address = {
    10, 32, 5 * 60 * 1000
};

static const ptn_auth_rule_t  ptn_auth_rule_login = {
    5, 32, 60 * 1000
};

struct ptn_auth_s {
    ptn_directory_t    *dir;
    const ptn_conf_t   *conf;
    ptn_log_t          *log;
    ptn_auth_shared_t  *shared;
    bool                own;        /* the region is ours to unmap */
    EVP_MAC            *mac;
    EVP_MAC_CTX        *mac_ctx;
    void               *scratch;
    uint64_t          (*now)(void *ctx);
    void               *now_ctx;
    ptn_auth_nets_t     trusted;
};

/* One attempt. */
typedef struct {
    const ptn_auth_peer_t  *peer;
    ptn_str_t               login;
    ptn_str_t               password;
    ptn_user_t              user;
    ptn_handle_t            handle;
    bool                    trusted;
    bool                    cached;
    const char             *reason;     /* for the log */
    u_char                  mac_address[PTN_AUTH_MAC];
    u_char                  mac_login[PTN_AUTH_MAC];
    u_char                  mac_cred[PTN_AUTH_MAC];
} ptn_auth_try_t;


static uint64_t
ptn_auth_clock(void *ctx PTN_UNUSED)
{
    return ptn_time_mono();
}


static ptn_rc_t
ptn_auth_map(ptn_auth_t *auth, void *shared, size_t size)
{
    if (shared == NULL) {
        shared = mmap(NULL, sizeof(ptn_auth_shared_t), PROT_READ|PROT_WRITE,
                      MAP_SHARED|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0);
        if (shared == MAP_FAILED) {
            return PTN_ENOMEM;
        }

        auth->own = true;

    } else if (size < sizeof(ptn_auth_shared_t)) {
        return PTN_EINVAL;
    }

    auth->shared = shared;

    /* refused for memory that is not whole pages: then it is a test's */

    (void) madvise(shared, sizeof(ptn_auth_shared_t), MADV_DONTDUMP);

    return ptn_auth_shared_init(auth->shared);
}


static ptn_rc_t
ptn_auth_mac_open(ptn_auth_t *auth)
{
    OSSL_PARAM  params[2];

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                 (char *) "SHA256", 0);
    params[1] = OSSL_PARAM_construct_end();

    auth->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (auth->mac == NULL) {
        return PTN_ENOMEM;
    }

    auth->mac_ctx = EVP_MAC_CTX_new(auth->mac);

    if (auth->mac_ctx == NULL
        || EVP_MAC_init(auth->mac_ctx, auth->shared->secret,
                        sizeof(auth->shared->secret), params) != 1)
    {
        return PTN_ENOMEM;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_auth_open(ptn_directory_t *dir, void *shared, size_t size,
    const ptn_conf_t *conf, ptn_auth_t **ret_auth)
{
    ptn_rc_t     rc;
    ptn_auth_t  *auth;

    auth = ptn_verifier_secret_alloc(sizeof(ptn_auth_t));
    if (auth == NULL) {
        return PTN_ENOMEM;
    }

    auth->dir = dir;
    auth->conf = conf;
    auth->now = ptn_auth_clock;

    auth->scratch = ptn_verifier_secret_alloc(ptn_verifier_scratch_size());
    rc = (auth->scratch != NULL) ? PTN_OK : PTN_ENOMEM;

    if (rc == PTN_OK) {
        rc = ptn_auth_nets_parse(conf->auth_trusted, &auth->trusted);
    }

    if (rc == PTN_OK) {
        rc = ptn_auth_map(auth, shared, size);
    }

    if (rc == PTN_OK) {
        rc = ptn_auth_mac_open(auth);
    }

    if (rc != PTN_OK) {
        ptn_auth_close(auth);
        return rc;
    }

    *ret_auth = auth;

    return PTN_OK;
}


void
ptn_auth_close(ptn_auth_t *auth)
{
    if (auth == NULL) {
        return;
    }

    EVP_MAC_CTX_free(auth->mac_ctx);
    EVP_MAC_free(auth->mac);
    ptn_verifier_secret_free(auth->scratch, ptn_verifier_scratch_size());

    if (auth->own) {
        munmap(auth->shared, sizeof(ptn_auth_shared_t));
    }

    ptn_verifier_secret_free(auth, sizeof(ptn_auth_t));
}


void
ptn_auth_set_log(ptn_auth_t *auth, ptn_log_t *log)
{
    auth->log = log;
}


void
ptn_auth_set_clock(ptn_auth_t *auth, uint64_t (*now)(void *ctx), void *ctx)
{
    auth->now = now;
    auth->now_ctx = ctx;
}


/* MAC of a tag and two strings; the first one's length keeps them apart. */

static ptn_rc_t
ptn_auth_mac(ptn_auth_t *auth, u_char tag, uint32_t n, ptn_str_t a,
    ptn_str_t b, u_char out[PTN_AUTH_MAC])
{
    size_t  len;
    u_char  head[16];

    memset(head, 0, sizeof(head));
    head[0] = tag;
    memcpy(head + 4, &n, sizeof(uint32_t));
    len = a.len;
    memcpy(head + 8, &len, sizeof(size_t));

    if (EVP_MAC_init(auth->mac_ctx, NULL, 0, NULL) != 1
        || EVP_MAC_update(auth->mac_ctx, head, sizeof(head)) != 1
        || EVP_MAC_update(auth->mac_ctx, a.data, a.len) != 1
        || EVP_MAC_update(auth->mac_ctx, b.data, b.len) != 1
        || EVP_MAC_final(auth->mac_ctx, out, &len, PTN_AUTH_MAC) != 1)
    {
        return PTN_ENOMEM;
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_auth_keys(ptn_auth_t *auth, ptn_auth_try_t *t)
{
    u_char     addr[16];
    ptn_rc_t   rc;
    ptn_str_t  none = ptn_null_string;

    t->trusted = ptn_auth_peer_key(&auth->trusted, t->peer->addr, addr);

    rc = ptn_auth_mac(auth, 'A', 0, ptn_str_make(addr, sizeof(addr)), none,
                      t->mac_address);

    /* an attack from outside must not shut the login for a trusted proxy */

    if (rc == PTN_OK) {
        rc = ptn_auth_mac(auth, t->trusted ? 'T' : 'L', 0, t->login, none,
                          t->mac_login);
    }

    if (rc == PTN_OK) {
        rc = ptn_auth_mac(auth, 'C', t->peer->service, t->login, t->password,
                          t->mac_cred);
    }

    return rc;
}


/* --- handles ---------------------------------------------------------- */

static ptn_rc_t
ptn_auth_handle_make(ptn_auth_t *auth, ptn_auth_try_t *t, uint64_t now)
{
    ptn_handle_t              handle;
    ptn_auth_handle_entry_t  *h;

    if (RAND_bytes(handle.b, sizeof(handle.b)) != 1) {
        return PTN_EINTERNAL;
    }

    ptn_auth_shared_lock(auth->shared, PTN_AUTH_TABLE_handle);

    h = ptn_auth_shared_take(auth->shared, PTN_AUTH_TABLE_handle, handle.b,
                             now);
    h->user = t->user.id;
    h->generation = t->user.generation;
    h->service = t->peer->service;
    h->refs = 1;

    ptn_auth_shared_unlock(auth->shared, PTN_AUTH_TABLE_handle);

    t->handle = handle;

    return PTN_OK;
}


/* The handle of the same credential's last sign-in, if it still lives. */

static bool
ptn_auth_handle_share(ptn_auth_t *auth, ptn_auth_try_t *t,
    const ptn_handle_t *handle, uint64_t now)
{
    bool                      found;
    ptn_auth_handle_entry_t  *h;

    ptn_auth_shared_lock(auth->shared, PTN_AUTH_TABLE_handle);

    h = ptn_auth_shared_find(auth->shared, PTN_AUTH_TABLE_handle, handle->b);

    found = h != NULL && h->user == t->user.id
            && h->generation == t->user.generation
            && now < h->e.used + PTN_AUTH_HANDLE_TIME
            && h->refs != UINT32_MAX;

    if (found) {
        h->refs++;
        h->e.used = now + 1;
        t->handle = *handle;
    }

    ptn_auth_shared_unlock(auth->shared, PTN_AUTH_TABLE_handle);

    return found;
}


void
ptn_auth_forget(ptn_auth_t *auth, const ptn_handle_t *handle)
{
    ptn_auth_handle_entry_t  *h;

    ptn_auth_shared_lock(auth->shared, PTN_AUTH_TABLE_handle);

    h = ptn_auth_shared_find(auth->shared, PTN_AUTH_TABLE_handle, handle->b);

    if (h != NULL && --h->refs == 0) {
        memset(h, 0, sizeof(ptn_auth_handle_entry_t));
    }

    ptn_auth_shared_unlock(auth->shared, PTN_AUTH_TABLE_handle);
}


static void
ptn_auth_handle_drop(ptn_auth_t *auth, const ptn_handle_t *handle)
{
    ptn_auth_handle_entry_t  *h;

    ptn_auth_shared_lock(auth->shared, PTN_AUTH_TABLE_handle);

    h = ptn_auth_shared_find(auth->shared, PTN_AUTH_TABLE_handle, handle->b);

    if (h != NULL) {
        memset(h, 0, sizeof(ptn_auth_handle_entry_t));
    }

    ptn_auth_shared_unlock(auth->shared, PTN_AUTH_TABLE_handle);
}


static ptn_rc_t
ptn_auth_actor(ptn_auth_t *auth, ptn_pool_t *pool, const ptn_user_t *user,
    uint32_t service, ptn_actor_t *ret)
{
    ret->user = user->id;
    ret->mailbox = user->mailbox;
    ret->address = user->address;
    ret->locale = user->locale;
    ret->generation = user->generation;
    ret->quota = user->quota;
    ret->quota_warn = user->quota_warn;
    ret->quota_send = user->quota_send;
    ret->quota_receive = user->quota_receive;
    ret->service = service;

    return ptn_groups_of(auth->dir, pool, user->id, &ret->groups,
                         &ret->ngroups);
}


ptn_rc_t
ptn_auth_handle(ptn_auth_t *auth, ptn_pool_t *pool,
    const ptn_handle_t *handle, ptn_actor_t *ret_actor)
{
    uint32_t                  service;
    uint64_t                  now, id, generation;
    ptn_rc_t                  rc;
    ptn_user_t                user;
    ptn_auth_handle_entry_t  *h;

    now = auth->now(auth->now_ctx);
    id = 0;
    generation = 0;
    service = 0;

    ptn_auth_shared_lock(auth->shared, PTN_AUTH_TABLE_handle);

    h = ptn_auth_shared_find(auth->shared, PTN_AUTH_TABLE_handle, handle->b);

    if (h != NULL) {
        if (now < h->e.used + PTN_AUTH_HANDLE_TIME) {
            id = h->user;
            generation = h->generation;
            service = h->service;
            h->e.used = now + 1;

        } else {
            memset(h, 0, sizeof(ptn_auth_handle_entry_t));
        }
    }

    ptn_auth_shared_unlock(auth->shared, PTN_AUTH_TABLE_handle);

    if (id == 0) {
        return PTN_ESTALE;
    }

    rc = ptn_user_by_id(auth->dir, pool, id, &user);

    if (rc == PTN_ENOTFOUND || (rc == PTN_OK && user.generation != generation))
    {
        ptn_auth_handle_drop(auth, handle);
        return PTN_ESTALE;
    }

    if (rc == PTN_OK) {
        rc = ptn_auth_actor(auth, pool, &user, service, ret_actor);
    }

    return rc;
}


/* --- verified credentials --------------------------------------------- */

/* OK: known, and nothing about the user has changed.  ENOTFOUND: not. */

static ptn_rc_t
ptn_auth_cred_find(ptn_auth_t *auth, ptn_pool_t *pool, ptn_auth_try_t *t,
    uint64_t now, ptn_handle_t *ret_handle)
{
    ptn_rc_t                rc;
    ptn_auth_cred_entry_t  *e, cred;

    memset(&cred, 0, sizeof(ptn_auth_cred_entry_t));

    ptn_auth_shared_lock(auth->shared, PTN_AUTH_TABLE_cred);

    e = ptn_auth_shared_find(auth->shared, PTN_AUTH_TABLE_cred, t->mac_cred);

    if (e != NULL
        && CRYPTO_memcmp(e->mac, t->mac_cred + PTN_AUTH_KEY,
                         sizeof(e->mac)) == 0
        && now < e->verified + PTN_AUTH_CREDENTIAL_TIME)
    {
        e->e.used = now + 1;
        cred = *e;
    }

    ptn_auth_shared_unlock(auth->shared, PTN_AUTH_TABLE_cred);

    if (cred.user == 0) {
        return PTN_ENOTFOUND;
    }

    rc = ptn_user_by_id(auth->dir, pool, cred.user, &t->user);

    if (rc == PTN_OK && t->user.generation != cred.generation) {
        return PTN_ENOTFOUND;
    }

    *ret_handle = cred.handle;

    return rc;
}


static void
ptn_auth_cred_put(ptn_auth_t *auth, ptn_auth_try_t *t, uint64_t now)
{
    ptn_auth_cred_entry_t  *e;

    ptn_auth_shared_lock(auth->shared, PTN_AUTH_TABLE_cred);

    e = ptn_auth_shared_take(auth->shared, PTN_AUTH_TABLE_cred, t->mac_cred,
                             now);

    if (!t->cached) {
        memcpy(e->mac, t->mac_cred + PTN_AUTH_KEY, sizeof(e->mac));
        e->verified = now;
        e->user = t->user.id;
        e->generation = t->user.generation;
    }

    /* of a cached one, taken just now, all else is as it was, or zero */

    e->handle = t->handle;

    ptn_auth_shared_unlock(auth->shared, PTN_AUTH_TABLE_cred);
}


/* OK: signed in.  ENOTFOUND: must be hashed. */

static ptn_rc_t
ptn_auth_cached(ptn_auth_t *auth, ptn_pool_t *pool, ptn_auth_try_t *t,
    uint64_t now)
{
    ptn_rc_t      rc;
    ptn_handle_t  handle;

    rc = ptn_auth_cred_find(auth, pool, t, now, &handle);
    if (rc != PTN_OK) {
        return rc;
    }

    t->cached = true;

    if (ptn_auth_handle_share(auth, t, &handle, now)) {
        return PTN_OK;
    }

    rc = ptn_auth_handle_make(auth, t, now);

    if (rc == PTN_OK) {
        ptn_auth_cred_put(auth, t, now);
    }

    return rc;
}


/* --- the slow way ----------------------------------------------------- */

static bool
ptn_auth_service_on(uint32_t services, uint32_t wanted)
{
    return wanted == PTN_SERVICE_ANY ? services != 0
                                     : (services & wanted) == wanted;
}


static ptn_rc_t
ptn_auth_hash(ptn_auth_t *auth, ptn_pool_t *pool, ptn_auth_try_t *t)
{
    ptn_rc_t         rc, active, same;
    ptn_verifiers_t  v;

    memset(&v, 0, sizeof(ptn_verifiers_t));
    active = PTN_ENOTFOUND;

    /*
     * The user's row first, the verifiers after it: if a change comes between
     * the two, what is remembered carries the old generation and is void.
     */

    rc = ptn_user_get(auth->dir, pool, t->login, &t->user);

    if (rc == PTN_OK) {
        active = ptn_user_active(auth->dir, t->user.id);
        rc = ptn_user_verifiers(auth->dir, pool, t->user.id, &v);
    }

    if (rc != PTN_OK && rc != PTN_ENOTFOUND) {
        return rc;
    }

    same = ptn_verifier_check(auth->scratch, t->password, v.crypt);

    if (active == PTN_ENOTFOUND) {
        t->reason = "unknown";

    } else if (same != PTN_OK) {
        t->reason = "password";

    } else if (active != PTN_OK) {
        t->reason = "disabled";

    } else if (!ptn_auth_service_on(t->user.services, t->peer->service)) {
        t->reason = "service";

    } else {
        return PTN_OK;
    }

    return PTN_EAUTH;
}


static ptn_rc_t
ptn_auth_slow(ptn_auth_t *auth, ptn_pool_t *pool, ptn_auth_try_t *t,
    uint64_t now)
{
    uint32_t            n;
    ptn_rc_t            rc;
    ptn_auth_shared_t  *shared = auth->shared;

    rc = ptn_auth_throttle_begin(shared, &ptn_auth_rule_login, t->mac_login,
                                 now);
    if (rc != PTN_OK) {
        return rc;
    }

    if (!t->trusted) {
        rc = ptn_auth_throttle_begin(shared, &ptn_auth_rule_address,
                                     t->mac_address, now);
        if (rc != PTN_OK) {
            ptn_auth_throttle_dropped(shared, t->mac_login);
            return rc;
        }
    }

    rc = ptn_auth_hash(auth, pool, t);

    now = auth->now(auth->now_ctx);

    if (rc == PTN_OK) {

        /*
         * The user's own mistakes are forgiven.  Guesses at others from the
         * same address are not: one good account would hide them.
         */

        n = ptn_auth_throttle_good(shared, t->mac_login, UINT32_MAX);

        if (!t->trusted) {
            (void) ptn_auth_throttle_good(shared, t->mac_address, n);
        }

        rc = ptn_auth_handle_make(auth, t, now);

        if (rc == PTN_OK) {
            ptn_auth_cred_put(auth, t, now);
        }

        return rc;
    }

    if (rc == PTN_EAUTH) {
        ptn_auth_throttle_failed(shared, &ptn_auth_rule_login, t->mac_login,
                                 now);
        if (!t->trusted) {
            ptn_auth_throttle_failed(shared, &ptn_auth_rule_address,
                                     t->mac_address, now);
        }

        return rc;
    }

    ptn_auth_throttle_dropped(shared, t->mac_login);

    if (!t->trusted) {
        ptn_auth_throttle_dropped(shared, t->mac_address);
    }

    return rc;
}


static ptn_rc_t
ptn_auth_check(ptn_auth_t *auth, ptn_pool_t *pool, ptn_auth_try_t *t)
{
    uint64_t  now;
    ptn_rc_t  rc;

    if (!t->peer->tls && !auth->conf->clear_text_auth) {
        t->reason = "cleartext";
        return PTN_EDENIED;
    }

    now = auth->now(auth->now_ctx);

    rc = ptn_auth_keys(auth, t);

    if (rc == PTN_OK) {
        rc = ptn_auth_throttle_look(auth->shared,
                                    t->trusted ? t->mac_login
                                               : t->mac_address, now);
    }

    if (rc == PTN_OK) {
        rc = ptn_auth_cached(auth, pool, t, now);
    }

    if (rc == PTN_ENOTFOUND) {
        rc = ptn_auth_slow(auth, pool, t, now);
    }

    return rc;
}


/* --- the log ---------------------------------------------------------- */

static const char *
ptn_auth_service_name(uint32_t service)
{
    static const struct {
        uint32_t     service;
        const char  *name;
    } names[] = {
        { PTN_SERVICE_IMAP, "imap" },
        { PTN_SERVICE_POP3, "pop3" },
        { PTN_SERVICE_SMTP, "smtp" },
        { PTN_SERVICE_EWS,  "ews" },
        { PTN_SERVICE_MAPI, "mapi" },
        { PTN_SERVICE_EAS,  "eas" },
        { PTN_SERVICE_DAV,  "dav" },
        { PTN_SERVICE_WEB,  "web" },
        { PTN_SERVICE_ANY,  "any" },
    };

    size_t  i;

    for (i = 0; i < ptn_nelts(names); i++) {
        if (names[i].service == service) {
            return names[i].name;
        }
    }

    return "none";
}


/*
 * What came from outside, so that nobody writes a key of his own: all but
 * visible ASCII, and `%`, as %XX.  A login that is no address is not shown:
 * people type their password there.
 */

static const char *
ptn_auth_visible(ptn_str_t s, char *buf, size_t size)
{
    size_t              i, n;
    static const char   hex[] = "0123456789abcdef";

    for (i = 0, n = 0; i < s.len && n + 4 < size; i++) {

        if (s.data[i] > 0x20 && s.data[i] < 0x7f && s.data[i] != '%'
            && s.data[i] != '"' && s.data[i] != '\\')
        {
            buf[n++] = (char) s.data[i];
            continue;
        }

        buf[n++] = '%';
        buf[n++] = hex[s.data[i] >> 4];
        buf[n++] = hex[s.data[i] & 0xf];
    }

    buf[n] = '\0';

    return (n != 0) ? buf : "-";
}


static void
ptn_auth_log(ptn_auth_t *auth, const ptn_auth_try_t *t, ptn_rc_t rc,
    uint64_t ms)
{
    char            addr[64], login[PTN_DIR_ADDRESS_MAX * 3 + 1];
    const char     *status, *reason;
    ptn_dir_addr_t  a;

    reason = (t->reason != NULL) ? t->reason : "-";

    switch (rc) {

    case PTN_OK:
        status = "ok";
        reason = t->cached ? "cached" : "verified";
        break;

    case PTN_EAUTH:
        status = "failed";
        break;

    case PTN_ETHROTTLE:
        status = "failed";
        reason = "throttled";
        break;

    case PTN_EDENIED:
        status = "refused";
        break;

    default:
        status = "error";
        reason = ptn_err(rc)->name;
        break;
    }

    if (ptn_dir_addr_parse(t->login, &a) != PTN_OK) {
        a.address = ptn_str("?");
    }

    ptn_log(auth->log, rc == PTN_OK || status[0] != 'e' ? PTN_LOG_INFO
                                                        : PTN_LOG_ERROR,
            "sign-in status=%s service=%s addr=%s tls=%s reason=%s ms=%u "
            "user=%s", status, ptn_auth_service_name(t->peer->service),
            ptn_auth_visible(t->peer->addr, addr, sizeof(addr)),
            t->peer->tls ? "yes" : "no", reason, (unsigned) ms,
            ptn_auth_visible(a.address, login, sizeof(login)));
}


/* --- the calls -------------------------------------------------------- */

static void
ptn_auth_wipe(ptn_str_t s)
{
    if (s.len != 0) {
        OPENSSL_cleanse(s.data, s.len);
    }
}


ptn_rc_t
ptn_auth_password(ptn_auth_t *auth, ptn_pool_t *pool,
    const ptn_auth_peer_t *peer, ptn_str_t login, ptn_str_t password,
    ptn_actor_t *ret_actor, ptn_handle_t *ret_handle)
{
    uint64_t        start;
    ptn_rc_t        rc;
    ptn_auth_try_t  t;

    memset(&t, 0, sizeof(ptn_auth_try_t));
    start = ptn_time_mono();

    t.peer = peer;
    t.password = password;
    t.login = ptn_str_lower(pool, login);

    rc = (t.login.data != NULL) ? ptn_auth_check(auth, pool, &t)
                                : PTN_ENOMEM;

    ptn_auth_wipe(password);

    ptn_auth_log(auth, &t, rc, ptn_time_mono() - start);

    OPENSSL_cleanse(t.mac_cred, sizeof(t.mac_cred));

    if (rc == PTN_OK) {
        rc = ptn_auth_actor(auth, pool, &t.user, peer->service, ret_actor);
        *ret_handle = t.handle;
    }

    return rc;
}


/* RFC 4616: [authzid] NUL authcid NUL passwd. */

static ptn_rc_t
ptn_auth_sasl_plain_parse(ptn_str_t s, ptn_str_t *authzid, ptn_str_t *authcid,
    ptn_str_t *passwd)
{
    u_char  *a, *b, *end;

    if (s.len == 0 || s.len > PTN_AUTH_SASL_MAX || !ptn_utf8_valid(s)) {
        return PTN_EPARSE;
    }

    end = s.data + s.len;

    a = memchr(s.data, '\0', s.len);
    if (a == NULL) {
        return PTN_EPARSE;
    }

    b = memchr(a + 1, '\0', (size_t) (end - (a + 1)));
    if (b == NULL) {
        return PTN_EPARSE;
    }

    *authzid = ptn_str_make(s.data, (size_t) (a - s.data));
    *authcid = ptn_str_make(a + 1, (size_t) (b - (a + 1)));
    *passwd = ptn_str_make(b + 1, (size_t) (end - (b + 1)));

    if (authcid->len == 0 || passwd->len == 0
        || memchr(passwd->data, '\0', passwd->len) != NULL)
    {
        return PTN_EPARSE;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_auth_sasl_plain(ptn_auth_t *auth, ptn_pool_t *pool,
    const ptn_auth_peer_t *peer, ptn_str_t response,
    ptn_actor_t *ret_actor, ptn_handle_t *ret_handle, ptn_str_t *ret_login)
{
    ptn_rc_t        rc;
    ptn_str_t       authzid, authcid, passwd, login;
    ptn_auth_try_t  t;

    rc = ptn_auth_sasl_plain_parse(response, &authzid, &authcid, &passwd);
    if (rc != PTN_OK) {
        ptn_auth_wipe(response);
        return rc;
    }

    login = ptn_str_dup(pool, authcid);

    if (login.data == NULL) {
        ptn_auth_wipe(response);
        return PTN_ENOMEM;
    }

    if (ret_login != NULL) {
        *ret_login = login;
    }

    if (authzid.len != 0 && !ptn_str_ieq(authzid, authcid)) {
        ptn_auth_wipe(response);

        memset(&t, 0, sizeof(ptn_auth_try_t));
        t.peer = peer;
        t.login = login;
        t.reason = "authzid";
        ptn_auth_log(auth, &t, PTN_EAUTH, 0);

        return PTN_EAUTH;
    }

    rc = ptn_auth_password(auth, pool, peer, login, passwd, ret_actor,
                           ret_handle);

    ptn_auth_wipe(response);

    return rc;
}
