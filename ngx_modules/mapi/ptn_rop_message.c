#include "ptn_html.h"
#include "ptn_rop_data.h"


/*
 * A message as its handle sees it: what is stored (or, of an embedded one,
 * what the attachment had; of a new one, nothing), the delta over it, and
 * what the server says where neither has a value (MS-OXCMSG 3.2.5.2).
 */


ptn_str_t
ptn_rop_int(ptn_pool_t *pool, uint64_t n, size_t size)
{
    size_t   i;
    u_char  *p;

    p = ptn_palloc(pool, 8);
    if (p == NULL) {
        return ptn_str_make(NULL, 0);
    }

    for (i = 0; i < 8; i++) {
        p[i] = (u_char) (n >> (8 * i));
    }

    return ptn_str_make(p, size);
}


ptn_rop_object_t *
ptn_rop_message_of(ptn_rop_object_t *obj)
{
    while (obj != NULL && obj->kind != PTN_ROP_KIND_MESSAGE) {
        obj = obj->owner;
    }

    return obj;
}


ptn_wire_text_t
ptn_rop_text(ptn_rop_ctx_t *c, ptn_rop_object_t *obj)
{
    ptn_wire_text_t    text;
    ptn_rop_object_t  *message;

    memset(&text, 0, sizeof(text));
    text.pool = c->pool;
    text.code_page = c->session->codepage;

    message = ptn_rop_message_of(obj);

    if (message != NULL && ptn_rop_message(message)->code_page != 0) {
        text.code_page = ptn_rop_message(message)->code_page;
    }

    /* 0x0fff, Unicode, and UTF-16 are no code pages of 8-bit strings */

    if (text.code_page == 0x0fff || text.code_page == 1200) {
        text.code_page = 0;
    }

    return text;
}


static ptn_rc_t
ptn_rop_message_stored(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    ptn_mbox_t **ret_mb, ptn_msg_t **ret_msg)
{
    ptn_rc_t            rc;
    ptn_mbox_t         *mb;
    ptn_rop_message_t  *m;

    m = ptn_rop_message(obj);

    rc = ptn_rop_mbox(c, obj->logon, &mb);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_msg_open(mb, c->pool, m->id, ret_msg);

    if (rc == PTN_ENOTFOUND) {
        c->error = PTN_MAPI_OBJECT_DELETED;
        return rc;
    }

    *ret_mb = mb;

    return rc;
}


/* --- what the server says ------------------------------------------------ */

typedef struct {
    uint32_t     tag;
    const char  *text;          /* or a number */
    uint64_t     n;
    bool         fresh;         /* of messages that were not saved yet alone */
} ptn_rop_default_t;

static const ptn_rop_default_t  ptn_rop_message_defaults[] = {
    { PTN_PR_IMPORTANCE,     NULL, 1, true },
    { PTN_PR_MESSAGE_CLASS,  "IPM.Note", 0, true },
    { PTN_PR_SENSITIVITY,    NULL, 0, true },
    { PTN_PR_DISPLAY_BCC,    "", 0, true },
    { PTN_PR_DISPLAY_CC,     "", 0, true },
    { PTN_PR_DISPLAY_TO,     "", 0, true },
    { PTN_PR_MESSAGE_FLAGS,  NULL, 0x09, true },
    { PTN_PR_MESSAGE_SIZE,   NULL, 0, true },
    { PTN_PR_HASATTACH,      NULL, 0, true },
    { PTN_PR_OBJECT_TYPE,    NULL, 5, false },      /* message */
    { PTN_PR_INSTANCE_NUM,   NULL, 0, false },
};


static ptn_str_t
ptn_rop_default(ptn_pool_t *pool, uint32_t tag, bool fresh)
{
    size_t                    i;
    const ptn_rop_default_t  *d;

    for (i = 0; i < ptn_nelts(ptn_rop_message_defaults); i++) {
        d = &ptn_rop_message_defaults[i];

        if (d->tag != tag || (d->fresh && !fresh)) {
            continue;
        }

        return d->text != NULL ? ptn_str_z(d->text)
                               : ptn_rop_int(pool, d->n, ptn_prop_size(tag));
    }

    return ptn_str_make(NULL, 0);
}


