/*
 * What the files that read RTF share; nobody else includes this.
 *
 *   ptn_rtf_read.c    tokens, groups, destinations; text in UTF-8 to a sink
 *   ptn_rtf_set.c     what control words change
 *   ptn_rtf_words.c   control words
 *   ptn_rtf_page.c    code pages of fonts
 *   ptn_rtf_html.c    a sink: HTML
 *   ptn_rtf_run.c     of it: runs of text, paragraphs, lists
 *   ptn_rtf_table.c   of it: tables
 *   ptn_rtf_text.c    a sink: text
 */

#ifndef PTN_RTF_IN_H
#define PTN_RTF_IN_H


#include "ptn_rtf.h"


/* --- control words -------------------------------------------------------- */

typedef enum {
    PTN_RTF_CHAR,               /* stands for the character arg */
    PTN_RTF_EVENT,              /* ptn_rtf_event_e, to the sink */
    PTN_RTF_FLAG,               /* bit of ptn_rtf_char_t.flags, 0 clears it */
    PTN_RTF_INTO,               /* begins a destination */
    PTN_RTF_SET                 /* ptn_rtf_set_e */
} ptn_rtf_kind_of_word_e;

typedef enum {
    PTN_RTF_PAR, PTN_RTF_LINE, PTN_RTF_TAB, PTN_RTF_CELL, PTN_RTF_ROW,
    PTN_RTF_NESTCELL, PTN_RTF_NESTROW, PTN_RTF_NBSP, PTN_RTF_SHY,
    PTN_RTF_ATTACH,             /* \objattph */
    PTN_RTF_MARKER,             /* of a list item, in r->marker */
    PTN_RTF_FIELD,              /* instruction, in r->inst */
    PTN_RTF_FIELD_END,
    PTN_RTF_TROWD               /* a row's definition begins anew */
} ptn_rtf_event_e;

#define PTN_RTF_BOLD       0x0001
#define PTN_RTF_ITALIC     0x0002
#define PTN_RTF_UNDERLINE  0x0004
#define PTN_RTF_STRIKE     0x0008
#define PTN_RTF_SUB        0x0010
#define PTN_RTF_SUPER      0x0020
#define PTN_RTF_HIDDEN     0x0040
#define PTN_RTF_RTLCH      0x0080

typedef enum {
    PTN_RTF_IN_TEXT,
    PTN_RTF_IN_SKIP,
    PTN_RTF_IN_FONTS,
    PTN_RTF_IN_COLORS,
    PTN_RTF_IN_TAG,             /* \*\htmltag */
    PTN_RTF_IN_INST,            /* \*\fldinst */
    PTN_RTF_IN_MARKER,          /* \pntext, \listtext */
    /* words that begin one, but are none themselves */
    PTN_RTF_INTO_FIELD,
    PTN_RTF_INTO_SAME,          /* goes on as before */
    PTN_RTF_INTO_HOLDER,        /* skipped but for a HELD within */
    PTN_RTF_INTO_HELD
} ptn_rtf_dest_e;

