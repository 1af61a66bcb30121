/*
 * Folders to another mailbox, with what is below them.
 *
 * A move is made of moves of messages (ptn_transfer.c), each of which is
 * either here or there:
 *
 *   1  here: a row of parting (what, where to, a key)
 *   2  there: the folders, and for each a key in table once, which says its id
 *   3  both: messages in portions, folder by folder
 *   4  here: folders that are empty go, and the row with them
 *
 * Whoever opens the mailbox and finds a row whose byte of the lock file nobody
 * holds goes on with 2: keys tell which folders are there.  What cannot be
 * gone on with (quota, the target was removed) ends it: messages are then on
 * both sides, each once.  The list of folders is made at the beginning: what
 * comes later stays, so that two that move into each other come to an end.
 *
 * A copy is 2 and 3 without keys, and is removed when it fails.
 */

#include "ptn_folder_transfer.h"


#define PTN_FT_FOLDERS_MAX  1000
#define PTN_FT_MESSAGES     100         /* of a portion */
#define PTN_FT_REPLAY       20          /* portions of one replay */

/* ---- what goes ---------------------------------------------------------- */

static ptn_rc_t
ptn_ft_list(ptn_ft_t *ft, ptn_id_t id, bool recursive)
{
    uint32_t        i;
    ptn_rc_t        rc;
    ptn_set_t      *set;
    ptn_folder_t   *f;
    ptn_ft_pair_t  *p;

    rc = ptn_folder_of(ft->from, id, &f);

    if (rc == PTN_OK) {
        rc = ptn_rights_load(ft->from);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    set = ft->from->set;
    ft->pairs = ptn_parray(ft->pool, set->n, sizeof(ptn_ft_pair_t));

    if (ft->pairs == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < set->n; i++) {
        f = &set->folders[i];

        if ((f->id != id && !recursive)
            || !ptn_folder_below(ft->from, f->id, id)
            || !ptn_rights_shows(ft->from, i))
        {
            continue;
        }

        if (!ptn_rights_sees(ft->from, f->id, PTN_RIGHT_READ_ANY)) {
            return PTN_EDENIED;
        }

        if (ft->npairs == PTN_FT_FOLDERS_MAX) {
            return PTN_ELIMIT;
        }

        p = &ft->pairs[ft->npairs++];
        memset(p, 0, sizeof(ptn_ft_pair_t));
        p->from = f->id;
        p->parent = f->parent;
        p->end = f->uidnext;
        p->search = f->search;
    }

    return PTN_OK;
}


/* Is all of it something that can leave? */

static ptn_rc_t
ptn_ft_may_move(ptn_ft_t *ft)
{
    bool             goes;
    size_t           i;
    ptn_id_t         other;
    ptn_rc_t         rc;
    ptn_folder_t    *f;
    sqlite3_stmt    *st;
    ptn_criteria_t   c;

    for (i = 0; i < ft->npairs; i++) {
        goes = true;
        rc = ptn_folder_of(ft->from, ft->pairs[i].from, &f);

        if (rc == PTN_OK && f->special != PTN_FOLDER_NONE) {
            rc = PTN_EDENIED;
        }

        if (rc == PTN_OK && f->search) {
            rc = ptn_ft_search_goes(ft, f->id, &c, &goes);
        }

        if (rc != PTN_OK || !goes) {
            return (rc == PTN_OK) ? PTN_ESUPPORT : rc;
        }
    }

    /* one at a time, of what is above or below another */

    st = ptn_sql(ft->from, PTN_SQL_PARTING_FOLDERS, &rc);
    if (st == NULL) {
        return rc;
    }

    while ((rc = ptn_sql_step(ft->from, st)) == PTN_AGAIN) {
        other = ptn_sql_u64(st, 0);

        if (ptn_folder_below(ft->from, other, ft->pairs[0].from)
            || (ptn_set_index(ft->from->set, other) != PTN_SET_NONE
                && ptn_folder_below(ft->from, ft->pairs[0].from, other)))
        {
            sqlite3_reset(st);
            return PTN_EBUSY;
        }
    }

    return rc;
}


/* The door of the target: what is refused later as well is refused now. */

static ptn_rc_t
ptn_ft_room(ptn_ft_t *ft)
{
    size_t         i;
    ptn_rc_t       rc;
    uint64_t       size;
    ptn_folder_t  *f;

    size = 0;

    for (i = 0; i < ft->npairs; i++) {
        rc = ptn_folder_of(ft->from, ft->pairs[i].from, &f);

        if (rc != PTN_OK) {
            return rc;
        }

        size += f->search ? 0 : f->size;
    }

    rc = ptn_mbox_set(ft->to);

    return (rc == PTN_OK) ? ptn_quota_room(ft->to, size, false) : rc;
}


/* ---- 2: the folders ----------------------------------------------------- */

static ptn_str_t
ptn_ft_key(ptn_ft_t *ft, ptn_id_t folder)
{
    ptn_put_le32(ft->key + PTN_FT_KEY, (uint32_t) folder);
    ptn_put_le32(ft->key + PTN_FT_KEY + 4, (uint32_t) (folder >> 32));

    return ptn_str_make(ft->key, sizeof(ft->key));
}


/* *ret_id 0: it has not been made. */

static ptn_rc_t
ptn_ft_known(ptn_ft_t *ft, ptn_id_t folder, ptn_id_t *ret_id)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    *ret_id = 0;

    if (ft->n == 0) {
        return PTN_OK;
    }

    st = ptn_sql(ft->to, PTN_SQL_ONCE_GET, &rc);
    if (st == NULL) {
        return rc;
    }

    ptn_sql_blob(st, 1, ptn_ft_key(ft, folder));
    rc = ptn_sql_step(ft->to, st);

    if (rc == PTN_AGAIN) {
        *ret_id = ptn_sql_u64(st, 0);
        sqlite3_reset(st);
        rc = PTN_OK;
    }

    sqlite3_clear_bindings(st);

    return rc;
}


