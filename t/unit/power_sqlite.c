/*
 * The power-loss simulator on a bare database: what SQLite promised is there
 * at every point, and without any one of its syncs it would not be.  So the
 * simulator sees what it has to see before anything of ours leans on it.
 */

#include <sqlite3.h>

#include "ptn_sim.h"
#include "ptn_test.h"


#define VFS   "ptn-power"
#define ROWS  12


typedef struct {
    ptn_sim_t  *sim;
    char        why[256];
} db_t;


static sqlite3 *
db_open(const char *dir)
{
    char      path[PTN_SIM_PATH];
    sqlite3  *db;

    snprintf(path, sizeof(path), "%s/a.sqlite", dir);

    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE|SQLITE_OPEN_CREATE,
                        VFS)
        != SQLITE_OK)
    {
        sqlite3_close(db);
        return NULL;
    }

    if (sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                     "PRAGMA wal_autocheckpoint=0", NULL, NULL, NULL)
        != SQLITE_OK
        || sqlite3_file_control(db, "main", PTN_IO_FCNTL_GATHER, db)
           != SQLITE_OK)
    {
        sqlite3_close(db);
        return NULL;
    }

    return db;
}


static int
db_int(sqlite3 *db, const char *sql)
{
    int            n;
    sqlite3_stmt  *st;

    n = -1;

    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK
        && sqlite3_step(st) == SQLITE_ROW)
    {
        n = sqlite3_column_int(st, 0);
    }

    sqlite3_finalize(st);

    return n;
}


/* Mark 1: the table is there; each later mark: one row more. */
static bool
db_record(const char *dir, ptn_sim_t *sim)
{
    int       i;
    char      sql[256];
    sqlite3  *db;

    db = db_open(dir);
    if (db == NULL) {
        return false;
    }

    if (sqlite3_exec(db, "CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)",
                     NULL, NULL, NULL) != SQLITE_OK)
    {
        sqlite3_close(db);
        return false;
    }

    ptn_sim_mark(sim);

    for (i = 1; i <= ROWS; i++) {
        snprintf(sql, sizeof(sql),
                 "INSERT INTO t VALUES (%d, zeroblob(%d))", i, i * 1500);

        if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
            sqlite3_close(db);
            return false;
        }

        ptn_sim_mark(sim);

        if (i % 5 == 0) {
            sqlite3_exec(db, "PRAGMA wal_checkpoint(RESTART)", NULL, NULL,
                         NULL);
        }

        if (i == 8) {

            /* the last one to close checkpoints and removes the WAL */

            sqlite3_close(db);
            db = db_open(dir);
            if (db == NULL) {
                return false;
            }
        }
    }

    sqlite3_close(db);

    return true;
}


static const char *
db_check(void *ctx, const char *dir, unsigned marks)
{
    int       n, sum, ok;
    db_t     *d = ctx;
    sqlite3  *db;

    db = db_open(dir);

    if (db == NULL) {
        return marks == 0 ? NULL : "cannot be opened";
    }

    ok = db_int(db, "SELECT integrity_check = 'ok' FROM"
                " pragma_integrity_check LIMIT 1");
    n = db_int(db, "SELECT count(*) FROM t");
    sum = db_int(db, "SELECT sum(length(b)) FROM t");
    sqlite3_close(db);

    if (ok != 1 && marks != 0) {
        return "integrity_check";
    }

    if (marks == 0) {
        return NULL;
    }

    if (n != (int) marks - 1 && n != (int) marks) {
        snprintf(d->why, sizeof(d->why), "%d rows after %u marks", n, marks);
        return d->why;
    }

    return sum == n * (n + 1) / 2 * 1500 || n == 0 ? NULL : "another length";
}


static void
power(void)
{
    char              *dir;
    db_t               d;
    unsigned           site;
    ptn_sim_t         *sim;
    ptn_sim_result_t   res;

    static const ptn_io_site_e  sites[] = {
        PTN_IO_WAL, PTN_IO_DB, PTN_IO_DB_DIR
    };

    dir = ptn_sim_tmp();
    sim = ptn_sim_create(dir);
    d.sim = sim;

    is_rc(ptn_io_vfs_register(&sim->io, VFS), PTN_OK, "the VFS");
    ok(db_record(dir, sim), "recorded");
    diag("%zu changes, %u marks", sim->n, sim->marks);

    ptn_sim_run(sim, 0, 0, 3, db_check, &d, &res);
    diag("%zu points, %zu disks, %zu different", res.points, res.images,
         res.checked);
    ok(!res.bad, "nothing is lost: %s", res.bad ? res.bad_why : "at any point");

    if (res.bad) {
        diag("at %zu of %zu, %s", res.bad_point, sim->n, res.bad_image);
    }

    for (site = 0; site < ptn_nelts(sites); site++) {
        ptn_sim_run(sim, 0, 1u << sites[site], 3, db_check, &d, &res);
        ok(res.bad, "without %s: %s", ptn_io_site_name(sites[site]),
           res.bad ? res.bad_why : "no loss was found");
    }

    ptn_io_vfs_unregister(VFS);
    ptn_sim_free(sim);
    ptn_sim_remove(dir);
    free(dir);
}


/* The nth change fails: SQLite says so, and what it said before stands. */
static void
disk_full(void)
{
    char              *dir;
    db_t               d;
    uint64_t           n, failed;
    ptn_sim_t         *sim;
    const char        *why;

    failed = 0;

    for (n = 1; n < 400; n += 3) {
        dir = ptn_sim_tmp();
        sim = ptn_sim_create(dir);
        d.sim = sim;
        (void) ptn_io_vfs_register(&sim->io, VFS);

        ptn_sim_fail(sim, n, n % 2 ? ENOSPC : EIO, n % 4 < 2);
        failed += !db_record(dir, sim);
        ptn_sim_fail(sim, 0, 0, false);
        sim->recording = false;

        why = db_check(&d, dir, sim->marks);
        if (why != NULL) {
            ok(false, "change %d failed: %s", (int) n, why);
        }

        ptn_io_vfs_unregister(VFS);
        ptn_sim_free(sim);
        ptn_sim_remove(dir);
        free(dir);
    }

    ok(failed > 30, "%d failures were told", (int) failed);
}


int
main(void)
{
    power();
    disk_full();

    return done_testing();
}
