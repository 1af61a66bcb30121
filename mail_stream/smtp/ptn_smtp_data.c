#include <stdlib.h>

#include "ptn_delivery.h"
#include "ptn_smtp.h"


typedef struct {
    ptn_str_t            id;        /* queue id */
    ptn_str_t            sender;
    ptn_str_t            data;
    ptn_str_t            head;      /* Received and what was missing */
    ptn_delivery_scan_t  scan;
    int64_t              arrived;
} ptn_smtp_message_t;


ptn_rc_t
ptn_smtp_data(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t arg)
{
    (void) arg;

    if (sm->nrcpt == 0) {
        return ptn_smtp_error(s, sm, sm->variant == PTN_SMTP_LMTP
                                     ? "503 5.5.1 No valid recipients"
                                     : "554 5.5.1 No valid recipients");
    }

    s->next.mode = PTN_MODE_DATA;
    s->next.body_max = s->conf->message_max;

    return ptn_smtp_reply(s, "354 End with a line that has a dot alone");
}


/* --- the fields that are added ------------------------------------------ */

/* RFC 3848: what it came with. */

static const char *
ptn_smtp_with(const ptn_stream_t *s, const ptn_smtp_t *sm)
{
    static const char *const  names[2][4] = {
        { "ESMTP", "ESMTPS", "ESMTPA", "ESMTPSA" },
        { "LMTP",  "LMTPS",  "LMTPA",  "LMTPSA" }
    };

    if (!sm->extended) {
        return "SMTP";
    }

    return names[sm->variant == PTN_SMTP_LMTP]
                [(s->peer->tls ? 1 : 0) + (sm->authenticated ? 2 : 0)];
}


static void
ptn_smtp_received(ptn_buf_t *b, const ptn_stream_t *s, const ptn_smtp_t *sm,
    const ptn_smtp_message_t *m)
{
    ptn_str_t  addr;

    addr = s->peer->addr;

    ptn_buf_printf(b, "Received: from %s (", sm->helo);

    if (memchr(addr.data ? addr.data : (u_char *) "", ':', addr.len)) {
        ptn_buf_printf(b, "[IPv6:%.*s]", ptn_str_arg(addr));

    } else if (addr.len && addr.data[0] >= '0' && addr.data[0] <= '9') {
        ptn_buf_printf(b, "[%.*s]", ptn_str_arg(addr));

    } else {
        ptn_buf_z(b, "local");
    }

    ptn_buf_printf(b, ")\r\n\tby %s with %s id %.*s", s->conf->hostname,
                   ptn_smtp_with(s, sm), ptn_str_arg(m->id));

    /* several recipients must not learn of each other (RFC 5321 7.2) */

    if (sm->nrcpt == 1) {
        ptn_buf_printf(b, "\r\n\tfor <%s>", sm->rcpt[0]);
    }

    ptn_buf_z(b, ";\r\n\t");
    ptn_buf_str(b, ptn_delivery_date(b->pool, m->arrived / PTN_USEC));
    ptn_buf_z(b, "\r\n");
}


static ptn_rc_t
ptn_smtp_message_head(ptn_stream_t *s, const ptn_smtp_t *sm,
    ptn_smtp_message_t *m)
{
    ptn_buf_t  b;

    ptn_buf_init(&b, s->pool);
    ptn_smtp_received(&b, s, sm, m);

    /* RFC 6409 8: a submission server completes what it takes */

    if (sm->variant == PTN_SMTP_SUBMISSION) {

        if (!m->scan.has_date) {
            ptn_buf_z(&b, "Date: ");
            ptn_buf_str(&b, ptn_delivery_date(s->pool,
                                              m->arrived / PTN_USEC));
            ptn_buf_z(&b, "\r\n");
        }

        if (m->scan.message_id.len == 0) {
            m->scan.message_id = ptn_str_printf(s->pool, "<%.*s@%s>",
                                                ptn_str_arg(m->id),
                                                s->conf->hostname);
            ptn_buf_z(&b, "Message-ID: ");
            ptn_buf_str(&b, m->scan.message_id);
            ptn_buf_z(&b, "\r\n");
        }
    }

    m->head = ptn_buf_get(&b);

    return b.failed ? PTN_ENOMEM : PTN_OK;
}


