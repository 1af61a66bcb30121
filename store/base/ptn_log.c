#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ptn_base.h"


#define PTN_LOG_LINE  4096

struct ptn_log_s {
    _Atomic int      fd;
    ptn_log_level_e  level;
    char            *path;
    char             who[32];
};


static int
ptn_log_open_fd(const char *path)
{
    if (path == NULL) {
        return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    }

    return open(path, O_WRONLY|O_APPEND|O_CREAT|O_CLOEXEC, 0640);
}


ptn_log_t *
ptn_log_open(const char *path, const char *who, ptn_log_level_e level)
{
    int         fd;
    ptn_log_t  *log;

    fd = ptn_log_open_fd(path);
    if (fd == -1) {
        return NULL;
    }

    log = calloc(1, sizeof(ptn_log_t));
    if (log == NULL || (path != NULL && (log->path = strdup(path)) == NULL)) {
        free(log);
        close(fd);
        return NULL;
    }

    log->fd = fd;
    log->level = level;
    snprintf(log->who, sizeof(log->who), "%s", who);

    return log;
}


void
ptn_log_close(ptn_log_t *log)
{
    if (log == NULL) {
        return;
    }

    close(log->fd);
    free(log->path);
    free(log);
}


ptn_rc_t
ptn_log_reopen(ptn_log_t *log)
{
    int  fd;

    if (log->path == NULL) {
        return PTN_OK;
    }

    fd = ptn_log_open_fd(log->path);
    if (fd == -1) {
        return PTN_EIO;
    }

    /* dup3 keeps the number, so a concurrent writer never sees it closed */

    if (dup3(fd, log->fd, O_CLOEXEC) == -1) {
        close(fd);
        return PTN_EIO;
    }

    close(fd);

    return PTN_OK;
}


static size_t
ptn_log_clean(char *dst, size_t size, const char *src)
{
    size_t  n;

    for (n = 0; *src != '\0' && n + 5 < size; src++) {
        if ((u_char) *src < 0x20 || *src == 0x7f) {
            n += (size_t) sprintf(dst + n, "\\x%02x", (u_char) *src);
            continue;
        }
        dst[n++] = *src;
    }

    return n;
}


void
ptn_log(ptn_log_t *log, ptn_log_level_e level, const char *fmt, ...)
{
    int                 n;
    char                text[PTN_LOG_LINE / 2], line[PTN_LOG_LINE];
    size_t              len;
    int64_t             now;
    va_list             ap;
    ptn_civil_t         c;
    static const char  *levels[] = { "error", "warn", "info", "debug" };

    if (log == NULL || level > log->level) {
        return;
    }

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);

    now = ptn_time_now();
    ptn_time_to_civil(now / PTN_USEC, &c);

    n = snprintf(line, sizeof(line),
                 "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ %s[%d] %s ",
                 c.year, c.month, c.day, c.hour, c.min, c.sec,
                 (int) (now % PTN_USEC), log->who, (int) getpid(),
                 levels[level]);

    len = (size_t) n;
    len += ptn_log_clean(line + len, sizeof(line) - len - 1, text);
    line[len++] = '\n';

    while (write(log->fd, line, len) == -1 && errno == EINTR) {
        /* void */
    }
}
