/*
 * Character sets, UTF-8, modified UTF-7, base64.
 */

#include <stdio.h>

#include <ctype.h>

#include "ptn_charset.h"
#include "ptn_test.h"


typedef struct {
    const char  *charset;
    ptn_str_t    in;
    const char  *want;
} charset_row_t;

static const charset_row_t  charset_rows[] = {
    { "us-ascii", ptn_string("plain"), "plain" },
    { "US-ASCII", ptn_string("a\xe4" "b"), "a\xef\xbf\xbd" "b" },
    { "UTF-8", ptn_string("\xc3\xa4\xff."), "\xc3\xa4\xef\xbf\xbd." },
    { "utf8", ptn_string("\xc3\xa4"), "\xc3\xa4" },
    { "ISO-8859-1", ptn_string("\xe4\x93x\x94"),
      "\xc3\xa4\xe2\x80\x9cx\xe2\x80\x9d" },
    { "latin1", ptn_string("\xdf"), "\xc3\x9f" },
    { "ISO-8859-15", ptn_string("\xa4"), "\xe2\x82\xac" },
    { "windows-1252", ptn_string("\x80"), "\xe2\x82\xac" },
    { "koi8-r", ptn_string("\xc1"), "\xd0\xb0" },
    { "windows-1251", ptn_string("\xe0"), "\xd0\xb0" },
    { "iso-2022-jp", ptn_string("\x1b$B$3\x1b(B"), "\xe3\x81\x93" },
    { "shift_jis", ptn_string("\x82\xb1\x87\x40"),
      "\xe3\x81\x93\xe2\x91\xa0" },
    { "euc-jp", ptn_string("\xa4\xb3"), "\xe3\x81\x93" },
    { "gb2312", ptn_string("\xc4\xe3"), "\xe4\xbd\xa0" },
    { "gbk", ptn_string("\xc4\xe3"), "\xe4\xbd\xa0" },
    { "gb18030", ptn_string("\x94\x39\xda\x33"), "\xf0\x9f\x92\xa9" },
    { "big5", ptn_string("\xa7\x41"), "\xe4\xbd\xa0" },
    { "ks_c_5601-1987", ptn_string("\xb0\xa1"), "\xea\xb0\x80" },
    { "euc-kr", ptn_string("\xb0\xa1"), "\xea\xb0\x80" },
    { "utf-7", ptn_string("Hi +AOQ-"), "Hi \xc3\xa4" },
    { "unicode-1-1-utf-7", ptn_string("+AOQ-"), "\xc3\xa4" },
    { "utf-16", ptn_string("\xfe\xff\xd8\x3d\xdc\xa9"),
      "\xf0\x9f\x92\xa9" },
    { "utf-16le", ptn_string("\xe4\0\x3d\xd8"), "\xc3\xa4\xef\xbf\xbd" },
    { "macintosh", ptn_string("\x8a"), "\xc3\xa4" },
    { "iso-8859-8-i", ptn_string("\xe0"), "\xd7\x90" },
    { "iso-8859-11", ptn_string("\xa1"), "\xe0\xb8\x81" },
};


static const char *const  charset_unknown[] = {
    "", "x-unknown-to-all", "iso-8859-1,swaplfnl", "../../etc/passwd",
    "utf 8", "\xc3\xa4",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};


/* name as text, as modified UTF-7 */
static const char *const  utf7_rows[][2] = {
    { "INBOX", "INBOX" },
    { "", "" },
    { "&", "&-" },
    { "a&b", "a&-b" },
    { "&&", "&-&-" },
    { "Entw\xc3\xbcrfe", "Entw&APw-rfe" },
    { "~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac"
      "\xe8\xaa\x9e", "~peter/mail/&U,BTFw-/&ZeVnLIqe-" },
    { "\xc3\xa4&\xc3\xa4", "&AOQ-&-&AOQ-" },
    { "\xf0\x9f\x92\xa9", "&2D3cqQ-" },
    { "\x01z", "&AAE-z" },
    { "\xc3\xa4-", "&AOQ--" },
};


