#include "ptn_rop_data.h"


/* Properties (MS-OXCPRPT 3.2.5). */


#define PTN_COPY_MOVE          0x01     /* CopyFlags, 2.2.11.1 */
#define PTN_COPY_NO_OVERWRITE  0x02


/* --- reading ------------------------------------------------------------- */

ptn_rc_t
ptn_rop_bag_values(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    const uint32_t *tags, size_t n, ptn_str_t *values)
{
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    switch (obj->kind) {

    case PTN_ROP_KIND_LOGON:
        return ptn_rop_logon_values(c, obj, tags, n, values);

    case PTN_ROP_KIND_FOLDER:
        rc = ptn_rop_mbox(c, obj->logon, &mb);
        return rc == PTN_OK
               ? ptn_folder_props(mb, c->pool, ptn_rop_folder(obj)->id, tags,
                                  n, values)
               : rc;

    case PTN_ROP_KIND_MESSAGE:
        return ptn_rop_message_values(c, obj, tags, n, values);

    case PTN_ROP_KIND_ATTACHMENT:
        return ptn_rop_attach_values(c, obj, tags, n, values);

    default:
        return PTN_ESUPPORT;
    }
}


ptn_rc_t
ptn_rop_bag_all(ptn_rop_ctx_t *c, ptn_rop_object_t *obj, ptn_props_t *ret)
{
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    switch (obj->kind) {

    case PTN_ROP_KIND_LOGON:
        return ptn_rop_logon_all(c, obj, ret);

    case PTN_ROP_KIND_FOLDER:
        rc = ptn_rop_mbox(c, obj->logon, &mb);
        return rc == PTN_OK
               ? ptn_folder_props_all(mb, c->pool, ptn_rop_folder(obj)->id,
                                      ret)
               : rc;

    case PTN_ROP_KIND_MESSAGE:
        return ptn_rop_message_all(c, obj, ret);

    case PTN_ROP_KIND_ATTACHMENT:
        return ptn_rop_attach_all(c, obj, ret);

    default:
        return PTN_ESUPPORT;
    }
}


/* Bytes of a value on the wire, or a little more. */
static size_t
ptn_rop_value_size(uint16_t type, ptn_str_t value)
{
    switch (type) {

    case PTN_PT_UNICODE:
        return ptn_utf16_len(value) + 2;

    case PTN_PT_STRING8:
        return value.len + 1;

    case PTN_PT_BINARY:
    case PTN_PT_SVREID:
        return value.len + 2;

    default:
        return type & PTN_PT_MV ? 2 * value.len + 4 : value.len;
    }
}


typedef struct {
    uint32_t   *columns;        /* as the client said */
    uint32_t   *tags;           /* inner */
    uint16_t   *types;          /* on the wire, of unspecified ones */
    ptn_str_t  *values;
    uint32_t   *errors;
    size_t     *sizes;
    size_t      n;
} ptn_rop_specific_t;


/* Columns without a type get that of the property they find. */
static ptn_rc_t
ptn_rop_specific_types(ptn_rop_ctx_t *c, ptn_rop_specific_t *s, bool unicode)
{
    size_t       i;
    bool         read;
    ptn_rc_t     rc;
    uint16_t     type;
    uint32_t     tag;
    ptn_props_t  props;

    read = false;

    for (i = 0; i < s->n; i++) {
        s->tags[i] = ptn_wire_tag_inner(s->columns[i]);
        s->types[i] = ptn_prop_type(s->columns[i]);

        if (s->types[i] != 0) {
            continue;
        }

        if (!read) {
            rc = ptn_rop_bag_all(c, c->in, &props);
            if (rc != PTN_OK) {
                return rc;
            }

            read = true;
        }

        if (ptn_props_find(&props, ptn_prop_id(s->columns[i]), &tag).data
            == NULL)
        {
            continue;
        }

        type = ptn_prop_type(tag);
        s->tags[i] = tag;

        if ((type & ~PTN_PT_MV) == PTN_PT_UNICODE && !unicode) {
            type = (uint16_t) (PTN_PT_STRING8 | (type & PTN_PT_MV));
        }

        s->types[i] = type;
    }

    return PTN_OK;
}


/*
 * What cannot go out because of its size, alone or with all others, is an
 * error in its place: the client opens a stream.
 */
