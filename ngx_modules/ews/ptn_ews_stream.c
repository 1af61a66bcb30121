#include "ptn_ews_sub.h"


/*
 * GetStreamingEvents (MS-OXWSNTIF 3.1.4.3): a parked reply, a whole envelope
 * for each message.  The connection is a session of its own, to which pokes
 * come: a change, a heartbeat, the end.
 */

#define PTN_EWS_BEAT         30         /* seconds */
#define PTN_EWS_CONN_IDLE    (10 * 60 * 1000)
#define PTN_EWS_EVENTS_MAX   1000       /* of a subscription, in one message */
#define PTN_EWS_CONN_SUBS    64

typedef struct {
    ptn_job_t      *parked;             /* NULL: ended */
    ptn_actor_t     actor;              /* strings in parked->pool */
    uint8_t         version;
    uint64_t        deadline;           /* ptn_time_mono() */
    unsigned        nsubs;
    ptn_ews_sub_t  *subs[PTN_EWS_CONN_SUBS];
} ptn_ews_conn_t;


/* --- messages ------------------------------------------------------------- */

static void
ptn_ews_stream_open(ptn_ews_t *e)
{
    ptn_ews_envelope_open(e);
    ptn_ews_reply_open(e);
}


static void
ptn_ews_stream_close(ptn_ews_t *e)
{
    ptn_ews_reply_close(e);
    ptn_ews_envelope_close(e);
}


/* An error about some subscriptions; ends the connection. */
static void
ptn_ews_stream_error(ptn_ews_t *e, const char *code, const char *text,
    const ptn_str_t *ids, size_t n)
{
    size_t  i;

    ptn_ews_lit(&e->out, "<m:GetStreamingEventsResponseMessage"
                         " ResponseClass=\"Error\">");
    ptn_ews_elem_z(&e->out, "m:MessageText", text);
    ptn_ews_elem_z(&e->out, "m:ResponseCode", code);
    ptn_ews_lit(&e->out, "<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>");

    if (n != 0) {
        ptn_ews_lit(&e->out, "<m:ErrorSubscriptionIds>");

        for (i = 0; i < n; i++) {
            ptn_ews_elem(&e->out, "t:SubscriptionId", ids[i]);
        }

        ptn_ews_lit(&e->out, "</m:ErrorSubscriptionIds>");
    }

    ptn_ews_lit(&e->out, "<m:ConnectionStatus>Closed</m:ConnectionStatus>"
                         "</m:GetStreamingEventsResponseMessage>");
}


static void
ptn_ews_stream_status(ptn_ews_t *e, bool open)
{
    ptn_ews_message_open(e);
    ptn_ews_elem_z(&e->out, "m:ConnectionStatus", open ? "OK" : "Closed");
    ptn_ews_message_close(e);
}


void
ptn_ews_subscription_gone(ptn_ews_t *e)
{
    ptn_ews_reply_open(e);

    if (e->op->flags & PTN_EWS_PARKS) {
        ptn_ews_stream_error(e, "ErrorSubscriptionNotFound",
            "The subscription is lost; subscribe anew.", NULL, 0);

    } else {
        ptn_ews_error(e, "ErrorSubscriptionNotFound",
                      "The subscription is lost; subscribe anew.");
        ptn_ews_message_error(e, PTN_EINVAL, NULL, NULL);
    }

    ptn_ews_reply_close(e);
}


/*
 * What happened, as one message: notifications of all subscriptions.
 * *ret_more: ask again.  ESTALE: an error was written, the connection ends.
 */
