#include <pthread.h>
#include <stdlib.h>

#include "ptn_ews_sub.h"


static struct {
    pthread_mutex_t   lock;
    ptn_ews_sub_t    *first;
    size_t            n;
} ptn_ews_subs = { PTHREAD_MUTEX_INITIALIZER, NULL, 0 };

#define PTN_EWS_SUB_BLOB  17            /* 1, then the id */


static void
ptn_ews_subs_lock(void)
{
    (void) pthread_mutex_lock(&ptn_ews_subs.lock);
}


static void
ptn_ews_subs_unlock(void)
{
    (void) pthread_mutex_unlock(&ptn_ews_subs.lock);
}


/* Within the lock. */
static void
ptn_ews_sub_drop(ptn_ews_sub_t *sub)
{
    if (--sub->refs == 0) {
        free(sub);
    }
}


/* Within the lock: those that nobody came back to. */
static void
ptn_ews_subs_sweep(uint64_t user, size_t *ret_n)
{
    size_t           n;
    uint64_t         now;
    ptn_ews_sub_t   *sub, **link;

    now = ptn_time_mono();
    n = 0;

    for (link = &ptn_ews_subs.first; (sub = *link) != NULL; /* void */) {

        if (sub->gone
            || (sub->connection == NULL && now - sub->used > sub->idle))
        {
            sub->gone = true;
            *link = sub->next;
            ptn_ews_subs.n--;
            ptn_ews_sub_drop(sub);
            continue;
        }

        if (sub->user == user) {
            n++;
        }

        link = &sub->next;
    }

    *ret_n = n;
}


ptn_rc_t
ptn_ews_sub_add(const ptn_ews_sub_t *from, const ptn_id_t *folders,
    ptn_ews_sub_t **ret)
{
    size_t          n;
    ptn_rc_t        rc;
    ptn_ews_sub_t  *sub;

    sub = calloc(1, sizeof(ptn_ews_sub_t)
                    + from->nfolders * sizeof(ptn_id_t));
    if (sub == NULL) {
        return PTN_ENOMEM;
    }

    *sub = *from;

    if (from->nfolders != 0) {
        memcpy(sub->folders, folders, from->nfolders * sizeof(ptn_id_t));
    }

    rc = ptn_guid_make(&sub->id);

    if (rc != PTN_OK) {
        free(sub);
        return rc;
    }

    sub->refs = 2;                      /* the list's and the caller's */
    sub->used = ptn_time_mono();

    ptn_ews_subs_lock();
    ptn_ews_subs_sweep(sub->user, &n);

    if (n >= PTN_EWS_SUBS_USER_MAX || ptn_ews_subs.n >= PTN_EWS_SUBS_MAX) {
        rc = PTN_ELIMIT;

    } else {
        sub->next = ptn_ews_subs.first;
        ptn_ews_subs.first = sub;
        ptn_ews_subs.n++;
    }

    ptn_ews_subs_unlock();

    if (rc != PTN_OK) {
        free(sub);
        return rc;
    }

    *ret = sub;

    return PTN_OK;
}


ptn_rc_t
ptn_ews_sub_text(ptn_pool_t *pool, const ptn_ews_sub_t *sub, ptn_str_t *ret)
{
    u_char     blob[PTN_EWS_SUB_BLOB];
    ptn_str_t  text;

    blob[0] = 1;
    memcpy(blob + 1, sub->id.b, 16);

    text = ptn_base64_encode(pool, ptn_str_make(blob, sizeof(blob)));
    if (text.data == NULL) {
        return PTN_ENOMEM;
    }

    *ret = text;

    return PTN_OK;
}


ptn_rc_t
ptn_ews_sub_get(ptn_ews_t *e, ptn_str_t text, ptn_ews_sub_t **ret)
{
    ptn_str_t       blob;
    ptn_ews_sub_t  *sub;

    if (ptn_xs_base64(e->pool, text, &blob) != PTN_OK
        || blob.len != PTN_EWS_SUB_BLOB || blob.data[0] != 1)
    {
        return ptn_ews_error(e, "ErrorInvalidSubscription",
                             "The subscription id is invalid.");
    }

    ptn_ews_subs_lock();

    for (sub = ptn_ews_subs.first; sub != NULL; sub = sub->next) {
        if (!sub->gone && memcmp(sub->id.b, blob.data + 1, 16) == 0) {
            break;
        }
    }

    if (sub != NULL && sub->user == e->actor.user) {
        sub->refs++;
        sub->used = ptn_time_mono();
        *ret = sub;
    }

    ptn_ews_subs_unlock();

    if (sub == NULL) {
        return ptn_ews_error(e, "ErrorSubscriptionNotFound",
                             "The subscription could not be found.");
    }

    if (*ret != sub) {
        return ptn_ews_error(e, "ErrorSubscriptionAccessDenied",
                             "The subscription is somebody else's.");
    }

    return PTN_OK;
}


