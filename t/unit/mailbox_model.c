/*
 * Random operations on two stores (as two executors have them) beside a naive
 * model: every counter, row and byte must agree, views that were taken
 * earlier must not change, and what patching gives is what loading gives.
 */

#include "mailbox_site.h"


#define FOLDERS   4
#define MESSAGES  4000
#define STEPS     1500

typedef struct {
    uint32_t  uid;
    uint32_t  flags;
    uint64_t  keywords;
    uint64_t  modseq;
    ptn_id_t  id;
    size_t    size;             /* of site_message() */
    unsigned  prop;             /* a property that is no content; 0: none */
} msg_t;

typedef struct {
    ptn_id_t  id;
    uint32_t  uidnext;
    size_t    n;
    msg_t     msgs[MESSAGES];
} folder_t;

typedef struct {
    folder_t      f[FOLDERS], saved[FOLDERS];
    site_t        site;
    ptn_store_t  *store[2];
    uint64_t      modseq;       /* highest seen */
    uint64_t      saved_modseq;
    unsigned      bad;
    uint64_t      random;
} model_t;


static unsigned
roll(model_t *m, unsigned n)
{
    m->random = m->random * 6364136223846793005ULL + 1442695040888963407ULL;

    return (unsigned) (m->random >> 33) % n;
}


static void
expect(model_t *m, bool good, const char *what, long step)
{
    if (!good && m->bad++ < 20) {
        printf("# step %ld: %s\n", step, what);
    }
}


/* A random ascending set of uids of a folder, and some that are not there. */

static size_t
pick(model_t *m, folder_t *f, uint32_t *uids, size_t max)
{
    size_t    n;
    uint32_t  uid;

    n = 0;

    for (uid = 1 + roll(m, 5); uid < f->uidnext + 2 && n < max;
         uid += 1 + roll(m, f->uidnext / 8 + 2))
    {
        uids[n++] = uid;
    }

    return n;
}


static msg_t *
find(folder_t *f, uint32_t uid)
{
    size_t  i;

    for (i = 0; i < f->n; i++) {
        if (f->msgs[i].uid == uid) {
            return &f->msgs[i];
        }
    }

    return NULL;
}


static void
drop(folder_t *f, msg_t *msg)
{
    size_t  i;

    i = (size_t) (msg - f->msgs);
    f->n--;
    memmove(&f->msgs[i], &f->msgs[i + 1], (f->n - i) * sizeof(msg_t));
}


static void
do_append(model_t *m, ptn_txn_t *tx, folder_t *f, long step)
{
    msg_t          *msg;
    size_t          size;
    ptn_rc_t        rc;
    uint32_t        flags;
    ptn_appended_t  app;

    if (f->n == MESSAGES) {
        return;
    }

    size = roll(m, 3000);
    flags = roll(m, 32);
    rc = site_append(&m->site, tx, f->id, size, flags, &app);

    expect(m, rc == PTN_OK && app.uid == f->uidnext, "append", step);
    expect(m, app.modseq > m->modseq, "modseq grows", step);
    m->modseq = app.modseq;

    msg = &f->msgs[f->n++];
    memset(msg, 0, sizeof(msg_t));
    msg->uid = f->uidnext++;
    msg->flags = flags;
    msg->modseq = app.modseq;
    msg->id = app.id;
    msg->size = size;
}


