#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ptn_ticket.h"


#define PTN_CLIENT_CLASSES  (sizeof(ptn_client_class) / sizeof(uint32_t) / 2)

#define PTN_CLIENT_CLASS(size, n)  { size, n },

static const uint32_t  ptn_client_class[][2] = {
    PTN_REQUEST_CLASSES(PTN_CLIENT_CLASS)
};


/* Request memory. */

static ptn_rc_t
ptn_client_mem_init(ptn_client_t *client)
{
    uint32_t           i, k, off;
    ptn_client_mem_t  *mem;

    off = 0;

    for (i = 0; i < PTN_CLIENT_CLASSES; i++) {
        mem = &client->mem[i];
        mem->free = malloc(ptn_client_class[i][1] * sizeof(uint32_t));
        if (mem->free == NULL) {
            return PTN_ENOMEM;
        }

        mem->nfree = ptn_client_class[i][1];

        /* the lowest offsets are taken first, so that few pages are used */

        for (k = 0; k < mem->nfree; k++) {
            mem->free[mem->nfree - 1 - k] = off;
            off += ptn_client_class[i][0];
        }
    }

    return PTN_OK;
}


static uint32_t
ptn_client_mem_get(ptn_client_t *client, size_t len)
{
    uint32_t  i;

    for (i = 0; i < PTN_CLIENT_CLASSES; i++) {
        if (len <= ptn_client_class[i][0] && client->mem[i].nfree > 0) {
            return client->mem[i].free[--client->mem[i].nfree];
        }
    }

    return PTN_CLIENT_NONE;
}


static void
ptn_client_mem_put(ptn_client_t *client, uint32_t off)
{
    uint32_t  i, end;

    end = 0;

    for (i = 0; i < PTN_CLIENT_CLASSES; i++) {
        end += ptn_client_class[i][0] * ptn_client_class[i][1];
        if (off < end) {
            client->mem[i].free[client->mem[i].nfree++] = off;
            return;
        }
    }
}


/* The slot. */

static bool
ptn_client_claim(ptn_client_t *client)
{
    int32_t          pid, old;
    uint32_t         w, high;
    ptn_shm_slot_t  *s;
    ptn_world_t     *world;

    world = client->world;
    pid = (int32_t) getpid();

    for (w = 0; w < world->opts.workers; w++) {
        s = ptn_shm_slot(world, w);
        old = atomic_load(&s->pid);

        if (old != 0 && ptn_shm_alive(old)) {
            continue;
        }

        if (!atomic_compare_exchange_strong(&s->pid, &old, pid)) {
            continue;
        }

        client->w = w;
        client->shm = s;
        client->epoch = atomic_fetch_add(&s->epoch, 1) + 1;

        high = atomic_load(&world->common->workers_high);
        while (high < w + 1
               && !atomic_compare_exchange_weak(&world->common->workers_high,
                                                &high, w + 1))
        {
            /* void */
        }

        atomic_fetch_add(&world->common->workers, 1);

        return true;
    }

    return false;
}


/* What the last owner of the slot left. */

static void
ptn_client_inherit(ptn_client_t *client)
{
    uint32_t           i, tag;
    uint64_t           bit;
    ptn_world_t       *world;
    ptn_shm_slot_t    *s;
    ptn_shm_rings_t   *rings;

    world = client->world;
    s = client->shm;

    for (i = 0; i < world->nrings; i++) {
        rings = ptn_shm_rings(world, client->w, i);
        client->ring[i].tail = rings->up.tail;
        client->ring[i].head = rings->down.tail;
        atomic_store(&rings->down.head, client->ring[i].head);
        client->ring[i].later_last = &client->ring[i].later;
    }

    /*
     * Chunks of the last epoch may still be written to: the store that took
     * them frees them.  Only a tag that no store made is ours to clear.
     */

    for (i = 0; i < PTN_CHUNKS; i++) {
        tag = atomic_load(&s->chunk[i]);
        if (tag != 0 && ptn_chunk_store(tag) >= world->nrings) {
            atomic_store(&s->chunk[i], 0);
        }
    }

    bit = (uint64_t) 1 << client->w % 64;

    for (i = 0; i < PTN_SLOTS; i++) {
        atomic_fetch_and(&world->common->board[i].watch[client->w / 64],
                         ~bit);
    }

    for (i = 0; i < PTN_SLOTS / 64; i++) {
        atomic_store(&s->dirty[i], 0);
    }

    atomic_store(&s->dirty_any, 0);
    atomic_store(&s->sleeping, 1);
}


/* Everything that other workers and the stores keep to themselves. */

