#include "ptn_ews.h"


#define PTN_EWS_COPY_PORTION  1000

/* CreateFolder, UpdateFolder, MoveFolder, CopyFolder, DeleteFolder, EmptyFolder
 * (MS-OXWSFOLD 3.1.4). */


/* What the store says of folders, in the protocol's words. */
static ptn_rc_t
ptn_ews_folder_error(ptn_ews_t *e, ptn_rc_t rc)
{
    if (e->code != NULL) {
        return rc;
    }

    switch (rc) {

    case PTN_EEXIST:
        return ptn_ews_error(e, "ErrorFolderExists",
                   "A folder with the specified name already exists.");

    case PTN_EINVAL:
        return ptn_ews_error(e, "ErrorFolderSavePropertyError",
                   "The folder's properties cannot be saved.");

    case PTN_ENOTFOUND:
        return ptn_ews_error(e, "ErrorFolderNotFound",
                   "The specified folder could not be found in the store.");

    default:
        return rc;
    }
}


static ptn_rc_t
ptn_ews_put_folder_saved(ptn_ews_t *e, ptn_ews_box_t *box, ptn_id_t id)
{
    ptn_rc_t                 rc;
    const ptn_folder_t      *folder;
    ptn_ews_folder_shape_t   shape;

    rc = ptn_ews_folder_shape(e, NULL, &shape);

    if (rc == PTN_OK) {
        rc = ptn_folder_get(box->mb, id, &folder);
    }

    return rc != PTN_OK ? rc : ptn_ews_put_folder(e, box, folder, &shape);
}


/* Name, class and extended properties of a t:Folder element. */
static ptn_rc_t
ptn_ews_folder_set(ptn_ews_t *e, ptn_ews_box_t *box, ptn_txn_t *tx,
    ptn_id_t id, const ptn_ews_el_t *el)
{
    ptn_rc_t        rc;
    ptn_ews_ext_t   ext;
    ptn_bag_prop_t  prop;

    if (ptn_ews_named(el, "DisplayName")) {
        prop.tag = PTN_PR_DISPLAY_NAME;
        prop.value = el->text.len == 0 ? ptn_str("") : el->text;

    } else if (ptn_ews_named(el, "FolderClass")) {
        prop.tag = PTN_PR_CONTAINER_CLASS;
        prop.value = el->text.len == 0 ? ptn_str("") : ptn_xs_trim(el->text);

    } else if (ptn_ews_named(el, "PermissionSet")) {
        return ptn_ews_set_permissions(e, box, tx, id, el);

    } else if (ptn_ews_named(el, "SearchParameters")) {
        return ptn_ews_set_search(e, box, tx, id, el);

    } else if (ptn_ews_named(el, "ExtendedProperty")) {
        rc = ptn_ews_ext_parse(e, ptn_ews_child(el, "ExtendedFieldURI"),
                               &ext);

        if (rc == PTN_OK) {
            rc = ptn_ews_ext_tag(box->mb, tx, &ext, &prop.tag);
        }

        if (rc == PTN_OK) {
            rc = ptn_ews_ext_value(e, &ext, el, &prop.value);
        }

        if (rc != PTN_OK) {
            return rc;
        }

    } else {
        return ptn_ews_error(e, "ErrorInvalidPropertySet",
                             "The property of a folder cannot be set.");
    }

    rc = ptn_folder_props_set(tx, id, &prop, 1);

    return rc != PTN_EDENIED ? rc
           : ptn_ews_error(e, "ErrorInvalidPropertySet",
                           "The property of a folder cannot be set.");
}


/* --- CreateFolder --------------------------------------------------------- */

static const struct {
    const char  *element;
    const char  *cls;
} ptn_ews_folder_kinds[] = {
    { "Folder",         "IPF.Note" },
    { "CalendarFolder", "IPF.Appointment" },
    { "ContactsFolder", "IPF.Contact" },
    { "TasksFolder",    "IPF.Task" },
    { "SearchFolder",   "IPF.Note" },
};


