#include "ngx_stream_postern.h"


static char *ngx_stream_postern_smtp(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_stream_postern_smtp_commands[] = {

    { ngx_string("postern_smtp"),
      NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_stream_postern_smtp,
      0,
      0,
      NULL },

      ngx_null_command
};


static ngx_stream_module_t  ngx_stream_postern_smtp_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL                                   /* merge server configuration */
};


ngx_module_t  ngx_stream_postern_smtp_module = {
    NGX_MODULE_V1,
    &ngx_stream_postern_smtp_module_ctx,   /* module context */
    ngx_stream_postern_smtp_commands,      /* module directives */
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
ngx_stream_postern_smtp(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t         *value;
    ngx_uint_t         i;
    static ngx_str_t   variants[] = {
        ngx_string("smtp"),
        ngx_string("submission"),
        ngx_string("lmtp"),
        ngx_null_string
    };

    value = cf->args->elts;

    for (i = 0; variants[i].len; i++) {
        if (value[1].len == variants[i].len
            && ngx_strncmp(value[1].data, variants[i].data, value[1].len) == 0)
        {
            return ngx_stream_postern_set(cf, &ptn_smtp_proto, &variants[i]);
        }
    }

    return "takes \"smtp\", \"submission\" or \"lmtp\"";
}
