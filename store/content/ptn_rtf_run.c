/*
 * Runs, paragraphs and lists of RTF as HTML.
 *
 * A paragraph is a <div>, as RTF has no space between them by itself; a list
 * item is known by the marker that its writer put there for readers that know
 * no lists (\pntext, \listtext), its depth by its indent.
 */

#include <stdlib.h>

#include "ptn_rtf_html_in.h"


void
ptn_rtf_html_escape(ptn_buf_t *out, const u_char *p, size_t len, bool *blank)
{
    const u_char  *end, *from;

    for (end = p + len; p < end; /* void */ ) {

        if (*p == ' ') {
            ptn_buf_z(out, *blank ? "&nbsp;" : " ");
            *blank = true;
            p++;
            continue;
        }

        *blank = false;

        if (*p == '&') {
            ptn_buf_z(out, "&amp;");
            p++;

        } else if (*p == '<') {
            ptn_buf_z(out, "&lt;");
            p++;

        } else if (*p == '>') {
            ptn_buf_z(out, "&gt;");
            p++;

        } else if (*p == '"') {
            ptn_buf_z(out, "&quot;");
            p++;

        } else if (*p < ' ' || *p == 0x7f) {
            p++;                    /* HTML has no such characters */

        } else {
            for (from = p; p < end && *p > ' ' && *p != '&' && *p != '<'
                           && *p != '>' && *p != '"' && *p != 0x7f; p++)
            {
                /* void */
            }

            ptn_buf_add(out, from, (size_t) (p - from));
        }
    }
}


/* --- runs ----------------------------------------------------------------- */

static const struct {
    uint16_t     flag;
    const char  *open, *close;
} ptn_rtf_tags[] = {
    { PTN_RTF_BOLD,      "<b>",   "</b>" },
    { PTN_RTF_ITALIC,    "<i>",   "</i>" },
    { PTN_RTF_UNDERLINE, "<u>",   "</u>" },
    { PTN_RTF_STRIKE,    "<s>",   "</s>" },
    { PTN_RTF_SUB,       "<sub>", "</sub>" },
    { PTN_RTF_SUPER,     "<sup>", "</sup>" },
};


/* Letters, digits, blanks and the like: what a style may have. */

static void
ptn_rtf_html_font(ptn_buf_t *out, const ptn_rtf_font_t *f)
{
    size_t                    i;
    u_char                    c;
    static const char *const  families[] = {
        "", ",serif", ",sans-serif", ",monospace"
    };

    ptn_buf_z(out, "font-family:'");

    for (i = 0; i < f->name.len; i++) {
        c = f->name.data[i];

        if (c >= 0x80 || c == ' ' || c == '-' || c == '_'
            || (c >= '0' && c <= '9')
            || (ptn_tolower(c) >= 'a' && ptn_tolower(c) <= 'z'))
        {
            ptn_buf_byte(out, c);
        }
    }

    ptn_buf_z(out, "'");
    ptn_buf_z(out, families[f->family]);
    ptn_buf_byte(out, ';');
}


static const ptn_rtf_font_t *
ptn_rtf_html_named(const ptn_rtf_reader_t *r, uint16_t font)
{
    if (font >= r->nfonts || r->fonts[font].name.len == 0
        || r->fonts[font].codepage == PTN_RTF_SYMBOL)
    {
        return NULL;
    }

    return &r->fonts[font];
}


static const u_char *
ptn_rtf_html_color(const ptn_rtf_reader_t *r, uint16_t color)
{
    return (color < r->ncolors && !r->colors[color].automatic)
           ? r->colors[color].rgb : NULL;
}


void
ptn_rtf_html_body(ptn_rtf_html_t *h)
{
    const ptn_rtf_font_t  *f;

    if (h->body) {
        return;
    }

    h->body = true;
    f = ptn_rtf_html_named(h->r, ptn_rtf_font_find(h->r, h->r->deff));
    ptn_buf_z(&h->out, "<body style=\"");

    if (f != NULL) {
        ptn_rtf_html_font(&h->out, f);
    }

    ptn_buf_z(&h->out, "font-size:12pt\">\r\n");
}


