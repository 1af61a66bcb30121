/*
 * Messages: append, flags, copy, move, expunge.
 *
 * Which stamp moves (DESIGN 3): `modseq` always; `cn` with what MAPI and EWS
 * show as an edit (flag status, replied, draft, categories), `read_cn` with
 * the read state; \Deleted is message status (MS-OXCMSG 2.2.3.7) and moves
 * neither.  Every message takes a change number of its own, so that a set of
 * seen numbers can tell them apart; the modseq of one call is one number.
 */

#include <stdio.h>

#include "ptn_bag.h"
#include "ptn_charset.h"
#include "ptn_mailbox.h"


#define PTN_MSG_TEXT_MAX   1024     /* bytes of a promoted column */
#define PTN_MSG_ADDRS_MAX  100      /* looked at for display names */
#define PTN_MSG_TRACE_MAX  16384    /* Return-Path, Received, ... (delivery) */

#define PTN_FLAGS_EDIT     (PTN_FLAG_ANSWERED|PTN_FLAG_FLAGGED|PTN_FLAG_DRAFT)


/* A message as its row has it. */
typedef struct {
    ptn_id_t  id, mid, content;
    uint32_t  uid, flags;
    uint64_t  cn, read_cn, modseq, born, keywords, size;
    int64_t   received;
} ptn_msg_full_t;


static ptn_rc_t
ptn_msg_get(ptn_mbox_t *mb, ptn_id_t folder, uint32_t uid,
    ptn_msg_full_t *m)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_MSG_GET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);
    sqlite3_bind_int64(st, 2, uid);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    m->uid = uid;
    m->id = ptn_sql_u64(st, 0);
    m->mid = ptn_sql_u64(st, 1);
    m->content = ptn_sql_u64(st, 2);
    m->cn = ptn_sql_u64(st, 3);
    m->read_cn = ptn_sql_u64(st, 4);
    m->modseq = ptn_sql_u64(st, 5);
    m->born = ptn_sql_u64(st, 6);
    m->flags = (uint32_t) ptn_sql_u64(st, 7);
    m->keywords = ptn_sql_u64(st, 8);
    m->size = ptn_sql_u64(st, 9);
    m->received = sqlite3_column_int64(st, 10);
    sqlite3_reset(st);

    return PTN_OK;
}


static ptn_rc_t
ptn_msg_insert(ptn_mbox_t *mb, ptn_id_t folder, const ptn_msg_full_t *m)
{
    return ptn_sql_run(mb, PTN_SQL_MSG_ADD, 13, folder, (uint64_t) m->uid,
                       m->id, m->mid, m->content, m->cn, m->read_cn,
                       m->modseq, m->born, (uint64_t) m->flags, m->keywords,
                       m->size, (uint64_t) m->received);
}


/* Bits that have a name. */

static uint64_t
ptn_msg_keywords(const ptn_mbox_t *mb)
{
    unsigned  i;
    uint64_t  mask;

    for (i = 0, mask = 0; i < 64; i++) {
        if (mb->set->keywords[i].len != 0) {
            mask |= 1ULL << i;
        }
    }

    return mask;
}


/* ---- counters ---------------------------------------------------------- */

static void
ptn_msg_count(ptn_mbox_t *mb, ptn_folder_t *f, const ptn_msg_full_t *m,
    int sign)
{
    uint32_t  one;

    one = (uint32_t) sign;

    f->total += one;
    f->unread += (m->flags & PTN_FLAG_SEEN) ? 0 : one;
    f->deleted += (m->flags & PTN_FLAG_DELETED) ? one : 0;
    f->size += (uint64_t) (int64_t) sign * m->size;
    mb->set->size += (uint64_t) (int64_t) sign * m->size;
}


