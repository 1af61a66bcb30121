/*
 * store/mailbox: tables (MS-OXCTABL; EWS FindItem, FindFolder).  Included by
 * ptn_store.h, whose rules hold here.
 *
 * A table is a vector of rows in one order, kept while a client pages through
 * it, and followed by events.  It is memory of its own and may live in a
 * session; the mailbox is passed with each call, because it is open within a
 * job only.  The vector is shared by all tables of the process that have the
 * same folder, kind, order, restriction, instances and locale; position,
 * bookmarks and what is collapsed belong to the table.
 *
 * Rows.  A row is a message or folder (`leaf`), one of the instances of a
 * message (one for each value of a multiple property), or the header of a
 * category.  Rows are numbered from 0 as they are seen: rows below a collapsed
 * header have no number.
 *
 * The newest rows.  A table of messages in the order of open reads no more of
 * its folder than what is asked for while that is near its top, until it
 * changes or is sorted.
 */

#ifndef PTN_STORE_TABLE_H
#define PTN_STORE_TABLE_H


#include "ptn_restrict.h"


typedef struct ptn_table_s  ptn_table_t;

typedef enum {
    PTN_TABLE_HIERARCHY,        /* subfolders */
    PTN_TABLE_CONTENTS,         /* messages, or what a search folder found */
    PTN_TABLE_FAI,              /* folder associated messages */
    PTN_TABLE_GONE,             /* messages that were deleted softly */
    PTN_TABLE_MADE              /* ptn_table_open_made() */
} ptn_table_kind_e;

#define PTN_TABLE_DEEP    0x01  /* hierarchy: all levels */
#define PTN_TABLE_HIDDEN  0x02  /* hierarchy: hidden ones and those outside of
                                   IPM_SUBTREE too */

/* ENOTFOUND: no such folder.  Order: hierarchy by creation, with DEEP in the
 * order of the tree, parents first; messages by received, newest first. */
ptn_rc_t ptn_table_open(ptn_mbox_t *mb, ptn_table_kind_e kind,
    ptn_id_t folder, unsigned flags, ptn_table_t **ret_table);
void ptn_table_close(ptn_table_t *table);               /* NULL allowed */
ptn_table_kind_e ptn_table_kind(const ptn_table_t *table);
ptn_id_t ptn_table_folder(const ptn_table_t *table);


/* --- rows of any other kind --------------------------------------------- */

/*
 * A table of rows that somebody else has: permissions, rules, receive folders,
 * recipients, attachments.  `id` names a row as long as it is there; `state`
 * is another number when the row has changed.  `values`: data NULL where there
 * is none; in `pool`.  close is called once, also when opening failed.  The
 * default order is that of the source.
 */
typedef struct {
    ptn_rc_t  (*count)(void *ctx, ptn_mbox_t *mb, uint32_t *ret_n);
    ptn_rc_t  (*row)(void *ctx, ptn_mbox_t *mb, uint32_t i, ptn_id_t *ret_id,
                  uint64_t *ret_state);
    ptn_rc_t  (*values)(void *ctx, ptn_mbox_t *mb, ptn_pool_t *pool,
                  uint32_t i, const uint32_t *tags, size_t n,
                  ptn_str_t *ret_values);
    void      (*close)(void *ctx);              /* or NULL */
} ptn_table_source_t;

ptn_rc_t ptn_table_open_made(ptn_mbox_t *mb, const ptn_table_source_t *source,
    void *ctx, ptn_table_t **ret_table);

/* Of the subfolders of `folder` that can be recovered (ptn_gone_folders());
 * needs VISIBLE.  Ids are those of the folders. */
ptn_rc_t ptn_table_open_gone(ptn_mbox_t *mb, ptn_id_t folder,
    ptn_table_t **ret_table);

/*
 * Of all messages of the mailbox that can be recovered, newest first, with
 * full access (EDENIED); what left with its folder comes back with that and is
 * not among them.  Rows have no info: ids are for ptn_gone_open().
 * *ret_unread may be NULL.
 */
ptn_rc_t ptn_table_open_recoverable(ptn_mbox_t *mb, uint32_t *ret_unread,
    ptn_table_t **ret_table);

/* Of a message's object, which must outlive the table.  Ids: RECIPIENT's row,
 * attachment's num, each + 1. */
ptn_rc_t ptn_table_open_recips(ptn_mbox_t *mb, const ptn_object_t *object,
    ptn_table_t **ret_table);
ptn_rc_t ptn_table_open_attachs(ptn_mbox_t *mb, const ptn_object_t *object,
    ptn_table_t **ret_table);


/* --- order, restriction, instances -------------------------------------- */

typedef struct {
    uint32_t  tag;
    bool      descending;
} ptn_sort_t;

#define PTN_TABLE_SORTS_MAX  8

typedef enum {
    PTN_CATEGORY_PLAIN, PTN_CATEGORY_MAX, PTN_CATEGORY_MIN
} ptn_category_e;

