/*
 * Property groups (MS-OXCFXICS 3.2.5.7): which part of a message changed at
 * which number.
 *
 * item.groups has an entry (u16 group, u48 cn) for each group that an edit or
 * import has touched.  Flags and keywords are set in the narrow row alone: a
 * cn beyond every entry, of a message that is not as it came, says that they
 * were, and an edit notes that before its own entries.
 */

#include "ptn_ics.h"


#define PTN_GROUP_LEN  8

static const uint32_t  ptn_group_content[] = {
    PTN_PR_MESSAGE_CLASS, PTN_PR_SUBJECT, PTN_PR_SUBJECT_PREFIX,
    PTN_PR_NORMALIZED_SUBJECT, PTN_PR_IMPORTANCE, PTN_PR_PRIORITY,
    PTN_PR_SENSITIVITY, PTN_PR_CLIENT_SUBMIT_TIME, PTN_PR_BODY, PTN_PR_HTML,
    PTN_PR_RTF_COMPRESSED, PTN_PR_INTERNET_CPID, PTN_PR_NATIVE_BODY,
    PTN_PR_SENDER_NAME, PTN_PR_SENDER_EMAIL, PTN_PR_SENDER_ADDRTYPE,
    PTN_PR_SENDER_ENTRYID, PTN_PR_SENDER_SEARCH_KEY,
    PTN_PR_SENDER_SMTP_ADDRESS, PTN_PR_SENT_REPRESENTING_NAME,
    PTN_PR_SENT_REPRESENTING_EMAIL, PTN_PR_SENT_REPRESENTING_ADDRTYPE,
    PTN_PR_SENT_REPRESENTING_ENTRYID, PTN_PR_SENT_REPRESENTING_SEARCH_KEY,
    PTN_PR_SENT_REPRESENTING_SMTP_ADDRESS, PTN_PR_INTERNET_MESSAGE_ID,
    PTN_PR_TRANSPORT_MESSAGE_HEADERS, PTN_PR_CONVERSATION_TOPIC,
    PTN_PR_CONVERSATION_INDEX
};

static const uint32_t  ptn_group_recips[] = {
    PTN_PR_MESSAGE_RECIPIENTS, PTN_PR_DISPLAY_TO, PTN_PR_DISPLAY_CC,
    PTN_PR_DISPLAY_BCC
};

static const uint32_t  ptn_group_attachs[] = {
    PTN_PR_MESSAGE_ATTACHMENTS, PTN_PR_HASATTACH
};

static const uint32_t  ptn_group_followup[] = {
    PTN_PR_FLAG_STATUS, PTN_PR_FLAG_COMPLETE_TIME, PTN_PR_FOLLOWUP_ICON,
    PTN_PR_TODO_ITEM_FLAGS, PTN_PR_SWAPPED_TODO_DATA, PTN_PR_REPLY_TIME
};

static const uint32_t  ptn_group_reply[] = {
    PTN_PR_ICON_INDEX, PTN_PR_LAST_VERB_EXECUTED,
    PTN_PR_LAST_VERB_EXECUTION_TIME
};

static const uint32_t  ptn_group_keys[] = {
    PTN_PR_MESSAGE_FLAGS, PTN_PR_MESSAGE_SIZE, PTN_PR_MESSAGE_SIZE_EXTENDED,
    PTN_PR_MSG_STATUS
};

typedef struct {
    const uint32_t  *tags;
    size_t           n;
} ptn_group_row_t;

