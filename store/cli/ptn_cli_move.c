/*
 * postern mailbox move: to another ROOT, or to where an address that has
 * changed belongs.
 */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "ptn_cli.h"
#include "ptn_cli_store.h"


/* The files of an address that has changed. */

static int
ptn_cli_move_rename(ptn_cli_t *cli, const ptn_user_t *user)
{
    int           code;
    ptn_rc_t      rc;
    ptn_store_t  *store;

    code = ptn_cli_store_open(cli, &store);
    if (code != PTN_CLI_OK) {
        return code;
    }

    rc = ptn_mbox_rename(store, user, ptn_str_z(cli->argv[1]));
    ptn_store_close(store);

    return (rc == PTN_OK) ? ptn_cli_done(cli, "moved", cli->argv[0])
                          : ptn_cli_rc(cli, rc, "files of", cli->argv[1]);
}


/*
 * Whoever has rights in the mailbox is known in it by the directory's id, so
 * the other ROOT's directory must be this one, or a copy of it.
 */

static int
ptn_cli_move_known(ptn_cli_t *cli, const ptn_conf_t *conf,
    const ptn_user_t *user)
{
    ptn_rc_t          rc;
    ptn_user_t        there;
    ptn_directory_t  *dir;

    rc = ptn_directory_open(conf, false, &dir);

    if (rc != PTN_OK) {
        return ptn_cli_rc(cli, rc, "directory of", conf->root);
    }

    rc = ptn_user_by_id(dir, cli->pool, user->id, &there);
    ptn_directory_close(dir);

    if (rc != PTN_OK || !ptn_guid_eq(there.mailbox, user->mailbox)
        || !ptn_str_eq(there.address, user->address))
    {
        return ptn_cli_fail(cli, "the directory of %s is another one: it does"
                            " not have that user", conf->root);
    }

    return PTN_CLI_OK;
}


static int
ptn_cli_move_relocate(ptn_cli_t *cli, const ptn_user_t *user,
    const ptn_conf_t *conf)
{
    int               code;
    ptn_rc_t          rc;
    ptn_ops_t         ops;
    ptn_store_t      *from, *to;
    ptn_store_opts_t  opts;
    ptn_relocated_t   done;

    code = ptn_cli_store_open(cli, &from);
    if (code != PTN_CLI_OK) {
        return code;
    }

    memset(&opts, 0, sizeof(opts));
    opts.conf = conf;
    opts.io = &ptn_io_posix;
    rc = ptn_store_open(&opts, &to);

    if (rc == PTN_OK) {
        ops = ptn_cli_ops(cli);
        rc = ptn_mbox_relocate(from, to, user, &ops, &done);
        ptn_cli_ops_end(cli);
        ptn_store_close(to);
    }

    if (rc != PTN_OK) {
        code = ptn_cli_mailbox_rc(cli, from, user, rc);
        ptn_store_close(from);
        return code;
    }

    ptn_store_close(from);
    ptn_cli_object_begin(cli);
    ptn_cli_field(cli, "address", user->address);
    ptn_cli_field(cli, "moved", ptn_str_z(conf->root));
    ptn_cli_field_bool(cli, "before", done.again);
    ptn_cli_field_u64(cli, "bytes", done.bytes);
    ptn_cli_field_u64(cli, "blobs", done.blobs);
    ptn_cli_field_u64(cli, "caught_up", done.caught_up);
    ptn_cli_field_u64(cli, "frozen_ms", done.frozen_ms);
    ptn_cli_object_end(cli);

    return PTN_CLI_OK;
}


int
ptn_cli_mailbox_move(ptn_cli_t *cli)
{
    int          code;
    char         from[PATH_MAX], root[PATH_MAX];
    ptn_conf_t   conf;
    ptn_user_t   user;
    const char  *to, *was;

    to = ptn_cli_option(cli, "--to");
    was = cli->conf.root;

    if ((to != NULL) == (cli->argc == 2)) {
        return ptn_cli_usage(cli, "either an old address or --to");
    }

    code = ptn_cli_find_user(cli, cli->argv[0], &user);

    if (code != PTN_CLI_OK || to == NULL) {
        return (code == PTN_CLI_OK) ? ptn_cli_move_rename(cli, &user)
                                    : code;
    }

    /* they name each other by these paths */

    if (realpath(to, root) == NULL
        || realpath(cli->conf.root, from) == NULL)
    {
        return ptn_cli_fail(cli, "%s: %s", to, strerror(errno));
    }

    conf = cli->conf;
    cli->conf.root = from;
    conf.root = root;
    code = ptn_cli_move_known(cli, &conf, &user);

    if (code == PTN_CLI_OK) {
        code = ptn_cli_move_relocate(cli, &user, &conf);
    }

    cli->conf.root = was;

    return code;
}
