/*
 * The SQLite VFS of ptn_io_vfs_register(): a shim on "unix".  A file of ours
 * is a header followed by the file of "unix"; locks and shared memory are
 * passed on untouched.
 *
 * Gathering (PTN_IO_FCNTL_GATHER).  SQLite writes a commit into the WAL in two
 * calls per page, header and page, one behind the other.  They are put
 * together here and written by one call when the sync comes.  Nobody reads
 * frames before they are in the wal-index, and they get there after the sync;
 * what the same connection reads back (pages that did not fit its cache) is
 * written first.  The write lock is not given back with anything pending: the
 * next writer may write to the same place.  A failed write is told of by the
 * sync, which SQLite takes like a failed write.
 */

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <sqlite3.h>

#include "ptn_io.h"


#define PTN_IO_VFS_TYPES                                                      \
    (SQLITE_OPEN_MAIN_DB|SQLITE_OPEN_MAIN_JOURNAL|SQLITE_OPEN_WAL             \
     |SQLITE_OPEN_SUPER_JOURNAL)

#define PTN_IO_GATHER_BYTES   (128 * 1024)
#define PTN_IO_GATHER_PIECES  64
#define PTN_IO_GATHER_KEPT    4             /* buffers, for the next commits */

#define PTN_IO_SHM_WRITE      0             /* the lock of who writes */

typedef struct ptn_io_gather_s  ptn_io_gather_t;

struct ptn_io_gather_s {
    ptn_io_gather_t  *next;                 /* of those that are free */
    sqlite3_int64     off;
    int               len;
    unsigned          n;
    int               piece[PTN_IO_GATHER_PIECES];
    u_char            data[PTN_IO_GATHER_BYTES];
};

typedef struct {
    sqlite3_vfs       vfs;
    sqlite3_vfs      *unix_vfs;
    ptn_io_t         *io;
    pthread_mutex_t   mutex;
    ptn_io_gather_t  *spare;
    unsigned          nspare;
    char              name[];
} ptn_io_vfs_t;

typedef struct ptn_io_vfs_file_s  ptn_io_vfs_file_t;

struct ptn_io_vfs_file_s {
    sqlite3_file        base;
    ptn_io_vfs_t       *vfs;
    ptn_io_t           *io;     /* NULL: a temporary file, not reported */
    const char         *path;   /* SQLite keeps it until xClose */
    ptn_io_site_e       site;
    bool                sync_dir;   /* with the next sync */
    bool                gathers;    /* of a database: its WAL does */
    ptn_io_vfs_file_t  *wal;    /* of a database */
    ptn_io_vfs_file_t  *db;     /* of a WAL */
    ptn_io_gather_t    *gather; /* of a WAL: written, but not to the file */
    sqlite3_file       *file;   /* of "unix", behind this structure */
};


#define ptn_io_vfs_of(v)  ((ptn_io_vfs_t *) (v)->pAppData)
#define ptn_io_vfs_unix(f)  (((ptn_io_vfs_file_t *) (f))->file)


/* 0: make the change; 1: skip it; -1: refused, errno is set. */

static int
ptn_io_vfs_before(ptn_io_t *io, const ptn_io_change_t *change)
{
    return (io->before != NULL) ? io->before(io, change) : 0;
}


static void
ptn_io_vfs_after(ptn_io_t *io, const ptn_io_change_t *change, int rc)
{
    int  err;

    if (io->after == NULL) {
        return;
    }

    err = errno;

    if (rc == SQLITE_OK) {
        io->after(io, change, 0);

    } else if (rc == SQLITE_FULL) {
        io->after(io, change, ENOSPC);

    } else {
        io->after(io, change, err != 0 ? err : EIO);
    }

    errno = err;
}


static int
ptn_io_vfs_sync_dir(ptn_io_t *io, const char *path)
{
    char         dir[PATH_MAX];
    size_t       n;
    const char  *slash;

    slash = strrchr(path, '/');

    if (slash == NULL) {
        dir[0] = '.';
        n = 1;

    } else {
        n = ptn_max((size_t) (slash - path), (size_t) 1);

        if (n >= sizeof(dir)) {
            errno = ENAMETOOLONG;
            return -1;
        }

        memcpy(dir, path, n);
    }

    dir[n] = '\0';

    return io->sync_dir(io, dir, PTN_IO_DB_DIR);
}


/* ---- writing ------------------------------------------------------------- */

