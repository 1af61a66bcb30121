/*
 * Wire structures of ROPs (MS-OXCROPS).  A request's rows begin behind RopId,
 * LogonId and the handle index (ptn_rop_req_head), a success response's
 * behind RopId, handle index and ReturnValue (ptn_rop_res_head): those belong
 * to the dispatcher, and are all that RopRelease has.
 *
 * Here: the heads and RopLogon.  The others by section: ptn_wire_rop_store.h
 * (stores, notifications), _fold.h, _tabl.h, _msg.h, _omsg.h, _prpt.h
 * (properties, streams), _sync.h.
 */

#ifndef PTN_WIRE_ROP_H
#define PTN_WIRE_ROP_H


#include "ptn_wire.h"


#define PTN_ROP_REQ_HEAD(F, T)                                                \
    F(T, u8,   rop_id)                                                        \
    F(T, u8,   logon_id)                                                      \
    F(T, u8,   handle)          /* input; of RopLogon: output */
PTN_WIRE(ptn_rop_req_head, PTN_ROP_REQ_HEAD)

#define PTN_ROP_RES_HEAD(F, T)                                                \
    F(T, u8,   rop_id)                                                        \
    F(T, u8,   handle)                                                        \
    F(T, u32,  return_value)
PTN_WIRE(ptn_rop_res_head, PTN_ROP_RES_HEAD)


/*
 * 2.2.3.1 RopLogon; the response for a private mailbox (2.2.3.1.2) and, without
 * Private in LogonFlags, for public folders (2.2.3.1.3).
 */

#define PTN_ROP_LOGON_REQ(F, T)                                               \
    F(T, u8,     logon_flags)   /* MS-OXCSTOR 2.2.1.1.1 */                    \
    F(T, u32,    open_flags)                                                  \
    F(T, u32,    store_state)                                                 \
    F(T, bin16,  essdn)         /* with its zero byte */
PTN_WIRE(ptn_rop_logon_req, PTN_ROP_LOGON_REQ)

#define PTN_ROP_LOGON_TIME(F, T)                                              \
    F(T, u8,   seconds)                                                       \
    F(T, u8,   minutes)                                                       \
    F(T, u8,   hour)                                                          \
    F(T, u8,   day_of_week)                                                   \
    F(T, u8,   day)                                                           \
    F(T, u8,   month)                                                         \
    F(T, u16,  year)
PTN_WIRE(ptn_rop_logon_time, PTN_ROP_LOGON_TIME)

#define PTN_ROP_LOGON_RES(F, T)                                               \
    F(T, u8,    logon_flags)                                                  \
    F(T, arr(u64, 13),  folder_ids)     /* MS-OXCSTOR 2.2.1.1.3, .4 */        \
    F(T, when(T, logon_flags, 0x01, u8),      response_flags)                 \
    F(T, when(T, logon_flags, 0x01, guid),    mailbox_guid)                   \
    F(T, u16,   repl_id)                                                      \
    F(T, guid,  repl_guid)                                                    \
    F(T, unless(T, logon_flags, 0x01, guid),  per_user_guid)                  \
    F(T, when(T, logon_flags, 0x01, sub(ptn_rop_logon_time)),  logon_time)    \
    F(T, when(T, logon_flags, 0x01, u64),     gwart_time)                     \
    F(T, when(T, logon_flags, 0x01, u32),     store_state)
PTN_WIRE(ptn_rop_logon_res, PTN_ROP_LOGON_RES)


#include "ptn_wire_rop_fold.h"
#include "ptn_wire_rop_msg.h"
#include "ptn_wire_rop_omsg.h"
#include "ptn_wire_rop_prpt.h"
#include "ptn_wire_rop_sync.h"
#include "ptn_wire_rop_tabl.h"


/* All of them, NULL at the end: for tests, fuzzing, dumps. */
extern const ptn_wire_t *const  ptn_wire_rops[];


#endif /* PTN_WIRE_ROP_H */