/*
 * MS-OXCDATA 2.13.  The first `categories` columns make categories, of which
 * the first `expanded` levels are open to begin with.  With MAX or MIN the
 * column behind them orders the categories of the last level by the greatest
 * or least value of their rows, in that level's direction (MS-OXCTABL
 * 2.2.2.3.1).
 */
typedef struct {
    const ptn_sort_t  *sorts;
    size_t             n;
    unsigned           categories, expanded;
    ptn_category_e     extreme;
} ptn_table_order_t;

/*
 * n 0: the order of open.  Strings by the collation of the mailbox's locale
 * (their first 255 bytes), missing values first; equal rows by uid.  A tag of
 * a multiple property has PTN_TABLE_INSTANCE set: it makes instances; all such
 * tags, here and in ptn_table_instances(), are of one property.  ESUPPORT: a
 * tag that cannot be sorted by (bodies, multiple values as a whole),
 * categories of a hierarchy; EINVAL: counts that do not fit.  The position
 * goes to the first row, bookmarks are void, what was collapsed is forgotten.
 * After an error the table is as it was.
 */
ptn_rc_t ptn_table_order(ptn_mbox_t *mb, ptn_table_t *table,
    const ptn_table_order_t *order);
ptn_rc_t ptn_table_sort(ptn_mbox_t *mb, ptn_table_t *table,
    const ptn_sort_t *sorts, size_t n);

#define PTN_TABLE_INSTANCE  0x2000      /* bit of a multiple tag: one value */

/*
 * A row for each value of the multiple property `tag` (MS-OXCTABL 3.2.5.2), 0:
 * only as the order wants it.  ESUPPORT: of a hierarchy; the order makes
 * instances of another property.
 */
ptn_rc_t ptn_table_instances(ptn_mbox_t *mb, ptn_table_t *table,
    uint32_t tag);

/*
 * Only rows that match (ptn_filter.h), NULL: all.  Copied.  ESUPPORT, ELIMIT,
 * EINVAL: as ptn_filter_make() says; a count that limits categories.  Position
 * and bookmarks as above.
 */
ptn_rc_t ptn_table_restrict(ptn_mbox_t *mb, ptn_table_t *table,
    const ptn_restrict_t *restriction);


/* --- following ---------------------------------------------------------- */

/* What names a row: of a header, `header` is set and id is its category. */
typedef struct {
    ptn_id_t  id;               /* row id, folder id; 0: no row */
    uint32_t  instance;
    bool      header;
} ptn_table_key_t;

typedef enum {                  /* MS-OXCNOTIF 2.2.1.4.1.2 TableEventType */
    PTN_TABLE_CHANGED = 1, PTN_TABLE_ROW_ADDED = 3, PTN_TABLE_ROW_DELETED = 4,
    PTN_TABLE_ROW_MODIFIED = 5
} ptn_table_event_e;

typedef struct {
    ptn_table_event_e  kind;
    ptn_table_key_t    row;
    ptn_table_key_t    after;   /* ADDED, MODIFIED; id 0: it is the first */
    uint32_t           at;      /* its number in the end, of those two */
} ptn_table_event_t;

/*
 * Brings it up to date: rows of what came, left or changed move; nothing is
 * read when nothing did.  A position stays at its row, or at the next.
 * *ret_changed may be NULL.
 */
ptn_rc_t ptn_table_sync(ptn_mbox_t *mb, ptn_table_t *table,
    bool *ret_changed);

/*
 * The same, and what happened, in `pool`: events which, done one after another
 * to a copy of the table as it was (DELETED takes the row out, ADDED puts it
 * behind `after`, MODIFIED takes it out and puts it behind `after`), give the
 * table as it is.  One CHANGED alone: read it anew (more than
 * PTN_TABLE_EVENTS_MAX, a restored mailbox, a batch that was undone, or only
 * its newest rows had been read).
 */
#define PTN_TABLE_EVENTS_MAX  1024

ptn_rc_t ptn_table_sync_events(ptn_mbox_t *mb, ptn_table_t *table,
    ptn_pool_t *pool, const ptn_table_event_t **ret_events, size_t *ret_n);

/*
 * What clients call the row of an event, or the one that it stands behind: the
 * folder that has it and its mid (0: of folders, whose id is *ret_folder; of a
 * header: its category).  Of one that left a folder: as it was called there.
 */
ptn_rc_t ptn_table_name(ptn_mbox_t *mb, ptn_table_t *table,
    const ptn_table_key_t *key, ptn_id_t *ret_folder, ptn_id_t *ret_mid);


/* --- position ----------------------------------------------------------- */

uint32_t ptn_table_count(const ptn_table_t *table);
uint32_t ptn_table_position(const ptn_table_t *table);
void ptn_table_seek(ptn_table_t *table, uint32_t row);      /* cut to count */
/* The row at that fraction of the table (MS-OXCTABL 3.2.5.11).  EINVAL: of
 * nothing. */
ptn_rc_t ptn_table_seek_fraction(ptn_table_t *table, uint32_t numerator,
    uint32_t denominator);

/* id 0: there is no such row. */
ptn_rc_t ptn_table_key(ptn_mbox_t *mb, ptn_table_t *table, uint32_t row,
    ptn_table_key_t *ret_key);
