#include <stdio.h>

#include "ptn_ews.h"


/*
 * Response objects (MS-OXWSMSG 2.2.4: ReplyToItem, ReplyAllToItem,
 * ForwardItem): a new message made from one that is there, with what the
 * client has given on top.
 */

/* PidTagLastVerbExecuted (MS-OXOMSG 2.2.1.23). */
#define PTN_VERB_REPLY      102
#define PTN_VERB_REPLY_ALL  103
#define PTN_VERB_FORWARD    104


static ptn_str_t
ptn_ews_orig(const ptn_object_t *o, uint32_t tag)
{
    ptn_str_t  v;

    v = ptn_props_get(&o->props, tag);

    return v.data == NULL ? ptn_str("") : v;
}


/* Address of the person whose tags begin with the name. */
static ptn_str_t
ptn_ews_orig_address(const ptn_object_t *o, uint32_t smtp, uint32_t email)
{
    ptn_str_t  v;

    v = ptn_ews_orig(o, smtp);

    return v.len != 0 ? v : ptn_ews_orig(o, email);
}


static ptn_str_t
ptn_ews_recip_address(const ptn_recip_t *r)
{
    ptn_str_t  v;

    v = ptn_props_get(&r->props, PTN_PR_SMTP_ADDRESS);

    return v.len != 0 ? v : ptn_props_get(&r->props, PTN_PR_EMAIL_ADDRESS);
}


static bool
ptn_ews_has_recip(const ptn_object_t *o, ptn_str_t address)
{
    uint32_t  i;

    for (i = 0; i < o->nrecips; i++) {
        if (ptn_str_ieq(ptn_ews_recip_address(&o->recips[i]), address)) {
            return true;
        }
    }

    return false;
}


/* --- who gets it ---------------------------------------------------------- */

/* Reply-To where there is one, else From.  FlatEntryList: ptn_ews_get.c. */
static ptn_rc_t
ptn_ews_reply_to(ptn_ews_t *e, ptn_ews_edit_t *edit, const ptn_object_t *orig)
{
    bool              any;
    size_t            n;
    ptn_rc_t          rc;
    ptn_str_t         list, address;
    ptn_eid_person_t  p;

    any = false;
    list = ptn_props_get(&orig->props, PTN_PR_REPLY_RECIPIENT_ENTRIES);

    if (list.len > 8) {
        list.data += 8;
        list.len -= 8;

        while (list.len >= 4) {
            n = ptn_le32(list.data);

            if (n > list.len - 4) {
                break;
            }

            if (ptn_eid_person_parse(e->pool, ptn_str_make(list.data + 4, n),
                                     &p) == PTN_OK && !p.address_book
                && p.address.len != 0)
            {
                rc = ptn_ews_edit_recip(e, edit, PTN_RECIP_TO, p.display,
                                        p.address);
                if (rc != PTN_OK) {
                    return rc;
                }

                any = true;
            }

            n = ptn_min(4 + (n + 3) / 4 * 4, list.len);
            list.data += n;
            list.len -= n;
        }
    }

    if (any) {
        return PTN_OK;
    }

    address = ptn_ews_orig_address(orig, PTN_PR_SENT_REPRESENTING_SMTP_ADDRESS,
                                   PTN_PR_SENT_REPRESENTING_EMAIL);

    if (address.len == 0) {
        return PTN_OK;
    }

    return ptn_ews_edit_recip(e, edit, PTN_RECIP_TO,
               ptn_ews_orig(orig, PTN_PR_SENT_REPRESENTING_NAME), address);
}


