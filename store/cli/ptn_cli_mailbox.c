#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_cli.h"
#include "ptn_cli_store.h"


/* Messages of an import that share a commit. */
#define PTN_CLI_BATCH  64


/* Runs `each` for the user named on the command line, or for --all. */

static int
ptn_cli_mailbox_each(ptn_cli_t *cli,
    int (*each)(ptn_cli_t *cli, ptn_store_t *store, const ptn_user_t *user))
{
    int           code, worst;
    bool          all;
    size_t        i, n;
    ptn_ops_t     ops;
    ptn_user_t    one, *users;
    ptn_store_t  *store;

    all = ptn_cli_option(cli, "--all") != NULL;

    if (all == (cli->argc != 0)) {
        return ptn_cli_usage(cli, "either an address or --all");
    }

    if (all) {
        code = ptn_cli_list_boxes(cli, "", &users, &n);
        if (code != PTN_CLI_OK) {
            return code;
        }

    } else {
        code = ptn_cli_find_box(cli, cli->argv[0], &one);
        if (code != PTN_CLI_OK) {
            return code;
        }

        users = &one;
        n = 1;
    }

    code = ptn_cli_store_open(cli, &store);
    if (code != PTN_CLI_OK) {
        return code;
    }

    if (all) {
        ptn_cli_list_begin(cli);
    }

    ops = ptn_cli_ops(cli);

    for (i = 0, worst = PTN_CLI_OK; i < n; i++) {
        if (ops.progress != NULL) {
            ops.progress(ops.ctx, cli->command->verb, i + 1, n);
        }

        code = each(cli, store, &users[i]);
        worst = ptn_max(worst, code);
    }

    if (all) {
        ptn_cli_list_end(cli);
    }

    ptn_store_close(store);

    return worst;
}


/* One that is gone says where it is. */

int
ptn_cli_mailbox_rc(ptn_cli_t *cli, ptn_store_t *store, const ptn_user_t *user,
    ptn_rc_t rc)
{
    char  root[PATH_MAX];

    if ((rc == PTN_EUNAVAIL || rc == PTN_ENOTFOUND)
        && ptn_mbox_moved_to(store, user, root, sizeof(root)) == PTN_OK)
    {
        return ptn_cli_fail(cli, "mailbox %s: was moved to %s",
                            (char *) user->address.data, root);
    }

    return ptn_cli_rc(cli, rc, "mailbox", (char *) user->address.data);
}


static int
ptn_cli_mailbox_show_one(ptn_cli_t *cli, ptn_store_t *store,
    const ptn_user_t *user)
{
    ptn_rc_t          rc;
    ptn_mbox_t       *mb;
    ptn_mbox_info_t   info;
    ptn_mbox_sizes_t  sizes;
    ptn_mbox_usage_t  usage;

    rc = ptn_mbox_open(store, user, NULL, &mb);

    if (rc == PTN_OK) {
        rc = ptn_mbox_info(mb, &info);
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_sizes(store, user, &sizes);
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_usage(store, user, &usage);
    }

    ptn_cli_ops_end(cli);

    if (rc != PTN_OK) {
        return ptn_cli_mailbox_rc(cli, store, user, rc);
    }

    ptn_cli_object_begin(cli);
    ptn_cli_field(cli, "address", user->address);
    ptn_cli_field_u64(cli, "messages", info.messages);
    ptn_cli_field_u64(cli, "unread", info.unread);
    ptn_cli_field_u64(cli, "size", info.size);
    ptn_cli_field_u64(cli, "quota", info.quota);
    ptn_cli_field_u64(cli, "folders", info.folders);
    ptn_cli_field_u64(cli, "change", info.cn);
    ptn_cli_field_u64(cli, "epoch", info.epoch);
    ptn_cli_field_u64(cli, "database", sizes.database);
    ptn_cli_field_u64(cli, "wal", sizes.wal);
    ptn_cli_field_u64(cli, "blobs", sizes.blobs);
    ptn_cli_field_u64(cli, "blob_bytes", sizes.blob_bytes);
    ptn_cli_field_u64(cli, "contents", usage.contents);
    ptn_cli_field_u64(cli, "raw", usage.raw);
    ptn_cli_field_u64(cli, "index", usage.index);
    ptn_cli_field_u64(cli, "unindexed", usage.unindexed);
    ptn_cli_field_u64(cli, "recoverable", usage.gone);
    ptn_cli_field_u64(cli, "recoverable_size", usage.gone_size);
    ptn_cli_field_u64(cli, "recoverable_folders", usage.gone_folders);
    ptn_cli_object_end(cli);

    return PTN_CLI_OK;
}


