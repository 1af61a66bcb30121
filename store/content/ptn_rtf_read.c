/*
 * Reads RTF: tokens, the state of groups, destinations, fonts and colours.
 * What is shown goes to a sink: text in UTF-8, and events; the sink looks at
 * r->s for the state that they are in.
 */

#include "ptn_charset.h"
#include "ptn_rtf_in.h"


#define PTN_RTF_INST_MAX   8192     /* of a field */
#define PTN_RTF_MARK_MAX   64       /* of a list item */


/* --- text ----------------------------------------------------------------- */

static void
ptn_rtf_into(ptn_rtf_reader_t *r, const u_char *p, size_t len)
{
    switch (r->s->dest) {

    case PTN_RTF_IN_TEXT:
    case PTN_RTF_IN_TAG:
        ptn_buf_add(&r->run, p, len);
        break;

    case PTN_RTF_IN_INST:
        if (r->inst.len < PTN_RTF_INST_MAX) {
            ptn_buf_add(&r->inst, p, len);
        }

        break;

    case PTN_RTF_IN_MARKER:
        if (r->marker.len < PTN_RTF_MARK_MAX) {
            ptn_buf_add(&r->marker, p, len);
        }

        break;
    }
}


static void
ptn_rtf_code(ptn_rtf_reader_t *r, uint32_t c)
{
    u_char  d[4];

    if (c == 0) {
        return;                     /* a NUL is no text */
    }

    ptn_rtf_into(r, d, ptn_utf8_put(d, c));
}


/* Bytes of a page with characters of several bytes, all that there are. */

static void
ptn_rtf_raw_end(ptn_rtf_reader_t *r)
{
    size_t     i;
    ptn_str_t  in, out;

    if (r->raw.len == 0) {
        return;
    }

    in = out = ptn_buf_get(&r->raw);
    r->raw.len = 0;

    for (i = 0; i < in.len && in.data[i] < 0x80; i++) {
        /* void */
    }

    if (i < in.len
        && ptn_charset_to_utf8(r->pool, ptn_str_z(r->raw_page->charset), in,
                               &out) != PTN_OK)
    {
        return;
    }

    ptn_rtf_into(r, out.data, out.len);
}


static void
ptn_rtf_surrogate_end(ptn_rtf_reader_t *r)
{
    if (r->surrogate != 0) {
        r->surrogate = 0;
        ptn_rtf_code(r, 0xfffd);
    }
}


/* The sink gets what there is, in the state that it was read in. */

static void
ptn_rtf_flush(ptn_rtf_reader_t *r)
{
    ptn_rtf_raw_end(r);
    ptn_rtf_surrogate_end(r);

    if (r->run.len != 0) {
        if (!ptn_rtf_quiet(r) && !r->run.failed) {
            r->sink->text(r->ctx, r->run.data, r->run.len);
        }

        r->run.len = 0;
    }
}


static void
ptn_rtf_event(ptn_rtf_reader_t *r, ptn_rtf_event_e event)
{
    ptn_rtf_flush(r);

    if (!ptn_rtf_quiet(r)) {
        r->sink->event(r->ctx, event);
    }
}


/* The page of the bytes that come: the font's, of tags the document's. */

static const ptn_rtf_page_t *
ptn_rtf_page_now(ptn_rtf_reader_t *r)
{
    ptn_rtf_font_t  *f;

    if (r->base == NULL) {
        r->base = ptn_rtf_page(r->pool, &r->pages, r->codepage);
    }

    if (r->s->dest == PTN_RTF_IN_TAG || r->s->dest == PTN_RTF_IN_INST
        || r->s->c.font >= r->nfonts)
    {
        return r->base;
    }

    f = &r->fonts[r->s->c.font];

    if (f->page == NULL) {
        f->page = f->codepage != 0
                  ? ptn_rtf_page(r->pool, &r->pages, f->codepage) : r->base;
    }

    return f->page;
}


/* One byte of text, escaped or not. */

