#include "ptn_html.h"
#include "ptn_oxcmail_in.h"
#include "ptn_oxcmail_out.h"


typedef struct {
    const ptn_object_t  *object;
    ptn_str_t            text, html;    /* data NULL: there is none */
    const char          *html_charset;
    bool                *related;       /* of each attachment */
    uint32_t             nrelated, nmixed;
    const char          *report;        /* report-type, or NULL */
} ptn_oxcmail_parts_t;


static void ptn_oxcmail_export_message(ptn_oxcmail_out_t *o,
    const ptn_object_t *object);


/* --- what there is -------------------------------------------------------- */

/* RTF alone has no form in mail, its HTML and text have (MS-OXCMAIL 2.1.3.3). */

static void
ptn_oxcmail_export_rtf(ptn_oxcmail_out_t *o, ptn_oxcmail_parts_t *p)
{
    ptn_str_t  packed;

    packed = ptn_props_get(&p->object->props, PTN_PR_RTF_COMPRESSED);

    if (packed.data == NULL) {
        return;
    }

    o->rc = ptn_body_form(o->pool, p->object, PTN_PR_BODY, &p->text);

    if (o->rc == PTN_OK
        && ptn_body_rtf_native(o->pool, packed) != PTN_BODY_TEXT)
    {
        p->html_charset = "utf-8";
        o->rc = ptn_body_form(o->pool, p->object, (PTN_PR_HTML & 0xffff0000)
                              + PTN_PT_UNICODE, &p->html);
    }
}


static void
ptn_oxcmail_export_bodies(ptn_oxcmail_out_t *o, ptn_oxcmail_parts_t *p)
{
    int64_t             native, cp;
    uint32_t            tag;
    const ptn_props_t  *props;

    props = &p->object->props;
    p->text = ptn_props_get(props, PTN_PR_BODY);
    p->html = ptn_props_find(props, ptn_prop_id(PTN_PR_HTML), &tag);

    if (ptn_props_int(props, PTN_PR_NATIVE_BODY, &native)
        && native == PTN_BODY_TEXT && p->text.data != NULL)
    {
        p->html.data = NULL;
        p->html.len = 0;
    }

    if (p->html.data == NULL) {
        if (p->text.data == NULL) {
            ptn_oxcmail_export_rtf(o, p);
        }

        return;
    }

    p->html_charset = NULL;

    if (ptn_prop_type(tag) == PTN_PT_BINARY
        && ptn_props_int(props, PTN_PR_INTERNET_CPID, &cp))
    {
        p->html_charset = ptn_codepage_charset((uint32_t) cp);
    }

    if (p->html_charset == NULL) {
        p->html_charset = "utf-8";
        p->html = ptn_mime_guess(o->pool, p->html);
    }
}


/* `needle` in `hay`, case of ASCII letters aside. */

static bool
ptn_oxcmail_names(ptn_str_t hay, ptn_str_t needle)
{
    size_t  i;
    u_char  c;

    if (needle.len == 0 || needle.len > hay.len) {
        return false;
    }

    c = ptn_tolower(needle.data[0]);

    for (i = 0; i + needle.len <= hay.len; i++) {
        if (ptn_tolower(hay.data[i]) == c
            && ptn_str_ieq(ptn_str_make(hay.data + i, needle.len), needle))
        {
            return true;
        }
    }

    return false;
}


/* MS-OXCMAIL 2.1.3.4.1.2 */

