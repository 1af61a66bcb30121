/*
 * Power loss, simulated.
 *
 * A ptn_sim_t is an I/O table (ptn_io.h) in front of the system's calls.  It
 * writes down every change under its root directory, of files used through
 * the table and of databases used through the VFS, and every sync with its
 * site.  From that record it builds what a disk may hold if the power fails
 * at any point:
 *
 *   - what was written to a file before its last fdatasync is there;
 *   - of what was written later any subset is, a write may be torn at 512 or
 *     4096 bytes of its own range, a file may be longer with zeros;
 *   - a name made, moved or removed since the last sync_dir of its directory
 *     is there or is not.
 *
 * At each point the systematic cases (nothing, everything, names only, data
 * only, each one write missing or torn, zeros) are tried, and random ones by
 * a seed; equal disks only once.  Each disk is laid out in a directory of its
 * own and given to the caller's check, with the number of marks (promises:
 * "this was acknowledged") that had been made by then.
 *
 * A site can be ignored: its syncs then have no effect, as if the line of
 * code were removed.  A test asks that this is found.
 *
 * The same table fails the nth change with an error, for disk full tests.
 *
 * Syncs never reach the real disk, so a test runs as fast as memory.  Files
 * made without the table (lock files) and -shm files are not on the disk.
 */

#ifndef PTN_SIM_H
#define PTN_SIM_H


#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_base.h"
#include "ptn_io.h"


#define PTN_SIM_FDS    4096
#define PTN_SIM_NONE   UINT32_MAX
#define PTN_SIM_PATH   2048
#define PTN_SIM_BASE   PTN_IO_SITE_MAX      /* site of what was there before */


typedef enum {
    PTN_SIM_ADD,                /* name `name` of `inode` means `target` */
    PTN_SIM_DEL,                /* it does no more */
    PTN_SIM_WRITE,
    PTN_SIM_TRUNCATE,
    PTN_SIM_SYNC,
    PTN_SIM_SYNC_DIR,
    PTN_SIM_MARK
} ptn_sim_op_e;


typedef struct {
    ptn_sim_op_e  op;
    unsigned      site;
    uint32_t      inode;        /* the file, or the directory of the name */
    uint32_t      target;
    bool          joined;       /* happens with the event before it */
    const void   *caller;       /* of a sync: the place in the program */
    char         *name;
    u_char       *data;
    size_t        n;
    off_t         off;
} ptn_sim_ev_t;


typedef struct {
    char      *name;
    uint32_t   inode;
} ptn_sim_entry_t;


typedef struct {
    bool              dir;
    ptn_sim_entry_t  *entries;
    uint32_t          n, size;
    u_char           *data;     /* of an image only */
    size_t            len, cap;
} ptn_sim_inode_t;


/* Numbers, but 0; an open hash. */
typedef struct {
    uint64_t  *v;
    size_t     n, size;
} ptn_sim_set_t;


typedef struct {
    ptn_io_t          io;       /* first: what users are given */
    char             *root;
    pthread_mutex_t   lock;
    bool              recording;

    ptn_sim_inode_t  *inodes;   /* as the program sees them; 0 is root */
    uint32_t          ninodes, inodes_size;
    uint32_t          fds[PTN_SIM_FDS];

    ptn_sim_ev_t     *ev;
    size_t            n, size;
    size_t            base;     /* events that tell what was there before */
    unsigned          marks;
    size_t            ignore_from;  /* syncs before it are never ignored */
    const void       *ignore_caller;    /* only those of this place are */

    uint64_t          calls;    /* changes asked for */
    uint64_t          fail_at;  /* 1: the next one; 0: none */
    int               fail_errno;
    bool              fail_sticky;

    /*
     * For ptn_sim_run(): of the disks that differ one of `every` (0: all) is
     * looked at, from `phase` on.  `keep`: what a check says of a disk is the
     * same in every run, so one that was found good once is not checked again.
     */
    unsigned          every, phase, disks, looked;
    bool              keep;
    ptn_sim_set_t     good;
} ptn_sim_t;


/* --- names, as the program sees them ------------------------------------ */

