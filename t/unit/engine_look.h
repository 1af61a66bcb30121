/*
 * What an operation that failed has left (t/unit/engine_ops.h): the same
 * process goes on; all is as it was (or, where an operation is more than one
 * commit, as it will be), and the check finds nothing.
 */

#ifndef ENGINE_LOOK_H
#define ENGINE_LOOK_H


#include "engine_ops.h"


#define ENGINE_OPS  ptn_nelts(engine_ops)


typedef struct {
    const char  *name;
    int          err;           /* 0: of memory */
    bool         sticky;
    unsigned     tried, told;
    unsigned     bad;
} engine_kind_t;

typedef struct {
    engine_t         e;
    ptn_pool_t      *pool;
    char            *states[ENGINE_OPS + 1];    /* after each, without fault */
    engine_report_t  report;
} engine_look_t;


/* The same process: what was closed after an error is opened again. */

static inline ptn_rc_t
engine_again(engine_look_t *l)
{
    if (ptn_store_pending(l->e.store)) {
        ptn_store_rollback(l->e.store);
    }

    return engine_mboxes(&l->e);
}


static inline void
engine_complain(engine_kind_t *kind, size_t i, long n, ptn_rc_t rc,
    const char *why)
{
    if (kind->bad++ < 10) {
        diag("%s %ld of \"%.60s\" (%s): %s", kind->name, n,
             engine_ops[i].calls, ptn_err(rc)->name, why);
    }
}


/* False: it has happened, and cannot be tried again. */

static inline bool
engine_look(engine_look_t *l, engine_kind_t *kind, size_t i, long n,
    ptn_rc_t rc, bool hit)
{
    char        *got, why[500];
    bool         done, before;
    ptn_rc_t     rc2;
    const char  *found;

    rc2 = engine_again(l);

    if (rc2 == PTN_OK) {
        rc2 = engine_state(&l->e, l->e.pool, &got);
    }

    if (rc2 != PTN_OK) {
        snprintf(why, sizeof(why), "then it cannot be read: %s",
                 ptn_err(rc2)->name);
        engine_complain(kind, i, n, rc, why);
        return rc != PTN_OK;
    }

    done = strcmp(got, l->states[i]) == 0;
    before = (i == 0 || strcmp(got, l->states[i - 1]) == 0);

    if (rc == PTN_OK && !done) {
        engine_differ(got, l->states[i], why, sizeof(why));
        engine_complain(kind, i, n, rc, why);

    } else if (rc != PTN_OK && !before
               && !(done && engine_ops[i].tx == NULL))
    {
        engine_differ(got, l->states[i - 1], why, sizeof(why));
        engine_complain(kind, i, n, rc, why);
    }

    if (rc != PTN_OK && !hit) {
        engine_complain(kind, i, n, rc, "nothing had failed");
    }

    if (rc != PTN_OK && kind->err == 0 && rc != PTN_ENOMEM) {
        engine_complain(kind, i, n, rc, "not what the header says");
    }

    if (i != 0 && engine_ops[i].run != op_spoil
        && engine_ops[i - 1].run != op_spoil)
    {
        found = engine_check(&l->e, &l->report);

        if (found != NULL) {
            engine_complain(kind, i, n, rc, found);
        }
    }

    ptn_pool_reset(l->e.pool);

    return rc != PTN_OK && !(done && !before);
}


#endif /* ENGINE_LOOK_H */
