/*
 * A client's sets (MS-OXCFXICS 2.2.1.1), asked with the mailbox's numbers.
 */

#include "ptn_ics.h"


void
ptn_ics_state_done(ptn_ics_state_t *state)
{
    unsigned  i;

    for (i = 0; i < PTN_ICS_SETS; i++) {
        ptn_idset_done(&state->set[i]);
    }
}


ptn_rc_t
ptn_ics_state_copy(ptn_ics_state_t *to, const ptn_ics_state_t *from)
{
    unsigned  i;
    ptn_rc_t  rc;

    for (i = 0, rc = PTN_OK; i < PTN_ICS_SETS && rc == PTN_OK; i++) {
        rc = ptn_idset_copy(&to->set[i], &from->set[i]);
    }

    return rc;
}


ptn_rc_t
ptn_ics_state_put(ptn_ics_state_t *state, ptn_ics_set_e which,
    ptn_str_t value)
{
    ptn_rc_t     rc;
    ptn_idset_t  set;

    if (which >= PTN_ICS_SETS) {
        return PTN_EINVAL;
    }

    memset(&set, 0, sizeof(set));
    rc = ptn_idset_decode(&set, PTN_IDSET_REPLGUID, value);

    if (rc == PTN_OK) {
        ptn_idset_move(&state->set[which], &set);
    }

    return rc;
}


ptn_rc_t
ptn_ics_state_get(const ptn_ics_state_t *state, ptn_ics_set_e which,
    ptn_pool_t *pool, ptn_str_t *ret_value)
{
    ptn_rc_t     rc;
    ptn_idset_t  set;

    if (which >= PTN_ICS_SETS) {
        return PTN_EINVAL;
    }

    memset(&set, 0, sizeof(set));
    rc = ptn_idset_copy(&set, &state->set[which]);

    if (rc == PTN_OK) {
        rc = ptn_idset_encode(&set, pool, PTN_IDSET_REPLGUID, ret_value);
    }

    ptn_idset_done(&set);

    return rc;
}


/* ---- numbers ------------------------------------------------------------- */

void
ptn_ics_ask(ptn_ics_ask_t *ask, const ptn_set_t *replicas,
    const ptn_idset_t *set)
{
    uint32_t  i;

    memset(ask, 0, sizeof(ptn_ics_ask_t));
    ask->replicas = replicas;
    ask->set = set;

    for (i = 0; i < replicas->nreplicas && i < ptn_nelts(ask->part); i++) {
        ask->part[i] = ptn_idset_part(set, replicas->replicas[i].guid);
    }
}


bool
ptn_ics_has(const ptn_ics_ask_t *ask, uint64_t id)
{
    size_t                i;
    const ptn_replica_t  *r;

    r = ptn_replica_of(ask->replicas, id);
    if (r == NULL) {
        return false;
    }

    i = (size_t) (r - ask->replicas->replicas);

    if (i < ptn_nelts(ask->part) && i < ask->replicas->nreplicas) {
        return ask->part[i] != NULL
               && ptn_idset_part_has(ask->part[i], id & PTN_ID_MAX);
    }

    return ptn_idset_has(ask->set, r->guid, id & PTN_ID_MAX);
}


