/*
 * Power loss amid every operation of the engine that changes something: at
 * every point the disk gives all mailboxes as they were at the last
 * acknowledgement, or as the operation under way would have made them; the
 * check finds nothing, a backup that was finished is whole, and mail can be
 * delivered.  Of the many disks a sample is looked at: each POWER_EVERY-th
 * from POWER_PHASE on, until POWER_STOP were bad.
 */

#include "engine_ops.h"
#include "header_scan.h"


#define OPS  ptn_nelts(engine_ops)

#define DISKS_EVERY  199


typedef struct {
    ptn_sim_t        *sim;
    ptn_pool_t       *pool;
    char             *states[OPS + 2];
    unsigned          bad, stop;
    bool              backup[OPS + 2];
    engine_report_t   report;
    char              why[600];
} power_t;


/* ---- every call has its row ---------------------------------------------- */

/* What changes something and takes no transaction. */

static const char *const  whole[] = {
    "ptn_store_commit", "ptn_store_idle", "ptn_mbox_create", "ptn_mbox_delete",
    "ptn_mbox_open", "ptn_mbox_check", "ptn_msg_transfer_mbox",
    "ptn_public_open", "ptn_search_work", "ptn_backup_open",
    "ptn_backup_mailbox", "ptn_backup_finish", "ptn_backup_prune",
    "ptn_restore_mailbox", "ptn_mbox_compact", "ptn_mbox_salvage",
    "ptn_mbox_rename", "ptn_mbox_import", "ptn_tomb_purge",
    "ptn_dictionary_set", "ptn_dictionary_repack", "ptn_receipt_next",
    "ptn_receipt_done", "ptn_receipt_sweep"
};


static bool
has_row(const char *call)
{
    size_t       i, n;
    const char  *p;

    call += strlen("ptn_");
    n = strlen(call);

    for (i = 0; i < OPS; i++) {
        for (p = engine_ops[i].calls; (p = strstr(p, call)) != NULL; p += n) {
            if ((p == engine_ops[i].calls || p[-1] == ' ')
                && (p[n] == ' ' || p[n] == '\0'))
            {
                return true;
            }
        }
    }

    return false;
}


static unsigned  transactions;

/* A prototype that takes a transaction. */

static void
guard_call(const char *name, const char *prototype)
{
    if (strstr(prototype, "ptn_txn_t *tx") != NULL
        && strstr(prototype, "const ptn_txn_t *tx") == NULL)
    {
        transactions++;
        ok(has_row(name), "%s is in a power test", name);
    }
}


static void
guard(void)
{
    size_t  i;

    (void) header_scan(__FILE__, guard_call);
    ok(transactions > 40, "%u calls that take a transaction", transactions);

    for (i = 0; i < ptn_nelts(whole); i++) {
        ok(has_row(whole[i]), "%s is in a power test", whole[i]);
    }
}


/* ---- the record ---------------------------------------------------------- */

static ptn_rc_t
power_record(power_t *p, engine_t *e, size_t *ret_op)
{
    char        manifest[400];
    size_t      i;
    ptn_rc_t    rc;

    rc = ptn_store_open(&e->opts, &e->store);
    snprintf(manifest, sizeof(manifest), "%s/backup/manifest", e->root);

    for (i = 0; i < OPS && rc == PTN_OK; i++) {
        *ret_op = i;
        rc = engine_do(e, &engine_ops[i]);

        if (rc == PTN_OK) {
            ptn_sim_mark(p->sim);
            p->backup[i + 1] = (access(manifest, F_OK) == 0);
            rc = engine_state(e, p->pool, &p->states[i + 1]);
        }
    }

    return rc;
}