static ptn_rc_t
ptn_ft_make_one(ptn_ft_t *ft, ptn_transfer_t *t, ptn_ft_pair_t *p)
{
    ptn_id_t        parent;
    ptn_rc_t        rc;
    ptn_str_t       name;
    const char     *cls;
    ptn_folder_t   *f, *up;
    ptn_ft_pair_t  *above;

    rc = ptn_ft_known(ft, p->from, &p->to);

    if (rc == PTN_OK && p->to != 0) {

        /* somebody has removed it there since: its messages stay here */

        rc = ptn_folder_of(ft->to, p->to, &up);

        if (rc == PTN_ENOTFOUND) {
            p->to = 0;
            ft->partial = true;
            rc = PTN_OK;
        }

        return rc;
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_of(ft->from, p->from, &f);
    }

    if (rc != PTN_OK) {
        return (rc == PTN_ENOTFOUND) ? PTN_OK : rc;
    }

    parent = ft->parent;
    name = ft->name;

    if (p != ft->pairs) {
        above = ptn_ft_pair(ft, p->parent);
        parent = (above != NULL) ? above->to : 0;
        name = f->name;
    }

    if (parent == 0) {
        ft->partial = true;
        return PTN_OK;
    }

    cls = ptn_str_dupz(ft->pool, f->cls);
    if (cls == NULL) {
        return PTN_ENOMEM;
    }

    rc = p->search ? ptn_search_folder_create(t->tx, parent, name, cls, &p->to)
                   : ptn_folder_create(t->tx, parent, name, cls, &p->to);

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(ft->to);
    }

    if (rc == PTN_OK) {
        rc = ptn_ft_props(ft, t, f, p->to);
    }

    if (rc == PTN_OK && ft->n != 0) {
        rc = ptn_ft_rules(ft, t, p->from, p->to);
    }

    if (rc == PTN_OK && p->search) {
        rc = ptn_ft_search(ft, t, p);
    }

    if (rc == PTN_OK && ft->n != 0) {
        rc = ptn_msg_once(ft->to, ptn_ft_key(ft, p->from), p->to, true);
    }

    return (rc == PTN_OK) ? ptn_mbox_set(ft->to) : rc;
}


/* Search folders last: their scopes are to be there. */

static ptn_rc_t
ptn_ft_make_all(ptn_ft_t *ft, ptn_transfer_t *t)
{
    bool             goes;
    size_t           i;
    unsigned         round;
    ptn_rc_t         rc;
    ptn_criteria_t   c;

    rc = PTN_OK;

    for (round = 0; round < 2; round++) {
        for (i = 0; i < ft->npairs && rc == PTN_OK; i++) {
            if (ft->pairs[i].search != (round == 1)) {
                continue;
            }

            /* a copy leaves out what would look elsewhere */

            goes = true;

            if (round == 1 && ft->n == 0) {
                rc = ptn_ft_search_goes(ft, ft->pairs[i].from, &c, &goes);
            }

            if (rc == PTN_OK && goes) {
                rc = ptn_ft_make_one(ft, t, &ft->pairs[i]);
            }
        }
    }

    return rc;
}


