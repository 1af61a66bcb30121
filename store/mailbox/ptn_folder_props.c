/*
 * Folders as MAPI and EWS see them (MS-OXCFOLD 2.2.2, MS-OXOSFLD 2.2): what is
 * computed is a table of tags; the rest is folder.bag.
 */

#include "ptn_eid.h"
#include "ptn_folder.h"
#include "ptn_folder_props.h"


/* MS-OXCFOLD 2.2.2.2.2.1, MS-OXCPERM 2.2.7, MS-OXCPRPT 2.2.1.7 */
#define PTN_FOLDER_TYPE_ROOT     0
#define PTN_FOLDER_TYPE_GENERIC  1
#define PTN_FOLDER_TYPE_SEARCH   2
#define PTN_FOLDER_OBJECT        3
#define PTN_FOLDER_MASK_ALL      0x000000ff

typedef ptn_str_t  (*ptn_fprop_pt)(ptn_fprop_ctx_t *c, uint32_t tag);

typedef struct {
    uint32_t       tag;
    bool           settable;    /* what a client wrote wins */
    ptn_fprop_pt   get;
} ptn_fprop_t;


/* ---- values ------------------------------------------------------------- */

static ptn_str_t
ptn_fprop_none(void)
{
    return ptn_str_make(NULL, 0);
}


static ptn_str_t
ptn_fprop_n(ptn_fprop_ctx_t *c, uint64_t n, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        c->scratch[i] = (u_char) (n >> (8 * i));
    }

    return ptn_str_make(c->scratch, len);
}


static ptn_str_t
ptn_fprop_time(ptn_fprop_ctx_t *c, int64_t sec)
{
    return sec ? ptn_fprop_n(c, (uint64_t) ptn_filetime(sec), 8)
               : ptn_fprop_none();
}


static ptn_str_t
ptn_fprop_gid(ptn_fprop_ctx_t *c, uint64_t id)
{
    uint16_t    replid;
    ptn_guid_t  guid;

    if (id == 0 || ptn_mbox_replica(c->mb, id, &replid, &guid) != PTN_OK) {
        return ptn_fprop_none();
    }

    ptn_eid_gid(guid, id, c->scratch);

    return ptn_str_make(c->scratch, PTN_GID_LEN);
}


static ptn_str_t
ptn_fprop_fid(ptn_fprop_ctx_t *c, uint64_t id)
{
    uint16_t    replid;
    ptn_guid_t  guid;

    return (ptn_mbox_replica(c->mb, id, &replid, &guid) == PTN_OK)
           ? ptn_fprop_n(c, ptn_eid_fid(replid, id), 8) : ptn_fprop_none();
}


static ptn_str_t
ptn_fprop_eid(ptn_fprop_ctx_t *c, ptn_id_t id)
{
    uint16_t    replid;
    ptn_guid_t  guid;

    if (ptn_mbox_replica(c->mb, id, &replid, &guid) != PTN_OK) {
        return ptn_fprop_none();
    }

    ptn_eid_folder(ptn_mbox_provider(c->mb), guid, id, c->scratch);

    return ptn_str_make(c->scratch, PTN_EID_FOLDER_LEN);
}


/* ROOT is its own parent (MS-OXCFOLD 2.2.2.2.1.5: there is none above). */

static ptn_id_t
ptn_fprop_parent(const ptn_fprop_ctx_t *c)
{
    return c->folder->parent ? c->folder->parent : c->folder->id;
}


/* ---- getters ------------------------------------------------------------ */

static ptn_str_t
ptn_fprop_text(ptn_fprop_ctx_t *c, uint32_t tag)
{
    ptn_str_t  s;

    s = (tag == PTN_PR_DISPLAY_NAME) ? c->folder->name : c->folder->cls;

    return s.data ? s : ptn_str_make("", 0);
}


static ptn_str_t
ptn_fprop_entryid(ptn_fprop_ctx_t *c, uint32_t tag)
{
    return ptn_fprop_eid(c, tag == PTN_PR_PARENT_ENTRYID
                            ? ptn_fprop_parent(c) : c->folder->id);
}


static ptn_str_t
ptn_fprop_key(ptn_fprop_ctx_t *c, uint32_t tag)
{
    return ptn_fprop_gid(c, tag == PTN_PR_PARENT_SOURCE_KEY
                            ? c->folder->parent : c->folder->id);
}


