/*
 * A wall clock that is put on and back by years amid the operations of the
 * engine: nothing is in another order, nothing is purged before its time,
 * nothing is delivered twice, and no number is given again.
 */

#include "engine_ops.h"


#define OPS   ptn_nelts(engine_ops)
#define YEAR  (365 * 86400LL)


static const int64_t  steps[] = {
    10 * YEAR, -20 * YEAR, 3600, -3600, 30 * YEAR, -20 * YEAR, -86400, 86400
};


static void
must(ptn_rc_t rc, const char *what)
{
    if (rc != PTN_OK) {
        printf("Bail out! %s: %s\n", what, ptn_err(rc)->name);
        exit(1);
    }
}


static void
start(engine_t *e, char **ret_dir)
{
    *ret_dir = ptn_sim_tmp();
    engine_init(e, &ptn_io_posix, *ret_dir);
    e->conf.fsync = false;
    engine_step = 0;
    must(ptn_store_open(&e->opts, &e->store), "store");
}


static void
end(engine_t *e, char *dir)
{
    engine_done(e);
    ptn_sim_remove(dir);
    free(dir);
    engine_step = 0;
}


/* Every operation leaves what it leaves with a clock that stands still. */

static void
test_operations(void)
{
    char             *dir, *got, why[500];
    char             *want[OPS];
    size_t            i;
    unsigned          bad, round;
    engine_t          e;
    ptn_rc_t          rc;
    ptn_pool_t       *pool;
    const char       *found;
    engine_report_t   report;

    pool = ptn_pool_create(0, NULL);
    bad = 0;

    for (round = 0; round < 3; round++) {
        start(&e, &dir);

        for (i = 0; i < OPS; i++) {
            if (round > 0) {
                engine_step += steps[(i + round) % ptn_nelts(steps)];
            }

            rc = engine_do(&e, &engine_ops[i]);
            ENGINE_TRY(rc, engine_state(&e, pool, round ? &got : &want[i]));
            found = engine_ops[i].run == op_spoil ? NULL
                    : engine_check(&e, &report);

            if (rc != PTN_OK || found != NULL
                || (round && strcmp(got, want[i]) != 0))
            {
                why[0] = '\0';

                if (rc == PTN_OK && found == NULL) {
                    engine_differ(got, want[i], why, sizeof(why));
                }

                bad++;
                diag("%.60s: %s %s %s", engine_ops[i].calls,
                     ptn_err(rc)->name, found ? found : "", why);
            }
        }

        end(&e, dir);
    }

    ok(bad == 0, "the wall clock changes nothing: %u bad", bad);
    ptn_pool_destroy(pool);
}


static ptn_rc_t
deliver(engine_t *e, unsigned n, ptn_id_t *ret_id)
{
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = engine_mboxes(e);
    ENGINE_TRY(rc, ptn_txn_begin(&tx, e->mb[ALICE]));
    ENGINE_TRY(rc, engine_add(&tx, e, 0, n, 100, ret_id));
    ENGINE_TRY(rc, ptn_txn_commit(&tx));
    ENGINE_TRY(rc, ptn_store_commit(e->store));

    return rc;
}


static void
idle(engine_t *e)
{
    unsigned  i;

    for (i = 0; i < 4; i++) {
        must(engine_mboxes(e), "open");
        must(op_idle(e), "idle");
    }

    must(engine_mboxes(e), "open");
}


static int64_t
count(engine_t *e, const char *text)
{
    int64_t  n;

    must(engine_mboxes(e), "open");
    must(ptn_sql_number(e->mb[ALICE], text, &n), text);

    return n;
}


/* A search folder of what came from a time on: the times are the messages'. */

