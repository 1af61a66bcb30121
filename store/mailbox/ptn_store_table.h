/*
 * store/mailbox: tables (MS-OXCTABL; EWS FindItem, FindFolder).  A table is a
 * vector of rows in one order, kept while a client pages through it, and
 * followed by events.  It is memory of its own and may live in a session; the
 * mailbox is passed with each call, because it is open within a job only.
 */

#ifndef PTN_STORE_TABLE_H
#define PTN_STORE_TABLE_H


typedef struct ptn_table_s  ptn_table_t;

typedef enum {
    PTN_TABLE_HIERARCHY,        /* subfolders */
    PTN_TABLE_CONTENTS,         /* messages */
    PTN_TABLE_FAI               /* folder associated messages */
} ptn_table_kind_e;

#define PTN_TABLE_DEEP    0x01  /* hierarchy: all levels */
#define PTN_TABLE_HIDDEN  0x02  /* hierarchy: hidden ones and those outside of
                                   IPM_SUBTREE too */

typedef struct {
    uint32_t  tag;
    bool      descending;
} ptn_sort_t;

#define PTN_TABLE_SORTS_MAX  8

/* ENOTFOUND: no such folder.  Order: hierarchy by creation, with DEEP in the
 * order of the tree, parents first; contents by received, newest first. */
ptn_rc_t ptn_table_open(ptn_mbox_t *mb, ptn_table_kind_e kind,
    ptn_id_t folder, unsigned flags, ptn_table_t **ret_table);
void ptn_table_close(ptn_table_t *table);               /* NULL allowed */
ptn_id_t ptn_table_folder(const ptn_table_t *table);

/*
 * n 0: the order of open.  Strings by the collation of the mailbox's locale
 * (their first 255 bytes), missing values first; equal rows by uid.  ESUPPORT:
 * a tag that cannot be sorted by (bodies, multiple values).  The position goes
 * to the first row.
 */
ptn_rc_t ptn_table_sort(ptn_mbox_t *mb, ptn_table_t *table,
    const ptn_sort_t *sorts, size_t n);

/*
 * Brings it up to date: rows of what came, left or changed move; nothing is
 * read when nothing did.  A position stays at its row, or at the next.
 * *ret_changed may be NULL.
 */
ptn_rc_t ptn_table_sync(ptn_mbox_t *mb, ptn_table_t *table,
    bool *ret_changed);

uint32_t ptn_table_count(const ptn_table_t *table);
uint32_t ptn_table_position(const ptn_table_t *table);
void ptn_table_seek(ptn_table_t *table, uint32_t row);      /* cut to count */
/* Row of a folder or message id; count when it is not there. */
uint32_t ptn_table_find(const ptn_table_t *table, ptn_id_t id);
ptn_id_t ptn_table_id(const ptn_table_t *table, uint32_t row);

/*
 * Values of rows [from, from + n), cut to the table, row by row, for `tags`:
 * data NULL where a row has no such property.  Strings and binaries longer
 * than 255 characters or 510 bytes are cut (MS-OXCTABL 3.2.5.5.1), unless
 * `whole`.  `row` returns AGAIN to stop before the next one.  The values live
 * until `row` returns.  Does not move the position.  Rows that went since
 * the last sync are passed over.  A page that was read before costs no
 * statement while its messages have not changed.
 */
typedef struct {
    uint32_t          row;
    ptn_id_t          id;           /* row id, folder id */
    const ptn_str_t  *values;
    const ptn_msg_info_t  *info;    /* of messages */
    const ptn_folder_t    *folder;  /* of folders */
} ptn_table_row_t;

ptn_rc_t ptn_table_rows(ptn_mbox_t *mb, ptn_table_t *table, ptn_pool_t *pool,
    const uint32_t *tags, size_t ntags, uint32_t from, uint32_t n, bool whole,
    ptn_rc_t (*row)(void *ctx, const ptn_table_row_t *row), void *ctx);


#endif /* PTN_STORE_TABLE_H */
