/*
 * Wire structures of the ROPs on stores and of notifications (MS-OXCROPS
 * 2.2.3, 2.2.14), the heads apart: see ptn_wire_rop.h.
 */

#ifndef PTN_WIRE_ROP_STORE_H
#define PTN_WIRE_ROP_STORE_H


#include "ptn_wire_rop.h"


/* 2.2.3.1.4 RopLogon, redirected: ReturnValue is ecWrongServer, 0x478 */
#define PTN_ROP_LOGON_REDIRECT(F, T)                                          \
    F(T, u8,   logon_flags)                                                   \
    F(T, u8,   name_size)                                                     \
    F(T, vec(T, u8, name_size),  name)      /* with its zero byte */
PTN_WIRE(ptn_rop_logon_redirect, PTN_ROP_LOGON_REDIRECT)

/* 2.2.3.2 RopGetReceiveFolder */
#define PTN_ROP_GET_RECEIVE_FOLDER_REQ(F, T)                                  \
    F(T, str8z,  message_class)
PTN_WIRE(ptn_rop_get_receive_folder_req, PTN_ROP_GET_RECEIVE_FOLDER_REQ)

#define PTN_ROP_GET_RECEIVE_FOLDER_RES(F, T)                                  \
    F(T, u64,    folder_id)                                                   \
    F(T, str8z,  message_class)
PTN_WIRE(ptn_rop_get_receive_folder_res, PTN_ROP_GET_RECEIVE_FOLDER_RES)

/* 2.2.3.3 RopSetReceiveFolder */
#define PTN_ROP_SET_RECEIVE_FOLDER_REQ(F, T)                                  \
    F(T, u64,    folder_id)                                                   \
    F(T, str8z,  message_class)
PTN_WIRE(ptn_rop_set_receive_folder_req, PTN_ROP_SET_RECEIVE_FOLDER_REQ)

/*
 * 2.2.3.4 RopGetReceiveFolderTable.  A row is a StandardPropertyRow (MS-OXCDATA
 * 2.8.1.1) of PidTagFolderId, PidTagMessageClass (PtypString8) and
 * PidTagLastModificationTime, MS-OXCSTOR 2.2.1.4.2.
 */
#define PTN_ROP_RECEIVE_FOLDER_ROW(F, T)                                      \
    F(T, u8,     flag)          /* 0: all three are there */                  \
    F(T, u64,    folder_id)                                                   \
    F(T, str8z,  message_class)                                               \
    F(T, u64,    modified)
PTN_WIRE(ptn_rop_receive_folder_row, PTN_ROP_RECEIVE_FOLDER_ROW)

#define PTN_ROP_GET_RECEIVE_FOLDER_TABLE_RES(F, T)                            \
    F(T, u32,  count)                                                         \
    F(T, vec(T, sub(ptn_rop_receive_folder_row), count),  rows)
PTN_WIRE(ptn_rop_get_receive_folder_table_res,
         PTN_ROP_GET_RECEIVE_FOLDER_TABLE_RES)

/* 2.2.3.5 RopGetStoreState */
#define PTN_ROP_GET_STORE_STATE_RES(F, T)                                     \
    F(T, u32,  store_state)
PTN_WIRE(ptn_rop_get_store_state_res, PTN_ROP_GET_STORE_STATE_RES)

/* 2.2.3.6 RopGetOwningServers, 2.2.3.7 RopPublicFolderIsGhosted */
#define PTN_ROP_FOLDER_ID_REQ(F, T)                                           \
    F(T, u64,  folder_id)
PTN_WIRE(ptn_rop_folder_id_req, PTN_ROP_FOLDER_ID_REQ)

#define PTN_ROP_GET_OWNING_SERVERS_RES(F, T)                                  \
    F(T, u16,  count)                                                         \
    F(T, u16,  cheap_count)                                                   \
    F(T, vec(T, str8z, count),  servers)
PTN_WIRE(ptn_rop_get_owning_servers_res, PTN_ROP_GET_OWNING_SERVERS_RES)

