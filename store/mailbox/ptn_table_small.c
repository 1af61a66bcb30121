/*
 * Tables of few rows: folders, and the rows of a source.  All of them are
 * looked at each time; what they show is in memory.
 */

#include <stdlib.h>

#include "ptn_collate.h"
#include "ptn_folder_props.h"
#include "ptn_table.h"


#define PTN_SMALL_TAGS  (PTN_TABLE_SORTS_MAX + PTN_RESTRICT_TAGS_MAX)

typedef struct {
    ptn_small_t  row;
    ptn_str_t    key;
    uint32_t     at;
} ptn_small_keyed_t;

typedef struct {
    ptn_mbox_t         *mb;
    const ptn_table_t  *table;
    const ptn_spec_t   *spec;
    ptn_pool_t         *pool;
    ptn_small_keyed_t  *all;
    uint32_t            n;
    uint32_t            tags[PTN_SMALL_TAGS];
    size_t              ntags;
    ptn_str_t           values[PTN_SMALL_TAGS];
    u_char              scratch[PTN_SMALL_TAGS][PTN_FPROP_SCRATCH];
} ptn_small_list_t;


static bool
ptn_small_shows(const ptn_mbox_t *mb, const ptn_spec_t *spec, uint32_t i)
{
    const ptn_folder_t  *f;

    f = &mb->set->folders[i];

    if (!ptn_rights_shows(mb, i)) {
        return false;
    }

    if (spec->flags & PTN_TABLE_HIDDEN) {
        return true;
    }

    return !f->hidden && (i < mb->set->nvisible
                          || f->special == PTN_FOLDER_IPM_SUBTREE);
}


static uint64_t
ptn_small_mix(uint64_t h, uint64_t n)
{
    return (h ^ n) * 0x100000001b3ULL;
}


/* ---- values: order and restriction ------------------------------------- */

static ptn_rc_t
ptn_small_folder_values(ptn_small_list_t *l, const ptn_folder_t *f,
    uint32_t depth)
{
    size_t           i;
    ptn_rc_t         rc;
    ptn_fprop_ctx_t  c;

    rc = ptn_fprop_open(l->mb, l->pool, f, &c);
    c.depth = depth;

    for (i = 0; i < l->ntags && rc == PTN_OK; i++) {
        c.scratch = l->scratch[i];
        l->values[i] = ptn_fprop_value(&c, l->tags[i]);
    }

    return rc;
}


static int
ptn_small_collate(void *ctx, ptn_str_t a, ptn_str_t b)
{
    return ptn_collate_compare(ctx, a, b);
}


/* Keeps the row whose values were loaded, if it matches. */

static ptn_rc_t
ptn_small_add(ptn_small_list_t *l, const ptn_small_t *small)
{
    bool                match;
    size_t              i;
    ptn_rc_t            rc;
    ptn_buf_t           b;
    ptn_filter_row_t    row;
    ptn_small_keyed_t  *k;

    if (l->spec->filter != NULL) {
        memset(&row, 0, sizeof(row));
        row.values = l->values + l->spec->nsorts;
        row.collate = ptn_small_collate;
        row.ctx = l->mb;

        rc = ptn_filter_match(l->spec->filter, &row, &match);

        if (rc != PTN_OK || !match) {
            return rc;
        }
    }

    if (!ptn_table_grow((void **) &l->all, l->n, sizeof(*k))) {
        return PTN_ENOMEM;
    }

    ptn_buf_init(&b, l->pool);

    for (i = 0; i < l->spec->nsorts; i++) {
        ptn_sort_value(l->mb, &b, l->spec->sorts[i].tag,
                       l->spec->sorts[i].descending, l->values[i]);
    }

    k = &l->all[l->n];
    k->row = *small;
    k->key = ptn_buf_get(&b);
    k->at = l->n++;

    return b.failed ? PTN_ENOMEM : PTN_OK;
}


/* ---- folders ----------------------------------------------------------- */

/* Levels below the table's folder; 0: it is not there. */

static uint32_t
ptn_small_depth(const ptn_set_t *set, const ptn_spec_t *spec,
    const ptn_folder_t *f)
{
    uint32_t             k, depth;
    const ptn_folder_t  *up;

    for (depth = 1, up = f; up->parent != spec->folder; depth++) {
        k = (spec->flags & PTN_TABLE_DEEP) ? ptn_set_index(set, up->parent)
                                           : PTN_SET_NONE;

        if (k == PTN_SET_NONE || depth > set->n) {
            return 0;
        }

        up = &set->folders[k];
    }

    return depth;
}


/* In the order of the tree: siblings by creation. */