void
ptn_ews_sub_unref(ptn_ews_sub_t *sub)
{
    if (sub == NULL) {
        return;
    }

    ptn_ews_subs_lock();
    ptn_ews_sub_drop(sub);
    ptn_ews_subs_unlock();
}


void
ptn_ews_sub_end(ptn_ews_sub_t *sub)
{
    size_t  n;

    ptn_ews_subs_lock();
    sub->gone = true;
    ptn_ews_subs_sweep(0, &n);
    ptn_ews_subs_unlock();
}


void
ptn_ews_sub_connect(ptn_ews_sub_t *sub, const void *connection)
{
    ptn_ews_subs_lock();
    sub->connection = connection;
    sub->used = ptn_time_mono();
    ptn_ews_subs_unlock();
}


bool
ptn_ews_sub_connected(ptn_ews_sub_t *sub, const void *connection,
    bool *ret_gone, uint64_t *ret_last)
{
    bool  ours;

    ptn_ews_subs_lock();
    ours = (sub->connection == connection);
    *ret_gone = sub->gone;
    *ret_last = sub->last;
    ptn_ews_subs_unlock();

    return ours;
}


void
ptn_ews_sub_release(ptn_ews_sub_t *sub, const void *connection)
{
    ptn_ews_subs_lock();

    if (sub->connection == connection) {
        sub->connection = NULL;
        sub->used = ptn_time_mono();
    }

    ptn_ews_subs_unlock();
}


void
ptn_ews_sub_told(ptn_ews_sub_t *sub, uint64_t last)
{
    ptn_ews_subs_lock();
    sub->last = last;
    ptn_ews_subs_unlock();
}


/* --- watermarks ----------------------------------------------------------- */

ptn_rc_t
ptn_ews_watermark(ptn_pool_t *pool, uint64_t epoch, uint64_t n,
    ptn_str_t *ret)
{
    size_t     k;
    u_char     b[16];
    ptn_str_t  text;

    for (k = 0; k < 8; k++) {
        b[k] = (u_char) (epoch >> (8 * k));
        b[8 + k] = (u_char) (n >> (8 * k));
    }

    text = ptn_base64_encode(pool, ptn_str_make(b, sizeof(b)));
    if (text.data == NULL) {
        return PTN_ENOMEM;
    }

    *ret = text;

    return PTN_OK;
}


ptn_rc_t
ptn_ews_watermark_parse(ptn_ews_t *e, ptn_str_t text, uint64_t *ret_epoch,
    uint64_t *ret_n)
{
    size_t     k;
    ptn_str_t  b;

    if (ptn_xs_base64(e->pool, text, &b) != PTN_OK || b.len != 16) {
        return ptn_ews_error(e, "ErrorInvalidWatermark",
                             "The watermark is invalid.");
    }

    *ret_epoch = 0;
    *ret_n = 0;

    for (k = 0; k < 8; k++) {
        *ret_epoch |= (uint64_t) b.data[k] << (8 * k);
        *ret_n |= (uint64_t) b.data[8 + k] << (8 * k);
    }

    return PTN_OK;
}


/* --- events --------------------------------------------------------------- */

static const struct {
    uint8_t      kind;                  /* ptn_mbox_event_e */
    uint8_t      bit;
    const char  *element;
    bool         folder;                /* about a folder */
} ptn_ews_events[] = {
    { PTN_MBOX_EVENT_NEW, PTN_EWS_EV_CREATED, "t:CreatedEvent", false },
    { PTN_MBOX_EVENT_DELETED, PTN_EWS_EV_DELETED, "t:DeletedEvent", false },
    { PTN_MBOX_EVENT_MODIFIED, PTN_EWS_EV_MODIFIED, "t:ModifiedEvent",
      false },
    { PTN_MBOX_EVENT_MOVED, PTN_EWS_EV_MOVED, "t:MovedEvent", false },
    { PTN_MBOX_EVENT_COPIED, PTN_EWS_EV_COPIED, "t:CopiedEvent", false },
    { PTN_MBOX_EVENT_FOLDER_NEW, PTN_EWS_EV_CREATED, "t:CreatedEvent",
      true },
    { PTN_MBOX_EVENT_FOLDER_DELETED, PTN_EWS_EV_DELETED, "t:DeletedEvent",
      true },
    { PTN_MBOX_EVENT_FOLDER_MODIFIED, PTN_EWS_EV_MODIFIED,
      "t:ModifiedEvent", true },
    { PTN_MBOX_EVENT_FOLDER_MOVED, PTN_EWS_EV_MOVED, "t:MovedEvent", true },
};

