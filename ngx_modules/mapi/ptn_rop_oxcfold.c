#include "ptn_rop_data.h"


/* Folders (MS-OXCFOLD 3.2.5). */


#define PTN_DELETE_KNOWN                                                      \
    (PTN_REMOVE_MESSAGES|PTN_REMOVE_FOLDERS|PTN_REMOVE_HARD)

#define PTN_FOLDER_GENERIC   1          /* FolderType, 2.2.1.2.1 */
#define PTN_FOLDER_SEARCH    2

#define PTN_FOLD_PORTION     1000       /* messages of one transaction */


/* --- names and ids ------------------------------------------------------- */

static ptn_rc_t
ptn_rop_folder_name(ptn_rop_ctx_t *c, uint8_t unicode, ptn_str_t name8,
    ptn_str_t name, ptn_str_t *ret_name)
{
    ptn_wire_text_t  text;

    if (unicode != 0) {
        return ptn_utf16_to_utf8(c->pool, name, ret_name);
    }

    text = ptn_rop_text(c, c->in);

    return ptn_wire_string8_get(&text, name8, ret_name);
}


static ptn_rc_t
ptn_rop_folder_of(ptn_rop_ctx_t *c, ptn_mbox_t *mb, uint64_t fid,
    const ptn_folder_t **ret_folder)
{
    ptn_id_t  id;
    ptn_rc_t  rc;

    (void) c;
    rc = ptn_rop_fid_id(mb, fid, &id);

    return rc == PTN_OK ? ptn_folder_get(mb, id, ret_folder) : rc;
}


static ptn_rc_t
ptn_rop_folder_make(ptn_rop_ctx_t *c, ptn_id_t id)
{
    ptn_rc_t           rc;
    ptn_rop_object_t  *obj;

    rc = ptn_rop_make(c, PTN_ROP_KIND_FOLDER, c->logon->object,
                      sizeof(ptn_rop_folder_t), NULL, &obj);
    if (rc == PTN_OK) {
        ptn_rop_folder(obj)->id = id;
    }

    return rc;
}


ptn_rc_t
ptn_rop_message_ids(ptn_rop_ctx_t *c, ptn_mbox_t *mb, ptn_id_t folder,
    const uint64_t *mids, size_t n, ptn_id_t **ret_ids, size_t *ret_n)
{
    size_t     i, k;
    ptn_id_t  *ids, mid;
    ptn_rc_t   rc;

    ids = ptn_parray(c->pool, n, sizeof(ptn_id_t));
    if (ids == NULL) {
        return PTN_ENOMEM;
    }

    k = 0;

    for (i = 0; i < n; i++) {
        rc = ptn_rop_fid_id(mb, mids[i], &mid);

        if (rc == PTN_OK) {
            rc = ptn_msg_by_mid(mb, folder, mid, &ids[k]);
        }

        if (rc == PTN_OK) {
            k++;

        } else if (rc != PTN_ENOTFOUND) {
            return rc;
        }
    }

    *ret_ids = ids;
    *ret_n = k;

    return PTN_OK;
}


ptn_rc_t
ptn_rop_folder_ids(ptn_rop_ctx_t *c, ptn_mbox_t *mb, ptn_id_t folder,
    ptn_id_t **ret_ids, size_t *ret_n)
{
    uint32_t     i, n;
    ptn_id_t    *ids;
    ptn_rc_t     rc;
    ptn_row_t    row;
    ptn_view_t  *view;

    rc = ptn_view_get(mb, folder, &view);
    if (rc != PTN_OK) {
        return rc;
    }

    n = ptn_view_count(view);

    ids = ptn_parray(c->pool, n, sizeof(ptn_id_t));

    for (i = 0; ids != NULL && i < n; i++) {
        ptn_view_row(view, i + 1, &row);
        ids[i] = row.id;
    }

    ptn_view_unref(view);

    if (ids == NULL) {
        return PTN_ENOMEM;
    }

    *ret_ids = ids;
    *ret_n = n;

    return PTN_OK;
}


/* --- open, create -------------------------------------------------------- */

