#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ptn_shm.h"


static void *
ptn_world_map(size_t size)
{
    void  *p;

    p = mmap(NULL, size, PROT_READ|PROT_WRITE,
             MAP_SHARED|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
        return NULL;
    }

    /* requests hold passwords */
    (void) madvise(p, size, MADV_DONTDUMP);

    return p;
}


static ptn_rc_t
ptn_world_locks(ptn_world_t *world)
{
    uint32_t             r;
    pthread_mutexattr_t  attr;

    if (pthread_mutexattr_init(&attr) != 0) {
        return PTN_ENOMEM;
    }

    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);

    for (r = 0; r < world->nrings; r++) {
        if (pthread_mutex_init(&world->private->lock[r].lock, &attr) != 0) {
            pthread_mutexattr_destroy(&attr);
            return PTN_ENOMEM;
        }
    }

    if (pthread_mutex_init(&world->private->seats_lock, &attr) != 0) {
        pthread_mutexattr_destroy(&attr);
        return PTN_ENOMEM;
    }

    pthread_mutexattr_destroy(&attr);

    return PTN_OK;
}


/* Many socketpairs on big machines: the soft limit goes up to the hard one. */

static void
ptn_world_limit(ptn_world_t *world)
{
    rlim_t         want;
    struct rlimit  rl;

    want = (rlim_t) world->opts.workers * world->nrings * 2
           + world->opts.workers + world->nrings + 1024;

    if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur < want) {
        rl.rlim_cur = ptn_min(want, rl.rlim_max);
        (void) setrlimit(RLIMIT_NOFILE, &rl);
    }
}


static ptn_rc_t
ptn_world_descriptors(ptn_world_t *world)
{
    size_t    n, i;
    uint32_t  w, r;

    n = (size_t) world->opts.workers * world->nrings * 2;

    world->worker_fd = malloc(world->opts.workers * sizeof(int));
    world->ring_fd = malloc(world->nrings * sizeof(int));
    world->sock = malloc(n * sizeof(int));

    if (world->worker_fd == NULL || world->ring_fd == NULL
        || world->sock == NULL)
    {
        return PTN_ENOMEM;
    }

    for (i = 0; i < n; i++) {
        world->sock[i] = -1;
    }

    for (w = 0; w < world->opts.workers; w++) {
        world->worker_fd[w] = -1;
    }

    for (r = 0; r < world->nrings; r++) {
        world->ring_fd[r] = -1;
    }

    ptn_world_limit(world);

    world->bell_fd = eventfd(0, EFD_CLOEXEC|EFD_NONBLOCK);
    if (world->bell_fd == -1) {
        return PTN_ELIMIT;
    }

    for (r = 0; r < world->nrings; r++) {
        world->ring_fd[r] = eventfd(0, EFD_CLOEXEC|EFD_NONBLOCK);
        if (world->ring_fd[r] == -1) {
            return PTN_ELIMIT;
        }
    }

    for (w = 0; w < world->opts.workers; w++) {

        world->worker_fd[w] = eventfd(0, EFD_CLOEXEC|EFD_NONBLOCK);
        if (world->worker_fd[w] == -1) {
            return PTN_ELIMIT;
        }

        for (r = 0; r < world->nrings; r++) {
            if (socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC|SOCK_NONBLOCK,
                           0, ptn_shm_sock(world, w, r))
                == -1)
            {
                return PTN_ELIMIT;
            }
        }
    }

    return PTN_OK;
}


ptn_rc_t
ptn_world_create(const ptn_world_opts_t *opts, ptn_log_t *log,
    ptn_world_t **ret_world)
{
    int           err;
    ptn_rc_t      rc;
    ptn_world_t  *world;

    if (opts->stores == 0 || opts->stores > PTN_STORES_MAX
        || opts->workers == 0 || opts->workers > PTN_WORKERS_MAX)
    {
        return PTN_EINVAL;
    }

    world = calloc(1, sizeof(ptn_world_t));
    if (world == NULL) {
        return PTN_ENOMEM;
    }

    world->bell_fd = -1;
    world->opts = *opts;
    world->log = log;
    world->nrings = opts->stores + 1;
    world->clerk = opts->stores;
    world->slot_size = sizeof(ptn_shm_slot_t)
                       + world->nrings * sizeof(ptn_shm_rings_t);
    world->slot_size = (world->slot_size + 4095) & ~(size_t) 4095;
    world->private_size = sizeof(ptn_shm_private_t)
                          + world->nrings * sizeof(ptn_shm_seats_t);

    world->common = ptn_world_map(sizeof(ptn_shm_common_t));
    world->private = ptn_world_map(world->private_size);
    world->slots = ptn_world_map(world->slot_size * opts->workers);

    if (world->common == NULL || world->private == NULL
        || world->slots == NULL)
    {
        err = errno;
        ptn_log(log, PTN_LOG_ERROR, "pool map failed size=%zu err=\"%s\"",
                world->slot_size * opts->workers, strerror(err));
        ptn_world_destroy(world);
        return PTN_ENOMEM;
    }

    world->common->stores = opts->stores;

    rc = ptn_world_locks(world);

    if (rc == PTN_OK) {
        rc = ptn_world_descriptors(world);
        if (rc != PTN_OK) {
            err = errno;
            ptn_log(log, PTN_LOG_ERROR, "pool descriptors failed err=\"%s\"",
                    strerror(err));
        }
    }

    if (rc == PTN_OK
        && getrandom(world->private->secret, sizeof(world->private->secret), 0)
           != (ssize_t) sizeof(world->private->secret))
    {
        rc = PTN_EIO;
    }

    if (rc != PTN_OK) {
        ptn_world_destroy(world);
        return rc;
    }

    *ret_world = world;

    return PTN_OK;
}


