/*
 * What t/unit/rights.c calls of folders, views, messages and permissions, and
 * the rows of all calls.
 */

#ifndef RIGHTS_ITEMS_H
#define RIGHTS_ITEMS_H


#include "rights_calls.h"


/* ---- the calls ----------------------------------------------------------- */

/* Is the folder in what a call lists? */

static ptn_rc_t
run_listed(rights_ctx_t *c, ptn_rc_t (*list)(ptn_mbox_t *mb,
    const ptn_folder_t **ret_f, size_t *ret_n))
{
    size_t               i, n;
    ptn_rc_t             rc;
    const ptn_folder_t  *f;

    rc = list(c->mb, &f, &n);

    for (i = 0; rc == PTN_OK && i < n; i++) {
        if (f[i].id == c->folder) {
            return PTN_OK;
        }
    }

    return rc == PTN_OK ? PTN_ENOTFOUND : rc;
}

static ptn_rc_t
run_folder_list(rights_ctx_t *c)
{
    return run_listed(c, ptn_folder_list);
}

static ptn_rc_t
run_folder_list_all(rights_ctx_t *c)
{
    return run_listed(c, ptn_folder_list_all);
}

static ptn_rc_t
run_folder_get(rights_ctx_t *c)
{
    const ptn_folder_t  *f;

    return ptn_folder_get(c->mb, c->folder, &f);
}

static ptn_rc_t
run_folder_special(rights_ctx_t *c)
{
    const ptn_folder_t  *f;

    return ptn_folder_special(c->mb, PTN_FOLDER_NOTES, &f);
}

static ptn_rc_t
run_folder_child(rights_ctx_t *c)
{
    const ptn_folder_t  *f;

    return ptn_folder_child(c->mb, PTN_FOLDER_IPM_SUBTREE, ptn_str("Notes"),
                            &f);
}

static ptn_rc_t
run_folder_create(rights_ctx_t *c)
{
    ptn_id_t  id;

    return ptn_folder_create(c->tx, c->folder, ptn_str("new"), NULL, &id);
}

static ptn_rc_t
run_folder_subscribe(rights_ctx_t *c)
{
    return ptn_folder_subscribe(c->tx, c->folder, true);
}

static ptn_rc_t
run_folder_props(rights_ctx_t *c)
{
    uint32_t   tag = PTN_PR_DISPLAY_NAME;
    ptn_str_t  value;

    return ptn_folder_props(c->mb, c->s->pool, c->folder, &tag, 1, &value);
}

static ptn_rc_t
run_folder_props_all(rights_ctx_t *c)
{
    ptn_props_t  props;

    return ptn_folder_props_all(c->mb, c->s->pool, c->folder, &props);
}

static ptn_rc_t
run_folder_props_set(rights_ctx_t *c)
{
    ptn_bag_prop_t  p = { PTN_PR_COMMENT, ptn_str("it") };

    return ptn_folder_props_set(c->tx, c->folder, &p, 1);
}

static ptn_rc_t
run_view_get(rights_ctx_t *c)
{
    ptn_rc_t     rc;
    ptn_view_t  *view;

    rc = ptn_view_get(c->mb, c->folder, &view);

    if (rc == PTN_OK) {
        ptn_view_unref(view);
    }

    return rc;
}

static ptn_rc_t
run_view_vanished(rights_ctx_t *c)
{
    size_t     n;
    uint32_t  *uids;

    return ptn_view_vanished(c->mb, c->s->pool, c->folder, 1 << 20, &uids,
                             &n);
}

static ptn_rc_t
run_msg_append(rights_ctx_t *c)
{
    ptn_appended_t  a;

    return site_append(c->s, c->tx, c->folder, 100, 0, &a);
}

static ptn_rc_t
run_msg_create(rights_ctx_t *c)
{
    ptn_save_t   save;
    ptn_saved_t  saved;

    memset(&save, 0, sizeof(save));
    save.raw = site_message(c->s, 200);

    return ptn_msg_create(c->tx, c->s->pool, c->folder, &save, &saved);
}

static ptn_rc_t
run_msg_flags(rights_ctx_t *c)
{
    return ptn_msg_flags(c->tx, c->folder, &c->uid, 1, PTN_FLAGS_ADD,
                         PTN_FLAG_FLAGGED, 0, 0, NULL);
}