static inline uint32_t
ptn_sim_inode(ptn_sim_t *sim, bool dir)
{
    ptn_sim_inode_t  *i;

    if (sim->ninodes == sim->inodes_size) {
        sim->inodes_size = sim->inodes_size ? sim->inodes_size * 2 : 64;
        sim->inodes = realloc(sim->inodes,
                              sim->inodes_size * sizeof(ptn_sim_inode_t));
    }

    i = &sim->inodes[sim->ninodes];
    memset(i, 0, sizeof(ptn_sim_inode_t));
    i->dir = dir;

    return sim->ninodes++;
}


static inline ptn_sim_entry_t *
ptn_sim_entry(ptn_sim_inode_t *dir, const char *name)
{
    uint32_t  i;

    for (i = 0; i < dir->n; i++) {
        if (strcmp(dir->entries[i].name, name) == 0) {
            return &dir->entries[i];
        }
    }

    return NULL;
}


static inline void
ptn_sim_set(ptn_sim_inode_t *dir, const char *name, uint32_t inode)
{
    ptn_sim_entry_t  *e;

    e = ptn_sim_entry(dir, name);

    if (e == NULL) {
        if (dir->n == dir->size) {
            dir->size = dir->size ? dir->size * 2 : 8;
            dir->entries = realloc(dir->entries,
                                   dir->size * sizeof(ptn_sim_entry_t));
        }

        e = &dir->entries[dir->n++];
        e->name = strdup(name);
    }

    e->inode = inode;
}


static inline void
ptn_sim_unset(ptn_sim_inode_t *dir, const char *name)
{
    ptn_sim_entry_t  *e;

    e = ptn_sim_entry(dir, name);

    if (e != NULL) {
        free(e->name);
        *e = dir->entries[--dir->n];
    }
}


/*
 * The directory of `path` and its last name; PTN_SIM_NONE: not ours.  With
 * `whole` the inode of the path itself.
 */
static inline uint32_t
ptn_sim_walk(ptn_sim_t *sim, const char *path, bool whole, char *name)
{
    size_t            n;
    uint32_t          dir;
    const char       *slash;
    ptn_sim_entry_t  *e;

    n = strlen(sim->root);

    if (strncmp(path, sim->root, n) != 0
        || (path[n] != '/' && path[n] != '\0'))
    {
        return PTN_SIM_NONE;
    }

    path += n;
    dir = 0;
    name[0] = '\0';

    for ( ;; ) {
        while (*path == '/') {
            path++;
        }

        slash = strchrnul(path, '/');
        n = (size_t) (slash - path);

        if (n == 0) {
            return dir;
        }

        memcpy(name, path, n);
        name[n] = '\0';

        while (*slash == '/') {
            slash++;
        }

        if (*slash == '\0' && !whole) {
            return dir;
        }

        e = ptn_sim_entry(&sim->inodes[dir], name);
        if (e == NULL) {
            return PTN_SIM_NONE;
        }

        dir = e->inode;
        path = slash;
    }
}


/* --- the record ---------------------------------------------------------- */

static inline ptn_sim_ev_t *
ptn_sim_add(ptn_sim_t *sim, ptn_sim_op_e op, unsigned site, uint32_t inode)
{
    ptn_sim_ev_t  *e;

    if (sim->n == sim->size) {
        sim->size = sim->size ? sim->size * 2 : 1024;
        sim->ev = realloc(sim->ev, sim->size * sizeof(ptn_sim_ev_t));
    }

    e = &sim->ev[sim->n++];
    memset(e, 0, sizeof(ptn_sim_ev_t));
    e->op = op;
    e->site = site;
    e->inode = inode;
    e->target = PTN_SIM_NONE;

    return e;
}


static inline void
ptn_sim_add_name(ptn_sim_t *sim, uint32_t dir, const char *name,
    uint32_t target)
{
    ptn_sim_ev_t  *e;

    e = ptn_sim_add(sim, PTN_SIM_ADD, 0, dir);
    e->name = strdup(name);
    e->target = target;
    ptn_sim_set(&sim->inodes[dir], name, target);
}


