/*
 * Rows of a table.  What was read of a message stays with the table for a
 * while: it is good as long as the view shows the same modseq.
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
    bool                    bags;       /* HIERARCHY: some value is there */
    const ptn_item_prop_t **props;
    ptn_str_t              *values;
    u_char                 *scratch;    /* PTN_ITEM_SCRATCH for each */
    ptn_table_row_t         row;
} ptn_rows_t;


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


/* ---- messages ----------------------------------------------------------- */

/*
 * The place of a row in the cache.  When some came or went before it, it is
 * found a little further up or down and takes its new place.
 */

static ptn_item_t **
ptn_rows_slot(ptn_table_t *table, uint32_t at, ptn_id_t id)
{
    uint32_t      i;
    ptn_item_t  **slot, **other, *item;

    if (table->cache == NULL) {
        table->cache = calloc(PTN_TABLE_CACHE, sizeof(ptn_item_t *));
        if (table->cache == NULL) {
            return NULL;
        }
    }

    slot = &table->cache[at % PTN_TABLE_CACHE];

    if (*slot != NULL && (*slot)->info.id == id) {
        return slot;
    }

    for (i = 1; i <= 2 * PTN_TABLE_SHIFT; i++) {
        other = &table->cache[(at + (i & 1 ? PTN_TABLE_CACHE - (i + 1) / 2
                                           : i / 2)) % PTN_TABLE_CACHE];

        if (*other != NULL && (*other)->info.id == id) {
            item = *slot;
            *slot = *other;
            *other = item;
            break;
        }
    }

    return slot;
}


/* Reads it, into the cache where there is memory. */

static ptn_rc_t
ptn_rows_read(ptn_rows_t *r, uint32_t uid, ptn_item_t **slot,
    const ptn_item_t **ret_item)
{
    size_t         size;
    ptn_rc_t       rc;
    ptn_item_t     item, *copy;
    sqlite3_stmt  *st;

    st = ptn_sql(r->mb, PTN_SQL_ITEM_AT, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) r->table->folder);
    sqlite3_bind_int64(st, 2, uid);
    rc = ptn_sql_step(r->mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    rc = ptn_item_read(st, &item);

    if (rc == PTN_OK) {
        size = ptn_item_size(&item);
        copy = (slot != NULL && size <= 8192)
               ? malloc(sizeof(ptn_item_t) + size) : NULL;

        if (copy != NULL) {
            ptn_item_copy(copy, &item, (u_char *) (copy + 1));
            free(*slot);
            *slot = copy;
            *ret_item = copy;

        } else {
            r->used = true;
            copy = ptn_palloc(r->pool, sizeof(ptn_item_t) + size);
            rc = copy ? PTN_OK : PTN_ENOMEM;

            if (copy != NULL) {
                ptn_item_copy(copy, &item, (u_char *) (copy + 1));
                *ret_item = copy;
            }
        }
    }

    sqlite3_reset(st);

    return rc;
}


static ptn_rc_t
ptn_rows_item(ptn_rows_t *r, uint32_t at, const ptn_item_t **ret_item)
{
    uint32_t      uid;
    ptn_row_t     row;
    ptn_item_t  **slot;

    uid = r->table->uids[at];

    if (!ptn_table_row_of(r->table, uid, &row)) {
        return PTN_ENOTFOUND;
    }

    slot = ptn_rows_slot(r->table, at, row.id);

    if (slot != NULL && *slot != NULL && (*slot)->info.id == row.id
        && (*slot)->info.modseq == row.modseq && (*slot)->info.uid == uid)
    {
        *ret_item = *slot;
        return PTN_OK;
    }

    return ptn_rows_read(r, uid, slot, ret_item);
}


/* Values that only the content has, and all of an item of version 1. */

static ptn_rc_t
ptn_rows_deep(ptn_rows_t *r, const ptn_item_t *item, const bool *deep)
{
    size_t      i;
    ptn_rc_t    rc;
    ptn_msg_t  *msg;

    r->used = true;
    rc = ptn_msg_open(r->mb, r->pool, item->info.id, &msg);

    for (i = 0; i < r->ntags && rc == PTN_OK; i++) {
        if (deep[i]) {
            rc = ptn_msg_props(msg, &r->tags[i], 1, &r->values[i]);
        }
    }

    return rc;
}


