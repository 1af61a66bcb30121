/*
 * The grammar in tables: strings, flags, dates, sets, FETCH items, SEARCH
 * keys, mailbox names, patterns, header fields.
 */

#include "ptn_imap.h"
#include "ptn_test.h"


static ptn_pool_t  *pool;


/* An exact copy without NUL: one octet too many is seen by the sanitizer. */

static ptn_imap_in_t
input(const char *text)
{
    u_char         *p;
    size_t          n;
    ptn_imap_in_t   in;

    n = strlen(text);
    p = ptn_palloc(pool, n + 1);
    memcpy(p, text, n);
    memset(&in, 0, sizeof(in));
    in.p = p;
    in.end = p + n;
    in.pool = pool;

    return in;
}


/* --- strings ---------------------------------------------------------- */

static const struct {
    const char  *in;
    const char  *want;          /* NULL: EPARSE; "!": ETOOBIG */
    const char  *rest;
} strings[] = {
    { "abc def", "abc", " def" },
    { "a]c", "a]c", "" },
    { "\"a b\"x", "a b", "x" },
    { "\"\"", "", "" },
    { "\"a\\\"b\\\\\"", "a\"b\\", "" },
    { "\"a\\xb\"", NULL, NULL },
    { "\"a", NULL, NULL },
    { "\"a\\", NULL, NULL },
    { "\"a\r\nb\"", NULL, NULL },
    { "{3}\r\nabcd", "abc", "d" },
    { "{3+}\r\nabcd", "abc", "d" },
    { "{3}\nabcd", "abc", "d" },
    { "{0}\r\n", "", "" },
    { "{4}\r\nabc", "!", NULL },
    { "{5000}\r\n", "!", NULL },
    { "{99999999999999999999}\r\n", "!", NULL },
    { "{3}abc", NULL, NULL },
    { "{}\r\n", NULL, NULL },
    { "{3", NULL, NULL },
    { "(", NULL, NULL },
    { "", NULL, NULL },
    { "*", NULL, NULL }
};


static void
test_strings(void)
{
    size_t          i;
    ptn_rc_t        rc;
    ptn_str_t       s;
    ptn_imap_in_t   in;

    for (i = 0; i < ptn_nelts(strings); i++) {
        in = input(strings[i].in);
        rc = ptn_imap_parse_astring(&in, &s);

        if (strings[i].rest == NULL) {
            ok(rc == (strings[i].want == NULL ? PTN_EPARSE : PTN_ETOOBIG),
               "astring %zu is refused: %s", i, ptn_err(rc)->name);
            continue;
        }

        ok(rc == PTN_OK && ptn_str_eqz(s, strings[i].want)
           && ptn_str_eqz(ptn_str_make(in.p, (size_t) (in.end - in.p)),
                          strings[i].rest),
           "astring %zu: %.*s", i, ptn_str_arg(s));
    }

    /* large literals come from the body, in order */

    in = input("{5000}\r\n {4097+}\r\n!");
    in.body = ptn_str_make(ptn_pcalloc(pool, 9097), 9097);
    in.body.data[0] = 'a';
    in.body.data[5000] = 'b';

    ok(ptn_imap_parse_astring(&in, &s) == PTN_OK && s.len == 5000
       && s.data[0] == 'a', "first literal of a body");
    ok(ptn_imap_parse_sp_astring(&in, &s) == PTN_OK && s.len == 4097
       && s.data[0] == 'b' && in.body.len == 0, "second literal of a body");
    ok(ptn_imap_parse_take(&in, '!'), "and what is behind it");
}


/* --- sets ------------------------------------------------------------- */

static const struct {
    const char  *in;
    uint32_t     star;
    const char  *want;          /* NULL: EPARSE */
} sets[] = {
    { "1", 9, "1" },
    { "1,3,2", 9, "1:3" },
    { "1:3,2:5,7", 9, "1:5,7" },
    { "5:2", 9, "2:5" },
    { "*", 9, "9" },
    { "*:3", 9, "3:9" },
    { "12:*", 9, "9:12" },
    { "1:*", 0, "1" },
    { "*", 0, "" },
    { "4294967295,1", 9, "1,4294967295" },
    { "4294967294:4294967295,4294967295", 9, "4294967294:4294967295" },
    { "3,1:2,4", 9, "1:4" },
    { "0", 9, NULL },
    { "1:", 9, NULL },
    { ",1", 9, NULL },
    { "1,", 9, NULL },
    { "4294967296", 9, NULL },
    { "a", 9, NULL },
    { "", 9, NULL }
};


