/*
 * A mailbox of an executor: opening and closing, what is cached of it.
 *
 * A ptn_mbox_t stays in memory while its connection may come and go (there
 * are more mailboxes than descriptors), so pointers to it are good until the
 * executor is idle.  Calls open it again by themselves, but not after a
 * failure: that only ptn_mbox_open() does, with a check.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_mailbox.h"


static ptn_rc_t
ptn_mbox_file(const ptn_mbox_t *mb, const char *name, char *path, size_t size)
{
    int  n;

    n = snprintf(path, size, "%s/%s", mb->dir, name);

    return (n > 0 && (size_t) n < size) ? PTN_OK : PTN_EINVAL;
}


/*
 * One level of a path: whatever is not plainly harmless is written %XX, so a
 * local part may hold a slash or begin with a dot.
 */

static size_t
ptn_mbox_level(char *p, ptn_str_t s)
{
    char               *start;
    size_t              i;
    u_char              c;
    static const char   digits[] = "0123456789ABCDEF";

    start = p;

    for (i = 0; i < s.len; i++) {
        c = ptn_tolower(s.data[i]);

        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
            || c == '-' || c == '_' || c == '+' || c == '='
            || (c == '.' && i != 0))
        {
            *p++ = (char) c;
            continue;
        }

        *p++ = '%';
        *p++ = digits[c >> 4];
        *p++ = digits[c & 15];
    }

    return (size_t) (p - start);
}


ptn_rc_t
ptn_mbox_path(const ptn_conf_t *conf, ptn_str_t address, char **ret_dir)
{
    char       *dir, *p;
    size_t      i, at;
    ptn_str_t   local, domain;

    at = address.len;

    for (i = 0; i < address.len; i++) {
        if (address.data[i] == '@') {
            at = i;
        }
    }

    if (at == 0 || at + 1 >= address.len) {
        return PTN_EINVAL;
    }

    local = ptn_str_make(address.data, at);
    domain = ptn_str_make(address.data + at + 1, address.len - at - 1);

    if (local.len > 80 || domain.len > 255) {
        return PTN_EINVAL;
    }

    dir = malloc(strlen(conf->root) + sizeof("/mailbox//")
                 + 3 * address.len);
    if (dir == NULL) {
        return PTN_ENOMEM;
    }

    p = dir + sprintf(dir, "%s/mailbox/", conf->root);
    p += ptn_mbox_level(p, domain);
    *p++ = '/';
    p += ptn_mbox_level(p, local);
    *p = '\0';

    *ret_dir = dir;

    return PTN_OK;
}


/*
 * A lock on one byte of the mailbox's lock file, as an open file description
 * lock: each executor has a descriptor of its own, and closing any file of
 * the process does not drop it.
 */

ptn_rc_t
ptn_mbox_lock(ptn_mbox_t *mb, short type, off_t at, unsigned ms)
{
    unsigned      waited;
    struct flock  fl;

    for (waited = 0; ; waited++) {
        memset(&fl, 0, sizeof(fl));
        fl.l_type = type;
        fl.l_whence = SEEK_SET;
        fl.l_start = at;
        fl.l_len = 1;

        if (fcntl(mb->lock_fd, F_OFD_SETLK, &fl) == 0) {
            return PTN_OK;
        }

        if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
            return PTN_EIO;
        }

        if (waited >= ms) {
            return PTN_EBUSY;
        }

        usleep(1000);
    }
}


static void
ptn_mbox_retire(ptn_mbox_t *mb)
{
    ptn_set_t  *set, **link;

    set = mb->set;

    if (set == NULL) {
        return;
    }

    mb->set = NULL;
    set->next = mb->retired;
    mb->retired = set;

    if (++mb->nretired <= PTN_MBOX_RETIRED) {
        return;
    }

    for (link = &mb->retired; (*link)->next != NULL; link = &(*link)->next) {
        /* void */
    }

    set = *link;
    *link = NULL;
    ptn_pool_destroy(set->pool);
    mb->nretired--;
}


