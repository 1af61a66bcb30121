#include "ptn_rop_data.h"


/*
 * Attachments (MS-OXCMSG 3.2.5.12 to 3.2.5.18).  What a handle changes goes
 * to its message with RopSaveChangesAttachment, and with that one's
 * RopSaveChangesMessage to the store.
 */


#define PTN_ATTACH_BY_VALUE  1          /* PidTagAttachMethod, 2.2.2.9 */
#define PTN_ATTACH_EMBEDDED  5

#define PTN_ATTACH_HEAD  0x40           /* of PidTagAttachSize, 3.2.5.13 */


static void
ptn_rop_attach_close(ptn_rop_object_t *obj)
{
    ptn_rop_unhold(ptn_rop_attach(obj)->session, &ptn_rop_attach(obj)->held);
}


/* As the message has it; ENOTFOUND. */
static ptn_rc_t
ptn_rop_attach_find(ptn_rop_ctx_t *c, ptn_rop_object_t *message, uint32_t num,
    bool data, ptn_attach_t **ret_attach)
{
    uint32_t       i, n;
    ptn_rc_t       rc;
    ptn_attach_t  *attachs;

    rc = ptn_rop_message_attachs(c, message, data, &attachs, &n);
    if (rc != PTN_OK) {
        return rc;
    }

    for (i = 0; i < n; i++) {
        if (attachs[i].num == num) {
            *ret_attach = &attachs[i];
            return PTN_OK;
        }
    }

    return PTN_ENOTFOUND;
}


/* The attachment under the handle's own changes. */
static ptn_rc_t
ptn_rop_attach_base(ptn_rop_ctx_t *c, ptn_rop_object_t *obj, bool data,
    ptn_attach_t **ret_attach)
{
    ptn_rc_t           rc;
    ptn_attach_t      *a;
    ptn_rop_attach_t  *h;

    h = ptn_rop_attach(obj);

    if (!h->made) {
        rc = ptn_rop_attach_find(c, obj->owner, h->num, data, ret_attach);

        if (rc == PTN_ENOTFOUND) {
            c->error = PTN_MAPI_OBJECT_DELETED;
        }

        return rc;
    }

    a = ptn_pcalloc(c->pool, sizeof(ptn_attach_t));
    if (a == NULL) {
        return PTN_ENOMEM;
    }

    a->num = h->num;
    a->part = PTN_PART_NONE;
    a->has_data = true;
    *ret_attach = a;

    return PTN_OK;
}


ptn_str_t
ptn_rop_attach_value(ptn_pool_t *pool, const ptn_attach_t *attach,
    uint32_t tag)
{
    ptn_str_t  value;

    switch (tag) {

    case PTN_PR_ATTACH_NUM:
        return ptn_rop_int(pool, attach->num, 4);

    case PTN_PR_RECORD_KEY:
        return ptn_rop_int(pool, attach->num, 4);

    case PTN_PR_ATTACH_SIZE:
        return ptn_rop_int(pool, ptn_min(attach->size + PTN_ATTACH_HEAD,
                                         (uint64_t) INT32_MAX), 4);

    case PTN_PR_OBJECT_TYPE:
        return ptn_rop_int(pool, 7, 4);         /* attachment */
    }

    value = ptn_props_get(&attach->props, tag);

    if (value.data != NULL) {
        return value;
    }

    switch (tag) {

    case PTN_PR_ATTACH_METHOD:
        return ptn_rop_int(pool, attach->embedded ? PTN_ATTACH_EMBEDDED
                                 : attach->has_data || attach->size
                                 ? PTN_ATTACH_BY_VALUE : 0, 4);

    case PTN_PR_RENDERING_POSITION:
        return ptn_rop_int(pool, UINT32_MAX, 4);

    case PTN_PR_ATTACH_DATA_BIN:
        return attach->has_data && attach->embedded == NULL ? attach->data
                                                            : value;
    default:
        return value;
    }
}


