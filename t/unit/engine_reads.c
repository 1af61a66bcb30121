/*
 * Reading that fails: of databases, WALs, blobs, lock files, marks, exports,
 * backups, once or until the operation has given up; files that cannot be
 * opened; reads that are short; a database whose shared memory was cut while it
 * was mapped.  Every operation of the engine tells the error and leaves all as
 * it was, and the same process does it the next time; whoever asks gets the
 * right answer or an error, never another answer; the neighbour notices
 * nothing.
 *
 * Before each attempt all is closed, so that nothing is in a cache.  Of the nth
 * reads a sample is tried; ENGINE_ALL=1: all.
 */

#undef _FORTIFY_SOURCE          /* its pread() would be in our way */

#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>

#include "engine_look.h"


#define READS_FROM  27          /* the operation after which all is there */


typedef enum {
    READS_FAIL,                 /* a read gives an error */
    READS_OPEN,                 /* a file that is there cannot be opened */
    READS_SHORT                 /* half of what was asked for */
} reads_mode_e;

typedef struct {
    engine_kind_t  kind;
    reads_mode_e   mode;
} reads_kind_t;


/* ---- calls of the system ------------------------------------------------- */

static struct {
    bool          armed, sticky, hit;
    reads_mode_e  mode;
    long          calls, left;  /* until it fails; 0: it does not */
    int           err;
    const char   *root, *of;    /* of files below; whose path says so */
} reads;


static bool
reads_ours(const char *path)
{
    return reads.root != NULL
           && strncmp(path, reads.root, strlen(reads.root)) == 0
           && (reads.of == NULL || strstr(path, reads.of) != NULL);
}


static bool
reads_now(reads_mode_e mode, int fd, const char *path)
{
    char     link[64], buf[1024];
    ssize_t  n;

    if (!reads.armed || reads.mode != mode) {
        return false;
    }

    if (path == NULL) {
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, buf, sizeof(buf) - 1);
        buf[ptn_max(n, (ssize_t) 0)] = '\0';
        path = buf;
    }

    if (!reads_ours(path)) {
        return false;
    }

    reads.calls++;

    if (reads.left == 0 || reads.calls < reads.left
        || (reads.calls > reads.left && !reads.sticky))
    {
        return false;
    }

    reads.hit = true;
    errno = reads.err;

    return true;
}


static ssize_t
reads_pread(int fd, void *p, size_t n, off_t off)
{
    if (reads_now(READS_FAIL, fd, NULL)) {
        return -1;
    }

    return syscall(SYS_pread64, fd, p,
                   reads_now(READS_SHORT, fd, NULL) ? n / 2 + n % 2 : n, off);
}


ssize_t
pread(int fd, void *p, size_t n, off_t off)
{
    return reads_pread(fd, p, n, off);
}


ssize_t
pread64(int fd, void *p, size_t n, off64_t off)
{
    return reads_pread(fd, p, n, off);
}


ssize_t
__pread_chk(int fd, void *p, size_t n, off_t off, size_t size PTN_UNUSED)
{
    return reads_pread(fd, p, n, off);
}


ssize_t
read(int fd, void *p, size_t n)
{
    if (reads_now(READS_FAIL, fd, NULL)) {
        return -1;
    }

    return syscall(SYS_read, fd, p,
                   reads_now(READS_SHORT, fd, NULL) ? n / 2 + n % 2 : n);
}


static int
reads_open(const char *path, int flags, va_list ap)
{
    int  mode;

    mode = (flags & (O_CREAT|O_TMPFILE)) ? va_arg(ap, int) : 0;

    if (access(path, F_OK) == 0 && reads_now(READS_OPEN, -1, path)) {
        return -1;
    }

    return (int) syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}


int
open(const char *path, int flags, ...)
{
    int      fd;
    va_list  ap;

    va_start(ap, flags);
    fd = reads_open(path, flags, ap);
    va_end(ap);

    return fd;
}


int
open64(const char *path, int flags, ...)
{
    int      fd;
    va_list  ap;

    va_start(ap, flags);
    fd = reads_open(path, flags, ap);
    va_end(ap);

    return fd;
}


static void
arm(const reads_kind_t *kind, const char *root, long n)
{
    memset(&reads, 0, sizeof(reads));
    reads.mode = kind->mode;
    reads.sticky = kind->kind.sticky;
    reads.err = kind->kind.err;
    reads.root = root;
    reads.left = n;
    reads.armed = true;
}


