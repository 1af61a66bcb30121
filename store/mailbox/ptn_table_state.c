/*
 * Which categories are open (MS-OXCTABL 2.2.2.17 to 2.2.2.20).
 */

#include <stdlib.h>

#include "ptn_table.h"


#define PTN_STATE_VERSION  1
#define PTN_STATE_HEAD     (4 + 8 + 8 + 4 + 4)
#define PTN_STATE_MAX      8000     /* categories; it goes in a bin16 */


/* The row of a category that is seen, or PTN_TABLE_NONE. */

static uint32_t
ptn_state_find(const ptn_table_t *table, ptn_id_t id)
{
    uint32_t  i;

    for (i = 0; table->seen != NULL && i < table->n; i++) {
        if ((table->seen[i] & PTN_TABLE_HEADER)
            && table->vec->groups[table->seen[i] & ~PTN_TABLE_HEADER].id
               == id)
        {
            return i;
        }
    }

    return PTN_TABLE_NONE;
}


/* In the list of those that are not as they begin, or out of it. */

static ptn_rc_t
ptn_state_toggle(ptn_table_t *table, ptn_id_t id)
{
    void      *p;
    uint32_t   i;

    for (i = 0; i < table->ntoggled && table->toggled[i] < id; i++) {
        /* void */
    }

    if (i < table->ntoggled && table->toggled[i] == id) {
        table->ntoggled--;
        memmove(table->toggled + i, table->toggled + i + 1,
                (table->ntoggled - i) * sizeof(ptn_id_t));
        return PTN_OK;
    }

    p = realloc(table->toggled, (table->ntoggled + 1) * sizeof(ptn_id_t));
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    table->toggled = p;
    memmove(table->toggled + i + 1, table->toggled + i,
            (table->ntoggled - i) * sizeof(ptn_id_t));
    table->toggled[i] = id;
    table->ntoggled++;

    return PTN_OK;
}


/* Rows behind `at` came (or went: `n` negative); positions follow. */

static uint32_t
ptn_state_shift(uint32_t row, uint32_t at, int64_t n, bool *gone)
{
    if (row <= at) {
        return row;
    }

    if (n < 0 && row <= at + (uint32_t) -n) {
        *gone = true;
        return at + 1;
    }

    return (uint32_t) (row + n);
}


static ptn_rc_t
ptn_state_set(ptn_mbox_t *mb, ptn_table_t *table, ptn_id_t id, bool open,
    uint32_t *ret_at, uint32_t *ret_n)
{
    bool                gone;
    int64_t             n;
    ptn_rc_t            rc;
    uint32_t            i, at, was;
    const ptn_heading_t  *g;

    rc = ptn_table_need(mb, table);
    if (rc != PTN_OK) {
        return rc;
    }

    at = ptn_state_find(table, id);
    if (at == PTN_TABLE_NONE) {
        return PTN_ENOTFOUND;
    }

    g = &table->vec->groups[table->seen[at] & ~PTN_TABLE_HEADER];

    if (ptn_table_is_open(table, g) == open) {
        return PTN_ECONFLICT;
    }

    was = table->n;
    rc = ptn_state_toggle(table, id);

    if (rc == PTN_OK) {
        rc = ptn_table_see(table);

        if (rc != PTN_OK) {
            (void) ptn_state_toggle(table, id);
        }
    }

    if (rc != PTN_OK) {
        return rc;
    }

    gone = false;
    n = (int64_t) table->n - was;
    table->position = ptn_state_shift(table->position, at, n, &gone);

    for (i = 0; i < table->nmarks; i++) {
        table->marks[i].at = ptn_state_shift(table->marks[i].at, at, n,
                                             &table->marks[i].gone);
    }

    *ret_at = at;
    *ret_n = (uint32_t) (open ? n : -n);

    return PTN_OK;
}


ptn_rc_t
ptn_table_expand(ptn_mbox_t *mb, ptn_table_t *table, ptn_id_t id,
    uint32_t *ret_at, uint32_t *ret_n)
{
    return ptn_state_set(mb, table, id, true, ret_at, ret_n);
}


ptn_rc_t
ptn_table_collapse(ptn_mbox_t *mb, ptn_table_t *table, ptn_id_t id,
    uint32_t *ret_at, uint32_t *ret_n)
{
    return ptn_state_set(mb, table, id, false, ret_at, ret_n);
}


/* ---- as a string ------------------------------------------------------- */

static void
ptn_state_put64(u_char *p, uint64_t n)
{
    ptn_put_le32(p, (uint32_t) n);
    ptn_put_le32(p + 4, (uint32_t) (n >> 32));
}


