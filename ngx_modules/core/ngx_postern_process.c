
/*
 * Supervision: store processes and the clerk as direct children of the stock
 * master.  POOL.md, "Supervision", has the facts; the places of nginx 1.22.1
 * that each trick rests on are named here.
 *
 * On the first start init_module runs before the master is a daemon and has
 * its signal handlers, so nothing may be forked there.  We append entries to
 * ngx_processes[] as if our processes had just died, and the master's first
 * ngx_reap_children() "respawns" them as its own.  On a reload init_module
 * runs in the master and may spawn.
 */


#include "ngx_postern_core.h"

#include <ngx_channel.h>

#include <dirent.h>
#include <dlfcn.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/vfs.h>


#define NGX_POSTERN_CLERK     0xffff

/* Above any pid of Linux (2^22), and neither 0 nor -1. */
#define NGX_POSTERN_NO_PID    0x7fffff00

#define ngx_postern_process_data(index, generation)                           \
    (void *) (uintptr_t) ((index) | ((uintptr_t) (generation) << 16))
#define ngx_postern_process_index(data)                                       \
    ((ngx_uint_t) ((uintptr_t) (data) & 0xffff))
#define ngx_postern_process_generation(data)                                  \
    ((ngx_uint_t) ((uintptr_t) (data) >> 16))


typedef struct {
    ngx_cycle_t  *cycle;
    ngx_uint_t    index;
    unsigned      closed:1;         /* the channel */
    unsigned      quit:1;           /* was said */
    unsigned      terminate:1;
    unsigned      reopen:1;         /* was said, and is done by now */
} ngx_postern_process_ctx_t;


static ngx_int_t ngx_postern_process_types(ngx_cycle_t *cycle,
    ngx_postern_conf_t *pcf);
static ngx_int_t ngx_postern_process_world(ngx_cycle_t *cycle,
    ngx_postern_conf_t *pcf);
static ngx_int_t ngx_postern_process_root(ngx_cycle_t *cycle,
    ngx_postern_conf_t *pcf);
static ngx_int_t ngx_postern_process_append(ngx_cycle_t *cycle,
    ngx_uint_t index);
static ngx_process_t *ngx_postern_process_find(ngx_uint_t index);
static void ngx_postern_process_pass_channel(ngx_cycle_t *cycle);
static void ngx_postern_process_main(ngx_cycle_t *cycle, void *data);


/*
 * Of ptn_app.h, which cannot stand beside ptn_client.h: the store has a
 * ptn_event_t of its own.
 */
extern const ptn_hooks_t  ptn_app_hooks;


ngx_postern_master_t  ngx_postern_master;


/* A store backs off as 1, 2, 4 .. 30 s; stock respawn has no back-off. */
#define NGX_POSTERN_BACKOFF_MAX  30


static char *
ngx_postern_process_name(ngx_uint_t index)
{
    /* the cycle's pool goes, the process table stays */
    static u_char  name[PTN_STORES_MAX][sizeof("postern store NN")];

    if (index == NGX_POSTERN_CLERK) {
        return "postern clerk";
    }

    ngx_sprintf(name[index], "postern store %ui%Z", index);

    return (char *) name[index];
}


