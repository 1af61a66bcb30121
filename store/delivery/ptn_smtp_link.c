#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ptn_smtp_link.h"


static bool
ptn_smtp_link_host(ptn_smtp_link_t *l, const char *host)
{
    size_t       n;
    const char  *name, *end, *port;

    name = host;
    end = host + strcspn(host, ":");
    port = "25";

    if (*host == '[') {
        name = host + 1;
        end = strchr(host, ']');
        if (end == NULL) {
            return false;
        }

        if (end[1] == ':') {
            port = end + 2;
        }

    } else if (*end == ':') {
        port = end + 1;
    }

    n = (size_t) (end - name);

    if (n == 0 || n >= sizeof(l->name) || strlen(port) >= sizeof(l->port)) {
        return false;
    }

    memcpy(l->name, name, n);
    l->name[n] = '\0';
    strcpy(l->port, port);

    return true;
}


bool
ptn_smtp_link_init(ptn_smtp_link_t *l, const char *host, int stop_fd)
{
    memset(l, 0, sizeof(ptn_smtp_link_t));

    l->fd = -1;
    l->stop_fd = stop_fd;

    return ptn_smtp_link_host(l, host);
}


void
ptn_smtp_link_done(ptn_smtp_link_t *l)
{
    ptn_smtp_link_close(l);
    SSL_CTX_free(l->ctx);
}


void
ptn_smtp_link_close(ptn_smtp_link_t *l)
{
    if (l->ssl != NULL) {
        SSL_free(l->ssl);
        l->ssl = NULL;
    }

    if (l->fd != -1) {
        close(l->fd);
        l->fd = -1;
    }

    l->in_pos = 0;
    l->in_last = 0;
    l->out_len = 0;
}


/* What went wrong, in the place of a reply. */

static ptn_rc_t PTN_PRINTF(3, 4)
ptn_smtp_link_failed(ptn_smtp_link_t *l, ptn_rc_t rc, const char *fmt, ...)
{
    va_list  ap;

    va_start(ap, fmt);
    vsnprintf(l->error, sizeof(l->error), fmt, ap);
    va_end(ap);

    return rc;
}


/* --- bytes ---------------------------------------------------------------- */

/* --- bytes ---------------------------------------------------------------- */

static ptn_rc_t
ptn_smtp_link_wait(ptn_smtp_link_t *l, short events, uint64_t until)
{
    int            n;
    uint64_t       now;
    struct pollfd  p[2];

    p[0].fd = l->fd;
    p[0].events = events;
    p[1].fd = l->stop_fd;
    p[1].events = POLLIN;

    for ( ;; ) {
        now = ptn_time_mono();

        if (now >= until) {
            return ptn_smtp_link_failed(l, PTN_EIO, "451 4.4.1 Timeout");
        }

        p[0].revents = 0;
        p[1].revents = 0;

        n = poll(p, 2, (int) ptn_min(until - now, (uint64_t) 60000));

        if (n > 0 && p[1].revents) {
            return ptn_smtp_link_failed(l, PTN_ECANCEL,
                                        "451 4.3.2 Shutting down");
        }

        if (n > 0 && p[0].revents) {
            return PTN_OK;
        }

        if (n == -1 && errno != EINTR) {
            return ptn_smtp_link_failed(l, PTN_EIO,
                                        "451 4.4.2 %s", strerror(errno));
        }
    }
}


/* What a TLS call wants; OK: try again. */

static ptn_rc_t
ptn_smtp_link_ssl_wait(ptn_smtp_link_t *l, int ret, uint64_t until)
{
    char           text[128];
    long           verify;
    unsigned long  err;

    switch (SSL_get_error(l->ssl, ret)) {

    case SSL_ERROR_WANT_READ:
        return ptn_smtp_link_wait(l, POLLIN, until);

    case SSL_ERROR_WANT_WRITE:
        return ptn_smtp_link_wait(l, POLLOUT, until);

    default:
        verify = SSL_get_verify_result(l->ssl);

        if (verify != X509_V_OK && !SSL_is_init_finished(l->ssl)
            && SSL_get_verify_mode(l->ssl) != SSL_VERIFY_NONE)
        {
            return ptn_smtp_link_failed(l, PTN_EIO,
                                        "451 4.7.5 Certificate: %s",
                                        X509_verify_cert_error_string(verify));
        }

        err = ERR_get_error();
        ERR_error_string_n(err, text, sizeof(text));
        return ptn_smtp_link_failed(l, PTN_EIO, "451 4.4.2 TLS: %s",
                                    err ? text : "connection lost");
    }
}


