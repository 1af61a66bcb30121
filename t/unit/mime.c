/*
 * The MIME parser by tables: structures, ENVELOPEs, parameters, header text,
 * addresses, dates, encodings, sections, limits, hostile packed structures.
 */

#include "ptn_mime.h"
#include "ptn_mime_check.h"
#include "ptn_test.h"


/* --- structures and envelopes ----------------------------------------- */

typedef struct {
    const char  *name;
    const char  *raw;
    const char  *want;
} render_row_t;

static const render_row_t  structure_rows[] = {
    { "no header at all", "\r\nhello\r\n",
      "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 7 1 "
      "NIL NIL NIL NIL)" },
    { "nothing", "",
      "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0 "
      "NIL NIL NIL NIL)" },
    { "single text, every field",
      "Content-Type: TEXT/HTML; Charset=\"utf-8\"; format=flowed\r\n"
      "Content-Transfer-Encoding: Quoted-Printable (why)\r\n"
      "Content-ID: <a@b>\r\n"
      "Content-Description: a \"fine\"\r\n\tpart\r\n"
      "Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\r\n"
      "Content-Disposition: Attachment; filename=x.html; size=3\r\n"
      "Content-Language: de, en-GB\r\n"
      "Content-Location: http://a.b/\r\n\r\nabc\r\ndef",
      "(\"text\" \"html\" (\"charset\" \"utf-8\" \"format\" \"flowed\") "
      "\"<a@b>\" \"a \\\"fine\\\"\tpart\" \"Quoted-Printable\" 8 1 "
      "\"Q2hlY2sgSW50ZWdyaXR5IQ==\" "
      "(\"attachment\" (\"filename\" \"x.html\" \"size\" \"3\")) "
      "(\"de\" \"en-GB\") \"http://a.b/\")" },
    { "one language, disposition without parameters",
      "Content-Type: image/png\nContent-Disposition: inline\n"
      "Content-Language: fr\n\n1234",
      "(\"image\" \"png\" NIL NIL NIL \"7bit\" 4 NIL (\"inline\" NIL) "
      "(\"fr\") NIL)" },
    { "a type that is none", "Content-Type: text\n\nx",
      "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 1 0 NIL NIL NIL NIL)" },
    { "multipart with nested multipart",
      "Content-Type: multipart/mixed; boundary=\"o\"\r\n"
      "Content-Language: en\r\n\r\npreamble\r\n"
      "--o\r\n\r\none\r\n"
      "--o  \r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n"
      "--i\r\nContent-Type: text/plain\r\n\r\ntwo\r\nlines\r\n\r\n"
      "--i--\r\nepilogue\r\n"
      "--o--\r\nthe end\r\n",
      "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 3 0 "
      "NIL NIL NIL NIL)"
      "((\"text\" \"plain\" NIL NIL NIL \"7bit\" 12 2 NIL NIL NIL NIL)"
      " \"alternative\" (\"boundary\" \"i\") NIL NIL NIL)"
      " \"mixed\" (\"boundary\" \"o\") NIL (\"en\") NIL)" },
    { "embedded message",
      "Content-Type: message/rfc822\n\n"
      "Subject: in\nFrom: a@b.c\n\nbody\n",
      "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 30 "
      "(NIL \"in\" ((NIL NIL \"a\" \"b.c\")) ((NIL NIL \"a\" \"b.c\")) "
      "((NIL NIL \"a\" \"b.c\")) NIL NIL NIL NIL NIL) "
      "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 5 1 "
      "NIL NIL NIL NIL) 4 NIL NIL NIL NIL)" },
    { "an encoded message is no tree",
      "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nQQ",
      "(\"application\" \"octet-stream\" NIL NIL NIL \"base64\" 2 "
      "NIL NIL NIL NIL)" },
    { "digest",
      "Content-Type: multipart/digest; boundary=d\n\n--d\n\nSubject: s\n\nx\n"
      "--d--\n",
      "((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 13 "
      "(NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL) "
      "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0 "
      "NIL NIL NIL NIL) 2 NIL NIL NIL NIL)"
      " \"digest\" (\"boundary\" \"d\") NIL NIL NIL)" },
    { "multipart without a part is text",
      "Content-Type: multipart/mixed; boundary=d\n\nno such line\n",
      "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 13 1 NIL NIL NIL NIL)" },
    { "a boundary that begins another",
      "Content-Type: multipart/mixed; boundary=b\n\n"
      "--b\nContent-Type: multipart/mixed; boundary=b-2\n\n"
      "--b-2\n\n1\n--b-2--\n--b\n\n2\n--b--",
      "(((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0 "
      "NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"b-2\") NIL NIL NIL)"
      "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0 "
      "NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)" },
    { "lines that go on behind a boundary",
      "Content-Type: multipart/mixed; boundary=b\n\n"
      "--b\n\n1\n--bx\n--b--x\n2\n--b--",
      "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 15 3 "
      "NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)" },
    { "a boundary within a header",
      "Content-Type: multipart/mixed; boundary=b\n\n"
      "--b\nContent-Type: text/x\n--b\n\n2\n--b--",
      "((\"text\" \"x\" NIL NIL NIL \"7bit\" 0 0 NIL NIL NIL NIL)"
      "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0 "
      "NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)" },
    { "not ASCII goes into the extended form",
      "Content-Type: image/png; name=\"\xc3\xa4 b.png\"\n\n",
      "(\"image\" \"png\" (\"name*\" \"utf-8''%C3%A4%20b.png\") NIL NIL "
      "\"7bit\" 0 NIL NIL NIL NIL)" },
};


