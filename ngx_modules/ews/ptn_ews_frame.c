#include "ptn_ews.h"


/*
 * SOAP 1.1 around the operations: the envelope, the headers of MS-OXWSCDATA
 * 2.2.5, faults, response messages.
 */

#define PTN_EWS_TYPE  "text/xml; charset=utf-8"


/* t:ExchangeVersionType; names between ours count as the one before. */
static const struct {
    const char  *name;
    uint8_t      version;
} ptn_ews_versions[] = {
    { "Exchange2007",      PTN_EWS_2007 },
    { "Exchange2007_SP1",  PTN_EWS_2007_SP1 },
    { "Exchange2009",      PTN_EWS_2007_SP1 },
    { "Exchange2010",      PTN_EWS_2010 },
    { "Exchange2010_SP1",  PTN_EWS_2010_SP1 },
    { "Exchange2010_SP2",  PTN_EWS_2010_SP2 },
    { "Exchange2012",      PTN_EWS_2010_SP2 },
    { "Exchange2013",      PTN_EWS_2013 },
    { "Exchange2013_SP1",  PTN_EWS_2013_SP1 },
    { "Exchange2015",      PTN_EWS_2013_SP1 },
    { "Exchange2016",      PTN_EWS_2016 },
    { "V2015_10_05",       PTN_EWS_2016 },
    { "V2016_01_06",       PTN_EWS_2016 },
    { "V2016_04_13",       PTN_EWS_2016 },
    { "V2016_07_13",       PTN_EWS_2016 },
    { "V2016_10_10",       PTN_EWS_2016 },
    { "V2017_01_07",       PTN_EWS_2016 },
    { "V2017_04_14",       PTN_EWS_2016 },
    { "V2017_07_11",       PTN_EWS_2016 },
};


ptn_rc_t
ptn_ews_version(ptn_str_t name, uint8_t *ret_version)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_ews_versions); i++) {
        if (ptn_str_eqz(name, ptn_ews_versions[i].name)) {
            *ret_version = ptn_ews_versions[i].version;
            return PTN_OK;
        }
    }

    return PTN_EPARSE;
}


ptn_rc_t
ptn_ews_error(ptn_ews_t *e, const char *code, const char *text)
{
    e->code = code;
    e->text = text;

    return PTN_EINVAL;
}


const char *
ptn_ews_code(ptn_ews_t *e, ptn_rc_t rc, const char *none,
    const char **ret_text)
{
    const char  *code;

    static const struct {
        ptn_rc_t     rc;
        const char  *text;
    } texts[] = {
        { PTN_ENOTFOUND, "The specified object was not found in the store." },
        { PTN_EDENIED,
          "Access is denied. Check credentials and try again." },
        { PTN_EEXIST, "A folder with the specified name already exists." },
        { PTN_EQUOTA, "The mailbox is full." },
        { PTN_ETOOBIG, "The message exceeds the maximum supported size." },
        { PTN_ESUPPORT, "The operation isn't supported." },
        { PTN_EBUSY, "The server cannot service this request right now. Try"
                     " again later." },
    };

    size_t  i;

    code = e->code;
    *ret_text = e->text;
    e->code = NULL;
    e->text = NULL;

    if (code != NULL) {
        return code;
    }

    *ret_text = "An internal server error occurred. The operation failed.";

    for (i = 0; i < ptn_nelts(texts); i++) {
        if (texts[i].rc == rc) {
            *ret_text = texts[i].text;
        }
    }

    return rc == PTN_ENOTFOUND && none != NULL ? none : ptn_err(rc)->ews;
}


/* --- the envelope --------------------------------------------------------- */

/* What we are like: Exchange 2016, its last cumulative update's schema. */
#define PTN_EWS_ENVELOPE                                                      \
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>"                              \
    "<s:Envelope xmlns:s=\"" PTN_EWS_URI_SOAP "\">"
#define PTN_EWS_HEADER                                                        \
    "<s:Header><h:ServerVersionInfo MajorVersion=\"15\" MinorVersion=\"1\""   \
    " MajorBuildNumber=\"2507\" MinorBuildNumber=\"6\""
#define PTN_EWS_HEADER_END                                                    \
    " xmlns:h=\"" PTN_EWS_URI_T "\"/></s:Header>"


