
/*
 * Sign-in of HTTP requests: Basic (RFC 7617).
 */


#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "ngx_http_postern_job.h"
#include "ngx_http_postern_sign_in.h"
#include "ptn_http_sign_in.h"


#define NGX_HTTP_POSTERN_MAC          32
#define NGX_HTTP_POSTERN_BUCKETS      1024
#define NGX_HTTP_POSTERN_KNOWN        4096
#define NGX_HTTP_POSTERN_KNOWN_TIME   (5 * 60 * 1000)
#define NGX_HTTP_POSTERN_ANSWER_TIME  30000


typedef struct ngx_http_postern_known_s  ngx_http_postern_known_t;

struct ngx_http_postern_known_s {
    ngx_queue_t                queue;       /* by last use; not while pending */
    ngx_http_postern_known_t  *next;        /* of the bucket */
    u_char                     mac[NGX_HTTP_POSTERN_MAC];
    ptn_handle_t               handle;
    uint32_t                   slot;
    ngx_msec_t                 since;

    ngx_queue_t                waiters;
    ngx_event_t                event;       /* answered, or no answer */
    ptn_rc_t                   rc;
    unsigned                   pending:1;
    unsigned                   asked:1;     /* FINAL is due */
};

typedef struct {
    u_char                     secret[NGX_HTTP_POSTERN_MAC];
    ngx_http_postern_known_t  *bucket[NGX_HTTP_POSTERN_BUCKETS];
    ngx_queue_t                used;        /* newest first */
    ngx_uint_t                 n;
    ptn_pool_t                *pool;        /* for one request to a store */
} ngx_http_postern_sign_in_t;


/* Of this worker; made when it is first needed. */
static ngx_http_postern_sign_in_t  *ngx_http_postern_signed;


static void ngx_http_postern_sign_in_event(ngx_event_t *ev);


static ngx_http_postern_sign_in_t *
ngx_http_postern_sign_in_get(ngx_log_t *log)
{
    ngx_http_postern_sign_in_t  *s;

    if (ngx_http_postern_signed) {
        return ngx_http_postern_signed;
    }

    s = ngx_calloc(sizeof(ngx_http_postern_sign_in_t), log);
    if (s == NULL) {
        return NULL;
    }

    ngx_queue_init(&s->used);
    s->pool = ptn_pool_create(0, NULL);

    if (s->pool == NULL || RAND_bytes(s->secret, sizeof(s->secret)) != 1) {
        ptn_pool_destroy(s->pool);
        ngx_free(s);
        return NULL;
    }

    ngx_http_postern_signed = s;

    return s;
}


