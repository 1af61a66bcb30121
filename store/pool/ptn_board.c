#include <unistd.h>

#include "ptn_shm.h"


/*
 * A change bumps the version of its mailbox slot and marks it dirty at each
 * worker that watches.  The worker compares versions, so a mark too many
 * costs one compare and nothing can overflow.
 */

void
ptn_board_bump(ptn_world_t *world, uint32_t slot)
{
    uint32_t          i, w, n;
    uint64_t          mask;
    ptn_shm_slot_t   *s;
    ptn_shm_board_t  *b;

    if (slot >= PTN_SLOTS) {
        return;
    }

    b = &world->common->board[slot];
    atomic_fetch_add(&b->version, 1);
    ptn_world_count(world, PTN_STAT_BUMPS, 1);

    n = (world->opts.workers + 63) / 64;

    for (i = 0; i < n; i++) {
        mask = atomic_load(&b->watch[i]);

        while (mask != 0) {
            w = i * 64 + (uint32_t) __builtin_ctzll(mask);
            mask &= mask - 1;

            /* -1: a worker; it sees no slot but its own */

            if (w >= world->opts.workers || world->worker_fd[w] == -1) {
                continue;
            }

            s = ptn_shm_slot(world, w);
            atomic_fetch_or(&s->dirty[slot / 64], (uint64_t) 1 << slot % 64);

            if (atomic_exchange(&s->dirty_any, 1) == 0) {
                ptn_shm_wake(&s->sleeping, world->worker_fd[w]);
            }
        }
    }
}


uint64_t
ptn_board_version(ptn_world_t *world, uint32_t slot)
{
    return slot < PTN_SLOTS
           ? atomic_load(&world->common->board[slot].version) : 0;
}