static void
ptn_client_forget(ptn_client_t *client)
{
    int           *sock;
    uint32_t       w, r;
    ptn_world_t   *world;

    world = client->world;

    munmap(world->private, world->private_size);
    world->private = NULL;

    if (client->w > 0) {
        munmap(world->slots, client->w * world->slot_size);
    }

    if (client->w + 1 < world->opts.workers) {
        munmap(world->slots + (client->w + 1) * world->slot_size,
               (world->opts.workers - client->w - 1) * world->slot_size);
    }

    for (w = 0; w < world->opts.workers; w++) {

        if (w != client->w) {
            close(world->worker_fd[w]);
            world->worker_fd[w] = -1;
        }

        for (r = 0; r < world->nrings; r++) {
            sock = ptn_shm_sock(world, w, r);
            close(sock[0]);
            sock[0] = -1;

            if (w != client->w) {
                close(sock[1]);
                sock[1] = -1;
            }
        }
    }
}


ptn_rc_t
ptn_client_open(ptn_world_t *world, ptn_log_t *log, ptn_client_t **ret_client)
{
    int            fd;
    uint32_t       r;
    ptn_note_t     note;
    ptn_client_t  *client;

    if (world->private == NULL) {
        return PTN_EINVAL;          /* this process has been here before */
    }

    client = calloc(1, sizeof(ptn_client_t));
    if (client == NULL) {
        return PTN_ENOMEM;
    }

    client->world = world;
    client->log = log;
    client->tickets = calloc(PTN_TICKETS, sizeof(ptn_ticket_t));

    if (client->tickets == NULL || ptn_client_mem_init(client) != PTN_OK) {
        ptn_client_close(client);
        return PTN_ENOMEM;
    }

    if (!ptn_client_claim(client)) {
        ptn_log(log, PTN_LOG_ERROR, "pool has no free worker slot slots=%u",
                world->opts.workers);
        ptn_client_close(client);
        return PTN_ELIMIT;
    }

    ptn_client_inherit(client);
    ptn_client_forget(client);

    /* descriptors meant for the last owner of the slot */

    for (r = 0; r < world->nrings; r++) {
        while (ptn_shm_recv_fd(ptn_shm_sock(world, client->w, r)[1], &note,
                               &fd)
               == PTN_OK)
        {
            if (fd != -1) {
                close(fd);
            }
        }
    }

    *ret_client = client;

    return PTN_OK;
}


void
ptn_client_close(ptn_client_t *client)
{
    uint32_t       i;
    ptn_seg_t     *seg;
    ptn_later_t   *later;
    ptn_ticket_t  *t;

    /* what was sent last: the host may not come to it any more, and a store
     * that sleeps over it would not leave (ptn_intake_empty) */

    ptn_client_wake_all(client);

    for (i = 0; i < client->used; i++) {
        t = &client->tickets[i];

        if (t->body_fd != -1) {
            close(t->body_fd);
        }

        while ((seg = t->segs) != NULL) {
            t->segs = seg->next;
            free(seg);
        }
    }

    while ((seg = client->free_segs) != NULL) {
        client->free_segs = seg->next;
        free(seg);
    }

    for (i = 0; i < client->world->nrings; i++) {
        while ((later = client->ring[i].later) != NULL) {
            client->ring[i].later = later->next;
            free(later);
        }
    }

    if (client->shm != NULL) {

        /* the stores see a slot without owner and cancel its jobs */

        atomic_store(&client->shm->pid, 0);
        atomic_fetch_sub(&client->world->common->workers, 1);
    }

    for (i = 0; i < PTN_CLIENT_CLASSES; i++) {
        free(client->mem[i].free);
    }

    free(client->tickets);
    free(client);
}


int
ptn_client_eventfd(const ptn_client_t *client)
{
    return client->world->worker_fd[client->w];
}


/* Messages to a store. */

static void
ptn_client_wake(ptn_client_t *client, uint32_t r)
{
    if (client->on_wake != NULL) {
        client->wake[r] = true;

        if (!client->wake_due) {
            client->wake_due = true;
            client->on_wake(client->wake_data);
        }

        return;
    }

    ptn_shm_wake(&client->world->common->store[r].sleeping,
                 client->world->ring_fd[r]);
}


void
ptn_client_on_wake(ptn_client_t *client, void (*on_wake)(void *data),
    void *data)
{
    client->on_wake = on_wake;
    client->wake_data = data;
}


void
ptn_client_wake_all(ptn_client_t *client)
{
    uint32_t  r;

    client->wake_due = false;

    for (r = 0; r < client->world->nrings; r++) {
        if (client->wake[r]) {
            client->wake[r] = false;
            ptn_shm_wake(&client->world->common->store[r].sleeping,
                         client->world->ring_fd[r]);
        }
    }
}


