#include "ngx_stream_postern.h"


static char *ngx_stream_postern_imap(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_stream_postern_imap_commands[] = {

    { ngx_string("postern_imap"),
      NGX_STREAM_SRV_CONF|NGX_CONF_NOARGS,
      ngx_stream_postern_imap,
      0,
      0,
      NULL },

      ngx_null_command
};


static ngx_stream_module_t  ngx_stream_postern_imap_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL                                   /* merge server configuration */
};


ngx_module_t  ngx_stream_postern_imap_module = {
    NGX_MODULE_V1,
    &ngx_stream_postern_imap_module_ctx,   /* module context */
    ngx_stream_postern_imap_commands,      /* module directives */
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


static char *
ngx_stream_postern_imap(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t  variant = ngx_string("imap");

    return ngx_stream_postern_set(cf, &ptn_imap_proto, &variant);
}
