#include <stdlib.h>

#include "ptn_rop_data.h"


/* Tables (MS-OXCTABL 3.2.5; opened as MS-OXCFOLD 3.2.5.13 and 3.2.5.14 and
 * MS-OXCMSG 3.2.5.17 say).  Nothing is asynchronous. */


#define PTN_TABLE_FLAG_ASSOCIATED  0x02     /* MS-OXCFOLD 2.2.1.13.1, 14.1 */
#define PTN_TABLE_FLAG_DEPTH       0x04
#define PTN_TABLE_FLAG_NO_NOTES    0x10
#define PTN_TABLE_FLAG_SOFT        0x20

#define PTN_ROWS_NO_ADVANCE        0x01     /* MS-OXCTABL 2.2.2.5.1 */
#define PTN_ROWS_PACKED            0x02

#define PTN_ORDER_DESCENDING       0x01     /* MS-OXCDATA 2.13.1 */
#define PTN_ORDER_MAX_CATEGORY     0x04

#define PTN_MV_INSTANCE            0x2000

#define PTN_ROWS_HEAD              3        /* Origin, RowCount */
#define PTN_ROWS_SMALL             16384    /* of a room that could be more */


/* --- open, close --------------------------------------------------------- */

static void
ptn_rop_table_close(ptn_rop_object_t *obj)
{
    ptn_rop_table_t  *t;

    t = ptn_rop_table(obj);

    ptn_table_close(t->table);
    free(t->columns);
}


/* A handle whose table the caller opens. */
ptn_rc_t
ptn_rop_table_object(ptn_rop_ctx_t *c, ptn_table_kind_e kind,
    ptn_rop_object_t **ret_obj)
{
    ptn_rc_t  rc;

    rc = ptn_rop_make(c, PTN_ROP_KIND_TABLE, c->logon->object,
                      sizeof(ptn_rop_table_t), ptn_rop_table_close, ret_obj);

    if (rc == PTN_OK) {
        ptn_rop_table(*ret_obj)->kind = kind;
    }

    return rc;
}