static const render_row_t  envelope_rows[] = {
    { "empty", "\n", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)" },
    { "the example of RFC 3501",
      "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n"
      "From: Terry Gray <gray@cac.washington.edu>\r\n"
      "Subject: IMAP4rev1 WG mtg summary and minutes\r\n"
      "To: imap@cac.washington.edu\r\n"
      "cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n"
      "Message-Id: <B27397-0100000@cac.washington.edu>\r\n\r\n",
      "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" "
      "\"IMAP4rev1 WG mtg summary and minutes\" "
      "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
      "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
      "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
      "((NIL NIL \"imap\" \"cac.washington.edu\")) "
      "((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")"
      "(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) NIL NIL "
      "\"<B27397-0100000@cac.washington.edu>\")" },
    { "empty but there", "Subject:\nDate: \nFrom:\n\n",
      "(\"\" \"\" NIL NIL NIL NIL NIL NIL NIL NIL)" },
    { "folded, quotes, not ASCII",
      "Subject: a\r\n \"b\" \\\r\nIn-Reply-To: \xe4\r\n\r\n",
      "(NIL \"a \\\"b\\\" \\\\\" NIL NIL NIL NIL NIL NIL {1}\r\n\xe4 NIL)" },
    { "groups", "To: A group: x@y, \"Z, z\" <z@y>; , root\n\n",
      "(NIL NIL NIL NIL NIL ((NIL NIL \"A group\" NIL)(NIL NIL \"x\" \"y\")"
      "(\"Z, z\" NIL \"z\" \"y\")(NIL NIL NIL NIL)(NIL NIL \"root\" \"\")) "
      "NIL NIL NIL NIL)" },
    { "two fields of a name", "To: a@b\nSubject: 1\nTO: c@d\nSubject: 2\n\n",
      "(NIL \"1\" NIL NIL NIL ((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")) "
      "NIL NIL NIL NIL)" },
    { "sender and reply-to", "From: a@b\nSender: c@d\nReply-To:\n\n",
      "(NIL NIL ((NIL NIL \"a\" \"b\")) ((NIL NIL \"c\" \"d\")) "
      "((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL NIL)" },
    { "a source route", "From: X <@a,@b:c@d>\n\n",
      "(NIL NIL ((\"X\" \"@a,@b\" \"c\" \"d\")) ((\"X\" \"@a,@b\" \"c\" "
      "\"d\")) ((\"X\" \"@a,@b\" \"c\" \"d\")) NIL NIL NIL NIL NIL)" },
};


static void
render_tables(ptn_pool_t *pool)
{
    size_t       i;
    ptn_str_t    got[3];
    ptn_mime_t  *mime;
    const char  *bad;

    for (i = 0; i < ptn_nelts(structure_rows); i++) {
        is_rc(ptn_mime_parse(pool, ptn_str_z(structure_rows[i].raw), &mime),
              PTN_OK, structure_rows[i].name);
        bad = ptn_mime_check(pool, mime);
        ok(bad == NULL, "invariants: %s", bad ? bad : "hold");
        (void) ptn_mime_check_render(pool, mime, got);
        is_str(got[2], structure_rows[i].want, structure_rows[i].name);
    }

    for (i = 0; i < ptn_nelts(envelope_rows); i++) {
        is_rc(ptn_mime_parse(pool, ptn_str_z(envelope_rows[i].raw), &mime),
              PTN_OK, envelope_rows[i].name);
        bad = ptn_mime_check(pool, mime);
        ok(bad == NULL, "invariants: %s", bad ? bad : "hold");
        (void) ptn_mime_check_render(pool, mime, got);
        is_str(got[0], envelope_rows[i].want, envelope_rows[i].name);
    }

    /* BODY leaves the extension data out */

    is_rc(ptn_mime_parse(pool, ptn_str("Content-Type: multipart/x; boundary=b"
                                       "\nContent-MD5: x\n\n--b\n"
                                       "Content-MD5: y\n\n1\n--b--"), &mime),
          PTN_OK, "BODY");
    (void) ptn_mime_check_render(pool, mime, got);
    is_str(got[1], "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL "
           "\"7bit\" 1 0) \"x\")", "BODY");
}