static bool
disarm(void)
{
    reads.armed = false;

    return reads.hit;
}


/* Files below it that this process has open, or mapped. */

static unsigned
left_open(const char *root)
{
    int        fd;
    char       link[64], path[1024];
    FILE      *maps;
    ssize_t    n;
    unsigned   found;

    for (fd = 0, found = 0; fd < 1024; fd++) {
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, path, sizeof(path) - 1);

        if (n > 0 && strncmp(path, root, strlen(root)) == 0) {
            path[n] = '\0';
            diag("open: %s", path);
            found++;
        }
    }

    maps = fopen("/proc/self/maps", "r");

    while (maps != NULL && fgets(path, sizeof(path), maps) != NULL) {
        if (strstr(path, root) != NULL) {
            diag("mapped: %s", path);
            found++;
        }
    }

    if (maps != NULL) {
        fclose(maps);
    }

    return found;
}


static long
next(long n)
{
    return getenv("ENGINE_ALL") ? n + 1 : 3 * n;
}


/* ---- every operation ----------------------------------------------------- */

static void
test_kind(engine_look_t *l, reads_kind_t *r)
{
    bool            hit, more;
    char           *dir;
    long            n;
    size_t          i;
    ptn_rc_t        rc;
    engine_kind_t  *kind = &r->kind;

    dir = ptn_sim_tmp();
    engine_init(&l->e, &ptn_io_posix, dir);
    l->e.conf.fsync = false;

    for (i = 0; i < ENGINE_OPS && kind->bad < 10; i++) {
        for (n = 1, more = true; more; n = next(n)) {
            engine_close(&l->e);

            if (left_open(dir) != 0) {
                engine_complain(kind, i, n, PTN_OK, "something is left open");
                break;
            }

            arm(r, dir, n);
            rc = ptn_store_open(&l->e.opts, &l->e.store);
            ENGINE_TRY(rc, engine_do(&l->e, &engine_ops[i]));
            hit = disarm();
            kind->tried += hit;
            kind->told += (rc != PTN_OK);

            if (l->e.store == NULL
                && ptn_store_open(&l->e.opts, &l->e.store) != PTN_OK)
            {
                engine_complain(kind, i, n, rc, "the store does not open");
                break;
            }

            more = engine_look(l, kind, i, n, rc, hit);

            if (kind->bad >= 10) {
                break;
            }
        }
    }

    ok(kind->bad == 0 && i == ENGINE_OPS
       && (r->mode == READS_SHORT ? kind->told == 0
                                  : kind->told > kind->tried / 2),
       "%s: %u failed, %u told, %u bad", kind->name, kind->tried, kind->told,
       kind->bad);
    engine_close(&l->e);
    ok(left_open(dir) == 0, "nothing is left open");
    engine_done(&l->e);
    ptn_sim_remove(dir);
    free(dir);
}


/* ---- answers ------------------------------------------------------------- */

typedef struct {
    engine_t    *e;
    ptn_mbox_t  *mb;
    ptn_buf_t    b;
} ask_t;


static ptn_rc_t
ask_each(ask_t *a, ptn_rc_t (*f)(ask_t *a, const ptn_folder_t *f))
{
    size_t               i, n;
    ptn_rc_t             rc;
    ptn_folder_t        *copy;
    const ptn_folder_t  *list;

    rc = ptn_folder_list_all(a->mb, &list, &n);
    copy = (rc == PTN_OK) ? ptn_pmemdup(a->e->pool, list, n * sizeof(*list))
                          : NULL;

    for (i = 0; rc == PTN_OK && i < n; i++) {
        rc = f(a, &copy[i]);
    }

    return rc;
}


static ptn_rc_t
ask_folder(ask_t *a, const ptn_folder_t *f)
{
    ptn_rc_t   rc;
    uint32_t   tag = PTN_PR_COMMENT;
    ptn_str_t  v;

    rc = ptn_folder_props(a->mb, a->e->pool, f->id, &tag, 1, &v);
    ptn_buf_printf(&a->b, "%llu %u %u %u %llu %zu\n",
                   (unsigned long long) f->id, f->total, f->unread,
                   f->uidnext, (unsigned long long) f->size, v.len);

    return rc;
}


