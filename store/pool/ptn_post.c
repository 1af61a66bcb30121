#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "ptn_runner.h"


/*
 * Messages to a worker.  A ring that is full never holds a thread: what does
 * not fit waits in a private list that the control thread empties.  It is
 * bounded by the jobs that a worker can have.
 */

static bool
ptn_post_try(ptn_runner_t *r, uint32_t w, ptn_down_t *m, int fd)
{
    ptn_note_t        note;
    ptn_cell_t       *cell;
    ptn_peer_t       *peer;
    ptn_shm_rings_t  *rings;
    uint32_t          word;

    peer = &r->peer[w];
    rings = ptn_shm_rings(r->world, w, r->ring);

    if (peer->tail
        - atomic_load_explicit(&rings->down.head, memory_order_acquire)
        >= PTN_DOWN)
    {
        return false;
    }

    if (m->op == PTN_DOWN_FILE) {
        m->serial = peer->serial;

        note.ticket = m->ticket;
        note.gen = m->gen;
        note.epoch = m->epoch;
        note.serial = m->serial;

        if (ptn_shm_send_fd(ptn_shm_sock(r->world, w, r->ring)[0], &note, fd)
            != PTN_OK)
        {
            return false;
        }

        peer->serial++;
    }

    (void) ptn_ring_down_push(&rings->down, &peer->tail, m);

    if (m->op == PTN_DOWN_FINAL) {

        /* only now: a successor must answer what has no FINAL in the ring */

        cell = &ptn_shm_slot(r->world, w)->cell[m->ticket].c;
        word = ptn_cell_word(m->gen, PTN_CELL_RUNNING);

        if (!atomic_compare_exchange_strong(&cell->state, &word,
                                   ptn_cell_word(m->gen, PTN_CELL_DONE)))
        {
            word = ptn_cell_word(m->gen, PTN_CELL_ACCEPTED);
            (void) atomic_compare_exchange_strong(&cell->state, &word,
                                   ptn_cell_word(m->gen, PTN_CELL_DONE));
        }
    }

    return true;
}


/* true: it is in the ring, and the worker is to be woken for it */

bool
ptn_post_quiet(ptn_runner_t *r, uint32_t w, ptn_down_t *m, int fd)
{
    ptn_back_t  *b;
    ptn_peer_t  *peer;

    peer = &r->peer[w];

    pthread_mutex_lock(&peer->mu);

    if (m->epoch != peer->epoch) {
        pthread_mutex_unlock(&peer->mu);
        return false;
    }

    if (peer->back == NULL && ptn_post_try(r, w, m, fd)) {
        pthread_mutex_unlock(&peer->mu);
        return true;
    }

    b = malloc(sizeof(ptn_back_t));

    if (b != NULL) {
        b->next = NULL;
        b->msg = *m;
        b->fd = fd == -1 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
        *peer->back_last = b;
        peer->back_last = &b->next;
        atomic_store(&r->backlog, true);
    }

    pthread_mutex_unlock(&peer->mu);

    ptn_runner_hurry(r);

    return false;
}


void
ptn_post_wake(ptn_runner_t *r, uint32_t w)
{
    ptn_shm_wake(&ptn_shm_slot(r->world, w)->sleeping, r->world->worker_fd[w]);
}


void
ptn_post(ptn_runner_t *r, uint32_t w, ptn_down_t *m, int fd)
{
    if (ptn_post_quiet(r, w, m, fd)) {
        ptn_post_wake(r, w);
    }
}


void
ptn_post_backlog(ptn_runner_t *r)
{
    bool         left, sent;
    uint32_t     w;
    ptn_back_t  *b;
    ptn_peer_t  *peer;

    if (!atomic_load(&r->backlog)) {
        return;
    }

    atomic_store(&r->backlog, false);
    left = false;

    for (w = 0; w < r->world->opts.workers; w++) {
        peer = &r->peer[w];
        sent = false;

        pthread_mutex_lock(&peer->mu);

        while ((b = peer->back) != NULL
               && ptn_post_try(r, w, &b->msg, b->fd))
        {
            peer->back = b->next;
            if (peer->back == NULL) {
                peer->back_last = &peer->back;
            }
            if (b->fd != -1) {
                close(b->fd);
            }
            free(b);
            sent = true;
        }

        if (peer->back != NULL) {
            left = true;
        }

        pthread_mutex_unlock(&peer->mu);

        if (sent) {
            ptn_post_wake(r, w);
        }
    }

    if (left) {
        atomic_store(&r->backlog, true);
    }
}


/* The worker is gone: so is what it was to be told.  down[w].mu is held. */

void
ptn_post_drop(ptn_runner_t *r, uint32_t w)
{
    ptn_back_t  *b;
    ptn_peer_t  *peer;

    peer = &r->peer[w];

    while ((b = peer->back) != NULL) {
        peer->back = b->next;
        if (b->fd != -1) {
            close(b->fd);
        }
        free(b);
    }

    peer->back_last = &peer->back;
}
