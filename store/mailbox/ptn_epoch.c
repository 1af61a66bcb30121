/*
 * The mark outside the mailbox: ROOT/epoch/<guid>, so that a mailbox that was
 * restored from a copy is known and never gives a number twice.
 *
 *   record 0 (offset 0)     guid, epoch, ceilings: no change number and no
 *                           object id above them was ever committed.  Synced
 *                           before the commit that goes beyond: numbers are
 *                           reserved in runs of PTN_EPOCH_RUN, so that this
 *                           is one sync for thousands of changes.
 *   record 1 (offset 512)   the numbers as they were after the last commit.
 *                           Written then, not synced: a power loss may set it
 *                           back, nothing else does.
 *
 * At opening:
 *
 *   the mailbox is behind record 1, or of another epoch, or there is no mark
 *       It is a restored copy: a new incarnation begins, at numbers above the
 *       ceilings, with a new REPLGUID and new UIDVALIDITYs.
 *   the mailbox is behind record 0 only (a crash)
 *       Its numbers jump to the ceilings, once, by the first who opens it.
 *       So even a copy restored after a power loss that took record 1 back
 *       cannot give a number again that the lost one gave.
 *
 * Who closes it last lowers record 0 to the numbers used, so that a clean
 * restart does not jump.  That need not be durable; the next batch reserves
 * anew, durably.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "ptn_mailbox.h"


#define PTN_EPOCH_RUN     4096
#define PTN_EPOCH_SIZE    64
#define PTN_EPOCH_SECOND  512

/*
 * UIDVALIDITYs of an incarnation: so many, counted from one number that the
 * mailbox and the epoch give, whatever copy it began with.  Two that began
 * with the same copy share none.
 */
#define PTN_EPOCH_UIDVALIDITY  65536
#define PTN_EPOCH_UID_SPARE    (1u << 20)
#define PTN_EPOCH_UID_LIMIT    (UINT32_MAX - PTN_EPOCH_UID_SPARE)

/* Without a mark the epochs that were are not known. */
#define PTN_EPOCH_LEAP_MAX     (1u << 30)

typedef struct {
    ptn_guid_t  guid;
    uint64_t    epoch, cn, oid;
} ptn_epoch_record_t;


static uint64_t
ptn_epoch_hash(const u_char *p, size_t n)
{
    size_t    i;
    uint64_t  h;

    h = 0xcbf29ce484222325ULL;

    for (i = 0; i < n; i++) {
        h = (h ^ p[i]) * 0x100000001b3ULL;
    }

    return h;
}


static void
ptn_epoch_put(u_char *p, uint64_t n)
{
    int  i;

    for (i = 0; i < 8; i++) {
        p[i] = (u_char) (n >> (8 * i));
    }
}


static uint64_t
ptn_epoch_get(const u_char *p)
{
    int       i;
    uint64_t  n;

    for (n = 0, i = 7; i >= 0; i--) {
        n = n << 8 | p[i];
    }

    return n;
}


static void
ptn_epoch_pack(u_char p[PTN_EPOCH_SIZE], const ptn_epoch_record_t *r)
{
    memset(p, 0, PTN_EPOCH_SIZE);
    memcpy(p, "PTNEPOC1", 8);
    memcpy(p + 8, r->guid.b, 16);
    ptn_epoch_put(p + 24, r->epoch);
    ptn_epoch_put(p + 32, r->cn);
    ptn_epoch_put(p + 40, r->oid);
    ptn_epoch_put(p + 56, ptn_epoch_hash(p, 56));
}


static bool
ptn_epoch_unpack(const u_char p[PTN_EPOCH_SIZE], ptn_epoch_record_t *r)
{
    if (memcmp(p, "PTNEPOC1", 8) != 0
        || ptn_epoch_get(p + 56) != ptn_epoch_hash(p, 56))
    {
        return false;
    }

    memcpy(r->guid.b, p + 8, 16);
    r->epoch = ptn_epoch_get(p + 24);
    r->cn = ptn_epoch_get(p + 32);
    r->oid = ptn_epoch_get(p + 40);

    return true;
}


static ptn_rc_t
ptn_epoch_path(const ptn_store_t *store, ptn_guid_t guid, char *path,
    size_t size)
{
    int   n;
    char  hex[PTN_GUID_HEX];

    ptn_guid_hex(guid, hex);
    n = snprintf(path, size, "%s/epoch/%s", store->conf->root, hex);

    return (n > 0 && (size_t) n < size) ? PTN_OK : PTN_EINVAL;
}


