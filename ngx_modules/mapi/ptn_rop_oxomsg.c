#include "ptn_rop_data.h"
#include "ptn_send.h"


/* Sending (MS-OXOMSG 3.2.5). */


#define PTN_SVREID_LEN  21      /* MS-OXCDATA 2.11.1.4 */


/* --- who sends ----------------------------------------------------------- */

typedef struct {
    uint32_t  name, addrtype, email, smtp;
} ptn_rop_person_t;

static const ptn_rop_person_t  ptn_rop_sender = {
    PTN_PR_SENDER_NAME, PTN_PR_SENDER_ADDRTYPE, PTN_PR_SENDER_EMAIL,
    PTN_PR_SENDER_SMTP_ADDRESS
};

static const ptn_rop_person_t  ptn_rop_represented = {
    PTN_PR_SENT_REPRESENTING_NAME, PTN_PR_SENT_REPRESENTING_ADDRTYPE,
    PTN_PR_SENT_REPRESENTING_EMAIL, PTN_PR_SENT_REPRESENTING_SMTP_ADDRESS
};


static ptn_rc_t
ptn_rop_person_set(ptn_rop_ctx_t *c, ptn_props_t *props,
    const ptn_rop_person_t *p, ptn_str_t name, ptn_str_t address)
{
    size_t    i;
    ptn_rc_t  rc;

    const ptn_bag_prop_t  set[] = {
        { p->name, name.len ? name : address },
        { p->addrtype, ptn_str("SMTP") },
        { p->email, address },
        { p->smtp, address },
    };

    rc = PTN_OK;

    for (i = 0; rc == PTN_OK && i < ptn_nelts(set); i++) {
        rc = ptn_props_set(props, c->pool, set[i].tag, set[i].value);
    }

    return rc;
}


/* The address that a person of the message has, when it says one. */
static ptn_rc_t
ptn_rop_person_address(ptn_rop_ctx_t *c, const ptn_props_t *props,
    const ptn_rop_person_t *p, ptn_str_t *ret_address)
{
    ptn_rc_t    rc;
    ptn_str_t   type, email;
    ptn_guid_t  guid;
    ptn_user_t  user;

    *ret_address = ptn_props_get(props, p->smtp);
    type = ptn_props_get(props, p->addrtype);
    email = ptn_props_get(props, p->email);

    if (ret_address->len != 0 || email.len == 0) {
        return PTN_OK;
    }

    if (!ptn_str_ieqz(type, "EX")) {
        *ret_address = email;
        return PTN_OK;
    }

    rc = ptn_eid_dn_parse(email, &guid);

    if (rc == PTN_OK) {
        rc = ptn_user_by_mailbox(c->app->directory, c->pool, guid, &user);
    }

    if (rc == PTN_OK) {
        *ret_address = user.address;
    }

    /* somebody who is not here: ptn_send() says what that means */

    return rc == PTN_EPARSE || rc == PTN_ENOTFOUND ? PTN_OK : rc;
}


/* Sender is who signed in, sent representing the mailbox or whom the message
 * names (3.2.5.1). */
