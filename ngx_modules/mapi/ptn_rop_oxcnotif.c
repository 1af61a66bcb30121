#include <stdlib.h>

#include "ptn_rop.h"
#include "ptn_wire_rop_store.h"


/*
 * Notifications (MS-OXCNOTIF).  The mailbox's event log is the source: a
 * logon that has watching objects keeps the number up to which it has looked,
 * and looks again when the board says that the mailbox has changed.  What is
 * to be told waits in the session as ready RopNotify responses.
 *
 * Tables are told what happens to their rows (ptn_rop_notify_table.c), once
 * they were read.
 */

typedef struct ptn_rop_note_s  ptn_rop_note_t;

struct ptn_rop_note_s {
    ptn_rop_note_t          *next;
    const ptn_rop_object_t  *obj;
    size_t                   len;
    u_char                   data[];
};

#define PTN_ROP_EVENTS_MAX      256     /* of one look at the log */
#define PTN_ROP_TOUCHED_MAX     32      /* folders whose counts are told */

#define PTN_NOTE_TOTAL          0x1000
#define PTN_NOTE_UNREAD         0x2000
#define PTN_NOTE_MESSAGE        0x8000

/* Of one look at one logon's log. */
typedef struct {
    ptn_rop_ctx_t           *c;
    ptn_rop_logon_t         *logon;
    ptn_mbox_t              *mb;
    const ptn_mbox_event_t  *ev;
    uint64_t                 mid;       /* of ev->message; 0: unknown yet */
    ptn_msg_t               *msg;
    ptn_id_t                 touched[PTN_ROP_TOUCHED_MAX];
    unsigned                 ntouched;
} ptn_rop_look_t;


/* --- the queue ----------------------------------------------------------- */

