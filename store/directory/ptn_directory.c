/*
 * Where mail for an address goes, and who may send as it.
 */

#include "ptn_dir_db.h"


#define PTN_DIRECTORY_STEPS  8


/*
 * One look at the table of addresses.  OK: ret->user filled when it is a
 * user, else *target (in `pool`).  EDENIED: user or domain is disabled.
 */

static ptn_rc_t
ptn_directory_look(ptn_directory_t *dir, ptn_pool_t *pool, ptn_str_t address,
    ptn_user_t *user, ptn_str_t *target)
{
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, PTN_DIR_ADDRESS_GET, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_dir_db_bind(st, 1, address);

    rc = ptn_dir_db_row(st);
    if (rc != PTN_OK) {
        return rc;
    }

    if (sqlite3_column_int(st, PTN_DIR_USER_NCOLUMNS + 1)) {
        return PTN_EDENIED;
    }

    if (sqlite3_column_type(st, PTN_DIR_USER_NCOLUMNS) != SQLITE_NULL) {
        user->id = 0;
        *target = ptn_dir_db_text(pool, st, PTN_DIR_USER_NCOLUMNS);
        return (target->data == NULL) ? PTN_ENOMEM : PTN_OK;
    }

    rc = ptn_user_row(pool, st, user);
    if (rc != PTN_OK) {
        return rc;
    }

    return user->disabled ? PTN_EDENIED : PTN_OK;
}


/* `a` itself, else `a` without what stands behind the plus. */

static ptn_rc_t
ptn_directory_look_plus(ptn_directory_t *dir, ptn_pool_t *pool,
    const ptn_dir_addr_t *a, ptn_rcpt_t *rcpt, ptn_str_t *target)
{
    u_char     *plus, text[PTN_DIR_ADDRESS_MAX];
    size_t      n;
    ptn_rc_t    rc;
    ptn_str_t   detail;

    rc = ptn_directory_look(dir, pool, a->address, &rcpt->user, target);

    if (rc != PTN_ENOTFOUND) {
        return rc;
    }

    plus = memchr(a->local.data, '+', a->local.len);

    if (plus == NULL || plus == a->local.data) {
        return PTN_ENOTFOUND;
    }

    n = (size_t) (plus - a->local.data);
    memcpy(text, a->local.data, n);
    text[n] = '@';
    memcpy(text + n + 1, a->domain.data, a->domain.len);

    rc = ptn_directory_look(dir, pool,
                            ptn_str_make(text, n + 1 + a->domain.len),
                            &rcpt->user, target);

    if (rc == PTN_OK && rcpt->detail.len == 0) {

        /* the first detail counts: it is the sender's */

        detail = ptn_str_make(plus + 1, a->local.len - n - 1);
        rcpt->detail = ptn_str_dup(pool, detail);

        if (rcpt->detail.data == NULL) {
            return PTN_ENOMEM;
        }
    }

    return rc;
}


/* Nothing by that name: is its domain ours at all? */

static ptn_rc_t
ptn_directory_nobody(ptn_directory_t *dir, ptn_str_t domain)
{
    bool      disabled;
    uint64_t  id;
    ptn_rc_t  rc;

    rc = ptn_domain_id(dir, domain, &id, &disabled);

    if (rc == PTN_ENOTFOUND) {
        return PTN_ESUPPORT;
    }

    if (rc != PTN_OK) {
        return rc;
    }

    return disabled ? PTN_EDENIED : PTN_ENOTFOUND;
}


static ptn_rc_t
ptn_directory_follow(ptn_directory_t *dir, ptn_pool_t *pool,
    const ptn_dir_addr_t *start, ptn_rcpt_t *rcpt)
{
    unsigned        step;
    ptn_rc_t        rc;
    ptn_str_t       target;
    ptn_dir_addr_t  a;

    rc = ptn_dir_addr_parse(start->address, &a);
    if (rc != PTN_OK) {
        return rc;
    }

    for (step = 0; step <= PTN_DIRECTORY_STEPS; step++) {

        rc = ptn_directory_look_plus(dir, pool, &a, rcpt, &target);

        if (rc == PTN_ENOTFOUND) {
            rc = ptn_directory_nobody(dir, a.domain);

            if (rc == PTN_ESUPPORT && step != 0) {
                rcpt->foreign = target;
                return PTN_OK;
            }

            return rc;
        }

        if (rc != PTN_OK || rcpt->user.id != 0) {
            return rc;
        }

        rc = ptn_dir_addr_parse(target, &a);
        if (rc != PTN_OK) {
            return PTN_ECORRUPT;
        }
    }

    return PTN_ELIMIT;
}