/* What a reload cannot do is refused while the old configuration runs on. */
ngx_int_t
ngx_postern_process_check(ngx_cycle_t *cycle, ngx_postern_conf_t *pcf)
{
    char            *p, path[NGX_MAX_PATH];
    struct statfs    fs;
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    if (ngx_postern_master.world) {
        if (pcf->conf.workers > ngx_postern_master.opts.stores) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                          "\"workers %uD\" of postern needs a restart: a "
                          "reload can go up to %uD", pcf->conf.workers,
                          ngx_postern_master.opts.stores);
            return NGX_ERROR;
        }

        if (!pcf->debug_jobs != !ngx_postern_master.opts.debug_jobs) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                          "a change of \"debug_jobs\" needs a restart");
            return NGX_ERROR;
        }

        if (2 * (uint64_t) ccf->worker_processes
            > ngx_postern_master.opts.workers)
        {
            ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                          "postern has job slots for %uD worker processes of "
                          "all generations: restart for more",
                          ngx_postern_master.opts.workers);
        }
    }

    if (ngx_strlen(pcf->conf.root) >= sizeof(path)) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "\"root\" is too long");
        return NGX_ERROR;
    }

    /* ROOT may not exist yet; then its parent tells */

    ngx_memcpy(path, pcf->conf.root, ngx_strlen(pcf->conf.root) + 1);

    if (statfs(path, &fs) == -1) {
        p = strrchr(path, '/');
        if (p == NULL) {
            return NGX_OK;
        }

        p[p == path ? 1 : 0] = '\0';

        if (statfs(path, &fs) == -1) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                          "\"root\" of postern: statfs(\"%s\") failed", path);
            return NGX_ERROR;
        }
    }

    switch ((uint32_t) fs.f_type) {

    case 0x00006969:        /* NFS */
    case 0xff534d42:        /* CIFS */
    case 0xfe534d42:        /* SMB2 */
    case 0x65735546:        /* FUSE */
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "\"root\" of postern is on a network file system (%s): "
                      "locks and syncs cannot be relied on", path);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_postern_process_start(ngx_cycle_t *cycle, ngx_postern_conf_t *pcf)
{
    ngx_uint_t      i, n, index, reload, same;
    ngx_process_t  *p;

    reload = (ngx_process == NGX_PROCESS_MASTER);

    /* an error here ends the master (ngx_cycle.c): not on a reload */

    if (ngx_postern_process_world(cycle, pcf) != NGX_OK
        || ngx_postern_process_root(cycle, pcf) != NGX_OK
        || ngx_postern_process_types(cycle, pcf) != NGX_OK)
    {
        if (!reload || ngx_postern_master.world == NULL) {
            return reload ? NGX_OK : NGX_ERROR;
        }
    }

    same = (ngx_postern_master.generation > 0
            && ngx_memcmp(ngx_postern_master.digest, pcf->digest,
                          sizeof(pcf->digest)) == 0);

    if (!same) {
        ngx_postern_master.generation++;
        ngx_memcpy(ngx_postern_master.digest, pcf->digest,
                   sizeof(pcf->digest));
    }

    n = pcf->conf.workers + 1;

    for (i = 0; i < n; i++) {
        index = (i == pcf->conf.workers) ? NGX_POSTERN_CLERK : i;

        if (!reload) {
            if (ngx_postern_process_append(cycle, index) != NGX_OK) {
                return NGX_ERROR;
            }

            continue;
        }

        p = same ? ngx_postern_process_find(index) : NULL;

        if (p) {
            /* the QUIT that follows a reload passes it by, once */
            p->just_spawn = 1;
            continue;
        }

        if (ngx_spawn_process(cycle, ngx_postern_process_main,
                 ngx_postern_process_data(index,
                                          ngx_postern_master.generation),
                 ngx_postern_process_name(index), NGX_PROCESS_JUST_RESPAWN)
            == NGX_INVALID_PID)
        {
            ngx_log_error(NGX_LOG_ALERT, cycle->log, 0,
                          "could not start %s",
                          ngx_postern_process_name(index));
            continue;
        }

        ngx_postern_process_pass_channel(cycle);
    }

    if (!reload) {
        ngx_reap = 1;
    }

    return NGX_OK;
}


/*
 * The list only grows, so that an index means the same type to workers and
 * stores of all generations.  A module dropped from the configuration would
 * be unloaded under it: its file is pinned.
 */