/* Ids of a stored message, where the store did not say them itself. */
static ptn_str_t
ptn_rop_message_id(ptn_rop_ctx_t *c, ptn_rop_object_t *obj, uint32_t tag)
{
    u_char             *p;
    uint16_t            replid;
    uint64_t            fid;
    ptn_mbox_t         *mb;
    ptn_guid_t          folder_guid, guid;
    ptn_rop_message_t  *m;

    m = ptn_rop_message(obj);

    if (m->id == 0 || ptn_rop_mbox(c, obj->logon, &mb) != PTN_OK) {
        return ptn_str_make(NULL, 0);
    }

    switch (tag) {

    case PTN_PR_MID:
    case PTN_PR_INST_ID:
        return ptn_rop_fid(mb, m->mid, &fid) == PTN_OK
               ? ptn_rop_int(c->pool, fid, 8) : ptn_str_make(NULL, 0);

    case PTN_PR_FOLDER_ID:
    case PTN_PR_PARENT_FOLDER_ID:
        return ptn_rop_fid(mb, m->folder, &fid) == PTN_OK
               ? ptn_rop_int(c->pool, fid, 8) : ptn_str_make(NULL, 0);

    case PTN_PR_CHANGE_NUMBER:
        return ptn_rop_fid(mb, m->cn, &fid) == PTN_OK
               ? ptn_rop_int(c->pool, fid, 8) : ptn_str_make(NULL, 0);

    case PTN_PR_ENTRYID:
    case PTN_PR_RECORD_KEY:
        p = ptn_palloc(c->pool, PTN_EID_MESSAGE_LEN);

        if (p == NULL
            || ptn_mbox_replica(mb, m->folder, &replid, &folder_guid)
               != PTN_OK
            || ptn_mbox_replica(mb, m->mid, &replid, &guid) != PTN_OK)
        {
            return ptn_str_make(NULL, 0);
        }

        ptn_eid_message(ptn_mbox_provider(mb), folder_guid, m->folder, guid,
                        m->mid, p);
        return ptn_str_make(p, PTN_EID_MESSAGE_LEN);

    case PTN_PR_PARENT_ENTRYID:
        p = ptn_palloc(c->pool, PTN_EID_FOLDER_LEN);

        if (p == NULL
            || ptn_mbox_replica(mb, m->folder, &replid, &folder_guid)
               != PTN_OK)
        {
            return ptn_str_make(NULL, 0);
        }

        ptn_eid_folder(ptn_mbox_provider(mb), folder_guid, m->folder, p);
        return ptn_str_make(p, PTN_EID_FOLDER_LEN);

    default:
        return ptn_str_make(NULL, 0);
    }
}


/* MS-OXCMSG 2.2.1.1: what this handle may do. */
static ptn_str_t
ptn_rop_message_server(ptn_rop_ctx_t *c, ptn_rop_object_t *obj, uint32_t tag)
{
    ptn_str_t           value;
    ptn_rop_message_t  *m;

    m = ptn_rop_message(obj);

    switch (tag) {

    case PTN_PR_ACCESS:
        return ptn_rop_int(c->pool, m->id == 0 ? 0x03 : 0x07, 4);

    case PTN_PR_ACCESS_LEVEL:
        return ptn_rop_int(c->pool, m->writable, 4);
    }

    value = ptn_rop_message_id(c, obj, tag);

    return value.data != NULL ? value
           : ptn_rop_default(c->pool, tag, m->id == 0);
}


/* --- values -------------------------------------------------------------- */

/*
 * Bodies are one thing in several forms: when one was set, the others follow
 * from it.  False: the stored ones hold.
 */
