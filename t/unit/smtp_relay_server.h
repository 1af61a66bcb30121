/*
 * A relay that does what a test says: one thread, one connection at a time
 * (each on a thread of its own), its manners in `mode`.
 */

#ifndef SMTP_RELAY_SERVER_H
#define SMTP_RELAY_SERVER_H


#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>


typedef enum {
    RELAY_OK            = 0,
    RELAY_NO_PIPELINING = 0x0001,
    RELAY_RCPT2_450     = 0x0002,       /* the second recipient */
    RELAY_RCPT2_550     = 0x0004,
    RELAY_MAIL_550      = 0x0008,
    RELAY_DATA_451      = 0x0010,
    RELAY_END_550       = 0x0020,       /* after the dot */
    RELAY_END_451       = 0x0040,
    RELAY_HANG          = 0x0080,       /* never a word */
    RELAY_DROP_IN_DATA  = 0x0100,
    RELAY_421_AT_MAIL   = 0x0200,
    RELAY_GARBAGE       = 0x0400,
    RELAY_SMALL         = 0x0800,       /* SIZE 100 */
    RELAY_TLS           = 0x1000,
    RELAY_BROKEN_TLS    = 0x2000,       /* offers, then no handshake */
    RELAY_AUTH          = 0x4000,
    RELAY_ONE_EACH      = 0x8000,       /* closes after each message */
    RELAY_HELO_ONLY     = 0x10000,
    RELAY_INJECT        = 0x20000       /* replies behind the STARTTLS one */
} relay_mode_e;

typedef struct {
    int               fd;
    unsigned          port;
    char              host[64];
    atomic_uint       mode;
    atomic_uint       connections, messages;
    atomic_bool       stop, pipelined, tls;
    pthread_t         thread, conn[256];
    unsigned          nconn;
    pthread_mutex_t   lock;
    char              log[65536];       /* command lines */
    size_t            log_len;
    char              data[262144];     /* of the last message, stuffed */
    size_t            data_len;
    SSL_CTX          *ctx;
} relay_t;

typedef struct {
    relay_t  *r;
    int       fd;
    SSL      *ssl;
    char      buf[4096];
    size_t    pos, last;
} relay_conn_t;


static inline int
relay_fill(relay_conn_t *c)
{
    ssize_t        n;
    struct pollfd  p;

    if (c->ssl == NULL || SSL_pending(c->ssl) == 0) {
        p.fd = c->fd;
        p.events = POLLIN;

        while (poll(&p, 1, 20) == 0) {
            if (c->r->stop) {
                return -1;
            }
        }
    }

    n = c->ssl != NULL ? SSL_read(c->ssl, c->buf, sizeof(c->buf))
                       : recv(c->fd, c->buf, sizeof(c->buf), 0);

    c->pos = 0;
    c->last = n > 0 ? (size_t) n : 0;

    return n > 0 ? 0 : -1;
}


static inline int
relay_line(relay_conn_t *c, char *line, size_t size)
{
    size_t  n;

    for (n = 0; n < size - 1; /* void */ ) {
        if (c->pos == c->last && relay_fill(c) == -1) {
            return -1;
        }

        line[n++] = c->buf[c->pos++];

        if (line[n - 1] == '\n') {
            break;
        }
    }

    line[n] = '\0';

    return (int) n;
}


static inline void
relay_say(relay_conn_t *c, const char *text)
{
    if (c->ssl != NULL) {
        (void) !SSL_write(c->ssl, text, (int) strlen(text));

    } else {
        (void) !send(c->fd, text, strlen(text), MSG_NOSIGNAL);
    }
}


static inline void
relay_ehlo(relay_conn_t *c, unsigned mode)
{
    if (mode & RELAY_HELO_ONLY) {
        relay_say(c, "502 5.5.1 What?\r\n");
        return;
    }

    relay_say(c, "250-relay.test\r\n");

    if (!(mode & RELAY_NO_PIPELINING)) {
        relay_say(c, "250-PIPELINING\r\n");
    }

    if ((mode & (RELAY_TLS|RELAY_BROKEN_TLS)) && c->ssl == NULL) {
        relay_say(c, "250-STARTTLS\r\n");
    }

    if (mode & RELAY_AUTH) {
        relay_say(c, "250-AUTH LOGIN PLAIN\r\n");
    }

    relay_say(c, mode & RELAY_SMALL ? "250-SIZE 100\r\n" : "250-SIZE\r\n");
    relay_say(c, "250 8bitmime\r\n");
}


