#include <unistd.h>

#include "ptn_mailbox.h"


#define PTN_CHORE_TRY  500              /* microseconds between two tries */


/*
 * Whoever writes has more to do, but what was made ready for the lock shall not
 * be made again because of it: some tries, between two of his batches.
 */

static ptn_rc_t
ptn_chore_begin(ptn_txn_t *tx, ptn_mbox_t *mb, unsigned tries)
{
    ptn_rc_t  rc;
    unsigned  i;

    for (i = 0; ; i++) {
        mb->no_wait = true;
        rc = ptn_txn_begin(tx, mb);
        mb->no_wait = false;

        if (rc != PTN_EBUSY || i == tries) {
            return rc;
        }

        usleep(PTN_CHORE_TRY);
    }
}


ptn_rc_t
ptn_chore_run(ptn_mbox_t *mb, unsigned tries,
    ptn_rc_t (*f)(ptn_txn_t *tx, void *ctx), void *ctx)
{
    ptn_rc_t                              rc;
    ptn_store_t                          *store;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_chore_begin(&tx, mb, tries);

    if (rc != PTN_OK) {
        return rc;
    }

    store = mb->store;

    if (store->held != NULL) {
        store->held(store->ctx, true);
    }

    rc = ptn_batch_end(mb, &tx, f(&tx, ctx));

    if (store->held != NULL) {
        store->held(store->ctx, false);
    }

    return rc;
}