static ptn_rc_t
ask_message(ask_t *a, ptn_id_t folder, const ptn_row_t *row)
{
    size_t               i;
    uint64_t             h;
    ptn_rc_t             rc;
    ptn_msg_t           *msg;
    const ptn_mime_t    *mime;
    const ptn_object_t  *o;

    h = 0xcbf29ce484222325ULL;
    rc = ptn_msg_open_row(a->mb, a->e->pool, folder, row, &msg);
    ENGINE_TRY(rc, ptn_msg_bytes(msg, 0, UINT64_MAX, engine_hash, &h));
    ENGINE_TRY(rc, ptn_msg_structure(msg, &mime));
    ENGINE_TRY(rc, ptn_msg_object(msg, PTN_OXCMAIL_ALL, &o));

    for (i = 0; rc == PTN_OK && i < o->props.n; i++) {
        (void) engine_hash(&h, o->props.p[i].value.data,
                           o->props.p[i].value.len);
    }

    for (i = 0; rc == PTN_OK && i < o->nattachs; i++) {
        (void) engine_hash(&h, o->attachs[i].data.data,
                           o->attachs[i].data.len);
    }

    ptn_buf_printf(&a->b, " %u %x %016llx\n", row->uid, row->flags,
                   (unsigned long long) h);

    return rc;
}


static ptn_rc_t
ask_view(ask_t *a, const ptn_folder_t *f)
{
    uint32_t     seq;
    ptn_rc_t     rc;
    ptn_row_t    row;
    ptn_view_t  *view;

    rc = ptn_view_get(a->mb, f->id, &view);

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_buf_printf(&a->b, "%llu: %u\n", (unsigned long long) f->id,
                   ptn_view_count(view));

    for (seq = 1; rc == PTN_OK && seq <= ptn_view_count(view); seq++) {
        ptn_view_row(view, seq, &row);
        rc = ask_message(a, f->id, &row);
    }

    ptn_view_unref(view);

    return rc;
}


static ptn_rc_t
ask_row(void *ctx, const ptn_table_row_t *row)
{
    size_t  i;
    ask_t  *a = ctx;

    for (i = 0; i < 3; i++) {
        ptn_buf_str(&a->b, row->values[i]);
        ptn_buf_byte(&a->b, '|');
    }

    ptn_buf_byte(&a->b, '\n');

    return PTN_OK;
}


static ptn_rc_t
ask_table(ask_t *a, const ptn_folder_t *f)
{
    ptn_rc_t      rc;
    ptn_sort_t    sort = { PTN_PR_SUBJECT, true };
    ptn_table_t  *t;

    static const uint32_t  tags[3] = {
        PTN_PR_SUBJECT, PTN_PR_MESSAGE_SIZE, 0x67f4001f
    };

    rc = ptn_table_open(a->mb, PTN_TABLE_CONTENTS, f->id, 0, &t);

    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_table_rows(a->mb, t, a->e->pool, tags, 3, 0, 10, true, ask_row,
                        a);
    ENGINE_TRY(rc, ptn_table_sort(a->mb, t, &sort, 1));
    ENGINE_TRY(rc, ptn_table_rows(a->mb, t, a->e->pool, tags, 3, 0, 10, true,
                                  ask_row, a));
    ptn_buf_printf(&a->b, "%u rows\n", ptn_table_count(t));
    ptn_table_close(t);

    return rc;
}


static ptn_rc_t
ask_sync(ask_t *a, const ptn_folder_t *f)
{
    bool                more;
    size_t              n, gone;
    ptn_rc_t            rc;
    uint32_t           *uids;
    ptn_gone_t         *rows;
    ptn_sync_t          sync;
    ptn_sync_change_t  *changes;

    if (f->search) {            /* nobody synchronises what it shows */
        return PTN_OK;
    }

    memset(&sync, 0, sizeof(sync));
    rc = ptn_sync_items(a->mb, a->e->pool, f->id, false, &sync, 1000, &changes,
                        &n, &more);
    ptn_buf_printf(&a->b, "%zu changes\n", n);
    ENGINE_TRY(rc, ptn_view_vanished(a->mb, a->e->pool, f->id, f->modseq,
                                     &uids, &n));
    ENGINE_TRY(rc, ptn_gone_list(a->mb, a->e->pool, f->id, false, 0, 100,
                                 &rows, &gone));
    ptn_buf_printf(&a->b, "%zu vanished %zu gone\n", n, gone);

    return rc;
}


