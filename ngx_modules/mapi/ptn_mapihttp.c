#include <stdio.h>

#include "ptn_charset.h"
#include "ptn_mapihttp.h"


#define PTN_MAPI_HEADER_MAX      256    /* X-RequestId, X-ClientInfo */
#define PTN_MAPI_COOKIE_CONTEXT  "MapiContext"
#define PTN_MAPI_COOKIE_SEQUENCE "MapiSequence"

#define PTN_MAPI_POLLS_MAX       60000
#define PTN_MAPI_RETRY_COUNT     6
#define PTN_MAPI_RETRY_DELAY     10000

#define PTN_MAPI_CONNECT_ADMIN   0x00000001


#define PTN_MAPI_CONTEXT   0x01         /* needs one */
#define PTN_MAPI_SEQUENCE  0x02         /* and takes a number */

typedef struct {
    const char  *name;
    unsigned     flags;
    ptn_rc_t   (*run)(ptn_mapi_request_t *r);
} ptn_mapi_type_t;


static ptn_rc_t ptn_mapi_connect(ptn_mapi_request_t *r);
static ptn_rc_t ptn_mapi_execute(ptn_mapi_request_t *r);
static ptn_rc_t ptn_mapi_disconnect(ptn_mapi_request_t *r);
static ptn_rc_t ptn_mapi_ping(ptn_mapi_request_t *r);

static const ptn_mapi_type_t  ptn_mapi_types[] = {
    { "Execute",          PTN_MAPI_CONTEXT|PTN_MAPI_SEQUENCE,
      ptn_mapi_execute },
    { "NotificationWait", PTN_MAPI_CONTEXT, ptn_mapi_wait },
    { "Connect",          0, ptn_mapi_connect },
    { "Disconnect",       PTN_MAPI_CONTEXT|PTN_MAPI_SEQUENCE,
      ptn_mapi_disconnect },
    { "PING",             0, ptn_mapi_ping },
};


const ptn_wire_t *const  ptn_mapi_wires[] = {
    &ptn_mapi_connect_req_wire, &ptn_mapi_connect_res_wire,
    &ptn_mapi_execute_req_wire, &ptn_mapi_execute_res_wire,
    &ptn_mapi_disconnect_req_wire, &ptn_mapi_disconnect_res_wire,
    &ptn_mapi_wait_req_wire, &ptn_mapi_wait_res_wire,
    &ptn_mapi_failure_res_wire,
    NULL
};


/* --- answers ------------------------------------------------------------- */

static const char *
ptn_mapi_code_text(ptn_mapi_code_e code)
{
    switch (code) {
#define PTN_MAPI_CODE_TEXT(name, n, text)  case n: return text;
    PTN_MAPI_RESPONSE_CODES(PTN_MAPI_CODE_TEXT)
#undef PTN_MAPI_CODE_TEXT
    default:
        return "";
    }
}


/* "Sun, 06 Nov 1994 08:49:37 GMT" */

static void
ptn_mapi_date(ptn_buf_t *out, int64_t time)
{
    ptn_civil_t        c;
    static const char  days[] = "SunMonTueWedThuFriSat";
    static const char  months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    ptn_time_to_civil(time / PTN_USEC, &c);

    ptn_buf_printf(out, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
                   days + 3 * c.wday, c.day, months + 3 * (c.month - 1),
                   c.year, c.hour, c.min, c.sec);
}


void
ptn_mapi_done(ptn_buf_t *out, uint64_t start, int64_t time,
    ptn_mapi_code_e code)
{
    ptn_buf_z(out, "DONE\r\n");

    if (code != PTN_MAPI_X_SUCCESS) {
        ptn_buf_printf(out, "X-ResponseCode: %d\r\n", code);
    }

    ptn_buf_printf(out, "X-ElapsedTime: %llu\r\nX-StartTime: ",
                   (unsigned long long) (ptn_time_mono() - start));
    ptn_mapi_date(out, time);
    ptn_buf_z(out, "\r\n\r\n");
}


static void
ptn_mapi_cookie(ptn_mapi_request_t *r, ptn_http_meta_t *meta,
    const char *name, const char *value)
{
    ptn_str_t  s;

    s = ptn_str_printf(r->job->pool, "%s=%s; path=/mapi; HttpOnly%s", name,
                       value, r->head.tls ? "; secure" : "");

    ptn_http_meta_add(meta, "Set-Cookie", s);
}


