#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ptn_clerk.h"


void
ptn_control_status(ptn_world_t *world, ptn_buf_t *out)
{
    uint32_t            i, n;
    ptn_world_status_t  st;

    ptn_world_status(world, &st);

    ptn_buf_printf(out, "{\"stores_wanted\":%u,\"stores\":[", st.stores);

    for (i = 0, n = 0; i < PTN_STORES_MAX; i++) {
        if (i >= st.stores && st.store[i].pid == 0) {
            continue;
        }

        ptn_buf_printf(out, "%s{\"index\":%u,\"pid\":%d,\"generation\":%u,"
                       "\"jobs\":%llu,\"failed\":%llu,\"sessions\":%llu,"
                       "\"batches\":%llu,\"spilled\":%llu}",
                       n++ == 0 ? "" : ",", i, (int) st.store[i].pid,
                       st.store[i].generation,
                       (unsigned long long) st.store[i].jobs,
                       (unsigned long long) st.store[i].failed,
                       (unsigned long long) st.store[i].sessions,
                       (unsigned long long) st.store[i].batches,
                       (unsigned long long) st.store[i].spilled);
    }

    ptn_buf_printf(out, "],\"clerk\":%d,\"workers\":%u,\"counters\":{",
                   (int) st.clerk, st.workers_attached);

    for (i = 0; i < PTN_STAT_MAX; i++) {
        ptn_buf_printf(out, "%s\"%s\":%llu", i == 0 ? "" : ",",
                       ptn_stat_name(i),
                       (unsigned long long) st.counters[i]);
    }

    ptn_buf_z(out, "}}\n");
}


static ptn_rc_t
ptn_control_path(const char *root, struct sockaddr_un *sa)
{
    int  n;

    memset(sa, 0, sizeof(*sa));
    sa->sun_family = AF_UNIX;

    n = snprintf(sa->sun_path, sizeof(sa->sun_path), "%s/run/control", root);

    return n > 0 && (size_t) n < sizeof(sa->sun_path) ? PTN_OK : PTN_ETOOBIG;
}


ptn_rc_t
ptn_control_open(ptn_clerk_t *clerk)
{
    int                  fd;
    char                 dir[sizeof(((struct sockaddr_un *) 0)->sun_path)];
    const char          *root;
    struct sockaddr_un   sa;

    clerk->listen = -1;
    root = clerk->runner.proc->conf != NULL
           ? clerk->runner.proc->conf->root : NULL;

    if (root == NULL) {
        return PTN_OK;
    }

    if (ptn_control_path(root, &sa) != PTN_OK) {
        return PTN_ETOOBIG;             /* the CLI falls back to files */
    }

    snprintf(dir, sizeof(dir), "%.*s",
             (int) (strlen(sa.sun_path) - sizeof("/control") + 1),
             sa.sun_path);
    (void) mkdir(dir, 0700);

    fd = socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0);
    if (fd == -1) {
        return PTN_EIO;
    }

    (void) unlink(sa.sun_path);         /* we hold the clerk's lock */

    if (bind(fd, (struct sockaddr *) &sa, sizeof(sa)) == -1
        || chmod(sa.sun_path, 0600) == -1 || listen(fd, 16) == -1)
    {
        close(fd);
        return PTN_EIO;
    }

    clerk->listen = fd;

    return PTN_OK;
}


static void
ptn_control_drop(ptn_control_conn_t *c)
{
    close(c->fd);
    ptn_pool_destroy(c->pool);
    free(c->in);
    memset(c, 0, sizeof(*c));
    c->fd = -1;
}


void
ptn_control_close(ptn_clerk_t *clerk)
{
    uint32_t             i;
    struct sockaddr_un   sa;

    for (i = 0; i < PTN_CONTROL_CONNS; i++) {
        if (clerk->conn[i].fd != -1) {
            ptn_control_drop(&clerk->conn[i]);
        }
    }

    if (clerk->listen != -1) {
        close(clerk->listen);
        clerk->listen = -1;

        /* a successor makes its own */

        if (!ptn_runner_waiter(&clerk->runner)
            && ptn_control_path(clerk->runner.proc->conf->root, &sa)
               == PTN_OK)
        {
            (void) unlink(sa.sun_path);
        }
    }
}


