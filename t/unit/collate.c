/*
 * Primary weights as they are written without ICU are the beginning of ICU's
 * sort key: in every locale, of random text of all scripts, with combining
 * marks, contractions, expansions, and broken bytes.
 */

#include <unicode/ucol.h>
#include <unicode/ustring.h>

#include "mailbox_site.h"
#include "ptn_collate.h"


static site_t        site;
static ptn_mbox_t   *mb;
static uint64_t      seed = 1;


static uint32_t
number(uint32_t n)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;

    return (uint32_t) (seed >> 33) % n;
}


/* Scripts, and characters that do something to their neighbours. */

static const struct {
    uint32_t  from, to;
} ranges[] = {
    { 0x20, 0x7e }, { 0x20, 0x7e }, { 'a', 'z' }, { '0', '9' },
    { 0x00, 0x1f }, { 0x80, 0xff }, { 0xc0, 0x24f }, { 0x250, 0x2ff },
    { 0x300, 0x36f }, { 0x370, 0x3ff }, { 0x400, 0x4ff }, { 0x530, 0x58f },
    { 0x5d0, 0x5ea }, { 0x591, 0x5c7 }, { 0x620, 0x6ff }, { 0x900, 0x97f },
    { 0xe00, 0xe5b }, { 0xe80, 0xedf }, { 0x1000, 0x109f }, { 0x10a0, 0x10ff },
    { 0x1100, 0x11ff }, { 0x1e00, 0x1eff }, { 0x2000, 0x206f },
    { 0x20a0, 0x21ff }, { 0x2460, 0x24ff }, { 0x3040, 0x30ff },
    { 0x3400, 0x3500 }, { 0x4e00, 0x9fff }, { 0xac00, 0xd7a3 },
    { 0xf900, 0xfaff }, { 0xfb00, 0xfb4f }, { 0xfe00, 0xffff },
    { 0x10000, 0x107ff }, { 0x1f300, 0x1f6ff }, { 0x20000, 0x20100 },
    { 0xe0000, 0xe007f }
};

static const char *const  words[] = {
    "ch", "Ch", "cH", "aa", "Aa", "AA", "ll", "dz", "dž", "lj", "nj", "gy",
    "ny", "cs", "ss", "ß", "æ", "ij", "y", "th", "dd", "Re: ", "AW: ", "...",
    "カー", "ハ゛", "キャ", "ゝ", "l·l", "и\u0306", "e\u0301", "เก", "ไทย",
    "\u1100\u1161", "\uFB01", "½", "①", "ǆ", "ŉ", "İ", "ı", "\u0f71\u0f72"
};


static void
put(ptn_buf_t *b, uint32_t c)
{
    if (c < 0x80) {
        ptn_buf_byte(b, (u_char) c);

    } else if (c < 0x800) {
        ptn_buf_byte(b, (u_char) (0xc0 | c >> 6));
        ptn_buf_byte(b, (u_char) (0x80 | (c & 0x3f)));

    } else if (c < 0x10000) {
        ptn_buf_byte(b, (u_char) (0xe0 | c >> 12));
        ptn_buf_byte(b, (u_char) (0x80 | (c >> 6 & 0x3f)));
        ptn_buf_byte(b, (u_char) (0x80 | (c & 0x3f)));

    } else {
        ptn_buf_byte(b, (u_char) (0xf0 | c >> 18));
        ptn_buf_byte(b, (u_char) (0x80 | (c >> 12 & 0x3f)));
        ptn_buf_byte(b, (u_char) (0x80 | (c >> 6 & 0x3f)));
        ptn_buf_byte(b, (u_char) (0x80 | (c & 0x3f)));
    }
}


