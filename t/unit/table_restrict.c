/*
 * Restrictions of every kind (MS-OXCDATA 2.12) on one row, what cannot be
 * asked, and restricted tables of messages, folders, recipients.
 */

#include "table_site.h"
#include "ptn_filter.h"


#define TAG_SUBJECT  0x0037001f
#define TAG_SIZE     0x0e080003
#define TAG_ENTRYID  0x0fff0102
#define TAG_REAL     0x66000005
#define TAG_KEYS     0x8005101f
#define TAG_NOTHING  0x6601001f
#define TAG_OTHER    0x6602001f
#define TAG_TIME     0x0e060040

#define SUBJECT  "\x1f\x00\x37\x00"
#define SIZE     "\x03\x00\x08\x0e"
#define ENTRYID  "\x02\x01\xff\x0f"
#define REAL     "\x05\x00\x00\x66"
#define KEYS     "\x1f\x10\x05\x80"
#define KEY1     "\x1f\x00\x05\x80"
#define NOTHING  "\x1f\x00\x01\x66"
#define OTHER_   "\x1f\x00\x02\x66"
#define RECIPS   "\x0d\x00\x12\x0e"
#define ATTACHS  "\x0d\x00\x13\x0e"
#define RTYPE    "\x03\x00\x15\x0c"
#define NAME     "\x1f\x00\x01\x30"

#define U1(c)           c "\0"
#define A               U1("a")
#define END             "\0\0"

static site_t       site;
static unsigned     asked;


/* The row: subject "Éclair apple", 300 bytes, two keys, no NOTHING. */

static ptn_str_t
value_of(uint32_t tag)
{
    switch (tag) {

    case TAG_SUBJECT:
        return ptn_str("\xc3\x89" "clair Apple");

    case TAG_OTHER:
        return ptn_str("\xc3\xa9" "CLAIR APPLE");

    case TAG_SIZE:
        return ptn_str("\x2c\x01\0\0");

    case TAG_ENTRYID:
        return ptn_str("\x01\x00\xff\x10");

    case TAG_REAL:
        return ptn_str("\0\0\0\0\0\0\xf8\xbf");     /* -1.5 */

    case TAG_KEYS:
        return ptn_str("\x02\0\0\0" "\x03\0\0\0red" "\x04\0\0\0" "Blue");

    default:
        return ptn_str_make(NULL, 0);
    }
}


static ptn_rc_t
subobject(void *ctx PTN_UNUSED, uint32_t which, uint32_t i,
    const uint32_t *tags, size_t n, ptn_str_t *values)
{
    size_t  k;

    asked++;

    if (i >= (which == PTN_PR_MESSAGE_RECIPIENTS ? 2u : 0u)) {
        return PTN_ENOTFOUND;
    }

    for (k = 0; k < n; k++) {
        values[k] = tags[k] == PTN_PR_RECIPIENT_TYPE
                    ? ptn_str_make(i ? "\2\0\0\0" : "\1\0\0\0", 4)
                    : tags[k] == PTN_PR_DISPLAY_NAME
                    ? ptn_str_z(i ? "Carol" : "Bob") : ptn_str_make(NULL, 0);
    }

    return PTN_OK;
}


static bool
member(void *ctx PTN_UNUSED, ptn_str_t entryid, ptn_str_t dl)
{
    return entryid.len == 4 && ptn_str_eqz(dl, "dl");
}


static int
ask(ptn_str_t data, unsigned flags)
{
    bool               match;
    size_t             i, n;
    ptn_rc_t           rc;
    ptn_str_t          values[PTN_RESTRICT_TAGS_MAX];
    ptn_filter_t      *f;
    const uint32_t    *tags;
    ptn_filter_row_t   row;

    rc = ptn_filter_make(site.pool, table_restrict(&site, data), flags, &f);

    if (rc != PTN_OK) {
        return -(int) rc;
    }

    tags = ptn_filter_tags(f, &n);

    for (i = 0; i < n; i++) {
        values[i] = value_of(tags[i]);
    }

    memset(&row, 0, sizeof(row));
    row.values = values;
    row.sub = subobject;
    row.member = member;

    return ptn_filter_match(f, &row, &match) == PTN_OK ? match : -1000;
}


