/*
 * Permission lists of folders (MS-OXCPERM 2.2.1, 2.2.2, 3.2.5).
 */

#include <stdlib.h>

#include "ptn_eid.h"
#include "ptn_rop_data.h"


#define PTN_PERM_REPLACE       0x01         /* 2.2.2.1 ModifyFlags */
#define PTN_PERM_FREEBUSY      0x02         /* and 2.2.1.1 TableFlags */

/* The table of a handle: the list as it was when it was opened. */
typedef struct {
    ptn_pool_t        *pool;
    ptn_permission_t  *list;
    ptn_str_t         *names, *eids;
    size_t             n;
} ptn_perm_table_t;


/* --- RopGetPermissionsTable ----------------------------------------------- */

static ptn_rc_t
ptn_perm_count(void *ctx, ptn_mbox_t *mb PTN_UNUSED, uint32_t *ret_n)
{
    *ret_n = (uint32_t) ((ptn_perm_table_t *) ctx)->n;

    return PTN_OK;
}


static ptn_rc_t
ptn_perm_row(void *ctx, ptn_mbox_t *mb PTN_UNUSED, uint32_t i,
    ptn_id_t *ret_id, uint64_t *ret_state)
{
    ptn_perm_table_t  *t = ctx;

    /* Default and Anonymous have no id of the directory (2.2.5) */

    *ret_id = i + 1ULL;
    *ret_state = t->list[i].rights;

    return PTN_OK;
}


static ptn_str_t
ptn_perm_number(ptn_pool_t *pool, uint64_t n, size_t len)
{
    u_char  *p;

    p = ptn_palloc(pool, 8);

    if (p != NULL) {
        ptn_put_le32(p, (uint32_t) n);
        ptn_put_le32(p + 4, (uint32_t) (n >> 32));
    }

    return ptn_str_make(p, p ? len : 0);
}


static ptn_rc_t
ptn_perm_values(void *ctx, ptn_mbox_t *mb PTN_UNUSED, ptn_pool_t *pool,
    uint32_t i, const uint32_t *tags, size_t n, ptn_str_t *ret_values)
{
    size_t             k;
    ptn_perm_table_t  *t = ctx;

    for (k = 0; k < n; k++) {
        ret_values[k] = tags[k] == PTN_PR_MEMBER_ID
                        ? ptn_perm_number(pool, t->list[i].member, 8)
                        : tags[k] == PTN_PR_MEMBER_RIGHTS
                        ? ptn_perm_number(pool, t->list[i].rights, 4)
                        : tags[k] == PTN_PR_MEMBER_NAME ? t->names[i]
                        : tags[k] == PTN_PR_ENTRYID ? t->eids[i]
                        : ptn_str_make(NULL, 0);
    }

    return ptn_pool_failed(pool) ? PTN_ENOMEM : PTN_OK;
}


static void
ptn_perm_close(void *ctx)
{
    ptn_perm_table_t  *t = ctx;

    ptn_pool_destroy(t->pool);
    free(t);
}


static const ptn_table_source_t  ptn_perm_source = {
    ptn_perm_count, ptn_perm_row, ptn_perm_values, ptn_perm_close
};


/* Name and entry id (2.2.4, 2.2.6): of Default both are empty. */

static ptn_rc_t
ptn_perm_member(ptn_rop_ctx_t *c, ptn_perm_table_t *t, size_t i)
{
    ptn_rc_t     rc;
    ptn_str_t    dn;
    ptn_user_t   user;
    ptn_group_t  group;

    t->names[i] = ptn_str("");
    t->eids[i] = ptn_str("");

    if (t->list[i].member == PTN_MEMBER_DEFAULT) {
        return PTN_OK;
    }

    if (t->list[i].member == PTN_MEMBER_ANONYMOUS) {
        t->names[i] = ptn_str("Anonymous");
        return PTN_OK;
    }

    rc = ptn_user_by_id(c->app->directory, t->pool, t->list[i].member, &user);

    if (rc == PTN_OK) {
        t->names[i] = user.display.len ? user.display : user.address;
        rc = ptn_eid_dn(t->pool, user.mailbox, user.address, &dn);

        return rc == PTN_OK ? ptn_eid_address_book(t->pool, dn, &t->eids[i])
                            : rc;
    }

    if (rc == PTN_ENOTFOUND) {
        rc = ptn_group_by_id(c->app->directory, t->pool, t->list[i].member,
                             &group);
    }

    if (rc == PTN_OK) {
        t->names[i] = group.display.len ? group.display : group.address;
        rc = ptn_eid_one_off(t->pool, t->names[i], ptn_str("SMTP"),
                             group.address, &t->eids[i]);
    }

    /* one that is gone can still be removed, by its id */

    return rc == PTN_ENOTFOUND ? PTN_OK : rc;
}


static ptn_rc_t
ptn_perm_table(ptn_rop_ctx_t *c, ptn_mbox_t *mb, bool freebusy,
    ptn_perm_table_t *t)
{
    size_t    i;
    ptn_rc_t  rc;

    rc = ptn_rights_list(mb, t->pool, ptn_rop_folder(c->in)->id, freebusy,
                         &t->list, &t->n);

    if (rc == PTN_OK) {
        t->names = ptn_parray(t->pool, t->n, sizeof(ptn_str_t));
        t->eids = ptn_parray(t->pool, t->n, sizeof(ptn_str_t));
        rc = t->names && t->eids ? PTN_OK : PTN_ENOMEM;
    }

    for (i = 0; rc == PTN_OK && i < t->n; i++) {
        rc = ptn_perm_member(c, t, i);
    }

    return rc;
}