static inline void
ptn_sim_add_del(ptn_sim_t *sim, uint32_t dir, const char *name)
{
    ptn_sim_ev_t  *e;

    e = ptn_sim_add(sim, PTN_SIM_DEL, 0, dir);
    e->name = strdup(name);
    ptn_sim_unset(&sim->inodes[dir], name);
}


static inline void
ptn_sim_add_write(ptn_sim_t *sim, uint32_t inode, const void *p, size_t n,
    off_t off)
{
    ptn_sim_ev_t  *e;

    if (n == 0) {
        return;
    }

    e = ptn_sim_add(sim, PTN_SIM_WRITE, 0, inode);
    e->data = malloc(n);
    memcpy(e->data, p, n);
    e->n = n;
    e->off = off;
}


/* The file of that name, made in the record when it is new. */
static inline uint32_t
ptn_sim_file(ptn_sim_t *sim, const char *path, bool make, bool is_dir)
{
    char              name[PTN_SIM_PATH];
    uint32_t          dir, inode;
    ptn_sim_entry_t  *e;

    dir = ptn_sim_walk(sim, path, false, name);
    if (dir == PTN_SIM_NONE || name[0] == '\0') {
        return PTN_SIM_NONE;
    }

    e = ptn_sim_entry(&sim->inodes[dir], name);
    if (e != NULL) {
        return e->inode;
    }

    if (!make) {
        return PTN_SIM_NONE;
    }

    inode = ptn_sim_inode(sim, is_dir);
    ptn_sim_add_name(sim, dir, name, inode);

    return inode;
}


static inline uint32_t
ptn_sim_fd(ptn_sim_t *sim, int fd)
{
    return fd >= 0 && fd < PTN_SIM_FDS && sim->fds[fd] != 0
           ? sim->fds[fd] - 1 : PTN_SIM_NONE;
}


/* Counts a change; -1 with errno: this is the one that fails. */
static inline int
ptn_sim_enter(ptn_sim_t *sim)
{
    pthread_mutex_lock(&sim->lock);
    sim->calls++;

    if (sim->fail_at != 0
        && (sim->calls == sim->fail_at
            || (sim->fail_sticky && sim->calls > sim->fail_at)))
    {
        pthread_mutex_unlock(&sim->lock);
        errno = sim->fail_errno;
        return -1;
    }

    return 0;
}


static inline void
ptn_sim_leave(ptn_sim_t *sim)
{
    int  err;

    err = errno;
    pthread_mutex_unlock(&sim->lock);
    errno = err;
}


/* --- the table ----------------------------------------------------------- */

static inline int
ptn_sim_open(ptn_io_t *io, const char *path, int flags, mode_t mode)
{
    int         fd;
    bool        there;
    uint32_t    inode;
    struct stat st;
    ptn_sim_t  *sim = io->state;

    there = stat(path, &st) == 0;

    if ((!there && (flags & O_CREAT)) || (flags & O_TRUNC)) {
        if (ptn_sim_enter(sim) == -1) {
            return -1;
        }

    } else {
        pthread_mutex_lock(&sim->lock);
    }

    fd = io->next->open(io->next, path, flags, mode);

    if (fd >= 0 && fd < PTN_SIM_FDS) {
        sim->fds[fd] = 0;

        if (sim->recording && !(there && S_ISDIR(st.st_mode))) {
            inode = ptn_sim_file(sim, path, (flags & O_CREAT) != 0, false);

            if (inode != PTN_SIM_NONE) {
                sim->fds[fd] = inode + 1;

                if (there && (flags & O_TRUNC)) {
                    ptn_sim_add(sim, PTN_SIM_TRUNCATE, 0, inode);
                }
            }
        }
    }

    ptn_sim_leave(sim);

    return fd;
}


static inline int
ptn_sim_close(ptn_io_t *io, int fd)
{
    ptn_sim_t  *sim = io->state;

    pthread_mutex_lock(&sim->lock);

    if (fd >= 0 && fd < PTN_SIM_FDS) {
        sim->fds[fd] = 0;
    }

    pthread_mutex_unlock(&sim->lock);

    return io->next->close(io->next, fd);
}


