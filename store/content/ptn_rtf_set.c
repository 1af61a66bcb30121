/*
 * What control words change: the document's fonts and colours, the state of a
 * group, the definition of a row.
 */

#include "ptn_charset.h"
#include "ptn_rtf_in.h"


#define PTN_RTF_NAME_MAX   128      /* of a font */
#define PTN_RTF_NUMBERS    32768    /* fonts have numbers below it */
#define PTN_RTF_NUMBERS_FEW  256


/* --- fonts and colours ---------------------------------------------------- */

uint16_t
ptn_rtf_font_find(const ptn_rtf_reader_t *r, int32_t number)
{
    if (number < 0 || (uint32_t) number >= r->numbers
        || r->font_of[number] == 0)
    {
        return UINT16_MAX;
    }

    return (uint16_t) (r->font_of[number] - 1);
}


/* Room for one more font with that number; most documents have a few. */

static bool
ptn_rtf_font_room(ptn_rtf_reader_t *r, int32_t number)
{
    size_t           size;
    uint16_t        *of;
    ptn_rtf_font_t  *fonts;

    if (r->nfonts == r->fonts_size) {
        size = r->fonts_size != 0 ? (size_t) r->fonts_size * 4 : 16;
        fonts = ptn_parray(r->pool, size, sizeof(ptn_rtf_font_t));

        if (fonts == NULL) {
            return false;
        }

        if (r->nfonts != 0) {
            memcpy(fonts, r->fonts, r->nfonts * sizeof(ptn_rtf_font_t));
        }

        r->fonts = fonts;
        r->fonts_size = (uint16_t) size;
    }

    if ((uint32_t) number >= r->numbers) {
        size = number < PTN_RTF_NUMBERS_FEW ? PTN_RTF_NUMBERS_FEW
                                            : PTN_RTF_NUMBERS;
        of = ptn_pcalloc(r->pool, size * sizeof(uint16_t));

        if (of == NULL) {
            return false;
        }

        if (r->numbers != 0) {
            memcpy(of, r->font_of, r->numbers * sizeof(uint16_t));
        }

        r->font_of = of;
        r->numbers = (uint32_t) size;
    }

    return true;
}


/* \fN within the table: what follows is of that font. */

static void
ptn_rtf_font_begin(ptn_rtf_reader_t *r, int32_t number)
{
    ptn_rtf_font_t  *f;

    r->font = UINT16_MAX;
    r->name.len = 0;

    if (number < 0 || number >= PTN_RTF_NUMBERS
        || r->nfonts == PTN_RTF_FONTS_MAX)
    {
        return;
    }

    if (!ptn_rtf_font_room(r, number)) {
        return;
    }

    f = &r->fonts[r->nfonts];
    memset(f, 0, sizeof(ptn_rtf_font_t));
    f->number = number;
    r->font = r->nfonts++;
    r->font_of[number] = r->nfonts;
}


void
ptn_rtf_font_name(ptn_rtf_reader_t *r, const u_char *p, size_t len)
{
    ptn_str_t  s;

    for ( /* void */ ; len != 0; p++, len--) {

        if (*p != ';') {
            if (*p >= ' ' && *p != '"' && r->name.len < PTN_RTF_NAME_MAX) {
                ptn_buf_byte(&r->name, *p);
            }

            continue;
        }

        if (r->font < r->nfonts) {
            s = ptn_buf_get(&r->name);

            while (s.len != 0 && *s.data == ' ') {
                s.data++;
                s.len--;
            }

            r->fonts[r->font].name = ptn_str_dup(r->pool,
                                                 ptn_utf8_clean(r->pool, s));
        }

        r->name.len = 0;
    }
}


/* Of colours only the semicolons are text. */

void
ptn_rtf_color_end(ptn_rtf_reader_t *r, const u_char *p, size_t len)
{
    for ( /* void */ ; len != 0; p++, len--) {

        if (*p != ';' || r->ncolors == PTN_RTF_COLORS_MAX) {
            continue;
        }

        if (r->colors == NULL) {
            r->colors = ptn_parray(r->pool, PTN_RTF_COLORS_MAX,
                                   sizeof(ptn_rtf_color_t));
            if (r->colors == NULL) {
                return;
            }
        }

        r->colors[r->ncolors++] = r->rgb;
        memset(&r->rgb, 0, sizeof(r->rgb));
        r->rgb.automatic = true;
    }
}


