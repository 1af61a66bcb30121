/*
 * Events of tables.  Random changes by two executors, some undone; after each,
 * for every table: the events, done one after another to a copy of the rows as
 * they were, give the rows as they are; those are what a naive computation from
 * the messages gives; positions and bookmarks are at their rows.
 */

#include <unicode/ucol.h>

#include "table_site.h"
#include "ptn_table.h"


#define TABLES  11
#define STEPS   220
#define ROWS    900
#define OTHER   PTN_FOLDER_ARCHIVE

typedef struct {
    unsigned           n;
    ptn_sort_t         sorts[4];
    unsigned           ncats, nopen;
    ptn_category_e     extreme;
    uint32_t           instances;
    bool             (*match)(const ptn_str_t *subject, uint32_t flags);
    ptn_str_t          restriction;
    uint32_t           limit;
} how_t;


static bool
starts_a(const ptn_str_t *subject, uint32_t flags PTN_UNUSED)
{
    return subject->len != 0 && (subject->data[0] | 0x20) == 'a';
}


static bool
unread(const ptn_str_t *subject PTN_UNUSED, uint32_t flags)
{
    return !(flags & PTN_FLAG_SEEN);
}


#define SUBJECT  "\x1f\x00\x37\x00"
#define READ     "\x0b\x00\x69\x0e"

static const how_t  hows[TABLES] = {
    { .n = 0 },
    { .n = 1, .sorts = { { PTN_PR_SUBJECT, false } } },
    { .n = 2, .sorts = { { PTN_PR_SENT_REPRESENTING_NAME, true },
                         { PTN_PR_SUBJECT, false } } },
    { .n = 1, .sorts = { { PTN_PR_SUBJECT, true } }, .match = starts_a,
      .restriction = ptn_string("\x03\x02\x00\x01\x00" SUBJECT SUBJECT
                                "a\0\0\0") },
    { .n = 0, .match = unread,
      .restriction = ptn_string("\x04\x04" READ READ "\0") },
    { .n = 2, .sorts = { { PTN_PR_SENT_REPRESENTING_NAME, false },
                         { PTN_PR_SUBJECT, false } }, .ncats = 1,
      .nopen = 1 },
    { .n = 3, .sorts = { { PTN_PR_SENT_REPRESENTING_NAME, true },
                         { PTN_PR_READ, false }, { PTN_PR_SUBJECT, false } },
      .ncats = 2, .nopen = 1, .match = unread,
      .restriction = ptn_string("\x04\x04" READ READ "\0") },
    { .n = 3, .sorts = { { PTN_PR_SUBJECT, true },
                         { PTN_PR_MESSAGE_DELIVERY_TIME, false },
                         { PTN_PR_MESSAGE_DELIVERY_TIME, true } },
      .ncats = 1, .nopen = 1, .extreme = PTN_CATEGORY_MAX },
    { .n = 2, .sorts = { { KEYWORD, false }, { PTN_PR_SUBJECT, false } },
      .instances = KEYWORDS },
    { .n = 2, .sorts = { { KEYWORD, true }, { PTN_PR_SUBJECT, false } },
      .instances = KEYWORDS, .ncats = 1, .nopen = 1 },
    { .n = 1, .sorts = { { PTN_PR_SUBJECT, false } }, .match = unread,
      .restriction = ptn_string("\x0b\x05\0\0\0\x04\x04" READ READ "\0"),
      .limit = 5 },
};

typedef struct {
    ptn_table_key_t  p[2 * ROWS];
    uint32_t         n;
} list_t;

typedef struct {
    site_t         site;
    ptn_store_t   *store[2];
    ptn_table_t   *table[TABLES];
    list_t         copy[TABLES];
    ptn_id_t       toggled[TABLES][64];
    unsigned       ntoggled[TABLES];
    uint32_t       mark[TABLES];
    ptn_table_key_t  marked[TABLES];
    UCollator     *coll;
    uint64_t       random;
    unsigned       bad, seq, rows, few, changed;
} test_t;

