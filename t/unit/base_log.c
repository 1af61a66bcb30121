/*
 * Log lines: form, control characters, levels, length, reopening, sharing.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ptn_test.h"


static char  dir[] = "/tmp/ptn-log-XXXXXX";
static char  path[128], moved[128];
static char  text[4 * 1024 * 1024];


static const char *
slurp(const char *name)
{
    int      fd;
    ssize_t  n, len;

    fd = open(name, O_RDONLY);
    len = 0;

    while (fd != -1
           && (n = read(fd, text + len, sizeof(text) - 1 - (size_t) len)) > 0)
    {
        len += n;
    }

    if (fd != -1) {
        close(fd);
    }

    text[len] = '\0';

    return text;
}


static void
test_lines(void)
{
    int          y, mo, d, h, mi, s, us, pid, n;
    char         who[32], level[16], big[6000];
    ptn_log_t   *log;
    struct stat  st;

    umask(0);
    log = ptn_log_open(path, "store0", PTN_LOG_INFO);
    ok(log != NULL, "open");
    ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0640, "mode 0640");

    ptn_log(log, PTN_LOG_INFO, "key=%s n=%d", "value", 7);
    n = sscanf(slurp(path), "%4d-%2d-%2dT%2d:%2d:%2d.%6dZ %31[^[][%d] %15s",
               &y, &mo, &d, &h, &mi, &s, &us, who, &pid, level);
    is_u64((uint64_t) n, 10, "the form of a line");
    ok(y >= 2020 && mo >= 1 && mo <= 12 && strcmp(who, "store0") == 0
       && pid == getpid() && strcmp(level, "info") == 0, "and its parts");
    ok(strstr(text, " info key=value n=7\n") != NULL, "the text");

    ptn_log(log, PTN_LOG_DEBUG, "invisible");
    ptn_log(log, PTN_LOG_ERROR, "seen");
    ptn_log(log, PTN_LOG_WARN, "seen too");
    slurp(path);
    ok(strstr(text, "invisible") == NULL && strstr(text, " error seen\n")
       && strstr(text, " warn seen too\n"), "levels");

    ptn_log(log, PTN_LOG_INFO, "%s", "a\nb\rc\td\x1b[31m\x7f\x01 \xc3\xa4");
    ok(strstr(slurp(path), "info a\\x0ab\\x0dc\\x09d\\x1b[31m\\x7f\\x01"
              " \xc3\xa4\n") != NULL, "control characters");

    memset(big, 'x', sizeof(big));
    big[sizeof(big) - 1] = '\0';
    ptn_log(log, PTN_LOG_INFO, "%s", big);
    memset(big, '\n', sizeof(big) - 1);
    ptn_log(log, PTN_LOG_INFO, "%s", big);
    ptn_log(log, PTN_LOG_INFO, "last");
    slurp(path);

    for (n = 0, y = 0, d = 0; text[d] != '\0'; d++) {
        if (text[d] == '\n') {
            n++;
            y = 0;

        } else {
            y++;
        }

        if (y > 4095) {
            break;
        }
    }

    ok(n == 7 && y == 0, "long ones are cut, each is one line of 4 KiB");
    ok(strstr(text, "info last\n") != NULL, "and the next one is whole");

    ptn_log(NULL, PTN_LOG_ERROR, "nothing");
    ptn_log_close(log);
    ptn_log_close(NULL);
    unlink(path);
}


static void
test_reopen(void)
{
    char        old[64], new[64], in_old[64], in_new[64];
    ptn_log_t  *log;

    log = ptn_log_open(path, "clerk", PTN_LOG_INFO);
    ptn_log(log, PTN_LOG_INFO, "one");
    rename(path, moved);
    ptn_log(log, PTN_LOG_INFO, "two");
    is_rc(ptn_log_reopen(log), PTN_OK, "reopen");
    ptn_log(log, PTN_LOG_INFO, "three");

    slurp(moved);
    ok(strstr(text, " one\n") && strstr(text, " two\n")
       && !strstr(text, " three\n"), "the old file has what was before");
    slurp(path);
    ok(!strstr(text, " two\n") && strstr(text, " three\n"),
       "the new one what came after");

    unlink(path);
    unlink(moved);

    ptn_log_close(log);

    /* its directory is gone: the old file is kept */

    snprintf(old, sizeof(old), "%s/old", dir);
    snprintf(new, sizeof(new), "%s/new", dir);
    snprintf(in_old, sizeof(in_old), "%s/old/log", dir);
    snprintf(in_new, sizeof(in_new), "%s/new/log", dir);
    mkdir(old, 0700);

    log = ptn_log_open(in_old, "clerk", PTN_LOG_INFO);
    rename(old, new);
    is_rc(ptn_log_reopen(log), PTN_EIO, "reopen fails");
    ptn_log(log, PTN_LOG_INFO, "still");
    ok(strstr(slurp(in_new), " still\n") != NULL, "the old file goes on");
    ptn_log_close(log);

    unlink(in_new);
    rmdir(new);

    ok(ptn_log_open("/nowhere/log", "x", PTN_LOG_INFO) == NULL
       && errno == ENOENT, "cannot be opened");

    log = ptn_log_open(NULL, "x", PTN_LOG_INFO);
    ok(log != NULL, "standard error");
    is_rc(ptn_log_reopen(log), PTN_OK, "needs no reopening");
    ptn_log_close(log);
}


typedef struct {
    ptn_log_t  *log;
    bool        reopen;
} writer_t;


static void *
writer(void *data)
{
    unsigned   i;
    writer_t  *w = data;

    for (i = 0; i < 2000; i++) {
        if (w->reopen) {
            ptn_log_reopen(w->log);

        } else {
            ptn_log(w->log, PTN_LOG_INFO, "line=%u %0100d end", i, 0);
        }
    }

    return NULL;
}


/* Threads, processes and a reopening beside them: every line is whole. */

static void
test_shared(void)
{
    int          status;
    char        *p, *nl;
    pid_t        pid;
    unsigned     i, n, bad;
    writer_t     w[3];
    pthread_t    th[3];
    ptn_log_t   *log;

    snprintf(path, sizeof(path), "%s/shared", dir);

    pid = fork();

    log = ptn_log_open(path, pid ? "parent" : "child", PTN_LOG_INFO);

    for (i = 0; i < 3; i++) {
        w[i].log = log;
        w[i].reopen = i == 2;
        pthread_create(&th[i], NULL, writer, &w[i]);
    }

    for (i = 0; i < 3; i++) {
        pthread_join(th[i], NULL);
    }

    ptn_log_close(log);

    if (pid == 0) {
        _exit(0);
    }

    waitpid(pid, &status, 0);

    slurp(path);

    for (p = text, n = 0, bad = 0; (nl = strchr(p, '\n')) != NULL; p = nl + 1) {
        n++;
        bad += nl - p < 150 || memcmp(nl - 4, " end", 4) != 0
               || memcmp(p, "20", 2) != 0;
    }

    is_u64(n, 8000, "all lines");
    is_u64(bad, 0, "all whole");
    unlink(path);
}


int
main(void)
{
    if (mkdtemp(dir) == NULL) {
        return 1;
    }

    snprintf(path, sizeof(path), "%s/log", dir);
    snprintf(moved, sizeof(moved), "%s/log.1", dir);

    test_lines();
    test_reopen();
    test_shared();

    rmdir(dir);
    ok(access(dir, F_OK) == -1, "nothing is left");

    return done_testing();
}
