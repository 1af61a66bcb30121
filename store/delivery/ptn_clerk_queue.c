#include <stdio.h>
#include <stdlib.h>

#include "ptn_clerk_queue.h"
#include "ptn_delivery.h"
#include "ptn_dsn.h"


/* A recipient elsewhere: its address there. */
typedef struct {
    uint32_t              n;
    ptn_str_t             address;
} ptn_clerk_foreign_t;

/* A message in this round. */
typedef struct {
    ptn_qmsg_t           *msg;
    ptn_pool_t           *pool;
    ptn_delivery_t        d;
    ptn_str_t             header;       /* its beginning, once read */
    ptn_delivery_scan_t   scan;
    bool                  bad;

    ptn_dsn_rcpt_t       *failed;       /* to be reported */
    uint32_t             *failed_n;     /*   and their numbers */
    uint32_t              nfailed;

    ptn_clerk_foreign_t  *relay;        /* for the relay */
    uint32_t              nrelay;
} ptn_clerk_msg_t;

/* A recipient with a mailbox here. */
typedef struct {
    ptn_clerk_msg_t  *cm;
    uint32_t          n;
    size_t            order;
    ptn_rcpt_t        rcpt;         /* lives in cm->pool */
    ptn_rc_t          rc;
} ptn_clerk_target_t;

typedef struct {
    ptn_clerk_msg_t      *msgs;
    size_t                nmsgs;
    ptn_clerk_target_t   *targets;
    size_t                ntargets, targets_size;
    int64_t               now;
} ptn_clerk_batch_t;


/* --- outcomes of one recipient ------------------------------------------- */

static ptn_str_t
ptn_clerk_header(ptn_clerk_t *clerk, ptn_clerk_msg_t *cm)
{
    u_char  *p;

    if (cm->header.data == NULL) {
        p = ptn_palloc(cm->pool, PTN_DSN_HEADER_MAX);

        if (p != NULL) {
            cm->header = ptn_str_make(p, ptn_qindex_peek(clerk->index, cm->msg,
                                                    p, PTN_DSN_HEADER_MAX));
            ptn_delivery_scan(cm->header, &cm->scan);
            cm->header.len = ptn_min(cm->header.len, cm->scan.header);
        }
    }

    return cm->header;
}


static void
ptn_clerk_log(ptn_clerk_t *clerk, ptn_clerk_msg_t *cm, uint32_t n,
    const char *status, ptn_str_t detail)
{
    ptn_qmsg_t  *m;

    m = cm->msg;

    (void) ptn_clerk_header(clerk, cm);

    ptn_delivery_log(clerk->app->log, ptn_seg_id_str(cm->pool, m->id),
                     m->sender, m->rcpt[n].address, m->len, m->arrived,
                     status, cm->scan.message_id, detail);
}


static void
ptn_clerk_delivered(ptn_clerk_t *clerk, ptn_clerk_msg_t *cm, uint32_t n,
    const char *status, ptn_str_t detail)
{
    ptn_seg_state_t  st;

    ptn_clerk_log(clerk, cm, n, status, detail);

    memset(&st, 0, sizeof(st));
    st.status = PTN_QUEUE_DELIVERED;
    st.attempts = cm->msg->rcpt[n].attempts + 1;

    ptn_qindex_state(clerk->index, cm->msg, n, &st);
}


/* For good.  The sender is told when all of the message was tried. */

static void
ptn_clerk_failed(ptn_clerk_t *clerk, ptn_clerk_msg_t *cm, uint32_t n,
    ptn_str_t detail, bool remote)
{
    ptn_qmsg_t      *m;
    ptn_dsn_rcpt_t  *f;

    m = cm->msg;

    ptn_clerk_log(clerk, cm, n, "failed", detail);

    if (cm->failed == NULL) {
        cm->failed = ptn_parray(cm->pool, m->nrcpt, sizeof(ptn_dsn_rcpt_t));
        cm->failed_n = ptn_parray(cm->pool, m->nrcpt, sizeof(uint32_t));

        if (cm->failed == NULL || cm->failed_n == NULL) {
            cm->failed = NULL;
            m->rcpt[n].due = ptn_time_now() + 60 * PTN_USEC;
            return;
        }
    }

    f = &cm->failed[cm->nfailed];
    f->rcpt = m->rcpt[n].address;
    f->detail = ptn_str_dup(cm->pool, detail);
    f->remote = remote;

    cm->failed_n[cm->nfailed++] = n;
}


/* Once more later, in growing steps; until the message is too old. */

