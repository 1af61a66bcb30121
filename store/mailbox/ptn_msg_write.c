/*
 * Messages: append, flags, expunge; copies and moves: ptn_msg_copy.c.
 *
 * Which stamp moves (DESIGN 3): `modseq` always; `cn` with what MAPI and EWS
 * show as an edit (flag status, replied, draft, categories), `read_cn` with
 * the read state; \Deleted is message status (MS-OXCMSG 2.2.3.7) and moves
 * neither.  Every message takes a change number of its own, so that a set of
 * seen numbers can tell them apart; the modseq of one call is one number.
 */

#include "ptn_charset.h"
#include "ptn_folder.h"
#include "ptn_ready.h"


#define PTN_MSG_PENDING    0x300    /* mfNotifyRead, mfNotifyUnread */

#define PTN_FLAGS_EDIT     (PTN_FLAG_ANSWERED|PTN_FLAG_FLAGGED|PTN_FLAG_DRAFT)


/* ---- rows -------------------------------------------------------------- */

static ptn_rc_t
ptn_msg_read(ptn_mbox_t *mb, sqlite3_stmt *st, ptn_msg_info_t *m)
{
    ptn_rc_t  rc;

    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    ptn_item_read_info(st, m);
    sqlite3_reset(st);

    return PTN_OK;
}


/* Of a search folder: the message itself, in its own folder. */

ptn_rc_t
ptn_msg_get(ptn_mbox_t *mb, ptn_id_t folder, uint32_t uid, ptn_msg_info_t *m)
{
    uint32_t       at;
    ptn_id_t       id;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    at = (mb->set != NULL && mb->set->nsearch != 0)
         ? ptn_set_index(mb->set, folder) : PTN_SET_NONE;

    if (at != PTN_SET_NONE && mb->set->folders[at].search) {
        rc = ptn_search_at(mb, folder, uid, &id);
        return (rc == PTN_OK) ? ptn_msg_get_id(mb, id, m) : rc;
    }

    st = ptn_sql(mb, PTN_SQL_MSG_GET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);
    sqlite3_bind_int64(st, 2, uid);

    return ptn_msg_read(mb, st, m);
}


/* In a folder that is there: what was deleted softly is not. */

ptn_rc_t
ptn_msg_get_id(ptn_mbox_t *mb, ptn_id_t id, ptn_msg_info_t *m)
{
    ptn_rc_t  rc;

    rc = ptn_msg_get_any(mb, id, m);

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    return (ptn_set_index(mb->set, m->folder) == PTN_SET_NONE)
           ? PTN_ENOTFOUND : PTN_OK;
}


ptn_rc_t
ptn_msg_insert(ptn_mbox_t *mb, const ptn_msg_info_t *m)
{
    ptn_rc_t  rc;

    rc = ptn_sql_run(mb, PTN_SQL_MSG_ADD, 15, m->folder, (uint64_t) m->uid,
                     m->id, m->mid, m->content, m->cn, m->read_cn, m->modseq,
                     m->born, (uint64_t) m->flags, m->keywords, m->size,
                     (uint64_t) m->received, (uint64_t) m->fai,
                     (uint64_t) m->modified);

    return rc == PTN_OK ? ptn_view_late(mb, m->folder, m->uid, m->received,
                                        m->fai) : rc;
}


/* What leaves a folder, as the tombstone `cn` has it; its names go. */

ptn_rc_t
ptn_msg_tomb(ptn_mbox_t *mb, const ptn_msg_info_t *m, uint64_t cn,
    ptn_cause_e cause, ptn_id_t dest)
{
    ptn_rc_t  rc;

    rc = ptn_sql_run(mb, PTN_SQL_TOMB_ADD, 10, m->folder, cn, m->id,
                     (uint64_t) PTN_TOMB_MESSAGE, (uint64_t) cause, m->mid,
                     (uint64_t) m->uid, (uint64_t) m->fai, dest, m->born);

    return (rc == PTN_OK && cause != PTN_CAUSE_EDIT)
           ? ptn_name_drop(mb, m, cn) : rc;
}


