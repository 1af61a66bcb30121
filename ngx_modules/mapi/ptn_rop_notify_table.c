#include "ptn_rop_data.h"
#include "ptn_wire_rop_store.h"


/*
 * TableModified (MS-OXCNOTIF 2.2.1.1.1, 3.1.4.3): rows that were added,
 * modified, deleted, in an order in which a client can do it to the rows that
 * it has.  TableChanged where the store has no rows to tell, no columns were
 * set, or a row does not fit; then the client reads the table anew, and until
 * it does is told no more.
 */

#define PTN_NOTE_IN_SEARCH  0x4000
#define PTN_NOTE_MESSAGE    0x8000

#define PTN_ROP_ROWS_TOLD   128         /* more: TableChanged */
#define PTN_ROP_ROW_ROOM    0x7fff

typedef struct {
    ptn_rop_ctx_t            *c;
    ptn_rop_object_t         *obj;
    ptn_rop_table_t          *t;
    ptn_mbox_t               *mb;
    uint16_t                  flags;
} ptn_rop_tell_t;

typedef struct {
    uint64_t  folder, message;
    uint32_t  instance;
} ptn_rop_named_t;


static ptn_rc_t
ptn_rop_tell_changed(ptn_rop_tell_t *tell)
{
    ptn_note_table_changed_t  note;

    tell->obj->watch.quiet = true;

    note.flags = tell->flags;
    note.event = PTN_TABLE_CHANGED;

    return ptn_rop_note_add(tell->c, tell->obj, &ptn_note_table_changed_wire,
                            &note);
}


/* All 0: no row. */

static ptn_rc_t
ptn_rop_tell_name(ptn_rop_tell_t *tell, const ptn_table_key_t *key,
    ptn_rop_named_t *ret)
{
    ptn_rc_t  rc;
    ptn_id_t  folder, mid;

    memset(ret, 0, sizeof(ptn_rop_named_t));

    if (key->id == 0) {
        return PTN_OK;
    }

    rc = ptn_table_name(tell->mb, tell->t->table, key, &folder, &mid);

    if (rc == PTN_OK) {
        rc = ptn_rop_fid(tell->mb, folder, &ret->folder);
    }

    if (rc == PTN_OK && mid != 0 && !key->header) {
        rc = ptn_rop_fid(tell->mb, mid, &ret->message);
    }

    if (key->header) {
        ret->message = mid;             /* PidTagInstID of a header */
    }

    ret->instance = key->instance;

    return rc;
}


static ptn_rc_t
ptn_rop_tell_deleted(ptn_rop_tell_t *tell, const ptn_rop_named_t *row)
{
    ptn_note_row_deleted_t  note = { 0 };

    note.flags = tell->flags;
    note.event = PTN_TABLE_ROW_DELETED;
    note.folder_id = row->folder;
    note.message_id = row->message;
    note.instance = row->instance;

    return ptn_rop_note_add(tell->c, tell->obj, &ptn_note_row_deleted_wire,
                            &note);
}


/* AGAIN: the row went, or is too large. */

static ptn_rc_t
ptn_rop_tell_row(ptn_rop_tell_t *tell, const ptn_table_event_t *ev,
    const ptn_rop_named_t *row, const ptn_rop_named_t *after)
{
    uint32_t                n;
    ptn_rc_t                rc;
    ptn_buf_t               data;
    ptn_note_folder_row_t   folder = { 0 };
    ptn_note_message_row_t  message = { 0 };

    ptn_buf_init(&data, tell->c->pool);
    rc = ptn_rop_table_rows(tell->c, tell->obj, ev->at, 1, PTN_ROP_ROW_ROOM,
                            &data, &n);

    if (rc != PTN_OK || data.failed) {
        return rc != PTN_OK ? rc : PTN_ENOMEM;
    }

    if (n == 0) {
        return PTN_AGAIN;
    }

    if (!(tell->flags & PTN_NOTE_MESSAGE)) {
        folder.flags = tell->flags;
        folder.event = (uint16_t) ev->kind;
        folder.folder_id = row->folder;
        folder.after_folder_id = after->folder;
        folder.row = ptn_buf_get(&data);

        return ptn_rop_note_add(tell->c, tell->obj, &ptn_note_folder_row_wire,
                                &folder);
    }

    message.flags = tell->flags;
    message.event = (uint16_t) ev->kind;
    message.folder_id = row->folder;
    message.message_id = row->message;
    message.instance = row->instance;
    message.after_folder_id = after->folder;
    message.after_message_id = after->message;
    message.after_instance = after->instance;
    message.row = ptn_buf_get(&data);

    return ptn_rop_note_add(tell->c, tell->obj, &ptn_note_message_row_wire,
                            &message);
}


static ptn_rc_t
ptn_rop_tell_event(ptn_rop_tell_t *tell, const ptn_table_event_t *ev)
{
    ptn_rc_t         rc;
    ptn_rop_named_t  row, after;

    if (ev->kind == PTN_TABLE_CHANGED) {
        return PTN_AGAIN;
    }

    rc = ptn_rop_tell_name(tell, &ev->row, &row);

    if (rc == PTN_OK) {
        rc = ptn_rop_tell_name(tell, &ev->after, &after);
    }

    return rc != PTN_OK ? rc
           : ev->kind == PTN_TABLE_ROW_DELETED
           ? ptn_rop_tell_deleted(tell, &row)
           : ptn_rop_tell_row(tell, ev, &row, &after);
}


static bool
ptn_rop_tell_fits(const ptn_rop_tell_t *tell, size_t n)
{
    return tell->t->columns != NULL && n <= PTN_ROP_ROWS_TOLD
           && tell->c->session->nnotes + n <= PTN_ROP_NOTES_MAX;
}


ptn_rc_t
ptn_rop_notify_table(ptn_rop_ctx_t *c, ptn_rop_object_t *table, bool all)
{
    size_t                    i, n;
    ptn_rc_t                  rc;
    ptn_rop_tell_t            tell;
    const ptn_folder_t       *f;
    const ptn_table_event_t  *events;

    memset(&tell, 0, sizeof(tell));
    tell.c = c;
    tell.obj = table;
    tell.t = ptn_rop_table(table);
    tell.flags = PTN_NOTE_TABLE
                 | (table->watch.hierarchy ? 0 : PTN_NOTE_MESSAGE);
    table->watch.due = false;

    rc = ptn_rop_mbox(c, table->logon, &tell.mb);

    if (rc == PTN_OK && !table->watch.hierarchy
        && ptn_folder_get(tell.mb, table->watch.folder, &f) == PTN_OK
        && f->search)
    {
        tell.flags |= PTN_NOTE_IN_SEARCH;
    }

    if (rc == PTN_OK) {
        rc = ptn_table_sync_events(tell.mb, tell.t->table, c->pool, &events,
                                   &n);
    }

    if (rc != PTN_OK || (n == 0 && !all)) {
        return rc;
    }

    rc = (all || !ptn_rop_tell_fits(&tell, n)) ? PTN_AGAIN : PTN_OK;

    for (i = 0; i < n && rc == PTN_OK; i++) {
        rc = ptn_rop_tell_event(&tell, &events[i]);
    }

    if (rc == PTN_AGAIN) {

        /* reading anew makes up for what was queued before, too */

        ptn_rop_notify_drop(c->session, table);
        rc = ptn_rop_tell_changed(&tell);
    }

    return rc;
}