typedef struct {
    ptn_ews_t            *e;
    const ptn_ews_sub_t  *sub;
    ptn_ews_box_t        *box;
    bool                  marks;
    uint32_t              n;
} ptn_ews_telling_t;


static bool
ptn_ews_sub_wants(const ptn_ews_sub_t *sub, ptn_id_t folder)
{
    size_t  lo, hi, mid;

    if (sub->all) {
        return true;
    }

    for (lo = 0, hi = sub->nfolders; lo < hi; /* void */) {
        mid = lo + (hi - lo) / 2;

        if (sub->folders[mid] == folder) {
            return true;
        }

        if (sub->folders[mid] < folder) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }

    return false;
}


/* cn and class of a folder, when it is still there. */
static ptn_rc_t
ptn_ews_put_event_folder(ptn_ews_telling_t *t, const char *name, ptn_id_t id)
{
    uint64_t             cn;
    ptn_ews_ck_e         kind;
    const ptn_folder_t  *folder;

    cn = 0;
    kind = PTN_EWS_CK_FOLDER;

    if (ptn_folder_get(t->box->mb, id, &folder) == PTN_OK) {
        cn = folder->cn;
        kind = ptn_ews_change_key_folder(folder->cls, folder->search);
    }

    return ptn_ews_put_folder_id(t->e, t->box, name, id, cn, kind);
}


static ptn_rc_t
ptn_ews_event_open(ptn_ews_telling_t *t, const ptn_mbox_event_t *ev,
    const char *element)
{
    ptn_rc_t   rc;
    ptn_str_t  mark;

    ptn_xml_put_open(&t->e->out.buf, element);

    if (t->marks) {
        rc = ptn_ews_watermark(t->e->pool, t->sub->epoch, ev->n, &mark);
        if (rc != PTN_OK) {
            return rc;
        }

        ptn_ews_elem(&t->e->out, "t:Watermark", mark);
    }

    ptn_ews_elem_time(&t->e->out, "t:TimeStamp", ptn_time_now() / PTN_USEC);

    return PTN_OK;
}


/* Id of the message that an event is about; ENOTFOUND: gone by now. */
static ptn_rc_t
ptn_ews_event_item(ptn_ews_telling_t *t, const ptn_mbox_event_t *ev,
    ptn_id_t row, const char *name)
{
    ptn_rc_t        rc;
    ptn_msg_t      *msg;
    ptn_msg_info_t  info;

    if (ev->kind == PTN_MBOX_EVENT_DELETED) {
        return ptn_ews_put_item_id(t->e, t->box, name, ev->folder,
                                   ev->old_message, 0, PTN_EWS_CK_MESSAGE);
    }

    rc = ptn_msg_open(t->box->mb, t->e->pool, row, &msg);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_msg_info(msg, &info);

    return ptn_ews_put_item_id(t->e, t->box, name, info.folder, info.mid,
                               info.cn, PTN_EWS_CK_MESSAGE);
}


static ptn_rc_t
ptn_ews_event_about_item(ptn_ews_telling_t *t, const ptn_mbox_event_t *ev,
    const char *element)
{
    ptn_rc_t  rc;

    rc = ptn_ews_event_open(t, ev, element);

    if (rc == PTN_OK) {
        rc = ptn_ews_event_item(t, ev, ev->message, "t:ItemId");
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_put_event_folder(t, "t:ParentFolderId", ev->folder);
    }

    if (rc == PTN_OK && ev->kind == PTN_MBOX_EVENT_MOVED) {
        rc = ptn_ews_put_item_id(t->e, t->box, "t:OldItemId", ev->old_folder,
                                 ev->old_message, 0, PTN_EWS_CK_MESSAGE);

    } else if (rc == PTN_OK && ev->kind == PTN_MBOX_EVENT_COPIED) {
        rc = ptn_ews_event_item(t, ev, ev->old_message, "t:OldItemId");
    }

    if (rc == PTN_OK && (ev->kind == PTN_MBOX_EVENT_MOVED
                         || ev->kind == PTN_MBOX_EVENT_COPIED))
    {
        rc = ptn_ews_put_event_folder(t, "t:OldParentFolderId",
                                      ev->old_folder);
    }

    ptn_xml_put_close(&t->e->out.buf, element);

    return rc;
}


