/*
 * Power loss while mail is indexed, leaves the index and moves through search
 * folders: at every point the disk gives a mailbox whose check finds nothing,
 * that shows what was acknowledged (or the change under way), in which every
 * message is found by its word once, and nothing else is.
 */

#include "ptn_item.h"
#include "ptn_sim.h"
#include "ptn_test.h"
#include "ptn_words.h"


#define STEPS_MAX  32

#ifdef __SANITIZE_ADDRESS__
#define DISKS_EVERY  7
#else
#define DISKS_EVERY  2
#endif


typedef struct {
    ptn_conf_t         conf;
    ptn_store_opts_t   opts;
    ptn_store_t       *store;
    ptn_pool_t        *pool;
    ptn_mbox_t        *mb;
    ptn_user_t         user;
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


/* ---- what it holds ----------------------------------------------------- */

static ptn_rc_t
count_hit(void *ctx, const ptn_msg_info_t *m)
{
    ptn_id_t  *got = ctx;

    got[0]++;
    got[1] = m->id;

    return PTN_OK;
}


/* Every message is found by its own word, and it alone. */

static ptn_rc_t
state_words(site_t *s, ptn_buf_t *b)
{
    unsigned     i;
    ptn_id_t     got[2];
    ptn_rc_t     rc;
    ptn_query_t  q;
    ptn_scope_t  scope = { NULL, 0, false };

    rc = PTN_OK;

    for (i = 1; i < 10 && rc == PTN_OK; i++) {
        memset(&q, 0, sizeof(q));
        q.op = PTN_FIND_WORD;
        q.fields = PTN_FIND_TEXT;
        q.text = ptn_str_printf(s->pool, "word%u", i);
        got[0] = got[1] = 0;
        rc = ptn_search_run(s->mb, &q, &scope, false, count_hit, got);
        ptn_buf_printf(b, "word%u: %llu\n", i, (unsigned long long) got[0]);
    }

    return rc;
}


static ptn_rc_t
state_list(site_t *s, ptn_pool_t *pool, char **ret)
{
    size_t               i, n;
    ptn_rc_t             rc;
    uint32_t             seq;
    ptn_row_t            row;
    ptn_buf_t            b;
    ptn_view_t          *view;
    const ptn_folder_t  *f;

    ptn_buf_init(&b, pool);
    rc = ptn_folder_list_all(s->mb, &f, &n);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        if (f[i].uidnext == 1) {
            continue;
        }

        rc = ptn_view_get(s->mb, f[i].id, &view);

        if (rc != PTN_OK) {
            break;
        }

        ptn_buf_printf(&b, "%.*s total %u unread %u\n",
                       ptn_str_arg(f[i].name), f[i].total, f[i].unread);

        for (seq = 1; seq <= ptn_view_count(view); seq++) {
            ptn_view_row(view, seq, &row);
            ptn_buf_printf(&b, "  %u %llu %x\n", row.uid,
                           (unsigned long long) row.id, row.flags);
        }

        ptn_view_unref(view);
    }

    if (rc == PTN_OK) {
        rc = state_words(s, &b);
    }

    if (rc == PTN_OK) {
        *ret = ptn_str_dupz(pool, ptn_buf_get(&b));
    }

    return rc;
}


/* ---- steps ------------------------------------------------------------- */

static ptn_rc_t
step_begin(site_t *s)
{
    return site_mbox(s);
}


