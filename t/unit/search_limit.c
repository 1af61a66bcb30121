/*
 * Queries with a limit, and without: every kind of leaf, alone and combined,
 * gives the newest messages that the test itself knows to match, in their
 * order, whatever part of them is in the index, and however often the same
 * was asked before.
 */

#include "mailbox_site.h"
#include "ptn_words.h"


#define NAME      "limit"
#define MESSAGES  700
#define WORDS     8             /* of a message */

typedef struct {
    ptn_id_t  id;
    char      subject[32];
    char      body[256];
    bool      seen, gone;
} mine_t;

static mine_t    mine[MESSAGES + 200];
static unsigned  nmine;
static unsigned  fresh;         /* a new word in one of the next */


/* ---- the messages ------------------------------------------------------ */

static uint32_t
next(void)
{
    static uint32_t  state = 12345;

    state = state * 1664525 + 1013904223;

    return state >> 8;
}


/* Words that all have, many, one in a hundred, one; and some of 500. */

static void
write_body(char *p, size_t size, unsigned n)
{
    int       len;
    unsigned  i;

    len = snprintf(p, size, "common%s", n % 2 ? " evening" : " morning");

    if (n % 100 == 7) {
        len += snprintf(p + len, size - (size_t) len, " seldomness");
    }

    if (n == 40) {
        len += snprintf(p + len, size - (size_t) len, " uniquely");
    }

    if (fresh != 0 && n % 20 == 10) {
        len += snprintf(p + len, size - (size_t) len, " xldomn%u", fresh);
    }

    for (i = 0; i < WORDS; i++) {
        len += snprintf(p + len, size - (size_t) len, " w%03u", next() % 500);
    }

    snprintf(p + len, size - (size_t) len, n % 3 ? " final-word" : " final");
}


static void
put(site_t *s, unsigned n)
{
    unsigned         i;
    ptn_txn_t        tx;
    ptn_append_t     a;
    ptn_appended_t   app;

    if (ptn_txn_begin(&tx, site_open(s, NAME)) != PTN_OK) {
        return;
    }

    for (i = 0; i < n; i++, nmine++) {
        memset(&a, 0, sizeof(a));
        snprintf(mine[nmine].subject, sizeof(mine[nmine].subject),
                 "number %s", nmine % 5 ? "odd" : "even");
        write_body(mine[nmine].body, sizeof(mine[nmine].body), nmine);
        mine[nmine].seen = nmine % 4 == 1;
        a.raw = ptn_str_printf(s->pool, "Subject: %s\r\n\r\n%s\r\n",
                               mine[nmine].subject, mine[nmine].body);
        a.received = 1770000000;
        a.flags = mine[nmine].seen ? PTN_FLAG_SEEN : 0;

        if (ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app) != PTN_OK) {
            break;
        }

        mine[nmine].id = app.id;
    }

    ok(i == n && ptn_txn_commit(&tx) == PTN_OK
       && ptn_store_commit(s->store) == PTN_OK, "%u messages", n);
}


static void
take(site_t *s, unsigned i)
{
    ptn_txn_t  tx;

    ok(ptn_txn_begin(&tx, site_open(s, NAME)) == PTN_OK
       && ptn_msg_expunge_ids(&tx, &mine[i].id, 1) == PTN_OK
       && ptn_txn_commit(&tx) == PTN_OK
       && ptn_store_commit(s->store) == PTN_OK, "message %u goes", i);
    mine[i].gone = true;
}


/* ---- what the test knows ----------------------------------------------- */

/* Words are what stands between blanks and hyphens. */

static bool
has_word(const char *text, const char *word, bool prefix)
{
    size_t       n;
    const char  *p;

    n = strlen(word);

    for (p = text; (p = strstr(p, word)) != NULL; p++) {
        if ((p == text || strchr(" -", p[-1]) != NULL)
            && (prefix || p[n] == '\0' || strchr(" -", p[n]) != NULL))
        {
            return true;
        }
    }

    return false;
}


