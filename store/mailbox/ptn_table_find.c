/*
 * Searching the rows of a table (RopFindRow).
 */

#include "ptn_msg.h"
#include "ptn_table.h"


#define PTN_FIND_CHUNK  64      /* rows, backwards */

typedef struct {
    ptn_mbox_t          *mb;
    ptn_table_t         *table;
    ptn_pool_t          *pool;      /* of one row */
    const ptn_filter_t  *filter;
    bool                 last;      /* wanted, not the first */
    uint32_t             found;     /* or PTN_TABLE_NONE */
} ptn_find_t;


static ptn_rc_t
ptn_find_row(void *ctx, const ptn_table_row_t *row)
{
    bool          match;
    ptn_rc_t      rc;
    ptn_find_t   *find = ctx;
    ptn_asked_t   asked;

    ptn_asked(&asked, find->mb, find->pool,
              row->info != NULL && row->type == PTN_ROW_LEAF ? row->id : 0);
    asked.gone = (find->table->spec.kind == PTN_TABLE_GONE);
    rc = ptn_asked_match(&asked, find->filter, row->values, &match);
    ptn_pool_reset(find->pool);

    if (rc == PTN_OK && match) {
        find->found = row->row;
        rc = find->last ? PTN_OK : PTN_AGAIN;
    }

    return rc;
}


static ptn_rc_t
ptn_find_run(ptn_find_t *find, ptn_pool_t *pool, uint32_t from, uint32_t to)
{
    size_t           n;
    ptn_rc_t         rc;
    uint32_t         at, size;
    const uint32_t  *tags;

    tags = ptn_filter_tags(find->filter, &n);
    rc = PTN_OK;

    if (!find->last) {
        return ptn_table_rows(find->mb, find->table, pool, tags, n, from,
                              to - from, true, ptn_find_row, find);
    }

    for (at = to; at > from && rc == PTN_OK
                  && find->found == PTN_TABLE_NONE; at -= size)
    {
        size = ptn_min(at - from, (uint32_t) PTN_FIND_CHUNK);
        rc = ptn_table_rows(find->mb, find->table, pool, tags, n, at - size,
                            size, true, ptn_find_row, find);
    }

    return rc;
}


ptn_rc_t
ptn_table_search(ptn_mbox_t *mb, ptn_table_t *table, ptn_pool_t *pool,
    const ptn_restrict_t *restriction, uint32_t from, uint32_t to,
    bool backward, uint32_t *ret_row)
{
    ptn_rc_t       rc;
    ptn_find_t     find;
    ptn_filter_t  *filter;

    rc = ptn_table_need(mb, table);

    if (rc == PTN_OK) {
        rc = ptn_filter_make(pool, restriction, ptn_table_is_small(table)
                                                ? PTN_FILTER_FLAT : 0,
                             &filter);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    to = ptn_min(to, table->n);
    from = ptn_min(from, to);

    memset(&find, 0, sizeof(find));
    find.mb = mb;
    find.table = table;
    find.filter = filter;
    find.last = backward;
    find.found = PTN_TABLE_NONE;
    find.pool = ptn_pool_create(0, NULL);

    if (find.pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_find_run(&find, pool, from, to);
    ptn_pool_destroy(find.pool);

    if (rc != PTN_OK) {
        return rc;
    }

    if (find.found == PTN_TABLE_NONE) {
        return PTN_ENOTFOUND;
    }

    *ret_row = find.found;

    return PTN_OK;
}
