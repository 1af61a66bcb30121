/*
 * An I/O table that kills its process (as kill -9 does) before its nth change,
 * or stops there and asks.  For tests that fork.
 */

#ifndef KILL_IO_H
#define KILL_IO_H


#include <signal.h>
#include <unistd.h>

#include "ptn_io.h"


typedef struct {
    ptn_io_t    io;             /* first: what a store is given */
    uint64_t    n, at;          /* at 0: never */
    void      (*stop)(void *ctx);
    void       *ctx;
} kill_io_t;


static inline void
kill_io_step(ptn_io_t *io)
{
    kill_io_t  *k = io->state;

    if (__atomic_add_fetch(&k->n, 1, __ATOMIC_SEQ_CST) != k->at) {
        return;
    }

    if (k->stop != NULL) {
        k->stop(k->ctx);
        return;
    }

    kill(getpid(), SIGKILL);
    pause();
}


static inline ssize_t
kill_io_pwrite(ptn_io_t *io, int fd, const void *p, size_t n, off_t off)
{
    kill_io_step(io);
    return io->next->pwrite(io->next, fd, p, n, off);
}


static inline int
kill_io_ftruncate(ptn_io_t *io, int fd, off_t len)
{
    kill_io_step(io);
    return io->next->ftruncate(io->next, fd, len);
}


static inline int
kill_io_fdatasync(ptn_io_t *io, int fd, ptn_io_site_e site)
{
    kill_io_step(io);
    return io->next->fdatasync(io->next, fd, site);
}


static inline int
kill_io_sync_dir(ptn_io_t *io, const char *path, ptn_io_site_e site)
{
    kill_io_step(io);
    return io->next->sync_dir(io->next, path, site);
}


static inline int
kill_io_rename(ptn_io_t *io, const char *from, const char *to)
{
    kill_io_step(io);
    return io->next->rename(io->next, from, to);
}


static inline int
kill_io_link(ptn_io_t *io, const char *from, const char *to)
{
    kill_io_step(io);
    return io->next->link(io->next, from, to);
}


static inline int
kill_io_unlink(ptn_io_t *io, const char *path)
{
    kill_io_step(io);
    return io->next->unlink(io->next, path);
}


static inline int
kill_io_mkdir(ptn_io_t *io, const char *path, mode_t mode)
{
    kill_io_step(io);
    return io->next->mkdir(io->next, path, mode);
}


static inline int
kill_io_before(ptn_io_t *io, const ptn_io_change_t *change PTN_UNUSED)
{
    kill_io_step(io);
    return 0;
}


static inline int
kill_io_open(ptn_io_t *io, const char *path, int flags, mode_t mode)
{
    return io->next->open(io->next, path, flags, mode);
}


static inline int
kill_io_close(ptn_io_t *io, int fd)
{
    return io->next->close(io->next, fd);
}


static inline ssize_t
kill_io_pread(ptn_io_t *io, int fd, void *p, size_t n, off_t off)
{
    return io->next->pread(io->next, fd, p, n, off);
}


/* Nothing of it needs the disk: a killed process leaves the page cache. */

static inline void
kill_io_init(kill_io_t *k, uint64_t at)
{
    memset(k, 0, sizeof(kill_io_t));
    k->at = at;
    k->io.open = kill_io_open;
    k->io.close = kill_io_close;
    k->io.pread = kill_io_pread;
    k->io.pwrite = kill_io_pwrite;
    k->io.ftruncate = kill_io_ftruncate;
    k->io.fdatasync = kill_io_fdatasync;
    k->io.sync_dir = kill_io_sync_dir;
    k->io.rename = kill_io_rename;
    k->io.link = kill_io_link;
    k->io.unlink = kill_io_unlink;
    k->io.mkdir = kill_io_mkdir;
    k->io.before = kill_io_before;
    k->io.state = k;
    k->io.next = &ptn_io_nosync;
}


#endif /* KILL_IO_H */