static void
ptn_rtf_html_style(ptn_rtf_html_t *h)
{
    size_t                 at;
    const u_char          *rgb;
    const ptn_rtf_font_t  *f;

    at = h->out.len;
    ptn_buf_z(&h->out, "<span");

    if ((h->c.flags & PTN_RTF_RTLCH) && !h->r->s->p.rtl) {
        ptn_buf_z(&h->out, " dir=\"rtl\"");
    }

    ptn_buf_z(&h->out, " style=\"");
    f = ptn_rtf_html_named(h->r, h->c.font);

    if (f != NULL && f->number != h->r->deff) {
        ptn_rtf_html_font(&h->out, f);
    }

    if (h->c.size != 24 && h->c.size != 0) {
        ptn_buf_printf(&h->out, "font-size:%u%spt;", h->c.size / 2,
                       h->c.size % 2 ? ".5" : "");
    }

    rgb = ptn_rtf_html_color(h->r, h->c.color);

    if (rgb != NULL && (rgb[0] | rgb[1] | rgb[2])) {
        ptn_buf_printf(&h->out, "color:#%02x%02x%02x;", rgb[0], rgb[1],
                       rgb[2]);
    }

    rgb = h->c.back != 0 ? ptn_rtf_html_color(h->r, h->c.back) : NULL;

    if (rgb != NULL) {
        ptn_buf_printf(&h->out, "background-color:#%02x%02x%02x;", rgb[0],
                       rgb[1], rgb[2]);
    }

    if (h->out.failed) {
        return;
    }

    if (h->out.data[h->out.len - 1] == ';') {
        h->out.data[h->out.len - 1] = '"';
        ptn_buf_byte(&h->out, '>');
        h->span = true;
        return;
    }

    /* no style: a direction, or nothing at all */

    h->out.len -= sizeof(" style=\"") - 1;

    if (h->out.len == at + sizeof("<span") - 1) {
        h->out.len = at;
        return;
    }

    ptn_buf_byte(&h->out, '>');
    h->span = true;
}


/* The link of the innermost field that has one. */

static ptn_str_t
ptn_rtf_html_url(const ptn_rtf_html_t *h)
{
    unsigned   i;
    ptn_str_t  none = ptn_null_string;

    for (i = h->fields; i-- != 0; /* void */ ) {
        if (h->links[i].len != 0) {
            return h->links[i];
        }
    }

    return none;
}


void
ptn_rtf_html_run(ptn_rtf_html_t *h)
{
    size_t     i;
    bool       blank;
    ptn_str_t  url;

    if (h->run && memcmp(&h->c, &h->r->s->c, sizeof(ptn_rtf_char_t)) != 0) {
        ptn_rtf_html_run_end(h);
    }

    if (!h->link) {
        url = ptn_rtf_html_url(h);

        if (url.len != 0) {
            ptn_rtf_html_run_end(h);
            blank = false;
            ptn_buf_z(&h->out, "<a href=\"");
            ptn_rtf_html_escape(&h->out, url.data, url.len, &blank);
            ptn_buf_z(&h->out, "\">");
            h->link = true;
        }
    }

    if (h->run) {
        return;
    }

    h->c = h->r->s->c;
    h->run = true;
    ptn_rtf_html_style(h);

    for (i = 0; i < ptn_nelts(ptn_rtf_tags); i++) {
        if (h->c.flags & ptn_rtf_tags[i].flag) {
            ptn_buf_z(&h->out, ptn_rtf_tags[i].open);
        }
    }
}


void
ptn_rtf_html_run_end(ptn_rtf_html_t *h)
{
    size_t  i;

    if (!h->run) {
        return;
    }

    for (i = ptn_nelts(ptn_rtf_tags); i-- != 0; /* void */ ) {
        if (h->c.flags & ptn_rtf_tags[i].flag) {
            ptn_buf_z(&h->out, ptn_rtf_tags[i].close);
        }
    }

    if (h->span) {
        ptn_buf_z(&h->out, "</span>");
    }

    h->run = false;
    h->span = false;
}


