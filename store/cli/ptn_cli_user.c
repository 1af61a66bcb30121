#include "ptn_cli.h"
#include "ptn_cli_store.h"


static const struct {
    const char  *name;
    uint32_t     service;
} ptn_cli_services[] = {
    { "imap", PTN_SERVICE_IMAP },
    { "pop3", PTN_SERVICE_POP3 },
    { "smtp", PTN_SERVICE_SMTP },
    { "ews",  PTN_SERVICE_EWS },
    { "mapi", PTN_SERVICE_MAPI },
    { "eas",  PTN_SERVICE_EAS },
    { "dav",  PTN_SERVICE_DAV },
    { "web",  PTN_SERVICE_WEB },
};

static const char *const  ptn_cli_kinds[] = {
    "person", "shared", "room", "equipment"
};


/* "all", "none", or names parted by commas. */

static bool
ptn_cli_services_parse(const char *s, uint32_t *ret)
{
    size_t    i, n;
    uint32_t  services;

    if (strcmp(s, "all") == 0) {
        *ret = PTN_SERVICE_ALL;
        return true;
    }

    if (strcmp(s, "none") == 0) {
        *ret = 0;
        return true;
    }

    for (services = 0; ; s += n + 1) {
        n = strcspn(s, ",");

        for (i = 0; i < ptn_nelts(ptn_cli_services); i++) {
            if (strlen(ptn_cli_services[i].name) == n
                && strncmp(ptn_cli_services[i].name, s, n) == 0)
            {
                break;
            }
        }

        if (i == ptn_nelts(ptn_cli_services)) {
            return false;
        }

        services |= ptn_cli_services[i].service;

        if (s[n] == '\0') {
            *ret = services;
            return true;
        }
    }
}


static ptn_str_t
ptn_cli_services_text(ptn_pool_t *pool, uint32_t services)
{
    size_t     i;
    ptn_buf_t  b;

    if (services == PTN_SERVICE_ALL) {
        return ptn_str("all");
    }

    ptn_buf_init(&b, pool);

    for (i = 0; i < ptn_nelts(ptn_cli_services); i++) {
        if (services & ptn_cli_services[i].service) {
            ptn_buf_printf(&b, "%s%s", b.len ? "," : "",
                           ptn_cli_services[i].name);
        }
    }

    return b.len ? ptn_buf_get(&b) : ptn_str("none");
}


static bool
ptn_cli_kind_parse(const char *s, uint32_t *ret)
{
    uint32_t  i;

    for (i = 0; i < ptn_nelts(ptn_cli_kinds); i++) {
        if (strcmp(ptn_cli_kinds[i], s) == 0) {
            *ret = i;
            return true;
        }
    }

    return false;
}


/* What the options say, over what `user` holds. */

static int
ptn_cli_user_options(ptn_cli_t *cli, ptn_user_t *user)
{
    const char  *v;

    v = ptn_cli_option(cli, "--display");
    if (v != NULL) {
        user->display = ptn_str_z(v);
    }

    v = ptn_cli_option(cli, "--locale");
    if (v != NULL) {
        user->locale = ptn_str_z(v);
    }

    v = ptn_cli_option(cli, "--quota");
    if (v != NULL && !ptn_cli_size(v, &user->quota)) {
        return ptn_cli_usage(cli, "--quota SIZE: bytes, or 500M, 10G; 0 for"
                             " none");
    }

    v = ptn_cli_option(cli, "--quota-warn");
    if (v != NULL && !ptn_cli_size(v, &user->quota_warn)) {
        return ptn_cli_usage(cli, "--quota-warn SIZE: bytes, or 500M, 10G");
    }

    v = ptn_cli_option(cli, "--quota-send");
    if (v != NULL && !ptn_cli_size(v, &user->quota_send)) {
        return ptn_cli_usage(cli, "--quota-send SIZE: bytes, or 500M, 10G");
    }

    v = ptn_cli_option(cli, "--quota-receive");
    if (v != NULL && !ptn_cli_size(v, &user->quota_receive)) {
        return ptn_cli_usage(cli, "--quota-receive SIZE: bytes, or 500M, 10G");
    }

    v = ptn_cli_option(cli, "--kind");
    if (v != NULL && !ptn_cli_kind_parse(v, &user->kind)) {
        return ptn_cli_usage(cli, "--kind person, shared, room or equipment");
    }

    v = ptn_cli_option(cli, "--services");
    if (v != NULL && !ptn_cli_services_parse(v, &user->services)) {
        return ptn_cli_usage(cli, "--services all, none, or of imap, pop3,"
                             " smtp, ews, mapi, eas, dav, web");
    }

    v = ptn_cli_option(cli, "--disabled");
    if (v != NULL && !ptn_cli_yes_no(v, &user->disabled)) {
        return ptn_cli_usage(cli, "--disabled yes or no");
    }

    return PTN_CLI_OK;
}


/* The user stands in the directory: its password, its mailbox. */

