#include <stdlib.h>

#include "ptn_ews_sub.h"


/* Subscribe, Unsubscribe, GetEvents (MS-OXWSNTIF 3.1.4). */

#define PTN_EWS_PULL_EVENTS  100


static const struct {
    const char  *name;
    uint8_t      bit;
} ptn_ews_event_types[] = {
    { "CopiedEvent",          PTN_EWS_EV_COPIED },
    { "CreatedEvent",         PTN_EWS_EV_CREATED },
    { "DeletedEvent",         PTN_EWS_EV_DELETED },
    { "ModifiedEvent",        PTN_EWS_EV_MODIFIED },
    { "MovedEvent",           PTN_EWS_EV_MOVED },
    { "NewMailEvent",         PTN_EWS_EV_NEW_MAIL },
    { "FreeBusyChangedEvent", PTN_EWS_EV_FREE_BUSY },
};


static int
ptn_ews_id_cmp(const void *a, const void *b)
{
    const ptn_id_t  *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}


static ptn_rc_t
ptn_ews_sub_bad(ptn_ews_t *e, const char *text)
{
    return ptn_ews_error(e, "ErrorInvalidSubscriptionRequest", text);
}


/* All of one mailbox. */
static ptn_rc_t
ptn_ews_subscribe_folders(ptn_ews_t *e, const ptn_ews_el_t *list,
    ptn_ews_sub_t *sub, ptn_ews_box_t **ret_box, ptn_id_t **ret_folders)
{
    size_t               n;
    ptn_id_t            *ids;
    ptn_rc_t             rc;
    ptn_ews_box_t       *box, *first;
    const ptn_folder_t  *folder;
    const ptn_ews_el_t  *el;

    for (n = 0, el = list->child; el != NULL; el = el->next) {
        n++;
    }

    if (n > PTN_EWS_SUB_FOLDERS) {
        return ptn_ews_sub_bad(e, "Too many folders are subscribed to.");
    }

    ids = ptn_parray(e->pool, n + 1, sizeof(ptn_id_t));
    if (ids == NULL) {
        return PTN_ENOMEM;
    }

    first = NULL;

    for (n = 0, el = list->child; el != NULL; el = el->next) {
        rc = ptn_ews_folder(e, el, &box, &folder);
        if (rc != PTN_OK) {
            return rc;
        }

        if (first != NULL && box != first) {
            return ptn_ews_sub_bad(e, "The folders are of several mailboxes.");
        }

        first = box;
        ids[n++] = folder->id;
    }

    qsort(ids, n, sizeof(ptn_id_t), ptn_ews_id_cmp);

    sub->nfolders = n;
    *ret_folders = ids;
    *ret_box = first;

    return PTN_OK;
}


static ptn_rc_t
ptn_ews_subscribe_read(ptn_ews_t *e, const ptn_ews_el_t *el,
    ptn_ews_sub_t *sub, ptn_ews_box_t **ret_box, ptn_id_t **ret_folders)
{
    size_t               i;
    ptn_rc_t             rc;
    const ptn_ews_el_t  *list, *type;

    memset(sub, 0, sizeof(ptn_ews_sub_t));
    sub->user = e->actor.user;
    sub->idle = PTN_EWS_SUB_IDLE;
    sub->streaming = ptn_ews_named(el, "StreamingSubscriptionRequest");
    *ret_folders = NULL;

    if (ptn_ews_named(el, "PushSubscriptionRequest")) {
        return ptn_ews_sub_bad(e, "Push subscriptions are not built.");
    }

    if (!sub->streaming) {
        sub->idle = (uint64_t) ptn_ews_find_int(el, "Timeout", 30) * 60000;
    }

    for (type = ptn_ews_child(el, "EventTypes")->child; type != NULL;
         type = type->next)
    {
        for (i = 0; i < ptn_nelts(ptn_ews_event_types); i++) {
            if (ptn_str_eqz(ptn_xs_trim(type->text),
                            ptn_ews_event_types[i].name))
            {
                sub->mask |= ptn_ews_event_types[i].bit;
            }
        }
    }

    (void) ptn_xs_bool(ptn_ews_attr(el, "SubscribeToAllFolders"), &sub->all);
    list = ptn_ews_child(el, "FolderIds");

    if (sub->all == (list != NULL)) {
        return ptn_ews_sub_bad(e, "Either folders or all of them must be"
                                  " subscribed to.");
    }

    if (sub->all) {
        return ptn_ews_box_own(e, ret_box);
    }

    rc = ptn_ews_subscribe_folders(e, list, sub, ret_box, ret_folders);

    return rc;
}


