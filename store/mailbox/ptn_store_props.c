/*
 * Properties of the store (MS-OXCSTOR 2.2.2): what is computed of the mailbox,
 * and meta.bag, in which clients keep theirs.  What belongs to a session (its
 * user, its locales) is the protocol's own.
 */

#include "ptn_item.h"


typedef ptn_str_t  (*ptn_sprop_pt)(ptn_mbox_t *mb, ptn_pool_t *pool,
    uint32_t tag);

typedef struct {
    uint32_t      tag;
    ptn_sprop_pt  get;
} ptn_sprop_t;


static ptn_str_t
ptn_sprop_n(ptn_pool_t *pool, uint64_t n, size_t len)
{
    size_t   i;
    u_char  *p;

    p = ptn_palloc(pool, 8);

    if (p == NULL) {
        return ptn_str_make(NULL, 0);
    }

    for (i = 0; i < len; i++) {
        p[i] = (u_char) (n >> (8 * i));
    }

    return ptn_str_make(p, len);
}


/* Sizes and limits are the owner's affair; in kilobytes, -1: no limit. */

static ptn_str_t
ptn_sprop_quota(ptn_mbox_t *mb, ptn_pool_t *pool, uint32_t tag)
{
    uint64_t     limit;
    ptn_quota_t  q;

    if (ptn_quota_get(mb, &q, NULL) != PTN_OK) {
        return ptn_str_make(NULL, 0);
    }

    switch (tag) {

    case PTN_PR_MESSAGE_SIZE:
        return ptn_sprop_n(pool, ptn_min(q.used, (uint64_t) INT32_MAX), 4);

    case PTN_PR_MESSAGE_SIZE_EXTENDED:
        return ptn_sprop_n(pool, q.used, 8);

    case PTN_PR_PROHIBIT_RECEIVE_QUOTA:
        limit = q.receive;
        break;

    case PTN_PR_PROHIBIT_SEND_QUOTA:
        limit = q.send;
        break;

    default: /* STORAGE_QUOTA_LIMIT */
        limit = q.warn;
    }

    return (limit == 0) ? ptn_str_make(NULL, 0)
           : ptn_sprop_n(pool, ptn_min(limit / 1024, (uint64_t) INT32_MAX), 4);
}


static ptn_str_t
ptn_sprop_counts(ptn_mbox_t *mb, ptn_pool_t *pool, uint32_t tag)
{
    uint64_t         n;
    ptn_mbox_info_t  info;

    if (ptn_mbox_info(mb, &info) != PTN_OK) {
        return ptn_str_make(NULL, 0);
    }

    n = (tag == PTN_PR_CONTENT_COUNT) ? info.messages : info.unread;

    return ptn_sprop_n(pool, ptn_min(n, (uint64_t) INT32_MAX), 4);
}


static ptn_str_t
ptn_sprop_conf(ptn_mbox_t *mb, ptn_pool_t *pool, uint32_t tag PTN_UNUSED)
{
    return ptn_sprop_n(pool, mb->store->conf->message_max / 1024, 4);
}


/* 2.2.2.1.1.5: is there an active search folder? */

static ptn_str_t
ptn_sprop_state(ptn_mbox_t *mb, ptn_pool_t *pool, uint32_t tag PTN_UNUSED)
{
    uint32_t  i;
    uint64_t  n;

    n = 0;

    for (i = 0; ptn_mbox_set(mb) == PTN_OK && i < mb->set->n; i++) {
        if (mb->set->folders[i].search) {
            n = 0x01000000;
        }
    }

    return ptn_sprop_n(pool, n, 4);
}


static ptn_str_t
ptn_sprop_guid(ptn_mbox_t *mb, ptn_pool_t *pool, uint32_t tag PTN_UNUSED)
{
    return ptn_str_dup(pool, ptn_str_make(mb->guid.b, 16));
}


#define PTN_SPROP(name, get)  { PTN_PR_##name, get }

static const ptn_sprop_t  ptn_sprops[] = {
    PTN_SPROP(MESSAGE_SIZE, ptn_sprop_quota),
    PTN_SPROP(MESSAGE_SIZE_EXTENDED, ptn_sprop_quota),
    PTN_SPROP(PROHIBIT_RECEIVE_QUOTA, ptn_sprop_quota),
    PTN_SPROP(PROHIBIT_SEND_QUOTA, ptn_sprop_quota),
    PTN_SPROP(STORAGE_QUOTA_LIMIT, ptn_sprop_quota),
    PTN_SPROP(CONTENT_COUNT, ptn_sprop_counts),
    PTN_SPROP(CONTENT_UNREAD, ptn_sprop_counts),
    PTN_SPROP(MAXIMUM_SUBMIT_MESSAGE_SIZE, ptn_sprop_conf),
    PTN_SPROP(STORE_STATE, ptn_sprop_state),
    PTN_SPROP(RECORD_KEY, ptn_sprop_guid),
    PTN_SPROP(STORE_RECORD_KEY, ptn_sprop_guid)
};

/* Read only, but not the mailbox's to know (2.2.2.1.1). */
static const uint32_t  ptn_sprops_of_others[] = {
    PTN_PR_EXTENDED_RULE_SIZE_LIMIT, PTN_PR_MAILBOX_OWNER_ENTRY_ID,
    PTN_PR_MAILBOX_OWNER_NAME, PTN_PR_USER_ENTRY_ID, PTN_PR_CODE_PAGE_ID,
    PTN_PR_OBJECT_TYPE, PTN_PR_STORE_SUPPORT_MASK, PTN_PR_ENTRYID
};


