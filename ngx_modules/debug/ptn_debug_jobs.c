#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "ptn_app.h"
#include "ptn_debug_jobs.h"
#include "ptn_http_head.h"
#include "ptn_http_meta.h"


#define PTN_DEBUG_PIECE  65536


typedef struct {
    uint64_t    count;
    ptn_job_t  *parked;
    uint64_t    fed;
    uint64_t    held;           /* pieces that had to wait */
    uint32_t    next;           /* slot that is watched from a change on */
} ptn_debug_state_t;


ptn_str_t
ptn_debug_arg(ptn_str_t query, const char *name)
{
    size_t   i, len, end;

    len = strlen(name);

    for (i = 0; i < query.len; i = end + 1) {
        for (end = i; end < query.len && query.data[end] != '&'; end++) {
            /* void */
        }

        if (end - i > len && memcmp(query.data + i, name, len) == 0
            && query.data[i + len] == '=')
        {
            return ptn_str_make(query.data + i + len + 1, end - i - len - 1);
        }
    }

    return ptn_str_make(NULL, 0);
}


uint64_t
ptn_debug_number(ptn_str_t query, const char *name, uint64_t none)
{
    uint64_t   n;
    ptn_str_t  s;

    s = ptn_debug_arg(query, name);

    if (s.data == NULL || ptn_str_u64(s, 1ULL << 40, &n) != PTN_OK) {
        return none;
    }

    return n;
}


ptn_rc_t
ptn_debug_session(ptn_str_t query, ptn_sid_t *ret_session)
{
    size_t      i;
    ptn_str_t   s;
    ptn_sid_t   sid;
    unsigned    byte;
    char        hex[3];

    s = ptn_debug_arg(query, "session");

    if (s.len != 2 * sizeof(sid.b)) {
        return PTN_EPARSE;
    }

    for (i = 0; i < sizeof(sid.b); i++) {
        memcpy(hex, s.data + 2 * i, 2);
        hex[2] = '\0';

        if (sscanf(hex, "%2x", &byte) != 1) {
            return PTN_EPARSE;
        }

        sid.b[i] = (u_char) byte;
    }

    *ret_session = sid;

    return PTN_OK;
}


static void
ptn_debug_hex(ptn_sid_t sid, char out[33])
{
    size_t  i;

    for (i = 0; i < sizeof(sid.b); i++) {
        snprintf(out + 2 * i, 3, "%02x", sid.b[i]);
    }
}


/* Splits the request: the query, and what follows its newline. */
static ptn_str_t
ptn_debug_query(ptn_job_t *job, ptn_str_t *ret_body)
{
    u_char     *nl;
    ptn_str_t   query;

    query = job->request;
    nl = query.len ? memchr(query.data, '\n', query.len) : NULL;

    if (ret_body != NULL) {
        *ret_body = ptn_str_make(NULL, 0);
    }

    if (nl != NULL) {
        if (ret_body != NULL) {
            *ret_body = ptn_str_make(nl + 1,
                                     query.len - (size_t) (nl + 1 - query.data));
        }

        query.len = (size_t) (nl - query.data);
    }

    return query;
}


static ptn_rc_t
ptn_debug_text(ptn_job_t *job, unsigned status, ptn_str_t text)
{
    ptn_rc_t  rc;

    rc = ptn_http_reply_head(job, status, "text/plain", (int64_t) text.len);
    if (rc != PTN_OK) {
        return rc;
    }

    return ptn_job_reply(job, text.data, text.len);
}


/* As small as a useful answer: 200 bytes. */
static ptn_rc_t
ptn_debug_noop(ptn_job_t *job)
{
    u_char  text[200];

    memset(text, '.', sizeof(text));
    text[sizeof(text) - 1] = '\n';

    return ptn_debug_text(job, 200, ptn_str_make(text, sizeof(text)));
}


