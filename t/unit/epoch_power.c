/*
 * The numbers that are reserved before a commit are on the disk before it: a
 * copy of the mailbox that is restored after the power failed gives none that
 * the lost one had given.
 */

#include "mailbox_site.h"
#include "ptn_sim.h"


#define COMMITS  3
#define MANY     5000           /* more than are reserved at once */

typedef struct {
    ptn_sim_t       *sim;
    char             copy[64];  /* of the mailbox, before the commits */
    ptn_appended_t   given[COMMITS];
    char             why[256];
} power_t;


static bool
shell(const char *fmt, ...)
{
    char     cmd[1024];
    va_list  ap;

    va_start(ap, fmt);
    vsnprintf(cmd, sizeof(cmd), fmt, ap);
    va_end(ap);

    return system(cmd) == 0;
}


static void
site_at(site_t *s, ptn_sim_t *sim, const char *root)
{
    memset(s, 0, sizeof(site_t));
    snprintf(s->root, sizeof(s->root), "%s", root);
    ptn_conf_defaults(&s->conf);
    s->conf.root = s->root;
    s->opts.conf = &s->conf;
    s->opts.io = &sim->io;
    s->pool = ptn_pool_create(0, NULL);
}


static void
site_end(site_t *s)
{
    if (s->store != NULL) {
        ptn_store_close(s->store);
    }

    ptn_pool_destroy(s->pool);
}


/* One message, after `skip` numbers that nothing has: ids, or changes, and
 * fewer of the others. */

static ptn_rc_t
append(site_t *s, ptn_mbox_t *mb, unsigned skip, bool ids,
    ptn_appended_t *ret)
{
    ptn_rc_t   rc;
    ptn_txn_t  tx;

    rc = ptn_txn_begin(&tx, mb);

    while (rc == PTN_OK && skip-- > 0) {
        if (ids || skip % 4 == 0) {
            ptn_txn_oid(&tx);
        }

        if (!ids || skip % 4 == 0) {
            ptn_txn_cn(&tx);
        }
    }

    if (rc == PTN_OK) {
        rc = site_append(s, &tx, PTN_FOLDER_INBOX, 100, 0, ret);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    ptn_txn_done(&tx);

    return (rc == PTN_OK) ? ptn_store_commit(s->store) : rc;
}


/* The copy comes back in the place of what the disk has. */

static const char *
check(void *ctx, const char *dir, unsigned marks)
{
    site_t           s;
    power_t         *p = ctx;
    ptn_rc_t         rc;
    ptn_user_t       u;
    ptn_mbox_t      *mb;
    ptn_appended_t   app;

    if (marks == 0) {
        return NULL;
    }

    if (!shell("rm -rf %s/mailbox && cp -a %s %s/mailbox", dir, p->copy, dir))
    {
        return "the copy is not there";
    }

    site_at(&s, p->sim, dir);
    u = site_user(&s, "eve");
    rc = ptn_store_open(&s.opts, &s.store);

    if (rc == PTN_OK) {
        rc = ptn_mbox_open(s.store, &u, NULL, &mb);
    }

    if (rc == PTN_OK) {
        rc = append(&s, mb, 0, false, &app);
    }

    site_end(&s);

    if (rc != PTN_OK) {
        snprintf(p->why, sizeof(p->why), "it does not work: %s",
                 ptn_err(rc)->name);
        return p->why;
    }

    if (app.modseq <= p->given[marks - 1].modseq
        || app.id <= p->given[marks - 1].id)
    {
        snprintf(p->why, sizeof(p->why), "%llu and %llu are given again:"
                 " %llu and %llu had been", (unsigned long long) app.modseq,
                 (unsigned long long) app.id,
                 (unsigned long long) p->given[marks - 1].modseq,
                 (unsigned long long) p->given[marks - 1].id);
        return p->why;
    }

    return NULL;
}


static void
test_power(bool ids)
{
    char             *dir;
    site_t            s;
    size_t            from;
    power_t           p;
    unsigned          i;
    ptn_mbox_t       *mb;
    ptn_appended_t    app;
    ptn_sim_result_t  res;

    memset(&p, 0, sizeof(p));
    dir = ptn_sim_tmp();
    p.sim = ptn_sim_create(dir);
    site_at(&s, p.sim, dir);
    is_rc(ptn_store_open(&s.opts, &s.store), PTN_OK, "a store");

    mb = site_open(&s, "eve");
    is_rc(append(&s, mb, 0, ids, &app), PTN_OK, "a message");
    ptn_store_close(s.store);

    strcpy(p.copy, "/tmp/ptn-epoch-XXXXXX");
    ok(mkdtemp(p.copy) != NULL && rmdir(p.copy) == 0
       && shell("cp -a %s/mailbox %s", dir, p.copy), "a copy of the mailbox");

    ptn_store_open(&s.opts, &s.store);
    mb = site_open(&s, "eve");
    from = p.sim->n;

    for (i = 0; i < COMMITS; i++) {
        is_rc(append(&s, mb, MANY, ids, &p.given[i]), PTN_OK,
              "numbers are used");
        ptn_sim_mark(p.sim);
    }

    ptn_sim_run(p.sim, from, 0, 0, check, &p, &res);
    diag("%zu points, %zu disks", res.points, res.checked);
    ok(!res.bad, "no %s is given twice: %s", ids ? "id" : "change number",
       res.bad ? res.bad_why : "wherever the power fails");

    p.sim->ignore_from = from;
    ptn_sim_run(p.sim, from, 1u << PTN_IO_EPOCH, 0, check, &p, &res);
    ok(res.bad, "without the sync of the mark: %s",
       res.bad ? res.bad_why : "nothing was found");

    site_end(&s);
    ptn_sim_free(p.sim);
    ptn_sim_remove(dir);
    shell("rm -rf %s", p.copy);
    free(dir);
}


int
main(void)
{
    test_power(true);
    test_power(false);

    return done_testing();
}