static inline ssize_t
ptn_sim_pread(ptn_io_t *io, int fd, void *p, size_t n, off_t off)
{
    return io->next->pread(io->next, fd, p, n, off);
}


static inline ssize_t
ptn_sim_pwrite(ptn_io_t *io, int fd, const void *p, size_t n, off_t off)
{
    ssize_t     done;
    uint32_t    inode;
    ptn_sim_t  *sim = io->state;

    if (ptn_sim_enter(sim) == -1) {
        return -1;
    }

    done = io->next->pwrite(io->next, fd, p, n, off);
    inode = ptn_sim_fd(sim, fd);

    if (done > 0 && sim->recording && inode != PTN_SIM_NONE) {
        ptn_sim_add_write(sim, inode, p, (size_t) done, off);
    }

    ptn_sim_leave(sim);

    return done;
}


static inline int
ptn_sim_ftruncate(ptn_io_t *io, int fd, off_t len)
{
    int         rc;
    uint32_t    inode;
    ptn_sim_t  *sim = io->state;

    if (ptn_sim_enter(sim) == -1) {
        return -1;
    }

    rc = io->next->ftruncate(io->next, fd, len);
    inode = ptn_sim_fd(sim, fd);

    if (rc == 0 && sim->recording && inode != PTN_SIM_NONE) {
        ptn_sim_add(sim, PTN_SIM_TRUNCATE, 0, inode)->off = len;
    }

    ptn_sim_leave(sim);

    return rc;
}


static inline int
ptn_sim_fdatasync(ptn_io_t *io, int fd, ptn_io_site_e site)
{
    uint32_t    inode;
    ptn_sim_t  *sim = io->state;

    if (ptn_sim_enter(sim) == -1) {
        return -1;
    }

    inode = ptn_sim_fd(sim, fd);

    if (sim->recording && inode != PTN_SIM_NONE) {
        ptn_sim_add(sim, PTN_SIM_SYNC, site, inode)->caller
            = __builtin_return_address(0);
    }

    ptn_sim_leave(sim);

    return 0;
}


static inline int
ptn_sim_sync_dir(ptn_io_t *io, const char *path, ptn_io_site_e site)
{
    char        name[PTN_SIM_PATH];
    uint32_t    dir;
    ptn_sim_t  *sim = io->state;

    if (access(path, F_OK) == -1) {
        return -1;
    }

    if (ptn_sim_enter(sim) == -1) {
        return -1;
    }

    dir = ptn_sim_walk(sim, path, true, name);

    if (sim->recording && dir != PTN_SIM_NONE) {
        ptn_sim_add(sim, PTN_SIM_SYNC_DIR, site, dir)->caller
            = __builtin_return_address(0);
    }

    ptn_sim_leave(sim);

    return 0;
}


static inline int
ptn_sim_rename(ptn_io_t *io, const char *from, const char *to)
{
    int         rc;
    char        name[PTN_SIM_PATH], last[PTN_SIM_PATH];
    uint32_t    inode, dir;
    ptn_sim_t  *sim = io->state;

    if (ptn_sim_enter(sim) == -1) {
        return -1;
    }

    rc = io->next->rename(io->next, from, to);

    if (rc == 0 && sim->recording) {
        inode = ptn_sim_walk(sim, from, true, name);
        dir = ptn_sim_walk(sim, to, false, last);

        if (inode != PTN_SIM_NONE && dir != PTN_SIM_NONE) {
            ptn_sim_add_name(sim, dir, last, inode);
            dir = ptn_sim_walk(sim, from, false, name);
            ptn_sim_add_del(sim, dir, name);
            sim->ev[sim->n - 1].joined = true;
        }
    }

    ptn_sim_leave(sim);

    return rc;
}