typedef enum {
    PTN_RTF_SET_ANSI, PTN_RTF_SET_ANSICPG, PTN_RTF_SET_BACK, PTN_RTF_SET_BIN,
    PTN_RTF_SET_BLUE, PTN_RTF_SET_CELLX, PTN_RTF_SET_CHARSET,
    PTN_RTF_SET_COLOR, PTN_RTF_SET_CPG, PTN_RTF_SET_DEFF, PTN_RTF_SET_FIRST,
    PTN_RTF_SET_FMODERN, PTN_RTF_SET_FONT, PTN_RTF_SET_FROMAN,
    PTN_RTF_SET_FSWISS, PTN_RTF_SET_GREEN, PTN_RTF_SET_HTMLRTF,
    PTN_RTF_SET_INTBL, PTN_RTF_SET_ITAP, PTN_RTF_SET_LEFT, PTN_RTF_SET_LTRCH,
    PTN_RTF_SET_LTRPAR, PTN_RTF_SET_LTRROW, PTN_RTF_SET_MAC,
    PTN_RTF_SET_MERGED, PTN_RTF_SET_NOSUPERSUB, PTN_RTF_SET_PARD,
    PTN_RTF_SET_PC, PTN_RTF_SET_PCA, PTN_RTF_SET_PLAIN, PTN_RTF_SET_QC,
    PTN_RTF_SET_QJ, PTN_RTF_SET_QL, PTN_RTF_SET_QR, PTN_RTF_SET_RED,
    PTN_RTF_SET_RIGHT, PTN_RTF_SET_RTLCH, PTN_RTF_SET_RTLPAR,
    PTN_RTF_SET_RTLROW, PTN_RTF_SET_SIZE, PTN_RTF_SET_SPACE_AFTER,
    PTN_RTF_SET_SPACE_BEFORE, PTN_RTF_SET_U, PTN_RTF_SET_UC,
    PTN_RTF_SET_ULNONE
} ptn_rtf_set_e;

typedef struct {
    const char  *name;
    uint8_t      kind;          /* ptn_rtf_kind_of_word_e */
    uint16_t     arg;
} ptn_rtf_word_t;

/* NULL: unknown. */
const ptn_rtf_word_t *ptn_rtf_word(const u_char *p, size_t len);


/* --- code pages ----------------------------------------------------------- */

typedef struct ptn_rtf_page_s  ptn_rtf_page_t;

struct ptn_rtf_page_s {
    uint32_t         codepage;
    const char      *charset;       /* of one whose characters have more than
                                       one byte; NULL: `high` says it */
    uint16_t         high[128];
    ptn_rtf_page_t  *next;
};

#define PTN_RTF_SYMBOL  42          /* the code page of symbol fonts */

/* Of \fcharset; 0: the document's. */
uint32_t ptn_rtf_charset_page(int32_t charset);
/* In *list or made for it.  NULL: no memory. */
const ptn_rtf_page_t *ptn_rtf_page(ptn_pool_t *pool, ptn_rtf_page_t **list,
    uint32_t codepage);
/* A character of a symbol font. */
uint32_t ptn_rtf_symbol(ptn_str_t font, u_char c);


/* --- reading -------------------------------------------------------------- */

typedef struct {
    uint16_t  font;                 /* index in r->fonts */
    uint16_t  size;                 /* half points */
    uint16_t  color, back;          /* indexes; 0: automatic */
    uint16_t  flags;
} ptn_rtf_char_t;

typedef enum {
    PTN_RTF_LEFT, PTN_RTF_RIGHT, PTN_RTF_CENTER, PTN_RTF_JUSTIFY
} ptn_rtf_align_e;

typedef struct {
    int32_t  left, right, first;    /* twips */
    int32_t  before, after;
    uint8_t  align;
    uint8_t  itap;                  /* tables around it */
    bool     rtl;
} ptn_rtf_para_t;

typedef struct {
    ptn_rtf_char_t  c;
    ptn_rtf_para_t  p;
    uint8_t         dest, under;    /* ptn_rtf_dest_e; of a HELD one */
    uint8_t         opens;          /* a destination that ends with the group */
    uint8_t         uc;
    bool            htmlrtf;
} ptn_rtf_state_t;

typedef struct {
    int32_t                number;
    uint32_t               codepage;    /* 0: the document's */
    uint8_t                family;      /* ptn_rtf_family_e */
    ptn_str_t              name;
    const ptn_rtf_page_t  *page;        /* NULL: not looked up yet */
} ptn_rtf_font_t;

typedef enum {
    PTN_RTF_FNIL, PTN_RTF_FROMAN, PTN_RTF_FSWISS, PTN_RTF_FMODERN
} ptn_rtf_family_e;

