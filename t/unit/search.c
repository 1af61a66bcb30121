/*
 * Words, the text of messages, the index and queries.
 */

#include "mailbox_site.h"
#include "ptn_words.h"


#define INBOX  PTN_FOLDER_INBOX


/* ---- words ------------------------------------------------------------- */

static ptn_rc_t
tokens_add(void *ctx, ptn_str_t token, bool compound, size_t start PTN_UNUSED,
    size_t end PTN_UNUSED)
{
    ptn_buf_t  *b = ctx;

    ptn_buf_printf(b, "%s%.*s%s", b->len ? " " : "", ptn_str_arg(token),
                   compound ? "*" : "");

    return PTN_OK;
}


static void
tokens(site_t *s, const char *text, const char *want)
{
    ptn_buf_t  b;

    ptn_buf_init(&b, s->pool);
    is_rc(ptn_words_tokens(ptn_str_z(text), tokens_add, &b), PTN_OK, "tokens");
    is_str(ptn_buf_get(&b), want, text);
}


static void
test_tokens(site_t *s)
{
    char  word[200];

    tokens(s, "Hello, World!", "hello world");
    tokens(s, "", "");
    tokens(s, "  ...  ", "");
    tokens(s, "don't", "don t");
    tokens(s, "CAF\xc3\x89 Stra\xc3\x9f" "e", "cafe strasse");
    tokens(s, "cafe\xcc\x81s", "cafes");
    tokens(s, "\xc3\x98re \xc5\x81ód\xc5\xba", "ore lodz");
    tokens(s, "\xef\xac\x81sh \xc2\xbd", "fish 1 2");
    tokens(s, "so\xc2\xad" "ft", "soft");
    tokens(s, "alice.smith@example.test",
           "alice smith example test alice.smith@example.test* example.test*");
    tokens(s, "see www.example.com.", "see www example com www.example.com*");
    tokens(s, "v1.2 e.g. 3.14", "v1 2 e g 3 14");
    tokens(s, "report.pdf", "report pdf report.pdf*");
    tokens(s, "a_b+c@d.ef", "a b c d ef a_b+c@d.ef* d.ef*");
    tokens(s, "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
           "\xe6\x97\xa5\xe6\x9c\xac \xe6\x9c\xac\xe8\xaa\x9e \xe8\xaa\x9e");
    tokens(s, "2026\xe5\xb9\xb4", "2026 \xe5\xb9\xb4");
    tokens(s, "\xe6\x97\xa5 \xe6\x9c\xac", "\xe6\x97\xa5 \xe6\x9c\xac");
    tokens(s, "\xec\x84\x9c\xec\x9a\xb8", "\xec\x84\x9c\xec\x9a\xb8 "
           "\xec\x9a\xb8");
    tokens(s, "\xff\xfe" "a\x80", "a");
    tokens(s, "\xed\xa0\x80x", "x");

    memset(word, 'x', 100);
    word[100] = '\0';
    tokens(s, word, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
           "xxxxxxxx \1");
}


/* ---- the index --------------------------------------------------------- */

static void
work(site_t *s, const char *name)
{
    bool      more;
    ptn_rc_t  rc;

    do {
        rc = ptn_search_work(site_open(s, name), 1000, &more);
    } while (rc == PTN_OK && more);

    is_rc(rc, PTN_OK, "indexed");
}


static void
info(site_t *s, const char *name, uint64_t indexed, uint64_t pending,
    uint64_t leaving)
{
    ptn_search_info_t  i;

    memset(&i, 0, sizeof(i));
    ptn_search_info(site_open(s, name), &i);
    ok(i.indexed == indexed && i.pending == pending && i.leaving == leaving,
       "%d indexed, %d pending, %d leaving", (int) i.indexed, (int) i.pending,
       (int) i.leaving);
}


