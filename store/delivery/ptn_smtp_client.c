#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "ptn_charset.h"
#include "ptn_smtp_client.h"
#include "ptn_smtp_link.h"


#define PTN_SC_LINES      200           /* of one reply */
#define PTN_SC_PIPELINE   50            /* recipients in one flight */

#define PTN_SC_PIPELINING  0x01
#define PTN_SC_8BITMIME    0x02
#define PTN_SC_SIZE        0x04
#define PTN_SC_STARTTLS    0x08
#define PTN_SC_AUTH_PLAIN  0x10


struct ptn_smtp_client_s {
    const ptn_smtp_client_conf_t  *conf;
    ptn_smtp_link_t                link;

    unsigned                       features;
    uint64_t                       size_max;
    bool                           in_data;     /* 354 was said: the message
                                                   may have been taken */
    bool                           skip_tls;    /* offered, and it failed */

    int                            code;        /* of the last reply */
    char                           reply[256];
};


ptn_rc_t
ptn_smtp_client_create(const ptn_smtp_client_conf_t *conf,
    ptn_smtp_client_t **ret_client)
{
    ptn_smtp_client_t  *c;

    c = calloc(1, sizeof(ptn_smtp_client_t));
    if (c == NULL) {
        return PTN_ENOMEM;
    }

    c->conf = conf;

    if (!ptn_smtp_link_init(&c->link, conf->host, conf->stop_fd)) {
        free(c);
        return PTN_EINVAL;
    }

    *ret_client = c;

    return PTN_OK;
}


void
ptn_smtp_client_destroy(ptn_smtp_client_t *c)
{
    if (c == NULL) {
        return;
    }

    ptn_smtp_link_done(&c->link);
    free(c);
}


/* What went wrong, in the place of a reply. */

static ptn_rc_t PTN_PRINTF(3, 4)
ptn_sc_failed(ptn_smtp_client_t *c, ptn_rc_t rc, const char *fmt, ...)
{
    va_list  ap;

    c->code = 0;

    va_start(ap, fmt);
    vsnprintf(c->reply, sizeof(c->reply), fmt, ap);
    va_end(ap);

    return rc;
}


/* What the link says of itself takes the place of a reply. */

static ptn_rc_t
ptn_sc_linked(ptn_smtp_client_t *c, ptn_rc_t rc)
{
    return rc == PTN_OK ? rc : ptn_sc_failed(c, rc, "%s", c->link.error);
}


static ptn_rc_t
ptn_sc_flush(ptn_smtp_client_t *c, uint32_t ms)
{
    return ptn_sc_linked(c, ptn_smtp_link_flush(&c->link, ms));
}


/* --- replies and commands ------------------------------------------------- */

static void
ptn_sc_keep_reply(ptn_smtp_client_t *c, const char *line)
{
    size_t  i;

    for (i = 0; line[i] != '\0' && i < sizeof(c->reply) - 1; i++) {
        c->reply[i] = line[i] < 0x20 || line[i] > 0x7e ? '?' : line[i];
    }

    c->reply[i] = '\0';
}


/* An EHLO line's keyword. */

static void
ptn_sc_feature(ptn_smtp_client_t *c, const char *text)
{
    size_t              i, n;
    static const struct {
        const char  *name;
        unsigned     bit;
    } features[] = {
        { "PIPELINING", PTN_SC_PIPELINING },
        { "8BITMIME", PTN_SC_8BITMIME },
        { "SIZE", PTN_SC_SIZE },
        { "STARTTLS", PTN_SC_STARTTLS },
    };

    n = strcspn(text, " ");

    for (i = 0; i < ptn_nelts(features); i++) {
        if (n == strlen(features[i].name)
            && strncasecmp(text, features[i].name, n) == 0)
        {
            c->features |= features[i].bit;
        }
    }

    if (n == 4 && strncasecmp(text, "SIZE", 4) == 0) {
        c->size_max = strtoull(text + 4, NULL, 10);
    }

    if (n == 4 && strncasecmp(text, "AUTH", 4) == 0
        && strcasestr(text + 4, " PLAIN") != NULL)
    {
        c->features |= PTN_SC_AUTH_PLAIN;
    }
}