typedef struct {
    bool    automatic;
    u_char  rgb[3];
} ptn_rtf_color_t;

typedef struct ptn_rtf_reader_s  ptn_rtf_reader_t;

typedef struct {
    void  (*text)(void *ctx, const u_char *p, size_t len);
    void  (*event)(void *ctx, ptn_rtf_event_e event);
} ptn_rtf_sink_t;

struct ptn_rtf_reader_s {
    ptn_pool_t             *pool;
    const ptn_buf_t        *out;        /* the sink's */
    const ptn_rtf_sink_t   *sink;
    void                   *ctx;
    ptn_rtf_kind_e          kind;

    const u_char           *p, *end;

    ptn_rtf_state_t        *s;          /* the group's, in `stack` */
    ptn_rtf_state_t         stack[PTN_RTF_DEPTH_MAX];
    unsigned                deep;       /* groups within the deepest one */
    bool                    star;       /* behind \* */
    bool                    fresh;      /* nothing in this group yet */
    unsigned                skip;       /* characters that \u replaces */
    bool                    eat;        /* a blank that \objattph replaces */
    uint32_t                surrogate;

    uint32_t                codepage;   /* of the document */
    const ptn_rtf_page_t   *base;
    ptn_rtf_page_t         *pages;
    ptn_buf_t               raw;        /* bytes of `raw_page` */
    const ptn_rtf_page_t   *raw_page;
    ptn_buf_t               run;        /* UTF-8 for the sink */

    ptn_rtf_font_t         *fonts;
    uint16_t                nfonts, fonts_size;
    uint16_t                font;       /* being defined */
    uint16_t               *font_of;    /* by number: index + 1 */
    uint32_t                numbers;    /* that font_of has */
    int32_t                 deff;
    ptn_buf_t               name;

    ptn_rtf_color_t        *colors;
    uint16_t                ncolors;
    ptn_rtf_color_t         rgb;

    ptn_buf_t               inst, marker;

    struct {                            /* of the row being defined */
        uint8_t             n;
        bool                rtl;
        bool                merged;     /* the cell being defined */
        bool                joins[PTN_RTF_CELLS_MAX];
    } row;
};


/* ptn_rtf_set.c: \plain; any other word; text within the tables of fonts and
 * colours. */
void ptn_rtf_plain(ptn_rtf_reader_t *r);
/* Index of \f's font, or UINT16_MAX. */
uint16_t ptn_rtf_font_find(const ptn_rtf_reader_t *r, int32_t number);
void ptn_rtf_set_state(ptn_rtf_reader_t *r, ptn_rtf_set_e set, bool has,
    int32_t n);
void ptn_rtf_font_name(ptn_rtf_reader_t *r, const u_char *p, size_t len);
void ptn_rtf_color_end(ptn_rtf_reader_t *r, const u_char *p, size_t len);

/* Reads all of `rtf`; r->pool has failed when there was no memory.  False: the
 * sink has PTN_RTF_MADE_MAX bytes, and that was not all. */
bool ptn_rtf_read(ptn_rtf_reader_t *r, ptn_str_t rtf);

/* The kind of what stands there, and whether it is shown at all. */
static inline bool
ptn_rtf_quiet(const ptn_rtf_reader_t *r)
{
    return (r->s->htmlrtf && r->kind != PTN_RTF_REAL)
           || ((r->s->c.flags & PTN_RTF_HIDDEN) && r->kind == PTN_RTF_REAL);
}

/* The address of a HYPERLINK, the source of an INCLUDEPICTURE; len 0: none. */
ptn_str_t ptn_rtf_field_link(ptn_pool_t *pool, ptn_str_t inst);
ptn_str_t ptn_rtf_field_picture(ptn_pool_t *pool, ptn_str_t inst);
/* The character of a SYMBOL, 0: none. */
uint32_t ptn_rtf_field_symbol(ptn_str_t inst);


#endif /* PTN_RTF_IN_H */
