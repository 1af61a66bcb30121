#include <stdarg.h>
#include <stdio.h>

#include "ptn_stream_job.h"


/*
 * What the pool keeps for a stream between jobs.  10,000 idle ones are meant
 * to fit, so it holds nothing that a job can find again.
 */
typedef struct {
    const ptn_stream_proto_t  *proto;
    ptn_stream_next_t          next;
    uint32_t                   consumed;    /* by the last job */
    uint16_t                   port;
    uint16_t                   listen_port;
    bool                       tls;
    bool                       starttls;
    bool                       local;
    u_char                     addr_len;
    u_char                     variant_len;
    u_char                     strings[PTN_STREAM_ADDR_MAX];
                                            /* address, variant */
    _Alignas(16) u_char        state[];
} ptn_stream_session_t;

/* A request after its check; everything lies in the job's private copy. */
typedef struct {
    ptn_stream_req_t       head;
    ptn_str_t              addr;
    ptn_str_t              variant;
    ptn_stream_unit_req_t  units[PTN_STREAM_UNITS_MAX];
    ptn_str_t              texts[PTN_STREAM_UNITS_MAX];
    ptn_str_t              bodies[PTN_STREAM_UNITS_MAX];
} ptn_stream_parsed_t;


const ptn_stream_proto_t *const  ptn_stream_protos[] = {
    &ptn_imap_proto,
    &ptn_smtp_proto,
    NULL
};


static ptn_rc_t
ptn_stream_take(ptn_str_t *rest, size_t n, ptn_str_t *ret)
{
    if (n > rest->len) {
        return PTN_ETRUNC;
    }

    *ret = ptn_str_make(rest->data, n);
    rest->data += n;
    rest->len -= n;

    return PTN_OK;
}