/* Those of an import, too (ptn_store_ics.h). */

static ptn_str_t
ptn_fprop_version(ptn_fprop_ctx_t *c, uint32_t tag)
{
    ptn_str_t  key, pcl;

    if (ptn_folder_change_key(c->mb, c->pool, c->folder->id, &key, &pcl)
        != PTN_OK)
    {
        return ptn_fprop_none();
    }

    return (tag == PTN_PR_CHANGE_KEY) ? key : pcl;
}


static ptn_str_t
ptn_fprop_id(ptn_fprop_ctx_t *c, uint32_t tag)
{
    return ptn_fprop_fid(c, tag == PTN_PR_CHANGE_NUMBER ? c->folder->cn
                            : tag == PTN_PR_PARENT_FOLDER_ID
                              ? ptn_fprop_parent(c) : c->folder->id);
}


static ptn_str_t
ptn_fprop_mailbox(ptn_fprop_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    return ptn_str_make(c->mb->guid.b, 16);
}


static bool
ptn_fprop_has_children(const ptn_fprop_ctx_t *c)
{
    uint32_t          i;
    const ptn_set_t  *set;

    set = c->mb->set;

    for (i = 0; i < set->n; i++) {
        if (set->folders[i].parent == c->folder->id) {
            return true;
        }
    }

    return false;
}


static uint64_t
ptn_fprop_fai(ptn_fprop_ctx_t *c)
{
    ptn_rc_t       rc;
    uint64_t       n;
    sqlite3_stmt  *st;

    st = ptn_sql(c->mb, PTN_SQL_FOLDER_FAI, &rc);
    if (st == NULL) {
        return 0;
    }

    n = 0;
    sqlite3_bind_int64(st, 1, (sqlite3_int64) c->folder->id);

    if (ptn_sql_step(c->mb, st) == PTN_AGAIN) {
        n = ptn_sql_u64(st, 0);
        sqlite3_reset(st);
    }

    return n;
}


static const ptn_folder_more_t *
ptn_fprop_more(const ptn_fprop_ctx_t *c)
{
    return &c->mb->set->more[c->folder - c->mb->set->folders];
}


static uint32_t
ptn_fprop_rights(const ptn_fprop_ctx_t *c)
{
    return ptn_rights_at(c->mb, (uint32_t) (c->folder - c->mb->set->folders));
}


/* MS-OXCPRPT 2.2.1.1. */

static uint32_t
ptn_fprop_access(const ptn_fprop_ctx_t *c)
{
    uint32_t  rights, n;

    rights = ptn_fprop_rights(c);
    n = 0;

    if (rights & PTN_RIGHT_VISIBLE) {
        n |= PTN_ACCESS_READ;
    }

    if (rights & PTN_RIGHT_OWNER) {
        n |= PTN_ACCESS_MODIFY|PTN_ACCESS_DELETE|PTN_ACCESS_ASSOCIATED;
    }

    if (rights & PTN_RIGHT_CREATE_SUBFOLDER) {
        n |= PTN_ACCESS_HIERARCHY;
    }

    if (rights & PTN_RIGHT_CREATE) {
        n |= PTN_ACCESS_CONTENTS;
    }

    return n;
}


static ptn_str_t
ptn_fprop_long(ptn_fprop_ctx_t *c, uint32_t tag)
{
    uint64_t             n;
    const ptn_folder_t  *f;

    f = c->folder;
    n = 0;

    switch (tag) {

    case PTN_PR_FOLDER_TYPE:
        n = (f->special == PTN_FOLDER_ROOT) ? PTN_FOLDER_TYPE_ROOT
            : f->search ? PTN_FOLDER_TYPE_SEARCH : PTN_FOLDER_TYPE_GENERIC;
        break;

    case PTN_PR_CONTENT_COUNT:
        n = c->counts.total;
        break;

    case PTN_PR_CONTENT_UNREAD:
        n = c->counts.unread;
        break;

    case PTN_PR_ASSOC_CONTENT_COUNT:
        n = ptn_fprop_fai(c);
        break;

    case PTN_PR_MESSAGE_SIZE:
        n = ptn_min(c->counts.size, (uint64_t) INT32_MAX);
        break;

    case PTN_PR_ACCESS:
        n = ptn_fprop_access(c);
        break;

    case PTN_PR_ACCESS_LEVEL:
        n = (ptn_fprop_access(c) & PTN_ACCESS_MODIFY) ? 1 : 0;
        break;

    case PTN_PR_ROW_TYPE:
        n = 1;
        break;

    case PTN_PR_RIGHTS:
        n = ptn_fprop_rights(c) & ~(uint32_t) PTN_RIGHTS_FREEBUSY;
        break;

    case PTN_PR_OBJECT_TYPE:
        n = PTN_FOLDER_OBJECT;
        break;

    case PTN_PR_HIERARCHY_CHANGE_NUMBER:
        n = ptn_fprop_more(c)->hier & INT32_MAX;
        break;

    case PTN_PR_DELETED_COUNT_TOTAL:
        n = ptn_fprop_more(c)->removed & INT32_MAX;
        break;

    case PTN_PR_VALID_FOLDER_MASK:
        if (f->special != PTN_FOLDER_ROOT) {
            return ptn_fprop_none();
        }

        n = PTN_FOLDER_MASK_ALL;
        break;

    case PTN_PR_DEPTH:
        n = c->depth;
        break;
    }

    return ptn_fprop_n(c, n, 4);
}