static int
ptn_cli_user_finish(ptn_cli_t *cli, const char *address, ptn_str_t password)
{
    int         code;
    ptn_rc_t    rc;
    ptn_user_t  user;

    if (password.len != 0) {
        rc = ptn_user_set_password(cli->dir, ptn_str_z(address), password);
        if (rc != PTN_OK) {
            return ptn_cli_rc(cli, rc, "password of", address);
        }
    }

    code = ptn_cli_find_user(cli, address, &user);

    return (code == PTN_CLI_OK) ? ptn_cli_store_create(cli, &user) : code;
}


static int
ptn_cli_user_add_with(ptn_cli_t *cli, ptn_str_t password)
{
    int         code;
    ptn_rc_t    rc;
    ptn_user_t  user;

    memset(&user, 0, sizeof(ptn_user_t));
    user.address = ptn_str_z(cli->argv[0]);
    user.locale = ptn_str("en");
    user.services = PTN_SERVICE_ALL;

    code = ptn_cli_user_options(cli, &user);
    if (code != PTN_CLI_OK) {
        return code;
    }

    rc = ptn_user_add(cli->dir, &user);

    if (rc == PTN_ENOTFOUND) {
        return ptn_cli_fail(cli, "user %s: its domain is not ours",
                            cli->argv[0]);
    }

    if (rc != PTN_OK) {
        return ptn_cli_rc(cli, rc, "user", cli->argv[0]);
    }

    code = ptn_cli_user_finish(cli, cli->argv[0], password);

    if (code != PTN_CLI_OK) {

        /* all or nothing: the same command can be tried again */

        (void) ptn_user_delete(cli->dir, user.address);
        return code;
    }

    return ptn_cli_done(cli, "added", cli->argv[0]);
}


static int
ptn_cli_user_add(ptn_cli_t *cli)
{
    int        code;
    ptn_str_t  password = ptn_null_string;

    if (ptn_cli_option(cli, "--password-stdin") != NULL) {
        code = ptn_cli_password(cli, &password);
        if (code != PTN_CLI_OK) {
            return code;
        }
    }

    code = ptn_cli_user_add_with(cli, password);

    ptn_cli_password_done(&password);

    return code;
}


static int
ptn_cli_user_set(ptn_cli_t *cli)
{
    int         code;
    ptn_rc_t    rc;
    ptn_user_t  user;

    code = ptn_cli_find_user(cli, cli->argv[0], &user);

    if (code == PTN_CLI_OK) {
        code = ptn_cli_user_options(cli, &user);
    }

    if (code != PTN_CLI_OK) {
        return code;
    }

    rc = ptn_user_set(cli->dir, &user);

    return (rc == PTN_OK) ? ptn_cli_done(cli, "changed", cli->argv[0])
                          : ptn_cli_rc(cli, rc, "user", cli->argv[0]);
}


static void
ptn_cli_user_put(ptn_cli_t *cli, const ptn_user_t *u, bool all)
{
    size_t           i;
    char             guid[33];
    ptn_verifiers_t  v;

    ptn_cli_object_begin(cli);
    ptn_cli_field(cli, "address", u->address);
    ptn_cli_field(cli, "display", u->display);
    ptn_cli_field(cli, "kind", ptn_str_z(ptn_cli_kinds[u->kind
                                         % ptn_nelts(ptn_cli_kinds)]));
    ptn_cli_field_bool(cli, "disabled", u->disabled);

    if (all) {
        for (i = 0; i < 16; i++) {
            snprintf(guid + 2 * i, 3, "%02x", u->mailbox.b[i]);
        }

        ptn_cli_field(cli, "locale", u->locale);
        ptn_cli_field_u64(cli, "quota", u->quota);
        ptn_cli_field_u64(cli, "quota_warn", u->quota_warn);
        ptn_cli_field_u64(cli, "quota_send", u->quota_send);
        ptn_cli_field_u64(cli, "quota_receive", u->quota_receive);
        ptn_cli_field(cli, "services",
                      ptn_cli_services_text(cli->pool, u->services));
        ptn_cli_field_bool(cli, "password",
                           ptn_user_verifiers(cli->dir, cli->pool, u->id, &v)
                           == PTN_OK);
        ptn_cli_field_u64(cli, "id", u->id);
        ptn_cli_field(cli, "mailbox", ptn_str_z(guid));
        ptn_cli_field_u64(cli, "generation", u->generation);
    }

    ptn_cli_object_end(cli);
}


static int
ptn_cli_user_show(ptn_cli_t *cli)
{
    int         code;
    ptn_user_t  user;

    code = ptn_cli_find_user(cli, cli->argv[0], &user);

    if (code == PTN_CLI_OK) {
        ptn_cli_user_put(cli, &user, true);
    }

    return code;
}