static ptn_rc_t
ptn_ft_make(ptn_ft_t *ft)
{
    ptn_rc_t                              rc;
    ptn_transfer_t                        t;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_mbox_set(ft->from);

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, ft->to);
    }

    if (rc == PTN_OK) {
        rc = ptn_transfer_map_init(&t, ft->pool, &tx, ft->from);
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(ft->to);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_ft_make_all(ft, &t);

    if (rc != PTN_OK) {
        return ptn_txn_poison(&tx, rc);
    }

    rc = ptn_txn_commit(&tx);

    return (rc == PTN_OK) ? ptn_batch_commit(ft->to) : rc;
}


/* ---- 3: the messages ---------------------------------------------------- */

/* Not what who moves does not see. */

static ptn_rc_t
ptn_ft_takes(ptn_ft_t *ft, ptn_id_t id, bool *ret_takes)
{
    ptn_rc_t    rc;
    ptn_mark_t  mark;

    *ret_takes = true;

    if (ft->actor == 0) {
        return PTN_OK;
    }

    rc = ptn_mark_get(ft->from, id, &mark);

    if (rc == PTN_OK && mark.secret && mark.creator != ft->actor) {
        *ret_takes = false;
    }

    return rc;
}


/* *ret_n 0: there are no more of this folder. */

static ptn_rc_t
ptn_ft_ids(ptn_ft_t *ft, ptn_ft_pair_t *p, ptn_id_t *ids, uint32_t *uids,
    size_t *ret_n)
{
    size_t         n;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(ft->from, PTN_SQL_MSG_FROM, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) p->from);
    sqlite3_bind_int64(st, 2, p->last);
    sqlite3_bind_int64(st, 3, ft->n ? UINT32_MAX : p->end);
    sqlite3_bind_int64(st, 4, PTN_FT_MESSAGES);

    for (n = 0; (rc = ptn_sql_step(ft->from, st)) == PTN_AGAIN; ) {
        if (n < PTN_FT_MESSAGES) {
            ids[n] = ptn_sql_u64(st, 0);
            uids[n++] = (uint32_t) ptn_sql_u64(st, 1);
        }
    }

    *ret_n = n;

    return rc;
}


static ptn_rc_t
ptn_ft_portion(ptn_ft_t *ft, ptn_ft_pair_t *p, bool *ret_more)
{
    bool      takes;
    size_t    i, n, some;
    uint32_t  uids[PTN_FT_MESSAGES];
    ptn_id_t  ids[PTN_FT_MESSAGES], new_ids[PTN_FT_MESSAGES];
    ptn_rc_t  rc;

    n = 0;
    some = 0;
    rc = ptn_ft_ids(ft, p, ids, uids, &n);
    *ret_more = (n != 0);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        rc = ptn_ft_takes(ft, ids[i], &takes);
        ids[i] = takes ? ids[i] : 0;
    }

    if (rc == PTN_OK && n != 0) {
        rc = ptn_transfer_slice(ft->from, p->from, ids, n, &some);
    }

    if (rc == PTN_OK && some != 0) {
        rc = ptn_transfer_some(ft->from, ft->to, p->from, ids, some, p->to,
                               ft->n == 0, new_ids);
    }

    if (rc == PTN_OK && some != 0) {
        p->last = uids[some - 1];
    }

    return rc;
}


/* ---- 4: the end --------------------------------------------------------- */

/* One folder, when nothing is left in it.  What could be recovered of it can
 * be as long as it could. */

