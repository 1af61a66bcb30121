/*
 * The properties of a message that need no look at its content: a table of
 * tags and where each comes from (ptn_item.h).
 */

#include "ptn_category.h"
#include "ptn_eid.h"
#include "ptn_ics.h"


/* MS-OXCMSG 2.2.1.6 PidTagMessageFlags */
#define PTN_MSGFLAG_READ         0x00000001
#define PTN_MSGFLAG_UNMODIFIED   0x00000002
#define PTN_MSGFLAG_UNSENT       0x00000008
#define PTN_MSGFLAG_HASATTACH    0x00000010
#define PTN_MSGFLAG_FAI          0x00000040
#define PTN_MSGFLAG_EVERREAD     0x00000400

#define PTN_OBJECT_MESSAGE       5              /* MS-OXCPRPT 2.2.1.7 */
#define PTN_FOLLOWUP_FLAGGED     2              /* MS-OXOFLAG 2.2.1.1 */
#define PTN_VERB_REPLY           102            /* MS-OXOMSG 2.2.1.40 */
#define PTN_ICON_REPLIED         0x105          /* MS-OXOMSG 2.2.1.38 */


/* ---- values ------------------------------------------------------------- */

static ptn_str_t
ptn_item_none(void)
{
    return ptn_str_make(NULL, 0);
}


static ptn_str_t
ptn_item_n(ptn_item_ctx_t *c, uint64_t n, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        c->scratch[i] = (u_char) (n >> (8 * i));
    }

    return ptn_str_make(c->scratch, len);
}


static ptn_str_t
ptn_item_long(ptn_item_ctx_t *c, uint64_t n)
{
    return ptn_item_n(c, n, 4);
}


static ptn_str_t
ptn_item_i8(ptn_item_ctx_t *c, uint64_t n)
{
    return ptn_item_n(c, n, 8);
}


static ptn_str_t
ptn_item_bool(ptn_item_ctx_t *c, bool n)
{
    return ptn_item_n(c, n, 1);
}


static ptn_str_t
ptn_item_time(ptn_item_ctx_t *c, int64_t sec)
{
    return ptn_item_i8(c, (uint64_t) ptn_filetime(sec));
}


/* An empty string that is there. */

static ptn_str_t
ptn_item_text(ptn_str_t s)
{
    return s.data ? s : ptn_str_make("", 0);
}


static ptn_str_t
ptn_item_if(ptn_str_t s)
{
    return s.len ? s : ptn_item_none();
}


/* ---- computed of the row ------------------------------------------------ */

static bool
ptn_item_replica(ptn_item_ctx_t *c, uint64_t id, uint16_t *replid,
    ptn_guid_t *guid)
{
    return ptn_mbox_replica(c->mb, id, replid, guid) == PTN_OK;
}


static ptn_str_t
ptn_item_gid(ptn_item_ctx_t *c, ptn_id_t id)
{
    uint16_t    replid;
    ptn_guid_t  guid;

    if (!ptn_item_replica(c, id, &replid, &guid)) {
        return ptn_item_none();
    }

    ptn_eid_gid(guid, id, c->scratch);

    return ptn_str_make(c->scratch, PTN_GID_LEN);
}


static ptn_str_t
ptn_item_fid(ptn_item_ctx_t *c, ptn_id_t id)
{
    uint16_t    replid;
    ptn_guid_t  guid;

    return ptn_item_replica(c, id, &replid, &guid)
           ? ptn_item_i8(c, ptn_eid_fid(replid, id)) : ptn_item_none();
}


static ptn_str_t
ptn_item_entryid(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    uint16_t               replid;
    ptn_guid_t             guid, folder;
    const ptn_msg_info_t  *m;

    m = &c->item->info;

    if (!ptn_item_replica(c, m->mid, &replid, &guid)
        || !ptn_item_replica(c, m->folder, &replid, &folder))
    {
        return ptn_item_none();
    }

    ptn_eid_message(ptn_mbox_provider(c->mb), folder, m->folder, guid, m->mid,
                    c->scratch);

    return ptn_str_make(c->scratch, PTN_EID_MESSAGE_LEN);
}


static ptn_str_t
ptn_item_parent_entryid(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    uint16_t    replid;
    ptn_guid_t  guid;

    if (!ptn_item_replica(c, c->item->info.folder, &replid, &guid)) {
        return ptn_item_none();
    }

    ptn_eid_folder(ptn_mbox_provider(c->mb), guid, c->item->info.folder,
                   c->scratch);

    return ptn_str_make(c->scratch, PTN_EID_FOLDER_LEN);
}