static bool
ptn_rop_message_body(ptn_rop_ctx_t *c, const ptn_rop_message_t *m,
    uint32_t tag, ptn_str_t *ret_value)
{
    ptn_rc_t      rc;
    ptn_object_t  object;

    if (!ptn_body_is(tag)
        || (ptn_props_find(&m->delta.set, ptn_prop_id(PTN_PR_BODY), NULL).data
            == NULL
            && ptn_props_find(&m->delta.set, ptn_prop_id(PTN_PR_HTML),
                              NULL).data == NULL
            && ptn_props_find(&m->delta.set,
                              ptn_prop_id(PTN_PR_RTF_COMPRESSED), NULL).data
               == NULL))
    {
        return false;
    }

    memset(&object, 0, sizeof(object));
    rc = ptn_props_merge(&object.props, c->pool, &m->delta.set);

    if (rc == PTN_OK) {
        rc = ptn_body_given(&object.props, c->pool, &m->delta.set);
    }

    if (rc == PTN_OK) {
        rc = ptn_body_form(c->pool, &object, tag, ret_value);
    }

    if (rc != PTN_OK) {
        *ret_value = ptn_str_make(NULL, 0);
    }

    return true;
}


/*
 * MS-OXBBODY 2.1.3.1: who asks for PidTagNativeBody and some of the forms is
 * told which of those is the best.
 */
static void
ptn_rop_message_best(ptn_rop_ctx_t *c, const uint32_t *tags, size_t n,
    ptn_str_t *values)
{
    size_t    i, native;
    int64_t   v;
    unsigned  asked;

    native = n;
    asked = 0;

    for (i = 0; i < n; i++) {
        switch (ptn_prop_id(tags[i])) {

        case ptn_prop_id(PTN_PR_NATIVE_BODY):
            native = i;
            break;

        case ptn_prop_id(PTN_PR_BODY):
            asked |= 1u << PTN_BODY_TEXT;
            break;

        case ptn_prop_id(PTN_PR_RTF_COMPRESSED):
            asked |= 1u << PTN_BODY_RTF;
            break;

        case ptn_prop_id(PTN_PR_HTML):
            asked |= 1u << PTN_BODY_HTML;
            break;
        }
    }

    if (native == n || asked == 0 || values[native].data == NULL
        || !ptn_prop_int(PTN_PR_NATIVE_BODY, values[native], &v)
        || v < PTN_BODY_TEXT || v > PTN_BODY_HTML || (asked & 1u << v))
    {
        return;
    }

    /* RTF holds either of the others; HTML has more of RTF than text has */

    v = (asked & 1u << PTN_BODY_RTF) ? PTN_BODY_RTF
        : (asked & 1u << PTN_BODY_HTML) ? PTN_BODY_HTML : PTN_BODY_TEXT;
    values[native] = ptn_rop_int(c->pool, (uint64_t) v, 4);
}


ptn_rc_t
ptn_rop_message_values(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    const uint32_t *tags, size_t n, ptn_str_t *values)
{
    size_t              i;
    ptn_rc_t            rc;
    ptn_msg_t          *msg;
    ptn_mbox_t         *mb;
    ptn_rop_message_t  *m;

    m = ptn_rop_message(obj);

    if (m->id != 0) {
        rc = ptn_rop_message_stored(c, obj, &mb, &msg);

        if (rc == PTN_OK) {
            rc = ptn_msg_props(msg, tags, n, values);
        }

        if (rc != PTN_OK) {
            return rc;
        }

    } else {
        for (i = 0; i < n; i++) {
            values[i] = m->base ? ptn_props_get(&m->base->props, tags[i])
                                : ptn_str_make(NULL, 0);
        }
    }

    for (i = 0; i < n; i++) {

        if (tags[i] == PTN_PR_ACCESS_LEVEL || tags[i] == PTN_PR_ACCESS) {
            values[i] = ptn_str_make(NULL, 0);

        } else if (ptn_rop_delta_get(&m->delta, tags[i], &values[i])
                   || ptn_rop_message_body(c, m, tags[i], &values[i]))
        {
            continue;
        }

        if (values[i].data == NULL) {
            values[i] = ptn_rop_message_server(c, obj, tags[i]);
        }
    }

    ptn_rop_message_best(c, tags, n, values);

    return ptn_pool_failed(c->pool) ? PTN_ENOMEM : PTN_OK;
}


