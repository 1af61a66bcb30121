/*
 * The store alone, without a pool and without syncs: microseconds of CPU.
 *
 *   search N            N messages of 500 bytes: indexing one; the 50 newest
 *                       that have a word, a phrase, a prefix, a substring; 4,000
 *                       messages opened by their row ids, to compare
 *
 * TSV: name, microseconds.
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


static void
ask(site_t *s, const char *name, uint8_t op, const char *text, bool prefix,
    unsigned max)
{
    double       begun;
    hits_t       h;
    unsigned     i;
    ptn_query_t  q;
    ptn_scope_t  scope = { NULL, 0, false };

    memset(&q, 0, sizeof(q));
    q.op = op;
    q.fields = PTN_FIND_TEXT;
    q.text = ptn_str_z(text);
    q.prefix = prefix;
    begun = cpu();

    for (i = 0; i < 5; i++) {
        h.n = 0;
        h.max = max;
        must(ptn_search_run(s->mb, &q, &scope, false, hit, &h), name);
    }

    printf("%s (%u found)\t%.1f\n", name, h.n, (cpu() - begun) / 5);
}


static void
search(site_t *s, unsigned n)
{
    bool        more;
    double      begun;
    hits_t      h;
    unsigned    i;
    ptn_msg_t  *msg;
    ptn_query_t  q;
    ptn_scope_t  scope = { NULL, 0, false };

    deliver(s, 0, n, 500);
    begun = cpu();

    do {
        must(ptn_search_work(s->mb, 1000, &more), "work");
    } while (more);

    printf("indexing\t%.1f\n", (cpu() - begun) / n);
    ask(s, "50 by word", PTN_FIND_WORD, "example", false, 50);
    ask(s, "50 by prefix", PTN_FIND_WORD, "exa", true, 50);
    ask(s, "50 by phrase", PTN_FIND_PHRASE, "example test", false, 50);
    ask(s, "50 by substring", PTN_FIND_SUBSTRING, "ample", false, 50);
    ask(s, "50 by substring of two words", PTN_FIND_SUBSTRING, "ample.te",
        false, 50);
    ask(s, "a word that is nowhere", PTN_FIND_WORD, "zebra", false, 50);

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
    printf("%u by row id\t%.1f\n", h.n, cpu() - begun);
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
