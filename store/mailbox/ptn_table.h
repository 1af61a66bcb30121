/*
 * store/mailbox, inside: a table (ptn_store_table.h).
 *
 *   base    the messages of a folder at one moment, by uid: its view, or, for
 *           kinds that have none, rows that were read
 *   spec    what a table shows: kind, order, restriction, instances
 *   vector  uids of a base's messages that a spec wants, in its order.  Never
 *           changed once it was made: what comes after it is a copy
 *   seen    the rows of a table with categories: leaves of the vector and
 *           headers, as far as the table has them open
 *
 * What has changed since is what differs between the vector's base and the
 * newest.  Folders and rows of a source are few: all of them are looked at.
 *
 *   ptn_table.c        opening, order, restriction, position
 *   ptn_table_sync.c   bringing up to date  ptn_table_event.c  what happened
 *   ptn_table_base.c   bases                ptn_table_newest.c the newest rows
 *   ptn_table_key.c    what is read of a row: sort keys, does it match
 *   ptn_table_scan.c   many rows at once    ptn_table_keys.c   their order
 *   ptn_table_vec.c    vectors              ptn_table_list.c   shared ones
 *   ptn_table_group.c  categories           ptn_table_state.c  what is open
 *   ptn_table_small.c  folders, sources     ptn_table_made.c   of an object
 *   ptn_table_rows.c   values               ptn_table_find.c   searching them
 */

#ifndef PTN_TABLE_H
#define PTN_TABLE_H


#include "ptn_asked.h"
#include "ptn_item.h"


#define PTN_TABLE_CACHE  128    /* rows; a power of 2 */
#define PTN_TABLE_SHIFT  8      /* so far rows move between two pages */
#define PTN_TABLE_NEWEST 2048   /* rows that are had without the others */
#define PTN_TABLE_HEADER 0x80000000U
#define PTN_TABLE_NONE   UINT32_MAX

#define PTN_INSTANCES_MAX  1024     /* of one message */

typedef struct {
    unsigned     refs;
    ptn_view_t  *view;
    ptn_row_t   *rows;          /* without a view; uids ascending */
    uint32_t     nrows;
    uint64_t     modseq;
    bool         mixed;         /* rows were read amid a batch */
} ptn_base_t;

typedef struct {
    ptn_table_kind_e  kind;
    ptn_id_t          folder;
    unsigned          flags;
    bool              search;       /* a search folder: rows by id */
    ptn_sort_t        sorts[PTN_TABLE_SORTS_MAX];   /* without the extreme's */
    uint8_t           nsorts, ncats, nopen;
    uint8_t           extreme;      /* ptn_category_e */
    uint32_t          extreme_tag;
    uint32_t          instances;    /* the multiple tag; 0: none */
    uint32_t          columns;      /* the same, of ptn_table_instances() */
    ptn_filter_t     *filter;
    ptn_pool_t       *pool;         /* of the filter and its text */
    ptn_str_t         text;         /* equal for equal restrictions */
} ptn_spec_t;

/* The folder of the spec's rows in message. */
static inline sqlite3_int64
ptn_spec_key(const ptn_spec_t *spec)
{
    return spec->kind == PTN_TABLE_GONE ? -(sqlite3_int64) spec->folder
                                        : (sqlite3_int64) spec->folder;
}

/* What was deleted shows the folder that it was deleted from. */
static inline void
ptn_spec_item(const ptn_spec_t *spec, ptn_item_t *item)
{
    if (spec->kind == PTN_TABLE_GONE) {
        item->info.folder = spec->folder;
    }
}

/* A category: a run of leaves, and those within it behind it. */
typedef struct {
    ptn_id_t  id;
    uint32_t  first, n, unread;     /* leaves */
    uint32_t  parent;               /* or PTN_TABLE_NONE */
    uint8_t   level;
} ptn_heading_t;