static ptn_rc_t
run_msg_flags_ids(rights_ctx_t *c)
{
    ptn_rc_t        rc;
    uint64_t        modseq;

    rc = ptn_msg_flags_ids(c->tx, &c->msg, 1, PTN_FLAGS_ADD, PTN_FLAG_SEEN, 0,
                           &modseq);

    return rc == PTN_OK && modseq == 0 ? PTN_ENOTFOUND : rc;
}

static ptn_rc_t
run_msg_copy_from(rights_ctx_t *c)
{
    uint32_t  *uids;

    return ptn_msg_copy(c->tx, c->s->pool, c->folder, &c->uid, 1, c->other,
                        &uids);
}

static ptn_rc_t
run_msg_copy_to(rights_ctx_t *c)
{
    uint32_t  *uids;

    return ptn_msg_copy(c->tx, c->s->pool, c->other, &c->other_uid, 1,
                        c->folder, &uids);
}

static ptn_rc_t
run_msg_move_from(rights_ctx_t *c)
{
    uint32_t  *uids;

    return ptn_msg_move(c->tx, c->s->pool, c->folder, &c->uid, 1, c->other,
                        &uids);
}

static ptn_rc_t
run_msg_move_to(rights_ctx_t *c)
{
    uint32_t  *uids;

    return ptn_msg_move(c->tx, c->s->pool, c->other, &c->other_uid, 1,
                        c->folder, &uids);
}

static ptn_rc_t
run_msg_copy_ids(rights_ctx_t *c)
{
    ptn_id_t  *ids;

    return ptn_msg_copy_ids(c->tx, c->s->pool, c->folder, &c->msg, 1,
                            c->other, &ids);
}

static ptn_rc_t
run_msg_copy_ids_to(rights_ctx_t *c)
{
    ptn_id_t  *ids;

    return ptn_msg_copy_ids(c->tx, c->s->pool, c->other, &c->elsewhere, 1,
                            c->folder, &ids);
}

static ptn_rc_t
run_msg_move_ids(rights_ctx_t *c)
{
    ptn_id_t  *ids;

    return ptn_msg_move_ids(c->tx, c->s->pool, c->folder, &c->msg, 1,
                            c->other, &ids);
}

static ptn_rc_t
run_msg_expunge(rights_ctx_t *c)
{
    return ptn_msg_expunge(c->tx, c->folder, &c->uid, 1);
}

static ptn_rc_t
run_msg_expunge_ids(rights_ctx_t *c)
{
    ptn_rc_t        rc;
    ptn_msg_info_t  m;

    rc = ptn_msg_expunge_ids(c->tx, &c->msg, 1);

    /* one that is not to be known of is passed over */

    return rc == PTN_OK && ptn_msg_get_id(c->mb, c->msg, &m) == PTN_OK
           ? PTN_ENOTFOUND : rc;
}

static unsigned  runs;          /* names that were not before */

static ptn_rc_t
run_msg_transfer(rights_ctx_t *c)
{
    ptn_id_t  *ids;

    return ptn_msg_transfer_mbox(c->mb, c->own, c->s->pool, c->folder, &c->msg,
                                 1, PTN_FOLDER_INBOX, true, &ids);
}

static ptn_rc_t
run_msg_transfer_move(rights_ctx_t *c)
{
    ptn_rc_t   rc;
    ptn_id_t  *ids;

    rc = ptn_msg_transfer_mbox(c->mb, c->own, c->s->pool, c->folder, &c->msg,
                               1, PTN_FOLDER_INBOX, false, &ids);

    return rc;
}

static ptn_rc_t
run_msg_transfer_to(rights_ctx_t *c)
{
    ptn_id_t                             *ids;
    ptn_rc_t                              rc;
    ptn_appended_t                        a;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, c->own);

    if (rc == PTN_OK) {
        rc = site_append(c->s, &tx, PTN_FOLDER_INBOX, 60, 0, &a);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    if (rc == PTN_OK) {
        rc = ptn_store_commit(c->s->store);
    }

    return rc != PTN_OK ? rc
           : ptn_msg_transfer_mbox(c->own, c->mb, c->s->pool, PTN_FOLDER_INBOX,
                                   &a.id, 1, c->folder, true, &ids);
}