static void
ptn_mapi_cookies(ptn_mapi_request_t *r, ptn_http_meta_t *meta)
{
    char       hex[PTN_GUID_HEX], number[16];
    ptn_sid_t  sid;

    sid = ptn_session_id(r->session);
    ptn_guid_hex(sid, hex);
    snprintf(number, sizeof(number), "%u", r->context->sequence);

    ptn_mapi_cookie(r, meta, PTN_MAPI_COOKIE_CONTEXT, hex);
    ptn_mapi_cookie(r, meta, PTN_MAPI_COOKIE_SEQUENCE, number);
}


/* A header of the request that the answer repeats. */

static void
ptn_mapi_echo(ptn_mapi_request_t *r, ptn_http_meta_t *meta, const char *name)
{
    ptn_str_t  value;

    value = ptn_http_header_get(&r->head, name);

    if (value.data != NULL) {
        value.len = ptn_min(value.len, (size_t) PTN_MAPI_HEADER_MAX);
        ptn_http_meta_add(meta, name, value);
    }
}


static void
ptn_mapi_head(ptn_mapi_request_t *r, ptn_http_meta_t *meta, const char *type,
    ptn_mapi_code_e code)
{
    char  number[16];

    ptn_http_meta_begin(meta, r->job->pool, 200);
    ptn_http_meta_add(meta, "Content-Type", ptn_str_z(type));
    ptn_http_meta_add(meta, "Cache-Control", ptn_str("private"));

    ptn_mapi_echo(r, meta, "X-RequestType");
    ptn_mapi_echo(r, meta, "X-RequestId");
    ptn_mapi_echo(r, meta, "X-ClientInfo");

    snprintf(number, sizeof(number), "%d", code);
    ptn_http_meta_add(meta, "X-ResponseCode", ptn_str_z(number));

    ptn_http_meta_add(meta, "X-ServerApplication",
                      ptn_str_z(r->app->conf->mapi_server_application));

    if (r->context != NULL && r->session != NULL) {
        ptn_mapi_cookies(r, meta);
    }
}


void
ptn_mapi_meta(ptn_mapi_request_t *r, ptn_http_meta_t *meta)
{
    char               number[24];
    const ptn_conf_t  *conf;

    conf = r->app->conf;

    ptn_mapi_head(r, meta, "application/mapi-http", PTN_MAPI_X_SUCCESS);

    snprintf(number, sizeof(number), "%u000", conf->mapi_pending);
    ptn_http_meta_add(meta, "X-PendingPeriod", ptn_str_z(number));

    snprintf(number, sizeof(number), "%u000", conf->mapi_idle);
    ptn_http_meta_add(meta, "X-ExpirationInfo", ptn_str_z(number));
}


