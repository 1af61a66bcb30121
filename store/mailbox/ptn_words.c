/*
 * Words of a text.
 */

#include <libxml/xmlversion.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>
#include <unicode/utf16.h>

#include "ptn_charset.h"
#include "ptn_words.h"


#define PTN_WORDS_CACHE   512       /* characters, a power of two */
#define PTN_WORDS_FOLDED  24        /* code points that one becomes, at most */

typedef enum {
    PTN_WORDS_OTHER, PTN_WORDS_LETTER, PTN_WORDS_CJK
} ptn_words_class_e;

/* What one character becomes: up to three code points are kept. */
typedef struct {
    UChar32   c;                    /* 0: empty */
    uint8_t   n;
    uint8_t   cls[3];
    uint8_t   len[3];
    u_char    s[3][4];
} ptn_words_fold_t;

typedef struct {
    ptn_rc_t            (*f)(void *ctx, const ptn_unit_t *u);
    void                 *ctx;
    const UNormalizer2   *fold, *apart;
    size_t                at;       /* of the character under way */
    size_t                len;      /* of the word under way; 0: none */
    size_t                start, end;
    bool                  cut;
    bool                  cjk;      /* a cjk unit stands right before */
    bool                  open;     /* nothing seen yet */
    ptn_rc_t              rc;
    u_char                word[PTN_WORDS_UNIT];
    ptn_words_fold_t      cache[PTN_WORDS_CACHE];
} ptn_words_t;


uint64_t
ptn_words_version(void)
{
    UVersionInfo  v;

    u_getUnicodeVersion(v);

    /* rules of this file, of ptn_words_text.c, and of what they stand on */

    return 3ULL << 56 | (uint64_t) v[0] << 48 | (uint64_t) v[1] << 40
           | (uint64_t) (U_ICU_VERSION_MAJOR_NUM & 0xff) << 32
           | (LIBXML_VERSION & 0xffffff);
}


/* Scripts without spaces between words. */

static bool
ptn_words_spaceless(UChar32 c)
{
    UErrorCode  err;

    if (c < 0x0e00) {
        return false;
    }

    err = U_ZERO_ERROR;

    switch (uscript_getScript(c, &err)) {

    case USCRIPT_HAN:
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_BOPOMOFO:
    case USCRIPT_HANGUL:
    case USCRIPT_THAI:
    case USCRIPT_LAO:
    case USCRIPT_KHMER:
    case USCRIPT_MYANMAR:
        return true;

    default:

        /* the prolonged sound mark belongs to all kana */

        return c == 0x30fc;
    }
}


bool
ptn_words_listed(ptn_str_t token)
{
    size_t   i;
    UChar32  c;

    if (token.data[0] >= 0xe0) {
        i = 0;
        U8_NEXT(token.data, i, token.len, c);

        return c >= 0 && !ptn_words_spaceless(c);
    }

    for (i = 0; i < token.len; i++) {
        if (token.data[i] < '0' || token.data[i] == '@'
            || token.data[i] == '_')
        {
            return false;
        }
    }

    return true;
}


static ptn_words_class_e
ptn_words_class(UChar32 c)
{
    if (!u_isalnum(c) && u_charType(c) != U_COMBINING_SPACING_MARK) {
        return PTN_WORDS_OTHER;
    }

    return ptn_words_spaceless(c) ? PTN_WORDS_CJK : PTN_WORDS_LETTER;
}


/* ---- units ------------------------------------------------------------- */

static void
ptn_words_end(ptn_words_t *w)
{
    ptn_unit_t  u;

    if (w->len == 0) {
        return;
    }

    u.s = ptn_str_make(w->word, w->len);
    u.start = w->start;
    u.end = w->end;
    u.cjk = false;
    u.joined = false;
    u.open = w->open;
    u.cut = w->cut;
    w->len = 0;
    w->cut = false;
    w->open = false;

    if (w->rc == PTN_OK) {
        w->rc = w->f(w->ctx, &u);
    }
}


