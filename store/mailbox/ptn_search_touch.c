/*
 * How search folders follow changes.
 *
 * Every change of a message is an event of its transaction; the commit tests
 * each message that had one, once, as it is then.  So no caller needs to know
 * of search folders, and what they show is committed with what it shows.
 */

#include <stdlib.h>

#include "ptn_folder.h"
#include "ptn_msg.h"
#include "ptn_table.h"
#include "ptn_words.h"


#define PTN_TREE_LEFT   0x01        /* folders may be out of scopes */
#define PTN_TREE_MOVED  0x02        /* or have come into recursive ones */
#define PTN_TREE_BACK   0x04        /* or into any */

typedef struct {
    uint32_t  uid;                  /* 0: not shown */
    uint64_t  cn;
    ptn_id_t  content;
    uint32_t  flags;
    uint64_t  size;
} ptn_shown_t;


/* ---- events ------------------------------------------------------------ */

void
ptn_search_forget(ptn_mbox_t *mb)
{
    mb->ntouched = 0;
    mb->touched_tree = 0;
}


static ptn_rc_t
ptn_search_touch(ptn_mbox_t *mb, ptn_id_t id)
{
    void    *p;
    size_t   size;

    if (mb->ntouched != 0 && mb->touched[mb->ntouched - 1] == id) {
        return PTN_OK;
    }

    if (mb->ntouched == mb->touched_size) {
        size = mb->touched_size ? 2 * mb->touched_size : 64;

        p = realloc(mb->touched, size * sizeof(ptn_id_t));
        if (p == NULL) {
            return PTN_ENOMEM;
        }

        mb->touched = p;
        mb->touched_size = size;
    }

    mb->touched[mb->ntouched++] = id;

    return PTN_OK;
}


/* A folder that comes with messages, or with criteria, was deleted and is
 * recovered. */

static ptn_rc_t
ptn_search_folder_new(ptn_mbox_t *mb, ptn_id_t folder)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_SEARCH_ANY, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);
    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        mb->touched_tree |= PTN_TREE_BACK;
        sqlite3_reset(st);
        rc = PTN_OK;
    }

    return rc;
}


ptn_rc_t
ptn_search_event(ptn_mbox_t *mb, ptn_mbox_event_e kind, ptn_id_t folder,
    ptn_id_t message)
{
    if (mb->set != NULL && mb->set->nsearch == 0
        && kind != PTN_MBOX_EVENT_FOLDER_NEW)
    {
        return PTN_OK;
    }

    switch (kind) {

    case PTN_MBOX_EVENT_FOLDER_NEW:
        return ptn_search_folder_new(mb, folder);

    case PTN_MBOX_EVENT_FOLDER_DELETED:
        mb->touched_tree |= PTN_TREE_LEFT;
        return PTN_OK;

    case PTN_MBOX_EVENT_FOLDER_MOVED:
        mb->touched_tree |= PTN_TREE_LEFT|PTN_TREE_MOVED;
        return PTN_OK;

    case PTN_MBOX_EVENT_FOLDER_MODIFIED:
        return PTN_OK;

    default:
        return ptn_search_touch(mb, message);
    }
}


/* ---- does it belong there? --------------------------------------------- */

static ptn_rc_t
ptn_search_filter(ptn_mbox_t *mb, ptn_pool_t *pool, const ptn_one_search_t *s,
    ptn_id_t id, bool *ret)
{
    size_t           n;
    ptn_rc_t         rc;
    ptn_str_t       *values;
    ptn_asked_t      asked;
    const uint32_t  *tags;

    ptn_asked(&asked, mb, pool, id);
    tags = ptn_filter_tags(s->filter, &n);

    values = ptn_parray(pool, n, sizeof(ptn_str_t));
    if (values == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_asked_open(&asked);

    if (rc == PTN_OK) {
        rc = ptn_msg_props(asked.msg, tags, n, values);
    }

    return (rc == PTN_OK) ? ptn_asked_match(&asked, s->filter, values, ret)
                          : rc;
}


ptn_rc_t
ptn_search_wants(ptn_mbox_t *mb, ptn_pool_t *pool, const ptn_one_search_t *s,
    const ptn_msg_info_t *m, bool *ret)
{
    uint32_t  at;
    ptn_rc_t  rc;

    *ret = false;
    at = ptn_set_index(mb->set, m->folder);

    if (m->fai || at == PTN_SET_NONE || !s->scope[at] || s->filter == NULL) {
        return PTN_OK;
    }

    rc = ptn_search_filter(mb, pool, s, m->id, ret);

    /* content that cannot be read matches nothing; the check reports it */

    if (rc == PTN_ECORRUPT || rc == PTN_ETOOBIG || rc == PTN_ENOTFOUND) {
        *ret = false;
        rc = PTN_OK;
    }

    return rc;
}


/* ---- what is shown ----------------------------------------------------- */

static ptn_rc_t
ptn_search_shown(ptn_mbox_t *mb, ptn_id_t folder, ptn_id_t id,
    ptn_shown_t *shown)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    shown->uid = 0;

    st = ptn_sql(mb, PTN_SQL_FOUND_GET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) folder);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return rc;
    }

    shown->uid = (uint32_t) ptn_sql_u64(st, 0);
    shown->cn = ptn_sql_u64(st, 1);
    shown->content = ptn_sql_u64(st, 2);
    shown->flags = (uint32_t) ptn_sql_u64(st, 3);
    shown->size = ptn_sql_u64(st, 4);
    sqlite3_reset(st);

    return PTN_OK;
}


