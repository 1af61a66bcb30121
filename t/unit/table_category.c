/*
 * Categories (MS-OXCTABL 2.2.2.3, 2.2.2.17 to 2.2.2.20): headers, what is open
 * to begin with, opening and closing, order by the greatest value, the saved
 * state, what is refused.
 */

#include "table_site.h"


#define NAME  PTN_PR_SENT_REPRESENTING_NAME

static site_t        site;
static ptn_mbox_t   *mb;
static ptn_table_t  *table;


static ptn_str_t
text(uint32_t cat2)
{
    return table_text(&site, mb, table, NAME, cat2);
}


static ptn_rc_t
order(const ptn_sort_t *sorts, size_t n, unsigned cats, unsigned open,
    ptn_category_e extreme)
{
    ptn_table_order_t  o;

    memset(&o, 0, sizeof(o));
    o.sorts = sorts;
    o.n = n;
    o.categories = cats;
    o.expanded = open;
    o.extreme = extreme;

    return ptn_table_order(mb, table, &o);
}


static ptn_id_t
header(uint32_t row)
{
    ptn_table_key_t  key;

    ptn_table_key(mb, table, row, &key);

    return key.header ? key.id : 0;
}


static const ptn_sort_t  by_name[2] = {
    { NAME, false }, { PTN_PR_SUBJECT, false }
};
static const ptn_sort_t  two_levels[3] = {
    { NAME, false }, { PTN_PR_SUBJECT, true },
    { PTN_PR_MESSAGE_DELIVERY_TIME, false }
};
static const ptn_sort_t  newest[3] = {
    { NAME, true }, { PTN_PR_MESSAGE_DELIVERY_TIME, false },
    { PTN_PR_SUBJECT, false }
};


static void
test_one_level(void)
{
    uint32_t  at, n;

    is_rc(order(by_name, 2, 1, 1, PTN_CATEGORY_PLAIN), PTN_OK, "by name");
    is_str(text(0), "-Alice:2/3 .apple .fig .pear -Bert:0/1 .apple"
           " -Zoe:1/2 .banana .kiwi",
           "R67: all are open; R20, R22: how many, and unread");
    is_rc(ptn_table_collapse(mb, table, header(0), &at, &n), PTN_OK,
          "R573: close one");
    is_u64(n, 3, "R287: three rows went");
    is_u64(at, 0, "behind the first");
    is_str(text(0), "+Alice:2/3 -Bert:0/1 .apple -Zoe:1/2 .banana .kiwi",
           "R21: it counts as before");
    is_rc(ptn_table_collapse(mb, table, header(0), &at, &n), PTN_ECONFLICT,
          "R577: not again");
    is_rc(ptn_table_expand(mb, table, header(1), &at, &n), PTN_ECONFLICT,
          "R571: one that is open");
    is_rc(ptn_table_expand(mb, table, 0x770000, &at, &n), PTN_ENOTFOUND,
          "R570: no such category");
    is_rc(ptn_table_expand(mb, table, header(0), &at, &n), PTN_OK,
          "R567: open it");
    is_u64(n, 3, "R278: three rows");

    is_rc(order(by_name, 2, 1, 0, PTN_CATEGORY_PLAIN), PTN_OK, "closed");
    is_str(text(0), "+Alice:2/3 +Bert:0/1 +Zoe:1/2", "R66: none is open");
    is_u64(ptn_table_count(table), 3, "three rows");
    is_rc(ptn_table_expand(mb, table, header(2), &at, &n), PTN_OK, "one");
    is_str(text(0), "+Alice:2/3 +Bert:0/1 -Zoe:1/2 .banana .kiwi", "open");
}


