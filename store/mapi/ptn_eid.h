/*
 * Entry ids and keys (MS-OXCDATA 2.2, 2.8, 2.9; MS-OXCFXICS 2.2.2): how an
 * object of a mailbox, or a person, is named outside of it.
 *
 * FID and MID on the wire are a 16-bit REPLID and the six bytes of a counter
 * (ptn_id_globcnt).  A GID has the REPLGUID instead.
 */

#ifndef PTN_EID_H
#define PTN_EID_H


#include "ptn_id.h"
#include "ptn_object.h"
#include "ptn_wire.h"


/* FID, MID: 2.2.1.1, 2.2.1.2, as they stand in a ROP, read as one u64. */
uint64_t ptn_eid_fid(uint16_t replid, ptn_id_t id);
ptn_id_t ptn_eid_fid_id(uint64_t fid, uint16_t *ret_replid);

/* GID: PidTagSourceKey, and the XID of 16 + 6 bytes of PidTagChangeKey. */
#define PTN_GID_LEN  22
void ptn_eid_gid(ptn_guid_t replguid, ptn_id_t id, u_char ret[PTN_GID_LEN]);
ptn_rc_t ptn_eid_gid_parse(ptn_str_t gid, ptn_guid_t *ret_replguid,
    ptn_id_t *ret_id);

/* PredecessorChangeList with that one XID (MS-OXCFXICS 2.2.2.3). */
#define PTN_PCL_LEN  (1 + PTN_GID_LEN)
void ptn_eid_pcl(ptn_guid_t replguid, ptn_id_t cn, u_char ret[PTN_PCL_LEN]);

/* Folder EntryID, 46 bytes (2.2.4.1); Message EntryID, 70 bytes (2.2.4.2).
 * `provider`: the mailbox guid, or that of all public stores, which makes them
 * those of public folders and messages.  EPARSE: it is not one. */
extern const ptn_guid_t  ptn_eid_public_uid;

#define PTN_EID_FOLDER_LEN   46
#define PTN_EID_MESSAGE_LEN  70
void ptn_eid_folder(ptn_guid_t provider, ptn_guid_t replguid, ptn_id_t folder,
    u_char ret[PTN_EID_FOLDER_LEN]);
ptn_rc_t ptn_eid_folder_parse(ptn_str_t eid, ptn_guid_t *ret_provider,
    ptn_guid_t *ret_replguid, ptn_id_t *ret_folder);
void ptn_eid_message(ptn_guid_t provider, ptn_guid_t folder_replguid,
    ptn_id_t folder, ptn_guid_t replguid, ptn_id_t mid,
    u_char ret[PTN_EID_MESSAGE_LEN]);
ptn_rc_t ptn_eid_message_parse(ptn_str_t eid, ptn_guid_t *ret_provider,
    ptn_guid_t *ret_folder_replguid, ptn_id_t *ret_folder,
    ptn_guid_t *ret_replguid, ptn_id_t *ret_mid);

/* One-Off EntryID (2.2.5.1), Unicode, and what it names. */
ptn_rc_t ptn_eid_one_off(ptn_pool_t *pool, ptn_str_t display,
    ptn_str_t addrtype, ptn_str_t address, ptn_str_t *ret_eid);
/* Address Book EntryID (2.2.5.2) of a legacyExchangeDN, type 0. */
ptn_rc_t ptn_eid_address_book(ptn_pool_t *pool, ptn_str_t dn,
    ptn_str_t *ret_eid);

typedef struct {
    bool       address_book;    /* `address` is a DN, addrtype "EX" */
    ptn_str_t  display, addrtype, address;      /* UTF-8, in `pool` */
} ptn_eid_person_t;

ptn_rc_t ptn_eid_person_parse(ptn_pool_t *pool, ptn_str_t eid,
    ptn_eid_person_t *ret_person);

/*
 * "/o=<org>/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/
 * cn=<32 hexadecimal digits of the mailbox guid>-<local part>", and the guid
 * in such a one.  EPARSE: not ours.
 */
ptn_rc_t ptn_eid_dn(ptn_pool_t *pool, ptn_guid_t mailbox, ptn_str_t address,
    ptn_str_t *ret_dn);
ptn_rc_t ptn_eid_dn_parse(ptn_str_t dn, ptn_guid_t *ret_mailbox);

/* Search key of an address, "SMTP:ALICE@EXAMPLE.TEST" with NUL. */
ptn_rc_t ptn_eid_search_key(ptn_pool_t *pool, ptn_str_t addrtype,
    ptn_str_t address, ptn_str_t *ret_key);


#endif /* PTN_EID_H */
