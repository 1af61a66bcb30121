/*
 * Conflict notification messages (MS-OXCFXICS 3.1.5.6.3.1): owners of a public
 * folder are to hear that a conflict was resolved in it.  Their mailboxes are
 * other files: what is due is noted in the transaction, as receipts are
 * (ptn_receipt.c), and delivered afterwards.
 */

#include "ptn_eid.h"
#include "ptn_ics.h"


ptn_rc_t
ptn_ics_method(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    uint32_t *ret_method)
{
    ptn_rc_t   rc;
    uint32_t   tag;
    ptn_str_t  s;

    tag = PTN_PR_RESOLVE_METHOD;
    *ret_method = 0;
    rc = ptn_folder_props(mb, pool, folder, &tag, 1, &s);

    if (rc == PTN_OK && s.len == 4) {
        *ret_method = ptn_le32(s.data);
    }

    return rc;
}


/* PidTagConflictEntryId. */

static ptn_rc_t
ptn_notice_entryid(ptn_mbox_t *mb, ptn_id_t folder, ptn_id_t message,
    u_char *p, size_t *ret_len)
{
    ptn_rc_t         rc;
    uint16_t         replid;
    ptn_guid_t       in, guid;
    ptn_msg_info_t   m;

    rc = ptn_mbox_replica(mb, folder, &replid, &in);

    if (rc == PTN_OK && message == 0) {
        ptn_eid_folder(ptn_mbox_provider(mb), in, folder, p);
        *ret_len = PTN_EID_FOLDER_LEN;
        return PTN_OK;
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_get_id(mb, message, &m);
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_replica(mb, m.mid, &replid, &guid);
    }

    if (rc == PTN_OK) {
        ptn_eid_message(ptn_mbox_provider(mb), in, folder, guid, m.mid, p);
        *ret_len = PTN_EID_MESSAGE_LEN;
    }

    return rc;
}


static ptn_rc_t
ptn_notice_add(ptn_txn_t *tx, uint64_t member, ptn_str_t name,
    ptn_str_t subject, ptn_str_t entryid)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    rc = ptn_receipt_mark(tx->mb);

    st = (rc == PTN_OK) ? ptn_sql(tx->mb, PTN_SQL_RECEIPT_NOTICE, &rc) : NULL;
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) ptn_txn_oid(tx));
    sqlite3_bind_int64(st, 2, PTN_RECEIPT_CONFLICT);
    sqlite3_bind_int64(st, 3, ptn_msg_now());
    ptn_sql_text(st, 4, name);
    ptn_sql_text(st, 5, subject);
    sqlite3_bind_int64(st, 6, (sqlite3_int64) member);
    ptn_sql_blob(st, 7, entryid);
    rc = ptn_sql_step(tx->mb, st);
    sqlite3_clear_bindings(st);

    if (rc == PTN_OK) {
        tx->mb->set->receipts++;
        tx->mb->store->receipts = true;
        tx->mb->meta.dirty = true;
    }

    return rc;
}


ptn_rc_t
ptn_ics_notice(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t folder,
    ptn_id_t message, ptn_str_t subject)
{
    size_t             i, n, len;
    u_char             eid[PTN_EID_MESSAGE_LEN];
    ptn_rc_t           rc;
    uint32_t           method;
    ptn_str_t          name;
    ptn_folder_t      *f;
    ptn_permission_t  *list;

    if (tx->mb->kind != PTN_MBOX_PUBLIC) {
        return PTN_OK;
    }

    rc = ptn_ics_method(tx->mb, pool, folder, &method);

    if (rc != PTN_OK || (method & PTN_RESOLVE_NO_NOTICE)) {
        return rc;
    }

    rc = ptn_rights_list(tx->mb, pool, folder, false, &list, &n);

    if (rc == PTN_OK) {
        rc = ptn_notice_entryid(tx->mb, folder, message, eid, &len);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, folder, &f);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    name = ptn_str_dup(pool, f->name);

    if (subject.data == NULL) {
        subject = ptn_str("");
    }

    for (i = 0; i < n && rc == PTN_OK; i++) {
        if ((list[i].rights & PTN_RIGHT_OWNER)
            && list[i].member != PTN_MEMBER_DEFAULT
            && list[i].member != PTN_MEMBER_ANONYMOUS)
        {
            rc = ptn_notice_add(tx, list[i].member, name, subject,
                                ptn_str_make(eid, len));
        }
    }

    return rc;
}
