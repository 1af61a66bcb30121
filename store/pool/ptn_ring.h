/*
 * The two rings of a (worker slot, store) pair.  Each side keeps a private
 * position; the shared copy of the other's is checked before use.
 */

#ifndef PTN_RING_H
#define PTN_RING_H


#include "ptn_shm.h"


/* false: full (or the consumer's position makes no sense) */
static inline bool
ptn_ring_up_push(ptn_ring_up_t *ring, uint32_t *tail, const ptn_up_t *m)
{
    uint32_t  head;

    head = atomic_load_explicit(&ring->head, memory_order_acquire);
    if (*tail - head >= PTN_UP) {
        return false;
    }

    ring->msg[*tail & (PTN_UP - 1)] = *m;
    (*tail)++;
    atomic_store_explicit(&ring->tail, *tail, memory_order_release);

    return true;
}


static inline bool
ptn_ring_up_empty(ptn_ring_up_t *ring, uint32_t head)
{
    return atomic_load_explicit(&ring->tail, memory_order_acquire) == head;
}


/* 1: *m is a private copy; 0: empty; -1: nonsense, resynchronised */
static inline int
ptn_ring_up_pop(ptn_ring_up_t *ring, uint32_t *head, ptn_up_t *m)
{
    uint32_t  tail;

    tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    if (tail == *head) {
        return 0;
    }

    if (tail - *head > PTN_UP) {
        *head = tail;
        atomic_store_explicit(&ring->head, tail, memory_order_release);
        return -1;
    }

    memcpy(m, &ring->msg[*head & (PTN_UP - 1)], sizeof(ptn_up_t));
    (*head)++;
    atomic_store_explicit(&ring->head, *head, memory_order_release);

    return 1;
}


static inline bool
ptn_ring_down_push(ptn_ring_down_t *ring, uint32_t *tail, const ptn_down_t *m)
{
    uint32_t  head;

    head = atomic_load_explicit(&ring->head, memory_order_acquire);
    if (*tail - head >= PTN_DOWN) {
        return false;
    }

    ring->msg[*tail & (PTN_DOWN - 1)] = *m;
    (*tail)++;
    atomic_store_explicit(&ring->tail, *tail, memory_order_release);

    return true;
}


static inline bool
ptn_ring_down_empty(ptn_ring_down_t *ring, uint32_t head)
{
    return atomic_load_explicit(&ring->tail, memory_order_acquire) == head;
}


static inline int
ptn_ring_down_pop(ptn_ring_down_t *ring, uint32_t *head, ptn_down_t *m)
{
    uint32_t  tail;

    tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    if (tail == *head) {
        return 0;
    }

    if (tail - *head > PTN_DOWN) {
        *head = tail;
        atomic_store_explicit(&ring->head, tail, memory_order_release);
        return -1;
    }

    memcpy(m, &ring->msg[*head & (PTN_DOWN - 1)], sizeof(ptn_down_t));
    (*head)++;
    atomic_store_explicit(&ring->head, *head, memory_order_release);

    return 1;
}


#endif /* PTN_RING_H */
