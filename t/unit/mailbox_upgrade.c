/*
 * Files of every former version: opened by several at once they become ours.
 *
 * Version 1: what was there is there, items are read from their content until
 * the idle executor has filled them in, and nothing tells a new mailbox from
 * them.
 *
 * Version 2: everything that clients see is what that version's program told
 * of the same file, at once, after the idle executor's work, and after a kill
 * or a power loss amid the upgrade.  While one mailbox is upgraded the others
 * are read and written.
 */

#include "kill_io.h"
#include "mailbox_site.h"
#include "mailbox_visible.h"
#include "ptn_item.h"
#include "ptn_schema_1.h"
#include "ptn_schema_2.h"
#include "ptn_sim.h"


#define MESSAGES  70        /* more than are filled in at a time */

#ifdef __SANITIZE_ADDRESS__
#define DISKS_EVERY  11
#else
#define DISKS_EVERY  2
#endif


static const char  mail[] =
    "From: Alice <alice@example.test>\r\nSender: Sec <sec@example.test>\r\n"
    "To: Bob <bob@example.test>\r\nSubject: Re: old one\r\n"
    "References: <0@x> <1@x>\r\nSensitivity: personal\r\n"
    "Thread-Topic: another\r\nDate: Mon, 2 Feb 2026 10:00:00 +0100\r\n\r\n"
    "text\r\n";


static int64_t
number(site_t *s, const char *text)
{
    int64_t  n;

    n = -1;
    ptn_sql_number(site_open(s, "alice"), text, &n);

    return n;
}


static void
fill(site_t *s)
{
    unsigned         i;
    uint32_t         uids[3] = { 1, 2, 3 }, *to;
    ptn_id_t         id;
    ptn_txn_t        tx;
    ptn_append_t     a;
    ptn_appended_t   app;

    ptn_txn_begin(&tx, site_open(s, "alice"));
    memset(&a, 0, sizeof(a));
    a.raw = ptn_str_z(mail);
    a.received = 1770000000;
    a.key = ptn_str("key");

    for (i = 0; i < MESSAGES; i++) {
        if (ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app) != PTN_OK) {
            break;
        }

        a.key = ptn_str_make(NULL, 0);
    }

    ok(i == MESSAGES, "messages");
    site_append(s, &tx, PTN_FOLDER_INBOX, 200000, 0, &app);
    ptn_msg_copy(&tx, s->pool, PTN_FOLDER_INBOX, uids, 2, PTN_FOLDER_SENT,
                 &to);
    ptn_msg_move(&tx, s->pool, PTN_FOLDER_INBOX, uids + 2, 1,
                 PTN_FOLDER_ARCHIVE, &to);
    ptn_msg_expunge(&tx, PTN_FOLDER_INBOX, uids, 1);
    ptn_folder_create(&tx, PTN_FOLDER_INBOX, ptn_str("sub"), NULL, &id);
    ptn_txn_commit(&tx);
    ok(ptn_store_commit(s->store) == PTN_OK, "a mailbox");
}


static ptn_id_t
first(site_t *s)
{
    ptn_row_t    row;
    ptn_view_t  *view;

    ptn_view_get(site_open(s, "alice"), PTN_FOLDER_INBOX, &view);
    ptn_view_row(view, 1, &row);
    ptn_view_unref(view);

    return row.id;
}


static void
as_imported(site_t *s, const char *name)
{
    uint32_t              i, bad;
    ptn_str_t             v, raw;
    ptn_msg_t            *msg;
    ptn_mime_t           *mime;
    ptn_object_t         *want;
    const ptn_object_t   *got;

    ptn_msg_open(site_open(s, "alice"), s->pool, first(s), &msg);
    ptn_msg_slice(msg, s->pool, 0, UINT64_MAX, 100000, &raw);
    is_str(raw, mail, "byte for byte");
    ptn_mime_parse(s->pool, raw, &mime);
    ptn_oxcmail_import(s->pool, mime, PTN_OXCMAIL_ALL, &want);
    is_rc(ptn_msg_object(msg, PTN_OXCMAIL_ALL, &got), PTN_OK, "object");

    for (i = 0, bad = 0; i < want->props.n; i++) {
        v = ptn_props_get(&got->props, want->props.p[i].tag);
        bad += !ptn_item_computed(want->props.p[i].tag)
               && !ptn_str_eq(v, want->props.p[i].value);
    }

    ok(bad == 0 && want->props.n > 10, "%s: as imported, %u differ", name,
       bad);
}