static ptn_rc_t
ptn_ft_leave(ptn_ft_t *ft, ptn_txn_t *tx, const ptn_ft_pair_t *p)
{
    bool           full, kept;
    int64_t        lived;
    uint32_t       i;
    ptn_rc_t       rc;
    ptn_folder_t  *f;
    sqlite3_stmt  *st;

    rc = ptn_folder_of(tx->mb, p->from, &f);

    if (rc != PTN_OK) {
        return (rc == PTN_ENOTFOUND) ? PTN_OK : rc;
    }

    st = ptn_sql(tx->mb, PTN_SQL_FOLDER_HAS, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) p->from);
    rc = ptn_sql_step(tx->mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_EINTERNAL : rc;
    }

    full = ptn_sql_u64(st, 0) != 0 || p->to == 0;
    kept = ptn_sql_u64(st, 1) != 0;
    sqlite3_reset(st);

    for (i = 0; i < tx->mb->set->n; i++) {
        full |= (tx->mb->set->folders[i].parent == p->from);
    }

    if (full) {
        ft->partial = true;
        return PTN_OK;
    }

    if (!kept) {
        return ptn_folder_delete(tx, p->from, false);
    }

    rc = ptn_lived_advance(tx, &lived);

    return (rc == PTN_OK)
           ? ptn_folder_unlink(tx, p->from, lived, ptn_msg_now()) : rc;
}


static ptn_rc_t
ptn_ft_end(ptn_ft_t *ft, bool give_up)
{
    size_t                                i;
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, ft->from);

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(ft->from);
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_run(ft->from, PTN_SQL_PARTING_DELETE, 1, ft->n);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (ft->from->set->intents != 0) {
        ft->from->set->intents--;
    }

    for (i = ft->npairs; !give_up && i > 0 && rc == PTN_OK; i--) {
        rc = ptn_ft_leave(ft, &tx, &ft->pairs[i - 1]);

        if (rc == PTN_OK) {
            rc = ptn_mbox_set(ft->from);
        }
    }

    if (rc != PTN_OK) {
        return ptn_txn_poison(&tx, rc);
    }

    ft->from->meta.dirty = true;
    rc = ptn_txn_commit(&tx);

    return (rc == PTN_OK) ? ptn_batch_commit(ft->from) : rc;
}


/* Half a copy is none. */

static void
ptn_ft_undo(ptn_ft_t *ft)
{
    ptn_rc_t                              rc;
    ptn_acting_t                          was;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    if (ft->npairs == 0 || ft->pairs[0].to == 0) {
        return;
    }

    ptn_acting_system(ft->to, &was);
    rc = ptn_txn_begin(&tx, ft->to);

    if (rc == PTN_OK) {
        rc = ptn_folder_delete(&tx, ft->pairs[0].to, true);
    }

    rc = (rc == PTN_OK) ? ptn_txn_commit(&tx) : ptn_txn_poison(&tx, rc);
    ptn_txn_done(&tx);

    if (rc == PTN_OK) {
        (void) ptn_batch_commit(ft->to);

    } else if (ft->to->batch) {
        ptn_batch_rollback(ft->to);
    }

    ptn_acting_back(ft->to, &was);
}


/* ---- all of it ---------------------------------------------------------- */

/* A portion of it; *ret_more false: it is done. */

static ptn_rc_t
ptn_ft_some(ptn_ft_t *ft, bool *ret_more)
{
    bool            more;
    ptn_rc_t        rc;
    ptn_ft_pair_t  *p;

    *ret_more = true;

    if (ft->from->state != PTN_MBOX_OPEN || ft->to->state != PTN_MBOX_OPEN) {
        return PTN_EUNAVAIL;
    }

    if (!ft->made) {
        rc = ptn_ft_make(ft);
        ft->made = (rc == PTN_OK);
        return rc;
    }

    while (ft->at < ft->npairs) {
        p = &ft->pairs[ft->at];
        more = false;
        rc = PTN_OK;

        if (p->to != 0 && !p->search) {
            rc = ptn_ft_portion(ft, p, &more);
        }

        if (rc != PTN_OK || more) {
            return rc;
        }

        ft->at++;
    }

    *ret_more = false;

    return (ft->n != 0) ? ptn_ft_end(ft, false) : PTN_OK;
}


/* What may pass by itself. */

static bool
ptn_ft_passes(ptn_rc_t rc)
{
    return rc == PTN_EBUSY || rc == PTN_EIO || rc == PTN_ENOSPC
           || rc == PTN_ENOMEM || rc == PTN_EUNAVAIL;
}


