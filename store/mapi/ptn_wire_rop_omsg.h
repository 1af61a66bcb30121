/*
 * Wire structures of transport ROPs (MS-OXCROPS 2.2.7).  RopGetAddressTypes,
 * RopSetSpooler, RopTransportSend and RopGetTransportFolder have requests of a
 * head alone.
 */

#ifndef PTN_WIRE_ROP_OMSG_H
#define PTN_WIRE_ROP_OMSG_H


#include "ptn_wire_prop.h"


/* 2.2.7.1 RopSubmitMessage */

#define PTN_ROP_SUBMIT_MESSAGE_REQ(F, T)                                      \
    F(T, u8,   submit_flags)
PTN_WIRE(ptn_rop_submit_message_req, PTN_ROP_SUBMIT_MESSAGE_REQ)


/* 2.2.7.2 RopAbortSubmit */

#define PTN_ROP_ABORT_SUBMIT_REQ(F, T)                                        \
    F(T, u64,  folder_id)                                                     \
    F(T, u64,  message_id)
PTN_WIRE(ptn_rop_abort_submit_req, PTN_ROP_ABORT_SUBMIT_REQ)


/* 2.2.7.3 RopGetAddressTypes */

#define PTN_ROP_GET_ADDRESS_TYPES_RES(F, T)                                   \
    F(T, u16,  count)                                                         \
    F(T, u16,  size)                                                          \
    F(T, vec(T, str8z, count),  types)
PTN_WIRE(ptn_rop_get_address_types_res, PTN_ROP_GET_ADDRESS_TYPES_RES)


/* 2.2.7.5 RopSpoolerLockMessage */

#define PTN_ROP_SPOOLER_LOCK_MESSAGE_REQ(F, T)                                \
    F(T, u64,  message_id)                                                    \
    F(T, u8,   lock_state)
PTN_WIRE(ptn_rop_spooler_lock_message_req, PTN_ROP_SPOOLER_LOCK_MESSAGE_REQ)


/* 2.2.7.6 RopTransportSend */

#define PTN_ROP_TRANSPORT_SEND_RES(F, T)                                      \
    F(T, u8,   no_properties)                                                 \
    F(T, unless(T, no_properties, 0xff, u16),  count)                         \
    F(T, vec(T, sub(ptn_wire_tagged), count),  values)
PTN_WIRE(ptn_rop_transport_send_res, PTN_ROP_TRANSPORT_SEND_RES)


/* 2.2.7.7 RopTransportNewMail */

#define PTN_ROP_TRANSPORT_NEW_MAIL_REQ(F, T)                                  \
    F(T, u64,    message_id)                                                  \
    F(T, u64,    folder_id)                                                   \
    F(T, str8z,  message_class)                                               \
    F(T, u32,    message_flags)
PTN_WIRE(ptn_rop_transport_new_mail_req, PTN_ROP_TRANSPORT_NEW_MAIL_REQ)


/* 2.2.7.8 RopGetTransportFolder */

#define PTN_ROP_GET_TRANSPORT_FOLDER_RES(F, T)                                \
    F(T, u64,  folder_id)
PTN_WIRE(ptn_rop_get_transport_folder_res, PTN_ROP_GET_TRANSPORT_FOLDER_RES)


/* 2.2.7.9 RopOptionsData */

#define PTN_ROP_OPTIONS_DATA_REQ(F, T)                                        \
    F(T, str8z,  address_type)                                                \
    F(T, u8,     want_win32)
PTN_WIRE(ptn_rop_options_data_req, PTN_ROP_OPTIONS_DATA_REQ)

#define PTN_ROP_OPTIONS_DATA_RES(F, T)                                        \
    F(T, u8,     reserved)                                                    \
    F(T, bin16,  options_info)                                                \
    F(T, u16,    help_size)                                                   \
    F(T, vec(T, u8, help_size),  help_file)                                   \
    F(T, when(T, help_size, 0xffff, str8z),  help_name)
PTN_WIRE(ptn_rop_options_data_res, PTN_ROP_OPTIONS_DATA_RES)


#endif /* PTN_WIRE_ROP_OMSG_H */