typedef struct {
    int          want;          /* 1, 0, or minus an error */
    const char  *what;
    ptn_str_t    data;
} row_t;

#define YES(w, d)     { 1, w, ptn_string(d) }
#define NO(w, d)      { 0, w, ptn_string(d) }
#define BAD(e, w, d)  { -(int) PTN_##e, w, ptn_string(d) }

/* content: low, high; property: op */
#define C(low, high, tag, val)  "\x03" low "\0" high "\0" tag tag val
#define P(op, tag, val)         "\x04" op tag tag val
#define APPLE                   "A\0p\0p\0l\0e\0" END
#define apple                   "a\0p\0p\0l\0e\0" END
#define ECLAIR_APPLE            "e\0c\0l\0a\0i\0r\0 \0a\0p\0p\0l\0e\0" END
#define TRUE_                   "\x08" SUBJECT
#define FALSE_                  "\x08" NOTHING

static const row_t  rows[] = {
    YES("and of nothing", "\x00\0\0"),
    NO("or of nothing", "\x01\0\0"),
    YES("and", "\x00\x02\0" TRUE_ TRUE_),
    NO("and, one is not", "\x00\x02\0" TRUE_ FALSE_),
    YES("or", "\x01\x02\0" FALSE_ TRUE_),
    NO("or, neither", "\x01\x02\0" FALSE_ FALSE_),
    YES("not", "\x02" FALSE_),
    NO("not, of what is", "\x02" TRUE_),

    YES("substring", C("\1", "\0", SUBJECT, APPLE)),
    NO("substring, with case", C("\1", "\0", SUBJECT, apple)),
    YES("substring, without", C("\1", "\1", SUBJECT, apple)),
    NO("prefix", C("\2", "\1", SUBJECT, apple)),
    YES("prefix, without case beyond ASCII",
        C("\2", "\1", SUBJECT, "\xe9\0" "C\0" END)),
    NO("prefix, the mark counts", C("\2", "\1", SUBJECT, "e\0c\0" END)),
    YES("prefix, ignoring it", C("\2", "\3", SUBJECT, "e\0c\0" END)),
    NO("ignoring it, with case", C("\2", "\2", SUBJECT, "e\0c\0" END)),
    YES("ignoring it, with case", C("\2", "\2", SUBJECT, "E\0c\0" END)),
    YES("loose", C("\0", "\4", SUBJECT, ECLAIR_APPLE)),
    NO("full string", C("\0", "\1", SUBJECT, apple)),
    YES("an empty prefix", C("\2", "\1", SUBJECT, END)),
    NO("an empty whole", C("\0", "\1", SUBJECT, END)),
    NO("of what is not there", C("\1", "\1", NOTHING, END)),
    YES("bytes amid a binary", C("\1", "\0", ENTRYID, "\x02\0\x00\xff")),
    YES("its beginning", C("\2", "\1", ENTRYID, "\x02\0\x01\x00")),
    NO("not its beginning", C("\2", "\0", ENTRYID, "\x01\0\xff")),
    NO("not all of it", C("\0", "\0", ENTRYID, "\x02\0\x01\x00")),
    YES("one of several", "\x03\0\0\x01\0" KEYS KEY1 "b\0l\0u\0e\0" END),
    NO("none of several", "\x03\0\0\0\0" KEYS KEY1 "b\0l\0u\0e\0" END),
    BAD(EINVAL, "no such level", C("\3", "\0", SUBJECT, END)),
    BAD(ESUPPORT, "another type", "\x03\1\0\0\0" SUBJECT ENTRYID "\0\0"),
    BAD(ESUPPORT, "a number has no parts", C("\1", "\0", SIZE, "\0\0\0\0")),

    YES("less", P("\0", SIZE, "\x2d\x01\0\0")),
    NO("less, equal", P("\0", SIZE, "\x2c\x01\0\0")),
    YES("less or equal", P("\1", SIZE, "\x2c\x01\0\0")),
    YES("greater than a negative one", P("\2", SIZE, "\xff\xff\xff\xff")),
    YES("greater or equal", P("\3", SIZE, "\x2c\x01\0\0")),
    NO("greater or equal, less", P("\3", SIZE, "\x2d\x01\0\0")),
    YES("equal", P("\4", SIZE, "\x2c\x01\0\0")),
    YES("not equal", P("\5", SIZE, "\0\0\0\0")),
    NO("not equal, equal", P("\5", SIZE, "\x2c\x01\0\0")),
    NO("not equal, of nothing", P("\5", NOTHING, A END)),
    YES("reals have a sign", P("\0", REAL, "\0\0\0\0\0\0\xf0\xbf")),
    YES("a real is itself", P("\4", REAL, "\0\0\0\0\0\0\xf8\xbf")),
    NO("not less than itself", P("\0", REAL, "\0\0\0\0\0\0\xf8\xbf")),
    NO("nor greater", P("\2", REAL, "\0\0\0\0\0\0\xf8\xbf")),
    YES("at most itself", P("\1", REAL, "\0\0\0\0\0\0\xf8\xbf")),
    YES("at least itself", P("\3", REAL, "\0\0\0\0\0\0\xf8\xbf")),
    YES("zero has none", P("\0", REAL, "\0\0\0\0\0\0\0\x80")),
    YES("equal without case", P("\4", OTHER_,
        "\xc9\0" "c\0l\0a\0i\0r\0 \0a\0p\0p\0l\0e\0" END)),
    NO("not equal without case", P("\5", OTHER_,
        "\xc9\0" "c\0l\0a\0i\0r\0 \0a\0p\0p\0l\0e\0" END)),
    YES("text after text", P("\2", SUBJECT, A END)),
    YES("one of several is equal", "\x04\4" KEYS KEY1 "R\0e\0d\0" END),
    YES("one of several is not", "\x04\5" KEYS KEY1 "R\0e\0d\0" END),
    NO("all of them as one", "\x04\4" KEYS KEYS "\1\0\0\0" "r\0e\0d\0" END),
    YES("all of them as one", "\x04\4" KEYS KEYS "\2\0\0\0" "r\0e\0d\0" END
        "B\0l\0u\0e\0" END),
    BAD(ESUPPORT, "by a pattern", P("\6", SUBJECT, A END)),
    BAD(EINVAL, "no such relation", P("\7", SUBJECT, A END)),
    BAD(ESUPPORT, "several against one",
        "\x04\4" KEY1 KEYS "\1\0\0\0" "r\0e\0d\0" END),

    YES("two properties, equal", "\x05\4" SUBJECT OTHER_),
    NO("two properties, less", "\x05\0" SUBJECT OTHER_),
    NO("one is not there", "\x05\5" SUBJECT NOTHING),
    BAD(ESUPPORT, "of two types", "\x05\4" SUBJECT SIZE),
    BAD(ESUPPORT, "by a pattern", "\x05\6" SUBJECT OTHER_),

    YES("some bits", "\x06\1" SIZE "\x04\0\0\0"),
    NO("none of those", "\x06\1" SIZE "\x03\0\0\0"),
    YES("zero", "\x06\0" SIZE "\x03\0\0\0"),
    NO("not zero", "\x06\0" SIZE "\x04\0\0\0"),
    NO("bits of nothing", "\x06\0\x03\0\x07\x66\x04\0\0\0"),
    BAD(EINVAL, "no such test", "\x06\2" SIZE "\x04\0\0\0"),
    BAD(ESUPPORT, "bits of text", "\x06\1" SUBJECT "\x04\0\0\0"),

    YES("size of text: UTF-16 and its end", "\x07\4" SUBJECT "\x1a\0\0\0"),
    YES("size of a binary", "\x07\4" ENTRYID "\x04\0\0\0"),
    YES("size of a number", "\x07\1" SIZE "\x04\0\0\0"),
    NO("size, greater", "\x07\2" SIZE "\x04\0\0\0"),
    NO("size of nothing", "\x07\1" NOTHING "\xff\0\0\0"),
    BAD(ESUPPORT, "by a pattern", "\x07\6" SIZE "\x04\0\0\0"),

    YES("exists", TRUE_),
    NO("does not", FALSE_),

    YES("a recipient", "\x09" RECIPS C("\0", "\1", NAME,
        "c\0a\0r\0o\0l\0" END)),
    NO("no recipient", "\x09" RECIPS C("\0", "\1", NAME, "d\0" END)),
    YES("both of one", "\x09" RECIPS "\x00\2\0" P("\4", RTYPE, "\2\0\0\0")
        C("\2", "\1", NAME, "c\0" END)),
    NO("not of two", "\x09" RECIPS "\x00\2\0" P("\4", RTYPE, "\1\0\0\0")
        C("\2", "\1", NAME, "c\0" END)),
    YES("no recipient is not", "\x02\x09" RECIPS P("\4", RTYPE, "\3\0\0\0")),
    NO("no attachment", "\x09" ATTACHS "\x00\0\0"),
    BAD(ESUPPORT, "of an attachment's recipients",
        "\x09" ATTACHS "\x09" RECIPS "\x00\0\0"),
    BAD(ESUPPORT, "something else", "\x09" SUBJECT "\x00\0\0"),

    YES("a comment alone", "\x0a\1" SUBJECT A END "\0"),
    NO("a comment with something", "\x0a\0\1" FALSE_),
    YES("and it is", "\x0a\1" SUBJECT A END "\1" TRUE_),

    YES("a count", "\x0b\3\0\0\0" TRUE_),
    NO("of what is not", "\x0b\3\0\0\0" FALSE_),
    BAD(ESUPPORT, "a count within", "\x00\1\0\x0b\3\0\0\0" TRUE_),
};


