#include "ptn_ews.h"


/* GetItem (MS-OXWSCORE 3.1.4.4) and GetAttachment (MS-OXWSATT 3.1.4.3). */


ptn_rc_t
ptn_ews_get_item(ptn_ews_t *e)
{
    bool                 gone;
    ptn_rc_t             rc;
    ptn_id_t             id;
    ptn_ews_id_t         name;
    ptn_ews_box_t       *box;
    ptn_ews_mark_t       mark;
    ptn_ews_shape_t     *shape;
    const ptn_ews_el_t  *el;

    shape = ptn_palloc(e->pool, sizeof(ptn_ews_shape_t));
    if (shape == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_ews_shape(e, ptn_ews_child(e->request, "ItemShape"), false,
                       shape);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ews_reply_open(e);

    for (el = ptn_ews_child(e->request, "ItemIds")->child; el != NULL;
         el = el->next)
    {
        mark = ptn_ews_mark(&e->out);
        ptn_ews_message_open(e);
        ptn_ews_lit(&e->out, "<m:Items>");

        rc = ptn_ews_item_any(e, el, &box, &name, &id, &gone);

        if (rc == PTN_OK) {
            rc = ptn_mbox_read(box->mb);
        }

        if (rc == PTN_OK && name.nattach != 0) {
            rc = ptn_ews_error(e, "ErrorInvalidIdNotAnItemAttachmentId",
                               "Attached items are had by GetAttachment.");
        }

        if (rc == PTN_OK) {
            rc = ptn_ews_put_message(e, box, shape, id, gone,
                     ptn_ews_recoverable(name.folder) ? name.folder : 0);
        }

        ptn_ews_lit(&e->out, "</m:Items>");

        rc = ptn_ews_message_end(e, mark, rc, NULL, "<m:Items/>");
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_ews_reply_close(e);

    return PTN_OK;
}


/* --- GetAttachment -------------------------------------------------------- */

/*
 * The attachment that an id names: the message that it is in, and the object
 * whose attachment it is.  `s` is filled to show what is in it.
 */
static ptn_rc_t
ptn_ews_attachment(ptn_ews_t *e, const ptn_ews_id_t *id, ptn_ews_src_t *s,
    const ptn_attach_t **ret)
{
    size_t               level;
    uint32_t             i;
    ptn_rc_t             rc;
    const ptn_attach_t  *a;
    const ptn_object_t  *object;

    rc = ptn_msg_object(s->msg, id->nattach > 1
                                ? PTN_OXCMAIL_ATTACHS|PTN_OXCMAIL_DATA
                                : PTN_OXCMAIL_ATTACHS, &object);
    a = NULL;

    for (level = 0; rc == PTN_OK && level < id->nattach; level++) {
        if (level > 0) {
            object = a->embedded;
        }

        a = NULL;

        for (i = 0; object != NULL && i < object->nattachs; i++) {
            if (object->attachs[i].num == id->attach[level]) {
                a = &object->attachs[i];
            }
        }

        if (a == NULL) {
            return ptn_ews_error(e, "ErrorInvalidAttachmentId",
                       "The specified attachment Id is invalid.");
        }

        if (level > 0) {
            s->object = object;
        }
    }

    *ret = a;

    return rc;
}


static ptn_rc_t
ptn_ews_put_file(ptn_ews_t *e, ptn_ews_src_t *s, const ptn_attach_t *a)
{
    ptn_rc_t   rc;
    ptn_str_t  data;

    ptn_ews_lit(&e->out, "<t:FileAttachment>");

    rc = ptn_ews_put_attachment(e, s, a);
    if (rc != PTN_OK) {
        return rc;
    }

    if (e->version >= PTN_EWS_2010) {
        ptn_ews_lit(&e->out, "<t:IsContactPhoto>false</t:IsContactPhoto>");
    }

    if (a->has_data) {
        data = a->data;

    } else {
        rc = ptn_msg_attach_data(s->msg, a->num, PTN_POOL_CAP_DEFAULT / 2,
                                 &data);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_ews_lit(&e->out, "<t:Content>");

    /* in pieces that base64 does not pad */

    while (data.len > 48 * 1024) {
        ptn_ews_base64(&e->out, ptn_str_make(data.data, 48 * 1024));
        data.data += 48 * 1024;
        data.len -= 48 * 1024;

        rc = ptn_ews_flush(&e->out);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_ews_base64(&e->out, data);
    ptn_ews_lit(&e->out, "</t:Content></t:FileAttachment>");

    return PTN_OK;
}


static ptn_rc_t
ptn_ews_put_embedded(ptn_ews_t *e, ptn_ews_src_t *s, ptn_ews_shape_t *shape,
    const ptn_ews_id_t *id, const ptn_attach_t *a)
{
    uint8_t              i;
    ptn_rc_t             rc;
    ptn_str_t            values[PTN_EWS_SLOTS_MAX];
    ptn_ews_src_t        in;
    const ptn_object_t  *object;

    ptn_ews_lit(&e->out, "<t:ItemAttachment>");

    rc = ptn_ews_put_attachment(e, s, a);
    if (rc != PTN_OK) {
        return rc;
    }

    if (a->embedded == NULL) {
        rc = ptn_msg_object(s->msg, PTN_OXCMAIL_ATTACHS|PTN_OXCMAIL_DATA,
                            &object);
        if (rc != PTN_OK) {
            return rc;
        }

        for (i = 0; i < object->nattachs; i++) {
            if (object->attachs[i].num == id->attach[id->nattach - 1]) {
                a = &object->attachs[i];
            }
        }
    }

    if (a->embedded == NULL) {
        return ptn_ews_error(e, "ErrorCorruptData",
                             "The attached item cannot be read.");
    }

    rc = ptn_ews_shape_bind(e, shape, s->box);
    if (rc != PTN_OK) {
        return rc;
    }

    memset(&in, 0, sizeof(in));
    in.box = s->box;
    in.shape = shape;
    in.values = values;
    in.object = a->embedded;
    in.id = *id;

    for (i = 0; i < shape->ntags; i++) {
        values[i] = shape->tags[i] == PTN_PR_NULL ? ptn_str_make(NULL, 0)
                    : ptn_props_get(&a->embedded->props, shape->tags[i]);
    }

    rc = ptn_ews_put_item(e, &in);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ews_lit(&e->out, "</t:ItemAttachment>");

    return PTN_OK;
}


static ptn_rc_t
ptn_ews_get_one_attachment(ptn_ews_t *e, const ptn_ews_el_t *el,
    ptn_ews_shape_t *shape)
{
    ptn_rc_t             rc;
    ptn_id_t             row;
    ptn_ews_id_t         id;
    ptn_ews_src_t        s;
    ptn_msg_info_t       info;
    const ptn_attach_t  *a = NULL;

    rc = ptn_ews_id_parse(e, ptn_ews_attr(el, "Id"), &id);
    if (rc != PTN_OK) {
        return rc;
    }

    if (id.nattach == 0) {
        return ptn_ews_error(e, "ErrorInvalidAttachmentId",
                             "The specified attachment Id is invalid.");
    }

    memset(&s, 0, sizeof(s));

    rc = ptn_ews_box_guid(e, id.mailbox, &s.box);

    if (rc == PTN_OK) {
        rc = ptn_mbox_read(s.box->mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_row(s.box, &id, &row);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_open(s.box->mb, e->pool, row, &s.msg);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_msg_info(s.msg, &info);
    s.info = &info;

    rc = ptn_ews_attachment(e, &id, &s, &a);
    if (rc != PTN_OK) {
        return rc;
    }

    s.id = id;
    s.id.nattach--;         /* what the attachment is in */

    return ptn_ews_is_item_attachment(a)
           ? ptn_ews_put_embedded(e, &s, shape, &id, a)
           : ptn_ews_put_file(e, &s, a);
}


ptn_rc_t
ptn_ews_get_attachment(ptn_ews_t *e)
{
    ptn_rc_t             rc;
    ptn_ews_mark_t       mark;
    ptn_ews_shape_t     *shape;
    const ptn_ews_el_t  *el, *how;

    shape = ptn_palloc(e->pool, sizeof(ptn_ews_shape_t));
    if (shape == NULL) {
        return PTN_ENOMEM;
    }

    /* an AttachmentShape has no BaseShape: attached items are shown whole */

    how = ptn_ews_child(e->request, "AttachmentShape");

    rc = ptn_ews_attachment_shape(e, how, shape);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ews_reply_open(e);

    for (el = ptn_ews_child(e->request, "AttachmentIds")->child; el != NULL;
         el = el->next)
    {
        mark = ptn_ews_mark(&e->out);
        ptn_ews_message_open(e);
        ptn_ews_lit(&e->out, "<m:Attachments>");

        rc = ptn_ews_get_one_attachment(e, el, shape);

        ptn_ews_lit(&e->out, "</m:Attachments>");

        rc = ptn_ews_message_end(e, mark, rc, NULL, "<m:Attachments/>");
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_ews_reply_close(e);

    return PTN_OK;
}
