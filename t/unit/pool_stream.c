/* Large bodies both ways: windows, files, spill, a client that is slow. */

#include <fcntl.h>
#include <sys/stat.h>

#include "pool_fixture.h"


#define BIG  (150ULL * 1024 * 1024)

static fx_t  fx;


static ptn_rc_t
run_send(ptn_job_t *job)
{
    size_t     n, i;
    ptn_rc_t   rc;
    u_char    *buf;
    uint64_t   left, piece;

    /* "total piece" */

    if (sscanf((char *) job->request.data, "%lu %lu", &left, &piece) != 2) {
        return PTN_EPARSE;
    }

    buf = ptn_palloc(job->pool, piece);

    for (i = 0; i < piece; i++) {
        buf[i] = (u_char) (i * 7);
    }

    ptn_job_meta(job, "meta", 4);

    while (left > 0) {
        n = ptn_min(left, piece);
        rc = ptn_job_reply(job, buf, n);
        if (rc != PTN_OK) {
            return rc;
        }
        left -= n;
    }

    ptn_job_trailer(job, "end", 3);

    return PTN_OK;
}


static uint64_t
sum_of(uint64_t total, uint64_t piece)
{
    uint64_t  i, sum;

    for (i = 0, sum = 0; i < total; i++) {
        sum = sum * 31 + (u_char) ((i % piece) * 7);
    }

    return sum;
}


static ptn_rc_t
run_store(ptn_job_t *job)
{
    char       out[64];
    size_t     i;
    ptn_rc_t   rc;
    uint64_t   sum;
    ptn_str_t  body;

    rc = ptn_job_body_map(job, &body);
    if (rc != PTN_OK) {
        return rc;
    }

    for (i = 0, sum = 0; i < body.len; i++) {
        sum = sum * 31 + body.data[i];
    }

    snprintf(out, sizeof(out), "%lu", sum);

    return ptn_job_reply(job, out, strlen(out));
}


/* The body comes back: some bytes, then the rest by descriptor. */

static ptn_rc_t
run_bounce(ptn_job_t *job)
{
    int          fd;
    u_char       buf[100];
    ptn_rc_t     rc;
    FILE        *f;

    rc = ptn_job_body_read(job, 0, buf, sizeof(buf));
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_job_reply(job, buf, sizeof(buf));

    f = tmpfile();
    fd = fileno(f);

    while (rc == PTN_OK && lseek(fd, 0, SEEK_END)
                           < (off_t) job->body_len - 100)
    {
        rc = ptn_job_body_read(job, 100 + (uint64_t) lseek(fd, 0, SEEK_END),
                               buf, 100);
        (void) !write(fd, buf, 100);
    }

    if (rc == PTN_OK) {
        rc = ptn_job_reply_fd(job, fd, 0, job->body_len - 100);
    }

    fclose(f);

    return rc == PTN_OK ? ptn_job_reply(job, "tail", 4) : rc;
}


static ptn_rc_t
run_flush(ptn_job_t *job)
{
    uint64_t  i;

    for (i = 0; i < 20; i++) {
        ptn_job_reply(job, "0123456789", 10);
        ptn_job_flush(job);
    }

    return PTN_OK;
}


/* What is flushed reaches the client, however many chunks it filled. */

static ptn_rc_t
run_steps(ptn_job_t *job)
{
    size_t           n;
    uint64_t         end, sent;
    static u_char    buf[14 * PTN_CHUNK];

    for (n = 1, sent = 0; n <= 14; n++) {

        if (ptn_job_reply(job, buf, n * PTN_CHUNK - 7) != PTN_OK
            || ptn_job_flush(job) != PTN_OK)
        {
            return PTN_EINTERNAL;
        }

        sent += n * PTN_CHUNK - 7;
        end = fx_us() + 20000000;

        while (atomic_load(&fx.seen[4]) < sent) {
            if (fx_us() > end) {
                return PTN_EBUSY;
            }
            fx_nap();
        }
    }

    return PTN_OK;
}


/* Chunk by chunk, with time for the client to fall asleep after each. */

static ptn_rc_t
run_drip(ptn_job_t *job)
{
    size_t           n;
    ptn_rc_t         rc;
    static u_char    buf[PTN_CHUNK];

    for (n = 0, rc = PTN_OK; n < 15 && rc == PTN_OK; n++) {
        rc = ptn_job_reply(job, buf, sizeof(buf));
        usleep(3000);
    }

    return rc;
}


