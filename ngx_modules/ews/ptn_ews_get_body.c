#include "ptn_ews.h"
#include "ptn_html.h"


/* Getters of what is large: MIME content, bodies, attachments. */

#define PTN_EWS_PREVIEW  255
#define PTN_NATIVE_TEXT  1          /* MS-OXCMSG 2.2.1.56.2 */


/* --- content -------------------------------------------------------------- */

typedef struct {
    ptn_ews_t  *e;
    u_char      rest[3];
    size_t      nrest;
} ptn_ews_mime_t;


/* Pieces of any size to base64 without padding in the middle. */
static ptn_rc_t
ptn_ews_mime_piece(void *ctx, const u_char *p, size_t n)
{
    size_t           take;
    ptn_ews_mime_t  *m = ctx;

    if (m->nrest != 0) {
        take = ptn_min(3 - m->nrest, n);
        memcpy(m->rest + m->nrest, p, take);
        m->nrest += take;
        p += take;
        n -= take;

        if (m->nrest < 3) {
            return PTN_OK;
        }

        ptn_ews_base64(&m->e->out, ptn_str_make(m->rest, 3));
        m->nrest = 0;
    }

    ptn_ews_base64(&m->e->out, ptn_str_make(p, n - n % 3));
    m->nrest = n % 3;
    memcpy(m->rest, p + n - m->nrest, m->nrest);

    return ptn_ews_flush(&m->e->out);
}


PTN_EWS_GETTER(mime)
{
    ptn_rc_t              rc;
    ptn_str_t             raw;
    ptn_ews_mime_t        m;
    ptn_oxcmail_export_t  opts;

    (void) f;

    ptn_ews_lit(&e->out, "<t:MimeContent CharacterSet=\"UTF-8\">");

    if (s->msg != NULL) {
        m.e = e;
        m.nrest = 0;

        rc = ptn_msg_bytes(s->msg, 0, UINT64_MAX, ptn_ews_mime_piece, &m);
        ptn_ews_base64(&e->out, ptn_str_make(m.rest, m.nrest));

    } else if (s->object != NULL) {
        memset(&opts, 0, sizeof(opts));
        opts.hostname = ptn_str_z(e->app->conf->hostname);
        opts.boundary = ptn_str_printf(e->pool, "ews-%08x-%08llx",
                                       s->id.attach[0],
                                       (unsigned long long) s->id.mid);

        rc = ptn_oxcmail_export(e->pool, s->object, &opts, &raw);
        if (rc == PTN_OK) {
            ptn_ews_base64(&e->out, raw);
        }

    } else {
        rc = PTN_OK;
    }

    ptn_ews_lit(&e->out, "</t:MimeContent>");

    return rc;
}


/* HTML in UTF-8; data NULL: the message has none. */
static ptn_rc_t
ptn_ews_html(ptn_ews_t *e, ptn_ews_src_t *s, ptn_str_t *ret)
{
    ptn_rc_t             rc;
    ptn_str_t            html;
    const ptn_object_t  *object;

    *ret = ptn_str_make(NULL, 0);

    rc = ptn_ews_object(s, PTN_OXCMAIL_HTML, &object);
    if (rc != PTN_OK || object == NULL) {
        return rc;
    }

    html = ptn_props_get(&object->props, PTN_PR_HTML);

    if (html.data == NULL) {

        /* RTF that is not text is shown as HTML */

        html = ptn_props_get(&object->props, PTN_PR_RTF_COMPRESSED);

        return html.data == NULL
               || ptn_body_rtf_native(e->pool, html) == PTN_NATIVE_TEXT
               ? PTN_OK
               : ptn_body_form(e->pool, object, (PTN_PR_HTML & 0xffff0000)
                                                + PTN_PT_UNICODE, ret);
    }

    return ptn_body_html(e->pool, &object->props, ret);
}


/* Text, made from HTML or RTF when that is all there is. */
ptn_rc_t
ptn_ews_text(ptn_ews_t *e, ptn_ews_src_t *s, ptn_str_t *ret)
{
    ptn_rc_t             rc;
    ptn_str_t            text;
    const ptn_object_t  *object;

    *ret = ptn_str("");

    rc = ptn_ews_object(s, PTN_OXCMAIL_BODY, &object);
    if (rc != PTN_OK || object == NULL) {
        return rc;
    }

    text = ptn_props_get(&object->props, PTN_PR_BODY);

    if (text.data == NULL) {
        rc = ptn_ews_object(s, PTN_OXCMAIL_BODY|PTN_OXCMAIL_HTML, &object);

        if (rc == PTN_OK) {
            rc = ptn_body_form(e->pool, object, PTN_PR_BODY, &text);
        }
    }

    if (rc == PTN_OK && text.data != NULL) {
        *ret = text;
    }

    return rc;
}


