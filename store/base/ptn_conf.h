/*
 * The effective configuration as plain C.  ngx_modules/core fills it from
 * the `postern {}` block, the CLI from ROOT; store processes and the clerk
 * only read it.  Strings live as long as the structure.
 */

#ifndef PTN_CONF_H
#define PTN_CONF_H


#include "ptn_base.h"


typedef struct {
    const char  *root;              /* ROOT, absolute; 0700 of `user` */
    const char  *hostname;          /* SMTP banner, Received, Message-ID */
    const char  *user;              /* name, for messages; NULL: as we are */
    uid_t        uid;
    gid_t        gid;

    uint32_t     workers;           /* store processes, 1 .. PTN_STORES_MAX */
    uint32_t     executors;         /* threads of each, 2 .. 16 */

    const char  *directory;         /* path of the SQLite directory;
                                       NULL: ROOT/directory.sqlite */
    const char  *log;               /* path; NULL: ROOT/../postern.log */
    uint32_t     log_level;         /* ptn_log_level_e */

    const char  *relay_host;        /* "host[:port]" for mail to others;
                                       NULL: such mail is refused */
    const char  *relay_user;        /* SASL PLAIN at the relay; NULL: none */
    const char  *relay_password;
    uint32_t     relay_tls;         /* 0 never, 1 if offered, 2 required,
                                       3 verified */
    uint32_t     queue_retry_min;   /* seconds; doubles up to _max */
    uint32_t     queue_retry_max;
    uint32_t     queue_lifetime;    /* seconds, then a DSN */

    uint32_t     deleted_retention; /* seconds that what was deleted softly
                                       can be recovered, 14 days */
    uint64_t     message_max;       /* bytes per message, 150 MB */
    uint32_t     rcpt_max;          /* recipients per transaction, 1000 */
    uint32_t     sessions_max;      /* per user, 100 */
    uint64_t     job_memory;        /* cap of a job's arena */
    uint32_t     idle_timeout;      /* seconds; IMAP at least 1800 */
    uint32_t     mapi_idle;         /* seconds a Session Context lives unused */
    uint32_t     mapi_pending;      /* seconds between PENDINGs */
    uint32_t     mapi_wait;         /* seconds a NotificationWait may take */
    const char  *mapi_server_application;   /* "Exchange/15.02.1544.011" */
    bool         clear_text_auth;   /* credentials without TLS */
    bool         verify_content;    /* blobs are hashed when they are read */
    bool         fsync;             /* never false but in benchmarks that
                                       say so */
    const char  *auth_trusted;      /* nets of proxies, "10.0.0.0/8 ::1/128":
                                       failed logins there count per login
                                       only.  NULL: none but loopback */
} ptn_conf_t;


/* Fills every member with its default; root must then be set. */
void ptn_conf_defaults(ptn_conf_t *conf);


#endif /* PTN_CONF_H */