static ngx_int_t
ngx_postern_process_types(ngx_cycle_t *cycle, ngx_postern_conf_t *pcf)
{
    Dl_info                  info;
    ngx_uint_t               i, k;
    ngx_postern_master_t    *m;
    const ptn_job_type_t   **job;

    m = &ngx_postern_master;
    job = pcf->jobs.elts;

    for (i = 0; i < pcf->jobs.nelts; i++) {

        if ((job[i]->flags & PTN_JOB_DEBUG) && !pcf->debug_jobs) {
            continue;
        }

        for (k = 0; k < m->ntypes; k++) {
            if (ngx_strcmp(m->types[k]->name, job[i]->name) == 0) {
                break;
            }
        }

        if (k < m->ntypes) {
            continue;
        }

        if (m->ntypes == PTN_JOB_TYPES_MAX) {
            ngx_log_error(NGX_LOG_ALERT, cycle->log, 0,
                          "too many job types, \"%s\" is left out",
                          job[i]->name);
            return NGX_ERROR;
        }

        if (dladdr(job[i], &info) && info.dli_fname) {
            /* the handle is kept on purpose */
            (void) dlopen(info.dli_fname,
                          RTLD_NOW|RTLD_NOLOAD|RTLD_NODELETE);
        }

        m->types[m->ntypes++] = job[i];
    }

    if (ptn_world_types(m->world, m->types, (uint32_t) m->ntypes) != PTN_OK) {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, 0,
                      "the list of job types was refused");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * Made once and inherited; its size cannot change, hence the reserve.  Room
 * for twice the stores, and for worker processes of several generations.
 */
static ngx_int_t
ngx_postern_process_world(ngx_cycle_t *cycle, ngx_postern_conf_t *pcf)
{
    Dl_info                info;
    ptn_rc_t               rc;
    ngx_core_conf_t       *ccf;
    ngx_postern_master_t  *m;

    m = &ngx_postern_master;

    if (m->world) {
        return NGX_OK;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    m->opts.stores = ngx_min(ngx_max(2 * pcf->conf.workers, 4),
                             PTN_STORES_MAX);
    m->opts.workers = (uint32_t) ngx_max(4 * ccf->worker_processes, 8);
    m->opts.debug_jobs = pcf->debug_jobs;

    rc = ptn_world_create(&m->opts, NULL, &m->world);
    if (rc != PTN_OK) {
        m->world = NULL;
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "could not make the shared memory of postern for %uD "
                      "stores and %uD workers: %s",
                      m->opts.stores, m->opts.workers, ptn_err(rc)->name);
        return NGX_ERROR;
    }

    /* the process table points here even when we leave the configuration */

    if (dladdr(&ngx_postern_module, &info) && info.dli_fname) {
        (void) dlopen(info.dli_fname, RTLD_NOW|RTLD_NOLOAD|RTLD_NODELETE);
    }

    return NGX_OK;
}


/*
 * ROOT itself is made by the master, which may be root; what lies below is
 * made by the store's user, who could put symbolic links there.
 */
static ngx_int_t
ngx_postern_process_root(ngx_cycle_t *cycle, ngx_postern_conf_t *pcf)
{
    int               fd;
    struct stat       st;
    const ptn_conf_t  *conf;

    conf = &pcf->conf;

    if (mkdir(conf->root, 0700) == -1 && ngx_errno != NGX_EEXIST) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "mkdir() \"%s\" failed", conf->root);
        return NGX_ERROR;
    }

    fd = open(conf->root, O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);
    if (fd == -1 || fstat(fd, &st) == -1) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "\"%s\" cannot be used as root of postern", conf->root);
        if (fd != -1) {
            close(fd);
        }
        return NGX_ERROR;
    }

    if (geteuid() == 0 && st.st_uid != conf->uid
        && fchown(fd, conf->uid, conf->gid) == -1)
    {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "fchown() \"%s\" failed", conf->root);
        close(fd);
        return NGX_ERROR;
    }

    if ((st.st_mode & 077) && fchmod(fd, 0700) == -1) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "fchmod() \"%s\" failed", conf->root);
        close(fd);
        return NGX_ERROR;
    }

    close(fd);

    /* a new log file belongs to those who write it; an old one is left */

    if (geteuid() == 0) {
        fd = open(conf->log, O_WRONLY|O_APPEND|O_CREAT|O_EXCL|O_NOFOLLOW
                  |O_CLOEXEC, 0640);

        if (fd == -1 && ngx_errno != NGX_EEXIST) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                          ngx_open_file_n " \"%s\" failed", conf->log);
            return NGX_ERROR;
        }

        if (fd != -1) {
            if (fchown(fd, conf->uid, (gid_t) -1) == -1) {
                ngx_log_error(NGX_LOG_ALERT, cycle->log, ngx_errno,
                              "fchown() \"%s\" failed", conf->log);
            }
            close(fd);
        }
    }

    return NGX_OK;
}