static void
do_flags(model_t *m, ptn_txn_t *tx, folder_t *f, long step)
{
    size_t          i, n;
    msg_t          *msg;
    ptn_rc_t        rc;
    uint32_t        uids[200], flags, nf;
    uint64_t        words, nw, modseq, since;
    ptn_flags_op_e  op;

    n = pick(m, f, uids, 200);
    flags = roll(m, 64);
    words = roll(m, 8);
    op = (ptn_flags_op_e) roll(m, 3);
    since = roll(m, 4) ? 0 : m->modseq - ptn_min(roll(m, 300), m->modseq - 1);

    rc = ptn_msg_flags(tx, f->id, uids, n, op, flags, words, since, &modseq);
    expect(m, rc == PTN_OK, "flags", step);
    expect(m, modseq == 0 || modseq > m->modseq, "modseq grows", step);

    for (i = 0; i < n; i++) {
        msg = find(f, uids[i]);

        if (msg == NULL || (since != 0 && msg->modseq > since)) {
            continue;
        }

        nf = (op == PTN_FLAGS_SET) ? flags & 31
             : (op == PTN_FLAGS_ADD) ? msg->flags | (flags & 31)
             : msg->flags & ~flags;
        nw = (op == PTN_FLAGS_SET) ? words
             : (op == PTN_FLAGS_ADD) ? msg->keywords | words
             : msg->keywords & ~words;

        if (nf != msg->flags || nw != msg->keywords) {
            expect(m, modseq != 0, "a change has a modseq", step);
            msg->flags = nf;
            msg->keywords = nw;
            msg->modseq = modseq;
        }
    }

    m->modseq = ptn_max(m->modseq, modseq);
}


static void
do_transfer(model_t *m, ptn_txn_t *tx, folder_t *from, folder_t *to,
    bool move, long step)
{
    size_t     i, n;
    msg_t     *msg, copy;
    ptn_rc_t   rc;
    uint32_t   uids[100], *got, end;

    n = pick(m, from, uids, 100);
    end = from->uidnext;

    if (to->n + n > MESSAGES) {
        return;
    }

    rc = move ? ptn_msg_move(tx, m->site.pool, from->id, uids, n, to->id, &got)
              : ptn_msg_copy(tx, m->site.pool, from->id, uids, n, to->id,
                             &got);
    expect(m, rc == PTN_OK, "transfer", step);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        msg = (uids[i] < end) ? find(from, uids[i]) : NULL;

        if (msg == NULL) {
            expect(m, got[i] == 0, "nothing of a gone message", step);
            continue;
        }

        expect(m, got[i] == to->uidnext, "the next uid", step);

        copy = *msg;
        copy.uid = to->uidnext++;
        copy.modseq = 0;

        if (move) {
            drop(from, msg);

        } else {
            copy.id = 0;
        }

        to->msgs[to->n++] = copy;
    }
}


static void
do_expunge(model_t *m, ptn_txn_t *tx, folder_t *f, long step)
{
    size_t    i, n;
    msg_t    *msg;
    uint32_t  uids[60];

    n = pick(m, f, uids, 60);
    expect(m, ptn_msg_expunge(tx, f->id, uids, n) == PTN_OK, "expunge", step);

    for (i = 0; i < n; i++) {
        msg = find(f, uids[i]);

        if (msg != NULL) {
            drop(f, msg);
        }
    }
}


/* One message whose row id is known, or NULL. */

static msg_t *
any(model_t *m, folder_t *f)
{
    msg_t  *msg;

    if (f->n == 0) {
        return NULL;
    }

    msg = &f->msgs[roll(m, (unsigned) f->n)];

    return msg->id ? msg : NULL;
}


/* Another content: a uid of its own, at the end; all else stays. */

static void
do_update(model_t *m, ptn_txn_t *tx, folder_t *f, long step)
{
    msg_t        *msg, copy;
    size_t        size;
    ptn_rc_t      rc;
    ptn_save_t    save;
    ptn_saved_t   saved;

    msg = any(m, f);

    if (msg == NULL) {
        return;
    }

    size = roll(m, 4) ? roll(m, 3000) : msg->size;
    memset(&save, 0, sizeof(save));
    save.raw = site_message(&m->site, size);

    rc = ptn_msg_update(tx, m->site.pool, msg->id, &save, 0, &saved);
    expect(m, rc == PTN_OK && saved.id == msg->id, "update", step);

    if (size == msg->size) {
        expect(m, saved.uid == msg->uid, "an equal content keeps the uid",
               step);
        return;
    }

    expect(m, saved.uid == f->uidnext && saved.modseq > m->modseq,
           "another one has a new uid", step);
    copy = *msg;
    drop(f, msg);
    copy.uid = f->uidnext++;
    copy.size = size;
    copy.modseq = saved.modseq;
    f->msgs[f->n++] = copy;
    m->modseq = ptn_max(m->modseq, saved.modseq);
}