static int
ptn_io_vfs_put(ptn_io_vfs_file_t *pf, const void *p, int n, sqlite3_int64 off)
{
    return pf->file->pMethods->xWrite(pf->file, p, n, off);
}


static int
ptn_io_vfs_refused(void)
{
    return (errno == ENOSPC) ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}


/* One write, told of before and after. */

static int
ptn_io_vfs_write_now(ptn_io_vfs_file_t *pf, const void *p, int n,
    sqlite3_int64 off)
{
    int              rc;
    ptn_io_change_t  change;

    if (pf->io == NULL || (pf->io->before == NULL && pf->io->after == NULL)) {
        return ptn_io_vfs_put(pf, p, n, off);
    }

    change = (ptn_io_change_t) { PTN_IO_OP_WRITE, pf->site, pf->path, p,
                                 (size_t) n, (off_t) off };

    switch (ptn_io_vfs_before(pf->io, &change)) {

    case 0:
        rc = ptn_io_vfs_put(pf, p, n, off);
        break;

    case 1:
        rc = SQLITE_OK;
        break;

    default:
        rc = ptn_io_vfs_refused();
        break;
    }

    ptn_io_vfs_after(pf->io, &change, rc);

    return rc;
}


static ptn_io_gather_t *
ptn_io_gather_get(ptn_io_vfs_t *vfs)
{
    ptn_io_gather_t  *g;

    pthread_mutex_lock(&vfs->mutex);
    g = vfs->spare;

    if (g != NULL) {
        vfs->spare = g->next;
        vfs->nspare--;
    }

    pthread_mutex_unlock(&vfs->mutex);

    if (g == NULL) {
        g = malloc(sizeof(ptn_io_gather_t));
    }

    return g;
}


static void
ptn_io_gather_put(ptn_io_vfs_t *vfs, ptn_io_gather_t *g)
{
    pthread_mutex_lock(&vfs->mutex);

    if (vfs->nspare < PTN_IO_GATHER_KEPT) {
        g->next = vfs->spare;
        vfs->spare = g;
        vfs->nspare++;
        g = NULL;
    }

    pthread_mutex_unlock(&vfs->mutex);
    free(g);
}


/*
 * Whoever is told of changes is told of the pieces: the disk may keep any of
 * them.  Those before a refused one are written.
 */

static int
ptn_io_gather_told(ptn_io_vfs_file_t *pf, ptn_io_gather_t *g)
{
    int               rc, at, len, skip;
    unsigned          i, k;
    ptn_io_change_t   change[PTN_IO_GATHER_PIECES];

    skip = 0;
    len = 0;

    for (i = 0, at = 0; i < g->n; at += g->piece[i], i++) {
        change[i] = (ptn_io_change_t) { PTN_IO_OP_WRITE, pf->site, pf->path,
                                        g->data + at, (size_t) g->piece[i],
                                        (off_t) g->off + at };

        skip = ptn_io_vfs_before(pf->io, &change[i]);

        if (skip != 0) {
            break;
        }

        len += g->piece[i];
    }

    rc = (len != 0) ? ptn_io_vfs_put(pf, g->data, len, g->off) : SQLITE_OK;

    for (k = 0; k < i; k++) {
        ptn_io_vfs_after(pf->io, &change[k], rc);
    }

    if (i == g->n || rc != SQLITE_OK) {
        return rc;
    }

    rc = (skip == 1) ? SQLITE_OK : ptn_io_vfs_refused();
    ptn_io_vfs_after(pf->io, &change[i], rc);

    for (i++, at += g->piece[i - 1]; i < g->n && rc == SQLITE_OK; i++) {
        rc = ptn_io_vfs_write_now(pf, g->data + at, g->piece[i], g->off + at);
        at += g->piece[i];
    }

    return rc;
}


/* What is pending, into the file. */

static int
ptn_io_gather_flush(ptn_io_vfs_file_t *pf)
{
    int               rc;
    ptn_io_gather_t  *g;

    g = pf->gather;

    if (g == NULL) {
        return SQLITE_OK;
    }

    pf->gather = NULL;

    rc = (pf->io->before == NULL && pf->io->after == NULL)
         ? ptn_io_vfs_put(pf, g->data, g->len, g->off)
         : ptn_io_gather_told(pf, g);

    ptn_io_gather_put(pf->vfs, g);

    return rc;
}


/* false: it is to be written as it is. */

