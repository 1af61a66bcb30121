/*
 * Instances of multiple values (MS-OXCTABL 2.2.2.2, 2.2.2.3, 3.2.5.2,
 * 3.2.5.3): a row for each value, by columns and by order.
 */

#include "table_site.h"


static site_t        site;
static ptn_mbox_t   *mb;
static ptn_table_t  *table;


static ptn_str_t
text(uint32_t cat)
{
    return table_text(&site, mb, table, cat, 0);
}


typedef struct {
    ptn_id_t   id;
    uint32_t   n, seen;
} instances_t;


static ptn_rc_t
instance_row(void *ctx, const ptn_table_row_t *row)
{
    instances_t  *i = ctx;

    if (row->id == i->id) {
        i->seen |= 1u << ptn_le32(row->values[0].data);
        i->n += ptn_str_eq(row->values[1], row->values[2]);
    }

    return PTN_OK;
}


static void
test_columns(ptn_id_t both)
{
    instances_t      i;
    const uint32_t   tags[3] = { PTN_PR_INSTANCE_NUM, PTN_PR_INST_ID,
                                 PTN_PR_MID };

    is_str(text(0), "none two(red) one(blue)",
           "without instances, the first value");
    is_rc(ptn_table_instances(mb, table, KEYWORD), PTN_OK, "R433");
    is_str(text(0), "none two(red) two(blue) one(blue)",
           "a row for each value, one where there is none");

    i.id = both;
    i.n = i.seen = 0;
    ptn_table_rows(mb, table, site.pool, tags, 3, 0, 9, false, instance_row,
                   &i);
    is_u64(i.seen, 3, "R12: their numbers differ");
    is_u64(i.n, 2, "R8: their id is one");

    is_rc(ptn_table_instances(mb, table, PTN_PR_SUBJECT), PTN_ESUPPORT,
          "of a single value");
    is_rc(ptn_table_instances(mb, table, 0), PTN_OK, "no more");
    is_u64(ptn_table_count(table), 3, "three rows");
}


static void
test_order(void)
{
    ptn_sort_t         by[2] = { { KEYWORD, false }, { PTN_PR_SUBJECT, true } };
    ptn_sort_t         other[2] = { { KEYWORD, false },
                                    { 0x8006101f | PTN_TABLE_INSTANCE,
                                      false } };
    ptn_table_order_t  o;

    is_rc(ptn_table_sort(mb, table, by, 2), PTN_OK, "R448: by each value");
    is_str(text(0), "none two(blue) one(blue) two(red)", "sorted");
    is_rc(ptn_table_sort(mb, table, other, 2), PTN_ESUPPORT,
          "R75: of one property");
    is_rc(ptn_table_instances(mb, table, 0x8006101f), PTN_ESUPPORT,
          "also the columns'");

    memset(&o, 0, sizeof(o));
    o.sorts = by;
    o.n = 2;
    o.categories = 1;
    o.expanded = 1;
    is_rc(ptn_table_order(mb, table, &o), PTN_OK, "as categories");
    is_str(text(KEYWORD), "-:1/1 .none -blue:2/2 .two(blue) .one(blue)"
           " -red:1/1 .two(red)", "a message in two of them");

    is_rc(ptn_table_restrict(mb, table, table_restrict(&site, ptn_str(
              "\x04\x04\x1f\x30\x05\x80\x1f\x00\x05\x80"
              "b\0l\0u\0e\0\0\0"))), PTN_OK, "restricted by the one value");
    is_str(text(KEYWORD), "-blue:2/2 .two(blue) .one(blue)",
           "instances that have it");
    is_rc(ptn_table_restrict(mb, table, table_restrict(&site, ptn_str(
              "\x04\x04\x1f\x10\x05\x80\x1f\x00\x05\x80"
              "r\0e\0d\0\0\0"))), PTN_OK, "by any of several");
    is_str(text(KEYWORD), "-blue:1/1 .two(blue) -red:1/1 .two(red)",
           "all instances of those");
    ptn_table_restrict(mb, table, NULL);
}


static void
test_change(ptn_id_t both)
{
    bool             gone;
    uint32_t         mark, row;
    ptn_str_t        one;
    ptn_txn_t        tx;
    ptn_sort_t       by[1] = { { KEYWORD, false } };
    ptn_saved_t      saved;
    ptn_bag_prop_t   p;

    ptn_table_sort(mb, table, by, 1);
    is_str(text(0), "none one(blue) two(blue) two(red)", "four");
    ptn_table_mark(table, 3, &mark);
    one = ptn_str("green");
    p.tag = KEYWORDS;
    ptn_mv_make(site.pool, KEYWORDS, &one, 1, &p.value);
    ptn_txn_begin(&tx, mb);
    ptn_msg_set_props(&tx, site.pool, both, &p, 1, &saved);
    ptn_txn_commit(&tx);
    ptn_store_commit(site.store);
    ptn_table_sync(mb, table, NULL);
    is_str(text(0), "none one(blue) two(green)", "one value now");
    ptn_table_mark_row(table, mark, &row, &gone);
    ok(!gone && row == 2, "the first instance has a new place");
}


int
main(void)
{
    ptn_id_t   both;
    ptn_txn_t  tx;

    site_make(&site);
    site.conf.fsync = false;
    mb = site_open(&site, "alice");

    ptn_txn_begin(&tx, mb);
    table_message(&site, &tx, "Alice", "one", 100, 0, "blue");
    both = table_message(&site, &tx, "Bert", "two", 101, 0, "red,blue");
    table_message(&site, &tx, "Alice", "none", 102, 0, NULL);
    ptn_txn_commit(&tx);
    ptn_store_commit(site.store);
    ptn_table_open(mb, PTN_TABLE_CONTENTS, FOLDER, 0, &table);

    test_columns(both);
    test_order();
    test_change(both);

    ptn_table_close(table);
    site_check(&site, "alice");
    site_done(&site);

    return done_testing();
}
