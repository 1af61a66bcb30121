/*
 * The one table through which all durable file I/O goes: the SQLite VFS
 * "ptn" (ptn_io_vfs.c), blobs, the queue log.  In production the table is
 * ptn_io_posix.  Tests put another before it: one records every change so
 * that a power loss can be simulated at every point (unsynced writes dropped
 * or reordered), one fails calls (disk full, fsync error).
 *
 * Each call that makes bytes durable names its site; removing any one site
 * must make a test fail (DESIGN 10).
 */

#ifndef PTN_IO_H
#define PTN_IO_H


#include "ptn_base.h"


#define PTN_IO_SITES(S)                                                       \
    S(WAL)          /* the WAL of a database, at commit */                    \
    S(DB)           /* a database file, at checkpoint */                      \
    S(DB_DIR)       /* the directory of a new database or WAL */              \
    S(BLOB)         /* a blob's bytes before its name */                      \
    S(BLOB_DIR)     /* the name of a blob */                                  \
    S(MAILBOX_DIR)  /* the directory of a new mailbox */                      \
    S(QUEUE)        /* a queue segment, at the end of a batch */              \
    S(QUEUE_DIR)    /* the name of a new segment */                           \
    S(EPOCH)        /* the high-water mark outside the mailbox */             \
    S(EPOCH_DIR)                                                              \
    S(BLOB_GONE)    /* the directory that a blob has left */              \
    S(RECEIPT_DIR)  /* the mark of a mailbox that has receipts due */

typedef enum {
#define PTN_IO_SITE_ENUM(n)  PTN_IO_##n,
    PTN_IO_SITES(PTN_IO_SITE_ENUM)
#undef PTN_IO_SITE_ENUM
    PTN_IO_SITE_MAX
} ptn_io_site_e;

const char *ptn_io_site_name(ptn_io_site_e site);


typedef struct ptn_io_s  ptn_io_t;


/*
 * A change of a database file.  SQLite keeps the descriptor of such a file to
 * itself, and opening it a second time would drop SQLite's POSIX locks at the
 * close(2): so these changes are not made by the table's pwrite() and so on
 * but by the "unix" VFS, and the table is told of each one before and after.
 * What needs no descriptor (unlink, sync_dir) does go through the table's own
 * calls.  Rollback journals are reported like WALs.  Not reported, because no
 * recovery may lean on them: locks, -shm files, temporary files.
 */
typedef enum {
    PTN_IO_OP_CREATE,       /* path is about to exist, empty */
    PTN_IO_OP_WRITE,        /* p, n, off */
    PTN_IO_OP_TRUNCATE,     /* off: the new length */
    PTN_IO_OP_SYNC          /* site */
} ptn_io_op_e;

typedef struct {
    ptn_io_op_e     op;
    ptn_io_site_e   site;   /* PTN_IO_WAL or PTN_IO_DB: which kind of file */
    const char     *path;   /* absolute, no links followed by us */
    const void     *p;
    size_t          n;
    off_t           off;
} ptn_io_change_t;

/*
 * All return -1 with errno set on failure, as the system calls of their
 * names do; read and write may be short.  `io` is the table itself, so that
 * an implementation in front finds its state.
 */
struct ptn_io_s {
    int      (*open)(ptn_io_t *io, const char *path, int flags, mode_t mode);
    int      (*close)(ptn_io_t *io, int fd);
    ssize_t  (*pread)(ptn_io_t *io, int fd, void *p, size_t n, off_t off);
    ssize_t  (*pwrite)(ptn_io_t *io, int fd, const void *p, size_t n,
                  off_t off);
    int      (*ftruncate)(ptn_io_t *io, int fd, off_t len);
    int      (*fdatasync)(ptn_io_t *io, int fd, ptn_io_site_e site);
    int      (*sync_dir)(ptn_io_t *io, const char *path, ptn_io_site_e site);
    int      (*rename)(ptn_io_t *io, const char *from, const char *to);
    int      (*link)(ptn_io_t *io, const char *from, const char *to);
    int      (*unlink)(ptn_io_t *io, const char *path);
    int      (*mkdir)(ptn_io_t *io, const char *path, mode_t mode);
    void      *state;           /* of an implementation in front */
    ptn_io_t  *next;            /* what it passes calls on to */

