/*
 * Clients that keep a copy by id sets.  Random changes are made in the mailbox
 * and by the clients, which upload theirs (messages, edits, deletions, read
 * states, moves, folders) and download in pages, some of which are cut short:
 * the state then is a checkpoint, as text.  In the end each copy is the
 * mailbox, and what was told on the way kept the rules of 3.2.5.3.
 */

#include "ics_download.h"
#include "ics_upload.h"


#define STEPS  900


/* ---- the mailbox's own --------------------------------------------------- */

static ptn_id_t
any(test_t *t, unsigned f, ptn_id_t *ids, size_t max, size_t *ret_n)
{
    size_t        i, n;
    ptn_row_t     row;
    ptn_view_t   *view;

    *ret_n = 0;

    if (ptn_view_get(t->mb, folders[f], &view) != PTN_OK) {
        return 0;
    }

    n = ptn_view_count(view);

    for (i = 0; i < max && n != 0; i++) {
        ptn_view_row(view, 1 + roll(t, (unsigned) n), &row);
        ids[(*ret_n)++] = row.id;
    }

    ptn_view_unref(view);

    return *ret_n ? ids[0] : 0;
}


static void
change(test_t *t)
{
    size_t           n;
    ptn_id_t         ids[5], *got, id;
    ptn_rc_t         rc;
    ptn_txn_t        tx;
    unsigned         f, k;
    ptn_save_t       save;
    ptn_saved_t      saved;
    ptn_bag_prop_t   p;
    ptn_appended_t   app;
    const ptn_folder_t  *fl;

    f = roll(t, FOLDERS);
    any(t, f, ids, 1 + roll(t, 5), &n);
    rc = ptn_txn_begin(&tx, t->mb);
    memset(&save, 0, sizeof(save));

    switch (rc == PTN_OK ? roll(t, 12) : 99) {

    case 0:
    case 1:
    case 2:
        for (k = roll(t, 4); k > 0 && rc == PTN_OK; k--) {
            rc = site_append(&t->site, &tx, folders[f], 100 + roll(t, 50), 0,
                             &app);
        }
        break;

    case 3:
        save.object = object(t, "server");
        save.fai = roll(t, 2);
        rc = ptn_msg_create(&tx, t->pool, folders[f], &save, &saved);
        break;

    case 4:
    case 5:
        rc = ptn_msg_flags_ids(&tx, ids, n, roll(t, 2) ? PTN_FLAGS_ADD
                                                       : PTN_FLAGS_REMOVE,
                               roll(t, 2) ? PTN_FLAG_SEEN : PTN_FLAG_FLAGGED,
                               0, NULL);
        break;

    case 6:
        rc = ptn_msg_expunge_ids(&tx, ids, ptn_min(n, (size_t) 2));
        break;

    case 7:
        rc = ptn_msg_move_ids(&tx, t->pool, folders[f], ids, n,
                              folders[roll(t, FOLDERS)], &got);
        break;

    case 8:
        rc = ptn_msg_copy_ids(&tx, t->pool, folders[f], ids, n != 0,
                              folders[roll(t, FOLDERS)], &got);
        break;

    case 9:
        if (n != 0) {
            p.tag = PTN_PR_FLAG_STATUS;
            p.value = ptn_str_make("\1\0\0\0", 4);
            rc = ptn_msg_set_props(&tx, t->pool, ids[0], &p, 1, &saved);
        }
        break;

    case 10:
        if (n != 0) {
            char  subject[24];

            snprintf(subject, sizeof(subject), "edit %u", ++t->serial);
            save.object = object(t, subject);
            rc = ptn_msg_update(&tx, t->pool, ids[0], &save, 0, &saved);
        }
        break;

    default:
        if (rc == PTN_OK && t->c[0].nfolders != 0) {
            id = t->c[0].folders[roll(t, t->c[0].nfolders)].id;

            if (id < PTN_ID_FIRST || ptn_folder_get(t->mb, id, &fl) != PTN_OK)
            {
                break;
            }

            rc = roll(t, 3)
                 ? ptn_folder_move(&tx, id, roll(t, 2)
                                            ? PTN_FOLDER_IPM_SUBTREE
                                            : PTN_FOLDER_ROOT,
                                   ptn_str_printf(t->pool, "moved %u",
                                                  ++t->serial))
                 : ptn_folder_delete(&tx, id, true);
        }
    }

    expect(t, rc == PTN_OK && ptn_txn_commit(&tx) == PTN_OK, "a change");

    if (rc != PTN_OK) {
        ptn_txn_done(&tx);
    }
}


