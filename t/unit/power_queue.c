/*
 * The queue and power loss: a message whose put returned OK is in the
 * segments after the power failed at any later point, whole, once, and no
 * disk makes the reader stumble.  Without any one of the queue's syncs a
 * message is lost.  Errors of the disk are told, and cost nothing that was
 * acknowledged.
 */

#include "ptn_conf.h"
#include "ptn_queue.h"
#include "ptn_queue_seg.h"
#include "ptn_sim.h"
#include "ptn_test.h"


#define MESSAGES  8


typedef struct {
    char         ids[MESSAGES + 1][17];     /* [i]: acknowledged by mark i */
    char         why[256];
    ptn_pool_t  *pool;
} queue_t;


/* The i-th message: its text can be told from every other. */
static ptn_str_t
queue_text(ptn_pool_t *pool, unsigned i)
{
    unsigned   n;
    ptn_buf_t  b;

    ptn_buf_init(&b, pool);
    ptn_buf_printf(&b, "Subject: %u\r\n\r\n", i);

    for (n = 0; n < i * i * 60; n++) {
        ptn_buf_printf(&b, "%u of %u\r\n", n, i);
    }

    return ptn_buf_get(&b);
}


static void
queue_msg(ptn_pool_t *pool, unsigned i, ptn_queue_msg_t *msg)
{
    static ptn_str_t  rcpt[] = {
        ptn_string("bob@example.test"), ptn_string("carol@example.org")
    };

    memset(msg, 0, sizeof(ptn_queue_msg_t));
    msg->arrived = 1000000 + i;
    msg->sender = ptn_str("alice@example.test");
    msg->rcpt = rcpt;
    msg->nrcpt = 1 + i % 2;
    msg->head = ptn_str("Received: by test\r\n");
    msg->data = queue_text(pool, i);
}


/* Every message in a handle of its own, or some in one. */
static unsigned
queue_record(queue_t *q, ptn_sim_t *sim, const char *dir)
{
    unsigned          i, done;
    ptn_str_t         id;
    ptn_conf_t        conf;
    ptn_queue_t      *queue;
    ptn_queue_msg_t   msg;

    ptn_conf_defaults(&conf);
    conf.root = dir;
    conf.fsync = true;
    queue = NULL;
    done = 0;

    for (i = 1; i <= MESSAGES; i++) {

        if (queue == NULL
            && ptn_queue_open(&conf, &sim->io, "store0", &queue) != PTN_OK)
        {
            break;
        }

        queue_msg(q->pool, i, &msg);

        if (ptn_queue_put(queue, q->pool, &msg, &id) == PTN_OK) {
            ptn_sim_mark(sim);
            done++;
            snprintf(q->ids[done], sizeof(q->ids[0]), "%.*s",
                     ptn_str_arg(id));
        }

        if (i % 3 == 0) {
            ptn_queue_close(queue);
            queue = NULL;
        }
    }

    ptn_queue_close(queue);

    return done;
}


/* Reads one record; false at the end or at a torn one. */
static bool
queue_read_record(queue_t *q, ptn_str_t *s, ptn_seg_head_t *head,
    ptn_queue_msg_t *msg)
{
    ptn_str_t  meta, data;

    if (s->len < PTN_SEG_HEAD || ptn_seg_head_get(s->data, head) != PTN_OK
        || s->len - PTN_SEG_HEAD < head->meta_len
        || s->len - PTN_SEG_HEAD - head->meta_len < head->data_len)
    {
        return false;
    }

    meta = ptn_str_make(s->data + PTN_SEG_HEAD, head->meta_len);
    data = ptn_str_make(meta.data + meta.len, (size_t) head->data_len);

    if (ptn_queue_crc(0, meta.data, meta.len) != head->meta_crc
        || ptn_queue_crc(0, data.data, data.len) != head->data_crc
        || ptn_seg_msg_get(q->pool, meta, msg) != PTN_OK)
    {
        return false;
    }

    msg->data = data;
    s->data += PTN_SEG_HEAD + meta.len + data.len;
    s->len -= PTN_SEG_HEAD + meta.len + data.len;

    return true;
}


/* found[i]: how often message i is there. */
static const char *
queue_read_segment(queue_t *q, const char *path, unsigned *found)
{
    int               fd;
    char              id[17];
    unsigned          i;
    ptn_str_t         s, want;
    struct stat       st;
    ptn_seg_head_t    head;
    ptn_queue_msg_t   msg;

    fd = open(path, O_RDONLY|O_CLOEXEC);
    if (fd == -1 || fstat(fd, &st) == -1) {
        return "a segment cannot be read";
    }

    s.data = ptn_palloc(q->pool, (size_t) st.st_size + 1);
    s.len = (size_t) ptn_io_read_all(&ptn_io_posix, fd, s.data,
                                     (size_t) st.st_size, 0);
    close(fd);

    if (s.len < PTN_SEG_HEADER
        || ptn_seg_header_get(s.data, PTN_SEG_MESSAGES) != PTN_OK)
    {
        return "a segment has its name without its header";
    }

    s.data += PTN_SEG_HEADER;
    s.len -= PTN_SEG_HEADER;

    while (queue_read_record(q, &s, &head, &msg)) {
        snprintf(id, sizeof(id), "%016llx", (unsigned long long) head.id);
        i = (unsigned) (msg.arrived - 1000000);

        if (i > MESSAGES) {
            return "a message that was never put";
        }

        want = ptn_str_printf(q->pool, "Received: by test\r\n");
        want.len = ptn_min(want.len, msg.data.len);

        if (!ptn_str_eq(want, ptn_str_make(msg.data.data, want.len))
            || !ptn_str_eq(queue_text(q->pool, i),
                           ptn_str_make(msg.data.data + want.len,
                                        msg.data.len - want.len)))
        {
            return "a message is not what was put";
        }

        for (i = 1; i <= MESSAGES; i++) {
            found[i] += strcmp(q->ids[i], id) == 0;
        }
    }

    return NULL;
}


