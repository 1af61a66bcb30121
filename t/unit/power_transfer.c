/*
 * Power loss while a folder goes to another mailbox and back: at every point
 * whoever opens both afterwards finds each message once, brings what was begun
 * to its end, and the check finds nothing.  The same when a change of the disk
 * fails.
 */

#include "power_site.h"


#define MESSAGES  3

#ifdef __SANITIZE_ADDRESS__
#define DISKS_EVERY  61
#define ERRORS_STEP  61
#else
#define DISKS_EVERY  17
#define ERRORS_STEP  23
#endif


static ptn_rc_t
both(site_t *s, unsigned from, ptn_mbox_t **a, ptn_mbox_t **b)
{
    ptn_rc_t  rc;

    rc = ptn_mbox_open(s->store, &s->user[!from], NULL, b);

    return rc == PTN_OK ? ptn_mbox_open(s->store, &s->user[from], NULL, a)
                        : rc;
}


/* ---- steps --------------------------------------------------------------- */

static ptn_rc_t
add(ptn_txn_t *tx, site_t *s, ptn_id_t folder, unsigned n)
{
    size_t          i;
    ptn_buf_t       b;
    ptn_append_t    a;
    ptn_appended_t  app;

    ptn_buf_init(&b, s->pool);
    ptn_buf_printf(&b, "From: a@example.test\r\nSubject: mail %u\r\n\r\n", n);

    /* the last one has a blob file */

    for (i = 0; n == MESSAGES && i < 150000; i += 50) {
        ptn_buf_printf(&b, "%016llx%016llx some words\r\n",
                       (unsigned long long) ((i + n) * 0x9e3779b97f4a7c15ULL),
                       (unsigned long long) ((i + n) * 0xbf58476d1ce4e5b9ULL));
    }

    memset(&a, 0, sizeof(a));
    a.raw = ptn_buf_get(&b);
    a.received = 1770000000;

    return ptn_msg_append(tx, folder, &a, &app);
}


static ptn_rc_t
step_make(site_t *s)
{
    ptn_id_t                              top, in;
    ptn_rc_t                              rc;
    ptn_mbox_t                           *a, *b;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = both(s, 0, &a, &b);

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, a);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_create(&tx, PTN_FOLDER_IPM_SUBTREE, ptn_str("top"),
                               NULL, &top);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_create(&tx, top, ptn_str("in"), NULL, &in);
    }

    rc = rc == PTN_OK ? add(&tx, s, top, 1) : rc;
    rc = rc == PTN_OK ? add(&tx, s, in, 2) : rc;
    rc = rc == PTN_OK ? add(&tx, s, in, 3) : rc;
    rc = rc == PTN_OK ? ptn_txn_commit(&tx) : rc;

    return rc == PTN_OK ? ptn_store_commit(s->store) : rc;
}


static ptn_rc_t
step_take(site_t *s, unsigned from)
{
    bool                 partial;
    ptn_id_t             id;
    ptn_rc_t             rc;
    ptn_mbox_t          *a, *b;
    const ptn_folder_t  *f;

    rc = both(s, from, &a, &b);

    if (rc == PTN_OK) {
        rc = ptn_folder_child(a, PTN_FOLDER_IPM_SUBTREE, ptn_str("top"), &f);
    }

    return rc == PTN_OK
           ? ptn_folder_transfer_mbox(a, b, s->pool, f->id,
                                      PTN_FOLDER_IPM_SUBTREE, ptn_str("top"),
                                      0, &id, &partial)
           : rc;
}


static ptn_rc_t
record(power_t *p, site_t *s)
{
    ptn_rc_t  rc;

    rc = ptn_store_open(&s->opts, &s->store);

    if (rc == PTN_OK) {
        rc = step_make(s);
    }

    if (rc == PTN_OK) {
        ptn_sim_mark(p->sim);
        rc = step_take(s, 0);
    }

    if (rc == PTN_OK) {
        ptn_sim_mark(p->sim);
        rc = step_take(s, 1);
    }

    if (rc == PTN_OK) {
        ptn_sim_mark(p->sim);
    }

    return rc;
}


/* Messages by their subject, below "top" of one mailbox. */

static ptn_rc_t
gather(site_t *s, ptn_mbox_t *mb, unsigned *seen, unsigned *folders)
{
    char                *at;
    size_t               i, n;
    uint32_t             seq;
    unsigned             k;
    ptn_rc_t             rc;
    ptn_row_t            row;
    ptn_str_t            raw;
    ptn_msg_t           *msg;
    ptn_view_t          *v;
    const ptn_folder_t  *f;

    rc = ptn_folder_list(mb, &f, &n);

    for (i = 0; rc == PTN_OK && i < n; i++) {
        *folders += ptn_str_eqz(f[i].name, "top");
        rc = ptn_view_get(mb, f[i].id, &v);

        for (seq = 1; rc == PTN_OK && seq <= ptn_view_count(v); seq++) {
            ptn_view_row(v, seq, &row);
            rc = ptn_msg_open(mb, s->pool, row.id, &msg);

            if (rc == PTN_OK) {
                rc = ptn_msg_slice(msg, s->pool, 0, UINT64_MAX, 1 << 20,
                                   &raw);
            }

            at = rc == PTN_OK ? strstr(ptn_str_dupz(s->pool, raw), "mail ")
                              : NULL;

            if (at != NULL && sscanf(at, "mail %u", &k) == 1
                && k <= MESSAGES)
            {
                seen[k]++;
            }
        }

        if (rc == PTN_OK) {
            ptn_view_unref(v);
        }
    }

    return rc;
}