void
ptn_mbox_free_retired(ptn_mbox_t *mb)
{
    ptn_set_t  *set;

    while (mb->retired != NULL) {
        set = mb->retired;
        mb->retired = set->next;
        ptn_pool_destroy(set->pool);
    }

    mb->nretired = 0;
}


void
ptn_mbox_forget(ptn_mbox_t *mb)
{
    mb->meta.valid = false;
    mb->meta.dirty = false;
    ptn_reader_drop(mb);
    ptn_mbox_retire(mb);
}


/* The numbers, as they are by now. */

ptn_rc_t
ptn_mbox_meta_put(ptn_mbox_t *mb)
{
    return ptn_sql_run(mb, PTN_SQL_META_SET, 7, mb->meta.cn, mb->meta.oid,
                       mb->meta.uidvalidity, mb->meta.event,
                       mb->meta.event_first, mb->meta.hasty,
                       mb->meta.hasty_bytes);
}


ptn_rc_t
ptn_mbox_meta(ptn_mbox_t *mb)
{
    ptn_rc_t       rc;
    uint64_t       deleted;
    ptn_str_t      guid;
    sqlite3_stmt  *st;

    if (mb->meta.valid) {
        return PTN_OK;
    }

    st = ptn_sql(mb, PTN_SQL_META_GET, &rc);
    if (st == NULL) {
        return rc;
    }

    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ECORRUPT : rc;
    }

    guid = ptn_sql_column(st, 0);
    mb->meta.epoch = ptn_sql_u64(st, 1);
    mb->meta.cn = ptn_sql_u64(st, 2);
    mb->meta.oid = ptn_sql_u64(st, 3);
    mb->meta.uidvalidity = ptn_sql_u64(st, 4);
    mb->meta.event = ptn_sql_u64(st, 5);
    mb->meta.event_first = ptn_sql_u64(st, 6);
    mb->meta.indexed = ptn_sql_u64(st, 9);
    mb->meta.dictionary = ptn_sql_u64(st, 10);
    mb->meta.hasty = ptn_sql_u64(st, 11);
    mb->meta.hasty_bytes = ptn_sql_u64(st, 12);
    mb->meta.dirty = false;

    deleted = ptn_sql_u64(st, 7);
    rc = PTN_OK;

    if (guid.len == 16 && memcmp(guid.data, mb->guid.b, 16) != 0) {
        rc = PTN_EUNAVAIL;      /* of an earlier user of that address */

    } else if (deleted == 2 || deleted == 3) {
        rc = PTN_EUNAVAIL;      /* in another ROOT, or not here yet */

    } else if (deleted == 1) {
        rc = PTN_ENOTFOUND;

    } else if (guid.len != 16 || deleted != 0
               || mb->meta.epoch - 1 >= PTN_META_EPOCHS
               || mb->meta.cn > PTN_META_NUMBERS
               || mb->meta.oid > PTN_META_NUMBERS
               || mb->meta.uidvalidity > UINT32_MAX
               || mb->meta.event > PTN_META_NUMBERS
               || mb->meta.event_first > mb->meta.event + 1)
    {
        rc = PTN_ECORRUPT;      /* must not get into the mark */
    }

    sqlite3_reset(st);

    /* numbers that were given and undone are not given again */

    mb->meta.cn = ptn_max(mb->meta.cn, mb->cn_floor);
    mb->meta.oid = ptn_max(mb->meta.oid, mb->oid_floor);
    mb->meta.valid = (rc == PTN_OK);

    return rc;
}


ptn_rc_t
ptn_mbox_set(ptn_mbox_t *mb)
{
    ptn_rc_t     rc;
    ptn_set_t   *set;
    ptn_pool_t  *pool;

    rc = ptn_mbox_ready(mb);

    if (rc != PTN_OK || mb->set != NULL) {
        return rc;
    }

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    set = ptn_pcalloc(pool, sizeof(ptn_set_t));
    rc = PTN_ENOMEM;

    if (set != NULL) {
        set->pool = pool;
        rc = ptn_set_load(mb, set);
    }

    if (rc == PTN_OK) {
        rc = ptn_keyword_load(mb, set);
    }

    if (rc != PTN_OK) {
        ptn_pool_destroy(pool);
        return rc;
    }

    mb->set = set;

    return PTN_OK;
}