static ptn_rc_t
ptn_msg_room(ptn_mbox_t *mb, const ptn_folder_t *f, size_t n, uint64_t size)
{
    if (f->search) {
        return PTN_EDENIED;
    }

    if (f->total + n > PTN_FOLDER_MESSAGES_MAX
        || n > UINT32_MAX - f->uidnext)
    {
        return PTN_ELIMIT;
    }

    if (mb->quota != 0
        && (size > mb->quota || mb->set->size > mb->quota - size))
    {
        return PTN_EQUOTA;
    }

    return PTN_OK;
}


/* ---- append ------------------------------------------------------------ */

/* What tables show and sort by, and the bag: made of the header once. */
typedef struct {
    ptn_str_t  subject, from_name, from_addr, to, cc, message_id, bag;
    bool       dated;
    int64_t    sent;
    int        importance;
    bool       attach;
} ptn_msg_item_t;


/* Cut between characters. */

static ptn_str_t
ptn_msg_cut(ptn_str_t s)
{
    if (s.len > PTN_MSG_TEXT_MAX) {
        s.len = PTN_MSG_TEXT_MAX;

        while (s.len > 0 && (s.data[s.len] & 0xc0) == 0x80) {
            s.len--;
        }
    }

    return s;
}


static ptn_str_t
ptn_msg_field(ptn_pool_t *pool, const ptn_mime_t *mime, const char *name)
{
    const ptn_mime_field_t  *f;

    f = ptn_mime_field(mime->root, name);

    return (f == NULL) ? ptn_str_make(NULL, 0)
           : ptn_msg_cut(ptn_utf8_clean(pool, ptn_mime_text(pool, f->value)));
}


static ptn_str_t
ptn_msg_address(ptn_pool_t *pool, const ptn_mime_addr_t *a)
{
    if (a->local.len == 0 && a->domain.len == 0) {
        return ptn_str_make(NULL, 0);
    }

    return ptn_msg_cut(ptn_utf8_clean(pool, ptn_str_printf(pool, "%.*s@%.*s",
                                            ptn_str_arg(a->local),
                                            ptn_str_arg(a->domain))));
}


static ptn_str_t
ptn_msg_name(ptn_pool_t *pool, const ptn_mime_addr_t *a)
{
    if (a->name.len == 0) {
        return ptn_msg_address(pool, a);
    }

    return ptn_msg_cut(ptn_utf8_clean(pool, ptn_mime_text(pool, a->name)));
}


/* "Alice; Bob" of To or Cc (MS-OXOMSG 2.2.1.9). */

static ptn_str_t
ptn_msg_names(ptn_pool_t *pool, const ptn_mime_t *mime, const char *name)
{
    size_t                   i, n;
    ptn_buf_t                b;
    ptn_mime_addr_t         *addrs;
    const ptn_mime_field_t  *f;

    f = ptn_mime_field(mime->root, name);

    if (f == NULL
        || ptn_mime_addresses(pool, f->value, &addrs, &n) != PTN_OK)
    {
        return ptn_str_make(NULL, 0);
    }

    ptn_buf_init(&b, pool);

    for (i = 0; i < n && i < PTN_MSG_ADDRS_MAX && b.len < PTN_MSG_TEXT_MAX;
         i++)
    {
        if (addrs[i].group_start || addrs[i].group_end) {
            continue;
        }

        if (b.len != 0) {
            ptn_buf_z(&b, "; ");
        }

        ptn_buf_str(&b, ptn_msg_name(pool, &addrs[i]));
    }

    return ptn_msg_cut(ptn_buf_get(&b));
}


static void
ptn_msg_from(ptn_pool_t *pool, const ptn_mime_t *mime, ptn_msg_item_t *item)
{
    size_t                   n;
    ptn_mime_addr_t         *addrs;
    const ptn_mime_field_t  *f;

    f = ptn_mime_field(mime->root, "from");

    if (f != NULL && ptn_mime_addresses(pool, f->value, &addrs, &n) == PTN_OK
        && n > 0)
    {
        item->from_name = ptn_msg_name(pool, &addrs[0]);
        item->from_addr = ptn_msg_address(pool, &addrs[0]);
    }
}


