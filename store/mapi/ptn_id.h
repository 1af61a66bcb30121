/*
 * Ids: GUIDs, 48-bit counters and what MS-OXCDATA 2.2.1 makes of the two.
 */

#ifndef PTN_ID_H
#define PTN_ID_H


#include "ptn_base.h"


/* The counters of a mailbox stay below; 0 is no id. */
#define PTN_ID_MAX      0xffffffffffffULL

/* Ids below are kept for folders that every mailbox has. */
#define PTN_ID_FIRST    0x100

#define PTN_GUID_HEX    33


/* 122 random bits, version 4 (RFC 4122 4.4).  EIO: no random numbers. */
ptn_rc_t ptn_guid_make(ptn_guid_t *ret_guid);

bool ptn_guid_eq(ptn_guid_t a, ptn_guid_t b);
bool ptn_guid_zero(ptn_guid_t a);

/* 32 lower-case digits in wire order, and NUL. */
void ptn_guid_hex(ptn_guid_t guid, char ret_hex[PTN_GUID_HEX]);

/* A counter as it stands in GLOBCNT: 6 bytes, most significant first. */
void ptn_id_globcnt(ptn_id_t id, u_char ret_p[6]);
ptn_id_t ptn_id_from_globcnt(const u_char p[6]);


#endif /* PTN_ID_H */