static ptn_str_t
ptn_item_source_key(ptn_item_ctx_t *c, uint32_t tag)
{
    return ptn_item_gid(c, tag == PTN_PR_PARENT_SOURCE_KEY
                           ? c->item->info.folder : c->item->info.mid);
}


static ptn_str_t
ptn_item_change_key(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    ptn_str_t  key;

    if (c->item->xid.len != 0) {
        return (ptn_ics_keys(c->mb, c->pool, c->item->info.cn, c->item->xid,
                             c->item->pcl, &key, NULL) == PTN_OK)
               ? key : ptn_item_none();
    }

    return ptn_item_gid(c, c->item->info.cn);
}


static ptn_str_t
ptn_item_pcl(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    uint16_t    replid;
    ptn_str_t   pcl;
    ptn_guid_t  guid;

    if (c->item->xid.len != 0 || c->item->pcl.len != 0) {
        return (ptn_ics_keys(c->mb, c->pool, c->item->info.cn, c->item->xid,
                             c->item->pcl, NULL, &pcl) == PTN_OK)
               ? pcl : ptn_item_none();
    }

    if (!ptn_item_replica(c, c->item->info.cn, &replid, &guid)) {
        return ptn_item_none();
    }

    ptn_eid_pcl(guid, c->item->info.cn, c->scratch);

    return ptn_str_make(c->scratch, PTN_PCL_LEN);
}


static ptn_str_t
ptn_item_ids(ptn_item_ctx_t *c, uint32_t tag)
{
    return ptn_item_fid(c, tag == PTN_PR_FOLDER_ID ? c->item->info.folder
                           : tag == PTN_PR_CHANGE_NUMBER ? c->item->info.cn
                           : c->item->info.mid);
}


static ptn_str_t
ptn_item_instance_key(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    return ptn_item_i8(c, c->item->info.mid);
}


static ptn_str_t
ptn_item_mailbox(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    return ptn_str_make(c->mb->guid.b, 16);
}


static ptn_str_t
ptn_item_message_flags(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    int64_t   kept;
    uint32_t  n, flags;

    flags = c->item->info.flags;

    n = ((flags & PTN_FLAG_SEEN) ? PTN_MSGFLAG_READ|PTN_MSGFLAG_EVERREAD : 0)
        | ((flags & PTN_FLAG_DRAFT) ? PTN_MSGFLAG_UNSENT : 0)
        | (c->item->attach ? PTN_MSGFLAG_HASATTACH : 0)
        | (c->item->info.fai ? PTN_MSGFLAG_FAI : 0)
        | (c->item->info.modified == 0 ? PTN_MSGFLAG_UNMODIFIED : 0);

    if (ptn_bag_int(&c->item->bag, PTN_PR_MESSAGE_FLAGS, &kept)) {
        n |= (uint32_t) kept & PTN_ITEM_FLAGS_KEPT;
    }

    return ptn_item_long(c, n);
}


static ptn_str_t
ptn_item_status(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    return ptn_item_long(c, c->item->info.status
                            | ((c->item->info.flags & PTN_FLAG_DELETED)
                               ? PTN_STATUS_DELMARKED : 0));
}


static ptn_str_t
ptn_item_size_of(ptn_item_ctx_t *c, uint32_t tag)
{
    uint64_t  n;

    n = c->item->info.size;

    return (tag == PTN_PR_MESSAGE_SIZE)
           ? ptn_item_long(c, ptn_min(n, (uint64_t) INT32_MAX))
           : ptn_item_i8(c, n);
}


static ptn_str_t
ptn_item_is(ptn_item_ctx_t *c, uint32_t tag)
{
    switch (tag) {

    case PTN_PR_READ:
        return ptn_item_bool(c, c->item->info.flags & PTN_FLAG_SEEN);

    case PTN_PR_ASSOCIATED:
        return ptn_item_bool(c, c->item->info.fai);

    case PTN_PR_HASATTACH:
        return ptn_item_bool(c, c->item->attach);
    }

    return ptn_item_bool(c, true);
}