/* A copy of it, or into it. */

static ptn_rc_t
run_folder_transfer(rights_ctx_t *c)
{
    bool      partial;
    ptn_id_t  id;

    return ptn_folder_transfer_mbox(c->mb, c->own, c->s->pool, c->folder,
                                    PTN_FOLDER_IPM_SUBTREE,
                                    ptn_str_printf(c->s->pool, "%u", runs++),
                                    PTN_TRANSFER_COPY, &id, &partial);
}

static ptn_rc_t
run_folder_transfer_to(rights_ctx_t *c)
{
    bool                                  partial;
    ptn_id_t                              id;
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_folder_transfer_mbox(c->own, c->mb, c->s->pool,
                                  PTN_FOLDER_INBOX, c->folder, ptn_str("in"),
                                  PTN_TRANSFER_COPY, &id, &partial);

    if (rc == PTN_OK) {
        must(ptn_txn_begin(&tx, open_as(c->s, NULL)), "begin");
        must(ptn_folder_delete(&tx, id, true), "delete");
        must(ptn_txn_commit(&tx), "commit");
        must(ptn_store_commit(c->s->store), "commit");
    }

    return rc;
}

static ptn_rc_t
run_msg_open(rights_ctx_t *c)
{
    ptn_msg_t  *msg;

    return ptn_msg_open(c->mb, c->s->pool, c->msg, &msg);
}

static ptn_rc_t
run_msg_open_row(rights_ctx_t *c)
{
    ptn_msg_t  *msg;

    return ptn_msg_open_row(c->mb, c->s->pool, c->folder, &c->row, &msg);
}

static ptn_rc_t
run_msg_by_mid(rights_ctx_t *c)
{
    ptn_id_t  id;

    return ptn_msg_by_mid(c->mb, 0, c->mid, &id);
}

static ptn_rc_t
run_msg_update(rights_ctx_t *c)
{
    ptn_save_t   save;
    ptn_saved_t  saved;

    memset(&save, 0, sizeof(save));
    save.raw = site_message(c->s, 300);

    return ptn_msg_update(c->tx, c->s->pool, c->msg, &save, 0, &saved);
}

static ptn_rc_t
run_msg_set_props(rights_ctx_t *c)
{
    u_char          n[4] = { 1 };
    ptn_saved_t     saved;
    ptn_bag_prop_t  p = { PTN_PR_ICON_INDEX, { 4, n } };

    return ptn_msg_set_props(c->tx, c->s->pool, c->msg, &p, 1, &saved);
}

static ptn_rc_t
run_events(rights_ctx_t *c)
{
    size_t             i, n;
    ptn_rc_t           rc;
    uint64_t           last;
    ptn_mbox_event_t  *e;

    rc = ptn_mbox_events(c->mb, c->s->pool, 0, 1000, &e, &n, &last);

    for (i = 0; rc == PTN_OK && i < n; i++) {
        if (e[i].message == c->msg && e[i].kind == PTN_MBOX_EVENT_NEW) {
            return PTN_OK;
        }
    }

    return rc == PTN_OK ? PTN_ENOTFOUND : rc;
}

static ptn_rc_t
run_info(rights_ctx_t *c)
{
    ptn_rc_t         rc;
    ptn_mbox_info_t  info;

    rc = ptn_mbox_info(c->mb, &info);

    return rc == PTN_OK && info.messages == 1 ? PTN_ENOTFOUND : rc;
}

static ptn_rc_t
run_table(rights_ctx_t *c)
{
    ptn_rc_t      rc;
    ptn_table_t  *t;

    rc = ptn_table_open(c->mb, PTN_TABLE_CONTENTS, c->folder, 0, &t);

    if (rc == PTN_OK) {
        ptn_table_close(t);
    }

    return rc;
}

static ptn_rc_t
run_table_fai(rights_ctx_t *c)
{
    ptn_rc_t      rc;
    ptn_table_t  *t;

    rc = ptn_table_open(c->mb, PTN_TABLE_FAI, c->folder, 0, &t);

    if (rc == PTN_OK) {
        ptn_table_close(t);
    }

    return rc;
}