/* Servers follow where IsGhosted is set, which it is not here. */
#define PTN_ROP_PUBLIC_FOLDER_IS_GHOSTED_RES(F, T)                            \
    F(T, u8,   is_ghosted)
PTN_WIRE(ptn_rop_public_folder_is_ghosted_res,
         PTN_ROP_PUBLIC_FOLDER_IS_GHOSTED_RES)

/* LongTermID, MS-OXCDATA 2.2.1.3.1: REPLGUID, GLOBCNT, two bytes of pad */
#define PTN_ROP_LONG_TERM_ID(F, T)                                            \
    F(T, guid,  replguid)                                                     \
    F(T, arr(u8, 6),  globcnt)                                                \
    F(T, u16,   pad)
PTN_WIRE(ptn_rop_long_term_id, PTN_ROP_LONG_TERM_ID)

/* 2.2.3.8 RopLongTermIdFromId */
#define PTN_ROP_LONG_TERM_ID_FROM_ID_REQ(F, T)                                \
    F(T, u64,  object_id)
PTN_WIRE(ptn_rop_long_term_id_from_id_req, PTN_ROP_LONG_TERM_ID_FROM_ID_REQ)

#define PTN_ROP_LONG_TERM_ID_FROM_ID_RES(F, T)                                \
    F(T, sub(ptn_rop_long_term_id),  long_term_id)
PTN_WIRE(ptn_rop_long_term_id_from_id_res, PTN_ROP_LONG_TERM_ID_FROM_ID_RES)

/* 2.2.3.9 RopIdFromLongTermId */
#define PTN_ROP_ID_FROM_LONG_TERM_ID_REQ(F, T)                                \
    F(T, sub(ptn_rop_long_term_id),  long_term_id)
PTN_WIRE(ptn_rop_id_from_long_term_id_req, PTN_ROP_ID_FROM_LONG_TERM_ID_REQ)

#define PTN_ROP_ID_FROM_LONG_TERM_ID_RES(F, T)                                \
    F(T, u64,  object_id)
PTN_WIRE(ptn_rop_id_from_long_term_id_res, PTN_ROP_ID_FROM_LONG_TERM_ID_RES)

/* 2.2.3.10 RopGetPerUserLongTermIds, 2.2.3.11 RopGetPerUserGuid */
#define PTN_ROP_GET_PER_USER_LONG_TERM_IDS_REQ(F, T)                          \
    F(T, guid,  database_guid)
PTN_WIRE(ptn_rop_get_per_user_long_term_ids_req,
         PTN_ROP_GET_PER_USER_LONG_TERM_IDS_REQ)

#define PTN_ROP_GET_PER_USER_LONG_TERM_IDS_RES(F, T)                          \
    F(T, u16,  count)                                                         \
    F(T, vec(T, sub(ptn_rop_long_term_id), count),  ids)
PTN_WIRE(ptn_rop_get_per_user_long_term_ids_res,
         PTN_ROP_GET_PER_USER_LONG_TERM_IDS_RES)

#define PTN_ROP_GET_PER_USER_GUID_REQ(F, T)                                   \
    F(T, sub(ptn_rop_long_term_id),  long_term_id)
PTN_WIRE(ptn_rop_get_per_user_guid_req, PTN_ROP_GET_PER_USER_GUID_REQ)

#define PTN_ROP_GET_PER_USER_GUID_RES(F, T)                                   \
    F(T, guid,  database_guid)
PTN_WIRE(ptn_rop_get_per_user_guid_res, PTN_ROP_GET_PER_USER_GUID_RES)

/* 2.2.3.12 RopReadPerUserInformation, 2.2.3.13 RopWritePerUserInformation */
#define PTN_ROP_READ_PER_USER_INFORMATION_REQ(F, T)                           \
    F(T, sub(ptn_rop_long_term_id),  folder_id)                               \
    F(T, u8,   reserved)                                                      \
    F(T, u32,  data_offset)                                                   \
    F(T, u16,  max_data_size)