static ptn_rc_t
ask_hit(void *ctx, const ptn_msg_info_t *m)
{
    ptn_buf_printf(ctx, "hit %llu\n", (unsigned long long) m->id);

    return PTN_OK;
}


static ptn_rc_t
ask_words(ask_t *a)
{
    ptn_query_t  q;
    ptn_scope_t  scope = { NULL, 0, false };

    memset(&q, 0, sizeof(q));
    q.op = PTN_FIND_WORD;
    q.fields = PTN_FIND_TEXT;
    q.text = ptn_str("words");

    return ptn_search_run(a->mb, &q, &scope, false, ask_hit, &a->b);
}


static ptn_rc_t
ask_rest(ask_t *a)
{
    size_t             n[6] = { 0 };
    ptn_rc_t           rc;
    ptn_rule_t        *rules;
    ptn_props_t        props;
    ptn_device_t      *devices;
    ptn_receive_t     *receive;
    ptn_permission_t  *list;
    const ptn_str_t   *names;

    rc = ptn_rule_list(a->mb, a->e->pool, PTN_FOLDER_INBOX, &rules, &n[0]);
    ENGINE_TRY(rc, ptn_rights_list(a->mb, a->e->pool, PTN_FOLDER_INBOX, false,
                                   &list, &n[1]));
    ENGINE_TRY(rc, ptn_device_list(a->mb, a->e->pool, &devices, &n[2]));
    ENGINE_TRY(rc, ptn_receive_list(a->mb, a->e->pool, &receive, &n[3]));
    ENGINE_TRY(rc, ptn_keyword_names(a->mb, &names));
    ENGINE_TRY(rc, ptn_store_props_all(a->mb, a->e->pool, &props));

    ptn_buf_printf(&a->b, "%zu %zu %zu %zu\n", n[0], n[1], n[2], n[3]);

    if (rc == PTN_OK) {
        ptn_buf_printf(&a->b, "%.*s %u\n", ptn_str_arg(names[0]), props.n);
    }

    return rc;
}


static ptn_rc_t
ask_folders(ask_t *a)
{
    return ask_each(a, ask_folder);
}

static ptn_rc_t
ask_views(ask_t *a)
{
    return ask_each(a, ask_view);
}

static ptn_rc_t
ask_tables(ask_t *a)
{
    return ask_each(a, ask_table);
}

static ptn_rc_t
ask_syncs(ask_t *a)
{
    return ask_each(a, ask_sync);
}


static const struct {
    const char  *name;
    ptn_rc_t   (*f)(ask_t *a);
} asks[] = {
    { "folders", ask_folders },
    { "messages", ask_views },
    { "tables", ask_tables },
    { "changes", ask_syncs },
    { "words", ask_words },
    { "the rest", ask_rest }
};


static ptn_rc_t
ask(engine_t *e, size_t i, ptn_pool_t *pool, char **ret)
{
    ask_t     a;
    ptn_rc_t  rc;

    rc = e->store == NULL ? engine_open(e) : engine_mboxes(e);
    memset(&a, 0, sizeof(a));
    a.e = e;
    a.mb = e->mb[ALICE];
    ptn_buf_init(&a.b, e->pool);
    ENGINE_TRY(rc, asks[i].f(&a));

    if (rc == PTN_OK) {
        *ret = ptn_str_dupz(pool, ptn_buf_get(&a.b));
    }

    return rc;
}


/* A store with some of everything, its WAL not copied back, and a check. */

