/*
 * The lock between checkpoints and batches (ptn_txn.c): no checkpoint while
 * anybody has a batch open, no batch while a checkpoint copies.  And whose a
 * mailbox file is.
 */

#include "mailbox_site.h"


typedef struct {
    ptn_io_t     io;
    ptn_mbox_t  *other;         /* tries to begin while the file is synced */
    unsigned     tried, let_in;
} front_t;


static int
front_before(ptn_io_t *io, const ptn_io_change_t *change)
{
    front_t  *f = (front_t *) io;

    if (f->other != NULL && change->site == PTN_IO_DB) {
        f->tried++;

        if (ptn_mbox_lock(f->other, F_RDLCK, PTN_LOCK_WRITE, 0)
            != PTN_EBUSY)
        {
            f->let_in++;
            ptn_mbox_lock(f->other, F_UNLCK, PTN_LOCK_WRITE, 0);
        }
    }

    return 0;
}


static void
append(site_t *s, ptn_mbox_t *mb, ptn_txn_t *tx)
{
    ptn_appended_t  app;

    is_rc(ptn_txn_begin(tx, mb), PTN_OK, "begin");
    is_rc(site_append(s, tx, PTN_FOLDER_INBOX, 2000, 0, &app), PTN_OK,
          "append");
    is_rc(ptn_txn_commit(tx), PTN_OK, "commit");
}


/* Two stores of one ROOT lock as two processes do. */

static void
test_checkpoint(site_t *s, front_t *f)
{
    ptn_txn_t     tx;
    ptn_mbox_t   *mb, *theirs;
    ptn_store_t  *other;

    is_rc(ptn_store_open(&s->opts, &other), PTN_OK, "another store");
    mb = site_open(s, "lock");
    theirs = site_open_store(s, other, "lock");

    append(s, mb, &tx);
    is_rc(ptn_checkpoint(mb, false, false), PTN_EBUSY,
          "none in a batch of its own");
    is_rc(ptn_checkpoint(theirs, false, false), PTN_EBUSY,
          "which keeps its lock");
    is_rc(ptn_store_commit(s->store), PTN_OK, "kept");
    ok(mb->wal > 0, "the WAL has grown");

    append(s, theirs, &tx);
    is_rc(ptn_checkpoint(mb, false, false), PTN_EBUSY,
          "none while another has a batch open");
    ok(mb->wal > 0, "the WAL is as it was");
    is_rc(ptn_store_commit(other), PTN_OK, "kept");

    f->other = theirs;
    is_rc(ptn_checkpoint(mb, false, false), PTN_OK, "then there is one");
    f->other = NULL;
    ok(f->tried > 0, "while it copies others try to begin");
    is_u64(f->let_in, 0, "none of them may");
    is_u64(mb->wal, 0, "all is in the file");

    append(s, theirs, &tx);
    is_rc(ptn_store_commit(other), PTN_OK, "and they may again");
    ptn_store_close(other);
    site_check(s, "lock");
}


/* A file of another user in the place of this one's. */

static void
test_guid(site_t *s)
{
    char         from[256], to[256];
    ptn_rc_t     rc;
    ptn_user_t   u;
    ptn_mbox_t  *mb;

    mb = site_open(s, "mine");
    snprintf(to, sizeof(to), "%s", sqlite3_db_filename(mb->db, "main"));
    mb = site_open(s, "his");
    snprintf(from, sizeof(from), "%s", sqlite3_db_filename(mb->db, "main"));
    ptn_store_close(s->store);
    ok(unlink(to) == 0 && link(from, to) == 0 && unlink(from) == 0,
       "his file has my name");

    is_rc(ptn_store_open(&s->opts, &s->store), PTN_OK, "a store");
    u = site_user(s, "mine");
    rc = ptn_mbox_open(s->store, &u, NULL, &mb);
    ok(rc == PTN_EUNAVAIL, "it is not opened for me: %s", ptn_err(rc)->name);
}


int
main(void)
{
    site_t          s;
    static front_t  f;

    f.io = ptn_io_posix;
    f.io.before = front_before;
    site_make_io(&s, &f.io);
    test_checkpoint(&s, &f);
    test_guid(&s);
    site_done(&s);

    return done_testing();
}
