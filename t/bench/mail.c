/*
 * The client of `./build.sh bench mail`: one row of work against an LMTP and
 * an IMAP server, ours or another, and the seconds that it took.
 *
 *   mail lmtp    IMAP LMTP USER PASSWORD N CONNECTIONS FILE...
 *   mail append  IMAP LMTP USER PASSWORD N CONNECTIONS FILE...
 *   mail flags   IMAP LMTP USER PASSWORD N
 *   mail bodies  IMAP LMTP USER PASSWORD N
 *   mail store   IMAP LMTP USER PASSWORD N
 *   mail select  IMAP LMTP USER PASSWORD
 *   mail first   IMAP LMTP USER PASSWORD       (waits for the server)
 *   mail idle    IMAP LMTP USER PASSWORD N     (until a line on stdin)
 *
 * IMAP and LMTP are ports of 127.0.0.1.  USER ends in '%' for one user per
 * connection: the number of the connection takes its place.  lmtp ends when
 * all N messages are seen by IMAP STATUS.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>


typedef struct {
    int     fd;
    size_t  pos, len;
    char    buf[65536];
} conn_t;

typedef struct {
    char    *data;
    size_t   len;
} file_t;

static int           imap_port, lmtp_port, total, nconns, nfiles;
static const char   *user, *password;
static file_t       *files;


static void
die(const char *what)
{
    fprintf(stderr, "mail: %s: %s\n", what, strerror(errno));
    exit(1);
}


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


static conn_t *
dial(int port)
{
    int                 one = 1;
    conn_t             *c;
    struct sockaddr_in  sin;

    c = malloc(sizeof(conn_t));
    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons((uint16_t) port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    c->pos = c->len = 0;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);

    if (c->fd == -1
        || connect(c->fd, (struct sockaddr *) &sin, sizeof(sin)) == -1)
    {
        die("connect");
    }

    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));

    return c;
}


static void
hang_up(conn_t *c)
{
    close(c->fd);
    free(c);
}


static void
put(conn_t *c, const char *p, size_t n)
{
    ssize_t  m;

    while (n != 0) {
        m = write(c->fd, p, n);
        if (m <= 0) {
            die("write");
        }
        p += m;
        n -= (size_t) m;
    }
}


/* One line without its CRLF; valid until the next call. */

static char *
line(conn_t *c)
{
    char     *nl, *p;
    ssize_t   n;

    for ( ;; ) {
        p = c->buf + c->pos;
        nl = memchr(p, '\n', c->len - c->pos);

        if (nl != NULL) {
            c->pos = (size_t) (nl + 1 - c->buf);
            *nl = '\0';
            if (nl > p && nl[-1] == '\r') {
                nl[-1] = '\0';
            }
            return p;
        }

        memmove(c->buf, p, c->len - c->pos);
        c->len -= c->pos;
        c->pos = 0;

        if (c->len == sizeof(c->buf)) {
            errno = EMSGSIZE;
            die("line");
        }

        n = read(c->fd, c->buf + c->len, sizeof(c->buf) - c->len);
        if (n <= 0) {
            die("read");
        }
        c->len += (size_t) n;
    }
}


static void
skip(conn_t *c, size_t n)
{
    size_t   have;
    ssize_t  m;

    have = c->len - c->pos;
    if (n <= have) {
        c->pos += n;
        return;
    }

    n -= have;
    c->pos = c->len = 0;

    while (n != 0) {
        m = read(c->fd, c->buf, n < sizeof(c->buf) ? n : sizeof(c->buf));
        if (m <= 0) {
            die("read");
        }
        n -= (size_t) m;
    }
}


static void
expect(conn_t *c, const char *prefix)
{
    char  *l;

    l = line(c);
    if (strncmp(l, prefix, strlen(prefix)) != 0) {
        fprintf(stderr, "mail: wanted \"%s\", got \"%s\"\n", prefix, l);
        exit(1);
    }
}


/* Reads to the tagged answer, over literals; returns FETCH replies seen. */

static int
tagged(conn_t *c)
{
    int      n;
    char    *l, *brace;
    size_t   len;

    for (n = 0; ; ) {
        l = line(c);

        if (l[0] == 't' && l[1] == ' ') {
            if (strncmp(l, "t OK", 4) != 0) {
                fprintf(stderr, "mail: %s\n", l);
                exit(1);
            }
            return n;
        }

        n += strstr(l, " FETCH (") != NULL;
        len = strlen(l);
        brace = strrchr(l, '{');

        if (len != 0 && l[len - 1] == '}' && brace != NULL) {
            skip(c, strtoul(brace + 1, NULL, 10));
        }
    }
}


