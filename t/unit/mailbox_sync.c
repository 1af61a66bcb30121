/*
 * Random changes, and clients that synchronise in pages: what a client has
 * built of the changes it was told equals the folder, and the tree of folders.
 */

#include "mailbox_site.h"


#define FOLDERS  3
#define CLIENTS  4
#define ROWS     800
#define STEPS    600

typedef struct {
    ptn_id_t  id, mid;
    uint64_t  cn;
    bool      seen;
} copy_t;

typedef struct {
    ptn_sync_t  state[FOLDERS], tree;
    copy_t      rows[FOLDERS][ROWS];
    unsigned    n[FOLDERS];
    copy_t      folders[ROWS];
    unsigned    nfolders;
    bool        more[FOLDERS], tree_more;
} client_t;

typedef struct {
    site_t        site;
    ptn_store_t  *store[2];
    uint64_t      random;
    unsigned      bad, updates, reads, deletes, odd, told;
    client_t      c[CLIENTS];
} test_t;

static const ptn_id_t  folders[FOLDERS] = {
    PTN_FOLDER_INBOX, PTN_FOLDER_SENT, PTN_FOLDER_ARCHIVE
};


static unsigned
roll(test_t *t, unsigned n)
{
    t->random = t->random * 6364136223846793005ULL + 1442695040888963407ULL;

    return (unsigned) (t->random >> 33) % n;
}


static void
expect(test_t *t, bool good, const char *what, long step)
{
    if (!good && t->bad++ < 20) {
        printf("# step %ld: %s\n", step, what);
    }
}


static copy_t *
find(copy_t *rows, unsigned n, ptn_id_t mid)
{
    unsigned  i;

    for (i = 0; i < n; i++) {
        if (rows[i].mid == mid) {
            return &rows[i];
        }
    }

    return NULL;
}


/* ---- a client ------------------------------------------------------------ */

static void
learn(test_t *t, copy_t *rows, unsigned *n, const ptn_sync_change_t *ch,
    bool tree, long step)
{
    copy_t  *row;

    row = find(rows, *n, ch->mid);
    t->told++;

    switch (ch->kind) {

    case PTN_SYNC_DELETE:
        t->deletes++;

        if (row != NULL) {
            *row = rows[--*n];

        } else {
            t->odd++;
        }

        return;

    case PTN_SYNC_READ:
        t->reads++;
        expect(t, row != NULL, "read of what is known", step);

        if (row != NULL) {
            expect(t, row->cn == ch->cn, "a read leaves cn", step);
            row->seen = (ch->flags & PTN_FLAG_SEEN) != 0;
        }

        return;

    case PTN_SYNC_CREATE:
        t->odd += (row != NULL);

        if (row == NULL) {
            row = &rows[(*n)++];
        }

        break;

    default:
        t->updates++;
        expect(t, row != NULL || tree, "update of what is known", step);

        if (row == NULL) {
            row = &rows[(*n)++];
        }
    }

    row->id = ch->id;
    row->mid = ch->mid;
    row->cn = ch->cn;
    row->seen = (ch->flags & PTN_FLAG_SEEN) != 0;
}


static void
page(test_t *t, client_t *c, ptn_mbox_t *mb, unsigned f, long step)
{
    size_t              i, n, max;
    ptn_sync_change_t  *ch;

    max = roll(t, 3) ? 1 + roll(t, 7) : 1000;
    expect(t, ptn_sync_items(mb, t->site.pool, folders[f], false,
                             &c->state[f], max, &ch, &n, &c->more[f])
              == PTN_OK, "sync", step);
    expect(t, n <= max, "not more than asked for", step);
    expect(t, n != 0 || !c->more[f], "no empty page", step);

    for (i = 0; i < n; i++) {
        learn(t, c->rows[f], &c->n[f], &ch[i], false, step);
    }
}


static void
same(test_t *t, client_t *c, ptn_mbox_t *mb, unsigned f, long step)
{
    copy_t          *row;
    uint32_t         seq;
    ptn_row_t        r;
    ptn_view_t      *view;
    ptn_msg_t       *msg;
    ptn_msg_info_t   info;

    ptn_view_get(mb, folders[f], &view);
    expect(t, ptn_view_count(view) == c->n[f], "as many", step);

    for (seq = 1; seq <= ptn_view_count(view); seq++) {
        ptn_view_row(view, seq, &r);
        ptn_msg_open(mb, t->site.pool, r.id, &msg);
        ptn_msg_info(msg, &info);
        row = find(c->rows[f], c->n[f], info.mid);
        expect(t, row != NULL && row->id == info.id && row->cn == info.cn
               && row->seen == ((info.flags & PTN_FLAG_SEEN) != 0),
               "the same message", step);
    }

    ptn_view_unref(view);
}