static inline int
ptn_sim_link(ptn_io_t *io, const char *from, const char *to)
{
    int         rc;
    char        name[PTN_SIM_PATH];
    uint32_t    inode, dir;
    ptn_sim_t  *sim = io->state;

    if (ptn_sim_enter(sim) == -1) {
        return -1;
    }

    rc = io->next->link(io->next, from, to);

    if (rc == 0 && sim->recording) {
        inode = ptn_sim_walk(sim, from, true, name);
        dir = ptn_sim_walk(sim, to, false, name);

        if (inode != PTN_SIM_NONE && dir != PTN_SIM_NONE) {
            ptn_sim_add_name(sim, dir, name, inode);
        }
    }

    ptn_sim_leave(sim);

    return rc;
}


static inline int
ptn_sim_unlink(ptn_io_t *io, const char *path)
{
    int         rc;
    char        name[PTN_SIM_PATH];
    uint32_t    dir;
    ptn_sim_t  *sim = io->state;

    if (ptn_sim_enter(sim) == -1) {
        return -1;
    }

    rc = io->next->unlink(io->next, path);

    if (rc == 0 && sim->recording) {
        dir = ptn_sim_walk(sim, path, false, name);

        if (dir != PTN_SIM_NONE
            && ptn_sim_entry(&sim->inodes[dir], name) != NULL)
        {
            ptn_sim_add_del(sim, dir, name);
        }
    }

    ptn_sim_leave(sim);

    return rc;
}


static inline int
ptn_sim_mkdir(ptn_io_t *io, const char *path, mode_t mode)
{
    int         rc;
    ptn_sim_t  *sim = io->state;

    if (ptn_sim_enter(sim) == -1) {
        return -1;
    }

    rc = io->next->mkdir(io->next, path, mode);

    if (rc == 0 && sim->recording) {
        ptn_sim_file(sim, path, true, true);
    }

    ptn_sim_leave(sim);

    return rc;
}


static inline int
ptn_sim_before(ptn_io_t *io, const ptn_io_change_t *change)
{
    ptn_sim_t  *sim = io->state;

    if (ptn_sim_enter(sim) == -1) {
        return -1;
    }

    ptn_sim_leave(sim);

    return change->op == PTN_IO_OP_SYNC;
}


static inline void
ptn_sim_after(ptn_io_t *io, const ptn_io_change_t *change, int err)
{
    uint32_t    inode;
    ptn_sim_t  *sim = io->state;

    if (err != 0 || !sim->recording) {
        return;
    }

    pthread_mutex_lock(&sim->lock);

    inode = ptn_sim_file(sim, change->path, true, false);

    if (inode != PTN_SIM_NONE) {

        switch (change->op) {

        case PTN_IO_OP_WRITE:
            ptn_sim_add_write(sim, inode, change->p, change->n, change->off);
            break;

        case PTN_IO_OP_TRUNCATE:
            ptn_sim_add(sim, PTN_SIM_TRUNCATE, change->site, inode)->off
                = change->off;
            break;

        case PTN_IO_OP_SYNC:
            ptn_sim_add(sim, PTN_SIM_SYNC, change->site, inode);
            break;

        case PTN_IO_OP_CREATE:
            break;
        }
    }

    pthread_mutex_unlock(&sim->lock);
}


/* What stands there when recording begins counts as durable. */
static inline void
ptn_sim_base(ptn_sim_t *sim, const char *path, uint32_t dir)
{
    int             fd;
    char            sub[PTN_SIM_PATH];
    DIR            *d;
    ssize_t         n;
    u_char         *p;
    uint32_t        inode;
    struct stat     st;
    struct dirent  *e;

    d = opendir(path);

    while (d != NULL && (e = readdir(d)) != NULL) {

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
            continue;
        }

        snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name);

        if (stat(sub, &st) == -1) {
            continue;
        }

        inode = ptn_sim_inode(sim, S_ISDIR(st.st_mode));
        ptn_sim_add_name(sim, dir, e->d_name, inode);

        if (S_ISDIR(st.st_mode)) {
            ptn_sim_base(sim, sub, inode);
            continue;
        }

        fd = open(sub, O_RDONLY|O_CLOEXEC);
        p = malloc((size_t) st.st_size + 1);
        n = pread(fd, p, (size_t) st.st_size, 0);
        close(fd);

        ptn_sim_add_write(sim, inode, p, n > 0 ? (size_t) n : 0, 0);
        ptn_sim_add(sim, PTN_SIM_SYNC, PTN_SIM_BASE, inode);
        free(p);
    }

    if (d != NULL) {
        closedir(d);
    }

    ptn_sim_add(sim, PTN_SIM_SYNC_DIR, PTN_SIM_BASE, dir);
}


