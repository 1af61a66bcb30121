/*
 * Groups, nested.  Their ids are of the users' sequence, so that one id names
 * one user or one group, for ever.  A group is in no loop of groups: who would
 * make one is refused, and what a file says all the same ends by itself.
 */

#include "ptn_charset.h"
#include "ptn_dir_db.h"


static ptn_rc_t
ptn_group_run(ptn_directory_t *dir, ptn_dir_stmt_e stmt, uint64_t a,
    uint64_t b)
{
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, stmt, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (int64_t) a);

    if (sqlite3_bind_parameter_count(st) > 1) {
        sqlite3_bind_int64(st, 2, (int64_t) b);
    }

    return ptn_dir_db_run(st);
}


/* One number of a statement with up to two numbers.  ENOTFOUND: no row. */

static ptn_rc_t
ptn_group_number(ptn_directory_t *dir, ptn_dir_stmt_e stmt, uint64_t a,
    uint64_t b, uint64_t *ret)
{
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, stmt, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    if (sqlite3_bind_parameter_count(st) > 0) {
        sqlite3_bind_int64(st, 1, (int64_t) a);
    }

    if (sqlite3_bind_parameter_count(st) > 1) {
        sqlite3_bind_int64(st, 2, (int64_t) b);
    }

    rc = ptn_dir_db_row(st);

    if (rc == PTN_OK) {
        *ret = (uint64_t) sqlite3_column_int64(st, 0);
    }

    return rc;
}


static ptn_rc_t
ptn_group_id(ptn_directory_t *dir, ptn_str_t address, uint64_t *ret)
{
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, PTN_DIR_GROUP_GET, &st);

    if (rc == PTN_OK) {
        ptn_dir_db_bind(st, 1, address);
        rc = ptn_dir_db_row(st);
    }

    if (rc == PTN_OK) {
        *ret = (uint64_t) sqlite3_column_int64(st, 0);
    }

    return rc;
}


ptn_rc_t
ptn_group_taken(ptn_directory_t *dir, ptn_str_t address)
{
    uint64_t  id;
    ptn_rc_t  rc;

    rc = ptn_group_id(dir, address, &id);

    return (rc == PTN_OK) ? PTN_EEXIST : (rc == PTN_ENOTFOUND) ? PTN_OK : rc;
}


static ptn_rc_t
ptn_group_row(ptn_pool_t *pool, sqlite3_stmt *st, ptn_group_t *ret)
{
    ret->id = (uint64_t) sqlite3_column_int64(st, 0);
    ret->address = ptn_dir_db_text(pool, st, 1);
    ret->display = ptn_dir_db_text(pool, st, 2);

    return (ret->address.data && ret->display.data) ? PTN_OK : PTN_ENOMEM;
}


static ptn_rc_t
ptn_group_insert(ptn_directory_t *dir, uint64_t domain, uint64_t id,
    ptn_str_t address, ptn_str_t display)
{
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, PTN_DIR_GROUP_ADD, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (int64_t) id);
    sqlite3_bind_int64(st, 2, (int64_t) domain);
    ptn_dir_db_bind(st, 3, address);
    ptn_dir_db_bind(st, 4, display);

    return ptn_dir_db_run(st);
}


/* Is it a user's, or an alias? */

static ptn_rc_t
ptn_group_address_free(ptn_directory_t *dir, ptn_str_t address)
{
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, PTN_DIR_ADDRESS_TAKEN, &st);

    if (rc == PTN_OK) {
        ptn_dir_db_bind(st, 1, address);
        rc = ptn_dir_db_row(st);
    }

    return (rc == PTN_OK) ? PTN_EEXIST
           : (rc == PTN_ENOTFOUND) ? ptn_group_taken(dir, address) : rc;
}


ptn_rc_t
ptn_group_add(ptn_directory_t *dir, ptn_str_t address, ptn_str_t display,
    uint64_t *ret_id)
{
    uint64_t        domain, id;
    ptn_rc_t        rc;
    ptn_dir_addr_t  a;

    rc = ptn_dir_addr_parse(address, &a);
    if (rc != PTN_OK) {
        return rc;
    }

    if (display.len > 1024 || !ptn_utf8_valid(display)) {
        return PTN_EINVAL;
    }

    rc = ptn_dir_db_begin(dir);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_domain_id(dir, a.domain, &domain, NULL);

    if (rc == PTN_OK) {
        rc = ptn_group_address_free(dir, a.address);
    }

    if (rc == PTN_OK) {
        rc = ptn_group_run(dir, PTN_DIR_SEQUENCE_MAKE, 0, 0);
    }

    if (rc == PTN_OK) {
        rc = ptn_group_run(dir, PTN_DIR_SEQUENCE_NEXT, 0, 0);
    }

    if (rc == PTN_OK) {
        rc = ptn_group_number(dir, PTN_DIR_SEQUENCE_GET, 0, 0, &id);
    }

    if (rc == PTN_OK) {
        rc = ptn_group_insert(dir, domain, id, a.address, display);
    }

    rc = ptn_dir_db_end(dir, rc);

    if (rc == PTN_OK && ret_id != NULL) {
        *ret_id = id;
    }

    return rc;
}


