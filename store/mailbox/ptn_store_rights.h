/*
 * store/mailbox: who may what (MS-OXCPERM).  Included by ptn_store.h, whose
 * rules hold here.
 *
 * One place: each call of the room that shows or changes something asks
 * ptn_rights_need() or ptn_rights_message() first; no protocol asks again, and
 * none can reach data around it.  The system (no actor), the owner, and whom
 * the directory gives PTN_ACCESS_FULL may everything.
 */

#ifndef PTN_STORE_RIGHTS_H
#define PTN_STORE_RIGHTS_H


/* PidTagMemberRights (MS-OXCPERM 2.2.7). */
#define PTN_RIGHT_READ_ANY            0x0001
#define PTN_RIGHT_CREATE              0x0002
#define PTN_RIGHT_EDIT_OWNED          0x0008
#define PTN_RIGHT_DELETE_OWNED        0x0010
#define PTN_RIGHT_EDIT_ANY            0x0020
#define PTN_RIGHT_DELETE_ANY          0x0040
#define PTN_RIGHT_CREATE_SUBFOLDER    0x0080
#define PTN_RIGHT_OWNER               0x0100
#define PTN_RIGHT_CONTACT             0x0200
#define PTN_RIGHT_VISIBLE             0x0400
#define PTN_RIGHT_FREEBUSY_SIMPLE     0x0800
#define PTN_RIGHT_FREEBUSY_DETAILED   0x1000
#define PTN_RIGHT_ALL                 0x1ffb

/*
 * All bits of `need` on `folder`.  ENOTFOUND: the actor may not see the folder
 * (or there is none); EDENIED: it sees it, and lacks a right.
 */
ptn_rc_t ptn_rights_need(ptn_mbox_t *mb, ptn_id_t folder, uint32_t need);

/* What the actor has there: 0 when it is not to know that there is one. */
ptn_rc_t ptn_rights_get(ptn_mbox_t *mb, ptn_id_t folder,
    uint32_t *ret_rights);


#endif /* PTN_STORE_RIGHTS_H */