static void
ptn_words_one(ptn_words_t *w, ptn_words_class_e cls, const u_char *s,
    size_t len, size_t end)
{
    ptn_unit_t  u;

    if (cls == PTN_WORDS_LETTER) {
        if (w->len == 0) {
            w->start = w->at;
        }

        w->end = end;
        w->cjk = false;

        if (w->cut || w->len + len > PTN_WORDS_UNIT) {
            w->cut = true;
            return;
        }

        memcpy(w->word + w->len, s, len);
        w->len += len;
        return;
    }

    ptn_words_end(w);

    if (cls == PTN_WORDS_OTHER) {
        w->cjk = false;
        w->open = false;
        return;
    }

    u.s = ptn_str_make(s, len);
    u.start = w->at;
    u.end = end;
    u.cjk = true;
    u.joined = w->cjk;
    u.open = w->open;
    u.cut = false;
    w->cjk = true;
    w->open = false;

    if (w->rc == PTN_OK) {
        w->rc = w->f(w->ctx, &u);
    }
}


typedef struct {
    UChar32    c[PTN_WORDS_FOLDED];
    unsigned   n;
} ptn_words_points_t;


static void
ptn_words_point(ptn_words_points_t *p, UChar32 c)
{
    const char  *as;

    if (u_charType(c) == U_NON_SPACING_MARK) {
        return;
    }

    as = ptn_letter_apart(c);

    if (as == NULL) {
        if (p->n < PTN_WORDS_FOLDED) {
            p->c[p->n++] = c;
        }

        return;
    }

    for ( /* void */ ; *as != '\0' && p->n < PTN_WORDS_FOLDED; as++) {
        p->c[p->n++] = (u_char) *as;
    }
}


/* Folded by itself: what stands around it makes no difference. */

static void
ptn_words_points(ptn_words_t *w, UChar32 c, ptn_words_points_t *p)
{
    UChar       a[2], b[PTN_WORDS_FOLDED], d[PTN_WORDS_FOLDED];
    int32_t     i, k, n, nd;
    UChar32     x;
    UErrorCode  err;

    p->n = 0;
    n = 0;
    U16_APPEND_UNSAFE(a, n, c);

    err = U_ZERO_ERROR;
    n = unorm2_normalize(w->fold, a, n, b, ptn_nelts(b), &err);

    if (U_FAILURE(err)) {
        p->c[p->n++] = ' ';
        return;
    }

    for (i = 0; i < n; /* void */ ) {
        U16_NEXT(b, i, n, x);

        /* syllables stay whole */

        if (x >= 0xac00 && x <= 0xd7a3) {
            ptn_words_point(p, x);
            continue;
        }

        k = 0;
        nd = 0;
        U16_APPEND_UNSAFE(a, k, x);
        nd = unorm2_normalize(w->apart, a, k, d, ptn_nelts(d), &err);

        for (k = 0; U_SUCCESS(err) && k < nd; /* void */ ) {
            U16_NEXT(d, k, nd, x);
            ptn_words_point(p, x);
        }
    }
}


static void
ptn_words_char(ptn_words_t *w, UChar32 c, size_t end)
{
    u_char              s[4];
    size_t              len;
    unsigned            i;
    ptn_words_fold_t   *f;
    ptn_words_points_t  p;

    f = &w->cache[(uint32_t) c % PTN_WORDS_CACHE];

    if (f->c != c) {
        ptn_words_points(w, c, &p);

        if (p.n > ptn_nelts(f->cls)) {
            for (i = 0; i < p.n; i++) {
                len = 0;
                U8_APPEND_UNSAFE(s, len, p.c[i]);
                ptn_words_one(w, ptn_words_class(p.c[i]), s, len, end);
            }

            return;
        }

        f->c = c;
        f->n = (uint8_t) p.n;

        for (i = 0; i < p.n; i++) {
            len = 0;
            U8_APPEND_UNSAFE(f->s[i], len, p.c[i]);
            f->len[i] = (uint8_t) len;
            f->cls[i] = (uint8_t) ptn_words_class(p.c[i]);
        }
    }

    for (i = 0; i < f->n; i++) {
        ptn_words_one(w, (ptn_words_class_e) f->cls[i], f->s[i], f->len[i],
                      end);
    }
}


static inline bool
ptn_words_alnum(u_char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
           || (c >= 'A' && c <= 'Z');
}


