#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "ptn_cli.h"
#include "ptn_cli_store.h"


/* ---- how far it is: on a terminal, one line ----------------------------- */

static void
ptn_cli_ops_progress(void *ctx, const char *what, uint64_t done,
    uint64_t total)
{
    ptn_cli_t  *cli = ctx;

    if (total != 0) {
        fprintf(cli->err, "\r%s: %llu of %llu\033[K", what,
                (unsigned long long) done, (unsigned long long) total);
    } else {
        fprintf(cli->err, "\r%s: %llu\033[K", what,
                (unsigned long long) done);
    }

    fflush(cli->err);
}


static void
ptn_cli_ops_report(void *ctx, const char *line)
{
    ptn_cli_t  *cli = ctx;

    fprintf(cli->err, "postern: ");
    ptn_cli_put_text(cli->err, ptn_str_z(line));
    fputc('\n', cli->err);
}


ptn_ops_t
ptn_cli_ops(ptn_cli_t *cli)
{
    ptn_ops_t  ops;

    ops.progress = isatty(fileno(cli->err)) ? ptn_cli_ops_progress : NULL;
    ops.report = ptn_cli_ops_report;
    ops.ctx = cli;

    return ops;
}


void
ptn_cli_ops_end(ptn_cli_t *cli)
{
    if (isatty(fileno(cli->err))) {
        fprintf(cli->err, "\r\033[K");
    }
}


/* ---- backup ------------------------------------------------------------- */

static int
ptn_cli_backup_verify(ptn_cli_t *cli, ptn_store_t *store)
{
    ptn_rc_t   rc;
    ptn_ops_t  ops;

    ops = ptn_cli_ops(cli);
    rc = ptn_backup_verify(store, cli->argv[0], &ops);
    ptn_cli_ops_end(cli);

    return (rc == PTN_OK) ? ptn_cli_done(cli, "verified", cli->argv[0])
                          : ptn_cli_rc(cli, rc, "backup", cli->argv[0]);
}


static int
ptn_cli_backup_prune(ptn_cli_t *cli, ptn_store_t *store)
{
    ptn_rc_t   rc;
    uint64_t   bytes;
    ptn_ops_t  ops;

    ops = ptn_cli_ops(cli);
    rc = ptn_backup_prune(store, cli->argv[0], &ops, &bytes);

    if (rc != PTN_OK) {
        return ptn_cli_rc(cli, rc, "backup", cli->argv[0]);
    }

    ptn_cli_object_begin(cli);
    ptn_cli_field(cli, "pruned", ptn_str_z(cli->argv[0]));
    ptn_cli_field_u64(cli, "bytes", bytes);
    ptn_cli_object_end(cli);

    return PTN_CLI_OK;
}


/* The users that are meant: all, those of a domain, or by address. */

static int
ptn_cli_backup_users(ptn_cli_t *cli, ptn_user_t **ret_users, size_t *ret_n)
{
    int          i, code;
    bool         all;
    ptn_user_t  *users;
    const char  *domain;

    all = ptn_cli_option(cli, "--all") != NULL;
    domain = ptn_cli_option(cli, "--domain");

    if (all + (domain != NULL) + (cli->argc > 1) != 1) {
        return ptn_cli_usage(cli, "either addresses, --domain or --all");
    }

    if (cli->argc == 1) {
        return ptn_cli_list_boxes(cli, domain ? domain : "", ret_users,
                                  ret_n);
    }

    users = ptn_palloc(cli->pool, (size_t) cli->argc * sizeof(ptn_user_t));
    if (users == NULL) {
        return ptn_cli_fail(cli, "no memory");
    }

    for (i = 1; i < cli->argc; i++) {
        code = ptn_cli_find_box(cli, cli->argv[i], &users[i - 1]);
        if (code != PTN_CLI_OK) {
            return code;
        }
    }

    *ret_users = users;
    *ret_n = (size_t) cli->argc - 1;

    return PTN_CLI_OK;
}


