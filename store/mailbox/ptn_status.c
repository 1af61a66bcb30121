/*
 * Message status (MS-OXCMSG 3.2.5.8).
 */

#include "ptn_folder.h"


/* ---- status ------------------------------------------------------------- */

static uint32_t
ptn_status_of(const ptn_msg_info_t *m)
{
    return m->status
           | ((m->flags & PTN_FLAG_DELETED) ? PTN_STATUS_DELMARKED : 0);
}


ptn_rc_t
ptn_msg_status_get(ptn_mbox_t *mb, ptn_id_t id, uint32_t *ret_status)
{
    ptn_rc_t        rc;
    ptn_msg_info_t  m;

    rc = ptn_mbox_set(mb);

    if (rc == PTN_OK) {
        rc = ptn_msg_get_id(mb, id, &m);
    }

    if (rc == PTN_OK) {
        rc = ptn_rights_read(mb, &m);
    }

    if (rc == PTN_OK) {
        *ret_status = ptn_status_of(&m);
    }

    return rc;
}


/* Something that IMAP sees, or tables show, but no change of the message. */

ptn_rc_t
ptn_status_touch(ptn_txn_t *tx, ptn_folder_t *f, ptn_msg_info_t *m)
{
    ptn_rc_t  rc;

    m->modseq = ptn_txn_cn(tx);

    rc = ptn_sql_run(tx->mb, PTN_SQL_STATUS_SET, 4, m->folder,
                     (uint64_t) m->uid, (uint64_t) m->status, m->modseq);

    if (rc == PTN_OK) {
        rc = ptn_txn_event(tx, PTN_MBOX_EVENT_MODIFIED, m->folder, m->id, 0,
                           0, m->modseq);
    }

    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    ptn_folder_touch(tx->mb, f, m->modseq);

    return PTN_OK;
}


ptn_rc_t
ptn_msg_status_set(ptn_txn_t *tx, ptn_id_t id, uint32_t status, uint32_t mask,
    uint32_t *ret_was)
{
    ptn_rc_t         rc;
    uint32_t         was, now, flags;
    uint64_t         modseq;
    ptn_folder_t    *f;
    ptn_msg_info_t   m;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(tx->mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_get_id(tx->mb, id, &m);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, m.folder, &f);
    }

    if (rc == PTN_OK) {
        rc = ptn_rights_edit(tx->mb, &m);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    mask &= ~(uint32_t) PTN_STATUS_IN_CONFLICT;
    was = ptn_status_of(&m);
    now = (was & ~mask) | (status & mask);
    m.status = now & ~(uint32_t) PTN_STATUS_DELMARKED;

    if ((was ^ now) & ~(uint32_t) PTN_STATUS_DELMARKED) {
        rc = ptn_status_touch(tx, f, &m);
    }

    if (rc == PTN_OK && ((was ^ now) & PTN_STATUS_DELMARKED)) {
        flags = (now & PTN_STATUS_DELMARKED) ? m.flags | PTN_FLAG_DELETED
                                             : m.flags & ~PTN_FLAG_DELETED;
        modseq = 0;
        rc = ptn_msg_flags_one(tx, f, &m, flags, m.keywords, &modseq);
    }

    if (rc == PTN_OK) {
        *ret_was = was;
    }

    return rc;
}