static ptn_id_t
put(site_t *s, const char *name, ptn_id_t folder, const char *text)
{
    ptn_txn_t       tx;
    ptn_append_t    a;
    ptn_appended_t  app;

    memset(&a, 0, sizeof(a));
    memset(&app, 0, sizeof(app));
    a.raw = ptn_str_z(text);
    a.received = 1770000000;

    ok(ptn_txn_begin(&tx, site_open(s, name)) == PTN_OK
       && ptn_msg_append(&tx, folder, &a, &app) == PTN_OK
       && ptn_txn_commit(&tx) == PTN_OK
       && ptn_store_commit(s->store) == PTN_OK, "put");

    return app.id;
}


static void
test_index(site_t *s)
{
    ptn_id_t    id, *got, other;
    ptn_txn_t   tx;
    ptn_mbox_t *mb;

    id = put(s, "ida", INBOX, "Subject: one\r\n\r\nfirst text\r\n");
    other = put(s, "ida", INBOX, "Subject: two\r\n\r\nsecond text\r\n");
    info(s, "ida", 0, 2, 0);
    work(s, "ida");
    info(s, "ida", 2, 0, 0);
    site_check(s, "ida");

    /* a copy shares the content; the last one to go takes it along */

    mb = site_open(s, "ida");
    ptn_txn_begin(&tx, mb);
    is_rc(ptn_msg_copy_ids(&tx, s->pool, INBOX, &id, 1, PTN_FOLDER_ARCHIVE,
                           &got), PTN_OK, "copied");
    is_rc(ptn_msg_expunge_ids(&tx, &id, 1), PTN_OK, "removed");
    ptn_txn_commit(&tx);
    is_rc(ptn_store_commit(s->store), PTN_OK, "committed");
    info(s, "ida", 2, 0, 0);
    site_check(s, "ida");

    ptn_txn_begin(&tx, mb);
    is_rc(ptn_msg_expunge_ids(&tx, got, 1), PTN_OK, "the copy removed");
    ptn_txn_commit(&tx);
    is_rc(ptn_store_commit(s->store), PTN_OK, "committed");
    info(s, "ida", 2, 0, 1);
    site_check(s, "ida");
    site_reopen(s, "ida");
    work(s, "ida");
    info(s, "ida", 1, 0, 0);
    site_check(s, "ida");

    /* one that was never indexed goes at once */

    id = put(s, "ida", INBOX, "Subject: three\r\n\r\nthird text\r\n");
    mb = site_open(s, "ida");
    ptn_txn_begin(&tx, mb);
    is_rc(ptn_msg_expunge_ids(&tx, &id, 1), PTN_OK, "removed");
    ptn_txn_commit(&tx);
    is_rc(ptn_store_commit(s->store), PTN_OK, "committed");
    info(s, "ida", 1, 0, 0);

    /* of another tokenizer: all anew, also what was to leave */

    put(s, "ida", INBOX, "Subject: four\r\n\r\nfourth text\r\n");
    work(s, "ida");
    mb = site_open(s, "ida");
    ptn_txn_begin(&tx, mb);
    is_rc(ptn_msg_expunge_ids(&tx, &other, 1), PTN_OK, "removed");
    ptn_txn_commit(&tx);
    is_rc(ptn_store_commit(s->store), PTN_OK, "committed");
    is_rc(ptn_sql_exec(mb, "UPDATE meta SET v_tokens=7"), PTN_OK, "another");
    work(s, "ida");
    info(s, "ida", 1, 0, 0);
    site_check(s, "ida");

    /* and right behind a portion */

    put(s, "ida", INBOX, "Subject: five\r\n\r\nfifth text\r\n");
    work(s, "ida");
    id = put(s, "ida", INBOX, "Subject: six\r\n\r\nsixth text\r\n");
    ptn_txn_begin(&tx, site_open(s, "ida"));
    is_rc(ptn_msg_expunge_ids(&tx, &id, 1), PTN_OK, "removed");
    ptn_txn_commit(&tx);
    is_rc(ptn_store_commit(s->store), PTN_OK, "committed");
    info(s, "ida", 2, 0, 0);
    site_check(s, "ida");
}



/* ---- queries ----------------------------------------------------------- */

