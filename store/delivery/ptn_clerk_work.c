#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "ptn_clerk_queue.h"
#include "ptn_mdn.h"


ptn_rc_t
ptn_clerk_open(ptn_world_t *world, const ptn_conf_t *conf, ptn_io_t *io,
    ptn_log_t *log, ptn_clerk_t **ret_clerk)
{
    char          path[PTN_SEG_PATH];
    ptn_rc_t      rc;
    ptn_clerk_t  *clerk;

    clerk = calloc(1, sizeof(ptn_clerk_t));
    if (clerk == NULL) {
        return PTN_ENOMEM;
    }

    snprintf(path, sizeof(path), "%s/clerk.lock", conf->root);

    rc = PTN_EIO;

    clerk->lock = open(path, O_RDWR|O_CREAT|O_CLOEXEC, 0600);
    if (clerk->lock == -1) {
        goto failed;
    }

    if (flock(clerk->lock, LOCK_EX|LOCK_NB) == -1) {
        rc = errno == EWOULDBLOCK ? PTN_EBUSY : PTN_EIO;
        goto failed;
    }

    rc = ptn_app_open(world, conf, io, log, "clerk", &clerk->app);
    if (rc != PTN_OK) {
        goto failed;
    }

    rc = ptn_qindex_open(conf, io, log, true, &clerk->index);
    if (rc != PTN_OK) {
        goto failed;
    }

    if (conf->relay_host != NULL) {
        rc = ptn_relay_open(conf, io, ptn_clerk_ring, clerk, &clerk->relay);
        if (rc != PTN_OK) {
            goto failed;
        }
    }

    ptn_qindex_each(clerk->index, ptn_clerk_found, clerk);

    *ret_clerk = clerk;

    return PTN_OK;

failed:

    ptn_clerk_close(clerk);

    return rc;
}


void
ptn_clerk_close(ptn_clerk_t *clerk)
{
    if (clerk == NULL) {
        return;
    }

    ptn_relay_close(clerk->relay);

    if (clerk->index != NULL) {
        (void) ptn_qindex_sync(clerk->index);
        ptn_qindex_close(clerk->index);
    }

    ptn_app_close(clerk->app);

    if (clerk->lock != -1) {
        close(clerk->lock);
    }

    free(clerk->heap);
    free(clerk);
}


/* From any thread: there is something to do. */

void
ptn_clerk_ring(void *data)
{
    ptn_clerk_t  *clerk = data;

    if (clerk->app->world != NULL) {
        ptn_world_ring_clerk(clerk->app->world);
    }
}


/* --- what is due: a heap, earliest first, of equals the oldest ----------- */

static bool
ptn_clerk_before(const ptn_qmsg_t *a, const ptn_qmsg_t *b)
{
    if (a->due != b->due) {
        return a->due < b->due;
    }

    return a->arrived != b->arrived ? a->arrived < b->arrived
                                    : a->seq < b->seq;
}


static void
ptn_clerk_up(ptn_clerk_t *clerk, size_t i)
{
    ptn_qmsg_t  *m, **h;

    h = clerk->heap;
    m = h[i];

    while (i > 0 && ptn_clerk_before(m, h[(i - 1) / 2])) {
        h[i] = h[(i - 1) / 2];
        i = (i - 1) / 2;
    }

    h[i] = m;
}


static void
ptn_clerk_down(ptn_clerk_t *clerk, size_t i)
{
    size_t       child;
    ptn_qmsg_t  *m, **h;

    h = clerk->heap;
    m = h[i];

    for ( ;; ) {
        child = 2 * i + 1;

        if (child >= clerk->nheap) {
            break;
        }

        if (child + 1 < clerk->nheap
            && ptn_clerk_before(h[child + 1], h[child]))
        {
            child++;
        }

        if (!ptn_clerk_before(h[child], m)) {
            break;
        }

        h[i] = h[child];
        i = child;
    }

    h[i] = m;
}


/* Due when the first of its recipients is. */