static const char *const  utf7_bad[] = {
    "&", "a&b", "&AOQ", "&AO/-", "&AGE-", "\xc3\xa4", "a\x01", "&AOQ-&AOQ-",
    "&AOQ=-", "&AA-", "&AOQA-", "&2D0-", "&3Kk-", "&AOR-", "&2D0AYQ-",
    "&A-", "a\x7f",
};


typedef struct {
    ptn_str_t    s;
    ptn_str_t    clean;
} utf8_row_t;

static const utf8_row_t  utf8_rows[] = {
    { ptn_string("plain text, longer than eight"), ptn_null_string },
    { ptn_string("a\0b"), ptn_null_string },
    { ptn_string("\xf4\x8f\xbf\xbf"), ptn_null_string },
    { ptn_string("\xed\x9f\xbf\xee\x80\x80"), ptn_null_string },
    { ptn_string("\xc0\x80"), ptn_string("\xef\xbf\xbd\xef\xbf\xbd") },
    { ptn_string("\xed\xa0\x80"),
      ptn_string("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd") },
    { ptn_string("\xe4\xbd"), ptn_string("\xef\xbf\xbd") },
    { ptn_string("12345678\xf0\x9f\x92z"),
      ptn_string("12345678\xef\xbf\xbdz") },
    { ptn_string("\xf5"), ptn_string("\xef\xbf\xbd") },
    { ptn_string("\xf4\x90\x80\x80"),
      ptn_string("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd") },
};


