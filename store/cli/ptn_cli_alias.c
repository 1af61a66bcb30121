#include "ptn_cli.h"


static int
ptn_cli_alias_add(ptn_cli_t *cli)
{
    ptn_rc_t  rc;

    rc = ptn_alias_add(cli->dir, ptn_str_z(cli->argv[0]),
                       ptn_str_z(cli->argv[1]));

    if (rc == PTN_ENOTFOUND) {
        return ptn_cli_fail(cli, "alias %s: its domain is not ours",
                            cli->argv[0]);
    }

    return (rc == PTN_OK) ? ptn_cli_done(cli, "added", cli->argv[0])
                          : ptn_cli_rc(cli, rc, "alias", cli->argv[0]);
}


static int
ptn_cli_alias_set(ptn_cli_t *cli)
{
    ptn_rc_t   rc;
    ptn_str_t  alias, target;

    alias = ptn_str_z(cli->argv[0]);
    target = ptn_str_z(cli->argv[1]);

    rc = ptn_alias_set(cli->dir, alias, target);

    return (rc == PTN_OK) ? ptn_cli_done(cli, "changed", cli->argv[0])
                          : ptn_cli_rc(cli, rc, "alias", cli->argv[0]);
}


static int
ptn_cli_alias_delete(ptn_cli_t *cli)
{
    ptn_rc_t  rc;

    rc = ptn_alias_delete(cli->dir, ptn_str_z(cli->argv[0]));

    return (rc == PTN_OK) ? ptn_cli_done(cli, "deleted", cli->argv[0])
                          : ptn_cli_rc(cli, rc, "alias", cli->argv[0]);
}


/* What mail to the alias does, in words. */

static void
ptn_cli_alias_resolve(ptn_cli_t *cli, ptn_str_t alias)
{
    ptn_rc_t    rc;
    ptn_rcpt_t  r;

    rc = ptn_directory_resolve(cli->dir, cli->pool, alias, &r);

    if (rc != PTN_OK) {
        ptn_cli_field(cli, "delivers", ptn_str_z(ptn_err(rc)->name));

    } else if (r.user.id != 0) {
        ptn_cli_field(cli, "delivers", r.user.address);

    } else {
        ptn_cli_field(cli, "delivers", r.foreign);
    }
}


static int
ptn_cli_alias_list_of(ptn_cli_t *cli, ptn_str_t domain, const char *only)
{
    size_t        i, n;
    ptn_rc_t      rc;
    ptn_alias_t  *list;

    rc = ptn_alias_list(cli->dir, cli->pool, domain, &list, &n);
    if (rc != PTN_OK) {
        return ptn_cli_rc(cli, rc, "aliases of", (char *) domain.data);
    }

    if (only == NULL) {
        ptn_cli_list_begin(cli);
    }

    for (i = 0; i < n; i++) {

        if (only != NULL && !ptn_str_ieqz(list[i].alias, only)) {
            continue;
        }

        ptn_cli_object_begin(cli);
        ptn_cli_field(cli, "alias", list[i].alias);
        ptn_cli_field(cli, "target", list[i].target);

        if (only != NULL) {
            ptn_cli_alias_resolve(cli, list[i].alias);
            ptn_cli_object_end(cli);
            return PTN_CLI_OK;
        }

        ptn_cli_object_end(cli);
    }

    if (only != NULL) {
        return ptn_cli_rc(cli, PTN_ENOTFOUND, "alias", only);
    }

    ptn_cli_list_end(cli);

    return PTN_CLI_OK;
}


static int
ptn_cli_alias_list(ptn_cli_t *cli)
{
    return ptn_cli_alias_list_of(cli, ptn_str_z(cli->argc ? cli->argv[0]
                                                          : ""), NULL);
}


static int
ptn_cli_alias_show(ptn_cli_t *cli)
{
    return ptn_cli_alias_list_of(cli, ptn_str(""), cli->argv[0]);
}


#define PTN_CLI_ALIAS_NEEDS  (PTN_CLI_ROOT|PTN_CLI_DIRECTORY)

const ptn_cli_command_t  ptn_cli_alias[] = {
    { "alias", "add", "ALIAS TARGET", "mail for ALIAS goes to TARGET", 2, 2,
      PTN_CLI_ALIAS_NEEDS, NULL, ptn_cli_alias_add },
    { "alias", "set", "ALIAS TARGET", "gives an alias another target", 2, 2,
      PTN_CLI_ALIAS_NEEDS, NULL, ptn_cli_alias_set },
    { "alias", "show", "ALIAS", "its target, and who gets its mail", 1, 1,
      PTN_CLI_ALIAS_NEEDS, NULL, ptn_cli_alias_show },
    { "alias", "list", "[DOMAIN]", "lists aliases", 0, 1,
      PTN_CLI_ALIAS_NEEDS, NULL, ptn_cli_alias_list },
    { "alias", "delete", "ALIAS", "deletes an alias", 1, 1,
      PTN_CLI_ALIAS_NEEDS, NULL, ptn_cli_alias_delete },
    { NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL }
};
