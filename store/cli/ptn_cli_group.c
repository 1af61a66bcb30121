#include "ptn_cli.h"


static int
ptn_cli_group_add(ptn_cli_t *cli)
{
    ptn_rc_t     rc;
    const char  *display;

    display = ptn_cli_option(cli, "--display");

    rc = ptn_group_add(cli->dir, ptn_str_z(cli->argv[0]),
                       ptn_str_z(display ? display : ""), NULL);

    if (rc == PTN_ENOTFOUND) {
        return ptn_cli_fail(cli, "group %s: its domain is not ours",
                            cli->argv[0]);
    }

    return (rc == PTN_OK) ? ptn_cli_done(cli, "added", cli->argv[0])
                          : ptn_cli_rc(cli, rc, "group", cli->argv[0]);
}


static int
ptn_cli_group_delete(ptn_cli_t *cli)
{
    ptn_rc_t  rc;

    rc = ptn_group_delete(cli->dir, ptn_str_z(cli->argv[0]));

    return (rc == PTN_OK) ? ptn_cli_done(cli, "deleted", cli->argv[0])
                          : ptn_cli_rc(cli, rc, "group", cli->argv[0]);
}


static int
ptn_cli_group_list(ptn_cli_t *cli)
{
    size_t        i, n;
    ptn_rc_t      rc;
    ptn_group_t  *list;

    rc = ptn_group_list(cli->dir, cli->pool,
                        ptn_str_z(cli->argc ? cli->argv[0] : ""), &list, &n);
    if (rc != PTN_OK) {
        return ptn_cli_rc(cli, rc, "groups of", cli->argv[0]);
    }

    ptn_cli_list_begin(cli);

    for (i = 0; i < n; i++) {
        ptn_cli_object_begin(cli);
        ptn_cli_field(cli, "address", list[i].address);
        ptn_cli_field(cli, "display", list[i].display);
        ptn_cli_object_end(cli);
    }

    ptn_cli_list_end(cli);

    return PTN_CLI_OK;
}


static ptn_str_t
ptn_cli_group_text(ptn_cli_t *cli, const ptn_group_t *list, size_t n)
{
    size_t     i;
    ptn_buf_t  b;

    ptn_buf_init(&b, cli->pool);

    for (i = 0; i < n; i++) {
        ptn_buf_printf(&b, "%s%.*s", i ? "," : "",
                       ptn_str_arg(list[i].address));
    }

    return b.len ? ptn_buf_get(&b) : ptn_str("");
}


static int
ptn_cli_group_show(ptn_cli_t *cli)
{
    size_t        n;
    ptn_rc_t      rc;
    ptn_str_t     address;
    ptn_group_t   g, *members;

    address = ptn_str_z(cli->argv[0]);
    rc = ptn_group_get(cli->dir, cli->pool, address, &g);

    if (rc == PTN_OK) {
        rc = ptn_group_members(cli->dir, cli->pool, address, &members, &n);
    }

    if (rc != PTN_OK) {
        return ptn_cli_rc(cli, rc, "group", cli->argv[0]);
    }

    ptn_cli_object_begin(cli);
    ptn_cli_field_u64(cli, "id", g.id);
    ptn_cli_field(cli, "address", g.address);
    ptn_cli_field(cli, "display", g.display);
    ptn_cli_field(cli, "members", ptn_cli_group_text(cli, members, n));
    ptn_cli_object_end(cli);

    return PTN_CLI_OK;
}


/* "add" or "remove", the group, who comes or goes. */

static int
ptn_cli_group_member(ptn_cli_t *cli)
{
    int          i;
    bool         add;
    ptn_rc_t     rc;
    ptn_str_t    group, member;

    add = (strcmp(cli->argv[0], "add") == 0);

    if (!add && strcmp(cli->argv[0], "remove") != 0) {
        return ptn_cli_usage(cli, "group member add|remove GROUP ADDRESS...");
    }

    group = ptn_str_z(cli->argv[1]);

    for (i = 2; i < cli->argc; i++) {
        member = ptn_str_z(cli->argv[i]);
        rc = add ? ptn_group_member_add(cli->dir, group, member)
                 : ptn_group_member_remove(cli->dir, group, member);

        if (rc == PTN_EINVAL) {
            return ptn_cli_fail(cli, "%s would be within itself",
                                cli->argv[1]);
        }

        if (rc != PTN_OK) {
            return ptn_cli_rc(cli, rc, "member", cli->argv[i]);
        }
    }

    return ptn_cli_done(cli, "changed", cli->argv[1]);
}


#define PTN_CLI_GROUP_NEEDS  (PTN_CLI_ROOT|PTN_CLI_DIRECTORY)

static const ptn_cli_option_t  ptn_cli_group_options[] = {
    { "--display", "NAME", "its name" },
    { NULL, NULL, NULL }
};

const ptn_cli_command_t  ptn_cli_group[] = {
    { "group", "add", "GROUP", "adds a group", 1, 1,
      PTN_CLI_GROUP_NEEDS, ptn_cli_group_options, ptn_cli_group_add },
    { "group", "show", "GROUP", "its id and members", 1, 1,
      PTN_CLI_GROUP_NEEDS, NULL, ptn_cli_group_show },
    { "group", "list", "[DOMAIN]", "lists groups", 0, 1,
      PTN_CLI_GROUP_NEEDS, NULL, ptn_cli_group_list },
    { "group", "delete", "GROUP", "deletes a group", 1, 1,
      PTN_CLI_GROUP_NEEDS, NULL, ptn_cli_group_delete },
    { "group", "member", "add|remove GROUP ADDRESS...",
      "puts users and groups into a group, or takes them out", 3, -1,
      PTN_CLI_GROUP_NEEDS, NULL, ptn_cli_group_member },
    { NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL }
};