/* --- parameters ------------------------------------------------------- */

static const render_row_t  param_rows[] = {
    { "plain", "name=a.txt", "a.txt" },
    { "quoted pair", "name=\"a\\\"b\\\\c\"", "a\"b\\c" },
    { "comment", "(x) name (y) = (z) a.txt (w)", "a.txt" },
    { "blanks in a bare value", "name=annual report.pdf; x=y",
      "annual report.pdf" },
    { "no semicolon between", "name=a x=y", "a" },
    { "open quote", "name=\"a b", "a b" },
    { "RFC 2231 continuation", "name*0=a; name*1=\"b c\"; name*2=d", "ab cd" },
    { "in another order", "name*2=c; name*0=a; name*1=b", "abc" },
    { "a section missing", "name*0=a; name*2=c", "a" },
    { "extended", "name*=utf-8'en'%C3%A4%20b", "\xc3\xa4 b" },
    { "extended, latin", "name*=iso-8859-1''%E4", "\xc3\xa4" },
    { "extended sections",
      "name*0*=us-ascii'en'This%20is%20; name*1*=%2A%2Afun%2A%2A; "
      "name*2=\" it's!\"", "This is **fun** it's!" },
    { "a character cut by sections",
      "name*0*=utf-8''%C3; name*1*=%A4", "\xc3\xa4" },
    { "the better form wins", "name=a.txt; name*=utf-8''%C3%A4", "\xc3\xa4" },
    { "no charset", "name*=''%C3%A4", "\xc3\xa4" },
    { "no quotes at all", "name*=%41", "A" },
    { "unknown charset", "name*=x-none''%E4", "\xc3\xa4" },
    { "bad percent", "name*=utf-8''%4z%", "%4z%" },
    { "raw 8-bit", "name=\"\xe4\"", "\xc3\xa4" },
    { "case of the name", "NaMe=x", "x" },
    { "the first of two", "name=a; name=b", "a" },
    { "folded", "name=\"a\r\n b\"", "a b" },
    { "empty", "name=\"\"; x=y", "" },
    { "a huge section", "name*99999999999999999999=x", "" },
};


static void
param_table(ptn_pool_t *pool)
{
    size_t            i;
    ptn_str_t         raw;
    ptn_mime_t       *mime;

    for (i = 0; i < ptn_nelts(param_rows); i++) {
        raw = ptn_str_printf(pool, "Content-Type: text/plain; %s\r\n\r\n",
                             param_rows[i].raw);
        is_rc(ptn_mime_parse(pool, raw, &mime), PTN_OK, param_rows[i].name);
        is_str(ptn_mime_param(mime->root->params, mime->root->nparams,
                              "name"), param_rows[i].want,
               param_rows[i].name);
    }
}


/* --- header text ------------------------------------------------------ */

static const render_row_t  text_rows[] = {
    { "plain", "hello", "hello" },
    { "folded", "a\r\n b\r\n\tc", "a b\tc" },
    { "Q", "=?iso-8859-1?q?this=20is=20some=20text?=",
      "this is some text" },
    { "Q with underscores at the end", "=?utf-8?Q?a_?=b", "a b" },
    { "B", "=?UTF-8?B?w6Q=?=", "\xc3\xa4" },
    { "B without padding", "=?utf-8?b?w6Q?=", "\xc3\xa4" },
    { "two join", "(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)" },
    { "two join over a fold", "=?utf-8?q?a?=\r\n =?utf-8?q?b?= c", "ab c" },
    { "two charsets join", "=?utf-8?q?a?= =?us-ascii?q?b?=", "ab" },
    { "a character cut", "=?utf-8?q?=C3?= =?utf-8?q?=A4?=", "\xc3\xa4" },
    { "text between", "=?utf-8?q?a?= x =?utf-8?q?b?=", "a x b" },
    { "a language", "=?utf-8*en?q?a?=", "a" },
    { "unknown charset", "=?x-none?q?a?= z", "=?x-none?q?a?= z" },
    { "false starts", "=?=?=?utf-8?x?a?= =?utf-8?q?a", "=?=?=?utf-8?x?a?= "
      "=?utf-8?q?a" },
    { "raw UTF-8", "\xc3\xa4", "\xc3\xa4" },
    { "raw latin", "\xe4", "\xc3\xa4" },
    { "within words", "x=?utf-8?q?a?=y", "xay" },
    { "iso-2022-jp", "=?ISO-2022-JP?B?GyRCJDMbKEI=?=", "\xe3\x81\x93" },
    { "us-ascii that is not", "=?us-ascii?q?=C3=A4?=", "\xc3\xa4" },
    { "lower hexadecimal", "=?utf-8?q?=c3=a4?=", "\xc3\xa4" },
};


