/*
 * The mailbox and power loss: deliveries, APPEND, flags, copies, moves,
 * expunges, folders, checkpoints, reopening.  At every point the disk gives a
 * mailbox that is as it was at the last acknowledgement, or as the change
 * under way would have made it; counters, content and uids are right, the
 * check finds nothing, and mail can be delivered again.  Without any one of
 * its syncs something is lost.  A change that fails (disk full) is told, and
 * costs nothing that was acknowledged.
 */

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "power_site.h"
#include "ptn_charset.h"
#include "ptn_dictionary.h"


#define PLACES_MAX  32
#define BLOB_SIZE   36000       /* decoded; above PTN_SKELETON_MIN */

/*
 * Under a sanitizer a disk costs ten times as much, and is looked at for what
 * the code does, not for what the disk holds: a sample will do.  The search
 * for a loss without a sync is never sampled.  Steps miss the change that
 * lowers the mark when a mailbox is closed: ids jump after it failed, as after
 * a crash.
 */
#ifdef __SANITIZE_ADDRESS__
#define DISKS_EVERY  11
#define ERRORS_STEP  78
#else
#define DISKS_EVERY  3
#define ERRORS_STEP  11
#endif


/* Places of the program, by what has been lost without their syncs. */

static struct {
    unsigned     site;
    const void  *caller;
    bool         needed;
} places[PLACES_MAX];

static unsigned  nplaces;


/* ---- messages ------------------------------------------------------------ */

/* With an attachment: a skeleton and a blob. */
static ptn_str_t
message_attached(ptn_pool_t *pool, unsigned blob, unsigned n)
{
    size_t     i;
    ptn_buf_t  b;
    ptn_str_t  text;

    text = ptn_base64_encode(pool, site_noise(pool, BLOB_SIZE, blob));

    ptn_buf_init(&b, pool);
    ptn_buf_printf(&b, "From: a@example.test\r\nSubject: %u\r\n"
                   "Content-Type: multipart/mixed; boundary=x\r\n\r\n"
                   "--x\r\n\r\nsee there\r\n"
                   "--x\r\nContent-Type: application/pdf\r\n"
                   "Content-Transfer-Encoding: base64\r\n\r\n", n);

    for (i = 0; i < text.len; i += 76) {
        ptn_buf_add(&b, text.data + i, ptn_min((size_t) 76, text.len - i));
        ptn_buf_z(&b, "\r\n");
    }

    ptn_buf_z(&b, "--x--\r\n");

    return ptn_buf_get(&b);
}


/* Only text, that does not compress: kept in a file above some size. */
static ptn_str_t
message_plain(ptn_pool_t *pool, size_t size, unsigned n)
{
    size_t     i;
    ptn_buf_t  b;
    ptn_str_t  text;

    text = ptn_base64_encode(pool, site_noise(pool, size * 3 / 4, n));

    ptn_buf_init(&b, pool);
    ptn_buf_printf(&b, "From: a@example.test\r\nSubject: %u\r\n\r\n", n);

    for (i = 0; i < text.len; i += 70) {
        ptn_buf_add(&b, text.data + i, ptn_min((size_t) 70, text.len - i));
        ptn_buf_z(&b, "\r\n");
    }

    return ptn_buf_get(&b);
}


/* --- what a mailbox holds ------------------------------------------------ */

static ptn_rc_t
state_sink(void *ctx, const u_char *p, size_t n)
{
    uint64_t  *h = ctx;
    size_t     i;

    for (i = 0; i < n; i++) {
        *h = (*h ^ p[i]) * 0x100000001b3ULL;
    }

    return PTN_OK;
}


static ptn_rc_t
state_row(site_t *s, ptn_buf_t *b, const ptn_row_t *row)
{
    ptn_rc_t    rc;
    uint64_t    hash;
    ptn_msg_t  *msg;

    hash = 0xcbf29ce484222325ULL;

    rc = ptn_msg_open(s->mb[0], s->pool, row->id, &msg);

    if (rc == PTN_OK) {
        rc = ptn_msg_bytes(msg, 0, UINT64_MAX, state_sink, &hash);
    }

    ptn_buf_printf(b, "  %u %x %llx %llu %016llx\n", row->uid, row->flags,
                   (unsigned long long) row->keywords,
                   (unsigned long long) row->size, (unsigned long long) hash);

    return rc;
}