static void
test_two_levels(void)
{
    uint32_t  at, n;

    is_rc(order(two_levels, 3, 2, 2, PTN_CATEGORY_PLAIN), PTN_OK, "two");
    is_str(text(PTN_PR_SUBJECT), "-Alice:2/3 .-pear:1/1 ..pear .-fig:1/1"
           " ..fig .-apple:0/1 ..apple -Bert:0/1 .-apple:0/1 ..apple"
           " -Zoe:1/2 .-kiwi:0/1 ..kiwi .-banana:1/1 ..banana",
           "R634: the second within the first, R77 descending");
    is_rc(ptn_table_collapse(mb, table, header(1), &at, &n), PTN_OK, "one");
    is_u64(n, 1, "its row");
    is_rc(ptn_table_collapse(mb, table, header(0), &at, &n), PTN_OK,
          "what is around it");
    is_u64(n, 5, "headers and rows");
    is_rc(ptn_table_expand(mb, table, header(0), &at, &n), PTN_OK, "open");
    is_u64(n, 5, "R278: with what is open within");
    is_str(text(PTN_PR_SUBJECT), "-Alice:2/3 .+pear:1/1 .-fig:1/1"
           " ..fig .-apple:0/1 ..apple -Bert:0/1 .-apple:0/1 ..apple"
           " -Zoe:1/2 .-kiwi:0/1 ..kiwi .-banana:1/1 ..banana",
           "the one within stayed closed");

    is_rc(order(two_levels, 3, 2, 1, PTN_CATEGORY_PLAIN), PTN_OK, "one open");
    is_str(text(PTN_PR_SUBJECT), "-Alice:2/3 .+pear:1/1 .+fig:1/1"
           " .+apple:0/1 -Bert:0/1 .+apple:0/1 -Zoe:1/2 .+kiwi:0/1"
           " .+banana:1/1", "R66: the first levels");
}


static void
test_extreme(void)
{
    is_rc(order(newest, 3, 1, 0, PTN_CATEGORY_MAX), PTN_OK, "newest first");
    is_str(text(0), "+Zoe:1/2 +Alice:2/3 +Bert:0/1",
           "R81: by the greatest time, descending as the category");
    is_rc(order(newest, 3, 1, 0, PTN_CATEGORY_MIN), PTN_OK, "oldest last");
    is_str(text(0), "+Bert:0/1 +Zoe:1/2 +Alice:2/3", "by the least");
    is_rc(order(newest, 3, 1, 1, PTN_CATEGORY_MAX), PTN_OK, "open");
    is_str(text(0), "-Zoe:1/2 .banana .kiwi -Alice:2/3 .apple .fig .pear"
           " -Bert:0/1 .apple", "R82: rows by what is behind");
}


static void
test_state(void)
{
    bool              gone;
    uint32_t          at, n, mark, row;
    ptn_str_t         state, bad;
    ptn_table_t      *other;
    ptn_table_key_t   key;

    order(two_levels, 3, 2, 2, PTN_CATEGORY_PLAIN);
    ptn_table_collapse(mb, table, header(0), &at, &n);
    ptn_table_collapse(mb, table, header(2), &at, &n);
    is_str(text(PTN_PR_SUBJECT), "+Alice:2/3 -Bert:0/1 .+apple:0/1 -Zoe:1/2"
           " .-kiwi:0/1 ..kiwi .-banana:1/1 ..banana", "some are closed");
    ptn_table_key(mb, table, 5, &key);
    is_rc(ptn_table_state_get(mb, table, site.pool, &key, &state), PTN_OK,
          "R579: the state, R581 and a row");

    other = table;
    ptn_table_open(mb, PTN_TABLE_CONTENTS, FOLDER, 0, &table);
    is_rc(ptn_table_state_set(mb, table, state, &mark), PTN_ESUPPORT,
          "a table without categories");
    order(two_levels, 3, 2, 1, PTN_CATEGORY_PLAIN);
    is_rc(ptn_table_state_set(mb, table, state, &mark), PTN_EINVAL,
          "R308: of another order");
    order(two_levels, 3, 2, 2, PTN_CATEGORY_PLAIN);
    is_rc(ptn_table_state_set(mb, table, state, &mark), PTN_OK,
          "R307: another table");
    is_str(text(PTN_PR_SUBJECT), "+Alice:2/3 -Bert:0/1 .+apple:0/1 -Zoe:1/2"
           " .-kiwi:0/1 ..kiwi .-banana:1/1 ..banana", "R585: as it was");
    is_u64(ptn_table_position(table), 5, "R587: at the row");
    is_rc(ptn_table_mark_row(table, mark, &row, &gone), PTN_OK, "R305");
    ok(row == 5 && !gone, "and a bookmark of it");

    bad = ptn_str_dup(site.pool, state);
    bad.len--;
    is_rc(ptn_table_state_set(mb, table, bad, &mark), PTN_EINVAL, "cut");
    bad.len++;
    bad.data[0] = 9;
    is_rc(ptn_table_state_set(mb, table, bad, &mark), PTN_EINVAL, "unknown");
    is_rc(ptn_table_state_set(mb, table, ptn_str(""), &mark), PTN_EINVAL,
          "none");
    ptn_table_close(table);
    table = other;
}