/* `root` exists and has no link in it. */
static inline ptn_sim_t *
ptn_sim_create(const char *root)
{
    ptn_sim_t  *sim;

    sim = calloc(1, sizeof(ptn_sim_t));
    sim->root = strdup(root);
    pthread_mutex_init(&sim->lock, NULL);
    ptn_sim_inode(sim, true);
    ptn_sim_base(sim, root, 0);
    sim->base = sim->n;
    sim->recording = true;

    sim->io.open = ptn_sim_open;
    sim->io.close = ptn_sim_close;
    sim->io.pread = ptn_sim_pread;
    sim->io.pwrite = ptn_sim_pwrite;
    sim->io.ftruncate = ptn_sim_ftruncate;
    sim->io.fdatasync = ptn_sim_fdatasync;
    sim->io.sync_dir = ptn_sim_sync_dir;
    sim->io.rename = ptn_sim_rename;
    sim->io.link = ptn_sim_link;
    sim->io.unlink = ptn_sim_unlink;
    sim->io.mkdir = ptn_sim_mkdir;
    sim->io.before = ptn_sim_before;
    sim->io.after = ptn_sim_after;
    sim->io.state = sim;
    sim->io.next = &ptn_io_posix;

    return sim;
}


static inline void
ptn_sim_free_inodes(ptn_sim_inode_t *inodes, uint32_t n)
{
    uint32_t  i, k;

    for (i = 0; i < n; i++) {
        for (k = 0; k < inodes[i].n; k++) {
            free(inodes[i].entries[k].name);
        }

        free(inodes[i].entries);
        free(inodes[i].data);
    }

    free(inodes);
}


static inline void
ptn_sim_free(ptn_sim_t *sim)
{
    size_t  i;

    for (i = 0; i < sim->n; i++) {
        free(sim->ev[i].name);
        free(sim->ev[i].data);
    }

    ptn_sim_free_inodes(sim->inodes, sim->ninodes);
    pthread_mutex_destroy(&sim->lock);
    free(sim->good.v);
    free(sim->ev);
    free(sim->root);
    free(sim);
}


/* From now on it must be there: something was acknowledged. */
static inline unsigned
ptn_sim_mark(ptn_sim_t *sim)
{
    ptn_sim_add(sim, PTN_SIM_MARK, 0, 0);

    return ++sim->marks;
}


/* The nth change from now on fails with `err`; sticky: all later ones too. */
static inline void
ptn_sim_fail(ptn_sim_t *sim, uint64_t nth, int err, bool sticky)
{
    sim->fail_at = nth ? sim->calls + nth : 0;
    sim->fail_errno = err;
    sim->fail_sticky = sticky;
}


/*
 * The first sync at each place of the program, from event i on; PTN_SIM_END:
 * there are no more.  SQLite's syncs are one place a site.
 */
#define PTN_SIM_END  SIZE_MAX

static inline size_t
ptn_sim_place(const ptn_sim_t *sim, size_t i)
{
    size_t               k;
    const ptn_sim_ev_t  *e, *f;

    for ( /* void */ ; i < sim->n; i++) {
        e = &sim->ev[i];

        if ((e->op != PTN_SIM_SYNC && e->op != PTN_SIM_SYNC_DIR)
            || e->site == PTN_SIM_BASE)
        {
            continue;
        }

        for (k = 0; k < i; k++) {
            f = &sim->ev[k];

            if (f->op == e->op && f->site == e->site
                && f->caller == e->caller)
            {
                break;
            }
        }

        if (k == i) {
            return i;
        }
    }

    return PTN_SIM_END;
}


#include "ptn_sim_disk.h"


#endif /* PTN_SIM_H */