ptn_rc_t
ptn_group_get(ptn_directory_t *dir, ptn_pool_t *pool, ptn_str_t address,
    ptn_group_t *ret_group)
{
    ptn_rc_t                                    rc;
    ptn_dir_addr_t                              a;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    if (ptn_dir_addr_parse(address, &a) != PTN_OK) {
        return PTN_ENOTFOUND;
    }

    rc = ptn_dir_db_stmt(dir, PTN_DIR_GROUP_GET, &st);

    if (rc == PTN_OK) {
        ptn_dir_db_bind(st, 1, a.address);
        rc = ptn_dir_db_row(st);
    }

    return (rc == PTN_OK) ? ptn_group_row(pool, st, ret_group) : rc;
}


ptn_rc_t
ptn_group_by_id(ptn_directory_t *dir, ptn_pool_t *pool, uint64_t id,
    ptn_group_t *ret_group)
{
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, PTN_DIR_GROUP_BY_ID, &st);

    if (rc == PTN_OK) {
        sqlite3_bind_int64(st, 1, (int64_t) id);
        rc = ptn_dir_db_row(st);
    }

    return (rc == PTN_OK) ? ptn_group_row(pool, st, ret_group) : rc;
}


/* Rows of GROUP_LIST, MEMBER_LIST; `a` is ?1. */

static ptn_rc_t
ptn_group_rows(ptn_directory_t *dir, ptn_pool_t *pool, ptn_dir_stmt_e stmt,
    uint64_t a, ptn_group_t **ret_list, size_t *ret_n)
{
    ptn_rc_t                                    rc;
    ptn_buf_t                                   b;
    ptn_group_t                                 g;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, stmt, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (int64_t) a);
    ptn_buf_init(&b, pool);

    while ((rc = ptn_dir_db_row(st)) == PTN_OK) {
        rc = ptn_group_row(pool, st, &g);
        if (rc != PTN_OK) {
            return rc;
        }

        ptn_buf_add(&b, &g, sizeof(ptn_group_t));
    }

    if (rc != PTN_ENOTFOUND) {
        return rc;
    }

    *ret_list = (ptn_group_t *) b.data;
    *ret_n = b.len / sizeof(ptn_group_t);

    return b.failed ? PTN_ENOMEM : PTN_OK;
}


ptn_rc_t
ptn_group_list(ptn_directory_t *dir, ptn_pool_t *pool, ptn_str_t domain,
    ptn_group_t **ret_groups, size_t *ret_n)
{
    uint64_t  id;
    ptn_rc_t  rc;

    rc = ptn_domain_listed(dir, domain, &id);

    return (rc == PTN_OK)
           ? ptn_group_rows(dir, pool, PTN_DIR_GROUP_LIST, id, ret_groups,
                            ret_n)
           : rc;
}


ptn_rc_t
ptn_group_members(ptn_directory_t *dir, ptn_pool_t *pool, ptn_str_t address,
    ptn_group_t **ret_members, size_t *ret_n)
{
    uint64_t        id;
    ptn_rc_t        rc;
    ptn_dir_addr_t  a;

    if (ptn_dir_addr_parse(address, &a) != PTN_OK) {
        return PTN_ENOTFOUND;
    }

    rc = ptn_group_id(dir, a.address, &id);

    return (rc == PTN_OK)
           ? ptn_group_rows(dir, pool, PTN_DIR_MEMBER_LIST, id, ret_members,
                            ret_n)
           : rc;
}


/* Users below (or the user itself): what they may has changed. */

static ptn_rc_t
ptn_group_touch(ptn_directory_t *dir, uint64_t id)
{
    uint64_t  generation;
    ptn_rc_t  rc;

    rc = ptn_dir_db_generation(dir, &generation);

    return (rc == PTN_OK)
           ? ptn_group_run(dir, PTN_DIR_MEMBER_TOUCH, id, generation) : rc;
}


ptn_rc_t
ptn_group_delete(ptn_directory_t *dir, ptn_str_t address)
{
    uint64_t        id;
    ptn_rc_t        rc;
    ptn_dir_addr_t  a;

    if (ptn_dir_addr_parse(address, &a) != PTN_OK) {
        return PTN_ENOTFOUND;
    }

    rc = ptn_dir_db_begin(dir);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_group_id(dir, a.address, &id);

    if (rc == PTN_OK) {
        rc = ptn_group_touch(dir, id);
    }

    if (rc == PTN_OK) {
        rc = ptn_group_forget(dir, id);
    }

    if (rc == PTN_OK) {
        rc = ptn_group_run(dir, PTN_DIR_GROUP_DELETE, id, 0);
    }

    return ptn_dir_db_end(dir, rc);
}


ptn_rc_t
ptn_group_forget(ptn_directory_t *dir, uint64_t id)
{
    return ptn_group_run(dir, PTN_DIR_MEMBER_FORGET, id, 0);
}


/* The group, and a user or another group. */

