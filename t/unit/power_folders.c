/*
 * Power loss with folders: soft deletion and recovery of messages and folders,
 * emptying, copies in portions, rules, receive folders, names, status,
 * categories, and what idle executors remove.  At every point the disk gives
 * the mailbox as it was at the last acknowledgement, or as the change under
 * way would have made it.  The check finds nothing, and mail can be delivered.
 */

#include "ptn_folder.h"
#include "ptn_sim.h"
#include "ptn_test.h"


#define STEPS_MAX  40

#ifdef __SANITIZE_ADDRESS__
#define DISKS_EVERY  9
#define ERRORS_STEP  61
#else
#define DISKS_EVERY  2
#define ERRORS_STEP  23
#endif


typedef struct {
    ptn_conf_t         conf;
    ptn_store_opts_t   opts;
    ptn_store_t       *store;
    ptn_pool_t        *pool;
    ptn_mbox_t        *mb;
    ptn_user_t         user;
    ptn_folder_copy_t *copy;
} site_t;

typedef struct {
    ptn_sim_t   *sim;
    ptn_pool_t  *pool;
    char        *states[STEPS_MAX + 2];
    unsigned     nstates;
    unsigned     every, disks;
    char         report[256];
    char         why[600];
} power_t;


/* ---- a store ------------------------------------------------------------- */

static void
site_init(site_t *s, ptn_sim_t *sim, const char *root)
{
    unsigned  i;

    memset(s, 0, sizeof(site_t));
    ptn_conf_defaults(&s->conf);
    s->conf.root = root;
    s->opts.conf = &s->conf;
    s->opts.io = &sim->io;
    s->pool = ptn_pool_create(0, NULL);
    s->user.id = 1;
    s->user.address = ptn_str("alice@example.test");
    s->user.locale = ptn_str("en");

    for (i = 0; i < 16; i++) {
        s->user.mailbox.b[i] = (u_char) (i * 7 + 1);
    }
}


static ptn_rc_t
site_mbox(site_t *s)
{
    return ptn_mbox_open(s->store, &s->user, NULL, &s->mb);
}


static ptn_rc_t
site_open(site_t *s)
{
    ptn_rc_t  rc;

    rc = ptn_store_open(&s->opts, &s->store);

    return rc == PTN_OK ? site_mbox(s) : rc;
}


static void
site_close(site_t *s)
{
    if (s->store != NULL) {
        ptn_store_close(s->store);
        s->store = NULL;
    }

    ptn_view_list_shrink(0);
}


static void
site_done(site_t *s)
{
    site_close(s);
    ptn_pool_destroy(s->pool);
}


/* ---- what it holds ------------------------------------------------------- */

static const char *const  power_tables[] = {
    "SELECT id, parent, name, total, unread, size, uidnext, removed, hier"
    " FROM folder WHERE id>=256 OR total<>0 OR uidnext<>1 ORDER BY id",
    "SELECT folder, uid, mid<>m.id, flags, status, keywords, fai, length(bag)"
    " FROM message m JOIN item i ON i.id=m.id ORDER BY folder, uid",
    "SELECT kind, at, id FROM gone ORDER BY id",
    "SELECT folder, kind, name, id FROM name ORDER BY folder, kind, name",
    "SELECT folder, sequence, name, actions FROM rule ORDER BY id",
    "SELECT class, folder FROM receive ORDER BY class",
    "SELECT bit, name, category FROM keyword ORDER BY bit",
    "SELECT kind, address, subject FROM receipt ORDER BY n",
    "SELECT folder, id, kind, cause, href FROM tombstone"
    " ORDER BY folder, cn, id",
};