static bool
ptn_io_gather_add(ptn_io_vfs_file_t *pf, const void *p, int n,
    sqlite3_int64 off, int *ret_rc)
{
    ptn_io_gather_t  *g;

    *ret_rc = SQLITE_OK;
    g = pf->gather;

    if (g != NULL
        && (off != g->off + g->len || g->n == PTN_IO_GATHER_PIECES
            || n > PTN_IO_GATHER_BYTES - g->len))
    {
        *ret_rc = ptn_io_gather_flush(pf);

        if (*ret_rc != SQLITE_OK) {
            return true;
        }

        g = NULL;
    }

    if (n > PTN_IO_GATHER_BYTES) {
        return false;
    }

    if (g == NULL) {
        g = ptn_io_gather_get(pf->vfs);

        if (g == NULL) {
            return false;
        }

        g->off = off;
        g->len = 0;
        g->n = 0;
        pf->gather = g;
    }

    memcpy(g->data + g->len, p, (size_t) n);
    g->len += n;
    g->piece[g->n++] = n;

    return true;
}


static int
ptn_io_vfs_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 off)
{
    int                 rc;
    ptn_io_vfs_file_t  *pf = (ptn_io_vfs_file_t *) f;

    if (pf->db != NULL && pf->db->gathers
        && ptn_io_gather_add(pf, p, n, off, &rc))
    {
        return rc;
    }

    return ptn_io_vfs_write_now(pf, p, n, off);
}


static int
ptn_io_vfs_read(sqlite3_file *f, void *p, int n, sqlite3_int64 off)
{
    int                 rc;
    sqlite3_file       *file = ptn_io_vfs_unix(f);
    ptn_io_vfs_file_t  *pf = (ptn_io_vfs_file_t *) f;

    if (pf->gather != NULL && off < pf->gather->off + pf->gather->len
        && off + n > pf->gather->off)
    {
        rc = ptn_io_gather_flush(pf);
        if (rc != SQLITE_OK) {
            return SQLITE_IOERR_READ;
        }
    }

    return file->pMethods->xRead(file, p, n, off);
}


static int
ptn_io_vfs_close(sqlite3_file *f)
{
    int                 rc;
    sqlite3_file       *file;
    ptn_io_vfs_file_t  *pf = (ptn_io_vfs_file_t *) f;

    rc = SQLITE_OK;
    file = ptn_io_vfs_unix(f);

    (void) ptn_io_gather_flush(pf);

    if (pf->db != NULL) {
        pf->db->wal = NULL;
    }

    if (pf->wal != NULL) {
        pf->wal->db = NULL;
    }

    if (file->pMethods != NULL) {
        rc = file->pMethods->xClose(file);
        file->pMethods = NULL;
    }

    return rc;
}


/* ---- the other calls ---------------------------------------------------- */

static int
ptn_io_vfs_truncate(sqlite3_file *f, sqlite3_int64 len)
{
    int                 rc;
    sqlite3_file       *file = ptn_io_vfs_unix(f);
    ptn_io_change_t     change;
    ptn_io_vfs_file_t  *pf = (ptn_io_vfs_file_t *) f;

    if (pf->io == NULL) {
        return file->pMethods->xTruncate(file, len);
    }

    rc = ptn_io_gather_flush(pf);
    if (rc != SQLITE_OK) {
        return rc;
    }

    change = (ptn_io_change_t) { PTN_IO_OP_TRUNCATE, pf->site, pf->path, NULL,
                                 0, (off_t) len };

    switch (ptn_io_vfs_before(pf->io, &change)) {

    case 0:
        rc = file->pMethods->xTruncate(file, len);
        break;

    case 1:
        rc = SQLITE_OK;
        break;

    default:
        rc = (errno == ENOSPC) ? SQLITE_FULL : SQLITE_IOERR_TRUNCATE;
        break;
    }

    ptn_io_vfs_after(pf->io, &change, rc);

    return rc;
}


