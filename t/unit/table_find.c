/*
 * Finding rows, fractions, bookmarks; the newest rows without the others; what
 * tables share.
 */

#include <malloc.h>

#include "table_site.h"
#include "ptn_table.h"


#define SUBJECT  "\x1f\x00\x37\x00"
#define PREFIX(s)  "\x03\x02\0\x01\0" SUBJECT SUBJECT s "\0\0"
#define COUNT    "\x03\x00\x02\x36"

static site_t        site;
static ptn_mbox_t   *mb;


static ptn_rc_t
find(ptn_table_t *t, ptn_str_t data, uint32_t from, uint32_t to, bool back,
    uint32_t *row)
{
    *row = 999;

    return ptn_table_search(mb, t, site.pool, table_restrict(&site, data),
                            from, to, back, row);
}


static void
test_find(void)
{
    uint32_t            row;
    ptn_table_t        *t;
    ptn_table_order_t   o;
    const ptn_sort_t    by[2] = { { PTN_PR_SENT_REPRESENTING_NAME, false },
                                  { PTN_PR_SUBJECT, false } };

    ptn_table_open(mb, PTN_TABLE_CONTENTS, FOLDER, 0, &t);
    ptn_table_sort(mb, t, by + 1, 1);
    is_str(table_text(&site, mb, t, 0, 0), "apple apricot banana cherry plum",
           "rows");
    is_rc(find(t, ptn_str(PREFIX("a\0")), 0, 5, false, &row), PTN_OK,
          "R534: the first");
    is_u64(row, 0, "is apple");
    is_rc(find(t, ptn_str(PREFIX("a\0")), 1, 5, false, &row), PTN_OK, "next");
    is_u64(row, 1, "is apricot");
    is_rc(find(t, ptn_str(PREFIX("a\0")), 0, 5, true, &row), PTN_OK,
          "backwards");
    is_u64(row, 1, "is apricot, too");
    is_rc(find(t, ptn_str(PREFIX("a\0")), 2, 99, false, &row), PTN_ENOTFOUND,
          "R536: no more");
    is_rc(find(t, ptn_str(PREFIX("a\0")), 3, 2, false, &row), PTN_ENOTFOUND,
          "of nothing");
    is_rc(find(t, ptn_str("\x04\x03" SUBJECT SUBJECT "b\0b\0\0\0"), 0, 5,
               false, &row), PTN_OK, "from bb on");
    is_u64(row, 3, "cherry, as they are sorted");
    is_rc(find(t, ptn_str("\x04\x06" SUBJECT SUBJECT "b\0\0\0"), 0, 5, false,
               &row), PTN_ESUPPORT, "patterns");
    is_u64(ptn_table_position(t), 0, "nothing has moved");

    ptn_table_restrict(mb, t, table_restrict(&site, ptn_str(
        "\x02" PREFIX("a\0"))));
    is_rc(find(t, ptn_str(PREFIX("a\0")), 0, 5, false, &row), PTN_ENOTFOUND,
          "what is restricted is not found");
    ptn_table_restrict(mb, t, NULL);

    memset(&o, 0, sizeof(o));
    o.sorts = by;
    o.n = 2;
    o.categories = 1;
    o.expanded = 1;
    ptn_table_order(mb, t, &o);
    is_rc(find(t, ptn_str("\x04\x04" COUNT COUNT "\2\0\0\0"), 0, 99, false,
               &row), PTN_OK, "a header");
    is_str(table_text(&site, mb, t, by[0].tag, 0), "-Alice:3/3 .apple"
           " .cherry .plum -Bert:2/2 .apricot .banana", "categories");
    is_u64(row, 4, "of two rows");
    ptn_table_close(t);
}