/* --- dates ------------------------------------------------------------ */

static const struct {
    const char  *text;
    int64_t      sec;
    int          zone;
} date_rows[] = {
    { "Fri, 21 Nov 1997 09:55:06 -0600", 880127706, -360 },
    { "Thu, 13 Feb 1969 23:32:54 -0330", -27723426, -210 },
    { "Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n"
      "               -0330 (Newfoundland Time)", -27723480, -210 },
    { "21 Nov 97 09:55:06 GMT", 880106106, 0 },
    { "21 Nov 97 09:55 EST", 880124100, -300 },
    { "Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", 880127706, -360 },
    { "Sun Nov  6 08:49:37 1994", 784111777, 0 },
    { "1 Jan 70 00:00:00 Z", 0, 0 },
    { "29 Feb 2024 12:00:00 +0530", 1709188200, 330 },
    { "1 Jan 2020 00:00:00 +01:00", 1577833200, 60 },
    { "1-Jan-2020 00:00:00 +0100", 1577833200, 60 },
    { "1 January 2020 00:00:00", 1577836800, 0 },
    { "Wed, 1 Jan 103 00:00:00 +0000", 1041379200, 0 },
    { "31 Dec 2016 23:59:60 +0000", 1483228800, 0 },
};


static const char *const  date_bad[] = {
    "", "yesterday", "32 Jan 2020 00:00:00 +0000", "29 Feb 2023 00:00:00 +0",
    "1 Foo 2020 00:00:00", "1 Jan 2020", "1 Jan 2020 24:00:00",
    "1 Jan 2020 00:60:00", "0 Jan 2020 00:00:00", "1 Jan 0 00:00:00 +9999",
    "1 Jan 99999999999999999999 00:00:00", "1 Jan 2020 00:00:00 +0099",
    "(((((", "Jan", "Mon,", "1 Jan 2020 :00",
};


static void
text_and_date_tables(ptn_pool_t *pool)
{
    int      zone;
    size_t   i;
    int64_t  sec;

    for (i = 0; i < ptn_nelts(text_rows); i++) {
        is_str(ptn_mime_text(pool, ptn_str_z(text_rows[i].raw)),
               text_rows[i].want, text_rows[i].name);
    }

    for (i = 0; i < ptn_nelts(date_rows); i++) {
        sec = -1;
        zone = -1;
        is_rc(ptn_mime_date(ptn_str_z(date_rows[i].text), &sec, &zone),
              PTN_OK, date_rows[i].text);
        is_u64(sec, date_rows[i].sec, "seconds");
        ok(zone == date_rows[i].zone, "zone %d", zone);
    }

    for (i = 0; i < ptn_nelts(date_bad); i++) {
        is_rc(ptn_mime_date(ptn_str_z(date_bad[i]), &sec, &zone), PTN_EPARSE,
              date_bad[i]);
    }
}


/* --- addresses -------------------------------------------------------- */