static void
ptn_control_accept(ptn_clerk_t *clerk)
{
    int            fd;
    uint32_t       i;
    socklen_t      len;
    struct ucred   cred;

    fd = accept4(clerk->listen, NULL, NULL, SOCK_CLOEXEC|SOCK_NONBLOCK);
    if (fd == -1) {
        return;
    }

    len = sizeof(cred);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1
        || (cred.uid != 0 && cred.uid != clerk->runner.proc->conf->uid
            && cred.uid != geteuid()))
    {
        close(fd);
        return;
    }

    for (i = 0; i < PTN_CONTROL_CONNS; i++) {
        if (clerk->conn[i].fd == -1) {
            break;
        }
    }

    if (i == PTN_CONTROL_CONNS) {
        close(fd);
        return;
    }

    clerk->conn[i].in = malloc(PTN_CONTROL_LINE);
    clerk->conn[i].pool = ptn_pool_create(16 * 1024 * 1024, NULL);

    if (clerk->conn[i].in == NULL || clerk->conn[i].pool == NULL) {
        clerk->conn[i].fd = fd;
        ptn_control_drop(&clerk->conn[i]);
        return;
    }

    clerk->conn[i].fd = fd;
    clerk->conn[i].len = 0;
    clerk->conn[i].state = PTN_CONTROL_READ;
    clerk->conn[i].since = ptn_time_mono();
}


/* Frames what the verb wrote.  Any thread, while it owns the connection. */

void
ptn_control_answer(ptn_control_conn_t *c, ptn_rc_t rc)
{
    size_t     i, start;
    ptn_str_t  body;

    ptn_buf_init(&c->out, c->pool);

    if (rc == PTN_OK) {
        ptn_buf_z(&c->out, "OK\n");
    } else {
        ptn_buf_printf(&c->out, "ERR %s\n", ptn_err(rc)->name);
    }

    body = ptn_buf_get(&c->body);

    for (i = 0, start = 0; i < body.len; i++) {
        if (body.data[i] != '\n') {
            continue;
        }

        if (body.data[start] == '.') {
            ptn_buf_byte(&c->out, '.');
        }

        ptn_buf_add(&c->out, body.data + start, i + 1 - start);
        start = i + 1;
    }

    if (start < body.len) {
        ptn_buf_add(&c->out, body.data + start, body.len - start);
        ptn_buf_byte(&c->out, '\n');
    }

    ptn_buf_z(&c->out, ".\n");
    c->sent = 0;
}


static void
ptn_control_request(ptn_clerk_t *clerk, ptn_control_conn_t *c, size_t len)
{
    u_char                    *sp;
    ptn_str_t                  name, line;
    const ptn_control_verb_t  *v;

    ptn_pool_reset(c->pool);
    ptn_buf_init(&c->body, c->pool);

    line = ptn_str_make(c->in, len);
    if (line.len > 0 && line.data[line.len - 1] == '\r') {
        line.len--;
    }

    sp = line.len != 0 ? memchr(line.data, ' ', line.len) : NULL;
    name = ptn_str_make(line.data,
                        sp != NULL ? (size_t) (sp - line.data) : line.len);

    c->args = ptn_str_make(name.data + name.len, line.len - name.len);
    if (c->args.len > 0) {
        c->args.data++;
        c->args.len--;
    }

    c->state = PTN_CONTROL_WRITE;
    v = clerk->runner.proc->hooks != NULL ? clerk->runner.proc->hooks->verbs
                                          : NULL;

    if (ptn_str_eqz(name, "status")) {
        ptn_control_status(clerk->runner.world, &c->body);
        ptn_control_answer(c, PTN_OK);
        return;
    }

    if (ptn_str_eqz(name, "verbs")) {
        ptn_buf_z(&c->body, "status\nverbs\n");
        for ( /* void */ ; v != NULL && v->name != NULL; v++) {
            ptn_buf_printf(&c->body, "%s\n", v->name);
        }
        ptn_control_answer(c, PTN_OK);
        return;
    }

    for ( /* void */ ; v != NULL && v->name != NULL; v++) {
        if (ptn_str_eqz(name, v->name)) {
            c->verb = v;
            c->state = PTN_CONTROL_RUN;
            ptn_world_ring_clerk(clerk->runner.world);
            return;
        }
    }

    ptn_control_answer(c, PTN_ESUPPORT);
}