/* An entry of a child that "has died": ngx_process.c, ngx_spawn_process(). */
static ngx_int_t
ngx_postern_process_append(ngx_cycle_t *cycle, ngx_uint_t index)
{
    ngx_process_t  *p;

    if (ngx_last_process >= NGX_MAX_PROCESSES) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "no more than %d processes can be spawned",
                      NGX_MAX_PROCESSES);
        return NGX_ERROR;
    }

    p = &ngx_processes[ngx_last_process];
    ngx_memzero(p, sizeof(ngx_process_t));

    /* a real one: workers are told its end, and the reaper closes it */

    if (socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0,
                   p->channel)
        == -1)
    {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "socketpair() failed for postern");
        return NGX_ERROR;
    }

    p->pid = NGX_POSTERN_NO_PID
             + (index == NGX_POSTERN_CLERK ? PTN_STORES_MAX : index);
    p->proc = ngx_postern_process_main;
    p->data = ngx_postern_process_data(index, ngx_postern_master.generation);
    p->name = ngx_postern_process_name(index);
    p->respawn = 1;
    p->exited = 1;

    ngx_last_process++;

    return NGX_OK;
}


/* The entry of a process that runs, or will be respawned at the next reap. */
static ngx_process_t *
ngx_postern_process_find(ngx_uint_t index)
{
    ngx_int_t       i;
    ngx_process_t  *p;

    for (i = 0; i < ngx_last_process; i++) {
        p = &ngx_processes[i];

        if (p->pid != -1
            && p->proc == ngx_postern_process_main
            && p->respawn
            && !p->exiting
            && !p->detached
            && ngx_postern_process_index(p->data) == index)
        {
            return p;
        }
    }

    return NULL;
}


/*
 * As ngx_pass_open_channel(), which is static: a worker that was not told of
 * our channel would close a descriptor of its own when we exit.
 */
static void
ngx_postern_process_pass_channel(ngx_cycle_t *cycle)
{
    ngx_int_t      i;
    ngx_channel_t  ch;

    ngx_memzero(&ch, sizeof(ngx_channel_t));

    ch.command = NGX_CMD_OPEN_CHANNEL;
    ch.pid = ngx_processes[ngx_process_slot].pid;
    ch.slot = ngx_process_slot;
    ch.fd = ngx_processes[ngx_process_slot].channel[0];

    for (i = 0; i < ngx_last_process; i++) {

        if (i == ngx_process_slot
            || ngx_processes[i].pid == -1
            || ngx_processes[i].channel[0] == -1)
        {
            continue;
        }

        (void) ngx_write_channel(ngx_processes[i].channel[0], &ch,
                                 sizeof(ngx_channel_t), cycle->log);
    }
}


/* From here on: the store process or the clerk. */


/* For each log file of nginx: close it, or let `fd` stand in its place. */
static void
ngx_postern_process_files(ngx_cycle_t *cycle, int fd)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_open_file_t  *file;

    part = &cycle->open_files.part;
    file = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return;
            }
            part = part->next;
            file = part->elts;
            i = 0;
        }

        if (file[i].fd == NGX_INVALID_FILE || file[i].fd == ngx_stderr) {
            continue;
        }

        if (fd == -1) {
            close(file[i].fd);

        } else {
            (void) dup3(fd, file[i].fd, O_CLOEXEC);
        }
    }
}


