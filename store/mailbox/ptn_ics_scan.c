/*
 * The rows of a folder, for ptn_ics_content.c.
 *
 * They are taken in the order of their modseq, from the end of the client's
 * run on, or, when that is short, in the order of uids.  cn, read_cn are never
 * above modseq, so that what the run does not cover lies behind it.  A row that
 * changes meanwhile only moves forward in either order: what changed at a
 * number above the bound is left to the next synchronisation, what was merely
 * marked read is met again and was told already, or not yet.
 *
 * In a public store read state is not in the rows, and moves no row: what the
 * actor has read since the run's end is gone over besides.
 */

#include <stdlib.h>

#include "ptn_ics_content.h"
#include "ptn_table.h"


/* ---- is a row told? ------------------------------------------------------ */

void
ptn_ics_pass_begin(ptn_ics_pass_t *p, ptn_mbox_t *mb, ptn_ics_content_t *c)
{
    memset(p, 0, sizeof(ptn_ics_pass_t));
    p->mb = mb;
    p->c = c;
    ptn_ics_ask(&p->seen[0], mb->set, &c->from.set[PTN_ICS_SEEN]);
    ptn_ics_ask(&p->seen[1], mb->set, &c->from.set[PTN_ICS_SEEN_FAI]);
    ptn_ics_ask(&p->read, mb->set, &c->from.set[PTN_ICS_READ]);
    ptn_ics_ask(&p->given, mb->set, &c->from.set[PTN_ICS_GIVEN]);
    ptn_ics_ask(&p->told[0], mb->set, &c->told_cns[0]);
    ptn_ics_ask(&p->told[1], mb->set, &c->told_cns[1]);
}


static bool
ptn_ics_is_change(const ptn_ics_pass_t *p, const ptn_ics_row_t *r)
{
    return (p->c->flags & (r->fai ? PTN_ICS_FAI : PTN_ICS_NORMAL))
           && r->cn <= p->c->upto
           && !ptn_ics_has(&p->seen[r->fai], r->cn);
}


/* The key of a sorted list is the delivery time, newest first. */

static int
ptn_ics_entry_compare(const void *a, const void *b)
{
    int64_t                 x, y;
    const ptn_ics_entry_t  *e = a, *f = b;

    x = (int64_t) e->key;
    y = (int64_t) f->key;

    if (x != y) {
        return (x < y) - (x > y);
    }

    return (e->id < f->id) - (e->id > f->id);
}


static ptn_rc_t
ptn_ics_list_room(ptn_ics_content_t *c)
{
    size_t            size;
    ptn_ics_row_t    *rows;
    ptn_ics_entry_t  *list;

    if (c->n < c->size) {
        return PTN_OK;
    }

    size = c->size ? 2 * c->size : 64;
    list = realloc(c->list, size * sizeof(ptn_ics_entry_t));

    if (list == NULL) {
        return PTN_ENOMEM;
    }

    c->list = list;

    if (!c->sorted) {
        rows = realloc(c->rows, size * sizeof(ptn_ics_row_t));

        if (rows == NULL) {
            return PTN_ENOMEM;
        }

        c->rows = rows;
    }

    c->size = size;

    return PTN_OK;
}


/*
 * The first of the order that fit.  A sorted list is filled to twice its size
 * and then cut, which costs n log n in all.
 */

static ptn_rc_t
ptn_ics_list_add(ptn_ics_content_t *c, const ptn_ics_row_t *r)
{
    ptn_rc_t         rc;
    ptn_ics_entry_t  e;

    e.id = r->id;
    e.uid = r->uid;
    e.key = c->sorted ? (uint64_t) r->received : r->modseq;

    if (!c->sorted && c->n >= PTN_ICS_LIST) {
        c->more = true;
        return PTN_AGAIN;
    }

    if (c->sorted && c->last.id != 0
        && ptn_ics_entry_compare(&e, &c->last) <= 0)
    {
        return PTN_OK;
    }

    if (c->sorted && c->n >= 2 * PTN_ICS_LIST_SORTED) {
        qsort(c->list, c->n, sizeof(ptn_ics_entry_t), ptn_ics_entry_compare);
        c->n = PTN_ICS_LIST_SORTED;
        c->more = true;
    }

    rc = ptn_ics_list_room(c);

    if (rc == PTN_OK) {
        if (!c->sorted) {
            c->rows[c->n] = *r;
        }

        c->list[c->n++] = e;
    }

    return rc;
}