static const render_row_t  addr_rows[] = {
    { "bare", "a@b", "|a@b" },
    { "angle", "<a@b>", "|a@b" },
    { "name", "A B <a@b>", "A B|a@b" },
    { "quoted", "\"A, B\" <a@b>", "A, B|a@b" },
    { "quoted pair", "\"A \\\"B\\\"\" <a@b>", "A \"B\"|a@b" },
    { "mixed words", "A \"B C\" D <a@b>", "A B C D|a@b" },
    { "comment as name", "a@b (A B)", "A B|a@b" },
    { "comment between", "A (x) B <a@b>", "A B|a@b" },
    { "quoted local part", "<\"a b\"@c>", "|a b@c" },
    { "literal domain", "a@[1.2.3.4]", "|a@[1.2.3.4]" },
    { "list", "a@b, c@d,, e@f", "|a@b,|c@d,|e@f" },
    { "semicolons", "a@b; c@d", "|a@b,|c@d" },
    { "no domain", "root", "|root@" },
    { "name without brackets", "A B a@b", "A B|a@b" },
    { "null", "<>", "|@" },
    { "group", "G: a@b, c@d;", "{G,|a@b,|c@d,}" },
    { "empty group", "undisclosed-recipients:;",
      "{undisclosed-recipients,}" },
    { "open group", "G: a@b", "{G,|a@b,}" },
    { "open angle", "A <a@b, c@d", "A|a@b,|c@d" },
    { "encoded word", "=?utf-8?q?a?= <a@b>", "=?utf-8?q?a?=|a@b" },
    { "folded", "A\r\n B <a@b>", "A\r\n B|a@b" },
    { "dots", "J. R. <a.b@c.d>", "J. R.|a.b@c.d" },
    { "comments within", "Pete <pete(his account)@silly.test(his host)>",
      "Pete|pete@silly.test" },
    { "blanks around a dot", "jdoe@test   . example, x@y", "|jdoe@test.example,"
      "|x@y" },
    { "the example of RFC 5322 A.5",
      "A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)"
      "public.example>,\r\n         joe@example.org;",
      "{A Group,Chris Jones|c@public.example,|joe@example.org,}" },
    { "no comma", "a@b c@d", "|a@b,|c@d" },
    { "nothing", "", "" },
    { "only noise", ",,;:>", "" },
};


static void
addr_table(ptn_pool_t *pool)
{
    size_t            i, k, n;
    ptn_buf_t         b;
    ptn_mime_addr_t  *a;

    for (i = 0; i < ptn_nelts(addr_rows); i++) {
        n = 0;
        a = NULL;
        is_rc(ptn_mime_addresses(pool, ptn_str_z(addr_rows[i].raw), &a, &n),
              PTN_OK, addr_rows[i].name);

        ptn_buf_init(&b, pool);

        for (k = 0; k < n; k++) {
            if (k != 0) {
                ptn_buf_byte(&b, ',');
            }

            if (a[k].group_end) {
                ptn_buf_byte(&b, '}');

            } else if (a[k].group_start) {
                ptn_buf_byte(&b, '{');
                ptn_buf_str(&b, a[k].name);

            } else {
                ptn_buf_printf(&b, "%.*s|%.*s@%.*s", ptn_str_arg(a[k].name),
                               ptn_str_arg(a[k].local),
                               ptn_str_arg(a[k].domain));
            }
        }

        is_str(ptn_buf_get(&b), addr_rows[i].want, addr_rows[i].name);
    }
}


/* --- encodings -------------------------------------------------------- */

static const struct {
    ptn_cte_e    cte;
    const char  *in;
    const char  *want;
} decode_rows[] = {
    { PTN_CTE_7BIT, "as is=20", "as is=20" },
    { PTN_CTE_QP, "a=20b=C3=a4", "a b\xc3\xa4" },
    { PTN_CTE_QP, "soft=\r\nbreak =  \r\nx", "softbreak x" },
    { PTN_CTE_QP, "blanks  \t\r\nat the end ", "blanks\r\nat the end" },
    { PTN_CTE_QP, "kept=20\n", "kept \n" },
    { PTN_CTE_QP, "bad =4z = == =4", "bad =4z = == =4" },
    { PTN_CTE_QP, "end=", "end" },
    { PTN_CTE_BASE64, "aGVsbG8=", "hello" },
    { PTN_CTE_BASE64, "aG\r\nVs bG!8=\r\n", "hello" },
    { PTN_CTE_BASE64, "aGVsbG8", "hello" },
    { PTN_CTE_BASE64, "aGVsbG8=\r\n--\r\nfooter", "hello" },
    { PTN_CTE_BASE64, "", "" },
    { PTN_CTE_BASE64, "=", "" },
    { PTN_CTE_BASE64, "a", "" },
    { PTN_CTE_UUENCODE, "x\nbegin 644 f\n%:&5L;&\\\n`\nend\nmore", "hello" },
    { PTN_CTE_UUENCODE, "no begin", "" },
    { PTN_CTE_OTHER, "as is", "as is" },
};


