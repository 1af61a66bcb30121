
/*
 * What the master makes before it has store processes: shared memory, ROOT,
 * the list of job types.  And what a reload must refuse.
 */


#include "ngx_postern_core.h"

#include <dlfcn.h>
#include <sys/vfs.h>


/* What a reload cannot do is refused while the old configuration runs on. */
ngx_int_t
ngx_postern_setup_check(ngx_cycle_t *cycle, ngx_postern_conf_t *pcf)
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


/*
 * The list only grows, so that an index means the same type to workers and
 * stores of all generations.  A module dropped from the configuration would
 * be unloaded under it: its file is pinned.
 */
ngx_int_t
ngx_postern_setup_types(ngx_cycle_t *cycle, ngx_postern_conf_t *pcf)
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
ngx_int_t
ngx_postern_setup_world(ngx_cycle_t *cycle, ngx_postern_conf_t *pcf)
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
ngx_int_t
ngx_postern_setup_root(ngx_cycle_t *cycle, ngx_postern_conf_t *pcf)
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
