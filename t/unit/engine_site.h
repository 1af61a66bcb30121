/*
 * The site of tests that go through every operation of the engine
 * (t/unit/engine_ops.h): mailboxes of some users, a public store, and what they
 * hold as text, in which nothing depends on change numbers and object ids.
 * The wall clock stands still unless a test moves it.
 */

#ifndef ENGINE_SITE_H
#define ENGINE_SITE_H


#include <fcntl.h>
#include <limits.h>
#include <sys/syscall.h>
#include <time.h>

#include "ptn_dictionary.h"
#include "ptn_eid.h"
#include "ptn_folder.h"
#include "ptn_ics.h"
#include "ptn_item.h"
#include "ptn_sim.h"
#include "ptn_test.h"

#ifndef ENGINE_LEARNS
#include "schema_memo.h"
#endif


#define ENGINE_USERS   6
#define ENGINE_PUBLIC  5
#define ENGINE_EPOCH   1770000000       /* the wall clock */


enum {
    ALICE, BOB, CAROL, DORA, ERIN
};

static const char *const  engine_name[ENGINE_USERS] = {
    "alice", "bob", "carol", "dora", "erin", ".public"
};


typedef struct {
    char               root[256];
    ptn_conf_t         conf;
    ptn_store_opts_t   opts;
    ptn_store_t       *store;
    ptn_pool_t        *pool, *names;
    ptn_user_t         user[ENGINE_USERS];
    ptn_mbox_t        *mb[ENGINE_USERS];
    ptn_actor_t        actor;           /* bob, as somebody else */
    ptn_id_t           copy;            /* of a folder, under way */
} engine_t;


#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE  (1 << 1)
#endif


/* ---- the clock ----------------------------------------------------------- */

static int64_t  engine_step;            /* seconds that it has been put on */

int clock_gettime(clockid_t id, struct timespec *ts);

int
clock_gettime(clockid_t id, struct timespec *ts)
{
    if (id == CLOCK_REALTIME) {
        ts->tv_sec = ENGINE_EPOCH + engine_step;
        ts->tv_nsec = 0;
        return 0;
    }

    return (int) syscall(SYS_clock_gettime, id, ts);
}


/* ---- names that change without the table --------------------------------- */

/*
 * Whole mailboxes are exchanged, and removed, by calls of the system that the
 * I/O table does not have: the record is told here.
 */

static ptn_sim_t  *engine_sim;          /* NULL: none */

static uint32_t
engine_walk(const char *path, bool whole, char *name)
{
    return engine_sim != NULL && engine_sim->recording
           ? ptn_sim_walk(engine_sim, path, whole, name) : PTN_SIM_NONE;
}


int
renameat2(int from_fd, const char *from, int to_fd, const char *to,
    unsigned flags)
{
    char      name[PTN_SIM_PATH], last[PTN_SIM_PATH];
    uint32_t  a, b, from_dir, to_dir;

    a = engine_walk(from, true, name);
    b = engine_walk(to, true, last);
    from_dir = engine_walk(from, false, name);
    to_dir = engine_walk(to, false, last);

    if (syscall(SYS_renameat2, from_fd, from, to_fd, to, flags) == -1) {
        return -1;
    }

    if (a != PTN_SIM_NONE && to_dir != PTN_SIM_NONE) {
        ptn_sim_add_name(engine_sim, to_dir, last, a);

        if (flags & RENAME_EXCHANGE) {
            ptn_sim_add_name(engine_sim, from_dir, name, b);

        } else {
            ptn_sim_add_del(engine_sim, from_dir, name);
        }

        engine_sim->ev[engine_sim->n - 1].joined = true;
    }

    return 0;
}


static int
engine_gone(const char *path, int flags)
{
    char      name[PTN_SIM_PATH];
    uint32_t  dir;

    if (syscall(SYS_unlinkat, AT_FDCWD, path, flags) == -1) {
        return -1;
    }

    /* what is called by the table itself is told there */

    dir = engine_walk(path, false, name);

    if (dir != PTN_SIM_NONE && pthread_mutex_trylock(&engine_sim->lock) == 0) {
        if (ptn_sim_entry(&engine_sim->inodes[dir], name) != NULL) {
            ptn_sim_add_del(engine_sim, dir, name);
        }

        pthread_mutex_unlock(&engine_sim->lock);
    }

    return 0;
}


