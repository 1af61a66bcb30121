/*
 * Bringing a table up to date.
 */

#include <stdlib.h>

#include "ptn_table.h"


/* ---- the vector of now ------------------------------------------------- */

/*
 * Is the snapshot that is read now that of the base?  Keys that are read later
 * than the base would put rows in wrong places beside rows that have changed.
 */

static ptn_rc_t
ptn_sync_pinned(ptn_mbox_t *mb, const ptn_spec_t *spec,
    const ptn_base_t *base, bool *ret_same)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    *ret_same = true;

    if (mb->batch) {
        return PTN_OK;
    }

    rc = ptn_mbox_read(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_VIEW_FOLDER, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) spec->folder);
    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        *ret_same = (ptn_sql_u64(st, 2) == base->modseq);
        sqlite3_reset(st);
        rc = PTN_OK;
    }

    return rc;
}


static bool
ptn_sync_reads(const ptn_spec_t *spec)
{
    return spec->nsorts != 0 || spec->filter != NULL || spec->instances != 0;
}


/* Of a base; `d` is how it differs from old's, where it follows it. */

static ptn_rc_t
ptn_sync_vec(ptn_mbox_t *mb, const ptn_spec_t *spec, const ptn_vec_t *old,
    ptn_base_t *base, ptn_diff_t *d, ptn_vec_t **ret_vec)
{
    ptn_rc_t    rc;
    ptn_vec_t  *vec;

    if (old != NULL && ptn_base_follows(base, old->base)) {
        rc = ptn_base_diff(old->base, base, d);
        if (rc != PTN_OK) {
            return rc;
        }

        vec = ptn_vec_list_get(mb, spec, base, 0);

        if (vec != NULL) {
            *ret_vec = vec;
            return PTN_OK;
        }

        rc = ptn_vec_patch(mb, spec, old, base, d, ret_vec);

    } else {
        vec = ptn_vec_list_get(mb, spec, base, 0);

        if (vec != NULL) {
            *ret_vec = vec;
            return PTN_OK;
        }

        rc = ptn_vec_build(mb, spec, base, ret_vec);
    }

    if (rc == PTN_OK) {
        ptn_vec_list_put(mb, spec, *ret_vec);
    }

    return rc;
}


/* `old` itself, with a reference more, when nothing has changed. */

static ptn_rc_t
ptn_sync_now(ptn_mbox_t *mb, const ptn_spec_t *spec, ptn_vec_t *old,
    ptn_diff_t *d, ptn_vec_t **ret_vec)
{
    bool         reading, same;
    ptn_rc_t     rc;
    unsigned     tries;
    ptn_base_t  *base;

    memset(d, 0, sizeof(ptn_diff_t));
    reading = mb->reading;

    for (tries = 0; ; tries++) {
        rc = ptn_base_get(mb, spec, old ? old->base : NULL, &base);

        if (rc != PTN_OK) {
            break;
        }

        if (old != NULL && base == old->base) {
            ptn_base_unref(base);
            *ret_vec = ptn_vec_ref(old);
            break;
        }

        same = true;

        if (ptn_sync_reads(spec) && tries < 4) {
            rc = ptn_sync_pinned(mb, spec, base, &same);
        }

        if (rc == PTN_OK && same) {
            rc = ptn_sync_vec(mb, spec, old, base, d, ret_vec);
        }

        ptn_base_unref(base);

        if (rc != PTN_OK || same) {
            break;
        }

        ptn_mbox_read_end(mb);
    }

    if (!reading) {
        ptn_mbox_read_end(mb);
    }

    return rc;
}


ptn_rc_t
ptn_table_make(ptn_mbox_t *mb, const ptn_table_t *table,
    const ptn_spec_t *spec, ptn_made_t *ret)
{
    ptn_rc_t    rc;
    ptn_diff_t  d;

    memset(ret, 0, sizeof(ptn_made_t));

    if (ptn_table_is_small(table)) {
        return ptn_small_read(mb, table, spec, &ret->small, &ret->nsmall);
    }

    rc = ptn_sync_now(mb, spec, NULL, &d, &ret->vec);
    ptn_diff_done(&d);

    return rc;
}


