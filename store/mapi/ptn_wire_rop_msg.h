/*
 * Wire structures of message and attachment ROPs (MS-OXCROPS 2.2.6).
 */

#ifndef PTN_WIRE_ROP_MSG_H
#define PTN_WIRE_ROP_MSG_H


#include "ptn_wire_prop.h"


/* 2.2.6.1 RopOpenMessage */

#define PTN_ROP_OPEN_MESSAGE_REQ(F, T)                                        \
    F(T, u8,   out_handle)                                                    \
    F(T, u16,  code_page)                                                     \
    F(T, u64,  folder_id)                                                     \
    F(T, u8,   open_flags)                                                    \
    F(T, u64,  message_id)
PTN_WIRE(ptn_rop_open_message_req, PTN_ROP_OPEN_MESSAGE_REQ)


/* 2.2.6.1.2.1 OpenRecipientRow; `row` is a RecipientRow (ptn_wire_prop.h) */

#define PTN_WIRE_OPEN_RECIPIENT(F, T)                                         \
    F(T, u8,     type)                                                        \
    F(T, u16,    code_page)                                                   \
    F(T, u16,    reserved)                                                    \
    F(T, bin16,  row)
PTN_WIRE(ptn_wire_open_recipient, PTN_WIRE_OPEN_RECIPIENT)

#define PTN_ROP_OPEN_MESSAGE_RES(F, T)                                        \
    F(T, u8,   has_named_properties)                                          \
    F(T, sub(ptn_wire_typed_string),  subject_prefix)                         \
    F(T, sub(ptn_wire_typed_string),  normalized_subject)                     \
    F(T, u16,  recipient_count)                                               \
    F(T, u16,  column_count)                                                  \
    F(T, vec(T, u32, column_count),  columns)                                 \
    F(T, u8,   row_count)                                                     \
    F(T, vec(T, sub(ptn_wire_open_recipient), row_count),  rows)
PTN_WIRE(ptn_rop_open_message_res, PTN_ROP_OPEN_MESSAGE_RES)


/* 2.2.6.2 RopCreateMessage */

#define PTN_ROP_CREATE_MESSAGE_REQ(F, T)                                      \
    F(T, u8,   out_handle)                                                    \
    F(T, u16,  code_page)                                                     \
    F(T, u64,  folder_id)                                                     \
    F(T, u8,   associated)
PTN_WIRE(ptn_rop_create_message_req, PTN_ROP_CREATE_MESSAGE_REQ)

#define PTN_ROP_CREATE_MESSAGE_RES(F, T)                                      \
    F(T, u8,   has_message_id)                                                \
    F(T, when(T, has_message_id, 0xff, u64),  message_id)
PTN_WIRE(ptn_rop_create_message_res, PTN_ROP_CREATE_MESSAGE_RES)


/* 2.2.6.3 RopSaveChangesMessage; the head's handle is the response's */

#define PTN_ROP_SAVE_CHANGES_MESSAGE_REQ(F, T)                                \
    F(T, u8,   in_handle)                                                     \
    F(T, u8,   save_flags)
PTN_WIRE(ptn_rop_save_changes_message_req, PTN_ROP_SAVE_CHANGES_MESSAGE_REQ)

#define PTN_ROP_SAVE_CHANGES_MESSAGE_RES(F, T)                                \
    F(T, u8,   in_handle)                                                     \
    F(T, u64,  message_id)
PTN_WIRE(ptn_rop_save_changes_message_res, PTN_ROP_SAVE_CHANGES_MESSAGE_RES)


/* 2.2.6.4 RopRemoveAllRecipients */

#define PTN_ROP_REMOVE_ALL_RECIPIENTS_REQ(F, T)                               \
    F(T, u32,  reserved)
PTN_WIRE(ptn_rop_remove_all_recipients_req, PTN_ROP_REMOVE_ALL_RECIPIENTS_REQ)


/* 2.2.6.5 RopModifyRecipients */

#define PTN_WIRE_MODIFY_RECIPIENT(F, T)                                       \
    F(T, u32,    row_id)                                                      \
    F(T, u8,     type)                                                        \
    F(T, bin16,  row)