/* Reads one reply; its first line is kept.  EIO: not a reply, or none. */

static ptn_rc_t
ptn_sc_reply(ptn_smtp_client_t *c, uint32_t ms, bool features)
{
    int       code;
    char      line[PTN_SMTP_LINK_LINE];
    ptn_rc_t  rc;
    unsigned  n;
    uint64_t  until;

    until = ptn_time_mono() + ms;

    for (n = 0; n < PTN_SC_LINES; n++) {

        rc = ptn_sc_linked(c, ptn_smtp_link_line(&c->link, line, until));
        if (rc != PTN_OK) {
            return rc;
        }

        if (line[0] < '2' || line[0] > '5' || line[1] < '0' || line[1] > '9'
            || line[2] < '0' || line[2] > '9'
            || (line[3] != '\0' && line[3] != ' ' && line[3] != '-'))
        {
            return ptn_sc_failed(c, PTN_EIO, "451 4.5.0 Not a reply");
        }

        code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + line[2] - '0';

        if (n == 0) {
            ptn_sc_keep_reply(c, line);

        } else if (features && line[3] != '\0') {
            ptn_sc_feature(c, line + 4);
        }

        if (line[3] != '-') {
            c->code = code;
            return PTN_OK;
        }
    }

    return ptn_sc_failed(c, PTN_EIO, "451 4.5.0 Reply too long");
}


static ptn_rc_t
ptn_sc_talk(ptn_smtp_client_t *c, bool features)
{
    ptn_rc_t  rc;

    rc = ptn_sc_flush(c, c->conf->command_ms ? c->conf->command_ms : 300000);
    if (rc != PTN_OK) {
        return rc;
    }

    return ptn_sc_reply(c, c->conf->command_ms ? c->conf->command_ms : 300000,
                        features);
}


static ptn_rc_t
ptn_sc_ehlo(ptn_smtp_client_t *c)
{
    ptn_rc_t  rc;

    c->features = 0;
    c->size_max = 0;

    ptn_smtp_link_add(&c->link, "EHLO %s\r\n", c->conf->hostname);

    rc = ptn_sc_talk(c, true);

    if (rc == PTN_OK && c->code / 100 == 5) {
        ptn_smtp_link_add(&c->link, "HELO %s\r\n", c->conf->hostname);
        rc = ptn_sc_talk(c, false);
    }

    if (rc == PTN_OK && c->code != 250) {
        return PTN_EUNAVAIL;
    }

    return rc;
}


static ptn_rc_t
ptn_sc_starttls(ptn_smtp_client_t *c)
{
    ptn_rc_t  rc;

    if (c->conf->tls == PTN_SMTP_TLS_NEVER || c->skip_tls) {
        return PTN_OK;
    }

    if (!(c->features & PTN_SC_STARTTLS)) {
        return c->conf->tls == PTN_SMTP_TLS_OFFERED ? PTN_OK
               : ptn_sc_failed(c, PTN_EUNAVAIL,
                               "451 4.7.0 The relay offers no TLS");
    }

    ptn_smtp_link_add(&c->link, "STARTTLS\r\n");

    rc = ptn_sc_talk(c, false);
    if (rc != PTN_OK) {
        return rc;
    }

    if (c->code != 220) {
        return c->conf->tls == PTN_SMTP_TLS_OFFERED ? PTN_OK : PTN_EUNAVAIL;
    }

    rc = ptn_smtp_link_tls(&c->link, c->conf->tls == PTN_SMTP_TLS_VERIFIED,
                           c->conf->command_ms ? c->conf->command_ms : 60000);
    rc = ptn_sc_linked(c, rc);

    if (rc == PTN_EIO && c->conf->tls == PTN_SMTP_TLS_OFFERED
        && c->conf->user == NULL)
    {
        /* what may go in the clear anyway must not wait for ever for TLS */

        c->skip_tls = true;
    }

    return rc == PTN_OK ? ptn_sc_ehlo(c) : rc;
}