static ptn_rc_t
ptn_words_run(ptn_words_t *w, ptn_str_t text)
{
    u_char   c;
    size_t   i, next;
    UChar32  wide;

    for (i = 0; i < text.len && w->rc == PTN_OK; i = next) {
        c = text.data[i];
        w->at = i;
        next = i + 1;

        if (ptn_words_alnum(c)) {
            c = ptn_tolower(c);
            ptn_words_one(w, PTN_WORDS_LETTER, &c, 1, next);

        } else if (c < 0x80) {
            ptn_words_one(w, PTN_WORDS_OTHER, NULL, 0, next);

        } else {
            next = i;
            U8_NEXT(text.data, next, text.len, wide);

            if (wide < 0) {
                ptn_words_one(w, PTN_WORDS_OTHER, NULL, 0, next);
            } else {
                ptn_words_char(w, wide, next);
            }
        }
    }

    ptn_words_end(w);

    return w->rc;
}


static ptn_rc_t
ptn_words_init(ptn_words_t *w, ptn_rc_t (*f)(void *ctx, const ptn_unit_t *u),
    void *ctx)
{
    size_t      i;
    UErrorCode  err;

    w->f = f;
    w->ctx = ctx;
    w->at = 0;
    w->len = 0;
    w->cut = false;
    w->cjk = false;
    w->open = true;
    w->rc = PTN_OK;

    for (i = 0; i < PTN_WORDS_CACHE; i++) {
        w->cache[i].c = 0;
    }

    err = U_ZERO_ERROR;
    w->fold = unorm2_getNFKCCasefoldInstance(&err);
    w->apart = unorm2_getNFDInstance(&err);

    return U_FAILURE(err) ? PTN_ENOMEM : PTN_OK;
}


ptn_rc_t
ptn_words_units(ptn_str_t text, ptn_rc_t (*f)(void *ctx, const ptn_unit_t *u),
    void *ctx)
{
    ptn_rc_t     rc;
    ptn_words_t  w;

    rc = ptn_words_init(&w, f, ctx);

    return (rc == PTN_OK) ? ptn_words_run(&w, text) : rc;
}


/* ---- tokens ------------------------------------------------------------ */

typedef struct {
    ptn_rc_t  (*f)(void *ctx, ptn_str_t token, bool compound, size_t start,
                  size_t end);
    void       *ctx;
    ptn_str_t   text;

    u_char      cjk[4];             /* the character before, not given yet */
    size_t      ncjk, cjk_start, cjk_end;

    u_char      whole[PTN_WORDS_COMPOUND];
    size_t      n;                  /* of `whole` */
    size_t      start, end;         /* where it stood */
    unsigned    pieces, ats, dots, others;
    size_t      host;               /* in `whole`, behind the @ */
    unsigned    host_dots;
    bool        word;               /* the last piece is a word, of letters */
    bool        bad;
} ptn_tokens_t;


static ptn_rc_t
ptn_tokens_cjk_end(ptn_tokens_t *t)
{
    size_t  n;

    n = t->ncjk;
    t->ncjk = 0;

    return (n == 0) ? PTN_OK
           : t->f(t->ctx, ptn_str_make(t->cjk, n), false, t->cjk_start,
                  t->cjk_end);
}


/* What is worth to be found as a whole: addresses and host names. */

static ptn_rc_t
ptn_tokens_whole_end(ptn_tokens_t *t)
{
    bool       host, address;
    ptn_rc_t   rc;
    ptn_str_t  s;

    rc = PTN_OK;
    host = t->word && t->others == 0
           && (t->ats == 0 ? t->dots != 0 : t->host_dots != 0);
    address = t->ats == 1 && t->host < t->n;

    if (!t->bad && t->pieces > 1 && t->ats < 2 && (host || address)) {
        s = ptn_str_make(t->whole, t->n);

        if (address) {
            rc = t->f(t->ctx, s, true, t->start, t->end);
            s = ptn_str_make(t->whole + t->host, t->n - t->host);
        }

        if (rc == PTN_OK && host) {
            rc = t->f(t->ctx, s, true, t->start, t->end);
        }
    }

    t->pieces = 0;

    return rc;
}