static ptn_rc_t
ptn_epoch_write(ptn_store_t *store, int fd, off_t off,
    const ptn_epoch_record_t *r, bool sync)
{
    u_char  p[PTN_EPOCH_SIZE];

    ptn_epoch_pack(p, r);

    if (ptn_io_write_all(store->io, fd, p, sizeof(p), off) == -1) {
        return ptn_errno_rc(errno);
    }

    if (sync && store->conf->fsync
        && store->io->fdatasync(store->io, fd, PTN_IO_EPOCH) == -1)
    {
        return ptn_errno_rc(errno);
    }

    return PTN_OK;
}


/*
 * ECORRUPT: there is none, `r` is as it was.  A mark that cannot be read is
 * not a mark that is not there: that would begin a new incarnation.
 */

static ptn_rc_t
ptn_epoch_read(ptn_store_t *store, int fd, off_t off, ptn_epoch_record_t *r)
{
    u_char   p[PTN_EPOCH_SIZE];
    ssize_t  n;

    n = ptn_io_read_all(store->io, fd, p, sizeof(p), off);

    if (n == -1) {
        return ptn_errno_rc(errno);
    }

    return (n == (ssize_t) sizeof(p) && ptn_epoch_unpack(p, r))
           ? PTN_OK : PTN_ECORRUPT;
}


/* Both records; *ret_marked, *ret_used: that one is there. */

static ptn_rc_t
ptn_epoch_read_both(ptn_store_t *store, int fd, ptn_epoch_record_t *mark,
    bool *ret_marked, ptn_epoch_record_t *last, bool *ret_used)
{
    ptn_rc_t  rc;

    memset(mark, 0, sizeof(ptn_epoch_record_t));
    memset(last, 0, sizeof(ptn_epoch_record_t));
    rc = ptn_epoch_read(store, fd, 0, mark);
    *ret_marked = (rc == PTN_OK);

    if (rc == PTN_OK || rc == PTN_ECORRUPT) {
        rc = ptn_epoch_read(store, fd, PTN_EPOCH_SECOND, last);
        *ret_used = (rc == PTN_OK);
    }

    return (rc == PTN_ECORRUPT) ? PTN_OK : rc;
}


/* Makes or replaces the mark, durably; *ret_fd is open. */

static ptn_rc_t
ptn_epoch_make(ptn_store_t *store, const ptn_epoch_record_t *r, int *ret_fd)
{
    int        fd;
    char       path[PTN_BLOB_PATH], dir[PTN_BLOB_PATH];
    ptn_io_t  *io;
    ptn_rc_t   rc;

    io = store->io;
    snprintf(dir, sizeof(dir), "%s/epoch", store->conf->root);

    rc = ptn_epoch_path(store, r->guid, path, sizeof(path));
    if (rc != PTN_OK) {
        return rc;
    }

    if (io->mkdir(io, dir, 0700) == -1 && errno != EEXIST) {
        return ptn_errno_rc(errno);
    }

    fd = io->open(io, path, O_RDWR|O_CREAT|O_CLOEXEC, 0600);
    if (fd == -1) {
        return ptn_errno_rc(errno);
    }

    rc = ptn_epoch_write(store, fd, PTN_EPOCH_SECOND, r, false);

    if (rc == PTN_OK) {
        rc = ptn_epoch_write(store, fd, 0, r, true);
    }

    if (rc == PTN_OK && store->conf->fsync
        && (io->sync_dir(io, dir, PTN_IO_EPOCH_DIR) == -1
            || io->sync_dir(io, store->conf->root, PTN_IO_EPOCH_DIR) == -1))
    {
        rc = ptn_errno_rc(errno);
    }

    if (rc != PTN_OK) {
        io->close(io, fd);
        return rc;
    }

    *ret_fd = fd;

    return PTN_OK;
}


ptn_rc_t
ptn_epoch_create(ptn_store_t *store, ptn_guid_t guid, uint64_t epoch,
    uint64_t cn, uint64_t oid)
{
    int                 fd;
    ptn_rc_t            rc;
    ptn_epoch_record_t  r;

    r.guid = guid;
    r.epoch = epoch;
    r.cn = cn;
    r.oid = oid;

    rc = ptn_epoch_make(store, &r, &fd);

    if (rc == PTN_OK) {
        store->io->close(store->io, fd);
    }

    return rc;
}