static const char *const  words[] = {
    "apple", "Apple", "\xc3\x84pfel", "zebra", "Zoo", "a", "eta", "10", "9"
};
static const char *const  lists[] = {
    NULL, "red", "blue,red", "green,blue,red", "blue,blue"
};


static unsigned
roll(test_t *t, unsigned n)
{
    t->random = t->random * 6364136223846793005ULL + 1442695040888963407ULL;

    return (unsigned) (t->random >> 33) % n;
}


static void
expect(test_t *t, bool good, const char *what, long step, unsigned k)
{
    if (!good && t->bad++ < 20) {
        printf("# step %ld table %u: %s\n", step, k, what);
    }
}


/* ---- naive ------------------------------------------------------------- */

typedef struct {
    ptn_id_t   id;
    uint32_t   uid, instance, flags;
    int64_t    received;
    ptn_str_t  values[4];
    ptn_str_t  extreme;         /* of the row; then of its category */
} naive_t;

static test_t       *naive_test;
static const how_t  *naive_how;


static int
naive_value(uint32_t tag, ptn_str_t a, ptn_str_t b)
{
    int64_t     x, y;
    UErrorCode  err;

    if (a.data == NULL || b.data == NULL) {
        return (a.data != NULL) - (b.data != NULL);
    }

    if ((tag & 0x0fff) == PTN_PT_UNICODE) {
        err = U_ZERO_ERROR;
        return ucol_strcollUTF8(naive_test->coll, (char *) a.data,
                                (int32_t) a.len, (char *) b.data,
                                (int32_t) b.len, &err);
    }

    x = y = 0;
    ptn_prop_int(tag, a, &x);
    ptn_prop_int(tag, b, &y);

    return (x > y) - (x < y);
}


static int
naive_cats(const naive_t *x, const naive_t *y, unsigned n)
{
    int           c;
    unsigned      i;
    const how_t  *h = naive_how;

    for (i = 0; i < n; i++) {
        c = naive_value(h->sorts[i].tag, x->values[i], y->values[i]);

        if (c != 0) {
            return h->sorts[i].descending ? -c : c;
        }
    }

    return 0;
}


static int
naive_compare(const void *a, const void *b)
{
    int             c;
    unsigned        i;
    const how_t    *h = naive_how;
    const naive_t  *x = a, *y = b;

    if (h->n == 0) {
        return x->received != y->received
               ? (x->received < y->received) - (x->received > y->received)
               : (x->uid < y->uid) - (x->uid > y->uid);
    }

    if (h->extreme != PTN_CATEGORY_PLAIN) {
        c = naive_cats(x, y, h->ncats - 1);

        if (c == 0) {
            c = naive_value(h->sorts[h->ncats].tag, x->extreme, y->extreme);
            c = h->sorts[h->ncats - 1].descending ? -c : c;
        }

        if (c != 0) {
            return c;
        }
    }

    for (i = 0; i < h->n; i++) {
        if (h->extreme != PTN_CATEGORY_PLAIN && i == h->ncats) {
            continue;
        }

        c = naive_value(h->sorts[i].tag, x->values[i], y->values[i]);

        if (c != 0) {
            return h->sorts[i].descending ? -c : c;
        }
    }

    return x->uid != y->uid ? (x->uid > y->uid) - (x->uid < y->uid)
           : (x->instance > y->instance) - (x->instance < y->instance);
}


static void
naive_extremes(naive_t *rows, uint32_t n)
{
    uint32_t      i, k;
    ptn_str_t    *own;
    unsigned      at = naive_how->ncats;

    own = malloc((n + 1) * sizeof(ptn_str_t));

    for (i = 0; i < n; i++) {
        own[i] = rows[i].values[at];
    }

    for (i = 0; i < n; i++) {
        rows[i].extreme = own[i];

        for (k = 0; k < n; k++) {
            if (naive_cats(&rows[i], &rows[k], at) == 0
                && naive_value(naive_how->sorts[at].tag, own[k],
                               rows[i].extreme) > 0)
            {
                rows[i].extreme = own[k];
            }
        }
    }

    free(own);
}


