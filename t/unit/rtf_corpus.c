/*
 * All of ref/oxrtf, and the RTF in the TNEF streams of ref/mail, in place:
 * compressed vectors, HTML that RTF holds against what others took out of it;
 * every HTML body of ref/mail as RTF and back.
 */

#include <ctype.h>
#include <dirent.h>

#include "ptn_charset.h"
#include "ptn_oxcmail.h"
#include "ptn_prop.h"
#include "ptn_ref.h"
#include "ptn_rtf.h"
#include "ptn_test.h"


static ptn_str_t
slurp(ptn_pool_t *pool, const char *dir, const char *name, const char *ext)
{
    char  path[4096];

    snprintf(path, sizeof(path), "%s/oxrtf/%s/%s%s", ptn_ref_dir(), dir, name,
             ext);

    return ptn_ref_read(pool, path);
}


/* --- compressed ----------------------------------------------------------- */

static ptn_str_t
unhex(ptn_str_t s)
{
    size_t    i, n;
    unsigned  c, half;

    for (i = 0, n = 0, half = 0; i < s.len; i++) {
        if (isxdigit(s.data[i])) {
            c = isdigit(s.data[i]) ? s.data[i] - (unsigned) '0'
                                   : (unsigned) tolower(s.data[i]) - 'a' + 10;
            s.data[n / 2] = (u_char) (half << 4 | c);
            half = n++ % 2 ? 0 : c;
        }
    }

    return ptn_str_make(s.data, n / 2);
}


static void
test_compressed(void)
{
    char         line[1024], path[4096], *name;
    FILE        *f;
    size_t       rows, theirs, ours;
    ptn_str_t    in, want, out;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);
    snprintf(path, sizeof(path), "%s/oxrtf/compressed/INDEX.tsv",
             ptn_ref_dir());
    f = fopen(path, "r");
    rows = theirs = ours = 0;

    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        name = strtok(line, "\t");

        if (strcmp(name, "name") == 0) {
            continue;
        }

        in = unhex(slurp(pool, "compressed", name, ".compressed.hex"));
        want = slurp(pool, "compressed", name, ".rtf");
        out = ptn_str("(nothing)");

        is_rc(ptn_rtf_decompress(pool, in, 1 << 20, &out), PTN_OK, name);
        is_mem(out, want, name);

        rows++;

        if (ptn_le32(in.data + 8) != 0x75465a4c) {
            continue;
        }

        theirs += in.len;
        is_rc(ptn_rtf_compress(pool, want, &in), PTN_OK, name);
        ours += in.len;
        is_rc(ptn_rtf_decompress(pool, in, 1 << 20, &out), PTN_OK, name);
        is_mem(out, want, name);
    }

    if (f != NULL) {
        fclose(f);
    }

    is_u64(rows, 29, "vectors");
    ok(ours <= theirs + theirs / 50, "as small as others': %zu, %zu", ours,
       theirs);
    ptn_pool_destroy(pool);
}


/* --- what it holds -------------------------------------------------------- */

/* White space apart, letters of any case: what others made of it. */

static ptn_str_t
loose(ptn_pool_t *pool, ptn_str_t s)
{
    size_t  i, n;

    s = ptn_str_dup(pool, s);

    for (i = n = 0; i < s.len; i++) {
        if (s.data[i] > ' ') {
            s.data[n++] = ptn_tolower(s.data[i]);
        }
    }

    s.len = n;

    return s;
}


static void
test_held(void)
{
    size_t       i;
    ptn_str_t    rtf, html, want;
    ptn_pool_t  *pool;
    static const struct {
        const char  *dir, *name;
    } rows[] = {
        { "rtf-to-html", "bulletnumber-test" },
        { "rtf-to-html", "complex-test" },
        { "rtf-to-html", "hebrew-test" },
        { "rtf-to-html", "mixed-charsets-test" },
        { "rtf-to-html", "russian-test" },
        { "rtf-to-html", "simple-test" },
        { "rtf-to-html", "unicode-test" },
        { "rtfde", "encapsulated_example" },
    };

    pool = ptn_pool_create(0, NULL);

    for (i = 0; i < ptn_nelts(rows); i++) {
        rtf = slurp(pool, rows[i].dir, rows[i].name, ".rtf");
        want = slurp(pool, rows[i].dir, rows[i].name, ".html");
        ok(rtf.data != NULL && want.data != NULL, "%s", rows[i].name);

        is_u64(ptn_rtf_kind(rtf), PTN_RTF_FROM_HTML, rows[i].name);
        is_rc(ptn_rtf_to_html(pool, rtf, NULL, 0, &html), PTN_OK,
              rows[i].name);
        is_mem(loose(pool, html), loose(pool, want), rows[i].name);
    }

    rtf = slurp(pool, "rtf-stream-parser", "jis-test", ".rtf");
    want = slurp(pool, "rtf-stream-parser", "jis-test", ".txt");
    is_rc(ptn_rtf_to_text(pool, rtf, &html), PTN_OK, "jis-test");
    is_mem(loose(pool, html), loose(pool, want), "jis-test");

    ptn_pool_destroy(pool);
}