void
ptn_ews_envelope_open(ptn_ews_t *e)
{
    ptn_ews_lit(&e->out, PTN_EWS_ENVELOPE PTN_EWS_HEADER);

    if (e->version > PTN_EWS_2007) {
        ptn_ews_lit(&e->out, " Version=\"V2017_07_11\"");
    }

    ptn_ews_lit(&e->out, PTN_EWS_HEADER_END "<s:Body>");
}


void
ptn_ews_envelope_close(ptn_ews_t *e)
{
    ptn_ews_lit(&e->out, "</s:Body></s:Envelope>");
}


void
ptn_ews_reply_open(ptn_ews_t *e)
{
    ptn_buf_z(&e->out.buf, "<");
    ptn_buf_z(&e->out.buf, e->op->response);
    ptn_ews_lit(&e->out, " xmlns:m=\"" PTN_EWS_URI_M "\" xmlns:t=\""
                PTN_EWS_URI_T "\"><m:ResponseMessages>");
}


void
ptn_ews_reply_close(ptn_ews_t *e)
{
    ptn_ews_lit(&e->out, "</m:ResponseMessages>");
    ptn_xml_put_close(&e->out.buf, e->op->response);
}


void
ptn_ews_message_open(ptn_ews_t *e)
{
    e->code = NULL;

    ptn_buf_z(&e->out.buf, "<");
    ptn_buf_z(&e->out.buf, e->op->message);
    ptn_ews_lit(&e->out, " ResponseClass=\"Success\">"
                "<m:ResponseCode>NoError</m:ResponseCode>");
}


void
ptn_ews_message_close(ptn_ews_t *e)
{
    ptn_xml_put_close(&e->out.buf, e->op->message);
}


void
ptn_ews_message_error(ptn_ews_t *e, ptn_rc_t rc, const char *none,
    const char *tail)
{
    const char  *code, *text;

    code = ptn_ews_code(e, rc, none, &text);

    ptn_buf_z(&e->out.buf, "<");
    ptn_buf_z(&e->out.buf, e->op->message);
    ptn_ews_lit(&e->out, " ResponseClass=\"Error\">");
    ptn_ews_elem_z(&e->out, "m:MessageText", text);
    ptn_ews_elem_z(&e->out, "m:ResponseCode", code);
    ptn_ews_lit(&e->out, "<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>");

    if (tail != NULL) {
        ptn_buf_z(&e->out.buf, tail);
    }

    ptn_xml_put_close(&e->out.buf, e->op->message);
}


/* Errors that are of the request, not of one thing in it. */
static bool
ptn_ews_is_fatal(ptn_rc_t rc)
{
    return rc == PTN_ECANCEL || rc == PTN_ENOMEM || rc == PTN_EAUTH;
}


ptn_rc_t
ptn_ews_message_end(ptn_ews_t *e, ptn_ews_mark_t mark, ptn_rc_t rc,
    const char *none, const char *tail)
{
    if (rc == PTN_OK) {
        ptn_ews_message_close(e);
        return ptn_ews_flush(&e->out);
    }

    if (ptn_ews_is_fatal(rc) || !ptn_ews_rewind(&e->out, mark)) {
        return rc;
    }

    ptn_ews_message_error(e, rc, none, tail);

    return ptn_ews_flush(&e->out);
}


/* --- faults --------------------------------------------------------------- */