void
ptn_table_take(ptn_table_t *table, ptn_made_t *made)
{
    ptn_vec_unref(table->vec);
    free(table->small);
    free(table->head);
    table->head = NULL;
    table->nhead = 0;
    table->newest = false;
    table->vec = made->vec;
    table->small = made->small;
    table->n = made->nsmall;
    memset(made, 0, sizeof(ptn_made_t));
}


/* Where a row of those that were had is now, or the next one that is there. */

static uint32_t
ptn_whole_place(const ptn_table_t *table, const ptn_row_t *head,
    uint32_t nhead, uint32_t n, uint32_t at, bool *gone)
{
    uint32_t         i, row;
    ptn_table_key_t  key;

    memset(&key, 0, sizeof(key));

    for (i = at; i < nhead; i++) {
        key.id = head[i].id;
        row = ptn_table_row_of(table, &key);

        if (row != table->n) {
            *gone |= (i != at);
            return row;
        }
    }

    return at >= n ? table->n : ptn_min(at, table->n);
}


ptn_rc_t
ptn_table_whole(ptn_mbox_t *mb, ptn_table_t *table)
{
    bool        same, gone;
    ptn_rc_t    rc;
    uint32_t    i, n, nhead;
    ptn_row_t  *head;
    ptn_made_t  made;

    if (!table->newest) {
        return PTN_OK;
    }

    rc = ptn_table_make(mb, table, &table->spec, &made);
    if (rc != PTN_OK) {
        return rc;
    }

    n = table->n;
    head = table->head;
    nhead = table->nhead;
    table->head = NULL;
    same = (made.vec->base->modseq == table->modseq
            && ptn_view_uidvalidity(made.vec->base->view)
               == table->uidvalidity);

    ptn_table_take(table, &made);
    rc = ptn_table_see(table);

    if (rc == PTN_OK && !same) {

        /* it has moved on: who follows it is told with the next sync */

        gone = false;
        table->moved = true;
        table->position = ptn_whole_place(table, head, nhead, n,
                                          table->position, &gone);

        for (i = 0; i < table->nmarks; i++) {
            table->marks[i].at = ptn_whole_place(table, head, nhead, n,
                                                 table->marks[i].at,
                                                 &table->marks[i].gone);
        }
    }

    free(head);

    return rc;
}


/* ---- sync -------------------------------------------------------------- */

/* Where the events go; NULL: nobody asks. */
typedef struct {
    ptn_pool_t                *pool;
    const ptn_table_event_t  **ret;
    size_t                    *ret_n;
} ptn_sync_out_t;


static ptn_rc_t
ptn_sync_changed(const ptn_sync_out_t *out)
{
    ptn_table_event_t  *ev;

    if (out == NULL) {
        return PTN_OK;
    }

    ev = ptn_pcalloc(out->pool, sizeof(ptn_table_event_t));
    if (ev == NULL) {
        return PTN_ENOMEM;
    }

    ev->kind = PTN_TABLE_CHANGED;
    *out->ret = ev;
    *out->ret_n = 1;

    return PTN_OK;
}


/* Takes over what was made, and says what that did. */

static ptn_rc_t
ptn_sync_take(ptn_table_t *table, ptn_made_t *made, const ptn_diff_t *d,
    bool follows, const ptn_sync_out_t *out)
{
    ptn_rc_t   rc;
    ptn_was_t  was;

    ptn_was_take(table, &was);
    ptn_table_take(table, made);
    rc = table->small ? PTN_OK : ptn_table_see(table);

    if (rc == PTN_OK) {
        rc = ptn_was_compare(table, &was, follows ? d : NULL);
    }

    if (rc != PTN_OK) {

        /* as it was; the next sync tries again */

        ptn_vec_unref(table->vec);
        free(table->seen);
        free(table->small);
        table->vec = was.vec;
        table->seen = was.seen;
        table->small = was.small;
        table->n = was.n;
        was.vec = NULL;
        was.seen = NULL;
        was.small = NULL;
        ptn_was_done(&was);
        return rc;
    }

    ptn_was_move(table, &was);

    if (!follows) {
        ptn_table_forget(table);
    }

    rc = (out == NULL) ? PTN_OK
         : (table->moved || !follows) ? ptn_sync_changed(out)
         : ptn_was_events(table, &was, out->pool, out->ret, out->ret_n);

    ptn_was_done(&was);
    table->moved = (table->moved && out == NULL);

    return rc;
}


