
/*
 * `postern_status;` in a location: the counters of the pool as Prometheus
 * text, or as JSON (`postern_status json;`, or ?format=json).
 */


#include <ngx_http.h>

#include "ngx_postern.h"
#include "ptn_stat.h"


#define NGX_HTTP_POSTERN_STATUS_SIZE  (64 * 1024)


typedef struct {
    ngx_uint_t  json;
} ngx_http_postern_status_conf_t;


static void *ngx_http_postern_status_create_conf(ngx_conf_t *cf);
static char *ngx_http_postern_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_postern_status_handler(ngx_http_request_t *r);


static ngx_command_t  ngx_http_postern_status_commands[] = {

    { ngx_string("postern_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_postern_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_postern_status_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */
    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */
    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */
    ngx_http_postern_status_create_conf,   /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_postern_status_module = {
    NGX_MODULE_V1,
    &ngx_http_postern_status_module_ctx,   /* module context */
    ngx_http_postern_status_commands,      /* module directives */
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
ngx_http_postern_status_create_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_postern_status_conf_t));
}


static char *
ngx_http_postern_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_postern_status_conf_t *pscf = conf;

    ngx_str_t                 *value;
    ngx_http_core_loc_conf_t  *clcf;

    value = cf->args->elts;

    if (cf->args->nelts == 2) {
        pscf->json = (ngx_strcmp(value[1].data, "json") == 0);

        if (!pscf->json && ngx_strcmp(value[1].data, "prometheus") != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\" of \"postern_status\": "
                               "\"json\" or \"prometheus\" is expected",
                               &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_postern_status_handler;

    return NGX_CONF_OK;
}


static u_char *
ngx_http_postern_status_prometheus(u_char *p, u_char *last,
    const ptn_world_status_t *st, ngx_uint_t stores)
{
    ngx_uint_t   i, k;

    static const struct {
        const char  *name;
        const char  *type;
        const char  *help;
        size_t       offset;
    } row[] = {
#define NGX_HTTP_POSTERN_STATUS_ROW(n, t, h)                                  \
        { #n, t, h, offsetof(ptn_world_status_t, store[0].n) }
        NGX_HTTP_POSTERN_STATUS_ROW(jobs, "counter", "Jobs run"),
        NGX_HTTP_POSTERN_STATUS_ROW(failed, "counter", "Jobs that failed"),
        NGX_HTTP_POSTERN_STATUS_ROW(sessions, "gauge", "Open sessions"),
        NGX_HTTP_POSTERN_STATUS_ROW(batches, "counter", "Group commits"),
        NGX_HTTP_POSTERN_STATUS_ROW(spilled, "counter", "Spilled replies")
    };

    p = ngx_slprintf(p, last, "# HELP postern_store_up Is there a process\n"
                     "# TYPE postern_store_up gauge\n");

    for (i = 0; i < stores; i++) {
        p = ngx_slprintf(p, last, "postern_store_up{store=\"%ui\"} %d\n", i,
                         st->store[i].pid != 0);
    }

    p = ngx_slprintf(p, last, "postern_store_up{store=\"clerk\"} %d\n"
                     "# HELP postern_workers Worker processes attached\n"
                     "# TYPE postern_workers gauge\n"
                     "postern_workers %uD\n",
                     st->clerk != 0, st->workers_attached);

    for (k = 0; k < ptn_nelts(row); k++) {
        p = ngx_slprintf(p, last, "# HELP postern_store_%s %s\n"
                         "# TYPE postern_store_%s %s\n", row[k].name,
                         row[k].help, row[k].name, row[k].type);

        for (i = 0; i < stores; i++) {
            p = ngx_slprintf(p, last, "postern_store_%s{store=\"%ui\"} %uL\n",
                             row[k].name, i,
                             *(uint64_t *) ((u_char *) st + row[k].offset
                                            + i * sizeof(st->store[0])));
        }
    }

    for (i = 0; ptn_stat_name((unsigned) i) != NULL; i++) {
        p = ngx_slprintf(p, last, "# HELP postern_%s_total %s\n"
                         "# TYPE postern_%s_total counter\n"
                         "postern_%s_total %uL\n",
                         ptn_stat_name((unsigned) i),
                         ptn_stat_help((unsigned) i),
                         ptn_stat_name((unsigned) i),
                         ptn_stat_name((unsigned) i), st->counters[i]);
    }

    return p;
}


static u_char *
ngx_http_postern_status_json(u_char *p, u_char *last,
    const ptn_world_status_t *st, ngx_uint_t stores)
{
    ngx_uint_t  i;

    p = ngx_slprintf(p, last, "{\"stores\":[");

    for (i = 0; i < stores; i++) {
        p = ngx_slprintf(p, last, "%s{\"pid\":%P,\"generation\":%uD,"
                         "\"jobs\":%uL,\"failed\":%uL,\"sessions\":%uL,"
                         "\"batches\":%uL,\"spilled\":%uL}", i ? "," : "",
                         st->store[i].pid, st->store[i].generation,
                         st->store[i].jobs, st->store[i].failed,
                         st->store[i].sessions, st->store[i].batches,
                         st->store[i].spilled);
    }

    p = ngx_slprintf(p, last, "],\"clerk\":%P,\"workers\":%uD,"
                     "\"counters\":{", st->clerk, st->workers_attached);

    for (i = 0; ptn_stat_name((unsigned) i) != NULL; i++) {
        p = ngx_slprintf(p, last, "%s\"%s\":%uL", i ? "," : "",
                         ptn_stat_name((unsigned) i), st->counters[i]);
    }

    return ngx_slprintf(p, last, "}}\n");
}


static ngx_int_t
ngx_http_postern_status_handler(ngx_http_request_t *r)
{
    ngx_buf_t                       *b;
    ngx_int_t                        rc;
    ngx_str_t                        format;
    ngx_uint_t                       json, stores;
    ngx_chain_t                      out;
    const ptn_conf_t                *conf;
    ptn_world_status_t               st;
    ngx_http_postern_status_conf_t  *pscf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    conf = ngx_postern_conf((ngx_cycle_t *) ngx_cycle);

    if (conf == NULL || ngx_postern_world() == NULL) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    pscf = ngx_http_get_module_loc_conf(r, ngx_http_postern_status_module);
    json = pscf->json;

    if (ngx_http_arg(r, (u_char *) "format", 6, &format) == NGX_OK) {
        json = (format.len == 4 && ngx_memcmp(format.data, "json", 4) == 0);
    }

    b = ngx_create_temp_buf(r->pool, NGX_HTTP_POSTERN_STATUS_SIZE);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ptn_world_status(ngx_postern_world(), &st);
    stores = ngx_min(conf->workers, PTN_STORES_MAX);

    if (json) {
        b->last = ngx_http_postern_status_json(b->last, b->end, &st, stores);
        ngx_str_set(&r->headers_out.content_type, "application/json");

    } else {
        b->last = ngx_http_postern_status_prometheus(b->last, b->end, &st,
                                                     stores);
        ngx_str_set(&r->headers_out.content_type,
                    "text/plain; version=0.0.4");
    }

    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = b->last - b->pos;

    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}
