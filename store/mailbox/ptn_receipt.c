/*
 * Read receipts: those that are pending (MS-OXCMSG 2.2.3.10.1: mfNotifyRead and
 * mfNotifyUnread of PidTagMessageFlags, which the bag keeps), and those that
 * are due, rows that are written in the transaction that makes them due and go
 * when they are in the queue; and the marks by which the clerk learns of them.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "ptn_category.h"
#include "ptn_folder.h"
#include "ptn_transfer.h"


#define PTN_MF_NOTIFY_READ    0x00000100        /* 2.2.1.6 */
#define PTN_MF_NOTIFY_UNREAD  0x00000200

#define PTN_RECEIPT_KEYWORD   "$MDNSent"        /* RFC 3503 */
#define PTN_RECEIPT_ADDRESS   320

#define PTN_READ_KNOWN                                                        \
    (PTN_READ_SUPPRESS|PTN_READ_UNREAD|PTN_READ_RECEIPT_ONLY                  \
     |PTN_READ_CLEAR_NOTIFY|PTN_READ_CLEAR_NONREAD)


/* ---- what is pending ---------------------------------------------------- */

/* What each request does to the read state and to what is pending. */

static ptn_rc_t
ptn_receipt_plan(unsigned flags, bool *ret_read, bool *ret_unread,
    bool *ret_send, uint32_t *ret_clear)
{
    unsigned  notify;

    flags &= PTN_READ_KNOWN;
    notify = flags & (PTN_READ_CLEAR_NOTIFY|PTN_READ_CLEAR_NONREAD);

    if (((flags & PTN_READ_RECEIPT_ONLY) && flags != PTN_READ_RECEIPT_ONLY)
        || (notify && flags != notify))
    {
        return PTN_EINVAL;
    }

    *ret_read = false;
    *ret_unread = false;
    *ret_send = false;
    *ret_clear = 0;

    if (notify) {
        *ret_clear = ((notify & PTN_READ_CLEAR_NOTIFY) ? PTN_MF_NOTIFY_READ
                                                       : 0)
                     | ((notify & PTN_READ_CLEAR_NONREAD)
                        ? PTN_MF_NOTIFY_UNREAD : 0);

    } else if (flags & PTN_READ_UNREAD) {
        *ret_unread = true;

    } else {
        *ret_read = !(flags & PTN_READ_RECEIPT_ONLY);
        *ret_send = !(flags & PTN_READ_SUPPRESS);
        *ret_clear = PTN_MF_NOTIFY_READ|PTN_MF_NOTIFY_UNREAD;
    }

    return PTN_OK;
}


/* Its client has sent one itself (RFC 3503). */

static bool
ptn_receipt_sent(ptn_mbox_t *mb, const ptn_msg_info_t *m)
{
    unsigned          i;
    const ptn_str_t  *names;

    if (m->keywords == 0 || ptn_keyword_names(mb, &names) != PTN_OK) {
        return false;
    }

    for (i = 0; i < 64; i++) {
        if ((m->keywords & 1ULL << i)
            && ptn_str_ieqz(names[i], PTN_RECEIPT_KEYWORD))
        {
            return true;
        }
    }

    return false;
}


/* Where it asks it to be sent: one address (RFC 8098 2.1). */

static ptn_str_t
ptn_receipt_to(const ptn_item_t *item)
{
    size_t     i;
    ptn_str_t  to;

    to = item->text[PTN_ITEM_FROM_ADDR];

    if (!ptn_bag_get(&item->bag, PTN_PR_READ_RECEIPT_SMTP_ADDRESS, &to)) {
        (void) ptn_bag_get(&item->bag, PTN_PR_READ_RECEIPT_EMAIL_ADDRESS, &to);
    }

    for (i = 0; i < to.len; i++) {
        if (to.data[i] <= 0x20 || to.data[i] == 0x7f || to.data[i] == '<'
            || to.data[i] == '>')
        {
            return ptn_str_make(NULL, 0);
        }
    }

    return (to.len <= PTN_RECEIPT_ADDRESS && memchr(to.data, '@', to.len))
           ? to : ptn_str_make(NULL, 0);
}


/* ---- marks outside ------------------------------------------------------ */

