/*
 * Tables beside a naive sort: random changes by two executors, some undone;
 * after each the rows stand in the order that sorting all of them anew gives,
 * the position is at its row, and values are those of the messages.
 */

#include <unicode/ucol.h>

#include "mailbox_site.h"
#include "ptn_item.h"


#define FOLDER   PTN_FOLDER_INBOX
#define OTHER    PTN_FOLDER_ARCHIVE
#define TABLES   6
#define STEPS    400
#define ROWS     600

typedef struct {
    site_t        site;
    ptn_store_t  *store[2];
    ptn_table_t  *table[TABLES];
    UCollator    *coll;
    uint64_t      random;
    unsigned      bad;
    unsigned      seq;
} test_t;

static const ptn_sort_t  orders[TABLES][3] = {
    { { 0, false } },
    { { PTN_PR_SUBJECT, false }, { 0, false } },
    { { PTN_PR_SENT_REPRESENTING_NAME, true }, { PTN_PR_SUBJECT, false },
      { 0, false } },
    { { PTN_PR_MESSAGE_SIZE, true }, { 0, false } },
    { { PTN_PR_FLAG_STATUS, true }, { PTN_PR_MESSAGE_DELIVERY_TIME, false },
      { 0, false } },
    { { 0x8005001f, false }, { PTN_PR_READ, false }, { 0, false } }
};

