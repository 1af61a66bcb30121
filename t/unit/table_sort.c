/*
 * Sorting many rows beside a naive sort of values that are read message by
 * message: subjects of all scripts, equal beginnings, long ones, equal ones;
 * values that are not where they mostly are; messages that were moved here,
 * with others between their ids; orders at random, with and without a
 * restriction.
 */

#include <unicode/ucol.h>

#include "table_site.h"


#define ROWS    700
#define VALUES  3
#define NAMED   0x8006001f

static site_t        site;
static ptn_mbox_t   *mb;
static UCollator    *coll;
static uint64_t      seed = 3;
static ptn_sort_t    sorts[VALUES + 1];

typedef struct {
    ptn_id_t   id;
    uint32_t   uid;
    ptn_str_t  values[VALUES];
} row_t;

static const char *const  begins[] = {
    "", "Re: ", "RE: ", "AW: ", "[list-of-things] ", "[list-of-things] Re: ",
    "The same very long beginning of a subject that goes on beyond what a"
    " part of a key has room for, and is the same in all of them: "
};

static const char *const  words[] = {
    "apple", "Apple", "APPLE", "Äpfel", "zebra", "Zoo", "été", "eta", "Etat",
    "apple pie", "10", "9", "日本", "日本語", "東京", "Привет", "привет", "мир",
    "שלום", "سلام", "Ελλάδα", "안녕", "สวัสดี", "เก้า", "naïve", "nai\xcc\x88ve",
    "co-op", "coop", "co\xc2\xadop", "\xf0\x9f\x8d\x8e", "œuvre", "oeuvre",
    "Straße", "Strasse", "e\xcc\x81te", "\xef\xac\x81sh", "fish", "½", "...",
    "\xff\xfe", "キャ", "カー", "カア"
};

static const uint32_t  columns[] = {
    PTN_PR_SUBJECT, PTN_PR_SUBJECT, PTN_PR_SENT_REPRESENTING_NAME,
    PTN_PR_SENDER_NAME, PTN_PR_IMPORTANCE, PTN_PR_MESSAGE_SIZE,
    PTN_PR_DISPLAY_TO, PTN_PR_CONVERSATION_TOPIC, PTN_PR_HASATTACH,
    PTN_PR_CLIENT_SUBMIT_TIME, PTN_PR_READ, PTN_PR_FLAG_STATUS,
    PTN_PR_LAST_MODIFICATION_TIME, PTN_PR_INTERNET_MESSAGE_ID,
    PTN_PR_MESSAGE_CLASS, PTN_PR_SENDER_SMTP_ADDRESS, PTN_PR_MESSAGE_FLAGS,
    PTN_PR_PRIORITY, PTN_PR_NORMALIZED_SUBJECT, NAMED
};


static uint32_t
number(uint32_t n)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;

    return (uint32_t) (seed >> 33) % n;
}


static ptn_str_t
subject(void)
{
    uint32_t   i, n;
    ptn_buf_t  b;

    ptn_buf_init(&b, site.pool);
    ptn_buf_z(&b, begins[number(ptn_nelts(begins))]);
    n = (number(12) == 0) ? 60 + number(60) : number(4);

    for (i = 0; i < n; i++) {
        ptn_buf_printf(&b, "%s%s", i ? " " : "",
                       words[number(ptn_nelts(words))]);
    }

    return ptn_buf_get(&b);
}


static void
fill(ptn_id_t folder, unsigned n)
{
    unsigned         i;
    ptn_txn_t        tx;
    ptn_saved_t      saved;
    ptn_append_t     a;
    ptn_appended_t   app;
    ptn_bag_prop_t   prop;

    memset(&a, 0, sizeof(a));
    ptn_txn_begin(&tx, mb);

    for (i = 0; i < n; i++) {
        a.raw = ptn_str_printf(site.pool, "From: \"Sender %u\" <s%u@x.test>"
            "\r\nTo: \"%s\" <t@x.test>\r\nMessage-ID: <%u@x.test>\r\n%s"
            "Subject: %.*s\r\n\r\n%s\r\n", number(5), number(4),
            words[number(6)], number(1000),
            number(3) ? "" : "Importance: high\r\n",
            ptn_str_arg(subject()), words[number(9)]);
        a.received = 1000 + number(50);
        a.flags = number(2) ? PTN_FLAG_SEEN : 0;
        ptn_msg_append(&tx, folder, &a, &app);

        /* what only the bag has, also of properties that have a column */

        if (number(9) == 0) {
            prop.tag = number(2) ? NAMED : PTN_PR_IMPORTANCE;
            prop.value = (prop.tag == NAMED) ? subject() : ptn_str("\2\0\0\0");
            ptn_msg_set_props(&tx, site.pool, app.id, &prop, 1, &saved);
        }
    }

    ptn_txn_commit(&tx);
    ptn_store_commit(site.store);
}


