
/*
 * The module of the `postern {}` block: what the block amounts to (defaults,
 * digest), and the points at which nginx calls us.  Its directives are in
 * ngx_postern_conf.c.
 */


#include "ngx_postern_core.h"

#include <openssl/evp.h>


static void *ngx_postern_create_conf(ngx_cycle_t *cycle);
static char *ngx_postern_init_conf(ngx_cycle_t *cycle, void *conf);
static ngx_int_t ngx_postern_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_postern_init_process(ngx_cycle_t *cycle);


static ngx_core_module_t  ngx_postern_module_ctx = {
    ngx_string("postern"),
    ngx_postern_create_conf,
    ngx_postern_init_conf
};


ngx_module_t  ngx_postern_module = {
    NGX_MODULE_V1,
    &ngx_postern_module_ctx,               /* module context */
    ngx_postern_commands,                  /* module directives */
    NGX_CORE_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_postern_init_module,               /* init module */
    ngx_postern_init_process,              /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_postern_worker_exit,               /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


ngx_postern_conf_t *
ngx_postern_block(ngx_cycle_t *cycle)
{
    ngx_postern_conf_t  *pcf;

    if (cycle->conf_ctx == NULL) {
        return NULL;
    }

    pcf = (ngx_postern_conf_t *) ngx_get_conf(cycle->conf_ctx,
                                              ngx_postern_module);

    return (pcf == NULL || !pcf->present) ? NULL : pcf;
}


const ptn_conf_t *
ngx_postern_conf(ngx_cycle_t *cycle)
{
    ngx_postern_conf_t  *pcf;

    pcf = ngx_postern_block(cycle);

    return pcf ? &pcf->conf : NULL;
}


ngx_int_t
ngx_postern_add_jobs(ngx_conf_t *cf, const ptn_job_type_t *types)
{
    ngx_uint_t               i;
    ngx_postern_conf_t      *pcf;
    const ptn_job_type_t   **job;

    pcf = (ngx_postern_conf_t *) ngx_get_conf(cf->cycle->conf_ctx,
                                              ngx_postern_module);

    for ( /* void */ ; types->name; types++) {

        job = pcf->jobs.elts;

        for (i = 0; i < pcf->jobs.nelts; i++) {
            if (job[i] == types) {
                break;
            }

            if (ngx_strcmp(job[i]->name, types->name) == 0) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "duplicate job type \"%s\"", types->name);
                return NGX_ERROR;
            }
        }

        if (i < pcf->jobs.nelts) {
            continue;
        }

        job = ngx_array_push(&pcf->jobs);
        if (job == NULL) {
            return NGX_ERROR;
        }

        *job = types;
    }

    return NGX_OK;
}


static void
ngx_postern_wipe(void *data)
{
    ngx_postern_conf_t  *pcf = data;

    if (pcf->password) {
        ngx_explicit_memzero(pcf->password, ngx_strlen(pcf->password));
    }
}


static void *
ngx_postern_create_conf(ngx_cycle_t *cycle)
{
    ngx_pool_cleanup_t  *cln;
    ngx_postern_conf_t  *pcf;

    pcf = ngx_pcalloc(cycle->pool, sizeof(ngx_postern_conf_t));
    if (pcf == NULL) {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(cycle->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_postern_wipe;
    cln->data = pcf;

    ptn_conf_defaults(&pcf->conf);

    pcf->conf.hostname = NULL;
    pcf->conf.workers = ngx_min(ngx_max(ngx_ncpu, 1), PTN_STORES_MAX);

    if (ngx_array_init(&pcf->jobs, cycle->pool, 32,
                       sizeof(const ptn_job_type_t *))
        != NGX_OK)
    {
        return NULL;
    }

    return pcf;
}


/* As root, store processes must become somebody else. */
static char *
ngx_postern_init_user(ngx_cycle_t *cycle, ngx_postern_conf_t *pcf,
    ngx_core_conf_t *ccf)
{
    struct passwd  *pwd;

    if (geteuid() != 0) {
        return NGX_CONF_OK;
    }

    if (pcf->conf.user == NULL) {
        pwd = getpwnam("postern");
        if (pwd == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                          "no \"user\" in the \"postern\" block, and there "
                          "is no user \"postern\"");
            return NGX_CONF_ERROR;
        }

        pcf->conf.user = "postern";
        pcf->conf.uid = pwd->pw_uid;
        pcf->conf.gid = pwd->pw_gid;
    }

    if (pcf->conf.uid == 0) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "store processes of postern must not run as \"%s\"",
                      pcf->conf.user);
        return NGX_CONF_ERROR;
    }

    if (pcf->conf.uid == (uid_t) ccf->user) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "nginx workers and postern run as the same user "
                      "\"%s\": mailboxes are not protected from workers",
                      pcf->conf.user);
    }

    return NGX_CONF_OK;
}


