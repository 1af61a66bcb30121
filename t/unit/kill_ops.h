/*
 * t/unit/kill_load.h, continued: folders, what is about them, and the table of
 * all operations.
 */

#ifndef KILL_OPS_H
#define KILL_OPS_H


#include "kill_load.h"


/* ---- folders ------------------------------------------------------------- */

static bool
choose_folder(kill_worker_t *w)
{
    kill_obj_t  *o, *f;

    if (kill_count(w, KILL_FOLDER) >= KILL_FOLDERS) {
        return false;
    }

    f = kill_pick(w, KILL_FOLDER, 0);
    o = kill_new(w, KILL_FOLDER);
    o->folder = (f != NULL && f->box == o->box && f->folder < 256
                 && kill_random(w, 2)) ? f->id : PTN_FOLDER_INBOX;

    return true;
}


static ptn_str_t
kill_name(kill_worker_t *w, const kill_obj_t *o)
{
    return ptn_str_printf(w->s->pool, "w%u %c%u v%u", o->worker,
                          o->kind == KILL_FOLDER ? 'f' : 's', o->n,
                          o->version[0]);
}


static ptn_rc_t
run_folder(kill_worker_t *w)
{
    return ptn_folder_create(w->tx, w->r.list[0].folder,
                             kill_name(w, w->r.list), NULL, &w->r.list[0].id);
}


static bool
choose_rename(kill_worker_t *w)
{
    kill_obj_t  *o;

    o = kill_pick(w, KILL_FOLDER, 0);

    if (o == NULL) {
        return false;
    }

    o = kill_add(w, o);
    o->version[0]++;
    o->folder = kill_random(w, 2) ? PTN_FOLDER_INBOX : PTN_FOLDER_ARCHIVE;

    return true;
}


static ptn_rc_t
run_rename(kill_worker_t *w)
{
    return ptn_folder_move(w->tx, w->r.list[0].id, w->r.list[0].folder,
                           kill_name(w, w->r.list));
}


/* One that has no subfolders; its messages go with it. */

static bool
kill_with(kill_worker_t *w, unsigned gone)
{
    unsigned     i;
    kill_obj_t  *f, *o;

    f = kill_pick(w, KILL_FOLDER, gone);

    if (f == NULL) {
        return false;
    }

    kill_add(w, f);

    for (i = 0; i < w->m->n; i++) {
        o = &w->m->obj[i];

        if (o->box != f->box || o->folder != f->id
            || o->kind > KILL_FOLDER)
        {
            continue;
        }

        if (o->kind == KILL_FOLDER || w->r.n == KILL_LIST) {
            return false;
        }

        /* what was gone before can be recovered from the folder only */

        if (o->gone == 1 && !gone) {
            return false;
        }

        kill_add(w, o);
    }

    return true;
}


static bool
choose_remove(kill_worker_t *w)
{
    kill_obj_t  *o;

    if (!kill_with(w, 0)) {
        return false;
    }

    KILL_EACH(w, o) {
        o->gone = (o->kind == KILL_FOLDER) ? 1 : 2;
    }

    return true;
}


static ptn_rc_t
run_remove(kill_worker_t *w)
{
    bool      partial;
    ptn_rc_t  rc;

    rc = ptn_folder_remove(w->tx, w->r.list[0].id,
                           PTN_REMOVE_MESSAGES|PTN_REMOVE_FOLDERS, &partial);

    return rc == PTN_OK && partial ? PTN_EINTERNAL : rc;
}


static bool
choose_bring(kill_worker_t *w)
{
    kill_obj_t  *o;

    if (!kill_with(w, 1)) {
        return false;
    }

    KILL_EACH(w, o) {
        o->gone = 0;
    }

    w->r.list[0].version[0]++;
    w->r.list[0].folder = PTN_FOLDER_INBOX;

    return true;
}


static ptn_rc_t
run_bring(kill_worker_t *w)
{
    return ptn_gone_folder_recover(w->tx, w->r.list[0].id, PTN_FOLDER_INBOX,
                                   kill_name(w, w->r.list));
}


