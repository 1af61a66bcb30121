/*
 * The list of words, by which a substring within a word is found: against what
 * is known of each message, while it grows to several groups, with messages
 * that go, with an index that begins anew, and with files that lie.
 */

#include "mailbox_site.h"
#include "ptn_words.h"


#define NAME      "list"
#define MESSAGES  400
#define WORDS     300               /* of one, new ones: some groups */

typedef struct {
    site_t    s;
    ptn_id_t  found[MESSAGES];
    unsigned  n;
} list_t;

typedef struct {
    const char  *what;
    bool         seen;
} watch_t;


/* Word k of message m; no two alike. */

static uint32_t
code(unsigned m, unsigned k)
{
    return (m * WORDS + k) * 2654435761U;
}


static void
put(list_t *l, unsigned from, unsigned n)
{
    unsigned         i, k;
    ptn_buf_t        b;
    ptn_txn_t        tx;
    ptn_mbox_t      *mb;
    ptn_append_t     a;
    ptn_appended_t   app;

    mb = site_open(&l->s, NAME);

    for (i = from; i < from + n; i++) {
        ptn_buf_init(&b, l->s.pool);
        ptn_buf_printf(&b, "Subject: m%u\r\nFrom: sender%u@example.org\r\n\r\n",
                       i, i % 7);

        for (k = 0; k < WORDS; k++) {
            ptn_buf_printf(&b, "q%08xz%s", code(i, k), k % 8 ? " " : "\r\n");
        }

        ptn_buf_printf(&b, "common Stra\xc3\x9f" "enbahn%s\r\n",
                       i == 3 ? " y yabcde" : "");

        memset(&a, 0, sizeof(a));
        a.raw = ptn_buf_get(&b);
        a.received = 1770000000;

        if (ptn_txn_begin(&tx, mb) != PTN_OK
            || ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app) != PTN_OK
            || ptn_txn_commit(&tx) != PTN_OK)
        {
            ok(0, "put");
        }
    }

    is_rc(ptn_store_commit(l->s.store), PTN_OK, "committed");
}


static void
work(list_t *l)
{
    bool      more;
    ptn_rc_t  rc;

    do {
        rc = ptn_search_work(site_open(&l->s, NAME), 1000, &more);
    } while (rc == PTN_OK && more);

    is_rc(rc, PTN_OK, "indexed");
}


static ptn_rc_t
hit(void *ctx, const ptn_msg_info_t *m)
{
    list_t  *l = ctx;

    if (l->n < MESSAGES) {
        l->found[l->n] = m->uid;
    }

    l->n++;

    return PTN_OK;
}


/* Anew, so that nothing is remembered. */

static unsigned
ask(list_t *l, const char *text)
{
    ptn_query_t  q;
    ptn_scope_t  scope = { NULL, 0, false };

    ptn_terms_forget(site_open(&l->s, NAME));
    memset(&q, 0, sizeof(q));
    q.op = PTN_FIND_SUBSTRING;
    q.fields = PTN_FIND_TEXT;
    q.text = ptn_str_z(text);
    l->n = 0;
    is_rc(ptn_search_run(site_open(&l->s, NAME), &q, &scope, false, hit, l),
          PTN_OK, text);

    return l->n;
}


/* Of some words of each message: all, the beginning, the middle, the end. */

static void
test_each(list_t *l, unsigned from, unsigned n)
{
    char         word[16], piece[16];
    unsigned     i, k, missing;
    ptn_rc_t     rc;
    ptn_query_t  q;
    ptn_scope_t  scope = { NULL, 0, false };

    static const struct {
        unsigned  at, len;
    } cuts[] = { { 0, 10 }, { 0, 9 }, { 1, 8 }, { 1, 9 }, { 1, 8 } };

    missing = 0;

    for (i = from; i < from + n; i++) {
        k = i % WORDS;
        snprintf(word, sizeof(word), "q%08xz", code(i, k));
        snprintf(piece, sizeof(piece), "%.*s", (int) cuts[i % 5].len,
                 word + cuts[i % 5].at);
        ptn_terms_forget(site_open(&l->s, NAME));
        memset(&q, 0, sizeof(q));
        q.op = PTN_FIND_SUBSTRING;
        q.fields = PTN_FIND_BODY;
        q.text = ptn_str_z(piece);
        l->n = 0;
        rc = ptn_search_run(site_open(&l->s, NAME), &q, &scope, false, hit, l);

        if (rc != PTN_OK || l->n != 1 || l->found[0] != i + 1) {
            diag("%s of message %u: %u found", piece, i, l->n);
            missing++;
        }
    }

    ok(missing == 0, "a word of each of %u messages, %u missing", n, missing);
}


static int64_t
number(list_t *l, const char *sql)
{
    int64_t  n;

    n = -1;
    ptn_sql_number(site_open(&l->s, NAME), sql, &n);

    return n;
}