/* In steps, so that it can be cancelled. */
static ptn_rc_t
ptn_debug_nap(ptn_job_t *job, uint64_t ms)
{
    uint64_t         end, now;
    struct timespec  ts;

    end = ptn_time_mono() + ms;

    for (now = ptn_time_mono(); now < end; now = ptn_time_mono()) {

        if (ptn_job_cancelled(job)) {
            return PTN_ECANCEL;
        }

        ts.tv_sec = 0;
        ts.tv_nsec = (long) ptn_min(end - now, 10u) * 1000000;
        nanosleep(&ts, NULL);
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_debug_sleep(ptn_job_t *job)
{
    ptn_rc_t   rc;
    ptn_str_t  query;

    query = ptn_debug_query(job, NULL);

    rc = ptn_debug_nap(job, ptn_debug_number(query, "ms", 100));
    if (rc != PTN_OK) {
        return rc;
    }

    return ptn_debug_text(job, 200, ptn_str_printf(job->pool, "slept %d\n",
                                                   (int) getpid()));
}


/* Burns a processor for `ms`: an export, a search. */
static ptn_rc_t
ptn_debug_bulk(ptn_job_t *job)
{
    uint64_t   end;
    uint64_t   x, i;
    ptn_str_t  query;

    query = ptn_debug_query(job, NULL);
    end = ptn_time_mono() + ptn_debug_number(query, "ms", 1000);
    x = 1;

    while (ptn_time_mono() < end) {

        if (ptn_job_cancelled(job)) {
            return PTN_ECANCEL;
        }

        for (i = 0; i < 100000; i++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
        }
    }

    return ptn_debug_text(job, 200, ptn_str_printf(job->pool, "%llu\n",
                                                   (unsigned long long) x));
}


/* What a wrong password costs: one yescrypt hash, then 401. */
static ptn_rc_t
ptn_debug_auth(ptn_job_t *job)
{
    struct crypt_data  *data;

    data = ptn_pcalloc(job->pool, sizeof(struct crypt_data));
    if (data == NULL) {
        return PTN_ENOMEM;
    }

    if (crypt_r("wrong", "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$", data) == NULL) {
        return PTN_EINTERNAL;
    }

    return PTN_EAUTH;
}


static ptn_rc_t
ptn_debug_echo(ptn_job_t *job)
{
    size_t     n;
    ptn_rc_t   rc;
    uint64_t   off;
    u_char    *p;
    ptn_str_t  body;

    (void) ptn_debug_query(job, &body);

    if (job->body_len == 0) {
        return ptn_debug_text(job, 200, body);
    }

    rc = ptn_http_reply_head(job, 200, "application/octet-stream",
                             (int64_t) job->body_len);
    if (rc != PTN_OK) {
        return rc;
    }

    p = ptn_palloc(job->pool, PTN_DEBUG_PIECE);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    for (off = 0; off < job->body_len; off += n) {
        n = (size_t) ptn_min(job->body_len - off, (uint64_t) PTN_DEBUG_PIECE);

        rc = ptn_job_body_read(job, off, p, n);
        if (rc == PTN_OK) {
            rc = ptn_job_reply(job, p, n);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


/* `bytes` of a pattern through the window. */
static ptn_rc_t
ptn_debug_stream(ptn_job_t *job)
{
    size_t     i, n;
    ptn_rc_t   rc;
    u_char    *p;
    uint64_t   left;
    ptn_str_t  query;

    query = ptn_debug_query(job, NULL);
    left = ptn_debug_number(query, "bytes", 1024 * 1024);

    rc = ptn_http_reply_head(job, 200, "application/octet-stream",
                             ptn_debug_number(query, "chunked", 0)
                             ? -1 : (int64_t) left);
    if (rc != PTN_OK) {
        return rc;
    }

    p = ptn_palloc(job->pool, PTN_DEBUG_PIECE);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < PTN_DEBUG_PIECE; i++) {
        p[i] = (u_char) ('a' + i % 26);
    }

    for ( /* void */ ; left != 0; left -= n) {
        n = (size_t) ptn_min(left, (uint64_t) PTN_DEBUG_PIECE);

        rc = ptn_job_reply(job, p, n);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


/* A range of a nameless file of `bytes`, by descriptor. */
static ptn_rc_t
ptn_debug_file(ptn_job_t *job)
{
    int        fd;
    ptn_rc_t   rc;
    uint64_t   len;
    ptn_str_t  query;

    query = ptn_debug_query(job, NULL);
    len = ptn_debug_number(query, "bytes", 1024 * 1024);

    fd = open("/tmp", O_TMPFILE|O_RDWR|O_CLOEXEC, 0600);
    if (fd == -1 || ftruncate(fd, (off_t) len) == -1) {
        rc = PTN_EIO;

    } else {
        rc = ptn_http_reply_head(job, 200, "application/octet-stream",
                                 (int64_t) len);
    }

    if (rc == PTN_OK) {
        rc = ptn_job_reply_fd(job, fd, 0, len);
    }

    if (fd != -1) {
        close(fd);
    }

    return rc;
}


static ptn_rc_t
ptn_debug_die(ptn_job_t *job)
{
    ptn_str_t  query;

    query = ptn_debug_query(job, NULL);
    (void) ptn_debug_nap(job, ptn_debug_number(query, "ms", 0));

    (void) kill(getpid(), SIGKILL);

    return PTN_EINTERNAL;
}


static ptn_rc_t
ptn_debug_pid(ptn_job_t *job)
{
    return ptn_debug_text(job, 200, ptn_str_printf(job->pool, "%d\n",
                                                   (int) getpid()));
}


/* Who is behind a sign-in handle?  A forged one: nobody. */
static ptn_rc_t
ptn_debug_handle(ptn_job_t *job)
{
    ptn_rc_t     rc;
    ptn_app_t   *app;
    ptn_sid_t    handle;
    ptn_actor_t  actor;

    app = job->app;

    rc = ptn_debug_session(ptn_debug_query(job, NULL), &handle);
    if (rc == PTN_OK) {
        rc = ptn_auth_handle(app->auth, job->pool, &handle, &actor);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    return ptn_debug_text(job, 200, actor.address);
}


static ptn_rc_t
ptn_debug_error(ptn_job_t *job)
{
    ptn_str_t  query;

    query = ptn_debug_query(job, NULL);

    return (ptn_rc_t) (ptn_debug_number(query, "rc", PTN_EINTERNAL)
                       % PTN_RC_MAX);
}


/* Announces a change of the slot, as a commit does. */
static ptn_rc_t
ptn_debug_bump(ptn_job_t *job)
{
    ptn_app_t  *app;

    app = job->app;
    ptn_board_bump(app->world, job->slot);

    return ptn_debug_text(job, 200,
                          ptn_str_printf(job->pool, "%llu\n",
                                         (unsigned long long)
                                         ptn_board_version(app->world,
                                                           job->slot)));
}


static void
ptn_debug_close(void *state, void *app)
{
    ptn_debug_state_t  *st = state;

    (void) app;

    if (st->parked != NULL) {
        ptn_job_finish(st->parked, PTN_OK);
        st->parked = NULL;
    }
}


static ptn_rc_t
ptn_debug_new_session(ptn_job_t *job, ptn_str_t query, char hex[33])
{
    ptn_rc_t        rc;
    ptn_session_t  *session;

    rc = ptn_session_create(job, sizeof(ptn_debug_state_t),
                            ptn_debug_number(query, "idle", 600000),
                            ptn_debug_close, &session);
    if (rc != PTN_OK) {
        return rc;
    }

    job->session = session;
    ptn_debug_hex(ptn_session_id(session), hex);

    return PTN_OK;
}


static ptn_rc_t
ptn_debug_make(ptn_job_t *job)
{
    char       hex[33];
    ptn_rc_t   rc;

    rc = ptn_debug_new_session(job, ptn_debug_query(job, NULL), hex);
    if (rc != PTN_OK) {
        return rc;
    }

    return ptn_debug_text(job, 200, ptn_str_printf(job->pool, "%s\n", hex));
}


static ptn_rc_t
ptn_debug_use(ptn_job_t *job)
{
    ptn_debug_state_t  *st;

    if (job->session == NULL) {
        return PTN_ESTALE;
    }

    st = ptn_session_state(job->session);

    return ptn_debug_text(job, 200,
                          ptn_str_printf(job->pool, "%llu %d\n",
                                         (unsigned long long) ++st->count,
                                         (int) getpid()));
}


static ptn_rc_t
ptn_debug_end(ptn_job_t *job)
{
    if (job->session == NULL) {
        return PTN_ESTALE;
    }

    ptn_session_end(job->session);

    return ptn_debug_text(job, 200, ptn_str("ended\n"));
}


/* RPC over HTTP in small: the OUT channel ... */
static ptn_rc_t
ptn_debug_park(ptn_job_t *job)
{
    char                hex[33];
    ptn_rc_t            rc;
    ptn_str_t           text;
    ptn_debug_state_t  *st;

    rc = ptn_debug_new_session(job, ptn_debug_query(job, NULL), hex);
    if (rc == PTN_OK) {
        rc = ptn_http_reply_head(job, 200, "application/octet-stream", -1);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    text = ptn_str_printf(job->pool, "%s\n", hex);

    rc = ptn_job_reply(job, text.data, text.len);
    if (rc == PTN_OK) {
        rc = ptn_job_park(job);
    }

    if (rc == PTN_OK) {
        rc = ptn_job_flush(job);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_session_state(job->session);
    st->parked = job;

    return PTN_AGAIN;
}


/*
 * ... and the IN channel: each piece goes out on the other connection.  `low`:
 * held while more bytes than that wait there.
 */
static ptn_rc_t
ptn_debug_feed(ptn_job_t *job)
{
    bool                last;
    ptn_rc_t            rc;
    uint64_t            low;
    ptn_str_t           query, body;
    ptn_debug_state_t  *st;

    query = ptn_debug_query(job, &body);

    if (job->session == NULL) {
        return PTN_ESTALE;
    }

    st = ptn_session_state(job->session);

    if (st->parked == NULL || body.len == 0) {
        return PTN_ESTALE;
    }

    low = ptn_debug_number(query, "low", 256 * 1024);

    if (ptn_job_pending(st->parked) > low) {
        st->held++;

        rc = ptn_job_retry(job, st->parked, low);
        return rc == PTN_OK ? PTN_AGAIN : rc;
    }

    last = (body.data[0] == 1);
    body.data++;
    body.len--;

    rc = ptn_job_reply(st->parked, body.data, body.len);
    if (rc == PTN_OK) {
        rc = ptn_job_flush(st->parked);
    }

    if (rc != PTN_OK) {
        st->parked = NULL;
        return rc;
    }

    st->fed += body.len;

    if (!last) {
        return PTN_OK;
    }

    if (ptn_debug_number(query, "end", 1)) {
        ptn_job_finish(st->parked, PTN_OK);
        st->parked = NULL;
    }

    return ptn_debug_text(job, 200,
                          ptn_str_printf(job->pool, "fed %llu held %llu\n",
                                         (unsigned long long) st->fed,
                                         (unsigned long long) st->held));
}


/*
 * Waits for changes of `slot` (and `slot2`); each poke writes a line.  `tick`:
 * seconds.  `next`: a slot that stands for them after the first change.
 */
static ptn_rc_t
ptn_debug_wait(ptn_job_t *job)
{
    char                hex[33];
    size_t              n;
    ptn_rc_t            rc;
    ptn_app_t          *app;
    ptn_str_t           query, text;
    ptn_http_meta_t     meta;
    ptn_http_watch_t    watch[2];
    ptn_debug_state_t  *st;

    app = job->app;
    query = ptn_debug_query(job, NULL);

    rc = ptn_debug_new_session(job, query, hex);
    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_session_state(job->session);
    st->next = (uint32_t) ptn_debug_number(query, "next", PTN_SLOT_ANY);

    n = 0;
    watch[n++].slot = (uint32_t) ptn_debug_number(query, "slot", 0)
                      % PTN_SLOTS;

    if (ptn_debug_arg(query, "slot2").data != NULL) {
        watch[n++].slot = (uint32_t) ptn_debug_number(query, "slot2", 0)
                          % PTN_SLOTS;
    }

    watch[0].version = ptn_board_version(app->world, watch[0].slot);
    watch[n - 1].version = ptn_board_version(app->world, watch[n - 1].slot);

    ptn_http_meta_begin(&meta, job->pool, 200);
    ptn_http_meta_add(&meta, "Content-Type", ptn_str("text/plain"));
    ptn_http_meta_poke(&meta, "debug.poke",
                       (uint32_t) ptn_debug_number(query, "tick", 0),
                       job->session, watch, n);

    text = ptn_str_printf(job->pool, "%s %d\n", hex, (int) getpid());

    rc = ptn_http_meta_send(&meta, job);

    if (rc == PTN_OK) {
        rc = ptn_job_reply(job, text.data, text.len);
    }

    if (rc == PTN_OK) {
        rc = ptn_job_park(job);
    }

    if (rc == PTN_OK) {
        rc = ptn_job_flush(job);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    st->parked = job;

    return PTN_AGAIN;
}


/* The process died: what a protocol would say. */
static void
ptn_debug_wait_failed(ptn_job_t *job, ptn_rc_t rc)
{
    ptn_str_t        text;
    ptn_http_meta_t  meta;

    ptn_http_meta_begin(&meta, job->pool, 200);
    ptn_http_meta_add(&meta, "Content-Type", ptn_str("text/plain"));
    ptn_http_meta_whole(&meta);

    text = ptn_str_printf(job->pool, "failed %s\n", ptn_err(rc)->name);

    if (ptn_http_meta_send(&meta, job) == PTN_OK) {
        (void) ptn_job_reply(job, text.data, text.len);
    }
}


static ptn_rc_t
ptn_debug_poke(ptn_job_t *job)
{
    char                hex[33];
    u_char              reason;
    ptn_rc_t            rc;
    ptn_app_t          *app;
    ptn_str_t           text;
    ptn_http_watch_t    watch;
    ptn_debug_state_t  *st;

    static const char *const  reasons[] = { "?", "change", "tick", "quit",
                                              "gone" };

    app = job->app;

    if (job->session == NULL || job->request.len != 1) {
        return PTN_ESTALE;
    }

    st = ptn_session_state(job->session);
    reason = job->request.data[0];

    if (st->parked == NULL || reason >= ptn_nelts(reasons)) {
        return PTN_ESTALE;
    }

    text = ptn_str_printf(job->pool, "%s\n", reasons[reason]);

    rc = ptn_job_reply(st->parked, text.data, text.len);
    if (rc == PTN_OK) {
        rc = ptn_job_flush(st->parked);
    }

    if (rc != PTN_OK || reason >= 3) {
        ptn_debug_hex(ptn_session_id(job->session), hex);
        ptn_log(job->log, PTN_LOG_INFO, "debug wait %s ends %s", hex,
                ptn_err(rc)->name);
        ptn_job_finish(st->parked, rc);
        st->parked = NULL;
        return rc;
    }

    if (st->next != PTN_SLOT_ANY) {
        watch.slot = st->next % PTN_SLOTS;
        watch.version = ptn_board_version(app->world, watch.slot);
        return ptn_http_watches(job, &watch, 1);
    }

    return PTN_OK;
}


/* What a protocol's handler learns of a request that was signed in. */
static ptn_rc_t
ptn_debug_whoami(ptn_job_t *job)
{
    ptn_rc_t         rc;
    ptn_str_t        body, agent;
    ptn_actor_t      actor;
    ptn_http_head_t  head;

    rc = ptn_http_request(job, &head, &body);

    if (rc == PTN_OK) {
        rc = ptn_http_actor(job, &head, &actor);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    agent = ptn_http_header_get(&head, "user-agent");

    return ptn_debug_text(job, 200, ptn_str_printf(job->pool,
                          "user %.*s slot %d method %u tls %u port %u "
                          "host %.*s uri %.*s args %.*s agent %.*s "
                          "headers %u peer %.*s body %zu\n",
                          ptn_str_arg(actor.address),
                          job->slot == ptn_slot(actor.mailbox), head.method,
                          head.tls, head.port, ptn_str_arg(head.host),
                          ptn_str_arg(head.uri), ptn_str_arg(head.args),
                          ptn_str_arg(agent), head.nheaders,
                          ptn_str_arg(head.peer), body.len));
}


static ptn_rc_t
ptn_debug_who(ptn_job_t *job)
{
    return ptn_debug_text(job, 200,
                          ptn_str_printf(job->pool, "uid %d gid %d\n",
                                         (int) getuid(), (int) getgid()));
}


#define PTN_DEBUG_JOB(name, lane, flags, run)                                 \
    { "debug." name, PTN_LANE_##lane, PTN_JOB_DEBUG|(flags), run, NULL, \
      NULL }

const ptn_job_type_t  ptn_debug_jobs[] = {
    PTN_DEBUG_JOB("noop",         SHORT, 0,              ptn_debug_noop),
    PTN_DEBUG_JOB("pid",          SHORT, 0,              ptn_debug_pid),
    PTN_DEBUG_JOB("who",          SHORT, 0,              ptn_debug_who),
    PTN_DEBUG_JOB("handle",       SHORT, 0,              ptn_debug_handle),
    PTN_DEBUG_JOB("error",        SHORT, 0,              ptn_debug_error),
    PTN_DEBUG_JOB("sleep",        SHORT, 0,              ptn_debug_sleep),
    PTN_DEBUG_JOB("sleep_bulk",   BULK,  0,              ptn_debug_sleep),
    PTN_DEBUG_JOB("sleep_auth",   AUTH,  0,              ptn_debug_sleep),
    PTN_DEBUG_JOB("sleep_net",    NET,   0,              ptn_debug_sleep),
    PTN_DEBUG_JOB("bulk",         BULK,  0,              ptn_debug_bulk),
    PTN_DEBUG_JOB("auth",         AUTH,  0,              ptn_debug_auth),
    PTN_DEBUG_JOB("echo",         SHORT, 0,              ptn_debug_echo),
    PTN_DEBUG_JOB("stream",       SHORT, 0,              ptn_debug_stream),
    PTN_DEBUG_JOB("file",         SHORT, 0,              ptn_debug_file),
    PTN_DEBUG_JOB("bump",         SHORT, PTN_JOB_WRITES, ptn_debug_bump),
    PTN_DEBUG_JOB("die",          SHORT, 0,              ptn_debug_die),
    PTN_DEBUG_JOB("session",      SHORT, 0,              ptn_debug_make),
    PTN_DEBUG_JOB("session_use",  SHORT, 0,              ptn_debug_use),
    PTN_DEBUG_JOB("session_end",  SHORT, 0,              ptn_debug_end),
    PTN_DEBUG_JOB("park",         SHORT, 0,              ptn_debug_park),
    PTN_DEBUG_JOB("feed",         SHORT, 0,              ptn_debug_feed),
    PTN_DEBUG_JOB("whoami",       SHORT, 0,              ptn_debug_whoami),
    PTN_DEBUG_JOB("poke",         SHORT, 0,              ptn_debug_poke),
    { "debug.wait", PTN_LANE_SHORT, PTN_JOB_DEBUG, ptn_debug_wait,
      ptn_debug_wait_failed, NULL },
    { NULL, PTN_LANE_SHORT, 0, NULL, NULL, NULL }
};