ptn_rc_t
ptn_rop_attach_values(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    const uint32_t *tags, size_t n, ptn_str_t *values)
{
    bool                data;
    size_t              i;
    ptn_rc_t            rc;
    ptn_mbox_t         *mb;
    ptn_msg_t          *msg;
    ptn_attach_t       *a;
    ptn_rop_attach_t   *h;
    ptn_rop_message_t  *m;

    h = ptn_rop_attach(obj);
    m = ptn_rop_message(obj->owner);
    data = false;

    for (i = 0; i < n; i++) {
        data |= tags[i] == PTN_PR_ATTACH_DATA_BIN;
    }

    rc = ptn_rop_attach_base(c, obj, false, &a);
    if (rc != PTN_OK) {
        return rc;
    }

    /* one attachment's data, not that of all */

    if (data && !h->has_data && !a->has_data && m->id != 0) {
        rc = ptn_rop_mbox(c, obj->logon, &mb);

        if (rc == PTN_OK) {
            rc = ptn_msg_open(mb, c->pool, m->id, &msg);
        }

        if (rc == PTN_OK) {
            rc = ptn_msg_attach_data(msg, h->num,
                                     (size_t) c->app->conf->message_max,
                                     &a->data);
        }

        if (rc != PTN_OK && rc != PTN_ENOTFOUND) {
            return rc;
        }

        a->has_data = rc == PTN_OK;
    }

    if (h->has_data) {
        a->has_data = true;
        a->data = h->data;
        a->size = h->data.len;
    }

    for (i = 0; i < n; i++) {
        if (tags[i] == PTN_PR_ACCESS_LEVEL) {
            values[i] = ptn_rop_int(c->pool, h->writable, 4);

        } else if (!ptn_rop_delta_get(&h->delta, tags[i], &values[i])) {
            values[i] = ptn_rop_attach_value(c->pool, a, tags[i]);
        }
    }

    return ptn_pool_failed(c->pool) ? PTN_ENOMEM : PTN_OK;
}


ptn_rc_t
ptn_rop_attach_all(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    ptn_props_t *ret_props)
{
    size_t         i;
    ptn_rc_t       rc;
    ptn_str_t      values[6];
    ptn_props_t    props;
    ptn_attach_t  *a;

    static const uint32_t  more[6] = {
        PTN_PR_ATTACH_NUM, PTN_PR_ATTACH_SIZE, PTN_PR_OBJECT_TYPE,
        PTN_PR_ATTACH_METHOD, PTN_PR_RENDERING_POSITION, PTN_PR_ACCESS_LEVEL
    };

    memset(&props, 0, sizeof(props));
    rc = ptn_rop_attach_base(c, obj, false, &a);

    if (rc == PTN_OK) {
        rc = ptn_props_merge(&props, c->pool, &a->props);
    }

    if (rc == PTN_OK) {
        rc = ptn_rop_delta_apply(&ptn_rop_attach(obj)->delta, c->pool,
                                 &props);
    }

    if (rc == PTN_OK) {
        rc = ptn_rop_attach_values(c, obj, more, ptn_nelts(more), values);
    }

    for (i = 0; rc == PTN_OK && i < ptn_nelts(more); i++) {
        rc = ptn_props_set(&props, c->pool, more[i], values[i]);
    }

    if (rc == PTN_OK) {
        *ret_props = props;
    }

    return rc;
}


ptn_rc_t
ptn_rop_attach_set(ptn_rop_ctx_t *c, ptn_rop_object_t *obj, uint32_t tag,
    ptn_str_t value, uint32_t *ret_error)
{
    ptn_rc_t           rc;
    ptn_pool_t        *pool;
    ptn_rop_attach_t  *h;

    (void) c;
    h = ptn_rop_attach(obj);
    *ret_error = 0;

    if (!h->writable) {
        *ret_error = PTN_MAPI_ACCESS_DENIED;
        return PTN_OK;
    }

    if (tag == PTN_PR_ATTACH_NUM || tag == PTN_PR_ATTACH_SIZE
        || tag == PTN_PR_ACCESS_LEVEL || tag == PTN_PR_OBJECT_TYPE
        || tag == PTN_PR_RECORD_KEY)
    {
        *ret_error = PTN_MAPI_COMPUTED;
        return PTN_OK;
    }

    rc = ptn_rop_hold(h->session, &h->held, value.len + 64);
    if (rc != PTN_OK) {
        return rc;
    }

    pool = ptn_rop_pool(obj);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    h->edited = true;

    if (tag == PTN_PR_ATTACH_DATA_BIN) {
        h->data = value.data ? ptn_str_dup(pool, value) : ptn_str("");
        h->has_data = true;
        return h->data.data == NULL ? PTN_ENOMEM : PTN_OK;
    }

    return value.data == NULL
           ? ptn_rop_delta_unset(&h->delta, pool, ptn_prop_id(tag))
           : ptn_rop_delta_set(&h->delta, pool, tag, value);
}


