/*
 * The frame of power_*.c but power_engine.c: a store with one or two
 * mailboxes, steps that are recorded (t/unit/ptn_sim.h), what they leave as
 * text, and the check of each disk: the mailboxes are as at the last
 * acknowledgement, or as the step under way makes them; ptn_mbox_check() finds
 * nothing; mail can be delivered.
 *
 * A test fills in a power_t, and plays (power_play) what it records.
 */

#ifndef POWER_SITE_H
#define POWER_SITE_H


#include "ptn_folder.h"
#include "ptn_item.h"
#include "ptn_sim.h"
#include "ptn_test.h"
#include "schema_memo.h"


#define POWER_STEPS  40

#define POWER_MADE  256         /* ids of folders that are not there from the
                                   beginning are above */

typedef struct {
    ptn_conf_t          conf;
    ptn_store_opts_t    opts;
    ptn_store_t        *store;
    ptn_pool_t         *pool;
    unsigned            boxes;
    ptn_mbox_t         *mb[2];
    ptn_user_t          user[2];
    ptn_folder_copy_t  *copy;           /* under way */
} site_t;

typedef struct {
    const char  *name;
    ptn_rc_t   (*f)(site_t *s);
    ptn_rc_t   (*tx)(ptn_txn_t *tx, site_t *s);     /* a transaction of it */
} step_t;

typedef struct power_s  power_t;

struct power_s {
    const char    *name;
    const step_t  *life;
    unsigned       boxes;
    unsigned       sample;      /* of the disks one of so many, or as
                                   POWER_EVERY says */
    unsigned       errors;      /* of the changes, likewise */
    bool           jumped;      /* numbers may have (power_same) */

    ptn_rc_t     (*state)(site_t *s, ptn_buf_t *b);
    ptn_rc_t     (*deliver)(site_t *s);     /* something, to be committed */
    void         (*before)(power_t *p, site_t *s);      /* or NULL */
    const char  *(*opened)(power_t *p, site_t *s);      /* or NULL */

    ptn_sim_t     *sim;
    ptn_pool_t    *pool;                        /* of the states */
    char          *states[POWER_STEPS + 2];     /* [m]: after m marks */
    unsigned       nstates;
    char           report[256];
    char           why[600];
};


/* ---- a store on a root --------------------------------------------------- */

static inline void
site_init(site_t *s, ptn_sim_t *sim, const char *root, unsigned boxes)
{
    unsigned  i, k;

    memset(s, 0, sizeof(site_t));
    ptn_conf_defaults(&s->conf);
    s->conf.root = root;
    s->conf.fsync = true;
    s->conf.hostname = "mail.example.test";
    s->opts.conf = &s->conf;
    s->opts.io = &sim->io;
    s->pool = ptn_pool_create(0, NULL);
    s->boxes = boxes;

    for (k = 0; k < boxes; k++) {
        s->user[k].id = k + 1;
        s->user[k].address = k ? ptn_str("bob@example.test")
                               : ptn_str("alice@example.test");
        s->user[k].locale = ptn_str("en");

        for (i = 0; i < 16; i++) {
            s->user[k].mailbox.b[i] = (u_char) (i * 7 + 1 + 100 * k);
        }
    }
}


static inline ptn_rc_t
site_mboxes(site_t *s)
{
    unsigned  k;
    ptn_rc_t  rc;

    for (k = s->boxes, rc = PTN_OK; k-- > 0 && rc == PTN_OK; /* void */ ) {
        rc = ptn_mbox_open(s->store, &s->user[k], NULL, &s->mb[k]);
    }

    return rc;
}


static inline ptn_rc_t
site_open(site_t *s)
{
    ptn_rc_t  rc;

    rc = ptn_store_open(&s->opts, &s->store);

    return rc == PTN_OK ? site_mboxes(s) : rc;
}


static inline void
site_close(site_t *s)
{
    if (s->store != NULL) {
        ptn_store_close(s->store);
        s->store = NULL;
    }

    ptn_view_list_shrink(0);
}


static inline void
site_done(site_t *s)
{
    site_close(s);
    ptn_pool_destroy(s->pool);
}


/* Bytes that do not compress. */

static inline ptn_str_t
site_noise(ptn_pool_t *pool, size_t n, uint64_t seed)
{
    size_t   i;
    u_char  *p;

    p = ptn_palloc(pool, n);
    seed = seed * 2 + 1;

    for (i = 0; i < n; i++) {
        p[i] = (u_char) ptn_sim_random(&seed);
    }

    return ptn_str_make(p, n);
}


