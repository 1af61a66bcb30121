/*
 * postern mailbox folders, recover, purge: what is in a mailbox, and what was
 * deleted and can be recovered.
 */

#include "ptn_cli.h"
#include "ptn_cli_store.h"


#define PTN_CLI_GONE  100           /* messages of one commit */

typedef struct {
    ptn_cli_t    *cli;
    ptn_store_t  *store;
    ptn_user_t    user;
    ptn_mbox_t   *mb;
    ptn_ops_t     tty;
    bool          purge;
    ptn_id_t      to;               /* 0: where it was */
    uint64_t      messages, folders;
} ptn_cli_gone_t;


static ptn_rc_t
ptn_cli_gone_open(ptn_cli_gone_t *g)
{
    return ptn_mbox_open(g->store, &g->user, NULL, &g->mb);
}


/* "INBOX", or names below the visible tree; none is made. */

static ptn_rc_t
ptn_cli_gone_folder(ptn_mbox_t *mb, const char *path, ptn_id_t *ret_id)
{
    size_t               n;
    ptn_id_t             id;
    ptn_rc_t             rc;
    const ptn_folder_t  *f;

    id = PTN_FOLDER_IPM_SUBTREE;

    for (rc = PTN_OK; rc == PTN_OK && *path != '\0'; path += n) {
        n = strcspn(path, "/");
        rc = ptn_folder_child(mb, id, ptn_str_make(path, n), &f);

        if (rc == PTN_ENOTFOUND && id == PTN_FOLDER_IPM_SUBTREE
            && ptn_str_ieq(ptn_str_make(path, n), ptn_str("INBOX")))
        {
            rc = ptn_folder_special(mb, PTN_FOLDER_INBOX, &f);
        }

        id = (rc == PTN_OK) ? f->id : id;
        n += (path[n] == '/');
    }

    *ret_id = id;

    return rc;
}


/* ---- the list ----------------------------------------------------------- */

static ptn_str_t
ptn_cli_gone_path(ptn_pool_t *pool, const ptn_folder_t *f, size_t i)
{
    size_t     k;
    ptn_str_t  path;

    path = f[i].name;

    for (k = i; k-- > 0; ) {
        if (f[k].id == f[i].parent && f[k].id != PTN_FOLDER_IPM_SUBTREE) {
            path = ptn_str_printf(pool, "%.*s/%.*s", ptn_str_arg(f[k].name),
                                  ptn_str_arg(path));
            i = k;
        }
    }

    return path;
}


static int
ptn_cli_gone_list(ptn_cli_gone_t *g)
{
    size_t               i, n;
    ptn_rc_t             rc;
    ptn_cli_t           *cli;
    ptn_gone_count_t     gone;
    const ptn_folder_t  *f;

    cli = g->cli;
    rc = ptn_cli_gone_open(g);

    if (rc == PTN_OK) {
        rc = ptn_folder_list(g->mb, &f, &n);
    }

    if (rc != PTN_OK) {
        return ptn_cli_mailbox_rc(cli, g->store, &g->user, rc);
    }

    ptn_cli_list_begin(cli);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        rc = ptn_gone_count(g->mb, f[i].id, &gone);

        if (rc != PTN_OK) {
            break;
        }

        ptn_cli_object_begin(cli);
        ptn_cli_field(cli, "path", ptn_cli_gone_path(cli->pool, f, i));
        ptn_cli_field(cli, "class", f[i].cls);
        ptn_cli_field_u64(cli, "messages", f[i].total);
        ptn_cli_field_u64(cli, "unread", f[i].unread);
        ptn_cli_field_u64(cli, "size", f[i].size);
        ptn_cli_field_u64(cli, "recoverable", gone.messages + gone.fai);
        ptn_cli_field_u64(cli, "recoverable_size", gone.size + gone.fai_size);
        ptn_cli_field_u64(cli, "recoverable_folders", gone.folders);
        ptn_cli_object_end(cli);
    }

    ptn_cli_list_end(cli);

    return (rc == PTN_OK) ? PTN_CLI_OK
                          : ptn_cli_mailbox_rc(cli, g->store, &g->user, rc);
}