static bool
choose_destroy(kill_worker_t *w)
{
    kill_obj_t  *o;

    if (!kill_with(w, kill_random(w, 2))) {
        return false;
    }

    KILL_EACH(w, o) {
        o->there = 0;
    }

    return true;
}


static ptn_rc_t
run_destroy(kill_worker_t *w)
{
    bool      partial;
    ptn_rc_t  rc;

    if (w->r.list[0].gone) {
        return ptn_gone_folder_delete(w->tx, w->r.list[0].id);
    }

    rc = ptn_folder_remove(w->tx, w->r.list[0].id,
                           PTN_REMOVE_MESSAGES|PTN_REMOVE_FOLDERS
                           |PTN_REMOVE_HARD, &partial);

    return rc == PTN_OK && partial ? PTN_EINTERNAL : rc;
}


/* ---- what is about a folder, a mailbox ----------------------------------- */

static bool
choose_one(kill_worker_t *w, kill_kind_e kind, unsigned max)
{
    kill_obj_t  *o;

    o = kill_pick(w, kind, 0);

    if (o == NULL || (kill_count(w, kind) < max && kill_random(w, 2))) {
        kill_new(w, kind)->folder = PTN_FOLDER_INBOX;
        return true;
    }

    kill_add(w, o)->version[0]++;

    return true;
}


static bool
choose_rule(kill_worker_t *w)
{
    return choose_one(w, KILL_RULE, 4);
}


static ptn_rc_t
run_rule(kill_worker_t *w)
{
    ptn_rule_t   r;
    kill_obj_t  *o = w->r.list;

    memset(&r, 0, sizeof(r));
    r.id = o->id;
    r.sequence = o->version[0];
    r.provider = ptn_str("p");
    r.name = ptn_str_printf(w->s->pool, "w%u r%u", o->worker, o->n);
    r.condition = ptn_str("c");
    r.actions = ptn_str("a");

    return o->id ? ptn_rule_modify(w->tx, PTN_FOLDER_INBOX, &r,
                                   PTN_RULE_SEQUENCE)
                 : ptn_rule_add(w->tx, PTN_FOLDER_INBOX, &r, &o->id);
}


static bool
choose_unrule(kill_worker_t *w)
{
    kill_obj_t  *o;

    o = kill_pick(w, KILL_RULE, 0);

    if (o != NULL) {
        kill_add(w, o)->there = 0;
    }

    return o != NULL;
}


static ptn_rc_t
run_unrule(kill_worker_t *w)
{
    return ptn_rule_delete(w->tx, PTN_FOLDER_INBOX, w->r.list[0].id);
}


#define KILL_MEMBER(o)  (100000 + (o)->worker * 100000ULL + (o)->n)

static bool
choose_right(kill_worker_t *w)
{
    choose_one(w, KILL_RIGHT, 3);
    w->r.list[0].version[0] %= 2;

    return true;
}


static ptn_rc_t
run_right(kill_worker_t *w)
{
    ptn_permission_op_t  op;

    op.op = PTN_PERMISSION_ADD;
    op.entry.member = KILL_MEMBER(w->r.list);
    op.entry.rights = w->r.list[0].version[0] ? PTN_ROLE_EDITOR
                                              : PTN_ROLE_REVIEWER;

    return ptn_rights_modify(w->tx, PTN_FOLDER_INBOX, false, false, &op, 1);
}


static bool
choose_device(kill_worker_t *w)
{
    kill_obj_t  *o;

    o = kill_pick(w, KILL_DEVICE, 0);
    o = o ? kill_add(w, o) : kill_new(w, KILL_DEVICE);
    o->version[0] = ++o->version[1];        /* the key counts exchanges */

    return true;
}


