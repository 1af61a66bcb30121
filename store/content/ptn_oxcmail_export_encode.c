#include "ptn_charset.h"
#include "ptn_oxcmail_in.h"
#include "ptn_oxcmail_out.h"


#define PTN_OXCMAIL_WORD_MAX   75       /* RFC 2047 2 */
#define PTN_OXCMAIL_WORD_HEAD  12       /* what is around its text */

#define PTN_OXCMAIL_CHUNK      ((size_t) 16384)

static const char  ptn_oxcmail_hex[] = "0123456789ABCDEF";


/* --- header fields -------------------------------------------------------- */

void
ptn_oxcmail_fold(ptn_oxcmail_fold_t *f, ptn_oxcmail_out_t *o,
    const char *name)
{
    f->o = o;
    f->column = strlen(name) + 1;
    ptn_buf_z(&o->out, name);
    ptn_buf_byte(&o->out, ':');
}


void
ptn_oxcmail_fold_add(ptn_oxcmail_fold_t *f, ptn_str_t token)
{
    ptn_buf_t  *out;

    out = &f->o->out;

    if (f->column > 1 && f->column + 1 + token.len > PTN_OXCMAIL_LINE
        && out->len != 0 && out->data[out->len - 1] != ':')
    {
        ptn_buf_z(out, "\r\n ");
        f->column = 1;

    } else {
        ptn_buf_byte(out, ' ');
        f->column++;
    }

    ptn_buf_str(out, token);
    f->column += token.len;
}


void
ptn_oxcmail_fold_end(ptn_oxcmail_fold_t *f)
{
    ptn_buf_z(&f->o->out, "\r\n");
}


/* The bytes of the character at p; a broken one counts one. */

static size_t
ptn_oxcmail_char(const u_char *p, const u_char *end)
{
    size_t  n;

    n = (*p >= 0xf0) ? 4 : (*p >= 0xe0) ? 3 : (*p >= 0xc0) ? 2 : 1;

    return ptn_min(n, (size_t) (end - p));
}


/* What may stand for itself in a Q word wherever it is (RFC 2047 5 (3)). */

static bool
ptn_oxcmail_q_safe(u_char c)
{
    return (c >= '0' && c <= '9')
           || (ptn_tolower(c) >= 'a' && ptn_tolower(c) <= 'z')
           || c == '!' || c == '*' || c == '+' || c == '-' || c == '/';
}


static void
ptn_oxcmail_word_b(ptn_buf_t *word, const u_char *p, size_t n)
{
    u_char  *d;

    d = ptn_buf_reserve(word, (n + 2) / 3 * 4);

    if (d != NULL) {
        word->len += ptn_base64_encode_text(d, p, n);
    }
}


static void
ptn_oxcmail_word_q(ptn_buf_t *word, const u_char *p, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (p[i] == ' ') {
            ptn_buf_byte(word, '_');

        } else if (ptn_oxcmail_q_safe(p[i])) {
            ptn_buf_byte(word, p[i]);

        } else {
            ptn_buf_byte(word, '=');
            ptn_buf_byte(word, (u_char) ptn_oxcmail_hex[p[i] >> 4]);
            ptn_buf_byte(word, (u_char) ptn_oxcmail_hex[p[i] & 15]);
        }
    }
}


/* All of `text` as encoded words of whole characters. */

static void
ptn_oxcmail_fold_words(ptn_oxcmail_fold_t *f, ptn_str_t text)
{
    bool           b;
    size_t         i, n, cost, room, step;
    ptn_buf_t      word;
    const u_char  *p, *end;

    for (i = 0, n = 0; i < text.len; i++) {
        n += !ptn_oxcmail_q_safe(text.data[i]) && text.data[i] != ' ';
    }

    b = 6 * n > text.len;           /* QP would be longer */
    p = text.data;
    end = p + text.len;

    while (p < end) {

        /* what the line has left, for the first; then lines of their own */

        room = PTN_OXCMAIL_WORD_MAX - PTN_OXCMAIL_WORD_HEAD;

        if (f->column + 1 + PTN_OXCMAIL_WORD_MAX / 2 < PTN_OXCMAIL_LINE) {
            room = ptn_min(room, PTN_OXCMAIL_LINE - f->column - 1
                                 - PTN_OXCMAIL_WORD_HEAD);
        }

        for (n = 0, cost = 0; p + n < end; n += step) {
            step = ptn_oxcmail_char(p + n, end);

            if (b) {
                cost = (n + step + 2) / 3 * 4;

            } else {
                for (i = n; i < n + step; i++) {
                    cost += (p[i] == ' ' || ptn_oxcmail_q_safe(p[i])) ? 1 : 3;
                }
            }

            if (cost > room && n != 0) {
                break;
            }
        }

        ptn_buf_init(&word, f->o->pool);
        ptn_buf_z(&word, b ? "=?utf-8?B?" : "=?utf-8?Q?");

        if (b) {
            ptn_oxcmail_word_b(&word, p, n);

        } else {
            ptn_oxcmail_word_q(&word, p, n);
        }

        ptn_buf_z(&word, "?=");

        if (word.failed) {
            f->o->rc = PTN_ENOMEM;
            return;
        }

        ptn_oxcmail_fold_add(f, ptn_buf_get(&word));
        p += n;
    }
}