/* ---- messages and folders ----------------------------------------------- */

static ptn_rc_t
ptn_cli_gone_commit(ptn_cli_gone_t *g, ptn_txn_t *tx, ptn_rc_t rc)
{
    if (rc == PTN_OK) {
        rc = ptn_txn_commit(tx);
    }

    ptn_txn_done(tx);

    if (rc == PTN_OK) {
        return ptn_store_commit(g->store);
    }

    ptn_store_rollback(g->store);

    return rc;
}


/* Some messages of a folder at a time, behind those that were passed over. */

static ptn_rc_t
ptn_cli_gone_messages(ptn_cli_gone_t *g, ptn_id_t folder, bool fai)
{
    size_t       i, n;
    ptn_id_t     ids[PTN_CLI_GONE], *got;
    ptn_rc_t     rc;
    uint64_t     after;
    ptn_txn_t    tx = { 0 };
    ptn_gone_t  *rows;
    ptn_pool_t  *pool;

    after = 0;
    pool = ptn_pool_create(0, NULL);
    rc = pool ? PTN_OK : PTN_ENOMEM;

    for (n = PTN_CLI_GONE; rc == PTN_OK && n != 0; ) {
        ptn_pool_reset(pool);
        rc = ptn_cli_gone_open(g);

        if (rc == PTN_OK) {
            rc = ptn_gone_list(g->mb, pool, folder, fai, after, PTN_CLI_GONE,
                               &rows, &n);
        }

        if (rc != PTN_OK || n == 0) {
            break;
        }

        for (i = 0; i < n; i++) {
            ids[i] = rows[i].id;
            after = rows[i].modseq;
        }

        rc = ptn_txn_begin(&tx, g->mb);

        if (rc == PTN_OK) {
            rc = g->purge ? ptn_gone_expunge_ids(&tx, ids, n)
                          : ptn_gone_recover(&tx, pool, ids, n, g->to, &got);
        }

        rc = ptn_cli_gone_commit(g, &tx, rc);

        for (i = 0; i < n && rc == PTN_OK; i++) {
            g->messages += g->purge || got[i] != 0;
        }

        if (g->tty.progress != NULL) {
            g->tty.progress(g->tty.ctx, g->cli->command->verb, g->messages,
                            0);
        }
    }

    ptn_pool_destroy(pool);

    return rc;
}


static ptn_rc_t
ptn_cli_gone_folders(ptn_cli_gone_t *g, ptn_id_t parent)
{
    size_t              i, n;
    ptn_rc_t            rc;
    ptn_txn_t           tx = { 0 };
    ptn_gone_folder_t  *rows;

    rc = ptn_cli_gone_open(g);

    if (rc == PTN_OK) {
        rc = ptn_gone_folders(g->mb, g->cli->pool, parent, &rows, &n);
    }

    for (i = 0; rc == PTN_OK && i < n; i++) {
        rc = ptn_cli_gone_open(g);

        if (rc == PTN_OK) {
            rc = ptn_txn_begin(&tx, g->mb);
        }

        if (rc == PTN_OK) {
            rc = g->purge ? ptn_gone_folder_delete(&tx, rows[i].id)
                          : ptn_gone_folder_recover(&tx, rows[i].id, g->to,
                                                    ptn_str(""));
        }

        rc = ptn_cli_gone_commit(g, &tx, rc);
        g->folders += (rc == PTN_OK);
    }

    return rc;
}


/* Folders first: those that come back, or messages of theirs, are listed. */

