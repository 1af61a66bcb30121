/*
 * Wire structures of folder ROPs (MS-OXCROPS 2.2.4), without the heads that
 * ptn_wire_rop.h describes.  A ROP whose request or response is not here has
 * nothing behind the head.
 */

#ifndef PTN_WIRE_ROP_FOLD_H
#define PTN_WIRE_ROP_FOLD_H


#include "ptn_wire_prop.h"


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
    F(T, when(T, use_unicode, 0xff, str16z),  display_name)                   \
    F(T, unless(T, use_unicode, 0xff, str8z),  comment8)                      \
    F(T, when(T, use_unicode, 0xff, str16z),  comment)
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


/* 2.2.4.3 RopDeleteFolder */

#define PTN_ROP_DELETE_FOLDER_REQ(F, T)                                       \
    F(T, u8,   flags)    /* MS-OXCFOLD 2.2.1.3.1 */                           \
    F(T, u64,  folder_id)
PTN_WIRE(ptn_rop_delete_folder_req, PTN_ROP_DELETE_FOLDER_REQ)


/*
 * Response of 2.2.4.3, 2.2.4.6 to 2.2.4.12 and 2.2.6.10; also when it failed
 */

#define PTN_ROP_PARTIAL_RES(F, T)                                             \
    F(T, u8,   partial_completion)
PTN_WIRE(ptn_rop_partial_res, PTN_ROP_PARTIAL_RES)


/* 2.2.4.6.3, 2.2.4.7.3, 2.2.4.8.3: failed with ecDstNullObject (0x00000503) */

#define PTN_ROP_NULL_DESTINATION_RES(F, T)                                    \
    F(T, u32,  dest_handle)                                                   \
    F(T, u8,   partial_completion)
PTN_WIRE(ptn_rop_null_destination_res, PTN_ROP_NULL_DESTINATION_RES)


/* 2.2.4.4 RopSetSearchCriteria */

#define PTN_ROP_SET_SEARCH_CRITERIA_REQ(F, T)                                 \
    F(T, bin16,  restriction)                                                 \
    F(T, u16,    folder_count)                                                \
    F(T, vec(T, u64, folder_count),  folder_ids)                              \
    F(T, u32,    search_flags)
PTN_WIRE(ptn_rop_set_search_criteria_req, PTN_ROP_SET_SEARCH_CRITERIA_REQ)


/* 2.2.4.5 RopGetSearchCriteria */

#define PTN_ROP_GET_SEARCH_CRITERIA_REQ(F, T)                                 \
    F(T, u8,   use_unicode)                                                   \
    F(T, u8,   include_restriction)                                           \
    F(T, u8,   include_folders)
PTN_WIRE(ptn_rop_get_search_criteria_req, PTN_ROP_GET_SEARCH_CRITERIA_REQ)

#define PTN_ROP_GET_SEARCH_CRITERIA_RES(F, T)                                 \
    F(T, bin16,  restriction)                                                 \
    F(T, u16,    folder_count)                                                \
    F(T, vec(T, u64, folder_count),  folder_ids)                              \
    F(T, u32,    search_flags)
PTN_WIRE(ptn_rop_get_search_criteria_res, PTN_ROP_GET_SEARCH_CRITERIA_RES)


/* 2.2.4.6 RopMoveCopyMessages */

#define PTN_ROP_MOVE_COPY_MESSAGES_REQ(F, T)                                  \
    F(T, u8,   dest_handle)                                                   \
    F(T, u16,  message_count)                                                 \
    F(T, vec(T, u64, message_count),  message_ids)                            \
    F(T, u8,   want_asynchronous)                                             \
    F(T, u8,   want_copy)
PTN_WIRE(ptn_rop_move_copy_messages_req, PTN_ROP_MOVE_COPY_MESSAGES_REQ)


/* 2.2.4.7 RopMoveFolder */

#define PTN_ROP_MOVE_FOLDER_REQ(F, T)                                         \
    F(T, u8,   dest_handle)                                                   \
    F(T, u8,   want_asynchronous)                                             \
    F(T, u8,   use_unicode)                                                   \
    F(T, u64,  folder_id)                                                     \
    F(T, unless(T, use_unicode, 0xff, str8z),  new_name8)                     \
    F(T, when(T, use_unicode, 0xff, str16z),  new_name)
PTN_WIRE(ptn_rop_move_folder_req, PTN_ROP_MOVE_FOLDER_REQ)


/* 2.2.4.8 RopCopyFolder */

#define PTN_ROP_COPY_FOLDER_REQ(F, T)                                         \
    F(T, u8,   dest_handle)                                                   \
    F(T, u8,   want_asynchronous)                                             \
    F(T, u8,   want_recursive)                                                \
    F(T, u8,   use_unicode)                                                   \
    F(T, u64,  folder_id)                                                     \
    F(T, unless(T, use_unicode, 0xff, str8z),  new_name8)                     \
    F(T, when(T, use_unicode, 0xff, str16z),  new_name)
PTN_WIRE(ptn_rop_copy_folder_req, PTN_ROP_COPY_FOLDER_REQ)


/* 2.2.4.9 RopEmptyFolder, 2.2.4.10 RopHardDeleteMessagesAndSubfolders */

#define PTN_ROP_EMPTY_FOLDER_REQ(F, T)                                        \
    F(T, u8,   want_asynchronous)                                             \
    F(T, u8,   want_delete_associated)
PTN_WIRE(ptn_rop_empty_folder_req, PTN_ROP_EMPTY_FOLDER_REQ)


/* 2.2.4.11 RopDeleteMessages, 2.2.4.12 RopHardDeleteMessages */

#define PTN_ROP_DELETE_MESSAGES_REQ(F, T)                                     \
    F(T, u8,   want_asynchronous)                                             \
    F(T, u8,   notify_non_read)                                               \
    F(T, u16,  message_count)                                                 \
    F(T, vec(T, u64, message_count),  message_ids)
PTN_WIRE(ptn_rop_delete_messages_req, PTN_ROP_DELETE_MESSAGES_REQ)


/* 2.2.4.13 RopGetHierarchyTable, 2.2.4.14 RopGetContentsTable */

#define PTN_ROP_TABLE_FLAGS_REQ(F, T)                                         \
    F(T, u8,   out_handle)                                                    \
    F(T, u8,   table_flags)
PTN_WIRE(ptn_rop_table_flags_req, PTN_ROP_TABLE_FLAGS_REQ)

#define PTN_ROP_ROW_COUNT_RES(F, T)                                           \
    F(T, u32,  row_count)
PTN_WIRE(ptn_rop_row_count_res, PTN_ROP_ROW_COUNT_RES)


#endif /* PTN_WIRE_ROP_FOLD_H */