static ptn_rc_t
ptn_stream_parse_units(ptn_stream_parsed_t *p, ptn_str_t *rest,
    uint64_t file_len)
{
    uint32_t                i, files;
    ptn_rc_t                rc;
    ptn_str_t               raw;
    ptn_stream_unit_req_t  *u;

    files = 0;

    for (i = 0; i < p->head.nunits; i++) {
        rc = ptn_stream_take(rest, sizeof(ptn_stream_unit_req_t), &raw);
        if (rc != PTN_OK) {
            return rc;
        }

        memcpy(&p->units[i], raw.data, sizeof(ptn_stream_unit_req_t));
    }

    for (i = 0; i < p->head.nunits; i++) {
        u = &p->units[i];

        rc = ptn_stream_take(rest, u->text_len, &p->texts[i]);
        if (rc != PTN_OK) {
            return rc;
        }

        if (u->in_file) {
            if (++files > 1 || u->body_len != file_len) {
                return PTN_EINVAL;
            }
            continue;
        }

        rc = ptn_stream_take(rest, u->body_len, &p->bodies[i]);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return rest->len == 0 ? PTN_OK : PTN_EINVAL;
}


static ptn_rc_t
ptn_stream_parse(ptn_job_t *job, ptn_stream_parsed_t *p)
{
    size_t     n;
    ptn_rc_t   rc;
    ptn_str_t  rest, raw;

    rest = job->request;

    rc = ptn_stream_take(&rest, sizeof(ptn_stream_req_t), &raw);
    if (rc != PTN_OK) {
        return rc;
    }

    memcpy(&p->head, raw.data, sizeof(ptn_stream_req_t));

    for (n = 0; ptn_stream_protos[n] != NULL; n++) { /* void */ }

    if (p->head.proto >= n
        || p->head.kind > PTN_STREAM_WAKE
        || p->head.nunits > PTN_STREAM_UNITS_MAX
        || p->head.addr_len + p->head.variant_len > PTN_STREAM_ADDR_MAX)
    {
        return PTN_EINVAL;
    }

    rc = ptn_stream_take(&rest, p->head.addr_len, &p->addr);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_stream_take(&rest, p->head.variant_len, &p->variant);
    if (rc != PTN_OK) {
        return rc;
    }

    return ptn_stream_parse_units(p, &rest, job->body_len);
}


/* --- the driver's half of ptn_stream_t -------------------------------- */

static ptn_rc_t
ptn_stream_job_write(ptn_stream_t *s, const void *data, size_t len)
{
    return ptn_job_reply(s->driver, data, len);
}


static ptn_rc_t
ptn_stream_job_write_fd(ptn_stream_t *s, int fd, uint64_t off, uint64_t len)
{
    return ptn_job_reply_fd(s->driver, fd, off, len);
}


static ptn_rc_t
ptn_stream_job_flush(ptn_stream_t *s)
{
    /* nothing may leave before the batch is durable; it follows the commit */

    if (ptn_store_pending(s->app->store)) {
        return PTN_OK;
    }

    return ptn_job_flush(s->driver);
}


static bool
ptn_stream_job_cancelled(ptn_stream_t *s)
{
    return ptn_job_cancelled(s->driver);
}


static ptn_rc_t
ptn_stream_job_acquire(ptn_stream_t *s, uint64_t user)
{
    ptn_job_t  *job = s->driver;

    return ptn_session_acquire(job->session, user, s->conf->sessions_max);
}


static void
ptn_stream_job_release(ptn_stream_t *s)
{
    ptn_job_t  *job = s->driver;

    ptn_session_release(job->session);
}


static void
ptn_stream_bind(ptn_stream_t *s, ptn_stream_peer_t *peer, ptn_job_t *job,
    ptn_stream_session_t *ss)
{
    memset(s, 0, sizeof(ptn_stream_t));

    peer->tls = ss->tls;
    peer->starttls = ss->starttls;
    peer->local = ss->local;
    peer->port = ss->port;
    peer->listen_port = ss->listen_port;
    peer->addr = ptn_str_make(ss->strings, ss->addr_len);
    peer->variant = ptn_str_make(ss->strings + ss->addr_len, ss->variant_len);

    s->pool = job->pool;
    s->app = job->app;
    s->conf = s->app->conf;
    s->log = job->log;
    s->peer = peer;
    s->state = ss->state;
    s->store = ptn_session_id(job->session).b[0];
    s->next = ss->next;
    s->ready = job->ready;
    s->waiting = job->waiting;
    s->write = ptn_stream_job_write;
    s->write_fd = ptn_stream_job_write_fd;
    s->flush = ptn_stream_job_flush;
    s->cancelled = ptn_stream_job_cancelled;
    s->acquire = ptn_stream_job_acquire;
    s->release = ptn_stream_job_release;
    s->driver = job;
}


ptn_rc_t
ptn_stream_str(ptn_stream_t *s, ptn_str_t str)
{
    return s->write(s, str.data, str.len);
}


ptn_rc_t
ptn_stream_printf(ptn_stream_t *s, const char *fmt, ...)
{
    int      n;
    char     tmp[512], *p;
    va_list  ap;

    va_start(ap, fmt);
    n = vsnprintf(tmp, sizeof(tmp), fmt, ap);
    va_end(ap);

    if (n < 0) {
        return PTN_EINTERNAL;
    }

    if ((size_t) n < sizeof(tmp)) {
        return s->write(s, tmp, (size_t) n);
    }

    p = ptn_palloc(s->pool, (size_t) n + 1);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    va_start(ap, fmt);
    vsnprintf(p, (size_t) n + 1, fmt, ap);
    va_end(ap);

    return s->write(s, p, (size_t) n);
}


ptn_rc_t
ptn_stream_sign_in(ptn_stream_t *s, const char *service,
    const ptn_actor_t *actor)
{
    ptn_rc_t  rc;

    rc = s->acquire(s, actor->user);

    if (rc == PTN_ELIMIT) {
        ptn_log(s->log, PTN_LOG_WARN,
                "sessions-full service=%s addr=%.*s max=%u user=%.*s", service,
                ptn_str_arg(s->peer->addr), s->conf->sessions_max,
                ptn_str_arg(actor->address));
    }

    return rc;
}


void
ptn_stream_sign_out(ptn_stream_t *s)
{
    s->release(s);
}


/* --- handlers --------------------------------------------------------- */

static ptn_rc_t
ptn_stream_done(ptn_job_t *job, const ptn_stream_next_t *next,
    uint32_t consumed)
{
    ptn_stream_done_t  done;

    memset(&done, 0, sizeof(done));
    done.next = *next;
    done.consumed = consumed;

    return ptn_job_trailer(job, &done, sizeof(done));
}


static void
ptn_stream_close(void *data, void *app)
{
    ptn_stream_session_t  *ss = data;

    if (ss->proto != NULL && ss->proto->close != NULL) {
        ss->proto->close(ss->state, app);
    }
}


static ptn_rc_t
ptn_stream_open(ptn_job_t *job, const ptn_stream_parsed_t *p,
    ptn_stream_session_t **ret_ss)
{
    ptn_rc_t                   rc;
    ptn_session_t             *session;
    const ptn_conf_t          *conf;
    ptn_stream_session_t      *ss;
    const ptn_stream_proto_t  *proto;

    proto = ptn_stream_protos[p->head.proto];

    rc = ptn_session_create(job,
                            sizeof(ptn_stream_session_t) + proto->state_size,
                            0, ptn_stream_close, &session);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_session_bind(session);

    conf = ((ptn_app_t *) job->app)->conf;
    ss = ptn_session_state(session);

    ss->proto = proto;
    ss->port = p->head.port;
    ss->listen_port = p->head.listen_port;
    ss->tls = p->head.tls;
    ss->starttls = p->head.starttls && !p->head.tls;
    ss->local = p->head.local;
    ss->addr_len = p->head.addr_len;
    ss->variant_len = p->head.variant_len;
    memcpy(ss->strings, p->addr.data, p->addr.len);
    memcpy(ss->strings + p->addr.len, p->variant.data, p->variant.len);

    ss->next.mode = PTN_MODE_COMMAND;
    ss->next.then = PTN_THEN_READ;
    ss->next.body_max = conf->message_max;
    ss->next.timeout = 60;
    ss->next.move_slot = PTN_SLOT_ANY;

    *ret_ss = ss;

    return PTN_OK;
}


/* What the units behind must wait for: they are framed anew. */

static bool
ptn_stream_changed(const ptn_stream_next_t *was, const ptn_stream_next_t *now)
{
    return now->mode != was->mode
           || now->then != PTN_THEN_READ
           || now->watch
           || now->authenticated != was->authenticated
           || now->body_max != was->body_max
           || now->move_slot != PTN_SLOT_ANY;
}


static ptn_rc_t
ptn_stream_input(ptn_stream_t *s, ptn_stream_session_t *ss, ptn_job_t *job,
    const ptn_stream_parsed_t *p)
{
    uint32_t           i;
    ptn_rc_t           rc;
    ptn_stream_next_t  was;
    ptn_stream_unit_t  unit;

    for (i = 0; i < p->head.nunits; i++) {

        unit.text = p->texts[i];
        unit.body = p->bodies[i];
        unit.body_len = p->units[i].body_len;

        if (p->units[i].in_file) {
            rc = ptn_job_body_map(job, &unit.body);
            if (rc != PTN_OK) {
                return rc;
            }
        }

        was = s->next;
        ss->consumed = i + 1;

        rc = ss->proto->input(s, &unit);
        if (rc != PTN_OK) {
            return rc;
        }

        if (ptn_stream_changed(&was, &s->next)) {
            break;
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_stream_run(ptn_job_t *job)
{
    ptn_rc_t               rc;
    ptn_stream_t           s;
    ptn_stream_peer_t      peer;
    ptn_stream_parsed_t   *p;
    ptn_stream_session_t  *ss;

    p = ptn_pcalloc(job->pool, sizeof(ptn_stream_parsed_t));
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_stream_parse(job, p);
    if (rc != PTN_OK) {
        return rc;
    }

    if (p->head.kind <= PTN_STREAM_MOVE) {
        rc = ptn_stream_open(job, p, &ss);
        if (rc != PTN_OK) {
            return rc;
        }

    } else {
        if (job->session == NULL) {
            return PTN_ESTALE;
        }

        ss = ptn_session_state(job->session);

        if (ss->proto != ptn_stream_protos[p->head.proto]) {
            return PTN_EINVAL;
        }
    }

    ss->consumed = 0;
    ss->next.watch = 0;
    ss->next.move_slot = PTN_SLOT_ANY;

    ptn_stream_bind(&s, &peer, job, ss);

    if (p->head.kind <= PTN_STREAM_MOVE) {
        rc = ss->proto->open(&s, p->head.kind == PTN_STREAM_OPEN,
                             p->head.kind == PTN_STREAM_MOVE ? &p->head.handle
                                                             : NULL);
    }

    if (rc == PTN_OK && p->head.kind == PTN_STREAM_WAKE) {
        rc = ss->proto->wake(&s);

    } else if (rc == PTN_OK) {
        rc = ptn_stream_input(&s, ss, job, p);
    }

    if (rc == PTN_ECANCEL) {
        return rc;
    }

    if (rc != PTN_OK) {
        s.next.then = PTN_THEN_CLOSE;
    }

    ss->next = s.next;

    return ptn_stream_done(job, &ss->next, ss->consumed);
}


/* The first unit alone: what is behind it may be of another mode. */

static void
ptn_stream_prepare(ptn_job_t *job)
{
    ptn_stream_t           s;
    ptn_stream_peer_t      peer;
    ptn_stream_unit_t      unit;
    ptn_stream_parsed_t   *p;
    ptn_stream_session_t  *ss;

    if (job->session == NULL) {
        return;
    }

    ss = ptn_session_state(job->session);

    if (ss->proto->prepare == NULL) {
        return;
    }

    p = ptn_pcalloc(job->pool, sizeof(ptn_stream_parsed_t));

    if (p == NULL || ptn_stream_parse(job, p) != PTN_OK
        || p->head.kind <= PTN_STREAM_MOVE || p->head.kind == PTN_STREAM_WAKE
        || ss->proto != ptn_stream_protos[p->head.proto]
        || p->head.nunits == 0)
    {
        return;
    }

    unit.text = p->texts[0];
    unit.body = p->bodies[0];
    unit.body_len = p->units[0].body_len;

    if (p->units[0].in_file
        && ptn_job_body_map(job, &unit.body) != PTN_OK)
    {
        return;
    }

    ptn_stream_bind(&s, &peer, job, ss);
    ptn_job_place(job, ss->proto->prepare(&s, &unit));
    job->ready = s.ready;
}


/*
 * The reply is dropped: the batch was not committed (then the session is
 * there and each unit is answered), or the session is lost.
 */

static void
ptn_stream_failed(ptn_job_t *job, ptn_rc_t rc)
{
    uint32_t               i;
    ptn_stream_t           s;
    ptn_stream_next_t      next;
    ptn_stream_peer_t      peer;
    ptn_stream_unit_t      unit;
    ptn_stream_parsed_t   *p;
    ptn_stream_session_t  *ss;

    p = ptn_pcalloc(job->pool, sizeof(ptn_stream_parsed_t));
    if (p == NULL || ptn_stream_parse(job, p) != PTN_OK) {
        return;
    }

    if (job->session == NULL) {
        const ptn_stream_proto_t  *proto = ptn_stream_protos[p->head.proto];

        memset(&next, 0, sizeof(next));
        next.then = PTN_THEN_CLOSE;
        next.move_slot = PTN_SLOT_ANY;

        (void) ptn_job_reply(job, proto->busy.data, proto->busy.len);
        (void) ptn_stream_done(job, &next, p->head.nunits);
        return;
    }

    ss = ptn_session_state(job->session);
    ptn_stream_bind(&s, &peer, job, ss);

    for (i = 0; i < ss->consumed && i < p->head.nunits; i++) {
        unit.text = p->texts[i];
        unit.body = p->bodies[i];
        unit.body_len = p->units[i].body_len;
        ss->proto->failed(&s, &unit, rc);
    }

    ss->next = s.next;
    (void) ptn_stream_done(job, &ss->next, ss->consumed);
}


const ptn_job_type_t  ptn_stream_jobs[] = {

    { "stream.short", PTN_LANE_SHORT, 0,
      ptn_stream_run, ptn_stream_failed, NULL },

    { "stream.write", PTN_LANE_SHORT, PTN_JOB_WRITES,
      ptn_stream_run, ptn_stream_failed, ptn_stream_prepare },

    { "stream.bulk",  PTN_LANE_BULK,  0,
      ptn_stream_run, ptn_stream_failed, NULL },

    { "stream.auth",  PTN_LANE_AUTH,  0,
      ptn_stream_run, ptn_stream_failed, NULL },

    { NULL, 0, 0, NULL, NULL, NULL }
};
