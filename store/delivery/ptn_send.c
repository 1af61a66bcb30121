/*
 * Sending: who is named as author and sender, who gets it, what goes out.
 */

#include "ptn_charset.h"
#include "ptn_delivery.h"
#include "ptn_eid.h"
#include "ptn_send_in.h"


/* The five ways in which a property list names a person. */
typedef struct {
    uint32_t  name, addrtype, email, smtp, entryid;
} ptn_send_tags_t;

static const ptn_send_tags_t  ptn_send_from = {
    PTN_PR_SENT_REPRESENTING_NAME, PTN_PR_SENT_REPRESENTING_ADDRTYPE,
    PTN_PR_SENT_REPRESENTING_EMAIL, PTN_PR_SENT_REPRESENTING_SMTP_ADDRESS,
    PTN_PR_SENT_REPRESENTING_ENTRYID
};

static const ptn_send_tags_t  ptn_send_sender = {
    PTN_PR_SENDER_NAME, PTN_PR_SENDER_ADDRTYPE, PTN_PR_SENDER_EMAIL,
    PTN_PR_SENDER_SMTP_ADDRESS, PTN_PR_SENDER_ENTRYID
};

static const ptn_send_tags_t  ptn_send_recip = {
    PTN_PR_DISPLAY_NAME, PTN_PR_ADDRTYPE, PTN_PR_EMAIL_ADDRESS,
    PTN_PR_SMTP_ADDRESS, PTN_PR_ENTRYID
};


/* RFC 5321 4.1.2, as far as it protects an envelope and a header line. */

static bool
ptn_send_valid(ptn_str_t a)
{
    size_t  i, at;

    at = 0;

    for (i = 0; i < a.len; i++) {
        if (a.data[i] <= 0x20 || a.data[i] == 0x7f || a.data[i] == '<'
            || a.data[i] == '>' || a.data[i] == '"' || a.data[i] == ',')
        {
            return false;
        }

        if (a.data[i] == '@') {
            at = i;
        }
    }

    for (i = at + 1; i < a.len; i++) {
        if (a.data[i] >= 0x80) {
            return false;
        }
    }

    return at > 0 && at <= 64 && at + 1 < a.len && a.len <= 254
           && memchr(a.data, '@', at) == NULL && ptn_utf8_valid(a);
}


static ptn_rc_t
ptn_send_dn(ptn_send_work_t *w, ptn_str_t dn, ptn_str_t *ret)
{
    ptn_rc_t    rc;
    ptn_guid_t  mailbox;
    ptn_user_t  user;

    rc = ptn_eid_dn_parse(dn, &mailbox);

    if (rc == PTN_OK) {
        rc = ptn_user_by_mailbox(w->app->directory, w->pool, mailbox, &user);
    }

    if (rc == PTN_OK) {
        *ret = user.address;
    }

    return rc == PTN_EPARSE || rc == PTN_ENOTFOUND ? PTN_EINVAL : rc;
}


/* ENOTFOUND: nobody is named at all.  EINVAL: somebody without an address. */

