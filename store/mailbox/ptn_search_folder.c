/*
 * Search folders: their criteria, and how they are filled.
 */

#include "ptn_folder.h"
#include "ptn_words.h"


#define PTN_SEARCH_FLAGS     0x0007003f     /* those of 2.2.1.4.1 */
#define PTN_SEARCH_PORTION   64             /* messages */
#define PTN_SEARCH_LOCK      10             /* milliseconds */
#define PTN_SEARCH_SCOPE     4096           /* folders */
#define PTN_SEARCH_MAX       65535          /* bytes of a restriction */


/* ---- rows -------------------------------------------------------------- */

/* 0: not set; the strings of the statement, dup'ed. */

static ptn_rc_t
ptn_search_read(sqlite3_stmt *st, ptn_pool_t *pool, ptn_one_search_t *s,
    ptn_str_t *restriction)
{
    size_t      i;
    ptn_str_t   scope;
    ptn_id_t   *ids;

    memset(s, 0, sizeof(ptn_one_search_t));
    s->folder = ptn_sql_u64(st, 0);
    s->flags = (uint32_t) ptn_sql_u64(st, 1);
    s->state = (uint8_t) ptn_sql_u64(st, 2);
    s->done = ptn_sql_u64(st, 3);
    scope = ptn_sql_column(st, 4);
    *restriction = ptn_str_dup(pool, ptn_sql_column(st, 5));

    s->nfolders = ptn_min(scope.len / 8, (size_t) PTN_SEARCH_SCOPE);
    ids = ptn_parray(pool, s->nfolders, sizeof(ptn_id_t));

    if (ids == NULL || restriction->data == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < s->nfolders; i++) {
        ids[i] = ptn_le32(scope.data + 8 * i)
                 | (ptn_id_t) ptn_le32(scope.data + 8 * i + 4) << 32;
    }

    s->folders = ids;

    return PTN_OK;
}


static ptn_rc_t
ptn_search_parse(ptn_pool_t *pool, ptn_str_t restriction,
    ptn_filter_t **ret_filter)
{
    ptn_rc_t          rc;
    ptn_restrict_t   *r;
    ptn_wire_text_t   text;

    memset(&text, 0, sizeof(text));
    text.pool = pool;
    rc = ptn_restrict_get(&text, restriction, &r);

    return (rc == PTN_OK) ? ptn_filter_make(pool, r, 0, ret_filter) : rc;
}


/* Folders that one looks at. */

static ptn_rc_t
ptn_search_cover(ptn_mbox_t *mb, ptn_one_search_t *s)
{
    size_t      k;
    uint32_t    i;
    ptn_set_t  *set;

    set = mb->set;

    s->scope = ptn_pcalloc(set->pool, set->n + 1);
    if (s->scope == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < set->n; i++) {
        if (set->folders[i].search) {
            continue;
        }

        for (k = 0; k < s->nfolders && !s->scope[i]; k++) {
            s->scope[i] = set->folders[i].id == s->folders[k]
                          || ((s->flags & PTN_SEARCH_RECURSIVE)
                              && ptn_folder_below(mb, set->folders[i].id,
                                                  s->folders[k]));
        }
    }

    return PTN_OK;
}


ptn_rc_t
ptn_searches(ptn_mbox_t *mb, ptn_searches_t **ret)
{
    ptn_rc_t           rc;
    uint32_t           at;
    ptn_str_t          restriction;
    ptn_pool_t        *pool;
    sqlite3_stmt      *st;
    ptn_searches_t    *all;
    ptn_one_search_t  *s;

    if (mb->set->searches != NULL) {
        *ret = mb->set->searches;
        return PTN_OK;
    }

    pool = mb->set->pool;
    all = ptn_pcalloc(pool, sizeof(ptn_searches_t));

    if (all != NULL) {
        all->s = ptn_parray(pool, mb->set->nsearch, sizeof(ptn_one_search_t));
    }

    if (all == NULL || all->s == NULL) {
        return PTN_ENOMEM;
    }

    st = ptn_sql(mb, PTN_SQL_SEARCH_LIST, &rc);
    if (st == NULL) {
        return rc;
    }

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        at = ptn_set_index(mb->set, ptn_sql_u64(st, 0));

        /* of one that was deleted, and can be recovered, later */

        if (at == PTN_SET_NONE || !mb->set->folders[at].search
            || all->n == mb->set->nsearch)
        {
            continue;
        }

        s = &all->s[all->n];
        rc = ptn_search_read(st, pool, s, &restriction);

        if (rc == PTN_OK) {
            rc = ptn_search_cover(mb, s);
        }

        if (rc == PTN_OK
            && ptn_search_parse(pool, restriction, &s->filter) == PTN_ENOMEM)
        {
            rc = PTN_ENOMEM;
        }

        if (rc != PTN_OK) {
            sqlite3_reset(st);
            return rc;
        }

        all->n++;
    }

    if (rc == PTN_OK) {
        mb->set->searches = all;
        *ret = all;
    }

    return rc;
}


