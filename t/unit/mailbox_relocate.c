/*
 * A mailbox moved to another ROOT: the same to everybody, with its states,
 * while two processes write to it; live in one place only; killed before any
 * of its changes it is there or here, whole, and the call goes on; and back.
 */

#include <poll.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "kill_io.h"
#include "mailbox_battery.h"
#include "mailbox_visible.h"


#define WRITERS  2
#define BALLAST  600     /* messages of 2 x 20,000 bytes: 6 MB when packed */

static ptn_user_t  alice, carol;
static unsigned    left_at;     /* the change before which it had left */

/* How many messages each writer may have written by now; in shared memory. */
static _Atomic uint32_t  *may;


/* One for so many steps of the copy; a hundred beside its end. */

static void
copied(void *ctx PTN_UNUSED, const char *what, uint64_t done, uint64_t total)
{
    if (may == NULL) {
        return;
    }

    if (done % 10 == 0) {
        atomic_fetch_add(may, 1);
    }

    if (strcmp(what, "database") == 0 && done >= total) {
        atomic_fetch_add(may, 100);
    }
}


static ptn_rc_t
relocate(site_t *from, site_t *to, const ptn_user_t *who,
    ptn_relocated_t *ret)
{
    ptn_ops_t  ops = { copied, site_report, from };

    return ptn_mbox_relocate(from->store, to->store, who, &ops, ret);
}


static ptn_rc_t
opens(site_t *s)
{
    ptn_mbox_t  *mb;

    return ptn_mbox_open(s->store, &alice, NULL, &mb);
}


static void
again(site_t *s)
{
    ptn_store_close(s->store);
    ptn_store_open(&s->opts, &s->store);
}


static void
test_moved(site_t *a, site_t *b)
{
    char             *was, path[200];
    ptn_txn_t         tx;
    ptn_view_t       *view;
    ptn_relocated_t   r;
    ptn_mbox_info_t   info, there;

    was = visible_text(a, "alice", true);
    ptn_mbox_info(site_open(a, "alice"), &info);
    ptn_view_get(site_open(a, "alice"), PTN_FOLDER_INBOX, &view);
    is_rc(relocate(a, b, &alice, &r), PTN_OK, "moved");
    ok(r.blobs != 0 && r.bytes > 100000 && !r.again, "it took something");
    is_str(ptn_str_z(visible_text(b, "alice", true)), was,
           "all is there, with its numbers");
    ptn_mbox_info(site_open(b, "alice"), &there);
    ok(there.epoch == info.epoch && there.cn == info.cn, "and its incarnation");
    site_check(b, "alice");
    ptn_view_unref(view);

    is_rc(opens(a), PTN_EUNAVAIL, "not here");
    is_rc(ptn_mbox_moved_to(a->store, &alice, path, sizeof(path)), PTN_OK,
          "that says");
    is_str(ptn_str_z(path), b->root, "where it is");
    is_rc(ptn_mbox_create(a->store, &alice), PTN_EEXIST, "none is made here");
    again(a);
    is_rc(opens(a), PTN_EUNAVAIL, "nor later");
    is_rc(relocate(a, b, &alice, &r), PTN_OK, "once more");
    ok(r.again, "it was");
    is_str(ptn_str_z(visible_text(b, "alice", true)), was, "as it is");

    /* and it goes on */

    ptn_txn_begin(&tx, site_open(b, "alice"));
    battery_deliver(b, &tx);
    ptn_txn_commit(&tx);
    is_rc(ptn_store_commit(b->store), PTN_OK, "mail comes");
    site_check(b, "alice");
    ptn_mbox_info(site_open(b, "alice"), &there);
    is_u64(there.epoch, info.epoch, "the same incarnation");

    /* back */

    was = visible_text(b, "alice", true);
    is_rc(relocate(b, a, &alice, &r), PTN_OK, "back");
    is_str(ptn_str_z(visible_text(a, "alice", true)), was, "all of it");
    is_rc(opens(b), PTN_EUNAVAIL, "not there");
    site_check(a, "alice");

    is_rc(ptn_mbox_delete(b->store, &alice), PTN_OK, "what is left there");
    is_rc(ptn_mbox_moved_to(b->store, &alice, path, sizeof(path)),
          PTN_ENOTFOUND, "is removed");
}