static ptn_rc_t
ptn_ews_send(ptn_ews_t *e, unsigned status)
{
    ptn_rc_t         rc;
    ptn_http_meta_t  meta;

    if (e->out.buf.failed) {
        return PTN_ENOMEM;
    }

    if (e->out.job == NULL) {
        return PTN_OK;
    }

    if (e->out.sent == 0) {
        ptn_http_meta_begin(&meta, e->pool, status);
        ptn_http_meta_add(&meta, "Content-Type", ptn_str(PTN_EWS_TYPE));

        if (e->whole) {
            ptn_http_meta_whole(&meta);
        }

        rc = ptn_http_meta_send(&meta, e->job);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return ptn_job_reply(e->job, e->out.buf.data, e->out.buf.len);
}


/* `violation`: what the schema says, or data NULL. */
static ptn_rc_t
ptn_ews_fault(ptn_ews_t *e, const char *prefix, const char *code,
    const char *text, ptn_str_t violation)
{
    ptn_ews_out_t  *o;

    o = &e->out;
    o->buf.len = 0;

    ptn_ews_envelope_open(e);
    ptn_ews_lit(o, "<s:Fault>");

    if (prefix != NULL) {
        ptn_buf_printf(&o->buf, "<faultcode>%s</faultcode>", prefix);
    } else {
        ptn_buf_printf(&o->buf, "<faultcode xmlns:a=\"" PTN_EWS_URI_T
                       "\">a:%s</faultcode>", code);
    }

    ptn_ews_lit(o, "<faultstring xml:lang=\"en-US\">");
    ptn_xml_put_text(&o->buf, ptn_str_z(text));

    if (violation.data != NULL) {
        ptn_ews_lit(o, ": ");
        ptn_xml_put_text(&o->buf, violation);
    }

    ptn_ews_lit(o, "</faultstring><detail><e:ResponseCode xmlns:e=\""
                PTN_EWS_URI_E "\">");
    ptn_buf_z(&o->buf, code);
    ptn_ews_lit(o, "</e:ResponseCode><e:Message xmlns:e=\"" PTN_EWS_URI_E
                "\">");
    ptn_xml_put_text(&o->buf, ptn_str_z(text));
    ptn_ews_lit(o, "</e:Message>");

    if (violation.data != NULL) {
        ptn_ews_lit(o, "<t:MessageXml xmlns:t=\"" PTN_EWS_URI_T "\">");
        ptn_ews_elem(o, "t:Violation", violation);
        ptn_ews_lit(o, "</t:MessageXml>");
    }

    ptn_ews_lit(o, "</detail></s:Fault></s:Body></s:Envelope>");

    return ptn_ews_send(e, 500);
}


/* The result `rc` of a whole request; nothing has left yet. */
static ptn_rc_t
ptn_ews_failed(ptn_ews_t *e, ptn_rc_t rc)
{
    const char  *code, *text;

    if (e->out.sent != 0 || rc == PTN_ECANCEL || rc == PTN_EAUTH) {
        return rc;
    }

    code = ptn_ews_code(e, rc, NULL, &text);

    return ptn_ews_fault(e, NULL, code, text, ptn_str_make(NULL, 0));
}


static ptn_rc_t
ptn_ews_violation(ptn_ews_t *e, const char *text)
{
    return ptn_ews_fault(e, NULL, "ErrorSchemaValidation",
                         "The request failed schema validation",
                         ptn_str_z(text));
}


/* --- a request ------------------------------------------------------------ */

/*
 * Headers: the version, and what would change who acts.  Others are checked
 * and do nothing.
 */
static ptn_rc_t
ptn_ews_headers(ptn_ews_t *e, const ptn_ews_el_t *header)
{
    ptn_str_t             violation;
    const ptn_ews_el_t   *el, *at;
    const ptn_xs_type_t  *type;

    for (el = header == NULL ? NULL : header->child; el != NULL;
         el = el->next)
    {
        type = strcmp(el->ns, PTN_EWS_URI_T) == 0
               ? ptn_ews_schema_header(ptn_str_z(el->name)) : NULL;

        if (type == NULL) {
            continue;
        }

        /* a version of which we do not know is a later one */

        if (ptn_ews_named(el, "RequestServerVersion")
            && ptn_ews_attr(el, "Version").data != NULL
            && ptn_ews_version(ptn_ews_attr(el, "Version"), &e->version)
               != PTN_OK)
        {
            return ptn_ews_error(e, "ErrorInvalidServerVersion",
                       "The server does not support the requested version.");
        }

        if (ptn_ews_schema_check(e->pool, el, type, &violation, &at)
            != PTN_OK)
        {
            e->text = ptn_str_dupz(e->pool, violation);
            return PTN_EPARSE;
        }

        if (ptn_ews_named(el, "ExchangeImpersonation")) {
            return ptn_ews_error(e, "ErrorImpersonateUserDenied",
                       "The account does not have permission to impersonate"
                       " the requested user.");

        } else if (ptn_ews_named(el, "ManagementRole")) {
            return ptn_ews_error(e, "ErrorInvalidManagementRoleHeader",
                       "The caller has none of the requested roles.");
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_ews_dispatch(ptn_ews_t *e, const ptn_ews_el_t *request)
{
    ptn_rc_t              rc;
    ptn_str_t             violation;
    const ptn_ews_el_t   *at;
    const ptn_xs_type_t  *type;

    type = ptn_ews_schema_request(ptn_str_z(request->name));
    e->op = ptn_ews_op(ptn_str_z(request->name));
    e->request = request;

    if (type == NULL || e->op == NULL
        || strcmp(request->ns, PTN_EWS_URI_M) != 0)
    {
        return ptn_ews_fault(e, NULL, "ErrorInvalidRequest",
                   "The request is invalid: there is no such operation.",
                   ptn_str_make(NULL, 0));
    }

    rc = ptn_ews_schema_check(e->pool, request, type, &violation, &at);
    if (rc == PTN_EPARSE) {
        return ptn_ews_fault(e, NULL, "ErrorSchemaValidation",
                   "The request failed schema validation", violation);
    }

    if (rc != PTN_OK) {
        return ptn_ews_failed(e, rc);
    }

    if (e->op->run == NULL) {
        return ptn_ews_fault(e, NULL, "ErrorInvalidOperation",
                   "The operation isn't supported by this server.",
                   ptn_str_make(NULL, 0));
    }

    ptn_ews_envelope_open(e);

    rc = e->op->run(e);
    ptn_ews_read_end(e);

    if (rc == PTN_AGAIN || (rc == PTN_OK && e->replied)) {
        return rc;
    }

    if (rc != PTN_OK) {
        return ptn_ews_failed(e, rc);
    }

    ptn_ews_envelope_close(e);

    return ptn_ews_send(e, 200);
}


static ptn_rc_t
ptn_ews_parse(ptn_pool_t *pool, ptn_str_t body, ptn_ews_el_t **ret_root)
{
    ptn_xml_limits_t  limits;

    limits.depth = PTN_EWS_DEPTH_MAX;
    limits.nodes = 0;

    return ptn_xml_parse(pool, body, &limits, ret_root);
}


/* `rc`: of ptn_ews_parse(). */
static ptn_rc_t
ptn_ews_serve_parsed(ptn_ews_t *e, ptn_rc_t rc, const ptn_ews_el_t *root)
{
    const ptn_ews_el_t  *el, *in;

    switch (rc) {

    case PTN_OK:
        break;

    case PTN_EDENIED:
        return ptn_ews_violation(e, "For security reasons DTD is prohibited"
                                    " in this XML document.");

    case PTN_ELIMIT:
        return ptn_ews_violation(e, "The request is nested too deeply, or has"
                                    " too many elements.");

    case PTN_EPARSE:
        return ptn_ews_violation(e, "The request is not well-formed XML.");

    default:
        return ptn_ews_failed(e, rc);
    }

    if (!ptn_xml_is(root, PTN_EWS_URI_SOAP, "Envelope")) {
        if (strcmp(root->name, "Envelope") == 0) {
            return ptn_ews_fault(e, "s:VersionMismatch",
                       "ErrorInvalidRequest", "SOAP 1.1 is wanted.",
                       ptn_str_make(NULL, 0));
        }

        return ptn_ews_violation(e, "The document is no SOAP envelope.");
    }

    in = ptn_xml_child(root, PTN_EWS_URI_SOAP, "Body");
    el = in == NULL ? NULL : in->child;

    if (el == NULL || el->next != NULL) {
        return ptn_ews_violation(e, "The SOAP body must have one element.");
    }

    rc = ptn_ews_headers(e, ptn_xml_child(root, PTN_EWS_URI_SOAP, "Header"));

    if (rc == PTN_EPARSE) {
        return ptn_ews_violation(e, e->text);
    }

    if (rc != PTN_OK) {
        return ptn_ews_failed(e, rc);
    }

    return ptn_ews_dispatch(e, el);
}


ptn_rc_t
ptn_ews_serve(ptn_ews_t *e, ptn_str_t body)
{
    ptn_rc_t       rc;
    ptn_ews_el_t  *root = NULL;

    rc = ptn_ews_parse(e->pool, body, &root);

    return ptn_ews_serve_parsed(e, rc, root);
}


/* --- jobs ----------------------------------------------------------------- */

/* A GET by a person who looks whether somebody is there. */
static ptn_rc_t
ptn_ews_page(ptn_job_t *job)
{
    ptn_rc_t  rc;

    static const char  page[] =
        "<!DOCTYPE html>\n<html><head><title>Exchange Web Services</title>"
        "</head>\n<body><p>You have reached an Exchange Web Services"
        " endpoint. It answers SOAP requests by POST.</p></body></html>\n";

    rc = ptn_http_reply_head(job, 200, "text/html; charset=utf-8",
                             sizeof(page) - 1);

    return rc == PTN_OK ? ptn_job_reply(job, page, sizeof(page) - 1) : rc;
}


static ptn_rc_t
ptn_ews_begin(ptn_job_t *job, ptn_ews_t *e, ptn_str_t *ret_body)
{
    memset(e, 0, sizeof(ptn_ews_t));

    e->job = job;
    e->app = job->app;
    e->pool = job->pool;
    e->out.job = job;
    e->version = PTN_EWS_2007;

    ptn_buf_init(&e->out.buf, job->pool);

    return ptn_http_request(job, &e->head, ret_body);
}


typedef struct {
    ptn_str_t      body;
    ptn_ews_el_t  *root;
} ptn_ews_ready_t;


/*
 * Of a request that writes: the document, which is most of the work of a
 * CreateItem with MimeContent.  What is wrong with it is found, and worded, by
 * ptn_ews_run().
 */
static void
ptn_ews_prepare(ptn_job_t *job)
{
    ptn_ews_t        *e;
    ptn_ews_ready_t  *ready;

    e = ptn_palloc(job->pool, sizeof(ptn_ews_t));
    ready = ptn_pcalloc(job->pool, sizeof(ptn_ews_ready_t));

    if (e != NULL && ready != NULL
        && ptn_ews_begin(job, e, &ready->body) == PTN_OK
        && e->head.method == PTN_HTTP_POST
        && ptn_ews_parse(job->pool, ready->body, &ready->root) == PTN_OK)
    {
        job->ready = ready;
    }
}


static ptn_rc_t
ptn_ews_run(ptn_job_t *job)
{
    ptn_rc_t          rc;
    ptn_str_t         body;
    ptn_ews_t        *e;
    ptn_ews_ready_t  *ready;

    e = ptn_palloc(job->pool, sizeof(ptn_ews_t));
    if (e == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_ews_begin(job, e, &body);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_http_actor(job, &e->head, &e->actor);
    if (rc != PTN_OK) {
        return rc;
    }

    if (e->head.method != PTN_HTTP_POST) {
        return ptn_ews_page(job);
    }

    ready = job->ready;

    if (ready != NULL && ready->body.data == body.data
        && ready->body.len == body.len)
    {
        return ptn_ews_serve_parsed(e, PTN_OK, ready->root);
    }

    return ptn_ews_serve(e, body);
}


/* Commit failed, session lost, process died: what the client hears. */
static void
ptn_ews_words(ptn_job_t *job, ptn_rc_t rc)
{
    ptn_str_t            body;
    ptn_ews_t           *e;
    const ptn_ews_op_t  *op;

    e = ptn_palloc(job->pool, sizeof(ptn_ews_t));

    if (e == NULL || ptn_ews_begin(job, e, &body) != PTN_OK) {
        return;
    }

    op = ptn_ews_sniff(ptn_http_header_get(&e->head, "SOAPAction"), body);
    e->whole = true;

    if (rc == PTN_ESTALE && op != NULL
        && (op->flags & PTN_EWS_SUBSCRIPTION) != 0)
    {
        e->op = op;
        e->version = PTN_EWS_2016;
        ptn_ews_envelope_open(e);
        ptn_ews_subscription_gone(e);
        ptn_ews_envelope_close(e);
        (void) ptn_ews_send(e, 200);
        return;
    }

    if (rc == PTN_ESTALE) {
        rc = PTN_EUNAVAIL;
    }

    (void) ptn_ews_failed(e, rc);
}


#define PTN_EWS_JOB(name, flags, prepare)                                     \
    { "ews." name, PTN_LANE_SHORT, flags, ptn_ews_run, ptn_ews_words, prepare }

const ptn_job_type_t  ptn_ews_jobs[] = {
    PTN_EWS_JOB("read",  0,              NULL),
    PTN_EWS_JOB("write", PTN_JOB_WRITES, ptn_ews_prepare),
    { "ews.poke", PTN_LANE_SHORT, 0, ptn_ews_poke, NULL, NULL },
    { NULL, PTN_LANE_SHORT, 0, NULL, NULL, NULL }
};
