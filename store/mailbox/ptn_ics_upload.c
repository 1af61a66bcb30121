/*
 * What else a client uploads (MS-OXCFXICS 3.2.5.9.4.3 to 3.2.5.9.4.6):
 * folders, deletions, read states, moves of messages.
 */

#include "ptn_ics.h"


/* ---- folders ------------------------------------------------------------- */

typedef struct {
    ptn_txn_t                      *tx;
    ptn_pool_t                     *pool;
    const ptn_ics_import_folder_t  *in;
    ptn_ics_imported_t             *ret;
    ptn_id_t                        parent, id;
    ptn_str_t                       theirs, pcl;
} ptn_ics_fin_t;


ptn_rc_t
ptn_ics_was(ptn_mbox_t *mb, ptn_id_t id, bool *ret_was)
{
    int            i;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    *ret_was = false;

    for (i = 0, rc = PTN_OK; i < 2 && rc == PTN_OK && !*ret_was; i++) {
        st = ptn_sql(mb, i == 0 ? PTN_SQL_ICS_TOMB : PTN_SQL_ICS_USED, &rc);
        if (st == NULL) {
            return rc;
        }

        sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
        rc = ptn_sql_step(mb, st);

        if (rc == PTN_AGAIN) {
            *ret_was = true;
            sqlite3_reset(st);
            rc = PTN_OK;
        }
    }

    return rc;
}


static ptn_rc_t
ptn_ics_fin_stamp(ptn_ics_fin_t *i, uint64_t was, ptn_str_t pcl, bool theirs)
{
    ptn_rc_t       rc;
    uint64_t       cn;
    ptn_str_t      xid;
    ptn_mbox_t    *mb;
    ptn_folder_t  *f;
    sqlite3_stmt  *st;

    mb = i->tx->mb;
    rc = ptn_folder_of(mb, i->id, &f);
    if (rc != PTN_OK) {
        return rc;
    }

    cn = (f->cn != was) ? f->cn : ptn_txn_cn(i->tx);
    xid = ptn_str_make(NULL, 0);

    if (f->cn == was) {
        rc = ptn_txn_event(i->tx, PTN_MBOX_EVENT_FOLDER_MODIFIED, i->id, 0,
                           f->parent, 0, cn);
    }

    if (rc == PTN_OK && theirs) {
        rc = ptn_ics_xid(i->pool, cn, i->in->change_key, &xid);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_ICS_FOLDER_KEYS_SET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) i->id);
    ptn_sql_blob(st, 2, xid);
    ptn_sql_blob(st, 3, pcl);
    sqlite3_bind_int64(st, 4, (sqlite3_int64) cn);
    sqlite3_bind_int64(st, 5, theirs ? i->in->modified
                              : mb->set->more[f - mb->set->folders].modified);
    rc = ptn_sql_step(mb, st);
    sqlite3_clear_bindings(st);

    i->ret->id = i->id;
    i->ret->mid = i->id;
    i->ret->cn = cn;

    return (rc == PTN_OK) ? ptn_folder_reread(i->tx) : rc;
}


static ptn_rc_t
ptn_ics_fin_new(ptn_ics_fin_t *i)
{
    size_t     k;
    bool       gone;
    char       cls[256];
    ptn_rc_t   rc;
    ptn_str_t  s;

    rc = ptn_ics_was(i->tx->mb, i->id, &gone);

    if (rc != PTN_OK || gone) {
        i->ret->verdict = PTN_ICS_GONE;
        return rc;
    }

    if (i->id < PTN_ID_FIRST) {
        return PTN_EINVAL;
    }

    cls[0] = '\0';

    for (k = 0; k < i->in->n; k++) {
        s = i->in->props[k].value;

        if (i->in->props[k].tag == PTN_PR_CONTAINER_CLASS
            && s.len < sizeof(cls) && s.data != NULL)
        {
            memcpy(cls, s.data, s.len);
            cls[s.len] = '\0';
        }
    }

    rc = ptn_rights_need(i->tx->mb, i->parent, PTN_RIGHT_CREATE_SUBFOLDER);

    if (rc == PTN_OK) {
        rc = ptn_folder_create_id(i->tx, i->id, i->parent, i->in->name,
                                  cls[0] ? cls : NULL, &i->id);
    }

    i->ret->verdict = PTN_ICS_NEW;
    i->ret->seen = true;

    return rc;
}