static void
ptn_rtf_byte(ptn_rtf_reader_t *r, u_char c)
{
    const ptn_rtf_page_t  *page;

    if (r->skip != 0) {
        r->skip--;
        return;
    }

    switch (r->s->dest) {

    case PTN_RTF_IN_SKIP:
        return;

    case PTN_RTF_IN_FONTS:
    case PTN_RTF_IN_COLORS:
        return;                     /* names are read by spans */
    }

    if (r->eat) {
        r->eat = false;

        if (c == ' ') {
            return;
        }
    }

    page = ptn_rtf_page_now(r);
    if (page == NULL) {
        return;
    }

    ptn_rtf_surrogate_end(r);

    if (page->charset != NULL) {
        if (r->raw_page != page) {
            ptn_rtf_raw_end(r);
            r->raw_page = page;
        }

        if (c != 0) {
            ptn_buf_byte(&r->raw, c);
        }

        return;
    }

    ptn_rtf_raw_end(r);

    if (page->codepage == PTN_RTF_SYMBOL) {
        ptn_rtf_code(r, ptn_rtf_symbol(r->fonts[r->s->c.font].name, c));

    } else {
        ptn_rtf_code(r, c < 0x80 ? c : page->high[c - 0x80]);
    }
}


/* A character that a control word or \u stands for. */

static void
ptn_rtf_char(ptn_rtf_reader_t *r, uint32_t c)
{
    if (r->skip != 0) {
        r->skip--;
        return;
    }

    r->eat = false;

    if (r->s->dest == PTN_RTF_IN_SKIP || r->s->dest == PTN_RTF_IN_FONTS) {
        return;
    }

    ptn_rtf_raw_end(r);
    ptn_rtf_surrogate_end(r);
    ptn_rtf_code(r, c);
}


/* \uN: a unit of UTF-16; some write whole characters. */

static void
ptn_rtf_unicode(ptn_rtf_reader_t *r, int32_t n)
{
    uint32_t  c;

    c = (n < 0 && n >= -32768) ? (uint32_t) (n + 65536) : (uint32_t) n;

    r->eat = false;
    r->skip = 0;

    if (r->s->dest != PTN_RTF_IN_SKIP && r->s->dest != PTN_RTF_IN_FONTS) {
        ptn_rtf_raw_end(r);

        if (c >= 0xdc00 && c <= 0xdfff && r->surrogate != 0) {
            c = 0x10000 + ((r->surrogate - 0xd800) << 10) + (c - 0xdc00);
            r->surrogate = 0;
        }

        ptn_rtf_surrogate_end(r);

        if (c >= 0xd800 && c <= 0xdbff) {
            r->surrogate = c;

        } else if (c > 0x10ffff || (c >= 0xdc00 && c <= 0xdfff)) {
            ptn_rtf_code(r, 0xfffd);

        } else {
            ptn_rtf_code(r, c);
        }
    }

    r->skip = r->s->uc;
}


/* --- groups --------------------------------------------------------------- */

static void
ptn_rtf_open(ptn_rtf_reader_t *r)
{
    ptn_rtf_flush(r);
    r->skip = 0;

    if (r->deep != 0 || r->s == &r->stack[PTN_RTF_DEPTH_MAX - 1]) {
        r->deep++;
        return;
    }

    r->s[1] = r->s[0];
    r->s++;
    r->s->opens = PTN_RTF_IN_TEXT;
    r->fresh = true;
    r->star = false;
}


static void
ptn_rtf_close(ptn_rtf_reader_t *r)
{
    uint8_t  opens;

    ptn_rtf_flush(r);
    r->skip = 0;
    r->fresh = false;
    r->star = false;

    if (r->deep != 0) {
        r->deep--;
        return;
    }

    if (r->s == r->stack) {
        r->end = r->p;              /* there is nothing behind the document */
        return;
    }

    opens = r->s->opens;
    r->s--;

    switch (opens) {

    case PTN_RTF_IN_INST:
        if (r->s->dest != PTN_RTF_IN_INST) {
            ptn_rtf_event(r, PTN_RTF_FIELD);
        }

        break;

    case PTN_RTF_IN_MARKER:
        if (r->s->dest == PTN_RTF_IN_TEXT) {
            ptn_rtf_event(r, PTN_RTF_MARKER);
        }

        break;

    case PTN_RTF_INTO_FIELD:
        ptn_rtf_event(r, PTN_RTF_FIELD_END);
        break;
    }

    if (r->s == r->stack) {
        r->end = r->p;
    }
}