ptn_rc_t
ptn_mapi_answer(ptn_mapi_request_t *r, const ptn_wire_t *wire,
    const void *res)
{
    ptn_rc_t         rc;
    ptn_buf_t        out;
    ptn_http_meta_t  meta;

    ptn_mapi_meta(r, &meta);

    ptn_buf_init(&out, r->job->pool);
    ptn_buf_z(&out, "PROCESSING\r\n");
    ptn_mapi_done(&out, r->start, r->time, PTN_MAPI_X_SUCCESS);

    if (wire != NULL) {
        rc = ptn_wire_push(wire, &out, res);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    if (out.failed) {
        return PTN_ENOMEM;
    }

    rc = ptn_http_meta_send(&meta, r->job);

    return rc == PTN_OK ? ptn_job_reply(r->job, out.data, out.len) : rc;
}


static ptn_rc_t
ptn_mapi_fail(ptn_mapi_request_t *r, uint32_t status)
{
    ptn_mapi_failure_res_t  res = { .status_code = status };

    return ptn_mapi_answer(r, &ptn_mapi_failure_res_wire, &res);
}


static ptn_rc_t
ptn_mapi_refuse_meta(ptn_mapi_request_t *r, ptn_mapi_code_e code, bool whole,
    bool done)
{
    ptn_rc_t         rc;
    ptn_buf_t        out;
    ptn_http_meta_t  meta;

    ptn_mapi_head(r, &meta, "text/html", code);

    if (whole) {
        ptn_http_meta_whole(&meta);
    }

    ptn_buf_init(&out, r->job->pool);

    if (done) {
        ptn_mapi_done(&out, r->start, r->time, code);
    }

    ptn_buf_printf(&out, "<html><body>%s</body></html>\r\n",
                   ptn_mapi_code_text(code));

    if (out.failed) {
        return PTN_ENOMEM;
    }

    rc = ptn_http_meta_send(&meta, r->job);

    return rc == PTN_OK ? ptn_job_reply(r->job, out.data, out.len) : rc;
}


ptn_rc_t
ptn_mapi_refuse(ptn_mapi_request_t *r, ptn_mapi_code_e code)
{
    ptn_log(r->job->log, PTN_LOG_DEBUG, "mapi user=%.*s code=%d",
            ptn_str_arg(r->actor.address), code);

    return ptn_mapi_refuse_meta(r, code, false, false);
}


/* --- what stands before every request type ------------------------------- */

/* Value of a cookie in a Cookie header; data NULL: it is not there. */

static ptn_str_t
ptn_mapi_cookie_get(ptn_str_t cookies, const char *name)
{
    size_t   n;
    u_char  *p, *end, *semi;

    n = strlen(name);
    p = cookies.data;
    end = p + cookies.len;

    while (p < end) {
        while (p < end && (*p == ' ' || *p == ';')) {
            p++;
        }

        semi = memchr(p, ';', (size_t) (end - p));
        semi = semi != NULL ? semi : end;

        if ((size_t) (semi - p) > n && memcmp(p, name, n) == 0
            && p[n] == '=')
        {
            return ptn_str_make(p + n + 1, (size_t) (semi - p) - n - 1);
        }

        p = semi;
    }

    return (ptn_str_t) ptn_null_string;
}


/* 2.2.2.1: the headers that must be there. */

static ptn_mapi_code_e
ptn_mapi_headers(ptn_mapi_request_t *r)
{
    ptn_str_t  type, id;

    if (r->head.method != PTN_HTTP_POST) {
        return PTN_MAPI_X_INVALID_VERB;
    }

    type = ptn_http_header_get(&r->head, "Content-Type");
    id = ptn_http_header_get(&r->head, "X-RequestId");

    if (type.data == NULL || id.len == 0
        || ptn_http_header_get(&r->head, "X-RequestType").len == 0)
    {
        return PTN_MAPI_X_MISSING_HEADER;
    }

    if (!ptn_str_istarts(type, "application/mapi-http")
        || id.len > PTN_MAPI_HEADER_MAX)
    {
        return PTN_MAPI_X_INVALID_HEADER;
    }

    return PTN_MAPI_X_SUCCESS;
}


static const ptn_mapi_type_t *
ptn_mapi_type(ptn_str_t name)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_mapi_types); i++) {
        if (ptn_str_ieqz(name, ptn_mapi_types[i].name)) {
            return &ptn_mapi_types[i];
        }
    }

    return NULL;
}


/* The context of the request and, with `takes`, its number (3.2.5.1). */

static ptn_mapi_code_e
ptn_mapi_find(ptn_mapi_request_t *r, bool takes)
{
    uint64_t             n;
    ptn_str_t            cookies, context, sequence;
    ptn_mapi_context_t  *c;

    cookies = ptn_http_header_get(&r->head, "Cookie");
    context = ptn_mapi_cookie_get(cookies, PTN_MAPI_COOKIE_CONTEXT);
    sequence = ptn_mapi_cookie_get(cookies, PTN_MAPI_COOKIE_SEQUENCE);

    if (context.data == NULL) {
        return PTN_MAPI_X_MISSING_COOKIE;
    }

    if (r->job->session == NULL) {
        return PTN_MAPI_X_INVALID_COOKIE;       /* it is no id */
    }

    c = ptn_session_state(r->job->session);

    /* another's context does not exist */

    if (c->rop.actor.user != r->actor.user
        || ptn_rop_session_actor(&c->rop, &r->actor) != PTN_OK)
    {
        return PTN_MAPI_X_NO_CONTEXT;
    }

    if (takes) {
        if (sequence.data == NULL) {
            return PTN_MAPI_X_MISSING_COOKIE;
        }

        if (ptn_str_u64(sequence, UINT32_MAX, &n) != PTN_OK || n == 0) {
            return PTN_MAPI_X_INVALID_COOKIE;
        }

        if (n != c->sequence && n != c->repeated) {
            return PTN_MAPI_X_INVALID_SEQUENCE;
        }

        if (n != c->sequence) {
            c->repeated = 0;            /* once */
        }

        c->sequence = c->sequence == UINT32_MAX ? 1 : c->sequence + 1;
    }

    r->context = c;
    r->session = r->job->session;

    return PTN_MAPI_X_SUCCESS;
}