static ptn_rc_t
ptn_ft_intend(ptn_ft_t *ft)
{
    ptn_rc_t                              rc;
    ptn_guid_t                            guid;
    sqlite3_stmt                         *st;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_guid_make(&guid);
    ft->key[0] = 'f';
    memcpy(ft->key + 1, guid.b, 16);

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, ft->from);
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(ft->from);
    }

    if (rc == PTN_OK) {
        rc = ptn_ft_may_move(ft);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ft->n = ptn_txn_oid(&tx);
    st = ptn_sql(ft->from, PTN_SQL_PARTING_ADD, &rc);

    if (st != NULL) {
        sqlite3_bind_int64(st, 1, (sqlite3_int64) ft->n);
        sqlite3_bind_blob(st, 2, ft->key, PTN_FT_KEY, SQLITE_STATIC);
        sqlite3_bind_blob(st, 3, ft->to->guid.b, 16, SQLITE_STATIC);
        ptn_sql_text(st, 4, ptn_str_z(ft->to->address));
        sqlite3_bind_int64(st, 5, (sqlite3_int64) ft->pairs[0].from);
        sqlite3_bind_int64(st, 6, (sqlite3_int64) ft->parent);
        ptn_sql_text(st, 7, ft->name);
        sqlite3_bind_int64(st, 8, (sqlite3_int64) ft->actor);
        rc = ptn_sql_step(ft->from, st);
        sqlite3_clear_bindings(st);
    }

    /* before anybody else can see it */

    if (rc == PTN_OK) {
        rc = ptn_transfer_lock(ft->from, ft->n);
    }

    if (rc != PTN_OK) {
        return ptn_txn_poison(&tx, rc);
    }

    ft->from->set->intents++;
    ft->from->left = true;
    ft->from->meta.dirty = true;
    rc = ptn_txn_commit(&tx);

    return (rc == PTN_OK) ? ptn_batch_commit(ft->from) : rc;
}


/* After a failure: is it taken back, or left to be gone on with? */

static void
ptn_ft_fail(ptn_ft_t *ft, ptn_rc_t rc)
{
    if (ft->to->batch) {
        ptn_batch_rollback(ft->to);
    }

    if (ft->from->batch) {
        ptn_batch_rollback(ft->from);
    }

    if (ft->n == 0) {
        ptn_ft_undo(ft);

    } else if (!ptn_ft_passes(rc)) {
        (void) ptn_ft_end(ft, true);

        if (ft->from->batch) {
            ptn_batch_rollback(ft->from);
        }
    }
}


static ptn_rc_t
ptn_ft_rights(ptn_ft_t *ft, ptn_id_t id, bool copy)
{
    ptn_rc_t       rc;
    ptn_folder_t  *f;

    rc = copy ? ptn_rights_need(ft->from, id, PTN_RIGHT_READ_ANY)
              : ptn_rights_below(ft->from, id,
                                 PTN_RIGHT_OWNER|PTN_RIGHT_READ_ANY
                                 |PTN_RIGHT_DELETE_ANY);

    if (rc == PTN_OK) {
        rc = ptn_rights_need(ft->to, ft->parent, PTN_RIGHT_CREATE_SUBFOLDER);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_check_name(ft->name);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_of(ft->from, id, &f);
    }

    if (rc == PTN_OK && (f->special == PTN_FOLDER_ROOT || f->search)) {
        rc = PTN_ESUPPORT;
    }

    return rc;
}


ptn_rc_t
ptn_folder_transfer_mbox(ptn_mbox_t *from_mb, ptn_mbox_t *to_mb,
    ptn_pool_t *pool, ptn_id_t id, ptn_id_t parent, ptn_str_t name,
    unsigned flags, ptn_id_t *ret_id, bool *ret_partial)
{
    bool      copy, more;
    ptn_rc_t  rc;
    ptn_ft_t  ft;

    if (from_mb == to_mb || from_mb->store != to_mb->store) {
        return PTN_EINVAL;
    }

    if (from_mb->store->batch != NULL || from_mb->store->failed != PTN_OK) {
        return PTN_EBUSY;
    }

    memset(&ft, 0, sizeof(ft));
    copy = (flags & PTN_TRANSFER_COPY) != 0;
    ft.from = from_mb;
    ft.to = to_mb;
    ft.pool = pool;
    ft.parent = parent;
    ft.name = ptn_str_dup(pool, name);
    ft.actor = (from_mb->acting.all || from_mb->acting.secrets)
               ? 0 : from_mb->acting.user;

    rc = (ft.name.data == NULL) ? PTN_ENOMEM : ptn_ft_rights(&ft, id, copy);

    if (rc == PTN_OK) {
        rc = ptn_ft_list(&ft, id, !copy || (flags & PTN_TRANSFER_RECURSIVE));
    }

    if (rc == PTN_OK) {
        rc = ptn_ft_room(&ft);
    }

    if (rc == PTN_OK && !copy) {
        rc = ptn_ft_intend(&ft);
    }

    for (more = true; rc == PTN_OK && more; /* void */ ) {
        rc = ptn_ft_some(&ft, &more);
    }

    if (rc != PTN_OK) {
        ptn_ft_fail(&ft, rc);
    }

    if (ft.n != 0) {
        ptn_transfer_unlock(from_mb, ft.n);
    }

    if (rc == PTN_OK) {
        *ret_id = ft.pairs[0].to;
        *ret_partial = ft.partial;
    }

    return rc;
}


