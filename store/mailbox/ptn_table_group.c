/*
 * Categories: runs of rows whose keys begin alike, level by level.
 *
 * A record of a row, in vec->keys: u8 unread, u16 length of the extreme, u16
 * for each level where the key of its category ends, the extreme, the key.
 */

#include <stdlib.h>

#include "ptn_table.h"


#define PTN_GROUP_MIX  0x9e3779b97f4a7c15ULL


/* ---- order ------------------------------------------------------------- */

static ptn_str_t
ptn_heading_prefix(const ptn_keyed_t *k, unsigned level)
{
    return ptn_str_make(k->key.data, k->cuts[level]);
}


/* A category of the last level, while those are put in order. */
typedef struct {
    ptn_str_t  above;           /* key of the category around it */
    ptn_str_t  key;
    ptn_str_t  extreme;
    uint32_t   first, n;
    bool       descending;
} ptn_group_run_t;


static int
ptn_group_compare_runs(const void *a, const void *b)
{
    int                     n;
    const ptn_group_run_t  *x = a, *y = b;

    n = ptn_str_cmp(x->above, y->above);

    if (n == 0) {
        n = ptn_str_cmp(x->extreme, y->extreme);
        n = x->descending ? -n : n;
    }

    return n ? n : ptn_str_cmp(x->key, y->key);
}


/* Runs of rows of one category, from rows in the order of their keys. */

static ptn_rc_t
ptn_heading_runs(const ptn_spec_t *spec, const ptn_keyed_t *all, uint32_t n,
    ptn_group_run_t **ret_runs, uint32_t *ret_n)
{
    int               c;
    uint32_t          i, nruns;
    unsigned          last;
    ptn_str_t         key;
    ptn_group_run_t  *runs, *run;

    runs = NULL;
    nruns = 0;
    last = spec->ncats - 1U;

    for (i = 0; i < n; i++) {
        key = ptn_heading_prefix(&all[i], last);

        if (nruns == 0 || !ptn_str_eq(runs[nruns - 1].key, key)) {
            if (!ptn_table_grow((void **) &runs, nruns,
                                sizeof(ptn_group_run_t)))
            {
                free(runs);
                return PTN_ENOMEM;
            }

            run = &runs[nruns++];
            run->above = last ? ptn_heading_prefix(&all[i], last - 1)
                              : ptn_str_make(key.data, 0);
            run->key = key;
            run->extreme = all[i].extreme;
            run->first = i;
            run->n = 0;
            run->descending = spec->sorts[last].descending;
        }

        run = &runs[nruns - 1];
        run->n++;
        c = ptn_str_cmp(all[i].extreme, run->extreme);

        if (spec->extreme == PTN_CATEGORY_MAX ? c > 0 : c < 0) {
            run->extreme = all[i].extreme;
        }
    }

    *ret_runs = runs;
    *ret_n = nruns;

    return PTN_OK;
}


ptn_rc_t
ptn_heading_order(const ptn_spec_t *spec, ptn_keyed_t *all, uint32_t n)
{
    ptn_rc_t          rc;
    uint32_t          i, at, nruns;
    ptn_keyed_t      *copy;
    ptn_group_run_t  *runs;

    if (n == 0 || spec->extreme == PTN_CATEGORY_PLAIN) {
        return PTN_OK;
    }


    rc = ptn_heading_runs(spec, all, n, &runs, &nruns);
    if (rc != PTN_OK) {
        return rc;
    }

    copy = malloc((size_t) n * sizeof(ptn_keyed_t));

    if (copy != NULL) {
        memcpy(copy, all, (size_t) n * sizeof(ptn_keyed_t));
        qsort(runs, nruns, sizeof(ptn_group_run_t), ptn_group_compare_runs);

        for (i = 0, at = 0; i < nruns; i++) {
            memcpy(all + at, copy + runs[i].first,
                   (size_t) runs[i].n * sizeof(ptn_keyed_t));
            at += runs[i].n;
        }
    }

    free(runs);
    free(copy);

    return copy ? PTN_OK : PTN_ENOMEM;
}


/* ---- records ----------------------------------------------------------- */

static size_t
ptn_group_record_size(const ptn_spec_t *spec, const ptn_keyed_t *k)
{
    return 3 + 2 * (size_t) spec->ncats + k->extreme.len + k->key.len;
}


static u_char *
ptn_group_record_put(const ptn_spec_t *spec, const ptn_keyed_t *k, u_char *p)
{
    unsigned  i;
    uint16_t  len;

    *p++ = k->unread;
    len = (uint16_t) k->extreme.len;
    memcpy(p, &len, 2);
    p += 2;

    for (i = 0; i < spec->ncats; i++) {
        memcpy(p, &k->cuts[i], 2);
        p += 2;
    }

    if (k->extreme.len != 0) {
        memcpy(p, k->extreme.data, k->extreme.len);
        p += k->extreme.len;
    }

    memcpy(p, k->key.data, k->key.len);

    return p + k->key.len;
}