static void
ptn_ics_list_done(ptn_ics_content_t *c)
{
    if (c->sorted && c->n != 0) {
        qsort(c->list, c->n, sizeof(ptn_ics_entry_t), ptn_ics_entry_compare);

        if (c->n > PTN_ICS_LIST_SORTED) {
            c->n = PTN_ICS_LIST_SORTED;
            c->more = true;
        }
    }

    if (c->n != 0) {
        c->last = c->list[c->n - 1];
    }
}


/* ---- the first pass ------------------------------------------------------ */

static ptn_rc_t
ptn_ics_count_row(ptn_ics_pass_t *p, const ptn_ics_row_t *r)
{
    ptn_rc_t            rc;
    uint32_t            n;
    ptn_ics_content_t  *c;

    c = p->c;

    if (ptn_ics_is_change(p, r)) {
        n = 1;

        if (r->conflict) {
            rc = ptn_conflict_versions(p->mb, r->id, &n);
            if (rc != PTN_OK) {
                return rc;
            }
        }

        if (r->fai) {
            c->progress.fai += n;
            c->progress.fai_size += r->size;

        } else {
            c->progress.normal += n;
            c->progress.normal_size += r->size;
        }

        if (!c->sorted && c->more) {
            return PTN_OK;
        }

        rc = ptn_ics_list_add(c, r);

        return (rc == PTN_AGAIN) ? PTN_OK : rc;
    }

    /* what is told as a change tells its read state as well */

    if (!(c->flags & PTN_ICS_READ_STATE) || r->fai || r->read_cn > c->upto
        || ptn_ics_has(&p->read, r->read_cn)
        || !ptn_ics_has(&p->given, r->mid) || r->cn > c->upto)
    {
        return PTN_OK;
    }

    rc = ptn_ics_set_add(p->mb, &c->sets[(r->flags & PTN_FLAG_SEEN)
                                         ? PTN_ICS_BECAME_READ
                                         : PTN_ICS_BECAME_UNREAD], r->mid);

    return (rc == PTN_OK) ? ptn_ics_set_add(p->mb, &c->read_cns, r->read_cn)
                          : rc;
}


static ptn_rc_t
ptn_ics_row_show(ptn_mbox_t *mb, ptn_id_t folder, ptn_ics_row_t *r)
{
    ptn_rc_t        rc;
    ptn_msg_info_t  m;

    if (mb->kind != PTN_MBOX_PUBLIC || r->fai) {
        return PTN_OK;
    }

    memset(&m, 0, sizeof(m));
    m.folder = folder;
    m.uid = r->uid;
    m.flags = r->flags;
    m.read_cn = r->read_cn;
    rc = ptn_reader_show(mb, &m);

    if (rc == PTN_OK) {
        r->flags = m.flags;
        r->read_cn = m.read_cn;
    }

    return rc;
}