static int
ptn_io_vfs_sync(sqlite3_file *f, int flags)
{
    int                 rc;
    sqlite3_file       *file = ptn_io_vfs_unix(f);
    ptn_io_change_t     change;
    ptn_io_vfs_file_t  *pf = (ptn_io_vfs_file_t *) f;

    if (pf->io == NULL) {
        return file->pMethods->xSync(file, flags);
    }

    rc = ptn_io_gather_flush(pf);
    if (rc != SQLITE_OK) {
        return rc;
    }

    change = (ptn_io_change_t) { PTN_IO_OP_SYNC, pf->site, pf->path, NULL, 0,
                                 0 };

    switch (ptn_io_vfs_before(pf->io, &change)) {

    case 0:
        rc = file->pMethods->xSync(file, flags);
        break;

    case 1:
        rc = SQLITE_OK;
        break;

    default:
        rc = SQLITE_IOERR_FSYNC;
        break;
    }

    ptn_io_vfs_after(pf->io, &change, rc);

    if (rc != SQLITE_OK || !pf->sync_dir) {
        return rc;
    }

    /*
     * "unix" synced the directory too, but would not tell of an error, and
     * nobody could have put a fault there.  Once per opened WAL or journal:
     * also when the file was there, for who made it may have died before its
     * name was durable.
     */

    if (ptn_io_vfs_sync_dir(pf->io, pf->path) == -1) {
        return SQLITE_IOERR_DIR_FSYNC;
    }

    pf->sync_dir = false;

    return SQLITE_OK;
}


static int
ptn_io_vfs_file_size(sqlite3_file *f, sqlite3_int64 *size)
{
    sqlite3_file  *file = ptn_io_vfs_unix(f);

    if (ptn_io_gather_flush((ptn_io_vfs_file_t *) f) != SQLITE_OK) {
        return SQLITE_IOERR_FSTAT;
    }

    return file->pMethods->xFileSize(file, size);
}


static int
ptn_io_vfs_lock(sqlite3_file *f, int level)
{
    sqlite3_file  *file = ptn_io_vfs_unix(f);

    return file->pMethods->xLock(file, level);
}


static int
ptn_io_vfs_unlock(sqlite3_file *f, int level)
{
    sqlite3_file  *file = ptn_io_vfs_unix(f);

    return file->pMethods->xUnlock(file, level);
}


static int
ptn_io_vfs_check_lock(sqlite3_file *f, int *res)
{
    sqlite3_file  *file = ptn_io_vfs_unix(f);

    return file->pMethods->xCheckReservedLock(file, res);
}


static int
ptn_io_vfs_control(sqlite3_file *f, int op, void *arg)
{
    sqlite3_file  *file = ptn_io_vfs_unix(f);

    if (op == PTN_IO_FCNTL_GATHER) {
        ((ptn_io_vfs_file_t *) f)->gathers = (arg != NULL);
        return SQLITE_OK;
    }

    /* nothing may change a file's size behind the table */

    if (op == SQLITE_FCNTL_CHUNK_SIZE || op == SQLITE_FCNTL_SIZE_HINT
        || op == SQLITE_FCNTL_MMAP_SIZE)
    {
        return SQLITE_NOTFOUND;
    }

    return file->pMethods->xFileControl(file, op, arg);
}


static int
ptn_io_vfs_sector_size(sqlite3_file *f)
{
    sqlite3_file  *file = ptn_io_vfs_unix(f);

    return file->pMethods->xSectorSize(file);
}


static int
ptn_io_vfs_device(sqlite3_file *f)
{
    sqlite3_file  *file = ptn_io_vfs_unix(f);

    return file->pMethods->xDeviceCharacteristics(file)
           & ~SQLITE_IOCAP_BATCH_ATOMIC;
}


static int
ptn_io_vfs_shm_map(sqlite3_file *f, int region, int size, int extend,
    void volatile **ret)
{
    sqlite3_file  *file = ptn_io_vfs_unix(f);

    return file->pMethods->xShmMap(file, region, size, extend, ret);
}


static int
ptn_io_vfs_shm_lock(sqlite3_file *f, int off, int n, int flags)
{
    sqlite3_file       *file = ptn_io_vfs_unix(f);
    ptn_io_vfs_file_t  *pf = (ptn_io_vfs_file_t *) f;

    /* of a transaction that was undone: nobody will miss it if this fails */

    if ((flags & SQLITE_SHM_UNLOCK) && (flags & SQLITE_SHM_EXCLUSIVE)
        && off == PTN_IO_SHM_WRITE && pf->wal != NULL)
    {
        (void) ptn_io_gather_flush(pf->wal);
    }

    return file->pMethods->xShmLock(file, off, n, flags);
}


static void
ptn_io_vfs_shm_barrier(sqlite3_file *f)
{
    sqlite3_file  *file = ptn_io_vfs_unix(f);

    file->pMethods->xShmBarrier(file);
}


static int
ptn_io_vfs_shm_unmap(sqlite3_file *f, int del)
{
    sqlite3_file  *file = ptn_io_vfs_unix(f);

    return file->pMethods->xShmUnmap(file, del);
}