static ptn_rc_t
ptn_ews_reply_all(ptn_ews_t *e, ptn_ews_edit_t *edit,
    const ptn_object_t *orig)
{
    uint32_t            i, type;
    ptn_rc_t            rc;
    ptn_str_t           address;
    const ptn_recip_t  *r;

    for (i = 0; i < orig->nrecips; i++) {
        r = &orig->recips[i];
        type = r->type & 0xf;
        address = ptn_ews_recip_address(r);

        if ((type != PTN_RECIP_TO && type != PTN_RECIP_CC)
            || address.len == 0 || ptn_str_ieq(address, e->actor.address)
            || ptn_ews_has_recip(edit->object, address))
        {
            continue;
        }

        rc = ptn_ews_edit_recip(e, edit, type,
                 ptn_props_get(&r->props, PTN_PR_DISPLAY_NAME), address);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


/* --- what it says --------------------------------------------------------- */

static void
ptn_ews_quote_line(ptn_buf_t *b, bool html, const char *name, ptn_str_t v)
{
    if (v.len == 0) {
        return;
    }

    ptn_buf_z(b, html ? "<b>" : "");
    ptn_buf_z(b, name);
    ptn_buf_z(b, html ? ":</b> " : ": ");

    if (html) {
        ptn_xml_put_text(b, v);
    } else {
        ptn_buf_str(b, v);
    }

    ptn_buf_z(b, html ? "<br>\r\n" : "\r\n");
}


/* What stands between the new text and the old. */
static void
ptn_ews_quote_head(ptn_ews_t *e, ptn_buf_t *b, bool html,
    const ptn_object_t *orig)
{
    int64_t      ft;
    ptn_civil_t  c;

    ptn_buf_z(b, html ? "<hr>\r\n<p>" : "\r\n________________________________"
                                        "\r\n");
    ptn_ews_quote_line(b, html, "From",
                       ptn_ews_orig(orig, PTN_PR_SENT_REPRESENTING_NAME));

    if (ptn_props_int(&orig->props, PTN_PR_CLIENT_SUBMIT_TIME, &ft)) {
        ptn_time_to_civil((ft - PTN_FILETIME_1970) / 10000000, &c);
        ptn_ews_quote_line(b, html, "Sent",
            ptn_str_printf(e->pool, "%04d-%02d-%02d %02d:%02d UTC", c.year,
                           c.month, c.day, c.hour, c.min));
    }

    ptn_ews_quote_line(b, html, "To", ptn_ews_orig(orig, PTN_PR_DISPLAY_TO));
    ptn_ews_quote_line(b, html, "Cc", ptn_ews_orig(orig, PTN_PR_DISPLAY_CC));
    ptn_ews_quote_line(b, html, "Subject",
                       ptn_ews_orig(orig, PTN_PR_SUBJECT));
    ptn_buf_z(b, html ? "</p>\r\n" : "\r\n");
}


/*
 * HTML of the old message behind the new one's: what follows its <body ...>,
 * so that there is one document.
 */
static ptn_str_t
ptn_ews_inner_html(ptn_str_t html)
{
    size_t  i;

    for (i = 0; i + 5 < html.len; i++) {
        if (ptn_str_istarts(ptn_str_make(html.data + i, html.len - i),
                            "<body"))
        {
            for ( /* void */ ; i < html.len && html.data[i] != '>'; i++) {
                /* void */
            }

            if (i < html.len) {
                i++;
                return ptn_str_make(html.data + i, html.len - i);
            }
        }
    }

    return html;
}


static ptn_rc_t
ptn_ews_quote(ptn_ews_t *e, ptn_ews_edit_t *edit, const ptn_ews_el_t *new,
    const ptn_object_t *orig)
{
    bool           html, old_html;
    ptn_rc_t       rc;
    ptn_str_t      old;
    ptn_buf_t      b;
    ptn_ews_src_t  s;

    html = new != NULL && ptn_str_eqz(ptn_ews_attr(new, "BodyType"), "HTML");

    memset(&s, 0, sizeof(s));
    s.object = orig;

    rc = ptn_ews_body(e, &s, html ? PTN_EWS_BODY_HTML : PTN_EWS_BODY_TEXT,
                      &old_html, &old);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_buf_init(&b, e->pool);

    if (new != NULL) {
        ptn_buf_str(&b, new->text);
    }

    ptn_ews_quote_head(e, &b, html, orig);
    ptn_buf_str(&b, html ? ptn_ews_inner_html(old) : old);

    return b.failed ? PTN_ENOMEM
                    : ptn_ews_edit_body(e, edit, html, ptn_buf_get(&b));
}


/* --- the message ---------------------------------------------------------- */

/* Thread: In-Reply-To, References, topic, index with five more bytes. */
static ptn_rc_t
ptn_ews_thread(ptn_ews_t *e, ptn_ews_edit_t *edit, const ptn_object_t *orig)
{
    size_t      i;
    u_char     *p;
    int64_t     now;
    ptn_rc_t    rc;
    ptn_str_t   id, refs, topic, index, tracking;

    rc = PTN_OK;
    id = ptn_ews_orig(orig, PTN_PR_INTERNET_MESSAGE_ID);
    refs = ptn_ews_orig(orig, PTN_PR_INTERNET_REFERENCES);
    topic = ptn_ews_orig(orig, PTN_PR_CONVERSATION_TOPIC);
    index = ptn_ews_orig(orig, PTN_PR_CONVERSATION_INDEX);
    tracking = ptn_ews_orig(orig, PTN_PR_CONVERSATION_INDEX_TRACKING);

    if (id.len != 0) {
        rc = ptn_ews_edit_prop(e, edit, PTN_PR_IN_REPLY_TO_ID, id);

        if (rc == PTN_OK) {
            rc = ptn_ews_edit_prop(e, edit, PTN_PR_INTERNET_REFERENCES,
                     refs.len == 0 ? id
                     : ptn_str_printf(e->pool, "%.*s %.*s",
                                      ptn_str_arg(refs), ptn_str_arg(id)));
        }
    }

    if (rc == PTN_OK && topic.len != 0) {
        rc = ptn_ews_edit_prop(e, edit, PTN_PR_CONVERSATION_TOPIC, topic);
    }

    if (rc == PTN_OK && tracking.len != 0) {
        rc = ptn_ews_edit_prop(e, edit, PTN_PR_CONVERSATION_INDEX_TRACKING,
                               tracking);
    }

    if (rc != PTN_OK || index.len < 22 || index.len > 4096) {
        return rc;
    }

    /* MS-OXOMSG 2.2.1.3: a response level; the time since is not exact */

    p = ptn_palloc(e->pool, index.len + 5);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    memcpy(p, index.data, index.len);
    now = ptn_time_now();

    for (i = 0; i < 5; i++) {
        p[index.len + i] = (u_char) (now >> (8 * i));
    }

    return ptn_ews_edit_prop(e, edit, PTN_PR_CONVERSATION_INDEX,
                             ptn_str_make(p, index.len + 5));
}


static ptn_rc_t
ptn_ews_response_subject(ptn_ews_t *e, ptn_ews_edit_t *edit,
    const ptn_object_t *orig, const char *prefix)
{
    ptn_str_t  s;

    s = ptn_ews_orig(orig, PTN_PR_NORMALIZED_SUBJECT);
    if (s.len == 0) {
        s = ptn_ews_orig(orig, PTN_PR_SUBJECT);
    }

    s = ptn_str_printf(e->pool, "%s%.*s", prefix, ptn_str_arg(s));

    return s.data == NULL ? PTN_ENOMEM : ptn_ews_edit_subject(e, edit, s);
}


ptn_rc_t
ptn_ews_response_object(ptn_ews_t *e, const ptn_ews_el_t *el,
    ptn_ews_edit_t *edit)
{
    bool                 forward;
    ptn_rc_t             rc;
    ptn_id_t             id;
    uint64_t             cn;
    ptn_msg_t           *msg;
    ptn_ews_id_t         name;
    ptn_ews_box_t       *box;
    ptn_object_t        *orig;
    const ptn_ews_el_t  *ref, *new;

    ref = ptn_ews_child(el, "ReferenceItemId");
    if (ref == NULL) {
        return ptn_ews_error(e, "ErrorMissingInformationReferenceItemId",
                             "The item that is answered was not named.");
    }

    rc = ptn_ews_item(e, ref, &box, &name, &id, &cn);

    if (rc == PTN_OK) {
        rc = ptn_ews_load(e, box, id, &msg, &orig);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    forward = ptn_ews_named(el, "ForwardItem");

    rc = ptn_ews_response_subject(e, edit, orig, forward ? "FW: " : "RE: ");

    if (rc == PTN_OK) {
        rc = ptn_ews_thread(e, edit, orig);
    }

    if (rc == PTN_OK && !forward) {
        rc = ptn_ews_reply_to(e, edit, orig);
    }

    if (rc == PTN_OK && ptn_ews_named(el, "ReplyAllToItem")) {
        rc = ptn_ews_reply_all(e, edit, orig);
    }

    if (rc == PTN_OK && forward) {
        edit->object->attachs = orig->attachs;
        edit->object->nattachs = orig->nattachs;
    }

    new = ptn_ews_child(el, "NewBodyContent");

    if (rc == PTN_OK && (new != NULL || ptn_ews_child(el, "Body") == NULL)) {
        rc = ptn_ews_quote(e, edit, new, orig);
    }

    /* what the client gives is on top: recipients, subject ... */

    return rc != PTN_OK ? rc : ptn_ews_edit_item(e, edit, el);
}


/* Marks the one that was answered, when the answer was sent. */
ptn_rc_t
ptn_ews_answered(ptn_ews_t *e, const ptn_ews_el_t *item,
    ptn_ews_edit_t *edit, uint8_t disposition)
{
    u_char           verb[4], when[8];
    size_t           i;
    int64_t          ft;
    ptn_id_t         id;
    ptn_rc_t         rc;
    ptn_saved_t      saved;
    ptn_ews_id_t     name;
    ptn_ews_box_t   *box;
    ptn_bag_prop_t   props[2];

    if (disposition == 0 || ptn_ews_named(item, "Message")) {
        return PTN_OK;
    }

    rc = ptn_ews_item(e, ptn_ews_child(item, "ReferenceItemId"), &box, &name,
                      &id, NULL);
    if (rc != PTN_OK || box != edit->box) {
        return rc;              /* of another mailbox: left as it is */
    }

    ft = ptn_filetime(ptn_time_now() / PTN_USEC);

    for (i = 0; i < 8; i++) {
        when[i] = (u_char) ((uint64_t) ft >> (8 * i));
    }

    ptn_put_le32(verb, ptn_ews_named(item, "ReplyToItem") ? PTN_VERB_REPLY
                       : ptn_ews_named(item, "ReplyAllToItem")
                         ? PTN_VERB_REPLY_ALL : PTN_VERB_FORWARD);

    props[0].tag = PTN_PR_LAST_VERB_EXECUTED;
    props[0].value = ptn_str_make(verb, 4);
    props[1].tag = PTN_PR_LAST_VERB_EXECUTION_TIME;
    props[1].value = ptn_str_make(when, 8);

    /* a verb that answers sets \Answered as well */

    return ptn_msg_set_props(edit->tx, e->pool, id, props, 2, &saved);
}
