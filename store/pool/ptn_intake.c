#include <malloc.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_runner.h"


/*
 * From the rings to the queues.  A worker is not trusted: its messages and
 * cells are copied here, field by field, and the copies are checked.  What
 * makes no sense is answered with EINVAL when it names a job, else dropped;
 * both are counted.
 */

#define PTN_INTAKE_STASH  64
#define PTN_INTAKE_ROUND  1024      /* messages of one worker at a time */


static void
ptn_intake_refuse(ptn_runner_t *r, uint32_t w, const char *why)
{
    uint64_t  n;

    n = atomic_fetch_add(&r->world->common->count[PTN_STAT_REFUSED], 1);

    /* a hostile worker shall not fill the disk */

    if (n < 100 || n % 10000 == 0) {
        ptn_log(r->log, PTN_LOG_WARN, "worker message refused slot=%u"
                " pid=%d why=\"%s\"", w,
                (int) atomic_load(&ptn_shm_slot(r->world, w)->pid), why);
    }
}


void
ptn_intake_unstash(ptn_peer_t *peer)
{
    ptn_stash_t  *st;

    while ((st = peer->stash) != NULL) {
        peer->stash = st->next;
        if (st->fd != -1) {
            close(st->fd);
        }
        free(st);
    }

    peer->nstash = 0;
}


/*
 * The worker of this slot is another one, or none.  Jobs of the old one are
 * cancelled; those that run keep their record until they end.  mu held.
 */

static void
ptn_intake_epoch(ptn_runner_t *r, uint32_t w, uint32_t epoch)
{
    bool          dead;
    uint32_t      i;
    ptn_rec_t    *rec;
    ptn_peer_t   *peer;

    peer = &r->peer[w];
    dead = false;

    pthread_mutex_lock(&peer->mu);
    ptn_post_drop(r, w);
    peer->epoch = epoch;
    pthread_mutex_unlock(&peer->mu);

    ptn_intake_unstash(peer);

    if (peer->table != NULL && peer->njobs > 0) {

        for (i = 0; i < PTN_TICKETS; i++) {
            rec = peer->table[i];

            if (rec == NULL) {
                continue;
            }

            dead = true;
            peer->table[i] = NULL;
            peer->njobs--;

            atomic_store(&rec->gone, true);

            if (rec->state == PTN_REC_WANT_FILE) {
                ptn_rec_free(r, rec);
                continue;
            }

            rec->orphan = true;
            peer->orphans++;

            if (rec->state == PTN_REC_RETRY || rec->state == PTN_REC_PARKED) {
                r->reap = true;
            }
        }
    }

    peer->sweep = true;

    if (dead) {
        ptn_world_count(r->world, PTN_STAT_WORKERS_DEAD, 1);
        ptn_log(r->log, PTN_LOG_WARN, "worker gone with jobs open slot=%u", w);
    }
}


/* The worker that talks in slot `w` now; 0: none. */

static uint32_t
ptn_intake_peer(ptn_runner_t *r, uint32_t w)
{
    uint32_t         epoch;
    ptn_shm_slot_t  *s;

    s = ptn_shm_slot(r->world, w);
    epoch = atomic_load(&s->epoch);

    if (epoch != r->peer[w].epoch && atomic_load(&s->pid) != 0) {
        ptn_intake_epoch(r, w, epoch);
    }

    return r->peer[w].epoch;
}


/* The descriptor that came for a job; -1: none (yet). */

static int
ptn_intake_file(ptn_runner_t *r, ptn_rec_t *rec)
{
    int           fd;
    ptn_note_t    note;
    ptn_peer_t   *peer;
    ptn_stash_t  *st, **p;

    peer = &r->peer[rec->w];

    for (p = &peer->stash; (st = *p) != NULL; p = &st->next) {
        if (st->note.ticket == rec->ticket && st->note.gen == rec->gen
            && st->note.epoch == rec->epoch)
        {
            fd = st->fd;
            *p = st->next;
            free(st);
            peer->nstash--;
            return fd;
        }
    }

    while (ptn_shm_recv_fd(ptn_shm_sock(r->world, rec->w, r->ring)[0], &note,
                           &fd)
           == PTN_OK)
    {
        if (fd == -1) {
            continue;
        }

        if (note.ticket == rec->ticket && note.gen == rec->gen
            && note.epoch == rec->epoch)
        {
            return fd;
        }

        st = peer->nstash < PTN_INTAKE_STASH && note.epoch == rec->epoch
             ? malloc(sizeof(ptn_stash_t)) : NULL;

        if (st == NULL) {
            close(fd);
            continue;
        }

        st->note = note;
        st->fd = fd;
        st->next = peer->stash;
        peer->stash = st;
        peer->nstash++;
    }

    return -1;
}