PTN_WIRE(ptn_rop_read_per_user_information_req,
         PTN_ROP_READ_PER_USER_INFORMATION_REQ)

#define PTN_ROP_READ_PER_USER_INFORMATION_RES(F, T)                           \
    F(T, u8,     has_finished)                                                \
    F(T, bin16,  data)
PTN_WIRE(ptn_rop_read_per_user_information_res,
         PTN_ROP_READ_PER_USER_INFORMATION_RES)

/* ReplGuid is there when DataOffset is 0 and the logon is a private one. */
#define PTN_ROP_WRITE_PER_USER_INFORMATION_REQ(F, T)                          \
    F(T, sub(ptn_rop_long_term_id),  folder_id)                               \
    F(T, u8,     has_finished)                                                \
    F(T, u32,    data_offset)                                                 \
    F(T, bin16,  data)                                                        \
    F(T, unless(T, data_offset, 0xffffffff, guid),  replguid)
PTN_WIRE(ptn_rop_write_per_user_information_req,
         PTN_ROP_WRITE_PER_USER_INFORMATION_REQ)

#define PTN_ROP_WRITE_PUBLIC_PER_USER_REQ(F, T)                               \
    F(T, sub(ptn_rop_long_term_id),  folder_id)                               \
    F(T, u8,     has_finished)                                                \
    F(T, u32,    data_offset)                                                 \
    F(T, bin16,  data)
PTN_WIRE(ptn_rop_write_public_per_user_req, PTN_ROP_WRITE_PUBLIC_PER_USER_REQ)


/*
 * 2.2.14.1 RopRegisterNotification.  Reserved is there when the Extended flag
 * (0x0400) is set.
 */
#define PTN_ROP_REGISTER_NOTIFICATION_REQ(F, T)                               \
    F(T, u8,   out_handle)                                                    \
    F(T, u16,  types)                                                         \
    F(T, when(T, types, 0x0400, u8),  reserved)                               \
    F(T, u8,   want_whole_store)                                              \
    F(T, unless(T, want_whole_store, 0xff, u64),  folder_id)                  \
    F(T, unless(T, want_whole_store, 0xff, u64),  message_id)
PTN_WIRE(ptn_rop_register_notification_req, PTN_ROP_REGISTER_NOTIFICATION_REQ)

/* 2.2.14.2.1 RopNotify, the data apart; 2.2.14.3.1 RopPending */
#define PTN_ROP_NOTIFY(F, T)                                                  \
    F(T, u8,   rop_id)          /* 0x2a */                                    \
    F(T, u32,  notification_handle)                                           \
    F(T, u8,   logon_id)
PTN_WIRE(ptn_rop_notify, PTN_ROP_NOTIFY)

#define PTN_ROP_PENDING(F, T)                                                 \
    F(T, u8,   rop_id)          /* 0x6e */                                    \
    F(T, u16,  session_index)
PTN_WIRE(ptn_rop_pending, PTN_ROP_PENDING)


/*
 * NotificationData (MS-OXCNOTIF 2.2.1.4.1.2), a table for each of the layouts
 * that its conditions make.  Flags: the type in the lower 12 bits, 0x1000 and
 * 0x2000: total and unread follow, 0x8000: of a message.
 */

/* 0x0100 TableModified: TableChanged (1) */
#define PTN_NOTE_TABLE_CHANGED(F, T)                                          \
    F(T, u16,  flags)                                                         \
    F(T, u16,  event)
PTN_WIRE(ptn_note_table_changed, PTN_NOTE_TABLE_CHANGED)

/* TableRowAdded (3), TableRowModified (5) in a hierarchy table */
#define PTN_NOTE_FOLDER_ROW(F, T)                                             \
    F(T, u16,    flags)                                                       \
    F(T, u16,    event)                                                       \
    F(T, u64,    folder_id)                                                   \
    F(T, u64,    after_folder_id)                                             \
    F(T, bin16,  row)
PTN_WIRE(ptn_note_folder_row, PTN_NOTE_FOLDER_ROW)

