/*
 * A worker that was taken over: it writes to its shared memory what it likes.
 * Every forgery is refused; the store neither falls nor fails the others.
 */

#include <sys/socket.h>

#include "pool_fixture.h"
#include "ptn_runner.h"


static fx_t  fx;


static ptn_rc_t
run_echo(ptn_job_t *job)
{
    size_t     i;
    volatile u_char  sum;

    /* touch every byte: ASan tells when one is not ours */

    for (i = 0, sum = 0; i < job->request.len; i++) {
        sum ^= job->request.data[i];
    }

    return ptn_job_reply(job, job->request.data,
                         ptn_min(job->request.len, (size_t) 512));
}


static ptn_rc_t
run_stream(ptn_job_t *job)
{
    size_t             i;
    ptn_rc_t           rc;
    static const char  zero[30000];

    for (i = 0, rc = PTN_OK; i < 40 && rc == PTN_OK; i++) {
        rc = ptn_job_reply(job, zero, sizeof(zero));
    }

    return rc;
}


static ptn_rc_t
run_body(ptn_job_t *job)
{
    ptn_rc_t   rc;
    ptn_str_t  body;

    rc = ptn_job_body_map(job, &body);

    return rc == PTN_OK ? ptn_job_reply(job, body.data,
                                        ptn_min(body.len, (size_t) 64)) : rc;
}


static ptn_rc_t
run_login(ptn_job_t *job)
{
    ptn_rc_t        rc;
    ptn_session_t  *s;

    if (job->session != NULL) {
        return ptn_job_reply(job, "secret", 6);
    }

    rc = ptn_session_create(job, 8, 60000, NULL, &s);
    if (rc == PTN_OK) {
        ptn_session_bind(s);
    }

    return rc;
}


