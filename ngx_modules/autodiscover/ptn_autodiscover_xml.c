/*
 * Requests and replies as XML.
 */

#include <openssl/sha.h>
#include <stdio.h>

#include "ptn_autodiscover.h"
#include "ptn_eid.h"
#include "ptn_xml.h"


#define PTN_AUTODISCOVER_SCHEMAS                                              \
    "http://schemas.microsoft.com/exchange/autodiscover/"

#define PTN_AUTODISCOVER_OUTLOOK_IN                                           \
    PTN_AUTODISCOVER_SCHEMAS "outlook/requestschema/2006"
#define PTN_AUTODISCOVER_OUTLOOK                                              \
    PTN_AUTODISCOVER_SCHEMAS "outlook/responseschema/2006a"
#define PTN_AUTODISCOVER_MOBILE_IN                                            \
    PTN_AUTODISCOVER_SCHEMAS "mobilesync/requestschema/2006"
#define PTN_AUTODISCOVER_MOBILE                                               \
    PTN_AUTODISCOVER_SCHEMAS "mobilesync/responseschema/2006"
#define PTN_AUTODISCOVER_OUT                                                  \
    PTN_AUTODISCOVER_SCHEMAS "responseschema/2006"

/* Exchange 2016, as EWS says of itself: 15.01.2507 (MS-OXDSCLI, ServerVersion:
 * hexadecimal of 4 bits 7, 6 major, 6 minor, 1, 15 build). */
#define PTN_AUTODISCOVER_VERSION  "73C189CB"

#define PTN_AUTODISCOVER_GROUP                                                \
    "/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)"                     \
    "/cn=Configuration/cn=Servers/cn="

#define PTN_AUTODISCOVER_GUID  37


/* --- requests ------------------------------------------------------------- */

static ptn_str_t
ptn_autodiscover_child(const ptn_xml_node_t *request, const char *name)
{
    return ptn_xml_trim(ptn_xml_child_text(request, request->ns, name));
}


ptn_autodiscover_error_e
ptn_autodiscover_parse(ptn_pool_t *pool, ptn_str_t body,
    ptn_autodiscover_req_t *ret)
{
    ptn_rc_t                 rc;
    ptn_str_t                schema;
    ptn_xml_node_t          *root, *request;

    static const ptn_xml_limits_t  limits = { 8, 64 };

    memset(ret, 0, sizeof(ptn_autodiscover_req_t));

    if (body.len > PTN_AUTODISCOVER_MAX) {
        return PTN_AUTODISCOVER_INVALID;
    }

    rc = ptn_xml_parse(pool, body, &limits, &root);
    if (rc != PTN_OK) {
        return rc == PTN_ENOMEM ? PTN_AUTODISCOVER_INTERNAL
                                : PTN_AUTODISCOVER_INVALID;
    }

    ret->mobile = ptn_xml_is(root, PTN_AUTODISCOVER_MOBILE_IN, "Autodiscover");

    if (!ret->mobile
        && !ptn_xml_is(root, PTN_AUTODISCOVER_OUTLOOK_IN, "Autodiscover"))
    {
        return PTN_AUTODISCOVER_INVALID;
    }

    request = ptn_xml_child(root, root->ns, "Request");
    if (request == NULL) {
        return PTN_AUTODISCOVER_INVALID;
    }

    ret->address = ptn_autodiscover_child(request, "EMailAddress");
    ret->dn = ptn_autodiscover_child(request, "LegacyDN");
    schema = ptn_autodiscover_child(request, "AcceptableResponseSchema");

    if (schema.len == 0 || (ret->address.len == 0 && ret->dn.len == 0)) {
        return PTN_AUTODISCOVER_INVALID;
    }

    if (!ptn_str_eqz(schema, ret->mobile ? PTN_AUTODISCOVER_MOBILE
                                         : PTN_AUTODISCOVER_OUTLOOK))
    {
        return PTN_AUTODISCOVER_SCHEMA;
    }

    return PTN_AUTODISCOVER_OK;
}


/* --- replies -------------------------------------------------------------- */

static void
ptn_autodiscover_open(ptn_buf_t *b, const char *response)
{
    ptn_buf_z(b, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
              "<Autodiscover xmlns=\"" PTN_AUTODISCOVER_OUT "\">"
              "<Response xmlns=\"");
    ptn_buf_z(b, response);
    ptn_buf_z(b, "\">");
}


static void
ptn_autodiscover_close(ptn_buf_t *b)
{
    ptn_buf_z(b, "</Response></Autodiscover>\n");
}


/* <name>https://HOST path</name> */