static uint32_t
naive(test_t *t, ptn_mbox_t *mb, const how_t *h, naive_t *rows)
{
    uint32_t     seq, n, k, many, tag;
    unsigned     i;
    ptn_row_t    row;
    ptn_str_t    subject, all;
    ptn_msg_t   *msg;
    ptn_view_t  *view;

    ptn_view_get(mb, FOLDER, &view);
    naive_test = t;
    naive_how = h;
    n = 0;

    for (seq = 1; seq <= ptn_view_count(view) && n < ROWS - 4; seq++) {
        ptn_view_row(view, seq, &row);
        ptn_msg_open(mb, t->site.pool, row.id, &msg);
        tag = PTN_PR_SUBJECT;
        ptn_msg_props(msg, &tag, 1, &subject);

        if (h->match != NULL && !h->match(&subject, row.flags)) {
            continue;
        }

        tag = KEYWORDS;
        ptn_msg_props(msg, &tag, 1, &all);
        many = h->instances && all.data ? ptn_mv_count(all) : 1;

        for (k = 0; k < many; k++, n++) {
            memset(&rows[n], 0, sizeof(naive_t));
            rows[n].id = row.id;
            rows[n].uid = row.uid;
            rows[n].instance = k;
            rows[n].flags = row.flags;
            rows[n].received = row.received;

            for (i = 0; i < h->n; i++) {
                if (h->sorts[i].tag == KEYWORD) {
                    rows[n].values[i] = ptn_mv_at(KEYWORDS, all, k);
                    continue;
                }

                ptn_msg_props(msg, &h->sorts[i].tag, 1, &rows[n].values[i]);
            }
        }
    }

    ptn_view_unref(view);

    if (h->extreme != PTN_CATEGORY_PLAIN) {
        naive_extremes(rows, n);
    }

    qsort(rows, n, sizeof(naive_t), naive_compare);

    return h->limit != 0 ? ptn_min(n, h->limit) : n;
}


/* ---- the table --------------------------------------------------------- */

static void
snapshot(test_t *t, ptn_mbox_t *mb, unsigned k, list_t *list)
{
    uint32_t  i;

    list->n = ptn_table_count(t->table[k]);

    for (i = 0; i < list->n; i++) {
        ptn_table_key(mb, t->table[k], i, &list->p[i]);
    }
}


static bool
same_key(const ptn_table_key_t *a, const ptn_table_key_t *b)
{
    return a->id == b->id && a->instance == b->instance
           && a->header == b->header;
}


static uint32_t
find_key(const list_t *list, const ptn_table_key_t *key)
{
    uint32_t  i;

    for (i = 0; i < list->n && !same_key(&list->p[i], key); i++) {
        /* void */
    }

    return i;
}


static bool
apply(list_t *list, const ptn_table_event_t *ev)
{
    uint32_t  i;

    if (ev->kind != PTN_TABLE_ROW_ADDED) {
        i = find_key(list, &ev->row);

        if (i == list->n) {
            return false;
        }

        list->n--;
        memmove(list->p + i, list->p + i + 1,
                (list->n - i) * sizeof(list->p[0]));

    } else if (find_key(list, &ev->row) != list->n) {
        return false;
    }

    if (ev->kind == PTN_TABLE_ROW_DELETED) {
        return true;
    }

    i = 0;

    if (ev->after.id != 0) {
        i = find_key(list, &ev->after);

        if (i == list->n) {
            return false;
        }

        i++;
    }

    memmove(list->p + i + 1, list->p + i,
            (list->n - i) * sizeof(list->p[0]));
    list->p[i] = ev->row;
    list->n++;

    return true;
}


typedef struct {
    test_t   *t;
    naive_t  *rows;
    uint32_t  n, next;          /* of rows */
    uint32_t  seen;
    unsigned  k;
    long      step;
    unsigned  level;            /* of headers that are still to come */
} walk_t;