static bool
ptn_client_push(ptn_client_t *client, uint32_t r, const ptn_up_t *m)
{
    ptn_shm_rings_t  *rings;

    rings = ptn_shm_rings(client->world, client->w, r);

    if (!ptn_ring_up_push(&rings->up, &client->ring[r].tail, m)) {
        return false;
    }

    ptn_client_wake(client, r);

    return true;
}


/* Never lost: kept until the ring has room. */

void
ptn_client_tell(ptn_client_t *client, uint32_t r, const ptn_up_t *m)
{
    ptn_later_t        *later;
    ptn_client_ring_t  *ring;

    ring = &client->ring[r];

    if (ring->later == NULL && ptn_client_push(client, r, m)) {
        return;
    }

    later = malloc(sizeof(ptn_later_t));
    if (later == NULL) {
        return;
    }

    later->next = NULL;
    later->msg = *m;
    *ring->later_last = later;
    ring->later_last = &later->next;
}


static void
ptn_client_tell_later(ptn_client_t *client, uint32_t r)
{
    ptn_later_t        *later;
    ptn_client_ring_t  *ring;

    ring = &client->ring[r];

    while ((later = ring->later) != NULL
           && ptn_client_push(client, r, &later->msg))
    {
        ring->later = later->next;
        if (ring->later == NULL) {
            ring->later_last = &ring->later;
        }
        free(later);
    }
}


ptn_up_t
ptn_client_message(ptn_client_t *client, ptn_up_e op, ptn_ticket_t *t)
{
    ptn_up_t  m;

    memset(&m, 0, sizeof(m));
    m.op = op;
    m.epoch = client->epoch;

    if (t != NULL) {
        m.ticket = t->index;
        m.gen = t->gen;
    }

    return m;
}


/* Submitting. */

static bool
ptn_client_attached(ptn_client_t *client, uint32_t r)
{
    return atomic_load_explicit(&client->world->common->store[r].pid,
                                memory_order_relaxed)
           != 0;
}


static ptn_rc_t
ptn_client_least(ptn_client_t *client, uint32_t *ret_ring)
{
    uint32_t  r, n, best;

    n = ptn_min(atomic_load(&client->world->common->stores),
                client->world->opts.stores);
    best = PTN_CLIENT_NONE;

    for (r = 0; r < n; r++) {
        if (ptn_client_attached(client, r)
            && (best == PTN_CLIENT_NONE
                || client->ring[r].jobs < client->ring[best].jobs))
        {
            best = r;
        }
    }

    if (best == PTN_CLIENT_NONE) {
        return PTN_EBUSY;
    }

    *ret_ring = best;

    return PTN_OK;
}


static ptn_rc_t
ptn_client_route(ptn_client_t *client, const ptn_submit_t *submit,
    uint32_t *ret_ring)
{
    uint32_t          r;
    ptn_world_t      *world;
    const ptn_sid_t   none = { { 0 } };

    world = client->world;

    if (memcmp(&submit->session, &none, sizeof(none)) != 0) {

        /* the first byte of a session id names its process */

        r = submit->session.b[0];
        if (r >= world->nrings) {
            return PTN_ESTALE;
        }

        if (!ptn_client_attached(client, r)) {
            return r < world->clerk && r >= world->common->stores
                   ? PTN_ESTALE : PTN_EBUSY;
        }

        *ret_ring = r;
        return PTN_OK;
    }

    if (world->types[submit->type]->lane == PTN_LANE_NET) {
        if (!ptn_client_attached(client, world->clerk)) {
            return PTN_EBUSY;
        }

        *ret_ring = world->clerk;
        return PTN_OK;
    }

    if (submit->slot != PTN_SLOT_ANY) {
        r = ptn_slot_store(world, submit->slot);
        if (ptn_client_attached(client, r)) {
            *ret_ring = r;
            return PTN_OK;
        }
    }

    return ptn_client_least(client, ret_ring);
}


void
ptn_client_ticket_free(ptn_client_t *client, ptn_ticket_t *t)
{
    if (t->off != PTN_CLIENT_NONE) {
        ptn_client_mem_put(client, t->off);
    }

    if (t->body_fd != -1) {
        close(t->body_fd);
        t->body_fd = -1;
    }

    t->next = client->free;
    client->free = t;
}


