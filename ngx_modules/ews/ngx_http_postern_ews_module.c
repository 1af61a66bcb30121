
/*
 * `postern_ews;` in a location: Exchange Web Services, /EWS/Exchange.asmx.
 *
 * The operation decides which job type and time limit a request gets, so the
 * front of the body is looked at (ptn_ews_sniff) before it is submitted.
 * Everything else is done in a store process.
 */


#include "ngx_http_postern_job.h"
#include "ptn_ews.h"


#define NGX_HTTP_POSTERN_EWS_TIMEOUT  120000


static char *ngx_http_postern_ews(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_postern_ews_handler(ngx_http_request_t *r);
static void ngx_http_postern_ews_body(ngx_http_request_t *r);


static ngx_command_t  ngx_http_postern_ews_commands[] = {

    { ngx_string("postern_ews"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_postern_ews,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_postern_ews_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */
    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */
    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */
    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_postern_ews_module = {
    NGX_MODULE_V1,
    &ngx_http_postern_ews_module_ctx,      /* module context */
    ngx_http_postern_ews_commands,         /* module directives */
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


static const ngx_str_t  ngx_http_postern_ews_headers[] = {
    ngx_string("SOAPAction"),
    ngx_null_string
};


static char *
ngx_http_postern_ews(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (ngx_postern_add_jobs(cf, ptn_ews_jobs) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_postern_ews_handler;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_postern_ews_submit(ngx_http_request_t *r, const ptn_ews_op_t *op)
{
    ngx_int_t                  type;
    ngx_http_postern_submit_t  submit;

    type = ngx_http_postern_job_type(
               op != NULL && (op->flags & PTN_EWS_WRITES) ? "ews.write"
                                                          : "ews.read");
    if (type < 0) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    ngx_memzero(&submit, sizeof(ngx_http_postern_submit_t));

    submit.type = (uint16_t) type;
    submit.service = PTN_SERVICE_EWS;
    submit.headers = ngx_http_postern_ews_headers;
    submit.slot = PTN_SLOT_ANY;
    submit.timeout = NGX_HTTP_POSTERN_EWS_TIMEOUT;

    if (op != NULL && (op->flags & PTN_EWS_PARKS)) {
        submit.timeout = 0;

        /* a notification must not wait for the client's delayed ACK */

        if (ngx_tcp_nodelay(r->connection) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_http_postern_job(r, &submit);
}


/* Content-Type is text/xml or that of SOAP 1.2, whatever its parameters. */

static ngx_uint_t
ngx_http_postern_ews_is_soap(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_str_t        *value;

    static ngx_str_t  types[] = {
        ngx_string("text/xml"),
        ngx_string("application/soap+xml"),
    };

    if (r->headers_in.content_type == NULL) {
        return 0;
    }

    value = &r->headers_in.content_type->value;

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (value->len >= types[i].len
            && ngx_strncasecmp(value->data, types[i].data, types[i].len) == 0
            && (value->len == types[i].len
                || value->data[types[i].len] == ';'
                || value->data[types[i].len] == ' '))
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_postern_ews_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    /* who has no credential is told so before a body is read */

    if (r->headers_in.authorization == NULL || r->method != NGX_HTTP_POST) {

        if (r->headers_in.authorization != NULL
            && (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_OPTIONS))
               == 0)
        {
            return NGX_HTTP_NOT_ALLOWED;
        }

        return ngx_http_postern_ews_submit(r, NULL);
    }

    if (!ngx_http_postern_ews_is_soap(r)) {
        return NGX_HTTP_UNSUPPORTED_MEDIA_TYPE;
    }

    rc = ngx_http_read_client_request_body(r, ngx_http_postern_ews_body);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}


/* Reads the front of a body that went to a file. */

static ptn_str_t
ngx_http_postern_ews_front(ngx_http_request_t *r, ngx_buf_t *b)
{
    size_t      size;
    u_char     *p;
    ssize_t     n;
    ptn_str_t   s = ptn_null_string;

    size = (size_t) ngx_min(b->file_last - b->file_pos, 4096);

    p = ngx_pnalloc(r->pool, size);
    if (p == NULL) {
        return s;
    }

    /* not ngx_read_file(): it would move the offset, which is the length */

    n = pread(b->file->fd, p, size, b->file_pos);
    if (n > 0) {
        s.data = p;
        s.len = (size_t) n;
    }

    return s;
}


static void
ngx_http_postern_ews_body(ngx_http_request_t *r)
{
    u_char              *p;
    size_t               len;
    ptn_str_t            body, action;
    ngx_buf_t           *b;
    ngx_uint_t           i;
    ngx_chain_t         *cl;
    ngx_list_part_t     *part;
    ngx_table_elt_t     *h;
    const ptn_ews_op_t  *op;

    action = (ptn_str_t) ptn_null_string;
    body = action;

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len == sizeof("SOAPAction") - 1
            && ngx_strncasecmp(h[i].key.data, (u_char *) "SOAPAction",
                               h[i].key.len) == 0)
        {
            action = ptn_str_make(h[i].value.data, h[i].value.len);
        }
    }

    cl = r->request_body == NULL ? NULL : r->request_body->bufs;

    if (cl != NULL && cl->next != NULL && !cl->buf->in_file) {

        /* two buffers: what came with the header, and the rest */

        len = 0;

        for ( /* void */ ; cl != NULL; cl = cl->next) {
            len += cl->buf->in_file ? 0
                   : (size_t) (cl->buf->last - cl->buf->pos);
        }

        p = ngx_pnalloc(r->pool, len + 1);

        if (p != NULL) {
            body.data = p;

            for (cl = r->request_body->bufs; cl != NULL; cl = cl->next) {
                if (!cl->buf->in_file) {
                    p = ngx_cpymem(p, cl->buf->pos,
                                   cl->buf->last - cl->buf->pos);
                }
            }

            body.len = (size_t) (p - body.data);
        }

    } else if (cl != NULL) {
        b = cl->buf;
        body = b->in_file ? ngx_http_postern_ews_front(r, b)
               : ptn_str_make(b->pos, (size_t) (b->last - b->pos));
    }

    op = ptn_ews_sniff(action, body);

    ngx_http_finalize_request(r, ngx_http_postern_ews_submit(r, op));
}
