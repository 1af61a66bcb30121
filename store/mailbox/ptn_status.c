/*
 * Message status (MS-OXCMSG 3.2.5.8), and receipts that are pending
 * (2.2.3.10.1): mfNotifyRead and mfNotifyUnread of PidTagMessageFlags, which
 * the bag keeps.
 */

#include "ptn_folder.h"


#define PTN_MF_NOTIFY_READ    0x00000100        /* 2.2.1.6 */
#define PTN_MF_NOTIFY_UNREAD  0x00000200

#define PTN_READ_KNOWN                                                        \
    (PTN_READ_SUPPRESS|PTN_READ_UNREAD|PTN_READ_RECEIPT_ONLY                  \
     |PTN_READ_CLEAR_NOTIFY|PTN_READ_CLEAR_NONREAD)


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

static ptn_rc_t
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


/* ---- receipts ----------------------------------------------------------- */

/* What each request does to the read state and to what is pending. */

static ptn_rc_t
ptn_receipt_plan(unsigned flags, bool *ret_read, bool *ret_unread,
    bool *ret_send, uint32_t *ret_clear)
{
    unsigned  notify;

    flags &= PTN_READ_KNOWN;
    notify = flags & (PTN_READ_CLEAR_NOTIFY|PTN_READ_CLEAR_NONREAD);

    if (((flags & PTN_READ_RECEIPT_ONLY) && flags != PTN_READ_RECEIPT_ONLY)
        || (notify && flags != notify))
    {
        return PTN_EINVAL;
    }

    *ret_read = false;
    *ret_unread = false;
    *ret_send = false;
    *ret_clear = 0;

    if (notify) {
        *ret_clear = ((notify & PTN_READ_CLEAR_NOTIFY) ? PTN_MF_NOTIFY_READ
                                                       : 0)
                     | ((notify & PTN_READ_CLEAR_NONREAD)
                        ? PTN_MF_NOTIFY_UNREAD : 0);

    } else if (flags & PTN_READ_UNREAD) {
        *ret_unread = true;

    } else {
        *ret_read = !(flags & PTN_READ_RECEIPT_ONLY);
        *ret_send = !(flags & PTN_READ_SUPPRESS);
        *ret_clear = PTN_MF_NOTIFY_READ|PTN_MF_NOTIFY_UNREAD;
    }

    return PTN_OK;
}


/* Takes bits out of the bag's flags; *ret_was: what of them was there. */

static ptn_rc_t
ptn_receipt_clear(ptn_txn_t *tx, ptn_folder_t *f, ptn_msg_info_t *m,
    uint32_t clear, uint32_t *ret_was)
{
    int64_t          kept;
    u_char           value[4];
    ptn_rc_t         rc;
    ptn_item_t       item;
    ptn_pool_t      *pool;
    sqlite3_stmt    *st;
    ptn_bag_prop_t   prop;

    *ret_was = 0;

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    kept = 0;
    rc = ptn_item_get(tx->mb, pool, m->id, &item);

    if (rc != PTN_OK
        || !ptn_bag_int(&item.bag, PTN_PR_MESSAGE_FLAGS, &kept)
        || ((uint32_t) kept & clear) == 0)
    {
        ptn_pool_destroy(pool);
        return rc;
    }

    ptn_put_le32(value, (uint32_t) kept & ~clear);
    prop.tag = PTN_PR_MESSAGE_FLAGS;
    prop.value = ptn_str_make(value, 4);
    rc = ptn_item_rebag(tx->mb, pool, &item, &prop, 1);

    st = (rc == PTN_OK) ? ptn_sql(tx->mb, PTN_SQL_ITEM_BAG, &rc) : NULL;

    if (st != NULL) {
        sqlite3_bind_int64(st, 1, (sqlite3_int64) m->id);
        ptn_sql_blob(st, 2, item.packed);
        ptn_sql_blob(st, 3, item.large);
        rc = ptn_sql_step(tx->mb, st);
        sqlite3_clear_bindings(st);
    }

    ptn_pool_destroy(pool);

    if (rc == PTN_OK) {
        *ret_was = (uint32_t) kept & clear;
        rc = ptn_status_touch(tx, f, m);
    }

    return rc;
}


ptn_rc_t
ptn_msg_read_ids(ptn_txn_t *tx, ptn_pool_t *pool, const ptn_id_t *ids,
    size_t n, unsigned flags, bool **ret_due)
{
    bool             read, unread, send, *due;
    size_t           i;
    ptn_rc_t         rc;
    uint32_t         clear, was;
    ptn_folder_t    *f;
    ptn_msg_info_t   m;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(tx->mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_receipt_plan(flags, &read, &unread, &send, &clear);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    due = ptn_pcalloc(pool, ptn_max(n, (size_t) 1) * sizeof(bool));
    if (due == NULL) {
        return PTN_ENOMEM;
    }

    if (read || unread) {
        rc = ptn_msg_flags_ids(tx, ids, n,
                               read ? PTN_FLAGS_ADD : PTN_FLAGS_REMOVE,
                               PTN_FLAG_SEEN, 0, NULL);
    }

    for (i = 0; i < n && clear != 0 && rc == PTN_OK; i++) {
        rc = ptn_msg_get_id(tx->mb, ids[i], &m);

        if (rc == PTN_ENOTFOUND) {
            rc = PTN_OK;
            continue;
        }

        if (rc == PTN_OK) {
            rc = ptn_folder_of(tx->mb, m.folder, &f);
        }

        if (rc == PTN_OK) {
            rc = ptn_rights_edit(tx->mb, &m);

            /* who may read in a public store sends no receipts for it */

            if (rc == PTN_ENOTFOUND
                || (rc == PTN_EDENIED && tx->mb->kind == PTN_MBOX_PUBLIC))
            {
                rc = PTN_OK;
                continue;
            }
        }

        if (rc == PTN_OK) {
            rc = ptn_receipt_clear(tx, f, &m, clear, &was);
        }

        if (rc != PTN_OK) {
            return ptn_txn_poison(tx, rc);
        }

        due[i] = send && (was & PTN_MF_NOTIFY_READ);
    }

    if (rc == PTN_OK) {
        *ret_due = due;
    }

    return rc;
}