static int
ptn_cli_mailbox_show(ptn_cli_t *cli)
{
    return ptn_cli_mailbox_each(cli, ptn_cli_mailbox_show_one);
}


typedef struct {
    ptn_cli_t   *cli;
    ptn_ops_t    tty;
    ptn_buf_t    text;          /* findings, a line each */
    uint64_t     n;
} ptn_cli_report_t;


static void
ptn_cli_mailbox_finding(void *ctx, const char *line)
{
    ptn_cli_report_t  *r = ctx;

    ptn_buf_printf(&r->text, "%s%s", r->n ? "; " : "", line);
    r->n++;
}


static void
ptn_cli_mailbox_checking(void *ctx, const char *what, uint64_t done,
    uint64_t total)
{
    ptn_cli_report_t  *r = ctx;

    r->tty.progress(r->tty.ctx, what, done, total);
}


static int
ptn_cli_mailbox_verify(ptn_cli_t *cli, ptn_store_t *store,
    const ptn_user_t *user, bool repair)
{
    ptn_rc_t          rc;
    ptn_ops_t         ops;
    ptn_cli_report_t  r;

    r.cli = cli;
    r.tty = ptn_cli_ops(cli);
    r.n = 0;
    ptn_buf_init(&r.text, cli->pool);
    ops.progress = r.tty.progress ? ptn_cli_mailbox_checking : NULL;
    ops.report = ptn_cli_mailbox_finding;
    ops.ctx = &r;

    rc = ptn_mbox_check_ops(store, user, repair, &ops);
    ptn_cli_ops_end(cli);

    if (rc != PTN_OK && rc != PTN_ECORRUPT) {
        return ptn_cli_mailbox_rc(cli, store, user, rc);
    }

    ptn_cli_object_begin(cli);
    ptn_cli_field(cli, "address", user->address);
    ptn_cli_field_bool(cli, "good", rc == PTN_OK);
    ptn_cli_field_u64(cli, "findings", r.n);
    ptn_cli_field(cli, "details", ptn_buf_get(&r.text));
    ptn_cli_object_end(cli);

    return (rc == PTN_OK) ? PTN_CLI_OK : PTN_CLI_FAILED;
}


static int
ptn_cli_mailbox_check_one(ptn_cli_t *cli, ptn_store_t *store,
    const ptn_user_t *user)
{
    return ptn_cli_mailbox_verify(cli, store, user, false);
}


static int
ptn_cli_mailbox_repair_one(ptn_cli_t *cli, ptn_store_t *store,
    const ptn_user_t *user)
{
    return ptn_cli_mailbox_verify(cli, store, user, true);
}


static int
ptn_cli_mailbox_check(ptn_cli_t *cli)
{
    return ptn_cli_mailbox_each(cli, ptn_cli_mailbox_check_one);
}


static int
ptn_cli_mailbox_repair(ptn_cli_t *cli)
{
    return ptn_cli_mailbox_each(cli, ptn_cli_mailbox_repair_one);
}


/* --- import ----------------------------------------------------------- */

static int
ptn_cli_mailbox_read(ptn_cli_t *cli, ptn_pool_t *pool, const char *path,
    ptn_str_t *ret)
{
    int          fd;
    u_char      *p;
    ssize_t      n;
    struct stat  st;

    fd = ptn_cli_open_file(cli, path);
    if (fd == -1) {
        return ptn_cli_fail(cli, "%s: %s", path, strerror(errno));
    }

    if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)
        || (uint64_t) st.st_size > cli->conf.message_max)
    {
        close(fd);
        return ptn_cli_fail(cli, "%s: not a file of at most %llu bytes", path,
                            (unsigned long long) cli->conf.message_max);
    }

    p = ptn_palloc(pool, (size_t) st.st_size + 1);
    n = (p != NULL) ? ptn_io_read_all(&ptn_io_posix, fd, p,
                                      (size_t) st.st_size, 0)
                    : -1;
    close(fd);

    if (n == -1) {
        return ptn_cli_fail(cli, "%s: %s", path,
                            p ? strerror(errno) : "no memory");
    }

    *ret = ptn_str_make(p, (size_t) n);

    return PTN_CLI_OK;
}