static ptn_str_t
text(ptn_pool_t *pool)
{
    uint32_t   i, n, r, kind;
    ptn_buf_t  b;

    ptn_buf_init(&b, pool);
    kind = number(4);
    n = number(number(8) == 0 ? 300 : 30);
    r = number(ptn_nelts(ranges));

    for (i = 0; i < n; i++) {
        if (kind == 0) {
            r = number(ptn_nelts(ranges));

        } else if (kind == 1) {
            r = number(4);
        }

        if (number(6) == 0) {
            ptn_buf_z(&b, words[number(ptn_nelts(words))]);

        } else {
            put(&b, ranges[r].from
                    + number(ranges[r].to - ranges[r].from + 1));
        }

        if (kind == 3 && number(40) == 0) {
            ptn_buf_byte(&b, (u_char) (0x80 + number(0x80)));
        }
    }

    return ptn_buf_get(&b);
}


/* What ICU says of the first 255 bytes, up to the end of the first level. */

static size_t
oracle(const UCollator *coll, ptn_str_t s, u_char *key, size_t size)
{
    UChar       wide[512];
    u_char     *end;
    int32_t     n, len;
    UErrorCode  err;

    if (s.len > 255) {
        for (s.len = 255; s.len > 0 && (s.data[s.len] & 0xc0) == 0x80;
             s.len--) { /* void */ }
    }

    err = U_ZERO_ERROR;
    u_strFromUTF8WithSub(wide, 512, &n, s.len ? (char *) s.data : "",
                         (int32_t) s.len, 0xfffd, NULL, &err);
    len = ucol_getSortKey(coll, wide, n, key, (int32_t) size);
    end = memchr(key, 1, (size_t) len);

    return end ? (size_t) (end + 1 - key) : (size_t) len;
}


static void
test_locale(char *locale)
{
    char          *was;
    size_t         n, m, max;
    u_char         want[4096], got[4096];
    unsigned       i, bad;
    ptn_buf_t      b;
    ptn_str_t      s;
    UCollator     *coll;
    UErrorCode     err;

    was = mb->locale;
    mb->locale = locale;
    err = U_ZERO_ERROR;
    coll = ucol_open(locale, &err);

    for (i = 0, bad = 0; i < 6000 && bad < 3; i++) {
        s = text(site.pool);
        n = oracle(coll, s, want, sizeof(want));
        max = number(3) ? sizeof(got) : number(20);

        if (ptn_collate_primary(mb, s, got, max, &m) != PTN_OK
            || m != ptn_min(n, max) || memcmp(got, want, m) != 0)
        {
            printf("# %s: \"%.*s\"\n", locale, ptn_str_arg(s));
            bad++;
        }

        /* a whole key begins with it, and is the same when made again */

        ptn_buf_init(&b, site.pool);
        ptn_collate_key(mb, &b, s);
        ptn_collate_key(mb, &b, s);

        if (b.failed || b.len % 2 || memcmp(b.data, want, n) != 0
            || memcmp(b.data, b.data + b.len / 2, b.len / 2) != 0)
        {
            bad++;
        }

        ptn_pool_reset(site.pool);
    }

    ok(bad == 0, "%s", locale);
    ucol_close(coll);
    mb->locale = was;
}


int
main(void)
{
    size_t  i;

    static char  *const locales[] = {
        "en", "de", "fr", "fr_CA", "es", "it", "nl", "pt", "pl", "ru", "sv",
        "da", "nb", "fi", "cs", "sk", "hr", "hu", "cy", "lt", "et", "tr",
        "vi", "th", "ko", "ja", "zh", "ar", "he", "el", "uk", "xx",
        "de@collation=phonebook", "es@collation=traditional",
        "en@colNumeric=yes", "zh@collation=stroke"
    };

    site_make(&site);
    site.conf.fsync = false;
    mb = site_open(&site, "alice");

    for (i = 0; i < ptn_nelts(locales); i++) {
        test_locale(locales[i]);
    }

    mb = site_open(&site, "alice");
    site_check(&site, "alice");
    site_done(&site);

    return done_testing();
}
