#include "ptn_rop_data.h"


/*
 * Properties of the logon object (MS-OXCSTOR 2.2.2): those of the session and
 * the directory are computed here, the others are the store's.
 */


#define PTN_STORE_SUPPORT                                                     \
    (0x00000002    /* STORE_ENTRYID_UNIQUE */                                 \
     | 0x00000008  /* STORE_SEARCH_OK: no, left out below */                  \
     | 0x00000010  /* STORE_MODIFY_OK */                                      \
     | 0x00000020  /* STORE_CREATE_OK */                                      \
     | 0x00000040  /* STORE_ATTACH_OK */                                      \
     | 0x00000080  /* STORE_OLE_OK */                                         \
     | 0x00000100  /* STORE_SUBMIT_OK */                                      \
     | 0x00000200  /* STORE_NOTIFY_OK */                                      \
     | 0x00000400  /* STORE_MV_PROPS_OK */                                    \
     | 0x00010000  /* STORE_HTML_OK */                                        \
     | 0x00040000) /* STORE_UNICODE_OK */


/* Address book entry id of a user. */
static ptn_str_t
ptn_rop_user_entry_id(ptn_rop_ctx_t *c, ptn_guid_t mailbox, ptn_str_t address)
{
    ptn_str_t  dn, eid;

    if (ptn_eid_dn(c->pool, mailbox, address, &dn) != PTN_OK
        || ptn_eid_address_book(c->pool, dn, &eid) != PTN_OK)
    {
        return ptn_str_make(NULL, 0);
    }

    return eid;
}


static ptn_str_t
ptn_rop_logon_folder(ptn_rop_ctx_t *c, ptn_mbox_t *mb,
    const ptn_rop_logon_t *logon, ptn_folder_special_e special)
{
    u_char      *p;
    ptn_id_t     id;
    uint16_t     replid;
    ptn_guid_t   guid;

    p = ptn_palloc(c->pool, PTN_EID_FOLDER_LEN);

    if (p == NULL || ptn_folder_special_id(mb, special, &id) != PTN_OK
        || ptn_mbox_replica(mb, id, &replid, &guid) != PTN_OK)
    {
        return ptn_str_make(NULL, 0);
    }

    ptn_eid_folder(logon->mailbox, guid, id, p);

    return ptn_str_make(p, PTN_EID_FOLDER_LEN);
}


typedef struct {
    uint32_t              tag;
    ptn_folder_special_e  special;
} ptn_rop_logon_folder_t;

static const ptn_rop_logon_folder_t  ptn_rop_logon_folders[] = {
    { PTN_PR_IPM_SUBTREE_ENTRYID,      PTN_FOLDER_IPM_SUBTREE },
    { PTN_PR_IPM_OUTBOX_ENTRYID,       PTN_FOLDER_OUTBOX },
    { PTN_PR_IPM_WASTEBASKET_ENTRYID,  PTN_FOLDER_DELETED },
    { PTN_PR_IPM_SENTMAIL_ENTRYID,     PTN_FOLDER_SENT },
    { PTN_PR_VIEWS_ENTRYID,            PTN_FOLDER_VIEWS },
    { PTN_PR_COMMON_VIEWS_ENTRYID,     PTN_FOLDER_COMMON_VIEWS },
    { PTN_PR_FINDER_ENTRYID,           PTN_FOLDER_FINDER },
};


/* What the store knows of itself, and what clients have set. */

static ptn_str_t
ptn_rop_logon_stored(ptn_rop_ctx_t *c, ptn_mbox_t *mb, uint32_t tag)
{
    ptn_str_t  value;

    return ptn_store_props(mb, c->pool, &tag, 1, &value) == PTN_OK
           ? value : ptn_str_make(NULL, 0);
}


/*
 * 2.2.2.2: a public store has no owner, no quotas and no special folders of a
 * user; PidTagAddressBookMessageId is not found, since there is no offline
 * address book in a folder here.
 */
static const uint32_t  ptn_rop_public_tags[] = {
    PTN_PR_DISPLAY_NAME, PTN_PR_USER_ENTRY_ID, PTN_PR_STORE_SUPPORT_MASK,
    PTN_PR_OBJECT_TYPE, PTN_PR_RECORD_KEY, PTN_PR_STORE_RECORD_KEY,
    PTN_PR_LOCALE_ID, PTN_PR_CODE_PAGE_ID, PTN_PR_SORT_LOCALE_ID,
    PTN_PR_MAXIMUM_SUBMIT_MESSAGE_SIZE
};


static bool
ptn_rop_logon_has(const ptn_rop_logon_t *logon, uint32_t tag)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_rop_public_tags); i++) {
        if (ptn_rop_public_tags[i] == tag) {
            return true;
        }
    }

    return !logon->is_public;
}


