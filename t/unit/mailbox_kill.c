/*
 * Processes that work on one mailbox at once, some of them killed: every
 * change that was acknowledged is there, and every invariant holds.
 */

#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#include "mailbox_site.h"


#define PROCESSES  3
#define ROUNDS     12

/* What each process has been promised, in memory that outlives it. */
typedef struct {
    volatile uint32_t  n;
    volatile ptn_id_t  id[20000];
} promise_t;


static void
worker(site_t *s, promise_t *p, unsigned seed)
{
    unsigned        i, k;
    ptn_txn_t       tx;
    ptn_rc_t        rc;
    ptn_mbox_t     *mb;
    ptn_view_t     *v;
    ptn_appended_t  app[4];

    if (ptn_store_open(&s->opts, &s->store) != PTN_OK) {
        _exit(1);
    }

    for ( ;; ) {
        mb = site_open(s, "kill");
        k = 1 + (unsigned) rand_r(&seed) % 4;
        rc = PTN_OK;

        for (i = 0; i < k && rc == PTN_OK; i++) {
            rc = ptn_txn_begin(&tx, mb);

            if (rc == PTN_OK) {
                rc = site_append(s, &tx, PTN_FOLDER_INBOX,
                                 (size_t) rand_r(&seed) % 3000, 0, &app[i]);
            }

            if (rc == PTN_OK) {
                rc = ptn_txn_commit(&tx);
            }

            ptn_txn_done(&tx);
        }

        if (rc != PTN_OK || ptn_store_commit(s->store) != PTN_OK) {
            ptn_store_rollback(s->store);

            if (rc != PTN_EBUSY) {
                _exit(2);
            }

            continue;
        }

        for (i = 0; i < k; i++) {
            p->id[p->n] = app[i].id;
            __sync_synchronize();
            p->n++;
        }

        if (ptn_view_get(mb, PTN_FOLDER_INBOX, &v) != PTN_OK) {
            _exit(3);
        }

        ptn_view_unref(v);
        ptn_store_idle(s->store);
        ptn_pool_reset(s->pool);
    }
}


int
main(void)
{
    int          status, bad_exit;
    pid_t        pid[PROCESSES];
    site_t       s;
    unsigned     i, round, lost, promised;
    uint32_t     k, had;
    ptn_msg_t   *msg;
    promise_t   *p;
    ptn_mbox_t  *mb;
    struct timespec  pause = { 0, 150 * 1000 * 1000 };

    p = mmap(NULL, PROCESSES * sizeof(promise_t), PROT_READ|PROT_WRITE,
             MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    site_make(&s);
    site_open(&s, "kill");
    ptn_store_close(s.store);
    fflush(stdout);
    bad_exit = 0;

    for (i = 0; i < PROCESSES; i++) {
        pid[i] = fork();

        if (pid[i] == 0) {
            worker(&s, &p[i], i);
        }
    }

    for (round = 0; round < ROUNDS; round++) {
        i = round % PROCESSES;
        had = p[i].n;

        /* it has made progress, but it may be killed at any point */

        for (k = 0; k < 100 && p[i].n < had + 10; k++) {
            nanosleep(&pause, NULL);
        }

        kill(pid[i], SIGKILL);
        waitpid(pid[i], &status, 0);
        bad_exit += WIFEXITED(status);
        pid[i] = fork();

        if (pid[i] == 0) {
            worker(&s, &p[i], round * 100 + i);
        }
    }

    for (i = 0; i < PROCESSES; i++) {
        kill(pid[i], SIGKILL);
        waitpid(pid[i], &status, 0);
        bad_exit += WIFEXITED(status);
    }

    ok(bad_exit == 0, "none ended by itself (%d)", bad_exit);

    ptn_store_open(&s.opts, &s.store);
    mb = site_open(&s, "kill");

    for (i = 0, lost = 0, promised = 0; i < PROCESSES; i++) {
        for (k = 0; k < p[i].n; k++) {
            promised++;
            lost += ptn_msg_open(mb, s.pool, p[i].id[k], &msg) != PTN_OK;
        }
    }

    ok(lost == 0 && promised > 100, "%u changes acknowledged, %u lost",
       promised, lost);
    site_check(&s, "kill");
    is_u64(ptn_mbox_info(mb, &(ptn_mbox_info_t) { .epoch = 0 }), PTN_OK,
           "info");
    ok(mb->meta.epoch == 1, "still the first epoch");
    site_done(&s);

    return done_testing();
}
