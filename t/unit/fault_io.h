/*
 * An I/O table whose nth change fails, once or from then on, or at which the
 * process is killed: with what SQLite writes through its VFS.  Syncs count, and
 * fail, but nothing waits for a disk: no power is lost here.
 */

#ifndef FAULT_IO_H
#define FAULT_IO_H


#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "ptn_base.h"
#include "ptn_io.h"


typedef struct {
    long    left;           /* calls until it fails; 0: never */
    long    calls;
    int     err;
    bool    sticky;
    bool    hit;
    bool    kill;           /* ourselves, then */
} fault_t;


static inline int
fault_now(ptn_io_t *io)
{
    fault_t  *f = io->state;

    f->calls++;

    if (f->left > 0 && (f->calls == f->left
                        || (f->sticky && f->calls > f->left)))
    {
        f->hit = true;

        if (f->kill) {
            kill(getpid(), SIGKILL);
        }

        errno = f->err;
        return -1;
    }

    return 0;
}


static inline int
f_open(ptn_io_t *io, const char *path, int flags, mode_t mode)
{
    return ((flags & O_CREAT) && fault_now(io) == -1) ? -1
           : io->next->open(io->next, path, flags, mode);
}

static inline int
f_close(ptn_io_t *io, int fd)
{
    return io->next->close(io->next, fd);
}

static inline ssize_t
f_pread(ptn_io_t *io, int fd, void *p, size_t n, off_t off)
{
    return io->next->pread(io->next, fd, p, n, off);
}

static inline ssize_t
f_pwrite(ptn_io_t *io, int fd, const void *p, size_t n, off_t off)
{
    return fault_now(io) == -1 ? -1
           : io->next->pwrite(io->next, fd, p, n, off);
}

static inline int
f_ftruncate(ptn_io_t *io, int fd, off_t len)
{
    return fault_now(io) == -1 ? -1 : io->next->ftruncate(io->next, fd, len);
}

static inline int
f_fdatasync(ptn_io_t *io, int fd, ptn_io_site_e site)
{
    return fault_now(io) == -1 ? -1 : io->next->fdatasync(io->next, fd, site);
}

static inline int
f_sync_dir(ptn_io_t *io, const char *path, ptn_io_site_e site)
{
    return fault_now(io) == -1 ? -1
           : io->next->sync_dir(io->next, path, site);
}

static inline int
f_rename(ptn_io_t *io, const char *from, const char *to)
{
    return fault_now(io) == -1 ? -1 : io->next->rename(io->next, from, to);
}

static inline int
f_link(ptn_io_t *io, const char *from, const char *to)
{
    return fault_now(io) == -1 ? -1 : io->next->link(io->next, from, to);
}

static inline int
f_unlink(ptn_io_t *io, const char *path)
{
    fault_t  *f = io->state;

    /* a full disk can be emptied */

    return f->err != ENOSPC && fault_now(io) == -1
           ? -1 : io->next->unlink(io->next, path);
}

static inline int
f_mkdir(ptn_io_t *io, const char *path, mode_t mode)
{
    return fault_now(io) == -1 ? -1 : io->next->mkdir(io->next, path, mode);
}

static inline int
f_before(ptn_io_t *io, const ptn_io_change_t *change)
{
    return fault_now(io) == -1 ? -1 : change->op == PTN_IO_OP_SYNC;
}


static inline void
fault_io(ptn_io_t *io, fault_t *f)
{
    memset(io, 0, sizeof(ptn_io_t));
    io->open = f_open;
    io->close = f_close;
    io->pread = f_pread;
    io->pwrite = f_pwrite;
    io->ftruncate = f_ftruncate;
    io->fdatasync = f_fdatasync;
    io->sync_dir = f_sync_dir;
    io->rename = f_rename;
    io->link = f_link;
    io->unlink = f_unlink;
    io->mkdir = f_mkdir;
    io->before = f_before;
    io->state = f;
    io->next = &ptn_io_nosync;
}


#endif /* FAULT_IO_H */
