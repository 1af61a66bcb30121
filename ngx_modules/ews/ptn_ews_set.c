#include "ptn_ews.h"


/*
 * Setters: elements of t:Message to properties of an object (CreateItem,
 * UpdateItem).  `el` NULL removes the field.
 */

ptn_rc_t
ptn_ews_set_refuse(ptn_ews_t *e)
{
    return ptn_ews_error(e, "ErrorInvalidPropertySet",
                         "The property cannot be set.");
}


/* --- properties of what is edited ----------------------------------------- */

/*
 * The whole object, when something of the content changes.  A new item from
 * MIME becomes properties then.
 */
ptn_rc_t
ptn_ews_edit_load(ptn_ews_t *e, ptn_ews_edit_t *edit)
{
    ptn_rc_t       rc;
    ptn_mime_t    *mime;
    ptn_object_t  *object;

    if (edit->raw.len != 0) {
        rc = ptn_mime_parse(e->pool, edit->raw, &mime);

        if (rc == PTN_OK) {
            rc = ptn_oxcmail_import(e->pool, mime, PTN_OXCMAIL_ALL, &object);
        }

        if (rc == PTN_OK) {
            rc = ptn_props_merge(&object->props, e->pool,
                                 &edit->object->props);
        }

        if (rc != PTN_OK) {
            return rc;
        }

        edit->object = object;
        edit->raw.len = 0;
    }

    if (edit->object == NULL) {
        return ptn_ews_load(e, edit->box, edit->id, &edit->msg,
                            &edit->object);
    }

    return PTN_OK;
}


/* value data NULL: removed. */
static ptn_rc_t
ptn_ews_edit_change(ptn_ews_t *e, ptn_ews_edit_t *edit, uint32_t tag,
    ptn_str_t value)
{
    ptn_rc_t  rc;

    if (ptn_oxcmail_is_content(tag)) {
        rc = ptn_ews_edit_load(e, edit);
        if (rc != PTN_OK) {
            return rc;
        }

        edit->content = true;

    } else {
        if (edit->nchanges == PTN_EWS_CHANGES_MAX) {
            return ptn_ews_error(e, "ErrorIncorrectUpdatePropertyCount",
                                 "Too many properties were set.");
        }

        edit->changes[edit->nchanges].tag = tag;
        edit->changes[edit->nchanges++].value = value;

        if (edit->object == NULL) {
            return PTN_OK;
        }
    }

    if (value.data == NULL) {
        ptn_props_unset(&edit->object->props, ptn_prop_id(tag));
        return PTN_OK;
    }

    return ptn_props_set(&edit->object->props, e->pool, tag, value);
}


ptn_rc_t
ptn_ews_edit_prop(ptn_ews_t *e, ptn_ews_edit_t *edit, uint32_t tag,
    ptn_str_t value)
{
    return ptn_ews_edit_change(e, edit, tag,
                               value.data == NULL ? ptn_str("") : value);
}


ptn_rc_t
ptn_ews_edit_unset(ptn_ews_t *e, ptn_ews_edit_t *edit, uint32_t tag)
{
    return ptn_ews_edit_change(e, edit, tag, ptn_str_make(NULL, 0));
}


ptn_rc_t
ptn_ews_edit_int(ptn_ews_t *e, ptn_ews_edit_t *edit, uint32_t tag, int64_t n)
{
    size_t   i;
    u_char  *p;

    p = ptn_palloc(e->pool, 8);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < 8; i++) {
        p[i] = (u_char) ((uint64_t) n >> (8 * i));
    }

    return ptn_ews_edit_change(e, edit, tag,
                               ptn_str_make(p, ptn_prop_size(tag)));
}


/* Tag of a row, in the mailbox of the edit. */
static ptn_rc_t
ptn_ews_edit_tag(ptn_ews_edit_t *edit, const ptn_ews_field_t *f,
    uint32_t *ret_tag)
{
    ptn_rc_t  rc;
    uint16_t  id;

    *ret_tag = f->tags[0];

    if (f->named == NULL) {
        return PTN_OK;
    }

    rc = ptn_named_ids(edit->box->mb, edit->tx, f->named, 1, &id);
    *ret_tag |= (uint32_t) id << 16;

    return rc;
}


/*
 * PidTagSubject has a prefix of at most three characters, a colon and a blank
 * in front of PidTagNormalizedSubject (MS-OXCMSG 3.2.1.2, 3.2.1.3).
 */