/* As ptn_msg_count(), but it is nobody's size a second time. */

static void
ptn_search_count(ptn_folder_t *f, uint32_t flags, uint64_t size, int sign)
{
    uint32_t  one;

    one = (uint32_t) sign;

    f->total += one;
    f->unread += (flags & PTN_FLAG_SEEN) ? 0 : one;
    f->deleted += (flags & PTN_FLAG_DELETED) ? one : 0;
    f->size += (uint64_t) (int64_t) sign * size;
}


static ptn_rc_t
ptn_search_out(ptn_txn_t *tx, ptn_folder_t *f, ptn_id_t id,
    const ptn_shown_t *shown, ptn_cause_e cause)
{
    ptn_rc_t  rc;
    uint64_t  cn;

    cn = ptn_txn_cn(tx);

    rc = ptn_sql_run(tx->mb, PTN_SQL_FOUND_DELETE, 2, f->id,
                     (uint64_t) shown->uid);

    if (rc == PTN_OK) {
        rc = ptn_sql_run(tx->mb, PTN_SQL_TOMB_ADD, 10, f->id, cn, id,
                         (uint64_t) PTN_TOMB_MESSAGE, (uint64_t) cause, id,
                         (uint64_t) shown->uid, (uint64_t) 0, (uint64_t) 0,
                         (uint64_t) 0);
    }

    ptn_search_count(f, shown->flags, shown->size, -1);
    ptn_folder_touch(tx->mb, f, cn);

    return rc;
}


static ptn_rc_t
ptn_search_in(ptn_txn_t *tx, ptn_folder_t *f, const ptn_msg_info_t *m)
{
    uint64_t  cn;

    if (f->uidnext == UINT32_MAX) {
        return PTN_OK;
    }

    cn = ptn_txn_cn(tx);
    ptn_search_count(f, m->flags, m->size, 1);
    ptn_folder_touch(tx->mb, f, cn);

    return ptn_sql_run(tx->mb, PTN_SQL_FOUND_ADD, 7, f->id,
                       (uint64_t) f->uidnext++, m->id, cn, m->content,
                       (uint64_t) m->flags, m->size);
}


static ptn_rc_t
ptn_search_changed(ptn_txn_t *tx, ptn_folder_t *f, const ptn_msg_info_t *m,
    const ptn_shown_t *shown)
{
    uint64_t  cn;

    cn = ptn_txn_cn(tx);
    ptn_search_count(f, shown->flags, shown->size, -1);
    ptn_search_count(f, m->flags, m->size, 1);
    ptn_folder_touch(tx->mb, f, cn);

    return ptn_sql_run(tx->mb, PTN_SQL_FOUND_SET, 5, f->id,
                       (uint64_t) shown->uid, cn, (uint64_t) m->flags,
                       m->size);
}


ptn_rc_t
ptn_search_test(ptn_txn_t *tx, ptn_pool_t *pool, const ptn_one_search_t *s,
    ptn_id_t id)
{
    bool             there, wants;
    ptn_rc_t         rc;
    ptn_shown_t      shown;
    ptn_folder_t    *f;
    ptn_msg_info_t   m;

    rc = ptn_folder_of(tx->mb, s->folder, &f);

    if (rc == PTN_OK) {
        rc = ptn_search_shown(tx->mb, s->folder, id, &shown);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_msg_get_any(tx->mb, id, &m);
    there = (rc == PTN_OK && !m.fai
             && ptn_set_index(tx->mb->set, m.folder) != PTN_SET_NONE);
    wants = false;

    if (rc == PTN_ENOTFOUND) {
        rc = PTN_OK;
    }

    if (rc == PTN_OK && there) {
        if (s->state == PTN_SEARCH_FILLED && (s->flags & PTN_SEARCH_STATIC)) {
            wants = shown.uid != 0;

        } else {
            rc = ptn_search_wants(tx->mb, pool, s, &m, &wants);
        }
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (shown.uid == 0) {
        return wants ? ptn_search_in(tx, f, &m) : PTN_OK;
    }

    if (!wants) {
        return ptn_search_out(tx, f, id, &shown, PTN_CAUSE_HARD);
    }

    /* a uid names one content */

    if (shown.content != m.content) {
        rc = ptn_search_out(tx, f, id, &shown, PTN_CAUSE_EDIT);
        return (rc == PTN_OK) ? ptn_search_in(tx, f, &m) : rc;
    }

    return ptn_search_changed(tx, f, &m, &shown);
}


/* ---- the commit -------------------------------------------------------- */

static int
ptn_search_by_id(const void *a, const void *b)
{
    ptn_id_t  x, y;

    x = *(const ptn_id_t *) a;
    y = *(const ptn_id_t *) b;

    return (x > y) - (x < y);
}


/* Messages that one shows and that are out of its scope by now. */

static ptn_rc_t
ptn_search_astray(ptn_mbox_t *mb, const ptn_one_search_t *s)
{
    bool           is_static;
    uint32_t       at;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    is_static = s->state == PTN_SEARCH_FILLED
                && (s->flags & PTN_SEARCH_STATIC);

    st = ptn_sql(mb, PTN_SQL_FOUND_PLACES, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) s->folder);

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        at = ptn_set_index(mb->set, ptn_sql_u64(st, 1));

        /* one that comes back has followed nothing */

        if (at == PTN_SET_NONE || (!is_static && !s->scope[at])
            || (mb->touched_tree & PTN_TREE_BACK))
        {
            rc = ptn_search_touch(mb, ptn_sql_u64(st, 0));

            if (rc != PTN_OK) {
                sqlite3_reset(st);
                return rc;
            }
        }
    }

    return rc;
}