/* A pipe or a socket would hold the thread that reads it. */

static bool
ptn_intake_regular(int fd)
{
    struct stat  st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}


/* Copies a cell and checks the copy.  NULL: it makes no sense. */

static const char *
ptn_intake_cell(ptn_runner_t *r, ptn_rec_t *rec)
{
    uint32_t               type, lane;
    ptn_cell_t            *cell;
    const ptn_job_type_t  *t;

    cell = rec->cell;

    type = *(volatile uint16_t *) &cell->type;
    rec->len = *(volatile uint32_t *) &cell->len;
    rec->off = *(volatile uint32_t *) &cell->off;
    rec->seq = *(volatile uint64_t *) &cell->seq;
    rec->job.slot = *(volatile uint32_t *) &cell->slot;
    rec->job.body_len = *(volatile uint64_t *) &cell->body_len;
    rec->has_file = *(volatile uint16_t *) &cell->flags & PTN_CELL_HAS_FILE;
    memcpy(&rec->sid, &cell->session, sizeof(rec->sid));

    if (type >= r->world->ntypes) {
        return "type";
    }

    t = r->world->types[type];
    rec->type = type;
    rec->job.type = t;
    lane = t->lane;

    if ((t->flags & PTN_JOB_DEBUG) && !r->world->opts.debug_jobs) {
        return "debug type";
    }

    if (r->clerk != (lane == PTN_LANE_NET)) {
        return "lane";
    }

    if (rec->job.slot != PTN_SLOT_ANY && rec->job.slot >= PTN_SLOTS) {
        return "slot";
    }

    if (rec->len > PTN_JOB_REQUEST_MAX) {
        return "request length";
    }

    if (rec->off == PTN_NONE ? rec->len > PTN_CELL_REQUEST
        : rec->off > PTN_REQUEST_MEM
          || rec->len > PTN_REQUEST_MEM - rec->off)
    {
        return "request offset";
    }

    if (rec->job.body_len > INT64_MAX / 2
        || (!rec->has_file && rec->job.body_len != 0))
    {
        return "body length";
    }

    return NULL;
}


/* Into the queues; mu held.  true: answer it with rec->rc right now. */

static bool
ptn_intake_queue(ptn_runner_t *r, ptn_rec_t *rec)
{
    if (rec->fail == PTN_OK && rec->job.type->lane == PTN_LANE_AUTH
        && r->lane[PTN_LANE_AUTH].n >= PTN_AUTH_QUEUE)
    {
        ptn_world_count(r->world, PTN_STAT_AUTH_BUSY, 1);
        rec->rc = PTN_EBUSY;
        return true;
    }

    ptn_exec_queue(r, rec);

    return false;
}


/*
 * Marks a cell as ours.  A ring message may be met twice after a take-over,
 * once for its cell and once for itself; that is no offence.
 */

static bool
ptn_intake_accept(ptn_runner_t *r, uint32_t w, ptn_cell_t *cell, uint32_t gen,
    bool recover)
{
    uint32_t  word;

    word = ptn_cell_word(gen, PTN_CELL_QUEUED);

    if (atomic_compare_exchange_strong(&cell->state, &word,
                                   ptn_cell_word(gen, PTN_CELL_ACCEPTED)))
    {
        return true;
    }

    if (recover) {
        return word == ptn_cell_word(gen, PTN_CELL_ACCEPTED)
               || word == ptn_cell_word(gen, PTN_CELL_RUNNING);
    }

    if (word >> 3 != gen || (word & 7) == PTN_CELL_FREE) {
        ptn_intake_refuse(r, w, "cell state");
    }

    return false;
}


/*
 * Takes a job; mu held.  `lost`: it was running when its process died.
 * true: *ret_now is to be answered without running.
 */

