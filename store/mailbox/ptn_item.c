/*
 * A message's rows, message and item, in memory.
 */

#include "ptn_item.h"


void
ptn_item_read_info(sqlite3_stmt *st, ptn_msg_info_t *m)
{
    m->folder = ptn_sql_u64(st, 0);
    m->uid = (uint32_t) ptn_sql_u64(st, 1);
    m->id = ptn_sql_u64(st, 2);
    m->mid = ptn_sql_u64(st, 3);
    m->content = ptn_sql_u64(st, 4);
    m->cn = ptn_sql_u64(st, 5);
    m->read_cn = ptn_sql_u64(st, 6);
    m->modseq = ptn_sql_u64(st, 7);
    m->born = ptn_sql_u64(st, 8);
    m->flags = (uint32_t) ptn_sql_u64(st, 9);
    m->keywords = ptn_sql_u64(st, 10);
    m->size = ptn_sql_u64(st, 11);
    m->received = sqlite3_column_int64(st, 12);
    m->modified = sqlite3_column_int64(st, 13);
    m->fai = ptn_sql_u64(st, 14) & 1;
    m->status = (uint32_t) (ptn_sql_u64(st, 14) >> 1);
}


/* From column `at` on. */

static ptn_rc_t
ptn_item_read_at(sqlite3_stmt *st, int at, ptn_item_t *item)
{
    int  i;

    for (i = 0; i < PTN_ITEM_TEXTS; i++) {
        item->text[i] = ptn_sql_column(st, at++);
    }

    item->dated = sqlite3_column_type(st, at) != SQLITE_NULL;
    item->sent = sqlite3_column_int64(st, at++);
    item->importance = (uint8_t) sqlite3_column_int(st, at++);
    item->attach = (sqlite3_column_int(st, at++) & PTN_ITEM_ATTACH) != 0;
    item->packed = ptn_sql_column(st, at++);
    item->large = ptn_sql_column(st, at++);
    item->derived = (uint8_t) sqlite3_column_int(st, at);

    return ptn_bag_open(item->packed, &item->bag);
}


ptn_rc_t
ptn_item_read(sqlite3_stmt *st, ptn_item_t *item)
{
    ptn_item_read_info(st, &item->info);
    item->xid = ptn_sql_column(st, 28);
    item->pcl = ptn_sql_column(st, 29);

    return ptn_item_read_at(st, 15, item);
}


ptn_rc_t
ptn_item_read_half(sqlite3_stmt *st, ptn_item_t *item)
{
    item->xid = ptn_str_make(NULL, 0);
    item->pcl = ptn_str_make(NULL, 0);
    item->refers = ptn_str_make(NULL, 0);

    return ptn_item_read_at(st, 0, item);
}


size_t
ptn_item_size(const ptn_item_t *item)
{
    int     i;
    size_t  n;

    n = item->packed.len + item->large.len + item->xid.len + item->pcl.len;

    for (i = 0; i < PTN_ITEM_TEXTS; i++) {
        n += item->text[i].len;
    }

    return n;
}


static u_char *
ptn_item_move(ptn_str_t *s, u_char *p)
{
    if (s->len != 0) {
        memcpy(p, s->data, s->len);
    }

    s->data = p;

    return p + s->len;
}


void
ptn_item_copy(ptn_item_t *to, const ptn_item_t *from, u_char *p)
{
    int  i;

    *to = *from;

    for (i = 0; i < PTN_ITEM_TEXTS; i++) {
        p = ptn_item_move(&to->text[i], p);
    }

    p = ptn_item_move(&to->packed, p);
    p = ptn_item_move(&to->large, p);
    p = ptn_item_move(&to->xid, p);
    ptn_item_move(&to->pcl, p);

    /* what was checked once needs no second look */

    if (to->bag.count != 0) {
        to->bag.index = to->packed.data + (from->bag.index
                                           - from->packed.data);
        to->bag.values = to->packed.data + (from->bag.values
                                            - from->packed.data);
    }
}


ptn_rc_t
ptn_item_get(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id,
    ptn_item_t *ret_item)
{
    u_char        *p;
    ptn_rc_t       rc;
    ptn_item_t     item;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_ITEM_GET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    rc = ptn_item_read(st, &item);

    if (rc == PTN_OK) {
        p = ptn_palloc(pool, ptn_item_size(&item));

        if (p != NULL) {
            ptn_item_copy(ret_item, &item, p);

        } else {
            rc = PTN_ENOMEM;
        }
    }

    sqlite3_reset(st);

    return rc;
}


