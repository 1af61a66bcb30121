
/*
 * `postern_debug;` in a location: jobs of ptn_debug_jobs.c over HTTP, for
 * tests and benches.  Needs `debug_jobs on` in the postern block.
 *
 *     /debug?job=sleep&ms=500&slot=7
 *     /debug?job=session_use&session=<32 hexadecimal digits>
 *     /debug?job=feed&session=...       the body is handed on as it arrives
 *     /debug?job=watch&slot=7           answers when the slot changes;
 *                                       with version=N when it is beyond N
 *     /debug?job=bump&slot=7            changes it
 *     /debug?job=wait&slot=7&tick=3     a line with each change and tick
 *     /debug?job=whoami                 signed in: address, body, handle
 *     /debug?job=forge                  plays a hostile worker, which then
 *                                       leaves
 */


#include "ngx_http_postern_job.h"
#include "ptn_debug_jobs.h"
#include "ptn_directory.h"


typedef struct {
    ngx_postern_watch_t   watch;
    ngx_http_request_t   *request;
} ngx_http_postern_debug_ctx_t;


static char *ngx_http_postern_debug(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_postern_debug_handler(ngx_http_request_t *r);


static ngx_command_t  ngx_http_postern_debug_commands[] = {

    { ngx_string("postern_debug"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_postern_debug,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_postern_debug_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */
    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */
    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */
    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_postern_debug_module = {
    NGX_MODULE_V1,
    &ngx_http_postern_debug_module_ctx,    /* module context */
    ngx_http_postern_debug_commands,       /* module directives */
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


static char *
ngx_http_postern_debug(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (ngx_postern_add_jobs(cf, ptn_debug_jobs) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_postern_debug_handler;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_postern_debug_reply(ngx_http_request_t *r, ptn_str_t text)
{
    ngx_buf_t    *b;
    ngx_int_t     rc;
    ngx_chain_t   out;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = text.len;
    ngx_str_set(&r->headers_out.content_type, "text/plain");
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_create_temp_buf(r->pool, text.len + 1);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->last = ngx_cpymem(b->last, text.data, text.len);
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


/* Plays a hostile worker; this one leaves afterwards. */
static ngx_int_t
ngx_http_postern_debug_forge(ngx_http_request_t *r, ngx_int_t noop)
{
    ngx_int_t    rc;
    ptn_buf_t    text;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ptn_buf_init(&text, pool);
    ptn_debug_forge(ngx_postern_world(), (uint32_t) noop, &text);

    r->keepalive = 0;
    rc = ngx_http_postern_debug_reply(r, ptn_buf_get(&text));

    ptn_pool_destroy(pool);
    ngx_quit = 1;

    return rc;
}


static void
ngx_http_postern_debug_woken(ngx_postern_watch_t *w)
{
    ngx_connection_t              *c;
    ngx_http_request_t            *r;
    ngx_http_postern_debug_ctx_t  *ctx;

    ctx = ngx_queue_data(w, ngx_http_postern_debug_ctx_t, watch);
    r = ctx->request;
    c = r->connection;

    c->idle = 0;
    ngx_http_finalize_request(r,
                         ngx_http_postern_debug_reply(r, ptn_str("woken\n")));
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_postern_debug_unwatch(void *data)
{
    ngx_http_postern_debug_ctx_t *ctx = data;

    ngx_postern_unwatch(&ctx->watch);
}


/* A parked request: no timer, no job, one watch. */
static ngx_int_t
ngx_http_postern_debug_watch(ngx_http_request_t *r, ptn_str_t query,
    uint32_t slot)
{
    ngx_pool_cleanup_t            *cln;
    ngx_http_postern_debug_ctx_t  *ctx;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_postern_debug_ctx_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_postern_debug_ctx_t));
    cln->handler = ngx_http_postern_debug_unwatch;

    ctx->request = r;
    ctx->watch.slot = slot % PTN_SLOTS;
    ctx->watch.version = ptn_debug_number(query, "version",
                             ptn_board_version(ngx_postern_world(),
                                               ctx->watch.slot));
    ctx->watch.handler = ngx_http_postern_debug_woken;

    r->main->count++;
    r->connection->idle = 1;
    r->read_event_handler = ngx_http_test_reading;

    ngx_postern_watch(&ctx->watch);

    return NGX_DONE;
}


/* As the module of a protocol submits. */
static ngx_int_t
ngx_http_postern_debug_whoami(ngx_http_request_t *r, ngx_int_t type)
{
    ngx_http_postern_submit_t  submit;

    static const ngx_str_t     headers[] = {
        ngx_string("user-agent"),
        ngx_string("X-Test"),
        ngx_null_string
    };

    ngx_memzero(&submit, sizeof(ngx_http_postern_submit_t));
    submit.type = (uint16_t) type;
    submit.slot = PTN_SLOT_ANY;
    submit.service = PTN_SERVICE_EWS;
    submit.headers = headers;
    submit.timeout = 60000;

    return ngx_http_postern_job(r, &submit);
}


static ngx_int_t
ngx_http_postern_debug_handler(ngx_http_request_t *r)
{
    u_char                      name[64];
    uint64_t                    slot;
    ngx_int_t                   type;
    ptn_str_t                   query, job;
    ngx_http_postern_submit_t   submit;

    query = ptn_str_make(r->args.data, r->args.len);
    job = ptn_debug_arg(query, "job");
    slot = ptn_debug_number(query, "slot", PTN_SLOT_ANY);

    type = ngx_http_postern_job_type("debug.noop");

    if (type < 0 || job.len == 0 || job.len > 40) {
        return NGX_HTTP_NOT_FOUND;      /* no `debug_jobs on` */
    }

    if (ptn_str_eqz(job, "watch")) {
        return ngx_http_postern_debug_watch(r, query, (uint32_t) slot);
    }

    if (ptn_str_eqz(job, "forge")) {
        return ngx_http_postern_debug_forge(r, type);
    }

    ngx_snprintf(name, sizeof(name), "debug.%*s%Z", job.len, job.data);

    type = ngx_http_postern_job_type((char *) name);
    if (type < 0) {
        return NGX_HTTP_NOT_FOUND;
    }

    if (ptn_str_eqz(job, "whoami")) {
        return ngx_http_postern_debug_whoami(r, type);
    }

    ngx_memzero(&submit, sizeof(ngx_http_postern_submit_t));
    submit.type = (uint16_t) type;
    submit.slot = (uint32_t) slot;

    (void) ptn_debug_session(query, &submit.session);

    submit.timeout = (ngx_msec_t) ptn_debug_number(query, "timeout", 60000);
    submit.unbuffered = ptn_str_eqz(job, "feed");

    if (ptn_str_eqz(job, "park") || ptn_str_eqz(job, "wait")) {
        submit.timeout = 0;
    }

    submit.head.data = ngx_pnalloc(r->pool, r->args.len + 1);
    if (submit.head.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    submit.head.len = r->args.len + 1;
    *ngx_cpymem(submit.head.data, r->args.data, r->args.len) = '\n';

    return ngx_http_postern_job(r, &submit);
}