static ptn_rc_t
ptn_receipt_mark_path(const ptn_store_t *store, ptn_guid_t mailbox,
    uint64_t user, char *path, size_t size)
{
    int   n;
    char  hex[PTN_GUID_HEX];

    ptn_guid_hex(mailbox, hex);
    n = snprintf(path, size, "%s/receipt/%s-%llu", store->conf->root, hex,
                 (unsigned long long) user);

    return (n > 0 && (size_t) n < size) ? PTN_OK : PTN_EINVAL;
}


/*
 * Under the write lock, before the rows are committed; once for all of a batch,
 * since who takes it away needs that lock.  One that is there may have been
 * left by who was killed before its name was durable.
 */

ptn_rc_t
ptn_receipt_mark(ptn_mbox_t *mb)
{
    int        fd;
    char       path[PTN_BLOB_PATH], dir[PTN_BLOB_PATH];
    ptn_io_t  *io;
    ptn_rc_t   rc;

    if (mb->batch && mb->receipt_marked) {
        return PTN_OK;
    }

    io = mb->store->io;
    rc = ptn_receipt_mark_path(mb->store, mb->guid, mb->user, path,
                               sizeof(path));
    if (rc != PTN_OK) {
        return rc;
    }

    snprintf(dir, sizeof(dir), "%s/receipt", mb->store->conf->root);

    if (io->mkdir(io, dir, 0700) == -1 && errno != EEXIST) {
        return ptn_errno_rc(errno);
    }

    fd = io->open(io, path, O_WRONLY|O_CREAT|O_CLOEXEC, 0600);
    if (fd == -1) {
        return ptn_errno_rc(errno);
    }

    io->close(io, fd);

    if (mb->store->conf->fsync
        && (io->sync_dir(io, dir, PTN_IO_RECEIPT_DIR) == -1
            || io->sync_dir(io, mb->store->conf->root, PTN_IO_RECEIPT_DIR)
               == -1))
    {
        return ptn_errno_rc(errno);
    }

    mb->receipt_marked = true;

    return PTN_OK;
}


bool
ptn_receipt_marked(const ptn_mbox_t *mb)
{
    char  path[PTN_BLOB_PATH];

    return ptn_receipt_mark_path(mb->store, mb->guid, mb->user, path,
                                 sizeof(path)) != PTN_OK
           || access(path, F_OK) == 0 || errno != ENOENT;
}


ptn_rc_t
ptn_receipt_unmark(ptn_store_t *store, ptn_guid_t mailbox, uint64_t user)
{
    char      path[PTN_BLOB_PATH];
    ptn_rc_t  rc;

    rc = ptn_receipt_mark_path(store, mailbox, user, path, sizeof(path));

    if (rc == PTN_OK && store->io->unlink(store->io, path) == -1
        && errno != ENOENT)
    {
        rc = ptn_errno_rc(errno);
    }

    return rc;
}


/* Under the write lock nobody can be about to commit one. */

ptn_rc_t
ptn_receipt_sweep(ptn_mbox_t *mb)
{
    int64_t                               n;
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    if (mb->batch) {
        return PTN_EBUSY;
    }

    rc = ptn_mbox_set(mb);

    if (rc != PTN_OK || mb->set->receipts != 0 || !ptn_receipt_marked(mb)) {
        return rc;
    }

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_sql_number(mb, "SELECT count(*) FROM receipt", &n);
    }

    if (rc == PTN_OK && n == 0) {
        rc = ptn_receipt_unmark(mb->store, mb->guid, mb->user);
    }

    ptn_txn_done(&tx);

    if (mb->batch) {
        ptn_batch_rollback(mb);
    }

    /* whoever was at them may be gone */

    mb->store->receipts |= (rc == PTN_OK && n != 0);

    return rc;
}


static bool
ptn_receipt_mark_name(const char *name, ptn_guid_t *ret_mailbox,
    uint64_t *ret_user)
{
    int                 n;
    char                hex[PTN_GUID_HEX + 1];
    size_t              i;
    unsigned            byte;
    unsigned long long  user;

    n = 0;

    if (sscanf(name, "%32[0-9a-f]-%llu%n", hex, &user, &n) != 2
        || strlen(hex) != 32 || name[n] != '\0')
    {
        return false;
    }

    for (i = 0; i < 16; i++) {
        (void) sscanf(hex + 2 * i, "%2x", &byte);
        ret_mailbox->b[i] = (u_char) byte;
    }

    *ret_user = user;

    return true;
}


