/*
 * Rights on folders (MS-OXCPERM).  Who opened the mailbox so far is the
 * system, its owner, or somebody with full access: ptn_mbox_open() lets nobody
 * else in.
 */

#include "ptn_mailbox.h"


ptn_rc_t
ptn_rights_get(ptn_mbox_t *mb, ptn_id_t folder, uint32_t *ret_rights)
{
    ptn_rc_t       rc;
    ptn_folder_t  *f;

    rc = ptn_folder_of(mb, folder, &f);
    if (rc != PTN_OK) {
        return rc;
    }

    *ret_rights = PTN_RIGHT_ALL;

    return PTN_OK;
}


ptn_rc_t
ptn_rights_need(ptn_mbox_t *mb, ptn_id_t folder, uint32_t need)
{
    uint32_t  rights;
    ptn_rc_t  rc;

    rc = ptn_rights_get(mb, folder, &rights);

    if (rc == PTN_OK && (rights & need) != need) {
        rc = (rights == 0) ? PTN_ENOTFOUND : PTN_EDENIED;
    }

    return rc;
}