/*
 * Folders came, went or moved: what was shown may be out of the scope, and
 * what came into it is found by looking through all once more.
 */

static ptn_rc_t
ptn_search_tree(ptn_txn_t *tx, ptn_searches_t *all)
{
    size_t             i;
    ptn_rc_t           rc;
    ptn_one_search_t  *s;

    rc = PTN_OK;

    for (i = 0; i < all->n && rc == PTN_OK; i++) {
        s = &all->s[i];
        rc = ptn_search_astray(tx->mb, s);

        if (!(tx->mb->touched_tree & PTN_TREE_BACK)
            && (!(tx->mb->touched_tree & PTN_TREE_MOVED)
                || !(s->flags & PTN_SEARCH_RECURSIVE)))
        {
            continue;
        }

        if (rc == PTN_OK
            && (s->state == PTN_SEARCH_FILLING
                || (s->state == PTN_SEARCH_FILLED
                    && !(s->flags & PTN_SEARCH_STATIC))))
        {
            s->state = PTN_SEARCH_FILLING;
            s->done = 0;
            rc = ptn_sql_run(tx->mb, PTN_SQL_SEARCH_STATE, 3, s->folder,
                             (uint64_t) s->state, (uint64_t) 0);
            tx->mb->meta.dirty = true;
        }
    }

    return rc;
}


ptn_rc_t
ptn_search_settle(ptn_txn_t *tx)
{
    size_t           i, k, n;
    ptn_rc_t         rc;
    ptn_mbox_t      *mb;
    ptn_pool_t      *pool;
    ptn_searches_t  *all;

    mb = tx->mb;

    if (mb->ntouched == 0 && mb->touched_tree == 0) {
        return PTN_OK;
    }

    rc = ptn_mbox_set(mb);

    if (rc != PTN_OK || mb->set->nsearch == 0) {
        ptn_search_forget(mb);
        return rc;
    }

    pool = ptn_content_pool(mb->store, 0);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_searches(mb, &all);

    if (rc == PTN_OK && mb->touched_tree != 0) {
        rc = ptn_search_tree(tx, all);
    }

    n = mb->ntouched;

    if (n != 0) {
        qsort(mb->touched, n, sizeof(ptn_id_t), ptn_search_by_id);
    }

    for (i = 0; i < n && rc == PTN_OK; i++) {
        if (i != 0 && mb->touched[i] == mb->touched[i - 1]) {
            continue;
        }

        for (k = 0; k < all->n && rc == PTN_OK; k++) {
            rc = ptn_search_test(tx, pool, &all->s[k], mb->touched[i]);
            ptn_pool_reset(pool);
        }
    }

    ptn_pool_destroy(pool);
    ptn_search_forget(mb);

    return rc;
}


/* ---- places ------------------------------------------------------------ */

ptn_rc_t
ptn_search_at(ptn_mbox_t *mb, ptn_id_t folder, uint32_t uid, ptn_id_t *ret_id)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_FOUND_AT, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);
    sqlite3_bind_int64(st, 2, uid);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    *ret_id = ptn_sql_u64(st, 0);
    sqlite3_reset(st);

    return PTN_OK;
}


ptn_rc_t
ptn_search_shows(ptn_mbox_t *mb, ptn_id_t folder, ptn_id_t id,
    bool *ret_shown)
{
    ptn_rc_t     rc;
    ptn_shown_t  shown;

    rc = ptn_search_shown(mb, folder, id, &shown);
    *ret_shown = (rc == PTN_OK && shown.uid != 0);

    return rc;
}