static void
test_rows(void)
{
    size_t         i;
    ptn_filter_t  *f;

    for (i = 0; i < ptn_nelts(rows); i++) {
        if (ask(rows[i].data, 0) != rows[i].want) {
            printf("# %d\n", ask(rows[i].data, 0));
        }

        ok(ask(rows[i].data, 0) == rows[i].want, rows[i].what);
    }

    is_u64((uint64_t) -ask(ptn_str("\x04\x64" ENTRYID ENTRYID "\2\0dl"), 0),
           PTN_ESUPPORT, "nobody knows the members");
    ok(ask(ptn_str("\x04\x64" ENTRYID ENTRYID "\2\0dl"),
           PTN_FILTER_MEMBERS) == 1, "a member of the list");
    ok(ask(ptn_str("\x04\x64" ENTRYID ENTRYID "\2\0no"),
           PTN_FILTER_MEMBERS) == 0, "of another");
    is_u64((uint64_t) -ask(ptn_str("\x09" RECIPS "\x00\0\0"),
                           PTN_FILTER_FLAT), PTN_ESUPPORT, "rows without");

    asked = 0;
    ask(ptn_str("\x01\2\0" TRUE_ "\x09" RECIPS "\x00\0\0"), 0);
    is_u64(asked, 0, "subobjects are asked for where they decide");

    is_rc(ptn_filter_make(site.pool, table_restrict(&site, ptn_str(
              "\x0b\7\0\0\0\x0b\3\0\0\0" TRUE_)), 0, &f), PTN_OK, "counts");
    is_u64(ptn_filter_limit(f), 3, "the least of them");
}