ptn_rc_t
ptn_receipt_marks(ptn_store_t *store,
    ptn_rc_t (*each)(void *ctx, ptn_guid_t mailbox, uint64_t user), void *ctx)
{
    DIR            *dir;
    char            path[PTN_BLOB_PATH];
    ptn_rc_t        rc;
    uint64_t        user;
    ptn_guid_t      mailbox;
    struct dirent  *de;

    snprintf(path, sizeof(path), "%s/receipt", store->conf->root);
    dir = opendir(path);

    if (dir == NULL) {
        return (errno == ENOENT) ? PTN_OK : ptn_errno_rc(errno);
    }

    rc = PTN_OK;

    while (rc == PTN_OK && (de = readdir(dir)) != NULL) {
        if (ptn_receipt_mark_name(de->d_name, &mailbox, &user)) {
            rc = each(ctx, mailbox, user);
        }
    }

    closedir(dir);

    return rc;
}


static ptn_rc_t
ptn_receipt_add(ptn_txn_t *tx, ptn_msg_info_t *m, const ptn_item_t *item,
    ptn_receipt_e kind, bool *ret_due)
{
    unsigned       bit;
    ptn_rc_t       rc;
    ptn_str_t      to;
    sqlite3_stmt  *st;

    to = ptn_receipt_to(item);

    if (to.len == 0 || tx->mb->kind == PTN_MBOX_PUBLIC) {
        return PTN_OK;
    }

    rc = ptn_receipt_mark(tx->mb);

    st = (rc == PTN_OK) ? ptn_sql(tx->mb, PTN_SQL_RECEIPT_ADD, &rc) : NULL;
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) ptn_txn_oid(tx));
    sqlite3_bind_int64(st, 2, kind);
    sqlite3_bind_int64(st, 3, ptn_msg_now());
    ptn_sql_text(st, 4, to);
    ptn_sql_text(st, 5, item->text[PTN_ITEM_SUBJECT]);
    ptn_sql_text(st, 6, item->text[PTN_ITEM_MESSAGE_ID]);
    rc = ptn_sql_step(tx->mb, st);
    sqlite3_clear_bindings(st);

    if (rc != PTN_OK) {
        return rc;
    }

    tx->mb->set->receipts++;
    tx->mb->store->receipts = true;
    tx->mb->meta.dirty = true;
    *ret_due = true;

    /* so that no IMAP client sends another; modseq alone moves, as for what
     * the caller changes; there may be no bit left */

    rc = ptn_keyword_make(tx, ptn_str(PTN_RECEIPT_KEYWORD),
                          ptn_str_make(NULL, 0), &bit);

    if (rc == PTN_OK) {
        m->keywords |= 1ULL << bit;
        rc = ptn_sql_run(tx->mb, PTN_SQL_RECEIPT_MARK, 3, m->folder,
                         (uint64_t) m->uid, m->keywords);
    }

    return (rc == PTN_ELIMIT) ? PTN_OK : rc;
}


/* Takes bits out of the bag's flags; what is due for them is written down. */

static ptn_rc_t
ptn_receipt_clear(ptn_txn_t *tx, ptn_folder_t *f, ptn_msg_info_t *m,
    uint32_t clear, ptn_receipt_e kind, bool send, bool *ret_due)
{
    int64_t          kept;
    u_char           value[4];
    ptn_rc_t         rc;
    uint32_t         due;
    ptn_item_t       item;
    ptn_pool_t      *pool;
    sqlite3_stmt    *st;
    ptn_bag_prop_t   prop;

    *ret_due = false;

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    kept = 0;
    rc = ptn_item_get(tx->mb, pool, m->id, &item);

    if (rc != PTN_OK
        || !ptn_bag_int(&item.bag, PTN_PR_MESSAGE_FLAGS, &kept)
        || ((uint32_t) kept & clear) == 0)
    {
        ptn_pool_destroy(pool);
        return rc;
    }

    ptn_put_le32(value, (uint32_t) kept & ~clear);
    prop.tag = PTN_PR_MESSAGE_FLAGS;
    prop.value = ptn_str_make(value, 4);
    rc = ptn_item_rebag(tx->mb, pool, &item, &prop, 1);

    st = (rc == PTN_OK) ? ptn_sql(tx->mb, PTN_SQL_ITEM_BAG, &rc) : NULL;

    if (st != NULL) {
        sqlite3_bind_int64(st, 1, (sqlite3_int64) m->id);
        ptn_sql_blob(st, 2, item.packed);
        ptn_sql_blob(st, 3, item.large);
        rc = ptn_sql_step(tx->mb, st);
        sqlite3_clear_bindings(st);
    }

    due = (kind == PTN_RECEIPT_READ) ? PTN_MF_NOTIFY_READ
                                     : PTN_MF_NOTIFY_UNREAD;

    if (rc == PTN_OK && send && ((uint32_t) kept & clear & due)
        && !ptn_receipt_sent(tx->mb, m))
    {
        rc = ptn_receipt_add(tx, m, &item, kind, ret_due);
    }

    ptn_pool_destroy(pool);

    /* a new keyword may have made the set another */

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, m->folder, &f);
    }

    return (rc == PTN_OK) ? ptn_status_touch(tx, f, m) : rc;
}