static void
ptn_autodiscover_url(ptn_buf_t *b, const char *name, ptn_str_t host,
    const char *path)
{
    ptn_xml_put_open(b, name);
    ptn_buf_z(b, "https://");
    ptn_xml_put_text(b, host);
    ptn_xml_put_text(b, ptn_str_z(path));
    ptn_xml_put_close(b, name);
}


static void
ptn_autodiscover_guid(const u_char g[16], char ret[PTN_AUTODISCOVER_GUID])
{
    snprintf(ret, PTN_AUTODISCOVER_GUID,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
             "%02x%02x%02x%02x%02x%02x", g[3], g[2], g[1], g[0], g[5], g[4],
             g[7], g[6], g[8], g[9], g[10], g[11], g[12], g[13], g[14], g[15]);
}


static ptn_str_t
ptn_autodiscover_domain(ptn_str_t address)
{
    u_char  *at;

    at = memrchr(address.data, '@', address.len);
    if (at == NULL) {
        return address;
    }

    return ptn_str_make(at + 1, address.len - (size_t) (at + 1 - address.data));
}


/* One for all of a domain, and the same in every process. */

static void
ptn_autodiscover_deployment(ptn_str_t domain,
    char ret[PTN_AUTODISCOVER_GUID])
{
    u_char  digest[SHA256_DIGEST_LENGTH];

    SHA256(domain.data, domain.len, digest);
    digest[7] = (u_char) ((digest[7] & 0x0f) | 0x80);       /* RFC 9562 5.8 */
    digest[8] = (u_char) ((digest[8] & 0x3f) | 0x80);
    ptn_autodiscover_guid(digest, ret);
}


/* MS-OXDSCLI 4.4. */

static void
ptn_autodiscover_mapi_url(ptn_buf_t *b, const char *name,
    const ptn_autodiscover_answer_t *a, const char *path, const char *guid)
{
    size_t  i;

    static const char *const  urls[] = { "InternalUrl", "ExternalUrl" };

    ptn_xml_put_open(b, name);

    for (i = 0; i < ptn_nelts(urls); i++) {
        ptn_xml_put_open(b, urls[i]);
        ptn_buf_z(b, "https://");
        ptn_xml_put_text(b, a->host);
        ptn_buf_z(b, path);
        ptn_buf_z(b, "?MailboxId=");
        ptn_buf_z(b, guid);
        ptn_buf_byte(b, '@');
        ptn_xml_put_text(b, ptn_autodiscover_domain(a->user->address));
        ptn_xml_put_close(b, urls[i]);
    }

    ptn_xml_put_close(b, name);
}


static void
ptn_autodiscover_server(ptn_buf_t *b, const ptn_autodiscover_answer_t *a,
    const char *guid)
{
    ptn_str_t  domain;

    domain = ptn_autodiscover_domain(a->user->address);

    /* the mailbox names its server, so that it may move (MS-OXDSCLI, Server) */

    ptn_xml_put_open(b, "Server");
    ptn_buf_z(b, guid);
    ptn_buf_byte(b, '@');
    ptn_xml_put_text(b, domain);
    ptn_xml_put_close(b, "Server");

    ptn_buf_z(b, "<ServerDN>/o=");
    ptn_xml_put_text(b, domain);
    ptn_buf_z(b, PTN_AUTODISCOVER_GROUP);
    ptn_buf_z(b, guid);
    ptn_buf_byte(b, '@');
    ptn_xml_put_text(b, domain);
    ptn_xml_put_close(b, "ServerDN");

    ptn_xml_put_z(b, "ServerVersion", PTN_AUTODISCOVER_VERSION);

    ptn_buf_z(b, "<MdbDN>/o=");
    ptn_xml_put_text(b, domain);
    ptn_buf_z(b, PTN_AUTODISCOVER_GROUP);
    ptn_buf_z(b, guid);
    ptn_buf_byte(b, '@');
    ptn_xml_put_text(b, domain);
    ptn_buf_z(b, "/cn=Microsoft Private MDB</MdbDN>");
}