static const char *
power_check_site(power_t *p, engine_t *e, unsigned marks)
{
    char         *got, dir[300];
    ptn_rc_t      rc;
    ptn_ops_t     ops;
    const char   *why;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = engine_open(e);

    if (rc != PTN_OK) {
        snprintf(p->why, sizeof(p->why), "it does not open: %s",
                 ptn_err(rc)->name);
        return p->why;
    }

    rc = engine_state(e, e->pool, &got);

    if (rc != PTN_OK) {
        return "it cannot be read";
    }

    if (marks > 0 && strcmp(got, p->states[marks]) != 0
        && (marks == OPS || strcmp(got, p->states[marks + 1]) != 0))
    {
        engine_differ(got, p->states[marks], p->why, sizeof(p->why) / 2);

        if (marks < OPS) {
            snprintf(p->why + strlen(p->why), 16, "; or ");
            engine_differ(got, p->states[marks + 1],
                          p->why + strlen(p->why), sizeof(p->why) / 2 - 16);
        }

        return p->why;
    }

    /* the row that makes a counter wrong, and the one that mends it */

    if (marks == 0 || strstr(engine_ops[marks - 1].calls, "mbox_check") != NULL
        || engine_ops[marks - 1].run == op_spoil
        || (marks < OPS && engine_ops[marks].run == op_spoil))
    {
        return NULL;
    }

    why = engine_check(e, &p->report);

    if (why != NULL) {
        return why;
    }

    engine_dir(e, dir);

    memset(&ops, 0, sizeof(ops));
    ops.report = engine_report;
    ops.ctx = &p->report;
    p->report.line[0] = '\0';

    if (p->backup[marks]
        && ptn_backup_verify(e->store, dir, &ops) != PTN_OK)
    {
        snprintf(p->why, sizeof(p->why), "the backup is not whole: %s",
                 p->report.line);
        return p->why;
    }

    rc = engine_mboxes(e);
    ENGINE_TRY(rc, ptn_txn_begin(&tx, e->mb[ALICE]));
    ENGINE_TRY(rc, engine_add(&tx, e, 0, 99, 100, NULL));
    ENGINE_TRY(rc, ptn_txn_commit(&tx));
    ENGINE_TRY(rc, ptn_store_commit(e->store));

    return rc == PTN_OK ? NULL : "nothing can be delivered";
}


static const char *
power_check(void *ctx, const char *dir, unsigned marks)
{
    char         text[900];
    power_t     *p = ctx;
    engine_t     e;
    const char  *why;

    engine_init(&e, &p->sim->io, dir);
    why = power_check_site(p, &e, marks);
    engine_done(&e);

    if (why != NULL) {
        snprintf(text, sizeof(text), "amid \"%.60s\": %s", marks < OPS
                 ? engine_ops[marks].calls : "end", why);
        snprintf(p->why, sizeof(p->why), "%.590s", text);
        why = p->why;
        diag("disk %u: %s", p->sim->disks - 1, why);

        if (++p->bad < p->stop) {
            return NULL;
        }
    }

    return why;
}


int
main(void)
{
    char             *dir;
    size_t            i, op;
    power_t           p;
    engine_t          e;
    ptn_rc_t          rc;
    ptn_sim_result_t  res;

    guard();

    memset(&p, 0, sizeof(p));
    p.pool = ptn_pool_create(0, NULL);
    op = 0;
    dir = ptn_sim_tmp();
    engine_sim = p.sim = ptn_sim_create(dir);
    engine_init(&e, &p.sim->io, dir);
    rc = power_record(&p, &e, &op);
    engine_done(&e);
    engine_sim = NULL;

    if (ok(rc == PTN_OK, "recorded: %s: %s", engine_ops[op].calls,
           ptn_err(rc)->name))
    {
        p.sim->every = ptn_sim_env("POWER_EVERY", DISKS_EVERY);
        p.sim->phase = ptn_sim_env("POWER_PHASE", 0);
        p.stop = ptn_sim_env("POWER_STOP", 1);
        diag("%zu changes, %u marks", p.sim->n, p.sim->marks);
        ptn_sim_run(p.sim, 0, 0, 1, power_check, &p, &res);
        diag("%zu points, %zu disks, %zu different, %u looked at", res.points,
             res.images, res.checked, p.sim->looked);
        ok(p.bad == 0 && !res.bad, "nothing acknowledged is lost: %s",
           res.bad ? res.bad_why : "at any point");

        for (i = ptn_max(res.bad_point, (size_t) 60) - 60;
             res.bad && getenv("POWER_SHOW") && i <= res.bad_point; i++)
        {
            diag("%zu: op %u site %u inode %u target %u %s %zu at %lld", i,
                 p.sim->ev[i].op, p.sim->ev[i].site, p.sim->ev[i].inode,
                 p.sim->ev[i].target, p.sim->ev[i].name ? p.sim->ev[i].name
                 : "", p.sim->ev[i].n, (long long) p.sim->ev[i].off);
        }

        if (res.bad) {
            diag("at %zu of %zu, %s", res.bad_point, p.sim->n, res.bad_image);
        }
    }

    ptn_sim_free(p.sim);
    ptn_sim_remove(dir);
    free(dir);
    ptn_pool_destroy(p.pool);

    return done_testing();
}