ptn_rc_t
ptn_rop_open_folder(ptn_rop_ctx_t *c, void *req_, void *res PTN_UNUSED)
{
    ptn_rc_t                    rc;
    ptn_mbox_t                 *mb;
    const ptn_folder_t         *folder;
    ptn_rop_open_folder_req_t  *req = req_;

    rc = ptn_rop_mbox(c, c->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_rop_folder_of(c, mb, req->folder_id, &folder);
    }

    return rc == PTN_OK ? ptn_rop_folder_make(c, folder->id) : rc;
}


static ptn_rc_t
ptn_rop_folder_create(ptn_rop_ctx_t *c, ptn_mbox_t *mb, ptn_str_t name,
    ptn_str_t comment, bool search, ptn_id_t *ret_id)
{
    ptn_id_t                              parent;
    ptn_rc_t                              rc;
    ptn_bag_prop_t                        prop;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    parent = ptn_rop_folder(c->in)->id;
    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = search ? ptn_search_folder_create(&tx, parent, name, "IPF.Note",
                                               ret_id)
                    : ptn_folder_create(&tx, parent, name, "IPF.Note",
                                        ret_id);
    }

    if (rc == PTN_OK && comment.len != 0) {
        prop.tag = PTN_PR_COMMENT;
        prop.value = comment;
        rc = ptn_folder_props_set(&tx, *ret_id, &prop, 1);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


ptn_rc_t
ptn_rop_create_folder(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    bool                          search;
    ptn_id_t                      id;
    ptn_rc_t                      rc;
    ptn_str_t                     name, comment;
    ptn_mbox_t                   *mb;
    const ptn_folder_t           *folder;
    ptn_rop_create_folder_req_t  *req = req_;
    ptn_rop_create_folder_res_t  *res = res_;

    search = (req->folder_type == PTN_FOLDER_SEARCH);

    if (req->folder_type != PTN_FOLDER_GENERIC && !search) {
        return PTN_EINVAL;
    }

    if (search && c->in->logon->is_public) {
        return PTN_ESUPPORT;            /* 3.2.5.2 */
    }

    rc = ptn_rop_mbox(c, c->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_rop_folder_name(c, req->use_unicode, req->display_name8,
                                 req->display_name, &name);
    }

    if (rc == PTN_OK) {
        rc = ptn_rop_folder_name(c, req->use_unicode, req->comment8,
                                 req->comment, &comment);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_rop_folder_create(c, mb, name, comment, search, &id);

    if (rc == PTN_EEXIST && req->open_existing) {
        rc = ptn_folder_child(mb, ptn_rop_folder(c->in)->id, name, &folder);

        if (rc == PTN_OK && folder->search != search) {
            rc = PTN_EEXIST;            /* that is of the other kind */
        }

        id = rc == PTN_OK ? folder->id : 0;
        res->is_existing = 1;
    }

    if (rc == PTN_OK) {
        rc = ptn_rop_fid(mb, id, &res->folder_id);
    }

    return rc == PTN_OK ? ptn_rop_folder_make(c, id) : rc;
}


/* --- delete, empty ------------------------------------------------------- */

ptn_rc_t
ptn_rop_delete_folder(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    bool                                  partial;
    ptn_rc_t                              rc;
    ptn_mbox_t                           *mb;
    const ptn_folder_t                   *folder;
    ptn_rop_partial_res_t                *res = res_;
    ptn_rop_delete_folder_req_t          *req = req_;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    if (req->flags & ~PTN_DELETE_KNOWN) {
        return PTN_EINVAL;
    }

    rc = ptn_rop_mbox(c, c->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_rop_folder_of(c, mb, req->folder_id, &folder);
    }

    if (rc == PTN_OK && folder->special == PTN_FOLDER_ROOT) {
        return PTN_ESUPPORT;
    }

    if (rc == PTN_OK && folder->parent != ptn_rop_folder(c->in)->id) {
        return PTN_ENOTFOUND;
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, mb);
    }

    /* partial: nothing is deleted then, and that is success (3.2.5.3) */

    partial = false;

    if (rc == PTN_OK) {
        rc = ptn_folder_remove(&tx, folder->id, req->flags, &partial);
    }

    res->partial_completion = partial;

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


/* Some of it; *ret_more: there is more. */
static ptn_rc_t
ptn_rop_folder_clear(ptn_mbox_t *mb, ptn_id_t id, unsigned flags,
    bool *ret_partial, bool *ret_more)
{
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_folder_clear(&tx, id, flags, PTN_FOLD_PORTION, ret_partial,
                              ret_more);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
ptn_rop_folder_empty(ptn_rop_ctx_t *c, void *req_, void *res_, unsigned flags)
{
    bool                         partial, more;
    ptn_rc_t                     rc;
    ptn_mbox_t                  *mb;
    ptn_rop_partial_res_t       *res = res_;
    ptn_rop_empty_folder_req_t  *req = req_;

    rc = ptn_rop_mbox(c, c->logon, &mb);
    flags |= req->want_delete_associated ? PTN_REMOVE_FAI : 0;
    partial = false;
    more = true;

    while (rc == PTN_OK && more) {
        rc = ptn_rop_folder_clear(mb, ptn_rop_folder(c->in)->id, flags,
                                  &partial, &more);
    }

    res->partial_completion = partial;

    return rc;
}


/* 3.2.5.9: what goes can be recovered. */
ptn_rc_t
ptn_rop_empty_folder(ptn_rop_ctx_t *c, void *req, void *res)
{
    return ptn_rop_folder_empty(c, req, res, 0);
}


ptn_rc_t
ptn_rop_hard_empty_folder(ptn_rop_ctx_t *c, void *req, void *res)
{
    return ptn_rop_folder_empty(c, req, res, PTN_REMOVE_HARD);
}


static ptn_rc_t
ptn_rop_messages_delete(ptn_rop_ctx_t *c, void *req_, void *res_, bool hard)
{
    size_t                                n;
    ptn_id_t                             *ids;
    ptn_rc_t                              rc;
    ptn_mbox_t                           *mb;
    ptn_rop_partial_res_t                *res = res_;
    ptn_rop_delete_messages_req_t        *req = req_;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_rop_mbox(c, c->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_rop_message_ids(c, mb, ptn_rop_folder(c->in)->id,
                                 req->message_ids, req->message_count, &ids,
                                 &n);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    res->partial_completion = n != req->message_count;

    if (n == 0) {
        return PTN_OK;
    }

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK && req->notify_non_read) {
        rc = ptn_msg_nonread_ids(&tx, ids, n);
    }

    if (rc == PTN_OK) {
        rc = hard ? ptn_msg_expunge_ids(&tx, ids, n)
                  : ptn_msg_gone_ids(&tx, ids, n);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


/* 2.2.1.11: soft. */
ptn_rc_t
ptn_rop_delete_messages(ptn_rop_ctx_t *c, void *req, void *res)
{
    return ptn_rop_messages_delete(c, req, res, false);
}


ptn_rc_t
ptn_rop_hard_delete_messages(ptn_rop_ctx_t *c, void *req, void *res)
{
    return ptn_rop_messages_delete(c, req, res, true);
}


/* --- move, copy ---------------------------------------------------------- */

/*
 * Between two mailboxes of the session: neither may be locked while the other
 * is waited for, so the batch ends here (ptn_msg_transfer_mbox).
 */
static ptn_rc_t
ptn_rop_messages_transfer(ptn_rop_ctx_t *c, ptn_mbox_t *mb,
    const ptn_id_t *ids, size_t n, bool copy, ptn_id_t **ret_ids)
{
    ptn_rc_t     rc;
    ptn_mbox_t  *to;

    rc = ptn_app_commit(c->app);

    if (rc == PTN_OK) {
        rc = ptn_rop_mbox(c, c->dest->logon, &to);
    }

    return rc == PTN_OK
           ? ptn_msg_transfer_mbox(mb, to, c->pool,
                                   ptn_rop_folder(c->in)->id, ids, n,
                                   ptn_rop_folder(c->dest)->id, copy, ret_ids)
           : rc;
}


static ptn_rc_t
ptn_rop_messages_move(ptn_rop_ctx_t *c, ptn_mbox_t *mb, const ptn_id_t *ids,
    size_t n, bool copy, ptn_id_t **ret_ids)
{
    ptn_id_t                              from, to;
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    from = ptn_rop_folder(c->in)->id;
    to = ptn_rop_folder(c->dest)->id;

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = copy ? ptn_msg_copy_ids(&tx, c->pool, from, ids, n, to, ret_ids)
                  : ptn_msg_move_ids(&tx, c->pool, from, ids, n, to, ret_ids);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static bool
ptn_rop_dest_is_here(const ptn_rop_ctx_t *c)
{
    return c->in->logon == c->dest->logon
           || ptn_guid_eq(c->in->logon->mailbox, c->dest->logon->mailbox);
}


ptn_rc_t
ptn_rop_move_copy_messages(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    bool                              copy;
    size_t                            i, n;
    ptn_id_t                         *ids, *done;
    ptn_rc_t                          rc;
    ptn_mbox_t                       *mb;
    ptn_rop_partial_res_t            *res = res_;
    ptn_rop_move_copy_messages_req_t *req = req_;

    if (c->dest->kind != PTN_ROP_KIND_FOLDER) {
        return PTN_ESUPPORT;
    }

    copy = req->want_copy != 0;
    rc = ptn_rop_mbox(c, c->in->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_rop_message_ids(c, mb, ptn_rop_folder(c->in)->id,
                                 req->message_ids, req->message_count, &ids,
                                 &n);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    res->partial_completion = n != req->message_count;

    if (n == 0) {
        return PTN_OK;
    }

    rc = ptn_rop_dest_is_here(c)
         ? ptn_rop_messages_move(c, mb, ids, n, copy, &done)
         : ptn_rop_messages_transfer(c, mb, ids, n, copy, &done);

    for (i = 0; rc == PTN_OK && i < n; i++) {
        res->partial_completion |= done[i] == 0;
    }

    return rc;
}


/* Is `id` `folder`, or somewhere below it? */
static ptn_rc_t
ptn_rop_folder_below(ptn_mbox_t *mb, ptn_id_t id, ptn_id_t folder,
    bool *ret_below)
{
    unsigned             depth;
    ptn_rc_t             rc;
    const ptn_folder_t  *f;

    *ret_below = false;

    for (depth = 0; depth < 1000; depth++) {
        if (id == folder) {
            *ret_below = true;
            return PTN_OK;
        }

        rc = ptn_folder_get(mb, id, &f);

        if (rc == PTN_ENOTFOUND) {
            return PTN_OK;              /* above all that there is */
        }

        if (rc != PTN_OK || f->parent == 0 || f->parent == id) {
            return rc;
        }

        id = f->parent;
    }

    return PTN_ECORRUPT;
}


/* What a move or copy of a folder needs: both ends, and no cycle. */
static ptn_rc_t
ptn_rop_folder_ends(ptn_rop_ctx_t *c, uint64_t fid, ptn_mbox_t **ret_mb,
    ptn_id_t *ret_id)
{
    bool                 below;
    ptn_rc_t             rc;
    ptn_mbox_t          *mb;
    const ptn_folder_t  *folder;

    if (c->dest->kind != PTN_ROP_KIND_FOLDER) {
        return PTN_ESUPPORT;
    }

    below = false;
    rc = ptn_rop_mbox(c, c->in->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_rop_folder_of(c, mb, fid, &folder);
    }

    if (rc == PTN_OK && folder->parent != ptn_rop_folder(c->in)->id) {
        return PTN_ENOTFOUND;
    }

    if (rc == PTN_OK) {
        *ret_mb = mb;
        *ret_id = folder->id;

        if (ptn_rop_dest_is_here(c)) {
            rc = ptn_rop_folder_below(mb, ptn_rop_folder(c->dest)->id,
                                      folder->id, &below);
        }
    }

    if (rc == PTN_OK && below) {
        c->error = PTN_MAPI_FOLDER_CYCLE;
        return PTN_EINVAL;
    }

    return rc;
}


/* To another mailbox of the session, with the batch ended as for messages. */
static ptn_rc_t
ptn_rop_folder_transfer(ptn_rop_ctx_t *c, ptn_mbox_t *mb, ptn_id_t id,
    ptn_str_t name, unsigned flags, void *res_)
{
    bool                    partial;
    ptn_id_t                there;
    ptn_rc_t                rc;
    ptn_mbox_t             *to;
    ptn_rop_partial_res_t  *res = res_;

    rc = ptn_app_commit(c->app);

    if (rc == PTN_OK) {
        rc = ptn_rop_mbox(c, c->dest->logon, &to);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_transfer_mbox(mb, to, c->pool, id,
                                      ptn_rop_folder(c->dest)->id, name, flags,
                                      &there, &partial);
    }

    if (rc == PTN_OK) {
        res->partial_completion = partial;
    }

    return rc;
}


/*
 * A folder that was deleted softly comes back by a move, within the mailbox;
 * what is told of it is told by RopGetHierarchyTable with SoftDeletes.
 */
static ptn_rc_t
ptn_rop_folder_recover(ptn_rop_ctx_t *c, ptn_rop_move_folder_req_t *req)
{
    bool                                  below;
    size_t                                i, n;
    ptn_id_t                              id, to;
    ptn_rc_t                              rc;
    ptn_str_t                             name;
    ptn_mbox_t                           *mb;
    ptn_gone_folder_t                    *all;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    below = false;
    to = ptn_rop_folder(c->dest)->id;
    rc = ptn_rop_mbox(c, c->in->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_rop_fid_id(mb, req->folder_id, &id);
    }

    if (rc == PTN_OK) {
        rc = ptn_gone_folders(mb, c->pool, ptn_rop_folder(c->in)->id, &all,
                              &n);
    }

    for (i = 0; rc == PTN_OK && i < n && !below; i++) {
        below = all[i].id == id;
    }

    if (rc == PTN_OK && !below) {
        return PTN_ENOTFOUND;
    }

    if (rc == PTN_OK) {
        rc = ptn_rop_folder_name(c, req->use_unicode, req->new_name8,
                                 req->new_name, &name);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_gone_folder_recover(&tx, id, to, name);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


ptn_rc_t
ptn_rop_move_folder(ptn_rop_ctx_t *c, void *req_, void *res)
{
    ptn_id_t                              id;
    ptn_rc_t                              rc;
    ptn_str_t                             name;
    ptn_mbox_t                           *mb;
    ptn_rop_move_folder_req_t            *req = req_;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_rop_folder_ends(c, req->folder_id, &mb, &id);

    if (rc == PTN_ENOTFOUND && c->in->logon == c->dest->logon) {
        return ptn_rop_folder_recover(c, req);
    }

    if (rc == PTN_OK) {
        rc = ptn_rop_folder_name(c, req->use_unicode, req->new_name8,
                                 req->new_name, &name);
    }

    if (rc == PTN_OK && !ptn_rop_dest_is_here(c)) {
        return ptn_rop_folder_transfer(c, mb, id, name, 0, res);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_move(&tx, id, ptn_rop_folder(c->dest)->id, name);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


ptn_rc_t
ptn_rop_copy_folder(ptn_rop_ctx_t *c, void *req_, void *res)
{
    bool                                  more;
    ptn_id_t                              id;
    ptn_rc_t                              rc;
    ptn_str_t                             name;
    ptn_mbox_t                           *mb;
    ptn_folder_copy_t                    *copy;
    ptn_rop_copy_folder_req_t            *req = req_;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_rop_folder_ends(c, req->folder_id, &mb, &id);

    if (rc == PTN_OK) {
        rc = ptn_rop_folder_name(c, req->use_unicode, req->new_name8,
                                 req->new_name, &name);
    }

    if (rc == PTN_OK && !ptn_rop_dest_is_here(c)) {
        return ptn_rop_folder_transfer(c, mb, id, name,
                   PTN_TRANSFER_COPY
                   | (req->want_recursive ? PTN_TRANSFER_RECURSIVE : 0), res);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_copy_begin(&tx, c->pool, id,
                                   ptn_rop_folder(c->dest)->id, name,
                                   req->want_recursive != 0, &copy);
    }

    /* all or nothing: one transaction */

    for (more = true; rc == PTN_OK && more; /* void */ ) {
        rc = ptn_folder_copy_some(&tx, copy, PTN_FOLD_PORTION, &more);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}