static ptn_rc_t
sender(void *ctx, const ptn_table_row_t *row)
{
    ptn_buf_t  *b = ctx;

    ptn_buf_printf(b, "%.*s,%.*s;", ptn_str_arg(row->values[0]),
                   ptn_str_arg(row->values[1]));

    return PTN_AGAIN;
}


static void
in_table(site_t *s, const char *name)
{
    ptn_buf_t     b;
    ptn_table_t  *t;
    uint32_t      tags[2] = { PTN_PR_SENDER_NAME, PTN_PR_CONVERSATION_TOPIC };

    ptn_buf_init(&b, s->pool);
    ptn_table_open(site_open(s, "alice"), PTN_TABLE_CONTENTS,
                   PTN_FOLDER_INBOX, 0, &t);
    ptn_table_rows(site_open(s, "alice"), t, s->pool, tags, 2, 5, 1, false,
                   sender, &b);
    is_str(ptn_buf_get(&b), "Sec,another;", name);
    ptn_table_close(t);
}


static void
old(site_t *s)
{
    char  path[256];

    ptn_store_close(s->store);
    snprintf(path, sizeof(path),
             "%s/mailbox/example.test/alice/mailbox.sqlite", s->root);
    ok(ptn_schema_1_make(path), "as version 1 had it");
    ptn_store_open(&s->opts, &s->store);
}


static void
test_upgrade(site_t *s)
{
    unsigned         i;
    ptn_txn_t        tx;
    ptn_append_t     a;
    ptn_appended_t   app;
    ptn_mbox_info_t  was, is;
    uint16_t         replid;
    ptn_guid_t       guid;
    ptn_msg_t       *msg;
    ptn_saved_t      saved;
    ptn_bag_prop_t   p;

    fill(s);
    ptn_mbox_info(site_open(s, "alice"), &was);
    old(s);

    ptn_mbox_info(site_open(s, "alice"), &is);
    ok(is.epoch == was.epoch && is.messages == was.messages
       && is.size == was.size && is.cn == was.cn, "what was there is there");
    is_u64(number(s, "SELECT v_schema FROM meta"), PTN_SCHEMA_VERSION,
           "of our version");
    is_rc(ptn_mbox_replica(site_open(s, "alice"), 300, &replid, &guid),
          PTN_OK, "a replica");
    site_check(s, "alice");

    is_u64(number(s, "SELECT count(*) FROM item WHERE derived=0"),
           MESSAGES + 2, "items are as they were");
    as_imported(s, "before");
    in_table(s, "in a table, before");

    /* a client writes to one */

    p.tag = 0x8001001f;
    p.value = ptn_str("mine");
    ptn_txn_begin(&tx, site_open(s, "alice"));
    is_rc(ptn_msg_set_props(&tx, s->pool, first(s), &p, 1, &saved), PTN_OK,
          "a property");

    /* the key of a delivery is known still */

    memset(&a, 0, sizeof(a));
    a.raw = ptn_str_z(mail);
    a.key = ptn_str("key");
    is_rc(ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app), PTN_EEXIST,
          "delivered before");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);

    for (i = 0; i < 4; i++) {
        ptn_store_idle(s->store);
    }

    is_u64(number(s, "SELECT count(*) FROM item WHERE derived=0"), 0,
           "all are filled in");
    as_imported(s, "after");
    in_table(s, "in a table, after");
    ptn_msg_open(site_open(s, "alice"), s->pool, first(s), &msg);
    ptn_msg_props(msg, &p.tag, 1, &p.value);
    is_str(p.value, "mine", "the client's property");
    site_check(s, "alice");

    ptn_txn_begin(&tx, site_open(s, "alice"));
    is_rc(site_append(s, &tx, PTN_FOLDER_INBOX, 100, 0, &app), PTN_OK,
          "and more can come");
    ptn_txn_commit(&tx);
    is_rc(ptn_store_commit(s->store), PTN_OK, "committed");
    site_check(s, "alice");
}