static const uint32_t  walk_tags[5] = {
    PTN_PR_CONTENT_COUNT, PTN_PR_CONTENT_UNREAD, PTN_PR_ROW_TYPE,
    PTN_PR_DEPTH, PTN_PR_INSTANCE_NUM
};


static bool
is_toggled(test_t *t, unsigned k, ptn_id_t id)
{
    unsigned  i;

    for (i = 0; i < t->ntoggled[k]; i++) {
        if (t->toggled[k][i] == id) {
            return true;
        }
    }

    return false;
}


static ptn_rc_t
walk_row(void *ctx, const ptn_table_row_t *row)
{
    bool          open;
    walk_t       *w = ctx;
    uint32_t      i, count, unreads;
    const how_t  *h = &hows[w->k];

    w->seen++;

    if (w->next >= w->n) {
        expect(w->t, false, "a row too many", w->step, w->k);
        return PTN_AGAIN;
    }

    if (row->type == PTN_ROW_LEAF) {
        expect(w->t, w->level == h->ncats, "a header is missing", w->step,
               w->k);
        expect(w->t, row->id == w->rows[w->next].id
               && row->instance == w->rows[w->next].instance
               && ptn_le32(row->values[4].data) == row->instance
               && ptn_le32(row->values[3].data) == h->ncats, "the row",
               w->step, w->k);
        w->next++;
        i = w->next;

    } else {
        expect(w->t, w->level == row->depth, "the header's level", w->step,
               w->k);

        for (i = w->next, count = 0, unreads = 0; i < w->n
             && naive_cats(&w->rows[i], &w->rows[w->next], row->depth + 1)
                == 0; i++)
        {
            count++;
            unreads += !(w->rows[i].flags & PTN_FLAG_SEEN);
        }

        open = (row->depth < h->nopen) != is_toggled(w->t, w->k, row->id);
        expect(w->t, ptn_le32(row->values[0].data) == count, "its count",
               w->step, w->k);
        expect(w->t, ptn_le32(row->values[1].data) == unreads, "its unread",
               w->step, w->k);
        expect(w->t, row->type == (open ? PTN_ROW_EXPANDED
                                        : PTN_ROW_COLLAPSED)
               && ptn_le32(row->values[2].data) == row->type, "is it open",
               w->step, w->k);

        if (open) {
            w->level = row->depth + 1;
            return PTN_OK;
        }

        w->next = i;
    }

    /* which header is to come before the next row? */

    if (i < w->n && i > 0) {
        for (w->level = 0; w->level < h->ncats
             && naive_cats(&w->rows[i], &w->rows[i - 1], w->level + 1) == 0;
             w->level++)
        {
            /* void */
        }
    }

    return PTN_OK;
}


static void
compare(test_t *t, ptn_mbox_t *mb, unsigned k, long step)
{
    walk_t          w;
    static naive_t  rows[ROWS];

    memset(&w, 0, sizeof(w));
    w.t = t;
    w.k = k;
    w.step = step;
    w.rows = rows;
    w.n = naive(t, mb, &hows[k], rows);

    expect(t, ptn_table_rows(mb, t->table[k], t->site.pool, walk_tags, 5, 0,
                             UINT32_MAX, false, walk_row, &w) == PTN_OK,
           "rows", step, k);
    expect(t, w.next == w.n, "all of them", step, k);
    expect(t, w.seen == ptn_table_count(t->table[k]), "the count", step, k);
}


