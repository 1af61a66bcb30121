#include "ptn_charset.h"
#include "ptn_delivery.h"
#include "ptn_mdn.h"
#include "ptn_notice.h"


#define PTN_MDN_SOME     16         /* of one call */
#define PTN_MDN_WORD     42         /* bytes of text in an encoded word */


/* FNV-1a, 64 bits. */

ptn_str_t
ptn_mdn_id(ptn_pool_t *pool, const ptn_receipt_t *receipt)
{
    size_t    i;
    uint64_t  h;

    h = 0xcbf29ce484222325ULL;

    for (i = 0; i < 16 + 8; i++) {
        h ^= (i < 16) ? receipt->mailbox.b[i]
                      : (u_char) (receipt->n >> 8 * (i - 16));
        h *= 0x100000001b3ULL;
    }

    return ptn_str_printf(pool, "%016llx", (unsigned long long) h);
}


/* Text of a header field: as it is, or as words of RFC 2047. */

static void
ptn_mdn_text(ptn_buf_t *b, ptn_str_t s)
{
    size_t  i, n;
    bool    plain;

    plain = !(s.len >= 2 && memmem(s.data, s.len, "=?", 2) != NULL);

    for (i = 0; i < s.len; i++) {
        plain = plain && s.data[i] >= 0x20 && s.data[i] < 0x7f;
    }

    if (plain && s.len <= 200) {
        ptn_buf_str(b, s);
        return;
    }

    for (i = 0; i < s.len && i < 600; i += n) {
        n = ptn_min(s.len - i, (size_t) PTN_MDN_WORD);

        while (i + n < s.len && n > 1 && (s.data[i + n] & 0xc0) == 0x80) {
            n--;
        }

        ptn_buf_printf(b, "%s=?utf-8?B?", i ? "\r\n " : "");
        ptn_buf_str(b, ptn_base64_encode(b->pool,
                                         ptn_str_make(s.data + i, n)));
        ptn_buf_z(b, "?=");
    }
}


/* An id of others: printable ASCII, one line; empty: it is not one. */

static ptn_str_t
ptn_mdn_about(ptn_pool_t *pool, ptn_str_t id)
{
    size_t  i;

    for (i = 0; i < id.len; i++) {
        if (id.data[i] <= 0x20 || id.data[i] > 0x7e) {
            return ptn_str_make(NULL, 0);
        }
    }

    if (id.len == 0 || id.len > 900) {
        return ptn_str_make(NULL, 0);
    }

    return id.data[0] == '<' ? id
           : ptn_str_printf(pool, "<%.*s>", ptn_str_arg(id));
}


/*
 * RFC 8098 3.1, 3.2.  manual-action: somebody read it; MDN-sent-automatically:
 * its client asked for no report but let it go (it could have suppressed it).
 */

ptn_rc_t
ptn_mdn_make(ptn_pool_t *pool, const ptn_conf_t *conf,
    const ptn_receipt_t *r, ptn_str_t id, ptn_str_t *ret)
{
    ptn_buf_t   b;
    ptn_str_t   about, date;
    const char *how;

    ptn_buf_init(&b, pool);
    about = ptn_mdn_about(pool, r->message_id);
    date = ptn_delivery_date(pool, r->at);
    how = (r->kind == PTN_RECEIPT_READ) ? "displayed" : "deleted";

    ptn_buf_printf(&b, "Date: %.*s\r\nFrom: <%.*s>\r\nTo: <%.*s>\r\n"
                   "Subject: %s: ", ptn_str_arg(date), ptn_str_arg(r->from),
                   ptn_str_arg(r->to),
                   r->kind == PTN_RECEIPT_READ ? "Read" : "Not read");
    ptn_mdn_text(&b, r->subject);
    ptn_buf_printf(&b, "\r\nMessage-ID: <%.*s@%s>\r\n", ptn_str_arg(id),
                   conf->hostname);

    if (about.len != 0) {
        ptn_buf_printf(&b, "In-Reply-To: %.*s\r\nReferences: %.*s\r\n",
                       ptn_str_arg(about), ptn_str_arg(about));
    }

    ptn_buf_printf(&b, "Auto-Submitted: auto-replied\r\n"
                   "MIME-Version: 1.0\r\n"
                   "Content-Type: multipart/report; "
                   "report-type=disposition-notification;\r\n"
                   "\tboundary=\"=_%.*s\"\r\n\r\n"
                   "--=_%.*s\r\n"
                   "Content-Type: text/plain; charset=us-ascii\r\n\r\n"
                   "Your message to <%.*s>\r\nwas %s on %.*s.\r\n"
                   "\r\n--=_%.*s\r\n"
                   "Content-Type: message/disposition-notification\r\n\r\n"
                   "Reporting-UA: %s; postern\r\n"
                   "Final-Recipient: rfc822; %.*s\r\n",
                   ptn_str_arg(id), ptn_str_arg(id), ptn_str_arg(r->from),
                   r->kind == PTN_RECEIPT_READ
                   ? "read" : "deleted without being read",
                   ptn_str_arg(date), ptn_str_arg(id), conf->hostname,
                   ptn_str_arg(r->from));

    if (about.len != 0) {
        ptn_buf_printf(&b, "Original-Message-ID: %.*s\r\n",
                       ptn_str_arg(about));
    }

    ptn_buf_printf(&b, "Disposition: manual-action/MDN-sent-automatically; "
                   "%s\r\n\r\n--=_%.*s--\r\n", how, ptn_str_arg(id));

    if (b.failed) {
        return PTN_ENOMEM;
    }

    *ret = ptn_buf_get(&b);

    return PTN_OK;
}


