/*
 * Values of a table's rows.  What was read of a message stays with the table
 * for a while: it is good as long as the base shows the same modseq.
 */

#include <stdlib.h>

#include "ptn_folder_props.h"
#include "ptn_msg.h"
#include "ptn_table.h"


#define PTN_TABLE_CHARS  255    /* MS-OXCTABL 3.2.5.5.1 */
#define PTN_TABLE_BYTES  510
#define PTN_TABLE_TAGS   4096


typedef struct {
    ptn_mbox_t             *mb;
    ptn_table_t            *table;
    ptn_pool_t             *pool;       /* of one row */
    const uint32_t         *tags;
    size_t                  ntags;
    bool                    whole;
    bool                    used;       /* the pool was */
    bool                    makes;      /* values may stand in it */
    bool                    half;       /* view and item have all of it */
    bool                    bags;       /* HIERARCHY: some value is there */
    const ptn_item_prop_t **props;
    ptn_str_t              *values;
    u_char                 *scratch;    /* PTN_ITEM_SCRATCH for each */
    ptn_folder_t            folder;     /* as who acts counts it */
    ptn_table_row_t         row;
} ptn_rows_t;


/* The tag of one value of it. */

static uint32_t
ptn_rows_one(uint32_t tag)
{
    return (tag & PTN_TABLE_INSTANCE)
           ? tag & ~(uint32_t) (PTN_TABLE_INSTANCE|PTN_PT_MV) : tag;
}


/* Cut as in a table: between characters. */

static ptn_str_t
ptn_rows_cut(uint32_t tag, ptn_str_t s)
{
    size_t    i, chars;
    uint16_t  type;

    if (s.len <= PTN_TABLE_CHARS) {
        return s;
    }

    type = ptn_prop_type(tag);

    if (type == PTN_PT_BINARY) {
        s.len = ptn_min(s.len, (size_t) PTN_TABLE_BYTES);

    } else if (type == PTN_PT_UNICODE) {
        for (i = 0, chars = 0; i < s.len; i++) {
            if ((s.data[i] & 0xc0) != 0x80 && chars++ == PTN_TABLE_CHARS) {
                break;
            }
        }

        s.len = i;
    }

    return s;
}


/* ---- messages ---------------------------------------------------------- */

/*
 * The place of a row in the cache.  When some came or went before it, it is
 * found a little further up or down and takes its new place.
 */

static ptn_table_item_t **
ptn_rows_slot(ptn_table_t *table, uint32_t at, ptn_id_t id)
{
    uint32_t            i;
    ptn_table_item_t  **slot, **other, *item;

    if (table->cache == NULL) {
        table->cache = calloc(PTN_TABLE_CACHE, sizeof(ptn_table_item_t *));
        if (table->cache == NULL) {
            return NULL;
        }
    }

    slot = &table->cache[at % PTN_TABLE_CACHE];

    if (*slot != NULL && (*slot)->id == id) {
        return slot;
    }

    for (i = 1; i <= 2 * PTN_TABLE_SHIFT; i++) {
        other = &table->cache[(at + (i & 1 ? PTN_TABLE_CACHE - (i + 1) / 2
                                           : i / 2)) % PTN_TABLE_CACHE];

        if (*other != NULL && (*other)->id == id) {
            item = *slot;
            *slot = *other;
            *other = item;
            break;
        }
    }

    return slot;
}


static sqlite3_stmt *
ptn_rows_statement(ptn_rows_t *r, const ptn_row_t *row, bool half,
    ptn_rc_t *rc)
{
    sqlite3_stmt      *st;
    const ptn_spec_t  *spec;

    spec = &r->table->spec;

    st = ptn_sql(r->mb, half ? PTN_SQL_ITEM_HALF
                        : spec->search ? PTN_SQL_ITEM_GET : PTN_SQL_ITEM_AT,
                 rc);

    if (st != NULL && (half || spec->search)) {
        sqlite3_bind_int64(st, 1, (sqlite3_int64) row->id);

    } else if (st != NULL) {
        sqlite3_bind_int64(st, 1, ptn_spec_key(spec));
        sqlite3_bind_int64(st, 2, row->uid);
    }

    return st;
}


/* What the view says of it, when that is all that is asked for. */