typedef struct {
    ptn_id_t  ids[64];
    size_t    n, max;
} hits_t;


static ptn_rc_t
hit(void *ctx, const ptn_msg_info_t *m)
{
    hits_t  *h = ctx;

    if (h->n < ptn_nelts(h->ids)) {
        h->ids[h->n++] = m->id;
    }

    return (h->n == h->max) ? PTN_AGAIN : PTN_OK;
}


/* `want`: digits, the messages of `all` that are found, the newest first. */

static void
finds(site_t *s, const char *name, const ptn_id_t *all, const ptn_query_t *f,
    const ptn_scope_t *scope, const char *want, const char *what)
{
    char         got[65];
    size_t       i, k;
    hits_t       h;
    ptn_rc_t     rc;
    ptn_scope_t  none = { NULL, 0, false };

    memset(&h, 0, sizeof(h));
    rc = ptn_search_run(site_open(s, name), f, scope ? scope : &none, false,
                        hit, &h);

    for (i = 0; i < h.n; i++) {
        for (k = 0; all[k] != 0 && all[k] != h.ids[i]; k++) { /* void */ }
        got[i] = all[k] != 0 ? "0123456789abcdefghij"[k] : '?';
    }

    got[i] = '\0';
    ok(rc == PTN_OK && strcmp(got, want) == 0, "%s: got \"%s\" want \"%s\" %s",
       what, got, want, ptn_err(rc)->name);
}


static const char  *const  mails[] = {
    /* 0 */
    "From: Alice Adams <alice@example.test>\r\nTo: bob@example.test\r\n"
    "Subject: Quarterly report\r\n\r\nThe quick brown fox jumps over.\r\n",
    /* 1 */
    "From: Bob <bob@example.test>\r\nTo: Alice <alice@example.test>\r\n"
    "Cc: carol@other.test\r\nSubject: Re: Quarterly report\r\n"
    "Content-Type: text/html; charset=utf-8\r\n\r\n"
    "<html><head><style>hidden { color: red }</style></head><body>The "
    "<b>br</b>own f&ouml;x; quickly <a href=\"http://invisible.test/\">link"
    "</a></body></html>\r\n",
    /* 2 */
    "From: carol@other.test\r\nSubject: =?utf-8?b?5pel5pys6Kqe44Gu6YCj57Wh"
    "?=\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    "\xe6\x9d\xb1\xe4\xba\xac\xe9\x83\xbd\xe3\x81\xae\xe5\xa4\xa9\xe6"
    "\xb0\x97\r\n",
    /* 3 */
    "From: Dan <dan@example.test>\r\nSubject: files\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/plain\r\n\r\nsee the attached\r\n"
    "--b\r\nContent-Type: text/csv; name=prices.csv\r\n"
    "Content-Disposition: attachment; filename=prices.csv\r\n\r\n"
    "apple,banana,cherry\r\n"
    "--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment;"
    " filename=\"Annual summary.pdf\"\r\nContent-Transfer-Encoding: base64"
    "\r\n\r\nSGVsbG8=\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: eve@inner.test\r\n"
    "Subject: inner subject\r\n\r\ninner words\r\n--b--\r\n",
    /* 4 */
    "From: x@y.test\r\nSubject: =?iso-8859-1?q?Gr=FC=DFe?=\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n"
    "Content-Type: text/plain; charset=iso-8859-1\r\n\r\n"
    "caf=E9 na=EFve fox over the quick brown\r\n",
};


static ptn_query_t
leaf(uint8_t op, uint8_t fields, const char *text, bool prefix)
{
    ptn_query_t  f;

    memset(&f, 0, sizeof(f));
    f.op = op;
    f.fields = fields;
    f.text = ptn_str_z(text);
    f.prefix = prefix;

    return f;
}