static uint64_t
ptn_state_get64(const u_char *p)
{
    return ptn_le32(p) | (uint64_t) ptn_le32(p + 4) << 32;
}


/* Of order and restriction: the state fits tables that have the same. */

static uint64_t
ptn_state_hash(const ptn_spec_t *spec)
{
    size_t    i;
    uint64_t  h;

    h = 0xcbf29ce484222325ULL;
    h = (h ^ (spec->ncats | spec->nopen << 8 | spec->extreme << 16
              | spec->nsorts << 24)) * 0x100000001b3ULL;
    h = (h ^ spec->instances ^ (uint64_t) spec->extreme_tag << 32)
        * 0x100000001b3ULL;

    for (i = 0; i < spec->nsorts; i++) {
        h = (h ^ spec->sorts[i].tag) * 0x9e3779b97f4a7c15ULL;
        h = (h ^ spec->sorts[i].descending) * 0x100000001b3ULL;
    }

    for (i = 0; i < spec->text.len; i++) {
        h = (h ^ spec->text.data[i]) * 0x100000001b3ULL;
    }

    return h;
}


ptn_rc_t
ptn_table_state_get(ptn_mbox_t *mb, ptn_table_t *table, ptn_pool_t *pool,
    const ptn_table_key_t *row, ptn_str_t *ret_state)
{
    u_char    *p;
    ptn_rc_t   rc;
    uint32_t   i;

    rc = ptn_table_need(mb, table);
    if (rc != PTN_OK) {
        return rc;
    }

    if (table->spec.ncats == 0) {
        return PTN_ESUPPORT;
    }

    if (table->ntoggled > PTN_STATE_MAX) {
        return PTN_ELIMIT;
    }

    p = ptn_palloc(pool, PTN_STATE_HEAD + 8 * (size_t) table->ntoggled);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    *ret_state = ptn_str_make(p, PTN_STATE_HEAD + 8 * table->ntoggled);
    ptn_put_le32(p, PTN_STATE_VERSION);
    ptn_state_put64(p + 4, ptn_state_hash(&table->spec));
    ptn_state_put64(p + 12, row->id);
    ptn_put_le32(p + 20, row->instance);
    ptn_put_le32(p + 24, row->header);

    for (i = 0; i < table->ntoggled; i++) {
        ptn_state_put64(p + PTN_STATE_HEAD + 8 * i, table->toggled[i]);
    }

    return PTN_OK;
}


ptn_rc_t
ptn_table_state_set(ptn_mbox_t *mb, ptn_table_t *table, ptn_str_t state,
    uint32_t *ret_mark)
{
    ptn_rc_t          rc;
    uint32_t          i, n, row, old;
    ptn_id_t         *list, *was;
    ptn_table_key_t   key;

    rc = ptn_table_need(mb, table);
    if (rc != PTN_OK) {
        return rc;
    }

    if (table->spec.ncats == 0) {
        return PTN_ESUPPORT;
    }

    if (state.len < PTN_STATE_HEAD || (state.len - PTN_STATE_HEAD) % 8 != 0
        || (state.len - PTN_STATE_HEAD) / 8 > PTN_STATE_MAX
        || ptn_le32(state.data) != PTN_STATE_VERSION
        || ptn_state_get64(state.data + 4) != ptn_state_hash(&table->spec))
    {
        return PTN_EINVAL;
    }

    n = (uint32_t) ((state.len - PTN_STATE_HEAD) / 8);
    list = malloc(((size_t) n + 1) * sizeof(ptn_id_t));
    if (list == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < n; i++) {
        list[i] = ptn_state_get64(state.data + PTN_STATE_HEAD + 8 * i);
    }

    if (n != 0) {
        qsort(list, n, sizeof(ptn_id_t), ptn_table_compare_ids);
    }

    was = table->toggled;
    old = table->ntoggled;
    table->toggled = list;
    table->ntoggled = n;
    rc = ptn_table_see(table);

    if (rc != PTN_OK) {
        table->toggled = was;
        table->ntoggled = old;
        free(list);
        return rc;
    }

    free(was);
    ptn_table_unmark(table);

    memset(&key, 0, sizeof(key));
    key.id = ptn_state_get64(state.data + 12);
    key.instance = ptn_le32(state.data + 20);
    key.header = ptn_le32(state.data + 24) != 0;

    rc = ptn_table_row(mb, table, &key, &row);
    table->position = (rc == PTN_OK && row < table->n) ? row : 0;

    return rc == PTN_OK ? ptn_table_mark(table, table->position, ret_mark)
                        : rc;
}