static void
test_places(void)
{
    bool          gone;
    uint32_t      mark, first, row, i;
    ptn_table_t  *t;

    ptn_table_open(mb, PTN_TABLE_CONTENTS, FOLDER, 0, &t);
    is_rc(ptn_table_seek_fraction(t, 1, 2), PTN_OK, "the middle");
    is_u64(ptn_table_position(t), 2, "is row 2 of 5");
    ptn_table_seek_fraction(t, 0, 7);
    is_u64(ptn_table_position(t), 0, "the beginning");
    ptn_table_seek_fraction(t, 9, 7);
    is_u64(ptn_table_position(t), 5, "beyond: the end");
    is_rc(ptn_table_seek_fraction(t, 1, 0), PTN_EINVAL, "of nothing");
    ptn_table_seek(t, 77);
    is_u64(ptn_table_position(t), 5, "cut to the end");

    ptn_table_mark(t, 5, &first);
    ptn_table_mark_row(t, first, &row, &gone);
    ok(row == 5 && !gone, "a bookmark of the end");
    is_rc(ptn_table_mark_free(t, first), PTN_OK, "freed");
    is_rc(ptn_table_mark_free(t, first), PTN_ENOTFOUND, "once");
    is_rc(ptn_table_mark_row(t, first, &row, &gone), PTN_ENOTFOUND, "gone");

    for (i = 0; i < PTN_TABLE_MARKS_MAX; i++) {
        ptn_table_mark(t, i, &mark);
    }

    is_rc(ptn_table_mark(t, 0, &mark), PTN_ELIMIT, "not more than that");
    ptn_table_sort(mb, t, NULL, 0);
    is_rc(ptn_table_mark_row(t, mark, &row, &gone), PTN_ENOTFOUND,
          "R439: an order makes them void");
    ptn_table_close(t);
}


/* ---- the newest -------------------------------------------------------- */

typedef struct {
    int64_t   received;
    ptn_id_t  id;
    uint32_t  uid;
} message_t;


static int
newer(const void *a, const void *b)
{
    const message_t  *x = a, *y = b;

    return x->received != y->received
           ? (x->received < y->received) - (x->received > y->received)
           : (x->uid < y->uid) - (x->uid > y->uid);
}


static bool
newest_is(ptn_id_t folder, uint32_t n, bool whole)
{
    bool               good;
    uint32_t           i, count;
    ptn_row_t          row;
    ptn_view_t        *view;
    ptn_table_t       *t;
    static message_t   all[4000];

    ptn_table_open(mb, PTN_TABLE_CONTENTS, folder, 0, &t);
    good = (t->newest == !whole);
    ptn_view_get(mb, folder, &view);
    count = ptn_view_count(view);
    good &= (ptn_table_count(t) == count);

    for (i = 0; i < count; i++) {
        ptn_view_row(view, i + 1, &row);
        all[i].received = row.received;
        all[i].id = row.id;
        all[i].uid = row.uid;
    }

    ptn_view_unref(view);
    qsort(all, count, sizeof(message_t), newer);

    for (i = 0; i < ptn_min(n, count); i++) {
        good &= (ptn_table_id(mb, t, i) == all[i].id);
    }

    good &= (whole || t->newest);
    good &= (count == 0 || ptn_table_id(mb, t, count - 1)
                           == all[count - 1].id);
    ptn_table_close(t);

    return good;
}


