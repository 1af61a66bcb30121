/*
 * The store alone, without a pool and without syncs: microseconds of CPU.
 *
 *   table deliver N     a delivery of an 8 KB message, 64 in a batch
 *   table rows N        100 rows of 8 columns of a folder of N messages: cold,
 *                       the same again, the next page; a sort by subject and
 *                       sender; a sync after one delivery
 *   table bench N       the newest 50 rows of N messages, a sort of N by an
 *                       unindexed property, pages of it, a change, memory
 *   table select N      S alone
 *
 * TSV: name, microseconds; of bench: row, value, unit, bar, PASS or FAIL, what
 * it was measured against (S: one primary-key SELECT of bare SQLite by a
 * prepared statement in this process, t/bench/ref.c).
 */

#include <malloc.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ptn_mailbox.h"
#include "store_site.h"


#ifndef TABLE_DELIVER_ONLY

static ptn_rc_t
count_row(void *ctx, const ptn_table_row_t *row)
{
    size_t  i, *sum = ctx;

    for (i = 0; i < 8; i++) {
        *sum += row->values[i].len;
    }

    return PTN_OK;
}


static void
page(site_t *s, ptn_table_t *t, uint32_t from, unsigned times,
    const char *name)
{
    size_t    sum;
    double    begun;
    unsigned  i;

    static const uint32_t  tags[8] = {
        PTN_PR_MID, PTN_PR_SUBJECT, PTN_PR_SENT_REPRESENTING_NAME,
        PTN_PR_MESSAGE_DELIVERY_TIME, PTN_PR_MESSAGE_FLAGS,
        PTN_PR_MESSAGE_SIZE, PTN_PR_IMPORTANCE, PTN_PR_MESSAGE_CLASS
    };

    sum = 0;
    begun = cpu();

    for (i = 0; i < times; i++) {
        must(ptn_table_sync(s->mb, t, NULL), "sync");
        must(ptn_table_rows(s->mb, t, s->pool, tags, 8, from, 100,
                            false, count_row, &sum), "rows");
        ptn_pool_reset(s->pool);
    }

    printf("%s\t%.1f\n", name, (cpu() - begun) / times);

    if (sum == 0) {
        exit(1);
    }
}


static void
rows(site_t *s, unsigned n)
{
    double        begun;
    unsigned      i;
    ptn_table_t  *t;

    static const ptn_sort_t  by_subject[2] = {
        { PTN_PR_SUBJECT, false },
        { PTN_PR_SENT_REPRESENTING_NAME, true }
    };

    deliver(s, 0, n, 500);

    begun = cpu();
    must(ptn_table_open(s->mb, PTN_TABLE_CONTENTS, PTN_FOLDER_INBOX, 0, &t),
         "open");
    printf("open\t%.1f\n", cpu() - begun);

    page(s, t, 0, 1, "100 rows, first");
    page(s, t, 0, 1000, "100 rows, again");

    for (i = 1; i < 4; i++) {
        page(s, t, i * 100, 1, "100 rows, next page");
    }

    begun = cpu();
    must(ptn_table_sort(s->mb, t, by_subject, 2), "sort");
    printf("sort by subject and sender\t%.1f\n", cpu() - begun);
    page(s, t, 0, 1, "100 rows sorted, first");
    page(s, t, 0, 1000, "100 rows sorted, again");

    begun = cpu();

    for (i = 0; i < 20; i++) {
        deliver(s, n + i, 1, 500);
    }

    printf("a delivery\t%.1f\n", (cpu() - begun) / 20);
    begun = cpu();

    for (i = 0; i < 20; i++) {
        deliver(s, n + 100 + i, 1, 500);
        must(ptn_table_sync(s->mb, t, NULL), "sync");
    }

    printf("a delivery and a sync\t%.1f\n", (cpu() - begun) / 20);
    ptn_table_close(t);
}


/* ---- against S ----------------------------------------------------------- */

#define SEED  1000

static double
now(void)
{
    struct timespec  ts;

    /* of CPU: other work on the machine does not count */

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return (double) ts.tv_sec * 1e6 + (double) ts.tv_nsec / 1e3;
}


static double
one_select(void)
{
    long           n;
    double         begun;
    sqlite3       *db;
    sqlite3_stmt  *st;

    if (sqlite3_open(":memory:", &db) != SQLITE_OK
        || sqlite3_exec(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB);"
               "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c"
               " WHERE x < 5000) INSERT INTO t SELECT x, randomblob(200)"
               " FROM c", NULL, NULL, NULL) != SQLITE_OK
        || sqlite3_prepare_v2(db, "SELECT b FROM t WHERE id = ?1 % 5000 + 1",
                              -1, &st, NULL) != SQLITE_OK)
    {
        exit(1);
    }

    for (n = 0, begun = now(); n < 300000; n++) {
        sqlite3_bind_int64(st, 1, n * 7919);
        (void) sqlite3_step(st);
        (void) sqlite3_reset(st);
    }

    begun = (now() - begun) / 300000;
    sqlite3_finalize(st);
    sqlite3_close(db);

    return begun;
}