typedef struct {
    unsigned      refs;
    ptn_base_t   *base;
    uint32_t      n;
    uint32_t     *uids;
    uint16_t     *insts;        /* NULL: all 0 */
    uint32_t     *leads;        /* 4 bytes of each key behind what all have in
                                   common; NULL: categories, order of open */
    u_char        common[16];
    uint32_t      ncommon;
    u_char       *keys;         /* categories: a record of each row */
    uint32_t     *ends;
    ptn_heading_t  *groups;       /* as they are seen, if all is open */
    uint32_t      ngroups;
} ptn_vec_t;

/* A row of a small table. */
typedef struct {
    ptn_id_t  id;
    uint64_t  state;
    uint32_t  at;               /* depth of a folder; index in the source */
} ptn_small_t;

typedef struct {
    uint32_t  n;
    uint32_t  at;
    bool      gone;
} ptn_bookmark_t;

typedef struct {
    uint64_t    modseq;
    ptn_id_t    id;
    bool        half;           /* info is of the view's row */
    ptn_item_t  item;           /* its strings stand behind it */
} ptn_table_item_t;

struct ptn_table_s {
    ptn_spec_t                 spec;
    uint32_t                   n;       /* rows that are seen */
    uint32_t                   position;
    ptn_bookmark_t                *marks;
    uint32_t                   nmarks, next_mark;

    ptn_vec_t                 *vec;
    uint32_t                  *seen;    /* categories: leaf, or group and
                                           PTN_TABLE_HEADER */
    ptn_id_t                  *toggled; /* not as nopen says; ascending */
    uint32_t                   ntoggled;

    bool                       newest;  /* no vector yet: */
    bool                       moved;   /* told with the next sync */
    ptn_row_t                 *head;    /* the first nhead rows */
    uint32_t                   nhead;
    uint32_t                   uidvalidity;
    uint64_t                   modseq;

    ptn_small_t               *small;   /* HIERARCHY, MADE */
    const ptn_table_source_t  *source;
    void                      *ctx;

    ptn_table_item_t         **cache;   /* [row % PTN_TABLE_CACHE] or NULL */
};


static inline bool
ptn_table_is_small(const ptn_table_t *table)
{
    return table->spec.kind == PTN_TABLE_HIERARCHY
           || table->spec.kind == PTN_TABLE_MADE;
}

/* Room for element n of an array that doubles. */
bool ptn_table_grow(void **p, size_t n, size_t size);
int ptn_table_compare_ids(const void *a, const void *b);        /* u64 */
int ptn_table_compare_uids(const void *a, const void *b);       /* u32 */
void ptn_table_forget(ptn_table_t *table);      /* the cache */
/* May who acts see its rows (still)?  The mailbox's folders are read. */
ptn_rc_t ptn_table_need(ptn_mbox_t *mb, const ptn_table_t *table);
/* As ptn_table_row(), of a table that is whole. */
uint32_t ptn_table_row_of(const ptn_table_t *table,
    const ptn_table_key_t *key);

/* --- ptn_table_base.c --------------------------------------------------- */

/* The newest; `old` itself (one reference more) when nothing has changed. */
ptn_rc_t ptn_base_get(ptn_mbox_t *mb, const ptn_spec_t *spec,
    ptn_base_t *old, ptn_base_t **ret_base);
ptn_base_t *ptn_base_ref(ptn_base_t *base);
void ptn_base_unref(ptn_base_t *base);
uint32_t ptn_base_count(const ptn_base_t *base);
void ptn_base_at(const ptn_base_t *base, uint32_t i, ptn_row_t *row);
/* Rows i, i + 1 ... as they lie in memory; *ret_n of them. */
const ptn_row_t *ptn_base_run(const ptn_base_t *base, uint32_t i,
    uint32_t *ret_n);
bool ptn_base_row(const ptn_base_t *base, uint32_t uid, ptn_row_t *row);
/* PTN_TABLE_NONE: no such message. */
uint32_t ptn_base_uid(const ptn_base_t *base, ptn_id_t id);
bool ptn_base_follows(const ptn_base_t *base, const ptn_base_t *old);

/* How two differ; both lists by uid. */
typedef struct {
    ptn_row_t  *dead;           /* gone, or changed: as they were */
    uint32_t    ndead;
    ptn_row_t  *rows;           /* new, or changed */
    uint32_t    nrows;
} ptn_diff_t;