static int
ptn_cli_backup_all(ptn_cli_t *cli, ptn_backup_t *b, ptn_user_t *users,
    size_t n)
{
    int         code;
    size_t      i, done;
    ptn_rc_t    rc;
    ptn_str_t   path;

    code = PTN_CLI_OK;

    if (ptn_cli_option(cli, "--all") != NULL) {
        ptn_backup_drop_others(b);
    }

    path = cli->conf.directory
           ? ptn_str_z(cli->conf.directory)
           : ptn_str_printf(cli->pool, "%s/directory.sqlite", cli->conf.root);
    rc = ptn_backup_directory(b, ptn_str_dupz(cli->pool, path));

    if (rc != PTN_OK) {
        return ptn_cli_rc(cli, rc, "directory", (char *) path.data);
    }

    for (i = 0, done = 0; i < n; i++) {
        rc = ptn_backup_mailbox(b, &users[i]);
        ptn_cli_ops_end(cli);

        if (rc == PTN_ENOTFOUND) {
            continue;               /* never used: nothing to keep */
        }

        if (rc != PTN_OK) {
            code = ptn_cli_rc(cli, rc, "mailbox",
                              (char *) users[i].address.data);
        }

        done += (rc == PTN_OK || rc == PTN_ECORRUPT);
    }

    rc = ptn_backup_finish(b);

    if (rc != PTN_OK) {
        return ptn_cli_rc(cli, rc, "backup", cli->argv[0]);
    }

    ptn_cli_object_begin(cli);
    ptn_cli_field(cli, "backup", ptn_str_z(cli->argv[0]));
    ptn_cli_field_u64(cli, "mailboxes", done);
    ptn_cli_object_end(cli);

    return code;
}


static int
ptn_cli_backup_run(ptn_cli_t *cli)
{
    int            code;
    size_t         n;
    ptn_rc_t       rc;
    ptn_ops_t      ops;
    ptn_user_t    *users;
    ptn_store_t   *store;
    ptn_backup_t  *b;

    n = 0;
    users = NULL;

    code = ptn_cli_store_open(cli, &store);
    if (code != PTN_CLI_OK) {
        return code;
    }

    if (ptn_cli_option(cli, "--verify") != NULL) {
        code = ptn_cli_backup_verify(cli, store);

    } else if (ptn_cli_option(cli, "--prune") != NULL) {
        code = ptn_cli_backup_prune(cli, store);

    } else {
        code = ptn_cli_backup_users(cli, &users, &n);
        ops = ptn_cli_ops(cli);

        if (code == PTN_CLI_OK) {
            rc = ptn_backup_open(store, cli->argv[0],
                                 ptn_cli_option(cli, "--link") != NULL, &ops,
                                 &b);

            if (rc == PTN_OK) {
                code = ptn_cli_backup_all(cli, b, users, n);
                ptn_backup_close(b);

            } else {
                code = ptn_cli_rc(cli, rc, "backup", cli->argv[0]);
            }
        }
    }

    ptn_store_close(store);

    return code;
}


/* ---- restore ------------------------------------------------------------ */

static int
ptn_cli_restore_list(ptn_cli_t *cli, const ptn_manifest_t *m)
{
    size_t  i;

    ptn_cli_list_begin(cli);

    for (i = 0; i < m->n; i++) {
        ptn_cli_object_begin(cli);
        ptn_cli_field(cli, "address", m->entries[i].address);
        ptn_cli_field_time(cli, "taken", m->taken * 1000000);
        ptn_cli_field_u64(cli, "size", m->entries[i].size);
        ptn_cli_field_u64(cli, "blobs", m->entries[i].blobs);
        ptn_cli_field_u64(cli, "change", m->entries[i].cn);
        ptn_cli_field_u64(cli, "epoch", m->entries[i].epoch);
        ptn_cli_object_end(cli);
    }

    ptn_cli_list_end(cli);

    return PTN_CLI_OK;
}


static int
ptn_cli_restore_one(ptn_cli_t *cli, ptn_store_t *store, ptn_str_t from,
    const char *to)
{
    int         code;
    ptn_rc_t    rc;
    ptn_ops_t   ops;
    ptn_user_t  user;

    code = ptn_cli_find_box(cli, to, &user);
    if (code != PTN_CLI_OK) {
        return code;
    }

    ops = ptn_cli_ops(cli);
    rc = ptn_restore_mailbox(store, cli->argv[0], from, &user,
                             ptn_cli_option(cli, "--replace") != NULL, &ops);
    ptn_cli_ops_end(cli);

    return (rc == PTN_OK) ? ptn_cli_done(cli, "restored", to)
                          : ptn_cli_rc(cli, rc, "mailbox", to);
}


