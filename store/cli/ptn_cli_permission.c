#include <stdlib.h>

#include "ptn_cli.h"
#include "ptn_cli_store.h"


/*
 * Permission lists of folders.  A mailbox is named by its owner's address, a
 * public store by its domain.
 */

static const struct {
    const char  *name;
    uint32_t     rights;
} ptn_cli_roles[] = {
    { "none",        0 },
    { "visible",     PTN_RIGHT_VISIBLE },
    { "contributor", PTN_RIGHT_VISIBLE|PTN_RIGHT_CREATE },
    { "reviewer",    PTN_ROLE_REVIEWER },
    { "author",      PTN_ROLE_AUTHOR },
    { "editor",      PTN_ROLE_EDITOR },
    { "owner",       PTN_ROLE_OWNER }
};


static bool
ptn_cli_role_parse(const char *s, uint32_t *ret)
{
    char           *end;
    size_t          i;
    unsigned long   n;

    for (i = 0; i < ptn_nelts(ptn_cli_roles); i++) {
        if (strcmp(ptn_cli_roles[i].name, s) == 0) {
            *ret = ptn_cli_roles[i].rights;
            return true;
        }
    }

    n = strtoul(s, &end, 16);
    *ret = (uint32_t) n;

    return strncmp(s, "0x", 2) == 0 && *end == '\0'
           && !(n & ~(unsigned long) PTN_RIGHT_ALL);
}


static ptn_str_t
ptn_cli_role_text(ptn_pool_t *pool, uint32_t rights)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_cli_roles); i++) {
        if (ptn_cli_roles[i].rights
            == (rights & ~(uint32_t) PTN_RIGHTS_FREEBUSY))
        {
            return ptn_str_z(ptn_cli_roles[i].name);
        }
    }

    return ptn_str_printf(pool, "0x%x", rights);
}


static ptn_rc_t
ptn_cli_permission_member(ptn_cli_t *cli, const char *name, uint64_t *ret)
{
    ptn_rc_t     rc;
    ptn_user_t   user;
    ptn_group_t  group;

    if (strcmp(name, "default") == 0) {
        *ret = PTN_MEMBER_DEFAULT;
        return PTN_OK;
    }

    if (strcmp(name, "anonymous") == 0) {
        *ret = PTN_MEMBER_ANONYMOUS;
        return PTN_OK;
    }

    rc = ptn_user_get(cli->dir, cli->pool, ptn_str_z(name), &user);

    if (rc == PTN_OK) {
        *ret = user.id;
        return PTN_OK;
    }

    rc = ptn_group_get(cli->dir, cli->pool, ptn_str_z(name), &group);

    if (rc == PTN_OK) {
        *ret = group.id;
    }

    return rc;
}


static ptn_str_t
ptn_cli_permission_name(ptn_cli_t *cli, uint64_t member)
{
    ptn_user_t   user;
    ptn_group_t  group;

    if (member == PTN_MEMBER_DEFAULT) {
        return ptn_str("default");
    }

    if (member == PTN_MEMBER_ANONYMOUS) {
        return ptn_str("anonymous");
    }

    if (ptn_user_by_id(cli->dir, cli->pool, member, &user) == PTN_OK) {
        return user.address;
    }

    if (ptn_group_by_id(cli->dir, cli->pool, member, &group) == PTN_OK) {
        return group.address;
    }

    return ptn_str_printf(cli->pool, "%llu", (unsigned long long) member);
}


/* The mailbox or public store, and the folder of a path. */

static ptn_rc_t
ptn_cli_permission_open(ptn_cli_t *cli, ptn_store_t *store,
    ptn_mbox_t **ret_mbox, ptn_id_t *ret_folder)
{
    size_t               n;
    ptn_id_t             id;
    ptn_rc_t             rc;
    ptn_str_t            owner;
    ptn_user_t           user;
    ptn_mbox_t          *mb;
    const char          *path;
    ptn_domain_t         domain;
    const ptn_folder_t  *f;

    owner = ptn_str_z(cli->argv[0]);

    if (strchr(cli->argv[0], '@') == NULL) {
        rc = ptn_domain_get(cli->dir, cli->pool, owner, &domain);

        if (rc == PTN_OK) {
            rc = ptn_public_open(store, domain.name, NULL, &mb);
        }

    } else {
        rc = ptn_user_get(cli->dir, cli->pool, owner, &user);

        if (rc == PTN_OK) {
            rc = ptn_mbox_open(store, &user, NULL, &mb);
        }
    }

    if (rc != PTN_OK) {
        return rc;
    }

    id = PTN_FOLDER_IPM_SUBTREE;

    for (path = cli->argv[1]; rc == PTN_OK && *path != '\0'; path += n) {
        n = strcspn(path, "/");
        rc = ptn_folder_child(mb, id, ptn_str_make(path, n), &f);

        if (rc == PTN_ENOTFOUND && id == PTN_FOLDER_IPM_SUBTREE
            && ptn_mbox_kind(mb) == PTN_MBOX_PRIVATE
            && ptn_str_ieq(ptn_str_make(path, n), ptn_str("INBOX")))
        {
            rc = ptn_folder_special(mb, PTN_FOLDER_INBOX, &f);
        }

        if (rc == PTN_OK) {
            id = f->id;
        }

        n += (path[n] == '/');
    }

    *ret_mbox = mb;
    *ret_folder = id;

    return rc;
}