static inline int
relay_data(relay_conn_t *c, unsigned mode)
{
    int       n;
    char      line[8192];
    relay_t  *r = c->r;

    relay_say(c, "354 go\r\n");

    pthread_mutex_lock(&r->lock);
    r->data_len = 0;
    pthread_mutex_unlock(&r->lock);

    for ( ;; ) {
        n = relay_line(c, line, sizeof(line));

        if (n == -1 || (mode & RELAY_DROP_IN_DATA)) {
            return -1;
        }

        if (strcmp(line, ".\r\n") == 0) {
            break;
        }

        pthread_mutex_lock(&r->lock);

        if (r->data_len + (size_t) n < sizeof(r->data)) {
            memcpy(r->data + r->data_len, line, (size_t) n);
            r->data_len += (size_t) n;
        }

        pthread_mutex_unlock(&r->lock);
    }

    if (mode & RELAY_END_550) {
        relay_say(c, "550 5.7.1 Not this\r\n");

    } else if (mode & RELAY_END_451) {
        relay_say(c, "451 4.7.1 Not now\r\n");

    } else {
        r->messages++;
        relay_say(c, "250 2.0.0 Taken\r\n");
    }

    return mode & RELAY_ONE_EACH ? -1 : 0;
}


static inline int
relay_command(relay_conn_t *c, const char *line, unsigned mode, unsigned *rcpt)
{
    relay_t  *r = c->r;

    if (strncasecmp(line, "EHLO", 4) == 0) {
        relay_ehlo(c, mode);

    } else if (strncasecmp(line, "STARTTLS", 8) == 0) {
        relay_say(c, mode & RELAY_INJECT
                     ? "220 go\r\n250-x\r\n250 PIPELINING\r\n" : "220 go\r\n");

        if (mode & RELAY_BROKEN_TLS) {
            return -1;
        }

        c->ssl = SSL_new(r->ctx);
        SSL_set_fd(c->ssl, c->fd);
        c->pos = c->last = 0;

        if (SSL_accept(c->ssl) != 1) {
            return -1;
        }

        r->tls = true;

    } else if (strncasecmp(line, "AUTH", 4) == 0) {
        relay_say(c, "235 2.7.0 hello\r\n");

    } else if (strncasecmp(line, "MAIL", 4) == 0) {
        *rcpt = 0;

        if (mode & RELAY_421_AT_MAIL) {
            relay_say(c, "421 4.3.2 Bye\r\n");
            return -1;
        }

        relay_say(c, mode & RELAY_MAIL_550 ? "550 5.1.8 Not from you\r\n"
                                           : "250 2.1.0 ok\r\n");

    } else if (strncasecmp(line, "RCPT", 4) == 0) {
        ++*rcpt;

        relay_say(c, (mode & RELAY_MAIL_550) ? "503 5.5.1 MAIL first\r\n"
                     : *rcpt == 2 && (mode & RELAY_RCPT2_450)
                     ? "450-4.2.1 Busy\r\n450 4.2.1 come back\r\n"
                     : *rcpt == 2 && (mode & RELAY_RCPT2_550)
                     ? "550 5.1.1 No such user\r\n" : "250 2.1.5 ok\r\n");

    } else if (strncasecmp(line, "DATA", 4) == 0) {
        if (mode & RELAY_DATA_451) {
            relay_say(c, "451 4.3.0 Not now\r\n");
            return 0;
        }

        return relay_data(c, mode);

    } else if (strncasecmp(line, "QUIT", 4) == 0) {
        relay_say(c, "221 bye\r\n");
        return -1;

    } else {
        relay_say(c, "250 ok\r\n");
    }

    return 0;
}


