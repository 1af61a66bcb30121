#include <errno.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "ptn_debug_jobs.h"

/* The one file outside store/pool that knows the layout: it abuses it. */
#include "ptn_ring.h"


/* A worker's slot and its rings to one store, as a liar sees them. */
typedef struct {
    ptn_world_t      *world;
    ptn_shm_slot_t   *slot;
    ptn_shm_rings_t  *rings;
    uint32_t          ring;
    uint32_t          up;           /* position of the producer */
    uint32_t          down;
    uint32_t          gen;
    uint16_t          noop;
} ptn_debug_liar_t;

typedef struct {
    const char  *name;
    void       (*forge)(ptn_debug_liar_t *l, ptn_cell_t *c, ptn_up_t *m);
} ptn_debug_probe_t;


/* Of all slots, a worker has its own mapped. */
static ptn_shm_slot_t *
ptn_debug_own_slot(ptn_world_t *world, uint32_t *ret_w)
{
    uint32_t  w;

    for (w = 0; w < world->opts.workers; w++) {
        if (msync(ptn_shm_slot(world, w), 4096, MS_ASYNC) == 0
            && ptn_shm_slot(world, w)->pid == getpid())
        {
            *ret_w = w;
            return ptn_shm_slot(world, w);
        }
    }

    return NULL;
}


static void
ptn_debug_forge_honest(ptn_debug_liar_t *l, ptn_cell_t *c, ptn_up_t *m)
{
    (void) l;
    (void) c;
    (void) m;
}


#define PTN_DEBUG_FORGE(name, statement)                                      \
static void                                                                   \
ptn_debug_forge_##name(ptn_debug_liar_t *l, ptn_cell_t *c, ptn_up_t *m)       \
{                                                                             \
    (void) l;                                                                 \
    (void) c;                                                                 \
    (void) m;                                                                 \
    statement;                                                                \
}

PTN_DEBUG_FORGE(op,         m->op = 99)
PTN_DEBUG_FORGE(ticket,     m->ticket = PTN_TICKETS + 5)
PTN_DEBUG_FORGE(ticket_max, m->ticket = 0xffffffff)
PTN_DEBUG_FORGE(gen,        m->gen ^= 1)
PTN_DEBUG_FORGE(epoch,      m->epoch += 1)
PTN_DEBUG_FORGE(len,        c->len = PTN_CELL_REQUEST + 1)
PTN_DEBUG_FORGE(len_max,    c->len = 0xffffffff; c->off = 0)
PTN_DEBUG_FORGE(off,        c->len = 100; c->off = (uint32_t) PTN_REQUEST_MEM)
PTN_DEBUG_FORGE(off_edge,   c->len = 100;
                            c->off = (uint32_t) PTN_REQUEST_MEM - 50)
PTN_DEBUG_FORGE(off_wrap,   c->len = 100; c->off = 0xfffffff0)
PTN_DEBUG_FORGE(type,       c->type = PTN_JOB_TYPES_MAX - 1)
PTN_DEBUG_FORGE(type_max,   c->type = 0xffff)
PTN_DEBUG_FORGE(slot,       c->slot = 0xfffffff0)
PTN_DEBUG_FORGE(session,    memset(&c->session, 0x5a, sizeof(c->session)))

/* Last: the positions no longer fit. */
PTN_DEBUG_FORGE(tail,       l->up += 0x40000000;
                            atomic_store(&l->rings->up.tail, l->up))


#define PTN_DEBUG_PROBE(name)  { #name, ptn_debug_forge_##name }

static const ptn_debug_probe_t  ptn_debug_probes[] = {
    PTN_DEBUG_PROBE(honest),
    PTN_DEBUG_PROBE(op),
    PTN_DEBUG_PROBE(ticket),
    PTN_DEBUG_PROBE(ticket_max),
    PTN_DEBUG_PROBE(gen),
    PTN_DEBUG_PROBE(epoch),
    PTN_DEBUG_PROBE(len),
    PTN_DEBUG_PROBE(len_max),
    PTN_DEBUG_PROBE(off),
    PTN_DEBUG_PROBE(off_edge),
    PTN_DEBUG_PROBE(off_wrap),
    PTN_DEBUG_PROBE(type),
    PTN_DEBUG_PROBE(type_max),
    PTN_DEBUG_PROBE(slot),
    PTN_DEBUG_PROBE(session),
    PTN_DEBUG_PROBE(tail)
};