static void
ngx_postern_digest_str(EVP_MD_CTX *md, const char *s)
{
    /* with the NUL; an absent string differs from an empty one */
    EVP_DigestUpdate(md, s ? "+" : "-", 1);

    if (s) {
        EVP_DigestUpdate(md, s, ngx_strlen(s) + 1);
    }
}


/* ROOT/../postern.log */
static char *
ngx_postern_init_log(ngx_cycle_t *cycle, ngx_postern_conf_t *pcf)
{
    char    *p, *slash;
    size_t   len;

    if (pcf->conf.log) {
        return NGX_CONF_OK;
    }

    slash = strrchr(pcf->conf.root, '/');
    len = slash ? (size_t) (slash - pcf->conf.root) : 0;

    p = ngx_pnalloc(cycle->pool, len + sizeof("/postern.log"));
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memcpy(p, pcf->conf.root, len);
    ngx_memcpy(p + len, "/postern.log", sizeof("/postern.log"));

    pcf->conf.log = p;

    return NGX_CONF_OK;
}


/*
 * All that a store process can see.  The structure is copied and its
 * pointers blanked, so that a member added later counts without a line here
 * (padding is zero: ptn_conf_defaults() clears all).
 */
static ngx_int_t
ngx_postern_digest(ngx_postern_conf_t *pcf)
{
    u_char                   out[EVP_MAX_MD_SIZE];
    ngx_uint_t               i;
    ptn_conf_t               conf;
    EVP_MD_CTX              *md;
    const ptn_job_type_t   **job;

    md = EVP_MD_CTX_new();
    if (md == NULL) {
        return NGX_ERROR;
    }

    conf = pcf->conf;

    EVP_DigestInit_ex(md, EVP_sha256(), NULL);

#define NGX_POSTERN_DIGEST(m)                                                 \
    ngx_postern_digest_str(md, conf.m); conf.m = NULL

    NGX_POSTERN_DIGEST(root);
    NGX_POSTERN_DIGEST(hostname);
    NGX_POSTERN_DIGEST(user);
    NGX_POSTERN_DIGEST(directory);
    NGX_POSTERN_DIGEST(log);
    NGX_POSTERN_DIGEST(relay_host);
    NGX_POSTERN_DIGEST(relay_user);
    NGX_POSTERN_DIGEST(relay_password);
    NGX_POSTERN_DIGEST(auth_trusted);
    NGX_POSTERN_DIGEST(mapi_server_application);

#undef NGX_POSTERN_DIGEST

    EVP_DigestUpdate(md, &conf, sizeof(ptn_conf_t));

    job = pcf->jobs.elts;
    for (i = 0; i < pcf->jobs.nelts; i++) {
        ngx_postern_digest_str(md, job[i]->name);
    }

    EVP_DigestFinal_ex(md, out, NULL);
    EVP_MD_CTX_free(md);

    ngx_memcpy(pcf->digest, out, sizeof(pcf->digest));

    return NGX_OK;
}


static char *
ngx_postern_init_conf(ngx_cycle_t *cycle, void *conf)
{
    ngx_postern_conf_t *pcf = conf;

    ngx_str_t         name;
    ngx_core_conf_t  *ccf;

    if (!pcf->present) {
        return NGX_CONF_OK;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    if (!ccf->master) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "postern needs \"master_process on\": without a master "
                      "nothing restarts its store processes");
        return NGX_CONF_ERROR;
    }

    if (pcf->conf.hostname == NULL) {
        name = cycle->hostname;
        pcf->conf.hostname = ngx_pcalloc(cycle->pool, name.len + 1);
        if (pcf->conf.hostname == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_memcpy((u_char *) pcf->conf.hostname, name.data, name.len);
    }

    if (ngx_postern_init_log(cycle, pcf) != NGX_CONF_OK
        || ngx_postern_init_user(cycle, pcf, ccf) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (pcf->conf.idle_timeout < 1800) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "\"idle_timeout\" is below the 30 minutes that IMAP "
                      "promises to clients (RFC 9051 5.4)");
    }

    if (!pcf->conf.fsync) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "\"fsync off\": acknowledged mail can be lost; for "
                      "benchmarks only");
    }

    if (ngx_postern_digest(pcf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (ngx_postern_setup_check(cycle, pcf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_postern_init_module(ngx_cycle_t *cycle)
{
    ngx_postern_conf_t  *pcf;

    pcf = ngx_postern_block(cycle);

    if (pcf == NULL || ngx_test_config
        || ngx_process == NGX_PROCESS_SIGNALLER)
    {
        return NGX_OK;
    }

    return ngx_postern_process_start(cycle, pcf);
}


static ngx_int_t
ngx_postern_init_process(ngx_cycle_t *cycle)
{
    ngx_postern_conf_t  *pcf;

    pcf = ngx_postern_block(cycle);

    if (pcf == NULL) {
        return NGX_OK;
    }

    /* the relay's password is none of a worker's business */
    ngx_postern_wipe(pcf);

    return ngx_postern_worker_init(cycle, pcf);
}
