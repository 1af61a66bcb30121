#include "ptn_ews.h"


/* UpdateItem (MS-OXWSCORE 3.1.4.9). */


/* The path of an update: a field, or an extended property. */
static ptn_rc_t
ptn_ews_update_path(ptn_ews_t *e, const ptn_ews_el_t *path,
    const ptn_ews_field_t **ret_field)
{
    ptn_str_t  uri;

    *ret_field = NULL;

    if (ptn_ews_named(path, "ExtendedFieldURI")) {
        return PTN_OK;
    }

    uri = ptn_ews_attr(path, "FieldURI");

    if (ptn_ews_named(path, "FieldURI")) {
        *ret_field = ptn_ews_field(uri);

        if (*ret_field != NULL) {
            return PTN_OK;
        }
    }

    return ptn_ews_error(e, "ErrorInvalidPropertySet",
                         "The property cannot be set on this item.");
}


/* The element in t:Message that the path names, and no other. */
static ptn_rc_t
ptn_ews_update_value(ptn_ews_t *e, const ptn_ews_el_t *update,
    const ptn_ews_field_t *f, const ptn_ews_el_t **ret)
{
    const ptn_ews_el_t  *item;

    item = update->child->next;         /* behind the path */

    if (item == NULL || item->child == NULL || item->child->next != NULL) {
        return ptn_ews_error(e, "ErrorIncorrectUpdatePropertyCount",
                   "An update must have exactly one property.");
    }

    if (strcmp(item->child->name, f == NULL ? "ExtendedProperty"
                                            : f->element + 2) != 0)
    {
        return ptn_ews_error(e, "ErrorUpdatePropertyMismatch",
                   "The path and the property that is given differ.");
    }

    *ret = item->child;

    return PTN_OK;
}


static ptn_rc_t
ptn_ews_update_field(ptn_ews_t *e, ptn_ews_edit_t *edit,
    const ptn_ews_el_t *update)
{
    bool                    append;
    uint32_t                tag;
    ptn_rc_t                rc;
    ptn_ews_ext_t           ext;
    const ptn_ews_el_t     *value = NULL;
    const ptn_ews_field_t  *f;

    rc = ptn_ews_update_path(e, update->child, &f);
    if (rc != PTN_OK) {
        return rc;
    }

    append = ptn_ews_named(update, "AppendToItemField");

    if (!ptn_ews_named(update, "DeleteItemField")) {
        rc = ptn_ews_update_value(e, update, f, &value);
        if (rc != PTN_OK) {
            return rc;
        }

        if (f == NULL) {
            f = ptn_ews_field_element("ExtendedProperty");
        }

        return ptn_ews_edit_field(e, edit, f, value, append);
    }

    if (f != NULL) {
        return ptn_ews_edit_field(e, edit, f, NULL, false);
    }

    rc = ptn_ews_ext_parse(e, update->child, &ext);

    if (rc == PTN_OK) {
        rc = ptn_ews_ext_tag(edit->box->mb, NULL, &ext, &tag);
    }

    return rc != PTN_OK || tag == 0 ? rc : ptn_ews_edit_unset(e, edit, tag);
}


/*
 * ConflictResolution: NeverOverwrite wants the change key to be that of now;
 * AutoResolve too, when the update replaces content, since there is nothing to
 * merge with; AlwaysOverwrite does not look.
 */
static ptn_rc_t
ptn_ews_update_conflict(ptn_ews_t *e, uint64_t given, uint64_t cn,
    bool content)
{
    ptn_str_t  how;

    how = ptn_ews_attr(e->request, "ConflictResolution");

    if (ptn_str_eqz(how, "AlwaysOverwrite")) {
        return PTN_OK;
    }

    if (given == 0) {
        return ptn_ews_error(e, "ErrorChangeKeyRequiredForWriteOperations",
                   "A change key is required for this operation.");
    }

    if (given == cn || (!ptn_str_eqz(how, "NeverOverwrite") && !content)) {
        return PTN_OK;
    }

    return ptn_ews_error(e, "ErrorIrresolvableConflict",
               "The send or update operation could not be performed because"
               " the change key passed in the request does not match the"
               " current change key for the item.");
}


/* Writes what was edited.  Flags alone move no content number (\Seen). */
static ptn_rc_t
ptn_ews_update_save(ptn_ews_t *e, ptn_ews_edit_t *edit,
    const ptn_msg_info_t *info)
{
    bool        *due;
    ptn_rc_t     rc;
    uint64_t     modseq;
    uint32_t     on, off;
    ptn_save_t   save;
    ptn_saved_t  saved;

    rc = PTN_OK;

    if (edit->content) {
        memset(&save, 0, sizeof(save));
        save.object = edit->object;
        save.flags = info->flags;
        save.keywords = info->keywords;
        save.received = info->received;
        save.fai = info->fai;

        rc = ptn_msg_update(edit->tx, e->pool, edit->id, &save, 0, &saved);

    } else if (edit->nchanges != 0) {
        rc = ptn_msg_set_props(edit->tx, e->pool, edit->id, edit->changes,
                               edit->nchanges, &saved);
    }

    on = edit->set & edit->flags;
    off = edit->set & ~edit->flags;

    if (rc == PTN_OK && (on & PTN_FLAG_SEEN)) {
        rc = ptn_msg_read_ids(edit->tx, e->pool, &edit->id, 1,
                              ptn_ews_suppressed(e) ? PTN_READ_SUPPRESS : 0,
                              &due);
        on &= ~PTN_FLAG_SEEN;
    }

    if (rc == PTN_OK && on != 0) {
        rc = ptn_msg_flags_ids(edit->tx, &edit->id, 1, PTN_FLAGS_ADD, on, 0,
                               &modseq);
    }

    if (rc == PTN_OK && off != 0) {
        rc = ptn_msg_flags_ids(edit->tx, &edit->id, 1, PTN_FLAGS_REMOVE, off,
                               0, &modseq);
    }

    return rc;
}