static ptn_rc_t
ptn_rows_message(ptn_rows_t *r, uint32_t at)
{
    bool               *deep, any;
    size_t              i;
    ptn_rc_t            rc;
    ptn_item_ctx_t      c;
    const ptn_item_t   *item;

    item = NULL;
    rc = ptn_rows_item(r, at, &item);
    if (rc != PTN_OK) {
        return rc;
    }

    c.mb = r->mb;
    c.pool = r->pool;
    c.item = item;
    c.scratch = r->scratch;
    deep = (bool *) (r->scratch + r->ntags * PTN_ITEM_SCRATCH);
    any = false;

    for (i = 0; i < r->ntags; i++) {
        r->values[i] = ptn_item_value(&c, r->props[i], r->tags[i], &deep[i]);
        any |= deep[i];
        c.scratch += PTN_ITEM_SCRATCH;
    }

    /* a cut value is whole enough for a table */

    if (any) {
        for (i = 0, any = false; i < r->ntags; i++) {
            deep[i] &= r->whole || r->values[i].data == NULL
                       || !(item->derived & PTN_DERIVED_YES);
            any |= deep[i];
        }

        rc = any ? ptn_rows_deep(r, item, deep) : PTN_OK;
        if (rc != PTN_OK) {
            return rc;
        }
    }

    r->row.id = item->info.id;
    r->row.info = &item->info;

    return PTN_OK;
}


/* ---- folders ------------------------------------------------------------ */

static ptn_rc_t
ptn_rows_folder(ptn_rows_t *r, uint32_t at)
{
    size_t            i;
    ptn_rc_t          rc;
    ptn_folder_t     *f;
    ptn_fprop_ctx_t   c;

    rc = ptn_folder_of(r->mb, r->table->ids[at], &f);
    if (rc != PTN_OK) {
        return rc;
    }

    r->used = true;

    if (r->bags) {
        rc = ptn_fprop_open(r->mb, r->pool, f, &c);
        if (rc != PTN_OK) {
            return rc;
        }

    } else {
        memset(&c, 0, sizeof(c));
        c.mb = r->mb;
        c.pool = r->pool;
        c.folder = f;
    }

    c.depth = r->table->depths[at];
    c.scratch = r->scratch;

    for (i = 0; i < r->ntags; i++) {
        r->values[i] = ptn_fprop_value(&c, r->tags[i]);
        c.scratch += PTN_ITEM_SCRATCH;
    }

    r->row.id = f->id;
    r->row.folder = f;

    return PTN_OK;
}


/* ---- rows --------------------------------------------------------------- */

static ptn_rc_t
ptn_rows_each(ptn_rows_t *r, uint32_t from, uint32_t n,
    ptn_rc_t (*row)(void *ctx, const ptn_table_row_t *row), void *ctx)
{
    size_t    k;
    ptn_rc_t  rc;
    uint32_t  i;

    for (i = from; i < from + n; i++) {
        rc = (r->table->kind == PTN_TABLE_HIERARCHY)
             ? ptn_rows_folder(r, i)
             : ptn_rows_message(r, i);

        if (rc == PTN_OK) {
            for (k = 0; !r->whole && k < r->ntags; k++) {
                r->values[k] = ptn_rows_cut(r->tags[k], r->values[k]);
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
        r->props[i] = ptn_item_prop(r->tags[i]);
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

    from = ptn_min(from, table->n);
    n = ptn_min(n, table->n - from);

    memset(&r, 0, sizeof(r));
    r.mb = mb;
    r.table = table;
    r.tags = tags;
    r.ntags = ntags;
    r.whole = whole;

    rc = ptn_mbox_set(mb);

    if (rc == PTN_OK) {
        rc = ptn_rows_begin(&r, pool);
    }

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
        rc = ptn_rows_each(&r, from, n, row, ctx);
    }

    if (!reading) {
        ptn_mbox_read_end(mb);
    }

    ptn_pool_destroy(r.pool);

    return rc;
}
