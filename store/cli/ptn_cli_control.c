#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ptn_cli_control.h"


#define PTN_CLI_CONTROL_MAX      (4 * 1024 * 1024)
#define PTN_CLI_CONTROL_TIMEOUT  10000          /* ms */


static ptn_rc_t
ptn_cli_control_connect(ptn_cli_t *cli, int *ret_fd)
{
    int                 fd, err;
    struct sockaddr_un  sa;

    memset(&sa, 0, sizeof(struct sockaddr_un));
    sa.sun_family = AF_UNIX;

    if ((size_t) snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/run/control",
                          cli->conf.root) >= sizeof(sa.sun_path))
    {
        return PTN_EINVAL;
    }

    fd = socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0);
    if (fd == -1) {
        return PTN_EIO;
    }

    if (connect(fd, (struct sockaddr *) &sa, sizeof(sa)) == 0) {
        *ret_fd = fd;
        return PTN_OK;
    }

    err = errno;
    close(fd);

    return (err == EACCES || err == EPERM) ? PTN_EDENIED : PTN_ENOTFOUND;
}


bool
ptn_cli_control_runs(ptn_cli_t *cli)
{
    int  fd;

    if (ptn_cli_control_connect(cli, &fd) != PTN_OK) {
        return false;
    }

    close(fd);

    return true;
}


/* Up to the line of one dot. */

static ptn_rc_t
ptn_cli_control_read(ptn_cli_t *cli, int fd, ptn_str_t *ret)
{
    u_char         *p;
    uint64_t        end;
    ssize_t         n;
    ptn_buf_t       b;
    struct pollfd   pfd = { fd, POLLIN, 0 };

    ptn_buf_init(&b, cli->pool);
    end = ptn_time_mono() + PTN_CLI_CONTROL_TIMEOUT;

    for ( ;; ) {

        if (b.len > PTN_CLI_CONTROL_MAX) {
            return PTN_ETOOBIG;
        }

        if (ptn_time_mono() >= end || poll(&pfd, 1, 1000) == -1) {
            return PTN_EIO;
        }

        if (pfd.revents == 0) {
            continue;
        }

        p = ptn_buf_reserve(&b, 4096);
        if (p == NULL) {
            return PTN_ENOMEM;
        }

        n = read(fd, p, 4096);

        if (n <= 0) {
            return PTN_ETRUNC;
        }

        b.len += (size_t) n;

        if (b.len >= 3 && memcmp(b.data + b.len - 3, "\n.\n", 3) == 0) {
            *ret = ptn_str_make(b.data, b.len - 2);
            return PTN_OK;
        }
    }
}


ptn_rc_t
ptn_cli_control_ask(ptn_cli_t *cli, const char *request,
    ptn_str_t *ret_answer)
{
    int        fd;
    size_t     len;
    ptn_rc_t   rc;
    ptn_str_t  answer;

    rc = ptn_cli_control_connect(cli, &fd);
    if (rc != PTN_OK) {
        return rc;
    }

    len = strlen(request);

    if (write(fd, request, len) != (ssize_t) len) {
        close(fd);
        return PTN_EIO;
    }

    rc = ptn_cli_control_read(cli, fd, &answer);

    close(fd);

    if (rc != PTN_OK) {
        return rc;
    }

    /* "OK" alone on the first line, or "ERR name" */

    if (answer.len < 3 || memcmp(answer.data, "OK\n", 3) != 0) {
        return PTN_EPARSE;
    }

    *ret_answer = ptn_str_make(answer.data + 3, answer.len - 3);

    return PTN_OK;
}


/* --- JSON ------------------------------------------------------------- */

#define PTN_CLI_JSON_DEPTH  16
#define PTN_CLI_JSON_PATH   512

typedef struct {
    const u_char  *p, *end;
    char           path[PTN_CLI_JSON_PATH];
    size_t         len;                     /* of path */
    unsigned       depth;
    void         (*leaf)(void *ctx, const char *path, ptn_cli_json_e kind,
                     ptn_str_t value);
    void          *ctx;
} ptn_cli_json_t;

static ptn_rc_t ptn_cli_json_value(ptn_cli_json_t *j);


static u_char
ptn_cli_json_peek(ptn_cli_json_t *j)
{
    while (j->p < j->end && strchr(" \t\r\n", *j->p) != NULL && *j->p) {
        j->p++;
    }

    return (j->p < j->end) ? *j->p : '\0';
}


/* What stands between quotes, escapes as they are. */

