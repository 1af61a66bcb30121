/*
 * Folders (MS-OXCFOLD).
 *
 * All of a mailbox's folders are read at once into a ptn_set_t and changed
 * there along with the rows; a change of the tree, or anything undone, drops
 * the set.  Sets that were dropped stay in memory until the executor is idle:
 * what ptn_folder_list() and ptn_folder_get() returned is good for the job.
 */

#include "ptn_charset.h"
#include "ptn_folder.h"


#define PTN_FOLDER_NAME_MAX  255        /* characters */

typedef struct {
    uint8_t      parent;
    const char  *cls;
} ptn_folder_row_t;

static const ptn_folder_row_t  ptn_folder_rows[PTN_FOLDER_MAX] = {
#define PTN_FOLDER_ROW(name, parent, cls, use)                                \
    [PTN_FOLDER_##name] = { PTN_FOLDER_##parent, cls },
    PTN_FOLDERS(PTN_FOLDER_ROW)
#undef PTN_FOLDER_ROW
};

/* What IMAP clients should see without asking (RFC 3501 6.3.6). */
#define PTN_FOLDER_SUBSCRIBED  ((1u << PTN_FOLDER_INBOX)                      \
                                | (1u << PTN_FOLDER_OUTBOX)                   \
                                | (1u << PTN_FOLDER_SENT)                     \
                                | (1u << PTN_FOLDER_DELETED)                  \
                                | (1u << PTN_FOLDER_DRAFTS)                   \
                                | (1u << PTN_FOLDER_JUNK)                     \
                                | (1u << PTN_FOLDER_ARCHIVE))


/* ---- rows -------------------------------------------------------------- */

typedef struct {
    ptn_id_t   id, parent;
    ptn_str_t  name, fold, cls;
    uint32_t   special, uidvalidity;
    bool       subscribed, hidden;
    uint64_t   cn;
} ptn_folder_new_t;


static ptn_rc_t
ptn_folder_insert(ptn_mbox_t *mb, const ptn_folder_new_t *f)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_FOLDER_ADD, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) f->id);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) f->parent);
    ptn_sql_text(st, 3, f->name);
    ptn_sql_text(st, 4, f->fold);
    ptn_sql_text(st, 5, f->cls);
    sqlite3_bind_int64(st, 6, f->special);
    sqlite3_bind_int64(st, 7, f->subscribed);
    sqlite3_bind_int64(st, 8, f->hidden);
    sqlite3_bind_int64(st, 9, f->uidvalidity);
    sqlite3_bind_int64(st, 10, (sqlite3_int64) f->cn);
    sqlite3_bind_int64(st, 11, ptn_time_now() / PTN_USEC);

    return ptn_sql_step(mb, st);
}


/*
 * The folders of PTN_FOLDERS in a new mailbox: id, special and cn are their
 * number in that list.
 */

ptn_rc_t
ptn_folder_make_one(ptn_mbox_t *mb, const char *locale,
    ptn_folder_special_e i, bool again)
{
    ptn_rc_t           rc;
    ptn_pool_t        *pool;
    ptn_folder_new_t   f;

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    memset(&f, 0, sizeof(f));
    f.id = i;
    f.special = i;
    f.cn = i;
    f.parent = ptn_folder_rows[i].parent;
    f.cls = ptn_str_z(ptn_folder_rows[i].cls);
    f.name = ptn_str_z(ptn_locale_folder(locale, i));
    f.subscribed = (PTN_FOLDER_SUBSCRIBED >> i) & 1;
    f.hidden = (i == PTN_FOLDER_QUICK_CONTACTS);
    f.uidvalidity = (uint32_t) ++mb->meta.uidvalidity;

    if (mb->kind == PTN_MBOX_PUBLIC) {
        f.parent = ptn_public_parent(i);
        f.name = ptn_public_name(i);
        f.cls = ptn_str_z((unsigned) i > PTN_PUBLIC_ROOT ? "IPF.Note" : "");
        f.special = ((unsigned) i <= PTN_PUBLIC_IPM_SUBTREE) ? i
                                                  : PTN_PUBLIC_SPECIAL + i;
        f.hidden = false;
    }

    rc = ptn_utf8_fold(pool, f.name, &f.fold);

    if (rc == PTN_OK) {
        rc = ptn_folder_insert(mb, &f);
    }

    /* its name may have been given to another meanwhile */

    if (rc == PTN_ECORRUPT && again) {
        f.name = ptn_str_printf(pool, "%.*s %u", ptn_str_arg(f.name),
                                (unsigned) i);
        rc = ptn_utf8_fold(pool, f.name, &f.fold);

        if (rc == PTN_OK) {
            rc = ptn_folder_insert(mb, &f);
        }
    }

    ptn_pool_destroy(pool);

    return rc;
}


