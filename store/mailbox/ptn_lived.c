/*
 * How long a mailbox has been in use, by which retention counts (DESIGN 3,
 * "Clocks"): seconds that the machine was up, never what a clock that was set
 * says.
 *
 *   the same boot      what CLOCK_BOOTTIME says, unless the wall clock has
 *                      moved by something else: then nothing is known (a
 *                      clock that was set, a machine that was copied), and
 *                      the time does not count
 *   another boot       what the wall clock says, at most the uptime
 *
 * So things are kept too long rather than too short.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "ptn_folder.h"


#define PTN_LIVED_SLACK    300          /* the two clocks may differ */
#define PTN_LIVED_NOTE     60           /* seconds that are not written down */
#define PTN_LIVED_IDLE     3600
#define PTN_LIVED_DAY      86400

#define PTN_TIDY_MS        (600 * 1000)
#define PTN_TIDY_SOON_MS   200          /* there is more to do */

#define PTN_TOMB_DAYS      90           /* tombstones are kept so long ... */
#define PTN_TOMB_KEPT      50000        /* ... and so many of each folder */
#define PTN_TOMB_AT_ONCE   2000


int64_t
ptn_lived_step(const ptn_lived_t *was, const ptn_lived_t *now)
{
    int64_t  up, wall, slack;

    wall = now->wall - was->wall;

    if (was->boot == 0) {
        return 0;
    }

    if (was->boot != now->boot) {
        return (wall > 0) ? ptn_min(wall, now->up) : 0;
    }

    up = now->up - was->up;
    slack = PTN_LIVED_SLACK + up / 1000;

    return (up > 0 && llabs(wall - up) <= slack) ? up : 0;
}


/* ---- clocks ------------------------------------------------------------- */

/* A number for this boot: of the kernel's random id for it. */

static int64_t
ptn_lived_boot(void)
{
    int       fd;
    char      id[64];
    ssize_t   i, n;
    uint64_t  h;

    static int64_t  boot;       /* the same for all threads, once read */

    if (__atomic_load_n(&boot, __ATOMIC_RELAXED) != 0) {
        return __atomic_load_n(&boot, __ATOMIC_RELAXED);
    }

    h = 0xcbf29ce484222325ULL;
    fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY|O_CLOEXEC);
    n = (fd == -1) ? -1 : read(fd, id, sizeof(id));

    if (fd != -1) {
        close(fd);
    }

    if (n <= 0) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        h = (h ^ (u_char) id[i]) * 0x100000001b3ULL;
    }

    __atomic_store_n(&boot, (int64_t) (h >> 2) + 1, __ATOMIC_RELAXED);

    return (int64_t) (h >> 2) + 1;
}


static void
ptn_lived_clock(ptn_lived_t *now)
{
    struct timespec  ts;

    memset(now, 0, sizeof(ptn_lived_t));
    clock_gettime(CLOCK_BOOTTIME, &ts);
    now->up = ts.tv_sec;
    now->wall = ptn_msg_now();
    now->boot = ptn_lived_boot();
}


/* ---- the mailbox's ------------------------------------------------------ */

static ptn_rc_t
ptn_lived_read(ptn_mbox_t *mb, ptn_lived_t *ret)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_LIVED_GET, &rc);
    if (st == NULL) {
        return rc;
    }

    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ECORRUPT : rc;
    }

    ret->lived = sqlite3_column_int64(st, 0);
    ret->wall = sqlite3_column_int64(st, 1);
    ret->boot = sqlite3_column_int64(st, 2);
    ret->up = sqlite3_column_int64(st, 3);
    sqlite3_reset(st);

    return PTN_OK;
}


static ptn_rc_t
ptn_lived_write(ptn_txn_t *tx, const ptn_lived_t *now)
{
    ptn_rc_t  rc;

    rc = ptn_sql_run(tx->mb, PTN_SQL_LIVED_SET, 4, (uint64_t) now->lived,
                     (uint64_t) now->wall, (uint64_t) now->boot,
                     (uint64_t) now->up);

    /* a row a day, and none that is older than the first one that counts */

    if (rc == PTN_OK) {
        rc = ptn_sql_run(tx->mb, PTN_SQL_AGE_ADD, 3,
                         (uint64_t) (now->lived / PTN_LIVED_DAY),
                         (uint64_t) PTN_LIVED_DAY, tx->mb->meta.cn);
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_run(tx->mb, PTN_SQL_AGE_TRIM, 1,
                         (uint64_t) (now->lived
                                     - PTN_TOMB_DAYS * PTN_LIVED_DAY));
    }

    tx->mb->meta.dirty = true;

    return rc;
}


ptn_rc_t
ptn_lived_advance(ptn_txn_t *tx, int64_t *ret_lived)
{
    int64_t      step;
    ptn_rc_t     rc;
    ptn_lived_t  was, now;

    rc = ptn_lived_read(tx->mb, &was);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_lived_clock(&now);
    step = ptn_lived_step(&was, &now);
    now.lived = was.lived + step;

    /* a clock that was set is written down as well: it counts on from there */

    if (was.boot != now.boot || step >= PTN_LIVED_NOTE
        || (step == 0 && llabs(now.wall - was.wall) > PTN_LIVED_NOTE))
    {
        rc = ptn_lived_write(tx, &now);
        was.lived = now.lived;
    }

    *ret_lived = was.lived;             /* as it is written down */

    return rc;
}