/* ---- what somebody has left --------------------------------------------- */

static ptn_rc_t
ptn_ft_next(ptn_mbox_t *mb, ptn_pool_t *pool, uint64_t after, ptn_ft_t *ft,
    ptn_user_t *target, ptn_id_t *ret_folder)
{
    ptn_rc_t       rc;
    ptn_str_t      key, guid;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_PARTING_NEXT, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) after);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    memset(ft, 0, sizeof(ptn_ft_t));
    memset(target, 0, sizeof(ptn_user_t));
    ft->from = mb;
    ft->pool = pool;
    ft->n = ptn_sql_u64(st, 0);
    key = ptn_sql_column(st, 1);
    guid = ptn_sql_column(st, 2);
    target->address = ptn_str_dup(pool, ptn_sql_column(st, 3));
    *ret_folder = ptn_sql_u64(st, 4);
    ft->parent = ptn_sql_u64(st, 5);
    ft->name = ptn_str_dup(pool, ptn_sql_column(st, 6));
    ft->actor = ptn_sql_u64(st, 7);
    rc = PTN_ECORRUPT;

    if (key.len == PTN_FT_KEY && guid.len == 16) {
        memcpy(ft->key, key.data, PTN_FT_KEY);
        memcpy(target->mailbox.b, guid.data, 16);
        rc = ptn_pool_failed(pool) ? PTN_ENOMEM : PTN_OK;
    }

    sqlite3_reset(st);

    return rc;
}


static ptn_rc_t
ptn_ft_again(ptn_ft_t *ft, const ptn_user_t *target, ptn_id_t folder)
{
    bool          more;
    unsigned      i;
    ptn_rc_t      rc;
    ptn_acting_t  was, to_was;

    rc = ptn_mbox_open_made(ft->from->store, target, &ft->to);

    /* it was removed: what has not left stays */

    if (rc == PTN_ENOTFOUND) {
        return ptn_ft_end(ft, true);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_acting_system(ft->from, &was);
    ptn_acting_system(ft->to, &to_was);
    rc = ptn_ft_list(ft, folder, true);

    if (rc == PTN_ENOTFOUND) {
        rc = ptn_ft_end(ft, true);      /* somebody has deleted it */
        more = false;

    } else {
        more = true;
    }

    for (i = 0; rc == PTN_OK && more && i < PTN_FT_REPLAY; i++) {
        rc = ptn_ft_some(ft, &more);
    }

    if (rc != PTN_OK) {
        ptn_ft_fail(ft, rc);
    }

    /* the rest when there is time */

    ft->from->store->busy |= (rc == PTN_OK && more);
    ptn_acting_back(ft->to, &to_was);
    ptn_acting_back(ft->from, &was);

    return rc;
}


ptn_rc_t
ptn_folder_transfer_replay(ptn_mbox_t *mb, ptn_pool_t *pool)
{
    ptn_rc_t    rc;
    uint64_t    after;
    ptn_ft_t    ft;
    ptn_id_t    folder;
    ptn_user_t  target;

    after = 0;
    folder = 0;

    while ((rc = ptn_ft_next(mb, pool, after, &ft, &target, &folder))
           == PTN_OK)
    {
        after = ft.n;
        rc = ptn_transfer_lock(mb, ft.n);

        if (rc == PTN_EBUSY) {
            continue;                   /* somebody is at it */
        }

        if (rc == PTN_OK) {
            rc = ptn_ft_again(&ft, &target, folder);
            ptn_transfer_unlock(mb, ft.n);
        }

        if (rc != PTN_OK && ptn_ft_passes(rc)) {
            return rc;
        }
    }

    return (rc == PTN_ENOTFOUND) ? PTN_OK : rc;
}
