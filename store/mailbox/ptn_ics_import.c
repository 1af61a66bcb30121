/*
 * Messages that a client uploads (MS-OXCFXICS 3.2.5.9.4.2, 3.1.5.6).
 */

#include "ptn_ics.h"


typedef struct {
    ptn_txn_t               *tx;
    ptn_pool_t              *pool;
    ptn_id_t                 folder;
    const ptn_ics_import_t  *in;
    ptn_ics_imported_t      *ret;
    ptn_id_t                 mid;
    ptn_msg_info_t           m;         /* what is here, id 0: nothing */
    ptn_str_t                key, pcl;  /* of it */
    ptn_str_t                theirs;    /* the client's PCL, with its XID */
} ptn_ics_in_t;


/* ---- what is here? ------------------------------------------------------- */

/* The message that the mid names, or was; ENOTFOUND: a new one. */

static ptn_rc_t
ptn_ics_in_find(ptn_ics_in_t *i)
{
    bool           was;
    ptn_id_t       id;
    ptn_rc_t       rc;
    ptn_mbox_t    *mb;
    ptn_folder_t  *f;

    mb = i->tx->mb;
    rc = ptn_msg_find_mid(mb, 0, i->mid, &id);

    if (rc == PTN_OK) {
        rc = ptn_msg_get_id(mb, id, &i->m);

        if (rc == PTN_OK) {
            rc = ptn_rights_edit(mb, &i->m);

            /* one that it is not to know of is gone */

            if (rc == PTN_ENOTFOUND) {
                memset(&i->m, 0, sizeof(i->m));
                i->ret->verdict = PTN_ICS_GONE;
                return PTN_OK;
            }
        }

        if (rc == PTN_OK && (i->m.folder != i->folder
                             || i->m.fai != i->in->fai))
        {
            return PTN_EINVAL;
        }

        return rc;
    }

    if (rc != PTN_ENOTFOUND) {
        return rc;
    }

    memset(&i->m, 0, sizeof(i->m));
    /* a number below those of messages is nobody's, a folder's a folder's */

    if (i->mid < PTN_ID_FIRST
        || ptn_folder_of(mb, i->mid, &f) != PTN_ENOTFOUND)
    {
        return PTN_EINVAL;
    }

    /* which left, can be recovered, or is the number of a row */

    rc = ptn_ics_was(mb, i->mid, &was);

    if (rc != PTN_OK) {
        return rc;
    }

    if (was) {
        i->ret->verdict = PTN_ICS_GONE;
        return PTN_OK;
    }

    return PTN_ENOTFOUND;
}


static ptn_rc_t
ptn_ics_in_check(ptn_ics_in_t *i)
{
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    rc = ptn_txn_check(i->tx);
    mb = i->tx->mb;

    if (rc == PTN_OK) {
        rc = ptn_rights_some(mb, i->folder, PTN_RIGHT_CREATE
                                            |PTN_RIGHT_EDIT_OWNED
                                            |PTN_RIGHT_EDIT_ANY);
    }

    if (rc == PTN_OK) {
        rc = ptn_pcl_check(i->pool, i->in->pcl, &i->theirs);
    }

    if (rc == PTN_OK) {
        rc = ptn_pcl_add(i->pool, i->theirs, i->in->change_key, &i->theirs);
    }

    if (rc == PTN_OK) {
        rc = ptn_ics_id(mb, i->tx, i->in->source_key, &i->mid);
    }

    if (rc != PTN_OK) {
        return (rc == PTN_EPARSE) ? PTN_EINVAL : rc;
    }

    rc = ptn_ics_in_find(i);

    if (rc == PTN_ENOTFOUND) {
        i->ret->verdict = PTN_ICS_NEW;
        i->ret->mid = i->mid;
        return ptn_rights_need(mb, i->folder, PTN_RIGHT_CREATE);
    }

    if (rc != PTN_OK || i->ret->verdict == PTN_ICS_GONE) {
        return rc;
    }

    i->ret->id = i->m.id;
    i->ret->mid = i->m.mid;
    i->ret->cn = i->m.cn;
    rc = ptn_ics_msg_keys(mb, i->pool, i->m.id, &i->key, &i->pcl);

    if (rc != PTN_OK) {
        return rc;
    }

    switch (ptn_pcl_order(i->theirs, i->pcl)) {

    case PTN_PCL_OLDER:
        i->ret->verdict = PTN_ICS_OLDER;
        break;

    case PTN_PCL_NEWER:
        i->ret->verdict = PTN_ICS_NEWER;
        break;

    default:
        i->ret->verdict = PTN_ICS_CONFLICT;
    }

    return PTN_OK;
}


static void
ptn_ics_in_begin(ptn_ics_in_t *i, ptn_txn_t *tx, ptn_pool_t *pool,
    ptn_id_t folder, const ptn_ics_import_t *import, ptn_ics_imported_t *ret)
{
    memset(i, 0, sizeof(ptn_ics_in_t));
    memset(ret, 0, sizeof(ptn_ics_imported_t));
    i->tx = tx;
    i->pool = pool;
    i->folder = folder;
    i->in = import;
    i->ret = ret;
}


