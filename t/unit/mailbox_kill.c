/*
 * kill -9 at random points under a mixed load: a few seeded rounds of
 * t/unit/kill_load.h.  `./build.sh bench kill` goes on for as long as one
 * likes.
 */

#include "kill_run.h"


#ifdef __SANITIZE_ADDRESS__
#define ROUNDS  6
#else
#define ROUNDS  12
#endif


static unsigned
kill_seen(const kill_t *k)
{
    unsigned  i, seen;

    for (i = 0, seen = 0; i < ptn_nelts(kill_ops); i++) {
        seen += (k->done[i] != 0);
    }

    return seen;
}


static bool
kill_enough(const kill_t *k)
{
    return k->ops > 100 && kill_seen(k) > ptn_nelts(kill_ops) / 2
           && k->kills > ROUNDS && k->sent > 0;
}


int
main(void)
{
    unsigned     i, seen;
    kill_t      *k;
    const char  *seed;

    seed = getenv("PTN_SEED");
    k = malloc(sizeof(kill_t));
    kill_begin(k, seed ? (unsigned) strtoul(seed, NULL, 10) : 4);

    /* a slow machine gets more rounds, until there was something to kill */

    for (i = 0; k->bad == 0 && (i < ROUNDS || (!kill_enough(k) && i < 100));
         i++)
    {
        kill_round(k, 300);
    }

    seen = kill_seen(k);

    ok(k->bad == 0, "%llu changes acknowledged, %llu processes killed, %u"
       " wrong", (unsigned long long) k->ops, (unsigned long long) k->kills,
       k->bad);
    ok(k->ops > 100 && seen > ptn_nelts(kill_ops) / 2, "%u kinds of them",
       seen);
    ok(k->kills > ROUNDS, "most were killed");
    ok(k->sent > 0, "%u receipts were sent", k->sent);
    ptn_store_open(&k->s.opts, &k->s.store);
    site_done(&k->s);
    free(k->receipt);
    free(k);

    return done_testing();
}