/* A message's lines end in CRLF.  A file whose first line ends in LF alone
 * was written by a program of this system: every lone LF becomes CRLF. */

static ptn_str_t
ptn_cli_mailbox_crlf(ptn_pool_t *pool, ptn_str_t s)
{
    size_t   i, n;
    u_char  *p, *lf;

    lf = s.len ? memchr(s.data, '\n', s.len) : NULL;

    if (lf == NULL || (lf != s.data && lf[-1] == '\r')) {
        return s;
    }

    for (i = 0, n = 0; i < s.len; i++) {
        n += s.data[i] == '\n' && (i == 0 || s.data[i - 1] != '\r');
    }

    p = ptn_palloc(pool, s.len + n + 1);
    if (p == NULL) {
        return (ptn_str_t) ptn_null_string;
    }

    for (i = 0, n = 0; i < s.len; i++) {
        if (s.data[i] == '\n' && (i == 0 || s.data[i - 1] != '\r')) {
            p[n++] = '\r';
        }
        p[n++] = s.data[i];
    }

    return ptn_str_make(p, n);
}


/* One level of a path: the child of that name, made where it is missing. */

static ptn_rc_t
ptn_cli_mailbox_level(ptn_mbox_t *mb, ptn_id_t parent, ptn_str_t name,
    ptn_id_t *ret_id)
{
    ptn_rc_t             rc;
    ptn_txn_t            tx = { 0 };
    const ptn_folder_t  *folder;

    rc = ptn_folder_child(mb, parent, name, &folder);

    if (rc == PTN_OK) {
        *ret_id = folder->id;
        return PTN_OK;
    }

    if (rc != PTN_ENOTFOUND) {
        return rc;
    }

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_folder_create(&tx, parent, name, "IPF.Note", ret_id);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    ptn_txn_done(&tx);

    return rc;
}


/* "INBOX", or a path of names parted by "/" below the visible tree. */

static ptn_rc_t
ptn_cli_mailbox_folder(ptn_mbox_t *mb, const char *path, ptn_id_t *ret_id)
{
    size_t               n;
    ptn_id_t             id;
    ptn_rc_t             rc;
    const ptn_folder_t  *folder;

    if (path == NULL || ptn_str_ieqz(ptn_str_z(path), "INBOX")) {
        rc = ptn_folder_special(mb, PTN_FOLDER_INBOX, &folder);

        if (rc == PTN_OK) {
            *ret_id = folder->id;
        }

        return rc;
    }

    rc = ptn_folder_special(mb, PTN_FOLDER_IPM_SUBTREE, &folder);
    if (rc != PTN_OK) {
        return rc;
    }

    for (id = folder->id; rc == PTN_OK; path += n + 1) {
        n = strcspn(path, "/");
        rc = ptn_cli_mailbox_level(mb, id, ptn_str_make(path, n), &id);

        if (path[n] == '\0') {
            break;
        }
    }

    if (rc == PTN_OK) {
        *ret_id = id;
    }

    return rc;
}


static ptn_rc_t
ptn_cli_mailbox_append(ptn_mbox_t *mb, ptn_id_t folder, ptn_str_t raw)
{
    ptn_rc_t        rc;
    ptn_txn_t       tx = { 0 };
    ptn_append_t    append;
    ptn_appended_t  appended;

    memset(&append, 0, sizeof(ptn_append_t));
    append.raw = raw;

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_msg_append(&tx, folder, &append, &appended);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    ptn_txn_done(&tx);

    return rc;
}


/* One file: opened mailbox, parsed content and all last until the commit. */

static int
ptn_cli_mailbox_import_file(ptn_cli_t *cli, ptn_store_t *store,
    const ptn_user_t *user, ptn_pool_t *pool, const char *path)
{
    int          code;
    ptn_id_t     folder;
    ptn_rc_t     rc;
    ptn_str_t    raw;
    ptn_mbox_t  *mb;

    code = ptn_cli_mailbox_read(cli, pool, path, &raw);
    if (code != PTN_CLI_OK) {
        return code;
    }

    raw = ptn_cli_mailbox_crlf(pool, raw);

    if (raw.len == 0) {
        return ptn_cli_fail(cli, "%s: empty", path);
    }

    rc = ptn_mbox_open(store, user, NULL, &mb);

    if (rc == PTN_OK) {
        rc = ptn_cli_mailbox_folder(mb, ptn_cli_option(cli, "--folder"),
                                    &folder);
    }

    if (rc == PTN_OK) {
        rc = ptn_cli_mailbox_append(mb, folder, raw);
    }

    return (rc == PTN_OK) ? PTN_CLI_OK : ptn_cli_rc(cli, rc, "import of",
                                                    path);
}