static ptn_rc_t
ptn_ews_stream_events(ptn_ews_t *e, ptn_ews_conn_t *conn, bool *ret_any,
    bool *ret_more)
{
    bool            gone, more;
    unsigned        i;
    uint32_t        n;
    uint64_t        last, end;
    ptn_rc_t        rc;
    ptn_str_t       id;
    ptn_ews_mark_t  start, mark;

    *ret_any = false;
    *ret_more = false;
    start = ptn_ews_mark(&e->out);

    ptn_ews_message_open(e);
    ptn_ews_lit(&e->out, "<m:Notifications>");

    for (i = 0; i < conn->nsubs; i++) {
        rc = ptn_ews_sub_text(e->pool, conn->subs[i], &id);
        if (rc != PTN_OK) {
            return rc;
        }

        if (!ptn_ews_sub_connected(conn->subs[i], conn, &gone, &last)) {
            (void) ptn_ews_rewind(&e->out, start);
            ptn_ews_stream_error(e, "ErrorNewEventStreamConnectionOpened",
                "Another connection was opened for the subscription.", &id,
                1);
            return PTN_ESTALE;
        }

        if (gone) {
            (void) ptn_ews_rewind(&e->out, start);
            ptn_ews_stream_error(e, "ErrorSubscriptionUnsubscribed",
                "The subscription was ended.", &id, 1);
            return PTN_ESTALE;
        }

        mark = ptn_ews_mark(&e->out);

        ptn_ews_lit(&e->out, "<t:Notification>");
        ptn_ews_elem(&e->out, "t:SubscriptionId", id);

        rc = ptn_ews_sub_events(e, conn->subs[i], last, PTN_EWS_EVENTS_MAX,
                                false, &n, &end, &more);

        if (rc == PTN_ESTALE) {
            (void) ptn_ews_rewind(&e->out, start);
            ptn_ews_stream_error(e, "ErrorMissedNotificationEvents",
                "Events were missed; synchronize and subscribe anew.", &id,
                1);
            return PTN_ESTALE;
        }

        if (rc != PTN_OK) {
            return rc;
        }

        ptn_ews_lit(&e->out, "</t:Notification>");

        if (n == 0) {
            (void) ptn_ews_rewind(&e->out, mark);

        } else {
            *ret_any = true;
        }

        *ret_more = *ret_more || more;
        ptn_ews_sub_told(conn->subs[i], end);
    }

    ptn_ews_lit(&e->out, "</m:Notifications>");
    ptn_ews_message_close(e);

    if (!*ret_any) {
        (void) ptn_ews_rewind(&e->out, start);
    }

    return PTN_OK;
}


/* --- the connection ------------------------------------------------------- */

static void
ptn_ews_conn_release(ptn_ews_conn_t *conn)
{
    unsigned  i;

    for (i = 0; i < conn->nsubs; i++) {
        ptn_ews_sub_release(conn->subs[i], conn);
        ptn_ews_sub_unref(conn->subs[i]);
    }

    conn->nsubs = 0;
}


/* The session ends: with its process, or after the last poke. */
static void
ptn_ews_conn_close(void *state, void *app)
{
    ptn_ews_conn_t  *conn = state;

    (void) app;

    if (conn->parked != NULL) {
        ptn_job_finish(conn->parked, PTN_OK);
        conn->parked = NULL;
    }

    ptn_ews_conn_release(conn);
}


/* Slots to watch, with the versions that they have before anything is read. */
static size_t
ptn_ews_conn_watch(ptn_app_t *app, const ptn_ews_conn_t *conn,
    ptn_http_watch_t *watch)
{
    size_t    k, n;
    unsigned  i;
    uint32_t  slot;

    for (i = 0, n = 0; i < conn->nsubs; i++) {
        slot = ptn_slot(conn->subs[i]->mailbox);

        for (k = 0; k < n && watch[k].slot != slot; k++) { /* void */ }

        if (k == n) {
            watch[n].slot = slot;
            watch[n++].version = app->world == NULL ? 0
                                 : ptn_board_version(app->world, slot);
        }
    }

    return n;
}


