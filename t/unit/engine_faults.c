/*
 * Every operation of the engine that changes something, while an allocation
 * fails, the pool's, SQLite's, any; and while a change of a file fails, with an
 * I/O error, with a full disk, once or until the operation has given up.  The
 * same process goes on: after an error all is as it was (or, where an operation
 * is more than one commit, as it will be), counters and all, the check finds
 * nothing, and the operation succeeds when it is tried again.
 *
 * Of the nth allocations of an operation a sample is tried; ENGINE_ALL=1: all.
 */

#include "engine_ops.h"
#include "fault_io.h"


#define OPS  ptn_nelts(engine_ops)


typedef struct {
    const char  *name;
    int          err;           /* 0: of memory */
    bool         sticky;
    unsigned     tried, told;
    unsigned     bad;
} kind_t;

typedef struct {
    engine_t         e;
    fault_t          fault;
    ptn_io_t         io;
    ptn_pool_t      *pool;
    char            *states[OPS + 1];
    engine_report_t  report;
} faults_t;


/* ---- allocations ----------------------------------------------------------- */

#ifdef __SANITIZE_ADDRESS__
#define REAL(name)  __interceptor_##name
#else
#define REAL(name)  __libc_##name
#endif

void *REAL(malloc)(size_t n);
void *REAL(calloc)(size_t n, size_t size);
void *REAL(realloc)(void *p, size_t n);

static long  memory_left;               /* until one fails; 0: none does */
static bool  memory_armed, memory_hit;


static bool
memory_fails(void)
{
    if (!memory_armed || memory_left == 0 || --memory_left != 0) {
        return false;
    }

    memory_hit = true;
    errno = ENOMEM;

    return true;
}


void *
malloc(size_t n)
{
    return memory_fails() ? NULL : REAL(malloc)(n);
}


void *
calloc(size_t n, size_t size)
{
    return memory_fails() ? NULL : REAL(calloc)(n, size);
}


void *
realloc(void *p, size_t n)
{
    return memory_fails() ? NULL : REAL(realloc)(p, n);
}


/* ---- one attempt ------------------------------------------------------------ */

static void
arm(faults_t *f, const kind_t *kind, long n)
{
    f->fault.hit = memory_hit = false;
    f->fault.calls = 0;

    if (kind->err == 0) {
        memory_left = n;
        memory_armed = true;

    } else {
        f->fault.left = n;
        f->fault.err = kind->err;
        f->fault.sticky = kind->sticky;
    }
}


static bool
disarm(faults_t *f)
{
    memory_armed = false;
    f->fault.left = 0;

    return memory_hit || f->fault.hit;
}


/* The same process: what was closed after an error is opened again. */

static ptn_rc_t
again(faults_t *f)
{
    ptn_rc_t  rc;

    if (ptn_store_pending(f->e.store)) {
        ptn_store_rollback(f->e.store);
    }

    rc = engine_mboxes(&f->e);

    return rc;
}


static void
complain(kind_t *kind, size_t i, long n, ptn_rc_t rc, const char *why)
{
    if (kind->bad++ < 10) {
        diag("%s %ld of \"%.60s\" (%s): %s", kind->name, n,
             engine_ops[i].calls, ptn_err(rc)->name, why);
    }
}


/* False: it has happened, and cannot be tried again. */

static bool
look(faults_t *f, kind_t *kind, size_t i, long n, ptn_rc_t rc, bool hit)
{
    char        *got, why[500];
    bool         done, before;
    ptn_rc_t     rc2;
    const char  *found;

    rc2 = again(f);

    if (rc2 == PTN_OK) {
        rc2 = engine_state(&f->e, f->e.pool, &got);
    }

    if (rc2 != PTN_OK) {
        snprintf(why, sizeof(why), "then it cannot be read: %s",
                 ptn_err(rc2)->name);
        complain(kind, i, n, rc, why);
        return rc != PTN_OK;
    }

    done = strcmp(got, f->states[i]) == 0;
    before = (i == 0 || strcmp(got, f->states[i - 1]) == 0);

    if (rc == PTN_OK && !done) {
        engine_differ(got, f->states[i], why, sizeof(why));
        complain(kind, i, n, rc, why);

    } else if (rc != PTN_OK && !before
               && !(done && engine_ops[i].tx == NULL))
    {
        engine_differ(got, f->states[i - 1], why, sizeof(why));
        complain(kind, i, n, rc, why);
    }

    if (rc != PTN_OK && !hit) {
        complain(kind, i, n, rc, "nothing had failed");
    }

    if (rc != PTN_OK && kind->err == 0 && rc != PTN_ENOMEM) {
        complain(kind, i, n, rc, "not what the header says");
    }

    if (i != 0 && engine_ops[i].run != op_spoil
        && engine_ops[i - 1].run != op_spoil)
    {
        found = engine_check(&f->e, &f->report);

        if (found != NULL) {
            complain(kind, i, n, rc, found);
        }
    }

    ptn_pool_reset(f->e.pool);

    return rc != PTN_OK && !(done && !before);
}