/* A bookmark of a row whose header is closed. */

static void
test_marks(void)
{
    bool      gone;
    uint32_t  at, n, mark, behind, row;

    order(by_name, 2, 1, 1, PTN_CATEGORY_PLAIN);
    ptn_table_mark(table, 2, &mark);
    ptn_table_mark(table, 5, &behind);
    ptn_table_seek(table, 5);
    ptn_table_collapse(mb, table, header(0), &at, &n);
    ptn_table_mark_row(table, mark, &row, &gone);
    ok(gone && row == 1, "R506: not seen: the next row");
    ptn_table_mark_row(table, behind, &row, &gone);
    ok(!gone && row == 2, "one behind it moves");
    is_u64(ptn_table_position(table), 2, "so does the position");
}


static void
test_refused(void)
{
    ptn_sort_t    mv[2] = { { KEYWORDS, false }, { NAME, false } };
    ptn_table_t  *folders, *was;

    is_rc(order(by_name, 2, 3, 0, PTN_CATEGORY_PLAIN), PTN_EINVAL,
          "R63: more categories than columns");
    is_rc(order(by_name, 2, 1, 3, PTN_CATEGORY_PLAIN), PTN_EINVAL, "R65");
    is_rc(order(by_name, 2, 2, 0, PTN_CATEGORY_MAX), PTN_EINVAL,
          "R78: no column behind them");
    is_rc(order(by_name, 2, 0, 0, PTN_CATEGORY_MAX), PTN_EINVAL,
          "R78: no categories");
    is_rc(order(mv, 2, 1, 0, PTN_CATEGORY_PLAIN), PTN_ESUPPORT,
          "R74: several values as one");
    is_rc(ptn_table_restrict(mb, table, table_restrict(&site,
              ptn_str("\x0b\2\0\0\0\x00\0\0"))), PTN_ESUPPORT,
          "a count of categories");

    was = table;
    ptn_table_open(mb, PTN_TABLE_HIERARCHY, PTN_FOLDER_ROOT, 0, &folders);
    table = folders;
    is_rc(order(by_name, 2, 1, 1, PTN_CATEGORY_PLAIN), PTN_ESUPPORT,
          "of folders");
    table = was;
    ptn_table_close(folders);
}


int
main(void)
{
    ptn_txn_t  tx;

    site_make(&site);
    site.conf.fsync = false;
    mb = site_open(&site, "alice");

    ptn_txn_begin(&tx, mb);
    table_message(&site, &tx, "Alice", "fig", 100, 0, NULL);
    table_message(&site, &tx, "Alice", "apple", 107, PTN_FLAG_SEEN, NULL);
    table_message(&site, &tx, "Bert", "apple", 106, PTN_FLAG_SEEN, NULL);
    table_message(&site, &tx, "Zoe", "kiwi", 104, PTN_FLAG_SEEN, NULL);
    table_message(&site, &tx, "Alice", "pear", 101, 0, NULL);
    table_message(&site, &tx, "Zoe", "banana", 109, 0, NULL);
    ptn_txn_commit(&tx);
    ptn_store_commit(site.store);
    ptn_table_open(mb, PTN_TABLE_CONTENTS, FOLDER, 0, &table);

    test_one_level();
    test_two_levels();
    test_extreme();
    test_state();
    test_marks();
    test_refused();

    ptn_table_close(table);
    site_check(&site, "alice");
    site_done(&site);

    return done_testing();
}
