#include "ptn_rop_data.h"


/* Tables: bookmarks, FindRow, categories (MS-OXCTABL 3.2.5). */


#define PTN_FIND_BACKWARD          0x01     /* 2.2.2.14.1 */


/* --- bookmarks ----------------------------------------------------------- */

static uint32_t
ptn_rop_mark_number(ptn_str_t bookmark)
{
    return bookmark.len == 4 ? ptn_le32(bookmark.data) : 0;
}


static ptn_rc_t
ptn_rop_mark_name(ptn_rop_ctx_t *c, uint32_t n, ptn_str_t *ret)
{
    u_char  *p;

    p = ptn_palloc(c->pool, 4);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    ptn_put_le32(p, n);
    *ret = ptn_str_make(p, 4);

    return PTN_OK;
}


ptn_rc_t
ptn_rop_create_bookmark(ptn_rop_ctx_t *c, void *req PTN_UNUSED, void *res_)
{
    ptn_rc_t             rc;
    uint32_t             n;
    ptn_rop_table_t     *t;
    ptn_rop_bookmark_t  *res = res_;

    t = ptn_rop_table(c->in);

    if (t->table == NULL) {
        return PTN_ESUPPORT;            /* R529 */
    }

    rc = ptn_rop_table_fresh(c, c->in);

    if (rc == PTN_OK) {
        rc = ptn_table_mark(t->table, ptn_table_position(t->table), &n);
    }

    if (rc == PTN_ELIMIT) {
        return PTN_ENOMEM;
    }

    return rc == PTN_OK ? ptn_rop_mark_name(c, n, &res->bookmark) : rc;
}


ptn_rc_t
ptn_rop_free_bookmark(ptn_rop_ctx_t *c, void *req_, void *res PTN_UNUSED)
{
    ptn_rop_table_t     *t;
    ptn_rop_bookmark_t  *req = req_;

    t = ptn_rop_table(c->in);

    if (t->table == NULL) {
        return PTN_ESUPPORT;
    }

    if (ptn_table_mark_free(t->table, ptn_rop_mark_number(req->bookmark))
        != PTN_OK)
    {
        c->error = PTN_MAPI_BAD_BOOKMARK;
        return PTN_EINVAL;
    }

    return PTN_OK;
}


