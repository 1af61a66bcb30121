#include <stdlib.h>

#include "ptn_ews_search.h"


/*
 * recoverableitemsroot and what is below it (MS-OXWSFOLD 2.2.5.3,
 * t:DistinguishedFolderIdNameType): no folders of the store.  Deletions shows
 * what can be recovered of all folders, Versions and Purges are kept for holds
 * alone, so that they are empty here.  Their ids are below those that a store
 * gives, and none of its special folders'.
 */

#define PTN_EWS_R_ROOT       0xf0
#define PTN_EWS_R_DELETIONS  0xf1
#define PTN_EWS_R_VERSIONS   0xf2
#define PTN_EWS_R_PURGES     0xf3

static const struct {
    const char  *distinguished;
    const char  *name;
    ptn_id_t     id;
} ptn_ews_recoverables[] = {
    { "recoverableitemsroot", "Recoverable Items", PTN_EWS_R_ROOT },
    { "recoverableitemsdeletions", "Deletions", PTN_EWS_R_DELETIONS },
    { "recoverableitemspurges", "Purges", PTN_EWS_R_PURGES },
    { "recoverableitemsversions", "Versions", PTN_EWS_R_VERSIONS },
};

_Static_assert(PTN_FOLDER_MAX <= PTN_EWS_R_ROOT, "ids of special folders");


bool
ptn_ews_recoverable(ptn_id_t folder)
{
    return folder >= PTN_EWS_R_ROOT && folder <= PTN_EWS_R_PURGES;
}


bool
ptn_ews_recoverable_items(ptn_id_t folder)
{
    return folder == PTN_EWS_R_DELETIONS;
}


ptn_id_t
ptn_ews_recoverable_id(ptn_str_t distinguished)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_ews_recoverables); i++) {
        if (ptn_str_eqz(distinguished, ptn_ews_recoverables[i].distinguished))
        {
            return ptn_ews_recoverables[i].id;
        }
    }

    return 0;
}


const char *
ptn_ews_recoverable_name(ptn_id_t folder)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_ews_recoverables); i++) {
        if (ptn_ews_recoverables[i].id == folder) {
            return ptn_ews_recoverables[i].distinguished;
        }
    }

    return NULL;
}


ptn_rc_t
ptn_ews_recoverable_folder(ptn_ews_t *e, ptn_ews_box_t *box, ptn_id_t id,
    const ptn_folder_t **ret_folder)
{
    size_t               i;
    ptn_rc_t             rc;
    uint32_t             unread;
    ptn_table_t         *table;
    ptn_folder_t        *f;
    const ptn_folder_t  *root;

    f = ptn_pcalloc(e->pool, sizeof(ptn_folder_t));
    if (f == NULL) {
        return PTN_ENOMEM;
    }

    /* full access; nothing of it is counted anywhere */

    rc = ptn_table_open_recoverable(box->mb, &unread, &table);
    if (rc != PTN_OK) {
        return rc;
    }

    if (id == PTN_EWS_R_DELETIONS) {
        f->total = ptn_table_count(table);
        f->unread = unread;
    }

    ptn_table_close(table);

    rc = ptn_folder_special(box->mb, PTN_FOLDER_ROOT, &root);
    if (rc != PTN_OK) {
        return rc;
    }

    for (i = 0; i < ptn_nelts(ptn_ews_recoverables); i++) {
        if (ptn_ews_recoverables[i].id == id) {
            f->name = ptn_str_z(ptn_ews_recoverables[i].name);
        }
    }

    f->id = id;
    f->parent = (id == PTN_EWS_R_ROOT) ? root->id : PTN_EWS_R_ROOT;
    f->cn = root->cn;
    *ret_folder = f;

    return PTN_OK;
}


ptn_rc_t
ptn_ews_recoverable_below(ptn_ews_t *e, ptn_ews_box_t *box, ptn_id_t root,
    const ptn_folder_t ***ret, size_t *ret_n)
{
    size_t                i, n;
    ptn_rc_t              rc;
    const ptn_folder_t  **list;

    list = ptn_parray(e->pool, ptn_nelts(ptn_ews_recoverables),
                      sizeof(ptn_folder_t *));
    if (list == NULL) {
        return PTN_ENOMEM;
    }

    n = 0;

    for (i = 0; root == PTN_EWS_R_ROOT && i < ptn_nelts(ptn_ews_recoverables);
         i++)
    {
        if (ptn_ews_recoverables[i].id == root) {
            continue;
        }

        rc = ptn_ews_recoverable_folder(e, box, ptn_ews_recoverables[i].id,
                                        &list[n++]);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    *ret = list;
    *ret_n = n;

    return PTN_OK;
}


uint32_t
ptn_ews_recoverable_children(ptn_id_t folder)
{
    return folder == PTN_EWS_R_ROOT ? ptn_nelts(ptn_ews_recoverables) - 1 : 0;
}


/* Items come and go by being deleted and recovered: nothing can be made. */

void
ptn_ews_recoverable_rights(ptn_ews_t *e)
{
    ptn_ews_lit(&e->out, "<t:EffectiveRights>"
                "<t:CreateAssociated>false</t:CreateAssociated>"
                "<t:CreateContents>false</t:CreateContents>"
                "<t:CreateHierarchy>false</t:CreateHierarchy>"
                "<t:Delete>false</t:Delete><t:Modify>false</t:Modify>"
                "<t:Read>true</t:Read>");

    if (e->version >= PTN_EWS_2010_SP1) {
        ptn_ews_elem_z(&e->out, "t:ViewPrivateItems", "true");
    }

    ptn_ews_lit(&e->out, "</t:EffectiveRights>");
}


/* --- tables --------------------------------------------------------------- */

static ptn_rc_t
ptn_ews_nothing_count(void *ctx PTN_UNUSED, ptn_mbox_t *mb PTN_UNUSED,
    uint32_t *ret_n)
{
    *ret_n = 0;

    return PTN_OK;
}


static ptn_rc_t
ptn_ews_nothing_row(void *ctx PTN_UNUSED, ptn_mbox_t *mb PTN_UNUSED,
    uint32_t i PTN_UNUSED, ptn_id_t *ret_id PTN_UNUSED,
    uint64_t *ret_state PTN_UNUSED)
{
    return PTN_EINTERNAL;
}


static ptn_rc_t
ptn_ews_nothing_values(void *ctx PTN_UNUSED, ptn_mbox_t *mb PTN_UNUSED,
    ptn_pool_t *pool PTN_UNUSED, uint32_t i PTN_UNUSED,
    const uint32_t *tags PTN_UNUSED, size_t n PTN_UNUSED,
    ptn_str_t *ret_values PTN_UNUSED)
{
    return PTN_EINTERNAL;
}


static const ptn_table_source_t  ptn_ews_nothing = {
    ptn_ews_nothing_count, ptn_ews_nothing_row, ptn_ews_nothing_values, NULL
};


ptn_rc_t
ptn_ews_recoverable_table(ptn_ews_box_t *box, ptn_id_t folder,
    ptn_str_t traversal, ptn_table_t **ret_table)
{
    return folder == PTN_EWS_R_DELETIONS && ptn_str_eqz(traversal, "Shallow")
           ? ptn_table_open_recoverable(box->mb, NULL, ret_table)
           : ptn_table_open_made(box->mb, &ptn_ews_nothing, NULL, ret_table);
}