static ptn_ticket_t *
ptn_client_ticket(ptn_client_t *client)
{
    ptn_cell_t    *cell;
    ptn_ticket_t  *t;

    t = client->free;

    if (t != NULL) {
        client->free = t->next;

    } else {

        /* a store may still run a job of the slot's last owner there */

        do {
            if (client->used == PTN_TICKETS) {
                return NULL;
            }

            t = &client->tickets[client->used];
            cell = &client->shm->cell[client->used].c;
            t->index = client->used++;
            t->gen = cell->gen;
            t->body_fd = -1;

        } while ((atomic_load(&cell->state) & 7) == PTN_CELL_RUNNING);

        if (atomic_load(&client->shm->cells) < client->used) {
            atomic_store(&client->shm->cells, client->used);
        }
    }

    t->gen = (t->gen + 1) & PTN_GEN_MASK;
    t->segs = NULL;
    t->segs_last = &t->segs;
    t->off = PTN_CLIENT_NONE;
    t->open_chunk = PTN_CLIENT_NONE;
    t->body_fd = -1;
    t->cancelled = false;
    t->busy = false;
    t->live = true;

    return t;
}


static void
ptn_client_cell(ptn_client_t *client, ptn_ticket_t *t,
    const ptn_submit_t *submit, size_t len)
{
    int          i;
    u_char      *p;
    ptn_cell_t  *cell;

    cell = &client->shm->cell[t->index].c;

    cell->gen = t->gen;
    cell->epoch = client->epoch;
    cell->store = t->ring;
    cell->slot = submit->slot;
    cell->seq = client->seq++;
    cell->body_len = submit->body_fd == -1 ? 0 : submit->body_len;
    cell->len = (uint32_t) len;
    cell->off = t->off;
    cell->type = submit->type;
    cell->flags = submit->body_fd == -1 ? 0 : PTN_CELL_HAS_FILE;
    cell->session = submit->session;

    atomic_store_explicit(&cell->cancel, ~t->gen, memory_order_relaxed);
    atomic_store_explicit(&cell->released, 0, memory_order_relaxed);
    atomic_store_explicit(&cell->taken, 0, memory_order_relaxed);
    atomic_store_explicit(&cell->waiting, 0, memory_order_relaxed);

    p = t->off == PTN_CLIENT_NONE ? cell->request
                                  : client->shm->request + t->off;

    for (i = 0; i < submit->niov; i++) {
        if (submit->iov[i].iov_len != 0) {
            memcpy(p, submit->iov[i].iov_base, submit->iov[i].iov_len);
            p += submit->iov[i].iov_len;
        }
    }

    atomic_store_explicit(&cell->state,
                          ptn_cell_word(t->gen, PTN_CELL_QUEUED),
                          memory_order_release);
}


ptn_rc_t
ptn_client_send_file(ptn_client_t *client, ptn_ticket_t *t)
{
    ptn_note_t  note;

    memset(&note, 0, sizeof(note));
    note.ticket = t->index;
    note.gen = t->gen;
    note.epoch = client->epoch;

    return ptn_shm_send_fd(ptn_shm_sock(client->world, client->w, t->ring)[1],
                           &note, t->body_fd);
}


ptn_rc_t
ptn_client_submit(ptn_client_t *client, const ptn_submit_t *submit,
    ptn_ticket_t **ret_ticket)
{
    int            i;
    size_t         len;
    ptn_rc_t       rc;
    uint32_t       r;
    ptn_up_t       m;
    ptn_ticket_t  *t;

    if (submit->type >= client->world->ntypes || submit->on_event == NULL) {
        return PTN_EINVAL;
    }

    len = 0;

    for (i = 0; i < submit->niov; i++) {
        if (submit->iov[i].iov_len > PTN_JOB_REQUEST_MAX - len) {
            return PTN_ETOOBIG;
        }
        len += submit->iov[i].iov_len;
    }

    rc = ptn_client_route(client, submit, &r);
    if (rc != PTN_OK) {
        return rc;
    }

    t = ptn_client_ticket(client);
    if (t == NULL) {
        return PTN_EBUSY;
    }

    t->ring = r;
    t->on_event = submit->on_event;
    t->data = submit->data;
    rc = PTN_EBUSY;

    if (len > PTN_CELL_REQUEST) {
        t->off = ptn_client_mem_get(client, len);
        if (t->off == PTN_CLIENT_NONE) {
            goto failed;
        }
    }

    if (submit->body_fd != -1) {
        t->body_fd = fcntl(submit->body_fd, F_DUPFD_CLOEXEC, 3);
        if (t->body_fd == -1) {
            rc = PTN_ELIMIT;
            goto failed;
        }

        /* the descriptor goes first, so it is there when the job is */

        rc = ptn_client_send_file(client, t);
        if (rc != PTN_OK) {
            goto failed;
        }
    }

    ptn_client_cell(client, t, submit, len);

    m = ptn_client_message(client, PTN_UP_JOB, t);

    if (client->ring[r].later != NULL || !ptn_client_push(client, r, &m)) {

        /* a successor that scans the cells must not find it either */

        atomic_store(&client->shm->cell[t->index].c.state,
                     ptn_cell_word(t->gen, PTN_CELL_FREE));
        rc = PTN_EBUSY;
        goto failed;
    }

    client->ring[r].jobs++;
    *ret_ticket = t;

    return PTN_OK;

failed:

    t->live = false;
    ptn_client_ticket_free(client, t);

    return rc;
}