/* The stored properties (of one's own list, so that it can be changed). */
static ptn_rc_t
ptn_rop_message_base(ptn_rop_ctx_t *c, ptn_rop_object_t *obj, unsigned what,
    const ptn_object_t **ret_object)
{
    ptn_rc_t            rc;
    ptn_msg_t          *msg;
    ptn_mbox_t         *mb;
    ptn_object_t       *object;
    ptn_rop_message_t  *m;

    m = ptn_rop_message(obj);

    if (m->id != 0) {
        rc = ptn_rop_message_stored(c, obj, &mb, &msg);
        return rc == PTN_OK ? ptn_msg_object(msg, what, ret_object) : rc;
    }

    if (m->base != NULL) {
        *ret_object = m->base;
        return PTN_OK;
    }

    object = ptn_pcalloc(c->pool, sizeof(ptn_object_t));
    if (object == NULL) {
        return PTN_ENOMEM;
    }

    *ret_object = object;

    return PTN_OK;
}


static ptn_rc_t
ptn_rop_message_props(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    const ptn_object_t *base, ptn_props_t *ret_props)
{
    ptn_rc_t            rc;
    ptn_str_t           body;
    ptn_props_t         props;
    ptn_rop_message_t  *m;

    m = ptn_rop_message(obj);
    memset(&props, 0, sizeof(props));

    rc = ptn_props_merge(&props, c->pool, &base->props);

    if (rc == PTN_OK) {
        rc = ptn_rop_delta_apply(&m->delta, c->pool, &props);
    }

    if (rc == PTN_OK) {
        rc = ptn_body_given(&props, c->pool, &m->delta.set);
    }

    /* text is kept beside HTML: mail has both */

    if (rc == PTN_OK
        && ptn_props_get(&m->delta.set, PTN_PR_HTML).data != NULL
        && ptn_props_get(&m->delta.set, PTN_PR_BODY).data == NULL
        && ptn_rop_message_body(c, m, PTN_PR_BODY, &body)
        && body.data != NULL)
    {
        rc = ptn_props_set(&props, c->pool, PTN_PR_BODY, body);
    }

    if (rc == PTN_OK) {
        *ret_props = props;
    }

    return rc;
}


