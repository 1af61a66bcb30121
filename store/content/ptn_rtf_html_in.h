/*
 * What the files that make HTML of RTF share; nobody else includes this.
 *
 *   ptn_rtf_html.c    the entry, HTML that the RTF holds, fields, attachments
 *   ptn_rtf_run.c     runs, paragraphs, lists
 *   ptn_rtf_table.c   tables
 */

#ifndef PTN_RTF_HTML_IN_H
#define PTN_RTF_HTML_IN_H


#include "ptn_rtf_in.h"


#define PTN_RTF_LISTS_MAX   9
#define PTN_RTF_FIELDS_MAX  16

typedef struct {
    bool      numbers;
    int32_t   left;
    uint8_t   table;            /* tables around it */
} ptn_rtf_list_t;

typedef struct {
    bool      row, cell;        /* open */
    unsigned  column;
} ptn_rtf_table_t;

typedef struct {
    ptn_rtf_reader_t        *r;
    ptn_buf_t                out;

    bool                     body;          /* its tag was written */
    bool                     para;          /* a paragraph is open */
    bool                     bare;          /* it has no tag of its own */
    bool                     first;         /* nothing in this cell yet */
    bool                     empty;         /* nothing in it yet */
    bool                     blank;         /* the last was a blank */
    bool                     run, span;     /* its tags are open: */
    ptn_rtf_char_t           c;

    ptn_str_t                links[PTN_RTF_FIELDS_MAX];     /* by field */
    unsigned                 fields;
    bool                     link;          /* <a> is open */

    bool                     marker;        /* the next paragraph is an item */
    bool                     numbers;
    char                     type;          /* of the <ol>, 0: digits */
    unsigned                 number;
    ptn_rtf_list_t           lists[PTN_RTF_LISTS_MAX];
    unsigned                 nlists;

    ptn_rtf_table_t          tables[PTN_RTF_TABLES_MAX + 1];
    unsigned                 level;         /* open tables */

    const ptn_rtf_attach_t  *attachs;       /* to be placed */
    size_t                   nattachs, place;
} ptn_rtf_html_t;


/* Text as HTML; runs of blanks are kept, *blank: the last was one. */
void ptn_rtf_html_escape(ptn_buf_t *out, const u_char *p, size_t len,
    bool *blank);
void ptn_rtf_html_body(ptn_rtf_html_t *h);

/* A paragraph is open, in the tables and lists that it belongs to. */
void ptn_rtf_html_para(ptn_rtf_html_t *h);
void ptn_rtf_html_para_end(ptn_rtf_html_t *h);
/* The tags of the run to which what comes belongs are open. */
void ptn_rtf_html_run(ptn_rtf_html_t *h);
void ptn_rtf_html_run_end(ptn_rtf_html_t *h);
void ptn_rtf_html_link_end(ptn_rtf_html_t *h);
/* Closes all lists within `table` tables or more. */
void ptn_rtf_html_lists_end(ptn_rtf_html_t *h, unsigned table);
/* Of a list item: its marker says which list it is of. */
void ptn_rtf_html_marker(ptn_rtf_html_t *h, ptn_str_t marker);

/* So many tables are open, and a cell of the innermost one. */
void ptn_rtf_html_level(ptn_rtf_html_t *h, unsigned level);
void ptn_rtf_html_cell_end(ptn_rtf_html_t *h, unsigned level);
void ptn_rtf_html_row_end(ptn_rtf_html_t *h, unsigned level);


#endif /* PTN_RTF_HTML_IN_H */