static const struct {
    uint8_t      op, fields;
    bool         prefix;
    const char  *text;
    const char  *want;
} queries[] = {
#define W  PTN_FIND_WORD
#define P  PTN_FIND_PHRASE
#define S  PTN_FIND_SUBSTRING
#define T  PTN_FIND_TEXT
    { W, T, false, "fox", "410" },
    { W, T, false, "FOX", "410" },
    { W, T, false, "f\xc3\xb6x", "410" },
    { W, T, false, "quick", "40" },
    { W, T, true, "quick", "410" },
    { W, PTN_FIND_BODY, true, "q", "410" },
    { W, T, false, "hidden", "" },
    { W, T, false, "invisible", "1" },
    { W, PTN_FIND_SUBJECT, false, "report", "10" },
    { W, PTN_FIND_BODY, false, "report", "" },
    { W, T, false, "cafe", "4" },
    { W, T, false, "grusse", "4" },
    { W, T, false, "nothing", "" },
    { W, PTN_FIND_FROM, false, "alice", "0" },
    { W, PTN_FIND_TO, false, "alice", "1" },
    { W, PTN_FIND_PEOPLE, false, "alice", "10" },
    { W, PTN_FIND_CC, false, "carol", "1" },
    { W, T, false, "alice@example.test", "10" },
    { W, PTN_FIND_FROM, false, "alice@example.test", "0" },
    { W, T, false, "example.test", "310" },
    { W, T, true, "alice@exam", "10" },
    { P, T, false, "quick brown", "40" },
    { P, T, false, "brown quick", "" },
    { P, T, false, "The quick brown fox", "0" },
    { P, T, true, "brown fo", "10" },
    { P, T, false, "brown fo", "" },
    { P, T, false, "other test", "21" },
    { W, PTN_FIND_NAMES, false, "summary", "3" },
    { W, PTN_FIND_ATTACHED, false, "summary", "" },
    { W, PTN_FIND_ATTACHED, false, "banana", "3" },
    { W, PTN_FIND_BODY, false, "banana", "" },
    { P, PTN_FIND_ATTACHED, false, "inner words", "3" },
    { W, PTN_FIND_ATTACHED, false, "eve@inner.test", "3" },
    { W, PTN_FIND_SUBJECT, false, "inner", "" },
    { W, T, false, "\xe6\x97\xa5\xe6\x9c\xac", "2" },
    { W, T, false, "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", "2" },
    { W, T, false, "\xe6\x97\xa5\xe8\xaa\x9e", "" },
    { W, T, false, "\xe6\xb0\x97", "2" },                /* the last one */
    { W, T, false, "\xe4\xba\xac", "2" },
    { S, PTN_FIND_BODY, false, "row", "410" },
    { S, PTN_FIND_BODY, false, "ick br", "40" },
    { S, PTN_FIND_BODY, false, "QUICK BR", "40" },
    { S, PTN_FIND_BODY, false, "fox ju", "0" },
    { S, T, false, "ample.test", "310" },
    { S, PTN_FIND_SUBJECT, false, "terl", "10" },
    { S, PTN_FIND_SUBJECT, false, ": Quarterly", "1" },
    { S, PTN_FIND_BODY, false, "caf\xc3\xa9", "4" },
    { S, PTN_FIND_BODY, false, "cafe", "" },
    { S, T, false, "\xe6\x9c\xac\xe8\xaa\x9e", "2" },
    { S, T, false, ".", "43210" },
    { S, T, false, "@", "43210" },
    { S, T, false, "nner w", "3" },
    { S, T, false, "zzz", "" },
    { P, T, false, "...", "43210" },
#undef W
#undef P
#undef S
#undef T
};


static void
ask(site_t *s, const ptn_id_t *all, const char *when)
{
    char        what[200];
    size_t      i;
    ptn_query_t  f;

    for (i = 0; i < ptn_nelts(queries); i++) {
        f = leaf(queries[i].op, queries[i].fields, queries[i].text,
                 queries[i].prefix);
        snprintf(what, sizeof(what), "%s: %d \"%s\"", when, queries[i].op,
                 queries[i].text);
        finds(s, "quin", all, &f, NULL, queries[i].want, what);
    }
}


