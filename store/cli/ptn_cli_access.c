#include "ptn_cli.h"


static const struct {
    const char  *option;
    const char  *field;
    uint32_t     bit;
} ptn_cli_accesses[] = {
    { "--full",      "full",      PTN_ACCESS_FULL },
    { "--send-as",   "send_as",   PTN_ACCESS_SEND_AS },
    { "--on-behalf", "on_behalf", PTN_ACCESS_ON_BEHALF },
    { "--private",   "private",   PTN_ACCESS_PRIVATE },
};


/* Which of the two is not there? */

static int
ptn_cli_access_users(ptn_cli_t *cli)
{
    int         rc;
    ptn_user_t  user;

    rc = ptn_cli_find_user(cli, cli->argv[0], &user);

    return rc == PTN_CLI_OK ? ptn_cli_find_user(cli, cli->argv[1], &user)
                            : rc;
}


static int
ptn_cli_access_change(ptn_cli_t *cli, uint32_t access, const char *done)
{
    int        code;
    ptn_rc_t   rc;
    ptn_str_t  name;

    code = ptn_cli_access_users(cli);
    if (code != PTN_CLI_OK) {
        return code;
    }

    name = ptn_str_printf(cli->pool, "%s to %s", cli->argv[1], cli->argv[0]);
    if (name.data == NULL) {
        return ptn_cli_rc(cli, PTN_ENOMEM, "access", cli->argv[0]);
    }

    rc = ptn_access_set(cli->dir, ptn_str_z(cli->argv[0]),
                        ptn_str_z(cli->argv[1]), access);

    return rc == PTN_OK ? ptn_cli_done(cli, done, (char *) name.data)
                        : ptn_cli_rc(cli, rc, "access of",
                                     (char *) name.data);
}


static int
ptn_cli_access_set(ptn_cli_t *cli)
{
    size_t    i;
    uint32_t  access;

    access = 0;

    for (i = 0; i < ptn_nelts(ptn_cli_accesses); i++) {
        if (ptn_cli_option(cli, ptn_cli_accesses[i].option) != NULL) {
            access |= ptn_cli_accesses[i].bit;
        }
    }

    if (access == 0) {
        return ptn_cli_usage(cli, "which access?  --full, --send-as, "
                             "--on-behalf, --private; `access delete` takes"
                             " it away");
    }

    return ptn_cli_access_change(cli, access, "access given:");
}


static int
ptn_cli_access_delete(ptn_cli_t *cli)
{
    return ptn_cli_access_change(cli, 0, "access taken:");
}


static int
ptn_cli_access_list(ptn_cli_t *cli)
{
    size_t         i, k, n;
    ptn_rc_t       rc;
    ptn_str_t      owner;
    ptn_access_t  *list;

    owner = ptn_str_z(cli->argc ? cli->argv[0] : "");

    rc = ptn_access_list(cli->dir, cli->pool, owner, &list, &n);
    if (rc != PTN_OK) {
        return ptn_cli_rc(cli, rc, "access to", (char *) owner.data);
    }

    ptn_cli_list_begin(cli);

    for (i = 0; i < n; i++) {
        ptn_cli_object_begin(cli);
        ptn_cli_field(cli, "owner", list[i].owner);
        ptn_cli_field(cli, "grantee", list[i].grantee);

        for (k = 0; k < ptn_nelts(ptn_cli_accesses); k++) {
            ptn_cli_field_bool(cli, ptn_cli_accesses[k].field,
                               list[i].access & ptn_cli_accesses[k].bit);
        }

        ptn_cli_object_end(cli);
    }

    ptn_cli_list_end(cli);

    return PTN_CLI_OK;
}


static const ptn_cli_option_t  ptn_cli_access_options[] = {
    { "--full", NULL, "opens the mailbox as its owner does" },
    { "--send-as", NULL, "sends as its owner" },
    { "--on-behalf", NULL, "sends for its owner, and is named as Sender" },
    { "--private", NULL, "sees private items in folders that it may read" },
    { NULL, NULL, NULL }
};

#define PTN_CLI_ACCESS_NEEDS  (PTN_CLI_ROOT|PTN_CLI_DIRECTORY)

const ptn_cli_command_t  ptn_cli_access[] = {
    { "access", "set", "OWNER GRANTEE",
      "GRANTEE may do this, and no more, in OWNER's mailbox", 2, 2,
      PTN_CLI_ACCESS_NEEDS, ptn_cli_access_options, ptn_cli_access_set },
    { "access", "delete", "OWNER GRANTEE", "takes all of it away", 2, 2,
      PTN_CLI_ACCESS_NEEDS, NULL, ptn_cli_access_delete },
    { "access", "list", "[OWNER]", "who may do what in whose mailbox", 0, 1,
      PTN_CLI_ACCESS_NEEDS, NULL, ptn_cli_access_list },
    { NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL }
};