/* Waits for FINAL of a ticket, or for the store to count a refusal. */
static const char *
ptn_debug_forge_outcome(ptn_debug_liar_t *l, uint32_t ticket,
    uint64_t refused)
{
    int              i;
    ptn_down_t       m;
    struct timespec  ts = { 0, 1000000 };

    for (i = 0; i < 300; i++) {

        while (ptn_ring_down_pop(&l->rings->down, &l->down, &m) == 1) {
            if (m.op == PTN_DOWN_FINAL && m.ticket == ticket) {
                return m.rc == PTN_OK ? "served" : ptn_err(m.rc)->name;
            }
        }

        if (l->world->common->count[PTN_STAT_REFUSED] > refused) {
            return "refused";
        }

        nanosleep(&ts, NULL);
    }

    return "ignored";
}


static const char *
ptn_debug_forge_probe(ptn_debug_liar_t *l, const ptn_debug_probe_t *probe,
    uint32_t ticket)
{
    ptn_up_t     m;
    uint64_t     refused;
    ptn_cell_t  *c;

    c = &l->slot->cell[ticket].c;
    l->gen = (l->gen + 1) & PTN_GEN_MASK;

    c->gen = l->gen;
    c->epoch = l->slot->epoch;
    c->store = l->ring;
    c->slot = 0;
    c->seq = 0xffffffff;
    c->body_len = 0;
    c->len = 0;
    c->off = 0xffffffff;
    c->type = l->noop;
    c->flags = 0;
    memset(&c->session, 0, sizeof(c->session));
    atomic_store(&c->cancel, 0);
    atomic_store(&c->released, 0);
    atomic_store(&c->taken, 0);
    atomic_store(&c->state, ptn_cell_word(l->gen, PTN_CELL_QUEUED));

    memset(&m, 0, sizeof(m));
    m.op = PTN_UP_JOB;
    m.ticket = ticket;
    m.gen = l->gen;
    m.epoch = c->epoch;

    refused = l->world->common->count[PTN_STAT_REFUSED];

    probe->forge(l, c, &m);

    (void) ptn_ring_up_push(&l->rings->up, &l->up, &m);
    ptn_shm_wake(&l->world->common->store[l->ring].sleeping,
                 l->world->ring_fd[l->ring]);

    return ptn_debug_forge_outcome(l, ticket, refused);
}


void
ptn_debug_forge(ptn_world_t *world, uint32_t type_noop, ptn_buf_t *text)
{
    size_t            i;
    pid_t             pid;
    uint32_t          w;
    const char       *outcome;
    ptn_debug_liar_t  l;

    memset(&l, 0, sizeof(l));
    l.world = world;
    l.slot = ptn_debug_own_slot(world, &w);
    l.noop = (uint16_t) type_noop;

    if (l.slot == NULL) {
        ptn_buf_z(text, "no slot\n");
        return;
    }

    l.rings = ptn_shm_rings(world, w, l.ring);
    l.up = l.rings->up.tail;
    l.down = l.rings->down.head;
    l.gen = 0x1000;

    for (i = 0; i < ptn_nelts(ptn_debug_probes); i++) {
        pid = world->common->store[l.ring].pid;

        outcome = ptn_debug_forge_probe(&l, &ptn_debug_probes[i],
                                        (uint32_t) (PTN_TICKETS - 1 - i));

        ptn_buf_printf(text, "%s\t%s\t%s\n", ptn_debug_probes[i].name,
                       outcome,
                       world->common->store[l.ring].pid == pid
                       ? "alive" : "DIED");
    }

    /* what a worker must not have: other slots, private memory */

    for (i = 0; i < world->opts.workers; i++) {
        if (i != w && msync(ptn_shm_slot(world, (uint32_t) i), 4096, MS_ASYNC)
                      == 0)
        {
            ptn_buf_printf(text, "slot %u\tMAPPED\t\n", (unsigned) i);
        }
    }

    ptn_buf_printf(text, "private\t%s\t\n",
                   ptn_world_private(world) == NULL ? "unmapped" : "MAPPED");
}
