/*
 * One delivery to many mailboxes: the attachment is one file with many names,
 * each mailbox goes its own way with its name, and where linking does not work
 * it is written.  With the power failing at any point of such a delivery, both
 * mailboxes are whole, and what was acknowledged is in both.
 */

#include "schema_memo.h"
#include "mailbox_site.h"
#include "content_site.h"
#include "ptn_sim.h"


#define MANY  20


static nlink_t
names_of(ptn_mbox_t *mb, ptn_str_t data, ino_t *ret_ino)
{
    char         path[PTN_BLOB_PATH];
    struct stat  sb;

    content_path(mb, data, path);

    if (stat(path, &sb) == -1) {
        return 0;
    }

    if (ret_ino != NULL) {
        *ret_ino = sb.st_ino;
    }

    return sb.st_nlink;
}


static void
remove_message(site_t *s, ptn_mbox_t *mb, uint32_t uid)
{
    ptn_txn_t  tx;

    ptn_txn_begin(&tx, mb);
    ptn_msg_expunge(&tx, PTN_FOLDER_INBOX, &uid, 1);
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    site_idle(s);
}


static void
test_many(bool text)
{
    char            name[16], path[PTN_BLOB_PATH];
    ino_t           ino, one;
    site_t          s;
    unsigned        i, good, same;
    ptn_str_t       data, raw;
    struct stat     sb;
    ptn_mbox_t     *mb[MANY];
    ptn_appended_t  app[MANY];

    site_make(&s);
    data = content_bytes(s.pool, 300000, 1, text);
    raw = content_message(s.pool, data, 1);
    good = 0;

    for (i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "user%u", i);
        mb[i] = site_open(&s, name);
        good += content_append(mb[i], raw, &app[i]) == PTN_OK;
    }

    is_u64(ptn_store_commit(s.store), PTN_OK, "committed");
    is_u64(good, MANY, "delivered");
    is_u64(names_of(mb[0], data, &one), MANY, "one file, many names");
    content_path(mb[0], data, path);
    stat(path, &sb);
    ok(text ? sb.st_size < 100000 : sb.st_size == 300000,
       "it takes %lld bytes", (long long) sb.st_size);

    for (i = same = good = 0; i < MANY; i++) {
        names_of(mb[i], data, &ino);
        same += ino == one;
        good += content_read(mb[i], app[i].id, &raw) == PTN_OK;
    }

    is_u64(same, MANY, "each has it");
    is_u64(good, MANY, "and reads the message from it");

    /* one mailbox loses it, another is removed from the disk */

    remove_message(&s, mb[0], app[0].uid);
    is_u64(names_of(mb[0], data, NULL), 0, "collected in one");
    is_u64(names_of(mb[1], data, NULL), MANY - 1, "there in the others");
    is_u64(content_read(mb[1], app[1].id, &raw), PTN_OK, "and read there");

    /* whoever comes later finds the first gone and writes */

    is_u64(content_append(mb[0], raw, &app[0]), PTN_OK, "again");
    ptn_store_commit(s.store);
    is_u64(names_of(mb[0], data, NULL), 1, "a file of its own");
    is_u64(content_read(mb[0], app[0].id, &raw), PTN_OK, "and read");

    for (i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "user%u", i);
        site_check(&s, name);
    }

    site_done(&s);
}


/* Another file under the name that was linked from is never linked. */

static void
test_changed(void)
{
    int             fd;
    char            path[PTN_BLOB_PATH], tmp[PTN_BLOB_PATH + 8];
    ino_t           a, b;
    site_t          s;
    ptn_str_t       data, raw;
    ptn_mbox_t     *mb, *other;
    ptn_appended_t  app;

    site_make(&s);
    data = content_bytes(s.pool, 50000, 2, false);
    raw = content_message(s.pool, data, 2);
    mb = site_open(&s, "alice");
    content_append(mb, raw, &app);
    ptn_store_commit(s.store);

    content_path(mb, data, path);
    snprintf(tmp, sizeof(tmp), "%s.x", path);
    fd = open(tmp, O_WRONLY|O_CREAT, 0600);
    ok(fd != -1 && write(fd, raw.data, 50000) == 50000
       && rename(tmp, path) == 0, "the file was changed");
    close(fd);

    other = site_open(&s, "bob");
    content_append(other, raw, &app);
    ptn_store_commit(s.store);
    names_of(mb, data, &a);
    names_of(other, data, &b);
    ok(a != b, "the other mailbox has one of its own");
    is_u64(content_read(other, app.id, &raw), PTN_OK, "the right one");
    site_check(&s, "bob");
    site_done(&s);
}