/* NGX_DECLINED: none, or none that we know.  The caller wipes `buf`. */
static ngx_int_t
ngx_http_postern_sign_in_basic(ngx_http_request_t *r,
    u_char buf[PTN_HTTP_CREDENTIAL_MAX + 3], ngx_str_t *ret)
{
    ngx_str_t         value;
    ngx_table_elt_t  *h;

    h = r->headers_in.authorization;

    if (h == NULL || h->value.len < sizeof("Basic ") - 1
        || ngx_strncasecmp(h->value.data, (u_char *) "Basic ",
                           sizeof("Basic ") - 1) != 0)
    {
        return NGX_DECLINED;
    }

    value.data = h->value.data + sizeof("Basic ") - 1;
    value.len = h->value.len - (sizeof("Basic ") - 1);

    while (value.len && value.data[0] == ' ') {
        value.data++;
        value.len--;
    }

    while (value.len && value.data[value.len - 1] == ' ') {
        value.len--;
    }

    if (value.len == 0
        || ngx_base64_decoded_length(value.len) > PTN_HTTP_CREDENTIAL_MAX)
    {
        return NGX_DECLINED;
    }

    ret->data = buf;

    if (ngx_decode_base64(ret, &value) != NGX_OK
        || ngx_strlchr(ret->data, ret->data + ret->len, ':') == NULL)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_postern_sign_in_mac(ngx_http_postern_sign_in_t *s, uint32_t service,
    ngx_str_t *credential, u_char mac[NGX_HTTP_POSTERN_MAC])
{
    u_char        text[PTN_HTTP_CREDENTIAL_MAX + sizeof(uint32_t)];
    unsigned      len;
    const u_char *p;

    ngx_memcpy(text, &service, sizeof(uint32_t));
    ngx_memcpy(text + sizeof(uint32_t), credential->data, credential->len);

    p = HMAC(EVP_sha256(), s->secret, sizeof(s->secret), text,
             credential->len + sizeof(uint32_t), mac, &len);

    OPENSSL_cleanse(text, sizeof(text));

    return p ? NGX_OK : NGX_ERROR;
}


static ngx_http_postern_known_t **
ngx_http_postern_sign_in_bucket(ngx_http_postern_sign_in_t *s,
    const u_char mac[NGX_HTTP_POSTERN_MAC])
{
    return &s->bucket[(mac[0] | mac[1] << 8) % NGX_HTTP_POSTERN_BUCKETS];
}


static void
ngx_http_postern_sign_in_free(ngx_http_postern_known_t *k)
{
    OPENSSL_cleanse(k, sizeof(ngx_http_postern_known_t));
    ngx_free(k);
}


/* Out of the table; freed when nothing is due for it. */
static void
ngx_http_postern_sign_in_drop(ngx_http_postern_sign_in_t *s,
    ngx_http_postern_known_t *k)
{
    ngx_http_postern_known_t  **link;

    for (link = ngx_http_postern_sign_in_bucket(s, k->mac);
         *link != k;
         link = &(*link)->next)
    {
        /* void */
    }

    *link = k->next;
    s->n--;

    if (!k->pending) {
        ngx_queue_remove(&k->queue);
    }

    if (!k->asked) {
        ngx_http_postern_sign_in_free(k);
    }
}


static ngx_http_postern_known_t *
ngx_http_postern_sign_in_find(ngx_http_postern_sign_in_t *s,
    const u_char mac[NGX_HTTP_POSTERN_MAC])
{
    ngx_http_postern_known_t  *k;

    for (k = *ngx_http_postern_sign_in_bucket(s, mac); k; k = k->next) {
        if (CRYPTO_memcmp(k->mac, mac, NGX_HTTP_POSTERN_MAC) == 0) {
            break;
        }
    }

    if (k && !k->pending
        && ngx_current_msec - k->since >= NGX_HTTP_POSTERN_KNOWN_TIME)
    {
        ngx_http_postern_sign_in_drop(s, k);
        k = NULL;
    }

    return k;
}


static ngx_http_postern_known_t *
ngx_http_postern_sign_in_add(ngx_http_postern_sign_in_t *s,
    const u_char mac[NGX_HTTP_POSTERN_MAC], ngx_log_t *log)
{
    ngx_queue_t                *q;
    ngx_http_postern_known_t   *k, **bucket;

    if (s->n >= NGX_HTTP_POSTERN_KNOWN) {

        if (ngx_queue_empty(&s->used)) {
            return NULL;
        }

        q = ngx_queue_last(&s->used);
        ngx_http_postern_sign_in_drop(s,
                        ngx_queue_data(q, ngx_http_postern_known_t, queue));
    }

    k = ngx_calloc(sizeof(ngx_http_postern_known_t), log);
    if (k == NULL) {
        return NULL;
    }

    ngx_memcpy(k->mac, mac, NGX_HTTP_POSTERN_MAC);
    ngx_queue_init(&k->waiters);
    k->pending = 1;

    /* the request that asks may leave: no log of its connection */

    k->event.handler = ngx_http_postern_sign_in_event;
    k->event.data = k;
    k->event.log = ngx_cycle->log;

    bucket = ngx_http_postern_sign_in_bucket(s, mac);
    k->next = *bucket;
    *bucket = k;
    s->n++;

    return k;
}


static void
ngx_http_postern_sign_in_on_event(void *data, const ptn_event_t *ev)
{
    ngx_http_postern_known_t *k = data;

    ptn_str_t             trailer;
    ptn_pool_t           *pool;
    ptn_http_signed_in_t  out;

    if (ev->what == PTN_EV_FILE) {
        close(ev->fd);
    }

    if (ev->what != PTN_EV_FINAL) {
        return;
    }

    k->asked = 0;

    if (!k->pending) {
        /* nobody waited so long */
        ngx_http_postern_sign_in_free(k);
        return;
    }

    k->rc = ev->rc;

    if (k->rc == PTN_OK) {
        pool = ngx_http_postern_signed->pool;
        trailer = ptn_str_make(ev->data, ev->len);
        k->rc = ptn_wire_pull(&ptn_http_signed_in_wire, pool, &trailer, &out);
        ptn_pool_reset(pool);
    }

    if (k->rc == PTN_OK) {
        k->handle = out.handle;
        k->slot = out.slot < PTN_SLOTS ? out.slot : PTN_SLOT_ANY;
    }

    ngx_post_event(&k->event, &ngx_posted_events);
}


/* The answer is there, or it is not and nobody waits any longer. */
static void
ngx_http_postern_sign_in_event(ngx_event_t *ev)
{
    ngx_http_postern_known_t *k = ev->data;

    ptn_rc_t                     rc;
    uint32_t                     slot;
    ngx_queue_t                 *q, waiters;
    ptn_handle_t                 handle;
    ngx_http_postern_waiter_t   *w;
    ngx_http_postern_sign_in_t  *s;

    s = ngx_http_postern_signed;

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    if (ev->posted) {
        ngx_delete_posted_event(ev);
    }

    rc = k->asked ? PTN_EBUSY : k->rc;
    handle = k->handle;
    slot = k->slot;

    ngx_queue_init(&waiters);

    if (!ngx_queue_empty(&k->waiters)) {
        ngx_queue_add(&waiters, &k->waiters);
    }

    if (k->asked) {
        ngx_log_error(NGX_LOG_ERR, ev->log, NGX_ETIMEDOUT,
                      "postern: no answer to a sign-in");
    }

    if (rc == PTN_OK) {
        k->pending = 0;
        k->since = ngx_current_msec;
        ngx_queue_init(&k->waiters);
        ngx_queue_insert_head(&s->used, &k->queue);

    } else {
        /* it is pending for the table, and not for who comes later */
        ngx_queue_init(&k->queue);
        k->pending = 0;
        ngx_http_postern_sign_in_drop(s, k);
    }

    while (!ngx_queue_empty(&waiters)) {
        q = ngx_queue_head(&waiters);
        w = ngx_queue_data(q, ngx_http_postern_waiter_t, queue);

        ngx_http_postern_sign_in_leave(w);
        w->handle = handle;
        w->slot = slot;
        w->handler(w, rc);
    }
}


static ptn_rc_t
ngx_http_postern_sign_in_ask(ngx_http_postern_sign_in_t *s,
    ngx_http_postern_known_t *k, ngx_http_request_t *r, uint32_t service,
    ngx_str_t *credential)
{
    ptn_rc_t             rc;
    ptn_buf_t            buf;
    ngx_int_t            type;
    struct iovec         iov;
    ptn_submit_t         ps;
    ptn_ticket_t        *ticket;
    ngx_connection_t    *c;
    ptn_http_sign_in_t   in;

    c = r->connection;

    type = ngx_http_postern_job_type("http.sign_in");

    if (type < 0 || ngx_postern_client() == NULL) {
        return PTN_EUNAVAIL;
    }

    ngx_memzero(&in, sizeof(ptn_http_sign_in_t));
    in.service = service;
    in.credential = ptn_str_make(credential->data, credential->len);

#if (NGX_HTTP_SSL)
    in.tls = (c->ssl != NULL);
#endif

#if (NGX_HAVE_UNIX_DOMAIN)
    if (c->sockaddr->sa_family != AF_UNIX)
#endif
    {
        in.peer = ptn_str_make(c->addr_text.data, c->addr_text.len);
    }

    ptn_buf_init(&buf, s->pool);

    /* one allocation, so that no copy of it stays behind */

    (void) ptn_buf_reserve(&buf, 64 + in.peer.len + credential->len);
    rc = ptn_wire_push(&ptn_http_sign_in_wire, &buf, &in);

    if (rc == PTN_OK) {
        iov.iov_base = buf.data;
        iov.iov_len = buf.len;

        ngx_memzero(&ps, sizeof(ptn_submit_t));
        ps.type = (uint16_t) type;
        ps.slot = PTN_SLOT_ANY;
        ps.iov = &iov;
        ps.niov = 1;
        ps.body_fd = -1;
        ps.on_event = ngx_http_postern_sign_in_on_event;
        ps.data = k;

        rc = ptn_client_submit(ngx_postern_client(), &ps, &ticket);
    }

    if (buf.data) {
        OPENSSL_cleanse(buf.data, buf.size);
    }

    ptn_pool_reset(s->pool);

    if (rc == PTN_OK) {
        k->asked = 1;
        ngx_add_timer(&k->event, NGX_HTTP_POSTERN_ANSWER_TIME);
    }

    return rc;
}


static ptn_rc_t
ngx_http_postern_sign_in_look(ngx_http_request_t *r, uint32_t service,
    ngx_str_t *credential, ngx_http_postern_waiter_t *w)
{
    u_char                       mac[NGX_HTTP_POSTERN_MAC];
    ptn_rc_t                     rc;
    ngx_http_postern_known_t    *k;
    ngx_http_postern_sign_in_t  *s;

    s = ngx_http_postern_sign_in_get(r->connection->log);

    if (s == NULL
        || ngx_http_postern_sign_in_mac(s, service, credential, mac) != NGX_OK)
    {
        return PTN_ENOMEM;
    }

    k = ngx_http_postern_sign_in_find(s, mac);

    if (k && !k->pending) {
        ngx_queue_remove(&k->queue);
        ngx_queue_insert_head(&s->used, &k->queue);
        w->handle = k->handle;
        w->slot = k->slot;
        return PTN_OK;
    }

    if (k == NULL) {
        k = ngx_http_postern_sign_in_add(s, mac, r->connection->log);
        if (k == NULL) {
            return PTN_EBUSY;
        }

        rc = ngx_http_postern_sign_in_ask(s, k, r, service, credential);
        if (rc != PTN_OK) {
            ngx_http_postern_sign_in_drop(s, k);
            return rc;
        }
    }

    w->request = r;
    w->waiting = 1;
    ngx_queue_insert_tail(&k->waiters, &w->queue);

    return PTN_AGAIN;
}


ptn_rc_t
ngx_http_postern_sign_in(ngx_http_request_t *r, uint32_t service,
    ngx_http_postern_waiter_t *w)
{
    u_char             buf[PTN_HTTP_CREDENTIAL_MAX + 3];
    ptn_rc_t           rc;
    ngx_str_t          credential;
    ngx_uint_t         clear;
    const ptn_conf_t  *conf;

    conf = ngx_postern_conf((ngx_cycle_t *) ngx_cycle);
    if (conf == NULL) {
        return PTN_EUNAVAIL;
    }

    clear = 1;

#if (NGX_HTTP_SSL)
    clear = (r->connection->ssl == NULL);
#endif

    if (clear && !conf->clear_text_auth) {
        /* a challenge would ask for a password in clear text */
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "postern refuses sign-in without TLS");
        return PTN_EDENIED;
    }

    rc = PTN_EAUTH;

    if (ngx_http_postern_sign_in_basic(r, buf, &credential) == NGX_OK) {
        rc = ngx_http_postern_sign_in_look(r, service, &credential, w);
    }

    OPENSSL_cleanse(buf, sizeof(buf));

    return rc;
}