/* ---- criteria ---------------------------------------------------------- */

ptn_rc_t
ptn_search_folder_create(ptn_txn_t *tx, ptn_id_t parent, ptn_str_t name,
    const char *cls, ptn_id_t *ret_id)
{
    ptn_rc_t  rc;

    rc = ptn_folder_create(tx, parent, name, cls, ret_id);

    if (rc == PTN_OK) {
        rc = ptn_sql_run(tx->mb, PTN_SQL_SEARCH_FOLDER, 1, *ret_id);

        if (rc != PTN_OK) {
            return ptn_txn_poison(tx, rc);
        }

        rc = ptn_folder_reread(tx);
    }

    return rc;
}


/* The row of a search folder.  EUNAVAIL: it has none. */

static ptn_rc_t
ptn_search_load(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    ptn_one_search_t *s, ptn_str_t *restriction)
{
    ptn_rc_t       rc;
    ptn_folder_t  *f;
    sqlite3_stmt  *st;

    rc = ptn_folder_of(mb, folder, &f);

    if (rc != PTN_OK) {
        return rc;
    }

    if (!f->search) {
        return PTN_EINVAL;
    }

    st = ptn_sql(mb, PTN_SQL_SEARCH_GET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_EUNAVAIL : rc;
    }

    rc = ptn_search_read(st, pool, s, restriction);
    sqlite3_reset(st);

    return rc;
}


static bool
ptn_search_both(uint32_t flags, uint32_t a, uint32_t b)
{
    return (flags & a) && (flags & b);
}