/* The same in a contents table */
#define PTN_NOTE_MESSAGE_ROW(F, T)                                            \
    F(T, u16,    flags)                                                       \
    F(T, u16,    event)                                                       \
    F(T, u64,    folder_id)                                                   \
    F(T, u64,    message_id)                                                  \
    F(T, u32,    instance)                                                    \
    F(T, u64,    after_folder_id)                                             \
    F(T, u64,    after_message_id)                                            \
    F(T, u32,    after_instance)                                              \
    F(T, bin16,  row)
PTN_WIRE(ptn_note_message_row, PTN_NOTE_MESSAGE_ROW)

/* TableRowDeleted (4) */
#define PTN_NOTE_ROW_DELETED(F, T)                                            \
    F(T, u16,  flags)                                                         \
    F(T, u16,  event)                                                         \
    F(T, u64,  folder_id)                                                     \
    F(T, when(T, flags, 0x8000, u64),  message_id)                            \
    F(T, when(T, flags, 0x8000, u32),  instance)
PTN_WIRE(ptn_note_row_deleted, PTN_NOTE_ROW_DELETED)

/* 0x0002 NewMail */
#define PTN_NOTE_NEW_MAIL_DATA(F, T)                                          \
    F(T, u16,  flags)                                                         \
    F(T, u64,  folder_id)                                                     \
    F(T, u64,  message_id)                                                    \
    F(T, u32,  message_flags)                                                 \
    F(T, u8,   unicode)                                                       \
    F(T, unless(T, unicode, 0xff, str8z),  message_class8)                    \
    F(T, when(T, unicode, 0xff, str16z),   message_class)
PTN_WIRE(ptn_note_new_mail, PTN_NOTE_NEW_MAIL_DATA)

/* 0x0004 ObjectCreated, 0x0010 ObjectModified (which has no parent) */
#define PTN_NOTE_CHANGED(F, T)                                                \
    F(T, u16,  flags)                                                         \
    F(T, u64,  folder_id)                                                     \
    F(T, when(T, flags, 0x8000, u64),  message_id)                            \
    F(T, u16,  tag_count)                                                     \
    F(T, vec(T, u32, tag_count),  tags)                                       \
    F(T, when(T, flags, 0x1000, u32),  total)                                 \
    F(T, when(T, flags, 0x2000, u32),  unread)
PTN_WIRE(ptn_note_changed, PTN_NOTE_CHANGED)

#define PTN_NOTE_FOLDER_CREATED(F, T)                                         \
    F(T, u16,  flags)                                                         \
    F(T, u64,  folder_id)                                                     \
    F(T, u64,  parent_id)                                                     \
    F(T, u16,  tag_count)                                                     \
    F(T, vec(T, u32, tag_count),  tags)
PTN_WIRE(ptn_note_folder_created, PTN_NOTE_FOLDER_CREATED)

/* 0x0008 ObjectDeleted */
#define PTN_NOTE_DELETED_DATA(F, T)                                           \
    F(T, u16,  flags)                                                         \
    F(T, u64,  folder_id)                                                     \
    F(T, when(T, flags, 0x8000, u64),    message_id)                          \
    F(T, unless(T, flags, 0x8000, u64),  parent_id)
PTN_WIRE(ptn_note_deleted, PTN_NOTE_DELETED_DATA)

/* 0x0020 ObjectMoved, 0x0040 ObjectCopied */
#define PTN_NOTE_MOVED_DATA(F, T)                                             \
    F(T, u16,  flags)                                                         \
    F(T, u64,  folder_id)                                                     \
    F(T, when(T, flags, 0x8000, u64),    message_id)                          \
    F(T, unless(T, flags, 0x8000, u64),  parent_id)                           \
    F(T, u64,  old_folder_id)                                                 \
    F(T, when(T, flags, 0x8000, u64),    old_message_id)                      \
    F(T, unless(T, flags, 0x8000, u64),  old_parent_id)
PTN_WIRE(ptn_note_moved, PTN_NOTE_MOVED_DATA)


#endif /* PTN_WIRE_ROP_STORE_H */