/* ---- tombstones --------------------------------------------------------- */

static ptn_rc_t
ptn_tomb_at(ptn_mbox_t *mb, ptn_sql_e sql, ptn_id_t folder, uint64_t offset,
    uint64_t cut, uint64_t *ret_cn)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    *ret_cn = 0;

    st = ptn_sql(mb, sql, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) offset);

    if (cut != 0) {
        sqlite3_bind_int64(st, 3, (sqlite3_int64) cut);
    }

    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        *ret_cn = ptn_sql_u64(st, 0);
        sqlite3_reset(st);
        rc = PTN_OK;
    }

    return rc;
}


/* One folder: *ret_cn is its new horizon, 0: it stays. */

static ptn_rc_t
ptn_tomb_purge_one(ptn_mbox_t *mb, ptn_id_t folder, uint64_t cut,
    uint64_t keep, uint64_t max, uint64_t *ret_cn, bool *ret_more)
{
    ptn_rc_t  rc;
    uint64_t  cn, last;

    *ret_cn = 0;

    /* the newest one that may go */

    rc = ptn_tomb_at(mb, PTN_SQL_TOMB_NTH_NEWEST, folder, keep, 0, &cn);

    if (rc != PTN_OK || cn == 0) {
        return rc;
    }

    cn = ptn_min(cn, cut);

    /* the last of those that go now */

    rc = ptn_tomb_at(mb, PTN_SQL_TOMB_NTH_OLDEST, folder, max - 1, cn, &last);

    if (rc == PTN_OK && last != 0) {
        *ret_more = true;

    } else if (rc == PTN_OK) {
        rc = ptn_tomb_at(mb, PTN_SQL_TOMB_LAST, folder, 0, cn, &last);
    }

    if (rc != PTN_OK || last == 0) {
        return rc;
    }

    rc = ptn_sql_run(mb, PTN_SQL_TOMB_PURGE, 2, folder, last);

    if (rc == PTN_OK) {
        rc = ptn_sql_run(mb, PTN_SQL_FOLDER_HORIZON, 2, folder, last);
    }

    *ret_cn = last;

    return rc;
}


ptn_rc_t
ptn_tomb_purge(ptn_txn_t *tx, uint64_t cut, uint64_t keep, uint64_t max,
    bool *ret_more)
{
    uint32_t    i;
    ptn_rc_t    rc;
    uint64_t    horizon;
    ptn_set_t  *set;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(tx->mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    set = tx->mb->set;
    *ret_more = false;

    for (i = 0; i < set->n && rc == PTN_OK; i++) {
        rc = ptn_tomb_purge_one(tx->mb, set->folders[i].id, cut, keep,
                                ptn_max(max, (uint64_t) 1), &horizon,
                                ret_more);

        if (rc == PTN_OK && horizon != 0) {
            set->more[i].horizon = ptn_max(set->more[i].horizon, horizon);
            tx->mb->meta.dirty = true;
        }
    }

    return (rc == PTN_OK) ? PTN_OK : ptn_txn_poison(tx, rc);
}


/* ---- an idle executor --------------------------------------------------- */

static ptn_rc_t
ptn_lived_tombs(ptn_txn_t *tx, int64_t lived, bool *ret_more)
{
    ptn_rc_t       rc;
    uint64_t       cut;
    sqlite3_stmt  *st;

    *ret_more = false;

    st = ptn_sql(tx->mb, PTN_SQL_AGE_CUT, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, lived - PTN_TOMB_DAYS * PTN_LIVED_DAY);
    rc = ptn_sql_step(tx->mb, st);

    if (rc != PTN_AGAIN) {
        return rc;
    }

    cut = ptn_sql_u64(st, 0);
    sqlite3_reset(st);

    return cut ? ptn_tomb_purge(tx, cut, PTN_TOMB_KEPT, PTN_TOMB_AT_ONCE,
                                ret_more)
               : PTN_OK;
}


static ptn_rc_t
ptn_lived_idle_write(ptn_mbox_t *mb, int64_t *ret_lived, bool *ret_more)
{
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_lived_advance(&tx, ret_lived);
    }

    if (rc == PTN_OK) {
        rc = ptn_lived_tombs(&tx, *ret_lived, ret_more);
    }

    return ptn_batch_end(mb, &tx, rc);
}


/*
 * Time is written down each hour, and tombstones are looked at then; what is
 * gone, each ten minutes.  Another executor may have done it just now.
 */

void
ptn_lived_idle(ptn_mbox_t *mb)
{
    bool         more;
    int64_t      step;
    ptn_lived_t  was, now;

    if (ptn_time_mono() < mb->tidy_ms) {
        return;
    }

    mb->tidy_ms = ptn_time_mono() + PTN_TIDY_MS;

    if (ptn_lived_read(mb, &was) != PTN_OK) {
        return;
    }

    ptn_lived_clock(&now);
    step = ptn_lived_step(&was, &now);
    now.lived = was.lived + step;
    more = false;

    if (was.boot != now.boot || step >= PTN_LIVED_IDLE
        || (step == 0 && llabs(now.wall - was.wall) >= PTN_LIVED_IDLE))
    {
        if (ptn_lived_idle_write(mb, &now.lived, &more) != PTN_OK) {
            return;
        }
    }

    more |= ptn_gone_purge(mb, now.lived);

    if (more) {
        mb->tidy_ms = ptn_time_mono() + PTN_TIDY_SOON_MS;
    }
}