static ptn_rc_t
ptn_ics_fin_props(ptn_ics_fin_t *i)
{
    size_t           k, n;
    ptn_bag_prop_t  *p;

    /* the name has been seen to */

    p = ptn_parray(i->pool, i->in->n, sizeof(ptn_bag_prop_t));
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    for (k = 0, n = 0; k < i->in->n; k++) {
        if (i->in->props[k].tag != PTN_PR_DISPLAY_NAME) {
            p[n++] = i->in->props[k];
        }
    }

    return n ? ptn_folder_props_set(i->tx, i->id, p, n) : PTN_OK;
}


static ptn_rc_t
ptn_ics_fin_apply(ptn_ics_fin_t *i)
{
    ptn_rc_t       rc;
    ptn_folder_t  *f;

    rc = ptn_folder_of(i->tx->mb, i->id, &f);

    if (rc == PTN_OK
        && (f->parent != i->parent || !ptn_str_eq(f->name, i->in->name)))
    {
        rc = ptn_folder_move(i->tx, i->id, i->parent, i->in->name);
    }

    return (rc == PTN_OK) ? ptn_ics_fin_props(i) : rc;
}


/* The folder is there: whose version wins? */

static ptn_rc_t
ptn_ics_fin_old(ptn_ics_fin_t *i, const ptn_folder_t *f)
{
    bool       wins;
    int64_t    ours;
    ptn_rc_t   rc;
    uint64_t   was;
    ptn_str_t  pcl;

    rc = ptn_rights_need(i->tx->mb, i->id, PTN_RIGHT_OWNER);

    if (rc == PTN_OK) {
        rc = ptn_folder_change_key(i->tx->mb, i->pool, i->id, NULL, &i->pcl);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    i->ret->id = i->id;
    i->ret->mid = i->id;
    i->ret->cn = f->cn;
    was = f->cn;
    wins = true;
    pcl = i->theirs;

    switch (ptn_pcl_order(i->theirs, i->pcl)) {

    case PTN_PCL_OLDER:
        i->ret->verdict = PTN_ICS_OLDER;
        return PTN_OK;

    case PTN_PCL_NEWER:
        i->ret->verdict = PTN_ICS_NEWER;
        i->ret->seen = true;
        break;

    default:
        i->ret->verdict = PTN_ICS_CONFLICT;
        ours = i->tx->mb->set->more[f - i->tx->mb->set->folders].modified;
        wins = i->in->modified > ours;
        rc = ptn_pcl_merge(i->pool, i->pcl, i->theirs, &pcl);
    }

    if (rc == PTN_OK && wins) {
        rc = ptn_ics_fin_apply(i);
    }

    if (rc == PTN_OK) {
        rc = ptn_ics_fin_stamp(i, was, pcl, wins);
    }

    return (rc == PTN_OK && i->ret->verdict == PTN_ICS_CONFLICT)
           ? ptn_ics_notice(i->tx, i->pool, i->id, 0, i->in->name) : rc;
}


static ptn_rc_t
ptn_ics_fin_check(ptn_ics_fin_t *i, ptn_id_t root)
{
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    mb = i->tx->mb;
    rc = ptn_pcl_check(i->pool, i->in->pcl, &i->theirs);

    if (rc == PTN_OK) {
        rc = ptn_pcl_add(i->pool, i->theirs, i->in->change_key, &i->theirs);
    }

    if (rc == PTN_OK) {
        rc = ptn_ics_id(mb, i->tx, i->in->source_key, &i->id);
    }

    if (rc != PTN_OK) {
        return (rc == PTN_EPARSE) ? PTN_EINVAL : rc;
    }

    i->parent = root;

    if (i->in->parent_key.len != 0) {
        rc = ptn_ics_id(mb, NULL, i->in->parent_key, &i->parent);
    }

    return (rc == PTN_OK) ? ptn_rights_need(mb, i->parent, PTN_RIGHT_VISIBLE)
                          : rc;
}


ptn_rc_t
ptn_ics_import_folder(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t root,
    const ptn_ics_import_folder_t *import, ptn_ics_imported_t *ret)
{
    ptn_rc_t        rc;
    ptn_folder_t   *f;
    ptn_ics_fin_t   i;

    memset(&i, 0, sizeof(i));
    memset(ret, 0, sizeof(ptn_ics_imported_t));
    i.tx = tx;
    i.pool = pool;
    i.in = import;
    i.ret = ret;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_ics_fin_check(&i, root);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_folder_of(tx->mb, i.id, &f);

    if (rc == PTN_OK) {
        rc = ptn_ics_fin_old(&i, f);

    } else if (rc == PTN_ENOTFOUND) {
        rc = ptn_ics_fin_new(&i);

        if (rc == PTN_OK && ret->verdict == PTN_ICS_NEW) {
            rc = ptn_ics_fin_props(&i);

            if (rc == PTN_OK) {
                rc = ptn_ics_fin_stamp(&i, 0, i.theirs, true);
            }

            if (rc != PTN_OK) {
                ptn_txn_poison(tx, rc);
            }
        }
    }

    return rc;
}


/* ---- deletions ----------------------------------------------------------- */

/*
 * One that never was: a tombstone with its id that is told to nobody (it came
 * at its own number), so that no import makes it (3.2.5.9.4.5).
 */

static ptn_rc_t
ptn_ics_record(ptn_txn_t *tx, ptn_id_t folder, ptn_id_t mid, ptn_tomb_e kind)
{
    bool            gone;
    ptn_rc_t        rc;
    uint64_t        cn;
    ptn_folder_t   *f;

    rc = ptn_ics_was(tx->mb, mid, &gone);

    if (rc != PTN_OK || gone) {
        return rc;
    }

    rc = ptn_folder_of(tx->mb, folder, &f);
    if (rc != PTN_OK) {
        return rc;
    }

    cn = ptn_txn_cn(tx);
    rc = ptn_sql_run(tx->mb, PTN_SQL_TOMB_ADD, 10, folder, cn, mid,
                     (uint64_t) kind, (uint64_t) PTN_CAUSE_HARD, mid,
                     (uint64_t) 0, (uint64_t) 1, (uint64_t) 0, cn);

    if (rc == PTN_OK && kind == PTN_TOMB_MESSAGE) {
        ptn_folder_touch(tx->mb, f, cn);
    }

    return rc;
}


/* Ids of the messages that are there; *ret_new: of those that never were. */

static ptn_rc_t
ptn_ics_delete_find(ptn_txn_t *tx, ptn_id_t folder, const ptn_str_t *keys,
    size_t n, ptn_id_t *ids, size_t *ret_n, ptn_id_t *never, size_t *ret_never)
{
    size_t           i;
    ptn_id_t         mid, id;
    ptn_rc_t         rc;
    ptn_msg_info_t   m;

    *ret_n = 0;
    *ret_never = 0;

    for (i = 0; i < n; i++) {
        rc = ptn_ics_id(tx->mb, tx, keys[i], &mid);

        if (rc == PTN_OK) {
            rc = ptn_msg_find_mid(tx->mb, 0, mid, &id);

            if (rc == PTN_ENOTFOUND) {
                never[(*ret_never)++] = mid;
                continue;
            }
        }

        if (rc == PTN_OK) {
            rc = ptn_msg_get_id(tx->mb, id, &m);
        }

        if (rc == PTN_OK) {
            rc = ptn_rights_delete(tx->mb, &m);

            if (rc == PTN_ENOTFOUND) {
                continue;       /* it is not to know of it */
            }
        }

        if (rc != PTN_OK) {
            return rc;
        }

        if (m.folder != folder) {
            return PTN_EINVAL;
        }

        ids[(*ret_n)++] = id;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_ics_import_deletes(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t folder,
    const ptn_str_t *source_keys, size_t n, bool hard)
{
    size_t     i, nids, nnever;
    ptn_id_t  *ids, *never;
    ptn_rc_t   rc;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_rights_some(tx->mb, folder,
                             PTN_RIGHT_DELETE_ANY|PTN_RIGHT_DELETE_OWNED);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ids = ptn_parray(pool, n, sizeof(ptn_id_t));
    never = ptn_parray(pool, n, sizeof(ptn_id_t));

    if (ids == NULL || never == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_ics_delete_find(tx, folder, source_keys, n, ids, &nids, never,
                             &nnever);

    if (rc == PTN_OK && nnever != 0) {
        rc = ptn_rights_need(tx->mb, folder, PTN_RIGHT_DELETE_ANY);
    }

    if (rc == PTN_OK) {
        rc = hard ? ptn_msg_expunge_ids(tx, ids, nids)
                  : ptn_msg_gone_ids(tx, ids, nids);
    }

    for (i = 0; i < nnever && rc == PTN_OK; i++) {
        rc = ptn_ics_record(tx, folder, never[i], PTN_TOMB_MESSAGE);

        if (rc != PTN_OK) {
            ptn_txn_poison(tx, rc);
        }
    }

    return rc;
}


ptn_rc_t
ptn_ics_import_folder_deletes(ptn_txn_t *tx, ptn_id_t root,
    const ptn_str_t *source_keys, size_t n, bool hard)
{
    bool           partial, record;
    size_t         i, pass;
    ptn_id_t       id;
    ptn_rc_t       rc;
    ptn_folder_t  *f;

    rc = ptn_txn_need(tx, root, PTN_RIGHT_VISIBLE);

    /* who may make no folder there need not be kept from it */

    record = rc == PTN_OK
             && ptn_rights_need(tx->mb, root, PTN_RIGHT_CREATE_SUBFOLDER)
                == PTN_OK;

    /* all is looked at before anything is done */

    for (pass = 0; pass < 2 && rc == PTN_OK; pass++) {
        for (i = 0; i < n && rc == PTN_OK; i++) {
            rc = ptn_ics_id(tx->mb, record ? tx : NULL, source_keys[i], &id);

            if (rc == PTN_ENOTFOUND) {
                rc = PTN_OK;
                continue;
            }

            if (rc != PTN_OK) {
                break;
            }

            /* what it does not see is not there */

            if (ptn_folder_of(tx->mb, id, &f) != PTN_OK
                || ptn_rights_need(tx->mb, id, PTN_RIGHT_VISIBLE) != PTN_OK)
            {
                if (pass == 1 && id >= PTN_ID_FIRST && record) {
                    rc = ptn_ics_record(tx, root, id, PTN_TOMB_FOLDER);
                }

                continue;
            }

            if (pass == 1) {
                rc = ptn_folder_remove(tx, id, PTN_REMOVE_MESSAGES
                                               |PTN_REMOVE_FOLDERS
                                               |(hard ? PTN_REMOVE_HARD : 0),
                                       &partial);

                if (rc != PTN_OK) {
                    ptn_txn_poison(tx, rc);
                }

                continue;
            }

            if (f->special != PTN_FOLDER_NONE) {
                rc = PTN_EDENIED;

            } else {
                rc = ptn_rights_below(tx->mb, id, PTN_RIGHT_OWNER);
            }
        }
    }

    return rc;
}


/* ---- read states --------------------------------------------------------- */

ptn_rc_t
ptn_ics_import_reads(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t folder,
    const ptn_ics_read_t *reads, size_t n, uint64_t **ret_cns, size_t *ret_n)
{
    size_t           i, ncns;
    uint32_t         flags;
    ptn_id_t        *ids, mid;
    ptn_rc_t         rc;
    uint64_t        *cns, modseq;
    ptn_folder_t    *f;
    ptn_msg_info_t   m;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_rights_need(tx->mb, folder, PTN_RIGHT_READ_ANY);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, folder, &f);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ids = ptn_parray(pool, n, sizeof(ptn_id_t));
    cns = ptn_parray(pool, n, sizeof(uint64_t));

    if (ids == NULL || cns == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < n; i++) {
        ids[i] = 0;
        rc = ptn_ics_id(tx->mb, NULL, reads[i].source_key, &mid);

        if (rc == PTN_OK) {
            rc = ptn_msg_by_mid(tx->mb, folder, mid, &ids[i]);
        }

        if (rc != PTN_OK && rc != PTN_ENOTFOUND) {
            return rc;
        }
    }

    for (i = 0, ncns = 0; i < n; i++) {
        rc = ids[i] ? ptn_msg_get_id(tx->mb, ids[i], &m) : PTN_ENOTFOUND;

        if (rc == PTN_OK && !m.fai) {
            rc = ptn_rights_flag(tx, &m, reads[i].read ? PTN_FLAGS_ADD
                                                       : PTN_FLAGS_REMOVE,
                                 PTN_FLAG_SEEN, 0, ncns != 0);

            if (rc == PTN_EDENIED) {
                return rc;
            }
        }

        if (rc == PTN_ENOTFOUND || (rc == PTN_OK && m.fai)) {
            continue;
        }

        if (rc != PTN_OK) {
            return ptn_txn_poison(tx, rc);
        }

        flags = reads[i].read ? m.flags | PTN_FLAG_SEEN
                              : m.flags & ~PTN_FLAG_SEEN;

        if (flags == m.flags) {
            continue;
        }

        modseq = 0;
        rc = ptn_msg_flags_one(tx, f, &m, flags, m.keywords, &modseq);
        if (rc != PTN_OK) {
            return rc;
        }

        cns[ncns++] = modseq;
    }

    *ret_cns = cns;
    *ret_n = ncns;

    return PTN_OK;
}


/* ---- moves --------------------------------------------------------------- */

typedef struct {
    ptn_id_t        from, dest;
    ptn_msg_info_t  m;
    ptn_str_t       theirs, ours;
} ptn_ics_mv_t;


/* ENOTFOUND: the message is not there any more. */

static ptn_rc_t
ptn_ics_move_check(ptn_txn_t *tx, ptn_pool_t *pool,
    const ptn_ics_move_t *move, ptn_ics_mv_t *v)
{
    bool         gone = false;
    ptn_id_t     mid, id;
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    mb = tx->mb;
    rc = ptn_pcl_check(pool, move->pcl, &v->theirs);

    if (rc == PTN_OK && (move->change_key.len <= 16
                         || move->change_key.len > PTN_XID_MAX))
    {
        rc = PTN_EINVAL;
    }

    if (rc == PTN_OK) {
        rc = ptn_ics_id(mb, tx, move->dest_key, &v->dest);
    }

    if (rc == PTN_OK) {
        rc = ptn_ics_id(mb, NULL, move->source_folder, &v->from);
    }

    if (rc == PTN_OK) {
        rc = ptn_rights_need(mb, v->from, 0);
    }

    if (rc != PTN_OK) {
        return (rc == PTN_EPARSE) ? PTN_EINVAL : rc;
    }

    rc = ptn_msg_find_mid(mb, 0, v->dest, &id);

    if (rc == PTN_ENOTFOUND) {
        rc = ptn_ics_was(mb, v->dest, &gone);

    } else if (rc == PTN_OK) {
        return PTN_EEXIST;
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (gone || v->dest < PTN_ID_FIRST) {
        return PTN_EINVAL;
    }

    rc = ptn_ics_id(mb, NULL, move->source_key, &mid);

    if (rc == PTN_OK) {
        rc = ptn_msg_by_mid(mb, v->from, mid, &id);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_get_id(mb, id, &v->m);
    }

    if (rc == PTN_OK) {
        rc = ptn_rights_take(mb, &v->m, true);
    }

    return (rc == PTN_OK) ? ptn_ics_msg_keys(mb, pool, id, NULL, &v->ours)
                          : rc;
}


static ptn_rc_t
ptn_ics_move_stamp(ptn_txn_t *tx, ptn_pool_t *pool,
    const ptn_ics_move_t *move, const ptn_ics_mv_t *v, bool same)
{
    ptn_rc_t       rc;
    ptn_str_t      xid, pcl;
    sqlite3_stmt  *st;

    rc = ptn_sql_run(tx->mb, PTN_SQL_ICS_MID, 2, v->m.id, v->dest);

    if (rc != PTN_OK || !same) {
        return rc;
    }

    rc = ptn_ics_xid(pool, v->m.cn, move->change_key, &xid);

    if (rc == PTN_OK) {
        rc = ptn_pcl_merge(pool, v->ours, v->theirs, &pcl);
    }

    if (rc == PTN_OK) {
        rc = ptn_pcl_add(pool, pcl, move->change_key, &pcl);
    }

    st = ptn_sql(tx->mb, PTN_SQL_ICS_KEYS_SET, &rc);

    if (st == NULL || rc != PTN_OK) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) v->m.id);
    ptn_sql_blob(st, 2, xid);
    ptn_sql_blob(st, 3, pcl);
    rc = ptn_sql_step(tx->mb, st);
    sqlite3_clear_bindings(st);

    return rc;
}


ptn_rc_t
ptn_ics_import_move(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t folder,
    const ptn_ics_move_t *move, ptn_ics_imported_t *ret, bool *ret_newer)
{
    bool             ours_in, theirs_in, moving;
    ptn_rc_t         rc;
    ptn_folder_t    *from, *to;
    ptn_ics_mv_t     v;

    memset(ret, 0, sizeof(ptn_ics_imported_t));
    memset(&v, 0, sizeof(v));
    *ret_newer = false;
    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_rights_need(tx->mb, folder, PTN_RIGHT_CREATE);
    }

    if (rc == PTN_OK) {
        rc = ptn_ics_move_check(tx, pool, move, &v);
    }

    if (rc == PTN_ENOTFOUND) {
        ret->verdict = PTN_ICS_GONE;
        return PTN_OK;
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_moving(tx->mb, v.m.id, &moving);
    }

    if (rc == PTN_OK && moving) {
        rc = PTN_ECONFLICT;
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, v.from, &from);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, folder, &to);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_room(tx->mb, to, 1, 0);
        rc = (rc == PTN_EQUOTA) ? PTN_OK : rc;
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ours_in = ptn_pcl_includes(v.theirs, v.ours);
    theirs_in = ptn_pcl_includes(v.ours, v.theirs);
    rc = ptn_msg_move_one(tx, to, from, &v.m);

    if (rc == PTN_OK) {
        rc = ptn_ics_move_stamp(tx, pool, move, &v, ours_in && theirs_in);
    }

    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    *ret_newer = ours_in && !theirs_in;
    ret->verdict = ours_in ? PTN_ICS_NEWER : PTN_ICS_CONFLICT;
    ret->seen = ours_in;
    ret->id = v.m.id;
    ret->mid = v.dest;
    ret->cn = v.m.cn;

    return PTN_OK;
}