/* Several at once: one does it, all open it. */

static void
race(site_t *s)
{
    int       status, bad;
    pid_t     pid[4];
    unsigned  i;

    bad = 0;

    for (i = 0; i < 4; i++) {
        fflush(stdout);
        pid[i] = fork();

        if (pid[i] == 0) {
            ptn_user_t    u;
            ptn_mbox_t   *mb;

            u = site_user(s, "alice");
            _exit(ptn_store_open(&s->opts, &s->store) != PTN_OK
                  || ptn_mbox_open(s->store, &u, NULL, &mb) != PTN_OK);
        }
    }

    for (i = 0; i < 4; i++) {
        waitpid(pid[i], &status, 0);
        bad += (status != 0);
    }

    ok(bad == 0, "four at once");
    ptn_store_open(&s->opts, &s->store);
    site_check(s, "alice");
    ptn_store_close(s->store);
    s->store = NULL;
}


static void
test_race(site_t *s)
{
    old(s);
    ptn_store_close(s->store);
    race(s);
}


/* ---- version 2 ----------------------------------------------------------- */

/*
 * Differences, line by line.  Conversation index and id are told since, also
 * of messages that were there.
 */

static unsigned
differences(site_t *s)
{
    char      *g, *w;
    size_t     a, b;
    unsigned   n;

    w = schema_2_read(s, "t/unit/ptn_schema_2.txt");
    g = visible_text(s, "alice", true);
    n = 0;

    while (*g != '\0' || *w != '\0') {
        a = strcspn(g, "\n");
        b = strcspn(w, "\n");

        if (strncmp(g, "  00710102 ", 11) == 0
            || strncmp(g, "  30130102 ", 11) == 0)
        {
            g += a + 1;
            continue;
        }

        if ((a != b || memcmp(g, w, a) != 0) && n++ < 8) {
            printf("#   is: %.*s\n#  was: %.*s\n", (int) a, g, (int) b, w);
        }

        g += a + (g[a] != '\0');
        w += b + (w[b] != '\0');
    }

    return n;
}


static bool
as_before(site_t *s, const char *when)
{
    return is_u64(differences(s), 0, when);
}


static void
test_2(site_t *s)
{
    ptn_txn_t        tx;
    ptn_append_t     a;
    ptn_appended_t   app;
    ptn_mbox_info_t  info;

    ok(schema_2_make(s), "as version 2 had it");
    ptn_store_open(&s->opts, &s->store);
    as_before(s, "at once");
    is_u64(number(s, "SELECT v_schema FROM meta"), PTN_SCHEMA_VERSION,
           "of our version");
    is_u64(number(s, "SELECT (SELECT count(*) FROM intent)"
                     " + (SELECT count(*) FROM moving)"), 0,
           "the move was finished");
    ptn_mbox_info(site_open(s, "bob"), &info);
    is_u64(info.messages, 1, "once");
    site_check(s, "alice");
    site_check(s, "bob");

    site_open(s, "alice");
    site_idle(s);
    is_u64(number(s, "SELECT count(*) FROM content WHERE id>(SELECT indexed"
                     " FROM meta)"), 0, "it can be searched");
    is_u64(number(s, "SELECT count(*) FROM item WHERE idkey IS NULL"
                     " AND message_id<>''"), 0, "answers find it");
    is_u64(number(s, "SELECT keyed FROM meta"), 0, "all of it");
    as_before(s, "after idle work");
    site_reopen(s, "alice");
    as_before(s, "opened again");
    site_check(s, "alice");

    memset(&a, 0, sizeof(a));
    a.raw = ptn_str_z(mail);
    a.key = ptn_str("key-0");
    ptn_txn_begin(&tx, site_open(s, "alice"));
    is_rc(ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app), PTN_EEXIST,
          "delivered before");
    is_rc(site_append(s, &tx, PTN_FOLDER_INBOX, 100, 0, &app), PTN_OK,
          "and more can come");
    ptn_txn_commit(&tx);
    is_rc(ptn_store_commit(s->store), PTN_OK, "committed");
    site_check(s, "alice");

    ptn_store_close(s->store);
    ok(schema_2_make(s), "once more");
    race(s);
}