/* Reads the ids.  With some that are not there the connection is refused. */
static ptn_rc_t
ptn_ews_stream_subs(ptn_ews_t *e, ptn_ews_conn_t *conn)
{
    size_t               nbad;
    ptn_rc_t             rc;
    ptn_str_t            bad[PTN_EWS_CONN_SUBS], id;
    const char          *code, *text;
    const ptn_ews_el_t  *el;

    nbad = 0;
    code = NULL;
    text = NULL;

    for (el = ptn_ews_child(e->request, "SubscriptionIds")->child;
         el != NULL; el = el->next)
    {
        if (conn->nsubs + nbad == PTN_EWS_CONN_SUBS) {
            return ptn_ews_error(e, "ErrorExceededSubscriptionCount",
                       "There are too many subscriptions for a connection.");
        }

        id = ptn_xs_trim(el->text);
        rc = ptn_ews_sub_get(e, id, &conn->subs[conn->nsubs]);

        if (rc == PTN_OK && !conn->subs[conn->nsubs]->streaming) {
            ptn_ews_sub_unref(conn->subs[conn->nsubs]);
            rc = ptn_ews_error(e, "ErrorInvalidSubscription",
                       "The subscription is not a streaming subscription.");
        }

        if (rc == PTN_OK) {
            conn->nsubs++;
            continue;
        }

        if (e->code == NULL) {
            return rc;
        }

        code = e->code;
        text = e->text;
        e->code = NULL;
        bad[nbad++] = id;
    }

    if (nbad == 0) {
        return PTN_OK;
    }

    ptn_ews_reply_open(e);
    ptn_ews_stream_error(e, code, text, bad, nbad);
    ptn_ews_reply_close(e);

    return PTN_ESTALE;
}


/* The head of the reply, the first message, and there it stays. */
static ptn_rc_t
ptn_ews_stream_park(ptn_ews_t *e, ptn_ews_conn_t *conn,
    ptn_session_t *session)
{
    bool              any, more;
    size_t            n;
    ptn_rc_t          rc;
    unsigned          i;
    ptn_http_meta_t   meta;
    ptn_http_watch_t  watch[PTN_EWS_CONN_SUBS];

    n = ptn_ews_conn_watch(e->app, conn, watch);

    for (i = 0; i < conn->nsubs; i++) {
        ptn_ews_sub_connect(conn->subs[i], conn);
    }

    e->out.buf.len = 0;
    ptn_ews_stream_open(e);
    ptn_ews_stream_status(e, true);
    ptn_ews_stream_close(e);

    do {
        ptn_ews_mark_t  mark = ptn_ews_mark(&e->out);

        ptn_ews_stream_open(e);
        rc = ptn_ews_stream_events(e, conn, &any, &more);
        ptn_ews_stream_close(e);

        if (rc == PTN_OK && !any) {
            (void) ptn_ews_rewind(&e->out, mark);
        }
    } while (rc == PTN_OK && more);

    if (rc != PTN_OK && rc != PTN_ESTALE) {
        return rc;
    }

    ptn_http_meta_begin(&meta, e->pool, 200);
    ptn_http_meta_add(&meta, "Content-Type",
                      ptn_str("text/xml; charset=utf-8"));
    ptn_http_meta_poke(&meta, "ews.poke", PTN_EWS_BEAT, session, watch, n);

    e->out.rc = PTN_OK;

    if (e->out.buf.failed) {
        return PTN_ENOMEM;
    }

    if (rc == PTN_ESTALE) {
        ptn_session_end(session);
        rc = ptn_http_reply_head(e->job, 200, "text/xml; charset=utf-8", -1);

        if (rc == PTN_OK) {
            rc = ptn_job_reply(e->job, e->out.buf.data, e->out.buf.len);
        }

        e->out.sent = 1;
        e->replied = true;

        return rc;
    }

    rc = ptn_http_meta_send(&meta, e->job);
    e->out.sent = 1;                    /* no fault can be said any more */

    if (rc == PTN_OK) {
        rc = ptn_job_reply(e->job, e->out.buf.data, e->out.buf.len);
    }

    if (rc == PTN_OK) {
        rc = ptn_job_park(e->job);
    }

    if (rc == PTN_OK) {
        rc = ptn_job_flush(e->job);
    }

    if (rc == PTN_OK) {
        conn->parked = e->job;
    }

    return rc;
}