static const char *
queue_check(void *ctx, const char *dir, unsigned marks)
{
    char            path[PTN_SIM_PATH];
    DIR            *d;
    queue_t        *q = ctx;
    unsigned        i, found[MESSAGES + 1] = { 0 };
    const char     *why;
    struct dirent  *e;

    ptn_pool_reset(q->pool);
    snprintf(path, sizeof(path), "%s/queue", dir);
    why = NULL;
    d = opendir(path);

    while (d != NULL && why == NULL && (e = readdir(d)) != NULL) {
        i = (unsigned) strlen(e->d_name);

        if (i > 4 && strcmp(e->d_name + i - 4, ".seg") == 0) {
            snprintf(path, sizeof(path), "%s/queue/%s", dir, e->d_name);
            why = queue_read_segment(q, path, found);
        }
    }

    if (d != NULL) {
        closedir(d);
    }

    for (i = 1; i <= marks && why == NULL; i++) {
        if (found[i] != 1) {
            snprintf(q->why, sizeof(q->why),
                     "message %u of %u acknowledged is there %u times", i,
                     marks, found[i]);
            why = q->why;
        }
    }

    return why;
}


static void
power(queue_t *q)
{
    char              *dir;
    size_t             i;
    unsigned           n;
    ptn_sim_t         *sim;
    ptn_sim_result_t   res;

    dir = ptn_sim_tmp();
    sim = ptn_sim_create(dir);

    is_u64(queue_record(q, sim, dir), MESSAGES, "messages put");
    diag("%zu changes, %u marks", sim->n, sim->marks);

    ptn_sim_run(sim, 0, 0, 6, queue_check, q, &res);
    diag("%zu points, %zu disks, %zu different", res.points, res.images,
         res.checked);
    ok(!res.bad, "nothing acknowledged is lost: %s",
       res.bad ? res.bad_why : "at any point");

    if (res.bad) {
        diag("at %zu of %zu, %s", res.bad_point, sim->n, res.bad_image);
    }

    n = 0;

    for (i = ptn_sim_place(sim, 0); i != PTN_SIM_END;
         i = ptn_sim_place(sim, i + 1))
    {
        sim->ignore_caller = sim->ev[i].caller;
        ptn_sim_run(sim, 0, 1u << sim->ev[i].site, 6, queue_check, q, &res);
        sim->ignore_caller = NULL;

        ok(res.bad, "without %s at %p: %s",
           ptn_io_site_name((ptn_io_site_e) sim->ev[i].site),
           sim->ev[i].caller, res.bad ? res.bad_why : "no loss was found");
        n++;
    }

    ok(n >= 4, "header, batch, segment's name, queue's name: %u places", n);

    ptn_sim_free(sim);
    ptn_sim_remove(dir);
    free(dir);
}


/*
 * Each change fails once, or it and all that follow: put says so, what it
 * said yes to is there, and after one failure it goes on.
 */
static void
disk_errors(queue_t *q)
{
    char        *dir;
    uint64_t     n, calls, refused;
    unsigned     done;
    ptn_sim_t   *sim;
    const char  *why;

    calls = 1;
    refused = 0;

    for (n = 1; n <= calls * 4; n++) {
        dir = ptn_sim_tmp();
        sim = ptn_sim_create(dir);
        memset(q->ids, 0, sizeof(q->ids));

        ptn_sim_fail(sim, (n + 3) / 4, n % 4 < 2 ? ENOSPC : EIO, n % 2);
        done = queue_record(q, sim, dir);
        refused += done != MESSAGES;
        why = queue_check(q, dir, done);
        calls = ptn_max(calls, sim->calls);

        if (why != NULL) {
            ok(false, "change %d failed, %u acknowledged: %s",
               (int) (n + 3) / 4, done, why);
        }

        if (n % 2 == 0 && done + 1 < MESSAGES) {
            ok(false, "one failed change %d cost %u messages",
               (int) (n + 3) / 4, MESSAGES - done);
        }

        ptn_sim_free(sim);
        ptn_sim_remove(dir);
        free(dir);
    }

    ok(refused > 20, "%d failures were told", (int) refused);
}


int
main(void)
{
    queue_t  q;

    memset(&q, 0, sizeof(queue_t));
    q.pool = ptn_pool_create(0, NULL);

    power(&q);
    disk_errors(&q);

    ptn_pool_destroy(q.pool);

    return done_testing();
}