static bool
ptn_oxcmail_export_related(ptn_oxcmail_out_t *o,
    const ptn_oxcmail_parts_t *p, const ptn_attach_t *attach)
{
    int64_t    flags;
    ptn_str_t  id, location;

    if (p->html.data == NULL || attach->embedded != NULL) {
        return false;
    }

    id = ptn_props_get(&attach->props, PTN_PR_ATTACH_CONTENT_ID);
    location = ptn_props_get(&attach->props, PTN_PR_ATTACH_CONTENT_LOCATION);

    if (id.len == 0 && location.len == 0) {
        return false;
    }

    if (ptn_props_int(&attach->props, PTN_PR_ATTACH_FLAGS, &flags)) {
        return (flags & PTN_ATT_RENDERED) != 0;
    }

    if (id.len != 0) {
        id = ptn_str_printf(o->pool, "cid:%.*s", ptn_str_arg(id));
    }

    return ptn_oxcmail_names(p->html, id)
           || ptn_oxcmail_names(p->html, location);
}


static void
ptn_oxcmail_export_sort(ptn_oxcmail_out_t *o, ptn_oxcmail_parts_t *p)
{
    size_t     i;
    uint32_t   k;
    ptn_str_t  class;
    static const struct {
        const char  *class;
        const char  *type;
    } reports[] = {
        { "REPORT.IPM.Note.NDR", "delivery-status" },
        { "REPORT.IPM.Note.Delayed", "delivery-status" },
        { "REPORT.IPM.Note.DR", "delivery-status" },
        { "REPORT.IPM.Note.Relayed", "delivery-status" },
        { "REPORT.IPM.Note.Expanded", "delivery-status" },
        { "REPORT.IPM.Note.IPNRN", "disposition-notification" },
        { "REPORT.IPM.Note.IPNNRN", "disposition-notification" },
    };

    class = ptn_props_get(&p->object->props, PTN_PR_MESSAGE_CLASS);

    for (i = 0; i < ptn_nelts(reports); i++) {
        if (ptn_str_ieqz(class, reports[i].class)) {
            p->report = reports[i].type;
        }
    }

    p->related = ptn_pcalloc(o->pool, p->object->nattachs);
    if (p->related == NULL) {
        o->rc = PTN_ENOMEM;
        return;
    }

    for (k = 0; k < p->object->nattachs; k++) {
        p->related[k] = ptn_oxcmail_export_related(o, p,
                                                   &p->object->attachs[k]);
        p->nrelated += p->related[k];
        p->nmixed += !p->related[k];
    }
}


/* --- parts ---------------------------------------------------------------- */

static ptn_str_t
ptn_oxcmail_boundary(ptn_oxcmail_out_t *o)
{
    return ptn_str_printf(o->pool, "=_%.*s_%u",
                          (int) ptn_min(o->opts->boundary.len, 48),
                          (char *) o->opts->boundary.data, o->boundary++);
}


static ptn_str_t
ptn_oxcmail_open(ptn_oxcmail_out_t *o, const char *subtype,
    const char *param, const char *value)
{
    ptn_str_t           boundary, type;
    ptn_oxcmail_fold_t  f;

    boundary = ptn_oxcmail_boundary(o);
    type = ptn_str_printf(o->pool, "multipart/%s", subtype);

    ptn_oxcmail_fold(&f, o, "Content-Type");
    ptn_oxcmail_fold_add(&f, type);

    if (param != NULL) {
        ptn_oxcmail_fold_param(&f, param, ptn_str_z(value));
    }

    ptn_oxcmail_fold_param(&f, "boundary", boundary);
    ptn_oxcmail_fold_end(&f);
    ptn_buf_z(&o->out, "\r\n");

    return boundary;
}


static void
ptn_oxcmail_next(ptn_oxcmail_out_t *o, ptn_str_t boundary)
{
    ptn_buf_z(&o->out, "--");
    ptn_buf_str(&o->out, boundary);
    ptn_buf_z(&o->out, "\r\n");
}


static void
ptn_oxcmail_close(ptn_oxcmail_out_t *o, ptn_str_t boundary)
{
    ptn_buf_z(&o->out, "--");
    ptn_buf_str(&o->out, boundary);
    ptn_buf_z(&o->out, "--\r\n");
}


/*
 * A body.  `within`: the line break behind it belongs to the boundary, which
 * begins at once when the text does not end in one.
 */
