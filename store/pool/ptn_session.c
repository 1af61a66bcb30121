#include <stdlib.h>
#include <sys/random.h>

#include "ptn_runner.h"


/*
 * A session id is the ring of its process and 120 random bits.  Knowing it is
 * the right to use it; a session bound to its worker (ptn_session_bind) is
 * refused to every other.
 */

static ptn_session_t **
ptn_session_bucket(ptn_runner_t *r, const ptn_sid_t *id)
{
    uint32_t  h;

    memcpy(&h, id->b + 8, sizeof(h));

    return &r->bucket[h % PTN_SESSION_BUCKETS];
}


static bool
ptn_session_same(const ptn_sid_t *a, const ptn_sid_t *b)
{
    size_t   i;
    u_char   diff;

    diff = 0;

    for (i = 0; i < sizeof(a->b); i++) {
        diff |= a->b[i] ^ b->b[i];
    }

    return diff == 0;
}


ptn_session_t *
ptn_session_find(ptn_runner_t *r, const ptn_sid_t *id)
{
    ptn_session_t  *s;

    for (s = *ptn_session_bucket(r, id); s != NULL; s = s->next) {
        if (ptn_session_same(&s->id, id)) {
            return s;
        }
    }

    return NULL;
}


ptn_rc_t
ptn_session_create(ptn_job_t *job, size_t size, uint64_t idle_ms,
    void (*close)(void *state, void *app), ptn_session_t **ret_session)
{
    ptn_rec_t       *rec;
    ptn_runner_t    *r;
    ptn_session_t   *s, **bucket;

    rec = (ptn_rec_t *) job;
    r = rec->runner;

    if (rec->session != NULL) {
        return PTN_EINVAL;
    }

    s = calloc(1, sizeof(ptn_session_t));
    if (s == NULL) {
        return PTN_ENOMEM;
    }

    s->state = calloc(1, size != 0 ? size : 1);
    if (s->state == NULL) {
        free(s);
        return PTN_ENOMEM;
    }

    if (getrandom(s->id.b, sizeof(s->id.b), 0) != (ssize_t) sizeof(s->id.b)) {
        free(s->state);
        free(s);
        return PTN_EIO;
    }

    s->id.b[0] = (u_char) r->ring;
    s->runner = r;
    s->idle_ms = idle_ms;
    s->close = close;
    s->current = rec;
    s->fresh = true;
    s->bound_w = PTN_NONE;
    s->used = ptn_time_mono();
    ptn_fifo_init(&s->queue);

    pthread_mutex_lock(&r->mu);

    if (r->nsessions >= PTN_SESSIONS_MAX) {
        pthread_mutex_unlock(&r->mu);
        free(s->state);
        free(s);
        return PTN_ELIMIT;
    }

    bucket = ptn_session_bucket(r, &s->id);
    s->next = *bucket;
    *bucket = s;
    r->nsessions++;
    rec->session = s;
    rec->job.session = s;
    rec->reply.session = s->id;

    pthread_mutex_unlock(&r->mu);

    atomic_store(&r->shm->sessions, r->nsessions);
    ptn_world_count(r->world, PTN_STAT_SESSIONS, 1);

    *ret_session = s;

    return PTN_OK;
}


void *
ptn_session_state(ptn_session_t *session)
{
    return session->state;
}


ptn_sid_t
ptn_session_id(const ptn_session_t *session)
{
    return session->id;
}


void
ptn_session_bind(ptn_session_t *session)
{
    ptn_runner_t  *r;

    r = session->runner;

    pthread_mutex_lock(&r->mu);

    if (session->current != NULL) {
        session->bound_w = session->current->w;
        session->bound_epoch = session->current->epoch;
    }

    pthread_mutex_unlock(&r->mu);
}


ptn_rc_t
ptn_session_acquire(ptn_session_t *session, uint64_t user, uint32_t max)
{
    ptn_rc_t  rc;

    if (user == 0 || session->user != 0) {
        return PTN_EINVAL;
    }

    rc = ptn_seat_take(session->runner, user, max);

    if (rc == PTN_OK) {
        session->user = user;

    } else if (rc == PTN_ELIMIT) {
        ptn_world_count(session->runner->world, PTN_STAT_SESSIONS_FULL, 1);
    }

    return rc;
}


