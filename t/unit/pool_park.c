/*
 * Two connections, as RPC over HTTP has them: IN jobs bring pieces of a
 * request into a session, in order; a parked OUT job of the same session
 * streams the replies.  While OUT is not drained, IN is held back.
 */

#include "pool_fixture.h"


#define PIECE  60000
#define LOW    (256 * 1024)

static fx_t  fx;

typedef struct {
    ptn_job_t  *out;
    uint32_t    fed;            /* pieces, for the order */
    uint32_t    tried;
} conn_t;


static void
conn_close(void *state, void *app PTN_UNUSED)
{
    conn_t  *c = state;

    atomic_fetch_add(&fx.seen[0], 1);

    if (c->out != NULL) {
        ptn_job_finish(c->out, PTN_OK);
    }
}


static ptn_rc_t
run_out(ptn_job_t *job)
{
    conn_t         *c;
    ptn_rc_t        rc;
    ptn_session_t  *s;

    if (job->session == NULL) {
        rc = ptn_session_create(job, sizeof(conn_t), 60000, conn_close, &s);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    c = ptn_session_state(job->session);

    if (c->out != NULL) {
        ptn_job_finish(c->out, PTN_OK);     /* the channel is replaced */
    }

    c->out = job;

    ptn_job_meta(job, (char *) ptn_session_id(job->session).b, 16);
    ptn_job_reply(job, "hello", 5);
    ptn_job_park(job);

    return PTN_AGAIN;
}


static ptn_rc_t
run_in(ptn_job_t *job)
{
    conn_t    *c;
    u_char     piece[PIECE];
    uint32_t   n;
    ptn_rc_t   rc;

    c = ptn_session_state(job->session);
    memcpy(&n, job->request.data, sizeof(n));

    if (c->out == NULL) {
        return PTN_ESTALE;
    }

    if (c->fed == n) {

        /* the first time: its bytes go through the "protocol" */

        memset(piece, (int) ('a' + n % 26), sizeof(piece));
        rc = ptn_job_reply(c->out, piece, sizeof(piece));

        if (rc == PTN_OK) {
            rc = ptn_job_flush(c->out);
        }

        if (rc != PTN_OK) {
            ptn_job_finish(c->out, rc);
            c->out = NULL;
            return rc;
        }

        c->fed++;

    } else if (c->fed < n) {
        return PTN_ECONFLICT;               /* out of order */
    }

    if (ptn_job_pending(c->out) > LOW) {
        atomic_fetch_add(&fx.seen[1], 1);
        rc = ptn_job_retry(job, c->out, LOW);
        return rc == PTN_OK ? PTN_AGAIN : rc;
    }

    return PTN_OK;
}


static ptn_rc_t
run_bye(ptn_job_t *job)
{
    conn_t  *c;

    c = ptn_session_state(job->session);

    if (ptn_str_eqz(job->request, "finish")) {
        ptn_job_trailer(c->out, "bye", 3);
        ptn_job_finish(c->out, PTN_OK);
        c->out = NULL;
        return PTN_OK;
    }

    ptn_session_end(job->session);

    return PTN_OK;
}


static const ptn_job_type_t  out_t = { "out", PTN_LANE_SHORT, 0, run_out, 0,
    NULL };
static const ptn_job_type_t  in_t = { "in", PTN_LANE_SHORT, 0, run_in, 0,
    NULL };
static const ptn_job_type_t  bye_t = { "bye", PTN_LANE_SHORT, 0, run_bye, 0,
    NULL };

static const ptn_job_type_t *const  types[] = { &out_t, &in_t, &bye_t };

static const ptn_hooks_t  hooks;


static ptn_sid_t
open_out(fx_worker_t *w, fx_answer_t *out)
{
    uint64_t   end;
    ptn_sid_t  sid, none = { { 0 } };

    out->keep = true;
    fx_submit(w, out, (fx_job_t) { "out", 3, none, NULL, 0, 0, 0 });

    end = fx_us() + 10000000;
    while (out->len < 5 && fx_us() < end) {
        fx_poll(w, 10);
    }

    memcpy(&sid, out->meta, sizeof(sid));

    return sid;
}


static void
release(fx_worker_t *w, fx_answer_t *out)
{
    if (out->kept != 0) {
        ptn_client_release(w->client, out->ticket, out->kept);
        out->kept = 0;
    }
}


static void
flow(fx_worker_t *w)
{
    bool                 order;
    uint32_t             i, k, held;
    uint64_t             end, most;
    ptn_sid_t            sid;
    static fx_answer_t   out, in, bye;

    sid = open_out(w, &out);
    is_str(ptn_str_make(out.data, out.len), "hello",
           "OUT streams while parked");
    ok(!out.final, "and stays open");

    /* the OUT client reads nothing: IN is held back at the low mark */

    for (i = 0, held = 0; i < 50 && !held; i++) {
        fx_submit(w, &in, (fx_job_t) { "in", 3, sid, &i, 4, 0, 0 });
        end = fx_us() + 300000;
        while (!in.final && fx_us() < end) {
            fx_poll(w, 10);
        }
        held = !in.final;
    }

    ok(held, "IN is held after %u pieces, %lu bytes", i, out.kept);
    ok(out.kept <= LOW + 2 * PIECE, "no more than the mark is under way");

    /* the OUT client reads: IN goes on */

    release(w, &out);
    ok(fx_final(w, &in) && in.rc == PTN_OK, "drained: IN is answered");

    /* many pieces with a reader that takes a little at a time */

    most = 0;

    for (k = 0; k < 100; k++, i++) {
        fx_submit(w, &in, (fx_job_t) { "in", 3, sid, &i, 4, 0, 0 });
        end = fx_us() + 10000000;

        while (!in.final && fx_us() < end) {
            fx_poll(w, 1);
            most = ptn_max(most, out.kept);
            if (out.kept > 0) {
                uint64_t  n = ptn_min(out.kept, 50000u);

                ptn_client_release(w->client, out.ticket, n);
                out.kept -= n;
            }
        }

        if (in.rc != PTN_OK) {
            break;
        }
    }

    is_u64(k, 100, "100 pieces more, in order");
    ok(most <= LOW + 3 * PIECE, "at most %lu bytes under way", most);

    end = fx_us() + 10000000;
    while (out.len < 5 + (uint64_t) i * PIECE && fx_us() < end) {
        release(w, &out);
        fx_poll(w, 10);
    }

    is_u64(out.len, 5 + (uint64_t) i * PIECE, "every byte came");

    for (k = 5, order = true; k < sizeof(out.data); k++) {
        order = order && out.data[k] == 'a';
    }
    ok(order, "the right ones");

    release(w, &out);
    fx_run(w, &bye, (fx_job_t) { "bye", 3, sid, "finish", 0, 0, 0 });
    ok(fx_final(w, &out) && out.rc == PTN_OK, "finished by a later job");
    is_str(ptn_str_make(out.trailer, out.trailer_len), "bye", "its trailer");

    i = 0;
    is_u64(fx_run(w, &in, (fx_job_t) { "in", 3, sid, &i, 4, 0, 0 }),
           PTN_ESTALE, "the session knows that OUT is gone");

    fx_run(w, &bye, (fx_job_t) { "bye", 3, sid, "end", 0, 0, 0 });
    ok(fx_until(atomic_load(&w->fx->seen[0]) == 1), "session closed");
}


/* A handler without flow control: disk takes it, not memory, not a thread */

static void
flood(fx_worker_t *w)
{
    bool                 good;
    uint32_t             i;
    uint64_t             end, sum, k;
    ptn_sid_t            sid;
    static fx_answer_t   out, in[60];

    sid = open_out(w, &out);

    /* retried jobs let those behind them run */

    for (i = 0; i < 60; i++) {
        fx_submit(w, &in[i], (fx_job_t) { "in", 3, sid, &i, 4, 0, 0 });
    }

    end = fx_us() + 1000000;
    while (fx_us() < end && out.kept < 500000) {
        fx_poll(w, 10);
    }

    end = fx_us() + 20000000;
    while (out.len < 5 + 60ull * PIECE && fx_us() < end) {
        release(w, &out);
        fx_poll(w, 10);
    }

    sum = 0;
    for (k = 0; k < 5; k++) {
        sum = sum * 31 + (u_char) "hello"[k];
    }
    for (i = 0; i < 60; i++) {
        for (k = 0; k < PIECE; k++) {
            sum = sum * 31 + 'a' + i % 26;
        }
    }

    is_u64(out.len, 5 + 60ull * PIECE, "60 pieces at once");
    ok(out.sum == sum, "in order, through window and file");
    is_u64(out.files, 0, "a parked reply stays a stream");

    for (i = 0, good = true; i < 60; i++) {
        release(w, &out);
        good = fx_final(w, &in[i]) && in[i].rc == PTN_OK && good;
    }
    ok(good, "all IN jobs answered");

    /* the OUT connection goes away while IN waits for it */

    i = 60;
    out.keep = true;
    for (k = 0; k < 12; k++, i++) {
        fx_submit(w, &in[k], (fx_job_t) { "in", 3, sid, &i, 4, 0, 0 });
    }
    end = fx_us() + 300000;
    while (fx_us() < end) {
        fx_poll(w, 10);
    }
    ok(!in[11].final, "IN waits");
    ptn_client_cancel(w->client, out.ticket);
    ok(fx_final(w, &out), "FINAL of the cancelled OUT");
    for (k = 0, good = true; k < 12; k++) {
        good = fx_final(w, &in[k]) && good;
    }
    ok(good, "IN jobs do not wait for ever");

    ptn_client_end_session(w->client, sid);
    ok(fx_until(atomic_load(&w->fx->seen[0]) == 2), "session closed");

    for (i = 0, k = 0; i < PTN_CHUNKS; i++) {
        k += ptn_shm_slot(w->fx->world, 0)->chunk[i] != 0;
    }
    is_u64(k, 0, "no chunk left");
}


static int
worker(fx_worker_t *w, void *data PTN_UNUSED)
{
    flow(w);
    flood(w);

    return done_testing();
}


/* A worker that dies with a parked job and one that waits. */

static int
mortal(fx_worker_t *w, void *data PTN_UNUSED)
{
    uint32_t             i;
    uint64_t             end;
    ptn_sid_t            sid;
    static fx_answer_t   out, in[20];

    sid = open_out(w, &out);

    for (i = 0; i < 20; i++) {
        fx_submit(w, &in[i], (fx_job_t) { "in", 3, sid, &i, 4, 0, 0 });
    }

    end = fx_us() + 300000;
    while (fx_us() < end) {
        fx_poll(w, 10);
    }

    memcpy((void *) &w->fx->seen[20], &sid, sizeof(sid));
    kill(getpid(), SIGKILL);

    return 0;
}


static int
heir(fx_worker_t *w, void *data PTN_UNUSED)
{
    uint32_t             i;
    uint64_t             end;
    ptn_sid_t            sid;
    static fx_answer_t   in;

    memcpy(&sid, (void *) &w->fx->seen[20], sizeof(sid));
    end = fx_us() + 5000000;
    i = 0;

    /* once the death is noticed the handler finds OUT gone */

    do {
        fx_submit(w, &in, (fx_job_t) { "in", 3, sid, &i, 4, 0, 0 });
        fx_final(w, &in);
        i = (i + 1) % 40;
        usleep(2000);
    } while (in.rc != PTN_ESTALE && fx_us() < end);

    if (in.rc != PTN_ESTALE) {
        return 1;
    }

    fx_run(w, &in, (fx_job_t) { "bye", 3, sid, "end", 0, 0, 0 });

    return 0;
}


int
main(void)
{
    int  rc;

    fx_open(&fx, 1, 2, &hooks, types, ptn_nelts(types));
    fx_start(&fx);
    rc = fx_wait(fx_worker(&fx, worker, NULL), 60000);

    if (fx_wait(fx_worker(&fx, mortal, NULL), 10000) != 128 + SIGKILL
        || fx_wait(fx_worker(&fx, heir, NULL), 20000) != 0
        || !fx_until(atomic_load(&fx.seen[0]) == 3))
    {
        fprintf(stderr, "a dead worker's parked job\n");
        rc = 1;
    }

    rc = fx_stop(&fx) ? rc : 1;
    fx_close(&fx);

    return rc;
}