static ptn_rc_t
ptn_rop_table_make(ptn_rop_ctx_t *c, ptn_table_kind_e kind, unsigned flags,
    ptn_rop_object_t **ret_obj)
{
    ptn_rc_t           rc;
    ptn_mbox_t        *mb;
    ptn_rop_table_t   *t;
    ptn_rop_object_t  *obj;

    rc = ptn_rop_make(c, PTN_ROP_KIND_TABLE, c->logon->object,
                      sizeof(ptn_rop_table_t), ptn_rop_table_close, &obj);

    if (rc == PTN_OK) {
        rc = ptn_rop_mbox(c, c->logon, &mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    t = ptn_rop_table(obj);
    t->kind = kind;

    rc = ptn_table_open(mb, kind, ptn_rop_folder(c->in)->id, flags,
                        &t->table);
    if (rc == PTN_OK) {
        *ret_obj = obj;
    }

    return rc;
}


/* 2.2.1.13.1, SoftDeletes: they are not watched, ROPs see them as it is then. */

static ptn_rc_t
ptn_rop_gone_table(ptn_rop_ctx_t *c, ptn_rop_row_count_res_t *res)
{
    ptn_rc_t           rc;
    ptn_mbox_t        *mb;
    ptn_rop_object_t  *obj;

    rc = ptn_rop_table_object(c, PTN_TABLE_HIERARCHY, &obj);

    if (rc == PTN_OK) {
        rc = ptn_rop_mbox(c, c->logon, &mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_table_open_gone(mb, ptn_rop_folder(c->in)->id,
                                 &ptn_rop_table(obj)->table);
    }

    if (rc == PTN_OK) {
        res->row_count = ptn_rop_table_count(c, obj);
    }

    return rc;
}


ptn_rc_t
ptn_rop_get_hierarchy_table(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    bool                       deep;
    ptn_rc_t                   rc;
    ptn_rop_object_t          *obj;
    ptn_rop_row_count_res_t   *res = res_;
    ptn_rop_table_flags_req_t *req = req_;

    /* of all levels: none is told apart */

    if (req->table_flags & PTN_TABLE_FLAG_SOFT) {
        return req->table_flags & PTN_TABLE_FLAG_DEPTH
               ? PTN_ESUPPORT : ptn_rop_gone_table(c, res);
    }

    deep = req->table_flags & PTN_TABLE_FLAG_DEPTH;

    rc = ptn_rop_table_make(c, PTN_TABLE_HIERARCHY,
                            PTN_TABLE_HIDDEN | (deep ? PTN_TABLE_DEEP : 0),
                            &obj);
    if (rc != PTN_OK) {
        return rc;
    }

    res->row_count = ptn_rop_table_count(c, obj);

    return req->table_flags & PTN_TABLE_FLAG_NO_NOTES ? PTN_OK
           : ptn_rop_watch_table(c, obj, ptn_rop_folder(c->in)->id, true,
                                 deep);
}


ptn_rc_t
ptn_rop_get_contents_table(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    bool                       soft;
    ptn_rc_t                   rc;
    ptn_rop_object_t          *obj;
    ptn_rop_row_count_res_t   *res = res_;
    ptn_rop_table_flags_req_t *req = req_;

    soft = (req->table_flags & PTN_TABLE_FLAG_SOFT) != 0;

    if (soft && (req->table_flags & PTN_TABLE_FLAG_ASSOCIATED)) {
        return PTN_ESUPPORT;
    }

    rc = ptn_rop_table_make(c, soft ? PTN_TABLE_GONE
                               : req->table_flags & PTN_TABLE_FLAG_ASSOCIATED
                               ? PTN_TABLE_FAI : PTN_TABLE_CONTENTS, 0, &obj);
    if (rc != PTN_OK) {
        return rc;
    }

    res->row_count = ptn_rop_table_count(c, obj);

    /* what was deleted is not watched: ROPs see it as it is then */

    return soft || (req->table_flags & PTN_TABLE_FLAG_NO_NOTES) ? PTN_OK
           : ptn_rop_watch_table(c, obj, ptn_rop_folder(c->in)->id, false,
                                 false);
}


ptn_rc_t
ptn_rop_get_attachment_table(ptn_rop_ctx_t *c, void *req PTN_UNUSED,
    void *res PTN_UNUSED)
{
    ptn_rop_object_t  *obj;

    return ptn_rop_make(c, PTN_ROP_KIND_TABLE, c->in, sizeof(ptn_rop_table_t),
                        ptn_rop_table_close, &obj);
}


/* --- columns, order, restriction ----------------------------------------- */

ptn_rc_t
ptn_rop_set_columns(ptn_rop_ctx_t *c, void *req_, void *res PTN_UNUSED)
{
    uint32_t                   i, n, *columns, instances;
    ptn_rc_t                   rc;
    ptn_mbox_t                *mb;
    ptn_rop_table_t           *t;
    ptn_rop_set_columns_req_t *req = req_;

    t = ptn_rop_table(c->in);
    n = req->tag_count;
    instances = 0;

    if (n == 0 || n > PTN_ROP_COLUMNS_MAX) {
        return PTN_EINVAL;
    }

    for (i = 0; i < n; i++) {
        if (!ptn_wire_type_known(ptn_prop_type(req->tags[i]))) {
            return PTN_EINVAL;          /* R435 */
        }

        if (!(req->tags[i] & PTN_MV_INSTANCE)) {
            continue;
        }

        if (t->table == NULL
            || (instances != 0
                && instances != ptn_wire_tag_inner(req->tags[i])))
        {
            return PTN_ESUPPORT;        /* of one property */
        }

        instances = ptn_wire_tag_inner(req->tags[i]);
    }

    if (t->table != NULL) {
        rc = ptn_rop_mbox(c, c->logon, &mb);

        if (rc == PTN_OK) {
            rc = ptn_table_instances(mb, t->table, instances);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    columns = malloc(2 * n * sizeof(uint32_t));
    if (columns == NULL) {
        return PTN_ENOMEM;
    }

    free(t->columns);
    t->columns = columns;
    t->tags = columns + n;
    t->ncolumns = n;

    for (i = 0; i < n; i++) {
        t->columns[i] = req->tags[i];
        t->tags[i] = ptn_wire_tag_inner(req->tags[i]);
    }

    return PTN_OK;
}


ptn_rc_t
ptn_rop_sort_table(ptn_rop_ctx_t *c, void *req_, void *res PTN_UNUSED)
{
    uint32_t                  i;
    ptn_rc_t                  rc;
    ptn_sort_t                sorts[PTN_TABLE_SORTS_MAX];
    ptn_mbox_t               *mb;
    ptn_rop_table_t          *t;
    ptn_table_order_t         order;
    ptn_rop_sort_table_req_t *req = req_;

    t = ptn_rop_table(c->in);

    if (t->table == NULL || t->kind == PTN_TABLE_HIERARCHY) {
        return PTN_ESUPPORT;            /* R450 */
    }

    if (req->sort_count > PTN_TABLE_SORTS_MAX) {
        c->error = PTN_MAPI_TOO_COMPLEX;
        return PTN_ESUPPORT;
    }

    memset(&order, 0, sizeof(order));
    order.sorts = sorts;
    order.n = req->sort_count;
    order.categories = req->category_count;
    order.expanded = req->expanded_count;

    for (i = 0; i < req->sort_count; i++) {
        sorts[i].tag = ptn_wire_tag_inner((uint32_t) req->sorts[i].id << 16
                                          | req->sorts[i].type);
        sorts[i].descending = req->sorts[i].order == PTN_ORDER_DESCENDING;

        if (req->sorts[i].order == PTN_ORDER_MAX_CATEGORY) {
            if (i != req->category_count) {
                return PTN_EINVAL;      /* R78 */
            }

            order.extreme = PTN_CATEGORY_MAX;
        }
    }

    rc = ptn_rop_mbox(c, c->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_table_order(mb, t->table, &order);
    }

    if (rc == PTN_ESUPPORT) {
        c->error = PTN_MAPI_TOO_COMPLEX;
    }

    return rc;
}


ptn_rc_t
ptn_rop_restrict(ptn_rop_ctx_t *c, void *req_, void *res PTN_UNUSED)
{
    ptn_rc_t                 rc;
    ptn_rop_table_t         *t;
    ptn_rop_restrict_req_t  *req = req_;

    t = ptn_rop_table(c->in);

    if (t->table == NULL) {
        return PTN_ESUPPORT;            /* R461 */
    }

    rc = ptn_rop_table_fresh(c, c->in);

    if (rc == PTN_OK) {
        rc = ptn_rop_table_restrict(c, c->in, req->restriction);
    }

    if (rc == PTN_ESUPPORT || rc == PTN_ELIMIT) {
        c->error = PTN_MAPI_TOO_COMPLEX;
    }

    if (rc == PTN_ETRUNC || rc == PTN_EPARSE) {
        return PTN_EINVAL;
    }

    if (rc == PTN_OK) {
        ptn_rop_table_seek(c->in, 0);
    }

    return rc;
}


ptn_rc_t
ptn_rop_reset_table(ptn_rop_ctx_t *c, void *req PTN_UNUSED,
    void *res PTN_UNUSED)
{
    ptn_rc_t          rc;
    ptn_mbox_t       *mb;
    ptn_rop_table_t  *t;

    t = ptn_rop_table(c->in);

    free(t->columns);
    t->columns = NULL;
    t->tags = NULL;
    t->ncolumns = 0;

    ptn_rop_watch_reset(c->in);

    rc = ptn_rop_table_restrict(c, c->in, ptn_str(""));

    if (rc == PTN_OK && t->table != NULL) {
        rc = ptn_rop_mbox(c, c->logon, &mb);

        if (rc == PTN_OK) {
            rc = ptn_table_sort(mb, t->table, NULL, 0);
        }

        if (rc == PTN_OK) {
            rc = ptn_table_instances(mb, t->table, 0);
        }

        ptn_table_unmark(t->table);     /* R562 */
    }

    ptn_rop_table_seek(c->in, 0);

    return rc;
}


ptn_rc_t
ptn_rop_get_status(ptn_rop_ctx_t *c PTN_UNUSED, void *req PTN_UNUSED,
    void *res PTN_UNUSED)
{
    return PTN_OK;                      /* TBLSTAT_COMPLETE */
}


ptn_rc_t
ptn_rop_abort(ptn_rop_ctx_t *c, void *req PTN_UNUSED, void *res PTN_UNUSED)
{
    c->error = PTN_MAPI_UNABLE_TO_ABORT;

    return PTN_ESUPPORT;
}


/* --- rows ---------------------------------------------------------------- */

/* R428, R826 and so on. */
ptn_rc_t
ptn_rop_table_ready(ptn_rop_ctx_t *c)
{
    if (ptn_rop_table(c->in)->columns == NULL) {
        c->error = PTN_MAPI_NULL_OBJECT;
        return PTN_EINVAL;
    }

    ptn_rop_watch_read(c->in);

    return ptn_rop_table_fresh(c, c->in);
}


/* The last `n` rows before `pos` that fit; they are sent in their order. */
static ptn_rc_t
ptn_rop_rows_backward(ptn_rop_ctx_t *c, uint32_t pos, uint32_t n, size_t room,
    ptn_buf_t *out, uint32_t *ret_n)
{
    uint32_t  got;
    ptn_rc_t  rc;

    for ( ;; ) {
        rc = ptn_rop_table_rows(c, c->in, pos - n, n, room, out, &got);

        if (rc != PTN_OK || got == n || got == 0) {
            *ret_n = got;
            return rc;
        }

        out->len = 0;
        n = got;
    }
}


static ptn_rc_t
ptn_rop_rows(ptn_rop_ctx_t *c, const ptn_rop_query_rows_req_t *req,
    ptn_buf_t *out, uint8_t *ret_origin, uint32_t *ret_n)
{
    size_t    room;
    uint32_t  pos, count, n, got;
    ptn_rc_t  rc;

    pos = ptn_rop_table_position(c->in);
    count = ptn_rop_table_count(c, c->in);
    pos = ptn_min(pos, count);
    room = c->room > PTN_ROWS_HEAD ? c->room - PTN_ROWS_HEAD : 0;

    n = req->row_count - ptn_min(c->served, (uint32_t) req->row_count);
    n = ptn_min(n, req->forward_read ? count - pos : pos);
    got = 0;
    rc = PTN_OK;

    if (n != 0) {
        rc = req->forward_read
             ? ptn_rop_table_rows(c, c->in, pos, n, room, out, &got)
             : ptn_rop_rows_backward(c, pos, n, room, out, &got);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (n != 0 && got == 0 && c->served == 0) {
        if (c->room < PTN_ROWS_SMALL) {
            c->small = true;
        }

        c->error = PTN_MAPI_BUFFER_TOO_SMALL;   /* R466 */
        return PTN_ETOOBIG;
    }

    pos = req->forward_read ? pos + got : pos - got;

    if (!(req->flags & PTN_ROWS_NO_ADVANCE)) {
        ptn_rop_table_seek(c->in, pos);
        c->more = got < n && (req->flags & PTN_ROWS_PACKED);
    }

    *ret_origin = req->forward_read
                  ? pos == count ? PTN_ROP_END : PTN_ROP_CURRENT
                  : pos == 0 ? PTN_ROP_BEGINNING : PTN_ROP_CURRENT;
    *ret_n = got;
    c->served += got;

    return PTN_OK;
}


ptn_rc_t
ptn_rop_query_rows(ptn_rop_ctx_t *c, void *req, void *res_)
{
    uint32_t                   n;
    ptn_rc_t                   rc;
    ptn_buf_t                  out;
    ptn_rop_query_rows_res_t  *res = res_;

    rc = ptn_rop_table_ready(c);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_buf_init(&out, c->pool);
    ptn_buf_reserve(&out, ptn_min(c->room, (size_t) PTN_ROP_BUFFER_MAX) + 512);

    rc = ptn_rop_rows(c, req, &out, &res->origin, &n);
    if (rc != PTN_OK) {
        return rc;
    }

    res->row_count = (uint16_t) n;
    res->rows = ptn_buf_get(&out);

    return PTN_OK;
}


ptn_rc_t
ptn_rop_query_position(ptn_rop_ctx_t *c, void *req PTN_UNUSED, void *res_)
{
    ptn_rc_t                       rc;
    ptn_rop_query_position_res_t  *res = res_;

    ptn_rop_watch_read(c->in);

    rc = ptn_rop_table_fresh(c, c->in);
    if (rc != PTN_OK) {
        return rc;
    }

    res->denominator = ptn_rop_table_count(c, c->in);
    res->numerator = ptn_min(ptn_rop_table_position(c->in),
                             res->denominator);

    return PTN_OK;
}


void
ptn_rop_table_move(ptn_rop_ctx_t *c, uint32_t from, uint32_t rows,
    uint8_t *ret_less, uint32_t *ret_sought)
{
    int64_t   want, to;
    uint32_t  count;

    count = ptn_rop_table_count(c, c->in);
    want = (int32_t) rows;

    to = (int64_t) from + want;
    to = to < 0 ? 0 : to > count ? count : to;

    ptn_rop_table_seek(c->in, (uint32_t) to);

    *ret_sought = (uint32_t) (to - from);
    *ret_less = to - from != want;
}


ptn_rc_t
ptn_rop_seek_row(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    uint32_t                count, from;
    ptn_rc_t                rc;
    ptn_rop_seek_row_req_t *req = req_;
    ptn_rop_seek_row_res_t *res = res_;

    if (req->origin > PTN_ROP_END) {
        c->error = PTN_MAPI_BAD_BOOKMARK;
        return PTN_EINVAL;
    }

    ptn_rop_watch_read(c->in);

    rc = ptn_rop_table_fresh(c, c->in);
    if (rc != PTN_OK) {
        return rc;
    }

    count = ptn_rop_table_count(c, c->in);

    from = req->origin == PTN_ROP_BEGINNING ? 0
           : req->origin == PTN_ROP_END ? count
           : ptn_min(ptn_rop_table_position(c->in), count);

    ptn_rop_table_move(c, from, req->row_count, &res->has_sought_less,
                       &res->rows_sought);

    if (!req->want_row_moved_count) {
        res->has_sought_less = 0;
        res->rows_sought = 0;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_rop_seek_row_fractional(ptn_rop_ctx_t *c, void *req_,
    void *res PTN_UNUSED)
{
    uint64_t                           row;
    ptn_rc_t                           rc;
    ptn_rop_seek_row_fractional_req_t *req = req_;

    if (req->denominator == 0) {
        return PTN_EINVAL;
    }

    ptn_rop_watch_read(c->in);

    rc = ptn_rop_table_fresh(c, c->in);
    if (rc != PTN_OK) {
        return rc;
    }

    row = ptn_rop_table_count(c, c->in);

    if (req->numerator < req->denominator) {
        row = row * req->numerator / req->denominator;
    }

    ptn_rop_table_seek(c->in, (uint32_t) row);

    return PTN_OK;
}


/* --- all columns --------------------------------------------------------- */

static const uint32_t  ptn_rop_columns_folders[] = {
    PTN_PR_FOLDER_ID, PTN_PR_PARENT_FOLDER_ID, PTN_PR_DISPLAY_NAME,
    PTN_PR_COMMENT, PTN_PR_CONTAINER_CLASS, PTN_PR_CONTENT_COUNT,
    PTN_PR_CONTENT_UNREAD, PTN_PR_SUBFOLDERS, PTN_PR_ENTRYID,
    PTN_PR_PARENT_ENTRYID, PTN_PR_RECORD_KEY, PTN_PR_SOURCE_KEY,
    PTN_PR_CHANGE_KEY, PTN_PR_OBJECT_TYPE, PTN_PR_ATTR_HIDDEN,
    PTN_PR_MESSAGE_SIZE_EXTENDED, PTN_PR_CREATION_TIME,
    PTN_PR_LAST_MODIFICATION_TIME
};

static const uint32_t  ptn_rop_columns_messages[] = {
    PTN_PR_MID, PTN_PR_FOLDER_ID, PTN_PR_INST_ID, PTN_PR_INSTANCE_NUM,
    PTN_PR_ENTRYID, PTN_PR_PARENT_ENTRYID, PTN_PR_RECORD_KEY,
    PTN_PR_SOURCE_KEY, PTN_PR_CHANGE_KEY, PTN_PR_MESSAGE_CLASS,
    PTN_PR_SUBJECT, PTN_PR_SUBJECT_PREFIX, PTN_PR_NORMALIZED_SUBJECT,
    PTN_PR_CONVERSATION_TOPIC, PTN_PR_IMPORTANCE, PTN_PR_SENSITIVITY,
    PTN_PR_CLIENT_SUBMIT_TIME, PTN_PR_MESSAGE_DELIVERY_TIME,
    PTN_PR_SENT_REPRESENTING_NAME, PTN_PR_SENT_REPRESENTING_EMAIL,
    PTN_PR_SENT_REPRESENTING_SMTP_ADDRESS, PTN_PR_SENDER_NAME,
    PTN_PR_SENDER_EMAIL, PTN_PR_SENDER_SMTP_ADDRESS, PTN_PR_DISPLAY_TO,
    PTN_PR_DISPLAY_CC, PTN_PR_DISPLAY_BCC, PTN_PR_MESSAGE_FLAGS,
    PTN_PR_MESSAGE_SIZE, PTN_PR_MSG_STATUS, PTN_PR_HASATTACH,
    PTN_PR_FLAG_STATUS, PTN_PR_INTERNET_MESSAGE_ID, PTN_PR_OBJECT_TYPE,
    PTN_PR_CREATION_TIME, PTN_PR_LAST_MODIFICATION_TIME
};

static const uint32_t  ptn_rop_columns_attachs[] = {
    PTN_PR_ATTACH_NUM, PTN_PR_ATTACH_SIZE, PTN_PR_ATTACH_METHOD,
    PTN_PR_ATTACH_FILENAME, PTN_PR_ATTACH_LONG_FILENAME,
    PTN_PR_ATTACH_EXTENSION, PTN_PR_ATTACH_MIME_TAG,
    PTN_PR_ATTACH_CONTENT_ID, PTN_PR_ATTACH_FLAGS,
    PTN_PR_ATTACHMENT_HIDDEN, PTN_PR_RENDERING_POSITION, PTN_PR_DISPLAY_NAME,
    PTN_PR_OBJECT_TYPE, PTN_PR_RECORD_KEY
};


/* MS-OXCPERM 2.2.1 */
static const uint32_t  ptn_rop_columns_members[] = {
    PTN_PR_ENTRYID, PTN_PR_MEMBER_ID, PTN_PR_MEMBER_NAME, PTN_PR_MEMBER_RIGHTS
};


ptn_rc_t
ptn_rop_query_columns_all(ptn_rop_ctx_t *c, void *req PTN_UNUSED, void *res_)
{
    ptn_rop_table_t                    *t;
    ptn_rop_get_properties_list_res_t  *res = res_;

    t = ptn_rop_table(c->in);

    if (t->table == NULL) {
        res->tags = (uint32_t *) ptn_rop_columns_attachs;
        res->tag_count = ptn_nelts(ptn_rop_columns_attachs);

    } else if (t->kind == PTN_TABLE_HIERARCHY) {
        res->tags = (uint32_t *) ptn_rop_columns_folders;
        res->tag_count = ptn_nelts(ptn_rop_columns_folders);

    } else if (t->kind == PTN_TABLE_MADE) {
        res->tags = (uint32_t *) ptn_rop_columns_members;
        res->tag_count = ptn_nelts(ptn_rop_columns_members);

    } else {
        res->tags = (uint32_t *) ptn_rop_columns_messages;
        res->tag_count = ptn_nelts(ptn_rop_columns_messages);
    }

    return PTN_OK;
}