static ptn_rc_t
state_list(site_t *s, ptn_pool_t *pool, char **ret)
{
    int            k;
    size_t         i;
    ptn_rc_t       rc;
    ptn_buf_t      b;
    const char    *text;
    sqlite3_stmt  *st;

    ptn_buf_init(&b, pool);
    rc = ptn_mbox_set(s->mb);

    for (i = 0; i < ptn_nelts(power_tables) && rc == PTN_OK; i++) {
        if (sqlite3_prepare_v2(s->mb->db, power_tables[i], -1, &st, NULL)
            != SQLITE_OK)
        {
            return PTN_EINTERNAL;
        }

        ptn_buf_printf(&b, "-- %zu\n", i);

        while ((rc = ptn_sql_step(s->mb, st)) == PTN_AGAIN) {
            for (k = 0; k < sqlite3_column_count(st); k++) {
                text = (const char *) sqlite3_column_text(st, k);
                ptn_buf_printf(&b, "%s%s", k ? " " : "", text ? text : "-");
            }

            ptn_buf_z(&b, "\n");
        }

        sqlite3_finalize(st);
    }

    if (rc == PTN_OK) {
        *ret = ptn_str_dupz(pool, ptn_buf_get(&b));
    }

    return rc;
}


/* ---- steps --------------------------------------------------------------- */

static ptn_rc_t
step_begin(site_t *s)
{
    return site_mbox(s);
}


static ptn_id_t
folder_named(site_t *s, const char *name)
{
    size_t               i, n;
    const ptn_folder_t  *f;

    if (ptn_folder_list(s->mb, &f, &n) == PTN_OK) {
        for (i = 0; i < n; i++) {
            if (ptn_str_eqz(f[i].name, name)) {
                return f[i].id;
            }
        }
    }

    return 0;
}


static ptn_id_t
nth(site_t *s, ptn_id_t folder, uint32_t seq)
{
    ptn_row_t    row;
    ptn_view_t  *view;

    row.id = 0;

    if (ptn_view_get(s->mb, folder, &view) == PTN_OK) {
        if (seq <= ptn_view_count(view)) {
            ptn_view_row(view, seq, &row);
        }

        ptn_view_unref(view);
    }

    return row.id;
}


static ptn_rc_t
add(ptn_txn_t *tx, site_t *s, ptn_id_t folder, unsigned n, size_t size)
{
    size_t          i;
    ptn_buf_t       b;
    ptn_append_t    a;
    ptn_appended_t  app;

    ptn_buf_init(&b, s->pool);
    ptn_buf_printf(&b, "From: a@example.test\r\nSubject: mail %u\r\n"
                   "Disposition-Notification-To: a@example.test\r\n\r\n", n);

    for (i = 0; i < size; i += 50) {
        ptn_buf_printf(&b, "%016llx%016llx some words\r\n",
                       (unsigned long long) ((i + n) * 0x9e3779b97f4a7c15ULL),
                       (unsigned long long) ((i + n) * 0xbf58476d1ce4e5b9ULL));
    }

    memset(&a, 0, sizeof(a));
    a.raw = ptn_buf_get(&b);
    a.received = 1770000000;
    a.delivery = true;

    return ptn_msg_append(tx, folder, &a, &app);
}


/* Each step is one transaction. */

static ptn_rc_t
do_deliver(ptn_txn_t *tx, site_t *s)
{
    ptn_rc_t  rc;

    rc = add(tx, s, 0, 1, 100);
    rc = rc == PTN_OK ? add(tx, s, 0, 2, 150000) : rc;

    return rc == PTN_OK ? add(tx, s, 0, 3, 300) : rc;
}


/* A receipt is due, and the mailbox has a mark outside. */

static ptn_rc_t
do_read(ptn_txn_t *tx, site_t *s)
{
    bool      *due;
    ptn_id_t   id;

    id = nth(s, PTN_FOLDER_INBOX, 1);

    return ptn_msg_read_ids(tx, s->pool, &id, 1, 0, &due);
}