static void
do_props(model_t *m, ptn_txn_t *tx, folder_t *f, long step)
{
    msg_t           *msg;
    unsigned         n;
    ptn_rc_t         rc;
    ptn_saved_t      saved;
    ptn_bag_prop_t   p;

    msg = any(m, f);

    if (msg == NULL) {
        return;
    }

    n = roll(m, 4);
    p.tag = 0x8001001f;
    p.value = n ? ptn_str_printf(m->site.pool, "%u", n)
                : ptn_str_make(NULL, 0);
    rc = ptn_msg_set_props(tx, m->site.pool, msg->id, &p, 1, &saved);
    expect(m, rc == PTN_OK && saved.uid == msg->uid, "set_props", step);

    if (n != msg->prop) {
        expect(m, saved.modseq > m->modseq, "modseq grows", step);
        msg->prop = n;
        msg->modseq = saved.modseq;
        m->modseq = saved.modseq;

    } else {
        expect(m, saved.modseq == msg->modseq || msg->modseq == 0,
               "what is the same does not move", step);
    }
}


/* By row id: flags of messages of two folders, a move, an end. */

static void
do_ids(model_t *m, ptn_txn_t *tx, folder_t *f, folder_t *to, long step)
{
    msg_t     *msg, *other, copy;
    ptn_id_t   ids[3], *got;
    ptn_rc_t   rc;
    uint64_t   modseq;

    msg = any(m, f);
    other = any(m, to);

    if (msg == NULL || other == NULL || f == to || to->n == MESSAGES) {
        return;
    }

    ids[0] = msg->id;
    ids[1] = other->id;
    ids[2] = 1;

    switch (roll(m, 3)) {

    case 0:
        rc = ptn_msg_flags_ids(tx, ids, 3, PTN_FLAGS_ADD, PTN_FLAG_FLAGGED, 0,
                               &modseq);
        expect(m, rc == PTN_OK, "flags_ids", step);

        if (!(msg->flags & PTN_FLAG_FLAGGED)) {
            msg->flags |= PTN_FLAG_FLAGGED;
            msg->modseq = modseq;
        }

        if (!(other->flags & PTN_FLAG_FLAGGED)) {
            other->flags |= PTN_FLAG_FLAGGED;
            other->modseq = modseq;
        }

        m->modseq = ptn_max(m->modseq, modseq);
        break;

    case 1:
        rc = ptn_msg_move_ids(tx, m->site.pool, f->id, ids, 3, to->id, &got);
        expect(m, rc == PTN_OK && got[0] == ids[0] && got[1] == 0
               && got[2] == 0, "move_ids", step);
        copy = *msg;
        copy.uid = to->uidnext++;
        copy.modseq = 0;
        drop(f, msg);
        to->msgs[to->n++] = copy;
        break;

    default:
        expect(m, ptn_msg_expunge_ids(tx, ids, 1) == PTN_OK, "expunge_ids",
               step);
        drop(f, msg);
    }
}


