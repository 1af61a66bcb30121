/*
 * REPLIDs and REPLGUIDs (MS-OXCSTOR 3.2.5.11): which incarnation of the
 * mailbox gave a number.
 */

#include "ptn_mailbox.h"


ptn_rc_t
ptn_mbox_replica(ptn_mbox_t *mb, uint64_t id, uint16_t *ret_replid,
    ptn_guid_t *ret_replguid)
{
    uint32_t              i;
    ptn_rc_t              rc;
    const ptn_replica_t  *r;

    rc = ptn_mbox_set(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    for (i = 0; i < mb->set->nreplicas; i++) {
        r = &mb->set->replicas[i];

        if (r->first <= id) {
            *ret_replid = r->replid;
            *ret_replguid = r->guid;
            return PTN_OK;
        }
    }

    return PTN_ECORRUPT;
}


ptn_rc_t
ptn_mbox_replid(ptn_mbox_t *mb, ptn_guid_t replguid, uint16_t *ret_replid)
{
    uint32_t  i;
    ptn_rc_t  rc;

    rc = ptn_mbox_set(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    for (i = 0; i < mb->set->nreplicas; i++) {
        if (ptn_guid_eq(mb->set->replicas[i].guid, replguid)) {
            *ret_replid = mb->set->replicas[i].replid;
            return PTN_OK;
        }
    }

    return PTN_ENOTFOUND;
}


bool
ptn_mbox_is_owner(const ptn_mbox_t *mb)
{
    return mb->owner;
}