/* Everything a client could tell apart, as text. */
static ptn_rc_t
state_list(site_t *s, ptn_buf_t *b)
{
    size_t               i, n;
    ptn_rc_t             rc;
    uint32_t             seq;
    ptn_row_t            row;
    ptn_view_t          *view;
    const ptn_folder_t  *f;


    rc = ptn_folder_list(s->mb[0], &f, &n);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        ptn_buf_printf(b, "%llu %.*s in %llu: validity %u next %u total %u "
                       "unread %u deleted %u size %llu%s\n",
                       (unsigned long long) f[i].id, ptn_str_arg(f[i].name),
                       (unsigned long long) f[i].parent, f[i].uidvalidity,
                       f[i].uidnext, f[i].total, f[i].unread, f[i].deleted,
                       (unsigned long long) f[i].size,
                       f[i].subscribed ? " subscribed" : "");

        rc = ptn_view_get(s->mb[0], f[i].id, &view);
        if (rc != PTN_OK) {
            break;
        }

        for (seq = 1; seq <= ptn_view_count(view) && rc == PTN_OK; seq++) {
            ptn_view_row(view, seq, &row);
            rc = state_row(s, b, &row);
        }

        ptn_view_unref(view);
    }

    return rc;
}


/* --- the steps ----------------------------------------------------------- */