static void
ptn_rtf_dest(ptn_rtf_reader_t *r, ptn_rtf_dest_e dest)
{
    ptn_rtf_state_t  *s;

    ptn_rtf_flush(r);
    s = r->s;

    switch (dest) {

    case PTN_RTF_INTO_SAME:
        return;

    case PTN_RTF_INTO_FIELD:
        if (s->dest == PTN_RTF_IN_TEXT) {
            s->opens = dest;
        }

        return;

    case PTN_RTF_INTO_HOLDER:
        s->under = s->dest;
        s->dest = PTN_RTF_IN_SKIP;
        return;

    case PTN_RTF_INTO_HELD:
        if (s->dest == PTN_RTF_IN_SKIP) {
            s->dest = s->under;
        }

        return;

    default:
        break;
    }

    if (s->dest == PTN_RTF_IN_SKIP) {
        return;
    }

    if (dest == PTN_RTF_IN_TAG && r->kind != PTN_RTF_FROM_HTML) {
        dest = PTN_RTF_IN_SKIP;
    }

    if (dest == PTN_RTF_IN_INST) {
        r->inst.len = 0;
    }

    if (dest == PTN_RTF_IN_MARKER) {
        r->marker.len = 0;

        if (r->kind != PTN_RTF_REAL) {
            dest = PTN_RTF_IN_SKIP;
        }
    }

    if (dest == PTN_RTF_IN_COLORS) {
        memset(&r->rgb, 0, sizeof(r->rgb));
        r->rgb.automatic = true;
    }

    s->opens = dest;
    s->dest = dest;
    s->under = PTN_RTF_IN_SKIP;
}


/* --- control words -------------------------------------------------------- */

static void
ptn_rtf_set(ptn_rtf_reader_t *r, ptn_rtf_set_e set, bool has, int32_t n)
{
    switch (set) {

    case PTN_RTF_SET_U:
        if (has) {
            ptn_rtf_unicode(r, n);
        }

        return;

    case PTN_RTF_SET_BIN:
        if (has && n > 0) {
            r->p += ptn_min((size_t) n, (size_t) (r->end - r->p));
        }

        return;

    default:
        break;
    }

    ptn_rtf_flush(r);

    if (set == PTN_RTF_SET_HTMLRTF || set == PTN_RTF_SET_UC) {
        n = has ? n : 1;
    }

    if (set == PTN_RTF_SET_SIZE) {
        n = has ? n : 24;
    }

    ptn_rtf_set_state(r, set, has, n);
}


/* What only shows in text; elsewhere it is a blank at most. */

static void
ptn_rtf_shown(ptn_rtf_reader_t *r, ptn_rtf_event_e event)
{
    if (r->skip != 0) {
        r->skip--;
        return;
    }

    switch (r->s->dest) {

    case PTN_RTF_IN_TEXT:
    case PTN_RTF_IN_TAG:
        break;

    case PTN_RTF_IN_MARKER:
    case PTN_RTF_IN_INST:
        if (event == PTN_RTF_TAB) {
            ptn_rtf_char(r, '\t');

        } else if (event == PTN_RTF_NBSP) {
            ptn_rtf_char(r, ' ');
        }

        return;

    default:
        return;
    }

    if (event == PTN_RTF_TROWD) {
        memset(&r->row, 0, sizeof(r->row));
    }

    ptn_rtf_event(r, event);
    r->eat = event == PTN_RTF_ATTACH;
}


static void
ptn_rtf_control(ptn_rtf_reader_t *r, const u_char *name, size_t len, bool has,
    int32_t n)
{
    bool                    star, fresh;
    const ptn_rtf_word_t   *w;

    star = r->star;
    fresh = r->fresh;
    r->star = false;
    r->fresh = false;

    if (r->deep != 0) {
        if (len == 3 && memcmp(name, "bin", 3) == 0) {
            ptn_rtf_set(r, PTN_RTF_SET_BIN, has, n);
        }

        return;
    }

    w = ptn_rtf_word(name, len);

    if (w == NULL) {
        if (star) {
            ptn_rtf_dest(r, PTN_RTF_IN_SKIP);
        }

        /* one that stands for a character counts, unknown ones may be such */

        r->skip -= r->skip != 0;
        return;
    }

    switch (w->kind) {

    case PTN_RTF_CHAR:
        ptn_rtf_char(r, w->arg);
        return;

    case PTN_RTF_EVENT:
        ptn_rtf_shown(r, (ptn_rtf_event_e) w->arg);
        return;

    case PTN_RTF_INTO:
        if (fresh || star) {
            ptn_rtf_dest(r, (ptn_rtf_dest_e) w->arg);
        }

        return;

    case PTN_RTF_FLAG:
        ptn_rtf_flush(r);

        if (has && n == 0) {
            r->s->c.flags &= (uint16_t) ~w->arg;

        } else {
            r->s->c.flags |= w->arg;
        }

        break;

    default:
        ptn_rtf_set(r, (ptn_rtf_set_e) w->arg, has, n);

        if (w->arg == PTN_RTF_SET_U) {
            return;
        }

        break;
    }

    r->skip -= r->skip != 0;
}


