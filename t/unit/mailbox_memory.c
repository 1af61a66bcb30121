/*
 * SQLite's allocations fail, one after the other, until the whole passes:
 * nothing is lost, nothing is half done, and the store works on.
 */

#include "mailbox_site.h"


static struct {
    sqlite3_mem_methods  real;
    long                 left;          /* until one fails; 0: none */
    long                 length;        /* how many fail then */
    bool                 hit;
} mem;


static bool
mem_fails(void)
{
    if (mem.left > 0) {
        if (mem.left > 1) {
            mem.left--;
            return false;
        }

        mem.hit = true;

        if (--mem.length <= 0) {
            mem.left = 0;
        }

        return true;
    }

    return false;
}

static void *
mem_malloc(int n)
{
    return mem_fails() ? NULL : mem.real.xMalloc(n);
}

static void *
mem_realloc(void *p, int n)
{
    return mem_fails() ? NULL : mem.real.xRealloc(p, n);
}


/* Append, flags, a folder; each commits on its own.  Counts what was acked. */

static void
scenario(site_t *s, unsigned *acked, unsigned *maybe)
{
    unsigned        i;
    uint32_t        uids[] = { 1, 2, 3 };
    ptn_rc_t        rc;
    ptn_txn_t       tx;
    ptn_user_t      u;
    ptn_mbox_t     *mb;
    ptn_view_t     *v;
    ptn_appended_t  app;

    u = site_user(s, "oom");

    for (i = 0; i < 3; i++) {
        rc = ptn_mbox_open(s->store, &u, NULL, &mb);

        if (rc == PTN_OK) {
            rc = ptn_txn_begin(&tx, mb);
        }

        if (rc != PTN_OK) {
            continue;
        }

        rc = site_append(s, &tx, PTN_FOLDER_INBOX, 3000, 0, &app);

        if (rc == PTN_OK) {
            rc = ptn_txn_commit(&tx);
        }

        ptn_txn_done(&tx);

        /* a second one in the same batch */

        if (rc == PTN_OK && ptn_txn_begin(&tx, mb) == PTN_OK) {
            if (ptn_msg_flags(&tx, PTN_FOLDER_INBOX, uids, 3, PTN_FLAGS_ADD,
                              PTN_FLAG_SEEN, 0, 0, NULL) == PTN_OK)
            {
                ptn_txn_commit(&tx);
            }

            ptn_txn_done(&tx);
        }

        if (ptn_store_commit(s->store) == PTN_OK && rc == PTN_OK) {
            (*acked)++;

        } else if (rc == PTN_OK) {
            (*maybe)++;
        }

        if (ptn_view_get(mb, PTN_FOLDER_INBOX, &v) == PTN_OK) {
            ptn_view_unref(v);
        }
    }
}


static bool
run(site_t *s, long n, long length, unsigned *bad)
{
    bool         hit;
    unsigned     acked, maybe;
    uint32_t     before;
    ptn_user_t   u;
    ptn_view_t  *v;
    ptn_mbox_t  *mb;

    mb = site_reopen(s, "oom");
    ptn_view_get(mb, PTN_FOLDER_INBOX, &v);
    before = ptn_view_count(v);
    ptn_view_unref(v);

    acked = 0;
    maybe = 0;
    mem.left = n;
    mem.length = length;
    mem.hit = false;

    scenario(s, &acked, &maybe);

    mem.left = 0;
    hit = mem.hit;

    /* the same store goes on */

    u = site_user(s, "oom");

    if (ptn_mbox_open(s->store, &u, NULL, &mb) != PTN_OK
        || ptn_view_get(mb, PTN_FOLDER_INBOX, &v) != PTN_OK)
    {
        printf("# allocation %ld: it does not work again\n", n);
        (*bad)++;
        return hit;
    }

    if (ptn_view_count(v) != before + acked) {
        printf("# allocation %ld: %u + %u acknowledged (%u refused), have %u\n",
               n, before, acked, maybe, ptn_view_count(v));
        (*bad)++;
    }

    ptn_view_unref(v);
    s->reports = 0;

    if (n % 20 == 0
        && ptn_mbox_check(s->store, &u, false, site_report, s) != PTN_OK)
    {
        printf("# allocation %ld: check\n", n);
        (*bad)++;
    }

    return hit;
}


int
main(void)
{
    long                 n, length;
    site_t               s;
    unsigned             bad;
    sqlite3_mem_methods  ours;

    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &mem.real);
    ours = mem.real;
    ours.xMalloc = mem_malloc;
    ours.xRealloc = mem_realloc;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &ours);

    site_make(&s);
    s.conf.fsync = false;
    site_open(&s, "oom");

    for (length = 1; length <= 1000; length *= 1000) {
        bad = 0;

        for (n = 1; run(&s, n, length, &bad); n += 1 + n / 200) {
            /* void */
        }

        ok(bad == 0 && n > 100, "%ld allocations fail from each of %ld, "
           "%u bad", length, n, bad);
    }

    site_check(&s, "oom");
    site_done(&s);

    return done_testing();
}
