/*
 * A mixed load by several processes on the same mailboxes, some of which are
 * killed: what each was promised is written down outside of it, by its parent,
 * who looks afterwards.
 *
 * An operation is a list of objects with the state that it will give them.
 * The worker tells its parent the list before it begins, and again, with the
 * ids, when the commit was acknowledged.  So of each object either the last
 * acknowledged state is what must be there, or, for all objects of the one
 * operation that was under way, the next.  Objects belong to one worker each;
 * mailboxes, folders, counters, numbers, keywords and blobs are shared.
 *
 * Half of the workers are killed by their parent at a random moment, half of
 * them kill themselves at a random change of a file.
 */

#ifndef KILL_LOAD_H
#define KILL_LOAD_H


#include <poll.h>
#include <sys/time.h>

#include "fault_io.h"
#include "mailbox_site.h"
#include "ptn_eid.h"
#include "ptn_item.h"


#define KILL_BOXES    2
#define KILL_WORKERS  4
#define KILL_OBJECTS  160       /* of a worker */
#define KILL_LIST     16        /* of an operation */
#define KILL_FOLDERS  6
#define KILL_DIR_MAX  128


typedef enum {
    KILL_MESSAGE, KILL_FOLDER, KILL_RULE, KILL_RIGHT, KILL_DEVICE,
    KILL_PROP, KILL_RECEIVE, KILL_SEARCH, KILL_RECEIPT, KILL_KINDS
} kill_kind_e;

/* What is compared, and (id) what it is called by. */
typedef struct {
    uint8_t   kind, worker, there, box;
    uint8_t   gone;             /* can be recovered; 2: with its folder */
    uint8_t   flags, keyword;
    uint32_t  n;                /* its name, with kind and worker */
    uint32_t  version[3];       /* subject, property, href ... */
    uint64_t  folder;
    uint64_t  id;               /* not compared */
    uint64_t  mid;              /* nor this */
} kill_obj_t;

typedef struct {
    uint8_t     acked;          /* 0: begun; 1; 2: did not happen; 3, 4: the
                                   receipt list[0] was sent, is no row */
    uint8_t     op;
    uint8_t     n;
    kill_obj_t  list[KILL_LIST];
} kill_record_t;

typedef struct {
    kill_obj_t     obj[KILL_OBJECTS];
    unsigned       n;
    bool           pending;
    kill_record_t  last;
    uint64_t       acked;
    uint32_t       next;        /* name of the next object */
} kill_model_t;

/* Whoever sends them, each worker has made some. */
typedef struct {
    uint8_t   worker;
    bool      acked, sent, done;
    uint32_t  n;
    unsigned  rows;             /* found */
} kill_receipt_t;

typedef struct {
    site_t         s;
    kill_model_t   model[KILL_WORKERS];
    unsigned       seed;
    unsigned       backups;     /* acknowledged */
    uint64_t       kills, ops;
    uint64_t       done[64];    /* by operation */
    unsigned       bad;
    kill_receipt_t *receipt;
    unsigned       nreceipts, sent;
    char           dir[KILL_DIR_MAX];       /* of backups */
} kill_t;

/* A worker, in its own process. */
typedef struct {
    kill_t        *k;
    site_t        *s;
    kill_model_t  *m;
    unsigned       w, seed;
    int            fd;
    ptn_mbox_t    *mb[KILL_BOXES];
    ptn_txn_t     *tx;
    kill_record_t  r;
} kill_worker_t;

typedef struct {
    const char  *name;
    unsigned     weight;
    bool         tx;            /* run within a transaction */
    bool       (*choose)(kill_worker_t *w);     /* fills r; false: not now */
    ptn_rc_t   (*run)(kill_worker_t *w);
} kill_op_t;

static const char *const  kill_box[KILL_BOXES] = { "anna", "bert" };


static inline unsigned
kill_random(kill_worker_t *w, unsigned n)
{
    return (unsigned) rand_r(&w->seed) % n;
}


static inline kill_obj_t *
kill_find(kill_model_t *m, const kill_obj_t *o)
{
    unsigned  i;

    for (i = 0; i < m->n; i++) {
        if (m->obj[i].kind == o->kind && m->obj[i].n == o->n) {
            return &m->obj[i];
        }
    }

    return NULL;
}