ptn_rc_t
ptn_ics_check_message(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t folder,
    const ptn_ics_import_t *import, ptn_ics_imported_t *ret)
{
    ptn_ics_in_t  i;

    ptn_ics_in_begin(&i, tx, pool, folder, import, ret);

    return ptn_ics_in_check(&i);
}


/* ---- rows ---------------------------------------------------------------- */

/*
 * The message's new number, if an update has not given it one, the keys, and
 * when it was changed; key NULL: our own number is the change key.
 */

static ptn_rc_t
ptn_ics_in_stamp(ptn_ics_in_t *i, ptn_id_t id, uint64_t was, bool content,
    ptn_str_t pcl, const ptn_str_t *key, int64_t modified)
{
    ptn_rc_t         rc;
    uint64_t         cn;
    ptn_str_t        xid;
    ptn_mbox_t      *mb;
    ptn_folder_t    *f;
    sqlite3_stmt    *st;
    ptn_msg_info_t   m;

    mb = i->tx->mb;
    rc = ptn_msg_get_id(mb, id, &m);

    if (rc == PTN_OK) {
        rc = ptn_folder_of(mb, m.folder, &f);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    cn = (m.cn != was) ? m.cn : ptn_txn_cn(i->tx);

    if (m.cn == was) {
        rc = ptn_txn_event(i->tx, PTN_MBOX_EVENT_MODIFIED, m.folder, id, 0, 0,
                           cn);
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_run(mb, PTN_SQL_ICS_TOUCH, 3, id, cn,
                         (uint64_t) modified);
    }

    if (rc == PTN_OK && content) {
        rc = ptn_group_moved(mb, id, was, PTN_GROUP_ALL, cn);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_folder_touch(mb, f, cn);

    xid = ptn_str_make(NULL, 0);

    if (key != NULL) {
        rc = ptn_ics_xid(i->pool, cn, *key, &xid);
    }

    st = ptn_sql(mb, PTN_SQL_ICS_KEYS_SET, &rc);

    if (st == NULL || rc != PTN_OK) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    ptn_sql_blob(st, 2, xid);
    ptn_sql_blob(st, 3, pcl);
    rc = ptn_sql_step(mb, st);
    sqlite3_clear_bindings(st);

    i->ret->id = id;
    i->ret->mid = m.mid;
    i->ret->cn = cn;

    return rc;
}


static ptn_rc_t
ptn_ics_in_make(ptn_ics_in_t *i, ptn_id_t folder, ptn_id_t mid,
    ptn_saved_t *saved)
{
    ptn_save_t  save;

    memset(&save, 0, sizeof(save));
    save.object = i->in->object;
    save.flags = i->in->flags;
    save.received = i->in->received;
    save.fai = i->in->fai;
    save.mid = mid;

    return ptn_msg_create(i->tx, i->pool, folder, &save, saved);
}


static ptn_rc_t
ptn_ics_in_status(ptn_ics_in_t *i, uint32_t status)
{
    return (status == i->m.status)
           ? PTN_OK : ptn_sql_run(i->tx->mb, PTN_SQL_ICS_STATUS, 2, i->m.id,
                                  (uint64_t) status);
}


/*
 * The message becomes `object`.  Its status is out of the way meanwhile: this
 * is no edit of a message in conflict, but the end of one, or another.
 */

static ptn_rc_t
ptn_ics_in_replace(ptn_ics_in_t *i, ptn_str_t pcl, const ptn_object_t *object,
    ptn_str_t change_key, int64_t modified, uint32_t status)
{
    ptn_rc_t      rc;
    uint64_t      was;
    ptn_save_t    save;
    ptn_saved_t   saved;

    memset(&save, 0, sizeof(save));
    save.object = object;
    was = i->m.cn;
    rc = ptn_ics_in_status(i, i->m.status & ~(uint32_t)
                                            PTN_STATUS_IN_CONFLICT);

    if (rc == PTN_OK) {
        rc = ptn_msg_update(i->tx, i->pool, i->m.id, &save, 0, &saved);
    }

    if (rc == PTN_OK && status != 0) {
        i->m.status &= ~(uint32_t) PTN_STATUS_IN_CONFLICT;
        rc = ptn_ics_in_status(i, i->m.status | status);
    }

    return (rc == PTN_OK)
           ? ptn_ics_in_stamp(i, i->m.id, was, true, pcl, &change_key,
                              modified)
           : rc;
}


/* ---- conflicts ----------------------------------------------------------- */

/* 3.1.5.6.2.2.  Above 0: `a` wins; 0: the one that comes does. */

static int
ptn_ics_in_order(const ptn_ics_version_t *a, const ptn_ics_version_t *b)
{
    return (a->modified != b->modified)
           ? (a->modified > b->modified ? 1 : -1)
           : memcmp(a->change_key.data, b->change_key.data, 16);
}


/*
 * Ours that the client's does not succeed, and the client's; the winner is the
 * first.  *ret_theirs: it is the client's.
 */

static ptn_rc_t
ptn_ics_in_versions(ptn_ics_in_t *i, ptn_ics_version_t **ret_versions,
    uint32_t *ret_n, bool *ret_theirs)
{
    uint32_t            k, n, had, best;
    ptn_rc_t            rc;
    ptn_ics_version_t  *v, *all, one;

    rc = ptn_conflict_get(i->tx->mb, i->pool, i->m.id, &v, &had);
    if (rc != PTN_OK) {
        return rc;
    }

    all = ptn_parray(i->pool, had + 1, sizeof(ptn_ics_version_t));
    if (all == NULL) {
        return PTN_ENOMEM;
    }

    for (k = 0, n = 0; k < had; k++) {
        if (!ptn_pcl_includes(i->theirs, v[k].pcl)) {
            all[n++] = v[k];
        }
    }

    rc = ptn_conflict_version(i->pool, i->in->object, i->in->change_key,
                              i->theirs, i->in->modified, &all[n]);
    if (rc != PTN_OK) {
        return rc;
    }

    /* the first may be one that is succeeded now */

    for (k = 1, best = 0; k < n; k++) {
        best = (ptn_ics_in_order(&all[k], &all[best]) > 0) ? k : best;
    }

    if (ptn_ics_in_order(&all[n], &all[best]) >= 0) {
        best = n;
    }

    one = all[best];
    memmove(&all[1], &all[0], best * sizeof(ptn_ics_version_t));
    all[0] = one;

    *ret_theirs = (best == n);
    *ret_versions = all;
    *ret_n = n + 1;

    return (n < PTN_VERSIONS_MAX) ? PTN_OK : PTN_ELIMIT;
}


/*
 * What is kept: the client's version alone, ours alone (of FAI messages), or
 * all, as a conflict resolve message.
 */

static ptn_rc_t
ptn_ics_in_resolve(ptn_ics_in_t *i)
{
    bool                 theirs;
    ptn_rc_t             rc;
    uint32_t             method, n;
    ptn_str_t            pcl;
    ptn_ics_version_t   *v;
    const ptn_object_t  *object;

    i->ret->seen = false;
    rc = ptn_ics_method(i->tx->mb, i->pool, i->folder, &method);

    if (rc == PTN_OK) {
        rc = ptn_pcl_merge(i->pool, i->pcl, i->theirs, &pcl);
    }

    if (rc == PTN_OK) {
        rc = ptn_ics_in_versions(i, &v, &n, &theirs);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (i->in->fai && !(method & PTN_RESOLVE_LAST_WRITER) && !theirs) {
        return ptn_ics_in_stamp(i, i->m.id, i->m.cn, false, pcl,
                                &v[0].change_key, v[0].modified);
    }

    if (i->in->fai || (method & PTN_RESOLVE_LAST_WRITER) || n == 1) {
        return ptn_ics_in_replace(i, pcl, i->in->object, i->in->change_key,
                                  i->in->modified, 0);
    }

    rc = ptn_conflict_make(i->pool, v, n, &object);

    if (rc == PTN_OK) {
        i->ret->versions = n;
        rc = ptn_ics_in_replace(i, pcl, object, v[0].change_key,
                                v[0].modified, PTN_STATUS_IN_CONFLICT);
    }

    return (rc == PTN_OK)
           ? ptn_ics_notice(i->tx, i->pool, i->folder, i->m.id,
                            ptn_props_get(&v[0].object->props,
                                          PTN_PR_SUBJECT))
           : rc;
}


/* ---- the import ---------------------------------------------------------- */

static ptn_rc_t
ptn_ics_in_run(ptn_ics_in_t *i)
{
    ptn_rc_t     rc;
    ptn_saved_t  saved;

    i->ret->seen = true;

    switch (i->ret->verdict) {

    case PTN_ICS_NEW:
        rc = ptn_ics_in_make(i, i->folder, i->mid, &saved);

        return (rc == PTN_OK)
               ? ptn_ics_in_stamp(i, saved.id, 0, false, i->theirs,
                                  &i->in->change_key, i->in->modified)
               : rc;

    case PTN_ICS_NEWER:
        return ptn_ics_in_replace(i, i->theirs, i->in->object,
                                  i->in->change_key, i->in->modified, 0);

    case PTN_ICS_CONFLICT:
        return ptn_ics_in_resolve(i);

    default:
        i->ret->seen = false;
        return PTN_OK;
    }
}


ptn_rc_t
ptn_ics_import_message(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t folder,
    const ptn_ics_import_t *import, ptn_ics_imported_t *ret)
{
    ptn_rc_t      rc;
    ptn_ics_in_t  i;

    if (import->object == NULL) {
        return PTN_EINVAL;
    }

    ptn_ics_in_begin(&i, tx, pool, folder, import, ret);
    rc = ptn_ics_in_check(&i);

    if (rc == PTN_OK && ret->verdict == PTN_ICS_CONFLICT
        && import->fail_on_conflict)
    {
        return PTN_OK;
    }

    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_ics_in_run(&i);

    return (rc == PTN_OK) ? PTN_OK : ptn_txn_poison(tx, rc);
}