/* Among them messages of another folder, moved in the order of chance. */

static void
mix(void)
{
    uint32_t     i, n;
    ptn_id_t    *ids, *got, swap;
    ptn_row_t    row;
    ptn_txn_t    tx;
    ptn_view_t  *view;

    ptn_view_get(mb, PTN_FOLDER_ARCHIVE, &view);
    n = ptn_view_count(view) / 2;
    ids = ptn_parray(site.pool, n, sizeof(ptn_id_t));

    for (i = 0; i < n; i++) {
        ptn_view_row(view, 1 + 2 * i, &row);
        ids[i] = row.id;
    }

    for (i = 0; i < n; i++) {
        swap = ids[i];
        ids[i] = ids[i + (n - i) / 3];
        ids[i + (n - i) / 3] = swap;
    }

    ptn_view_unref(view);
    ptn_txn_begin(&tx, mb);
    is_rc(ptn_msg_move_ids(&tx, site.pool, PTN_FOLDER_ARCHIVE, ids, n, FOLDER,
                           &got), PTN_OK, "moved");
    ptn_txn_commit(&tx);
    ptn_store_commit(site.store);
}


/* ---- the naive sort ------------------------------------------------------ */

static ptn_str_t
cut(ptn_str_t s)
{
    if (s.len > 255) {
        for (s.len = 255; s.len > 0 && (s.data[s.len] & 0xc0) == 0x80;
             s.len--) { /* void */ }
    }

    return s;
}


static int
compare_value(const ptn_sort_t *sort, ptn_str_t a, ptn_str_t b)
{
    int         n;
    int64_t     x, y;
    UErrorCode  err;

    if (a.data == NULL || b.data == NULL) {
        n = (a.data != NULL) - (b.data != NULL);

    } else if (ptn_prop_type(sort->tag) == PTN_PT_UNICODE) {
        a = cut(a);
        b = cut(b);
        err = U_ZERO_ERROR;
        n = ucol_strcollUTF8(coll, (char *) a.data, (int32_t) a.len,
                             (char *) b.data, (int32_t) b.len, &err);

    } else {
        x = y = 0;
        ptn_prop_int(sort->tag, a, &x);
        ptn_prop_int(sort->tag, b, &y);
        n = (x > y) - (x < y);
    }

    return sort->descending ? -n : n;
}


static int
compare(const void *a, const void *b)
{
    int           n;
    unsigned      i;
    const row_t  *x = a, *y = b;

    for (i = 0; sorts[i].tag != 0; i++) {
        n = compare_value(&sorts[i], x->values[i], y->values[i]);

        if (n != 0) {
            return n;
        }
    }

    return (x->uid > y->uid) - (x->uid < y->uid);
}


/* All rows with their values; those that are not `read` are left out. */

static uint32_t
naive(ptn_pool_t *pool, row_t *rows, size_t nsorts, bool read)
{
    size_t       i;
    uint32_t     seq, n, tags[VALUES];
    ptn_row_t    row;
    ptn_msg_t   *msg;
    ptn_view_t  *view;

    for (i = 0; i < nsorts; i++) {
        tags[i] = sorts[i].tag;
    }

    ptn_view_get(mb, FOLDER, &view);

    for (seq = 1, n = 0; seq <= ptn_view_count(view); seq++) {
        ptn_view_row(view, seq, &row);

        if (read && !(row.flags & PTN_FLAG_SEEN)) {
            continue;
        }

        rows[n].id = row.id;
        rows[n].uid = row.uid;
        ptn_msg_open(mb, pool, row.id, &msg);
        ptn_msg_props(msg, tags, nsorts, rows[n].values);
        n++;
    }

    ptn_view_unref(view);
    qsort(rows, n, sizeof(row_t), compare);

    return n;
}


static bool
same(ptn_table_t *t, const row_t *rows, uint32_t n)
{
    uint32_t  i;

    for (i = 0; i < n && ptn_table_id(mb, t, i) == rows[i].id; i++) {
        /* void */
    }

    return ptn_table_count(t) == n && i == n;
}


