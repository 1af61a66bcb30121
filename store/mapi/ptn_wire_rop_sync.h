/*
 * Wire structures of ROPs that are refused so far, because the dispatcher must
 * know where the next one begins: rights and rules (MS-OXCROPS 2.2.10,
 * 2.2.11),
 * fast transfer and synchronisation (2.2.12, 2.2.13).
 */

#ifndef PTN_WIRE_ROP_SYNC_H
#define PTN_WIRE_ROP_SYNC_H


#include "ptn_wire_prop.h"


/* 2.2.10.1 RopModifyPermissions */

#define PTN_WIRE_PERMISSION_DATA(F, T)                                        \
    F(T, u8,   flags)                                                         \
    F(T, u16,  count)                                                         \
    F(T, vec(T, sub(ptn_wire_tagged), count),  values)
PTN_WIRE(ptn_wire_permission_data, PTN_WIRE_PERMISSION_DATA)

#define PTN_ROP_MODIFY_PERMISSIONS_REQ(F, T)                                  \
    F(T, u8,   flags)                                                         \
    F(T, u16,  count)                                                         \
    F(T, vec(T, sub(ptn_wire_permission_data), count),  data)
PTN_WIRE(ptn_rop_modify_permissions_req, PTN_ROP_MODIFY_PERMISSIONS_REQ)


/*
 * 2.2.10.2 RopGetPermissionsTable, 2.2.11.2 RopGetRulesTable: see
 * ptn_rop_table_flags_req
 */


/* 2.2.11.1 RopModifyRules; RuleData has PermissionData's fields */

#define PTN_ROP_MODIFY_RULES_REQ(F, T)                                        \
    F(T, u8,   flags)                                                         \
    F(T, u16,  count)                                                         \
    F(T, vec(T, sub(ptn_wire_permission_data), count),  data)
PTN_WIRE(ptn_rop_modify_rules_req, PTN_ROP_MODIFY_RULES_REQ)


/* 2.2.11.3 RopUpdateDeferredActionMessages */

#define PTN_ROP_UPDATE_DEFERRED_ACTION_MESSAGES_REQ(F, T)                     \
    F(T, bin16,  server_entry_id)                                             \
    F(T, bin16,  client_entry_id)
PTN_WIRE(ptn_rop_update_deferred_action_messages_req,
         PTN_ROP_UPDATE_DEFERRED_ACTION_MESSAGES_REQ)


/* 2.2.12.1 RopFastTransferDestinationConfigure */

#define PTN_ROP_FX_CONFIGURE_REQ(F, T)                                        \
    F(T, u8,   out_handle)                                                    \
    F(T, u8,   source_operation)                                              \
    F(T, u8,   copy_flags)
PTN_WIRE(ptn_rop_fx_configure_req, PTN_ROP_FX_CONFIGURE_REQ)


/* 2.2.12.2 RopFastTransferDestinationPutBuffer, 2.2.12.3 ..Extended */

#define PTN_ROP_FX_PUT_BUFFER_REQ(F, T)                                       \
    F(T, bin16,  data)
PTN_WIRE(ptn_rop_fx_put_buffer_req, PTN_ROP_FX_PUT_BUFFER_REQ)

#define PTN_ROP_FX_PUT_BUFFER_RES(F, T)                                       \
    F(T, u16,  status)                                                        \
    F(T, u16,  in_progress)                                                   \
    F(T, u16,  total)                                                         \
    F(T, u8,   reserved)                                                      \
    F(T, u16,  used)
PTN_WIRE(ptn_rop_fx_put_buffer_res, PTN_ROP_FX_PUT_BUFFER_RES)

#define PTN_ROP_FX_PUT_BUFFER_EXTENDED_RES(F, T)                              \
    F(T, u16,  status)                                                        \
    F(T, u32,  in_progress)                                                   \
    F(T, u32,  total)                                                         \
    F(T, u8,   reserved)                                                      \
    F(T, u16,  used)
PTN_WIRE(ptn_rop_fx_put_buffer_extended_res, PTN_ROP_FX_PUT_BUFFER_EXTENDED_RES)


/* 2.2.12.4 RopFastTransferSourceGetBuffer */

#define PTN_ROP_FX_GET_BUFFER_REQ(F, T)                                       \
    F(T, u16,  size)                                                          \
    F(T, is(T, size, 0xbabe, u16),  max_size)
PTN_WIRE(ptn_rop_fx_get_buffer_req, PTN_ROP_FX_GET_BUFFER_REQ)

#define PTN_ROP_FX_GET_BUFFER_RES(F, T)                                       \
    F(T, u16,    status)                                                      \
    F(T, u16,    in_progress)                                                 \
    F(T, u16,    total)                                                       \
    F(T, u8,     reserved)                                                    \
    F(T, bin16,  data)
PTN_WIRE(ptn_rop_fx_get_buffer_res, PTN_ROP_FX_GET_BUFFER_RES)