/* What is not there is forgotten. */

static inline void
kill_apply(kill_model_t *m, const kill_record_t *r)
{
    unsigned     i;
    kill_obj_t  *o;

    for (i = 0; i < r->n; i++) {
        o = kill_find(m, &r->list[i]);

        if (o == NULL && r->list[i].there && m->n < KILL_OBJECTS) {
            o = &m->obj[m->n++];
        }

        if (o != NULL) {
            *o = r->list[i];

            if (!o->there) {
                *o = m->obj[--m->n];
            }
        }

        m->next = ptn_max(m->next, r->list[i].n + 1);
    }
}


/* ---- choosing ------------------------------------------------------------ */

/* One of a kind: in its place (gone 0) or to be recovered (1). */

static inline kill_obj_t *
kill_pick(kill_worker_t *w, kill_kind_e kind, unsigned gone)
{
    unsigned     i, n;
    kill_obj_t  *o;

    n = kill_random(w, w->m->n + 1);

    for (i = 0; i < w->m->n; i++) {
        o = &w->m->obj[(n + i) % w->m->n];

        if (o->kind == kind && o->gone == gone) {
            return o;
        }
    }

    return NULL;
}


static inline unsigned
kill_count(kill_worker_t *w, kill_kind_e kind)
{
    unsigned  i, n;

    for (i = 0, n = 0; i < w->m->n; i++) {
        n += (w->m->obj[i].kind == kind);
    }

    return n;
}


static inline kill_obj_t *
kill_add(kill_worker_t *w, const kill_obj_t *o)
{
    kill_obj_t  *to;

    to = &w->r.list[w->r.n++];
    *to = *o;

    return to;
}


static inline kill_obj_t *
kill_new(kill_worker_t *w, kill_kind_e kind)
{
    kill_obj_t  o;

    memset(&o, 0, sizeof(o));
    o.kind = kind;
    o.worker = (uint8_t) w->w;
    o.there = 1;
    o.n = w->m->next + w->r.n;
    o.box = (uint8_t) kill_random(w, KILL_BOXES);
    o.version[0] = kill_random(w, 1000);

    return kill_add(w, &o);
}


/* A folder of ours in that mailbox, or the Inbox. */

static inline uint64_t
kill_folder(kill_worker_t *w, unsigned box)
{
    kill_obj_t  *f;

    f = kill_pick(w, KILL_FOLDER, 0);

    return (f != NULL && f->box == box && kill_random(w, 3)) ? f->id
           : kill_random(w, 4) ? PTN_FOLDER_INBOX : PTN_FOLDER_ARCHIVE;
}


/* Up to eight messages of one folder. */

static inline bool
kill_some(kill_worker_t *w, unsigned gone)
{
    unsigned     i, max;
    kill_obj_t  *o;

    o = kill_pick(w, KILL_MESSAGE, gone);
    max = 1 + kill_random(w, 8);

    if (o == NULL) {
        return false;
    }

    kill_add(w, o);

    for (i = 0; i < w->m->n && w->r.n < max; i++) {
        if (w->m->obj[i].kind == KILL_MESSAGE && &w->m->obj[i] != o
            && w->m->obj[i].box == o->box && w->m->obj[i].gone == gone
            && w->m->obj[i].folder == o->folder)
        {
            kill_add(w, &w->m->obj[i]);
        }
    }

    return true;
}


static inline size_t
kill_ids(kill_worker_t *w, ptn_id_t ids[KILL_LIST])
{
    unsigned  i;

    for (i = 0; i < w->r.n; i++) {
        ids[i] = w->r.list[i].id;
    }

    return w->r.n;
}


#define KILL_EACH(w, o)                                                       \
    for (o = (w)->r.list; o < (w)->r.list + (w)->r.n; o++)


/* ---- messages ------------------------------------------------------------ */

static inline ptn_str_t
kill_subject(kill_worker_t *w, const kill_obj_t *o)
{
    return ptn_str_printf(w->s->pool, "w%u m%u v%u", o->worker, o->n,
                          o->version[0]);
}