static bool
ptn_item_has_named(ptn_item_ctx_t *c)
{
    uint32_t   tag;
    ptn_str_t  value;

    if (c->item->bag.count == 0) {
        return false;
    }

    ptn_bag_item(&c->item->bag, c->item->bag.count - 1, &tag, &value);

    return ptn_prop_id(tag) >= PTN_NAMED_FIRST;
}


static ptn_str_t
ptn_item_named(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    return ptn_item_bool(c, ptn_item_has_named(c));
}


static ptn_str_t
ptn_item_number(ptn_item_ctx_t *c, uint32_t tag)
{
    switch (tag) {

    case PTN_PR_OBJECT_TYPE:
        return ptn_item_long(c, PTN_OBJECT_MESSAGE);

    case PTN_PR_ACCESS:
        return ptn_item_long(c, ptn_rights_access(c->mb, &c->item->info));

    case PTN_PR_ACCESS_LEVEL:
        return ptn_item_long(c, (ptn_rights_access(c->mb, &c->item->info)
                                 & PTN_ACCESS_MODIFY) ? 1 : 0);

    case PTN_PR_ROW_TYPE:
        return ptn_item_long(c, 1);

    case PTN_PR_INTERNET_ARTICLE_NUMBER:
        return ptn_item_long(c, c->item->info.uid);
    }

    return ptn_item_long(c, 0);     /* INSTANCE_NUM */
}


static ptn_str_t
ptn_item_modified(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    return ptn_item_time(c, c->item->info.modified
                            ? c->item->info.modified
                            : c->item->info.received);
}


static ptn_str_t
ptn_item_received(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    return ptn_item_time(c, c->item->info.received);
}


/* \Flagged; the bag knows "complete", which IMAP does not. */

static ptn_str_t
ptn_item_flag_status(ptn_item_ctx_t *c, uint32_t tag)
{
    ptn_str_t  s;

    if (c->item->info.flags & PTN_FLAG_FLAGGED) {
        return ptn_item_long(c, PTN_FOLLOWUP_FLAGGED);
    }

    s = ptn_item_none();

    if (ptn_bag_get(&c->item->bag, tag, &s) && s.len == 4
        && ptn_le32(s.data) == PTN_FOLLOWUP_FLAGGED)
    {
        s = ptn_item_none();
    }

    return s;
}


/* ---- columns ------------------------------------------------------------ */

static ptn_str_t
ptn_item_column(ptn_item_ctx_t *c, uint32_t tag)
{
    const ptn_str_t  *text;

    text = c->item->text;

    switch (tag) {

    case PTN_PR_MESSAGE_CLASS:
        return ptn_item_text(text[PTN_ITEM_CLASS]);

    case PTN_PR_SUBJECT:
        return ptn_item_text(text[PTN_ITEM_SUBJECT]);

    case PTN_PR_DISPLAY_TO:
        return ptn_item_text(text[PTN_ITEM_TO]);

    case PTN_PR_DISPLAY_CC:
        return ptn_item_text(text[PTN_ITEM_CC]);

    case PTN_PR_SENT_REPRESENTING_NAME:
        return ptn_item_if(text[PTN_ITEM_FROM_NAME]);

    case PTN_PR_SENT_REPRESENTING_SMTP_ADDRESS:
        return ptn_item_if(text[PTN_ITEM_FROM_ADDR]);

    case PTN_PR_INTERNET_MESSAGE_ID:
        return ptn_item_if(text[PTN_ITEM_MESSAGE_ID]);
    }

    return ptn_item_none();
}


static ptn_str_t
ptn_item_submitted(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    return c->item->dated ? ptn_item_time(c, c->item->sent)
                          : ptn_item_none();
}


static ptn_str_t
ptn_item_importance(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    return ptn_item_long(c, c->item->importance);
}


/* ---- defaults -----------------------------------------------------------
 *
 * Of columns alone: what is in the bag or not must not change another value.
 * The sender is the one represented.
 */

static ptn_str_t
ptn_item_empty(ptn_item_ctx_t *c PTN_UNUSED, uint32_t tag PTN_UNUSED)
{
    return ptn_str_make("", 0);
}


/* -1, 0, 1 of importance 0, 1, 2 (MS-OXCMSG 2.2.1.12). */

static ptn_str_t
ptn_item_priority(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    return ptn_item_long(c, (uint64_t) ((int64_t) c->item->importance - 1));
}


static ptn_str_t
ptn_item_false(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    return ptn_item_bool(c, false);
}