/* Without what no header can hold. */

static ptn_str_t
ptn_oxcmail_header_text(ptn_oxcmail_out_t *o, ptn_str_t s)
{
    size_t  i;

    s = ptn_mime_trim(s);

    for (i = 0; i < s.len; i++) {
        if (s.data[i] == '\r' || s.data[i] == '\n' || s.data[i] == '\0') {
            break;
        }
    }

    if (i == s.len) {
        return s;
    }

    s = ptn_str_dup(o->pool, s);

    for ( /* void */ ; i < s.len; i++) {
        if (s.data[i] == '\r' || s.data[i] == '\n' || s.data[i] == '\0') {
            s.data[i] = ' ';
        }
    }

    return s;
}


/*
 * May the text stand as it is?  Not what a reader would take for an encoded
 * word, and not what folding could not bring back.
 */
static bool
ptn_oxcmail_is_plain(ptn_str_t s)
{
    size_t  i, run;

    for (i = 0, run = 0; i < s.len; i++) {
        if (s.data[i] < 0x20 || s.data[i] > 0x7e
            || (s.data[i] == '=' && i + 1 < s.len && s.data[i + 1] == '?'))
        {
            return false;
        }

        run = (s.data[i] == ' ') ? 0 : run + 1;

        if (run > PTN_OXCMAIL_LINE_HARD
            || (s.data[i] == ' ' && i + 1 < s.len && s.data[i + 1] == ' '))
        {
            return false;
        }
    }

    return true;
}


static void
ptn_oxcmail_fold_plain(ptn_oxcmail_fold_t *f, ptn_str_t s)
{
    u_char     *sp;
    ptn_str_t   token;

    while (s.len != 0) {
        sp = memchr(s.data, ' ', s.len);
        token = s;
        token.len = sp ? (size_t) (sp - s.data) : s.len;
        ptn_oxcmail_fold_add(f, token);
        s.data += token.len + (sp != NULL);
        s.len -= token.len + (sp != NULL);
    }
}


void
ptn_oxcmail_write_text(ptn_oxcmail_out_t *o, const char *name, ptn_str_t text)
{
    ptn_oxcmail_fold_t  f;

    text = ptn_oxcmail_header_text(o, text);
    ptn_oxcmail_fold(&f, o, name);

    if (ptn_oxcmail_is_plain(text)) {
        ptn_oxcmail_fold_plain(&f, text);

    } else {
        ptn_oxcmail_fold_words(&f, text);
    }

    ptn_oxcmail_fold_end(&f);
}


void
ptn_oxcmail_write_id(ptn_oxcmail_out_t *o, const char *name, ptn_str_t id)
{
    ptn_oxcmail_fold_t  f;

    id = ptn_oxcmail_id(o->pool, id);

    if (id.len == 0) {
        return;
    }

    ptn_oxcmail_fold(&f, o, name);
    ptn_oxcmail_fold_plain(&f, id);
    ptn_oxcmail_fold_end(&f);
}


/* A display name (RFC 5322 3.2.5): atoms, a quoted string, encoded words. */

void
ptn_oxcmail_fold_phrase(ptn_oxcmail_fold_t *f, ptn_str_t text)
{
    bool       atoms;
    size_t     i;
    ptn_buf_t  quoted;

    text = ptn_oxcmail_header_text(f->o, text);

    if (!ptn_oxcmail_is_plain(text)
        || text.len > PTN_OXCMAIL_LINE_HARD / 2)
    {
        ptn_oxcmail_fold_words(f, text);
        return;
    }

    for (i = 0, atoms = true; i < text.len; i++) {
        atoms &= text.data[i] == ' '
                 || (ptn_oxcmail_q_safe(text.data[i]) && text.data[i] != '/');
    }

    if (atoms) {
        ptn_oxcmail_fold_plain(f, text);
        return;
    }

    ptn_buf_init(&quoted, f->o->pool);
    ptn_buf_byte(&quoted, '"');

    for (i = 0; i < text.len; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\') {
            ptn_buf_byte(&quoted, '\\');
        }

        ptn_buf_byte(&quoted, text.data[i]);
    }

    ptn_buf_byte(&quoted, '"');

    if (quoted.failed) {
        f->o->rc = PTN_ENOMEM;
        return;
    }

    ptn_oxcmail_fold_add(f, ptn_buf_get(&quoted));
}