/* Longer than what needs no memory, and what does not fit a table's cut. */

static void
test_long(void)
{
    bool               match;
    ptn_buf_t          b;
    unsigned           i;
    ptn_str_t          value;
    ptn_filter_t      *f;
    ptn_filter_row_t   row;

    ptn_buf_init(&b, site.pool);

    for (i = 0; i < 5000; i++) {
        ptn_buf_add(&b, "\xc3\xa4x", 3);
    }

    ptn_buf_add(&b, "\xc3\x89nd", 4);
    value = ptn_buf_get(&b);
    ptn_filter_make(site.pool, table_restrict(&site, ptn_str(
        C("\1", "\3", SUBJECT, "x\0" "e\0n\0d\0" END))), 0, &f);
    memset(&row, 0, sizeof(row));
    row.values = &value;
    is_rc(ptn_filter_match(f, &row, &match), PTN_OK, "long text");
    ok(match, "its end");
}


/* --- tables ------------------------------------------------------------- */

static ptn_mbox_t   *mb;


static ptn_str_t
text(ptn_table_t *t)
{
    return table_text(&site, mb, t, 0, 0);
}


static ptn_rc_t
restrict_to(ptn_table_t *t, ptn_str_t data)
{
    return ptn_table_restrict(mb, t, table_restrict(&site, data));
}