static ptn_rc_t
ptn_search_check(ptn_mbox_t *mb, ptn_id_t folder, const ptn_criteria_t *c)
{
    size_t         i;
    ptn_rc_t       rc;
    uint32_t       f;
    ptn_folder_t  *one;

    f = c->flags;

    if ((f & ~(uint32_t) PTN_SEARCH_FLAGS)
        || ptn_search_both(f, PTN_SEARCH_STOP, PTN_SEARCH_RESTART)
        || ptn_search_both(f, PTN_SEARCH_RECURSIVE, PTN_SEARCH_SHALLOW)
        || ptn_search_both(f, PTN_SEARCH_FOREGROUND, PTN_SEARCH_BACKGROUND)
        || ptn_search_both(f, PTN_SEARCH_INDEXED, PTN_SEARCH_NOT_INDEXED))
    {
        return PTN_EINVAL;
    }

    if (c->n > PTN_SEARCH_SCOPE || c->restriction.len > PTN_SEARCH_MAX) {
        return PTN_ELIMIT;
    }

    for (i = 0; i < c->n; i++) {
        if (c->folders[i] == folder) {
            return PTN_EINVAL;
        }

        rc = ptn_folder_of(mb, c->folders[i], &one);

        if (rc == PTN_OK) {
            rc = ptn_rights_need(mb, c->folders[i], PTN_RIGHT_READ_ANY);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


/* Nothing is shown; uids begin anew. */

static ptn_rc_t
ptn_search_empty(ptn_txn_t *tx, ptn_id_t folder)
{
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    mb = tx->mb;

    /* what was cached of the folder goes to its row, which is changed */

    rc = ptn_folder_flush(mb);

    if (rc == PTN_OK) {
        rc = ptn_sql_run(mb, PTN_SQL_FOUND_CLEAR, 1, folder);
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_run(mb, PTN_SQL_TOMB_FORGET, 1, folder);
    }

    return (rc == PTN_OK)
           ? ptn_sql_run(mb, PTN_SQL_SEARCH_EMPTY, 3, folder,
                         (uint64_t) ptn_txn_uidvalidity(tx), ptn_txn_cn(tx))
           : rc;
}


static ptn_rc_t
ptn_search_store(ptn_txn_t *tx, ptn_pool_t *pool, const ptn_one_search_t *s,
    ptn_str_t restriction)
{
    u_char        *p;
    size_t         i;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    p = ptn_parray(pool, s->nfolders, 8);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < s->nfolders; i++) {
        ptn_put_le32(p + 8 * i, (uint32_t) s->folders[i]);
        ptn_put_le32(p + 8 * i + 4, (uint32_t) (s->folders[i] >> 32));
    }

    st = ptn_sql(tx->mb, PTN_SQL_SEARCH_SET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) s->folder);
    sqlite3_bind_int64(st, 2, s->flags);
    sqlite3_bind_int64(st, 3, s->state);
    ptn_sql_blob(st, 4, ptn_str_make(p, 8 * s->nfolders));
    ptn_sql_blob(st, 5, restriction);
    rc = ptn_sql_step(tx->mb, st);
    sqlite3_clear_bindings(st);
    tx->mb->meta.dirty = true;
    tx->mb->search = true;

    return rc;
}


/* 3.2.5.4: what is not given stays; RESTART and SHALLOW are the defaults. */

static ptn_rc_t
ptn_search_apply(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t folder,
    const ptn_criteria_t *c)
{
    bool               first, changed;
    ptn_rc_t           rc;
    ptn_str_t          restriction;
    ptn_filter_t      *filter;
    ptn_one_search_t   s;

    rc = ptn_search_load(tx->mb, pool, folder, &s, &restriction);
    first = (rc == PTN_EUNAVAIL);

    if (rc != PTN_OK && !first) {
        return rc;
    }

    rc = ptn_search_check(tx->mb, folder, c);

    if (rc != PTN_OK) {
        return rc;
    }

    if (first) {
        if (c->restriction.len == 0 || c->n == 0) {
            return PTN_EUNAVAIL;
        }

        memset(&s, 0, sizeof(s));
        s.folder = folder;

    } else if ((c->flags & PTN_SEARCH_STOP) && s.state != PTN_SEARCH_FILLING) {
        return PTN_OK;
    }

    changed = first;

    if (c->restriction.len != 0) {
        rc = ptn_search_parse(pool, c->restriction, &filter);

        if (rc != PTN_OK) {
            return rc;
        }

        changed |= first || !ptn_str_eq(restriction, c->restriction);
        restriction = c->restriction;
    }

    if (c->n != 0) {
        changed |= c->n != s.nfolders
                   || memcmp(c->folders, s.folders, c->n * sizeof(ptn_id_t));
        s.folders = c->folders;
        s.nfolders = c->n;
    }

    changed |= (s.flags ^ c->flags) & (PTN_SEARCH_RECURSIVE|PTN_SEARCH_STATIC);

    if (!(c->flags & PTN_SEARCH_STOP) || first) {
        s.flags = c->flags;
    }

    s.state = (c->flags & PTN_SEARCH_STOP) ? PTN_SEARCH_STOPPED
                                           : PTN_SEARCH_FILLING;

    if (changed || !(c->flags & PTN_SEARCH_STOP)) {
        rc = ptn_search_empty(tx, folder);
    }

    if (rc == PTN_OK) {
        rc = ptn_search_store(tx, pool, &s, restriction);
    }

    return (rc == PTN_OK) ? ptn_folder_reread(tx) : ptn_txn_poison(tx, rc);
}


ptn_rc_t
ptn_search_folder_set(ptn_txn_t *tx, ptn_id_t folder,
    const ptn_criteria_t *criteria)
{
    ptn_rc_t     rc;
    ptn_pool_t  *pool;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_rights_need(tx->mb, folder, PTN_RIGHT_OWNER);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_search_apply(tx, pool, folder, criteria);
    ptn_pool_destroy(pool);

    return rc;
}


ptn_rc_t
ptn_search_folder_get(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    ptn_criteria_t *ret_criteria)
{
    uint32_t           f;
    ptn_rc_t           rc;
    ptn_one_search_t   s;
    ptn_criteria_t     c;

    memset(&c, 0, sizeof(c));
    rc = ptn_rights_need(mb, folder, PTN_RIGHT_VISIBLE);

    if (rc == PTN_OK) {
        rc = ptn_search_load(mb, pool, folder, &s, &c.restriction);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    f = PTN_SEARCH_TWIR_TOTALLY;
    f |= s.state == PTN_SEARCH_FILLING ? PTN_SEARCH_RUNNING|PTN_SEARCH_REBUILD
         : s.state == PTN_SEARCH_FILLED ? PTN_SEARCH_COMPLETE : 0;
    f |= (s.flags & PTN_SEARCH_RECURSIVE) ? PTN_SEARCH_IS_RECURSIVE : 0;
    f |= (s.flags & PTN_SEARCH_FOREGROUND) ? PTN_SEARCH_IS_FOREGROUND : 0;
    f |= (s.flags & PTN_SEARCH_STATIC) ? PTN_SEARCH_IS_STATIC : 0;

    c.folders = s.folders;
    c.n = s.nfolders;
    c.flags = f;
    *ret_criteria = c;

    return PTN_OK;
}


/* ---- filling ----------------------------------------------------------- */

static ptn_rc_t
ptn_search_ids(ptn_mbox_t *mb, ptn_id_t behind, ptn_id_t *ids, size_t *n)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    *n = 0;

    st = ptn_sql(mb, PTN_SQL_SEARCH_IDS, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) behind);
    sqlite3_bind_int64(st, 2, PTN_SEARCH_PORTION);

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        ids[(*n)++] = ptn_sql_u64(st, 0);
    }

    return rc;
}


