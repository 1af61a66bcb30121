/*
 * The SQLite VFS of ptn_io_vfs_register(): a shim on "unix".  A file of ours
 * is a header followed by the file of "unix"; locks and shared memory are
 * passed on untouched.
 */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <sqlite3.h>

#include "ptn_io.h"


#define PTN_IO_VFS_TYPES                                                      \
    (SQLITE_OPEN_MAIN_DB|SQLITE_OPEN_MAIN_JOURNAL|SQLITE_OPEN_WAL             \
     |SQLITE_OPEN_SUPER_JOURNAL)

typedef struct {
    sqlite3_vfs     vfs;
    sqlite3_vfs    *unix_vfs;
    ptn_io_t       *io;
    char            name[];
} ptn_io_vfs_t;

typedef struct {
    sqlite3_file    base;
    ptn_io_t       *io;         /* NULL: a temporary file, not reported */
    const char     *path;       /* SQLite keeps it until xClose */
    ptn_io_site_e   site;
    bool            sync_dir;   /* with the next sync */
    sqlite3_file   *file;       /* of "unix", behind this structure */
} ptn_io_vfs_file_t;


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


static int
ptn_io_vfs_close(sqlite3_file *f)
{
    int            rc;
    sqlite3_file  *file;

    rc = SQLITE_OK;
    file = ptn_io_vfs_unix(f);

    if (file->pMethods != NULL) {
        rc = file->pMethods->xClose(file);
        file->pMethods = NULL;
    }

    return rc;
}


static int
ptn_io_vfs_read(sqlite3_file *f, void *p, int n, sqlite3_int64 off)
{
    sqlite3_file  *file = ptn_io_vfs_unix(f);

    return file->pMethods->xRead(file, p, n, off);
}


static int
ptn_io_vfs_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 off)
{
    int                 rc;
    sqlite3_file       *file = ptn_io_vfs_unix(f);
    ptn_io_change_t     change;
    ptn_io_vfs_file_t  *pf = (ptn_io_vfs_file_t *) f;

    if (pf->io == NULL || (pf->io->before == NULL && pf->io->after == NULL)) {
        return file->pMethods->xWrite(file, p, n, off);
    }

    change = (ptn_io_change_t) { PTN_IO_OP_WRITE, pf->site, pf->path, p,
                                 (size_t) n, (off_t) off };

    switch (ptn_io_vfs_before(pf->io, &change)) {

    case 0:
        rc = file->pMethods->xWrite(file, p, n, off);
        break;

    case 1:
        rc = SQLITE_OK;
        break;

    default:
        rc = (errno == ENOSPC) ? SQLITE_FULL : SQLITE_IOERR_WRITE;
        break;
    }

    ptn_io_vfs_after(pf->io, &change, rc);

    return rc;
}


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
    sqlite3_file  *file = ptn_io_vfs_unix(f);

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
        free(ptn_io_vfs_of(v));
    }

    sqlite3_mutex_leave(mutex);
}