static void
test_sets(void)
{
    size_t          i, k;
    char            got[256], one[32];
    ptn_rc_t        rc;
    ptn_buf_t       b;
    ptn_imap_in_t   in;
    ptn_imap_set_t  set, normal;
    uint32_t        n[] = { 0, 1, 2, 3, 0, 5, 7, 8, 0 };

    for (i = 0; i < ptn_nelts(sets); i++) {
        in = input(sets[i].in);
        rc = ptn_imap_set_parse(&in, &set);

        if (sets[i].want == NULL) {
            ok(rc == PTN_EPARSE, "set \"%s\" is refused", sets[i].in);
            continue;
        }

        ok(rc == PTN_OK, "set \"%s\" is taken", sets[i].in);
        ptn_imap_set_normal(pool, &set, sets[i].star, &normal);

        got[0] = '\0';

        for (k = 0; k < normal.n; k++) {
            snprintf(one, sizeof(one), k ? ",%u" : "%u", normal.range[k].lo);
            strcat(got, one);

            if (normal.range[k].hi != normal.range[k].lo) {
                snprintf(one, sizeof(one), ":%u", normal.range[k].hi);
                strcat(got, one);
            }

            ok(ptn_imap_set_has(&normal, normal.range[k].lo)
               && ptn_imap_set_has(&normal, normal.range[k].hi)
               && !ptn_imap_set_has(&normal, normal.range[k].lo - 1),
               "its range %zu", k);
        }

        ok(strcmp(got, sets[i].want) == 0, "\"%s\" is %s (%s)", sets[i].in,
           got, sets[i].want);
    }

    ptn_buf_init(&b, pool);
    ptn_imap_set_format(&b, n, ptn_nelts(n));
    is_str(ptn_buf_get(&b), "1:3,5,7:8", "a set written");
}


/* --- dates and flags --------------------------------------------------- */

static const struct {
    const char  *in;
    int64_t      want;          /* -1: refused */
} times[] = {
    { "\"17-Jul-1996 02:44:25 -0700\"", 837596665 },
    { "\" 1-Jan-1970 00:00:00 +0000\"", 0 },
    { "\"1-Jan-1970 01:00:00 +0100\"", 0 },
    { "\"29-Feb-2024 23:59:60 +0000\"", 1709251200 },
    { "\"32-Jan-2024 00:00:00 +0000\"", -1 },
    { "\"30-Feb-2024 00:00:00 +0000\"", -1 },
    { "\"01-Foo-2024 00:00:00 +0000\"", -1 },
    { "\"01-Jan-2024 24:00:00 +0000\"", -1 },
    { "\"01-Jan-2024 00:00:00 +0060\"", -1 },
    { "\"01-Jan-2024 00:00:00 0000\"", -1 },
    { "\"01-Jan-2024 00:00:00 +0000", -1 },
    { "\"01-J", -1 },
    { "01-Jan-2024 00:00:00 +0000", -1 }
};


static void
test_times(void)
{
    size_t            i;
    int64_t           t;
    ptn_rc_t          rc;
    ptn_imap_in_t     in;
    ptn_imap_flags_t  f;

    for (i = 0; i < ptn_nelts(times); i++) {
        in = input(times[i].in);
        t = -1;
        rc = ptn_imap_parse_date_time(&in, &t);
        ok(t == times[i].want && (t == -1) == (rc == PTN_EPARSE),
           "%s is %lld", times[i].in, (long long) t);
    }

    in = input("1-Feb-1994 x");
    ok(ptn_imap_parse_date(&in, &t) == PTN_OK && t == 8797, "a date");

    in = input("(\\Seen \\dELETED $Fwd \\Recent Work)");
    ok(ptn_imap_parse_flags(&in, &f) == PTN_OK
       && f.flags == (PTN_FLAG_SEEN|PTN_FLAG_DELETED) && f.nwords == 2
       && ptn_str_eqz(f.words[1], "Work"), "flags in parentheses");

    in = input("\\Seen x\r\n");
    ok(ptn_imap_parse_flags(&in, &f) == PTN_OK && f.nwords == 1
       && in.end - in.p == 2, "flags without");

    in = input("()");
    ok(ptn_imap_parse_flags(&in, &f) == PTN_OK && f.nwords == 0, "none");

    in = input("(\\Foo)");
    ok(ptn_imap_parse_flags(&in, &f) == PTN_EPARSE, "no such system flag");

    in = input("(a");
    ok(ptn_imap_parse_flags(&in, &f) == PTN_EPARSE, "flags cut off");
}