static void
test_messages(void)
{
    bool          changed, gone;
    uint32_t      mark, row;
    ptn_id_t      id;
    ptn_txn_t     tx;
    ptn_table_t  *t;

    ptn_txn_begin(&tx, mb);
    table_message(&site, &tx, "Alice", "apple", 100, 0, NULL);
    table_message(&site, &tx, "Bert", "banana", 101, PTN_FLAG_SEEN, NULL);
    id = table_message(&site, &tx, "Alice", "Apple pie", 102, 0, NULL);
    ptn_txn_commit(&tx);
    ptn_store_commit(site.store);

    ptn_table_open(mb, PTN_TABLE_CONTENTS, FOLDER, 0, &t);
    is_str(text(t), "Apple pie banana apple", "all");
    ptn_table_mark(t, 1, &mark);
    is_rc(restrict_to(t, ptn_str(C("\2", "\1", SUBJECT, apple))), PTN_OK,
          "MS-OXCTABL R451: restricted");
    is_str(text(t), "Apple pie apple", "R452: as if it had those only");
    is_rc(ptn_table_mark_row(t, mark, &row, &gone), PTN_ENOTFOUND,
          "R453: bookmarks are void");
    is_rc(restrict_to(t, ptn_str(P("\6", SUBJECT, A END))), PTN_ESUPPORT,
          "one that is refused");
    is_str(text(t), "Apple pie apple", "R457: the former one stays");

    ptn_table_mark(t, 0, &mark);
    ptn_txn_begin(&tx, mb);
    table_message(&site, &tx, "Alice", "cherry", 103, 0, NULL);
    table_message(&site, &tx, "Alice", "apples", 104, 0, NULL);
    ptn_msg_expunge_ids(&tx, &id, 1);
    ptn_txn_commit(&tx);
    ptn_store_commit(site.store);
    is_rc(ptn_table_sync(mb, t, &changed), PTN_OK, "sync");
    is_str(text(t), "apples apple", "what came and matches, not what went");
    is_rc(ptn_table_mark_row(t, mark, &row, &gone), PTN_OK, "a bookmark");
    ok(gone && row == 1, "R184: gone: at the next row");

    is_rc(restrict_to(t, ptn_str("\x09" RECIPS C("\2", "\1", NAME,
          "b\0o\0b\0" END))), PTN_OK, "by recipients");
    is_str(text(t), "apples cherry banana apple", "all have Bob");
    is_rc(restrict_to(t, ptn_str("\x09" ATTACHS "\x00\0\0")), PTN_OK,
          "by attachments");
    is_str(text(t), "", "none has any");
    is_rc(restrict_to(t, ptn_str("\x0b\2\0\0\0\x00\0\0")), PTN_OK, "two");
    is_str(text(t), "apples cherry", "the first two");
    is_rc(restrict_to(t, ptn_str(C("\1", "\1", "\x1f\x00\x00\x10",
          "t\0e\0x\0t\0" END))), PTN_OK, "by the body");
    is_str(text(t), "apples cherry banana apple", "which all have");
    is_rc(restrict_to(t, ptn_str(P("\2", SUBJECT, "a\0p\0p\0l\0e\0" END))),
          PTN_OK, "behind apple, as the table sorts");
    is_str(text(t), "apples cherry banana", "not apple");
    is_rc(ptn_table_restrict(mb, t, NULL), PTN_OK, "R454: no more");
    is_u64(ptn_table_count(t), 4, "all");
    ptn_table_close(t);
}