static ptn_str_t
ptn_item_zero(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    return ptn_item_long(c, 0);
}


/*
 * The prefix: up to three characters and a colon (MS-OXCMSG 3.2.1.1.1).  The
 * normalized subject, and the topic of the conversation, is what follows.
 */

static size_t
ptn_item_prefix_len(ptn_str_t s)
{
    size_t  i, chars;

    for (i = 0, chars = 0; i < s.len && chars <= 3; i++) {
        if (s.data[i] == ':') {
            return (chars == 0) ? 0
                   : (i + 1 == s.len) ? i + 1
                   : (s.data[i + 1] == ' ') ? i + 2 : 0;
        }

        if (s.data[i] == ' ' || (s.data[i] >= '0' && s.data[i] <= '9')) {
            break;
        }

        chars += (s.data[i] & 0xc0) != 0x80;
    }

    return 0;
}


static ptn_str_t
ptn_item_normalized(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    size_t     n;
    ptn_str_t  s;

    s = c->item->text[PTN_ITEM_SUBJECT];
    n = ptn_item_prefix_len(s);

    return ptn_str_make(s.data ? (const char *) s.data + n : "", s.len - n);
}


static ptn_str_t
ptn_item_prefix(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    ptn_str_t  s;

    s = c->item->text[PTN_ITEM_SUBJECT];
    s.len = ptn_item_prefix_len(s);

    return ptn_item_text(s);
}


static ptn_str_t
ptn_item_from_type(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    return c->item->text[PTN_ITEM_FROM_ADDR].len ? ptn_str_make("SMTP", 4)
                                                 : ptn_item_none();
}


static ptn_str_t
ptn_item_from_name(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    return ptn_item_if(c->item->text[PTN_ITEM_FROM_NAME]);
}


static ptn_str_t
ptn_item_from_email(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    return ptn_item_if(c->item->text[PTN_ITEM_FROM_ADDR]);
}


static ptn_str_t
ptn_item_from_entryid(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    ptn_str_t         s;
    const ptn_str_t  *text;

    text = c->item->text;

    return (text[PTN_ITEM_FROM_ADDR].len != 0
            && ptn_eid_one_off(c->pool, text[PTN_ITEM_FROM_NAME],
                               ptn_str_make("SMTP", 4),
                               text[PTN_ITEM_FROM_ADDR], &s) == PTN_OK)
           ? s : ptn_item_none();
}


static ptn_str_t
ptn_item_from_search_key(ptn_item_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    ptn_str_t  s, addr;

    addr = c->item->text[PTN_ITEM_FROM_ADDR];

    return (addr.len != 0
            && ptn_eid_search_key(c->pool, ptn_str_make("SMTP", 4), addr, &s)
               == PTN_OK)
           ? s : ptn_item_none();
}


/* \Answered by a client that does not write these. */

static ptn_str_t
ptn_item_answered(ptn_item_ctx_t *c, uint32_t tag)
{
    if (!(c->item->info.flags & PTN_FLAG_ANSWERED)) {
        return ptn_item_none();
    }

    return ptn_item_long(c, tag == PTN_PR_ICON_INDEX ? PTN_ICON_REPLIED
                                                     : PTN_VERB_REPLY);
}


static ptn_str_t
ptn_item_conversation(ptn_item_ctx_t *c, uint32_t tag)
{
    bool    index;
    u_char  value[22];

    index = (tag == PTN_PR_CONVERSATION_INDEX);

    if (index ? !ptn_conversation_index(c, value)
              : !ptn_conversation_id(c, value))
    {
        return ptn_item_none();
    }

    memcpy(c->scratch, value, index ? 22 : 16);

    return ptn_str_make(c->scratch, index ? 22 : 16);
}


/* ---- the table ---------------------------------------------------------- */

#define PTN_ITEM_P(name, kind, get)  { PTN_PR_##name, PTN_ITEM_##kind, get }

/* tags ascending */

