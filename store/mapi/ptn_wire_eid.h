/*
 * Wire structures of entry ids (MS-OXCDATA 2.2).  Each begins with Flags, zero
 * in all that is stored, and a ProviderUID that says whose it is.
 */

#ifndef PTN_WIRE_EID_H
#define PTN_WIRE_EID_H


#include "ptn_wire.h"


/* 2.2.4.1 Folder EntryID; provider: the guid of the mailbox */

#define PTN_EID_FOLDER(F, T)                                                  \
    F(T, u32,          flags)                                                 \
    F(T, guid,         provider)                                              \
    F(T, u16,          type)            /* 1: private folder (2.2.4) */       \
    F(T, guid,         replguid)                                              \
    F(T, arr(u8, 6),   globcnt)                                               \
    F(T, u16,          pad)
PTN_WIRE(ptn_eid_folder, PTN_EID_FOLDER)

/* 2.2.4.2 Message EntryID */

#define PTN_EID_MESSAGE(F, T)                                                 \
    F(T, u32,          flags)                                                 \
    F(T, guid,         provider)                                              \
    F(T, u16,          type)            /* 7: private message */              \
    F(T, guid,         folder_replguid)                                       \
    F(T, arr(u8, 6),   folder_globcnt)                                        \
    F(T, u16,          pad)                                                   \
    F(T, guid,         replguid)                                              \
    F(T, arr(u8, 6),   globcnt)                                               \
    F(T, u16,          pad2)
PTN_WIRE(ptn_eid_message, PTN_EID_MESSAGE)

/*
 * 2.2.5.1 One-Off EntryID.  Its bits, read as one little-endian number: M (no
 * rich text) 0x0001, Format 0x001e, MAE 0x0060, L 0x1000, R 0x6000, U
 * (Unicode) 0x8000.
 */

#define PTN_EID_ONE_OFF(F, T)                                                 \
    F(T, u32,   flags)                                                        \
    F(T, guid,  provider)                                                     \
    F(T, u16,   version)                                                      \
    F(T, u16,   bits)                                                         \
    F(T, when(T, bits, 0x8000, str16z),    display)                           \
    F(T, when(T, bits, 0x8000, str16z),    addrtype)                          \
    F(T, when(T, bits, 0x8000, str16z),    address)                           \
    F(T, unless(T, bits, 0x8000, str8z),   display8)                          \
    F(T, unless(T, bits, 0x8000, str8z),   addrtype8)                         \
    F(T, unless(T, bits, 0x8000, str8z),   address8)
PTN_WIRE(ptn_eid_one_off, PTN_EID_ONE_OFF)

/* 2.2.5.2 Address Book EntryID */

#define PTN_EID_ADDRESS_BOOK(F, T)                                            \
    F(T, u32,    flags)                                                       \
    F(T, guid,   provider)                                                    \
    F(T, u32,    version)                                                     \
    F(T, u32,    type)                                                        \
    F(T, str8z,  dn)
PTN_WIRE(ptn_eid_address_book, PTN_EID_ADDRESS_BOOK)


/* All of them, NULL at the end. */
extern const ptn_wire_t *const  ptn_wire_eids[];


#endif /* PTN_WIRE_EID_H */