ptn_rc_t ptn_base_diff(const ptn_base_t *a, const ptn_base_t *b,
    ptn_diff_t *ret);
void ptn_diff_done(ptn_diff_t *d);
const ptn_row_t *ptn_diff_find(const ptn_row_t *rows, uint32_t n,
    uint32_t uid);

/* --- ptn_table_key.c ---------------------------------------------------- */

#define PTN_PROBE_TAGS  (PTN_TABLE_SORTS_MAX + 2 + PTN_RESTRICT_TAGS_MAX)

/* Reads what a spec asks of a message. */
typedef struct {
    ptn_mbox_t             *mb;
    const ptn_spec_t       *spec;
    ptn_pool_t             *pool;       /* of one row */
    uint32_t                tags[PTN_PROBE_TAGS];
    const ptn_item_prop_t  *props[PTN_PROBE_TAGS];
    ptn_str_t               values[PTN_PROBE_TAGS];
    size_t                  n;
    uint16_t                live[PTN_PROBE_TAGS];   /* those to be read */
    size_t                  nlive;
    unsigned                needs;      /* PTN_SCAN_* */
    unsigned                instances, filter;      /* where they begin */
    bool                    each;       /* an instance matches by itself */
    bool                    rows;       /* a base's rows say all of it */
    bool                    columns;    /* so do columns */
    ptn_item_t              item;
    ptn_str_t               one;        /* value of the instance */
    ptn_asked_t             asked;
    u_char                  scratch[PTN_PROBE_TAGS][PTN_ITEM_SCRATCH];
} ptn_probe_t;

/* A row with its key, whose first cuts[k] bytes are of its category of level
 * k; `extreme`: the value by which categories are ordered. */
typedef struct {
    ptn_str_t  key, extreme;
    uint32_t   uid;
    uint16_t   instance;
    bool       unread;
    uint16_t   cuts[PTN_TABLE_SORTS_MAX];
} ptn_keyed_t;

/* ESUPPORT: one of them cannot be sorted by. */
ptn_rc_t ptn_table_can_sort(const ptn_sort_t *sorts, size_t n);
ptn_rc_t ptn_probe_make(ptn_mbox_t *mb, const ptn_spec_t *spec,
    ptn_probe_t **ret_reader);
void ptn_probe_done(ptn_probe_t *r);                  /* NULL allowed */
/* Loads the values of r->item, or reads the row first.  ENOTFOUND. */
ptn_rc_t ptn_probe_item(ptn_probe_t *r, const ptn_row_t *row);
ptn_rc_t ptn_probe_row(ptn_probe_t *r, const ptn_row_t *row);
/* The same of r->item, whose bag says nothing.  False: use the other. */
bool ptn_probe_columns(ptn_probe_t *r);
/* Of what the base has, when r->rows. */
ptn_rc_t ptn_probe_base(ptn_probe_t *r, const ptn_row_t *row);
/* How many instances; sets the one that follows.  Does it match? */
uint32_t ptn_probe_instances(const ptn_probe_t *r);
void ptn_probe_instance(ptn_probe_t *r, uint32_t i);
ptn_rc_t ptn_probe_match(ptn_probe_t *r, bool *ret_match);
/* What stands behind the columns; how many bytes. */
#define PTN_KEY_TAIL_MAX  14
size_t ptn_key_tail(const ptn_spec_t *spec, u_char *p, const ptn_row_t *row,
    uint32_t instance);
/* The key in `pool`. */
ptn_rc_t ptn_probe_key(ptn_probe_t *r, ptn_pool_t *pool,
    const ptn_row_t *row, uint32_t instance, ptn_keyed_t *ret_key);
/* A row's values in a sort key; used by small tables. */
void ptn_sort_value(ptn_mbox_t *mb, ptn_buf_t *b, uint32_t tag,
    bool descending, ptn_str_t s);
/* One value of a multiple one; data NULL: it has not so many. */
ptn_str_t ptn_mv_at(uint32_t tag, ptn_str_t value, uint32_t i);

