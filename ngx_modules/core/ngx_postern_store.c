
/*
 * The store process or the clerk, from the fork in the master on: what of
 * nginx's it must let go, who it becomes, what it is told by its channel.
 */


#include "ngx_postern_core.h"

#include <ngx_channel.h>

#include <dirent.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>


/* A store backs off as 1, 2, 4 .. 30 s; stock respawn has no back-off. */
#define NGX_POSTERN_BACKOFF_MAX  30


typedef struct {
    ngx_cycle_t  *cycle;
    ngx_uint_t    index;
    unsigned      closed:1;         /* the channel */
    unsigned      quit:1;           /* was said */
    unsigned      terminate:1;
    unsigned      reopen:1;         /* was said, and is done by now */
} ngx_postern_store_ctx_t;


/*
 * Of ptn_app.h, which cannot stand beside ptn_client.h: the store has a
 * ptn_event_t of its own.
 */
extern const ptn_hooks_t  ptn_app_hooks;


/* For each log file of nginx: close it, or let `fd` stand in its place. */
static void
ngx_postern_store_files(ngx_cycle_t *cycle, int fd)
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
ngx_postern_store_logs(ngx_cycle_t *cycle, const ptn_conf_t *conf)
{
    int  fd;

    fd = open(conf->log, O_WRONLY|O_APPEND|O_CLOEXEC);
    if (fd == -1) {
        return;
    }

    ngx_postern_store_files(cycle, fd);

    if (ngx_log_get_file_log(cycle->log)->file->fd != ngx_stderr) {
        (void) dup2(fd, ngx_stderr);
    }

    close(fd);
}


static void
ngx_postern_store_close(ngx_cycle_t *cycle)
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

        ngx_postern_store_files(cycle->old_cycle, -1);
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
ngx_postern_store_title(ngx_uint_t index)
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
ngx_postern_store_drop(ngx_cycle_t *cycle, const ptn_conf_t *conf)
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
ngx_postern_store_signals(void)
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
ngx_postern_store_ctl(void *data)
{
    ngx_postern_store_ctx_t *ctx = data;

    ngx_int_t      n;
    ngx_channel_t  ch;

    ngx_time_update();

    if (ctx->reopen) {
        /* the log file is there again: the pool has opened it */
        ctx->reopen = 0;
        ngx_postern_store_logs(ctx->cycle,
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
ngx_postern_store_wait(ngx_postern_store_ctx_t *ctx, ngx_uint_t seconds)
{
    uint64_t       end, now;
    struct pollfd  pfd;

    end = ptn_time_mono() + seconds * 1000;

    for ( ;; ) {
        (void) ngx_postern_store_ctl(ctx);

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
ngx_postern_store_prepare(ngx_cycle_t *cycle, const ptn_conf_t *conf,
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


void
ngx_postern_store_main(ngx_cycle_t *cycle, void *data)
{
    int                         rc;
    ngx_uint_t                  delay;
    ptn_proc_t                  proc;
    struct rlimit               rl;
    ngx_postern_conf_t         *pcf;
    ngx_postern_store_ctx_t   ctx;

    /* first: closing a listening unix socket in a master removes its file */
    ngx_process = NGX_PROCESS_HELPER;
    ngx_cycle = cycle;

    ngx_memzero(&ctx, sizeof(ngx_postern_store_ctx_t));
    ctx.cycle = cycle;
    ctx.index = ngx_postern_process_index(data);

    ngx_postern_store_close(cycle);
    ngx_postern_store_title(ctx.index);
    (void) umask(0077);

    if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur < rl.rlim_max) {
        rl.rlim_cur = rl.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &rl);
    }

    pcf = ngx_postern_block(cycle);

    ngx_memzero(&proc, sizeof(ptn_proc_t));

    ngx_postern_store_signals();

    if (pcf == NULL || ngx_postern_store_drop(cycle, &pcf->conf) != NGX_OK) {
        (void) ngx_postern_store_wait(&ctx, NGX_POSTERN_BACKOFF_MAX);
        exit(1);
    }

    for (delay = 1; /* void */ ; delay *= 2) {
        proc.log = ngx_postern_store_prepare(cycle, &pcf->conf, ctx.index);
        if (proc.log) {
            break;
        }

        delay = ngx_min(delay, NGX_POSTERN_BACKOFF_MAX);

        if (!ngx_postern_store_wait(&ctx, delay)) {
            exit(0);
        }
    }

    ngx_postern_store_logs(cycle, &pcf->conf);

    proc.index = (uint32_t) ctx.index;
    proc.generation = (uint32_t) ngx_postern_process_generation(data);
    proc.conf = &pcf->conf;
    proc.hooks = &ptn_app_hooks;
    proc.ctl_fd = ngx_channel;
    proc.ctl = ngx_postern_store_ctl;
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