static void
ptn_clerk_deferred(ptn_clerk_t *clerk, ptn_clerk_msg_t *cm, uint32_t n,
    ptn_str_t detail, bool remote)
{
    int64_t            now, step;
    uint32_t           i;
    ptn_qmsg_t        *m;
    ptn_seg_state_t    st;
    const ptn_conf_t  *conf;

    m = cm->msg;
    conf = clerk->app->conf;
    now = ptn_time_now();

    if (now - m->arrived > (int64_t) conf->queue_lifetime * PTN_USEC) {
        ptn_clerk_failed(clerk, cm, n,
                         ptn_str_printf(cm->pool, "450 4.4.7 Too old, last: "
                                        "%.*s", ptn_str_arg(detail)),
                         remote);
        return;
    }

    step = conf->queue_retry_min ? conf->queue_retry_min : 1;

    for (i = 0; i < m->rcpt[n].attempts && step < conf->queue_retry_max; i++) {
        step *= 2;
    }

    step = ptn_min(step, (int64_t) ptn_max(conf->queue_retry_max, 1u));

    ptn_clerk_log(clerk, cm, n, "deferred", detail);

    memset(&st, 0, sizeof(st));
    st.status = PTN_QUEUE_WAITING;
    st.attempts = m->rcpt[n].attempts + 1;
    st.due = now + step * PTN_USEC;
    st.detail = detail;

    ptn_qindex_state(clerk->index, m, n, &st);
}


/* What a code of ours means for a recipient: its SMTP reply decides. */

static void
ptn_clerk_outcome(ptn_clerk_t *clerk, ptn_clerk_msg_t *cm, uint32_t n,
    const char *reply)
{
    if (*reply == '2') {
        ptn_clerk_delivered(clerk, cm, n, "delivered",
                            ptn_str_make(NULL, 0));

    } else if (*reply == '5') {
        ptn_clerk_failed(clerk, cm, n, ptn_str_z(reply), false);

    } else {
        ptn_clerk_deferred(clerk, cm, n, ptn_str_z(reply), false);
    }
}


/* --- the report ---------------------------------------------------------- */

/*
 * The report's id follows from what it reports, so that a report made twice
 * (a crash between its put and our state) is delivered once.
 */
static uint64_t
ptn_clerk_report_id(const ptn_clerk_msg_t *cm)
{
    uint32_t  i;
    uint64_t  h;

    h = cm->msg->id ^ 0x9e3779b97f4a7c15ULL;

    for (i = 0; i < cm->nfailed; i++) {
        h = (h ^ (cm->failed_n[i] + 1)) * 0xff51afd7ed558ccdULL;
        h ^= h >> 32;
    }

    return h ? h : 1;
}


static ptn_rc_t
ptn_clerk_report_put(ptn_clerk_t *clerk, ptn_clerk_msg_t *cm)
{
    ptn_rc_t          rc;
    ptn_str_t         data, id;
    ptn_dsn_t         dsn;
    ptn_queue_msg_t   msg;

    memset(&dsn, 0, sizeof(dsn));
    dsn.id = ptn_seg_id_str(cm->pool, ptn_clerk_report_id(cm));
    dsn.queue_id = ptn_seg_id_str(cm->pool, cm->msg->id);
    dsn.sender = cm->msg->sender;
    dsn.arrived = cm->msg->arrived;
    dsn.header = ptn_clerk_header(clerk, cm);
    dsn.rcpt = cm->failed;
    dsn.nrcpt = cm->nfailed;

    rc = ptn_dsn_make(cm->pool, clerk->app->conf, &dsn, &data);
    if (rc != PTN_OK) {
        return rc;
    }

    memset(&msg, 0, sizeof(msg));
    msg.id = dsn.id;
    msg.arrived = ptn_time_now();
    msg.rcpt = &dsn.sender;
    msg.nrcpt = 1;
    msg.data = data;
    msg.flags = ptn_delivery_8bit(data) ? PTN_QUEUE_8BIT : 0;

    return ptn_queue_put(clerk->app->queue, cm->pool, &msg, &id);
}