static const char *const  words[] = {
    "apple", "Apple", "\xc3\x84pfel", "zebra", "Zoo", "\xc3\xa9t\xc3\xa9",
    "eta", "Etat", "", "apple pie", "10", "9", "\xe6\x97\xa5\xe6\x9c\xac"
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


/* ---- the naive sort ------------------------------------------------------ */

typedef struct {
    ptn_id_t   id;
    uint32_t   uid;
    int64_t    received;
    ptn_str_t  values[3];
} naive_t;

static test_t            *naive_test;
static const ptn_sort_t  *naive_sorts;


static int
naive_value(const ptn_sort_t *sort, ptn_str_t a, ptn_str_t b)
{
    int         n;
    int64_t     x, y;
    UErrorCode  err;

    if (a.data == NULL || b.data == NULL) {
        n = (a.data != NULL) - (b.data != NULL);

    } else if (ptn_prop_type(sort->tag) == PTN_PT_UNICODE) {
        err = U_ZERO_ERROR;
        n = ucol_strcollUTF8(naive_test->coll, (char *) a.data,
                             (int32_t) a.len, (char *) b.data,
                             (int32_t) b.len, &err);

    } else {
        x = y = 0;
        ptn_prop_int(sort->tag, a, &x);
        ptn_prop_int(sort->tag, b, &y);
        n = (x > y) - (x < y);
    }

    return sort->descending ? -n : n;
}


static int
naive_compare(const void *a, const void *b)
{
    int             n;
    unsigned        i;
    const naive_t  *x = a, *y = b;

    if (naive_sorts[0].tag == 0) {
        n = (x->received < y->received) - (x->received > y->received);

        return n ? n : (x->uid < y->uid) - (x->uid > y->uid);
    }

    for (i = 0; naive_sorts[i].tag != 0; i++) {
        n = naive_value(&naive_sorts[i], x->values[i], y->values[i]);

        if (n != 0) {
            return n;
        }
    }

    return (x->uid > y->uid) - (x->uid < y->uid);
}


static uint32_t
naive(test_t *t, ptn_mbox_t *mb, const ptn_sort_t *sorts, naive_t *rows)
{
    uint32_t    seq, n;
    unsigned    i;
    ptn_row_t   row;
    ptn_msg_t  *msg;
    ptn_view_t *view;

    ptn_view_get(mb, FOLDER, &view);
    n = ptn_min(ptn_view_count(view), (uint32_t) ROWS);

    for (seq = 1; seq <= n; seq++) {
        ptn_view_row(view, seq, &row);
        rows[seq - 1].id = row.id;
        rows[seq - 1].uid = row.uid;
        rows[seq - 1].received = row.received;

        ptn_msg_open(mb, t->site.pool, row.id, &msg);

        for (i = 0; sorts[i].tag != 0; i++) {
            ptn_msg_props(msg, &sorts[i].tag, 1, &rows[seq - 1].values[i]);
        }
    }

    ptn_view_unref(view);
    naive_test = t;
    naive_sorts = sorts;
    qsort(rows, n, sizeof(naive_t), naive_compare);

    return n;
}


/* ---- rows ---------------------------------------------------------------- */

typedef struct {
    test_t      *t;
    ptn_mbox_t  *mb;
    naive_t     *rows;
    uint32_t     next;
    uint32_t     stop;
    long         step;
} rows_t;

static const uint32_t  tags[9] = {
    PTN_PR_SUBJECT, PTN_PR_SENT_REPRESENTING_NAME, PTN_PR_MESSAGE_SIZE,
    PTN_PR_FLAG_STATUS, 0x8005001f, PTN_PR_READ, PTN_PR_ENTRYID,
    PTN_PR_SENDER_ENTRYID, PTN_PR_DISPLAY_TO
};


static ptn_rc_t
one_row(void *ctx, const ptn_table_row_t *row)
{
    unsigned    i;
    rows_t     *r = ctx;
    ptn_str_t   v[9];
    ptn_msg_t  *msg;

    expect(r->t, row->row == r->next && row->id == r->rows[row->row].id,
           "the next row", r->step);
    ptn_msg_open(r->mb, r->t->site.pool, row->id, &msg);
    ptn_msg_props(msg, tags, 9, v);

    for (i = 0; i < 9; i++) {
        expect(r->t, (v[i].data == NULL) == (row->values[i].data == NULL)
               && ptn_str_eq(v[i], row->values[i]), "a value", r->step);
    }

    return (++r->next == r->stop) ? PTN_AGAIN : PTN_OK;
}


static void
compare(test_t *t, ptn_mbox_t *mb, unsigned k, long step)
{
    rows_t           r;
    uint32_t         i, n;
    static naive_t   rows[ROWS];

    expect(t, ptn_table_sync(mb, t->table[k], NULL) == PTN_OK, "sync", step);
    n = naive(t, mb, orders[k], rows);

    expect(t, ptn_table_count(t->table[k]) == n, "count", step);

    for (i = 0; i < n; i++) {
        if (ptn_table_id(mb, t->table[k], i) != rows[i].id) {
            expect(t, false, "order", step);
            printf("#   table %u row %u\n", k, i);
            break;
        }
    }

    if (n == 0) {
        return;
    }

    i = roll(t, n);
    expect(t, ptn_table_find(mb, t->table[k], rows[i].id) == i, "find", step);

    r.t = t;
    r.mb = mb;
    r.rows = rows;
    r.next = i;
    r.stop = roll(t, 3) ? UINT32_MAX : i + 2;
    r.step = step;
    expect(t, ptn_table_rows(mb, t->table[k], t->site.pool, tags, 9, i, 40,
                             true, one_row, &r) == PTN_OK, "rows", step);
    expect(t, r.next == ptn_min(ptn_min(i + 40, n), r.stop), "as many", step);
}


/* ---- changes ------------------------------------------------------------- */

static void
add(test_t *t, ptn_txn_t *tx, ptn_id_t folder)
{
    ptn_append_t    a;
    ptn_appended_t  app;

    memset(&a, 0, sizeof(a));
    a.raw = ptn_str_printf(t->site.pool, "From: %s <a%u@b>\r\nTo: x@y\r\n"
                           "Subject: %s%s\r\n\r\n%.*s\r\n",
                           words[roll(t, ptn_nelts(words))], roll(t, 3),
                           roll(t, 3) ? "" : "Re: ",
                           words[roll(t, ptn_nelts(words))],
                           (int) roll(t, 50), "................................"
                           "........................");
    a.received = 1770000000 + (roll(t, 3) ? t->seq++ : roll(t, 1000));
    a.flags = roll(t, 8);
    ptn_msg_append(tx, folder, &a, &app);
}


static ptn_id_t
any(test_t *t, ptn_mbox_t *mb, ptn_id_t folder)
{
    ptn_row_t    row;
    ptn_view_t  *view;

    row.id = 0;
    ptn_view_get(mb, folder, &view);

    if (ptn_view_count(view) != 0) {
        ptn_view_row(view, 1 + roll(t, ptn_view_count(view)), &row);
    }

    ptn_view_unref(view);

    return row.id;
}


static void
edit(test_t *t, ptn_txn_t *tx, ptn_id_t id)
{
    ptn_msg_t           *msg;
    ptn_save_t           save;
    ptn_saved_t          saved;
    ptn_object_t         o;
    const ptn_object_t  *was;

    ptn_msg_open(tx->mb, t->site.pool, id, &msg);

    if (ptn_msg_object(msg, PTN_OXCMAIL_ALL, &was) != PTN_OK) {
        return;
    }

    o = *was;
    o.props.p = ptn_pmemdup(t->site.pool, was->props.p,
                            was->props.n * sizeof(ptn_bag_prop_t));
    o.props.size = was->props.n;
    ptn_props_set(&o.props, t->site.pool, PTN_PR_SUBJECT,
                  ptn_str_z(words[roll(t, ptn_nelts(words))]));
    memset(&save, 0, sizeof(save));
    save.object = &o;
    expect(t, ptn_msg_update(tx, t->site.pool, id, &save, 0, &saved)
              == PTN_OK, "edit", t->seq);
}


static void
change(test_t *t, ptn_txn_t *tx)
{
    ptn_id_t        id, *got;
    ptn_saved_t     saved;
    ptn_bag_prop_t  p;

    id = any(t, tx->mb, FOLDER);

    switch (id ? roll(t, 9) : 0) {

    case 0: case 1: case 2:
        add(t, tx, FOLDER);
        break;

    case 3:
        ptn_msg_flags_ids(tx, &id, 1, (ptn_flags_op_e) roll(t, 3),
                          roll(t, 8), 0, NULL);
        break;

    case 4:
        ptn_msg_expunge_ids(tx, &id, 1);
        break;

    case 5:
        ptn_msg_move_ids(tx, t->site.pool, FOLDER, &id, 1, OTHER, &got);
        break;

    case 6:
        id = any(t, tx->mb, OTHER);
        ptn_msg_move_ids(tx, t->site.pool, OTHER, &id, id != 0, FOLDER, &got);
        break;

    case 7:
        p.tag = 0x8005001f;
        p.value = ptn_str_z(words[roll(t, ptn_nelts(words))]);

        if (roll(t, 4) == 0) {
            p.value.data = NULL;
        }

        ptn_msg_set_props(tx, t->site.pool, id, &p, 1, &saved);
        break;

    default:
        edit(t, tx, id);
    }
}


static void
step_on(test_t *t, long step)
{
    bool          undone;
    unsigned      i, k, n;
    ptn_id_t      at[TABLES];
    uint32_t      pos[TABLES];
    ptn_msg_t    *msg;
    ptn_txn_t     tx;
    ptn_mbox_t   *mb;
    ptn_store_t  *store;

    store = t->store[roll(t, 2)];
    mb = site_open_store(&t->site, store, "alice");

    for (k = 0; k < TABLES; k++) {
        ptn_table_seek(t->table[k],
                       roll(t, ptn_table_count(t->table[k]) + 1));
        pos[k] = ptn_table_position(t->table[k]);
        at[k] = ptn_table_id(mb, t->table[k], pos[k]);
    }

    expect(t, ptn_txn_begin(&tx, mb) == PTN_OK, "begin", step);
    n = (step < 60) ? 8 : 1 + roll(t, 4);

    for (i = 0; i < n; i++) {
        change(t, &tx);

        if (roll(t, 10) == 0) {
            compare(t, mb, roll(t, TABLES), step);
        }
    }

    undone = (roll(t, 5) == 0);

    if (undone) {
        ptn_txn_done(&tx);

    } else {
        expect(t, ptn_txn_commit(&tx) == PTN_OK, "commit", step);
    }

    expect(t, ptn_store_commit(store) == PTN_OK, "store commit", step);
    mb = site_open_store(&t->site, t->store[roll(t, 2)], "alice");

    for (k = 0; k < TABLES; k++) {
        compare(t, mb, k, step);

        /* where its row is still there the position is at it */

        if (at[k] != 0 && !undone
            && ptn_msg_open(mb, t->site.pool, at[k], &msg) == PTN_OK
            && ptn_msg_folder(msg) == FOLDER
            && ptn_table_id(mb, t->table[k], ptn_table_position(t->table[k]))
               != at[k])
        {
            expect(t, false, "position", step);
        }
    }

    if (roll(t, 40) == 0) {
        ptn_store_close(t->store[1]);
        ptn_store_open(&t->site.opts, &t->store[1]);
    }

    ptn_pool_reset(t->site.pool);
}


/* ---- folders and what is folder associated ------------------------------- */

static ptn_rc_t
name_row(void *ctx, const ptn_table_row_t *row)
{
    ptn_buf_t  *b = ctx;

    ptn_buf_printf(b, "%.*s%c", ptn_str_arg(row->values[0]),
                   row->values[1].data[0] ? '+' : ',');

    return PTN_OK;
}


static ptn_str_t
names(test_t *t, ptn_mbox_t *mb, ptn_table_t *table)
{
    ptn_buf_t  b;
    uint32_t   cols[2] = { PTN_PR_DISPLAY_NAME, PTN_PR_SUBFOLDERS };

    ptn_buf_init(&b, t->site.pool);
    ptn_table_rows(mb, table, t->site.pool, cols, 2, 0, UINT32_MAX, false,
                   name_row, &b);

    return ptn_buf_get(&b);
}


static void
test_folders(test_t *t)
{
    bool          changed;
    ptn_id_t      id;
    ptn_txn_t     tx;
    ptn_save_t    save;
    ptn_saved_t   saved;
    ptn_mbox_t   *mb;
    ptn_table_t  *table;
    ptn_sort_t    by_name = { PTN_PR_DISPLAY_NAME, true };
    ptn_sort_t    bad = { PTN_PR_BODY, false };
    ptn_object_t  o;

    mb = site_open(&t->site, "folders");
    ptn_txn_begin(&tx, mb);
    ptn_folder_create(&tx, PTN_FOLDER_INBOX, ptn_str("one"), NULL, &id);
    ptn_folder_create(&tx, id, ptn_str("deep"), NULL, &id);
    ptn_folder_create(&tx, PTN_FOLDER_INBOX, ptn_str("two"), NULL, &id);
    ptn_txn_commit(&tx);
    ptn_store_commit(t->site.store);

    is_rc(ptn_table_open(mb, PTN_TABLE_HIERARCHY, PTN_FOLDER_INBOX, 0,
                         &table), PTN_OK, "subfolders");
    is_str(names(t, mb, table), "one+two,", "in order of creation");
    is_rc(ptn_table_sort(mb, table, &bad, 1), PTN_ESUPPORT, "not by bodies");
    is_rc(ptn_table_sort(mb, table, &by_name, 1), PTN_OK, "by name");
    is_str(names(t, mb, table), "two,one+", "backwards");
    ptn_txn_begin(&tx, mb);
    ptn_folder_create(&tx, PTN_FOLDER_INBOX, ptn_str("three"), NULL, &id);
    ptn_txn_commit(&tx);
    ptn_store_commit(t->site.store);
    is_rc(ptn_table_sync(mb, table, &changed), PTN_OK, "sync");
    ok(changed, "something new");
    is_str(names(t, mb, table), "two,three,one+", "in its place");
    is_rc(ptn_table_sync(mb, table, &changed), PTN_OK, "sync");
    ok(!changed, "nothing new");
    ptn_table_close(table);

    is_rc(ptn_table_open(mb, PTN_TABLE_HIERARCHY, PTN_FOLDER_INBOX,
                         PTN_TABLE_DEEP, &table), PTN_OK, "all levels");
    is_str(names(t, mb, table), "one+deep,two,three,", "parents first");
    ptn_table_close(table);

    is_rc(ptn_table_open(mb, PTN_TABLE_HIERARCHY, PTN_FOLDER_ROOT,
                         PTN_TABLE_DEEP|PTN_TABLE_HIDDEN, &table), PTN_OK,
          "from the root");
    is_u64(ptn_table_count(table), PTN_FOLDER_MAX - 2 + 4, "all of them");
    ptn_table_close(table);
    is_rc(ptn_table_open(mb, PTN_TABLE_CONTENTS, 999999, 0, &table),
          PTN_ENOTFOUND, "no such folder");

    is_rc(ptn_table_open(mb, PTN_TABLE_FAI, PTN_FOLDER_INBOX, 0, &table),
          PTN_OK, "folder associated");
    is_u64(ptn_table_count(table), 0, "none");
    memset(&o, 0, sizeof(o));
    memset(&save, 0, sizeof(save));
    save.object = &o;
    save.fai = true;
    ptn_txn_begin(&tx, mb);
    ptn_msg_create(&tx, t->site.pool, PTN_FOLDER_INBOX, &save, &saved);
    ptn_msg_create(&tx, t->site.pool, PTN_FOLDER_INBOX, &save, &saved);
    is_rc(ptn_table_sync(mb, table, &changed), PTN_OK, "amid the batch");
    is_u64(ptn_table_count(table), 2, "two");
    ptn_txn_done(&tx);
    ptn_store_commit(t->site.store);
    mb = site_open(&t->site, "folders");
    is_rc(ptn_table_sync(mb, table, &changed), PTN_OK, "undone");
    is_u64(ptn_table_count(table), 0, "none again");
    ptn_table_close(table);
}


int
main(int argc, char **argv)
{
    long             i, steps;
    unsigned         k;
    ptn_mbox_t      *mb;
    UErrorCode       err;
    static test_t    t;

    steps = (argc > 1) ? atol(argv[1]) : STEPS;
    t.random = (argc > 2) ? strtoull(argv[2], NULL, 10) : 7;
    err = U_ZERO_ERROR;
    t.coll = ucol_open("en", &err);

    site_make(&t.site);
    t.site.conf.fsync = false;
    t.store[0] = t.site.store;
    ptn_store_open(&t.site.opts, &t.store[1]);
    mb = site_open(&t.site, "alice");

    for (k = 0; k < TABLES; k++) {
        unsigned  n;

        for (n = 0; orders[k][n].tag != 0; n++) {
            /* void */
        }

        if (ptn_table_open(mb, PTN_TABLE_CONTENTS, FOLDER, 0, &t.table[k])
            != PTN_OK
            || (n && ptn_table_sort(mb, t.table[k], orders[k], n) != PTN_OK))
        {
            printf("Bail out! no table\n");
            return 1;
        }
    }

    for (i = 0; i < steps; i++) {
        step_on(&t, i);
    }

    ok(t.bad == 0, "%ld steps as sorting anew has it, %u differences", steps,
       t.bad);
    ok(ptn_table_count(t.table[0]) > 20, "that leave something: %u rows",
       ptn_table_count(t.table[0]));
    test_folders(&t);
    site_check(&t.site, "alice");

    for (k = 0; k < TABLES; k++) {
        ptn_table_close(t.table[k]);
    }

    ptn_table_close(NULL);
    ucol_close(t.coll);
    ptn_store_close(t.store[1]);
    site_done(&t.site);

    return done_testing();
}