ptn_rc_t
ptn_ics_row_read(ptn_mbox_t *mb, sqlite3_stmt *st, ptn_id_t folder,
    ptn_ics_row_t *r)
{
    r->modseq = ptn_sql_u64(st, 0);
    r->uid = (uint32_t) ptn_sql_u64(st, 1);
    r->id = ptn_sql_u64(st, 2);
    r->mid = ptn_sql_u64(st, 3);
    r->cn = ptn_sql_u64(st, 4);
    r->read_cn = ptn_sql_u64(st, 5);
    r->flags = (uint32_t) ptn_sql_u64(st, 6);
    r->size = ptn_sql_u64(st, 7);
    r->received = sqlite3_column_int64(st, 8);
    r->fai = ptn_sql_u64(st, 9) & 1;
    r->conflict = (ptn_sql_u64(st, 9) >> 1 & PTN_STATUS_IN_CONFLICT) != 0;

    return ptn_ics_row_show(mb, folder, r);
}


/*
 * Of those that are there: `present` gets the ids that were given.  A refill
 * ends when the list is full.
 */

static ptn_rc_t
ptn_ics_scan_rows(ptn_ics_pass_t *p, uint64_t modseq, uint32_t uid,
    ptn_idset_t *present)
{
    bool                had;
    ptn_rc_t            rc, add;
    ptn_ics_row_t       r;
    sqlite3_stmt       *st;
    ptn_ics_content_t  *c;

    c = p->c;

    st = ptn_sql(p->mb, c->scan == PTN_ICS_SCAN_CHANGED
                        ? PTN_SQL_ICS_SCAN_CHANGED : PTN_SQL_ICS_SCAN_ALL,
                 &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) c->folder);

    if (c->scan == PTN_ICS_SCAN_CHANGED) {
        sqlite3_bind_int64(st, 2, (sqlite3_int64) modseq);
    }

    sqlite3_bind_int64(st, 3, uid);
    add = PTN_OK;

    while ((rc = ptn_sql_step(p->mb, st)) == PTN_AGAIN && add == PTN_OK) {
        add = ptn_ics_row_read(p->mb, st, c->folder, &r);

        if (add != PTN_OK) {
            break;
        }

        if (ptn_mark_hides(c->hidden, c->nhidden, r.id)) {

            /* not here, and to be told when it is private no more */

            if (p->first) {
                add = ptn_ics_set_add(p->mb, &c->hold[r.fai], r.cn);
            }

            continue;
        }

        if (!p->first) {
            if (ptn_ics_is_change(p, &r)
                && (r.modseq <= c->upto || !ptn_ics_has(&p->told[r.fai],
                                                        r.cn)))
            {
                add = ptn_ics_list_add(c, &r);
            }

            continue;
        }

        had = ptn_ics_has(&p->given, r.mid);
        p->fresh += !had && (c->flags & (r.fai ? PTN_ICS_FAI
                                               : PTN_ICS_NORMAL));

        add = ptn_ics_count_row(p, &r);

        if (add == PTN_OK && had && present != NULL) {
            add = ptn_ics_set_add(p->mb, present, r.mid);
        }
    }

    if (rc == PTN_AGAIN) {
        sqlite3_reset(st);
        rc = (add == PTN_AGAIN) ? PTN_OK : add;

    } else if (add != PTN_OK && add != PTN_AGAIN) {
        rc = add;
    }

    return rc;
}


/* What the actor has read, of rows that did not change themselves. */