void
ptn_rtf_html_link_end(ptn_rtf_html_t *h)
{
    if (h->link) {
        ptn_rtf_html_run_end(h);
        ptn_buf_z(&h->out, "</a>");
        h->link = false;
    }
}


/* --- lists ---------------------------------------------------------------- */

static void
ptn_rtf_html_list_end(ptn_rtf_html_t *h)
{
    h->nlists--;
    ptn_buf_z(&h->out, h->lists[h->nlists].numbers ? "</li></ol>\r\n"
                                                   : "</li></ul>\r\n");
}


void
ptn_rtf_html_lists_end(ptn_rtf_html_t *h, unsigned table)
{
    while (h->nlists != 0 && h->lists[h->nlists - 1].table >= table) {
        ptn_rtf_html_list_end(h);
    }
}


static int
ptn_rtf_roman(ptn_str_t s)
{
    int                      n, v, last;
    size_t                   i, k;
    static const char        digits[] = "ivxlcdm";
    static const int16_t     values[] = { 1, 5, 10, 50, 100, 500, 1000 };

    n = last = 0;

    for (i = s.len; i-- != 0; /* void */ ) {
        for (k = 0; k < 7 && digits[k] != ptn_tolower(s.data[i]); k++) {
            /* void */
        }

        if (k == 7) {
            return 0;
        }

        v = values[k];
        n += v < last ? -v : v;
        last = ptn_max(last, v);
    }

    return n;
}


/*
 * "1." "(a)" "iv)": a number; else a bullet.  One letter is a letter, but i,
 * which a list may well begin with, is a roman one.
 */
void
ptn_rtf_html_marker(ptn_rtf_html_t *h, ptn_str_t m)
{
    int       n;
    bool      end;
    size_t    i;
    u_char    c;

    while (m.len != 0 && (*m.data <= ' ' || *m.data == '(')) {
        m.data++;
        m.len--;
    }

    for (end = false; m.len != 0; m.len--) {
        c = m.data[m.len - 1];

        if (c > ' ' && c != '.' && c != ')') {
            break;
        }

        end |= c > ' ';
    }

    h->marker = true;
    h->numbers = false;
    h->number = 1;
    h->type = 0;

    if (m.len == 0 || m.len > 8) {
        return;
    }

    for (i = 0; i < m.len && m.data[i] >= '0' && m.data[i] <= '9'; i++) {
        /* void */
    }

    if (i == m.len) {
        for (i = 0, h->number = 0; i < m.len; i++) {
            h->number = h->number * 10 + (m.data[i] - '0');
        }

        h->numbers = true;
        return;
    }

    c = ptn_tolower(m.data[0]);

    if (!end || c < 'a' || c > 'z') {
        return;
    }

    n = (m.len > 1 || c == 'i') ? ptn_rtf_roman(m) : c - 'a' + 1;

    if (n > 0) {
        h->numbers = true;
        h->number = (unsigned) n;
        h->type = (m.len > 1 || c == 'i') ? 'i' : 'a';

        if (m.data[0] < 'a') {
            h->type = (char) (h->type - 'a' + 'A');
        }
    }
}


static void
ptn_rtf_html_list(ptn_rtf_html_t *h, int32_t left)
{
    ptn_rtf_list_t  *l;

    l = &h->lists[h->nlists++];
    l->numbers = h->numbers;
    l->left = left;
    l->table = (uint8_t) h->level;

    if (!h->numbers) {
        ptn_buf_z(&h->out, "<ul>");
        return;
    }

    ptn_buf_z(&h->out, "<ol");

    if (h->type != 0) {
        ptn_buf_printf(&h->out, " type=\"%c\"", h->type);
    }

    if (h->number != 1) {
        ptn_buf_printf(&h->out, " start=\"%u\"", h->number);
    }

    ptn_buf_byte(&h->out, '>');
}


/* A paragraph begins: true: it is the first of a list item. */

