#include "ptn_cli_store.h"


int
ptn_cli_store_open(ptn_cli_t *cli, ptn_store_t **ret_store)
{
    ptn_rc_t          rc;
    ptn_store_opts_t  opts;

    memset(&opts, 0, sizeof(ptn_store_opts_t));
    opts.conf = &cli->conf;
    opts.io = &ptn_io_posix;

    rc = ptn_store_open(&opts, ret_store);

    return (rc == PTN_OK) ? PTN_CLI_OK
                          : ptn_cli_rc(cli, rc, "cannot open mailboxes in",
                                       cli->conf.root);
}


int
ptn_cli_store_create(ptn_cli_t *cli, const ptn_user_t *user)
{
    int           code;
    ptn_rc_t      rc;
    ptn_store_t  *store;

    code = ptn_cli_store_open(cli, &store);
    if (code != PTN_CLI_OK) {
        return code;
    }

    rc = ptn_mbox_create(store, user);

    ptn_store_close(store);

    if (rc == PTN_EEXIST) {
        return ptn_cli_fail(cli, "mailbox %s: files of an earlier user are"
                            " in its place below ROOT/mailbox; move them"
                            " away", (char *) user->address.data);
    }

    return (rc == PTN_OK) ? PTN_CLI_OK
                          : ptn_cli_rc(cli, rc, "mailbox",
                                       (char *) user->address.data);
}


int
ptn_cli_store_delete(ptn_cli_t *cli, const ptn_user_t *user)
{
    int           code;
    ptn_rc_t      rc;
    ptn_store_t  *store;

    code = ptn_cli_store_open(cli, &store);
    if (code != PTN_CLI_OK) {
        return code;
    }

    rc = ptn_mbox_delete(store, user);

    ptn_store_close(store);

    /* never made: nothing to delete */

    return (rc == PTN_OK || rc == PTN_ENOTFOUND)
           ? PTN_CLI_OK : ptn_cli_rc(cli, rc, "mail of",
                                     (char *) user->address.data);
}
