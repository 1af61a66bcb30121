#include <limits.h>
#include <sys/stat.h>

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


/* ---- which --------------------------------------------------------------- */

int
ptn_cli_find_box(ptn_cli_t *cli, const char *address, ptn_user_t *ret_user)
{
    ptn_rc_t      rc;
    ptn_domain_t  domain;

    if (!ptn_public_is(ptn_str_z(address))) {
        return ptn_cli_find_user(cli, address, ret_user);
    }

    rc = ptn_domain_get(cli->dir, cli->pool,
                        ptn_str_z(strchr(address, '@') + 1), &domain);

    if (rc == PTN_OK) {
        rc = ptn_public_user(cli->pool, domain.name, ret_user);
    }

    return (rc == PTN_OK) ? PTN_CLI_OK
                          : ptn_cli_rc(cli, rc, "public store", address);
}


/* It is made when it is first opened (ptn_mbox_path() says where). */

static bool
ptn_cli_public_there(ptn_cli_t *cli, const ptn_domain_t *domain)
{
    int          n;
    char         path[PATH_MAX];
    struct stat  st;

    n = snprintf(path, sizeof(path), "%s/mailbox/%.*s/%%2Epublic",
                 cli->conf.root, ptn_str_arg(domain->name));

    return n > 0 && (size_t) n < sizeof(path) && stat(path, &st) == 0;
}


int
ptn_cli_list_boxes(ptn_cli_t *cli, const char *domain,
    ptn_user_t **ret_users, size_t *ret_n)
{
    size_t         i, n, nusers;
    ptn_rc_t       rc;
    ptn_user_t    *users, *all;
    ptn_domain_t  *domains;

    rc = ptn_user_list(cli->dir, cli->pool, ptn_str_z(domain), &users,
                       &nusers);

    if (rc == PTN_OK) {
        rc = ptn_domain_list(cli->dir, cli->pool, &domains, &n);
    }

    if (rc != PTN_OK) {
        return ptn_cli_rc(cli, rc, "list of", "users");
    }

    all = ptn_palloc(cli->pool, (nusers + n + 1) * sizeof(ptn_user_t));
    if (all == NULL) {
        return ptn_cli_fail(cli, "no memory");
    }

    if (nusers != 0) {
        memcpy(all, users, nusers * sizeof(ptn_user_t));
    }

    for (i = 0; i < n && rc == PTN_OK; i++) {
        if ((*domain == '\0'
             || ptn_str_ieq(domains[i].name, ptn_str_z(domain)))
            && ptn_cli_public_there(cli, &domains[i]))
        {
            rc = ptn_public_user(cli->pool, domains[i].name, &all[nusers++]);
        }
    }

    *ret_users = all;
    *ret_n = nusers;

    return (rc == PTN_OK) ? PTN_CLI_OK
                          : ptn_cli_rc(cli, rc, "list of", "public stores");
}
