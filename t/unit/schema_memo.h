/*
 * A store makes a model of the schema when it opens its first mailbox, to know
 * that file by, and keeps the model's hash.  That is most of what opening it
 * costs: a test that opens hundreds of stores, one after the other, hands the
 * hashes on.  For tests that are not about the schema; include it before the
 * header whose stores it is for.
 */

#ifndef SCHEMA_MEMO_H
#define SCHEMA_MEMO_H


#include "ptn_mailbox.h"


typedef struct {
    uint32_t  known;
    u_char    hash[PTN_SCHEMA_VERSION + 1][32];
} schema_memo_t;


static inline schema_memo_t *
schema_memo(void)
{
    static schema_memo_t  memo;

    return &memo;
}


static inline ptn_rc_t
schema_memo_open(const ptn_store_opts_t *opts, ptn_store_t **ret)
{
    ptn_rc_t        rc;
    schema_memo_t  *memo;

    memo = schema_memo();
    rc = ptn_store_open(opts, ret);

    if (rc == PTN_OK) {
        memcpy((*ret)->schema, memo->hash, sizeof(memo->hash));
        (*ret)->schema_known = memo->known;
    }

    return rc;
}


static inline void
schema_memo_close(ptn_store_t *store)
{
    schema_memo_t  *memo;

    memo = schema_memo();

    if (store != NULL && (store->schema_known | memo->known) != memo->known) {
        memcpy(memo->hash, store->schema, sizeof(memo->hash));
        memo->known = store->schema_known;
    }

    ptn_store_close(store);
}


#define ptn_store_open(opts, ret)  schema_memo_open(opts, ret)
#define ptn_store_close(store)     schema_memo_close(store)


#endif /* SCHEMA_MEMO_H */
