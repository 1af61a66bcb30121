#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ptn_runner.h"


/*
 * Each process counts in a table of its own: one that dies leaves nothing
 * that others would have to put right, not even the lock.  A user's sessions
 * are the sum over the tables whose owner lives; more than a process may have
 * sessions do not fit a table, so it never fills.
 */

#define ptn_seat_hash(user)                                                   \
    (uint32_t) ((user) * 0x9e3779b97f4a7c15u >> 32) % PTN_SEATS


static void
ptn_seat_lock(ptn_shm_private_t *p)
{
    /* who died with it has left a table of its own that nobody counts */

    if (pthread_mutex_lock(&p->seats_lock) == EOWNERDEAD) {
        (void) pthread_mutex_consistent(&p->seats_lock);
    }
}


/* Where the user is, or would be. */

static uint32_t
ptn_seat_find(const ptn_shm_seats_t *t, uint64_t user)
{
    uint32_t  i;

    i = ptn_seat_hash(user);

    while (t->seat[i].user != 0 && t->seat[i].user != user) {
        i = (i + 1) % PTN_SEATS;
    }

    return i;
}


static uint64_t
ptn_seat_count(ptn_world_t *world, uint64_t user)
{
    uint32_t          r;
    uint64_t          n, seats;
    ptn_shm_seats_t  *t;

    n = 0;

    for (r = 0; r < world->nrings; r++) {
        t = &world->private->seats[r];

        /* to read a table that is empty would make memory of it */

        if (t->used == 0) {
            continue;
        }

        seats = t->seat[ptn_seat_find(t, user)].n;

        /* a process that died, and nobody has taken over yet */

        if (seats != 0 && ptn_shm_alive(atomic_load(&t->pid))) {
            n += seats;
        }
    }

    return n;
}


void
ptn_seat_begin(ptn_runner_t *r)
{
    ptn_shm_private_t  *p;
    ptn_shm_seats_t    *t;

    p = r->world->private;
    t = &p->seats[r->ring];

    ptn_seat_lock(p);

    if (t->used != 0 && madvise(t->seat, sizeof(t->seat), MADV_REMOVE) == -1) {
        memset(t->seat, 0, sizeof(t->seat));
    }

    t->used = 0;
    atomic_store(&t->pid, (int32_t) getpid());

    pthread_mutex_unlock(&p->seats_lock);
}


ptn_rc_t
ptn_seat_take(ptn_runner_t *r, uint64_t user, uint32_t max)
{
    ptn_rc_t            rc;
    ptn_shm_seat_t     *seat;
    ptn_shm_seats_t    *t;
    ptn_shm_private_t  *p;

    p = r->world->private;
    t = &p->seats[r->ring];
    rc = PTN_ELIMIT;

    ptn_seat_lock(p);

    if (ptn_seat_count(r->world, user) < max) {
        seat = &t->seat[ptn_seat_find(t, user)];

        if (seat->user == 0) {
            seat->user = user;
            t->used++;
        }

        seat->n++;
        rc = PTN_OK;
    }

    pthread_mutex_unlock(&p->seats_lock);

    return rc;
}


/* Closes the gap at `i`: what was pushed beyond it moves back. */

static void
ptn_seat_remove(ptn_shm_seats_t *t, uint32_t i)
{
    uint32_t  k, home;

    for (k = (i + 1) % PTN_SEATS;
         t->seat[k].user != 0;
         k = (k + 1) % PTN_SEATS)
    {
        home = ptn_seat_hash(t->seat[k].user);

        if ((k - home) % PTN_SEATS >= (k - i) % PTN_SEATS) {
            t->seat[i] = t->seat[k];
            i = k;
        }
    }

    t->seat[i].user = 0;
    t->seat[i].n = 0;
    t->used--;
}


void
ptn_seat_give(ptn_runner_t *r, uint64_t user)
{
    uint32_t            i;
    ptn_shm_seats_t    *t;
    ptn_shm_private_t  *p;

    p = r->world->private;
    t = &p->seats[r->ring];

    ptn_seat_lock(p);

    i = ptn_seat_find(t, user);

    if (t->seat[i].user == user && --t->seat[i].n == 0) {
        ptn_seat_remove(t, i);
    }

    pthread_mutex_unlock(&p->seats_lock);
}