static void
ptn_tokens_whole_add(ptn_tokens_t *t, const u_char *p, size_t n)
{
    if (n > sizeof(t->whole) - t->n) {
        t->bad = true;
        return;
    }

    memcpy(t->whole + t->n, p, n);
    t->n += n;
}


/* One character that addresses and host names have between their pieces. */

static bool
ptn_tokens_glue(ptn_tokens_t *t, const ptn_unit_t *u)
{
    u_char  c;

    if (t->pieces == 0 || u->start != t->end + 1) {
        return false;
    }

    c = t->text.data[t->end];

    switch (c) {

    case '@':
        t->ats++;
        t->others = 0;
        t->host = t->n + 1;
        t->host_dots = 0;
        break;

    case '.':
        t->dots++;
        t->host_dots++;
        break;

    case '-':
        break;

    case '_':
    case '+':
        t->others++;
        break;

    default:
        return false;
    }

    ptn_tokens_whole_add(t, &c, 1);

    return true;
}


static ptn_rc_t
ptn_tokens_whole(ptn_tokens_t *t, const ptn_unit_t *u)
{
    size_t    i;
    ptn_rc_t  rc;

    rc = PTN_OK;

    if (!ptn_tokens_glue(t, u)) {
        rc = ptn_tokens_whole_end(t);
        t->n = 0;
        t->start = u->start;
        t->ats = t->dots = t->others = 0;
        t->bad = false;
    }

    t->pieces++;
    t->end = u->end;
    t->word = u->s.len > 1;
    t->bad |= u->cut;

    for (i = 0; i < u->s.len; i++) {
        t->word &= !(u->s.data[i] >= '0' && u->s.data[i] <= '9');
    }

    ptn_tokens_whole_add(t, u->s.data, u->s.len);

    return rc;
}


static ptn_rc_t
ptn_tokens_cjk(ptn_tokens_t *t, const ptn_unit_t *u)
{
    u_char    two[8];
    ptn_rc_t  rc;

    rc = ptn_tokens_whole_end(t);

    if (rc == PTN_OK && t->ncjk != 0) {
        if (u->joined) {
            memcpy(two, t->cjk, t->ncjk);
            memcpy(two + t->ncjk, u->s.data, u->s.len);
            rc = t->f(t->ctx, ptn_str_make(two, t->ncjk + u->s.len), false,
                      t->cjk_start, u->end);

        } else {
            rc = ptn_tokens_cjk_end(t);
        }
    }

    memcpy(t->cjk, u->s.data, u->s.len);
    t->ncjk = u->s.len;
    t->cjk_start = u->start;
    t->cjk_end = u->end;

    return rc;
}


static ptn_rc_t
ptn_tokens_unit(void *ctx, const ptn_unit_t *u)
{
    ptn_rc_t       rc;
    ptn_tokens_t  *t = ctx;

    if (u->cjk) {
        return ptn_tokens_cjk(t, u);
    }

    rc = ptn_tokens_cjk_end(t);

    if (rc == PTN_OK) {
        rc = ptn_tokens_whole(t, u);
    }

    if (rc == PTN_OK) {
        rc = t->f(t->ctx, u->s, false, u->start, u->end);
    }

    if (rc == PTN_OK && u->cut) {
        rc = t->f(t->ctx, ptn_str(PTN_WORDS_MARK), false, u->start, u->end);
    }

    return rc;
}


ptn_rc_t
ptn_words_tokens(ptn_str_t text,
    ptn_rc_t (*f)(void *ctx, ptn_str_t token, bool compound, size_t start,
        size_t end), void *ctx)
{
    ptn_rc_t      rc;
    ptn_tokens_t  t;

    memset(&t, 0, sizeof(t));
    t.f = f;
    t.ctx = ctx;
    t.text = text;
    rc = PTN_OK;

    if (text.len != 0 && text.data[0] == PTN_WORDS_MARK[0]) {
        rc = f(ctx, ptn_str(PTN_WORDS_MARK), false, 0, 1);
    }

    if (rc == PTN_OK) {
        rc = ptn_words_units(text, ptn_tokens_unit, &t);
    }

    if (rc == PTN_OK) {
        rc = ptn_tokens_cjk_end(&t);
    }

    return (rc == PTN_OK) ? ptn_tokens_whole_end(&t) : rc;
}