static ptn_str_t
ptn_fprop_size(ptn_fprop_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    return ptn_fprop_n(c, c->counts.size, 8);
}


static ptn_str_t
ptn_fprop_instance_key(ptn_fprop_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    return ptn_fprop_n(c, c->folder->id, 8);
}


static ptn_str_t
ptn_fprop_bool(ptn_fprop_ctx_t *c, uint32_t tag)
{
    bool  n;

    n = (tag == PTN_PR_SUBFOLDERS) ? ptn_fprop_has_children(c)
        : (tag == PTN_PR_ATTR_HIDDEN) ? c->folder->hidden
        : (tag == PTN_PR_HAS_RULES) ? ptn_rule_any(c->mb, c->folder->id)
        : false;

    return ptn_fprop_n(c, n, 1);
}


static ptn_str_t
ptn_fprop_times(ptn_fprop_ctx_t *c, uint32_t tag)
{
    const ptn_folder_more_t  *more;

    int64_t                   sec;

    more = ptn_fprop_more(c);
    sec = ptn_max(more->modified, more->created);

    switch (tag) {

    case PTN_PR_CREATION_TIME:
        sec = more->created;
        break;

    case PTN_PR_HIER_REV:               /* MS-OXCFOLD 2.2.2.2.1.9 */
        sec = ptn_max(more->hier_at, more->created);
        break;

    case PTN_PR_LOCAL_COMMIT_TIME_MAX:  /* 2.2.2.2.1.14 */
        sec = ptn_max(more->touched, more->created);
        break;
    }

    return ptn_fprop_time(c, sec);
}


/* What can be recovered of it. */

static ptn_str_t
ptn_fprop_gone(ptn_fprop_ctx_t *c, uint32_t tag)
{
    ptn_gone_count_t  n;

    if (ptn_gone_count(c->mb, c->folder->id, &n) != PTN_OK) {
        return ptn_fprop_none();
    }

    switch (tag) {

    case PTN_PR_DELETED_MSG_COUNT:
        return ptn_fprop_n(c, ptn_min(n.messages, (uint64_t) INT32_MAX), 4);

    case PTN_PR_DELETED_FOLDER_COUNT:
        return ptn_fprop_n(c, ptn_min(n.folders, (uint64_t) INT32_MAX), 4);

    case PTN_PR_DELETED_ASSOC_MSG_COUNT:
        return ptn_fprop_n(c, ptn_min(n.fai, (uint64_t) INT32_MAX), 4);
    }

    return ptn_fprop_n(c, n.size + n.fai_size, 8);
}


/* ---- special folders (MS-OXOSFLD) --------------------------------------- */

static bool
ptn_fprop_of_specials(const ptn_fprop_ctx_t *c)
{
    return c->folder->special == PTN_FOLDER_ROOT
           || c->folder->special == PTN_FOLDER_INBOX;
}


/*
 * 2.2.3: on the Inbox for the owner and on the root for a delegate; those from
 * 0x35e0 on are of the store object, and stand on the root for it.
 */

