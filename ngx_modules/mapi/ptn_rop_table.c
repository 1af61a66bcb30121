#include <stdlib.h>

#include "ptn_rop_data.h"


/*
 * Rows of tables: from the store's table (ptn_store_table.h) straight into
 * the response, and which of them a restriction leaves.
 */


#define PTN_ROP_GAP  16         /* rows that are read along rather than apart */

#define PTN_ROP_TABLE_ROW_TYPE  0x0ff50003      /* PidTagRowType */
#define PTN_ROP_LEAF_ROW        1


/* --- positions ----------------------------------------------------------- */

/* Index of the first match at `row` or behind it. */
static uint32_t
ptn_rop_match_at(const ptn_rop_table_t *t, uint32_t row)
{
    uint32_t  low, high, mid;

    low = 0;
    high = t->nmatch;

    while (low < high) {
        mid = low + (high - low) / 2;

        if (t->match[mid] < row) {
            low = mid + 1;

        } else {
            high = mid;
        }
    }

    return low;
}


uint32_t
ptn_rop_table_count(ptn_rop_ctx_t *c, ptn_rop_object_t *obj)
{
    uint32_t          n;
    ptn_attach_t     *attachs;
    ptn_rop_table_t  *t;

    t = ptn_rop_table(obj);

    if (t->restricted) {
        return t->nmatch;
    }

    if (t->table != NULL) {
        return ptn_table_count(t->table);
    }

    return ptn_rop_message_attachs(c, obj->owner, false, &attachs, &n)
           == PTN_OK ? n : 0;
}


uint32_t
ptn_rop_table_position(ptn_rop_object_t *obj)
{
    ptn_rop_table_t  *t;

    t = ptn_rop_table(obj);

    return t->table == NULL || t->restricted ? t->pos
                                             : ptn_table_position(t->table);
}


void
ptn_rop_table_seek(ptn_rop_object_t *obj, uint32_t row)
{
    ptn_rop_table_t  *t;

    t = ptn_rop_table(obj);
    t->pos = row;

    if (t->table != NULL && !t->restricted) {
        ptn_table_seek(t->table, row);
    }
}


ptn_id_t
ptn_rop_table_id(ptn_rop_object_t *obj, uint32_t row)
{
    ptn_rop_table_t  *t;

    t = ptn_rop_table(obj);

    if (t->table == NULL) {
        return row + 1;                 /* attachments keep their order */
    }

    if (t->restricted) {
        return row < t->nmatch ? ptn_table_id(t->table, t->match[row]) : 0;
    }

    return row < ptn_table_count(t->table) ? ptn_table_id(t->table, row) : 0;
}


uint32_t
ptn_rop_table_find(ptn_rop_object_t *obj, ptn_id_t id, uint32_t row,
    bool *ret_gone)
{
    uint32_t          at;
    ptn_rop_table_t  *t;

    t = ptn_rop_table(obj);
    *ret_gone = false;

    if (t->table == NULL) {
        return row;
    }

    if (id == 0) {
        return t->restricted ? t->nmatch : ptn_table_count(t->table);
    }

    at = ptn_table_find(t->table, id);
    *ret_gone = at == ptn_table_count(t->table);

    if (!t->restricted) {
        return *ret_gone ? ptn_min(row, at) : at;
    }

    if (*ret_gone) {
        return ptn_min(row, t->nmatch);
    }

    row = ptn_rop_match_at(t, at);
    *ret_gone = row == t->nmatch || t->match[row] != at;

    return row;
}


/* --- restrictions -------------------------------------------------------- */

typedef struct {
    ptn_rop_ctx_t         *c;
    ptn_rop_object_t      *obj;
    ptn_pool_t            *scratch;
    const ptn_restrict_t  *restriction;
    const uint32_t        *tags;
    size_t                 ntags;
    ptn_str_t             *values;
    u_char                *numbers;     /* 8 bytes a column */
    uint64_t               folder;      /* FID of the table's folder */

    uint32_t              *found;
    uint32_t               nfound, max;
    bool                   first;       /* one will do */
} ptn_rop_scan_t;


