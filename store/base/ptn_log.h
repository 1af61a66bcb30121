/*
 * Log files of postern (DESIGN 7): one line per event, real time stamps,
 * `key=value` pairs whose keys stand in docs/log-keys.md, never a subject,
 * a body or a password.  Lines are written with one write(2) in O_APPEND, so
 * that processes may share a file.
 *
 * Store code logs at DEBUG only; whoever knows user and request logs once.
 */

#ifndef PTN_LOG_H
#define PTN_LOG_H


typedef struct ptn_log_s  ptn_log_t;

typedef enum {
    PTN_LOG_ERROR,
    PTN_LOG_WARN,
    PTN_LOG_INFO,
    PTN_LOG_DEBUG
} ptn_log_level_e;


/*
 * Opens `path` for appending (created 0640); NULL: standard error.  `who`
 * names the process in each line ("store0", "clerk", "cli").  NULL when it
 * cannot be opened (errno is set).
 */
ptn_log_t *ptn_log_open(const char *path, const char *who,
    ptn_log_level_e level);
void ptn_log_close(ptn_log_t *log);

/* Opens the file anew (USR1).  Keeps the old one when that fails. */
ptn_rc_t ptn_log_reopen(ptn_log_t *log);

/*
 * One line: "2026-01-31T12:00:00.123456Z store0[pid] LEVEL text".  Control
 * characters in the text are written as \xNN.  NULL log: nothing.
 */
void ptn_log(ptn_log_t *log, ptn_log_level_e level, const char *fmt, ...)
    PTN_PRINTF(3, 4);


#endif /* PTN_LOG_H */
