#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_cli.h"
#include "ptn_verifier.h"


/* Room for the longest password, a line end and one byte too many. */
#define PTN_CLI_PASSWORD_SIZE  (PTN_VERIFIER_PASSWORD_MAX + 3)


int
ptn_cli_password(ptn_cli_t *cli, ptn_str_t *ret_password)
{
    char     *p, *end;
    size_t    len;
    ssize_t   n;

    if (ptn_cli_option(cli, "--password-stdin") == NULL) {
        return ptn_cli_usage(cli, "--password-stdin is missing: the password"
                             " is read from standard input");
    }

    p = ptn_verifier_secret_alloc(PTN_CLI_PASSWORD_SIZE);
    if (p == NULL) {
        return ptn_cli_fail(cli, "no memory");
    }

    end = NULL;

    for (len = 0; len < PTN_CLI_PASSWORD_SIZE && end == NULL; len += n) {

        n = read(cli->in, p + len, PTN_CLI_PASSWORD_SIZE - len);

        if (n == -1 && errno == EINTR) {
            n = 0;
            continue;
        }

        if (n <= 0) {
            break;
        }

        end = memchr(p + len, '\n', (size_t) n);
    }

    if (end != NULL) {
        len = (size_t) (end - p);
    }

    if (len != 0 && p[len - 1] == '\r') {
        len--;
    }

    if (len == 0 || len > PTN_VERIFIER_PASSWORD_MAX
        || memchr(p, '\0', len) != NULL)
    {
        ptn_verifier_secret_free(p, PTN_CLI_PASSWORD_SIZE);

        return ptn_cli_fail(cli, "a password of 1 to %d bytes is expected on"
                            " standard input", PTN_VERIFIER_PASSWORD_MAX);
    }

    *ret_password = ptn_str_make(p, len);

    return PTN_CLI_OK;
}


void
ptn_cli_password_done(ptn_str_t *password)
{
    ptn_verifier_secret_free(password->data, PTN_CLI_PASSWORD_SIZE);
    *password = (ptn_str_t) ptn_null_string;
}


bool
ptn_cli_yes_no(const char *s, bool *ret)
{
    if (strcmp(s, "yes") == 0 || strcmp(s, "on") == 0) {
        *ret = true;
        return true;
    }

    if (strcmp(s, "no") == 0 || strcmp(s, "off") == 0) {
        *ret = false;
        return true;
    }

    return false;
}


bool
ptn_cli_size(const char *s, uint64_t *ret)
{
    char        *unit;
    size_t       n;
    uint64_t     size, factor;

    static char  units[] = "KMGT";

    n = strlen(s);
    factor = 1;

    if (n > 1) {
        unit = strchr(units, s[n - 1] & ~0x20);

        if (unit != NULL && *unit != '\0') {
            factor = 1ULL << (10 * (unit - units + 1));
            n--;
        }
    }

    if (ptn_str_u64(ptn_str_make(s, n), INT64_MAX / factor, &size)
        != PTN_OK)
    {
        return false;
    }

    *ret = size * factor;

    return true;
}


int
ptn_cli_find_user(ptn_cli_t *cli, const char *address, ptn_user_t *ret_user)
{
    ptn_rc_t  rc;

    rc = ptn_user_get(cli->dir, cli->pool, ptn_str_z(address), ret_user);

    return (rc == PTN_OK) ? PTN_CLI_OK
                          : ptn_cli_rc(cli, rc, "user", address);
}


/* ROOT does not exist: makes it for --user, when we may. */

static int
ptn_cli_make_root(ptn_cli_t *cli)
{
    struct passwd  *pw;

    if (mkdir(cli->conf.root, 0700) == -1) {
        return ptn_cli_fail(cli, "cannot make %s: %s", cli->conf.root,
                            strerror(errno));
    }

    if (cli->user == NULL) {
        return PTN_CLI_OK;
    }

    pw = getpwnam(cli->user);

    if (pw == NULL || chown(cli->conf.root, pw->pw_uid, pw->pw_gid) == -1) {
        (void) rmdir(cli->conf.root);

        return ptn_cli_fail(cli, "%s cannot be given to user %s",
                            cli->conf.root, cli->user);
    }

    return PTN_CLI_OK;
}


int
ptn_cli_become_owner(ptn_cli_t *cli)
{
    int          code;
    struct stat  st;

    if (stat(cli->conf.root, &st) == -1) {

        if (errno != ENOENT || !(cli->command->needs & PTN_CLI_CREATE)) {
            return ptn_cli_fail(cli, "cannot use %s: %s", cli->conf.root,
                                strerror(errno));
        }

        code = ptn_cli_make_root(cli);
        if (code != PTN_CLI_OK) {
            return code;
        }

        if (stat(cli->conf.root, &st) == -1) {
            return ptn_cli_fail(cli, "cannot use %s: %s", cli->conf.root,
                                strerror(errno));
        }
    }

    if (!S_ISDIR(st.st_mode)) {
        return ptn_cli_fail(cli, "%s is not a directory", cli->conf.root);
    }

    if (geteuid() != 0 || st.st_uid == 0) {
        return PTN_CLI_OK;
    }

    if (setgroups(0, NULL) == -1
        || setresgid(st.st_gid, st.st_gid, 0) == -1
        || setresuid(st.st_uid, st.st_uid, 0) == -1)
    {
        return ptn_cli_fail(cli, "cannot become uid %u, who owns %s: %s",
                            (unsigned) st.st_uid, cli->conf.root,
                            strerror(errno));
    }

    return PTN_CLI_OK;
}


void
ptn_cli_leave(ptn_cli_t *cli)
{
    uid_t  uid;
    gid_t  gid;

    uid = geteuid();
    gid = getegid();

    if (uid == cli->caller) {
        return;
    }

    if (seteuid(cli->caller) == -1 || setresgid(gid, gid, gid) == -1
        || setresuid(uid, uid, uid) == -1)
    {
        abort();
    }

    /* the kernel hides who changed its uid, also from the leak checker */

    (void) prctl(PR_SET_DUMPABLE, 1);
}


int
ptn_cli_open_file(ptn_cli_t *cli, const char *path)
{
    int    fd, err;
    uid_t  uid;

    uid = geteuid();

    if (uid != cli->caller && seteuid(cli->caller) == -1) {
        return -1;
    }

    fd = open(path, O_RDONLY|O_CLOEXEC|O_NOCTTY);
    err = errno;

    if (uid != cli->caller && seteuid(uid) == -1) {
        abort();
    }

    errno = err;

    return fd;
}