static void
ptn_world_close(int *fd, size_t n)
{
    size_t  i;

    if (fd == NULL) {
        return;
    }

    for (i = 0; i < n; i++) {
        if (fd[i] != -1) {
            close(fd[i]);
        }
    }

    free(fd);
}


void
ptn_world_destroy(ptn_world_t *world)
{
    if (world == NULL) {
        return;
    }

    if (world->bell_fd != -1) {
        close(world->bell_fd);
    }

    ptn_world_close(world->worker_fd, world->opts.workers);
    ptn_world_close(world->ring_fd, world->nrings);
    ptn_world_close(world->sock,
                    (size_t) world->opts.workers * world->nrings * 2);

    if (world->common != NULL) {
        munmap(world->common, sizeof(ptn_shm_common_t));
    }

    if (world->private != NULL) {
        munmap(world->private, world->private_size);
    }

    if (world->slots != NULL) {
        munmap(world->slots, world->slot_size * world->opts.workers);
    }

    free(world);
}


ptn_rc_t
ptn_world_types(ptn_world_t *world, const ptn_job_type_t *const *types,
    uint32_t ntypes)
{
    uint32_t  i, k;

    if (ntypes > PTN_JOB_TYPES_MAX) {
        return PTN_ELIMIT;
    }

    for (i = 0; i < ntypes; i++) {
        if (types[i]->lane >= PTN_LANE_MAX || types[i]->run == NULL) {
            return PTN_EINVAL;
        }

        for (k = 0; k < i; k++) {
            if (strcmp(types[i]->name, types[k]->name) == 0) {
                return PTN_EEXIST;
            }
        }
    }

    world->types = types;
    world->ntypes = ntypes;

    return PTN_OK;
}


int
ptn_world_type(ptn_world_t *world, const char *name)
{
    uint32_t  i;

    for (i = 0; i < world->ntypes; i++) {
        if (strcmp(world->types[i]->name, name) == 0) {
            return (int) i;
        }
    }

    return -1;
}


void *
ptn_world_private(ptn_world_t *world)
{
    return world->private == NULL ? NULL : world->private->app;
}


uint32_t
ptn_slot(ptn_guid_t mailbox)
{
    size_t    i;
    uint64_t  h;

    h = 0xcbf29ce484222325u;

    for (i = 0; i < sizeof(mailbox.b); i++) {
        h = (h ^ mailbox.b[i]) * 0x100000001b3u;
    }

    return (uint32_t) ((h ^ h >> 29) % PTN_SLOTS);
}


uint32_t
ptn_slot_store(ptn_world_t *world, uint32_t slot)
{
    uint32_t  n;

    n = atomic_load_explicit(&world->common->stores, memory_order_relaxed);
    if (n == 0 || n > world->opts.stores) {
        n = world->opts.stores;
    }

    return slot % PTN_SLOTS % n;
}


void
ptn_world_count(ptn_world_t *world, unsigned stat, uint64_t n)
{
    if (stat < PTN_STATS_MAX) {
        atomic_fetch_add_explicit(&world->common->count[stat], n,
                                  memory_order_relaxed);
    }
}


void
ptn_world_status(ptn_world_t *world, ptn_world_status_t *ret)
{
    uint32_t           i;
    ptn_shm_store_t   *s;
    ptn_shm_common_t  *c;

    c = world->common;
    memset(ret, 0, sizeof(*ret));

    ret->stores = ptn_min(c->stores, world->opts.stores);
    ret->clerk = c->store[world->clerk].pid;
    ret->workers_attached = c->workers;

    for (i = 0; i < world->opts.stores; i++) {
        s = &c->store[i];
        ret->store[i].pid = s->pid;
        ret->store[i].generation = s->generation;
        ret->store[i].jobs = s->jobs;
        ret->store[i].failed = s->failed;
        ret->store[i].sessions = s->sessions;
        ret->store[i].batches = s->batches;
        ret->store[i].spilled = s->spilled;
    }

    for (i = 0; i < ptn_nelts(ret->counters) && i < PTN_STATS_MAX; i++) {
        ret->counters[i] = c->count[i];
    }
}