ptn_rc_t
ptn_ews_edit_subject(ptn_ews_t *e, ptn_ews_edit_t *edit, ptn_str_t s)
{
    size_t     i, prefix;
    ptn_rc_t   rc;

    prefix = 0;

    for (i = 0; i < s.len && i < 13 && s.data[i] != ' '; i++) {
        if (s.data[i] == ':' && i > 0 && i + 1 < s.len
            && s.data[i + 1] == ' ')
        {
            prefix = i + 2;
            break;
        }

        if (s.data[i] >= '0' && s.data[i] <= '9') {
            break;
        }
    }

    rc = ptn_ews_edit_prop(e, edit, PTN_PR_SUBJECT, s);

    if (rc == PTN_OK) {
        rc = ptn_ews_edit_load(e, edit);
    }

    if (rc == PTN_OK) {
        rc = ptn_props_set(&edit->object->props, e->pool,
                           PTN_PR_SUBJECT_PREFIX,
                           prefix == 0 ? ptn_str("")
                                       : ptn_str_make(s.data, prefix));
    }

    if (rc == PTN_OK) {
        rc = ptn_props_set(&edit->object->props, e->pool,
                           PTN_PR_NORMALIZED_SUBJECT,
                           ptn_str_make(s.data + prefix, s.len - prefix));
    }

    return rc;
}


/* The kinds of rows that have no setter of their own. */
static ptn_rc_t
ptn_ews_set_kind(ptn_ews_t *e, const ptn_ews_field_t *f,
    const ptn_ews_el_t *el, ptn_ews_edit_t *edit)
{
    bool       b;
    size_t     i;
    int64_t    n;
    uint32_t   tag;
    ptn_rc_t   rc;
    ptn_str_t  text, bytes;

    rc = ptn_ews_edit_tag(edit, f, &tag);
    if (rc != PTN_OK) {
        return rc;
    }

    if (tag == PTN_PR_SUBJECT) {
        return ptn_ews_edit_subject(e, edit,
                   el == NULL || el->text.len == 0 ? ptn_str("") : el->text);
    }

    if (el == NULL) {
        return ptn_ews_edit_unset(e, edit, tag);
    }

    text = el->text;

    switch (f->kind) {

    case PTN_EWS_STR:
        return ptn_ews_edit_prop(e, edit, tag, text);

    case PTN_EWS_BYTES:
        return ptn_xs_base64(e->pool, text, &bytes) != PTN_OK
               ? ptn_ews_error(e, "ErrorInvalidValueForProperty",
                               "The value is no base64.")
               : ptn_ews_edit_prop(e, edit, tag, bytes);

    case PTN_EWS_BOOL:
        return ptn_xs_bool(text, &b) != PTN_OK ? ptn_ews_set_refuse(e)
               : ptn_ews_edit_int(e, edit, tag, b);

    case PTN_EWS_INT:
        return ptn_xs_int(text, INT32_MIN, INT32_MAX, &n) != PTN_OK
               ? ptn_ews_set_refuse(e) : ptn_ews_edit_int(e, edit, tag, n);

    case PTN_EWS_TIME:
        return ptn_xs_datetime(text, &n) != PTN_OK ? ptn_ews_set_refuse(e)
               : ptn_ews_edit_int(e, edit, tag, n * 10 + PTN_FILETIME_1970);

    default:    /* PTN_EWS_CHOICE */
        text = ptn_xs_trim(text);

        for (i = 0; f->choices[i] != NULL; i++) {
            if (ptn_str_eqz(text, f->choices[i])) {
                return ptn_ews_edit_int(e, edit, tag, (int64_t) i);
            }
        }

        return ptn_ews_set_refuse(e);
    }
}


ptn_rc_t
ptn_ews_edit_field(ptn_ews_t *e, ptn_ews_edit_t *edit,
    const ptn_ews_field_t *f, const ptn_ews_el_t *el, bool append)
{
    if (f->since > e->version) {
        return ptn_ews_error(e, "ErrorInvalidPropertyRequest",
                   "A property is not of the schema version that was asked"
                   " for.");
    }

    if ((f->flags & PTN_EWS_READONLY) != 0 || f->kind == PTN_EWS_ABSENT) {
        return ptn_ews_set_refuse(e);
    }

    if (append && (f->flags & PTN_EWS_APPEND) == 0) {
        return ptn_ews_error(e, "ErrorInvalidPropertyAppend",
                             "Nothing can be appended to the property.");
    }

    if (f->kind == PTN_EWS_GET) {
        return f->set == NULL ? ptn_ews_set_refuse(e)
                              : f->set(e, f, el, edit, append);
    }

    return ptn_ews_set_kind(e, f, el, edit);
}


