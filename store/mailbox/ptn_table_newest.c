/*
 * The newest rows of a folder without the others.
 *
 * A message is late when it came into its folder after one that was received
 * later (message.late, set as it comes: ptn_view_late()).  Those that are not
 * stand in the order of received as they stand in the order of uids, which is
 * that of the file; the late ones have an index of their own.  The newest rows
 * are the merge of both.
 */

#include <stdlib.h>

#include "ptn_table.h"


/* The folder's numbers in the snapshot that is being read. */

static ptn_rc_t
ptn_newest_numbers(ptn_mbox_t *mb, ptn_table_t *table)
{
    ptn_rc_t       rc;
    uint32_t       total, uidvalidity;
    uint64_t       modseq;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_VIEW_FOLDER, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) table->spec.folder);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    uidvalidity = (uint32_t) ptn_sql_u64(st, 0);
    modseq = ptn_sql_u64(st, 2);
    total = (uint32_t) ptn_sql_u64(st, 4);
    sqlite3_reset(st);

    if (table->head != NULL
        && (table->modseq != modseq || table->uidvalidity != uidvalidity
            || table->n != total))
    {
        return PTN_ESTALE;
    }

    table->uidvalidity = uidvalidity;
    table->modseq = modseq;
    table->n = total;

    return PTN_OK;
}


static ptn_rc_t
ptn_newest_list(ptn_mbox_t *mb, ptn_sql_e sql, ptn_id_t folder, uint32_t max,
    ptn_row_t *rows, uint32_t *ret_n)
{
    ptn_rc_t       rc;
    uint32_t       n;
    ptn_row_t     *row;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, sql, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);
    sqlite3_bind_int64(st, 2, max);

    for (n = 0; (rc = ptn_sql_step(mb, st)) == PTN_AGAIN && n < max; n++) {
        row = &rows[n];
        row->uid = (uint32_t) ptn_sql_u64(st, 0);
        row->flags = (uint32_t) ptn_sql_u64(st, 1);
        row->id = ptn_sql_u64(st, 2);
        row->keywords = ptn_sql_u64(st, 3);
        row->modseq = ptn_sql_u64(st, 4);
        row->size = ptn_sql_u64(st, 5);
        row->received = sqlite3_column_int64(st, 6);
    }

    *ret_n = n;

    return rc;
}


static bool
ptn_newest_before(const ptn_row_t *a, const ptn_row_t *b)
{
    return a->received != b->received ? a->received > b->received
                                      : a->uid > b->uid;
}


static ptn_rc_t
ptn_newest_read(ptn_mbox_t *mb, ptn_table_t *table, uint32_t want)
{
    ptn_rc_t    rc;
    uint32_t    i, k, n, na, nb;
    ptn_row_t  *a, *b, *head;

    a = malloc((3 * (size_t) want + 1) * sizeof(ptn_row_t));
    if (a == NULL) {
        return PTN_ENOMEM;
    }

    b = a + want;
    na = nb = 0;

    rc = ptn_newest_list(mb, PTN_SQL_TABLE_ORDERED, table->spec.folder, want,
                         a, &na);

    if (rc == PTN_OK) {
        rc = ptn_newest_list(mb, PTN_SQL_TABLE_LATE, table->spec.folder, want,
                             b, &nb);
    }

    head = malloc(((size_t) want + 1) * sizeof(ptn_row_t));

    if (rc == PTN_OK && head == NULL) {
        rc = PTN_ENOMEM;
    }

    if (rc == PTN_OK) {
        for (i = 0, k = 0, n = 0; n < want && (i < na || k < nb); n++) {
            head[n] = (k == nb
                       || (i < na && ptn_newest_before(&a[i], &b[k])))
                      ? a[i++] : b[k++];
        }

        free(table->head);
        table->head = head;
        table->nhead = n;

        /* never seen, and cheap to be sure of */

        if (n != ptn_min(want, table->n)) {
            rc = PTN_ESTALE;
        }

    } else {
        free(head);
    }

    free(a);

    return rc;
}


static ptn_rc_t
ptn_newest_load(ptn_mbox_t *mb, ptn_table_t *table, uint32_t want)
{
    bool      reading;
    ptn_rc_t  rc;

    reading = mb->reading;
    rc = ptn_mbox_read(mb);

    if (rc == PTN_OK) {
        rc = ptn_newest_numbers(mb, table);
    }

    if (rc == PTN_OK) {
        rc = ptn_newest_read(mb, table,
                             ptn_min(ptn_max(want, 64U), table->n));
    }

    if (!reading) {
        ptn_mbox_read_end(mb);
    }

    return rc;
}


ptn_rc_t
ptn_newest_begin(ptn_mbox_t *mb, ptn_table_t *table)
{
    ptn_rc_t                  rc;
    ptn_folder_t             *f;
    const ptn_folder_more_t  *more;

    rc = ptn_folder_of(mb, table->spec.folder, &f);
    if (rc != PTN_OK) {
        return rc;
    }

    more = &mb->set->more[f - mb->set->folders];

    /* who does not see all rows, or sees them otherwise, has the view */

    if (!mb->acting.all || mb->kind == PTN_MBOX_PUBLIC
        || mb->batch || table->spec.kind != PTN_TABLE_CONTENTS || f->search
        || (more->top == PTN_TOP_UNKNOWN && f->total != 0))
    {
        return PTN_ESUPPORT;
    }

    rc = ptn_newest_load(mb, table, 0);

    if (rc == PTN_ESTALE) {
        return PTN_ESUPPORT;
    }

    if (rc == PTN_OK) {
        table->newest = true;
    }

    return rc;
}


ptn_rc_t
ptn_newest_need(ptn_mbox_t *mb, ptn_table_t *table, uint64_t upto)
{
    ptn_rc_t  rc;

    upto = ptn_min(upto, (uint64_t) table->n);

    if (!table->newest || upto <= table->nhead) {
        return PTN_OK;
    }

    rc = PTN_ESTALE;

    if (upto <= PTN_TABLE_NEWEST && !mb->batch && mb->acting.all) {
        rc = ptn_newest_load(mb, table,
                             (uint32_t) ptn_min(2 * upto,
                                                PTN_TABLE_NEWEST * 1ULL));
    }

    return (rc == PTN_ESTALE) ? ptn_table_whole(mb, table) : rc;
}