static bool
want(const ptn_query_t *q, const mine_t *m)
{
    const char         *text;
    const ptn_query_t  *sub;

    text = (q->fields & PTN_FIND_BODY) ? m->body : m->subject;

    switch (q->op) {

    case PTN_FIND_AND:
    case PTN_FIND_OR:
        for (sub = q->sub; sub != NULL; sub = sub->next) {
            if (want(sub, m) != (q->op == PTN_FIND_AND)) {
                return q->op == PTN_FIND_OR;
            }
        }

        return q->op == PTN_FIND_AND;

    case PTN_FIND_NOT:
        return !want(q->sub, m);

    case PTN_FIND_FLAGS:
        return m->seen;

    case PTN_FIND_SUBSTRING:
        return strstr(text, (const char *) q->text.data) != NULL;

    default:
        return has_word(text, (const char *) q->text.data, q->prefix);
    }
}


typedef struct {
    ptn_id_t  ids[MESSAGES + 200];
    size_t    n, max;
} got_t;


static ptn_rc_t
hit(void *ctx, const ptn_msg_info_t *m)
{
    got_t  *g = ctx;

    g->ids[g->n++] = m->id;

    return (g->n == g->max) ? PTN_AGAIN : PTN_OK;
}


static void
ask(site_t *s, const ptn_query_t *q, const char *what)
{
    size_t                i, k, n, bad;
    got_t                *g;
    ptn_rc_t              rc;
    ptn_scope_t           all = { NULL, 0, false };
    static const size_t   limits[] = { 1, 7, 50, 333, MESSAGES + 200 };

    g = ptn_palloc(s->pool, sizeof(got_t));

    for (i = 0; i < ptn_nelts(limits); i++) {
        g->n = 0;
        g->max = limits[i];
        rc = ptn_search_run(site_open(s, NAME), q, &all, false, hit, g);
        bad = 0;

        for (k = nmine, n = 0; k > 0 && n < limits[i]; k--) {
            if (!mine[k - 1].gone && want(q, &mine[k - 1])) {
                bad += n >= g->n || g->ids[n] != mine[k - 1].id;
                n++;
            }
        }

        ok(rc == PTN_OK && bad == 0 && n == g->n,
           "%s, the first %zu: %zu found, %zu match, %zu wrong", what,
           limits[i], g->n, n, bad);
    }
}


/* ---- the queries ------------------------------------------------------- */

static const struct {
    uint8_t      op, fields;
    bool         prefix;
    const char  *text;
} leaves[] = {
#define B  PTN_FIND_BODY
#define S  PTN_FIND_SUBJECT
    { PTN_FIND_WORD, B, false, "common" },
    { PTN_FIND_WORD, B, false, "seldomness" },
    { PTN_FIND_WORD, B, false, "uniquely" },
    { PTN_FIND_WORD, B, false, "w123" },
    { PTN_FIND_WORD, B, false, "nowhere" },
    { PTN_FIND_WORD, S, false, "even" },
    { PTN_FIND_WORD, B, true, "comm" },         /* one word, all have it */
    { PTN_FIND_WORD, B, true, "e" },            /* not "even" of subjects */
    { PTN_FIND_WORD, B, true, "w12" },          /* ten words */
    { PTN_FIND_WORD, B, true, "w" },            /* five hundred */
    { PTN_FIND_WORD, B, true, "w3" },           /* a hundred */
    { PTN_FIND_WORD, B, true, "seld" },
    { PTN_FIND_WORD, B, true, "zz" },
    { PTN_FIND_PHRASE, B, false, "final word" },
    { PTN_FIND_PHRASE, B, false, "common morning" },
    { PTN_FIND_PHRASE, B, true, "common mor" },
    { PTN_FIND_SUBSTRING, B, false, "ommo" },   /* all */
    { PTN_FIND_SUBSTRING, B, false, "ven" },    /* half of them */
    { PTN_FIND_SUBSTRING, B, false, "ldomn" },  /* seven */
    { PTN_FIND_SUBSTRING, B, false, "niquel" }, /* one */
    { PTN_FIND_SUBSTRING, B, false, "23" },     /* some words */
    { PTN_FIND_SUBSTRING, B, false, "qqq" },
    { PTN_FIND_SUBSTRING, S, false, "eve" },
    { PTN_FIND_SUBSTRING, S, false, "ommo" },
    { PTN_FIND_SUBSTRING, B, false, "on mor" },
    { PTN_FIND_SUBSTRING, B, false, "inal-wor" },
    { PTN_FIND_SUBSTRING, B, false, "-" },
#undef B
#undef S
};