PTN_WIRE(ptn_wire_modify_recipient, PTN_WIRE_MODIFY_RECIPIENT)

#define PTN_ROP_MODIFY_RECIPIENTS_REQ(F, T)                                   \
    F(T, u16,  column_count)                                                  \
    F(T, vec(T, u32, column_count),  columns)                                 \
    F(T, u16,  row_count)                                                     \
    F(T, vec(T, sub(ptn_wire_modify_recipient), row_count),  rows)
PTN_WIRE(ptn_rop_modify_recipients_req, PTN_ROP_MODIFY_RECIPIENTS_REQ)


/* 2.2.6.6 RopReadRecipients */

#define PTN_ROP_READ_RECIPIENTS_REQ(F, T)                                     \
    F(T, u32,  row_id)                                                        \
    F(T, u16,  reserved)
PTN_WIRE(ptn_rop_read_recipients_req, PTN_ROP_READ_RECIPIENTS_REQ)

#define PTN_WIRE_READ_RECIPIENT(F, T)                                         \
    F(T, u32,    row_id)                                                      \
    F(T, u8,     type)                                                        \
    F(T, u16,    code_page)                                                   \
    F(T, u16,    reserved)                                                    \
    F(T, bin16,  row)
PTN_WIRE(ptn_wire_read_recipient, PTN_WIRE_READ_RECIPIENT)

#define PTN_ROP_READ_RECIPIENTS_RES(F, T)                                     \
    F(T, u8,   row_count)                                                     \
    F(T, vec(T, sub(ptn_wire_read_recipient), row_count),  rows)
PTN_WIRE(ptn_rop_read_recipients_res, PTN_ROP_READ_RECIPIENTS_RES)


/* 2.2.6.7 RopReloadCachedInformation; the response is RopOpenMessage's */

#define PTN_ROP_RELOAD_CACHED_INFORMATION_REQ(F, T)                           \
    F(T, u16,  reserved)
PTN_WIRE(ptn_rop_reload_cached_information_req,
         PTN_ROP_RELOAD_CACHED_INFORMATION_REQ)


/* 2.2.6.8 RopSetMessageStatus */

#define PTN_ROP_SET_MESSAGE_STATUS_REQ(F, T)                                  \
    F(T, u64,  message_id)                                                    \
    F(T, u32,  status)                                                        \
    F(T, u32,  mask)
PTN_WIRE(ptn_rop_set_message_status_req, PTN_ROP_SET_MESSAGE_STATUS_REQ)


/* 2.2.6.8, 2.2.6.9: the status before */

#define PTN_ROP_MESSAGE_STATUS_RES(F, T)                                      \
    F(T, u32,  status)
PTN_WIRE(ptn_rop_message_status_res, PTN_ROP_MESSAGE_STATUS_RES)


/* 2.2.6.9 RopGetMessageStatus */

#define PTN_ROP_GET_MESSAGE_STATUS_REQ(F, T)                                  \
    F(T, u64,  message_id)
PTN_WIRE(ptn_rop_get_message_status_req, PTN_ROP_GET_MESSAGE_STATUS_REQ)


/* 2.2.6.10 RopSetReadFlags */

#define PTN_ROP_SET_READ_FLAGS_REQ(F, T)                                      \
    F(T, u8,   want_asynchronous)                                             \
    F(T, u8,   read_flags)                                                    \
    F(T, u16,  message_count)                                                 \
    F(T, vec(T, u64, message_count),  message_ids)
PTN_WIRE(ptn_rop_set_read_flags_req, PTN_ROP_SET_READ_FLAGS_REQ)


/* 2.2.6.11 RopSetMessageReadFlag; client data: public folders only */

#define PTN_ROP_SET_MESSAGE_READ_FLAG_REQ(F, T)                               \
    F(T, u8,   in_handle)                                                     \
    F(T, u8,   read_flags)
PTN_WIRE(ptn_rop_set_message_read_flag_req, PTN_ROP_SET_MESSAGE_READ_FLAG_REQ)