static int
command(conn_t *c, const char *text)
{
    char  buf[512];

    put(c, buf, (size_t) snprintf(buf, sizeof(buf), "t %s\r\n", text));

    return tagged(c);
}


static void
name(char *buf, size_t size, int i)
{
    size_t  n;

    n = strlen(user);

    if (user[n - 1] == '%') {
        snprintf(buf, size, "%.*s%d@example.test", (int) n - 1, user, i);

    } else {
        snprintf(buf, size, "%s", user);
    }
}


static conn_t *
login(int i)
{
    char     who[128], buf[300];
    conn_t  *c;

    name(who, sizeof(who), i);
    c = dial(imap_port);
    expect(c, "* OK");
    snprintf(buf, sizeof(buf), "LOGIN %s %s", who, password);
    command(c, buf);

    return c;
}


static long
messages(conn_t *c)
{
    long   n;
    char  *l, *p;

    n = -1;
    put(c, "t STATUS INBOX (MESSAGES)\r\n", 27);

    for ( ;; ) {
        l = line(c);
        if (l[0] == 't') {
            return n;
        }
        p = strstr(l, "MESSAGES ");
        if (p != NULL) {
            n = strtol(p + 9, NULL, 10);
        }
    }
}


static void *
lmtp_thread(void *arg)
{
    int      i, me = (int) (long) arg;
    char     who[128], buf[512];
    conn_t  *c;

    name(who, sizeof(who), me);
    c = dial(lmtp_port);
    expect(c, "220");
    put(c, "LHLO bench\r\n", 12);
    while (line(c)[3] == '-') { /* void */ }

    for (i = me; i < total; i += nconns) {
        file_t  *f = &files[i % nfiles];

        put(c, buf, (size_t) snprintf(buf, sizeof(buf),
            "MAIL FROM:<bench@example.test>\r\nRCPT TO:<%s>\r\nDATA\r\n", who));
        expect(c, "250");
        expect(c, "250");
        expect(c, "354");
        put(c, f->data, f->len);
        put(c, "\r\n.\r\n", 5);
        expect(c, "250");
    }

    put(c, "QUIT\r\n", 6);
    hang_up(c);

    return NULL;
}


static void *
append_thread(void *arg)
{
    int      i, me = (int) (long) arg;
    char     buf[128];
    conn_t  *c;

    c = login(me);

    for (i = me; i < total; i += nconns) {
        file_t  *f = &files[i % nfiles];

        put(c, buf, (size_t) snprintf(buf, sizeof(buf),
                                      "t APPEND INBOX {%zu+}\r\n", f->len));
        put(c, f->data, f->len);
        put(c, "\r\n", 2);
        tagged(c);
    }

    hang_up(c);

    return NULL;
}


static double
run_threads(void *(*f)(void *))
{
    int         i;
    double      t;
    pthread_t   th[64];

    if (nconns > 64) {
        nconns = 64;
    }

    t = now();

    for (i = 0; i < nconns; i++) {
        pthread_create(&th[i], NULL, f, (void *) (long) i);
    }

    for (i = 0; i < nconns; i++) {
        pthread_join(th[i], NULL);
    }

    return now() - t;
}


static long
visible(void)
{
    int      i, n;
    long     sum;
    conn_t  *c;

    n = user[strlen(user) - 1] == '%' ? nconns : 1;

    for (i = 0, sum = 0; i < n; i++) {
        c = login(i);
        sum += messages(c);
        hang_up(c);
    }

    return sum;
}


static double
row_lmtp(void)
{
    long    before;
    double  t;

    before = visible();
    t = now();
    run_threads(lmtp_thread);

    while (visible() < before + total) { /* void */ }

    return now() - t;
}


/* Files come with LF or CRLF; they go out with CRLF and stuffed dots. */

