/*
 * The store alone, without a pool and without syncs: microseconds of CPU.
 *
 *   table deliver N     a delivery of an 8 KB message, 64 in a batch
 *   table rows N        100 rows of 8 columns of a folder of N messages: cold,
 *                       the same again, the next page; a sort by subject and
 *                       sender; a sync after one delivery
 *   table bench N       the newest 50 rows of N messages, a sort of N by an
 *                       unindexed property, pages of it, a change, memory
 *
 * TSV: name, microseconds; of bench: row, value, unit, bar, PASS or FAIL, what
 * it was measured against (S: one primary-key SELECT of bare SQLite by a
 * prepared statement in this process, t/bench/ref.c).
 */

#include <ftw.h>
#include <malloc.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ptn_store.h"


typedef struct {
    char              root[64];
    ptn_conf_t        conf;
    ptn_store_opts_t  opts;
    ptn_store_t      *store;
    ptn_user_t        user;
    ptn_mbox_t       *mb;
    ptn_pool_t       *pool;
} site_t;


static double
cpu(void)
{
    struct rusage  ru;

    getrusage(RUSAGE_SELF, &ru);

    return (double) (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1e6
           + (double) (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec);
}


static int
gone(const char *path, const struct stat *sb PTN_UNUSED, int type PTN_UNUSED,
    struct FTW *ftw PTN_UNUSED)
{
    return remove(path);
}


static void
must(ptn_rc_t rc, const char *what)
{
    if (rc != PTN_OK) {
        fprintf(stderr, "table: %s: %s\n", what, ptn_err(rc)->name);
        exit(1);
    }
}


static void
site_open(site_t *s)
{
    memset(s, 0, sizeof(site_t));
    strcpy(s->root, "/tmp/ptn-table-XXXXXX");

    if (mkdtemp(s->root) == NULL) {
        exit(1);
    }

    ptn_conf_defaults(&s->conf);
    s->conf.root = s->root;
    s->conf.fsync = false;
    s->opts.conf = &s->conf;
    s->pool = ptn_pool_create(0, NULL);
    s->user.id = 1;
    s->user.address = ptn_str("alice@example.test");
    s->user.locale = ptn_str("en");
    s->user.mailbox.b[0] = 1;

    must(ptn_store_open(&s->opts, &s->store), "store");
    must(ptn_mbox_open(s->store, &s->user, NULL, &s->mb), "mailbox");
}


static void
site_close(site_t *s)
{
    ptn_store_close(s->store);
    ptn_pool_destroy(s->pool);
    nftw(s->root, gone, 16, FTW_DEPTH|FTW_PHYS);
}


static ptn_str_t
message(ptn_pool_t *pool, unsigned n, size_t size)
{
    size_t     i;
    ptn_buf_t  b;

    ptn_buf_init(&b, pool);
    ptn_buf_printf(&b,
        "Received: from mx.example.org (mx.example.org [192.0.2.7])\r\n"
        "\tby mail.example.test with ESMTPS id %u\r\n"
        "\tfor <alice@example.test>; Mon, 2 Feb 2026 10:00:00 +0100\r\n"
        "From: \"Sender Number %u\" <sender%u@example.org>\r\n"
        "To: Alice <alice@example.test>, Bob <bob@example.test>\r\n"
        "Cc: Carol <carol@example.test>\r\n"
        "Subject: Re: message %u about things\r\n"
        "Date: Mon, 2 Feb 2026 10:00:00 +0100\r\n"
        "Message-ID: <%u.abcdef@example.org>\r\n"
        "In-Reply-To: <%u.abcdef@example.org>\r\n"
        "References: <1.abcdef@example.org> <%u.abcdef@example.org>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "\r\n", n, n % 97, n % 97, (n * 7919) % 10007, n, n, n);

    for (i = 0; i < size; i += 50) {
        ptn_buf_printf(&b, "%016lx%016lx and some words to it\r\n",
                       (unsigned long) ((i + 1) * (n + 1)
                                        * 0x9e3779b97f4a7c15ULL),
                       (unsigned long) ((i + 7) * (n + 3)
                                        * 0xbf58476d1ce4e5b9ULL));
    }

    return ptn_buf_get(&b);
}


static void
deliver(site_t *s, unsigned from, unsigned n, size_t size)
{
    unsigned        i;
    ptn_txn_t       tx;
    ptn_append_t    a;
    ptn_appended_t  app;

    for (i = 0; i < n; i++) {
        memset(&a, 0, sizeof(a));
        a.raw = message(s->pool, from + i, size);
        a.received = 1770000000 + from + i;
        a.delivery = true;
        a.sender = ptn_str("sender@example.org");

        must(ptn_txn_begin(&tx, s->mb), "begin");
        must(ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app), "append");
        must(ptn_txn_commit(&tx), "commit");

        if (i % 64 == 63 || i + 1 == n) {
            must(ptn_store_commit(s->store), "store commit");
            ptn_pool_reset(s->pool);
        }
    }
}


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
    begun = now();
    must(ptn_table_sort(s->mb, t, &size, 1), "sort");
    report("sort_size", n, now() - begun, sel, 0.6 * n);
    begun = now();
    must(ptn_table_sort(s->mb, t, &importance, 1), "sort");
    report("sort_importance", n, now() - begun, sel, 0.6 * n);
    begun = now();
    must(ptn_table_sort(s->mb, t, by, 2), "sort");
    report("sort_subject", n, now() - begun, sel, 0.6 * n);

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