/* Drops what is cached when another connection has committed meanwhile. */

ptn_rc_t
ptn_mbox_revalidate(ptn_mbox_t *mb)
{
    int64_t        version;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_DATA_VERSION, &rc);
    if (st == NULL) {
        return rc;
    }

    rc = ptn_sql_step(mb, st);
    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_EINTERNAL : rc;
    }

    version = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);

    if (version != mb->data_version) {
        ptn_mbox_forget(mb);
        mb->data_version = version;
    }

    return ptn_mbox_meta(mb);
}


ptn_rc_t
ptn_mbox_stat(const ptn_mbox_t *mb, uint64_t *ret_dev, uint64_t *ret_ino)
{
    char         path[PTN_BLOB_PATH];
    ptn_rc_t     rc;
    struct stat  sb;

    rc = ptn_mbox_file(mb, "mailbox.sqlite", path, sizeof(path));
    if (rc != PTN_OK) {
        return rc;
    }

    if (stat(path, &sb) == -1) {
        return (errno == ENOENT || errno == ENOTDIR) ? PTN_ENOTFOUND
                                                     : ptn_errno_rc(errno);
    }

    *ret_dev = sb.st_dev;
    *ret_ino = sb.st_ino;

    return PTN_OK;
}


static ptn_rc_t
ptn_mbox_quick_check(ptn_mbox_t *mb)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(mb->db, "PRAGMA quick_check(1)", -1, &st, NULL)
        != SQLITE_OK)
    {
        return PTN_ECORRUPT;
    }

    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        rc = ptn_str_eqz(ptn_sql_column(st, 0), "ok") ? PTN_OK : PTN_ECORRUPT;
    }

    sqlite3_finalize(st);

    return rc;
}


