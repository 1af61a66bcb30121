/*
 * store/mailbox, inside: a table (ptn_store_table.h).
 *
 * The rows of a folder's messages are uids, in the order of the table; what
 * belongs to a uid is in the folder's view, which the process shares.  A
 * table keeps the view that it was made from: what has changed since is what
 * differs between that one and the newest.  Folder associated messages are in
 * no view: they are few, and read again when the folder has changed.
 */

#ifndef PTN_TABLE_H
#define PTN_TABLE_H


#include "ptn_item.h"


#define PTN_TABLE_CACHE  128    /* rows; a power of 2 */
#define PTN_TABLE_SHIFT  8      /* so far rows move between two pages */

struct ptn_table_s {
    ptn_table_kind_e      kind;
    ptn_id_t              folder;
    unsigned              flags;
    ptn_sort_t            sorts[PTN_TABLE_SORTS_MAX];
    unsigned              nsorts;
    uint32_t              position;

    uint32_t              n;
    uint32_t             *uids;         /* of messages */
    uint64_t             *keys;         /* first 8 bytes of each sort key;
                                           NULL in the order of open */
    ptn_id_t             *ids;          /* of folders */
    uint32_t             *depths;

    ptn_view_t           *view;         /* CONTENTS */
    ptn_row_t            *rows;         /* FAI, uids ascending */
    uint32_t              nrows;
    uint64_t              modseq;       /* of rows */
    bool                  mixed;        /* rows were read amid a batch */
    uint64_t              hash;         /* HIERARCHY: of what it showed */

    ptn_item_t          **cache;        /* [row % PTN_TABLE_CACHE], each with
                                           its strings behind it, or NULL */
};


/* The row of a message; false: it is not there. */
bool ptn_table_row_of(const ptn_table_t *table, uint32_t uid, ptn_row_t *row);
void ptn_table_forget(ptn_table_t *table);      /* the cache */

/* --- ptn_table_sort.c --------------------------------------------------- */

/* ESUPPORT: one of them cannot be sorted by. */
ptn_rc_t ptn_table_can_sort(const ptn_sort_t *sorts, size_t n);
/* Orders all rows anew. */
ptn_rc_t ptn_table_build(ptn_mbox_t *mb, ptn_table_t *table);
/* Takes out the rows of `dead` and puts in those of `rows`; both by uid. */
ptn_rc_t ptn_table_patch(ptn_mbox_t *mb, ptn_table_t *table,
    const uint32_t *dead, uint32_t ndead, const ptn_row_t *rows,
    uint32_t nrows);
/* The same of folders: table->ids are ordered. */
ptn_rc_t ptn_table_order_folders(ptn_mbox_t *mb, ptn_table_t *table);


#endif /* PTN_TABLE_H */