/* A process that opens it is killed before its nth change, for each n. */

static void
test_2_killed(site_t *s)
{
    int        status;
    bool       done;
    pid_t      pid;
    unsigned   n;
    kill_io_t  k;

    for (n = 1, done = false; n < 500 && !done; n++) {
        ptn_store_close(s->store);
        s->store = NULL;

        if (!schema_2_make(s)) {
            ok(false, "made");
            break;
        }

        fflush(stdout);
        pid = fork();

        if (pid == 0) {
            ptn_user_t         u;
            ptn_mbox_t        *mb;
            ptn_store_opts_t   opts;

            kill_io_init(&k, n);
            opts = s->opts;
            opts.io = &k.io;
            u = site_user(s, "alice");
            _exit(ptn_store_open(&opts, &s->store) != PTN_OK
                  || ptn_mbox_open_made(s->store, &u, &mb) != PTN_OK);
        }

        waitpid(pid, &status, 0);
        done = WIFEXITED(status);
        ok(!done || WEXITSTATUS(status) == 0, "kill %u", n);
        ptn_store_open(&s->opts, &s->store);

        if (!as_before(s, "after a kill")) {
            break;
        }

        site_check(s, "alice");
    }

    ok(done && n > 20, "%u kills", n - 2);
}


/* While it is under way: another mailbox, in another process. */

typedef struct {
    int  ready[2], go[2];
} stopped_t;


static void
stop(void *ctx)
{
    char        c;
    stopped_t  *st = ctx;

    c = 'x';
    (void) !write(st->ready[1], &c, 1);
    (void) !read(st->go[0], &c, 1);
}


static void
test_2_online(site_t *s)
{
    int              status;
    char             c;
    pid_t            pid;
    kill_io_t        k;
    stopped_t        st;
    ptn_txn_t        tx;
    ptn_appended_t   app;
    ptn_mbox_info_t  info;

    ptn_store_close(s->store);
    ok(schema_2_make(s) && pipe(st.ready) == 0 && pipe(st.go) == 0, "made");
    fflush(stdout);
    pid = fork();

    if (pid == 0) {
        ptn_user_t         u;
        ptn_mbox_t        *mb;
        ptn_store_opts_t   opts;

        kill_io_init(&k, 12);
        k.stop = stop;
        k.ctx = &st;
        opts = s->opts;
        opts.io = &k.io;
        u = site_user(s, "alice");
        _exit(ptn_store_open(&opts, &s->store) != PTN_OK
              || ptn_mbox_open_made(s->store, &u, &mb) != PTN_OK);
    }

    ok(read(st.ready[0], &c, 1) == 1, "a process stands amid the upgrade");
    ptn_store_open(&s->opts, &s->store);
    is_rc(ptn_mbox_info(site_open(s, "bob"), &info), PTN_OK,
          "another mailbox is read");
    ptn_txn_begin(&tx, site_open(s, "bob"));
    is_rc(site_append(s, &tx, PTN_FOLDER_INBOX, 100, 0, &app), PTN_OK,
          "written");
    ptn_txn_commit(&tx);
    is_rc(ptn_store_commit(s->store), PTN_OK, "and committed");
    is_rc(write(st.go[1], "x", 1) == 1 ? PTN_OK : PTN_EIO, PTN_OK, "go on");
    waitpid(pid, &status, 0);
    is_u64(status, 0, "it was upgraded");
    as_before(s, "then");
    site_check(s, "alice");
}


