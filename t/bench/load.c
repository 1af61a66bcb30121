/*
 * A load of HTTP requests that wrk cannot send: each connection has a request
 * of its own, and a cookie that counts is sent back as it came.
 *
 *     load PORT SECONDS WANT REQUEST...
 *
 * One keep-alive connection to 127.0.0.1 per REQUEST, a file with the bytes of
 * a request; `@SEQUENCE=7@` in it becomes 7 and then what the last answer set
 * as cookie MapiSequence; at the end the file is written with the last one.  Every answer must be 200 and have WANT in
 * its first piece or its last.  Prints answers a second, answers, bytes of
 * body, p50 and p99 in microseconds; exit 1 when an answer was wrong.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>


#define MARK     "@SEQUENCE="
#define BUFFER   (256 * 1024)
#define SAMPLES  (1 << 20)

typedef struct {
    const char  *path;
    int          fd;
    const char  *tpl;           /* the file */
    size_t       tpl_len;
    size_t       mark, mark_end;    /* where the sequence stands in it */
    char        *out;           /* what is sent, rewritten each time */
    size_t       out_len, sent;
    char         sequence[32];
    char        *in;            /* the answer so far */
    size_t       in_len;
    size_t       head;          /* its length with the empty line; 0: not yet */
    bool         chunked;
    size_t       body;          /* Content-Length */
    double       since;
} conn_t;

static const char  *want;
static double       samples[SAMPLES];
static uint64_t     answers, bytes;
static int          under_way;
static double       until;      /* nothing is sent behind it */
static struct sockaddr_in  address;


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


static void
fail(const char *what, const conn_t *c)
{
    fprintf(stderr, "load: %s\n", what);

    if (c != NULL) {
        fwrite(c->in, 1, c->in_len < 2000 ? c->in_len : 2000, stderr);
    }

    exit(1);
}


static char *
slurp(const char *path, size_t *ret_len)
{
    FILE        *f;
    char        *p;
    struct stat  sb;

    f = fopen(path, "rb");

    if (f == NULL || fstat(fileno(f), &sb) != 0) {
        fail(path, NULL);
    }

    p = malloc((size_t) sb.st_size + 1);
    *ret_len = fread(p, 1, (size_t) sb.st_size, f);
    p[*ret_len] = '\0';
    fclose(f);

    return p;
}


static void
next_request(conn_t *c)
{
    size_t  n;

    memcpy(c->out, c->tpl, c->mark);
    n = c->mark;

    if (c->mark_end != 0) {
        memcpy(c->out + n, c->sequence, strlen(c->sequence));
        n += strlen(c->sequence);
        memcpy(c->out + n, c->tpl + c->mark_end, c->tpl_len - c->mark_end);
        n += c->tpl_len - c->mark_end;
    }

    c->out_len = n;
    c->sent = 0;
    c->in_len = 0;
    c->head = 0;
    c->since = now();
}


static void
push(conn_t *c)
{
    ssize_t  n;

    while (c->sent < c->out_len) {
        n = write(c->fd, c->out + c->sent, c->out_len - c->sent);

        if (n < 0 && errno == EAGAIN) {
            return;
        }

        if (n <= 0) {
            fail("write", c);
        }

        c->sent += (size_t) n;
    }
}


static void
read_head(conn_t *c)
{
    char  *end, *p;

    end = memmem(c->in, c->in_len, "\r\n\r\n", 4);
    if (end == NULL) {
        return;
    }

    c->head = (size_t) (end - c->in) + 4;

    if (memcmp(c->in, "HTTP/1.1 200", 12) != 0) {
        fail("not 200:", c);
    }

    *end = '\0';
    c->chunked = strcasestr(c->in, "\r\nTransfer-Encoding: chunked") != NULL;
    p = strcasestr(c->in, "\r\nContent-Length:");
    c->body = p != NULL ? strtoull(p + 17, NULL, 10) : 0;

    p = strstr(c->in, "MapiSequence=");
    if (p != NULL) {
        p += strlen("MapiSequence=");
        end = p + strcspn(p, ";\r\n");
        snprintf(c->sequence, sizeof(c->sequence), "%.*s", (int) (end - p), p);
    }

    c->in[c->head - 4] = '\r';
}


/* A chunked body ends in the only "\r\n0\r\n\r\n" at the end of what came. */
static bool
complete(const conn_t *c)
{
    if (c->head == 0) {
        return false;
    }

    if (c->chunked) {
        return c->in_len >= c->head + 5
               && memcmp(c->in + c->in_len - 5, "0\r\n\r\n", 5) == 0
               && (c->in_len == c->head + 5 || c->in[c->in_len - 6] == '\n');
    }

    return c->in_len >= c->head + c->body;
}