static const char *
check_site(power_t *p, site_t *s, unsigned marks)
{
    int64_t      left, more;
    unsigned     i, k, folders[2] = { 0 }, seen[MESSAGES + 1] = { 0 };
    ptn_rc_t     rc;
    ptn_mbox_t  *a, *b;

    rc = ptn_store_open(&s->opts, &s->store);
    left = 1;

    for (i = 0; rc == PTN_OK && left != 0 && i < 20; i++) {
        rc = both(s, i & 1, &a, &b);
        ptn_store_idle(s->store);

        if (rc == PTN_OK) {
            rc = ptn_sql_number(a, "SELECT (SELECT count(*) FROM intent)"
                                "+(SELECT count(*) FROM parting)", &left);
        }

        if (rc == PTN_OK) {
            rc = ptn_sql_number(b, "SELECT (SELECT count(*) FROM intent)"
                                "+(SELECT count(*) FROM parting)", &more);
            left += more;
        }
    }

    if (rc == PTN_OK && left != 0) {
        return "a move was not finished";
    }

    for (k = 0; rc == PTN_OK && k < 2; k++) {
        p->report[0] = '\0';
        rc = ptn_mbox_check(s->store, &s->user[k], false, power_report, p);

        if (rc == PTN_OK) {
            rc = ptn_mbox_open(s->store, &s->user[k], NULL, &a);
        }

        if (rc == PTN_OK) {
            rc = gather(s, a, seen, &folders[k]);
        }
    }

    if (rc != PTN_OK) {
        snprintf(p->why, sizeof(p->why), "%s: %s", ptn_err(rc)->name,
                 p->report);
        return p->why;
    }

    for (k = 1; marks > 0 && k <= MESSAGES; k++) {
        if (seen[k] != 1) {
            snprintf(p->why, sizeof(p->why), "message %u is there %u times",
                     k, seen[k]);
            return p->why;
        }
    }

    /* the folder is on one side, the one that was acknowledged */

    if (marks > 0 && folders[0] + folders[1] != 1) {
        return "the folder is on both sides, or on none";
    }

    return (marks == 3 && folders[0] != 1) ? "it did not come back" : NULL;
}


static const char *
check(void *ctx, const char *dir, unsigned marks)
{
    site_t       s;
    power_t     *p = ctx;
    const char  *why;

    site_init(&s, p->sim, dir, 2);
    why = check_site(p, &s, marks);
    site_done(&s);

    return why;
}


static uint64_t
test_life(power_t *p)
{
    char              *dir;
    site_t             s;
    ptn_rc_t           rc;
    uint64_t           changes;
    ptn_sim_result_t   res;

    dir = ptn_sim_tmp();
    p->sim = ptn_sim_create(dir);
    p->sim->keep = true;
    site_init(&s, p->sim, dir, 2);
    rc = record(p, &s);
    site_done(&s);
    changes = p->sim->calls;

    if (ok(rc == PTN_OK, "recorded: %s", ptn_err(rc)->name)) {
        p->sim->every = DISKS_EVERY;
        ptn_sim_run(p->sim, 0, 0, 1, check, p, &res);
        diag("%zu points, %zu disks, %zu different", res.points, res.images,
             res.checked);
        ok(!res.bad, "each message once: %s",
           res.bad ? res.bad_why : "at any point");

        /* without the syncs of the WAL something must be found */

        p->sim->every = 1;
        p->sim->ignore_from = 0;
        ptn_sim_run(p->sim, p->sim->n / 2, 1u << PTN_IO_WAL, 1, check, p,
                    &res);
        ok(res.bad, "without syncs: %s",
           res.bad ? res.bad_why : "no loss was found");
    }

    ptn_sim_free(p->sim);
    ptn_sim_remove(dir);
    free(dir);

    return changes;
}


static void
test_errors(power_t *p, uint64_t changes)
{
    char        *dir;
    site_t       s;
    uint64_t     n, told, tried;
    ptn_rc_t     rc;
    const char  *why;

    told = tried = 0;

    for (n = 1; n <= changes; n += ERRORS_STEP) {
        dir = ptn_sim_tmp();
        p->sim = ptn_sim_create(dir);
        p->sim->recording = false;
        site_init(&s, p->sim, dir, 2);
        ptn_sim_fail(p->sim, n, n % 4 < 2 ? ENOSPC : EIO, n % 2);
        rc = record(p, &s);
        site_close(&s);
        ptn_sim_fail(p->sim, 0, 0, false);
        tried++;
        told += rc != PTN_OK;
        why = check_site(p, &s, p->sim->marks);

        if (why != NULL) {
            ok(false, "change %d failed (%s): %s", (int) n, ptn_err(rc)->name,
               why);
        }

        site_done(&s);
        ptn_sim_free(p->sim);
        ptn_sim_remove(dir);
        free(dir);
    }

    ok(told > tried / 2, "%d of %d failures were told", (int) told,
       (int) tried);
}


int
main(void)
{
    power_t   p;
    uint64_t  changes;

    memset(&p, 0, sizeof(p));
    changes = test_life(&p);
    test_errors(&p, changes);

    return done_testing();
}
