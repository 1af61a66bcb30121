/*
 * Access of users to the mailboxes of others.
 */

#include "ptn_dir_db.h"


#define PTN_ACCESS_ALL                                                        \
    (PTN_ACCESS_FULL|PTN_ACCESS_SEND_AS|PTN_ACCESS_ON_BEHALF                  \
     |PTN_ACCESS_PRIVATE)


static ptn_rc_t
ptn_access_write(ptn_directory_t *dir, uint64_t owner, uint64_t grantee,
    uint32_t access)
{
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, access ? PTN_DIR_ACCESS_SET
                                     : PTN_DIR_ACCESS_DELETE, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (int64_t) owner);
    sqlite3_bind_int64(st, 2, (int64_t) grantee);

    if (access) {
        sqlite3_bind_int64(st, 3, access);
    }

    rc = ptn_dir_db_run(st);

    if (rc == PTN_OK && sqlite3_changes(dir->db) == 0) {
        rc = PTN_ENOTFOUND;
    }

    return rc;
}


ptn_rc_t
ptn_access_set(ptn_directory_t *dir, ptn_str_t owner, ptn_str_t grantee,
    uint32_t access)
{
    uint64_t        from, to;
    ptn_rc_t        rc;
    ptn_dir_addr_t  o, g;

    if (access & ~(uint32_t) PTN_ACCESS_ALL) {
        return PTN_EINVAL;
    }

    if (ptn_dir_addr_parse(owner, &o) != PTN_OK
        || ptn_dir_addr_parse(grantee, &g) != PTN_OK)
    {
        return PTN_ENOTFOUND;
    }

    if (ptn_str_eq(o.address, g.address)) {
        return PTN_EINVAL;
    }

    rc = ptn_dir_db_begin(dir);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_user_id(dir, o.address, &from);

    if (rc == PTN_OK) {
        rc = ptn_user_id(dir, g.address, &to);
    }

    if (rc == PTN_OK) {
        rc = ptn_access_write(dir, from, to, access);
    }

    if (rc == PTN_OK) {
        rc = ptn_user_touch(dir, to);
    }

    return ptn_dir_db_end(dir, rc);
}


static ptn_rc_t
ptn_access_load(ptn_directory_t *dir, uint64_t grantee, uint64_t owner,
    uint32_t *ret)
{
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, PTN_DIR_ACCESS_GET, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (int64_t) owner);
    sqlite3_bind_int64(st, 2, (int64_t) grantee);

    rc = ptn_dir_db_row(st);

    if (rc == PTN_OK) {
        *ret = (uint32_t) sqlite3_column_int64(st, 0) & PTN_ACCESS_ALL;
        rc = ptn_user_active(dir, owner);
    }

    if (rc == PTN_ENOTFOUND || rc == PTN_EDENIED) {
        *ret = 0;
        rc = PTN_OK;
    }

    return rc;
}


ptn_rc_t
ptn_access_get(ptn_directory_t *dir, uint64_t grantee, uint64_t owner,
    uint32_t *ret_access)
{
    uint64_t           pair[2] = { grantee, owner };
    uint32_t           access;
    ptn_rc_t           rc;
    ptn_str_t          key;
    ptn_rcpt_t         rcpt;
    const ptn_rcpt_t  *cached;

    key = ptn_str_make(pair, sizeof(pair));

    cached = ptn_dir_cache_get(dir, PTN_DIR_CACHE_ACCESS, key);
    if (cached != NULL) {
        *ret_access = cached->user.kind;
        return PTN_OK;
    }

    rc = ptn_access_load(dir, grantee, owner, &access);
    if (rc != PTN_OK) {
        return rc;
    }

    memset(&rcpt, 0, sizeof(ptn_rcpt_t));
    rcpt.user.kind = access;
    ptn_dir_cache_put(dir, PTN_DIR_CACHE_ACCESS, key, &rcpt);

    *ret_access = access;

    return PTN_OK;
}


ptn_rc_t
ptn_access_list(ptn_directory_t *dir, ptn_pool_t *pool, ptn_str_t owner,
    ptn_access_t **ret_access, size_t *ret_n)
{
    uint64_t                                    id;
    ptn_rc_t                                    rc;
    ptn_buf_t                                   b;
    ptn_access_t                                a;
    ptn_dir_addr_t                              o;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    id = 0;

    if (owner.len != 0) {

        if (ptn_dir_addr_parse(owner, &o) != PTN_OK) {
            return PTN_ENOTFOUND;
        }

        rc = ptn_user_id(dir, o.address, &id);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    rc = ptn_dir_db_stmt(dir, PTN_DIR_ACCESS_LIST, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (int64_t) id);
    ptn_buf_init(&b, pool);

    while ((rc = ptn_dir_db_row(st)) == PTN_OK) {

        a.owner = ptn_dir_db_text(pool, st, 0);
        a.grantee = ptn_dir_db_text(pool, st, 1);
        a.access = (uint32_t) sqlite3_column_int64(st, 2);

        if (a.owner.data == NULL || a.grantee.data == NULL) {
            return PTN_ENOMEM;
        }

        ptn_buf_add(&b, &a, sizeof(ptn_access_t));
    }

    if (rc != PTN_ENOTFOUND) {
        return rc;
    }

    if (b.failed) {
        return PTN_ENOMEM;
    }

    *ret_access = (ptn_access_t *) b.data;
    *ret_n = b.len / sizeof(ptn_access_t);

    return PTN_OK;
}
