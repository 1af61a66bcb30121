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
    S(EPOCH_DIR)

typedef enum {
#define PTN_IO_SITE_ENUM(n)  PTN_IO_##n,
    PTN_IO_SITES(PTN_IO_SITE_ENUM)
#undef PTN_IO_SITE_ENUM
    PTN_IO_SITE_MAX
} ptn_io_site_e;

const char *ptn_io_site_name(ptn_io_site_e site);


typedef struct ptn_io_s  ptn_io_t;

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
};

/* The system's calls.  A constant in effect: never written. */
extern ptn_io_t  ptn_io_posix;


/* Loops over short writes.  0, or -1 with errno. */
int ptn_io_write_all(ptn_io_t *io, int fd, const void *p, size_t n, off_t off);

/* Loops over short reads; returns bytes read, less than n only at the end. */
ssize_t ptn_io_read_all(ptn_io_t *io, int fd, void *p, size_t n, off_t off);

/*
 * Registers a SQLite VFS named `name` that stands on "unix" and sends every
 * change of file content, size and name, and every sync, through `io`.  The
 * sync sites are WAL, DB and DB_DIR.  Call once per name and process, before
 * a database is opened; EIO when SQLite refuses.
 */
ptn_rc_t ptn_io_vfs_register(ptn_io_t *io, const char *name);


#endif /* PTN_IO_H */