static ptn_rc_t
run_table_hierarchy(rights_ctx_t *c)
{
    ptn_rc_t      rc;
    ptn_table_t  *t;

    rc = ptn_table_open(c->mb, PTN_TABLE_HIERARCHY, PTN_FOLDER_ROOT,
                        PTN_TABLE_DEEP, &t);

    if (rc == PTN_OK) {
        rc = ptn_table_find(c->mb, t, c->folder) < ptn_table_count(t)
             ? PTN_OK : PTN_ENOTFOUND;
        ptn_table_close(t);
    }

    return rc;
}

/* A table that was opened while it could be. */

static ptn_rc_t
run_table_sync(rights_ctx_t *c)
{
    return ptn_table_sync(c->mb, c->table, NULL);
}

static ptn_rc_t
run_table_sort(rights_ctx_t *c)
{
    ptn_sort_t  sort = { PTN_PR_SUBJECT, true };

    return ptn_table_sort(c->mb, c->table, &sort, 1);
}

static ptn_rc_t
rights_table_row(void *ctx PTN_UNUSED, const ptn_table_row_t *row PTN_UNUSED)
{
    return PTN_OK;
}

static ptn_rc_t
run_table_rows(rights_ctx_t *c)
{
    uint32_t  tag = PTN_PR_SUBJECT;

    return ptn_table_rows(c->mb, c->table, c->s->pool, &tag, 1, 0, 10, false,
                          rights_table_row, NULL);
}

static ptn_rc_t
run_sync_items(rights_ctx_t *c)
{
    bool                more;
    size_t              n;
    ptn_sync_t          sync;
    ptn_sync_change_t  *changes;

    memset(&sync, 0, sizeof(sync));

    return ptn_sync_items(c->mb, c->s->pool, c->folder, false, &sync, 100,
                          &changes, &n, &more);
}

static ptn_rc_t
run_sync_folders(rights_ctx_t *c)
{
    bool                more;
    size_t              i, n;
    ptn_rc_t            rc;
    ptn_sync_t          sync;
    ptn_sync_change_t  *changes;

    memset(&sync, 0, sizeof(sync));

    rc = ptn_sync_folders(c->mb, c->s->pool, PTN_FOLDER_ROOT, &sync, 100,
                          &changes, &n, &more);

    for (i = 0; rc == PTN_OK && i < n; i++) {
        if (changes[i].id == c->folder) {
            return PTN_OK;
        }
    }

    return rc == PTN_OK ? PTN_ENOTFOUND : rc;
}

static ptn_rc_t
run_rights_get(rights_ctx_t *c)
{
    uint32_t  rights;
    ptn_rc_t  rc;

    rc = ptn_rights_get(c->mb, c->folder, &rights);

    return rc == PTN_OK && rights == 0 ? PTN_ENOTFOUND : rc;
}

static ptn_rc_t
run_rights_need(rights_ctx_t *c)
{
    return ptn_rights_need(c->mb, c->folder, PTN_RIGHT_CREATE);
}

static ptn_rc_t
run_rights_list(rights_ctx_t *c)
{
    size_t             n;
    ptn_permission_t  *list;

    return ptn_rights_list(c->mb, c->s->pool, c->folder, true, &list, &n);
}

static ptn_rc_t
run_rights_modify(rights_ctx_t *c)
{
    ptn_permission_op_t  op = { PTN_PERMISSION_ADD, { 77, PTN_ROLE_REVIEWER } };

    return ptn_rights_modify(c->tx, c->folder, false, false, &op, 1);
}