ptn_rc_t
ptn_rop_get_permissions_table(ptn_rop_ctx_t *c, void *req_,
    void *res PTN_UNUSED)
{
    ptn_rc_t                    rc;
    ptn_mbox_t                 *mb;
    ptn_rop_object_t           *obj;
    ptn_perm_table_t           *t;
    ptn_rop_table_flags_req_t  *req = req_;

    rc = ptn_rop_table_object(c, PTN_TABLE_MADE, &obj);

    if (rc == PTN_OK) {
        rc = ptn_rop_mbox(c, c->logon, &mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    t = calloc(1, sizeof(ptn_perm_table_t));
    if (t == NULL) {
        return PTN_ENOMEM;
    }

    t->pool = ptn_pool_create(0, NULL);
    rc = t->pool == NULL ? PTN_ENOMEM
         : ptn_perm_table(c, mb, req->table_flags & PTN_PERM_FREEBUSY, t);

    if (rc != PTN_OK) {
        ptn_perm_close(t);
        return rc;
    }

    return ptn_table_open_made(mb, &ptn_perm_source, t,
                               &ptn_rop_table(obj)->table);
}


/* --- RopModifyPermissions ------------------------------------------------- */

/* Whom an entry id names.  ENOTFOUND: nobody of the directory. */

static ptn_rc_t
ptn_perm_who(ptn_rop_ctx_t *c, ptn_str_t eid, uint64_t *ret_member)
{
    ptn_rc_t          rc;
    ptn_guid_t        mailbox;
    ptn_user_t        user;
    ptn_group_t       group;
    ptn_eid_person_t  person;

    rc = ptn_eid_person_parse(c->pool, eid, &person);

    if (rc == PTN_OK && person.address_book) {
        rc = ptn_eid_dn_parse(person.address, &mailbox);

        if (rc == PTN_OK) {
            rc = ptn_user_by_mailbox(c->app->directory, c->pool, mailbox,
                                     &user);
        }

    } else if (rc == PTN_OK) {
        rc = ptn_user_get(c->app->directory, c->pool, person.address, &user);

        if (rc == PTN_ENOTFOUND) {
            rc = ptn_group_get(c->app->directory, c->pool, person.address,
                               &group);
            user.id = rc == PTN_OK ? group.id : 0;
        }
    }

    if (rc == PTN_OK) {
        *ret_member = user.id;
    }

    return rc == PTN_EPARSE || rc == PTN_ETRUNC || rc == PTN_EINVAL
           ? PTN_ENOTFOUND : rc;
}


static uint64_t
ptn_perm_int(ptn_str_t s)
{
    size_t    i;
    uint64_t  n;

    for (i = ptn_min(s.len, (size_t) 8), n = 0; i > 0; i--) {
        n = n << 8 | s.data[i - 1];
    }

    return n;
}


/* 2.2.2.1.1: what it has to have, and nothing is made of what it has not. */

static ptn_rc_t
ptn_perm_op(ptn_rop_ctx_t *c, const ptn_wire_permission_data_t *data,
    ptn_permission_op_t *op)
{
    bool       id, rights;
    uint16_t   i;
    uint32_t   tag;
    ptn_str_t  eid, value;

    id = false;
    rights = false;
    eid = ptn_str_make(NULL, 0);
    memset(op, 0, sizeof(ptn_permission_op_t));

    for (i = 0; i < data->count; i++) {
        tag = data->values[i].tag;
        value = data->values[i].value;

        switch (tag) {

        case PTN_PR_MEMBER_ID:
            op->entry.member = ptn_perm_int(value);
            id = true;
            break;

        case PTN_PR_MEMBER_RIGHTS:
            op->entry.rights = (uint32_t) ptn_perm_int(value);
            rights = true;
            break;

        case PTN_PR_ENTRYID:
            eid = value;        /* a binary has its length in front */
            break;
        }
    }

    switch (data->flags) {

    case PTN_PERMISSION_ADD:
        op->op = PTN_PERMISSION_ADD;

        if (!rights || eid.len <= 2) {
            return PTN_EINVAL;
        }

        return ptn_perm_who(c, ptn_str_make(eid.data + 2, eid.len - 2),
                            &op->entry.member);

    case PTN_PERMISSION_MODIFY:
        op->op = PTN_PERMISSION_MODIFY;
        return id && rights ? PTN_OK : PTN_EINVAL;

    case PTN_PERMISSION_REMOVE:
        op->op = PTN_PERMISSION_REMOVE;
        return id ? PTN_OK : PTN_EINVAL;

    default:
        return PTN_EINVAL;
    }
}


ptn_rc_t
ptn_rop_modify_permissions(ptn_rop_ctx_t *c, void *req_, void *res PTN_UNUSED)
{
    uint16_t                              i;
    ptn_rc_t                              rc;
    ptn_mbox_t                           *mb;
    ptn_permission_op_t                  *ops;
    ptn_rop_modify_permissions_req_t     *req = req_;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_rop_mbox(c, c->logon, &mb);

    ops = ptn_parray(c->pool, req->count + 1u, sizeof(ptn_permission_op_t));
    if (ops == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; rc == PTN_OK && i < req->count; i++) {
        rc = ptn_perm_op(c, &req->data[i], &ops[i]);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_rights_modify(&tx, ptn_rop_folder(c->in)->id,
                               req->flags & PTN_PERM_REPLACE,
                               req->flags & PTN_PERM_FREEBUSY, ops,
                               req->count);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}