/* Row of it; count when it is not there, or not seen. */
ptn_rc_t ptn_table_row(ptn_mbox_t *mb, ptn_table_t *table,
    const ptn_table_key_t *key, uint32_t *ret_row);
/* The same of a message or folder (its first instance); 0, count also when
 * something failed. */
ptn_id_t ptn_table_id(ptn_mbox_t *mb, ptn_table_t *table, uint32_t row);
uint32_t ptn_table_find(ptn_mbox_t *mb, ptn_table_t *table, ptn_id_t id);

/*
 * Bookmarks, numbers from 1; they stay with their row.  `at`: of a row;
 * ELIMIT: PTN_TABLE_MARKS_MAX.  row: *ret_gone when that row left, or is below
 * what is collapsed (then it is the next one).  ENOTFOUND: freed, or void.
 */
#define PTN_TABLE_MARKS_MAX  1024

ptn_rc_t ptn_table_mark(ptn_table_t *table, uint32_t at, uint32_t *ret_mark);
ptn_rc_t ptn_table_mark_row(const ptn_table_t *table, uint32_t mark,
    uint32_t *ret_row, bool *ret_gone);
ptn_rc_t ptn_table_mark_free(ptn_table_t *table, uint32_t mark);
void ptn_table_unmark(ptn_table_t *table);              /* all of them */

/*
 * The first row in [from, to) that matches; `backward`: the last one.  Headers
 * are asked, too.  ENOTFOUND; else as ptn_table_restrict().  Moves nothing.
 */
ptn_rc_t ptn_table_search(ptn_mbox_t *mb, ptn_table_t *table,
    ptn_pool_t *pool, const ptn_restrict_t *restriction, uint32_t from,
    uint32_t to, bool backward, uint32_t *ret_row);


/* --- categories --------------------------------------------------------- */

/*
 * Opens or closes the header of category `id` (PidTagInstID); *ret_at: its
 * row, *ret_n: how many rows appeared or went behind it.  ENOTFOUND: no such
 * category; ECONFLICT: it is so already.
 */
ptn_rc_t ptn_table_expand(ptn_mbox_t *mb, ptn_table_t *table, ptn_id_t id,
    uint32_t *ret_at, uint32_t *ret_n);
ptn_rc_t ptn_table_collapse(ptn_mbox_t *mb, ptn_table_t *table, ptn_id_t id,
    uint32_t *ret_at, uint32_t *ret_n);

/*
 * What is open and closed, and one row, as a string (MS-OXCTABL 2.2.2.19) in
 * `pool`; set applies it to a table of the same order and restriction and
 * marks that row.  ESUPPORT: the table has no categories; EINVAL: not such a
 * string, or of another order.
 */
ptn_rc_t ptn_table_state_get(ptn_mbox_t *mb, ptn_table_t *table,
    ptn_pool_t *pool, const ptn_table_key_t *row, ptn_str_t *ret_state);
ptn_rc_t ptn_table_state_set(ptn_mbox_t *mb, ptn_table_t *table,
    ptn_str_t state, uint32_t *ret_mark);


/* --- values ------------------------------------------------------------- */

typedef enum {                  /* PidTagRowType, MS-OXCTABL 2.2.1.3 */
    PTN_ROW_LEAF = 1, PTN_ROW_EMPTY, PTN_ROW_EXPANDED, PTN_ROW_COLLAPSED
} ptn_table_row_e;

/*
 * Values of rows [from, from + n), cut to the table, row by row, for `tags`:
 * data NULL where a row has no such property.  Strings and binaries longer
 * than 255 characters or 510 bytes are cut (MS-OXCTABL 3.2.5.5.1), unless
 * `whole`.  A tag with PTN_TABLE_INSTANCE gives the instance's one value.
 * Headers have the columns of their category, INST_ID, ROW_TYPE, DEPTH,
 * CONTENT_COUNT, CONTENT_UNREAD, INSTANCE_NUM.  `row` returns AGAIN to stop
 * before the next one.  The values live until `row` returns.  Does not move
 * the position.  Rows that went since the last sync are passed over.  A page
 * that was read before costs no statement while its messages have not changed.
 */
typedef struct {
    uint32_t          row;
    ptn_id_t          id;           /* row id, folder id, category */
    uint32_t          instance;
    ptn_table_row_e   type;
    unsigned          depth;        /* categories around it */
    const ptn_str_t  *values;
    const ptn_msg_info_t  *info;    /* of messages; content, cn, read_cn, born
                                       and status are there for certain if
                                       CHANGE_NUMBER is one of the tags */
    const ptn_folder_t    *folder;  /* of folders */
} ptn_table_row_t;

ptn_rc_t ptn_table_rows(ptn_mbox_t *mb, ptn_table_t *table, ptn_pool_t *pool,
    const uint32_t *tags, size_t ntags, uint32_t from, uint32_t n, bool whole,
    ptn_rc_t (*row)(void *ctx, const ptn_table_row_t *row), void *ctx);


#endif /* PTN_STORE_TABLE_H */