/* The directory first, where there is none. */

static int
ptn_cli_restore_directory(ptn_cli_t *cli, ptn_store_t *store)
{
    ptn_rc_t     rc;
    const char  *path;

    rc = ptn_directory_open(&cli->conf, false, &cli->dir);

    if (rc == PTN_ENOTFOUND && ptn_cli_option(cli, "--all") != NULL) {
        path = cli->conf.directory
               ? cli->conf.directory
               : ptn_str_dupz(cli->pool,
                              ptn_str_printf(cli->pool, "%s/directory.sqlite",
                                             cli->conf.root));
        rc = ptn_restore_directory(store, cli->argv[0], path);

        if (rc == PTN_OK) {
            rc = ptn_directory_open(&cli->conf, false, &cli->dir);
        }
    }

    return (rc == PTN_OK) ? PTN_CLI_OK
                          : ptn_cli_rc(cli, rc, "directory in",
                                       cli->conf.root);
}


static int
ptn_cli_restore_some(ptn_cli_t *cli, ptn_store_t *store)
{
    int              i, code, worst;
    bool             all;
    size_t           k;
    ptn_rc_t         rc;
    const char      *to;
    ptn_manifest_t   m;

    rc = ptn_backup_manifest(store, cli->pool, cli->argv[0], &m);

    if (rc != PTN_OK) {
        return ptn_cli_rc(cli, rc, "backup", cli->argv[0]);
    }

    if (ptn_cli_option(cli, "--list") != NULL) {
        return ptn_cli_restore_list(cli, &m);
    }

    all = ptn_cli_option(cli, "--all") != NULL;
    to = ptn_cli_option(cli, "--to");

    if (all == (cli->argc > 1) || (to != NULL && cli->argc != 2)) {
        return ptn_cli_usage(cli, "either addresses (one, with --to) or"
                             " --all");
    }

    code = ptn_cli_restore_directory(cli, store);
    if (code != PTN_CLI_OK) {
        return code;
    }

    worst = PTN_CLI_OK;

    for (k = 0; all && k < m.n; k++) {
        code = ptn_cli_restore_one(cli, store, m.entries[k].address,
                                   ptn_str_dupz(cli->pool,
                                                m.entries[k].address));
        worst = ptn_max(worst, code);
    }

    for (i = 1; i < cli->argc; i++) {
        code = ptn_cli_restore_one(cli, store, ptn_str_z(cli->argv[i]),
                                   to ? to : cli->argv[i]);
        worst = ptn_max(worst, code);
    }

    return worst;
}


static int
ptn_cli_restore_run(ptn_cli_t *cli)
{
    int           code;
    ptn_store_t  *store;

    code = ptn_cli_store_open(cli, &store);

    if (code == PTN_CLI_OK) {
        code = ptn_cli_restore_some(cli, store);
        ptn_store_close(store);
    }

    return code;
}


static const ptn_cli_option_t  ptn_cli_backup_options[] = {
    { "--all", NULL, "every user's, and public stores" },
    { "--domain", "NAME", "those of a domain" },
    { "--link", NULL, "hard links instead of copies, on one file system" },
    { "--verify", NULL, "makes none: verifies the one in DIR" },
    { "--prune", NULL, "makes none: removes what the one in DIR does not"
      " need" },
    { NULL, NULL, NULL }
};

static const ptn_cli_option_t  ptn_cli_restore_options[] = {
    { "--list", NULL, "shows what there is" },
    { "--all", NULL, "all, and the directory where there is none" },
    { "--to", "ADDRESS", "as the mailbox of this user" },
    { "--replace", NULL, "in the place of the mailbox that there is" },
    { NULL, NULL, NULL }
};

const ptn_cli_command_t  ptn_cli_backup[] = {
    { "backup", "", "DIR [ADDRESS...]", "copies mailboxes and directory", 1,
      -1, PTN_CLI_ROOT|PTN_CLI_DIRECTORY, ptn_cli_backup_options,
      ptn_cli_backup_run },
    { NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL }
};

const ptn_cli_command_t  ptn_cli_restore[] = {
    { "restore", "", "DIR [ADDRESS...]", "puts mailboxes of a backup back", 1,
      -1, PTN_CLI_ROOT, ptn_cli_restore_options, ptn_cli_restore_run },
    { NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL }
};
