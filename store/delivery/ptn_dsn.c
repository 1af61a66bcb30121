#include "ptn_delivery.h"
#include "ptn_dsn.h"


static bool
ptn_dsn_digit(ptn_str_t s, size_t i)
{
    return i < s.len && s.data[i] >= '0' && s.data[i] <= '9';
}


ptn_str_t
ptn_dsn_status(ptn_pool_t *pool, ptn_str_t detail)
{
    size_t  i, start, digits, dots;

    /* "550 5.1.1 ...": class "." subject "." detail (RFC 3463 2) */

    start = 4;
    dots = 0;
    digits = 0;

    for (i = start; i < detail.len && detail.data[i] != ' '; i++) {

        if (detail.data[i] == '.' && digits > 0) {
            dots++;
            digits = 0;

        } else if (ptn_dsn_digit(detail, i) && digits < 3) {
            digits++;

        } else {
            dots = 0;
            break;
        }
    }

    if (dots == 2 && digits > 0
        && (detail.data[start] == '4' || detail.data[start] == '5'))
    {
        return ptn_str_make(detail.data + start, i - start);
    }

    return ptn_str_printf(pool, "%c.0.0",
                          detail.len && detail.data[0] == '4' ? '4' : '5');
}


/* Text of others in a line of ours: printable ASCII, one line. */

static void
ptn_dsn_text(ptn_buf_t *b, ptn_str_t s)
{
    size_t  i;
    u_char  c;

    for (i = 0; i < s.len && i < 512; i++) {
        c = s.data[i];
        ptn_buf_byte(b, c < 0x20 || c > 0x7e ? '?' : c);
    }
}


static void
ptn_dsn_words(ptn_buf_t *b, const ptn_conf_t *conf, const ptn_dsn_t *dsn)
{
    uint32_t  i;

    ptn_buf_printf(b, "This is the mail system at %s.\r\n\r\n"
                   "Your message could not be delivered to everybody it was "
                   "for.\r\nIt will not be tried again for these:\r\n\r\n",
                   conf->hostname);

    for (i = 0; i < dsn->nrcpt; i++) {
        ptn_buf_z(b, "<");
        ptn_dsn_text(b, dsn->rcpt[i].rcpt);
        ptn_buf_z(b, dsn->rcpt[i].remote ? ">: the next server said: "
                                         : ">: ");
        ptn_dsn_text(b, dsn->rcpt[i].detail);
        ptn_buf_z(b, "\r\n");
    }
}


static void
ptn_dsn_fields(ptn_buf_t *b, const ptn_conf_t *conf, const ptn_dsn_t *dsn)
{
    uint32_t               i;
    const ptn_dsn_rcpt_t  *r;

    ptn_buf_printf(b, "Reporting-MTA: dns; %s\r\n", conf->hostname);
    ptn_buf_printf(b, "X-Postern-Queue-ID: %.*s\r\n",
                   ptn_str_arg(dsn->queue_id));
    ptn_buf_z(b, "Arrival-Date: ");
    ptn_buf_str(b, ptn_delivery_date(b->pool, dsn->arrived / PTN_USEC));
    ptn_buf_z(b, "\r\n");

    for (i = 0; i < dsn->nrcpt; i++) {
        r = &dsn->rcpt[i];

        ptn_buf_z(b, "\r\nFinal-Recipient: rfc822; ");
        ptn_dsn_text(b, r->rcpt);
        ptn_buf_z(b, "\r\nAction: failed\r\nStatus: ");
        ptn_buf_str(b, ptn_dsn_status(b->pool, r->detail));
        ptn_buf_z(b, "\r\n");

        if (r->remote && conf->relay_host != NULL) {
            ptn_buf_printf(b, "Remote-MTA: dns; %s\r\n", conf->relay_host);
        }

        ptn_buf_printf(b, "Diagnostic-Code: %s; ",
                       r->remote ? "smtp" : "X-Postern");
        ptn_dsn_text(b, r->detail);
        ptn_buf_z(b, "\r\n");
    }
}


/* The header of the message: whole fields, CRLF lines, no empty line. */

static void
ptn_dsn_header(ptn_buf_t *b, ptn_str_t header)
{
    size_t   n, text, off;
    u_char  *p, *lf;

    for (off = 0; off < header.len && off < PTN_DSN_HEADER_MAX; off += n) {
        p = header.data + off;
        lf = memchr(p, '\n', header.len - off);
        n = lf != NULL ? (size_t) (lf - p) + 1 : header.len - off;

        text = lf != NULL ? n - 1 : n;
        if (text > 0 && p[text - 1] == '\r') {
            text--;
        }

        if (text == 0) {
            break;
        }

        ptn_buf_add(b, p, text);
        ptn_buf_z(b, "\r\n");
    }
}


ptn_rc_t
ptn_dsn_make(ptn_pool_t *pool, const ptn_conf_t *conf, const ptn_dsn_t *dsn,
    ptn_str_t *ret)
{
    ptn_buf_t  b;

    ptn_buf_init(&b, pool);

    ptn_buf_z(&b, "Date: ");
    ptn_buf_str(&b, ptn_delivery_date(pool, ptn_time_now() / PTN_USEC));
    ptn_buf_printf(&b, "\r\nFrom: Mail Delivery System <MAILER-DAEMON@%s>\r\n"
                   "To: <%.*s>\r\n"
                   "Subject: Undelivered mail returned to sender\r\n"
                   "Message-ID: <%.*s@%s>\r\n"
                   "Auto-Submitted: auto-replied\r\n"
                   "MIME-Version: 1.0\r\n"
                   "Content-Type: multipart/report; "
                   "report-type=delivery-status;\r\n"
                   "\tboundary=\"=_%.*s\"\r\n\r\n"
                   "This is a MIME message.\r\n\r\n",
                   conf->hostname, ptn_str_arg(dsn->sender),
                   ptn_str_arg(dsn->id), conf->hostname,
                   ptn_str_arg(dsn->id));

    ptn_buf_printf(&b, "--=_%.*s\r\n"
                   "Content-Type: text/plain; charset=us-ascii\r\n\r\n",
                   ptn_str_arg(dsn->id));
    ptn_dsn_words(&b, conf, dsn);

    ptn_buf_printf(&b, "\r\n--=_%.*s\r\n"
                   "Content-Type: message/delivery-status\r\n\r\n",
                   ptn_str_arg(dsn->id));
    ptn_dsn_fields(&b, conf, dsn);

    ptn_buf_printf(&b, "\r\n--=_%.*s\r\n"
                   "Content-Type: text/rfc822-headers\r\n"
                   "Content-Transfer-Encoding: %s\r\n\r\n",
                   ptn_str_arg(dsn->id),
                   ptn_delivery_8bit(dsn->header) ? "8bit" : "7bit");
    ptn_dsn_header(&b, dsn->header);

    ptn_buf_printf(&b, "\r\n--=_%.*s--\r\n", ptn_str_arg(dsn->id));

    if (b.failed) {
        return PTN_ENOMEM;
    }

    *ret = ptn_buf_get(&b);

    return PTN_OK;
}