/* What the store does not say of a row, into `number` where it is one. */
static ptn_str_t
ptn_rop_row_value(ptn_rop_object_t *obj, ptn_mbox_t *mb,
    const ptn_table_row_t *row, uint64_t folder, uint32_t tag, u_char *number)
{
    size_t    i, size;
    uint64_t  v;

    size = 8;

    switch (tag) {

    case PTN_PR_FOLDER_ID:
        if (row->folder == NULL) {
            v = folder;
            break;
        }

        /* fall through */

    case PTN_PR_MID:
    case PTN_PR_INST_ID:
        if (ptn_rop_fid(mb, row->info ? row->info->mid : row->id, &v)
            != PTN_OK)
        {
            return ptn_str_make(NULL, 0);
        }
        break;

    case PTN_PR_PARENT_FOLDER_ID:
        v = folder;

        if (row->folder != NULL
            && ptn_rop_fid(mb, row->folder->parent, &v) != PTN_OK)
        {
            return ptn_str_make(NULL, 0);
        }
        break;

    case PTN_PR_INSTANCE_NUM:
        v = 0;
        size = 4;
        break;

    case PTN_ROP_TABLE_ROW_TYPE:
        v = PTN_ROP_LEAF_ROW;
        size = 4;
        break;

    case PTN_PR_OBJECT_TYPE:
        v = ptn_rop_table(obj)->kind == PTN_TABLE_HIERARCHY ? 3 : 5;
        size = 4;
        break;

    default:
        return ptn_str_make(NULL, 0);
    }

    for (i = 0; i < size; i++) {
        number[i] = (u_char) (v >> (8 * i));
    }

    return ptn_str_make(number, size);
}


static void
ptn_rop_row_complete(ptn_rop_object_t *obj, ptn_mbox_t *mb,
    const ptn_table_row_t *row, uint64_t folder, const uint32_t *tags,
    size_t n, ptn_str_t *values, u_char *numbers)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        values[i] = row->values[i];

        if (values[i].data == NULL) {
            values[i] = ptn_rop_row_value(obj, mb, row, folder, tags[i],
                                          numbers + 8 * i);
        }
    }
}


static ptn_rc_t
ptn_rop_scan_row(void *ctx, const ptn_table_row_t *row)
{
    bool             match;
    ptn_rc_t         rc;
    ptn_mbox_t      *mb;
    ptn_rop_scan_t  *s = ctx;

    rc = ptn_rop_mbox(s->c, s->obj->logon, &mb);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_rop_row_complete(s->obj, mb, row, s->folder, s->tags, s->ntags,
                         s->values, s->numbers);

    match = ptn_restrict_match(s->restriction, s->scratch, s->tags, s->values,
                               s->ntags);
    ptn_pool_reset(s->scratch);

    if (!match) {
        return PTN_OK;
    }

    if (s->nfound == s->max) {
        return PTN_ELIMIT;
    }

    s->found[s->nfound++] = row->row;

    return s->first ? PTN_AGAIN : PTN_OK;
}


