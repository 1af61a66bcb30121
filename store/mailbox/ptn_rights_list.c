/*
 * The entries of a folder's permission list (MS-OXCPERM 2.2.2, 3.2.5).
 */

#include "ptn_mailbox.h"


/* ---- reading ------------------------------------------------------------- */

ptn_rc_t
ptn_rights_list(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    bool freebusy, ptn_permission_t **ret_list, size_t *ret_n)
{
    ptn_rc_t          rc;
    uint32_t          mask;
    ptn_buf_t         b;
    sqlite3_stmt     *st;
    ptn_permission_t  p, first[2];

    rc = ptn_rights_need(mb, folder, PTN_RIGHT_VISIBLE);
    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_PERMISSION_LIST, &rc);
    if (st == NULL) {
        return rc;
    }

    mask = PTN_RIGHT_ALL & ~(freebusy ? 0 : (uint32_t) PTN_RIGHTS_FREEBUSY);

    first[0].member = PTN_MEMBER_DEFAULT;
    first[0].rights = 0;
    first[1].member = PTN_MEMBER_ANONYMOUS;
    first[1].rights = 0;

    ptn_buf_init(&b, pool);
    ptn_buf_add(&b, first, sizeof(first));
    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        p.member = ptn_sql_u64(st, 0);
        p.rights = (uint32_t) ptn_sql_u64(st, 1) & mask;

        if (p.member == PTN_MEMBER_DEFAULT) {
            first[0] = p;

        } else if (p.member == PTN_MEMBER_ANONYMOUS) {
            first[1] = p;

        } else {
            ptn_buf_add(&b, &p, sizeof(p));
        }
    }

    if (rc == PTN_OK && b.failed) {
        rc = PTN_ENOMEM;
    }

    if (rc == PTN_OK) {
        memcpy(b.data, first, sizeof(first));
        *ret_list = (ptn_permission_t *) b.data;
        *ret_n = b.len / sizeof(ptn_permission_t);
    }

    return rc;
}


/* ---- changing ------------------------------------------------------------ */

/* What clients must set along (2.2.7), whether they did or not. */

static uint32_t
ptn_rights_imply(uint32_t rights)
{
    size_t  i;

    static const struct {
        uint32_t  right, brings;
    } rows[] = {
        { PTN_RIGHT_READ_ANY,          PTN_RIGHT_VISIBLE },
        { PTN_RIGHT_OWNER,             PTN_RIGHT_VISIBLE },
        { PTN_RIGHT_EDIT_ANY,          PTN_RIGHT_EDIT_OWNED },
        { PTN_RIGHT_DELETE_ANY,        PTN_RIGHT_DELETE_OWNED },
        { PTN_RIGHT_FREEBUSY_DETAILED, PTN_RIGHT_FREEBUSY_SIMPLE }
    };

    for (i = 0; i < ptn_nelts(rows); i++) {
        if (rights & rows[i].right) {
            rights |= rows[i].brings;
        }
    }

    return rights;
}


static ptn_rc_t
ptn_rights_entry(ptn_mbox_t *mb, ptn_id_t folder, uint64_t member,
    bool *ret_found, uint32_t *ret_rights)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    *ret_found = false;
    *ret_rights = 0;

    st = ptn_sql(mb, PTN_SQL_PERMISSION_GET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) member);
    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        *ret_found = true;
        *ret_rights = (uint32_t) ptn_sql_u64(st, 0) & PTN_RIGHT_ALL;
        sqlite3_reset(st);
        rc = PTN_OK;
    }

    /* those two are always there */

    if (member == PTN_MEMBER_DEFAULT || member == PTN_MEMBER_ANONYMOUS) {
        *ret_found = true;
    }

    return rc;
}


/* Free/busy of an entry that is set without IncludeFreeBusy (note 5). */

static uint32_t
ptn_rights_freebusy(const ptn_folder_t *f, uint64_t member, uint32_t rights,
    bool found, uint32_t was)
{
    if (f->special != PTN_FOLDER_CALENDAR || member == PTN_MEMBER_ANONYMOUS) {
        return 0;
    }

    if (found) {
        return was & PTN_RIGHTS_FREEBUSY;
    }

    return (rights & PTN_RIGHT_READ_ANY) ? PTN_RIGHTS_FREEBUSY
                                         : PTN_RIGHT_FREEBUSY_SIMPLE;
}


static ptn_rc_t
ptn_rights_set_one(ptn_mbox_t *mb, const ptn_folder_t *f, bool freebusy,
    const ptn_permission_op_t *op)
{
    bool      found;
    ptn_rc_t  rc;
    uint32_t  rights, was;

    rc = ptn_rights_entry(mb, f->id, op->entry.member, &found, &was);

    if (rc != PTN_OK || (!found && op->op != PTN_PERMISSION_ADD)) {
        return rc;
    }

    if (op->op == PTN_PERMISSION_REMOVE) {
        return ptn_sql_run(mb, PTN_SQL_PERMISSION_DROP, 2, f->id,
                           op->entry.member);
    }

    rights = op->entry.rights;

    if (!freebusy) {
        rights &= ~(uint32_t) PTN_RIGHTS_FREEBUSY;
        rights |= ptn_rights_freebusy(f, op->entry.member, rights, found, was);
    }

    return ptn_sql_run(mb, PTN_SQL_PERMISSION_SET, 3, f->id, op->entry.member,
                       (uint64_t) ptn_rights_imply(rights));
}


