/*
 * Reference rates of this machine: ref [NAME|all [SECONDS]] prints TSV rows
 * "name unit rate".
 *
 *   hop     H  no-op jobs/s, 64 under way, 200-byte replies: the pool alone,
 *              without HTTP (bench hop measures it through nginx)
 *   window  W  MB/s through the streaming window, one job at a time
 *   select  S  point selects/s, bare SQLite: no code of ours
 *   insert  I  transactions/s of one 8 KB row, bare SQLite, WAL,
 *              synchronous=FULL, in the current directory
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
    bool           free;
} slot_t;

static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

static ptn_rc_t
run_noop(ptn_job_t *job)
{
    static const char  reply[200];

    return ptn_job_reply(job, reply, sizeof(reply));
}

static ptn_rc_t
run_stream(ptn_job_t *job)
{
    int                i;
    ptn_rc_t           rc;
    static const char  piece[65536];

    for (i = 0, rc = PTN_OK; i < 4096 && rc == PTN_OK; i++) {
        rc = ptn_job_reply(job, piece, sizeof(piece));
    }

    return rc;
}

static const ptn_job_type_t         noop = { "noop", 0, 0, run_noop, NULL };
static const ptn_job_type_t         stream = { "stream", 0, 0, run_stream,
                                               NULL };
static const ptn_job_type_t *const  types[] = { &noop, &stream };

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
        s->free = true;
    }
}

/* `n` jobs of a type always under way; jobs and bytes within the time. */
static void
worker(ptn_world_t *world, const char *name, unsigned n, double seconds,
    uint64_t *jobs, uint64_t *bytes)
{
    unsigned        i;
    slot_t          slot[64] = { { 0 } };
    double          end;
    ptn_client_t   *client;
    struct pollfd   pfd;
    ptn_submit_t    s = { .slot = PTN_SLOT_ANY, .body_fd = -1,
                          .on_event = on_event };

    if (ptn_client_open(world, NULL, &client) != PTN_OK) {
        exit(1);
    }

    pfd.fd = ptn_client_eventfd(client);
    pfd.events = POLLIN;
    s.type = (uint16_t) ptn_world_type(world, name);

    for (i = 0; i < n; i++) {
        slot[i].client = client;
        slot[i].free = true;
    }

    for (end = now() + seconds; now() < end; /* void */) {
        for (i = 0; i < n; i++) {
            if (slot[i].free) {
                slot[i].free = false;
                s.data = &slot[i];
                if (ptn_client_submit(client, &s, &slot[i].ticket) != PTN_OK) {
                    exit(1);
                }
            }
        }
        (void) poll(&pfd, 1, 100);
        while (ptn_client_poll(client, 0)) { /* void */ }
    }

    for (i = 0, *jobs = 0, *bytes = 0; i < n; i++) {
        *jobs += slot[i].jobs;
        *bytes += slot[i].bytes;
    }
}

static void
pool(const char *name, const char *row, unsigned n, double seconds)
{
    pid_t              pid;
    uint64_t           jobs, bytes;
    ptn_conf_t         conf;
    ptn_world_t       *world;
    ptn_world_opts_t   opts = { 1, 2, false };
    ptn_proc_t         proc = { .conf = &conf, .ctl_fd = -1 };
    ptn_hooks_t        hooks = { 0 };
    ptn_world_status_t  st;

    ptn_conf_defaults(&conf);
    conf.root = "/tmp";
    conf.workers = 1;
    proc.hooks = &hooks;

    if (ptn_world_create(&opts, NULL, &world) != PTN_OK
        || ptn_world_types(world, types, 2) != PTN_OK)
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

    worker(world, name, n, seconds, &jobs, &bytes);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);

    if (n > 1) {
        printf("%s\tjobs/s\t%.0f\n", row, (double) jobs / seconds);
    } else {
        printf("%s\tMB/s\t%.0f\n", row, (double) bytes / seconds / 1e6);
    }
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
        if (!insert) {
            sqlite3_bind_int64(st, 1, n * 7919);
        }
        (void) sqlite3_step(st);
        (void) sqlite3_reset(st);
    }

    printf("%s\t%s/s\t%.0f\n", insert ? "I" : "S",
           insert ? "transactions" : "selects", (double) n / seconds);
    sqlite3_finalize(st);
    sqlite3_close(db);

    if (insert) {
        unlink(path);
    }
}

int
main(int argc, char **argv)
{
    int          i;
    double       seconds = argc > 2 ? atof(argv[2]) : 2;
    const char  *want = argc > 1 ? argv[1] : "all";

    static const char *const  name[] = { "hop", "window", "select", "insert" };

    for (i = 0; i < 4; i++) {
        if (strcmp(want, name[i]) != 0 && strcmp(want, "all") != 0) {
            continue;
        }
        if (fork() == 0) {              /* a process opens one world */
            if (i < 2) {
                pool(i ? "stream" : "noop", i ? "W" : "H", i ? 1 : 64, seconds);
            } else {
                sqlite(i == 3, seconds);
            }
            fflush(stdout);
            _exit(0);
        }
        wait(NULL);
    }

    return 0;
}