static void
ptn_rop_specific_fit(ptn_rop_specific_t *s, size_t limit, size_t room)
{
    size_t  i, total, most;

    total = 1;

    for (i = 0; i < s->n; i++) {
        s->sizes[i] = 4;
        s->errors[i] = 0;

        if (s->values[i].data != NULL) {
            s->sizes[i] = ptn_rop_value_size(s->types[i], s->values[i]);

            if (s->values[i].len > UINT16_MAX
                || (limit != 0 && s->sizes[i] > limit))
            {
                s->values[i] = ptn_str_make(NULL, 0);
                s->errors[i] = PTN_WIRE_NO_MEMORY;
                s->sizes[i] = 4;
            }
        }

        total += s->sizes[i] + 3;
    }

    while (total > room) {
        most = 0;

        for (i = 1; i < s->n; i++) {
            if (s->sizes[i] > s->sizes[most]) {
                most = i;
            }
        }

        if (s->n == 0 || s->sizes[most] <= 4) {
            return;
        }

        total -= s->sizes[most] - 4;
        s->sizes[most] = 4;
        s->values[most] = ptn_str_make(NULL, 0);
        s->errors[most] = PTN_WIRE_NO_MEMORY;
    }
}


ptn_rc_t
ptn_rop_get_properties_specific(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    ptn_rc_t                               rc;
    ptn_buf_t                              out;
    ptn_wire_text_t                        text;
    ptn_rop_row_res_t                     *res = res_;
    ptn_rop_specific_t                     s;
    ptn_rop_get_properties_specific_req_t *req = req_;

    s.n = req->tag_count;
    s.columns = req->tags;
    s.tags = ptn_parray(c->pool, s.n, sizeof(uint32_t));
    s.types = ptn_parray(c->pool, s.n, sizeof(uint16_t));
    s.values = ptn_parray(c->pool, s.n, sizeof(ptn_str_t));
    s.errors = ptn_parray(c->pool, s.n, sizeof(uint32_t));
    s.sizes = ptn_parray(c->pool, s.n, sizeof(size_t));

    if (ptn_pool_failed(c->pool)) {
        return PTN_ENOMEM;
    }

    rc = ptn_rop_specific_types(c, &s, req->want_unicode != 0);

    if (rc == PTN_OK) {
        rc = ptn_rop_bag_values(c, c->in, s.tags, s.n, s.values);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_rop_specific_fit(&s, req->size_limit, c->room);

    text = ptn_rop_text(c, c->in);
    ptn_buf_init(&out, c->pool);

    rc = ptn_wire_row_put(&out, &text, s.columns, s.types, s.values, s.errors,
                          s.n);
    if (rc != PTN_OK) {
        return rc;
    }

    if (out.len > c->room) {
        c->small = true;
    }

    res->row = ptn_buf_get(&out);

    return PTN_OK;
}


/* One property of the answer to RopGetPropertiesAll. */
static ptn_rc_t
ptn_rop_all_put(ptn_rop_ctx_t *c, const ptn_wire_text_t *text, uint32_t tag,
    ptn_str_t value, size_t limit, ptn_wire_tagged_t *ret)
{
    ptn_rc_t   rc;
    ptn_buf_t  b;

    ptn_buf_init(&b, c->pool);

    rc = value.len > UINT16_MAX
         || (limit != 0
             && ptn_rop_value_size(ptn_prop_type(tag), value) > limit)
         ? PTN_ETOOBIG
         : ptn_wire_value_put(&b, text, ptn_prop_type(tag), value);

    ret->tag = tag;

    if (rc == PTN_ETOOBIG) {
        ret->tag = ptn_prop_error(tag);
        ret->value = ptn_rop_int(c->pool, PTN_WIRE_NO_MEMORY, 4);
        return ret->value.data ? PTN_OK : PTN_ENOMEM;
    }

    ret->value = ptn_buf_get(&b);

    return rc;
}


ptn_rc_t
ptn_rop_get_properties_all(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    size_t                            total;
    uint32_t                          i, tag, most;
    ptn_rc_t                          rc;
    ptn_props_t                       props;
    ptn_wire_text_t                   text;
    ptn_rop_get_properties_all_req_t *req = req_;
    ptn_rop_get_properties_all_res_t *res = res_;

    rc = ptn_rop_bag_all(c, c->in, &props);
    if (rc != PTN_OK) {
        return rc;
    }

    res->values = ptn_parray(c->pool, props.n, sizeof(ptn_wire_tagged_t));
    if (res->values == NULL) {
        return PTN_ENOMEM;
    }

    text = ptn_rop_text(c, c->in);
    total = 2;

    for (i = 0; i < props.n; i++) {
        tag = props.p[i].tag;

        if (ptn_prop_type(tag) == PTN_PT_UNICODE && !req->want_unicode) {
            tag = (tag & 0xffff0000) | PTN_PT_STRING8;
        }

        if (!ptn_wire_type_known(ptn_prop_type(tag))
            || ptn_prop_type(tag) == PTN_PT_OBJECT)
        {
            continue;
        }

        rc = ptn_rop_all_put(c, &text, tag, props.p[i].value, req->size_limit,
                             &res->values[res->count]);
        if (rc == PTN_EINVAL) {
            continue;                   /* not of its type */
        }

        if (rc != PTN_OK) {
            return rc;
        }

        total += res->values[res->count++].value.len + 4;
    }

    while (total > c->room) {
        for (i = 1, most = 0; i < res->count; i++) {
            if (res->values[i].value.len > res->values[most].value.len) {
                most = i;
            }
        }

        if (res->count == 0 || res->values[most].value.len <= 8) {
            c->small = true;
            return PTN_OK;
        }

        total -= res->values[most].value.len - 4;
        res->values[most].tag = ptn_prop_error(res->values[most].tag);
        res->values[most].value = ptn_rop_int(c->pool, PTN_WIRE_NO_MEMORY, 4);
    }

    return ptn_pool_failed(c->pool) ? PTN_ENOMEM : PTN_OK;
}


ptn_rc_t
ptn_rop_get_properties_list(ptn_rop_ctx_t *c, void *req PTN_UNUSED,
    void *res_)
{
    uint32_t                            i;
    ptn_rc_t                            rc;
    ptn_props_t                         props;
    ptn_rop_get_properties_list_res_t  *res = res_;

    rc = ptn_rop_bag_all(c, c->in, &props);
    if (rc != PTN_OK) {
        return rc;
    }

    res->tags = ptn_parray(c->pool, props.n, sizeof(uint32_t));
    if (res->tags == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < props.n; i++) {
        res->tags[i] = props.p[i].tag;
    }

    res->tag_count = (uint16_t) props.n;        /* PTN_BAG_COUNT_MAX */

    return PTN_OK;
}


/* --- writing ------------------------------------------------------------- */

static ptn_rc_t
ptn_rop_problem(ptn_rop_problems_res_t *res, uint32_t index, uint32_t tag,
    uint32_t error)
{
    res->problems[res->count].index = (uint16_t) index;
    res->problems[res->count].tag = tag;
    res->problems[res->count].error = error;
    res->count++;

    return PTN_OK;
}


/* A folder's bag: one by one, so that each can have its problem. */
static ptn_rc_t
ptn_rop_folder_set(ptn_rop_ctx_t *c, const ptn_bag_prop_t *props, uint32_t n,
    ptn_rop_problems_res_t *res)
{
    uint32_t                              i;
    ptn_rc_t                              rc;
    ptn_mbox_t                           *mb;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_rop_mbox(c, c->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, mb);
    }

    for (i = 0; rc == PTN_OK && i < n; i++) {
        rc = ptn_folder_props_set(&tx, ptn_rop_folder(c->in)->id, &props[i],
                                  1);

        if (rc == PTN_EDENIED || rc == PTN_ETOOBIG || rc == PTN_EINVAL
            || rc == PTN_EEXIST || rc == PTN_ELIMIT)
        {
            rc = ptn_rop_problem(res, i, props[i].tag,
                                 rc == PTN_EDENIED ? PTN_MAPI_ACCESS_DENIED
                                 : ptn_err(rc)->mapi);
        }
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
ptn_rop_bag_set(ptn_rop_ctx_t *c, const ptn_bag_prop_t *props, uint32_t n,
    ptn_rop_problems_res_t *res)
{
    uint32_t  i, error;
    ptn_rc_t  rc;

    res->problems = ptn_parray(c->pool, n, sizeof(res->problems[0]));
    if (res->problems == NULL) {
        return PTN_ENOMEM;
    }

    if (c->in->kind == PTN_ROP_KIND_FOLDER) {
        return ptn_rop_folder_set(c, props, n, res);
    }

    for (i = 0; i < n; i++) {
        error = PTN_MAPI_ACCESS_DENIED;
        rc = PTN_OK;

        if (c->in->kind == PTN_ROP_KIND_LOGON) {
            rc = ptn_rop_logon_set(c, &props[i]);
            error = rc == PTN_OK ? 0 : error;
            rc = rc == PTN_EDENIED ? PTN_OK : rc;

        } else if (c->in->kind == PTN_ROP_KIND_MESSAGE) {
            rc = ptn_rop_message_set(c, c->in, props[i].tag, props[i].value,
                                     &error);

        } else if (c->in->kind == PTN_ROP_KIND_ATTACHMENT) {
            rc = ptn_rop_attach_set(c, c->in, props[i].tag, props[i].value,
                                    &error);
        }

        if (rc == PTN_EINVAL || rc == PTN_ELIMIT || rc == PTN_ENOMEM) {
            error = ptn_err(rc)->mapi;
            rc = PTN_OK;
        }

        if (rc == PTN_OK && error != 0) {
            rc = ptn_rop_problem(res, i, props[i].tag, error);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


ptn_rc_t
ptn_rop_set_properties(ptn_rop_ctx_t *c, void *req_, void *res)
{
    uint32_t                      i, n;
    ptn_rc_t                      rc;
    ptn_wire_in_t                 in;
    const u_char                 *p;
    ptn_bag_prop_t               *props;
    ptn_wire_text_t               text;
    ptn_rop_set_properties_req_t *req = req_;

    in.p = req->values.data;
    in.end = in.p + req->values.len;
    in.pool = c->pool;

    p = ptn_wire_take(&in, 2);
    if (p == NULL) {
        return PTN_EINVAL;
    }

    n = (uint32_t) (p[0] | p[1] << 8);

    if (n > (size_t) (in.end - in.p) / 4) {
        return PTN_EINVAL;
    }

    props = ptn_parray(c->pool, n, sizeof(ptn_bag_prop_t));
    if (props == NULL) {
        return PTN_ENOMEM;
    }

    text = ptn_rop_text(c, c->in);

    for (i = 0; i < n; i++) {
        rc = ptn_wire_tagged_get(&in, &text, &props[i].tag, &props[i].value);

        if (rc != PTN_OK) {
            return rc == PTN_ENOMEM ? rc : PTN_EINVAL;
        }

        if (!ptn_wire_type_known(ptn_prop_type(props[i].tag))) {
            return PTN_EINVAL;
        }

        if (props[i].value.data == NULL) {
            props[i].value = ptn_str("");
        }
    }

    return ptn_rop_bag_set(c, props, n, res);
}


ptn_rc_t
ptn_rop_delete_properties(ptn_rop_ctx_t *c, void *req_, void *res)
{
    uint32_t                         i;
    ptn_bag_prop_t                  *props;
    ptn_rop_delete_properties_req_t *req = req_;

    props = ptn_parray(c->pool, req->tag_count, sizeof(ptn_bag_prop_t));
    if (props == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < req->tag_count; i++) {
        props[i].tag = ptn_wire_tag_inner(req->tags[i]);
        props[i].value = ptn_str_make(NULL, 0);
    }

    return ptn_rop_bag_set(c, props, req->tag_count, res);
}


/* --- copies -------------------------------------------------------------- */

/* Named properties mean something in one mailbox only. */
static bool
ptn_rop_copies(ptn_rop_ctx_t *c, uint32_t tag)
{
    return ptn_prop_id(tag) < PTN_NAMED_FIRST
           || c->in->logon == c->dest->logon;
}


static ptn_rc_t
ptn_rop_copy(ptn_rop_ctx_t *c, const ptn_props_t *props, bool keep,
    bool quiet, ptn_rop_problems_res_t *res)
{
    uint32_t           i, error;
    ptn_rc_t           rc;
    ptn_str_t         *have;
    uint32_t          *tags;
    ptn_rop_object_t  *in;

    tags = ptn_parray(c->pool, props->n, sizeof(uint32_t));
    have = ptn_parray(c->pool, props->n, sizeof(ptn_str_t));
    res->problems = ptn_parray(c->pool, props->n, sizeof(res->problems[0]));

    if (tags == NULL || have == NULL || res->problems == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < props->n; i++) {
        tags[i] = props->p[i].tag;
    }

    if (keep) {
        in = c->in;
        rc = ptn_rop_bag_values(c, c->dest, tags, props->n, have);
        c->in = in;

        if (rc != PTN_OK) {
            return rc;
        }
    }

    for (i = 0; i < props->n; i++) {
        if (keep && have[i].data != NULL) {
            continue;
        }

        error = PTN_MAPI_NOT_SUPPORTED;
        rc = PTN_OK;

        if (ptn_rop_copies(c, tags[i])) {
            rc = c->dest->kind == PTN_ROP_KIND_MESSAGE
                 ? ptn_rop_message_set(c, c->dest, tags[i],
                                       props->p[i].value, &error)
                 : ptn_rop_attach_set(c, c->dest, tags[i], props->p[i].value,
                                      &error);
        }

        if (rc != PTN_OK) {
            return rc;
        }

        /* what the server computes is the destination's own affair */

        if (error != 0 && !(quiet && error == PTN_MAPI_COMPUTED)) {
            ptn_rop_problem(res, i, tags[i], error);
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_rop_copy_check(ptn_rop_ctx_t *c, uint8_t flags)
{
    if (flags & ~(PTN_COPY_MOVE|PTN_COPY_NO_OVERWRITE)) {
        return PTN_EINVAL;
    }

    return c->in->kind == c->dest->kind && !(flags & PTN_COPY_MOVE)
           && (c->in->kind == PTN_ROP_KIND_MESSAGE
               || c->in->kind == PTN_ROP_KIND_ATTACHMENT)
           ? PTN_OK : PTN_ESUPPORT;
}


ptn_rc_t
ptn_rop_copy_properties(ptn_rop_ctx_t *c, void *req_, void *res)
{
    size_t                         i;
    uint32_t                      *tags;
    ptn_rc_t                       rc;
    ptn_str_t                     *values;
    ptn_props_t                    props;
    ptn_rop_copy_properties_req_t *req = req_;

    rc = ptn_rop_copy_check(c, req->copy_flags);
    if (rc != PTN_OK) {
        return rc;
    }

    memset(&props, 0, sizeof(props));
    tags = ptn_parray(c->pool, req->tag_count, sizeof(uint32_t));
    values = ptn_parray(c->pool, req->tag_count, sizeof(ptn_str_t));
    if (tags == NULL || values == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < req->tag_count; i++) {
        tags[i] = ptn_wire_tag_inner(req->tags[i]);
    }

    rc = ptn_rop_bag_values(c, c->in, tags, req->tag_count, values);

    for (i = 0; rc == PTN_OK && i < req->tag_count; i++) {
        if (values[i].data != NULL) {
            rc = ptn_props_set(&props, c->pool, tags[i], values[i]);
        }
    }

    return rc == PTN_OK
           ? ptn_rop_copy(c, &props, req->copy_flags & PTN_COPY_NO_OVERWRITE,
                          false, res)
           : rc;
}


ptn_rc_t
ptn_rop_copy_to(ptn_rop_ctx_t *c, void *req_, void *res)
{
    uint32_t               i;
    ptn_rc_t               rc;
    ptn_props_t            props, all;
    ptn_rop_copy_to_req_t *req = req_;

    rc = ptn_rop_copy_check(c, req->copy_flags);

    /* recipients, attachments: not yet */

    if (rc == PTN_OK && req->want_subobjects
        && c->in->kind == PTN_ROP_KIND_MESSAGE)
    {
        return PTN_ESUPPORT;
    }

    if (rc == PTN_OK) {
        rc = ptn_rop_bag_all(c, c->in, &all);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    memset(&props, 0, sizeof(props));
    rc = ptn_props_merge(&props, c->pool, &all);

    for (i = 0; i < req->tag_count; i++) {
        ptn_props_unset(&props, ptn_prop_id(req->tags[i]));
    }

    return rc == PTN_OK
           ? ptn_rop_copy(c, &props, req->copy_flags & PTN_COPY_NO_OVERWRITE,
                          true, res)
           : rc;
}
