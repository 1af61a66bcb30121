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

#define ENGINE_LEARNS           /* what it allocates for it fails, too */

#include "engine_look.h"
#include "fault_io.h"


typedef struct {
    engine_look_t  l;
    fault_t        fault;
    ptn_io_t       io;
} faults_t;


/* ---- allocations --------------------------------------------------------- */

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


/* ---- one attempt --------------------------------------------------------- */

static void
arm(faults_t *f, const engine_kind_t *kind, long n)
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


static long
next(long n, const engine_kind_t *kind)
{
    if (getenv("ENGINE_ALL")) {
        return n + 1;
    }

    return n + 1 + n / (kind->err == 0 ? 2 : 4);
}


static void
test_kind(faults_t *f, engine_kind_t *kind)
{
    bool      hit, more;
    char     *dir;
    long      n;
    size_t    i;
    ptn_rc_t  rc;

    dir = ptn_sim_tmp();
    memset(&f->fault, 0, sizeof(f->fault));
    fault_io(&f->io, &f->fault);
    engine_init(&f->l.e, &f->io, dir);
    f->l.e.conf.fsync = (kind->err != 0);
    rc = ptn_store_open(&f->l.e.opts, &f->l.e.store);

    for (i = 0; i < ENGINE_OPS && rc == PTN_OK && kind->bad < 10; i++) {
        for (n = 1, more = true; more; n = next(n, kind)) {
            arm(f, kind, n);
            rc = engine_do(&f->l.e, &engine_ops[i]);
            hit = disarm(f);
            kind->tried += hit;
            kind->told += (rc != PTN_OK);

            if (f->l.e.store == NULL
                && ptn_store_open(&f->l.e.opts, &f->l.e.store) != PTN_OK)
            {
                break;
            }

            more = engine_look(&f->l, kind, i, n, rc, hit);

            if (kind->bad >= 10) {
                break;
            }
        }

        rc = PTN_OK;
    }

    ok(kind->bad == 0 && i == ENGINE_OPS && kind->told > kind->tried / 3,
       "%s: %u failed, %u told, %u bad", kind->name, kind->tried, kind->told,
       kind->bad);
    engine_done(&f->l.e);
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

    static engine_kind_t  kinds[] = {
        { "allocation", 0, false, 0, 0, 0 },
        { "I/O error", EIO, false, 0, 0, 0 },
        { "disk full", ENOSPC, true, 0, 0, 0 }
    };

    /* what each leaves when nothing fails */

    memset(&f, 0, sizeof(f));
    f.l.pool = ptn_pool_create(0, NULL);
    dir = ptn_sim_tmp();
    engine_init(&f.l.e, &ptn_io_posix, dir);
    f.l.e.conf.fsync = false;
    rc = ptn_store_open(&f.l.e.opts, &f.l.e.store);

    for (i = 0; i < ENGINE_OPS && rc == PTN_OK; i++) {
        rc = engine_do(&f.l.e, &engine_ops[i]);
        ENGINE_TRY(rc, engine_state(&f.l.e, f.l.pool, &f.l.states[i]));
    }

    ok(rc == PTN_OK, "%zu operations, %s", i, ptn_err(rc)->name);
    engine_done(&f.l.e);
    ptn_sim_remove(dir);
    free(dir);

    /* a repair gives back what was there before the damage, all of it */

    for (i = 1; i + 2 < ENGINE_OPS && engine_ops[i].run != op_spoil; i++) {
        /* void */
    }

    ok(rc == PTN_OK && strcmp(f.l.states[i - 1], f.l.states[i + 1]) == 0
       && strcmp(f.l.states[i - 1], f.l.states[i + 2]) == 0
       && strcmp(f.l.states[i - 1], f.l.states[i]) != 0,
       "a repair takes nothing that is whole");

    for (i = 0; i < ptn_nelts(kinds) && rc == PTN_OK; i++) {
        if (argc < 2 || strstr(kinds[i].name, argv[1]) != NULL) {
            test_kind(&f, &kinds[i]);
        }
    }

    ptn_pool_destroy(f.l.pool);

    return done_testing();
}
