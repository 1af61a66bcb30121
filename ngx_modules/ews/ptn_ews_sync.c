#include "ptn_ews.h"


/* MS-OXWSSYNC: what changed since a SyncState. */

#define PTN_EWS_SYNC_MAX     512        /* t:MaxSyncChangesReturnedType */
#define PTN_EWS_SYNC_IGNORE  1000


static ptn_rc_t
ptn_ews_sync_stale(ptn_ews_t *e, ptn_rc_t rc)
{
    return rc != PTN_ESTALE ? rc
           : ptn_ews_error(e, "ErrorInvalidSyncStateData",
                 "The sync state data is corrupted or otherwise invalid.");
}


/* --- items ---------------------------------------------------------------- */

typedef struct {
    ptn_id_t  *mids;
    size_t     n;
} ptn_ews_ignore_t;


static ptn_rc_t
ptn_ews_sync_ignore(ptn_ews_t *e, const ptn_ews_box_t *box,
    const ptn_ews_el_t *list, ptn_ews_ignore_t *ret)
{
    ptn_rc_t             rc;
    ptn_ews_id_t         id;
    const ptn_ews_el_t  *el;

    memset(ret, 0, sizeof(ptn_ews_ignore_t));

    if (list == NULL) {
        return PTN_OK;
    }

    ret->mids = ptn_parray(e->pool, PTN_EWS_SYNC_IGNORE, sizeof(ptn_id_t));
    if (ret->mids == NULL) {
        return PTN_ENOMEM;
    }

    for (el = list->child; el != NULL; el = el->next) {
        if (ret->n == PTN_EWS_SYNC_IGNORE) {
            return ptn_ews_error(e, "ErrorInvalidArgument",
                                 "Too many items are to be ignored.");
        }

        rc = ptn_ews_id_parse(e, ptn_ews_attr(el, "Id"), &id);
        if (rc != PTN_OK) {
            return rc;
        }

        /* one of nowhere cannot come */

        rc = ptn_mbox_id(box->mb, id.replguid, id.mid, &ret->mids[ret->n]);
        ret->n += (rc == PTN_OK);
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_ews_sync_change(ptn_ews_t *e, ptn_ews_box_t *box, ptn_id_t folder,
    ptn_ews_shape_t *shape, const ptn_sync_change_t *c,
    const ptn_ews_ignore_t *ignore)
{
    size_t           i;
    ptn_rc_t         rc;
    const char      *name;
    ptn_msg_t       *msg;
    ptn_ews_mark_t   mark;
    ptn_msg_info_t   info;

    mark = ptn_ews_mark(&e->out);

    if (c->kind == PTN_SYNC_DELETE) {
        ptn_ews_lit(&e->out, "<t:Delete>");
        rc = ptn_ews_put_item_id(e, box, "t:ItemId", folder, c->mid, 0,
                                 PTN_EWS_CK_MESSAGE);
        ptn_ews_lit(&e->out, "</t:Delete>");

        return rc;
    }

    rc = ptn_mbox_read(box->mb);

    if (rc == PTN_OK) {
        rc = ptn_msg_open(box->mb, e->pool, c->id, &msg);
    }

    if (rc != PTN_OK) {
        return rc == PTN_ENOTFOUND ? PTN_OK : rc;
    }

    ptn_msg_info(msg, &info);

    for (i = 0; i < ignore->n; i++) {
        if (ignore->mids[i] == info.mid) {
            return PTN_OK;
        }
    }

    if (c->kind == PTN_SYNC_READ) {
        ptn_ews_lit(&e->out, "<t:ReadFlagChange>");
        rc = ptn_ews_put_item_id(e, box, "t:ItemId", info.folder, info.mid,
                                 info.cn, PTN_EWS_CK_MESSAGE);
        ptn_ews_elem_bool(&e->out, "t:IsRead",
                          (c->flags & PTN_FLAG_SEEN) != 0);
        ptn_ews_lit(&e->out, "</t:ReadFlagChange>");

        return rc;
    }

    name = c->kind == PTN_SYNC_CREATE ? "t:Create" : "t:Update";
    ptn_xml_put_open(&e->out.buf, name);

    rc = ptn_ews_put_message(e, box, shape, c->id, false, 0);

    ptn_xml_put_close(&e->out.buf, name);

    if (rc == PTN_ENOTFOUND && ptn_ews_rewind(&e->out, mark)) {
        rc = PTN_OK;                    /* gone just now: the next sync's */
    }

    return rc != PTN_OK ? rc : ptn_ews_flush(&e->out);
}


static ptn_rc_t
ptn_ews_sync_items_of(ptn_ews_t *e, ptn_ews_shape_t *shape)
{
    bool                  more;
    size_t                i, n;
    int64_t               max;
    ptn_rc_t              rc;
    ptn_str_t             text;
    ptn_sync_t            sync;
    ptn_ews_box_t        *box;
    ptn_ews_ignore_t      ignore;
    const ptn_folder_t   *folder;
    ptn_sync_change_t    *changes;

    rc = ptn_ews_folder(e, ptn_ews_child(e->request, "SyncFolderId")->child,
                        &box, &folder);

    if (rc == PTN_EINVAL && e->code != NULL
        && strcmp(e->code, "ErrorFolderNotFound") == 0)
    {
        return ptn_ews_error(e, "ErrorSyncFolderNotFound",
                   "The folder to synchronize could not be found.");
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_state_parse(e, ptn_ews_find_text(e->request,
                                                      "SyncState"),
                                 PTN_EWS_STATE_ITEMS, folder->id, &sync);
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_sync_ignore(e, box, ptn_ews_child(e->request, "Ignore"),
                                 &ignore);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    max = ptn_ews_find_int(e->request, "MaxChangesReturned", 1);
    max = ptn_max(1, ptn_min(max, PTN_EWS_SYNC_MAX));

    rc = ptn_sync_items(box->mb, e->pool, folder->id, false, &sync,
                        (size_t) max, &changes, &n, &more);

    if (rc == PTN_OK) {
        rc = ptn_ews_state_text(e->pool, PTN_EWS_STATE_ITEMS, folder->id,
                                &sync, &text);
    }

    if (rc != PTN_OK) {
        return ptn_ews_sync_stale(e, rc);
    }

    ptn_ews_elem(&e->out, "m:SyncState", text);
    ptn_ews_elem_bool(&e->out, "m:IncludesLastItemInRange", !more);
    ptn_ews_lit(&e->out, "<m:Changes>");

    for (i = 0; i < n; i++) {
        rc = ptn_ews_sync_change(e, box, folder->id, shape, &changes[i],
                                 &ignore);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_ews_lit(&e->out, "</m:Changes>");

    return PTN_OK;
}


ptn_rc_t
ptn_ews_sync_folder_items(ptn_ews_t *e)
{
    ptn_rc_t          rc;
    ptn_ews_mark_t    mark;
    ptn_ews_shape_t  *shape;

    shape = ptn_palloc(e->pool, sizeof(ptn_ews_shape_t));
    if (shape == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_ews_shape(e, ptn_ews_child(e->request, "ItemShape"), false,
                       shape);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ews_reply_open(e);
    mark = ptn_ews_mark(&e->out);
    ptn_ews_message_open(e);

    rc = ptn_ews_sync_items_of(e, shape);

    rc = ptn_ews_message_end(e, mark, rc, "ErrorSyncFolderNotFound", NULL);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ews_reply_close(e);

    return PTN_OK;
}


/* --- folders -------------------------------------------------------------- */

static ptn_rc_t
ptn_ews_sync_folder_change(ptn_ews_t *e, ptn_ews_box_t *box,
    const ptn_ews_folder_shape_t *shape, const ptn_sync_change_t *c)
{
    ptn_rc_t             rc;
    const char          *name;
    const ptn_folder_t  *folder;

    if (c->kind == PTN_SYNC_DELETE) {
        ptn_ews_lit(&e->out, "<t:Delete>");
        rc = ptn_ews_put_folder_id(e, box, "t:FolderId", c->id, 0,
                                   PTN_EWS_CK_FOLDER);
        ptn_ews_lit(&e->out, "</t:Delete>");

        return rc;
    }

    rc = ptn_folder_get(box->mb, c->id, &folder);
    if (rc != PTN_OK) {
        return rc == PTN_ENOTFOUND ? PTN_OK : rc;
    }

    name = c->kind == PTN_SYNC_CREATE ? "t:Create" : "t:Update";

    ptn_xml_put_open(&e->out.buf, name);
    rc = ptn_ews_put_folder(e, box, folder, shape);
    ptn_xml_put_close(&e->out.buf, name);

    return rc;
}


static ptn_rc_t
ptn_ews_sync_folders_of(ptn_ews_t *e, const ptn_ews_folder_shape_t *shape)
{
    bool                  more;
    size_t                i, n;
    ptn_rc_t              rc;
    ptn_str_t             text;
    ptn_sync_t            sync;
    ptn_ews_box_t        *box;
    const ptn_ews_el_t   *el;
    const ptn_folder_t   *folder;
    ptn_sync_change_t    *changes;

    el = ptn_ews_child(e->request, "SyncFolderId");

    if (el != NULL) {
        rc = ptn_ews_folder(e, el->child, &box, &folder);

    } else {
        rc = ptn_ews_box_own(e, &box);

        if (rc == PTN_OK) {
            rc = ptn_folder_special(box->mb, PTN_FOLDER_IPM_SUBTREE, &folder);
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_state_parse(e, ptn_ews_find_text(e->request,
                                                      "SyncState"),
                                 PTN_EWS_STATE_FOLDERS, folder->id, &sync);
    }

    if (rc == PTN_OK) {
        rc = ptn_sync_folders(box->mb, e->pool, folder->id, &sync, 10000,
                              &changes, &n, &more);
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_state_text(e->pool, PTN_EWS_STATE_FOLDERS, folder->id,
                                &sync, &text);
    }

    if (rc != PTN_OK) {
        return ptn_ews_sync_stale(e, rc);
    }

    ptn_ews_elem(&e->out, "m:SyncState", text);
    ptn_ews_elem_bool(&e->out, "m:IncludesLastFolderInRange", !more);
    ptn_ews_lit(&e->out, "<m:Changes>");

    for (i = 0; i < n; i++) {
        rc = ptn_ews_sync_folder_change(e, box, shape, &changes[i]);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_ews_lit(&e->out, "</m:Changes>");

    return PTN_OK;
}


ptn_rc_t
ptn_ews_sync_folder_hierarchy(ptn_ews_t *e)
{
    ptn_rc_t                 rc;
    ptn_ews_mark_t           mark;
    ptn_ews_folder_shape_t   shape;

    rc = ptn_ews_folder_shape(e, ptn_ews_child(e->request, "FolderShape"),
                              &shape);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ews_reply_open(e);
    mark = ptn_ews_mark(&e->out);
    ptn_ews_message_open(e);

    rc = ptn_ews_sync_folders_of(e, &shape);

    rc = ptn_ews_message_end(e, mark, rc, "ErrorSyncFolderNotFound", NULL);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ews_reply_close(e);

    return PTN_OK;
}
