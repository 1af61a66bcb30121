#include "ptn_cli.h"


/*
 * The same path as a sign-in, but in memory of our own: neither the server's
 * throttle nor its cache have a part in it, and it is not counted there.
 */

static ptn_rc_t
ptn_cli_auth_check(ptn_cli_t *cli, ptn_str_t login, ptn_str_t password)
{
    ptn_rc_t         rc;
    ptn_auth_t      *auth;
    ptn_actor_t      actor;
    ptn_handle_t     handle;
    ptn_auth_peer_t  peer;

    memset(&peer, 0, sizeof(ptn_auth_peer_t));
    peer.tls = true;
    peer.local = true;

    rc = ptn_auth_open(cli->dir, NULL, 0, &cli->conf, &auth);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_auth_password(auth, cli->pool, &peer, login, password, &actor,
                           &handle);

    ptn_auth_close(auth);

    return rc;
}


static int
ptn_cli_auth_test(ptn_cli_t *cli)
{
    int        code;
    ptn_rc_t   rc;
    ptn_str_t  password;

    code = ptn_cli_password(cli, &password);
    if (code != PTN_CLI_OK) {
        return code;
    }

    rc = ptn_cli_auth_check(cli, ptn_str_z(cli->argv[0]), password);

    ptn_cli_password_done(&password);

    if (rc == PTN_EAUTH) {
        return ptn_cli_fail(cli, "%s: no such user, another password, or"
                            " disabled", cli->argv[0]);
    }

    return (rc == PTN_OK) ? ptn_cli_done(cli, "accepted", cli->argv[0])
                          : ptn_cli_rc(cli, rc, "sign-in of", cli->argv[0]);
}


static const ptn_cli_option_t  ptn_cli_auth_options[] = {
    { "--password-stdin", NULL, "read the password from standard input" },
    { NULL, NULL, NULL }
};

const ptn_cli_command_t  ptn_cli_auth[] = {
    { "auth", "test", "ADDRESS", "tries a password", 1, 1,
      PTN_CLI_ROOT|PTN_CLI_DIRECTORY, ptn_cli_auth_options,
      ptn_cli_auth_test },
    { NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL }
};