/*
 * The body as `type` wants it.  *ret_html tells which it became.
 */
ptn_rc_t
ptn_ews_body(ptn_ews_t *e, ptn_ews_src_t *s, uint8_t type, bool *ret_html,
    ptn_str_t *ret)
{
    int64_t    native;
    ptn_rc_t   rc;
    ptn_str_t  text;

    *ret_html = false;

    if (type == PTN_EWS_BODY_TEXT) {
        return ptn_ews_text(e, s, ret);
    }

    rc = ptn_ews_html(e, s, ret);
    if (rc != PTN_OK) {
        return rc;
    }

    /* HTML that was made from text is not what the message is in */

    native = 0;

    if (type == PTN_EWS_BODY_BEST && ret->data != NULL) {
        (void) ptn_props_int(&s->object->props, PTN_PR_NATIVE_BODY, &native);
    }

    if (ret->data != NULL && native != PTN_NATIVE_TEXT) {
        *ret_html = true;
        return PTN_OK;
    }

    rc = ptn_ews_text(e, s, &text);

    if (rc != PTN_OK || type == PTN_EWS_BODY_BEST) {
        *ret = text;
        return rc;
    }

    *ret_html = true;

    return ptn_body_text_to_html(e->pool, text, ret);
}


/* Cut at `max` characters, not within one. */
static ptn_str_t
ptn_ews_cut(ptn_str_t s, int64_t max)
{
    size_t   i;
    int64_t  n;

    for (i = 0, n = 0; i < s.len; i++) {
        if ((s.data[i] & 0xc0) != 0x80 && n++ == max) {
            return ptn_str_make(s.data, i);
        }
    }

    return s;
}


PTN_EWS_GETTER(body)
{
    bool        html;
    uint8_t     type;
    ptn_rc_t    rc;
    ptn_str_t   text, cut;

    type = strcmp(f->element, "t:Body") == 0 ? s->shape->body
           : strcmp(f->element, "t:UniqueBody") == 0 ? s->shape->unique_body
           : strcmp(f->element, "t:NormalizedBody") == 0
             ? s->shape->normalized_body : PTN_EWS_BODY_TEXT;

    rc = ptn_ews_body(e, s, type, &html, &text);
    if (rc != PTN_OK) {
        return rc;
    }

    cut = s->shape->body_max > 0 ? ptn_ews_cut(text, s->shape->body_max)
                                 : text;

    ptn_buf_byte(&e->out.buf, '<');
    ptn_buf_z(&e->out.buf, f->element);
    ptn_buf_z(&e->out.buf, html ? " BodyType=\"HTML\"" : " BodyType=\"Text\"");

    if (e->version >= PTN_EWS_2013) {
        ptn_buf_z(&e->out.buf, cut.len < text.len ? " IsTruncated=\"true\""
                                                  : " IsTruncated=\"false\"");
    }

    ptn_buf_byte(&e->out.buf, '>');
    ptn_xml_put_text(&e->out.buf, cut);
    ptn_xml_put_close(&e->out.buf, f->element);

    return ptn_ews_flush(&e->out);
}


PTN_EWS_GETTER(preview)
{
    ptn_rc_t   rc;
    ptn_str_t  text, preview;

    if (s->msg == NULL) {
        return PTN_OK;
    }

    rc = ptn_ews_text(e, s, &text);

    if (rc == PTN_OK) {
        rc = ptn_body_preview(e->pool, text, PTN_EWS_PREVIEW, &preview);
    }

    if (rc == PTN_OK) {
        ptn_ews_elem(&e->out, f->element, preview);
    }

    return rc;
}


/* --- attachments ---------------------------------------------------------- */