/* RFC 2156 5.3.4; X-Priority as Outlook reads it: 1 and 2 high, 4, 5 low. */

static int
ptn_msg_importance(ptn_pool_t *pool, const ptn_mime_t *mime)
{
    ptn_str_t  s;

    s = ptn_msg_field(pool, mime, "importance");

    if (s.len != 0) {
        return ptn_str_ieqz(s, "high") ? 2 : ptn_str_ieqz(s, "low") ? 0 : 1;
    }

    s = ptn_msg_field(pool, mime, "x-priority");

    if (s.len != 0 && s.data[0] >= '1' && s.data[0] <= '5') {
        return s.data[0] <= '2' ? 2 : s.data[0] >= '4' ? 0 : 1;
    }

    return 1;
}


/* A leaf that a client would show as an attachment. */

static bool
ptn_msg_has_attachment(const ptn_mime_part_t *part)
{
    for ( /* void */ ; part != NULL; part = part->next) {
        if (part->kind == PTN_MIME_MULTIPART) {
            if (ptn_msg_has_attachment(part->child)) {
                return true;
            }

        } else if (part->parent != NULL
                   && (ptn_str_eqz(part->disposition, "attachment")
                       || part->kind == PTN_MIME_MESSAGE
                       || (!ptn_str_eqz(part->type, "text")
                           && part->id.len == 0
                           && !ptn_str_eqz(part->disposition, "inline"))))
        {
            return true;
        }
    }

    return false;
}


static ptn_rc_t
ptn_msg_bag(ptn_pool_t *pool, const ptn_mime_t *mime,
    const ptn_append_t *append, int64_t received, ptn_str_t *ret_bag)
{
    size_t             i;
    ptn_str_t          s;
    ptn_bag_builder_t  b;

    static const struct {
        const char  *field;
        uint32_t     tag;
    } fields[] = {
        { "in-reply-to", PTN_PR_IN_REPLY_TO_ID },
        { "references",  PTN_PR_INTERNET_REFERENCES }
    };

    ptn_bag_init(&b, pool);

    for (i = 0; i < ptn_nelts(fields); i++) {
        s = ptn_msg_field(pool, mime, fields[i].field);

        if (s.len != 0) {
            ptn_bag_set(&b, fields[i].tag, s);
        }
    }

    if (append->delivery) {
        ptn_bag_set_int(&b, PTN_PR_MESSAGE_DELIVERY_TIME,
                        ptn_filetime(received));
        ptn_bag_set(&b, PTN_PR_INTERNET_RETURN_PATH,
                    ptn_msg_cut(ptn_utf8_clean(pool, append->sender)));
    }

    return ptn_bag_pack(&b, ret_bag);
}


static ptn_rc_t
ptn_msg_item(ptn_pool_t *pool, const ptn_mime_t *mime,
    const ptn_append_t *append, int64_t received, ptn_msg_item_t *item)
{
    int                      zone;
    const ptn_mime_field_t  *f;

    memset(item, 0, sizeof(ptn_msg_item_t));

    item->subject = ptn_msg_field(pool, mime, "subject");
    item->message_id = ptn_msg_field(pool, mime, "message-id");
    item->to = ptn_msg_names(pool, mime, "to");
    item->cc = ptn_msg_names(pool, mime, "cc");
    item->importance = ptn_msg_importance(pool, mime);
    item->attach = ptn_msg_has_attachment(mime->root);
    ptn_msg_from(pool, mime, item);

    f = ptn_mime_field(mime->root, "date");
    item->dated = (f != NULL
                   && ptn_mime_date(f->value, &item->sent, &zone) == PTN_OK);

    if (ptn_pool_failed(pool)) {
        return PTN_ENOMEM;
    }

    return ptn_msg_bag(pool, mime, append, received, &item->bag);
}