ptn_rc_t
ptn_folder_make_all(ptn_mbox_t *mb, const char *locale)
{
    unsigned  i, n;
    ptn_rc_t  rc;

    n = PTN_FOLDER_MAX;
    rc = PTN_OK;

    if (mb->kind == PTN_MBOX_PUBLIC) {
        n = PTN_PUBLIC_MAX;
        rc = ptn_sql_exec(mb, "DELETE FROM receive");
    }

    for (i = 1; i < n && rc == PTN_OK; i++) {
        rc = ptn_folder_make_one(mb, locale, (ptn_folder_special_e) i, false);
    }

    return rc;
}


/* ---- the set ----------------------------------------------------------- */

ptn_rc_t
ptn_folder_of(ptn_mbox_t *mb, ptn_id_t id, ptn_folder_t **ret)
{
    ptn_rc_t  rc;
    uint32_t  i;

    rc = ptn_mbox_set(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    i = ptn_set_index(mb->set, id);
    if (i == PTN_SET_NONE) {
        return PTN_ENOTFOUND;
    }

    *ret = &mb->set->folders[i];

    return PTN_OK;
}


void
ptn_folder_touch(ptn_mbox_t *mb, ptn_folder_t *folder, uint64_t modseq)
{
    ptn_folder_more_t  *more;

    more = &mb->set->more[folder - mb->set->folders];
    more->touched = ptn_msg_now();
    more->dirty = true;
    folder->modseq = ptn_max(folder->modseq, modseq);
    mb->set->dirty = true;
}


void
ptn_folder_hier(ptn_mbox_t *mb, ptn_id_t parent)
{
    ptn_folder_t       *f;
    ptn_folder_more_t  *more;

    if (ptn_folder_of(mb, parent, &f) != PTN_OK) {
        return;                         /* of the root, or gone itself */
    }

    more = &mb->set->more[f - mb->set->folders];
    more->hier++;
    more->hier_at = ptn_msg_now();
    ptn_folder_touch(mb, f, 0);
}


ptn_rc_t
ptn_folder_flush(ptn_mbox_t *mb)
{
    uint32_t            i;
    ptn_rc_t            rc;
    ptn_set_t          *set;
    ptn_folder_t       *f;
    ptn_folder_more_t  *more;

    set = mb->set;

    rc = ptn_reader_flush(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    if (set == NULL || !set->dirty) {
        return PTN_OK;
    }

    for (i = 0; i < set->n; i++) {
        more = &set->more[i];

        if (!more->dirty) {
            continue;
        }

        f = &set->folders[i];

        rc = ptn_sql_run(mb, PTN_SQL_FOLDER_COUNT, 12, f->id,
                         (uint64_t) f->uidnext, (uint64_t) f->total,
                         (uint64_t) f->unread, (uint64_t) f->deleted,
                         f->size, f->modseq, more->removed,
                         (uint64_t) more->touched, more->hier,
                         (uint64_t) more->hier_at,
                         (uint64_t) more->top);
        if (rc != PTN_OK) {
            return rc;
        }

        more->dirty = false;
    }

    set->dirty = false;

    return PTN_OK;
}


/* ---- reading ----------------------------------------------------------- */

ptn_rc_t
ptn_folder_list(ptn_mbox_t *mb, const ptn_folder_t **ret_folders,
    size_t *ret_n)
{
    ptn_rc_t  rc;

    rc = ptn_rights_load(mb);

    if (rc == PTN_OK && !mb->acting.all) {
        return ptn_rights_folders(mb, false, ret_folders, ret_n);
    }

    if (rc == PTN_OK) {
        *ret_folders = mb->set->folders;
        *ret_n = mb->set->nvisible;
    }

    return rc;
}


ptn_rc_t
ptn_folder_get(ptn_mbox_t *mb, ptn_id_t id, const ptn_folder_t **ret_folder)
{
    ptn_rc_t       rc;
    ptn_folder_t  *f;

    rc = ptn_folder_of(mb, id, &f);

    return (rc == PTN_OK) ? ptn_rights_folder(mb, f, ret_folder) : rc;
}


ptn_rc_t
ptn_folder_special_id(ptn_mbox_t *mb, ptn_folder_special_e special,
    ptn_id_t *ret_id)
{
    ptn_rc_t  rc;

    if (special <= PTN_FOLDER_NONE || special >= PTN_FOLDER_MAX) {
        return PTN_EINVAL;
    }

    rc = ptn_mbox_set(mb);

    if (rc == PTN_OK) {
        *ret_id = mb->set->special[special];
        rc = *ret_id ? PTN_OK : PTN_ENOTFOUND;
    }

    return rc;
}


ptn_rc_t
ptn_folder_special(ptn_mbox_t *mb, ptn_folder_special_e special,
    const ptn_folder_t **ret_folder)
{
    ptn_rc_t  rc;

    if (special <= PTN_FOLDER_NONE || special >= PTN_FOLDER_MAX) {
        return PTN_EINVAL;
    }

    rc = ptn_mbox_set(mb);

    return (rc == PTN_OK)
           ? ptn_folder_get(mb, mb->set->special[special], ret_folder) : rc;
}


ptn_rc_t
ptn_folder_by_fold(ptn_mbox_t *mb, ptn_id_t parent, ptn_str_t fold,
    const ptn_folder_t **ret_folder)
{
    uint32_t    i;
    ptn_rc_t    rc;
    ptn_set_t  *set;

    rc = ptn_mbox_set(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    set = mb->set;

    for (i = 0; i < set->n; i++) {
        if (set->folders[i].parent == parent
            && ptn_str_eq(set->more[i].fold, fold))
        {
            *ret_folder = &set->folders[i];
            return PTN_OK;
        }
    }

    return PTN_ENOTFOUND;
}


ptn_rc_t
ptn_folder_child(ptn_mbox_t *mb, ptn_id_t parent, ptn_str_t name,
    const ptn_folder_t **ret_folder)
{
    ptn_rc_t     rc;
    ptn_str_t    fold;
    ptn_pool_t  *pool;

    if (!ptn_utf8_valid(name)) {
        return PTN_ENOTFOUND;
    }

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_utf8_fold(pool, name, &fold);

    if (rc == PTN_OK) {
        rc = ptn_folder_by_fold(mb, parent, fold, ret_folder);
    }

    if (rc == PTN_OK) {
        rc = ptn_rights_folder(mb, *ret_folder, ret_folder);
    }

    ptn_pool_destroy(pool);

    return rc;
}


/* ---- changing ---------------------------------------------------------- */

ptn_rc_t
ptn_folder_check_name(ptn_str_t name)
{
    size_t  i, chars;

    if (name.len == 0 || !ptn_utf8_valid(name)) {
        return PTN_EINVAL;
    }

    for (i = 0, chars = 0; i < name.len; i++) {
        if (name.data[i] < 0x20 || name.data[i] == 0x7f) {
            return PTN_EINVAL;
        }

        chars += (name.data[i] & 0xc0) != 0x80;
    }

    return (chars <= PTN_FOLDER_NAME_MAX) ? PTN_OK : PTN_EINVAL;
}


/* True when `id` is `top` or below it. */

bool
ptn_folder_below(ptn_mbox_t *mb, ptn_id_t id, ptn_id_t top)
{
    uint32_t  i, depth;

    for (depth = 0; depth <= mb->set->n; depth++) {
        if (id == top) {
            return true;
        }

        i = ptn_set_index(mb->set, id);
        if (i == PTN_SET_NONE) {
            return false;
        }

        id = mb->set->folders[i].parent;
    }

    return true;
}


static unsigned
ptn_folder_depth(ptn_mbox_t *mb, ptn_id_t id)
{
    uint32_t  i;
    unsigned  depth;

    for (depth = 0; depth < PTN_FOLDER_DEPTH_MAX; depth++) {
        i = ptn_set_index(mb->set, id);
        if (i == PTN_SET_NONE) {
            break;
        }

        id = mb->set->folders[i].parent;
    }

    return depth;
}


/* Folders stand behind their parents, but for the root. */

unsigned
ptn_folder_height(ptn_mbox_t *mb, ptn_id_t id)
{
    uint32_t    i;
    unsigned    height, below;
    ptn_set_t  *set;

    set = mb->set;
    below = ptn_folder_depth(mb, id);
    height = 1;

    for (i = 0; i < set->n; i++) {
        if (ptn_folder_below(mb, set->folders[i].id, id)) {
            height = ptn_max(height,
                             ptn_folder_depth(mb, set->folders[i].id) - below
                             + 1);
        }
    }

    return height;
}


ptn_rc_t
ptn_folder_place(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t parent,
    ptn_str_t name, ptn_id_t self, unsigned height, ptn_str_t *ret_fold)
{
    ptn_rc_t             rc;
    ptn_folder_t        *p;
    const ptn_folder_t  *other;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_folder_check_name(name);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, parent, &p);
    }

    if (rc == PTN_OK) {
        rc = ptn_utf8_fold(pool, name, ret_fold);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (ptn_folder_depth(tx->mb, parent) + height > PTN_FOLDER_DEPTH_MAX) {
        return PTN_ELIMIT;
    }

    rc = ptn_folder_by_fold(tx->mb, parent, *ret_fold, &other);

    if (rc == PTN_OK && other->id != self) {
        return PTN_EEXIST;
    }

    return (rc == PTN_ENOTFOUND) ? PTN_OK : rc;
}


/* Rows of the tree changed: counters first, then all is read anew. */

ptn_rc_t
ptn_folder_reread(ptn_txn_t *tx)
{
    ptn_rc_t    rc;
    ptn_meta_t  meta;

    rc = ptn_folder_flush(tx->mb);
    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    meta = tx->mb->meta;
    ptn_mbox_forget(tx->mb);
    tx->mb->meta = meta;

    return PTN_OK;
}


static ptn_rc_t
ptn_folder_create_row(ptn_txn_t *tx, ptn_id_t id, ptn_id_t parent,
    ptn_str_t name, ptn_str_t fold, const char *cls, ptn_id_t *ret_id)
{
    ptn_rc_t          rc;
    ptn_folder_new_t  f;

    memset(&f, 0, sizeof(f));
    f.id = id ? id : ptn_txn_oid(tx);
    f.cn = ptn_txn_cn(tx);
    f.parent = parent;
    f.name = name;
    f.fold = fold;
    f.cls = ptn_str_z(cls ? cls : "IPF.Note");
    f.uidvalidity = ptn_txn_uidvalidity(tx);

    rc = ptn_folder_insert(tx->mb, &f);

    if (rc == PTN_OK) {
        rc = ptn_rights_inherit(tx, parent, f.id);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_event(tx, PTN_MBOX_EVENT_FOLDER_NEW, f.id, 0, parent, 0,
                           f.cn);
    }

    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    *ret_id = f.id;
    ptn_folder_hier(tx->mb, parent);

    return ptn_folder_reread(tx);
}


ptn_rc_t
ptn_folder_create(ptn_txn_t *tx, ptn_id_t parent, ptn_str_t name,
    const char *cls, ptn_id_t *ret_id)
{
    return ptn_folder_create_id(tx, 0, parent, name, cls, ret_id);
}


ptn_rc_t
ptn_folder_create_id(ptn_txn_t *tx, ptn_id_t id, ptn_id_t parent,
    ptn_str_t name, const char *cls, ptn_id_t *ret_id)
{
    ptn_rc_t     rc;
    ptn_str_t    fold;
    ptn_pool_t  *pool;

    rc = ptn_txn_need(tx, parent, PTN_RIGHT_CREATE_SUBFOLDER);
    if (rc != PTN_OK) {
        return rc;
    }

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_folder_place(tx, pool, parent, name, 0, 1, &fold);

    if (rc == PTN_OK) {
        rc = ptn_folder_create_row(tx, id, parent, name, fold, cls, ret_id);
    }

    ptn_pool_destroy(pool);

    return rc;
}


/*
 * What is below a folder that comes below IPM_SUBTREE, or leaves it, comes and
 * leaves as well: who follows that tree hears of each.
 */

static ptn_rc_t
ptn_folder_move_below(ptn_txn_t *tx, ptn_id_t top, ptn_id_t old)
{
    uint32_t       i;
    ptn_rc_t       rc;
    uint64_t       cn;
    ptn_set_t     *set;
    ptn_folder_t  *f;

    set = tx->mb->set;

    for (i = 0; i < set->n; i++) {
        f = &set->folders[i];

        if (f->id == top || !ptn_folder_below(tx->mb, f->id, top)) {
            continue;
        }

        cn = ptn_txn_cn(tx);

        rc = ptn_sql_run(tx->mb, PTN_SQL_FOLDER_BORN, 2, f->id, cn);

        if (rc == PTN_OK) {
            rc = ptn_sql_run(tx->mb, PTN_SQL_TOMB_ADD, 10, old, cn, f->id,
                             (uint64_t) PTN_TOMB_FOLDER,
                             (uint64_t) PTN_CAUSE_MOVE, f->id, (uint64_t) 0,
                             (uint64_t) 0, f->parent, set->more[i].born);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_folder_move_row(ptn_txn_t *tx, const ptn_folder_t *f, ptn_id_t parent,
    ptn_str_t name, ptn_str_t fold)
{
    bool           visible;
    ptn_id_t       id, old;
    ptn_rc_t       rc;
    uint64_t       cn, born;
    ptn_set_t     *set;
    sqlite3_stmt  *st;

    id = f->id;
    old = f->parent;
    cn = ptn_txn_cn(tx);

    set = tx->mb->set;
    born = set->more[f - set->folders].born;
    visible = (f - set->folders) < (ptrdiff_t) set->nvisible;

    /* it comes to those who see what is below IPM_SUBTREE, or leaves them */

    if (visible != ptn_folder_below(tx->mb, parent, PTN_FOLDER_IPM_SUBTREE)) {
        born = cn;
        rc = ptn_folder_move_below(tx, id, old);

        if (rc != PTN_OK) {
            return ptn_txn_poison(tx, rc);
        }
    }

    st = ptn_sql(tx->mb, PTN_SQL_FOLDER_MOVE, &rc);
    if (st == NULL) {
        return ptn_txn_poison(tx, rc);
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) parent);
    ptn_sql_text(st, 3, name);
    ptn_sql_text(st, 4, fold);
    sqlite3_bind_int64(st, 5, (sqlite3_int64) cn);
    sqlite3_bind_int64(st, 6, ptn_time_now() / PTN_USEC);
    sqlite3_bind_int64(st, 7, (sqlite3_int64) born);

    rc = ptn_sql_step(tx->mb, st);

    if (rc == PTN_OK && parent != old) {
        rc = ptn_sql_run(tx->mb, PTN_SQL_TOMB_ADD, 10, old, cn, id,
                         (uint64_t) PTN_TOMB_FOLDER,
                         (uint64_t) PTN_CAUSE_MOVE, id, (uint64_t) 0,
                         (uint64_t) 0, parent,
                         set->more[f - set->folders].born);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_event(tx, parent == old ? PTN_MBOX_EVENT_FOLDER_MODIFIED
                                             : PTN_MBOX_EVENT_FOLDER_MOVED,
                           id, 0, old, 0, cn);
    }

    if (parent != old) {
        ptn_folder_hier(tx->mb, old);
    }

    ptn_folder_hier(tx->mb, parent);

    return (rc == PTN_OK) ? ptn_folder_reread(tx) : ptn_txn_poison(tx, rc);
}


ptn_rc_t
ptn_folder_move(ptn_txn_t *tx, ptn_id_t id, ptn_id_t parent, ptn_str_t name)
{
    ptn_rc_t       rc;
    ptn_str_t      fold;
    ptn_pool_t    *pool;
    ptn_folder_t  *f;

    rc = ptn_txn_need(tx, id, PTN_RIGHT_OWNER);

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, id, &f);
    }

    if (rc == PTN_OK && parent != f->parent) {
        rc = ptn_rights_need(tx->mb, parent, PTN_RIGHT_CREATE_SUBFOLDER);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (f->special != PTN_FOLDER_NONE) {
        return PTN_EDENIED;
    }

    if (ptn_folder_below(tx->mb, parent, id)) {
        return PTN_EINVAL;
    }

    if (parent == f->parent && ptn_str_eq(name, f->name)) {
        return PTN_OK;
    }

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_folder_place(tx, pool, parent, name, id,
                          parent == f->parent
                          ? 1 : ptn_folder_height(tx->mb, id), &fold);

    if (rc == PTN_OK) {
        rc = ptn_folder_move_row(tx, f, parent, name, fold);
    }

    ptn_pool_destroy(pool);

    return rc;
}


ptn_rc_t
ptn_folder_subscribe(ptn_txn_t *tx, ptn_id_t id, bool subscribed)
{
    ptn_rc_t       rc;
    ptn_folder_t  *f;

    rc = ptn_txn_need(tx, id, PTN_RIGHT_OWNER);

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, id, &f);
    }

    if (rc != PTN_OK || f->subscribed == subscribed) {
        return rc;
    }

    rc = ptn_sql_run(tx->mb, PTN_SQL_FOLDER_SUBSCRIBE, 2, id,
                     (uint64_t) subscribed);
    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    f->subscribed = subscribed;

    /* IMAP's own: no change number, but other processes must look again */

    tx->mb->meta.dirty = true;

    return PTN_OK;
}