static const ptn_sprop_t *
ptn_sprop(uint32_t tag)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_sprops); i++) {
        if (ptn_sprops[i].tag == tag) {
            return &ptn_sprops[i];
        }
    }

    return NULL;
}


static bool
ptn_sprop_read_only(uint32_t tag)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_sprops_of_others); i++) {
        if (ptn_prop_id(ptn_sprops_of_others[i]) == ptn_prop_id(tag)) {
            return true;
        }
    }

    for (i = 0; i < ptn_nelts(ptn_sprops); i++) {
        if (ptn_prop_id(ptn_sprops[i].tag) == ptn_prop_id(tag)) {
            return true;
        }
    }

    return false;
}


static ptn_rc_t
ptn_sprop_bag(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_bag_t *ret_bag)
{
    ptn_rc_t       rc;
    ptn_str_t      packed;
    sqlite3_stmt  *st;

    rc = ptn_rights_load(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_STORE_BAG, &rc);
    if (st == NULL) {
        return rc;
    }

    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ECORRUPT : rc;
    }

    packed = ptn_str_dup(pool, ptn_sql_column(st, 0));
    sqlite3_reset(st);

    return packed.data ? ptn_bag_open(packed, ret_bag) : PTN_ENOMEM;
}


ptn_rc_t
ptn_store_props(ptn_mbox_t *mb, ptn_pool_t *pool, const uint32_t *tags,
    size_t n, ptn_str_t *ret_values)
{
    size_t              i;
    ptn_rc_t            rc;
    ptn_bag_t           bag;
    ptn_str_t           s;
    const ptn_sprop_t  *row;

    rc = ptn_sprop_bag(mb, pool, &bag);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        row = ptn_sprop(tags[i]);
        ret_values[i] = ptn_str_make(NULL, 0);

        if (row != NULL) {
            ret_values[i] = row->get(mb, pool, tags[i]);

        } else if (ptn_bag_get(&bag, tags[i], &s)) {
            ret_values[i] = s;
        }
    }

    return (rc == PTN_OK && ptn_pool_failed(pool)) ? PTN_ENOMEM : rc;
}


ptn_rc_t
ptn_store_props_all(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_props_t *ret_props)
{
    size_t       i;
    uint32_t     k, tag;
    ptn_rc_t     rc;
    ptn_bag_t    bag;
    ptn_str_t    s;

    memset(ret_props, 0, sizeof(ptn_props_t));
    rc = ptn_sprop_bag(mb, pool, &bag);

    for (i = 0; i < ptn_nelts(ptn_sprops) && rc == PTN_OK; i++) {
        if (ptn_sprops[i].tag == PTN_PR_MESSAGE_SIZE) {
            continue;           /* one type of a property id */
        }

        s = ptn_sprops[i].get(mb, pool, ptn_sprops[i].tag);

        if (s.data != NULL) {
            rc = ptn_props_set(ret_props, pool, ptn_sprops[i].tag, s);
        }
    }

    for (k = 0; rc == PTN_OK && k < bag.count; k++) {
        ptn_bag_item(&bag, k, &tag, &s);
        rc = ptn_props_set(ret_props, pool, tag, s);
    }

    return rc;
}


static ptn_rc_t
ptn_sprop_set(ptn_txn_t *tx, ptn_pool_t *pool, const ptn_bag_prop_t *props,
    size_t n)
{
    size_t              i;
    uint32_t            k;
    ptn_rc_t            rc;
    ptn_bag_t           bag;
    ptn_str_t           packed;
    sqlite3_stmt       *st;
    ptn_bag_builder_t   b;

    rc = ptn_sprop_bag(tx->mb, pool, &bag);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_bag_init(&b, pool);
    ptn_bag_load(&b, &bag);

    for (i = 0; i < n; i++) {
        if (ptn_sprop_read_only(props[i].tag)) {
            return PTN_EDENIED;
        }

        if (props[i].value.len > PTN_BAG_VALUE_MAX) {
            return PTN_ETOOBIG;
        }

        for (k = 0; k < b.count; k++) {
            if (ptn_prop_id(b.props[k].tag) == ptn_prop_id(props[i].tag)) {
                ptn_bag_unset(&b, b.props[k].tag);
                break;
            }
        }

        if (props[i].value.data != NULL) {
            ptn_bag_set(&b, props[i].tag, props[i].value);
        }
    }

    packed = ptn_str_make(NULL, 0);
    rc = b.rc;

    if (rc == PTN_OK && b.count != 0) {
        rc = ptn_bag_pack(&b, &packed);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(tx->mb, PTN_SQL_STORE_SET, &rc);
    if (st == NULL) {
        return ptn_txn_poison(tx, rc);
    }

    ptn_sql_blob(st, 1, packed);
    rc = ptn_sql_step(tx->mb, st);
    sqlite3_clear_bindings(st);
    tx->mb->meta.dirty = true;

    return (rc == PTN_OK) ? PTN_OK : ptn_txn_poison(tx, rc);
}


ptn_rc_t
ptn_store_props_set(ptn_txn_t *tx, const ptn_bag_prop_t *props, size_t n)
{
    ptn_rc_t     rc;
    ptn_pool_t  *pool;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK && !tx->mb->acting.all) {
        rc = PTN_EDENIED;
    }

    if (rc != PTN_OK) {
        return rc;
    }

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_sprop_set(tx, pool, props, n);
    ptn_pool_destroy(pool);

    return rc;
}