static void
follow(test_t *t, ptn_mbox_t *mb, unsigned k, long step)
{
    bool                      gone, there;
    size_t                    i, n;
    uint32_t                  row;
    static list_t             now;
    ptn_table_key_t           at;
    const ptn_table_event_t  *ev;

    memset(&at, 0, sizeof(at));
    row = ptn_table_position(t->table[k]);

    if (row < t->copy[k].n) {
        at = t->copy[k].p[row];
    }

    expect(t, ptn_table_sync_events(mb, t->table[k], t->site.pool, &ev, &n)
              == PTN_OK, "sync", step, k);
    snapshot(t, mb, k, &now);

    if (n == 1 && ev[0].kind == PTN_TABLE_CHANGED) {
        t->changed++;
        t->copy[k] = now;

    } else {
        for (i = 0; i < n; i++) {
            if (!apply(&t->copy[k], &ev[i])) {
                expect(t, false, "an event that cannot be done", step, k);
            }

            t->rows++;
        }

        expect(t, t->copy[k].n == now.n
               && memcmp(t->copy[k].p, now.p, now.n * sizeof(now.p[0])) == 0,
               "the events do not make the table", step, k);
        t->few += (n != 0 && n < 8);
        t->copy[k] = now;

        row = find_key(&now, &at);

        if (at.id != 0 && row != now.n) {
            expect(t, ptn_table_position(t->table[k]) == row, "position",
                   step, k);
        }

        if (t->mark[k] != 0) {
            expect(t, ptn_table_mark_row(t->table[k], t->mark[k], &row,
                                         &gone) == PTN_OK, "mark", step, k);
            there = find_key(&now, &t->marked[k]) != now.n;
            expect(t, gone || (there && same_key(&now.p[row],
                                                 &t->marked[k])),
                   "the mark's row", step, k);
        }
    }

    compare(t, mb, k, step);
}


/* ---- changes ----------------------------------------------------------- */

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
change(test_t *t, ptn_txn_t *tx)
{
    ptn_id_t        id, *got;
    ptn_str_t       two[2];
    ptn_saved_t     saved;
    ptn_bag_prop_t  p;

    id = any(t, tx->mb, FOLDER);

    switch (id ? roll(t, 9) : 0) {

    case 0: case 1: case 2:
        table_message(&t->site, tx, words[roll(t, ptn_nelts(words))],
                      words[roll(t, ptn_nelts(words))],
                      1770000000 + (roll(t, 3) ? t->seq++ : roll(t, 900)),
                      roll(t, 8), lists[roll(t, ptn_nelts(lists))]);
        break;

    case 3: case 4:
        ptn_msg_flags_ids(tx, &id, 1, (ptn_flags_op_e) roll(t, 3),
                          roll(t, 8), 0, NULL);
        break;

    case 5:
        ptn_msg_expunge_ids(tx, &id, 1);
        break;

    case 6:
        ptn_msg_move_ids(tx, t->site.pool, FOLDER, &id, 1, OTHER, &got);
        break;

    case 7:
        id = any(t, tx->mb, OTHER);
        ptn_msg_move_ids(tx, t->site.pool, OTHER, &id, id != 0, FOLDER, &got);
        break;

    default:
        p.tag = KEYWORDS;
        two[0] = ptn_str_z(words[roll(t, ptn_nelts(words))]);
        two[1] = ptn_str("red");
        ptn_mv_make(t->site.pool, KEYWORDS, two, roll(t, 2) + 1, &p.value);
        ptn_msg_set_props(tx, t->site.pool, id, &p, 1, &saved);
    }
}


/* Opens or closes some header. */

static void
toggle(test_t *t, ptn_mbox_t *mb, unsigned k)
{
    ptn_rc_t   rc;
    uint32_t   row, at, n;
    unsigned   i;
    ptn_id_t   id;

    if (hows[k].ncats == 0 || t->copy[k].n == 0) {
        return;
    }

    row = roll(t, t->copy[k].n);

    if (!t->copy[k].p[row].header) {
        return;
    }

    id = t->copy[k].p[row].id;

    if (t->ntoggled[k] == 64 && !is_toggled(t, k, id)) {
        return;
    }

    rc = ptn_table_expand(mb, t->table[k], id, &at, &n);

    if (rc == PTN_ECONFLICT) {
        rc = ptn_table_collapse(mb, t->table[k], id, &at, &n);
    }

    expect(t, rc == PTN_OK && at == row, "toggle", 0, k);

    for (i = 0; i < t->ntoggled[k] && t->toggled[k][i] != id; i++) {
        /* void */
    }

    if (i < t->ntoggled[k]) {
        t->toggled[k][i] = t->toggled[k][--t->ntoggled[k]];

    } else {
        t->toggled[k][t->ntoggled[k]++] = id;
    }

    snapshot(t, mb, k, &t->copy[k]);
}


