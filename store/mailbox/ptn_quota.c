/*
 * Quotas, checked at every door.
 */

#include "ptn_mailbox.h"


ptn_rc_t
ptn_quota_room(const ptn_mbox_t *mb, uint64_t size, bool delivery)
{
    uint64_t  quota;

    quota = (delivery && mb->quota_receive) ? mb->quota_receive : mb->quota;

    if (quota != 0 && (size > quota || mb->set->size > quota - size)) {
        return PTN_EQUOTA;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_quota_get(ptn_mbox_t *mb, ptn_quota_t *ret_quota, bool *ret_warn)
{
    ptn_rc_t     rc;
    ptn_quota_t  q;

    rc = ptn_mbox_set(mb);

    if (rc == PTN_OK && !mb->acting.all) {
        rc = PTN_EDENIED;
    }

    if (rc != PTN_OK) {
        return rc;
    }

    q.used = mb->set->size;
    q.warn = mb->quota_warn;
    q.send = mb->quota_send;
    q.receive = mb->quota_receive ? mb->quota_receive : mb->quota;
    q.store = mb->quota;
    *ret_quota = q;

    if (ret_warn != NULL) {
        *ret_warn = (q.warn != 0 && q.used >= q.warn);
    }

    return PTN_OK;
}


/* Whoever sends from it. */

ptn_rc_t
ptn_quota_send(ptn_mbox_t *mb)
{
    ptn_rc_t  rc;

    rc = ptn_mbox_set(mb);

    return (rc == PTN_OK && mb->quota_send != 0
            && mb->set->size >= mb->quota_send) ? PTN_EQUOTA : rc;
}