static void
decode_table(ptn_pool_t *pool)
{
    size_t       i;
    ptn_str_t    out;
    ptn_mime_t  *mime;

    for (i = 0; i < ptn_nelts(decode_rows); i++) {
        out = ptn_str("?");
        is_rc(ptn_mime_decode(pool, decode_rows[i].cte,
                              ptn_str_z(decode_rows[i].in), SIZE_MAX, &out),
              PTN_OK, decode_rows[i].in);
        is_str(out, decode_rows[i].want, "decoded");

        if (out.len != 0) {
            is_rc(ptn_mime_decode(pool, decode_rows[i].cte,
                                  ptn_str_z(decode_rows[i].in), out.len,
                                  &out), PTN_OK, "just the limit");
            is_rc(ptn_mime_decode(pool, decode_rows[i].cte,
                                  ptn_str_z(decode_rows[i].in), out.len - 1,
                                  &out), PTN_ETOOBIG, "above the limit");
        }
    }

    is_rc(ptn_mime_parse(pool, ptn_str("Content-Type: text/plain; charset="
                                       "koi8-r\nContent-Transfer-Encoding: "
                                       "quoted-printable\n\n=C1"), &mime),
          PTN_OK, "text of a part");
    is_rc(ptn_mime_part_text(pool, mime, mime->root, &out), PTN_OK, "text");
    is_str(out, "\xd0\xb0", "text in UTF-8");
}


/* --- sections --------------------------------------------------------- */

/* RFC 9051 6.4.5.1, its example, with bodies that say where they are. */
static const char  section_message[] =
    "Content-Type: multipart/mixed; boundary=a\n\n"
    "--a\n\n1\n"
    "--a\nContent-Type: application/octet-stream\n\n2\n"
    "--a\nContent-Type: message/rfc822\n\n"
        "Content-Type: multipart/mixed; boundary=b\n\n"
        "--b\n\n3.1\n"
        "--b\nContent-Type: application/octet-stream\n\n3.2\n"
        "--b--\n"
    "--a\nContent-Type: multipart/mixed; boundary=c\n\n"
        "--c\nContent-Type: image/gif\n\n4.1\n"
        "--c\nContent-Type: message/rfc822\n\n"
            "Content-Type: multipart/mixed; boundary=d\n\n"
            "--d\n\n4.2.1\n"
            "--d\nContent-Type: multipart/alternative; boundary=e\n\n"
                "--e\n\n4.2.2.1\n"
                "--e\n\n4.2.2.2\n"
                "--e--\n"
            "--d--\n"
        "--c\nContent-Type: message/rfc822\n\nSubject: x\n\n4.3.1\n"
        "--c--\n"
    "--a--\n";


static const struct {
    const char  *path;
    bool         body;          /* its body is the path itself */
    bool         there;
} section_rows[] = {
    { "1", true, true }, { "2", true, true }, { "3", false, true },
    { "3.1", true, true }, { "3.2", true, true }, { "4", false, true },
    { "4.1", true, true }, { "4.2", false, true }, { "4.2.1", true, true },
    { "4.2.2", false, true }, { "4.2.2.1", true, true },
    { "4.2.2.2", true, true }, { "4.3.1", true, true },
    { "5", false, false }, { "0", false, false }, { "1.1", false, false },
    { "3.3", false, false }, { "3.0", false, false },
    { "4.2.2.3", false, false }, { "4.3.2", false, false },
    { "4.3.1.1", false, false }, { "4294967295", false, false },
};


static void
section_table(ptn_pool_t *pool)
{
    char                    *end;
    size_t                   i;
    unsigned                 n;
    uint32_t                 numbers[8];
    ptn_mime_t              *mime;
    const char              *p;
    const ptn_mime_part_t   *part;

    is_rc(ptn_mime_parse(pool, ptn_str_z(section_message), &mime), PTN_OK,
          "the example of RFC 9051");
    ok(ptn_mime_section(mime, NULL, 0) == mime->root, "no number: the root");

    for (i = 0; i < ptn_nelts(section_rows); i++) {

        for (n = 0, p = section_rows[i].path; *p; p = *end ? end + 1 : end) {
            numbers[n++] = (uint32_t) strtoul(p, &end, 10);
        }

        part = ptn_mime_section(mime, numbers, n);

        if (!ok((part != NULL) == section_rows[i].there, "part %s",
                section_rows[i].path)
            || !section_rows[i].body)
        {
            continue;
        }

        is_str(ptn_str_make(mime->raw.data + part->body, part->body_len),
               section_rows[i].path, "its body");
    }

    is_rc(ptn_mime_parse(pool, ptn_str("Subject: x\n\nbody"), &mime), PTN_OK,
          "not a multipart");
    numbers[0] = 1;
    ok(ptn_mime_section(mime, numbers, 1) == mime->root, "part 1 is its body");
    numbers[0] = 2;
    ok(ptn_mime_section(mime, numbers, 1) == NULL, "and there is no other");
}


/* --- limits ----------------------------------------------------------- */