static const ptn_item_prop_t  ptn_item_table[] = {
    PTN_ITEM_P(IMPORTANCE, COLUMN, ptn_item_importance),
    PTN_ITEM_P(MESSAGE_CLASS, COLUMN, ptn_item_column),
    PTN_ITEM_P(PRIORITY, DEFAULT, ptn_item_priority),
    PTN_ITEM_P(READ_RECEIPT_REQUESTED, DEFAULT, ptn_item_false),
    PTN_ITEM_P(SENSITIVITY, DEFAULT, ptn_item_zero),
    PTN_ITEM_P(SUBJECT, COLUMN, ptn_item_column),
    PTN_ITEM_P(CLIENT_SUBMIT_TIME, COLUMN, ptn_item_submitted),
    PTN_ITEM_P(SENT_REPRESENTING_SEARCH_KEY, DEFAULT,
               ptn_item_from_search_key),
    PTN_ITEM_P(SUBJECT_PREFIX, DEFAULT, ptn_item_prefix),
    PTN_ITEM_P(SENT_REPRESENTING_ENTRYID, DEFAULT, ptn_item_from_entryid),
    PTN_ITEM_P(SENT_REPRESENTING_NAME, COLUMN, ptn_item_column),
    PTN_ITEM_P(SENT_REPRESENTING_ADDRTYPE, DEFAULT, ptn_item_from_type),
    PTN_ITEM_P(SENT_REPRESENTING_EMAIL, DEFAULT, ptn_item_from_email),
    PTN_ITEM_P(CONVERSATION_TOPIC, DEFAULT, ptn_item_normalized),
    PTN_ITEM_P(CONVERSATION_INDEX, DEFAULT, ptn_item_conversation),
    PTN_ITEM_P(NON_RECEIPT_NOTIFICATION_REQUESTED, DEFAULT, ptn_item_false),
    PTN_ITEM_P(SENDER_ENTRYID, DEFAULT, ptn_item_from_entryid),
    PTN_ITEM_P(SENDER_NAME, DEFAULT, ptn_item_from_name),
    PTN_ITEM_P(SENDER_SEARCH_KEY, DEFAULT, ptn_item_from_search_key),
    PTN_ITEM_P(SENDER_ADDRTYPE, DEFAULT, ptn_item_from_type),
    PTN_ITEM_P(SENDER_EMAIL, DEFAULT, ptn_item_from_email),
    PTN_ITEM_P(DISPLAY_BCC, DEFAULT, ptn_item_empty),
    PTN_ITEM_P(DISPLAY_CC, COLUMN, ptn_item_column),
    PTN_ITEM_P(DISPLAY_TO, COLUMN, ptn_item_column),
    PTN_ITEM_P(MESSAGE_DELIVERY_TIME, COMPUTED, ptn_item_received),
    PTN_ITEM_P(MESSAGE_FLAGS, COMPUTED, ptn_item_message_flags),
    PTN_ITEM_P(MESSAGE_SIZE, COMPUTED, ptn_item_size_of),
    PTN_ITEM_P(MESSAGE_SIZE_EXTENDED, COMPUTED, ptn_item_size_of),
    PTN_ITEM_P(PARENT_ENTRYID, COMPUTED, ptn_item_parent_entryid),
    PTN_ITEM_P(MSG_STATUS, COMPUTED, ptn_item_status),
    PTN_ITEM_P(HASATTACH, COMPUTED, ptn_item_is),
    PTN_ITEM_P(NORMALIZED_SUBJECT, DEFAULT, ptn_item_normalized),
    PTN_ITEM_P(INTERNET_ARTICLE_NUMBER, COMPUTED, ptn_item_number),
    PTN_ITEM_P(READ, COMPUTED, ptn_item_is),
    PTN_ITEM_P(ACCESS, COMPUTED, ptn_item_number),
    PTN_ITEM_P(ROW_TYPE, COMPUTED, ptn_item_number),
    PTN_ITEM_P(INSTANCE_KEY, COMPUTED, ptn_item_instance_key),
    PTN_ITEM_P(ACCESS_LEVEL, COMPUTED, ptn_item_number),
    PTN_ITEM_P(MAPPING_SIGNATURE, COMPUTED, ptn_item_mailbox),
    PTN_ITEM_P(RECORD_KEY, COMPUTED, ptn_item_entryid),
    PTN_ITEM_P(STORE_RECORD_KEY, COMPUTED, ptn_item_mailbox),
    PTN_ITEM_P(OBJECT_TYPE, COMPUTED, ptn_item_number),
    PTN_ITEM_P(ENTRYID, COMPUTED, ptn_item_entryid),
    PTN_ITEM_P(INTERNET_MESSAGE_ID, COLUMN, ptn_item_column),
    PTN_ITEM_P(ICON_INDEX, DEFAULT, ptn_item_answered),
    PTN_ITEM_P(LAST_VERB_EXECUTED, DEFAULT, ptn_item_answered),
    PTN_ITEM_P(FLAG_STATUS, COMPUTED, ptn_item_flag_status),
    PTN_ITEM_P(CREATION_TIME, DEFAULT, ptn_item_received),
    PTN_ITEM_P(LAST_MODIFICATION_TIME, COMPUTED, ptn_item_modified),
    PTN_ITEM_P(CONVERSATION_ID, COMPUTED, ptn_item_conversation),
    PTN_ITEM_P(SENDER_SMTP_ADDRESS, DEFAULT, ptn_item_from_email),
    PTN_ITEM_P(SENT_REPRESENTING_SMTP_ADDRESS, COLUMN, ptn_item_column),
    PTN_ITEM_P(SOURCE_KEY, COMPUTED, ptn_item_source_key),
    PTN_ITEM_P(PARENT_SOURCE_KEY, COMPUTED, ptn_item_source_key),
    PTN_ITEM_P(CHANGE_KEY, COMPUTED, ptn_item_change_key),
    PTN_ITEM_P(PREDECESSOR_CHANGE_LIST, COMPUTED, ptn_item_pcl),
    PTN_ITEM_P(HAS_NAMED_PROPERTIES, COMPUTED, ptn_item_named),
    PTN_ITEM_P(LOCAL_COMMIT_TIME, COMPUTED, ptn_item_modified),
    PTN_ITEM_P(FOLDER_ID, COMPUTED, ptn_item_ids),
    PTN_ITEM_P(MID, COMPUTED, ptn_item_ids),
    PTN_ITEM_P(INST_ID, COMPUTED, ptn_item_ids),
    PTN_ITEM_P(INSTANCE_NUM, COMPUTED, ptn_item_number),
    PTN_ITEM_P(CHANGE_NUMBER, COMPUTED, ptn_item_ids),
    PTN_ITEM_P(ASSOCIATED, COMPUTED, ptn_item_is)
};


