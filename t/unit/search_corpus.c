/*
 * All of ../shared/ref/mail in one mailbox: each message is found by words of
 * its own subject and body, by phrases and by substrings; what a query finds is
 * what looking at every text finds; the index is small; and when all mail is
 * gone it is empty.
 */

#include "mailbox_site.h"
#include "ptn_ref.h"
#include "ptn_words.h"


#define NAME     "corpus"
#define MESSAGES 2048

typedef struct {
    site_t      *s;
    ptn_txn_t    tx;
    ptn_id_t     ids[MESSAGES];
    size_t       n, raw;
    unsigned     failed;
} corpus_t;


static void
corpus_put(void *ctx, ptn_pool_t *pool PTN_UNUSED,
    const ptn_ref_row_t *row PTN_UNUSED, ptn_str_t raw)
{
    corpus_t        *c = ctx;
    ptn_append_t     a;
    ptn_appended_t   app;

    if (c->n == MESSAGES || raw.len == 0) {
        return;
    }

    memset(&a, 0, sizeof(a));
    a.raw = raw;
    a.received = 1770000000;

    if (ptn_msg_append(&c->tx, PTN_FOLDER_INBOX, &a, &app) != PTN_OK) {
        c->failed++;
        return;
    }

    c->ids[c->n++] = app.id;
    c->raw += raw.len;
}


/* ---- what a text has --------------------------------------------------- */

typedef struct {
    ptn_pool_t  *pool;
    ptn_str_t    words[256];        /* units that are words */
    size_t       n;
} some_t;


static ptn_rc_t
some_unit(void *ctx, const ptn_unit_t *u)
{
    some_t  *w = ctx;

    if (w->n < ptn_nelts(w->words)) {
        w->words[w->n++] = ptn_str_dup(w->pool, u->s);
    }

    return PTN_OK;
}


typedef struct {
    ptn_id_t  want;
    bool      found;
    size_t    n;
} want_t;


static ptn_rc_t
want_hit(void *ctx, const ptn_msg_info_t *m)
{
    want_t  *w = ctx;

    w->n++;

    if (m->id == w->want) {
        w->found = true;
    }

    return w->found ? PTN_AGAIN : PTN_OK;
}


static bool
found_by(corpus_t *c, ptn_id_t id, uint8_t op, uint8_t fields, ptn_str_t text)
{
    want_t       w = { id, false, 0 };
    ptn_query_t  q;
    ptn_scope_t  scope = { NULL, 0, false };

    memset(&q, 0, sizeof(q));
    q.op = op;
    q.fields = fields;
    q.text = text;

    return ptn_search_run(site_open(c->s, NAME), &q, &scope, false, want_hit,
                          &w) == PTN_OK && w.found;
}


static void
test_found(corpus_t *c, const char *when, size_t each)
{
    size_t              i, tried, missing;
    some_t              w;
    ptn_msg_t          *msg;
    ptn_search_text_t   text;
    ptn_str_t           mid, phrase;

    tried = 0;
    missing = 0;
    w.pool = ptn_pool_create(0, NULL);

    for (i = 0; i < c->n; i += each) {
        ptn_pool_reset(w.pool);

        if (ptn_msg_open(site_open(c->s, NAME), w.pool, c->ids[i], &msg)
            != PTN_OK || ptn_search_text(msg, &text) != PTN_OK)
        {
            missing++;
            continue;
        }

        w.n = 0;
        ptn_words_units(text.subject, some_unit, &w);

        if (w.n != 0) {
            tried++;
            missing += !found_by(c, c->ids[i], PTN_FIND_WORD,
                                 PTN_FIND_SUBJECT, w.words[w.n / 2]);
        }

        w.n = 0;
        ptn_words_units(text.body, some_unit, &w);

        if (w.n < 3) {
            continue;
        }

        tried += 3;
        missing += !found_by(c, c->ids[i], PTN_FIND_WORD, PTN_FIND_BODY,
                             w.words[w.n / 3]);
        missing += !found_by(c, c->ids[i], PTN_FIND_WORD, PTN_FIND_TEXT,
                             w.words[w.n - 1]);

        phrase = text.body;
        phrase.len = ptn_min(phrase.len, (size_t) 60);

        while (phrase.len > 0 && (phrase.data[phrase.len - 1] & 0xc0) == 0x80)
        {
            phrase.len--;               /* not amid a character */
        }

        if (phrase.len < text.body.len && phrase.len > 0) {
            phrase.len--;
        }

        mid = phrase;

        if (!ptn_utf8_valid(mid)) {
            continue;
        }

        tried++;

        if (!found_by(c, c->ids[i], PTN_FIND_SUBSTRING, PTN_FIND_BODY, mid)) {
            missing++;
            diag("message %zu is not found by \"%.*s\"", i, ptn_str_arg(mid));
        }
    }

    ok(tried > c->n / each && missing == 0, "%s: %zu queries, %zu missed",
       when, tried, missing);
    ptn_pool_destroy(w.pool);
}


/* ---- the same as looking at all ---------------------------------------- */

typedef struct {
    ptn_id_t  ids[MESSAGES];
    size_t    n;
} all_t;


static ptn_rc_t
all_hit(void *ctx, const ptn_msg_info_t *m)
{
    all_t  *a = ctx;

    if (a->n < MESSAGES) {
        a->ids[a->n++] = m->id;
    }

    return PTN_OK;
}