/* What each of rtfde is, and something that its text says. */

static const struct {
    const char      *name;
    ptn_rtf_kind_e   kind;
    const char      *says;
} says[] = {
    { "control_chars", PTN_RTF_FROM_HTML,
      "Lorem ipsum dolor sit amet, consectetur adipiscing elit." },
    { "five_spaces", PTN_RTF_FROM_TEXT, "INSERT_BODY_TEXT_HERE     " },
    { "from_header_template", PTN_RTF_REAL, "INSERT_BODY_TEXT_HERE" },
    { "japanese_iso_2022", PTN_RTF_FROM_TEXT,
      "\xe3\x81\x99\xe3\x81\xbf\xe3\x81\xbe\xe3\x81\x9b\xe3\x82\x93\xe3\x80"
      "\x82\r\n" },
    { "multiple-encodings", PTN_RTF_FROM_HTML,
      "This is your third encoding.... maybe?" },
    { "nbs_a0", PTN_RTF_FROM_HTML, "[REDACTED]  [REDACTED]" },
    { "quoted_printable_01", PTN_RTF_FROM_TEXT, "> 10.12.2014, \xd0\xb2 23:12"
      ", Test <test@test.net>" },
    { "surrogate_pairs", PTN_RTF_FROM_HTML, "\xf0\x9f\x98\x8a" },
    { "surrogate_pairs_02", PTN_RTF_FROM_HTML, "\xf0\x9f\x98\x8a" },
    { "surrogate_pairs_03", PTN_RTF_FROM_HTML, "\xf0\x9f\x98\x8a" },
    { "surrogates", PTN_RTF_FROM_HTML, "\xf0\x9f\x98\x8a" },
    { "test_data", PTN_RTF_FROM_TEXT, "body\r\n" },
    { "translated_by", PTN_RTF_FROM_TEXT, "\xd8\xaa\xd8\xb1\xd8\xac\xd9\x85"
      "\xd8\xa9:" },
    { "unicode_HH_replacement_01", PTN_RTF_FROM_HTML,
      "\xf0\x9f\x98\x8a \xf0\x9f\x93\x9e" },
};


static void
test_says(void)
{
    size_t       i;
    ptn_str_t    rtf, text;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);

    for (i = 0; i < ptn_nelts(says); i++) {
        rtf = slurp(pool, "rtfde", says[i].name, ".rtf");
        is_u64(ptn_rtf_kind(rtf), says[i].kind, says[i].name);
        is_rc(ptn_rtf_to_text(pool, rtf, &text), PTN_OK, says[i].name);
        ok(memmem(text.data, text.len, says[i].says, strlen(says[i].says))
           != NULL, "%s: %.60s", says[i].name, says[i].says);
    }

    ptn_pool_destroy(pool);
}


/* Every truncation of every document: nothing but a result. */

static size_t
truncated(ptn_pool_t *pool, ptn_str_t rtf)
{
    size_t      bad, i, step;
    ptn_str_t   cut, out;
    ptn_pool_t *work;

    (void) pool;
    work = ptn_pool_create(0, NULL);
    step = rtf.len / 40 + 1;

    for (i = 0, bad = 0; i < rtf.len; i += step) {
        cut = ptn_str_make(rtf.data, i);
        bad += ptn_rtf_to_html(work, cut, NULL, 0, &out) != PTN_OK
               || !ptn_utf8_valid(out)
               || ptn_rtf_to_text(work, cut, &out) != PTN_OK
               || !ptn_utf8_valid(out);
        ptn_pool_reset(work);
    }

    ptn_pool_destroy(work);

    return bad;
}


static void
test_truncated(void)
{
    char            path[4096], name[300];
    DIR            *dir;
    size_t          n, bad, len;
    ptn_str_t       rtf;
    ptn_pool_t     *pool;
    struct dirent  *e;

    pool = ptn_pool_create(0, NULL);
    snprintf(path, sizeof(path), "%s/oxrtf/compressed", ptn_ref_dir());
    dir = opendir(path);
    n = bad = 0;

    while (dir != NULL && (e = readdir(dir)) != NULL) {
        len = strlen(e->d_name);

        if (len < 5 || strcmp(e->d_name + len - 4, ".rtf") != 0) {
            continue;
        }

        snprintf(name, sizeof(name), "%s", e->d_name);
        rtf = slurp(pool, "compressed", name, "");
        bad += truncated(pool, rtf);
        n++;
    }

    if (dir != NULL) {
        closedir(dir);
    }

    is_u64(n, 29, "documents");
    is_u64(bad, 0, "truncated");
    ptn_pool_destroy(pool);
}


