/*
 * IMAP keywords: the names of a mailbox's 64 bits, and the categories that
 * they stand for (ptn_category.h).
 */

#include "ptn_category.h"


static void
ptn_keyword_know(ptn_set_t *set, unsigned bit, ptn_str_t name,
    ptn_str_t category)
{
    set->keywords[bit] = ptn_str_dup(set->pool, name);
    set->categories[bit] = ptn_category_of(set->pool, name, category);

    if (set->categories[bit].len != 0) {
        set->categories_mask |= 1ULL << bit;
    }
}


ptn_rc_t
ptn_keyword_load(ptn_mbox_t *mb, ptn_set_t *set)
{
    ptn_rc_t       rc;
    uint64_t       bit;
    sqlite3_stmt  *st;

    set->keywords = ptn_pcalloc(set->pool, 64 * sizeof(ptn_str_t));
    set->categories = ptn_pcalloc(set->pool, 64 * sizeof(ptn_str_t));

    if (set->keywords == NULL || set->categories == NULL) {
        return PTN_ENOMEM;
    }

    st = ptn_sql(mb, PTN_SQL_KEYWORD_LIST, &rc);
    if (st == NULL) {
        return rc;
    }

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        bit = ptn_sql_u64(st, 0);

        if (bit < 64) {
            ptn_keyword_know(set, (unsigned) bit, ptn_sql_column(st, 1),
                             ptn_sql_column(st, 2));
        }
    }

    return (rc == PTN_OK && ptn_pool_failed(set->pool)) ? PTN_ENOMEM : rc;
}


ptn_rc_t
ptn_keyword_names(ptn_mbox_t *mb, const ptn_str_t **ret_names)
{
    ptn_rc_t  rc;

    rc = ptn_mbox_set(mb);

    if (rc == PTN_OK) {
        *ret_names = mb->set->keywords;
    }

    return rc;
}


static ptn_rc_t
ptn_keyword_insert(ptn_mbox_t *mb, unsigned bit, ptn_str_t name,
    ptn_str_t category)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_KEYWORD_ADD, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, bit);
    ptn_sql_text(st, 2, name);

    if (category.len != 0) {
        ptn_sql_text(st, 3, category);

    } else {
        sqlite3_bind_null(st, 3);
    }

    rc = ptn_sql_step(mb, st);
    sqlite3_clear_bindings(st);

    return rc;
}


/*
 * The bit of `name`, made where there is none, for `category` (empty: the name
 * itself).  EEXIST: the name is there, and stands for something else.
 */

ptn_rc_t
ptn_keyword_make(ptn_txn_t *tx, ptn_str_t name, ptn_str_t category,
    unsigned *ret_bit)
{
    unsigned     i, bit;
    ptn_rc_t     rc;
    uint16_t     id;
    ptn_set_t   *set;

    static const ptn_named_t  named = {
        { { 0x29, 0x03, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46 } },
        true, 0, ptn_string("Keywords")
    };

    set = tx->mb->set;
    bit = 64;

    for (i = 0; i < 64; i++) {
        if (set->keywords[i].len == 0) {
            bit = ptn_min(bit, i);

        } else if (ptn_str_ieq(set->keywords[i], name)) {
            if (category.len != 0 && !ptn_str_eq(set->categories[i], category))
            {
                return PTN_EEXIST;
            }

            *ret_bit = i;
            return PTN_OK;
        }
    }

    if (bit == 64) {
        return PTN_ELIMIT;
    }

    rc = ptn_keyword_insert(tx->mb, bit, name, category);
    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    tx->mb->meta.dirty = true;
    ptn_keyword_know(set, bit, name, category);

    if (ptn_pool_failed(set->pool)) {
        return ptn_txn_poison(tx, PTN_ENOMEM);
    }

    *ret_bit = bit;

    /* who asks for categories by name finds the property (ELIMIT: there are
     * too many names; then nobody can) */

    if (set->categories[bit].len != 0 && ptn_category_tag(tx->mb) == 0) {
        rc = ptn_named_ids(tx->mb, tx, &named, 1, &id);

        if (rc != PTN_OK && rc != PTN_ELIMIT) {
            return rc;
        }
    }

    return PTN_OK;
}


ptn_rc_t
ptn_keyword_add(ptn_txn_t *tx, ptn_str_t name, unsigned *ret_bit)
{
    ptn_rc_t  rc;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(tx->mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_rights_any(tx->mb, PTN_RIGHTS_WRITE);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (name.len == 0 || name.len > 255) {
        return PTN_EINVAL;
    }

    return ptn_keyword_make(tx, name, ptn_str_make(NULL, 0), ret_bit);
}