static void
test_refused(site_t *a, site_t *b)
{
    site_t            c;
    ptn_txn_t         tx;
    ptn_appended_t    app;
    ptn_relocated_t   r;

    ok(opens(b) == PTN_OK, "an empty one is there");
    is_rc(relocate(a, b, &alice, &r), PTN_OK, "it gives way");
    is_rc(relocate(b, a, &alice, &r), PTN_OK, "back");
    is_rc(relocate(a, a, &alice, &r), PTN_EINVAL, "to itself");

    site_make(&c);
    c.conf.fsync = false;
    ptn_txn_begin(&tx, site_open(&c, "alice"));
    site_append(&c, &tx, PTN_FOLDER_INBOX, 100, 0, &app);
    ptn_txn_commit(&tx);
    ptn_store_commit(c.store);
    is_rc(relocate(a, &c, &alice, &r), PTN_EEXIST,
          "one that is in use does not");
    is_rc(opens(a), PTN_OK, "nothing has changed here");
    is_rc(opens(&c), PTN_OK, "nor there");
    site_check(a, "alice");
    site_check(&c, "alice");
    site_done(&c);
}


/* ---- with writers ------------------------------------------------------ */

/* So much more than is written meanwhile that copying all again is seen. */

static void
ballast(site_t *s)
{
    unsigned        i;
    ptn_rc_t        rc;
    ptn_txn_t       tx;
    ptn_appended_t  app;

    for (i = 0; i < BALLAST; i++) {
        if (i % 100 == 0) {
            ptn_txn_begin(&tx, site_open(s, "carol"));
        }

        rc = battery_append(s, &tx, PTN_FOLDER_INBOX, 5000 + i, 20000, &app);

        if (rc != PTN_OK) {
            is_rc(rc, PTN_OK, "ballast");
        }

        if (i % 100 == 99) {
            is_rc(ptn_txn_commit(&tx), PTN_OK, "ballast");
            is_rc(ptn_store_commit(s->store), PTN_OK, "ballast");
        }
    }
}


/* Until the mailbox leaves, as much as they may; how many were acknowledged
 * goes to the pipe. */

static void
writer(site_t *s, unsigned n, int out)
{
    ptn_rc_t          rc;
    uint32_t          i, acked;
    ptn_txn_t         tx = { 0 };
    ptn_user_t        u;
    ptn_mbox_t       *mb;
    ptn_append_t      a;
    ptn_appended_t    app;

    ptn_store_open(&s->opts, &s->store);
    u = carol;
    acked = 0;

    for (i = 0; i < 100000; i++) {
        while (i >= atomic_load(may)) {
            poll(NULL, 0, 1);
        }

        memset(&a, 0, sizeof(a));
        a.raw = (i % 7 == 3) ? battery_mail(s, 1000 * n + i, 20000)
                             : ptn_str_printf(s->pool,
                                   "Subject: %u %u\r\n\r\ntext\r\n", n, i);
        rc = ptn_mbox_open(s->store, &u, NULL, &mb);

        if (rc == PTN_EUNAVAIL) {
            break;
        }

        if (rc == PTN_OK) {
            rc = ptn_txn_begin(&tx, mb);
        }

        if (rc == PTN_OK) {
            rc = ptn_msg_append(&tx, PTN_FOLDER_DRAFTS, &a, &app);
        }

        if (rc == PTN_OK) {
            rc = ptn_txn_commit(&tx);
        }

        ptn_txn_done(&tx);

        if (rc == PTN_OK) {
            rc = ptn_store_commit(s->store);

        } else {
            ptn_store_rollback(s->store);
        }

        acked += (rc == PTN_OK);
        ptn_pool_reset(s->pool);

        if (i == 20) {
            (void) !write(out, &acked, sizeof(acked));
        }
    }

    ptn_store_close(s->store);
    _exit(write(out, &acked, sizeof(acked)) != sizeof(acked));
}


