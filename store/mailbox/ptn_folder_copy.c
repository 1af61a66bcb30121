/*
 * Copies of folders (MS-OXCFOLD 3.2.5.8): first the folders, then their
 * messages in portions, so that no job is long.
 */

#include "ptn_folder.h"


#define PTN_COPY_FOLDERS_MAX  1000

typedef struct {
    ptn_id_t  from, to;
    ptn_id_t  parent;           /* of `from` */
    uint32_t  last;             /* uid that was copied last */
    uint32_t  end;              /* uids from here on came later */
} ptn_copy_pair_t;

struct ptn_folder_copy_s {
    ptn_copy_pair_t  *pairs;    /* parents first */
    size_t            n;
    size_t            at;
};


ptn_id_t
ptn_folder_copy_id(const ptn_folder_copy_t *copy)
{
    return copy->pairs[0].to;
}


/* ---- the folders -------------------------------------------------------- */

static ptn_rc_t
ptn_copy_list(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id, bool recursive,
    ptn_folder_copy_t *copy)
{
    uint32_t          i;
    ptn_set_t        *set;
    ptn_folder_t     *f;
    ptn_copy_pair_t  *p;

    /* what it does not see, with all below that, is not copied */

    set = mb->set;

    copy->pairs = ptn_parray(pool, recursive ? set->n : 1,
                             sizeof(ptn_copy_pair_t));
    if (copy->pairs == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < set->n; i++) {
        f = &set->folders[i];

        if (f->search || (f->id != id && !recursive)
            || !ptn_folder_below(mb, f->id, id) || !ptn_rights_shows(mb, i))
        {
            continue;
        }

        if (!ptn_rights_sees(mb, f->id, PTN_RIGHT_READ_ANY)) {
            return PTN_EDENIED;
        }

        if (copy->n == PTN_COPY_FOLDERS_MAX) {
            return PTN_ELIMIT;
        }

        p = &copy->pairs[copy->n++];
        p->from = f->id;
        p->to = 0;
        p->parent = f->parent;
        p->last = 0;
        p->end = f->uidnext;
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_copy_make(ptn_txn_t *tx, ptn_pool_t *pool, ptn_copy_pair_t *p,
    ptn_id_t parent, ptn_str_t name)
{
    ptn_rc_t       rc;
    const char    *cls;
    ptn_folder_t  *f;

    rc = ptn_folder_of(tx->mb, p->from, &f);
    if (rc != PTN_OK) {
        return rc;
    }

    cls = ptn_str_dupz(pool, f->cls);
    name = ptn_str_dup(pool, name.len ? name : f->name);

    if (cls == NULL || name.data == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_folder_create(tx, parent, name, cls, &p->to);

    if (rc == PTN_OK) {
        rc = ptn_sql_run(tx->mb, PTN_SQL_FOLDER_COPY, 2, p->to, p->from);
        rc = (rc == PTN_OK) ? ptn_folder_reread(tx)
                            : ptn_txn_poison(tx, rc);
    }

    return (rc == PTN_OK) ? ptn_mbox_set(tx->mb) : rc;
}


static ptn_rc_t
ptn_copy_make_all(ptn_txn_t *tx, ptn_pool_t *pool, ptn_folder_copy_t *copy,
    ptn_id_t parent, ptn_str_t name)
{
    size_t            i, k;
    ptn_rc_t          rc;
    ptn_copy_pair_t  *p;

    rc = ptn_copy_make(tx, pool, &copy->pairs[0], parent, name);

    for (i = 1; i < copy->n && rc == PTN_OK; i++) {
        p = &copy->pairs[i];

        for (k = 0; k < i && copy->pairs[k].from != p->parent; k++) {
            /* void */
        }

        /* below a search folder: there is none to put it in */

        if (k < i && copy->pairs[k].to != 0) {
            rc = ptn_copy_make(tx, pool, p, copy->pairs[k].to,
                               ptn_str_make(NULL, 0));
        }
    }

    /* half a tree is none */

    return (rc == PTN_OK) ? PTN_OK : ptn_txn_poison(tx, rc);
}


ptn_rc_t
ptn_folder_copy_begin(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t id,
    ptn_id_t parent, ptn_str_t name, bool recursive,
    ptn_folder_copy_t **ret_copy)
{
    ptn_rc_t            rc;
    unsigned            height;
    ptn_str_t           fold;
    ptn_folder_t       *f;
    ptn_folder_copy_t  *copy;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_rights_need(tx->mb, id, PTN_RIGHT_READ_ANY);
    }

    if (rc == PTN_OK) {
        rc = ptn_rights_need(tx->mb, parent, PTN_RIGHT_CREATE_SUBFOLDER);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, id, &f);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (f->special == PTN_FOLDER_ROOT || f->search) {
        return PTN_ESUPPORT;
    }

    if (ptn_folder_below(tx->mb, parent, id)) {
        return PTN_EINVAL;
    }

    copy = ptn_pcalloc(pool, sizeof(ptn_folder_copy_t));
    if (copy == NULL) {
        return PTN_ENOMEM;
    }

    height = recursive ? ptn_folder_height(tx->mb, id) : 1;
    rc = ptn_folder_place(tx, pool, parent, name, 0, height, &fold);

    if (rc == PTN_OK) {
        rc = ptn_copy_list(tx->mb, pool, id, recursive, copy);
    }

    if (rc == PTN_OK) {
        rc = ptn_copy_make_all(tx, pool, copy, parent, name);
    }

    if (rc == PTN_OK) {
        *ret_copy = copy;
    }

    return rc;
}


/* ---- their messages ----------------------------------------------------- */

#define PTN_COPY_RUN  64

/* Some of one folder; *ret_n: how many there were. */

static ptn_rc_t
ptn_copy_run(ptn_txn_t *tx, ptn_copy_pair_t *p, ptn_folder_t *to, size_t max,
    size_t *ret_n)
{
    size_t          i, n;
    ptn_id_t        ids[PTN_COPY_RUN];
    uint32_t        last;
    ptn_rc_t        rc;
    sqlite3_stmt   *st;
    ptn_msg_info_t  m;

    *ret_n = 0;

    st = ptn_sql(tx->mb, PTN_SQL_MSG_FROM, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) p->from);
    sqlite3_bind_int64(st, 2, p->last);
    sqlite3_bind_int64(st, 3, p->end);
    sqlite3_bind_int64(st, 4, (sqlite3_int64) ptn_min(max, ptn_nelts(ids)));

    last = p->last;

    for (n = 0; (rc = ptn_sql_step(tx->mb, st)) == PTN_AGAIN; ) {
        if (n < ptn_nelts(ids)) {
            ids[n++] = ptn_sql_u64(st, 0);
            last = (uint32_t) ptn_sql_u64(st, 1);
        }
    }

    for (i = 0; i < n && rc == PTN_OK; i++) {
        rc = ptn_msg_get_id(tx->mb, ids[i], &m);

        if (rc == PTN_OK) {
            rc = ptn_rights_read(tx->mb, &m);

            if (rc == PTN_ENOTFOUND) {  /* private */
                rc = PTN_OK;
                continue;
            }
        }

        if (rc == PTN_OK) {
            rc = ptn_msg_room(tx->mb, to, 1, m.size);
        }

        if (rc == PTN_OK) {
            rc = ptn_msg_copy_one(tx, to, p->from, &m);
        }
    }

    if (rc == PTN_OK) {
        p->last = last;
        *ret_n = n;
    }

    return rc;
}


ptn_rc_t
ptn_folder_copy_some(ptn_txn_t *tx, ptn_folder_copy_t *copy, size_t max,
    bool *ret_more)
{
    size_t            n;
    ptn_rc_t          rc;
    ptn_folder_t     *from, *to;
    ptn_copy_pair_t  *p;

    rc = ptn_txn_check(tx);
    max = ptn_max(max, (size_t) 1);

    while (rc == PTN_OK && copy->at < copy->n && max > 0) {
        p = &copy->pairs[copy->at];
        rc = ptn_folder_of(tx->mb, p->from, &from);

        if (rc == PTN_ENOTFOUND || p->to == 0) {
            rc = PTN_OK;                /* it went meanwhile */
            copy->at++;
            continue;
        }

        if (rc == PTN_OK) {
            rc = ptn_folder_of(tx->mb, p->to, &to);
        }

        if (rc == PTN_OK) {
            rc = ptn_rights_need(tx->mb, p->from, PTN_RIGHT_READ_ANY);
        }

        if (rc == PTN_OK) {
            rc = ptn_rights_need(tx->mb, p->to, PTN_RIGHT_CREATE);
        }

        if (rc == PTN_OK) {
            rc = ptn_copy_run(tx, p, to, max, &n);
        }

        if (rc != PTN_OK) {
            return ptn_txn_poison(tx, rc);
        }

        max -= n;
        copy->at += (n == 0);
    }

    if (rc == PTN_OK) {
        *ret_more = (copy->at < copy->n);
    }

    return rc;
}
