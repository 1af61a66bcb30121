#include "ptn_ews.h"


/* ResolveNames (MS-OXWSRSLNM 3.1.4.1). */

#define PTN_EWS_RESOLVE_MAX  100


static void
ptn_ews_put_resolution(ptn_ews_t *e, const ptn_user_t *u, bool contact)
{
    ptn_str_t  name;

    name = u->display.len != 0 ? u->display : u->address;

    ptn_ews_lit(&e->out, "<t:Resolution><t:Mailbox>");
    ptn_ews_elem(&e->out, "t:Name", name);
    ptn_ews_elem(&e->out, "t:EmailAddress", u->address);
    ptn_ews_lit(&e->out, "<t:RoutingType>SMTP</t:RoutingType>"
                "<t:MailboxType>Mailbox</t:MailboxType></t:Mailbox>");

    if (contact) {
        ptn_ews_lit(&e->out, "<t:Contact>");
        ptn_ews_elem(&e->out, "t:DisplayName", name);
        ptn_ews_lit(&e->out, "<t:EmailAddresses><t:Entry"
                             " Key=\"EmailAddress1\">SMTP:");
        ptn_xml_put_text(&e->out.buf, u->address);
        ptn_ews_lit(&e->out, "</t:Entry></t:EmailAddresses>"
                    "<t:ContactSource>ActiveDirectory</t:ContactSource>"
                    "</t:Contact>");
    }

    ptn_ews_lit(&e->out, "</t:Resolution>");
}


/* Local parts and names of the actor's domain; "smtp:" in front is allowed. */
static ptn_rc_t
ptn_ews_resolve(ptn_ews_t *e, ptn_user_t **ret_users, size_t *ret_n,
    bool *ret_more)
{
    u_char     *at;
    ptn_str_t   text, domain;

    text = ptn_ews_find_text(e->request, "UnresolvedEntry");

    if (ptn_str_istarts(text, "smtp:") || ptn_str_istarts(text, "sip:")) {
        at = memchr(text.data, ':', text.len);
        text.len -= (size_t) (at + 1 - text.data);
        text.data = at + 1;
        text = ptn_xs_trim(text);
    }

    if (text.len == 0 || text.len > 1024) {
        return ptn_ews_error(e, "ErrorInvalidNameForNameResolution",
                             "The name to resolve is empty or too long.");
    }

    at = memchr(e->actor.address.data, '@', e->actor.address.len);
    domain = at == NULL ? ptn_str("")
             : ptn_str_make(at + 1, e->actor.address.len
                            - (size_t) (at + 1 - e->actor.address.data));

    return ptn_user_resolve(e->app->directory, e->pool, domain, text,
                            PTN_EWS_RESOLVE_MAX, ret_users, ret_n, ret_more);
}


static ptn_rc_t
ptn_ews_resolve_message(ptn_ews_t *e)
{
    bool         more, contact;
    size_t       i, n;
    ptn_rc_t     rc;
    ptn_user_t  *users;

    rc = ptn_ews_resolve(e, &users, &n, &more);
    if (rc != PTN_OK) {
        return rc;
    }

    if (n == 0) {
        return ptn_ews_error(e, "ErrorNameResolutionNoResults",
                             "No results were found.");
    }

    ptn_ews_lit(&e->out, "<m:ResolveNamesResponseMessage ResponseClass=\"");

    if (n == 1) {
        ptn_ews_lit(&e->out, "Success\"><m:ResponseCode>NoError"
                             "</m:ResponseCode>");
    } else {
        ptn_ews_lit(&e->out, "Warning\"><m:MessageText>Multiple results were"
                    " found.</m:MessageText><m:ResponseCode>"
                    "ErrorNameResolutionMultipleResults</m:ResponseCode>"
                    "<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>");
    }

    ptn_buf_printf(&e->out.buf, "<m:ResolutionSet TotalItemsInView=\"%zu\""
                   " IncludesLastItemInRange=\"%s\">", n,
                   more ? "false" : "true");

    contact = false;
    (void) ptn_xs_bool(ptn_ews_attr(e->request, "ReturnFullContactData"),
                       &contact);

    for (i = 0; i < n; i++) {
        ptn_ews_put_resolution(e, &users[i], contact);
    }

    ptn_ews_lit(&e->out, "</m:ResolutionSet></m:ResolveNamesResponseMessage>");

    return PTN_OK;
}


ptn_rc_t
ptn_ews_resolve_names(ptn_ews_t *e)
{
    ptn_rc_t  rc;

    ptn_ews_reply_open(e);

    rc = ptn_ews_resolve_message(e);

    if (rc == PTN_ENOMEM) {
        return rc;
    }

    if (rc != PTN_OK) {
        ptn_ews_message_error(e, rc, "ErrorNameResolutionNoResults", NULL);
    }

    ptn_ews_reply_close(e);

    return PTN_OK;
}