static void
test_answers(reads_kind_t *kind, const char *dir)
{
    char        *want, *got, why[500];
    long         n;
    bool         hit;
    size_t       i;
    engine_t     e;
    unsigned     tried, told, bad;
    ptn_rc_t     rc;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);
    engine_init(&e, &ptn_io_posix, dir);
    e.conf.fsync = false;
    tried = told = bad = 0;

    for (i = 0; i < ptn_nelts(asks); i++) {
        rc = ask(&e, i, pool, &want);
        engine_close(&e);

        if (!ok(rc == PTN_OK, "%s: %s, %zu bytes", asks[i].name,
                ptn_err(rc)->name, rc == PTN_OK ? strlen(want) : 0))
        {
            continue;
        }

        for (n = 1, hit = true; hit && bad < 10; n += 1 + n / 3) {
            arm(kind, dir, n);
            rc = ask(&e, i, pool, &got);
            hit = disarm();
            tried += hit;
            told += (rc != PTN_OK);

            if (rc == PTN_OK && strcmp(got, want) != 0) {
                engine_differ(got, want, why, sizeof(why));
                diag("%s, read %ld: %s", asks[i].name, n, why);
                bad++;
            }

            /* the same process, the next time */

            if (ask(&e, i, pool, &got) != PTN_OK || strcmp(got, want) != 0) {
                diag("%s, read %ld: not even afterwards", asks[i].name, n);
                bad++;
            }

            engine_close(&e);
            ptn_pool_reset(e.pool);

            if (left_open(dir) != 0) {
                bad++;
                break;
            }
        }
    }

    ok(bad == 0 && (kind->mode == READS_SHORT ? told == 0
                                              : told > tried / 2),
       "answers, %s: %u failed, %u told, %u bad", kind->kind.name, tried,
       told, bad);
    engine_done(&e);
    ptn_pool_destroy(pool);
}


/* ---- the neighbour ------------------------------------------------------- */

static ptn_rc_t
deliver(engine_t *e, unsigned k, unsigned n)
{
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_mbox_open(e->store, &e->user[k], NULL, &e->mb[k]);
    ENGINE_TRY(rc, ptn_txn_begin(&tx, e->mb[k]));
    ENGINE_TRY(rc, engine_add(&tx, e, 0, n, 150000, NULL));
    ENGINE_TRY(rc, ptn_txn_commit(&tx));

    ptn_txn_done(&tx);

    if (rc == PTN_OK) {
        return ptn_store_commit(e->store);
    }

    if (ptn_store_pending(e->store)) {
        ptn_store_rollback(e->store);
    }

    return rc;
}


/* Nothing of alice's can be read; she is open already, or is not. */

static void
test_neighbour(reads_kind_t *kind, const char *dir, bool open)
{
    engine_t          e;
    engine_report_t   report;
    static unsigned   n = 300;

    engine_init(&e, &ptn_io_posix, dir);
    e.conf.fsync = false;
    is_rc(open ? engine_open(&e) : ptn_store_open(&e.opts, &e.store), PTN_OK,
          "open");
    arm(kind, dir, 1);
    reads.of = "/alice/";

    if (!open) {
        ok(deliver(&e, ALICE, n++) != PTN_OK, "%s: alice cannot",
           kind->kind.name);
    }

    is_rc(deliver(&e, BOB, n++), PTN_OK, "bob can");
    is_rc(ptn_mbox_check(e.store, &e.user[BOB], false, engine_report, &report),
          PTN_OK, "his check finds nothing");
    report.line[0] = '\0';
    (void) ptn_mbox_check(e.store, &e.user[ALICE], false, engine_report,
                          &report);
    (void) ptn_mbox_check(e.store, &e.user[ALICE], true, engine_report,
                          &report);
    is_str(ptn_str_z(report.line), "", "what cannot be read is no finding");
    is_rc(deliver(&e, BOB, n++), PTN_OK, "bob still can");
    disarm();
    is_rc(deliver(&e, ALICE, n++), PTN_OK,
          "alice can again");
    report.line[0] = '\0';
    is_rc(ptn_mbox_check(e.store, &e.user[ALICE], false, engine_report,
                         &report), PTN_OK, report.line);
    engine_done(&e);
    ok(left_open(dir) == 0, "nothing is left open");
}


/* ---- files that were cut ------------------------------------------------- */

/*
 * Somebody cuts what SQLite has mapped: the process may end by SIGBUS, as it
 * does when such a page cannot be read from a disk.  The next finds all that
 * was acknowledged.
 */

