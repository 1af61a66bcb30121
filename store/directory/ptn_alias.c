#include "ptn_dir_db.h"


ptn_rc_t
ptn_alias_add(ptn_directory_t *dir, ptn_str_t alias, ptn_str_t target)
{
    uint64_t                                    domain;
    ptn_rc_t                                    rc;
    ptn_dir_addr_t                              a, t;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    if (ptn_dir_addr_parse(alias, &a) != PTN_OK
        || ptn_dir_addr_parse(target, &t) != PTN_OK
        || ptn_str_eq(a.address, t.address))
    {
        return PTN_EINVAL;
    }

    rc = ptn_dir_db_begin(dir);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_domain_id(dir, a.domain, &domain, NULL);

    if (rc == PTN_OK) {
        rc = ptn_group_taken(dir, a.address);
    }

    if (rc == PTN_OK) {
        rc = ptn_dir_db_stmt(dir, PTN_DIR_ADDRESS_ADD, &st);
    }

    if (rc == PTN_OK) {
        ptn_dir_db_bind(st, 1, a.address);
        sqlite3_bind_int64(st, 2, (int64_t) domain);
        ptn_dir_db_bind(st, 4, t.address);
        rc = ptn_dir_db_run(st);
    }

    if (rc == PTN_OK) {
        rc = ptn_dir_words_add(dir, domain, a.address, ptn_str(""));
    }

    ptn_dir_db_done(&st);

    return ptn_dir_db_end(dir, rc);
}


ptn_rc_t
ptn_alias_set(ptn_directory_t *dir, ptn_str_t alias, ptn_str_t target)
{
    ptn_rc_t                                    rc;
    ptn_dir_addr_t                              a, t;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    if (ptn_dir_addr_parse(alias, &a) != PTN_OK) {
        return PTN_ENOTFOUND;
    }

    if (ptn_dir_addr_parse(target, &t) != PTN_OK
        || ptn_str_eq(a.address, t.address))
    {
        return PTN_EINVAL;
    }

    rc = ptn_dir_db_begin(dir);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_dir_db_stmt(dir, PTN_DIR_ALIAS_SET, &st);

    if (rc == PTN_OK) {
        ptn_dir_db_bind(st, 1, a.address);
        ptn_dir_db_bind(st, 2, t.address);
        rc = ptn_dir_db_run(st);
    }

    if (rc == PTN_OK && sqlite3_changes(dir->db) == 0) {
        rc = PTN_ENOTFOUND;
    }

    ptn_dir_db_done(&st);

    return ptn_dir_db_end(dir, rc);
}


ptn_rc_t
ptn_alias_delete(ptn_directory_t *dir, ptn_str_t alias)
{
    ptn_rc_t                                    rc;
    ptn_dir_addr_t                              a;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    if (ptn_dir_addr_parse(alias, &a) != PTN_OK) {
        return PTN_ENOTFOUND;
    }

    rc = ptn_dir_db_begin(dir);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_dir_db_stmt(dir, PTN_DIR_ALIAS_DELETE, &st);

    if (rc == PTN_OK) {
        ptn_dir_db_bind(st, 1, a.address);
        rc = ptn_dir_db_run(st);
    }

    if (rc == PTN_OK && sqlite3_changes(dir->db) == 0) {
        rc = PTN_ENOTFOUND;
    }

    if (rc == PTN_OK) {
        rc = ptn_dir_words_delete(dir, a.address);
    }

    ptn_dir_db_done(&st);

    return ptn_dir_db_end(dir, rc);
}


ptn_rc_t
ptn_alias_list(ptn_directory_t *dir, ptn_pool_t *pool, ptn_str_t domain,
    ptn_alias_t **ret_aliases, size_t *ret_n)
{
    uint64_t                                    id;
    ptn_rc_t                                    rc;
    ptn_buf_t                                   b;
    ptn_alias_t                                 alias;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_domain_listed(dir, domain, &id);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_dir_db_stmt(dir, id ? PTN_DIR_ALIAS_LIST_DOMAIN
                                 : PTN_DIR_ALIAS_LIST, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    if (id != 0) {
        sqlite3_bind_int64(st, 1, (int64_t) id);
    }

    ptn_buf_init(&b, pool);

    while ((rc = ptn_dir_db_row(st)) == PTN_OK) {

        alias.alias = ptn_dir_db_text(pool, st, 0);
        alias.target = ptn_dir_db_text(pool, st, 1);

        if (alias.alias.data == NULL || alias.target.data == NULL) {
            return PTN_ENOMEM;
        }

        ptn_buf_add(&b, &alias, sizeof(ptn_alias_t));
    }

    if (rc != PTN_ENOTFOUND) {
        return rc;
    }

    if (b.failed) {
        return PTN_ENOMEM;
    }

    *ret_aliases = (ptn_alias_t *) b.data;
    *ret_n = b.len / sizeof(ptn_alias_t);

    return PTN_OK;
}
