#include "ptn_dir_db.h"


ptn_rc_t
ptn_domain_id(ptn_directory_t *dir, ptn_str_t name, uint64_t *ret_id,
    bool *ret_disabled)
{
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, PTN_DIR_DOMAIN_GET, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_dir_db_bind(st, 1, name);

    rc = ptn_dir_db_row(st);
    if (rc != PTN_OK) {
        return rc;
    }

    *ret_id = (uint64_t) sqlite3_column_int64(st, 0);

    if (ret_disabled != NULL) {
        *ret_disabled = sqlite3_column_int(st, 2) != 0;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_domain_listed(ptn_directory_t *dir, ptn_str_t name, uint64_t *ret_id)
{
    ptn_dir_addr_t  a;

    *ret_id = 0;

    if (name.len == 0) {
        return PTN_OK;
    }

    return (ptn_dir_domain_parse(name, &a) == PTN_OK)
           ? ptn_domain_id(dir, a.domain, ret_id, NULL) : PTN_ENOTFOUND;
}


ptn_rc_t
ptn_domain_add(ptn_directory_t *dir, ptn_str_t name)
{
    ptn_rc_t                                    rc;
    ptn_dir_addr_t                              a;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_domain_parse(name, &a);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_dir_db_begin(dir);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_dir_db_stmt(dir, PTN_DIR_DOMAIN_ADD, &st);

    if (rc == PTN_OK) {
        ptn_dir_db_bind(st, 1, a.domain);
        rc = ptn_dir_db_run(st);
    }

    ptn_dir_db_done(&st);

    return ptn_dir_db_end(dir, rc);
}


static ptn_rc_t
ptn_domain_row(ptn_pool_t *pool, sqlite3_stmt *st, ptn_domain_t *ret)
{
    ret->id = (uint64_t) sqlite3_column_int64(st, 0);
    ret->name = ptn_dir_db_text(pool, st, 1);
    ret->disabled = sqlite3_column_int(st, 2) != 0;

    return (ret->name.data == NULL) ? PTN_ENOMEM : PTN_OK;
}


ptn_rc_t
ptn_domain_get(ptn_directory_t *dir, ptn_pool_t *pool, ptn_str_t name,
    ptn_domain_t *ret_domain)
{
    ptn_rc_t                                    rc;
    ptn_domain_t                                domain;
    ptn_dir_addr_t                              a;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    if (ptn_dir_domain_parse(name, &a) != PTN_OK) {
        return PTN_ENOTFOUND;
    }

    rc = ptn_dir_db_stmt(dir, PTN_DIR_DOMAIN_GET, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_dir_db_bind(st, 1, a.domain);

    rc = ptn_dir_db_row(st);

    if (rc == PTN_OK) {
        rc = ptn_domain_row(pool, st, &domain);
    }

    if (rc == PTN_OK) {
        *ret_domain = domain;
    }

    return rc;
}


ptn_rc_t
ptn_domain_list(ptn_directory_t *dir, ptn_pool_t *pool,
    ptn_domain_t **ret_domains, size_t *ret_n)
{
    ptn_rc_t                                    rc;
    ptn_buf_t                                   b;
    ptn_domain_t                                domain;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, PTN_DIR_DOMAIN_LIST, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_buf_init(&b, pool);

    while ((rc = ptn_dir_db_row(st)) == PTN_OK) {

        rc = ptn_domain_row(pool, st, &domain);
        if (rc != PTN_OK) {
            return rc;
        }

        ptn_buf_add(&b, &domain, sizeof(ptn_domain_t));
    }

    if (rc != PTN_ENOTFOUND) {
        return rc;
    }

    if (b.failed) {
        return PTN_ENOMEM;
    }

    *ret_domains = (ptn_domain_t *) b.data;
    *ret_n = b.len / sizeof(ptn_domain_t);

    return PTN_OK;
}


/* Runs `id` with the domain's id as ?1 and `n` as ?2. */

static ptn_rc_t
ptn_domain_run(ptn_directory_t *dir, ptn_dir_stmt_e id, uint64_t domain,
    uint64_t n)
{
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, id, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (int64_t) domain);

    if (sqlite3_bind_parameter_count(st) > 1) {
        sqlite3_bind_int64(st, 2, (int64_t) n);
    }

    return ptn_dir_db_run(st);
}


ptn_rc_t
ptn_domain_set_disabled(ptn_directory_t *dir, ptn_str_t name, bool disabled)
{
    uint64_t        id, generation;
    ptn_rc_t        rc;
    ptn_dir_addr_t  a;

    if (ptn_dir_domain_parse(name, &a) != PTN_OK) {
        return PTN_ENOTFOUND;
    }

    rc = ptn_dir_db_begin(dir);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_domain_id(dir, a.domain, &id, NULL);

    if (rc == PTN_OK) {
        rc = ptn_domain_run(dir, PTN_DIR_DOMAIN_DISABLE, id, disabled);
    }

    /* who is signed in must sign in again */

    if (rc == PTN_OK) {
        rc = ptn_dir_db_generation(dir, &generation);
    }

    if (rc == PTN_OK) {
        rc = ptn_domain_run(dir, PTN_DIR_DOMAIN_TOUCH, id, generation);
    }

    return ptn_dir_db_end(dir, rc);
}


static ptn_rc_t
ptn_domain_unused(ptn_directory_t *dir, uint64_t id)
{
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, PTN_DIR_DOMAIN_USED, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (int64_t) id);

    rc = ptn_dir_db_row(st);

    if (rc == PTN_ENOTFOUND) {
        return PTN_OK;
    }

    return (rc == PTN_OK) ? PTN_ENOTEMPTY : rc;
}


ptn_rc_t
ptn_domain_delete(ptn_directory_t *dir, ptn_str_t name)
{
    uint64_t        id;
    ptn_rc_t        rc;
    ptn_dir_addr_t  a;

    if (ptn_dir_domain_parse(name, &a) != PTN_OK) {
        return PTN_ENOTFOUND;
    }

    rc = ptn_dir_db_begin(dir);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_domain_id(dir, a.domain, &id, NULL);

    if (rc == PTN_OK) {
        rc = ptn_domain_unused(dir, id);
    }

    if (rc == PTN_OK) {
        rc = ptn_domain_run(dir, PTN_DIR_DOMAIN_DELETE, id, 0);
    }

    return ptn_dir_db_end(dir, rc);
}