/* 2.2.12.5 RopFastTransferSourceCopyFolder */

#define PTN_ROP_FX_COPY_FOLDER_REQ(F, T)                                      \
    F(T, u8,   out_handle)                                                    \
    F(T, u8,   copy_flags)                                                    \
    F(T, u8,   send_options)
PTN_WIRE(ptn_rop_fx_copy_folder_req, PTN_ROP_FX_COPY_FOLDER_REQ)


/* 2.2.12.6 RopFastTransferSourceCopyMessages */

#define PTN_ROP_FX_COPY_MESSAGES_REQ(F, T)                                    \
    F(T, u8,   out_handle)                                                    \
    F(T, u16,  message_count)                                                 \
    F(T, vec(T, u64, message_count),  message_ids)                            \
    F(T, u8,   copy_flags)                                                    \
    F(T, u8,   send_options)
PTN_WIRE(ptn_rop_fx_copy_messages_req, PTN_ROP_FX_COPY_MESSAGES_REQ)


/* 2.2.12.7 RopFastTransferSourceCopyTo */

#define PTN_ROP_FX_COPY_TO_REQ(F, T)                                          \
    F(T, u8,   out_handle)                                                    \
    F(T, u8,   level)                                                         \
    F(T, u32,  copy_flags)                                                    \
    F(T, u8,   send_options)                                                  \
    F(T, u16,  tag_count)                                                     \
    F(T, vec(T, u32, tag_count),  tags)
PTN_WIRE(ptn_rop_fx_copy_to_req, PTN_ROP_FX_COPY_TO_REQ)


/* 2.2.12.8 RopFastTransferSourceCopyProperties */

#define PTN_ROP_FX_COPY_PROPERTIES_REQ(F, T)                                  \
    F(T, u8,   out_handle)                                                    \
    F(T, u8,   level)                                                         \
    F(T, u8,   copy_flags)                                                    \
    F(T, u8,   send_options)                                                  \
    F(T, u16,  tag_count)                                                     \
    F(T, vec(T, u32, tag_count),  tags)
PTN_WIRE(ptn_rop_fx_copy_properties_req, PTN_ROP_FX_COPY_PROPERTIES_REQ)


/* 2.2.12.9 RopTellVersion */

#define PTN_ROP_TELL_VERSION_REQ(F, T)                                        \
    F(T, arr(u16, 3),  version)
PTN_WIRE(ptn_rop_tell_version_req, PTN_ROP_TELL_VERSION_REQ)


/* 2.2.13.1 RopSynchronizationConfigure */

#define PTN_ROP_SYNC_CONFIGURE_REQ(F, T)                                      \
    F(T, u8,     out_handle)                                                  \
    F(T, u8,     type)                                                        \
    F(T, u8,     send_options)                                                \
    F(T, u16,    flags)                                                       \
    F(T, bin16,  restriction)                                                 \
    F(T, u32,    extra_flags)                                                 \
    F(T, u16,    tag_count)                                                   \
    F(T, vec(T, u32, tag_count),  tags)
PTN_WIRE(ptn_rop_sync_configure_req, PTN_ROP_SYNC_CONFIGURE_REQ)


/* 2.2.13.2 RopSynchronizationImportMessageChange */

#define PTN_ROP_SYNC_IMPORT_MESSAGE_REQ(F, T)                                 \
    F(T, u8,   out_handle)                                                    \
    F(T, u8,   import_flag)                                                   \
    F(T, u16,  count)                                                         \
    F(T, vec(T, sub(ptn_wire_tagged), count),  values)
PTN_WIRE(ptn_rop_sync_import_message_req, PTN_ROP_SYNC_IMPORT_MESSAGE_REQ)


/* Response of 2.2.13.2, 2.2.13.4, 2.2.13.6 */

#define PTN_ROP_SYNC_IMPORT_RES(F, T)                                         \
    F(T, u64,  id)
PTN_WIRE(ptn_rop_sync_import_res, PTN_ROP_SYNC_IMPORT_RES)


/*
 * 2.2.13.3 RopSynchronizationImportReadStateChanges; a list of
 * MessageReadStates
 */

#define PTN_WIRE_MESSAGE_READ_STATE(F, T)                                     \
    F(T, bin16,  message_id)                                                  \
    F(T, u8,     mark_as_read)
PTN_WIRE(ptn_wire_message_read_state, PTN_WIRE_MESSAGE_READ_STATE)

#define PTN_ROP_SYNC_READ_STATES_REQ(F, T)                                    \
    F(T, bin16,  states)
PTN_WIRE(ptn_rop_sync_read_states_req, PTN_ROP_SYNC_READ_STATES_REQ)


/* 2.2.13.4 RopSynchronizationImportHierarchyChange */