static inline ptn_id_t
site_nth(ptn_mbox_t *mb, ptn_id_t folder, uint32_t seq)
{
    ptn_row_t    row;
    ptn_view_t  *view;

    row.id = 0;

    if (ptn_view_get(mb, folder, &view) == PTN_OK) {
        if (seq <= ptn_view_count(view)) {
            ptn_view_row(view, seq, &row);
        }

        ptn_view_unref(view);
    }

    return row.id;
}


static inline ptn_rc_t
step_reopen(site_t *s)
{
    site_close(s);

    return site_open(s);
}


/* ---- the record ---------------------------------------------------------- */

static inline ptn_rc_t
power_step(site_t *s, const step_t *step)
{
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    if (step->f != NULL) {
        return step->f(s);
    }

    rc = ptn_txn_begin(&tx, s->mb[0]);

    if (rc == PTN_OK) {
        rc = step->tx(&tx, s);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static inline ptn_rc_t
power_state(power_t *p, site_t *s, ptn_pool_t *pool, char **ret)
{
    ptn_rc_t   rc;
    ptn_buf_t  b;

    ptn_buf_init(&b, pool);
    rc = p->state(s, &b);

    if (rc == PTN_OK) {
        *ret = ptn_str_dupz(pool, ptn_buf_get(&b));
    }

    return rc;
}


/*
 * Runs the steps; each success is a mark, with the state it left.  Nothing
 * in it comes from a clock, so a later run leaves the same states.
 */

static inline ptn_rc_t
power_record(power_t *p, site_t *s, const step_t *step, const char **ret_step)
{
    char      *state = NULL;
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
            rc = power_state(p, s, p->pool, &state);

            if (rc == PTN_OK && ++n > p->nstates) {
                p->states[++p->nstates] = state;
            }
        }
    }

    return rc;
}


/* ---- the check ----------------------------------------------------------- */

static inline void
power_report(void *ctx, const char *line)
{
    power_t  *p = ctx;

    if (p->report[0] == '\0') {
        snprintf(p->report, sizeof(p->report), "%s", line);
    }
}


/* Where two states part, for the eye. */

static inline void
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


/*
 * A mark that could not be written when a mailbox was closed fails nothing: the
 * next one goes on behind the numbers that had been put by.  Then folders that
 * are made later have other ids; all else is as it was.
 */

static inline bool
power_same(const power_t *p, const char *got, const char *want)
{
    bool    id;
    size_t  n, m;

    for (id = true; p->jumped && *got != '\0' && *want != '\0'; ) {
        n = strcspn(got, " :\n") + 1;
        m = strcspn(want, " :\n") + 1;

        if (!id || atol(got) < POWER_MADE || atol(want) < POWER_MADE) {
            if (n != m || memcmp(got, want, n - 1) != 0) {
                return false;
            }
        }

        if (got[n - 1] != want[m - 1]) {
            return false;
        }

        if (got[n - 1] == '\0') {
            return true;
        }

        /* a line begins with one, and "in" stands before that of the parent */

        id = got[n - 1] == '\n' || (n == 3 && memcmp(got, "in ", 3) == 0);
        got += n;
        want += m;
    }

    return strcmp(got, want) == 0;
}


