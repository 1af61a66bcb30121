/*
 * Messages that a client uploads (MS-OXCFXICS 3.2.5.9.4.2, 3.1.5.6).
 */

#include "ptn_eid.h"
#include "ptn_ics.h"


#define PTN_RESOLVE_LAST_WRITER  0x00000001     /* 2.2.1.4.1 */


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
ptn_ics_in_replace(ptn_ics_in_t *i, ptn_str_t pcl)
{
    ptn_rc_t      rc;
    uint64_t      was;
    ptn_save_t    save;
    ptn_saved_t   saved;

    memset(&save, 0, sizeof(save));
    save.object = i->in->object;
    was = i->m.cn;
    rc = ptn_msg_update(i->tx, i->pool, i->m.id, &save, 0, &saved);

    return (rc == PTN_OK)
           ? ptn_ics_in_stamp(i, i->m.id, was, true, pcl, &i->in->change_key,
                              i->in->modified)
           : rc;
}


/* ---- conflicts ----------------------------------------------------------- */

/* PidTagResolveMethod of the folder. */

static ptn_rc_t
ptn_ics_in_method(ptn_ics_in_t *i, uint32_t *ret_method)
{
    ptn_rc_t   rc;
    uint32_t   tag;
    ptn_str_t  s;

    tag = PTN_PR_RESOLVE_METHOD;
    *ret_method = 0;
    rc = ptn_folder_props(i->tx->mb, i->pool, i->folder, &tag, 1, &s);

    if (rc == PTN_OK && s.len == 4) {
        *ret_method = ptn_le32(s.data);
    }

    return rc;
}


/* 3.1.5.6.2.2.  Does the client's version win? */

static bool
ptn_ics_in_wins(const ptn_ics_in_t *i)
{
    int64_t  ours;

    ours = i->m.modified ? i->m.modified : i->m.received;

    if (i->in->modified != ours) {
        return i->in->modified > ours;
    }

    return memcmp(i->in->change_key.data, i->key.data, 16) >= 0;
}


static ptn_rc_t
ptn_ics_in_entryid(ptn_ics_in_t *i, ptn_id_t id, ptn_str_t *ret)
{
    u_char          *p;
    ptn_rc_t         rc;
    uint16_t         replid;
    ptn_guid_t       folder, guid;
    ptn_msg_info_t   m;

    rc = ptn_msg_get_id(i->tx->mb, id, &m);

    if (rc == PTN_OK) {
        rc = ptn_mbox_replica(i->tx->mb, m.folder, &replid, &folder);
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_replica(i->tx->mb, m.mid, &replid, &guid);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    p = ptn_palloc(i->pool, PTN_EID_MESSAGE_LEN);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    ptn_eid_message(ptn_mbox_provider(i->tx->mb), folder, m.folder, guid, m.mid,
                    p);
    *ret = ptn_str_make(p, PTN_EID_MESSAGE_LEN);

    return PTN_OK;
}


/* PidTagConflictItems of message `id` names `other`. */

static ptn_rc_t
ptn_ics_in_name(ptn_ics_in_t *i, ptn_id_t id, ptn_id_t other)
{
    ptn_rc_t         rc;
    ptn_str_t        eid;
    ptn_saved_t      saved;
    ptn_bag_prop_t   p;

    p.tag = PTN_PR_CONFLICT_ITEMS;
    rc = ptn_ics_in_entryid(i, other, &eid);

    if (rc == PTN_OK) {
        rc = ptn_mv_make(i->pool, p.tag, &eid, 1, &p.value);
    }

    return (rc == PTN_OK)
           ? ptn_msg_set_props(i->tx, i->pool, id, &p, 1, &saved) : rc;
}


/* Where the version that loses is kept. */

static ptn_id_t
ptn_ics_in_place(const ptn_ics_in_t *i)
{
    const ptn_folder_t  *f;

    return (ptn_folder_special(i->tx->mb, PTN_FOLDER_CONFLICTS, &f) == PTN_OK
            && ptn_rights_need(i->tx->mb, f->id, PTN_RIGHT_CREATE
                                                 |PTN_RIGHT_EDIT_OWNED)
               == PTN_OK)
           ? f->id : i->folder;
}


static ptn_rc_t
ptn_ics_in_keep(ptn_ics_in_t *i, bool theirs, ptn_id_t *ret_loser)
{
    ptn_id_t     *ids;
    ptn_rc_t      rc;
    ptn_saved_t   saved;

    if (theirs) {
        rc = ptn_ics_in_make(i, ptn_ics_in_place(i), 0, &saved);

        if (rc == PTN_OK) {
            *ret_loser = saved.id;
        }

        return rc;
    }

    rc = ptn_msg_copy_ids(i->tx, i->pool, i->folder, &i->m.id, 1,
                          ptn_ics_in_place(i), &ids);

    if (rc == PTN_OK) {
        *ret_loser = ids[0];
    }

    return rc;
}


static ptn_rc_t
ptn_ics_in_resolve(ptn_ics_in_t *i)
{
    bool        wins;
    ptn_id_t    loser;
    ptn_rc_t    rc;
    uint32_t    method;
    uint64_t    was;
    ptn_str_t   pcl;

    method = 0;
    loser = 0;
    was = i->m.cn;
    rc = ptn_ics_in_method(i, &method);

    if (rc == PTN_OK) {
        rc = ptn_pcl_merge(i->pool, i->pcl, i->theirs, &pcl);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    wins = (method & PTN_RESOLVE_LAST_WRITER) || ptn_ics_in_wins(i);

    if (!i->in->fai && !(method & PTN_RESOLVE_LAST_WRITER)) {
        rc = ptn_ics_in_keep(i, !wins, &loser);

        if (rc == PTN_OK) {
            rc = ptn_ics_in_name(i, loser, i->m.id);
        }
    }

    if (rc == PTN_OK && wins) {
        rc = ptn_ics_in_replace(i, pcl);
    }

    if (rc == PTN_OK && loser != 0) {
        rc = ptn_ics_in_name(i, i->m.id, loser);
    }

    /* its last number: that of the property above, if it lost */

    if (rc == PTN_OK && (!wins || loser != 0)) {
        rc = ptn_ics_in_stamp(i, i->m.id, wins ? 0 : was, false, pcl,
                              wins ? &i->in->change_key : NULL,
                              wins ? i->in->modified : i->m.modified);
    }

    i->ret->loser = loser;
    i->ret->seen = false;

    return rc;
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
        return ptn_ics_in_replace(i, i->theirs);

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