static ptn_rc_t
ptn_ews_subscribe_message(ptn_ews_t *e)
{
    size_t               n;
    ptn_id_t            *folders;
    ptn_rc_t             rc;
    uint64_t             epoch, newest;
    ptn_str_t            text;
    ptn_ews_sub_t        from, *sub;
    ptn_ews_box_t       *box;
    ptn_mbox_info_t      info;
    ptn_mbox_event_t    *events;
    const ptn_ews_el_t  *el;

    el = e->request->child;

    rc = ptn_ews_subscribe_read(e, el, &from, &box, &folders);

    if (rc == PTN_OK) {
        rc = ptn_mbox_info(box->mb, &info);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    from.mailbox = box->user.mailbox;
    from.epoch = info.epoch;

    /* "now" is the newest event; any number that is too large tells it */

    (void) ptn_mbox_events(box->mb, e->pool, UINT64_MAX / 2, 1, &events, &n,
                           &newest);
    from.last = newest;

    text = ptn_ews_find_text(el, "Watermark");

    if (text.len != 0) {
        rc = ptn_ews_watermark_parse(e, text, &epoch, &from.last);

        if (rc == PTN_OK && (epoch != info.epoch || from.last > newest)) {
            rc = ptn_ews_error(e, "ErrorInvalidWatermark",
                               "The watermark is of another mailbox.");
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_sub_add(&from, folders, &sub);

        if (rc == PTN_ELIMIT) {
            return ptn_ews_error(e, "ErrorExceededSubscriptionCount",
                       "There are as many subscriptions as may be.");
        }
    }

    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_ews_sub_text(e->pool, sub, &text);
    ptn_ews_sub_unref(sub);

    if (rc == PTN_OK) {
        ptn_ews_elem(&e->out, "m:SubscriptionId", text);
    }

    if (rc == PTN_OK && !from.streaming) {
        rc = ptn_ews_watermark(e->pool, from.epoch, from.last, &text);
        if (rc == PTN_OK) {
            ptn_ews_elem(&e->out, "m:Watermark", text);
        }
    }

    return rc;
}


ptn_rc_t
ptn_ews_subscribe(ptn_ews_t *e)
{
    ptn_rc_t        rc;
    ptn_ews_mark_t  mark;

    ptn_ews_reply_open(e);
    mark = ptn_ews_mark(&e->out);
    ptn_ews_message_open(e);

    rc = ptn_ews_subscribe_message(e);

    rc = ptn_ews_message_end(e, mark, rc, "ErrorFolderNotFound", NULL);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ews_reply_close(e);

    return PTN_OK;
}


ptn_rc_t
ptn_ews_unsubscribe(ptn_ews_t *e)
{
    ptn_rc_t        rc;
    ptn_ews_sub_t  *sub;
    ptn_ews_mark_t  mark;

    ptn_ews_reply_open(e);
    mark = ptn_ews_mark(&e->out);
    ptn_ews_message_open(e);

    rc = ptn_ews_sub_get(e, ptn_ews_find_text(e->request, "SubscriptionId"),
                         &sub);

    if (rc == PTN_OK) {
        ptn_ews_sub_end(sub);
        ptn_ews_sub_unref(sub);
    }

    rc = ptn_ews_message_end(e, mark, rc, NULL, NULL);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ews_reply_close(e);

    return PTN_OK;
}


/* --- GetEvents ------------------------------------------------------------ */

static ptn_rc_t
ptn_ews_get_events_of(ptn_ews_t *e, ptn_ews_sub_t *sub)
{
    bool             more;
    uint32_t         n;
    uint64_t         epoch, after, last;
    ptn_rc_t         rc;
    ptn_str_t        text, given;
    ptn_buf_t        events;
    ptn_ews_mark_t   mark;

    if (sub->streaming) {
        return ptn_ews_error(e, "ErrorInvalidPullSubscriptionId",
                             "The subscription is not a pull subscription.");
    }

    given = ptn_ews_find_text(e->request, "Watermark");
    rc = ptn_ews_watermark_parse(e, given, &epoch, &after);

    if (rc != PTN_OK) {
        return rc;
    }

    if (epoch != sub->epoch) {
        return ptn_ews_error(e, "ErrorInvalidWatermark",
                             "The watermark is of another mailbox.");
    }

    /* the events are written first, to know what stands before them */

    mark = ptn_ews_mark(&e->out);

    rc = ptn_ews_sub_events(e, sub, after, PTN_EWS_PULL_EVENTS, true, &n,
                            &last, &more);

    if (rc == PTN_ESTALE) {
        return ptn_ews_error(e, "ErrorEventNotFound",
                   "The events behind the watermark are not kept any more.");
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_buf_init(&events, e->pool);
    ptn_buf_add(&events, e->out.buf.data + mark.len,
                e->out.buf.len - mark.len);
    (void) ptn_ews_rewind(&e->out, mark);

    rc = ptn_ews_sub_text(e->pool, sub, &text);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ews_lit(&e->out, "<m:Notification>");
    ptn_ews_elem(&e->out, "t:SubscriptionId", text);
    ptn_ews_elem(&e->out, "t:PreviousWatermark", given);
    ptn_ews_elem_bool(&e->out, "t:MoreEvents", more);
    ptn_buf_str(&e->out.buf, ptn_buf_get(&events));

    if (n == 0) {
        rc = ptn_ews_watermark(e->pool, sub->epoch, last, &text);
        ptn_ews_lit(&e->out, "<t:StatusEvent>");
        ptn_ews_elem(&e->out, "t:Watermark", text);
        ptn_ews_lit(&e->out, "</t:StatusEvent>");
    }

    ptn_ews_lit(&e->out, "</m:Notification>");

    return events.failed ? PTN_ENOMEM : rc;
}


ptn_rc_t
ptn_ews_get_events(ptn_ews_t *e)
{
    ptn_rc_t        rc;
    ptn_ews_sub_t  *sub;
    ptn_ews_mark_t  mark;

    ptn_ews_reply_open(e);
    mark = ptn_ews_mark(&e->out);
    ptn_ews_message_open(e);

    sub = NULL;
    rc = ptn_ews_sub_get(e, ptn_ews_find_text(e->request, "SubscriptionId"),
                         &sub);

    if (rc == PTN_OK) {
        rc = ptn_ews_get_events_of(e, sub);
    }

    ptn_ews_sub_unref(sub);

    rc = ptn_ews_message_end(e, mark, rc, NULL, NULL);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ews_reply_close(e);

    return PTN_OK;
}