ptn_rc_t
ptn_ews_get_streaming_events(ptn_ews_t *e)
{
    ptn_rc_t         rc;
    ptn_session_t   *session;
    ptn_ews_conn_t  *conn;

    rc = ptn_session_create(e->job, sizeof(ptn_ews_conn_t), PTN_EWS_CONN_IDLE,
                            ptn_ews_conn_close, &session);

    if (rc == PTN_OK) {
        rc = ptn_session_acquire(session, e->actor.user,
                                 e->app->conf->sessions_max);
        if (rc != PTN_OK) {
            ptn_session_end(session);
        }
    }

    if (rc != PTN_OK) {
        return rc == PTN_ELIMIT
               ? ptn_ews_error(e, "ErrorExceededConnectionCount",
                               "There are too many connections.")
               : rc;
    }

    e->job->session = session;

    conn = ptn_session_state(session);
    conn->actor = e->actor;
    conn->version = e->version;
    conn->deadline = ptn_time_mono()
                     + (uint64_t) ptn_ews_find_int(e->request,
                                                   "ConnectionTimeout", 30)
                       * 60000;

    rc = ptn_ews_stream_subs(e, conn);

    if (rc == PTN_ESTALE) {             /* said in words, in a whole reply */
        ptn_session_end(session);
        return PTN_OK;
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_stream_park(e, conn, session);
    }

    if (rc == PTN_OK) {
        return e->replied ? PTN_OK : PTN_AGAIN;
    }

    ptn_session_end(session);

    return rc;
}


/* --- pokes ---------------------------------------------------------------- */

static ptn_rc_t
ptn_ews_poke_write(ptn_job_t *job, ptn_ews_conn_t *conn, u_char reason,
    bool *ret_end)
{
    bool            any, more, timeout;
    ptn_rc_t        rc;
    ptn_ews_t      *e;
    ptn_ews_mark_t  mark;

    e = ptn_pcalloc(job->pool, sizeof(ptn_ews_t));
    if (e == NULL) {
        return PTN_ENOMEM;
    }

    e->job = job;
    e->app = job->app;
    e->pool = job->pool;
    e->actor = conn->actor;
    e->actor.address = ptn_str("");
    e->actor.locale = ptn_str("");

    /* the request's memory has gone; what the user is in may have changed */

    if (ptn_groups_of(e->app->directory, job->pool, e->actor.user,
                      &e->actor.groups, &e->actor.ngroups) != PTN_OK)
    {
        e->actor.groups = NULL;
        e->actor.ngroups = 0;
    }

    e->version = conn->version;
    e->op = ptn_ews_op(ptn_str("GetStreamingEvents"));
    ptn_buf_init(&e->out.buf, job->pool);

    *ret_end = false;

    do {
        mark = ptn_ews_mark(&e->out);
        ptn_ews_stream_open(e);
        rc = ptn_ews_stream_events(e, conn, &any, &more);
        ptn_ews_stream_close(e);

        if (rc == PTN_OK && !any) {
            (void) ptn_ews_rewind(&e->out, mark);
        }
    } while (rc == PTN_OK && more);

    ptn_ews_read_end(e);

    if (rc == PTN_ESTALE) {
        *ret_end = true;

    } else if (rc != PTN_OK) {
        return rc;

    } else {
        timeout = ptn_time_mono() >= conn->deadline
                  || reason == PTN_HTTP_POKE_QUIT;

        if (timeout || reason == PTN_HTTP_POKE_TICK) {
            ptn_ews_stream_open(e);
            ptn_ews_stream_status(e, !timeout);
            ptn_ews_stream_close(e);
            *ret_end = timeout;
        }
    }

    if (e->out.buf.failed) {
        return PTN_ENOMEM;
    }

    if (e->out.buf.len == 0) {
        return PTN_OK;
    }

    rc = ptn_job_reply(conn->parked, e->out.buf.data, e->out.buf.len);

    return rc != PTN_OK ? rc : ptn_job_flush(conn->parked);
}


ptn_rc_t
ptn_ews_poke(ptn_job_t *job)
{
    bool             end;
    u_char           reason;
    ptn_rc_t         rc;
    ptn_job_t       *parked;
    ptn_ews_conn_t  *conn;

    if (job->session == NULL || job->request.len != 1) {
        return PTN_ESTALE;
    }

    conn = ptn_session_state(job->session);
    reason = job->request.data[0];

    if (conn->parked == NULL) {
        return PTN_ESTALE;
    }

    end = true;
    rc = reason == PTN_HTTP_POKE_GONE
         ? PTN_ECANCEL : ptn_ews_poke_write(job, conn, reason, &end);

    if (rc == PTN_OK && !end) {
        return PTN_OK;
    }

    parked = conn->parked;
    conn->parked = NULL;

    ptn_ews_conn_release(conn);
    ptn_session_end(job->session);
    ptn_job_finish(parked, rc);

    return rc;
}
