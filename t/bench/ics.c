/*
 * Synchronisation by sets, the store alone, without syncs.
 *
 *   ics N       a folder of N messages (100000)
 *
 * TSV: name, microseconds of CPU.
 */

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_store.h"


typedef struct {
    char              root[64];
    ptn_conf_t        conf;
    ptn_store_opts_t  opts;
    ptn_store_t      *store;
    ptn_user_t        user;
    ptn_mbox_t       *mb;
    ptn_pool_t       *pool;
    ptn_id_t         *ids;
} site_t;

#define FLAGS  (PTN_ICS_NORMAL|PTN_ICS_FAI|PTN_ICS_READ_STATE)


static double
cpu(void)
{
    struct rusage  ru;

    getrusage(RUSAGE_SELF, &ru);

    return (double) (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1e6
           + (double) (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec);
}


static int
gone(const char *path, const struct stat *sb PTN_UNUSED, int type PTN_UNUSED,
    struct FTW *ftw PTN_UNUSED)
{
    return remove(path);
}


static void
must(ptn_rc_t rc, const char *what)
{
    if (rc != PTN_OK) {
        fprintf(stderr, "ics: %s: %s\n", what, ptn_err(rc)->name);
        exit(1);
    }
}


static void
fill(site_t *s, unsigned n)
{
    unsigned        i;
    ptn_txn_t       tx;
    ptn_append_t    a;
    ptn_appended_t  app;

    memset(&a, 0, sizeof(a));
    a.raw = ptn_str("From: a@example.test\r\nSubject: one of many\r\n\r\nt\r\n");

    for (i = 0; i < n; i++) {
        if (i % 1000 == 0) {
            must(ptn_txn_begin(&tx, s->mb), "begin");
        }

        a.received = 1700000000 + i;
        must(ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app), "append");
        s->ids[i] = app.id;

        if (i % 1000 == 999 || i + 1 == n) {
            must(ptn_txn_commit(&tx), "commit");
            must(ptn_store_commit(s->store), "commit");
        }
    }
}


/* All of what differs; the state moves on, or (`again`) stays. */

static void
sync_all(site_t *s, const char *name, ptn_ics_state_t *state, bool again)
{
    double                  began;
    size_t                  n, total;
    ptn_ics_state_t         from;
    ptn_ics_change_t       *ch;
    ptn_ics_content_t      *c;
    const ptn_ics_state_t  *now;

    memset(&from, 0, sizeof(from));
    must(ptn_ics_state_copy(&from, state), "state");
    must(ptn_mbox_open(s->store, &s->user, NULL, &s->mb), "open");
    began = cpu();
    must(ptn_ics_content_open(s->mb, PTN_FOLDER_INBOX, FLAGS, NULL, &from,
                              &c), "open");

    for (total = 0, n = 1; n != 0; total += n) {
        must(ptn_ics_content_next(s->mb, c, s->pool, 500, 1 << 30, &ch, &n),
             "next");
    }

    printf("%s (told %zu, deleted %llu)\t%.0f\n", name, total,
           (unsigned long long)
           ptn_idset_count(ptn_ics_content_told(c, PTN_ICS_DELETED)),
           cpu() - began);
    ptn_ics_content_told(c, PTN_ICS_BECAME_READ);
    ptn_ics_content_told(c, PTN_ICS_BECAME_UNREAD);

    if (!again) {
        must(ptn_ics_content_state(s->mb, c, &now), "state");
        must(ptn_ics_state_copy(state, now), "state");
    }

    ptn_ics_content_close(c);
    ptn_pool_reset(s->pool);
}


static void
change(site_t *s, unsigned n, unsigned every, bool flag)
{
    unsigned   i;
    ptn_txn_t  tx;

    must(ptn_txn_begin(&tx, s->mb), "begin");

    for (i = 0; i < n; i++) {
        must(ptn_msg_flags_ids(&tx, &s->ids[i * every], 1,
                               flag ? PTN_FLAGS_ADD : PTN_FLAGS_REMOVE,
                               PTN_FLAG_FLAGGED, 0, NULL), "flags");
    }

    must(ptn_txn_commit(&tx), "commit");
    must(ptn_store_commit(s->store), "commit");
}