int64_t
ptn_msg_now(void)
{
    return ptn_time_now() / PTN_USEC;
}


/* Bits that have a name. */

uint64_t
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


ptn_rc_t
ptn_msg_moving(ptn_mbox_t *mb, ptn_id_t id, bool *ret_moving)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    *ret_moving = false;

    rc = ptn_mbox_set(mb);

    if (rc != PTN_OK || mb->set->intents == 0) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_MOVING_GET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        *ret_moving = true;
        sqlite3_reset(st);
        rc = PTN_OK;
    }

    return rc;
}


/* ---- counters ---------------------------------------------------------- */

void
ptn_msg_count(ptn_mbox_t *mb, ptn_folder_t *f, const ptn_msg_info_t *m,
    int sign)
{
    uint32_t  one;

    if (m->fai) {
        return;
    }

    one = (uint32_t) sign;

    f->total += one;
    f->unread += (m->flags & PTN_FLAG_SEEN) ? 0 : one;
    f->deleted += (m->flags & PTN_FLAG_DELETED) ? one : 0;
    f->size += (uint64_t) (int64_t) sign * m->size;
    mb->set->size += (uint64_t) (int64_t) sign * m->size;
}


static ptn_rc_t
ptn_msg_space(const ptn_folder_t *f, size_t n)
{
    if (f->search) {
        return PTN_EDENIED;
    }

    if (f->total + n > PTN_FOLDER_MESSAGES_MAX
        || n > UINT32_MAX - f->uidnext)
    {
        return PTN_ELIMIT;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_msg_room(ptn_mbox_t *mb, const ptn_folder_t *f, size_t n, uint64_t size)
{
    ptn_rc_t  rc;

    rc = ptn_msg_space(f, n);

    return (rc == PTN_OK) ? ptn_quota_room(mb, size, false) : rc;
}


/* ---- append ------------------------------------------------------------ */

/*
 * ptn_append_t.key: a second one finds the row of the first.  Who writes one
 * removes some of those that are older than any delivery can be tried again, by
 * the days that the mailbox has lived: a clock that steps makes none older.
 * Those of moves between mailboxes stay: the other mailbox may come back late.
 */

ptn_rc_t
ptn_msg_once(ptn_mbox_t *mb, ptn_str_t key, ptn_id_t id, bool for_good)
{
    int64_t        day, kept, lived;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    if (key.len == 0) {
        return PTN_OK;
    }

    rc = ptn_lived_advance(mb->tx, &lived);
    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_ONCE_ADD, &rc);
    if (st == NULL) {
        return rc;
    }

    day = lived / 86400 - PTN_ONCE_LIVED;
    kept = PTN_ONCE_DAYS + mb->store->conf->queue_lifetime / 86400;

    ptn_sql_blob(st, 1, key);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) id);
    sqlite3_bind_int64(st, 3, for_good ? INT32_MAX : day);

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


ptn_rc_t
ptn_txn_mid(ptn_txn_t *tx, ptn_id_t *ret_mid)
{
    ptn_rc_t  rc;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        *ret_mid = ptn_txn_oid(tx);
    }

    return rc;
}


ptn_rc_t
ptn_msg_add(ptn_txn_t *tx, ptn_folder_t *f, ptn_msg_info_t *m,
    const ptn_item_t *item)
{
    bool         seen;
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    mb = tx->mb;

    m->folder = f->id;
    m->mid = m->mid ? m->mid : m->id;
    m->cn = ptn_txn_cn(tx);
    m->read_cn = m->cn;
    m->modseq = m->cn;
    m->born = m->cn;
    m->uid = f->uidnext;
    m->flags &= PTN_FLAGS_STORED;
    m->keywords &= ptn_msg_keywords(mb);
    seen = ptn_reader_take(mb, m);

    rc = ptn_item_put(mb, PTN_SQL_ITEM_ADD, m->id, item);

    if (rc == PTN_OK) {
        rc = ptn_mark_add(mb, m->id, 0);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_insert(mb, m);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_event(tx, PTN_MBOX_EVENT_NEW, f->id, m->id, 0, 0, m->cn);
    }

    if (rc == PTN_OK && seen) {
        rc = ptn_reader_give(tx, m);
    }

    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    f->uidnext++;
    ptn_msg_count(mb, f, m, 1);
    ptn_folder_touch(mb, f, m->modseq);

    return PTN_OK;
}