static void
test_small(void)
{
    ptn_id_t         id;
    ptn_txn_t        tx;
    ptn_table_t     *t;
    ptn_object_t     o;
    ptn_recip_t      recips[3];
    ptn_sort_t       by_name = { PTN_PR_DISPLAY_NAME, true };
    table_text_t     out;
    const uint32_t   tags[4] = { PTN_PR_DISPLAY_NAME, PTN_PR_DISPLAY_NAME,
                                 PTN_PR_DISPLAY_NAME, 0x66010003 };

    ptn_txn_begin(&tx, mb);
    ptn_folder_create(&tx, FOLDER, ptn_str("one"), NULL, &id);
    ptn_folder_create(&tx, FOLDER, ptn_str("other"), NULL, &id);
    ptn_folder_create(&tx, FOLDER, ptn_str("two"), NULL, &id);
    ptn_txn_commit(&tx);
    ptn_store_commit(site.store);

    ptn_table_open(mb, PTN_TABLE_HIERARCHY, FOLDER, 0, &t);
    is_rc(restrict_to(t, ptn_str(C("\2", "\1", NAME, "O\0" END))), PTN_OK,
          "R833: folders");
    is_u64(ptn_table_count(t), 2, "two of them");
    ptn_txn_begin(&tx, mb);
    ptn_folder_create(&tx, FOLDER, ptn_str("oz"), NULL, &id);
    ptn_txn_commit(&tx);
    ptn_store_commit(site.store);
    ptn_table_sync(mb, t, NULL);
    is_u64(ptn_table_count(t), 3, "and one more");
    is_rc(restrict_to(t, ptn_str("\x09" RECIPS "\x00\0\0")), PTN_ESUPPORT,
          "they have no recipients");
    ptn_table_close(t);

    memset(&o, 0, sizeof(o));
    memset(recips, 0, sizeof(recips));
    o.recips = recips;
    o.nrecips = 3;
    recips[0].row = 0;
    recips[0].type = 1;
    recips[1].row = 1;
    recips[1].type = 2;
    recips[2].row = 5;
    recips[2].type = 1;
    ptn_props_set(&recips[0].props, site.pool, PTN_PR_DISPLAY_NAME,
                  ptn_str("Ann"));
    ptn_props_set(&recips[1].props, site.pool, PTN_PR_DISPLAY_NAME,
                  ptn_str("Bob"));
    ptn_props_set(&recips[2].props, site.pool, PTN_PR_DISPLAY_NAME,
                  ptn_str("Carl"));

    is_rc(ptn_table_open_recips(mb, &o, &t), PTN_OK, "recipients");
    is_u64(ptn_table_id(mb, t, 2), 6, "by their rows");
    is_rc(ptn_table_sort(mb, t, &by_name, 1), PTN_OK, "sorted");
    is_rc(restrict_to(t, ptn_str(P("\4", RTYPE, "\1\0\0\0"))), PTN_OK,
          "those in To");
    ptn_buf_init(&out.b, site.pool);
    ptn_table_rows(mb, t, site.pool, tags, 4, 0, 9, false, table_text_row,
                   &out);
    is_str(ptn_buf_get(&out.b), "Carl Ann", "two, backwards");
    recips[1].type = 1;
    ptn_table_sync(mb, t, NULL);
    is_u64(ptn_table_count(t), 3, "one has changed");
    ptn_table_close(t);
}


int
main(void)
{
    site_make(&site);
    site.conf.fsync = false;
    test_rows();
    test_long();

    mb = site_open(&site, "alice");
    test_messages();
    test_small();
    site_check(&site, "alice");
    site_done(&site);

    return done_testing();
}