ptn_rc_t
ptn_rop_message_all(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    ptn_props_t *ret_props)
{
    size_t               i;
    ptn_rc_t             rc;
    ptn_str_t            value;
    ptn_props_t          props;
    const ptn_object_t  *base;

    static const uint32_t  more[] = {
        PTN_PR_ENTRYID, PTN_PR_RECORD_KEY, PTN_PR_PARENT_ENTRYID, PTN_PR_MID,
        PTN_PR_FOLDER_ID, PTN_PR_CHANGE_NUMBER, PTN_PR_ACCESS,
        PTN_PR_IMPORTANCE, PTN_PR_MESSAGE_CLASS, PTN_PR_SENSITIVITY,
        PTN_PR_DISPLAY_BCC, PTN_PR_DISPLAY_CC, PTN_PR_DISPLAY_TO,
        PTN_PR_MESSAGE_FLAGS, PTN_PR_MESSAGE_SIZE, PTN_PR_HASATTACH,
        PTN_PR_OBJECT_TYPE
    };

    rc = ptn_rop_message_base(c, obj, PTN_OXCMAIL_PROPS|PTN_OXCMAIL_BODY
                                      |PTN_OXCMAIL_HTML, &base);
    if (rc == PTN_OK) {
        rc = ptn_rop_message_props(c, obj, base, &props);
    }

    for (i = 0; rc == PTN_OK && i < ptn_nelts(more); i++) {
        if (ptn_props_find(&props, ptn_prop_id(more[i]), NULL).data != NULL) {
            continue;
        }

        value = ptn_rop_message_server(c, obj, more[i]);

        if (value.data != NULL) {
            rc = ptn_props_set(&props, c->pool, more[i], value);
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_props_set(&props, c->pool, PTN_PR_ACCESS_LEVEL,
                           ptn_rop_message_server(c, obj,
                                                  PTN_PR_ACCESS_LEVEL));
    }

    if (rc == PTN_OK) {
        *ret_props = props;
    }

    return rc;
}


ptn_rc_t
ptn_rop_message_recips(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    const ptn_recip_t **ret_recips, uint32_t *ret_n)
{
    ptn_rc_t             rc;
    ptn_rop_message_t   *m;
    const ptn_object_t  *base;

    m = ptn_rop_message(obj);

    if (m->own_recips) {
        *ret_recips = m->recips;
        *ret_n = m->nrecips;
        return PTN_OK;
    }

    rc = ptn_rop_message_base(c, obj, PTN_OXCMAIL_RECIPS, &base);

    if (rc == PTN_OK) {
        *ret_recips = base->recips;
        *ret_n = base->nrecips;
    }

    return rc;
}


static ptn_rop_part_t *
ptn_rop_message_part_find(const ptn_rop_message_t *m, uint32_t num)
{
    ptn_rop_part_t  *part;

    for (part = m->parts; part != NULL && part->num != num;
         part = part->next)
    {
        /* void */
    }

    return part;
}


/* What became of an attachment. */
static ptn_rc_t
ptn_rop_part_apply(ptn_rop_ctx_t *c, const ptn_rop_part_t *part,
    ptn_attach_t *a)
{
    ptn_rc_t     rc;
    ptn_props_t  props;

    memset(&props, 0, sizeof(props));
    rc = ptn_props_merge(&props, c->pool, &a->props);

    if (rc == PTN_OK) {
        rc = ptn_rop_delta_apply(&part->delta, c->pool, &props);
    }

    a->props = props;

    if (part->has_data) {
        a->has_data = true;
        a->data = part->data;
        a->size = part->data.len;
        a->part = PTN_PART_NONE;
    }

    if (part->embedded != NULL) {
        a->has_data = true;
        a->embedded = part->embedded;
        a->part = PTN_PART_NONE;
    }

    return rc;
}


ptn_rc_t
ptn_rop_message_attachs(ptn_rop_ctx_t *c, ptn_rop_object_t *obj, bool data,
    ptn_attach_t **ret_attachs, uint32_t *ret_n)
{
    uint32_t              i, n;
    ptn_rc_t              rc;
    ptn_attach_t         *a;
    ptn_rop_part_t       *part;
    ptn_rop_message_t    *m;
    const ptn_object_t   *base;

    m = ptn_rop_message(obj);

    rc = ptn_rop_message_base(c, obj, PTN_OXCMAIL_ATTACHS
                                      |(data ? PTN_OXCMAIL_DATA : 0), &base);
    if (rc != PTN_OK) {
        return rc;
    }

    n = base->nattachs;

    for (part = m->parts; part != NULL; part = part->next) {
        n++;
    }

    a = ptn_parray(c->pool, n, sizeof(ptn_attach_t));
    if (a == NULL) {
        return PTN_ENOMEM;
    }

    n = 0;

    for (i = 0; i < base->nattachs; i++) {
        a[n] = base->attachs[i];
        part = ptn_rop_message_part_find(m, a[n].num);

        if (part != NULL) {
            if (part->gone) {
                continue;
            }

            rc = ptn_rop_part_apply(c, part, &a[n]);
            if (rc != PTN_OK) {
                return rc;
            }
        }

        n++;
    }

    for (part = m->parts; part != NULL; part = part->next) {
        if (part->gone || !part->made) {
            continue;
        }

        memset(&a[n], 0, sizeof(ptn_attach_t));
        a[n].num = part->num;
        a[n].part = PTN_PART_NONE;
        a[n].has_data = true;

        rc = ptn_rop_part_apply(c, part, &a[n]);
        if (rc != PTN_OK) {
            return rc;
        }

        n++;
    }

    *ret_attachs = a;
    *ret_n = n;

    return PTN_OK;
}


ptn_rc_t
ptn_rop_message_object(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    ptn_object_t **ret_object)
{
    ptn_rc_t             rc;
    ptn_object_t        *object;
    ptn_rop_message_t   *m;
    const ptn_object_t  *base;

    m = ptn_rop_message(obj);

    rc = ptn_rop_message_base(c, obj, PTN_OXCMAIL_ALL, &base);
    if (rc != PTN_OK) {
        return rc;
    }

    object = ptn_pcalloc(c->pool, sizeof(ptn_object_t));
    if (object == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_rop_message_props(c, obj, base, &object->props);
    if (rc != PTN_OK) {
        return rc;
    }

    object->recips = m->own_recips ? m->recips : base->recips;
    object->nrecips = m->own_recips ? m->nrecips : base->nrecips;

    if (m->parts == NULL) {
        object->attachs = base->attachs;
        object->nattachs = base->nattachs;

    } else {
        rc = ptn_rop_message_attachs(c, obj, true, &object->attachs,
                                     &object->nattachs);
    }

    if (rc == PTN_OK && m->id == 0
        && ptn_props_get(&object->props, PTN_PR_MESSAGE_CLASS).data == NULL)
    {
        rc = ptn_props_set(&object->props, c->pool, PTN_PR_MESSAGE_CLASS,
                           ptn_str("IPM.Note"));
    }

    if (rc == PTN_OK) {
        *ret_object = object;
    }

    return rc;
}


/* --- changes ------------------------------------------------------------- */

/* What the server computes, and no client sets (MS-OXCMSG 2.2.1). */
static const uint32_t  ptn_rop_message_computed[] = {
    PTN_PR_ACCESS, PTN_PR_ACCESS_LEVEL, PTN_PR_OBJECT_TYPE,
    PTN_PR_MESSAGE_SIZE, PTN_PR_MESSAGE_SIZE_EXTENDED, PTN_PR_HASATTACH,
    PTN_PR_DISPLAY_TO, PTN_PR_DISPLAY_CC, PTN_PR_DISPLAY_BCC,
    PTN_PR_ENTRYID, PTN_PR_RECORD_KEY, PTN_PR_PARENT_ENTRYID,
    PTN_PR_STORE_ENTRYID, PTN_PR_MID, PTN_PR_FOLDER_ID, PTN_PR_INST_ID,
    PTN_PR_INSTANCE_NUM, PTN_PR_CHANGE_NUMBER, PTN_PR_SOURCE_KEY,
    PTN_PR_CHANGE_KEY, PTN_PR_PREDECESSOR_CHANGE_LIST, PTN_PR_READ
};


static bool
ptn_rop_message_is_computed(const ptn_rop_message_t *m, uint32_t tag)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_rop_message_computed); i++) {
        if (ptn_prop_id(ptn_rop_message_computed[i]) == ptn_prop_id(tag)) {
            return true;
        }
    }

    /* 2.2.1.6: set by clients before the first save only */

    return ptn_prop_id(tag) == ptn_prop_id(PTN_PR_MESSAGE_FLAGS)
           && m->id != 0;
}