/* --- FETCH items -------------------------------------------------------- */

static const struct {
    const char  *in;
    const char  *want;          /* labels; NULL: refused */
    bool         msg, seen;
} items[] = {
    { "FLAGS", "FLAGS", false, false },
    { "(UID flags)", "UID FLAGS", false, false },
    { "FAST", "FLAGS INTERNALDATE RFC822.SIZE", false, false },
    { "all", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE", true, false },
    { "FULL", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY", true, false },
    { "(FLAGS FLAGS)", "FLAGS", false, false },
    { "BODY", "BODY", true, false },
    { "BODY[]", "BODY[]", true, true },
    { "BODY.PEEK[]", "BODY[]", true, false },
    { "body.peek[1.2.mime]", "BODY[1.2.MIME]", true, false },
    { "BODY[TEXT]<0.100>", "BODY[TEXT]<0>", true, true },
    { "BODY.PEEK[HEADER.FIELDS (From \"To\")]<5.1>",
      "BODY[HEADER.FIELDS (From To)]<5>", true, false },
    { "BODY.PEEK[3.HEADER.FIELDS.NOT (x)]", "BODY[3.HEADER.FIELDS.NOT (x)]",
      true, false },
    { "(RFC822.SIZE RFC822.HEADER)", "RFC822.SIZE RFC822.HEADER", true,
      false },
    { "RFC822", "RFC822", true, true },
    { "RFC822.TEXT", "RFC822.TEXT", true, true },
    { "(BODY[]<0.5> BODY[]<0.6>)", "BODY[]<0> BODY[]<0>", true, true },
    { "BODY[MIME]", NULL, false, false },
    { "BODY[0]", NULL, false, false },
    { "BODY[1.]", NULL, false, false },
    { "BODY[1", NULL, false, false },
    { "BODY[FOO]", NULL, false, false },
    { "BODY[]<0.0>", NULL, false, false },
    { "BODY[]<5>", NULL, false, false },
    { "BODY[]<0.5", NULL, false, false },
    { "BODY[HEADER.FIELDS ()]", NULL, false, false },
    { "BODY[HEADER.FIELDS (\"a b\")]", NULL, false, false },
    { "BODY[HEADER.FIELDS (\"a\\\"\")]", NULL, false, false },
    { "FLAGS[]", NULL, false, false },
    { "(ALL)", NULL, false, false },
    { "()", NULL, false, false },
    { "(FLAGS", NULL, false, false },
    { "(FLAGS  UID)", NULL, false, false },
    { "", NULL, false, false }
};


static void
test_items(void)
{
    size_t             i, k;
    ptn_rc_t           rc;
    ptn_buf_t          b;
    ptn_imap_in_t      in;
    ptn_imap_items_t   got;

    for (i = 0; i < ptn_nelts(items); i++) {
        in = input(items[i].in);
        rc = ptn_imap_fetch_parse(&in, &got);

        if (items[i].want == NULL) {
            ok(rc == PTN_EPARSE, "items %s are refused", items[i].in);
            continue;
        }

        ptn_buf_init(&b, pool);

        for (k = 0; rc == PTN_OK && k < got.n; k++) {
            ptn_buf_z(&b, k ? " " : "");
            ptn_buf_str(&b, got.item[k].label);
        }

        is_str(ptn_buf_get(&b), items[i].want, items[i].in);
        ok(got.needs_msg == items[i].msg && got.seen == items[i].seen,
           "what they need");
    }
}


/* --- SEARCH keys --------------------------------------------------------- */

static const struct {
    const char  *in;
    ptn_rc_t     want;
    bool         deep;
} keys[] = {
    { "ALL", PTN_OK, false },
    { "seen UNDELETED", PTN_OK, false },
    { "1:5,7 NOT FLAGGED", PTN_OK, false },
    { "*", PTN_OK, false },
    { "UID 1:*", PTN_OK, false },
    { "OR SEEN (FLAGGED DRAFT)", PTN_OK, false },
    { "SUBJECT x", PTN_OK, true },
    { "OR SEEN NOT BODY \"a b\"", PTN_OK, true },
    { "HEADER Message-ID \"\"", PTN_OK, true },
    { "CHARSET UTF-8 TEXT {3}\r\nabc", PTN_OK, true },
    { "CHARSET ISO-8859-1 TEXT \"\xe4\"", PTN_OK, true },
    { "SINCE 1-Feb-1994 LARGER 5", PTN_OK, false },
    { "SENTON \"1-Feb-1994\"", PTN_OK, true },
    { "KEYWORD $Junk UNKEYWORD x", PTN_OK, false },
    { "CHARSET x-none ALL", PTN_EINVAL, false },
    { "FOO", PTN_EPARSE, false },
    { "NOT", PTN_EPARSE, false },
    { "OR SEEN", PTN_EPARSE, false },
    { "(SEEN", PTN_EPARSE, false },
    { "()", PTN_EPARSE, false },
    { "LARGER x", PTN_EPARSE, false },
    { "SUBJECT", PTN_EPARSE, false },
    { "", PTN_EPARSE, false }
};


static void
test_keys(void)
{
    char             deep[1024];
    size_t           i;
    ptn_rc_t         rc;
    ptn_imap_in_t    in;
    ptn_imap_key_t  *key;

    for (i = 0; i < ptn_nelts(keys); i++) {
        in = input(keys[i].in);
        rc = ptn_imap_search_parse(&in, &key);
        ok(rc == keys[i].want && (rc != PTN_OK || key->deep == keys[i].deep),
           "keys %s: %s", keys[i].in, ptn_err(rc)->name);
    }

    memset(deep, '(', sizeof(deep));
    deep[sizeof(deep) - 1] = '\0';
    in = input(deep);
    ok(ptn_imap_search_parse(&in, &key) == PTN_EPARSE, "nesting is bounded");

    for (i = 0; i < 200; i++) {
        memcpy(deep + i * 4, "NOT ", 4);
    }
    strcpy(deep + 800, "ALL");
    in = input(deep);
    ok(ptn_imap_search_parse(&in, &key) == PTN_EPARSE, "so is NOT NOT NOT");
}


/* --- names and patterns --------------------------------------------------- */

static const struct {
    const char  *folder;
    bool         top;
    const char  *name;          /* NULL: no name */
} names[] = {
    { "Sent Items", true, "Sent Items" },
    { "Gel\xc3\xb6schte", true, "Gel&APY-schte" },
    { "a&b", false, "a&-b" },
    { "a/b", true, "a_x002F_b" },
    { "a/x005F_", true, "a_x002F_x005F_" },
    { "_x002F/", false, "_x005F_x002F_x002F_" },
    { "_x002F_", false, "_x005F_x002F_" },
    { "_x002F_x002F_", false, "_x005F_x002F_x005F_x002F_" },
    { "_x005F_", false, "_x005F_x005F_" },
    { "_x0041_", false, "_x0041_" },
    { "x_y_", false, "x_y_" },
    { "Inbox", true, "_x0049_nbox" },
    { "inbox", true, "_x0069_nbox" },
    { "Inbox", false, "Inbox" },
    { "_x0049_nbox", true, "_x005F_x0049_nbox" },
    { "\xe2\x82\xac", true, "&IKw-" }
};

static const char *const  no_names[] = {
    "", "x_x005F_y", "&", "a&APYA", "_x005F_a", "b\xc3\xb6"
};

static const struct {
    const char  *pattern, *name;
    bool         want;
} patterns[] = {
    { "*", "a/b", true }, { "%", "a/b", false }, { "%", "a", true },
    { "%/%", "a/b", true }, { "a*", "a", true }, { "a%", "a/b", false },
    { "a/*", "a/b/c", true }, { "*c", "a/b/c", true }, { "%c", "a/c", false },
    { "", "", true }, { "", "a", false }, { "inbox", "INBOX", true },
    { "INBOX/a", "INBOX/a", true }, { "inbox/A", "INBOX/a", false },
    { "Inbox/*", "INBOX/a", true }, { "sent", "Sent", false },
    { "inboxes", "INBOXes", false }, { "a*b*c", "aXXbYYc", true },
    { "a*b*c", "aXXbYY", false }, { "*%*", "a/b", true },
    { "%%", "ab", true }, { "%%", "a/b", false }
};


static void
test_names(void)
{
    size_t     i;
    ptn_rc_t   rc;
    char       long_pattern[1025];
    ptn_str_t  s;

    for (i = 0; i < ptn_nelts(names); i++) {
        rc = ptn_imap_name_encode(pool, ptn_str_z(names[i].folder),
                                  names[i].top, &s);
        ok(rc == PTN_OK && ptn_str_eqz(s, names[i].name), "%s is %.*s (%s)",
           names[i].folder, ptn_str_arg(s), names[i].name);

        rc = ptn_imap_name_decode(pool, ptn_str_z(names[i].name),
                                  names[i].top, &s);
        ok(rc == PTN_OK && ptn_str_eqz(s, names[i].folder), "and back: %s",
           ptn_err(rc)->name);
    }

    for (i = 0; i < ptn_nelts(no_names); i++) {
        rc = ptn_imap_name_decode(pool, ptn_str_z(no_names[i]), true, &s);
        ok(rc == PTN_EINVAL, "\"%s\" is no name: %s", no_names[i],
           ptn_err(rc)->name);
    }

    for (i = 0; i < ptn_nelts(patterns); i++) {
        ok(ptn_imap_name_match(ptn_str_z(patterns[i].pattern),
                               ptn_str_z(patterns[i].name))
           == patterns[i].want,
           "%s %s %s", patterns[i].pattern,
           patterns[i].want ? "matches" : "does not match", patterns[i].name);
    }

    for (i = 0; i < 1024; i++) {
        long_pattern[i] = i & 1 ? 'a' : '*';
    }
    long_pattern[1024] = '\0';
    ok(!ptn_imap_name_match(ptn_str_z(long_pattern),
                            ptn_str("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")),
       "many wildcards end soon");
}


/* --- header fields -------------------------------------------------------- */

static const struct {
    const char  *header, *item, *want;
} fields[] = {
    { "From: a\r\nTo: b\r\n\r\n", "BODY[HEADER.FIELDS (to)]",
      "To: b\r\n\r\n" },
    { "From: a\r\n b\r\nTo: c\r\n\r\n", "BODY[HEADER.FIELDS (FROM)]",
      "From: a\r\n b\r\n\r\n" },
    { "From: a\r\n b\r\nTo: c\r\n\r\n", "BODY[HEADER.FIELDS.NOT (FROM)]",
      "To: c\r\n\r\n" },
    { "From : a\nX: y\n\n", "BODY[HEADER.FIELDS (from)]",
      "From : a\n\r\n" },
    { "X: y", "BODY[HEADER.FIELDS (x)]", "X: y\r\n\r\n" },
    { "", "BODY[HEADER.FIELDS (x)]", "\r\n" },
    { " odd\r\nX: y\r\n", "BODY[HEADER.FIELDS (x)]", "X: y\r\n\r\n" },
    { "no colon\r\n folded\r\nX: y\r\n", "BODY[HEADER.FIELDS.NOT (z)]",
      "X: y\r\n\r\n" }
};


static void
test_fields(void)
{
    size_t             i;
    ptn_str_t          s;
    ptn_imap_in_t      in;
    ptn_imap_items_t   got;

    for (i = 0; i < ptn_nelts(fields); i++) {
        in = input(fields[i].item);
        ptn_imap_fetch_parse(&in, &got);
        ptn_imap_section_fields(pool, ptn_str_z(fields[i].header),
                                &got.item[0], &s);
        is_str(s, fields[i].want, fields[i].item);
    }
}


int
main(void)
{
    pool = ptn_pool_create(0, NULL);

    test_strings();
    test_sets();
    test_times();
    test_items();
    test_keys();
    test_names();
    test_fields();

    ptn_pool_destroy(pool);

    return done_testing();
}