int
main(int argc, char **argv)
{
    site_t           s;
    unsigned         i, n;
    uint16_t         replid;
    double           began;
    ptn_str_t        text;
    ptn_txn_t        tx;
    ptn_guid_t       guid;
    ptn_ics_state_t  state, holes;

    n = (argc > 1) ? (unsigned) atoi(argv[1]) : 100000;

    if (n < 2000) {
        fprintf(stderr, "usage: ics N, 2000 or more\n");
        return 1;
    }

    memset(&s, 0, sizeof(s));
    memset(&state, 0, sizeof(state));
    memset(&holes, 0, sizeof(holes));
    strcpy(s.root, "/tmp/ptn-bench-XXXXXX");

    if (mkdtemp(s.root) == NULL) {
        return 1;
    }

    ptn_conf_defaults(&s.conf);
    s.conf.root = s.root;
    s.conf.fsync = false;
    s.opts.conf = &s.conf;
    s.pool = ptn_pool_create(0, NULL);
    s.ids = malloc(n * sizeof(ptn_id_t));
    memset(s.user.mailbox.b, 7, 16);
    s.user.id = 1;
    s.user.address = ptn_str("bench@example.test");
    s.user.locale = ptn_str("en");
    must(ptn_store_open(&s.opts, &s.store), "store");
    must(ptn_mbox_open(s.store, &s.user, NULL, &s.mb), "open");
    fill(&s, n);

    sync_all(&s, "first", &state, false);
    sync_all(&s, "nothing", &state, false);
    change(&s, 1000, n / 1000, true);
    sync_all(&s, "1000 changes, one run", &state, false);

    must(ptn_txn_begin(&tx, s.mb), "begin");
    must(ptn_msg_expunge_ids(&tx, &s.ids[n / 2], 1), "expunge");
    must(ptn_txn_commit(&tx), "commit");
    must(ptn_store_commit(s.store), "commit");
    sync_all(&s, "one deletion, one run", &state, false);

    /* as many numbers as it takes; every second one was not seen */

    change(&s, n, 1, true);
    sync_all(&s, "all changed, one run", &state, false);

    must(ptn_ics_state_copy(&holes, &state), "state");
    must(ptn_mbox_replica(s.mb, 1, &replid, &guid), "replica");
    began = cpu();

    for (i = 0; i < 100000; i++) {
        ptn_idset_add(&holes.set[PTN_ICS_SEEN], guid,
                      100000000 + 3 * (uint64_t) i);
    }

    printf("100000 numbers added to a set\t%.0f\n", cpu() - began);
    ptn_idset_done(&holes.set[PTN_ICS_SEEN]);

    for (i = 0; i < 100000; i++) {
        ptn_idset_add(&holes.set[PTN_ICS_SEEN], guid, 1 + 2 * i);
        ptn_idset_add_range(&holes.set[PTN_ICS_GIVEN], guid,
                            s.ids[n - 1] + 1000 + 3 * i,
                            s.ids[n - 1] + 1001 + 3 * i);
    }

    ptn_idset_ready(&holes.set[PTN_ICS_GIVEN]);
    began = cpu();
    must(ptn_ics_state_get(&holes, PTN_ICS_SEEN, s.pool, &text), "encode");
    printf("100000 ranges encoded, %zu bytes\t%.0f\n", text.len,
           cpu() - began);
    began = cpu();
    must(ptn_ics_state_put(&holes, PTN_ICS_SEEN, text), "decode");
    printf("and decoded\t%.0f\n", cpu() - began);
    sync_all(&s, "state of 100000 ranges", &holes, true);

    ptn_ics_state_done(&state);
    ptn_ics_state_done(&holes);
    ptn_store_close(s.store);
    ptn_pool_destroy(s.pool);
    free(s.ids);
    nftw(s.root, gone, 16, FTW_DEPTH|FTW_PHYS);

    return 0;
}