static void
step_on(test_t *t, long step)
{
    bool          undone;
    uint32_t      row;
    unsigned      i, k, n;
    ptn_txn_t     tx;
    ptn_mbox_t   *mb;
    ptn_store_t  *store;

    store = t->store[roll(t, 2)];
    mb = site_open_store(&t->site, store, "alice");

    for (k = 0; k < TABLES; k++) {
        toggle(t, mb, k);
        ptn_table_seek(t->table[k],
                       roll(t, ptn_table_count(t->table[k]) + 1));

        if (t->copy[k].n != 0 && roll(t, 4) == 0) {
            ptn_table_unmark(t->table[k]);
            row = roll(t, t->copy[k].n);
            ptn_table_mark(t->table[k], row, &t->mark[k]);
            t->marked[k] = t->copy[k].p[row];
        }
    }

    expect(t, ptn_txn_begin(&tx, mb) == PTN_OK, "begin", step, 0);
    n = (step < 30) ? 8 : 1 + roll(t, 4);

    for (i = 0; i < n; i++) {
        change(t, &tx);

        if (roll(t, 12) == 0) {
            follow(t, mb, roll(t, TABLES), step);
        }
    }

    undone = (roll(t, 6) == 0);

    if (undone) {
        ptn_txn_done(&tx);

    } else {
        expect(t, ptn_txn_commit(&tx) == PTN_OK, "commit", step, 0);
    }

    expect(t, ptn_store_commit(store) == PTN_OK, "store commit", step, 0);
    mb = site_open_store(&t->site, t->store[roll(t, 2)], "alice");

    for (k = 0; k < TABLES; k++) {
        follow(t, mb, k, step);
    }

    ptn_pool_reset(t->site.pool);
}


int
main(int argc, char **argv)
{
    long                i, steps;
    unsigned            k;
    ptn_mbox_t         *mb;
    UErrorCode          err;
    static test_t       t;
    ptn_table_order_t   order;

    steps = (argc > 1) ? atol(argv[1]) : STEPS;
    t.random = (argc > 2) ? strtoull(argv[2], NULL, 10) : 11;
    err = U_ZERO_ERROR;
    t.coll = ucol_open("en", &err);

    site_make(&t.site);
    t.site.conf.fsync = false;
    t.store[0] = t.site.store;
    ptn_store_open(&t.site.opts, &t.store[1]);
    mb = site_open(&t.site, "alice");

    for (k = 0; k < TABLES; k++) {
        is_rc(ptn_table_open(mb, PTN_TABLE_CONTENTS, FOLDER, 0, &t.table[k]),
              PTN_OK, "open");
        memset(&order, 0, sizeof(order));
        order.sorts = hows[k].sorts;
        order.n = hows[k].n;
        order.categories = hows[k].ncats;
        order.expanded = hows[k].nopen;
        order.extreme = hows[k].extreme;
        is_rc(ptn_table_order(mb, t.table[k], &order), PTN_OK, "order");

        if (hows[k].restriction.len != 0) {
            is_rc(ptn_table_restrict(mb, t.table[k],
                      table_restrict(&t.site, hows[k].restriction)), PTN_OK,
                  "restriction");
        }
    }

    for (i = 0; i < steps; i++) {
        step_on(&t, i);
    }

    is_u64(t.bad, 0, "tables, events, positions are as computed naively");
    ok(t.rows > 2 * (unsigned) steps && t.few > (unsigned) steps,
       "there were events, a few at a time");
    ok(t.changed < (unsigned) steps * 2, "and seldom all of it");
    printf("# %u events, %u syncs of a few, %u of all\n", t.rows, t.few,
           t.changed);

    for (k = 0; k < TABLES; k++) {
        ptn_table_close(t.table[k]);
    }

    ptn_store_close(t.store[1]);
    ucol_close(t.coll);
    site_check(&t.site, "alice");
    site_done(&t.site);

    return done_testing();
}