static void
ptn_rtf_color_part(ptn_rtf_reader_t *r, unsigned part, int32_t n)
{
    r->rgb.rgb[part] = (u_char) ptn_min(ptn_max(n, 0), 255);
    r->rgb.automatic = false;
}


/* --- the state --------------------------------------------------------- */

void
ptn_rtf_plain(ptn_rtf_reader_t *r)
{
    memset(&r->s->c, 0, sizeof(ptn_rtf_char_t));
    r->s->c.size = 24;
    r->s->c.font = ptn_rtf_font_find(r, r->deff);
}


static uint16_t
ptn_rtf_small(int32_t n)
{
    return (uint16_t) ptn_min(ptn_max(n, 0), UINT16_MAX);
}


static int32_t
ptn_rtf_twips(int32_t n)
{
    return ptn_min(ptn_max(n, -31680), 31680);      /* 22 inches */
}


/* What the document and its tables say. */

static bool
ptn_rtf_set_document(ptn_rtf_reader_t *r, ptn_rtf_set_e set, bool has,
    int32_t n)
{
    ptn_rtf_font_t  *f;

    f = (r->s->dest == PTN_RTF_IN_FONTS && r->font < r->nfonts)
        ? &r->fonts[r->font] : NULL;

    switch (set) {

    case PTN_RTF_SET_ANSI:
        return true;

    case PTN_RTF_SET_ANSICPG:
        r->codepage = (has && n > 0) ? (uint32_t) n : 1252;
        r->base = NULL;
        return true;

    case PTN_RTF_SET_MAC:
        r->codepage = 10000;
        r->base = NULL;
        return true;

    case PTN_RTF_SET_PC:
        r->codepage = 437;
        r->base = NULL;
        return true;

    case PTN_RTF_SET_PCA:
        r->codepage = 850;
        r->base = NULL;
        return true;

    case PTN_RTF_SET_DEFF:
        r->deff = n;
        return true;

    case PTN_RTF_SET_CHARSET:
        if (f != NULL) {
            f->codepage = ptn_rtf_charset_page(n);
        }

        return true;

    case PTN_RTF_SET_CPG:
        if (f != NULL && n > 0) {
            f->codepage = (uint32_t) n;
        }

        return true;

    case PTN_RTF_SET_FROMAN:
    case PTN_RTF_SET_FSWISS:
    case PTN_RTF_SET_FMODERN:
        if (f != NULL) {
            f->family = set == PTN_RTF_SET_FROMAN ? PTN_RTF_FROMAN
                        : set == PTN_RTF_SET_FSWISS ? PTN_RTF_FSWISS
                        : PTN_RTF_FMODERN;
        }

        return true;

    case PTN_RTF_SET_RED:
        ptn_rtf_color_part(r, 0, n);
        return true;

    case PTN_RTF_SET_GREEN:
        ptn_rtf_color_part(r, 1, n);
        return true;

    case PTN_RTF_SET_BLUE:
        ptn_rtf_color_part(r, 2, n);
        return true;

    default:
        return false;
    }
}


