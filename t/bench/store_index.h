/*
 * Deliveries with the index of words made beside them, and without: store.c
 * includes this where it has flights.
 *
 * Both in turn, through the store process and into one mailbox: what was not
 * indexed in one turn is there to be in the next, so that the indexer always
 * has more than it can do.
 */

#ifndef STORE_INDEX_H
#define STORE_INDEX_H


#define INDEX_HELD   65536
#define INDEX_DRAIN  15         /* seconds: what is left then stays */


/* Shared with the store process. */
typedef struct {
    _Atomic bool      on;
    _Atomic unsigned  n;
    double            begun;            /* one executor at a time */
    double            begun_cpu;
    float             held[INDEX_HELD];     /* ms */
    float             cpu[INDEX_HELD];
} index_t;

static index_t  *index_now;


/* Of this thread, in seconds. */

static double
index_cpu(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


static void
index_held(void *ctx PTN_UNUSED, bool held)
{
    unsigned  n;

    ptn_housekeep_urgent(held);         /* as the server does */

    if (held) {
        index_now->begun = now();
        index_now->begun_cpu = index_cpu();
        return;
    }

    n = atomic_load(&index_now->n);

    if (n < INDEX_HELD) {
        index_now->held[n] = (float) ((now() - index_now->begun) * 1000);
        index_now->cpu[n] = (float) ((index_cpu() - index_now->begun_cpu)
                                     * 1000);
        atomic_store(&index_now->n, n + 1);
    }
}


static bool
index_wanted(void *ctx PTN_UNUSED)
{
    return ptn_housekeep_wanted();
}


static bool
index_due(void *app)
{
    return atomic_load(&index_now->on) && ptn_store_due(app);
}


static bool
index_tend(void *app)
{
    return atomic_load(&index_now->on) && ptn_store_tend(app);
}


static bool
index_idle(void *app)
{
    return atomic_load(&index_now->on) && ptn_store_idle(app);
}


static uint64_t
index_left(site_t *s)
{
    ptn_user_t          u;
    ptn_mbox_t         *mb;
    ptn_search_info_t   info;

    u = user(s, 1);
    must(ptn_mbox_open(s->store, &u, NULL, &mb), "open");
    must(ptn_search_info(mb, &info), "info");

    return info.pending;
}


/* Processor time of the store process, in seconds. */

static double
index_spent(pid_t pid)
{
    clockid_t        clock;
    struct timespec  ts;

    if (clock_getcpuclockid(pid, &clock) != 0
        || clock_gettime(clock, &ts) == -1)
    {
        return 0;
    }

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


static void
index_drain(site_t *s, pid_t pid)
{
    char      name[64], against[96];
    double    begun, t, spent;
    uint64_t  all, left;

    all = index_left(s);
    left = all;
    begun = now();
    spent = index_spent(pid);

    while (left != 0 && now() - begun < INDEX_DRAIN) {
        usleep(500000);
        left = index_left(s);
    }

    t = now() - begun;
    snprintf(name, sizeof(name), "index: a backlog of %llu drains",
             (unsigned long long) all);
    snprintf(against, sizeof(against), "after %.1f s %llu were left; %.0f us"
             " of CPU each", t, (unsigned long long) left,
             (index_spent(pid) - spent) * 1e6
             / (double) ptn_max(all - left, (uint64_t) 1));
    row(name, (double) (all - left) / t, "messages/s", 1, false, against);
}


static int
by_ms(const void *a, const void *b)
{
    const float  *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}


static void
index_lock_rows(void)
{
    char      against[64];
    unsigned  n;

    n = atomic_load(&index_now->n);
    if (n == 0) {
        must(PTN_ENOTFOUND, "the indexer never ran");
    }

    qsort(index_now->held, n, sizeof(float), by_ms);
    qsort(index_now->cpu, n, sizeof(float), by_ms);
    snprintf(against, sizeof(against), "held %u times; of CPU %.1f, %.1f ms",
             n, (double) index_now->cpu[n - 1 - n / 100],
             (double) index_now->cpu[n - 1]);
    row("index: write lock held, p99", index_now->held[n - 1 - n / 100], "ms",
        20, true, against);
    row("index: write lock held, max", index_now->held[n - 1], "ms", 20, true,
        against);
}


static void
indexing(site_t *s)
{
    mix_t     *mix;
    double     ratio[2 * ROUNDS], off[2 * ROUNDS], t;
    size_t     i;
    flight_t   f;
    char       against[64];

    static const ptn_hooks_t  hooks = {
        .open = flight_open, .close = flight_close,
        .pending = flight_pending, .commit = flight_commit,
        .idle = index_idle, .due = index_due, .tend = index_tend
    };

    index_now = mmap(NULL, sizeof(index_t), PROT_READ|PROT_WRITE,
                     MAP_SHARED|MAP_ANONYMOUS, -1, 0);
    if (index_now == MAP_FAILED) {
        must(PTN_ENOMEM, "mmap");
    }

    mix = calloc(1, sizeof(mix_t));
    site_open(s);
    s->opts.held = index_held;
    s->opts.wanted = index_wanted;
    mix_make(s, mix, "8 KB, indexed", 8192, false, 512);
    t = s->seconds / 2;
    flight_start(s, mix, &hooks, &f);
    flight(&f, t);

    for (i = 0; i < ptn_nelts(off); i++) {
        atomic_store(&index_now->on, false);
        off[i] = flight(&f, t);
        atomic_store(&index_now->on, true);
        ratio[i] = flight(&f, t) / off[i];
    }

    snprintf(against, sizeof(against), "without: %.0f/s",
             median(off, ptn_nelts(off)));
    row("index: deliver 8 KB, 16 in flight, with it",
        median(ratio, ptn_nelts(ratio)), "x without", 0.9, false, against);
    index_lock_rows();
    index_drain(s, f.pid);
    flight_stop(&f, mix->name);
    site_close(s);
    free(mix);
}


#endif /* STORE_INDEX_H */