static ptn_rc_t
deliver(site_t *s, unsigned n)
{
    ptn_rc_t                              rc;
    ptn_append_t                          a;
    ptn_appended_t                        app;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&a, 0, sizeof(a));
    a.raw = ptn_str_printf(s->pool, "From: a@example.test\r\nSubject: %s %u"
                           "\r\n\r\nhello word%u\r\n",
                           n % 2 ? "odd" : "even", n, n);
    a.received = 1770000000;
    rc = ptn_txn_begin(&tx, s->mb);

    if (rc == PTN_OK) {
        rc = ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t  step_deliver_1(site_t *s) { return deliver(s, 1); }
static ptn_rc_t  step_deliver_2(site_t *s) { return deliver(s, 2); }
static ptn_rc_t  step_deliver_3(site_t *s) { return deliver(s, 3); }
static ptn_rc_t  step_deliver_4(site_t *s) { return deliver(s, 4); }


/* ContentRestriction on the subject: "odd". */

static ptn_rc_t
step_search(site_t *s)
{
    ptn_id_t                              id, inbox;
    ptn_rc_t                              rc;
    ptn_criteria_t                        c;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&c, 0, sizeof(c));
    c.restriction = ptn_str("\x03\x01\x00\x01\x00\x1f\x00\x37\x00"
                            "\x1f\x00\x37\x00o\0d\0d\0\0\0");
    inbox = PTN_FOLDER_INBOX;
    c.folders = &inbox;
    c.n = 1;
    rc = ptn_txn_begin(&tx, s->mb);

    if (rc == PTN_OK) {
        rc = ptn_search_folder_create(&tx, PTN_FOLDER_FINDER, ptn_str("odd"),
                                      NULL, &id);
    }

    if (rc == PTN_OK) {
        rc = ptn_search_folder_set(&tx, id, &c);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_id_t
first(ptn_mbox_t *mb, ptn_id_t folder)
{
    ptn_row_t    row;
    ptn_view_t  *view;

    row.id = 0;

    if (ptn_view_get(mb, folder, &view) == PTN_OK) {
        if (ptn_view_count(view) != 0) {
            ptn_view_row(view, 1, &row);
        }

        ptn_view_unref(view);
    }

    return row.id;
}


static ptn_rc_t
step_remove(site_t *s)
{
    ptn_id_t                              id;
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, s->mb);
    id = (rc == PTN_OK) ? first(s->mb, PTN_FOLDER_INBOX) : 0;

    if (rc == PTN_OK) {
        rc = ptn_msg_expunge_ids(&tx, &id, 1);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
step_flag(site_t *s)
{
    ptn_id_t                              id;
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, s->mb);
    id = (rc == PTN_OK) ? first(s->mb, PTN_FOLDER_INBOX) : 0;

    if (rc == PTN_OK) {
        rc = ptn_msg_flags_ids(&tx, &id, 1, PTN_FLAGS_ADD, PTN_FLAG_SEEN, 0,
                               NULL);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
step_work(site_t *s)
{
    bool      more;
    ptn_rc_t  rc;

    do {
        rc = site_mbox(s);

        if (rc == PTN_OK) {
            rc = ptn_search_work(s->mb, 1000, &more);
        }

    } while (rc == PTN_OK && more);

    return rc;
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
} step_t;

static const step_t  power_life[] = {
    { "begin",          step_begin },
    { "deliver",        step_deliver_1 },
    { "deliver",        step_deliver_2 },
    { "index",          step_work },
    { "search folder",  step_search },
    { "fill",           step_work },
    { "deliver",        step_deliver_3 },
    { "flag",           step_flag },
    { "remove",         step_remove },
    { "reopen",         step_reopen },
    { "index",          step_work },
    { "deliver",        step_deliver_4 },
    { "remove",         step_remove },
    { "index",          step_work },
    { NULL, NULL }
};


static ptn_rc_t
power_record(power_t *p, site_t *s, const step_t *step, const char **ret_step)
{
    char      *state;
    ptn_rc_t   rc;
    unsigned   n;

    *ret_step = "open";
    n = 0;
    rc = ptn_store_open(&s->opts, &s->store);

    for ( /* void */ ; step->f != NULL && rc == PTN_OK; step++) {
        *ret_step = step->name;
        rc = step->f(s);

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


/* ---- the check --------------------------------------------------------- */

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
        snprintf(p->why, sizeof(p->why), "check: %s: %s",
                 ptn_err(rc)->name, p->report);
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

    rc = deliver(s, 9);

    if (rc == PTN_OK) {
        rc = ptn_store_commit(s->store);
    }

    if (rc == PTN_OK) {
        rc = step_work(s);
    }

    return rc == PTN_OK ? NULL : "nothing can be indexed";
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


int
main(void)
{
    char        *dir;
    power_t      p;
    site_t       s;
    ptn_rc_t     rc;
    const char  *step;

    memset(&p, 0, sizeof(p));
    p.pool = ptn_pool_create(0, NULL);
    dir = ptn_sim_tmp();
    p.sim = ptn_sim_create(dir);
    site_init(&s, p.sim, dir);
    rc = power_record(&p, &s, power_life, &step);
    site_done(&s);

    if (ok(rc == PTN_OK, "recorded: %s: %s", step, ptn_err(rc)->name)) {
        power_run(&p, "index and search folders");
        power_without(&p, PTN_IO_WAL);
    }

    ptn_sim_free(p.sim);
    ptn_sim_remove(dir);
    free(dir);
    ptn_pool_destroy(p.pool);

    return done_testing();
}
