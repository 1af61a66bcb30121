/*
 * Tables: opening, order, restriction, position, bookmarks.
 */

#include <stdlib.h>

#include "ptn_table.h"


ptn_table_kind_e
ptn_table_kind(const ptn_table_t *table)
{
    return table->spec.kind;
}


ptn_id_t
ptn_table_folder(const ptn_table_t *table)
{
    return table->spec.folder;
}


/* ---- opening, closing -------------------------------------------------- */

void
ptn_table_forget(ptn_table_t *table)
{
    unsigned  i;

    if (table->cache == NULL) {
        return;
    }

    for (i = 0; i < PTN_TABLE_CACHE; i++) {
        free(table->cache[i]);
    }

    free(table->cache);
    table->cache = NULL;
}


void
ptn_table_close(ptn_table_t *table)
{
    if (table == NULL) {
        return;
    }

    if (table->source != NULL && table->source->close != NULL) {
        table->source->close(table->ctx);
    }

    ptn_table_forget(table);
    ptn_vec_unref(table->vec);
    ptn_pool_destroy(table->spec.pool);
    free(table->seen);
    free(table->toggled);
    free(table->head);
    free(table->small);
    free(table->marks);
    free(table);
}


/* A session may outlive what its actor may see. */

ptn_rc_t
ptn_table_need(ptn_mbox_t *mb, const ptn_table_t *table)
{
    return (table->spec.kind == PTN_TABLE_MADE) ? ptn_mbox_set(mb)
           : ptn_rights_need(mb, table->spec.folder,
                             table->spec.kind == PTN_TABLE_HIERARCHY
                             ? PTN_RIGHT_VISIBLE : PTN_RIGHT_READ_ANY);
}


/* With the rows that it shows by itself. */

static ptn_rc_t
ptn_table_begin(ptn_mbox_t *mb, ptn_table_t *table)
{
    ptn_rc_t    rc;
    ptn_made_t  made;

    rc = ptn_table_is_small(table) ? PTN_ESUPPORT
                                   : ptn_newest_begin(mb, table);
    if (rc != PTN_ESUPPORT) {
        return rc;
    }

    free(table->head);
    table->head = NULL;
    table->nhead = 0;

    rc = ptn_table_make(mb, table, &table->spec, &made);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_table_take(table, &made);

    return ptn_table_is_small(table) ? PTN_OK : ptn_table_see(table);
}