    /*
     * Changes of database files, made by SQLite; both may be NULL, as they
     * are in ptn_io_posix: then the VFS costs one test of a pointer.
     *
     * before: 0 lets the change happen; 1 skips it and SQLite is told that it
     * was done (a sync that lies, a benchmark without fsync; OP_CREATE happens
     * all the same); -1 with errno refuses it: nothing happens, SQLite sees
     * SQLITE_FULL for ENOSPC, else the I/O error of that call.
     * after: the change was made (`err` 0), skipped (0 too) or failed (errno).
     *
     * Calls come from the thread that uses the connection, so several at once
     * when several do; calls about one connection are in order.
     */
    int      (*before)(ptn_io_t *io, const ptn_io_change_t *change);
    void     (*after)(ptn_io_t *io, const ptn_io_change_t *change, int err);
};

/* The system's calls.  A constant in effect: never written. */
extern ptn_io_t  ptn_io_posix;

/* As ptn_io_posix, but every sync says yes at once (conf->fsync off). */
extern ptn_io_t  ptn_io_nosync;


/* Loops over short writes.  0, or -1 with errno. */
int ptn_io_write_all(ptn_io_t *io, int fd, const void *p, size_t n, off_t off);

/* Loops over short reads; returns bytes read, less than n only at the end. */
ssize_t ptn_io_read_all(ptn_io_t *io, int fd, void *p, size_t n, off_t off);

/*
 * Registers a SQLite VFS named `name` that stands on "unix" and shows `io`
 * every change of file content, size and name, and every sync, of database
 * files, WALs and rollback journals:
 *
 *   xOpen that makes a file      before/after OP_CREATE
 *   xWrite                       before/after OP_WRITE
 *   xTruncate                    before/after OP_TRUNCATE
 *   xSync                        before/after OP_SYNC, site WAL or DB; the
 *                                first one of a file that was opened with
 *                                SQLITE_OPEN_CREATE is followed by
 *                                io->sync_dir(directory, DB_DIR)
 *   xDelete                      io->unlink, then, when SQLite asks for it,
 *                                io->sync_dir(directory, DB_DIR)
 *
 * There is no other way: memory mapping is not offered, files do not grow in
 * chunks, atomic batches are not announced.  Unlike "unix", an error of a
 * directory sync is an error here.
 *
 * A recorder for power-loss tests: keep (path, op) in order from `after` with
 * err 0 and from its own pwrite, ftruncate, rename ...; a file's state after
 * a loss is its state at its last SYNC plus any subset of the later WRITEs
 * (whole, or torn inside their own range only: SQLite assumes powersafe
 * overwrite) and TRUNCATEs; a name made, moved or removed since the last
 * sync_dir of its directory is there or not.  -shm files are to be deleted.
 * To show that a site is needed, leave its syncs out of the record.
 *
 * Call once per name and process, before a database is opened; again with the
 * same `io` is OK, with another is EEXIST.  EIO when SQLite refuses.
 */
ptn_rc_t ptn_io_vfs_register(ptn_io_t *io, const char *name);

/*
 * sqlite3_file_control(db, "main", ..., arg): with arg not NULL the writes of
 * a transaction into the WAL are kept until its sync and made by one call
 * (ptn_io_vfs.c); a table in front is told of each before that call.  Only
 * with synchronous=FULL: without a sync nothing says when they are due.
 */
#define PTN_IO_FCNTL_GATHER  0x50544e01

/* For tests; nothing may be open on it.  An unknown name is ignored. */
void ptn_io_vfs_unregister(const char *name);


#endif /* PTN_IO_H */
