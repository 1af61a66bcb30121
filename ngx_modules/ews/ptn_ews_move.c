#include "ptn_ews.h"


/*
 * MoveItem, CopyItem, DeleteItem (MS-OXWSCORE 3.1.4), MarkAllItemsAsRead.
 * Neighbours in the list that are in one folder go in one call.
 */

typedef struct {
    ptn_rc_t        rc;                 /* of reading the id */
    const char     *code, *text;        /* what it noted */
    ptn_ews_box_t  *box;
    ptn_id_t        id, folder, new_id;
    bool            gone;               /* deleted softly */
    bool            done;
} ptn_ews_moved_t;


/* gone: what can be recovered is among them. */

static ptn_rc_t
ptn_ews_move_read(ptn_ews_t *e, bool gone, ptn_ews_moved_t **ret,
    size_t *ret_n)
{
    size_t               n;
    ptn_ews_id_t         name;
    ptn_ews_moved_t     *m;
    const ptn_ews_el_t  *el, *list;

    list = ptn_ews_child(e->request, "ItemIds");

    for (n = 0, el = list->child; el != NULL; el = el->next) {
        n++;
    }

    m = ptn_pcalloc(e->pool, n * sizeof(ptn_ews_moved_t));
    if (m == NULL) {
        return PTN_ENOMEM;
    }

    *ret = m;
    *ret_n = n;

    for (el = list->child; el != NULL; el = el->next, m++) {
        e->code = NULL;
        m->rc = gone ? ptn_ews_item_any(e, el, &m->box, &name, &m->id,
                                        &m->gone)
                     : ptn_ews_item(e, el, &m->box, &name, &m->id, NULL);
        m->folder = name.folder;

        if (m->rc == PTN_OK && name.nattach != 0) {
            m->rc = ptn_ews_error(e, "ErrorInvalidIdNotAnItemAttachmentId",
                                  "Attached items cannot be moved.");
        }

        if (m->rc == PTN_ENOMEM) {
            return m->rc;
        }

        m->code = e->code;
        m->text = e->text;
    }

    e->code = NULL;

    return PTN_OK;
}


/* How many from `m` on can go together. */
static size_t
ptn_ews_move_run(const ptn_ews_moved_t *m, size_t n)
{
    size_t  i, k;

    for (i = 1; i < n && m[i].rc == PTN_OK && m[i].box == m->box
                && m[i].folder == m->folder && m[i].gone == m->gone; i++)
    {
        for (k = 0; k < i && m[k].id != m[i].id; k++) { /* void */ }

        if (k < i) {
            break;                      /* the same one twice */
        }
    }

    return i;
}


/* Within a mailbox, or to another one. */
static ptn_rc_t
ptn_ews_move_ids(ptn_ews_t *e, ptn_ews_moved_t *m, size_t n,
    ptn_ews_box_t *to_box, ptn_id_t to, bool copy)
{
    size_t                                i;
    ptn_id_t                             *ids, *new_ids;
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    ids = ptn_parray(e->pool, n, sizeof(ptn_id_t));
    if (ids == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < n; i++) {
        ids[i] = m[i].id;
    }

    if (m->gone && m->box != to_box) {
        rc = PTN_ENOTFOUND;             /* it comes back to its mailbox */

    } else if (m->box != to_box) {
        rc = ptn_app_commit(e->app);

        if (rc == PTN_OK) {
            rc = ptn_msg_transfer_mbox(m->box->mb, to_box->mb, e->pool,
                                       m->folder, ids, n, to, copy,
                                       &new_ids);
        }

    } else if (!m->gone && !copy && m->folder == to) {
        new_ids = ids;                  /* it is there */
        rc = PTN_OK;

    } else {
        rc = ptn_txn_begin(&tx, m->box->mb);

        if (rc == PTN_OK) {
            rc = m->gone
                 ? ptn_gone_recover(&tx, e->pool, ids, n, to, &new_ids)
                 : copy ? ptn_msg_copy_ids(&tx, e->pool, m->folder, ids, n, to,
                                           &new_ids)
                        : ptn_msg_move_ids(&tx, e->pool, m->folder, ids, n, to,
                                           &new_ids);
        }

        if (rc == PTN_OK) {
            rc = ptn_txn_commit(&tx);
        }
    }

    for (i = 0; i < n; i++) {
        m[i].done = true;
        m[i].rc = rc;

        if (rc == PTN_OK) {
            m[i].new_id = new_ids[i];
            m[i].rc = new_ids[i] == 0 ? PTN_ENOTFOUND : PTN_OK;
        }
    }

    return PTN_OK;
}


