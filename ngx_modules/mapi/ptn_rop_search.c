#include "ptn_rop_data.h"


/* Search folders (MS-OXCFOLD 2.2.1.4, 2.2.1.5, 3.2.5.4, 3.2.5.5). */


/* ENOTFOUND; ecNotSearchFolder: it is none. */
static ptn_rc_t
ptn_rop_search_folder(ptn_rop_ctx_t *c, ptn_mbox_t **ret_mb)
{
    ptn_rc_t             rc;
    const ptn_folder_t  *folder;

    rc = ptn_rop_mbox(c, c->in->logon, ret_mb);

    if (rc == PTN_OK) {
        rc = ptn_folder_get(*ret_mb, ptn_rop_folder(c->in)->id, &folder);
    }

    if (rc == PTN_OK && !folder->search) {
        c->error = PTN_MAPI_NOT_SEARCH;
        return PTN_EINVAL;
    }

    return rc;
}


/* ---- set ---------------------------------------------------------------- */

/* What is kept is in Unicode, whatever the client speaks. */
static ptn_rc_t
ptn_rop_search_restriction(ptn_rop_ctx_t *c, ptn_str_t data,
    ptn_str_t *ret_data)
{
    ptn_rc_t          rc;
    ptn_buf_t         b;
    ptn_restrict_t   *r;
    ptn_wire_text_t   text;

    if (data.len == 0) {
        *ret_data = data;               /* as it was (R105) */
        return PTN_OK;
    }

    text = ptn_rop_text(c, c->in);
    rc = ptn_restrict_get(&text, data, &r);

    if (rc == PTN_OK) {
        ptn_buf_init(&b, c->pool);
        rc = ptn_restrict_put(&b, &text, true, r);
    }

    if (rc == PTN_OK) {
        *ret_data = ptn_buf_get(&b);
        return ptn_pool_failed(c->pool) ? PTN_ENOMEM : PTN_OK;
    }

    return (rc == PTN_ETRUNC || rc == PTN_EPARSE) ? PTN_EINVAL : rc;
}


static ptn_rc_t
ptn_rop_search_scope(ptn_rop_ctx_t *c, ptn_mbox_t *mb, const uint64_t *fids,
    size_t n, ptn_criteria_t *criteria)
{
    size_t     i;
    ptn_id_t  *ids;
    ptn_rc_t   rc;

    ids = ptn_parray(c->pool, n, sizeof(ptn_id_t));
    if (ids == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < n; i++) {
        rc = ptn_rop_fid_id(mb, fids[i], &ids[i]);
        if (rc != PTN_OK) {
            return rc;
        }

        if (ids[i] == ptn_rop_folder(c->in)->id) {      /* R1242 */
            c->error = PTN_MAPI_SEARCH_SCOPE;
            return PTN_EINVAL;
        }
    }

    criteria->folders = ids;
    criteria->n = n;

    return PTN_OK;
}


ptn_rc_t
ptn_rop_set_search_criteria(ptn_rop_ctx_t *c, void *req_,
    void *res PTN_UNUSED)
{
    ptn_rc_t                              rc;
    ptn_mbox_t                           *mb;
    ptn_criteria_t                        criteria;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };
    ptn_rop_set_search_criteria_req_t    *req = req_;

    memset(&criteria, 0, sizeof(criteria));
    criteria.flags = req->search_flags;
    rc = ptn_rop_search_folder(c, &mb);

    if (rc == PTN_OK) {
        rc = ptn_rop_search_restriction(c, req->restriction,
                                        &criteria.restriction);
    }

    if (rc == PTN_OK) {
        rc = ptn_rop_search_scope(c, mb, req->folder_ids, req->folder_count,
                                  &criteria);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_search_folder_set(&tx, ptn_rop_folder(c->in)->id, &criteria);
        c->error = rc == PTN_EUNAVAIL ? PTN_MAPI_NOT_INITIALIZED : 0;
    }

    if (rc == PTN_ESUPPORT || rc == PTN_ELIMIT) {
        c->error = PTN_MAPI_TOO_COMPLEX;                /* R572 */
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


/* ---- get ---------------------------------------------------------------- */

static ptn_rc_t
ptn_rop_search_tell(ptn_rop_ctx_t *c, bool unicode, ptn_str_t kept,
    ptn_str_t *ret_data)
{
    ptn_rc_t          rc;
    ptn_buf_t         b;
    ptn_restrict_t   *r;
    ptn_wire_text_t   text;

    text = ptn_rop_text(c, c->in);
    rc = ptn_restrict_get(&text, kept, &r);

    if (rc == PTN_OK) {
        ptn_buf_init(&b, c->pool);
        rc = ptn_restrict_put(&b, &text, unicode, r);
    }

    if (rc == PTN_OK) {
        *ret_data = ptn_buf_get(&b);
    }

    return rc != PTN_OK ? rc : ptn_pool_failed(c->pool) ? PTN_ENOMEM : PTN_OK;
}


ptn_rc_t
ptn_rop_get_search_criteria(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    size_t                              i;
    ptn_rc_t                            rc;
    uint64_t                           *fids;
    ptn_mbox_t                         *mb;
    ptn_criteria_t                      criteria;
    ptn_rop_get_search_criteria_req_t  *req = req_;
    ptn_rop_get_search_criteria_res_t  *res = res_;

    rc = ptn_rop_search_folder(c, &mb);

    if (rc == PTN_OK) {
        rc = ptn_search_folder_get(mb, c->pool, ptn_rop_folder(c->in)->id,
                                   &criteria);
        c->error = rc == PTN_EUNAVAIL ? PTN_MAPI_NOT_INITIALIZED : 0;
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (req->include_restriction) {
        rc = ptn_rop_search_tell(c, req->use_unicode != 0,
                                 criteria.restriction, &res->restriction);
    }

    if (rc == PTN_OK && req->include_folders) {
        fids = ptn_parray(c->pool, criteria.n, sizeof(uint64_t));
        rc = fids == NULL ? PTN_ENOMEM : PTN_OK;

        for (i = 0; i < criteria.n && rc == PTN_OK; i++) {
            rc = ptn_rop_fid(mb, criteria.folders[i], &fids[i]);
        }

        res->folder_count = (uint16_t) criteria.n;
        res->folder_ids = fids;
    }

    res->search_flags = criteria.flags;

    return rc;
}