static void
ptn_oxcmail_write_body(ptn_oxcmail_out_t *o, const char *type,
    const char *charset, ptn_str_t data, bool within)
{
    bool                line;
    ptn_oxcmail_fold_t  f;
    ptn_oxcmail_scan_t  scan;

    ptn_oxcmail_scan(data, &scan);
    line = data.len == 0 || data.data[data.len - 1] == '\n';

    ptn_oxcmail_fold(&f, o, "Content-Type");
    ptn_oxcmail_fold_add(&f, ptn_str_z(type));
    ptn_oxcmail_fold_param(&f, "charset", ptn_str_z(charset));
    ptn_oxcmail_fold_end(&f);

    if (scan.plain && (within || line)) {
        ptn_buf_z(&o->out, "Content-Transfer-Encoding: 7bit\r\n\r\n");
        ptn_buf_str(&o->out, data);

        if (within) {
            ptn_buf_z(&o->out, "\r\n");
        }

        return;
    }

    if (scan.high > data.len / 5) {
        ptn_buf_z(&o->out, "Content-Transfer-Encoding: base64\r\n\r\n");
        ptn_oxcmail_write_base64(&o->out, data);
        return;
    }

    ptn_buf_z(&o->out, "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
    ptn_oxcmail_write_qp(&o->out, data);

    if (within && line) {
        ptn_buf_z(&o->out, "\r\n");
    }
}


static void
ptn_oxcmail_write_text_body(ptn_oxcmail_out_t *o,
    const ptn_oxcmail_parts_t *p, bool within)
{
    ptn_str_t           text;
    ptn_oxcmail_scan_t  scan;

    text = ptn_utf8_clean(o->pool, p->text);
    ptn_oxcmail_scan(text, &scan);
    ptn_oxcmail_write_body(o, "text/plain",
                           scan.ascii ? "us-ascii" : "utf-8", text, within);
}


static void
ptn_oxcmail_write_alternative(ptn_oxcmail_out_t *o,
    const ptn_oxcmail_parts_t *p, bool within)
{
    ptn_str_t  boundary;

    if (p->html.data == NULL) {
        ptn_oxcmail_write_text_body(o, p, within);
        return;
    }

    if (p->text.data == NULL) {
        ptn_oxcmail_write_body(o, "text/html", p->html_charset, p->html,
                               within);
        return;
    }

    boundary = ptn_oxcmail_open(o, "alternative", NULL, NULL);
    ptn_oxcmail_next(o, boundary);
    ptn_oxcmail_write_text_body(o, p, true);
    ptn_oxcmail_next(o, boundary);
    ptn_oxcmail_write_body(o, "text/html", p->html_charset, p->html, true);
    ptn_oxcmail_close(o, boundary);
}


/* --- attachments ---------------------------------------------------------- */

/* A type as "type/subtype" of tokens; anything else is not to be believed. */

static bool
ptn_oxcmail_is_type(ptn_str_t s)
{
    size_t    i;
    unsigned  slashes;

    for (i = 0, slashes = 0; i < s.len; i++) {
        if (s.data[i] <= ' ' || s.data[i] > 0x7e
            || strchr("()<>@,;:\\\"[]?=", s.data[i]) != NULL)
        {
            return false;
        }

        slashes += s.data[i] == '/';
    }

    return slashes == 1 && s.len < 128 && s.data[0] != '/'
           && s.data[s.len - 1] != '/';
}


static ptn_str_t
ptn_oxcmail_attach_type(const ptn_attach_t *attach, bool *ret_message)
{
    ptn_str_t  type;

    *ret_message = false;
    type = ptn_props_get(&attach->props, PTN_PR_ATTACH_MIME_TAG);

    if (attach->embedded != NULL) {
        return ptn_str("message/rfc822");
    }

    if (!ptn_oxcmail_is_type(type) || ptn_str_istarts(type, "multipart/")
        || ptn_str_ieqz(type, "message/rfc822")
        || ptn_str_ieqz(type, "message/global"))
    {
        return ptn_str("application/octet-stream");
    }

    *ret_message = ptn_str_istarts(type, "message/");

    return type;
}


static ptn_str_t
ptn_oxcmail_attach_name(const ptn_attach_t *attach)
{
    size_t                 i;
    ptn_str_t              name;
    static const uint32_t  tags[] = {
        PTN_PR_ATTACH_LONG_FILENAME, PTN_PR_ATTACH_FILENAME,
        PTN_PR_DISPLAY_NAME
    };

    for (i = attach->embedded ? 2 : 0; i < ptn_nelts(tags); i++) {
        name = ptn_props_get(&attach->props, tags[i]);

        if (name.len != 0) {
            return name;
        }
    }

    return ptn_str("");
}


static void
ptn_oxcmail_attach_disposition(ptn_oxcmail_out_t *o,
    const ptn_attach_t *attach, ptn_str_t name, bool related)
{
    int64_t             sec;
    ptn_oxcmail_fold_t  f;

    ptn_oxcmail_fold(&f, o, "Content-Disposition");
    ptn_oxcmail_fold_add(&f, related ? ptn_str("inline")
                                     : ptn_str("attachment"));

    if (name.len != 0) {
        ptn_oxcmail_fold_param(&f, "filename", name);
    }

    if (ptn_oxcmail_out_time(&attach->props, PTN_PR_CREATION_TIME, &sec)) {
        ptn_oxcmail_fold_param(&f, "creation-date",
                               ptn_oxcmail_out_date(o->pool, sec));
    }

    if (ptn_oxcmail_out_time(&attach->props, PTN_PR_LAST_MODIFICATION_TIME,
                             &sec))
    {
        ptn_oxcmail_fold_param(&f, "modification-date",
                               ptn_oxcmail_out_date(o->pool, sec));
    }

    ptn_oxcmail_fold_end(&f);
}


static void
ptn_oxcmail_write_embedded(ptn_oxcmail_out_t *o, const ptn_attach_t *attach)
{
    size_t              start;
    ptn_str_t           raw;
    ptn_oxcmail_scan_t  scan;
    ptn_oxcmail_out_t   inner;

    if (o->depth >= PTN_MIME_NESTING_MAX) {
        o->rc = PTN_ETOOBIG;
        return;
    }

    /* its bytes first: they say how it can be carried */

    inner = *o;
    ptn_buf_init(&inner.out, o->pool);
    inner.depth++;
    ptn_oxcmail_export_message(&inner, attach->embedded);

    o->boundary = inner.boundary;
    o->rc = inner.rc;

    if (o->rc == PTN_OK && inner.out.failed) {
        o->rc = PTN_ENOMEM;
    }

    if (o->rc != PTN_OK) {
        return;
    }

    raw = ptn_buf_get(&inner.out);
    ptn_oxcmail_scan(raw, &scan);
    ptn_buf_z(&o->out, scan.ascii ? "Content-Transfer-Encoding: 7bit\r\n\r\n"
                       : "Content-Transfer-Encoding: 8bit\r\n\r\n");
    start = o->out.len;
    ptn_buf_str(&o->out, raw);

    if (o->out.len != start) {
        ptn_buf_z(&o->out, "\r\n");
    }
}


/* RFC 5546: a calendar's METHOD is said in its type too (RFC 6047 2.4). */

static ptn_str_t
ptn_oxcmail_method(ptn_str_t type, ptn_str_t data)
{
    u_char     *p, *end;
    ptn_str_t   method = ptn_null_string;

    if (!ptn_str_ieqz(type, "text/calendar") || data.len == 0) {
        return method;
    }

    p = memmem(data.data, data.len, "\nMETHOD:", 8);
    if (p == NULL) {
        return method;
    }

    end = data.data + data.len;
    method.data = p + 8;

    while (method.data + method.len < end && method.len < 20
           && ((method.data[method.len] >= 'A'
                && method.data[method.len] <= 'Z')
               || method.data[method.len] == '-'))
    {
        method.len++;
    }

    return method;
}


static void
ptn_oxcmail_write_attach(ptn_oxcmail_out_t *o, const ptn_attach_t *attach,
    bool related)
{
    bool                message;
    ptn_str_t           type, name, s;
    ptn_oxcmail_fold_t  f;
    ptn_oxcmail_scan_t  scan;

    if (!attach->has_data) {
        o->rc = PTN_EINVAL;
        return;
    }

    type = ptn_oxcmail_attach_type(attach, &message);
    name = ptn_oxcmail_attach_name(attach);

    ptn_oxcmail_fold(&f, o, "Content-Type");
    ptn_oxcmail_fold_add(&f, type);

    s = ptn_props_get(&attach->props, PTN_PR_TEXT_ATTACHMENT_CHARSET);
    if (s.len != 0 && ptn_str_istarts(type, "text/")) {
        ptn_oxcmail_fold_param(&f, "charset", s);
    }

    s = ptn_oxcmail_method(type, attach->data);
    if (s.len != 0) {
        ptn_oxcmail_fold_param(&f, "method", s);
    }

    ptn_oxcmail_fold_end(&f);

    if (attach->embedded == NULL) {
        ptn_oxcmail_attach_disposition(o, attach, name, related);

    } else {
        if (ptn_str_eq(name, ptn_props_get(&attach->embedded->props,
                                           PTN_PR_SUBJECT)))
        {
            name.len = 0;           /* the subject says it */
        }

        ptn_oxcmail_attach_disposition(o, attach, name, false);
    }

    s = ptn_props_get(&attach->props, PTN_PR_ATTACH_CONTENT_ID);
    if (s.len != 0) {
        ptn_oxcmail_write_id(o, "Content-ID",
                             ptn_str_printf(o->pool, "<%.*s>",
                                            ptn_str_arg(s)));
    }

    s = ptn_props_get(&attach->props, PTN_PR_ATTACH_CONTENT_LOCATION);
    if (s.len != 0) {
        ptn_oxcmail_write_text(o, "Content-Location", s);
    }

    s = ptn_props_get(&attach->props, PTN_PR_ATTACH_CONTENT_BASE);
    if (s.len != 0) {
        ptn_oxcmail_write_text(o, "Content-Base", s);
    }

    if (attach->embedded != NULL) {
        ptn_oxcmail_write_embedded(o, attach);
        return;
    }

    /* RFC 3464: reports are to be read by anybody */

    ptn_oxcmail_scan(attach->data, &scan);

    if (message && scan.plain) {
        ptn_buf_z(&o->out, "Content-Transfer-Encoding: 7bit\r\n\r\n");
        ptn_buf_str(&o->out, attach->data);
        ptn_buf_z(&o->out, "\r\n");
        return;
    }

    ptn_buf_z(&o->out, "Content-Transfer-Encoding: base64\r\n\r\n");
    ptn_oxcmail_write_base64(&o->out, attach->data);
}


/* --- the message ---------------------------------------------------------- */

static void
ptn_oxcmail_write_attachs(ptn_oxcmail_out_t *o,
    const ptn_oxcmail_parts_t *p, bool related, ptn_str_t boundary)
{
    uint32_t  i;

    for (i = 0; o->rc == PTN_OK && i < p->object->nattachs; i++) {
        if (p->related[i] == related) {
            ptn_oxcmail_next(o, boundary);
            ptn_oxcmail_write_attach(o, &p->object->attachs[i], related);
        }
    }
}


static void
ptn_oxcmail_write_related(ptn_oxcmail_out_t *o,
    const ptn_oxcmail_parts_t *p, bool within)
{
    ptn_str_t  boundary;

    if (p->nrelated == 0) {
        ptn_oxcmail_write_alternative(o, p, within);
        return;
    }

    boundary = ptn_oxcmail_open(o, "related", "type",
                                p->text.data ? "multipart/alternative"
                                             : "text/html");
    ptn_oxcmail_next(o, boundary);
    ptn_oxcmail_write_alternative(o, p, true);
    ptn_oxcmail_write_attachs(o, p, true, boundary);
    ptn_oxcmail_close(o, boundary);
}


static void
ptn_oxcmail_write_mixed(ptn_oxcmail_out_t *o, const ptn_oxcmail_parts_t *p)
{
    bool       body;
    ptn_str_t  boundary;

    body = p->text.data != NULL || p->html.data != NULL;

    if (p->nmixed == 0 && p->report == NULL) {
        if (body) {
            ptn_oxcmail_write_related(o, p, false);

        } else {
            ptn_oxcmail_write_body(o, "text/plain", "us-ascii", ptn_str(""),
                                   false);
        }

        return;
    }

    boundary = ptn_oxcmail_open(o, p->report ? "report" : "mixed",
                                p->report ? "report-type" : NULL, p->report);

    if (body) {
        ptn_oxcmail_next(o, boundary);
        ptn_oxcmail_write_related(o, p, true);
    }

    ptn_oxcmail_write_attachs(o, p, false, boundary);
    ptn_oxcmail_close(o, boundary);
}


/* MS-OXOSMIME: goes out as it came.  False: it is none of that. */

static bool
ptn_oxcmail_write_smime(ptn_oxcmail_out_t *o, const ptn_object_t *object)
{
    ptn_str_t            class, type, data, kind;
    const ptn_attach_t  *attach;
    ptn_oxcmail_fold_t   f;

    class = ptn_props_get(&object->props, PTN_PR_MESSAGE_CLASS);

    if (object->nattachs != 1 || !ptn_str_istarts(class, "IPM.Note.SMIME")) {
        return false;
    }

    attach = &object->attachs[0];
    data = attach->data;
    type = ptn_props_get(&attach->props, PTN_PR_ATTACH_MIME_TAG);

    if (!attach->has_data || attach->embedded != NULL || data.len == 0) {
        return false;
    }

    if (ptn_str_ieqz(type, "multipart/signed")) {
        if (!ptn_str_istarts(data, "content-type:")) {
            return false;
        }

        ptn_buf_str(&o->out, data);
        return true;
    }

    if (ptn_str_istarts(class, "IPM.Note.SMIME.")
        || !ptn_oxcmail_is_type(type) || ptn_str_istarts(type, "multipart/"))
    {
        return false;
    }

    /* the OID of signedData or envelopedData is at the start: RFC 5652 */

    kind = ptn_str_make(data.data, ptn_min(data.len, 40));
    kind = memmem(kind.data, kind.len, "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02",
                  9) ? ptn_str("signed-data") : ptn_str("enveloped-data");

    ptn_oxcmail_fold(&f, o, "Content-Type");
    ptn_oxcmail_fold_add(&f, type);
    ptn_oxcmail_fold_param(&f, "smime-type", kind);
    ptn_oxcmail_fold_param(&f, "name", ptn_str("smime.p7m"));
    ptn_oxcmail_fold_end(&f);
    ptn_buf_z(&o->out, "Content-Disposition: attachment;"
              " filename=\"smime.p7m\"\r\n"
              "Content-Transfer-Encoding: base64\r\n\r\n");
    ptn_oxcmail_write_base64(&o->out, data);

    return true;
}


static void
ptn_oxcmail_export_message(ptn_oxcmail_out_t *o, const ptn_object_t *object)
{
    ptn_oxcmail_parts_t  p;

    ptn_oxcmail_export_head(o, object);

    if (o->rc != PTN_OK || ptn_oxcmail_write_smime(o, object)) {
        return;
    }

    memset(&p, 0, sizeof(p));
    p.object = object;
    ptn_oxcmail_export_bodies(o, &p);
    ptn_oxcmail_export_sort(o, &p);

    if (o->rc == PTN_OK) {
        ptn_oxcmail_write_mixed(o, &p);
    }
}


ptn_rc_t
ptn_oxcmail_export(ptn_pool_t *pool, const ptn_object_t *object,
    const ptn_oxcmail_export_t *opts, ptn_str_t *ret_raw)
{
    ptn_oxcmail_out_t  o;

    memset(&o, 0, sizeof(o));
    o.pool = pool;
    o.opts = opts;
    ptn_buf_init(&o.out, pool);

    ptn_oxcmail_export_message(&o, object);

    if (o.rc != PTN_OK) {
        return o.rc;
    }

    if (o.out.failed || ptn_pool_failed(pool)) {
        return PTN_ENOMEM;
    }

    *ret_raw = ptn_buf_get(&o.out);

    return PTN_OK;
}


/* --- what a change of which makes another message ------------------------- */

static const uint16_t  ptn_oxcmail_content[] = {
#define PTN_ID(name)  PTN_PR_##name >> 16
    PTN_ID(SUBJECT), PTN_ID(SUBJECT_PREFIX), PTN_ID(NORMALIZED_SUBJECT),
    PTN_ID(CONVERSATION_TOPIC), PTN_ID(CONVERSATION_INDEX),
    PTN_ID(IMPORTANCE), PTN_ID(PRIORITY), PTN_ID(SENSITIVITY),
    PTN_ID(MESSAGE_CLASS), PTN_ID(CLIENT_SUBMIT_TIME),
    PTN_ID(EXPIRY_TIME), PTN_ID(REPLY_TIME),
    PTN_ID(SENDER_NAME), PTN_ID(SENDER_ADDRTYPE), PTN_ID(SENDER_EMAIL),
    PTN_ID(SENDER_SMTP_ADDRESS), PTN_ID(SENDER_ENTRYID),
    PTN_ID(SENT_REPRESENTING_NAME), PTN_ID(SENT_REPRESENTING_ADDRTYPE),
    PTN_ID(SENT_REPRESENTING_EMAIL), PTN_ID(SENT_REPRESENTING_SMTP_ADDRESS),
    PTN_ID(SENT_REPRESENTING_ENTRYID),
    PTN_ID(REPLY_RECIPIENT_NAMES), PTN_ID(REPLY_RECIPIENT_ENTRIES),
    PTN_ID(READ_RECEIPT_REQUESTED), PTN_ID(READ_RECEIPT_NAME),
    PTN_ID(READ_RECEIPT_ADDRESS_TYPE), PTN_ID(READ_RECEIPT_EMAIL_ADDRESS),
    PTN_ID(READ_RECEIPT_SMTP_ADDRESS), PTN_ID(READ_RECEIPT_ENTRYID),
    PTN_ID(ORIGINATOR_DELIVERY_REPORT_REQUESTED),
    PTN_ID(INTERNET_MESSAGE_ID), PTN_ID(IN_REPLY_TO_ID),
    PTN_ID(INTERNET_REFERENCES), PTN_ID(INTERNET_RETURN_PATH),
    PTN_ID(TRANSPORT_MESSAGE_HEADERS), PTN_ID(AUTO_RESPONSE_SUPPRESS),
    PTN_ID(LIST_HELP), PTN_ID(LIST_SUBSCRIBE), PTN_ID(LIST_UNSUBSCRIBE),
    PTN_ID(BODY), PTN_ID(HTML), PTN_ID(RTF_COMPRESSED), PTN_ID(NATIVE_BODY),
    PTN_ID(INTERNET_CPID)
#undef PTN_ID
};


bool
ptn_oxcmail_is_content(uint32_t tag)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_oxcmail_content); i++) {
        if (ptn_oxcmail_content[i] == ptn_prop_id(tag)) {
            return true;
        }
    }

    return false;
}
