#include "ptn_ews.h"


/* What ids name: mailboxes, folders, items. */


ptn_rc_t
ptn_ews_box_user(ptn_ews_t *e, const ptn_user_t *user, ptn_ews_box_t **ret)
{
    unsigned        i;
    ptn_rc_t        rc;
    ptn_mbox_t     *mb;
    ptn_ews_box_t  *box;

    for (i = 0; i < e->nboxes; i++) {
        if (ptn_guid_eq(e->boxes[i]->user.mailbox, user->mailbox)) {
            *ret = e->boxes[i];
            return PTN_OK;
        }
    }

    if (e->nboxes == PTN_EWS_MAILBOXES) {
        return ptn_ews_error(e, "ErrorTooManyObjectsOpened",
                             "The request names too many mailboxes.");
    }

    rc = ptn_mbox_open(e->app->store, user, &e->actor, &mb);
    if (rc != PTN_OK) {
        return rc;
    }

    box = ptn_pcalloc(e->pool, sizeof(ptn_ews_box_t));
    if (box == NULL) {
        return PTN_ENOMEM;
    }

    box->user = *user;
    box->mb = mb;
    ptn_ews_guid_text(user->mailbox, box->guid);

    e->boxes[e->nboxes++] = box;
    *ret = box;

    return PTN_OK;
}


ptn_rc_t
ptn_ews_box_own(ptn_ews_t *e, ptn_ews_box_t **ret)
{
    ptn_rc_t    rc;
    ptn_user_t  user;

    if (e->nboxes != 0
        && ptn_guid_eq(e->boxes[0]->user.mailbox, e->actor.mailbox))
    {
        *ret = e->boxes[0];
        return PTN_OK;
    }

    rc = ptn_user_by_id(e->app->directory, e->pool, e->actor.user, &user);

    return rc != PTN_OK ? rc : ptn_ews_box_user(e, &user, ret);
}


ptn_rc_t
ptn_ews_box_guid(ptn_ews_t *e, ptn_guid_t mailbox, ptn_ews_box_t **ret)
{
    unsigned    i;
    ptn_rc_t    rc;
    ptn_user_t  user;

    if (ptn_guid_eq(mailbox, e->actor.mailbox)) {
        return ptn_ews_box_own(e, ret);
    }

    for (i = 0; i < e->nboxes; i++) {
        if (ptn_guid_eq(e->boxes[i]->user.mailbox, mailbox)) {
            *ret = e->boxes[i];
            return PTN_OK;
        }
    }

    rc = ptn_user_by_mailbox(e->app->directory, e->pool, mailbox, &user);

    return rc != PTN_OK ? rc : ptn_ews_box_user(e, &user, ret);
}


void
ptn_ews_read_end(ptn_ews_t *e)
{
    unsigned  i;

    for (i = 0; i < e->nboxes; i++) {
        ptn_mbox_read_end(e->boxes[i]->mb);
    }
}


/* --- folders -------------------------------------------------------------- */

/*
 * t:DistinguishedFolderIdNameType.  Names without a folder here are in the
 * schema and give ErrorFolderNotFound; those that live with an archive
 * mailbox, ErrorArchiveMailboxNotEnabled.
 */
static const struct {
    const char  *name;
    uint8_t      special;
    uint8_t      since;
} ptn_ews_distinguished_names[] = {
    { "calendar",        PTN_FOLDER_CALENDAR,         PTN_EWS_2007 },
    { "contacts",        PTN_FOLDER_CONTACTS,         PTN_EWS_2007 },
    { "deleteditems",    PTN_FOLDER_DELETED,          PTN_EWS_2007 },
    { "drafts",          PTN_FOLDER_DRAFTS,           PTN_EWS_2007 },
    { "inbox",           PTN_FOLDER_INBOX,            PTN_EWS_2007 },
    { "journal",         PTN_FOLDER_JOURNAL,          PTN_EWS_2007 },
    { "notes",           PTN_FOLDER_NOTES,            PTN_EWS_2007 },
    { "outbox",          PTN_FOLDER_OUTBOX,           PTN_EWS_2007 },
    { "sentitems",       PTN_FOLDER_SENT,             PTN_EWS_2007 },
    { "tasks",           PTN_FOLDER_TASKS,            PTN_EWS_2007 },
    { "msgfolderroot",   PTN_FOLDER_IPM_SUBTREE,      PTN_EWS_2007 },
    { "root",            PTN_FOLDER_ROOT,             PTN_EWS_2007 },
    { "junkemail",       PTN_FOLDER_JUNK,             PTN_EWS_2007 },
    { "searchfolders",   PTN_FOLDER_FINDER,           PTN_EWS_2007 },
    { "syncissues",      PTN_FOLDER_SYNC_ISSUES,      PTN_EWS_2013 },
    { "conflicts",       PTN_FOLDER_CONFLICTS,        PTN_EWS_2013 },
    { "localfailures",   PTN_FOLDER_LOCAL_FAILURES,   PTN_EWS_2013 },
    { "serverfailures",  PTN_FOLDER_SERVER_FAILURES,  PTN_EWS_2013 },
    { "recipientcache",  PTN_FOLDER_SUGGESTED_CONTACTS, PTN_EWS_2013 },
    { "quickcontacts",   PTN_FOLDER_QUICK_CONTACTS,   PTN_EWS_2013 },
    { "archive",         PTN_FOLDER_ARCHIVE,          PTN_EWS_2016 },
};