static ptn_rc_t
ptn_rop_submit_people(ptn_rop_ctx_t *c, ptn_props_t *props)
{
    ptn_rc_t    rc;
    ptn_str_t   name, address;
    ptn_user_t  self;

    rc = ptn_user_by_id(c->app->directory, c->pool, c->session->actor.user,
                        &self);

    if (rc == PTN_OK) {
        rc = ptn_rop_person_set(c, props, &ptn_rop_sender, self.display,
                                self.address);
    }

    if (rc == PTN_OK) {
        rc = ptn_rop_person_address(c, props, &ptn_rop_represented, &address);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    name = ptn_props_get(props, PTN_PR_SENT_REPRESENTING_NAME);

    if (address.len == 0) {
        name = self.display;
        address = self.address;
    }

    return ptn_rop_person_set(c, props, &ptn_rop_represented, name, address);
}


/* --- submit -------------------------------------------------------------- */

/* The folder that the copy goes to; 0: none. */
static ptn_rc_t
ptn_rop_sent_folder(ptn_rop_ctx_t *c, ptn_mbox_t *mb,
    const ptn_props_t *props, ptn_id_t *ret_folder)
{
    size_t               i;
    int64_t              n;
    uint64_t             fid;
    ptn_rc_t             rc;
    ptn_str_t            value;
    ptn_guid_t           provider, guid;
    const ptn_folder_t  *folder;

    *ret_folder = 0;

    if (ptn_props_int(props, PTN_PR_DELETE_AFTER_SUBMIT, &n) && n != 0) {
        return PTN_OK;
    }

    value = ptn_props_get(props, PTN_PR_SENT_MAIL_SVR_EID);

    if (value.len == PTN_SVREID_LEN && value.data[0] == 1) {
        for (i = 8, fid = 0; i > 0; i--) {
            fid = fid << 8 | value.data[i];
        }

        if (ptn_rop_fid_id(mb, fid, ret_folder) == PTN_OK
            && ptn_folder_get(mb, *ret_folder, &folder) == PTN_OK)
        {
            return PTN_OK;
        }
    }

    value = ptn_props_get(props, PTN_PR_SENTMAIL_ENTRYID);

    if (value.data != NULL
        && ptn_eid_folder_parse(value, &provider, &guid, ret_folder)
           == PTN_OK
        && ptn_guid_eq(provider, c->in->logon->mailbox)
        && ptn_mbox_id(mb, guid, *ret_folder, ret_folder) == PTN_OK
        && ptn_folder_get(mb, *ret_folder, &folder) == PTN_OK)
    {
        return PTN_OK;
    }

    rc = ptn_folder_special(mb, PTN_FOLDER_SENT, &folder);

    if (rc == PTN_OK) {
        *ret_folder = folder->id;
    }

    return rc;
}


/* What was sent stands in its folder as read and no draft; the draft goes. */
static ptn_rc_t
ptn_rop_submit_keep(ptn_rop_ctx_t *c, ptn_mbox_t *mb, ptn_rop_message_t *m,
    ptn_object_t *object, ptn_id_t folder)
{
    size_t                                i;
    ptn_rc_t                              rc;
    ptn_save_t                            save;
    ptn_saved_t                           saved;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    static const uint32_t  passing[] = {
        PTN_PR_DELETE_AFTER_SUBMIT, PTN_PR_SENTMAIL_ENTRYID,
        PTN_PR_SENT_MAIL_SVR_EID, PTN_PR_MESSAGE_FLAGS, PTN_PR_ENTRYID,
        PTN_PR_RECORD_KEY, PTN_PR_PARENT_ENTRYID, PTN_PR_SOURCE_KEY,
        PTN_PR_CHANGE_KEY, PTN_PR_PREDECESSOR_CHANGE_LIST, PTN_PR_MID,
        PTN_PR_FOLDER_ID, PTN_PR_CHANGE_NUMBER
    };

    for (i = 0; i < ptn_nelts(passing); i++) {
        ptn_props_unset(&object->props, ptn_prop_id(passing[i]));
    }

    memset(&save, 0, sizeof(save));
    save.object = object;
    save.flags = PTN_FLAG_SEEN;

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK && folder != 0) {
        rc = ptn_msg_create(&tx, c->pool, folder, &save, &saved);
    }

    if (rc == PTN_OK && m->id != 0) {
        rc = ptn_msg_expunge_ids(&tx, &m->id, 1);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
ptn_rop_submit(ptn_rop_ctx_t *c, ptn_object_t **ret_object)
{
    ptn_id_t            folder;
    ptn_rc_t            rc;
    ptn_str_t           now;
    ptn_mbox_t         *mb;
    ptn_send_t          send;
    ptn_object_t       *object;
    ptn_rop_message_t  *m;

    m = ptn_rop_message(c->in);

    if (m->embedded || !m->writable) {
        return PTN_EDENIED;
    }

    rc = ptn_rop_mbox(c, c->in->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_rop_message_object(c, c->in, &object);
    }

    if (rc == PTN_OK) {
        rc = ptn_rop_sent_folder(c, mb, &object->props, &folder);
    }

    if (rc == PTN_OK) {
        rc = ptn_rop_submit_people(c, &object->props);
    }

    now = ptn_rop_int(c->pool, (uint64_t) (ptn_time_now() * 10
                                           + PTN_FILETIME_1970), 8);

    if (rc == PTN_OK) {
        rc = now.data == NULL ? PTN_ENOMEM
             : ptn_props_set(&object->props, c->pool,
                             PTN_PR_CLIENT_SUBMIT_TIME, now);
    }

    if (rc == PTN_OK && object->nrecips == 0) {
        c->error = PTN_MAPI_NO_RECIPIENTS;
        return PTN_EINVAL;
    }

    if (rc != PTN_OK) {
        return rc;
    }

    memset(&send, 0, sizeof(send));
    send.actor = &c->session->actor;
    send.object = object;

    rc = ptn_send(c->app, c->pool, &send, NULL);

    if (rc == PTN_OK) {
        rc = ptn_rop_submit_keep(c, mb, m, object, folder);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    /* the handle names nothing any more */

    ptn_rop_message_clear(c->in);
    m->id = 0;
    m->writable = false;
    *ret_object = object;

    return PTN_OK;
}


ptn_rc_t
ptn_rop_submit_message(ptn_rop_ctx_t *c, void *req PTN_UNUSED,
    void *res PTN_UNUSED)
{
    ptn_object_t  *object;

    return ptn_rop_submit(c, &object);
}


/* The same, and the properties that the server set (2.2.3.6). */
ptn_rc_t
ptn_rop_transport_send(ptn_rop_ctx_t *c, void *req PTN_UNUSED, void *res_)
{
    size_t                         i;
    ptn_rc_t                       rc;
    ptn_buf_t                      b;
    ptn_str_t                      value;
    ptn_object_t                  *object;
    ptn_wire_text_t                text;
    ptn_rop_transport_send_res_t  *res = res_;

    static const uint32_t  tags[] = {
        PTN_PR_SENT_REPRESENTING_NAME, PTN_PR_SENT_REPRESENTING_ADDRTYPE,
        PTN_PR_SENT_REPRESENTING_EMAIL, PTN_PR_SENDER_NAME,
        PTN_PR_SENDER_ADDRTYPE, PTN_PR_SENDER_EMAIL,
        PTN_PR_CLIENT_SUBMIT_TIME
    };

    rc = ptn_rop_submit(c, &object);
    if (rc != PTN_OK) {
        return rc;
    }

    res->values = ptn_parray(c->pool, ptn_nelts(tags),
                             sizeof(ptn_wire_tagged_t));
    if (res->values == NULL) {
        return PTN_ENOMEM;
    }

    text = ptn_rop_text(c, c->in);

    for (i = 0; i < ptn_nelts(tags); i++) {
        value = ptn_props_get(&object->props, tags[i]);

        if (value.data == NULL) {
            continue;
        }

        ptn_buf_init(&b, c->pool);
        rc = ptn_wire_value_put(&b, &text, ptn_prop_type(tags[i]), value);
        if (rc != PTN_OK) {
            return rc;
        }

        res->values[res->count].tag = tags[i];
        res->values[res->count].value = ptn_buf_get(&b);
        res->count++;
    }

    return PTN_OK;
}


/* --- the rest ------------------------------------------------------------ */

/* A message that was submitted is in the queue and out of reach (3.2.5.2). */
ptn_rc_t
ptn_rop_abort_submit(ptn_rop_ctx_t *c, void *req_, void *res PTN_UNUSED)
{
    ptn_id_t                     folder;
    ptn_rc_t                     rc;
    ptn_mbox_t                  *mb;
    const ptn_folder_t          *f;
    ptn_rop_abort_submit_req_t  *req = req_;

    rc = ptn_rop_mbox(c, c->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_rop_fid_id(mb, req->folder_id, &folder);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_get(mb, folder, &f);
    }

    if (rc == PTN_OK) {
        c->error = PTN_MAPI_NOT_IN_QUEUE;
        rc = PTN_ENOTFOUND;
    }

    return rc;
}


ptn_rc_t
ptn_rop_get_address_types(ptn_rop_ctx_t *c PTN_UNUSED, void *req PTN_UNUSED,
    void *res_)
{
    ptn_rop_get_address_types_res_t  *res = res_;

    static ptn_str_t  types[] = { ptn_string("EX"), ptn_string("SMTP") };

    res->count = ptn_nelts(types);
    res->size = sizeof("EX") + sizeof("SMTP");
    res->types = types;

    return PTN_OK;
}


/* There is no queue of the client's that it would have to serve (3.2.5.4). */
ptn_rc_t
ptn_rop_set_spooler(ptn_rop_ctx_t *c PTN_UNUSED, void *req PTN_UNUSED,
    void *res PTN_UNUSED)
{
    return PTN_OK;
}


/* Nothing waits in a spooler queue: every message there could be is gone. */
ptn_rc_t
ptn_rop_spooler_lock_message(ptn_rop_ctx_t *c, void *req_,
    void *res PTN_UNUSED)
{
    ptn_rop_spooler_lock_message_req_t  *req = req_;

    if (req->lock_state > 2) {
        return PTN_EINVAL;
    }

    c->error = PTN_MAPI_NOT_IN_QUEUE;

    return PTN_ENOTFOUND;
}


ptn_rc_t
ptn_rop_get_transport_folder(ptn_rop_ctx_t *c, void *req PTN_UNUSED,
    void *res_)
{
    ptn_rc_t                             rc;
    ptn_mbox_t                          *mb;
    const ptn_folder_t                  *folder;
    ptn_rop_get_transport_folder_res_t  *res = res_;

    rc = ptn_rop_mbox(c, c->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_folder_special(mb, PTN_FOLDER_OUTBOX, &folder);
    }

    return rc == PTN_OK ? ptn_rop_fid(mb, folder->id, &res->folder_id) : rc;
}


/* No address type has options of its own. */
ptn_rc_t
ptn_rop_options_data(ptn_rop_ctx_t *c PTN_UNUSED, void *req PTN_UNUSED,
    void *res_)
{
    ptn_rop_options_data_res_t  *res = res_;

    res->reserved = 1;
    res->options_info = ptn_str("");

    return PTN_OK;
}
