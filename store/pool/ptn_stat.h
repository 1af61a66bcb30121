/*
 * Counters from day one: one list gives the enum, the names of
 * `postern status` and the help texts for Prometheus.  New rows go to the
 * end; at most PTN_STATS_MAX.
 */

#ifndef PTN_STAT_H
#define PTN_STAT_H


#define PTN_STATS_MAX  64

#define PTN_STATS(S)                                                          \
    S(JOBS,          "jobs",             "Jobs answered")                     \
    S(JOBS_FAILED,   "jobs_failed",      "Jobs answered with an error")       \
    S(JOBS_LOST,     "jobs_lost",        "Jobs whose process died under them")\
    S(JOBS_CANCELLED,"jobs_cancelled",   "Jobs whose client went away")       \
    S(BATCHES,       "batches",          "Group commits")                     \
    S(BATCHED,       "batched_jobs",     "Jobs that shared a group commit")   \
    S(BATCH_FAILED,  "batches_failed",   "Group commits that failed")         \
    S(SPILLED,       "replies_spilled",  "Replies that went through a file")  \
    S(SPILLED_BYTES, "spilled_bytes",    "Bytes of those")                    \
    S(AUTH_BUSY,     "auth_busy",        "Sign-ins refused: queue full")      \
    S(REFUSED,       "messages_refused", "Malformed messages of workers")     \
    S(SESSIONS,      "sessions_made",    "Sessions made")                     \
    S(SESSIONS_LOST, "sessions_unknown", "Jobs naming a session that is gone")\
    S(WORKERS_DEAD,  "workers_dead",     "Workers that died with jobs open")  \
    S(TAKEOVERS,     "takeovers",        "Rings taken over from a dead store")\
    S(HANDOVERS,     "handovers",        "Rings handed over in peace")        \
    S(BUMPS,         "changes",          "Mailbox changes announced")         \
    /* sign-in and the streams */                                             \
    S(AUTH_OK,       "auth_ok",          "Successful sign-ins")               \
    S(AUTH_FAILED,   "auth_failed",      "Failed sign-ins")                   \
    S(AUTH_THROTTLED,"auth_throttled",   "Sign-ins refused by the throttle")  \
    S(SMTP_ACCEPTED, "smtp_accepted",    "Messages accepted by SMTP")         \
    S(SMTP_REFUSED,  "smtp_refused",     "Recipients or messages refused")    \
    S(LMTP_DELIVERED,"lmtp_delivered",   "Deliveries answered over LMTP")     \
    S(DELIVERED,     "delivered",        "Deliveries to local mailboxes")     \
    S(RELAYED,       "relayed",          "Recipients sent to the relay")      \
    S(DEFERRED,      "deferred",         "Deliveries put off")                \
    S(BOUNCED,       "bounced",          "Recipients given up")               \
    S(IMAP_SESSIONS, "imap_sessions",    "IMAP sessions opened")              \
    S(FSYNC_FAILED,  "fsync_failed",     "Mailboxes shut by a failed fsync")  \
    S(SESSIONS_FULL, "sessions_refused", "Sessions above a user's limit")


typedef enum {
#define PTN_STAT_ENUM(id, name, help)  PTN_STAT_##id,
    PTN_STATS(PTN_STAT_ENUM)
#undef PTN_STAT_ENUM
    PTN_STAT_MAX
} ptn_stat_e;


/* NULL above the list. */
const char *ptn_stat_name(unsigned stat);
const char *ptn_stat_help(unsigned stat);


#endif /* PTN_STAT_H */