static void
page_tree(test_t *t, client_t *c, ptn_mbox_t *mb, long step)
{
    size_t                i, n, max;
    ptn_sync_change_t    *ch;
    const ptn_folder_t   *f;

    max = roll(t, 2) ? 1 + roll(t, 4) : 1000;
    expect(t, ptn_sync_folders(mb, t->site.pool, PTN_FOLDER_IPM_SUBTREE,
                               &c->tree, max, &ch, &n, &c->tree_more)
              == PTN_OK, "sync of folders", step);

    for (i = 0; i < n; i++) {
        if (ch[i].kind == PTN_SYNC_CREATE
            && ptn_folder_get(mb, ch[i].id, &f) == PTN_OK)
        {
            expect(t, f->parent == PTN_FOLDER_IPM_SUBTREE
                   || find(c->folders, c->nfolders, f->parent) != NULL,
                   "parents first", step);
        }

        learn(t, c->folders, &c->nfolders, &ch[i], true, step);
    }
}


static void
same_tree(test_t *t, client_t *c, ptn_mbox_t *mb, long step)
{
    size_t               i, n;
    copy_t              *row;
    const ptn_folder_t  *f;

    ptn_folder_list(mb, &f, &n);
    expect(t, n == c->nfolders, "as many folders", step);

    for (i = 0; i < n; i++) {
        row = find(c->folders, c->nfolders, f[i].id);
        expect(t, row != NULL && row->cn == f[i].cn, "the same folder", step);
    }
}


/* ---- changes ------------------------------------------------------------- */

static size_t
pick(test_t *t, ptn_mbox_t *mb, ptn_id_t folder, ptn_id_t *ids, size_t max)
{
    size_t       n;
    uint32_t     seq;
    ptn_row_t    row;
    ptn_view_t  *view;

    ptn_view_get(mb, folder, &view);
    n = 0;

    for (seq = 1 + roll(t, 6); seq <= ptn_view_count(view) && n < max;
         seq += 1 + roll(t, 8))
    {
        ptn_view_row(view, seq, &row);
        ids[n++] = row.id;
    }

    ptn_view_unref(view);

    return n;
}


static void
change_tree(test_t *t, ptn_txn_t *tx)
{
    char                 name[16];
    size_t               n;
    ptn_id_t             id, parent;
    const ptn_folder_t  *f;

    ptn_folder_list(tx->mb, &f, &n);
    id = f[roll(t, (unsigned) n)].id;
    parent = roll(t, 3) ? f[roll(t, (unsigned) n)].id
                        : PTN_FOLDER_IPM_SUBTREE;
    snprintf(name, sizeof(name), "f%u", roll(t, 100000));

    switch (roll(t, 6)) {

    case 0: case 1:
        if (n < 60) {
            ptn_folder_create(tx, parent, ptn_str_z(name), NULL, &id);
        }
        break;

    case 2:
        ptn_folder_move(tx, id, roll(t, 6) ? parent : PTN_FOLDER_FINDER,
                        ptn_str_z(name));
        break;

    case 3:
        (void) ptn_folder_delete(tx, id, true);
        break;

    case 4:
        (void) ptn_folder_move(tx, id, parent, ptn_str_z(name));
        break;

    default:
        break;
    }
}


static void
change(test_t *t, ptn_txn_t *tx)
{
    size_t          n;
    unsigned        i;
    ptn_id_t        ids[40], *got, f, to;
    ptn_saved_t     saved;
    ptn_bag_prop_t  p;
    ptn_appended_t  app;
    ptn_save_t      save;

    f = folders[roll(t, FOLDERS)];
    to = folders[roll(t, FOLDERS)];
    n = pick(t, tx->mb, f, ids, 1 + roll(t, 12));

    switch (roll(t, 10)) {

    case 0: case 1: case 2: case 3:
        for (i = 0; i <= roll(t, 4); i++) {
            site_append(&t->site, tx, f, roll(t, 400), roll(t, 2), &app);
        }
        break;

    case 4: case 5:
        ptn_msg_flags_ids(tx, ids, n, (ptn_flags_op_e) (1 + roll(t, 2)),
                          roll(t, 16), 0, NULL);
        break;

    case 6:
        ptn_msg_move_ids(tx, t->site.pool, f, ids, n, to, &got);
        break;

    case 7:
        ptn_msg_expunge_ids(tx, ids, n);
        break;

    case 8:
        if (n != 0) {
            p.tag = 0x8005001f;
            p.value = ptn_str_printf(t->site.pool, "%u", roll(t, 1000));
            ptn_msg_set_props(tx, t->site.pool, ids[0], &p, 1, &saved);
        }
        break;

    default:
        if (n != 0) {
            memset(&save, 0, sizeof(save));
            save.raw = site_message(&t->site, roll(t, 500));
            ptn_msg_update(tx, t->site.pool, ids[0], &save, 0, &saved);
        }
    }
}