static long
next(long n, const kind_t *kind)
{
    if (getenv("ENGINE_ALL")) {
        return n + 1;
    }

    return n + 1 + n / (kind->err == 0 ? 2 : 4);
}


static void
test_kind(faults_t *f, kind_t *kind)
{
    bool      hit, more;
    char     *dir;
    long      n;
    size_t    i;
    ptn_rc_t  rc;

    dir = ptn_sim_tmp();
    memset(&f->fault, 0, sizeof(f->fault));
    fault_io(&f->io, &f->fault);
    engine_init(&f->e, &f->io, dir);
    f->e.conf.fsync = (kind->err != 0);
    rc = ptn_store_open(&f->e.opts, &f->e.store);

    for (i = 0; i < OPS && rc == PTN_OK && kind->bad < 10; i++) {
        for (n = 1, more = true; more; n = next(n, kind)) {
            arm(f, kind, n);
            rc = engine_do(&f->e, &engine_ops[i]);
            hit = disarm(f);
            kind->tried += hit;
            kind->told += (rc != PTN_OK);

            if (f->e.store == NULL
                && ptn_store_open(&f->e.opts, &f->e.store) != PTN_OK)
            {
                break;
            }

            more = look(f, kind, i, n, rc, hit);

            if (kind->bad >= 10) {
                break;
            }
        }

        rc = PTN_OK;
    }

    ok(kind->bad == 0 && i == OPS && kind->told > kind->tried / 3,
       "%s: %u failed, %u told, %u bad", kind->name, kind->tried, kind->told,
       kind->bad);
    engine_done(&f->e);
    ptn_io_vfs_unregister("ptn-test");
    ptn_sim_remove(dir);
    free(dir);
}


int
main(int argc, char **argv)
{
    char      *dir;
    size_t     i;
    ptn_rc_t   rc;
    faults_t   f;

    static kind_t  kinds[] = {
        { "allocation", 0, false, 0, 0, 0 },
        { "I/O error", EIO, false, 0, 0, 0 },
        { "disk full", ENOSPC, true, 0, 0, 0 }
    };

    /* what each leaves when nothing fails */

    memset(&f, 0, sizeof(f));
    f.pool = ptn_pool_create(0, NULL);
    dir = ptn_sim_tmp();
    engine_init(&f.e, &ptn_io_posix, dir);
    f.e.conf.fsync = false;
    rc = ptn_store_open(&f.e.opts, &f.e.store);

    for (i = 0; i < OPS && rc == PTN_OK; i++) {
        rc = engine_do(&f.e, &engine_ops[i]);
        ENGINE_TRY(rc, engine_state(&f.e, f.pool, &f.states[i]));
    }

    ok(rc == PTN_OK, "%zu operations, %s", i, ptn_err(rc)->name);
    engine_done(&f.e);
    ptn_sim_remove(dir);
    free(dir);

    /* a repair gives back what was there before the damage, all of it */

    for (i = 1; i + 2 < OPS && engine_ops[i].run != op_spoil; i++) {
        /* void */
    }

    ok(rc == PTN_OK && strcmp(f.states[i - 1], f.states[i + 1]) == 0
       && strcmp(f.states[i - 1], f.states[i + 2]) == 0
       && strcmp(f.states[i - 1], f.states[i]) != 0,
       "a repair takes nothing that is whole");

    for (i = 0; i < ptn_nelts(kinds) && rc == PTN_OK; i++) {
        if (argc < 2 || strstr(kinds[i].name, argv[1]) != NULL) {
            test_kind(&f, &kinds[i]);
        }
    }

    ptn_pool_destroy(f.pool);

    return done_testing();
}