/*
 * What the envelope and the delivery say, not the message.  A receipt that is
 * asked for is pending from now on (MS-OXCMSG 2.2.1.6).
 */

static ptn_rc_t
ptn_msg_delivered(ptn_pool_t *pool, const ptn_append_t *append,
    const ptn_object_t *object, ptn_props_t *extra)
{
    int64_t   asked;
    ptn_rc_t  rc;

    if (!append->delivery) {
        return PTN_OK;
    }

    if (ptn_props_int(&object->props, PTN_PR_READ_RECEIPT_REQUESTED, &asked)
        && asked != 0)
    {
        rc = ptn_props_set_int(extra, pool, PTN_PR_MESSAGE_FLAGS,
                               PTN_MSG_PENDING);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    if (append->sender.len == 0) {
        return PTN_OK;
    }

    return ptn_props_set(extra, pool, PTN_PR_INTERNET_RETURN_PATH,
                         ptn_utf8_clean(pool, append->sender));
}


/* Where messages of its class go (MS-OXCSTOR 3.2.1). */

static ptn_rc_t
ptn_msg_append_place(ptn_mbox_t *mb, ptn_pool_t *pool, const ptn_item_t *item,
    uint64_t size, ptn_folder_t **f)
{
    ptn_rc_t        rc;
    ptn_folder_t   *to;
    ptn_receive_t   row;

    rc = ptn_receive_get(mb, pool, item->text[PTN_ITEM_CLASS], &row);

    if (rc == PTN_EINVAL || (rc == PTN_OK && row.folder == (*f)->id)) {
        return PTN_OK;                  /* the Inbox */
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_of(mb, row.folder, &to);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_room(mb, to, 1, size);
    }

    if (rc == PTN_OK) {
        *f = to;
    }

    return rc;
}


static ptn_rc_t
ptn_msg_append_rows(ptn_txn_t *tx, ptn_folder_t *f, bool by_class,
    const ptn_append_t *append, ptn_ready_t *ready, ptn_appended_t *ret)
{
    bool             late;
    ptn_rc_t         rc;
    ptn_mbox_t      *mb;
    ptn_item_t       item;
    ptn_pool_t      *pool;
    ptn_props_t      extra;
    ptn_msg_info_t   m;

    mb = tx->mb;
    pool = ready->pool;
    memset(&m, 0, sizeof(m));
    memset(&item, 0, sizeof(item));
    memset(&extra, 0, sizeof(extra));
    m.received = append->received ? append->received : ptn_msg_now();
    m.flags = append->flags;
    m.keywords = append->keywords;
    m.size = append->raw.len;
    item.info.received = m.received;

    rc = ptn_msg_delivered(pool, append, ready->object, &extra);

    if (rc == PTN_OK) {
        rc = ptn_refer_join(tx, pool, ready->object, NULL, &extra, &item,
                            &late);
    }

    if (rc == PTN_OK) {
        rc = ptn_item_derive(mb, pool, ready->object, &extra, &item);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (by_class) {
        rc = ptn_msg_append_place(mb, pool, &item, m.size, &f);

        if (rc == PTN_OK) {
            rc = ptn_rights_need(mb, f->id, PTN_RIGHT_CREATE);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    m.id = ptn_txn_oid(tx);
    m.content = m.id;
    rc = ptn_msg_once(mb, append->key, m.id, false);

    if (rc == PTN_EEXIST) {
        return rc;
    }

    if (rc == PTN_OK) {
        rc = ptn_content_put(tx, pool, &ready->content, m.id, &m.content);
    }

    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    rc = ptn_msg_add(tx, f, &m, &item);

    if (rc == PTN_OK && late) {
        rc = ptn_refer_late(tx, pool, m.id);
        rc = (rc == PTN_OK) ? rc : ptn_txn_poison(tx, rc);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ret->id = m.id;
    ret->folder = f->id;
    ret->uid = m.uid;
    ret->uidvalidity = f->uidvalidity;
    ret->modseq = m.modseq;

    return PTN_OK;
}


ptn_rc_t
ptn_msg_append(ptn_txn_t *tx, ptn_id_t folder, const ptn_append_t *append,
    ptn_appended_t *ret)
{
    bool           by_class;
    ptn_rc_t       rc;
    ptn_ready_t   *ready;
    ptn_folder_t  *f;

    by_class = (folder == 0 && append->delivery);
    rc = ptn_txn_need(tx, by_class ? (ptn_id_t) PTN_FOLDER_INBOX : folder,
                      PTN_RIGHT_CREATE);

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb,
                           by_class ? (ptn_id_t) PTN_FOLDER_INBOX : folder,
                           &f);
    }

    if (rc == PTN_OK && append->raw.len > ptn_ready_max(tx->mb->store,
                                                        append))
    {
        rc = PTN_ETOOBIG;
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_space(f, 1);
    }

    if (rc == PTN_OK) {
        rc = ptn_quota_room(tx->mb, append->raw.len, append->delivery);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ready = append->ready;

    if (ready != NULL) {
        rc = ptn_ready_again(ready, tx->mb, append);

    } else {
        rc = ptn_ready_make(tx->mb, append, &ready);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_append_rows(tx, f, by_class, append, ready, ret);
    }

    if (append->ready == NULL) {
        ptn_ready_free(ready);
    }

    return rc;
}


/* ---- flags ------------------------------------------------------------- */

void
ptn_msg_new_flags(const ptn_msg_info_t *m, ptn_flags_op_e op, uint32_t flags,
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


ptn_rc_t
ptn_msg_flags_one(ptn_txn_t *tx, ptn_folder_t *f, ptn_msg_info_t *m,
    uint32_t flags, uint64_t keywords, uint64_t *modseq)
{
    ptn_rc_t  rc;
    uint64_t  cn;
    uint32_t  moved;

    if (tx->mb->kind == PTN_MBOX_PUBLIC) {
        rc = ptn_reader_flag(tx, m, &flags, modseq);

        if (rc != PTN_OK) {
            return ptn_txn_poison(tx, rc);
        }

        if (flags == m->flags && keywords == m->keywords) {
            return PTN_OK;
        }
    }

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

    if (moved & ~PTN_FLAG_DELETED || m->keywords != keywords) {
        m->modified = ptn_msg_now();
    }

    rc = ptn_sql_run(tx->mb, PTN_SQL_MSG_FLAGS, 8, f->id, (uint64_t) m->uid,
                     (uint64_t) flags, keywords, m->cn, m->read_cn, *modseq,
                     (uint64_t) m->modified);

    if (rc == PTN_OK) {
        rc = ptn_txn_event(tx, PTN_MBOX_EVENT_MODIFIED, f->id, m->id, 0, 0,
                           cn);
    }

    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    ptn_msg_count(tx->mb, f, m, -1);
    m->flags = flags;
    m->keywords = keywords;
    m->modseq = *modseq;
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
    ptn_msg_info_t  m;

    rc = ptn_txn_need(tx, folder, 0);

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

        rc = ptn_rights_flag(tx, &m, op, flags, keywords, modseq != 0);

        if (rc == PTN_ENOTFOUND) {
            continue;
        }

        if (rc != PTN_OK) {
            return rc;
        }

        if (unchanged_since != 0 && m.modseq > unchanged_since) {
            continue;
        }

        ptn_msg_new_flags(&m, op, flags, keywords, &new_flags, &new_keywords);

        if (new_flags == m.flags && new_keywords == m.keywords) {
            continue;
        }

        /* one modseq for all, which no number that they take is above */

        if (modseq == 0) {
            modseq = tx->mb->meta.cn + (n - i);
        }

        rc = ptn_folder_of(tx->mb, m.folder, &f);

        if (rc == PTN_OK) {
            rc = ptn_msg_flags_one(tx, f, &m, new_flags, new_keywords,
                                   &modseq);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_txn_reach(tx, modseq);

    if (ret_modseq != NULL) {
        *ret_modseq = modseq;
    }

    return PTN_OK;
}


/* ---- expunge ----------------------------------------------------------- */

ptn_rc_t
ptn_msg_erase(ptn_mbox_t *mb, ptn_id_t folder, uint32_t uid, ptn_id_t id,
    ptn_id_t content)
{
    u_char         large[64 * PTN_ITEM_LARGE], refers[PTN_REFER_SIZE];
    ptn_rc_t       rc;
    ptn_str_t      s, r;
    sqlite3_stmt  *st;

    rc = ptn_sql_run(mb, PTN_SQL_MSG_DELETE, 2, folder, (uint64_t) uid);

    if (rc == PTN_OK) {
        rc = ptn_mark_drop(mb, id);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_ITEM_DELETE, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    rc = ptn_sql_step(mb, st);
    s = r = ptn_str_make(NULL, 0);

    if (rc == PTN_AGAIN) {
        s = ptn_sql_column(st, 0);
        s.len = ptn_min(s.len, sizeof(large));

        if (s.len != 0) {
            memcpy(large, s.data, s.len);
        }

        r = ptn_sql_column(st, 1);
        r.len = ptn_min(r.len, sizeof(refers));

        if (r.len != 0) {
            memcpy(refers, r.data, r.len);
        }

        sqlite3_reset(st);
        rc = PTN_OK;
    }

    if (rc == PTN_OK && s.len != 0) {
        rc = ptn_item_large_refs(mb, ptn_str_make(large, s.len), false);
    }

    if (rc == PTN_OK) {
        rc = ptn_refer_put(mb, id, ptn_str_make(refers, r.len), false);
    }

    return (rc == PTN_OK) ? ptn_content_drop(mb, content) : rc;
}


ptn_rc_t
ptn_msg_expunge_one(ptn_txn_t *tx, ptn_folder_t *f, ptn_msg_info_t *m)
{
    ptn_rc_t     rc;
    uint64_t     cn;
    ptn_mbox_t  *mb;

    mb = tx->mb;
    cn = ptn_txn_cn(tx);

    rc = ptn_txn_event(tx, PTN_MBOX_EVENT_DELETED, m->folder, m->id, 0,
                       m->mid, cn);

    if (rc == PTN_OK) {
        rc = ptn_msg_erase(mb, m->folder, m->uid, m->id, m->content);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_tomb(mb, m, cn, PTN_CAUSE_HARD, 0);
    }

    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    ptn_msg_count(mb, f, m, -1);
    mb->set->more[f - mb->set->folders].removed++;
    ptn_folder_touch(mb, f, cn);

    return PTN_OK;
}


ptn_rc_t
ptn_msg_expunge(ptn_txn_t *tx, ptn_id_t folder, const uint32_t *uids,
    size_t n)
{
    size_t          i;
    ptn_rc_t        rc;
    ptn_folder_t   *f;
    ptn_msg_info_t  m;

    rc = ptn_txn_need(tx, folder, 0);

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, folder, &f);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    for (i = 0; i < n; i++) {
        rc = ptn_msg_get(tx->mb, folder, uids[i], &m);

        if (rc == PTN_OK) {
            rc = ptn_rights_delete(tx->mb, &m);

            if (rc == PTN_EDENIED) {
                return (i == 0) ? rc : ptn_txn_poison(tx, rc);
            }
        }

        if (rc == PTN_ENOTFOUND) {
            continue;
        }

        if (rc == PTN_OK) {
            rc = ptn_folder_of(tx->mb, m.folder, &f);
        }

        rc = (rc == PTN_OK) ? ptn_msg_expunge_one(tx, f, &m)
                            : ptn_txn_poison(tx, rc);

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}