static ptn_rc_t
ptn_send_address(ptn_send_work_t *w, const ptn_props_t *props,
    const ptn_send_tags_t *tags, ptn_str_t *ret)
{
    ptn_rc_t          rc;
    ptn_str_t         smtp, type, email, eid;
    ptn_eid_person_t  person;

    smtp = ptn_props_get(props, tags->smtp);
    type = ptn_props_get(props, tags->addrtype);
    email = ptn_props_get(props, tags->email);
    eid = ptn_props_get(props, tags->entryid);

    if (smtp.len == 0 && email.len == 0 && eid.len != 0) {

        rc = ptn_eid_person_parse(w->pool, eid, &person);
        if (rc != PTN_OK) {
            return rc == PTN_ENOMEM ? rc : PTN_EINVAL;
        }

        type = person.addrtype;
        email = person.address;
    }

    rc = PTN_OK;

    if (smtp.len == 0 && ptn_str_ieqz(type, "EX")) {
        rc = ptn_send_dn(w, email, &smtp);

    } else if (smtp.len == 0) {

        if (type.len != 0 && !ptn_str_ieqz(type, "SMTP")) {
            return PTN_EINVAL;
        }

        smtp = email;
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (smtp.len == 0) {
        return PTN_ENOTFOUND;
    }

    if (!ptn_send_valid(smtp)) {
        return PTN_EINVAL;
    }

    *ret = smtp;

    return PTN_OK;
}


/* --- who it is from ------------------------------------------------------- */

/* Sets w->from and w->behalf, or refuses. */

static ptn_rc_t
ptn_send_author(ptn_send_work_t *w, ptn_str_t from)
{
    uint32_t  access;
    ptn_rc_t  rc;

    rc = ptn_directory_send_by(w->app->directory, w->pool,
                               w->send->actor->user, from, &access,
                               &w->owner);
    if (rc != PTN_OK) {
        return rc;
    }

    w->from = from;
    w->behalf = access == PTN_ACCESS_ON_BEHALF;

    return PTN_OK;
}


static ptn_rc_t
ptn_send_author_raw(ptn_send_work_t *w)
{
    size_t                   i, n;
    ptn_rc_t                 rc;
    ptn_str_t                address;
    ptn_mime_addr_t         *list;
    const ptn_mime_field_t  *field;

    field = ptn_mime_field(w->mime->root, "From");
    if (field == NULL) {
        w->add_from = true;
        return ptn_send_author(w, w->send->actor->address);
    }

    rc = ptn_mime_addresses(w->pool, field->value, &list, &n);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = PTN_EINVAL;

    /* several authors: each must be one that the actor may speak for */

    for (i = 0; i < n; i++) {

        if (list[i].group_start || list[i].group_end) {
            return PTN_EINVAL;
        }

        address = ptn_str_printf(w->pool, "%.*s@%.*s",
                                 ptn_str_arg(list[i].local),
                                 ptn_str_arg(list[i].domain));
        if (address.data == NULL) {
            return PTN_ENOMEM;
        }

        if (!ptn_send_valid(address)) {
            return PTN_EINVAL;
        }

        rc = ptn_send_author(w, address);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return rc;
}


static ptn_rc_t
ptn_send_author_object(ptn_send_work_t *w)
{
    ptn_rc_t   rc;
    ptn_str_t  from;

    rc = ptn_send_address(w, &w->send->object->props, &ptn_send_from, &from);

    if (rc == PTN_ENOTFOUND) {
        from = w->send->actor->address;
        rc = PTN_OK;
    }

    return rc == PTN_OK ? ptn_send_author(w, from) : rc;
}


/* --- who gets it ---------------------------------------------------------- */

static ptn_rc_t
ptn_send_to(ptn_send_work_t *w, ptn_str_t address)
{
    uint32_t  i;

    for (i = 0; i < w->nrcpt; i++) {
        if (ptn_str_ieq(w->rcpt[i], address)) {
            return PTN_OK;
        }
    }

    if (w->nrcpt == w->app->conf->rcpt_max) {
        return PTN_ELIMIT;
    }

    w->rcpt[w->nrcpt++] = address;

    return PTN_OK;
}


static ptn_rc_t
ptn_send_to_field(ptn_send_work_t *w, const ptn_mime_field_t *field)
{
    size_t            i, n;
    ptn_rc_t          rc;
    ptn_str_t         address;
    ptn_mime_addr_t  *list;

    rc = ptn_mime_addresses(w->pool, field->value, &list, &n);

    for (i = 0; rc == PTN_OK && i < n; i++) {

        if (list[i].group_start || list[i].group_end) {
            continue;
        }

        address = ptn_str_printf(w->pool, "%.*s@%.*s",
                                 ptn_str_arg(list[i].local),
                                 ptn_str_arg(list[i].domain));

        if (address.data == NULL) {
            return PTN_ENOMEM;
        }

        rc = ptn_send_valid(address) ? ptn_send_to(w, address) : PTN_EINVAL;
    }

    return rc;
}


static ptn_rc_t
ptn_send_recipients(ptn_send_work_t *w)
{
    uint32_t                 i;
    ptn_rc_t                 rc;
    ptn_str_t                address;
    const ptn_object_t      *object;
    const ptn_mime_part_t   *root;

    w->rcpt = ptn_parray(w->pool, ptn_max(w->app->conf->rcpt_max, 1u),
                         sizeof(ptn_str_t));
    if (w->rcpt == NULL) {
        return PTN_ENOMEM;
    }

    object = w->send->object;
    rc = PTN_OK;

    for (i = 0; rc == PTN_OK && object != NULL && i < object->nrecips; i++) {

        /* PidTagRecipientType has flags above the type (MS-OXOMSG) */

        if ((object->recips[i].type & 0x0f) == PTN_RECIP_ORIG) {
            continue;
        }

        rc = ptn_send_address(w, &object->recips[i].props, &ptn_send_recip,
                              &address);
        if (rc == PTN_OK) {
            rc = ptn_send_to(w, address);
        }

        if (rc == PTN_ENOTFOUND) {
            rc = PTN_EINVAL;
        }
    }

    if (rc == PTN_OK && w->nrcpt == 0 && w->mime != NULL) {
        root = w->mime->root;

        for (i = 0; rc == PTN_OK && i < root->nfields; i++) {
            if (ptn_str_ieqz(root->fields[i].name, "To")
                || ptn_str_ieqz(root->fields[i].name, "Cc")
                || ptn_str_ieqz(root->fields[i].name, "Bcc"))
            {
                rc = ptn_send_to_field(w, &root->fields[i]);
            }
        }
    }

    if (rc == PTN_OK && w->nrcpt == 0) {
        return PTN_EINVAL;
    }

    return rc;
}


/* --- a message made of an object ------------------------------------------ */

static ptn_rc_t
ptn_send_props(ptn_pool_t *pool, const ptn_props_t *from, ptn_props_t *to)
{
    to->n = from->n;
    to->size = from->n + 16;
    to->p = ptn_parray(pool, to->size, sizeof(ptn_bag_prop_t));

    if (to->p == NULL) {
        return PTN_ENOMEM;
    }

    if (from->n != 0) {
        memcpy(to->p, from->p, from->n * sizeof(ptn_bag_prop_t));
    }

    return PTN_OK;
}


/* Names one person, in one way. */

static ptn_rc_t
ptn_send_name(ptn_pool_t *pool, ptn_props_t *props,
    const ptn_send_tags_t *tags, ptn_str_t name, ptn_str_t address)
{
    size_t    i;
    ptn_rc_t  rc;

    const struct {
        uint32_t   tag;
        ptn_str_t  value;
    } rows[] = {
        { tags->addrtype, ptn_str("SMTP") },
        { tags->email, address },
        { tags->smtp, address },
    };

    ptn_props_unset(props, (uint16_t) (tags->entryid >> 16));

    if (name.len != 0) {
        rc = ptn_props_set(props, pool, tags->name, name);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    for (i = 0; i < ptn_nelts(rows); i++) {
        rc = ptn_props_set(props, pool, rows[i].tag, rows[i].value);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_send_people(ptn_send_work_t *w, ptn_object_t *object)
{
    ptn_rc_t   rc;
    ptn_str_t  name, address;

    /* who speaks: the owner's name, or what the client calls it */

    name = ptn_props_get(&object->props, ptn_send_from.name);

    if (name.len == 0) {
        name = w->owner.display;
    }

    rc = ptn_send_name(w->pool, &object->props, &ptn_send_from, name,
                       w->from);
    if (rc != PTN_OK) {
        return rc;
    }

    /* who sends is never the client's word */

    name = w->behalf ? w->actor.display : name;
    address = w->behalf ? w->actor.address : w->from;
    ptn_props_unset(&object->props, (uint16_t) (ptn_send_sender.name >> 16));

    return ptn_send_name(w->pool, &object->props, &ptn_send_sender, name,
                         address);
}


static ptn_rc_t
ptn_send_export(ptn_send_work_t *w)
{
    uint32_t              i;
    ptn_rc_t              rc;
    ptn_str_t             address;
    ptn_recip_t          *recips;
    ptn_object_t          object;
    ptn_oxcmail_export_t  opts;

    /* a copy of what is changed: the client's object stays as it is */

    object = *w->send->object;

    rc = ptn_send_props(w->pool, &w->send->object->props, &object.props);

    if (rc == PTN_OK) {
        rc = ptn_send_people(w, &object);
    }

    recips = ptn_parray(w->pool, object.nrecips, sizeof(ptn_recip_t));
    if (recips == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; rc == PTN_OK && i < object.nrecips; i++) {
        recips[i] = object.recips[i];
        recips[i].type &= 0x0f;

        rc = ptn_send_props(w->pool, &object.recips[i].props,
                            &recips[i].props);

        /* ours by its directory name: the world knows it by its address */

        if (rc == PTN_OK
            && ptn_send_address(w, &recips[i].props, &ptn_send_recip,
                                &address) == PTN_OK)
        {
            rc = ptn_send_name(w->pool, &recips[i].props, &ptn_send_recip,
                               ptn_str(""), address);
        }
    }

    if (rc != PTN_OK) {
        return rc;
    }

    object.recips = recips;

    memset(&opts, 0, sizeof(opts));
    opts.hostname = ptn_str_z(w->app->conf->hostname);
    opts.boundary = ptn_str_printf(w->pool, "%.*s.%llx", ptn_str_arg(w->id),
                                   (unsigned long long) w->now);
    opts.date = w->now / PTN_USEC;

    if (opts.boundary.data == NULL) {
        return PTN_ENOMEM;
    }

    return ptn_oxcmail_export(w->pool, &object, &opts, &w->data);
}


/* --- out ------------------------------------------------------------------ */

static ptn_rc_t
ptn_send_queue(ptn_send_work_t *w, ptn_str_t *ret_id)
{
    ptn_rc_t         rc;
    ptn_queue_msg_t  msg;

    memset(&msg, 0, sizeof(msg));
    msg.id = w->id;
    msg.arrived = w->now;
    msg.sender = w->behalf ? w->actor.address : w->from;
    msg.rcpt = w->rcpt;
    msg.nrcpt = w->nrcpt;
    msg.head = w->head;
    msg.data = w->data;

    if (ptn_delivery_8bit(w->head) || ptn_delivery_8bit(w->data)) {
        msg.flags |= PTN_QUEUE_8BIT;
    }

    rc = ptn_queue_put(w->app->queue, w->pool, &msg, ret_id);

    ptn_log(w->app->log, rc == PTN_OK ? PTN_LOG_INFO : PTN_LOG_ERROR,
            "queue queue_id=%.*s client=- user=\"%.*s\" from=\"%.*s\" "
            "rcpts=%u size=%zu status=%s message_id=\"%.*s\"",
            ptn_str_arg(w->id), ptn_str_arg(w->actor.address),
            ptn_str_arg(msg.sender), w->nrcpt, w->head.len + w->data.len,
            rc == PTN_OK ? "queued" : ptn_err(rc)->name,
            ptn_str_arg(w->message_id));

    if (rc == PTN_OK && w->app->world != NULL) {
        ptn_world_ring_clerk(w->app->world);
    }

    return rc;
}


static ptn_rc_t
ptn_send_make(ptn_send_work_t *w)
{
    ptn_rc_t             rc;
    ptn_str_t            received;
    ptn_delivery_scan_t  scan;

    if (w->mime != NULL) {
        return ptn_send_raw(w);
    }

    rc = ptn_send_export(w);
    if (rc != PTN_OK) {
        return rc;
    }

    received = ptn_send_received(w);
    w->head = received;

    ptn_delivery_scan(w->data, &scan);
    w->message_id = scan.message_id;

    return received.data != NULL ? PTN_OK : PTN_ENOMEM;
}


/* Who sends has to have room (MS-OXCSTOR 2.2.2.1.1.4). */

static ptn_rc_t
ptn_send_quota(ptn_send_work_t *w)
{
    ptn_rc_t      rc;
    ptn_mbox_t   *mb;
    ptn_acting_t  was;

    rc = ptn_mbox_open_system(w->app->store, &w->actor, &mb, &was);

    if (rc == PTN_OK) {
        rc = ptn_quota_send(mb);
        ptn_mbox_back(mb, &was);
    }

    return rc;
}


ptn_rc_t
ptn_send(ptn_app_t *app, ptn_pool_t *pool, const ptn_send_t *send,
    ptn_str_t *ret_queue_id)
{
    ptn_rc_t          rc;
    ptn_str_t         id;
    ptn_send_work_t   w;

    if (app->queue == NULL) {
        return PTN_EUNAVAIL;
    }

    if (send->object == NULL && send->raw.len == 0) {
        return PTN_EINVAL;
    }

    memset(&w, 0, sizeof(w));
    w.app = app;
    w.pool = pool;
    w.send = send;
    w.now = ptn_time_now();
    w.id = ptn_queue_new_id(pool);

    if (w.id.len == 0) {
        return PTN_ENOMEM;
    }

    rc = ptn_user_by_id(app->directory, pool, send->actor->user, &w.actor);

    if (rc == PTN_OK && w.actor.quota_send != 0) {
        rc = ptn_send_quota(&w);
    }

    if (rc == PTN_OK && send->raw.len != 0) {
        rc = ptn_mime_parse(pool, send->raw, &w.mime);
    }

    if (rc == PTN_OK) {
        rc = w.mime != NULL ? ptn_send_author_raw(&w)
                            : ptn_send_author_object(&w);
    }

    if (rc == PTN_OK) {
        rc = ptn_send_recipients(&w);
    }

    if (rc == PTN_OK) {
        rc = ptn_send_make(&w);
    }

    if (rc == PTN_OK && w.head.len + w.data.len > app->conf->message_max) {
        rc = PTN_ETOOBIG;
    }

    if (rc == PTN_OK) {
        rc = ptn_send_queue(&w, &id);
    }

    if (rc == PTN_OK && ret_queue_id != NULL) {
        *ret_queue_id = id;
    }

    return rc == PTN_ENOTFOUND ? PTN_EDENIED : rc;
}
