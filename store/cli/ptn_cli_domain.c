#include "ptn_cli.h"


static int
ptn_cli_domain_add(ptn_cli_t *cli)
{
    ptn_rc_t  rc;

    rc = ptn_domain_add(cli->dir, ptn_str_z(cli->argv[0]));

    return (rc == PTN_OK) ? ptn_cli_done(cli, "added", cli->argv[0])
                          : ptn_cli_rc(cli, rc, "domain", cli->argv[0]);
}


static void
ptn_cli_domain_put(ptn_cli_t *cli, const ptn_domain_t *d)
{
    ptn_cli_object_begin(cli);
    ptn_cli_field(cli, "domain", d->name);
    ptn_cli_field_bool(cli, "disabled", d->disabled);
    ptn_cli_object_end(cli);
}


static int
ptn_cli_domain_show(ptn_cli_t *cli)
{
    ptn_rc_t      rc;
    ptn_domain_t  d;

    rc = ptn_domain_get(cli->dir, cli->pool, ptn_str_z(cli->argv[0]), &d);
    if (rc != PTN_OK) {
        return ptn_cli_rc(cli, rc, "domain", cli->argv[0]);
    }

    ptn_cli_domain_put(cli, &d);

    return PTN_CLI_OK;
}


static int
ptn_cli_domain_list(ptn_cli_t *cli)
{
    size_t         i, n;
    ptn_rc_t       rc;
    ptn_domain_t  *list;

    rc = ptn_domain_list(cli->dir, cli->pool, &list, &n);
    if (rc != PTN_OK) {
        return ptn_cli_rc(cli, rc, "list of", "domains");
    }

    ptn_cli_list_begin(cli);

    for (i = 0; i < n; i++) {
        ptn_cli_domain_put(cli, &list[i]);
    }

    ptn_cli_list_end(cli);

    return PTN_CLI_OK;
}


static int
ptn_cli_domain_set(ptn_cli_t *cli)
{
    bool         disabled;
    ptn_rc_t     rc;
    const char  *value;

    value = ptn_cli_option(cli, "--disabled");

    if (value == NULL || !ptn_cli_yes_no(value, &disabled)) {
        return ptn_cli_usage(cli, "--disabled yes or no");
    }

    rc = ptn_domain_set_disabled(cli->dir, ptn_str_z(cli->argv[0]), disabled);

    return (rc == PTN_OK) ? ptn_cli_done(cli, "changed", cli->argv[0])
                          : ptn_cli_rc(cli, rc, "domain", cli->argv[0]);
}


static int
ptn_cli_domain_delete(ptn_cli_t *cli)
{
    ptn_rc_t  rc;

    rc = ptn_domain_delete(cli->dir, ptn_str_z(cli->argv[0]));

    if (rc == PTN_ENOTEMPTY) {
        return ptn_cli_fail(cli, "domain %s has users or aliases",
                            cli->argv[0]);
    }

    return (rc == PTN_OK) ? ptn_cli_done(cli, "deleted", cli->argv[0])
                          : ptn_cli_rc(cli, rc, "domain", cli->argv[0]);
}


static const ptn_cli_option_t  ptn_cli_domain_set_options[] = {
    { "--disabled", "yes|no", "refuse its mail and sign-ins" },
    { NULL, NULL, NULL }
};

#define PTN_CLI_DOMAIN_NEEDS  (PTN_CLI_ROOT|PTN_CLI_DIRECTORY)

const ptn_cli_command_t  ptn_cli_domain[] = {
    { "domain", "add", "NAME", "makes a domain ours; the first one also makes"
      " ROOT", 1, 1, PTN_CLI_DOMAIN_NEEDS|PTN_CLI_CREATE, NULL,
      ptn_cli_domain_add },
    { "domain", "set", "NAME", "changes a domain", 1, 1,
      PTN_CLI_DOMAIN_NEEDS, ptn_cli_domain_set_options, ptn_cli_domain_set },
    { "domain", "show", "NAME", "shows a domain", 1, 1, PTN_CLI_DOMAIN_NEEDS,
      NULL, ptn_cli_domain_show },
    { "domain", "list", "", "lists domains", 0, 0, PTN_CLI_DOMAIN_NEEDS, NULL,
      ptn_cli_domain_list },
    { "domain", "delete", "NAME", "deletes a domain without users", 1, 1,
      PTN_CLI_DOMAIN_NEEDS, NULL, ptn_cli_domain_delete },
    { NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL }
};
