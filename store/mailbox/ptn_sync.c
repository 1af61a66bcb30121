/*
 * What changed since a state.
 *
 * Messages: rows by modseq and tombstones by change number are two lists in
 * ascending order, merged.  A client knows what was there (born) when its
 * state was made; amid a run of pages that is the state at which the run
 * began, for a row moves to the end of the list when it changes.
 */

#include <stdlib.h>

#include "ptn_item.h"


#define PTN_SYNC_HALF  (1ULL << 62)     /* of ptn_sync_t.last */

typedef struct {
    uint64_t           number;      /* modseq or change number */
    ptn_sync_change_t  change;
} ptn_sync_row_t;

typedef struct {
    ptn_pool_t      *pool;
    ptn_sync_row_t  *rows;
    size_t           n, size;
    size_t           max;
    bool             more;
} ptn_sync_list_t;


static ptn_rc_t
ptn_sync_add(ptn_sync_list_t *list, uint64_t number, ptn_sync_e kind,
    ptn_id_t id, ptn_id_t mid, uint64_t cn, uint32_t flags)
{
    size_t           size;
    ptn_sync_row_t  *rows;

    if (list->n == list->size) {
        size = list->size ? 2 * list->size : 64;

        rows = ptn_parray(list->pool, size, sizeof(ptn_sync_row_t));
        if (rows == NULL) {
            return PTN_ENOMEM;
        }

        if (list->n != 0) {
            memcpy(rows, list->rows, list->n * sizeof(ptn_sync_row_t));
        }

        list->rows = rows;
        list->size = size;
    }

    rows = &list->rows[list->n++];
    rows->number = number;
    rows->change.kind = kind;
    rows->change.id = id;
    rows->change.mid = mid;
    rows->change.cn = cn;
    rows->change.flags = flags;

    return PTN_OK;
}


/* ---- the state ---------------------------------------------------------- */

static ptn_rc_t
ptn_sync_begin(ptn_mbox_t *mb, ptn_sync_t *sync, uint64_t horizon)
{
    if (sync->epoch == 0) {
        memset(sync, 0, sizeof(ptn_sync_t));
        sync->epoch = mb->meta.epoch;
        sync->horizon = horizon;
        return PTN_OK;
    }

    if (sync->epoch != mb->meta.epoch || sync->modseq > mb->meta.cn
        || sync->run > sync->modseq + 1)
    {
        return PTN_ESTALE;
    }

    /*
     * Amid a run modseq says how far it has come, not when: what was told may
     * have left at any time since it began.
     */

    if (sync->run != 0) {
        return (sync->horizon == horizon) ? PTN_OK : PTN_ESTALE;
    }

    sync->horizon = horizon;

    /* of nothing nothing can have left unseen */

    return (sync->modseq < horizon && sync->modseq != 0) ? PTN_ESTALE
                                                         : PTN_OK;
}


/* Amid a run: where it began, else the state itself. */

static uint64_t
ptn_sync_base(const ptn_sync_t *sync)
{
    return sync->run ? sync->run - 1 : sync->modseq;
}


/*
 * The first id of modseq + 1 whose row is not known.  PTN_SYNC_HALF: of a move
 * within the folder the page before told that the message left.
 */

static uint64_t
ptn_sync_next_id(const ptn_sync_t *sync)
{
    return (sync->last == 0) ? 0
           : (sync->last & PTN_SYNC_HALF) ? sync->last & ~PTN_SYNC_HALF
                                          : sync->last + 1;
}


/* ---- messages ----------------------------------------------------------- */

typedef struct {
    ptn_mbox_t  *mb;
    ptn_id_t     folder;
    bool         fai;
    ptn_sync_t   from;
    uint64_t     modseq;            /* the folder's now */
} ptn_sync_ctx_t;


/* Rows that changed; those of one modseq in the order of their ids. */

static int
ptn_sync_compare(const void *a, const void *b)
{
    const ptn_sync_row_t  *x = a, *y = b;

    if (x->number != y->number) {
        return (x->number > y->number) - (x->number < y->number);
    }

    if (x->change.id != y->change.id) {
        return (x->change.id > y->change.id) - (x->change.id < y->change.id);
    }

    /* one that moves within the folder leaves first */

    return (y->change.kind == PTN_SYNC_DELETE)
           - (x->change.kind == PTN_SYNC_DELETE);
}


/* One that became private has left for who is not to see it. */

