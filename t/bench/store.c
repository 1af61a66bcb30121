/*
 * The mailbox engine against bare SQLite on the same file system.
 *
 *   store deliver|index|disk|fanout|memory|reads DIR MAIL [SECONDS [KIND]]
 *
 * DIR is made, used and removed; MAIL is a directory of directories of
 * messages.  TSV: row, value, unit, bar, PASS or FAIL, what it was measured
 * against.
 *
 * deliver  one mailbox; alternating with I: one INSERT of the same bytes and
 *          one durable commit each (WAL, synchronous=FULL).  "One by one": a
 *          transaction and a commit each.  "16 in flight": a store process
 *          with its executors (ptn_store_main, as nginx starts it) and a client
 *          that always has 16 jobs under way, each answered after its commit.
 *          A job names a message that the store process has in memory; the
 *          bytes do not travel.
 * index    16 in flight, while the index of words is made and not, in turn;
 *          how long its lock was held; how the backlog drains (store_index.h)
 */

#include <dirent.h>
#include <ftw.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ptn_client.h"
#include "ptn_dictionary.h"
#include "ptn_store_ops.h"
#include "ptn_world.h"


#define POOL_MAX   4096
#define ROUNDS     5
#define FLIGHT     16
#define FANOUT     20


typedef struct {
    const char       *dir;
    const char       *mail;
    double            seconds;
    const char       *only;         /* of the kinds of messages */
    ptn_conf_t        conf;
    ptn_store_opts_t  opts;
    ptn_store_t      *store;
    ptn_pool_t       *pool;
    sqlite3          *db;           /* of I */
    sqlite3_stmt     *insert;
} site_t;

typedef struct {
    const char  *name;
    ptn_str_t    m[POOL_MAX];
    size_t       n, next;
} mix_t;


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


static void
must(ptn_rc_t rc, const char *what)
{
    if (rc != PTN_OK) {
        fprintf(stderr, "store: %s: %s\n", what, ptn_err(rc)->name);
        exit(1);
    }
}


static void
row(const char *name, double value, const char *unit, double bar, bool most,
    const char *against)
{
    printf("%s\t%.3f\t%s\t%s%.3g\t%s\t%s\n", name, value, unit,
           most ? "<= " : ">= ", bar,
           (most ? value <= bar : value >= bar) ? "PASS" : "FAIL", against);
    fflush(stdout);
}


static int
gone(const char *path, const struct stat *sb PTN_UNUSED, int type PTN_UNUSED,
    struct FTW *ftw PTN_UNUSED)
{
    return remove(path);
}


/* ---- sites ---------------------------------------------------------------- */

static void
site_open(site_t *s)
{
    ptn_conf_defaults(&s->conf);
    s->conf.root = s->dir;
    memset(&s->opts, 0, sizeof(s->opts));
    s->opts.conf = &s->conf;
    s->pool = ptn_pool_create(SIZE_MAX, NULL);
    must(ptn_store_open(&s->opts, &s->store), "store");
}


static void
site_close(site_t *s)
{
    ptn_store_close(s->store);
    ptn_pool_destroy(s->pool);
}


static ptn_user_t
user_in(ptn_pool_t *pool, unsigned n)
{
    ptn_user_t  u;

    memset(&u, 0, sizeof(u));
    u.id = n + 1;
    u.address = ptn_str_printf(pool, "user%u@example.test", n);
    u.locale = ptn_str("en");
    u.mailbox.b[0] = 1;
    u.mailbox.b[14] = (u_char) (n >> 8);
    u.mailbox.b[15] = (u_char) n;

    return u;
}


static ptn_user_t
user(site_t *s, unsigned n)
{
    return user_in(s->pool, n);
}


static ptn_mbox_t *
mbox(site_t *s, unsigned n)
{
    ptn_user_t   u;
    ptn_mbox_t  *mb;

    u = user(s, n);
    must(ptn_mbox_open(s->store, &u, NULL, &mb), "mailbox");

    return mb;
}


static void
append(ptn_mbox_t *mb, ptn_str_t raw)
{
    ptn_txn_t       tx;
    ptn_append_t    a;
    ptn_appended_t  app;

    memset(&a, 0, sizeof(a));
    a.raw = raw;
    a.received = 1770000000;
    a.delivery = true;
    a.sender = ptn_str("sender@example.org");

    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app), "append");
    must(ptn_txn_commit(&tx), "commit");
}


#include "store_mix.h"


/* ---- deliver -------------------------------------------------------------- */