static ptn_str_t
ptn_rop_logon_value(ptn_rop_ctx_t *c, ptn_mbox_t *mb,
    const ptn_rop_logon_t *logon, uint32_t tag)
{
    size_t     i;
    ptn_str_t  display;

    if (!ptn_rop_logon_has(logon, tag)) {
        return ptn_str_make(NULL, 0);
    }

    display = logon->user.display.len ? logon->user.display
                                      : logon->user.address;

    switch (tag) {

    case PTN_PR_DISPLAY_NAME:
    case PTN_PR_MAILBOX_OWNER_NAME:
        return display;

    case PTN_PR_MAILBOX_OWNER_ENTRY_ID:
        return ptn_rop_user_entry_id(c, logon->mailbox, logon->user.address);

    case PTN_PR_USER_ENTRY_ID:
        return ptn_rop_user_entry_id(c, c->session->actor.mailbox,
                                     c->session->actor.address);

    case PTN_PR_MAXIMUM_SUBMIT_MESSAGE_SIZE:
        return ptn_rop_int(c->pool, c->app->conf->message_max / 1024, 4);

    case PTN_PR_STORE_STATE:
        return ptn_rop_int(c->pool, 0, 4);      /* no search is active */

    case PTN_PR_STORE_SUPPORT_MASK:
        return ptn_rop_int(c->pool, PTN_STORE_SUPPORT & ~0x8u, 4);

    case PTN_PR_OBJECT_TYPE:
        return ptn_rop_int(c->pool, 1, 4);      /* store */

    case PTN_PR_RECORD_KEY:
    case PTN_PR_STORE_RECORD_KEY:
        return ptn_str_make(logon->mailbox.b, sizeof(logon->mailbox.b));

    case PTN_PR_LOCALE_ID:
        return ptn_rop_int(c->pool, c->session->lcid_string, 4);

    case PTN_PR_CODE_PAGE_ID:
        return ptn_rop_int(c->pool, c->session->codepage, 4);

    case PTN_PR_SORT_LOCALE_ID:
        return ptn_rop_int(c->pool, c->session->lcid_sort, 4);

    case PTN_PR_VALID_FOLDER_MASK:
        return ptn_rop_int(c->pool, 0x7f, 4);

    }

    for (i = 0; i < ptn_nelts(ptn_rop_logon_folders); i++) {
        if (ptn_rop_logon_folders[i].tag == tag) {
            return ptn_rop_logon_folder(c, mb, logon,
                                        ptn_rop_logon_folders[i].special);
        }
    }

    return ptn_rop_logon_stored(c, mb, tag);
}


ptn_rc_t
ptn_rop_logon_values(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    const uint32_t *tags, size_t n, ptn_str_t *values)
{
    size_t       i;
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    rc = ptn_rop_mbox(c, obj->logon, &mb);

    for (i = 0; rc == PTN_OK && i < n; i++) {
        values[i] = ptn_rop_logon_value(c, mb, obj->logon, tags[i]);
    }

    return rc == PTN_OK && ptn_pool_failed(c->pool) ? PTN_ENOMEM : rc;
}


/* All that a logon has without being told. */
static const uint32_t  ptn_rop_logon_tags[] = {
    PTN_PR_DISPLAY_NAME, PTN_PR_MAILBOX_OWNER_NAME,
    PTN_PR_MAILBOX_OWNER_ENTRY_ID, PTN_PR_USER_ENTRY_ID,
    PTN_PR_MAXIMUM_SUBMIT_MESSAGE_SIZE, PTN_PR_STORE_STATE,
    PTN_PR_STORE_SUPPORT_MASK, PTN_PR_OBJECT_TYPE,
    PTN_PR_RECORD_KEY, PTN_PR_STORE_RECORD_KEY, PTN_PR_LOCALE_ID,
    PTN_PR_CODE_PAGE_ID, PTN_PR_SORT_LOCALE_ID, PTN_PR_VALID_FOLDER_MASK,
    PTN_PR_MESSAGE_SIZE_EXTENDED, PTN_PR_CONTENT_COUNT,
    PTN_PR_CONTENT_UNREAD, PTN_PR_PROHIBIT_RECEIVE_QUOTA,
    PTN_PR_PROHIBIT_SEND_QUOTA, PTN_PR_STORAGE_QUOTA_LIMIT,
    PTN_PR_IPM_SUBTREE_ENTRYID,
    PTN_PR_IPM_OUTBOX_ENTRYID, PTN_PR_IPM_WASTEBASKET_ENTRYID,
    PTN_PR_IPM_SENTMAIL_ENTRYID, PTN_PR_VIEWS_ENTRYID,
    PTN_PR_COMMON_VIEWS_ENTRYID, PTN_PR_FINDER_ENTRYID
};


ptn_rc_t
ptn_rop_logon_all(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    ptn_props_t *ret_props)
{
    size_t       i;
    ptn_rc_t     rc;
    ptn_str_t    value;
    ptn_mbox_t  *mb;
    ptn_props_t  props;

    memset(&props, 0, sizeof(props));
    rc = ptn_rop_mbox(c, obj->logon, &mb);

    for (i = 0; rc == PTN_OK && i < ptn_nelts(ptn_rop_logon_tags);
         i++)
    {
        value = ptn_rop_logon_value(c, mb, obj->logon,
                                    ptn_rop_logon_tags[i]);

        if (value.data != NULL) {
            rc = ptn_props_set(&props, c->pool, ptn_rop_logon_tags[i], value);
        }
    }

    if (rc == PTN_OK) {
        *ret_props = props;
    }

    return rc;
}


ptn_rc_t
ptn_rop_logon_set(ptn_rop_ctx_t *c, const ptn_bag_prop_t *prop)
{
    size_t                                i;
    ptn_rc_t                              rc;
    ptn_mbox_t                           *mb;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    for (i = 0; i < ptn_nelts(ptn_rop_logon_tags); i++) {
        if (ptn_prop_id(ptn_rop_logon_tags[i]) == ptn_prop_id(prop->tag)) {
            return PTN_EDENIED;
        }
    }

    rc = ptn_rop_mbox(c, c->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_store_props_set(&tx, prop, 1);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}