void
ptn_world_ring_clerk(ptn_world_t *world)
{
    uint64_t  one = 1;

    if (atomic_exchange(&world->common->clerk_bell, 1) == 0) {
        (void) !write(world->bell_fd, &one, sizeof(one));
    }
}


const char *
ptn_stat_name(unsigned stat)
{
    static const char *const  names[] = {
#define PTN_STAT_NAME(id, name, help)  name,
        PTN_STATS(PTN_STAT_NAME)
    };

    return stat < ptn_nelts(names) ? names[stat] : NULL;
}


const char *
ptn_stat_help(unsigned stat)
{
    static const char *const  helps[] = {
#define PTN_STAT_HELP(id, name, help)  help,
        PTN_STATS(PTN_STAT_HELP)
    };

    return stat < ptn_nelts(helps) ? helps[stat] : NULL;
}


void
ptn_shm_wake(_Atomic uint32_t *sleeping, int fd)
{
    uint64_t  one = 1;

    atomic_thread_fence(memory_order_seq_cst);

    if (atomic_load_explicit(sleeping, memory_order_relaxed) != 0
        && atomic_exchange(sleeping, 0) != 0
        && fd != -1)
    {
        (void) !write(fd, &one, sizeof(one));
    }
}


ptn_rc_t
ptn_shm_send_fd(int sock, const ptn_note_t *note, int fd)
{
    ssize_t          n;
    struct iovec     iov;
    struct msghdr    msg;
    struct cmsghdr  *cm;
    union {
        struct cmsghdr  cm;
        char            space[CMSG_SPACE(sizeof(int))];
    } u;

    memset(&msg, 0, sizeof(msg));
    memset(&u, 0, sizeof(u));

    iov.iov_base = (void *) note;
    iov.iov_len = sizeof(*note);
    msg.msg_iov = &iov;
    msg.msg_iovlen = 1;
    msg.msg_control = &u;
    msg.msg_controllen = sizeof(u.space);

    cm = CMSG_FIRSTHDR(&msg);
    cm->cmsg_level = SOL_SOCKET;
    cm->cmsg_type = SCM_RIGHTS;
    cm->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(cm), &fd, sizeof(int));

    do {
        n = sendmsg(sock, &msg, MSG_DONTWAIT|MSG_NOSIGNAL);
    } while (n == -1 && errno == EINTR);

    return n == (ssize_t) sizeof(*note) ? PTN_OK : PTN_EBUSY;
}


ptn_rc_t
ptn_shm_recv_fd(int sock, ptn_note_t *ret_note, int *ret_fd)
{
    int              fd, extra;
    size_t           i, nfds;
    ssize_t          n;
    ptn_note_t       note;
    struct iovec     iov;
    struct msghdr    msg;
    struct cmsghdr  *cm;
    union {
        struct cmsghdr  cm;
        char            space[CMSG_SPACE(sizeof(int)) * 4];
    } u;

    memset(&msg, 0, sizeof(msg));
    memset(&note, 0, sizeof(note));

    iov.iov_base = &note;
    iov.iov_len = sizeof(note);
    msg.msg_iov = &iov;
    msg.msg_iovlen = 1;
    msg.msg_control = &u;
    msg.msg_controllen = sizeof(u);

    do {
        n = recvmsg(sock, &msg, MSG_DONTWAIT|MSG_CMSG_CLOEXEC);
    } while (n == -1 && errno == EINTR);

    if (n <= 0) {
        return PTN_AGAIN;
    }

    /* keep the first descriptor; a hostile sender may attach more */

    fd = -1;

    for (cm = CMSG_FIRSTHDR(&msg); cm != NULL; cm = CMSG_NXTHDR(&msg, cm)) {

        if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS) {
            continue;
        }

        nfds = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        for (i = 0; i < nfds; i++) {
            memcpy(&extra, CMSG_DATA(cm) + i * sizeof(int), sizeof(int));
            if (fd == -1) {
                fd = extra;
            } else {
                close(extra);
            }
        }
    }

    if (n != (ssize_t) sizeof(note)) {
        memset(&note, 0xff, sizeof(note));      /* matches nothing */
    }

    *ret_note = note;
    *ret_fd = fd;

    return PTN_OK;
}


bool
ptn_shm_alive(pid_t pid)
{
    return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
}