static void
bare_open(site_t *s)
{
    char  path[4096];

    snprintf(path, sizeof(path), "%s/bare.sqlite", s->dir);

    if (sqlite3_open(path, &s->db) != SQLITE_OK
        || sqlite3_exec(s->db, "PRAGMA journal_mode=WAL;"
                        "PRAGMA synchronous=FULL;"
                        "CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB)",
                        NULL, NULL, NULL) != SQLITE_OK
        || sqlite3_prepare_v2(s->db, "INSERT INTO t (b) VALUES (?1)", -1,
                              &s->insert, NULL) != SQLITE_OK)
    {
        fprintf(stderr, "store: %s\n", sqlite3_errmsg(s->db));
        exit(1);
    }
}


static void
bare_sql(site_t *s, const char *sql)
{
    if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        must(PTN_EIO, sql);
    }
}


/* `batch` messages a commit. */

static double
bare(site_t *s, mix_t *mix, unsigned batch, double seconds)
{
    double     begun;
    size_t     n;
    unsigned   i;
    ptn_str_t  m;

    n = 0;
    begun = now();

    do {
        if (batch > 1) {
            bare_sql(s, "BEGIN IMMEDIATE");
        }

        for (i = 0; i < batch; i++) {
            m = next(mix);
            sqlite3_bind_blob(s->insert, 1, m.data, (int) m.len,
                              SQLITE_STATIC);

            if (sqlite3_step(s->insert) != SQLITE_DONE) {
                must(PTN_EIO, "insert");
            }

            sqlite3_reset(s->insert);
        }

        if (batch > 1) {
            bare_sql(s, "COMMIT");
        }

        n += batch;

    } while (now() - begun < seconds);

    return (double) n / (now() - begun);
}


static double
ours(site_t *s, ptn_mbox_t *mb, mix_t *mix, double seconds)
{
    double  begun;
    size_t  n;

    n = 0;
    begun = now();

    do {
        append(mb, next(mix));
        must(ptn_store_commit(s->store), "store commit");
        n++;

    } while (now() - begun < seconds);

    return (double) n / (now() - begun);
}


#include "store_flight.h"


static int
by_value(const void *a, const void *b)
{
    const double  *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}


static double
median(double *v, size_t n)
{
    qsort(v, n, sizeof(double), by_value);

    return v[n / 2];
}


static void
deliver_mix(site_t *s, ptn_mbox_t *mb, mix_t *mix)
{
    char    name[64], against[64];
    size_t  i;
    double  one[ROUNDS], many[ROUNDS], base[ROUNDS], group[ROUNDS], t;
    flight_t  f;

    t = s->seconds / ROUNDS;
    flight_start(s, mix, &flight_hooks, &f);
    bare(s, mix, 1, t / 4);
    ours(s, mb, mix, t / 4);
    flight(&f, t / 4);

    for (i = 0; i < ROUNDS; i++) {
        base[i] = bare(s, mix, 1, t);
        group[i] = bare(s, mix, FLIGHT, t) / base[i];
        one[i] = ours(s, mb, mix, t) / base[i];
        many[i] = flight(&f, t) / base[i];
    }

    flight_stop(&f, mix->name);
    printf("# %s: bare INSERTs of these bytes, 16 a commit: %.2f x I\n",
           mix->name, median(group, ROUNDS));

    snprintf(against, sizeof(against), "I of these bytes %.0f/s",
             median(base, ROUNDS));
    snprintf(name, sizeof(name), "deliver %s, one by one", mix->name);
    row(name, median(one, ROUNDS), "x I", 0.5, false, against);
    snprintf(name, sizeof(name), "deliver %s, 16 in flight", mix->name);
    row(name, median(many, ROUNDS), "x I", 3, false, against);
}


static void
deliver(site_t *s)
{
    mix_t       *mix;
    size_t       i;
    ptn_mbox_t  *mb;

    static const struct {
        const char  *name;
        size_t       size, n;
        bool         attach;
    } kinds[] = {
        { "8 KB", 8192, 512, false },
        { "40 KB text", 40960, 256, false },
        { "40 KB with attachment", 40960, 2048, true },
        { "1 MB text", 1048576, 60, false },
        { "1 MB with attachment", 1048576, 400, true }
    };

    mix = calloc(1, sizeof(mix_t));
    site_open(s);
    bare_open(s);
    mb = mbox(s, 0);

    for (i = 0; i < ptn_nelts(kinds); i++) {
        if (s->only == NULL || strstr(kinds[i].name, s->only) != NULL) {
            mix_make(s, mix, kinds[i].name, kinds[i].size, kinds[i].attach,
                     kinds[i].n);
            deliver_mix(s, mb, mix);
        }
    }

    if (s->only == NULL || strcmp(s->only, "mix") == 0) {
        mix_read(s, mix);
        deliver_mix(s, mb, mix);
    }

    sqlite3_finalize(s->insert);
    sqlite3_close(s->db);
    site_close(s);
    free(mix);
}