/* --- into the queue ------------------------------------------------------ */

static ptn_rc_t
ptn_smtp_enqueue(ptn_stream_t *s, const ptn_smtp_t *sm,
    const ptn_smtp_message_t *m, char *const *addresses, uint32_t n)
{
    uint32_t         i;
    ptn_rc_t         rc;
    ptn_str_t        id;
    ptn_queue_msg_t  msg;

    if (s->app->queue == NULL) {
        return PTN_EUNAVAIL;
    }

    memset(&msg, 0, sizeof(msg));

    msg.rcpt = ptn_parray(s->pool, n, sizeof(ptn_str_t));
    if (msg.rcpt == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < n; i++) {
        msg.rcpt[i] = ptn_str_z(addresses[i]);
    }

    /* LMTP queues one recipient at a time: each is a message of its own */

    if (sm->variant != PTN_SMTP_LMTP) {
        msg.id = m->id;
    }

    msg.arrived = m->arrived;
    msg.sender = m->sender;
    msg.nrcpt = n;
    msg.head = m->head;
    msg.data = m->data;

    if (sm->body8 || ptn_delivery_8bit(m->data)) {
        msg.flags |= PTN_QUEUE_8BIT;
    }

    rc = ptn_queue_put(s->app->queue, s->pool, &msg, &id);
    if (rc != PTN_OK) {
        return rc;
    }

    if (s->app->world != NULL) {
        ptn_world_ring_clerk(s->app->world);
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_smtp_message_queue(ptn_stream_t *s, ptn_smtp_t *sm,
    const ptn_smtp_message_t *m)
{
    ptn_rc_t  rc;

    rc = ptn_smtp_enqueue(s, sm, m, sm->rcpt, sm->nrcpt);

    ptn_log(s->log, rc == PTN_OK ? PTN_LOG_INFO : PTN_LOG_ERROR,
            "queue queue_id=%.*s client=%.*s user=\"%s\" from=\"%.*s\" "
            "rcpts=%u size=%zu status=%s message_id=\"%.*s\"",
            ptn_str_arg(m->id), ptn_str_arg(s->peer->addr),
            sm->authenticated ? sm->login : "", ptn_str_arg(m->sender),
            sm->nrcpt, m->head.len + m->data.len,
            rc == PTN_OK ? "queued" : ptn_err(rc)->name,
            ptn_str_arg(m->scan.message_id));

    if (rc != PTN_OK) {
        return ptn_smtp_reply(s, rc == PTN_ENOSPC ? ptn_err(rc)->smtp
                                 : "451 4.3.0 Temporary failure");
    }

    return ptn_stream_printf(s, "250 2.0.0 Ok: queued as %.*s\r\n",
                             ptn_str_arg(m->id));
}


/* --- LMTP: into the mailbox ----------------------------------------------- */

typedef struct {
    ptn_rc_t    rc;
    ptn_rcpt_t  rcpt;
    bool        again;          /* same mailbox as one before: rc is its */
} ptn_smtp_target_t;


/* What ptn_smtp_prepare() made for ptn_smtp_message(). */
typedef struct {
    ptn_smtp_message_t  m;
    ptn_delivery_t      d;
} ptn_smtp_ready_t;


static void
ptn_smtp_delivery(const ptn_stream_t *s, const ptn_smtp_message_t *m,
    ptn_delivery_t *d)
{
    memset(d, 0, sizeof(ptn_delivery_t));
    d->sender = m->sender;
    d->head = m->head;
    d->data = m->data;
    d->hurry = (s->waiting >= PTN_APPEND_HURRY);
    d->tls = s->peer->tls;
}


static void
ptn_smtp_lmtp_deliver(ptn_stream_t *s, ptn_smtp_t *sm,
    const ptn_smtp_message_t *m, ptn_smtp_target_t *targets)
{
    bool                alone;
    uint32_t            i, j;
    ptn_delivery_t      d;
    ptn_smtp_ready_t   *ready;
    ptn_smtp_target_t  *t;

    ready = s->ready;

    if (ready != NULL) {
        d = ready->d;

    } else {
        ptn_smtp_delivery(s, m, &d);
        d.many = (sm->nrcpt > 1);
    }

    /*
     * One recipient joins the executor's batch, the pool commits it.  Several
     * are committed one by one, so that each reply tells of its own mailbox
     * and no mailbox is locked while another is waited for (DESIGN 1).
     */

    alone = sm->nrcpt == 1;

    if (!alone && ptn_store_pending(s->app->store)) {
        (void) ptn_app_commit(s->app);
    }

    for (i = 0; i < sm->nrcpt; i++) {
        t = &targets[i];

        t->rc = ptn_directory_resolve(s->app->directory, s->pool,
                                      ptn_str_z(sm->rcpt[i]), &t->rcpt);
        if (t->rc != PTN_OK) {
            continue;
        }

        if (t->rcpt.foreign.len) {
            t->rc = ptn_smtp_enqueue(s, sm, m, &sm->rcpt[i], 1);
            continue;
        }

        for (j = 0; j < i; j++) {
            if (targets[j].rc == PTN_OK && targets[j].rcpt.foreign.len == 0
                && targets[j].rcpt.user.id == t->rcpt.user.id)
            {
                t->again = true;
                break;
            }
        }

        if (t->again) {
            continue;
        }

        t->rc = ptn_deliver_local(s->app, s->pool, &t->rcpt, &d);

        if (alone) {
            continue;
        }

        if (t->rc == PTN_OK) {
            t->rc = ptn_store_commit(s->app->store);

        } else {
            ptn_store_rollback(s->app->store);
        }
    }
}


static ptn_rc_t
ptn_smtp_lmtp_answer(ptn_stream_t *s, ptn_str_t address, ptn_rc_t rc)
{
    switch (rc) {

    case PTN_OK:
        return ptn_stream_printf(s, "250 2.1.5 <%.*s> delivered\r\n",
                                 ptn_str_arg(address));

    case PTN_ENOTFOUND:
    case PTN_ESUPPORT:
        return ptn_stream_printf(s, "550 5.1.1 <%.*s> No such user here\r\n",
                                 ptn_str_arg(address));

    case PTN_EDENIED:
        return ptn_stream_printf(s, "550 5.2.1 <%.*s> Mailbox disabled\r\n",
                                 ptn_str_arg(address));

    case PTN_EQUOTA:
    case PTN_ETOOBIG:
    case PTN_ENOSPC:
        return ptn_smtp_reply(s, ptn_err(rc)->smtp);

    default:
        return ptn_smtp_reply(s, "451 4.3.0 Temporary failure");
    }
}


static ptn_rc_t
ptn_smtp_message_lmtp(ptn_stream_t *s, ptn_smtp_t *sm,
    const ptn_smtp_message_t *m)
{
    uint32_t            i;
    ptn_rc_t            rc;
    ptn_str_t           address;
    ptn_smtp_target_t  *targets;

    targets = ptn_pcalloc(s->pool, sm->nrcpt * sizeof(ptn_smtp_target_t));
    if (targets == NULL) {
        rc = PTN_OK;

        for (i = 0; i < sm->nrcpt && rc == PTN_OK; i++) {
            rc = ptn_smtp_reply(s, ptn_err(PTN_ENOMEM)->smtp);
        }

        return rc;
    }

    ptn_smtp_lmtp_deliver(s, sm, m, targets);

    for (i = 0; i < sm->nrcpt; i++) {
        address = ptn_str_z(sm->rcpt[i]);

        ptn_delivery_log(s->log, m->id, m->sender, address,
                         m->head.len + m->data.len, m->arrived,
                         targets[i].rc == PTN_OK
                         ? (targets[i].rcpt.foreign.len ? "queued"
                                                        : "delivered")
                         : "refused",
                         m->scan.message_id,
                         targets[i].rc == PTN_OK
                         ? ptn_str_make(NULL, 0)
                         : ptn_str_z(ptn_err(targets[i].rc)->name));

        rc = ptn_smtp_lmtp_answer(s, address, targets[i].rc);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


/* --- the end of data ------------------------------------------------------ */

static const char *
ptn_smtp_message_refusal(ptn_stream_t *s, const ptn_smtp_t *sm,
    const ptn_stream_unit_t *unit, ptn_smtp_message_t *m)
{
    if (!ptn_str_eqz(unit->text, ".\r\n")
        || unit->body.len > s->conf->message_max)
    {
        return "552 5.3.4 Message too big";
    }

    m->data = unit->body;
    m->sender = ptn_str_z(sm->sender);
    m->arrived = ptn_time_now();

    ptn_delivery_scan(m->data, &m->scan);

    if (m->scan.received > PTN_SMTP_HOPS_MAX) {
        return "554 5.4.6 Too many hops";
    }

    m->id = ptn_queue_new_id(s->pool);

    if (m->id.len == 0 || ptn_smtp_message_head(s, sm, m) != PTN_OK) {
        return ptn_err(PTN_ENOMEM)->smtp;
    }

    return NULL;
}


ptn_rc_t
ptn_smtp_message(ptn_stream_t *s, ptn_smtp_t *sm,
    const ptn_stream_unit_t *unit)
{
    uint32_t             n;
    ptn_rc_t             rc;
    const char          *refusal;
    ptn_smtp_message_t   m;

    s->next.mode = PTN_MODE_COMMAND;

    memset(&m, 0, sizeof(m));

    sm->answers = sm->nrcpt;
    refusal = NULL;

    if (s->ready != NULL) {
        m = ((ptn_smtp_ready_t *) s->ready)->m;

    } else {
        refusal = ptn_smtp_message_refusal(s, sm, unit, &m);
    }

    if (refusal != NULL) {
        n = sm->variant == PTN_SMTP_LMTP ? sm->nrcpt : 1;
        rc = PTN_OK;

        while (n-- > 0 && rc == PTN_OK) {
            rc = ptn_smtp_reply(s, refusal);
        }

    } else if (sm->variant == PTN_SMTP_LMTP) {
        rc = ptn_smtp_message_lmtp(s, sm, &m);

    } else {
        rc = ptn_smtp_message_queue(s, sm, &m);
    }

    ptn_smtp_reset(sm);

    return rc;
}


/*
 * A message for one local recipient over LMTP: all but its rows, while others
 * write to the mailbox.  Whatever does not work out is found, and answered,
 * by ptn_smtp_message().
 */

uint32_t
ptn_smtp_prepare(ptn_stream_t *s, const ptn_stream_unit_t *unit)
{
    ptn_smtp_t        *sm;
    ptn_rcpt_t         rcpt;
    ptn_smtp_ready_t  *ready;

    sm = s->state;

    if (s->next.mode != PTN_MODE_DATA || sm->variant != PTN_SMTP_LMTP
        || sm->nrcpt != 1)
    {
        return PTN_SLOT_ANY;
    }

    ready = ptn_pcalloc(s->pool, sizeof(ptn_smtp_ready_t));

    if (ready == NULL
        || ptn_smtp_message_refusal(s, sm, unit, &ready->m) != NULL
        || ptn_directory_resolve(s->app->directory, s->pool,
                                 ptn_str_z(sm->rcpt[0]), &rcpt)
           != PTN_OK
        || rcpt.foreign.len != 0)
    {
        return PTN_SLOT_ANY;
    }

    ptn_smtp_delivery(s, &ready->m, &ready->d);

    if (ptn_deliver_prepare(s->app, s->pool, &rcpt, &ready->d) == PTN_OK) {
        s->ready = ready;
    }

    return ptn_slot(rcpt.user.mailbox);
}