static void
test_newest(void)
{
    bool            good;
    long            i, k;
    ptn_id_t        ids[3], *got;
    ptn_row_t       row;
    uint64_t        random;
    ptn_txn_t       tx;
    ptn_view_t     *view;
    ptn_folder_t   *f;
    ptn_append_t    a;
    ptn_appended_t  app;

    random = 5;
    good = true;
    memset(&a, 0, sizeof(a));
    a.raw = ptn_str("Subject: x\r\n\r\n");

    for (i = 0; i < 60; i++) {
        ptn_txn_begin(&tx, mb);

        for (k = 0; k < 20; k++) {
            random = random * 6364136223846793005ULL + 1442695040888963407ULL;
            a.received = 1000 + (random >> 62 ? i : (int64_t) (random >> 58));
            ptn_msg_append(&tx, PTN_FOLDER_ARCHIVE, &a, &app);
        }

        if (i % 3 == 1) {
            ptn_view_get(mb, PTN_FOLDER_ARCHIVE, &view);

            for (k = 0; k < 3; k++) {
                ptn_view_row(view, ptn_view_count(view) - (uint32_t) k * 9,
                             &row);
                ids[k] = row.id;
            }

            ptn_view_unref(view);
            ptn_msg_expunge_ids(&tx, ids, 1);
            ptn_msg_move_ids(&tx, site.pool, PTN_FOLDER_ARCHIVE, ids + 1, 2,
                             PTN_FOLDER_JUNK, &got);
        }

        if (i % 7 == 3) {
            ptn_txn_done(&tx);

        } else {
            ptn_txn_commit(&tx);
        }

        ptn_store_commit(site.store);
        mb = site_open(&site, "alice");
        good &= newest_is(PTN_FOLDER_ARCHIVE, 200, false);
    }

    ok(good, "the newest rows, late ones among them");
    ok(newest_is(PTN_FOLDER_JUNK, 200, false), "of what was moved in");
    ok(newest_is(PTN_FOLDER_DRAFTS, 9, false), "of an empty folder");

    /* a folder of which it is not known, as in an older file */

    ptn_folder_of(mb, PTN_FOLDER_JUNK, &f);
    mb->set->more[f - mb->set->folders].top = PTN_TOP_UNKNOWN;
    ok(newest_is(PTN_FOLDER_JUNK, 200, true), "not known: all of it");
    mb = site_reopen(&site, "alice");
    ok(newest_is(PTN_FOLDER_JUNK, 200, false), "known again");
}


static void
test_moves_on(void)
{
    bool                      changed;
    size_t                    n;
    ptn_id_t                  id;
    ptn_txn_t                 tx;
    ptn_table_t              *t;
    const ptn_table_event_t  *ev;

    ptn_table_open(mb, PTN_TABLE_CONTENTS, FOLDER, 0, &t);
    ptn_table_seek(t, 1);
    id = ptn_table_id(mb, t, 1);
    is_rc(ptn_table_sync_events(mb, t, site.pool, &ev, &n), PTN_OK, "sync");
    is_u64(n, 0, "nothing");
    ptn_txn_begin(&tx, mb);
    table_message(&site, &tx, "Carl", "new", 1800000000, 0, NULL);
    ptn_txn_commit(&tx);
    ptn_store_commit(site.store);
    is_rc(ptn_table_sync_events(mb, t, site.pool, &ev, &n), PTN_OK, "sync");
    ok(n == 1 && ev[0].kind == PTN_TABLE_CHANGED, "once: all of it");
    is_u64(ptn_table_id(mb, t, ptn_table_position(t)), id, "at its row");
    ptn_txn_begin(&tx, mb);
    table_message(&site, &tx, "Carl", "newer", 1800000001, 0, NULL);
    ptn_txn_commit(&tx);
    ptn_store_commit(site.store);
    is_rc(ptn_table_sync_events(mb, t, site.pool, &ev, &n), PTN_OK, "sync");
    ok(n == 1 && ev[0].kind == PTN_TABLE_ROW_ADDED && ev[0].at == 0
       && ev[0].after.id == 0, "then row by row");
    is_rc(ptn_table_sync(mb, t, &changed), PTN_OK, "sync");
    ok(!changed, "nothing");
    ptn_table_close(t);
}


/* ---- sharing ----------------------------------------------------------- */