#include "store_index.h"


/* ---- disk, fan-out ---------------------------------------------------------- */

static struct {
    uint64_t  bytes, blocks;
    ino_t     seen[65536];
    size_t    n;
} du;


/* Every file once, however many names it has; directories too. */

static int
du_add(const char *path PTN_UNUSED, const struct stat *sb,
    int type PTN_UNUSED, struct FTW *ftw PTN_UNUSED)
{
    size_t  i;

    if (sb->st_nlink > 1 && S_ISREG(sb->st_mode)) {
        for (i = 0; i < du.n; i++) {
            if (du.seen[i] == sb->st_ino) {
                return 0;
            }
        }

        du.seen[du.n++ % ptn_nelts(du.seen)] = sb->st_ino;
    }

    du.bytes += S_ISREG(sb->st_mode) ? (uint64_t) sb->st_size : 0;
    du.blocks += (uint64_t) sb->st_blocks * 512;

    return 0;
}


static void
du_of(const char *path)
{
    memset(&du, 0, sizeof(du));
    nftw(path, du_add, 16, FTW_PHYS);
}


/* Every second message, from the first or the second on; bytes of them. */

static uint64_t
half(site_t *s, ptn_mbox_t *mb, mix_t *mix, size_t first, size_t *ret_n)
{
    size_t    i;
    uint64_t  raw;

    raw = 0;
    *ret_n = 0;

    for (i = first; i < mix->n; i += 2) {
        append(mb, mix->m[i]);
        raw += mix->m[i].len;

        if (++*ret_n % 64 == 0) {
            must(ptn_store_commit(s->store), "store commit");
        }
    }

    must(ptn_store_commit(s->store), "store commit");

    return raw;
}


/* What `postern mailbox compact` makes of a mailbox. */

static void
compact(site_t *s, unsigned n)
{
    ptn_user_t        u;
    ptn_mbox_sizes_t  before, after;

    u = user(s, n);
    must(ptn_mbox_compact(s->store, &u, &before, &after), "compact");
}


static ptn_str_t
dictionary(site_t *s, ptn_mbox_t *mb)
{
    ptn_str_t      data;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(mb->db, "SELECT data FROM dictionary", -1, &st,
                           NULL) != SQLITE_OK
        || sqlite3_step(st) != SQLITE_ROW)
    {
        must(PTN_ENOTFOUND, "dictionary");
    }

    data = ptn_str_dup(s->pool, ptn_sql_column(st, 0));
    sqlite3_finalize(st);

    return data;
}


static void
disk_row(site_t *s, const char *name, size_t n, uint64_t raw)
{
    char  against[128];

    du_of(s->dir);
    snprintf(against, sizeof(against), "%zu messages, %llu bytes raw; %llu"
             " bytes in blocks", n, (unsigned long long) raw,
             (unsigned long long) du.blocks);
    row(name, (double) du.bytes / (double) raw, "x raw", 0.6, true, against);
}


/*
 * A ROOT with one mailbox, all files of it counted: half of the mix, with the
 * dictionary that another mailbox was given for the other half.
 */

static void
disk(site_t *s)
{
    char         path[4096];
    mix_t       *mix;
    size_t       n;
    site_t       other;
    uint64_t     raw;
    ptn_str_t    data;
    ptn_txn_t    tx;
    ptn_mbox_t  *mb;

    mix = calloc(1, sizeof(mix_t));
    other = *s;
    snprintf(path, sizeof(path), "%s/other", s->dir);
    other.dir = path;

    if (mkdir(path, 0700) == -1) {
        must(PTN_EIO, path);
    }

    site_open(&other);
    other.conf.fsync = false;
    mix_read(&other, mix);
    half(&other, mbox(&other, 0), mix, 0, &n);
    compact(&other, 0);
    data = dictionary(&other, mbox(&other, 0));

    site_open(s);
    s->conf.fsync = false;
    mb = mbox(s, 0);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_dictionary_set(&tx, data), "dictionary");
    must(ptn_txn_commit(&tx), "commit");
    raw = half(s, mb, mix, 1, &n);

    site_close(&other);
    nftw(path, gone, 16, FTW_DEPTH|FTW_PHYS);
    site_close(s);
    disk_row(s, "disk of half of the mix, dictionary of the other", n, raw);

    site_open(s);
    compact(s, 0);
    site_close(s);
    disk_row(s, "disk of it, compacted", n, raw);
    free(mix);
}