/* Version 2: without xFetch there is no memory mapping of content. */

static const sqlite3_io_methods  ptn_io_vfs_methods = {
    2,
    ptn_io_vfs_close,
    ptn_io_vfs_read,
    ptn_io_vfs_write,
    ptn_io_vfs_truncate,
    ptn_io_vfs_sync,
    ptn_io_vfs_file_size,
    ptn_io_vfs_lock,
    ptn_io_vfs_unlock,
    ptn_io_vfs_check_lock,
    ptn_io_vfs_control,
    ptn_io_vfs_sector_size,
    ptn_io_vfs_device,
    ptn_io_vfs_shm_map,
    ptn_io_vfs_shm_lock,
    ptn_io_vfs_shm_barrier,
    ptn_io_vfs_shm_unmap,
    NULL,                       /* xFetch */
    NULL                        /* xUnfetch */
};


static int
ptn_io_vfs_open(sqlite3_vfs *v, const char *path, sqlite3_file *f, int flags,
    int *ret_flags)
{
    int                 rc;
    bool                create;
    ptn_io_vfs_t       *vfs = ptn_io_vfs_of(v);
    ptn_io_change_t     change;
    ptn_io_vfs_file_t  *pf = (ptn_io_vfs_file_t *) f;

    memset(pf, 0, sizeof(ptn_io_vfs_file_t));
    pf->vfs = vfs;
    pf->file = (sqlite3_file *) (pf + 1);
    pf->file->pMethods = NULL;

    create = false;
    memset(&change, 0, sizeof(ptn_io_change_t));

    if (path != NULL && (flags & PTN_IO_VFS_TYPES)
        && !(flags & SQLITE_OPEN_DELETEONCLOSE))
    {
        pf->io = vfs->io;
        pf->path = path;
        pf->site = (flags & SQLITE_OPEN_MAIN_DB) ? PTN_IO_DB : PTN_IO_WAL;
        pf->sync_dir = (flags & SQLITE_OPEN_CREATE) != 0;

        create = pf->sync_dir
                 && (vfs->io->before != NULL || vfs->io->after != NULL)
                 && access(path, F_OK) == -1;
    }

    if (create) {
        change.op = PTN_IO_OP_CREATE;
        change.site = pf->site;
        change.path = path;

        if (ptn_io_vfs_before(pf->io, &change) == -1) {
            ptn_io_vfs_after(pf->io, &change, SQLITE_CANTOPEN);
            return SQLITE_CANTOPEN;
        }
    }

    rc = vfs->unix_vfs->xOpen(vfs->unix_vfs, path, pf->file, flags,
                              ret_flags);

    if (create) {
        ptn_io_vfs_after(pf->io, &change, rc);
    }

    if (rc == SQLITE_OK) {
        f->pMethods = &ptn_io_vfs_methods;
    }

    if (rc == SQLITE_OK && pf->io != NULL && (flags & SQLITE_OPEN_WAL)) {
        pf->db = (ptn_io_vfs_file_t *) sqlite3_database_file_object(path);
        pf->db->wal = pf;
    }

    return rc;
}


static int
ptn_io_vfs_delete(sqlite3_vfs *v, const char *path, int sync_dir)
{
    ptn_io_t  *io = ptn_io_vfs_of(v)->io;

    if (io->unlink(io, path) == -1) {
        return (errno == ENOENT) ? SQLITE_IOERR_DELETE_NOENT
                                 : SQLITE_IOERR_DELETE;
    }

    if (sync_dir && ptn_io_vfs_sync_dir(io, path) == -1) {
        return SQLITE_IOERR_DIR_FSYNC;
    }

    return SQLITE_OK;
}


static int
ptn_io_vfs_access(sqlite3_vfs *v, const char *path, int flags, int *res)
{
    sqlite3_vfs  *u = ptn_io_vfs_of(v)->unix_vfs;

    return u->xAccess(u, path, flags, res);
}


static int
ptn_io_vfs_full_path(sqlite3_vfs *v, const char *path, int n, char *out)
{
    sqlite3_vfs  *u = ptn_io_vfs_of(v)->unix_vfs;

    return u->xFullPathname(u, path, n, out);
}


static int
ptn_io_vfs_randomness(sqlite3_vfs *v, int n, char *out)
{
    sqlite3_vfs  *u = ptn_io_vfs_of(v)->unix_vfs;

    return u->xRandomness(u, n, out);
}