static ptn_rc_t
ptn_group_pair(ptn_directory_t *dir, ptn_str_t group, ptn_str_t member,
    uint64_t *ret_group, uint64_t *ret_member)
{
    ptn_rc_t        rc;
    ptn_dir_addr_t  g, m;

    if (ptn_dir_addr_parse(group, &g) != PTN_OK
        || ptn_dir_addr_parse(member, &m) != PTN_OK)
    {
        return PTN_ENOTFOUND;
    }

    rc = ptn_group_id(dir, g.address, ret_group);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_user_id(dir, m.address, ret_member);

    return (rc == PTN_ENOTFOUND) ? ptn_group_id(dir, m.address, ret_member)
                                 : rc;
}


static ptn_rc_t
ptn_group_fits(ptn_directory_t *dir, uint64_t group, uint64_t member)
{
    uint64_t  n;
    ptn_rc_t  rc;

    /* the group itself, or one that it is in already */

    rc = ptn_group_number(dir, PTN_DIR_MEMBER_LOOP, group, member, &n);

    if (rc == PTN_OK && n != 0) {
        return PTN_EINVAL;
    }

    if (rc == PTN_OK) {
        rc = ptn_group_number(dir, PTN_DIR_MEMBER_DEEPEST, group, member, &n);
    }

    return (rc == PTN_OK && n > PTN_GROUPS_MAX) ? PTN_ELIMIT : rc;
}


ptn_rc_t
ptn_group_member_add(ptn_directory_t *dir, ptn_str_t group, ptn_str_t member)
{
    uint64_t  g, m;
    ptn_rc_t  rc;

    rc = ptn_dir_db_begin(dir);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_group_pair(dir, group, member, &g, &m);

    if (rc == PTN_OK) {
        rc = ptn_group_fits(dir, g, m);
    }

    if (rc == PTN_OK) {
        rc = ptn_group_run(dir, PTN_DIR_MEMBER_ADD, g, m);
    }

    if (rc == PTN_OK && sqlite3_changes(dir->db) == 0) {
        rc = PTN_EEXIST;
    }

    if (rc == PTN_OK) {
        rc = ptn_group_touch(dir, m);
    }

    return ptn_dir_db_end(dir, rc);
}


ptn_rc_t
ptn_group_member_remove(ptn_directory_t *dir, ptn_str_t group,
    ptn_str_t member)
{
    uint64_t  g, m;
    ptn_rc_t  rc;

    rc = ptn_dir_db_begin(dir);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_group_pair(dir, group, member, &g, &m);

    if (rc == PTN_OK) {
        rc = ptn_group_run(dir, PTN_DIR_MEMBER_DELETE, g, m);
    }

    if (rc == PTN_OK && sqlite3_changes(dir->db) == 0) {
        rc = PTN_ENOTFOUND;
    }

    if (rc == PTN_OK) {
        rc = ptn_group_touch(dir, m);
    }

    return ptn_dir_db_end(dir, rc);
}


/* ---- what a user is in --------------------------------------------------- */

static ptn_rc_t
ptn_groups_load(ptn_directory_t *dir, ptn_pool_t *pool, uint64_t user,
    ptn_str_t *ret)
{
    ptn_rc_t                                    rc;
    uint64_t                                    id;
    ptn_buf_t                                   b;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, PTN_DIR_GROUPS_OF, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (int64_t) user);
    sqlite3_bind_int64(st, 2, PTN_GROUPS_MAX);
    ptn_buf_init(&b, pool);

    while ((rc = ptn_dir_db_row(st)) == PTN_OK) {
        id = (uint64_t) sqlite3_column_int64(st, 0);
        ptn_buf_add(&b, &id, sizeof(id));
    }

    if (rc != PTN_ENOTFOUND) {
        return rc;
    }

    *ret = ptn_str_make(b.data, b.len);

    return b.failed ? PTN_ENOMEM : PTN_OK;
}


/* Found by each handle look-up: kept with the other answers. */

ptn_rc_t
ptn_groups_of(ptn_directory_t *dir, ptn_pool_t *pool, uint64_t user,
    const uint64_t **ret_groups, uint32_t *ret_n)
{
    ptn_rc_t           rc;
    ptn_str_t          key, ids;
    ptn_rcpt_t         rcpt;
    const ptn_rcpt_t  *cached;

    key = ptn_str_make(&user, sizeof(user));
    cached = ptn_dir_cache_get(dir, PTN_DIR_CACHE_GROUPS, key);

    if (cached != NULL) {
        ids = cached->detail;

    } else {
        rc = ptn_groups_load(dir, pool, user, &ids);
        if (rc != PTN_OK) {
            return rc;
        }

        memset(&rcpt, 0, sizeof(ptn_rcpt_t));
        rcpt.detail = ids;
        ptn_dir_cache_put(dir, PTN_DIR_CACHE_GROUPS, key, &rcpt);
    }

    *ret_n = (uint32_t) (ids.len / sizeof(uint64_t));
    *ret_groups = NULL;

    if (*ret_n != 0) {
        *ret_groups = ptn_pmemdup(pool, ids.data, ids.len);
        if (*ret_groups == NULL) {
            return PTN_ENOMEM;
        }
    }

    return PTN_OK;
}