static void
ptn_clerk_report(ptn_clerk_t *clerk, ptn_clerk_msg_t *cm)
{
    ptn_rc_t         rc;
    uint32_t         i;
    ptn_seg_state_t  st;

    if (cm->nfailed == 0) {
        return;
    }

    /* nobody is told of a report that failed (RFC 5321 6.1) */

    rc = cm->msg->sender.len ? ptn_clerk_report_put(clerk, cm) : PTN_OK;

    memset(&st, 0, sizeof(st));
    st.status = PTN_QUEUE_REPORTED;

    if (rc != PTN_OK) {
        ptn_log(clerk->app->log, PTN_LOG_ERROR,
                "queue queue_id=%016llx report=%s",
                (unsigned long long) cm->msg->id, ptn_err(rc)->name);

        st.status = PTN_QUEUE_FAILED;
        st.due = ptn_time_now() + 60 * PTN_USEC;
    }

    for (i = 0; i < cm->nfailed; i++) {
        st.attempts = 1;
        st.detail = cm->failed[i].detail;
        ptn_qindex_state(clerk->index, cm->msg, cm->failed_n[i], &st);
    }
}


/* Reports, and puts back what is not done. */

static void
ptn_clerk_finish(ptn_clerk_t *clerk, ptn_clerk_msg_t *cm)
{
    if (!cm->bad) {
        ptn_clerk_report(clerk, cm);

        if (cm->msg->left > 0 && !cm->msg->busy) {
            ptn_clerk_found(clerk, cm->msg);
        }
    }

    ptn_pool_destroy(cm->pool);
}


/* --- the relay ----------------------------------------------------------- */

static ptn_relay_task_t *
ptn_clerk_relay_task(const ptn_clerk_msg_t *cm)
{
    uint32_t           i, n;
    ptn_pool_t        *pool;
    ptn_relay_task_t  *task;
    const ptn_qmsg_t  *m;

    m = cm->msg;

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return NULL;
    }

    n = cm->nrelay;

    task = ptn_pcalloc(pool, sizeof(ptn_relay_task_t));

    if (task != NULL) {
        task->pool = pool;
        task->msg = cm->msg;
        task->path = ptn_str_dupz(pool, ptn_str_z(ptn_qindex_path(m)));
        task->off = m->off;
        task->len = m->len;
        task->crc = m->crc;
        task->body8 = m->flags & PTN_QUEUE_8BIT;
        task->sender = ptn_str_dup(pool, m->sender);
        task->rcpt = ptn_parray(pool, n, sizeof(ptn_str_t));
        task->index = ptn_parray(pool, n, sizeof(uint32_t));
        task->results = ptn_pcalloc(pool, n * sizeof(ptn_smtp_result_t));
        task->nrcpt = n;
    }

    if (!ptn_pool_failed(pool)) {
        for (i = 0; i < n; i++) {
            task->index[i] = cm->relay[i].n;
            task->rcpt[i] = ptn_str_dup(pool, cm->relay[i].address);
        }
    }

    if (ptn_pool_failed(pool)) {
        ptn_pool_destroy(pool);
        return NULL;
    }

    return task;
}


bool
ptn_clerk_relayed(ptn_clerk_t *clerk)
{
    bool                worked;
    uint32_t            i;
    ptn_str_t           reply;
    ptn_clerk_msg_t     cm;
    ptn_relay_task_t   *task;

    worked = false;

    while (clerk->relay != NULL
           && (task = ptn_relay_take(clerk->relay)) != NULL)
    {
        worked = true;

        memset(&cm, 0, sizeof(cm));
        cm.msg = task->msg;
        cm.pool = task->pool;
        cm.msg->busy = false;

        if (task->corrupt && ptn_qindex_complete(cm.msg)) {
            cm.bad = true;
            ptn_qindex_bad(clerk->index, cm.msg);
        }

        for (i = 0; i < task->nrcpt && !cm.bad && !task->cancelled; i++) {
            reply = ptn_str_z(task->results[i].reply);

            switch (task->results[i].result) {

            case PTN_SMTP_SENT:
                ptn_clerk_delivered(clerk, &cm, task->index[i], "sent", reply);
                break;

            case PTN_SMTP_PERMANENT:
                ptn_clerk_failed(clerk, &cm, task->index[i], reply, true);
                break;

            default:
                ptn_clerk_deferred(clerk, &cm, task->index[i], reply, true);
            }
        }

        ptn_clerk_finish(clerk, &cm);
    }

    return worked;
}


static void
ptn_clerk_relay(ptn_clerk_t *clerk, ptn_clerk_msg_t *cm)
{
    uint32_t           i;
    ptn_relay_task_t  *task;

    if (cm->nrelay == 0) {
        return;
    }

    task = ptn_clerk_relay_task(cm);

    if (task == NULL) {
        for (i = 0; i < cm->nrelay; i++) {
            ptn_clerk_outcome(clerk, cm, cm->relay[i].n,
                              ptn_err(PTN_ENOMEM)->smtp);
        }
        return;
    }

    cm->msg->busy = true;
    ptn_relay_submit(clerk->relay, task);
}


