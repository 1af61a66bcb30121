#include "ptn_rop_data.h"


/* Messages (MS-OXCMSG 3.2.5). */


#define PTN_SAVE_READ_ONLY   0x01       /* KeepOpenReadOnly, 2.2.3.3.1 */
#define PTN_SAVE_READ_WRITE  0x02
#define PTN_SAVE_FORCE       0x04

#define PTN_READ_NOTIFY                                                       \
    (PTN_READ_CLEAR_NOTIFY|PTN_READ_CLEAR_NONREAD)

#define PTN_MSGFLAG_READ     0x01       /* PidTagMessageFlags, 2.2.1.6 */
#define PTN_MSGFLAG_UNSENT   0x08



/* --- what an open message answers with ----------------------------------- */

/* Columns of recipients that a RecipientRow has no field for. */
static const uint32_t  ptn_rop_recip_columns[] = {
    PTN_PR_ENTRYID, PTN_PR_SEARCH_KEY, PTN_PR_SMTP_ADDRESS,
    PTN_PR_OBJECT_TYPE, PTN_PR_DISPLAY_TYPE
};

#define PTN_ROP_RECIP_ROOM  1024        /* left for the rest of a response */


/* What a client wants to see of a recipient that has it not. */
static ptn_rc_t
ptn_rop_recip_complete(ptn_pool_t *pool, const ptn_recip_t *recip,
    ptn_props_t *ret_props)
{
    ptn_rc_t     rc;
    ptn_str_t    type, address, name, value;
    ptn_props_t  props;

    memset(&props, 0, sizeof(props));
    rc = ptn_props_merge(&props, pool, &recip->props);

    type = ptn_props_get(&props, PTN_PR_ADDRTYPE);
    address = ptn_props_get(&props, PTN_PR_EMAIL_ADDRESS);
    name = ptn_props_get(&props, PTN_PR_DISPLAY_NAME);
    name = name.data ? name : address;

    if (rc == PTN_OK && address.data != NULL
        && ptn_props_get(&props, PTN_PR_ENTRYID).data == NULL)
    {
        rc = ptn_str_ieqz(type, "EX")
             ? ptn_eid_address_book(pool, address, &value)
             : ptn_eid_one_off(pool, name, type.len ? type : ptn_str("SMTP"),
                               address, &value);
        if (rc == PTN_OK) {
            rc = ptn_props_set(&props, pool, PTN_PR_ENTRYID, value);
        }
    }

    if (rc == PTN_OK && address.data != NULL
        && ptn_props_get(&props, PTN_PR_SEARCH_KEY).data == NULL)
    {
        rc = ptn_eid_search_key(pool, type.len ? type : ptn_str("SMTP"),
                                address, &value);
        if (rc == PTN_OK) {
            rc = ptn_props_set(&props, pool, PTN_PR_SEARCH_KEY, value);
        }
    }

    if (rc == PTN_OK
        && ptn_props_get(&props, PTN_PR_OBJECT_TYPE).data == NULL)
    {
        rc = ptn_props_set_int(&props, pool, PTN_PR_OBJECT_TYPE, 6);
    }

    if (rc == PTN_OK
        && ptn_props_get(&props, PTN_PR_DISPLAY_TYPE).data == NULL)
    {
        rc = ptn_props_set_int(&props, pool, PTN_PR_DISPLAY_TYPE, 0);
    }

    if (rc == PTN_OK) {
        *ret_props = props;
    }

    return rc;
}


ptn_rc_t
ptn_rop_recip_row(ptn_rop_ctx_t *c, const ptn_wire_text_t *text,
    const ptn_recip_t *recip, ptn_str_t *ret_row)
{
    ptn_rc_t     rc;
    ptn_buf_t    b;
    ptn_props_t  props;

    rc = ptn_rop_recip_complete(c->pool, recip, &props);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_buf_init(&b, c->pool);
    rc = ptn_wire_recip_put(&b, text, ptn_rop_recip_columns,
                            ptn_nelts(ptn_rop_recip_columns), &props);

    if (rc == PTN_OK) {
        *ret_row = ptn_buf_get(&b);
    }

    return rc;
}