static ptn_rc_t
ptn_mapi_request_begin(ptn_mapi_request_t *r, ptn_job_t *job)
{
    memset(r, 0, sizeof(ptn_mapi_request_t));

    r->job = job;
    r->app = job->app;
    r->start = ptn_time_mono();
    r->time = ptn_time_now();

    return ptn_http_request(job, &r->head, &r->body);
}


static ptn_rc_t
ptn_mapi_request(ptn_job_t *job)
{
    ptn_rc_t                rc;
    ptn_mapi_code_e         code;
    ptn_mapi_request_t      r;
    const ptn_mapi_type_t  *type;

    rc = ptn_mapi_request_begin(&r, job);

    if (rc == PTN_OK) {
        rc = ptn_http_actor(job, &r.head, &r.actor);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    code = ptn_mapi_headers(&r);
    type = ptn_mapi_type(ptn_http_header_get(&r.head, "X-RequestType"));

    if (code == PTN_MAPI_X_SUCCESS && type == NULL) {
        code = PTN_MAPI_X_INVALID_TYPE;
    }

    if (code == PTN_MAPI_X_SUCCESS && (type->flags & PTN_MAPI_CONTEXT)) {
        code = ptn_mapi_find(&r, type->flags & PTN_MAPI_SEQUENCE);
    }

    if (code != PTN_MAPI_X_SUCCESS) {
        return ptn_mapi_refuse(&r, code);
    }

    return type->run(&r);
}


/*
 * The session is lost, a commit has failed, the process has died.  The client
 * of a parked NotificationWait has the head already: it goes on with DONE.
 */

static void
ptn_mapi_failed(ptn_job_t *job, ptn_rc_t rc)
{
    bool                wait;
    ptn_mapi_request_t  r;

    if (ptn_mapi_request_begin(&r, job) != PTN_OK) {
        return;
    }

    wait = ptn_str_ieqz(ptn_http_header_get(&r.head, "X-RequestType"),
                        "NotificationWait");

    (void) ptn_mapi_refuse_meta(&r, rc == PTN_ESTALE ? PTN_MAPI_X_NO_CONTEXT
                                                     : PTN_MAPI_X_UNKNOWN,
                                true, wait);
}


/* A body is its structure and nothing else. */

static ptn_rc_t
ptn_mapi_body(ptn_mapi_request_t *r, const ptn_wire_t *wire, void *ret)
{
    ptn_rc_t   rc;
    ptn_str_t  rest;

    rest = r->body;

    rc = ptn_wire_pull(wire, r->job->pool, &rest, ret);

    return rc == PTN_OK && rest.len != 0 ? PTN_EPARSE : rc;
}


/* 0, or the StatusCode for an auxiliary buffer (MS-OXCRPC 3.1.4.1, cbAuxIn). */

static uint32_t
ptn_mapi_aux(ptn_str_t aux)
{
    if (aux.len > PTN_MAPI_AUX_MAX) {
        return PTN_MAPI_BAD_STUB_DATA;
    }

    return aux.len != 0 && aux.len < PTN_MAPI_EXT_LEN ? PTN_MAPI_RPC_FAILED
                                                      : 0;
}


void
ptn_mapi_ctx(ptn_mapi_request_t *r, ptn_rop_ctx_t *ret_ctx)
{
    memset(ret_ctx, 0, sizeof(ptn_rop_ctx_t));

    ret_ctx->app = r->app;
    ret_ctx->pool = r->job->pool;
    ret_ctx->log = r->job->log;
    ret_ctx->session = &r->context->rop;
}


/* --- Connect, 2.2.4.1 ---------------------------------------------------- */

static void
ptn_mapi_close(void *state, void *app PTN_UNUSED)
{
    ptn_mapi_context_t  *c = state;

    ptn_mapi_wait_end(c, PTN_MAPI_X_NO_CONTEXT, false);
    ptn_rop_session_close(&c->rop);
}


/* Whom UserDn names; 0, or the ErrorCode (MS-OXCRPC 3.1.4.1). */

static uint32_t
ptn_mapi_connect_user(ptn_mapi_request_t *r, const ptn_mapi_connect_req_t *req,
    ptn_user_t *ret_user)
{
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;
    ptn_guid_t   guid;

    if (req->user_dn.len == 0) {
        return PTN_MAPI_ACCESS_DENIED;
    }

    if (req->flags & PTN_MAPI_CONNECT_ADMIN) {
        return PTN_MAPI_LOGIN_PERM;
    }

    rc = ptn_eid_dn_parse(req->user_dn, &guid);

    if (rc == PTN_OK) {
        rc = ptn_user_by_mailbox(r->app->directory, r->job->pool, guid,
                                 ret_user);
    }

    if (rc == PTN_EPARSE || rc == PTN_ENOTFOUND
        || (rc == PTN_OK && ret_user->disabled))
    {
        return PTN_MAPI_UNKNOWN_USER;
    }

    if (rc != PTN_OK || ret_user->id == r->actor.user) {
        return ptn_err(rc)->mapi;
    }

    /* has it anything there? */

    rc = ptn_mbox_open(r->app->store, ret_user, &r->actor, &mb);

    return (rc == PTN_ENOTFOUND) ? PTN_MAPI_ACCESS_DENIED : ptn_err(rc)->mapi;
}


static ptn_rc_t
ptn_mapi_connect(ptn_mapi_request_t *r)
{
    ptn_rc_t                rc;
    uint32_t                status;
    ptn_buf_t               name;
    ptn_user_t              user;
    ptn_mapi_connect_req_t  req;
    ptn_mapi_connect_res_t  res = { 0 };

    rc = ptn_mapi_body(r, &ptn_mapi_connect_req_wire, &req);
    if (rc != PTN_OK) {
        return ptn_mapi_refuse(r, PTN_MAPI_X_INVALID_BODY);
    }

    status = ptn_mapi_aux(req.aux);
    if (status != 0) {
        return ptn_mapi_fail(r, status);
    }

    res.error_code = ptn_mapi_connect_user(r, &req, &user);
    if (res.error_code != 0) {
        return ptn_mapi_answer(r, &ptn_mapi_connect_res_wire, &res);
    }

    rc = ptn_session_create(r->job, sizeof(ptn_mapi_context_t),
                            (uint64_t) r->app->conf->mapi_idle * 1000,
                            ptn_mapi_close, &r->session);
    if (rc != PTN_OK) {
        return ptn_mapi_fail(r, ptn_err(rc)->mapi);
    }

    rc = ptn_session_acquire(r->session, r->actor.user,
                             r->app->conf->sessions_max);
    if (rc != PTN_OK) {
        ptn_session_end(r->session);
        r->session = NULL;

        if (rc != PTN_ELIMIT) {
            return rc;
        }

        res.error_code = PTN_MAPI_TOO_MANY_SESSIONS;
        return ptn_mapi_answer(r, &ptn_mapi_connect_res_wire, &res);
    }

    r->context = ptn_session_state(r->session);
    r->context->sequence = 1;

    rc = ptn_rop_session_open(&r->context->rop, &r->actor);
    if (rc != PTN_OK) {
        ptn_session_end(r->session);
        return rc;
    }

    r->context->rop.codepage = req.code_page;
    r->context->rop.lcid_sort = req.lcid_sort;
    r->context->rop.lcid_string = req.lcid_string;

    ptn_buf_init(&name, r->job->pool);
    ptn_buf_utf16(&name, user.display);

    res.polls_max = PTN_MAPI_POLLS_MAX;
    res.retry_count = PTN_MAPI_RETRY_COUNT;
    res.retry_delay = PTN_MAPI_RETRY_DELAY;
    res.display_name = ptn_buf_get(&name);

    return ptn_mapi_answer(r, &ptn_mapi_connect_res_wire, &res);
}


/* --- Execute, 2.2.4.2 ---------------------------------------------------- */

static uint32_t
ptn_mapi_execute_limits(const ptn_mapi_execute_req_t *req)
{
    if (req->rop_buffer.len > PTN_MAPI_ROP_IN_MAX
        || req->max_rop_out > PTN_MAPI_ROP_OUT_MAX)
    {
        return PTN_MAPI_BAD_STUB_DATA;
    }

    return ptn_mapi_aux(req->aux);
}


static ptn_rc_t
ptn_mapi_execute(ptn_mapi_request_t *r)
{
    ptn_rc_t                rc;
    uint32_t                status;
    ptn_buf_t               out;
    ptn_rop_ctx_t           ctx;
    ptn_mapi_execute_req_t  req;
    ptn_mapi_execute_res_t  res = { 0 };

    rc = ptn_mapi_body(r, &ptn_mapi_execute_req_wire, &req);
    if (rc != PTN_OK) {
        return ptn_mapi_refuse(r, PTN_MAPI_X_INVALID_BODY);
    }

    status = ptn_mapi_execute_limits(&req);
    if (status != 0) {
        return ptn_mapi_fail(r, status);
    }

    /* a header, RopSize, and perhaps something to say */

    if (req.max_rop_out < PTN_MAPI_EXT_LEN
        || (req.rop_buffer.len != 0 && req.rop_buffer.len < PTN_MAPI_EXT_LEN))
    {
        res.error_code = PTN_MAPI_RPC_FAILED;
        return ptn_mapi_answer(r, &ptn_mapi_execute_res_wire, &res);
    }

    ptn_mapi_ctx(r, &ctx);
    ptn_buf_init(&out, r->job->pool);

    /* what others have done; our own comes the next time */

    rc = ptn_rop_notify_collect(&ctx);

    if (rc == PTN_OK) {
        rc = ptn_mapi_execute_buffers(&ctx, req.rop_buffer, req.flags,
                                      req.max_rop_out, &out, &res.error_code);
    }

    if (rc != PTN_OK) {
        return ptn_mapi_fail(r, rc == PTN_ETOOBIG ? PTN_MAPI_BUFFER_TOO_SMALL
                                                  : ptn_err(rc)->mapi);
    }

    ptn_mapi_wait_check(r->context);

    if (res.error_code == 0) {
        res.rop_buffer = ptn_buf_get(&out);
    }

    return ptn_mapi_answer(r, &ptn_mapi_execute_res_wire, &res);
}


/* --- Disconnect, PING ---------------------------------------------------- */

static ptn_rc_t
ptn_mapi_disconnect(ptn_mapi_request_t *r)
{
    ptn_rc_t                   rc;
    ptn_mapi_disconnect_req_t  req = { 0 };
    ptn_mapi_disconnect_res_t  res = { 0 };

    /* 3.1.5.4 says that there is no body, 2.2.4.3.1 what is in it */

    if (r->body.len != 0) {
        rc = ptn_mapi_body(r, &ptn_mapi_disconnect_req_wire, &req);
        if (rc != PTN_OK) {
            return ptn_mapi_refuse(r, PTN_MAPI_X_INVALID_BODY);
        }
    }

    ptn_mapi_wait_end(r->context, PTN_MAPI_X_SUCCESS, false);
    ptn_session_end(r->session);

    return ptn_mapi_answer(r, &ptn_mapi_disconnect_res_wire, &res);
}


/* 2.2.6, 3.2.5.3: no bodies; with a context its idle time begins anew. */

static ptn_rc_t
ptn_mapi_ping(ptn_mapi_request_t *r)
{
    ptn_mapi_code_e  code;

    if (ptn_mapi_cookie_get(ptn_http_header_get(&r->head, "Cookie"),
                            PTN_MAPI_COOKIE_CONTEXT).data != NULL)
    {
        code = ptn_mapi_find(r, false);
        if (code != PTN_MAPI_X_SUCCESS) {
            return ptn_mapi_refuse(r, code);
        }
    }

    return ptn_mapi_answer(r, NULL, NULL);
}


const ptn_job_type_t  ptn_mapi_jobs[] = {
    { "mapi.request", PTN_LANE_SHORT, 0, ptn_mapi_request, ptn_mapi_failed,
      NULL },
    { "mapi.poke",    PTN_LANE_SHORT, 0, ptn_mapi_poke, NULL, NULL },
    { NULL, 0, 0, NULL, NULL, NULL }
};