/* --- who is where -------------------------------------------------------- */

static void
ptn_clerk_foreign(ptn_clerk_t *clerk, ptn_clerk_msg_t *cm, uint32_t n,
    ptn_str_t address)
{
    if (clerk->relay == NULL) {
        ptn_clerk_outcome(clerk, cm, n,
                          "550 5.4.4 No relay for mail to other domains");
        return;
    }

    if (cm->relay == NULL) {
        cm->relay = ptn_parray(cm->pool, cm->msg->nrcpt,
                               sizeof(ptn_clerk_foreign_t));
        if (cm->relay == NULL) {
            ptn_clerk_outcome(clerk, cm, n, ptn_err(PTN_ENOMEM)->smtp);
            return;
        }
    }

    cm->relay[cm->nrelay].n = n;
    cm->relay[cm->nrelay++].address = address;
}


static void
ptn_clerk_local(ptn_clerk_t *clerk, ptn_clerk_batch_t *b, ptn_clerk_msg_t *cm,
    uint32_t n, const ptn_rcpt_t *rcpt)
{
    size_t               size;
    ptn_clerk_target_t  *t;

    if (b->ntargets == b->targets_size) {
        size = b->targets_size ? b->targets_size * 2 : 64;

        t = realloc(b->targets, size * sizeof(ptn_clerk_target_t));
        if (t == NULL) {
            ptn_clerk_outcome(clerk, cm, n, ptn_err(PTN_ENOMEM)->smtp);
            return;
        }

        b->targets = t;
        b->targets_size = size;
    }

    t = &b->targets[b->ntargets];
    t->cm = cm;
    t->n = n;
    t->order = b->ntargets++;
    t->rcpt = *rcpt;
    t->rc = PTN_OK;
}


static void
ptn_clerk_resolve(ptn_clerk_t *clerk, ptn_clerk_batch_t *b,
    ptn_clerk_msg_t *cm, uint32_t n)
{
    ptn_rcpt_t  rcpt;
    ptn_str_t   address;

    address = cm->msg->rcpt[n].address;

    switch (ptn_directory_resolve(clerk->app->directory, cm->pool, address,
                                  &rcpt))
    {

    case PTN_OK:
        if (rcpt.foreign.len) {
            ptn_clerk_foreign(clerk, cm, n, rcpt.foreign);

        } else {
            ptn_clerk_local(clerk, b, cm, n, &rcpt);
        }
        break;

    case PTN_ESUPPORT:
        ptn_clerk_foreign(clerk, cm, n, address);
        break;

    case PTN_ENOTFOUND:
        ptn_clerk_outcome(clerk, cm, n, "550 5.1.1 No such user here");
        break;

    case PTN_EDENIED:
        ptn_clerk_outcome(clerk, cm, n, "550 5.2.1 Mailbox disabled");
        break;

    case PTN_ELIMIT:
        ptn_clerk_outcome(clerk, cm, n, "550 5.4.6 Alias loop");
        break;

    default:
        ptn_clerk_outcome(clerk, cm, n, "451 4.3.0 Temporary failure");
    }
}


static void
ptn_clerk_take(ptn_clerk_t *clerk, ptn_clerk_batch_t *b, ptn_clerk_msg_t *cm)
{
    uint32_t      i;
    ptn_qrcpt_t  *r;

    for (i = 0; i < cm->msg->nrcpt && cm->msg->left > 0; i++) {
        r = &cm->msg->rcpt[i];

        if (r->due > b->now) {
            continue;
        }

        if (r->status == PTN_QUEUE_WAITING) {
            ptn_clerk_resolve(clerk, b, cm, i);

        } else if (r->status == PTN_QUEUE_FAILED) {
            ptn_clerk_failed(clerk, cm, i, ptn_str_dup(cm->pool,
                                                       ptn_str_z(r->detail)),
                             false);
        }
    }
}


/* --- delivery ------------------------------------------------------------ */