/* ---- equal? -------------------------------------------------------------- */

static void
compare(test_t *t, client_t *c, unsigned f)
{
    char           text[160];
    copy_t        *row;
    unsigned       n;
    ptn_str_t      subject;
    sqlite3_stmt  *st;

    snprintf(text, sizeof(text), "SELECT m.mid, m.cn, m.fai, m.flags,"
             " i.subject FROM message m JOIN item i ON i.id=m.id"
             " WHERE m.folder=%d", (int) folders[f]);
    sqlite3_prepare_v2(t->mb->db, text, -1, &st, NULL);

    for (n = 0; sqlite3_step(st) == SQLITE_ROW; n++) {
        row = find(c, f, (uint64_t) sqlite3_column_int64(st, 0));

        if (!expect(t, row != NULL, "the client lacks a message")) {
            continue;
        }

        subject = ptn_sql_column(st, 4);
        expect(t, row->cn == (uint64_t) sqlite3_column_int64(st, 1),
               "another version");
        expect(t, row->fai == (sqlite3_column_int64(st, 2) != 0), "fai");
        expect(t, row->fai || row->seen == ((sqlite3_column_int64(st, 3)
                                             & PTN_FLAG_SEEN) != 0),
               "another read state");
        expect(t, ptn_str_eqz(subject, row->subject), "another subject");
    }

    sqlite3_finalize(st);
    expect(t, n == c->n[f], "the client has more");
}


static void
compare_tree(test_t *t, client_t *c)
{
    size_t               i, n, k;
    bool                 found;
    const ptn_folder_t  *f;

    expect(t, ptn_folder_list(t->mb, &f, &n) == PTN_OK && n == c->nfolders,
           "as many folders");

    for (i = 0; i < n; i++) {
        for (k = 0, found = false; k < c->nfolders; k++) {
            found |= c->folders[k].id == f[i].id
                     && c->folders[k].parent == f[i].parent
                     && ptn_str_eqz(f[i].name, c->folders[k].name);
        }

        expect(t, found, "a folder as it is");
    }
}


/* ---- a restored copy ----------------------------------------------------- */

static void
copy_file(const char *from, const char *to)
{
    char  cmd[700];

    snprintf(cmd, sizeof(cmd), "cp %s %s", from, to);
    ok(system(cmd) == 0, "%s", to + strlen(to) - 7);
}


/* REPLIDs are the mailbox's, and others in the copy: GIDs of what clients have,
 * and back. */

static void
number(test_t *t, bool back)
{
    copy_t     *row;
    unsigned    k, f, i;
    ptn_txn_t   tx;

    expect(t, ptn_txn_begin(&tx, t->mb) == PTN_OK, "begin");

    for (k = 0; k < CLIENTS; k++) {
        for (f = 0; f < FOLDERS; f++) {
            for (i = 0; i < t->c[k].n[f]; i++) {
                row = &t->c[k].rows[f][i];

                if (!back) {
                    memcpy(row->gid, gid(t, row->mid).data, PTN_GID_LEN);
                    continue;
                }

                expect(t, ptn_ics_id(t->mb, &tx,
                                     ptn_str_make(row->gid, PTN_GID_LEN),
                                     &row->mid) == PTN_OK, "a GID");
            }
        }
    }

    expect(t, ptn_txn_commit(&tx) == PTN_OK, "commit");
    ptn_store_commit(t->site.store);
    t->mb = site_open(&t->site, "alice");
}


/* What the lost time told is taken back; ids and numbers go on. */

