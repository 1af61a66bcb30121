/*
 * Every ROP of MS-OXCROPS 2.2.2.  ROP: it is built; NO: it is refused.
 *
 *     ROP(id, Name, function, request, response, where, second, flags)
 *     NO(id, Name, request, response, where, second, flags)
 *
 * function: ptn_rop_<function>(); request, response: ptn_rop_<name>_wire, of
 * the fields behind the heads, `none` where there are none.  A refused ROP has
 * its request table too, so that the ROPs behind it are found.
 */

#define PTN_ROPS(ROP, NO)                                                     \
    ROP(0x01, Release, release_rop, none, none, ANY, NONE, SILENT)            \
    ROP(0x02, OpenFolder, open_folder, open_folder_req, open_folder_res,      \
        LOGON|PTN_ON_FOLDER, OUT, 0)                                          \
    ROP(0x03, OpenMessage, open_message, open_message_req, open_message_res,  \
        LOGON|PTN_ON_FOLDER, OUT, 0)                                          \
    ROP(0x04, GetHierarchyTable, get_hierarchy_table, table_flags_req,        \
        row_count_res, FOLDER, OUT, 0)                                        \
    ROP(0x05, GetContentsTable, get_contents_table, table_flags_req,          \
        row_count_res, FOLDER, OUT, 0)                                        \
    ROP(0x06, CreateMessage, create_message, create_message_req,              \
        create_message_res, LOGON|PTN_ON_FOLDER, OUT, WRITES)                 \
    ROP(0x07, GetPropertiesSpecific, get_properties_specific,                 \
        get_properties_specific_req, row_res, BAG, NONE, 0)                   \
    ROP(0x08, GetPropertiesAll, get_properties_all, get_properties_all_req,   \
        get_properties_all_res, BAG, NONE, 0)                                 \
    ROP(0x09, GetPropertiesList, get_properties_list, none,                   \
        get_properties_list_res, BAG, NONE, 0)                                \
    ROP(0x0a, SetProperties, set_properties, set_properties_req,              \
        problems_res, BAG, NONE, WRITES)                                      \
    ROP(0x0b, DeleteProperties, delete_properties, delete_properties_req,     \
        problems_res, BAG, NONE, WRITES)                                      \
    ROP(0x0c, SaveChangesMessage, save_changes_message,                       \
        save_changes_message_req, save_changes_message_res, MESSAGE, INPUT,   \
        WRITES)                                                               \
    ROP(0x0d, RemoveAllRecipients, remove_all_recipients,                     \
        remove_all_recipients_req, none, MESSAGE, NONE, 0)                    \
    ROP(0x0e, ModifyRecipients, modify_recipients, modify_recipients_req,     \
        none, MESSAGE, NONE, 0)                                               \
    ROP(0x0f, ReadRecipients, read_recipients, read_recipients_req,           \
        read_recipients_res, MESSAGE, NONE, 0)                                \
    ROP(0x10, ReloadCachedInformation, reload_cached_information,             \
        reload_cached_information_req, open_message_res, MESSAGE, NONE, 0)    \
    ROP(0x11, SetMessageReadFlag, set_message_read_flag,                      \
        set_message_read_flag_req, set_message_read_flag_res, MESSAGE,        \
        INPUT, WRITES)                                                        \
    ROP(0x12, SetColumns, set_columns, set_columns_req, table_status_res,     \
        TABLE, NONE, 0)                                                       \
    ROP(0x13, SortTable, sort_table, sort_table_req, table_status_res,        \
        TABLE, NONE, 0)                                                       \
    ROP(0x14, Restrict, restrict, restrict_req, table_status_res, TABLE,      \
        NONE, 0)                                                              \
    ROP(0x15, QueryRows, query_rows, query_rows_req, query_rows_res, TABLE,   \
        NONE, CHAIN)                                                          \
    ROP(0x16, GetStatus, get_status, none, table_status_res, TABLE, NONE, 0)  \
    ROP(0x17, QueryPosition, query_position, none, query_position_res,        \
        TABLE, NONE, 0)                                                       \
    ROP(0x18, SeekRow, seek_row, seek_row_req, seek_row_res, TABLE, NONE, 0)  \
    ROP(0x19, SeekRowBookmark, seek_row_bookmark, seek_row_bookmark_req,      \
        seek_row_bookmark_res, TABLE, NONE, 0)                                \
    ROP(0x1a, SeekRowFractional, seek_row_fractional,                         \
        seek_row_fractional_req, none, TABLE, NONE, 0)                        \
    ROP(0x1b, CreateBookmark, create_bookmark, none, bookmark, TABLE, NONE,   \
        0)                                                                    \
    ROP(0x1c, CreateFolder, create_folder, create_folder_req,                 \
        create_folder_res, FOLDER, OUT, WRITES)                               \
    ROP(0x1d, DeleteFolder, delete_folder, delete_folder_req, partial_res,    \
        FOLDER, NONE, WRITES|PTN_ROP_ALWAYS)                                  \
    ROP(0x1e, DeleteMessages, delete_messages, delete_messages_req,           \
        partial_res, FOLDER, NONE, WRITES|PTN_ROP_ALWAYS)                     \
    ROP(0x1f, GetMessageStatus, get_message_status, get_message_status_req,   \
        message_status_res, FOLDER, NONE, 0)                                  \
    ROP(0x20, SetMessageStatus, set_message_status, set_message_status_req,   \
        message_status_res, FOLDER, NONE, WRITES)                             \
    ROP(0x21, GetAttachmentTable, get_attachment_table,                       \
        get_attachment_table_req, none, MESSAGE, OUT, 0)                      \
    ROP(0x22, OpenAttachment, open_attachment, open_attachment_req, none,     \
        MESSAGE, OUT, 0)                                                      \
    ROP(0x23, CreateAttachment, create_attachment, create_attachment_req,     \
        create_attachment_res, MESSAGE, OUT, 0)                               \
    ROP(0x24, DeleteAttachment, delete_attachment, delete_attachment_req,     \
        none, MESSAGE, NONE, 0)                                               \
    ROP(0x25, SaveChangesAttachment, save_changes_attachment,                 \
        save_changes_attachment_req, none, ATTACHMENT, INPUT, 0)              \
    ROP(0x26, SetReceiveFolder, set_receive_folder, set_receive_folder_req,   \
        none, LOGON, NONE, WRITES|PTN_ROP_PRIVATE)                            \
    ROP(0x27, GetReceiveFolder, get_receive_folder, get_receive_folder_req,   \
        get_receive_folder_res, LOGON, NONE, PRIVATE)                         \
    ROP(0x29, RegisterNotification, register_notification,                    \
        register_notification_req, none, LOGON|PTN_ON_FOLDER|PTN_ON_MESSAGE,  \
        OUT, 0)                                                               \
    ROP(0x2b, OpenStream, open_stream, open_stream_req, stream_size_res,      \
        BAG, OUT, 0)                                                          \
    ROP(0x2c, ReadStream, read_stream, read_stream_req, read_stream_res,      \
        STREAM, NONE, CHAIN|PTN_ROP_ALWAYS)                                   \
    ROP(0x2d, WriteStream, write_stream, write_stream_req, write_stream_res,  \
        STREAM, NONE, ALWAYS)                                                 \
    ROP(0x2e, SeekStream, seek_stream, seek_stream_req, seek_stream_res,      \
        STREAM, NONE, 0)                                                      \
    ROP(0x2f, SetStreamSize, set_stream_size, set_stream_size_req, none,      \
        STREAM, NONE, 0)                                                      \
    ROP(0x30, SetSearchCriteria, set_search_criteria,                         \
        set_search_criteria_req, none, FOLDER, NONE, WRITES)                  \
    ROP(0x31, GetSearchCriteria, get_search_criteria,                         \
        get_search_criteria_req, get_search_criteria_res, FOLDER, NONE, 0)    \
    ROP(0x32, SubmitMessage, submit_message, submit_message_req, none,        \
        MESSAGE, NONE, WRITES|PTN_ROP_PRIVATE)                                \
    ROP(0x33, MoveCopyMessages, move_copy_messages, move_copy_messages_req,   \
        partial_res, FOLDER, DEST, WRITES|PTN_ROP_ALWAYS)                     \
    ROP(0x34, AbortSubmit, abort_submit, abort_submit_req, none, LOGON,       \
        NONE, WRITES|PTN_ROP_PRIVATE)                                         \
    ROP(0x35, MoveFolder, move_folder, move_folder_req, partial_res, FOLDER,  \
        DEST, WRITES|PTN_ROP_ALWAYS)                                          \
    ROP(0x36, CopyFolder, copy_folder, copy_folder_req, partial_res, FOLDER,  \
        DEST, WRITES|PTN_ROP_ALWAYS)                                          \
    ROP(0x37, QueryColumnsAll, query_columns_all, none,                       \
        get_properties_list_res, TABLE, NONE, 0)                              \
    ROP(0x38, Abort, abort, none, table_status_res, TABLE, NONE, 0)           \
    ROP(0x39, CopyTo, copy_to, copy_to_req, problems_res, BAG, DEST, WRITES)  \
    ROP(0x3a, CopyToStream, copy_to_stream, copy_to_stream_req,               \
        copy_to_stream_res, STREAM, DEST, ALWAYS)                             \
    ROP(0x3b, CloneStream, clone_stream, clone_stream_req, none, STREAM,      \
        OUT, 0)                                                               \
    ROP(0x3e, GetPermissionsTable, get_permissions_table, table_flags_req,    \
        none, FOLDER, OUT, 0)                                                 \
    NO (0x3f, GetRulesTable, table_flags_req, none, FOLDER, OUT, 0)           \
    ROP(0x40, ModifyPermissions, modify_permissions, modify_permissions_req,  \
        none, FOLDER, NONE, WRITES)                                           \
    NO (0x41, ModifyRules, modify_rules_req, none, FOLDER, NONE, WRITES)      \
    ROP(0x42, GetOwningServers, get_owning_servers, folder_id_req,            \
        get_owning_servers_res, LOGON, NONE, 0)                               \
    ROP(0x43, LongTermIdFromId, long_term_id_from_id,                         \
        long_term_id_from_id_req, long_term_id_from_id_res, LOGON, NONE, 0)   \
    ROP(0x44, IdFromLongTermId, id_from_long_term_id,                         \
        id_from_long_term_id_req, id_from_long_term_id_res, LOGON, NONE, 0)   \
    ROP(0x45, PublicFolderIsGhosted, public_folder_is_ghosted,                \
        folder_id_req, public_folder_is_ghosted_res, LOGON, NONE, 0)          \
    ROP(0x46, OpenEmbeddedMessage, open_embedded_message,                     \
        open_embedded_message_req, open_embedded_message_res, ATTACHMENT,     \
        OUT, 0)                                                               \
    ROP(0x47, SetSpooler, set_spooler, none, none, LOGON, NONE, PRIVATE)      \
    ROP(0x48, SpoolerLockMessage, spooler_lock_message,                       \
        spooler_lock_message_req, none, LOGON, NONE, PRIVATE)                 \
    ROP(0x49, GetAddressTypes, get_address_types, none,                       \
        get_address_types_res, LOGON, NONE, 0)                                \
    ROP(0x4a, TransportSend, transport_send, none, transport_send_res,        \
        MESSAGE, NONE, WRITES|PTN_ROP_PRIVATE)                                \
    NO (0x4b, FastTransferSourceCopyMessages, fx_copy_messages_req, none,     \
        FOLDER, OUT, 0)                                                       \
    NO (0x4c, FastTransferSourceCopyFolder, fx_copy_folder_req, none,         \
        FOLDER, OUT, 0)                                                       \
    NO (0x4d, FastTransferSourceCopyTo, fx_copy_to_req, none, BAG, OUT, 0)    \
    NO (0x4e, FastTransferSourceGetBuffer, fx_get_buffer_req,                 \
        fx_get_buffer_res, TRANSFER, NONE, ALWAYS|PTN_ROP_CHAIN)              \
    ROP(0x4f, FindRow, find_row, find_row_req, find_row_res, TABLE, NONE, 0)  \
    NO (0x50, Progress, progress_req, progress_res, ANY, NONE, 0)             \
    NO (0x51, TransportNewMail, transport_new_mail_req, none, LOGON, NONE,    \
        0)                                                                    \
    ROP(0x52, GetValidAttachments, get_valid_attachments, none,               \
        get_valid_attachments_res, MESSAGE, NONE, 0)                          \
    NO (0x53, FastTransferDestinationConfigure, fx_configure_req, none, BAG,  \
        OUT, 0)                                                               \
    NO (0x54, FastTransferDestinationPutBuffer, fx_put_buffer_req,            \
        fx_put_buffer_res, TRANSFER, NONE, ALWAYS)                            \
    ROP(0x55, GetNamesFromPropertyIds, get_names_from_property_ids,           \
        property_ids, get_names_from_property_ids_res, BAG, NONE, 0)          \
    ROP(0x56, GetPropertyIdsFromNames, get_property_ids_from_names,           \
        get_property_ids_from_names_req, property_ids, BAG, NONE, 0)          \
    NO (0x57, UpdateDeferredActionMessages,                                   \
        update_deferred_action_messages_req, none, LOGON, NONE, WRITES)       \
    ROP(0x58, EmptyFolder, empty_folder, empty_folder_req, partial_res,       \
        FOLDER, NONE, WRITES|PTN_ROP_ALWAYS)                                  \
    ROP(0x59, ExpandRow, expand_row, expand_row_req, expand_row_res, TABLE,   \
        NONE, 0)                                                              \
    ROP(0x5a, CollapseRow, collapse_row, collapse_row_req, collapse_row_res,  \
        TABLE, NONE, 0)                                                       \
    NO (0x5b, LockRegionStream, lock_region_stream_req, none, STREAM, NONE,   \
        0)                                                                    \
    NO (0x5c, UnlockRegionStream, lock_region_stream_req, none, STREAM,       \
        NONE, 0)                                                              \
    ROP(0x5d, CommitStream, commit_stream, none, none, STREAM, NONE, WRITES)  \
    ROP(0x5e, GetStreamSize, get_stream_size, none, stream_size_res, STREAM,  \
        NONE, 0)                                                              \
    ROP(0x5f, QueryNamedProperties, query_named_properties,                   \
        query_named_properties_req, query_named_properties_res, BAG, NONE,    \
        0)                                                                    \
    ROP(0x60, GetPerUserLongTermIds, get_per_user_long_term_ids,              \
        get_per_user_long_term_ids_req, get_per_user_long_term_ids_res,       \
        LOGON, NONE, PRIVATE)                                                 \
    ROP(0x61, GetPerUserGuid, get_per_user_guid, get_per_user_guid_req,       \
        get_per_user_guid_res, LOGON, NONE, PRIVATE)                          \
    ROP(0x63, ReadPerUserInformation, read_per_user_information,              \
        read_per_user_information_req, read_per_user_information_res, LOGON,  \
        NONE, 0)                                                              \
    ROP(0x64, WritePerUserInformation, write_per_user_information,            \
        write_per_user_information_req, none, LOGON, NONE, WRITES)            \
    ROP(0x66, SetReadFlags, set_read_flags, set_read_flags_req, partial_res,  \
        FOLDER, NONE, WRITES|PTN_ROP_ALWAYS)                                  \
    ROP(0x67, CopyProperties, copy_properties, copy_properties_req,           \
        problems_res, BAG, DEST, WRITES)                                      \
    ROP(0x68, GetReceiveFolderTable, get_receive_folder_table, none,          \
        get_receive_folder_table_res, LOGON, NONE, PRIVATE)                   \
    NO (0x69, FastTransferSourceCopyProperties, fx_copy_properties_req,       \
        none, BAG, OUT, 0)                                                    \
    ROP(0x6b, GetCollapseState, get_collapse_state, get_collapse_state_req,   \
        set_collapse_state_req, TABLE, NONE, 0)                               \
    ROP(0x6c, SetCollapseState, set_collapse_state, set_collapse_state_req,   \
        bookmark, TABLE, NONE, 0)                                             \
    ROP(0x6d, GetTransportFolder, get_transport_folder, none,                 \
        get_transport_folder_res, LOGON, NONE, PRIVATE)                       \
    ROP(0x6f, OptionsData, options_data, options_data_req, options_data_res,  \
        LOGON, NONE, 0)                                                       \
    NO (0x70, SynchronizationConfigure, sync_configure_req, none, FOLDER,     \
        OUT, 0)                                                               \
    NO (0x72, SynchronizationImportMessageChange, sync_import_message_req,    \
        none, TRANSFER, OUT, WRITES)                                          \
    NO (0x73, SynchronizationImportHierarchyChange,                           \
        sync_import_hierarchy_req, none, TRANSFER, NONE, WRITES)              \
    NO (0x74, SynchronizationImportDeletes, sync_import_deletes_req, none,    \
        TRANSFER, NONE, WRITES)                                               \
    NO (0x75, SynchronizationUploadStateStreamBegin, sync_state_begin_req,    \
        none, TRANSFER, NONE, 0)                                              \
    NO (0x76, SynchronizationUploadStateStreamContinue,                       \
        sync_state_continue_req, none, TRANSFER, NONE, 0)                     \
    NO (0x77, SynchronizationUploadStateStreamEnd, none, none, TRANSFER,      \
        NONE, 0)                                                              \
    NO (0x78, SynchronizationImportMessageMove, sync_import_move_req, none,   \
        TRANSFER, NONE, WRITES)                                               \
    ROP(0x79, SetPropertiesNoReplicate, set_properties, set_properties_req,   \
        problems_res, BAG, NONE, WRITES)                                      \
    ROP(0x7a, DeletePropertiesNoReplicate, delete_properties,                 \
        delete_properties_req, problems_res, BAG, NONE, WRITES)               \
    ROP(0x7b, GetStoreState, get_store_state, none, get_store_state_res,      \
        LOGON, NONE, PRIVATE)                                                 \
    NO (0x7e, SynchronizationOpenCollector, sync_open_collector_req, none,    \
        FOLDER, OUT, 0)                                                       \
    NO (0x7f, GetLocalReplicaIds, get_local_replica_ids_req, none, LOGON,     \
        NONE, WRITES)                                                         \
    NO (0x80, SynchronizationImportReadStateChanges, sync_read_states_req,    \
        none, TRANSFER, NONE, WRITES)                                         \
    ROP(0x81, ResetTable, reset_table, none, none, TABLE, NONE, 0)            \
    NO (0x82, SynchronizationGetTransferState, sync_get_transfer_state_req,   \
        none, TRANSFER, OUT, 0)                                               \
    NO (0x86, TellVersion, tell_version_req, none, TRANSFER, NONE, 0)         \
    ROP(0x89, FreeBookmark, free_bookmark, bookmark, none, TABLE, NONE, 0)    \
    ROP(0x90, WriteAndCommitStream, write_and_commit_stream,                  \
        write_stream_req, write_stream_res, STREAM, NONE, ALWAYS)             \
    ROP(0x91, HardDeleteMessages, hard_delete_messages, delete_messages_req,  \
        partial_res, FOLDER, NONE, WRITES|PTN_ROP_ALWAYS)                     \
    ROP(0x92, HardDeleteMessagesAndSubfolders, hard_empty_folder,             \
        empty_folder_req, partial_res, FOLDER, NONE, WRITES|PTN_ROP_ALWAYS)   \
    NO (0x93, SetLocalReplicaMidsetDeleted, set_midset_deleted_req, none,     \
        LOGON|PTN_ON_FOLDER, NONE, WRITES)                                    \
    NO (0x9d, FastTransferDestinationPutBufferExtended, fx_put_buffer_req,    \
        fx_put_buffer_extended_res, TRANSFER, NONE, ALWAYS)                   \
    ROP(0xa3, WriteStreamExtended, write_stream_extended, write_stream_req,   \
        write_stream_extended_res, STREAM, NONE, ALWAYS)                      \
    ROP(0xfe, Logon, logon, logon_req, logon_res, LOGON, NONE, LOGS_ON)