static bool
ptn_rtf_set_char(ptn_rtf_reader_t *r, ptn_rtf_set_e set, int32_t n)
{
    ptn_rtf_char_t  *c;

    c = &r->s->c;

    switch (set) {

    case PTN_RTF_SET_FONT:
        if (r->s->dest == PTN_RTF_IN_FONTS) {
            ptn_rtf_font_begin(r, n);

        } else {
            c->font = ptn_rtf_font_find(r, n);
        }

        return true;

    case PTN_RTF_SET_SIZE:
        c->size = ptn_rtf_small(ptn_min(n, 3276));
        return true;

    case PTN_RTF_SET_COLOR:
        c->color = ptn_rtf_small(n);
        return true;

    case PTN_RTF_SET_BACK:
        c->back = ptn_rtf_small(n);
        return true;

    case PTN_RTF_SET_PLAIN:
        ptn_rtf_plain(r);
        return true;

    case PTN_RTF_SET_ULNONE:
        c->flags &= (uint16_t) ~PTN_RTF_UNDERLINE;
        return true;

    case PTN_RTF_SET_NOSUPERSUB:
        c->flags &= (uint16_t) ~(PTN_RTF_SUB|PTN_RTF_SUPER);
        return true;

    case PTN_RTF_SET_RTLCH:
        c->flags |= PTN_RTF_RTLCH;
        return true;

    case PTN_RTF_SET_LTRCH:
        c->flags &= (uint16_t) ~PTN_RTF_RTLCH;
        return true;

    case PTN_RTF_SET_HTMLRTF:
        r->s->htmlrtf = n != 0;
        return true;

    case PTN_RTF_SET_UC:
        r->s->uc = (uint8_t) ptn_min(ptn_max(n, 0), 64);
        return true;

    default:
        return false;
    }
}


static bool
ptn_rtf_set_para(ptn_rtf_reader_t *r, ptn_rtf_set_e set, bool has, int32_t n)
{
    ptn_rtf_para_t  *p;

    p = &r->s->p;

    switch (set) {

    case PTN_RTF_SET_PARD:
        memset(p, 0, sizeof(ptn_rtf_para_t));
        return true;

    case PTN_RTF_SET_QL:
        p->align = PTN_RTF_LEFT;
        return true;

    case PTN_RTF_SET_QR:
        p->align = PTN_RTF_RIGHT;
        return true;

    case PTN_RTF_SET_QC:
        p->align = PTN_RTF_CENTER;
        return true;

    case PTN_RTF_SET_QJ:
        p->align = PTN_RTF_JUSTIFY;
        return true;

    case PTN_RTF_SET_LEFT:
        p->left = ptn_rtf_twips(n);
        return true;

    case PTN_RTF_SET_RIGHT:
        p->right = ptn_rtf_twips(n);
        return true;

    case PTN_RTF_SET_FIRST:
        p->first = ptn_rtf_twips(n);
        return true;

    case PTN_RTF_SET_SPACE_BEFORE:
        p->before = ptn_rtf_twips(ptn_max(n, 0));
        return true;

    case PTN_RTF_SET_SPACE_AFTER:
        p->after = ptn_rtf_twips(ptn_max(n, 0));
        return true;

    case PTN_RTF_SET_RTLPAR:
    case PTN_RTF_SET_LTRPAR:
        p->rtl = set == PTN_RTF_SET_RTLPAR;
        return true;

    case PTN_RTF_SET_INTBL:
        p->itap = ptn_max(p->itap, 1);
        return true;

    case PTN_RTF_SET_ITAP:
        p->itap = (uint8_t) ptn_min(ptn_max(has ? n : 1, 0),
                                    PTN_RTF_TABLES_MAX);
        return true;

    default:
        return false;
    }
}


static void
ptn_rtf_set_row(ptn_rtf_reader_t *r, ptn_rtf_set_e set)
{
    switch (set) {

    case PTN_RTF_SET_CELLX:
        if (r->row.n < PTN_RTF_CELLS_MAX) {
            r->row.joins[r->row.n++] = r->row.merged;
        }

        r->row.merged = false;
        break;

    case PTN_RTF_SET_MERGED:
        r->row.merged = true;
        break;

    case PTN_RTF_SET_RTLROW:
    case PTN_RTF_SET_LTRROW:
        r->row.rtl = set == PTN_RTF_SET_RTLROW;
        break;

    default:
        break;
    }
}


void
ptn_rtf_set_state(ptn_rtf_reader_t *r, ptn_rtf_set_e set, bool has, int32_t n)
{
    if (!ptn_rtf_set_document(r, set, has, n) && !ptn_rtf_set_char(r, set, n)
        && !ptn_rtf_set_para(r, set, has, n))
    {
        ptn_rtf_set_row(r, set);
    }
}