static int
ptn_cli_mailbox_import_all(ptn_cli_t *cli, ptn_store_t *store,
    const ptn_user_t *user, ptn_pool_t *pool)
{
    int       i, code;
    ptn_rc_t  rc;
    uint64_t  done, open;

    for (i = 1, done = 0, open = 0, code = PTN_CLI_OK; i < cli->argc; i++) {

        code = ptn_cli_mailbox_import_file(cli, store, user, pool,
                                           cli->argv[i]);
        ptn_pool_reset(pool);

        if (code == PTN_CLI_OK) {
            open++;
        }

        if (open == PTN_CLI_BATCH || code != PTN_CLI_OK
            || i == cli->argc - 1)
        {
            rc = ptn_store_commit(store);

            if (rc != PTN_OK) {
                code = ptn_cli_rc(cli, rc, "mailbox",
                                  (char *) user->address.data);

            } else {
                done += open;
            }

            open = 0;
        }

        if (code != PTN_CLI_OK) {
            break;
        }
    }

    if (code != PTN_CLI_OK) {
        fprintf(cli->err, "postern: %llu of %d imported\n",
                (unsigned long long) done, cli->argc - 1);
        return code;
    }

    ptn_cli_object_begin(cli);
    ptn_cli_field(cli, "address", user->address);
    ptn_cli_field_u64(cli, "imported", done);
    ptn_cli_object_end(cli);

    return PTN_CLI_OK;
}


/* ---- whole mailboxes -------------------------------------------------- */

static int
ptn_cli_mailbox_compact_one(ptn_cli_t *cli, ptn_store_t *store,
    const ptn_user_t *user)
{
    ptn_rc_t          rc;
    ptn_mbox_sizes_t  before, after;

    rc = ptn_mbox_compact(store, user, &before, &after);
    ptn_cli_ops_end(cli);

    if (rc != PTN_OK) {
        return ptn_cli_mailbox_rc(cli, store, user, rc);
    }

    ptn_cli_object_begin(cli);
    ptn_cli_field(cli, "address", user->address);
    ptn_cli_field_u64(cli, "before", before.database + before.wal
                                     + before.blob_bytes);
    ptn_cli_field_u64(cli, "after", after.database + after.wal
                                    + after.blob_bytes);
    ptn_cli_object_end(cli);

    return PTN_CLI_OK;
}


static int
ptn_cli_mailbox_compact(ptn_cli_t *cli)
{
    return ptn_cli_mailbox_each(cli, ptn_cli_mailbox_compact_one);
}


/*
 * Under a name of its own until it is whole and on the disk, so that one that
 * was interrupted is no export, and is simply begun again.
 */

static int
ptn_cli_mailbox_export_file(ptn_cli_t *cli, ptn_store_t *store,
    const ptn_user_t *user, const char *to)
{
    int         fd;
    char        part[PATH_MAX];
    ptn_rc_t    rc;
    ptn_ops_t   ops;

    if (snprintf(part, sizeof(part), "%s.part", to) >= (int) sizeof(part)) {
        return ptn_cli_fail(cli, "%s: too long a name", to);
    }

    if (access(to, F_OK) == 0) {
        return ptn_cli_fail(cli, "%s: %s", to, strerror(EEXIST));
    }

    fd = open(part, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC|O_NOFOLLOW, 0600);

    if (fd == -1) {
        return ptn_cli_fail(cli, "%s: %s", part, strerror(errno));
    }

    ops = ptn_cli_ops(cli);
    rc = ptn_mbox_export(store, user, fd, &ops);
    ptn_cli_ops_end(cli);

    if (rc == PTN_OK && fsync(fd) == -1) {
        rc = PTN_EIO;
    }

    close(fd);

    if (rc == PTN_OK && link(part, to) == -1) {
        return ptn_cli_fail(cli, "%s: %s", to, strerror(errno));
    }

    (void) unlink(part);

    return (rc == PTN_OK) ? ptn_cli_done(cli, "exported", to)
                          : ptn_cli_mailbox_rc(cli, store, user, rc);
}