static ptn_rc_t
ptn_directory_dup(ptn_pool_t *pool, const ptn_rcpt_t *rcpt, ptn_rcpt_t *ret)
{
    ptn_rc_t    rc;
    ptn_rcpt_t  r;

    memset(&r, 0, sizeof(ptn_rcpt_t));

    rc = ptn_user_dup(pool, &rcpt->user, &r.user);
    if (rc != PTN_OK) {
        return rc;
    }

    r.foreign = ptn_str_dup(pool, rcpt->foreign);
    r.detail = ptn_str_dup(pool, rcpt->detail);

    if (r.foreign.data == NULL || r.detail.data == NULL) {
        return PTN_ENOMEM;
    }

    *ret = r;

    return PTN_OK;
}


/* What is no address of ours by its form: still, whose domain is it? */

static ptn_rc_t
ptn_directory_malformed(ptn_directory_t *dir, ptn_str_t address)
{
    u_char          *at;
    ptn_dir_addr_t   a;

    at = address.len ? memrchr(address.data, '@', address.len) : NULL;
    if (at == NULL) {
        return PTN_ENOTFOUND;
    }

    at++;

    if (ptn_dir_domain_parse(ptn_str_make(at, address.len
                                          - (size_t) (at - address.data)), &a)
        != PTN_OK)
    {
        return PTN_ESUPPORT;
    }

    return ptn_directory_nobody(dir, a.domain);
}


ptn_rc_t
ptn_directory_resolve(ptn_directory_t *dir, ptn_pool_t *pool,
    ptn_str_t address, ptn_rcpt_t *ret_rcpt)
{
    ptn_rc_t           rc;
    ptn_rcpt_t         rcpt;
    ptn_dir_addr_t     a;
    const ptn_rcpt_t  *cached;

    if (ptn_dir_addr_parse(address, &a) != PTN_OK) {
        return ptn_directory_malformed(dir, address);
    }

    cached = ptn_dir_cache_get(dir, PTN_DIR_CACHE_RESOLVE, a.address);
    if (cached != NULL) {
        return ptn_directory_dup(pool, cached, ret_rcpt);
    }

    memset(&rcpt, 0, sizeof(ptn_rcpt_t));

    rc = ptn_directory_follow(dir, pool, &a, &rcpt);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_dir_cache_put(dir, PTN_DIR_CACHE_RESOLVE, a.address, &rcpt);
    *ret_rcpt = rcpt;

    return PTN_OK;
}


ptn_rc_t
ptn_directory_send_by(ptn_directory_t *dir, ptn_pool_t *pool, uint64_t user,
    ptn_str_t address, uint32_t *ret_access, ptn_user_t *ret_owner)
{
    uint32_t    access;
    ptn_rc_t    rc;
    ptn_rcpt_t  rcpt;

    /* own aliases are those that lead to the user; so do own details */

    rc = ptn_directory_resolve(dir, pool, address, &rcpt);

    switch (rc) {

    case PTN_OK:
        break;

    case PTN_ENOTFOUND:
    case PTN_ESUPPORT:
    case PTN_EDENIED:
    case PTN_ELIMIT:
        return PTN_EDENIED;

    default:
        return rc;
    }

    if (user == 0 || rcpt.user.id == 0) {
        return PTN_EDENIED;
    }

    access = PTN_ACCESS_SEND_AS;

    if (rcpt.user.id != user) {
        rc = ptn_access_get(dir, user, rcpt.user.id, &access);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    if (access & PTN_ACCESS_SEND_AS) {
        *ret_access = PTN_ACCESS_SEND_AS;

    } else if (access & PTN_ACCESS_ON_BEHALF) {
        *ret_access = PTN_ACCESS_ON_BEHALF;

    } else {
        return PTN_EDENIED;
    }

    if (ret_owner != NULL) {
        *ret_owner = rcpt.user;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_directory_may_send_as(ptn_directory_t *dir, uint64_t user,
    ptn_str_t address)
{
    uint32_t     access;
    ptn_rc_t     rc;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    access = 0;
    rc = ptn_directory_send_by(dir, pool, user, address, &access, NULL);

    ptn_pool_destroy(pool);

    return rc == PTN_OK && access != PTN_ACCESS_SEND_AS ? PTN_EDENIED : rc;
}