ptn_rc_t
ptn_rop_note_add(ptn_rop_ctx_t *c, const ptn_rop_object_t *obj,
    const ptn_wire_t *wire, const void *data)
{
    ptn_rc_t            rc;
    ptn_buf_t           buf;
    ptn_rop_note_t     *note;
    ptn_rop_notify_t    head;
    ptn_rop_session_t  *s;

    s = c->session;

    if (s->nnotes >= PTN_ROP_NOTES_MAX) {
        s->lost = true;
        return PTN_OK;
    }

    head.rop_id = 0x2a;
    head.notification_handle = obj->handle;
    head.logon_id = obj->logon->id;

    ptn_buf_init(&buf, c->pool);

    rc = ptn_wire_push(&ptn_rop_notify_wire, &buf, &head);
    if (rc == PTN_OK) {
        rc = ptn_wire_push(wire, &buf, data);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    note = malloc(sizeof(ptn_rop_note_t) + buf.len);
    if (note == NULL) {
        return PTN_ENOMEM;
    }

    note->next = NULL;
    note->obj = obj;
    note->len = buf.len;
    memcpy(note->data, buf.data, buf.len);

    *s->last_note = note;
    s->last_note = &note->next;
    s->nnotes++;

    return PTN_OK;
}


void
ptn_rop_notify_drop(ptn_rop_session_t *s, const ptn_rop_object_t *obj)
{
    ptn_rop_note_t  *note, **p;

    if (s->nnotes == 0) {
        return;
    }

    for (p = &s->notes; (note = *p) != NULL; /* void */ ) {

        if (obj != NULL && note->obj != obj) {
            p = &note->next;
            continue;
        }

        *p = note->next;
        s->nnotes--;
        free(note);
    }

    s->last_note = p;
}


bool
ptn_rop_notify_pending(const ptn_rop_session_t *s)
{
    return s->nnotes != 0;
}


void
ptn_rop_notify_push(ptn_rop_session_t *s, size_t max, ptn_buf_t *out)
{
    size_t              left;
    ptn_rop_note_t     *note;
    ptn_rop_pending_t   pending;

    left = max;

    while ((note = s->notes) != NULL) {

        /* what does not fit waits, and RopPending (3 bytes) says so */

        if (note->len + (note->next != NULL ? 3 : 0) > left) {
            break;
        }

        ptn_buf_add(out, note->data, note->len);
        left -= note->len;

        s->notes = note->next;
        s->nnotes--;
        free(note);
    }

    if (s->notes == NULL) {
        s->last_note = &s->notes;
        return;
    }

    if (left >= 3) {
        pending.rop_id = 0x6e;
        pending.session_index = 0;
        (void) ptn_wire_push(&ptn_rop_pending_wire, out, &pending);
    }
}


/* --- watching ------------------------------------------------------------ */

/* The first watcher of a logon: what came before does not matter. */

static ptn_rc_t
ptn_rop_watch_start(ptn_rop_ctx_t *c, ptn_rop_logon_t *logon)
{
    size_t             n;
    ptn_rc_t           rc;
    ptn_mbox_t        *mb;
    ptn_mbox_event_t  *events;

    rc = ptn_rop_mbox(c, logon, &mb);
    if (rc != PTN_OK) {
        return rc;
    }

    if (c->app->world != NULL) {
        logon->board = ptn_board_version(c->app->world, logon->slot);
    }

    rc = ptn_mbox_events(mb, c->pool, UINT64_MAX, 1, &events, &n,
                         &logon->events);

    return rc == PTN_ESTALE ? PTN_OK : rc;
}


static ptn_rc_t
ptn_rop_watch(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    const ptn_rop_watch_t *watch)
{
    ptn_rc_t          rc;
    ptn_rop_logon_t  *logon;

    logon = obj->logon;

    if (watch->types == 0) {
        return PTN_OK;
    }

    if (logon->watches == 0) {
        rc = ptn_rop_watch_start(c, logon);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    obj->watch = *watch;
    logon->watches++;

    return PTN_OK;
}


ptn_rc_t
ptn_rop_watch_table(ptn_rop_ctx_t *c, ptn_rop_object_t *table,
    ptn_id_t folder, bool hierarchy, bool deep)
{
    ptn_rop_watch_t  watch = { 0 };

    watch.types = PTN_NOTE_TABLE;
    watch.hierarchy = hierarchy;
    watch.deep = deep;
    watch.quiet = true;
    watch.folder = folder;

    return ptn_rop_watch(c, table, &watch);
}


void
ptn_rop_watch_read(ptn_rop_object_t *table)
{
    table->watch.read = true;
}


void
ptn_rop_watch_reset(ptn_rop_object_t *table)
{
    table->watch.quiet = true;
}


/* 2.2.1.2.1 RopRegisterNotification */

ptn_rc_t
ptn_rop_register_notification(ptn_rop_ctx_t *c, void *req_,
    void *res PTN_UNUSED)
{
    ptn_id_t                         mid;
    ptn_rc_t                         rc;
    ptn_mbox_t                      *mb;
    ptn_rop_watch_t                  watch = { 0 };
    ptn_rop_object_t                *obj;
    ptn_rop_register_notification_req_t *req = req_;

    rc = ptn_rop_mbox(c, c->logon, &mb);
    if (rc != PTN_OK) {
        return rc;
    }

    watch.types = req->types & ~(PTN_NOTE_TABLE|PTN_NOTE_EXTENDED);
    watch.whole = req->want_whole_store != 0;

    if (!watch.whole) {
        rc = ptn_rop_fid_id(mb, req->folder_id, &watch.folder);
        if (rc != PTN_OK) {
            return rc;
        }

        if (req->message_id != 0) {
            rc = ptn_rop_fid_id(mb, req->message_id, &mid);
            if (rc == PTN_OK) {
                rc = ptn_msg_by_mid(mb, watch.folder, mid, &watch.message);
            }

            if (rc != PTN_OK) {
                return rc;
            }
        }
    }

    rc = ptn_rop_make(c, PTN_ROP_KIND_NOTIFICATION, c->logon->object, 0, NULL,
                      &obj);
    if (rc != PTN_OK) {
        return rc;
    }

    return ptn_rop_watch(c, obj, &watch);
}


/* --- from events to notes ------------------------------------------------ */

static bool
ptn_rop_event_of_folder(const ptn_mbox_event_t *ev)
{
    return ev->kind >= PTN_MBOX_EVENT_FOLDER_NEW;
}


static uint16_t
ptn_rop_event_type(const ptn_mbox_event_t *ev)
{
    switch (ev->kind) {

    case PTN_MBOX_EVENT_NEW:
    case PTN_MBOX_EVENT_FOLDER_NEW:
        return PTN_NOTE_CREATED;

    case PTN_MBOX_EVENT_DELETED:
    case PTN_MBOX_EVENT_FOLDER_DELETED:
        return PTN_NOTE_DELETED;

    case PTN_MBOX_EVENT_MODIFIED:
    case PTN_MBOX_EVENT_FOLDER_MODIFIED:
        return PTN_NOTE_MODIFIED;

    case PTN_MBOX_EVENT_MOVED:
    case PTN_MBOX_EVENT_FOLDER_MOVED:
        return PTN_NOTE_MOVED;

    case PTN_MBOX_EVENT_COPIED:
        return PTN_NOTE_COPIED;
    }

    return 0;
}


static ptn_id_t
ptn_rop_parent(ptn_rop_look_t *look, ptn_id_t folder)
{
    const ptn_folder_t  *f;

    return ptn_folder_get(look->mb, folder, &f) == PTN_OK ? f->parent : 0;
}


/* FID of a folder that may be gone; 0 has none. */

static uint64_t
ptn_rop_note_fid(ptn_rop_look_t *look, ptn_id_t id)
{
    uint64_t  fid;

    if (id == 0 || ptn_rop_fid(look->mb, id, &fid) != PTN_OK) {
        return 0;
    }

    return fid;
}


static ptn_rc_t
ptn_rop_note_mid(ptn_rop_look_t *look, ptn_id_t row, uint64_t *ret_mid)
{
    ptn_rc_t        rc;
    ptn_msg_t      *msg;
    ptn_msg_info_t  info;

    rc = ptn_msg_open(look->mb, look->c->pool, row, &msg);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_msg_info(msg, &info);

    return ptn_rop_fid(look->mb, info.mid, ret_mid);
}


/* The event's message as it is now: once for all who are told of it. */

static ptn_rc_t
ptn_rop_note_message(ptn_rop_look_t *look)
{
    ptn_rc_t        rc;
    ptn_msg_info_t  info;

    if (look->mid != 0) {
        return PTN_OK;
    }

    if (look->ev->kind == PTN_MBOX_EVENT_DELETED) {
        return ptn_rop_fid(look->mb, look->ev->old_message, &look->mid);
    }

    rc = ptn_msg_open(look->mb, look->c->pool, look->ev->message, &look->msg);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_msg_info(look->msg, &info);

    return ptn_rop_fid(look->mb, info.mid, &look->mid);
}


static ptn_rc_t
ptn_rop_note_new_mail(ptn_rop_look_t *look, const ptn_rop_object_t *obj)
{
    int64_t              n;
    ptn_rc_t             rc;
    uint32_t             tags[2] = { PTN_PR_MESSAGE_FLAGS,
                                     PTN_PR_MESSAGE_CLASS };
    ptn_str_t            values[2];
    ptn_note_new_mail_t  note = { 0 };

    rc = ptn_rop_note_message(look);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_msg_props(look->msg, tags, 2, values);
    if (rc != PTN_OK) {
        return rc;
    }

    n = 0;

    if (values[0].data != NULL && values[0].len == 4) {
        n = values[0].data[0] | values[0].data[1] << 8
            | values[0].data[2] << 16 | (int64_t) values[0].data[3] << 24;
    }

    note.flags = PTN_NOTE_NEW_MAIL|PTN_NOTE_MESSAGE;
    note.folder_id = ptn_rop_note_fid(look, look->ev->folder);
    note.message_id = look->mid;
    note.message_flags = (uint32_t) n;
    note.message_class8 = values[1].data != NULL ? values[1]
                                                 : ptn_str("IPM.Note");

    return ptn_rop_note_add(look->c, obj, &ptn_note_new_mail_wire, &note);
}


static ptn_rc_t
ptn_rop_note_of_message(ptn_rop_look_t *look, const ptn_rop_object_t *obj,
    uint16_t type)
{
    ptn_rc_t                 rc;
    uint64_t                 fid;
    ptn_note_moved_t         moved = { 0 };
    ptn_note_changed_t       changed = { 0 };
    ptn_note_deleted_t       deleted = { 0 };
    const ptn_mbox_event_t  *ev;

    rc = ptn_rop_note_message(look);
    if (rc != PTN_OK) {
        return rc;
    }

    ev = look->ev;
    type |= PTN_NOTE_MESSAGE;
    fid = ptn_rop_note_fid(look, ev->folder);

    switch (type & 0xfff) {

    case PTN_NOTE_DELETED:
        deleted.flags = type;
        deleted.folder_id = fid;
        deleted.message_id = look->mid;
        return ptn_rop_note_add(look->c, obj, &ptn_note_deleted_wire,
                                &deleted);

    case PTN_NOTE_MOVED:
    case PTN_NOTE_COPIED:
        moved.flags = type;
        moved.folder_id = fid;
        moved.message_id = look->mid;
        moved.old_folder_id = ptn_rop_note_fid(look, ev->old_folder);

        if ((type & 0xfff) == PTN_NOTE_MOVED) {
            rc = ptn_rop_fid(look->mb, ev->old_message,
                             &moved.old_message_id);
        } else {
            rc = ptn_rop_note_mid(look, ev->old_message,
                                  &moved.old_message_id);
        }

        if (rc != PTN_OK) {
            return rc;
        }

        return ptn_rop_note_add(look->c, obj, &ptn_note_moved_wire, &moved);

    default:
        changed.flags = type;
        changed.folder_id = fid;
        changed.message_id = look->mid;
        return ptn_rop_note_add(look->c, obj, &ptn_note_changed_wire,
                                &changed);
    }
}


static ptn_rc_t
ptn_rop_note_of_folder(ptn_rop_look_t *look, const ptn_rop_object_t *obj,
    uint16_t type)
{
    uint64_t                  fid, parent, old;
    ptn_note_moved_t          moved = { 0 };
    ptn_note_changed_t        changed = { 0 };
    ptn_note_deleted_t        deleted = { 0 };
    ptn_note_folder_created_t created = { 0 };

    fid = ptn_rop_note_fid(look, look->ev->folder);
    old = ptn_rop_note_fid(look, look->ev->old_folder);
    parent = ptn_rop_note_fid(look, ptn_rop_parent(look, look->ev->folder));

    switch (type) {

    case PTN_NOTE_CREATED:
        created.flags = type;
        created.folder_id = fid;
        created.parent_id = parent;
        return ptn_rop_note_add(look->c, obj, &ptn_note_folder_created_wire,
                                &created);

    case PTN_NOTE_DELETED:
        deleted.flags = type;
        deleted.folder_id = fid;
        deleted.parent_id = old;
        return ptn_rop_note_add(look->c, obj, &ptn_note_deleted_wire,
                                &deleted);

    case PTN_NOTE_MOVED:
        moved.flags = type;
        moved.folder_id = fid;
        moved.parent_id = parent;
        moved.old_folder_id = fid;
        moved.old_parent_id = old;
        return ptn_rop_note_add(look->c, obj, &ptn_note_moved_wire, &moved);

    default:
        changed.flags = type;
        changed.folder_id = fid;
        return ptn_rop_note_add(look->c, obj, &ptn_note_changed_wire,
                                &changed);
    }
}


/* Is the event within what a subscription asked for? */

static bool
ptn_rop_note_scope(ptn_rop_look_t *look, const ptn_rop_watch_t *w)
{
    const ptn_mbox_event_t  *ev;

    ev = look->ev;

    if (w->whole) {
        return true;
    }

    if (w->message != 0) {
        return !ptn_rop_event_of_folder(ev) && ev->message == w->message;
    }

    return ev->folder == w->folder || ev->old_folder == w->folder
           || (ptn_rop_event_of_folder(ev)
               && ptn_rop_parent(look, ev->folder) == w->folder);
}


static ptn_rc_t
ptn_rop_note_subscription(ptn_rop_look_t *look, const ptn_rop_object_t *obj)
{
    ptn_rc_t                rc;
    uint16_t                type;
    const ptn_rop_watch_t  *w;

    w = &obj->watch;
    type = ptn_rop_event_type(look->ev);

    if (!ptn_rop_note_scope(look, w)) {
        return PTN_OK;
    }

    /* the log does not tell deliveries apart: what is new in the Inbox */

    if (look->ev->kind == PTN_MBOX_EVENT_NEW && (w->types & PTN_NOTE_NEW_MAIL)
        && look->ev->folder == PTN_FOLDER_INBOX)
    {
        rc = ptn_rop_note_new_mail(look, obj);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    if (!(w->types & type)) {
        return PTN_OK;
    }

    return ptn_rop_event_of_folder(look->ev)
           ? ptn_rop_note_of_folder(look, obj, type)
           : ptn_rop_note_of_message(look, obj, type);
}


/* Does the event change what a table shows? */

static bool
ptn_rop_note_in_table(ptn_rop_look_t *look, const ptn_rop_watch_t *w)
{
    const ptn_mbox_event_t  *ev;

    ev = look->ev;

    if (!w->hierarchy) {
        return !ptn_rop_event_of_folder(ev)
               && (ev->folder == w->folder || ev->old_folder == w->folder);
    }

    if (w->deep) {
        return true;
    }

    /* rows of a hierarchy table have counts */

    return ptn_rop_parent(look, ev->folder) == w->folder
           || (ptn_rop_event_of_folder(ev) ? ev->old_folder == w->folder
               : ev->old_folder != 0
                 && ptn_rop_parent(look, ev->old_folder) == w->folder);
}


static void
ptn_rop_look_touch(ptn_rop_look_t *look, ptn_id_t folder)
{
    unsigned  i;

    if (folder == 0) {
        return;
    }

    for (i = 0; i < look->ntouched; i++) {
        if (look->touched[i] == folder) {
            return;
        }
    }

    if (look->ntouched < PTN_ROP_TOUCHED_MAX) {
        look->touched[look->ntouched++] = folder;
    }
}


static ptn_rc_t
ptn_rop_look_event(ptn_rop_look_t *look)
{
    ptn_rc_t           rc;
    ptn_rop_object_t  *obj;

    look->mid = 0;
    look->msg = NULL;

    if (!ptn_rop_event_of_folder(look->ev)) {
        ptn_rop_look_touch(look, look->ev->folder);
        ptn_rop_look_touch(look, look->ev->old_folder);
    }

    for (obj = look->logon->object->owned; obj != NULL; obj = obj->next) {

        if (obj->watch.types == 0) {
            continue;
        }

        rc = PTN_OK;

        if (obj->watch.types != PTN_NOTE_TABLE) {
            rc = ptn_rop_note_subscription(look, obj);

        } else if (!obj->watch.quiet
                   && ptn_rop_note_in_table(look, &obj->watch))
        {
            obj->watch.due = true;
        }

        /* ENOTFOUND: it has gone since, of which another event tells */

        if (rc != PTN_OK && rc != PTN_ENOTFOUND) {
            return rc;
        }
    }

    return PTN_OK;
}


/* ObjectModified with the counts of folders in which messages changed. */

static ptn_rc_t
ptn_rop_look_counts(ptn_rop_look_t *look)
{
    unsigned             i;
    ptn_rc_t             rc;
    const ptn_folder_t  *f;
    ptn_rop_object_t    *obj;
    ptn_note_changed_t   note = { 0 };

    for (i = 0; i < look->ntouched; i++) {

        rc = ptn_folder_get(look->mb, look->touched[i], &f);
        if (rc == PTN_ENOTFOUND) {
            continue;
        }

        if (rc != PTN_OK) {
            return rc;
        }

        note.flags = PTN_NOTE_MODIFIED|PTN_NOTE_TOTAL|PTN_NOTE_UNREAD;
        note.folder_id = ptn_rop_note_fid(look, f->id);
        note.total = f->total;
        note.unread = f->unread;

        for (obj = look->logon->object->owned; obj != NULL; obj = obj->next) {

            if (!(obj->watch.types & PTN_NOTE_MODIFIED)
                || obj->watch.message != 0
                || (!obj->watch.whole && obj->watch.folder != f->id))
            {
                continue;
            }

            rc = ptn_rop_note_add(look->c, obj, &ptn_note_changed_wire, &note);
            if (rc != PTN_OK) {
                return rc;
            }
        }
    }

    return PTN_OK;
}


/* Those of whose rows something was seen; `all`: the log does not reach back,
 * they are told that they changed. */

static ptn_rc_t
ptn_rop_look_tables(ptn_rop_look_t *look, bool all)
{
    ptn_rc_t           rc;
    ptn_rop_object_t  *obj;

    for (obj = look->logon->object->owned; obj != NULL; obj = obj->next) {

        if (obj->watch.types != PTN_NOTE_TABLE || obj->watch.quiet
            || (!all && !obj->watch.due))
        {
            continue;
        }

        rc = ptn_rop_notify_table(look->c, obj, all);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_rop_look(ptn_rop_ctx_t *c, ptn_rop_logon_t *logon)
{
    size_t             i, n;
    ptn_rc_t           rc;
    uint64_t           last;
    ptn_rop_look_t     look = { 0 };
    ptn_mbox_event_t  *events;

    look.c = c;
    look.logon = logon;

    rc = ptn_rop_mbox(c, logon, &look.mb);
    if (rc != PTN_OK) {
        return rc;
    }

    do {
        rc = ptn_mbox_events(look.mb, c->pool, logon->events,
                             PTN_ROP_EVENTS_MAX, &events, &n, &last);

        if (rc == PTN_ESTALE) {
            logon->events = last;
            c->session->lost = true;
            return ptn_rop_look_tables(&look, true);
        }

        if (rc != PTN_OK) {
            return rc;
        }

        for (i = 0; i < n; i++) {
            look.ev = &events[i];

            rc = ptn_rop_look_event(&look);
            if (rc != PTN_OK) {
                return rc;
            }

            logon->events = events[i].n;
        }

    } while (n == PTN_ROP_EVENTS_MAX);

    rc = ptn_rop_look_tables(&look, false);

    return rc == PTN_OK ? ptn_rop_look_counts(&look) : rc;
}


ptn_rc_t
ptn_rop_notify_collect(ptn_rop_ctx_t *c)
{
    ptn_rc_t          rc;
    uint64_t          version;
    ptn_rop_logon_t  *logon;

    for (logon = c->session->logons; logon != NULL; logon = logon->next) {

        if (logon->watches == 0) {
            continue;
        }

        version = logon->board;

        if (c->app->world != NULL) {
            version = ptn_board_version(c->app->world, logon->slot);
            if (version == logon->board) {
                continue;
            }
        }

        rc = ptn_rop_look(c, logon);
        if (rc != PTN_OK) {
            return rc;
        }

        logon->board = version;
    }

    return PTN_OK;
}