static int
ptn_cli_mailbox_export(ptn_cli_t *cli)
{
    int           code;
    ptn_rc_t      rc;
    uint64_t      n;
    ptn_ops_t     ops;
    ptn_user_t    user;
    ptn_store_t  *store;

    code = ptn_cli_find_user(cli, cli->argv[0], &user);
    if (code != PTN_CLI_OK) {
        return code;
    }

    code = ptn_cli_store_open(cli, &store);
    if (code != PTN_CLI_OK) {
        return code;
    }

    if (ptn_cli_option(cli, "--eml") != NULL) {
        ops = ptn_cli_ops(cli);
        rc = ptn_mbox_export_eml(store, &user, cli->argv[1], &ops, &n);
        ptn_cli_ops_end(cli);
        code = (rc == PTN_OK) ? ptn_cli_done(cli, "exported", cli->argv[1])
                              : ptn_cli_mailbox_rc(cli, store, &user, rc);

    } else {
        code = ptn_cli_mailbox_export_file(cli, store, &user, cli->argv[1]);
    }

    ptn_store_close(store);

    return code;
}


static int
ptn_cli_mailbox_import_whole(ptn_cli_t *cli)
{
    int           fd, code;
    ptn_rc_t      rc;
    ptn_ops_t     ops;
    ptn_user_t    user;
    ptn_store_t  *store;

    if (cli->argc != 2) {
        return ptn_cli_usage(cli, "--whole takes one file");
    }

    code = ptn_cli_find_user(cli, cli->argv[0], &user);
    if (code != PTN_CLI_OK) {
        return code;
    }

    fd = ptn_cli_open_file(cli, cli->argv[1]);
    if (fd == -1) {
        return ptn_cli_fail(cli, "%s: %s", cli->argv[1], strerror(errno));
    }

    code = ptn_cli_store_open(cli, &store);

    if (code == PTN_CLI_OK) {
        ops = ptn_cli_ops(cli);
        rc = ptn_mbox_import(store, &user, fd,
                             ptn_cli_option(cli, "--folder"), &ops);
        ptn_cli_ops_end(cli);
        ptn_store_close(store);

        code = (rc == PTN_OK)
               ? ptn_cli_done(cli, "imported", cli->argv[1])
               : (rc == PTN_EINVAL && ptn_cli_option(cli, "--folder") == NULL)
               ? ptn_cli_fail(cli, "%s is not empty: --folder NAME says below"
                              " which folder the messages go", cli->argv[0])
               : ptn_cli_rc(cli, rc, "import of", cli->argv[1]);
    }

    close(fd);

    return code;
}


/* Every user's, opening none. */

static int
ptn_cli_mailbox_list(ptn_cli_t *cli)
{
    size_t        i, n;
    ptn_rc_t      rc;
    ptn_user_t   *users;

    rc = ptn_user_list(cli->dir, cli->pool,
                       ptn_str_z(cli->argc ? cli->argv[0] : ""), &users, &n);

    if (rc != PTN_OK) {
        return ptn_cli_rc(cli, rc, "list of", "users");
    }

    ptn_cli_list_begin(cli);

    for (i = 0; i < n; i++) {
        ptn_cli_object_begin(cli);
        ptn_cli_field(cli, "address", users[i].address);
        ptn_cli_field_u64(cli, "quota", users[i].quota);
        ptn_cli_object_end(cli);
    }

    ptn_cli_list_end(cli);

    return PTN_CLI_OK;
}


static int
ptn_cli_mailbox_import(ptn_cli_t *cli)
{
    int           code;
    ptn_user_t    user;
    ptn_pool_t   *pool;
    ptn_store_t  *store;

    if (ptn_cli_option(cli, "--whole") != NULL) {
        return ptn_cli_mailbox_import_whole(cli);
    }

    code = ptn_cli_find_user(cli, cli->argv[0], &user);
    if (code != PTN_CLI_OK) {
        return code;
    }

    code = ptn_cli_store_open(cli, &store);
    if (code != PTN_CLI_OK) {
        return code;
    }

    pool = ptn_pool_create(cli->conf.message_max * 3 + 1024 * 1024, NULL);

    code = (pool != NULL) ? ptn_cli_mailbox_import_all(cli, store, &user, pool)
                          : ptn_cli_fail(cli, "no memory");

    ptn_pool_destroy(pool);
    ptn_store_close(store);

    return code;
}