static ptn_str_t
ptn_fprop_special(ptn_fprop_ctx_t *c, uint32_t tag)
{
    size_t  i;

    static const struct {
        uint32_t              tag;
        bool                  inbox;
        ptn_folder_special_e  special;
    } rows[] = {
        { PTN_PR_IPM_SUBTREE_ENTRYID,     false, PTN_FOLDER_IPM_SUBTREE },
        { PTN_PR_IPM_OUTBOX_ENTRYID,      false, PTN_FOLDER_OUTBOX },
        { PTN_PR_IPM_WASTEBASKET_ENTRYID, false, PTN_FOLDER_DELETED },
        { PTN_PR_IPM_SENTMAIL_ENTRYID,    false, PTN_FOLDER_SENT },
        { PTN_PR_VIEWS_ENTRYID,           false, PTN_FOLDER_VIEWS },
        { PTN_PR_COMMON_VIEWS_ENTRYID,    false, PTN_FOLDER_COMMON_VIEWS },
        { PTN_PR_FINDER_ENTRYID,          false, PTN_FOLDER_FINDER },
        { PTN_PR_IPM_APPOINTMENT_ENTRYID, true,  PTN_FOLDER_CALENDAR },
        { PTN_PR_IPM_CONTACT_ENTRYID,     true,  PTN_FOLDER_CONTACTS },
        { PTN_PR_IPM_JOURNAL_ENTRYID,     true,  PTN_FOLDER_JOURNAL },
        { PTN_PR_IPM_NOTE_ENTRYID,        true,  PTN_FOLDER_NOTES },
        { PTN_PR_IPM_TASK_ENTRYID,        true,  PTN_FOLDER_TASKS },
        { PTN_PR_REM_ONLINE_ENTRYID,      true,  PTN_FOLDER_REMINDERS },
        { PTN_PR_IPM_DRAFTS_ENTRYID,      true,  PTN_FOLDER_DRAFTS }
    };

    for (i = 0; i < ptn_nelts(rows); i++) {
        if (rows[i].tag == tag && ptn_fprop_of_specials(c)
            && (rows[i].inbox || c->folder->special == PTN_FOLDER_ROOT))
        {
            return ptn_fprop_eid(c, c->mb->set->special[rows[i].special]);
        }
    }

    return ptn_fprop_none();
}


static ptn_str_t
ptn_fprop_list(ptn_fprop_ctx_t *c, const ptn_folder_special_e *list,
    uint32_t n)
{
    uint32_t   i;
    ptn_str_t  eids[8], s;

    for (i = 0; i < n; i++) {
        eids[i] = ptn_str_make("", 0);

        if (list[i] != PTN_FOLDER_NONE) {
            eids[i] = ptn_str_dup(c->pool,
                                  ptn_fprop_eid(c,
                                            c->mb->set->special[list[i]]));
        }
    }

    return (ptn_mv_make(c->pool, PTN_PR_ADDITIONAL_REN_ENTRYIDS, eids, n, &s)
            == PTN_OK)
           ? s : ptn_fprop_none();
}


/* 2.2.4 */

static ptn_str_t
ptn_fprop_additional(ptn_fprop_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    static const ptn_folder_special_e  list[] = {
        PTN_FOLDER_CONFLICTS, PTN_FOLDER_SYNC_ISSUES,
        PTN_FOLDER_LOCAL_FAILURES, PTN_FOLDER_SERVER_FAILURES,
        PTN_FOLDER_JUNK
    };

    return ptn_fprop_of_specials(c)
           ? ptn_fprop_list(c, list, ptn_nelts(list)) : ptn_fprop_none();
}


/* 2.2.6: element 3 is the folder; the others are of delegates' messages. */

static ptn_str_t
ptn_fprop_freebusy(ptn_fprop_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    static const ptn_folder_special_e  list[] = {
        PTN_FOLDER_NONE, PTN_FOLDER_NONE, PTN_FOLDER_NONE,
        PTN_FOLDER_FREEBUSY_DATA
    };

    return ptn_fprop_of_specials(c)
           ? ptn_fprop_list(c, list, ptn_nelts(list)) : ptn_fprop_none();
}


static void
ptn_fprop_le16(ptn_buf_t *b, unsigned n)
{
    ptn_buf_byte(b, (u_char) n);
    ptn_buf_byte(b, (u_char) (n >> 8));
}


/* 2.2.5: PersistData blocks of one element each, and an empty one. */