static void
test_restore(test_t *t)
{
    char      path[300], copy[300];
    client_t  *c;
    unsigned  i, f;

    snprintf(path, sizeof(path),
             "%s/mailbox/example.test/alice/mailbox.sqlite", t->site.root);
    snprintf(copy, sizeof(copy), "%s/copy.sqlite", t->site.root);

    ptn_store_close(t->site.store);
    copy_file(path, copy);
    ptn_store_open(&t->site.opts, &t->site.store);
    t->mb = site_open(&t->site, "alice");

    for (i = 0; i < 60; i++) {
        change(t);
        c = &t->c[roll(t, CLIENTS)];
        upload_message(t, c, roll(t, FOLDERS));
        download(t, c, roll(t, FOLDERS), true);
        ptn_store_commit(t->site.store);
    }

    for (f = 0; f < FOLDERS; f++) {
        download(t, &t->c[0], f, true);
    }

    number(t, false);
    ptn_store_close(t->site.store);
    copy_file(copy, path);
    ptn_store_open(&t->site.opts, &t->site.store);
    t->mb = site_open(&t->site, "alice");
    number(t, true);
    t->anew = true;

    for (i = 0; i < 40; i++) {
        change(t);
        download(t, &t->c[roll(t, CLIENTS)], roll(t, FOLDERS), false);
        ptn_store_commit(t->site.store);
    }
}


static void
test_equal(test_t *t, const char *when)
{
    unsigned  k, f;

    for (k = 0; k < CLIENTS; k++) {
        for (f = 0; f < FOLDERS; f++) {
            download(t, &t->c[k], f, true);
            compare(t, &t->c[k], f);
        }

        tree(t, &t->c[k]);
        compare_tree(t, &t->c[k]);
    }

    ok(t->bad == 0, "the copies are the mailbox, %s", when);
}


int
main(void)
{
    test_t    *t;
    unsigned   i, k, f;
    client_t  *c;

    t = calloc(1, sizeof(test_t));
    t->random = getenv("SEED") ? (uint64_t) atoll(getenv("SEED")) : 11;
    site_make(&t->site);
    t->mb = site_open(&t->site, "alice");
    t->pool = ptn_pool_create(0, NULL);

    for (k = 0; k < CLIENTS; k++) {
        memset(t->c[k].guid.b, (int) (0x31 + k), 16);
    }

    for (i = 0; i < STEPS; i++) {
        c = &t->c[roll(t, CLIENTS)];
        f = roll(t, FOLDERS);

        switch (roll(t, 16)) {

        case 0:
        case 1:
            upload_message(t, c, f);
            break;

        case 2:
            upload_delete(t, c, f);
            break;

        case 3:
            upload_reads(t, c, f);
            break;

        case 4:
            upload_move(t, c, f);
            break;

        case 5:
            upload_folder(t, c);
            break;

        case 6:
        case 7:
        case 8:
            download(t, c, f, false);
            break;

        case 9:
            tree(t, c);
            break;

        default:
            change(t);
        }

        if (roll(t, 10) == 0) {
            ptn_store_commit(t->site.store);
            t->mb = site_open(&t->site, "alice");
        }

        if (i % 300 == 299) {
            test_equal(t, "on the way");
        }

        ptn_pool_reset(t->pool);
        ptn_pool_reset(t->site.pool);
    }

    ptn_store_commit(t->site.store);
    t->mb = site_open(&t->site, "alice");
    test_equal(t, "in the end");
    diag("%u told (%u updates, %u partial), %u deleted, %u read; %u uploads,"
         " %u moves; %u conflicts (%u versions told), %u older, %u gone, %u"
         " checkpoints",
         t->told, t->updates, t->partial, t->deleted, t->reads, t->imports,
         t->moves, t->conflicts, t->versions, t->older, t->gone,
         t->checkpoints);
    ok(t->updates > 50 && t->partial > 10 && t->deleted > 50 && t->reads > 30
       && t->imports > 40 && t->moves > 5 && t->conflicts > 1
       && t->versions > 1
       && t->checkpoints > 20, "something of everything");
    site_check(&t->site, "alice");

    t->mb = site_open(&t->site, "alice");
    test_restore(t);
    test_equal(t, "of a restored copy");
    site_check(&t->site, "alice");

    for (k = 0; k < CLIENTS; k++) {
        for (f = 0; f < FOLDERS; f++) {
            text_drop(&t->c[k].state[f]);
        }

        text_drop(&t->c[k].tree);
    }

    ptn_pool_destroy(t->pool);
    site_done(&t->site);
    free(t);

    return done_testing();
}