static ptn_rc_t
ptn_msg_insert_item(ptn_mbox_t *mb, ptn_id_t id, const ptn_msg_item_t *item)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_ITEM_ADD, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    ptn_sql_text(st, 2, ptn_str("IPM.Note"));
    ptn_sql_text(st, 3, item->subject);
    ptn_sql_text(st, 4, item->from_name);
    ptn_sql_text(st, 5, item->from_addr);
    ptn_sql_text(st, 6, item->to);
    ptn_sql_text(st, 7, item->cc);
    ptn_sql_text(st, 8, item->message_id);

    if (item->dated) {
        sqlite3_bind_int64(st, 9, item->sent);

    } else {
        sqlite3_bind_null(st, 9);
    }

    sqlite3_bind_int(st, 10, item->importance);
    sqlite3_bind_int(st, 11, item->attach);
    ptn_sql_blob(st, 12, item->bag);

    rc = ptn_sql_step(mb, st);
    sqlite3_clear_bindings(st);

    return rc;
}


/*
 * ptn_append_t.key: a second one finds the row of the first.  Who writes one
 * removes some of those that are older than any delivery can be tried again.
 */

static ptn_rc_t
ptn_msg_once(ptn_mbox_t *mb, ptn_str_t key, ptn_id_t id)
{
    int64_t        day, kept;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    if (key.len == 0) {
        return PTN_OK;
    }

    st = ptn_sql(mb, PTN_SQL_ONCE_ADD, &rc);
    if (st == NULL) {
        return rc;
    }

    day = ptn_time_now() / PTN_USEC / 86400;
    kept = PTN_ONCE_DAYS + mb->store->conf->queue_lifetime / 86400;

    ptn_sql_blob(st, 1, key);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) id);
    sqlite3_bind_int64(st, 3, day);

    rc = ptn_sql_step(mb, st);

    if (rc != PTN_OK) {
        return rc;
    }

    if (sqlite3_changes(mb->db) == 0) {
        return PTN_EEXIST;
    }

    return ptn_sql_run(mb, PTN_SQL_ONCE_TRIM, 2, (uint64_t) (day - kept),
                       (uint64_t) PTN_ONCE_TRIMMED);
}


static ptn_rc_t
ptn_msg_append_rows(ptn_txn_t *tx, ptn_pool_t *pool, ptn_folder_t *f,
    const ptn_mime_t *mime, const ptn_append_t *append, ptn_appended_t *ret)
{
    ptn_rc_t        rc;
    ptn_mbox_t     *mb;
    ptn_msg_item_t  item;
    ptn_msg_full_t  m;

    mb = tx->mb;
    memset(&m, 0, sizeof(m));
    m.received = append->received ? append->received
                                  : ptn_time_now() / PTN_USEC;

    rc = ptn_msg_item(pool, mime, append, m.received, &item);

    if (rc != PTN_OK) {
        return rc;
    }

    m.id = ptn_txn_oid(tx);
    rc = ptn_msg_once(mb, append->key, m.id);

    if (rc == PTN_EEXIST) {
        return rc;
    }

    if (rc == PTN_OK) {
        rc = ptn_content_add(tx, pool, mime, &m.content);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_insert_item(mb, m.id, &item);
    }

    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    m.mid = m.id;
    m.cn = ptn_txn_cn(tx);
    m.read_cn = m.cn;
    m.modseq = m.cn;
    m.born = m.cn;
    m.uid = f->uidnext;
    m.flags = append->flags & PTN_FLAGS_STORED;
    m.keywords = append->keywords & ptn_msg_keywords(mb);
    m.size = append->raw.len;

    rc = ptn_msg_insert(mb, f->id, &m);

    if (rc == PTN_OK) {
        rc = ptn_txn_event(tx, PTN_MBOX_EVENT_NEW, f->id, m.id, 0, 0, m.cn);
    }

    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    f->uidnext++;
    ptn_msg_count(mb, f, &m, 1);
    ptn_folder_touch(mb, f, m.modseq);

    ret->id = m.id;
    ret->uid = m.uid;
    ret->uidvalidity = f->uidvalidity;
    ret->modseq = m.modseq;

    return PTN_OK;
}