#define PTN_ROP_SYNC_IMPORT_HIERARCHY_REQ(F, T)                               \
    F(T, u16,  hierarchy_count)                                               \
    F(T, vec(T, sub(ptn_wire_tagged), hierarchy_count),  hierarchy)           \
    F(T, u16,  count)                                                         \
    F(T, vec(T, sub(ptn_wire_tagged), count),  values)
PTN_WIRE(ptn_rop_sync_import_hierarchy_req, PTN_ROP_SYNC_IMPORT_HIERARCHY_REQ)


/* 2.2.13.5 RopSynchronizationImportDeletes */

#define PTN_ROP_SYNC_IMPORT_DELETES_REQ(F, T)                                 \
    F(T, u8,   flags)                                                         \
    F(T, u16,  count)                                                         \
    F(T, vec(T, sub(ptn_wire_tagged), count),  values)
PTN_WIRE(ptn_rop_sync_import_deletes_req, PTN_ROP_SYNC_IMPORT_DELETES_REQ)


/* 2.2.13.6 RopSynchronizationImportMessageMove */

#define PTN_ROP_SYNC_IMPORT_MOVE_REQ(F, T)                                    \
    F(T, bin32,  source_folder_id)                                            \
    F(T, bin32,  source_message_id)                                           \
    F(T, bin32,  predecessors)                                                \
    F(T, bin32,  dest_message_id)                                             \
    F(T, bin32,  change_number)
PTN_WIRE(ptn_rop_sync_import_move_req, PTN_ROP_SYNC_IMPORT_MOVE_REQ)


/* 2.2.13.7 RopSynchronizationOpenCollector */

#define PTN_ROP_SYNC_OPEN_COLLECTOR_REQ(F, T)                                 \
    F(T, u8,   out_handle)                                                    \
    F(T, u8,   is_contents)
PTN_WIRE(ptn_rop_sync_open_collector_req, PTN_ROP_SYNC_OPEN_COLLECTOR_REQ)


/* 2.2.13.8 RopSynchronizationGetTransferState */

#define PTN_ROP_SYNC_GET_TRANSFER_STATE_REQ(F, T)                             \
    F(T, u8,   out_handle)
PTN_WIRE(ptn_rop_sync_get_transfer_state_req,
         PTN_ROP_SYNC_GET_TRANSFER_STATE_REQ)


/* 2.2.13.9 RopSynchronizationUploadStateStreamBegin */

#define PTN_ROP_SYNC_STATE_BEGIN_REQ(F, T)                                    \
    F(T, u32,  tag)                                                           \
    F(T, u32,  size)
PTN_WIRE(ptn_rop_sync_state_begin_req, PTN_ROP_SYNC_STATE_BEGIN_REQ)


/* 2.2.13.10 RopSynchronizationUploadStateStreamContinue */

#define PTN_ROP_SYNC_STATE_CONTINUE_REQ(F, T)                                 \
    F(T, bin32,  data)
PTN_WIRE(ptn_rop_sync_state_continue_req, PTN_ROP_SYNC_STATE_CONTINUE_REQ)


/* 2.2.13.12 RopSetLocalReplicaMidsetDeleted; size is of what follows */

#define PTN_WIRE_LT_ID(F, T)                                                  \
    F(T, guid,  database)                                                     \
    F(T, arr(u8, 6),  counter)                                                \
    F(T, u16,   padding)
PTN_WIRE(ptn_wire_lt_id, PTN_WIRE_LT_ID)

#define PTN_WIRE_LT_ID_RANGE(F, T)                                            \
    F(T, sub(ptn_wire_lt_id),  min)                                           \
    F(T, sub(ptn_wire_lt_id),  max)
PTN_WIRE(ptn_wire_lt_id_range, PTN_WIRE_LT_ID_RANGE)

#define PTN_ROP_SET_MIDSET_DELETED_REQ(F, T)                                  \
    F(T, u16,  size)                                                          \
    F(T, u32,  count)                                                         \
    F(T, vec(T, sub(ptn_wire_lt_id_range), count),  ranges)
PTN_WIRE(ptn_rop_set_midset_deleted_req, PTN_ROP_SET_MIDSET_DELETED_REQ)


/* 2.2.13.13 RopGetLocalReplicaIds */

#define PTN_ROP_GET_LOCAL_REPLICA_IDS_REQ(F, T)                               \
    F(T, u32,  count)
PTN_WIRE(ptn_rop_get_local_replica_ids_req, PTN_ROP_GET_LOCAL_REPLICA_IDS_REQ)

#define PTN_ROP_GET_LOCAL_REPLICA_IDS_RES(F, T)                               \
    F(T, guid,  repl_guid)                                                    \
    F(T, arr(u8, 6),  first)
PTN_WIRE(ptn_rop_get_local_replica_ids_res, PTN_ROP_GET_LOCAL_REPLICA_IDS_RES)


#endif /* PTN_WIRE_ROP_SYNC_H */