static void
step_on(test_t *t, long step)
{
    unsigned      i, f;
    client_t     *c;
    ptn_txn_t     tx;
    ptn_mbox_t   *mb;
    ptn_store_t  *store;

    store = t->store[roll(t, 2)];
    mb = site_open_store(&t->site, store, "sync");
    expect(t, ptn_txn_begin(&tx, mb) == PTN_OK, "begin", step);

    for (i = 0; i <= roll(t, 3); i++) {
        change(t, &tx);
    }

    if (roll(t, 3) == 0) {
        change_tree(t, &tx);
    }

    if (roll(t, 8) == 0) {
        ptn_txn_done(&tx);

    } else {
        expect(t, ptn_txn_commit(&tx) == PTN_OK, "commit", step);
    }

    expect(t, ptn_store_commit(store) == PTN_OK, "store commit", step);
    mb = site_open_store(&t->site, t->store[roll(t, 2)], "sync");

    /* the first client comes always, the last one hardly ever */

    for (i = 0; i < CLIENTS; i++) {
        c = &t->c[i];

        if (roll(t, 1 + i * 3) != 0) {
            continue;
        }

        for (f = 0; f < FOLDERS; f++) {
            page(t, c, mb, f, step);

            if (roll(t, 2)) {
                while (c->more[f]) {
                    page(t, c, mb, f, step);
                }
            }

            if (!c->more[f]) {
                same(t, c, mb, f, step);
            }
        }

        page_tree(t, c, mb, step);

        while (c->tree_more && roll(t, 4)) {
            page_tree(t, c, mb, step);
        }

        if (!c->tree_more) {
            same_tree(t, c, mb, step);
        }
    }

    ptn_pool_reset(t->site.pool);
}


static void
test_states(test_t *t)
{
    bool                 more;
    size_t               n;
    ptn_sync_t           s, was;
    ptn_mbox_t          *mb;
    ptn_sync_change_t   *ch;

    mb = site_open(&t->site, "sync");
    memset(&s, 0, sizeof(s));
    is_rc(ptn_sync_items(mb, t->site.pool, PTN_FOLDER_INBOX, false, &s, 1000,
                         &ch, &n, &more), PTN_OK, "from the beginning");
    ok(s.epoch != 0 && !more, "a state");
    was = s;
    is_rc(ptn_sync_items(mb, t->site.pool, PTN_FOLDER_INBOX, false, &s, 1000,
                         &ch, &n, &more), PTN_OK, "again");
    ok(n == 0 && memcmp(&s, &was, sizeof(s)) == 0, "nothing new");
    s.modseq += 1000000;
    is_rc(ptn_sync_items(mb, t->site.pool, PTN_FOLDER_INBOX, false, &s, 1000,
                         &ch, &n, &more), PTN_ESTALE, "ahead");
    s = was;
    s.epoch++;
    is_rc(ptn_sync_items(mb, t->site.pool, PTN_FOLDER_INBOX, false, &s, 1000,
                         &ch, &n, &more), PTN_ESTALE, "another incarnation");
    is_rc(ptn_sync_folders(mb, t->site.pool, PTN_FOLDER_IPM_SUBTREE, &s, 1000,
                           &ch, &n, &more), PTN_ESTALE, "of folders, too");
    is_rc(ptn_sync_items(mb, t->site.pool, 99999, false, &s, 1000, &ch, &n,
                         &more), PTN_ENOTFOUND, "no such folder");
}


int
main(int argc, char **argv)
{
    long            i, steps;
    static test_t   t;

    steps = (argc > 1) ? atol(argv[1]) : STEPS;
    t.random = (argc > 2) ? strtoull(argv[2], NULL, 10) : 3;

    site_make(&t.site);
    t.site.conf.fsync = false;
    t.store[0] = t.site.store;
    ptn_store_open(&t.site.opts, &t.store[1]);

    for (i = 0; i < steps; i++) {
        step_on(&t, i);
    }

    ok(t.bad == 0, "%ld steps: every replica equals its folder, %u "
       "differences", steps, t.bad);
    ok(t.updates > 50 && t.reads > 20 && t.deletes > 50,
       "%u updates, %u reads, %u deletes", t.updates, t.reads, t.deletes);
    ok(t.odd < t.told / 10, "%u of %u told twice or for nothing", t.odd,
       t.told);
    test_states(&t);
    site_check(&t.site, "sync");
    ptn_store_close(t.store[1]);
    site_done(&t.site);

    return done_testing();
}
