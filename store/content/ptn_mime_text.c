#include "ptn_charset.h"
#include "ptn_mime_header.h"


/* An encoded word of RFC 2047: =?charset*language?encoding?text?= */
typedef struct {
    ptn_str_t  charset;
    ptn_str_t  text;
    u_char     encoding;        /* 'b' or 'q' */
    size_t     end;             /* behind it */
} ptn_mime_word_t;

#define PTN_MIME_CHARSET_MAX  64


ptn_str_t
ptn_mime_guess(ptn_pool_t *pool, ptn_str_t s)
{
    ptn_str_t  out;

    if (ptn_utf8_valid(s)) {
        return s;
    }

    if (ptn_charset_to_utf8(pool, ptn_str("windows-1252"), s, &out)
        != PTN_OK)
    {
        return ptn_utf8_clean(pool, s);
    }

    return out;
}


/*
 * The text stops at the first "?", which no encoded text may contain: so a
 * string of false starts costs no more than its length.
 */
static bool
ptn_mime_text_word(ptn_str_t s, size_t i, ptn_mime_word_t *w)
{
    size_t   n, left;
    u_char  *p, *q;

    left = s.len - i;
    if (left < 8 || s.data[i] != '=' || s.data[i + 1] != '?') {
        return false;
    }

    p = s.data + i + 2;
    q = memchr(p, '?', ptn_min(left - 2, PTN_MIME_CHARSET_MAX));
    if (q == NULL || q == p) {
        return false;
    }

    w->charset = ptn_str_make(p, (size_t) (q - p));

    for (n = 0; n < w->charset.len; n++) {
        if (w->charset.data[n] == '*') {
            w->charset.len = n;             /* RFC 2231 5: the language */
            break;
        }
    }

    left = (size_t) (s.data + s.len - q);
    if (left < 5 || q[2] != '?') {
        return false;
    }

    w->encoding = ptn_tolower(q[1]);
    if (w->encoding != 'b' && w->encoding != 'q') {
        return false;
    }

    p = q + 3;
    q = memchr(p, '?', (size_t) (s.data + s.len - p));
    if (q == NULL || q + 1 == s.data + s.len || q[1] != '=') {
        return false;
    }

    w->text = ptn_str_make(p, (size_t) (q - p));
    w->end = (size_t) (q + 2 - s.data);

    return true;
}


static int
ptn_mime_text_hex(u_char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c = ptn_tolower(c);

    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


/* The bytes of a word, appended to `b`. */
static void
ptn_mime_text_decode(ptn_pool_t *pool, ptn_buf_t *b, const ptn_mime_word_t *w)
{
    int        hi, lo;
    u_char     c;
    size_t     i;
    ptn_str_t  s;

    if (w->encoding == 'b') {
        if (ptn_mime_decode(pool, PTN_CTE_BASE64, w->text, SIZE_MAX, &s)
            == PTN_OK)
        {
            ptn_buf_str(b, s);
        }
        return;
    }

    for (i = 0; i < w->text.len; i++) {
        c = w->text.data[i];

        if (c == '=' && i + 2 < w->text.len) {
            hi = ptn_mime_text_hex(w->text.data[i + 1]);
            lo = ptn_mime_text_hex(w->text.data[i + 2]);

            if (hi != -1 && lo != -1) {
                c = (u_char) (hi << 4 | lo);
                i += 2;
            }

        } else if (c == '_') {
            c = ' ';
        }

        ptn_buf_byte(b, c);
    }
}


/*
 * Decodes the word at `i` and those that follow with nothing but white space
 * between: that space is dropped, and characters cut in two by words of the
 * same charset are whole again.  Returns where it ended.
 */
static size_t
ptn_mime_text_words(ptn_pool_t *pool, ptn_buf_t *out, ptn_str_t s, size_t i,
    ptn_mime_word_t *w)
{
    size_t           end, start;
    ptn_buf_t        bytes;
    ptn_str_t        charset, text;
    ptn_mime_word_t  next;

    start = i;
    charset = w->charset;
    ptn_buf_init(&bytes, pool);

    for ( ;; ) {
        ptn_mime_text_decode(pool, &bytes, w);
        end = w->end;

        for (i = end; i < s.len && ptn_mime_blank(s.data[i]); i++) {
            /* void */
        }

        if (!ptn_mime_text_word(s, i, &next)
            || !ptn_str_ieq(next.charset, charset))
        {
            break;
        }

        *w = next;
    }

    if (ptn_charset_to_utf8(pool, charset, ptn_buf_get(&bytes), &text)
        == PTN_OK)
    {
        ptn_buf_str(out, ptn_str_ieqz(charset, "us-ascii")
                         ? ptn_mime_guess(pool, ptn_buf_get(&bytes)) : text);

    } else {

        /* an unknown charset: as it was written */

        ptn_buf_add(out, s.data + start, end - start);
    }

    return end;
}


ptn_str_t
ptn_mime_text(ptn_pool_t *pool, ptn_str_t raw_value)
{
    bool             after_word;
    size_t           i, blank;
    ptn_buf_t        out;
    ptn_str_t        s;
    ptn_mime_word_t  w;

    s = ptn_mime_guess(pool, ptn_mime_unfold(pool, raw_value));

    for (i = 0; i + 1 < s.len; i++) {
        if (s.data[i] == '=' && s.data[i + 1] == '?') {
            break;
        }
    }

    if (i + 1 >= s.len) {
        return s;
    }

    ptn_buf_init(&out, pool);
    ptn_buf_add(&out, s.data, i);
    after_word = false;

    while (i < s.len) {

        if (s.data[i] == '=' && ptn_mime_text_word(s, i, &w)) {
            i = ptn_mime_text_words(pool, &out, s, i, &w);
            after_word = true;
            continue;
        }

        if (after_word && ptn_mime_blank(s.data[i])) {

            for (blank = i; i < s.len && ptn_mime_blank(s.data[i]); i++) {
                /* void */
            }

            if (i < s.len && ptn_mime_text_word(s, i, &w)) {
                continue;           /* between words of two charsets */
            }

            ptn_buf_add(&out, s.data + blank, i - blank);
            after_word = false;
            continue;
        }

        ptn_buf_byte(&out, s.data[i++]);
        after_word = false;
    }

    return ptn_utf8_clean(pool, ptn_buf_get(&out));
}