static ptn_rc_t
ptn_small_folders(ptn_small_list_t *l)
{
    ptn_rc_t       rc;
    uint32_t       i;
    uint64_t       h;
    ptn_set_t     *set;
    ptn_small_t    small;
    ptn_folder_t  *f;

    rc = ptn_folder_of(l->mb, l->spec->folder, &f);
    set = l->mb->set;

    for (i = 0; rc == PTN_OK && i < set->ntree; i++) {
        f = &set->folders[set->tree[i]];

        if (!ptn_small_shows(l->mb, l->spec, set->tree[i])) {
            continue;
        }

        small.id = f->id;
        small.at = ptn_small_depth(set, l->spec, f);

        if (small.at == 0) {
            continue;
        }

        h = ptn_small_mix(0xcbf29ce484222325ULL, f->cn);
        h = ptn_small_mix(h, f->modseq);
        h = ptn_small_mix(h, f->parent);
        h = ptn_small_mix(h, small.at);
        small.state = h;

        if (l->ntags != 0) {
            rc = ptn_small_folder_values(l, f, small.at);
        }

        if (rc == PTN_OK) {
            rc = ptn_small_add(l, &small);
        }
    }

    return rc;
}


/* ---- a source ---------------------------------------------------------- */

static ptn_rc_t
ptn_small_source(ptn_small_list_t *l)
{
    void                      *ctx;
    ptn_rc_t                   rc;
    uint32_t                   n;
    ptn_small_t                small;
    const ptn_table_source_t  *source;

    source = l->table->source;
    ctx = l->table->ctx;
    rc = source->count(ctx, l->mb, &n);

    for (small.at = 0; rc == PTN_OK && small.at < n; small.at++) {
        rc = source->row(ctx, l->mb, small.at, &small.id, &small.state);

        if (rc == PTN_OK && l->ntags != 0) {
            rc = source->values(ctx, l->mb, l->pool, small.at, l->tags,
                                l->ntags, l->values);
        }

        if (rc == PTN_OK) {
            rc = ptn_small_add(l, &small);
        }
    }

    return rc;
}


/* ---- all rows ---------------------------------------------------------- */

static int
ptn_small_compare(const void *a, const void *b)
{
    int                       n;
    const ptn_small_keyed_t  *x = a, *y = b;

    n = ptn_str_cmp(x->key, y->key);

    return n ? n : (x->at > y->at) - (x->at < y->at);
}


static ptn_rc_t
ptn_small_done(ptn_small_list_t *l, ptn_small_t **ret_rows, uint32_t *ret_n)
{
    uint32_t      i;
    ptn_small_t  *rows;

    rows = malloc(((size_t) l->n + 1) * sizeof(ptn_small_t));
    if (rows == NULL) {
        return PTN_ENOMEM;
    }

    if (l->spec->nsorts != 0 && l->n != 0) {
        qsort(l->all, l->n, sizeof(ptn_small_keyed_t), ptn_small_compare);
    }

    for (i = 0; i < l->n; i++) {
        rows[i] = l->all[i].row;
    }

    *ret_rows = rows;
    *ret_n = l->spec->filter != NULL
             ? ptn_min(l->n, ptn_filter_limit(l->spec->filter)) : l->n;

    return PTN_OK;
}


ptn_rc_t
ptn_small_read(ptn_mbox_t *mb, const ptn_table_t *table,
    const ptn_spec_t *spec, ptn_small_t **ret_rows, uint32_t *ret_n)
{
    size_t             i, n;
    ptn_rc_t           rc;
    const uint32_t    *tags;
    ptn_small_list_t  *l;

    l = calloc(1, sizeof(ptn_small_list_t));
    if (l == NULL) {
        return PTN_ENOMEM;
    }

    l->mb = mb;
    l->table = table;
    l->spec = spec;
    l->pool = ptn_pool_create(0, NULL);

    for (i = 0; i < spec->nsorts; i++) {
        l->tags[l->ntags++] = spec->sorts[i].tag;
    }

    if (spec->filter != NULL) {
        tags = ptn_filter_tags(spec->filter, &n);

        for (i = 0; i < n; i++) {
            l->tags[l->ntags++] = tags[i];
        }
    }

    rc = (l->pool == NULL) ? PTN_ENOMEM
         : spec->kind == PTN_TABLE_HIERARCHY ? ptn_small_folders(l)
                                             : ptn_small_source(l);

    if (rc == PTN_OK) {
        rc = ptn_small_done(l, ret_rows, ret_n);
    }

    ptn_pool_destroy(l->pool);
    free(l->all);
    free(l);

    return rc;
}