static ptn_rc_t
ptn_ics_scan_readers(ptn_ics_pass_t *p)
{
    ptn_rc_t         rc;
    uint32_t         at;
    ptn_ics_row_t    r;
    sqlite3_stmt    *st;
    ptn_msg_info_t   run;

    at = 0;

    while (ptn_reader_next(p->mb, p->c->folder, p->c->run, &at, &run)) {
        st = ptn_sql(p->mb, PTN_SQL_ICS_SCAN_UIDS, &rc);
        if (st == NULL) {
            return rc;
        }

        sqlite3_bind_int64(st, 1, (sqlite3_int64) p->c->folder);
        sqlite3_bind_int64(st, 2, run.uid);
        sqlite3_bind_int64(st, 3, (sqlite3_int64) run.mid);
        sqlite3_bind_int64(st, 4, (sqlite3_int64) p->c->run);

        while ((rc = ptn_sql_step(p->mb, st)) == PTN_AGAIN) {
            rc = ptn_ics_row_read(p->mb, st, p->c->folder, &r);

            if (rc == PTN_OK) {
                rc = ptn_ics_count_row(p, &r);
            }

            if (rc != PTN_OK) {
                sqlite3_reset(st);
                return rc;
            }
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


/* ---- with a restriction -------------------------------------------------- */

ptn_rc_t
ptn_ics_in_scope(ptn_mbox_t *mb, ptn_ics_content_t *c, ptn_pool_t *pool,
    const ptn_item_t *item, bool *ret_in)
{
    bool             deep;
    size_t           i, n;
    u_char           scratch[PTN_ITEM_SCRATCH];
    ptn_rc_t         rc;
    ptn_str_t        values[PTN_RESTRICT_TAGS_MAX];
    ptn_asked_t      asked;
    ptn_item_ctx_t   ctx;
    const uint32_t  *tags;

    ctx.mb = mb;
    ctx.pool = pool;
    ctx.item = item;
    ctx.scratch = scratch;

    ptn_asked(&asked, mb, pool, item->info.id);
    tags = ptn_filter_tags(c->filter, &n);

    for (i = 0; i < n; i++) {
        values[i] = ptn_item_value(&ctx, ptn_item_prop(tags[i]), tags[i],
                                   &deep);

        if (deep) {             /* only the content has it */
            rc = ptn_asked_value(&asked, tags[i], &values[i]);
            if (rc != PTN_OK) {
                return rc;
            }

        } else if (values[i].data == scratch) {
            values[i] = ptn_str_dup(pool, values[i]);
        }
    }

    if (ptn_pool_failed(pool)) {
        return PTN_ENOMEM;
    }

    return ptn_asked_match(&asked, c->filter, values, ret_in);
}


static void
ptn_ics_row_of(const ptn_msg_info_t *m, ptn_ics_row_t *r)
{
    r->modseq = m->modseq;
    r->uid = m->uid;
    r->id = m->id;
    r->mid = m->mid;
    r->cn = m->cn;
    r->read_cn = m->read_cn;
    r->flags = m->flags;
    r->size = m->size;
    r->received = m->received;
    r->fai = m->fai;
    r->conflict = (m->status & PTN_STATUS_IN_CONFLICT) != 0;
}


static ptn_rc_t
ptn_ics_scope_row(ptn_ics_pass_t *p, ptn_pool_t *pool, ptn_item_t *item,
    ptn_idset_t *present)
{
    bool                in, had;
    ptn_rc_t            rc;
    ptn_ics_row_t       r;
    ptn_ics_content_t  *c;

    c = p->c;
    rc = ptn_reader_show(p->mb, &item->info);

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ics_row_of(&item->info, &r);

    if (ptn_mark_hides(c->hidden, c->nhidden, r.id)) {
        return ptn_ics_set_add(p->mb, &c->hold[r.fai], r.cn);
    }

    rc = ptn_ics_in_scope(p->mb, c, pool, item, &in);

    if (rc != PTN_OK) {
        return rc;
    }

    had = ptn_ics_has(&p->given, r.mid);

    if (in) {
        rc = ptn_ics_count_row(p, &r);

    } else {
        rc = ptn_ics_set_add(p->mb, &c->hold[r.fai], r.cn);

        if (rc == PTN_OK && had) {
            rc = ptn_ics_set_add(p->mb, &c->sets[PTN_ICS_OUT_OF_SCOPE],
                                 r.mid);
        }
    }

    return (rc == PTN_OK && had) ? ptn_ics_set_add(p->mb, present, r.mid)
                                 : rc;
}


/*
 * All rows with their items.  The statement is not kept open while a content
 * is read: pages of ids, each item copied.
 */

static ptn_rc_t
ptn_ics_scan_scope(ptn_ics_pass_t *p, ptn_idset_t *present)
{
    ptn_rc_t       rc;
    ptn_pool_t    *pool;
    ptn_item_t     item;
    sqlite3_stmt  *st;

    st = ptn_sql(p->mb, PTN_SQL_ICS_SCAN_ITEMS, &rc);
    if (st == NULL) {
        return rc;
    }

    pool = ptn_content_pool(p->mb->store, 0);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) p->c->folder);
    sqlite3_bind_int64(st, 2, -1);

    while ((rc = ptn_sql_step(p->mb, st)) == PTN_AGAIN) {
        rc = ptn_item_read(st, &item);

        if (rc == PTN_OK) {
            rc = ptn_ics_scope_row(p, pool, &item, present);
        }

        ptn_pool_reset(pool);

        if (rc != PTN_OK) {
            sqlite3_reset(st);
            break;
        }
    }

    ptn_pool_destroy(pool);

    return rc;
}


/* ---- deletions ----------------------------------------------------------- */

/* What was given and is not there: given without present. */

static ptn_rc_t
ptn_ics_delete_rest(ptn_mbox_t *mb, ptn_ics_content_t *c,
    ptn_idset_t *present)
{
    ptn_rc_t      rc;
    ptn_idset_t  *gone;

    gone = &c->sets[PTN_ICS_DELETED];
    rc = ptn_idset_ready(present);

    if (rc == PTN_OK) {
        rc = ptn_idset_copy(gone, &c->from.set[PTN_ICS_GIVEN]);
    }

    if (rc == PTN_OK) {
        rc = ptn_idset_minus(gone, present);
    }

    if (rc == PTN_OK) {
        ptn_ics_set_replids(mb->set, gone);
    }

    return rc;
}


static ptn_rc_t
ptn_ics_delete_scan(ptn_ics_pass_t *p)
{
    ptn_id_t       mid;
    ptn_rc_t       rc;
    ptn_idset_t    present;
    sqlite3_stmt  *st;

    st = ptn_sql(p->mb, PTN_SQL_ICS_MIDS, &rc);
    if (st == NULL) {
        return rc;
    }

    memset(&present, 0, sizeof(present));
    sqlite3_bind_int64(st, 1, (sqlite3_int64) p->c->folder);

    while ((rc = ptn_sql_step(p->mb, st)) == PTN_AGAIN) {
        mid = ptn_sql_u64(st, 0);

        if (ptn_ics_has(&p->given, mid)) {
            rc = ptn_ics_set_add(p->mb, &present, mid);

            if (rc != PTN_OK) {
                sqlite3_reset(st);
                break;
            }
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_ics_delete_rest(p->mb, p->c, &present);
    }

    ptn_idset_done(&present);

    return rc;
}


/*
 * From the tombstones since the run's end.  That is all when the ids add up:
 * given, without those that left, with those that came, as many as there are.
 */

static ptn_rc_t
ptn_ics_delete_tombs(ptn_ics_pass_t *p, uint64_t there, bool *ret_good)
{
    ptn_id_t       mid;
    ptn_rc_t       rc;
    uint64_t       n;
    ptn_idset_t   *gone;
    sqlite3_stmt  *st;

    *ret_good = false;

    st = ptn_sql(p->mb, PTN_SQL_TOMB_ITEMS, &rc);
    if (st == NULL) {
        return rc;
    }

    gone = &p->c->sets[PTN_ICS_DELETED];
    sqlite3_bind_int64(st, 1, (sqlite3_int64) p->c->folder);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) p->c->run);
    sqlite3_bind_int64(st, 3, INT64_MAX);

    while ((rc = ptn_sql_step(p->mb, st)) == PTN_AGAIN) {
        mid = ptn_sql_u64(st, 2);

        if (ptn_sql_u64(st, 3) != PTN_CAUSE_EDIT
            && ptn_ics_has(&p->given, mid))
        {
            rc = ptn_ics_set_add(p->mb, gone, mid);

            if (rc != PTN_OK) {
                sqlite3_reset(st);
                return rc;
            }
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_idset_ready(gone);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    n = ptn_idset_count(&p->c->from.set[PTN_ICS_GIVEN])
        - ptn_idset_count(gone) + p->fresh;
    *ret_good = (n == there);

    if (*ret_good) {
        ptn_ics_set_replids(p->mb->set, gone);

    } else {
        ptn_idset_done(gone);
    }

    return PTN_OK;
}


/* ---- open ---------------------------------------------------------------- */

/* The number up to which rows are read now; none within a batch, whose numbers
 * are not in the database yet. */

ptn_rc_t
ptn_ics_rows_cn(ptn_mbox_t *mb, uint64_t *ret_cn)
{
    *ret_cn = 0;

    return mb->batch ? PTN_OK : ptn_ics_now(mb, ret_cn);
}



/* How far all sets that are asked for are whole. */

static uint64_t
ptn_ics_run(ptn_mbox_t *mb, const ptn_ics_content_t *c)
{
    uint64_t  run;

    run = PTN_ID_MAX;

    if (c->flags & PTN_ICS_NORMAL) {
        run = ptn_min(run, ptn_ics_set_run(mb->set,
                                           &c->from.set[PTN_ICS_SEEN]));
    }

    if (c->flags & PTN_ICS_FAI) {
        run = ptn_min(run, ptn_ics_set_run(mb->set,
                                           &c->from.set[PTN_ICS_SEEN_FAI]));
    }

    if (c->flags & PTN_ICS_READ_STATE) {
        run = ptn_min(run, ptn_ics_set_run(mb->set,
                                           &c->from.set[PTN_ICS_READ]));
    }

    return (run == PTN_ID_MAX) ? 0 : run;
}


static ptn_rc_t
ptn_ics_totals(ptn_mbox_t *mb, ptn_id_t folder, uint64_t *ret_total,
    uint64_t *ret_fai, uint64_t *ret_modseq, uint64_t *ret_horizon)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_ICS_TOTALS, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    *ret_total = ptn_sql_u64(st, 0);
    *ret_modseq = ptn_sql_u64(st, 1);
    *ret_horizon = ptn_sql_u64(st, 2);
    *ret_fai = ptn_sql_u64(st, 3);
    sqlite3_reset(st);

    return PTN_OK;
}


/* A state without holes to speak of: what changed is behind its run. */

static ptn_rc_t
ptn_ics_open_changed(ptn_ics_pass_t *p, uint64_t there, uint64_t modseq,
    uint64_t horizon)
{
    bool                good;
    ptn_rc_t            rc;
    ptn_ics_content_t  *c;

    c = p->c;
    rc = PTN_OK;

    if (modseq > c->run) {
        rc = ptn_ics_scan_rows(p, c->run, UINT32_MAX, NULL);
    }

    if (rc == PTN_OK && (c->flags & PTN_ICS_READ_STATE)) {
        rc = ptn_ics_scan_readers(p);
    }

    if (rc != PTN_OK || (c->flags & PTN_ICS_NO_DELETIONS)) {
        return rc;
    }

    good = false;

    if (c->run >= horizon) {
        rc = ptn_ics_delete_tombs(p, there, &good);
    }

    return (rc == PTN_OK && !good) ? ptn_ics_delete_scan(p) : rc;
}


static ptn_rc_t
ptn_ics_open_pass(ptn_ics_pass_t *p)
{
    ptn_rc_t            rc;
    uint64_t            total, fai, modseq, horizon, there;
    ptn_idset_t         present;
    ptn_ics_content_t  *c;

    total = fai = modseq = horizon = 0;
    c = p->c;
    p->first = true;

    rc = ptn_ics_totals(p->mb, c->folder, &total, &fai, &modseq, &horizon);
    if (rc != PTN_OK) {
        return rc;
    }

    there = ((c->flags & PTN_ICS_NORMAL) ? total : 0)
            + ((c->flags & PTN_ICS_FAI) ? fai : 0);

    c->run = ptn_ics_run(p->mb, c);

    /* tombstones do not tell of what has become private */

    c->scan = (c->filter == NULL && c->run != 0 && c->nhidden == 0)
              ? PTN_ICS_SCAN_CHANGED : PTN_ICS_SCAN_ALL;

    if (c->scan == PTN_ICS_SCAN_CHANGED) {
        return ptn_ics_open_changed(p, there, modseq, horizon);
    }

    memset(&present, 0, sizeof(present));

    rc = (c->filter != NULL)
         ? ptn_ics_scan_scope(p, &present)
         : ptn_ics_scan_rows(p, 0, 0, &present);

    if (rc == PTN_OK && !(c->flags & PTN_ICS_NO_DELETIONS)) {
        rc = ptn_ics_delete_rest(p->mb, c, &present);
    }

    ptn_idset_done(&present);

    if (c->flags & (PTN_ICS_NO_DELETIONS|PTN_ICS_NO_SCOPE)) {
        ptn_idset_done(&c->sets[PTN_ICS_OUT_OF_SCOPE]);
    }

    return rc;
}


static ptn_rc_t
ptn_ics_open_sets(ptn_ics_content_t *c, const ptn_set_t *replicas)
{
    unsigned  i;
    ptn_rc_t  rc;

    for (i = 0, rc = PTN_OK; i < PTN_ICS_TOLD_SETS && rc == PTN_OK; i++) {
        rc = ptn_idset_ready(&c->sets[i]);
        ptn_ics_set_replids(replicas, &c->sets[i]);
    }

    return rc;
}


ptn_rc_t
ptn_ics_open_read(ptn_mbox_t *mb, ptn_ics_content_t *c)
{
    bool             reading;
    ptn_rc_t         rc;
    ptn_ics_pass_t   p;

    reading = mb->reading;
    rc = ptn_mbox_read(mb);

    if (rc == PTN_OK) {
        rc = ptn_reader_fresh(mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_ics_now(mb, &c->upto);
    }

    if (rc == PTN_OK) {
        c->rows_cn = mb->batch ? 0 : c->upto;
        rc = ptn_ics_state_begin(mb, &c->from);
    }

    if (rc == PTN_OK) {
        ptn_ics_pass_begin(&p, mb, c);
        rc = ptn_ics_open_pass(&p);
    }

    if (!reading) {
        ptn_mbox_read_end(mb);
    }

    if (rc == PTN_OK) {
        ptn_ics_list_done(c);
        rc = ptn_ics_open_sets(c, mb->set);
    }

    return rc;
}


/* More of the list, from where it ended. */

ptn_rc_t
ptn_ics_refill(ptn_mbox_t *mb, ptn_ics_content_t *c)
{
    bool             reading;
    unsigned         i;
    ptn_rc_t         rc;
    ptn_ics_pass_t   p;

    for (i = 0; i < 2; i++) {
        rc = ptn_idset_ready(&c->told_cns[i]);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    c->n = 0;
    c->at = 0;
    c->more = false;
    ptn_ics_pass_begin(&p, mb, c);

    reading = mb->reading;
    rc = ptn_mbox_read(mb);

    if (rc == PTN_OK) {
        rc = ptn_ics_rows_cn(mb, &c->rows_cn);
    }

    if (rc == PTN_OK) {
        rc = c->sorted
             ? ptn_ics_scan_rows(&p, c->run, c->scan == PTN_ICS_SCAN_CHANGED
                                             ? UINT32_MAX : 0, NULL)
             : ptn_ics_scan_rows(&p, c->last.key, c->last.uid, NULL);
    }

    if (!reading) {
        ptn_mbox_read_end(mb);
    }

    ptn_ics_list_done(c);

    return rc;
}