static void
pull(conn_t *c)
{
    ssize_t  n;

    n = read(c->fd, c->in + c->in_len, BUFFER * 16 - c->in_len);

    if (n < 0 && errno == EAGAIN) {
        return;
    }

    if (n <= 0) {
        fail("closed", c);
    }

    c->in_len += (size_t) n;

    if (c->head == 0) {
        read_head(c);
    }

    if (!complete(c)) {
        if (c->in_len >= BUFFER * 16) {
            fail("too long", c);
        }

        return;
    }

    if (memmem(c->in, c->in_len < BUFFER ? c->in_len : BUFFER, want,
               strlen(want))
        == NULL)
    {
        fail("not what was wanted:", c);
    }

    samples[answers % SAMPLES] = now() - c->since;
    answers++;
    bytes += c->in_len - c->head;

    if (now() >= until) {
        under_way--;
        return;
    }

    next_request(c);
    push(c);
}


static void
keep_sequence(const conn_t *c)
{
    FILE  *f;

    f = fopen(c->path, "wb");
    if (f == NULL) {
        fail(c->path, NULL);
    }

    fwrite(c->tpl, 1, c->mark, f);
    fprintf(f, MARK "%s@", c->sequence);
    fwrite(c->tpl + c->mark_end, 1, c->tpl_len - c->mark_end, f);
    fclose(f);
}


static void
begin(conn_t *c, const char *path)
{
    int          one = 1;
    const char  *p, *at;

    c->path = path;
    c->tpl = slurp(path, &c->tpl_len);
    c->mark = c->tpl_len;
    p = memmem(c->tpl, c->tpl_len, MARK, strlen(MARK));

    if (p != NULL) {
        c->mark = (size_t) (p - c->tpl);
        p += strlen(MARK);
        at = strchr(p, '@');
        snprintf(c->sequence, sizeof(c->sequence), "%.*s", (int) (at - p), p);
        c->mark_end = (size_t) (at + 1 - c->tpl);
    }

    c->out = malloc(c->tpl_len + 64);
    c->in = malloc(BUFFER * 16 + 1);

    c->fd = socket(AF_INET, SOCK_STREAM, 0);

    if (connect(c->fd, (struct sockaddr *) &address, sizeof(address)) != 0) {
        fail("connect", NULL);
    }

    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    next_request(c);
}


static int
ascending(const void *a, const void *b)
{
    double  x = *(const double *) a, y = *(const double *) b;

    return (x > y) - (x < y);
}


int
main(int argc, char **argv)
{
    int                 ep, i, n;
    double              start;
    size_t              ns;
    conn_t             *conns;
    struct epoll_event  ev, evs[64];

    if (argc < 5) {
        fprintf(stderr, "load PORT SECONDS WANT REQUEST...\n");
        return 2;
    }

    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t) atoi(argv[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    want = argv[3];

    ep = epoll_create1(0);
    conns = calloc((size_t) argc, sizeof(conn_t));

    for (i = 4; i < argc; i++) {
        begin(&conns[i], argv[i]);
        ev.events = EPOLLIN;
        ev.data.ptr = &conns[i];
        epoll_ctl(ep, EPOLL_CTL_ADD, conns[i].fd, &ev);
    }

    start = now();
    until = start + atof(argv[2]);

    for (i = 4; i < argc; i++) {
        push(&conns[i]);
        under_way++;
    }

    while (under_way != 0) {
        n = epoll_wait(ep, evs, 64, 100);

        if (now() > until + 10) {
            fail("no answer for 10 s", NULL);
        }

        for (i = 0; i < n; i++) {
            if (((conn_t *) evs[i].data.ptr)->sent
                < ((conn_t *) evs[i].data.ptr)->out_len)
            {
                push(evs[i].data.ptr);
            }

            pull(evs[i].data.ptr);
        }
    }

    until = now();

    for (i = 4; i < argc; i++) {
        if (conns[i].mark_end != 0) {
            keep_sequence(&conns[i]);
        }
    }

    if (answers == 0) {
        fail("no answer", NULL);
    }

    ns = answers < SAMPLES ? (size_t) answers : SAMPLES;
    qsort(samples, ns, sizeof(double), ascending);

    printf("%.1f\t%llu\t%llu\t%.0f\t%.0f\n", (double) answers / (until - start),
           (unsigned long long) answers, (unsigned long long) bytes,
           samples[ns / 2] * 1e6, samples[ns * 99 / 100] * 1e6);

    return 0;
}