static ptn_str_t
ptn_fprop_additional_ex(ptn_fprop_ctx_t *c, uint32_t tag PTN_UNUSED)
{
    size_t     i;
    ptn_buf_t  b;
    ptn_str_t  eid;

    static const struct {
        uint16_t              id;
        ptn_folder_special_e  special;
    } rows[] = {
        { 0x8008, PTN_FOLDER_SUGGESTED_CONTACTS },
        { 0x800b, PTN_FOLDER_QUICK_CONTACTS }
    };

    if (!ptn_fprop_of_specials(c)) {
        return ptn_fprop_none();
    }

    ptn_buf_init(&b, c->pool);

    for (i = 0; i < ptn_nelts(rows); i++) {
        eid = ptn_fprop_eid(c, c->mb->set->special[rows[i].special]);

        ptn_fprop_le16(&b, rows[i].id);
        ptn_fprop_le16(&b, (unsigned) (4 + eid.len + 4));
        ptn_fprop_le16(&b, 0x0001);             /* RSF_ELID_ENTRYID */
        ptn_fprop_le16(&b, (unsigned) eid.len);
        ptn_buf_str(&b, eid);
        ptn_fprop_le16(&b, 0);                  /* ELEMENT_SENTINEL */
        ptn_fprop_le16(&b, 0);
    }

    ptn_fprop_le16(&b, 0);                      /* PERSIST_SENTINEL */
    ptn_fprop_le16(&b, 0);

    return b.failed ? ptn_fprop_none() : ptn_buf_get(&b);
}


/* ---- the table ---------------------------------------------------------- */

#define PTN_FPROP(name, settable, get)  { PTN_PR_##name, settable, get }

static const ptn_fprop_t  ptn_fprops[] = {
    PTN_FPROP(MESSAGE_SIZE, false, ptn_fprop_long),
    PTN_FPROP(MESSAGE_SIZE_EXTENDED, false, ptn_fprop_size),
    PTN_FPROP(PARENT_ENTRYID, false, ptn_fprop_entryid),
    PTN_FPROP(ACCESS, false, ptn_fprop_long),
    PTN_FPROP(ROW_TYPE, false, ptn_fprop_long),
    PTN_FPROP(INSTANCE_KEY, false, ptn_fprop_instance_key),
    PTN_FPROP(ACCESS_LEVEL, false, ptn_fprop_long),
    PTN_FPROP(MAPPING_SIGNATURE, false, ptn_fprop_mailbox),
    PTN_FPROP(RECORD_KEY, false, ptn_fprop_entryid),
    PTN_FPROP(STORE_RECORD_KEY, false, ptn_fprop_mailbox),
    PTN_FPROP(OBJECT_TYPE, false, ptn_fprop_long),
    PTN_FPROP(ENTRYID, false, ptn_fprop_entryid),
    PTN_FPROP(ATTR_HIDDEN, true, ptn_fprop_bool),
    PTN_FPROP(DISPLAY_NAME, true, ptn_fprop_text),
    PTN_FPROP(DEPTH, false, ptn_fprop_long),
    PTN_FPROP(CREATION_TIME, false, ptn_fprop_times),
    PTN_FPROP(LAST_MODIFICATION_TIME, false, ptn_fprop_times),
    PTN_FPROP(VALID_FOLDER_MASK, false, ptn_fprop_long),
    PTN_FPROP(IPM_SUBTREE_ENTRYID, false, ptn_fprop_special),
    PTN_FPROP(IPM_OUTBOX_ENTRYID, false, ptn_fprop_special),
    PTN_FPROP(IPM_WASTEBASKET_ENTRYID, false, ptn_fprop_special),
    PTN_FPROP(IPM_SENTMAIL_ENTRYID, false, ptn_fprop_special),
    PTN_FPROP(VIEWS_ENTRYID, false, ptn_fprop_special),
    PTN_FPROP(COMMON_VIEWS_ENTRYID, false, ptn_fprop_special),
    PTN_FPROP(FINDER_ENTRYID, false, ptn_fprop_special),
    PTN_FPROP(FOLDER_TYPE, false, ptn_fprop_long),
    PTN_FPROP(CONTENT_COUNT, false, ptn_fprop_long),
    PTN_FPROP(CONTENT_UNREAD, false, ptn_fprop_long),
    PTN_FPROP(SUBFOLDERS, false, ptn_fprop_bool),
    PTN_FPROP(CONTAINER_CLASS, true, ptn_fprop_text),
    PTN_FPROP(ASSOC_CONTENT_COUNT, false, ptn_fprop_long),
    PTN_FPROP(IPM_APPOINTMENT_ENTRYID, true, ptn_fprop_special),
    PTN_FPROP(IPM_CONTACT_ENTRYID, true, ptn_fprop_special),
    PTN_FPROP(IPM_JOURNAL_ENTRYID, true, ptn_fprop_special),
    PTN_FPROP(IPM_NOTE_ENTRYID, true, ptn_fprop_special),
    PTN_FPROP(IPM_TASK_ENTRYID, true, ptn_fprop_special),
    PTN_FPROP(REM_ONLINE_ENTRYID, true, ptn_fprop_special),
    PTN_FPROP(IPM_DRAFTS_ENTRYID, true, ptn_fprop_special),
    PTN_FPROP(ADDITIONAL_REN_ENTRYIDS, true, ptn_fprop_additional),
    PTN_FPROP(ADDITIONAL_REN_ENTRYIDS_EX, true, ptn_fprop_additional_ex),
    PTN_FPROP(FREEBUSY_ENTRYIDS, true, ptn_fprop_freebusy),
    PTN_FPROP(HIER_REV, false, ptn_fprop_times),
    PTN_FPROP(SOURCE_KEY, false, ptn_fprop_key),
    PTN_FPROP(PARENT_SOURCE_KEY, false, ptn_fprop_key),
    PTN_FPROP(CHANGE_KEY, false, ptn_fprop_version),
    PTN_FPROP(PREDECESSOR_CHANGE_LIST, false, ptn_fprop_version),
    PTN_FPROP(RIGHTS, false, ptn_fprop_long),
    PTN_FPROP(HAS_RULES, false, ptn_fprop_bool),
    PTN_FPROP(HIERARCHY_CHANGE_NUMBER, false, ptn_fprop_long),
    PTN_FPROP(DELETED_MSG_COUNT, false, ptn_fprop_gone),
    PTN_FPROP(DELETED_FOLDER_COUNT, false, ptn_fprop_gone),
    PTN_FPROP(DELETED_ASSOC_MSG_COUNT, false, ptn_fprop_gone),
    PTN_FPROP(DELETED_MESSAGE_SIZE_EXTENDED, false, ptn_fprop_gone),
    PTN_FPROP(LOCAL_COMMIT_TIME, false, ptn_fprop_times),
    PTN_FPROP(LOCAL_COMMIT_TIME_MAX, false, ptn_fprop_times),
    PTN_FPROP(DELETED_COUNT_TOTAL, false, ptn_fprop_long),
    PTN_FPROP(FOLDER_ID, false, ptn_fprop_id),
    PTN_FPROP(PARENT_FOLDER_ID, false, ptn_fprop_id),
    PTN_FPROP(CHANGE_NUMBER, false, ptn_fprop_id)
};