static bool
ptn_intake_job(ptn_runner_t *r, uint32_t w, uint32_t ticket, uint32_t gen,
    bool recover, bool lost, ptn_rec_t **ret_now)
{
    ptn_rec_t      *rec;
    ptn_peer_t     *peer;
    ptn_down_t      m;
    ptn_cell_t     *cell;
    const char     *why;

    peer = &r->peer[w];
    cell = &ptn_shm_slot(r->world, w)->cell[ticket].c;

    if (peer->table == NULL) {
        peer->table = calloc(PTN_TICKETS, sizeof(ptn_rec_t *));
        if (peer->table == NULL) {
            return false;
        }
    }

    if (peer->table[ticket] != NULL) {
        if (peer->table[ticket]->gen != gen) {
            ptn_intake_refuse(r, w, "ticket in use");
        }
        return false;
    }

    if (!ptn_intake_accept(r, w, cell, gen, recover)) {
        return false;
    }

    rec = ptn_rec_new(r);
    if (rec == NULL) {
        return false;
    }

    rec->w = w;
    rec->ticket = ticket;
    rec->gen = gen;
    rec->epoch = peer->epoch;
    rec->cell = cell;

    peer->table[ticket] = rec;
    peer->njobs++;

    why = ptn_intake_cell(r, rec);

    if (why != NULL) {
        ptn_intake_refuse(r, w, why);
        rec->rc = PTN_EINVAL;
        *ret_now = rec;
        return true;
    }

    if (lost) {
        rec->fail = PTN_ESTALE;
        ptn_world_count(r->world, PTN_STAT_JOBS_LOST, 1);

    } else if (rec->has_file) {
        rec->body = ptn_intake_file(r, rec);

        if (rec->body == -1) {

            /* a process that died may have received it: ask again */

            rec->state = PTN_REC_WANT_FILE;

            memset(&m, 0, sizeof(m));
            m.op = PTN_DOWN_NEED_FILE;
            m.ticket = ticket;
            m.gen = gen;
            m.epoch = rec->epoch;
            ptn_post(r, w, &m, -1);
            return false;
        }
    }

    if (rec->body != -1 && !ptn_intake_regular(rec->body)) {
        ptn_intake_refuse(r, w, "body is no file");
        rec->rc = PTN_EINVAL;
        *ret_now = rec;
        return true;
    }

    if (ptn_intake_queue(r, rec)) {
        *ret_now = rec;
        return true;
    }

    return false;
}


static ptn_rec_t *
ptn_intake_find(ptn_runner_t *r, uint32_t w, const ptn_up_t *m)
{
    ptn_rec_t  *rec;

    if (m->ticket >= PTN_TICKETS || r->peer[w].table == NULL) {
        return NULL;
    }

    rec = r->peer[w].table[m->ticket];

    return rec != NULL && rec->gen == m->gen ? rec : NULL;
}


static void
ptn_intake_message(ptn_runner_t *r, uint32_t w, const ptn_up_t *m)
{
    bool            now;
    ptn_rec_t      *rec;
    ptn_session_t  *s;

    rec = NULL;
    now = false;

    pthread_mutex_lock(&r->mu);

    if (m->epoch != ptn_intake_peer(r, w)) {
        pthread_mutex_unlock(&r->mu);
        return;                         /* left by the slot's last owner */
    }

    switch (m->op) {

    case PTN_UP_JOB:
        if (m->ticket >= PTN_TICKETS || m->gen > PTN_GEN_MASK) {
            ptn_intake_refuse(r, w, "ticket");
            break;
        }
        now = ptn_intake_job(r, w, m->ticket, m->gen, false, false, &rec);
        break;

    case PTN_UP_CANCEL:
    case PTN_UP_TAKEN:
        pthread_mutex_unlock(&r->mu);
        ptn_intake_parked(r, w, m);
        return;

    case PTN_UP_FILE:
        rec = ptn_intake_find(r, w, m);
        if (rec == NULL || rec->state != PTN_REC_WANT_FILE) {
            break;
        }
        rec->body = ptn_intake_file(r, rec);
        rec->state = PTN_REC_QUEUED;
        if (rec->body == -1 || !ptn_intake_regular(rec->body)) {
            rec->rc = PTN_EIO;
            now = true;
        } else {
            now = ptn_intake_queue(r, rec);
        }
        break;

    case PTN_UP_END:
        s = ptn_session_find(r, &m->session);
        if (s != NULL && (s->bound_w == PTN_NONE
                          || (s->bound_w == w && s->bound_epoch == m->epoch)))
        {
            s->ending = true;
            if (s->current == NULL) {
                ptn_session_finish(r, s);
            }
        }
        break;

    default:
        ptn_intake_refuse(r, w, "message");
        break;
    }

    pthread_mutex_unlock(&r->mu);

    if (now) {
        ptn_exec_finish(rec, rec->rc);
    }
}


/* Cancel, and bytes taken: they may concern a parked job. */

