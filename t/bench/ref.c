/*
 * Reference rates of this machine: ref [NAME|all [SECONDS]] prints TSV.
 * hop     H  no-op jobs/s, 64 under way, 200-byte replies, without HTTP
 * window  W  MB/s through the streaming window, one job at a time
 * select  S  point selects/s, bare SQLite (S and I: no code of ours)
 * insert  I  transactions/s of one 8 KB row, WAL, synchronous=FULL, in "."
 */

#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ptn_client.h"
#include "ptn_world.h"

typedef struct {
    ptn_client_t  *client;
    ptn_ticket_t  *ticket;
    uint64_t       jobs, bytes;
    bool           busy;
} slot_t;

static double
now(void)
{
    struct timespec  ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

static ptn_rc_t
run_reply(ptn_job_t *job)
{
    int                i, n;
    ptn_rc_t           rc;
    static const char  piece[65536];

    n = job->request.len == 0 ? 1 : 4096;
    for (i = 0, rc = PTN_OK; i < n && rc == PTN_OK; i++) {
        rc = ptn_job_reply(job, piece, n == 1 ? 200 : sizeof(piece));
    }

    return rc;
}
static const ptn_job_type_t         reply = { "r", 0, 0, run_reply, NULL,
    NULL };
static const ptn_job_type_t *const  types[] = { &reply };

static void
on_event(void *data, const ptn_event_t *ev)
{
    slot_t  *s = data;

    if (ev->what == PTN_EV_DATA) {
        s->bytes += ev->len;
        ptn_client_release(s->client, s->ticket, ev->len);

    } else if (ev->what == PTN_EV_FILE) {
        s->bytes += ev->file_len;
        close(ev->fd);

    } else if (ev->what == PTN_EV_FINAL) {
        s->jobs++;
        s->busy = false;
    }
}

/* `n` jobs always under way for the time; counts jobs and bytes. */
static void
worker(ptn_client_t *client, unsigned n, double seconds, slot_t *sum)
{
    unsigned       i;
    double         end;
    slot_t         slot[64] = { { 0 } };
    struct iovec   iov = { "stream", n == 1 ? 6 : 0 };
    struct pollfd  pfd = { ptn_client_eventfd(client), POLLIN, 0 };
    ptn_submit_t   s = { .slot = PTN_SLOT_ANY, .iov = &iov, .niov = 1,
                         .body_fd = -1, .on_event = on_event };

    for (end = now() + seconds; now() < end; ptn_client_poll(client, 0)) {
        for (i = 0; i < n; i++) {
            s.data = &slot[i];
            slot[i].client = client;
            slot[i].busy = slot[i].busy
                           || ptn_client_submit(client, &s, &slot[i].ticket)
                              == PTN_OK;
        }
        (void) poll(&pfd, 1, 100);
    }

    for (i = 0; i < n; i++) {
        sum->jobs += slot[i].jobs;
        sum->bytes += slot[i].bytes;
    }
}

static void
pool(unsigned n, double seconds)
{
    pid_t               pid;
    slot_t              sum = { 0 };
    ptn_conf_t          conf;
    ptn_world_t        *world;
    ptn_client_t       *client;
    ptn_world_opts_t    opts = { 1, 2, false };
    ptn_proc_t          proc = { .conf = &conf, .ctl_fd = -1 };
    ptn_world_status_t  st;

    ptn_conf_defaults(&conf);
    conf.root = "/tmp";
    conf.workers = 1;

    if (ptn_world_create(&opts, NULL, &world) != PTN_OK
        || ptn_world_types(world, types, 1) != PTN_OK)
    {
        exit(1);
    }

    pid = fork();
    if (pid == 0) {
        exit(ptn_store_main(world, &proc));
    }

    do {
        usleep(1000);
        ptn_world_status(world, &st);
    } while (st.store[0].pid == 0);
    if (ptn_client_open(world, NULL, &client) == PTN_OK) {
        worker(client, n, seconds, &sum);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);

    printf(n > 1 ? "H\tjobs/s\t%.0f\n" : "W\tMB/s\t%.0f\n",
           (n > 1 ? (double) sum.jobs : (double) sum.bytes / 1e6) / seconds);
}

static void
sqlite(bool insert, double seconds)
{
    long           n;
    double         end;
    sqlite3       *db;
    sqlite3_stmt  *st;
    const char    *path = insert ? "ref-insert.sqlite" : ":memory:";

    if (sqlite3_open(path, &db) != SQLITE_OK
        || sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
               "DROP TABLE IF EXISTS t; CREATE TABLE t (id INTEGER PRIMARY KEY,"
               " b BLOB); WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT"
               " x + 1 FROM c WHERE x < 5000) INSERT INTO t SELECT x,"
               " randomblob(200) FROM c", NULL, NULL, NULL) != SQLITE_OK
        || sqlite3_prepare_v2(db, insert
               ? "INSERT INTO t (b) VALUES (randomblob(8192))"
               : "SELECT b FROM t WHERE id = ?1 % 5000 + 1", -1, &st, NULL)
           != SQLITE_OK)
    {
        fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db));
        exit(1);
    }

    for (n = 0, end = now() + seconds; now() < end; n++) {
        (void) (insert || sqlite3_bind_int64(st, 1, n * 7919));
        (void) sqlite3_step(st);
        (void) sqlite3_reset(st);
    }

    sqlite3_finalize(st);
    printf(insert ? "I\ttransactions/s\t%.0f\n" : "S\tselects/s\t%.0f\n",
           (double) n / seconds);
    sqlite3_close(db);
    unlink(path);
}

int
main(int argc, char **argv)
{
    int          i;
    double       seconds = argc > 2 ? atof(argv[2]) : 2;
    const char  *want = argc > 1 ? argv[1] : "all";

    static const char *const  name[] = { "hop", "window", "select", "insert" };

    for (i = 0; i < 4; i++) {
        if ((strcmp(want, name[i]) == 0 || strcmp(want, "all") == 0)
            && fork() == 0)
        {
            i < 2 ? pool(i ? 1 : 64, seconds) : sqlite(i == 3, seconds);
            exit(0);
        }
        wait(NULL);
    }

    return 0;
}
