#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_io.h"


static int ptn_io_open(ptn_io_t *io, const char *path, int flags,
    mode_t mode);
static int ptn_io_close(ptn_io_t *io, int fd);
static ssize_t ptn_io_pread(ptn_io_t *io, int fd, void *p, size_t n,
    off_t off);
static ssize_t ptn_io_pwrite(ptn_io_t *io, int fd, const void *p, size_t n,
    off_t off);
static int ptn_io_ftruncate(ptn_io_t *io, int fd, off_t len);
static int ptn_io_fdatasync(ptn_io_t *io, int fd, ptn_io_site_e site);
static int ptn_io_sync_dir(ptn_io_t *io, const char *path,
    ptn_io_site_e site);
static int ptn_io_rename(ptn_io_t *io, const char *from, const char *to);
static int ptn_io_link(ptn_io_t *io, const char *from, const char *to);
static int ptn_io_unlink(ptn_io_t *io, const char *path);
static int ptn_io_mkdir(ptn_io_t *io, const char *path, mode_t mode);
static int ptn_io_nosync_fdatasync(ptn_io_t *io, int fd, ptn_io_site_e site);
static int ptn_io_nosync_dir(ptn_io_t *io, const char *path,
    ptn_io_site_e site);
static int ptn_io_nosync_before(ptn_io_t *io, const ptn_io_change_t *change);


static const char  *ptn_io_site_names[] = {
#define PTN_IO_SITE_NAME(n)  #n,
    PTN_IO_SITES(PTN_IO_SITE_NAME)
#undef PTN_IO_SITE_NAME
};


ptn_io_t  ptn_io_posix = {
    ptn_io_open,
    ptn_io_close,
    ptn_io_pread,
    ptn_io_pwrite,
    ptn_io_ftruncate,
    ptn_io_fdatasync,
    ptn_io_sync_dir,
    ptn_io_rename,
    ptn_io_link,
    ptn_io_unlink,
    ptn_io_mkdir,
    NULL,                       /* state */
    NULL,                       /* next */
    NULL,                       /* before */
    NULL                        /* after */
};


ptn_io_t  ptn_io_nosync = {
    ptn_io_open,
    ptn_io_close,
    ptn_io_pread,
    ptn_io_pwrite,
    ptn_io_ftruncate,
    ptn_io_nosync_fdatasync,
    ptn_io_nosync_dir,
    ptn_io_rename,
    ptn_io_link,
    ptn_io_unlink,
    ptn_io_mkdir,
    NULL,                       /* state */
    NULL,                       /* next */
    ptn_io_nosync_before,
    NULL                        /* after */
};


const char *
ptn_io_site_name(ptn_io_site_e site)
{
    if ((unsigned) site >= PTN_IO_SITE_MAX) {
        return "?";
    }

    return ptn_io_site_names[site];
}


int
ptn_io_write_all(ptn_io_t *io, int fd, const void *p, size_t n, off_t off)
{
    ssize_t        done;
    const u_char  *data = p;

    while (n != 0) {
        done = io->pwrite(io, fd, data, n, off);

        if (done == -1) {
            if (errno == EINTR) {
                continue;
            }
            return -1;
        }

        if (done == 0) {

            /* pwrite(2) does not say so for n > 0; do not spin if it does */

            errno = ENOSPC;
            return -1;
        }

        data += done;
        n -= (size_t) done;
        off += done;
    }

    return 0;
}


ssize_t
ptn_io_read_all(ptn_io_t *io, int fd, void *p, size_t n, off_t off)
{
    size_t    got;
    ssize_t   done;
    u_char   *data = p;

    for (got = 0; got < n; got += (size_t) done) {
        done = io->pread(io, fd, data + got, n - got, off + (off_t) got);

        if (done == -1) {
            if (errno != EINTR) {
                return -1;
            }
            done = 0;
            continue;
        }

        if (done == 0) {
            break;
        }
    }

    return (ssize_t) got;
}


static int
ptn_io_open(ptn_io_t *io PTN_UNUSED, const char *path, int flags, mode_t mode)
{
    return open(path, flags|O_CLOEXEC, mode);
}


static int
ptn_io_close(ptn_io_t *io PTN_UNUSED, int fd)
{
    return close(fd);
}


static ssize_t
ptn_io_pread(ptn_io_t *io PTN_UNUSED, int fd, void *p, size_t n, off_t off)
{
    return pread(fd, p, n, off);
}


static ssize_t
ptn_io_pwrite(ptn_io_t *io PTN_UNUSED, int fd, const void *p, size_t n,
    off_t off)
{
    return pwrite(fd, p, n, off);
}


static int
ptn_io_ftruncate(ptn_io_t *io PTN_UNUSED, int fd, off_t len)
{
    return ftruncate(fd, len);
}


static int
ptn_io_fdatasync(ptn_io_t *io PTN_UNUSED, int fd,
    ptn_io_site_e site PTN_UNUSED)
{
    return fdatasync(fd);
}


static int
ptn_io_sync_dir(ptn_io_t *io PTN_UNUSED, const char *path,
    ptn_io_site_e site PTN_UNUSED)
{
    int  fd, rc, err;

    fd = open(path, O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    if (fd == -1) {
        return -1;
    }

    rc = fsync(fd);

    err = errno;
    close(fd);
    errno = err;

    return rc;
}


static int
ptn_io_rename(ptn_io_t *io PTN_UNUSED, const char *from, const char *to)
{
    return rename(from, to);
}


static int
ptn_io_link(ptn_io_t *io PTN_UNUSED, const char *from, const char *to)
{
    return link(from, to);
}


static int
ptn_io_unlink(ptn_io_t *io PTN_UNUSED, const char *path)
{
    return unlink(path);
}


static int
ptn_io_mkdir(ptn_io_t *io PTN_UNUSED, const char *path, mode_t mode)
{
    return mkdir(path, mode);
}


static int
ptn_io_nosync_fdatasync(ptn_io_t *io PTN_UNUSED, int fd PTN_UNUSED,
    ptn_io_site_e site PTN_UNUSED)
{
    return 0;
}


static int
ptn_io_nosync_dir(ptn_io_t *io PTN_UNUSED, const char *path PTN_UNUSED,
    ptn_io_site_e site PTN_UNUSED)
{
    return 0;
}


static int
ptn_io_nosync_before(ptn_io_t *io PTN_UNUSED, const ptn_io_change_t *change)
{
    return change->op == PTN_IO_OP_SYNC;
}