/* The elements of t:AttachmentType, behind the opening tag. */
ptn_rc_t
ptn_ews_put_attachment(ptn_ews_t *e, ptn_ews_src_t *s, const ptn_attach_t *a)
{
    bool          in_line;
    int64_t       n;
    ptn_rc_t      rc;
    ptn_str_t     v, text;
    ptn_ews_id_t  id;

    id = s->id;

    if (id.nattach == PTN_EWS_ATTACH_LEVELS) {
        return ptn_ews_error(e, "ErrorInvalidIdTooManyAttachmentLevels",
                             "Attachments are nested too deeply.");
    }

    id.attach[id.nattach++] = a->num;

    rc = ptn_ews_id_text(e->pool, s->box->guid, &id, &text);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ews_lit(&e->out, "<t:AttachmentId Id=\"");
    ptn_buf_str(&e->out.buf, text);
    ptn_ews_lit(&e->out, "\"/>");

    v = ptn_props_get(&a->props, PTN_PR_ATTACH_LONG_FILENAME);
    if (v.len == 0) {
        v = ptn_props_get(&a->props, PTN_PR_ATTACH_FILENAME);
    }
    if (v.len == 0) {
        v = ptn_props_get(&a->props, PTN_PR_DISPLAY_NAME);
    }

    ptn_ews_elem(&e->out, "t:Name", v.len == 0 ? ptn_str("attachment") : v);

    v = ptn_props_get(&a->props, PTN_PR_ATTACH_MIME_TAG);
    if (v.len != 0) {
        ptn_ews_elem(&e->out, "t:ContentType", v);
    }

    v = ptn_props_get(&a->props, PTN_PR_ATTACH_CONTENT_ID);
    in_line = (v.len != 0);

    if (v.len != 0) {
        ptn_ews_elem(&e->out, "t:ContentId", v);
    }

    v = ptn_props_get(&a->props, PTN_PR_ATTACH_CONTENT_LOCATION);
    if (v.len != 0) {
        ptn_ews_elem(&e->out, "t:ContentLocation", v);
    }

    if (e->version < PTN_EWS_2010) {
        return PTN_OK;
    }

    ptn_ews_elem_int(&e->out, "t:Size",
                     (int64_t) ptn_min(a->size, (uint64_t) INT32_MAX));

    if (ptn_props_int(&a->props, PTN_PR_LAST_MODIFICATION_TIME, &n)) {
        ptn_ews_elem_filetime(&e->out, "t:LastModifiedTime", n);

    } else if (s->info != NULL) {
        ptn_ews_elem_time(&e->out, "t:LastModifiedTime",
                          ptn_ews_modified(s->info));
    }

    /* attRenderedInBody, MS-OXCMSG 2.2.2.18 */

    if (ptn_props_int(&a->props, PTN_PR_ATTACH_FLAGS, &n)) {
        in_line = (n & 4) != 0;
    }

    ptn_ews_elem_bool(&e->out, "t:IsInline", in_line);

    return PTN_OK;
}


#define PTN_ATTACH_EMBEDDED  5      /* afEmbeddedMessage, MS-OXCMSG 2.2.2.9 */

bool
ptn_ews_is_item_attachment(const ptn_attach_t *a)
{
    int64_t  method;

    return a->embedded != NULL
           || (ptn_props_int(&a->props, PTN_PR_ATTACH_METHOD, &method)
               && method == PTN_ATTACH_EMBEDDED);
}


PTN_EWS_GETTER(attachments)
{
    bool                 item;
    uint32_t             i;
    ptn_rc_t             rc;
    const ptn_object_t  *object;

    rc = ptn_ews_object(s, PTN_OXCMAIL_ATTACHS, &object);
    if (rc != PTN_OK || object == NULL || object->nattachs == 0) {
        return rc;
    }

    ptn_xml_put_open(&e->out.buf, f->element);

    for (i = 0; i < object->nattachs; i++) {
        item = ptn_ews_is_item_attachment(&object->attachs[i]);

        ptn_buf_z(&e->out.buf, item ? "<t:ItemAttachment>"
                                    : "<t:FileAttachment>");

        rc = ptn_ews_put_attachment(e, s, &object->attachs[i]);
        if (rc != PTN_OK) {
            return rc;
        }

        if (!item && e->version >= PTN_EWS_2010) {
            ptn_ews_lit(&e->out, "<t:IsContactPhoto>false"
                                 "</t:IsContactPhoto>");
        }

        ptn_buf_z(&e->out.buf, item ? "</t:ItemAttachment>"
                                    : "</t:FileAttachment>");
    }

    ptn_xml_put_close(&e->out.buf, f->element);

    return PTN_OK;
}