static ptn_rc_t
ptn_cli_permission_run(ptn_cli_t *cli, ptn_store_t *store,
    const ptn_permission_op_t *op)
{
    ptn_id_t                              folder;
    ptn_rc_t                              rc;
    ptn_mbox_t                           *mb;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_cli_permission_open(cli, store, &mb, &folder);

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_rights_modify(&tx, folder, false,
                               op->entry.rights & PTN_RIGHTS_FREEBUSY, op, 1);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static int
ptn_cli_permission_change(ptn_cli_t *cli, const ptn_permission_op_t *op)
{
    int           code;
    ptn_rc_t      rc;
    ptn_store_t  *store;

    code = ptn_cli_store_open(cli, &store);
    if (code != PTN_CLI_OK) {
        return code;
    }

    rc = ptn_cli_permission_run(cli, store, op);

    if (rc == PTN_OK) {
        rc = ptn_store_commit(store);
    }

    ptn_store_close(store);

    return rc == PTN_OK ? ptn_cli_done(cli, "changed", cli->argv[1])
                        : ptn_cli_rc(cli, rc, "permission on", cli->argv[1]);
}


static int
ptn_cli_permission_set(ptn_cli_t *cli)
{
    ptn_rc_t             rc;
    ptn_permission_op_t  op;

    op.op = PTN_PERMISSION_ADD;

    if (!ptn_cli_role_parse(cli->argv[3], &op.entry.rights)) {
        return ptn_cli_usage(cli, "ROLE: none, visible, contributor,"
                             " reviewer, author, editor, owner, or 0x...");
    }

    rc = ptn_cli_permission_member(cli, cli->argv[2], &op.entry.member);

    return rc == PTN_OK ? ptn_cli_permission_change(cli, &op)
                        : ptn_cli_rc(cli, rc, "member", cli->argv[2]);
}


static int
ptn_cli_permission_delete(ptn_cli_t *cli)
{
    ptn_rc_t             rc;
    ptn_permission_op_t  op;

    op.op = PTN_PERMISSION_REMOVE;
    op.entry.rights = 0;
    rc = ptn_cli_permission_member(cli, cli->argv[2], &op.entry.member);

    return rc == PTN_OK ? ptn_cli_permission_change(cli, &op)
                        : ptn_cli_rc(cli, rc, "member", cli->argv[2]);
}


static int
ptn_cli_permission_list(ptn_cli_t *cli)
{
    int                code;
    size_t             i, n;
    ptn_id_t           folder;
    ptn_rc_t           rc;
    ptn_mbox_t        *mb;
    ptn_store_t       *store;
    ptn_permission_t  *list;

    code = ptn_cli_store_open(cli, &store);
    if (code != PTN_CLI_OK) {
        return code;
    }

    rc = ptn_cli_permission_open(cli, store, &mb, &folder);

    if (rc == PTN_OK) {
        rc = ptn_rights_list(mb, cli->pool, folder, true, &list, &n);
    }

    if (rc != PTN_OK) {
        ptn_store_close(store);
        return ptn_cli_rc(cli, rc, "permission on", cli->argv[1]);
    }

    ptn_cli_list_begin(cli);

    for (i = 0; i < n; i++) {
        ptn_cli_object_begin(cli);
        ptn_cli_field(cli, "member", ptn_cli_permission_name(cli,
                                                        list[i].member));
        ptn_cli_field(cli, "role", ptn_cli_role_text(cli->pool,
                                                     list[i].rights));
        ptn_cli_field_u64(cli, "rights", list[i].rights);
        ptn_cli_object_end(cli);
    }

    ptn_cli_list_end(cli);
    ptn_store_close(store);

    return PTN_CLI_OK;
}


#define PTN_CLI_PERMISSION_NEEDS  (PTN_CLI_ROOT|PTN_CLI_DIRECTORY)

const ptn_cli_command_t  ptn_cli_permission[] = {
    { "permission", "set", "OWNER|DOMAIN FOLDER MEMBER ROLE",
      "what MEMBER may with a folder", 4, 4, PTN_CLI_PERMISSION_NEEDS, NULL,
      ptn_cli_permission_set },
    { "permission", "delete", "OWNER|DOMAIN FOLDER MEMBER",
      "takes MEMBER off a folder's list", 3, 3, PTN_CLI_PERMISSION_NEEDS,
      NULL, ptn_cli_permission_delete },
    { "permission", "list", "OWNER|DOMAIN FOLDER", "a folder's list", 2, 2,
      PTN_CLI_PERMISSION_NEEDS, NULL, ptn_cli_permission_list },
    { NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL }
};