static int
ptn_cli_user_list(ptn_cli_t *cli)
{
    size_t       i, n;
    ptn_rc_t     rc;
    const char  *domain;
    ptn_user_t  *list;

    domain = cli->argc ? cli->argv[0] : "";

    rc = ptn_user_list(cli->dir, cli->pool, ptn_str_z(domain), &list, &n);
    if (rc != PTN_OK) {
        return ptn_cli_rc(cli, rc, "users of", domain);
    }

    ptn_cli_list_begin(cli);

    for (i = 0; i < n; i++) {
        ptn_cli_user_put(cli, &list[i], false);
    }

    ptn_cli_list_end(cli);

    return PTN_CLI_OK;
}


static int
ptn_cli_user_delete(ptn_cli_t *cli)
{
    int         code;
    ptn_rc_t    rc;
    ptn_user_t  user;

    code = ptn_cli_find_user(cli, cli->argv[0], &user);
    if (code != PTN_CLI_OK) {
        return code;
    }

    if (ptn_cli_option(cli, "--yes") == NULL) {
        return ptn_cli_usage(cli, "%s: say --yes to delete the user and its"
                             " mail, --yes --keep-mail to leave the files",
                             cli->argv[0]);
    }

    /* from here on nobody signs in and nothing is delivered */

    rc = ptn_user_delete(cli->dir, user.address);
    if (rc != PTN_OK) {
        return ptn_cli_rc(cli, rc, "user", cli->argv[0]);
    }

    if (ptn_cli_option(cli, "--keep-mail") == NULL) {
        code = ptn_cli_store_delete(cli, &user);
        if (code != PTN_CLI_OK) {
            return code;
        }
    }

    return ptn_cli_done(cli, "deleted", cli->argv[0]);
}


static int
ptn_cli_user_password(ptn_cli_t *cli)
{
    int        code;
    ptn_rc_t   rc;
    ptn_str_t  password;

    code = ptn_cli_password(cli, &password);
    if (code != PTN_CLI_OK) {
        return code;
    }

    rc = ptn_user_set_password(cli->dir, ptn_str_z(cli->argv[0]), password);

    ptn_cli_password_done(&password);

    return (rc == PTN_OK) ? ptn_cli_done(cli, "changed", cli->argv[0])
                          : ptn_cli_rc(cli, rc, "user", cli->argv[0]);
}


#define PTN_CLI_USER_OPTIONS                                                  \
    { "--display", "NAME", "name that people see" },                          \
    { "--locale", "xx", "language of new folders (en, de, ...)" },            \
    { "--quota", "SIZE", "500M, 10G; 0: none" },                              \
    { "--quota-warn", "SIZE", "above it the user is told" },                  \
    { "--quota-send", "SIZE", "above it nothing is sent" },                   \
    { "--quota-receive", "SIZE", "above it nothing is delivered" },           \
    { "--kind", "KIND", "person, shared, room, equipment" },                  \
    { "--services", "LIST", "all, none, or of imap,pop3,smtp,ews,mapi,eas,"   \
      "dav,web" },                                                            \
    { "--disabled", "yes|no", "refuse sign-ins and mail" }

static const ptn_cli_option_t  ptn_cli_user_add_options[] = {
    PTN_CLI_USER_OPTIONS,
    { "--password-stdin", NULL, "read the password from standard input" },
    { NULL, NULL, NULL }
};

static const ptn_cli_option_t  ptn_cli_user_set_options[] = {
    PTN_CLI_USER_OPTIONS,
    { NULL, NULL, NULL }
};

static const ptn_cli_option_t  ptn_cli_user_delete_options[] = {
    { "--yes", NULL, "really; its mail goes too" },
    { "--keep-mail", NULL, "leave ROOT/mailbox/<domain>/<user> as it is" },
    { NULL, NULL, NULL }
};

static const ptn_cli_option_t  ptn_cli_user_password_options[] = {
    { "--password-stdin", NULL, "read the password from standard input" },
    { NULL, NULL, NULL }
};

#define PTN_CLI_USER_NEEDS  (PTN_CLI_ROOT|PTN_CLI_DIRECTORY)

const ptn_cli_command_t  ptn_cli_user[] = {
    { "user", "add", "ADDRESS", "adds a user and makes its mailbox", 1, 1,
      PTN_CLI_USER_NEEDS, ptn_cli_user_add_options, ptn_cli_user_add },
    { "user", "set", "ADDRESS", "changes a user", 1, 1, PTN_CLI_USER_NEEDS,
      ptn_cli_user_set_options, ptn_cli_user_set },
    { "user", "show", "ADDRESS", "shows a user", 1, 1, PTN_CLI_USER_NEEDS,
      NULL, ptn_cli_user_show },
    { "user", "list", "[DOMAIN]", "lists users", 0, 1, PTN_CLI_USER_NEEDS,
      NULL, ptn_cli_user_list },
    { "user", "delete", "ADDRESS", "deletes a user and its mail", 1, 1,
      PTN_CLI_USER_NEEDS, ptn_cli_user_delete_options, ptn_cli_user_delete },
    { "user", "password", "ADDRESS", "sets the password", 1, 1,
      PTN_CLI_USER_NEEDS, ptn_cli_user_password_options,
      ptn_cli_user_password },
    { NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL }
};
