/*
 * REPLIDs and REPLGUIDs (MS-OXCSTOR 3.2.5.11): which incarnation of the
 * mailbox gave a number, or which other replica.
 */

#include "ptn_eid.h"
#include "ptn_ics.h"


static const ptn_replica_t *
ptn_replica_by_guid(const ptn_set_t *set, ptn_guid_t guid)
{
    uint32_t  i;

    for (i = 0; i < set->nreplicas + set->nforeign; i++) {
        if (ptn_guid_eq(set->replicas[i].guid, guid)) {
            return &set->replicas[i];
        }
    }

    return NULL;
}


const ptn_replica_t *
ptn_replica_of(const ptn_set_t *set, uint64_t id)
{
    uint32_t              i;
    const ptn_replica_t  *r;

    if (id <= PTN_ID_MAX) {
        for (i = 0; i < set->nreplicas; i++) {
            if (set->replicas[i].first <= id) {
                return &set->replicas[i];
            }
        }

        return NULL;
    }

    for (i = set->nreplicas; i < set->nreplicas + set->nforeign; i++) {
        r = &set->replicas[i];

        if (r->replid == id >> 48) {
            return r;
        }
    }

    return NULL;
}


ptn_rc_t
ptn_mbox_replica(ptn_mbox_t *mb, uint64_t id, uint16_t *ret_replid,
    ptn_guid_t *ret_replguid)
{
    ptn_rc_t              rc;
    const ptn_replica_t  *r;

    rc = ptn_mbox_set(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    r = ptn_replica_of(mb->set, id);

    if (r == NULL) {
        return PTN_ECORRUPT;
    }

    *ret_replid = r->replid;
    *ret_replguid = r->guid;

    return PTN_OK;
}


ptn_rc_t
ptn_mbox_replid(ptn_mbox_t *mb, ptn_guid_t replguid, uint16_t *ret_replid)
{
    ptn_rc_t              rc;
    const ptn_replica_t  *r;

    rc = ptn_mbox_set(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    r = ptn_replica_by_guid(mb->set, replguid);

    if (r == NULL) {
        return PTN_ENOTFOUND;
    }

    *ret_replid = r->replid;

    return PTN_OK;
}


/* Of ours, the numbers that may have been given under it; `r` in the list. */

void
ptn_replica_span(const ptn_set_t *set, const ptn_replica_t *r,
    uint64_t *ret_lo, uint64_t *ret_hi)
{
    *ret_lo = ptn_max(r->first, (uint64_t) 1);
    *ret_hi = (r == set->replicas) ? PTN_ID_MAX : r[-1].first - 1;
}


static ptn_rc_t
ptn_replica_id(const ptn_set_t *set, const ptn_replica_t *r, uint64_t n,
    ptn_id_t *ret_id)
{
    uint64_t  lo, hi;

    if (r == NULL || n == 0 || n > PTN_ID_MAX) {
        return PTN_ENOTFOUND;
    }

    if (r >= set->replicas + set->nreplicas) {
        *ret_id = (uint64_t) r->replid << 48 | n;
        return PTN_OK;
    }

    ptn_replica_span(set, r, &lo, &hi);

    if (n < lo || n > hi) {
        return PTN_ENOTFOUND;
    }

    *ret_id = n;

    return PTN_OK;
}


ptn_rc_t
ptn_mbox_id(ptn_mbox_t *mb, ptn_guid_t replguid, uint64_t n,
    ptn_id_t *ret_id)
{
    ptn_rc_t  rc;

    rc = ptn_mbox_set(mb);

    return (rc == PTN_OK)
           ? ptn_replica_id(mb->set, ptn_replica_by_guid(mb->set, replguid), n,
                            ret_id)
           : rc;
}


ptn_rc_t
ptn_mbox_id_replid(ptn_mbox_t *mb, uint16_t replid, uint64_t n,
    ptn_id_t *ret_id)
{
    uint32_t              i;
    ptn_rc_t              rc;
    const ptn_replica_t  *r;

    rc = ptn_mbox_set(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    for (i = 0; i < mb->set->nreplicas + mb->set->nforeign; i++) {
        r = &mb->set->replicas[i];

        if (r->replid == replid) {
            return ptn_replica_id(mb->set, r, n, ret_id);
        }
    }

    return PTN_ENOTFOUND;
}


/* Registers a replica of somebody else's. */

ptn_rc_t
ptn_replica_learn(ptn_txn_t *tx, ptn_guid_t guid)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(tx->mb);
    }

    if (rc != PTN_OK || ptn_replica_by_guid(tx->mb->set, guid) != NULL) {
        return rc;
    }

    rc = ptn_rights_any(tx->mb, PTN_RIGHTS_WRITE);
    if (rc != PTN_OK) {
        return rc;
    }

    if (ptn_guid_zero(guid)) {
        return PTN_EINVAL;
    }

    if (tx->mb->set->nforeign >= PTN_REPLICAS_MAX) {
        return PTN_ELIMIT;
    }

    st = ptn_sql(tx->mb, PTN_SQL_REPLICA_ADD, &rc);
    if (st == NULL) {
        return ptn_txn_poison(tx, rc);
    }

    sqlite3_bind_blob(st, 1, guid.b, sizeof(guid.b), SQLITE_STATIC);
    rc = ptn_sql_step(tx->mb, st);
    tx->mb->meta.dirty = true;

    return (rc == PTN_OK) ? ptn_folder_reread(tx) : ptn_txn_poison(tx, rc);
}


ptn_rc_t
ptn_ics_id(ptn_mbox_t *mb, ptn_txn_t *tx, ptn_str_t source_key,
    ptn_id_t *ret_id)
{
    ptn_id_t              n;
    ptn_rc_t              rc;
    ptn_guid_t            guid;
    const ptn_replica_t  *r;

    if (ptn_eid_gid_parse(source_key, &guid, &n) != PTN_OK || n == 0) {
        return PTN_EINVAL;
    }

    rc = ptn_mbox_meta(mb);

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    r = ptn_replica_by_guid(mb->set, guid);

    if (r == NULL && tx != NULL) {
        rc = ptn_replica_learn(tx, guid);

        if (rc != PTN_OK) {
            return rc;
        }

        r = (ptn_mbox_set(mb) == PTN_OK) ? ptn_replica_by_guid(mb->set, guid)
                                         : NULL;
    }

    if (r == NULL) {
        return PTN_ENOTFOUND;
    }

    /* one of the lost time keeps its number: we jumped over those */

    rc = ptn_replica_id(mb->set, r, n, &n);

    if (rc != PTN_OK || (n <= PTN_ID_MAX && n > mb->meta.oid)) {
        return PTN_EINVAL;
    }

    *ret_id = n;

    return PTN_OK;
}


ptn_rc_t
ptn_ics_local_ids(ptn_txn_t *tx, uint32_t n, ptn_guid_t *ret_replguid,
    ptn_id_t *ret_first)
{
    ptn_rc_t  rc;
    uint16_t  replid;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK && n == 0) {
        rc = PTN_EINVAL;
    }

    if (rc == PTN_OK && n > PTN_LOCAL_IDS_MAX) {
        rc = PTN_ELIMIT;
    }

    if (rc == PTN_OK) {
        rc = ptn_rights_any(tx->mb, PTN_RIGHTS_WRITE);
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_replica(tx->mb, tx->mb->meta.oid + 1, &replid,
                              ret_replguid);
    }

    if (rc == PTN_OK) {
        *ret_first = tx->mb->meta.oid + 1;
        tx->mb->meta.oid += n;
        tx->mb->meta.dirty = true;
    }

    return rc;
}


bool
ptn_mbox_is_owner(const ptn_mbox_t *mb)
{
    return mb->owner;
}
