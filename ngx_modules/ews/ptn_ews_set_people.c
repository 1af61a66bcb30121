#include "ptn_ews.h"


/* Setters of recipients, senders and attachments. */

#define PTN_EWS_RECIPS_MAX  5000


/* --- people --------------------------------------------------------------- */

/* t:Mailbox: an SMTP address with a name. */
static ptn_rc_t
ptn_ews_mailbox_read(ptn_ews_t *e, const ptn_ews_el_t *el, ptn_str_t *ret_name,
    ptn_str_t *ret_address)
{
    size_t     i;
    ptn_str_t  address, routing;

    address = ptn_ews_find_text(el, "EmailAddress");
    routing = ptn_ews_find_text(el, "RoutingType");

    if (address.len == 0) {
        return ptn_ews_error(e, "ErrorMissingInformationEmailAddress",
                             "A recipient has no e-mail address.");
    }

    if (routing.len != 0 && !ptn_str_ieqz(routing, "SMTP")) {
        return ptn_ews_error(e, "ErrorInvalidRoutingType",
                             "Recipients are addressed by SMTP.");
    }

    for (i = 0; i < address.len; i++) {
        if (address.data[i] < ' ' || address.data[i] == 0x7f) {
            break;
        }
    }

    if (i < address.len || address.len > 320
        || memchr(address.data, '@', address.len) == NULL)
    {
        return ptn_ews_error(e, "ErrorInvalidRecipients",
                             "A recipient's address is invalid.");
    }

    *ret_address = address;
    *ret_name = ptn_ews_find_text(el, "Name");

    if (ret_name->len == 0) {
        *ret_name = address;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_ews_edit_recip(ptn_ews_t *e, ptn_ews_edit_t *edit, uint32_t type,
    ptn_str_t name, ptn_str_t address)
{
    uint32_t       n;
    ptn_rc_t       rc;
    ptn_str_t      key, eid;
    ptn_recip_t   *recips, *r;
    ptn_object_t  *o;

    o = edit->object;
    n = o->nrecips;

    if (n >= PTN_EWS_RECIPS_MAX) {
        return ptn_ews_error(e, "ErrorInvalidRecipients",
                             "There are too many recipients.");
    }

    /* grows by doubling: room is there unless n is a power of two */

    if (n == 0 || (n & (n - 1)) == 0 || n != edit->recips_end) {
        recips = ptn_parray(e->pool, n == 0 ? 1 : 2 * (size_t) n + 2,
                            sizeof(ptn_recip_t));
        if (recips == NULL) {
            return PTN_ENOMEM;
        }

        if (n != 0) {
            memcpy(recips, o->recips, n * sizeof(ptn_recip_t));
        }

        o->recips = recips;
    }

    r = &o->recips[n];
    memset(r, 0, sizeof(ptn_recip_t));
    r->row = n;
    r->type = type;

    rc = ptn_eid_search_key(e->pool, ptn_str("SMTP"), address, &key);

    if (rc == PTN_OK) {
        rc = ptn_eid_one_off(e->pool, name, ptn_str("SMTP"), address, &eid);
    }

#define PTN_EWS_RECIP(tag, v)                                                 \
    if (rc == PTN_OK) {                                                       \
        rc = ptn_props_set(&r->props, e->pool, PTN_PR_##tag, v);              \
    }

    PTN_EWS_RECIP(DISPLAY_NAME, name)
    PTN_EWS_RECIP(ADDRTYPE, ptn_str("SMTP"))
    PTN_EWS_RECIP(EMAIL_ADDRESS, address)
    PTN_EWS_RECIP(SMTP_ADDRESS, address)
    PTN_EWS_RECIP(SEARCH_KEY, key)
    PTN_EWS_RECIP(ENTRYID, eid)

    if (rc == PTN_OK) {
        rc = ptn_props_set_int(&r->props, e->pool, PTN_PR_OBJECT_TYPE, 6);
    }

    if (rc == PTN_OK) {
        o->nrecips = n + 1;
        edit->recips_end = n + 1;
    }

    return rc;
}


ptn_rc_t
ptn_ews_edit_recips(ptn_ews_t *e, ptn_ews_edit_t *edit,
    const ptn_ews_el_t *list, uint32_t type, bool append)
{
    uint32_t             i, n;
    ptn_rc_t             rc;
    ptn_str_t            name, address;
    ptn_object_t        *o;
    const ptn_ews_el_t  *el;

    rc = ptn_ews_edit_load(e, edit);
    if (rc != PTN_OK) {
        return rc;
    }

    o = edit->object;
    edit->content = true;

    if (!append) {
        for (i = 0, n = 0; i < o->nrecips; i++) {
            if ((o->recips[i].type & 0xf) != type) {
                o->recips[n++] = o->recips[i];
            }
        }

        o->nrecips = n;
    }

    for (el = list == NULL ? NULL : list->child; el != NULL; el = el->next) {
        rc = ptn_ews_mailbox_read(e, el, &name, &address);

        if (rc == PTN_OK) {
            rc = ptn_ews_edit_recip(e, edit, type, name, address);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


PTN_EWS_SETTER(recips)
{
    return ptn_ews_edit_recips(e, edit, el, ptn_ews_recip_type(f), append);
}


/* f->tags: name, SMTP address, address, its type. */
ptn_rc_t
ptn_ews_edit_person(ptn_ews_t *e, ptn_ews_edit_t *edit, const uint32_t *tags,
    ptn_str_t name, ptn_str_t address)
{
    size_t     i;
    ptn_rc_t   rc;
    uint32_t   eid_tag, key_tag;
    ptn_str_t  key, eid, values[4];

    eid_tag = tags[0] == PTN_PR_SENDER_NAME ? PTN_PR_SENDER_ENTRYID
                                            : PTN_PR_SENT_REPRESENTING_ENTRYID;
    key_tag = tags[0] == PTN_PR_SENDER_NAME
              ? PTN_PR_SENDER_SEARCH_KEY : PTN_PR_SENT_REPRESENTING_SEARCH_KEY;

    rc = ptn_eid_search_key(e->pool, ptn_str("SMTP"), address, &key);

    if (rc == PTN_OK) {
        rc = ptn_eid_one_off(e->pool, name, ptn_str("SMTP"), address, &eid);
    }

    values[0] = name;
    values[1] = address;
    values[2] = address;
    values[3] = ptn_str("SMTP");

    for (i = 0; rc == PTN_OK && i < 4; i++) {
        rc = ptn_ews_edit_prop(e, edit, tags[i], values[i]);
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_edit_prop(e, edit, eid_tag, eid);
    }

    return rc != PTN_OK ? rc : ptn_ews_edit_prop(e, edit, key_tag, key);
}


PTN_EWS_SETTER(person)
{
    ptn_rc_t   rc;
    ptn_str_t  name, address;

    (void) append;

    if (el == NULL || el->child == NULL) {
        return ptn_ews_set_refuse(e);
    }

    rc = ptn_ews_mailbox_read(e, el->child, &name, &address);

    return rc != PTN_OK ? rc
           : ptn_ews_edit_person(e, edit, f->tags, name, address);
}


/* FlatEntryList (MS-OXCDATA 2.3.3) of one-off entry ids. */
PTN_EWS_SETTER(reply_to)
{
    size_t               n;
    u_char               len[4];
    uint32_t             count;
    ptn_rc_t             rc;
    ptn_str_t            name, address, eid;
    ptn_buf_t            list, names;
    const ptn_ews_el_t  *m;

    (void) append;

    if (el == NULL || el->child == NULL) {
        rc = ptn_ews_edit_unset(e, edit, PTN_PR_REPLY_RECIPIENT_NAMES);

        return rc != PTN_OK ? rc : ptn_ews_edit_unset(e, edit, f->tags[0]);
    }

    ptn_buf_init(&list, e->pool);
    ptn_buf_init(&names, e->pool);
    ptn_buf_add(&list, "\0\0\0\0\0\0\0\0", 8);

    for (count = 0, m = el->child; m != NULL; m = m->next, count++) {
        rc = ptn_ews_mailbox_read(e, m, &name, &address);

        if (rc == PTN_OK) {
            rc = ptn_eid_one_off(e->pool, name, ptn_str("SMTP"), address,
                                 &eid);
        }

        if (rc != PTN_OK) {
            return rc;
        }

        ptn_put_le32(len, (uint32_t) eid.len);
        ptn_buf_add(&list, len, 4);
        ptn_buf_str(&list, eid);

        for (n = eid.len; n % 4 != 0; n++) {
            ptn_buf_byte(&list, 0);
        }

        ptn_buf_z(&names, count == 0 ? "" : ";");
        ptn_buf_str(&names, name);
    }

    if (list.failed || names.failed) {
        return PTN_ENOMEM;
    }

    ptn_put_le32(list.data, count);
    ptn_put_le32(list.data + 4, (uint32_t) (list.len - 8));

    rc = ptn_ews_edit_prop(e, edit, f->tags[0], ptn_buf_get(&list));

    return rc != PTN_OK ? rc
           : ptn_ews_edit_prop(e, edit, PTN_PR_REPLY_RECIPIENT_NAMES,
                               ptn_buf_get(&names));
}


/* --- attachments ---------------------------------------------------------- */

static ptn_rc_t
ptn_ews_attach_file(ptn_ews_t *e, const ptn_ews_el_t *el, ptn_attach_t *a)
{
    ptn_rc_t   rc;
    ptn_str_t  v;
    size_t     i;

    static const struct {
        const char  *element;
        uint32_t     tag;
    } props[] = {
        { "Name",            PTN_PR_ATTACH_LONG_FILENAME },
        { "Name",            PTN_PR_DISPLAY_NAME },
        { "ContentType",     PTN_PR_ATTACH_MIME_TAG },
        { "ContentId",       PTN_PR_ATTACH_CONTENT_ID },
        { "ContentLocation", PTN_PR_ATTACH_CONTENT_LOCATION },
    };

    for (i = 0; i < ptn_nelts(props); i++) {
        v = ptn_ews_find_text(el, props[i].element);

        if (v.len != 0) {
            rc = ptn_props_set(&a->props, e->pool, props[i].tag, v);
            if (rc != PTN_OK) {
                return rc;
            }
        }
    }

    if (ptn_ews_find_bool(el, "IsInline", false)) {
        rc = ptn_props_set_int(&a->props, e->pool, PTN_PR_ATTACH_FLAGS, 4);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    if (ptn_xs_base64(e->pool, ptn_ews_find_text(el, "Content"), &a->data)
        != PTN_OK)
    {
        return ptn_ews_error(e, "ErrorInvalidValueForProperty",
                             "The content of an attachment is no base64.");
    }

    if (a->data.data == NULL) {
        a->data = ptn_str("");
    }

    a->size = a->data.len;
    a->has_data = true;

    return ptn_props_set_int(&a->props, e->pool, PTN_PR_ATTACH_METHOD, 1);
}


PTN_EWS_SETTER(attachments)
{
    uint32_t             n;
    ptn_rc_t             rc;
    ptn_attach_t        *list;
    const ptn_ews_el_t  *a;

    (void) f;
    (void) append;

    if (el == NULL || !edit->new_item) {
        return ptn_ews_error(e, "ErrorInvalidPropertySet",
                   "Attachments are added by CreateAttachment.");
    }

    rc = ptn_ews_edit_load(e, edit);
    if (rc != PTN_OK) {
        return rc;
    }

    edit->content = true;

    for (n = edit->object->nattachs, a = el->child; a != NULL; a = a->next) {
        n++;
    }

    list = ptn_pcalloc(e->pool, (n + 1) * sizeof(ptn_attach_t));
    if (list == NULL) {
        return PTN_ENOMEM;
    }

    n = edit->object->nattachs;

    if (n != 0) {
        memcpy(list, edit->object->attachs, n * sizeof(ptn_attach_t));
    }

    for (a = el->child; a != NULL; a = a->next, n++) {
        if (!ptn_ews_named(a, "FileAttachment")) {
            return ptn_ews_error(e, "ErrorInvalidItemForOperationCreateItem"
                                    "Attachment",
                                 "Items cannot be attached.");
        }

        list[n].num = n;
        list[n].part = PTN_PART_NONE;

        rc = ptn_ews_attach_file(e, a, &list[n]);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    edit->object->attachs = list;
    edit->object->nattachs = n;

    return PTN_OK;
}