static void
test_shared(void)
{
    uint32_t       n;
    ptn_txn_t      tx;
    ptn_vec_t     *was;
    ptn_mbox_t    *other;
    ptn_store_t   *store;
    ptn_table_t   *a, *b, *c;
    ptn_sort_t     by = { PTN_PR_SUBJECT, false };
    ptn_sort_t     down = { PTN_PR_SUBJECT, true };

    ptn_store_open(&site.opts, &store);
    other = site_open_store(&site, store, "alice");

    ptn_table_open(mb, PTN_TABLE_CONTENTS, FOLDER, 0, &a);
    ptn_table_open(other, PTN_TABLE_CONTENTS, FOLDER, 0, &b);
    ptn_table_open(mb, PTN_TABLE_CONTENTS, FOLDER, 0, &c);
    ptn_table_sort(mb, a, &by, 1);
    ptn_table_sort(other, b, &by, 1);
    ptn_table_sort(mb, c, &down, 1);
    ok(a->vec == b->vec, "one vector for two sessions");
    ok(a->vec != c->vec, "another for another order");
    ptn_table_restrict(mb, c, table_restrict(&site, ptn_str(
        PREFIX("a\0"))));
    ptn_table_sort(mb, c, &by, 1);
    ok(a->vec != c->vec, "and for a restriction");

    ptn_table_seek(a, 1);
    ptn_table_seek(b, 3);
    n = ptn_table_count(b);
    was = b->vec;
    ptn_txn_begin(&tx, mb);
    table_message(&site, &tx, "Carl", "aaa", 1800000009, 0, NULL);
    ptn_table_sync(mb, a, NULL);
    ok(a->vec != b->vec && ptn_table_count(a) == n + 1, "one moves ahead");
    ok(b->vec == was && ptn_table_count(b) == n && was->n == n,
       "the other sees what it saw");
    other = site_open_store(&site, store, "alice");
    ptn_table_sync(other, b, NULL);
    is_u64(ptn_table_count(b), n, "before the commit");
    ptn_txn_commit(&tx);
    ptn_store_commit(site.store);
    mb = site_open(&site, "alice");
    ptn_table_sync(mb, a, NULL);
    other = site_open_store(&site, store, "alice");
    ptn_table_sync(other, b, NULL);
    is_u64(ptn_table_count(b), n + 1, "and after it");
    ok(a->vec == b->vec || a->vec->n == b->vec->n, "they meet again");
    is_u64(ptn_table_position(a), 2, "each at its place");
    is_u64(ptn_table_position(b), 4, "each");

    ptn_table_close(a);
    ptn_table_close(b);
    ptn_table_close(c);
    ptn_store_close(store);
}


/* ---- what the view has of a row ----------------------------------------- */

typedef struct {
    uint32_t   n;
    uint64_t   cn[64];
    ptn_str_t  values[64];
} half_t;


static ptn_rc_t
half_row(void *ctx, const ptn_table_row_t *row)
{
    uint32_t   i;
    half_t    *h = ctx;
    ptn_buf_t  b;

    ptn_buf_init(&b, site.pool);

    for (i = 0; i < 6; i++) {
        ptn_buf_printf(&b, "%d", row->values[i].data != NULL);
        ptn_buf_str(&b, row->values[i]);
    }

    ptn_buf_printf(&b, "%llu", (unsigned long long) row->info->mid);
    h->cn[h->n] = row->info->cn;
    h->values[h->n++] = ptn_buf_get(&b);

    return PTN_OK;
}


/*
 * Moved and edited ones are among them: all is as when the message's row is
 * read, also after the other way.
 */