const ptn_item_prop_t *
ptn_item_props(size_t *ret_n)
{
    *ret_n = ptn_nelts(ptn_item_table);

    return ptn_item_table;
}


const ptn_item_prop_t *
ptn_item_prop(uint32_t tag)
{
    size_t  lo, hi, mid;

    lo = 0;
    hi = ptn_nelts(ptn_item_table);

    while (lo < hi) {
        mid = (lo + hi) / 2;

        if (ptn_item_table[mid].tag < tag) {
            lo = mid + 1;

        } else {
            hi = mid;
        }
    }

    return (lo < ptn_nelts(ptn_item_table) && ptn_item_table[lo].tag == tag)
           ? &ptn_item_table[lo] : NULL;
}


bool
ptn_item_computed(uint32_t tag)
{
    const ptn_item_prop_t  *prop;

    prop = ptn_item_prop(tag);

    return prop != NULL && prop->kind == PTN_ITEM_COMPUTED;
}


bool
ptn_item_plain(const ptn_bag_t *bag)
{
    size_t     i;
    ptn_str_t  s;

    for (i = 0; i < ptn_nelts(ptn_item_table); i++) {
        if (ptn_item_table[i].kind == PTN_ITEM_COLUMN
            && ptn_bag_get(bag, ptn_item_table[i].tag, &s))
        {
            return false;
        }
    }

    return true;
}


unsigned
ptn_item_what(uint32_t tag)
{
    switch (ptn_prop_id(tag)) {

    case 0x1000:                    /* BODY */
        return PTN_OXCMAIL_BODY;

    case 0x1009:                    /* RTF_COMPRESSED */
        return PTN_OXCMAIL_BODY|PTN_OXCMAIL_HTML;

    case 0x0e1f:                    /* RTF_IN_SYNC */
    case 0x1013:                    /* HTML */
    case 0x1016:                    /* NATIVE_BODY */
    case 0x3fde:                    /* INTERNET_CPID, of HTML */
        return PTN_OXCMAIL_HTML;
    }

    return PTN_OXCMAIL_PROPS;
}