int
unlink(const char *path)
{
    return engine_gone(path, 0);
}


int
rmdir(const char *path)
{
    return engine_gone(path, AT_REMOVEDIR);
}


int
remove(const char *path)
{
    return engine_gone(path, 0) == 0
           || (errno == EISDIR && engine_gone(path, AT_REMOVEDIR) == 0)
           ? 0 : -1;
}


/* ---- a store ------------------------------------------------------------- */

static inline void
engine_init(engine_t *e, ptn_io_t *io, const char *root)
{
    unsigned  i, k;

    memset(e, 0, sizeof(engine_t));
    snprintf(e->root, sizeof(e->root), "%s", root);
    ptn_conf_defaults(&e->conf);
    e->conf.root = e->root;
    e->conf.hostname = "mail.example.test";
    e->opts.conf = &e->conf;
    e->opts.io = io;
    e->pool = ptn_pool_create(0, NULL);
    e->names = ptn_pool_create(0, NULL);

    for (k = 0; k < ENGINE_PUBLIC; k++) {
        e->user[k].id = k + 1;
        e->user[k].address = ptn_str_printf(e->names, "%s@example.test",
                                            engine_name[k]);
        e->user[k].locale = ptn_str("en");

        for (i = 0; i < 16; i++) {
            e->user[k].mailbox.b[i] = (u_char) (i * 7 + 1 + 40 * k);
        }
    }

    /* the same mailbox, before and after its address has changed */

    e->user[ERIN].mailbox = e->user[DORA].mailbox;
    ptn_public_user(e->names, ptn_str("example.test"),
                    &e->user[ENGINE_PUBLIC]);
    e->actor.user = 2;
    e->actor.mailbox = e->user[BOB].mailbox;
    e->actor.address = e->user[BOB].address;
}


/* Those that are there; none is made but alice's and bob's. */

static inline ptn_rc_t
engine_mboxes(engine_t *e)
{
    int        k;
    char      *path;
    ptn_rc_t   rc;

    rc = PTN_OK;

    for (k = ENGINE_USERS - 1; k >= 0 && rc == PTN_OK; k--) {
        if (k != ALICE && k != BOB) {
            path = NULL;
            rc = ptn_mbox_path(&e->conf, e->user[k].address, &path);

            if (rc == PTN_OK && access(path, F_OK) == -1) {
                free(path);
                e->mb[k] = NULL;
                continue;
            }

            free(path);
        }

        if (rc != PTN_OK) {
            break;
        }

        rc = (k == ALICE || k == BOB)
             ? ptn_mbox_open(e->store, &e->user[k], NULL, &e->mb[k])
             : ptn_mbox_open_made(e->store, &e->user[k], &e->mb[k]);

        if (rc == PTN_ENOTFOUND) {
            e->mb[k] = NULL;
            rc = PTN_OK;
        }
    }

    return rc;
}


static inline void
engine_close(engine_t *e)
{
    if (e->store != NULL) {
        ptn_store_close(e->store);
        e->store = NULL;
    }

    ptn_view_list_shrink(0);
    ptn_vec_list_shrink(0);
}


static inline ptn_rc_t
engine_open(engine_t *e)
{
    ptn_rc_t  rc;

    rc = ptn_store_open(&e->opts, &e->store);

    return rc == PTN_OK ? engine_mboxes(e) : rc;
}


static inline void
engine_done(engine_t *e)
{
    engine_close(e);
    ptn_pool_destroy(e->pool);
    ptn_pool_destroy(e->names);
}


/* ---- what a mailbox holds ------------------------------------------------ */

#define ENGINE_NAME  "(SELECT name FROM folder WHERE id=abs(%s))"
#define ENGINE_SUBJECT  "(SELECT subject FROM item WHERE item.id=%s)"

