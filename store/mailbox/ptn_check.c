/*
 * ptn_mbox_check(): every invariant of ptn_schema.c.
 */

#include "ptn_mailbox.h"


ptn_rc_t
ptn_mbox_check(ptn_store_t *store, const ptn_user_t *user,
    bool repair PTN_UNUSED,
    void (*report)(void *ctx, const char *line) PTN_UNUSED,
    void *ctx PTN_UNUSED)
{
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    rc = ptn_mbox_open(store, user, NULL, &mb);

    return (rc == PTN_OK) ? PTN_ESUPPORT : rc;
}