/* The first messages are delivered; their rows are made N in the file. */

static void
fill(site_t *s, unsigned n)
{
    char       path[128], sql[4096];
    sqlite3   *db;

    deliver(s, 0, SEED, 300);
    ptn_store_close(s->store);
    snprintf(path, sizeof(path), "%s/mailbox/example.test/alice/"
             "mailbox.sqlite", s->root);
    snprintf(sql, sizeof(sql),
        "PRAGMA synchronous=OFF; BEGIN;"
        "CREATE TEMP TABLE k AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL"
        " SELECT x+1 FROM c WHERE x<%u) SELECT x FROM c;"
        "CREATE TEMP TABLE m AS SELECT * FROM message WHERE folder=%d"
        " AND uid<=%d;"
        "INSERT INTO item SELECT i.id+k.x*100000, i.class,"
        " 'Re: message ' || ((m.uid+k.x*%d)*7919 %% 1000003), i.from_name,"
        " i.from_addr, i.to_names, i.cc_names, i.message_id, i.sent,"
        " i.importance, i.attach, i.bag, i.large, i.derived, i.xid, i.pcl,"
        " i.groups FROM k, m JOIN item i ON i.id=m.id;"
        "INSERT INTO message (folder, uid, id, mid, content, cn, read_cn,"
        " modseq, born, flags, keywords, size, received, fai, modified)"
        " SELECT folder, uid+k.x*%d, id+k.x*100000, id+k.x*100000, content,"
        " cn, read_cn, modseq, born, flags, keywords, size,"
        " received+k.x*%d, 0, modified FROM k, m;"
        "UPDATE folder SET total=%u, unread=%u, uidnext=%u+1,"
        " top=(SELECT max(received) FROM message WHERE folder=folder.id)"
        " WHERE id=%d;"
        "UPDATE meta SET oid=(SELECT max(id) FROM message); COMMIT;",
        n / SEED - 1, PTN_FOLDER_INBOX, SEED, SEED, SEED, SEED, n, n, n,
        PTN_FOLDER_INBOX);

    if (sqlite3_open(path, &db) != SQLITE_OK
        || sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
    {
        fprintf(stderr, "table: fill: %s\n", sqlite3_errmsg(db));
        exit(1);
    }

    sqlite3_close(db);
}


/* Connection, caches, views, vectors: nothing is there yet. */

static void
cold(site_t *s)
{
    if (s->store != NULL) {
        ptn_store_close(s->store);
    }

    s->store = NULL;
    must(ptn_store_open(&s->opts, &s->store), "store");
    must(ptn_mbox_open(s->store, &s->user, NULL, &s->mb), "mailbox");
}


static int
compare(const void *a, const void *b)
{
    double  x = *(const double *) a, y = *(const double *) b;

    return (x > y) - (x < y);
}


static void
report(const char *row, unsigned n, double us, double s, double bar)
{
    printf("%s_%u\t%.0f\tS\t%.0f\t%s\tS = %.2f us\n", row, n, us / s, bar,
           us / s <= bar ? "PASS" : "FAIL", s);
}


static double
rows_of(site_t *s, ptn_table_t *t, uint32_t from, uint32_t n)
{
    size_t  sum;
    double  begun;

    static const uint32_t  tags[8] = {
        PTN_PR_MID, PTN_PR_SUBJECT, PTN_PR_SENT_REPRESENTING_NAME,
        PTN_PR_MESSAGE_DELIVERY_TIME, PTN_PR_MESSAGE_FLAGS,
        PTN_PR_MESSAGE_SIZE, PTN_PR_IMPORTANCE, PTN_PR_MESSAGE_CLASS
    };

    sum = 0;
    begun = now();
    must(ptn_table_sync(s->mb, t, NULL), "sync");
    must(ptn_table_rows(s->mb, t, s->pool, tags, 8, from, n, false, count_row,
                        &sum), "rows");
    begun = now() - begun;
    ptn_pool_reset(s->pool);

    if (sum == 0) {
        exit(1);
    }

    return begun;
}


static void
newest(site_t *s, unsigned n, double sel)
{
    double        us[7], begun;
    unsigned      i;
    ptn_table_t  *t;

    for (i = 0; i < 7; i++) {
        cold(s);
        begun = now();
        must(ptn_table_open(s->mb, PTN_TABLE_CONTENTS, PTN_FOLDER_INBOX, 0,
                            &t), "open");
        us[i] = now() - begun + rows_of(s, t, 0, 50);
        ptn_table_close(t);
    }

    qsort(us, 7, sizeof(double), compare);
    report("newest_50", n, us[3], sel, n > 100000 ? 1000 : 600);
}


/* Made anew each time: nothing is shared.  The median of five. */

static double
sort_of(site_t *s, ptn_table_t *t, const ptn_sort_t *sorts, size_t n)
{
    double    us[5], begun;
    unsigned  i;

    for (i = 0; i < 5; i++) {
        must(ptn_table_sort(s->mb, t, NULL, 0), "no order");
        ptn_vec_list_shrink(0);
        begun = now();
        must(ptn_table_sort(s->mb, t, sorts, n), "sort");
        us[i] = now() - begun;
    }

    qsort(us, 5, sizeof(double), compare);

    return us[2];
}


static void
sorted(site_t *s, unsigned n, double sel)
{
    double           us, pages[40], begun, kib;
    size_t           held;
    unsigned         i;
    ptn_view_t      *view;
    ptn_table_t     *t, *same[8];

    static const ptn_sort_t  size = { PTN_PR_MESSAGE_SIZE, true };
    static const ptn_sort_t  importance = { PTN_PR_IMPORTANCE, true };
    static const ptn_sort_t  by[2] = {
        { PTN_PR_SUBJECT, false }, { PTN_PR_SENT_REPRESENTING_NAME, true }
    };

    cold(s);
    must(ptn_table_open(s->mb, PTN_TABLE_CONTENTS, PTN_FOLDER_INBOX, 0, &t),
         "open");
    begun = now();
    must(ptn_view_get(s->mb, PTN_FOLDER_INBOX, &view), "view");
    printf("view_%u\t%.0f\tS\t\t\tthe folder's view, cold\n", n,
           (now() - begun) / sel);
    report("sort_size", n, sort_of(s, t, &size, 1), sel, 0.6 * n);
    report("sort_importance", n, sort_of(s, t, &importance, 1), sel, 0.6 * n);
    begun = now();
    ptn_store_idle(s->store);
    must(ptn_mbox_open(s->store, &s->user, NULL, &s->mb), "mailbox");
    printf("idle_%u\t%.0f\tS\t\t\tan idle moment: the collation is opened,"
           " and so on\n", n, (now() - begun) / sel);
    report("sort_subject", n, sort_of(s, t, by, 1), sel, 0.6 * n);
    printf("sort_subject_sender_%u\t%.0f\tS\t\t\ttwo properties\n", n,
           sort_of(s, t, by, 2) / sel);

    for (i = 0; i < 40; i++) {
        pages[i] = rows_of(s, t, (n / 41) * i, 50);
    }

    qsort(pages, 40, sizeof(double), compare);
    report("sorted_page", n, pages[20], sel, 300);

    /* what eight more tables of the same take: the view is there */

    held = mallinfo2().uordblks;

    for (i = 0; i < 8; i++) {
        must(ptn_table_open(s->mb, PTN_TABLE_CONTENTS, PTN_FOLDER_INBOX, 0,
                            &same[i]), "open");
        must(ptn_table_sort(s->mb, same[i], by, 2), "sort");
    }

    kib = (double) (mallinfo2().uordblks - held) / 1024;
    printf("table_shared_%u\t%.0f\tKiB\t%.0f\t%s\teight more of it\n", n,
           kib, 64.0, kib <= 64 ? "PASS" : "FAIL");

    for (i = 0; i < 8; i++) {
        ptn_table_close(same[i]);
    }

    held = mallinfo2().uordblks;
    must(ptn_table_sort(s->mb, t, by + 1, 1), "sort");
    kib = (double) (mallinfo2().uordblks - held) / 1024;
    printf("table_memory_%u\t%.0f\tKiB\t%.0f\t%s\tits own, in another"
           " order\n", n, kib, 1024.0 * n / 100000,
           kib <= 1024.0 * n / 100000 ? "PASS" : "FAIL");

    us = 0;
    ptn_view_unref(view);

    if (n >= 1000000) {
        ptn_table_close(t);
        return;                 /* as many as a folder takes */
    }

    for (i = 0; i < 20; i++) {
        deliver(s, n + i, 1, 300);
        begun = now();
        must(ptn_table_sync(s->mb, t, NULL), "sync");
        us += now() - begun;
    }

    printf("sync_%u\t%.0f\tS\t\t\tafter one delivery\n", n, us / 20 / sel);
    ptn_table_close(t);
}


static void
bench(site_t *s, unsigned n)
{
    double  sel;

    sel = one_select();
    fill(s, n);
    s->store = NULL;
    newest(s, n, sel);
    sorted(s, n, sel);
}

#endif


int
main(int argc, char **argv)
{
    double    begun;
    site_t    s;
    unsigned  n;

    if (argc != 3) {
        fprintf(stderr, "usage: table deliver|rows|bench N\n");
        return 2;
    }

    n = (unsigned) atoi(argv[2]);

#ifndef TABLE_DELIVER_ONLY
    if (strcmp(argv[1], "select") == 0) {
        printf("S\t%.3f\n", one_select());
        return 0;
    }
#endif

    site_open(&s);

    if (strcmp(argv[1], "deliver") == 0) {
        deliver(&s, 0, 200, 8192);
        begun = cpu();
        deliver(&s, 200, n, 8192);
        printf("deliver\t%.1f\n", (cpu() - begun) / n);

#ifndef TABLE_DELIVER_ONLY
    } else if (strcmp(argv[1], "bench") == 0) {
        bench(&s, ptn_max(n, 2 * SEED) / SEED * SEED);

    } else {
        rows(&s, n);
#endif
    }

    site_close(&s);

    return 0;
}