static void
ptn_autodiscover_protocols(ptn_buf_t *b, const ptn_autodiscover_answer_t *a,
    const char *guid)
{
    if ((a->offers & PTN_SERVICE_MAPI) && a->mapi_http >= 1) {
        ptn_buf_z(b, "<Protocol Type=\"mapiHttp\" Version=\"1\">");
        ptn_autodiscover_mapi_url(b, "MailStore", a, "/mapi/emsmdb/", guid);
        ptn_autodiscover_mapi_url(b, "AddressBook", a, "/mapi/nspi/", guid);
        ptn_xml_put_close(b, "Protocol");
    }

    /* EXPR and EXHTTP stand for RPC over HTTP, which is not offered */

    ptn_buf_z(b, "<Protocol><Type>EXCH</Type>");
    ptn_autodiscover_server(b, a, guid);

    if (a->offers & PTN_SERVICE_EWS) {
        ptn_autodiscover_url(b, "ASUrl", a->host, "/EWS/Exchange.asmx");
        ptn_autodiscover_url(b, "EwsUrl", a->host, "/EWS/Exchange.asmx");
        ptn_autodiscover_url(b, "EmwsUrl", a->host, "/EWS/Exchange.asmx");
        ptn_autodiscover_url(b, "OOFUrl", a->host, "/EWS/Exchange.asmx");
    }

    ptn_buf_z(b, "<AuthPackage>basic</AuthPackage></Protocol>");

    if (a->offers & PTN_SERVICE_EWS) {
        ptn_buf_z(b, "<Protocol><Type>WEB</Type><External>"
                  "<Protocol><Type>EXPR</Type>");
        ptn_autodiscover_url(b, "ASUrl", a->host, "/EWS/Exchange.asmx");
        ptn_buf_z(b, "</Protocol></External></Protocol>");
    }
}


ptn_rc_t
ptn_autodiscover_outlook(ptn_pool_t *pool, ptn_buf_t *b,
    const ptn_autodiscover_answer_t *a)
{
    char       guid[PTN_AUTODISCOVER_GUID];
    ptn_rc_t   rc;
    ptn_str_t  dn;

    if (a->redirect.len != 0) {
        ptn_autodiscover_open(b, PTN_AUTODISCOVER_OUTLOOK);
        ptn_buf_z(b, "<Account><Action>redirectAddr</Action>");
        ptn_xml_put(b, "RedirectAddr", a->redirect);
        ptn_xml_put_close(b, "Account");
        ptn_autodiscover_close(b);
        return PTN_OK;
    }

    rc = ptn_eid_dn(pool, a->user->mailbox, a->user->address, &dn);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_autodiscover_open(b, PTN_AUTODISCOVER_OUTLOOK);

    ptn_xml_put_open(b, "User");
    ptn_xml_put(b, "DisplayName", a->user->display.len ? a->user->display
                                                       : a->user->address);
    ptn_xml_put(b, "LegacyDN", dn);
    ptn_xml_put(b, "AutoDiscoverSMTPAddress", a->user->address);
    ptn_autodiscover_deployment(ptn_autodiscover_domain(a->user->address),
                                guid);
    ptn_xml_put_z(b, "DeploymentId", guid);
    ptn_xml_put_close(b, "User");

    ptn_buf_z(b, "<Account><AccountType>email</AccountType>"
              "<Action>settings</Action>"
              "<MicrosoftOnline>False</MicrosoftOnline>");

    ptn_autodiscover_guid(a->user->mailbox.b, guid);
    ptn_autodiscover_protocols(b, a, guid);

    /* MS-OXDSCLI 2.2.4.1.1.2.7; MAPI alone opens it */

    if (a->public_store.len != 0 && (a->offers & PTN_SERVICE_MAPI)
        && a->mapi_http >= 1)
    {
        ptn_xml_put_open(b, "PublicFolderInformation");
        ptn_xml_put(b, "SmtpAddress", a->public_store);
        ptn_xml_put_close(b, "PublicFolderInformation");
    }

    ptn_xml_put_close(b, "Account");
    ptn_autodiscover_close(b);

    return PTN_OK;
}


/* MS-ASCMD 4.2.3, 4.2.4. */

void
ptn_autodiscover_mobile(ptn_buf_t *b, const ptn_autodiscover_answer_t *a)
{
    size_t  i;

    static const char *const  urls[] = { "Url", "Name" };

    ptn_autodiscover_open(b, PTN_AUTODISCOVER_MOBILE);
    ptn_buf_z(b, "<Culture>en:us</Culture>");

    if (a->redirect.len != 0) {
        ptn_buf_z(b, "<Action>");
        ptn_xml_put(b, "Redirect", a->redirect);
        ptn_buf_z(b, "</Action>");
        ptn_autodiscover_close(b);
        return;
    }

    ptn_xml_put_open(b, "User");
    ptn_xml_put(b, "DisplayName", a->user->display.len ? a->user->display
                                                       : a->user->address);
    ptn_xml_put(b, "EMailAddress", a->user->address);
    ptn_xml_put_close(b, "User");

    ptn_buf_z(b, "<Action><Settings><Server><Type>MobileSync</Type>");
    for (i = 0; i < ptn_nelts(urls); i++) {
        ptn_autodiscover_url(b, urls[i], a->host,
                             "/Microsoft-Server-ActiveSync");
    }
    ptn_buf_z(b, "</Server></Settings></Action>");

    ptn_autodiscover_close(b);
}