#define PTN_ROP_SET_MESSAGE_READ_FLAG_RES(F, T)                               \
    F(T, u8,   read_status_changed)                                           \
    F(T, when(T, read_status_changed, 0xff, u8),  logon_id)                   \
    F(T, when(T, read_status_changed, 0xff, u64),  data1)                     \
    F(T, when(T, read_status_changed, 0xff, u64),  data2)                     \
    F(T, when(T, read_status_changed, 0xff, u64),  data3)
PTN_WIRE(ptn_rop_set_message_read_flag_res, PTN_ROP_SET_MESSAGE_READ_FLAG_RES)


/* 2.2.6.12 RopOpenAttachment */

#define PTN_ROP_OPEN_ATTACHMENT_REQ(F, T)                                     \
    F(T, u8,   out_handle)                                                    \
    F(T, u8,   open_flags)                                                    \
    F(T, u32,  attachment_id)
PTN_WIRE(ptn_rop_open_attachment_req, PTN_ROP_OPEN_ATTACHMENT_REQ)


/* 2.2.6.13 RopCreateAttachment */

#define PTN_ROP_CREATE_ATTACHMENT_REQ(F, T)                                   \
    F(T, u8,   out_handle)
PTN_WIRE(ptn_rop_create_attachment_req, PTN_ROP_CREATE_ATTACHMENT_REQ)

#define PTN_ROP_CREATE_ATTACHMENT_RES(F, T)                                   \
    F(T, u32,  attachment_id)
PTN_WIRE(ptn_rop_create_attachment_res, PTN_ROP_CREATE_ATTACHMENT_RES)


/* 2.2.6.14 RopDeleteAttachment */

#define PTN_ROP_DELETE_ATTACHMENT_REQ(F, T)                                   \
    F(T, u32,  attachment_id)
PTN_WIRE(ptn_rop_delete_attachment_req, PTN_ROP_DELETE_ATTACHMENT_REQ)


/* 2.2.6.15 RopSaveChangesAttachment */

#define PTN_ROP_SAVE_CHANGES_ATTACHMENT_REQ(F, T)                             \
    F(T, u8,   in_handle)                                                     \
    F(T, u8,   save_flags)
PTN_WIRE(ptn_rop_save_changes_attachment_req,
         PTN_ROP_SAVE_CHANGES_ATTACHMENT_REQ)


/* 2.2.6.16 RopOpenEmbeddedMessage */

#define PTN_ROP_OPEN_EMBEDDED_MESSAGE_REQ(F, T)                               \
    F(T, u8,   out_handle)                                                    \
    F(T, u16,  code_page)                                                     \
    F(T, u8,   open_flags)
PTN_WIRE(ptn_rop_open_embedded_message_req, PTN_ROP_OPEN_EMBEDDED_MESSAGE_REQ)

#define PTN_ROP_OPEN_EMBEDDED_MESSAGE_RES(F, T)                               \
    F(T, u8,   reserved)                                                      \
    F(T, u64,  message_id)                                                    \
    F(T, sub(ptn_rop_open_message_res),  message)
PTN_WIRE(ptn_rop_open_embedded_message_res, PTN_ROP_OPEN_EMBEDDED_MESSAGE_RES)


/* 2.2.6.17 RopGetAttachmentTable */

#define PTN_ROP_GET_ATTACHMENT_TABLE_REQ(F, T)                                \
    F(T, u8,   out_handle)                                                    \
    F(T, u8,   table_flags)
PTN_WIRE(ptn_rop_get_attachment_table_req, PTN_ROP_GET_ATTACHMENT_TABLE_REQ)


/* 2.2.6.18 RopGetValidAttachments */

#define PTN_ROP_GET_VALID_ATTACHMENTS_RES(F, T)                               \
    F(T, u32,  count)                                                         \
    F(T, vec(T, u32, count),  attachment_ids)
PTN_WIRE(ptn_rop_get_valid_attachments_res, PTN_ROP_GET_VALID_ATTACHMENTS_RES)


#endif /* PTN_WIRE_ROP_MSG_H */