static void
test_orders(const char *what)
{
    bool            good, read;
    size_t          i, k, n;
    uint32_t        count;
    ptn_pool_t     *pool;
    ptn_table_t    *t;
    static row_t    rows[2 * ROWS];

    pool = ptn_pool_create(0, NULL);
    good = true;

    for (i = 0; i < 60 && good; i++) {
        memset(sorts, 0, sizeof(sorts));
        n = (i < ptn_nelts(columns)) ? 1 : 1 + number(VALUES);

        for (k = 0; k < n; k++) {
            sorts[k].tag = columns[i < ptn_nelts(columns)
                                   ? i : number(ptn_nelts(columns))];
            sorts[k].descending = number(2);
        }

        read = number(3) == 0;
        ptn_table_open(mb, PTN_TABLE_CONTENTS, FOLDER, 0, &t);

        if (read) {
            ptn_table_restrict(mb, t, table_restrict(&site,
                ptn_str("\x04\x04\x0b\x00\x69\x0e\x0b\x00\x69\x0e\x01")));
        }

        good = ptn_table_sort(mb, t, sorts, n) == PTN_OK;
        count = naive(pool, rows, n, read);
        good = good && same(t, rows, count);

        if (!good) {
            printf("# order %zu of %zu: %08x %08x, %s\n", i, n, sorts[0].tag,
                   sorts[1].tag, read ? "read ones" : "all");
        }

        /* one more: it is put in where it belongs */

        if (good && i % 3 == 0) {
            fill(FOLDER, 1);
            mb = site_open(&site, "alice");
            ptn_table_sync(mb, t, NULL);
            count = naive(pool, rows, n, read);
            good = same(t, rows, count);

            if (!good) {
                printf("# one more in order %zu: %08x\n", i, sorts[0].tag);
            }
        }

        ptn_table_close(t);
        ptn_pool_reset(pool);
    }

    ptn_pool_destroy(pool);
    ok(good, "%s", what);
}


/* A bag with an importance of 2. */
#define BAG  "x'01000100030017000400000002000000'"

static void
change(const char *sql)
{
    sqlite3  *db;

    ptn_store_close(site.store);

    if (sqlite3_open(ptn_str_dupz(site.pool, ptn_str_printf(site.pool,
                     "%s/mailbox/example.test/alice/mailbox.sqlite",
                     site.root)), &db) != SQLITE_OK
        || sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
    {
        printf("Bail out! %s\n", sqlite3_errmsg(db));
        exit(1);
    }

    sqlite3_close(db);
    ptn_store_open(&site.opts, &site.store);
}


/* Bags that are not known to be plain, as in files of before, and some that
 * are not: their values win. */

static void
test_older(void)
{
    change("UPDATE item SET attach=attach & 1 WHERE id % 7=0"
           " OR id > (SELECT max(id) FROM item) / 2");
    mb = site_open(&site, "alice");
    test_orders("items that are not known to be plain");
    change("UPDATE item SET attach=attach & 1, bag=" BAG " WHERE id % 5=0");
    mb = site_open(&site, "alice");
    test_orders("bags that have what a column has, too");
}


static void
test_check(void)
{
    ptn_user_t  u;

    change("UPDATE item SET attach=attach | 2 WHERE bag=" BAG);
    u = site_user(&site, "alice");
    site.reports = 0;
    is_rc(ptn_mbox_check(site.store, &u, false, site_report, &site),
          PTN_ECORRUPT, "check sees an item that is not plain");
    is_rc(ptn_mbox_check(site.store, &u, true, site_report, &site), PTN_OK,
          "repair takes them at their bags");
    mb = site_open(&site, "alice");
    test_orders("in order again");
}


int
main(void)
{
    UErrorCode  err;

    site_make(&site);
    site.conf.fsync = false;
    mb = site_open(&site, "alice");
    err = U_ZERO_ERROR;
    coll = ucol_open("en", &err);

    fill(FOLDER, ROWS / 2);
    fill(PTN_FOLDER_ARCHIVE, ROWS / 2);
    fill(FOLDER, ROWS / 4);
    test_orders("in the order of ids");
    mix();
    mb = site_open(&site, "alice");
    test_orders("with those that were moved");
    test_older();
    test_check();

    ucol_close(coll);
    site_check(&site, "alice");
    site_done(&site);

    return done_testing();
}