static const char *
ptn_autodiscover_message(ptn_autodiscover_error_e error)
{
    static const struct {
        ptn_autodiscover_error_e   error;
        const char                *message;
    } rows[] = {
        /* clients know this one by its words */
        { PTN_AUTODISCOVER_NOT_FOUND, "The email address can't be found." },
        { PTN_AUTODISCOVER_NOTHING,
          "No protocol of this server is open to the email address." },
        { PTN_AUTODISCOVER_INVALID, "Invalid Request" },
        { PTN_AUTODISCOVER_SCHEMA, "Provider is not available" },
    };

    size_t  i;

    for (i = 0; i < ptn_nelts(rows); i++) {
        if (rows[i].error == error) {
            return rows[i].message;
        }
    }

    return "Internal error";
}


/*
 * Errors of either schema, also of what was no request, stand in the common
 * namespace (MS-OXDSCLI 2.2.4.1.1.3; MS-ASCMD 6.4).
 */

void
ptn_autodiscover_error(ptn_buf_t *b, const ptn_autodiscover_req_t *req,
    ptn_autodiscover_error_e error)
{
    int64_t      now;
    ptn_civil_t  t;

    (void) req;

    now = ptn_time_now();
    ptn_time_to_civil(now / PTN_USEC, &t);

    ptn_autodiscover_open(b, PTN_AUTODISCOVER_OUT);
    ptn_buf_printf(b, "<Error Time=\"%02d:%02d:%02d.%06d0\" Id=\"%u\">",
                   t.hour, t.min, t.sec, (int) (now % PTN_USEC),
                   (unsigned) (now & 0x7fffffff));
    ptn_xml_put_u64(b, "ErrorCode", error);
    ptn_xml_put_z(b, "Message", ptn_autodiscover_message(error));
    ptn_buf_z(b, "<DebugData /></Error>");
    ptn_autodiscover_close(b);
}


/* --- Mozilla -------------------------------------------------------------- */

static void
ptn_autodiscover_mozilla_server(ptn_buf_t *b, const char *element,
    const char *type, ptn_str_t mail, unsigned port, const char *socket)
{
    ptn_buf_printf(b, "<%s type=\"%s\">", element, type);
    ptn_xml_put(b, "hostname", mail);
    ptn_xml_put_u64(b, "port", port);
    ptn_xml_put_z(b, "socketType", socket);
    ptn_buf_z(b, "<authentication>password-cleartext</authentication>"
              "<username>%EMAILADDRESS%</username>");
    ptn_xml_put_close(b, element);
}


void
ptn_autodiscover_mozilla(ptn_buf_t *b, ptn_str_t domain, ptn_str_t mail,
    ptn_str_t host, uint32_t offers)
{
    ptn_buf_z(b, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
              "<clientConfig version=\"1.1\"><emailProvider");
    ptn_xml_put_attr(b, "id", domain);
    ptn_buf_byte(b, '>');
    ptn_xml_put(b, "domain", domain);
    ptn_xml_put(b, "displayName", domain);
    ptn_xml_put(b, "displayShortName", domain);

    ptn_autodiscover_mozilla_server(b, "incomingServer", "imap", mail, 993,
                                    "SSL");
    ptn_autodiscover_mozilla_server(b, "incomingServer", "imap", mail, 143,
                                    "STARTTLS");

    if (offers & PTN_SERVICE_EWS) {
        ptn_buf_z(b, "<incomingServer type=\"exchange\">");
        ptn_xml_put(b, "hostname", host);
        ptn_buf_z(b, "<port>443</port><socketType>SSL</socketType>"
                  "<authentication>password-cleartext</authentication>"
                  "<username>%EMAILADDRESS%</username>");
        ptn_autodiscover_url(b, "ewsURL", host, "/EWS/Exchange.asmx");
        ptn_xml_put_close(b, "incomingServer");
    }

    ptn_autodiscover_mozilla_server(b, "outgoingServer", "smtp", mail, 465,
                                    "SSL");
    ptn_autodiscover_mozilla_server(b, "outgoingServer", "smtp", mail, 587,
                                    "STARTTLS");
    ptn_buf_z(b, "</emailProvider></clientConfig>\n");
}