/* Prefix of a subject: up to three characters and ": " (MS-OXCMSG 2.2.1.9). */
static size_t
ptn_rop_subject_prefix(ptn_str_t s)
{
    size_t    i, chars;
    u_char    c;

    for (i = 0, chars = 0; i + 1 < s.len && chars <= 3; i++) {
        c = s.data[i];

        if (c == ':') {
            return chars > 0 && s.data[i + 1] == ' ' ? i + 2 : 0;
        }

        if (c <= ' ' || (c >= '0' && c <= '9')) {
            return 0;
        }

        chars += (c & 0xc0) != 0x80;
    }

    return 0;
}


static ptn_rc_t
ptn_rop_message_put(ptn_rop_object_t *obj, uint32_t tag, ptn_str_t value)
{
    ptn_rc_t            rc;
    ptn_pool_t         *pool;
    ptn_rop_message_t  *m;

    m = ptn_rop_message(obj);

    pool = ptn_rop_pool(obj);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_rop_hold(m->session, &m->held, value.len + 64);
    if (rc != PTN_OK) {
        return rc;
    }

    m->edited = true;

    return value.data == NULL
           ? ptn_rop_delta_unset(&m->delta, pool, ptn_prop_id(tag))
           : ptn_rop_delta_set(&m->delta, pool, tag, value);
}