static void
compare(model_t *m, ptn_mbox_t *mb, folder_t *f, long step)
{
    size_t               i;
    uint32_t             unread, deleted;
    uint64_t             size;
    ptn_row_t            row;
    ptn_view_t          *v;
    const ptn_folder_t  *pf;

    if (ptn_view_get(mb, f->id, &v) != PTN_OK
        || ptn_folder_get(mb, f->id, &pf) != PTN_OK)
    {
        expect(m, false, "view", step);
        return;
    }

    expect(m, ptn_view_count(v) == f->n, "count", step);
    expect(m, ptn_view_uidnext(v) == f->uidnext, "uidnext of the view", step);
    expect(m, pf->uidnext == f->uidnext, "uidnext", step);

    for (i = 0, unread = 0, deleted = 0, size = 0; i < f->n; i++) {
        ptn_view_row(v, (uint32_t) i + 1, &row);

        expect(m, row.uid == f->msgs[i].uid, "uid", step);
        expect(m, row.flags == f->msgs[i].flags, "flags", step);
        expect(m, row.keywords == f->msgs[i].keywords, "keywords", step);
        expect(m, row.modseq <= ptn_view_modseq(v), "modseq", step);
        expect(m, ptn_view_find(v, row.uid) == i + 1, "find", step);

        if (f->msgs[i].modseq == 0) {
            f->msgs[i].modseq = row.modseq;
            m->modseq = ptn_max(m->modseq, row.modseq);
        }

        expect(m, row.modseq == f->msgs[i].modseq, "its modseq", step);

        if (f->msgs[i].id == 0) {
            f->msgs[i].id = row.id;
        }

        expect(m, row.id == f->msgs[i].id, "row id", step);

        unread += !(row.flags & PTN_FLAG_SEEN);
        deleted += (row.flags & PTN_FLAG_DELETED) != 0;
        size += row.size;
    }

    m->modseq = ptn_max(m->modseq, ptn_view_modseq(v));
    expect(m, pf->total == f->n && pf->unread == unread
           && pf->deleted == deleted && pf->size == size, "counters", step);
    ptn_view_unref(v);
}


static void
read_some(model_t *m, ptn_mbox_t *mb, folder_t *f, long step)
{
    msg_t       *msg;
    uint32_t     tag;
    ptn_str_t    raw, got, prop;
    ptn_msg_t   *pm;

    if (f->n == 0) {
        return;
    }

    msg = &f->msgs[roll(m, (unsigned) f->n)];
    raw = site_message(&m->site, msg->size);

    expect(m, ptn_msg_open(mb, m->site.pool, msg->id, &pm) == PTN_OK
           && ptn_msg_slice(pm, m->site.pool, 0, UINT64_MAX, 100000, &got)
              == PTN_OK
           && ptn_str_eq(raw, got), "bytes", step);

    tag = 0x8001001f;
    expect(m, ptn_msg_props(pm, &tag, 1, &prop) == PTN_OK
           && (msg->prop ? prop.len == 1
                           && prop.data[0] == (u_char) ('0' + msg->prop)
                         : prop.data == NULL), "property", step);
}


static void
save(model_t *m)
{
    memcpy(m->saved, m->f, sizeof(m->f));
    m->saved_modseq = m->modseq;
}


/* Another store may give the numbers that were undone. */

static void
undo(model_t *m)
{
    memcpy(m->f, m->saved, sizeof(m->f));
    m->modseq = m->saved_modseq;
}