/* --- ptn_table_scan.c ---------------------------------------------------- */

/* What the values of tags are made of, besides the rows of the base. */
#define PTN_SCAN_TEXTS       0x0ff      /* 1 << ptn_item_text_e */
#define PTN_SCAN_SENT        0x100
#define PTN_SCAN_IMPORTANCE  0x200
#define PTN_SCAN_ATTACH      0x400
#define PTN_SCAN_BAG         0x800
#define PTN_SCAN_COLUMN      0x1000     /* the bag, if it has a column's */
#define PTN_SCAN_ALL         0x2000     /* the message's row */

#define PTN_SCAN_MIN         64         /* rows worth it */

unsigned ptn_scan_needs(uint32_t tag);
/*
 * Loads all rows of the base, in the order of their ids, and calls `row` with
 * each of them: only the columns that r needs are read, of rows that lie one
 * behind the other.  ESUPPORT: it needs all.
 */
ptn_rc_t ptn_scan_rows(ptn_probe_t *r, const ptn_base_t *base,
    ptn_rc_t (*row)(void *ctx, const ptn_row_t *row), void *ctx);

/* --- ptn_table_keys.c ---------------------------------------------------- */

/* A byte string, and whose it is; it stands at `base` + at, behind its length
 * (u16). */
typedef struct {
    uint64_t  lead;             /* once sorted: the one before is the same */
    uint32_t  at;
    uint32_t  i;
} ptn_radix_t;

ptn_str_t ptn_radix_key(const u_char *base, const ptn_radix_t *e);
/* As memcmp() would; none is the beginning of another.  `base` NULL: by leads,
 * which stay. */
ptn_rc_t ptn_radix_sort(const u_char *base, ptn_radix_t *all, uint32_t n);

typedef struct {
    uint32_t  uid;
    uint16_t  instance;
    bool      whole;            /* the part is the key */
} ptn_part_t;

typedef struct {
    ptn_mbox_t        *mb;
    const ptn_spec_t  *spec;
    ptn_collate_t     *collate;
    ptn_radix_t       *all;     /* i: of parts */
    ptn_part_t        *parts;
    uint32_t           n, size, expected;
    u_char            *data, *more;
    size_t             len, have, have_more;
    ptn_pool_t        *pool;    /* of keys that are made whole */
    u_char             column[2 * 256 + 16];
} ptn_keys_t;

void ptn_keys_init(ptn_keys_t *k, ptn_mbox_t *mb, const ptn_spec_t *spec,
    uint32_t expected);
void ptn_keys_done(ptn_keys_t *k);
/* `values`: of the spec's columns. */
ptn_rc_t ptn_keys_add(ptn_keys_t *k, const ptn_row_t *row, uint32_t instance,
    const ptn_str_t *values);
ptn_rc_t ptn_keys_sort(ptn_keys_t *k);
/* The key of row i, until the pool is reset. */
ptn_rc_t ptn_keys_whole(ptn_keys_t *k, uint32_t i, ptn_str_t *ret_key);

/* --- ptn_table_vec.c, ptn_table_list.c ---------------------------------- */

ptn_rc_t ptn_vec_build(ptn_mbox_t *mb, const ptn_spec_t *spec,
    ptn_base_t *base, ptn_vec_t **ret_vec);
/* A copy of `old` for `base`, from which it differs by `d`. */
ptn_rc_t ptn_vec_patch(ptn_mbox_t *mb, const ptn_spec_t *spec,
    const ptn_vec_t *old, ptn_base_t *base, const ptn_diff_t *d,
    ptn_vec_t **ret_vec);
ptn_vec_t *ptn_vec_ref(ptn_vec_t *vec);
void ptn_vec_unref(ptn_vec_t *vec);
bool ptn_vec_alone(const ptn_vec_t *vec);
uint32_t ptn_vec_instance(const ptn_vec_t *vec, uint32_t i);

/* One that is shared, with a reference, or NULL: made from `base` (whose place
 * in it is taken over), or `base` NULL: of that modseq. */
