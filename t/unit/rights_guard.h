/*
 * Which calls t/unit/rights.c knows: one of the headers that it does not know
 * fails the test.
 */

#ifndef RIGHTS_GUARD_H
#define RIGHTS_GUARD_H


#include "header_scan.h"
#include "rights_items.h"


/* Tested by hand: what they tell is not of one right and one rc. */
static const char *const  by_hand[] = {
    "ptn_folder_delete", "ptn_folder_move", "ptn_mbox_events", "ptn_mbox_open",
    "ptn_keyword_add", "ptn_named_ids", "ptn_rights_of", "ptn_rights_message",
    "ptn_mbox_may_all", "ptn_mbox_is_owner", "ptn_mbox_open_system",
    "ptn_mbox_back", "ptn_quota_get", "ptn_store_props", "ptn_store_props_all",
    "ptn_store_props_set", "ptn_public_open", "ptn_folder_remove",
    "ptn_gone_folder_recover", "ptn_gone_folder_delete",
    "ptn_table_open_recoverable", "ptn_receive_get",
    "ptn_receive_set", "ptn_receive_list", "ptn_ics_import_folder_deletes",
    "ptn_ics_local_ids", "ptn_ics_state_learn", "ptn_ics_id",
    "ptn_device_get", "ptn_device_put", "ptn_device_client_set",
    "ptn_device_client_get", "ptn_device_list", "ptn_device_delete",
    "ptn_search_folder_get", "ptn_msg_nonread_ids",
    "ptn_per_user_get", "ptn_per_user_put", "ptn_per_user_list",

    /* public stores: t/unit/per_user.c */
    "ptn_reader_set_get", "ptn_reader_set_put",
};

/*
 * Needs no right: of the store and its batch, of what is in memory because a
 * call that needed one gave it, names and numbers that say nothing of a
 * folder.
 */
static const char *const  free_for_all[] = {
    "ptn_app_commit", "ptn_store_open", "ptn_store_close", "ptn_store_commit",
    "ptn_store_idle", "ptn_store_due", "ptn_store_tend", "ptn_store_pending",
    "ptn_store_rollback",
    "ptn_mbox_check", "ptn_mbox_create", "ptn_mbox_delete", "ptn_mbox_kind",
    "ptn_mbox_provider", "ptn_mbox_read", "ptn_mbox_read_end",
    "ptn_mbox_replica",
    "ptn_mbox_replid", "ptn_mbox_id", "ptn_mbox_id_replid",
    "ptn_folder_special_id", "ptn_keyword_names",
    "ptn_named_names", "ptn_msg_attach_data", "ptn_msg_bytes",
    "ptn_msg_content", "ptn_msg_folder", "ptn_msg_info", "ptn_msg_object",
    "ptn_msg_props", "ptn_msg_row", "ptn_msg_slice", "ptn_msg_structure",
    "ptn_table_close", "ptn_table_count", "ptn_table_find",
    "ptn_table_folder", "ptn_table_id", "ptn_table_position",
    "ptn_table_seek", "ptn_txn_begin", "ptn_txn_commit", "ptn_txn_done",
    "ptn_txn_mid", "ptn_view_count", "ptn_view_find", "ptn_view_folder",
    "ptn_view_modseq", "ptn_view_ref", "ptn_view_row", "ptn_view_run",
    "ptn_view_same",
    "ptn_view_uidnext", "ptn_view_uidvalidity", "ptn_view_unref",
    "ptn_view_valid", "ptn_public_is", "ptn_public_user", "ptn_quota_send",
    "ptn_folder_copy_id", "ptn_search_text",

    /* the caller's bytes: the append asks */
    "ptn_msg_ready", "ptn_ready_free",

    /* sets and keys that the caller has; a state's end */
    "ptn_pcl_add", "ptn_pcl_check", "ptn_pcl_includes", "ptn_pcl_merge",
    "ptn_ics_state_add", "ptn_ics_state_copy", "ptn_ics_state_done",
    "ptn_ics_state_get", "ptn_ics_state_known", "ptn_ics_state_put",
    "ptn_ics_content_close", "ptn_ics_content_progress",
    "ptn_ics_content_told", "ptn_ics_tree_close", "ptn_ics_tree_deleted",
    "ptn_group_of", "ptn_group_tags",

    /* a position in rows that were given; rows that the caller has */
    "ptn_table_kind", "ptn_table_mark", "ptn_table_mark_free",
    "ptn_table_mark_row", "ptn_table_seek_fraction", "ptn_table_unmark",
    "ptn_table_open_attachs", "ptn_table_open_made", "ptn_table_open_recips",

    /* of the server alone, for all mailboxes */
    "ptn_receipt_any", "ptn_receipt_next", "ptn_receipt_done",
    "ptn_receipt_marks", "ptn_receipt_sweep", "ptn_receipt_unmark",

    /* housekeeping: how much of the mailbox is in the index */
    "ptn_search_info", "ptn_search_work",

    /* administrators' programs: of a store and a user, there is no actor */
    "ptn_backup_close", "ptn_backup_directory", "ptn_backup_drop_others",
    "ptn_backup_finish", "ptn_backup_mailbox", "ptn_backup_manifest",
    "ptn_backup_open", "ptn_backup_prune", "ptn_backup_verify",
    "ptn_mbox_compact", "ptn_mbox_export", "ptn_mbox_export_eml",
    "ptn_mbox_import", "ptn_mbox_rename", "ptn_mbox_salvage",
    "ptn_mbox_sizes", "ptn_mbox_usage", "ptn_mbox_check_ops",
    "ptn_mbox_relocate", "ptn_mbox_moved_to", "ptn_restore_directory",
    "ptn_restore_mailbox",
};


/* ---- the guard ----------------------------------------------------------- */

static bool
known(const char *name)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(rows); i++) {
        if (strcmp(rows[i].call, name) == 0) {
            return true;
        }
    }

    for (i = 0; i < ptn_nelts(by_hand); i++) {
        if (strcmp(by_hand[i], name) == 0) {
            return true;
        }
    }

    for (i = 0; i < ptn_nelts(free_for_all); i++) {
        if (strcmp(free_for_all[i], name) == 0) {
            return true;
        }
    }

    return false;
}


static void
guard_call(const char *name, const char *prototype PTN_UNUSED)
{
    ok(known(name), "%s has its row", name);
}


static void
guard(void)
{
    unsigned  n;

    n = header_scan(__FILE__, guard_call);
    ok(n > 100, "the headers have calls: %u", n);
}


#endif /* RIGHTS_GUARD_H */