void
ngx_http_postern_sign_in_leave(ngx_http_postern_waiter_t *w)
{
    if (w->waiting) {
        w->waiting = 0;
        ngx_queue_remove(&w->queue);
    }
}


void
ngx_http_postern_sign_in_forget(ngx_http_request_t *r, uint32_t service,
    const ngx_http_postern_waiter_t *w)
{
    u_char                       mac[NGX_HTTP_POSTERN_MAC];
    u_char                       buf[PTN_HTTP_CREDENTIAL_MAX + 3];
    ngx_str_t                    credential;
    ngx_http_postern_known_t    *k;
    ngx_http_postern_sign_in_t  *s;

    s = ngx_http_postern_signed;
    k = NULL;

    if (s && ngx_http_postern_sign_in_basic(r, buf, &credential) == NGX_OK
        && ngx_http_postern_sign_in_mac(s, service, &credential, mac)
           == NGX_OK)
    {
        k = ngx_http_postern_sign_in_find(s, mac);
    }

    OPENSSL_cleanse(buf, sizeof(buf));

    if (k && !k->pending
        && ngx_memcmp(&k->handle, &w->handle, sizeof(ptn_handle_t)) == 0)
    {
        ngx_http_postern_sign_in_drop(s, k);
    }
}


static ngx_int_t
ngx_http_postern_refuse_header(ngx_http_request_t *r, const char *name,
    const char *value, ngx_table_elt_t **ret)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));
    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.data = (u_char *) value;
    h->value.len = ngx_strlen(value);

    if (ret) {
        *ret = h;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_postern_refuse(ngx_http_request_t *r, ptn_rc_t rc,
    ngx_uint_t challenge)
{
    ngx_int_t         status, added;
    ngx_table_elt_t  *h;

    status = ptn_err(rc)->http;
    added = NGX_OK;

    switch (status) {

    case NGX_HTTP_UNAUTHORIZED:
        if (challenge) {
            added = ngx_http_postern_refuse_header(r, "WWW-Authenticate",
                              "Basic realm=\"postern\", charset=\"UTF-8\"", &h);
            if (added == NGX_OK) {
                r->headers_out.www_authenticate = h;
            }
        }
        break;

    case NGX_HTTP_TOO_MANY_REQUESTS:
        added = ngx_http_postern_refuse_header(r, "Retry-After", "60", NULL);
        break;

    case NGX_HTTP_SERVICE_UNAVAILABLE:
        added = ngx_http_postern_refuse_header(r, "Retry-After", "5", NULL);
        break;
    }

    return added == NGX_OK ? status : NGX_HTTP_INTERNAL_SERVER_ERROR;
}
