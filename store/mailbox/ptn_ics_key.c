/*
 * Change keys and predecessor change lists (MS-OXCFXICS 2.2.1.2.7, 2.2.2.3,
 * 3.1.5.6.1).
 *
 * What is stored of an import is what the client said: its XID, and the PCL
 * without it.  While cn is still that of the import the client's XID is the
 * change key, and our number for it stays out of the list: the client does not
 * know it, and would seem to lack a change when it uploads its next one.
 * After a change of ours the key is our own number, which joins the list.
 */

#include "ptn_eid.h"
#include "ptn_ics.h"


#define PTN_XID_MIN  17
#define PTN_XID_CN   8          /* bytes of the cn before the row's xid */


static bool
ptn_xid_good(ptn_str_t xid)
{
    return xid.len >= PTN_XID_MIN && xid.len <= PTN_XID_MAX;
}


/* The next XID of a list that was checked. */

static bool
ptn_pcl_next(ptn_str_t *rest, ptn_str_t *ret_xid)
{
    if (rest->len == 0 || rest->len - 1 < rest->data[0]
        || rest->data[0] < PTN_XID_MIN)
    {
        return false;
    }

    *ret_xid = ptn_str_make(rest->data + 1, rest->data[0]);
    rest->data += 1 + ret_xid->len;
    rest->len -= 1 + ret_xid->len;

    return true;
}


/* LocalIds are numbers, most significant byte first. */

static int
ptn_xid_compare(ptn_str_t a, ptn_str_t b)
{
    int     c;
    size_t  i;

    for (i = 16; i < a.len && a.data[i] == 0; i++) { /* void */ }

    a = ptn_str_make(a.data + i, a.len - i);

    for (i = 16; i < b.len && b.data[i] == 0; i++) { /* void */ }

    b = ptn_str_make(b.data + i, b.len - i);

    if (a.len != b.len) {
        return (a.len > b.len) ? 1 : -1;
    }

    c = a.len ? memcmp(a.data, b.data, a.len) : 0;

    return (c > 0) - (c < 0);
}


static bool
ptn_pcl_find(ptn_str_t pcl, ptn_str_t xid, ptn_str_t *ret_found)
{
    while (ptn_pcl_next(&pcl, ret_found)) {
        if (memcmp(ret_found->data, xid.data, 16) == 0) {
            return true;
        }
    }

    return false;
}


bool
ptn_pcl_includes(ptn_str_t a, ptn_str_t b)
{
    ptn_str_t  xid, found;

    while (ptn_pcl_next(&b, &xid)) {
        if (!ptn_pcl_find(a, xid, &found) || ptn_xid_compare(found, xid) < 0) {
            return false;
        }
    }

    return true;
}


ptn_pcl_order_e
ptn_pcl_order(ptn_str_t theirs, ptn_str_t ours)
{
    return ptn_pcl_includes(ours, theirs) ? PTN_PCL_OLDER
           : ptn_pcl_includes(theirs, ours) ? PTN_PCL_NEWER
                                            : PTN_PCL_CONFLICT;
}


static void
ptn_pcl_put(ptn_buf_t *b, ptn_str_t xid)
{
    u_char  len;

    len = (u_char) xid.len;
    ptn_buf_add(b, &len, 1);
    ptn_buf_str(b, xid);
}


/* One more XID, in its place, unless a greater one of the namespace is in. */

ptn_rc_t
ptn_pcl_add(ptn_pool_t *pool, ptn_str_t pcl, ptn_str_t xid, ptn_str_t *ret)
{
    int        c;
    bool       put;
    ptn_buf_t  b;
    ptn_str_t  one;

    if (!ptn_xid_good(xid)) {
        return PTN_EPARSE;
    }

    ptn_buf_init(&b, pool);
    put = false;

    while (ptn_pcl_next(&pcl, &one)) {
        c = put ? -1 : memcmp(one.data, xid.data, 16);

        if (c == 0) {
            ptn_pcl_put(&b, ptn_xid_compare(one, xid) >= 0 ? one : xid);
            put = true;
            continue;
        }

        if (c > 0) {
            ptn_pcl_put(&b, xid);
            put = true;
        }

        ptn_pcl_put(&b, one);
    }

    if (!put) {
        ptn_pcl_put(&b, xid);
    }

    if (ptn_pool_failed(pool)) {
        return PTN_ENOMEM;
    }

    *ret = ptn_buf_get(&b);

    return (ret->len <= PTN_PCL_MAX) ? PTN_OK : PTN_ELIMIT;
}


ptn_rc_t
ptn_pcl_merge(ptn_pool_t *pool, ptn_str_t a, ptn_str_t b, ptn_str_t *ret)
{
    ptn_rc_t   rc;
    ptn_str_t  xid;

    for (rc = PTN_OK; rc == PTN_OK && ptn_pcl_next(&b, &xid); ) {
        rc = ptn_pcl_add(pool, a, xid, &a);
    }

    if (rc == PTN_OK) {
        *ret = a;
    }

    return rc;
}


ptn_rc_t
ptn_pcl_check(ptn_pool_t *pool, ptn_str_t pcl, ptn_str_t *ret)
{
    ptn_rc_t   rc;
    ptn_str_t  xid, out;

    if (pcl.len > PTN_PCL_MAX) {
        return PTN_ELIMIT;
    }

    out = ptn_str_make(NULL, 0);

    for (rc = PTN_OK; pcl.len != 0 && rc == PTN_OK; ) {
        rc = ptn_pcl_next(&pcl, &xid) ? ptn_pcl_add(pool, out, xid, &out)
                                      : PTN_EPARSE;
    }

    if (rc == PTN_OK) {
        *ret = out;
    }

    return rc;
}


