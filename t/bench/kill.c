/*
 * kill SEED SECONDS: processes under mixed load are killed again and again
 * (t/unit/kill_load.h); the mailboxes are kept when something is wrong.
 */

#include "kill_run.h"


int
main(int argc, char **argv)
{
    unsigned  i, rounds, seconds, seed;
    uint64_t  until;
    kill_t   *k;

    seed = (argc > 1) ? (unsigned) strtoul(argv[1], NULL, 10) : 1;
    seconds = (argc > 2) ? (unsigned) strtoul(argv[2], NULL, 10) : 60;
    k = malloc(sizeof(kill_t));
    kill_begin(k, seed);
    until = ptn_time_mono() + seconds * 1000ULL;

    for (rounds = 0; k->bad == 0 && ptn_time_mono() < until; rounds++) {
        kill_round(k, 150 + (unsigned) rand_r(&k->seed) % 700);
    }

    printf("seed\t%u\nrounds\t%u\nkills\t%llu\noperations\t%llu\n"
           "backups\t%u\nreceipts\t%u\n", seed, rounds,
           (unsigned long long) k->kills, (unsigned long long) k->ops,
           k->backups, k->sent);

    for (i = 0; i < ptn_nelts(kill_ops); i++) {
        printf("%s\t%llu\n", kill_ops[i].name,
               (unsigned long long) k->done[i]);
    }

    if (k->bad) {
        printf("wrong\t%u, kept in %s\n", k->bad, k->s.root);
        return 1;
    }

    ptn_store_open(&k->s.opts, &k->s.store);
    site_done(&k->s);
    free(k->receipt);
    free(k);

    return 0;
}