static ptn_rc_t
ptn_sync_secret(ptn_sync_ctx_t *c, ptn_id_t id, ptn_sync_e *kind)
{
    ptn_rc_t    rc;
    ptn_mark_t  mark;

    rc = ptn_mark_get(c->mb, id, &mark);

    if (rc != PTN_OK || !mark.secret || mark.creator == c->mb->acting.user) {
        return rc;
    }

    if (*kind != PTN_SYNC_UPDATE) {
        return PTN_ENOTFOUND;
    }

    *kind = PTN_SYNC_DELETE;

    return PTN_OK;
}


static ptn_rc_t
ptn_sync_rows(ptn_sync_ctx_t *c, ptn_sync_list_t *list)
{
    size_t         n;
    ptn_rc_t       rc;
    uint64_t       modseq, cn, read_cn, born, base, last;
    sqlite3_stmt  *st;
    ptn_sync_e     kind;
    ptn_msg_info_t  m;

    st = ptn_sql(c->mb, PTN_SQL_SYNC_ITEMS, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) c->folder);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) c->from.modseq);
    sqlite3_bind_int64(st, 3, c->fai);

    base = ptn_sync_base(&c->from);
    last = 0;
    n = 0;

    while ((rc = ptn_sql_step(c->mb, st)) == PTN_AGAIN) {
        modseq = ptn_sql_u64(st, 0);

        /* a few too many: all of the last modseq, to have them in order */

        if (n > list->max && modseq != last) {
            list->more = true;
            sqlite3_reset(st);
            return PTN_OK;
        }

        last = modseq;

        if (modseq == c->from.modseq + 1
            && ptn_sql_u64(st, 1) < ptn_sync_next_id(&c->from))
        {
            continue;
        }

        cn = ptn_sql_u64(st, 3);
        read_cn = ptn_sql_u64(st, 4);
        born = ptn_sql_u64(st, 5);

        if (born > base) {
            kind = PTN_SYNC_CREATE;

        } else if (cn > base) {
            kind = PTN_SYNC_UPDATE;

        } else if (read_cn > base) {
            kind = PTN_SYNC_READ;

        } else {
            continue;
        }

        if (!c->mb->acting.secrets) {
            rc = ptn_sync_secret(c, ptn_sql_u64(st, 1), &kind);

            if (rc == PTN_ENOTFOUND) {
                continue;
            }

            if (rc != PTN_OK) {
                sqlite3_reset(st);
                return rc;
            }
        }

        memset(&m, 0, sizeof(m));
        m.folder = c->folder;
        m.uid = (uint32_t) ptn_sql_u64(st, 7);
        m.flags = (uint32_t) ptn_sql_u64(st, 6);
        m.fai = c->fai;
        (void) ptn_reader_show(c->mb, &m);

        rc = ptn_sync_add(list, modseq, kind, ptn_sql_u64(st, 1),
                          ptn_sql_u64(st, 2), cn, m.flags);
        n++;

        if (rc != PTN_OK) {
            sqlite3_reset(st);
            return rc;
        }
    }

    return rc;
}


/* Public stores: what the actor has read, or not any more. */