/* The item with its new id. */
static ptn_rc_t
ptn_ews_moved_item(ptn_ews_t *e, const ptn_ews_moved_t *m, ptn_ews_box_t *to)
{
    ptn_rc_t               rc;
    ptn_str_t              cls;
    ptn_msg_t             *msg;
    ptn_msg_info_t         info;

    static const uint32_t  tag = PTN_PR_MESSAGE_CLASS;

    rc = ptn_msg_open(to->mb, e->pool, m->new_id, &msg);

    if (rc == PTN_OK) {
        rc = ptn_msg_props(msg, &tag, 1, &cls);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_msg_info(msg, &info);

    return ptn_ews_put_saved(e, to, info.folder, info.mid, info.cn, cls);
}


static ptn_rc_t
ptn_ews_move_to(ptn_ews_t *e, bool copy)
{
    bool                  new_ids;
    size_t                i, n, run;
    ptn_rc_t              rc;
    ptn_ews_box_t        *to_box;
    ptn_ews_mark_t        mark;
    ptn_ews_moved_t      *m;
    const ptn_folder_t   *to;

    rc = ptn_ews_folder(e, ptn_ews_child(e->request, "ToFolderId")->child,
                        &to_box, &to);

    if (rc == PTN_EINVAL && e->code != NULL
        && strcmp(e->code, "ErrorFolderNotFound") == 0)
    {
        rc = ptn_ews_error(e, "ErrorToFolderNotFound",
                           "The destination folder could not be found.");
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_move_read(e, !copy, &m, &n);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    new_ids = ptn_ews_find_bool(e->request, "ReturnNewItemIds", true);

    for (i = 0; i < n; i += run) {
        run = 1;

        if (m[i].rc == PTN_OK) {
            run = ptn_ews_move_run(m + i, n - i);

            rc = ptn_ews_move_ids(e, m + i, run, to_box, to->id, copy);
            if (rc != PTN_OK) {
                return rc;
            }
        }
    }

    ptn_ews_reply_open(e);

    for (i = 0; i < n; i++) {
        mark = ptn_ews_mark(&e->out);
        ptn_ews_message_open(e);
        ptn_ews_lit(&e->out, "<m:Items>");

        e->code = m[i].code;
        e->text = m[i].text;
        rc = m[i].rc;

        if (rc == PTN_OK && new_ids) {
            rc = ptn_ews_moved_item(e, &m[i], to_box);
        }

        ptn_ews_lit(&e->out, "</m:Items>");

        rc = ptn_ews_message_end(e, mark, rc, NULL, "<m:Items/>");
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_ews_reply_close(e);

    return PTN_OK;
}


ptn_rc_t
ptn_ews_move_item(ptn_ews_t *e)
{
    return ptn_ews_move_to(e, false);
}


ptn_rc_t
ptn_ews_copy_item(ptn_ews_t *e)
{
    return ptn_ews_move_to(e, true);
}


/* --- DeleteItem ----------------------------------------------------------- */

/* SuppressReadReceipts of DeleteItem, UpdateItem: no receipt is sent. */
bool
ptn_ews_suppressed(ptn_ews_t *e)
{
    bool  suppress;

    suppress = false;
    (void) ptn_xs_bool(ptn_ews_attr(e->request, "SuppressReadReceipts"),
                       &suppress);

    return suppress;
}


static ptn_rc_t
ptn_ews_delete_ids(ptn_ews_t *e, ptn_ews_moved_t *m, size_t n, bool soft)
{
    size_t                                i;
    ptn_id_t                             *ids;
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    ids = ptn_parray(e->pool, n, sizeof(ptn_id_t));
    if (ids == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < n; i++) {
        ids[i] = m[i].id;
    }

    rc = ptn_txn_begin(&tx, m->box->mb);

    if (rc == PTN_OK && !m->gone && !ptn_ews_suppressed(e)) {
        rc = ptn_msg_nonread_ids(&tx, ids, n);
    }

    if (rc == PTN_OK) {
        rc = m->gone ? ptn_gone_expunge_ids(&tx, ids, n)
             : soft ? ptn_msg_gone_ids(&tx, ids, n)
                  : ptn_msg_expunge_ids(&tx, ids, n);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    for (i = 0; i < n; i++) {
        m[i].rc = rc;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_ews_delete_item(ptn_ews_t *e)
{
    bool                  trash, soft;
    size_t                i, n, run;
    ptn_rc_t              rc;
    ptn_ews_mark_t        mark;
    ptn_ews_moved_t      *m;
    const ptn_folder_t   *deleted;

    trash = ptn_str_eqz(ptn_ews_attr(e->request, "DeleteType"),
                        "MoveToDeletedItems");
    soft = ptn_str_eqz(ptn_ews_attr(e->request, "DeleteType"), "SoftDelete");

    rc = ptn_ews_move_read(e, !soft, &m, &n);
    if (rc != PTN_OK) {
        return rc;
    }

    for (i = 0; i < n; i += run) {
        run = 1;

        if (m[i].rc != PTN_OK) {
            continue;
        }

        run = ptn_ews_move_run(m + i, n - i);

        if (!trash) {
            rc = ptn_ews_delete_ids(e, m + i, run, soft);

        } else {
            rc = ptn_folder_special(m[i].box->mb, PTN_FOLDER_DELETED,
                                    &deleted);

            if (rc == PTN_OK) {
                rc = ptn_ews_move_ids(e, m + i, run, m[i].box, deleted->id,
                                      false);
            }
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_ews_reply_open(e);

    for (i = 0; i < n; i++) {
        mark = ptn_ews_mark(&e->out);
        ptn_ews_message_open(e);

        e->code = m[i].code;
        e->text = m[i].text;

        rc = ptn_ews_message_end(e, mark, m[i].rc, NULL, NULL);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_ews_reply_close(e);

    return PTN_OK;
}


/* --- MarkAllItemsAsRead --------------------------------------------------- */

/* Uids of the folder whose \Seen is not `seen` (or all: `seen` < 0). */
ptn_rc_t
ptn_ews_uids(ptn_ews_t *e, ptn_ews_box_t *box, ptn_id_t folder, int seen,
    uint32_t **ret_uids, size_t *ret_n)
{
    size_t       n;
    ptn_rc_t     rc;
    uint32_t     i, count, *uids;
    ptn_row_t    row;
    ptn_view_t  *view;

    rc = ptn_view_get(box->mb, folder, &view);
    if (rc != PTN_OK) {
        return rc;
    }

    count = ptn_view_count(view);
    uids = ptn_parray(e->pool, (size_t) count + 1, sizeof(uint32_t));

    for (i = 1, n = 0; uids != NULL && i <= count; i++) {
        ptn_view_row(view, i, &row);

        if (seen < 0 || ((row.flags & PTN_FLAG_SEEN) != 0) != (seen != 0)) {
            uids[n++] = row.uid;
        }
    }

    ptn_view_unref(view);

    if (uids == NULL) {
        return PTN_ENOMEM;
    }

    *ret_uids = uids;
    *ret_n = n;

    return PTN_OK;
}


/* With receipts, which are of ids; those that do not ask for one have none. */
static ptn_rc_t
ptn_ews_mark_rows(ptn_ews_t *e, ptn_txn_t *tx, ptn_ews_box_t *box,
    ptn_id_t folder)
{
    bool        *due;
    size_t       n;
    ptn_rc_t     rc;
    uint32_t     i, count;
    ptn_id_t    *ids;
    ptn_row_t    row;
    ptn_view_t  *view;

    rc = ptn_view_get(box->mb, folder, &view);
    if (rc != PTN_OK) {
        return rc;
    }

    count = ptn_view_count(view);
    ids = ptn_parray(e->pool, (size_t) count + 1, sizeof(ptn_id_t));

    for (i = 1, n = 0; ids != NULL && i <= count; i++) {
        ptn_view_row(view, i, &row);

        if (!(row.flags & PTN_FLAG_SEEN)) {
            ids[n++] = row.id;
        }
    }

    ptn_view_unref(view);

    return ids == NULL ? PTN_ENOMEM
                       : ptn_msg_read_ids(tx, e->pool, ids, n, 0, &due);
}


static ptn_rc_t
ptn_ews_mark_folder(ptn_ews_t *e, const ptn_ews_el_t *el, bool read,
    bool suppress)
{
    size_t                                n;
    ptn_rc_t                              rc;
    uint32_t                             *uids;
    uint64_t                              modseq;
    ptn_ews_box_t                        *box;
    const ptn_folder_t                   *folder;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_ews_folder(e, el, &box, &folder);

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, box->mb);
    }

    if (rc == PTN_OK && read && !suppress) {
        rc = ptn_ews_mark_rows(e, &tx, box, folder->id);
        return rc != PTN_OK ? rc : ptn_txn_commit(&tx);
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_uids(e, box, folder->id, read, &uids, &n);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_flags(&tx, folder->id, uids, n,
                           read ? PTN_FLAGS_ADD : PTN_FLAGS_REMOVE,
                           PTN_FLAG_SEEN, 0, 0, &modseq);
    }

    return rc != PTN_OK ? rc : ptn_txn_commit(&tx);
}


ptn_rc_t
ptn_ews_mark_all_items_as_read(ptn_ews_t *e)
{
    bool                 read, suppress;
    ptn_rc_t             rc;
    ptn_ews_mark_t       mark;
    const ptn_ews_el_t  *el;

    read = ptn_ews_find_bool(e->request, "ReadFlag", true);
    suppress = ptn_ews_find_bool(e->request, "SuppressReadReceipts", true);

    ptn_ews_reply_open(e);

    for (el = ptn_ews_child(e->request, "FolderIds")->child; el != NULL;
         el = el->next)
    {
        mark = ptn_ews_mark(&e->out);
        ptn_ews_message_open(e);

        rc = ptn_ews_mark_folder(e, el, read, suppress);

        rc = ptn_ews_message_end(e, mark, rc, "ErrorFolderNotFound", NULL);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_ews_reply_close(e);

    return PTN_OK;
}