/* ---- rows ---------------------------------------------------------------- */

static uint64_t
ptn_ics_row_cn(ptn_str_t xid)
{
    return (xid.len >= PTN_XID_CN)
           ? ptn_le32(xid.data) | (uint64_t) ptn_le32(xid.data + 4) << 32 : 0;
}


bool
ptn_ics_row_good(ptn_str_t xid, ptn_str_t pcl, uint64_t cn_max)
{
    ptn_str_t  one, last;

    if (xid.len != 0
        && (xid.len < PTN_XID_CN + PTN_XID_MIN
            || xid.len > PTN_XID_CN + PTN_XID_MAX
            || ptn_ics_row_cn(xid) > cn_max))
    {
        return false;
    }

    if (pcl.len > PTN_PCL_MAX) {
        return false;
    }

    for (last.data = NULL; ptn_pcl_next(&pcl, &one); last = one) {
        if (one.len > PTN_XID_MAX
            || (last.data != NULL && memcmp(last.data, one.data, 16) >= 0))
        {
            return false;
        }
    }

    return pcl.len == 0;
}


ptn_rc_t
ptn_ics_xid(ptn_pool_t *pool, uint64_t cn, ptn_str_t change_key,
    ptn_str_t *ret)
{
    size_t   i;
    u_char  *p;

    p = ptn_palloc(pool, PTN_XID_CN + change_key.len);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < PTN_XID_CN; i++) {
        p[i] = (u_char) (cn >> (8 * i));
    }

    memcpy(p + PTN_XID_CN, change_key.data, change_key.len);
    *ret = ptn_str_make(p, PTN_XID_CN + change_key.len);

    return PTN_OK;
}


ptn_rc_t
ptn_ics_keys(ptn_mbox_t *mb, ptn_pool_t *pool, uint64_t cn, ptn_str_t xid,
    ptn_str_t pcl, ptn_str_t *ret_key, ptn_str_t *ret_pcl)
{
    u_char      *p;
    uint16_t     replid;
    ptn_rc_t     rc;
    ptn_str_t    key;
    ptn_guid_t   guid;

    if (!ptn_ics_row_good(xid, pcl, PTN_ID_MAX)) {
        return PTN_ECORRUPT;
    }

    if (xid.len != 0 && ptn_ics_row_cn(xid) == cn) {
        key = ptn_str_make(xid.data + PTN_XID_CN, xid.len - PTN_XID_CN);

    } else {
        rc = ptn_mbox_replica(mb, cn, &replid, &guid);
        if (rc != PTN_OK) {
            return rc;
        }

        p = ptn_palloc(pool, PTN_GID_LEN);
        if (p == NULL) {
            return PTN_ENOMEM;
        }

        ptn_eid_gid(guid, cn, p);
        key = ptn_str_make(p, PTN_GID_LEN);
    }

    if (ret_pcl != NULL) {
        rc = ptn_pcl_add(pool, pcl, key, ret_pcl);
        if (rc != PTN_OK && rc != PTN_ELIMIT) {
            return rc;
        }
    }

    if (ret_key != NULL) {
        *ret_key = key;
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_ics_row_keys(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_sql_e sql, ptn_id_t id,
    ptn_str_t *ret_key, ptn_str_t *ret_pcl)
{
    ptn_rc_t       rc;
    uint64_t       cn;
    ptn_str_t      xid, pcl;
    sqlite3_stmt  *st;

    rc = ptn_mbox_ready(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(mb, sql, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    cn = ptn_sql_u64(st, 0);
    xid = ptn_str_dup(pool, ptn_sql_column(st, 1));
    pcl = ptn_str_dup(pool, ptn_sql_column(st, 2));
    sqlite3_reset(st);

    return ptn_pool_failed(pool) ? PTN_ENOMEM
           : ptn_ics_keys(mb, pool, cn, xid, pcl, ret_key, ret_pcl);
}


ptn_rc_t
ptn_ics_msg_keys(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id,
    ptn_str_t *ret_key, ptn_str_t *ret_pcl)
{
    return ptn_ics_row_keys(mb, pool, PTN_SQL_ICS_KEYS, id, ret_key, ret_pcl);
}


ptn_rc_t
ptn_msg_change_key(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id,
    ptn_str_t *ret_key, ptn_str_t *ret_pcl)
{
    ptn_rc_t  rc;

    rc = ptn_rights_id(mb, id);

    return (rc == PTN_OK) ? ptn_ics_msg_keys(mb, pool, id, ret_key, ret_pcl)
                          : rc;
}


ptn_rc_t
ptn_folder_change_key(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id,
    ptn_str_t *ret_key, ptn_str_t *ret_pcl)
{
    ptn_rc_t  rc;

    rc = mb->acting.all ? PTN_OK : ptn_rights_need(mb, id, PTN_RIGHT_VISIBLE);

    return (rc == PTN_OK) ? ptn_ics_row_keys(mb, pool, PTN_SQL_ICS_FOLDER_KEYS,
                                             id, ret_key, ret_pcl) : rc;
}