static ptn_rc_t
run_park(ptn_job_t *job)
{
    ptn_rc_t        rc;
    ptn_session_t  *s;
    static const char  zero[300000];

    if (job->session == NULL) {
        rc = ptn_session_create(job, 8, 300, NULL, &s);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_job_reply(job, zero, sizeof(zero));
    ptn_job_park(job);

    return PTN_AGAIN;
}


static const ptn_job_type_t  t_echo = { "echo", 0, 0, run_echo, 0, NULL };
static const ptn_job_type_t  t_stream = { "stream", 0, 0, run_stream, 0, NULL };
static const ptn_job_type_t  t_body = { "body", 0, 0, run_body, 0, NULL };
static const ptn_job_type_t  t_login = { "login", 0, 0, run_login, 0, NULL };
static const ptn_job_type_t  t_park = { "park", 0, 0, run_park, 0, NULL };
static const ptn_job_type_t  t_net = { "net", PTN_LANE_NET, 0, run_echo, 0,
    NULL };
static const ptn_job_type_t  t_debug = { "debug", 0, PTN_JOB_DEBUG, run_echo,
                                         0, NULL };

static const ptn_job_type_t *const  types[] = {
    &t_echo, &t_stream, &t_body, &t_login, &t_park, &t_net, &t_debug
};

enum { ECHO, STREAM, BODY, LOGIN, PARK, NET, DEBUG };

static const ptn_hooks_t  hooks;


/* The worker without ptn_client's manners. */

typedef struct {
    ptn_world_t      *world;
    ptn_shm_slot_t   *s;
    ptn_shm_rings_t  *rings;
    uint32_t          w, tail, head, epoch, gen;
} raw_t;


static void
raw_open(raw_t *r, fx_worker_t *w)
{
    r->world = w->fx->world;

    for (r->w = 0; ptn_shm_sock(r->world, r->w, 0)[1] == -1; r->w++) {
        /* ours is the one that is open */
    }

    r->s = ptn_shm_slot(r->world, r->w);
    r->rings = ptn_shm_rings(r->world, r->w, 0);
    r->tail = r->rings->up.tail;
    r->head = r->rings->down.tail;
    r->epoch = r->s->epoch;
    r->gen = 1000;
}


static void
raw_push(raw_t *r, uint32_t op, uint32_t ticket, uint32_t gen, uint32_t epoch)
{
    ptn_up_t  m = { op, ticket, gen, epoch, { { 0 } } };

    while (!ptn_ring_up_push(&r->rings->up, &r->tail, &m)) {
        fx_nap();
    }

    ptn_shm_wake(&r->world->common->store[0].sleeping, r->world->ring_fd[0]);
}


static ptn_cell_t *
raw_cell(raw_t *r, uint32_t ticket, uint32_t type)
{
    ptn_cell_t  *c;

    c = &r->s->cell[ticket].c;
    c->gen = r->gen;
    c->epoch = r->epoch;
    c->store = 0;
    c->slot = 1;
    c->body_len = 0;
    c->len = 5;
    c->off = PTN_NONE;
    c->type = (uint16_t) type;
    c->flags = 0;
    memset(&c->session, 0, sizeof(c->session));
    c->cancel = ~r->gen;
    c->released = 0;
    c->taken = 0;
    c->waiting = 0;
    memcpy(c->request, "hello", 5);
    c->state = ptn_cell_word(r->gen, PTN_CELL_QUEUED);

    return c;
}


/* rc of the FINAL that answers; -1: none came. */

static int
raw_final(raw_t *r, uint32_t ticket, uint32_t gen, int ms, ptn_down_t *m)
{
    uint64_t    end;
    ptn_down_t  d;

    end = fx_us() + (uint64_t) ms * 1000;

    while (fx_us() < end) {
        while (ptn_ring_down_pop(&r->rings->down, &r->head, &d) > 0) {
            if (d.op == PTN_DOWN_FINAL && d.ticket == ticket && d.gen == gen) {
                if (m != NULL) {
                    *m = d;
                }
                return (int) d.rc;
            }
        }
        fx_nap();
    }

    return -1;
}


static int
raw_run(raw_t *r, uint32_t ticket)
{
    raw_push(r, PTN_UP_JOB, ticket, r->gen, r->epoch);

    return raw_final(r, ticket, r->gen++, 20000, NULL);
}


static uint64_t
refused(raw_t *r)
{
    return r->world->common->count[PTN_STAT_REFUSED];
}


static void
fields(raw_t *r)
{
    uint64_t     n;
    ptn_cell_t  *c;

    raw_cell(r, 0, ECHO);
    is_u64(raw_run(r, 0), PTN_OK, "an honest job, by hand");

    n = refused(r);

    raw_cell(r, 1, 7);
    is_u64(raw_run(r, 1), PTN_EINVAL, "type beyond the list");
    raw_cell(r, 1, 0xffff);
    is_u64(raw_run(r, 1), PTN_EINVAL, "type 65535");
    raw_cell(r, 1, NET);
    is_u64(raw_run(r, 1), PTN_EINVAL, "a clerk's type in a store");
    raw_cell(r, 1, DEBUG);
    is_u64(raw_run(r, 1), PTN_EINVAL, "a debug type, not allowed");

    c = raw_cell(r, 1, ECHO);
    c->slot = PTN_SLOTS;
    is_u64(raw_run(r, 1), PTN_EINVAL, "slot");
    c = raw_cell(r, 1, ECHO);
    c->len = PTN_CELL_REQUEST + 1;
    is_u64(raw_run(r, 1), PTN_EINVAL, "length beyond the cell");
    c = raw_cell(r, 1, ECHO);
    c->len = 0xffffffff;
    is_u64(raw_run(r, 1), PTN_EINVAL, "length 4 G");
    c = raw_cell(r, 1, ECHO);
    c->off = PTN_REQUEST_MEM - 4;
    is_u64(raw_run(r, 1), PTN_EINVAL, "offset and length beyond the memory");
    c = raw_cell(r, 1, ECHO);
    c->off = 0xfffffffe;
    is_u64(raw_run(r, 1), PTN_EINVAL, "offset 4 G");
    c = raw_cell(r, 1, ECHO);
    c->off = PTN_REQUEST_MEM - 5;
    is_u64(raw_run(r, 1), PTN_OK, "the last bytes of the memory are fine");
    c = raw_cell(r, 1, BODY);
    c->body_len = 10;
    is_u64(raw_run(r, 1), PTN_EINVAL, "a body without a file");
    c = raw_cell(r, 1, ECHO);
    c->session.b[0] = 0;
    c->session.b[5] = 1;
    is_u64(raw_run(r, 1), PTN_ESTALE, "a session that was guessed");

    is_u64(refused(r) - n, 10, "each counted");
}


static void
messages(raw_t *r)
{
    int         sv[2];
    uint64_t    n;
    uint32_t    i, gen;
    ptn_note_t  note = { 3, 0, 0, 0 };

    n = refused(r);

    raw_push(r, PTN_UP_JOB, PTN_TICKETS, 1, r->epoch);
    raw_push(r, PTN_UP_JOB, 0xffffffff, 1, r->epoch);
    raw_push(r, PTN_UP_JOB, 5, 0xffffffff, r->epoch);
    raw_push(r, PTN_UP_JOB, 5, 77, r->epoch);           /* cell says else */
    raw_push(r, 99, 0, 0, r->epoch);
    raw_push(r, PTN_UP_CANCEL, 0xffffffff, 1, r->epoch);
    raw_push(r, PTN_UP_TAKEN, 0xfffffff0, 1, r->epoch);
    raw_push(r, PTN_UP_FILE, PTN_TICKETS + 1, 1, r->epoch);
    raw_push(r, PTN_UP_JOB, 1, 1, r->epoch + 1);        /* not our epoch */
    raw_push(r, PTN_UP_END, 0, 0, r->epoch);

    /* the same job twice */

    gen = r->gen;
    raw_cell(r, 2, ECHO);
    raw_push(r, PTN_UP_JOB, 2, gen, r->epoch);
    raw_push(r, PTN_UP_JOB, 2, gen, r->epoch);
    is_u64(raw_final(r, 2, gen, 20000, NULL), PTN_OK, "a job sent twice");
    is_u64((uint64_t) raw_final(r, 2, gen, 50, NULL), (uint64_t) -1,
           "is answered once");
    r->gen++;

    /* what the slot's last owner had sent is not run for this one */

    gen = r->gen;
    raw_cell(r, 2, ECHO);
    raw_push(r, PTN_UP_JOB, 2, gen, r->epoch - 1);
    is_u64((uint64_t) raw_final(r, 2, gen, 100, NULL), (uint64_t) -1,
           "a job of another epoch is left");
    raw_push(r, PTN_UP_JOB, 2, gen, r->epoch);
    is_u64(raw_final(r, 2, gen, 20000, NULL), PTN_OK, "of this one it is run");
    r->gen++;

    ok(refused(r) - n >= 5, "messages about no job: %lu refused",
       refused(r) - n);

    /* the position of the ring */

    n = refused(r);
    r->tail += 1000000;
    atomic_store(&r->rings->up.tail, r->tail);
    ptn_shm_wake(&r->world->common->store[0].sleeping, r->world->ring_fd[0]);
    ok(fx_until(refused(r) > n), "a position that cannot be");

    raw_cell(r, 0, ECHO);
    is_u64(raw_run(r, 0), PTN_OK, "the ring works again");

    /* a consumer that says it is ahead, or never reads */

    atomic_store(&r->rings->down.head, r->head + 5000);
    raw_cell(r, 0, ECHO);
    raw_push(r, PTN_UP_JOB, 0, r->gen, r->epoch);
    usleep(20000);
    atomic_store(&r->rings->down.head, r->head);
    is_u64(raw_final(r, 0, r->gen++, 20000, NULL), PTN_OK,
           "the reply waits for room that makes sense");

    /* descriptors nobody asked for, short messages */

    for (i = 0; i < 300; i++) {
        note.ticket = i;
        note.epoch = r->epoch;
        (void) ptn_shm_send_fd(ptn_shm_sock(r->world, r->w, 0)[1], &note, 0);
    }
    (void) !send(ptn_shm_sock(r->world, r->w, 0)[1], "x", 1, MSG_DONTWAIT);

    (void) !socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
    note.ticket = 4;
    note.gen = r->gen;
    raw_cell(r, 4, BODY);
    r->s->cell[4].c.flags = PTN_CELL_HAS_FILE;
    r->s->cell[4].c.body_len = 10;
    usleep(10000);
    (void) ptn_shm_send_fd(ptn_shm_sock(r->world, r->w, 0)[1], &note, sv[0]);
    raw_push(r, PTN_UP_JOB, 4, r->gen, r->epoch);
    i = (uint32_t) raw_final(r, 4, r->gen, 500, NULL);
    ok(i != PTN_OK, "a socket for a body");
    raw_push(r, PTN_UP_FILE, 4, r->gen, r->epoch);      /* nothing sent */
    raw_final(r, 4, r->gen++, 300, NULL);
}


static uint32_t
rnd(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;

    return *seed >> 8;
}


/* All the shared memory of the slot changes all the time. */

static void
noise(raw_t *r, uint64_t ms, uint32_t seed)
{
    uint32_t     i, t, op;
    uint64_t     end, jobs;
    ptn_cell_t  *c;

    jobs = 0;
    end = fx_us() + ms * 1000;

    while (fx_us() < end) {

        for (i = 0; i < 64; i++) {
            t = rnd(&seed) % 32;
            c = raw_cell(r, t, rnd(&seed) % 6);
            c->state = ptn_cell_word(r->gen, rnd(&seed) % 5);

            switch (rnd(&seed) % 12) {
            case 0: c->len = rnd(&seed) << 8; break;
            case 1: c->off = rnd(&seed); break;
            case 2: c->released = rnd(&seed); break;
            case 3: c->taken = (uint64_t) rnd(&seed) << 30; break;
            case 4: c->waiting = rnd(&seed) % 4; break;
            case 5: c->cancel = c->gen; break;
            case 6: c->body_len = rnd(&seed); c->flags = 1; break;
            case 7: r->s->chunk[rnd(&seed) % PTN_CHUNKS] = rnd(&seed) << 8;
                break;
            case 8: r->s->chunk[rnd(&seed) % PTN_CHUNKS] = 0; break;
            case 9: c->session.b[rnd(&seed) % 16] = (u_char) rnd(&seed); break;
            case 10: c->type = (uint16_t) rnd(&seed); break;
            default: break;
            }

            op = rnd(&seed) % 8 ? PTN_UP_JOB : rnd(&seed) % 6;
            raw_push(r, op, rnd(&seed) % 64 ? t : rnd(&seed) << 8, r->gen,
                     r->epoch);
            r->gen = (r->gen + rnd(&seed) % 2) & PTN_GEN_MASK;
            jobs++;

            /* after it was read, perhaps */

            c->len = rnd(&seed) << 4;
            c->off = rnd(&seed) % 2 ? PTN_NONE : rnd(&seed);
        }

        r->head = atomic_load(&r->rings->down.tail);
        atomic_store(&r->rings->down.head, r->head);
        sched_yield();
    }

    diag("%lu messages of noise", jobs);
}


static int
hostile(fx_worker_t *w, void *data PTN_UNUSED)
{
    raw_t  r;

    raw_open(&r, w);
    fields(&r);
    messages(&r);
    noise(&r, 3000, 1);

    /* its own claim */

    atomic_store(&r.s->epoch, 0xffffffff);
    raw_push(&r, PTN_UP_JOB, 1, 1, 0xffffffff);
    usleep(20000);
    atomic_store(&r.s->pid, 1);
    usleep(20000);
    atomic_store(&r.s->epoch, r.epoch + 7);
    atomic_store(&r.s->pid, getpid());
    r.epoch += 7;
    noise(&r, 500, 2);

    memset(&r.s->cell[0], 0xff, 64 * sizeof(r.s->cell[0]));
    memset(r.rings, 0xff, sizeof(*r.rings));
    ptn_shm_wake(&r.world->common->store[0].sleeping, r.world->ring_fd[0]);
    usleep(50000);

    return done_testing();
}


/* Beside it an honest worker. */

static int
honest(fx_worker_t *w, void *data PTN_UNUSED)
{
    int                  fd;
    uint64_t             n;
    ptn_sid_t            sid, none = { { 0 } };
    static fx_answer_t   a, b, c;

    fd = memfd_create("body", 0);
    (void) !write(fd, "bytes", 5);

    fx_run(w, &a, (fx_job_t) { "login", 1, none, NULL, 0, 0, 0 });
    sid = a.session;

    for (n = 0; atomic_load(&w->fx->seen[0]) == 0; n++) {
        fx_submit(w, &a, (fx_job_t) { "echo", 1, none, "hello", 0, 0, 0 });
        fx_submit(w, &b, (fx_job_t) { "stream", 1, none, NULL, 0, 0, 0 });
        fx_submit(w, &c, (fx_job_t) { "body", 1, none, NULL, 0, fd, 5 });

        if (!fx_final(w, &a) || a.rc != PTN_OK || a.len != 5
            || !fx_final(w, &b) || b.rc != PTN_OK || b.len != 1200000
            || !fx_final(w, &c) || c.rc != PTN_OK || c.len != 5)
        {
            printf("# a %s %lu b %s %lu c %s %lu\n", ptn_err(a.rc)->name,
                   a.len, ptn_err(b.rc)->name, b.len, ptn_err(c.rc)->name,
                   c.len);
            return 1;
        }

        fx_run(w, &a, (fx_job_t) { "login", 1, sid, NULL, 0, 0, 0 });
        if (a.rc != PTN_OK || memcmp(a.data, "secret", 6) != 0) {
            return 2;
        }

        usleep(1000);
    }

    fx_run(w, &a, (fx_job_t) { "echo", 1, none, "hello", 0, 0, 0 });
    printf("# %lu rounds of an honest worker\n", n);

    return a.rc == PTN_OK ? 0 : 3;
}


int
main(void)
{
    int    rc, other;
    pid_t  pid, good;

    fx_open(&fx, 1, 3, &hooks, types, ptn_nelts(types));
    fx.world->opts.debug_jobs = false;
    fx_start(&fx);

    good = fx_worker(&fx, honest, NULL);
    pid = fx_worker(&fx, hostile, NULL);
    rc = fx_wait(pid, 60000);

    atomic_store(&fx.seen[0], 1);
    other = fx_wait(good, 30000);

    if (other != 0) {
        fprintf(stderr, "the honest worker: %d\n", other);
        rc = 1;
    }

    if (waitpid(fx.store[0], NULL, WNOHANG) != 0) {
        fprintf(stderr, "the store fell\n");
        rc = 1;
    }

    rc = fx_stop(&fx) ? rc : 1;
    fx_close(&fx);

    return rc;
}