/* ---- linking does not work ----------------------------------------------- */

static int  link_errno;

static int
no_link(ptn_io_t *io, const char *from, const char *to)
{
    if (strstr(to, "/blob/") == NULL) {
        return ptn_io_posix.link(io, from, to);
    }

    errno = link_errno;

    return -1;
}


static void
test_no_link(int err, const char *why)
{
    site_t          s;
    unsigned        i;
    ptn_io_t        io = ptn_io_posix;
    ptn_str_t       data, raw;
    ptn_mbox_t     *mb;
    ptn_appended_t  app;

    static const char *const  names[] = { "alice", "bob", "carol" };

    link_errno = err;
    io.link = no_link;
    site_make_io(&s, &io);
    data = content_bytes(s.pool, 50000, 3, false);
    raw = content_message(s.pool, data, 3);

    for (i = 0; i < 3; i++) {
        mb = site_open(&s, names[i]);
        is_u64(content_append(mb, raw, &app), PTN_OK, "delivered");
        ptn_store_commit(s.store);
        is_u64(names_of(mb, data, NULL), 1, why);
        is_u64(content_read(mb, app.id, &raw), PTN_OK, "and read");
    }

    site_check(&s, "carol");
    site_done(&s);
}


/* Undone in the first, linked by the second. */

static void
test_undone(void)
{
    site_t          s;
    ptn_str_t       data, raw;
    ptn_mbox_t     *mb, *other;
    ptn_txn_t       tx;
    ptn_append_t    a;
    ptn_appended_t  app;

    site_make(&s);
    data = content_bytes(s.pool, 50000, 4, false);
    raw = content_message(s.pool, data, 4);
    mb = site_open(&s, "alice");
    memset(&a, 0, sizeof(a));
    a.raw = raw;
    ptn_txn_begin(&tx, mb);
    ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app);
    ptn_txn_done(&tx);

    other = site_open(&s, "bob");
    is_u64(content_append(other, raw, &app), PTN_OK, "the other delivers");
    is_u64(ptn_store_commit(s.store), PTN_OK, "and commits");
    site_idle(&s);
    is_u64(names_of(mb, data, NULL), 0, "what was undone is collected");
    is_u64(names_of(other, data, NULL), 1, "the other keeps it");
    is_u64(content_read(other, app.id, &raw), PTN_OK, "and reads it");
    site_check(&s, "alice");
    site_check(&s, "bob");
    site_done(&s);
}


/* A backup is made of it: its blobs stay until that is over. */

static void
test_backup(void)
{
    int             fd;
    char            path[PTN_BLOB_PATH];
    site_t          s;
    ptn_str_t       data, raw;
    ptn_mbox_t     *mb;
    struct flock    fl;
    ptn_appended_t  app;

    site_make(&s);
    data = content_bytes(s.pool, 50000, 5, false);
    raw = content_message(s.pool, data, 5);
    mb = site_open(&s, "alice");
    content_append(mb, raw, &app);
    ptn_store_commit(s.store);

    snprintf(path, sizeof(path), "%s/lock", mb->dir);
    memset(&fl, 0, sizeof(fl));
    fl.l_type = F_RDLCK;
    fl.l_start = PTN_LOCK_BACKUP;
    fl.l_len = 1;
    fd = open(path, O_RDWR);
    ok(fd != -1 && fcntl(fd, F_OFD_SETLK, &fl) == 0, "a backup begins");

    remove_message(&s, mb, app.uid);
    is_u64(names_of(mb, data, NULL), 1, "the blob stays");
    close(fd);
    site_idle(&s);
    is_u64(names_of(mb, data, NULL), 0, "until the backup is made");
    site_check(&s, "alice");
    site_done(&s);
}


/* ---- the power fails ----------------------------------------------------- */

typedef struct {
    ptn_sim_t   *sim;
    ptn_str_t    raw;
    char         why[200];
} power_t;

#ifdef __SANITIZE_ADDRESS__
#define DISKS_EVERY  41         /* looked at, of those that differ */
#else
#define DISKS_EVERY  7
#endif


/* Both mailboxes are whole; after the mark both have the message. */