static const char *const  engine_rows[] = {
    "SELECT f.name, (SELECT name FROM folder WHERE id=abs(f.parent)),"
        " f.parent<0, f.cls, f.special, f.subscribed, f.hidden, f.search,"
        " f.uidnext, f.total, f.unread, f.deleted, f.size, hex(f.bag)"
        " FROM folder f WHERE f.total OR f.uidnext>1 OR f.id>255"
        " OR f.bag IS NOT NULL ORDER BY 1, 2",
    "SELECT (SELECT name FROM folder WHERE id=abs(m.folder)), m.folder<0,"
        " m.uid, m.flags, m.keywords, m.size, m.received, m.fai, m.status,"
        " i.subject, i.class, hex(i.bag), length(i.large), c.size"
        " FROM message m JOIN item i ON i.id=m.id"
        " JOIN content c ON c.id=m.content ORDER BY 1, 2, 3",
    "SELECT (SELECT name FROM folder WHERE id=abs(folder)), kind, cause, uid,"
        " href FROM tombstone ORDER BY 1, 2, 3, 4, 5",
    "SELECT bit, name, category FROM keyword ORDER BY 1",
    "SELECT id, hex(guid), lid, name FROM named ORDER BY 1",
    "SELECT hex(key) FROM once WHERE hex(key) NOT LIKE '6D%' ORDER BY 1",
    "SELECT kind, count(*) FROM gone GROUP BY 1 ORDER BY 1",
    "SELECT kind, address, subject FROM receipt ORDER BY n",
    "SELECT class, (SELECT name FROM folder WHERE id=folder) FROM receive"
        " ORDER BY 1",
    "SELECT (SELECT name FROM folder WHERE id=folder), kind, name FROM name"
        " ORDER BY 1, 2, 3",
    "SELECT name, sequence, provider FROM rule ORDER BY 1",
    "SELECT (SELECT name FROM folder f WHERE f.id=abs(p.folder)), member,"
        " rights FROM permission p ORDER BY 1, 2",
    "SELECT user, count(*), sum(length(runs)) FROM reader GROUP BY 1"
        " ORDER BY 1",
    "SELECT hex(folder), hex(store), hex(runs) FROM per_user ORDER BY 1",
    "SELECT id, collection, key, hex(state), hex(reply) FROM device"
        " ORDER BY 1, 2",
    "SELECT id, collection, client, key FROM device_client ORDER BY 1, 2, 3",
    "SELECT (SELECT name FROM folder f WHERE f.id=s.folder), flags,"
        " hex(restriction) FROM search s ORDER BY 1",
    "SELECT (SELECT name FROM folder f WHERE f.id=s.folder), uid,"
        " (SELECT subject FROM item i WHERE i.id=s.id) FROM found s"
        " ORDER BY 1, 2",
    "SELECT count(*) FROM dictionary",
    "SELECT hex(sha256), size FROM blob WHERE refs>0 ORDER BY 1",
    "SELECT kind, hex(bag) FROM meta"
};


static ptn_rc_t
engine_hash(void *ctx, const u_char *p, size_t n)
{
    size_t     i;
    uint64_t  *h = ctx;

    for (i = 0; i < n; i++) {
        *h = (*h ^ p[i]) * 0x100000001b3ULL;
    }

    return PTN_OK;
}


/* Every message to its last byte, but those whose MIME form was made here: its
 * boundaries are of their ids. */

static inline ptn_rc_t
engine_contents(engine_t *e, ptn_mbox_t *mb, ptn_buf_t *b)
{
    size_t         i, n;
    uint64_t       h;
    ptn_id_t      *ids;
    ptn_rc_t       rc;
    ptn_msg_t     *msg;
    sqlite3_stmt  *st;

    ids = ptn_palloc(e->pool, 1000 * sizeof(ptn_id_t));
    n = 0;

    if (sqlite3_prepare_v2(mb->db, "SELECT id FROM message WHERE folder>0"
                           " AND content NOT IN (SELECT content FROM object)"
                           " ORDER BY (SELECT name FROM folder f WHERE"
                           " f.id=folder), uid", -1, &st, NULL) != SQLITE_OK)
    {
        return PTN_EIO;
    }

    while (n < 1000 && sqlite3_step(st) == SQLITE_ROW) {
        ids[n++] = (ptn_id_t) sqlite3_column_int64(st, 0);
    }

    sqlite3_finalize(st);
    rc = PTN_OK;

    for (i = 0; i < n && rc == PTN_OK; i++) {
        h = 0xcbf29ce484222325ULL;
        rc = ptn_msg_open(mb, e->pool, ids[i], &msg);

        if (rc == PTN_OK) {
            rc = ptn_msg_bytes(msg, 0, UINT64_MAX, engine_hash, &h);
        }

        if (rc == PTN_ENOTFOUND) {          /* in a folder that is gone */
            rc = PTN_OK;
        }

        ptn_buf_printf(b, "bytes %016llx\n", (unsigned long long) h);
    }

    return rc;
}