ptn_rc_t
ptn_msg_append(ptn_txn_t *tx, ptn_id_t folder, const ptn_append_t *append,
    ptn_appended_t *ret)
{
    ptn_rc_t       rc;
    uint64_t       max;
    ptn_mime_t    *mime;
    ptn_pool_t    *pool;
    ptn_folder_t  *f;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, folder, &f);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    /* what was taken at the limit has our trace fields by now */

    max = tx->mb->store->conf->message_max
          + (append->delivery ? PTN_MSG_TRACE_MAX : 0);

    if (append->raw.len > max) {
        return PTN_ETOOBIG;
    }

    rc = ptn_msg_room(tx->mb, f, 1, append->raw.len);
    if (rc != PTN_OK) {
        return rc;
    }

    /* decoded attachments and a skeleton may stand beside the message */

    pool = ptn_content_pool(tx->mb->store,
                            PTN_POOL_CAP_DEFAULT + 4 * append->raw.len);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    mime = append->mime;

    if (mime == NULL) {
        rc = ptn_mime_parse(pool, append->raw, &mime);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_append_rows(tx, pool, f, mime, append, ret);
    }

    ptn_pool_destroy(pool);

    return rc;
}


/* ---- flags ------------------------------------------------------------- */

static void
ptn_msg_new_flags(const ptn_msg_full_t *m, ptn_flags_op_e op, uint32_t flags,
    uint64_t keywords, uint32_t *ret_flags, uint64_t *ret_keywords)
{
    switch (op) {

    case PTN_FLAGS_SET:
        *ret_flags = flags;
        *ret_keywords = keywords;
        break;

    case PTN_FLAGS_ADD:
        *ret_flags = m->flags | flags;
        *ret_keywords = m->keywords | keywords;
        break;

    default: /* PTN_FLAGS_REMOVE */
        *ret_flags = m->flags & ~flags;
        *ret_keywords = m->keywords & ~keywords;
    }
}


static ptn_rc_t
ptn_msg_flags_one(ptn_txn_t *tx, ptn_folder_t *f, ptn_msg_full_t *m,
    uint32_t flags, uint64_t keywords, uint64_t *modseq)
{
    ptn_rc_t  rc;
    uint64_t  cn;
    uint32_t  moved;

    moved = m->flags ^ flags;
    cn = ptn_txn_cn(tx);

    if (*modseq == 0) {
        *modseq = cn;
    }

    if ((moved & PTN_FLAGS_EDIT) || m->keywords != keywords) {
        m->cn = cn;
    }

    if (moved & PTN_FLAG_SEEN) {
        m->read_cn = cn;
    }

    rc = ptn_sql_run(tx->mb, PTN_SQL_MSG_FLAGS, 7, f->id, (uint64_t) m->uid,
                     (uint64_t) flags, keywords, m->cn, m->read_cn, *modseq);

    if (rc == PTN_OK) {
        rc = ptn_txn_event(tx, PTN_MBOX_EVENT_MODIFIED, f->id, m->id, 0, 0,
                           cn);
    }

    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    ptn_msg_count(tx->mb, f, m, -1);
    m->flags = flags;
    ptn_msg_count(tx->mb, f, m, 1);
    ptn_folder_touch(tx->mb, f, *modseq);

    return PTN_OK;
}