ptn_rc_t
ptn_item_put(ptn_mbox_t *mb, ptn_sql_e sql, ptn_id_t id,
    const ptn_item_t *item)
{
    int            i;
    ptn_rc_t       rc;
    uint64_t       key;
    ptn_bag_t      bag;
    sqlite3_stmt  *st;

    rc = ptn_bag_open(item->packed, &bag);
    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(mb, sql, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);

    for (i = 0; i < PTN_ITEM_TEXTS; i++) {
        ptn_sql_text(st, 2 + i, item->text[i]);
    }

    if (item->dated) {
        sqlite3_bind_int64(st, 9, item->sent);

    } else {
        sqlite3_bind_null(st, 9);
    }

    sqlite3_bind_int(st, 10, item->importance);
    sqlite3_bind_int(st, 11, (item->attach ? PTN_ITEM_ATTACH : 0)
                             | (ptn_item_plain(&bag) ? PTN_ITEM_PLAIN : 0));
    ptn_sql_blob(st, 12, item->packed);
    ptn_sql_blob(st, 13, item->large);
    sqlite3_bind_int(st, 14, item->derived);
    key = ptn_refer_key(item->text[PTN_ITEM_MESSAGE_ID]);

    if (key != 0) {
        sqlite3_bind_int64(st, 15, (sqlite3_int64) key);
    }

    if (sql == PTN_SQL_ITEM_ADD) {
        ptn_sql_blob(st, 16, item->refers);
    }

    rc = ptn_sql_step(mb, st);
    sqlite3_clear_bindings(st);

    if (rc == PTN_OK && sql == PTN_SQL_ITEM_ADD) {
        rc = ptn_refer_put(mb, id, item->refers, true);
    }

    if (rc == PTN_OK) {
        rc = ptn_mark_item(mb, id, item, sql == PTN_SQL_ITEM_ADD);
    }

    return rc;
}


/* ---- properties that are too large for the bag -------------------------- */

bool
ptn_item_large(const ptn_item_t *item, uint32_t tag, u_char ret_sha[32],
    uint64_t *ret_size)
{
    size_t         i;
    const u_char  *p;

    for (i = 0; i + PTN_ITEM_LARGE <= item->large.len; i += PTN_ITEM_LARGE) {
        p = item->large.data + i;

        if (ptn_le32(p) == tag) {
            *ret_size = ptn_le32(p + 4) | (uint64_t) ptn_le32(p + 8) << 32;
            memcpy(ret_sha, p + 12, 32);
            return true;
        }
    }

    return false;
}


/*
 * A reference more to a blob that is there already: no file is written, for
 * its row has some.
 */

static ptn_rc_t
ptn_item_large_ref(ptn_mbox_t *mb, const u_char sha256[32], uint64_t size)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_BLOB_ADD, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_blob(st, 1, sha256, 32, SQLITE_STATIC);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) size);

    return ptn_sql_step(mb, st);
}


ptn_rc_t
ptn_item_large_refs(ptn_mbox_t *mb, ptn_str_t large, bool add)
{
    size_t         i;
    ptn_rc_t       rc;
    uint64_t       size;
    const u_char  *p;

    for (i = 0; i + PTN_ITEM_LARGE <= large.len; i += PTN_ITEM_LARGE) {
        p = large.data + i;
        size = ptn_le32(p + 4) | (uint64_t) ptn_le32(p + 8) << 32;

        rc = add ? ptn_item_large_ref(mb, p + 12, size)
                 : ptn_blob_drop(mb, p + 12);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


ptn_rc_t
ptn_item_large_read(ptn_mbox_t *mb, ptn_pool_t *pool, const ptn_item_t *item,
    uint32_t tag, ptn_str_t *ret)
{
    u_char     sha[32];
    ptn_rc_t   rc;
    uint64_t   size, refs, kept;
    ptn_str_t  s;

    if (!ptn_item_large(item, tag, sha, &size)) {
        return PTN_ENOTFOUND;
    }

    /* the row's size is that of the file: a lie must not take memory */

    rc = ptn_blob_row(mb, sha, &refs, &kept);

    if (rc != PTN_OK || kept != size) {
        return (rc == PTN_OK || rc == PTN_ENOTFOUND) ? PTN_ECORRUPT : rc;
    }

    s.len = (size_t) size;
    s.data = ptn_palloc(pool, s.len + 1);

    if (s.data == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_blob_read(mb, sha, 0, s.data, s.len);

    if (rc == PTN_OK) {
        *ret = s;
    }

    return rc;
}


ptn_rc_t
ptn_msg_by_mid(ptn_mbox_t *mb, ptn_id_t folder, ptn_id_t mid,
    ptn_id_t *ret_id)
{
    ptn_id_t        id;
    ptn_rc_t        rc;
    ptn_msg_info_t  m;

    rc = ptn_msg_find_mid(mb, folder, mid, &id);

    if (rc == PTN_OK && !mb->acting.all) {
        rc = ptn_msg_get_id(mb, id, &m);

        if (rc == PTN_OK) {
            rc = ptn_rights_read(mb, &m);
        }
    }

    if (rc == PTN_OK) {
        *ret_id = id;
    }

    return rc;
}


ptn_rc_t
ptn_msg_find_mid(ptn_mbox_t *mb, ptn_id_t folder, ptn_id_t mid,
    ptn_id_t *ret_id)
{
    ptn_id_t       in;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    rc = ptn_mbox_set(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_MSG_BY_MID, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) mid);

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        in = ptn_sql_u64(st, 1);

        if ((folder == 0 || in == folder)
            && ptn_set_index(mb->set, in) != PTN_SET_NONE)
        {
            *ret_id = ptn_sql_u64(st, 0);
            sqlite3_reset(st);
            return PTN_OK;
        }
    }

    return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
}