static void
test_cut(const char *dir)
{
    int              status, acked[2];
    char             path[PATH_MAX], n;
    pid_t            pid;
    engine_t         e;
    int64_t          before, after;
    unsigned         i, made;
    engine_report_t  report;

    engine_init(&e, &ptn_io_posix, dir);
    is_rc(engine_open(&e), PTN_OK, "open");
    is_rc(ptn_sql_number(e.mb[ALICE], "SELECT count(*) FROM message"
                         " WHERE folder=12", &before), PTN_OK, "count");
    engine_close(&e);
    snprintf(path, sizeof(path),
             "%s/mailbox/example.test/alice/mailbox.sqlite-shm", dir);

    if (pipe(acked) == -1) {
        ok(false, "pipe");
        return;
    }

    pid = fork();

    if (pid == 0) {
        signal(SIGBUS, SIG_DFL);
        alarm(60);

        if (engine_open(&e) != PTN_OK) {
            _exit(2);
        }

        for (i = 0; i < 8; i++) {
            if (i == 4 && truncate(path, 0) == -1) {
                _exit(3);
            }

            if (deliver(&e, ALICE, 400 + i) == PTN_OK
                && write(acked[1], "x", 1) != 1)
            {
                _exit(4);
            }
        }

        engine_close(&e);
        _exit(0);
    }

    close(acked[1]);

    for (made = 0; read(acked[0], &n, 1) == 1; made++) {
        /* void */
    }

    close(acked[0]);
    waitpid(pid, &status, 0);
    ok((WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS) || status == 0,
       "cut while it is mapped: status %x", status);
    is_rc(engine_open(&e), PTN_OK, "the next process opens it");
    is_rc(ptn_sql_number(e.mb[ALICE], "SELECT count(*) FROM message"
                         " WHERE folder=12", &after), PTN_OK, "count");
    ok(made >= 4 && after - before >= made && after - before <= 8,
       "%u acknowledged, %lld there", made, (long long) (after - before));
    report.line[0] = '\0';
    is_rc(ptn_mbox_check(e.store, &e.user[ALICE], false, engine_report,
                         &report), PTN_OK, report.line);
    engine_done(&e);
}


int
main(int argc, char **argv)
{
    char           *dir;
    size_t          i;
    ptn_rc_t        rc;
    engine_look_t   l;

    static reads_kind_t  kinds[] = {
        { { "read error", EIO, false, 0, 0, 0 }, READS_FAIL },
        { { "no reads", EIO, true, 0, 0, 0 }, READS_FAIL },
        { { "no file opens", EMFILE, true, 0, 0, 0 }, READS_OPEN },
        { { "short reads", 0, true, 0, 0, 0 }, READS_SHORT }
    };

    memset(&l, 0, sizeof(l));
    l.pool = ptn_pool_create(0, NULL);
    dir = ptn_sim_tmp();
    engine_init(&l.e, &ptn_io_posix, dir);
    l.e.conf.fsync = false;
    rc = ptn_store_open(&l.e.opts, &l.e.store);

    for (i = 0; i < ENGINE_OPS && rc == PTN_OK; i++) {
        rc = engine_do(&l.e, &engine_ops[i]);
        ENGINE_TRY(rc, engine_state(&l.e, l.pool, &l.states[i]));
    }

    ok(rc == PTN_OK, "%zu operations, %s", i, ptn_err(rc)->name);
    engine_done(&l.e);
    ptn_sim_remove(dir);
    free(dir);

    for (i = 0; i < ptn_nelts(kinds) && rc == PTN_OK; i++) {
        if (argc < 2 || strstr(kinds[i].kind.name, argv[1]) != NULL) {
            test_kind(&l, &kinds[i]);
        }
    }

    /* a store that has some of everything */

    dir = ptn_sim_tmp();
    engine_init(&l.e, &ptn_io_posix, dir);
    l.e.conf.fsync = false;
    rc = ptn_store_open(&l.e.opts, &l.e.store);

    for (i = 0; i < READS_FROM && rc == PTN_OK; i++) {
        rc = engine_do(&l.e, &engine_ops[i]);
    }

    is_rc(rc, PTN_OK, "filled");
    engine_done(&l.e);

    for (i = 0; i < ptn_nelts(kinds) && rc == PTN_OK; i++) {
        if (argc < 2 || strstr(kinds[i].kind.name, argv[1]) != NULL) {
            test_answers(&kinds[i], dir);
        }
    }

    ok(left_open(dir) == 0, "nothing is left open");

    for (i = 1; i < 3 && rc == PTN_OK; i++) {
        test_neighbour(&kinds[i], dir, false);
        test_neighbour(&kinds[i], dir, true);
    }

    if (rc == PTN_OK) {
        test_cut(dir);
    }

    ptn_sim_remove(dir);
    free(dir);
    ptn_pool_destroy(l.pool);

    return done_testing();
}
