/*
 * IMAP keywords: the names of a mailbox's 64 bits.
 */

#include "ptn_mailbox.h"


ptn_rc_t
ptn_keyword_load(ptn_mbox_t *mb, ptn_set_t *set)
{
    ptn_rc_t       rc;
    uint64_t       bit;
    sqlite3_stmt  *st;

    set->keywords = ptn_pcalloc(set->pool, 64 * sizeof(ptn_str_t));
    if (set->keywords == NULL) {
        return PTN_ENOMEM;
    }

    st = ptn_sql(mb, PTN_SQL_KEYWORD_LIST, &rc);
    if (st == NULL) {
        return rc;
    }

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        bit = ptn_sql_u64(st, 0);

        if (bit < 64) {
            set->keywords[bit] = ptn_str_dup(set->pool, ptn_sql_column(st, 1));
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


ptn_rc_t
ptn_keyword_add(ptn_txn_t *tx, ptn_str_t name, unsigned *ret_bit)
{
    unsigned       i, bit;
    ptn_rc_t       rc;
    ptn_str_t     *names, copy;
    sqlite3_stmt  *st;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(tx->mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (name.len == 0 || name.len > 255) {
        return PTN_EINVAL;
    }

    names = tx->mb->set->keywords;
    bit = 64;

    for (i = 0; i < 64; i++) {
        if (names[i].len == 0) {
            bit = ptn_min(bit, i);

        } else if (ptn_str_ieq(names[i], name)) {
            *ret_bit = i;
            return PTN_OK;
        }
    }

    if (bit == 64) {
        return PTN_ELIMIT;
    }

    copy = ptn_str_dup(tx->mb->set->pool, name);
    if (copy.data == NULL) {
        return PTN_ENOMEM;
    }

    st = ptn_sql(tx->mb, PTN_SQL_KEYWORD_ADD, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, bit);
    ptn_sql_text(st, 2, name);

    rc = ptn_sql_step(tx->mb, st);
    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    tx->mb->meta.dirty = true;
    names[bit] = copy;
    *ret_bit = bit;

    return PTN_OK;
}