ptn_rc_t
ptn_epoch_delete(ptn_store_t *store, ptn_guid_t guid)
{
    char      path[PTN_BLOB_PATH];
    ptn_rc_t  rc;

    rc = ptn_epoch_path(store, guid, path, sizeof(path));

    if (rc == PTN_OK && store->io->unlink(store->io, path) == -1
        && errno != ENOENT)
    {
        rc = ptn_errno_rc(errno);
    }

    return rc;
}


/* The epoch of its mark; 0: there is none. */

ptn_rc_t
ptn_epoch_last(ptn_store_t *store, ptn_guid_t guid, uint64_t *ret_epoch)
{
    int                 fd;
    bool                marked, used;
    char                path[PTN_BLOB_PATH];
    ptn_rc_t            rc;
    ptn_epoch_record_t  mark, last;

    rc = ptn_epoch_path(store, guid, path, sizeof(path));
    if (rc != PTN_OK) {
        return rc;
    }

    fd = store->io->open(store->io, path, O_RDONLY|O_CLOEXEC, 0);

    if (fd == -1) {
        *ret_epoch = 0;
        return (errno == ENOENT) ? PTN_OK : ptn_errno_rc(errno);
    }

    rc = ptn_epoch_read_both(store, fd, &mark, &marked, &last, &used);
    store->io->close(store->io, fd);

    if (rc == PTN_OK) {
        *ret_epoch = ptn_max(mark.epoch, last.epoch);
    }

    return rc;
}


/* ---- a new incarnation ------------------------------------------------- */

/*
 * The first UIDVALIDITY of an incarnation, or, where more were given in the one
 * before than it should have, behind those.
 */

static uint32_t
ptn_epoch_uidvalidity(const ptn_mbox_t *mb, uint64_t epoch)
{
    uint64_t  first;

    first = ptn_schema_uidvalidity(mb->guid)
            + PTN_EPOCH_UIDVALIDITY * (epoch - 1);

    if ((uint32_t) (mb->meta.uidvalidity - first) < PTN_EPOCH_UID_SPARE) {
        first = mb->meta.uidvalidity + PTN_EPOCH_UIDVALIDITY;
    }

    return (uint32_t) (first % PTN_EPOCH_UID_LIMIT) + 1;
}


static ptn_rc_t
ptn_epoch_rows(ptn_mbox_t *mb, uint64_t epoch, uint64_t cn, uint64_t oid)
{
    size_t         i;
    ptn_rc_t       rc;
    uint32_t       first;
    ptn_guid_t     guid;
    sqlite3_stmt  *st;

    static const char *const  texts[] = {
        "UPDATE replica SET replid=(SELECT min(replid) + 1 FROM replica"
            " WHERE replid>=1 AND replid + 1 NOT IN"
            " (SELECT replid FROM replica)),"
            " last=(SELECT max(cn, 1) FROM meta) WHERE replid=1",
        "UPDATE meta SET epoch=?1, cn=?2, oid=?3, uidvalidity=?5",
        "UPDATE folder SET modseq=?2, horizon=?2, uidvalidity="
            "(SELECT uidvalidity FROM meta)"
            " + (SELECT count(*) FROM folder f WHERE f.id < folder.id)",
        "UPDATE meta SET uidvalidity=uidvalidity"
            " + (SELECT count(*) FROM folder)",
        "DELETE FROM tombstone",
        "INSERT INTO replica (replid, guid, epoch, first)"
            " VALUES (1, ?4, ?1, ?2 + 1)"
    };

    rc = ptn_guid_make(&guid);
    first = ptn_epoch_uidvalidity(mb, epoch);

    for (i = 0; i < ptn_nelts(texts) && rc == PTN_OK; i++) {
        if (sqlite3_prepare_v2(mb->db, texts[i], -1, &st, NULL) != SQLITE_OK) {
            return ptn_sql_rc(sqlite3_extended_errcode(mb->db));
        }

        sqlite3_bind_int64(st, 1, (sqlite3_int64) epoch);
        sqlite3_bind_int64(st, 2, (sqlite3_int64) cn);
        sqlite3_bind_int64(st, 3, (sqlite3_int64) oid);
        sqlite3_bind_blob(st, 4, guid.b, 16, SQLITE_STATIC);
        sqlite3_bind_int64(st, 5, first);

        rc = ptn_sql_step(mb, st);
        sqlite3_finalize(st);
    }

    return rc;
}


/*
 * First the mark, then the mailbox: a crash between the two leaves epochs
 * that differ, and the next opening does it over.  Both counters go on from
 * one number, so that a number alone says of which incarnation it is.
 */