/* MessageDisposition: a draft that is sent by the update. */
static ptn_rc_t
ptn_ews_update_send(ptn_ews_t *e, ptn_ews_edit_t *edit, bool copy)
{
    ptn_id_t             *ids;
    ptn_rc_t              rc;
    uint64_t              modseq;
    ptn_str_t             raw;
    ptn_msg_t            *msg;
    const ptn_folder_t   *sent;

    rc = ptn_msg_open(edit->box->mb, e->pool, edit->id, &msg);

    if (rc == PTN_OK) {
        rc = ptn_msg_slice(msg, e->pool, 0, UINT64_MAX,
                           (size_t) e->app->conf->message_max, &raw);
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_send_object(e, NULL, raw);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (!copy) {
        return ptn_msg_expunge_ids(edit->tx, &edit->id, 1);
    }

    rc = ptn_msg_flags_ids(edit->tx, &edit->id, 1, PTN_FLAGS_REMOVE,
                           PTN_FLAG_DRAFT, 0, &modseq);

    if (rc == PTN_OK) {
        rc = ptn_folder_special(edit->box->mb, PTN_FOLDER_SENT, &sent);
    }

    return rc != PTN_OK ? rc
           : ptn_msg_move_ids(edit->tx, e->pool, ptn_msg_folder(msg),
                              &edit->id, 1, sent->id, &ids);
}


static ptn_rc_t
ptn_ews_update_one(ptn_ews_t *e, const ptn_ews_el_t *change)
{
    ptn_rc_t                              rc;
    uint64_t                              given;
    ptn_str_t                             cls, how;
    ptn_msg_t                            *msg;
    ptn_ews_id_t                          name;
    ptn_msg_info_t                        info;
    ptn_ews_edit_t                       *edit;
    const ptn_ews_el_t                   *update;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    edit = ptn_pcalloc(e->pool, sizeof(ptn_ews_edit_t));
    if (edit == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_ews_item(e, change->child, &edit->box, &name, &edit->id, &given);

    if (rc == PTN_OK && name.nattach != 0) {
        return ptn_ews_error(e, "ErrorCannotUseItemIdForFolderId",
                             "Attached items cannot be updated.");
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, edit->box->mb);
    }

    edit->tx = &tx;

    if (rc == PTN_OK) {
        rc = ptn_msg_open(edit->box->mb, e->pool, edit->id, &msg);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_msg_info(msg, &info);

    for (update = ptn_ews_child(change, "Updates")->child; update != NULL;
         update = update->next)
    {
        rc = ptn_ews_update_field(e, edit, update);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    rc = ptn_ews_update_conflict(e, given, info.cn, edit->content
                                                    || edit->nchanges != 0);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_ews_update_save(e, edit, &info);

    how = ptn_ews_attr(e->request, "MessageDisposition");

    if (rc == PTN_OK && how.len > 4 && memcmp(how.data, "Send", 4) == 0) {
        rc = ptn_ews_update_send(e, edit,
                                 ptn_str_eqz(how, "SendAndSaveCopy"));

        return rc != PTN_OK ? rc : ptn_txn_commit(&tx);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_open(edit->box->mb, e->pool, edit->id, &msg);
    }

    if (rc == PTN_OK) {
        static const uint32_t  tag = PTN_PR_MESSAGE_CLASS;

        rc = ptn_msg_props(msg, &tag, 1, &cls);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_msg_info(msg, &info);

    return ptn_ews_put_saved(e, edit->box, info.folder, info.mid, info.cn,
                             cls);
}


ptn_rc_t
ptn_ews_update_item(ptn_ews_t *e)
{
    ptn_rc_t             rc;
    ptn_ews_mark_t       mark;
    const ptn_ews_el_t  *el;

    if (ptn_ews_attr(e->request, "MessageDisposition").data == NULL
        && e->version > PTN_EWS_2007)
    {
        /* messages want it (MS-OXWSCORE 3.1.4.9.3.6) */

        return ptn_ews_error(e, "ErrorMessageDispositionRequired",
                   "For a message MessageDisposition must be given.");
    }

    ptn_ews_reply_open(e);

    for (el = ptn_ews_child(e->request, "ItemChanges")->child; el != NULL;
         el = el->next)
    {
        mark = ptn_ews_mark(&e->out);
        ptn_ews_message_open(e);
        ptn_ews_lit(&e->out, "<m:Items>");

        rc = ptn_ews_update_one(e, el);

        ptn_ews_lit(&e->out, "</m:Items>");

        if (e->version >= PTN_EWS_2010 && rc == PTN_OK) {
            ptn_ews_lit(&e->out, "<m:ConflictResults><t:Count>0</t:Count>"
                                 "</m:ConflictResults>");
        }

        rc = ptn_ews_message_end(e, mark, rc, NULL, "<m:Items/>");
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_ews_reply_close(e);

    return PTN_OK;
}