static bool
choose_deliver(kill_worker_t *w)
{
    unsigned     i, n;
    uint64_t     folder;
    kill_obj_t  *o;

    if (kill_count(w, KILL_MESSAGE) > 60) {
        return false;
    }

    n = 1 + kill_random(w, 4);
    o = kill_new(w, KILL_MESSAGE);
    folder = o->folder = kill_folder(w, o->box);

    for (i = 1; i < n; i++) {
        *kill_new(w, KILL_MESSAGE) = w->r.list[0];
        w->r.list[i].n = w->r.list[0].n + i;
        w->r.list[i].folder = folder;
    }

    return true;
}


/* Small ones, some with content in a file, some of them the same for all. */

static ptn_rc_t
run_deliver(kill_worker_t *w)
{
    size_t           i, size;
    ptn_rc_t         rc;
    ptn_buf_t        b;
    kill_obj_t      *o;
    ptn_append_t     a;
    ptn_appended_t   app;

    rc = PTN_OK;

    for (o = w->r.list; o < w->r.list + w->r.n && rc == PTN_OK; o++) {
        size = kill_random(w, 8) ? kill_random(w, 3000) : 160000;
        memset(&a, 0, sizeof(a));
        ptn_buf_init(&b, w->s->pool);
        ptn_buf_printf(&b, "From: a@example.test\r\nSubject: ");
        ptn_buf_str(&b, kill_subject(w, o));
        ptn_buf_z(&b, "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed;"
                  " boundary=x\r\n\r\n--x\r\n\r\nhello\r\n--x\r\nContent-Type:"
                  " application/x\r\nContent-Transfer-Encoding: base64\r\n"
                  "\r\n");

        for (i = 0; i < size; i += 48) {
            ptn_buf_printf(&b, "%016llx%016llxABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"
                           "\r\n",
                           (unsigned long long) ((i + 1) * (size + 1)
                                                 * 0x9e3779b97f4a7c15ULL),
                           (unsigned long long) ((i + 7) * (size + 3)
                                                 * 0xbf58476d1ce4e5b9ULL));
        }

        ptn_buf_z(&b, "\r\n--x--\r\n");
        a.raw = ptn_buf_get(&b);
        a.delivery = true;
        a.sender = ptn_str("a@example.test");
        a.key = ptn_str_printf(w->s->pool, "w%u %u", o->worker, o->n);
        rc = ptn_msg_append(w->tx, o->folder, &a, &app);
        o->id = app.id;
    }

    return rc;
}


static bool
choose_flags(kill_worker_t *w)
{
    kill_obj_t  *o;

    if (!kill_some(w, 0)) {
        return false;
    }

    KILL_EACH(w, o) {
        o->flags = PTN_FLAG_FLAGGED|PTN_FLAG_SEEN;
        o->keyword = 1;
    }

    return true;
}


static ptn_rc_t
run_flags(kill_worker_t *w)
{
    unsigned   bit;
    uint64_t   modseq;
    ptn_id_t   ids[KILL_LIST];
    ptn_rc_t   rc;

    rc = ptn_keyword_add(w->tx, ptn_str_printf(w->s->pool, "$Worker%u", w->w),
                         &bit);

    return rc == PTN_OK
           ? ptn_msg_flags_ids(w->tx, ids, kill_ids(w, ids), PTN_FLAGS_SET,
                               PTN_FLAG_FLAGGED|PTN_FLAG_SEEN, 1ULL << bit,
                               &modseq)
           : rc;
}


static bool
choose_edit(kill_worker_t *w)
{
    kill_obj_t  *o;

    o = kill_pick(w, KILL_MESSAGE, 0);

    if (o != NULL) {
        kill_add(w, o)->version[0]++;
    }

    return o != NULL;
}