static bool
ptn_control_read(ptn_clerk_t *clerk, ptn_control_conn_t *c)
{
    u_char   *nl;
    ssize_t   n;

    n = read(c->fd, c->in + c->len, PTN_CONTROL_LINE - c->len);

    if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR)) {
        return false;
    }

    if (n > 0) {
        c->len += (size_t) n;
    }

    nl = c->len != 0 ? memchr(c->in, '\n', c->len) : NULL;

    if (nl == NULL) {
        return c->len < PTN_CONTROL_LINE;
    }

    c->used = (size_t) (nl + 1 - c->in);
    ptn_control_request(clerk, c, (size_t) (nl - c->in));

    return true;
}


static bool
ptn_control_write(ptn_control_conn_t *c)
{
    ssize_t    n;
    ptn_str_t  out;

    out = ptn_buf_get(&c->out);

    if (c->out.failed) {
        return false;
    }

    n = send(c->fd, out.data + c->sent, out.len - c->sent, MSG_NOSIGNAL);

    if (n == -1) {
        return errno == EAGAIN || errno == EINTR;
    }

    c->sent += (size_t) n;

    if (c->sent == out.len) {
        memmove(c->in, c->in + c->used, c->len - c->used);
        c->len -= c->used;
        c->state = PTN_CONTROL_READ;
        c->since = ptn_time_mono();
    }

    return true;
}


/* What the control thread polls beside its own: at most PTN_CONTROL_CONNS+1 */

uint32_t
ptn_control_poll(ptn_clerk_t *clerk, struct pollfd *pfd)
{
    uint32_t             i, n;
    ptn_control_conn_t  *c;

    n = 0;

    if (clerk->listen != -1) {
        pfd[n].fd = clerk->listen;
        pfd[n].events = POLLIN;
        n++;
    }

    for (i = 0; i < PTN_CONTROL_CONNS; i++) {
        c = &clerk->conn[i];

        if (c->fd == -1 || atomic_load(&c->state) == PTN_CONTROL_RUN) {
            continue;
        }

        pfd[n].fd = c->fd;
        pfd[n].events = c->state == PTN_CONTROL_READ ? POLLIN : POLLOUT;
        n++;
    }

    return n;
}


void
ptn_control_serve(ptn_clerk_t *clerk)
{
    bool                 ok;
    uint32_t             i;
    ptn_control_conn_t  *c;

    if (clerk->listen != -1) {
        ptn_control_accept(clerk);
    }

    for (i = 0; i < PTN_CONTROL_CONNS; i++) {
        c = &clerk->conn[i];

        if (c->fd == -1 || atomic_load(&c->state) == PTN_CONTROL_RUN) {
            continue;
        }

        ok = true;

        if (c->state == PTN_CONTROL_READ) {
            ok = ptn_control_read(clerk, c);
        }

        if (ok && c->state == PTN_CONTROL_WRITE) {
            ok = ptn_control_write(c);
        }

        if (!ok || ptn_time_mono() - c->since > 60 * 1000) {
            ptn_control_drop(c);
        }
    }
}


/* The CLI's side. */

