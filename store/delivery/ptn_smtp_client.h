/*
 * store/delivery: our SMTP client (RFC 5321): plain sockets, STARTTLS by
 * OpenSSL, AUTH PLAIN, PIPELINING when it is offered.  One connection, one
 * thread; every wait has its limit and ends at once when `stop_fd` becomes
 * readable.
 *
 * On the way out every line ends in CRLF: a bare CR or LF in the message
 * becomes one, so that what was data here cannot be an end of data elsewhere.
 */

#ifndef PTN_SMTP_CLIENT_H
#define PTN_SMTP_CLIENT_H


#include "ptn_base.h"


typedef enum {
    PTN_SMTP_TLS_NEVER,
    PTN_SMTP_TLS_OFFERED,           /* if offered; the certificate is not
                                       looked at */
    PTN_SMTP_TLS_REQUIRED,          /* or no mail; likewise */
    PTN_SMTP_TLS_VERIFIED           /* required, and the name must be proven */
} ptn_smtp_tls_e;

typedef struct {
    const char  *host;              /* "name", "name:port", "[v6]:port" */
    const char  *hostname;          /* ours, for EHLO */
    const char  *user;              /* NULL: no AUTH; never without TLS */
    const char  *password;          /*   unless TLS_NEVER says so */
    uint32_t     tls;               /* ptn_smtp_tls_e */
    int          stop_fd;           /* -1: none */
    uint32_t     connect_ms;        /* 0: the defaults of RFC 5321 4.5.3.2, */
    uint32_t     command_ms;        /*   which are minutes */
    uint32_t     data_ms;           /* after the final dot */
} ptn_smtp_client_conf_t;

typedef enum {
    PTN_SMTP_SENT,
    PTN_SMTP_TEMPORARY,
    PTN_SMTP_PERMANENT
} ptn_smtp_result_e;

typedef struct {
    ptn_smtp_result_e  result;
    char               reply[256];  /* "550 5.1.1 No such user", printable */
} ptn_smtp_result_t;

typedef struct {
    ptn_str_t          sender;
    const ptn_str_t   *rcpt;
    uint32_t           nrcpt;
    bool               body8;
    uint64_t           size;
    /* Reads n bytes of the message at `off`; OK: all of them. */
    ptn_rc_t         (*read)(void *ctx, uint64_t off, u_char *p, size_t n);
    void              *ctx;
    ptn_smtp_result_t *results;     /* one for each recipient: out */
} ptn_smtp_send_t;

typedef struct ptn_smtp_client_s  ptn_smtp_client_t;


/* `conf` must outlive the client. */
ptn_rc_t ptn_smtp_client_create(const ptn_smtp_client_conf_t *conf,
    ptn_smtp_client_t **ret_client);
void ptn_smtp_client_destroy(ptn_smtp_client_t *client);

/*
 * Sends a message, connecting when there is no connection; afterwards the
 * connection is kept for the next.  Each recipient has its result.  Returns OK
 * when the server was spoken to; EUNAVAIL: it cannot be reached or refuses
 * to work (results say why; others need not be tried now); ECANCEL: stop_fd.
 */
ptn_rc_t ptn_smtp_client_send(ptn_smtp_client_t *client,
    const ptn_smtp_send_t *send);

/* QUIT, when there is a connection. */
void ptn_smtp_client_quit(ptn_smtp_client_t *client);


#endif /* PTN_SMTP_CLIENT_H */