static inline const char *
power_check_site(power_t *p, site_t *s, unsigned marks)
{
    char        *got;
    unsigned     k;
    ptn_rc_t     rc;
    const char  *why;

    if (p->before != NULL) {
        p->before(p, s);
    }

    rc = site_open(s);

    if (rc != PTN_OK) {
        snprintf(p->why, sizeof(p->why), "after %u marks it does not open: %s",
                 marks, ptn_err(rc)->name);
        return p->why;
    }

    why = p->opened != NULL ? p->opened(p, s) : NULL;

    if (why != NULL) {
        return why;
    }

    for (k = 0; k < s->boxes; k++) {
        p->report[0] = '\0';
        rc = ptn_mbox_check(s->store, &s->user[k], false, power_report, p);

        if (rc != PTN_OK) {
            snprintf(p->why, sizeof(p->why), "check: %s: %s",
                     ptn_err(rc)->name, p->report);
            return p->why;
        }
    }

    if (site_mboxes(s) != PTN_OK
        || power_state(p, s, s->pool, &got) != PTN_OK)
    {
        return "it cannot be read";
    }

    if (marks > 0 && !power_same(p, got, p->states[marks])
        && (marks == p->nstates || !power_same(p, got, p->states[marks + 1])))
    {
        power_differ(p, got, p->states[marks < p->nstates ? marks + 1
                                                          : marks]);
        return p->why;
    }

    rc = p->deliver(s);

    if (rc == PTN_OK && ptn_store_pending(s->store)) {
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

    site_init(&s, p->sim, dir, p->boxes);
    why = power_check_site(p, &s, marks);
    site_done(&s);

    return why;
}


/* ---- losses -------------------------------------------------------------- */

static inline void
power_run(power_t *p, const char *name)
{
    ptn_sim_result_t  res;

    diag("%s: %zu changes, %u marks", name, p->sim->n, p->sim->marks);
    p->sim->every = ptn_sim_env("POWER_EVERY", p->sample);
    ptn_sim_run(p->sim, 0, 0, 1, power_check, p, &res);
    p->sim->every = 1;
    diag("%zu points, %zu disks, %zu different", res.points, res.images,
         res.checked);
    ok(!res.bad, "%s: nothing acknowledged is lost: %s", name,
       res.bad ? res.bad_why : "at any point");

    if (res.bad) {
        diag("at %zu of %zu, %s", res.bad_point, p->sim->n, res.bad_image);
    }
}


/* Without the syncs of a site, from the first mark on, something is lost. */

static inline void
power_without(power_t *p, ptn_io_site_e site)
{
    size_t            from;
    ptn_sim_result_t  res;

    for (from = 0; from < p->sim->n && p->sim->ev[from].op != PTN_SIM_MARK;
         from++)
    {
        /* void */
    }

    p->sim->every = 1;
    p->sim->ignore_from = from;
    ptn_sim_run(p->sim, from, 1u << site, 1, power_check, p, &res);
    p->sim->ignore_from = 0;
    ok(res.bad, "without %s, later: %.300s", ptn_io_site_name(site),
       res.bad ? res.bad_why : "no loss was found");
}


/* Records `steps` in a new directory, or in `dir`; then `more`. */

static inline uint64_t
power_play(power_t *p, char *dir, const char *name, const step_t *steps,
    void (*more)(power_t *p))
{
    site_t       s;
    ptn_rc_t     rc;
    uint64_t     changes;
    const char  *step;

    p->sim = ptn_sim_create(dir);
    p->sim->keep = true;
    p->nstates = 0;
    site_init(&s, p->sim, dir, p->boxes);
    rc = power_record(p, &s, steps, &step);
    site_done(&s);
    changes = p->sim->calls;

    if (ok(rc == PTN_OK, "%s: %s: %s", name, step, ptn_err(rc)->name)) {
        power_run(p, name);
        more(p);
    }

    ptn_sim_free(p->sim);
    ptn_sim_remove(dir);
    free(dir);

    return changes;
}


/* Nothing of it is recorded: what was there before. */

static inline ptn_rc_t
power_prepare(power_t *p, const char *dir, const step_t *steps)
{
    site_t       s;
    ptn_rc_t     rc;
    const char  *step;

    p->sim = ptn_sim_create(dir);
    p->sim->recording = false;
    site_init(&s, p->sim, dir, p->boxes);
    rc = power_record(p, &s, steps, &step);
    site_done(&s);
    ptn_sim_free(p->sim);

    return rc;
}


/*
 * A change of the disk fails, once or for good: the step says so, and what
 * was acknowledged before is there when the disk is well again.
 */

static inline void
power_errors(power_t *p, uint64_t changes)
{
    char        *dir;
    site_t       s;
    ptn_rc_t     rc;
    uint64_t     n, told, tried;
    const char  *step, *why;

    told = 0;
    tried = 0;

    for (n = 1; n <= changes; n += p->errors) {
        dir = ptn_sim_tmp();
        p->sim = ptn_sim_create(dir);
        p->sim->recording = false;
        site_init(&s, p->sim, dir, p->boxes);

        ptn_sim_fail(p->sim, n, n % 4 < 2 ? ENOSPC : EIO, n % 2);
        rc = power_record(p, &s, p->life, &step);
        site_close(&s);
        ptn_sim_fail(p->sim, 0, 0, false);

        tried++;
        told += rc != PTN_OK;
        p->jumped = (rc == PTN_OK);
        why = power_check_site(p, &s, p->sim->marks);
        p->jumped = false;

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


#endif /* POWER_SITE_H */