static ptn_rc_t
ptn_mbox_open_locked(ptn_mbox_t *mb, const char *path, bool first)
{
    ptn_rc_t  rc;

    rc = ptn_sql_open(mb, path, false);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_schema_check(mb);

    if (rc == PTN_OK && mb->check) {
        rc = ptn_mbox_quick_check(mb);
    }

    if (rc == PTN_OK) {
        mb->data_version = -1;
        rc = ptn_mbox_revalidate(mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_epoch_open(mb, first);
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_lock(mb, F_RDLCK, PTN_LOCK_OPEN, 0);
    }

    return rc;
}


static void
ptn_mbox_evict(ptn_store_t *store)
{
    unsigned     i;
    ptn_mbox_t  *mb, *oldest;

    oldest = NULL;

    for (i = 0; i < PTN_MBOX_HASH; i++) {
        for (mb = store->hash[i]; mb != NULL; mb = mb->next) {
            if (mb->state == PTN_MBOX_OPEN && !mb->batch
                && (oldest == NULL || mb->used < oldest->used))
            {
                oldest = mb;
            }
        }
    }

    if (oldest != NULL) {
        ptn_mbox_close_db(oldest);
    }
}


static void
ptn_mbox_drop_db(ptn_mbox_t *mb)
{
    mb->reading = false;

    ptn_epoch_close(mb, false);
    ptn_sql_close(mb);
    ptn_mbox_forget(mb);
    ptn_terms_forget(mb);

    if (mb->lock_fd != -1) {
        close(mb->lock_fd);
        mb->lock_fd = -1;
    }
}


static ptn_rc_t
ptn_mbox_open_db(ptn_mbox_t *mb)
{
    char      path[PTN_BLOB_PATH], lock[PTN_BLOB_PATH];
    bool      first;
    ptn_rc_t  rc;

    if (mb->store->nopen >= mb->store->open_max) {
        ptn_mbox_evict(mb->store);
    }

    rc = ptn_mbox_stat(mb, &mb->dev, &mb->ino);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_mbox_file(mb, "mailbox.sqlite", path, sizeof(path));

    if (rc == PTN_OK) {
        rc = ptn_mbox_file(mb, "lock", lock, sizeof(lock));
    }

    if (rc != PTN_OK) {
        return rc;
    }

    mb->lock_fd = open(lock, O_RDWR|O_CREAT|O_CLOEXEC, 0600);

    if (mb->lock_fd == -1) {
        return ptn_errno_rc(errno);
    }

    /* who opens it first may find it as a crash left it */

    rc = ptn_mbox_lock(mb, F_WRLCK, PTN_LOCK_OPEN, 0);
    first = (rc == PTN_OK);

    if (rc == PTN_EBUSY) {
        rc = ptn_mbox_lock(mb, F_RDLCK, PTN_LOCK_OPEN, PTN_BUSY_MS);
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_open_locked(mb, path, first);
    }

    if (rc == PTN_EUNAVAIL) {
        ptn_sql_close(mb);
        ptn_mbox_forget(mb);
        rc = ptn_relocate_arrived(mb);

        if (rc == PTN_OK) {
            rc = ptn_mbox_open_locked(mb, path, first);
        }
    }

    if (rc != PTN_OK) {
        ptn_mbox_drop_db(mb);
        return rc;
    }

    mb->state = PTN_MBOX_OPEN;
    mb->check = false;
    mb->stale = true;           /* until the idle executor finds none */
    mb->stale_from = 0;
    mb->search = true;
    mb->store->due = true;
    mb->store->nopen++;

    return PTN_OK;
}


/*
 * Nobody else has it open: who opens it next reads all of the WAL, copied or
 * not, before anything else.  A short one is kept, for its place on the disk.
 */

static void
ptn_mbox_trim(ptn_mbox_t *mb)
{
    bool            no_wait;
    sqlite3_file   *f;
    sqlite3_int64   size;

    f = NULL;
    size = 0;

    if (sqlite3_file_control(mb->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &f)
        == SQLITE_OK
        && f != NULL && f->pMethods != NULL
        && f->pMethods->xFileSize(f, &size) == SQLITE_OK
        && size > PTN_WAL_KEPT)
    {
        no_wait = mb->no_wait;
        mb->no_wait = true;
        (void) ptn_checkpoint(mb, false, true);
        mb->no_wait = no_wait;
    }
}


/*
 * Of a mailbox whose commit failed, the WAL is emptied first: see
 * ptn_batch_fail().  EIO: that did not work, the connection stays.
 */

ptn_rc_t
ptn_mbox_close_db(ptn_mbox_t *mb)
{
    bool      last;
    ptn_rc_t  rc;

    if (mb->db == NULL) {
        return PTN_OK;
    }

    if (mb->batch) {
        ptn_batch_rollback(mb);
    }

    if (mb->state == PTN_MBOX_FAILED && mb->check) {
        rc = ptn_checkpoint(mb, true, true);
        if (rc != PTN_OK) {
            return PTN_EIO;
        }

    } else if (mb->state == PTN_MBOX_OPEN) {
        if (mb->wal != 0) {
            ptn_checkpoint(mb, false, false);
        }

        last = (ptn_mbox_lock(mb, F_WRLCK, PTN_LOCK_OPEN, 0) == PTN_OK
                && ptn_blob_settled(mb));

        if (last) {
            ptn_mbox_trim(mb);
        }

        ptn_epoch_close(mb, last);
        mb->state = PTN_MBOX_CLOSED;
    }

    ptn_mbox_drop_db(mb);
    mb->store->nopen--;

    return PTN_OK;
}


ptn_rc_t
ptn_mbox_ready(ptn_mbox_t *mb)
{
    if (mb->state == PTN_MBOX_OPEN) {
        return (mb->batch && mb->lost != PTN_OK) ? PTN_EUNAVAIL : PTN_OK;
    }

    if (mb->state == PTN_MBOX_FAILED) {
        return PTN_EUNAVAIL;
    }

    return ptn_mbox_open_db(mb);
}


void
ptn_mbox_free(ptn_mbox_t *mb)
{
    ptn_mbox_drop_db(mb);
    ptn_mbox_retire(mb);
    ptn_mbox_free_retired(mb);
    free(mb->touched);
    free(mb->unsynced);
    ptn_reader_drop(mb);
    ptn_seen_drop(mb);
    free(mb->acting.groups);
    free(mb->address);
    free(mb->locale);
    free(mb->dir);
    free(mb);
}


static void
ptn_mbox_user(ptn_mbox_t *mb, const ptn_user_t *user)
{
    mb->user = user->id;
    mb->quota = user->quota;
    mb->quota_warn = user->quota_warn;
    mb->quota_send = user->quota_send;
    mb->quota_receive = user->quota_receive;
}


ptn_mbox_t *
ptn_mbox_new(ptn_store_t *store, const ptn_user_t *user, ptn_rc_t *ret_rc)
{
    ptn_mbox_t  *mb;

    mb = calloc(1, sizeof(ptn_mbox_t));
    if (mb == NULL) {
        *ret_rc = PTN_ENOMEM;
        return NULL;
    }

    mb->store = store;
    mb->guid = user->mailbox;
    mb->lock_fd = -1;
    mb->epoch.fd = -1;
    mb->acting.owner = true;
    mb->acting.all = true;
    mb->acting.secrets = true;
    mb->kind = ptn_public_is(user->address) ? PTN_MBOX_PUBLIC
                                            : PTN_MBOX_PRIVATE;
    ptn_mbox_user(mb, user);
    mb->address = strndup(user->address.len ? (char *) user->address.data : "",
                          user->address.len);
    mb->locale = strndup(user->locale.len ? (char *) user->locale.data : "",
                         user->locale.len);

    *ret_rc = ptn_mbox_path(store->conf, user->address, &mb->dir);

    if (*ret_rc == PTN_OK && (mb->address == NULL || mb->locale == NULL)) {
        *ret_rc = PTN_ENOMEM;
    }

    if (*ret_rc != PTN_OK) {
        ptn_mbox_free(mb);
        return NULL;
    }

    return mb;
}


static ptn_mbox_t **
ptn_mbox_find(ptn_store_t *store, ptn_guid_t guid)
{
    ptn_mbox_t  **link;

    link = &store->hash[(guid.b[0] ^ guid.b[9] ^ guid.b[15]) % PTN_MBOX_HASH];

    while (*link != NULL && !ptn_guid_eq((*link)->guid, guid)) {
        link = &(*link)->next;
    }

    return link;
}


ptn_mbox_t *
ptn_mbox_known(ptn_store_t *store, ptn_guid_t guid)
{
    return *ptn_mbox_find(store, guid);
}


/* ---- opening ----------------------------------------------------------- */

static ptn_rc_t
ptn_mbox_open_again(ptn_mbox_t *mb)
{
    uint64_t  dev, ino;
    ptn_rc_t  rc;

    if (mb->state == PTN_MBOX_FAILED) {
        rc = ptn_mbox_close_db(mb);

        if (rc == PTN_OK) {
            mb->state = PTN_MBOX_CLOSED;
            rc = ptn_mbox_open_db(mb);
        }

        if (rc != PTN_OK) {
            mb->state = PTN_MBOX_FAILED;
            return (rc == PTN_ENOTFOUND) ? rc : PTN_EUNAVAIL;
        }

        return PTN_OK;
    }

    /* another file under its name: the mailbox was restored or removed */

    if (mb->state == PTN_MBOX_OPEN && !mb->batch) {
        rc = ptn_mbox_stat(mb, &dev, &ino);

        if (rc != PTN_OK || dev != mb->dev || ino != mb->ino) {
            ptn_mbox_close_db(mb);
        }
    }

    if (mb->state == PTN_MBOX_CLOSED) {
        return ptn_mbox_open_db(mb);
    }

    if (mb->batch) {
        return ptn_mbox_ready(mb);
    }

    return ptn_mbox_revalidate(mb);
}


static ptn_rc_t
ptn_mbox_open_as(ptn_store_t *store, const ptn_user_t *user, bool make,
    ptn_mbox_t **ret_mbox)
{
    ptn_rc_t      rc;
    ptn_mbox_t   *mb, **link;

    link = ptn_mbox_find(store, user->mailbox);
    mb = *link;

    if (mb == NULL) {
        mb = ptn_mbox_new(store, user, &rc);
        if (mb == NULL) {
            return rc;
        }

        *link = mb;
    }

    mb->used = ++store->tick;
    mb->used_ms = ptn_time_mono();

    ptn_mbox_read_end(mb);

    rc = ptn_mbox_open_again(mb);

    if (rc == PTN_ENOTFOUND && mb->state == PTN_MBOX_CLOSED && make) {
        rc = ptn_mbox_make(mb);

        if (rc == PTN_OK || rc == PTN_EEXIST) {
            rc = ptn_mbox_open_db(mb);
        }
    }

    if (rc == PTN_ECORRUPT || rc == PTN_EIO) {
        rc = PTN_EUNAVAIL;
    }

    if (rc == PTN_OK) {
        *ret_mbox = mb;
    }

    return rc;
}


ptn_rc_t
ptn_mbox_open_made(ptn_store_t *store, const ptn_user_t *user,
    ptn_mbox_t **ret_mbox)
{
    return ptn_mbox_open_as(store, user, false, ret_mbox);
}


ptn_rc_t
ptn_mbox_open_unacted(ptn_store_t *store, const ptn_user_t *user, bool make,
    ptn_mbox_t **ret_mbox)
{
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    if (ptn_guid_zero(user->mailbox)) {
        return PTN_EINVAL;
    }

    rc = ptn_mbox_open_as(store, user, make, &mb);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_mbox_user(mb, user);

    /* moves to other mailboxes that whoever began them has not finished */

    if (store->batch == NULL && !store->replaying
        && ptn_mbox_set(mb) == PTN_OK && mb->set->intents != 0)
    {
        ptn_transfer_replay(mb);

        if (mb->state == PTN_MBOX_FAILED) {
            return PTN_EUNAVAIL;
        }
    }

    *ret_mbox = mb;

    return PTN_OK;
}


ptn_rc_t
ptn_mbox_open(ptn_store_t *store, const ptn_user_t *user,
    const ptn_actor_t *actor, ptn_mbox_t **ret_mbox)
{
    ptn_rc_t      rc;
    ptn_mbox_t   *mb;
    ptn_acting_t  a;

    rc = ptn_acting_make(store, user, actor, &a);
    if (rc != PTN_OK) {
        return rc;
    }

    /* whom only a folder's list lets in makes no mailbox */

    rc = ptn_mbox_open_unacted(store, user,
                               a.all || ptn_public_is(user->address), &mb);

    if (rc == PTN_OK) {
        rc = ptn_acting_enter(mb, &a);
    }

    free(a.groups);

    if (rc == PTN_OK) {
        *ret_mbox = mb;
    }

    return rc;
}


ptn_rc_t
ptn_mbox_info(ptn_mbox_t *mb, ptn_mbox_info_t *ret_info)
{
    uint32_t         i;
    ptn_rc_t         rc;
    uint64_t         size, folders;
    ptn_folder_t     f;
    ptn_mbox_info_t  info;

    size = 0;
    folders = 0;
    rc = ptn_rights_load(mb);

    if (rc == PTN_OK) {
        rc = ptn_mbox_meta(mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    memset(&info, 0, sizeof(info));
    info.guid = mb->guid;
    info.epoch = mb->meta.epoch;
    info.cn = mb->meta.cn;
    info.size = mb->set->size;
    info.folders = mb->set->nvisible;
    info.quota = mb->quota;

    for (i = 0; i < mb->set->n; i++) {
        if (mb->set->folders[i].search || !ptn_rights_shows(mb, i)) {
            continue;
        }

        rc = ptn_rights_counts(mb, &mb->set->folders[i], &f);

        if (rc != PTN_OK) {
            return rc;
        }

        info.messages += f.total;
        info.unread += f.unread;
        size += f.size;
        folders += (i < mb->set->nvisible);
    }

    /* who does not see all of it is told of what it sees */

    if (!mb->acting.all) {
        info.size = size;
        info.folders = folders;
        info.quota = 0;
    }

    *ret_info = info;

    return PTN_OK;
}