static ptn_rc_t
run_edit(kill_worker_t *w)
{
    ptn_rc_t             rc;
    ptn_msg_t           *msg;
    ptn_save_t           save;
    ptn_saved_t          saved;
    ptn_object_t         o;
    const ptn_object_t  *was;

    memset(&save, 0, sizeof(save));
    rc = ptn_msg_open(w->tx->mb, w->s->pool, w->r.list[0].id, &msg);

    if (rc == PTN_OK) {
        rc = ptn_msg_object(msg, PTN_OXCMAIL_ALL, &was);
    }

    if (rc == PTN_OK) {
        o = *was;
        o.props.p = ptn_pmemdup(w->s->pool, was->props.p,
                                was->props.n * sizeof(ptn_bag_prop_t));
        o.props.size = was->props.n;
        ptn_props_set(&o.props, w->s->pool, PTN_PR_SUBJECT,
                      kill_subject(w, w->r.list));
        save.object = &o;
        rc = ptn_msg_update(w->tx, w->s->pool, w->r.list[0].id, &save, 0,
                            &saved);
    }

    return rc;
}


static bool
choose_props(kill_worker_t *w)
{
    kill_obj_t  *o;

    o = kill_pick(w, KILL_MESSAGE, 0);

    if (o != NULL) {
        o = kill_add(w, o);
        o->version[1]++;
        o->version[2]++;
    }

    return o != NULL;
}


/* A small named one, one that is a blob, and a name for DAV. */

static ptn_rc_t
run_props(kill_worker_t *w)
{
    u_char          n[4] = { 0 };
    uint16_t        id;
    ptn_rc_t        rc;
    kill_obj_t     *o;
    ptn_named_t     name;
    ptn_saved_t     saved;
    ptn_bag_prop_t  p[3];

    o = w->r.list;
    memset(&name, 0, sizeof(name));
    name.by_name = true;
    name.name = ptn_str_printf(w->s->pool, "worker %u", w->w);
    rc = ptn_named_ids(w->tx->mb, w->tx, &name, 1, &id);

    if (rc != PTN_OK) {
        return rc;
    }

    n[0] = (u_char) o->version[1];
    n[1] = (u_char) (o->version[1] >> 8);
    p[0].tag = PTN_PR_ICON_INDEX;
    p[0].value = ptn_str_make(n, 4);
    p[1].tag = (uint32_t) id << 16 | PTN_PT_UNICODE;
    p[1].value = ptn_str_printf(w->s->pool, "%u", o->version[1]);
    p[2].tag = 0x67f20102;
    p[2].value = site_message(w->s, 9000 + o->version[1] % 3);
    rc = ptn_msg_set_props(w->tx, w->s->pool, o->id, p, 3, &saved);

    return rc == PTN_OK
           ? ptn_msg_name_set(w->tx, o->id, PTN_NAME_HREF,
                              ptn_str_printf(w->s->pool, "w%u-%u-%u.ics",
                                             o->worker, o->n, o->version[2]))
           : rc;
}


static bool
choose_move(kill_worker_t *w)
{
    uint64_t     to;
    kill_obj_t  *o;

    if (!kill_some(w, 0)) {
        return false;
    }

    to = kill_folder(w, w->r.list[0].box);

    if (to == w->r.list[0].folder) {
        return false;
    }

    KILL_EACH(w, o) {
        o->folder = to;
        o->version[2] = 0;              /* names stay behind */
    }

    return true;
}


static ptn_rc_t
run_move(kill_worker_t *w)
{
    ptn_id_t  ids[KILL_LIST], *got;

    return ptn_msg_move_ids(w->tx, w->s->pool,
                            kill_find(w->m, w->r.list)->folder, ids,
                            kill_ids(w, ids), w->r.list[0].folder, &got);
}


static bool
choose_transfer(kill_worker_t *w)
{
    kill_obj_t  *o;

    if (!kill_some(w, 0)) {
        return false;
    }

    KILL_EACH(w, o) {
        o->box = !o->box;
        o->folder = PTN_FOLDER_INBOX;
        o->version[2] = 0;
    }

    return true;
}


static ptn_rc_t
run_transfer(kill_worker_t *w)
{
    unsigned   i;
    ptn_id_t   ids[KILL_LIST], *got;
    ptn_rc_t   rc;

    rc = ptn_msg_transfer_mbox(w->mb[!w->r.list[0].box],
                               w->mb[w->r.list[0].box], w->s->pool,
                               kill_find(w->m, w->r.list)->folder, ids,
                               kill_ids(w, ids), PTN_FOLDER_INBOX, false,
                               &got);

    for (i = 0; rc == PTN_OK && i < w->r.n; i++) {
        w->r.list[i].id = got[i];
    }

    return rc;
}