static ptn_rc_t
step_append(site_t *s, ptn_id_t folder, ptn_str_t raw, bool delivery,
    uint32_t flags)
{
    ptn_rc_t                              rc;
    ptn_append_t                          a;
    ptn_appended_t                        app;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&a, 0, sizeof(a));
    a.raw = raw;
    a.flags = flags;
    a.received = 1770000000;
    a.delivery = delivery;
    a.sender = ptn_str("a@example.test");

    rc = ptn_txn_begin(&tx, s->mb[0]);

    if (rc == PTN_OK) {
        rc = ptn_msg_append(&tx, folder, &a, &app);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
step_create(site_t *s)
{
    ptn_rc_t  rc;

    rc = ptn_mbox_create(s->store, &s->user[0]);

    return rc == PTN_OK ? site_mboxes(s) : rc;
}


static ptn_rc_t
step_deliver_small(site_t *s)
{
    return step_append(s, PTN_FOLDER_INBOX, message_plain(s->pool, 500, 1),
                       true, 0);
}


static ptn_rc_t
step_deliver_blob(site_t *s)
{
    return step_append(s, PTN_FOLDER_INBOX, message_attached(s->pool, 1, 2),
                       true, 0);
}


/* The same attachment again: the blob is there already. */
static ptn_rc_t
step_deliver_shared(site_t *s)
{
    return step_append(s, PTN_FOLDER_INBOX, message_attached(s->pool, 1, 3),
                       true, 0);
}


static ptn_rc_t
step_append_big(site_t *s)
{
    return step_append(s, PTN_FOLDER_DRAFTS,
                       message_plain(s->pool, 150000, 4), false,
                       PTN_FLAG_SEEN | PTN_FLAG_DRAFT);
}


static ptn_rc_t
step_flags(site_t *s)
{
    ptn_rc_t                              rc;
    uint32_t                              uids[2] = { 1, 2 };
    uint64_t                              modseq;
    unsigned                              bit;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, s->mb[0]);

    if (rc == PTN_OK) {
        rc = ptn_keyword_add(&tx, ptn_str("$Junk"), &bit);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_flags(&tx, PTN_FOLDER_INBOX, uids, 2, PTN_FLAGS_ADD,
                           PTN_FLAG_SEEN | PTN_FLAG_FLAGGED, 1ULL << bit, 0,
                           &modseq);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
step_copy(site_t *s)
{
    ptn_rc_t                              rc;
    uint32_t                              uids[2] = { 1, 2 }, *to;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, s->mb[0]);

    if (rc == PTN_OK) {
        rc = ptn_msg_copy(&tx, s->pool, PTN_FOLDER_INBOX, uids, 2,
                          PTN_FOLDER_ARCHIVE, &to);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
step_move(site_t *s)
{
    ptn_rc_t                              rc;
    uint32_t                              uids[2] = { 2, 3 }, *to;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, s->mb[0]);

    if (rc == PTN_OK) {
        rc = ptn_msg_move(&tx, s->pool, PTN_FOLDER_INBOX, uids, 2,
                          PTN_FOLDER_DELETED, &to);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


/* Both messages with the blob go, but not the copy of one. */
static ptn_rc_t
step_expunge(site_t *s)
{
    ptn_rc_t                              rc;
    uint32_t                              uids[2] = { 1, 2 };
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, s->mb[0]);

    if (rc == PTN_OK) {
        rc = ptn_msg_expunge(&tx, PTN_FOLDER_DELETED, uids, 2);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


/* The last message with the blob, and the big one. */
static ptn_rc_t
step_expunge_last(site_t *s)
{
    ptn_rc_t                              rc;
    uint32_t                              uids[2] = { 1, 2 };
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, s->mb[0]);

    if (rc == PTN_OK) {
        rc = ptn_msg_expunge(&tx, PTN_FOLDER_ARCHIVE, uids, 2);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_expunge(&tx, PTN_FOLDER_DRAFTS, uids, 1);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
step_folder(site_t *s)
{
    ptn_id_t                              id;
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, s->mb[0]);

    if (rc == PTN_OK) {
        rc = ptn_folder_create(&tx, PTN_FOLDER_INBOX, ptn_str("Projects"),
                               NULL, &id);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_subscribe(&tx, id, true);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


/* Checkpoint, removal of dead blobs: nothing that a client could tell. */
static ptn_rc_t
step_idle(site_t *s)
{
    ptn_store_idle(s->store);

    return PTN_OK;
}


/* Packed in haste, and again: the same message at every point. */
static ptn_rc_t
step_haste(site_t *s)
{
    ptn_rc_t                              rc;
    ptn_append_t                          a;
    ptn_appended_t                        app;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&a, 0, sizeof(a));
    a.raw = message_plain(s->pool, 20000, 7);
    a.received = 1770000000;
    a.hurry = true;

    rc = ptn_txn_begin(&tx, s->mb[0]);

    if (rc == PTN_OK) {
        rc = ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
step_packed(site_t *s)
{
    bool  more;

    return ptn_hasty_repack(s->mb[0], 16, &more);
}


/* Two transactions in one batch: both or neither. */
static ptn_rc_t
step_batch(site_t *s)
{
    ptn_rc_t  rc;

    rc = step_append(s, PTN_FOLDER_SENT, message_attached(s->pool, 5, 5),
                     false, PTN_FLAG_SEEN);

    return rc == PTN_OK ? step_append(s, PTN_FOLDER_INBOX,
                                      message_plain(s->pool, 9000, 6), true, 0)
                        : rc;
}


static const step_t  power_life[] = {
    { "create",             step_create, NULL },
    { "deliver",            step_deliver_small, NULL },
    { "deliver with blob",  step_deliver_blob, NULL },
    { "append a big one",   step_append_big, NULL },
    { "flags",              step_flags, NULL },
    { "checkpoint",         step_idle, NULL },
    { "deliver, same blob", step_deliver_shared, NULL },
    { "copy",               step_copy, NULL },
    { "move",               step_move, NULL },
    { "reopen",             step_reopen, NULL },
    { "expunge",            step_expunge, NULL },
    { "folder",             step_folder, NULL },
    { "expunge the last",   step_expunge_last, NULL },
    { "sweep",              step_idle, NULL },
    { "reopen",             step_reopen, NULL },
    { "deliver again",      step_deliver_blob, NULL },
    { "deliver in haste",   step_haste, NULL },
    { "packed again",       step_packed, NULL },
    { "batch",              step_batch, NULL },
    { "checkpoint",         step_idle, NULL },
    { "deliver at the end", step_deliver_small, NULL },
    { NULL, NULL, NULL }
};


static ptn_rc_t
step_open(site_t *s)
{
    return site_mboxes(s);
}


/* What was there before, and a copy of it without its mark is restored. */
static const step_t  power_before[] = {
    { "create",             step_create, NULL },
    { "deliver",            step_deliver_small, NULL },
    { NULL, NULL, NULL }
};

static const step_t  power_restored[] = {
    { "open",               step_open, NULL },
    { "deliver",            step_deliver_blob, NULL },
    { NULL, NULL, NULL }
};

static const step_t  power_again[] = {
    { "open",               step_open, NULL },
    { "reopen",             step_reopen, NULL },
    { NULL, NULL, NULL }
};


/* The ceilings that the disk holds (ptn_epoch.c); false: no whole mark. */
static bool
power_ceilings(site_t *s, uint64_t ret[5])
{
    int       fd, i, k;
    char      path[PTN_SIM_PATH], hex[PTN_GUID_HEX];
    u_char    b[64];
    ssize_t   n;
    uint64_t  hash;

    ptn_guid_hex(s->user[0].mailbox, hex);
    snprintf(path, sizeof(path), "%s/epoch/%s", s->conf.root, hex);

    fd = open(path, O_RDONLY|O_CLOEXEC);
    if (fd == -1) {
        return false;
    }

    n = read(fd, b, sizeof(b));
    close(fd);

    if (n != sizeof(b) || memcmp(b, "PTNEPOC1", 8) != 0) {
        return false;
    }

    for (i = 0; i < 5; i++) {
        for (ret[i] = 0, k = 7; k >= 0; k--) {
            ret[i] = ret[i] << 8 | b[24 + 8 * i + k];
        }
    }

    hash = 0xcbf29ce484222325ULL;
    (void) state_sink(&hash, b, 56);

    return hash == ret[4];
}


static bool      marked;
static uint64_t  ceiling[5];            /* epoch, cn, oid; 0, hash */

static void
look_before(power_t *p PTN_UNUSED, site_t *s)
{
    marked = power_ceilings(s, ceiling);
}


/* Else a copy that is restored now could give them again. */

static const char *
look_opened(power_t *p, site_t *s)
{
    ptn_mbox_info_t  info;

    if (marked && ptn_mbox_info(s->mb[0], &info) == PTN_OK
        && info.epoch == ceiling[0]
        && (info.cn > ceiling[1] || s->mb[0]->meta.oid > ceiling[2]))
    {
        snprintf(p->why, sizeof(p->why), "numbers above their ceilings: "
                 "%llu of %llu, %llu of %llu", (unsigned long long) info.cn,
                 (unsigned long long) ceiling[1],
                 (unsigned long long) s->mb[0]->meta.oid,
                 (unsigned long long) ceiling[2]);
        return p->why;
    }

    return NULL;
}


static ptn_rc_t
deliver_last(site_t *s)
{
    return step_append(s, PTN_FOLDER_INBOX, ptn_str("Subject: x\r\n\r\n"),
                       true, 0);
}


/*
 * Takes the syncs of one place of the program away at a time.  A place that
 * proved to be needed once is not asked again.
 */
static void
power_places(power_t *p)
{
    size_t             i;
    unsigned           k;
    ptn_sim_ev_t      *e;
    ptn_sim_result_t   res;

    for (i = ptn_sim_place(p->sim, 0); i != PTN_SIM_END;
         i = ptn_sim_place(p->sim, i + 1))
    {
        e = &p->sim->ev[i];

        for (k = 0; k < nplaces; k++) {
            if (places[k].site == e->site
                && places[k].caller == e->caller)
            {
                break;
            }
        }

        if (k == PLACES_MAX || (k < nplaces && places[k].needed)) {
            continue;
        }

        p->sim->ignore_caller = e->caller;
        ptn_sim_run(p->sim, 0, 1u << e->site, 1, power_check, p, &res);
        p->sim->ignore_caller = NULL;

        places[k].site = e->site;
        places[k].caller = e->caller;
        places[k].needed = res.bad;
        nplaces = ptn_max(nplaces, k + 1);

        diag("without %s at %p: %.150s", ptn_io_site_name(e->site), e->caller,
             res.bad ? res.bad_why : "nothing lost here");
    }
}


/* Those that matter after the making, too. */

static void
power_later(power_t *p)
{
    unsigned  i;

    static const ptn_io_site_e  later[] = {
        PTN_IO_WAL, PTN_IO_DB, PTN_IO_DB_DIR, PTN_IO_BLOB, PTN_IO_BLOB_DIR,
        PTN_IO_BLOB_GONE, PTN_IO_EPOCH
    };

    power_places(p);

    for (i = 0; i < ptn_nelts(later); i++) {
        power_without(p, later[i]);
    }
}


/*
 * A copy without the mark outside the mailbox begins a new incarnation.  Who
 * was told its UIDVALIDITYs must find them again.
 */
static void
power_restore(power_t *p)
{
    char  *dir, path[PTN_SIM_PATH];

    dir = ptn_sim_tmp();
    is_rc(power_prepare(p, dir, power_before), PTN_OK, "what was there");
    snprintf(path, sizeof(path), "%s/epoch", dir);
    ptn_sim_remove(path);
    power_play(p, dir, "restored", power_restored, power_places);
}


/* Delivers, writes a blob that is not kept, and is killed. */
static void
power_killed(power_t *p, const char *dir)
{
    site_t                                s;
    ptn_str_t                             blob;
    const char                           *step;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    static const u_char  sha[32] = { 0xab, 0xcd };

    site_init(&s, p->sim, dir, 1);
    blob = site_noise(s.pool, BLOB_SIZE, 9);

    if (power_record(p, &s, power_before, &step) != PTN_OK
        || ptn_txn_begin(&tx, s.mb[0]) != PTN_OK)
    {
        _exit(1);
    }

    ptn_txn_oid(&tx);
    _exit(ptn_blob_add(s.mb[0], sha, blob) == PTN_OK ? 0 : 1);
}


/* The power fails while the mailbox of a killed process recovers. */
static void
power_recover(power_t *p)
{
    int          status;
    char        *dir, path[PTN_SIM_PATH];
    pid_t        pid;

    dir = ptn_sim_tmp();
    p->sim = ptn_sim_create(dir);
    p->sim->recording = false;
    p->nstates = 0;

    fflush(stdout);
    pid = fork();

    if (pid == 0) {
        power_killed(p, dir);
    }

    waitpid(pid, &status, 0);
    ptn_sim_free(p->sim);

    /* the list in it was not synced */

    snprintf(path, sizeof(path), "%s/mailbox/example.test/alice/lock", dir);
    ok(status == 0 && unlink(path) == 0, "a process is killed");

    power_play(p, dir, "recovered", power_again, power_places);
}


static void
power_needed(void)
{
    size_t    i;
    unsigned  k;
    bool      sites[PTN_IO_SITE_MAX] = { false };

    static const ptn_io_site_e  all[] = {
        PTN_IO_WAL, PTN_IO_DB, PTN_IO_DB_DIR, PTN_IO_BLOB, PTN_IO_BLOB_DIR,
        PTN_IO_MAILBOX_DIR, PTN_IO_EPOCH, PTN_IO_EPOCH_DIR, PTN_IO_BLOB_GONE
    };

    for (k = 0; k < nplaces; k++) {
        sites[places[k].site] |= places[k].needed;
        ok(places[k].needed, "the sync %s at %p is needed",
           ptn_io_site_name((ptn_io_site_e) places[k].site),
           places[k].caller);
    }

    for (i = 0; i < ptn_nelts(all); i++) {
        ok(sites[all[i]], "%s is needed", ptn_io_site_name(all[i]));
    }
}


int
main(void)
{
    power_t   p;
    uint64_t  changes;

    memset(&p, 0, sizeof(power_t));
    p.boxes = 1;
    p.sample = DISKS_EVERY;
    p.errors = ERRORS_STEP;
    p.life = power_life;
    p.state = state_list;
    p.deliver = deliver_last;
    p.before = look_before;
    p.opened = look_opened;
    p.pool = ptn_pool_create(0, NULL);

    power_restore(&p);
    changes = power_play(&p, ptn_sim_tmp(), "life", power_life, power_later);
    power_errors(&p, changes);
    power_recover(&p);
    power_needed();

    ptn_pool_destroy(p.pool);

    return done_testing();
}