/* --- parameters (RFC 2045 5.1, RFC 2231) ---------------------------------- */

static bool
ptn_oxcmail_attribute_char(u_char c)
{
    return (c >= '0' && c <= '9')
           || (ptn_tolower(c) >= 'a' && ptn_tolower(c) <= 'z')
           || (c != '\0' && strchr("!#$&+-.^_`{|}~", c) != NULL);
}


static void
ptn_oxcmail_fold_semicolon(ptn_oxcmail_fold_t *f)
{
    ptn_buf_byte(&f->o->out, ';');
    f->column++;
}


static void
ptn_oxcmail_fold_param_ext(ptn_oxcmail_fold_t *f, const char *name,
    ptn_str_t value)
{
    size_t      i, used, step, cost, k;
    unsigned    section;
    bool        one;
    ptn_buf_t   token;

    for (i = 0, cost = 0; i < value.len; i++) {
        cost += ptn_oxcmail_attribute_char(value.data[i]) ? 1 : 3;
    }

    one = cost + strlen(name) + sizeof("*=utf-8'';") < PTN_OXCMAIL_LINE;

    for (i = 0, section = 0; i < value.len || section == 0; section++) {

        ptn_buf_init(&token, f->o->pool);

        if (one) {
            ptn_buf_printf(&token, "%s*=", name);

        } else {
            ptn_buf_printf(&token, "%s*%u*=", name, section);
        }

        if (section == 0) {
            ptn_buf_z(&token, "utf-8''");
        }

        for (used = token.len; i < value.len; i += step, used += cost) {
            step = ptn_oxcmail_char(value.data + i, value.data + value.len);
            cost = ptn_oxcmail_attribute_char(value.data[i]) ? 1 : 3 * step;

            if (used + cost + 2 > PTN_OXCMAIL_LINE) {
                break;
            }

            for (k = i; k < i + step; k++) {
                if (cost == 1) {
                    ptn_buf_byte(&token, value.data[k]);
                    continue;
                }

                ptn_buf_byte(&token, '%');
                ptn_buf_byte(&token,
                             (u_char) ptn_oxcmail_hex[value.data[k] >> 4]);
                ptn_buf_byte(&token,
                             (u_char) ptn_oxcmail_hex[value.data[k] & 15]);
            }
        }

        if (token.failed) {
            f->o->rc = PTN_ENOMEM;
            return;
        }

        ptn_oxcmail_fold_semicolon(f);
        ptn_oxcmail_fold_add(f, ptn_buf_get(&token));
    }
}


void
ptn_oxcmail_fold_param(ptn_oxcmail_fold_t *f, const char *name,
    ptn_str_t value)
{
    size_t     i;
    ptn_buf_t  token;

    for (i = 0; i < value.len; i++) {
        if (value.data[i] < 0x20 || value.data[i] > 0x7e) {
            break;
        }
    }

    if (i < value.len || value.len + strlen(name) > PTN_OXCMAIL_LINE - 6
        || memmem(value.data, value.len, "=?", 2) != NULL)
    {
        ptn_oxcmail_fold_param_ext(f, name, value);
        return;
    }

    ptn_buf_init(&token, f->o->pool);
    ptn_buf_printf(&token, "%s=\"", name);

    for (i = 0; i < value.len; i++) {
        if (value.data[i] == '"' || value.data[i] == '\\') {
            ptn_buf_byte(&token, '\\');
        }

        ptn_buf_byte(&token, value.data[i]);
    }

    ptn_buf_byte(&token, '"');

    if (token.failed) {
        f->o->rc = PTN_ENOMEM;
        return;
    }

    ptn_oxcmail_fold_semicolon(f);
    ptn_oxcmail_fold_add(f, ptn_buf_get(&token));
}


/* --- bodies --------------------------------------------------------------- */

#define PTN_SCAN_QP    0x01             /* three bytes in quoted-printable */
#define PTN_SCAN_HIGH  0x02             /* 8-bit, or NUL */
#define PTN_SCAN_LINE  0x04             /* CR, LF */

static const uint8_t  ptn_oxcmail_class[256] = {
    [0] = PTN_SCAN_QP | PTN_SCAN_HIGH,
    [1 ... 8] = PTN_SCAN_QP,
    [10] = PTN_SCAN_LINE,
    [11 ... 12] = PTN_SCAN_QP,
    [13] = PTN_SCAN_LINE,
    [14 ... 31] = PTN_SCAN_QP,
    ['='] = PTN_SCAN_QP,
    [127] = PTN_SCAN_QP,
    [128 ... 255] = PTN_SCAN_QP | PTN_SCAN_HIGH,
};