/* Subject, prefix and normalized subject follow from each other. */
static ptn_rc_t
ptn_rop_message_subject(ptn_rop_ctx_t *c, ptn_rop_object_t *obj, uint32_t tag,
    ptn_str_t value)
{
    size_t     n;
    ptn_rc_t   rc;
    ptn_buf_t  b;
    ptn_str_t  values[2];

    static const uint32_t  parts[2] = {
        PTN_PR_SUBJECT_PREFIX, PTN_PR_NORMALIZED_SUBJECT
    };

    if (tag == PTN_PR_SUBJECT) {
        n = value.data != NULL ? ptn_rop_subject_prefix(value) : 0;

        rc = ptn_rop_message_put(obj, PTN_PR_SUBJECT_PREFIX,
                                 ptn_str_make(value.data, n));

        return rc == PTN_OK
               ? ptn_rop_message_put(obj, PTN_PR_NORMALIZED_SUBJECT,
                     value.data != NULL
                     ? ptn_str_make(value.data + n, value.len - n) : value)
               : rc;
    }

    rc = ptn_rop_message_values(c, obj, parts, 2, values);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_buf_init(&b, c->pool);
    ptn_buf_str(&b, values[0]);
    ptn_buf_str(&b, values[1]);

    if (b.failed) {
        return PTN_ENOMEM;
    }

    return ptn_rop_message_put(obj, PTN_PR_SUBJECT,
                               b.len ? ptn_buf_get(&b) : ptn_str(""));
}


ptn_rc_t
ptn_rop_message_set(ptn_rop_ctx_t *c, ptn_rop_object_t *obj, uint32_t tag,
    ptn_str_t value, uint32_t *ret_error)
{
    ptn_rc_t            rc;
    ptn_rop_message_t  *m;

    m = ptn_rop_message(obj);

    if (!m->writable) {
        *ret_error = PTN_MAPI_ACCESS_DENIED;
        return PTN_OK;
    }

    if (ptn_rop_message_is_computed(m, tag)) {
        *ret_error = PTN_MAPI_COMPUTED;
        return PTN_OK;
    }

    *ret_error = 0;

    rc = ptn_rop_message_put(obj, tag, value);
    if (rc != PTN_OK) {
        return rc;
    }

    if (tag == PTN_PR_SUBJECT || tag == PTN_PR_SUBJECT_PREFIX
        || tag == PTN_PR_NORMALIZED_SUBJECT)
    {
        return ptn_rop_message_subject(c, obj, tag, value);
    }

    return PTN_OK;
}


ptn_rc_t
ptn_rop_message_part(ptn_rop_object_t *obj, uint32_t num,
    ptn_rop_part_t **ret_part)
{
    ptn_rc_t            rc;
    ptn_pool_t         *pool;
    ptn_rop_part_t     *part, **p;
    ptn_rop_message_t  *m;

    m = ptn_rop_message(obj);
    part = ptn_rop_message_part_find(m, num);

    if (part == NULL) {
        rc = ptn_rop_hold(m->session, &m->held, sizeof(ptn_rop_part_t));
        if (rc != PTN_OK) {
            return rc;
        }

        pool = ptn_rop_pool(obj);
        part = pool ? ptn_pcalloc(pool, sizeof(ptn_rop_part_t)) : NULL;
        if (part == NULL) {
            return PTN_ENOMEM;
        }

        part->num = num;

        for (p = &m->parts; *p != NULL; p = &(*p)->next) {
            /* void */
        }

        *p = part;
    }

    m->edited = true;
    *ret_part = part;

    return PTN_OK;
}


void
ptn_rop_message_clear(ptn_rop_object_t *obj)
{
    ptn_rop_message_t  *m;

    m = ptn_rop_message(obj);

    memset(&m->delta, 0, sizeof(m->delta));
    m->recips = NULL;
    m->nrecips = 0;
    m->srecips = 0;
    m->own_recips = false;
    m->parts = NULL;
    m->edited = false;

    ptn_rop_unhold(m->session, &m->held);

    if (obj->pool != NULL && m->base == NULL) {
        ptn_pool_reset(obj->pool);
    }
}


void
ptn_rop_message_close(ptn_rop_object_t *obj)
{
    ptn_rop_unhold(ptn_rop_message(obj)->session,
                   &ptn_rop_message(obj)->held);
}