/* One delivery to `n` mailboxes; the bytes of their blobs on the disk. */

static uint64_t
fanout_to(site_t *s, mix_t *mix, unsigned from, unsigned n)
{
    char      path[4096];
    size_t    k;
    unsigned  i;
    uint64_t  bytes;

    for (k = 0; k < mix->n; k++) {
        for (i = 0; i < n; i++) {
            append(mbox(s, from + i), mix->m[k]);
        }

        must(ptn_store_commit(s->store), "store commit");
    }

    bytes = 0;
    memset(&du, 0, sizeof(du));

    for (i = 0; i < n; i++) {
        snprintf(path, sizeof(path), "%s/mailbox/example.test/user%u/blob",
                 s->dir, from + i);
        nftw(path, du_add, 16, FTW_PHYS);
    }

    bytes = du.bytes;

    return bytes;
}


static void
fanout(site_t *s)
{
    mix_t     *mix;
    double     t1, t2;
    uint64_t   one, all;

    mix = calloc(1, sizeof(mix_t));
    site_open(s);
    mix_make(s, mix, "", 300000, true, 10);
    fanout_to(s, mix, 100, 1);
    mix_make(s, mix, "", 300001, true, 10);
    t1 = now();
    one = fanout_to(s, mix, 0, 1);
    t2 = now();
    mix_make(s, mix, "", 300002, true, 10);
    all = fanout_to(s, mix, 1, FANOUT);
    row("attachments in 20 mailboxes", (double) all / (double) one, "x one",
        1.05, true, "10 messages of 300 KB, bytes of blob files");
    printf("# a delivery to one: %.2f ms, to 20: %.2f ms\n",
           (t2 - t1) * 100, (now() - t2) * 100);
    site_close(s);
    free(mix);
}


/* ---- memory, reads ---------------------------------------------------------- */

static double
private_kb(void)
{
    long   kb, sum;
    char   line[256];
    FILE  *f;

    sum = 0;
    f = fopen("/proc/self/smaps_rollup", "r");

    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        if (sscanf(line, "Private_Clean: %ld", &kb) == 1
            || sscanf(line, "Private_Dirty: %ld", &kb) == 1)
        {
            sum += kb;
        }
    }

    if (f != NULL) {
        fclose(f);
    }

    return (double) sum;
}


static void
read_one(site_t *s, ptn_mbox_t *mb, ptn_id_t id)
{
    ptn_str_t    raw;
    ptn_msg_t   *msg;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);
    must(ptn_msg_open(mb, pool, id, &msg), "open message");
    must(ptn_msg_slice(msg, pool, 0, UINT64_MAX, 1 << 24, &raw), "slice");
    ptn_pool_destroy(pool);
    (void) s;
}


/* What an executor does with a mailbox of 100 messages: list, read, flag. */

static void
use(site_t *s, ptn_mbox_t *mb)
{
    uint32_t          uid;
    ptn_row_t         r;
    ptn_txn_t         tx;
    ptn_view_t       *view;

    must(ptn_view_get(mb, PTN_FOLDER_INBOX, &view), "view");
    ptn_view_row(view, 1, &r);
    uid = r.uid;
    ptn_view_unref(view);
    read_one(s, mb, r.id);

    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_msg_flags(&tx, PTN_FOLDER_INBOX, &uid, 1, PTN_FLAGS_ADD,
                       PTN_FLAG_SEEN, 0, 0, NULL), "flags");
    must(ptn_txn_commit(&tx), "commit");
    must(ptn_store_commit(s->store), "store commit");
}


static void
memory(site_t *s)
{
    mix_t     *mix;
    double     before, after;
    unsigned   i, k, n;

    n = 64;
    mix = calloc(1, sizeof(mix_t));
    site_open(s);
    s->conf.fsync = false;
    mix_make(s, mix, "", 4096, false, 100);

    for (i = 0; i < n + 8; i++) {
        for (k = 0; k < 100; k++) {
            append(mbox(s, i), mix->m[k]);
        }

        must(ptn_store_commit(s->store), "store commit");
    }

    site_close(s);
    free(mix);
    fflush(stdout);

    if (fork() == 0) {
        site_open(s);

        for (i = 0; i < 8; i++) {
            use(s, mbox(s, n + i));
        }

        before = private_kb();

        for (i = 0; i < n; i++) {
            use(s, mbox(s, i));
        }

        after = private_kb();
        row("memory of an open mailbox", (after - before) / n, "KB", 400,
            true, "1 executor, 64 mailboxes in use, private pages");
        site_close(s);
        exit(0);
    }

    wait(NULL);
}