static void
read_files(int n, char **paths)
{
    int     i;
    FILE   *in;
    char   *l = NULL;
    size_t  size = 0;

    nfiles = n;
    files = calloc((size_t) n, sizeof(file_t));

    for (i = 0; i < n; i++) {
        FILE     *out = open_memstream(&files[i].data, &files[i].len);
        ssize_t   len;

        in = fopen(paths[i], "r");
        if (in == NULL) {
            die(paths[i]);
        }

        while ((len = getline(&l, &size, in)) > 0) {
            while (len > 0 && (l[len - 1] == '\n' || l[len - 1] == '\r')) {
                len--;
            }
            if (len > 0 && l[0] == '.') {
                fputc('.', out);
            }
            fwrite(l, 1, (size_t) len, out);
            fputs("\r\n", out);
        }

        fclose(in);
        fclose(out);
    }

    free(l);
}


/* The server is only starting: until it greets. */

static void
row_wait(void)
{
    int                 fd, n, tries;
    char                greeting[4];
    struct timespec     ms = { 0, 1000000 };
    struct sockaddr_in  sin;

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons((uint16_t) imap_port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    for (tries = 0; tries < 10000; tries++) {
        fd = socket(AF_INET, SOCK_STREAM, 0);
        n = connect(fd, (struct sockaddr *) &sin, sizeof(sin)) == 0
            ? (int) read(fd, greeting, sizeof(greeting)) : -1;
        close(fd);

        if (n == 4 && memcmp(greeting, "* OK", 4) == 0) {
            return;
        }

        nanosleep(&ms, NULL);
    }

    die("no greeting");
}


static double
row_select(void)
{
    double   t;
    conn_t  *c;

    t = now();
    c = login(0);
    command(c, "SELECT INBOX");
    t = now() - t;
    hang_up(c);

    return t;
}


static double
row_command(const char *fmt, int n, int want)
{
    int      got;
    char     buf[256];
    double   t;
    conn_t  *c;

    c = login(0);
    command(c, "SELECT INBOX");
    snprintf(buf, sizeof(buf), fmt, n);

    t = now();
    got = command(c, buf);
    t = now() - t;

    if (want && got != want) {
        fprintf(stderr, "mail: %d replies, wanted %d\n", got, want);
        exit(1);
    }

    hang_up(c);

    return t;
}


static double
row_store(int n)
{
    double  t;

    t = row_command("STORE 1:%d +FLAGS (\\Flagged)", n, n);
    row_command("STORE 1:%d -FLAGS (\\Flagged)", n, n);

    return t;
}


static double
row_idle(int n)
{
    int             i;
    double          t;
    conn_t        **c;
    struct rlimit   rl = { (rlim_t) n + 64, (rlim_t) n + 64 };

    setrlimit(RLIMIT_NOFILE, &rl);
    c = calloc((size_t) n, sizeof(conn_t *));
    t = now();

    for (i = 0; i < n; i++) {
        c[i] = login(i);
        command(c[i], "SELECT INBOX");
        put(c[i], "t IDLE\r\n", 8);
        expect(c[i], "+");
    }

    t = now() - t;
    printf("%.6f\n", t);
    fflush(stdout);
    getchar();

    return t;
}


int
main(int argc, char **argv)
{
    int          n;
    double       t;
    const char  *row;

    if (argc < 6) {
        fprintf(stderr, "usage: see the top of t/bench/mail.c\n");
        return 2;
    }

    row = argv[1];
    imap_port = atoi(argv[2]);
    lmtp_port = atoi(argv[3]);
    user = argv[4];
    password = argv[5];
    n = argc > 6 ? atoi(argv[6]) : 0;
    nconns = 1;

    if (strcmp(row, "lmtp") == 0 || strcmp(row, "append") == 0) {
        if (argc < 9) {
            return 2;
        }
        total = n;
        nconns = atoi(argv[7]);
        read_files(argc - 8, argv + 8);
        t = row[0] == 'l' ? row_lmtp() : run_threads(append_thread);

    } else if (strcmp(row, "flags") == 0) {
        t = row_command("FETCH 1:%d (FLAGS UID RFC822.SIZE)", n, n);

    } else if (strcmp(row, "bodies") == 0) {
        t = row_command("FETCH 1:%d BODY.PEEK[]", n, n);

    } else if (strcmp(row, "store") == 0) {
        t = row_store(n);

    } else if (strcmp(row, "select") == 0) {
        t = row_select();

    } else if (strcmp(row, "first") == 0) {
        row_wait();
        t = row_select();

    } else if (strcmp(row, "idle") == 0) {
        row_idle(n);
        return 0;

    } else {
        return 2;
    }

    printf("%.6f\n", t);

    return 0;
}