static void
test_writers(site_t *a, site_t *b)
{
    int                  status, out[WRITERS][2];
    pid_t                pid[WRITERS];
    unsigned             i;
    uint32_t             n, all;
    ptn_relocated_t      r;
    const ptn_folder_t  *f;

    carol = site_user(a, "carol");
    ballast(a);
    ptn_folder_get(site_open(a, "carol"), PTN_FOLDER_DRAFTS, &f);
    all = f->total;
    ptn_store_close(a->store);
    a->store = NULL;
    may = mmap(NULL, sizeof(uint32_t), PROT_READ|PROT_WRITE,
               MAP_SHARED|MAP_ANONYMOUS, -1, 0);
    atomic_store(may, 21);

    for (i = 0; i < WRITERS; i++) {
        ok(pipe(out[i]) == 0, "a pipe");
        fflush(stdout);
        pid[i] = fork();

        if (pid[i] == 0) {
            writer(a, i, out[i][1]);
        }

        close(out[i][1]);
    }

    ptn_store_open(&a->opts, &a->store);

    for (i = 0; i < WRITERS; i++) {
        ok(read(out[i][0], &n, sizeof(n)) == sizeof(n), "it writes");
    }

    is_rc(relocate(a, b, &carol, &r), PTN_OK, "moved under their hands");
    printf("# each could write %u\n", atomic_load(may));
    atomic_store(may, UINT32_MAX);
    printf("# frozen for %llu ms, %llu of %llu bytes copied again\n",
           (unsigned long long) r.frozen_ms,
           (unsigned long long) r.caught_up, (unsigned long long) r.bytes);
    ok(r.caught_up < r.bytes / 2, "little was copied again");

    for (i = 0; i < WRITERS; i++) {
        n = 0;
        ok(read(out[i][0], &n, sizeof(n)) == sizeof(n), "%u acknowledged", n);
        waitpid(pid[i], &status, 0);
        is_u64(status, 0, "it found out");
        all += n;
        close(out[i][0]);
    }

    ptn_folder_get(site_open(b, "carol"), PTN_FOLDER_DRAFTS, &f);
    is_u64(f->total, all, "everything acknowledged is there");
    site_check(b, "carol");
    is_rc(relocate(b, a, &carol, &r), PTN_OK, "back");
    site_check(a, "carol");
}


/* ---- kills ------------------------------------------------------------- */

/* Which are live: 1 here, 2 there. */

static unsigned
live(site_t *a, site_t *b)
{
    return (opens(a) == PTN_OK) | (opens(b) == PTN_OK) << 1;
}


/*
 * Before the nth change of either ROOT, for many n.  Whoever is live then
 * has everything; then it is done again.
 */