static ptn_rc_t
ptn_rights_check_ops(const ptn_folder_t *f, bool replace, bool freebusy,
    const ptn_permission_op_t *ops, size_t n)
{
    size_t  i;

    if (freebusy && f->special != PTN_FOLDER_CALENDAR) {
        return PTN_EINVAL;
    }

    for (i = 0; i < n; i++) {
        if (ops[i].op == PTN_PERMISSION_REMOVE) {
            if (replace) {
                return PTN_EINVAL;
            }

            continue;
        }

        if ((ops[i].op != PTN_PERMISSION_ADD
             && ops[i].op != PTN_PERMISSION_MODIFY)
            || (replace && ops[i].op != PTN_PERMISSION_ADD)
            || (ops[i].entry.rights & ~(uint32_t) PTN_RIGHT_ALL)
            || (ops[i].entry.member > INT64_MAX
                && ops[i].entry.member != PTN_MEMBER_ANONYMOUS))
        {
            return PTN_EINVAL;
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_rights_count(ptn_mbox_t *mb, ptn_id_t folder)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_PERMISSION_COUNT, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);
    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        rc = (ptn_sql_u64(st, 0) > PTN_MEMBERS_MAX) ? PTN_ELIMIT : PTN_OK;
        sqlite3_reset(st);
    }

    return rc;
}


/*
 * The folder changes, for who looks at it: its rights are among its
 * properties (MS-OXCFOLD 2.2.2.2.2.8).
 */

static ptn_rc_t
ptn_rights_changed(ptn_txn_t *tx, const ptn_folder_t *f)
{
    ptn_rc_t  rc;
    uint64_t  cn;

    cn = ptn_txn_cn(tx);
    rc = ptn_sql_run(tx->mb, PTN_SQL_FOLDER_CN, 2, f->id, cn);

    if (rc == PTN_OK) {
        rc = ptn_txn_event(tx, PTN_MBOX_EVENT_FOLDER_MODIFIED, f->id, 0,
                           f->parent, 0, cn);
    }

    return (rc == PTN_OK) ? ptn_folder_reread(tx) : rc;
}


ptn_rc_t
ptn_rights_modify(ptn_txn_t *tx, ptn_id_t folder, bool replace,
    bool freebusy, const ptn_permission_op_t *ops, size_t n)
{
    size_t         i;
    ptn_rc_t       rc;
    ptn_folder_t  *f;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_rights_need(tx->mb, folder, PTN_RIGHT_OWNER);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, folder, &f);
    }

    if (rc == PTN_OK) {
        rc = ptn_rights_check_ops(f, replace, freebusy, ops, n);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (replace) {
        rc = ptn_sql_run(tx->mb, PTN_SQL_PERMISSION_REPLACE, 1, folder);
    }

    for (i = 0; i < n && rc == PTN_OK; i++) {
        rc = ptn_rights_set_one(tx->mb, f, freebusy, &ops[i]);
    }

    if (rc == PTN_OK) {
        rc = ptn_rights_count(tx->mb, folder);
    }

    if (rc == PTN_OK) {
        rc = ptn_rights_changed(tx, f);
    }

    return (rc == PTN_OK) ? PTN_OK : ptn_txn_poison(tx, rc);
}


/* ---- folders that come and go -------------------------------------------- */

ptn_rc_t
ptn_rights_defaults(ptn_mbox_t *mb)
{
    if (mb->kind == PTN_MBOX_PUBLIC) {
        return ptn_public_rights(mb);
    }

    return ptn_sql_run(mb, PTN_SQL_PERMISSION_SET, 3,
                       (uint64_t) PTN_FOLDER_CALENDAR,
                       (uint64_t) PTN_MEMBER_DEFAULT,
                       (uint64_t) PTN_RIGHT_FREEBUSY_SIMPLE);
}


ptn_rc_t
ptn_rights_inherit(ptn_txn_t *tx, ptn_id_t parent, ptn_id_t folder)
{
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    mb = tx->mb;

    rc = ptn_sql_run(mb, PTN_SQL_PERMISSION_COPY, 3, parent, folder,
                     (uint64_t) PTN_ROLE_OWNER);

    if (rc == PTN_OK && mb->acting.user != 0 && !mb->acting.owner) {
        rc = ptn_sql_run(mb, PTN_SQL_PERMISSION_SET, 3, folder,
                         mb->acting.user, (uint64_t) PTN_ROLE_OWNER);
    }

    return rc;
}