static const char *const  base64_rows[][2] = {
    { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
    { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
    { "foobar", "Zm9vYmFy" }, { "\xff\xfe\xfd", "//79" },
};


static const char *const  base64_bad[] = {
    "Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zm8=Zm8=", "Zm 8", "Zm8=\n", "====",
    "=", "Z===", "Zm_-", "\xc3\xa4\xc3\xa4",
};


static void
charset_tables(ptn_pool_t *pool)
{
    size_t                i;
    ptn_rc_t              rc;
    ptn_str_t             out;
    const charset_row_t  *row;

    for (i = 0; i < ptn_nelts(charset_rows); i++) {
        row = &charset_rows[i];
        out = ptn_str("");
        rc = ptn_charset_to_utf8(pool, ptn_str_z(row->charset), row->in,
                                 &out);
        ok(rc == PTN_OK && ptn_charset_known(ptn_str_z(row->charset)),
           "%s is known", row->charset);
        is_str(out, row->want, row->charset);
    }

    for (i = 0; i < ptn_nelts(charset_unknown); i++) {
        rc = ptn_charset_to_utf8(pool, ptn_str_z(charset_unknown[i]),
                                 ptn_str("x"), &out);
        ok(rc == PTN_ENOTFOUND
           && !ptn_charset_known(ptn_str_z(charset_unknown[i])),
           "\"%s\" is not known", charset_unknown[i]);
    }
}


/* A pair of surrogates never falls between two chunks. */
static void
charset_long(ptn_pool_t *pool)
{
    size_t      i, shift;
    ptn_str_t   out;
    ptn_buf_t   in, want;

    for (shift = 0; shift < 2; shift++) {
        ptn_buf_init(&in, pool);
        ptn_buf_init(&want, pool);

        if (shift) {
            ptn_buf_add(&in, "\0a", 2);
            ptn_buf_byte(&want, 'a');
        }

        for (i = 0; i < 10000; i++) {
            ptn_buf_add(&in, "\xd8\x3d\xdc\xa9", 4);
            ptn_buf_add(&want, "\xf0\x9f\x92\xa9", 4);
        }

        out = ptn_str("");
        ok(ptn_charset_to_utf8(pool, ptn_str("utf-16be"), ptn_buf_get(&in),
                               &out) == PTN_OK
           && ptn_str_eq(out, ptn_buf_get(&want)),
           "10000 pairs from unit %zu", shift);
    }
}


static void
utf7_tables(ptn_pool_t *pool)
{
    size_t     i;
    ptn_str_t  out;

    for (i = 0; i < ptn_nelts(utf7_rows); i++) {
        out = ptn_str("?");
        ok(ptn_utf7_imap_encode(pool, ptn_str_z(utf7_rows[i][0]), &out)
           == PTN_OK, "encode %zu", i);
        is_str(out, utf7_rows[i][1], "encoded");

        ok(ptn_utf7_imap_decode(pool, ptn_str_z(utf7_rows[i][1]), &out)
           == PTN_OK, "decode %zu", i);
        is_str(out, utf7_rows[i][0], "decoded");
    }

    for (i = 0; i < ptn_nelts(utf7_bad); i++) {
        ok(ptn_utf7_imap_decode(pool, ptn_str_z(utf7_bad[i]), &out)
           == PTN_EPARSE, "refused: %s", utf7_bad[i]);
    }

    ok(ptn_utf7_imap_encode(pool, ptn_str("\xff"), &out) == PTN_EPARSE,
       "bad UTF-8 is not encoded");
}


static void
utf7_every_character(ptn_pool_t *pool)
{
    u_char      in[8];
    size_t      n, bad;
    uint32_t    c;
    ptn_str_t   text, coded, back;

    bad = 0;

    for (c = 1; c < 0x110000; c += c < 0x3000 ? 1 : 97) {
        if (c >= 0xd800 && c < 0xe000) {
            continue;
        }

        if (c < 0x80) {
            n = 1;
            in[0] = (u_char) c;

        } else if (c < 0x800) {
            n = 2;
            in[0] = (u_char) (0xc0 | c >> 6);

        } else if (c < 0x10000) {
            n = 3;
            in[0] = (u_char) (0xe0 | c >> 12);
            in[1] = (u_char) (0x80 | (c >> 6 & 0x3f));

        } else {
            n = 4;
            in[0] = (u_char) (0xf0 | c >> 18);
            in[1] = (u_char) (0x80 | (c >> 12 & 0x3f));
            in[2] = (u_char) (0x80 | (c >> 6 & 0x3f));
        }

        if (n > 1) {
            in[n - 1] = (u_char) (0x80 | (c & 0x3f));
        }

        text = ptn_str_make(in, n);

        if (ptn_utf7_imap_encode(pool, text, &coded) != PTN_OK
            || ptn_utf7_imap_decode(pool, coded, &back) != PTN_OK
            || !ptn_str_eq(text, back))
        {
            bad++;
        }

        ptn_pool_reset(pool);
    }

    is_u64(bad, 0, "every character through modified UTF-7");
}


static void
utf8_tables(ptn_pool_t *pool)
{
    size_t      i;
    ptn_str_t   out, want;

    for (i = 0; i < ptn_nelts(utf8_rows); i++) {
        want = utf8_rows[i].clean;

        ok(ptn_utf8_valid(utf8_rows[i].s) == (want.len == 0),
           "validity %zu", i);

        out = ptn_utf8_clean(pool, utf8_rows[i].s);
        if (want.len == 0) {
            ok(out.data == utf8_rows[i].s.data, "valid text is not copied");

        } else {
            ok(ptn_str_eq(out, want), "cleaned %zu", i);
        }
    }

    ok(ptn_utf8_fold(pool, ptn_str("ABC-z"), &out) == PTN_OK, "fold ascii");
    is_str(out, "abc-z", "folded");
    ok(ptn_utf8_fold(pool, ptn_str("Stra\xc3\x9f" "E \xc3\x84"), &out)
       == PTN_OK, "fold");
    is_str(out, "strasse \xc3\xa4", "folded in full");
}


/*
 * By the piece, against what RFC 4648 says bit by bit: every length, so that
 * wide steps, whole groups and the rest meet everywhere; each byte value in
 * the place of each character; each amount of room.
 */

#define PIECES  200

static size_t
slow_encode(u_char *d, const u_char *s, size_t n)
{
    size_t  bit, k, v, len;

    static const char  alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn"
                                    "opqrstuvwxyz0123456789+/";

    for (bit = 0, len = 0; bit < 8 * n; bit += 6, len++) {
        for (k = bit, v = 0; k < bit + 6; k++) {
            v = v << 1 | (k < 8 * n ? s[k / 8] >> (7 - k % 8) & 1u : 0);
        }
        d[len] = (u_char) alphabet[v];
    }

    while (len % 4 != 0) {
        d[len++] = '=';
    }

    return len;
}


static void
base64_pieces(void)
{
    size_t   i, k, n, len, room, done, bad;
    u_char   data[PIECES], text[PIECES * 2], want[PIECES * 2];
    bool     known;
    u_char   back[PIECES + 8], was;
    uint32_t x;

    for (i = 0, x = 7; i < PIECES; i++) {
        x = x * 1664525 + 1013904223;
        data[i] = (u_char) (x >> 24);
    }

    for (n = 0, bad = 0; n <= PIECES; n++) {
        memset(text, 0x55, sizeof(text));
        memset(want, 0x55, sizeof(want));
        len = slow_encode(want, data, n);
        bad += ptn_base64_encode_text(text, data, n) != len;
        bad += memcmp(text, want, sizeof(text)) != 0;
    }
    is_u64(bad, 0, "encoded, every length; nothing behind it is touched");

    for (n = 0, bad = 0; n <= PIECES; n++) {
        len = slow_encode(text, data, n);
        memset(back, 0x55, sizeof(back));
        done = ptn_base64_decode_groups(back, PIECES, text, len);
        bad += done != n / 3 * 4 || memcmp(back, data, n / 3 * 3) != 0;
        bad += back[PIECES] != 0x55;
    }
    is_u64(bad, 0, "decoded, every length");

    len = slow_encode(text, data, PIECES);

    for (room = 0, bad = 0; room <= PIECES; room++) {
        memset(back, 0x55, sizeof(back));
        done = ptn_base64_decode_groups(back, room, text, len);
        bad += done != ptn_min(room / 3, (size_t) PIECES / 3) * 4;
        bad += memcmp(back, data, done / 4 * 3) != 0;
        for (k = room; k < sizeof(back); k++) {
            bad += back[k] != 0x55;
        }
    }
    is_u64(bad, 0, "no byte without room");

    for (i = 0, bad = 0; i < 140; i++) {
        was = text[i];

        for (k = 0; k < 256; k++) {
            text[i] = (u_char) k;
            done = ptn_base64_decode_groups(back, PIECES, text, 140);
            known = isalnum((int) k) || k == '+' || k == '/';
            bad += done != (known ? 140 : i / 4 * 4);
            bad += ptn_base64_span(text, 140) != (known ? 140 : i);
        }

        text[i] = was;
    }
    is_u64(bad, 0, "stops at the group of what is not of the alphabet");
}


static void
base64_tables(ptn_pool_t *pool)
{
    size_t     i;
    ptn_str_t  out;

    for (i = 0; i < ptn_nelts(base64_rows); i++) {
        is_str(ptn_base64_encode(pool, ptn_str_z(base64_rows[i][0])),
               base64_rows[i][1], "base64");
        ok(ptn_base64_decode(pool, ptn_str_z(base64_rows[i][1]), &out)
           == PTN_OK, "decode");
        is_str(out, base64_rows[i][0], "decoded");
    }

    for (i = 0; i < ptn_nelts(base64_bad); i++) {
        ok(ptn_base64_decode(pool, ptn_str_z(base64_bad[i]), &out)
           == PTN_EPARSE, "refused: %s", base64_bad[i]);
    }
}


int
main(void)
{
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);

    charset_tables(pool);
    charset_long(pool);
    utf7_tables(pool);
    utf7_every_character(pool);
    utf8_tables(pool);
    base64_tables(pool);
    base64_pieces();

    ptn_pool_destroy(pool);

    return done_testing();
}