ptn_rc_t
ptn_smtp_link_flush(ptn_smtp_link_t *l, uint32_t ms)
{
    size_t    sent;
    ssize_t   n;
    ptn_rc_t  rc;
    uint64_t  until;

    until = ptn_time_mono() + ms;

    for (sent = 0; sent < l->out_len; /* void */ ) {

        if (l->ssl != NULL) {
            ERR_clear_error();
            n = SSL_write(l->ssl, l->out + sent, (int) (l->out_len - sent));

        } else {
            n = send(l->fd, l->out + sent, l->out_len - sent, MSG_NOSIGNAL);
        }

        if (n > 0) {
            sent += (size_t) n;
            until = ptn_time_mono() + ms;
            continue;
        }

        if (l->ssl != NULL) {
            rc = ptn_smtp_link_ssl_wait(l, (int) n, until);

        } else if (errno == EAGAIN || errno == EINTR) {
            rc = ptn_smtp_link_wait(l, POLLOUT, until);

        } else {
            rc = ptn_smtp_link_failed(l, PTN_EIO,
                                      "451 4.4.2 %s", strerror(errno));
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    l->out_len = 0;

    return PTN_OK;
}


static ptn_rc_t
ptn_smtp_link_fill(ptn_smtp_link_t *l, uint64_t until)
{
    ssize_t   n;
    ptn_rc_t  rc;

    for ( ;; ) {

        if (l->ssl != NULL) {
            ERR_clear_error();
            n = SSL_read(l->ssl, l->in, sizeof(l->in));

        } else {
            n = recv(l->fd, l->in, sizeof(l->in), 0);
        }

        if (n > 0) {
            l->in_pos = 0;
            l->in_last = (size_t) n;
            return PTN_OK;
        }

        if (l->ssl != NULL) {
            rc = ptn_smtp_link_ssl_wait(l, (int) n, until);

        } else if (n == 0) {
            rc = ptn_smtp_link_failed(l, PTN_EIO,
                                      "451 4.4.2 Connection closed");

        } else if (errno == EAGAIN || errno == EINTR) {
            rc = ptn_smtp_link_wait(l, POLLIN, until);

        } else {
            rc = ptn_smtp_link_failed(l, PTN_EIO,
                                      "451 4.4.2 %s", strerror(errno));
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }
}


ptn_rc_t
ptn_smtp_link_line(ptn_smtp_link_t *l, char *line, uint64_t until)
{
    size_t    n;
    u_char    ch;
    ptn_rc_t  rc;

    for (n = 0; n < PTN_SMTP_LINK_LINE - 1; /* void */ ) {

        if (l->in_pos == l->in_last) {
            rc = ptn_smtp_link_fill(l, until);
            if (rc != PTN_OK) {
                return rc;
            }
        }

        ch = l->in[l->in_pos++];

        if (ch == '\n') {
            if (n > 0 && line[n - 1] == '\r') {
                n--;
            }

            line[n] = '\0';
            return PTN_OK;
        }

        line[n++] = ch == '\0' ? ' ' : (char) ch;
    }

    return ptn_smtp_link_failed(l, PTN_EIO, "451 4.5.0 Reply too long");
}


void
ptn_smtp_link_add(ptn_smtp_link_t *l, const char *fmt, ...)
{
    int      n;
    va_list  ap;

    va_start(ap, fmt);
    n = vsnprintf((char *) l->out + l->out_len, sizeof(l->out) - l->out_len,
                  fmt, ap);
    va_end(ap);

    if (n > 0 && (size_t) n < sizeof(l->out) - l->out_len) {
        l->out_len += (size_t) n;
    }
}


/* --- the connection ------------------------------------------------------- */

/* --- the connection ------------------------------------------------------- */

static ptn_rc_t
ptn_smtp_link_connect_one(ptn_smtp_link_t *l, const struct addrinfo *ai,
    uint32_t ms)
{
    int        err;
    ptn_rc_t   rc;
    socklen_t  len;

    l->fd = socket(ai->ai_family, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);
    if (l->fd == -1) {
        return ptn_smtp_link_failed(l, PTN_EIO,
                                    "451 4.4.1 %s", strerror(errno));
    }

    if (connect(l->fd, ai->ai_addr, ai->ai_addrlen) == 0) {
        return PTN_OK;
    }

    if (errno != EINPROGRESS) {
        return ptn_smtp_link_failed(l, PTN_EIO,
                                    "451 4.4.1 %s", strerror(errno));
    }

    rc = ptn_smtp_link_wait(l, POLLOUT, ptn_time_mono() + ms);
    if (rc != PTN_OK) {
        return rc;
    }

    err = 0;
    len = sizeof(err);
    (void) getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &err, &len);

    if (err) {
        return ptn_smtp_link_failed(l, PTN_EIO, "451 4.4.1 %s", strerror(err));
    }

    return PTN_OK;
}


ptn_rc_t
ptn_smtp_link_connect(ptn_smtp_link_t *l, uint32_t ms)
{
    int               n;
    ptn_rc_t          rc;
    struct addrinfo   hints, *list, *ai;

    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;

    n = getaddrinfo(l->name, l->port, &hints, &list);
    if (n != 0) {
        return ptn_smtp_link_failed(l, PTN_EIO, "451 4.4.3 %s: %s", l->name,
                                    gai_strerror(n));
    }

    rc = PTN_EIO;

    for (ai = list; ai != NULL && rc == PTN_EIO; ai = ai->ai_next) {
        ptn_smtp_link_close(l);
        rc = ptn_smtp_link_connect_one(l, ai, ms);
    }

    freeaddrinfo(list);

    return rc;
}


ptn_rc_t
ptn_smtp_link_tls(ptn_smtp_link_t *l, bool verify, uint32_t ms)
{
    int       n;
    ptn_rc_t  rc;
    uint64_t  until;

    if (l->ctx == NULL) {
        l->ctx = SSL_CTX_new(TLS_client_method());
        if (l->ctx == NULL) {
            return ptn_smtp_link_failed(l, PTN_ENOMEM,
                                        "451 4.3.0 TLS: no memory");
        }

        SSL_CTX_set_min_proto_version(l->ctx, TLS1_2_VERSION);
        SSL_CTX_set_default_verify_paths(l->ctx);
        SSL_CTX_set_mode(l->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE
                                 |SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }

    l->ssl = SSL_new(l->ctx);
    if (l->ssl == NULL || SSL_set_fd(l->ssl, l->fd) != 1) {
        return ptn_smtp_link_failed(l, PTN_ENOMEM, "451 4.3.0 TLS: no memory");
    }

    (void) SSL_set_tlsext_host_name(l->ssl, l->name);

    if (verify) {
        SSL_set_verify(l->ssl, SSL_VERIFY_PEER, NULL);

        if (SSL_set1_host(l->ssl, l->name) != 1) {
            return ptn_smtp_link_failed(l, PTN_ENOMEM,
                                        "451 4.3.0 TLS: no memory");
        }
    }

    /* what came in the clear behind the reply is not the server's word */

    l->in_pos = 0;
    l->in_last = 0;

    until = ptn_time_mono() + ms;

    for ( ;; ) {
        ERR_clear_error();
        n = SSL_connect(l->ssl);

        if (n == 1) {
            return PTN_OK;
        }

        rc = ptn_smtp_link_ssl_wait(l, n, until);
        if (rc != PTN_OK) {
            return rc;
        }
    }
}