static int
ptn_io_vfs_sleep(sqlite3_vfs *v, int usec)
{
    sqlite3_vfs  *u = ptn_io_vfs_of(v)->unix_vfs;

    return u->xSleep(u, usec);
}


static int
ptn_io_vfs_time(sqlite3_vfs *v, double *ret)
{
    sqlite3_vfs  *u = ptn_io_vfs_of(v)->unix_vfs;

    return u->xCurrentTime(u, ret);
}


static int
ptn_io_vfs_last_error(sqlite3_vfs *v, int n, char *out)
{
    sqlite3_vfs  *u = ptn_io_vfs_of(v)->unix_vfs;

    return u->xGetLastError(u, n, out);
}


static int
ptn_io_vfs_time64(sqlite3_vfs *v, sqlite3_int64 *ret)
{
    sqlite3_vfs  *u = ptn_io_vfs_of(v)->unix_vfs;

    return u->xCurrentTimeInt64(u, ret);
}


static ptn_rc_t
ptn_io_vfs_make(ptn_io_t *io, const char *name)
{
    size_t         len;
    sqlite3_vfs   *u;
    ptn_io_vfs_t  *vfs;

    u = sqlite3_vfs_find("unix");
    if (u == NULL || u->iVersion < 2) {
        return PTN_EIO;
    }

    len = strlen(name) + 1;

    vfs = calloc(1, sizeof(ptn_io_vfs_t) + len);
    if (vfs == NULL) {
        return PTN_ENOMEM;
    }

    memcpy(vfs->name, name, len);
    vfs->unix_vfs = u;
    vfs->io = io;

    vfs->vfs.iVersion = 2;
    vfs->vfs.szOsFile = (int) sizeof(ptn_io_vfs_file_t) + u->szOsFile;
    vfs->vfs.mxPathname = u->mxPathname;
    vfs->vfs.zName = vfs->name;
    vfs->vfs.pAppData = vfs;
    vfs->vfs.xOpen = ptn_io_vfs_open;
    vfs->vfs.xDelete = ptn_io_vfs_delete;
    vfs->vfs.xAccess = ptn_io_vfs_access;
    vfs->vfs.xFullPathname = ptn_io_vfs_full_path;
    vfs->vfs.xRandomness = ptn_io_vfs_randomness;
    vfs->vfs.xSleep = ptn_io_vfs_sleep;
    vfs->vfs.xCurrentTime = ptn_io_vfs_time;
    vfs->vfs.xGetLastError = ptn_io_vfs_last_error;
    vfs->vfs.xCurrentTimeInt64 = ptn_io_vfs_time64;

    /* no xDlOpen: extensions are not loaded */

    pthread_mutex_init(&vfs->mutex, NULL);

    if (sqlite3_vfs_register(&vfs->vfs, 0) != SQLITE_OK) {
        free(vfs);
        return PTN_EIO;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_io_vfs_register(ptn_io_t *io, const char *name)
{
    ptn_rc_t        rc;
    sqlite3_vfs    *v;
    sqlite3_mutex  *mutex;

    if (sqlite3_initialize() != SQLITE_OK) {
        return PTN_EIO;
    }

    mutex = sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_APP3);
    sqlite3_mutex_enter(mutex);

    v = sqlite3_vfs_find(name);

    if (v == NULL) {
        rc = ptn_io_vfs_make(io, name);

    } else if (v->xOpen == ptn_io_vfs_open && ptn_io_vfs_of(v)->io == io) {
        rc = PTN_OK;

    } else {
        rc = PTN_EEXIST;
    }

    sqlite3_mutex_leave(mutex);

    return rc;
}


static void
ptn_io_vfs_drop(ptn_io_vfs_t *vfs)
{
    ptn_io_gather_t  *g;

    while ((g = vfs->spare) != NULL) {
        vfs->spare = g->next;
        free(g);
    }

    pthread_mutex_destroy(&vfs->mutex);
    free(vfs);
}


void
ptn_io_vfs_unregister(const char *name)
{
    sqlite3_vfs    *v;
    sqlite3_mutex  *mutex;

    mutex = sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_APP3);
    sqlite3_mutex_enter(mutex);

    v = sqlite3_vfs_find(name);

    if (v != NULL && v->xOpen == ptn_io_vfs_open) {
        sqlite3_vfs_unregister(v);
        ptn_io_vfs_drop(ptn_io_vfs_of(v));
    }

    sqlite3_mutex_leave(mutex);
}