static void
test_half(void)
{
    bool             good;
    uint32_t         i, j, k;
    ptn_txn_t        tx;
    ptn_saved_t      saved;
    ptn_table_t     *t;
    ptn_bag_prop_t   prop;
    static half_t    h[4];
    const ptn_sort_t by = { PTN_PR_SUBJECT, false };
    const uint32_t   tags[7] = {
        PTN_PR_MID, PTN_PR_MESSAGE_FLAGS, PTN_PR_LAST_MODIFICATION_TIME,
        PTN_PR_FOLDER_ID, PTN_PR_SUBJECT, PTN_PR_MESSAGE_SIZE,
        PTN_PR_CHANGE_NUMBER
    };
    static const size_t  ntags[4] = { 6, 7, 7, 6 };

    t = NULL;

    for (k = 0; k < 2; k++) {
        for (j = 0, good = true; j < 4; j++) {
            if (j % 2 == 0) {
                ptn_table_close(t);
                ptn_table_open(mb, PTN_TABLE_CONTENTS, PTN_FOLDER_JUNK, 0, &t);
                ptn_table_sort(mb, t, &by, 1);
            }

            h[j].n = 0;
            ptn_table_rows(mb, t, site.pool, tags, ntags[j], 0, 50, true,
                           half_row, &h[j]);
            is_u64(h[j].n, 50, "rows");

            for (i = 0; i < 50; i++) {
                good &= ptn_str_eq(h[0].values[i], h[j].values[i]);
            }
        }

        ok(good, "the same either way");
        ok(memcmp(h[1].cn, h[2].cn, sizeof(h[1].cn)) == 0 && h[1].cn[0] != 0,
           "change numbers where they are asked for");

        prop.tag = PTN_PR_FLAG_STATUS;
        prop.value = ptn_str("\2\0\0\0");
        ptn_txn_begin(&tx, mb);
        is_rc(ptn_msg_set_props(&tx, site.pool, ptn_table_id(mb, t, 3), &prop,
                                1, &saved), PTN_OK, "one is edited");
        ptn_txn_commit(&tx);
        ptn_store_commit(site.store);
    }

    ptn_table_close(t);
}


/* ---- places of uids ----------------------------------------------------- */

static void
test_uids(void)
{
    bool             good;
    size_t           n;
    uint32_t         i, uid, below;
    ptn_id_t         ids[700];
    ptn_row_t        row;
    ptn_txn_t        tx;
    uint32_t         before;
    ptn_view_t      *view;
    ptn_append_t     a;
    ptn_appended_t   app;

    ptn_view_get(mb, PTN_FOLDER_JUNK, &view);
    before = ptn_view_count(view);
    ptn_view_unref(view);
    memset(&a, 0, sizeof(a));
    a.raw = ptn_str("Subject: x\r\n\r\nx\r\n");

    ptn_txn_begin(&tx, mb);

    for (i = 0, n = 0; i < 900; i++) {
        ptn_msg_append(&tx, PTN_FOLDER_JUNK, &a, &app);

        /* none is missing at first, then more and more, long runs at last */

        if (n < ptn_nelts(ids) && i > 300
            && (i % 7 == 0 || (i > 450 && i % 3 != 0)
                || (i > 600 && i < 850)))
        {
            ids[n++] = app.id;
        }
    }

    ptn_txn_commit(&tx);
    ptn_txn_begin(&tx, mb);
    ptn_msg_gone_ids(&tx, ids, n);
    ptn_txn_commit(&tx);
    ptn_store_commit(site.store);

    is_rc(ptn_view_get(mb, PTN_FOLDER_JUNK, &view), PTN_OK, "a view");
    is_u64(ptn_view_count(view), before + 900 - n, "with holes");
    good = true;

    for (uid = 0; uid < 980; uid++) {
        for (i = 1, below = 0; i <= ptn_view_count(view); i++) {
            ptn_view_row(view, i, &row);
            below += (row.uid < uid);
        }

        good &= (ptn_view_find(view, uid) == below + 1);
    }

    good &= (ptn_view_find(view, UINT32_MAX) == ptn_view_count(view) + 1);
    ok(good, "each uid has its place");
    ptn_view_unref(view);
}


/* ---- what was deleted softly ------------------------------------------- */

static ptn_rc_t
gone_row(void *ctx, const ptn_table_row_t *row)
{
    uint32_t  *n = ctx;

    ++*n;
    is_u64(row->info->folder, FOLDER, "it was deleted from there");
    is_u64(row->values[0].len, 8, "a folder id");
    ok(row->values[0].len == 8 && row->values[0].data[7] == FOLDER,
       "the same in the property");
    ok(ptn_str_eqz(row->values[1], "text\r\n"), "and its text");

    return PTN_OK;
}