static inline void *
relay_serve(void *arg)
{
    int            n;
    char           line[8192];
    unsigned       rcpt, mode;
    relay_conn_t  *c = arg;
    relay_t       *r = c->r;

    rcpt = 0;
    mode = r->mode;

    if (!(mode & RELAY_HANG)) {
        relay_say(c, mode & RELAY_GARBAGE ? "HTTP/1.1 400 Bad Request\r\n"
                                          : "220-relay.test\r\n220 hi\r\n");
    }

    while ((n = relay_line(c, line, sizeof(line))) != -1) {

        mode = r->mode;

        pthread_mutex_lock(&r->lock);

        if (r->log_len + (size_t) n < sizeof(r->log)) {
            memcpy(r->log + r->log_len, line, (size_t) n + 1);
            r->log_len += (size_t) n;
        }

        pthread_mutex_unlock(&r->lock);

        if (c->pos != c->last && c->ssl == NULL) {
            r->pipelined = true;
        }

        if (mode & RELAY_HANG) {
            continue;
        }

        if (relay_command(c, line, mode, &rcpt) == -1) {
            break;
        }
    }

    if (c->ssl != NULL) {
        SSL_free(c->ssl);
    }

    close(c->fd);
    free(c);

    return NULL;
}


static inline void *
relay_main(void *arg)
{
    relay_t        *r = arg;
    relay_conn_t   *c;
    struct pollfd   p;

    p.fd = r->fd;
    p.events = POLLIN;

    while (!r->stop) {
        if (poll(&p, 1, 20) != 1 || r->nconn == 256) {
            continue;
        }

        c = calloc(1, sizeof(*c));
        c->r = r;
        c->fd = accept(r->fd, NULL, NULL);
        r->connections++;
        pthread_create(&r->conn[r->nconn++], NULL, relay_serve, c);
    }

    return NULL;
}


/* A self-signed certificate for "localhost". */

static inline SSL_CTX *
relay_ctx(void)
{
    X509       *x;
    SSL_CTX    *ctx;
    EVP_PKEY   *key;
    X509_NAME  *name;

    key = EVP_EC_gen("P-256");
    x = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    name = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               (const unsigned char *) "localhost", -1, -1, 0);
    X509_set_issuer_name(x, name);
    X509_sign(x, key, EVP_sha256());

    ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(ctx, x);
    SSL_CTX_use_PrivateKey(ctx, key);

    X509_free(x);
    EVP_PKEY_free(key);

    return ctx;
}


static inline void
relay_start(relay_t *r)
{
    socklen_t           len;
    struct sockaddr_in  sin;

    memset(r, 0, sizeof(*r));
    pthread_mutex_init(&r->lock, NULL);
    r->ctx = relay_ctx();

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    len = sizeof(sin);

    r->fd = socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0);

    if (bind(r->fd, (struct sockaddr *) &sin, len) == -1
        || listen(r->fd, 64) == -1
        || getsockname(r->fd, (struct sockaddr *) &sin, &len) == -1)
    {
        abort();
    }

    r->port = ntohs(sin.sin_port);
    snprintf(r->host, sizeof(r->host), "127.0.0.1:%u", r->port);
    pthread_create(&r->thread, NULL, relay_main, r);
}


static inline void
relay_forget(relay_t *r, unsigned mode)
{
    pthread_mutex_lock(&r->lock);
    r->log_len = 0;
    r->log[0] = '\0';
    r->data_len = 0;
    pthread_mutex_unlock(&r->lock);

    r->mode = mode;
    r->connections = 0;
    r->messages = 0;
    r->pipelined = false;
    r->tls = false;
}


static inline void
relay_stop(relay_t *r)
{
    unsigned  i;

    r->stop = true;
    pthread_join(r->thread, NULL);

    for (i = 0; i < r->nconn; i++) {
        pthread_join(r->conn[i], NULL);
    }

    close(r->fd);
    SSL_CTX_free(r->ctx);
    pthread_mutex_destroy(&r->lock);
}


#endif /* SMTP_RELAY_SERVER_H */