static const ptn_fprop_t *
ptn_fprop(uint32_t tag)
{
    size_t  lo, hi, mid;

    lo = 0;
    hi = ptn_nelts(ptn_fprops);

    while (lo < hi) {
        mid = (lo + hi) / 2;

        if (ptn_fprops[mid].tag < tag) {
            lo = mid + 1;

        } else {
            hi = mid;
        }
    }

    return (lo < ptn_nelts(ptn_fprops) && ptn_fprops[lo].tag == tag)
           ? &ptn_fprops[lo] : NULL;
}


bool
ptn_fprop_computed(uint32_t tag)
{
    const ptn_fprop_t  *row;

    row = ptn_fprop(tag);

    return row != NULL && !row->settable;
}


/* May the bag have it? */

bool
ptn_fprop_in_bag(uint32_t tag)
{
    const ptn_fprop_t  *row;

    row = ptn_fprop(tag);

    return row == NULL
           || (row->settable && row->get != ptn_fprop_text
               && row->get != ptn_fprop_bool);
}


ptn_str_t
ptn_fprop_value(ptn_fprop_ctx_t *c, uint32_t tag)
{
    ptn_str_t           s;
    const ptn_fprop_t  *row;

    row = ptn_fprop(tag);

    if ((row == NULL || row->settable) && ptn_bag_get(&c->bag, tag, &s)) {
        return s;
    }

    return row ? row->get(c, tag) : ptn_fprop_none();
}