/* The rows of the store's table in [from, to) that match. */
static ptn_rc_t
ptn_rop_scan(ptn_rop_ctx_t *c, ptn_rop_object_t *obj, ptn_str_t data,
    uint32_t from, uint32_t to, bool first, uint32_t *found, uint32_t max,
    uint32_t *ret_n)
{
    ptn_rc_t          rc;
    uint32_t          tags[PTN_RESTRICT_TAGS_MAX];
    ptn_mbox_t       *mb;
    ptn_restrict_t   *restriction;
    ptn_rop_scan_t    s;
    ptn_rop_table_t  *t;
    ptn_wire_text_t   text;

    t = ptn_rop_table(obj);
    text = ptn_rop_text(c, obj);
    memset(&s, 0, sizeof(s));

    rc = ptn_restrict_get(&text, data, &restriction);

    if (rc == PTN_OK) {
        rc = ptn_restrict_tags(restriction, tags, &s.ntags);
    }

    if (rc == PTN_OK) {
        rc = ptn_rop_mbox(c, obj->logon, &mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_rop_fid(mb, ptn_table_folder(t->table), &s.folder);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    s.c = c;
    s.obj = obj;
    s.restriction = restriction;
    s.tags = tags;
    s.values = ptn_parray(c->pool, s.ntags, sizeof(ptn_str_t));
    s.numbers = ptn_parray(c->pool, s.ntags, 8);
    s.scratch = ptn_pool_create(0, NULL);
    s.found = found;
    s.max = max;
    s.first = first;

    if (s.values == NULL || s.numbers == NULL || s.scratch == NULL) {
        ptn_pool_destroy(s.scratch);
        return PTN_ENOMEM;
    }

    rc = ptn_table_rows(mb, t->table, c->pool, tags, s.ntags, from, to - from,
                        true, ptn_rop_scan_row, &s);
    ptn_pool_destroy(s.scratch);

    if (rc == PTN_OK || rc == PTN_AGAIN) {
        *ret_n = s.nfound;
        return PTN_OK;
    }

    return rc;
}


static ptn_rc_t
ptn_rop_table_filter(ptn_rop_ctx_t *c, ptn_rop_object_t *obj, ptn_str_t data)
{
    uint32_t          n, *match;
    ptn_rc_t          rc;
    ptn_rop_table_t  *t;

    t = ptn_rop_table(obj);
    n = ptn_table_count(t->table);

    if (n > PTN_ROP_ROWS_MAX) {
        return PTN_ELIMIT;
    }

    match = malloc((n + 1) * sizeof(uint32_t));
    if (match == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_rop_scan(c, obj, data, 0, n, false, match, n, &n);

    if (rc != PTN_OK) {
        free(match);
        return rc;
    }

    free(t->match);
    t->match = match;
    t->nmatch = n;

    return PTN_OK;
}


ptn_rc_t
ptn_rop_table_restrict(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    ptn_str_t data)
{
    u_char           *copy;
    ptn_rc_t          rc;
    ptn_rop_table_t  *t;

    t = ptn_rop_table(obj);

    if (data.len == 0) {
        free(t->match);
        free(t->restriction.data);
        t->match = NULL;
        t->restriction = ptn_str_make(NULL, 0);
        t->restricted = false;
        return PTN_OK;
    }

    copy = malloc(data.len);
    if (copy == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_rop_table_filter(c, obj, data);

    if (rc != PTN_OK) {
        free(copy);
        return rc;
    }

    memcpy(copy, data.data, data.len);
    free(t->restriction.data);
    t->restriction = ptn_str_make(copy, data.len);
    t->restricted = true;

    return PTN_OK;
}


ptn_rc_t
ptn_rop_table_fresh(ptn_rop_ctx_t *c, ptn_rop_object_t *obj)
{
    bool              changed, gone;
    ptn_id_t          id;
    ptn_rc_t          rc;
    ptn_mbox_t       *mb;
    ptn_rop_table_t  *t;

    t = ptn_rop_table(obj);

    if (t->table == NULL) {
        return PTN_OK;
    }

    id = t->restricted ? ptn_rop_table_id(obj, t->pos) : 0;
    rc = ptn_rop_mbox(c, obj->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_table_sync(mb, t->table, &changed);
    }

    if (rc != PTN_OK || !changed || !t->restricted) {
        return rc;
    }

    rc = ptn_rop_table_filter(c, obj, t->restriction);

    if (rc == PTN_OK) {
        t->pos = ptn_rop_table_find(obj, id, t->pos, &gone);
    }

    return rc;
}


ptn_rc_t
ptn_rop_table_search(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    ptn_str_t restriction, uint32_t from, uint32_t to, bool backward,
    uint32_t *ret_row)
{
    uint32_t          i, k, n, *found;
    ptn_rc_t          rc;
    ptn_rop_table_t  *t;

    t = ptn_rop_table(obj);

    if (from >= to) {
        *ret_row = to;
        return PTN_OK;
    }

    if (to - from > PTN_ROP_ROWS_MAX) {
        return PTN_ELIMIT;
    }

    found = ptn_parray(c->pool, (t->restricted ? t->match[to - 1] + 1
                                 - t->match[from] : to - from) + 1,
                       sizeof(uint32_t));
    if (found == NULL) {
        return PTN_ENOMEM;
    }

    /* unrestricted and forward, the first is what is wanted */

    rc = ptn_rop_scan(c, obj, restriction,
                      t->restricted ? t->match[from] : from,
                      t->restricted ? t->match[to - 1] + 1 : to,
                      !t->restricted && !backward, found,
                      t->restricted ? t->match[to - 1] + 1 - t->match[from]
                                    : to - from, &n);
    if (rc != PTN_OK) {
        return rc;
    }

    for (i = 0; i < n; i++) {
        k = backward ? found[n - 1 - i] : found[i];

        if (!t->restricted) {
            *ret_row = k;
            return PTN_OK;
        }

        *ret_row = ptn_rop_match_at(t, k);

        if (*ret_row < t->nmatch && t->match[*ret_row] == k) {
            return PTN_OK;
        }
    }

    *ret_row = to;

    return PTN_OK;
}


/* --- rows ---------------------------------------------------------------- */

typedef struct {
    ptn_rop_object_t  *obj;
    ptn_rop_table_t   *t;
    ptn_mbox_t        *mb;
    ptn_wire_text_t    text;
    ptn_buf_t         *out;
    size_t             limit;           /* out->len at most */
    uint64_t           folder;
    ptn_str_t         *values;
    u_char            *numbers;
    const uint32_t    *match, *end;     /* restricted: those still to come */
    uint32_t           n;
    bool               full;
} ptn_rop_emit_t;


static ptn_rc_t
ptn_rop_emit_values(ptn_rop_emit_t *e)
{
    size_t    start;
    ptn_rc_t  rc;

    start = e->out->len;

    rc = ptn_wire_row_put(e->out, &e->text, e->t->columns, NULL, e->values,
                          NULL, e->t->ncolumns);
    if (rc != PTN_OK) {
        return rc;
    }

    if (e->out->len > e->limit) {
        e->out->len = start;
        e->full = true;
        return PTN_AGAIN;
    }

    e->n++;

    return PTN_OK;
}


static ptn_rc_t
ptn_rop_emit_row(void *ctx, const ptn_table_row_t *row)
{
    ptn_rop_emit_t  *e = ctx;

    if (e->match != NULL) {
        if (row->row != *e->match) {
            return PTN_OK;
        }

        e->match++;
    }

    ptn_rop_row_complete(e->obj, e->mb, row, e->folder, e->t->tags,
                         e->t->ncolumns, e->values, e->numbers);

    return ptn_rop_emit_values(e);
}


/* Of the matches from e->match on: runs with small gaps in one go. */
static ptn_rc_t
ptn_rop_emit_matches(ptn_rop_ctx_t *c, ptn_rop_emit_t *e)
{
    uint32_t         from;
    ptn_rc_t         rc;
    const uint32_t  *last;

    while (e->match < e->end && !e->full) {
        from = *e->match;

        for (last = e->match; last + 1 < e->end
                              && last[1] - last[0] <= PTN_ROP_GAP; last++)
        {
            /* void */
        }

        rc = ptn_table_rows(e->mb, e->t->table, c->pool, e->t->tags,
                            e->t->ncolumns, from, *last - from + 1, false,
                            ptn_rop_emit_row, e);

        if (rc != PTN_OK && rc != PTN_AGAIN) {
            return rc;
        }

        if (e->match <= last && !e->full) {
            e->match = last + 1;        /* rows that went meanwhile */
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_rop_emit_attachs(ptn_rop_ctx_t *c, ptn_rop_emit_t *e, uint32_t from,
    uint32_t n)
{
    uint32_t       i, k, count;
    ptn_rc_t       rc;
    ptn_attach_t  *attachs;

    rc = ptn_rop_message_attachs(c, e->obj->owner, false, &attachs, &count);

    for (i = from; rc == PTN_OK && i < count && i - from < n; i++) {
        for (k = 0; k < e->t->ncolumns; k++) {
            e->values[k] = ptn_rop_attach_value(c->pool, &attachs[i],
                                                e->t->tags[k]);

            if (e->values[k].len > 510) {
                e->values[k].len = 510;         /* MS-OXCTABL 2.2.2.5.2 */
            }
        }

        rc = ptn_rop_emit_values(e);
    }

    return rc == PTN_AGAIN ? PTN_OK : rc;
}


ptn_rc_t
ptn_rop_table_rows(ptn_rop_ctx_t *c, ptn_rop_object_t *obj, uint32_t from,
    uint32_t n, size_t room, ptn_buf_t *out, uint32_t *ret_n)
{
    ptn_rc_t          rc;
    ptn_rop_emit_t    e;
    ptn_rop_table_t  *t;

    t = ptn_rop_table(obj);
    memset(&e, 0, sizeof(e));

    e.obj = obj;
    e.t = t;
    e.text = ptn_rop_text(c, obj);
    e.out = out;
    e.limit = out->len + room;
    e.values = ptn_parray(c->pool, t->ncolumns, sizeof(ptn_str_t));
    e.numbers = ptn_parray(c->pool, t->ncolumns, 8);

    if (e.values == NULL || e.numbers == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_rop_mbox(c, obj->logon, &e.mb);

    if (rc == PTN_OK && t->table == NULL) {
        rc = ptn_rop_emit_attachs(c, &e, from, n);

    } else if (rc == PTN_OK) {
        rc = ptn_rop_fid(e.mb, ptn_table_folder(t->table), &e.folder);

        if (rc == PTN_OK && t->restricted) {
            e.match = t->match + from;
            e.end = t->match + ptn_min(t->nmatch, from + n);
            rc = ptn_rop_emit_matches(c, &e);

        } else if (rc == PTN_OK) {
            rc = ptn_table_rows(e.mb, t->table, c->pool, t->tags, t->ncolumns,
                                from, n, false, ptn_rop_emit_row, &e);
        }
    }

    if (rc != PTN_OK && rc != PTN_AGAIN) {
        return rc;
    }

    *ret_n = e.n;

    return PTN_OK;
}