/*
 * We cannot open nginx's log files anew, and holding the old ones would keep
 * a rotated file on the disk: what nginx's code says here goes to our log.
 */
static void
ngx_postern_process_logs(ngx_cycle_t *cycle, const ptn_conf_t *conf)
{
    int  fd;

    fd = open(conf->log, O_WRONLY|O_APPEND|O_CLOEXEC);
    if (fd == -1) {
        return;
    }

    ngx_postern_process_files(cycle, fd);

    if (ngx_log_get_file_log(cycle->log)->file->fd != ngx_stderr) {
        (void) dup2(fd, ngx_stderr);
    }

    close(fd);
}


static void
ngx_postern_process_close(ngx_cycle_t *cycle)
{
    int               fd, on;
    DIR              *dir;
    ngx_int_t         n;
    socklen_t         len;
    struct dirent    *de;
    ngx_listening_t  *ls;
    ngx_uint_t        i;

    ngx_close_listening_sockets(cycle);

    /* forked inside a reload: what the old configuration had open */

    if (cycle->old_cycle && cycle->old_cycle->conf_ctx) {
        ls = cycle->old_cycle->listening.elts;
        for (i = 0; i < cycle->old_cycle->listening.nelts; i++) {
            if (!ls[i].remain && ls[i].fd != (ngx_socket_t) -1) {
                close(ls[i].fd);
            }
        }

        ngx_postern_process_files(cycle->old_cycle, -1);
    }

    for (n = 0; n < ngx_last_process; n++) {

        if (n == ngx_process_slot) {
            if (ngx_processes[n].channel[0] != -1) {
                close(ngx_processes[n].channel[0]);
            }
            continue;
        }

        if (ngx_processes[n].pid == -1) {
            continue;
        }

        if (ngx_processes[n].channel[0] != -1) {
            close(ngx_processes[n].channel[0]);
        }

        if (ngx_processes[n].channel[1] != -1) {
            close(ngx_processes[n].channel[1]);
        }
    }

    /* a socket left listening here would hang its clients for ever */

    dir = opendir("/proc/self/fd");
    if (dir == NULL) {
        return;
    }

    while ((de = readdir(dir)) != NULL) {
        fd = atoi(de->d_name);
        len = sizeof(on);
        on = 0;

        if (fd > 2
            && getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0
            && on)
        {
            close(fd);
        }
    }

    closedir(dir);
}


static void
ngx_postern_process_title(ngx_uint_t index)
{
    char    *title;
    u_char   name[32];

    if (index == NGX_POSTERN_CLERK) {
        ngx_sprintf(name, "postern: clerk%Z");

    } else {
        ngx_sprintf(name, "postern: store %ui%Z", index);
    }

    ngx_setproctitle((char *) name);

    /* "nginx: " is put before it, and the rest is padded with zeros */

    title = ngx_os_argv[0];
    if (ngx_strncmp(title, "nginx: ", 7) == 0) {
        ngx_memmove(title, title + 7, ngx_strlen(title) - 6);
        ngx_memzero(title + ngx_strlen(title) + 1, 7);
    }

    (void) prctl(PR_SET_NAME, index == NGX_POSTERN_CLERK ? "postern-clerk"
                                                         : "postern-store");
}