static ptn_rc_t
ptn_sync_readers(ptn_sync_ctx_t *c, ptn_sync_list_t *list)
{
    ptn_rc_t         rc;
    uint32_t         at;
    ptn_msg_info_t   run;
    sqlite3_stmt    *st;

    at = 0;

    while (ptn_reader_next(c->mb, c->folder, c->from.modseq, &at, &run)) {
        st = ptn_sql(c->mb, PTN_SQL_READER_ITEMS, &rc);
        if (st == NULL) {
            return rc;
        }

        sqlite3_bind_int64(st, 1, (sqlite3_int64) c->folder);
        sqlite3_bind_int64(st, 2, run.uid);
        sqlite3_bind_int64(st, 3, (sqlite3_int64) run.mid);

        while ((rc = ptn_sql_step(c->mb, st)) == PTN_AGAIN) {

            /* what is new is told of with its read state */

            if (ptn_sql_u64(st, 4) > c->from.modseq
                || (run.cn == c->from.modseq + 1
                    && ptn_sql_u64(st, 0) <= c->from.last))
            {
                continue;
            }

            rc = ptn_sync_add(list, run.cn, PTN_SYNC_READ,
                              ptn_sql_u64(st, 0), ptn_sql_u64(st, 1),
                              ptn_sql_u64(st, 2),
                              ((uint32_t) ptn_sql_u64(st, 3)
                               & ~(uint32_t) PTN_FLAG_SEEN) | run.flags);
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


static ptn_rc_t
ptn_sync_tombs(ptn_sync_ctx_t *c, ptn_sync_list_t *list)
{
    size_t         n;
    ptn_rc_t       rc;
    uint64_t       cn, after;
    sqlite3_stmt  *st;

    st = ptn_sql(c->mb, PTN_SQL_TOMB_ITEMS, &rc);
    if (st == NULL) {
        return rc;
    }

    /* a page that ended amid modseq + 1 went up to `last` of that one */

    after = c->from.last ? c->from.modseq + 1 : c->from.modseq;

    sqlite3_bind_int64(st, 1, (sqlite3_int64) c->folder);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) after);
    sqlite3_bind_int64(st, 3, (sqlite3_int64)
                              (c->from.last ? c->from.last & ~PTN_SYNC_HALF
                                            : INT64_MAX));
    n = 0;

    while ((rc = ptn_sql_step(c->mb, st)) == PTN_AGAIN) {
        cn = ptn_sql_u64(st, 0);

        if (ptn_sql_u64(st, 3) == PTN_CAUSE_EDIT
            || (ptn_sql_u64(st, 5) != 0) != c->fai
            || ptn_sql_u64(st, 4) > c->from.modseq)
        {
            continue;
        }

        if (n++ > list->max) {
            list->more = true;
            sqlite3_reset(st);
            return PTN_OK;
        }

        rc = ptn_sync_add(list, cn, PTN_SYNC_DELETE, ptn_sql_u64(st, 1),
                          ptn_sql_u64(st, 2), cn, 0);

        if (rc != PTN_OK) {
            sqlite3_reset(st);
            return rc;
        }
    }

    return rc;
}


static ptn_rc_t
ptn_sync_done(ptn_sync_ctx_t *c, ptn_sync_list_t *list, ptn_sync_t *sync,
    ptn_sync_change_t **ret_changes, size_t *ret_n, bool *ret_more)
{
    bool                half;
    size_t              i, n;
    ptn_sync_row_t     *r;
    ptn_sync_change_t  *changes;

    if (list->n != 0) {
        qsort(list->rows, list->n, sizeof(ptn_sync_row_t), ptn_sync_compare);
    }

    n = ptn_min(list->n, list->max);
    r = list->rows;

    /* between the two halves of a move within the folder? */

    half = (n != 0 && n < list->n && r[n].number == r[n - 1].number
            && r[n].change.id == r[n - 1].change.id);

    changes = ptn_parray(list->pool, n, sizeof(ptn_sync_change_t));
    if (changes == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < n; i++) {
        changes[i] = r[i].change;
    }

    *ret_more = (n < list->n || list->more);
    *ret_changes = changes;
    *ret_n = n;

    if (!*ret_more) {
        sync->modseq = ptn_max(c->modseq, sync->modseq);
        sync->last = 0;
        sync->run = 0;
        return PTN_OK;
    }

    sync->run = ptn_sync_base(&c->from) + 1;

    if (n != 0) {
        if (n < list->n && r[n].number == r[n - 1].number) {
            sync->modseq = r[n - 1].number - 1;
            sync->last = r[n - 1].change.id | (half ? PTN_SYNC_HALF : 0);

        } else {
            sync->modseq = r[n - 1].number;
            sync->last = 0;
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_sync_read(ptn_sync_ctx_t *c, ptn_sync_list_t *list, ptn_sync_t *sync)
{
    ptn_rc_t       rc;
    uint64_t       horizon;
    sqlite3_stmt  *st;

    /* in one snapshot: the folder's modseq and what belongs to it */

    st = ptn_sql(c->mb, PTN_SQL_VIEW_FOLDER, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) c->folder);
    rc = ptn_sql_step(c->mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    horizon = ptn_sql_u64(st, 3);
    c->modseq = ptn_max(ptn_sql_u64(st, 2), horizon);
    c->modseq = ptn_max(c->modseq,
                        c->fai ? 0 : ptn_reader_cn(c->mb, c->folder));
    sqlite3_reset(st);

    rc = ptn_sync_begin(c->mb, sync, horizon);
    if (rc != PTN_OK) {
        return rc;
    }

    c->from = *sync;

    if (c->modseq <= c->from.modseq) {
        return PTN_OK;
    }

    rc = ptn_sync_rows(c, list);

    if (rc == PTN_OK && !c->fai) {
        rc = ptn_sync_readers(c, list);
    }

    return (rc == PTN_OK) ? ptn_sync_tombs(c, list) : rc;
}


ptn_rc_t
ptn_sync_items(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder, bool fai,
    ptn_sync_t *sync, size_t max, ptn_sync_change_t **ret_changes,
    size_t *ret_n, bool *ret_more)
{
    bool              reading;
    ptn_rc_t          rc;
    ptn_sync_t        next;
    ptn_folder_t     *f;
    ptn_sync_ctx_t    c;
    ptn_sync_list_t   list;

    rc = ptn_rights_need(mb, folder, PTN_RIGHT_READ_ANY);

    if (rc == PTN_OK) {
        rc = ptn_folder_of(mb, folder, &f);
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_meta(mb);
    }

    if (rc == PTN_OK && mb->batch) {
        rc = ptn_folder_flush(mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    memset(&c, 0, sizeof(c));
    memset(&list, 0, sizeof(list));
    c.mb = mb;
    c.folder = folder;
    c.fai = fai;
    list.pool = pool;
    list.max = ptn_max(max, (size_t) 1);
    next = *sync;

    reading = mb->reading;
    rc = ptn_mbox_read(mb);

    if (rc == PTN_OK) {
        rc = ptn_reader_fresh(mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_sync_read(&c, &list, &next);
    }

    if (!reading) {
        ptn_mbox_read_end(mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_sync_done(&c, &list, &next, ret_changes, ret_n, ret_more);
    }

    if (rc == PTN_OK) {
        *sync = next;
    }

    return rc;
}


/* ---- folders ------------------------------------------------------------ */

typedef struct {
    ptn_mbox_t       *mb;
    ptn_id_t          root;
    ptn_sync_t        from;
    ptn_sync_list_t   list;
    bool             *told;         /* beside the set's folders */
    uint64_t          last;         /* the highest number of all */
} ptn_sync_folders_t;


/*
 * A folder, and before it those above it that the client does not know yet:
 * one that was renamed after its child was made comes later by itself.
 */

static ptn_rc_t
ptn_sync_folder(ptn_sync_folders_t *c, uint32_t i, uint64_t number,
    unsigned depth)
{
    bool                 fresh;
    ptn_rc_t             rc;
    uint32_t             up;
    ptn_set_t           *set;
    const ptn_folder_t  *f;

    set = c->mb->set;
    f = &set->folders[i];
    fresh = set->more[i].born > ptn_sync_base(&c->from);

    if (c->told[i]) {
        return PTN_OK;
    }

    if (fresh && f->parent != c->root && depth < set->n) {
        up = ptn_set_index(set, f->parent);

        if (up != PTN_SET_NONE && ptn_rights_shows(c->mb, up)
            && set->more[up].born > ptn_sync_base(&c->from))
        {
            rc = ptn_sync_folder(c, up, number, depth + 1);
            if (rc != PTN_OK) {
                return rc;
            }
        }
    }

    c->told[i] = true;

    return ptn_sync_add(&c->list, number, fresh ? PTN_SYNC_CREATE
                                                : PTN_SYNC_UPDATE,
                        f->id, f->id, f->cn, 0);
}


static int
ptn_sync_compare_cn(const void *a, const void *b, void *set)
{
    uint64_t  x, y;

    x = ((ptn_set_t *) set)->folders[*(const uint32_t *) a].cn;
    y = ((ptn_set_t *) set)->folders[*(const uint32_t *) b].cn;

    return (x > y) - (x < y);
}


/* What left, and is not below the root any more. */

static ptn_rc_t
ptn_sync_folder_tombs(ptn_sync_folders_t *c, ptn_sync_list_t *gone)
{
    ptn_id_t       id;
    ptn_rc_t       rc;
    uint64_t       cn;
    sqlite3_stmt  *st;

    st = ptn_sql(c->mb, PTN_SQL_TOMB_FOLDERS, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) c->from.modseq);

    while ((rc = ptn_sql_step(c->mb, st)) == PTN_AGAIN) {
        cn = ptn_sql_u64(st, 0);
        id = ptn_sql_u64(st, 1);
        c->last = ptn_max(c->last, cn);

        /* a move is told of by the folder itself, while it is there; what
         * was moved out and deleted there has no other tombstone here */

        if (ptn_sql_u64(st, 4) > c->from.modseq
            || !ptn_folder_below(c->mb, ptn_sql_u64(st, 2), c->root)
            || (ptn_sql_u64(st, 3) == PTN_CAUSE_MOVE
                && ptn_set_index(c->mb->set, id) != PTN_SET_NONE
                && ptn_folder_below(c->mb, id, c->root)))
        {
            continue;
        }

        rc = ptn_sync_add(gone, cn, PTN_SYNC_DELETE, id, id, cn, 0);

        if (rc != PTN_OK) {
            sqlite3_reset(st);
            return rc;
        }
    }

    return rc;
}


static ptn_rc_t
ptn_sync_folders_read(ptn_sync_folders_t *c)
{
    size_t            k;
    uint32_t          i, n, *order;
    ptn_rc_t          rc;
    uint64_t          cn;
    ptn_set_t        *set;
    ptn_sync_list_t   gone;

    set = c->mb->set;
    memset(&gone, 0, sizeof(gone));
    gone.pool = c->list.pool;

    order = ptn_parray(c->list.pool, set->n, sizeof(uint32_t));
    c->told = ptn_pcalloc(c->list.pool, set->n + 1);

    if (order == NULL || c->told == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0, n = 0; i < set->n; i++) {
        c->last = ptn_max(c->last, set->folders[i].cn);

        if (set->folders[i].cn > c->from.modseq
            && set->folders[i].id != c->root
            && ptn_rights_shows(c->mb, i)
            && ptn_folder_below(c->mb, set->folders[i].id, c->root))
        {
            order[n++] = i;
        }
    }

    qsort_r(order, n, sizeof(uint32_t), ptn_sync_compare_cn, set);

    rc = ptn_sync_folder_tombs(c, &gone);

    for (i = 0, k = 0; rc == PTN_OK && (i < n || k < gone.n); ) {
        if (c->list.n >= c->list.max) {
            c->list.more = true;
            break;
        }

        cn = (i < n) ? set->folders[order[i]].cn : UINT64_MAX;

        if (k < gone.n && gone.rows[k].number < cn) {
            rc = ptn_sync_add(&c->list, gone.rows[k].number, PTN_SYNC_DELETE,
                              gone.rows[k].change.id,
                              gone.rows[k].change.id, gone.rows[k].number, 0);
            k++;

        } else {
            rc = ptn_sync_folder(c, order[i++], cn, 0);
        }
    }

    return rc;
}


ptn_rc_t
ptn_sync_folders(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t root,
    ptn_sync_t *sync, size_t max, ptn_sync_change_t **ret_changes,
    size_t *ret_n, bool *ret_more)
{
    size_t               i;
    ptn_rc_t             rc;
    ptn_sync_t           next;
    ptn_folder_t        *f;
    ptn_sync_change_t   *changes;
    ptn_sync_folders_t   c;

    rc = ptn_rights_need(mb, root, PTN_RIGHT_VISIBLE);

    if (rc == PTN_OK) {
        rc = ptn_folder_of(mb, root, &f);
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_meta(mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    /* tombstones of folders are not purged, nor moved to another epoch */

    next = *sync;
    rc = ptn_sync_begin(mb, &next, 0);
    if (rc != PTN_OK) {
        return rc;
    }

    memset(&c, 0, sizeof(c));
    c.mb = mb;
    c.root = root;
    c.from = next;
    c.list.pool = pool;
    c.list.max = ptn_max(max, (size_t) 1);

    rc = ptn_sync_folders_read(&c);
    if (rc != PTN_OK) {
        return rc;
    }

    changes = ptn_parray(pool, c.list.n, sizeof(ptn_sync_change_t));
    if (changes == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < c.list.n; i++) {
        changes[i] = c.list.rows[i].change;
    }

    /* not the counter: that may count what this process has undone */

    if (!c.list.more) {
        next.modseq = ptn_max(c.last, c.from.modseq);
        next.run = 0;

    } else if (c.list.n != 0) {
        next.run = ptn_sync_base(&c.from) + 1;
        next.modseq = c.list.rows[c.list.n - 1].number;
    }

    next.last = 0;
    *sync = next;
    *ret_changes = changes;
    *ret_n = c.list.n;
    *ret_more = c.list.more;

    return PTN_OK;
}