static ptn_rc_t
ptn_clerk_load(ptn_clerk_t *clerk, ptn_clerk_msg_t *cm)
{
    u_char    *p;
    ptn_rc_t   rc;

    if (cm->bad) {
        return PTN_ECORRUPT;
    }

    if (cm->d.raw.data != NULL) {
        return PTN_OK;
    }

    cm->d.sender = cm->msg->sender;
    cm->d.queue_id = ptn_seg_id_str(cm->pool, cm->msg->id);

    rc = ptn_delivery_room(cm->pool, &cm->d, cm->msg->len, &p);

    if (rc == PTN_OK) {
        rc = ptn_qindex_read(clerk->index, cm->msg, p);
    }

    if (rc != PTN_OK) {
        cm->d.raw = ptn_str_make(NULL, 0);
        cm->bad = rc == PTN_ECORRUPT;
    }

    return rc;
}


static int
ptn_clerk_target_cmp(const void *a, const void *b)
{
    int                        rc;
    const ptn_clerk_target_t  *x = a, *y = b;

    rc = memcmp(x->rcpt.user.mailbox.b, y->rcpt.user.mailbox.b,
                sizeof(x->rcpt.user.mailbox.b));

    return rc ? rc : (x->order > y->order) - (x->order < y->order);
}


/*
 * All that is for one mailbox shares a commit; one mailbox is locked at a
 * time, and not for long.  Returns how many of the targets were tried.
 */
static size_t
ptn_clerk_deliver(ptn_clerk_t *clerk, ptn_clerk_target_t *t, size_t n)
{
    size_t     i, done;
    ptn_rc_t   rc;
    uint64_t   until;

    until = ptn_time_mono() + PTN_CLERK_LOCK_MS;

    for (done = 0; done < n; done++) {

        if (done > 0
            && (ptn_time_mono() > until
                || memcmp(&t[done].rcpt.user.mailbox, &t[0].rcpt.user.mailbox,
                          sizeof(ptn_guid_t)) != 0))
        {
            break;
        }

        rc = ptn_clerk_load(clerk, t[done].cm);

        if (rc == PTN_OK) {
            rc = ptn_deliver_local(clerk->app, t[done].cm->pool,
                                   &t[done].rcpt, &t[done].cm->d);
        }

        t[done].rc = rc;
    }

    rc = ptn_store_pending(clerk->app->store)
         ? ptn_store_commit(clerk->app->store) : PTN_OK;

    for (i = 0; i < done; i++) {

        if (t[i].rc == PTN_OK) {
            t[i].rc = rc;
        }

        if (!t[i].cm->bad) {
            ptn_clerk_outcome(clerk, t[i].cm, t[i].n,
                              ptn_err(t[i].rc)->smtp);
        }
    }

    return done;
}


static void
ptn_clerk_gather(ptn_clerk_t *clerk, ptn_clerk_batch_t *b)
{
    uint64_t          bytes;
    ptn_pool_t       *pool;
    ptn_qmsg_t       *m;
    ptn_clerk_msg_t  *cm;

    bytes = 0;

    while (b->nmsgs < PTN_CLERK_BATCH && bytes < PTN_CLERK_BATCH_BYTES) {

        pool = ptn_pool_create(clerk->app->conf->job_memory, NULL);
        if (pool == NULL) {
            break;
        }

        m = ptn_clerk_next(clerk, b->now);
        if (m == NULL) {
            ptn_pool_destroy(pool);
            break;
        }

        bytes += m->len;

        cm = &b->msgs[b->nmsgs++];
        cm->msg = m;
        cm->pool = pool;

        ptn_clerk_take(clerk, b, cm);
    }
}


bool
ptn_clerk_batch(ptn_clerk_t *clerk)
{
    size_t              i;
    ptn_clerk_batch_t   b;

    if (clerk->nheap == 0 || clerk->heap[0]->due > ptn_time_now()) {
        return false;
    }

    memset(&b, 0, sizeof(b));
    b.now = ptn_time_now();

    b.msgs = calloc(PTN_CLERK_BATCH, sizeof(ptn_clerk_msg_t));
    if (b.msgs == NULL) {
        return false;
    }

    ptn_clerk_gather(clerk, &b);

    if (b.ntargets > 0) {
        qsort(b.targets, b.ntargets, sizeof(ptn_clerk_target_t),
              ptn_clerk_target_cmp);
    }

    for (i = 0; i < b.ntargets; /* void */ ) {
        i += ptn_clerk_deliver(clerk, &b.targets[i], b.ntargets - i);
    }

    for (i = 0; i < b.nmsgs; i++) {

        if (b.msgs[i].bad) {
            ptn_qindex_bad(clerk->index, b.msgs[i].msg);

        } else {
            ptn_clerk_relay(clerk, &b.msgs[i]);
        }

        ptn_clerk_finish(clerk, &b.msgs[i]);
    }

    free(b.targets);
    free(b.msgs);

    return true;
}