static ptn_rc_t
ptn_ews_event_about_folder(ptn_ews_telling_t *t, const ptn_mbox_event_t *ev,
    const char *element)
{
    ptn_id_t             parent;
    ptn_rc_t             rc;
    const ptn_folder_t  *folder;

    parent = ev->old_folder;

    if (ptn_folder_get(t->box->mb, ev->folder, &folder) == PTN_OK
        && folder->parent != 0)
    {
        parent = folder->parent;
    }

    if (parent == 0) {
        parent = PTN_FOLDER_ROOT;
    }

    rc = ptn_ews_event_open(t, ev, element);

    if (rc == PTN_OK) {
        rc = ptn_ews_put_event_folder(t, "t:FolderId", ev->folder);
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_put_event_folder(t, "t:ParentFolderId", parent);
    }

    if (rc == PTN_OK && ev->kind == PTN_MBOX_EVENT_FOLDER_MOVED) {
        rc = ptn_ews_put_event_folder(t, "t:OldFolderId", ev->folder);

        if (rc == PTN_OK) {
            rc = ptn_ews_put_event_folder(t, "t:OldParentFolderId",
                                          ev->old_folder);
        }
    }

    ptn_xml_put_close(&t->e->out.buf, element);

    return rc;
}


/* One event as one element; what is gone by now is left out. */
static ptn_rc_t
ptn_ews_tell(ptn_ews_telling_t *t, const ptn_mbox_event_t *ev,
    const char *element, bool folder)
{
    ptn_rc_t        rc;
    ptn_ews_mark_t  mark;

    mark = ptn_ews_mark(&t->e->out);

    rc = folder ? ptn_ews_event_about_folder(t, ev, element)
                : ptn_ews_event_about_item(t, ev, element);

    if (rc == PTN_ENOTFOUND) {
        (void) ptn_ews_rewind(&t->e->out, mark);
        return PTN_OK;
    }

    if (rc == PTN_OK) {
        t->n++;
    }

    return rc;
}


static ptn_rc_t
ptn_ews_sub_event(ptn_ews_telling_t *t, const ptn_mbox_event_t *ev)
{
    size_t    i;
    ptn_rc_t  rc;

    if (!ptn_ews_sub_wants(t->sub, ev->folder)
        && (ev->old_folder == 0 || !ptn_ews_sub_wants(t->sub,
                                                      ev->old_folder)))
    {
        return PTN_OK;
    }

    for (i = 0; i < ptn_nelts(ptn_ews_events); i++) {
        if (ptn_ews_events[i].kind == ev->kind) {
            break;
        }
    }

    if (i == ptn_nelts(ptn_ews_events)) {
        return PTN_OK;
    }

    rc = PTN_OK;

    /* what arrives in the inbox is new mail as well */

    if (ev->kind == PTN_MBOX_EVENT_NEW && ev->folder == PTN_FOLDER_INBOX
        && (t->sub->mask & PTN_EWS_EV_NEW_MAIL) != 0)
    {
        rc = ptn_ews_tell(t, ev, "t:NewMailEvent", false);
    }

    if (rc == PTN_OK && !ptn_ews_events[i].folder
        && ev->folder == PTN_FOLDER_CALENDAR
        && (t->sub->mask & PTN_EWS_EV_FREE_BUSY) != 0)
    {
        rc = ptn_ews_tell(t, ev, "t:FreeBusyChangedEvent", false);
    }

    if (rc == PTN_OK && (t->sub->mask & ptn_ews_events[i].bit) != 0) {
        rc = ptn_ews_tell(t, ev, ptn_ews_events[i].element,
                          ptn_ews_events[i].folder);
    }

    return rc;
}


ptn_rc_t
ptn_ews_sub_events(ptn_ews_t *e, const ptn_ews_sub_t *sub, uint64_t after,
    size_t max, bool marks, uint32_t *ret_n, uint64_t *ret_last,
    bool *ret_more)
{
    size_t              i, n;
    uint64_t            newest;
    ptn_rc_t            rc;
    ptn_mbox_info_t     info;
    ptn_mbox_event_t   *events;
    ptn_ews_telling_t   t;

    memset(&t, 0, sizeof(t));
    t.e = e;
    t.sub = sub;
    t.marks = marks;

    rc = ptn_ews_box_guid(e, sub->mailbox, &t.box);

    if (rc == PTN_OK) {
        rc = ptn_mbox_info(t.box->mb, &info);
    }

    if (rc == PTN_OK && info.epoch != sub->epoch) {
        return PTN_ESTALE;
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_events(t.box->mb, e->pool, after, max, &events, &n,
                             &newest);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    for (i = 0; i < n; i++) {
        rc = ptn_ews_sub_event(&t, &events[i]);
        if (rc != PTN_OK) {
            return rc;
        }

        after = events[i].n;
    }

    *ret_n = t.n;
    *ret_last = after;
    *ret_more = after < newest;

    return PTN_OK;
}