ptn_rc_t
ptn_epoch_renew(ptn_mbox_t *mb, uint64_t epoch, uint64_t cn, uint64_t oid)
{
    int                 fd;
    ptn_rc_t            rc;
    ptn_epoch_record_t  r;

    cn = ptn_max(cn, oid);
    oid = cn;

    r.guid = mb->guid;
    r.epoch = epoch;
    r.cn = cn;
    r.oid = oid;

    rc = ptn_epoch_make(mb->store, &r, &fd);
    if (rc != PTN_OK) {
        return rc;
    }

    if (mb->epoch.fd != -1) {
        mb->store->io->close(mb->store->io, mb->epoch.fd);
    }

    mb->epoch.fd = fd;
    mb->epoch.epoch = epoch;
    mb->epoch.cn = cn;
    mb->epoch.oid = oid;

    rc = ptn_mbox_lock(mb, F_RDLCK, PTN_LOCK_WRITE, PTN_BUSY_MS);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_sql_exec(mb, "BEGIN IMMEDIATE");

    if (rc == PTN_OK) {
        rc = ptn_epoch_rows(mb, epoch, cn, oid);

        if (rc == PTN_OK) {
            rc = ptn_sql_exec(mb, "COMMIT");
        }

        if (rc != PTN_OK) {
            ptn_sql_exec(mb, "ROLLBACK");
        }
    }

    ptn_mbox_lock(mb, F_UNLCK, PTN_LOCK_WRITE, 0);
    ptn_mbox_forget(mb);

    ptn_log(mb->store->log, PTN_LOG_DEBUG, "mailbox=%s epoch=%llu rc=%s",
            mb->address, (unsigned long long) epoch, ptn_err(rc)->name);

    return (rc == PTN_OK) ? ptn_mbox_meta(mb) : rc;
}


/* After a crash: numbers up to the ceilings may have been given. */

static void
ptn_epoch_jump(ptn_mbox_t *mb)
{
    ptn_rc_t  rc;

    mb->cn_floor = ptn_max(mb->cn_floor, mb->epoch.cn);
    mb->oid_floor = ptn_max(mb->oid_floor, mb->epoch.oid);

    /* a full disk must not keep anybody from reading: the floors hold */

    if (ptn_mbox_lock(mb, F_RDLCK, PTN_LOCK_WRITE, PTN_BUSY_MS) != PTN_OK) {
        return;
    }

    rc = ptn_sql_exec(mb, "BEGIN IMMEDIATE");

    if (rc == PTN_OK) {
        ptn_mbox_forget(mb);
        rc = ptn_mbox_meta(mb);

        if (rc == PTN_OK) {
            rc = ptn_mbox_meta_put(mb);
        }

        if (rc != PTN_OK || ptn_sql_exec(mb, "COMMIT") != PTN_OK) {
            ptn_sql_exec(mb, "ROLLBACK");
        }
    }

    ptn_mbox_lock(mb, F_UNLCK, PTN_LOCK_WRITE, 0);
}


/*
 * The epoch after `last`.  Without a mark others may have begun with the same
 * copy elsewhere: it is one of many then.
 */

static ptn_rc_t
ptn_epoch_next(uint64_t last, bool marked, uint64_t *ret_epoch)
{
    ptn_rc_t    rc;
    ptn_guid_t  guid;

    *ret_epoch = last + 1;

    if (marked || last > PTN_EPOCH_LEAP_MAX) {
        return PTN_OK;
    }

    rc = ptn_guid_make(&guid);

    if (rc == PTN_OK) {
        *ret_epoch += guid.b[0] | (uint64_t) guid.b[1] << 8;
    }

    return rc;
}