void
ptn_intake_parked(ptn_runner_t *r, uint32_t w, const ptn_up_t *m)
{
    ptn_rec_t  *rec, *parked;

    pthread_mutex_lock(&r->park);
    pthread_mutex_lock(&r->mu);

    rec = ptn_intake_find(r, w, m);

    if (rec != NULL && m->op == PTN_UP_CANCEL) {
        atomic_store(&rec->gone, true);

        if (rec->state == PTN_REC_WANT_FILE) {
            ptn_exec_lane(r, rec);          /* to be answered ECANCEL */
            ptn_exec_wake(r);

        } else if (rec->state == PTN_REC_RETRY && rec->wait_for != NULL) {
            ptn_exec_retry(r, rec->wait_for, false);
        }
    }

    /* a job that runs may be gone as soon as `mu` is, a parked one not */

    parked = rec != NULL && rec->state == PTN_REC_PARKED ? rec : NULL;

    pthread_mutex_unlock(&r->mu);

    if (parked != NULL && m->op == PTN_UP_CANCEL) {
        ptn_park_end(parked, PTN_ECANCEL);

    } else if (parked != NULL) {

        /* asks for the next message before it looks, so none is missed */

        if (parked->waiters.n > 0
            || parked->reply.spill_len > parked->reply.spill_off)
        {
            atomic_store(&parked->cell->waiting, 2);
            atomic_thread_fence(memory_order_seq_cst);
        }

        ptn_reply_pump(parked);

        pthread_mutex_lock(&r->mu);
        ptn_exec_retry(r, parked, false);
        pthread_mutex_unlock(&r->mu);
    }

    pthread_mutex_unlock(&r->park);
}


static uint32_t
ptn_intake_high(ptn_runner_t *r)
{
    uint32_t  n;

    n = atomic_load(&r->world->common->workers_high);

    return ptn_min(n, r->world->opts.workers);
}


bool
ptn_intake_empty(ptn_runner_t *r)
{
    uint32_t          w, n;
    ptn_shm_rings_t  *rings;

    n = ptn_intake_high(r);

    for (w = 0; w < n; w++) {
        rings = ptn_shm_rings(r->world, w, r->ring);
        if (!ptn_ring_up_empty(&rings->up,
                     atomic_load_explicit(&r->peer[w].head,
                                          memory_order_relaxed)))
        {
            return false;
        }
    }

    return true;
}


uint32_t
ptn_intake(ptn_runner_t *r)
{
    int               rc;
    uint32_t          w, n, k, high, head;
    ptn_up_t          m;
    ptn_shm_rings_t  *rings;

    pthread_mutex_lock(&r->mu);

    if (r->taking || atomic_load(&r->no_intake)) {
        pthread_mutex_unlock(&r->mu);
        return 0;
    }

    r->taking = true;

    pthread_mutex_unlock(&r->mu);

    n = 0;
    high = ptn_intake_high(r);

    for (w = 0; w < high; w++) {
        rings = ptn_shm_rings(r->world, w, r->ring);

        head = atomic_load(&r->peer[w].head);

        for (k = 0; k < PTN_INTAKE_ROUND; k++) {
            rc = ptn_ring_up_pop(&rings->up, &head, &m);
            atomic_store_explicit(&r->peer[w].head, head,
                                  memory_order_relaxed);

            if (rc == 0) {
                break;
            }

            if (rc < 0) {
                ptn_intake_refuse(r, w, "ring position");
                break;
            }

            ptn_intake_message(r, w, &m);
            n++;
        }
    }

    pthread_mutex_lock(&r->mu);
    r->taking = false;

    if (r->untaken > 0) {
        pthread_cond_broadcast(&r->cond_taken);
    }

    pthread_mutex_unlock(&r->mu);

    return n;
}


/* Taking over. */

typedef struct {
    uint64_t  seq;
    uint32_t  ticket;
    uint32_t  gen;
    bool      lost;
} ptn_intake_old_t;


static int
ptn_intake_by_seq(const void *a, const void *b)
{
    uint64_t  x, y;

    x = ((const ptn_intake_old_t *) a)->seq;
    y = ((const ptn_intake_old_t *) b)->seq;

    return x < y ? -1 : x > y;
}


