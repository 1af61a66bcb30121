#include "ngx_stream_postern.h"

#include <ngx_stream_ssl_module.h>


static void *ngx_stream_postern_create_srv_conf(ngx_conf_t *cf);
static char *ngx_stream_postern_merge_srv_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_stream_postern_starttls(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_stream_postern_commands[] = {

    { ngx_string("postern_starttls"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_FLAG,
      ngx_stream_postern_starttls,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_postern_srv_conf_t, starttls),
      NULL },

    { ngx_string("postern_spool_path"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_postern_srv_conf_t, spool),
      NULL },

      ngx_null_command
};


static ngx_stream_module_t  ngx_stream_postern_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    ngx_stream_postern_create_srv_conf,    /* create server configuration */
    ngx_stream_postern_merge_srv_conf      /* merge server configuration */
};


ngx_module_t  ngx_stream_postern_module = {
    NGX_MODULE_V1,
    &ngx_stream_postern_module_ctx,        /* module context */
    ngx_stream_postern_commands,           /* module directives */
    NGX_STREAM_MODULE,                     /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_stream_postern_create_srv_conf(ngx_conf_t *cf)
{
    ngx_stream_postern_srv_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_stream_postern_srv_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->starttls = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_stream_postern_merge_srv_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_stream_postern_srv_conf_t  *prev = parent;
    ngx_stream_postern_srv_conf_t  *conf = child;

    ngx_conf_merge_value(conf->starttls, prev->starttls, 0);
    ngx_conf_merge_str_value(conf->spool, prev->spool, "/var/tmp");

    if (conf->proto != NULL && ngx_postern_conf(cf->cycle) == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"postern_%s\" needs a \"postern {}\" block "
                           "at the top level", conf->proto->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/*
 * The ssl module makes an SSL_CTX only for servers that listen with "ssl";
 * a server with STARTTLS needs one, too, and has to say so before the merge.
 */

static char *
ngx_stream_postern_starttls(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                           *rc;
    ngx_stream_ssl_conf_t          *sslcf;
    ngx_stream_postern_srv_conf_t  *pscf = conf;

    rc = ngx_conf_set_flag_slot(cf, cmd, conf);
    if (rc != NGX_CONF_OK || !pscf->starttls) {
        return rc;
    }

    if (cf->cmd_type != NGX_STREAM_SRV_CONF) {
        return "may be \"on\" in a server block only";
    }

    sslcf = ngx_stream_conf_get_module_srv_conf(cf, ngx_stream_ssl_module);
    sslcf->listen = 1;
    sslcf->file = cf->conf_file->file.name.data;
    sslcf->line = cf->conf_file->line;

    return NGX_CONF_OK;
}


char *
ngx_stream_postern_set(ngx_conf_t *cf, const ptn_stream_proto_t *proto,
    ngx_str_t *variant)
{
    ngx_uint_t                      i;
    ngx_stream_core_srv_conf_t     *cscf;
    ngx_stream_postern_srv_conf_t  *pscf;

    pscf = ngx_stream_conf_get_module_srv_conf(cf, ngx_stream_postern_module);

    if (pscf->proto != NULL) {
        return "is the second protocol of this server";
    }

    for (i = 0; ptn_stream_protos[i] != proto; i++) { /* void */ }

    pscf->proto = proto;
    pscf->index = i;
    pscf->variant = *variant;

    if (ngx_postern_add_jobs(cf, ptn_stream_jobs) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    cscf = ngx_stream_conf_get_module_srv_conf(cf, ngx_stream_core_module);
    cscf->handler = ngx_stream_postern_handler;

    return NGX_CONF_OK;
}


/* The index of a class's job type in the world; -1: not registered. */

ngx_int_t
ngx_stream_postern_type(ptn_class_e cls)
{
    return ptn_world_type(ngx_postern_world(), ptn_stream_jobs[cls].name);
}