static ngx_int_t
ngx_postern_process_drop(ngx_cycle_t *cycle, const ptn_conf_t *conf)
{
    int            nice;
    struct rlimit  rl;

    if (geteuid() != 0 || conf->uid == (uid_t) -1) {
        return NGX_OK;
    }

    /* a thread comes back from the low priority of a bulk job */

    nice = getpriority(PRIO_PROCESS, 0);

    if (getrlimit(RLIMIT_NICE, &rl) == 0
        && rl.rlim_cur < (rlim_t) (20 - nice))
    {
        rl.rlim_cur = (rlim_t) (20 - nice);
        rl.rlim_max = ngx_max(rl.rlim_max, rl.rlim_cur);
        (void) setrlimit(RLIMIT_NICE, &rl);
    }

    if (initgroups(conf->user, conf->gid) == -1
        || setgid(conf->gid) == -1
        || setuid(conf->uid) == -1)
    {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, ngx_errno,
                      "postern could not become user \"%s\"", conf->user);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_postern_process_signals(void)
{
    sigset_t          set;
    struct sigaction  sa;

    /* nginx's handler would reap children of ours */

    ngx_memzero(&sa, sizeof(struct sigaction));
    sa.sa_handler = SIG_DFL;
    sigemptyset(&sa.sa_mask);
    (void) sigaction(SIGCHLD, &sa, NULL);

    sigemptyset(&set);
    (void) sigprocmask(SIG_SETMASK, &set, NULL);
}


/* Called by the pool's control thread.  Each command is told once. */
static ptn_ctl_e
ngx_postern_process_ctl(void *data)
{
    ngx_postern_process_ctx_t *ctx = data;

    ngx_int_t      n;
    ngx_channel_t  ch;

    ngx_time_update();

    if (ctx->reopen) {
        /* the log file is there again: the pool has opened it */
        ctx->reopen = 0;
        ngx_postern_process_logs(ctx->cycle,
                                 &ngx_postern_block(ctx->cycle)->conf);
    }

    while (!ctx->closed) {

        n = ngx_read_channel(ngx_channel, &ch, sizeof(ngx_channel_t),
                             ctx->cycle->log);
        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR) {
            ctx->closed = 1;
            ngx_quit = 1;
            break;
        }

        switch (ch.command) {

        case NGX_CMD_QUIT:
            ngx_quit = 1;
            break;

        case NGX_CMD_TERMINATE:
            ngx_terminate = 1;
            break;

        case NGX_CMD_REOPEN:
            ngx_reopen = 1;
            break;

        case NGX_CMD_OPEN_CHANNEL:
            /* of a process that we have nothing to say to */
            close(ch.fd);
            break;
        }
    }

    if (ngx_terminate && !ctx->terminate) {
        ctx->terminate = 1;
        return PTN_CTL_TERMINATE;
    }

    if (ngx_quit && !ctx->quit) {
        ctx->quit = 1;
        return PTN_CTL_QUIT;
    }

    if (ngx_reopen) {
        ngx_reopen = 0;
        ctx->reopen = 1;
        return PTN_CTL_REOPEN;
    }

    return PTN_CTL_NONE;
}


/* Sleeps; false when told to leave. */
static ngx_uint_t
ngx_postern_process_wait(ngx_postern_process_ctx_t *ctx, ngx_uint_t seconds)
{
    uint64_t       end, now;
    struct pollfd  pfd;

    end = ptn_time_mono() + seconds * 1000;

    for ( ;; ) {
        (void) ngx_postern_process_ctl(ctx);

        if (ngx_quit || ngx_terminate || getppid() != ngx_parent) {
            return 0;
        }

        now = ptn_time_mono();
        if (now >= end) {
            return 1;
        }

        pfd.fd = ngx_channel;
        pfd.events = POLLIN;
        (void) poll(&pfd, 1, (int) ngx_min(end - now, 500));
    }
}