ptn_rc_t
ptn_msg_read_ids(ptn_txn_t *tx, ptn_pool_t *pool, const ptn_id_t *ids,
    size_t n, unsigned flags, bool **ret_due)
{
    bool             read, unread, send, *due;
    size_t           i;
    ptn_rc_t         rc;
    uint32_t         clear;
    ptn_folder_t    *f;
    ptn_msg_info_t   m;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(tx->mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_receipt_plan(flags, &read, &unread, &send, &clear);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    due = ptn_pcalloc(pool, ptn_max(n, (size_t) 1) * sizeof(bool));
    if (due == NULL) {
        return PTN_ENOMEM;
    }

    if (read || unread) {
        rc = ptn_msg_flags_ids(tx, ids, n,
                               read ? PTN_FLAGS_ADD : PTN_FLAGS_REMOVE,
                               PTN_FLAG_SEEN, 0, NULL);
    }

    for (i = 0; i < n && clear != 0 && rc == PTN_OK; i++) {
        rc = ptn_msg_get_id(tx->mb, ids[i], &m);

        if (rc == PTN_ENOTFOUND) {
            rc = PTN_OK;
            continue;
        }

        if (rc == PTN_OK) {
            rc = ptn_folder_of(tx->mb, m.folder, &f);
        }

        if (rc == PTN_OK) {
            rc = ptn_rights_edit(tx->mb, &m);

            /* who may read in a public store sends no receipts for it */

            if (rc == PTN_ENOTFOUND
                || (rc == PTN_EDENIED && tx->mb->kind == PTN_MBOX_PUBLIC))
            {
                rc = PTN_OK;
                continue;
            }
        }

        if (rc == PTN_OK) {
            rc = ptn_receipt_clear(tx, f, &m, clear, PTN_RECEIPT_READ, send,
                                   &due[i]);
        }

        if (rc != PTN_OK) {
            return ptn_txn_poison(tx, rc);
        }
    }

    if (rc == PTN_OK) {
        *ret_due = due;
    }

    return rc;
}


/* Those that are read, or not there, are passed over. */

ptn_rc_t
ptn_msg_nonread_ids(ptn_txn_t *tx, const ptn_id_t *ids, size_t n)
{
    bool             due;
    size_t           i;
    ptn_rc_t         rc;
    ptn_folder_t    *f;
    ptn_msg_info_t   m;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(tx->mb);
    }

    for (i = 0; i < n && rc == PTN_OK; i++) {
        rc = ptn_msg_get_id(tx->mb, ids[i], &m);

        if (rc == PTN_OK) {
            rc = ptn_rights_delete(tx->mb, &m);
        }

        if (rc == PTN_OK) {
            rc = ptn_folder_of(tx->mb, m.folder, &f);
        }

        if (rc == PTN_OK && !(m.flags & PTN_FLAG_SEEN)) {
            rc = ptn_receipt_clear(tx, f, &m,
                                   PTN_MF_NOTIFY_READ|PTN_MF_NOTIFY_UNREAD,
                                   PTN_RECEIPT_NONREAD, true, &due);

            if (rc != PTN_OK) {
                return ptn_txn_poison(tx, rc);
            }
        }

        rc = (rc == PTN_ENOTFOUND) ? PTN_OK : rc;
    }

    return rc;
}


/* ---- what is due -------------------------------------------------------- */

