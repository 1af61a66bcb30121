/*
 * The SMTP client's connection: a socket that does not block, TLS over it, a
 * limit on every wait, lines in, a buffer out.  It knows nothing of SMTP but
 * how a failure is told: `error` has the words of a reply.
 *
 * Calls return OK, ECANCEL (stop_fd), ENOMEM, or EIO for all else.
 */

#ifndef PTN_SMTP_LINK_H
#define PTN_SMTP_LINK_H


#include <openssl/ssl.h>

#include "ptn_base.h"


#define PTN_SMTP_LINK_LINE   2048           /* of a reply; longer: not SMTP */
#define PTN_SMTP_LINK_CHUNK  (32 * 1024)    /* out holds two of them */

typedef struct {
    char       name[256];
    char       port[16];
    int        stop_fd;
    SSL_CTX   *ctx;

    int        fd;                          /* -1: no connection */
    SSL       *ssl;                         /* NULL: in the clear */

    u_char     in[4096];
    size_t     in_pos, in_last;
    u_char     out[PTN_SMTP_LINK_CHUNK * 2 + 8];
    size_t     out_len;

    char       error[256];                  /* "451 4.4.1 Timeout" */
} ptn_smtp_link_t;


/* `host` as in ptn_smtp_client_conf_t.  False: it is none. */
bool ptn_smtp_link_init(ptn_smtp_link_t *link, const char *host, int stop_fd);
void ptn_smtp_link_done(ptn_smtp_link_t *link);

/* Tries each address of the name, `ms` for each. */
ptn_rc_t ptn_smtp_link_connect(ptn_smtp_link_t *link, uint32_t ms);

/*
 * The handshake.  What had come in the clear is dropped.  `verify`: the
 * certificate must be vouched for and be for the name (or the address).
 */
ptn_rc_t ptn_smtp_link_tls(ptn_smtp_link_t *link, bool verify, uint32_t ms);

void ptn_smtp_link_close(ptn_smtp_link_t *link);

/* Into the buffer; what does not fit whole is not there at all. */
void ptn_smtp_link_add(ptn_smtp_link_t *link, const char *fmt, ...)
    PTN_PRINTF(2, 3);

/* Sends the buffer; `ms` from one progress to the next. */
ptn_rc_t ptn_smtp_link_flush(ptn_smtp_link_t *link, uint32_t ms);

/*
 * One line, of PTN_SMTP_LINK_LINE bytes at most, without its end, by `until`
 * (ptn_time_mono).
 */
ptn_rc_t ptn_smtp_link_line(ptn_smtp_link_t *link, char *line, uint64_t until);


#endif /* PTN_SMTP_LINK_H */
