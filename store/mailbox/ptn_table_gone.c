/*
 * Tables of the subfolders that can be recovered (MS-OXCFOLD 2.2.1.13.1,
 * SoftDeletes).
 */

#include <stdlib.h>

#include "ptn_eid.h"
#include "ptn_table.h"


typedef struct {
    ptn_id_t            parent;
    ptn_pool_t         *pool;           /* of the list as it was last read */
    ptn_gone_folder_t  *folders;
    size_t              n;
} ptn_gone_table_t;


static ptn_rc_t
ptn_gone_table_count(void *ctx, ptn_mbox_t *mb, uint32_t *ret_n)
{
    ptn_rc_t           rc;
    ptn_gone_table_t  *t = ctx;

    ptn_pool_destroy(t->pool);
    t->n = 0;

    t->pool = ptn_pool_create(0, NULL);
    if (t->pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_gone_folders(mb, t->pool, t->parent, &t->folders, &t->n);
    *ret_n = (uint32_t) t->n;

    return rc;
}


/* Nothing of one changes but that it comes and goes. */

static ptn_rc_t
ptn_gone_table_row(void *ctx, ptn_mbox_t *mb PTN_UNUSED, uint32_t i,
    ptn_id_t *ret_id, uint64_t *ret_state)
{
    const ptn_gone_table_t  *t = ctx;

    if (i >= t->n) {
        return PTN_EINTERNAL;
    }

    *ret_id = t->folders[i].id;
    *ret_state = (uint64_t) t->folders[i].deleted;

    return PTN_OK;
}


static ptn_str_t
ptn_gone_table_number(ptn_pool_t *pool, uint64_t v, size_t len)
{
    size_t   i;
    u_char  *p;

    p = ptn_palloc(pool, len);
    if (p == NULL) {
        return ptn_str_make(NULL, 0);
    }

    for (i = 0; i < len; i++) {
        p[i] = (u_char) (v >> (8 * i));
    }

    return ptn_str_make(p, len);
}


static ptn_str_t
ptn_gone_table_fid(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id, bool entry)
{
    u_char      *p;
    uint16_t     replid;
    ptn_guid_t   guid;

    if (ptn_mbox_replica(mb, id, &replid, &guid) != PTN_OK) {
        return ptn_str_make(NULL, 0);
    }

    if (!entry) {
        return ptn_gone_table_number(pool, ptn_eid_fid(replid, id), 8);
    }

    p = ptn_palloc(pool, PTN_EID_FOLDER_LEN);

    if (p != NULL) {
        ptn_eid_folder(ptn_mbox_provider(mb), guid, id, p);
    }

    return ptn_str_make(p, p ? PTN_EID_FOLDER_LEN : 0);
}


static ptn_str_t
ptn_gone_table_value(ptn_mbox_t *mb, ptn_pool_t *pool,
    const ptn_gone_folder_t *f, uint32_t tag)
{
    switch (tag) {

    case PTN_PR_FOLDER_ID:
        return ptn_gone_table_fid(mb, pool, f->id, false);

    case PTN_PR_PARENT_FOLDER_ID:
        return ptn_gone_table_fid(mb, pool, f->parent, false);

    case PTN_PR_ENTRYID:
        return ptn_gone_table_fid(mb, pool, f->id, true);

    case PTN_PR_PARENT_ENTRYID:
        return ptn_gone_table_fid(mb, pool, f->parent, true);

    case PTN_PR_DISPLAY_NAME:
        return f->name;

    case PTN_PR_CONTAINER_CLASS:
        return f->cls;

    case PTN_PR_CONTENT_COUNT:
        return ptn_gone_table_number(pool, f->total, 4);

    case PTN_PR_CONTENT_UNREAD:
        return ptn_gone_table_number(pool, f->unread, 4);

    case PTN_PR_MESSAGE_SIZE:
        return ptn_gone_table_number(pool, ptn_min(f->size, INT32_MAX), 4);

    case PTN_PR_MESSAGE_SIZE_EXTENDED:
        return ptn_gone_table_number(pool, f->size, 8);

    case PTN_PR_FOLDER_TYPE:
    case PTN_PR_DEPTH:
        return ptn_gone_table_number(pool, 1, 4);

    case PTN_PR_DELETED_ON:
        return ptn_gone_table_number(pool, (uint64_t) ptn_filetime(f->deleted),
                                     8);

    case PTN_PR_ROW_TYPE:
        return ptn_gone_table_number(pool, PTN_ROW_LEAF, 4);

    default:
        return ptn_str_make(NULL, 0);
    }
}


static ptn_rc_t
ptn_gone_table_values(void *ctx, ptn_mbox_t *mb, ptn_pool_t *pool,
    uint32_t i, const uint32_t *tags, size_t n, ptn_str_t *ret_values)
{
    size_t                   k;
    const ptn_gone_table_t  *t = ctx;

    if (i >= t->n) {
        return PTN_EINTERNAL;
    }

    for (k = 0; k < n; k++) {
        ret_values[k] = ptn_gone_table_value(mb, pool, &t->folders[i],
                                             tags[k]);
    }

    return ptn_pool_failed(pool) ? PTN_ENOMEM : PTN_OK;
}


static void
ptn_gone_table_close(void *ctx)
{
    ptn_gone_table_t  *t = ctx;

    ptn_pool_destroy(t->pool);
    free(t);
}


static const ptn_table_source_t  ptn_gone_table_source = {
    ptn_gone_table_count, ptn_gone_table_row, ptn_gone_table_values,
    ptn_gone_table_close
};


ptn_rc_t
ptn_table_open_gone(ptn_mbox_t *mb, ptn_id_t folder, ptn_table_t **ret_table)
{
    ptn_rc_t           rc;
    ptn_gone_table_t  *t;

    rc = ptn_rights_need(mb, folder, PTN_RIGHT_VISIBLE);
    if (rc != PTN_OK) {
        return rc;
    }

    t = calloc(1, sizeof(ptn_gone_table_t));
    if (t == NULL) {
        return PTN_ENOMEM;
    }

    t->parent = folder;

    return ptn_table_open_made(mb, &ptn_gone_table_source, t, ret_table);
}