static inline ptn_rc_t
engine_mailbox(engine_t *e, ptn_mbox_t *mb, ptn_buf_t *b)
{
    int            c, n, rc;
    size_t         i;
    ptn_rc_t       ptn;
    sqlite3_stmt  *st;

    ptn = ptn_mbox_ready(mb);

    if (ptn != PTN_OK) {
        return ptn;
    }

    for (i = 0; i < ptn_nelts(engine_rows); i++) {
        if (sqlite3_prepare_v2(mb->db, engine_rows[i], -1, &st, NULL)
            != SQLITE_OK)
        {
            printf("# %s: %s\n", engine_rows[i], sqlite3_errmsg(mb->db));
            return PTN_EIO;
        }

        n = sqlite3_column_count(st);

        while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
            ptn_buf_printf(b, "%zu", i);

            for (c = 0; c < n; c++) {
                ptn_buf_printf(b, "|%s", sqlite3_column_text(st, c)
                               ? (char *) sqlite3_column_text(st, c) : "");
            }

            ptn_buf_byte(b, '\n');
        }

        sqlite3_finalize(st);

        if (rc != SQLITE_DONE) {
            return PTN_EIO;
        }
    }

    return engine_contents(e, mb, b);
}


static inline ptn_rc_t
engine_state(engine_t *e, ptn_pool_t *pool, char **ret)
{
    int        k;
    ptn_rc_t   rc;
    ptn_buf_t  b;

    rc = engine_mboxes(e);
    ptn_buf_init(&b, pool);

    for (k = 0; k < ENGINE_USERS && rc == PTN_OK; k++) {
        if (e->mb[k] != NULL) {
            ptn_buf_printf(&b, "-- %s\n", engine_name[k]);
            rc = engine_mailbox(e, e->mb[k], &b);
        }
    }

    if (rc == PTN_OK) {
        *ret = ptn_str_dupz(pool, ptn_buf_get(&b));
    }

    return rc;
}


/* ---- the check ----------------------------------------------------------- */

typedef struct {
    char  line[256];
} engine_report_t;

static void
engine_report(void *ctx, const char *line)
{
    engine_report_t  *r = ctx;

    if (r->line[0] == '\0') {
        snprintf(r->line, sizeof(r->line), "%s", line);
    }
}


/* All that are there; NULL, or the first finding. */

static inline const char *
engine_check(engine_t *e, engine_report_t *r)
{
    int       k;
    char      line[200];
    ptn_rc_t  rc;

    for (k = 0; k < ENGINE_USERS; k++) {
        r->line[0] = '\0';

        if (e->mb[k] == NULL) {
            continue;
        }

        rc = ptn_mbox_check(e->store, &e->user[k], false, engine_report, r);

        if (rc != PTN_OK) {
            snprintf(line, sizeof(line), "%.199s", r->line);
            snprintf(r->line, sizeof(r->line), "check of %s: %s: %s",
                     engine_name[k], ptn_err(rc)->name, line);
            return r->line;
        }
    }

    return NULL;
}


/* Where two states part. */

static inline void
engine_differ(const char *got, const char *want, char *why, size_t size)
{
    size_t  i;

    for (i = 0; got[i] != '\0' && got[i] == want[i]; i++) {
        /* void */
    }

    while (i > 0 && got[i - 1] != '\n') {
        i--;
    }

    snprintf(why, size, "got \"%.*s\", want \"%.*s\"",
             (int) ptn_min(strcspn(got + i, "\n"), (size_t) 200), got + i,
             (int) ptn_min(strcspn(want + i, "\n"), (size_t) 200), want + i);
}


#endif /* ENGINE_SITE_H */
