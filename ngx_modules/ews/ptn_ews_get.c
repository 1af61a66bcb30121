#include <openssl/evp.h>

#include "ptn_ews.h"


/*
 * Getters of the fields that are more than one property (ptn_ews_field.c).
 * What the message does not have is left out: all elements are optional.
 */


ptn_str_t
ptn_ews_value(const ptn_ews_src_t *s, const ptn_ews_field_t *f, unsigned k)
{
    return s->values[s->shape->slot[f - ptn_ews_fields][k]];
}


static bool
ptn_ews_value_int(const ptn_ews_src_t *s, const ptn_ews_field_t *f,
    unsigned k, int64_t *ret)
{
    return ptn_prop_int(f->tags[k], ptn_ews_value(s, f, k), ret);
}


ptn_rc_t
ptn_ews_object(ptn_ews_src_t *s, unsigned what, const ptn_object_t **ret)
{
    ptn_rc_t  rc;

    if (s->msg != NULL) {
        rc = ptn_msg_object(s->msg, what, &s->object);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    *ret = s->object;

    return PTN_OK;
}


/* --- ids, numbers, flags -------------------------------------------------- */

PTN_EWS_GETTER(item_id)
{
    (void) f;

    if (s->info == NULL) {
        return PTN_OK;                  /* an attached item has none */
    }

    return ptn_ews_put_item_id(e, s->box, "t:ItemId", s->id.folder,
                               s->id.mid, s->info->cn, s->ck);
}


PTN_EWS_GETTER(parent)
{
    ptn_rc_t             rc;
    const ptn_folder_t  *folder;

    (void) f;

    if (s->info == NULL) {
        return PTN_OK;
    }

    rc = ptn_ews_recoverable(s->info->folder)
         ? ptn_ews_recoverable_folder(e, s->box, s->info->folder, &folder)
         : ptn_folder_get(s->box->mb, s->info->folder, &folder);
    if (rc != PTN_OK) {
        return rc;
    }

    return ptn_ews_put_folder_id(e, s->box, "t:ParentFolderId",
               folder->id, folder->cn,
               ptn_ews_change_key_folder(folder->cls, folder->search));
}


PTN_EWS_GETTER(class)
{
    ptn_str_t  v;

    v = ptn_ews_value(s, f, 0);
    ptn_ews_elem(&e->out, f->element, v.data == NULL ? ptn_str("IPM.Note")
                                                     : v);

    return PTN_OK;
}


PTN_EWS_GETTER(received)
{
    int64_t  ft;

    if (ptn_ews_value_int(s, f, 0, &ft)) {
        ptn_ews_elem_filetime(&e->out, f->element, ft);

    } else if (s->info != NULL) {
        ptn_ews_elem_time(&e->out, f->element, s->info->received);
    }

    return PTN_OK;
}


int64_t
ptn_ews_modified(const ptn_msg_info_t *info)
{
    return info->modified != 0 ? info->modified : info->received;
}


PTN_EWS_GETTER(modified)
{
    int64_t  ft;

    if (s->info != NULL) {
        ptn_ews_elem_time(&e->out, f->element, ptn_ews_modified(s->info));

    } else if (ptn_ews_value_int(s, f, 0, &ft)) {
        ptn_ews_elem_filetime(&e->out, f->element, ft);
    }

    return PTN_OK;
}


PTN_EWS_GETTER(size)
{
    int64_t  n;

    if (s->info != NULL) {
        n = (int64_t) ptn_min(s->info->size, (uint64_t) INT32_MAX);
        ptn_ews_elem_int(&e->out, f->element, n);

    } else if (ptn_ews_value_int(s, f, 0, &n)) {
        ptn_ews_elem_int(&e->out, f->element, n);
    }

    return PTN_OK;
}


/* Bits of PidTagMessageFlags (MS-OXCMSG 2.2.1.6). */
#define PTN_MF_READ        0x0001
#define PTN_MF_UNMODIFIED  0x0002
#define PTN_MF_SUBMITTED   0x0004
#define PTN_MF_UNSENT      0x0008
#define PTN_MF_FROM_ME     0x0020
#define PTN_MF_RESEND      0x0080

PTN_EWS_GETTER(message_flag)
{
    size_t   i;
    int64_t  flags;

    static const struct {
        const char  *element;
        int64_t      bit;
    } bits[] = {
        { "t:IsSubmitted",  PTN_MF_SUBMITTED },
        { "t:IsFromMe",     PTN_MF_FROM_ME },
        { "t:IsResend",     PTN_MF_RESEND },
        { "t:IsUnmodified", PTN_MF_UNMODIFIED },
    };

    if (!ptn_ews_value_int(s, f, 0, &flags)) {
        flags = 0;
    }

    for (i = 0; i < ptn_nelts(bits); i++) {
        if (strcmp(bits[i].element, f->element) == 0) {
            ptn_ews_elem_bool(&e->out, f->element,
                              (flags & bits[i].bit) != 0);
        }
    }

    return PTN_OK;
}


static bool
ptn_ews_is_draft(const ptn_ews_src_t *s, const ptn_ews_field_t *f)
{
    int64_t  flags;

    if (s->info != NULL) {
        return (s->info->flags & PTN_FLAG_DRAFT) != 0;
    }

    return ptn_ews_value_int(s, f, 0, &flags)
           && (flags & PTN_MF_UNSENT) != 0;
}


PTN_EWS_GETTER(draft)
{
    ptn_ews_elem_bool(&e->out, f->element, ptn_ews_is_draft(s, f));

    return PTN_OK;
}


PTN_EWS_GETTER(read)
{
    bool     read;
    int64_t  flags;

    read = s->info != NULL ? (s->info->flags & PTN_FLAG_SEEN) != 0
           : ptn_ews_value_int(s, f, 0, &flags)
             && (flags & PTN_MF_READ) != 0;

    ptn_ews_elem_bool(&e->out, f->element, read);

    return PTN_OK;
}


PTN_EWS_GETTER(associated)
{
    ptn_ews_elem_bool(&e->out, f->element, s->info != NULL && s->info->fai);

    return PTN_OK;
}


PTN_EWS_GETTER(rights)
{
    (void) f;
    (void) s;

    /* who got in may do all (PTN_ACCESS_FULL, or the owner) */

    ptn_ews_lit(&e->out, "<t:EffectiveRights>"
                "<t:CreateAssociated>false</t:CreateAssociated>"
                "<t:CreateContents>false</t:CreateContents>"
                "<t:CreateHierarchy>false</t:CreateHierarchy>"
                "<t:Delete>true</t:Delete><t:Modify>true</t:Modify>"
                "<t:Read>true</t:Read>");

    if (e->version >= PTN_EWS_2010_SP1) {
        ptn_ews_lit(&e->out, "<t:ViewPrivateItems>true</t:ViewPrivateItems>");
    }

    ptn_ews_lit(&e->out, "</t:EffectiveRights>");

    return PTN_OK;
}


PTN_EWS_GETTER(flag)
{
    int64_t      status, ft;
    const char  *text;

    if (!ptn_ews_value_int(s, f, 0, &status)) {
        status = 0;
    }

    if (s->info != NULL && status == 0
        && (s->info->flags & PTN_FLAG_FLAGGED) != 0)
    {
        status = 2;
    }

    text = status == 2 ? "Flagged" : status == 1 ? "Complete" : "NotFlagged";

    ptn_ews_lit(&e->out, "<t:Flag>");
    ptn_ews_elem_z(&e->out, "t:FlagStatus", text);

    if (status == 1 && ptn_ews_value_int(s, f, 1, &ft)) {
        ptn_ews_elem_filetime(&e->out, "t:CompleteDate", ft);
    }

    ptn_ews_lit(&e->out, "</t:Flag>");

    return PTN_OK;
}


PTN_EWS_GETTER(entry_id)
{
    u_char  eid[PTN_EID_MESSAGE_LEN];

    if (s->info == NULL) {
        return PTN_OK;
    }

    ptn_eid_message(s->id.mailbox, s->id.folder_replguid, s->id.folder,
                    s->id.replguid, s->id.mid, eid);
    ptn_ews_elem_base64(&e->out, f->element,
                        ptn_str_make(eid, PTN_EID_MESSAGE_LEN));

    return PTN_OK;
}


/*
 * PidTagConversationId, else the GUID in the conversation index, else a digest
 * of the topic without case (MS-OXOMSG 2.2.1.2, 2.2.1.3).
 */
PTN_EWS_GETTER(conversation)
{
    u_char     md[16];
    ptn_rc_t   rc;
    ptn_str_t  id, index, topic, text;

    id = ptn_ews_value(s, f, 0);

    if (id.data == NULL) {
        index = ptn_ews_value(s, f, 1);
        topic = ptn_ews_value(s, f, 2);

        if (index.len >= 22) {
            id = ptn_str_make(index.data + 6, 16);

        } else {
            rc = ptn_utf8_fold(e->pool, topic, &text);

            if (rc == PTN_OK) {
                rc = ptn_utf16_from_utf8(e->pool, text, &text);
            }

            if (rc != PTN_OK) {
                return rc;
            }

            if (EVP_Digest(text.data, text.len, md, NULL, EVP_md5(), NULL)
                != 1)
            {
                return PTN_EINTERNAL;
            }

            id = ptn_str_make(md, 16);
        }
    }

    rc = ptn_ews_conversation_id(e->pool, s->box->guid, id, &text);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ews_lit(&e->out, "<t:ConversationId Id=\"");
    ptn_buf_str(&e->out.buf, text);
    ptn_ews_lit(&e->out, "\"/>");

    return PTN_OK;
}


PTN_EWS_GETTER(strings)
{
    bool       open;
    ptn_str_t  v, rest, one;

    v = ptn_ews_value(s, f, 0);
    open = false;

    for (rest = ptn_mv_rest(v); ptn_mv_next(PTN_PT_MV_UNICODE, &rest, &one);)
    {
        if (!open) {
            ptn_xml_put_open(&e->out.buf, f->element);
            open = true;
        }

        ptn_ews_elem(&e->out, "t:String", one);
    }

    if (open) {
        ptn_xml_put_close(&e->out.buf, f->element);
    }

    return PTN_OK;
}


PTN_EWS_GETTER(responses)
{
    (void) f;

    if (s->info == NULL || !s->message) {
        return PTN_OK;
    }

    if (ptn_ews_is_draft(s, f)) {
        ptn_ews_lit(&e->out, "<t:ResponseObjects><t:ForwardItem/>"
                             "</t:ResponseObjects>");
        return PTN_OK;
    }

    ptn_ews_lit(&e->out, "<t:ResponseObjects><t:ReplyToItem/>"
                "<t:ReplyAllToItem/><t:ForwardItem/></t:ResponseObjects>");

    return PTN_OK;
}


/* --- people --------------------------------------------------------------- */

/* t:Mailbox.  `address` may be empty: then there is only a name. */
static void
ptn_ews_put_mailbox(ptn_ews_t *e, ptn_str_t name, ptn_str_t address,
    ptn_str_t routing)
{
    u_char  *at;
    bool     ours;

    ptn_ews_lit(&e->out, "<t:Mailbox>");
    ptn_ews_elem(&e->out, "t:Name", name.len != 0 ? name : address);

    if (address.len != 0) {
        ptn_ews_elem(&e->out, "t:EmailAddress", address);
        ptn_ews_elem(&e->out, "t:RoutingType",
                     routing.len != 0 ? routing : ptn_str("SMTP"));

        at = memchr(address.data, '@', address.len);
        ours = at != NULL && e->actor.address.len > address.len
               - (size_t) (at - address.data)
               && ptn_str_ieq(ptn_str_make(at, address.len
                                           - (size_t) (at - address.data)),
                      ptn_str_make(e->actor.address.data
                                   + e->actor.address.len
                                   - (address.len
                                      - (size_t) (at - address.data)),
                                   address.len
                                   - (size_t) (at - address.data)));

        if (ours) {
            ptn_ews_lit(&e->out, "<t:MailboxType>Mailbox</t:MailboxType>");
        } else {
            ptn_ews_lit(&e->out, "<t:MailboxType>OneOff</t:MailboxType>");
        }
    }

    ptn_ews_lit(&e->out, "</t:Mailbox>");
}


/* SMTP address of a name that has several. */
static ptn_str_t
ptn_ews_smtp(ptn_str_t smtp, ptn_str_t email, ptn_str_t addrtype)
{
    if (smtp.len != 0) {
        return smtp;
    }

    return addrtype.len == 0 || ptn_str_ieqz(addrtype, "SMTP") ? email
                                                      : ptn_str("");
}


PTN_EWS_GETTER(person)
{
    ptn_str_t  name, address;

    name = ptn_ews_value(s, f, 0);
    address = ptn_ews_smtp(ptn_ews_value(s, f, 1), ptn_ews_value(s, f, 2),
                           ptn_ews_value(s, f, 3));

    if (name.len == 0 && address.len == 0) {
        return PTN_OK;
    }

    ptn_xml_put_open(&e->out.buf, f->element);
    ptn_ews_put_mailbox(e, name, address, ptn_str("SMTP"));
    ptn_xml_put_close(&e->out.buf, f->element);

    return PTN_OK;
}


uint32_t
ptn_ews_recip_type(const ptn_ews_field_t *f)
{
    return f->element[2] == 'T' ? PTN_RECIP_TO
           : f->element[2] == 'C' ? PTN_RECIP_CC : PTN_RECIP_BCC;
}


PTN_EWS_GETTER(recips)
{
    bool                 open;
    uint32_t             i, type;
    ptn_rc_t             rc;
    const ptn_recip_t   *r;
    const ptn_object_t  *object;

    rc = ptn_ews_object(s, PTN_OXCMAIL_RECIPS, &object);
    if (rc != PTN_OK || object == NULL) {
        return rc;
    }

    type = ptn_ews_recip_type(f);
    open = false;

    for (i = 0; i < object->nrecips; i++) {
        r = &object->recips[i];

        if ((r->type & 0xf) != type) {
            continue;
        }

        if (!open) {
            ptn_xml_put_open(&e->out.buf, f->element);
            open = true;
        }

        ptn_ews_put_mailbox(e,
            ptn_props_get(&r->props, PTN_PR_DISPLAY_NAME),
            ptn_ews_smtp(ptn_props_get(&r->props, PTN_PR_SMTP_ADDRESS),
                         ptn_props_get(&r->props, PTN_PR_EMAIL_ADDRESS),
                         ptn_props_get(&r->props, PTN_PR_ADDRTYPE)),
            ptn_str("SMTP"));
    }

    if (open) {
        ptn_xml_put_close(&e->out.buf, f->element);
    }

    return PTN_OK;
}


/* FlatEntryList (MS-OXCDATA 2.3.3): count, size, then length and entry id,
 * padded to 4 bytes. */
PTN_EWS_GETTER(reply_to)
{
    bool              open;
    size_t            n, pad;
    ptn_str_t         v;
    ptn_eid_person_t  person;

    v = ptn_ews_value(s, f, 0);

    if (v.len < 8) {
        return PTN_OK;
    }

    v.data += 8;
    v.len -= 8;
    open = false;

    while (v.len >= 4) {
        n = ptn_le32(v.data);

        if (n > v.len - 4) {
            break;
        }

        if (ptn_eid_person_parse(e->pool, ptn_str_make(v.data + 4, n),
                                 &person) == PTN_OK)
        {
            if (!open) {
                ptn_xml_put_open(&e->out.buf, f->element);
                open = true;
            }

            ptn_ews_put_mailbox(e, person.display,
                                person.address_book ? ptn_str("")
                                                    : person.address,
                                person.addrtype);
        }

        pad = (4 - n % 4) % 4;
        n = ptn_min(4 + n + pad, v.len);
        v.data += n;
        v.len -= n;
    }

    if (open) {
        ptn_xml_put_close(&e->out.buf, f->element);
    }

    return PTN_OK;
}


/* --- headers -------------------------------------------------------------- */

static bool
ptn_ews_header_wanted(const ptn_ews_src_t *s, const ptn_ews_field_t *f,
    ptn_str_t name)
{
    uint8_t  i;

    if (s->shape->want[f - ptn_ews_fields] == 1) {
        return true;
    }

    for (i = 0; i < s->shape->nexts; i++) {
        if (s->shape->exts[i].header.data != NULL
            && ptn_str_ieq(s->shape->exts[i].header, name))
        {
            return true;
        }
    }

    return false;
}


PTN_EWS_GETTER(headers)
{
    bool                     open;
    uint32_t                 i;
    ptn_rc_t                 rc;
    ptn_str_t                raw;
    ptn_mime_t              *mime;
    const ptn_mime_t        *structure;
    const ptn_mime_field_t  *field;

    if (s->msg == NULL) {
        return PTN_OK;
    }

    rc = ptn_msg_structure(s->msg, &structure);

    if (rc == PTN_OK) {
        rc = ptn_msg_slice(s->msg, e->pool, structure->root->header,
                           structure->root->header_len, 1024 * 1024, &raw);
    }

    if (rc == PTN_OK) {
        rc = ptn_mime_parse(e->pool, raw, &mime);
    }

    if (rc != PTN_OK) {
        return rc == PTN_ETOOBIG ? PTN_OK : rc;
    }

    open = false;

    for (i = 0; i < mime->root->nfields; i++) {
        field = &mime->root->fields[i];

        if (field->name.len == 0 || !ptn_ews_header_wanted(s, f, field->name))
        {
            continue;
        }

        if (!open) {
            ptn_xml_put_open(&e->out.buf, f->element);
            open = true;
        }

        ptn_ews_lit(&e->out, "<t:InternetMessageHeader");
        ptn_ews_attr_put(&e->out, "HeaderName", field->name);
        ptn_ews_lit(&e->out, ">");
        ptn_xml_put_text(&e->out.buf, ptn_mime_text(e->pool, field->value));
        ptn_ews_lit(&e->out, "</t:InternetMessageHeader>");
    }

    if (open) {
        ptn_xml_put_close(&e->out.buf, f->element);
    }

    return PTN_OK;
}