ptn_rc_t
ptn_table_open(ptn_mbox_t *mb, ptn_table_kind_e kind, ptn_id_t folder,
    unsigned flags, ptn_table_t **ret_table)
{
    ptn_rc_t       rc;
    ptn_table_t   *table;
    ptn_folder_t  *f;

    rc = ptn_rights_need(mb, folder, kind == PTN_TABLE_HIERARCHY
                                     ? PTN_RIGHT_VISIBLE
                                     : PTN_RIGHT_READ_ANY);
    if (rc == PTN_OK) {
        rc = ptn_folder_of(mb, folder, &f);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (kind == PTN_TABLE_MADE) {
        return PTN_EINVAL;
    }

    table = calloc(1, sizeof(ptn_table_t));
    if (table == NULL) {
        return PTN_ENOMEM;
    }

    table->spec.kind = kind;
    table->spec.folder = folder;
    table->spec.flags = flags;
    table->spec.search = f->search && kind == PTN_TABLE_CONTENTS;

    rc = ptn_table_begin(mb, table);

    if (rc != PTN_OK) {
        ptn_table_close(table);
        return rc;
    }

    *ret_table = table;

    return PTN_OK;
}


ptn_rc_t
ptn_table_open_made(ptn_mbox_t *mb, const ptn_table_source_t *source,
    void *ctx, ptn_table_t **ret_table)
{
    ptn_rc_t      rc;
    ptn_table_t  *table;

    table = calloc(1, sizeof(ptn_table_t));

    if (table == NULL) {
        if (source->close != NULL) {
            source->close(ctx);
        }

        return PTN_ENOMEM;
    }

    table->spec.kind = PTN_TABLE_MADE;
    table->source = source;
    table->ctx = ctx;

    rc = ptn_table_begin(mb, table);

    if (rc != PTN_OK) {
        ptn_table_close(table);
        return rc;
    }

    *ret_table = table;

    return PTN_OK;
}


/* ---- another spec ------------------------------------------------------ */

/* The table shows `spec` from now on, or is as it was. */

static ptn_rc_t
ptn_table_respec(ptn_mbox_t *mb, ptn_table_t *table, const ptn_spec_t *spec)
{
    ptn_rc_t    rc;
    ptn_spec_t  was;
    ptn_made_t  made;

    rc = ptn_table_need(mb, table);
    if (rc != PTN_OK) {
        return rc;
    }

    was = table->spec;

    /* by itself: it may begin with the newest rows again */

    if (!ptn_table_is_small(table) && spec->nsorts == 0
        && spec->filter == NULL && spec->instances == 0 && table->newest)
    {
        table->spec = *spec;
        table->position = 0;
        ptn_table_unmark(table);
        return PTN_OK;
    }

    rc = ptn_table_make(mb, table, spec, &made);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_table_take(table, &made);
    table->spec = *spec;
    table->position = 0;
    table->moved = false;
    ptn_table_unmark(table);
    ptn_table_close_all(table);

    if (was.pool != spec->pool) {
        ptn_pool_destroy(was.pool);
    }

    if (ptn_table_is_small(table)) {
        return PTN_OK;
    }

    rc = ptn_table_see(table);

    if (rc != PTN_OK) {

        /* nothing is seen: rather than rows of another order */

        free(table->seen);
        table->seen = NULL;
        table->n = 0;
    }

    return rc;
}


/* The one property whose values make instances. */

static ptn_rc_t
ptn_table_find_instances(ptn_spec_t *spec)
{
    uint32_t  i, tag;

    spec->instances = spec->columns;

    for (i = 0; i <= spec->nsorts; i++) {
        tag = i < spec->nsorts ? spec->sorts[i].tag : spec->extreme_tag;

        if (!(tag & PTN_TABLE_INSTANCE)) {
            continue;
        }

        tag &= ~(uint32_t) PTN_TABLE_INSTANCE;

        if (!(tag & PTN_PT_MV)
            || (spec->instances != 0 && spec->instances != tag))
        {
            return PTN_ESUPPORT;
        }

        spec->instances = tag;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_table_order(ptn_mbox_t *mb, ptn_table_t *table,
    const ptn_table_order_t *order)
{
    size_t      i;
    ptn_rc_t    rc;
    ptn_spec_t  spec;

    if (order->n > PTN_TABLE_SORTS_MAX) {
        return PTN_ELIMIT;
    }

    if (order->categories > order->n || order->expanded > order->n
        || (order->extreme != PTN_CATEGORY_PLAIN
            && (order->categories == 0 || order->categories == order->n)))
    {
        return PTN_EINVAL;
    }

    rc = ptn_table_can_sort(order->sorts, order->n);

    if (rc == PTN_OK && order->categories != 0
        && (ptn_table_is_small(table)
            || (table->spec.filter != NULL
                && ptn_filter_limit(table->spec.filter) != UINT32_MAX)))
    {
        rc = PTN_ESUPPORT;
    }

    if (rc != PTN_OK) {
        return rc;
    }

    spec = table->spec;
    spec.nsorts = 0;
    spec.ncats = (uint8_t) order->categories;
    spec.nopen = (uint8_t) ptn_min(order->expanded, order->categories);
    spec.extreme = (uint8_t) order->extreme;
    spec.extreme_tag = 0;

    for (i = 0; i < order->n; i++) {
        if (order->extreme != PTN_CATEGORY_PLAIN && i == order->categories) {
            spec.extreme_tag = order->sorts[i].tag;
            continue;
        }

        spec.sorts[spec.nsorts++] = order->sorts[i];
    }

    rc = ptn_table_find_instances(&spec);

    if (rc == PTN_OK && spec.instances != 0 && ptn_table_is_small(table)) {
        rc = PTN_ESUPPORT;
    }

    return rc == PTN_OK ? ptn_table_respec(mb, table, &spec) : rc;
}


ptn_rc_t
ptn_table_sort(ptn_mbox_t *mb, ptn_table_t *table, const ptn_sort_t *sorts,
    size_t n)
{
    ptn_table_order_t  order;

    memset(&order, 0, sizeof(order));
    order.sorts = sorts;
    order.n = n;

    return ptn_table_order(mb, table, &order);
}


ptn_rc_t
ptn_table_instances(ptn_mbox_t *mb, ptn_table_t *table, uint32_t tag)
{
    ptn_rc_t    rc;
    ptn_spec_t  spec;

    spec = table->spec;
    spec.columns = tag & ~(uint32_t) PTN_TABLE_INSTANCE;

    if (tag != 0 && (!(tag & PTN_PT_MV) || ptn_table_is_small(table))) {
        return PTN_ESUPPORT;
    }

    rc = ptn_table_find_instances(&spec);
    if (rc != PTN_OK) {
        return rc;
    }

    if (spec.instances == table->spec.instances) {
        table->spec.columns = spec.columns;
        return PTN_OK;
    }

    return ptn_table_respec(mb, table, &spec);
}


ptn_rc_t
ptn_table_restrict(ptn_mbox_t *mb, ptn_table_t *table,
    const ptn_restrict_t *restriction)
{
    ptn_rc_t    rc;
    ptn_buf_t   b;
    ptn_spec_t  spec;

    spec = table->spec;
    spec.filter = NULL;
    spec.text = ptn_str_make(NULL, 0);
    spec.pool = NULL;

    if (restriction == NULL) {
        return ptn_table_respec(mb, table, &spec);
    }

    spec.pool = ptn_pool_create(0, NULL);
    if (spec.pool == NULL) {
        return PTN_ENOMEM;
    }

    ptn_buf_init(&b, spec.pool);
    ptn_restrict_text(&b, restriction);
    spec.text = ptn_buf_get(&b);

    rc = b.failed ? PTN_ENOMEM
         : ptn_filter_make(spec.pool, restriction, ptn_table_is_small(table)
                                                   ? PTN_FILTER_FLAT : 0,
                           &spec.filter);

    if (rc == PTN_OK && spec.ncats != 0
        && ptn_filter_limit(spec.filter) != UINT32_MAX)
    {
        rc = PTN_ESUPPORT;
    }

    if (rc == PTN_OK) {
        rc = ptn_table_respec(mb, table, &spec);
    }

    if (rc != PTN_OK && table->spec.pool != spec.pool) {
        ptn_pool_destroy(spec.pool);
    }

    return rc;
}


/* ---- position ---------------------------------------------------------- */

uint32_t
ptn_table_count(const ptn_table_t *table)
{
    return table->n;
}


uint32_t
ptn_table_position(const ptn_table_t *table)
{
    return table->position;
}


void
ptn_table_seek(ptn_table_t *table, uint32_t row)
{
    table->position = ptn_min(row, table->n);
}


ptn_rc_t
ptn_table_seek_fraction(ptn_table_t *table, uint32_t numerator,
    uint32_t denominator)
{
    uint64_t  row;

    if (denominator == 0) {
        return PTN_EINVAL;
    }

    row = table->n;

    if (numerator < denominator) {
        row = row * numerator / denominator;
    }

    table->position = (uint32_t) row;

    return PTN_OK;
}


ptn_rc_t
ptn_table_key(ptn_mbox_t *mb, ptn_table_t *table, uint32_t row,
    ptn_table_key_t *ret_key)
{
    ptn_rc_t  rc;

    rc = ptn_table_need(mb, table);

    if (rc == PTN_OK) {
        rc = ptn_newest_need(mb, table, (uint64_t) row + 1);
    }

    if (rc == PTN_OK) {
        ptn_table_key_of(table, row, ret_key);
    }

    return rc;
}


/* Where a leaf of the vector is seen. */

static uint32_t
ptn_table_seen_at(const ptn_table_t *table, uint32_t leaf)
{
    uint32_t  i;

    if (table->seen == NULL) {
        return ptn_min(leaf, table->n);
    }

    for (i = 0; i < table->n && table->seen[i] != leaf; i++) {
        /* void */
    }

    return i;
}


uint32_t
ptn_table_row_of(const ptn_table_t *table, const ptn_table_key_t *key)
{
    uint32_t          i, uid;
    const ptn_vec_t  *vec;

    if (ptn_table_is_small(table)) {
        for (i = 0; i < table->n && table->small[i].id != key->id; i++) {
            /* void */
        }

        return i;
    }

    vec = table->vec;

    if (key->header) {
        for (i = 0; i < table->n; i++) {
            if (table->seen != NULL && (table->seen[i] & PTN_TABLE_HEADER)
                && vec->groups[table->seen[i] & ~PTN_TABLE_HEADER].id
                   == key->id)
            {
                break;
            }
        }

        return i;
    }

    uid = ptn_base_uid(vec->base, key->id);

    for (i = 0; i < vec->n; i++) {
        if (vec->uids[i] == uid
            && ptn_vec_instance(vec, i) == key->instance)
        {
            return ptn_table_seen_at(table, i);
        }
    }

    return table->n;
}


ptn_rc_t
ptn_table_row(ptn_mbox_t *mb, ptn_table_t *table, const ptn_table_key_t *key,
    uint32_t *ret_row)
{
    ptn_rc_t  rc;
    uint32_t  i;

    rc = ptn_table_need(mb, table);
    if (rc != PTN_OK) {
        return rc;
    }

    for (i = 0; table->newest && i < table->nhead; i++) {
        if (table->head[i].id == key->id && !key->header
            && key->instance == 0)
        {
            *ret_row = i;
            return PTN_OK;
        }
    }

    rc = ptn_table_whole(mb, table);

    if (rc == PTN_OK) {
        *ret_row = ptn_table_row_of(table, key);
    }

    return rc;
}


ptn_id_t
ptn_table_id(ptn_mbox_t *mb, ptn_table_t *table, uint32_t row)
{
    ptn_table_key_t  key;

    return ptn_table_key(mb, table, row, &key) == PTN_OK ? key.id : 0;
}


uint32_t
ptn_table_find(ptn_mbox_t *mb, ptn_table_t *table, ptn_id_t id)
{
    uint32_t         row;
    ptn_table_key_t  key;

    memset(&key, 0, sizeof(key));
    key.id = id;

    return ptn_table_row(mb, table, &key, &row) == PTN_OK ? row : table->n;
}


/* ---- bookmarks --------------------------------------------------------- */

static ptn_bookmark_t *
ptn_table_mark_find(const ptn_table_t *table, uint32_t n)
{
    uint32_t  i;

    for (i = 0; i < table->nmarks; i++) {
        if (table->marks[i].n == n) {
            return &table->marks[i];
        }
    }

    return NULL;
}


ptn_rc_t
ptn_table_mark(ptn_table_t *table, uint32_t at, uint32_t *ret_mark)
{
    void        *p;
    ptn_bookmark_t  *mark;

    if (table->nmarks == PTN_TABLE_MARKS_MAX) {
        return PTN_ELIMIT;
    }

    p = realloc(table->marks, (table->nmarks + 1) * sizeof(ptn_bookmark_t));
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    table->marks = p;
    mark = &table->marks[table->nmarks++];
    mark->n = ++table->next_mark;
    mark->at = ptn_min(at, table->n);
    mark->gone = false;
    *ret_mark = mark->n;

    return PTN_OK;
}


ptn_rc_t
ptn_table_mark_row(const ptn_table_t *table, uint32_t mark,
    uint32_t *ret_row, bool *ret_gone)
{
    const ptn_bookmark_t  *m;

    m = ptn_table_mark_find(table, mark);
    if (m == NULL) {
        return PTN_ENOTFOUND;
    }

    *ret_row = m->at;
    *ret_gone = m->gone;

    return PTN_OK;
}


ptn_rc_t
ptn_table_mark_free(ptn_table_t *table, uint32_t mark)
{
    ptn_bookmark_t  *m;

    m = ptn_table_mark_find(table, mark);
    if (m == NULL) {
        return PTN_ENOTFOUND;
    }

    *m = table->marks[--table->nmarks];

    return PTN_OK;
}


void
ptn_table_unmark(ptn_table_t *table)
{
    table->nmarks = 0;
}