static const char *
power_check(void *ctx, const char *dir, unsigned marks)
{
    site_t       s;
    unsigned     i;
    power_t     *p = ctx;
    ptn_row_t    row;
    ptn_rc_t     rc;
    ptn_user_t   u;
    ptn_view_t  *view;
    ptn_mbox_t  *mb;

    memset(&s, 0, sizeof(s));
    ptn_conf_defaults(&s.conf);
    s.conf.root = dir;
    s.conf.verify_content = true;
    s.opts.conf = &s.conf;
    s.opts.io = &p->sim->io;
    s.pool = ptn_pool_create(0, NULL);
    p->why[0] = '\0';

    if (ptn_store_open(&s.opts, &s.store) != PTN_OK) {
        return "no store";
    }

    for (i = 0; i < 2 && p->why[0] == '\0'; i++) {
        u = site_user(&s, i ? "bob" : "alice");
        rc = ptn_mbox_open(s.store, &u, NULL, &mb);
        row.id = 0;

        if (rc == PTN_OK) {
            rc = ptn_view_get(mb, PTN_FOLDER_INBOX, &view);
        }

        if (rc == PTN_OK) {
            if (ptn_view_count(view) != 0) {
                ptn_view_row(view, 1, &row);
            }

            ptn_view_unref(view);
            rc = row.id ? content_read(mb, row.id, &p->raw)
                 : (marks > 1) ? PTN_ENOTFOUND : PTN_OK;
        }

        if (rc == PTN_OK) {
            rc = ptn_mbox_check(s.store, &u, false, NULL, NULL);
        }

        if (rc != PTN_OK) {
            snprintf(p->why, sizeof(p->why), "mailbox %u after %u marks: %s",
                     i, marks, ptn_err(rc)->name);
        }
    }

    ptn_store_close(s.store);
    ptn_pool_destroy(s.pool);
    ptn_view_list_shrink(0);

    return p->why[0] ? p->why : NULL;
}


/* What a missing sync does is looked for in the others, too. */

static void
power_ok(power_t *p, uint32_t ignore, const char *name)
{
    ptn_sim_result_t  res;

    p->sim->every = DISKS_EVERY;
    p->sim->phase = 0;

    do {
        p->sim->disks = 0;
        ptn_sim_run(p->sim, p->sim->base, ignore, 1, power_check, p, &res);
        p->sim->phase++;
    } while (ignore && !res.bad && p->sim->phase < DISKS_EVERY);

    ok(ignore ? res.bad : !res.bad, "%s: %s", name,
       res.bad ? res.bad_why : "nothing is lost");
    diag("%zu disks, %zu different", res.images, res.checked);
}


/* `together`: in one batch, else the second links what is durable. */

static void
test_power(bool together)
{
    char            *dir;
    site_t           s;
    power_t          p;
    ptn_mbox_t      *alice, *bob;
    ptn_appended_t   app;

    dir = ptn_sim_tmp();
    p.sim = ptn_sim_create(dir);
    p.sim->keep = true;
    memset(&s, 0, sizeof(s));
    ptn_conf_defaults(&s.conf);
    s.conf.root = dir;
    s.opts.conf = &s.conf;
    s.opts.io = &p.sim->io;
    s.pool = ptn_pool_create(0, NULL);
    ptn_store_open(&s.opts, &s.store);
    alice = site_open(&s, "alice");
    bob = site_open(&s, "bob");
    ptn_sim_mark(p.sim);

    p.raw = content_message(s.pool, content_bytes(s.pool, 40000, 6, false),
                            6);
    ok(content_append(alice, p.raw, &app) == PTN_OK
       && (together || ptn_store_commit(s.store) == PTN_OK)
       && content_append(bob, p.raw, &app) == PTN_OK
       && ptn_store_commit(s.store) == PTN_OK, "delivered to both");
    ptn_sim_mark(p.sim);
    ptn_store_close(s.store);

    power_ok(&p, 0, together ? "in one batch" : "in two batches");
    power_ok(&p, 1u << PTN_IO_BLOB, "without BLOB");
    power_ok(&p, 1u << PTN_IO_BLOB_DIR, "without BLOB_DIR");

    ptn_sim_free(p.sim);
    ptn_sim_remove(dir);
    free(dir);
    ptn_pool_destroy(s.pool);
}


int
main(void)
{
    test_many(false);
    test_many(true);
    test_changed();
    test_no_link(EXDEV, "another file system");
    test_no_link(EMLINK, "too many names");
    test_undone();
    test_backup();
    test_power(true);
    test_power(false);

    return done_testing();
}