static ptn_rc_t
run_device(kill_worker_t *w)
{
    uint64_t           key;
    ptn_rc_t           rc;
    ptn_str_t          device, request;
    kill_obj_t        *o = w->r.list;
    ptn_device_put_t   p;

    device = ptn_str_printf(w->s->pool, "w%u d%u", o->worker, o->n);
    request = ptn_str_printf(w->s->pool, "%u", o->version[0]);
    memset(&p, 0, sizeof(p));
    p.from = o->version[0] - 1;
    p.state = request;
    p.request = request;
    rc = ptn_device_client_set(w->tx, device, ptn_str("12"), request, 1000);

    if (rc == PTN_OK) {
        rc = ptn_device_put(w->tx, device, ptn_str("12"), &p, &key);
    }

    return rc == PTN_OK && key != o->version[0] ? PTN_EINTERNAL : rc;
}


#define KILL_PROP_TAG(o)  (0x66f0001f + (uint32_t) (o)->worker * 0x10000)

static bool
choose_prop(kill_worker_t *w)
{
    return choose_one(w, KILL_PROP, 0);
}


static ptn_rc_t
run_prop(kill_worker_t *w)
{
    ptn_bag_prop_t  p;

    p.tag = KILL_PROP_TAG(w->r.list);
    p.value = ptn_str_printf(w->s->pool, "%u %u", w->r.list[0].n,
                             w->r.list[0].version[0]);

    return ptn_store_props_set(w->tx, &p, 1);
}


static bool
choose_receive(kill_worker_t *w)
{
    kill_obj_t  *o;

    o = kill_pick(w, KILL_RECEIVE, 0);
    o = o ? kill_add(w, o) : kill_new(w, KILL_RECEIVE);
    o->version[0] = 0;
    o->folder = kill_random(w, 2) ? PTN_FOLDER_ARCHIVE : PTN_FOLDER_SENT;

    return true;
}


static ptn_rc_t
run_receive(kill_worker_t *w)
{
    return ptn_receive_set(w->tx, ptn_str_printf(w->s->pool, "IPM.W%u.R%u",
                                                 w->r.list[0].worker,
                                                 w->r.list[0].n),
                           w->r.list[0].folder);
}


static bool
choose_search(kill_worker_t *w)
{
    if (kill_count(w, KILL_SEARCH) >= 1) {
        return false;
    }

    kill_new(w, KILL_SEARCH)->folder = PTN_FOLDER_FINDER;

    return true;
}


/* Shows what has a subject; kept up by the changes of all workers. */

static ptn_rc_t
run_search(kill_worker_t *w)
{
    ptn_rc_t        rc;
    ptn_id_t        scope[2] = { PTN_FOLDER_INBOX, PTN_FOLDER_ARCHIVE };
    ptn_criteria_t  c;

    rc = ptn_search_folder_create(w->tx, PTN_FOLDER_FINDER,
                                  kill_name(w, w->r.list), NULL,
                                  &w->r.list[0].id);

    memset(&c, 0, sizeof(c));
    c.restriction = ptn_str_make("\x08\x1f\x00\x37\x00", 5);
    c.folders = scope;
    c.n = 2;
    c.flags = w->r.list[0].n % 2 ? PTN_SEARCH_RECURSIVE : 0;

    return rc == PTN_OK
           ? ptn_search_folder_set(w->tx, w->r.list[0].id, &c) : rc;
}


/* A message that asks for a receipt comes, is read, and goes for good. */

static bool
choose_read(kill_worker_t *w)
{
    kill_new(w, KILL_RECEIPT)->there = 0;

    return true;
}