#define PTN_GROUP_ROW(group)  { ptn_group_##group,                            \
                                ptn_nelts(ptn_group_##group) }

static const ptn_group_row_t  ptn_group_rows[PTN_GROUPS] = {
    [PTN_GROUP_CONTENT] = PTN_GROUP_ROW(content),
    [PTN_GROUP_RECIPS] = PTN_GROUP_ROW(recips),
    [PTN_GROUP_ATTACHS] = PTN_GROUP_ROW(attachs),
    [PTN_GROUP_FOLLOWUP] = PTN_GROUP_ROW(followup),
    [PTN_GROUP_REPLY] = PTN_GROUP_ROW(reply),
    [PTN_GROUP_KEYS] = PTN_GROUP_ROW(keys)
};

/* What \Flagged, \Answered, \Draft and keywords are (categories: the rest). */
#define PTN_GROUP_FLAGS                                                       \
    (1u << PTN_GROUP_FOLLOWUP | 1u << PTN_GROUP_REPLY | 1u << PTN_GROUP_KEYS  \
     | 1u << PTN_GROUP_REST)

#define PTN_GROUP_BODY                                                        \
    (1u << PTN_GROUP_CONTENT | 1u << PTN_GROUP_RECIPS                         \
     | 1u << PTN_GROUP_ATTACHS | 1u << PTN_GROUP_KEYS)


const uint32_t *
ptn_group_tags(ptn_group_e group, size_t *ret_n)
{
    *ret_n = 0;

    if (group >= PTN_GROUPS) {
        return NULL;
    }

    *ret_n = ptn_group_rows[group].n;

    return ptn_group_rows[group].tags;
}


ptn_group_e
ptn_group_of(uint32_t tag)
{
    size_t    k;
    unsigned  i;

    for (i = 0; i < PTN_GROUPS; i++) {
        for (k = 0; k < ptn_group_rows[i].n; k++) {
            if (ptn_prop_id(ptn_group_rows[i].tags[k]) == ptn_prop_id(tag)) {
                return (ptn_group_e) i;
            }
        }
    }

    return PTN_GROUP_REST;
}


/* ---- which differ -------------------------------------------------------- */

static bool
ptn_group_item_value(const ptn_item_t *item, uint32_t tag, ptn_str_t *ret)
{
    size_t  i;

    if (ptn_bag_get(&item->bag, tag, ret)) {
        return true;
    }

    for (i = 0; i + PTN_ITEM_LARGE <= item->large.len; i += PTN_ITEM_LARGE) {
        if (ptn_le32(item->large.data + i) == tag) {
            *ret = ptn_str_make(item->large.data + i, PTN_ITEM_LARGE);
            return true;
        }
    }

    return false;
}


static uint32_t
ptn_group_one_way(const ptn_item_t *a, const ptn_item_t *b)
{
    size_t     i;
    uint32_t   k, tag, groups;
    ptn_str_t  v, w;

    groups = 0;

    for (k = 0; k < a->bag.count; k++) {
        ptn_bag_item(&a->bag, k, &tag, &v);

        if (!ptn_group_item_value(b, tag, &w) || !ptn_str_eq(v, w)) {
            groups |= 1u << ptn_group_of(tag);
        }
    }

    for (i = 0; i + PTN_ITEM_LARGE <= a->large.len; i += PTN_ITEM_LARGE) {
        tag = ptn_le32(a->large.data + i);
        v = ptn_str_make(a->large.data + i, PTN_ITEM_LARGE);

        if (!ptn_group_item_value(b, tag, &w) || !ptn_str_eq(v, w)) {
            groups |= 1u << ptn_group_of(tag);
        }
    }

    return groups;
}


uint32_t
ptn_group_differ(const ptn_item_t *a, const ptn_item_t *b, bool content)
{
    uint32_t  groups;

    groups = ptn_group_one_way(a, b) | ptn_group_one_way(b, a);

    if (content) {
        groups |= PTN_GROUP_BODY;
    }

    if (a->info.flags != b->info.flags
        || a->info.keywords != b->info.keywords)
    {
        groups |= PTN_GROUP_FLAGS;
    }

    return groups;
}


/* ---- the row ------------------------------------------------------------- */

typedef struct {
    uint64_t  cn[PTN_GROUPS];
} ptn_group_vec_t;


static void
ptn_group_unpack(ptn_str_t s, ptn_group_vec_t *v)
{
    unsigned       group;
    const u_char  *p;

    memset(v, 0, sizeof(ptn_group_vec_t));

    for (p = s.data; s.len >= PTN_GROUP_LEN; s.len -= PTN_GROUP_LEN) {
        group = (unsigned) (p[0] | p[1] << 8);

        if (group < PTN_GROUPS) {
            v->cn[group] = ptn_le32(p + 2)
                           | (uint64_t) (p[6] | p[7] << 8) << 32;
        }

        p += PTN_GROUP_LEN;
    }
}


bool
ptn_group_row_good(ptn_str_t s, uint64_t cn_max)
{
    unsigned         i;
    ptn_group_vec_t  v;

    if (s.len % PTN_GROUP_LEN != 0 || s.len > PTN_GROUPS * PTN_GROUP_LEN) {
        return false;
    }

    ptn_group_unpack(s, &v);

    for (i = 0; i < PTN_GROUPS; i++) {
        if (v.cn[i] > cn_max) {
            return false;
        }
    }

    return true;
}


static uint64_t
ptn_group_last(const ptn_group_vec_t *v)
{
    unsigned  i;
    uint64_t  last;

    for (i = 0, last = 0; i < PTN_GROUPS; i++) {
        last = ptn_max(last, v->cn[i]);
    }

    return last;
}


static void
ptn_group_set(ptn_group_vec_t *v, uint32_t groups, uint64_t cn)
{
    unsigned  i;

    for (i = 0; i < PTN_GROUPS; i++) {
        if (groups & 1u << i) {
            v->cn[i] = cn;
        }
    }
}


ptn_rc_t
ptn_group_moved(ptn_mbox_t *mb, ptn_id_t id, uint64_t was, uint32_t groups,
    uint64_t cn)
{
    int              k;
    size_t           n;
    u_char           p[PTN_GROUPS * PTN_GROUP_LEN];
    unsigned         i;
    ptn_rc_t         rc;
    sqlite3_stmt    *st;
    ptn_group_vec_t  v;

    st = ptn_sql(mb, PTN_SQL_GROUPS_GET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ECORRUPT : rc;
    }

    ptn_group_unpack(ptn_sql_column(st, 0), &v);
    sqlite3_reset(st);

    if (was > ptn_group_last(&v)) {
        ptn_group_set(&v, PTN_GROUP_FLAGS, was);
    }

    ptn_group_set(&v, groups, cn);

    for (i = 0, n = 0; i < PTN_GROUPS; i++) {
        if (v.cn[i] == 0) {
            continue;
        }

        p[n++] = (u_char) i;
        p[n++] = 0;

        for (k = 0; k < 6; k++) {
            p[n++] = (u_char) (v.cn[i] >> (8 * k));
        }
    }

    st = ptn_sql(mb, PTN_SQL_GROUPS_SET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    ptn_sql_blob(st, 2, ptn_str_make(p, n));
    rc = ptn_sql_step(mb, st);
    sqlite3_clear_bindings(st);

    return rc;
}


/* At least one: the message's cn is not in the set, or it would not be told. */

uint32_t
ptn_group_unseen(ptn_str_t packed, uint64_t cn, const ptn_ics_ask_t *seen)
{
    unsigned         i;
    uint32_t         groups;
    ptn_group_vec_t  v;

    ptn_group_unpack(packed, &v);
    groups = 0;

    for (i = 0; i < PTN_GROUPS; i++) {
        if (v.cn[i] != 0 && !ptn_ics_has(seen, v.cn[i])) {
            groups |= 1u << i;
        }
    }

    if (cn > ptn_group_last(&v) && !ptn_ics_has(seen, cn)) {
        groups |= PTN_GROUP_FLAGS;
    }

    return groups ? groups : PTN_GROUP_ALL;
}


ptn_rc_t
ptn_msg_groups(ptn_mbox_t *mb, ptn_id_t id, const ptn_idset_t *seen,
    uint32_t *ret_groups)
{
    ptn_rc_t       rc;
    ptn_idset_t    copy;
    sqlite3_stmt  *st;
    ptn_ics_ask_t  ask;

    memset(&copy, 0, sizeof(copy));
    rc = ptn_rights_id(mb, id);

    if (rc == PTN_OK) {
        rc = ptn_idset_copy(&copy, seen);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ics_ask(&ask, mb->set, &copy);
    st = ptn_sql(mb, PTN_SQL_GROUPS_GET, &rc);

    if (st != NULL) {
        sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
        rc = ptn_sql_step(mb, st);

        if (rc == PTN_AGAIN) {
            *ret_groups = ptn_group_unseen(ptn_sql_column(st, 0),
                                           ptn_sql_u64(st, 1), &ask);
            sqlite3_reset(st);
            rc = PTN_OK;

        } else if (rc == PTN_OK) {
            rc = PTN_ENOTFOUND;
        }
    }

    ptn_idset_done(&copy);

    return rc;
}