static ptn_rc_t
ptn_cli_gone_all(ptn_cli_gone_t *g, ptn_id_t only)
{
    size_t               i, n;
    ptn_id_t            *ids;
    ptn_rc_t             rc;
    const ptn_folder_t  *f;

    if (only != 0) {
        ids = &only;
        n = 1;

    } else {
        rc = ptn_folder_list_all(g->mb, &f, &n);
        ids = (rc == PTN_OK) ? ptn_parray(g->cli->pool, n + 1,
                                          sizeof(ptn_id_t)) : NULL;
        if (ids == NULL) {
            return (rc == PTN_OK) ? PTN_ENOMEM : rc;
        }

        for (i = 0; i < n; i++) {
            ids[i] = f[i].search ? 0 : f[i].id;
        }

        ids[n++] = PTN_FOLDER_ROOT;
    }

    for (i = 0, rc = PTN_OK; i < n && rc == PTN_OK; i++) {
        if (ids[i] == 0) {
            continue;
        }

        rc = ptn_cli_gone_folders(g, ids[i]);

        if (rc == PTN_OK) {
            rc = ptn_cli_gone_messages(g, ids[i], false);
        }

        if (rc == PTN_OK) {
            rc = ptn_cli_gone_messages(g, ids[i], true);
        }
    }

    return rc;
}


static int
ptn_cli_gone_run(ptn_cli_gone_t *g)
{
    ptn_id_t     only;
    ptn_rc_t     rc;
    ptn_cli_t   *cli;
    const char  *folder, *to;

    cli = g->cli;
    only = 0;
    folder = ptn_cli_option(cli, "--folder");
    to = g->purge ? NULL : ptn_cli_option(cli, "--to");
    rc = ptn_cli_gone_open(g);

    if (rc == PTN_OK && folder != NULL) {
        rc = ptn_cli_gone_folder(g->mb, folder, &only);

        if (rc == PTN_ENOTFOUND) {
            return ptn_cli_rc(cli, rc, "folder", folder);
        }
    }

    if (rc == PTN_OK && to != NULL) {
        rc = ptn_cli_gone_folder(g->mb, to, &g->to);

        if (rc == PTN_ENOTFOUND) {
            return ptn_cli_rc(cli, rc, "folder", to);
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_cli_gone_all(g, only);
    }

    ptn_cli_ops_end(cli);

    if (rc != PTN_OK) {
        return ptn_cli_mailbox_rc(cli, g->store, &g->user, rc);
    }

    ptn_cli_object_begin(cli);
    ptn_cli_field(cli, "address", g->user.address);
    ptn_cli_field_u64(cli, "messages", g->messages);
    ptn_cli_field_u64(cli, "folders", g->folders);
    ptn_cli_object_end(cli);

    return PTN_CLI_OK;
}


/* ---- the commands ------------------------------------------------------- */

static int
ptn_cli_gone_with(ptn_cli_t *cli, bool purge, int (*run)(ptn_cli_gone_t *g))
{
    int             code;
    ptn_cli_gone_t  g;

    memset(&g, 0, sizeof(g));
    g.cli = cli;
    g.purge = purge;
    g.tty = ptn_cli_ops(cli);

    code = ptn_cli_find_user(cli, cli->argv[0], &g.user);

    if (code == PTN_CLI_OK) {
        code = ptn_cli_store_open(cli, &g.store);
    }

    if (code != PTN_CLI_OK) {
        return code;
    }

    code = run(&g);
    ptn_store_close(g.store);

    return code;
}


int
ptn_cli_mailbox_folders(ptn_cli_t *cli)
{
    return ptn_cli_gone_with(cli, false, ptn_cli_gone_list);
}


int
ptn_cli_mailbox_recover(ptn_cli_t *cli)
{
    return ptn_cli_gone_with(cli, false, ptn_cli_gone_run);
}


int
ptn_cli_mailbox_purge(ptn_cli_t *cli)
{
    if (ptn_cli_option(cli, "--yes") == NULL) {
        return ptn_cli_usage(cli, "for good: say --yes");
    }

    return ptn_cli_gone_with(cli, true, ptn_cli_gone_run);
}
