/*
 * Property values between the wire and ptn_object.h: what goes in comes out,
 * rows, recipients, code pages, hostile input; restrictions.
 */

#include "ptn_charset.h"
#include "ptn_filter.h"
#include "ptn_test.h"
#include "ptn_wire_random.h"


#define ROUNDS  3000


static ptn_pool_t       *pool;
static ptn_wire_text_t   text;


static ptn_wire_in_t
in_of(ptn_str_t s)
{
    ptn_wire_in_t  in = { s.data, s.data + s.len, pool };

    return in;
}


static ptn_str_t
out_of(uint16_t type, ptn_str_t value, ptn_rc_t *ret_rc)
{
    ptn_buf_t  b;

    ptn_buf_init(&b, pool);
    *ret_rc = ptn_wire_value_put(&b, &text, type, value);

    return ptn_buf_get(&b);
}


/* --- values --------------------------------------------------------------- */

/* Bytes of the wire in, the value, the same bytes out. */
static void
value_is(const char *what, uint16_t type, ptn_str_t wire, ptn_str_t value)
{
    ptn_rc_t       rc;
    ptn_str_t      got;
    ptn_wire_in_t  in;

    in = in_of(wire);
    is_rc(ptn_wire_value_get(&in, &text, type, &got), PTN_OK, what);
    is_mem(got, value, what);
    is_u64((uint64_t) (in.end - in.p), 0, what);

    in = in_of(wire);
    is_rc(ptn_wire_value_skip(&in, type), PTN_OK, what);
    is_u64((uint64_t) (in.end - in.p), 0, what);

    got = out_of(type, value, &rc);
    is_rc(rc, PTN_OK, what);
    is_mem(got, wire, what);
}


static void
values(void)
{
    value_is("LONG", 0x0003, ptn_str("\x01\x02\x03\x04"),
             ptn_str("\x01\x02\x03\x04"));
    value_is("BOOLEAN is one byte", 0x000b, ptn_str("\x01"), ptn_str("\x01"));
    value_is("UNICODE", 0x001f, ptn_str("a\0\xe4\0\xac\x20\0\0"),
             ptn_str("a\xc3\xa4\xe2\x82\xac"));
    value_is("UNICODE, beyond the BMP", 0x001f,
             ptn_str("\x3d\xd8\x00\xde\0\0"), ptn_str("\xf0\x9f\x98\x80"));
    value_is("UNICODE, empty", 0x001f, ptn_str("\0\0"), ptn_str(""));
    value_is("STRING8, 1252", 0x001e, ptn_str("\x80 \xe4\0"),
             ptn_str("\xe2\x82\xac \xc3\xa4"));
    value_is("BINARY", 0x0102, ptn_str("\x03\x00" "a\0b"), ptn_str("a\0b"));
    value_is("BINARY, empty", 0x0102, ptn_str("\0\0"), ptn_str(""));
    value_is("SVREID", 0x00fb, ptn_str("\x02\0xy"), ptn_str("xy"));
    value_is("MV LONG", 0x1003, ptn_str("\x02\0\0\0" "aaaabbbb"),
             ptn_str("\x02\0\0\0" "aaaabbbb"));
    value_is("MV UNICODE", 0x101f,
             ptn_str("\x02\0\0\0" "a\0\0\0" "b\0c\0\0\0"),
             ptn_str("\x02\0\0\0" "\x01\0\0\0a" "\x02\0\0\0bc"));
    value_is("MV BINARY", 0x1102, ptn_str("\x01\0\0\0" "\x02\0xy"),
             ptn_str("\x01\0\0\0" "\x02\0\0\0xy"));
    value_is("MV, none", 0x1102, ptn_str("\0\0\0\0"), ptn_str("\0\0\0\0"));
    value_is("an instance is one value", 0x3003, ptn_str("abcd"),
             ptn_str("abcd"));
}