static void
test_grows(list_t *l)
{
    int64_t   bytes;
    unsigned  i;

    /* one by one, a few, many */

    for (i = 0; i < 8; i++) {
        put(l, i, 1);
        work(l);
    }

    ok(number(l, "SELECT count(*) FROM term_new") == 8, "8 rows");
    ok(number(l, "SELECT count(DISTINCT segid) FROM words_idx") < 7,
       "segments are merged when there is time");
    test_each(l, 0, 8);
    put(l, 8, 12);
    work(l);
    put(l, 20, MESSAGES - 20);
    work(l);
    diag("%d blocks, %d words wait", (int) number(l, "SELECT count(*)"
         " FROM term_block"), (int) number(l, "SELECT count(*)"
         " FROM term_new"));
    ok(number(l, "SELECT count(DISTINCT id/32) FROM term_block") > 1,
       "some groups");
    test_each(l, 0, MESSAGES);

    /* None twice but those that all have, and those of a portion that took
     * too long for one transaction, where a group was made meanwhile. */

    bytes = number(l, "SELECT sum(length(words)) FROM (SELECT words FROM"
                   " term_new UNION ALL SELECT words FROM term_block)");
    ok(bytes < MESSAGES * WORDS * 11 * 2, "each word about once: %ld"
       " bytes", (long) bytes);

    /* one for each portion, if nobody had merged them */

    diag("%d segments", (int) number(l, "SELECT count(DISTINCT segid)"
         " FROM words_idx"));
    ok(number(l, "SELECT count(DISTINCT segid) FROM words_idx") < 10,
       "few segments");
    is_u64(ask(l, "ender3"), (MESSAGES + 3) / 7, "in words of all groups");
    is_u64(ask(l, "asse"), MESSAGES, "folded");
    is_u64(ask(l, "nbah"), MESSAGES, "in its middle");
    is_u64(ask(l, "zq"), 0, "not across words");
    is_u64(ask(l, "mmon "), MESSAGES, "at the end of a word");
    is_u64(ask(l, "mmo "), 0, "not at the end");
    is_u64(ask(l, "yabcd"), 1, "behind a word of one letter");
    is_u64(ask(l, "xyzzy"), 0, "nowhere");
    ok(ask(l, "qa") > 0, "two characters");
    site_check(&l->s, NAME);
}


static void
test_leaves(list_t *l)
{
    char           piece[16];
    uint32_t       uid;
    ptn_txn_t      tx;
    ptn_mbox_t    *mb;

    mb = site_open(&l->s, NAME);
    uid = 6;
    snprintf(piece, sizeof(piece), "%08x", code(5, 7));
    is_u64(ask(l, piece), 1, "there");
    ok(ptn_txn_begin(&tx, mb) == PTN_OK
       && ptn_msg_expunge(&tx, PTN_FOLDER_INBOX, &uid, 1) == PTN_OK
       && ptn_txn_commit(&tx) == PTN_OK
       && ptn_store_commit(l->s.store) == PTN_OK, "expunged");
    is_u64(ask(l, piece), 0, "gone");
    work(l);
    is_u64(ask(l, piece), 0, "gone from the index");
    site_check(&l->s, NAME);
}


static void
watch(void *ctx, const char *line)
{
    watch_t  *w = ctx;

    diag("%s", line);
    w->seen |= strstr(line, w->what) != NULL;
}


static const struct {
    const char  *what, *damage;
} damages[] = {
    { "not in its list", "DELETE FROM term_new" },
    { "not in its list", "UPDATE term_new SET words=x'2020'" },
    { "not in its list", "DELETE FROM term_block WHERE id=33" },
    { "pieces", "UPDATE term_piece SET pieces=x'00' WHERE bucket=5" },
    { "pieces", "DELETE FROM term_piece WHERE bucket=63 AND grp=1" },
    { "no group", "INSERT INTO term_piece VALUES (64, 1, x'00010203')" },
    { "no group", "INSERT INTO term_piece VALUES (3, 4711, x'00010203')" },
    { "pieces", "INSERT INTO term_block VALUES (-1, 'lie ')" },
    { "pieces", "INSERT INTO term_block VALUES (9223372036854775807, 'lie')" },
    { "pieces", "UPDATE term_block SET words='no such word' WHERE id=32" },
};


/* No crash, whatever it says; found, and a new index. */

static void
test_damage(list_t *l)
{
    size_t      i;
    watch_t     w;
    ptn_user_t  u;

    u = site_user(&l->s, NAME);

    for (i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        put(l, MESSAGES + 2 * (unsigned) i, 1);
        work(l);
        is_rc(ptn_sql_exec(site_open(&l->s, NAME), damages[i].damage), PTN_OK,
              damages[i].damage);
        (void) ask(l, "ender3");
        (void) ask(l, "q");
        put(l, MESSAGES + 2 * (unsigned) i + 1, 1);
        (void) ptn_search_work(site_open(&l->s, NAME), 1, &w.seen);

        w.what = damages[i].what;
        w.seen = false;
        is_rc(ptn_mbox_check(l->s.store, &u, false, watch, &w), PTN_ECORRUPT,
              "found");
        ok(w.seen, "%s", w.what);
        is_rc(ptn_mbox_check(l->s.store, &u, true, watch, &w), PTN_OK,
              "mended");
        work(l);
        site_check(&l->s, NAME);
    }

    test_each(l, 20, 60);
}


int
main(void)
{
    list_t  l;

    memset(&l, 0, sizeof(l));
    site_make(&l.s);
    l.s.conf.fsync = false;
    ptn_store_close(l.s.store);
    l.s.opts.changed = NULL;
    is_rc(ptn_store_open(&l.s.opts, &l.s.store), PTN_OK, "store");

    test_grows(&l);
    test_leaves(&l);
    test_damage(&l);
    site_done(&l.s);

    return done_testing();
}
