/*
 * Wire structures of ROPs (MS-OXCROPS).  A request's rows begin behind RopId,
 * LogonId and the handle index (ptn_rop_req_head), a success response's
 * behind RopId, handle index and ReturnValue (ptn_rop_res_head): those belong
 * to the dispatcher, and are all that RopRelease has.
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


/* 2.2.3.1 RopLogon; the response for a private mailbox */

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
    F(T, arr(u64, 13),  folder_ids)     /* MS-OXCSTOR 2.2.1.1.3 */            \
    F(T, u8,    response_flags)                                               \
    F(T, guid,  mailbox_guid)                                                 \
    F(T, u16,   repl_id)                                                      \
    F(T, guid,  repl_guid)                                                    \
    F(T, sub(ptn_rop_logon_time),  logon_time)                                \
    F(T, u64,   gwart_time)                                                   \
    F(T, u32,   store_state)
PTN_WIRE(ptn_rop_logon_res, PTN_ROP_LOGON_RES)


/* 2.2.4.1 RopOpenFolder */

#define PTN_ROP_OPEN_FOLDER_REQ(F, T)                                         \
    F(T, u8,   out_handle)                                                    \
    F(T, u64,  folder_id)                                                     \
    F(T, u8,   open_flags)
PTN_WIRE(ptn_rop_open_folder_req, PTN_ROP_OPEN_FOLDER_REQ)

#define PTN_ROP_OPEN_FOLDER_RES(F, T)                                         \
    F(T, u8,   has_rules)                                                     \
    F(T, u8,   is_ghosted)                                                    \
    F(T, when(T, is_ghosted, 0xff, u16),  server_count)                       \
    F(T, when(T, is_ghosted, 0xff, u16),  cheap_server_count)                 \
    F(T, vec(T, str8z, server_count),  servers)
PTN_WIRE(ptn_rop_open_folder_res, PTN_ROP_OPEN_FOLDER_RES)


/* 2.2.4.2 RopCreateFolder */

#define PTN_ROP_CREATE_FOLDER_REQ(F, T)                                       \
    F(T, u8,   out_handle)                                                    \
    F(T, u8,   folder_type)                                                   \
    F(T, u8,   use_unicode)                                                   \
    F(T, u8,   open_existing)                                                 \
    F(T, u8,   reserved)                                                      \
    F(T, unless(T, use_unicode, 0xff, str8z),  display_name8)                 \
    F(T, when(T, use_unicode, 0xff, str16z),   display_name)                  \
    F(T, unless(T, use_unicode, 0xff, str8z),  comment8)                      \
    F(T, when(T, use_unicode, 0xff, str16z),   comment)
PTN_WIRE(ptn_rop_create_folder_req, PTN_ROP_CREATE_FOLDER_REQ)

#define PTN_ROP_CREATE_FOLDER_RES(F, T)                                       \
    F(T, u64,  folder_id)                                                     \
    F(T, u8,   is_existing)                                                   \
    F(T, when(T, is_existing, 0xff, u8),  has_rules)                          \
    F(T, when(T, is_existing, 0xff, u8),  is_ghosted)                         \
    F(T, when(T, is_ghosted, 0xff, u16),  server_count)                       \
    F(T, when(T, is_ghosted, 0xff, u16),  cheap_server_count)                 \
    F(T, vec(T, str8z, server_count),  servers)
PTN_WIRE(ptn_rop_create_folder_res, PTN_ROP_CREATE_FOLDER_RES)


/* 2.2.8.3 RopGetPropertiesSpecific; 2.2.8.5 RopGetPropertiesList */

#define PTN_ROP_GET_PROPERTIES_SPECIFIC_REQ(F, T)                             \
    F(T, u16,  size_limit)                                                    \
    F(T, u16,  want_unicode)                                                  \
    F(T, u16,  tag_count)                                                     \
    F(T, vec(T, u32, tag_count),  tags)
PTN_WIRE(ptn_rop_get_properties_specific_req,
         PTN_ROP_GET_PROPERTIES_SPECIFIC_REQ)

#define PTN_ROP_GET_PROPERTIES_LIST_RES(F, T)                                 \
    F(T, u16,  tag_count)                                                     \
    F(T, vec(T, u32, tag_count),  tags)
PTN_WIRE(ptn_rop_get_properties_list_res, PTN_ROP_GET_PROPERTIES_LIST_RES)


/* 2.2.7.7 RopTransportNewMail; 2.2.7.9 RopOptionsData */

#define PTN_ROP_TRANSPORT_NEW_MAIL_REQ(F, T)                                  \
    F(T, u64,    message_id)                                                  \
    F(T, u64,    folder_id)                                                   \
    F(T, str8z,  message_class)                                               \
    F(T, u32,    message_flags)
PTN_WIRE(ptn_rop_transport_new_mail_req, PTN_ROP_TRANSPORT_NEW_MAIL_REQ)

#define PTN_ROP_OPTIONS_DATA_REQ(F, T)                                        \
    F(T, str8z,  address_type)                                                \
    F(T, u8,     want_win32)
PTN_WIRE(ptn_rop_options_data_req, PTN_ROP_OPTIONS_DATA_REQ)


/* All of them, NULL at the end: for tests, fuzzing, dumps. */
extern const ptn_wire_t *const  ptn_wire_rops[];


#endif /* PTN_WIRE_ROP_H */
