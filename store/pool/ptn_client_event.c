#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ptn_ticket.h"


/* Giving back. */

static void
ptn_client_taken(ptn_client_t *client, ptn_ticket_t *t, bool chunk)
{
    uint32_t     waiting;
    ptn_up_t     m;
    ptn_cell_t  *cell;

    cell = &client->shm->cell[t->index].c;

    if (chunk) {
        atomic_fetch_add(&cell->released, 1);
    }

    atomic_thread_fence(memory_order_seq_cst);
    waiting = atomic_load(&cell->waiting);

    if (waiting == 0 || !t->live) {
        return;
    }

    if (waiting == 1) {
        if (chunk) {
            syscall(SYS_futex, &cell->released, FUTEX_WAKE, INT_MAX, NULL,
                    NULL, 0);
        }
        return;
    }

    if (atomic_exchange(&cell->waiting, 0) != 0) {
        m = ptn_client_message(client, PTN_UP_TAKEN, t);
        ptn_client_tell(client, t->ring, &m);
    }
}


static void
ptn_client_free_chunk(ptn_client_t *client, uint32_t chunk)
{
    atomic_store(&client->shm->chunk[chunk], 0);
}


void
ptn_client_release(ptn_client_t *client, ptn_ticket_t *t, size_t n)
{
    bool        chunk;
    size_t      len;
    ptn_seg_t  *seg;

    chunk = false;

    while ((seg = t->segs) != NULL && (n > 0 || seg->len == 0)) {

        len = ptn_min(n, seg->len);
        seg->len -= len;
        n -= len;

        atomic_fetch_add_explicit(&client->shm->cell[t->index].c.taken, len,
                                  memory_order_relaxed);

        if (seg->len > 0) {
            break;
        }

        if (seg->done) {
            ptn_client_free_chunk(client, seg->chunk);
            chunk = true;
            ptn_client_taken(client, t, true);
        }

        t->segs = seg->next;
        if (t->segs == NULL) {
            t->segs_last = &t->segs;
        }

        seg->next = client->free_segs;
        client->free_segs = seg;
    }

    if (!chunk) {
        ptn_client_taken(client, t, false);
    }

    if (!t->live && t->segs == NULL && !t->busy) {
        ptn_client_ticket_free(client, t);
    }
}


void
ptn_client_cancel(ptn_client_t *client, ptn_ticket_t *t)
{
    ptn_up_t     m;
    ptn_cell_t  *cell;

    if (t->cancelled) {
        return;
    }

    t->cancelled = true;

    if (t->live) {
        cell = &client->shm->cell[t->index].c;
        atomic_store(&cell->cancel, t->gen);

        if (atomic_load(&cell->waiting) == 1) {
            atomic_fetch_add(&cell->released, 0x80000000u);
            syscall(SYS_futex, &cell->released, FUTEX_WAKE, INT_MAX, NULL,
                    NULL, 0);
        }

        m = ptn_client_message(client, PTN_UP_CANCEL, t);
        ptn_client_tell(client, t->ring, &m);
    }

    if (t->segs != NULL) {
        ptn_client_release(client, t, SIZE_MAX);
    }
}


void
ptn_client_end_session(ptn_client_t *client, ptn_sid_t session)
{
    ptn_up_t  m;

    if (session.b[0] >= client->world->nrings) {
        return;
    }

    m = ptn_client_message(client, PTN_UP_END, NULL);
    m.session = session;
    ptn_client_tell(client, session.b[0], &m);
}


/* Events. */

static void
ptn_client_emit(ptn_client_t *client, ptn_ticket_t *t, ptn_event_t *ev)
{
    (void) client;

    t->busy = true;
    t->on_event(t->data, ev);
    t->busy = false;
}