static ptn_rc_t
ptn_receipt_read(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t after,
    ptn_receipt_t *r)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_RECEIPT_NEXT, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) after);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    r->n = ptn_sql_u64(st, 0);
    r->kind = (ptn_sql_u64(st, 1) == PTN_RECEIPT_CONFLICT)
              ? PTN_RECEIPT_CONFLICT
              : ptn_sql_u64(st, 1) ? PTN_RECEIPT_NONREAD : PTN_RECEIPT_READ;
    r->at = sqlite3_column_int64(st, 2);
    r->to = ptn_str_dup(pool, ptn_sql_column(st, 3));
    r->subject = ptn_str_dup(pool, ptn_sql_column(st, 4));
    r->message_id = ptn_str_dup(pool, ptn_sql_column(st, 5));
    r->member = ptn_sql_u64(st, 6);
    r->entryid = ptn_str_dup(pool, ptn_sql_column(st, 7));
    r->from = ptn_str_dup(pool, ptn_str_z(mb->address));
    r->mailbox = mb->guid;
    sqlite3_reset(st);

    return ptn_pool_failed(pool) ? PTN_ENOMEM : PTN_OK;
}


/*
 * One of a mailbox that nobody else is at: the byte of the lock file that its
 * number stands for (those of moves are other numbers).
 */

static ptn_rc_t
ptn_receipt_claim(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_receipt_t *r)
{
    ptn_id_t       after;
    ptn_rc_t       rc;
    ptn_receipt_t  again;

    for (after = 0; /* void */ ; after = r->n) {
        rc = ptn_receipt_read(mb, pool, after, r);
        if (rc != PTN_OK) {
            return rc;
        }

        if (ptn_transfer_lock(mb, r->n) != PTN_OK) {
            continue;
        }

        /* it may have been sent before we had the lock */

        rc = ptn_receipt_read(mb, pool, r->n - 1, &again);

        if (rc == PTN_OK && again.n == r->n) {
            return PTN_OK;
        }

        ptn_transfer_unlock(mb, r->n);

        if (rc != PTN_OK) {
            return rc;
        }
    }
}


bool
ptn_receipt_any(const ptn_store_t *store)
{
    return store->receipts;
}


ptn_rc_t
ptn_receipt_next(ptn_store_t *store, ptn_pool_t *pool, ptn_mbox_t **ret_mbox,
    ptn_receipt_t *ret_receipt)
{
    unsigned     i;
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    if (!store->receipts || store->batch != NULL || store->failed != PTN_OK) {
        return PTN_ENOTFOUND;
    }

    for (i = 0; i < PTN_MBOX_HASH; i++) {
        for (mb = store->hash[i]; mb != NULL; mb = mb->next) {
            if (mb->state != PTN_MBOX_OPEN || ptn_mbox_set(mb) != PTN_OK
                || mb->set->receipts == 0)
            {
                continue;
            }

            rc = ptn_receipt_claim(mb, pool, ret_receipt);

            if (rc == PTN_OK) {
                *ret_mbox = mb;
            }

            if (rc != PTN_ENOTFOUND) {
                return rc;
            }

            mb->set->receipts = 0;      /* others are at them */
        }
    }

    store->receipts = false;

    return PTN_ENOTFOUND;
}


ptn_rc_t
ptn_receipt_done(ptn_mbox_t *mb, const ptn_receipt_t *receipt, bool sent)
{
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = PTN_OK;

    if (sent) {
        rc = ptn_txn_begin(&tx, mb);

        if (rc == PTN_OK) {
            rc = ptn_mbox_set(mb);
        }

        if (rc == PTN_OK) {
            rc = ptn_sql_run(mb, PTN_SQL_RECEIPT_DELETE, 1, receipt->n);
        }

        if (rc == PTN_OK) {
            mb->set->receipts -= (mb->set->receipts != 0);
            mb->meta.dirty = true;
            rc = ptn_txn_commit(&tx);
        }

        if (rc == PTN_OK) {
            rc = ptn_batch_commit(mb);

        } else {
            ptn_txn_done(&tx);

            if (mb->batch) {
                ptn_batch_rollback(mb);
            }
        }
    }

    ptn_transfer_unlock(mb, receipt->n);

    /* a mark too many is swept by the clerk */

    if (sent && rc == PTN_OK) {
        (void) ptn_receipt_sweep(mb);
    }

    return rc;
}