static ptn_rc_t
run_wait(ptn_job_t *job)
{
    uint64_t  end;

    end = fx_us() + 10000000;
    atomic_store(&fx.seen[3], 1);

    while (!ptn_job_cancelled(job) && fx_us() < end) {
        fx_nap();
    }

    atomic_store(&fx.seen[1], ptn_job_cancelled(job));
    atomic_store(&fx.seen[2], ptn_job_reply(job, "x", 1));

    return PTN_OK;
}


static ptn_rc_t
run_noop(ptn_job_t *job)
{
    return ptn_job_reply(job, "ok", 2);
}


static const ptn_job_type_t  send_t = { "send", PTN_LANE_SHORT, 0, run_send,
                                        0, NULL };
static const ptn_job_type_t  store_t = { "store", PTN_LANE_SHORT, 0, run_store,
                                         0, NULL };
static const ptn_job_type_t  bounce_t = { "bounce", PTN_LANE_SHORT, 0,
                                          run_bounce, 0, NULL };
static const ptn_job_type_t  flush_t = { "flush", PTN_LANE_SHORT, 0,
                                         run_flush, 0, NULL };
static const ptn_job_type_t  wait_t = { "wait", PTN_LANE_SHORT, 0, run_wait,
                                        0, NULL };
static const ptn_job_type_t  steps_t = { "steps", PTN_LANE_SHORT, 0,
                                         run_steps, 0, NULL };
static const ptn_job_type_t  drip_t = { "drip", PTN_LANE_SHORT, 0, run_drip,
                                        0, NULL };
static const ptn_job_type_t  noop_t = { "noop", PTN_LANE_SHORT, 0, run_noop,
                                        0, NULL };

static const ptn_job_type_t *const  types[] = {
    &send_t, &store_t, &bounce_t, &flush_t, &wait_t, &steps_t, &drip_t,
    &noop_t
};

static const ptn_hooks_t  hooks;


static uint64_t
rss_anon(pid_t pid)
{
    char      line[256];
    FILE     *f;
    uint64_t  kb;

    snprintf(line, sizeof(line), "/proc/%d/status", (int) pid);
    f = fopen(line, "r");
    kb = 0;

    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        if (sscanf(line, "RssAnon: %lu", &kb) == 1) {
            break;
        }
    }

    if (f != NULL) {
        fclose(f);
    }

    return kb;
}


static uint32_t
chunks(fx_worker_t *w, uint32_t slot)
{
    uint32_t  i, n;

    for (i = 0, n = 0; i < PTN_CHUNKS; i++) {
        n += ptn_shm_slot(w->fx->world, slot)->chunk[i] != 0;
    }

    return n;
}


static void
sizes(fx_worker_t *w)
{
    char                 req[64];
    size_t               i;
    uint64_t             files;
    ptn_sid_t            none = { { 0 } };
    static fx_answer_t   a;

    static const uint64_t  row[][2] = {
        { 1, 1 }, { 1024, 1024 }, { 1025, 1025 }, { 1025, 1 },
        { 65535, 65535 }, { 65536, 65536 }, { 65537, 1000 },
        { 524288, 65536 }, { 524289, 524289 }, { 3000000, 777 },
        { 3000000, 3000000 }
    };

    for (i = 0; i < ptn_nelts(row); i++) {
        snprintf(req, sizeof(req), "%lu %lu", row[i][0], row[i][1]);
        fx_run(w, &a, (fx_job_t) { "send", 3, none, req, strlen(req) + 1, 0,
                                   0 });
        ok(a.rc == PTN_OK && a.len == row[i][0]
           && a.sum == sum_of(row[i][0], row[i][1]) && a.trailer_len == 3
           && a.meta_len == 4, "reply of %lu in pieces of %lu (%lu in files)",
           row[i][0], row[i][1], a.files);

        if (a.rc != PTN_OK || a.len != row[i][0]) {
            diag("rc=%s len=%lu meta=%zu trailer=%zu", ptn_err(a.rc)->name,
                 a.len, a.meta_len, a.trailer_len);
        }
    }

    /* chunks come back to the job: the best of some, others are here, too */

    for (i = 0, files = 1; i < 20 && files != 0; i++) {
        fx_run(w, &a, (fx_job_t) { "send", 3, none, "3000000 777", 12, 0, 0 });
        files = a.files;
    }
    ok(files == 0 && a.len == 3000000, "who reads gets all without a file");

    fx_run(w, &a, (fx_job_t) { "flush", 3, none, NULL, 0, 0, 0 });
    is_u64(a.len, 200, "flushed in pieces");

    is_u64(chunks(w, 0), 0, "no chunk is left behind");
}