static void
test_gone(void)
{
    uint32_t          n, row;
    ptn_id_t          id;
    ptn_txn_t         tx;
    ptn_table_t      *t;
    const uint32_t    tags[2] = { PTN_PR_FOLDER_ID, 0x1000001f };
    const ptn_sort_t  by = { PTN_PR_SUBJECT, true };
    const ptn_str_t   text = ptn_str("\x03\x01\0\x01\0\x1f\0\0\x10\x1f\0\0"
                                     "\x10t\0e\0x\0\0\0");
    const ptn_str_t   other = ptn_str("\x03\x01\0\x01\0\x1f\0\0\x10\x1f\0\0"
                                      "\x10o\0\0\0");

    ptn_txn_begin(&tx, mb);
    id = table_message(&site, &tx, "Carl", "gone", 50, 0, NULL);
    ptn_msg_gone_ids(&tx, &id, 1);
    ptn_txn_commit(&tx);
    ptn_store_commit(site.store);

    is_rc(ptn_table_open(mb, PTN_TABLE_GONE, FOLDER, 0, &t), PTN_OK, "open");
    is_u64(ptn_table_count(t), 1, "a row");
    n = 0;
    is_rc(ptn_table_rows(mb, t, site.pool, tags, 2, 0, 9, true, gone_row, &n),
          PTN_OK, "rows of what was deleted");
    is_u64(n, 1, "one");
    is_rc(ptn_table_sort(mb, t, &by, 1), PTN_OK, "sorted");
    is_rc(find(t, text, 0, 9, false, &row), PTN_OK, "found by its text");
    is_rc(find(t, other, 0, 9, false, &row), PTN_ENOTFOUND, "not by another");
    is_rc(ptn_table_restrict(mb, t, table_restrict(&site, text)), PTN_OK,
          "restricted to it");
    is_str(table_text(&site, mb, t, 0, 0), "gone", "is there");
    is_rc(ptn_table_restrict(mb, t, table_restrict(&site, other)), PTN_OK,
          "or to others");
    is_u64(ptn_table_count(t), 0, "is not");
    ptn_table_close(t);
}


/* A file in which the newest would not be. */

static void
test_check(void)
{
    char         path[600];
    sqlite3     *db;
    ptn_user_t   u;

    ptn_store_close(site.store);
    snprintf(path, sizeof(path), "%s/mailbox/example.test/alice/"
             "mailbox.sqlite", site.root);
    sqlite3_open(path, &db);
    sqlite3_exec(db, "UPDATE message SET late=0", NULL, NULL, NULL);
    sqlite3_close(db);
    ptn_store_open(&site.opts, &site.store);

    u = site_user(&site, "alice");
    site.reports = 0;
    is_rc(ptn_mbox_check(site.store, &u, false, site_report, &site),
          PTN_ECORRUPT, "check sees it");
    ok(site.reports > 0, "and says so");
    is_rc(ptn_mbox_check(site.store, &u, true, site_report, &site), PTN_OK,
          "repair forgets what is known");
    mb = site_open(&site, "alice");
    ok(newest_is(PTN_FOLDER_ARCHIVE, 200, true), "all of it, in order");
}


int
main(void)
{
    ptn_txn_t  tx;

    site_make(&site);
    site.conf.fsync = false;
    mb = site_open(&site, "alice");

    ptn_txn_begin(&tx, mb);
    table_message(&site, &tx, "Alice", "apple", 100, 0, NULL);
    table_message(&site, &tx, "Bert", "banana", 101, 0, NULL);
    table_message(&site, &tx, "Alice", "cherry", 102, 0, NULL);
    table_message(&site, &tx, "Bert", "apricot", 103, 0, NULL);
    table_message(&site, &tx, "Alice", "plum", 104, 0, NULL);
    ptn_txn_commit(&tx);
    ptn_store_commit(site.store);

    test_find();
    test_places();
    test_moves_on();
    test_shared();
    test_newest();
    test_gone();
    test_uids();
    test_half();
    test_check();

    site_check(&site, "alice");
    site_done(&site);

    return done_testing();
}