ptn_rc_t
ptn_msg_flags(ptn_txn_t *tx, ptn_id_t folder, const uint32_t *uids, size_t n,
    ptn_flags_op_e op, uint32_t flags, uint64_t keywords,
    uint64_t unchanged_since, uint64_t *ret_modseq)
{
    size_t          i;
    ptn_rc_t        rc;
    uint32_t        new_flags;
    uint64_t        new_keywords, modseq;
    ptn_folder_t   *f;
    ptn_msg_full_t  m;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, folder, &f);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    flags &= PTN_FLAGS_STORED;
    keywords &= ptn_msg_keywords(tx->mb);
    modseq = 0;

    for (i = 0; i < n; i++) {
        rc = ptn_msg_get(tx->mb, folder, uids[i], &m);

        if (rc == PTN_ENOTFOUND) {
            continue;
        }

        if (rc != PTN_OK) {
            return ptn_txn_poison(tx, rc);
        }

        if (unchanged_since != 0 && m.modseq > unchanged_since) {
            continue;
        }

        ptn_msg_new_flags(&m, op, flags, keywords, &new_flags, &new_keywords);

        if (new_flags == m.flags && new_keywords == m.keywords) {
            continue;
        }

        rc = ptn_msg_flags_one(tx, f, &m, new_flags, new_keywords, &modseq);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    if (ret_modseq != NULL) {
        *ret_modseq = modseq;
    }

    return PTN_OK;
}


/* ---- copy and move ----------------------------------------------------- */

static ptn_rc_t
ptn_msg_copy_one(ptn_txn_t *tx, ptn_folder_t *to, ptn_id_t from,
    ptn_msg_full_t *m)
{
    ptn_id_t     old;
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    mb = tx->mb;
    old = m->id;
    m->id = ptn_txn_oid(tx);
    m->mid = m->id;
    m->cn = ptn_txn_cn(tx);
    m->read_cn = m->cn;
    m->modseq = m->cn;
    m->born = m->cn;
    m->uid = to->uidnext++;

    rc = ptn_msg_insert(mb, to->id, m);

    if (rc == PTN_OK) {
        rc = ptn_sql_run(mb, PTN_SQL_ITEM_COPY, 2, old, m->id);
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_run(mb, PTN_SQL_SHARE_ADD, 1, m->content);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_event(tx, PTN_MBOX_EVENT_COPIED, to->id, m->id, from, old,
                           m->cn);
    }

    ptn_msg_count(mb, to, m, 1);
    ptn_folder_touch(mb, to, m->modseq);

    return rc;
}


static ptn_rc_t
ptn_msg_move_one(ptn_txn_t *tx, ptn_folder_t *to, ptn_folder_t *from,
    ptn_msg_full_t *m)
{
    ptn_id_t     mid;
    ptn_rc_t     rc;
    uint64_t     cn;
    uint32_t     uid;
    ptn_mbox_t  *mb;

    mb = tx->mb;
    cn = ptn_txn_cn(tx);
    mid = ptn_txn_oid(tx);
    uid = to->uidnext++;

    rc = ptn_sql_run(mb, PTN_SQL_TOMB_ADD, 8, from->id, cn, m->id,
                     (uint64_t) PTN_TOMB_MESSAGE, (uint64_t) PTN_CAUSE_MOVE,
                     m->mid, (uint64_t) m->uid, to->id);

    if (rc == PTN_OK) {
        rc = ptn_sql_run(mb, PTN_SQL_MSG_MOVE, 8, from->id,
                         (uint64_t) m->uid, to->id, (uint64_t) uid, mid, cn,
                         cn, cn);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_event(tx, PTN_MBOX_EVENT_MOVED, to->id, m->id, from->id,
                           m->mid, cn);
    }

    ptn_msg_count(mb, from, m, -1);
    ptn_folder_touch(mb, from, cn);
    m->uid = uid;
    ptn_msg_count(mb, to, m, 1);
    ptn_folder_touch(mb, to, cn);

    return rc;
}