static ptn_rc_t
ptn_cli_json_string(ptn_cli_json_t *j, ptn_str_t *ret)
{
    const u_char  *start;

    start = ++j->p;

    for ( /* void */ ; j->p < j->end; j->p++) {

        if (*j->p == '\\') {
            if (++j->p == j->end) {
                break;
            }
            continue;
        }

        if (*j->p == '"') {
            *ret = ptn_str_make(start, (size_t) (j->p - start));
            j->p++;
            return PTN_OK;
        }
    }

    return PTN_EPARSE;
}


/* Goes down one name, reads a value, comes back up. */

static ptn_rc_t
ptn_cli_json_below(ptn_cli_json_t *j, ptn_str_t name)
{
    size_t    len;
    ptn_rc_t  rc;

    len = j->len;

    if (len + name.len + 2 > sizeof(j->path)
        || j->depth == PTN_CLI_JSON_DEPTH)
    {
        return PTN_ETOOBIG;
    }

    if (len != 0) {
        j->path[j->len++] = '.';
    }

    memcpy(j->path + j->len, name.data, name.len);
    j->len += name.len;
    j->path[j->len] = '\0';
    j->depth++;

    rc = ptn_cli_json_value(j);

    j->depth--;
    j->len = len;
    j->path[len] = '\0';

    return rc;
}


/* An object or an array: they differ in what names the values. */

static ptn_rc_t
ptn_cli_json_members(ptn_cli_json_t *j, u_char close)
{
    char       number[16];
    ptn_rc_t   rc;
    unsigned   i;
    ptn_str_t  name;

    j->p++;

    if (ptn_cli_json_peek(j) == close) {
        j->p++;
        return PTN_OK;
    }

    for (i = 0; ; i++) {

        if (close == '}') {
            if (ptn_cli_json_peek(j) != '"'
                || ptn_cli_json_string(j, &name) != PTN_OK
                || ptn_cli_json_peek(j) != ':')
            {
                return PTN_EPARSE;
            }

            j->p++;

        } else {
            snprintf(number, sizeof(number), "%u", i);
            name = ptn_str_z(number);
        }

        rc = ptn_cli_json_below(j, name);
        if (rc != PTN_OK) {
            return rc;
        }

        if (ptn_cli_json_peek(j) == close) {
            j->p++;
            return PTN_OK;
        }

        if (ptn_cli_json_peek(j) != ',') {
            return PTN_EPARSE;
        }

        j->p++;
    }
}


static ptn_rc_t
ptn_cli_json_value(ptn_cli_json_t *j)
{
    u_char         c;
    ptn_rc_t       rc;
    ptn_str_t      s;
    const u_char  *start;

    c = ptn_cli_json_peek(j);

    if (c == '{') {
        return ptn_cli_json_members(j, '}');
    }

    if (c == '[') {
        return ptn_cli_json_members(j, ']');
    }

    if (c == '"') {
        rc = ptn_cli_json_string(j, &s);
        if (rc == PTN_OK) {
            j->leaf(j->ctx, j->path, PTN_CLI_JSON_STRING, s);
        }
        return rc;
    }

    for (start = j->p; j->p < j->end; j->p++) {
        if (!((*j->p >= 'a' && *j->p <= 'z') || (*j->p >= '0' && *j->p <= '9')
              || *j->p == '-' || *j->p == '+' || *j->p == '.'
              || *j->p == 'E'))
        {
            break;
        }
    }

    s = ptn_str_make(start, (size_t) (j->p - start));

    if (s.len == 0) {
        return PTN_EPARSE;
    }

    j->leaf(j->ctx, j->path, (c == '-' || (c >= '0' && c <= '9'))
                             ? PTN_CLI_JSON_NUMBER : PTN_CLI_JSON_OTHER, s);

    return PTN_OK;
}


ptn_rc_t
ptn_cli_json_walk(ptn_str_t json,
    void (*leaf)(void *ctx, const char *path, ptn_cli_json_e kind,
        ptn_str_t value),
    void *ctx)
{
    ptn_rc_t        rc;
    ptn_cli_json_t  j;

    memset(&j, 0, sizeof(ptn_cli_json_t));
    j.p = json.data;
    j.end = json.data + json.len;
    j.leaf = leaf;
    j.ctx = ctx;

    rc = ptn_cli_json_value(&j);

    if (rc == PTN_OK && ptn_cli_json_peek(&j) != '\0') {
        rc = PTN_EPARSE;
    }

    return rc;
}