static ptn_rc_t
step_sent(site_t *s)
{
    ptn_rc_t        rc;
    ptn_mbox_t     *mb;
    ptn_receipt_t   r;

    while ((rc = ptn_receipt_next(s->store, s->pool, &mb, &r)) == PTN_OK) {
        rc = ptn_receipt_done(mb, &r, true);

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return (rc == PTN_ENOTFOUND) ? ptn_receipt_sweep(s->mb) : rc;
}


static ptn_rc_t
do_folders(ptn_txn_t *tx, site_t *s)
{
    ptn_id_t  a, b;
    ptn_rc_t  rc;

    rc = ptn_folder_create(tx, PTN_FOLDER_IPM_SUBTREE, ptn_str("a"), NULL, &a);

    if (rc == PTN_OK) {
        rc = ptn_folder_create(tx, a, ptn_str("b"), NULL, &b);
    }

    if (rc == PTN_OK) {
        rc = add(tx, s, a, 4, 100);
    }

    return rc == PTN_OK ? add(tx, s, b, 5, 200) : rc;
}


static ptn_rc_t
do_gone(ptn_txn_t *tx, site_t *s)
{
    ptn_id_t  ids[2];

    ids[0] = nth(s, PTN_FOLDER_INBOX, 1);
    ids[1] = nth(s, PTN_FOLDER_INBOX, 2);

    return ptn_msg_gone_ids(tx, ids, 2);
}


static ptn_rc_t
do_recover(ptn_txn_t *tx, site_t *s)
{
    size_t       n;
    ptn_id_t    *ids;
    ptn_rc_t     rc;
    ptn_gone_t  *rows;

    rc = ptn_gone_list(s->mb, s->pool, PTN_FOLDER_INBOX, false, 0, 1, &rows,
                       &n);

    return rc == PTN_OK && n == 1
           ? ptn_gone_recover(tx, s->pool, &rows[0].id, 1, 0, &ids) : rc;
}


static ptn_rc_t
do_remove(ptn_txn_t *tx, site_t *s)
{
    bool  partial;

    return ptn_folder_remove(tx, folder_named(s, "a"),
                             PTN_REMOVE_MESSAGES|PTN_REMOVE_FOLDERS,
                             &partial);
}


static ptn_rc_t
do_recover_folder(ptn_txn_t *tx, site_t *s)
{
    size_t              n;
    ptn_rc_t            rc;
    ptn_gone_folder_t  *f;

    rc = ptn_gone_folders(s->mb, s->pool, PTN_FOLDER_IPM_SUBTREE, &f, &n);

    return rc == PTN_OK && n == 1
           ? ptn_gone_folder_recover(tx, f[0].id, 0, ptn_str("back")) : rc;
}


static ptn_rc_t
do_rule(ptn_txn_t *tx, site_t *s)
{
    ptn_id_t    id;
    ptn_rc_t    rc;
    ptn_rule_t  r;

    memset(&r, 0, sizeof(r));
    r.provider = ptn_str("p");
    r.name = ptn_str("rule");
    r.condition = ptn_str("c");
    r.actions = ptn_str("do");
    rc = ptn_rule_add(tx, PTN_FOLDER_INBOX, &r, &id);

    if (rc == PTN_OK) {
        rc = ptn_receive_set(tx, ptn_str("IPM.My"), folder_named(s, "a"));
    }

    return rc;
}


static ptn_rc_t
do_props(ptn_txn_t *tx, site_t *s)
{
    uint16_t        tag;
    uint32_t        was;
    ptn_id_t        id;
    ptn_rc_t        rc;
    ptn_str_t       all[2];
    ptn_saved_t     saved;
    ptn_bag_prop_t  p;

    static const ptn_named_t  keywords = {
        { { 0x29, 0x03, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46 } },
        true, 0, ptn_string("Keywords")
    };

    id = nth(s, PTN_FOLDER_INBOX, 1);
    rc = ptn_msg_name_set(tx, id, PTN_NAME_HREF, ptn_str("x.ics"));

    if (rc == PTN_OK) {
        rc = ptn_msg_status_set(tx, id, 0x1000, 0x1000, &was);
    }

    if (rc == PTN_OK) {
        rc = ptn_named_ids(s->mb, tx, &keywords, 1, &tag);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    all[0] = ptn_str("Red Day");
    all[1] = ptn_str("Blue");
    p.tag = (uint32_t) tag << 16 | PTN_PT_MV_UNICODE;
    rc = ptn_mv_make(s->pool, p.tag, all, 2, &p.value);

    return rc == PTN_OK ? ptn_msg_set_props(tx, s->pool, id, &p, 1, &saved)
                        : rc;
}


static ptn_rc_t
do_clear(ptn_txn_t *tx, site_t *s PTN_UNUSED)
{
    bool  partial, more;

    return ptn_folder_clear(tx, PTN_FOLDER_INBOX, 0, 1, &partial, &more);
}


static ptn_rc_t
do_copy(ptn_txn_t *tx, site_t *s)
{
    bool                more;
    ptn_rc_t            rc;
    ptn_folder_copy_t  *copy;

    rc = ptn_folder_copy_begin(tx, s->pool, folder_named(s, "back"),
                               PTN_FOLDER_IPM_SUBTREE, ptn_str("copy"), true,
                               &copy);

    if (rc == PTN_OK) {
        rc = ptn_folder_copy_some(tx, copy, 1, &more);
        s->copy = copy;
    }

    return rc;
}


static ptn_rc_t
do_copy_more(ptn_txn_t *tx, site_t *s)
{
    bool  more;

    return ptn_folder_copy_some(tx, s->copy, 100, &more);
}


static ptn_rc_t
do_hard(ptn_txn_t *tx, site_t *s)
{
    bool  partial;

    return ptn_folder_remove(tx, folder_named(s, "copy"),
                             PTN_REMOVE_MESSAGES|PTN_REMOVE_FOLDERS
                             |PTN_REMOVE_HARD, &partial);
}


static ptn_rc_t
do_remove_back(ptn_txn_t *tx, site_t *s)
{
    bool  partial;

    return ptn_folder_remove(tx, folder_named(s, "back"),
                             PTN_REMOVE_MESSAGES|PTN_REMOVE_FOLDERS,
                             &partial);
}


static ptn_rc_t
do_gone_folder_delete(ptn_txn_t *tx, site_t *s)
{
    size_t              n;
    ptn_rc_t            rc;
    ptn_gone_folder_t  *f;

    rc = ptn_gone_folders(s->mb, s->pool, PTN_FOLDER_IPM_SUBTREE, &f, &n);

    return rc == PTN_OK && n == 1 ? ptn_gone_folder_delete(tx, f[0].id) : rc;
}


static ptn_rc_t
do_tombs(ptn_txn_t *tx, site_t *s)
{
    bool  more;

    return ptn_tomb_purge(tx, s->mb->meta.cn, 1, 100, &more);
}


/* What an idle executor cannot do it leaves: the step tells. */

static ptn_rc_t
step_idle(site_t *s)
{
    s->mb->tidy_ms = 0;
    ptn_store_idle(s->store);

    return s->mb->state == PTN_MBOX_OPEN ? site_mbox(s) : PTN_EIO;
}


/* All that was kept goes. */

static ptn_rc_t
step_purge(site_t *s)
{
    int64_t   n;
    ptn_rc_t  rc;

    s->conf.deleted_retention = 0;
    rc = step_idle(s);

    if (rc == PTN_OK) {
        rc = ptn_sql_number(s->mb, "SELECT count(*) FROM gone", &n);
    }

    if (rc == PTN_OK && n != 0) {
        rc = PTN_EIO;
    }

    return rc == PTN_OK ? step_idle(s) : rc;
}


static ptn_rc_t
step_reopen(site_t *s)
{
    site_close(s);

    return site_open(s);
}


typedef struct {
    const char  *name;
    ptn_rc_t   (*f)(site_t *s);
    ptn_rc_t   (*tx)(ptn_txn_t *tx, site_t *s);
} step_t;

static const step_t  power_life[] = {
    { "begin",            step_begin, NULL },
    { "deliver",          NULL, do_deliver },
    { "read",             NULL, do_read },
    { "sent",             step_sent, NULL },
    { "folders",          NULL, do_folders },
    { "idle",             step_idle, NULL },
    { "soft deletion",    NULL, do_gone },
    { "rule",             NULL, do_rule },
    { "remove",           NULL, do_remove },
    { "recover",          NULL, do_recover },
    { "properties",       NULL, do_props },
    { "reopen",           step_reopen, NULL },
    { "recover a folder", NULL, do_recover_folder },
    { "clear",            NULL, do_clear },
    { "copy",             NULL, do_copy },
    { "copy more",        NULL, do_copy_more },
    { "hard",             NULL, do_hard },
    { "remove again",     NULL, do_remove_back },
    { "for good",         NULL, do_gone_folder_delete },
    { "purge",            step_purge, NULL },
    { "tombstones",       NULL, do_tombs },
    { "reopen",           step_reopen, NULL },
    { "deliver",          NULL, do_deliver },
    { "read",             NULL, do_read },
    { NULL, NULL, NULL }
};


static ptn_rc_t
power_step(site_t *s, const step_t *step)
{
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    if (step->f != NULL) {
        return step->f(s);
    }

    rc = ptn_txn_begin(&tx, s->mb);

    if (rc == PTN_OK) {
        rc = step->tx(&tx, s);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
power_record(power_t *p, site_t *s, const step_t *step, const char **ret_step)
{
    char      *state;
    ptn_rc_t   rc;
    unsigned   n;

    *ret_step = "open";
    n = 0;
    rc = ptn_store_open(&s->opts, &s->store);

    for ( /* void */ ; step->name != NULL && rc == PTN_OK; step++) {
        *ret_step = step->name;
        rc = power_step(s, step);

        if (rc == PTN_OK && ptn_store_pending(s->store)) {
            rc = ptn_store_commit(s->store);
        }

        if (rc == PTN_OK) {
            ptn_sim_mark(p->sim);
            rc = state_list(s, p->pool, &state);

            if (++n > p->nstates) {
                p->states[++p->nstates] = state;
            }
        }
    }

    return rc;
}


/* ---- the check ----------------------------------------------------------- */

static void
power_report(void *ctx, const char *line)
{
    power_t  *p = ctx;

    if (p->report[0] == '\0') {
        snprintf(p->report, sizeof(p->report), "%s", line);
    }
}


static void
power_differ(power_t *p, const char *got, const char *want)
{
    size_t  i;

    if (getenv("POWER_SHOW")) {
        printf("got\n%swant\n%s", got, want);
    }

    for (i = 0; got[i] != '\0' && got[i] == want[i]; i++) {
        /* void */
    }

    while (i > 0 && got[i - 1] != '\n') {
        i--;
    }

    snprintf(p->why, sizeof(p->why), "got \"%.*s\", want \"%.*s\"",
             (int) strcspn(got + i, "\n"), got + i,
             (int) strcspn(want + i, "\n"), want + i);
}


static const char *
power_check_site(power_t *p, site_t *s, unsigned marks)
{
    char      *got;
    ptn_rc_t   rc;

    rc = site_open(s);

    if (rc != PTN_OK) {
        snprintf(p->why, sizeof(p->why), "after %u marks it does not open: %s",
                 marks, ptn_err(rc)->name);
        return p->why;
    }

    p->report[0] = '\0';
    rc = ptn_mbox_check(s->store, &s->user, false, power_report, p);

    if (rc != PTN_OK) {
        snprintf(p->why, sizeof(p->why), "check: %s: %s", ptn_err(rc)->name,
                 p->report);
        return p->why;
    }

    if (site_mbox(s) != PTN_OK || state_list(s, s->pool, &got) != PTN_OK) {
        return "it cannot be read";
    }

    if (marks > 0 && strcmp(got, p->states[marks]) != 0
        && (marks == p->nstates
            || strcmp(got, p->states[marks + 1]) != 0))
    {
        power_differ(p, got, p->states[marks < p->nstates ? marks + 1
                                                          : marks]);
        return p->why;
    }

    rc = power_step(s, &power_life[1]);

    if (rc == PTN_OK) {
        rc = ptn_store_commit(s->store);
    }

    return rc == PTN_OK ? NULL : "nothing can be delivered";
}


static const char *
power_check(void *ctx, const char *dir, unsigned marks)
{
    site_t       s;
    power_t     *p = ctx;
    const char  *why;

    if (p->every > 1 && p->disks++ % p->every != 0) {
        return NULL;
    }

    site_init(&s, p->sim, dir);
    why = power_check_site(p, &s, marks);
    site_done(&s);

    return why;
}


static void
power_run(power_t *p, const char *name)
{
    ptn_sim_result_t  res;

    diag("%s: %zu changes, %u marks", name, p->sim->n, p->sim->marks);
    p->every = DISKS_EVERY;
    ptn_sim_run(p->sim, 0, 0, 1, power_check, p, &res);
    diag("%zu points, %zu disks, %zu different", res.points, res.images,
         res.checked);
    ok(!res.bad, "%s: nothing acknowledged is lost: %s", name,
       res.bad ? res.bad_why : "at any point");

    if (res.bad) {
        diag("at %zu of %zu, %s", res.bad_point, p->sim->n, res.bad_image);
    }
}


/* Without the syncs of the WAL something must be found. */

static void
power_without(power_t *p, ptn_io_site_e site)
{
    size_t            from;
    ptn_sim_result_t  res;

    for (from = 0; from < p->sim->n && p->sim->ev[from].op != PTN_SIM_MARK;
         from++)
    {
        /* void */
    }

    p->every = 1;
    ptn_sim_run(p->sim, from, 1u << site, 1, power_check, p, &res);
    ok(res.bad, "without %s: %.200s", ptn_io_site_name(site),
       res.bad ? res.bad_why : "no loss was found");
}


static uint64_t
test_life(power_t *p)
{
    char        *dir;
    site_t       s;
    ptn_rc_t     rc;
    uint64_t     changes;
    const char  *step;

    dir = ptn_sim_tmp();
    p->sim = ptn_sim_create(dir);
    site_init(&s, p->sim, dir);
    rc = power_record(p, &s, power_life, &step);
    site_done(&s);
    changes = p->sim->calls;

    if (ok(rc == PTN_OK, "recorded: %s: %s", step, ptn_err(rc)->name)) {
        power_run(p, "folders");
        p->sim->ignore_from = 0;
        power_without(p, PTN_IO_WAL);
        power_without(p, PTN_IO_RECEIPT_DIR);
    }

    ptn_sim_free(p->sim);
    ptn_sim_remove(dir);
    free(dir);

    return changes;
}


/* A change of the disk fails: the state is that before or after the step. */

static void
test_errors(power_t *p, uint64_t changes)
{
    char        *dir;
    site_t       s;
    ptn_rc_t     rc;
    uint64_t     n, told, tried;
    const char  *step, *why;

    told = 0;
    tried = 0;

    for (n = 1; n <= changes; n += ERRORS_STEP) {
        dir = ptn_sim_tmp();
        p->sim = ptn_sim_create(dir);
        p->sim->recording = false;
        site_init(&s, p->sim, dir);

        ptn_sim_fail(p->sim, n, n % 4 < 2 ? ENOSPC : EIO, n % 2);
        rc = power_record(p, &s, power_life, &step);
        site_close(&s);
        ptn_sim_fail(p->sim, 0, 0, false);

        tried++;
        told += rc != PTN_OK;
        why = power_check_site(p, &s, p->sim->marks);

        if (why != NULL) {
            ok(false, "change %d failed in \"%s\" (%s): %s", (int) n, step,
               ptn_err(rc)->name, why);
        }

        site_done(&s);
        ptn_sim_free(p->sim);
        ptn_sim_remove(dir);
        free(dir);
    }

    ok(told > tried / 2, "%d of %d failures were told", (int) told,
       (int) tried);
}


int
main(void)
{
    power_t   p;
    uint64_t  changes;

    memset(&p, 0, sizeof(p));
    p.pool = ptn_pool_create(0, NULL);
    changes = test_life(&p);
    test_errors(&p, changes);
    ptn_pool_destroy(p.pool);

    return done_testing();
}