const char *
ptn_ews_distinguished(uint8_t special, uint8_t version)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_ews_distinguished_names); i++) {
        if (ptn_ews_distinguished_names[i].special == special) {
            return ptn_ews_distinguished_names[i].since <= version
                   ? ptn_ews_distinguished_names[i].name : NULL;
        }
    }

    return NULL;
}


/* The mailbox that t:Mailbox in a DistinguishedFolderId names. */
static ptn_rc_t
ptn_ews_box_named(ptn_ews_t *e, const ptn_ews_el_t *mailbox,
    ptn_ews_box_t **ret)
{
    ptn_rc_t    rc;
    ptn_str_t   address;
    ptn_rcpt_t  rcpt;

    if (mailbox == NULL) {
        return ptn_ews_box_own(e, ret);
    }

    address = ptn_ews_find_text(mailbox, "EmailAddress");
    if (address.len == 0) {
        return ptn_ews_error(e, "ErrorMissingInformationEmailAddress",
                             "The mailbox has no e-mail address.");
    }

    rc = ptn_directory_resolve(e->app->directory, e->pool, address, &rcpt);

    if (rc == PTN_ENOTFOUND || rc == PTN_ESUPPORT || rc == PTN_EDENIED
        || rc == PTN_EINVAL || (rc == PTN_OK && rcpt.user.id == 0))
    {
        return ptn_ews_error(e, "ErrorNonExistentMailbox",
                   "The SMTP address has no mailbox associated with it.");
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (rcpt.user.id == e->actor.user) {
        return ptn_ews_box_own(e, ret);
    }

    rc = ptn_ews_box_user(e, &rcpt.user, ret);

    return rc != PTN_ENOTFOUND ? rc
           : ptn_ews_error(e, "ErrorAccessDenied",
                 "Access is denied. Check credentials and try again.");
}


static ptn_rc_t
ptn_ews_folder_special(ptn_ews_t *e, const ptn_ews_el_t *el,
    ptn_ews_box_t **ret_box, const ptn_folder_t **ret_folder)
{
    size_t          i;
    ptn_id_t        id;
    ptn_rc_t        rc;
    ptn_str_t       name;
    ptn_ews_box_t  *box;

    rc = ptn_ews_box_named(e, ptn_ews_child(el, "Mailbox"), &box);
    if (rc != PTN_OK) {
        return rc;
    }

    name = ptn_ews_attr(el, "Id");
    *ret_box = box;

    for (i = 0; i < ptn_nelts(ptn_ews_distinguished_names); i++) {
        if (ptn_str_eqz(name, ptn_ews_distinguished_names[i].name)) {
            rc = ptn_folder_special(box->mb, (ptn_folder_special_e)
                                    ptn_ews_distinguished_names[i].special,
                                    ret_folder);

            /* ROOT is in no list that shows folders */

            return rc;
        }
    }

    id = ptn_ews_recoverable_id(name);

    if (id != 0) {
        return ptn_ews_recoverable_folder(e, box, id, ret_folder);
    }

    if (name.len > 7 && memcmp(name.data, "archive", 7) == 0) {
        return ptn_ews_error(e, "ErrorArchiveMailboxNotEnabled",
                             "The mailbox has no archive.");
    }

    return PTN_ENOTFOUND;
}


ptn_rc_t
ptn_ews_folder(ptn_ews_t *e, const ptn_ews_el_t *el, ptn_ews_box_t **ret_box,
    const ptn_folder_t **ret_folder)
{
    ptn_rc_t  rc;

    rc = ptn_ews_folder_any(e, el, ret_box, ret_folder);

    return rc != PTN_OK || !ptn_ews_recoverable((*ret_folder)->id) ? rc
           : ptn_ews_error(e, "ErrorInvalidOperation",
                           "The operation is not one of recoverable items.");
}


ptn_rc_t
ptn_ews_folder_any(ptn_ews_t *e, const ptn_ews_el_t *el,
    ptn_ews_box_t **ret_box, const ptn_folder_t **ret_folder)
{
    ptn_rc_t       rc;
    uint64_t       cn;
    ptn_str_t      key;
    ptn_ews_id_t   id;

    if (ptn_ews_named(el, "DistinguishedFolderId")) {
        rc = ptn_ews_folder_special(e, el, ret_box, ret_folder);

    } else if (ptn_ews_named(el, "FolderId")) {
        rc = ptn_ews_id_parse(e, ptn_ews_attr(el, "Id"), &id);

        if (rc == PTN_OK && id.mid != 0) {
            return ptn_ews_error(e, "ErrorCannotUseItemIdForFolderId",
                                 "An item Id was given for a folder.");
        }

        if (rc == PTN_OK) {
            rc = ptn_ews_box_guid(e, id.mailbox, ret_box);
        }

        if (rc == PTN_OK) {
            rc = ptn_mbox_id((*ret_box)->mb, id.folder_replguid, id.folder,
                             &id.folder);
        }

        if (rc == PTN_OK) {
            rc = ptn_ews_recoverable(id.folder)
                 ? ptn_ews_recoverable_folder(e, *ret_box, id.folder,
                                              ret_folder)
                 : ptn_folder_get((*ret_box)->mb, id.folder, ret_folder);
        }

    } else {
        return ptn_ews_error(e, "ErrorInvalidFolderId",
                             "Address lists are no folders here.");
    }

    if (rc == PTN_OK) {
        key = ptn_ews_attr(el, "ChangeKey");

        if (key.len != 0) {
            rc = ptn_ews_change_key_parse(e, key, &cn);
        }
    }

    if (rc == PTN_ENOTFOUND && e->code == NULL) {
        return ptn_ews_error(e, "ErrorFolderNotFound",
                   "The specified folder could not be found in the store.");
    }

    return rc;
}


/* --- items ---------------------------------------------------------------- */

static ptn_rc_t
ptn_ews_row_any(ptn_ews_box_t *box, ptn_ews_id_t *name, ptn_id_t *ret_id,
    bool *ret_gone)
{
    bool      any;
    ptn_rc_t  rc;

    /* ENOTFOUND: given by another incarnation */

    rc = ptn_mbox_id(box->mb, name->replguid, name->mid & PTN_ID_MAX,
                     &name->mid);

    if (rc == PTN_OK) {
        rc = ptn_mbox_id(box->mb, name->folder_replguid,
                         name->folder & PTN_ID_MAX, &name->folder);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    any = ptn_ews_recoverable(name->folder);

    rc = any ? PTN_ENOTFOUND
             : ptn_msg_by_mid(box->mb, name->folder, name->mid, ret_id);

    if (rc == PTN_ENOTFOUND && ret_gone != NULL) {
        rc = ptn_gone_by_mid(box->mb, any ? 0 : name->folder, name->mid,
                             ret_id);
        *ret_gone = rc == PTN_OK;
    }

    return rc;
}


ptn_rc_t
ptn_ews_row(ptn_ews_box_t *box, ptn_ews_id_t *name, ptn_id_t *ret_id)
{
    return ptn_ews_row_any(box, name, ret_id, NULL);
}


static ptn_rc_t
ptn_ews_item_read(ptn_ews_t *e, const ptn_ews_el_t *el,
    ptn_ews_box_t **ret_box, ptn_ews_id_t *ret_name, ptn_id_t *ret_id,
    uint64_t *ret_cn, bool *ret_gone)
{
    ptn_rc_t   rc;
    uint64_t   cn;
    ptn_str_t  key;

    if (ptn_ews_named(el, "OccurrenceItemId")) {
        return ptn_ews_error(e, "ErrorCalendarCannotUseIdForOccurrenceId",
                   "The Id is not that of a recurring calendar item.");
    }

    if (!ptn_ews_named(el, "ItemId") && !ptn_ews_named(el, "ReferenceItemId")
        && !ptn_ews_named(el, "ParentItemId"))
    {
        return ptn_ews_error(e, "ErrorCalendarCannotUseIdForRecurringMasterId",
                   "The Id is not that of an occurrence.");
    }

    rc = ptn_ews_id_parse(e, ptn_ews_attr(el, "Id"), ret_name);
    if (rc != PTN_OK) {
        return rc;
    }

    if (ret_name->mid == 0) {
        return ptn_ews_error(e, "ErrorCannotUseFolderIdForItemId",
                             "A folder Id was given for an item.");
    }

    cn = 0;
    key = ptn_ews_attr(el, "ChangeKey");

    if (key.len != 0) {
        rc = ptn_ews_change_key_parse(e, key, &cn);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    if (ret_cn != NULL) {
        *ret_cn = cn;
    }

    rc = ptn_ews_box_guid(e, ret_name->mailbox, ret_box);
    if (rc != PTN_OK) {
        return rc;
    }

    return ptn_ews_row_any(*ret_box, ret_name, ret_id, ret_gone);
}


ptn_rc_t
ptn_ews_item(ptn_ews_t *e, const ptn_ews_el_t *el, ptn_ews_box_t **ret_box,
    ptn_ews_id_t *ret_name, ptn_id_t *ret_id, uint64_t *ret_cn)
{
    return ptn_ews_item_read(e, el, ret_box, ret_name, ret_id, ret_cn, NULL);
}


ptn_rc_t
ptn_ews_item_any(ptn_ews_t *e, const ptn_ews_el_t *el,
    ptn_ews_box_t **ret_box, ptn_ews_id_t *ret_name, ptn_id_t *ret_id,
    bool *ret_gone)
{
    *ret_gone = false;

    return ptn_ews_item_read(e, el, ret_box, ret_name, ret_id, NULL,
                             ret_gone);
}