ptn_vec_t *ptn_vec_list_get(const ptn_mbox_t *mb, const ptn_spec_t *spec,
    const ptn_base_t *base, uint64_t modseq);
void ptn_vec_list_put(const ptn_mbox_t *mb, const ptn_spec_t *spec,
    ptn_vec_t *vec);
/* Drops those that no table has and nobody asked for lately. */
void ptn_vec_list_shrink(uint64_t idle_ms);

/* --- ptn_table_group.c, ptn_table_state.c ------------------------------- */

/* Of rows in the order of their keys: categories in theirs; the groups. */
ptn_rc_t ptn_heading_order(const ptn_spec_t *spec, ptn_keyed_t *all,
    uint32_t n);
ptn_rc_t ptn_heading_make(const ptn_spec_t *spec, ptn_vec_t *vec,
    const ptn_keyed_t *all);
/* Row i of `old`, whose strings point into it. */
void ptn_heading_record(const ptn_spec_t *spec, const ptn_vec_t *vec, uint32_t i,
    ptn_keyed_t *k);
/* table->seen, table->n of the vector and what is open. */
ptn_rc_t ptn_table_see(ptn_table_t *table);
bool ptn_table_is_open(const ptn_table_t *table, const ptn_heading_t *group);
void ptn_table_close_all(ptn_table_t *table);   /* forgets what was toggled */

/* --- ptn_table_small.c -------------------------------------------------- */

/* All rows anew, as they are now. */
ptn_rc_t ptn_small_read(ptn_mbox_t *mb, const ptn_table_t *table,
    const ptn_spec_t *spec, ptn_small_t **ret_rows, uint32_t *ret_n);

/* --- ptn_table_newest.c ------------------------------------------------- */

/* May it begin with its newest rows?  ESUPPORT: no. */
ptn_rc_t ptn_newest_begin(ptn_mbox_t *mb, ptn_table_t *table);
/* Has rows up to `upto`, or the vector. */
ptn_rc_t ptn_newest_need(ptn_mbox_t *mb, ptn_table_t *table, uint64_t upto);

/* --- ptn_table_sync.c, ptn_table_event.c -------------------------------- */

/* The vector (or rows) of another spec, ready to be taken over. */
typedef struct {
    ptn_vec_t    *vec;
    ptn_small_t  *small;
    uint32_t      nsmall;
} ptn_made_t;

ptn_rc_t ptn_table_make(ptn_mbox_t *mb, const ptn_table_t *table,
    const ptn_spec_t *spec, ptn_made_t *ret);
void ptn_table_take(ptn_table_t *table, ptn_made_t *made);
/* Leaves `newest`: the vector of what is there now. */
ptn_rc_t ptn_table_whole(ptn_mbox_t *mb, ptn_table_t *table);

/* What was seen before a change, and what became of it. */
typedef struct {
    ptn_vec_t        *vec;
    uint32_t         *seen;
    ptn_small_t      *small;
    uint32_t          n;
    uint32_t         *to;           /* new number of each row, or NONE */
    ptn_table_key_t  *dead;         /* DELETED */
    uint32_t          ndead;
    uint32_t         *now;          /* rows ADDED, MODIFIED, ascending */
    bool             *was;          /* MODIFIED */
    uint32_t          nnow;
} ptn_was_t;

void ptn_was_take(ptn_table_t *table, ptn_was_t *was);
void ptn_was_done(ptn_was_t *was);
/* `d` NULL: compared row by row. */
ptn_rc_t ptn_was_compare(const ptn_table_t *table, ptn_was_t *was,
    const ptn_diff_t *d);
void ptn_was_move(ptn_table_t *table, const ptn_was_t *was);
ptn_rc_t ptn_was_events(const ptn_table_t *table, const ptn_was_t *was,
    ptn_pool_t *pool, const ptn_table_event_t **ret, size_t *ret_n);
void ptn_table_key_of(const ptn_table_t *table, uint32_t row,
    ptn_table_key_t *ret);


#endif /* PTN_TABLE_H */