static ptn_rc_t
ptn_sc_auth(ptn_smtp_client_t *c)
{
    ptn_rc_t     rc;
    ptn_buf_t    b;
    ptn_str_t    text;
    ptn_pool_t  *pool;

    if (c->conf->user == NULL) {
        return PTN_OK;
    }

    if (c->link.ssl == NULL && c->conf->tls != PTN_SMTP_TLS_NEVER) {
        return ptn_sc_failed(c, PTN_EUNAVAIL,
                             "451 4.7.0 No TLS, the password is not sent");
    }

    if (!(c->features & PTN_SC_AUTH_PLAIN)) {
        return ptn_sc_failed(c, PTN_EUNAVAIL,
                             "451 4.7.0 The relay offers no AUTH PLAIN");
    }

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return ptn_sc_failed(c, PTN_ENOMEM, "451 4.3.0 No memory");
    }

    ptn_buf_init(&b, pool);
    ptn_buf_byte(&b, 0);
    ptn_buf_z(&b, c->conf->user);
    ptn_buf_byte(&b, 0);
    ptn_buf_z(&b, c->conf->password ? c->conf->password : "");

    text = ptn_base64_encode(pool, ptn_buf_get(&b));

    ptn_smtp_link_add(&c->link, "AUTH PLAIN %.*s\r\n", ptn_str_arg(text));

    rc = ptn_sc_talk(c, false);

    explicit_bzero(c->link.out, 1024);
    explicit_bzero(text.data, text.len);
    explicit_bzero(b.data, b.len);
    ptn_pool_destroy(pool);

    return rc == PTN_OK && c->code != 235 ? PTN_EUNAVAIL : rc;
}


static ptn_rc_t
ptn_sc_session(ptn_smtp_client_t *c)
{
    ptn_rc_t  rc;

    rc = ptn_smtp_link_connect(&c->link, c->conf->connect_ms
                                         ? c->conf->connect_ms : 30000);
    rc = ptn_sc_linked(c, rc);

    if (rc == PTN_OK) {
        rc = ptn_sc_reply(c, c->conf->command_ms ? c->conf->command_ms
                                                 : 300000, false);
    }

    if (rc == PTN_OK && c->code != 220) {
        rc = PTN_EUNAVAIL;
    }

    if (rc == PTN_OK) {
        rc = ptn_sc_ehlo(c);
    }

    if (rc == PTN_OK) {
        rc = ptn_sc_starttls(c);
    }

    if (rc == PTN_OK) {
        rc = ptn_sc_auth(c);
    }

    if (rc != PTN_OK) {
        ptn_smtp_link_close(&c->link);
    }

    return rc;
}


static ptn_rc_t
ptn_sc_open(ptn_smtp_client_t *c)
{
    ptn_rc_t  rc;

    c->skip_tls = false;

    rc = ptn_sc_session(c);

    if (rc == PTN_EIO && c->skip_tls) {
        rc = ptn_sc_session(c);
    }

    return rc == PTN_OK || rc == PTN_ECANCEL ? rc : PTN_EUNAVAIL;
}


/* --- a message ------------------------------------------------------------ */

static void
ptn_sc_result(const ptn_smtp_client_t *c, ptn_smtp_result_t *r, bool final)
{
    if (c->code / 100 == 2) {
        r->result = PTN_SMTP_SENT;

    } else {
        r->result = c->code / 100 == 5 && final ? PTN_SMTP_PERMANENT
                                                : PTN_SMTP_TEMPORARY;
    }

    snprintf(r->reply, sizeof(r->reply), "%s", c->reply);
}


/* The same for all whose fate is open (`sent` so far: the message is not). */

static void
ptn_sc_results(const ptn_smtp_client_t *c, const ptn_smtp_send_t *send,
    bool final)
{
    uint32_t  i;

    for (i = 0; i < send->nrcpt; i++) {
        if (send->results[i].result == PTN_SMTP_SENT) {
            ptn_sc_result(c, &send->results[i], final);
        }
    }
}