static const rights_row_t  rows[] = {
    R("folder_list", PTN_RIGHT_VISIBLE, false, run_folder_list),
    R("folder_list_all", PTN_RIGHT_VISIBLE, false, run_folder_list_all),
    R("folder_get", PTN_RIGHT_VISIBLE, false, run_folder_get),
    R("folder_special", PTN_RIGHT_VISIBLE, false, run_folder_special),
    R("folder_child", PTN_RIGHT_VISIBLE, false, run_folder_child),
    R("folder_create", PTN_RIGHT_CREATE_SUBFOLDER, true, run_folder_create),
    R("folder_subscribe", PTN_RIGHT_OWNER, true, run_folder_subscribe),
    R("folder_props", PTN_RIGHT_VISIBLE, false, run_folder_props),
    R("folder_props_all", PTN_RIGHT_VISIBLE, false, run_folder_props_all),
    R("folder_props_set", PTN_RIGHT_OWNER, true, run_folder_props_set),
    R("view_get", PTN_RIGHT_READ_ANY, false, run_view_get),
    R("view_vanished", PTN_RIGHT_READ_ANY, false, run_view_vanished),
    R("msg_append", PTN_RIGHT_CREATE, true, run_msg_append),
    R("msg_create", PTN_RIGHT_CREATE, true, run_msg_create),
    R("msg_flags", PTN_RIGHT_EDIT_ANY, true, run_msg_flags),
    R("msg_flags_ids", PTN_RIGHT_EDIT_ANY, true, run_msg_flags_ids),
    R("msg_copy", PTN_RIGHT_READ_ANY, true, run_msg_copy_from),
    R("msg_copy", PTN_RIGHT_CREATE, true, run_msg_copy_to),
    R("msg_move", PTN_RIGHT_READ_ANY|PTN_RIGHT_DELETE_ANY, true,
      run_msg_move_from),
    R("msg_move", PTN_RIGHT_CREATE, true, run_msg_move_to),
    R("msg_copy_ids", PTN_RIGHT_READ_ANY, true, run_msg_copy_ids),
    R("msg_copy_ids", PTN_RIGHT_CREATE, true, run_msg_copy_ids_to),
    R("msg_move_ids", PTN_RIGHT_READ_ANY|PTN_RIGHT_DELETE_ANY, true,
      run_msg_move_ids),
    R("msg_expunge", PTN_RIGHT_DELETE_ANY, true, run_msg_expunge),
    R("msg_expunge_ids", PTN_RIGHT_DELETE_ANY, true, run_msg_expunge_ids),
    R("msg_transfer_mbox", PTN_RIGHT_READ_ANY, false, run_msg_transfer),
    R("msg_transfer_mbox", PTN_RIGHT_CREATE, false, run_msg_transfer_to),
    R("folder_transfer_mbox", PTN_RIGHT_READ_ANY, false, run_folder_transfer),
    R("folder_transfer_mbox", PTN_RIGHT_CREATE_SUBFOLDER, false,
      run_folder_transfer_to),
    R("msg_open", PTN_RIGHT_READ_ANY, false, run_msg_open),
    R("msg_open_row", PTN_RIGHT_READ_ANY, false, run_msg_open_row),
    R("msg_by_mid", PTN_RIGHT_READ_ANY, false, run_msg_by_mid),
    R("msg_update", PTN_RIGHT_EDIT_ANY, true, run_msg_update),
    R("msg_set_props", PTN_RIGHT_EDIT_ANY, true, run_msg_set_props),
    R("mbox_info", PTN_RIGHT_VISIBLE, false, run_info),
    R("table_open", PTN_RIGHT_READ_ANY, false, run_table),
    R("table_open", PTN_RIGHT_READ_ANY, false, run_table_fai),
    R("table_open", PTN_RIGHT_VISIBLE, false, run_table_hierarchy),
    R("table_sync", PTN_RIGHT_READ_ANY, false, run_table_sync),
    R("table_sort", PTN_RIGHT_READ_ANY, false, run_table_sort),
    R("table_rows", PTN_RIGHT_READ_ANY, false, run_table_rows),
    R("sync_items", PTN_RIGHT_READ_ANY, false, run_sync_items),
    R("sync_folders", PTN_RIGHT_VISIBLE, false, run_sync_folders),
    R("rights_get", PTN_RIGHT_VISIBLE, false, run_rights_get),
    R("rights_need", PTN_RIGHT_CREATE, false, run_rights_need),
    R("rights_list", PTN_RIGHT_VISIBLE, false, run_rights_list),
    R("rights_modify", PTN_RIGHT_OWNER, true, run_rights_modify),
    RIGHTS_CALLS,
    /* the last: the message goes */
    R("msg_transfer_mbox", PTN_RIGHT_READ_ANY|PTN_RIGHT_DELETE_ANY, false,
      run_msg_transfer_move),
};


#endif /* RIGHTS_ITEMS_H */