/* Messages a second that `procs` processes read of one mailbox. */

static double
read_by(site_t *s, unsigned procs, ptn_id_t *ids, size_t n, double seconds)
{
    double             begun;
    unsigned           p, i;
    uint64_t           seed, sum;
    ptn_mbox_t        *mb;
    volatile uint64_t *count;

    count = mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS,
                 -1, 0);
    fflush(stdout);

    for (p = 0; p < procs; p++) {
        if (fork() == 0) {
            site_open(s);
            mb = mbox(s, 0);
            seed = 88172645463325252ULL + p;

            for (begun = now(); now() - begun < seconds; ) {
                for (i = 0; i < 16; i++) {
                    read_one(s, mb, ids[rnd(&seed) % n]);
                }

                count[p] += 16;
            }

            site_close(s);
            _exit(0);
        }
    }

    while (wait(NULL) > 0) { /* void */ }

    for (p = 0, sum = 0; p < procs; p++) {
        sum += count[p];
    }

    munmap((void *) count, 4096);

    return (double) sum / seconds;
}


static void
reads(site_t *s)
{
    char         against[64], name[64];
    long         cores;
    mix_t       *mix;
    double       one[ROUNDS], all[ROUNDS];
    size_t       n;
    unsigned     i;
    ptn_id_t    *ids;
    ptn_row_t    r;
    ptn_mbox_t  *mb;
    ptn_view_t  *view;

    cores = sysconf(_SC_NPROCESSORS_ONLN);
    mix = calloc(1, sizeof(mix_t));
    site_open(s);
    s->conf.fsync = false;
    mix_make(s, mix, "", 8192, false, 200);
    mb = mbox(s, 0);

    for (i = 0; i < 2000; i++) {
        append(mb, next(mix));
    }

    must(ptn_store_commit(s->store), "store commit");
    must(ptn_view_get(mb, PTN_FOLDER_INBOX, &view), "view");
    n = ptn_view_count(view);
    ids = calloc(n, sizeof(ptn_id_t));

    for (i = 0; i < n; i++) {
        ptn_view_row(view, (uint32_t) i + 1, &r);
        ids[i] = r.id;
    }

    ptn_view_unref(view);
    site_close(s);
    free(mix);

    for (i = 0; i < ROUNDS; i++) {
        one[i] = read_by(s, 1, ids, n, s->seconds / ROUNDS);
        all[i] = read_by(s, (unsigned) cores, ids, n, s->seconds / ROUNDS)
                 / one[i];
    }

    snprintf(name, sizeof(name), "reads of a mailbox by %ld processes", cores);
    snprintf(against, sizeof(against), "one process: %.0f/s",
             median(one, ROUNDS));
    row(name, median(all, ROUNDS), "x one", 0.6 * (double) cores, false,
        against);
    free(ids);
}


int
main(int argc, char **argv)
{
    size_t  i;
    site_t  s;

    static const struct {
        const char  *name;
        void       (*run)(site_t *s);
    } rows[] = {
        { "deliver", deliver }, { "index", indexing }, { "disk", disk },
        { "fanout", fanout }, { "memory", memory }, { "reads", reads }
    };

    if (argc < 4) {
        fprintf(stderr, "usage: store deliver|index|disk|fanout|memory|"
                "reads DIR MAIL [SECONDS [KIND]]\n");
        return 2;
    }

    memset(&s, 0, sizeof(s));
    s.dir = argv[2];
    s.mail = argv[3];
    s.seconds = argc > 4 ? atof(argv[4]) : 1;
    s.only = argc > 5 ? argv[5] : NULL;

    for (i = 0; i < ptn_nelts(rows); i++) {
        if (strcmp(argv[1], rows[i].name) == 0) {
            if (mkdir(s.dir, 0700) == -1) {
                perror(s.dir);
                return 1;
            }

            rows[i].run(&s);
            nftw(s.dir, gone, 16, FTW_DEPTH|FTW_PHYS);
            return 0;
        }
    }

    return 2;
}