ptn_rc_t
ptn_fprop_init(ptn_mbox_t *mb, ptn_pool_t *pool, const ptn_folder_t *folder,
    ptn_fprop_ctx_t *c)
{
    memset(c, 0, sizeof(ptn_fprop_ctx_t));
    c->mb = mb;
    c->pool = pool;
    c->folder = folder;

    return ptn_rights_counts(mb, folder, &c->counts);
}


ptn_rc_t
ptn_fprop_open(ptn_mbox_t *mb, ptn_pool_t *pool, const ptn_folder_t *folder,
    ptn_fprop_ctx_t *c)
{
    ptn_rc_t       rc;
    ptn_str_t      packed;
    sqlite3_stmt  *st;

    rc = ptn_fprop_init(mb, pool, folder, c);
    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_FOLDER_BAG, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder->id);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    packed = ptn_str_dup(pool, ptn_sql_column(st, 0));
    sqlite3_reset(st);

    return packed.data ? ptn_bag_open(packed, &c->bag) : PTN_ENOMEM;
}


ptn_rc_t
ptn_folder_props(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    const uint32_t *tags, size_t n, ptn_str_t *ret_values)
{
    size_t            i;
    u_char            scratch[PTN_FPROP_SCRATCH];
    ptn_rc_t          rc;
    ptn_folder_t     *f;
    ptn_fprop_ctx_t   c;

    rc = ptn_rights_need(mb, folder, PTN_RIGHT_VISIBLE);

    if (rc == PTN_OK) {
        rc = ptn_folder_of(mb, folder, &f);
    }

    if (rc == PTN_OK) {
        rc = ptn_fprop_open(mb, pool, f, &c);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    c.scratch = scratch;

    for (i = 0; i < n; i++) {
        ret_values[i] = ptn_fprop_value(&c, tags[i]);

        if (ret_values[i].data == c.scratch) {
            ret_values[i] = ptn_str_dup(pool, ret_values[i]);
        }
    }

    return ptn_pool_failed(pool) ? PTN_ENOMEM : PTN_OK;
}


ptn_rc_t
ptn_folder_props_all(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    ptn_props_t *ret_props)
{
    size_t            i;
    ptn_rc_t          rc;
    uint32_t          k, tag;
    u_char            scratch[PTN_FPROP_SCRATCH];
    ptn_str_t         s;
    ptn_folder_t     *f;
    ptn_fprop_ctx_t   c;

    memset(ret_props, 0, sizeof(ptn_props_t));

    rc = ptn_rights_need(mb, folder, PTN_RIGHT_VISIBLE);

    if (rc == PTN_OK) {
        rc = ptn_folder_of(mb, folder, &f);
    }

    if (rc == PTN_OK) {
        rc = ptn_fprop_open(mb, pool, f, &c);
    }

    c.scratch = scratch;

    for (i = 0; i < ptn_nelts(ptn_fprops) && rc == PTN_OK; i++) {
        if (ptn_fprops[i].tag == PTN_PR_MESSAGE_SIZE_EXTENDED
            || ptn_fprops[i].tag == PTN_PR_DEPTH)
        {
            continue;
        }

        s = ptn_fprop_value(&c, ptn_fprops[i].tag);

        if (s.data != NULL) {
            rc = ptn_props_set_dup(ret_props, pool, ptn_fprops[i].tag, s);
        }
    }

    for (k = 0; rc == PTN_OK && k < c.bag.count; k++) {
        ptn_bag_item(&c.bag, k, &tag, &s);

        if (ptn_fprop(tag) == NULL) {
            rc = ptn_props_set(ret_props, pool, tag, s);
        }
    }

    return rc;
}


/* ---- all folders -------------------------------------------------------- */

ptn_rc_t
ptn_folder_list_all(ptn_mbox_t *mb, const ptn_folder_t **ret_folders,
    size_t *ret_n)
{
    uint32_t    i;
    ptn_rc_t    rc;
    ptn_set_t  *set;

    rc = ptn_rights_load(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    if (!mb->acting.all) {
        return ptn_rights_folders(mb, true, ret_folders, ret_n);
    }

    set = mb->set;

    if (set->all == NULL) {
        set->all = ptn_parray(set->pool, set->ntree, sizeof(ptn_folder_t));
        if (set->all == NULL) {
            return PTN_ENOMEM;
        }
    }

    /* counters move */

    for (i = 0; i < set->ntree; i++) {
        set->all[i] = set->folders[set->tree[i]];
    }

    *ret_folders = set->all;
    *ret_n = set->ntree;

    return PTN_OK;
}