/*
 * Normalises and stuffs one chunk into the link's buffer.  *cr: the last byte
 * was a CR (its CRLF was written); *start: at the beginning of a line.
 */
static void
ptn_sc_stuff(ptn_smtp_client_t *c, const u_char *p, size_t n, bool *cr,
    bool *start)
{
    size_t   i;
    u_char   ch, *out;

    out = c->link.out;

    for (i = 0; i < n; i++) {
        ch = p[i];

        if (ch == '\n' && *cr) {
            *cr = false;
            continue;
        }

        *cr = ch == '\r';

        if (ch == '\r' || ch == '\n') {
            *out++ = '\r';
            *out++ = '\n';
            *start = true;
            continue;
        }

        if (ch == '.' && *start) {
            *out++ = '.';
        }

        *out++ = ch;
        *start = false;
    }

    c->link.out_len = (size_t) (out - c->link.out);
}


static ptn_rc_t
ptn_sc_body(ptn_smtp_client_t *c, const ptn_smtp_send_t *send)
{
    bool      cr, start;
    size_t    n;
    u_char    chunk[PTN_SMTP_LINK_CHUNK];
    ptn_rc_t  rc;
    uint32_t  ms;
    uint64_t  off;

    cr = false;
    start = true;
    ms = c->conf->command_ms ? c->conf->command_ms : 180000;

    for (off = 0; off < send->size; off += n) {
        n = (size_t) ptn_min(send->size - off, (uint64_t) PTN_SMTP_LINK_CHUNK);

        rc = send->read(send->ctx, off, chunk, n);
        if (rc != PTN_OK) {

            /* half a message must not be taken for one: cut the line */

            return ptn_sc_failed(c, PTN_EIO, "451 4.3.0 %s",
                                 ptn_err(rc)->name);
        }

        ptn_sc_stuff(c, chunk, n, &cr, &start);

        rc = ptn_sc_flush(c, ms);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_smtp_link_add(&c->link, "%s.\r\n", start ? "" : "\r\n");

    rc = ptn_sc_flush(c, ms);
    if (rc != PTN_OK) {
        return rc;
    }

    return ptn_sc_reply(c, c->conf->data_ms ? c->conf->data_ms : 600000,
                        false);
}


static void
ptn_sc_add_mail(ptn_smtp_client_t *c, const ptn_smtp_send_t *send)
{
    ptn_smtp_link_add(&c->link, "MAIL FROM:<%.*s>", ptn_str_arg(send->sender));

    if (c->features & PTN_SC_SIZE) {
        ptn_smtp_link_add(&c->link, " SIZE=%llu",
                          (unsigned long long) send->size);
    }

    if (send->body8 && (c->features & PTN_SC_8BITMIME)) {
        ptn_smtp_link_add(&c->link, " BODY=8BITMIME");
    }

    ptn_smtp_link_add(&c->link, "\r\n");
}


/*
 * MAIL and RCPTs, in flights where the server pipelines.  *ret_ok: how many
 * recipients were accepted; 0 with OK: MAIL was refused, or all of them were.
 */
static ptn_rc_t
ptn_sc_envelope(ptn_smtp_client_t *c, const ptn_smtp_send_t *send,
    uint32_t *ret_ok)
{
    bool      refused;
    ptn_rc_t  rc;
    uint32_t  i, j, n, flight, ms;

    ms = c->conf->command_ms ? c->conf->command_ms : 300000;
    flight = c->features & PTN_SC_PIPELINING ? PTN_SC_PIPELINE : 1;
    *ret_ok = 0;

    ptn_sc_add_mail(c, send);

    if (flight == 1) {
        rc = ptn_sc_talk(c, false);
        if (rc != PTN_OK) {
            return rc;
        }

        if (c->code / 100 != 2) {
            ptn_sc_results(c, send, true);
            return PTN_OK;
        }
    }

    refused = false;

    for (i = 0; i < send->nrcpt && !refused; i += n) {
        n = ptn_min(flight, send->nrcpt - i);

        for (j = i; j < i + n; j++) {
            ptn_smtp_link_add(&c->link, "RCPT TO:<%.*s>\r\n",
                              ptn_str_arg(send->rcpt[j]));
        }

        rc = ptn_sc_flush(c, ms);
        if (rc != PTN_OK) {
            return rc;
        }

        if (i == 0 && flight > 1) {
            rc = ptn_sc_reply(c, ms, false);
            if (rc != PTN_OK) {
                return rc;
            }

            if (c->code / 100 != 2) {
                ptn_sc_results(c, send, true);
                refused = true;
            }
        }

        for (j = i; j < i + n; j++) {
            rc = ptn_sc_reply(c, ms, false);
            if (rc != PTN_OK) {
                return rc;
            }

            if (refused) {
                continue;
            }

            ptn_sc_result(c, &send->results[j], true);

            /* RFC 5321 4.5.3.1.10: 552 here means "too many" */

            if (c->code == 552) {
                send->results[j].result = PTN_SMTP_TEMPORARY;
            }

            *ret_ok += send->results[j].result == PTN_SMTP_SENT;
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_sc_message(ptn_smtp_client_t *c, const ptn_smtp_send_t *send)
{
    ptn_rc_t  rc;
    uint32_t  accepted;

    if ((c->features & PTN_SC_SIZE) && c->size_max
        && send->size > c->size_max)
    {
        (void) ptn_sc_failed(c, PTN_OK,
                             "552 5.3.4 Message too big for the relay");
        c->code = 552;
        ptn_sc_results(c, send, true);

        return PTN_OK;
    }

    rc = ptn_sc_envelope(c, send, &accepted);
    if (rc != PTN_OK) {
        return rc;
    }

    if (accepted == 0) {
        ptn_smtp_link_add(&c->link, "RSET\r\n");
        return ptn_sc_talk(c, false);
    }

    ptn_smtp_link_add(&c->link, "DATA\r\n");

    rc = ptn_sc_talk(c, false);
    if (rc != PTN_OK) {
        return rc;
    }

    if (c->code != 354) {
        if (c->code / 100 < 4) {
            (void) ptn_sc_failed(c, PTN_OK, "451 4.5.0 No answer to DATA");
        }

        ptn_sc_results(c, send, true);
        return c->code ? PTN_OK : PTN_EIO;
    }

    c->in_data = true;

    rc = ptn_sc_body(c, send);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_sc_results(c, send, true);

    return PTN_OK;
}


ptn_rc_t
ptn_smtp_client_send(ptn_smtp_client_t *c, const ptn_smtp_send_t *send)
{
    bool      fresh;
    ptn_rc_t  rc;
    uint32_t  i;

    for ( ;; ) {

        /* "sent" here: nothing is known yet */

        for (i = 0; i < send->nrcpt; i++) {
            send->results[i].result = PTN_SMTP_SENT;
            send->results[i].reply[0] = '\0';
        }

        fresh = c->link.fd == -1;

        if (fresh) {
            rc = ptn_sc_open(c);
            if (rc != PTN_OK) {
                ptn_sc_results(c, send, false);
                return rc;
            }
        }

        c->link.out_len = 0;
        c->in_data = false;

        rc = ptn_sc_message(c, send);

        if (rc != PTN_OK || c->code == 421) {
            ptn_smtp_link_close(&c->link);
        }

        if (rc == PTN_OK) {
            return PTN_OK;
        }

        /* a kept connection that died meanwhile is worth one fresh one */

        if (fresh || rc == PTN_ECANCEL || c->in_data) {
            ptn_sc_results(c, send, false);
            return rc == PTN_ECANCEL ? rc : PTN_OK;
        }
    }
}


void
ptn_smtp_client_quit(ptn_smtp_client_t *c)
{
    if (c->link.fd == -1) {
        return;
    }

    ptn_smtp_link_add(&c->link, "QUIT\r\n");

    (void) ptn_sc_flush(c, 1000);
    ptn_smtp_link_close(&c->link);
}