static void
batches(fx_worker_t *w)
{
    size_t               wakes;
    ptn_sid_t            none = { { 0 } };
    struct pollfd        pfd;
    static fx_answer_t   a, b;

    pfd.fd = ptn_client_eventfd(w->client);
    pfd.events = POLLIN;

    fx_submit(w, &a, (fx_job_t) { "drip", 3, none, NULL, 0, 0, 0 });

    for (wakes = 0; !a.final && wakes < 1000; /* void */ ) {
        wakes += (poll(&pfd, 1, 1000) == 1);
        while (ptn_client_poll(w->client, 0)) { /* void */ }
    }

    /* 1, 2, 4, 4, 4 of them and FINAL */

    is_u64(a.len, 15 * PTN_CHUNK, "15 chunks");
    ok(wakes <= 7, "in %zu wake-ups", wakes);

    fx_submit(w, &b, (fx_job_t) { "steps", 3, none, NULL, 0, 0, 0 });

    while (!b.final) {
        fx_poll(w, 100);
        atomic_store(&fx.seen[4], b.len);
    }

    ok(b.rc == PTN_OK, "what is flushed is not kept back: %s",
       ptn_err(b.rc)->name);
    is_u64(chunks(w, 0), 0, "no chunk is left behind");
}


static void
slow(fx_worker_t *w)
{
    size_t               i;
    uint64_t             start;
    ptn_sid_t            none = { { 0 } };
    static fx_answer_t   a, b[8];

    /* nobody takes a byte: the job ends all the same */

    for (i = 0; i < 8; i++) {
        b[i].keep = true;
        fx_submit(w, &b[i], (fx_job_t) { "send", 3, none, "2000000 30000", 14,
                                         0, 0 });
    }

    start = fx_us();
    for (i = 0; i < 8; i++) {
        fx_final(w, &b[i]);
    }

    ok(fx_us() - start < 15000000, "8 clients that read nothing held 3"
       " executors %lu ms", (fx_us() - start) / 1000);

    for (i = 0; i < 8 && b[i].len == 2000000 && b[i].files > 0
                && b[i].sum == sum_of(2000000, 30000); i++)
    {
        /* void */
    }
    is_u64(i, 8, "window, then a file, nothing lost");

    fx_run(w, &a, (fx_job_t) { "noop", 3, none, NULL, 0, 0, 0 });
    is_u64(a.rc, PTN_OK, "the executors are free");

    ok(chunks(w, 0) > 0, "their chunks are kept after FINAL");

    for (i = 0; i < 8; i++) {
        if (i & 1) {
            ptn_client_release(w->client, b[i].ticket, b[i].kept);
        } else {
            ptn_client_cancel(w->client, b[i].ticket);
        }
    }
    is_u64(chunks(w, 0), 0, "and given back by release or cancel");
}


static void
many(fx_worker_t *w)
{
    size_t               i, good;
    ptn_sid_t            none = { { 0 } };
    static fx_answer_t   a[300];

    /* more than the arena has: the rest goes through files */

    for (i = 0; i < 300; i++) {
        a[i].keep = true;
        fx_submit(w, &a[i], (fx_job_t) { "send", 3, none, "300000 30000", 13,
                                         0, 0 });
    }

    for (i = 0, good = 0; i < 300; i++) {
        fx_final(w, &a[i]);
        good += a[i].rc == PTN_OK && a[i].len == 300000;
    }

    is_u64(good, 300, "300 replies of 300 KB that nobody takes");

    for (i = 0; i < 300; i++) {
        if (a[i].kept != 0) {
            ptn_client_release(w->client, a[i].ticket, a[i].kept);
        }
    }

    is_u64(chunks(w, 0), 0, "all given back");
}