static void
hostile(void)
{
    size_t         used, i;
    ptn_rc_t       rc;
    ptn_str_t      got, big;
    ptn_wire_in_t  in;

    static const struct {
        uint16_t     type;
        const char  *bytes;
        size_t       len;
        ptn_rc_t     rc;
    } rows[] = {
        { 0x0003, "abc", 3, PTN_ETRUNC },
        { 0x001f, "a\0b", 3, PTN_ETRUNC },
        { 0x001f, "a\0", 2, PTN_ETRUNC },
        { 0x001e, "abc", 3, PTN_ETRUNC },
        { 0x0102, "\xff\xff" "abc", 5, PTN_ETRUNC },
        { 0x1003, "\xff\xff\xff\xff" "aaaa", 8, PTN_ETRUNC },
        { 0x1102, "\xff\xff\xff\x7f\0\0", 6, PTN_ETRUNC },
        { 0x00fe, "\xff\xff\0\0", 4, PTN_ETRUNC },
        { 0x00fd, "\x00\xff\xff", 3, PTN_ETRUNC },
        { 0x000d, "", 0, PTN_EPARSE },          /* an object has no value */
        { 0x100b, "\0\0\0\0", 4, PTN_EPARSE },
        { 0x2003, "aaaa", 4, PTN_EPARSE },      /* an instance of no multiple */
        { 0x7777, "aaaa", 4, PTN_EPARSE },
        { 0x0000, "aaaa", 4, PTN_EPARSE },
    };

    used = ptn_pool_used(pool);

    for (i = 0; i < ptn_nelts(rows); i++) {
        in = in_of(ptn_str_make(rows[i].bytes, rows[i].len));
        is_rc(ptn_wire_value_get(&in, &text, rows[i].type, &got), rows[i].rc,
              rows[i].bytes);
        in = in_of(ptn_str_make(rows[i].bytes, rows[i].len));
        is_rc(ptn_wire_value_skip(&in, rows[i].type), rows[i].rc,
              rows[i].bytes);
    }

    ok(ptn_pool_used(pool) - used < 65536, "no memory for what is not there");

    in = in_of(ptn_str("\x3d\xd8" "a\0\0\0"));
    is_rc(ptn_wire_value_get(&in, &text, 0x001f, &got), PTN_OK, "lone half");
    is_mem(got, ptn_str("\xef\xbf\xbd" "a"), "becomes U+FFFD");

    out_of(0x0003, ptn_str("abc"), &rc);
    is_rc(rc, PTN_EINVAL, "three bytes are no LONG");
    out_of(0x1003, ptn_str("\x02\0\0\0aaaa"), &rc);
    is_rc(rc, PTN_EINVAL, "a multiple value that ends early");
    out_of(0x1003, ptn_str("\x01\0\0\0aaaaxx"), &rc);
    is_rc(rc, PTN_EINVAL, "and one that goes on");

    big = ptn_str_make(ptn_pcalloc(pool, 65536), 65536);
    out_of(0x0102, big, &rc);
    is_rc(rc, PTN_ETOOBIG, "64 KiB are too long for a BINARY");

    got = out_of(0x001f, ptn_str("ab\0cd"), &rc);
    is_mem(got, ptn_str("a\0b\0\0\0"), "a string ends at its zero");
    got = out_of(0x001e, ptn_str("\xe4\xb8\xad \xc3\xa4"), &rc);
    is_mem(got, ptn_str("? \xe4\0"), "what 1252 has not is a question mark");

    text.code_page = 932;
    got = out_of(0x001e, ptn_str("\xe6\x97\xa5"), &rc);
    is_mem(got, ptn_str("\x93\xfa\0"), "code page 932");
    text.code_page = 4711;
    got = out_of(0x001e, ptn_str("\xc3\xa4"), &rc);
    is_mem(got, ptn_str("\xe4\0"), "an unknown one is 1252");
    text.code_page = 65001;
    got = out_of(0x001e, ptn_str("\xc3\xa4"), &rc);
    is_mem(got, ptn_str("\xc3\xa4\0"), "65001 is UTF-8");
    text.code_page = 0;
}