static ptn_rc_t
ptn_msg_transfer(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t from,
    const uint32_t *uids, size_t n, ptn_id_t to, bool move,
    uint32_t **ret_uids)
{
    size_t           i, found;
    ptn_rc_t         rc;
    uint32_t        *new_uids;
    uint64_t         size;
    ptn_folder_t    *source, *target;
    ptn_msg_full_t  *all;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, from, &source);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, to, &target);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    new_uids = ptn_parray(pool, n, sizeof(uint32_t));
    all = ptn_parray(pool, n, sizeof(ptn_msg_full_t));

    if (new_uids == NULL || all == NULL) {
        return PTN_ENOMEM;
    }

    /* all is known before anything changes */

    for (i = 0, size = 0, found = 0; i < n; i++) {
        all[i].uid = 0;
        rc = ptn_msg_get(tx->mb, from, uids[i], &all[i]);

        if (rc == PTN_OK) {
            size += all[i].size;
            found++;

        } else if (rc != PTN_ENOTFOUND) {
            return ptn_txn_poison(tx, rc);
        }
    }

    rc = ptn_msg_room(tx->mb, target, found, move ? 0 : size);

    if (rc == PTN_EQUOTA && move) {
        rc = PTN_OK;
    }

    if (rc != PTN_OK) {
        return rc;
    }

    for (i = 0; i < n; i++) {
        new_uids[i] = 0;

        if (all[i].uid == 0) {
            continue;
        }

        rc = move ? ptn_msg_move_one(tx, target, source, &all[i])
                  : ptn_msg_copy_one(tx, target, from, &all[i]);

        if (rc != PTN_OK) {
            return ptn_txn_poison(tx, rc);
        }

        new_uids[i] = all[i].uid;
    }

    *ret_uids = new_uids;

    return PTN_OK;
}


ptn_rc_t
ptn_msg_copy(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t from,
    const uint32_t *uids, size_t n, ptn_id_t to, uint32_t **ret_uids)
{
    return ptn_msg_transfer(tx, pool, from, uids, n, to, false, ret_uids);
}


ptn_rc_t
ptn_msg_move(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t from,
    const uint32_t *uids, size_t n, ptn_id_t to, uint32_t **ret_uids)
{
    return ptn_msg_transfer(tx, pool, from, uids, n, to, true, ret_uids);
}


/* ---- expunge ----------------------------------------------------------- */

ptn_rc_t
ptn_msg_erase(ptn_mbox_t *mb, ptn_id_t folder, uint32_t uid, ptn_id_t id,
    ptn_id_t content)
{
    ptn_rc_t  rc;

    rc = ptn_sql_run(mb, PTN_SQL_MSG_DELETE, 2, folder, (uint64_t) uid);

    if (rc == PTN_OK) {
        rc = ptn_sql_run(mb, PTN_SQL_ITEM_DELETE, 1, id);
    }

    return (rc == PTN_OK) ? ptn_content_drop(mb, content) : rc;
}


ptn_rc_t
ptn_msg_expunge(ptn_txn_t *tx, ptn_id_t folder, const uint32_t *uids,
    size_t n)
{
    size_t          i;
    ptn_rc_t        rc;
    uint64_t        cn;
    ptn_mbox_t     *mb;
    ptn_folder_t   *f;
    ptn_msg_full_t  m;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, folder, &f);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    mb = tx->mb;

    for (i = 0; i < n; i++) {
        rc = ptn_msg_get(mb, folder, uids[i], &m);

        if (rc == PTN_ENOTFOUND) {
            continue;
        }

        cn = (rc == PTN_OK) ? ptn_txn_cn(tx) : 0;

        if (rc == PTN_OK) {
            rc = ptn_msg_erase(mb, folder, m.uid, m.id, m.content);
        }

        if (rc == PTN_OK) {
            rc = ptn_sql_run(mb, PTN_SQL_TOMB_ADD, 8, folder, cn, m.id,
                             (uint64_t) PTN_TOMB_MESSAGE,
                             (uint64_t) PTN_CAUSE_HARD, m.mid,
                             (uint64_t) m.uid, (uint64_t) 0);
        }

        if (rc == PTN_OK) {
            rc = ptn_txn_event(tx, PTN_MBOX_EVENT_DELETED, folder, m.id, 0,
                               m.mid, cn);
        }

        if (rc != PTN_OK) {
            return ptn_txn_poison(tx, rc);
        }

        ptn_msg_count(mb, f, &m, -1);
        ptn_folder_touch(mb, f, cn);
    }

    return PTN_OK;
}