static ptn_rc_t
ptn_rows_half(ptn_rows_t *r, const ptn_row_t *row, sqlite3_stmt *st,
    ptn_item_t *item)
{
    ptn_msg_info_t  *m;

    m = &item->info;
    memset(m, 0, sizeof(ptn_msg_info_t));
    m->folder = r->table->spec.folder;
    m->uid = row->uid;
    m->id = row->id;
    m->mid = row->id;
    m->modseq = row->modseq;
    m->flags = row->flags;
    m->keywords = row->keywords;
    m->size = row->size;
    m->received = row->received;

    return ptn_item_read_half(st, item);
}


static ptn_rc_t
ptn_rows_whole(ptn_rows_t *r, const ptn_row_t *row, sqlite3_stmt *st,
    ptn_item_t *item)
{
    ptn_rc_t  rc;

    rc = ptn_item_read(st, item);

    if (rc == PTN_OK) {
        ptn_spec_item(&r->table->spec, item);
        rc = ptn_reader_show(r->mb, &item->info);
    }

    /* the base shows the read state of who asks */

    if (rc == PTN_OK && item->info.modseq == row->modseq) {
        item->info.flags = row->flags;
    }

    return rc;
}


/* Reads it, into the cache where there is memory. */

static ptn_rc_t
ptn_rows_read(ptn_rows_t *r, const ptn_row_t *row, ptn_table_item_t **slot,
    const ptn_item_t **ret_item)
{
    bool               half;
    size_t             size;
    ptn_rc_t           rc;
    ptn_item_t         item;
    sqlite3_stmt      *st;
    ptn_table_item_t  *copy;

    half = r->half && row->plain;
    st = ptn_rows_statement(r, row, half, &rc);
    if (st == NULL) {
        return rc;
    }

    rc = ptn_sql_step(r->mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    rc = half ? ptn_rows_half(r, row, st, &item)
              : ptn_rows_whole(r, row, st, &item);

    if (rc == PTN_OK) {
        size = ptn_item_size(&item);
        copy = (slot != NULL && size <= 8192)
               ? malloc(sizeof(ptn_table_item_t) + size) : NULL;

        if (copy != NULL) {
            free(*slot);
            *slot = copy;

        } else {
            r->used = true;
            copy = ptn_palloc(r->pool, sizeof(ptn_table_item_t) + size);
            rc = copy ? PTN_OK : PTN_ENOMEM;
        }

        if (copy != NULL) {
            ptn_item_copy(&copy->item, &item, (u_char *) (copy + 1));
            copy->id = item.info.id;
            copy->modseq = row->modseq;
            copy->half = half;
            *ret_item = &copy->item;
        }
    }

    sqlite3_reset(st);

    return rc;
}


/* The message of leaf `leaf` of the vector, or of the newest rows. */

static ptn_rc_t
ptn_rows_item(ptn_rows_t *r, uint32_t leaf, uint32_t at, bool header,
    const ptn_item_t **ret_item)
{
    ptn_row_t           row;
    ptn_table_t        *table;
    ptn_table_item_t  **slot;

    table = r->table;

    if (table->newest) {
        row = table->head[leaf];

    } else if (!ptn_base_row(table->vec->base, table->vec->uids[leaf], &row)) {
        return PTN_ENOTFOUND;
    }

    slot = header ? NULL : ptn_rows_slot(table, at, row.id);

    if (slot != NULL && *slot != NULL && (*slot)->id == row.id
        && (*slot)->modseq == row.modseq && (r->half || !(*slot)->half)
        && (table->spec.search || (*slot)->item.info.uid == row.uid))
    {
        (*slot)->item.info.flags = row.flags;
        *ret_item = &(*slot)->item;
        return PTN_OK;
    }

    return ptn_rows_read(r, &row, slot, ret_item);
}


/* Values that only the content has, and all of an item of version 1. */

static ptn_rc_t
ptn_rows_deep(ptn_rows_t *r, const ptn_item_t *item, const bool *deep)
{
    size_t      i;
    uint32_t    tag;
    ptn_rc_t    rc;
    ptn_msg_t  *msg;

    r->used = true;
    rc = (r->table->spec.kind == PTN_TABLE_GONE)
         ? ptn_gone_open(r->mb, r->pool, item->info.id, &msg)
         : ptn_msg_open(r->mb, r->pool, item->info.id, &msg);

    for (i = 0; i < r->ntags && rc == PTN_OK; i++) {
        if (deep[i]) {
            tag = r->tags[i] & ~(uint32_t) PTN_TABLE_INSTANCE;
            rc = ptn_msg_props(msg, &tag, 1, &r->values[i]);
        }
    }

    return rc;
}


static ptn_rc_t
ptn_rows_values(ptn_rows_t *r, const ptn_item_t *item)
{
    bool            *deep, any;
    size_t           i;
    ptn_item_ctx_t   c;

    c.mb = r->mb;
    c.pool = r->pool;
    c.item = item;
    c.scratch = r->scratch;
    deep = (bool *) (r->scratch + r->ntags * PTN_ITEM_SCRATCH);
    any = false;

    for (i = 0; i < r->ntags; i++) {
        r->values[i] = ptn_item_value(&c, r->props[i], r->tags[i]
                                      & ~(uint32_t) PTN_TABLE_INSTANCE,
                                      &deep[i]);
        any |= deep[i];
        c.scratch += PTN_ITEM_SCRATCH;
    }

    if (!any) {
        return PTN_OK;
    }

    /* a cut value is whole enough for a table */

    for (i = 0, any = false; i < r->ntags; i++) {
        deep[i] &= r->whole || r->values[i].data == NULL
                   || !(item->derived & PTN_DERIVED_YES);
        any |= deep[i];
    }

    return any ? ptn_rows_deep(r, item, deep) : PTN_OK;
}


static ptn_str_t
ptn_rows_number(ptn_rows_t *r, size_t i, uint64_t n, size_t size)
{
    size_t   k;
    u_char  *p;

    p = r->scratch + i * PTN_ITEM_SCRATCH;

    for (k = 0; k < size; k++) {
        p[k] = (u_char) (n >> (8 * k));
    }

    return ptn_str_make(p, size);
}


/* What belongs to the row of the table, not to the message. */

static void
ptn_rows_leaf(ptn_rows_t *r)
{
    size_t  i;

    for (i = 0; i < r->ntags; i++) {
        if (r->tags[i] & PTN_TABLE_INSTANCE) {
            r->values[i] = ptn_mv_at(r->tags[i], r->values[i],
                                     r->row.instance);

        } else if (r->tags[i] == PTN_PR_INSTANCE_NUM) {
            r->values[i] = ptn_rows_number(r, i, r->row.instance, 4);

        } else if (r->tags[i] == PTN_PR_DEPTH) {
            r->values[i] = ptn_rows_number(r, i, r->row.depth, 4);
        }
    }
}


/* Columns of its category and those around it, and what it counts. */

static void
ptn_rows_header(ptn_rows_t *r, const ptn_heading_t *g)
{
    size_t             i, k;
    const ptn_spec_t  *spec;

    spec = &r->table->spec;

    for (i = 0; i < r->ntags; i++) {
        switch (r->tags[i]) {

        case PTN_PR_INST_ID:
            r->values[i] = ptn_rows_number(r, i, g->id, 8);
            continue;

        case PTN_PR_INSTANCE_NUM:
            r->values[i] = ptn_rows_number(r, i, 0, 4);
            continue;

        case PTN_PR_ROW_TYPE:
            r->values[i] = ptn_rows_number(r, i, r->row.type, 4);
            continue;

        case PTN_PR_DEPTH:
            r->values[i] = ptn_rows_number(r, i, g->level, 4);
            continue;

        case PTN_PR_CONTENT_COUNT:
            r->values[i] = ptn_rows_number(r, i, g->n, 4);
            continue;

        case PTN_PR_CONTENT_UNREAD:
            r->values[i] = ptn_rows_number(r, i, g->unread, 4);
            continue;
        }

        for (k = 0; k <= g->level && spec->sorts[k].tag != r->tags[i]; k++) {
            /* void */
        }

        if (k > g->level) {
            r->values[i] = ptn_str_make(NULL, 0);

        } else if (r->tags[i] & PTN_TABLE_INSTANCE) {
            r->values[i] = ptn_mv_at(r->tags[i], r->values[i],
                                     ptn_vec_instance(r->table->vec,
                                                      g->first));
        }
    }
}


static ptn_rc_t
ptn_rows_message(ptn_rows_t *r, uint32_t at)
{
    ptn_rc_t            rc;
    uint32_t            leaf;
    const ptn_vec_t    *vec;
    const ptn_item_t   *item;
    const ptn_heading_t  *g;

    vec = r->table->vec;
    leaf = r->table->seen ? r->table->seen[at] : at;
    g = NULL;

    if (leaf & PTN_TABLE_HEADER) {
        g = &vec->groups[leaf & ~PTN_TABLE_HEADER];
        leaf = g->first;
    }

    item = NULL;
    rc = ptn_rows_item(r, leaf, at, g != NULL, &item);

    if (rc == PTN_OK) {
        rc = ptn_rows_values(r, item);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    r->row.info = &item->info;

    if (g != NULL) {
        r->row.id = g->id;
        r->row.instance = 0;
        r->row.type = ptn_table_is_open(r->table, g) ? PTN_ROW_EXPANDED
                                                     : PTN_ROW_COLLAPSED;
        r->row.depth = g->level;
        ptn_rows_header(r, g);

    } else {
        r->row.id = item->info.id;
        r->row.instance = r->table->newest ? 0 : ptn_vec_instance(vec, leaf);
        r->row.type = PTN_ROW_LEAF;
        r->row.depth = r->table->spec.ncats;
        ptn_rows_leaf(r);
    }

    return PTN_OK;
}


/* ---- folders ----------------------------------------------------------- */

static ptn_rc_t
ptn_rows_folder(ptn_rows_t *r, uint32_t at)
{
    size_t            i;
    ptn_rc_t          rc;
    ptn_folder_t     *f;
    ptn_fprop_ctx_t   c;

    rc = ptn_folder_of(r->mb, r->table->small[at].id, &f);
    if (rc != PTN_OK) {
        return rc;
    }

    r->used = true;

    rc = r->bags ? ptn_fprop_open(r->mb, r->pool, f, &c)
                 : ptn_fprop_init(r->mb, r->pool, f, &c);
    if (rc != PTN_OK) {
        return rc;
    }

    c.depth = r->table->small[at].at;
    c.scratch = r->scratch;

    for (i = 0; i < r->ntags; i++) {
        r->values[i] = ptn_fprop_value(&c, r->tags[i]);
        c.scratch += PTN_ITEM_SCRATCH;
    }

    r->folder = c.counts;
    r->row.id = f->id;
    r->row.type = PTN_ROW_LEAF;
    r->row.folder = &r->folder;

    return PTN_OK;
}


static ptn_rc_t
ptn_rows_made(ptn_rows_t *r, uint32_t at)
{
    ptn_table_t  *table;

    table = r->table;
    r->used = true;
    r->row.id = table->small[at].id;
    r->row.type = PTN_ROW_LEAF;

    return table->source->values(table->ctx, r->mb, r->pool,
                                 table->small[at].at, r->tags, r->ntags,
                                 r->values);
}


/* ---- rows -------------------------------------------------------------- */

static ptn_rc_t
ptn_rows_each(ptn_rows_t *r, uint32_t from, uint32_t n,
    ptn_rc_t (*row)(void *ctx, const ptn_table_row_t *row), void *ctx)
{
    size_t    k;
    ptn_rc_t  rc;
    uint32_t  i;

    for (i = from; i < from + n; i++) {
        rc = (r->table->spec.kind == PTN_TABLE_HIERARCHY)
             ? ptn_rows_folder(r, i)
             : r->table->spec.kind == PTN_TABLE_MADE ? ptn_rows_made(r, i)
                                                     : ptn_rows_message(r, i);

        if (rc == PTN_OK) {
            for (k = 0; !r->whole && k < r->ntags; k++) {
                r->values[k] = ptn_rows_cut(ptn_rows_one(r->tags[k]),
                                            r->values[k]);
            }

            r->row.row = i;
            rc = row(ctx, &r->row);

        } else if (rc == PTN_ENOTFOUND) {
            rc = PTN_OK;            /* gone since: the next sync says so */
        }

        if (r->used || r->makes) {
            ptn_pool_reset(r->pool);
            r->used = false;
        }

        if (rc != PTN_OK) {
            return (rc == PTN_AGAIN) ? PTN_OK : rc;
        }
    }

    return PTN_OK;
}


/* Of the message's row, what a view has of one that is plain. */

static bool
ptn_rows_in_view(uint32_t tag)
{
    size_t  i;

    static const uint32_t  tags[] = {
        PTN_PR_MID, PTN_PR_INST_ID, PTN_PR_FOLDER_ID, PTN_PR_MESSAGE_FLAGS,
        PTN_PR_LAST_MODIFICATION_TIME, PTN_PR_INSTANCE_NUM, PTN_PR_ROW_TYPE,
        PTN_PR_DEPTH
    };

    for (i = 0; i < ptn_nelts(tags); i++) {
        if (tag == tags[i]) {
            return true;
        }
    }

    return !(ptn_scan_needs(tag) & PTN_SCAN_ALL);
}


/* The view must be the folder's of now: then none of its rows is gone. */

static bool
ptn_rows_need_half(ptn_rows_t *r)
{
    size_t        i;
    ptn_table_t  *table;
    ptn_folder_t  *f;

    table = r->table;

    if (table->spec.kind != PTN_TABLE_CONTENTS || table->spec.search
        || table->newest || table->vec->base->view == NULL || r->mb->batch
        || ptn_folder_of(r->mb, table->spec.folder, &f) != PTN_OK
        || f->modseq != table->vec->base->modseq)
    {
        return false;
    }

    for (i = 0; i < r->ntags; i++) {
        if (!ptn_rows_in_view(r->tags[i] & ~(uint32_t) PTN_TABLE_INSTANCE)) {
            return false;
        }
    }

    return true;
}


static ptn_rc_t
ptn_rows_begin(ptn_rows_t *r, ptn_pool_t *pool)
{
    size_t  i;

    r->props = ptn_parray(pool, r->ntags, sizeof(ptn_item_prop_t *));
    r->values = ptn_parray(pool, r->ntags, sizeof(ptn_str_t));
    r->scratch = ptn_parray(pool, r->ntags, PTN_ITEM_SCRATCH + sizeof(bool));

    if (r->props == NULL || r->values == NULL || r->scratch == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < r->ntags; i++) {
        r->props[i] = ptn_item_prop(r->tags[i]
                                    & ~(uint32_t) PTN_TABLE_INSTANCE);
        r->bags |= ptn_fprop_in_bag(r->tags[i]);

        /* what is made in the row's pool */

        r->makes |= (ptn_prop_type(r->tags[i]) == PTN_PT_BINARY);
    }

    r->row.values = r->values;

    return PTN_OK;
}


ptn_rc_t
ptn_table_rows(ptn_mbox_t *mb, ptn_table_t *table, ptn_pool_t *pool,
    const uint32_t *tags, size_t ntags, uint32_t from, uint32_t n, bool whole,
    ptn_rc_t (*row)(void *ctx, const ptn_table_row_t *row), void *ctx)
{
    bool        reading;
    ptn_rc_t    rc;
    ptn_rows_t  r;

    if (ntags > PTN_TABLE_TAGS) {
        return PTN_ELIMIT;
    }

    rc = ptn_table_need(mb, table);

    if (rc == PTN_OK) {
        rc = ptn_newest_need(mb, table, (uint64_t) from + n);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    from = ptn_min(from, table->n);
    n = ptn_min(n, table->n - from);

    memset(&r, 0, sizeof(r));
    r.mb = mb;
    r.table = table;
    r.tags = tags;
    r.ntags = ntags;
    r.whole = whole;

    rc = ptn_rows_begin(&r, pool);

    if (rc != PTN_OK) {
        return rc;
    }

    r.pool = ptn_pool_create(0, NULL);
    if (r.pool == NULL) {
        return PTN_ENOMEM;
    }

    reading = mb->reading;
    rc = ptn_mbox_read(mb);

    if (rc == PTN_OK) {
        r.half = ptn_rows_need_half(&r);
        rc = ptn_rows_each(&r, from, n, row, ctx);
    }

    if (!reading) {
        ptn_mbox_read_end(mb);
    }

    ptn_pool_destroy(r.pool);

    return rc;
}
