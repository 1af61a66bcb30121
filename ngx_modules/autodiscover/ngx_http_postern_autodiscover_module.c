
/*
 * `postern_autodiscover;` in a location.  What is answered depends on the end
 * of the path: autodiscover.xml (any case), config-v1.1.xml; else 404.
 */


#include "ngx_http_postern_job.h"
#include "ptn_autodiscover.h"


#define NGX_HTTP_POSTERN_AUTODISCOVER_TIME  30000


typedef struct {
    ngx_str_t   host;               /* and port, for URLs */
} ngx_http_postern_autodiscover_conf_t;


static void *ngx_http_postern_autodiscover_create_conf(ngx_conf_t *cf);
static char *ngx_http_postern_autodiscover_merge_conf(ngx_conf_t *cf,
    void *parent, void *child);
static char *ngx_http_postern_autodiscover(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_postern_autodiscover_handler(ngx_http_request_t *r);


static ngx_command_t  ngx_http_postern_autodiscover_commands[] = {

    { ngx_string("postern_autodiscover"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_postern_autodiscover,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("postern_autodiscover_host"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_postern_autodiscover_conf_t, host),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_postern_autodiscover_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */
    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */
    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */
    ngx_http_postern_autodiscover_create_conf,  /* create location conf */
    ngx_http_postern_autodiscover_merge_conf    /* merge location conf */
};


ngx_module_t  ngx_http_postern_autodiscover_module = {
    NGX_MODULE_V1,
    &ngx_http_postern_autodiscover_module_ctx,  /* module context */
    ngx_http_postern_autodiscover_commands,     /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
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
ngx_http_postern_autodiscover_create_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool,
                       sizeof(ngx_http_postern_autodiscover_conf_t));
}


static char *
ngx_http_postern_autodiscover_merge_conf(ngx_conf_t *cf, void *parent,
    void *child)
{
    ngx_http_postern_autodiscover_conf_t *prev = parent;
    ngx_http_postern_autodiscover_conf_t *conf = child;

    ngx_conf_merge_str_value(conf->host, prev->host, "");

    return NGX_CONF_OK;
}


static char *
ngx_http_postern_autodiscover(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (ngx_postern_add_jobs(cf, ptn_autodiscover_jobs) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_postern_autodiscover_handler;

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_http_postern_autodiscover_ends(ngx_str_t *uri, const char *name)
{
    size_t  len;

    len = ngx_strlen(name);

    return uri->len > len
           && ngx_strncasecmp(uri->data + uri->len - len, (u_char *) name, len)
              == 0;
}


/* Clients look here without TLS, and without a credential, for this alone. */
static ngx_int_t
ngx_http_postern_autodiscover_redirect(ngx_http_request_t *r, ngx_str_t *host)
{
    u_char           *p;
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_pnalloc(r->pool, sizeof("https:///autodiscover/autodiscover.xml")
                             + host->len);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));
    h->hash = 1;
    ngx_str_set(&h->key, "Location");
    h->value.data = p;
    h->value.len = ngx_sprintf(p, "https://%V/autodiscover/autodiscover.xml",
                               host) - p;
    r->headers_out.location = h;

    return NGX_HTTP_MOVED_TEMPORARILY;
}


static ngx_int_t
ngx_http_postern_autodiscover_handler(ngx_http_request_t *r)
{
    ngx_int_t                              type;
    const ptn_conf_t                      *pcf;
    ngx_http_postern_submit_t              submit;
    ngx_http_postern_autodiscover_conf_t  *conf;

    static const ngx_str_t                 headers[] = {
        ngx_string("X-MapiHttpCapability"),
        ngx_null_string
    };

    conf = ngx_http_get_module_loc_conf(r,
                                        ngx_http_postern_autodiscover_module);

    ngx_memzero(&submit, sizeof(ngx_http_postern_submit_t));
    submit.slot = PTN_SLOT_ANY;
    submit.timeout = NGX_HTTP_POSTERN_AUTODISCOVER_TIME;
    submit.headers = headers;
    submit.host = conf->host;

    if (submit.host.len == 0 && r->headers_in.host) {
        submit.host = r->headers_in.host->value;
    }

    if (ngx_http_postern_autodiscover_ends(&r->uri, "/config-v1.1.xml")) {

        if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
            return NGX_HTTP_NOT_ALLOWED;
        }

        submit.anonymous = 1;
        type = ngx_http_postern_job_type("autodiscover.config");

    } else if (ngx_http_postern_autodiscover_ends(&r->uri,
                                                  "/autodiscover.xml"))
    {
        pcf = ngx_postern_conf((ngx_cycle_t *) ngx_cycle);

        if (r->connection->ssl == NULL && pcf && !pcf->clear_text_auth
            && (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)))
        {
            return ngx_http_postern_autodiscover_redirect(r, &submit.host);
        }

        submit.service = PTN_SERVICE_ANY;
        type = ngx_http_postern_job_type("autodiscover.pox");

    } else {
        return NGX_HTTP_NOT_FOUND;
    }

    if (type < 0) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    submit.type = (uint16_t) type;

    return ngx_http_postern_job(r, &submit);
}