static void
ptn_client_changes(ptn_client_t *client)
{
    uint32_t          i, slot;
    uint64_t          bits, version;
    ptn_shm_slot_t   *s;

    s = client->shm;

    if (atomic_load(&s->dirty_any) == 0
        || atomic_exchange(&s->dirty_any, 0) == 0)
    {
        return;
    }

    for (i = 0; i < PTN_SLOTS / 64; i++) {
        if (atomic_load(&s->dirty[i]) == 0) {
            continue;
        }

        bits = atomic_exchange(&s->dirty[i], 0);

        while (bits != 0) {
            slot = i * 64 + (uint32_t) __builtin_ctzll(bits);
            bits &= bits - 1;

            version = ptn_board_version(client->world, slot);

            if (client->watched[slot] == 0
                || version == client->version[slot])
            {
                continue;
            }

            client->version[slot] = version;

            if (client->on_change != NULL) {
                client->on_change(client->change_data, slot, version);
            }
        }
    }
}


static bool
ptn_client_idle(ptn_client_t *client)
{
    uint32_t          r;
    ptn_shm_rings_t  *rings;

    if (atomic_load(&client->shm->dirty_any) != 0) {
        return false;
    }

    for (r = 0; r < client->world->nrings; r++) {
        rings = ptn_shm_rings(client->world, client->w, r);
        if (!ptn_ring_down_empty(&rings->down, client->ring[r].head)) {
            return false;
        }
    }

    return true;
}


bool
ptn_client_poll(ptn_client_t *client, unsigned budget)
{
    int               rc;
    unsigned          n;
    uint32_t          i, r;
    uint64_t          value;
    ptn_down_t        m;
    ptn_shm_rings_t  *rings;

    atomic_store(&client->shm->sleeping, 0);
    (void) !read(ptn_client_eventfd(client), &value, sizeof(value));

    n = 0;

    for ( ;; ) {
        ptn_client_changes(client);

        for (i = 0; i < client->world->nrings; i++) {
            r = client->next_ring;
            rings = ptn_shm_rings(client->world, client->w, r);

            if (client->ring[r].later != NULL) {
                ptn_client_tell_later(client, r);
            }

            while ((rc = ptn_ring_down_pop(&rings->down,
                                           &client->ring[r].head, &m))
                   != 0)
            {
                if (rc > 0) {
                    ptn_client_message_in(client, r, &m);
                }

                if (++n == budget) {
                    client->next_ring = (r + 1) % client->world->nrings;
                    return true;
                }
            }

            client->next_ring = (r + 1) % client->world->nrings;
        }

        /* "asleep" must be seen by a store, or its message by us */

        atomic_store(&client->shm->sleeping, 1);
        atomic_thread_fence(memory_order_seq_cst);

        if (ptn_client_idle(client)) {
            return false;
        }

        atomic_store(&client->shm->sleeping, 0);
    }
}


/* The board. */

void
ptn_client_on_change(ptn_client_t *client,
    void (*on_change)(void *data, uint32_t slot, uint64_t version), void *data)
{
    client->on_change = on_change;
    client->change_data = data;
}


void
ptn_client_watch(ptn_client_t *client, uint32_t slot)
{
    ptn_shm_board_t  *b;

    if (slot >= PTN_SLOTS || client->watched[slot]++ != 0) {
        return;
    }

    b = &client->world->common->board[slot];
    atomic_fetch_or(&b->watch[client->w / 64], (uint64_t) 1 << client->w % 64);
    client->version[slot] = atomic_load(&b->version);
}


void
ptn_client_unwatch(ptn_client_t *client, uint32_t slot)
{
    ptn_shm_board_t  *b;

    if (slot >= PTN_SLOTS || client->watched[slot] == 0
        || --client->watched[slot] != 0)
    {
        return;
    }

    b = &client->world->common->board[slot];
    atomic_fetch_and(&b->watch[client->w / 64],
                     ~((uint64_t) 1 << client->w % 64));
}