/* Any disk that a power loss leaves: the one or the other, all of it there. */

static const char *
power_check(void *ctx, const char *dir, unsigned marks PTN_UNUSED)
{
    site_t       t;
    site_t      *s = ctx;
    ptn_rc_t     rc;
    const char  *why;
    ptn_user_t   u;
    ptn_mbox_t  *mb;

    if (s->changes++ % DISKS_EVERY != 0) {
        return NULL;
    }

    t = *s;
    snprintf(t.root, sizeof(t.root), "%s", dir);
    t.conf.root = t.root;
    t.conf.fsync = false;
    t.opts.conf = &t.conf;
    t.opts.io = NULL;
    t.pool = ptn_pool_create(0, NULL);
    u = site_user(&t, "alice");
    why = NULL;
    rc = ptn_store_open(&t.opts, &t.store);

    if (rc == PTN_OK) {
        rc = ptn_mbox_open(t.store, &u, NULL, &mb);
    }

    if (rc != PTN_OK) {
        why = "it does not open";

    } else {
        why = (differences(&t) != 0) ? "something differs"
              : ptn_mbox_check(t.store, &u, false, site_report, &t) != PTN_OK
              ? "check finds something" : NULL;
    }

    ptn_store_close(t.store);
    ptn_pool_destroy(t.pool);

    return why;
}


static void
test_2_power(void)
{
    char              *dir;
    site_t             s;
    ptn_user_t         u;
    ptn_mbox_t        *mb;
    ptn_sim_t         *sim;
    ptn_sim_result_t   res;

    dir = ptn_sim_tmp();
    site_make(&s);
    nftw(s.root, site_remove, 16, FTW_DEPTH|FTW_PHYS);
    snprintf(s.root, sizeof(s.root), "%s", dir);
    ptn_store_close(s.store);
    s.store = NULL;
    ok(schema_2_make(&s), "as version 2 had it");

    sim = ptn_sim_create(dir);
    s.opts.io = &sim->io;
    s.conf.fsync = true;
    u = site_user(&s, "alice");
    ok(ptn_store_open(&s.opts, &s.store) == PTN_OK
       && ptn_mbox_open_made(s.store, &u, &mb) == PTN_OK, "upgraded");
    ptn_sim_mark(sim);
    ptn_store_close(s.store);
    s.store = NULL;
    s.changes = 0;

    ptn_sim_run(sim, 0, 0, 1, power_check, &s, &res);
    ok(!res.bad && res.checked > 20, "%zu disks: %s", res.checked,
       res.bad ? res.bad_why : "the same mailbox on each");
    ptn_sim_free(sim);
    s.opts.io = NULL;
    s.conf.fsync = false;
    ptn_store_open(&s.opts, &s.store);
    site_done(&s);
    free(dir);
}


/* Of a version that is to come: refused. */

static void
test_future(site_t *s)
{
    ptn_user_t    u;
    ptn_mbox_t   *mb;

    ptn_sql_exec(site_open(s, "alice"), "UPDATE meta SET v_schema=99");
    ptn_store_close(s->store);
    ptn_store_open(&s->opts, &s->store);
    u = site_user(s, "alice");
    is_rc(ptn_mbox_open(s->store, &u, NULL, &mb), PTN_EVERSION, "version 99");
}


int
main(void)
{
    site_t  s;

    site_make(&s);
    s.conf.fsync = false;
    test_upgrade(&s);
    test_race(&s);
    test_2(&s);
    test_2_killed(&s);
    test_2_online(&s);
    test_future(&s);
    site_done(&s);
    test_2_power();

    return done_testing();
}