/* From nobody (RFC 8098 3): it is not answered itself. */

static ptn_rc_t
ptn_mdn_queue(ptn_app_t *app, ptn_pool_t *pool, const ptn_receipt_t *r)
{
    ptn_rc_t         rc;
    ptn_str_t        id, to;
    ptn_queue_msg_t  msg;

    memset(&msg, 0, sizeof(msg));
    to = r->to;
    msg.id = ptn_mdn_id(pool, r);
    msg.arrived = ptn_time_now();
    msg.sender = ptn_str("");
    msg.rcpt = &to;
    msg.nrcpt = 1;

    if (msg.id.len == 0) {
        return PTN_ENOMEM;
    }

    rc = ptn_mdn_make(pool, app->conf, r, msg.id, &msg.data);

    if (rc == PTN_OK) {
        rc = ptn_queue_put(app->queue, pool, &msg, &id);
    }

    ptn_log(app->log, rc == PTN_OK ? PTN_LOG_INFO : PTN_LOG_ERROR,
            "queue queue_id=%.*s client=- user=\"%.*s\" from=\"\" "
            "rcpts=1 size=%zu status=%s message_id=\"<%.*s@%s>\"",
            ptn_str_arg(msg.id), ptn_str_arg(r->from), msg.data.len,
            rc == PTN_OK ? "queued" : ptn_err(rc)->name, ptn_str_arg(msg.id),
            app->conf->hostname);

    return rc;
}


bool
ptn_mdn_send(ptn_app_t *app)
{
    unsigned        i;
    ptn_rc_t        rc;
    ptn_mbox_t     *mb;
    ptn_pool_t     *pool;
    ptn_receipt_t   receipt;

    if (!ptn_receipt_any(app->store)) {
        return false;
    }

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return false;
    }

    rc = PTN_OK;

    for (i = 0; i < PTN_MDN_SOME && rc == PTN_OK; i++) {
        rc = ptn_receipt_next(app->store, pool, &mb, &receipt);

        if (rc != PTN_OK) {
            break;
        }

        rc = (receipt.kind == PTN_RECEIPT_CONFLICT)
             ? ptn_notice_deliver(app, pool, &receipt)
             : (app->queue != NULL) ? ptn_mdn_queue(app, pool, &receipt)
                                    : PTN_EUNAVAIL;

        if (rc == PTN_OK) {
            rc = ptn_receipt_done(mb, &receipt, true);

            if (app->world != NULL && receipt.kind != PTN_RECEIPT_CONFLICT) {
                ptn_world_ring_clerk(app->world);
            }

        } else {
            (void) ptn_receipt_done(mb, &receipt, false);
        }
    }

    ptn_pool_destroy(pool);

    return rc == PTN_OK;
}


/* ---- mailboxes that nobody has open -------------------------------------- */

typedef struct {
    ptn_app_t   *app;
    ptn_pool_t  *pool;
    unsigned     n;
} ptn_mdn_marks_t;


/* A public store has no user: it is known by its domain. */

static ptn_rc_t
ptn_mdn_public(ptn_mdn_marks_t *m, ptn_guid_t mailbox, ptn_user_t *user)
{
    size_t         i, n;
    ptn_rc_t       rc;
    ptn_domain_t  *domains;

    rc = ptn_domain_list(m->app->directory, m->pool, &domains, &n);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        rc = ptn_public_user(m->pool, domains[i].name, user);

        if (rc == PTN_OK && ptn_guid_eq(user->mailbox, mailbox)) {
            return PTN_OK;
        }
    }

    return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
}


static ptn_rc_t
ptn_mdn_mark(void *ctx, ptn_guid_t mailbox, uint64_t id)
{
    ptn_rc_t          rc;
    ptn_user_t        user;
    ptn_mbox_t       *mb;
    ptn_mdn_marks_t  *m = ctx;

    m->n++;
    rc = (id == 0) ? ptn_mdn_public(m, mailbox, &user)
                   : ptn_user_by_id(m->app->directory, m->pool, id, &user);

    if (rc == PTN_ENOTFOUND
        || (rc == PTN_OK && !ptn_guid_eq(user.mailbox, mailbox)))
    {
        (void) ptn_receipt_unmark(m->app->store, mailbox, id);
        return PTN_OK;
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_open(m->app->store, &user, NULL, &mb);
    }

    /* one that cannot be opened now is tried again later */

    if (rc == PTN_OK) {
        while (ptn_mdn_send(m->app)) {
            /* void */
        }

        if (ptn_mbox_open(m->app->store, &user, NULL, &mb) == PTN_OK) {
            (void) ptn_receipt_sweep(mb);
        }
    }

    return (m->n == PTN_MDN_BOXES) ? PTN_AGAIN : PTN_OK;
}


ptn_rc_t
ptn_mdn_unopened(ptn_app_t *app)
{
    ptn_rc_t         rc;
    ptn_mdn_marks_t  m;

    m.app = app;
    m.n = 0;
    m.pool = ptn_pool_create(0, NULL);

    if (m.pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_receipt_marks(app->store, ptn_mdn_mark, &m);
    ptn_pool_destroy(m.pool);

    return (rc == PTN_OK && m.n == 0) ? PTN_ENOTFOUND : rc;
}