/* Where a bookmark is now; `gone`: its row is not. */
static ptn_rc_t
ptn_rop_mark_row(ptn_rop_ctx_t *c, ptn_str_t bookmark, uint32_t *ret_row,
    bool *ret_gone)
{
    ptn_rop_table_t  *t;

    t = ptn_rop_table(c->in);

    if (t->table == NULL) {
        return PTN_ESUPPORT;
    }

    if (ptn_table_mark_row(t->table, ptn_rop_mark_number(bookmark), ret_row,
                           ret_gone) != PTN_OK)
    {
        c->error = PTN_MAPI_BAD_BOOKMARK;
        return PTN_EINVAL;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_rop_seek_row_bookmark(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    bool                             gone;
    uint32_t                         row;
    ptn_rc_t                         rc;
    ptn_rop_seek_row_bookmark_req_t *req = req_;
    ptn_rop_seek_row_bookmark_res_t *res = res_;

    rc = ptn_rop_table_ready(c);

    if (rc == PTN_OK) {
        rc = ptn_rop_mark_row(c, req->bookmark, &row, &gone);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    res->row_no_longer_visible = gone;
    ptn_rop_table_move(c, row, req->row_count, &res->has_sought_less,
                       &res->rows_sought);

    if (!req->want_row_moved_count) {
        res->has_sought_less = 0;
        res->rows_sought = 0;
    }

    return PTN_OK;
}


/* --- find ---------------------------------------------------------------- */

static ptn_rc_t
ptn_rop_find_from(ptn_rop_ctx_t *c, const ptn_rop_find_row_req_t *req,
    uint32_t count, uint32_t *ret_row, bool *ret_gone)
{
    *ret_gone = false;

    switch (req->origin) {

    case PTN_ROP_BEGINNING:
        *ret_row = 0;
        return PTN_OK;

    case PTN_ROP_CURRENT:
        *ret_row = ptn_min(ptn_rop_table_position(c->in), count);
        return PTN_OK;

    case PTN_ROP_END:
        *ret_row = count;
        return PTN_OK;

    case PTN_ROP_CUSTOM:
        return ptn_rop_mark_row(c, req->bookmark, ret_row, ret_gone);

    default:
        c->error = PTN_MAPI_BAD_BOOKMARK;
        return PTN_EINVAL;
    }
}


ptn_rc_t
ptn_rop_find_row(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    bool                    gone, backward;
    uint32_t                from, to, count, row, n;
    ptn_rc_t                rc;
    ptn_buf_t               out;
    ptn_rop_find_row_req_t *req = req_;
    ptn_rop_find_row_res_t *res = res_;

    if (ptn_rop_table(c->in)->table == NULL) {
        return PTN_ESUPPORT;            /* R544 */
    }

    rc = ptn_rop_table_ready(c);
    if (rc != PTN_OK) {
        return rc;
    }

    backward = req->flags & PTN_FIND_BACKWARD;
    count = ptn_rop_table_count(c, c->in);

    rc = ptn_rop_find_from(c, req, count, &from, &gone);
    if (rc != PTN_OK) {
        return rc;
    }

    to = backward ? ptn_min(from + 1, count) : count;
    from = backward ? 0 : from;

    rc = ptn_rop_table_search(c, c->in, req->restriction, from, to, backward,
                              &row);

    if (rc == PTN_ETRUNC || rc == PTN_EPARSE) {
        return PTN_EINVAL;
    }

    if (rc == PTN_ESUPPORT || rc == PTN_ELIMIT) {
        c->error = PTN_MAPI_TOO_COMPLEX;
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (row == to) {
        return PTN_ENOTFOUND;           /* R536 */
    }

    ptn_buf_init(&out, c->pool);

    rc = ptn_rop_table_rows(c, c->in, row, 1, c->room > 2 ? c->room - 2 : 0,
                            &out, &n);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_rop_table_seek(c->in, row);

    res->row_no_longer_visible = gone;
    res->has_row_data = n == 1;
    res->row = ptn_buf_get(&out);

    return PTN_OK;
}


/* --- categories ---------------------------------------------------------- */

/* Only a table that is sorted into categories has rows of them. */
static ptn_rc_t
ptn_rop_category(ptn_rop_ctx_t *c, ptn_mbox_t **ret_mbox)
{
    ptn_rc_t          rc;
    ptn_rop_table_t  *t;

    t = ptn_rop_table(c->in);

    if (t->table == NULL || t->kind == PTN_TABLE_HIERARCHY) {
        return PTN_ESUPPORT;
    }

    rc = ptn_rop_table_ready(c);

    return rc == PTN_OK ? ptn_rop_mbox(c, c->logon, ret_mbox) : rc;
}


/* No rows with the answer: RowCount may be less than MaxRowCount (R280). */
ptn_rc_t
ptn_rop_expand_row(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    uint32_t                   at;
    ptn_rc_t                   rc;
    ptn_mbox_t                *mb;
    ptn_rop_expand_row_req_t  *req = req_;
    ptn_rop_expand_row_res_t  *res = res_;

    rc = ptn_rop_category(c, &mb);

    if (rc == PTN_OK) {
        rc = ptn_table_expand(mb, ptn_rop_table(c->in)->table,
                              req->category_id, &at,
                              &res->expanded_row_count);
    }

    if (rc == PTN_ECONFLICT) {
        c->error = PTN_MAPI_NOT_COLLAPSED;      /* R571 */
    }

    return rc;
}


ptn_rc_t
ptn_rop_collapse_row(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    uint32_t                     at;
    ptn_rc_t                     rc;
    ptn_mbox_t                  *mb;
    ptn_rop_collapse_row_req_t  *req = req_;
    ptn_rop_collapse_row_res_t  *res = res_;

    rc = ptn_rop_category(c, &mb);

    if (rc == PTN_OK) {
        rc = ptn_table_collapse(mb, ptn_rop_table(c->in)->table,
                                req->category_id, &at,
                                &res->collapsed_row_count);
    }

    if (rc == PTN_ECONFLICT) {
        c->error = PTN_MAPI_NOT_EXPANDED;       /* R577 */
    }

    return rc;
}


/* The cursor's row: a header's id has no replica (ptn_table_group.c). */
ptn_rc_t
ptn_rop_get_collapse_state(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    ptn_rc_t                           rc;
    ptn_mbox_t                        *mb;
    ptn_table_key_t                    key;
    ptn_rop_get_collapse_state_req_t  *req = req_;
    ptn_rop_set_collapse_state_req_t  *res = res_;

    rc = ptn_rop_category(c, &mb);
    if (rc != PTN_OK) {
        return rc;
    }

    memset(&key, 0, sizeof(key));
    key.id = req->row_id;
    key.header = (req->row_id & 0xffff) == 0;
    key.instance = req->row_instance;

    if (!key.header
        && (ptn_rop_fid_id(mb, req->row_id, &key.id) != PTN_OK
            || ptn_msg_by_mid(mb, 0, key.id, &key.id) != PTN_OK))
    {
        key.id = 0;
    }

    return ptn_table_state_get(mb, ptn_rop_table(c->in)->table, c->pool, &key,
                               &res->collapse_state);
}


ptn_rc_t
ptn_rop_set_collapse_state(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    uint32_t                           n;
    ptn_rc_t                           rc;
    ptn_mbox_t                        *mb;
    ptn_rop_bookmark_t                *res = res_;
    ptn_rop_set_collapse_state_req_t  *req = req_;

    rc = ptn_rop_category(c, &mb);

    if (rc == PTN_OK) {
        rc = ptn_table_state_set(mb, ptn_rop_table(c->in)->table,
                                 req->collapse_state, &n);
    }

    return rc == PTN_OK ? ptn_rop_mark_name(c, n, &res->bookmark) : rc;
}