static ptn_rc_t
ptn_control_collect(ptn_pool_t *pool, int fd, uint64_t until, ptn_str_t *ret)
{
    int            ms;
    ssize_t        n;
    uint64_t       now;
    ptn_buf_t      b;
    struct pollfd  pfd;

    ptn_buf_init(&b, pool);

    for ( ;; ) {
        if (b.len >= 2 && memcmp(b.data + b.len - 2, ".\n", 2) == 0
            && (b.len == 2 || b.data[b.len - 3] == '\n'))
        {
            *ret = ptn_buf_get(&b);
            return PTN_OK;
        }

        now = ptn_time_mono();
        if (now >= until) {
            return PTN_EBUSY;
        }

        pfd.fd = fd;
        pfd.events = POLLIN;
        ms = (int) ptn_min(until - now, (uint64_t) 1000);

        if (poll(&pfd, 1, ms) <= 0) {
            continue;
        }

        if (ptn_buf_reserve(&b, 4096) == NULL) {
            return PTN_ENOMEM;
        }

        n = read(fd, b.data + b.len, 4096);

        if (n == 0 || (n == -1 && errno != EINTR && errno != EAGAIN)) {
            return PTN_EIO;
        }

        if (n > 0) {
            b.len += (size_t) n;
        }
    }
}


static ptn_rc_t
ptn_control_parse(ptn_pool_t *pool, ptn_str_t all, ptn_str_t *ret_answer)
{
    size_t      i, n, start;
    u_char     *p;
    uint32_t    rc;
    ptn_str_t   first;

    p = memchr(all.data, '\n', all.len);
    first = ptn_str_make(all.data, (size_t) (p - all.data));

    if (!ptn_str_eqz(first, "OK")) {
        for (rc = 1; rc < PTN_RC_MAX; rc++) {
            n = strlen(ptn_err(rc)->name);
            if (first.len == 4 + n
                && memcmp(first.data + 4, ptn_err(rc)->name, n) == 0)
            {
                return (ptn_rc_t) rc;
            }
        }
        return PTN_EPARSE;
    }

    /* between the first line and the last; dots come off */

    start = first.len + 1;
    p = ptn_palloc(pool, all.len);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    n = 0;

    for (i = start; i < all.len - 2; i++) {
        if (i == start && all.data[i] == '.') {
            continue;
        }
        if (all.data[i] == '\n') {
            start = i + 1;
        }
        p[n++] = all.data[i];
    }

    *ret_answer = ptn_str_make(p, n);

    return PTN_OK;
}


ptn_rc_t
ptn_control_ask(ptn_pool_t *pool, const char *root, const char *line,
    uint32_t timeout_ms, ptn_str_t *ret_answer)
{
    int                  fd;
    char                 buf[PTN_CONTROL_LINE];
    ptn_rc_t             rc;
    ptn_str_t            all;
    struct sockaddr_un   sa;

    rc = ptn_control_path(root, &sa);
    if (rc != PTN_OK) {
        return rc;
    }

    if (strlen(line) + 2 > sizeof(buf) || strchr(line, '\n') != NULL) {
        return PTN_EINVAL;
    }

    fd = socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0);
    if (fd == -1) {
        return PTN_EIO;
    }

    if (connect(fd, (struct sockaddr *) &sa, sizeof(sa)) == -1) {
        rc = errno == EACCES || errno == EPERM ? PTN_EDENIED : PTN_ENOTFOUND;
        close(fd);
        return rc;
    }

    snprintf(buf, sizeof(buf), "%s\n", line);

    if (send(fd, buf, strlen(buf), MSG_NOSIGNAL) != (ssize_t) strlen(buf)) {
        close(fd);
        return PTN_EIO;
    }

    rc = ptn_control_collect(pool, fd, ptn_time_mono() + timeout_ms, &all);
    close(fd);

    return rc == PTN_OK ? ptn_control_parse(pool, all, ret_answer) : rc;
}