static void
trees(site_t *s, const ptn_id_t *all, const char *when)
{
    ptn_id_t     inbox = INBOX, archive = PTN_FOLDER_ARCHIVE;
    ptn_query_t   a, b, not, and, or, c;
    ptn_scope_t  scope = { NULL, 1, false };

    memset(&and, 0, sizeof(and));
    and.op = PTN_FIND_AND;
    or = and;
    or.op = PTN_FIND_OR;
    not = and;
    not.op = PTN_FIND_NOT;

    a = leaf(PTN_FIND_WORD, PTN_FIND_TEXT, "fox", false);
    b = leaf(PTN_FIND_WORD, PTN_FIND_TEXT, "alice", false);
    and.sub = &a;
    a.next = &b;
    finds(s, "quin", all, &and, NULL, "10", when);
    or.sub = &a;
    finds(s, "quin", all, &or, NULL, "410", when);
    a.next = &not;
    not.sub = &b;
    finds(s, "quin", all, &and, NULL, "4", when);
    finds(s, "quin", all, &not, NULL, "432", when);

    /* of an inexact one */

    b = leaf(PTN_FIND_PHRASE, PTN_FIND_TEXT, "quick brown", false);
    finds(s, "quin", all, &and, NULL, "1", when);
    finds(s, "quin", all, &not, NULL, "321", when);
    finds(s, "quin", all, &or, NULL, "43210", when);
    b = leaf(PTN_FIND_SUBSTRING, PTN_FIND_TEXT, "row", false);
    finds(s, "quin", all, &not, NULL, "32", when);

    /* with what the row says */

    memset(&c, 0, sizeof(c));
    c.op = PTN_FIND_FLAGS;
    c.flags = PTN_FLAG_SEEN;
    a.next = &c;
    finds(s, "quin", all, &and, NULL, "0", when);
    finds(s, "quin", all, &or, NULL, "4210", when);
    not.sub = &c;
    finds(s, "quin", all, &not, NULL, "431", when);
    c.op = PTN_FIND_SIZE;
    c.min = 400;
    c.max = INT64_MAX;
    finds(s, "quin", all, &c, NULL, "3", when);
    c.op = PTN_FIND_RECEIVED;
    c.min = 0;
    c.max = 1;
    finds(s, "quin", all, &c, NULL, "", when);
    c.min = c.max = 1770000000;
    finds(s, "quin", all, &c, NULL, "43210", when);
    c.max = c.min + 1;
    finds(s, "quin", all, &c, NULL, "43210", when);
    c.min = --c.max - 1;
    finds(s, "quin", all, &c, NULL, "43210", when);
    c.max = c.min;
    finds(s, "quin", all, &c, NULL, "", when);
    c.min = c.max += 2;
    finds(s, "quin", all, &c, NULL, "", when);
    c.op = PTN_FIND_IDS;
    c.ids = all;
    c.nids = 2;
    finds(s, "quin", all, &and, NULL, "10", when);

    and.sub = NULL;
    finds(s, "quin", all, &and, NULL, "43210", when);
    or.sub = NULL;
    finds(s, "quin", all, &or, NULL, "", when);

    scope.folders = &archive;
    finds(s, "quin", all, &a, &scope, "4", when);
    scope.folders = &inbox;
    finds(s, "quin", all, &a, &scope, "10", when);
}


/* Neighbours here and there do not make a word. */

static void
test_gap(site_t *s)
{
    unsigned      i;
    hits_t        h;
    ptn_query_t   f;
    ptn_scope_t   none = { NULL, 0, false };

    put(s, "gap", INBOX, "Content-Type: text/plain; charset=utf-8\r\n\r\n"
        "\xe6\x97\xa5\xe6\x9c\xac \xe8\xaa\x9e\xe6\x9c\xac\xe8\xaa\x9e"
        "\r\n");
    f = leaf(PTN_FIND_WORD, PTN_FIND_TEXT,
             "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", false);

    for (i = 0; i < 2; i++) {
        memset(&h, 0, sizeof(h));
        is_rc(ptn_search_run(site_open(s, "gap"), &f, &none, false, hit, &h),
              PTN_OK, "a word with a gap");
        is_u64(h.n, 0, "is not found");
        is_rc(ptn_search_run(site_open(s, "gap"), &f, &none, true, hit, &h),
              PTN_OK, "may be");
        is_u64(h.n, 1, "it may");
        work(s, "gap");
    }
}