void
ptn_session_release(ptn_session_t *session)
{
    if (session->user != 0) {
        ptn_seat_give(session->runner, session->user);
        session->user = 0;
    }
}


void
ptn_session_end(ptn_session_t *session)
{
    ptn_runner_t  *r;

    r = session->runner;

    pthread_mutex_lock(&r->mu);

    session->ending = true;

    if (session->current == NULL) {
        ptn_session_finish(r, session);
    }

    pthread_mutex_unlock(&r->mu);
}


/* The running job is done: what is next. */

void
ptn_session_next(ptn_runner_t *r, ptn_session_t *s)
{
    ptn_rec_t  *rec;

    s->current = NULL;
    s->used = ptn_time_mono();

    rec = ptn_fifo_take(&s->queue);

    if (rec != NULL) {
        s->current = rec;
        ptn_exec_lane(r, rec);
        return;
    }

    if (s->ending) {
        ptn_session_finish(r, s);
    }
}


/* Out of the table; an executor runs its `close`. */

void
ptn_session_finish(ptn_runner_t *r, ptn_session_t *s)
{
    ptn_rec_t       *rec;
    ptn_session_t  **p;

    if (s->closing) {
        return;
    }

    s->closing = true;

    for (p = ptn_session_bucket(r, &s->id); *p != NULL; p = &(*p)->next) {
        if (*p == s) {
            *p = s->next;
            break;
        }
    }

    ptn_session_release(s);

    r->nsessions--;
    atomic_store(&r->shm->sessions, r->nsessions);

    while ((rec = ptn_fifo_take(&s->queue)) != NULL) {
        rec->session = NULL;
        rec->job.session = NULL;
        rec->fail = PTN_ESTALE;
        ptn_exec_lane(r, rec);
    }

    s->next = r->closing;
    r->closing = s;

    ptn_exec_wake(r);
}


void
ptn_session_close(ptn_session_t *s, void *app)
{
    ptn_rec_t     *rec;
    ptn_runner_t  *r;

    r = s->runner;

    if (s->close != NULL) {
        s->close(s->state, app);
    }

    /* parked jobs that the handler did not finish */

    pthread_mutex_lock(&r->park);

    for (rec = s->parked; rec != NULL; rec = rec->parked_next) {
        ptn_park_end(rec, PTN_ESTALE);
    }

    pthread_mutex_unlock(&r->park);

    while (s->parked != NULL) {
        ptn_park_free(s->parked);
    }

    free(s->state);
    free(s);
}


void
ptn_session_close_all(ptn_runner_t *r, void *app)
{
    uint32_t        i;
    ptn_session_t  *s;

    for (i = 0; i < PTN_SESSION_BUCKETS; i++) {
        while ((s = r->bucket[i]) != NULL) {
            pthread_mutex_lock(&r->mu);
            ptn_session_finish(r, s);
            pthread_mutex_unlock(&r->mu);
        }
    }

    while ((s = r->closing) != NULL) {
        r->closing = s->next;
        ptn_session_close(s, app);
    }
}


static bool
ptn_session_over(ptn_runner_t *r, ptn_session_t *s, uint64_t now)
{
    if (s->current != NULL || s->queue.n != 0) {
        return false;
    }

    if (s->bound_w != PTN_NONE
        && (r->peer[s->bound_w].epoch != s->bound_epoch))
    {
        return true;
    }

    return s->parked == NULL && s->idle_ms != 0 && now - s->used > s->idle_ms;
}


void
ptn_session_expire(ptn_runner_t *r)
{
    uint32_t        i;
    uint64_t        now;
    ptn_session_t  *s, *next;

    now = ptn_time_mono();

    for (i = 0; i < PTN_SESSION_BUCKETS; i++) {
        for (s = r->bucket[i]; s != NULL; s = next) {
            next = s->next;
            if (ptn_session_over(r, s, now)) {
                s->ending = true;
                ptn_session_finish(r, s);
            }
        }
    }
}