static void
limit_nesting(ptn_pool_t *pool, unsigned depth, bool message)
{
    unsigned                i, deepest;
    ptn_buf_t               b;
    ptn_mime_t             *mime;
    const char             *bad;
    const ptn_mime_part_t  *part;

    ptn_buf_init(&b, pool);

    for (i = 0; i < depth; i++) {
        if (message) {
            ptn_buf_z(&b, "Content-Type: message/rfc822\r\n\r\n");

        } else {
            ptn_buf_printf(&b, "Content-Type: multipart/mixed; boundary=b%u"
                           "\r\n\r\n--b%u\r\n", i, i);
        }
    }

    ptn_buf_z(&b, "\r\nleaf\r\n");

    is_rc(ptn_mime_parse(pool, ptn_buf_get(&b), &mime), PTN_OK, "nesting");
    bad = ptn_mime_check(pool, mime);
    ok(bad == NULL, "%u levels: invariants: %s", depth, bad ? bad : "hold");

    deepest = 0;

    for (part = mime->root; part->child != NULL; part = part->child) {
        deepest++;
    }

    is_u64(deepest, ptn_min(depth, PTN_MIME_NESTING_MAX), "levels");
    ok(part->opaque == (depth > PTN_MIME_NESTING_MAX)
       && mime->truncated == part->opaque, "opaque beyond the limit");
}