/* Whatever the types: skip and get agree, and put gives the bytes again. */
static void
at_random(void)
{
    size_t         i, n;
    uint64_t       seed;
    uint16_t       type;
    ptn_rc_t       rc;
    ptn_buf_t      b;
    ptn_str_t      value, wire, cut;
    const char    *bad;
    ptn_wire_in_t  in;

    seed = 88172645463325252ULL;
    bad = NULL;

    for (i = 0; i < ROUNDS && bad == NULL; i++) {
        ptn_pool_reset(pool);
        ptn_buf_init(&b, pool);

        type = wire_random_type(&seed);
        wire_random_value(&b, &seed, type);
        wire = ptn_buf_get(&b);
        in = in_of(wire);

        if (ptn_wire_value_get(&in, &text, type, &value) != PTN_OK
            || in.p != in.end)
        {
            bad = "get";
            break;
        }

        in = in_of(wire);

        if (ptn_wire_value_skip(&in, type) != PTN_OK || in.p != in.end) {
            bad = "skip";
            break;
        }

        /* random units need not be valid, so the value is what must be */

        wire = out_of(type, value, &rc);
        in = in_of(wire);

        if (rc != PTN_OK
            || ptn_wire_value_get(&in, &text, type, &cut) != PTN_OK
            || ((type & 0xfff) != 0x1e && !ptn_str_eq(cut, value)))
        {
            bad = "put";
        }

        for (n = 0; n < wire.len && bad == NULL; n++) {
            u_char  *copy = malloc(n + 1);

            memcpy(copy, wire.data, n);
            in = in_of(ptn_str_make(copy, n));

            if (ptn_wire_value_get(&in, &text, type, &cut) != PTN_ETRUNC) {
                bad = "a truncation";
            }

            free(copy);
        }
    }

    ok(bad == NULL, "random values, type %04x: %s", type,
       bad ? bad : "all the same");
}


/* --- rows ----------------------------------------------------------------- */

static void
rows(void)
{
    uint32_t       tags[3];
    ptn_buf_t      b;
    ptn_str_t      got[3];
    ptn_wire_in_t  in;

    const uint32_t   columns[3] = { 0x0037001f, 0x0e080003, 0x10000000 };
    const uint16_t   types[3] = { 0, 0, 0x001e };
    const uint32_t   errors[3] = { 0, 0x8007000e, 0 };
    const ptn_str_t  all[3] = { ptn_string("a"), ptn_string("1234"),
                                ptn_string("b") };
    ptn_str_t        some[3] = { ptn_string("a"), { 0, NULL }, { 0, NULL } };

    ptn_buf_init(&b, pool);
    is_rc(ptn_wire_row_put(&b, &text, columns, types, all, NULL, 3), PTN_OK,
          "StandardPropertyRow");
    is_mem(ptn_buf_get(&b), ptn_str("\0" "a\0\0\0" "1234" "\x1e\0" "b\0"),
           "its bytes: a type where the column has none");

    in = in_of(ptn_buf_get(&b));
    is_rc(ptn_wire_row_get(&in, &text, columns, 3, tags, got), PTN_OK, "back");
    is_u64(tags[2], 0x1000001f, "STRING8 is UNICODE within");
    is_mem(got[2], all[2], "its value");

    ptn_buf_init(&b, pool);
    is_rc(ptn_wire_row_put(&b, &text, columns, types, some, errors, 3),
          PTN_OK, "FlaggedPropertyRow");
    is_mem(ptn_buf_get(&b),
           ptn_str("\x01" "\0" "a\0\0\0" "\x0a" "\x0e\0\x07\x80"
                   "\x0a\0" "\x0a" "\x0f\x01\x04\x80"),
           "its bytes: errors in their places");

    in = in_of(ptn_buf_get(&b));
    is_rc(ptn_wire_row_get(&in, &text, columns, 3, tags, got), PTN_OK, "back");
    ok(got[1].data == NULL && got[2].data == NULL, "no values");

    in = in_of(ptn_str("\x02"));
    is_rc(ptn_wire_row_get(&in, &text, columns, 3, tags, got), PTN_EPARSE,
          "no such row");
    in = in_of(ptn_str("\x01\x05"));
    is_rc(ptn_wire_row_get(&in, &text, columns, 3, tags, got), PTN_EPARSE,
          "no such flag");
}