static void
follow(engine_t *e)
{
    size_t                                i;
    u_char                                r[1 + 1 + 4 + 4 + 8];
    uint64_t                              ticks;
    ptn_id_t                              id, scope = PTN_FOLDER_INBOX;
    ptn_criteria_t                        c;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    /* MS-OXCDATA 2.12.5: PropertyRestriction, >= */

    ticks = (ENGINE_EPOCH + 50 + 11644473600ULL) * 10000000;
    r[0] = 4;
    r[1] = 3;
    ptn_put_le32(r + 2, PTN_PR_MESSAGE_DELIVERY_TIME);
    ptn_put_le32(r + 6, PTN_PR_MESSAGE_DELIVERY_TIME);

    for (i = 0; i < 8; i++) {
        r[10 + i] = (u_char) (ticks >> 8 * i);
    }

    memset(&c, 0, sizeof(c));
    c.restriction = ptn_str_make(r, sizeof(r));
    c.folders = &scope;
    c.n = 1;
    must(ptn_txn_begin(&tx, e->mb[ALICE]), "begin");
    must(ptn_search_folder_create(&tx, PTN_FOLDER_FINDER, ptn_str("late"),
                                  NULL, &id), "search folder");
    must(ptn_search_folder_set(&tx, id, &c), "criteria");
    must(ptn_txn_commit(&tx), "commit");
    must(ptn_store_commit(e->store), "commit");
}


/* What can be recovered stays so, what was delivered is known. */

static void
test_ages(void)
{
    char             *dir;
    size_t            i;
    uint64_t          cn, oid;
    int64_t           validity, tombs;
    ptn_id_t          id, *ids;
    engine_t          e;
    ptn_txn_t         tx = { 0 };
    const char       *found;
    engine_report_t   report;

    start(&e, &dir);
    must(deliver(&e, 1, &id), "deliver");
    must(deliver(&e, 2, NULL), "deliver");
    must(ptn_txn_begin(&tx, e.mb[ALICE]), "begin");
    must(ptn_msg_gone_ids(&tx, &id, 1), "gone");
    must(ptn_txn_commit(&tx), "commit");
    must(ptn_store_commit(e.store), "commit");
    idle(&e);
    tombs = count(&e, "SELECT count(*) FROM tombstone WHERE folder=12");
    validity = count(&e, "SELECT uidvalidity FROM folder WHERE id=12");
    is_u64((uint64_t) count(&e, "SELECT count(*) FROM gone"), 1, "deleted");
    follow(&e);
    must(op_index(&e), "index");
    is_u64((uint64_t) count(&e, "SELECT count(*) FROM found"), 0, "none late");

    for (i = 0; i < ptn_nelts(steps); i++) {
        cn = e.mb[ALICE]->meta.cn;
        oid = e.mb[ALICE]->meta.oid;
        engine_step += steps[i];
        idle(&e);
        is_rc(deliver(&e, 100 + (unsigned) i, NULL), PTN_OK, "delivered");
        ok(e.mb[ALICE]->meta.cn > cn && e.mb[ALICE]->meta.oid > oid,
           "numbers go on");
        idle(&e);
        is_rc(deliver(&e, 2, NULL), PTN_EEXIST, "not delivered again");
        ptn_store_rollback(e.store);
        is_u64((uint64_t) count(&e, "SELECT count(*) FROM gone"), 1,
               "to be recovered, still");
        must(op_index(&e), "index");
        is_u64((uint64_t) count(&e, "SELECT count(*) FROM found"), i + 1,
               "shown by the time that they have");
        is_u64((uint64_t) count(&e, "SELECT count(*) FROM tombstone WHERE"
                                    " folder=12"), (uint64_t) tombs,
               "tombstones stay");
        must(op_reopen(&e), "reopen");
        is_u64((uint64_t) count(&e, "SELECT uidvalidity FROM folder"
                                    " WHERE id=12"), (uint64_t) validity,
               "UIDVALIDITY");
    }

    must(ptn_txn_begin(&tx, e.mb[ALICE]), "begin");
    is_rc(ptn_gone_recover(&tx, e.pool, &id, 1, 0, &ids), PTN_OK, "recovered");
    is_u64(ids[0], id, "it");
    must(ptn_txn_commit(&tx), "commit");
    must(ptn_store_commit(e.store), "commit");
    is_u64((uint64_t) count(&e, "SELECT count(*) FROM (SELECT cn FROM message"
                                " GROUP BY cn HAVING count(*)>1)"), 0,
           "no number twice");
    found = engine_check(&e, &report);
    ok(found == NULL, "%s", found ? found : "every invariant holds");
    end(&e, dir);
}


int
main(void)
{
    test_operations();
    test_ages();

    return done_testing();
}