static ptn_rc_t
ptn_sync_unchanged(ptn_table_t *table, bool *changed,
    const ptn_sync_out_t *out)
{
    if (!table->moved) {
        return PTN_OK;
    }

    *changed = true;
    table->moved = (out == NULL);

    return ptn_sync_changed(out);
}


static ptn_rc_t
ptn_sync_small(ptn_mbox_t *mb, ptn_table_t *table, bool *changed,
    const ptn_sync_out_t *out)
{
    ptn_rc_t    rc;
    uint32_t    i;
    ptn_made_t  made;

    rc = ptn_table_make(mb, table, &table->spec, &made);
    if (rc != PTN_OK) {
        return rc;
    }

    for (i = 0; made.nsmall == table->n && i < table->n
                && made.small[i].id == table->small[i].id
                && made.small[i].state == table->small[i].state; i++)
    {
        table->small[i].at = made.small[i].at;
    }

    if (i == table->n && made.nsmall == table->n) {
        free(made.small);
        return PTN_OK;
    }

    *changed = true;

    return ptn_sync_take(table, &made, NULL, true, out);
}


static ptn_rc_t
ptn_sync_newest(ptn_mbox_t *mb, ptn_table_t *table, bool *changed,
    const ptn_sync_out_t *out)
{
    ptn_rc_t       rc;
    ptn_folder_t  *f;

    rc = ptn_folder_of(mb, table->spec.folder, &f);
    if (rc != PTN_OK) {
        return rc;
    }

    if (f->modseq == table->modseq && f->uidvalidity == table->uidvalidity
        && !(mb->batch && f->modseq > mb->batch_cn))
    {
        return PTN_OK;
    }

    rc = ptn_table_whole(mb, table);

    return rc == PTN_OK ? ptn_sync_unchanged(table, changed, out) : rc;
}


static ptn_rc_t
ptn_sync_messages(ptn_mbox_t *mb, ptn_table_t *table, bool *changed,
    const ptn_sync_out_t *out)
{
    bool        follows;
    ptn_rc_t    rc;
    ptn_made_t  made;
    ptn_diff_t  d;

    memset(&made, 0, sizeof(made));

    rc = ptn_sync_now(mb, &table->spec, table->vec, &d, &made.vec);
    if (rc != PTN_OK) {
        ptn_diff_done(&d);
        return rc;
    }

    if (made.vec == table->vec) {
        ptn_vec_unref(made.vec);
        return ptn_sync_unchanged(table, changed, out);
    }

    follows = ptn_base_follows(made.vec->base, table->vec->base);
    *changed = !follows || d.ndead != 0 || d.nrows != 0 || table->moved;

    rc = ptn_sync_take(table, &made, &d, follows, out);
    ptn_diff_done(&d);

    return rc;
}


static ptn_rc_t
ptn_sync_table(ptn_mbox_t *mb, ptn_table_t *table, bool *changed,
    const ptn_sync_out_t *out)
{
    ptn_rc_t  rc;

    *changed = false;

    rc = ptn_table_need(mb, table);
    if (rc != PTN_OK) {
        return rc;
    }

    return ptn_table_is_small(table) ? ptn_sync_small(mb, table, changed, out)
           : table->newest ? ptn_sync_newest(mb, table, changed, out)
                           : ptn_sync_messages(mb, table, changed, out);
}


ptn_rc_t
ptn_table_sync(ptn_mbox_t *mb, ptn_table_t *table, bool *ret_changed)
{
    bool      changed;
    ptn_rc_t  rc;

    rc = ptn_sync_table(mb, table, &changed, NULL);

    if (rc == PTN_OK) {
        table->moved = false;

        if (ret_changed != NULL) {
            *ret_changed = changed;
        }
    }

    return rc;
}


ptn_rc_t
ptn_table_sync_events(ptn_mbox_t *mb, ptn_table_t *table, ptn_pool_t *pool,
    const ptn_table_event_t **ret_events, size_t *ret_n)
{
    bool            changed;
    ptn_sync_out_t  out;

    *ret_events = NULL;
    *ret_n = 0;
    out.pool = pool;
    out.ret = ret_events;
    out.ret_n = ret_n;

    return ptn_sync_table(mb, table, &changed, &out);
}