void
ptn_oxcmail_scan(ptn_str_t data, ptn_oxcmail_scan_t *ret)
{
    u_char         seen, class;
    size_t         high;
    const u_char  *p, *end, *line;

    ret->plain = true;
    seen = 0;
    high = 0;
    p = line = data.len != 0 ? data.data : (const u_char *) "";
    end = p + data.len;

    while (p < end) {
        class = ptn_oxcmail_class[*p++];
        seen |= class;
        high += class & PTN_SCAN_QP;

        if (!(class & PTN_SCAN_LINE)) {
            continue;
        }

        if (p[-1] == '\r') {
            ret->plain &= p < end && *p == '\n';
            continue;
        }

        ret->plain &= p - line >= 2 && p[-2] == '\r'
                      && p - line <= PTN_OXCMAIL_LINE + 2;
        line = p;
    }

    ret->high = high;
    ret->ascii = !(seen & PTN_SCAN_HIGH);
    ret->plain &= ret->ascii && end - line <= PTN_OXCMAIL_LINE;
}


void
ptn_oxcmail_write_base64(ptn_buf_t *out, ptn_str_t data)
{
    size_t   i, n, line;
    u_char  *d;

    n = (data.len + 2) / 3 * 4;
    n += (n + PTN_OXCMAIL_LINE - 1) / PTN_OXCMAIL_LINE * 2;

    d = ptn_buf_reserve(out, n);
    if (d == NULL) {
        return;
    }

    for (i = 0; i < data.len; i += line) {
        line = ptn_min(data.len - i, (size_t) PTN_OXCMAIL_LINE / 4 * 3);
        d += ptn_base64_encode_text(d, data.data + i, line);
        *d++ = '\r';
        *d++ = '\n';
    }

    out->len = (size_t) (d - out->data);
}


/* What stands for itself anywhere in a line of quoted-printable. */

static bool
ptn_oxcmail_qp_plain(u_char c)
{
    return c > ' ' && c < 0x7f && c != '=';
}


/* Up to `stop` of the line that ends at `end`; soft breaks as late as they may
 * be.  *column is where it goes on. */

static u_char *
ptn_oxcmail_qp_line(u_char *d, const u_char *p, const u_char *stop,
    const u_char *end, size_t *column)
{
    size_t  n, at;

    at = *column;

    while (p < stop) {

        /* a run of what needs nothing */

        while (p < stop && at < PTN_OXCMAIL_LINE - 1
               && (ptn_oxcmail_qp_plain(*p)
                   || ((*p == ' ' || *p == '\t') && p + 1 < end))
               && (at != 0 || (*p != '.' && *p != 'F')))
        {
            *d++ = *p++;
            at++;
        }

        if (p == stop) {
            break;
        }

        n = 3;

        if (ptn_oxcmail_qp_plain(*p)) {

            /* "From " and a dot at the start would be other programs' */

            n = (at != 0 || (*p == 'F' && (end - p < 5
                                           || memcmp(p, "From ", 5) != 0)))
                ? 1 : 3;

        } else if ((*p == ' ' || *p == '\t') && p + 1 < end) {
            n = 1;
        }

        if (at + n > PTN_OXCMAIL_LINE - 1) {
            *d++ = '=';
            *d++ = '\r';
            *d++ = '\n';
            at = 0;
            continue;
        }

        if (n == 1) {
            *d++ = *p++;

        } else {
            *d++ = '=';
            *d++ = (u_char) ptn_oxcmail_hex[*p >> 4];
            *d++ = (u_char) ptn_oxcmail_hex[*p++ & 15];
        }

        at += n;
    }

    *column = at;

    return d;
}


/*
 * RFC 2045 6.7: CR LF ends a line, CR or LF alone is a byte as others.  Data
 * that does not end in a line ends in a soft break.
 */
void
ptn_oxcmail_write_qp(ptn_buf_t *out, ptn_str_t data)
{
    u_char        *d;
    size_t         column;
    const u_char  *p, *end, *eol, *lf, *stop;

    if (data.len == 0) {
        return;
    }

    p = data.data;
    end = p + data.len;

    while (p < end) {

        for (lf = p; ; lf++) {
            lf = memchr(lf, '\n', (size_t) (end - lf));

            if (lf == NULL || (lf > p && lf[-1] == '\r')) {
                break;
            }
        }

        eol = lf ? lf - 1 : end;
        column = 0;

        do {
            stop = p + ptn_min((size_t) (eol - p), PTN_OXCMAIL_CHUNK);

            d = ptn_buf_reserve(out, (size_t) (stop - p) * 4 + 16);
            if (d == NULL) {
                return;
            }

            d = ptn_oxcmail_qp_line(d, p, stop, eol, &column);
            out->len = (size_t) (d - out->data);
            p = stop;
        } while (p < eol);

        ptn_buf_z(out, lf ? "\r\n" : "=\r\n");
        p = lf ? lf + 1 : end;
    }
}