/* --- ROPs ---------------------------------------------------------------- */

static ptn_rc_t
ptn_rop_attach_make(ptn_rop_ctx_t *c, uint32_t num, bool made, bool writable)
{
    ptn_rc_t           rc;
    ptn_rop_attach_t  *h;
    ptn_rop_object_t  *obj;

    rc = ptn_rop_make(c, PTN_ROP_KIND_ATTACHMENT, c->in,
                      sizeof(ptn_rop_attach_t), ptn_rop_attach_close, &obj);
    if (rc != PTN_OK) {
        return rc;
    }

    h = ptn_rop_attach(obj);
    h->session = c->session;
    h->num = num;
    h->made = made;
    h->writable = writable;

    return PTN_OK;
}


/* 2.2.6.12, MS-OXCMSG 2.2.3.12: 0 read only, 1 read and write, 3 best. */
ptn_rc_t
ptn_rop_open_attachment(ptn_rop_ctx_t *c, void *req_, void *res PTN_UNUSED)
{
    bool                            writable;
    ptn_rc_t                        rc;
    ptn_attach_t                   *a;
    ptn_rop_open_attachment_req_t  *req = req_;

    writable = ptn_rop_message(c->in)->writable && req->open_flags != 0;

    if (req->open_flags == 1 && !writable) {
        return PTN_EDENIED;
    }

    rc = ptn_rop_attach_find(c, c->in, req->attachment_id, false, &a);

    return rc == PTN_OK ? ptn_rop_attach_make(c, a->num, false, writable)
                        : rc;
}


ptn_rc_t
ptn_rop_create_attachment(ptn_rop_ctx_t *c, void *req PTN_UNUSED, void *res_)
{
    uint32_t                          i, n;
    ptn_rc_t                          rc;
    ptn_attach_t                     *attachs;
    ptn_rop_message_t                *m;
    ptn_rop_create_attachment_res_t  *res = res_;

    m = ptn_rop_message(c->in);

    if (!m->writable) {
        return PTN_EDENIED;
    }

    rc = ptn_rop_message_attachs(c, c->in, false, &attachs, &n);
    if (rc != PTN_OK) {
        return rc;
    }

    if (n >= PTN_ROP_ATTACHS_MAX) {
        c->error = PTN_MAPI_MAX_ATTACHMENTS;
        return PTN_ELIMIT;
    }

    for (i = 0; i < n; i++) {
        m->next_num = ptn_max(m->next_num, attachs[i].num + 1);
    }

    res->attachment_id = m->next_num++;

    return ptn_rop_attach_make(c, res->attachment_id, true, true);
}


ptn_rc_t
ptn_rop_delete_attachment(ptn_rop_ctx_t *c, void *req_, void *res PTN_UNUSED)
{
    ptn_rc_t                          rc;
    ptn_attach_t                     *a;
    ptn_rop_part_t                   *part;
    ptn_rop_delete_attachment_req_t  *req = req_;

    if (!ptn_rop_message(c->in)->writable) {
        return PTN_EDENIED;
    }

    rc = ptn_rop_attach_find(c, c->in, req->attachment_id, false, &a);

    if (rc == PTN_OK) {
        rc = ptn_rop_message_part(c->in, a->num, &part);
    }

    if (rc == PTN_OK) {
        part->gone = true;
    }

    return rc;
}


/* What the handle holds becomes the message's: its pool may go before. */
static ptn_rc_t
ptn_rop_attach_hand_over(ptn_rop_object_t *obj, ptn_rop_part_t *part)
{
    size_t              size;
    uint32_t            i;
    ptn_rc_t            rc;
    ptn_str_t           data;
    ptn_pool_t         *pool;
    ptn_rop_attach_t   *h;
    ptn_rop_message_t  *m;

    h = ptn_rop_attach(obj);
    m = ptn_rop_message(obj->owner);

    pool = ptn_rop_pool(obj->owner);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_rop_hold(m->session, &m->held, h->held);

    for (i = 0; rc == PTN_OK && i < h->delta.ngone; i++) {
        rc = ptn_rop_delta_unset(&part->delta, pool, h->delta.gone[i]);
    }

    for (i = 0; rc == PTN_OK && i < h->delta.set.n; i++) {
        rc = ptn_rop_delta_set(&part->delta, pool, h->delta.set.p[i].tag,
                               h->delta.set.p[i].value);
    }

    if (rc == PTN_OK && h->has_data) {
        data = ptn_str_dup(pool, h->data);
        if (data.data == NULL) {
            return PTN_ENOMEM;
        }

        part->data = data;
        part->has_data = true;
        part->embedded = NULL;
    }

    if (rc == PTN_OK && h->embedded != NULL) {
        rc = ptn_rop_object_dup(pool, h->embedded, &part->embedded, &size);
        part->has_data = false;
    }

    return rc;
}