static void
step_on(model_t *m, long step)
{
    unsigned      i, ops;
    folder_t     *f, *to;
    ptn_txn_t     tx;
    ptn_mbox_t   *mb;
    ptn_store_t  *store;

    store = m->store[roll(m, 2)];
    mb = site_open_store(&m->site, store, "model");

    save(m);
    expect(m, ptn_txn_begin(&tx, mb) == PTN_OK, "begin", step);

    ops = 1 + roll(m, 4);

    for (i = 0; i < ops; i++) {
        f = &m->f[roll(m, FOLDERS)];
        to = &m->f[roll(m, FOLDERS)];

        switch (roll(m, 14)) {
        case 10: case 11:
            do_update(m, &tx, f, step);
            break;
        case 12:
            do_props(m, &tx, f, step);
            break;
        case 13:
            do_ids(m, &tx, f, to, step);
            break;
        case 0: case 1: case 2: case 3:
            do_append(m, &tx, f, step);
            break;
        case 4: case 5:
            do_flags(m, &tx, f, step);
            break;
        case 6:
            do_expunge(m, &tx, f, step);
            break;
        case 7:
            if (f != to) {
                do_transfer(m, &tx, f, to, true, step);
            }
            break;
        case 8:
            do_transfer(m, &tx, f, to, false, step);
            break;
        default:
            compare(m, mb, f, step);
        }

        compare(m, mb, f, step);
        compare(m, mb, to, step);
    }

    if (roll(m, 5) == 0) {
        ptn_txn_done(&tx);
        undo(m);

    } else {
        expect(m, ptn_txn_commit(&tx) == PTN_OK, "commit", step);
    }

    /* sometimes more than one transaction in a batch */

    if (roll(m, 3) == 0) {
        expect(m, ptn_txn_begin(&tx, mb) == PTN_OK, "begin", step);
        save(m);
        do_append(m, &tx, &m->f[0], step);
        do_flags(m, &tx, &m->f[0], step);
        compare(m, mb, &m->f[0], step);

        if (roll(m, 2)) {
            ptn_txn_done(&tx);
            undo(m);

        } else {
            expect(m, ptn_txn_commit(&tx) == PTN_OK, "commit", step);
        }
    }

    expect(m, ptn_store_commit(store) == PTN_OK, "store commit", step);

    mb = site_open_store(&m->site, m->store[roll(m, 2)], "model");

    for (i = 0; i < FOLDERS; i++) {
        compare(m, mb, &m->f[i], step);
        read_some(m, mb, &m->f[i], step);
    }

    if (roll(m, 10) == 0) {
        ptn_store_idle(m->store[0]);
        ptn_store_idle(m->store[1]);
    }

    if (roll(m, 50) == 0) {
        ptn_store_close(m->store[1]);
        ptn_store_open(&m->site.opts, &m->store[1]);
    }

    ptn_pool_reset(m->site.pool);
}


int
main(int argc, char **argv)
{
    long                   i, steps;
    unsigned               bit;
    ptn_txn_t              tx;
    ptn_mbox_t            *mb;
    ptn_id_t               special[FOLDERS] = { PTN_FOLDER_INBOX,
                                                PTN_FOLDER_SENT,
                                                PTN_FOLDER_DRAFTS,
                                                PTN_FOLDER_ARCHIVE };
    static model_t         m;

    steps = (argc > 1) ? atol(argv[1]) : STEPS / 5;
    m.random = (argc > 2) ? strtoull(argv[2], NULL, 10) : 42;

    site_make(&m.site);
    m.site.conf.fsync = false;
    m.store[0] = m.site.store;
    ptn_store_open(&m.site.opts, &m.store[1]);

    mb = site_open(&m.site, "model");
    ptn_txn_begin(&tx, mb);
    ok(ptn_keyword_add(&tx, ptn_str("a"), &bit) == PTN_OK && bit == 0
       && ptn_keyword_add(&tx, ptn_str("b"), &bit) == PTN_OK && bit == 1
       && ptn_keyword_add(&tx, ptn_str("c"), &bit) == PTN_OK && bit == 2
       && ptn_txn_commit(&tx) == PTN_OK
       && ptn_store_commit(m.site.store) == PTN_OK, "three keywords");

    for (i = 0; i < FOLDERS; i++) {
        m.f[i].id = special[i];
        m.f[i].uidnext = 1;
    }

    for (i = 0; i < steps; i++) {
        step_on(&m, i);
    }

    ok(m.bad == 0, "%ld steps as the model has it, %u differences", steps,
       m.bad);
    ok(m.f[0].n > 10, "that leave something: %zu messages", m.f[0].n);
    site_check(&m.site, "model");
    ptn_store_close(m.store[1]);
    site_check(&m.site, "model");
    site_done(&m.site);

    return done_testing();
}