/* --- ref/mail ------------------------------------------------------------- */

typedef struct {
    size_t  html, same, rtf, read, text;
} mail_t;


/* LF and CR as the RTF has them. */

static ptn_str_t
crlf(ptn_pool_t *pool, ptn_str_t s)
{
    size_t     i;
    ptn_buf_t  b;

    ptn_buf_init(&b, pool);

    for (i = 0; i < s.len; i++) {
        if (s.data[i] == '\r' || s.data[i] == '\n') {
            i += s.data[i] == '\r' && i + 1 < s.len && s.data[i + 1] == '\n';
            ptn_buf_z(&b, "\r\n");

        } else if (s.data[i] != '\0') {
            ptn_buf_byte(&b, s.data[i]);
        }
    }

    return b.len ? ptn_buf_get(&b) : ptn_str("");
}


static void
mail_html(mail_t *m, ptn_pool_t *pool, const ptn_object_t *o,
    const char *file)
{
    ptn_str_t  html, rtf, packed, back;

    if (ptn_body_html(pool, &o->props, &html) != PTN_OK || html.data == NULL) {
        return;
    }

    m->html++;

    if (ptn_rtf_from_html(pool, html, &rtf) != PTN_OK
        || ptn_rtf_compress(pool, rtf, &packed) != PTN_OK
        || ptn_rtf_decompress(pool, packed, SIZE_MAX, &rtf) != PTN_OK
        || ptn_rtf_to_html(pool, rtf, NULL, 0, &back) != PTN_OK
        || !ptn_str_eq(back, crlf(pool, ptn_utf8_clean(pool, html))))
    {
        printf("# %s: HTML is another one\n", file);
        return;
    }

    m->same++;
}


/* Compressed RTF anywhere in the bytes, as TNEF has it. */

static void
mail_rtf(mail_t *m, ptn_pool_t *pool, ptn_str_t raw, const char *file)
{
    size_t      left;
    uint32_t    size;
    ptn_str_t   rtf, html, text;
    u_char     *p, *end;

    end = raw.data + raw.len;

    for (p = raw.data; p != NULL && p < end; p++) {
        p = memmem(p, (size_t) (end - p), "LZFu", 4);

        if (p == NULL) {
            break;
        }

        if (p - raw.data < 8) {
            continue;
        }

        left = (size_t) (end - p) + 8;
        size = ptn_le32(p - 8);

        if (size < 12 || size > left - 4) {
            continue;
        }

        m->rtf++;

        if (ptn_rtf_decompress(pool, ptn_str_make(p - 8, left), 1 << 24, &rtf)
            != PTN_OK || ptn_rtf_kind(rtf) == PTN_RTF_NONE
            || ptn_rtf_to_html(pool, rtf, NULL, 0, &html) != PTN_OK
            || ptn_rtf_to_text(pool, rtf, &text) != PTN_OK)
        {
            printf("# %s: RTF at %zu is not read\n", file,
                   (size_t) (p - raw.data));
            continue;
        }

        m->read++;
        m->text += text.len > 2;
        m->text -= truncated(pool, rtf);
    }
}


static void
mail_one(void *ctx, ptn_pool_t *pool, const ptn_ref_row_t *row, ptn_str_t raw)
{
    uint32_t       i;
    mail_t        *m = ctx;
    ptn_str_t      data;
    ptn_mime_t    *mime;
    ptn_object_t  *o;

    if (strstr(row->file, ".tnef") != NULL) {
        mail_rtf(m, pool, raw, row->file);
        return;
    }

    if (ptn_mime_parse(pool, raw, &mime) != PTN_OK
        || ptn_oxcmail_import(pool, mime, PTN_OXCMAIL_ATTACHS
                                          |PTN_OXCMAIL_HTML, &o) != PTN_OK)
    {
        return;
    }

    mail_html(m, pool, o, row->file);

    for (i = 0; i < o->nattachs; i++) {
        if (ptn_oxcmail_attach_data(pool, mime, o->attachs[i].part, &data)
            == PTN_OK && data.len > 4
            && ptn_le32(data.data) == 0x223e9f78)
        {
            mail_rtf(m, pool, data, row->file);
        }
    }
}


static void
test_mail(void)
{
    mail_t  m;

    memset(&m, 0, sizeof(m));
    ptn_ref_mail(mail_one, &m);

    ok(m.html > 300, "%zu bodies of HTML", m.html);
    is_u64(m.same, m.html, "as RTF, and back");
    ok(m.rtf >= 5, "%zu of RTF in TNEF", m.rtf);
    is_u64(m.read, m.rtf, "read");
    is_u64(m.text, m.rtf, "each says something");
}


int
main(void)
{
    test_compressed();
    test_held();
    test_says();
    test_truncated();
    test_mail();

    return done_testing();
}