void
ptn_heading_record(const ptn_spec_t *spec, const ptn_vec_t *vec, uint32_t i,
    ptn_keyed_t *k)
{
    u_char    *p, *end;
    unsigned   n;
    uint16_t   len;

    memset(k, 0, sizeof(ptn_keyed_t));
    p = vec->keys + (i ? vec->ends[i - 1] : 0);
    end = vec->keys + vec->ends[i];

    k->unread = *p++;
    memcpy(&len, p, 2);
    p += 2;

    for (n = 0; n < spec->ncats; n++) {
        memcpy(&k->cuts[n], p, 2);
        p += 2;
    }

    k->extreme = ptn_str_make(p, len);
    k->key = ptn_str_make(p + len, (size_t) (end - p) - len);
}


/* ---- groups ------------------------------------------------------------ */

/* Never that of a message: the lower 16 bits are no replica's. */

static ptn_id_t
ptn_heading_id(const ptn_spec_t *spec, unsigned level, ptn_str_t key)
{
    size_t    i;
    uint64_t  h;

    h = 0xcbf29ce484222325ULL ^ (level + 1);
    h = (h ^ spec->sorts[level].tag) * PTN_GROUP_MIX;

    for (i = 0; i < key.len; i++) {
        h = (h ^ key.data[i]) * 0x100000001b3ULL;
        h ^= h >> 29;
    }

    h *= PTN_GROUP_MIX;
    h &= ~(uint64_t) 0xffff;

    return h ? h : 0x10000;
}


static ptn_rc_t
ptn_heading_add(const ptn_spec_t *spec, ptn_vec_t *vec, const ptn_keyed_t *k,
    unsigned level, uint32_t first, uint32_t *open)
{
    ptn_heading_t  *g;

    if (!ptn_table_grow((void **) &vec->groups, vec->ngroups,
                        sizeof(ptn_heading_t)))
    {
        return PTN_ENOMEM;
    }

    g = &vec->groups[vec->ngroups];
    g->id = ptn_heading_id(spec, level, ptn_heading_prefix(k, level));
    g->first = first;
    g->n = 0;
    g->unread = 0;
    g->level = (uint8_t) level;
    g->parent = level ? open[level - 1] : PTN_TABLE_NONE;
    open[level] = vec->ngroups++;

    return PTN_OK;
}


ptn_rc_t
ptn_heading_make(const ptn_spec_t *spec, ptn_vec_t *vec, const ptn_keyed_t *all)
{
    u_char    *p;
    size_t     size;
    ptn_rc_t   rc;
    uint32_t   i, open[PTN_TABLE_SORTS_MAX];
    unsigned   level, same;

    for (i = 0, size = 1; i < vec->n; i++) {
        size += ptn_group_record_size(spec, &all[i]);
    }

    if (size > UINT32_MAX) {
        return PTN_ELIMIT;
    }

    p = vec->keys = malloc(size);
    vec->ends = malloc(((size_t) vec->n + 1) * sizeof(uint32_t));

    if (vec->keys == NULL || vec->ends == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < vec->n; i++) {
        p = ptn_group_record_put(spec, &all[i], p);
        vec->ends[i] = (uint32_t) (p - vec->keys);

        for (same = 0; i > 0 && same < spec->ncats
             && ptn_str_eq(ptn_heading_prefix(&all[i], same),
                           ptn_heading_prefix(&all[i - 1], same)); same++)
        {
            /* void */
        }

        for (level = same; level < spec->ncats; level++) {
            rc = ptn_heading_add(spec, vec, &all[i], level, i, open);
            if (rc != PTN_OK) {
                return rc;
            }
        }

        for (level = 0; level < spec->ncats; level++) {
            vec->groups[open[level]].n++;
            vec->groups[open[level]].unread += all[i].unread;
        }
    }

    return PTN_OK;
}


/* ---- what a table sees ------------------------------------------------- */

bool
ptn_table_is_open(const ptn_table_t *table, const ptn_heading_t *group)
{
    bool  toggled;

    toggled = table->ntoggled != 0
              && bsearch(&group->id, table->toggled, table->ntoggled,
                         sizeof(ptn_id_t), ptn_table_compare_ids) != NULL;

    return (group->level < table->spec.nopen) != toggled;
}


void
ptn_table_close_all(ptn_table_t *table)
{
    free(table->toggled);
    table->toggled = NULL;
    table->ntoggled = 0;
}


ptn_rc_t
ptn_table_see(ptn_table_t *table)
{
    bool                open;
    uint32_t            i, k, n, *seen;
    const ptn_vec_t    *vec;
    const ptn_heading_t  *g;

    vec = table->vec;

    if (table->spec.ncats == 0) {
        free(table->seen);
        table->seen = NULL;
        table->n = table->spec.filter != NULL
                   ? ptn_min(vec->n, ptn_filter_limit(table->spec.filter))
                   : vec->n;
        return PTN_OK;
    }

    seen = malloc(((size_t) vec->n + vec->ngroups + 1) * sizeof(uint32_t));
    if (seen == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0, n = 0; i < vec->ngroups; i++) {
        g = &vec->groups[i];
        seen[n++] = i | PTN_TABLE_HEADER;
        open = ptn_table_is_open(table, g);

        if (open && g->level + 1U == table->spec.ncats) {
            for (k = 0; k < g->n; k++) {
                seen[n++] = g->first + k;
            }
        }

        /* what is within a closed one is not seen */

        while (!open && i + 1 < vec->ngroups
               && vec->groups[i + 1].level > g->level)
        {
            i++;
        }
    }

    free(table->seen);
    table->seen = seen;
    table->n = n;

    return PTN_OK;
}