static void
ptn_intake_recover_slot(ptn_runner_t *r, uint32_t w, ptn_intake_old_t *old)
{
    bool             now;
    uint32_t         i, n, cells, word;
    ptn_rec_t       *rec;
    ptn_cell_t      *cell;
    ptn_shm_slot_t  *s;

    s = ptn_shm_slot(r->world, w);
    cells = ptn_min(atomic_load(&s->cells), (uint32_t) PTN_TICKETS);
    n = 0;

    for (i = 0; i < cells; i++) {
        cell = &s->cell[i].c;
        word = atomic_load(&cell->state);

        if (word == 0 || *(volatile uint32_t *) &cell->store != r->ring) {
            continue;
        }

        if (*(volatile uint32_t *) &cell->epoch != r->peer[w].epoch) {

            /* of a dead worker: nobody runs it any more */

            if ((word & 7) == PTN_CELL_RUNNING) {
                (void) atomic_compare_exchange_strong(&cell->state, &word,
                                     ptn_cell_word(word >> 3, PTN_CELL_DONE));
            }
            continue;
        }

        if ((word & 7) != PTN_CELL_QUEUED && (word & 7) != PTN_CELL_ACCEPTED
            && (word & 7) != PTN_CELL_RUNNING)
        {
            continue;
        }

        old[n].seq = *(volatile uint64_t *) &cell->seq;
        old[n].ticket = i;
        old[n].gen = word >> 3;
        old[n].lost = (word & 7) == PTN_CELL_RUNNING;
        n++;
    }

    qsort(old, n, sizeof(ptn_intake_old_t), ptn_intake_by_seq);

    for (i = 0; i < n; i++) {
        rec = NULL;

        pthread_mutex_lock(&r->mu);
        now = ptn_intake_job(r, w, old[i].ticket, old[i].gen, true,
                             old[i].lost, &rec);
        pthread_mutex_unlock(&r->mu);

        if (now) {
            ptn_exec_finish(rec, rec->rc);
        }
    }
}


/*
 * The ring is ours: jobs that were queued run here, jobs that were running
 * are failed.  The cells tell; what the ring holds is in them as well.
 */

void
ptn_intake_recover(ptn_runner_t *r)
{
    uint32_t           w, epoch;
    ptn_peer_t        *peer;
    ptn_shm_slot_t    *s;
    ptn_shm_rings_t   *rings;
    ptn_intake_old_t  *old;

    old = malloc(PTN_TICKETS * sizeof(ptn_intake_old_t));

    for (w = 0; w < r->world->opts.workers; w++) {
        s = ptn_shm_slot(r->world, w);
        rings = ptn_shm_rings(r->world, w, r->ring);
        peer = &r->peer[w];

        /* jobs pushed from here on are met twice, the second time in vain */

        atomic_store(&peer->head, atomic_load(&rings->up.head));
        peer->tail = atomic_load(&rings->down.tail);

        epoch = atomic_load(&s->epoch);

        if (epoch == 0) {
            continue;                   /* never claimed */
        }

        peer->epoch = ptn_shm_alive(atomic_load(&s->pid)) ? epoch : 0;

        ptn_window_sweep(r, w, epoch, true);

        if (old != NULL) {
            ptn_intake_recover_slot(r, w, old);
        }
    }

    free(old);
}


/* Once a second. */

void
ptn_intake_check(ptn_runner_t *r)
{
    uint32_t         w, high, alive, epoch;
    ptn_peer_t      *peer;
    ptn_shm_slot_t  *s;

    high = ptn_intake_high(r);
    alive = 0;

    for (w = 0; w < high; w++) {
        s = ptn_shm_slot(r->world, w);
        peer = &r->peer[w];

        pthread_mutex_lock(&r->mu);

        if (ptn_shm_alive(atomic_load(&s->pid))) {
            alive++;
            (void) ptn_intake_peer(r, w);

        } else if (peer->epoch != 0) {
            ptn_intake_epoch(r, w, 0);
        }

        if (peer->sweep && peer->orphans == 0) {
            peer->sweep = false;
            epoch = peer->epoch;
            ptn_window_sweep(r, w, epoch != 0 ? epoch
                                              : atomic_load(&s->epoch) + 1,
                             false);
        }

        pthread_mutex_unlock(&r->mu);
    }

    atomic_store(&r->world->common->workers, alive);

    if (atomic_load(&r->shm->jobs) != r->trim_jobs) {
        r->trim_jobs = atomic_load(&r->shm->jobs);
        r->trim_idle = 0;

    } else if (++r->trim_idle == PTN_TRIM_S) {
        for (w = 0; w < high; w++) {
            ptn_window_trim(r, w);
        }
        (void) malloc_trim(0);
    }

    ptn_park_reap(r);
}
