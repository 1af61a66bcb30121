#include <stdlib.h>

#include "ptn_rop_data.h"


/*
 * Rows of tables: from the store's table (ptn_store_table.h) straight into
 * the response, and which of them a restriction leaves.
 */


/* --- positions ----------------------------------------------------------- */

uint32_t
ptn_rop_table_count(ptn_rop_ctx_t *c, ptn_rop_object_t *obj)
{
    uint32_t          n;
    ptn_attach_t     *attachs;
    ptn_rop_table_t  *t;

    t = ptn_rop_table(obj);

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

    return t->table == NULL ? t->pos : ptn_table_position(t->table);
}


void
ptn_rop_table_seek(ptn_rop_object_t *obj, uint32_t row)
{
    ptn_rop_table_t  *t;

    t = ptn_rop_table(obj);
    t->pos = row;

    if (t->table != NULL) {
        ptn_table_seek(t->table, row);
    }
}


ptn_rc_t
ptn_rop_table_fresh(ptn_rop_ctx_t *c, ptn_rop_object_t *obj)
{
    ptn_rc_t          rc;
    ptn_mbox_t       *mb;
    ptn_rop_table_t  *t;

    t = ptn_rop_table(obj);

    if (t->table == NULL) {
        return PTN_OK;
    }

    rc = ptn_rop_mbox(c, obj->logon, &mb);
    if (rc != PTN_OK) {
        return rc;
    }

    /* what happened since is told even when this ROP shows it: who follows has
     * the events of all, in their order */

    if (obj->watch.types != 0 && !obj->watch.quiet) {
        rc = ptn_rop_notify_table(c, obj, false);

    } else {
        rc = ptn_table_sync(mb, t->table, NULL);
    }

    if (rc == PTN_OK && obj->watch.read) {
        obj->watch.quiet = false;
        obj->watch.read = false;
    }

    return rc;
}


/* --- restrictions -------------------------------------------------------- */

ptn_rc_t
ptn_rop_table_restrict(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    ptn_str_t data)
{
    ptn_rc_t          rc;
    ptn_mbox_t       *mb;
    ptn_restrict_t   *restriction;
    ptn_rop_table_t  *t;
    ptn_wire_text_t   text;

    t = ptn_rop_table(obj);

    if (t->table == NULL) {
        return data.len == 0 ? PTN_OK : PTN_ESUPPORT;
    }

    text = ptn_rop_text(c, obj);
    restriction = NULL;
    rc = data.len ? ptn_restrict_get(&text, data, &restriction) : PTN_OK;

    if (rc == PTN_OK) {
        rc = ptn_rop_mbox(c, obj->logon, &mb);
    }

    return rc == PTN_OK ? ptn_table_restrict(mb, t->table, restriction) : rc;
}


ptn_rc_t
ptn_rop_table_search(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    ptn_str_t data, uint32_t from, uint32_t to, bool backward,
    uint32_t *ret_row)
{
    ptn_rc_t          rc;
    ptn_mbox_t       *mb;
    ptn_restrict_t   *restriction;
    ptn_wire_text_t   text;

    text = ptn_rop_text(c, obj);
    rc = ptn_restrict_get(&text, data, &restriction);

    if (rc == PTN_OK) {
        rc = ptn_rop_mbox(c, obj->logon, &mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_table_search(mb, ptn_rop_table(obj)->table, c->pool,
                              restriction, from, to, backward, ret_row);
    }

    if (rc == PTN_ENOTFOUND) {
        *ret_row = to;
        return PTN_OK;
    }

    return rc;
}


/* --- rows ---------------------------------------------------------------- */

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

    case PTN_PR_ROW_TYPE:
        v = PTN_ROW_LEAF;
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

        if (values[i].data == NULL && row->type == PTN_ROW_LEAF) {
            values[i] = ptn_rop_row_value(obj, mb, row, folder, tags[i],
                                          numbers + 8 * i);
        }
    }
}


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

    ptn_rop_row_complete(e->obj, e->mb, row, e->folder, e->t->tags,
                         e->t->ncolumns, e->values, e->numbers);

    return ptn_rop_emit_values(e);
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

        if (rc == PTN_OK) {
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