static ptn_rc_t
ptn_client_data(ptn_client_t *client, ptn_ticket_t *t, uint32_t chunk,
    u_char *p, size_t len, bool done)
{
    ptn_seg_t    *seg;
    ptn_event_t   ev;

    seg = client->free_segs;

    if (seg != NULL) {
        client->free_segs = seg->next;

    } else {
        seg = malloc(sizeof(ptn_seg_t));
        if (seg == NULL) {
            return PTN_ENOMEM;
        }
    }

    seg->next = NULL;
    seg->len = len;
    seg->chunk = chunk;
    seg->done = done;
    *t->segs_last = seg;
    t->segs_last = &seg->next;

    if (t->cancelled) {
        ptn_client_release(client, t, SIZE_MAX);
        return PTN_OK;
    }

    memset(&ev, 0, sizeof(ev));
    ev.what = PTN_EV_DATA;
    ev.data = p;
    ev.len = len;
    ev.fd = -1;

    ptn_client_emit(client, t, &ev);

    return PTN_OK;
}


/* A chunk that was left half full is freed with its last bytes. */

static void
ptn_client_close_chunk(ptn_client_t *client, ptn_ticket_t *t)
{
    ptn_seg_t  *seg, *last;

    if (t->open_chunk == PTN_CLIENT_NONE) {
        return;
    }

    last = NULL;

    for (seg = t->segs; seg != NULL; seg = seg->next) {
        if (seg->chunk == t->open_chunk) {
            last = seg;
        }
    }

    if (last != NULL) {
        last->done = true;

    } else {
        ptn_client_free_chunk(client, t->open_chunk);
        ptn_client_taken(client, t, true);
    }

    t->open_chunk = PTN_CLIENT_NONE;
}


static ptn_rc_t
ptn_client_on_data(ptn_client_t *client, ptn_ticket_t *t, uint32_t r,
    const ptn_down_t *m)
{
    bool      done;
    uint32_t  tag;

    (void) r;

    if (m->chunk >= PTN_CHUNKS || m->off > PTN_CHUNK
        || m->len > PTN_CHUNK - m->off)
    {
        return PTN_EINVAL;
    }

    tag = atomic_load(&client->shm->chunk[m->chunk]);
    if (tag == 0) {
        return PTN_EINVAL;
    }

    done = (m->flags & PTN_DOWN_CHUNK_DONE) != 0;

    if (m->len == 0) {

        /* all of it is here already */

        t->open_chunk = m->chunk;
        if (done) {
            ptn_client_close_chunk(client, t);
        }
        return PTN_OK;
    }

    t->open_chunk = done ? PTN_CLIENT_NONE : m->chunk;

    return ptn_client_data(client, t, m->chunk,
                           client->shm->data[m->chunk] + m->off, m->len, done);
}


static ptn_rc_t
ptn_client_on_file(ptn_client_t *client, ptn_ticket_t *t, uint32_t r,
    const ptn_down_t *m)
{
    int          fd;
    ptn_note_t   note;
    ptn_event_t  ev;

    for ( ;; ) {
        if (ptn_shm_recv_fd(ptn_shm_sock(client->world, client->w, r)[1],
                            &note, &fd)
            != PTN_OK)
        {
            return PTN_EIO;
        }

        if (fd != -1 && note.ticket == m->ticket && note.gen == m->gen
            && note.epoch == m->epoch && note.serial == m->serial)
        {
            break;
        }

        /* sent by a store that died before its message */

        if (fd != -1) {
            close(fd);
        }
    }

    if (t->cancelled) {
        close(fd);
        return PTN_OK;
    }

    memset(&ev, 0, sizeof(ev));
    ev.what = PTN_EV_FILE;
    ev.fd = fd;
    ev.off = m->u.file.off;
    ev.file_len = m->u.file.len;

    ptn_client_emit(client, t, &ev);

    return PTN_OK;
}


static ptn_rc_t
ptn_client_on_meta(ptn_client_t *client, ptn_ticket_t *t, uint32_t r,
    const ptn_down_t *m)
{
    ptn_event_t  ev;

    (void) r;

    if (m->meta > PTN_JOB_META_MAX) {
        return PTN_EINVAL;
    }

    if (t->cancelled) {
        return PTN_OK;
    }

    memset(&ev, 0, sizeof(ev));
    ev.what = PTN_EV_META;
    ev.data = client->shm->cell[t->index].c.reply;
    ev.len = m->meta;
    ev.fd = -1;

    ptn_client_emit(client, t, &ev);

    return PTN_OK;
}