static void
test_queries(site_t *s)
{
    size_t           i;
    ptn_id_t         all[ptn_nelts(mails) + 1], ids[2], *got;
    ptn_txn_t        tx;
    ptn_query_t       f, deep[70];
    ptn_scope_t      scope = { NULL, 0, false };
    hits_t           h;

    memset(all, 0, sizeof(all));

    for (i = 0; i < ptn_nelts(mails); i++) {
        all[i] = put(s, "quin", i == 4 ? PTN_FOLDER_ARCHIVE : INBOX,
                     mails[i]);
    }

    ids[0] = all[0];
    ids[1] = all[2];
    ptn_txn_begin(&tx, site_open(s, "quin"));
    is_rc(ptn_msg_flags_ids(&tx, ids, 2, PTN_FLAGS_ADD, PTN_FLAG_SEEN, 0,
                            NULL), PTN_OK, "flags");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);

    ask(s, all, "pending");
    trees(s, all, "pending");
    work(s, "quin");
    ask(s, all, "indexed");
    trees(s, all, "indexed");
    site_check(s, "quin");

    memset(&h, 0, sizeof(h));
    h.max = 1;
    f = leaf(PTN_FIND_WORD, PTN_FIND_TEXT, "fox", false);
    is_rc(ptn_search_run(site_open(s, "quin"), &f, &scope, false, hit, &h),
          PTN_OK, "the first one");
    ok(h.n == 1 && h.ids[0] == all[4], "is the newest");

    /* hostile trees */

    memset(deep, 0, sizeof(deep));

    for (i = 0; i < ptn_nelts(deep); i++) {
        deep[i].op = PTN_FIND_NOT;
        deep[i].sub = i + 1 < ptn_nelts(deep) ? &deep[i + 1] : &f;
    }

    is_rc(ptn_search_run(site_open(s, "quin"), deep, &scope, false, hit, &h),
          PTN_ELIMIT, "too deep");
    f.op = 99;
    is_rc(ptn_search_run(site_open(s, "quin"), &f, &scope, false, hit, &h),
          PTN_EINVAL, "no such op");
    scope.n = 1;
    ids[0] = 999999;
    scope.folders = ids;
    f.op = PTN_FIND_ALL;
    is_rc(ptn_search_run(site_open(s, "quin"), &f, &scope, false, hit, &h),
          PTN_ENOTFOUND, "no such folder");

    /* copies, moves, and what leaves */

    ids[0] = all[1];
    ptn_txn_begin(&tx, site_open(s, "quin"));
    is_rc(ptn_msg_copy_ids(&tx, s->pool, INBOX, ids, 1, PTN_FOLDER_ARCHIVE,
                           &got), PTN_OK, "copied");
    is_rc(ptn_msg_expunge_ids(&tx, &all[0], 1), PTN_OK, "removed");
    all[0] = got[0];
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    f = leaf(PTN_FIND_WORD, PTN_FIND_TEXT, "fox", false);
    finds(s, "quin", all, &f, NULL, "410", "a copy for one that went");
    work(s, "quin");
    finds(s, "quin", all, &f, NULL, "410", "and when it has left");
    f = leaf(PTN_FIND_WORD, PTN_FIND_TEXT, "jumps", false);
    finds(s, "quin", all, &f, NULL, "", "nothing of it");
    site_check(s, "quin");
}


int
main(void)
{
    site_t  s;

    site_make(&s);
    s.conf.fsync = false;
    test_tokens(&s);
    test_index(&s);
    test_queries(&s);
    test_gap(&s);
    site_done(&s);

    return done_testing();
}