bool
ptn_item_omitted(const ptn_item_t *item, uint32_t tag)
{
    size_t     i;
    ptn_str_t  s;

    if (ptn_item_what(tag) != PTN_OXCMAIL_PROPS) {
        return true;
    }

    if (!(item->derived & PTN_DERIVED_YES)) {
        return true;
    }

    if (!ptn_bag_get(&item->bag, PTN_ITEM_OMITTED, &s)) {
        return false;
    }

    for (i = 0; i + 4 <= s.len; i += 4) {
        if (ptn_le32(s.data + i) == tag) {
            return true;
        }
    }

    return false;
}


ptn_str_t
ptn_item_value(ptn_item_ctx_t *c, const ptn_item_prop_t *prop, uint32_t tag,
    bool *ret_deep)
{
    u_char     sha[32];
    uint64_t   size;
    ptn_str_t  s;

    *ret_deep = false;

    if (prop != NULL && prop->kind == PTN_ITEM_COMPUTED) {
        return prop->get(c, tag);
    }

    if (tag == PTN_ITEM_OMITTED || tag == PTN_ITEM_CATEGORIES) {
        return ptn_item_none();
    }

    if (ptn_category_is(c->mb, tag)) {
        return ptn_category_value(c->mb, c->pool, c->item, tag);
    }

    if (ptn_bag_get(&c->item->bag, tag, &s)) {
        return s;
    }

    if (prop != NULL && prop->kind == PTN_ITEM_COLUMN) {
        s = prop->get(c, tag);
        *ret_deep = (s.len >= PTN_ITEM_TEXT_MAX - 3);
        return s;
    }

    if (c->item->large.len != 0
        && ptn_item_large(c->item, tag, sha, &size))
    {
        *ret_deep = true;
        return ptn_item_none();
    }

    *ret_deep = ptn_item_omitted(c->item, tag);

    return (prop != NULL) ? prop->get(c, tag) : ptn_item_none();
}


static ptn_rc_t
ptn_item_all_large(ptn_item_ctx_t *c, ptn_props_t *props)
{
    size_t     i;
    ptn_rc_t   rc;
    uint32_t   tag;
    ptn_str_t  s;

    for (i = 0; i + PTN_ITEM_LARGE <= c->item->large.len; i += PTN_ITEM_LARGE)
    {
        tag = ptn_le32(c->item->large.data + i);
        rc = ptn_item_large_read(c->mb, c->pool, c->item, tag, &s);

        if (rc == PTN_OK) {
            rc = ptn_props_set(props, c->pool, tag, s);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


/* Whose types differ from one row to the next with one id: the first. */

static bool
ptn_item_twin(size_t i)
{
    return i > 0 && ptn_prop_id(ptn_item_table[i].tag)
                    == ptn_prop_id(ptn_item_table[i - 1].tag);
}


ptn_rc_t
ptn_item_all(ptn_item_ctx_t *c, ptn_props_t *props, bool *ret_deep)
{
    bool       deep;
    size_t     i;
    ptn_rc_t   rc;
    uint32_t   tag, k;
    ptn_str_t  s;

    *ret_deep = !(c->item->derived & PTN_DERIVED_YES)
                || ptn_bag_get(&c->item->bag, PTN_ITEM_OMITTED, &s);

    rc = PTN_OK;

    for (i = 0; i < ptn_nelts(ptn_item_table) && rc == PTN_OK; i++) {
        if (ptn_item_twin(i)) {
            continue;
        }

        s = ptn_item_value(c, &ptn_item_table[i], ptn_item_table[i].tag,
                           &deep);

        /* a default in place of what the content has is none */

        if (deep && ptn_item_table[i].kind == PTN_ITEM_DEFAULT) {
            continue;
        }

        if (s.data != NULL) {
            rc = ptn_props_set_dup(props, c->pool, ptn_item_table[i].tag, s);
        }
    }

    for (k = 0; k < c->item->bag.count && rc == PTN_OK; k++) {
        ptn_bag_item(&c->item->bag, k, &tag, &s);

        if (tag != PTN_ITEM_OMITTED && tag != PTN_ITEM_CATEGORIES
            && !ptn_item_computed(tag) && !ptn_category_is(c->mb, tag))
        {
            rc = ptn_props_set(props, c->pool, tag, s);
        }
    }

    tag = ptn_category_tag(c->mb);

    if (rc == PTN_OK && tag != 0) {
        s = ptn_category_value(c->mb, c->pool, c->item, tag);

        if (s.data != NULL) {
            rc = ptn_props_set(props, c->pool, tag, s);
        }
    }

    return (rc == PTN_OK) ? ptn_item_all_large(c, props) : rc;
}