static void
ptn_client_end(ptn_client_t *client, ptn_ticket_t *t, uint32_t r,
    const ptn_down_t *m)
{
    ptn_cell_t   *cell;
    ptn_event_t   ev;

    cell = &client->shm->cell[t->index].c;

    ptn_client_close_chunk(client, t);
    client->ring[t->ring].jobs--;

    memset(&ev, 0, sizeof(ev));
    ev.what = PTN_EV_FINAL;
    ev.fd = -1;
    ev.rc = m->rc < PTN_RC_MAX ? (ptn_rc_t) m->rc : PTN_EINTERNAL;
    ev.data = cell->reply + PTN_CELL_TRAILER;
    ev.len = ptn_min(m->trailer, (uint32_t) PTN_JOB_TRAILER_MAX);
    ev.session = m->u.session;
    ev.store = r;

    t->live = false;
    ptn_client_emit(client, t, &ev);

    if (t->segs == NULL) {
        ptn_client_ticket_free(client, t);
    }
}


static ptn_rc_t
ptn_client_on_final(ptn_client_t *client, ptn_ticket_t *t, uint32_t r,
    const ptn_down_t *m)
{
    ptn_rc_t     rc;
    ptn_down_t   bad;
    ptn_cell_t  *cell;

    cell = &client->shm->cell[t->index].c;
    rc = PTN_OK;

    if (m->meta > PTN_JOB_META_MAX || m->len > PTN_CELL_TRAILER - m->meta) {
        rc = PTN_EINVAL;

    } else {
        if (m->meta != 0) {
            rc = ptn_client_on_meta(client, t, r, m);
        }

        if (rc == PTN_OK && m->len != 0) {
            rc = ptn_client_data(client, t, PTN_CLIENT_NONE,
                                 cell->reply + m->meta, m->len, false);
        }
    }

    if (rc != PTN_OK) {
        bad = *m;
        bad.rc = rc;
        bad.trailer = 0;
        ptn_client_end(client, t, r, &bad);
        return PTN_OK;
    }

    ptn_client_end(client, t, r, m);

    return PTN_OK;
}


static ptn_rc_t
ptn_client_on_need_file(ptn_client_t *client, ptn_ticket_t *t, uint32_t r,
    const ptn_down_t *m)
{
    ptn_up_t  up;

    (void) m;

    if (t->body_fd == -1) {
        return PTN_EINVAL;
    }

    /* when the socket is full the store finds none and fails the job */

    (void) ptn_client_send_file(client, t);

    up = ptn_client_message(client, PTN_UP_FILE, t);
    ptn_client_tell(client, r, &up);

    return PTN_OK;
}


void
ptn_client_message_in(ptn_client_t *client, uint32_t r, const ptn_down_t *m)
{
    ptn_rc_t       rc;
    ptn_ticket_t  *t;

    static ptn_rc_t (*const  handler[])(ptn_client_t *client, ptn_ticket_t *t,
        uint32_t r, const ptn_down_t *m) =
    {
        [PTN_DOWN_META] = ptn_client_on_meta,
        [PTN_DOWN_DATA] = ptn_client_on_data,
        [PTN_DOWN_FILE] = ptn_client_on_file,
        [PTN_DOWN_FINAL] = ptn_client_on_final,
        [PTN_DOWN_NEED_FILE] = ptn_client_on_need_file
    };

    if (m->epoch != client->epoch) {
        return;                 /* for the slot's last owner */
    }

    if (m->op >= ptn_nelts(handler) || m->ticket >= client->used) {
        ptn_world_count(client->world, PTN_STAT_REFUSED, 1);
        return;
    }

    t = &client->tickets[m->ticket];

    if (!t->live || t->gen != m->gen || t->ring != r) {
        return;                 /* answered already, by a store that died */
    }

    rc = handler[m->op](client, t, r, m);

    if (rc != PTN_OK) {
        ptn_world_count(client->world, PTN_STAT_REFUSED, 1);
        ptn_log(client->log, PTN_LOG_ERROR,
                "pool message refused op=%u store=%u rc=%s", m->op, r,
                ptn_err(rc)->name);
    }
}