static void
big(fx_worker_t *w)
{
    int                  fd;
    char                 want[64];
    u_char              *p;
    size_t               i, k;
    pid_t                pid;
    uint64_t             before, sum, start;
    ptn_sid_t            none = { { 0 } };
    static fx_answer_t   a;

    pid = w->fx->store[0];
    before = rss_anon(pid);

    fd = memfd_create("body", 0);
    p = malloc(1 << 20);
    sum = 0;

    for (i = 0; i < BIG; i += 1 << 20) {
        for (k = 0; k < 1 << 20; k++) {
            p[k] = (u_char) (k * 13 + (i >> 20));
            sum = sum * 31 + p[k];
        }
        (void) !write(fd, p, 1 << 20);
    }
    free(p);

    start = fx_us();
    fx_run(w, &a, (fx_job_t) { "store", 3, none, NULL, 0, fd, BIG });
    snprintf(want, sizeof(want), "%lu", sum);
    is_str(ptn_str_make(a.data, a.len), want, "150 MB in");
    diag("in: %lu ms", (fx_us() - start) / 1000);

    is_u64(fx_run(w, &a, (fx_job_t) { "store", 3, none, NULL, 0, fd,
                                      BIG + 1 }),
           PTN_ETRUNC, "a file shorter than it says");

    start = fx_us();
    fx_run(w, &a, (fx_job_t) { "send", 3, none, "157286400 65536", 16, 0, 0 });
    is_u64(a.len, BIG, "150 MB out");
    diag("out: %lu ms, %lu MB in files", (fx_us() - start) / 1000,
         a.files >> 20);

    start = fx_us();
    fx_run(w, &a, (fx_job_t) { "bounce", 3, none, NULL, 0, fd, 100000 });
    is_u64(a.len, 100004, "a file range in the middle of a reply");
    is_u64(a.files, 99900, "by descriptor");

    ok(rss_anon(pid) < before + 12 * 1024, "memory of the store grew %ld KB",
       (long) (rss_anon(pid) - before));

    close(fd);
}


static void
cancelled(fx_worker_t *w)
{
    int                  fd[2];
    ptn_sid_t            none = { { 0 } };
    static fx_answer_t   a;

    fx_submit(w, &a, (fx_job_t) { "wait", 3, none, NULL, 0, 0, 0 });
    fx_until(atomic_load(&w->fx->seen[3]) == 1);
    ptn_client_cancel(w->client, a.ticket);
    ok(fx_final(w, &a), "FINAL after cancel");
    is_u64(w->fx->seen[1], 1, "the handler saw it");
    is_u64(w->fx->seen[2], PTN_ECANCEL, "and its reply was refused");
    is_u64(a.len, 0, "no event but FINAL");

    /* a descriptor that would block */

    (void) !pipe(fd);
    fx_run(w, &a, (fx_job_t) { "store", 3, none, NULL, 0, fd[0], 10 });
    ok(a.rc != PTN_OK, "a pipe is no body: %s", ptn_err(a.rc)->name);
    close(fd[0]);
    close(fd[1]);
}


/* Shared pages of the arena that are in memory. */

static uint64_t
resident(fx_worker_t *w)
{
    size_t           i;
    uint64_t         n;
    ptn_shm_slot_t  *s;
    static u_char    vec[PTN_CHUNKS * PTN_CHUNK / 4096];

    s = ptn_shm_slot(w->fx->world, 0);
    (void) mincore((void *) ((uintptr_t) s->data & ~(uintptr_t) 4095),
                   PTN_CHUNKS * PTN_CHUNK, vec);

    for (i = 0, n = 0; i < sizeof(vec); i++) {
        n += vec[i] & 1;
    }

    return n * 4;
}


static void
idle(fx_worker_t *w)
{
    uint64_t             kb;
    ptn_sid_t            none = { { 0 } };
    static fx_answer_t   a;

    kb = resident(w);
    fx_until(resident(w) < 1024);
    ok(resident(w) < 1024, "an idle store gives its window back: %lu KB"
       " of %lu", resident(w), kb);

    fx_run(w, &a, (fx_job_t) { "send", 3, none, "3000000 777", 12, 0, 0 });
    ok(a.len == 3000000 && a.sum == sum_of(3000000, 777),
       "and takes it again");
}


static int
worker(fx_worker_t *w, void *data PTN_UNUSED)
{
    sizes(w);
    batches(w);
    slow(w);
    many(w);
    idle(w);
    big(w);
    cancelled(w);

    return done_testing();
}


int
main(void)
{
    int  rc;

    fx_open(&fx, 1, 2, &hooks, types, ptn_nelts(types));
    fx_start(&fx);
    rc = fx_wait(fx_worker(&fx, worker, NULL), 120000);
    rc = fx_stop(&fx) ? rc : 1;
    fx_close(&fx);

    return rc;
}
