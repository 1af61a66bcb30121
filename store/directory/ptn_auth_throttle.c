#include "ptn_auth_shared.h"


/* What time has made of the entry. */

static void
ptn_auth_throttle_age(ptn_auth_throttle_entry_t *t, uint64_t now)
{
    if (now > t->last + PTN_AUTH_THROTTLE_PENDING) {
        t->pending = 0;
    }

    if (now > t->last + PTN_AUTH_THROTTLE_FORGET && now >= t->until) {
        t->failed = 0;
    }
}


ptn_rc_t
ptn_auth_throttle_begin(ptn_auth_shared_t *shared,
    const ptn_auth_rule_t *rule, const u_char *key, uint64_t now)
{
    ptn_rc_t                    rc;
    ptn_auth_throttle_entry_t  *t;

    ptn_auth_shared_lock(shared, PTN_AUTH_TABLE_throttle);

    t = ptn_auth_shared_take(shared, PTN_AUTH_TABLE_throttle, key, now);
    ptn_auth_throttle_age(t, now);

    if (now < t->until
        || t->pending >= (t->failed < rule->free ? rule->parallel : 1))
    {
        rc = PTN_ETHROTTLE;

    } else {
        t->pending++;
        t->last = now;
        rc = PTN_OK;
    }

    ptn_auth_shared_unlock(shared, PTN_AUTH_TABLE_throttle);

    return rc;
}


ptn_rc_t
ptn_auth_throttle_look(ptn_auth_shared_t *shared, const u_char *key,
    uint64_t now)
{
    ptn_rc_t                    rc;
    ptn_auth_throttle_entry_t  *t;

    ptn_auth_shared_lock(shared, PTN_AUTH_TABLE_throttle);

    t = ptn_auth_shared_find(shared, PTN_AUTH_TABLE_throttle, key);
    rc = (t != NULL && now < t->until) ? PTN_ETHROTTLE : PTN_OK;

    ptn_auth_shared_unlock(shared, PTN_AUTH_TABLE_throttle);

    return rc;
}


void
ptn_auth_throttle_failed(ptn_auth_shared_t *shared,
    const ptn_auth_rule_t *rule, const u_char *key, uint64_t now)
{
    uint32_t                    n;
    uint64_t                    delay;
    ptn_auth_throttle_entry_t  *t;

    ptn_auth_shared_lock(shared, PTN_AUTH_TABLE_throttle);

    t = ptn_auth_shared_take(shared, PTN_AUTH_TABLE_throttle, key, now);

    t->pending -= (t->pending != 0);
    t->failed += (t->failed != UINT32_MAX);
    t->last = now;

    if (t->failed >= rule->free) {
        n = ptn_min(t->failed - rule->free, 20u);
        delay = (uint64_t) PTN_AUTH_THROTTLE_FIRST << n;
        t->until = now + ptn_min(delay, rule->delay_max);
    }

    ptn_auth_shared_unlock(shared, PTN_AUTH_TABLE_throttle);
}


void
ptn_auth_throttle_dropped(ptn_auth_shared_t *shared, const u_char *key)
{
    ptn_auth_throttle_entry_t  *t;

    ptn_auth_shared_lock(shared, PTN_AUTH_TABLE_throttle);

    t = ptn_auth_shared_find(shared, PTN_AUTH_TABLE_throttle, key);

    if (t != NULL) {
        t->pending -= (t->pending != 0);
    }

    ptn_auth_shared_unlock(shared, PTN_AUTH_TABLE_throttle);
}


uint32_t
ptn_auth_throttle_good(ptn_auth_shared_t *shared, const u_char *key,
    uint32_t n)
{
    uint32_t                    failed;
    ptn_auth_throttle_entry_t  *t;

    failed = 0;

    ptn_auth_shared_lock(shared, PTN_AUTH_TABLE_throttle);

    t = ptn_auth_shared_find(shared, PTN_AUTH_TABLE_throttle, key);

    if (t != NULL) {
        failed = t->failed;
        t->pending -= (t->pending != 0);
        t->failed -= ptn_min(t->failed, n);

        if (t->failed == 0) {
            t->until = 0;
        }
    }

    ptn_auth_shared_unlock(shared, PTN_AUTH_TABLE_throttle);

    return failed;
}