ptn_rc_t
ptn_rop_save_changes_attachment(ptn_rop_ctx_t *c, void *req PTN_UNUSED,
    void *res PTN_UNUSED)
{
    ptn_rc_t           rc;
    ptn_rop_part_t    *part;
    ptn_rop_attach_t  *h;

    h = ptn_rop_attach(c->in);

    if (!h->writable || !ptn_rop_message(c->in->owner)->writable) {
        c->error = PTN_MAPI_ERROR;
        return PTN_EDENIED;
    }

    if (!h->edited && !h->made) {
        return PTN_OK;
    }

    rc = ptn_rop_message_part(c->in->owner, h->num, &part);

    if (rc == PTN_OK) {
        part->made |= h->made;
        part->gone = false;
        rc = ptn_rop_attach_hand_over(c->in, part);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    memset(&h->delta, 0, sizeof(h->delta));
    h->made = false;
    h->edited = false;
    h->has_data = false;
    h->embedded = NULL;
    ptn_rop_unhold(h->session, &h->held);

    /* an embedded message that is open holds its base in a pool of its own */

    ptn_pool_reset(ptn_rop_pool(c->in));

    return PTN_OK;
}


ptn_rc_t
ptn_rop_get_valid_attachments(ptn_rop_ctx_t *c, void *req PTN_UNUSED,
    void *res_)
{
    uint32_t                              i, n;
    ptn_rc_t                              rc;
    ptn_attach_t                         *attachs;
    ptn_rop_get_valid_attachments_res_t  *res = res_;

    rc = ptn_rop_message_attachs(c, c->in, false, &attachs, &n);
    if (rc != PTN_OK) {
        return rc;
    }

    res->attachment_ids = ptn_parray(c->pool, n, sizeof(uint32_t));
    if (res->attachment_ids == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < n; i++) {
        res->attachment_ids[i] = attachs[i].num;
    }

    res->count = n;

    return PTN_OK;
}


/* 2.2.6.16; OpenModeFlags 0 read only, 1 read and write, 2 create. */
ptn_rc_t
ptn_rop_open_embedded_message(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    size_t                                size;
    ptn_rc_t                              rc;
    ptn_attach_t                         *a;
    ptn_object_t                         *base;
    ptn_rop_attach_t                     *h;
    ptn_rop_object_t                     *obj;
    ptn_rop_message_t                    *m, *above;
    ptn_rop_open_embedded_message_req_t  *req = req_;
    ptn_rop_open_embedded_message_res_t  *res = res_;

    h = ptn_rop_attach(c->in);
    above = ptn_rop_message(c->in->owner);

    if (above->nested >= PTN_ROP_EMBEDDED_MAX) {
        return PTN_EDENIED;
    }

    if (req->open_flags != 0 && !h->writable) {
        return PTN_EDENIED;
    }

    rc = ptn_rop_attach_base(c, c->in, true, &a);
    if (rc != PTN_OK) {
        return rc;
    }

    if (h->embedded != NULL) {
        a->embedded = h->embedded;
    }

    if (a->embedded == NULL && !(req->open_flags & 2)) {
        return PTN_ENOTFOUND;
    }

    rc = ptn_rop_make(c, PTN_ROP_KIND_MESSAGE, c->in,
                      sizeof(ptn_rop_message_t), ptn_rop_message_close, &obj);
    if (rc != PTN_OK) {
        return rc;
    }

    m = ptn_rop_message(obj);
    m->session = c->session;
    m->code_page = req->code_page;
    m->writable = req->open_flags != 0;
    m->embedded = true;
    m->nested = above->nested + 1;

    if (a->embedded != NULL) {
        if (ptn_rop_pool(obj) == NULL) {
            return PTN_ENOMEM;
        }

        rc = ptn_rop_object_dup(obj->pool, a->embedded, &base, &size);

        if (rc == PTN_OK) {
            rc = ptn_rop_hold(c->session, &m->held, size);
            m->base = base;
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return ptn_rop_message_head(c, obj, &res->message);
}
