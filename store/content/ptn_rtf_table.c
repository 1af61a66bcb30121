/*
 * Tables of RTF as HTML.  RTF has rows of cells and no tables: a table is what
 * stands between paragraphs that are in none (or in fewer).
 */

#include "ptn_rtf_html_in.h"


static void
ptn_rtf_html_table(ptn_rtf_html_t *h)
{
    ptn_rtf_html_para_end(h);
    ptn_rtf_html_body(h);

    memset(&h->tables[h->level], 0, sizeof(ptn_rtf_table_t));
    h->level++;
    ptn_buf_z(&h->out, h->r->row.rtl ? "<table dir=\"rtl\">\r\n"
                                     : "<table>\r\n");
}


/* Cells of the definition that are one with this one. */

static unsigned
ptn_rtf_html_span(const ptn_rtf_html_t *h, unsigned column)
{
    unsigned  n;

    if (h->level != 1) {
        return 1;                   /* nested rows are defined behind them */
    }

    for (n = 1; column + n < h->r->row.n && h->r->row.joins[column + n]; n++) {
        /* void */
    }

    return n;
}


static void
ptn_rtf_html_cell(ptn_rtf_html_t *h)
{
    unsigned          span;
    ptn_rtf_table_t  *t;

    t = &h->tables[h->level - 1];

    if (!t->row) {
        ptn_buf_z(&h->out, "<tr>");
        t->row = true;
        t->column = 0;
    }

    if (t->cell) {
        return;
    }

    span = ptn_rtf_html_span(h, t->column);

    if (span > 1) {
        ptn_buf_printf(&h->out, "<td colspan=\"%u\">", span);

    } else {
        ptn_buf_z(&h->out, "<td>");
    }

    t->cell = true;
    h->first = true;
}


static void
ptn_rtf_html_cell_close(ptn_rtf_html_t *h)
{
    ptn_rtf_table_t  *t;

    t = &h->tables[h->level - 1];

    ptn_rtf_html_para_end(h);
    ptn_rtf_html_lists_end(h, h->level);

    if (t->cell) {
        ptn_buf_z(&h->out, "</td>");
        h->first = false;
        t->cell = false;
    }
}


static void
ptn_rtf_html_row_close(ptn_rtf_html_t *h)
{
    ptn_rtf_table_t  *t;

    ptn_rtf_html_cell_close(h);
    t = &h->tables[h->level - 1];

    if (t->row) {
        ptn_buf_z(&h->out, "</tr>\r\n");
        t->row = false;
    }

    t->column = 0;
}


/* Opens or closes tables; the cell stays as it is. */

static void
ptn_rtf_html_tables(ptn_rtf_html_t *h, unsigned level)
{
    while (h->level > level) {
        ptn_rtf_html_row_close(h);
        ptn_buf_z(&h->out, "</table>\r\n");
        h->level--;
    }

    while (h->level < level) {
        if (h->level != 0) {
            ptn_rtf_html_cell(h);
        }

        ptn_rtf_html_table(h);
    }
}


void
ptn_rtf_html_level(ptn_rtf_html_t *h, unsigned level)
{
    ptn_rtf_html_tables(h, ptn_min(level, PTN_RTF_TABLES_MAX));

    if (h->level != 0) {
        ptn_rtf_html_cell(h);
    }
}


void
ptn_rtf_html_cell_end(ptn_rtf_html_t *h, unsigned level)
{
    ptn_rtf_table_t  *t;

    ptn_rtf_html_tables(h, ptn_min(level, PTN_RTF_TABLES_MAX));
    t = &h->tables[h->level - 1];

    /* one that is part of the cell before it has no text */

    if (t->cell || h->level != 1 || t->column >= h->r->row.n
        || !h->r->row.joins[t->column])
    {
        ptn_rtf_html_cell(h);
        ptn_rtf_html_cell_close(h);
    }

    t->column++;
}


void
ptn_rtf_html_row_end(ptn_rtf_html_t *h, unsigned level)
{
    level = ptn_min(level, PTN_RTF_TABLES_MAX);

    if (h->level < level) {
        return;                     /* a row without a cell */
    }

    ptn_rtf_html_tables(h, level);
    ptn_rtf_html_row_close(h);
}