static void
test_killed(site_t *a, site_t *b)
{
    int               status;
    bool              done, both;
    char             *was;
    pid_t             pid;
    unsigned          n, at, kills, there, total;
    kill_io_t         k;
    ptn_relocated_t   r;

    /* how many there are */

    ptn_store_close(a->store);
    ptn_store_close(b->store);
    kill_io_init(&k, 0);
    a->opts.io = b->opts.io = &k.io;
    ptn_store_open(&a->opts, &a->store);
    ptn_store_open(&b->opts, &b->store);
    is_rc(relocate(a, b, &alice, &r), PTN_OK, "without a kill");
    total = (unsigned) k.n;
    ptn_store_close(a->store);
    ptn_store_close(b->store);
    a->opts.io = b->opts.io = NULL;
    ptn_store_open(&a->opts, &a->store);
    ptn_store_open(&b->opts, &b->store);
    is_rc(relocate(b, a, &alice, &r), PTN_OK, "and back");

    was = visible_text(a, "alice", true);
    kills = 0;
    there = 0;
    both = false;
    done = false;

    for (n = 1; n < 3000 && !done; n += (n + 40 > total) ? 1 : 1 + n / 8) {
        ptn_store_close(a->store);
        ptn_store_close(b->store);
        a->store = b->store = NULL;
        fflush(stdout);
        pid = fork();

        if (pid == 0) {
            kill_io_init(&k, n);
            a->opts.io = b->opts.io = &k.io;
            ptn_store_open(&a->opts, &a->store);
            ptn_store_open(&b->opts, &b->store);
            _exit(relocate(a, b, &alice, &r) != PTN_OK);
        }

        waitpid(pid, &status, 0);
        done = WIFEXITED(status);
        kills += !done;
        ptn_store_open(&a->opts, &a->store);
        ptn_store_open(&b->opts, &b->store);
        at = live(a, b);
        both |= (at != 1 && at != 2);
        there += (at == 2 && !done);
        left_at = (at == 2 && left_at == 0) ? n : left_at;

        if (strcmp(visible_text(at == 1 ? a : b, "alice", true), was) != 0) {
            ok(false, "kill %u: live in %u, something differs", n, at);
            break;
        }

        if (kills % 8 == 0) {
            site_check(at == 1 ? a : b, "alice");
        }

        if (!is_rc(relocate(a, b, &alice, &r), PTN_OK, "again")
            || live(a, b) != 2
            || strcmp(visible_text(b, "alice", true), was) != 0
            || relocate(b, a, &alice, &r) != PTN_OK || live(a, b) != 1)
        {
            ok(false, "kill %u: there and back", n);
            break;
        }

        ptn_pool_reset(a->pool);
        ptn_pool_reset(b->pool);
        alice = site_user(a, "alice");
        was = visible_text(a, "alice", true);
    }

    ok(done && !both, "%u kills, always live in one place", kills);
    ok(there > 0, "%u of them when it had left", there);
    site_check(a, "alice");
}


/* It left, and arrives only when it can be seen that it did. */

static void
test_unseen(site_t *a, site_t *b)
{
    int               status;
    char              away[200], to[200];
    pid_t             pid;
    unsigned          n;
    kill_io_t         k;
    ptn_relocated_t   r;

    snprintf(away, sizeof(away), "%s.away", a->root);

    for (n = ptn_max(left_at, 30u) - 25; n < 3000; n++) {
        ptn_store_close(a->store);
        ptn_store_close(b->store);
        fflush(stdout);
        pid = fork();

        if (pid == 0) {
            kill_io_init(&k, n);
            a->opts.io = b->opts.io = &k.io;
            ptn_store_open(&a->opts, &a->store);
            ptn_store_open(&b->opts, &b->store);
            _exit(relocate(a, b, &alice, &r) != PTN_OK);
        }

        waitpid(pid, &status, 0);
        ptn_store_open(&a->opts, &a->store);
        ptn_store_open(&b->opts, &b->store);

        if (ptn_mbox_moved_to(a->store, &alice, to, sizeof(to)) == PTN_OK) {
            break;
        }
    }

    ok(WIFSIGNALED(status), "killed when it had left, by change %u", n);
    ok(rename(a->root, away) == 0, "that ROOT cannot be seen");
    is_rc(opens(b), PTN_EUNAVAIL, "it waits");
    ok(rename(away, a->root) == 0, "now it can");
    is_rc(opens(b), PTN_OK, "it is there");
    site_check(b, "alice");
}


int
main(void)
{
    site_t  a, b;

    site_make(&a);
    site_make(&b);
    a.conf.fsync = b.conf.fsync = false;
    alice = site_user(&a, "alice");
    battery_fill(&a, "alice");
    test_moved(&a, &b);
    test_refused(&a, &b);
    test_killed(&a, &b);
    test_writers(&a, &b);
    test_unseen(&a, &b);
    site_done(&a);
    site_done(&b);

    return done_testing();
}