ptn_rc_t
ptn_ics_set_add(ptn_mbox_t *mb, ptn_idset_t *set, uint64_t id)
{
    ptn_rc_t              rc;
    const ptn_replica_t  *r;

    if (mb->set == NULL) {
        rc = ptn_mbox_set(mb);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    r = ptn_replica_of(mb->set, id);

    return (r == NULL) ? PTN_ECORRUPT
           : ptn_idset_add(set, r->guid, id & PTN_ID_MAX);
}


ptn_rc_t
ptn_ics_state_add(ptn_mbox_t *mb, ptn_ics_state_t *state, ptn_ics_set_e which,
    uint64_t number)
{
    ptn_rc_t  rc;

    if (which >= PTN_ICS_SETS) {
        return PTN_EINVAL;
    }

    rc = ptn_ics_set_add(mb, &state->set[which], number);

    return (rc == PTN_OK) ? ptn_idset_ready(&state->set[which]) : rc;
}


ptn_rc_t
ptn_ics_set_all(ptn_mbox_t *mb, ptn_idset_t *set, uint64_t cn)
{
    uint32_t              i;
    ptn_rc_t              rc;
    uint64_t              lo, hi;
    const ptn_replica_t  *r;

    rc = ptn_mbox_set(mb);

    for (i = 0; rc == PTN_OK && i < mb->set->nreplicas; i++) {
        r = &mb->set->replicas[i];
        ptn_replica_span(mb->set, r, &lo, &hi);

        hi = ptn_min(hi, cn);

        if (r->last != 0) {
            hi = ptn_min(hi, r->last);
        }

        if (lo <= hi) {
            rc = ptn_idset_add_range(set, r->guid, lo, hi);
        }
    }

    return rc;
}


uint64_t
ptn_ics_set_run(const ptn_set_t *replicas, const ptn_idset_t *set)
{
    uint32_t              i;
    uint64_t              lo, hi, run;
    const ptn_replica_t  *r;

    /* oldest first */

    for (i = replicas->nreplicas, run = 0; i-- > 0; ) {
        r = &replicas->replicas[i];
        ptn_replica_span(replicas, r, &lo, &hi);

        if (lo > hi) {
            continue;
        }

        run = ptn_idset_run(set, r->guid, lo);

        if (run < (r->last ? ptn_min(r->last, hi) : hi)) {
            break;
        }

        run = ptn_max(run, hi);
    }

    return run;
}


void
ptn_ics_set_replids(const ptn_set_t *replicas, ptn_idset_t *set)
{
    uint32_t           i, k;
    ptn_idset_part_t  *p;

    for (i = 0; i < set->nparts; i++) {
        p = &set->parts[i];
        p->replid = 0;

        for (k = 0; k < replicas->nreplicas + replicas->nforeign; k++) {
            if (ptn_guid_eq(replicas->replicas[k].guid, p->guid)) {
                p->replid = replicas->replicas[k].replid;
                break;
            }
        }

        if (p->replid == 0) {
            p->n = 0;
            p->nlate = 0;
        }
    }
}


/* ---- the lost time ------------------------------------------------------- */

/*
 * Has it change numbers that this mailbox never gave?  Under our REPLGUIDs, or
 * under others: then of an incarnation that we know nothing of, because it
 * began with the same copy as we did.
 */

static bool
ptn_ics_set_lost(ptn_mbox_t *mb, const ptn_idset_t *set, uint64_t now)
{
    uint32_t              i, k;
    uint64_t              lo, hi;
    const ptn_replica_t  *r;

    for (i = 0; i < set->nparts; i++) {
        for (k = 0; k < mb->set->nreplicas; k++) {
            if (ptn_guid_eq(mb->set->replicas[k].guid, set->parts[i].guid)) {
                break;
            }
        }

        if (k == mb->set->nreplicas && set->parts[i].n != 0) {
            return true;
        }
    }

    for (i = 0; i < mb->set->nreplicas; i++) {
        r = &mb->set->replicas[i];
        ptn_replica_span(mb->set, r, &lo, &hi);

        if (r->last != 0) {
            hi = ptn_min(hi, r->last);
        }

        hi = ptn_min(hi, now);

        if (hi < PTN_ID_MAX
            && ptn_idset_touches(set, r->guid, hi + 1, PTN_ID_MAX))
        {
            return true;
        }
    }

    return false;
}


ptn_rc_t
ptn_ics_state_begin(ptn_mbox_t *mb, ptn_ics_state_t *state)
{
    bool      lost;
    unsigned  i;
    ptn_rc_t  rc;
    uint64_t  now;

    rc = ptn_ics_now(mb, &now);

    for (i = 0, lost = false; i < PTN_ICS_SETS && rc == PTN_OK; i++) {
        rc = ptn_idset_ready(&state->set[i]);

        if (rc == PTN_OK && i != PTN_ICS_GIVEN) {
            lost |= ptn_ics_set_lost(mb, &state->set[i], now);
        }
    }

    for (i = 0; i < PTN_ICS_SETS && lost; i++) {
        if (i != PTN_ICS_GIVEN) {
            ptn_idset_done(&state->set[i]);
        }
    }

    return rc;
}


ptn_rc_t
ptn_ics_now(ptn_mbox_t *mb, uint64_t *ret_cn)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_ICS_NOW, &rc);
    if (st == NULL) {
        return rc;
    }

    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ECORRUPT : rc;
    }

    *ret_cn = ptn_sql_u64(st, 0);
    sqlite3_reset(st);

    return PTN_OK;
}


/* ---- replicas that are not known ----------------------------------------- */

static const ptn_idset_part_t *
ptn_ics_stranger(ptn_mbox_t *mb, const ptn_ics_state_t *state)
{
    uint16_t            replid;
    uint32_t            i;
    const ptn_idset_t  *given;

    given = &state->set[PTN_ICS_GIVEN];

    for (i = 0; i < given->nparts; i++) {
        if (given->parts[i].n != 0
            && ptn_mbox_replid(mb, given->parts[i].guid, &replid)
               == PTN_ENOTFOUND)
        {
            return &given->parts[i];
        }
    }

    return NULL;
}


bool
ptn_ics_state_known(ptn_mbox_t *mb, const ptn_ics_state_t *state)
{
    return ptn_ics_stranger(mb, state) == NULL;
}


ptn_rc_t
ptn_ics_state_learn(ptn_txn_t *tx, const ptn_ics_state_t *state)
{
    ptn_rc_t                 rc;
    const ptn_idset_part_t  *p;

    rc = ptn_txn_check(tx);

    while (rc == PTN_OK && (p = ptn_ics_stranger(tx->mb, state)) != NULL) {
        rc = ptn_replica_learn(tx, p->guid);
    }

    return rc;
}