/* --- tokens --------------------------------------------------------------- */

static int
ptn_rtf_hex(u_char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c = ptn_tolower(c);

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


static bool
ptn_rtf_letter(u_char c)
{
    return ptn_tolower(c) >= 'a' && ptn_tolower(c) <= 'z';
}


/* The number at *p, as far as 32 bits hold it; false: there is none. */

static bool
ptn_rtf_number(const u_char **p, const u_char *end, int32_t *ret_n)
{
    bool           minus;
    int64_t        n;
    const u_char  *q, *digits;

    q = *p;
    minus = q < end && *q == '-';
    q += minus;
    digits = q;

    for (n = 0; q < end && *q >= '0' && *q <= '9'; q++) {
        n = ptn_min(n * 10 + (*q - '0'), (int64_t) INT32_MAX);
    }

    if (q == digits) {
        return false;
    }

    *p = q;
    *ret_n = (int32_t) (minus ? -n : n);

    return true;
}


/* Behind a backslash. */

static void
ptn_rtf_escape(ptn_rtf_reader_t *r)
{
    int            hi, lo;
    bool           has;
    u_char         c;
    int32_t        n;
    const u_char  *name, *end;

    if (r->p == r->end) {
        return;
    }

    if (ptn_rtf_letter(*r->p)) {
        for (name = r->p; r->p < r->end && ptn_rtf_letter(*r->p); r->p++) {
            /* void */
        }

        end = r->p;
        n = 0;
        has = ptn_rtf_number(&r->p, r->end, &n);

        if (r->p < r->end && *r->p == ' ') {
            r->p++;
        }

        ptn_rtf_control(r, name, (size_t) (end - name), has, n);
        return;
    }

    c = *r->p++;

    if (r->deep != 0) {
        return;
    }

    switch (c) {

    case '\'':
        if (r->end - r->p >= 2) {
            hi = ptn_rtf_hex(r->p[0]);
            lo = ptn_rtf_hex(r->p[1]);

            if (hi >= 0 && lo >= 0) {
                r->p += 2;
                ptn_rtf_byte(r, (u_char) (hi << 4 | lo));
            }
        }

        break;

    case '\\':
    case '{':
    case '}':
        ptn_rtf_byte(r, c);
        break;

    case '~':
        ptn_rtf_shown(r, PTN_RTF_NBSP);
        break;

    case '_':

        /* MS-OXRTFEX 2.1.3.1.4.2 has it for &shy; */

        if (r->kind == PTN_RTF_FROM_HTML) {
            ptn_rtf_shown(r, PTN_RTF_SHY);

        } else {
            ptn_rtf_char(r, 0x2011);
        }

        break;

    case '-':
        ptn_rtf_shown(r, PTN_RTF_SHY);
        break;

    case '*':
        r->star = r->fresh;
        return;                     /* the group's word is still to come */

    case '\r':
    case '\n':
        ptn_rtf_shown(r, PTN_RTF_PAR);
        break;

    case '\t':
        ptn_rtf_shown(r, PTN_RTF_TAB);
        break;

    default:
        break;
    }

    r->fresh = false;
}


/* Text up to the next token; the common case of ASCII goes at once. */

static void
ptn_rtf_span(ptn_rtf_reader_t *r)
{
    const u_char          *p, *from;
    const ptn_rtf_page_t  *page;

    from = r->p;

    for (p = from; p < r->end && *p != '\\' && *p != '{' && *p != '}'
                   && *p != '\r' && *p != '\n'; p++)
    {
        /* void */
    }

    r->p = p;

    if (r->deep != 0 || r->s->dest == PTN_RTF_IN_SKIP) {
        r->skip = 0;
        return;
    }

    r->fresh = false;
    r->star = false;

    if (r->s->dest == PTN_RTF_IN_FONTS) {
        ptn_rtf_font_name(r, from, (size_t) (p - from));
        return;
    }

    if (r->s->dest == PTN_RTF_IN_COLORS) {
        ptn_rtf_color_end(r, from, (size_t) (p - from));
        return;
    }

    while (from < p) {

        if (*from == 0 || *from >= 0x80 || r->skip != 0 || r->eat
            || r->raw.len != 0 || r->surrogate != 0)
        {
            ptn_rtf_byte(r, *from++);
            continue;
        }

        page = ptn_rtf_page_now(r);

        if (page == NULL || page->charset != NULL
            || page->codepage == PTN_RTF_SYMBOL)
        {
            ptn_rtf_byte(r, *from++);
            continue;
        }

        for (r->p = from; from < p && *from != 0 && *from < 0x80; from++) {
            /* void */
        }

        ptn_rtf_into(r, r->p, (size_t) (from - r->p));
    }

    r->p = p;
}


bool
ptn_rtf_read(ptn_rtf_reader_t *r, ptn_str_t rtf)
{
    r->p = rtf.len != 0 ? rtf.data : (const u_char *) "";
    r->end = r->p + rtf.len;
    r->s = r->stack;
    memset(r->s, 0, sizeof(ptn_rtf_state_t));
    r->s->under = PTN_RTF_IN_SKIP;
    r->s->uc = 1;
    r->codepage = 1252;
    r->font = UINT16_MAX;
    ptn_buf_init(&r->raw, r->pool);
    ptn_buf_init(&r->run, r->pool);
    ptn_buf_init(&r->name, r->pool);
    ptn_buf_init(&r->inst, r->pool);
    ptn_buf_init(&r->marker, r->pool);
    ptn_rtf_plain(r);

    while (r->p < r->end && r->out->len < PTN_RTF_MADE_MAX) {

        switch (*r->p) {

        case '{':
            r->p++;
            ptn_rtf_open(r);
            break;

        case '}':
            r->p++;
            ptn_rtf_close(r);
            break;

        case '\\':
            r->p++;
            ptn_rtf_escape(r);
            break;

        case '\r':
        case '\n':
            r->p++;
            break;

        default:
            ptn_rtf_span(r);
            break;
        }
    }

    while (r->s > r->stack) {       /* what was left open */
        r->deep = 0;
        ptn_rtf_close(r);
    }

    ptn_rtf_flush(r);

    return r->out->len < PTN_RTF_MADE_MAX;
}


/* --- what it is ----------------------------------------------------------- */

ptn_rtf_kind_e
ptn_rtf_kind(ptn_str_t rtf)
{
    bool           first;
    int32_t        n;
    unsigned       tokens;
    ptn_str_t      word;
    const u_char  *p, *end;

    p = rtf.len != 0 ? rtf.data : (const u_char *) "";
    end = p + rtf.len;

    if (!ptn_str_istarts(rtf, "{\\rtf")) {
        return PTN_RTF_NONE;
    }

    first = true;

    for (tokens = 0; tokens < 10 && p < end; tokens++) {

        while (p < end && (*p == '\r' || *p == '\n' || *p == ' ')) {
            p++;
        }

        if (p < end && *p == '{') {
            p++;
            continue;
        }

        if (end - p >= 2 && *p == '\\' && p[1] == '*') {
            p += 2;
            continue;
        }

        if (end - p < 2 || *p != '\\' || !ptn_rtf_letter(p[1])) {
            break;
        }

        word.data = (u_char *) ++p;

        while (p < end && ptn_rtf_letter(*p)) {
            p++;
        }

        word.len = (size_t) (p - word.data);
        n = 1;
        (void) ptn_rtf_number(&p, end, &n);

        if (p < end && *p == ' ') {
            p++;
        }

        if (first && !ptn_str_eqz(word, "rtf")) {
            return PTN_RTF_NONE;
        }

        first = false;

        if (ptn_str_eqz(word, "fromhtml") && n != 0) {
            return PTN_RTF_FROM_HTML;
        }

        if (ptn_str_eqz(word, "fromtext")) {
            return PTN_RTF_FROM_TEXT;
        }
    }

    return PTN_RTF_REAL;
}