/* --- recipients ----------------------------------------------------------- */

static void
recips(void)
{
    ptn_buf_t    b;
    ptn_str_t    row;
    ptn_props_t  props, back;

    const uint32_t  columns[2] = { 0x39fe001f, 0x39000003 };

    memset(&props, 0, sizeof(props));
    memset(&back, 0, sizeof(back));

    /* type SMTP, E, D, S, U: as MS-OXCMSG 4.6 has them */

    row = ptn_str("\x5b\x02" "b\0@\0x\0\0\0" "B\0\0\0" "\x01\0" "\0"
                  "b\0@\0x\0\0\0");
    is_rc(ptn_wire_recip_get(&text, row, columns, 2, &props), PTN_OK,
          "RecipientRow of an SMTP address");
    is_mem(ptn_props_get(&props, PTN_PR_ADDRTYPE), ptn_str("SMTP"), "type");
    is_mem(ptn_props_get(&props, PTN_PR_EMAIL_ADDRESS), ptn_str("b@x"),
           "address");
    is_mem(ptn_props_get(&props, PTN_PR_DISPLAY_NAME), ptn_str("B"), "name");
    is_mem(ptn_props_get(&props, PTN_PR_SMTP_ADDRESS), ptn_str("b@x"),
           "a column of its own");

    ptn_buf_init(&b, pool);
    is_rc(ptn_wire_recip_put(&b, &text, columns, 1, &props), PTN_OK, "out");
    is_mem(ptn_buf_get(&b), row, "the same bytes");

    /* X500DN, with a prefix that both know */

    text.dn_prefix = ptn_str("/o=org");
    row = ptn_str("\x11\x00" "\x06\x05" "/cn=b\0" "B\0" "\0\0" "\0");
    is_rc(ptn_wire_recip_get(&text, row, columns, 2, &back), PTN_OK, "a DN");
    is_mem(ptn_props_get(&back, PTN_PR_EMAIL_ADDRESS), ptn_str("/o=org/cn=b"),
           "behind its prefix");
    is_mem(ptn_props_get(&back, PTN_PR_ADDRTYPE), ptn_str("EX"), "EX");
    is_mem(ptn_props_get(&back, PTN_PR_DISPLAY_NAME), ptn_str("B"),
           "an 8-bit name");

    row = ptn_str("\x11\x00" "\x07\x05" "/cn=b\0" "B\0" "\0\0" "\0");
    is_rc(ptn_wire_recip_get(&text, row, columns, 2, &back), PTN_EPARSE,
          "more prefix than there is");
    text.dn_prefix = ptn_str("");

    row = ptn_str("\x00\x00" "\x03\0" "\0");
    is_rc(ptn_wire_recip_get(&text, row, columns, 2, &back), PTN_EPARSE,
          "more columns than the message has");
    row = ptn_str("\x00\x00" "\0\0" "\0" "x");
    is_rc(ptn_wire_recip_get(&text, row, columns, 2, &back), PTN_EPARSE,
          "something behind it");
}


/* --- restrictions --------------------------------------------------------- */