/* A TypedString: Unicode, or what says the same in fewer bytes. */
static ptn_rc_t
ptn_rop_typed_string(ptn_pool_t *pool, ptn_str_t s,
    ptn_wire_typed_string_t *ret)
{
    size_t    i;
    ptn_rc_t  rc;

    if (s.data == NULL) {
        ret->type = PTN_WIRE_STRING_NONE;
        return PTN_OK;
    }

    if (s.len == 0) {
        ret->type = PTN_WIRE_STRING_EMPTY;
        return PTN_OK;
    }

    for (i = 0; i < s.len && s.data[i] != 0 && s.data[i] < 0x80; i++) {
        /* void */
    }

    if (i == s.len) {
        ret->type = PTN_WIRE_STRING_REDUCED;
        ret->reduced = s;
        return PTN_OK;
    }

    ret->type = PTN_WIRE_STRING_UNICODE;
    rc = ptn_utf16_from_utf8(pool, s, &ret->unicode);

    return rc;
}


ptn_rc_t
ptn_rop_message_head(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    ptn_rop_open_message_res_t *res)
{
    size_t              used;
    uint32_t            i, n;
    ptn_rc_t            rc;
    ptn_str_t           values[2], row;
    ptn_wire_text_t     text;
    const ptn_recip_t  *recips;

    static const uint32_t  subject[2] = {
        PTN_PR_SUBJECT_PREFIX, PTN_PR_NORMALIZED_SUBJECT
    };

    rc = ptn_rop_message_values(c, obj, subject, 2, values);

    if (rc == PTN_OK) {
        rc = ptn_rop_message_recips(c, obj, &recips, &n);
    }

    if (rc == PTN_OK) {
        rc = ptn_rop_typed_string(c->pool, values[0], &res->subject_prefix);
    }

    if (rc == PTN_OK) {
        rc = ptn_rop_typed_string(c->pool, values[1],
                                  &res->normalized_subject);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    res->has_named_properties = 1;
    res->recipient_count = (uint16_t) ptn_min(n, UINT16_MAX);
    res->column_count = ptn_nelts(ptn_rop_recip_columns);
    res->columns = (uint32_t *) ptn_rop_recip_columns;

    res->rows = ptn_parray(c->pool, ptn_min(n, UINT8_MAX),
                           sizeof(ptn_wire_open_recipient_t));
    if (res->rows == NULL) {
        return PTN_ENOMEM;
    }

    text = ptn_rop_text(c, obj);
    used = PTN_ROP_RECIP_ROOM + values[0].len * 2 + values[1].len * 2;

    for (i = 0; i < n && i < UINT8_MAX; i++) {
        rc = ptn_rop_recip_row(c, &text, &recips[i], &row);
        if (rc != PTN_OK) {
            return rc;
        }

        used += row.len + 7;

        if (used > c->room || row.len > UINT16_MAX) {
            break;
        }

        res->rows[i].type = (uint8_t) recips[i].type;
        res->rows[i].code_page = 0x0fff;
        res->rows[i].row = row;
    }

    res->row_count = (uint8_t) i;

    return PTN_OK;
}


/* --- open, create -------------------------------------------------------- */

static ptn_rc_t
ptn_rop_message_make(ptn_rop_ctx_t *c, ptn_rop_object_t **ret_obj)
{
    ptn_rc_t           rc;
    ptn_rop_object_t  *obj;

    rc = ptn_rop_make(c, PTN_ROP_KIND_MESSAGE, c->logon->object,
                      sizeof(ptn_rop_message_t), ptn_rop_message_close, &obj);

    if (rc == PTN_OK) {
        ptn_rop_message(obj)->session = c->session;
        *ret_obj = obj;
    }

    return rc;
}


/* OpenModeFlags, 2.2.3.1.1: 0 read only, 1 read and write, 3 best access. */
ptn_rc_t
ptn_rop_open_message(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    ptn_id_t                     folder, mid, id;
    ptn_rc_t                     rc;
    ptn_msg_t                   *msg;
    ptn_mbox_t                  *mb;
    ptn_msg_info_t               info;
    ptn_rop_object_t            *obj;
    ptn_rop_message_t           *m;
    ptn_rop_open_message_req_t  *req = req_;

    rc = ptn_rop_mbox(c, c->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_rop_fid_id(mb, req->folder_id, &folder);
    }

    if (rc == PTN_OK) {
        rc = ptn_rop_fid_id(mb, req->message_id, &mid);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_by_mid(mb, folder, mid, &id);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_open(mb, c->pool, id, &msg);
    }

    if (rc == PTN_OK) {
        rc = ptn_rop_message_make(c, &obj);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_msg_info(msg, &info);

    m = ptn_rop_message(obj);
    m->folder = info.folder;
    m->id = info.id;
    m->mid = info.mid;
    m->cn = info.cn;
    m->flags = info.flags;
    m->fai = info.fai;
    m->code_page = req->code_page;
    m->writable = (req->open_flags & 0x03) != 0;

    return ptn_rop_message_head(c, obj, res_);
}


ptn_rc_t
ptn_rop_create_message(ptn_rop_ctx_t *c, void *req_, void *res PTN_UNUSED)
{
    ptn_id_t                       id;
    ptn_rc_t                       rc;
    ptn_mbox_t                    *mb;
    ptn_rop_object_t              *obj;
    ptn_rop_message_t             *m;
    const ptn_folder_t            *folder;
    ptn_rop_create_message_req_t  *req = req_;

    rc = ptn_rop_mbox(c, c->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_rop_fid_id(mb, req->folder_id, &id);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_get(mb, id, &folder);
    }

    if (rc == PTN_OK) {
        rc = ptn_rop_message_make(c, &obj);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    m = ptn_rop_message(obj);
    m->folder = folder->id;
    m->fai = req->associated != 0;
    m->code_page = req->code_page;
    m->writable = true;
    m->edited = true;

    return PTN_OK;
}


/* --- save ---------------------------------------------------------------- */

/* Flags of a message that is stored for the first time. */
static uint32_t
ptn_rop_message_flags(const ptn_object_t *object)
{
    int64_t   n;
    uint32_t  flags;

    if (!ptn_props_int(&object->props, PTN_PR_MESSAGE_FLAGS, &n)) {
        n = PTN_MSGFLAG_READ|PTN_MSGFLAG_UNSENT;
    }

    flags = n & PTN_MSGFLAG_READ ? PTN_FLAG_SEEN : 0;

    return n & PTN_MSGFLAG_UNSENT ? flags | PTN_FLAG_DRAFT : flags;
}


static ptn_rc_t
ptn_rop_message_create(ptn_rop_ctx_t *c, ptn_txn_t *tx, ptn_rop_message_t *m,
    ptn_object_t *object, ptn_saved_t *ret_saved)
{
    ptn_save_t  save;

    memset(&save, 0, sizeof(save));
    save.object = object;
    save.flags = ptn_rop_message_flags(object);
    save.fai = m->fai;

    ptn_props_unset(&object->props, ptn_prop_id(PTN_PR_MESSAGE_FLAGS));

    return ptn_msg_create(tx, c->pool, m->folder, &save, ret_saved);
}


/* Properties that are no content, without making the message anew. */
static ptn_rc_t
ptn_rop_message_small(ptn_rop_ctx_t *c, ptn_txn_t *tx, ptn_rop_message_t *m,
    ptn_saved_t *ret_saved)
{
    uint32_t         i, n;
    ptn_bag_prop_t  *props;

    if (m->own_recips || m->parts != NULL) {
        return PTN_ESUPPORT;
    }

    n = m->delta.set.n + m->delta.ngone;

    props = ptn_parray(c->pool, n, sizeof(ptn_bag_prop_t));
    if (props == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < m->delta.set.n; i++) {
        props[i] = m->delta.set.p[i];
    }

    /* a tag of that id; any type will do */

    for (i = 0; i < m->delta.ngone; i++) {
        props[m->delta.set.n + i].tag
            = (uint32_t) m->delta.gone[i] << 16 | PTN_PT_UNICODE;
        props[m->delta.set.n + i].value = ptn_str_make(NULL, 0);
    }

    return ptn_msg_set_props(tx, c->pool, m->id, props, n, ret_saved);
}


static ptn_rc_t
ptn_rop_message_update(ptn_rop_ctx_t *c, ptn_txn_t *tx, ptn_rop_object_t *obj,
    bool force, ptn_saved_t *ret_saved)
{
    ptn_rc_t            rc;
    ptn_msg_t          *msg;
    ptn_save_t          save;
    ptn_object_t       *object;
    ptn_msg_info_t      info;
    ptn_rop_message_t  *m;

    m = ptn_rop_message(obj);

    rc = ptn_msg_open(tx->mb, c->pool, m->id, &msg);

    if (rc == PTN_ENOTFOUND) {
        c->error = PTN_MAPI_OBJECT_DELETED;
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_msg_info(msg, &info);

    if (!force && info.cn != m->cn) {
        return PTN_ECONFLICT;           /* MS-OXCMSG 3.2.5.3 */
    }

    rc = ptn_rop_message_small(c, tx, m, ret_saved);
    if (rc != PTN_ESUPPORT) {
        return rc;
    }

    rc = ptn_rop_message_object(c, obj, &object);
    if (rc != PTN_OK) {
        return rc;
    }

    memset(&save, 0, sizeof(save));
    save.object = object;
    save.flags = info.flags;
    save.keywords = info.keywords;
    save.received = info.received;
    save.fai = info.fai;

    return ptn_msg_update(tx, c->pool, m->id, &save, force ? 0 : m->cn,
                          ret_saved);
}


/* An embedded message becomes its attachment's. */
static ptn_rc_t
ptn_rop_message_embed(ptn_rop_ctx_t *c, ptn_rop_object_t *obj)
{
    size_t              size;
    ptn_rc_t            rc;
    ptn_pool_t         *pool;
    ptn_object_t       *object, *copy;
    ptn_rop_attach_t   *h;
    ptn_rop_message_t  *m;

    m = ptn_rop_message(obj);
    h = ptn_rop_attach(obj->owner);

    if (!h->writable) {
        return PTN_EDENIED;
    }

    rc = ptn_rop_message_object(c, obj, &object);
    if (rc != PTN_OK) {
        return rc;
    }

    pool = ptn_rop_pool(obj->owner);
    if (pool == NULL || ptn_rop_pool(obj) == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_rop_object_dup(pool, object, &copy, &size);

    if (rc == PTN_OK) {
        rc = ptn_rop_hold(h->session, &h->held, size);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    h->embedded = copy;
    h->has_data = false;
    h->edited = true;

    /* what it is from now on */

    rc = ptn_rop_object_dup(obj->pool, object, &copy, &size);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_rop_message_clear(obj);
    m->base = copy;

    return ptn_rop_hold(m->session, &m->held, size);
}


static ptn_rc_t
ptn_rop_message_store(ptn_rop_ctx_t *c, ptn_rop_object_t *obj, bool force)
{
    ptn_rc_t                              rc;
    ptn_mbox_t                           *mb;
    ptn_saved_t                           saved;
    ptn_object_t                         *object;
    ptn_rop_message_t                    *m;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    m = ptn_rop_message(obj);
    object = NULL;

    rc = ptn_rop_mbox(c, obj->logon, &mb);

    if (rc == PTN_OK && m->id == 0) {
        rc = ptn_rop_message_object(c, obj, &object);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, mb);
    }

    if (rc == PTN_OK) {
        rc = m->id == 0 ? ptn_rop_message_create(c, &tx, m, object, &saved)
                        : ptn_rop_message_update(c, &tx, obj, force, &saved);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    m->id = saved.id;
    m->mid = saved.mid;
    m->cn = saved.cn;
    ptn_rop_message_clear(obj);

    return PTN_OK;
}


ptn_rc_t
ptn_rop_save_changes_message(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    ptn_rc_t                             rc;
    ptn_mbox_t                          *mb;
    ptn_rop_message_t                   *m;
    ptn_rop_save_changes_message_req_t  *req = req_;
    ptn_rop_save_changes_message_res_t  *res = res_;

    m = ptn_rop_message(c->in);
    res->in_handle = req->in_handle;

    if (!m->writable) {
        c->error = PTN_MAPI_ERROR;      /* R1699 */
        return PTN_EDENIED;
    }

    rc = PTN_OK;

    if (m->embedded) {
        rc = ptn_rop_message_embed(c, c->in);

    } else if (m->edited || m->id == 0) {
        rc = ptn_rop_message_store(c, c->in,
                                   req->save_flags & PTN_SAVE_FORCE);
    }

    if (rc == PTN_OK && !m->embedded) {
        rc = ptn_rop_mbox(c, c->in->logon, &mb);

        if (rc == PTN_OK) {
            rc = ptn_rop_fid(mb, m->mid, &res->message_id);
        }
    }

    if (rc == PTN_OK && (req->save_flags & PTN_SAVE_READ_ONLY)
        && !(req->save_flags & PTN_SAVE_READ_WRITE))
    {
        m->writable = false;
    }

    return rc;
}


/* --- reload -------------------------------------------------------------- */

ptn_rc_t
ptn_rop_reload_cached_information(ptn_rop_ctx_t *c, void *req PTN_UNUSED,
    void *res)
{
    return ptn_rop_message_head(c, c->in, res);
}


/* --- status, read state -------------------------------------------------- */

static ptn_rc_t
ptn_rop_status_of(ptn_rop_ctx_t *c, uint64_t message_id, ptn_mbox_t **ret_mb,
    ptn_id_t *ret_id)
{
    ptn_id_t  mid;
    ptn_rc_t  rc;

    rc = ptn_rop_mbox(c, c->logon, ret_mb);

    if (rc == PTN_OK) {
        rc = ptn_rop_fid_id(*ret_mb, message_id, &mid);
    }

    return rc == PTN_OK
           ? ptn_msg_by_mid(*ret_mb, ptn_rop_folder(c->in)->id, mid, ret_id)
           : rc;
}


ptn_rc_t
ptn_rop_get_message_status(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    ptn_id_t                           id;
    ptn_rc_t                           rc;
    ptn_mbox_t                        *mb;
    ptn_rop_message_status_res_t      *res = res_;
    ptn_rop_get_message_status_req_t  *req = req_;

    rc = ptn_rop_status_of(c, req->message_id, &mb, &id);

    return rc == PTN_OK ? ptn_msg_status_get(mb, id, &res->status) : rc;
}


/* No change number moves (3.2.5.8): the store keeps it apart from content. */
ptn_rc_t
ptn_rop_set_message_status(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    ptn_id_t                              id;
    ptn_rc_t                              rc;
    ptn_mbox_t                           *mb;
    ptn_rop_message_status_res_t         *res = res_;
    ptn_rop_set_message_status_req_t     *req = req_;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_rop_status_of(c, req->message_id, &mb, &id);

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_status_set(&tx, id, req->status, req->mask,
                                &res->status);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


/* What is due then is sent when the batch has been committed (ptn_mdn.h). */
static ptn_rc_t
ptn_rop_mark_read(ptn_rop_ctx_t *c, ptn_mbox_t *mb, const ptn_id_t *ids,
    size_t n, uint8_t flags)
{
    bool                                 *due;
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_msg_read_ids(&tx, c->pool, ids, n, flags, &due);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


ptn_rc_t
ptn_rop_set_message_read_flag(ptn_rop_ctx_t *c, void *req_,
    void *res PTN_UNUSED)
{
    ptn_rc_t                              rc;
    ptn_mbox_t                           *mb;
    ptn_rop_message_t                    *m;
    ptn_rop_set_message_read_flag_req_t  *req = req_;

    m = ptn_rop_message(c->in);

    if (m->embedded) {
        return PTN_OK;
    }

    if (m->id == 0) {
        return PTN_ENOTFOUND;
    }

    rc = ptn_rop_mbox(c, c->logon, &mb);

    return rc == PTN_OK
           ? ptn_rop_mark_read(c, mb, &m->id, 1, req->read_flags) : rc;
}


ptn_rc_t
ptn_rop_set_read_flags(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    size_t                                n;
    ptn_id_t                             *ids;
    ptn_rc_t                              rc;
    ptn_mbox_t                           *mb;
    ptn_rop_partial_res_t                *res = res_;
    ptn_rop_set_read_flags_req_t         *req = req_;

    rc = ptn_rop_mbox(c, c->logon, &mb);

    if (rc == PTN_OK) {
        rc = req->message_count == 0
             ? ptn_rop_folder_ids(c, mb, ptn_rop_folder(c->in)->id, &ids, &n)
             : ptn_rop_message_ids(c, mb, ptn_rop_folder(c->in)->id,
                                   req->message_ids, req->message_count,
                                   &ids, &n);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    res->partial_completion = req->message_count != 0
                              && n != req->message_count;

    return n ? ptn_rop_mark_read(c, mb, ids, n, req->read_flags) : PTN_OK;
}