static ptn_rc_t
run_read(kill_worker_t *w)
{
    bool             *due;
    ptn_rc_t          rc;
    kill_obj_t       *o = w->r.list;
    ptn_append_t      a;
    ptn_appended_t    app;

    memset(&a, 0, sizeof(a));
    a.raw = ptn_str_printf(w->s->pool, "From: a@example.test\r\n"
                           "Disposition-Notification-To: a@example.test\r\n"
                           "Subject: w%u e%u\r\n\r\nhello\r\n", o->worker,
                           o->n);
    a.delivery = true;
    a.sender = ptn_str("a@example.test");
    rc = ptn_msg_append(w->tx, PTN_FOLDER_INBOX, &a, &app);

    if (rc == PTN_OK) {
        rc = ptn_msg_read_ids(w->tx, w->s->pool, &app.id, 1, 0, &due);
    }

    if (rc == PTN_OK && !due[0]) {
        rc = PTN_EINTERNAL;
    }

    return rc == PTN_OK ? ptn_msg_expunge_ids(w->tx, &app.id, 1) : rc;
}


/* Whose ever they are; the parent is the queue. */

static void  kill_tell(kill_worker_t *w, unsigned acked);

static ptn_rc_t
run_send(kill_worker_t *w)
{
    char             text[64];
    unsigned         i, worker;
    ptn_rc_t         rc;
    ptn_mbox_t      *mb;
    ptn_receipt_t    r;
    kill_record_t    kept;

    kept = w->r;
    rc = PTN_OK;

    for (i = 0; i < 3 && rc == PTN_OK; i++) {
        rc = ptn_receipt_next(w->s->store, w->s->pool, &mb, &r);

        if (rc != PTN_OK) {
            break;
        }

        memset(&w->r, 0, sizeof(w->r));
        snprintf(text, sizeof(text), "%.*s", ptn_str_arg(r.subject));

        if (sscanf(text, "w%u e%u", &worker, &w->r.list[0].n) != 2) {
            return PTN_ECORRUPT;
        }

        w->r.list[0].worker = (uint8_t) worker;
        kill_tell(w, 3);
        rc = ptn_receipt_done(mb, &r, true);

        if (rc == PTN_OK) {
            kill_tell(w, 4);
        }
    }

    w->r = kept;

    return rc == PTN_ENOTFOUND ? PTN_OK : rc;
}


static bool
choose_nothing(kill_worker_t *w PTN_UNUSED)
{
    return true;
}


static ptn_rc_t
run_idle(kill_worker_t *w)
{
    unsigned  i;

    for (i = 0; i < 3; i++) {
        w->mb[0]->tidy_ms = 0;
        w->mb[1]->tidy_ms = 0;
        ptn_store_idle(w->s->store);
    }

    return PTN_OK;
}


static const kill_op_t  kill_ops[] = {
    { "deliver",        16, true,  choose_deliver,  run_deliver },
    { "flags",           8, true,  choose_flags,    run_flags },
    { "edit",            8, true,  choose_edit,     run_edit },
    { "properties",      6, true,  choose_props,    run_props },
    { "move",            8, true,  choose_move,     run_move },
    { "to another",      6, false, choose_transfer, run_transfer },
    { "soft deletion",   6, true,  choose_soft,     run_soft },
    { "recovery",        6, true,  choose_recover,  run_recover },
    { "expunge",         4, true,  choose_expunge,  run_expunge },
    { "upload",          6, true,  choose_upload,   run_upload },
    { "folder",          5, true,  choose_folder,   run_folder },
    { "rename",          4, true,  choose_rename,   run_rename },
    { "remove folder",   3, true,  choose_remove,   run_remove },
    { "bring it back",   3, true,  choose_bring,    run_bring },
    { "destroy it",      1, true,  choose_destroy,  run_destroy },
    { "rule",            2, true,  choose_rule,     run_rule },
    { "no rule",         1, true,  choose_unrule,   run_unrule },
    { "permission",      2, true,  choose_right,    run_right },
    { "device",          4, true,  choose_device,   run_device },
    { "store property",  2, true,  choose_prop,     run_prop },
    { "receive folder",  1, true,  choose_receive,  run_receive },
    { "search folder",   1, true,  choose_search,   run_search },
    { "read",            5, true,  choose_read,     run_read },
    { "send receipts",   3, false, choose_nothing,  run_send },
    { "idle",            5, false, choose_nothing,  run_idle }
};


#endif /* KILL_OPS_H */