static const ptn_cli_option_t  ptn_cli_mailbox_options[] = {
    { "--all", NULL, "every user's" },
    { NULL, NULL, NULL }
};

static const ptn_cli_option_t  ptn_cli_mailbox_import_options[] = {
    { "--folder", "NAME", "INBOX when not given; \"Work/2026\" is made" },
    { "--whole", NULL, "FILE is an export of a whole mailbox" },
    { NULL, NULL, NULL }
};

static const ptn_cli_option_t  ptn_cli_mailbox_export_options[] = {
    { "--eml", NULL, "TO is a directory: a file for each message" },
    { NULL, NULL, NULL }
};

static const ptn_cli_option_t  ptn_cli_mailbox_move_options[] = {
    { "--to", "ROOT", "another ROOT, whose directory has the same user" },
    { NULL, NULL, NULL }
};

#define PTN_CLI_MAILBOX_NEEDS  (PTN_CLI_ROOT|PTN_CLI_DIRECTORY)

static const ptn_cli_option_t  ptn_cli_mailbox_recover_options[] = {
    { "--folder", "PATH", "what was deleted from this folder alone" },
    { "--to", "PATH", "into this folder, not where it was" },
    { NULL, NULL, NULL }
};

static const ptn_cli_option_t  ptn_cli_mailbox_purge_options[] = {
    { "--folder", "PATH", "what was deleted from this folder alone" },
    { "--yes", NULL, "for good" },
    { NULL, NULL, NULL }
};

const ptn_cli_command_t  ptn_cli_mailbox[] = {
    { "mailbox", "show", "ADDRESS|--all", "counts and sizes", 0, 1,
      PTN_CLI_MAILBOX_NEEDS, ptn_cli_mailbox_options, ptn_cli_mailbox_show },
    { "mailbox", "check", "ADDRESS|--all", "verifies every invariant", 0, 1,
      PTN_CLI_MAILBOX_NEEDS, ptn_cli_mailbox_options, ptn_cli_mailbox_check },
    { "mailbox", "repair", "ADDRESS|--all", "check, and mend what can be", 0,
      1, PTN_CLI_MAILBOX_NEEDS, ptn_cli_mailbox_options,
      ptn_cli_mailbox_repair },
    { "mailbox", "import", "ADDRESS FILE...", "adds messages from files", 2,
      -1, PTN_CLI_MAILBOX_NEEDS, ptn_cli_mailbox_import_options,
      ptn_cli_mailbox_import },
    { "mailbox", "export", "ADDRESS TO", "writes a whole mailbox to a file", 2,
      2, PTN_CLI_MAILBOX_NEEDS, ptn_cli_mailbox_export_options,
      ptn_cli_mailbox_export },
    { "mailbox", "compact", "ADDRESS|--all", "gives free space back", 0, 1,
      PTN_CLI_MAILBOX_NEEDS, ptn_cli_mailbox_options,
      ptn_cli_mailbox_compact },
    { "mailbox", "move", "ADDRESS [OLD-ADDRESS]", "to another ROOT, or from"
      " an address that has changed", 1, 2, PTN_CLI_MAILBOX_NEEDS,
      ptn_cli_mailbox_move_options, ptn_cli_mailbox_move },
    { "mailbox", "folders", "ADDRESS", "its folders, and what can be recovered"
      " of each", 1, 1, PTN_CLI_MAILBOX_NEEDS, NULL, ptn_cli_mailbox_folders },
    { "mailbox", "recover", "ADDRESS", "brings back what was deleted", 1, 1,
      PTN_CLI_MAILBOX_NEEDS, ptn_cli_mailbox_recover_options,
      ptn_cli_mailbox_recover },
    { "mailbox", "purge", "ADDRESS --yes", "removes for good what can be"
      " recovered", 1, 1, PTN_CLI_MAILBOX_NEEDS,
      ptn_cli_mailbox_purge_options, ptn_cli_mailbox_purge },
    { "mailbox", "list", "[DOMAIN]", "the mailboxes", 0, 1,
      PTN_CLI_MAILBOX_NEEDS, NULL, ptn_cli_mailbox_list },
    { NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL }
};