static void
test_substring(corpus_t *c, const char *needle)
{
    all_t                a;
    size_t               i, k, want, bad;
    ptn_str_t            folded, word, field[8];
    ptn_msg_t           *msg;
    ptn_pool_t          *pool;
    ptn_query_t          q;
    ptn_scope_t          scope = { NULL, 0, false };
    ptn_search_text_t    t;

    a.n = 0;
    memset(&q, 0, sizeof(q));
    q.op = PTN_FIND_SUBSTRING;
    q.fields = PTN_FIND_TEXT;
    q.text = ptn_str_z(needle);
    ptn_utf8_fold(c->s->pool, q.text, &word);
    is_rc(ptn_search_run(site_open(c->s, NAME), &q, &scope, false, all_hit,
                         &a), PTN_OK, "searched");
    pool = ptn_pool_create(0, NULL);
    want = 0;
    bad = 0;

    for (i = 0; i < c->n; i++) {
        ptn_pool_reset(pool);
        ptn_msg_open(site_open(c->s, NAME), pool, c->ids[i], &msg);
        ptn_search_text(msg, &t);
        field[0] = t.subject;
        memcpy(field + 1, t.people, sizeof(t.people));
        field[5] = t.body;
        field[6] = t.attached;
        field[7] = t.names;

        for (k = 0; k < 8; k++) {
            ptn_utf8_fold(pool, field[k], &folded);

            if (folded.len >= word.len
                && memmem(folded.data, folded.len, word.data, word.len))
            {
                break;
            }
        }

        if (k == 8) {
            continue;
        }

        want++;

        for (k = 0; k < a.n && a.ids[k] != c->ids[i]; k++) { /* void */ }

        bad += k == a.n;
    }

    ok(bad == 0 && want == a.n, "\"%s\": %zu found, %zu have it", needle, a.n,
       want);
    ptn_pool_destroy(pool);
}


/* ---- size, time -------------------------------------------------------- */

static void
test_size(corpus_t *c, uint64_t ms)
{
    int64_t      n, rows, list;
    ptn_mbox_t  *mb;

    mb = site_open(c->s, NAME);
    ptn_sql_number(mb, "SELECT sum(length(block)) FROM words_data", &n);
    ptn_sql_number(mb, "SELECT sum(length(sz) + 4) FROM words_docsize", &rows);
    ptn_sql_number(mb, "SELECT sum(n) FROM (SELECT length(words) + 4 AS n"
                       " FROM term_new UNION ALL SELECT length(words) + 4"
                       " FROM term_block UNION ALL SELECT length(pieces) + 6"
                       " FROM term_piece)", &list);
    diag("%zu messages, %zu bytes, indexed in %d ms, index %d + %d bytes,"
         " list %d: %.3f x raw", c->n, c->raw, (int) ms, (int) n, (int) rows,
         (int) list, (double) (n + rows + list) / (double) c->raw);
    ok((double) (n + rows + list) <= 0.25 * (double) c->raw,
       "at most 0.25 x raw");
}


static void
work(corpus_t *c)
{
    bool      more;
    ptn_rc_t  rc;

    do {
        rc = ptn_search_work(site_open(c->s, NAME), 1000, &more);
    } while (rc == PTN_OK && more);

    is_rc(rc, PTN_OK, "indexed");
}


int
main(void)
{
    int64_t              left;
    uint64_t             begun;
    site_t               s;
    corpus_t             c;
    ptn_search_info_t    info;
    static const char   *needles[] = {
        "mess", "ttp", "@", "\xc3\xa9", "qqqq", "\xe3\x81\xae", "ing a"
    };
    size_t               i;

    site_make(&s);
    s.conf.fsync = false;
    memset(&c, 0, sizeof(c));
    c.s = &s;
    ptn_txn_begin(&c.tx, site_open(&s, NAME));
    ptn_ref_mail(corpus_put, &c);
    ptn_txn_commit(&c.tx);
    is_rc(ptn_store_commit(s.store), PTN_OK, "delivered");
    ok(c.n > 100 && c.failed == 0, "%zu messages", c.n);

    test_found(&c, "pending", 191);
    begun = ptn_time_mono();
    work(&c);
    test_size(&c, ptn_time_mono() - begun);
    test_found(&c, "indexed", 5);

    for (i = 0; i < ptn_nelts(needles); i++) {
        test_substring(&c, needles[i]);
    }

    site_check(&s, NAME);

    /* all of it goes */

    ptn_txn_begin(&c.tx, site_open(&s, NAME));
    is_rc(ptn_msg_expunge_ids(&c.tx, c.ids, c.n), PTN_OK, "removed");
    ptn_txn_commit(&c.tx);
    ptn_store_commit(s.store);
    work(&c);
    memset(&info, 0xff, sizeof(info));
    ptn_search_info(site_open(&s, NAME), &info);
    ok(info.indexed == 0 && info.pending == 0 && info.leaving == 0,
       "the index is empty");
    ptn_sql_exec(site_open(&s, NAME),
                 "CREATE VIRTUAL TABLE IF NOT EXISTS temp.terms"
                 " USING fts5vocab (main, words, row)");
    ptn_sql_number(site_open(&s, NAME), "SELECT count(*) FROM temp.terms",
                   &left);
    ok(left == 0, "no word is left (%d)", (int) left);
    site_check(&s, NAME);
    site_done(&s);

    return done_testing();
}