/* Log file and the directories below ROOT, as the user that we are now. */
static ptn_log_t *
ngx_postern_process_prepare(ngx_cycle_t *cycle, const ptn_conf_t *conf,
    ngx_uint_t index)
{
    char         path[NGX_MAX_PATH];
    u_char       who[16];
    ngx_uint_t   i;
    ptn_log_t   *log;

    static const char  *dir[] = { "run", "queue", "mailbox" };

    ngx_time_update();

    if (index == NGX_POSTERN_CLERK) {
        ngx_sprintf(who, "clerk%Z");

    } else {
        ngx_sprintf(who, "store%ui%Z", index);
    }

    log = ptn_log_open(conf->log, (char *) who,
                       (ptn_log_level_e) conf->log_level);
    if (log == NULL) {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, ngx_errno,
                      "%s cannot start: " ngx_open_file_n " \"%s\" failed",
                      ngx_postern_process_name(index), conf->log);
        return NULL;
    }

    for (i = 0; i < ptn_nelts(dir); i++) {
        (void) ngx_snprintf((u_char *) path, sizeof(path), "%s/%s%Z",
                            conf->root, dir[i]);
        path[sizeof(path) - 1] = '\0';

        if ((mkdir(path, 0700) == -1 && ngx_errno != NGX_EEXIST)
            || access(path, R_OK|W_OK|X_OK) == -1)
        {
            ngx_log_error(NGX_LOG_ALERT, cycle->log, ngx_errno,
                          "%s cannot start: \"%s\" cannot be used",
                          ngx_postern_process_name(index), path);
            ptn_log(log, PTN_LOG_ERROR, "start failed path=%s error=%s",
                    path, strerror(ngx_errno));
            ptn_log_close(log);
            return NULL;
        }
    }

    return log;
}


static void
ngx_postern_process_main(ngx_cycle_t *cycle, void *data)
{
    int                         rc;
    ngx_uint_t                  delay;
    ptn_proc_t                  proc;
    struct rlimit               rl;
    ngx_postern_conf_t         *pcf;
    ngx_postern_process_ctx_t   ctx;

    /* first: closing a listening unix socket in a master removes its file */
    ngx_process = NGX_PROCESS_HELPER;
    ngx_cycle = cycle;

    ngx_memzero(&ctx, sizeof(ngx_postern_process_ctx_t));
    ctx.cycle = cycle;
    ctx.index = ngx_postern_process_index(data);

    ngx_postern_process_close(cycle);
    ngx_postern_process_title(ctx.index);
    (void) umask(0077);

    if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur < rl.rlim_max) {
        rl.rlim_cur = rl.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &rl);
    }

    pcf = ngx_postern_block(cycle);

    ngx_memzero(&proc, sizeof(ptn_proc_t));

    ngx_postern_process_signals();

    if (pcf == NULL || ngx_postern_process_drop(cycle, &pcf->conf) != NGX_OK) {
        (void) ngx_postern_process_wait(&ctx, NGX_POSTERN_BACKOFF_MAX);
        exit(1);
    }

    for (delay = 1; /* void */ ; delay *= 2) {
        proc.log = ngx_postern_process_prepare(cycle, &pcf->conf, ctx.index);
        if (proc.log) {
            break;
        }

        delay = ngx_min(delay, NGX_POSTERN_BACKOFF_MAX);

        if (!ngx_postern_process_wait(&ctx, delay)) {
            exit(0);
        }
    }

    ngx_postern_process_logs(cycle, &pcf->conf);

    proc.index = (uint32_t) ctx.index;
    proc.generation = (uint32_t) ngx_postern_process_generation(data);
    proc.conf = &pcf->conf;
    proc.hooks = &ptn_app_hooks;
    proc.ctl_fd = ngx_channel;
    proc.ctl = ngx_postern_process_ctl;
    proc.ctl_data = &ctx;
    proc.parent = ngx_parent;

    if (ctx.index == NGX_POSTERN_CLERK) {
        rc = ptn_clerk_main(ngx_postern_master.world, &proc);

    } else {
        rc = ptn_store_main(ngx_postern_master.world, &proc);
    }

    ptn_log_close(proc.log);

    /* 2 would mean: never again (ngx_process.c, ngx_process_get_status()) */
    exit(rc == 0 ? 0 : 1);
}
