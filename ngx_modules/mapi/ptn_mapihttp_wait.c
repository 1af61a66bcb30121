#include "ptn_mapihttp.h"


/*
 * NotificationWait (2.2.4.4, 3.2.5.5).  While it waits it is a connection, a
 * parked job and watches of the board; nothing runs but a poke each pending
 * period.
 */


static ptn_rc_t
ptn_mapi_wait_body(ptn_buf_t *out, uint32_t error, bool pending)
{
    ptn_mapi_wait_res_t  res = { 0 };

    res.error_code = error;
    res.event_pending = pending;

    return ptn_wire_push(&ptn_mapi_wait_res_wire, out, &res);
}


void
ptn_mapi_wait_end(ptn_mapi_context_t *c, ptn_mapi_code_e code, bool pending)
{
    ptn_rc_t    rc;
    ptn_buf_t   out;
    ptn_job_t  *wait;

    wait = c->wait;

    if (wait == NULL) {
        return;
    }

    c->wait = NULL;

    ptn_buf_init(&out, wait->pool);
    ptn_mapi_done(&out, c->wait_start, c->wait_time, code);

    rc = code == PTN_MAPI_X_SUCCESS ? ptn_mapi_wait_body(&out, 0, pending)
                                    : PTN_OK;

    if (rc == PTN_OK && out.failed) {
        rc = PTN_ENOMEM;
    }

    if (rc == PTN_OK) {
        rc = ptn_job_reply(wait, out.data, out.len);
    }

    ptn_job_finish(wait, rc);
}


/*
 * A RopNotify that did not fit is worth an answer.  Logons that came or went
 * are other slots to watch: the client asks anew.
 */

void
ptn_mapi_wait_check(ptn_mapi_context_t *c)
{
    if (c->wait == NULL) {
        return;
    }

    if (ptn_rop_notify_pending(&c->rop)) {
        ptn_mapi_wait_end(c, PTN_MAPI_X_SUCCESS, true);

    } else if (c->wait_logons != c->rop.logons_changed) {
        ptn_mapi_wait_end(c, PTN_MAPI_X_SUCCESS, false);
    }
}


static ptn_rc_t
ptn_mapi_wait_now(ptn_mapi_request_t *r, uint32_t error, bool pending)
{
    ptn_mapi_wait_res_t  res = { 0 };

    res.error_code = error;
    res.event_pending = pending;

    return ptn_mapi_answer(r, &ptn_mapi_wait_res_wire, &res);
}


/* All logons, watched or not: a subscription may come while we wait. */

static size_t
ptn_mapi_wait_slots(ptn_mapi_context_t *c, ptn_world_t *world,
    ptn_http_watch_t *watches)
{
    size_t            i, n;
    ptn_rop_logon_t  *l;

    n = 0;

    for (l = c->rop.logons; l != NULL && n < PTN_HTTP_WATCHES_MAX;
         l = l->next)
    {
        for (i = 0; i < n && watches[i].slot != l->slot; i++) { /* void */ }

        if (i < n) {
            continue;
        }

        watches[n].slot = l->slot;
        watches[n++].version = l->watches != 0
                               ? l->board
                               : ptn_board_version(world, l->slot);
    }

    return n;
}


static ptn_rc_t
ptn_mapi_wait_park(ptn_mapi_request_t *r)
{
    ptn_rc_t             rc;
    ptn_http_meta_t      meta;
    ptn_http_watch_t     watches[PTN_HTTP_WATCHES_MAX];
    ptn_mapi_context_t  *c;

    c = r->context;

    ptn_mapi_meta(r, &meta);
    ptn_http_meta_poke(&meta, "mapi.poke", r->app->conf->mapi_pending, NULL,
                       watches,
                       ptn_mapi_wait_slots(c, r->app->world, watches));

    rc = ptn_http_meta_send(&meta, r->job);

    if (rc == PTN_OK) {
        rc = ptn_job_reply(r->job, "PROCESSING\r\n", 12);
    }

    if (rc == PTN_OK) {
        rc = ptn_job_park(r->job);
    }

    if (rc == PTN_OK) {
        rc = ptn_job_flush(r->job);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    c->wait = r->job;
    c->wait_start = r->start;
    c->wait_time = r->time;
    c->wait_end = r->start + (uint64_t) r->app->conf->mapi_wait * 1000;
    c->wait_logons = c->rop.logons_changed;

    return PTN_AGAIN;
}


ptn_rc_t
ptn_mapi_wait(ptn_mapi_request_t *r)
{
    ptn_rc_t             rc;
    ptn_rop_ctx_t        ctx;
    ptn_mapi_wait_req_t  req;

    rc = ptn_wire_pull(&ptn_mapi_wait_req_wire, r->job->pool, &r->body, &req);
    if (rc != PTN_OK || r->body.len != 0) {
        return ptn_mapi_refuse(r, PTN_MAPI_X_INVALID_BODY);
    }

    /* its cookies may overtake, or be overtaken */

    r->context->repeated = r->context->sequence;

    if (r->context->wait != NULL) {
        return ptn_mapi_wait_now(r, PTN_MAPI_REJECTED, false);
    }

    ptn_mapi_ctx(r, &ctx);

    rc = ptn_rop_notify_collect(&ctx);
    if (rc != PTN_OK) {
        return rc;
    }

    if (ptn_rop_notify_pending(&r->context->rop)) {
        return ptn_mapi_wait_now(r, 0, true);
    }

    return ptn_mapi_wait_park(r);
}


/* --- pokes --------------------------------------------------------------- */

static ptn_rc_t
ptn_mapi_poke_change(ptn_job_t *job, ptn_mapi_context_t *c)
{
    ptn_rc_t       rc;
    ptn_rop_ctx_t  ctx = { 0 };

    ctx.app = job->app;
    ctx.pool = job->pool;
    ctx.log = job->log;
    ctx.session = &c->rop;

    rc = ptn_rop_notify_collect(&ctx);

    if (rc == PTN_OK && ptn_rop_notify_pending(&c->rop)) {
        ptn_mapi_wait_end(c, PTN_MAPI_X_SUCCESS, true);
    }

    return rc;
}


static ptn_rc_t
ptn_mapi_poke_tick(ptn_mapi_context_t *c)
{
    ptn_rc_t  rc;

    if (ptn_time_mono() >= c->wait_end) {
        ptn_mapi_wait_end(c, PTN_MAPI_X_SUCCESS, false);
        return PTN_OK;
    }

    rc = ptn_job_reply(c->wait, "PENDING\r\n", 9);

    if (rc == PTN_OK) {
        rc = ptn_job_flush(c->wait);
    }

    if (rc != PTN_OK) {
        ptn_mapi_wait_end(c, PTN_MAPI_X_SUCCESS, false);
    }

    return PTN_OK;
}


ptn_rc_t
ptn_mapi_poke(ptn_job_t *job)
{
    ptn_mapi_context_t  *c;

    if (job->session == NULL || job->request.len != 1) {
        return PTN_ESTALE;
    }

    c = ptn_session_state(job->session);

    if (c->wait == NULL) {
        return PTN_OK;
    }

    switch (job->request.data[0]) {

    case PTN_HTTP_POKE_CHANGE:
        return ptn_mapi_poke_change(job, c);

    case PTN_HTTP_POKE_TICK:
        return ptn_mapi_poke_tick(c);

    default:
        ptn_mapi_wait_end(c, PTN_MAPI_X_SUCCESS, false);
        return PTN_OK;
    }
}
