/*
 * The table of all messages of a mailbox that can be recovered, whatever the
 * folder that they were deleted from.
 */

#include <stdlib.h>

#include "ptn_table.h"


typedef struct {
    ptn_id_t  *ids;
    size_t     n;
    uint32_t   unread;
} ptn_recoverable_t;


static ptn_rc_t
ptn_recoverable_count(void *ctx, ptn_mbox_t *mb, uint32_t *ret_n)
{
    ptn_rc_t            rc;
    sqlite3_stmt       *st;
    ptn_recoverable_t  *t = ctx;

    t->n = 0;
    t->unread = 0;

    st = ptn_sql(mb, PTN_SQL_TABLE_RECOVERABLE, &rc);
    if (st == NULL) {
        return rc;
    }

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        if (!ptn_table_grow((void **) &t->ids, t->n, sizeof(ptn_id_t))) {
            sqlite3_reset(st);
            return PTN_ENOMEM;
        }

        t->ids[t->n++] = ptn_sql_u64(st, 0);
        t->unread += (ptn_sql_u64(st, 1) & PTN_FLAG_SEEN) == 0;
    }

    *ret_n = (uint32_t) t->n;

    return rc;
}


/* Nothing of one changes but that it comes and goes. */

static ptn_rc_t
ptn_recoverable_row(void *ctx, ptn_mbox_t *mb PTN_UNUSED, uint32_t i,
    ptn_id_t *ret_id, uint64_t *ret_state)
{
    const ptn_recoverable_t  *t = ctx;

    if (i >= t->n) {
        return PTN_EINTERNAL;
    }

    *ret_id = t->ids[i];
    *ret_state = 0;

    return PTN_OK;
}


static ptn_rc_t
ptn_recoverable_values(void *ctx, ptn_mbox_t *mb, ptn_pool_t *pool,
    uint32_t i, const uint32_t *tags, size_t n, ptn_str_t *ret_values)
{
    ptn_rc_t                  rc;
    ptn_msg_t                *msg;
    const ptn_recoverable_t  *t = ctx;

    if (i >= t->n) {
        return PTN_EINTERNAL;
    }

    if (n == 0) {
        return PTN_OK;
    }

    rc = ptn_gone_open(mb, pool, t->ids[i], &msg);

    return (rc == PTN_OK) ? ptn_msg_props(msg, tags, n, ret_values) : rc;
}


static void
ptn_recoverable_close(void *ctx)
{
    ptn_recoverable_t  *t = ctx;

    free(t->ids);
    free(t);
}


static const ptn_table_source_t  ptn_recoverable_source = {
    ptn_recoverable_count, ptn_recoverable_row, ptn_recoverable_values,
    ptn_recoverable_close
};


ptn_rc_t
ptn_table_open_recoverable(ptn_mbox_t *mb, uint32_t *ret_unread,
    ptn_table_t **ret_table)
{
    ptn_rc_t            rc;
    ptn_recoverable_t  *t;

    rc = ptn_mbox_set(mb);

    if (rc == PTN_OK) {
        rc = ptn_rights_full(mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    t = calloc(1, sizeof(ptn_recoverable_t));
    if (t == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_table_open_made(mb, &ptn_recoverable_source, t, ret_table);

    if (rc == PTN_OK && ret_unread != NULL) {
        *ret_unread = t->unread;
    }

    return rc;
}