static bool
matches(ptn_str_t data, uint32_t tag, ptn_str_t value)
{
    bool               match;
    size_t             n, i;
    ptn_str_t          values[PTN_RESTRICT_TAGS_MAX];
    ptn_filter_t      *f;
    ptn_restrict_t    *r;
    const uint32_t    *tags;
    ptn_filter_row_t   row;

    if (ptn_restrict_get(&text, data, &r) != PTN_OK
        || ptn_filter_make(pool, r, 0, &f) != PTN_OK)
    {
        printf("# not read\n");
        return false;
    }

    tags = ptn_filter_tags(f, &n);

    for (i = 0; i < n; i++) {
        values[i] = tags[i] == tag ? value : ptn_str_make(NULL, 0);
    }

    memset(&row, 0, sizeof(row));
    row.values = values;

    return ptn_filter_match(f, &row, &match) == PTN_OK && match;
}


#define SUBJECT     "\x1f\x00\x37\x00"
#define SIZE        "\x03\x00\x08\x0e"
#define KEYWORDS    "\x1f\x10\x37\x85"

static void
restrictions(void)
{
    size_t           n;
    ptn_buf_t        b;
    ptn_filter_t    *f;
    ptn_restrict_t  *r;

    const ptn_str_t  sub = ptn_str("\x03\x01\x00\x01\x00" SUBJECT SUBJECT
                                   "\xc4\0\0\0");
    const ptn_str_t  exact = ptn_str("\x03\x00\x00\x00\x00" SUBJECT SUBJECT
                                     "a\0\0\0");
    const ptn_str_t  less = ptn_str("\x04\x00" SIZE SIZE "\x05\0\0\0");
    const ptn_str_t  mv = ptn_str("\x04\x04" KEYWORDS "\x1f\x00\x37\x85"
                                  "b\0\0\0");

    ok(matches(sub, PTN_PR_SUBJECT, ptn_str("x\xc3\xa4y")),
       "a substring, without case beyond ASCII");
    ok(!matches(sub, PTN_PR_SUBJECT, ptn_str("xy")), "not there");
    ok(matches(exact, PTN_PR_SUBJECT, ptn_str("a")), "all of it");
    ok(!matches(exact, PTN_PR_SUBJECT, ptn_str("A")), "with case");
    ok(matches(less, PTN_PR_MESSAGE_SIZE, ptn_str("\xff\xff\xff\xff")),
       "numbers have a sign");
    ok(!matches(less, PTN_PR_MESSAGE_SIZE, ptn_str("\x05\0\0\0")), "not less");
    ok(!matches(less, PTN_PR_MESSAGE_SIZE, ptn_str_make(NULL, 0)),
       "what is not there is not less");
    ok(matches(mv, 0x8537101f,
               ptn_str("\x02\0\0\0" "\x01\0\0\0a" "\x01\0\0\0B")),
       "one of several values");
    ok(!matches(mv, 0x8537101f, ptn_str("\x01\0\0\0" "\x01\0\0\0a")),
       "none of them");
    ok(matches(ptn_str("\x00\0\0"), 0, ptn_str("")), "and, of nothing");
    ok(!matches(ptn_str("\x01\0\0"), 0, ptn_str("")), "or, of nothing");

    /* depth */

    ptn_buf_init(&b, pool);
    for (n = 0; n < 100000; n++) {
        ptn_buf_byte(&b, 2);
    }
    is_rc(ptn_restrict_get(&text, ptn_buf_get(&b), &r), PTN_ELIMIT,
          "100,000 deep");

    is_rc(ptn_restrict_get(&text, ptn_str("\x0b\x01\0\0\0\x08" SUBJECT), &r),
          PTN_OK, "a count");
    is_rc(ptn_filter_make(pool, r, 0, &f), PTN_OK, "is evaluated");
    is_u64(ptn_filter_limit(f), 1, "as a limit");
}


int
main(void)
{
    pool = ptn_pool_create(0, NULL);
    text.pool = pool;

    values();
    hostile();
    at_random();
    rows();
    recips();
    restrictions();

    ptn_pool_destroy(pool);

    return done_testing();
}
