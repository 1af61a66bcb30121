/*
 * `postern_mapi;` in a location: the mailbox endpoint of MAPI/HTTP
 * (MS-OXCMAPIHTTP).
 *
 *     location /mapi/emsmdb/ {
 *         postern_mapi;
 *     }
 *
 * What happens here is that the cookie MapiContext becomes a session; all else
 * is ptn_mapihttp.c's.
 */


#include "ngx_http_postern_job.h"
#include "ptn_mapihttp.h"


/* Of the store; NotificationWait, which parks, is not held by it. */
#define NGX_HTTP_POSTERN_MAPI_TIMEOUT  300000


static char *ngx_http_postern_mapi(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_postern_mapi_handler(ngx_http_request_t *r);


static ngx_command_t  ngx_http_postern_mapi_commands[] = {

    { ngx_string("postern_mapi"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_postern_mapi,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_postern_mapi_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */
    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */
    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */
    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_postern_mapi_module = {
    NGX_MODULE_V1,
    &ngx_http_postern_mapi_module_ctx,     /* module context */
    ngx_http_postern_mapi_commands,        /* module directives */
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


static const ngx_str_t  ngx_http_postern_mapi_headers[] = {
    ngx_string("Content-Type"),
    ngx_string("Cookie"),
    ngx_string("X-RequestType"),
    ngx_string("X-RequestId"),
    ngx_string("X-ClientInfo"),
    ngx_string("X-ClientApplication"),
    ngx_null_string
};


static char *
ngx_http_postern_mapi(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (ngx_postern_add_jobs(cf, ptn_mapi_jobs) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_postern_mapi_handler;

    return NGX_CONF_OK;
}


static ngx_str_t *
ngx_http_postern_mapi_header(ngx_http_request_t *r, const char *name,
    size_t len)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return NULL;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len == len
            && ngx_strncasecmp(h[i].key.data, (u_char *) name, len) == 0)
        {
            return &h[i].value;
        }
    }
}


/* The id in the cookie; all zero: there is none, or it is no id. */

static void
ngx_http_postern_mapi_session(ngx_http_request_t *r, ptn_sid_t *sid)
{
    size_t     i;
    ngx_int_t  byte;
    ngx_str_t  value;

    static ngx_str_t  name = ngx_string("MapiContext");

    ngx_memzero(sid, sizeof(ptn_sid_t));

    if (ngx_http_parse_multi_header_lines(&r->headers_in.cookies, &name,
                                          &value)
        == NGX_DECLINED
        || value.len != 2 * sizeof(sid->b))
    {
        return;
    }

    for (i = 0; i < sizeof(sid->b); i++) {

        byte = ngx_hextoi(value.data + 2 * i, 2);

        if (byte == NGX_ERROR) {
            ngx_memzero(sid, sizeof(ptn_sid_t));
            return;
        }

        sid->b[i] = (u_char) byte;
    }
}


/*
 * A client that connects anew names the context that it had: it is destroyed
 * (3.2.5.6).  Only after the new one was made, so that a stranger without a
 * credential ends nobody's.
 */

static void
ngx_http_postern_mapi_connected(ngx_http_request_t *r,
    const ptn_event_t *final)
{
    ptn_sid_t         sid;
    static ptn_sid_t  none;

    if (final->rc != PTN_OK
        || ngx_memcmp(&final->session, &none, sizeof(ptn_sid_t)) == 0)
    {
        return;
    }

    ngx_http_postern_mapi_session(r, &sid);

    if (ngx_memcmp(&sid, &none, sizeof(ptn_sid_t)) != 0) {
        ptn_client_end_session(ngx_postern_client(), sid);
    }
}


static ngx_int_t
ngx_http_postern_mapi_handler(ngx_http_request_t *r)
{
    ngx_int_t                   type;
    ngx_str_t                  *rt;
    ngx_http_postern_submit_t   submit;

    type = ngx_http_postern_job_type("mapi.request");
    if (type < 0) {
        return NGX_HTTP_NOT_FOUND;
    }

    ngx_memzero(&submit, sizeof(ngx_http_postern_submit_t));

    submit.type = (uint16_t) type;
    submit.service = PTN_SERVICE_MAPI;
    submit.headers = ngx_http_postern_mapi_headers;
    submit.slot = PTN_SLOT_ANY;
    submit.timeout = NGX_HTTP_POSTERN_MAPI_TIMEOUT;

    rt = ngx_http_postern_mapi_header(r, "X-RequestType",
                                      sizeof("X-RequestType") - 1);

    if (rt != NULL && rt->len == sizeof("Connect") - 1
        && ngx_strncasecmp(rt->data, (u_char *) "Connect", rt->len) == 0)
    {
        submit.done = ngx_http_postern_mapi_connected;

    } else {
        ngx_http_postern_mapi_session(r, &submit.session);
    }

    if (rt != NULL && rt->len == sizeof("NotificationWait") - 1
        && ngx_strncasecmp(rt->data, (u_char *) "NotificationWait", rt->len)
           == 0)
    {
        submit.timeout = 0;
    }

    return ngx_http_postern_job(r, &submit);
}