static bool
ptn_rtf_html_item(ptn_rtf_html_t *h)
{
    int32_t          left;
    ptn_rtf_list_t  *l;

    left = h->r->s->p.left;

    while (h->nlists != 0) {
        l = &h->lists[h->nlists - 1];

        if (l->table != h->level) {
            break;                  /* a list around this cell's table */
        }

        if (h->marker ? (left > l->left && h->nlists < PTN_RTF_LISTS_MAX)
                        || (left == l->left && l->numbers == h->numbers)
                      : left >= l->left && left > 0)
        {
            break;
        }

        ptn_rtf_html_list_end(h);
    }

    if (!h->marker) {
        return false;
    }

    l = h->nlists != 0 ? &h->lists[h->nlists - 1] : NULL;
    h->marker = false;

    if (l != NULL && l->table == h->level && left == l->left) {
        ptn_buf_z(&h->out, "</li>\r\n<li>");
        return true;
    }

    if (h->nlists == PTN_RTF_LISTS_MAX) {
        return false;
    }

    ptn_rtf_html_list(h, left);
    ptn_buf_z(&h->out, "<li>");

    return true;
}


/* --- paragraphs ----------------------------------------------------------- */

static void
ptn_rtf_html_points(ptn_rtf_html_t *h, const char *name, int32_t twips)
{
    if (twips != 0) {
        ptn_buf_printf(&h->out, "%s:%s%d.%dpt;", name, twips < 0 ? "-" : "",
                       abs(twips) / 20, abs(twips) % 20 / 2);
    }
}


/* `bare`: the tag is left out when it would say nothing; false: it was. */

static bool
ptn_rtf_html_div(ptn_rtf_html_t *h, bool bare)
{
    size_t                    at, start;
    const ptn_rtf_para_t     *p;
    static const char *const  aligns[] = {
        NULL, "right", "center", "justify"
    };

    p = &h->r->s->p;
    start = h->out.len;
    ptn_buf_z(&h->out, "<div");

    if (p->rtl) {
        ptn_buf_z(&h->out, " dir=\"rtl\"");
    }

    at = h->out.len;
    ptn_buf_z(&h->out, " style=\"");

    if (aligns[p->align] != NULL) {
        ptn_buf_printf(&h->out, "text-align:%s;", aligns[p->align]);
    }

    if (h->nlists == 0) {
        ptn_rtf_html_points(h, p->rtl ? "margin-right" : "margin-left",
                            p->left);
        ptn_rtf_html_points(h, "text-indent", p->first);
    }

    ptn_rtf_html_points(h, p->rtl ? "margin-left" : "margin-right",
                        p->right);
    ptn_rtf_html_points(h, "margin-top", p->before);
    ptn_rtf_html_points(h, "margin-bottom", p->after);

    if (h->out.failed) {
        return true;
    }

    if (h->out.data[h->out.len - 1] == ';') {
        h->out.data[h->out.len - 1] = '"';

    } else if (bare && !p->rtl) {
        h->out.len = start;
        return false;

    } else {
        h->out.len = at;
    }

    ptn_buf_byte(&h->out, '>');

    return true;
}


void
ptn_rtf_html_para(ptn_rtf_html_t *h)
{
    if (h->para && h->level == h->r->s->p.itap) {
        return;
    }

    ptn_rtf_html_body(h);
    ptn_rtf_html_level(h, h->r->s->p.itap);

    if (h->para) {
        return;                     /* the same, within an open cell */
    }

    h->bare = ptn_rtf_html_item(h) || !ptn_rtf_html_div(h, h->first);
    h->first = false;

    h->para = true;
    h->empty = true;
    h->blank = true;
}


void
ptn_rtf_html_para_end(ptn_rtf_html_t *h)
{
    if (!h->para) {
        return;
    }

    ptn_rtf_html_run_end(h);
    ptn_rtf_html_link_end(h);

    if (h->empty) {
        ptn_buf_z(&h->out, "<br>");
    }

    if (!h->bare) {
        ptn_buf_z(&h->out, "</div>\r\n");
    }

    h->para = false;
}