static void
limit_parts(ptn_pool_t *pool, unsigned parts)
{
    unsigned                i;
    uint64_t                end;
    ptn_buf_t               b;
    ptn_mime_t             *mime;
    const char             *bad;
    const ptn_mime_part_t  *part, *last;

    ptn_buf_init(&b, pool);
    ptn_buf_z(&b, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");

    for (i = 0; i < parts; i++) {
        ptn_buf_printf(&b, "--b\r\n\r\n%u\r\n", i);
    }

    ptn_buf_z(&b, "--b--\r\n");

    is_rc(ptn_mime_parse(pool, ptn_buf_get(&b), &mime), PTN_OK, "parts");
    bad = ptn_mime_check(pool, mime);
    ok(bad == NULL, "%u parts: invariants: %s", parts, bad ? bad : "hold");

    last = NULL;

    for (part = mime->root->child; part != NULL; part = part->next) {
        last = part;
    }

    if (parts < PTN_MIME_PARTS_MAX) {
        is_u64(mime->root->nchildren, parts, "all of them");
        ok(!mime->truncated && !last->opaque, "none is opaque");
        return;
    }

    is_u64(mime->root->nchildren, PTN_MIME_PARTS_MAX, "as many as may be");
    ok(mime->truncated && last->opaque, "the rest is one opaque leaf");

    end = last->body + last->body_len;
    ok(memcmp(mime->raw.data + end, "\r\n--b--", 7) == 0,
       "which reaches to the end of its multipart");
}


/* Time that is not linear shows as a test that hangs. */
static void
limit_time(ptn_pool_t *pool)
{
    size_t            i, n;
    ptn_buf_t         b;
    ptn_mime_t       *mime;
    ptn_mime_addr_t  *addrs;
    static const struct {
        const char  *head, *again;
    } rows[] = {
        { "", "a:\n" },
        { "", "a\n" },
        { "Subject: ", "=?" },
        { "Subject: ", "=?utf-8?q?a?= " },
        { "To: ", "<," },
        { "To: ", "\"\"" },
        { "To: ", "(((" },
        { "To: ", "a:b;" },
        { "Content-Type: text/plain; ", "a=b c=d " },
        { "Content-Type: text/plain; ", "a*0=b;" },
        { "Content-Type: text/plain; ", "(" },
        { "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n" },
        { "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\n" },
        { "Content-Type: multipart/mixed; boundary=b\n\n", "--bb\n" },
        { "", "Content-Type: message/rfc822\n\n" },
        { "", "Content-Type: multipart/mixed; boundary=b\n\n--b\n" },
        { "", "\r" },
        { "", "\n" },
    };

    for (i = 0; i < ptn_nelts(rows); i++) {
        ptn_pool_reset(pool);
        ptn_buf_init(&b, pool);
        ptn_buf_z(&b, rows[i].head);

        while (b.len < 2 * 1024 * 1024) {
            ptn_buf_z(&b, rows[i].again);
        }

        if (!ok(ptn_mime_parse(pool, ptn_buf_get(&b), &mime) == PTN_OK
                && ptn_mime_check(pool, mime) == NULL,
                "2 MB, time row %zu", i)
            || mime->root->nfields == 0)
        {
            continue;
        }

        (void) ptn_mime_text(pool, mime->root->fields[0].value);
        is_rc(ptn_mime_addresses(pool, mime->root->fields[0].value, &addrs,
                                 &n), PTN_OK, "as addresses");
    }

    ptn_pool_reset(pool);
}


/* --- hostile packed structures ---------------------------------------- */

static void
pack_hostile(ptn_pool_t *pool)
{
    size_t       i, n, refused;
    u_char       old;
    ptn_str_t    packed, out[3];
    ptn_pool_t  *tmp;
    const char  *bad;
    ptn_mime_t  *mime, *un;

    is_rc(ptn_mime_parse(pool, ptn_str_z(section_message), &mime), PTN_OK,
          "a message");
    is_rc(ptn_mime_pack(pool, mime, &packed), PTN_OK, "packed");
    diag("%zu bytes packed to %zu", mime->raw.len, packed.len);

    tmp = ptn_pool_create(0, NULL);
    refused = 0;

    for (i = 0; i < packed.len; i++) {
        refused += ptn_mime_unpack(tmp, ptn_str_make(packed.data, i), &un)
                   == PTN_ECORRUPT;
        ptn_pool_reset(tmp);
    }

    is_u64(refused, packed.len, "every truncation is refused");

    bad = NULL;

    for (i = 0; i < packed.len && bad == NULL; i++) {
        old = packed.data[i];

        for (n = 1; n < 256 && bad == NULL; n++) {
            packed.data[i] = (u_char) (old ^ n);

            if (ptn_mime_unpack(tmp, packed, &un) == PTN_OK) {
                bad = ptn_mime_check_part(un, un->root, 0, INT64_MAX, '\n',
                                          true);
                if (bad == NULL) {
                    bad = ptn_mime_check_render(tmp, un, out);
                }
            }

            ptn_pool_reset(tmp);
        }

        packed.data[i] = old;
    }

    ok(bad == NULL, "any byte changed: %s", bad ? bad : "harmless");
    ptn_pool_destroy(tmp);
}


/* --- no memory -------------------------------------------------------- */

typedef struct {
    size_t  left;
} mem_t;


static void *
mem_alloc(void *ctx, size_t size)
{
    mem_t  *m = ctx;

    return m->left-- > 0 && m->left < 1000000 ? malloc(size) : NULL;
}


static void
mem_free(void *ctx PTN_UNUSED, void *p)
{
    free(p);
}


static void
memory(void)
{
    size_t       n, i;
    mem_t        m;
    ptn_rc_t     rc;
    ptn_mem_t    mem = { mem_alloc, mem_free, &m };
    ptn_buf_t    b;
    ptn_str_t    packed, out[3];
    ptn_mime_t  *mime;
    ptn_pool_t  *pool, *text;

    text = ptn_pool_create(0, NULL);
    ptn_buf_init(&b, text);
    ptn_buf_z(&b, "Subject: x\n");

    for (i = 0; i < 400; i++) {
        ptn_buf_printf(&b, "To: \"a\\%zu\" <b@c>\n", i);
    }

    ptn_buf_z(&b, section_message);

    for (n = 1; n < 200; n++) {
        m.left = n;
        pool = ptn_pool_create(0, &mem);

        rc = ptn_mime_parse(pool, ptn_buf_get(&b), &mime);

        if (rc == PTN_OK) {
            rc = ptn_mime_pack(pool, mime, &packed);
        }

        if (rc == PTN_OK && ptn_mime_check_render(pool, mime, out) == NULL) {
            ptn_pool_destroy(pool);
            break;
        }

        if (rc != PTN_OK && rc != PTN_ENOMEM) {
            ok(false, "allocation %zu: %s", n, ptn_err(rc)->name);
        }

        ptn_pool_destroy(pool);
    }

    ok(n > 5 && n < 200, "every allocation up to %zu failed once", n);
    ptn_pool_destroy(text);
}


int
main(void)
{
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);

    render_tables(pool);
    param_table(pool);
    text_and_date_tables(pool);
    addr_table(pool);
    decode_table(pool);
    section_table(pool);
    limit_nesting(pool, 10, false);
    limit_nesting(pool, 50, false);
    limit_nesting(pool, 51, false);
    limit_nesting(pool, 500, false);
    limit_nesting(pool, 50, true);
    limit_nesting(pool, 500, true);
    limit_parts(pool, 10);
    limit_parts(pool, 249);
    limit_parts(pool, 250);
    limit_parts(pool, 2000);
    pack_hostile(pool);
    limit_time(pool);
    memory();

    ptn_pool_destroy(pool);

    return done_testing();
}