static ptn_query_t
leaf(size_t i)
{
    ptn_query_t  q;

    memset(&q, 0, sizeof(q));
    q.op = leaves[i].op;
    q.fields = leaves[i].fields;
    q.prefix = leaves[i].prefix;
    q.text = ptn_str_z(leaves[i].text);

    return q;
}


/* The oracle looks for the characters: "final-word" stands so in the text. */

static ptn_query_t
phrase(ptn_query_t q)
{
    if (q.op == PTN_FIND_PHRASE
        && strcmp((const char *) q.text.data, "final word") == 0)
    {
        q.text = ptn_str("final-word");
    }

    return q;
}


static void
ask_all(site_t *s, const char *when)
{
    char         what[100];
    size_t       i, k;
    ptn_query_t  a, b, not, seen, top;

    for (i = 0; i < ptn_nelts(leaves); i++) {
        snprintf(what, sizeof(what), "%s: %d %s", when, leaves[i].op,
                 leaves[i].text);
        a = phrase(leaf(i));
        ask(s, &a, what);
    }

    /* each with one other, with a flag, and without */

    for (i = 0; i < ptn_nelts(leaves); i++) {
        k = (i * 7 + 3) % ptn_nelts(leaves);
        a = phrase(leaf(i));
        b = phrase(leaf(k));
        memset(&top, 0, sizeof(top));
        memset(&not, 0, sizeof(not));
        memset(&seen, 0, sizeof(seen));
        top.op = PTN_FIND_AND;
        top.sub = &a;
        a.next = &b;
        snprintf(what, sizeof(what), "%s: %s and %s", when, leaves[i].text,
                 leaves[k].text);
        ask(s, &top, what);
        top.op = PTN_FIND_OR;
        snprintf(what, sizeof(what), "%s: %s or %s", when, leaves[i].text,
                 leaves[k].text);
        ask(s, &top, what);

        seen.op = PTN_FIND_FLAGS;
        seen.flags = PTN_FLAG_SEEN;
        not.op = PTN_FIND_NOT;
        not.sub = &b;
        not.next = &seen;
        a.next = &not;
        top.op = PTN_FIND_AND;
        snprintf(what, sizeof(what), "%s: %s, not %s, seen", when,
                 leaves[i].text, leaves[k].text);
        ask(s, &top, what);
    }
}


static void
work(site_t *s)
{
    bool      more;
    ptn_rc_t  rc;

    do {
        rc = ptn_search_work(site_open(s, NAME), 1000, &more);
    } while (rc == PTN_OK && more);

    is_rc(rc, PTN_OK, "indexed");
}


/* A piece that is remembered, and words that come behind it. */

static void
ask_again(site_t *s)
{
    char         what[100];
    ptn_query_t  q;

    memset(&q, 0, sizeof(q));
    q.op = PTN_FIND_SUBSTRING;
    q.fields = PTN_FIND_BODY;
    q.text = ptn_str("ldomn");

    for (fresh = 1; fresh < 4; fresh++) {
        snprintf(what, sizeof(what), "again %u", fresh);
        ask(s, &q, what);
        put(s, 20);
        work(s);
        ask(s, &q, what);
    }

    fresh = 0;
}


int
main(void)
{
    site_t  s;

    site_make(&s);
    s.conf.fsync = false;

    put(&s, MESSAGES);
    work(&s);
    ask_all(&s, "indexed");

    /* what came since is looked at, what went is not shown */

    put(&s, 20);
    take(&s, 40);
    take(&s, 699);
    ask_all(&s, "20 pending");

    /* and in the index, with pieces that were remembered before them */

    work(&s);
    ask_all(&s, "indexed again");
    put(&s, 20);
    work(&s);
    site_reopen(&s, NAME);
    ask_all(&s, "opened anew");

    ask_again(&s);

    is_rc(ptn_sql_exec(site_open(&s, NAME), "UPDATE meta SET v_tokens=7"),
          PTN_OK, "another tokenizer");
    work(&s);
    ask_all(&s, "begun anew");
    site_check(&s, NAME);
    site_done(&s);

    return done_testing();
}