ptn_rc_t
ptn_ews_edit_item(ptn_ews_t *e, ptn_ews_edit_t *edit,
    const ptn_ews_el_t *item)
{
    ptn_rc_t                rc;
    const ptn_ews_el_t     *el;
    const ptn_ews_field_t  *f;

    for (el = item->child; el != NULL; el = el->next) {

        if (ptn_ews_named(el, "ReferenceItemId")
            || ptn_ews_named(el, "NewBodyContent"))
        {
            continue;                   /* of response objects */
        }

        f = ptn_ews_field_element(el->name);

        rc = f == NULL ? ptn_ews_set_refuse(e)
                       : ptn_ews_edit_field(e, edit, f, el, false);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


/* --- setters -------------------------------------------------------------- */

PTN_EWS_SETTER(mime)
{
    ptn_str_t  raw;

    (void) f;
    (void) append;

    if (el == NULL || !edit->new_item) {
        return ptn_ews_set_refuse(e);
    }

    if (ptn_xs_base64(e->pool, el->text, &raw) != PTN_OK) {
        return ptn_ews_error(e, "ErrorMimeContentInvalidBase64String",
                             "The MIME content is no base64.");
    }

    if (raw.len == 0) {
        return ptn_ews_error(e, "ErrorMimeContentInvalid",
                             "The MIME content is empty.");
    }

    edit->raw = raw;

    return PTN_OK;
}


/* Only of the kind that it is. */
PTN_EWS_SETTER(class)
{
    ptn_ews_src_t  s;

    (void) append;

    if (el == NULL) {
        return ptn_ews_set_refuse(e);
    }

    ptn_ews_class(&s, ptn_xs_trim(el->text));

    if (strcmp(s.element, "t:Message") != 0) {
        return ptn_ews_error(e, "ErrorObjectTypeChanged",
                   "The class of a message must begin with IPM.Note.");
    }

    return ptn_ews_edit_prop(e, edit, f->tags[0], ptn_xs_trim(el->text));
}


PTN_EWS_SETTER(strings)
{
    uint32_t             n, tag;
    ptn_rc_t             rc;
    ptn_str_t           *values, value;
    const ptn_ews_el_t  *s;

    (void) append;

    rc = ptn_ews_edit_tag(edit, f, &tag);
    if (rc != PTN_OK) {
        return rc;
    }

    for (n = 0, s = el == NULL ? NULL : el->child; s != NULL; s = s->next) {
        n++;
    }

    if (n == 0) {
        return ptn_ews_edit_unset(e, edit, tag);
    }

    values = ptn_parray(e->pool, n, sizeof(ptn_str_t));
    if (values == NULL) {
        return PTN_ENOMEM;
    }

    for (n = 0, s = el->child; s != NULL; s = s->next) {
        values[n++] = s->text;
    }

    rc = ptn_mv_make(e->pool, tag, values, n, &value);

    return rc != PTN_OK ? rc : ptn_ews_edit_prop(e, edit, tag, value);
}


PTN_EWS_SETTER(flag)
{
    ptn_rc_t   rc;
    ptn_str_t  status;

    (void) append;

    status = el == NULL ? ptn_str("NotFlagged")
                        : ptn_ews_find_text(el, "FlagStatus");

    edit->set |= PTN_FLAG_FLAGGED;
    edit->flags &= ~(uint32_t) PTN_FLAG_FLAGGED;

    if (ptn_str_eqz(status, "Flagged")) {
        edit->flags |= PTN_FLAG_FLAGGED;
        return ptn_ews_edit_int(e, edit, f->tags[0], 2);
    }

    if (!ptn_str_eqz(status, "Complete")) {
        return ptn_ews_edit_unset(e, edit, f->tags[0]);
    }

    rc = ptn_ews_edit_int(e, edit, f->tags[0], 1);

    return rc != PTN_OK ? rc
           : ptn_ews_edit_int(e, edit, f->tags[1],
                              ptn_filetime(ptn_time_now() / PTN_USEC));
}


PTN_EWS_SETTER(read)
{
    bool  read;

    (void) f;
    (void) append;

    if (el == NULL) {
        return ptn_ews_error(e, "ErrorInvalidPropertyDelete",
                             "IsRead cannot be deleted.");
    }

    if (ptn_xs_bool(el->text, &read) != PTN_OK) {
        return ptn_ews_set_refuse(e);
    }

    edit->set |= PTN_FLAG_SEEN;
    edit->flags &= ~(uint32_t) PTN_FLAG_SEEN;
    edit->flags |= read ? PTN_FLAG_SEEN : 0;

    return PTN_OK;
}


PTN_EWS_SETTER(extended)
{
    int64_t        n;
    uint32_t       tag;
    ptn_rc_t       rc;
    ptn_str_t      value;
    ptn_ews_ext_t  ext;

    (void) f;
    (void) append;

    rc = ptn_ews_ext_parse(e, ptn_ews_child(el, "ExtendedFieldURI"), &ext);

    if (rc == PTN_OK) {
        rc = ptn_ews_ext_tag(edit->box->mb, edit->tx, &ext, &tag);
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_ext_value(e, &ext, el, &value);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    /* how clients say that a new item is no draft (MS-OXCMSG 2.2.1.6) */

    if (tag == PTN_PR_MESSAGE_FLAGS) {
        if (!edit->new_item || !ptn_prop_int(tag, value, &n)) {
            return ptn_ews_set_refuse(e);
        }

        edit->set |= PTN_FLAG_SEEN|PTN_FLAG_DRAFT;
        edit->flags = (n & 1 ? PTN_FLAG_SEEN : 0)
                      | (n & 8 ? PTN_FLAG_DRAFT : 0);
        return PTN_OK;
    }

    return ptn_ews_edit_prop(e, edit, tag, value);
}


/* --- bodies --------------------------------------------------------------- */

/* HTML goes in front of the end of the body that is there. */
static ptn_str_t
ptn_ews_html_append(ptn_pool_t *pool, ptn_str_t html, ptn_str_t more)
{
    size_t     i, at;
    u_char    *p;

    at = html.len;

    for (i = html.len < 7 ? 0 : html.len - 7 + 1; i-- > 0; /* void */) {
        if (ptn_str_istarts(ptn_str_make(html.data + i, html.len - i),
                            "</body>"))
        {
            at = i;
            break;
        }
    }

    p = ptn_palloc(pool, html.len + more.len + 1);
    if (p == NULL) {
        return ptn_str_make(NULL, 0);
    }

    memcpy(p, html.data, at);
    memcpy(p + at, more.data, more.len);
    memcpy(p + at + more.len, html.data + at, html.len - at);

    return ptn_str_make(p, html.len + more.len);
}


/*
 * Sets both forms: HTML is the native one and text is made from it, so that
 * the message goes out as multipart/alternative.
 */
ptn_rc_t
ptn_ews_edit_body(ptn_ews_t *e, ptn_ews_edit_t *edit, bool html,
    ptn_str_t body)
{
    ptn_rc_t   rc;
    ptn_str_t  text;

    if (body.data == NULL) {
        body = ptn_str("");
    }

    rc = ptn_ews_edit_unset(e, edit, PTN_PR_RTF_COMPRESSED);

    if (!html) {
        if (rc == PTN_OK) {
            rc = ptn_ews_edit_unset(e, edit, PTN_PR_HTML);
        }

        if (rc == PTN_OK) {
            rc = ptn_ews_edit_prop(e, edit, PTN_PR_BODY, body);
        }

        return rc != PTN_OK ? rc
               : ptn_props_set_int(&edit->object->props, e->pool,
                                   PTN_PR_NATIVE_BODY, 1);
    }

    if (rc == PTN_OK) {
        rc = ptn_body_html_to_text(e->pool, body, &text);
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_edit_prop(e, edit, PTN_PR_HTML, body);
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_edit_prop(e, edit, PTN_PR_BODY, text);
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_edit_load(e, edit);
    }

    if (rc == PTN_OK) {
        rc = ptn_props_set_int(&edit->object->props, e->pool,
                               PTN_PR_INTERNET_CPID, 65001);
    }

    return rc != PTN_OK ? rc
           : ptn_props_set_int(&edit->object->props, e->pool,
                               PTN_PR_NATIVE_BODY, 3);
}


PTN_EWS_SETTER(body)
{
    bool           html, is_html;
    ptn_rc_t       rc;
    ptn_str_t      text, old;
    ptn_buf_t      joined;
    ptn_ews_src_t  s;

    (void) f;

    if (el == NULL) {
        return ptn_ews_edit_body(e, edit, false, ptn_str(""));
    }

    text = el->text;
    html = ptn_str_eqz(ptn_ews_attr(el, "BodyType"), "HTML");

    if (!append) {
        return ptn_ews_edit_body(e, edit, html, text);
    }

    rc = ptn_ews_edit_load(e, edit);
    if (rc != PTN_OK) {
        return rc;
    }

    memset(&s, 0, sizeof(s));
    s.object = edit->object;
    s.msg = edit->msg;

    rc = ptn_ews_body(e, &s, PTN_EWS_BODY_BEST, &is_html, &old);

    if (rc == PTN_OK && is_html && !html) {
        rc = ptn_body_text_to_html(e->pool, text, &text);

    } else if (rc == PTN_OK && !is_html && html) {
        rc = ptn_body_html_to_text(e->pool, text, &text);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (is_html) {
        text = ptn_ews_html_append(e->pool, old, text);

    } else {
        ptn_buf_init(&joined, e->pool);
        ptn_buf_str(&joined, old);
        ptn_buf_str(&joined, text);

        text = joined.failed ? ptn_str_make(NULL, 0) : ptn_buf_get(&joined);
    }

    return text.data == NULL ? PTN_ENOMEM
                             : ptn_ews_edit_body(e, edit, is_html, text);
}
