#include <stdio.h>

#include "ptn_ews.h"


/*
 * What a client wants to see: ItemShape to fields and property tags, and the
 * element of one item made from them.
 */


static ptn_rc_t
ptn_ews_shape_tag(ptn_ews_t *e, ptn_ews_shape_t *shape, uint32_t tag,
    uint8_t *ret_slot)
{
    uint8_t  i;

    for (i = 0; i < shape->ntags; i++) {
        if (shape->tags[i] == tag && tag != PTN_PR_NULL) {
            *ret_slot = i;
            return PTN_OK;
        }
    }

    if (shape->ntags == PTN_EWS_SLOTS_MAX - 1) {
        return ptn_ews_error(e, "ErrorInvalidPropertyRequest",
                             "Too many properties were asked for.");
    }

    shape->tags[shape->ntags] = tag;
    *ret_slot = shape->ntags++;

    return PTN_OK;
}


/* Slots of all that is wanted; those of named properties are filled later. */
static ptn_rc_t
ptn_ews_shape_slots(ptn_ews_t *e, ptn_ews_shape_t *shape)
{
    size_t                  i, k;
    ptn_rc_t                rc;
    const ptn_ews_field_t  *f;

    for (i = 0; i < ptn_ews_fields_n(); i++) {
        f = &ptn_ews_fields[i];

        if (!shape->want[i]) {
            continue;
        }

        for (k = 0; k < PTN_EWS_TAGS && f->tags[k] != 0; k++) {
            rc = ptn_ews_shape_tag(e, shape, f->named != NULL ? PTN_PR_NULL
                                                              : f->tags[k],
                                   &shape->slot[i][k]);
            if (rc != PTN_OK) {
                return rc;
            }
        }
    }

    for (i = 0; i < shape->nexts; i++) {
        if (shape->exts[i].header.data != NULL) {
            continue;
        }

        rc = ptn_ews_shape_tag(e, shape, shape->exts[i].id == 0 ? PTN_PR_NULL
                               : (uint32_t) shape->exts[i].id << 16
                                 | shape->exts[i].type,
                               &shape->exts[i].slot);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    /* the class is always wanted: it names the element */

    return ptn_ews_shape_tag(e, shape, PTN_PR_MESSAGE_CLASS, &shape->cls);
}


ptn_rc_t
ptn_ews_shape_bind(ptn_ews_t *e, ptn_ews_shape_t *shape, ptn_ews_box_t *box)
{
    size_t    i;
    ptn_rc_t  rc;
    uint16_t  id;

    if (shape->bound == box->mb) {
        return PTN_OK;
    }

    for (i = 0; i < ptn_ews_fields_n(); i++) {
        if (!shape->want[i] || ptn_ews_fields[i].named == NULL) {
            continue;
        }

        rc = ptn_named_ids(box->mb, NULL, ptn_ews_fields[i].named, 1, &id);
        if (rc != PTN_OK) {
            return rc;
        }

        shape->tags[shape->slot[i][0]] = id == 0 ? PTN_PR_NULL
            : (uint32_t) id << 16 | ptn_ews_fields[i].tags[0];
    }

    for (i = 0; i < shape->nexts; i++) {
        if (shape->exts[i].header.data != NULL) {
            continue;
        }

        rc = ptn_ews_ext_tag(box->mb, NULL, &shape->exts[i],
                             &shape->exts[i].tag);
        if (rc != PTN_OK) {
            return rc;
        }

        shape->tags[shape->exts[i].slot] = shape->exts[i].tag == 0
            ? PTN_PR_NULL : shape->exts[i].tag;
    }

    shape->bound = box->mb;
    (void) e;

    return PTN_OK;
}


static ptn_rc_t
ptn_ews_shape_field(ptn_ews_t *e, ptn_ews_shape_t *shape, ptn_str_t uri)
{
    const ptn_ews_field_t  *f;

    f = ptn_ews_field(uri);

    if (f == NULL) {
        if (uri.len > 7 && memcmp(uri.data, "folder:", 7) == 0) {
            return ptn_ews_error(e, "ErrorInvalidPropertyRequest",
                                 "A property of folders was asked of items.");
        }

        return PTN_OK;          /* of another kind of item: not there */
    }

    if (f->since > e->version) {
        return ptn_ews_error(e, "ErrorInvalidPropertyRequest",
                   "A property is not of the schema version that was asked"
                   " for.");
    }

    if (shape->find && (f->flags & PTN_EWS_NOFIND) != 0) {
        return ptn_ews_error(e, "ErrorInvalidPropertyRequest",
                   "A property can be had by GetItem only.");
    }

    shape->want[f - ptn_ews_fields] = 1;

    return PTN_OK;
}


static ptn_rc_t
ptn_ews_shape_additional(ptn_ews_t *e, ptn_ews_shape_t *shape,
    const ptn_ews_el_t *list)
{
    ptn_rc_t             rc;
    ptn_str_t            uri;
    ptn_ews_ext_t       *ext;
    const ptn_ews_el_t  *el;

    for (el = list->child; el != NULL; el = el->next) {

        if (ptn_ews_named(el, "FieldURI")) {
            rc = ptn_ews_shape_field(e, shape, ptn_ews_attr(el, "FieldURI"));
            if (rc != PTN_OK) {
                return rc;
            }

            continue;
        }

        if (shape->nexts == PTN_EWS_EXTS_MAX) {
            return ptn_ews_error(e, "ErrorInvalidPropertyRequest",
                                 "Too many properties were asked for.");
        }

        if (shape->exts == NULL) {
            shape->exts = ptn_pcalloc(e->pool, PTN_EWS_EXTS_MAX
                                               * sizeof(ptn_ews_ext_t));
            if (shape->exts == NULL) {
                return PTN_ENOMEM;
            }
        }

        ext = &shape->exts[shape->nexts];

        if (ptn_ews_named(el, "IndexedFieldURI")) {
            uri = ptn_ews_attr(el, "FieldURI");

            if (!ptn_str_eqz(uri, "item:InternetMessageHeader")) {
                continue;
            }

            if (shape->find) {
                return ptn_ews_error(e, "ErrorInvalidPropertyRequest",
                           "A property can be had by GetItem only.");
            }

            ext->header = ptn_ews_attr(el, "FieldIndex");
            uri = ptn_str("item:InternetMessageHeaders");

            if (!shape->want[ptn_ews_field(uri) - ptn_ews_fields]) {
                shape->want[ptn_ews_field(uri) - ptn_ews_fields] = 2;
            }

        } else {
            rc = ptn_ews_ext_parse(e, el, ext);
            if (rc != PTN_OK) {
                return rc;
            }
        }

        shape->nexts++;
    }

    return PTN_OK;
}


static uint8_t
ptn_ews_shape_body(ptn_str_t s)
{
    return ptn_str_eqz(s, "HTML") ? PTN_EWS_BODY_HTML
           : ptn_str_eqz(s, "Text") ? PTN_EWS_BODY_TEXT : PTN_EWS_BODY_BEST;
}


static ptn_rc_t
ptn_ews_shape_read(ptn_ews_t *e, const ptn_ews_el_t *el, uint16_t bit,
    bool find, ptn_ews_shape_t *shape)
{
    size_t                  i;
    ptn_rc_t                rc;
    const ptn_ews_el_t     *more;
    const ptn_ews_field_t  *f;

    memset(shape, 0, sizeof(ptn_ews_shape_t));
    shape->find = find;

    for (i = 0; i < ptn_ews_fields_n(); i++) {
        f = &ptn_ews_fields[i];

        shape->want[i] = (f->flags & bit) != 0 && f->since <= e->version
                         && f->kind != PTN_EWS_ABSENT
                         && !(find && (f->flags & PTN_EWS_NOFIND) != 0);
    }

    shape->body = ptn_ews_shape_body(ptn_ews_find_text(el, "BodyType"));
    shape->unique_body = ptn_ews_shape_body(
                             ptn_ews_find_text(el, "UniqueBodyType"));
    shape->normalized_body = ptn_ews_shape_body(
                                 ptn_ews_find_text(el, "NormalizedBodyType"));
    shape->body_max = ptn_ews_find_int(el, "MaximumBodySize", 0);

    if (ptn_ews_find_bool(el, "IncludeMimeContent", false)) {
        if (find) {
            return ptn_ews_error(e, "ErrorInvalidPropertyRequest",
                                 "MIME content can be had by GetItem only.");
        }

        shape->want[ptn_ews_field(ptn_str("item:MimeContent"))
                    - ptn_ews_fields] = 1;
    }

    more = ptn_ews_child(el, "AdditionalProperties");

    if (more != NULL) {
        rc = ptn_ews_shape_additional(e, shape, more);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return ptn_ews_shape_slots(e, shape);
}


ptn_rc_t
ptn_ews_shape(ptn_ews_t *e, const ptn_ews_el_t *el, bool find,
    ptn_ews_shape_t *shape)
{
    uint16_t   bit;
    ptn_str_t  base;

    base = ptn_ews_find_text(el, "BaseShape");

    bit = ptn_str_eqz(base, "AllProperties") ? PTN_EWS_ALL
          : ptn_str_eqz(base, "Default") ? PTN_EWS_DEFAULT : PTN_EWS_IDONLY;

    return ptn_ews_shape_read(e, el, bit, find, shape);
}


ptn_rc_t
ptn_ews_attachment_shape(ptn_ews_t *e, const ptn_ews_el_t *el,
    ptn_ews_shape_t *shape)
{
    return ptn_ews_shape_read(e, el, PTN_EWS_ALL, false, shape);
}


/* --- an item -------------------------------------------------------------- */

/* Element of a message class; longest prefix first. */
static const struct {
    const char  *cls;
    const char  *element;
    uint8_t      ck;
    bool         message;           /* extends t:MessageType */
} ptn_ews_classes[] = {
    { "IPM.Note",            "t:Message",         PTN_EWS_CK_MESSAGE, true },
    { "REPORT",              "t:Message",         PTN_EWS_CK_MESSAGE, true },
    { "IPM.Schedule.Meeting.Request", "t:MeetingRequest",
      PTN_EWS_CK_MEETING_REQUEST, true },
    { "IPM.Schedule.Meeting.Resp", "t:MeetingResponse",
      PTN_EWS_CK_MEETING_REQUEST, true },
    { "IPM.Schedule.Meeting.Canceled", "t:MeetingCancellation",
      PTN_EWS_CK_MEETING_REQUEST, true },
    { "IPM.Appointment",     "t:CalendarItem",    PTN_EWS_CK_CALENDAR_ITEM,
      false },
    { "IPM.Contact",         "t:Contact",         PTN_EWS_CK_CONTACT, false },
    { "IPM.DistList",        "t:DistributionList", PTN_EWS_CK_CONTACT, false },
    { "IPM.Task",            "t:Task",            PTN_EWS_CK_TASK, false },
    { "IPM.Post",            "t:PostItem",        PTN_EWS_CK_MESSAGE, false },
};


void
ptn_ews_class(ptn_ews_src_t *s, ptn_str_t cls)
{
    size_t  i, n;

    s->element = "t:Message";
    s->ck = PTN_EWS_CK_MESSAGE;
    s->message = true;

    if (cls.len == 0) {
        return;
    }

    for (i = 0; i < ptn_nelts(ptn_ews_classes); i++) {
        n = strlen(ptn_ews_classes[i].cls);

        if (ptn_str_istarts(cls, ptn_ews_classes[i].cls)
            && (cls.len == n || cls.data[n] == '.' || n > 20))
        {
            s->element = ptn_ews_classes[i].element;
            s->ck = ptn_ews_classes[i].ck;
            s->message = ptn_ews_classes[i].message;
            return;
        }
    }

    if (!ptn_str_ieqz(cls, "IPM")) {
        s->element = "t:Item";
        s->message = false;
    }
}


static void
ptn_ews_put_kind(ptn_ews_t *e, const ptn_ews_field_t *f, ptn_ews_src_t *s)
{
    size_t     n;
    int64_t    v;
    ptn_str_t  value;

    value = ptn_ews_value(s, f, 0);

    if (f->kind == PTN_EWS_STR) {
        if (value.data != NULL) {
            ptn_ews_elem(&e->out, f->element, value);
        }

        return;
    }

    if (f->kind == PTN_EWS_BYTES) {
        if (value.len != 0) {
            ptn_ews_elem_base64(&e->out, f->element, value);
        }

        return;
    }

    if (!ptn_prop_int(f->tags[0], value, &v)) {
        if (f->kind != PTN_EWS_CHOICE && f->kind != PTN_EWS_BOOL) {
            return;
        }

        v = f->choices != NULL && f->tags[0] == PTN_PR_IMPORTANCE ? 1 : 0;
    }

    switch (f->kind) {

    case PTN_EWS_BOOL:
        ptn_ews_elem_bool(&e->out, f->element, v != 0);
        break;

    case PTN_EWS_INT:
        ptn_ews_elem_int(&e->out, f->element, v);
        break;

    case PTN_EWS_TIME:
        ptn_ews_elem_filetime(&e->out, f->element, v);
        break;

    case PTN_EWS_CHOICE:
        for (n = 0; f->choices[n] != NULL; n++) {
            if ((int64_t) n == v) {
                ptn_ews_elem_z(&e->out, f->element, f->choices[n]);
            }
        }
    }
}


ptn_rc_t
ptn_ews_put_item(ptn_ews_t *e, ptn_ews_src_t *s)
{
    size_t                  i, n;
    ptn_rc_t                rc;
    const ptn_ews_field_t  *f;

    if (s->element == NULL) {
        ptn_ews_class(s, s->values[s->shape->cls]);
    }

    ptn_xml_put_open(&e->out.buf, s->element);
    n = ptn_ews_fields_n();

    for (i = 0; i < n; i++) {
        f = &ptn_ews_fields[i];

        if (!s->shape->want[i]
            || (!s->message && (f->flags & PTN_EWS_MESSAGE) != 0))
        {
            continue;
        }

        if (f->kind == PTN_EWS_GET) {
            rc = f->get(e, f, s);
            if (rc != PTN_OK) {
                return rc;
            }

        } else if (f->kind != PTN_EWS_ABSENT) {
            ptn_ews_put_kind(e, f, s);
        }
    }

    ptn_xml_put_close(&e->out.buf, s->element);

    return e->out.buf.failed ? PTN_ENOMEM : PTN_OK;
}


ptn_rc_t
ptn_ews_put_message(ptn_ews_t *e, ptn_ews_box_t *box, ptn_ews_shape_t *shape,
    ptn_id_t id, bool gone, ptn_id_t as)
{
    ptn_rc_t        rc;
    ptn_str_t       values[PTN_EWS_SLOTS_MAX];
    ptn_ews_src_t   s;
    ptn_msg_info_t  info;

    rc = ptn_ews_shape_bind(e, shape, box);
    if (rc != PTN_OK) {
        return rc;
    }

    memset(&s, 0, sizeof(s));
    s.box = box;
    s.shape = shape;
    s.values = values;
    s.info = &info;

    rc = gone ? ptn_gone_open(box->mb, e->pool, id, &s.msg)
              : ptn_msg_open(box->mb, e->pool, id, &s.msg);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_msg_info(s.msg, &info);
    info.folder = as ? as : info.folder;

    rc = ptn_ews_item_name(box, info.folder, info.mid, &s.id);

    if (rc == PTN_OK) {
        rc = ptn_msg_props(s.msg, shape->tags, shape->ntags, values);
    }

    return rc != PTN_OK ? rc : ptn_ews_put_item(e, &s);
}


ptn_rc_t
ptn_ews_put_saved(ptn_ews_t *e, ptn_ews_box_t *box, ptn_id_t folder,
    ptn_id_t mid, uint64_t cn, ptn_str_t cls)
{
    ptn_rc_t       rc;
    ptn_ews_src_t  s;

    ptn_ews_class(&s, cls);

    ptn_xml_put_open(&e->out.buf, s.element);
    rc = ptn_ews_put_item_id(e, box, "t:ItemId", folder, mid, cn, s.ck);
    ptn_xml_put_close(&e->out.buf, s.element);

    return rc;
}
