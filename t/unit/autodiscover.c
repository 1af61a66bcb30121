/*
 * AutoDiscover without a server: requests, and what is told of a user for
 * whom everything is served.
 */

#include "ptn_autodiscover.h"
#include "ptn_test.h"
#include "ptn_xml.h"


#define OUTLOOK  "http://schemas.microsoft.com/exchange/autodiscover/outlook/"
#define MOBILE   "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/"
#define COMMON   "http://schemas.microsoft.com/exchange/autodiscover/"


static void
test_requests(ptn_pool_t *pool)
{
    size_t                  i;
    ptn_autodiscover_req_t  req;

    static const struct {
        const char                *text;
        ptn_autodiscover_error_e   error;
        bool                       mobile;
        const char                *address, *dn;
    } rows[] = {
        { "<Autodiscover xmlns='" OUTLOOK "requestschema/2006'><Request>"
          "<EMailAddress> a@b </EMailAddress><AcceptableResponseSchema>"
          OUTLOOK "responseschema/2006a</AcceptableResponseSchema></Request>"
          "</Autodiscover>", 0, false, "a@b", "" },
        { "<x:Autodiscover xmlns:x='" OUTLOOK "requestschema/2006'><x:Request>"
          "<x:AcceptableResponseSchema>\n" OUTLOOK "responseschema/2006a\n"
          "</x:AcceptableResponseSchema><x:LegacyDN>/o=x</x:LegacyDN>"
          "</x:Request></x:Autodiscover>", 0, false, "", "/o=x" },
        { "<Autodiscover xmlns='" MOBILE "requestschema/2006'><Request>"
          "<EMailAddress>a@b</EMailAddress><AcceptableResponseSchema>"
          MOBILE "responseschema/2006</AcceptableResponseSchema></Request>"
          "</Autodiscover>", 0, true, "a@b", "" },
        { "<Autodiscover xmlns='" MOBILE "requestschema/2006'><Request>"
          "<EMailAddress>a@b</EMailAddress><AcceptableResponseSchema>"
          OUTLOOK "responseschema/2006a</AcceptableResponseSchema></Request>"
          "</Autodiscover>", 601, true, "a@b", "" },
        { "<Autodiscover xmlns='" OUTLOOK "requestschema/2006'><Request>"
          "<EMailAddress>a@b</EMailAddress></Request></Autodiscover>", 600,
          false, "a@b", "" },
        { "<Autodiscover><Request><EMailAddress>a@b</EMailAddress></Request>"
          "</Autodiscover>", 600, false, "", "" },
        { "<!DOCTYPE a><a/>", 600, false, "", "" },
        { "", 600, false, "", "" },
    };

    for (i = 0; i < ptn_nelts(rows); i++) {
        is_u64(ptn_autodiscover_parse(pool, ptn_str_z(rows[i].text), &req),
               rows[i].error, rows[i].text);
        ok(req.mobile == rows[i].mobile
           && ptn_str_eqz(req.address, rows[i].address)
           && ptn_str_eqz(req.dn, rows[i].dn), "what it says");
    }
}


static ptn_xml_node_t *
read_back(ptn_pool_t *pool, const ptn_buf_t *b, const char *ns)
{
    ptn_xml_node_t  *root;

    is_rc(ptn_xml_parse(pool, ptn_buf_get(b), NULL, &root), PTN_OK,
          "the reply is XML");
    root = ptn_xml_child(root, ns, "Response");
    ok(root != NULL, "a response of %s", ns);

    return root;
}


static void
test_replies(ptn_pool_t *pool)
{
    ptn_buf_t                  b;
    ptn_user_t                 user;
    ptn_xml_node_t            *n, *r;
    ptn_autodiscover_answer_t  a;

    memset(&user, 0, sizeof(user));
    memset(&a, 0, sizeof(a));
    user.address = ptn_str("alice@example.test");
    user.display = ptn_str("Alice <&>");
    memcpy(user.mailbox.b, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c"
           "\x0d\x0e\x0f\x10", 16);
    a.user = &user;
    a.host = ptn_str("mail.example.test:8443");
    a.offers = PTN_SERVICE_EAS|PTN_SERVICE_MAPI;

    ptn_buf_init(&b, pool);
    ptn_autodiscover_mobile(&b, &a);
    r = read_back(pool, &b, MOBILE "responseschema/2006");
    n = ptn_xml_child(r, NULL, "User");
    is_str(ptn_xml_child_text(n, NULL, "EMailAddress"), "alice@example.test",
           "mobile: address");
    is_str(ptn_xml_child_text(n, NULL, "DisplayName"), "Alice <&>", "name");
    n = ptn_xml_child(ptn_xml_child(ptn_xml_child(r, NULL, "Action"), NULL,
                                    "Settings"), NULL, "Server");
    is_str(ptn_xml_child_text(n, NULL, "Type"), "MobileSync", "type");
    is_str(ptn_xml_child_text(n, NULL, "Url"), "https://mail.example.test:8443"
           "/Microsoft-Server-ActiveSync", "URL");

    ptn_buf_init(&b, pool);
    a.mapi_http = 1;
    is_rc(ptn_autodiscover_outlook(pool, &b, &a), PTN_OK, "Outlook");
    r = read_back(pool, &b, OUTLOOK "responseschema/2006a");
    n = ptn_xml_child(ptn_xml_child(r, NULL, "Account"), NULL, "Protocol");
    is_str(ptn_xml_attr(n, "Type"), "mapiHttp", "MAPI over HTTP first");
    is_str(ptn_xml_child_text(ptn_xml_child(n, NULL, "MailStore"), NULL,
                              "ExternalUrl"),
           "https://mail.example.test:8443/mapi/emsmdb/?MailboxId="
           "04030201-0605-0807-090a-0b0c0d0e0f10@example.test",
           "with the mailbox in it");
    n = ptn_xml_next(n, NULL, "Protocol");
    ok(ptn_xml_child(n, NULL, "EwsUrl") == NULL, "EWS is not served");

    ptn_buf_init(&b, pool);
    a.redirect = ptn_str("x@far.example");
    ptn_autodiscover_mobile(&b, &a);
    r = read_back(pool, &b, MOBILE "responseschema/2006");
    is_str(ptn_xml_child_text(ptn_xml_child(r, NULL, "Action"), NULL,
                              "Redirect"), "x@far.example", "moved");

    ptn_buf_init(&b, pool);
    ptn_autodiscover_error(&b, NULL, PTN_AUTODISCOVER_NOT_FOUND);
    r = read_back(pool, &b, COMMON "responseschema/2006");
    is_str(ptn_xml_child_text(ptn_xml_child(r, NULL, "Error"), NULL,
                              "ErrorCode"), "500", "an error");
}


int
main(void)
{
    ptn_pool_t  *pool = ptn_pool_create(0, NULL);

    test_requests(pool);
    test_replies(pool);
    ptn_pool_destroy(pool);

    return done_testing();
}