static ptn_rc_t
ptn_search_fill_one(ptn_txn_t *tx, ptn_one_search_t *s)
{
    size_t       i, n;
    uint64_t     begun;
    ptn_id_t     ids[PTN_SEARCH_PORTION];
    ptn_rc_t     rc;
    ptn_pool_t  *pool;

    begun = ptn_time_mono();

    pool = ptn_content_pool(tx->mb->store, 0);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    do {
        rc = ptn_search_ids(tx->mb, s->done, ids, &n);

        for (i = 0; i < n && rc == PTN_OK; i++) {
            rc = ptn_search_test(tx, pool, s, ids[i]);
            ptn_pool_reset(pool);
            s->done = ids[i];

            if (ptn_time_mono() - begun >= PTN_SEARCH_LOCK) {
                break;
            }
        }

    } while (rc == PTN_OK && n == PTN_SEARCH_PORTION && i == n);

    ptn_pool_destroy(pool);

    if (rc == PTN_OK && i == n) {
        s->state = PTN_SEARCH_FILLED;
    }

    tx->mb->meta.dirty = true;

    return (rc == PTN_OK)
           ? ptn_sql_run(tx->mb, PTN_SQL_SEARCH_STATE, 3, s->folder,
                         (uint64_t) s->state, s->done)
           : rc;
}


static ptn_one_search_t *
ptn_search_next(ptn_searches_t *all)
{
    size_t  i;

    for (i = 0; i < all->n; i++) {
        if (all->s[i].state == PTN_SEARCH_FILLING) {
            return &all->s[i];
        }
    }

    return NULL;
}


ptn_rc_t
ptn_search_fill(ptn_mbox_t *mb, bool *ret_more)
{
    ptn_rc_t                              rc;
    ptn_searches_t                       *all;
    ptn_one_search_t                     *s;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    *ret_more = false;

    if (mb->store->batch != NULL) {
        return PTN_EBUSY;
    }

    rc = ptn_mbox_set(mb);

    if (rc != PTN_OK || mb->set->nsearch == 0) {
        return rc;
    }

    rc = ptn_searches(mb, &all);

    if (rc != PTN_OK || ptn_search_next(all) == NULL) {
        return rc;
    }

    mb->no_wait = true;
    rc = ptn_txn_begin(&tx, mb);
    mb->no_wait = false;

    /* somebody may have done it meanwhile */

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_searches(mb, &all);
    }

    if (rc == PTN_OK) {
        s = ptn_search_next(all);
        rc = (s == NULL) ? PTN_OK : ptn_search_fill_one(&tx, s);
        *ret_more = (rc == PTN_OK && ptn_search_next(all) != NULL);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    ptn_txn_done(&tx);

    if (rc == PTN_OK) {
        return ptn_batch_commit(mb);
    }

    if (mb->batch) {
        ptn_batch_rollback(mb);
    }

    return rc;
}