static bool
choose_soft(kill_worker_t *w)
{
    kill_obj_t  *o;

    if (!kill_some(w, 0)) {
        return false;
    }

    KILL_EACH(w, o) {
        o->gone = 1;
        o->version[2] = 0;
    }

    return true;
}


static ptn_rc_t
run_soft(kill_worker_t *w)
{
    ptn_id_t  ids[KILL_LIST];

    return ptn_msg_gone_ids(w->tx, ids, kill_ids(w, ids));
}


static bool
choose_recover(kill_worker_t *w)
{
    uint64_t     to;
    kill_obj_t  *o;

    if (!kill_some(w, 1)) {
        return false;
    }

    to = kill_folder(w, w->r.list[0].box);

    KILL_EACH(w, o) {
        o->gone = 0;
        o->folder = to;
    }

    return true;
}


static ptn_rc_t
run_recover(kill_worker_t *w)
{
    ptn_id_t  ids[KILL_LIST], *got;

    return ptn_gone_recover(w->tx, w->s->pool, ids, kill_ids(w, ids),
                            w->r.list[0].folder, &got);
}


static bool
choose_expunge(kill_worker_t *w)
{
    kill_obj_t  *o;

    if (kill_count(w, KILL_MESSAGE) < 20
        || !kill_some(w, kill_random(w, 2)))
    {
        return false;
    }

    KILL_EACH(w, o) {
        o->there = 0;
    }

    return true;
}


static ptn_rc_t
run_expunge(kill_worker_t *w)
{
    size_t    n;
    ptn_id_t  ids[KILL_LIST];

    n = kill_ids(w, ids);

    return w->r.list[0].gone ? ptn_gone_expunge_ids(w->tx, ids, n)
                             : ptn_msg_expunge_ids(w->tx, ids, n);
}


/* Made and changed by a client that has ids of its own. */

static ptn_str_t
kill_gid(kill_worker_t *w, uint64_t mid)
{
    u_char      *p;
    uint16_t     replid;
    ptn_guid_t   guid;

    p = ptn_palloc(w->s->pool, PTN_GID_LEN);
    memset(&guid, 0, sizeof(guid));
    ptn_mbox_replica(w->tx->mb, mid, &replid, &guid);
    ptn_eid_gid(guid, mid, p);

    return ptn_str_make(p, PTN_GID_LEN);
}


static bool
choose_upload(kill_worker_t *w)
{
    kill_obj_t  *o;

    if (kill_count(w, KILL_MESSAGE) > 60) {
        return false;
    }

    o = kill_new(w, KILL_MESSAGE);
    o->folder = kill_folder(w, o->box);

    return true;
}


static ptn_rc_t
run_upload(kill_worker_t *w)
{
    u_char               change[20];
    ptn_rc_t             rc;
    ptn_guid_t           guid;
    ptn_object_t         o;
    ptn_ics_import_t     in;
    ptn_ics_imported_t   out;

    memset(&in, 0, sizeof(in));
    memset(&o, 0, sizeof(o));
    memset(change, (int) w->w + 1, sizeof(change));
    memcpy(change + 16, &w->r.list[0].n, 4);
    rc = ptn_ics_local_ids(w->tx, 1, &guid, &w->r.list[0].mid);

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_props_set(&o.props, w->s->pool, PTN_PR_SUBJECT,
                  kill_subject(w, w->r.list));
    in.source_key = kill_gid(w, w->r.list[0].mid);
    in.change_key = ptn_str_make(change, sizeof(change));
    in.modified = 1770000000;
    in.object = &o;
    rc = ptn_pcl_add(w->s->pool, ptn_str_make(NULL, 0), in.change_key,
                     &in.pcl);

    if (rc == PTN_OK) {
        rc = ptn_ics_import_message(w->tx, w->s->pool, w->r.list[0].folder,
                                    &in, &out);
    }

    if (rc == PTN_OK) {
        w->r.list[0].id = out.id;
        rc = (out.verdict == PTN_ICS_NEW) ? PTN_OK : PTN_EINTERNAL;
    }

    return rc;
}


#endif /* KILL_LOAD_H */