static ptn_rc_t
ptn_ews_create_one_folder(ptn_ews_t *e, ptn_ews_box_t *box, ptn_id_t parent,
    const ptn_ews_el_t *item)
{
    size_t                                i;
    ptn_id_t                              id;
    ptn_rc_t                              rc;
    ptn_str_t                             name;
    const char                           *cls;
    const ptn_ews_el_t                   *el;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    cls = NULL;

    for (i = 0; i < ptn_nelts(ptn_ews_folder_kinds); i++) {
        if (ptn_ews_named(item, ptn_ews_folder_kinds[i].element)) {
            cls = ptn_ews_folder_kinds[i].cls;
        }
    }

    if (cls == NULL) {
        return ptn_ews_error(e, "ErrorInvalidFolderTypeForOperation",
                             "Such folders cannot be made.");
    }

    name = ptn_ews_find_text(item, "DisplayName");
    if (name.len == 0) {
        return ptn_ews_error(e, "ErrorFolderSavePropertyError",
                             "A folder must have a name.");
    }

    rc = ptn_txn_begin(&tx, box->mb);

    if (rc == PTN_OK) {
        rc = ptn_ews_named(item, "SearchFolder")
             ? ptn_search_folder_create(&tx, parent, name, cls, &id)
             : ptn_folder_create(&tx, parent, name, cls, &id);
    }

    for (el = item->child; rc == PTN_OK && el != NULL; el = el->next) {
        if (!ptn_ews_named(el, "DisplayName")) {
            rc = ptn_ews_folder_set(e, box, &tx, id, el);
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    return rc != PTN_OK ? ptn_ews_folder_error(e, rc)
                        : ptn_ews_put_folder_saved(e, box, id);
}


ptn_rc_t
ptn_ews_create_folder(ptn_ews_t *e)
{
    ptn_id_t             parent;
    ptn_rc_t             rc;
    ptn_ews_box_t       *box;
    ptn_ews_mark_t       mark;
    const ptn_folder_t  *folder;
    const ptn_ews_el_t  *el;

    rc = ptn_ews_folder(e, ptn_ews_child(e->request, "ParentFolderId")->child,
                        &box, &folder);

    if (rc == PTN_EINVAL && e->code != NULL
        && strcmp(e->code, "ErrorFolderNotFound") == 0)
    {
        return ptn_ews_error(e, "ErrorParentFolderNotFound",
                             "The parent folder could not be found.");
    }

    if (rc != PTN_OK) {
        return rc;
    }

    parent = folder->id;
    ptn_ews_reply_open(e);

    for (el = ptn_ews_child(e->request, "Folders")->child; el != NULL;
         el = el->next)
    {
        mark = ptn_ews_mark(&e->out);
        ptn_ews_message_open(e);
        ptn_ews_lit(&e->out, "<m:Folders>");

        rc = ptn_ews_create_one_folder(e, box, parent, el);

        ptn_ews_lit(&e->out, "</m:Folders>");

        rc = ptn_ews_message_end(e, mark, rc, "ErrorFolderNotFound",
                                 "<m:Folders/>");
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_ews_reply_close(e);

    return PTN_OK;
}


/* --- UpdateFolder --------------------------------------------------------- */

static ptn_rc_t
ptn_ews_update_folder_field(ptn_ews_t *e, ptn_ews_box_t *box, ptn_txn_t *tx,
    ptn_id_t id, const ptn_ews_el_t *update)
{
    ptn_rc_t             rc;
    ptn_ews_ext_t        ext;
    ptn_bag_prop_t       prop;
    const ptn_ews_el_t  *folder;

    if (ptn_ews_named(update, "AppendToFolderField")) {
        return ptn_ews_error(e, "ErrorInvalidPropertyAppend",
                   "Nothing can be appended to properties of folders.");
    }

    if (ptn_ews_named(update, "DeleteFolderField")) {
        if (!ptn_ews_named(update->child, "ExtendedFieldURI")) {
            return ptn_ews_error(e, "ErrorInvalidPropertyDelete",
                       "The property of a folder cannot be deleted.");
        }

        rc = ptn_ews_ext_parse(e, update->child, &ext);

        if (rc == PTN_OK) {
            rc = ptn_ews_ext_tag(box->mb, NULL, &ext, &prop.tag);
        }

        if (rc != PTN_OK || prop.tag == 0) {
            return rc;
        }

        prop.value = ptn_str_make(NULL, 0);

        return ptn_folder_props_set(tx, id, &prop, 1);
    }

    folder = update->child->next;

    if (folder == NULL || folder->child == NULL
        || folder->child->next != NULL)
    {
        return ptn_ews_error(e, "ErrorIncorrectUpdatePropertyCount",
                   "An update must have exactly one property.");
    }

    return ptn_ews_folder_set(e, box, tx, id, folder->child);
}


static ptn_rc_t
ptn_ews_update_one_folder(ptn_ews_t *e, const ptn_ews_el_t *change)
{
    ptn_id_t                              id;
    ptn_rc_t                              rc;
    ptn_ews_box_t                        *box;
    const ptn_folder_t                   *folder;
    const ptn_ews_el_t                   *update;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_ews_folder(e, change->child, &box, &folder);
    if (rc != PTN_OK) {
        return rc;
    }

    id = folder->id;
    rc = ptn_txn_begin(&tx, box->mb);

    for (update = ptn_ews_child(change, "Updates")->child;
         rc == PTN_OK && update != NULL; update = update->next)
    {
        rc = ptn_ews_update_folder_field(e, box, &tx, id, update);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    return rc != PTN_OK ? ptn_ews_folder_error(e, rc)
                        : ptn_ews_put_folder_saved(e, box, id);
}


ptn_rc_t
ptn_ews_update_folder(ptn_ews_t *e)
{
    ptn_rc_t             rc;
    ptn_ews_mark_t       mark;
    const ptn_ews_el_t  *el;

    ptn_ews_reply_open(e);

    for (el = ptn_ews_child(e->request, "FolderChanges")->child; el != NULL;
         el = el->next)
    {
        mark = ptn_ews_mark(&e->out);
        ptn_ews_message_open(e);
        ptn_ews_lit(&e->out, "<m:Folders>");

        rc = ptn_ews_update_one_folder(e, el);

        ptn_ews_lit(&e->out, "</m:Folders>");

        rc = ptn_ews_message_end(e, mark, rc, "ErrorFolderNotFound",
                                 "<m:Folders/>");
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_ews_reply_close(e);

    return PTN_OK;
}


/* --- MoveFolder, CopyFolder, DeleteFolder -------------------------------- */

/*
 * `rename`: with " 1", " 2" ... behind the name when there is one of that name,
 * as for folders that go to the trash.
 */
static ptn_rc_t
ptn_ews_folder_to(ptn_ews_t *e, ptn_txn_t *tx, ptn_id_t id, ptn_str_t name,
    ptn_id_t to, bool rename)
{
    int       i;
    ptn_rc_t  rc;

    rc = ptn_folder_move(tx, id, to, name);

    for (i = 1; rc == PTN_EEXIST && rename && i < 100; i++) {
        rc = ptn_folder_move(tx, id, to,
                 ptn_str_printf(e->pool, "%.*s %d", ptn_str_arg(name), i));
    }

    return rc;
}


static ptn_rc_t
ptn_ews_move_one_folder(ptn_ews_t *e, ptn_ews_box_t *box,
    const ptn_folder_t *folder, ptn_id_t to, bool rename)
{
    ptn_id_t                              id;
    ptn_rc_t                              rc;
    ptn_str_t                             name;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    id = folder->id;
    name = ptn_str_dup(e->pool, folder->name);

    rc = name.data == NULL ? PTN_ENOMEM : ptn_txn_begin(&tx, box->mb);

    if (rc == PTN_OK) {
        rc = ptn_ews_folder_to(e, &tx, id, name, to, rename);
    }

    return rc != PTN_OK ? rc : ptn_txn_commit(&tx);
}


/* With all that is in it, as all or nothing. */
static ptn_rc_t
ptn_ews_copy_one_folder(ptn_ews_t *e, ptn_ews_box_t *box,
    const ptn_folder_t *folder, ptn_id_t to, ptn_id_t *ret_id)
{
    bool                                  more;
    ptn_rc_t                              rc;
    ptn_folder_copy_t                    *copy;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, box->mb);

    if (rc == PTN_OK) {
        rc = ptn_folder_copy_begin(&tx, e->pool, folder->id, to,
                                   ptn_str_dup(e->pool, folder->name), true,
                                   &copy);
    }

    for (more = true; rc == PTN_OK && more; /* void */ ) {
        rc = ptn_folder_copy_some(&tx, copy, PTN_EWS_COPY_PORTION, &more);
    }

    if (rc == PTN_OK) {
        *ret_id = ptn_folder_copy_id(copy);
        rc = ptn_txn_commit(&tx);
    }

    return rc;
}


/* To another mailbox: neither is waited for with the other locked. */
static ptn_rc_t
ptn_ews_transfer_folder(ptn_ews_t *e, ptn_ews_box_t *box,
    const ptn_folder_t *folder, ptn_ews_box_t *to_box, ptn_id_t to, bool copy,
    ptn_id_t *ret_id)
{
    bool       partial;
    ptn_id_t   id;
    ptn_rc_t   rc;
    ptn_str_t  name;

    id = folder->id;
    name = ptn_str_dup(e->pool, folder->name);
    rc = name.data == NULL ? PTN_ENOMEM : ptn_app_commit(e->app);

    if (rc == PTN_OK) {
        rc = ptn_folder_transfer_mbox(box->mb, to_box->mb, e->pool, id, to,
                 name,
                 copy ? PTN_TRANSFER_COPY|PTN_TRANSFER_RECURSIVE : 0,
                 ret_id, &partial);
    }

    if (rc == PTN_ESUPPORT) {
        return ptn_ews_error(e, "ErrorMoveCopyFailed",
                   "A search folder of it looks at other folders.");
    }

    return (rc == PTN_OK && partial)
           ? ptn_ews_error(e, "ErrorMoveCopyFailed",
                           "Some of the folder could not be moved.")
           : rc;
}


static ptn_rc_t
ptn_ews_move_folder_to(ptn_ews_t *e, const ptn_ews_el_t *el,
    ptn_ews_box_t *to_box, ptn_id_t to, bool copy)
{
    ptn_id_t             id;
    ptn_rc_t             rc;
    ptn_ews_box_t       *box;
    const ptn_folder_t  *folder;

    rc = ptn_ews_folder(e, el, &box, &folder);
    if (rc != PTN_OK) {
        return rc;
    }

    id = folder->id;

    if (box != to_box) {
        rc = ptn_ews_transfer_folder(e, box, folder, to_box, to, copy, &id);

    } else if (copy) {
        rc = ptn_ews_copy_one_folder(e, box, folder, to, &id);

    } else {
        rc = ptn_ews_move_one_folder(e, box, folder, to, false);
    }

    if (e->code != NULL) {
        return rc;
    }

    if (rc == PTN_EDENIED && folder->special != 0 && !copy) {
        return ptn_ews_error(e, "ErrorMoveDistinguishedFolder",
                             "Distinguished folders cannot be moved.");
    }

    if (rc == PTN_EINVAL) {
        return ptn_ews_error(e, "ErrorMoveCopyFailed",
                             "A folder cannot be moved below itself.");
    }

    return rc != PTN_OK ? ptn_ews_folder_error(e, rc)
                        : ptn_ews_put_folder_saved(e, to_box, id);
}


static ptn_rc_t
ptn_ews_move_folders(ptn_ews_t *e, bool copy)
{
    ptn_id_t             to;
    ptn_rc_t             rc;
    ptn_ews_box_t       *box;
    ptn_ews_mark_t       mark;
    const ptn_folder_t  *folder;
    const ptn_ews_el_t  *el;

    rc = ptn_ews_folder(e, ptn_ews_child(e->request, "ToFolderId")->child,
                        &box, &folder);

    if (rc == PTN_EINVAL && e->code != NULL
        && strcmp(e->code, "ErrorFolderNotFound") == 0)
    {
        return ptn_ews_error(e, "ErrorToFolderNotFound",
                             "The destination folder could not be found.");
    }

    if (rc != PTN_OK) {
        return rc;
    }

    to = folder->id;
    ptn_ews_reply_open(e);

    for (el = ptn_ews_child(e->request, "FolderIds")->child; el != NULL;
         el = el->next)
    {
        mark = ptn_ews_mark(&e->out);
        ptn_ews_message_open(e);
        ptn_ews_lit(&e->out, "<m:Folders>");

        rc = ptn_ews_move_folder_to(e, el, box, to, copy);

        ptn_ews_lit(&e->out, "</m:Folders>");

        rc = ptn_ews_message_end(e, mark, rc, "ErrorFolderNotFound",
                                 "<m:Folders/>");
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_ews_reply_close(e);

    return PTN_OK;
}


ptn_rc_t
ptn_ews_move_folder(ptn_ews_t *e)
{
    return ptn_ews_move_folders(e, false);
}


ptn_rc_t
ptn_ews_copy_folder(ptn_ews_t *e)
{
    return ptn_ews_move_folders(e, true);
}


static ptn_rc_t
ptn_ews_delete_one_folder(ptn_ews_t *e, const ptn_ews_el_t *el, bool trash,
    bool soft)
{
    bool                                  partial;
    ptn_rc_t                              rc;
    ptn_ews_box_t                        *box;
    const ptn_folder_t                   *folder, *deleted;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_ews_folder(e, el, &box, &folder);
    if (rc != PTN_OK) {
        return rc;
    }

    if (trash) {
        rc = ptn_folder_special(box->mb, PTN_FOLDER_DELETED, &deleted);

        if (rc == PTN_OK && folder->special != 0) {
            rc = PTN_EDENIED;
        }

        if (rc == PTN_OK) {
            rc = ptn_ews_move_one_folder(e, box, folder, deleted->id, true);
        }

    } else {
        rc = ptn_txn_begin(&tx, box->mb);

        if (rc == PTN_OK) {
            rc = ptn_folder_remove(&tx, folder->id,
                                   PTN_REMOVE_MESSAGES|PTN_REMOVE_FOLDERS
                                   |(soft ? 0 : PTN_REMOVE_HARD), &partial);
        }

        if (rc == PTN_OK) {
            rc = ptn_txn_commit(&tx);
        }
    }

    if (rc == PTN_EDENIED) {
        return ptn_ews_error(e, "ErrorDeleteDistinguishedFolder",
                             "Distinguished folders cannot be deleted.");
    }

    return rc != PTN_OK ? ptn_ews_folder_error(e, rc) : PTN_OK;
}


ptn_rc_t
ptn_ews_delete_folder(ptn_ews_t *e)
{
    bool                 trash, soft;
    ptn_rc_t             rc;
    ptn_ews_mark_t       mark;
    const ptn_ews_el_t  *el;

    trash = ptn_str_eqz(ptn_ews_attr(e->request, "DeleteType"),
                        "MoveToDeletedItems");
    soft = ptn_str_eqz(ptn_ews_attr(e->request, "DeleteType"), "SoftDelete");

    ptn_ews_reply_open(e);

    for (el = ptn_ews_child(e->request, "FolderIds")->child; el != NULL;
         el = el->next)
    {
        mark = ptn_ews_mark(&e->out);
        ptn_ews_message_open(e);

        rc = ptn_ews_delete_one_folder(e, el, trash, soft);

        rc = ptn_ews_message_end(e, mark, rc, "ErrorFolderNotFound", NULL);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_ews_reply_close(e);

    return PTN_OK;
}


/* --- EmptyFolder ---------------------------------------------------------- */

/* Its subfolders, to the trash (0: not there). */
static ptn_rc_t
ptn_ews_empty_below(ptn_ews_t *e, ptn_txn_t *tx, ptn_ews_box_t *box,
    ptn_id_t folder, ptn_id_t trash, bool soft)
{
    bool                  partial;
    size_t                i, n;
    ptn_id_t             *ids;
    ptn_rc_t              rc;
    ptn_str_t            *names;
    const ptn_folder_t  **below;

    rc = ptn_ews_folders_below(e, box, folder, false, NULL, &below, &n);
    if (rc != PTN_OK) {
        return rc;
    }

    ids = ptn_parray(e->pool, n + 1, sizeof(ptn_id_t));
    names = ptn_parray(e->pool, n + 1, sizeof(ptn_str_t));

    if (ids == NULL || names == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < n; i++) {           /* what is borrowed goes with changes */
        ids[i] = below[i]->id;
        names[i] = ptn_str_dup(e->pool, below[i]->name);
    }

    for (i = 0; rc == PTN_OK && i < n; i++) {
        rc = trash != 0
             ? ptn_ews_folder_to(e, tx, ids[i], names[i], trash, true)
             : ptn_folder_remove(tx, ids[i],
                                 PTN_REMOVE_MESSAGES|PTN_REMOVE_FOLDERS
                                 |(soft ? 0 : PTN_REMOVE_HARD), &partial);
    }

    return rc;
}


static ptn_rc_t
ptn_ews_empty_one(ptn_ews_t *e, const ptn_ews_el_t *el, bool trash, bool soft,
    bool subfolders)
{
    size_t                                n;
    uint32_t                             *uids, *new_uids;
    ptn_id_t                              folder_id, deleted_id;
    ptn_rc_t                              rc;
    ptn_ews_box_t                        *box;
    const ptn_folder_t                   *folder;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_ews_folder(e, el, &box, &folder);
    if (rc != PTN_OK) {
        return rc;
    }

    if (folder->special == PTN_FOLDER_ROOT
        || folder->special == PTN_FOLDER_IPM_SUBTREE || folder->search)
    {
        return ptn_ews_error(e, "ErrorCannotEmptyFolder",
                             "This folder cannot be emptied.");
    }

    folder_id = folder->id;
    rc = ptn_folder_special_id(box->mb, PTN_FOLDER_DELETED, &deleted_id);

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, box->mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_uids(e, box, folder_id, -1, &uids, &n);
    }

    if (rc == PTN_OK) {
        rc = trash && folder_id != deleted_id
             ? ptn_msg_move(&tx, e->pool, folder_id, uids, n, deleted_id,
                            &new_uids)
             : soft ? ptn_msg_gone(&tx, folder_id, uids, n)
             : ptn_msg_expunge(&tx, folder_id, uids, n);
    }

    if (rc == PTN_OK && subfolders) {
        rc = ptn_ews_empty_below(e, &tx, box, folder_id,
                                 trash && folder_id != deleted_id
                                 ? deleted_id : 0, soft);
    }

    if (rc == PTN_EDENIED) {
        return ptn_ews_error(e, "ErrorCannotEmptyFolder",
                   "A distinguished folder is below this one.");
    }

    return rc != PTN_OK ? rc : ptn_txn_commit(&tx);
}


ptn_rc_t
ptn_ews_empty_folder(ptn_ews_t *e)
{
    bool                 trash, soft, subfolders;
    ptn_rc_t             rc;
    ptn_ews_mark_t       mark;
    const ptn_ews_el_t  *el;

    trash = ptn_str_eqz(ptn_ews_attr(e->request, "DeleteType"),
                        "MoveToDeletedItems");
    soft = ptn_str_eqz(ptn_ews_attr(e->request, "DeleteType"), "SoftDelete");
    subfolders = false;
    (void) ptn_xs_bool(ptn_ews_attr(e->request, "DeleteSubFolders"),
                       &subfolders);

    ptn_ews_reply_open(e);

    for (el = ptn_ews_child(e->request, "FolderIds")->child; el != NULL;
         el = el->next)
    {
        mark = ptn_ews_mark(&e->out);
        ptn_ews_message_open(e);

        rc = ptn_ews_empty_one(e, el, trash, soft, subfolders);

        rc = ptn_ews_message_end(e, mark, rc, "ErrorFolderNotFound", NULL);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_ews_reply_close(e);

    return PTN_OK;
}
