#include <stdio.h>

#include "ptn_ews.h"
#include "ptn_send.h"


/* CreateItem (MS-OXWSCORE 3.1.4.2) and SendItem (3.1.4.8). */


/* --- objects -------------------------------------------------------------- */

ptn_rc_t
ptn_ews_object_dup(ptn_pool_t *pool, const ptn_object_t *from,
    ptn_object_t **ret)
{
    uint32_t       i;
    ptn_rc_t       rc;
    ptn_object_t  *o;

    o = ptn_pcalloc(pool, sizeof(ptn_object_t));
    if (o == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_props_merge(&o->props, pool, &from->props);
    if (rc != PTN_OK) {
        return rc;
    }

    o->nrecips = from->nrecips;
    o->recips = ptn_pcalloc(pool, (from->nrecips + 1) * sizeof(ptn_recip_t));
    o->nattachs = from->nattachs;
    o->attachs = ptn_pcalloc(pool, (from->nattachs + 1)
                                   * sizeof(ptn_attach_t));

    if (o->recips == NULL || o->attachs == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < from->nrecips; i++) {
        o->recips[i] = from->recips[i];
    }

    for (i = 0; i < from->nattachs; i++) {
        o->attachs[i] = from->attachs[i];
    }

    *ret = o;

    return PTN_OK;
}


ptn_rc_t
ptn_ews_load(ptn_ews_t *e, ptn_ews_box_t *box, ptn_id_t id,
    ptn_msg_t **ret_msg, ptn_object_t **ret_object)
{
    ptn_rc_t             rc;
    ptn_msg_t           *msg;
    const ptn_object_t  *object;

    rc = ptn_msg_open(box->mb, e->pool, id, &msg);

    if (rc == PTN_OK) {
        rc = ptn_msg_object(msg, PTN_OXCMAIL_ALL, &object);
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_object_dup(e->pool, object, ret_object);
    }

    if (rc == PTN_OK) {
        *ret_msg = msg;
    }

    return rc;
}


/* --- saving, sending ------------------------------------------------------ */

ptn_rc_t
ptn_ews_save_new(ptn_ews_t *e, ptn_ews_edit_t *edit, ptn_id_t folder,
    ptn_saved_t *ret_saved)
{
    ptn_rc_t    rc;
    ptn_save_t  save;

    memset(&save, 0, sizeof(save));
    save.object = edit->object;
    save.raw = edit->raw;
    save.flags = edit->flags;

    rc = ptn_msg_create(edit->tx, e->pool, folder, &save, ret_saved);

    return rc;
}


ptn_rc_t
ptn_ews_send_object(ptn_ews_t *e, const ptn_object_t *object, ptn_str_t raw)
{
    ptn_rc_t    rc;
    ptn_send_t  send;

    memset(&send, 0, sizeof(send));
    send.actor = &e->actor;
    send.object = object;
    send.raw = raw;

    rc = ptn_send(e->app, e->pool, &send, NULL);

    switch (rc) {

    case PTN_EDENIED:
        return ptn_ews_error(e, "ErrorSendAsDenied",
                   "The user account which was used to submit this request"
                   " does not have the right to send mail on behalf of the"
                   " specified sending account.");

    case PTN_EINVAL:
        return ptn_ews_error(e, "ErrorInvalidRecipients",
                   "At least one recipient isn't valid.");

    case PTN_ELIMIT:
        return ptn_ews_error(e, "ErrorInvalidRecipients",
                   "There are more recipients than a message may have.");

    default:
        return rc;
    }
}


/* Who sends, when, and a name for the message: the same in both copies. */
static ptn_rc_t
ptn_ews_stamp(ptn_ews_t *e, ptn_ews_edit_t *edit, bool sent)
{
    char              hex[PTN_GUID_HEX];
    ptn_rc_t          rc;
    ptn_str_t         name;
    ptn_guid_t        guid;
    ptn_ews_box_t    *own;
    ptn_object_t     *o;

    static const uint32_t  from[] = {
        PTN_PR_SENT_REPRESENTING_NAME, PTN_PR_SENT_REPRESENTING_SMTP_ADDRESS,
        PTN_PR_SENT_REPRESENTING_EMAIL, PTN_PR_SENT_REPRESENTING_ADDRTYPE
    };

    static const uint32_t  sender[] = {
        PTN_PR_SENDER_NAME, PTN_PR_SENDER_SMTP_ADDRESS, PTN_PR_SENDER_EMAIL,
        PTN_PR_SENDER_ADDRTYPE
    };

    o = edit->object;

    rc = ptn_ews_box_own(e, &own);
    if (rc != PTN_OK) {
        return rc;
    }

    name = own->user.display.len != 0 ? own->user.display
                                      : own->user.address;

    if (ptn_props_get(&o->props, from[2]).data == NULL) {
        rc = ptn_ews_edit_person(e, edit, from, name, own->user.address);
    }

    if (rc == PTN_OK
        && ptn_props_get(&o->props, sender[2]).data == NULL)
    {
        rc = ptn_ews_edit_person(e, edit, sender, name, own->user.address);
    }

    if (rc == PTN_OK && sent) {
        rc = ptn_ews_edit_int(e, edit, PTN_PR_CLIENT_SUBMIT_TIME,
                              ptn_filetime(ptn_time_now() / PTN_USEC));
    }

    if (rc == PTN_OK
        && ptn_props_get(&o->props, PTN_PR_INTERNET_MESSAGE_ID).len == 0)
    {
        rc = ptn_guid_make(&guid);

        if (rc == PTN_OK) {
            ptn_guid_hex(guid, hex);
            rc = ptn_ews_edit_prop(e, edit, PTN_PR_INTERNET_MESSAGE_ID,
                     ptn_str_printf(e->pool, "<%s@%s>", hex,
                                    e->app->conf->hostname));
        }
    }

    return rc;
}


/* --- CreateItem ----------------------------------------------------------- */

typedef enum {
    PTN_EWS_SAVE_ONLY, PTN_EWS_SEND_ONLY, PTN_EWS_SEND_AND_SAVE
} ptn_ews_disposition_e;


static ptn_rc_t
ptn_ews_disposition(ptn_ews_t *e, uint8_t *ret)
{
    ptn_str_t  s;

    s = ptn_ews_attr(e->request, "MessageDisposition");

    if (s.data == NULL) {
        return ptn_ews_error(e, "ErrorMessageDispositionRequired",
                   "For a message MessageDisposition must be given.");
    }

    *ret = ptn_str_eqz(s, "SendOnly") ? PTN_EWS_SEND_ONLY
           : ptn_str_eqz(s, "SendAndSaveCopy") ? PTN_EWS_SEND_AND_SAVE
           : PTN_EWS_SAVE_ONLY;

    return PTN_OK;
}


/* Where it is saved: SavedItemFolderId, else Drafts or Sent Items. */
static ptn_rc_t
ptn_ews_saved_folder(ptn_ews_t *e, ptn_folder_special_e special,
    ptn_ews_box_t **ret_box, const ptn_folder_t **ret_folder)
{
    ptn_rc_t             rc;
    const ptn_ews_el_t  *el;

    el = ptn_ews_child(e->request, "SavedItemFolderId");

    if (el != NULL) {
        rc = ptn_ews_folder(e, el->child, ret_box, ret_folder);

        return rc != PTN_EINVAL || e->code == NULL
               || strcmp(e->code, "ErrorFolderNotFound") != 0 ? rc
               : ptn_ews_error(e, "ErrorSavedItemFolderNotFound",
                     "The folder to save in could not be found.");
    }

    rc = ptn_ews_box_own(e, ret_box);

    return rc != PTN_OK ? rc
           : ptn_folder_special((*ret_box)->mb, special, ret_folder);
}


static bool
ptn_ews_is_response(const ptn_ews_el_t *item)
{
    return ptn_ews_named(item, "ReplyToItem")
           || ptn_ews_named(item, "ReplyAllToItem")
           || ptn_ews_named(item, "ForwardItem");
}


/* All in `edit`, nothing written but names of properties. */
static ptn_rc_t
ptn_ews_create_compose(ptn_ews_t *e, const ptn_ews_el_t *item,
    uint8_t disposition, ptn_ews_edit_t *edit)
{
    ptn_rc_t  rc;

    if (ptn_ews_is_response(item)) {
        rc = ptn_ews_response_object(e, item, edit);

    } else if (ptn_ews_named(item, "Message")) {
        rc = ptn_ews_edit_item(e, edit, item);

    } else {
        return ptn_ews_error(e, "ErrorInvalidItemForOperationCreateItem",
                             "Items of that kind cannot be created yet.");
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (edit->raw.len == 0) {
        if (ptn_props_get(&edit->object->props, PTN_PR_MESSAGE_CLASS).data
            == NULL)
        {
            rc = ptn_ews_edit_prop(e, edit, PTN_PR_MESSAGE_CLASS,
                                   ptn_str("IPM.Note"));
        }

        if (rc == PTN_OK) {
            rc = ptn_ews_stamp(e, edit, disposition != PTN_EWS_SAVE_ONLY);
        }
    }

    if (disposition != PTN_EWS_SAVE_ONLY) {
        edit->flags = PTN_FLAG_SEEN;

    } else if ((edit->set & PTN_FLAG_DRAFT) == 0) {

        /* a draft of one's own has been read, unless it was said otherwise */

        edit->flags |= PTN_FLAG_DRAFT;

        if ((edit->set & PTN_FLAG_SEEN) == 0) {
            edit->flags |= PTN_FLAG_SEEN;
        }
    }

    return rc;
}


/*
 * SuppressReadReceipt (MS-OXWSMSG 2.2.4): what is pending for the item it names
 * is not any more.  It stays unread.
 */
static ptn_rc_t
ptn_ews_create_suppress(ptn_ews_t *e, const ptn_ews_el_t *item)
{
    bool                                 *due;
    ptn_id_t                              id;
    ptn_rc_t                              rc;
    ptn_ews_id_t                          name;
    ptn_ews_box_t                        *box;
    const ptn_ews_el_t                   *ref;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    ref = ptn_ews_child(item, "ReferenceItemId");

    if (ref == NULL) {
        return ptn_ews_error(e, "ErrorInvalidReferenceItem",
                             "The item that it is about is not named.");
    }

    rc = ptn_ews_item(e, ref, &box, &name, &id, NULL);

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, box->mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_read_ids(&tx, e->pool, &id, 1,
                              PTN_READ_CLEAR_NOTIFY|PTN_READ_CLEAR_NONREAD,
                              &due);
    }

    return rc != PTN_OK ? rc : ptn_txn_commit(&tx);
}


static ptn_rc_t
ptn_ews_create_one(ptn_ews_t *e, const ptn_ews_el_t *item)
{
    uint8_t                               disposition;
    ptn_rc_t                              rc;
    ptn_str_t                             cls;
    ptn_saved_t                           saved;
    ptn_ews_box_t                        *box;
    ptn_ews_edit_t                       *edit;
    const ptn_folder_t                   *folder;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    if (ptn_ews_named(item, "SuppressReadReceipt")) {
        return ptn_ews_create_suppress(e, item);
    }

    rc = ptn_ews_disposition(e, &disposition);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_ews_saved_folder(e, disposition == PTN_EWS_SAVE_ONLY
                                 ? PTN_FOLDER_DRAFTS : PTN_FOLDER_SENT,
                              &box, &folder);
    if (rc != PTN_OK) {
        return rc;
    }

    edit = ptn_pcalloc(e->pool, sizeof(ptn_ews_edit_t));
    if (edit == NULL) {
        return PTN_ENOMEM;
    }

    edit->object = ptn_pcalloc(e->pool, sizeof(ptn_object_t));
    if (edit->object == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_txn_begin(&tx, box->mb);
    if (rc != PTN_OK) {
        return rc;
    }

    edit->box = box;
    edit->tx = &tx;
    edit->new_item = true;

    rc = ptn_ews_create_compose(e, item, disposition, edit);

    if (rc == PTN_OK && disposition != PTN_EWS_SAVE_ONLY) {
        rc = ptn_ews_send_object(e, edit->raw.len != 0 ? NULL : edit->object,
                                 edit->raw);
    }

    if (rc == PTN_OK && disposition != PTN_EWS_SEND_ONLY) {
        rc = ptn_ews_save_new(e, edit, folder->id, &saved);
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_answered(e, item, edit, disposition);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    if (rc != PTN_OK || disposition != PTN_EWS_SAVE_ONLY) {
        return rc;
    }

    cls = edit->raw.len != 0 ? ptn_str("IPM.Note")
          : ptn_props_get(&edit->object->props, PTN_PR_MESSAGE_CLASS);

    return ptn_ews_put_saved(e, box, folder->id, saved.mid, saved.cn, cls);
}


ptn_rc_t
ptn_ews_create_item(ptn_ews_t *e)
{
    ptn_rc_t             rc;
    ptn_ews_mark_t       mark;
    const ptn_ews_el_t  *el;

    ptn_ews_reply_open(e);

    for (el = ptn_ews_child(e->request, "Items")->child; el != NULL;
         el = el->next)
    {
        mark = ptn_ews_mark(&e->out);
        ptn_ews_message_open(e);
        ptn_ews_lit(&e->out, "<m:Items>");

        rc = ptn_ews_create_one(e, el);

        ptn_ews_lit(&e->out, "</m:Items>");

        rc = ptn_ews_message_end(e, mark, rc, "ErrorFolderNotFound",
                                 "<m:Items/>");
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_ews_reply_close(e);

    return PTN_OK;
}


/* --- SendItem ------------------------------------------------------------- */

/*
 * The message goes out with its own bytes.  Then it moves to where it is to be
 * saved, or goes.
 */
static ptn_rc_t
ptn_ews_send_one(ptn_ews_t *e, const ptn_ews_el_t *el, bool save,
    ptn_ews_box_t *to_box, const ptn_folder_t *to)
{
    ptn_id_t                              id, *ids;
    ptn_rc_t                              rc;
    uint64_t                              cn, modseq;
    ptn_str_t                             raw;
    ptn_msg_t                            *msg;
    ptn_ews_id_t                          name;
    ptn_ews_box_t                        *box;
    ptn_msg_info_t                        info;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_ews_item(e, el, &box, &name, &id, &cn);

    if (rc == PTN_OK && cn == 0) {
        return ptn_ews_error(e, "ErrorChangeKeyRequired",
                   "A change key is required for this operation.");
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_open(box->mb, e->pool, id, &msg);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_msg_info(msg, &info);

    if (info.cn != cn) {
        return ptn_ews_error(e, "ErrorStaleObject",
                   "The change key does not fit the item as it is now.");
    }

    if (save && to_box != box) {
        return ptn_ews_error(e, "ErrorCrossMailboxMoveCopy",
                   "The folder to save in is of another mailbox.");
    }

    rc = ptn_msg_slice(msg, e->pool, 0, UINT64_MAX,
                       (size_t) e->app->conf->message_max, &raw);

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, box->mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_send_object(e, NULL, raw);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (!save) {
        rc = ptn_msg_expunge_ids(&tx, &id, 1);

    } else {
        rc = ptn_msg_flags_ids(&tx, &id, 1, PTN_FLAGS_REMOVE, PTN_FLAG_DRAFT,
                               0, &modseq);

        if (rc == PTN_OK) {
            rc = ptn_msg_flags_ids(&tx, &id, 1, PTN_FLAGS_ADD, PTN_FLAG_SEEN,
                                   0, &modseq);
        }

        if (rc == PTN_OK && to->id != info.folder) {
            rc = ptn_msg_move_ids(&tx, e->pool, info.folder, &id, 1, to->id,
                                  &ids);
        }
    }

    return rc != PTN_OK ? rc : ptn_txn_commit(&tx);
}


ptn_rc_t
ptn_ews_send_item(ptn_ews_t *e)
{
    bool                 save, given;
    ptn_rc_t             rc;
    ptn_ews_box_t       *box;
    ptn_ews_mark_t       mark;
    const ptn_folder_t  *folder;
    const ptn_ews_el_t  *el;

    save = false;
    (void) ptn_xs_bool(ptn_ews_attr(e->request, "SaveItemToFolder"), &save);

    given = ptn_ews_child(e->request, "SavedItemFolderId") != NULL;
    box = NULL;
    folder = NULL;

    if (!save && given) {
        return ptn_ews_error(e, "ErrorInvalidSendItemSaveSettings",
                   "A folder to save in was given, and not to save.");
    }

    if (save) {
        rc = ptn_ews_saved_folder(e, PTN_FOLDER_SENT, &box, &folder);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_ews_reply_open(e);

    for (el = ptn_ews_child(e->request, "ItemIds")->child; el != NULL;
         el = el->next)
    {
        mark = ptn_ews_mark(&e->out);
        ptn_ews_message_open(e);

        rc = ptn_ews_send_one(e, el, save, box, folder);

        rc = ptn_ews_message_end(e, mark, rc, NULL, NULL);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_ews_reply_close(e);

    return PTN_OK;
}