ptn_rc_t
ptn_epoch_open(ptn_mbox_t *mb, bool first)
{
    int                 fd;
    char                path[PTN_BLOB_PATH];
    bool                marked, used;
    ptn_rc_t            rc;
    uint64_t            cn, oid, epoch;
    ptn_io_t           *io;
    ptn_epoch_record_t  mark, last;

    io = mb->store->io;

    rc = ptn_epoch_path(mb->store, mb->guid, path, sizeof(path));
    if (rc != PTN_OK) {
        return rc;
    }

    marked = false;
    used = false;
    memset(&mark, 0, sizeof(mark));
    memset(&last, 0, sizeof(last));

    fd = io->open(io, path, O_RDWR|O_CLOEXEC, 0);

    if (fd == -1 && errno != ENOENT) {
        return ptn_errno_rc(errno);
    }

    if (fd != -1) {
        rc = ptn_epoch_read_both(mb->store, fd, &mark, &marked, &last, &used);

        if (rc != PTN_OK) {
            io->close(io, fd);
            return rc;
        }
    }

    /* read after the mark, which is written after commits */

    ptn_mbox_forget(mb);
    rc = ptn_mbox_meta(mb);

    if (rc != PTN_OK) {
        if (fd != -1) {
            io->close(io, fd);
        }
        return rc;
    }

    mb->epoch.fd = fd;
    mb->epoch.epoch = mark.epoch;
    mb->epoch.cn = mark.cn;
    mb->epoch.oid = mark.oid;

    if (!marked || mark.epoch != mb->meta.epoch
        || !ptn_guid_eq(mark.guid, mb->guid)
        || (used && (mb->meta.cn < last.cn || mb->meta.oid < last.oid)))
    {
        cn = ptn_max(ptn_max(mark.cn, last.cn), mb->meta.cn);
        oid = ptn_max(ptn_max(mark.oid, last.oid), mb->meta.oid);

        rc = ptn_epoch_next(ptn_max(ptn_max(mark.epoch, last.epoch),
                                    mb->meta.epoch), marked, &epoch);

        return (rc == PTN_OK) ? ptn_epoch_renew(mb, epoch, cn + 1, oid + 1)
                              : rc;
    }

    if (first && (mb->meta.cn < mark.cn || mb->meta.oid < mark.oid)) {
        ptn_blob_recover(mb);
        ptn_epoch_jump(mb);
        return ptn_mbox_meta(mb);
    }

    return PTN_OK;
}


/*
 * The mark may have been raised by another process: it is read again, for it
 * must not sink below what that one believes to have.  After a new epoch what
 * was known of the mark is void.  It stays above the mailbox's numbers, never
 * at them: that is the mark of a clean end.
 */

ptn_rc_t
ptn_epoch_reserve(ptn_mbox_t *mb, uint64_t cn, uint64_t oid)
{
    ptn_rc_t            rc;
    ptn_epoch_record_t  r;

    if (mb->epoch.epoch == mb->meta.epoch
        && cn < mb->epoch.cn && oid < mb->epoch.oid)
    {
        return PTN_OK;
    }

    if (mb->epoch.fd == -1) {
        return PTN_EIO;
    }

    rc = ptn_epoch_read(mb->store, mb->epoch.fd, 0, &r);

    if (rc == PTN_ECORRUPT) {
        memset(&r, 0, sizeof(r));

    } else if (rc != PTN_OK) {
        return rc;
    }

    if (r.epoch > mb->meta.epoch) {
        return PTN_EUNAVAIL;
    }

    r.guid = mb->guid;
    r.epoch = mb->meta.epoch;
    r.cn = ptn_max(r.cn, cn + PTN_EPOCH_RUN);
    r.oid = ptn_max(r.oid, oid + PTN_EPOCH_RUN);

    rc = ptn_epoch_write(mb->store, mb->epoch.fd, 0, &r, true);

    if (rc == PTN_OK) {
        mb->epoch.epoch = r.epoch;
        mb->epoch.cn = r.cn;
        mb->epoch.oid = r.oid;
    }

    return rc;
}


void
ptn_epoch_mark(ptn_mbox_t *mb)
{
    ptn_epoch_record_t  r;

    if (mb->epoch.fd == -1) {
        return;
    }

    r.guid = mb->guid;
    r.epoch = mb->meta.epoch;
    r.cn = mb->meta.cn;
    r.oid = mb->meta.oid;

    ptn_epoch_write(mb->store, mb->epoch.fd, PTN_EPOCH_SECOND, &r, false);
}


void
ptn_epoch_close(ptn_mbox_t *mb, bool last)
{
    ptn_epoch_record_t  r;

    if (mb->epoch.fd == -1) {
        return;
    }

    if (last) {
        ptn_mbox_forget(mb);

        if (ptn_mbox_meta(mb) == PTN_OK
            && ptn_epoch_read(mb->store, mb->epoch.fd, 0, &r) == PTN_OK
            && r.epoch == mb->meta.epoch
            && (r.cn > mb->meta.cn || r.oid > mb->meta.oid))
        {
            r.cn = mb->meta.cn;
            r.oid = mb->meta.oid;
            ptn_epoch_write(mb->store, mb->epoch.fd, 0, &r, false);
        }
    }

    mb->store->io->close(mb->store->io, mb->epoch.fd);
    mb->epoch.fd = -1;
    mb->epoch.cn = 0;
    mb->epoch.oid = 0;
}
