/*
 * The index of words, without a pool and without syncs: microseconds of CPU.
 *
 *   search N            N messages of 500 bytes: indexing one; the 50 newest
 *                       that have a word, a phrase, a prefix, a substring
 *
 * TSV: row, value, unit, bar, PASS or FAIL, what it was measured against: 4,000
 * messages opened by their row ids, in the same run.
 */

#include <stdio.h>
#include <stdlib.h>

#include "store_site.h"



typedef struct {
    ptn_id_t  ids[4096];
    unsigned  n, max;
} hits_t;


static ptn_rc_t
hit(void *ctx, const ptn_msg_info_t *m)
{
    hits_t  *h = ctx;

    h->ids[h->n++] = m->id;

    return h->n == h->max ? PTN_AGAIN : PTN_OK;
}


static double
opened(site_t *s)
{
    double       begun;
    hits_t       h;
    unsigned     i;
    ptn_msg_t   *msg;
    ptn_query_t  q;
    ptn_scope_t  scope = { NULL, 0, false };

    memset(&q, 0, sizeof(q));
    h.n = 0;
    h.max = 4000;
    must(ptn_search_run(s->mb, &q, &scope, false, hit, &h), "all");
    begun = cpu();

    for (i = 0; i < h.n; i++) {
        must(ptn_mbox_read(s->mb), "read");
        must(ptn_msg_open(s->mb, s->pool, h.ids[i], &msg), "open");
    }

    ptn_mbox_read_end(s->mb);
    begun = cpu() - begun;
    ptn_pool_reset(s->pool);

    return h.n == 0 ? 0 : begun * 4000 / h.n;
}


static void
ask(site_t *s, const char *name, const ptn_query_t *q, unsigned n, double bar)
{
    double       begun, each;
    hits_t       h;
    unsigned     i;
    ptn_scope_t  scope = { NULL, 0, false };

    begun = cpu();

    for (i = 0; i < n; i++) {
        h.n = 0;
        h.max = 50;
        must(ptn_search_run(s->mb, q, &scope, false, hit, &h), name);
    }

    each = (cpu() - begun) / n;
    printf("%s\t%.1f\tus\t<= %.0f\t%s\t%u found\n", name, each, bar,
           each <= bar ? "PASS" : "FAIL", h.n);
    fflush(stdout);
}


static const struct {
    const char  *name;
    uint8_t      op;
    bool         prefix;
    const char  *text;
    unsigned     times;
} rows[] = {
    { "50 by word, all have it",       PTN_FIND_WORD, false, "example", 5 },
    { "50 by word, 1 in 100",          PTN_FIND_WORD, false, "sender42", 5 },
    { "50 by phrase, all",        PTN_FIND_PHRASE, false, "example test", 5 },
    { "50 by prefix, all",             PTN_FIND_WORD, true, "exa", 5 },
    { "50 by prefix, 1 in 9",          PTN_FIND_WORD, true, "sender4", 5 },
    { "50 by prefix, 97 words, all",   PTN_FIND_WORD, true, "sende", 5 },
    { "50 by substring, all",          PTN_FIND_SUBSTRING, false, "ample", 5 },
    { "50 by substring of two words, all",
                                  PTN_FIND_SUBSTRING, false, "ample.te", 5 },
    { "50 by substring, 1 in 100, once",
                                  PTN_FIND_SUBSTRING, false, "nder42", 1 },
    { "50 by substring, 1 in 100, again",
                                  PTN_FIND_SUBSTRING, false, "nder42", 5 },
    { "a substring that is nowhere, once",
                                  PTN_FIND_SUBSTRING, false, "zebr", 1 },
    { "a substring that is nowhere, again",
                                  PTN_FIND_SUBSTRING, false, "zebr", 5 },
    { "a word that is nowhere",        PTN_FIND_WORD, false, "zebra", 5 },
};


static void
search(site_t *s, unsigned n)
{
    bool         more;
    double       begun, bar;
    unsigned     i;
    ptn_query_t  q;

    deliver(s, 0, n, 500);
    begun = cpu();

    do {
        must(ptn_search_work(s->mb, 1000, &more), "work");
    } while (more);

    printf("indexing a message\t%.1f\tus\n", (cpu() - begun) / n);
    bar = opened(s);

    for (i = 0; i < ptn_nelts(rows); i++) {
        memset(&q, 0, sizeof(q));
        q.op = rows[i].op;
        q.fields = PTN_FIND_TEXT;
        q.text = ptn_str_z(rows[i].text);
        q.prefix = rows[i].prefix;
        ask(s, rows[i].name, &q, rows[i].times, bar);
    }
}


int
main(int argc, char **argv)
{
    site_t  s;

    if (argc != 2) {
        fprintf(stderr, "usage: search N\n");
        return 2;
    }

    site_open(&s);
    search(&s, (unsigned) atoi(argv[1]));
    site_close(&s);

    return 0;
}