void
ptn_clerk_found(void *data, ptn_qmsg_t *msg)
{
    size_t         n;
    uint32_t       i;
    ptn_clerk_t   *clerk = data;
    ptn_qmsg_t   **heap;

    if (clerk->nheap == clerk->heap_size) {
        n = clerk->heap_size ? clerk->heap_size * 2 : 256;

        heap = realloc(clerk->heap, n * sizeof(ptn_qmsg_t *));
        if (heap == NULL) {

            /* found again by the next clerk; this one has no room */

            ptn_log(clerk->app->log, PTN_LOG_ERROR,
                    "queue queue_id=%016llx status=ENOMEM",
                    (unsigned long long) msg->id);
            return;
        }

        clerk->heap = heap;
        clerk->heap_size = n;
    }

    msg->due = INT64_MAX;
    msg->seq = ++clerk->seq;

    for (i = 0; i < msg->nrcpt; i++) {
        if (msg->rcpt[i].status == PTN_QUEUE_WAITING
            || msg->rcpt[i].status == PTN_QUEUE_FAILED)
        {
            msg->due = ptn_min(msg->due, msg->rcpt[i].due);
        }
    }

    clerk->heap[clerk->nheap++] = msg;
    ptn_clerk_up(clerk, clerk->nheap - 1);
}


ptn_qmsg_t *
ptn_clerk_next(ptn_clerk_t *clerk, int64_t now)
{
    ptn_qmsg_t  *m;

    if (clerk->nheap == 0 || clerk->heap[0]->due > now) {
        return NULL;
    }

    m = clerk->heap[0];
    clerk->heap[0] = clerk->heap[--clerk->nheap];

    if (clerk->nheap > 0) {
        ptn_clerk_down(clerk, 0);
    }

    return m;
}


/* `postern queue flush`: everything is due. */

static void
ptn_clerk_flush(ptn_clerk_t *clerk)
{
    size_t    i;
    uint32_t  n;

    for (i = 0; i < clerk->nheap; i++) {
        clerk->heap[i]->due = 0;

        for (n = 0; n < clerk->heap[i]->nrcpt; n++) {
            clerk->heap[i]->rcpt[n].due = 0;
        }
    }

    for (i = clerk->nheap / 2; i-- > 0; /* void */ ) {
        ptn_clerk_down(clerk, i);
    }

    if (clerk->relay != NULL) {
        ptn_relay_retry(clerk->relay);
    }
}


/* --- a round ------------------------------------------------------------- */

/* At once when it starts, for what a crash has left. */

static void
ptn_clerk_receipts(ptn_clerk_t *clerk)
{
    uint64_t  now;

    now = ptn_time_mono();

    if (now >= clerk->receipts_ms) {
        clerk->receipts_ms = now + PTN_CLERK_RECEIPTS;
        (void) ptn_mdn_unopened(clerk->app);
    }
}


uint32_t
ptn_clerk_run(ptn_clerk_t *clerk)
{
    bool      worked;
    int64_t   now, wait;
    ptn_rc_t  rc;

    rc = ptn_qindex_scan(clerk->index, ptn_clerk_found, clerk);

    if (rc != PTN_OK && rc != clerk->scan_rc) {
        ptn_log(clerk->app->log, PTN_LOG_ERROR, "queue scan=%s",
                ptn_err(rc)->name);
    }

    clerk->scan_rc = rc;

    if (ptn_qindex_flushed(clerk->index)) {
        ptn_clerk_flush(clerk);
    }

    worked = ptn_clerk_relayed(clerk);
    worked |= ptn_clerk_batch(clerk);

    (void) ptn_qindex_sync(clerk->index);
    ptn_qindex_clean(clerk->index);

    if (!worked) {
        ptn_clerk_receipts(clerk);
        ptn_store_idle(clerk->app->store);
        ptn_queue_idle(clerk->app->queue);
    }

    if (clerk->nheap == 0) {
        return PTN_CLERK_WAIT;
    }

    now = ptn_time_now();
    wait = clerk->heap[0]->due - now;

    if (wait <= 0) {
        return 0;
    }

    return (uint32_t) ptn_min(wait / 1000 + 1, (int64_t) PTN_CLERK_WAIT);
}


/* --- verbs of the control socket ----------------------------------------- */

static ptn_rc_t
ptn_clerk_verb_flush(void *data, ptn_str_t args, ptn_buf_t *out)
{
    ptn_clerk_t  *clerk = data;

    (void) args;

    if (clerk == NULL) {
        return PTN_EUNAVAIL;
    }

    ptn_clerk_flush(clerk);
    ptn_buf_printf(out, "waiting=%zu\n", ptn_qindex_waiting(clerk->index));

    return PTN_OK;
}


const ptn_control_verb_t  ptn_clerk_verbs[] = {
    { "queue-flush", ptn_clerk_verb_flush },
    { NULL, NULL }
};
